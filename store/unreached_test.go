package store

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"sahabatrt/program"
)

// paidWorkers are n workers of an RT who are paid for until a month, from the given number on.
func paidWorkers(t testing.TB, db *DB, rt program.RT, from, n int, until program.Month) (ids []string) {
	t.Helper()
	update(t, db, func(tx *Tx) error {
		ids = nil
		for i := range n {
			w := testWorker(t, from+i)
			w.RT, w.FirstMonth, w.PaidUntil = rt, program.NewMonth(2026, 10), until
			if _, err := tx.ImportWorker(w, ""); err != nil {
				return err
			}
			listed, err := tx.known(w)
			if err != nil {
				return err
			}
			ids = append(ids, listed.ID)
		}
		return nil
	})
	return ids
}

// worksIn links a chat to whoever is a worker.
func worksIn(t testing.TB, db *DB, worker, chat string) (person string) {
	t.Helper()
	update(t, db, func(tx *Tx) (err error) {
		person, _, err = tx.PutPerson(Person{Name: "Contoh Pekerja", Offices: []program.Office{{Role: program.Worker, Place: worker}}})
		return errors.Join(err, tx.LinkChat("telegram", chat, person, byInvite))
	})
	return person
}

// noticesOf are the names of the notices of a kind.
func noticesOf(t testing.TB, db *DB, kind NoticeKind) (names []string) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		return tx.each("notices", func(row Row) error {
			var name string
			err := row.Scan(&name)
			names = append(names, name)
			return err
		}, `SELECT name FROM notices WHERE kind=$1 ORDER BY name`, string(kind))
	})
	return names
}

// TestTellEndingHeads: who heads an RT, and who stands in for him, is told once in a month of those whose months end and
// whom nobody else can tell; from 14 days before.
func TestTellEndingHeads(t *testing.T) {
	now := time.Date(2026, 11, 15, 3, 0, 0, 0, time.UTC)
	db, err := Open(context.Background(), Options{URL: address(t), Key: testKey, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer db.Close()
	november := program.NewMonth(2026, 11)
	ketua, wakil := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Wakil, rt14.String())
	other, silent := addOfficer(t, db, 3, program.Ketua, rt15.String()), addOfficer(t, db, 4, program.Ketua, "1571071012-RT020")
	third := program.RT{Kelurahan: rt14.Kelurahan, Number: 21}
	none := addOfficer(t, db, 5, program.Ketua, third.String())
	treasurer := addOfficer(t, db, 6, program.Bendahara, rt14.String())
	for i, p := range []Person{ketua, wakil, other, none, treasurer} {
		update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", string(rune('a'+i)), p.ID, "contact") })
	}
	paidWorkers(t, db, rt14, 1, 2, november)
	paidWorkers(t, db, program.RT{Kelurahan: rt14.Kelurahan, Number: 20}, 3, 1, november) // whose ketua has no chat
	linked := paidWorkers(t, db, third, 4, 2, november)                                   // both are told themselves, or paused
	worksIn(t, db, linked[0], "linked")
	update(t, db, func(tx *Tx) error {
		return tx.exec("pause", `UPDATE workers SET paused_at=1 WHERE id=$1`, linked[1])
	})
	paidWorkers(t, db, rt15, 6, 1, program.NewMonth(2026, 12)) // not yet
	plan := func() { update(t, db, (*Tx).TellEndingHeads) }
	plan()
	if names := noticesOf(t, db, NoticeEndingHead); len(names) != 0 {
		t.Errorf("15 days before: %v", names)
	}
	now = now.AddDate(0, 0, 1)
	plan()
	plan()
	want := []string{"ending_head:" + rt14.String() + "/2026-11:" + ketua.ID, "ending_head:" + rt14.String() + "/2026-11:" + wakil.ID}
	slices.Sort(want)
	if names := noticesOf(t, db, NoticeEndingHead); !slices.Equal(names, want) {
		t.Errorf("told: %v, want %v", names, want)
	}
	gone := "chat of a worker that is gone"
	update(t, db, func(tx *Tx) error { // he does not read it any more; and a head has his chat now
		return errors.Join(tx.ChatGone("telegram", "linked"), tx.LinkChat("telegram", "silent", silent.ID, "contact"))
	})
	plan()
	if names := noticesOf(t, db, NoticeEndingHead); len(names) != 4 || !strings.Contains(strings.Join(names, " "), none.ID) || !strings.Contains(strings.Join(names, " "), silent.ID) {
		t.Errorf("%s: %v", gone, names)
	}
	view(t, db, func(tx *Tx) error {
		workers, err := tx.Unreached(third, november)
		if len(workers) != 1 || workers[0].ID != linked[0] {
			t.Errorf("%d of them cannot be told", len(workers))
		}
		return err
	})
	clean(t, db)
}

// TestTellPaid: a payment tells who can be told himself, and of all the others of his RT the head, once for a month.
func TestTellPaid(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	update(t, db, func(tx *Tx) error {
		return errors.Join(tx.LinkChat("telegram", "ketua", ketua.ID, "contact"), tx.LinkChat("telegram", "lurah", lurah.ID, "contact"))
	})
	ids := paidWorkers(t, db, rt14, 1, 3, program.NewMonth(2026, 11))
	person := worksIn(t, db, ids[0], "linked")
	if n := count(t, db, "notices"); n != 0 {
		t.Errorf("%d notices of a list that begins", n)
	}
	for _, month := range []time.Month{11, 12, 12} {
		paidWorkers(t, db, rt14, 1, 3, program.NewMonth(2026, month))
	}
	if names := noticesOf(t, db, NoticeCovered); !slices.Equal(names, []string{"covered:" + ids[0] + "/2026-12:" + person}) {
		t.Errorf("workers: %v", names)
	}
	if names := noticesOf(t, db, NoticeCoveredHead); !slices.Equal(names, []string{"covered_head:" + rt14.String() + "/2026-12:" + ketua.ID}) {
		t.Errorf("heads: %v", names)
	}
	view(t, db, func(tx *Tx) error {
		workers, err := tx.Unreached(rt14, program.NewMonth(2026, 12))
		if len(workers) != 2 || workers[0].ID != ids[1] {
			t.Errorf("%d of them cannot be told", len(workers))
		}
		return err
	})
	clean(t, db)
}
