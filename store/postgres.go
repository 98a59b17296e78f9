package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// postgresDefaults are the time-outs where the URL names none; the server keeps them, so that a process that hangs
// holds nobody up.
var postgresDefaults = map[string]string{
	"statement_timeout":                   "10s",
	"idle_in_transaction_session_timeout": "20s",
	"application_name":                    "sahabatrt",
}

const (
	postgresConns  = 16               // connections where the URL names no pool_max_conns
	leastConns     = 4                // River listens on one, and another waits for a lock while it migrates
	connectTimeout = 5 * time.Second  // where the URL names no connect_timeout
	commitTimeout  = 10 * time.Second // a commit is waited for even when its caller has gone
	attempts       = 5                // of one change, when PostgreSQL asks for it again or the connection breaks
)

// appendOnly refuses changes to what is append-only. It is not portable, and so no migration.
const appendOnly = `DO $do$ BEGIN
CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS
 $f$ BEGIN RAISE EXCEPTION 'the % is append-only', TG_TABLE_NAME; END $f$;
IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'append_only' AND tgrelid = to_regclass('ledger')) THEN
 CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION append_only();
END IF;
IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'append_only' AND tgrelid = to_regclass('audit')) THEN
 CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION append_only();
END IF;
END $do$`

// postgres keeps the records in a PostgreSQL database, or in one schema of it (search_path). Its transactions see what
// others committed before each statement; what has to stay true for longer is taken with lock.
type postgres struct {
	*queue[pgx.Tx]
	pool *pgxpool.Pool
	one  *pgxpool.Pool // a single connection, for beside
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

func openPostgres(ctx context.Context, url string, log *slog.Logger) (*postgres, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = postgresConns
	}
	if config.MaxConns < leastConns {
		return nil, fmt.Errorf("open the database: pool_max_conns is %d, the least is %d", config.MaxConns, leastConns)
	}
	if !strings.Contains(url, "connect_timeout=") {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	for name, value := range postgresDefaults {
		if _, given := config.ConnConfig.RuntimeParams[name]; !given {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	config = config.Copy()
	config.MaxConns, config.MinConns, config.MinIdleConns = 1, 0, 0
	one, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	jobs, err := newQueue(riverpgxv5.New(pool), log)
	if err != nil {
		pool.Close()
		one.Close()
		return nil, err
	}
	return &postgres{jobs, pool, one}, nil
}

// migrate runs what is missing; processes that start together wait for each other.
func (p *postgres) migrate(ctx context.Context) (applied int, err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, fmt.Errorf("find the migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(p.lockID("migrate")), lock.WithLockTimeout(1, 60))
	if err != nil {
		return 0, fmt.Errorf("lock the migrations: %w", err)
	}
	db := stdlib.OpenDBFromPool(p.pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("migrate: %w", err)
	}
	more := 0
	_, err = p.update(ctx, func(ctx context.Context, q querier) (refused, fault error) {
		if fault = q.Lock(ctx, "schema", "jobs and triggers"); fault != nil {
			return nil, fault
		}
		if more, fault = migrateJobs(ctx, riverpgxv5.New(p.pool), p.log); fault != nil {
			return nil, fault
		}
		if _, fault = q.Exec(ctx, appendOnly); fault != nil {
			fault = fmt.Errorf("protect what is append-only: %w", fault)
		}
		return nil, fault
	})
	return len(done) + more, err
}

// lockID is of this schema alone: locks are the whole database's.
func (p *postgres) lockID(kind string) int64 {
	return int64(hash(kind + "\x00" + p.pool.Config().ConnConfig.RuntimeParams["search_path"]))
}

func hash(s string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(s))
	return h.Sum32()
}

func (p *postgres) hasTable(ctx context.Context, name string) (has bool, err error) {
	err = p.pool.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&has)
	return has, err
}

// update commits what change wrote. What PostgreSQL asks for again (40001, 40P01), and what a broken connection cut off
// before its commit, is run again from the start.
func (p *postgres) update(ctx context.Context, change func(context.Context, querier) (refused, fault error)) (refused, fault error) {
	for attempt := 1; ; attempt++ {
		again := false
		refused, again, fault = p.try(ctx, change)
		if !again || attempt == attempts {
			return refused, fault
		}
		select {
		case <-ctx.Done():
			return refused, errors.Join(fault, ctx.Err())
		case <-time.After(time.Duration(attempt*attempt) * 10 * time.Millisecond):
		}
	}
}

func (p *postgres) try(ctx context.Context, change func(context.Context, querier) (refused, fault error)) (refused error, again bool, fault error) {
	t, err := begin(ctx, p.pool, pgx.TxOptions{})
	if err != nil {
		return nil, false, err
	}
	refused, fault = change(ctx, &postgresTx{t, p.queue})
	if fault != nil || repeatable(refused) || t.Conn().IsClosed() {
		again = ctx.Err() == nil && (t.Conn().IsClosed() || repeatable(refused) || repeatable(fault))
		return refused, again, errors.Join(fault, rollback(t))
	}
	fault, again = commit(ctx, t)
	return refused, again, fault
}

// commit does not stop when its caller does. Only an answer of the server is sure: ErrUnknown is all else.
func commit(ctx context.Context, t pgx.Tx) (err error, again bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	err = t.Commit(ctx)
	var said *pgconn.PgError
	switch {
	case err == nil:
		return nil, false
	case errors.Is(err, pgx.ErrTxCommitRollback), errors.As(err, &said) && !strings.HasPrefix(said.Code, "57P"):
		return fmt.Errorf("commit: %w", err), repeatable(err)
	}
	return fmt.Errorf("%w: %w", ErrUnknown, err), false
}

func rollback(t pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	if err := t.Rollback(ctx); err != nil && !t.Conn().IsClosed() { // a closed connection has rolled back
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// repeatable is whether PostgreSQL says that the same transaction may pass the next time.
func repeatable(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && (said.Code == "40001" || said.Code == "40P01")
}

// begin takes a connection that works: those that the server closed meanwhile are passed over.
func begin(ctx context.Context, pool *pgxpool.Pool, o pgx.TxOptions) (t pgx.Tx, err error) {
	for range pool.Config().MaxConns + 1 {
		if t, err = pool.BeginTx(ctx, o); err == nil {
			return t, nil
		}
		var refused *pgconn.ConnectError
		if errors.As(err, &refused) || ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("begin: %w", err)
}

func (p *postgres) view(ctx context.Context, read func(querier) error) error {
	return p.snapshot(ctx, p.pool, read)
}

func (p *postgres) look(ctx context.Context, read func(asker) error) (err error) {
	for range p.pool.Config().MaxConns + 1 { // those that the server closed meanwhile are passed over
		conn, fault := p.pool.Acquire(ctx)
		if fault != nil {
			return fmt.Errorf("take a connection: %w", fault)
		}
		err = read(postgresConn{conn})
		closed := conn.Conn().IsClosed()
		conn.Release()
		if err == nil || !closed || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (p *postgres) beside(ctx context.Context, read func(querier) error) error {
	return p.snapshot(ctx, p.one, read)
}

func (p *postgres) snapshot(ctx context.Context, pool *pgxpool.Pool, read func(querier) error) error {
	t, err := begin(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	return errors.Join(read(&postgresTx{t, p.queue}), rollback(t))
}

// ErrNoBackup means that the records are in PostgreSQL, which has its own way to copy them.
var ErrNoBackup = errors.New("these records are in PostgreSQL: copy them with its own pg_dump")

func (p *postgres) backup(context.Context, string) error { return ErrNoBackup }

func (p *postgres) close() error {
	p.one.Close()
	p.pool.Close()
	return nil
}

// postgresConn is a connection without a transaction.
type postgresConn struct{ conn *pgxpool.Conn }

func (c postgresConn) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	return c.conn.Query(ctx, query, args...)
}

func (c postgresConn) QueryRow(ctx context.Context, query string, args ...any) Row {
	return c.conn.QueryRow(ctx, query, args...)
}

// postgresTx is a transaction.
type postgresTx struct {
	tx   pgx.Tx
	jobs *queue[pgx.Tx]
}

func (q *postgresTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := q.tx.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (q *postgresTx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	return q.tx.Query(ctx, query, args...)
}

func (q *postgresTx) QueryRow(ctx context.Context, query string, args ...any) Row {
	return q.tx.QueryRow(ctx, query, args...)
}

// Lock takes one of 1,024 locks of a kind: the server has room for a limited number. Two ids that share one only wait.
func (q *postgresTx) Lock(ctx context.Context, kind, id string) error {
	_, err := q.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, int32(hash(kind)), int32(hash(id)%1024))
	return err
}

func (q *postgresTx) Enqueue(ctx context.Context, kind JobKind, id string) error {
	return q.jobs.add(ctx, q.tx, kind, id)
}

// postgresUnique is isUnique for PostgreSQL.
func postgresUnique(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == "23505"
}
