package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"sahabatrt/store/storetest"
)

// sealedStore has an audit of so many rows in each of three seals, and one row that is too young to be sealed.
func sealedStore(t *testing.T, each int) (db *DB, log *bytes.Buffer) {
	t.Helper()
	now := today
	log = &bytes.Buffer{}
	db, err := Open(context.Background(), Options{URL: address(t), Key: testKey, Now: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(log, nil))})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	write := func(n int) {
		update(t, db, func(tx *Tx) error {
			for range n {
				if err := tx.audit("a", "contoh.b", "c", "d"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range 3 {
		write(each)
		now = now.Add(sealAfter)
		must(t, db.SealAudit(context.Background()))
	}
	write(1)
	must(t, db.SealAudit(context.Background()))
	return db, log
}

// unprotect takes the protection off the audit, as somebody with the database in his hands can.
func unprotect(tx *Tx) error {
	if storetest.OnPostgres() {
		return tx.exec("unprotect", `ALTER TABLE audit DISABLE TRIGGER append_only`)
	}
	if err := tx.exec("unprotect", `DROP TRIGGER audit_no_update`); err != nil {
		return err
	}
	return tx.exec("unprotect", `DROP TRIGGER audit_no_delete`)
}

func TestSealAudit(t *testing.T) {
	db, log := sealedStore(t, 3)
	clean(t, db)
	var seals, unsealed int
	view(t, db, func(tx *Tx) error {
		if err := tx.QueryRow(`SELECT COUNT(*) FROM audit_seals`).Scan(&seals); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT COUNT(*) FROM audit WHERE id>(SELECT MAX(last) FROM audit_seals)`).Scan(&unsealed)
	})
	if seals != 3 || unsealed != 1 {
		t.Errorf("%d seals, %d rows without", seals, unsealed)
	}
	if n := strings.Count(log.String(), "audit sealed"); n != 3 {
		t.Errorf("the log tells %d seals", n)
	}
}

// TestCheckFindsForgedAudit: an old row that is changed, in whatever column, removed or inserted, and a seal that is
// changed, removed or moved, is found and named; a row that is not sealed yet proves nothing.
func TestCheckFindsForgedAudit(t *testing.T) {
	first, second := `(SELECT MIN(last) FROM audit_seals)`, `(SELECT MIN(last) FROM audit_seals WHERE last>(SELECT MIN(last) FROM audit_seals))`
	third := `(SELECT MAX(last) FROM audit_seals)`
	cases := map[string]struct{ change, seal, problem string }{
		"row removed":           {`DELETE FROM audit WHERE id=(SELECT MIN(id) FROM audit)`, first, "audit_differs_from_seal"},
		"last of a seal":        {`DELETE FROM audit WHERE id=` + second, second, "audit_differs_from_seal"},
		"row inserted":          {`INSERT INTO audit(id, at, by_person, what, subject, op) SELECT last || '0', 0, '', '', '', '' FROM audit_seals WHERE last=` + first, second, "audit_differs_from_seal"},
		"text moved on":         {`UPDATE audit SET by_person='ac', what='ontoh.b' WHERE id=` + second, second, "audit_differs_from_seal"},
		"seal removed":          {`DELETE FROM audit_seals WHERE last=` + first, first, "audit_differs_from_seal"},
		"seal changed":          {`UPDATE audit_seals SET hash='AAAA' WHERE last=` + second, second, "hash_does_not_open"},
		"seal of another place": {`UPDATE audit_seals SET hash=(SELECT hash FROM audit_seals WHERE last=` + first + `) WHERE last=` + third, third, "hash_does_not_open"},
		"not sealed yet":        {`UPDATE audit SET what='other' WHERE id>` + third, "", ""},
	}
	for _, column := range []string{"at=at+1", "by_person='x'", "what='x'", "subject='x'", "op='x'"} {
		cases["row changed: "+column] = struct{ change, seal, problem string }{`UPDATE audit SET ` + column + ` WHERE id=` + second, second, "audit_differs_from_seal"}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			db, _ := sealedStore(t, 3)
			want := "[]"
			update(t, db, unprotect)
			update(t, db, func(tx *Tx) error {
				if err := tx.exec("forge", c.change); err != nil || c.seal == "" {
					return err
				}
				var last string
				err := tx.QueryRow(`SELECT ` + c.seal).Scan(&last)
				want = fmt.Sprint([]Finding{{"audit_seals", last, c.problem}})
				return err
			})
			found, err := db.Check(context.Background())
			must(t, err)
			if got := fmt.Sprint(found); got != want {
				t.Errorf("found %s, want %s", got, want)
			}
		})
	}
}

// TestSealsCannotBeTakenAway: without its seals a forged audit is not sealed anew, and check goes on telling.
func TestSealsCannotBeTakenAway(t *testing.T) {
	for name, away := range map[string]string{
		"the newest": `DELETE FROM audit_seals WHERE last=(SELECT MAX(last) FROM audit_seals)`,
		"all":        `DELETE FROM audit_seals`,
		"the end":    `DELETE FROM audit_head`,
		"emptied":    `UPDATE audit_head SET end_of=''`,
	} {
		t.Run(name, func(t *testing.T) {
			db, _ := sealedStore(t, 3)
			update(t, db, unprotect)
			update(t, db, func(tx *Tx) error {
				return errors.Join(tx.exec("forge", `UPDATE audit SET what='forged.by.me' WHERE id=(SELECT MAX(last) FROM audit_seals)`), tx.exec("take away", away))
			})
			if err := db.SealAudit(context.Background()); !errors.Is(err, ErrSealsCut) {
				t.Errorf("sealed anew: %v", err)
			}
			if err := db.loadKeys(context.Background()); err != nil { // a new start
				t.Fatal(err)
			}
			found, err := db.Check(context.Background())
			must(t, err)
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Problem == "seals_cut" }) {
				t.Errorf("found %v", found)
			}
		})
	}
}

// TestSealedByTwoProcesses: both seal at the same moment; each row is in one seal.
func TestSealedByTwoProcesses(t *testing.T) {
	a, b := two(t)
	update(t, a, func(tx *Tx) error {
		tx.Now = tx.Now.Add(-time.Hour)
		return tx.audit("a", "contoh.b", "c", "d")
	})
	ended := make(chan error, 10)
	for i := range cap(ended) {
		go func() { ended <- []*DB{a, b}[i%2].SealAudit(context.Background()) }()
	}
	for range cap(ended) {
		must(t, <-ended)
	}
	clean(t, a)
	var seals int
	view(t, a, func(tx *Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM audit_seals`).Scan(&seals) })
	if seals != 1 {
		t.Errorf("%d seals", seals)
	}
}
