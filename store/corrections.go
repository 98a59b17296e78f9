package store

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"sahabatrt/program"
)

// ErrValue means that a value is not one of its field.
var ErrValue = errors.New("not a value of this field")

// WorkerField is what can be corrected on a worker; the values are stored.
type WorkerField string

// The fields. Their values are texts: a phone as people write it ("" for none), a birth date as 1980-08-12, income enough as "true" or "false".
const (
	FieldPhone      WorkerField = "phone"
	FieldPhoneOwner WorkerField = "phone_owner"
	FieldName       WorkerField = "name"
	FieldAddress    WorkerField = "address"
	FieldBirth      WorkerField = "birth"
	FieldMother     WorkerField = "mother"
	FieldWorkplace  WorkerField = "workplace"
	FieldHeir       WorkerField = "heir"
	FieldIncome     WorkerField = "income"
)

// WorkerChange is a correction as it is kept: what stood there before. It never prints that.
type WorkerChange struct {
	Field WorkerField
	Old   string
	By    string // id of a person
	At    time.Time
}

// Format hides the old value.
func (c WorkerChange) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "change of %s", string(c.Field)) }

// CorrectWorker changes one field and keeps the old value. by must be ketua or sekretaris of the RT, or of its kelurahan
// (ErrNoRight). ErrPaused. ErrValue: the value is none of the field. The same value changes nothing. Another phone ends the links that
// the old one proved.
func (tx *Tx) CorrectWorker(id string, field WorkerField, value string, by Person) error {
	w, err := tx.takeWorker(id)
	if err != nil {
		return err
	}
	if err := tx.must(by.ID, program.Correct, w.RT.String()); err != nil {
		return err
	}
	if w.Paused {
		return ErrPaused
	}
	old := w.field(field)
	if err := w.correct(field, value); err != nil {
		return err
	}
	if w.field(field) == old {
		return nil
	}
	return tx.whole(func() error {
		if err := tx.keepCorrection(w, field, old, by.ID); err != nil {
			return err
		}
		switch {
		case field == FieldPhone && old != "":
			return tx.numberChanged(w, old, by.ID)
		case field == FieldPhoneOwner && ownPhone(old) && !ownPhone(value) && !w.Phone.IsZero(): // it never was his
			return tx.numberChanged(w, w.Phone.E164(), by.ID)
		}
		return nil
	})
}

// CorrectPhone is CorrectWorker for a number together with whose it is: that of somebody else proves nobody, at no moment.
func (tx *Tx) CorrectPhone(id, phone, owner string, by Person) error {
	return tx.whole(func() error {
		if err := tx.CorrectWorker(id, FieldPhoneOwner, owner, by); err != nil {
			return err
		}
		return tx.CorrectWorker(id, FieldPhone, phone, by)
	})
}

// ownPhone says whether a number with this owner is the worker's own, as far as we were told.
func ownPhone(owner string) bool { return owner == "" || owner == "own" }

// numberChanged ends the links that a worker's old number proved, and makes the new one that of the person he is, if it is
// his own and nobody else's: who has the old number now is a stranger (rule 37). What an officer is follows from the official lists.
func (tx *Tx) numberChanged(w Worker, old, by string) error {
	is, err := tx.holders(program.Worker, w.ID)
	if err != nil {
		return err
	}
	for _, id := range is {
		p, err := tx.Person(id)
		if err != nil {
			return err
		}
		if officer(p) {
			continue
		}
		if _, err := tx.unlink(id, byPhone, by); err != nil {
			return err
		}
		if p.Phone.E164() != old {
			continue
		}
		phone := w.Phone
		if !ownPhone(w.PhoneOwner) {
			phone = program.Phone{}
		}
		if err := tx.setPhone(p, phone); err != nil {
			return err
		}
	}
	return nil
}

// setPhone gives a person another number, or none when it is somebody else's.
func (tx *Tx) setPhone(p Person, phone program.Phone) error {
	switch _, err := tx.PersonByPhone(phone); {
	case err == nil:
		phone = program.Phone{}
	case !errors.Is(err, ErrNotFound):
		return err
	}
	p.Phone = phone
	sealed, err := tx.sealPerson(p)
	if err != nil {
		return err
	}
	if err := tx.exec("change the number of a person", `UPDATE people SET phone_key=$1, personal=$2 WHERE id=$3`,
		tx.index("phone", phone.E164()), sealed, p.ID); err != nil {
		return err
	}
	return tx.audit("", "person.change", p.ID, "")
}

func (tx *Tx) keepCorrection(w Worker, field WorkerField, old, by string) error {
	sealed, err := tx.sealWorker(w)
	if err != nil {
		return err
	}
	if err := tx.exec("correct a worker", `UPDATE workers SET personal=$1, phone_key=$2, version=version+1 WHERE id=$3`,
		sealed, tx.index("phone", w.Phone.E164()), w.ID); err != nil {
		return err
	}
	id := newID()
	sealedOld, err := tx.seal("worker_changes", "old", id, old)
	if err != nil {
		return err
	}
	if err := tx.exec("keep a correction", `INSERT INTO worker_changes(id, worker, field, old, by_person, at) VALUES($1, $2, $3, $4, $5, $6)`,
		id, w.ID, string(field), sealedOld, by, tx.Now.UnixMicro()); err != nil {
		return err
	}
	return tx.audit(by, "worker.correct", w.ID, "")
}

// field is a field as text.
func (w Worker) field(f WorkerField) string {
	switch f {
	case FieldPhone:
		return w.Phone.E164()
	case FieldPhoneOwner:
		return w.PhoneOwner
	case FieldName:
		return w.Name
	case FieldAddress:
		return w.Address
	case FieldBirth:
		return w.Birth.String()
	case FieldMother:
		return w.Mother
	case FieldWorkplace:
		return w.Workplace
	case FieldHeir:
		return w.Heir
	case FieldIncome:
		if w.IncomeEnough != nil {
			return strconv.FormatBool(*w.IncomeEnough)
		}
	}
	return ""
}

// correct sets a field from text; the causes of ErrValue would quote it and are left out.
func (w *Worker) correct(f WorkerField, value string) error {
	var err error
	switch f {
	case FieldPhone:
		w.Phone = program.Phone{}
		if value != "" {
			w.Phone, err = program.ParsePhone(value)
		}
	case FieldBirth:
		w.Birth, err = program.ParseDate(value)
	case FieldIncome:
		var enough bool
		enough, err = strconv.ParseBool(value)
		w.IncomeEnough = &enough
	case FieldName:
		if value == "" {
			return ErrValue
		}
		w.Name = value
	case FieldPhoneOwner:
		w.PhoneOwner = value
	case FieldAddress:
		w.Address = value
	case FieldMother:
		w.Mother = value
	case FieldWorkplace:
		w.Workplace = value
	case FieldHeir:
		w.Heir = value
	default:
		return ErrValue
	}
	if err != nil {
		return ErrValue
	}
	return nil
}

// WorkerChanges returns the corrections of a worker, oldest first.
func (tx *Tx) WorkerChanges(id string) (changes []WorkerChange, err error) {
	err = tx.each("read the corrections of a worker", func(rows Row) error {
		var c WorkerChange
		var row string
		var at int64
		if err := rows.Scan(&row, &c.Field, &c.Old, &c.By, &at); err != nil {
			return err
		}
		c.At = time.UnixMicro(at).UTC()
		err := tx.open("worker_changes", "old", row, &c.Old)
		changes = append(changes, c)
		return err
	}, `SELECT id, field, old, by_person, at FROM worker_changes WHERE worker=$1 ORDER BY id`, id)
	return changes, err
}
