package store

import (
	"context"
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

// ErrClosed means that the store was closed before the change or the reading was taken up.
var ErrClosed = errors.New("store is closed")

// ErrUnknown means that the connection broke during a commit: the change may have been made or not. Operate settles that
// by itself.
var ErrUnknown = errors.New("nobody knows whether this was committed")

// The points that every operation passes, in order: see Options.At.
const (
	AtBegun     = "begun"     // the operation is entered, nothing changed
	AtWritten   = "written"   // all is written, nothing committed
	AtCommitted = "committed" // committed, the caller does not know yet
)

// Points are all of them, for tests that stop the process at each.
var Points = []string{AtBegun, AtWritten, AtCommitted}

// Options says where the records are and what they are sealed with. URL, Key, Now and Log are required.
type Options struct {
	URL       string // sqlite:PATH or postgres://…, whose parameters may set pool_max_conns and time-outs such as statement_timeout
	Key       []byte // the 32 bytes that wrap the keys in the database: see LoadOrMakeKey
	Now       func() time.Time
	Log       *slog.Logger
	NoMigrate bool               // leave the schema alone; call Migrate before anything else
	Settings  *program.Settings  // nil: program.DefaultSettings
	At        func(point string) // is called at each point of an operation, so that a test can stop the process there; may be nil
}

// DB is the open store. It is safe for concurrent use.
type DB struct {
	opt      Options
	settings program.Settings
	engine   engine
	ring     *ring
	sealer   *Sealer // of the records
	closed   atomic.Bool
	once     sync.Once
	fault    error // of closing
}

// engine is a database: a SQLite file or PostgreSQL.
type engine interface {
	// migrate brings the schema up to date and returns how many steps that took.
	migrate(ctx context.Context) (applied int, err error)
	hasTable(ctx context.Context, name string) (bool, error)
	// update commits what change wrote unless it returns a fault. What change refused it has taken back itself.
	update(ctx context.Context, change func(context.Context, querier) (refused, fault error)) (refused, fault error)
	// view reads one snapshot and refuses to write.
	view(ctx context.Context, read func(querier) error) error
	// look reads with one statement, and may run read again.
	look(ctx context.Context, read func(asker) error) error
	// beside is view on a connection that no other work holds: for who must not wait for it, or holds one already.
	beside(ctx context.Context, read func(querier) error) error
	// work does jobs until ctx ends and waits for those in hand.
	work(ctx context.Context, duties map[JobKind]Duty) error
	// list returns the jobs that failed, whether they are tried again or not.
	list(ctx context.Context) ([]Job, error)
	retry(ctx context.Context, job int64) error
	backup(ctx context.Context, path string) error
	connections() Pool
	close() error
}

// Open opens the store, creates it when it does not exist, and brings its schema up to date.
// ErrInUse: another process has the file. ErrWrongKey: the records were sealed with another key. ErrKeysLost: see RestoreKeys.
func Open(ctx context.Context, o Options) (*DB, error) {
	db, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.NoMigrate {
		err = db.loadKeys(ctx)
	} else {
		_, err = db.Migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connect opens the store and touches nothing in it.
func connect(ctx context.Context, o Options) (*DB, error) {
	db := &DB{opt: o, settings: program.DefaultSettings()}
	if o.Settings != nil {
		db.settings = *o.Settings
	}
	if o.At == nil {
		db.opt.At = func(string) {}
	}
	var err error
	if db.engine, err = openEngine(ctx, o); err != nil {
		return nil, err
	}
	if db.ring, err = newRing(db.engine, o); err != nil {
		return nil, errors.Join(err, db.engine.close())
	}
	db.sealer = &Sealer{db.ring, indexKey}
	return db, nil
}

func openEngine(ctx context.Context, o Options) (engine, error) {
	if isPostgres(o.URL) {
		return openPostgres(ctx, o.URL, o.Log)
	}
	path, ok := strings.CutPrefix(o.URL, "sqlite:")
	if !ok || path == "" {
		return nil, errors.New("open store: the address is neither sqlite:PATH nor postgres://…")
	}
	return openSQLite(ctx, path, o.Log)
}

// Migrate brings the schema up to date and returns how many steps that took.
func (db *DB) Migrate(ctx context.Context) (applied int, err error) {
	if applied, err = db.engine.migrate(ctx); err != nil {
		return applied, err
	}
	return applied, db.loadKeys(ctx)
}

// Close waits for the changes in hand and gives the database back. A second call does nothing.
func (db *DB) Close() error {
	db.once.Do(func() {
		db.closed.Store(true)
		db.fault = db.engine.close()
	})
	return db.fault
}

// Backup writes a consistent copy to path while the store works; it refuses a path that exists. The copy is sealed
// like the store: it is worth nothing without the key. ErrNoBackup: the records are in PostgreSQL.
func (db *DB) Backup(ctx context.Context, path string) error { return db.engine.backup(ctx, path) }

// Sealer returns the keys of this store for conversations under way. Its indexes are made with a key of their own, so that
// Reindex does not touch them.
func (db *DB) Sealer() *Sealer { return &Sealer{db.ring, sessionsKey} }

// Tx is one transaction: the vocabulary of the store. Now is its time, read once.
type Tx struct {
	Now  time.Time
	db   *DB
	ctx  context.Context
	q    querier
	op   string // the operation that this is, "" for none
	kept []func(*Tx) error
}

// today is the day of the transaction in Jambi.
func (tx *Tx) today() program.Date { return program.DateOf(tx.Now) }

// Settings are those the store was opened with.
func (tx *Tx) Settings() program.Settings { return tx.db.settings }

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
	asker
	Exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	Lock(ctx context.Context, kind, id string) error
	Enqueue(ctx context.Context, kind JobKind, id string) error
}

type asker interface {
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) Row
}

// Row is one row of a result. Scan returns sql.ErrNoRows when there is none.
type Row interface{ Scan(dest ...any) error }

// Rows is a result that is read row by row.
type Rows interface {
	Row
	Next() bool
	Err() error
	Close()
}

// Exec runs one statement and returns the rows it touched. It is exported for store/session only.
func (tx *Tx) Exec(query string, args ...any) (affected int64, err error) {
	return tx.q.Exec(tx.ctx, query, args...)
}

// Query reads rows: read them to the end, or close them, before the next statement. It is exported for store/session only.
func (tx *Tx) Query(query string, args ...any) (Rows, error) {
	return tx.q.Query(tx.ctx, query, args...)
}

// QueryRow reads one row. It is exported for store/session only.
func (tx *Tx) QueryRow(query string, args ...any) Row {
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
func (tx *Tx) each(what string, scan func(Row) error, query string, args ...any) error {
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

// alone waits until no other transaction changes what kind and id name, and keeps others waiting until this one ends:
// what is read from here on stays true. Take them in the order keys, seals, notice, rt, nik, people, chat, talk, ticket, refusals, alerts. SQLite has one writer anyhow.
func (tx *Tx) alone(kind, id string) error {
	if err := tx.q.Lock(tx.ctx, kind, id); err != nil {
		return fmt.Errorf("wait for others at work on a %s: %w", kind, err)
	}
	return nil
}

// newID returns a new id that sorts by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// View reads one snapshot. The function must not change anything: the connection refuses it.
func (db *DB) View(ctx context.Context, read func(*Tx) error) error {
	if db.closed.Load() {
		return ErrClosed
	}
	return db.engine.view(ctx, func(q querier) error {
		return read(&Tx{Now: db.opt.Now(), db: db, ctx: ctx, q: q})
	})
}

// Look is View for what a single statement tells, which on PostgreSQL then needs no transaction around it. A second one is
// refused. read may run more than once, and sets anew each time what it sets.
func (db *DB) Look(ctx context.Context, read func(*Tx) error) error {
	if db.closed.Load() {
		return ErrClosed
	}
	return db.engine.look(ctx, func(a asker) error {
		return read(&Tx{Now: db.opt.Now(), db: db, ctx: ctx, q: &glance{from: a}})
	})
}

var errGlance = errors.New("a look is one statement that reads")

// glance is a querier for one statement that reads.
type glance struct {
	from  asker
	asked bool
}

func (g *glance) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	if g.asked {
		return nil, errGlance
	}
	g.asked = true
	return g.from.Query(ctx, query, args...)
}

func (g *glance) QueryRow(ctx context.Context, query string, args ...any) Row {
	if g.asked {
		return noRow{errGlance}
	}
	g.asked = true
	return g.from.QueryRow(ctx, query, args...)
}

func (g *glance) Exec(context.Context, string, ...any) (int64, error) { return 0, errGlance }
func (g *glance) Lock(context.Context, string, string) error          { return errGlance }
func (g *glance) Enqueue(context.Context, JobKind, string) error      { return errGlance }

// noRow is the row of a statement that was refused.
type noRow struct{ err error }

func (r noRow) Scan(...any) error { return r.err }

// Update changes records: all of change or nothing, committed when it returns nil. PostgreSQL may run change more than
// once before it commits: what change sets outside of the store it sets anew each time. On SQLite ctx bounds the waiting
// before the change is taken up; from then on it runs to its end, because an interrupt would take its neighbours along.
// change must not call Update or View: it could wait for itself. ErrUnknown: only the records can tell.
func (db *DB) Update(ctx context.Context, change func(*Tx) error) error {
	if db.closed.Load() {
		return ErrClosed
	}
	refused, fault := db.engine.update(ctx, func(ctx context.Context, q querier) (refused, fault error) {
		return db.change(&Tx{Now: db.opt.Now(), db: db, ctx: ctx, q: q}, change)
	})
	if fault != nil {
		return fault
	}
	return refused
}

// change runs a change in a savepoint, and then what must stay even if it failed. A fault is the engine's.
func (db *DB) change(tx *Tx, change func(*Tx) error) (refused, fault error) {
	if err := tx.exec("begin a change", "SAVEPOINT change"); err != nil {
		return nil, err
	}
	for _, do := range []func(*Tx) error{change, (*Tx).keepAll} {
		err := sober(db.opt.Log, "a change", func() error { return do(tx) })
		if err == nil {
			continue
		}
		refused = errors.Join(refused, err)
		if err := tx.exec("undo a change", "ROLLBACK TO change"); err != nil {
			return nil, errors.Join(refused, err)
		}
	}
	return refused, tx.exec("end a change", "RELEASE change")
}

// isUnique says whether a row like this one exists already.
func isUnique(err error) bool { return sqliteUnique(err) || postgresUnique(err) }

// sober makes an error of a panic. The value of a panic may hold personal data: only the runtime's own are told.
func sober(log *slog.Logger, what string, do func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		err = fmt.Errorf("%s panicked: %T", what, p)
		if r, ok := p.(runtime.Error); ok {
			err = fmt.Errorf("%s panicked: %w", what, r)
		}
		log.Error(what+" panicked", "error", err, "stack", string(debug.Stack()))
	}()
	return do()
}
