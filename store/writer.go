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
	conn    *sql.Conn
	tx      *sql.Tx // open on conn while changes run; statements prepared on conn work inside it
	stmts   map[string]*sql.Stmt
	jobs    *queue[*sql.Tx]
	log     *slog.Logger
	waiting chan *request
	quit    chan struct{}
	ended   chan struct{}
}

func newWriter(conn *sql.Conn, jobs *queue[*sql.Tx], log *slog.Logger) *writer {
	w := &writer{conn: conn, stmts: map[string]*sql.Stmt{}, jobs: jobs, log: log,
		waiting: make(chan *request, group), quit: make(chan struct{}), ended: make(chan struct{})}
	go w.run()
	return w
}

// stop waits for the changes in hand.
func (w *writer) stop() {
	close(w.quit)
	<-w.ended
}

const (
	requestWaiting int32 = iota
	requestTaken
	requestGone // its caller stopped waiting
)

// request is a change that somebody waits for.
type request struct {
	change         func(context.Context, querier) (refused, fault error)
	state          atomic.Int32
	refused, fault error
	done           chan struct{}
}

func (w *writer) update(ctx context.Context, change func(context.Context, querier) (refused, fault error)) (refused, fault error) {
	r := &request{change: change, done: make(chan struct{})}
	select {
	case w.waiting <- r:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the writer: %w", ctx.Err())
	case <-w.quit:
		return nil, ErrClosed
	}
	select {
	case <-r.done:
		return r.refused, r.fault
	case <-ctx.Done():
		if r.state.CompareAndSwap(requestWaiting, requestGone) {
			return nil, fmt.Errorf("wait for the writer: %w", ctx.Err())
		}
	case <-w.ended:
		if r.state.CompareAndSwap(requestWaiting, requestGone) {
			return nil, ErrClosed
		}
	}
	<-r.done
	return r.refused, r.fault
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
		case r := <-w.waiting:
			w.commit(w.gather(r))
		}
	}
}

// gather takes what waits beside the first request, without waiting for more.
func (w *writer) gather(r *request) []*request {
	var taken []*request
	for {
		if r.state.CompareAndSwap(requestWaiting, requestTaken) {
			taken = append(taken, r)
		}
		if len(taken) == group {
			return taken
		}
		select {
		case r = <-w.waiting:
		default:
			return taken
		}
	}
}

// commit runs the changes in one transaction and answers who waits for them.
func (w *writer) commit(taken []*request) {
	if len(taken) == 0 {
		return
	}
	if err := w.transact(taken); err != nil {
		for _, r := range taken {
			r.fault = fmt.Errorf("commit: %w", err)
		}
	}
	for _, r := range taken {
		close(r.done)
	}
}

// transact leaves no transaction open: a commit that fails has rolled back.
func (w *writer) transact(taken []*request) (err error) {
	ctx := context.Background()
	if w.tx, err = w.conn.BeginTx(ctx, nil); err != nil {
		return err
	}
	for _, r := range taken {
		if r.refused, r.fault = r.change(ctx, w); r.fault != nil {
			return errors.Join(r.fault, w.tx.Rollback())
		}
	}
	return w.tx.Commit()
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

func (w *writer) Enqueue(ctx context.Context, kind JobKind, id string) error {
	return w.jobs.add(ctx, w.tx, kind, id)
}
