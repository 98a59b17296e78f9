package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"sahabatrt/program"
)

// linkWorker makes a chat of Telegram that of a worker, and returns who he is.
func linkWorker(t testing.TB, db *DB, w Worker, chat string) (p Person) {
	t.Helper()
	update(t, db, func(tx *Tx) error {
		id, err := tx.workerPerson(w, program.Phone{})
		must(t, err)
		must(t, tx.LinkChat("telegram", chat, id, byInvite))
		p, err = tx.Person(id)
		return err
	})
	return p
}

// TestTickets: the same question is one ticket, due in 72 hours; to withdraw stops at once what is done with the record.
func TestTickets(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	r, err := register(t, db, testWorker(t, 1), ketua) // no ceiling: it waits
	must(t, err)
	self := linkWorker(t, db, r.Worker, "5")
	var one, same, other Ticket
	update(t, db, func(tx *Tx) (err error) {
		one, err = tx.OpenTicket(TicketWithdraw, r.Worker.ID, self, "")
		return err
	})
	update(t, db, func(tx *Tx) (err error) {
		same, err = tx.OpenTicket(TicketWithdraw, r.Worker.ID, self, "")
		must(t, err)
		other, err = tx.OpenTicket(TicketWrong, r.Worker.ID, self, "nama saya Contoh")
		return err
	})
	if one.ID != same.ID || one.ID == other.ID || one.Due.Sub(one.At) != 72*time.Hour {
		t.Errorf("%v, %v, %v due after %v", one, same, other, one.Due.Sub(one.At))
	}
	if n := len(alertsOf(t, db, AlertTicket)); n != 2 {
		t.Errorf("%d alerts", n)
	}
	setCeiling(t, db, rt14, 2026, 10_000_000)
	err = db.Update(t.Context(), func(tx *Tx) error { _, err := tx.Confirm(r.Worker.ID, newID(), ketua); return err })
	if !errors.Is(err, ErrState) {
		t.Errorf("money is set aside for who withdrew: %v", err)
	}
	view(t, db, func(tx *Tx) error {
		here, err := tx.OpenTickets(rt14.Kelurahan, lurah)
		must(t, err)
		elsewhere, err := tx.OpenTickets("1571011001", lurah)
		if len(here) != 2 || len(elsewhere) != 0 || here[1].Note != "nama saya Contoh" {
			t.Errorf("%v here, %v elsewhere", here, elsewhere)
		}
		return err
	})
	update(t, db, func(tx *Tx) error {
		if _, err := tx.CloseTicket(one.ID, ActAnswer, "x", ketua, ""); !errors.Is(err, ErrNoRight) {
			t.Errorf("an RT head closes: %v", err)
		}
		if _, err := tx.CloseTicket(one.ID, ActErase, "x", lurah, ""); !errors.Is(err, ErrState) {
			t.Errorf("who withdrew is erased: %v", err)
		}
		closed, err := tx.CloseTicket(one.ID, ActStop, "sudah", lurah, newID())
		if closed.Answer != "sudah" || closed.Closed.IsZero() {
			t.Error(closed)
		}
		must(t, err)
		if _, err := tx.CloseTicket(one.ID, ActAnswer, "x", lurah, ""); !errors.Is(err, ErrState) {
			t.Errorf("closed twice: %v", err)
		}
		return nil
	})
	view(t, db, func(tx *Tx) error {
		w, err := tx.Worker(r.Worker.ID)
		if w.State != program.Stopped {
			t.Errorf("the worker is %s", w.State)
		}
		return err
	})
	clean(t, db)
}

// TestTicketNotes: what somebody says in addition is kept beside what he said, and told to the head of his RT.
func TestTicketNotes(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "1", ketua.ID, byInvite) })
	r, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	self := linkWorker(t, db, r.Worker, "5")
	for _, note := range []string{"nama saya salah", "alamat saya salah", "alamat saya salah"} {
		update(t, db, func(tx *Tx) error { _, err := tx.OpenTicket(TicketWrong, r.Worker.ID, self, note); return err })
	}
	for i := range mostNotes {
		err := db.Update(t.Context(), func(tx *Tx) error {
			_, err := tx.OpenTicket(TicketNotMe, r.Worker.ID, self, fmt.Sprint("catatan ", i))
			return err
		})
		must(t, err)
	}
	if err := db.Update(t.Context(), func(tx *Tx) error { _, err := tx.OpenTicket(TicketNotMe, r.Worker.ID, self, "lagi"); return err }); !errors.Is(err, ErrManyNotes) {
		t.Errorf("one note too many: %v", err)
	}
	view(t, db, func(tx *Tx) error {
		open, err := tx.OpenTickets("", Person{ID: "nobody"})
		open = slices.DeleteFunc(open, func(t Ticket) bool { return t.Kind != TicketWrong })
		if len(open) != 1 || open[0].Note != "nama saya salah\nalamat saya salah" {
			t.Errorf("%d tickets", len(open))
		}
		told, err2 := tx.DueNotices(ketua.ID)
		if len(told) != 2+mostNotes {
			t.Errorf("the head is told %d times", len(told))
		}
		return errors.Join(err, err2)
	})
}

// TestTicketPauses: a record waits as long as one of the tickets for which it waits is open, whatever its worker is linked to by then.
func TestTicketPauses(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	first, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	self := linkWorker(t, db, first.Worker, "5")
	update(t, db, func(tx *Tx) error { return tx.CancelWorker(first.Worker.ID, ketua, "wrong_entry", newID()) })
	now, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	var erase, withdraw Ticket
	update(t, db, func(tx *Tx) (err error) {
		erase, err = tx.OpenTicket(TicketErase, first.Worker.ID, self, "")
		must(t, err)
		withdraw, err = tx.OpenTicket(TicketWithdraw, now.Worker.ID, self, "")
		return errors.Join(err, tx.EndOffice(self.ID, program.Office{Role: program.Worker, Place: now.Worker.ID}, ""))
	})
	for _, c := range []struct {
		answer Ticket
		paused bool // the registration that runs, afterwards
	}{{erase, true}, {withdraw, false}} {
		update(t, db, func(tx *Tx) error { _, err := tx.CloseTicket(c.answer.ID, ActAnswer, "tetap", lurah, ""); return err })
		view(t, db, func(tx *Tx) error {
			w, err := tx.Worker(now.Worker.ID)
			if w.Paused != c.paused {
				t.Errorf("after %v: paused %v", c.answer, w.Paused)
			}
			return err
		})
	}
}

// dueFor are the subjects of the notices of a kind to somebody.
func dueFor(t testing.TB, db *DB, kind NoticeKind, person string) (subjects []string) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		return tx.each("list notices", func(row Row) error {
			var s string
			err := row.Scan(&s)
			subjects = append(subjects, s)
			return err
		}, `SELECT subject FROM notices WHERE kind=$1 AND person=$2 ORDER BY id`, string(kind), person)
	})
	return subjects
}

// TestTicketReminders (rule 38): who does not answer is reminded 24 and 6 hours before the end, the city too from then on,
// and each day after it; nobody twice for the same step, and who asks never.
func TestTicketReminders(t *testing.T) {
	db := open(t)
	lurah, city, ketua := addOfficer(t, db, 1, program.Lurah, rt14.Kelurahan), addOfficer(t, db, 2, program.City, program.CityCode), addOfficer(t, db, 3, program.Ketua, rt14.String())
	for i, p := range []Person{lurah, city, ketua} {
		update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", fmt.Sprint("o", i), p.ID, byInvite) })
	}
	var own, worker Ticket
	r, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	self := linkWorker(t, db, r.Worker, "5")
	update(t, db, func(tx *Tx) (err error) {
		own, err = tx.OpenTicket(TicketErase, "", lurah, "")
		must(t, err)
		worker, err = tx.OpenTicket(TicketErase, r.Worker.ID, self, "")
		return err
	})
	if own.Place != rt14.Kelurahan || own.Worker != "" {
		t.Errorf("the lurah's own ticket is about %q at %q", own.Worker, own.Place)
	}
	for _, at := range []struct {
		hours       float64
		lurah, city []string // what they have been told until then
	}{
		{0, nil, []string{own.ID + "/72"}},
		{47, nil, []string{own.ID + "/72"}},
		{48, []string{worker.ID + "/24"}, []string{own.ID + "/72", own.ID + "/24"}},
		{66, []string{worker.ID + "/24", worker.ID + "/6"}, []string{own.ID + "/72", own.ID + "/24", own.ID + "/6", worker.ID + "/6"}},
		{73, []string{worker.ID + "/24", worker.ID + "/6", worker.ID + "/0"}, nil},
		{97, []string{worker.ID + "/24", worker.ID + "/6", worker.ID + "/0", worker.ID + "/-24"}, nil},
	} {
		db.opt.Now = func() time.Time { return today.Add(time.Duration(at.hours * float64(time.Hour))) }
		for range 2 {
			update(t, db, (*Tx).RemindTickets)
		}
		if told := dueFor(t, db, NoticeTicketDue, lurah.ID); !slices.Equal(told, at.lurah) {
			t.Errorf("after %v hours the lurah was told %q, want %q", at.hours, told, at.lurah)
		}
		if told := dueFor(t, db, NoticeTicketDue, city.ID); at.city != nil && !slices.Equal(slices.Sorted(slices.Values(told)), slices.Sorted(slices.Values(at.city))) {
			t.Errorf("after %v hours the city was told %q, want %q", at.hours, told, at.city)
		}
	}
	update(t, db, func(tx *Tx) error {
		if _, err := tx.CloseTicket(own.ID, ActErase, "sudah", lurah, ""); !errors.Is(err, ErrNoRight) {
			t.Errorf("he answers himself: %v", err)
		}
		open, err := tx.OpenTickets(rt14.Kelurahan, lurah)
		if len(open) != 1 {
			t.Errorf("he is shown %d tickets", len(open))
		}
		must(t, err)
		_, err = tx.CloseTicket(own.ID, ActErase, "sudah", city, "")
		return err
	})
	view(t, db, func(tx *Tx) error {
		p, err := tx.Person(lurah.ID)
		if p.Name != "" || !p.Phone.IsZero() || len(p.Offices) != 0 {
			t.Error("the lurah is still told")
		}
		return err
	})
	clean(t, db)
}

// TestDisown: who says that he is not whom his chat shows is nobody from then on; the worker keeps his other phone, and is
// linked to nobody when there is none.
func TestDisown(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	r, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	self := linkWorker(t, db, r.Worker, "own")
	linkWorker(t, db, r.Worker, "friend")
	for _, c := range []struct {
		chat  string
		holds bool // that the worker is linked, afterwards
	}{{"friend", true}, {"own", false}} {
		update(t, db, func(tx *Tx) error {
			ticket, err := tx.Disown(Chat{"telegram", c.chat}, r.Worker.ID, self)
			must(t, err)
			now, err := tx.PersonByChat("telegram", c.chat)
			if now.ID == self.ID || now.ID != ticket.Person || len(now.Offices) != 0 || now.Name != "" {
				t.Errorf("%s is %v now", c.chat, now)
			}
			must(t, err)
			holds, err := tx.May(self.ID, program.SeeSelf, r.Worker.ID)
			if holds != c.holds {
				t.Errorf("after %s: the worker is linked: %v", c.chat, holds)
			}
			return err
		})
	}
	update(t, db, func(tx *Tx) error {
		if _, err := tx.Disown(Chat{"telegram", "own"}, r.Worker.ID, self); !errors.Is(err, ErrNoRight) {
			t.Errorf("who is not linked: %v", err)
		}
		must(t, tx.LinkChat("telegram", "1", ketua.ID, byPhone))
		ticket, err := tx.Disown(Chat{"telegram", "1"}, "", ketua)
		must(t, err)
		if _, err := tx.LinkByPhone("telegram", "1", ketua.Phone); !errors.Is(err, ErrNotProved) {
			t.Errorf("the number of who disowned it links: %v", err)
		}
		holds, err := tx.May(ketua.ID, program.Register, rt14.String())
		if !holds || ticket.Place != rt14.String() {
			t.Errorf("the office is lost: %v, ticket at %q", !holds, ticket.Place)
		}
		return err
	})
	clean(t, db)
}
