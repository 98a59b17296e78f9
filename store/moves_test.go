package store

import (
	"errors"
	"testing"
	"time"

	"sahabatrt/program"
)

// TestMove: the new RT asks, the old one decides; cover and history go with the worker, the money of the old RT stays.
func TestMove(t *testing.T) {
	db := open(t)
	giver, taker := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Ketua, rt15.String())
	lurah := addOfficer(t, db, 3, program.Lurah, rt14.Kelurahan)
	setCeiling(t, db, rt14, 2026, 1_000_000)
	setCeiling(t, db, rt15, 2026, 1_000_000)
	r, err := register(t, db, testWorker(t, 1), giver)
	must(t, err)
	ask := func(n int, to program.RT, by Person) error {
		return db.Update(t.Context(), func(tx *Tx) error { return tx.AskMove(testNIK(t, n), to, by) })
	}
	decide := func(id string, yes bool, by Person) error {
		return db.Update(t.Context(), func(tx *Tx) error { _, err := tx.DecideMove(id, yes, by, newID()); return err })
	}
	open := func(area string) (moves []Move) {
		view(t, db, func(tx *Tx) (err error) {
			moves, err = tx.Moves(area)
			return err
		})
		return moves
	}
	for _, c := range []struct {
		what string
		nik  int
		to   program.RT
		by   Person
		want error
	}{
		{"for another RT", 1, rt15, giver, ErrNoRight},
		{"for his own RT", 1, rt14, giver, ErrState},
		{"for a NIK of nobody", 9, rt15, taker, ErrNotFound},
		{"as a lurah", 1, rt15, lurah, ErrNoRight},
		{"", 1, rt15, taker, nil},
		{"a second time", 1, rt15, taker, ErrState},
	} {
		if err := ask(c.nik, c.to, c.by); !errors.Is(err, c.want) {
			t.Errorf("asking %s: %v, want %v", c.what, err, c.want)
		}
	}
	if n := len(open(rt14.String())); n != 1 {
		t.Fatalf("%d moves are asked of the old RT", n)
	}
	if len(open(rt15.String())) != 0 || len(open(rt14.Kelurahan)) != 1 || len(alertsOf(t, db, AlertMove)) != 1 {
		t.Error("the wrong ones are asked")
	}
	id := open(rt14.String())[0].ID
	if err := decide(id, true, taker); !errors.Is(err, ErrNoRight) {
		t.Errorf("the new RT takes him itself: %v", err)
	}
	must(t, decide(id, false, giver))
	must(t, ask(1, rt15, taker))
	must(t, decide(open(rt14.Kelurahan)[0].ID, true, lurah))
	if err := decide(id, true, giver); !errors.Is(err, ErrState) {
		t.Errorf("decided twice: %v", err)
	}
	if a, b := budget(t, db, rt14, 2026), budget(t, db, rt15, 2026); a.Committed != 0 || b.Committed != 0 {
		t.Errorf("promised: %v there, %v here", a.Committed, b.Committed)
	}
	clean(t, db)
	if err := db.Update(t.Context(), func(tx *Tx) error { _, err := tx.Confirm(r.Worker.ID, newID(), giver); return err }); !errors.Is(err, ErrNoRight) {
		t.Errorf("the old RT goes on with him: %v", err)
	}
	update(t, db, func(tx *Tx) error { _, err := tx.Confirm(r.Worker.ID, newID(), taker); return err })
	if a, b := budget(t, db, rt14, 2026), budget(t, db, rt15, 2026); a.Committed != 0 || b.Committed != 33_600 {
		t.Errorf("promised: %v there, %v here", a.Committed, b.Committed)
	}
	clean(t, db)
}

// TestMoveLapses: a move that nobody decides, or whose worker withdraws, lapses, and who asked is told; what is asked about
// a worker goes with him to another kelurahan.
func TestMoveLapses(t *testing.T) {
	db := open(t)
	giver, taker := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Ketua, rt15.String())
	update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "2", taker.ID, byInvite) })
	r, err := register(t, db, testWorker(t, 1), giver)
	must(t, err)
	self := linkWorker(t, db, r.Worker, "5")
	ask := func() error {
		return db.Update(t.Context(), func(tx *Tx) error { return tx.AskMove(testNIK(t, 1), rt15, taker) })
	}
	asked := func() (n int) {
		view(t, db, func(tx *Tx) error {
			moves, err := tx.Moves(rt14.String())
			n = len(moves)
			return err
		})
		return n
	}
	must(t, ask())
	for _, c := range []struct{ days, asked, told int }{{13, 1, 0}, {15, 0, 1}} {
		db.opt.Now = func() time.Time { return today.AddDate(0, 0, c.days) }
		update(t, db, (*Tx).EndMoves)
		if told := dueFor(t, db, NoticeMoved, taker.ID); asked() != c.asked || len(told) != c.told {
			t.Errorf("after %d days %d are asked for, told %q", c.days, asked(), told)
		}
	}
	must(t, ask())
	var ticket Ticket
	update(t, db, func(tx *Tx) (err error) {
		ticket, err = tx.OpenTicket(TicketWithdraw, r.Worker.ID, self, "")
		return err
	})
	if n := asked(); n != 0 {
		t.Errorf("%d are asked for of who withdrew", n)
	}
	if err := ask(); !errors.Is(err, ErrState) {
		t.Errorf("who withdrew is asked for: %v", err)
	}
	lurah := addOfficer(t, db, 3, program.Lurah, rt14.Kelurahan)
	update(t, db, func(tx *Tx) (err error) {
		_, err = tx.CloseTicket(ticket.ID, ActAnswer, "tetap dipakai", lurah, "")
		must(t, err)
		ticket, err = tx.OpenTicket(TicketWrong, r.Worker.ID, self, "nama saya salah")
		return err
	})
	must(t, ask())
	update(t, db, func(tx *Tx) error {
		moves, err := tx.Moves(rt14.String())
		must(t, err)
		must(t, tx.exec("pause, as before a pause ended moves", `UPDATE workers SET paused_at=1`))
		if _, err := tx.DecideMove(moves[0].ID, true, giver, newID()); !errors.Is(err, ErrPaused) {
			t.Errorf("who waits for an answer is moved: %v", err)
		}
		must(t, tx.exec("resume", `UPDATE workers SET paused_at=0`))
		_, err = tx.DecideMove(moves[0].ID, true, giver, newID())
		must(t, err)
		ticket, err = tx.Ticket(ticket.ID)
		if ticket.Place != rt15.String() {
			t.Errorf("the ticket stays at %s", ticket.Place)
		}
		return err
	})
	alerts := alertsOf(t, db, AlertTicket)
	if alerts[0].Kelurahan != rt15.Kelurahan {
		t.Errorf("the alert goes to %s", alerts[0].Kelurahan)
	}
	clean(t, db)
}
