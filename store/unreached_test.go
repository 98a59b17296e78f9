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
		workers, err := tx.Unreached(third, november, program.Date{})
		if len(workers) != 1 || workers[0].ID != linked[0] {
			t.Errorf("%d of them cannot be told", len(workers))
		}
		return err
	})
	clean(t, db)
}

// TestTellPaid: a payment tells who can be told himself at once, and of all the others of that day the head of the RT when
// the day is over: those of each day, once, until somebody has heard of it, for seven days.
func TestTellPaid(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	link(t, db, ketua)
	link(t, db, lurah)
	ids := paidWorkers(t, db, rt14, 1, 4, program.NewMonth(2026, 11))
	person := worksIn(t, db, ids[0], "linked")
	december := program.NewMonth(2026, 12)
	plan := func() { update(t, db, (*Tx).TellUnheard) }
	told := func(want ...string) {
		t.Helper()
		plan()
		for i, day := range want {
			want[i] = "covered_head:" + rt14.String() + "/2026-12/" + day + ":" + ketua.ID
		}
		if names := noticesOf(t, db, NoticeCoveredHead); !slices.Equal(names, want) {
			t.Errorf("heads: %v, want %v", names, want)
		}
	}
	db.at(1)
	if plan(); count(t, db, "notices") != 0 {
		t.Error("they are told of a list that begins")
	}
	db.opt.Now = func() time.Time { return night } // and in the morning of the same day in UTC, which is another one in Jambi
	paidWorkers(t, db, rt14, 1, 2, december)
	paidWorkers(t, db, rt14, 1, 2, december)
	paidWorkers(t, db, rt15, 9, 1, december)
	paidWorkers(t, db, rt15, 9, 1, december.Add(1)) // whose RT has no head
	if names := noticesOf(t, db, NoticeCovered); !slices.Equal(names, []string{"covered:" + ids[0] + "/2026-12:" + person}) {
		t.Errorf("workers: %v", names)
	}
	told()
	db.opt.Now = func() time.Time { return night.Add(4 * time.Hour) }
	told("2026-11-23")
	update(t, db, func(tx *Tx) error {
		return tx.exec("read it", `UPDATE notices SET state='sent' WHERE kind='covered_head'`)
	})
	paidWorkers(t, db, rt14, 3, 1, december)
	told("2026-11-23")
	db.at(2)
	told("2026-11-23", "2026-11-24")
	view(t, db, func(tx *Tx) error {
		for day, want := range map[int]string{23: ids[1], 24: ids[2]} {
			workers, err := tx.Unreached(rt14, december, program.Date{Year: 2026, Month: 11, Day: day})
			if must(t, err); len(workers) != 1 || workers[0].ID != want {
				t.Errorf("%d of the %dth cannot be told", len(workers), day)
			}
		}
		return nil
	})
	late := addOfficer(t, db, 3, program.Ketua, rt15.String()) // who comes while it is of use
	db.at(6)
	link(t, db, late)
	if names := noticesOf(t, db, NoticeCoveredHead); len(names) != 3 {
		t.Errorf("a head who comes later: %v", names)
	}
	paidWorkers(t, db, rt14, 4, 1, december)
	worksIn(t, db, ids[3], "linked since")
	db.at(7)
	before := noticesOf(t, db, NoticeCoveredHead)
	if plan(); !slices.Equal(noticesOf(t, db, NoticeCoveredHead), before) {
		t.Error("a head is told of who can be told himself by now")
	}
	clean(t, db)
}

// TestParsePaid: the subjects of before a day was named are read still.
func TestParsePaid(t *testing.T) {
	for subject, noted := range map[string]program.Date{rt14.String() + "/2026-12": {}, rt14.String() + "/2026-12/2026-11-23": program.DateOf(today)} {
		rt, until, day, err := ParsePaid(subject)
		if rt != rt14 || until != program.NewMonth(2026, 12) || day != noted || err != nil {
			t.Errorf("%s: %s, %s, %s, %v", subject, rt, until, day, err)
		}
	}
	for _, subject := range []string{"", "x/2026-12", rt14.String(), rt14.String() + "/x", rt14.String() + "/2026-12/", rt14.String() + "/2026-12/x"} {
		if _, _, _, err := ParsePaid(subject); err == nil {
			t.Errorf("%q is read", subject)
		}
	}
}
