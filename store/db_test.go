package store

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sahabatrt/store/storetest"

	"sahabatrt/program"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

var today = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { storetest.Main(m) }

func openAt(t testing.TB, url string, key []byte) (*DB, error) {
	t.Helper()
	return Open(context.Background(), Options{URL: url, Key: key,
		Now: func() time.Time { return today }, Log: slog.New(slog.DiscardHandler)})
}

// address is that of a store with its schema, sealed with testKey.
func address(t testing.TB) string {
	t.Helper()
	return storetest.Migrated(t, func(address string) (io.Closer, error) { return openAt(t, address, testKey) })
}

func open(t testing.TB) *DB {
	t.Helper()
	db, err := openAt(t, address(t), testKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// onSQLite skips what is about the file, or about its one writer.
func onSQLite(t *testing.T) {
	t.Helper()
	if storetest.OnPostgres() {
		t.Skip("about SQLite")
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	onSQLite(t)
	path := storetest.URL(t)
	db, err := openAt(t, path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openAt(t, path, testKey); !errors.Is(err, ErrInUse) {
		t.Errorf("second Open: %v, want ErrInUse", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = openAt(t, path, testKey)
	if err != nil {
		t.Fatalf("Open after Close: %v", err)
	}
	db.Close()
}

func TestWrongKeyIsRefused(t *testing.T) {
	path := storetest.URL(t)
	db, err := openAt(t, path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	other := make([]byte, 32)
	rand.Read(other)
	if _, err := openAt(t, path, other); !errors.Is(err, ErrWrongKey) {
		t.Errorf("Open with another key: %v, want ErrWrongKey", err)
	}
	if db, err = openAt(t, path, testKey); err != nil {
		t.Fatalf("Open with the right key: %v", err)
	}
	db.Close()
}

// TestFailedChangeLeavesItsNeighbours runs good, failing and panicking changes together: each rolls back alone.
func TestFailedChangeLeavesItsNeighbours(t *testing.T) {
	db, ctx := open(t), context.Background()
	fault := errors.New("no")
	var wg sync.WaitGroup
	for i := range 90 {
		wg.Go(func() {
			err := db.Update(ctx, func(tx *Tx) error {
				if err := tx.exec("insert", `INSERT INTO keysets(name, wrapped, made_at) VALUES($1, $2, 0)`, newID(), "x"); err != nil {
					return err
				}
				switch i % 3 {
				case 1:
					return fault
				case 2:
					panic("no")
				}
				return nil
			})
			if (err == nil) != (i%3 == 0) {
				t.Errorf("change %d: %v", i, err)
			}
			if i%3 == 1 && !errors.Is(err, fault) {
				t.Errorf("change %d: %v, want its own error", i, err)
			}
		})
	}
	wg.Wait()
	var n int
	if err := db.View(ctx, func(tx *Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM keysets WHERE wrapped='x'`).Scan(&n)
	}); err != nil || n != 30 {
		t.Errorf("%d rows (%v), want those of the 30 good changes", n, err)
	}
}

// TestFaultTakesAllBack: after a fault of the engine nothing is committed, and the next change finds it in order.
func TestFaultTakesAllBack(t *testing.T) {
	db, fault := open(t), errors.New("no")
	_, err := db.engine.update(context.Background(), func(ctx context.Context, q querier) (error, error) {
		_, err := q.Exec(ctx, `INSERT INTO keysets(name, wrapped, made_at) VALUES('x', 'x', 0)`)
		return nil, errors.Join(err, fault)
	})
	if !errors.Is(err, fault) {
		t.Errorf("error %v", err)
	}
	var n int
	update(t, db, func(tx *Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM keysets WHERE name='x'`).Scan(&n) })
	if n != 0 {
		t.Error("half a change was committed")
	}
}

func TestViewCannotWrite(t *testing.T) {
	db := open(t)
	err := db.View(context.Background(), func(tx *Tx) error {
		return tx.exec("insert", `INSERT INTO keysets(name, wrapped, made_at) VALUES('a', 'b', 0)`)
	})
	if err == nil {
		t.Error("a write in View was accepted")
	}
}

func TestWaitIsBounded(t *testing.T) {
	onSQLite(t)
	db := open(t)
	gate, in := make(chan struct{}), make(chan struct{})
	go db.Update(context.Background(), func(*Tx) error { close(in); <-gate; return nil })
	<-in
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	ran := false
	if err := db.Update(ctx, func(*Tx) error { ran = true; return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a change that waited too long: %v", err)
	}
	close(gate)
	if err := db.Update(context.Background(), func(*Tx) error { return nil }); err != nil || ran {
		t.Errorf("after it: %v, ran %v", err, ran)
	}
}

func TestCloseRefuses(t *testing.T) {
	db := open(t)
	db.Close()
	nothing := func(*Tx) error { return nil }
	if err := db.Update(context.Background(), nothing); !errors.Is(err, ErrClosed) {
		t.Errorf("a change after Close: %v", err)
	}
	if err := db.View(context.Background(), nothing); !errors.Is(err, ErrClosed) {
		t.Errorf("reading after Close: %v", err)
	}
}

func TestSealedValueBelongsToItsPlace(t *testing.T) {
	s := open(t).Sealer()
	sealed, err := s.Seal("workers.name.1", []byte("Udin Contoh"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := s.Open("workers.name.1", sealed); err != nil || string(plain) != "Udin Contoh" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if _, err := s.Open("workers.name.2", sealed); !errors.Is(err, ErrSeal) {
		t.Errorf("opened in another row: %v", err)
	}
	if s.Index("nik", "1") != s.Index("nik", "1") || s.Index("nik", "1") == s.Index("phone", "1") {
		t.Error("the index is not bound to its kind")
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "key")
	made, err := LoadOrMakeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	read, err := LoadOrMakeKey(path)
	if err != nil || string(read) != string(made) {
		t.Errorf("read back another key: %v", err)
	}
	if _, err := ParseKey("short"); err == nil {
		t.Error("a short key was accepted")
	}
}

// TestLook: one statement that reads, and no more.
func TestLook(t *testing.T) {
	db := open(t)
	p := addOfficer(t, db, 1, program.Ketua, rt14.String())
	var got Person
	must(t, db.Look(t.Context(), func(tx *Tx) (err error) {
		got, err = tx.Person(p.ID)
		return err
	}))
	if got.ID != p.ID || len(got.Offices) != 1 {
		t.Errorf("it sees %d offices", len(got.Offices))
	}
	for name, more := range map[string]func(*Tx) error{
		"a second query": func(tx *Tx) error { _, err := tx.Person(p.ID); return err },
		"a second row":   func(tx *Tx) error { return tx.QueryRow(`SELECT 1`).Scan(new(int)) },
		"a change":       func(tx *Tx) error { _, err := tx.Exec(`DELETE FROM people`); return err },
		"a lock":         func(tx *Tx) error { return tx.alone("person", p.ID) },
		"a job":          func(tx *Tx) error { return tx.Enqueue(JobPlan, "") },
	} {
		if err := db.Look(t.Context(), func(tx *Tx) error {
			_, err := tx.Person(p.ID)
			return errors.Join(err, more(tx))
		}); !errors.Is(err, errGlance) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
