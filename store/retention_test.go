package store

import (
	"context"
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
		ticket, err := tx.OpenTicket(TicketWrong, known, self, "nama saya Contoh")
		must(t, err)
		_, err = tx.CloseTicket(ticket.ID, ActAnswer, "sudah", lurah, "")
		must(t, err)
		_, err = tx.OpenTicket(TicketErase, known, self, "belum dijawab")
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

// TestForgetWorkers: five years after a registration ended, stopped or in arrears, nothing tells who it was; who is paid
// for, or pays again, stays. Money does not move.
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
	if !ended(1) || !ended(2) || ended(3) {
		t.Error("in arrears: ended, but not who never began")
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
	money := fmt.Sprint(budget(t, db, rt14, 2026), count(t, db, `ledger`))
	for _, row := range []struct {
		days int
		want string
	}{{5*365 + 1, "BNKB"}, {5*365 + 3, "NKB"}, {5*365 + 200, "NKB"}, {5*365 + 203, "KB"}, {5000, "KB"}} {
		db.at(row.days)
		forget(t, db)
		if got := left(); got != row.want {
			t.Errorf("after %d days the store tells of %s, want %s", row.days, got, row.want)
		}
	}
	if now := fmt.Sprint(budget(t, db, rt14, 2026), count(t, db, `ledger`)); now != money {
		t.Errorf("money: %s, before %s", now, money)
	}
	clean(t, db)
	forget(t, db)
	if n := count(t, db, `audit WHERE what='worker.erase'`); n != 2 {
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
