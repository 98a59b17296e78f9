package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sahabatrt/program"
)

// talking is a store whose clock the test sets, with the head of an RT and his lurah, who can both be reached.
func talking(t *testing.T, now *time.Time) (db *DB, head, lurah Person) {
	t.Helper()
	db, err := Open(context.Background(), Options{URL: address(t), Key: testKey, Now: func() time.Time { return *now }, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	head, lurah = addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	update(t, db, func(tx *Tx) error {
		return errors.Join(tx.LinkChat("telegram", "head", head.ID, "contact"), tx.LinkChat("telegram", "lurah", lurah.ID, "contact"))
	})
	return db, head, lurah
}

var headsChat = Chat{"telegram", "head"}

func openTalk(t *testing.T, db *DB, p Person, official string) (talk Talk) {
	t.Helper()
	update(t, db, func(tx *Tx) (err error) {
		talk, err = tx.OpenTalk(p, official, headsChat)
		return err
	})
	return talk
}

// due are the notices that wait or are on their way, "kind to person at moment", by their time.
func due(t *testing.T, db *DB) (list []string) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		return tx.each("notices", func(row Row) error {
			var kind, person string
			var at int64
			err := row.Scan(&kind, &person, &at)
			list = append(list, fmt.Sprintf("%s %s %s", kind, person, time.UnixMicro(at).In(program.WIB).Format("02 15.04")))
			return err
		}, `SELECT kind, person, due FROM notices WHERE state IN ('due', 'sending') ORDER BY due, id`)
	})
	return list
}

// TestCounterpart: the lurah of the place, or the city where he cannot be reached; never a camat, BPJS, oneself, or somebody of
// another place; nobody for who belongs nowhere.
func TestCounterpart(t *testing.T) {
	now := today
	db, head, lurah := talking(t, &now)
	other := addOfficer(t, db, 3, program.Lurah, rt15.Kelurahan)
	far := addOfficer(t, db, 4, program.Ketua, "1571011001-RT001")
	camat, bpjs := addOfficer(t, db, 5, program.Camat, "157107"), addOfficer(t, db, 6, program.BPJS, program.CityCode)
	update(t, db, func(tx *Tx) error {
		return errors.Join(tx.LinkChat("telegram", "3", other.ID, "contact"), tx.LinkChat("telegram", "5", camat.ID, "contact"), tx.LinkChat("telegram", "6", bpjs.ID, "contact"))
	})
	r, err := register(t, db, testWorker(t, 1), head)
	must(t, err)
	worker := addOfficer(t, db, 7, program.Worker, r.Worker.ID)
	with := func(p Person) (official string) {
		view(t, db, func(tx *Tx) error {
			talk, err := tx.Counterpart(p)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if talk.Person != p.ID || talk.Place == "" || !program.May([]program.Office{talk.Office}, program.TakeOver, talk.Place) {
				t.Errorf("%+v", talk)
			}
			official = talk.Official
			return err
		})
		return official
	}
	for name, row := range map[string]struct {
		person Person
		want   string
	}{"an RT head": {head, lurah.ID}, "a worker": {worker, lurah.ID}, "where there is no lurah": {far, ""}, "a lurah": {lurah, ""}, "somebody": {Person{ID: "x"}, ""}} {
		if got := with(row.person); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
	city := addOfficer(t, db, 8, program.City, program.CityCode)
	update(t, db, func(tx *Tx) error {
		return errors.Join(tx.LinkChat("telegram", "8", city.ID, "contact"), tx.ChatGone("telegram", "lurah"))
	})
	for _, p := range []Person{head, worker, far, lurah, camat} {
		if got := with(p); got != city.ID {
			t.Errorf("%v talks with %q, want the city", p.Offices, got)
		}
	}
	if with(city) != "" {
		t.Error("the city talks with itself")
	}
}

// TestTalk: what is said goes to the other one at once, once and in order, also by night; only an official who has not joined
// is left alone until the morning.
func TestTalk(t *testing.T) {
	now := night
	db, head, lurah := talking(t, &now)
	talk := openTalk(t, db, head, lurah.ID)
	if again := openTalk(t, db, head, lurah.ID); again.ID != talk.ID {
		t.Error("the same chat opens a second talk")
	}
	if err := db.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.OpenTalk(head, head.ID, Chat{"telegram", "elsewhere"})
		return err
	}); !errors.Is(err, ErrState) {
		t.Errorf("an official whom he did not agree to: %v", err)
	}
	say := func(by Person, said string) {
		t.Helper()
		update(t, db, func(tx *Tx) error { return tx.PassOn(talk.ID, said, by) })
	}
	say(head, "satu")
	say(head, "dua")
	want := []string{"talk " + lurah.ID + " 24 07.00", "passed_on " + lurah.ID + " 24 07.00", "passed_on " + lurah.ID + " 24 07.00"}
	if got := due(t, db); !slices.Equal(got, want) {
		t.Errorf("due %q, want %q", got, want)
	}
	now = now.Add(time.Hour)
	jobs := func() (n int) {
		_, n, err := db.Jobs(t.Context())
		must(t, err)
		return n
	}
	before := jobs()
	for range 2 { // what was kept for the day goes out at once, and what he knows does not
		update(t, db, func(tx *Tx) error { _, err := tx.JoinTalk(talk.ID, lurah); return err })
		want = []string{"passed_on " + lurah.ID + " 23 22.00", "passed_on " + lurah.ID + " 23 22.00"}
		if got := due(t, db); !slices.Equal(got, want) || jobs() != before+2 {
			t.Errorf("due %q, want %q; %d jobs more", got, want, jobs()-before)
		}
	}
	now = now.Add(time.Hour)
	say(head, "tiga")
	say(lurah, "empat")
	want = append(want, "passed_on "+lurah.ID+" 23 23.00", "passed_on "+head.ID+" 23 23.00")
	if got := due(t, db); !slices.Equal(got, want) {
		t.Errorf("due %q, want %q", got, want)
	}
	update(t, db, func(tx *Tx) error { // in the order in which they were said, each side for itself
		ids, err := tx.DueNotices("")
		must(t, err)
		var heard []string
		for len(ids) > 0 {
			sent := len(ids)
			for _, id := range slices.Backward(slices.Clone(ids)) {
				n, err := tx.TakeNotice(id)
				must(t, err)
				if waits, err := tx.Waits(n); waits || err != nil {
					continue
				}
				l, err := tx.TalkLine(n.Subject)
				must(t, err)
				heard = append(heard, fmt.Sprint(l.Number, l.Said, l.To == lurah.ID))
				must(t, tx.SetNotice(id, NoticeSending))
				if len(heard) == 1 { // while it is on its way
					for _, later := range ids[1:3] {
						n, err := tx.TakeNotice(later)
						must(t, err)
						if waits, err := tx.Waits(n); !waits || err != nil {
							t.Errorf("%v is overtaken (%v)", n.Subject, err)
						}
					}
				}
				must(t, tx.SetNotice(id, NoticeSent))
				ids = slices.DeleteFunc(ids, func(s string) bool { return s == id })
			}
			if len(ids) == sent {
				t.Fatal("all wait for each other")
			}
		}
		if got := strings.Join(heard, " "); got != "4empatfalse 1satutrue 2duatrue 3tigatrue" {
			t.Errorf("heard %s", got)
		}
		return nil
	})
	if told := everything(t, db); !strings.Contains(told, "talk_lines empat") || !strings.Contains(told, "talks head") {
		t.Error("lines and chat are not among what is sealed")
	}
	clean(t, db)
}

// TestTalkRights: only the two of a talk say something in it or end it, while it is open and the official has the right.
func TestTalkRights(t *testing.T) {
	now := today
	db, head, lurah := talking(t, &now)
	stranger := addOfficer(t, db, 3, program.Lurah, rt15.Kelurahan)
	talk := openTalk(t, db, head, lurah.ID)
	try := func(what string, want error, change func(*Tx) error) {
		t.Helper()
		if err := db.Update(t.Context(), change); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	pass := func(by Person) func(*Tx) error { return func(tx *Tx) error { return tx.PassOn(talk.ID, "halo", by) } }
	end := func(by Person) func(*Tx) error { return func(tx *Tx) error { return tx.EndTalk(talk.ID, by) } }
	join := func(by Person) func(*Tx) error {
		return func(tx *Tx) error { _, err := tx.JoinTalk(talk.ID, by); return err }
	}
	try("another lurah joins", ErrNoRight, join(stranger))
	try("the head joins as an official", ErrNoRight, join(head))
	try("another lurah writes", ErrNoRight, pass(stranger))
	try("another lurah ends it", ErrNoRight, end(stranger))
	try("in no talk", ErrNotFound, func(tx *Tx) error { return tx.PassOn("none", "halo", head) })
	try("the official writes", nil, pass(lurah))
	update(t, db, func(tx *Tx) error { return tx.EndOffice(lurah.ID, lurah.Offices[0], "") })
	try("out of office, he writes", ErrNoRight, pass(lurah))
	try("out of office, he joins", ErrNoRight, join(lurah))
	try("he is written to", ErrNoRight, pass(head))
	view(t, db, func(tx *Tx) error {
		lurah, err := tx.Person(lurah.ID)
		must(t, err)
		if with, err := tx.TalksWith(lurah); len(with) != 0 || err != nil {
			t.Errorf("out of office, he is shown %d talks (%v)", len(with), err)
		}
		return nil
	})
	update(t, db, (*Tx).EndTalks)
	try("in a talk that has ended", ErrState, pass(head))
	try("ending it twice", ErrState, end(head))
	view(t, db, func(tx *Tx) error {
		ended, err := tx.Talk(talk.ID)
		if ended.End != TalkByOffice {
			t.Errorf("ended by %q", ended.End)
		}
		return err
	})
	var whats []string
	view(t, db, func(tx *Tx) error {
		return tx.each("audit", func(row Row) error {
			var what, by string
			err := row.Scan(&what, &by)
			whats = append(whats, what+" "+map[string]string{head.ID: "head", lurah.ID: "lurah"}[by])
			return err
		}, `SELECT what, by_person FROM audit WHERE subject=$1 ORDER BY id`, talk.ID)
	})
	if got := strings.Join(whats, ", "); got != "talk.open head, talk.answer lurah, talk.close " {
		t.Errorf("audit: %s", got)
	}
}

// TestTalkEnds: who did not end it is told: after an answer at once, else by day; the official only when he had joined.
func TestTalkEnds(t *testing.T) {
	for name, row := range map[string]struct {
		joined bool
		end    func(tx *Tx, id string, head, lurah Person) error
		want   string
	}{
		"the person":          {true, func(tx *Tx, id string, head, _ Person) error { return tx.EndTalk(id, head) }, "talk_ended lurah 24 07.00"},
		"the person, before":  {false, func(tx *Tx, id string, head, _ Person) error { return tx.EndTalk(id, head) }, ""},
		"the official":        {true, func(tx *Tx, id string, _, lurah Person) error { return tx.EndTalk(id, lurah) }, "talk_ended head 23 21.00"},
		"nobody, in 24 hours": {true, func(tx *Tx, _ string, _, _ Person) error { tx.Now = tx.Now.Add(24 * time.Hour); return tx.EndTalks() }, "talk_ended head 25 07.00, talk_ended lurah 25 07.00"},
		"nobody, a second less": {true, func(tx *Tx, _ string, _, _ Person) error {
			tx.Now = tx.Now.Add(24*time.Hour - time.Second)
			return tx.EndTalks()
		}, ""},
		"the time, as he writes": {true, tellTime, "talk_ended lurah 25 07.00"},
	} {
		t.Run(name, func(t *testing.T) {
			now := night
			db, head, lurah := talking(t, &now)
			talk := openTalk(t, db, head, lurah.ID)
			if row.joined {
				update(t, db, func(tx *Tx) error { _, err := tx.JoinTalk(talk.ID, lurah); return err })
			}
			update(t, db, func(tx *Tx) error { return row.end(tx, talk.ID, head, lurah) })
			var got []string
			for _, n := range due(t, db) {
				if strings.HasPrefix(n, "talk_ended") {
					got = append(got, strings.NewReplacer(head.ID, "head", lurah.ID, "lurah").Replace(n))
				}
			}
			if strings.Join(got, ", ") != row.want {
				t.Errorf("told %q, want %q", got, row.want)
			}
			clean(t, db)
		})
	}
}

// tellTime is what happens when the person writes after the time is up.
func tellTime(tx *Tx, id string, _, _ Person) error {
	tx.Now = tx.Now.Add(24 * time.Hour)
	talk, err := tx.Talk(id)
	if err != nil {
		return err
	}
	return errors.Join(tx.EndTold(talk), tx.EndTalks())
}

// TestOldTalks: the chat is forgotten a week after the end.
func TestOldTalks(t *testing.T) {
	now := today
	db, head, lurah := talking(t, &now)
	talk := openTalk(t, db, head, lurah.ID)
	update(t, db, func(tx *Tx) error { return tx.EndTalk(talk.ID, head) })
	chat := func() (id string) {
		update(t, db, (*Tx).EndTalks)
		view(t, db, func(tx *Tx) error {
			old, err := tx.Talk(talk.ID)
			id = old.Chat.ID
			return err
		})
		return id
	}
	if now = today.Add(7 * 24 * time.Hour); chat() != "head" {
		t.Error("the chat is forgotten too early")
	}
	if now = now.Add(time.Second); chat() != "" {
		t.Error("the chat is still known")
	}
	clean(t, db)
}

// TestTalkingAtOnce: what many say in one talk at the same moment is numbered without a gap.
func TestTalkingAtOnce(t *testing.T) {
	now := today
	db, head, lurah := talking(t, &now)
	talk := openTalk(t, db, head, lurah.ID)
	var together sync.WaitGroup
	for i := range 8 {
		together.Go(func() {
			must(t, db.Update(context.Background(), func(tx *Tx) error { return tx.PassOn(talk.ID, "halo", []Person{head, lurah}[i%2]) }))
		})
	}
	together.Wait()
	view(t, db, func(tx *Tx) error {
		var n, last int
		err := tx.QueryRow(`SELECT COUNT(*), MAX(number) FROM talk_lines WHERE talk=$1`, talk.ID).Scan(&n, &last)
		if n != 8 || last != 8 {
			t.Errorf("%d lines, the last is %d", n, last)
		}
		return err
	})
}
