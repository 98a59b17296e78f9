package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"sahabatrt/program"
	"sahabatrt/store/storetest"
)

// at moves the clock to some days after today.
func (db *DB) at(days int) {
	moment := today.AddDate(0, 0, days)
	db.opt.Now = func() time.Time { return moment }
}

func forget(t testing.TB, db *DB) {
	t.Helper()
	must(t, db.Forget(t.Context()))
}

// count counts the rows of a query.
func count(t testing.TB, db *DB, query string, args ...any) (n int) {
	t.Helper()
	view(t, db, func(tx *Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM `+query, args...).Scan(&n) })
	return n
}

// TestForget (rule 39): each kind is there until its last day and gone on the next; money, months and audit stay as they were.
func TestForget(t *testing.T) {
	keep := program.DefaultSettings().Keep
	for _, row := range []struct {
		what string
		days int
		rows string // that still tell something
	}{
		{"answers", keep.Answers, `operations WHERE answer<>''`},
		{"wrong codes", keep.Tries, `invite_tries`},
		{"wrong proofs", keep.Tries, `proof_tries`},
		{"a used invitation", keep.Invites, `invites WHERE personal<>'' AND used_by<>''`},
		{"an unused invitation", 7 + keep.Invites, `invites WHERE personal<>'' AND used_by=''`},
		{"a closed ticket", keep.Tickets, `tickets WHERE closed_at>0 AND note<>'' AND answer<>''`},
		{"a notice that was sent", keep.Notices, `notices WHERE state='sent'`},
		{"a talk", keep.Talks, `talk_lines`},
	} {
		t.Run(row.what, func(t *testing.T) {
			db := lived(t)
			before := count(t, db, row.rows)
			if before == 0 {
				t.Fatal("there is nothing to forget")
			}
			books := []int{count(t, db, `ledger`), count(t, db, `cover_months`), count(t, db, `audit`), count(t, db, `budgets WHERE committed>0`)}
			db.at(row.days)
			forget(t, db)
			if n := count(t, db, row.rows); n != before {
				t.Errorf("after %d days: %d of %d are left", row.days, n, before)
			}
			db.at(row.days + 1)
			forget(t, db)
			if n := count(t, db, row.rows); n != 0 {
				t.Errorf("after %d days: %d are left", row.days+1, n)
			}
			if now := []int{count(t, db, `ledger`), count(t, db, `cover_months`), count(t, db, `audit`), count(t, db, `budgets WHERE committed>0`)}; fmt.Sprint(now) != fmt.Sprint(books) {
				t.Errorf("ledger, months, audit, budgets: %v, before %v", now, books)
			}
			clean(t, db)
		})
	}
}

// lived is a city in which everything that is forgotten some day happened today.
func lived(t *testing.T) *DB {
	t.Helper()
	db, ketua, known := provable(t)
	lurah := addOfficer(t, db, 40, program.Lurah, rt14.Kelurahan)
	op := newID()
	_, _, err := db.Operate(context.Background(), op, ketua.ID, func(tx *Tx) ([]byte, error) {
		w := testWorker(t, 7)
		_, err := tx.Register(w, op, ketua, consent)
		return []byte("tersimpan"), err
	})
	must(t, err)
	_ = try(t, db, func(tx *Tx) error { _, err := tx.UseInvite("WRONG234", "telegram", "9", program.Phone{}); return err })
	_, _ = prove(db, "8", known.NIK, "Aisyah", true)
	update(t, db, func(tx *Tx) error {
		must(t, tx.LinkChat("telegram", "1", ketua.ID, byPhone))
		code, err := tx.Invite(Invite{Role: program.Worker, Place: known.ID, Name: "Contoh Pekerja"}, ketua.ID)
		must(t, err)
		self, err := tx.UseInvite(code, "telegram", "5", program.Phone{})
		must(t, err)
		_, err = tx.Invite(Invite{Role: program.Bendahara, Place: rt14.String(), Phone: testPhone(t, 60), Name: "Contoh Bendahara"}, ketua.ID)
		must(t, err)
		ticket, err := tx.OpenTicket(TicketWrong, known.ID, self, "nama saya Contoh")
		must(t, err)
		_, err = tx.CloseTicket(ticket.ID, ActAnswer, "sudah", lurah, "")
		must(t, err)
		_, err = tx.OpenTicket(TicketErase, known.ID, self, "belum dijawab")
		must(t, err)
		ids, err := tx.DueNotices("")
		must(t, err)
		if len(ids) < 2 {
			t.Fatalf("%d notices", len(ids))
		}
		must(t, tx.SetNotice(ids[0], NoticeSent))
		must(t, tx.exec("a talk", `INSERT INTO talks(id, person, place, channel, address, official, role, area, opened_at, until, closed_at)
			VALUES('1', $1, $2, 'telegram', '', $3, 'kelurahan', $4, $5, $5, $5)`, ketua.ID, rt14.String(), lurah.ID, rt14.Kelurahan, tx.Now.UnixMicro()))
		return tx.exec("a line of it", `INSERT INTO talk_lines(id, talk, number, said_to, said, at) VALUES('1', '1', 1, $1, '', $2)`, lurah.ID, tx.Now.UnixMicro())
	})
	return db
}

// TestForgetKeepsWhatIsOpen: an open ticket, a notice that is due and an invitation that is valid are kept however old.
func TestForgetKeepsWhatIsOpen(t *testing.T) {
	db := lived(t)
	db.at(1000)
	forget(t, db)
	if tickets, notices := count(t, db, `tickets WHERE closed_at=0 AND note<>''`), count(t, db, `notices WHERE state='due'`); tickets != 1 || notices == 0 {
		t.Errorf("%d tickets, %d notices", tickets, notices)
	}
}

// TestForgetMuch: more than one transaction takes.
func TestForgetMuch(t *testing.T) {
	db := open(t)
	update(t, db, func(tx *Tx) error {
		for range 2*forgetAtOnce + 1 {
			must(t, tx.countTry("chat"))
		}
		return nil
	})
	db.at(8)
	forget(t, db)
	if n := count(t, db, `invite_tries`); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// TestForgetWorkers: five years after a registration ended, stopped, in arrears or never paid, nothing tells who it was; who is
// paid for, or pays again, stays. Money moves only for who never began: what was promised for him returns.
func TestForgetWorkers(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 10_000_000)
	names := []string{"Berhenti Contoh", "Nunggak Contoh", "Kembali Contoh", "Baru Contoh"}
	var ids []string
	for i, name := range names {
		w := testWorker(t, i+1)
		w.Name, w.Months = name, 1
		if i == 1 || i == 2 {
			w.State, w.FirstMonth, w.PaidUntil = program.Active, program.NewMonth(2026, 7), program.NewMonth(2026, 10)
			update(t, db, func(tx *Tx) error { _, err := tx.ImportWorker(w, ""); return err })
			view(t, db, func(tx *Tx) error { got, _, err := tx.FindNIK(w.NIK); ids = append(ids, got.ID); return err })
			continue
		}
		r, err := register(t, db, w, ketua)
		must(t, err)
		ids = append(ids, r.Worker.ID)
	}
	update(t, db, func(tx *Tx) error { return tx.stop(ids[0], ketua.ID, "stopped", "") })
	ended := func(i int) bool { return count(t, db, `workers WHERE ended_at>0 AND id=$1`, ids[i]) == 1 }
	forget(t, db)
	if !ended(0) || ended(1) || ended(2) || ended(3) {
		t.Error("today: only the first has ended")
	}
	db.at(200) // more than four months unpaid
	forget(t, db)
	if !ended(1) || !ended(2) || !ended(3) {
		t.Error("in arrears, or never paid: ended")
	}
	update(t, db, func(tx *Tx) error {
		return tx.exec("pay again", `UPDATE workers SET paid_until=$1 WHERE id=$2`, int64(program.NewMonth(2040, 1)), ids[2])
	})
	forget(t, db)
	if ended(2) {
		t.Error("who is paid for again has not ended")
	}
	left := func() string {
		said, found := everything(t, db), ""
		for _, name := range names {
			if strings.Contains(said, name) {
				found += name[:1]
			}
		}
		return found
	}
	entries := count(t, db, `ledger`)
	for _, row := range []struct {
		days     int
		want     string
		promised program.Rupiah
		entries  int
	}{
		{5*365 + 1, "BNKB", 16_800, entries}, {5*365 + 3, "NKB", 16_800, entries}, {5*365 + 200, "NKB", 16_800, entries},
		{5*365 + 203, "K", 0, entries + 1}, {5000, "K", 0, entries + 1},
	} {
		db.at(row.days)
		forget(t, db)
		if got := left(); got != row.want {
			t.Errorf("after %d days the store tells of %s, want %s", row.days, got, row.want)
		}
		if got, n := budget(t, db, rt14, 2026).Committed, count(t, db, `ledger`); got != row.promised || n != row.entries {
			t.Errorf("after %d days promised: %v, in %d entries", row.days, got, n)
		}
	}
	clean(t, db)
	forget(t, db)
	if n := count(t, db, `audit WHERE what='worker.erase'`); n != 3 {
		t.Errorf("%d erasures in the audit", n)
	}
}

// TestPrivacyNamesEveryTable: what is kept where is told of each table there is.
func TestPrivacyNamesEveryTable(t *testing.T) {
	told, err := os.ReadFile("../docs/privacy.md")
	must(t, err)
	url := address(t)
	db, err := Open(t.Context(), Options{URL: url, Key: testKey, Now: func() time.Time { return today }, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer db.Close()
	tables := storetest.Tables(t, url)
	if len(tables) < 30 {
		t.Fatalf("%d tables", len(tables))
	}
	for _, table := range tables {
		name := table
		for _, of := range []string{"river_", "sqlite_"} { // River's and SQLite's own
			if strings.HasPrefix(table, of) {
				name = "river_*"
			}
		}
		if !strings.Contains(string(told), "`"+name+"`") {
			t.Errorf("docs/privacy.md does not tell of %s", table)
		}
	}
}

// TestForgetOfficers: a year after his last office nothing tells who an officer was; who holds one, is a worker, or waits for
// an answer stays.
func TestForgetOfficers(t *testing.T) {
	days := program.DefaultSettings().Keep.Officers
	for what, row := range map[string]struct {
		lives func(*DB, Person) // from the day on which he becomes ketua
		last  int               // the last day on which he is kept; 0: for ever
	}{
		"in office":      {func(*DB, Person) {}, 0},
		"left":           {func(db *DB, p Person) { leaves(t, db, p) }, days},
		"left later":     {func(db *DB, p Person) { db.at(100); leaves(t, db, p) }, 100 + days},
		"left, and back": {func(db *DB, p Person) { leaves(t, db, p); db.at(300); holds(t, db, p, p.Offices[0], 0) }, 0},
		"left one of two": {func(db *DB, p Person) {
			holds(t, db, p, program.Office{Role: program.Bendahara, Place: rt14.String()}, 0)
			leaves(t, db, p)
		}, 0},
		"a deputy until a day": {func(db *DB, p Person) {
			leaves(t, db, p)
			holds(t, db, p, program.Office{Role: program.Wakil, Place: rt15.String()}, 30)
		}, 30 + days},
		"left, and is a worker": {func(db *DB, p Person) {
			leaves(t, db, p)
			holds(t, db, p, program.Office{Role: program.Worker, Place: "somebody"}, 0)
		}, 0},
		"left, and waits for an answer": {func(db *DB, p Person) {
			leaves(t, db, p)
			update(t, db, func(tx *Tx) error { _, err := tx.OpenTicket(TicketErase, "", Person{ID: p.ID}, ""); return err })
		}, 0},
		"never in office": {func(db *DB, p Person) {
			update(t, db, func(tx *Tx) error { return tx.exec("never", `DELETE FROM offices WHERE person=$1`, p.ID) })
		}, days},
	} {
		t.Run(what, func(t *testing.T) {
			db := open(t)
			lurah := addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
			p := addOfficer(t, db, 1, program.Ketua, rt14.String())
			update(t, db, func(tx *Tx) error {
				_, _, err := tx.PutPerson(Person{ID: p.ID, Name: "Orang Rahasia"})
				must(t, errors.Join(err, tx.LinkChat("telegram", "1", p.ID, byInvite), tx.LinkChat("telegram", "2", lurah.ID, byInvite)))
				talk, err := tx.OpenTalk(p, lurah.ID, Chat{"telegram", "1"})
				must(t, err)
				return tx.PassOn(talk.ID, "saya Rahasia", p)
			})
			row.lives(db, p)
			tells := func() bool { return strings.Contains(everything(t, db), "Orang Rahasia") }
			if row.last == 0 {
				db.at(3000)
				if forget(t, db); !tells() {
					t.Error("he is forgotten")
				}
				return
			}
			db.at(row.last)
			if forget(t, db); !tells() {
				t.Errorf("he is forgotten on day %d", row.last)
			}
			db.at(row.last + 1)
			forget(t, db)
			if tells() || strings.Contains(everything(t, db), "saya Rahasia") || count(t, db, `chats WHERE person=$1`, p.ID) != 0 {
				t.Errorf("something tells of him on day %d:\n%s", row.last+1, everything(t, db))
			}
			if n := count(t, db, `audit WHERE what='person.erase' AND subject=$1`, p.ID); n != 1 {
				t.Errorf("noted %d times", n)
			}
			if forget(t, db); count(t, db, `audit WHERE what='person.erase'`) != 1 {
				t.Error("forgotten twice")
			}
			again := addOfficer(t, db, 1, program.Ketua, rt15.String())
			if again.ID == p.ID {
				t.Error("a new person with his number is he")
			}
			clean(t, db)
		})
	}
}

func leaves(t *testing.T, db *DB, p Person) {
	update(t, db, func(tx *Tx) error { return tx.EndOffice(p.ID, p.Offices[0], "") })
}

// holds gives an office for some days, 0 for good.
func holds(t *testing.T, db *DB, p Person, o program.Office, days int) {
	until := time.Time{}
	if days > 0 {
		until = today.AddDate(0, 0, days)
	}
	update(t, db, func(tx *Tx) error { return tx.giveOffice(p.ID, o, until) })
}

// TestNeverPaid: of whatever state, a registration of which nothing was paid is over when its last month is more than three
// months overdue. Until its data have had their time the money stays where it is; then it returns.
func TestNeverPaid(t *testing.T) {
	until := func(year, month, day int) int {
		return int((program.Date{Year: year, Month: time.Month(month), Day: day}).Time().Sub(program.DateOf(today).Time()).Hours() / 24)
	}
	noted := until(2027, 4, 16) // of November and December: March, the third after them, is due on 15 April
	erased := until(2032, 4, 17)
	for what, row := range map[string]struct {
		ceiling  program.Rupiah
		wants    func(*Worker)
		paid     program.Month
		over     bool
		promised program.Rupiah // until it is erased
		state    program.State  // of who is erased
	}{
		"submitted":                 {ceiling: 10_000_000, over: true, promised: 33_600, state: program.Cancelled},
		"waiting for a ceiling":     {over: true, state: program.Cancelled},
		"held":                      {ceiling: 10_000_000, wants: func(w *Worker) { w.Elsewhere = "city" }, over: true, state: program.Cancelled},
		"submitted for longer":      {ceiling: 10_000_000, wants: func(w *Worker) { w.Months = 3 }, promised: 33_600},
		"paid in part, and lapsed":  {ceiling: 10_000_000, paid: program.NewMonth(2026, 11), over: true, promised: 16_800, state: program.Ended},
		"paid, and not lapsed then": {ceiling: 10_000_000, paid: program.NewMonth(2026, 12)},
		"paid for long":             {ceiling: 10_000_000, paid: program.NewMonth(2040, 1)},
	} {
		t.Run(what, func(t *testing.T) {
			db := open(t)
			ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
			if row.ceiling > 0 {
				setCeiling(t, db, rt14, 2026, row.ceiling)
			}
			w := testWorker(t, 1)
			if row.wants != nil {
				row.wants(&w)
			}
			r, err := register(t, db, w, ketua)
			must(t, err)
			if !row.paid.IsZero() {
				update(t, db, func(tx *Tx) error { return tx.payUntil(r.Worker, row.paid, "") })
			}
			books := count(t, db, `ledger`)
			is := func(where string) bool { return count(t, db, `workers WHERE `+where) == 1 }
			for _, day := range []int{noted - 1, noted, erased - 1, erased} {
				db.at(day)
				forget(t, db)
				if day <= noted && is(`ended_at>0`) != (row.over && day == noted) {
					t.Errorf("on day %d: over %v", day, !row.over)
				}
				if gone := row.over && day == erased; is(`erased_at>0`) != gone {
					t.Errorf("on day %d: erased %v", day, !gone)
				}
				promised := row.promised
				if day == erased && row.state == program.Cancelled {
					promised = 0
				}
				if b := budget(t, db, rt14, 2026); b.Committed != promised {
					t.Errorf("on day %d: promised %v, want %v", day, b.Committed, promised)
				}
			}
			back := 0
			if row.promised > 0 && row.state == program.Cancelled {
				back = 1
			}
			if n := count(t, db, `ledger WHERE kind=$1 AND reason='never_paid' AND reverses<>''`, string(EntryReversal)); n != back || count(t, db, `ledger`) != books+back {
				t.Errorf("%d counter-entries, want %d", n, back)
			}
			if row.state != "" && !is(`active=0 AND state='`+string(row.state)+`'`) {
				t.Errorf("it is not %s", row.state)
			}
			if row.state == program.Cancelled && count(t, db, `cover_months WHERE state<>$1`, string(MonthCancelled)) != 0 {
				t.Error("a month is wanted still")
			}
			clean(t, db)
		})
	}
}
