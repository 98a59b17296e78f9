package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sahabatrt/program"
)

// TestHistory: what happened to a record, who did it in which office, the newest first; an official's reading once a day,
// and only to who may know it.
func TestHistory(t *testing.T) {
	db := open(t)
	at := today
	db.opt.Now = func() time.Time { at = at.Add(time.Minute); return at }
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	setCeiling(t, db, rt14, 2026, 1_000_000)
	r, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	self := linkWorker(t, db, r.Worker, "5")
	var ticket Ticket
	for _, do := range []func(tx *Tx) error{
		func(tx *Tx) error { return tx.CorrectWorker(r.Worker.ID, FieldAddress, "Jalan Contoh 7", ketua) },
		func(tx *Tx) error { return tx.NoteReading(lurah, r.Worker.ID) },
		func(tx *Tx) error { return tx.NoteReading(lurah, r.Worker.ID) },
		func(tx *Tx) (err error) {
			ticket, err = tx.OpenTicket(TicketWithdraw, r.Worker.ID, self, "")
			return err
		},
		func(tx *Tx) error {
			_, err := tx.CloseTicket(ticket.ID, ActStop, "sudah", lurah, "")
			return err
		},
		func(tx *Tx) error {
			return tx.EndOffice(ketua.ID, program.Office{Role: program.Ketua, Place: rt14.String()}, "")
		},
	} {
		update(t, db, do)
	}
	told := func(most int, reads bool) (lines []string) {
		view(t, db, func(tx *Tx) error {
			events, err := tx.History(r.Worker.ID, most, reads)
			for _, e := range events {
				lines = append(lines, fmt.Sprint(e.What, e.Field, " ", e.By.Role))
			}
			return err
		})
		return lines
	}
	want := []string{"worker.stop kelurahan", "answer.stop kelurahan", "ticket.withdraw worker", "record.read kelurahan", "worker.correctaddress ketua", "worker.register ketua"}
	got := told(20, true)
	slices.Sort(got[:2]) // of one moment
	slices.Sort(want[:2])
	if !slices.Equal(got, want) {
		t.Errorf("the history is %q, want %q", got, want)
	}
	if got := told(20, false); len(got) != 5 || slices.Contains(got, want[3]) {
		t.Errorf("without who read it: %q", got)
	}
	update(t, db, func(tx *Tx) error { return tx.NoteReading(lurah, rt14.String()) })
	if got := told(20, true); len(got) != 6 || got[0] != "record.read kelurahan" {
		t.Errorf("the list of his RT was read: %q", got)
	}
	if got := told(2, true); len(got) != 2 {
		t.Errorf("the two newest: %q", got)
	}
}
