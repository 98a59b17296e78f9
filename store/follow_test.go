package store

import (
	"cmp"
	"errors"
	"testing"

	"sahabatrt/program"
)

// TestFollow: who is a worker by an earlier registration is the worker of the new one and told so, once; not where it is
// not sure any more that he is, and not when the new one is taken back.
func TestFollow(t *testing.T) {
	for name, c := range map[string]struct {
		before func(t *testing.T, db *DB, w Worker, person string, by Person) // what happened since the earlier registration
		phone  int                                                            // of the new registration, 0 for none
		owner  string
		how    string
		name   string // of the new registration, when it is another human's
		follow bool
	}{
		"another human, whose NIK was mistyped": {phone: 101, how: byInvite, name: "Lain Sekali Contoh"},
		"by his number":                         {phone: 101, how: byPhone, follow: true},
		"by his number, said so":                {phone: 101, owner: "own", how: byPhone, follow: true},
		"by a number that is not his":           {phone: 101, owner: "family", how: byPhone},
		"by a number that has changed":          {phone: 102, how: byPhone},
		"by a number that he has lost":          {how: byPhone},
		"by a code, whatever the phone":         {phone: 102, how: byInvite, follow: true},
		"by NIK and mother":                     {how: byNIK, follow: true},
		"an officer too": {phone: 102, how: byPhone, follow: true, before: func(t *testing.T, db *DB, _ Worker, person string, _ Person) {
			update(t, db, func(tx *Tx) error {
				_, _, err := tx.PutPerson(Person{ID: person, Offices: []program.Office{{Role: program.Bendahara, Place: rt15.String()}}})
				return err
			})
		}},
		"doubted": {phone: 101, how: byPhone, before: func(t *testing.T, db *DB, w Worker, person string, _ Person) {
			update(t, db, func(tx *Tx) error { _, err := tx.OpenTicket(TicketNotMe, w.ID, Person{ID: person}, ""); return err })
		}},
		"locked": {phone: 101, how: byInvite, before: func(t *testing.T, db *DB, _ Worker, person string, _ Person) {
			update(t, db, func(tx *Tx) error { _, err := tx.Unlink(person); return err })
		}},
		"not he any more": {phone: 101, how: byInvite, before: func(t *testing.T, db *DB, w Worker, person string, _ Person) {
			update(t, db, func(tx *Tx) error {
				return tx.EndOffice(person, program.Office{Role: program.Worker, Place: w.ID}, "")
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			db, ketua, _ := provable(t)
			w := testWorker(t, 7)
			w.Phone = testPhone(t, 101)
			w.NIK = testNIK(t, 70)
			r, err := register(t, db, w, ketua)
			must(t, err)
			var person string
			update(t, db, func(tx *Tx) (err error) {
				person, _, err = tx.PutPerson(Person{Name: "Contoh Pekerja", Phone: w.Phone, Offices: []program.Office{{Role: program.Worker, Place: r.Worker.ID}}})
				return errors.Join(err, tx.LinkChat("telegram", "his", person, c.how))
			})
			if c.before != nil {
				c.before(t, db, r.Worker, person, ketua)
			}
			update(t, db, func(tx *Tx) error { return tx.CancelWorker(r.Worker.ID, ketua, "wrong_entry", newID()) })
			w.Phone, w.PhoneOwner, w.Name = program.Phone{}, c.owner, cmp.Or(c.name, w.Name)
			if c.phone > 0 {
				w.Phone = testPhone(t, c.phone)
			}
			again, err := register(t, db, w, ketua)
			must(t, err)
			is := func() (may bool) {
				view(t, db, func(tx *Tx) (err error) {
					may, err = tx.May(person, program.SeeSelf, again.Worker.ID)
					return err
				})
				return may
			}
			if is() != c.follow {
				t.Errorf("he is the worker of the new registration: %v", is())
			}
			told := count(t, db, `notices WHERE kind='registered' AND person='`+person+`' AND subject='`+again.Worker.ID+`'`)
			if want := map[bool]int{true: 1}[c.follow]; told != want {
				t.Errorf("told %d times, want %d", told, want)
			}
			view(t, db, func(tx *Tx) error {
				p, err := tx.Person(person)
				if name == "an officer too" && !officer(p) {
					t.Error("he lost his other office")
				}
				return err
			})
			update(t, db, func(tx *Tx) error { return tx.CancelWorker(again.Worker.ID, ketua, "wrong_entry", newID()) })
			if is() {
				t.Error("he is the worker of what was taken back")
			}
			clean(t, db)
		})
	}
}

// TestFollowOnImport: a list that registers somebody again links him as well.
func TestFollowOnImport(t *testing.T) {
	db := open(t)
	old := testWorker(t, 1)
	old.FirstMonth, old.PaidUntil, old.State = program.NewMonth(2026, 1), program.NewMonth(2026, 5), program.Stopped
	var person string
	update(t, db, func(tx *Tx) error {
		if _, err := tx.ImportWorker(old, ""); err != nil {
			return err
		}
		w, err := tx.known(old)
		if err != nil {
			return err
		}
		person, _, err = tx.PutPerson(Person{Name: "Contoh Pekerja", Offices: []program.Office{{Role: program.Worker, Place: w.ID}}})
		return errors.Join(err, tx.LinkChat("telegram", "his", person, byInvite))
	})
	listed := testWorker(t, 1)
	listed.RT, listed.FirstMonth, listed.PaidUntil = rt15, program.NewMonth(2026, 11), program.NewMonth(2026, 12)
	update(t, db, func(tx *Tx) error { _, err := tx.ImportWorker(listed, ""); return err })
	view(t, db, func(tx *Tx) error {
		w, _, err := tx.FindNIK(listed.NIK)
		must(t, err)
		may, err := tx.May(person, program.SeeSelf, w.ID)
		if !may {
			t.Error("he does not see what the list says of him")
		}
		return err
	})
	if n := count(t, db, `notices WHERE kind='registered'`); n != 1 {
		t.Errorf("told %d times", n)
	}
	clean(t, db)
}
