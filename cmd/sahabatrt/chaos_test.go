package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram/telegramtest"
	"sahabatrt/conversations"
	"sahabatrt/store"
	"sahabatrt/store/session/redistest"
)

// TestKilledAmongTwoHundred: two hundred people use the bot without a pause, one update in fifty comes twice, and the
// program is killed at each of its points. Each time it is started again, works for a while, and is stopped in order
// for the next. Whoever is in the middle of something goes on, and what was promised holds.
func TestKilledAmongTwoHundred(t *testing.T) {
	tw := newTown(t, 200, redistest.Private(t).URL(), telegramtest.Config{QueryAge: time.Hour})
	tw.srv.DisturbUpdates(telegramtest.UpdateFaults{Repeat: 0.02})
	rare := map[string]int{bot.AtReceived: 5, bot.AtAccepted: 5, conversations.AtSending: 2, conversations.AtTold: 2,
		store.AtBegun: 5, store.AtWritten: 5, store.AtCommitted: 5}
	tw.survive(2*time.Minute, func(ctx context.Context) (*living, error) {
		for _, point := range slices.Concat(bot.Points, store.Points, conversations.Points) {
			n := cmp.Or(rare[point], 150)
			if err := tw.dies(ctx, fmt.Sprintf("%s:%d", point, n)); err != nil {
				return nil, err
			}
			if err := tw.lives(ctx, 300); err != nil {
				return nil, err
			}
		}
		return tw.launch("bot", ""), nil
	})
}

// TestTheOtherProcessTakesOver: of two processes one polls, by a lease, and is killed. The other has the lease and the
// chats within seconds, and nobody notices more than a pause.
func TestTheOtherProcessTakesOver(t *testing.T) {
	tw := newTown(t, 40, redistest.Private(t).URL(), telegramtest.Config{QueryAge: time.Hour})
	tw.survive(time.Minute, func(ctx context.Context) (*living, error) {
		a := tw.launch("a", "")
		if err := tw.answers(ctx, 100); err != nil {
			return nil, err
		}
		b := tw.launch("b", "")
		if err := tw.answers(ctx, 500); err != nil {
			return nil, err
		}
		must(t, a.Process.Kill())
		if err := tw.buried(a); err != nil {
			return nil, err
		}
		return b, tw.answers(ctx, 500)
	})
	for _, c := range tw.srv.Calls("getUpdates") {
		if c.Status == http.StatusConflict {
			t.Error("both polled at the same time")
		}
	}
}

// TestChaos is for make chaos: the program is killed at any moment, for as long as CHAOS says.
func TestChaos(t *testing.T) {
	if os.Getenv("CHAOS") == "" {
		t.Skip("only where CHAOS says for how long, such as 5m: make chaos")
	}
	long, err := time.ParseDuration(os.Getenv("CHAOS"))
	must(t, err)
	tw := newTown(t, 200, redistest.Private(t).URL(), telegramtest.Config{QueryAge: time.Hour})
	tw.srv.DisturbUpdates(telegramtest.UpdateFaults{Repeat: 0.02, Reorder: 0.02})
	tw.survive(long+time.Minute, func(ctx context.Context) (*living, error) {
		for over := time.Now().Add(long); time.Now().Before(over); {
			p := tw.launch("bot", "")
			if err := tw.answers(ctx, 200+rand.IntN(2000)); err != nil {
				return p, err
			}
			must(t, p.Process.Kill())
			if err := tw.buried(p); err != nil {
				return nil, err
			}
		}
		return tw.launch("bot", ""), nil
	})
}

// survive lets everybody register one worker after the other while something happens to the program, which leaves one
// process to go on, and proves that what was promised holds.
func (tw *town) survive(within time.Duration, happens func(context.Context) (*living, error)) {
	tw.t.Helper()
	ctx, cancel := context.WithTimeoutCause(tw.t.Context(), within, errors.New("it took too long"))
	defer cancel()
	var over atomic.Bool
	busy := make(chan error, 1)
	go func() {
		err := tw.all(ctx, func(ctx context.Context, p *citizen) error { return p.work(ctx, &over) })
		if err != nil {
			cancel()
		}
		busy <- err
	}()
	last, err := happens(ctx)
	over.Store(true)
	if err != nil {
		cancel()
	}
	err = errors.Join(<-busy, err)
	if last != nil {
		err = errors.Join(err, tw.stopped(last))
	}
	if err != nil {
		tw.t.Fatal(err)
	}
	tw.judge()
}

// dies starts a process that is killed at a point, and returns when it is dead.
func (tw *town) dies(ctx context.Context, point string) error {
	p := tw.launch("bot", point)
	defer context.AfterFunc(ctx, func() { _ = p.Process.Kill() })()
	err := tw.buried(p)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("to be killed at %s: %w", point, err)
	}
	return nil
}

// lives starts a process and stops it in order when it has answered so many times.
func (tw *town) lives(ctx context.Context, answers int) error {
	p := tw.launch("bot", "")
	return errors.Join(tw.answers(ctx, answers), tw.stopped(p))
}

// answers waits until the program has answered so many times more.
func (tw *town) answers(ctx context.Context, n int) error {
	for enough := tw.srv.Count("sendMessage") + n; tw.srv.Count("sendMessage") < enough; time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}
