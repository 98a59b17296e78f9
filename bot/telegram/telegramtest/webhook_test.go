package telegramtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sahabatrt/bot/telegram/telegramtest"
)

// bot is one that is called by webhook: it notes what came and answers as told.
type bot struct {
	mu     sync.Mutex
	got    []string // texts
	at     []time.Time
	answer func(text string) int // nil: 200; 0 breaks the connection
	header http.Header
}

// RoundTrip makes it the transport of a server, so that no socket is needed.
func (b *bot) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	var u update
	if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got, b.at = append(b.got, u.Message.Text), append(b.at, time.Now())
	status := 200
	if b.answer != nil {
		status = b.answer(u.Message.Text)
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Header: b.header, Body: io.NopCloser(strings.NewReader(""))}, nil
}

func (b *bot) texts() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.got, " ")
}

// since returns when it was called, counted from a moment.
func (b *bot) since(start time.Time) []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []time.Duration
	for _, at := range b.at {
		out = append(out, at.Sub(start))
	}
	return out
}

type webhookInfo struct {
	URL       string
	Pending   int    `json:"pending_update_count"`
	Error     string `json:"last_error_message"`
	ErrorDate int64  `json:"last_error_date"`
}

func info(t *testing.T, s *telegramtest.Server) webhookInfo {
	t.Helper()
	return decode[webhookInfo](t, ok(t, s, "getWebhookInfo"))
}

func TestAWebhookOverASocket(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	got := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got <- r.Method + " " + r.Header.Get("Content-Type") + " " + r.Header.Get("X-Telegram-Bot-Api-Secret-Token")
	}))
	defer hook.Close()
	ok(t, s, "setWebhook", "url", hook.URL, "secret_token", "rahasia_1")
	s.User("Contoh").Write("halo")
	if got := <-got; got != "POST application/json rahasia_1" {
		t.Errorf("got %q", got)
	}
}

func TestAWebhookIsRepeatedAfterGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bot{answer: func(text string) int {
			return map[string]int{"halo": 503}[text]
		}}
		s := telegramtest.New(t, telegramtest.Config{Webhooks: b})
		ok(t, s, "setWebhook", "url", "https://contoh.id/hook")
		u := s.User("Contoh")
		start := time.Now()
		u.Write("halo")
		time.Sleep(20 * time.Second)
		if got := fmt.Sprint(b.since(start)); got != "[0s 1s 3s 7s 15s]" {
			t.Errorf("attempts after %v", got)
		}
		if got := info(t, s); got.URL != "https://contoh.id/hook" || got.Pending != 1 || got.Error != "Wrong response from the webhook: 503 Service Unavailable" || got.ErrorDate != start.Add(15*time.Second).Unix() {
			t.Errorf("info: %+v", got)
		}
		b.mu.Lock()
		b.answer = nil
		b.mu.Unlock()
		u.Write("lagi")
		time.Sleep(20 * time.Second)
		if got := b.texts(); got != "halo halo halo halo halo halo lagi" {
			t.Errorf("got %q", got)
		}
		if got := info(t, s); got.Pending != 0 {
			t.Errorf("info: %+v", got)
		}
	})
}

func TestAChatThatFailsHoldsBackNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bot{answer: func(text string) int { return map[bool]int{true: 0, false: 200}[strings.HasPrefix(text, "x")] }}
		s := telegramtest.New(t, telegramtest.Config{Webhooks: b})
		ok(t, s, "setWebhook", "url", "https://contoh.id/hook")
		one, other := s.User("Contoh"), s.User("Lain")
		one.Write("x1")
		one.Write("x2")
		other.Write("a")
		time.Sleep(100 * time.Millisecond)
		other.Write("b")
		time.Sleep(100 * time.Millisecond)
		if got := b.texts(); got != "x1 a b" && got != "a x1 b" {
			t.Errorf("got %q", got)
		}
		if got := info(t, s); got.Pending != 2 || !strings.HasPrefix(got.Error, "Connection failed") {
			t.Errorf("info: %+v", got)
		}
	})
}

func TestABotMaySayWhenItWantsTheWebhookAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bot{answer: func(string) int { return 503 }, header: http.Header{"Retry-After": {"30"}}}
		s := telegramtest.New(t, telegramtest.Config{Webhooks: b})
		ok(t, s, "setWebhook", "url", "https://contoh.id/hook")
		start := time.Now()
		s.User("Contoh").Write("halo")
		time.Sleep(40 * time.Second)
		if got := fmt.Sprint(b.since(start)); got != "[0s 30s]" {
			t.Errorf("attempts after %v", got)
		}
	})
}

func TestPollingAndWebhookExcludeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bot{answer: func(string) int { return 503 }}
		s := telegramtest.New(t, telegramtest.Config{Webhooks: b})
		u := s.User("Contoh")
		u.Write("sebelum")
		poll := make(chan reply)
		go func() { poll <- call(t, s, "getUpdates", "offset", "2000000000", "timeout", "30") }()
		synctest.Wait()
		ok(t, s, "setWebhook", "url", "https://contoh.id/hook")
		refused(t, <-poll, 409, "Conflict: terminated by setWebhook request")
		refused(t, call(t, s, "getUpdates"), 409, "Conflict: can't use getUpdates method while webhook is active")
		u.Write("a")
		u.Write("b")
		time.Sleep(time.Minute)
		ok(t, s, "deleteWebhook")
		if got := texts(updates(t, s)); got != "a b" {
			t.Errorf("what was not delivered waits: got %q", got)
		}
		ok(t, s, "setWebhook", "url", "https://contoh.id/hook")
		ok(t, s, "deleteWebhook", "drop_pending_updates", "true")
		if got := info(t, s); got.URL != "" || got.Pending != 0 {
			t.Errorf("info: %+v", got)
		}
	})
}

func TestWebhooksAreRepeatedAndReordered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bot{}
		s := telegramtest.New(t, telegramtest.Config{Webhooks: b})
		u := s.User("Contoh")
		s.DisturbUpdates(telegramtest.UpdateFaults{Repeat: 1})
		ok(t, s, "setWebhook", "url", "https://contoh.id/hook")
		u.Write("a")
		time.Sleep(time.Second)
		if got := b.texts(); got != "a a" {
			t.Errorf("repeated: %q", got)
		}
		ok(t, s, "deleteWebhook")
		s.DisturbUpdates(telegramtest.UpdateFaults{Reorder: 1})
		u.Write("b")
		u.Write("c")
		ok(t, s, "setWebhook", "url", "https://contoh.id/hook")
		time.Sleep(time.Second)
		if got := b.texts(); got != "a a c b" {
			t.Errorf("reordered: %q", got)
		}
	})
}
