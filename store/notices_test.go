package store

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"sahabatrt/program"
)

// night is after 20.00 in Jambi.
var night = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

// TestAlertReachesItsOfficials: rule 44. Each lurah of that kelurahan who can be reached gets a notice, by day (rule 25),
// which lasts seven days; nobody else gets one.
func TestAlertReachesItsOfficials(t *testing.T) {
	for _, c := range []struct {
		what     string
		now, due time.Time
	}{{"by day", today, today}, {"at night", night, night.Add(10 * time.Hour)}} {
		t.Run(c.what, func(t *testing.T) {
			db, err := Open(context.Background(), Options{URL: address(t), Key: testKey, Now: func() time.Time { return c.now }, Log: slog.New(slog.DiscardHandler)})
			must(t, err)
			defer db.Close()
			two := []Person{addOfficer(t, db, 1, program.Lurah, rt14.Kelurahan), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)}
			others := []Person{addOfficer(t, db, 3, program.Lurah, rt15.Kelurahan), addOfficer(t, db, 4, program.Ketua, rt14.String())}
			addOfficer(t, db, 5, program.Lurah, rt14.Kelurahan) // without a chat
			gone := addOfficer(t, db, 6, program.Lurah, rt14.Kelurahan)
			update(t, db, func(tx *Tx) error {
				for _, p := range append(append(two, gone), others...) {
					if err := tx.LinkChat("telegram", p.ID, p.ID, "contact"); err != nil {
						return err
					}
				}
				return errors.Join(tx.ChatGone("telegram", gone.ID),
					tx.Alert(Alert{Kind: AlertOutside, Kelurahan: rt14.Kelurahan, RT: rt14, Reason: "paid"}))
			})
			view(t, db, func(tx *Tx) error {
				alerts, err := tx.Alerts("")
				must(t, err)
				var got []string
				must(t, tx.each("notices", func(row Row) error {
					var n Notice
					var due, until int64
					err := row.Scan(&n.Name, &n.Person, &n.Subject, &n.State, &due, &until)
					if n.Name != "alert:"+alerts[0].ID+":"+n.Person || n.Subject != alerts[0].ID || n.State != NoticeDue ||
						due != c.due.UnixMicro() || until != c.now.Add(7*24*time.Hour).UnixMicro() {
						t.Errorf("notice %+v, due %v", n, time.UnixMicro(due))
					}
					got = append(got, n.Person)
					return err
				}, `SELECT name, person, subject, state, due, until FROM notices ORDER BY id`))
				if !slices.Equal(got, []string{two[0].ID, two[1].ID}) {
					t.Errorf("notices for %v", got)
				}
				return nil
			})
			if _, waiting, err := db.Jobs(context.Background()); waiting != 2 || err != nil {
				t.Errorf("%d jobs, %v", waiting, err)
			}
		})
	}
}

// TestAlertsAreNumbered: in each kelurahan from 1, without a gap, also when two are written at the same moment.
func TestAlertsAreNumbered(t *testing.T) {
	db := open(t)
	var together sync.WaitGroup
	for _, rt := range []program.RT{rt14, rt15, rt14, rt15, rt14} {
		together.Go(func() {
			must(t, db.Update(context.Background(), func(tx *Tx) error {
				return tx.Alert(Alert{Kind: AlertRefusals, Kelurahan: rt.Kelurahan, RT: rt})
			}))
		})
	}
	together.Wait()
	view(t, db, func(tx *Tx) error {
		for rt, want := range map[program.RT][]int{rt14: {1, 2, 3}, rt15: {1, 2}} {
			alerts, err := tx.Alerts(rt.Kelurahan)
			must(t, err)
			var got []int
			for _, a := range alerts {
				again, err := tx.AlertOf(a.ID)
				if again != a || err != nil {
					t.Errorf("read as %+v and %+v, %v", a, again, err)
				}
				got = append(got, a.Number)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("numbers %v, want %v", got, want)
			}
		}
		if _, err := tx.AlertOf("none"); !errors.Is(err, ErrNotFound) {
			t.Errorf("no such alert: %v", err)
		}
		return nil
	})
}

// TestNoticeIsWrittenOnce: the same name twice is one notice and one job; a change that is refused writes none.
func TestNoticeIsWrittenOnce(t *testing.T) {
	db, refusal := open(t), errors.New("no")
	p := addOfficer(t, db, 1, program.Lurah, rt14.Kelurahan)
	n := Notice{Name: "contoh:1", Kind: NoticeAlert, Subject: "1", Person: p.ID, Due: today, Until: today.Add(time.Hour)}
	if err := db.Update(context.Background(), func(tx *Tx) error {
		_, err := tx.AddNotice(n)
		return errors.Join(err, refusal)
	}); !errors.Is(err, refusal) {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		update(t, db, func(tx *Tx) error {
			added, err := tx.AddNotice(n)
			if added != want {
				t.Errorf("added %v, want %v", added, want)
			}
			return err
		})
	}
	if _, waiting, err := db.Jobs(context.Background()); waiting != 1 || err != nil {
		t.Errorf("%d jobs, %v", waiting, err)
	}
	var ids []string
	view(t, db, func(tx *Tx) (err error) {
		ids, err = tx.DueNotices("")
		return err
	})
	if len(ids) != 1 {
		t.Fatalf("%d are due", len(ids))
	}
	update(t, db, func(tx *Tx) error {
		got, err := tx.TakeNotice(ids[0])
		if n.ID, n.State = ids[0], NoticeDue; got != n {
			t.Errorf("taken %+v, want %+v", got, n)
		}
		_, err2 := tx.TakeNotice("none")
		if !errors.Is(err2, ErrNotFound) {
			t.Errorf("no such notice: %v", err2)
		}
		return err
	})
}

// TestExpireNotices ends what is past its last moment, and nothing else.
func TestExpireNotices(t *testing.T) {
	db := open(t)
	p := addOfficer(t, db, 1, program.Lurah, rt14.Kelurahan)
	update(t, db, func(tx *Tx) error {
		for name, until := range map[string]time.Time{"over": today.Add(-time.Second), "now": today} {
			if _, err := tx.AddNotice(Notice{Name: name, Person: p.ID, Due: today.Add(-time.Hour), Until: until}); err != nil {
				return err
			}
		}
		return tx.ExpireNotices()
	})
	view(t, db, func(tx *Tx) error {
		var over, now NoticeState
		err := errors.Join(tx.QueryRow(`SELECT state FROM notices WHERE name='over'`).Scan(&over), tx.QueryRow(`SELECT state FROM notices WHERE name='now'`).Scan(&now))
		if over != NoticeExpired || now != NoticeDue {
			t.Errorf("%s and %s", over, now)
		}
		return err
	})
}

// TestChatGone: nothing is sent there until somebody writes again, or the chat is linked anew.
func TestChatGone(t *testing.T) {
	db := open(t)
	p := addOfficer(t, db, 1, program.Ketua, rt14.String())
	chats := func() (n int, gone bool) {
		view(t, db, func(tx *Tx) error {
			all, err := tx.Chats(p.ID)
			n = len(all)
			var err2 error
			err2 = tx.QueryRow(`SELECT gone_at>0 FROM chats`).Scan(&gone)
			return errors.Join(err, err2)
		})
		return n, gone
	}
	for _, back := range []func(*Tx) error{
		func(tx *Tx) error { _, err := tx.Heard("telegram", "1"); return err },
		func(tx *Tx) error { return tx.LinkChat("telegram", "1", p.ID, "contact") },
	} {
		update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "1", p.ID, "contact") })
		update(t, db, func(tx *Tx) error { return tx.ChatGone("telegram", "1") })
		update(t, db, func(tx *Tx) error { return tx.ChatGone("telegram", "1") })
		if n, gone := chats(); n != 0 || !gone {
			t.Errorf("gone %v, %d chats", gone, n)
		}
		update(t, db, back)
		if n, gone := chats(); n != 1 || gone {
			t.Errorf("back: gone %v, %d chats", gone, n)
		}
	}
	update(t, db, func(tx *Tx) error { // of nobody
		return errors.Join(tx.ChatGone("telegram", "2"), tx.ChatBack("telegram", "2"), tx.ChatMoved("telegram", "2", "3"))
	})
	clean(t, db)
}

// TestChatMoved: the person is found and reached under the new address only; who is linked there already stays.
func TestChatMoved(t *testing.T) {
	db := open(t)
	p, other := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Ketua, rt15.String())
	update(t, db, func(tx *Tx) error {
		return errors.Join(tx.LinkChat("telegram", "1", p.ID, "contact"), tx.LinkChat("telegram", "9", other.ID, "contact"),
			tx.ChatMoved("telegram", "1", "-1001"))
	})
	view(t, db, func(tx *Tx) error {
		if got, err := tx.PersonByChat("telegram", "-1001"); got.ID != p.ID || err != nil {
			t.Errorf("at the new address: %v, %v", got, err)
		}
		if _, err := tx.PersonByChat("telegram", "1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("at the old one: %v", err)
		}
		chats, err := tx.Chats(p.ID)
		if len(chats) != 1 || chats[0] != (Chat{"telegram", "-1001"}) {
			t.Errorf("%d chats", len(chats))
		}
		return err
	})
	update(t, db, func(tx *Tx) error { return tx.ChatMoved("telegram", "-1001", "9") })
	view(t, db, func(tx *Tx) error {
		got, err := tx.PersonByChat("telegram", "9")
		if got.ID != other.ID {
			t.Error("somebody's chat became another's")
		}
		return err
	})
	clean(t, db)
}

// TestSettleNotice: what an operator has looked after is named and told no more, once, and only when it was unclear.
func TestSettleNotice(t *testing.T) {
	db := open(t)
	lurah := addOfficer(t, db, 1, program.Lurah, rt14.Kelurahan)
	update(t, db, func(tx *Tx) error {
		must(t, tx.LinkChat("telegram", "1", lurah.ID, "contact"))
		return tx.Alert(Alert{Kind: AlertOutside, Kelurahan: rt14.Kelurahan, RT: rt14, Reason: "paid"})
	})
	var id string
	settle := func() error { return db.Update(t.Context(), func(tx *Tx) error { return tx.SettleNotice(id) }) }
	update(t, db, func(tx *Tx) error {
		ids, err := tx.DueNotices("")
		id = ids[0]
		return err
	})
	if err := settle(); !errors.Is(err, ErrNotFound) {
		t.Errorf("one that is due: %v", err)
	}
	update(t, db, func(tx *Tx) error { return tx.SetNotice(id, NoticeUnclear) })
	if found, err := db.Check(t.Context()); err != nil || len(found) != 1 {
		t.Errorf("check: %v, %v", found, err)
	}
	must(t, settle())
	clean(t, db)
	if err := settle(); !errors.Is(err, ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	update(t, db, func(tx *Tx) error {
		return errors.Join(tx.ChatGone("telegram", "1"), tx.ChatBack("telegram", "1"))
	})
	if n := count(t, db, `notices WHERE state='due'`); n > 0 {
		t.Error("it is told again")
	}
}
