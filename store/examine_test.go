package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sahabatrt/store/storetest"
)

func TestExamine(t *testing.T) {
	address := storetest.URL(t)
	examine := func(key []byte, ahead time.Duration) Condition {
		t.Helper()
		c, err := Examine(t.Context(), Options{URL: address, Key: key, Now: func() time.Time { return time.Now().Add(-ahead) }})
		must(t, err)
		return c
	}
	unmigrated, err := Open(t.Context(), Options{URL: address, Key: testKey, Now: time.Now, NoMigrate: true})
	must(t, err)
	must(t, unmigrated.Close())
	if c := examine(testKey, 0); c.Schema != 0 || c.Wanted != newestSchema || !errors.Is(c.Keys, ErrNoKeys) {
		t.Errorf("without a schema: %+v", c)
	}
	db, err := openAt(t, address, testKey)
	must(t, err)
	defer db.Close()
	c := examine(testKey, time.Hour)
	if c.Schema != newestSchema || c.Keys != nil || c.ReadOnly {
		t.Errorf("while it is open: %+v", c)
	}
	if wrong := examine([]byte("fedcba9876543210fedcba9876543210"), 0); !errors.Is(wrong.Keys, ErrWrongKey) {
		t.Errorf("with another key: %v", wrong.Keys)
	}
	if storetest.OnPostgres() {
		if c.Version < 140000 || !strings.HasPrefix(c.Server, "PostgreSQL ") || c.Settings["fsync"] == "" || c.Settings["synchronous_commit"] == "" ||
			c.Settings["full_page_writes"] == "" || c.Connections < c.Pool || c.Pool != postgresConns {
			t.Errorf("PostgreSQL is not known: %+v", c)
		}
		if d := c.Ahead - time.Hour; d.Abs() > time.Minute {
			t.Errorf("its clock is %v ahead, not an hour", c.Ahead)
		}
		return
	}
	if c.Settings["journal_mode"] != "wal" || !strings.HasPrefix(c.Server, "SQLite ") {
		t.Errorf("SQLite is not known: %+v", c)
	}
	must(t, db.Close())
	examine(testKey, 0)
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(strings.TrimPrefix(address, "sqlite:")), "*")); len(files) != 2 {
		t.Errorf("left behind: %v", files)
	}
}

// Nothing is made where nothing is.
func TestExamineNothing(t *testing.T) {
	onSQLite(t)
	path := filepath.Join(t.TempDir(), "none.db")
	if _, err := Examine(t.Context(), Options{URL: "sqlite:" + path, Key: testKey, Now: time.Now}); err == nil {
		t.Error("a file that is not there was examined")
	}
	if files, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(files) != 0 {
		t.Errorf("made: %v", files)
	}
}
