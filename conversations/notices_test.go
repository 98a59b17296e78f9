package conversations_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/conversations"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/storetest"
)

// alerted is a city whose lurah has one chat after the other, the newest first, and one notice of an alert that is due.
func alerted(t *testing.T, chats ...string) (c *city, notice, lurah string) {
	t.Helper()
	c = newCity(t)
	phone, _ := program.ParsePhone(people["lurah12"].phone)
	c.change(t, func(tx *store.Tx) error {
		p, err := tx.PersonByPhone(phone)
		if err != nil {
			return err
		}
		lurah = p.ID
		now := tx.Now
		for i, chat := range chats {
			tx.Now = now.Add(-time.Duration(i) * time.Second)
			if err := tx.LinkChat("terminal", chat, p.ID, "contact"); err != nil {
				return err
			}
		}
		tx.Now = now
		rt, _ := program.ParseRTCode("1571071012-RT014")
		return tx.Alert(store.Alert{Kind: store.AlertRefusals, Kelurahan: rt.Kelurahan, RT: rt})
	})
	if err := c.db.View(t.Context(), func(tx *store.Tx) error {
		ids, err := tx.DueNotices("")
		if len(ids) == 1 {
			notice = ids[0]
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return c, notice, lurah
}

func (c *city) change(t *testing.T, change func(*store.Tx) error) {
	t.Helper()
	if err := c.db.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func (c *city) clock() time.Time { return time.Unix(0, c.now.Load()) }

func (c *city) work(id string) error { return c.notices.Work(context.Background(), id, c.clock()) }

func (c *city) notice(t *testing.T, id string) (n store.Notice) {
	t.Helper()
	c.change(t, func(tx *store.Tx) (err error) {
		n, err = tx.TakeNotice(id)
		return err
	})
	return n
}

// reach are the ids of the chats of a person that are not gone.
func (c *city) reach(t *testing.T, person string) string {
	t.Helper()
	var ids []string
	c.change(t, func(tx *store.Tx) error {
		chats, err := tx.Chats(person)
		for _, chat := range chats {
			ids = append(ids, chat.ID)
		}
		return err
	})
	return strings.Join(ids, " ")
}

// TestNoticeEndings: what a channel says of a message decides what becomes of the notice and of the chat. Whatever it is,
// a notice that may have arrived is not sent again.
func TestNoticeEndings(t *testing.T) {
	cause := errors.New("contoh")
	moved := &bot.Address{Channel: "terminal", ID: "new"}
	for name, row := range map[string]struct {
		says  map[string]error // of each chat; nil for those not named
		sent  string           // which chats are tried, in order
		state store.NoticeState
		reach string // the chats afterwards
		err   error
		later string // which are tried the next time
	}{
		"arrives": {sent: "a", state: store.NoticeSent, reach: "a b"},
		"wait":    {says: map[string]error{"a": &bot.SendError{Err: cause, RetryAfter: time.Minute}}, sent: "a", state: store.NoticeDue, reach: "a b", err: store.Again{After: time.Minute}, later: "a"},
		"sure not sent": {says: map[string]error{"a": &bot.SendError{Err: cause}}, sent: "a", state: store.NoticeDue, reach: "a b",
			err: errors.New("the notice was not sent"), later: "a"},
		"unclear":          {says: map[string]error{"a": &bot.SendError{Err: cause, Unclear: true}}, sent: "a", state: store.NoticeUnclear, reach: "a b"},
		"unclear and wait": {says: map[string]error{"a": &bot.SendError{Err: cause, Unclear: true, RetryAfter: time.Minute}}, sent: "a", state: store.NoticeUnclear, reach: "a b"},
		"unknown":          {says: map[string]error{"a": cause}, sent: "a", state: store.NoticeUnclear, reach: "a b"},
		"refused":          {says: map[string]error{"a": &bot.SendError{Err: cause, Refused: true}}, sent: "a", state: store.NoticeDead, reach: "a b"},
		"gone":             {says: map[string]error{"a": &bot.SendError{Err: cause, Gone: true}}, sent: "a b", state: store.NoticeSent, reach: "b"},
		"all gone": {says: map[string]error{"a": &bot.SendError{Err: cause, Gone: true}, "b": &bot.SendError{Err: cause, Gone: true}},
			sent: "a b", state: store.NoticeDead, reach: ""},
		"gone, then wait": {says: map[string]error{"a": &bot.SendError{Err: cause, Gone: true}, "b": &bot.SendError{Err: cause, RetryAfter: time.Second}},
			sent: "a b", state: store.NoticeDue, reach: "b", err: store.Again{After: time.Second}, later: "b"},
		"moved":          {says: map[string]error{"a": &bot.SendError{Err: cause, MovedTo: moved}}, sent: "a new", state: store.NoticeSent, reach: "new b"},
		"moved and gone": {says: map[string]error{"a": &bot.SendError{Err: cause, MovedTo: moved}, "new": &bot.SendError{Err: cause, Gone: true}}, sent: "a new b", state: store.NoticeSent, reach: "b"},
		"moved for ever": {says: map[string]error{"a": &bot.SendError{Err: cause, MovedTo: moved}, "new": &bot.SendError{Err: cause, MovedTo: moved}}, sent: "a new b", state: store.NoticeSent, reach: "new b"},
	} {
		t.Run(name, func(t *testing.T) {
			c, id, lurah := alerted(t, "a", "b")
			var tried []string
			c.notices.Send = func(_ context.Context, m bot.Message) error {
				if !m.Unprompted || !strings.Contains(m.Text, "RT 14 Kenali Asam") || m.To.Channel != "terminal" {
					t.Errorf("message %+v", m)
				}
				tried = append(tried, m.To.ID)
				return row.says[m.To.ID]
			}
			if err := c.work(id); fmt.Sprint(err) != fmt.Sprint(row.err) {
				t.Errorf("error %v, want %v", err, row.err)
			}
			if got := strings.Join(tried, " "); got != row.sent {
				t.Errorf("tried %s, want %s", got, row.sent)
			}
			if n := c.notice(t, id); n.State != row.state {
				t.Errorf("it is %s, want %s", n.State, row.state)
			}
			if got := c.reach(t, lurah); got != row.reach {
				t.Errorf("reachable in %q, want %q", got, row.reach)
			}
			tried = nil
			c.now.Add(int64(time.Hour))
			_ = c.work(id)
			if got := strings.Join(tried, " "); got != row.later {
				t.Errorf("the next time tried %q, want %q", got, row.later)
			}
		})
	}
}

// TestNoticeIsSentOnce: several workers take one notice at the same moment.
func TestNoticeIsSentOnce(t *testing.T) {
	c, id, _ := alerted(t, "a")
	var sent atomic.Int64
	c.notices.Send = func(context.Context, bot.Message) error {
		sent.Add(1)
		return nil
	}
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			if err := c.work(id); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	if n := c.notice(t, id); sent.Load() != 1 || n.State != store.NoticeSent {
		t.Errorf("sent %d times, %s", sent.Load(), n.State)
	}
}

// TestNoticeOfADeadProcess: it died before the send or after it; nobody knows, so it is not sent again, and check names it.
func TestNoticeOfADeadProcess(t *testing.T) {
	for point, want := range map[string]int{conversations.AtSending: 0, conversations.AtTold: 1} {
		t.Run(point, func(t *testing.T) {
			c, id, _ := alerted(t, "a")
			c.notices.At = func(at string) {
				if at == point {
					panic("killed")
				}
			}
			func() {
				defer func() { _ = recover() }()
				_ = c.work(id)
				t.Error("the point was not passed")
			}()
			c.notices.At = nil
			for range 2 {
				if err := c.work(id); err != nil {
					t.Error(err)
				}
			}
			if n := c.notice(t, id); n.State != store.NoticeUnclear {
				t.Errorf("it is %s", n.State)
			}
			if got := len(c.said.Read(bot.Address{Channel: "terminal", ID: "a"})); got != want {
				t.Errorf("sent %d times, want %d", got, want)
			}
			if _, err := c.do([]string{"check"}); err == nil || !strings.Contains(err.Error(), "unclear") {
				t.Errorf("check: %v", err)
			}
		})
	}
}

// TestNoticeThatNoLongerHolds: at the moment of sending the official must hold the office, the alert must be about
// somebody, and it must not be too late, nor night.
func TestNoticeThatNoLongerHolds(t *testing.T) {
	for name, row := range map[string]struct {
		before func(*city, *testing.T)
		state  store.NoticeState
		err    error
	}{
		"out of office": {func(c *city, t *testing.T) {
			if _, err := c.do([]string{"retire", "lurah12"}); err != nil {
				t.Fatal(err)
			}
		}, store.NoticeExpired, nil},
		"all chats gone": {func(c *city, t *testing.T) {
			c.change(t, func(tx *store.Tx) error { return tx.ChatGone("terminal", "a") })
		}, store.NoticeDead, nil},
		"too late":  {func(c *city, _ *testing.T) { c.now.Add(int64(7*24*time.Hour + time.Second)) }, store.NoticeExpired, nil},
		"night":     {func(c *city, _ *testing.T) { c.now.Add(int64(12 * time.Hour)) }, store.NoticeDue, store.Again{After: 10 * time.Hour}},
		"too early": {func(c *city, _ *testing.T) { c.now.Add(int64(-time.Hour)) }, store.NoticeDue, store.Again{After: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			c, id, _ := alerted(t, "a")
			row.before(c, t)
			if err := c.work(id); fmt.Sprint(err) != fmt.Sprint(row.err) {
				t.Errorf("error %v, want %v", err, row.err)
			}
			if n := c.notice(t, id); n.State != row.state {
				t.Errorf("it is %s, want %s", n.State, row.state)
			}
			if m := c.said.Read(bot.Address{Channel: "terminal", ID: "a"}); len(m) != 0 {
				t.Error("it was sent")
			}
		})
	}
	t.Run("the registration was taken back", func(t *testing.T) {
		c, _, _ := alerted(t, "a")
		k := hire("ketua14", 1)[0]
		said := append(answers(1), "simpan")
		said[7] = "pemkot"
		for _, said := range append(said, "salah input", "ya") {
			c.send(t, k.says(said, start))
			c.lanes.Wait()
		}
		if err := c.due(t.Context(), c.clock()); err != nil {
			t.Fatal(err)
		}
		if m := c.said.Read(bot.Address{Channel: "terminal", ID: "a"}); len(m) != 1 || strings.Contains(m[0].Text, "ditahan") {
			t.Errorf("%d messages: %v", len(m), m)
		}
	})
}

// TestGoneChatIsBack: somebody who blocked the bot and writes again is told what comes after.
func TestGoneChatIsBack(t *testing.T) {
	c, _, lurah := alerted(t, "a")
	c.change(t, func(tx *store.Tx) error { return tx.ChatGone("terminal", "a") })
	c.send(t, bot.Update{ID: "1", From: bot.Address{Channel: "terminal", ID: "a"}, Text: "halo", At: start})
	c.lanes.Wait()
	if got := c.reach(t, lurah); got != "a" {
		t.Errorf("reachable in %q", got)
	}
}

// TestPlanGoesOn: a duty that fails each time is told, and the others are done.
func TestPlanGoesOn(t *testing.T) {
	c, id, lurah := alerted(t, "a")
	c.change(t, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO talks(id, person, place, channel, address, official, role, area, opened_at, until)
			VALUES('broken', $1, '1571', 'terminal', 'not sealed', $1, 'lurah', '1571071012', 0, 0)`, lurah)
		return err
	})
	c.now.Add(int64(8 * 24 * time.Hour))
	if err := c.notices.Plan(t.Context(), c.clock()); err == nil {
		t.Error("it tells nothing of what failed")
	}
	if n := c.notice(t, id); n.State != store.NoticeExpired {
		t.Errorf("it is %s still", n.State)
	}
}

// TestAlertWords: rule 44. Every kind of alert and every reason has its words, in each language, with RT, kelurahan and number.
func TestAlertWords(t *testing.T) {
	c, _, _ := alerted(t, "a")
	rt, _ := program.ParseRTCode("1571071012-RT014")
	kinds := []store.Alert{{Kind: store.AlertDuplicate}, {Kind: store.AlertRefusals}, {Kind: store.AlertOutside}}
	for _, reason := range []string{store.ReasonElsewhere, store.ReasonTooYoung} {
		kinds = append(kinds, store.Alert{Kind: store.AlertHeld, Reason: reason})
	}
	for _, verdict := range []program.AgeVerdict{program.AgeTooYoung, program.AgeTooOld} {
		kinds = append(kinds, store.Alert{Kind: store.AlertAge, Reason: string(verdict)})
	}
	c.change(t, func(tx *store.Tx) error {
		for _, a := range kinds {
			a.RT, a.Kelurahan = rt, rt.Kelurahan
			if err := tx.Alert(a); err != nil {
				return err
			}
		}
		return nil
	})
	if err := c.due(t.Context(), c.clock()); err != nil {
		t.Fatal(err)
	}
	said := c.said.Read(bot.Address{Channel: "terminal", ID: "a"})
	if len(said) != 1+len(kinds) {
		t.Fatalf("%d messages for %d alerts", len(said), 1+len(kinds))
	}
	for i, m := range said {
		if !strings.Contains(m.Text, "RT 14 Kenali Asam") || !regexp.MustCompile(fmt.Sprintf(`omor(nya)? %d\b`, i+1)).MatchString(m.Text) || strings.Contains(m.Text, "alert.") {
			t.Errorf("message %d: %s", i+1, m.Text)
		}
	}
}

// TestNoticesAreWorkedAsJobs: in production River hands them over, and what a channel says in its error is not kept.
func TestNoticesAreWorkedAsJobs(t *testing.T) {
	c, id, _ := alerted(t, "a")
	n := 0
	c.workUntilSent(t, 2, func(context.Context, bot.Message) error {
		if n++; n == 1 {
			return &bot.SendError{Err: errors.New("no route to +6281200000012")}
		}
		return nil
	})
	if n := c.notice(t, id); n.State != store.NoticeSent {
		t.Errorf("it is %s", n.State)
	}
	for where, held := range storetest.Content(t, c.Records) {
		if strings.Contains(string(held), "81200000012") {
			t.Errorf("%s holds what the channel said", where)
		}
	}
}

// workUntilSent does jobs as production does, until send was called so often.
func (c *city) workUntilSent(t *testing.T, times int, send func(context.Context, bot.Message) error) {
	t.Helper()
	tried := make(chan struct{}, times)
	c.notices.Send = func(ctx context.Context, m bot.Message) error {
		defer func() { tried <- struct{}{} }()
		return send(ctx, m)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- c.db.Work(ctx, map[store.JobKind]store.Duty{
			store.JobNotice: {Do: func(ctx context.Context, id string) error { return c.notices.Work(ctx, id, c.clock()) }},
			store.JobPlan:   {Do: func(ctx context.Context, _ string) error { return c.notices.Plan(ctx, c.clock()) }, Every: time.Minute},
		})
	}()
	for range times {
		select {
		case <-tried:
		case <-time.After(time.Minute):
			t.Fatal("no job came")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestHushed: what is meant kindly is not sent to who wants to be left alone, even if it was due before; an alert is.
func TestHushed(t *testing.T) {
	c, alert, lurah := alerted(t, "a")
	if _, err := c.do([]string{"member", "Udin", "1571070101800011", "+6281200000501", "2026-12"}); err != nil {
		t.Fatal(err)
	}
	var worker string
	c.change(t, func(tx *store.Tx) error {
		nik, _ := program.ParseNIK("1571070101800011")
		w, _, err := tx.FindNIK(nik)
		worker = w.ID
		if err != nil {
			return err
		}
		_, _, err = tx.PutPerson(store.Person{ID: lurah, Offices: []program.Office{{Role: program.Worker, Place: worker}}})
		return err
	})
	c.change(t, func(tx *store.Tx) error {
		_, err := tx.AddNotice(store.Notice{Name: "ending", Kind: store.NoticeEnding, Subject: worker + "/2026-12", Person: lurah, Due: c.clock(), Until: c.clock().Add(time.Hour)})
		return errors.Join(err, tx.Hush(lurah, true))
	})
	if err := c.due(t.Context(), c.clock()); err != nil {
		t.Fatal(err)
	}
	said := c.said.Read(bot.Address{Channel: "terminal", ID: "a"})
	if len(said) != 1 || !strings.Contains(said[0].Text, "Nomornya") || c.notice(t, alert).State != store.NoticeSent {
		t.Errorf("%d messages", len(said))
	}
}

// TestTalkSurvives: what is passed on waits for what was said before it while that is on its way or has to wait, is not sent
// again when nobody knows whether it arrived, and does not hold up the rest for ever.
func TestTalkSurvives(t *testing.T) {
	c := newCity(t)
	head, lurah := hire("ketua14", 1)[0], hire("lurah12", 1)[0]
	for _, u := range []bot.Update{lurah.says("halo", start), head.says("petugas", start), head.says("ya", start),
		head.says("satu", start), head.says("dua", start), head.says("tiga", start)} {
		c.send(t, u)
		c.lanes.Wait()
	}
	c.said.Read(lurah.addr)
	var ids []string
	c.change(t, func(tx *store.Tx) (err error) {
		ids, err = tx.DueNotices("")
		return err
	})
	if len(ids) != 4 {
		t.Fatalf("%d notices are due", len(ids))
	}
	work := func(i int, want error) {
		t.Helper()
		if err := c.work(ids[i]); fmt.Sprint(err) != fmt.Sprint(want) {
			t.Errorf("notice %d: %v, want %v", i, err, want)
		}
	}
	inTurn := store.Again{After: time.Second}
	work(1, inTurn)
	work(3, inTurn)
	c.notices.Send = func(context.Context, bot.Message) error {
		return &bot.SendError{Err: errors.New("contoh"), RetryAfter: time.Minute}
	}
	work(0, store.Again{After: time.Minute})
	work(1, inTurn)
	c.notices.Send = c.said.Send
	c.now.Add(int64(time.Minute))
	work(0, nil)
	work(2, inTurn)
	c.notices.At = func(at string) {
		if at == conversations.AtTold {
			panic("killed")
		}
	}
	func() {
		defer func() { _ = recover() }()
		_ = c.work(ids[1])
		t.Error("the point was not passed")
	}()
	c.notices.At = nil
	work(2, inTurn)
	work(1, nil) // by another process: it may have arrived
	work(3, inTurn)
	work(2, nil)
	work(3, nil)
	var said []string
	for _, m := range c.said.Read(lurah.addr) {
		said = append(said, m.Text[strings.LastIndex(m.Text, " ")+1:])
	}
	if got := strings.Join(said, " "); got != "saya. satu dua tiga" {
		t.Errorf("the lurah reads %s", got)
	}
	if n := c.notice(t, ids[1]); n.State != store.NoticeUnclear {
		t.Errorf("it is %s", n.State)
	}
}

// TestTalkEndsInItsChat: the person is told of the end where he talks and only there; when that cannot be kept it is tried
// again; and a chat that is somebody else's by then learns nothing.
func TestTalkEndsInItsChat(t *testing.T) {
	c := newCity(t)
	heads, lurah := hire("ketua14", 2), hire("lurah12", 1)[0]
	for _, u := range []bot.Update{lurah.says("halo", start), heads[0].says("daftar pekerja", start), heads[0].says("becak", start),
		heads[0].says("petugas", start), heads[0].says("ya", start), heads[0].says("Bu?", start), heads[1].says("halo", start),
		lurah.says("jawab", start), lurah.says("1", start), lurah.says("ya Pak", start), lurah.says("selesai", start)} {
		c.send(t, u)
		c.lanes.Wait()
	}
	for _, chat := range heads {
		c.said.Read(chat.addr)
	}
	tell := c.notices.Tell
	c.notices.Tell = func(context.Context, bot.Update) error { return errors.New("contoh") }
	if err := c.due(t.Context(), c.clock()); err == nil || !strings.Contains(err.Error(), errNotSent) {
		t.Errorf("an end that could not be told: %v", err)
	}
	c.notices.Tell = tell
	if err := c.due(t.Context(), c.clock()); err != nil {
		t.Error(err)
	}
	said := c.said.Read(heads[0].addr)
	if len(said) != 2 || !strings.HasSuffix(said[0].Text, ": ya Pak") || !strings.Contains(said[1].Text, "Siapa namanya") {
		t.Errorf("where he talks: %v", said)
	}
	if said := c.said.Read(heads[1].addr); len(said) != 0 {
		t.Errorf("in his other chat: %v", said)
	}
	for _, u := range []bot.Update{heads[0].says("petugas", start), heads[0].says("ya", start), lurah.says("jawab", start), lurah.says("1", start), lurah.says("rahasia", start)} {
		c.send(t, u)
		c.lanes.Wait()
	}
	c.said.Read(heads[0].addr)
	c.change(t, func(tx *store.Tx) error {
		phone, _ := program.ParsePhone(people["ketua15"].phone)
		other, err := tx.PersonByPhone(phone)
		return errors.Join(err, tx.LinkChat(heads[0].addr.Channel, heads[0].addr.ID, other.ID, "invite"))
	})
	if err := c.due(t.Context(), c.clock()); err != nil {
		t.Error(err)
	}
	for _, chat := range heads {
		if said := c.said.Read(chat.addr); len(said) != 0 {
			t.Errorf("a chat that is not his any more: %v", said)
		}
	}
}
