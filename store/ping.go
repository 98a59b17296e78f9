package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// ErrKeysOld means that the keys in the database do not open with the key that this process was started with: it was
// changed meanwhile.
var ErrKeysOld = errors.New("the keys of the database open with another key now")

// ErrNotMigrated means that the schema is older than this program: see Migrate.
var ErrNotMigrated = errors.New("the schema is older than this program")

// newestSchema is the number of the last migration.
var newestSchema = newest()

func newest() (version int64) {
	files, _ := fs.Glob(migrations, "migrations/*.sql") // the pattern is well-formed
	for _, name := range files {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			panic("a migration without a number: " + name)
		}
		version = max(version, n)
	}
	return version
}

// Ping returns nil when the records can be read and their schema is that of this program, or newer; else ErrNotMigrated,
// ErrKeysOld, or why they cannot be read. It does not wait for other work to end.
func (db *DB) Ping(ctx context.Context) error {
	if db.closed.Load() {
		return ErrClosed
	}
	err := db.engine.beside(ctx, func(q querier) error {
		var version int64
		err := q.QueryRow(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&version)
		if err == nil && version < newestSchema {
			err = ErrNotMigrated
		}
		return err
	})
	if err == nil && db.ring.stuck() {
		return ErrKeysOld
	}
	if err == nil || errors.Is(err, ErrNotMigrated) {
		return err
	}
	if made, looked := db.engine.hasTable(ctx, "goose_db_version"); looked == nil && !made {
		return ErrNotMigrated
	}
	return fmt.Errorf("read the version of the schema: %w", err)
}

// Pool is how busy the connections to the records are; on SQLite those that read.
type Pool struct {
	Max, Open, InUse int
	Waits            int64         // how often a connection had to be waited for
	Waited           time.Duration // in all
}

// Pool tells how busy the connections are at this moment.
func (db *DB) Pool() Pool { return db.engine.connections() }

func (p *postgres) connections() Pool {
	s := p.pool.Stat()
	return Pool{Max: int(s.MaxConns()), Open: int(s.TotalConns()), InUse: int(s.AcquiredConns()),
		Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime()}
}

func (f *sqliteFile) connections() Pool {
	s := f.read.Stats()
	return Pool{Max: s.MaxOpenConnections, Open: s.OpenConnections, InUse: s.InUse, Waits: s.WaitCount, Waited: s.WaitDuration}
}
