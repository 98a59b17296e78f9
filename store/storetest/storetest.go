// Package storetest runs tests on both engines of the store: on a SQLite file always, and again on PostgreSQL where
// TEST_POSTGRES_URL names one (scripts/with-services starts one). It knows addresses only, not the store.
package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

var server = os.Getenv("TEST_POSTGRES_URL")

var onPostgres bool

// OnPostgres is whether the tests run on PostgreSQL this time.
func OnPostgres() bool { return onPostgres }

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
	run(t, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { run(t, "DROP SCHEMA "+schema+" CASCADE") })
	return u.String()
}

// Content returns everything that lies at an address of URL: the files, or the rows of the tables as text.
func Content(t testing.TB, address string) map[string][]byte {
	t.Helper()
	held := map[string][]byte{}
	path, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		held["the schema"] = dump(t, address)
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

func dump(t testing.TB, address string) []byte {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var all string
	if err := conn.QueryRow(ctx, `SELECT CAST(schema_to_xml(current_schema(), true, false, '') AS TEXT)`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(all, "<session_chats") {
		t.Fatal("the dump shows nothing")
	}
	return []byte(all)
}

func run(t testing.TB, statement string) {
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
