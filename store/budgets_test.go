package store

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"sahabatrt/program"
)

func TestBudgetWithoutList(t *testing.T) {
	if b := budget(t, open(t), rt14, 2026); b.HasCeiling || b.Remaining() != 0 {
		t.Errorf("rule 9, no list: %+v", b)
	}
}

// TestSetCeiling: rules 10 and 12. Facts are always recorded; what the ceiling cannot carry goes outside it.
func TestSetCeiling(t *testing.T) {
	db := open(t)
	honoraria := []BudgetLine{{"Honor ketua", 12_000_000, 4_000_000}, {"ATK", 1_000_000, 0}}
	for _, c := range []struct {
		name    string
		list    Ceiling
		changed bool
		want    program.Budget
	}{
		{"first list", Ceiling{Amount: 100_000_000, SpentBefore: 20_000_000, Lines: honoraria, Source: "contoh"}, true,
			program.Budget{Ceiling: 100_000_000, Spent: 24_000_000, Committed: 9_000_000}},
		{"the same again", Ceiling{Amount: 100_000_000, SpentBefore: 20_000_000, Lines: honoraria, Source: "contoh"}, false,
			program.Budget{Ceiling: 100_000_000, Spent: 24_000_000, Committed: 9_000_000}},
		{"lowered below what is promised", Ceiling{Amount: 30_000_000, SpentBefore: 20_000_000, Lines: honoraria, Source: "contoh"}, true,
			program.Budget{Ceiling: 30_000_000, Spent: 24_000_000, Committed: 6_000_000, Outside: 3_000_000}},
		{"lowered below what is spent", Ceiling{Amount: 10_000_000, SpentBefore: 20_000_000, Lines: honoraria, Source: "contoh"}, true,
			program.Budget{Ceiling: 10_000_000, Spent: 10_000_000, Outside: 23_000_000}},
		{"raised again", Ceiling{Amount: 70_000_000, SpentBefore: 20_000_000, Lines: honoraria, Source: "contoh"}, true,
			program.Budget{Ceiling: 70_000_000, Spent: 24_000_000, Committed: 9_000_000}},
		{"honoraria paid", Ceiling{Amount: 70_000_000, SpentBefore: 20_000_000, Lines: []BudgetLine{{"Honor ketua", 12_000_000, 12_000_000}}, Source: "contoh"}, true,
			program.Budget{Ceiling: 70_000_000, Spent: 32_000_000}},
	} {
		update(t, db, func(tx *Tx) error {
			changed, err := tx.SetCeiling(rt14, 2026, c.list, "")
			if changed != c.changed {
				t.Errorf("%s: changed %v", c.name, changed)
			}
			return err
		})
		b := budget(t, db, rt14, 2026)
		if b.Budget != c.want || b.Valid() != nil || b.Contributions() != 0 {
			t.Errorf("%s: %+v, want %+v", c.name, b.Budget, c.want)
		}
		clean(t, db)
	}
	view(t, db, func(tx *Tx) error {
		alerts, err := tx.Alerts(rt14.Kelurahan)
		if len(alerts) != 2 || alerts[0].Kind != AlertOutside {
			t.Errorf("rule 12, money outside alerts each time: %+v", alerts)
		}
		return err
	})
}

func TestCeilingThatCannotBe(t *testing.T) {
	db := open(t)
	for _, c := range []Ceiling{{Amount: -1}, {SpentBefore: -1}, {Amount: 10, Lines: []BudgetLine{{"x", 1, 2}}}} {
		if err := db.Update(context.Background(), func(tx *Tx) error { _, err := tx.SetCeiling(rt14, 2026, c, ""); return err }); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

// TestAppendOnly: rule 13. Nobody changes or deletes an entry of the ledger or of the audit.
func TestAppendOnly(t *testing.T) {
	db := open(t)
	setCeiling(t, db, rt14, 2026, 1)
	for _, query := range []string{
		`UPDATE ledger SET ceiling=2`, `DELETE FROM ledger`, `UPDATE audit SET what='x'`, `DELETE FROM audit`,
	} {
		if err := db.Update(context.Background(), func(tx *Tx) error { return tx.exec("change", query) }); err == nil {
			t.Errorf("%s was accepted", query)
		}
	}
	clean(t, db)
}

// TestMoneyIsNeverLostOrMade: rules 12 and 13, whatever happens in whatever order: ceiling = spent + committed + remaining,
// nothing negative, the ledger adds up to the balance, the promises to the months, and a refusal changes nothing.
func TestMoneyIsNeverLostOrMade(t *testing.T) {
	db := open(t)
	rt := rt14
	nik := 0
	rapid.Check(t, func(r *rapid.T) {
		rt.Number++ // an RT of its own for every run
		ketua := addOfficer(t, db, rt.Number, program.Ketua, rt.String())
		var ids []string
		var list Ceiling
		var promised program.Rupiah
		amounts := map[string]program.Rupiah{}
		r.Repeat(map[string]func(*rapid.T){
			"ceiling": func(r *rapid.T) {
				list.Amount = program.Rupiah(rapid.IntRange(0, 300_000).Draw(r, "amount"))
				list.SpentBefore = program.Rupiah(rapid.IntRange(0, 100_000).Draw(r, "before"))
				fixed := program.Rupiah(rapid.IntRange(0, 50_000).Draw(r, "fixed"))
				list.Lines = []BudgetLine{{"ATK", fixed, fixed / 3}}
				update(t, db, func(tx *Tx) error { _, err := tx.SetCeiling(rt, 2026, list, ""); return err })
			},
			"register": func(r *rapid.T) {
				nik++
				w := testWorker(t, nik)
				w.RT, w.Months = rt, rapid.IntRange(1, 4).Draw(r, "months")
				before := budget(t, db, rt, 2026)
				got, err := register(t, db, w, ketua)
				var short *ErrNotEnough
				if errors.As(err, &short) {
					after := budget(t, db, rt, 2026)
					if after.Budget != before.Budget {
						r.Fatalf("a refusal changed %+v to %+v", before.Budget, after.Budget)
					}
					return
				}
				must(t, err)
				ids = append(ids, got.Worker.ID)
				amounts[got.Worker.ID] = got.Amount
				promised += got.Amount
			},
			"cancel": func(r *rapid.T) {
				if len(ids) == 0 {
					r.Skip("nobody")
				}
				id := rapid.SampledFrom(ids).Draw(r, "who")
				err := db.Update(context.Background(), func(tx *Tx) error { return tx.CancelWorker(id, ketua, "wrong_input", newID()) })
				if err == nil {
					promised -= amounts[id]
				} else if !errors.Is(err, ErrState) && !errors.Is(err, ErrPaid) {
					r.Fatal(err)
				}
			},
			"": func(r *rapid.T) {
				b := budget(t, db, rt, 2026)
				if err := b.Valid(); err != nil {
					r.Fatalf("%+v: %v", b.Budget, err)
				}
				if b.Outside > 0 && b.Remaining() != 0 {
					r.Fatalf("money outside while there is room: %+v", b.Budget)
				}
				if b.Contributions() != promised {
					r.Fatalf("contributions %v, want %v", b.Contributions(), promised)
				}
				if b.FixedSpent+b.FixedCommitted+b.SpentBefore+b.Contributions() != b.Spent+b.Committed+b.Outside {
					r.Fatalf("the lines do not add up: %+v", b)
				}
			},
		})
	})
	clean(t, db)
}
