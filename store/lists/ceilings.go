package lists

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"sahabatrt/store"
)

// lineMark begins the heading of a fixed line: "tetap_honor" is its amount, "tetap_honor_terpakai" what is paid of it.
const (
	lineMark  = "tetap_"
	spentMark = "_terpakai"
)

// ceilings are the money of the RTs, a row for each RT and year.
var ceilings = list{
	kind:     Ceilings,
	marks:    []string{"pagu"},
	required: []string{"kelurahan", "rt", "tahun", "pagu", "sumber", "per_tanggal"},
	optional: []string{"terpakai", "diterima", "tanggal_cair", "kelompok", "rencana_sosial"},
	prefix:   lineMark,
	read:     readCeiling,
}

func readCeiling(r *row) record {
	rt, year := r.rt(), r.year("tahun")
	r.text("pagu")
	r.text("per_tanggal")
	c := store.Ceiling{
		Amount:        r.amount("pagu"),
		SpentBefore:   r.amount("terpakai"),
		Received:      r.amount("diterima"),
		Lines:         r.fixedLines(),
		Group:         strings.ToUpper(r.cells["kelompok"]),
		Source:        r.text("sumber"),
		AsOf:          r.date("per_tanggal"),
		DisbursedOn:   r.date("tanggal_cair"),
		SocialPlan:    r.amount("rencana_sosial"),
		HasSocialPlan: !r.empty("rencana_sosial"),
	}
	if c.SocialPlan > c.Amount {
		r.fail("rencana_sosial", "is more than the whole ceiling")
	}
	r.once("rt", "this RT with this year", rt.String()+"/"+strconv.Itoa(year))
	return func(tx *store.Tx) (bool, error) {
		if err := r.listed(tx, rt); err != nil {
			return false, err
		}
		old, err := tx.Budget(rt, year)
		if err != nil {
			return false, err
		}
		return tx.SetCeiling(rt, year, r.unsaid(c, old), "")
	}
}

// unsaid fills in what stands recorded for the columns that this list does not have: a list of ceilings alone does not
// take back what was spent.
func (r *row) unsaid(c store.Ceiling, old store.Budget) store.Ceiling {
	if !r.has("terpakai") {
		c.SpentBefore = old.SpentBefore
	}
	if !r.has("diterima") {
		c.Received = old.Received
	}
	if !r.has("tanggal_cair") {
		c.DisbursedOn = old.DisbursedOn
	}
	if !r.has("kelompok") {
		c.Group = old.Group
	}
	if !r.has("rencana_sosial") {
		c.SocialPlan, c.HasSocialPlan = old.SocialPlan, old.HasSocialPlan
	}
	if !slices.ContainsFunc(r.heading, func(column string) bool { return strings.HasPrefix(column, lineMark) }) {
		c.Lines = old.Lines
	}
	return c
}

// fixedLines are the lines that the list gives for this RT, by name; an empty cell is no line (rule 10).
func (r *row) fixedLines() (lines []store.BudgetLine) {
	for _, column := range slices.Sorted(maps.Keys(r.cells)) {
		if !strings.HasPrefix(column, lineMark) || strings.HasSuffix(column, spentMark) {
			continue
		}
		l := store.BudgetLine{
			Name:   strings.ReplaceAll(strings.TrimPrefix(column, lineMark), "_", " "),
			Amount: r.amount(column),
			Spent:  r.amount(column + spentMark),
		}
		if l.Spent > l.Amount {
			r.fail(column+spentMark, "is more than the line has")
		}
		if !r.empty(column) || !r.empty(column+spentMark) {
			lines = append(lines, l)
		}
	}
	return lines
}
