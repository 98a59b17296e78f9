// Package storetest runs tests on both engines of the store: on a SQLite file always, and again on PostgreSQL where
// TEST_POSTGRES_URL names one (scripts/with-services starts one). It knows addresses only, not the store.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

var server = os.Getenv("TEST_POSTGRES_URL")

var onPostgres bool

// OnPostgres is whether the tests run on PostgreSQL this time.
func OnPostgres() bool { return onPostgres }

// Engine names what the tests run on this time, for benchmarks.
func Engine() string {
	if onPostgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

// Main is TestMain of a package whose tests use URL.
func Main(m *testing.M) {
	code := m.Run()
	if server != "" {
		fmt.Println("the same on PostgreSQL:")
		onPostgres = true
		code = max(code, m.Run())
	}
	os.Exit(code)
}

// URL returns the address of an empty store of this test's own: a file, or a schema that is dropped at the end.
func URL(t testing.TB) string {
	t.Helper()
	if onPostgres {
		return Postgres(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}

var (
	once     sync.Once
	migrated []byte
)

// Migrated is URL with the schema that open makes, where that can be made once and copied: under the race detector the
// migrations of a SQLite file take longer than most tests. All stores of a package have the key of the first.
func Migrated(t testing.TB, open func(address string) (io.Closer, error)) string {
	t.Helper()
	address := URL(t)
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return address
	}
	once.Do(func() {
		first := filepath.Join(t.TempDir(), "migrated.db")
		store, err := open("sqlite:" + first)
		if err == nil {
			err = store.Close()
		}
		if err == nil {
			migrated, err = os.ReadFile(first)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	if err := os.WriteFile(path, migrated, 0o600); err != nil {
		t.Fatal(err)
	}
	return address
}

// Postgres returns the address of an empty schema, and skips the test where TEST_POSTGRES_URL names no server.
func Postgres(t testing.TB) string {
	t.Helper()
	if server == "" {
		t.Skip("TEST_POSTGRES_URL names no server: ./scripts/with-services starts one")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("TEST_POSTGRES_URL is no address")
	}
	schema := "test_" + strings.ToLower(rand.Text())
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	run(t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { run(t, server, "DROP SCHEMA "+schema+" CASCADE") })
	return u.String()
}

// Content returns everything that lies at an address of URL: each table as text, and the files of SQLite as they are.
func Content(t testing.TB, address string) map[string][]byte {
	t.Helper()
	held := map[string][]byte{}
	for _, row := range Rows(t, address) {
		held[row.Table] = fmt.Appendln(held[row.Table], strings.Join(row.Values, "\t"))
	}
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return held
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no records", err)
	}
	for _, file := range files {
		if held[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return held
}

// Row is one row of a table, its values as text.
type Row struct {
	Table           string
	Columns, Values []string
}

const (
	sqliteTables   = `SELECT name FROM sqlite_master WHERE type='table' ORDER BY name`
	postgresTables = `SELECT table_name FROM information_schema.tables WHERE table_schema=current_schema() ORDER BY table_name`
)

// Rows returns every row of every table at an address of URL, table by table.
func Rows(t testing.TB, address string) []Row {
	t.Helper()
	db, tables := look(t, address)
	defer db.Close()
	var all []Row
	for _, name := range tables {
		all = append(all, read(t, db, name, `SELECT * FROM "`+name+`"`)...)
	}
	if len(all) == 0 {
		t.Fatal("there are no records")
	}
	return all
}

// Tables returns the names of all tables at an address of URL.
func Tables(t testing.TB, address string) []string {
	t.Helper()
	db, tables := look(t, address)
	defer db.Close()
	return tables
}

func look(t testing.TB, address string) (db *sql.DB, tables []string) {
	t.Helper()
	driver, source, query := "pgx", address, postgresTables
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, source, query = "sqlite", "file:"+path+"?mode=ro", sqliteTables
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range read(t, db, "", query) {
		tables = append(tables, row.Values[0])
	}
	return db, tables
}

func read(t testing.TB, db *sql.DB, table, query string) (all []Row) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, places := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		row := Row{Table: table, Columns: columns}
		for _, v := range values {
			row.Values = append(row.Values, v.String)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func run(t testing.TB, server, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
