package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// TestOperateOnce: one operation that arrives fifty times at once changes once, and all get its answer.
func TestOperateOnce(t *testing.T) {
	db := open(t)
	var ran, repeats atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			answer, repeated, err := db.Operate(context.Background(), "op", "by", func(tx *Tx) ([]byte, error) {
				ran.Add(1)
				return []byte("tercatat"), tx.PutRT(rt14, true)
			})
			if err != nil || string(answer) != "tercatat" {
				t.Errorf("answer %q, %v", answer, err)
			}
			if repeated {
				repeats.Add(1)
			}
		})
	}
	wg.Wait()
	if ran.Load() != 1 || repeats.Load() != 49 {
		t.Errorf("ran %d times, %d repeats", ran.Load(), repeats.Load())
	}
	clean(t, db)
}

func TestRefusedOperationLeavesNothing(t *testing.T) {
	db := open(t)
	no := errors.New("no")
	if _, _, err := db.Operate(context.Background(), "op", "by", func(*Tx) ([]byte, error) { return nil, no }); !errors.Is(err, no) {
		t.Errorf("error %v", err)
	}
	answer, repeated, err := db.Operate(context.Background(), "op", "by", func(*Tx) ([]byte, error) { return []byte("ya"), nil })
	if err != nil || repeated || string(answer) != "ya" {
		t.Errorf("after a refusal: %q, repeated %v, %v", answer, repeated, err)
	}
}
