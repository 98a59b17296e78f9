package store

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/program"
	"sahabatrt/store/storetest"
)

// clock is a clock that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return today.Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

func openOn(t *testing.T, url string, key []byte, c *clock) *DB {
	t.Helper()
	db, err := Open(context.Background(), Options{URL: url, Key: key, Now: c.now, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// sealedWith are the ids of the keys that values of the store are sealed with, and how many.
func sealedWith(t *testing.T, db *DB) map[uint32]int64 {
	t.Helper()
	all, err := db.Keys(context.Background())
	must(t, err)
	used := map[uint32]int64{}
	for _, k := range all {
		if k.Sealed() > 0 {
			used[k.ID] = k.Sealed()
		}
	}
	return used
}

func rotate(t *testing.T, db *DB) uint32 {
	t.Helper()
	id, err := db.RotateKey(context.Background())
	must(t, err)
	return id
}

func reseal(t *testing.T, db *DB) Resealed {
	t.Helper()
	done, err := db.Reseal(context.Background())
	must(t, err)
	return done
}

// TestLifeOfAKey: a new key seals, the old one still opens; once everything is sealed anew and the old one has rested,
// it can go, and everything opens without it.
func TestLifeOfAKey(t *testing.T) {
	ctx, c, url := context.Background(), &clock{}, storetest.URL(t)
	db := openOn(t, url, testKey, c)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 10_000_000)
	for n := 1; n <= 150; n++ { // more than one step of Reseal
		_, err := register(t, db, testWorker(t, n), ketua)
		must(t, err)
	}
	keys, err := db.Keys(ctx)
	must(t, err)
	if len(keys) != 1 || !keys[0].Primary || !keys[0].MadeAt.Equal(today) || keys[0].Values["workers"] != 150 {
		t.Fatalf("keys %+v", keys)
	}
	old, before := keys[0].ID, keys[0].Sealed()
	if err := db.DropKey(ctx, old); !errors.Is(err, ErrKeyPrimary) {
		t.Errorf("drop the primary: %v", err)
	}

	c.pass(time.Hour)
	id := rotate(t, db)
	_, err = register(t, db, testWorker(t, 151), ketua)
	must(t, err)
	clean(t, db)
	if used := sealedWith(t, db); used[old] != before || used[id] == 0 {
		t.Errorf("sealed with %v, want %d with the old key %d and some with the new one %d", used, before, old, id)
	}
	if err := db.DropKey(ctx, old); !errors.Is(err, ErrKeyInUse) {
		t.Errorf("drop a key that is in use: %v", err)
	}
	if done := reseal(t, db); int64(done.Values) != before || done.Damaged != 0 {
		t.Errorf("resealed %+v, want %d", done, before)
	}
	if done := reseal(t, db); done.Values != 0 {
		t.Errorf("resealed %+v when there was nothing to do", done)
	}
	if used := sealedWith(t, db); used[old] != 0 {
		t.Errorf("sealed with %v after Reseal", used)
	}
	if err := db.DropKey(ctx, old); !errors.Is(err, ErrKeyRests) {
		t.Errorf("drop a key that others may still use: %v", err)
	}
	c.pass(keyRest)
	must(t, db.DropKey(ctx, old))
	if err := db.DropKey(ctx, old); !errors.Is(err, ErrNotFound) {
		t.Errorf("drop it again: %v", err)
	}
	if keys, err = db.Keys(ctx); err != nil || len(keys) != 1 || keys[0].ID != id || !keys[0].MadeAt.Equal(today.Add(time.Hour)) {
		t.Errorf("keys %+v, %v", keys, err)
	}
	clean(t, db)
}

// TestRotateWhileOthersWork: one process rotates and reseals while another registers, corrects and reads. Nobody meets an
// error, and at the end everything opens and agrees.
func TestRotateWhileOthersWork(t *testing.T) {
	var a, b *DB
	if storetest.OnPostgres() {
		a, b = two(t)
	} else {
		a = open(t)
		b = a // a file has one process
	}
	ketua := addOfficer(t, a, 1, program.Ketua, rt14.String())
	setCeiling(t, a, rt14, 2026, 100_000_000)
	var work sync.WaitGroup
	stop := make(chan struct{})
	for writer := range 3 {
		work.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := workOn(b, testWorker(t, writer*1000+n), ketua); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var last uint32
	for range 8 {
		last = rotate(t, a)
		reseal(t, a)
	}
	close(stop)
	work.Wait()
	clean(t, a)
	clean(t, b)
	reseal(t, b)
	if used := sealedWith(t, a); len(used) != 1 || used[last] == 0 {
		t.Errorf("sealed with %v, want all with %d", used, last)
	}
	clean(t, a)
}

// TestTwoRotateAtOnce: keys that two processes make at the same moment are all kept.
func TestTwoRotateAtOnce(t *testing.T) {
	a, b := two(t)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if _, err := []*DB{a, b}[i%2].RotateKey(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := b.Keys(context.Background())
	must(t, err)
	if len(all) != 11 || !all[10].Primary {
		t.Errorf("%d keys", len(all))
	}
}

// workOn registers a worker, corrects him, and reads him and all others.
func workOn(db *DB, w Worker, by Person) error {
	ctx := context.Background()
	op := newID()
	answer, _, err := db.Operate(ctx, op, by.ID, func(tx *Tx) ([]byte, error) {
		r, err := tx.Register(w, op, by, consent)
		return []byte(r.Worker.ID), err
	})
	if err != nil {
		return err
	}
	if err := db.Update(ctx, func(tx *Tx) error { return tx.CorrectWorker(string(answer), FieldMother, "Contoh Ibu", by) }); err != nil {
		return err
	}
	return db.View(ctx, func(tx *Tx) error {
		if _, _, err := tx.Workers(w.RT, 0, 1000); err != nil {
			return err
		}
		found, _, err := tx.FindNIK(w.NIK)
		if err == nil && found.Mother != "Contoh Ibu" {
			err = fmt.Errorf("%v lost a correction", found)
		}
		return err
	})
}

// TestNewKeyNeedsNoConnection: a process whose connections are all in transactions takes up a key that another one made.
func TestNewKeyNeedsNoConnection(t *testing.T) {
	onPostgres(t)
	url := storetest.URL(t)
	a, err := openAt(t, url, testKey)
	must(t, err)
	defer a.Close()
	b, err := openAt(t, fmt.Sprintf("%s&pool_max_conns=%d", url, leastConns), testKey)
	must(t, err)
	defer b.Close()
	var busy, ended sync.WaitGroup
	defer ended.Wait()
	done := make(chan struct{})
	defer close(done)
	for range leastConns - 1 {
		busy.Add(1)
		ended.Go(func() {
			if err := b.View(context.Background(), func(tx *Tx) error {
				busy.Done()
				<-done
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	busy.Wait()
	rotate(t, a)
	ketua := addOfficer(t, a, 1, program.Ketua, rt14.String())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	must(t, b.Update(ctx, func(tx *Tx) error {
		p, err := tx.Person(ketua.ID)
		if err == nil && p.Name != ketua.Name {
			err = fmt.Errorf("read %v", p)
		}
		return err
	}))
}

// countReads counts how often the keys are read again from here on; fail, when it is set, is what comes of it.
func countReads(db *DB) (reads *atomic.Int64, fail *atomic.Pointer[error]) {
	reads, fail = &atomic.Int64{}, &atomic.Pointer[error]{}
	beside := db.ring.beside
	db.ring.beside = func(ctx context.Context, read func(querier) error) error {
		reads.Add(1)
		if err := fail.Load(); err != nil {
			return *err
		}
		return beside(ctx, read)
	}
	return reads, fail
}

// garbage looks as if it was sealed with a key.
func garbage(id uint32) string {
	return base64.RawStdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32([]byte{sealKind}, id), make([]byte, 40)...))
}

// TestGarbageCostsLittle: the keys are read once for an id that no key has, however many ask, and not at all for what was
// never sealed.
func TestGarbageCostsLittle(t *testing.T) {
	db := open(t)
	reads, _ := countReads(db)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := db.Sealer().Open("x", garbage(1)); !errors.Is(err, ErrSeal) {
				t.Errorf("garbage: %v", err)
			}
		})
	}
	wg.Wait()
	known := rotate(t, db)
	reads.Store(0)
	for _, value := range []string{"", "x", "AAAAAAA", "not base64 !", garbage(1), garbage(known)} {
		if _, err := db.Sealer().Open("x", value); !errors.Is(err, ErrSeal) {
			t.Errorf("%q: %v", value, err)
		}
	}
	if n := reads.Load(); n != 0 {
		t.Errorf("the keys were read %d times for what no reading helps", n)
	}
}

// TestKeysAreReadAgain: a process learns of a new primary within a minute even when it reads nothing sealed with it. When
// the keys cannot be read it goes on for an hour, asking now and then; after that it refuses to seal what nobody else
// might open.
func TestKeysAreReadAgain(t *testing.T) {
	c := &clock{}
	db := openOn(t, storetest.URL(t), testKey, c)
	reads, fail := countReads(db)
	with := func() uint32 {
		t.Helper()
		sealed, err := db.Sealer().Seal("x", nil)
		must(t, err)
		id, _ := KeyOf(sealed)
		return id
	}
	old := with()
	stale := db.ring.keys.Load()
	id := rotate(t, db)
	db.ring.keys.Store(stale) // as another process has them
	reads.Store(0)
	if with() != old {
		t.Error("fresh keys were read again")
	}
	c.pass(keysFresh)
	if with() != id || with() != id || reads.Load() != 1 {
		t.Errorf("after a minute: sealed with another key, %d reads", reads.Load())
	}

	away := errors.New("away")
	fail.Store(&away)
	c.pass(keysFresh)
	reads.Store(0)
	with()
	with()
	if reads.Load() != 1 {
		t.Errorf("a database that is away was asked %d times at once", reads.Load())
	}
	c.pass(keysStale)
	if _, err := db.Sealer().Seal("x", nil); err == nil {
		t.Error("sealed with keys an hour old")
	}
	c.pass(keysRetry)
	fail.Store(nil)
	with()

	c.pass(-24 * time.Hour) // the clock is set back
	reads.Store(0)
	with()
	with()
	if reads.Load() != 1 {
		t.Errorf("keys from the future: %d reads", reads.Load())
	}
}

// TestRewrap: the records open with the new key alone. A process at work goes on for an hour, then it must be started anew.
func TestRewrap(t *testing.T) {
	ctx, c, url := context.Background(), &clock{}, storetest.URL(t)
	db := openOn(t, url, testKey, c)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	name := db.Sealer().Index("x", "y")
	key := []byte(strings.Repeat("n", keySize))
	if err := db.Rewrap(ctx, key[1:]); err == nil {
		t.Error("a short key was accepted")
	}
	if storetest.OnPostgres() {
		other := openOn(t, url, testKey, c)
		must(t, db.Rewrap(ctx, key))
		addOfficer(t, other, 2, program.Ketua, rt15.String())
		c.pass(keysStale)
		if _, err := other.Sealer().Seal("x", nil); !errors.Is(err, ErrWrongKey) {
			t.Errorf("an hour later: %v", err)
		}
	} else {
		must(t, db.Rewrap(ctx, key))
	}
	rotate(t, db)
	must(t, db.Close())
	if _, err := openAt(t, url, testKey); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the former key: %v", err)
	}
	db = openOn(t, url, key, c)
	clean(t, db)
	view(t, db, func(tx *Tx) error {
		p, err := tx.PersonByPhone(ketua.Phone)
		if p.ID != ketua.ID {
			t.Error("nobody is found by his number")
		}
		return err
	})
	if db.Sealer().Index("x", "y") != name {
		t.Error("conversations under way are not found")
	}
}

// loseKeys is an accident.
func loseKeys(t *testing.T, db *DB, only string) {
	t.Helper()
	update(t, db, func(tx *Tx) error { return tx.exec("lose keys", `DELETE FROM keysets WHERE `+only) })
	must(t, db.Close())
}

// TestRestoreKeys: a database without its keys is not opened, and least of all given new ones. Exported keys are put back
// when they open all that is there.
func TestRestoreKeys(t *testing.T) {
	ctx := context.Background()
	db, _ := full(t)
	url := db.opt.URL
	outdated, err := db.ExportKeys(ctx)
	must(t, err)
	rotate(t, db)
	setWord(t, db, "new")
	export, err := db.ExportKeys(ctx)
	must(t, err)
	before, err := db.Keys(ctx)
	must(t, err)
	o := db.opt
	if storetest.OnPostgres() { // on SQLite the file is in use
		if err := RestoreKeys(ctx, o, export, true); !errors.Is(err, ErrHasKeys) {
			t.Errorf("restored where keys are: %v", err)
		}
	}
	loseKeys(t, db, "name<>''")
	if _, err := openAt(t, url, testKey); !errors.Is(err, ErrKeysLost) {
		t.Fatalf("opened without keys: %v", err)
	}

	other, err := openAt(t, storetest.URL(t), testKey)
	must(t, err)
	foreign, err := other.ExportKeys(ctx)
	must(t, err)
	must(t, other.Close())
	wrong := o
	wrong.Key = []byte(strings.Repeat("w", keySize))
	for _, c := range []struct {
		name   string
		o      Options
		export []byte
		want   error
	}{
		{"with another key", wrong, export, ErrWrongKey},
		{"of another database", o, foreign, ErrNotAllOpen},
		{"from before a rotation", o, outdated, ErrNotAllOpen},
		{"that are no export", o, []byte("{}"), nil},
	} {
		if err := RestoreKeys(ctx, c.o, c.export, false); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("keys %s: %v", c.name, err)
		}
	}
	must(t, RestoreKeys(ctx, o, export, false))
	db = openOn(t, url, testKey, &clock{})
	clean(t, db)
	after, err := db.Keys(ctx)
	must(t, err)
	if fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("keys %+v, before %+v", after, before)
	}

	// With nothing better at hand, what opens is better than nothing.
	loseKeys(t, db, "name<>''")
	must(t, RestoreKeys(ctx, o, outdated, true))
	db = openOn(t, url, testKey, &clock{})
	findings, err := db.Check(ctx)
	must(t, err)
	if len(findings) != 1 || findings[0].Problem != "answer_does_not_open" {
		t.Errorf("findings %+v", findings)
	}
	loseKeys(t, db, "name='index'")
	if _, err := openAt(t, url, testKey); !errors.Is(err, ErrKeysLost) {
		t.Errorf("opened without the key of the indexes: %v", err)
	}
}

// setWord keeps a sealed value.
func setWord(t *testing.T, db *DB, word string) {
	t.Helper()
	_, _, err := db.Operate(context.Background(), newID(), "", func(*Tx) ([]byte, error) { return []byte(word), nil })
	must(t, err)
}

// TestResealLeavesWhatIsDamaged: a value that does not open stops nothing, and stays for Check to name.
func TestResealLeavesWhatIsDamaged(t *testing.T) {
	db, _ := full(t)
	rotate(t, db)
	update(t, db, func(tx *Tx) error { return tx.exec("damage", `UPDATE consents SET given_by=$1`, garbage(7)) })
	if done := reseal(t, db); done.Damaged != 1 || done.Values < 5 {
		t.Errorf("resealed %+v", done)
	}
	all, err := db.Keys(context.Background())
	must(t, err)
	if last := all[len(all)-1]; last.Known || last.ID != 7 || last.Values["consents"] != 1 {
		t.Errorf("keys %+v", all)
	}
}

// TestResealLosesNoChange: what a bot wrote after Reseal had read the row stays as the bot wrote it.
func TestResealLosesNoChange(t *testing.T) {
	db, _ := full(t)
	id := rotate(t, db)
	column := sealedColumn{"operations", "answer", "op"}
	var read []sealedRow
	update(t, db, func(tx *Tx) (err error) {
		read, err = tx.otherwiseSealed(column, id, nil)
		return err
	})
	if len(read) == 0 {
		t.Fatal("nothing to seal anew")
	}
	for i, r := range read {
		update(t, db, func(tx *Tx) error {
			if i == 0 {
				sealed, err := tx.seal(column.table, column.column, r.name(), "later")
				if err != nil {
					return err
				}
				if err := tx.exec("change", `UPDATE operations SET answer=$1 WHERE op=$2`, sealed, r.name()); err != nil {
					return err
				}
			}
			changed, err := tx.reseal(column, r)
			if changed != (i > 0) {
				t.Errorf("row %d: changed %v", i, changed)
			}
			return err
		})
	}
	view(t, db, func(tx *Tx) error {
		answer, err := tx.answer(read[0].name())
		if string(answer) != "later" {
			t.Errorf("%q is left", answer)
		}
		return err
	})
}

// TestSealedValueElsewhere: moved to another row, column or table a value does not open, and Check names the place.
func TestSealedValueElsewhere(t *testing.T) {
	for _, c := range []struct{ where, table, change string }{
		{"row", "people", `UPDATE people SET personal=(SELECT MAX(personal) FROM people)`},
		{"column", "session_chats", `INSERT INTO session_chats(chat, channel, address, session, touched_us) SELECT id, 'x', '', personal, 0 FROM people WHERE id=(SELECT MIN(id) FROM people)`},
		{"table", "operations", `UPDATE operations SET answer=(SELECT MAX(personal) FROM people)`},
	} {
		t.Run(c.where, func(t *testing.T) {
			db, _ := full(t)
			addOfficer(t, db, 2, program.Ketua, rt15.String())
			clean(t, db)
			update(t, db, func(tx *Tx) error { return tx.exec("move", c.change) })
			findings, err := db.Check(context.Background())
			must(t, err)
			if len(findings) != 1 || findings[0].Table != c.table || !strings.HasSuffix(findings[0].Problem, "_does_not_open") {
				t.Errorf("findings %+v", findings)
			}
		})
	}
}
