package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sahabatrt/store/storetest"
)

const jobTest JobKind = "test"

// at does jobs until the test ends, or stop is called, which waits for those in hand.
func at(t *testing.T, db *DB, duties map[JobKind]Duty) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- db.Work(ctx, duties) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// next waits for what a duty tells, longer than River ever needs.
func next[T any](t *testing.T, told <-chan T) T {
	t.Helper()
	select {
	case v := <-told:
		return v
	case <-time.After(time.Minute):
		t.Fatal("no job came")
		panic("unreachable")
	}
}

// left counts the jobs of a test that are not done: Work has one of its own, too.
func left(t *testing.T, db *DB) (n int) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM river_job WHERE kind=$1 AND state<>'completed'`, string(jobTest)).Scan(&n)
	})
	return n
}

func enqueue(t *testing.T, db *DB, id string) {
	t.Helper()
	update(t, db, func(tx *Tx) error { return tx.Enqueue(jobTest, id) })
}

// TestJobCommitsWithItsChange: a job is there when its change is, and not when that was refused, in part or whole, even
// beside others that commit.
func TestJobCommitsWithItsChange(t *testing.T) {
	db, refusal := open(t), errors.New("no")
	var together sync.WaitGroup
	for range 10 {
		together.Go(func() {
			err := db.Update(context.Background(), func(tx *Tx) error {
				return errors.Join(tx.Enqueue(jobTest, "refused"), refusal)
			})
			if !errors.Is(err, refusal) {
				t.Error(err)
			}
		})
		together.Go(func() {
			must(t, db.Update(context.Background(), func(tx *Tx) error {
				if err := tx.whole(func() error { return errors.Join(tx.Enqueue(jobTest, "half"), refusal) }); !errors.Is(err, refusal) {
					return err
				}
				return tx.Enqueue(jobTest, "done")
			}))
		})
	}
	together.Wait()
	came := make(chan string, 20)
	stop := at(t, db, map[JobKind]Duty{jobTest: {Do: func(_ context.Context, id string) error { came <- id; return nil }}})
	for range 10 {
		if id := next(t, came); id != "done" {
			t.Errorf("came %q", id)
		}
	}
	stop()
	if len(came) > 0 {
		t.Errorf("%d jobs too many", len(came))
	}
	if n := left(t, db); n != 0 {
		t.Errorf("%d jobs are not done", n)
	}
}

func TestViewTakesNoJob(t *testing.T) {
	db := open(t)
	if err := db.View(context.Background(), func(tx *Tx) error { return tx.Enqueue(jobTest, "") }); err == nil {
		t.Error("a snapshot took a job")
	}
}

// TestJobIsDoneOnce: two processes work on one PostgreSQL; each job is done by one of them.
func TestJobIsDoneOnce(t *testing.T) {
	t.Parallel()
	a, b := two(t)
	var mu sync.Mutex
	done := map[string]int{}
	all := make(chan struct{}, 200)
	do := map[JobKind]Duty{jobTest: {Do: func(_ context.Context, id string) error {
		mu.Lock()
		defer mu.Unlock()
		done[id]++
		all <- struct{}{}
		return nil
	}}}
	stopA, stopB := at(t, a, do), at(t, b, do)
	for i := range 100 {
		enqueue(t, []*DB{a, b}[i%2], newID())
	}
	for range 100 {
		next(t, all)
	}
	stopA()
	stopB()
	for id, n := range done {
		if n != 1 {
			t.Errorf("%s was done %d times", id, n)
		}
	}
	if len(done) != 100 {
		t.Errorf("%d jobs were done", len(done))
	}
}

// TestJobThatFails: it is tried again; until then it is listed, with an error that keeps a panic's value to itself.
func TestJobThatFails(t *testing.T) {
	t.Parallel()
	db, id := open(t), newID()
	enqueue(t, db, id)
	tries := make(chan int, 3)
	n := 0
	stop := at(t, db, map[JobKind]Duty{jobTest: {Do: func(_ context.Context, got string) error {
		n++
		tries <- n
		switch {
		case got != id:
			return errors.New("another job")
		case n == 1:
			panic("Rahasia")
		case n == 2:
			return Again{After: time.Millisecond}
		}
		return nil
	}}})
	next(t, tries)
	next(t, tries)
	next(t, tries)
	stop()
	if n := left(t, db); n != 0 {
		t.Errorf("%d jobs are not done", n)
	}
	held := bytes.Join(slices.Collect(maps.Values(storetest.Content(t, db.opt.URL))), nil)
	if bytes.Contains(held, []byte("Rahasia")) || !bytes.Contains(held, []byte("a job panicked")) {
		t.Error("the error is not kept, or the panic's value is")
	}
}

// TestJobThatIsGivenUp: check finds it, the list names it, and it can be retried.
func TestJobThatIsGivenUp(t *testing.T) {
	db, id := open(t), newID()
	enqueue(t, db, id)
	update(t, db, func(tx *Tx) error { return tx.exec("use up its tries", `UPDATE river_job SET max_attempts=1`) })
	came := make(chan struct{}, 1)
	fail := errors.New("contoh")
	duty := map[JobKind]Duty{jobTest: {Do: func(context.Context, string) error { came <- struct{}{}; return fail }}}
	stop := at(t, db, duty)
	next(t, came)
	stop()
	failed, _, err := db.Jobs(context.Background())
	must(t, err)
	if len(failed) != 1 || failed[0] != (Job{failed[0].ID, jobTest, id, "discarded", 1, "contoh"}) {
		t.Fatalf("failed %+v", failed)
	}
	findings, err := db.Check(context.Background())
	must(t, err)
	if len(findings) != 1 || findings[0].Table != "river_job" || findings[0].Problem != "discarded" {
		t.Errorf("found %+v", findings)
	}
	if err := db.RetryJob(context.Background(), failed[0].ID+1); !errors.Is(err, ErrNoJob) {
		t.Errorf("another job: %v", err)
	}
	must(t, db.RetryJob(context.Background(), failed[0].ID))
	fail = nil
	stop = at(t, db, duty)
	next(t, came)
	stop()
	clean(t, db)
}

// TestJobOfADeadProcess: one that was running when its process was killed is done by the next, minutes later.
func TestJobOfADeadProcess(t *testing.T) {
	t.Parallel()
	db := open(t)
	enqueue(t, db, "left behind")
	begun := time.Now().UTC().Add(-3 * time.Minute).Format("2006-01-02 15:04:05+00:00") // River's clock is the real one
	update(t, db, func(tx *Tx) error {
		return tx.exec("die", `UPDATE river_job SET state='running', attempt=1, attempted_at='`+begun+`'`)
	})
	came := make(chan string, 1)
	at(t, db, map[JobKind]Duty{jobTest: {Do: func(_ context.Context, id string) error { came <- id; return nil }}})
	if id := next(t, came); id != "left behind" {
		t.Errorf("came %q", id)
	}
}

// TestPeriodicJob comes by itself, again and again, and not twice while one is not done.
func TestPeriodicJob(t *testing.T) {
	t.Parallel()
	db := open(t)
	came := make(chan string)
	at(t, db, map[JobKind]Duty{jobTest: {Every: time.Second, Do: func(ctx context.Context, id string) error {
		select {
		case came <- id:
		case <-ctx.Done():
		}
		return nil
	}}})
	for range 2 {
		if id := next(t, came); id != "" {
			t.Errorf("came with id %q", id)
		}
	}
}

// TestWorkEnds: the job in hand is finished, nothing goes on afterwards, and a closed store does no work.
func TestWorkEnds(t *testing.T) {
	db, err := openAt(t, storetest.URL(t), testKey)
	must(t, err)
	before := goleak.IgnoreCurrent()
	enqueue(t, db, "slow")
	begun, end := make(chan struct{}), make(chan struct{})
	finished := false
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- db.Work(ctx, map[JobKind]Duty{jobTest: {Do: func(ctx context.Context, _ string) error {
			close(begun)
			<-end
			finished = ctx.Err() == nil
			return nil
		}}})
	}()
	next(t, begun)
	cancel()
	select {
	case <-ended:
		t.Error("Work did not wait for the job in hand")
	default:
	}
	close(end)
	if err := next(t, ended); err != nil || !finished {
		t.Errorf("finished %v, %v", finished, err)
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
	must(t, db.Close())
	if err := db.Work(context.Background(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestRiverLogsThroughOurs: what it has to say at its most talkative goes where our own log goes, and nowhere else.
func TestRiverLogsThroughOurs(t *testing.T) {
	var log bytes.Buffer
	db, err := Open(context.Background(), Options{URL: storetest.URL(t), Key: testKey, Now: func() time.Time { return today },
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	must(t, err)
	must(t, db.Close())
	if !strings.Contains(log.String(), "rivermigrate") {
		t.Errorf("logged: %s", log.String())
	}
}
