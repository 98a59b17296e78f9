package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"sahabatrt/program"
)

// ErrNotFound means that there is no such record.
var ErrNotFound = errors.New("not found")

// ErrClosed means that the store was closed before the change was taken up.
var ErrClosed = errors.New("store is closed")

// group is how many waiting changes are committed together at most.
const group = 256

// Options says where the records are and what they are sealed with. URL, Key, Now and Log are required.
type Options struct {
	URL       string // sqlite:PATH
	Key       []byte // the 32 bytes that wrap the keys in the database: see LoadOrMakeKey
	Now       func() time.Time
	Log       *slog.Logger
	NoMigrate bool              // leave the schema alone; call Migrate before anything else
	Settings  *program.Settings // nil: program.DefaultSettings
}

// DB is the open store. It is safe for concurrent use.
type DB struct {
	opt      Options
	settings program.Settings
	path     string
	lock     *fileLock
	write    *sql.DB
	read     *sql.DB
	sealer   *Sealer
	jobs     chan *job
	quit     chan struct{}
	ended    chan struct{}
	once     sync.Once
	fault    error // of closing
}

// Open opens the store, creates it when it does not exist, and brings its schema up to date.
// ErrInUse: another process has the file. ErrWrongKey: the records were sealed with another key.
func Open(ctx context.Context, o Options) (*DB, error) {
	path, ok := strings.CutPrefix(o.URL, "sqlite:")
	if !ok || path == "" {
		return nil, errors.New("open store: the address is not of the form sqlite:PATH")
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	settings := program.DefaultSettings()
	if o.Settings != nil {
		settings = *o.Settings
	}
	db := &DB{opt: o, settings: settings, path: path, lock: lock, jobs: make(chan *job, group), quit: make(chan struct{}), ended: make(chan struct{})}
	if err := db.start(ctx); err != nil {
		return nil, errors.Join(err, db.release())
	}
	return db, nil
}

func (db *DB) start(ctx context.Context) error {
	var err error
	if db.write, err = openWriter(db.path); err != nil {
		return err
	}
	if db.read, err = openReaders(db.path); err != nil {
		return err
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open the writing connection: %w", err)
	}
	go db.run(&writer{conn: conn, stmts: map[string]*sql.Stmt{}})
	if db.opt.NoMigrate {
		err = db.loadKeys(ctx)
	} else {
		_, err = db.Migrate(ctx)
	}
	if err != nil {
		db.stop()
	}
	return err
}

// Migrate brings the schema up to date and returns how many steps that took.
func (db *DB) Migrate(ctx context.Context) (applied int, err error) {
	if applied, err = migrate(ctx, db.path); err != nil {
		return applied, err
	}
	return applied, db.loadKeys(ctx)
}

// Close waits for the change in hand and gives the file back. A second call does nothing.
func (db *DB) Close() error {
	db.once.Do(func() {
		db.stop()
		db.fault = db.release()
	})
	return db.fault
}

func (db *DB) stop() {
	close(db.quit)
	<-db.ended
}

func (db *DB) release() error {
	var errs []error
	for _, h := range []*sql.DB{db.read, db.write} {
		if h != nil {
			errs = append(errs, h.Close())
		}
	}
	return errors.Join(append(errs, db.lock.Unlock())...)
}

// Sealer returns the keys of this store, for what store/session keeps in tables of its own.
func (db *DB) Sealer() *Sealer { return db.sealer }

// Tx is one transaction: the vocabulary of the store. Now is its time, read once.
type Tx struct {
	Now  time.Time
	db   *DB
	ctx  context.Context
	q    querier
	kept []func(*Tx) error
}

// today is the day of the transaction in Jambi.
func (tx *Tx) today() program.Date { return program.DateOf(tx.Now) }

// settings are those the store was opened with.
func (tx *Tx) settings() program.Settings { return tx.db.settings }

// keep has write done at the end, also when the change is refused and rolled back: a refusal is counted.
func (tx *Tx) keep(write func(*Tx) error) { tx.kept = append(tx.kept, write) }

func (tx *Tx) keepAll() error {
	for _, write := range tx.kept {
		if err := write(tx); err != nil {
			return err
		}
	}
	return nil
}

// whole runs do so that its writes stay together or go together, even if the caller lives on after its error.
func (tx *Tx) whole(do func() error) error {
	if err := tx.exec("begin a part", "SAVEPOINT part"); err != nil {
		return err
	}
	fault := do()
	if fault != nil {
		if err := tx.exec("undo a part", "ROLLBACK TO part"); err != nil {
			return errors.Join(fault, err)
		}
	}
	return errors.Join(fault, tx.exec("end a part", "RELEASE part"))
}

// querier is what a transaction needs of an engine's connection.
type querier interface {
	Exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// Exec runs one statement and returns the rows it touched. It is exported for store/session only.
func (tx *Tx) Exec(query string, args ...any) (affected int64, err error) {
	return tx.q.Exec(tx.ctx, query, args...)
}

// Query reads rows: read them to the end, or close them, before the next statement. It is exported for store/session only.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	return tx.q.Query(tx.ctx, query, args...)
}

// QueryRow reads one row. It is exported for store/session only.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	return tx.q.QueryRow(tx.ctx, query, args...)
}

// exec runs a statement whose number of rows does not matter; what names the attempt in the error.
func (tx *Tx) exec(what, query string, args ...any) error {
	if _, err := tx.Exec(query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// each calls scan for every row; scan reads the current row and runs no other statement.
func (tx *Tx) each(what string, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// newID returns a new id that sorts by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// View reads one snapshot. The function must not change anything: the connection refuses it.
func (db *DB) View(ctx context.Context, read func(*Tx) error) error {
	t, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	defer t.Rollback() // nothing to keep
	return read(&Tx{Now: db.opt.Now(), db: db, ctx: ctx, q: reader{t}})
}

// Update changes records: all of change or nothing, committed when it returns nil. ctx bounds the waiting before the
// change is taken up; from then on it runs to its end, because an interrupt would take its neighbours along.
// change must not call Update or View: it would wait for itself.
func (db *DB) Update(ctx context.Context, change func(*Tx) error) error {
	j := &job{change: change, done: make(chan struct{})}
	select {
	case db.jobs <- j:
	case <-ctx.Done():
		return fmt.Errorf("wait for the writer: %w", ctx.Err())
	case <-db.quit:
		return ErrClosed
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		if j.state.CompareAndSwap(jobWaiting, jobGone) {
			return fmt.Errorf("wait for the writer: %w", ctx.Err())
		}
	case <-db.ended:
		if j.state.CompareAndSwap(jobWaiting, jobGone) {
			return ErrClosed
		}
	}
	<-j.done
	return j.err
}

const (
	jobWaiting int32 = iota
	jobTaken
	jobGone // its caller stopped waiting
)

type job struct {
	change func(*Tx) error
	state  atomic.Int32
	err    error
	done   chan struct{}
}

func (db *DB) run(w *writer) {
	defer close(db.ended)
	defer func() {
		if err := w.close(); err != nil {
			db.opt.Log.Warn("close the writing connection", "error", err)
		}
	}()
	for {
		select {
		case <-db.quit:
			return
		case j := <-db.jobs:
			db.commit(w, db.gather(j))
		}
	}
}

// gather takes what waits beside the first job, without waiting for more.
func (db *DB) gather(j *job) []*job {
	var jobs []*job
	for {
		if j.state.CompareAndSwap(jobWaiting, jobTaken) {
			jobs = append(jobs, j)
		}
		if len(jobs) == group {
			return jobs
		}
		select {
		case j = <-db.jobs:
		default:
			return jobs
		}
	}
}

// commit runs the jobs in one transaction and answers them.
func (db *DB) commit(w *writer, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	if err := db.transact(w, jobs); err != nil {
		for _, j := range jobs {
			j.err = fmt.Errorf("commit: %w", err)
		}
		if _, err := w.Exec(context.Background(), "ROLLBACK"); err != nil {
			db.opt.Log.Warn("rollback after a failed commit", "error", err) // the engine had rolled back by itself
		}
	}
	for _, j := range jobs {
		close(j.done)
	}
}

func (db *DB) transact(w *writer, jobs []*job) error {
	ctx := context.Background()
	if _, err := w.Exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := db.change(ctx, w, j); err != nil {
			return err
		}
	}
	_, err := w.Exec(ctx, "COMMIT")
	return err
}

// change runs one job in a savepoint, and then what must stay even if it failed. It returns faults of the engine only.
func (db *DB) change(ctx context.Context, w *writer, j *job) error {
	tx := &Tx{Now: db.opt.Now(), db: db, ctx: ctx, q: w}
	if _, err := w.Exec(ctx, "SAVEPOINT change"); err != nil {
		return err
	}
	for _, do := range []func(*Tx) error{j.change, (*Tx).keepAll} {
		err := db.attempt(tx, do)
		if err == nil {
			continue
		}
		j.err = errors.Join(j.err, err)
		if _, err := w.Exec(ctx, "ROLLBACK TO change"); err != nil {
			return err
		}
	}
	_, err := w.Exec(ctx, "RELEASE change")
	return err
}

// attempt runs one change and makes an error of a panic. The value of a panic may hold personal data: only the
// runtime's own are told.
func (db *DB) attempt(tx *Tx, do func(*Tx) error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err = fmt.Errorf("a change panicked: %T", p)
		if r, ok := p.(runtime.Error); ok {
			err = fmt.Errorf("a change panicked: %w", r)
		}
		db.opt.Log.Error("a change panicked", "error", err, "stack", string(debug.Stack()))
	}()
	return do(tx)
}
