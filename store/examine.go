package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Condition is how a database was found. What only PostgreSQL has is empty for SQLite.
type Condition struct {
	Server      string            // "PostgreSQL 15.8"
	Version     int               // 150008
	Schema      int64             // its version, 0 for none
	Wanted      int64             // the version that this program makes
	Settings    map[string]string // by their names in the database
	ReadOnly    bool              // it takes no changes: a standby, or set so
	Connections int               // for all its clients together
	Pool        int               // those that one process of this address may open
	Ahead       time.Duration     // of its clock before ours
	Keys        error             // nil when the key opens them, or ErrWrongKey, ErrNoKeys, ErrKeysLost
}

// ErrNoKeys means that the database has no keys yet: whoever opens it next makes them.
var ErrNoKeys = errors.New("the database has no keys yet")

// Examine looks at a database and changes nothing, also while another process has it open. Of the options it reads URL,
// Key and Now.
func Examine(ctx context.Context, o Options) (Condition, error) {
	c := Condition{Wanted: newestSchema}
	err := c.examine(ctx, o)
	if err != nil {
		return Condition{}, fmt.Errorf("examine the database: %w", err)
	}
	return c, nil
}

func (c *Condition) examine(ctx context.Context, o Options) error {
	if isPostgres(o.URL) {
		p, err := openPostgres(ctx, o.URL, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer p.close() //nolint:errcheck // it never fails
		c.Pool = int(p.pool.Config().MaxConns)
		return p.view(ctx, func(q querier) error {
			if err := c.ofPostgres(ctx, q, o.Now); err != nil {
				return err
			}
			return c.ofBoth(ctx, q, p, o.Key)
		})
	}
	f, err := openToLook(strings.TrimPrefix(o.URL, "sqlite:"))
	if err != nil {
		return err
	}
	defer f.read.Close()
	return f.view(ctx, func(q querier) error {
		if err := c.ofSQLite(ctx, q); err != nil {
			return err
		}
		return c.ofBoth(ctx, q, f, o.Key)
	})
}

// openToLook opens a file without its lock. A handle that may write takes away the files beside it that it made.
func openToLook(path string) (*sqliteFile, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=rw&_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	db.SetMaxOpenConns(2)
	return &sqliteFile{path: path, read: db}, nil
}

func (c *Condition) ofPostgres(ctx context.Context, q querier, now func() time.Time) error {
	c.Settings = map[string]string{}
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := q.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		c.Settings[name] = value
	}
	asked := now()
	var version string
	var clock int64
	if err := q.QueryRow(ctx, `SELECT current_setting('server_version'), CAST(current_setting('server_version_num') AS BIGINT),
		pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',
		CAST(current_setting('max_connections') AS BIGINT) - CAST(current_setting('superuser_reserved_connections') AS BIGINT),
		CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`).Scan(&version, &c.Version, &c.ReadOnly, &c.Connections, &clock); err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	answered := now()
	version, _, _ = strings.Cut(version, " ") // Debian adds its own
	c.Server = "PostgreSQL " + version
	c.Ahead = time.UnixMicro(clock).Sub(asked.Add(answered.Sub(asked) / 2))
	return nil
}

func (c *Condition) ofSQLite(ctx context.Context, q querier) error {
	var version, journal string
	err := errors.Join(q.QueryRow(ctx, `SELECT sqlite_version()`).Scan(&version), q.QueryRow(ctx, `PRAGMA journal_mode`).Scan(&journal))
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	c.Server, c.Settings = "SQLite "+version, map[string]string{"journal_mode": journal}
	return nil
}

// ofBoth reads the tables, those of them that are there.
func (c *Condition) ofBoth(ctx context.Context, q querier, e engine, key []byte) error {
	c.Keys = ErrNoKeys
	migrated, err := e.hasTable(ctx, "goose_db_version")
	if err != nil || !migrated {
		return err
	}
	if err := q.QueryRow(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&c.Schema); err != nil {
		return fmt.Errorf("read the version of the schema: %w", err)
	}
	if keyed, err := e.hasTable(ctx, "keysets"); err != nil || !keyed {
		return err
	}
	tx := &Tx{ctx: ctx, q: q}
	held, err := tx.wrappedKeys()
	if err != nil {
		return err
	}
	c.Keys = keysOpen(tx, held, key)
	return nil
}

// keysOpen is nil when all keys of the database open, ErrNoKeys when the first start makes them, else ErrKeysLost or ErrWrongKey.
func keysOpen(tx *Tx, held wrappedKeys, key []byte) error {
	if len(held) == 0 {
		return cmp.Or(tx.mayMake(valuesKey), ErrNoKeys)
	}
	master, err := wrapper(key)
	if err != nil {
		return ErrWrongKey
	}
	for _, name := range keyNames {
		if _, has := held[name]; has {
			continue
		}
		if err := tx.mayMake(name); err != nil {
			return err
		}
		if held[name], err = newKey(name, master); err != nil {
			return err
		}
	}
	_, err = held.unwrap(master, time.Time{})
	return err
}
