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
		ticket, err = tx.OpenTicket(TicketErase, w.ID, p, "hapus data Budiman Rahasia")
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
			wrong, err := tx.OpenTicket(TicketWrong, w.ID, p, "nama saya Budiman Rahasia")
			must(t, err)
			_, err = tx.CloseTicket(wrong.ID, ActAnswer, "baik Pak Budiman Rahasia", lurah, "")
			must(t, err)
			_, err = tx.OpenTicket(TicketWrong, w.ID, p, "masih salah, saya Budiman Rahasia")
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

// TestEraseAllOfHim: who was registered twice is erased twice, where he was before by the kelurahan there; while he waits for
// that nothing is done with any of the records. Another human whose registration bears his NIK by mistake stays who he is.
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
	mistyped := w
	mistyped.Name, mistyped.RT = "Joko Lain", rt14
	joko, err := register(t, db, mistyped, here)
	must(t, err)
	linkWorker(t, db, joko.Worker, "joko")
	update(t, db, func(tx *Tx) error { return tx.CancelWorker(joko.Worker.ID, here, "wrong_entry", newID()) })
	w.RT = rt14
	now, err := register(t, db, w, here)
	must(t, err)
	self := linkWorker(t, db, now.Worker, "5")
	var ticket Ticket
	update(t, db, func(tx *Tx) (err error) {
		ticket, err = tx.OpenTicket(TicketErase, now.Worker.ID, self, "")
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
	elsewhere := addOfficer(t, db, 4, program.Lurah, rt15.Kelurahan)
	update(t, db, func(tx *Tx) error {
		waits, err := tx.OpenTickets(rt15.String(), elsewhere)
		if len(waits) != 1 || waits[0].Kind != TicketErase || waits[0].Worker != before.Worker.ID {
			t.Fatalf("%v wait in the other kelurahan", waits)
		}
		must(t, err)
		_, err = tx.CloseTicket(waits[0].ID, ActErase, "sudah", elsewhere, newID())
		return err
	})
	said := everything(t, db)
	if strings.Contains(said, "Rahasia") {
		t.Errorf("still told:\n%s", said)
	}
	if !strings.Contains(said, "Joko Lain") {
		t.Error("another human is erased with him")
	}
	clean(t, db)
}

// TestEraseWhatHeIsLinkedTo: a corrected name makes nobody another human; what waits in another kelurahan is his to be told of.
func TestEraseWhatHeIsLinkedTo(t *testing.T) {
	db := open(t)
	there, here := addOfficer(t, db, 1, program.Ketua, rt15.String()), addOfficer(t, db, 2, program.Ketua, rt14.String())
	lurah := addOfficer(t, db, 3, program.Lurah, rt14.Kelurahan)
	w := testWorker(t, 1)
	w.Name, w.RT = "Budi Rahasia", rt15
	before, err := register(t, db, w, there)
	must(t, err)
	self := linkWorker(t, db, before.Worker, "5")
	update(t, db, func(tx *Tx) error { return tx.CancelWorker(before.Worker.ID, there, "wrong_entry", newID()) })
	w.RT = rt14
	now, err := register(t, db, w, here)
	must(t, err)
	var ticket Ticket
	update(t, db, func(tx *Tx) (err error) {
		must(t, tx.CorrectWorker(now.Worker.ID, FieldName, "Muhammad Budi Rahasia", here))
		ticket, err = tx.OpenTicket(TicketErase, now.Worker.ID, self, "")
		return err
	})
	update(t, db, func(tx *Tx) error {
		_, err := tx.CloseTicket(ticket.ID, ActErase, "sudah", lurah, newID())
		must(t, err)
		if waits, err := tx.WaitsElsewhere(ticket); !waits || err != nil {
			t.Errorf("what waits elsewhere: %v, %v", waits, err)
		}
		open, err := tx.OpenTickets(rt15.Kelurahan, Person{ID: "nobody"})
		if len(open) != 1 || open[0].Person != self.ID {
			t.Errorf("%v wait elsewhere", open)
		}
		return err
	})
	clean(t, db)
}

// TestListsDoNotBringBack: a list does not register anew who withdrew; his RT may, in a conversation.
func TestListsDoNotBringBack(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	w := testWorker(t, 1)
	w.FirstMonth = program.NewMonth(2026, time.November)
	brings := func() error {
		return db.Update(t.Context(), func(tx *Tx) error { _, err := tx.ImportWorker(w, ""); return err })
	}
	must(t, brings())
	update(t, db, func(tx *Tx) error {
		known, _, err := tx.FindNIK(w.NIK)
		w.ID = known.ID
		return err
	})
	self := linkWorker(t, db, w, "5")
	update(t, db, func(tx *Tx) error {
		ticket, err := tx.OpenTicket(TicketWithdraw, w.ID, self, "")
		must(t, err)
		_, err = tx.CloseTicket(ticket.ID, ActStop, "sudah", lurah, newID())
		return err
	})
	if err := brings(); !errors.Is(err, ErrWithdrew) {
		t.Errorf("a list brings him back: %v", err)
	}
	again := testWorker(t, 1)
	_, err := register(t, db, again, ketua)
	must(t, err)
	must(t, brings())
}

// TestErasedStaysErased: a form that was open while a worker was erased fills nothing in again, and nobody is invited to be him.
func TestErasedStaysErased(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	r, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	update(t, db, func(tx *Tx) error { return tx.EraseWorker(r.Worker.ID, lurah, newID()) })
	for what, change := range map[string]func(tx *Tx) error{
		"corrects":       func(tx *Tx) error { return tx.CorrectWorker(r.Worker.ID, FieldMother, "Fatimah", ketua) },
		"gives a number": func(tx *Tx) error { return tx.CorrectPhone(r.Worker.ID, "+6281200000077", "own", ketua) },
		"notes a paper": func(tx *Tx) error {
			return tx.AgreePaper(r.Worker.ID, ketua, Consent{Version: "paper", Signed: program.DateOf(today)})
		},
		"invites": func(tx *Tx) error {
			_, err := tx.Invite(Invite{Role: program.Worker, Place: r.Worker.ID, Name: "Contoh"}, ketua.ID)
			return err
		},
		"erases again": func(tx *Tx) error { return tx.EraseWorker(r.Worker.ID, lurah, newID()) },
	} {
		if err := db.Update(t.Context(), change); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestEraseOfficerOfManyPlaces: nobody erases an official who is one also where he may not.
func TestEraseOfficerOfManyPlaces(t *testing.T) {
	db := open(t)
	p := addOfficer(t, db, 1, program.Ketua, rt14.String())
	lurah, city := addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan), addOfficer(t, db, 3, program.City, program.CityCode)
	var ticket Ticket
	update(t, db, func(tx *Tx) (err error) {
		ticket, err = tx.OpenTicket(TicketErase, "", p, "")
		return errors.Join(err, tx.giveOffice(p.ID, program.Office{Role: program.Lurah, Place: rt15.Kelurahan}, time.Time{}))
	})
	if ticket.Place != rt14.String() {
		t.Errorf("asked at %s", ticket.Place)
	}
	if err := db.Update(t.Context(), func(tx *Tx) error { _, err := tx.CloseTicket(ticket.ID, ActErase, "sudah", lurah, ""); return err }); !errors.Is(err, ErrNoRight) {
		t.Errorf("a lurah erases one of another place: %v", err)
	}
	update(t, db, func(tx *Tx) error {
		wrong, err := tx.OpenTicket(TicketWrong, "", p, "nama saya salah")
		if wrong.Place != program.CityCode {
			t.Errorf("one of two places asks at %s", wrong.Place)
		}
		must(t, err)
		_, err = tx.CloseTicket(ticket.ID, ActErase, "sudah", city, "")
		return err
	})
	view(t, db, func(tx *Tx) error {
		open, err := tx.OpenTickets(program.CityCode, city)
		if len(open) != 0 {
			t.Errorf("%d requests of nobody are left", len(open))
		}
		return err
	})
}
