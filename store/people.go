package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"sahabatrt/program"
)

// ErrPhoneTaken means that the number belongs to another person already.
var ErrPhoneTaken = errors.New("the phone number belongs to another person")

// ErrNoRight means that the person does not hold the office that this needs, there and now.
var ErrNoRight = errors.New("no right to do this here")

// Honorific is how a person is addressed; the values are stored.
type Honorific string

// The honorifics; empty: not known.
const (
	Pak Honorific = "pak"
	Bu  Honorific = "bu"
)

// Person is somebody who talks with the bot. Offices are those held now. It never prints who it is.
type Person struct {
	ID        string
	Name      string
	Phone     program.Phone
	Honorific Honorific
	Lang      string
	Quiet     bool // he wants no notices that are meant kindly only: see Hush
	Offices   []program.Office
}

// Format hides everything but the id, whatever the verb.
func (p Person) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "person "+p.ID) }

// LogValue hides everything but the id.
func (p Person) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// personPersonal is what people.personal seals.
type personPersonal struct {
	Name      string
	Phone     program.Phone
	Honorific Honorific `json:",omitempty"`
	Lang      string    `json:",omitempty"`
}

// PutPerson adds a person or changes the one with this phone number (or this ID), and gives him the offices listed;
// those he holds already stay. What p leaves empty stays as it was. A new ketua, sekretaris or bendahara of an RT takes the office over from the former one.
// The same content twice changes nothing. ErrPhoneTaken: ID is given and the number is another's.
func (tx *Tx) PutPerson(p Person) (id string, changed bool, err error) {
	if err := tx.alone("people", ""); err != nil {
		return "", false, err
	}
	old, err := tx.sameAs(p)
	switch {
	case errors.Is(err, ErrNotFound):
		if p.ID == "" {
			p.ID = newID()
		}
		changed, err = true, tx.addPerson(p)
	case err == nil:
		changed, err = tx.changePerson(old, &p)
	}
	if err != nil {
		return "", false, err
	}
	for _, o := range p.Offices {
		if slices.Contains(old.Offices, o) {
			continue
		}
		changed = true
		if err := tx.giveOffice(p.ID, o, time.Time{}); err != nil {
			return "", false, err
		}
	}
	return p.ID, changed, nil
}

// sameAs finds the record that p is about.
func (tx *Tx) sameAs(p Person) (Person, error) {
	byPhone, err := tx.PersonByPhone(p.Phone)
	if err == nil && p.ID != "" && p.ID != byPhone.ID {
		return Person{}, ErrPhoneTaken
	}
	if errors.Is(err, ErrNotFound) && p.ID != "" {
		return tx.Person(p.ID)
	}
	return byPhone, err
}

func (tx *Tx) addPerson(p Person) error {
	sealed, err := tx.sealPerson(p)
	if err != nil {
		return err
	}
	if err := tx.exec("add a person", `INSERT INTO people(id, phone_key, personal, made_at) VALUES($1, $2, $3, $4)`,
		p.ID, tx.index("phone", p.Phone.E164()), sealed, tx.Now.UnixMicro()); err != nil {
		return err
	}
	return tx.audit("", "person.add", p.ID, "")
}

// changePerson keeps of the old record what the new one leaves empty.
func (tx *Tx) changePerson(old Person, p *Person) (changed bool, err error) {
	p.ID, p.Name = old.ID, cmp.Or(p.Name, old.Name)
	p.Phone, p.Honorific, p.Lang = cmp.Or(p.Phone, old.Phone), cmp.Or(p.Honorific, old.Honorific), cmp.Or(p.Lang, old.Lang)
	if personalOf(old) == personalOf(*p) {
		return false, nil
	}
	sealed, err := tx.sealPerson(*p)
	if err != nil {
		return false, err
	}
	if err := tx.exec("change a person", `UPDATE people SET phone_key=$1, personal=$2 WHERE id=$3`,
		tx.index("phone", p.Phone.E164()), sealed, p.ID); err != nil {
		return false, err
	}
	return true, tx.audit("", "person.change", p.ID, "")
}

// SetLang keeps in which language a person is spoken to, in all of his chats.
func (tx *Tx) SetLang(person, lang string) error {
	if err := tx.alone("people", ""); err != nil {
		return err
	}
	p, err := tx.Person(person)
	if err != nil {
		return err
	}
	_, err = tx.changePerson(p, &Person{Lang: lang})
	return err
}

// Hush keeps whether a person wants to be left alone by notices that are meant kindly only: see NoticeKind.Courtesy.
func (tx *Tx) Hush(person string, quiet bool) error {
	at := int64(0)
	if quiet {
		at = tx.Now.UnixMicro()
	}
	if err := tx.exec("hush", `UPDATE people SET quiet_at=$1 WHERE id=$2`, at, person); err != nil {
		return err
	}
	return tx.audit(person, "person.hush", person, "")
}

func personalOf(p Person) personPersonal {
	return personPersonal{p.Name, p.Phone, p.Honorific, p.Lang}
}

func (tx *Tx) sealPerson(p Person) (string, error) {
	b, err := json.Marshal(personalOf(p))
	if err != nil {
		return "", fmt.Errorf("write a person: %w", err)
	}
	return tx.seal("people", "personal", p.ID, string(b))
}

// Person returns a person with the offices held now, or ErrNotFound.
func (tx *Tx) Person(id string) (Person, error) {
	return tx.person(`WHERE p.id=$1`, id)
}

// PersonByPhone returns the one person with this number, or ErrNotFound.
func (tx *Tx) PersonByPhone(phone program.Phone) (Person, error) {
	if phone.IsZero() {
		return Person{}, ErrNotFound
	}
	return tx.person(`WHERE p.phone_key=$1`, tx.index("phone", phone.E164()))
}

// Officers returns who holds a role at a place now.
func (tx *Tx) Officers(role program.Role, place string) ([]Person, error) {
	ids, err := tx.holders(role, place)
	if err != nil {
		return nil, err
	}
	people := make([]Person, len(ids))
	for i, id := range ids {
		if people[i], err = tx.Person(id); err != nil {
			return nil, err
		}
	}
	return people, nil
}

func (tx *Tx) holders(role program.Role, place string) (ids []string, err error) {
	err = tx.each("list who holds an office", func(rows Row) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT person FROM offices WHERE role=$1 AND place=$2 AND (until=0 OR until>$3) ORDER BY id`, string(role), place, tx.Now.UnixMicro())
	return ids, err
}

// A person is read together with the offices that he holds at $2, a row for each.
const personColumns = `SELECT p.id, p.personal, p.quiet_at, COALESCE(o.role, ''), COALESCE(o.place, '')
	FROM people p LEFT JOIN offices o ON o.person=p.id AND (o.until=0 OR o.until>$2) `

// person reads the person that personColumns and what follows find.
func (tx *Tx) person(which, arg string) (Person, error) {
	var p Person
	var text string
	err := tx.each("read a person", func(row Row) error {
		var o program.Office
		var quiet int64
		if err := row.Scan(&p.ID, &text, &quiet, &o.Role, &o.Place); err != nil {
			return err
		}
		if p.Quiet = quiet > 0; o.Role != "" {
			p.Offices = append(p.Offices, o)
		}
		return nil
	}, personColumns+which+` ORDER BY o.id`, arg, tx.Now.UnixMicro())
	if err != nil {
		return Person{}, err
	}
	if p.ID == "" {
		return Person{}, ErrNotFound
	}
	var personal personPersonal
	if err := tx.openJSON("people", p.ID, text, &personal); err != nil {
		return Person{}, err
	}
	p.Name, p.Phone, p.Honorific, p.Lang = personal.Name, personal.Phone, personal.Honorific, personal.Lang
	return p, nil
}

func (tx *Tx) offices(person string) (offices []program.Office, err error) {
	err = tx.each("list the offices of a person", func(rows Row) error {
		var o program.Office
		err := rows.Scan(&o.Role, &o.Place)
		offices = append(offices, o)
		return err
	}, `SELECT role, place FROM offices WHERE person=$1 AND (until=0 OR until>$2) ORDER BY id`, person, tx.Now.UnixMicro())
	return offices, err
}

// single are the offices that one person of an RT holds at a time.
var single = []program.Role{program.Ketua, program.Sekretaris, program.Bendahara}

// giveOffice gives an office until a moment, or for good when that is zero. What it was to be told and nobody heard goes with it.
func (tx *Tx) giveOffice(person string, o program.Office, until time.Time) error {
	ends := []program.Role(nil)
	if slices.Contains(single, o.Role) {
		ends = append(ends, o.Role)
	}
	if o.Role == program.Ketua { // who stood in for the former one stands in for nobody
		ends = append(ends, program.Wakil)
	}
	for _, role := range ends {
		former, err := tx.holders(role, o.Place)
		if err != nil {
			return err
		}
		for _, id := range former {
			if err := tx.EndOffice(id, program.Office{Role: role, Place: o.Place}, ""); err != nil {
				return err
			}
		}
	}
	end := int64(0)
	if !until.IsZero() {
		end = until.UnixMicro()
	}
	if err := tx.exec("give an office", `INSERT INTO offices(id, person, role, place, since, until) VALUES($1, $2, $3, $4, $5, $6)`,
		newID(), person, string(o.Role), o.Place, tx.Now.UnixMicro(), end); err != nil {
		return err
	}
	return errors.Join(tx.audit("", "office.give", person, ""), tx.tellWaiting(person))
}

// EndOffice ends an office now; one that is not held is no error. by is the id of who ends it, "" for an import.
func (tx *Tx) EndOffice(person string, o program.Office, by string) error {
	n, err := tx.Exec(`UPDATE offices SET until=$1 WHERE person=$2 AND role=$3 AND place=$4 AND (until=0 OR until>$1)`,
		tx.Now.UnixMicro(), person, string(o.Role), o.Place)
	if err != nil {
		return fmt.Errorf("end an office: %w", err)
	}
	if n == 0 {
		return nil
	}
	return errors.Join(tx.audit(by, "office.end", person, ""), tx.leave(person, o.Place))
}

// May says whether the person may do this at the place in this moment, by the records: see program.May.
func (tx *Tx) May(person string, verb program.Verb, place string) (bool, error) {
	offices, err := tx.offices(person)
	return program.May(offices, verb, place), err
}

// must is May as an error: ErrNoRight.
func (tx *Tx) must(person string, verb program.Verb, place string) error {
	may, err := tx.May(person, verb, place)
	if err != nil {
		return err
	}
	if !may {
		return ErrNoRight
	}
	return nil
}

// openJSON opens the personal column of a row.
func (tx *Tx) openJSON(table, id, text string, v any) error {
	if err := tx.open(table, "personal", id, &text); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("read %s.personal of %s: not what was written", table, id) // the cause could quote it
	}
	return nil
}
