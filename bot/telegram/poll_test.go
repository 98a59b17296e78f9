package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
)

// poll polls until the test ends and hands on what comes.
func (w *world) poll(t *testing.T) <-chan bot.Update {
	t.Helper()
	got := make(chan bot.Update, 1000)
	w.polling(t, func(_ context.Context, in []bot.Update) error {
		for _, u := range in {
			got <- u
		}
		return nil
	})
	return got
}

// polling polls until the test ends, without an error.
func (w *world) polling(t *testing.T, accept telegram.Accept) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := w.tg.Poll(ctx, accept); err != nil {
			t.Errorf("polling ended: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); ended.Wait() })
}

// TestNothingIsAcknowledgedBeforeItIsKept: what could not be kept comes again, with what came meanwhile.
func TestNothingIsAcknowledgedBeforeItIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, nil)
		pak := w.User("Sulaiman Contoh")
		pak.Write("satu")
		var tries atomic.Int32
		var kept []string
		w.polling(t, func(_ context.Context, in []bot.Update) error {
			if tries.Add(1) <= 3 {
				return errors.New("the disk is full")
			}
			for _, u := range in {
				kept = append(kept, u.Text)
			}
			return nil
		})
		synctest.Wait()
		if n := w.Pending(); n != 1 {
			t.Errorf("%d updates are left at Telegram, want the one that was not kept", n)
		}
		pak.Write("dua")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if want := []string{"satu", "dua"}; !slices.Equal(kept, want) || w.Pending() != 0 {
			t.Errorf("kept %q after %d tries, %d are left", kept, tries.Load(), w.Pending())
		}
		if !strings.Contains(w.log.String(), "could not be kept") {
			t.Error("the log does not say so")
		}
	})
}

// TestAKeeperThatHangsIsLetGo: polling goes on when accept finds no end.
func TestAKeeperThatHangsIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, nil)
		w.User("Sulaiman Contoh").Write("satu")
		var tries atomic.Int32
		w.polling(t, func(ctx context.Context, _ []bot.Update) error {
			if tries.Add(1) == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		time.Sleep(time.Minute)
		if tries.Load() != 2 || w.Pending() != 0 {
			t.Errorf("%d tries, %d updates are left", tries.Load(), w.Pending())
		}
	})
}

func TestUpdatesThatComeTwiceOrInAnotherOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, nil)
		w.DisturbUpdates(telegramtest.UpdateFaults{Repeat: 1, Reorder: 1})
		var mu sync.Mutex
		times := map[string]int{}
		w.polling(t, func(_ context.Context, in []bot.Update) error {
			mu.Lock()
			defer mu.Unlock()
			for _, u := range in {
				times[u.ID]++
			}
			return nil
		})
		for i := range 250 {
			w.User(fmt.Sprint("Orang Contoh ", i)).Write("halo")
			if i%40 == 0 {
				time.Sleep(time.Second)
			}
		}
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		for id, n := range times {
			if n != 2 { // once, and once more as ordered: the store drops that
				t.Errorf("update %s came %d times", id, n)
			}
		}
		if len(times) != 250 || w.Pending() != 0 {
			t.Errorf("%d of 250 came, %d are left", len(times), w.Pending())
		}
	})
}

// TestPollingRidesOutTrouble: gateways, cut connections, orders to wait, late answers.
func TestPollingRidesOutTrouble(t *testing.T) {
	for name, fault := range map[string]telegramtest.Fault{
		"bad gateway": {Answer: telegramtest.BadGateway},
		"page":        {Answer: telegramtest.GatewayPage},
		"cut":         {Cut: true},
		"answer lost": {Cut: true, Late: true},
		"too many":    {Answer: telegramtest.TooManyRequests(3)},
		"hanging":     {Delay: time.Hour},
		"other":       {Answer: telegramtest.OtherPoller},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := inBubble(t, nil)
				fault.Method, fault.Times = "getUpdates", 3
				w.Inject(fault)
				got := w.poll(t)
				w.User("Sulaiman Contoh").Write("halo")
				time.Sleep(2 * time.Minute)
				if len(got) == 0 || w.Pending() != 0 {
					t.Errorf("%d updates came, %d are left", len(got), w.Pending())
				}
			})
		})
	}
}

// TestPollingEndsWhenWaitingDoesNotHelp, and says what to do.
func TestPollingEndsWhenWaitingDoesNotHelp(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world)
		says  string
	}{
		"wrong token": {func(w *world) {
			w.Inject(telegramtest.Fault{Answer: &telegramtest.Answer{Code: 401, Description: "Unauthorized"}})
		}, "TELEGRAM_TOKEN"},
		"unknown bot": {func(w *world) {
			w.Inject(telegramtest.Fault{Answer: &telegramtest.Answer{Code: 404, Description: "Not Found"}})
		}, "TELEGRAM_TOKEN"},
		"a webhook is set": {func(w *world) { w.Inject(telegramtest.Fault{Answer: telegramtest.WebhookIsSet}) }, "sahabatrt webhook delete"},
		"another poller":   {func(w *world) { w.Inject(telegramtest.Fault{Answer: telegramtest.OtherPoller}) }, "stop the other program"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := inBubble(t, nil)
				c.spoil(w)
				began := time.Now()
				err := w.tg.Poll(t.Context(), func(context.Context, []bot.Update) error { return nil })
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("it says %v", err)
				}
				secret(t, w.Token, fmt.Sprint(err))
				if took := time.Since(began); took > 2*time.Minute {
					t.Errorf("it took %v to say so", took)
				}
			})
		})
	}
}

// TestOnlyTheHolderOfTheLeasePolls, and another one when the lease is his.
func TestOnlyTheHolderOfTheLeasePolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var holder atomic.Int32
		lease := func(me int32) func(context.Context) (bool, error) {
			return func(context.Context) (bool, error) {
				return holder.CompareAndSwap(0, me) || holder.Load() == me, nil
			}
		}
		srv := telegramtest.New(t, telegramtest.Config{})
		var worlds []*world
		var heard [3]atomic.Int32
		for me := int32(1); me <= 2; me++ {
			w := connect(t, srv, telegramtest.InProcess, srv.Client().Transport, func(o *telegram.Options) { o.Lease = lease(me) })
			w.polling(t, func(_ context.Context, in []bot.Update) error {
				heard[me].Add(int32(len(in)))
				return nil
			})
			worlds = append(worlds, w)
		}
		pak := srv.User("Sulaiman Contoh")
		pak.Write("satu")
		time.Sleep(10 * time.Minute)
		for _, w := range worlds {
			if strings.Contains(w.log.String(), "somebody else polls") {
				t.Error("both polled at the same time")
			}
		}
		first := holder.Load()
		holder.Store(3 - first) // it died, and the other one has the lease
		time.Sleep(time.Minute)
		pak.Write("dua")
		time.Sleep(time.Minute)
		if heard[first].Load() != 1 || heard[3-first].Load() != 1 {
			t.Errorf("they heard %d and %d", heard[first].Load(), heard[3-first].Load())
		}
	})
}

// TestInGroupsItSaysOnceThatItWorksInPrivate, in the language of whoever spoke.
func TestInGroupsItSaysOnceThatItWorksInPrivate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, func(o *telegram.Options) {
			o.Rate = telegram.DefaultRate
			o.Private = func(lang string) string { return "pribadi " + lang }
		})
		got := w.poll(t)
		pak := w.User("Sulaiman Contoh")
		g := w.Group("RT 14", pak)
		time.Sleep(time.Minute)
		inside := pak.In(g)
		inside.Write("/menu")
		inside.Write("/menu@contoh_bot")
		time.Sleep(time.Minute)
		if said := inside.Read(); len(said) != 1 || said[0].Text != "pribadi id" {
			t.Errorf("it said %d things:\n%s", len(said), inside.Screen())
		}
		if len(got) > 0 {
			t.Errorf("%d updates of a group are played", len(got))
		}
		g.Kick(pak) // nobody is told any more
		time.Sleep(time.Minute)
	})
}

// TestAGroupThatWasNotReachedIsToldTheNextTime, and one that has moved where it is now.
func TestAGroupThatWasNotReachedIsToldTheNextTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, func(o *telegram.Options) { o.Private = func(string) string { return "pribadi" } })
		pak := w.User("Sulaiman Contoh")
		g := w.Group("RT 14", pak)
		down := w.Inject(telegramtest.Fault{Method: "sendMessage", Answer: telegramtest.BadGateway})
		w.poll(t)
		time.Sleep(time.Minute)
		down.Stop()
		inside := pak.In(g)
		if said := inside.Read(); len(said) != 0 {
			t.Fatalf("it was told all the same:\n%s", inside.Screen())
		}
		for range 2 {
			inside.Write("/menu")
			time.Sleep(time.Minute)
		}
		if said := inside.Read(); len(said) != 1 {
			t.Errorf("it said %d things:\n%s", len(said), inside.Screen())
		}
	})
}

func TestAGroupThatHasMovedIsToldWhereItIsNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, func(o *telegram.Options) { o.Private = func(string) string { return "pribadi" } })
		pak := w.User("Sulaiman Contoh")
		g := w.Group("RT 14", pak)
		g.Migrate()
		w.poll(t)
		time.Sleep(time.Minute)
		inside := pak.In(g)
		inside.Write("/menu")
		time.Sleep(time.Minute)
		if said := inside.Read(); len(said) != 1 || said[0].Text != "pribadi" {
			t.Errorf("it said %d things:\n%s", len(said), inside.Screen())
		}
	})
}

// TestADeathIsCountedOnce, however it comes to be known, and again when he was back meanwhile.
func TestADeathIsCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewPedanticRegistry()
		w := inBubble(t, func(o *telegram.Options) { o.Metrics = registry })
		w.poll(t)
		pak := w.friend("Sulaiman Contoh")
		dead := func(want float64) {
			t.Helper()
			time.Sleep(time.Minute)
			if n := counted(t, registry, "sahabat_telegram_addresses_gone_total"); n != want {
				t.Errorf("%g are dead, want %g", n, want)
			}
		}
		dead(0)
		pak.Block()
		dead(1)
		for range 2 {
			if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Baik."}); err == nil {
				t.Fatal("he hears it")
			}
		}
		dead(1)
		pak.Unblock()
		pak.Write("halo lagi")
		dead(1)
		pak.Block()
		dead(2)
	})
}

func TestWhoBlocksTheBotIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan bot.Address, 10)
		w := inBubble(t, func(o *telegram.Options) { o.Gone = func(_ context.Context, a bot.Address) { gone <- a } })
		got := w.poll(t)
		pak := w.User("Sulaiman Contoh")
		pak.Write("halo")
		time.Sleep(time.Minute)
		pak.Block()
		time.Sleep(time.Minute)
		if len(gone) != 1 || <-gone != at(pak) {
			t.Error("it is not noticed that he blocked the bot")
		}
		pak.Unblock()
		pak.Write("halo lagi")
		time.Sleep(time.Minute)
		if len(gone) > 0 || len(got) != 2 {
			t.Errorf("%d are gone, %d updates came, want those of before and after", len(gone), len(got))
		}
	})
}

func TestWhoComesBackAtOnceIsNotGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, func(o *telegram.Options) {
			o.Gone = func(context.Context, bot.Address) { t.Error("he counts as gone") }
		})
		pak := w.User("Sulaiman Contoh")
		pak.Block()
		pak.Write("salah tekan")
		got := w.poll(t) // all of it comes together
		time.Sleep(time.Minute)
		if len(got) != 1 {
			t.Errorf("%d updates came", len(got))
		}
	})
}

// TestAtTheRealLimits nothing is too much: two hundred people, three messages each.
func TestAtTheRealLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, func(o *telegram.Options) { o.Rate = telegram.DefaultRate })
		limits := telegramtest.RealLimits
		limits.Harsh = 3 * time.Second
		w.Limit(limits)
		var sending sync.WaitGroup
		var people []*telegramtest.User
		for i := range 200 {
			pak := w.friend(fmt.Sprint("Orang Contoh ", i))
			people = append(people, pak)
			sending.Go(func() {
				for range 3 {
					if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Baik."}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		began := time.Now()
		sending.Wait()
		if took := time.Since(began); took > 21*time.Second {
			t.Errorf("600 messages took %v", took)
		}
		for _, pak := range people {
			if n := len(pak.Read()); n != 3 {
				t.Errorf("%d messages of 3", n)
			}
		}
	})
}

// TestTooFastForTelegram: one excess shuts everything for three seconds; what was refused arrives once, and the channel
// does not knock again and again.
func TestTooFastForTelegram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, func(o *telegram.Options) { o.Rate = 60 })
		limits := telegramtest.RealLimits
		limits.Harsh = 3 * time.Second
		w.Limit(limits)
		var sending sync.WaitGroup
		for i := range 200 {
			pak := w.friend(fmt.Sprint("Orang Contoh ", i))
			sending.Go(func() {
				for {
					err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Baik."})
					var se *bot.SendError
					if !errors.As(err, &se) {
						break
					}
					time.Sleep(se.RetryAfter)
				}
				if n := len(pak.Read()); n != 1 {
					t.Errorf("%d messages of 1", n)
				}
			})
		}
		sending.Wait()
		refused := 0
		for _, c := range w.Calls("sendMessage") {
			if c.Status == 429 {
				refused++
			}
		}
		if refused == 0 || refused > 20 {
			t.Errorf("%d messages were refused", refused)
		}
	})
}

func TestPollingStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.tg.Poll(ctx, func(context.Context, []bot.Update) error { return nil }) }()
		synctest.Wait() // it waits for updates
		stopped := time.Now()
		cancel()
		if err := <-ended; err != nil || time.Since(stopped) > 0 {
			t.Errorf("it ended with %v, %v later", err, time.Since(stopped))
		}
		if strings.Contains(w.log.String(), "level=ERROR") {
			t.Errorf("stopping is logged as trouble:\n%s", w.log)
		}
	})
}

// TestAChatWhoseSendsHangDelaysNoOther: Telegram takes thirty seconds for one chat, again and again.
func TestAChatWhoseSendsHangDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, func(o *telegram.Options) { o.Rate = telegram.DefaultRate })
		slow := w.friend("Lambat Contoh")
		w.Inject(telegramtest.Fault{Method: "sendMessage", Chat: slow.Chat(), Delay: 30 * time.Second})
		var sending sync.WaitGroup
		for range 10 {
			sending.Go(func() { _ = w.tg.Send(t.Context(), bot.Message{To: at(slow), Text: "Baik."}) })
		}
		for i := range 60 {
			time.Sleep(500 * time.Millisecond)
			pak := w.friend(fmt.Sprint("Orang Contoh ", i))
			began := time.Now()
			if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Baik."}); err != nil || time.Since(began) > time.Second {
				t.Errorf("another chat waited %v, %v", time.Since(began), err)
			}
		}
		sending.Wait()
	})
}
