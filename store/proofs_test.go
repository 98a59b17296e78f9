package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sahabatrt/program"
)

// prove tries to pass for a worker from a chat.
func prove(db *DB, chat string, nik program.NIK, mother string, remember bool) (w Worker, err error) {
	err = db.Update(context.Background(), func(tx *Tx) (err error) {
		w, err = tx.Prove(newID(), "telegram", chat, nik, mother, remember)
		return err
	})
	return w, err
}

// provable is a city with one worker whose mother's name is recorded, and one whose is not.
func provable(t *testing.T) (db *DB, ketua Person, known Worker) {
	t.Helper()
	db = open(t)
	ketua = addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 10_000_000)
	for n := 1; n <= 2; n++ {
		w := testWorker(t, n)
		w.Phone = testPhone(t, 100+n)
		r, err := register(t, db, w, ketua)
		must(t, err)
		if n == 1 {
			known = r.Worker
			update(t, db, func(tx *Tx) error { return tx.CorrectWorker(known.ID, FieldMother, "Fatimah  binti Contoh", ketua) })
		}
	}
	return db, ketua, known
}

func TestProve(t *testing.T) {
	db, _, known := provable(t)
	if _, err := prove(db, "1", known.NIK, "Aisyah", true); !errors.Is(err, ErrNotProved) {
		t.Errorf("another mother: %v", err)
	}
	if _, err := prove(db, "2", testNIK(t, 2), "", true); !errors.Is(err, ErrNotProved) {
		t.Errorf("no mother recorded, none said: %v", err)
	}
	if _, err := prove(db, "2", testNIK(t, 99), "Fatimah binti Contoh", true); !errors.Is(err, ErrNotProved) {
		t.Errorf("an unknown NIK with somebody's mother: %v", err)
	}
	w, err := prove(db, "1", known.NIK, "fatimah binti contoh.", false)
	if err != nil || w.ID != known.ID {
		t.Fatalf("the right answers, written in another way: %v, %v", w, err)
	}
	view(t, db, func(tx *Tx) error {
		if _, err := tx.PersonByChat("telegram", "1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a borrowed phone was linked: %v", err)
		}
		return nil
	})
	for _, chat := range []string{"1", "3"} { // one person, two chats
		_, err = prove(db, chat, known.NIK, "Fatimah binti Contoh", true)
		must(t, err)
	}
	view(t, db, func(tx *Tx) error {
		one, err := tx.PersonByChat("telegram", "1")
		must(t, err)
		other, err := tx.PersonByChat("telegram", "3")
		must(t, err)
		if one.ID != other.ID || len(one.Offices) != 1 || one.Offices[0] != (program.Office{Role: program.Worker, Place: known.ID}) {
			t.Errorf("linked to %v %v and %v", one, one.Offices, other)
		}
		return nil
	})
	clean(t, db)
}

// TestAnOfficerStaysWhoHeIs: an RT head who knows NIK and mother of his workers does not become one of them.
func TestAnOfficerStaysWhoHeIs(t *testing.T) {
	db, ketua, known := provable(t)
	update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "k", ketua.ID, "contact") })
	_, err := prove(db, "k", known.NIK, "Fatimah binti Contoh", true)
	must(t, err)
	view(t, db, func(tx *Tx) error {
		p, err := tx.PersonByChat("telegram", "k")
		must(t, err)
		if p.ID != ketua.ID || len(p.Offices) != 1 {
			t.Errorf("the chat is %v with %v", p, p.Offices)
		}
		return nil
	})
}

// TestProofLocks (rule 37): three wrong tries at a NIK from any chats lock it for everybody for a day, the right answer
// included, and tell the kelurahan once; an unknown NIK locks in the same way, and tells nobody.
func TestProofLocks(t *testing.T) {
	db, _, known := provable(t)
	for _, nik := range []program.NIK{known.NIK, testNIK(t, 99)} {
		for i := range proofTriesOfNIK {
			if _, err := prove(db, fmt.Sprintf("%s-%d", nik, i), nik, "Aisyah", true); !errors.Is(err, ErrNotProved) {
				t.Fatalf("try %d: %v", i+1, err)
			}
		}
		if _, err := prove(db, "new", nik, "Fatimah binti Contoh", true); !errors.Is(err, ErrProofLocked) {
			t.Errorf("after three wrong tries: %v", err)
		}
	}
	told := func(when string, want int) {
		t.Helper()
		for range 2 {
			update(t, db, (*Tx).TellProofs)
		}
		alerts := alertsOf(t, db, AlertProof)
		if len(alerts) != want || slices.ContainsFunc(alerts, func(a Alert) bool { return a.Worker != known.ID }) {
			t.Errorf("%s: %d alerts, want %d", when, len(alerts), want)
		}
	}
	if early := alertsOf(t, db, AlertProof); len(early) != 0 {
		t.Error("whoever tried waited for the alert")
	}
	told("locked", 1)
	db.opt.Now = func() time.Time { return today.Add(25 * time.Hour) }
	if _, err := prove(db, "new", known.NIK, "Fatimah binti Contoh", true); err != nil {
		t.Errorf("a day later: %v", err)
	}
	told("a day later", 1)
	for range proofTriesOfNIK {
		_, _ = prove(db, newID(), known.NIK, "Aisyah", true)
	}
	told("locked again", 2)
}

// spoken is an engine that notes each statement of a change, so that two changes can be compared.
type spoken struct {
	engine
	said []string
}

type spokenQuerier struct {
	querier
	to *spoken
}

func (s *spoken) update(ctx context.Context, change func(context.Context, querier) (refused, fault error)) (refused, fault error) {
	s.said = nil
	return s.engine.update(ctx, func(ctx context.Context, q querier) (refused, fault error) {
		return change(ctx, spokenQuerier{q, s})
	})
}

func (q spokenQuerier) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	q.to.said = append(q.to.said, query)
	return q.querier.Exec(ctx, query, args...)
}

func (q spokenQuerier) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	q.to.said = append(q.to.said, query)
	return q.querier.Query(ctx, query, args...)
}

func (q spokenQuerier) QueryRow(ctx context.Context, query string, args ...any) Row {
	q.to.said = append(q.to.said, query)
	return q.querier.QueryRow(ctx, query, args...)
}

func (q spokenQuerier) Lock(ctx context.Context, kind, id string) error {
	q.to.said = append(q.to.said, "lock "+kind)
	return q.querier.Lock(ctx, kind, id)
}

func (q spokenQuerier) Enqueue(ctx context.Context, kind JobKind, id string) error {
	q.to.said = append(q.to.said, "enqueue "+string(kind))
	return q.querier.Enqueue(ctx, kind, id)
}

// TestProofsDoTheSameWork: a NIK with another mother, one without a mother's name, one of a registration that ended, and
// one that nobody has take the same statements at each try, up to the one that locks and beyond: the time it takes tells
// nothing. What the lock tells others is said later, while nobody waits.
func TestProofsDoTheSameWork(t *testing.T) {
	db, ketua, known := provable(t)
	ended, err := register(t, db, testWorker(t, 3), ketua)
	must(t, err)
	update(t, db, func(tx *Tx) error { return tx.setState(ended.Worker, program.Stopped) })
	said := &spoken{engine: db.engine}
	db.engine = said
	for try := range proofTriesOfNIK + 2 {
		want := []string(nil)
		for _, nik := range []program.NIK{testNIK(t, 99), known.NIK, testNIK(t, 2), testNIK(t, 3)} {
			if _, err := prove(db, newID(), nik, "Aisyah", true); err == nil {
				t.Fatal("proved")
			}
			if want == nil {
				want = said.said
			}
			if !slices.Equal(said.said, want) {
				t.Errorf("try %d: known and unknown differ:\n%s\nand\n%s", try+1, strings.Join(want, "\n"), strings.Join(said.said, "\n"))
			}
		}
		if len(want) < 4 {
			t.Fatalf("try %d: only %q was heard", try+1, want)
		}
	}
}

// TestProofAttack: one who tries all NIKs of a birth date is stopped by his chat, and with fifty chats by all of them.
func TestProofAttack(t *testing.T) {
	db, _, known := provable(t)
	tries := 0
	for chat := range 50 {
		for i := range 20 {
			_, err := prove(db, fmt.Sprint("attack", chat), testNIK(t, 1000+20*chat+i), "Fatimah", true)
			if errors.Is(err, ErrProofLocked) {
				break
			}
			if !errors.Is(err, ErrNotProved) {
				t.Fatal(err)
			}
			tries++
		}
	}
	if most := db.settings.ProofsAnHour; tries != most {
		t.Errorf("%d tries were answered, want %d", tries, most)
	}
	if _, err := prove(db, "honest", known.NIK, "Fatimah binti Contoh", true); !errors.Is(err, ErrProofLocked) {
		t.Errorf("while the city is under attack: %v", err)
	}
}

func TestProvePhone(t *testing.T) {
	db, ketua, known := provable(t)
	provePhone := func(chat string, phone program.Phone) (w Worker, err error) {
		err = db.Update(t.Context(), func(tx *Tx) (err error) {
			w, err = tx.ProvePhone("telegram", chat, phone)
			return err
		})
		return w, err
	}
	shared, family, head := testWorker(t, 3), testWorker(t, 4), testWorker(t, 5)
	shared.Phone = testPhone(t, 102) // also the second worker's
	family.Phone, family.PhoneOwner = testPhone(t, 104), "family"
	head.Phone = ketua.Phone
	for _, w := range []Worker{shared, family, head} {
		_, err := register(t, db, w, ketua)
		must(t, err)
	}
	for what, phone := range map[string]program.Phone{
		"nobody's": testPhone(t, 999), "two workers'": shared.Phone, "his family's": family.Phone, "the RT head's": ketua.Phone, "none": {},
	} {
		if _, err := provePhone("x", phone); !errors.Is(err, ErrNotProved) {
			t.Errorf("a number that is %s: %v", what, err)
		}
	}
	w, err := provePhone("1", known.Phone)
	if err != nil || w.ID != known.ID {
		t.Fatal(w, err)
	}
	view(t, db, func(tx *Tx) error {
		p, err := tx.PersonByChat("telegram", "1")
		must(t, err)
		if p.Phone != known.Phone || len(p.Offices) != 1 || p.Offices[0].Place != known.ID {
			t.Errorf("linked to %v", p.Offices)
		}
		return nil
	})
}

func alertsOf(t testing.TB, db *DB, kind AlertKind) (found []Alert) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		all, err := tx.Alerts("")
		for _, a := range all {
			if a.Kind == kind {
				found = append(found, a)
			}
		}
		return err
	})
	return found
}
