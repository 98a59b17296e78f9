package telegramtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"sahabatrt/bot/telegram/telegramtest"
)

func TestFaults(t *testing.T) {
	const delivered, lost = true, false
	for _, c := range []struct {
		what  string
		fault telegramtest.Fault
		code  int // 0: no answer
		want  string
		done  bool
	}{
		{"an answer of 502", telegramtest.Fault{Answer: telegramtest.BadGateway}, 502, "Bad Gateway", lost},
		{"delivered, and then 500", telegramtest.Fault{Answer: telegramtest.ServerError, Late: true}, 500, "Internal Server Error", delivered},
		{"cut before it was delivered", telegramtest.Fault{Cut: true}, 0, "", lost},
		{"cut after it was delivered", telegramtest.Fault{Cut: true, Late: true}, 0, "", delivered},
		{"429", telegramtest.Fault{Answer: telegramtest.TooManyRequests(7)}, 429, "Too Many Requests: retry after 7", lost},
		{"blocked", telegramtest.Fault{Answer: telegramtest.Blocked}, 403, "Forbidden: bot was blocked by the user", lost},
		{"deactivated", telegramtest.Fault{Answer: telegramtest.Deactivated}, 403, "Forbidden: user is deactivated", lost},
		{"migrated", telegramtest.Fault{Answer: telegramtest.Migrated(-1001)}, 400, "Bad Request: group chat was upgraded to a supergroup chat", lost},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := telegramtest.New(t, telegramtest.Config{})
			u, other := s.User("Contoh"), s.User("Lain")
			u.Start("")
			other.Start("")
			c.fault.Method, c.fault.Chat, c.fault.Times = "sendMessage", u.ID, 1
			rule := s.Inject(c.fault)
			send := []string{"chat_id", strconv.FormatInt(u.ID, 10), "text", "Halo"}

			ok(t, s, "getMe")
			ok(t, s, "sendMessage", "chat_id", strconv.FormatInt(other.ID, 10), "text", "Halo")
			if rule.Met() != 0 {
				t.Error("it met what it was not meant for")
			}
			r, err := try(t.Context(), s, "sendMessage", send...)
			switch {
			case c.code == 0 && !errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("got %+v, %v; want a cut", r, err)
			case c.code != 0 && err != nil:
				t.Errorf("got %v", err)
			case c.code != 0:
				refused(t, r, c.code, c.want)
			}
			if c.fault.Answer != nil && (r.Parameters.RetryAfter != c.fault.Answer.RetryAfter || r.Parameters.MigrateTo != c.fault.Answer.MigrateTo) {
				t.Errorf("parameters: %+v", r.Parameters)
			}
			if got := len(u.Read()) == 1; got != c.done {
				t.Errorf("delivered: %v, want %v", got, c.done)
			}
			if call := s.Calls("sendMessage")[1]; call.Status != c.code || call.Done != c.done || call.Chat != u.ID {
				t.Errorf("recorded %+v", call)
			}
			ok(t, s, "sendMessage", send...)
			if rule.Met() != 1 {
				t.Errorf("met %d calls", rule.Met())
			}
		})
	}
}

func TestAFaultEndsWhenItIsStopped(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	rule := s.Inject(telegramtest.Fault{Answer: telegramtest.BadGateway})
	refused(t, call(t, s, "getMe"), 502, "Bad Gateway")
	rule.Stop()
	ok(t, s, "getMe")
}

func TestAFaultLetsSomeCallsPassFirst(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	s.Inject(telegramtest.Fault{Method: "getMe", Answer: telegramtest.BadGateway, Skip: 2, Times: 1})
	var got []int
	for range 5 {
		ok(t, s, "getUpdates")
		got = append(got, call(t, s, "getMe").Status)
	}
	if fmt.Sprint(got) != "[200 200 502 200 200]" {
		t.Errorf("got %v", got)
	}
}

func TestChanceIsTheSameForTheSameSeed(t *testing.T) {
	run := func() string {
		s := telegramtest.New(t, telegramtest.Config{Seed: 7})
		s.Inject(telegramtest.Fault{Answer: telegramtest.BadGateway, Chance: 0.2})
		var out strings.Builder
		for range 200 {
			out.WriteString(strconv.Itoa(call(t, s, "getMe").Status / 100))
		}
		return out.String()
	}
	first := run()
	if n := strings.Count(first, "5"); n < 20 || n > 60 {
		t.Errorf("%d of 200 failed, want about 40", n)
	}
	if second := run(); second != first {
		t.Errorf("another run: %s, then %s", first, second)
	}
}

func TestAGatewayAnswersWithAPage(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	s.Inject(telegramtest.Fault{Answer: telegramtest.GatewayPage})
	if status, body := get(t, s.Client(), telegramtest.InProcess+"/bot"+s.Token+"/getMe"); status != 502 || !strings.HasPrefix(body, "<html>") {
		t.Errorf("got %d %q", status, body)
	}
}

func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := telegramtest.New(t, telegramtest.Config{})
		u := s.User("Contoh")
		u.Start("")
		send := []string{"chat_id", strconv.FormatInt(u.ID, 10), "text", "Halo"}
		for _, late := range []bool{false, true} {
			rule := s.Inject(telegramtest.Fault{Delay: 5 * time.Second, Late: late})
			start := time.Now()
			ok(t, s, "sendMessage", send...)
			if got := time.Since(start); got != 5*time.Second {
				t.Errorf("late %v: answered after %v", late, got)
			}
			if got := u.Read()[0].At.Sub(start); got != 5*time.Second && !late || got != 0 && late {
				t.Errorf("late %v: delivered after %v", late, got)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := try(ctx, s, "sendMessage", send...); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("late %v: a caller who gives up: %v", late, err)
			}
			cancel()
			if got := len(u.Read()) == 1; got != late {
				t.Errorf("late %v: delivered to a caller who gave up: %v", late, got)
			}
			rule.Stop()
		}
	})
}

func TestDelaysAddUpAndTheFirstEndDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := telegramtest.New(t, telegramtest.Config{})
		s.Inject(telegramtest.Fault{Delay: time.Second})
		s.Inject(telegramtest.Fault{Answer: telegramtest.BadGateway, Delay: time.Second})
		s.Inject(telegramtest.Fault{Answer: telegramtest.ServerError})
		start := time.Now()
		refused(t, call(t, s, "getMe"), 502, "Bad Gateway")
		if got := time.Since(start); got != 2*time.Second {
			t.Errorf("after %v", got)
		}
	})
}

func TestCutsOnASocketReachTheLibrary(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	bot := library(t, s)
	u := s.User("Contoh")
	u.Start("")
	s.Inject(telegramtest.Fault{Method: "sendMessage", Cut: true, Late: true, Times: 1})
	if _, err := bot.Send(tgbotapi.NewMessage(u.ID, "Halo")); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
	if got := u.Read(); len(got) != 1 || s.Count("sendMessage") != 1 {
		t.Errorf("he sees %v after %d calls", got, s.Count("sendMessage"))
	}
}

func TestLimits(t *testing.T) {
	// One line for each send: at what time to whom, and the pause that is asked for (0: it was taken).
	type send struct {
		at    time.Duration
		to    int // a person; -1 is the group
		pause int
	}
	const s = time.Second
	for _, c := range []struct {
		what   string
		limits telegramtest.Limits
		sends  []send
	}{
		{"a chat takes three at once and then one a second", telegramtest.RealLimits, []send{
			{0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 1}, {999 * time.Millisecond, 0, 1}, {s, 0, 0}, {s, 0, 1}, {2 * s, 0, 0}, {6 * s, 0, 0}, {6 * s, 0, 0}, {6 * s, 0, 0}, {6 * s, 0, 1},
		}},
		{"in all so many in any second", telegramtest.Limits{PerSecond: 2}, []send{
			{0, 0, 0}, {600 * time.Millisecond, 1, 0}, {900 * time.Millisecond, 2, 1}, {s, 2, 0}, {1100 * time.Millisecond, 0, 1}, {1600 * time.Millisecond, 0, 0},
		}},
		{"a group so many in any minute", telegramtest.Limits{GroupPerMinute: 2}, []send{
			{0, -1, 0}, {10 * s, -1, 0}, {20 * s, -1, 40}, {20 * s, 0, 0}, {60 * s, -1, 0}, {61 * s, -1, 9},
		}},
		{"one too many closes everything", telegramtest.Limits{PerSecond: 1, Harsh: 3 * s}, []send{
			{0, 0, 0}, {500 * time.Millisecond, 1, 3}, {s, 2, 3}, {3 * s, 2, 1}, {3500 * time.Millisecond, 2, 0},
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			clock := newClock()
			start := clock.at
			s := telegramtest.New(t, telegramtest.Config{Now: clock.now})
			var to []int64
			for range 3 {
				u := s.User("Contoh")
				u.Start("")
				to = append(to, u.ID)
			}
			g := s.Group("RT 14")
			s.Limit(c.limits)
			for i, send := range c.sends {
				clock.at = start.Add(send.at)
				id := g.ID()
				if send.to >= 0 {
					id = to[send.to]
				}
				r := call(t, s, "sendMessage", "chat_id", strconv.FormatInt(id, 10), "text", "Halo")
				if r.Parameters.RetryAfter != send.pause || r.OK != (send.pause == 0) {
					t.Errorf("send %d, %+v: %+v", i, send, r)
				}
			}
		})
	}
}

func TestHarshLimitsLeaveOnlyGetUpdates(t *testing.T) {
	c := newClock()
	s := telegramtest.New(t, telegramtest.Config{Now: c.now})
	s.Limit(telegramtest.Limits{PerSecond: 1, Harsh: 3 * time.Second})
	u := s.User("Contoh")
	u.Start("")
	send := []string{"chat_id", strconv.FormatInt(u.ID, 10), "text", "Halo"}
	ok(t, s, "sendMessage", send...)
	refused(t, call(t, s, "sendMessage", send...), 429, "Too Many Requests: retry after 3")
	refused(t, call(t, s, "sendChatAction", send[0], send[1], "action", "typing"), 429, "Too Many Requests: retry after 3")
	ok(t, s, "getUpdates")
	c.pass(3 * time.Second)
	ok(t, s, "sendChatAction", send[0], send[1], "action", "typing")
	s.Limit(telegramtest.Limits{})
	for range 50 {
		ok(t, s, "sendMessage", send...)
	}
}

func TestTheRecordOfCalls(t *testing.T) {
	c := newClock()
	s := telegramtest.New(t, telegramtest.Config{Now: c.now})
	u := s.User("Contoh")
	u.Start("")
	send := []string{"chat_id", strconv.FormatInt(u.ID, 10), "text", "Halo"}
	for _, d := range []time.Duration{0, time.Second, 3 * time.Second} {
		c.pass(d)
		ok(t, s, "sendMessage", send...)
	}
	call(t, s, "sendMessage", "chat_id", "99", "text", "Halo")
	if got := s.Gaps(u.ID); len(got) != 2 || got[0] != time.Second || got[1] != 3*time.Second {
		t.Errorf("gaps: %v", got)
	}
	if s.Count("sendMessage") != 4 || len(s.Calls()) != 4 || len(s.Calls("getMe")) != 0 {
		t.Errorf("counts: %d of %d", s.Count("sendMessage"), len(s.Calls()))
	}
	last := s.Calls()[3]
	if last.Status != http.StatusBadRequest || last.Description != "Bad Request: chat not found" || last.Done || last.Params["text"] != "Halo" {
		t.Errorf("the last: %+v", last)
	}
}
