package store

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sahabatrt/program"
	"sahabatrt/store/storetest"
)

// full makes a store in which every kind of record has a row.
func full(t *testing.T) (db *DB, secrets []string) {
	t.Helper()
	db = open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 100_000)
	w := testWorker(t, 1)
	w.Name, w.Mother, w.Address, w.Phone, w.PhoneOwner = "Rahasia Nama", "Rahasia Ibu", "Rahasia Jalan", testPhone(t, 55), "Rahasia Anak"
	w.Heir, w.Workplace, w.Work = "Rahasia Waris", "Rahasia Pasar", "Rahasia Kerja"
	r, err := register(t, db, w, ketua)
	must(t, err)
	lurah := addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	_, _, err = db.Operate(context.Background(), "op", ketua.ID, func(tx *Tx) ([]byte, error) {
		if _, err := tx.Invite(Invite{Role: program.Bendahara, Place: rt14.String(), Phone: testPhone(t, 56), Name: "Rahasia Undangan"}, ketua.ID); err != nil {
			return nil, err
		}
		if _, err := tx.PutElsewhere(testNIK(t, 2), "city", 0, "contoh"); err != nil {
			return nil, err
		}
		if err := tx.CorrectWorker(r.Worker.ID, FieldName, "Rahasia Baru", ketua); err != nil {
			return nil, err
		}
		tx.Refuse(rt14, ketua.ID, RefusedDuplicate, "op")
		if err := tx.LinkChat("telegram", "777888111", lurah.ID, "contact"); err != nil {
			return nil, err
		}
		return []byte("Rahasia Jawaban"), tx.LinkChat("telegram", "777888999", ketua.ID, "contact")
	})
	must(t, err)
	return db, []string{"Rahasia", "Contoh Pejabat", w.NIK.Digits(), testNIK(t, 2).Digits(), "12000000", "777888999", "777888111"}
}

// TestNothingInClear: rule 36. No file of the store holds a NIK, name, phone, address or chat id in clear, no log either.
func TestNothingInClear(t *testing.T) {
	onSQLite(t)
	db, secrets := full(t)
	copied := filepath.Join(t.TempDir(), "backup.db")
	must(t, db.Backup(context.Background(), copied))
	path := db.engine.(*sqliteFile).path
	for _, path := range []string{path, path + "-wal", copied} {
		b, err := os.ReadFile(path)
		must(t, err)
		for _, secret := range secrets {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds personal data in clear", filepath.Ext(path))
			}
		}
	}
}

func TestBackup(t *testing.T) {
	onSQLite(t)
	db, _ := full(t)
	path := filepath.Join(t.TempDir(), "backup.db")
	must(t, db.Backup(context.Background(), path))
	if err := db.Backup(context.Background(), path); err == nil {
		t.Error("a backup was overwritten")
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	restored, err := openAt(t, "sqlite:"+path, testKey)
	must(t, err)
	defer restored.Close()
	clean(t, restored)
	if b := budget(t, restored, rt14, 2026); b.Committed != 33_600 {
		t.Errorf("committed %v in the backup", b.Committed)
	}
}

// TestCheckFinds breaks the store in one place at a time.
func TestCheckFinds(t *testing.T) {
	for _, c := range []struct{ problem, table, change string }{
		{"differs_from_ledger", "budgets", `UPDATE budgets SET spent=1`},
		{"promises_differ_from_months", "budgets", `UPDATE cover_months SET state='waiting'`},
		{"active_differs_from_state", "workers", `UPDATE workers SET active=0`},
		{"personal_does_not_open", "workers", `UPDATE workers SET personal='AAAA'`},
		{"phone_key_differs", "workers", `UPDATE workers SET phone_key='AAAA'`},
		{"chat_key_differs", "chats", `UPDATE chats SET channel='whatsapp'`},
		{"answer_does_not_open", "operations", `UPDATE operations SET answer=(SELECT personal FROM workers)`},
		{"unclear", "notices", `UPDATE notices SET state='unclear'`},
		{"sending_for_long", "notices", `UPDATE notices SET state='sending', state_at=0`},
		{"discarded", "river_job", `UPDATE river_job SET state='discarded', finalized_at='2026-11-23 03:00:00'`},
		{"set_aside", "session_inbox", `INSERT INTO session_inbox(chat, id, seq, state, body, at_us) VALUES('c', '1', 1, 'aside', '', 0)`},
	} {
		t.Run(c.problem, func(t *testing.T) {
			db, _ := full(t)
			clean(t, db)
			update(t, db, func(tx *Tx) error { return tx.exec("break", c.change) })
			findings, err := db.Check(context.Background())
			must(t, err)
			if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Problem == c.problem && f.Table == c.table && f.Row != "" }) {
				t.Errorf("found %+v", findings)
			}
		})
	}
}

// columns calls do for every line of the migrations that makes a column of a new table.
func columns(t *testing.T, do func(table, column, line string)) {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		must(t, err)
		table := ""
		for line := range strings.Lines(string(b)) {
			if name, ok := strings.CutPrefix(line, "CREATE TABLE "); ok {
				table, _, _ = strings.Cut(strings.TrimSpace(name), "(")
				table = strings.TrimSpace(table)
			}
			if words := strings.Fields(line); len(words) > 1 && strings.HasPrefix(line, "  ") {
				do(table, words[0], line)
			}
		}
	}
}

// TestSealedColumnsAreChecked: every column that the schema calls sealed is one that Check opens.
func TestSealedColumnsAreChecked(t *testing.T) {
	found := 0
	columns(t, func(table, column, line string) {
		if !strings.Contains(line, "-- sealed") {
			return
		}
		found++
		if !slices.ContainsFunc(sealed, func(s sealedColumn) bool { return s.table == table && s.column == column }) {
			t.Errorf("%s.%s is not checked", table, column)
		}
	})
	if found < 7 {
		t.Errorf("the migrations name %d sealed columns", found)
	}
}

// TestHashesAreKnown: every keyed hash in the schema is computed anew by Reindex, or its rows are deleted.
func TestHashesAreKnown(t *testing.T) {
	found := 0
	columns(t, func(table, column, _ string) {
		if !strings.HasSuffix(column, "_key") {
			return
		}
		found++
		for _, k := range keyed {
			if k.table == table && slices.Contains(k.columns, column) {
				return
			}
		}
		for _, only := range hashedOnly {
			if only.table == table && only.column == column {
				return
			}
		}
		t.Errorf("%s.%s would keep an old hash", table, column)
	})
	if found < 8 {
		t.Errorf("the migrations name %d hashes", found)
	}
}

// TestMigrateTwice: a second Migrate applies nothing.
func TestMigrateTwice(t *testing.T) {
	db := open(t)
	if n, err := db.Migrate(context.Background()); err != nil || n != 0 {
		t.Errorf("applied %d, %v", n, err)
	}
}

// TestMigrateLater: with NoMigrate the schema comes with Migrate.
func TestMigrateLater(t *testing.T) {
	db, err := Open(context.Background(), Options{URL: storetest.URL(t), Key: testKey,
		Now: func() time.Time { return today }, Log: slog.New(slog.DiscardHandler), NoMigrate: true})
	must(t, err)
	defer db.Close()
	if n, err := db.Migrate(context.Background()); err != nil || n == 0 {
		t.Errorf("applied %d, %v", n, err)
	}
	update(t, db, func(tx *Tx) error { return tx.PutRT(rt14, true) })
	view(t, db, func(tx *Tx) error {
		rts, err := tx.RTs(rt14.Kelurahan)
		if len(rts) != 1 || rts[0] != (RTRow{rt14, true}) {
			t.Errorf("RTs %v", rts)
		}
		return err
	})
}

// TestElsewhere: rule 19. An end in the past is no cover.
func TestElsewhere(t *testing.T) {
	db := open(t)
	nik, now := testNIK(t, 1), program.DateOf(today)
	update(t, db, func(tx *Tx) error {
		for i, want := range []bool{true, false} {
			changed, err := tx.PutElsewhere(nik, "city", now.MonthOf(), "contoh")
			if err != nil || changed != want {
				return fmt.Errorf("put %d: changed %v, %w", i+1, changed, err)
			}
		}
		return nil
	})
	view(t, db, func(tx *Tx) error {
		payer, found, err := tx.Elsewhere(nik, now)
		if payer != "city" || !found {
			t.Errorf("this month: %q", payer)
		}
		if _, found, _ := tx.Elsewhere(nik, now.AddDays(31)); found {
			t.Error("found after its end")
		}
		return err
	})
}
