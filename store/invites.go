package store

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
}

// Format hides name and phone.
func (i Invite) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "invitation to "+string(i.Role))
}

type invitePersonal struct {
	Phone program.Phone
	Name  string
}

// Invite keeps an invitation for 7 days and returns its code, which is kept nowhere. A role that sees others or moves
// money needs a phone: ErrNeedsPhone. by is the id of who invites.
func (tx *Tx) Invite(i Invite, by string) (code string, err error) {
	if i.Role != program.Worker && i.Phone.IsZero() {
		return "", ErrNeedsPhone
	}
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
	if err := tx.exec("add an invitation", `INSERT INTO invites(code_key, role, place, phone_key, personal, made_by, until)
		VALUES($1, $2, $3, $4, $5, $6, $7)`, key, string(i.Role), i.Place, tx.index("phone", i.Phone.E164()), sealed, by,
		tx.Now.Add(inviteLife).UnixMicro()); err != nil {
		return "", err
	}
	return code, tx.audit(by, "invite.make", i.Place, "")
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
	var until int64
	key := tx.index("invite", normalCode(code))
	err := tx.QueryRow(`SELECT role, place, personal, until, used_by FROM invites WHERE code_key=$1`, key).
		Scan(&i.Role, &i.Place, &text, &until, &usedBy)
	if errors.Is(err, sql.ErrNoRows) {
		return Invite{}, ErrInviteUnknown
	}
	if err != nil {
		return Invite{}, fmt.Errorf("read an invitation: %w", err)
	}
	var personal invitePersonal
	if err := tx.openJSON("invites", key, text, &personal); err != nil {
		return Invite{}, err
	}
	i.Phone, i.Name = personal.Phone, personal.Name
	if usedBy != "" {
		return i, ErrInviteUsed
	}
	if tx.Now.UnixMicro() >= until {
		return i, ErrInviteExpired
	}
	return i, nil
}

// UseInvite gives the office of an invitation to the person behind a chat, once, and links the chat. vouched is the
// number that the channel itself vouches for: ErrInvitePhone when the invitation names another one. The person is the
// one with that number, or is new. ErrTooManyTries after 5 unknown codes from a chat in an hour; a wrong code counts even
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
	id, err := tx.invited(i, channel, chatID, vouched)
	if err != nil {
		return Person{}, err
	}
	if err := tx.exec("use an invitation", `UPDATE invites SET used_by=$1 WHERE code_key=$2 AND used_by=''`,
		id, tx.index("invite", normalCode(code))); err != nil {
		return Person{}, err
	}
	if err := tx.LinkChat(channel, chatID, id, "invite"); err != nil {
		return Person{}, err
	}
	return tx.Person(id)
}

// invited finds or makes the person who takes the office. Without a vouched number he is whom the chat is linked to.
func (tx *Tx) invited(i Invite, channel, chatID string, vouched program.Phone) (id string, err error) {
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
	p.Offices = []program.Office{{Role: i.Role, Place: i.Place}}
	id, _, err = tx.PutPerson(p)
	return id, err
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
