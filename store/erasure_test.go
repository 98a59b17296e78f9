package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sahabatrt/program"
)

// everything opens every sealed value of the store and returns all that it says.
func everything(t testing.TB, db *DB) string {
	t.Helper()
	var all strings.Builder
	view(t, db, func(tx *Tx) error {
		for _, s := range sealed {
			err := tx.each("read "+s.table, func(rows Row) error {
				var id, value string
				if err := rows.Scan(&id, &value); err != nil {
					return err
				}
				err := tx.open(s.table, s.column, id, &value)
				fmt.Fprintln(&all, s.table, value)
				return err
			}, fmt.Sprintf(`SELECT %s, %s FROM %s`, s.id, s.column, s.table))
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all.String()
}

// TestErase: after an erasure no value of the store tells who it was, the NIK can be registered again, and money and
// ledger agree.
func TestErase(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	setCeiling(t, db, rt14, 2026, 10_000_000)
	w := testWorker(t, 1)
	w.Name, w.Phone, w.Address, w.Heir = "Budiman Rahasia", testPhone(t, 77), "Jalan Rahasia 5", "Rahasia, istri"
	op := newID()
	_, _, err := db.Operate(context.Background(), op, ketua.ID, func(tx *Tx) ([]byte, error) {
		r, err := tx.Register(w, op, ketua, Consent{Version: "1", GivenBy: "Budiman Rahasia", Channel: "chat"})
		w = r.Worker
		return []byte("✅ Tersimpan. Pak Budiman Rahasia"), err
	})
	must(t, err)
	_, _, err = db.Operate(t.Context(), newID(), ketua.ID, func(tx *Tx) ([]byte, error) {
		return []byte("Pak Budiman Rahasia"), tx.CorrectWorker(w.ID, FieldHeir, "Ibu Rahasia", ketua)
	})
	must(t, err)
	var ticket Ticket
	update(t, db, func(tx *Tx) error {
		must(t, tx.CorrectWorker(w.ID, FieldMother, "Ibu Rahasia", ketua))
		must(t, tx.CorrectWorker(w.ID, FieldMother, "Fatimah Rahasia", ketua))
		_, err := tx.Prove(newID(), "telegram", "5", w.NIK, "Fatimah Rahasia", true)
		must(t, err)
		p, err := tx.PersonByChat("telegram", "5")
		must(t, err)
		code, err := tx.Invite(Invite{Role: program.Worker, Place: w.ID, Name: w.Name}, ketua.ID)
		if err != nil || code == "" {
			t.Error(err)
		}
		ticket, err = tx.OpenTicket(TicketErase, w, p, "hapus data Budiman Rahasia")
		must(t, err)
		must(t, tx.LinkChat("telegram", "lurah", lurah.ID, "contact"))
		talk, err := tx.OpenTalk(p, lurah.ID, Chat{"telegram", "5"})
		must(t, err)
		return errors.Join(tx.PassOn(talk.ID, "saya Budiman Rahasia", p), tx.PassOn(talk.ID, "baik Pak Budiman Rahasia", lurah))
	})
	for by, change := range map[string]func(tx *Tx) error{
		ticket.Person: func(tx *Tx) error {
			p, err := tx.Person(ticket.Person)
			must(t, err)
			wrong, err := tx.OpenTicket(TicketWrong, w, p, "nama saya Budiman Rahasia")
			must(t, err)
			_, err = tx.CloseTicket(wrong.ID, ActAnswer, "baik Pak Budiman Rahasia", lurah, "")
			must(t, err)
			_, err = tx.OpenTicket(TicketWrong, w, p, "masih salah, saya Budiman Rahasia")
			return err
		},
	} {
		_, _, err := db.Operate(t.Context(), newID(), by, func(tx *Tx) ([]byte, error) { return []byte("Pak Budiman Rahasia"), change(tx) })
		must(t, err)
	}
	if !strings.Contains(everything(t, db), "Rahasia") {
		t.Fatal("the search finds nothing even before the erasure")
	}
	for what, by := range map[string]Person{"his RT head": ketua, "the lurah of another place": addOfficer(t, db, 3, program.Lurah, "1571011001")} {
		if err := db.Update(t.Context(), func(tx *Tx) error { return tx.EraseWorker(w.ID, by, newID()) }); !errors.Is(err, ErrNoRight) {
			t.Errorf("%s erases: %v", what, err)
		}
	}
	db.opt.Now = func() time.Time { return today.Add(time.Hour) }
	update(t, db, func(tx *Tx) error {
		_, err := tx.CloseTicket(ticket.ID, ActErase, "sudah dihapus", lurah, newID())
		return err
	})
	view(t, db, func(tx *Tx) error {
		if with, err := tx.TalksWith(lurah); len(with) != 0 || err != nil {
			t.Errorf("%d talks go on (%v)", len(with), err)
		}
		return nil
	})
	said := everything(t, db)
	for _, secret := range []string{"Rahasia", "Budiman", w.NIK.Digits(), w.Phone.E164(), "1980-08-07"} {
		if strings.Contains(said, secret) {
			t.Errorf("%q is still told by the store:\n%s", secret, said)
		}
	}
	if b := budget(t, db, rt14, 2026); b.Committed != 0 {
		t.Errorf("still promised: %v", b.Committed)
	}
	update(t, db, func(tx *Tx) error { // his last word arrives, and then his chat is forgotten
		p, err := tx.PersonByChat("telegram", "5")
		must(t, err)
		ids, err := tx.DueNotices(p.ID)
		if len(ids) != 2 || p.Name != "" || len(p.Offices) != 0 {
			t.Errorf("%d notices to him, of whom %d offices are left", len(ids), len(p.Offices))
		}
		for _, id := range ids {
			must(t, tx.SetNotice(id, NoticeSent))
		}
		return err
	})
	view(t, db, func(tx *Tx) error {
		if _, err := tx.PersonByChat("telegram", "5"); !errors.Is(err, ErrNotFound) {
			t.Errorf("his chat: %v", err)
		}
		list, n, err := tx.Workers(rt14, 0, 10)
		if len(list) != 0 || n != 0 {
			t.Errorf("%d workers are listed", n)
		}
		return err
	})
	clean(t, db)
	again := testWorker(t, 1)
	_, err = register(t, db, again, ketua)
	must(t, err)
	clean(t, db)
}

// TestEraseWhoWasTakenForHim: somebody who had the worker's number, and said that he is not the worker, bears his name in
// the records until the worker is erased.
func TestEraseWhoWasTakenForHim(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	w := testWorker(t, 1)
	w.Name, w.Phone = "Budiman Rahasia", testPhone(t, 77)
	r, err := register(t, db, w, ketua)
	must(t, err)
	update(t, db, func(tx *Tx) error {
		_, err := tx.ProvePhone("telegram", "5", w.Phone)
		must(t, err)
		p, err := tx.PersonByChat("telegram", "5")
		must(t, err)
		return tx.EndOffice(p.ID, program.Office{Role: program.Worker, Place: r.Worker.ID}, p.ID)
	})
	update(t, db, func(tx *Tx) error { return tx.EraseWorker(r.Worker.ID, lurah, newID()) })
	if said := everything(t, db); strings.Contains(said, "Rahasia") || strings.Contains(said, w.Phone.E164()) {
		t.Errorf("still told:\n%s", said)
	}
	clean(t, db)
}

// TestEraseAllOfHim: who was registered twice is erased twice, also where he was before; while he waits for that nothing is
// done with any of the records.
func TestEraseAllOfHim(t *testing.T) {
	db := open(t)
	there, here := addOfficer(t, db, 1, program.Ketua, rt15.String()), addOfficer(t, db, 2, program.Ketua, rt14.String())
	lurah := addOfficer(t, db, 3, program.Lurah, rt14.Kelurahan)
	setCeiling(t, db, rt14, 2026, 1_000_000)
	w := testWorker(t, 1)
	w.Name, w.RT = "Budiman Rahasia", rt15
	before, err := register(t, db, w, there)
	must(t, err)
	update(t, db, func(tx *Tx) error { return tx.CancelWorker(before.Worker.ID, there, "wrong_entry", newID()) })
	w.RT = rt14
	now, err := register(t, db, w, here)
	must(t, err)
	self := linkWorker(t, db, now.Worker, "5")
	var ticket Ticket
	update(t, db, func(tx *Tx) (err error) {
		ticket, err = tx.OpenTicket(TicketErase, now.Worker, self, "")
		return err
	})
	for id, by := range map[string]Person{before.Worker.ID: there, now.Worker.ID: here} {
		if err := db.Update(t.Context(), func(tx *Tx) error { return tx.CorrectWorker(id, FieldHeir, "Contoh", by) }); !errors.Is(err, ErrPaused) {
			t.Errorf("corrected while he waits: %v", err)
		}
	}
	if err := db.Update(t.Context(), func(tx *Tx) error { return tx.AgreeSelf(now.Worker.ID, self, Consent{Version: "1"}) }); !errors.Is(err, ErrPaused) {
		t.Errorf("agreed while he waits: %v", err)
	}
	update(t, db, func(tx *Tx) error {
		_, err := tx.CloseTicket(ticket.ID, ActErase, "sudah", lurah, newID())
		return err
	})
	if said := everything(t, db); strings.Contains(said, "Rahasia") {
		t.Errorf("still told:\n%s", said)
	}
	clean(t, db)
}
