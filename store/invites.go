package store

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sahabatrt/program"
)

// What can be wrong with an invitation.
var (
	ErrNeedsPhone    = errors.New("an invitation to this role needs a phone number")
	ErrInviteUnknown = errors.New("no such invitation")
	ErrInviteUsed    = errors.New("the invitation was used")
	ErrInviteExpired = errors.New("the invitation is too old")
	ErrInvitePhone   = errors.New("the invitation is for another phone number")
	ErrOtherWorker   = errors.New("the chat or the number is another worker's")
	ErrOwnCode       = errors.New("whoever issued a worker's code does not become that worker by it")
	ErrTooManyTries  = errors.New("too many wrong codes from this chat")
)

const (
	inviteLife  = 7 * 24 * time.Hour
	inviteTries = 5 // wrong codes a chat may send in an hour
	codeLength  = 8
	// codeLetters has no letters that look or sound alike; 32 of them leave no letter more likely than another.
	codeLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
)

// Invite offers an office to whoever brings its code, and the phone when one is given.
type Invite struct {
	Role  program.Role
	Place string
	Phone program.Phone // zero: none needed
	Name  string
	Until program.Date // the last day of the office; zero: it has none

	person string // id of who holds the office and is linked anew, "" when it is given
}

// Anew says whether the invitation links somebody anew to the office that he has.
func (i Invite) Anew() bool { return i.person != "" }

// Format hides name and phone.
func (i Invite) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "invitation to "+string(i.Role))
}

type invitePersonal struct {
	Phone program.Phone
	Name  string
}

// Invite keeps an invitation for 7 days and returns its code, of which only a hash is kept here. A role that sees others or moves
// money needs a phone: ErrNeedsPhone. by is the id of who invites; ErrNoRight: this is not below him, or he is nobody.
func (tx *Tx) Invite(i Invite, by string) (code string, err error) {
	if err := tx.mustInvite(program.Office{Role: i.Role, Place: i.Place}, by); err != nil {
		return "", err
	}
	return tx.makeInvite(i, by)
}

// InviteAsOperator is Invite for an operator, who may invite to every office.
func (tx *Tx) InviteAsOperator(i Invite) (code string, err error) { return tx.makeInvite(i, "") }

func (tx *Tx) makeInvite(i Invite, by string) (code string, err error) {
	if i.Role != program.Worker && i.Phone.IsZero() {
		return "", ErrNeedsPhone
	}
	if code, err = tx.addInvite(i, by); err != nil {
		return "", err
	}
	return code, tx.audit(by, "invite.make", i.Place, "")
}

func (tx *Tx) addInvite(i Invite, by string) (code string, err error) {
	code = newCode()
	key := tx.index("invite", code)
	personal, err := json.Marshal(invitePersonal{i.Phone, i.Name})
	if err != nil {
		return "", fmt.Errorf("write an invitation: %w", err)
	}
	sealed, err := tx.seal("invites", "personal", key, string(personal))
	if err != nil {
		return "", err
	}
	until := int64(0)
	if !i.Until.IsZero() {
		until = i.Until.AddDays(1).Time().UnixMicro()
	}
	return code, tx.exec("add an invitation", `INSERT INTO invites(code_key, role, place, phone_key, personal, made_by, made_at, until, office_until, id, person)
		VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, key, string(i.Role), i.Place, tx.index("phone", i.Phone.E164()), sealed, by,
		tx.Now.UnixMicro(), tx.Now.Add(inviteLife).UnixMicro(), until, newID(), i.person)
}

// Rebind ends the links of whoever holds an office of an RT, or is a worker, because his phone was lost, and returns a code
// that links him anew: an officer by the number that the code is for (ErrNeedsPhone, ErrPhoneTaken). by must be an official
// of all places where that person is somebody, and above him there (ErrNoRight). ErrNotFound: nobody holds this office.
func (tx *Tx) Rebind(of program.Office, phone program.Phone, by string) (code string, err error) {
	if err := tx.alone("people", ""); err != nil {
		return "", err
	}
	i := Invite{Role: of.Role, Place: of.Place, Phone: phone}
	is, err := tx.holders(of.Role, of.Place)
	if err != nil {
		return "", err
	}
	if of.Role == program.Worker {
		w, err := tx.Worker(of.Place)
		if err != nil {
			return "", err
		}
		if err := tx.must(by, program.Unlink, w.RT.String()); err != nil {
			return "", err
		}
		i.Name, i.Phone = w.Name, program.Phone{}
	} else if i.person, i.Name, err = tx.lostOfficer(is, phone); err != nil {
		return "", err
	}
	for _, id := range is {
		if err := tx.mustUnlink(id, by); err != nil {
			return "", err
		}
		if _, err := tx.unlink(id, "", by); err != nil {
			return "", err
		}
		i.person = id
	}
	if code, err = tx.addInvite(i, by); err != nil {
		return "", err
	}
	return code, tx.audit(by, "invite.rebind", i.Place, "")
}

// lostOfficer is the one of the holders of an office who is linked anew, and whose number may become this one.
func (tx *Tx) lostOfficer(holders []string, phone program.Phone) (id, name string, err error) {
	if len(holders) == 0 {
		return "", "", ErrNotFound
	}
	if phone.IsZero() {
		return "", "", ErrNeedsPhone
	}
	has, err := tx.PersonByPhone(phone)
	if err == nil && has.ID != holders[0] {
		return "", "", ErrPhoneTaken
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", "", err
	}
	p, err := tx.Person(holders[0])
	return p.ID, p.Name, err
}

// mustUnlink lets who is an official wherever somebody holds an office of an RT or is a worker; nobody else unlinks
// officials from a chat.
func (tx *Tx) mustUnlink(person, by string) error {
	offices, err := tx.offices(person)
	if err != nil {
		return err
	}
	for _, o := range offices {
		place := o.Place
		if o.Role == program.Worker {
			w, err := tx.Worker(o.Place)
			if err != nil {
				return err
			}
			place = w.RT.String()
		}
		if _, err := program.ParseRTCode(place); err != nil {
			return ErrNoRight
		}
		if err := tx.must(by, program.Unlink, place); err != nil {
			return err
		}
	}
	return nil
}

// mustInvite lets whoever may invite to this office.
func (tx *Tx) mustInvite(to program.Office, by string) error {
	offices, err := tx.offices(by)
	if err != nil {
		return err
	}
	var rt program.RT
	if to.Role == program.Worker {
		w, err := living(tx.Worker(to.Place))
		if err != nil {
			return err
		}
		rt = w.RT
	}
	if !program.MayInvite(offices, to, rt) {
		return ErrNoRight
	}
	return nil
}

func newCode() string {
	b := make([]byte, codeLength)
	rand.Read(b) // never fails: see its documentation
	for i := range b {
		b[i] = codeLetters[int(b[i])%len(codeLetters)]
	}
	return string(b)
}

// normalCode takes a code as people type it: small letters, spaces, dashes.
func normalCode(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", ".", "").Replace(code))
}

// LookInvite returns the invitation of a code: ErrInviteUnknown, ErrInviteUsed, ErrInviteExpired.
func (tx *Tx) LookInvite(code string) (Invite, error) {
	var i Invite
	var text, usedBy string
	var until, ends int64
	key := tx.index("invite", normalCode(code))
	err := tx.QueryRow(`SELECT role, place, personal, until, used_by, office_until, person FROM invites WHERE code_key=$1`, key).
		Scan(&i.Role, &i.Place, &text, &until, &usedBy, &ends, &i.person)
	if errors.Is(err, sql.ErrNoRows) {
		return Invite{}, ErrInviteUnknown
	}
	if err != nil {
		return Invite{}, fmt.Errorf("read an invitation: %w", err)
	}
	if err := tx.openInvite(key, text, &i); err != nil {
		return Invite{}, err
	}
	if ends > 0 {
		i.Until = program.DateOf(time.UnixMicro(ends)).AddDays(-1)
	}
	if usedBy != "" {
		return i, ErrInviteUsed
	}
	if tx.Now.UnixMicro() >= until {
		return i, ErrInviteExpired
	}
	return i, nil
}

// openInvite reads whom an invitation is for; of an old one that is kept no longer.
func (tx *Tx) openInvite(key, text string, i *Invite) error {
	if text == "" {
		return nil
	}
	var personal invitePersonal
	err := tx.openJSON("invites", key, text, &personal)
	i.Phone, i.Name = personal.Phone, personal.Name
	return err
}

// UseInvite gives the office of an invitation to the person behind a chat, once, and links the chat. vouched is the
// number that the channel itself vouches for: ErrInvitePhone when the invitation names another one, ErrOtherWorker when a
// worker's code comes from a chat or number of another worker: one chat never shows the data of two; ErrOwnCode when it
// comes from who issued it, who could agree for the worker then. The person is the one with that number, or is new. ErrTooManyTries after 5 unknown codes from a chat in an hour; a wrong code counts even
// when the caller rolls back.
func (tx *Tx) UseInvite(code, channel, chatID string, vouched program.Phone) (Person, error) {
	chat := tx.chatKey(channel, chatID)
	if err := tx.alone("people", ""); err != nil {
		return Person{}, err
	}
	if err := tx.mayTry(chat); err != nil {
		return Person{}, err
	}
	i, err := tx.LookInvite(code)
	if errors.Is(err, ErrInviteUnknown) {
		tx.keep(func(tx *Tx) error { return tx.countTry(chat) })
	}
	if err != nil {
		return Person{}, err
	}
	if !i.Phone.IsZero() && i.Phone != vouched {
		return Person{}, ErrInvitePhone
	}
	if err := tx.stillInvited(i, tx.index("invite", normalCode(code))); err != nil {
		return Person{}, err
	}
	id, err := tx.invited(i, channel, chatID, vouched)
	if err != nil {
		return Person{}, err
	}
	if err := tx.notOwn(i, tx.index("invite", normalCode(code)), id); err != nil {
		return Person{}, err
	}
	if err := tx.exec("use an invitation", `UPDATE invites SET used_by=$1, used_at=$2 WHERE code_key=$3 AND used_by=''`,
		id, tx.Now.UnixMicro(), tx.index("invite", normalCode(code))); err != nil {
		return Person{}, err
	}
	if err := tx.LinkChat(channel, chatID, id, byInvite); err != nil {
		return Person{}, err
	}
	if err := tx.exec("unlock a number that came with a code", `UPDATE people SET locked_at=0 WHERE id=$1 AND phone_key=$2 AND phone_key<>''`,
		id, tx.index("phone", vouched.E164())); err != nil {
		return Person{}, err
	}
	if err := tx.tellIssuer(tx.index("invite", normalCode(code))); err != nil {
		return Person{}, err
	}
	return tx.Person(id)
}

// stillInvited is ErrInviteExpired when whoever issued the code could not issue it any more: it does not outlive his right.
func (tx *Tx) stillInvited(i Invite, key string) error {
	var by, person string
	if err := tx.QueryRow(`SELECT made_by, person FROM invites WHERE code_key=$1`, key).Scan(&by, &person); err != nil {
		return fmt.Errorf("look who invited: %w", err)
	}
	err := error(nil)
	switch {
	case by == "": // an operator
	case person != "":
		err = tx.mustUnlink(person, by)
	default:
		err = tx.mustInvite(program.Office{Role: i.Role, Place: i.Place}, by)
	}
	if errors.Is(err, ErrNoRight) || errors.Is(err, ErrNotFound) {
		return ErrInviteExpired
	}
	return err
}

// notOwn is ErrOwnCode when a worker's code would make a worker of whoever issued it.
func (tx *Tx) notOwn(i Invite, key, id string) error {
	if i.Role != program.Worker {
		return nil
	}
	var by string
	if err := tx.QueryRow(`SELECT made_by FROM invites WHERE code_key=$1`, key).Scan(&by); err != nil {
		return fmt.Errorf("look who invited: %w", err)
	}
	if by == id {
		return ErrOwnCode
	}
	return nil
}

// tellIssuer tells who made an invitation that it was used; one that an operator made tells nobody.
func (tx *Tx) tellIssuer(key string) error {
	var id, by string
	if err := tx.QueryRow(`SELECT id, made_by FROM invites WHERE code_key=$1`, key).Scan(&id, &by); err != nil {
		return fmt.Errorf("look who invited: %w", err)
	}
	return tx.tell(NoticeInvited, id, by)
}

// Issued returns an invitation by its id, or ErrNotFound.
func (tx *Tx) Issued(id string) (Issued, error) {
	i, err := tx.scanIssued(tx.QueryRow(`SELECT `+issuedColumns+` FROM invites WHERE id=$1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Issued{}, ErrNotFound
	}
	return i, err
}

// invited finds or makes the person who takes the office. Without a vouched number he is whom the chat is linked to.
func (tx *Tx) invited(i Invite, channel, chatID string, vouched program.Phone) (id string, err error) {
	if i.person != "" {
		return i.person, tx.rebound(i, channel, chatID)
	}
	if id, err := tx.sameWorker(i, channel, chatID); err != nil || id != "" {
		return id, err
	}
	p, err := tx.PersonByPhone(vouched)
	if vouched.IsZero() {
		p, err = tx.PersonByChat(channel, chatID)
	}
	if errors.Is(err, ErrNotFound) {
		p, err = Person{ID: newID(), Name: i.Name, Phone: vouched}, nil
	}
	if err != nil {
		return "", err
	}
	office := program.Office{Role: i.Role, Place: i.Place}
	if err := tx.noOtherWorker(p, office); err != nil {
		return "", err
	}
	held := slices.Contains(p.Offices, office)
	p.Offices = nil
	if id, _, err = tx.PutPerson(p); err != nil || held {
		return id, err
	}
	until := time.Time{}
	if !i.Until.IsZero() {
		until = i.Until.AddDays(1).Time()
	}
	return id, tx.giveOffice(id, office, until)
}

// noOtherWorker is ErrOtherWorker when the person is a worker already, and not this one; who is registered again has two
// records of the same NIK.
func (tx *Tx) noOtherWorker(p Person, office program.Office) error {
	if office.Role != program.Worker {
		return nil
	}
	for _, o := range p.Offices {
		if o.Role != program.Worker {
			continue
		}
		var people int
		if err := tx.QueryRow(`SELECT COUNT(DISTINCT nik_key) FROM workers WHERE id IN ($1,$2)`, o.Place, office.Place).Scan(&people); err != nil {
			return fmt.Errorf("look whether a code is another worker's: %w", err)
		}
		if people > 1 {
			return ErrOtherWorker
		}
	}
	return nil
}

// sameWorker is who this worker is already, "" for nobody: a code makes another chat his, not another person of him. A chat
// that is somebody else's stays that.
func (tx *Tx) sameWorker(i Invite, channel, chatID string) (id string, err error) {
	if i.Role != program.Worker {
		return "", nil
	}
	is, err := tx.holders(i.Role, i.Place)
	if err != nil || len(is) == 0 {
		return "", err
	}
	has, err := tx.PersonByChat(channel, chatID)
	if err == nil && has.ID != is[0] {
		return "", nil
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	return is[0], nil
}

// rebound lets a code link somebody anew: the office must be his still, and the chat no officer's. His number is now the
// one that the code was for.
func (tx *Tx) rebound(i Invite, channel, chatID string) error {
	p, err := tx.Person(i.person)
	if err != nil {
		return err
	}
	if !slices.Contains(p.Offices, program.Office{Role: i.Role, Place: i.Place}) {
		return ErrInviteExpired
	}
	has, err := tx.PersonByChat(channel, chatID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if has.ID != p.ID && officer(has) {
		return ErrInvitePhone
	}
	taken, err := tx.PersonByPhone(i.Phone)
	if err == nil && taken.ID != p.ID {
		return ErrInvitePhone
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	_, err = tx.changePerson(p, &Person{Phone: i.Phone})
	return err
}

// Issued is an invitation as its issuer sees it. It never prints whom it is for.
type Issued struct {
	Invite
	ID   string
	Made time.Time // the others are zero when it has not come to that
	Ends time.Time
	Used time.Time
	Undo time.Time
}

// Invites returns what a person has issued in the last 30 days, the newest first.
func (tx *Tx) Invites(by string) (issued []Issued, err error) {
	err = tx.each("list the invitations of a person", func(rows Row) error {
		i, err := tx.scanIssued(rows.Scan)
		issued = append(issued, i)
		return err
	}, `SELECT `+issuedColumns+` FROM invites WHERE made_by=$1 AND made_at>$2
		ORDER BY id DESC`, by, tx.Now.AddDate(0, 0, -30).UnixMicro())
	return issued, err
}

const issuedColumns = `id, code_key, role, place, personal, made_at, until, used_at, undone_at, person`

func (tx *Tx) scanIssued(scan func(...any) error) (i Issued, err error) {
	var text, key string
	var made, ends, used, undone int64
	if err := scan(&i.ID, &key, &i.Role, &i.Place, &text, &made, &ends, &used, &undone, &i.person); err != nil {
		return i, err
	}
	if err := tx.openInvite(key, text, &i.Invite); err != nil {
		return i, err
	}
	for _, t := range []struct {
		at *time.Time
		us int64
	}{{&i.Made, made}, {&i.Ends, ends}, {&i.Used, used}, {&i.Undo, undone}} {
		if t.us > 0 {
			*t.at = time.UnixMicro(t.us).UTC()
		}
	}
	return i, nil
}

// UndoInvite takes an invitation back: a code that was not used opens nothing any more; one that was loses its office and
// the chat that came with it. by must have issued it and still be allowed to (ErrNoRight). ErrState: it is undone already.
func (tx *Tx) UndoInvite(id, by string) (Issued, error) {
	if err := tx.alone("people", ""); err != nil {
		return Issued{}, err
	}
	i, err := tx.scanIssued(tx.QueryRow(`SELECT `+issuedColumns+` FROM invites
		WHERE id=$1 AND made_by=$2`, id, by).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Issued{}, ErrNotFound
	}
	if err != nil {
		return Issued{}, fmt.Errorf("read an invitation: %w", err)
	}
	if !i.Undo.IsZero() {
		return Issued{}, ErrState
	}
	var usedBy string
	if err := tx.QueryRow(`UPDATE invites SET undone_at=$1, until=$1 WHERE id=$2 RETURNING used_by`,
		tx.Now.UnixMicro(), id).Scan(&usedBy); err != nil {
		return Issued{}, fmt.Errorf("undo an invitation: %w", err)
	}
	i.Undo = tx.Now
	if err := tx.undo(i, usedBy, by); err != nil {
		return Issued{}, err
	}
	return i, tx.audit(by, "invite.undo", i.Place, "")
}

// undo takes back what came of an invitation: an office, or a link.
func (tx *Tx) undo(i Issued, usedBy, by string) error {
	office := program.Office{Role: i.Role, Place: i.Place}
	if !i.Anew() {
		if err := tx.mustInvite(office, by); err != nil || usedBy == "" {
			return err
		}
		if err := tx.endGiven(usedBy, office, i.Used, by); err != nil {
			return err
		}
		return tx.exec("unlink the chat that came with an invitation", `DELETE FROM chats WHERE person=$1 AND how=$2 AND linked_at=$3`,
			usedBy, byInvite, i.Used.UnixMicro())
	}
	if err := tx.mustUnlink(i.person, by); err != nil || usedBy == "" {
		return err
	}
	_, err := tx.unlink(i.person, "", by) // the office was his before
	return err
}

// endGiven ends an office that was given at a moment; one that was held before stays.
func (tx *Tx) endGiven(person string, o program.Office, at time.Time, by string) error {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM offices WHERE person=$1 AND role=$2 AND place=$3 AND since=$4`,
		person, string(o.Role), o.Place, at.UnixMicro()).Scan(&n); err != nil {
		return fmt.Errorf("look whether an office came with a code: %w", err)
	}
	if n == 0 {
		return nil
	}
	return tx.EndOffice(person, o, by)
}

func (tx *Tx) mayTry(chat string) error {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM invite_tries WHERE chat_key=$1 AND at>$2`,
		chat, tx.Now.Add(-time.Hour).UnixMicro()).Scan(&n); err != nil {
		return fmt.Errorf("count wrong codes: %w", err)
	}
	if n >= inviteTries {
		return ErrTooManyTries
	}
	return nil
}

func (tx *Tx) countTry(chat string) error {
	return tx.exec("count a wrong code", `INSERT INTO invite_tries(id, chat_key, at) VALUES($1, $2, $3)`, newID(), chat, tx.Now.UnixMicro())
}
