package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
)

// group is how many waiting changes are committed together at most.
const group = 256

// writer is the one connection that writes to a file; it keeps its prepared statements. Changes wait for it in a queue,
// and what waits together is committed together.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	log   *slog.Logger
	jobs  chan *job
	quit  chan struct{}
	ended chan struct{}
}

func newWriter(conn *sql.Conn, log *slog.Logger) *writer {
	w := &writer{conn: conn, stmts: map[string]*sql.Stmt{}, log: log,
		jobs: make(chan *job, group), quit: make(chan struct{}), ended: make(chan struct{})}
	go w.run()
	return w
}

// stop waits for the changes in hand.
func (w *writer) stop() {
	close(w.quit)
	<-w.ended
}

const (
	jobWaiting int32 = iota
	jobTaken
	jobGone // its caller stopped waiting
)

type job struct {
	change         func(context.Context, querier) (refused, fault error)
	state          atomic.Int32
	refused, fault error
	done           chan struct{}
}

func (w *writer) update(ctx context.Context, change func(context.Context, querier) (refused, fault error)) (refused, fault error) {
	j := &job{change: change, done: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the writer: %w", ctx.Err())
	case <-w.quit:
		return nil, ErrClosed
	}
	select {
	case <-j.done:
		return j.refused, j.fault
	case <-ctx.Done():
		if j.state.CompareAndSwap(jobWaiting, jobGone) {
			return nil, fmt.Errorf("wait for the writer: %w", ctx.Err())
		}
	case <-w.ended:
		if j.state.CompareAndSwap(jobWaiting, jobGone) {
			return nil, ErrClosed
		}
	}
	<-j.done
	return j.refused, j.fault
}

func (w *writer) run() {
	defer close(w.ended)
	defer func() {
		if err := w.close(); err != nil {
			w.log.Warn("close the writing connection", "error", err)
		}
	}()
	for {
		select {
		case <-w.quit:
			return
		case j := <-w.jobs:
			w.commit(w.gather(j))
		}
	}
}

// gather takes what waits beside the first job, without waiting for more.
func (w *writer) gather(j *job) []*job {
	var jobs []*job
	for {
		if j.state.CompareAndSwap(jobWaiting, jobTaken) {
			jobs = append(jobs, j)
		}
		if len(jobs) == group {
			return jobs
		}
		select {
		case j = <-w.jobs:
		default:
			return jobs
		}
	}
}

// commit runs the jobs in one transaction and answers them.
func (w *writer) commit(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	if err := w.transact(jobs); err != nil {
		for _, j := range jobs {
			j.fault = fmt.Errorf("commit: %w", err)
		}
		if _, err := w.Exec(context.Background(), "ROLLBACK"); err != nil {
			w.log.Warn("rollback after a failed commit", "error", err) // the engine had rolled back by itself
		}
	}
	for _, j := range jobs {
		close(j.done)
	}
}

func (w *writer) transact(jobs []*job) error {
	ctx := context.Background()
	if _, err := w.Exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, j := range jobs {
		if j.refused, j.fault = j.change(ctx, w); j.fault != nil {
			return j.fault
		}
	}
	_, err := w.Exec(ctx, "COMMIT")
	return err
}

// close gives the connection back, its statements first: one that stays open would keep the file's log from being folded in.
func (w *writer) close() error {
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

func (w *writer) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err == nil {
		w.stmts[query] = s
	}
	return s, err
}

func (w *writer) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := w.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (w *writer) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	s, err := w.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args...)
	return sqliteRows{rows}, err
}

func (w *writer) QueryRow(ctx context.Context, query string, args ...any) Row {
	s, err := w.prepare(ctx, query)
	if err != nil {
		return w.conn.QueryRowContext(ctx, query, args...) // a Row cannot be made with an error: let it fail again
	}
	return s.QueryRowContext(ctx, args...)
}

// Lock has nothing to do: nobody else writes.
func (w *writer) Lock(context.Context, string, string) error { return nil }
