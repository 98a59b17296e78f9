package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pressly/goose/v3"
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

func openWriter(path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it readable to all
	if err != nil {
		return nil, fmt.Errorf("create the database: %w", err)
	}
	f.Close()
	return openSQLite(path, "_txlock=immediate", 1)
}

func openReaders(path string) (*sql.DB, error) { return openSQLite(path, "mode=ro", 4) }

func openSQLite(path, option string, conns int) (*sql.DB, error) {
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
func migrate(ctx context.Context, path string) (applied int, err error) {
	db, err := openSQLite(path, "_txlock=immediate", 1)
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
	return len(done), nil
}

// writer is the one connection that writes; it keeps its prepared statements.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
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

func (w *writer) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := w.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (w *writer) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := w.prepare(ctx, query)
	if err != nil {
		return w.conn.QueryRowContext(ctx, query, args...) // a Row cannot be made with an error: let it fail again
	}
	return s.QueryRowContext(ctx, args...)
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

func (r reader) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return r.tx.QueryContext(ctx, query, args...)
}

func (r reader) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return r.tx.QueryRowContext(ctx, query, args...)
}

// isUnique says whether a row like this one exists already.
func isUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// Backup writes a consistent copy to path while the store works; it refuses a path that exists. The copy is sealed
// like the store: it is worth nothing without the key.
func (db *DB) Backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the backup: %w", err)
	}
	f.Close()
	if _, err := db.read.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return fmt.Errorf("make the backup: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}
