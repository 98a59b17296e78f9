package bot_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
)

// diary is a memory for one chat that notes what it was asked, and how long after its beginning.
type diary struct {
	memory
	began time.Time
	mu    sync.Mutex
	lines []string
	fault error
}

func (d *diary) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("%v %s", time.Since(d.began).Round(100*time.Millisecond), what))
}

func (d *diary) Accept(_ context.Context, in []bot.Update) ([]*bot.Claim, error) {
	if d.fault != nil {
		return nil, d.fault
	}
	return []*bot.Claim{{Addr: in[0].From, Inbox: in}}, nil
}

func (d *diary) Due(_ context.Context, n int) ([]*bot.Claim, error) {
	d.note(fmt.Sprint("due ", n))
	return nil, d.fault
}

func (d *diary) Close(context.Context) error { d.note("closed"); return nil }

// waiting is a channel whose sends take so long, unless their context ends.
type waiting time.Duration

func (w waiting) Send(ctx context.Context, _ bot.Message) error {
	select {
	case <-time.After(time.Duration(w)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func counted(t *testing.T, d *diary, channel bot.Channel, fail func() error) (*bot.Lanes, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	return &bot.Lanes{Engine: shop(t, fail), Sessions: d, Channels: map[string]bot.Channel{"terminal": channel}, Now: time.Now,
		Log: bottest.Quiet(), Metrics: bot.NewMetrics(registry, time.Now)}, registry
}

// TestRunEndsInOrder: when it is asked to stop the process takes up no chat any more, says that it lives as long as one is
// played, so that nobody takes it over, and gives back the claims at the very end. The end of life hurries it.
func TestRunEndsInOrder(t *testing.T) {
	for name, row := range map[string]struct {
		life time.Duration
		want string
	}{
		"enough time": {time.Hour, "0s due 256, 1s due 256, 2s due 256, 3s due 0, 4s due 0, 4.5s closed"},
		"hurried":     {3200 * time.Millisecond, "0s due 256, 1s due 256, 2s due 256, 3s due 0, 3.2s closed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &diary{began: time.Now()}
				l, _ := counted(t, d, waiting(4500*time.Millisecond), func() error { return nil })
				life, end := context.WithTimeout(t.Context(), row.life)
				defer end()
				ctx, stop := context.WithTimeout(life, 2500*time.Millisecond)
				defer stop()
				if err := l.Accept(ctx, life, []bot.Update{says("1", "halo")}); err != nil {
					t.Fatal(err)
				}
				if err := l.Run(ctx, life); err != nil {
					t.Error(err)
				}
				if got := strings.Join(d.lines, ", "); got != row.want {
					t.Errorf("it went like this: %s, want %s", got, row.want)
				}
			})
		})
	}
}

// TestFault: a refused update or heartbeat is a fault until a heartbeat goes well; an impatient caller is none.
func TestFault(t *testing.T) {
	d := &diary{}
	l, registry := counted(t, d, waiting(0), func() error { return nil })
	down := errors.New("down")
	for _, step := range []struct {
		what  string
		do    func() error
		fault error // of the sessions
		want  error
	}{
		{"at first", func() error { return nil }, nil, nil},
		{"refused", func() error { return l.Accept(t.Context(), t.Context(), []bot.Update{says("1", "halo")}) }, down, down},
		{"heartbeat", func() error { return l.Recover(t.Context()) }, nil, nil},
		{"no heartbeat", func() error { return l.Recover(t.Context()) }, down, down},
		{"again", func() error { return l.Recover(t.Context()) }, nil, nil},
		{"impatient", func() error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return l.Accept(ctx, t.Context(), []bot.Update{says("1", "halo")})
		}, down, nil},
	} {
		d.fault = step.fault
		if err := step.do(); !errors.Is(err, step.fault) {
			t.Errorf("%s: %v", step.what, err)
		}
		if got := l.Fault(); !errors.Is(got, step.want) {
			t.Errorf("%s: %v, want %v", step.what, got, step.want)
		}
	}
	compare(t, registry, `sahabat_updates_refused_total{channel="terminal"} 2`)
}

// TestMetrics: an update is answered once its reply had to be sent twice; another cannot be played, and the reply that
// says so hangs.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channel := &moody{}
		channel.hangs.Store(true)
		l, registry := counted(t, &diary{}, channel, func() error { return errors.New("disk full") })
		accept := func(texts ...string) {
			var in []bot.Update
			for i, text := range texts {
				in = append(in, says(fmt.Sprint(i), text))
			}
			if err := l.Accept(t.Context(), t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		accept("halo")
		l.Wait()
		compare(t, registry, `sahabat_updates_accepted_total{channel="terminal"} 1`,
			`sahabat_replies_total{channel="terminal",result="failed"} 1`, `sahabat_replies_total{channel="terminal",result="sent"} 1`,
			`sahabat_turn_seconds_count{result="played"} 1`, "sahabat_claims_held 0", "sahabat_claim_oldest_seconds 0")

		accept("halo", "Udin")
		time.Sleep(time.Minute) // of it 2 s for three attempts
		synctest.Wait()
		compare(t, registry, "sahabat_claims_held 1", "sahabat_replies_waiting 1", "sahabat_claim_oldest_seconds 58")
		channel.hangs.Store(false)
		l.Wait()
		compare(t, registry, `sahabat_turn_seconds_count{result="failed"} 3`, "sahabat_updates_set_aside_total 1", "sahabat_replies_waiting 0")
	})
}

// moody refuses what comes first, and hangs at what comes fourth while it is told to.
type moody struct {
	sends int
	hangs atomic.Bool
}

func (m *moody) Send(context.Context, bot.Message) error {
	m.sends++
	if m.sends == 1 {
		return errors.New("bad gateway")
	}
	for m.sends == 4 && m.hangs.Load() {
		time.Sleep(90 * time.Second)
	}
	return nil
}

func compare(t *testing.T, registry *prometheus.Registry, lines ...string) {
	t.Helper()
	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	text := page.Body.String()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("the metrics lack %s:%s", line, strings.Join(regexp.MustCompile(`\n[^#_][^#]*_[^#]+ [\d.]+`).FindAllString(text, -1), ""))
		}
	}
}
