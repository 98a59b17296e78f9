package telegram_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
)

const hookSecret = "rahasia-contoh-0123456789"

const oneUpdate = `{"update_id":7,"message":{"message_id":1,"date":1795399200,"chat":{"id":5,"type":"private"},"from":{"id":5,"is_bot":false,"first_name":"Udin"},"text":"halo"}}`

func TestTheWebhookLetsNobodyElseIn(t *testing.T) {
	w := newWorld(t, nil)
	broken := errors.New("the disk is full")
	for name, c := range map[string]struct {
		method, secret, body string
		keep                 error
		status, kept         int
	}{
		"an update":      {"POST", hookSecret, oneUpdate, nil, 200, 1},
		"not kept":       {"POST", hookSecret, oneUpdate, broken, 503, 1},
		"no secret":      {"POST", "", oneUpdate, nil, 401, 0},
		"wrong secret":   {"POST", hookSecret + "x", oneUpdate, nil, 401, 0},
		"other method":   {"GET", hookSecret, "", nil, 405, 0},
		"too large":      {"POST", hookSecret, `{"update_id":7,"x":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, 0},
		"no JSON":        {"POST", hookSecret, `{"update_id":`, nil, 200, 0},
		"no update":      {"POST", hookSecret, `[]`, nil, 200, 0},
		"an unknown one": {"POST", hookSecret, `{"update_id":8,"moon_phase":{}}`, nil, 200, 0},
	} {
		t.Run(name, func(t *testing.T) {
			kept := 0
			h := w.tg.Webhook(hookSecret, func(_ context.Context, in []bot.Update) error { kept += len(in); return c.keep })
			r := httptest.NewRequest(c.method, "/telegram", strings.NewReader(c.body))
			if c.secret != "" {
				r.Header.Set("X-Telegram-Bot-Api-Secret-Token", c.secret)
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != c.status || kept != c.kept {
				t.Errorf("status %d, %d kept; want %d, %d", rec.Code, kept, c.status, c.kept)
			}
		})
	}
}

func TestAWebhookWithoutASecretIsShut(t *testing.T) {
	w := newWorld(t, nil)
	for _, secret := range []string{"", "short", "with blanks in it 0123456789"} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(oneUpdate))
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
		rec := httptest.NewRecorder()
		w.tg.Webhook(secret, func(context.Context, []bot.Update) error { t.Error("let in"); return nil }).ServeHTTP(rec, r)
		if rec.Code != 401 {
			t.Errorf("secret %q: status %d", secret, rec.Code)
		}
		if err := w.tg.SetWebhook(t.Context(), "https://contoh.test/telegram", secret); !errors.Is(err, telegram.ErrSecret) {
			t.Errorf("secret %q is set: %v", secret, err)
		}
	}
}

// TestAWebhookOverTheWire: Telegram delivers, hears 503 while nothing can be kept, and delivers again.
func TestAWebhookOverTheWire(t *testing.T) {
	w := newWorld(t, nil)
	var down atomic.Bool
	got := make(chan bot.Update, 10)
	refused := make(chan struct{}, 10)
	hook := httptest.NewServer(w.tg.Webhook(hookSecret, func(_ context.Context, in []bot.Update) error {
		if down.Load() {
			refused <- struct{}{}
			return errors.New("the disk is full")
		}
		got <- in[0]
		return nil
	}))
	defer hook.Close()
	if err := w.tg.SetWebhook(t.Context(), hook.URL+"/telegram", hookSecret); err != nil {
		t.Fatal(err)
	}
	pak := w.User("Sulaiman Contoh")
	pak.Write("satu")
	if u := <-got; u.Text != "satu" || u.From != at(pak) {
		t.Errorf("came %q", u.Text)
	}
	down.Store(true)
	pak.Write("dua")
	<-refused
	if info, err := w.tg.WebhookInfo(t.Context()); err != nil || info.URL != hook.URL+"/telegram" || info.Pending != 1 {
		t.Errorf("Telegram says %+v, %v", info, err)
	}
	down.Store(false)
	if u := <-got; u.Text != "dua" {
		t.Errorf("came %q", u.Text)
	}
}

// TestEachModeRefusesToRunAgainstTheOther.
func TestEachModeRefusesToRunAgainstTheOther(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	quiet := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer quiet.Close()
	if err := w.tg.SetWebhook(ctx, quiet.URL+"/a", hookSecret); err != nil {
		t.Fatal(err)
	}
	if err := w.tg.Poll(ctx, nil); err == nil || !strings.Contains(err.Error(), "sahabatrt webhook delete") {
		t.Errorf("polling beside a webhook says %v", err)
	}
	if err := w.tg.HoldWebhook(ctx, quiet.URL+"/b", hookSecret); err == nil || !strings.Contains(err.Error(), "TELEGRAM_WEBHOOK_URL") {
		t.Errorf("a webhook beside another says %v", err)
	}
	if err := w.tg.DeleteWebhook(ctx); err != nil {
		t.Fatal(err)
	}
	if info, err := w.tg.WebhookInfo(ctx); err != nil || info.URL != "" {
		t.Errorf("after deleting: %+v, %v", info, err)
	}
}

const hookAddress = "http://127.0.0.1/telegram"

// holding starts to hold the webhook in a bubble; what it returns comes over the channel.
func holding(t *testing.T, w *world) (ended <-chan error, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	out := make(chan error, 1)
	go func() { out <- w.tg.HoldWebhook(ctx, hookAddress, hookSecret) }()
	return out, cancel
}

// TestTheWebhookIsSetWhateverTelegramSaysAtFirst: only what waiting does not mend ends it.
func TestTheWebhookIsSetWhateverTelegramSaysAtFirst(t *testing.T) {
	for _, method := range []string{"getWebhookInfo", "setWebhook"} {
		for name, c := range map[string]struct {
			fault telegramtest.Fault
			ends  bool
		}{
			"bad gateway":  {telegramtest.Fault{Answer: telegramtest.BadGateway}, false},
			"a page":       {telegramtest.Fault{Answer: telegramtest.GatewayPage}, false},
			"cut":          {telegramtest.Fault{Cut: true}, false},
			"too many":     {telegramtest.Fault{Answer: telegramtest.TooManyRequests(1)}, false},
			"no such host": {telegramtest.Fault{Answer: &telegramtest.Answer{Code: 400, Description: "Bad Request: bad webhook: Failed to resolve host"}}, false},
			"wrong token":  {telegramtest.Fault{Answer: &telegramtest.Answer{Code: 401, Description: "Unauthorized"}}, true},
			"no such bot":  {telegramtest.Fault{Answer: &telegramtest.Answer{Code: 404, Description: "Not Found"}}, true},
		} {
			t.Run(name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := inBubble(t, nil)
					c.fault.Method, c.fault.Times = method, 3
					w.Inject(c.fault)
					ended, stop := holding(t, w)
					time.Sleep(10 * time.Second)
					select {
					case err := <-ended:
						if !c.ends || err == nil {
							t.Fatalf("it ends with %v", err)
						}
						return
					default:
					}
					if info, err := w.tg.WebhookInfo(t.Context()); c.ends || err != nil || info.URL != hookAddress {
						t.Errorf("after ten seconds Telegram says %+v, %v; it should have ended: %v", info, err, c.ends)
					}
					stop()
					if err := <-ended; err != nil {
						t.Errorf("told to stop it says %v", err)
					}
				})
			})
		}
	}
}

// TestAWebhookThatIsTakenAwayIsNoticed within a minute, with the words of a start beside another.
func TestAWebhookThatIsTakenAwayIsNoticed(t *testing.T) {
	for name, take := range map[string]func(*testing.T, *telegram.Telegram) error{
		"deleted": func(t *testing.T, tg *telegram.Telegram) error { return tg.DeleteWebhook(t.Context()) },
		"set elsewhere": func(t *testing.T, tg *telegram.Telegram) error {
			return tg.SetWebhook(t.Context(), "http://127.0.0.1/other", hookSecret)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := inBubble(t, nil)
				if err := w.tg.SetWebhook(t.Context(), hookAddress, hookSecret+"2"); err != nil { // its own, of an earlier start
					t.Fatal(err)
				}
				ended, _ := holding(t, w)
				time.Sleep(3 * time.Minute)
				if err := take(t, w.tg); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if err := <-ended; err == nil || !strings.Contains(err.Error(), "sahabatrt webhook set replaces it") || time.Since(began) > time.Minute {
					t.Errorf("after %v it ends with %v", time.Since(began), err)
				}
			})
		})
	}
}

// TestWhatTelegramCouldNotDeliverIsToldOnce in the log and counted.
func TestWhatTelegramCouldNotDeliverIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		var down atomic.Bool
		hook := roundTrip(func(r *http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			if down.Load() {
				rec.Code = http.StatusBadGateway
			}
			return rec.Result(), r.Body.Close()
		})
		srv := telegramtest.New(t, telegramtest.Config{Webhooks: hook})
		w := connect(t, srv, telegramtest.InProcess, srv.Client().Transport, func(o *telegram.Options) { o.Metrics = registry })
		_, stop := holding(t, w)
		failures := func() float64 { return counted(t, registry, "sahabat_telegram_webhook_failures_total") }
		pak := w.User("Sulaiman Contoh")
		time.Sleep(90 * time.Second)
		if n := failures(); n != 0 {
			t.Errorf("%g failures while all is well", n)
		}
		down.Store(true)
		pak.Write("halo")
		time.Sleep(time.Second)
		down.Store(false)
		time.Sleep(10 * time.Minute)
		if n := failures(); n != 1 || strings.Count(w.log.String(), "502 Bad Gateway") != 1 {
			t.Errorf("one failure counts as %g; the log:\n%s", n, w.log)
		}
		stop()
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestTheWebhooksOwnWorkEndsWithTheChannel: what is said in a group goes on after the request was answered.
func TestTheWebhooksOwnWorkEndsWithTheChannel(t *testing.T) {
	w := newWorld(t, func(o *telegram.Options) { o.Private = func(string) string { return "pribadi" } })
	pak := w.User("Sulaiman Contoh")
	g := w.Group("RT 14", pak)
	h := w.tg.Webhook(hookSecret, func(context.Context, []bot.Update) error { return nil })
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(`{"update_id":9,"message":{"message_id":1,"chat":{"id":`),
		strings.NewReader(at(pak.In(g)).ID), strings.NewReader(`,"type":"group"},"from":{"id":5,"language_code":"id"},"text":"/menu"}}`)))
	r.Header.Set("X-Telegram-Bot-Api-Secret-Token", hookSecret)
	ctx, cancel := context.WithCancel(t.Context())
	h.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	cancel()
	within, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if m, err := pak.In(g).Wait(within); err != nil || m.Text != "pribadi" {
		t.Errorf("the group hears %q, %v", m.Text, err)
	}
}
