package telegramtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sahabatrt/bot/telegram/telegramtest"
)

func TestOffsets(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Contoh")
	for _, text := range strings.Fields("a b c d e") {
		u.Write(text)
	}
	all := updates(t, s)
	first := all[0].ID
	at := func(n int) string { return strconv.Itoa(first + n) }
	if texts(all) != "a b c d e" || all[4].ID != first+4 {
		t.Fatalf("all: %+v", all)
	}
	for _, c := range []struct {
		what   string
		params []string
		want   string
		left   int
	}{
		{"what is not confirmed comes again", nil, "a b c d e", 5},
		{"a limit gives the oldest", []string{"limit", "2"}, "a b", 5},
		{"an offset confirms what is below it", []string{"offset", at(2)}, "c d e", 3},
		{"what is confirmed does not come back", []string{"offset", at(0)}, "c d e", 3},
		{"a negative offset keeps the newest and forgets the rest", []string{"offset", "-2"}, "d e", 2},
		{"a negative offset that is larger than the queue forgets nothing", []string{"offset", "-9"}, "d e", 2},
		{"an offset above all confirms all", []string{"offset", at(5)}, "", 0},
	} {
		if got := texts(updates(t, s, c.params...)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
		if got := s.Pending(); got != c.left {
			t.Errorf("%s: %d pending, want %d", c.what, got, c.left)
		}
	}
}

func TestUpdatesThatNobodyFetchesAreKeptForADay(t *testing.T) {
	c := newClock()
	s := telegramtest.New(t, telegramtest.Config{Now: c.now})
	u := s.User("Contoh")
	u.Write("lama")
	c.pass(23 * time.Hour)
	u.Write("baru")
	c.pass(2 * time.Hour)
	if got := texts(updates(t, s)); got != "baru" {
		t.Errorf("got %q", got)
	}
}

func TestALongPollAnswersWhenSomethingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := telegramtest.New(t, telegramtest.Config{})
		u := s.User("Contoh")
		start := time.Now()
		go func() {
			time.Sleep(7 * time.Second)
			u.Write("halo")
		}()
		if got := texts(updates(t, s, "timeout", "30")); got != "halo" || time.Since(start) != 7*time.Second {
			t.Errorf("got %q after %v", got, time.Since(start))
		}
		start = time.Now()
		if got := updates(t, s, "timeout", "30", "offset", "2000000000"); len(got) != 0 || time.Since(start) != 30*time.Second {
			t.Errorf("got %v after %v", got, time.Since(start))
		}
		start = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := try(ctx, s, "getUpdates", "timeout", "30"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 300*time.Millisecond {
			t.Errorf("a caller who gives up: %v after %v", err, time.Since(start))
		}
	})
}

// A bot that is killed leaves its poll behind: the next one is not in its way.
func TestAPollEndsWithItsConnection(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithCancel(t.Context())
	s.Inject(telegramtest.Fault{Method: "getMe", Delay: time.Hour})
	arrived := s.Inject(telegramtest.Fault{})
	var calls sync.WaitGroup
	for _, method := range []string{"getUpdates?timeout=50", "getMe"} {
		r := must(http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/bot"+s.Token+"/"+method, nil))
		calls.Go(func() {
			if resp, err := transport.RoundTrip(r); err == nil {
				t.Error("there is an answer")
				resp.Body.Close()
			}
		})
	}
	for arrived.Met() < 2 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	calls.Wait()
	for len(s.Calls()) < 2 { // the test would time out
		time.Sleep(time.Millisecond)
	}
	for _, c := range s.Calls() {
		if c.Status != 0 {
			t.Errorf("recorded %+v", c)
		}
	}
}

func TestTheNewerPollEndsTheOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := telegramtest.New(t, telegramtest.Config{})
		older := make(chan reply)
		go func() { older <- call(t, s, "getUpdates", "timeout", "30") }()
		synctest.Wait()
		newer := make(chan reply)
		go func() { newer <- call(t, s, "getUpdates", "timeout", "30") }()
		refused(t, <-older, 409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
		s.User("Contoh").Write("halo")
		if r := <-newer; !r.OK {
			t.Errorf("the newer: %+v", r)
		}
	})
}

func TestOnlyTheKindsThatWereAskedForCome(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Contoh")
	updates(t, s, "allowed_updates", `["callback_query"]`)
	u.Write("a") // dropped
	updates(t, s)
	u.Write("b") // dropped, too: the list goes on
	updates(t, s, "allowed_updates", `[]`)
	id := u.Write("c")
	u.Edit(id, "d")
	got := updates(t, s)
	if len(got) != 2 || got[0].Message.Text != "c" || got[1].EditedMessage.Text != "d" {
		t.Errorf("got %+v", got)
	}
	refused(t, call(t, s, "getUpdates", "allowed_updates", `["messages"]`), 400, `Bad Request: telegramtest: there is no update of kind "messages"`)
}

func TestUpdatesAreRepeatedOnceAfterTheyWereConfirmed(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	s.DisturbUpdates(telegramtest.UpdateFaults{Repeat: 1})
	u := s.User("Contoh")
	u.Write("a")
	first := updates(t, s)
	u.Write("b")
	got := updates(t, s, "offset", strconv.Itoa(first[0].ID+1))
	if texts(got) != "a b" || got[0].ID != first[0].ID {
		t.Errorf("got %+v", got)
	}
	if got := texts(updates(t, s, "offset", strconv.Itoa(got[1].ID+1))); got != "b" {
		t.Errorf("then %q", got)
	}
	if got := s.Pending(); got != 0 {
		t.Errorf("%d pending", got)
	}
}

func TestUpdatesThatComeTogetherComeInAnotherOrder(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{Seed: 1})
	s.DisturbUpdates(telegramtest.UpdateFaults{Reorder: 1})
	u := s.User("Contoh")
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("%02d", i))
		u.Write(want[i])
	}
	got := strings.Fields(texts(updates(t, s)))
	if slices.Equal(got, want) {
		t.Error("they come in order")
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
