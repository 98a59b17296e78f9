package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrInUse means that another process works on this file. A file serves one process; several need PostgreSQL.
var ErrInUse = errors.New("another process has this database open")

// triggers refuse changes to what is append-only. They are not portable, and so no migration.
var triggers = []string{
	`CREATE TRIGGER IF NOT EXISTS ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`,
	`CREATE TRIGGER IF NOT EXISTS ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`,
	`CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END`,
	`CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END`,
}

// fileLock keeps a second process away from a database file.
type fileLock struct{ file *os.File }

func lockFile(path string) (*fileLock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the database: %w", err)
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	return &fileLock{f}, nil
}

// Unlock gives the file back. The lock file stays: to remove it would let two processes lock two files of one name.
func (l *fileLock) Unlock() error { return l.file.Close() }

// sqliteFile keeps the records in one file. Jobs are added by the writer, in the changes that cause them; River fetches
// and finishes them through a handle of its own, whose short transactions stand between the writer's.
type sqliteFile struct {
	*queue[*sql.Tx]
	path   string
	lock   *fileLock
	write  *sql.DB
	read   *sql.DB
	river  *sql.DB
	writer *writer
}

func openSQLite(ctx context.Context, path string, log *slog.Logger) (*sqliteFile, error) {
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	f := &sqliteFile{path: path, lock: lock}
	if err := f.start(ctx, log); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *sqliteFile) start(ctx context.Context, log *slog.Logger) (err error) {
	if f.write, err = openWriter(f.path); err != nil {
		return err
	}
	if f.read, err = openHandle(f.path, "mode=ro", 4); err != nil {
		return err
	}
	if f.river, err = openHandle(f.path, immediate, 1); err != nil {
		return err
	}
	if f.queue, err = newQueue(riversqlite.New(f.river), log); err != nil {
		return err
	}
	f.polls = true // its listener would ask every 50 ms
	conn, err := f.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open the writing connection: %w", err)
	}
	f.writer = newWriter(conn, f.queue, log)
	return nil
}

func (f *sqliteFile) close() error {
	if f.writer != nil {
		f.writer.stop()
	}
	var errs []error
	for _, h := range []*sql.DB{f.river, f.read, f.write} {
		if h != nil {
			errs = append(errs, h.Close())
		}
	}
	return errors.Join(append(errs, f.lock.Unlock())...)
}

func openWriter(path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it readable to all
	if err != nil {
		return nil, fmt.Errorf("create the database: %w", err)
	}
	f.Close()
	return openHandle(path, immediate, 1)
}

// immediate makes a transaction wait for its turn to write when it begins, not in its middle.
const immediate = "_txlock=immediate"

func openHandle(path, option string, conns int) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=synchronous(2)&" + option
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// migrate runs what is missing on a connection of its own.
func (f *sqliteFile) migrate(ctx context.Context) (applied int, err error) {
	db, err := openHandle(f.path, immediate, 1)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, fmt.Errorf("find the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("migrate: %w", err)
	}
	for _, t := range triggers {
		if _, err := db.ExecContext(ctx, t); err != nil {
			return len(done), fmt.Errorf("protect what is append-only: %w", err)
		}
	}
	more, err := migrateJobs(ctx, riversqlite.New(db), f.log)
	return len(done) + more, err
}

func (f *sqliteFile) hasTable(ctx context.Context, name string) (bool, error) {
	var n int
	err := f.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE type='table' AND name=$1`, name).Scan(&n)
	return n == 1, err
}

func (f *sqliteFile) update(ctx context.Context, change func(context.Context, querier) (refused, fault error)) (refused, fault error) {
	return f.writer.update(ctx, change)
}

func viewOn(ctx context.Context, db *sql.DB, read func(querier) error) error {
	t, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	defer t.Rollback() // nothing to keep
	return read(reader{t})
}

func (f *sqliteFile) view(ctx context.Context, read func(querier) error) error {
	return viewOn(ctx, f.read, read)
}

func (f *sqliteFile) look(ctx context.Context, read func(asker) error) error {
	return f.view(ctx, func(q querier) error { return read(q) })
}

func (f *sqliteFile) beside(ctx context.Context, read func(querier) error) error {
	db, err := openHandle(f.path, "mode=ro", 1)
	if err != nil {
		return err
	}
	defer db.Close()
	return viewOn(ctx, db, read)
}

func (f *sqliteFile) backup(ctx context.Context, path string) error {
	copied, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the backup: %w", err)
	}
	copied.Close()
	if _, err := f.read.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return fmt.Errorf("make the backup: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}

// reader is a snapshot.
type reader struct{ tx *sql.Tx }

func (r reader) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := r.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (r reader) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	rows, err := r.tx.QueryContext(ctx, query, args...)
	return sqliteRows{rows}, err
}

func (r reader) QueryRow(ctx context.Context, query string, args ...any) Row {
	return r.tx.QueryRowContext(ctx, query, args...)
}

// Lock has nothing to do: a snapshot does not change.
func (r reader) Lock(context.Context, string, string) error { return nil }

func (r reader) Enqueue(context.Context, JobKind, string) error {
	return errors.New("a snapshot takes no job")
}

// sqliteRows closes as Rows do; what was wrong Err tells.
type sqliteRows struct{ *sql.Rows }

func (r sqliteRows) Close() { _ = r.Rows.Close() }

// sqliteUnique is isUnique for SQLite.
func sqliteUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
