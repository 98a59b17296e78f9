package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/program"
	"sahabatrt/store/storetest"
)

func onPostgres(t *testing.T) {
	t.Helper()
	if !storetest.OnPostgres() {
		t.Skip("about PostgreSQL")
	}
}

// two opens one store as two processes do.
func two(t *testing.T) (a, b *DB) {
	t.Helper()
	onPostgres(t)
	address := storetest.URL(t)
	dbs := make([]*DB, 2)
	var wg sync.WaitGroup
	for i := range dbs {
		wg.Go(func() {
			var err error
			if dbs[i], err = openAt(t, address, testKey); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, db := range dbs {
		if db == nil {
			t.FailNow()
		}
		t.Cleanup(func() { must(t, db.Close()) })
	}
	return dbs[0], dbs[1]
}

// TestTwoProcessesStartTogether: both bring the schema up to date and make the keys; one of each comes out of it.
func TestTwoProcessesStartTogether(t *testing.T) {
	a, b := two(t)
	sealed, err := a.Sealer().Seal("x", []byte("contoh"))
	must(t, err)
	if plain, err := b.Sealer().Open("x", sealed); err != nil || string(plain) != "contoh" {
		t.Errorf("the other process opens %q, %v", plain, err)
	}
}

// TestLastRupiahFromTwoProcesses: rule 12. Fifty confirmations race for money for one: one is registered, 49 are refused.
func TestLastRupiahFromTwoProcesses(t *testing.T) {
	a, b := two(t)
	ketua := addOfficer(t, a, 1, program.Ketua, rt14.String())
	setCeiling(t, a, rt14, 2026, 33_600)
	var registered, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := register(t, []*DB{a, b}[i%2], testWorker(t, i+1), ketua)
			var short *ErrNotEnough
			switch {
			case err == nil:
				registered.Add(1)
			case errors.As(err, &short):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if registered.Load() != 1 || refused.Load() != 49 {
		t.Errorf("%d registered, %d refused", registered.Load(), refused.Load())
	}
	clean(t, a)
}

// TestOneNIKFromTwoProcesses: rule 18. Heads of two RTs register one NIK at the same moment: it stands once, and nobody's
// registration is taken for one that ended.
func TestOneNIKFromTwoProcesses(t *testing.T) {
	a, b := two(t)
	rts := []program.RT{rt14, rt15}
	heads := []Person{addOfficer(t, a, 1, program.Ketua, rt14.String()), addOfficer(t, a, 2, program.Ketua, rt15.String())}
	for n := 1; n <= 20; n++ {
		var ok, duplicates atomic.Int64
		var wg sync.WaitGroup
		for i, db := range []*DB{a, b} {
			wg.Go(func() {
				w := testWorker(t, n)
				w.RT = rts[i]
				_, err := register(t, db, w, heads[i])
				var duplicate *DuplicateNIK
				if errors.As(err, &duplicate) {
					duplicates.Add(1)
				} else if err == nil {
					ok.Add(1)
				} else {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if ok.Load() != 1 || duplicates.Load() != 1 {
			t.Fatalf("NIK %d: %d registered, %d duplicates", n, ok.Load(), duplicates.Load())
		}
	}
	var ended int
	view(t, a, func(tx *Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM workers WHERE active=0`).Scan(&ended)
	})
	if ended != 0 {
		t.Errorf("%d registrations were ended", ended)
	}
	clean(t, a)
}

// TestRacesOfTwoProcesses: what is read and then written holds also when two do it at the same moment.
func TestRacesOfTwoProcesses(t *testing.T) {
	a, b := two(t)
	var code string
	update(t, a, func(tx *Tx) (err error) {
		code, err = tx.InviteAsOperator(Invite{Role: program.Worker, Place: "w"})
		return err
	})
	ketua := addOfficer(t, a, 1, program.Ketua, rt14.String())
	var used atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		db := []*DB{a, b}[i%2]
		wg.Go(func() {
			must := func(err error) {
				if err != nil {
					t.Error(err)
				}
			}
			must(db.Update(context.Background(), func(tx *Tx) error {
				_, err := tx.SetCeiling(rt15, 2026, Ceiling{Amount: 1000, SpentBefore: 400, Source: "contoh"}, "")
				return err
			}))
			must(db.Update(context.Background(), func(tx *Tx) error {
				_, _, err := tx.PutPerson(Person{Name: "Contoh Sama", Phone: testPhone(t, 9), Offices: []program.Office{{Role: program.Sekretaris, Place: rt15.String()}}})
				return err
			}))
			err := db.Update(context.Background(), func(tx *Tx) error {
				_, err := tx.UseInvite(code, "telegram", newID(), program.Phone{})
				return err
			})
			if err == nil {
				used.Add(1)
			} else if !errors.Is(err, ErrInviteUsed) {
				t.Error(err)
			}
			must(db.Update(context.Background(), func(tx *Tx) error {
				tx.Refuse(rt14, ketua.ID, RefusedTooOld, newID())
				return nil
			}))
		})
	}
	wg.Wait()
	if b := budget(t, a, rt15, 2026); b.Ceiling != 1000 || b.Spent != 400 {
		t.Errorf("ceiling %v, spent %v", b.Ceiling, b.Spent)
	}
	if used.Load() != 1 {
		t.Errorf("the invitation was used %d times", used.Load())
	}
	view(t, a, func(tx *Tx) error {
		alerts, err := tx.Alerts("")
		if len(alerts) != 1 || alerts[0].Kind != AlertRefusals {
			t.Errorf("%d alerts for the tenth refusal", len(alerts))
		}
		return err
	})
	clean(t, a)
}

// TestDeadlockIsRunAgain: two changes that wait for each other both come through.
func TestDeadlockIsRunAgain(t *testing.T) {
	a, b := two(t)
	setCeiling(t, a, rt14, 2026, 1)
	setCeiling(t, a, rt15, 2026, 1)
	versions := func() (sum int) {
		view(t, a, func(tx *Tx) error { return tx.QueryRow(`SELECT SUM(version) FROM budgets`).Scan(&sum) })
		return sum
	}
	before := versions()
	orders := [][]program.RT{{rt14, rt15}, {rt15, rt14}}
	var meet, wg sync.WaitGroup
	var runs atomic.Int64
	meet.Add(2)
	for i, db := range []*DB{a, b} {
		wg.Go(func() {
			var once sync.Once
			err := db.Update(context.Background(), func(tx *Tx) error {
				runs.Add(1)
				for _, rt := range orders[i] {
					if err := tx.exec("spend", `UPDATE budgets SET version=version+1 WHERE rt=$1`, rt.String()); err != nil {
						return err
					}
					once.Do(func() { meet.Done(); meet.Wait() })
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if sum := versions() - before; sum != 4 || runs.Load() < 3 {
		t.Errorf("%d changes in %d runs, want 4 in 3 or more", sum, runs.Load())
	}
}

// TestViewIsOneSnapshot: what others commit meanwhile is not seen.
func TestViewIsOneSnapshot(t *testing.T) {
	db := open(t)
	view(t, db, func(tx *Tx) error {
		before, err := tx.RTs("")
		update(t, db, func(tx *Tx) error { return tx.PutRT(rt14, true) })
		after, err2 := tx.RTs("")
		if len(before) != 0 || len(after) != 0 {
			t.Errorf("%d RTs before, %d after", len(before), len(after))
		}
		return errors.Join(err, err2)
	})
}

// TestConnectionsCut: PostgreSQL ends every connection, idle ones and those at work; no change is lost and none is made twice.
func TestConnectionsCut(t *testing.T) {
	a, b := two(t)
	cut := func() {
		must(t, b.View(context.Background(), func(tx *Tx) error {
			var n int
			return tx.QueryRow(`SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname=current_database() AND pid<>pg_backend_pid()
				AND application_name=$1`, t.Name()).Scan(&n)
		}))
	}
	u, err := url.Parse(a.opt.URL)
	must(t, err)
	query := u.Query()
	query.Set("application_name", t.Name())
	u.RawQuery = query.Encode()
	named, err := openAt(t, u.String(), testKey)
	must(t, err)
	defer named.Close()
	cut() // idle
	runs := 0
	answer, repeated, err := named.Operate(context.Background(), "op", "", func(tx *Tx) ([]byte, error) {
		if runs++; runs == 1 {
			if err := tx.PutRT(rt14, true); err != nil {
				return nil, err
			}
			cut() // at work
		}
		return []byte("ya"), tx.PutRT(rt15, true)
	})
	if err != nil || string(answer) != "ya" || repeated || runs != 2 {
		t.Errorf("answer %q, repeated %v, %d runs, %v", answer, repeated, runs, err)
	}
	cut()
	view(t, named, func(tx *Tx) error {
		rts, err := tx.RTs("")
		if len(rts) != 1 || rts[0].RT != rt15 {
			t.Errorf("RTs %v", rts)
		}
		return err
	})
}

// TestUnknownCommit: the connection breaks around a commit. Operate finds out what became of it; a plain change says that it does not know.
func TestUnknownCommit(t *testing.T) {
	for _, c := range []struct {
		name  string
		reach bool // the commit reaches the server, its answer does not come back
	}{{"before it reaches the server", false}, {"after", true}} {
		t.Run(c.name, func(t *testing.T) {
			onPostgres(t)
			u, err := url.Parse(storetest.URL(t))
			must(t, err)
			p := newProxy(t, u.Host, c.reach)
			u.Host = p.Addr().String()
			db, err := openAt(t, u.String(), testKey)
			must(t, err)
			defer db.Close()

			p.armed.Store(true)
			runs := 0
			answer, repeated, err := db.Operate(context.Background(), "op", "", func(tx *Tx) ([]byte, error) {
				runs++
				return []byte("tercatat"), tx.audit("", "contoh", "", "op")
			})
			if err != nil || string(answer) != "tercatat" || repeated != c.reach || p.armed.Load() {
				t.Errorf("answer %q, repeated %v, cut %v, %v", answer, repeated, !p.armed.Load(), err)
			}
			if want := map[bool]int{true: 1, false: 2}[c.reach]; runs != want {
				t.Errorf("%d runs, want %d", runs, want)
			}
			var rows int
			view(t, db, func(tx *Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM audit`).Scan(&rows) })
			if rows != 1 {
				t.Errorf("recorded %d times", rows)
			}
			p.armed.Store(true)
			if err := db.Update(context.Background(), func(tx *Tx) error { return tx.PutRT(rt14, true) }); !errors.Is(err, ErrUnknown) {
				t.Errorf("a plain change: %v", err)
			}
		})
	}
}

// proxy passes everything on, and when it is armed cuts the connection at the next commit.
type proxy struct {
	net.Listener
	server string
	reach  bool
	armed  atomic.Bool
}

func newProxy(t *testing.T, server string, reach bool) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{Listener: l, server: server, reach: reach}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(client)
		}
	}()
	return p
}

func (p *proxy) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	var silent atomic.Bool
	go func() {
		defer client.Close()
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if err != nil || silent.Load() {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], []byte("commit\x00")) && p.armed.CompareAndSwap(true, false) {
			if !p.reach {
				return
			}
			silent.Store(true)
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestStatementTimeout: the URL bounds how long a statement may take, and the change is refused whole.
func TestStatementTimeout(t *testing.T) {
	onPostgres(t)
	address := storetest.URL(t)
	made, err := openAt(t, address, testKey) // the schema may take its time
	must(t, err)
	must(t, made.Close())
	db, err := openAt(t, address+"&statement_timeout=500", testKey)
	must(t, err)
	defer db.Close()
	begun := time.Now()
	err = db.Update(context.Background(), func(tx *Tx) error {
		if err := tx.PutRT(rt14, true); err != nil {
			return err
		}
		return tx.exec("sleep", `SELECT pg_sleep(5)`)
	})
	if err == nil || time.Since(begun) > 4*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
	view(t, db, func(tx *Tx) error {
		has, err := tx.HasRT(rt14)
		if has {
			t.Error("half a change was kept")
		}
		return err
	})
}

// TestDeadlineOfTheCaller: on PostgreSQL a change ends with its context, whole or not at all.
func TestDeadlineOfTheCaller(t *testing.T) {
	onPostgres(t)
	db := open(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := db.Update(ctx, func(tx *Tx) error { return tx.exec("sleep", `SELECT pg_sleep(5)`) }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	update(t, db, func(tx *Tx) error { return tx.PutRT(rt14, true) })
}

func TestNoBackupOfPostgres(t *testing.T) {
	onPostgres(t)
	path := t.TempDir() + "/backup"
	if err := open(t).Backup(context.Background(), path); !errors.Is(err, ErrNoBackup) {
		t.Errorf("error %v", err)
	}
}

// TestNothingInClearOnPostgres: rule 36, in every column of every table.
func TestNothingInClearOnPostgres(t *testing.T) {
	onPostgres(t)
	db, secrets := full(t)
	var tables []string
	var all strings.Builder
	view(t, db, func(tx *Tx) error {
		if err := tx.each("tables", func(row Row) error {
			var name string
			err := row.Scan(&name)
			tables = append(tables, name)
			return err
		}, `SELECT table_name FROM information_schema.tables WHERE table_schema=current_schema()`); err != nil {
			return err
		}
		for _, table := range tables {
			if err := tx.each("dump", func(row Row) error {
				var line string
				err := row.Scan(&line)
				_, _ = io.WriteString(&all, line+"\n")
				return err
			}, `SELECT CAST(t AS TEXT) FROM `+table+` t`); err != nil {
				return err
			}
		}
		return nil
	})
	if !strings.Contains(all.String(), rt14.String()) {
		t.Error("the dump shows nothing")
	}
	for _, secret := range secrets {
		if strings.Contains(all.String(), secret) {
			t.Error("personal data in clear")
		}
	}
}

// TestUnreachable: a database that is not there is said at once, and a password is not.
func TestUnreachable(t *testing.T) {
	onPostgres(t)
	secret := rand.Text()
	_, err := openAt(t, "postgres://app:"+secret+"@127.0.0.1:1/none?connect_timeout=1", testKey)
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("error %v", err)
	}
}
