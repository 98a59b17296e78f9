package conversations_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
	"sahabatrt/store/storetest"
)

// caller is somebody with a phone who registers a worker, as soon as he has read or after a pause.
type caller struct {
	*telegramtest.User
	begins  time.Duration // after the others
	pause   time.Duration
	slowest time.Duration // that he waited for an answer
	heard   telegramtest.Message
	again   int // replies that he heard once more
}

// virtually lets so many people register a worker each over Telegram, on a SQLite file, in virtual time: what anything
// costs takes no time, only pauses do. It returns when all are done, and fails when somebody waits for ten minutes.
func virtually(t *testing.T, n int, rate float64, trouble func(*telegramtest.Server, []*caller)) {
	t.Helper()
	if storetest.OnPostgres() {
		t.Skip("in virtual time there are no servers")
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCity(t)
		srv := telegramtest.New(t, telegramtest.Config{QueryAge: time.Hour})
		tg, err := telegram.New(telegram.Options{Token: srv.Token, Endpoint: telegramtest.InProcess, Transport: srv.Client().Transport,
			Rate: rate, Now: time.Now, Log: c.lanes.Log})
		if err != nil {
			t.Fatal(err)
		}
		p := newPhones(t, c, srv)
		var callers []*caller
		for i := range n {
			callers = append(callers, &caller{User: p.arrive(fmt.Sprint("orang", i), people["ketua14"].phone)})
		}
		c.lanes.Channels = map[string]bot.Channel{telegram.Channel: tg}
		p.poll(tg)
		trouble(srv, callers)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var all sync.WaitGroup
		for i, k := range callers {
			all.Go(func() {
				time.Sleep(k.begins)
				if err := k.register(ctx, i+1); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		c.lanes.Wait() // the last reply may come once more
		c.registered(t, n)
		for _, k := range callers {
			k.judge(t, srv)
		}
	})
}

func (k *caller) register(ctx context.Context, nik int) error {
	for _, step := range [][2]string{
		{"daftar pekerja", "Pekerjaannya apa?"}, {"[Tukang becak]", "Siapa namanya"}, {"Orang Contoh", "Berapa NIK"},
		{fmt.Sprintf("157107120980%04d", nik), "Sudah benar?"}, {"[Ya, benar]", "nomor HP"}, {"tidak punya", "tinggal?"},
		{"[Di RT ini]", "pihak lain?"}, {"belum", "berapa bulan"}, {"1 bulan", "Simpan?"}, {"[Simpan]", "✅ Tersimpan"},
	} {
		began := time.Now()
		m, err := k.Talk(ctx, step[0])
		for ; err == nil && k.same(m); m, err = k.Wait(ctx) {
			k.again++
		}
		if err != nil {
			return err
		}
		if !strings.Contains(m.Text, step[1]) {
			return fmt.Errorf("%q is answered by %q", step[0], m.Text)
		}
		k.heard, k.slowest = m, max(k.slowest, time.Since(began))
		time.Sleep(k.pause)
	}
	return nil
}

// same says whether he has heard this already; its buttons may have been taken away meanwhile.
func (k *caller) same(m telegramtest.Message) bool { return m.Text == k.heard.Text }

// judge: a reply was heard again where its delivery was not told, and only there.
func (k *caller) judge(t *testing.T, srv *telegramtest.Server) {
	t.Helper()
	for _, m := range k.Read() {
		if !k.same(m) {
			t.Errorf("nobody asked for %q", m.Text)
		}
		k.again++
	}
	lost := 0
	for _, c := range srv.Calls("sendMessage") {
		if c.Chat == k.Chat() && c.Done && c.Status != http.StatusOK {
			lost++
		}
	}
	if k.again != lost {
		t.Errorf("%d answers of Telegram were lost, and %d replies came again", lost, k.again)
	}
}

// TestABadNetwork: one call in a hundred fails at a gateway, one in two hundred is cut, before it had its effect or after.
func TestABadNetwork(t *testing.T) {
	virtually(t, 200, 0, func(srv *telegramtest.Server, _ []*caller) {
		rules := []*telegramtest.Rule{
			srv.Inject(telegramtest.Fault{Answer: telegramtest.BadGateway, Chance: 0.01}),
			srv.Inject(telegramtest.Fault{Cut: true, Chance: 0.0025}),
			srv.Inject(telegramtest.Fault{Cut: true, Late: true, Chance: 0.0025}),
		}
		t.Cleanup(func() {
			for _, r := range rules {
				if r.Met() == 0 {
					t.Error("nothing went wrong")
				}
			}
		})
	})
}

// TestTooManyForTelegram: two hundred people without a pause, and a bot that sends twice as fast as Telegram takes. Nobody is
// stuck, no reply is lost or comes twice, whether Telegram refuses what is too much or, after one message too many, everything.
func TestTooManyForTelegram(t *testing.T) {
	for name, harsh := range map[string]time.Duration{"soft": 0, "harsh": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			virtually(t, 200, 2*telegram.DefaultRate, func(srv *telegramtest.Server, _ []*caller) {
				limits := telegramtest.RealLimits
				limits.Harsh = harsh
				srv.Limit(limits)
				t.Cleanup(func() {
					if n := refused(srv); n == 0 || n > 500 {
						t.Errorf("%d of %d messages were refused", n, srv.Count("sendMessage"))
					}
				})
			})
		})
	}
}

func refused(srv *telegramtest.Server) (n int) {
	for _, c := range srv.Calls("sendMessage") {
		if c.Status == http.StatusTooManyRequests {
			n++
		}
	}
	return n
}

// TestAChatThatHangs: each call that concerns one chat takes thirty seconds. Whoever else asks hears within one.
func TestAChatThatHangs(t *testing.T) {
	var others []*caller
	virtually(t, 40, telegram.DefaultRate, func(srv *telegramtest.Server, callers []*caller) {
		srv.Inject(telegramtest.Fault{Chat: callers[0].Chat(), Delay: 30 * time.Second, Times: 5})
		others = callers[1:]
		for i, k := range callers {
			k.begins, k.pause = time.Duration(i)*100*time.Millisecond, 4*time.Second
		}
	})
	for _, k := range others {
		if k.slowest > time.Second {
			t.Errorf("somebody else waited %v", k.slowest)
		}
	}
}
