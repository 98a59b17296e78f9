package store

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestLease: one holder at a time; he renews it, it is free after its time, and he can give it back.
func TestLease(t *testing.T) {
	now := today
	db, err := Open(context.Background(), Options{URL: address(t), Key: testKey, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer db.Close()
	for _, step := range []struct {
		what, holder string
		after        time.Duration
		want         bool
	}{
		{"free", "a", 0, true},
		{"held", "b", 9 * time.Second, false},
		{"renewed", "a", 0, true},
		{"held by the renewal", "b", 9 * time.Second, false},
		{"past its time", "b", time.Second, true},
		{"lost", "a", 0, false},
	} {
		now = now.Add(step.after)
		held, err := db.Lease(context.Background(), "poll", step.holder, 10*time.Second)
		if err != nil || held != step.want {
			t.Errorf("%s: held %v, %v", step.what, held, err)
		}
	}
	must(t, db.Release(context.Background(), "poll", "a"))
	if held, err := db.Lease(context.Background(), "poll", "a", 10*time.Second); held || err != nil {
		t.Errorf("somebody else's was released: held %v, %v", held, err)
	}
	must(t, db.Release(context.Background(), "poll", "b"))
	if held, err := db.Lease(context.Background(), "poll", "a", 10*time.Second); !held || err != nil {
		t.Errorf("after its release: held %v, %v", held, err)
	}
	now = now.Add(-15 * time.Hour) // a's clock was ahead when it died
	if held, err := db.Lease(context.Background(), "poll", "b", 10*time.Second); !held || err != nil {
		t.Errorf("after a clock that was wrong: held %v, %v", held, err)
	}
}

// TestLeaseOfTwoProcesses: many ask at the same moment, one gets it.
func TestLeaseOfTwoProcesses(t *testing.T) {
	a, b := two(t)
	var holders atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			held, err := []*DB{a, b}[i%2].Lease(context.Background(), "poll", newID(), time.Minute)
			if err != nil {
				t.Error(err)
			}
			if held {
				holders.Add(1)
			}
		})
	}
	wg.Wait()
	if holders.Load() != 1 {
		t.Errorf("%d hold it", holders.Load())
	}
}
