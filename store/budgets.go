package store

import (
	"database/sql"
	"errors"
	"fmt"

	"sahabatrt/program"
)

// ErrNotEnough refuses a promise that the rest of the budget does not carry (rule 12).
type ErrNotEnough struct {
	Missing   program.Rupiah // what Remaining lacks
	Remaining program.Rupiah
}

func (e *ErrNotEnough) Error() string { return "not enough left in the budget" }

// BudgetLine is a fixed line of a ceiling, such as honoraria (rule 10): Amount in all, of which Spent is paid.
type BudgetLine struct {
	Name          string
	Amount, Spent program.Rupiah
}

// Ceiling is what an official list says of an RT and year. What was spent is SpentBefore, for all that stands in no
// line, and the Spent of the lines; the rest of the lines is committed.
type Ceiling struct {
	Amount        program.Rupiah
	SpentBefore   program.Rupiah
	Received      program.Rupiah // money that arrived so far
	Lines         []BudgetLine
	Group         string // "A", "B": when in the year it is the RT's turn
	Source        string
	AsOf          program.Date
	DisbursedOn   program.Date   // zero: not yet
	SocialPlan    program.Rupiah // the plan's line for social protection
	HasSocialPlan bool
}

// Budget is the money of an RT for a year. Ceiling = Spent + Committed + Remaining; Spent and Committed are inside the
// ceiling, what it cannot carry of either is Outside (rule 12). Without HasCeiling no list named the RT for this year.
type Budget struct {
	program.Budget
	RT             program.RT
	Year           int
	HasCeiling     bool
	FixedCommitted program.Rupiah
	FixedSpent     program.Rupiah
	SpentBefore    program.Rupiah
	Received       program.Rupiah
	Lines          []BudgetLine
	Group, Source  string
	AsOf           program.Date
	DisbursedOn    program.Date
	SocialPlan     program.Rupiah
	HasSocialPlan  bool
}

// Contributions is what the workers of the RT cost this year: spent and committed here, inside the ceiling and outside.
func (b Budget) Contributions() program.Rupiah {
	return b.Spent + b.Committed + b.Outside - b.SpentBefore - b.FixedSpent - b.FixedCommitted
}

// Budget returns the budget of an RT; one that was never imported has HasCeiling false and is no error.
func (tx *Tx) Budget(rt program.RT, year int) (Budget, error) {
	b := Budget{RT: rt, Year: year, HasCeiling: true}
	var spentOutside, committedOutside program.Rupiah
	var asOf, disbursed string
	var social int64
	err := tx.QueryRow(`SELECT ceiling, spent, committed, spent_outside, committed_outside, spent_before, received, source, as_of,
		disbursed_on, turn_group, social_plan, has_social_plan FROM budgets WHERE rt=$1 AND year=$2`, rt.String(), year).
		Scan(&b.Ceiling, &b.Spent, &b.Committed, &spentOutside, &committedOutside, &b.SpentBefore, &b.Received, &b.Source, &asOf,
			&disbursed, &b.Group, &b.SocialPlan, &social)
	if errors.Is(err, sql.ErrNoRows) {
		return Budget{RT: rt, Year: year}, nil
	}
	if err == nil {
		err = errors.Join(b.AsOf.UnmarshalText([]byte(asOf)), b.DisbursedOn.UnmarshalText([]byte(disbursed)))
	}
	if err != nil {
		return Budget{}, fmt.Errorf("read the budget of %s for %d: %w", rt, year, err)
	}
	b.Outside, b.HasSocialPlan = spentOutside+committedOutside, social == 1
	b.Lines, err = tx.budgetLines(rt, year)
	for _, l := range b.Lines {
		b.FixedSpent += l.Spent
		b.FixedCommitted += l.Amount - l.Spent
	}
	return b, err
}

func (tx *Tx) budgetLines(rt program.RT, year int) (lines []BudgetLine, err error) {
	err = tx.each("read the lines of a budget", func(rows Row) error {
		var l BudgetLine
		err := rows.Scan(&l.Name, &l.Amount, &l.Spent)
		lines = append(lines, l)
		return err
	}, `SELECT name, amount, spent FROM budget_lines WHERE rt=$1 AND year=$2 ORDER BY place`, rt.String(), year)
	return lines, err
}

// SetCeiling records what an official list says; it is a fact and is never refused for lack of money: what a lowered
// ceiling cannot carry goes outside it (rule 12). The same content again changes nothing. by is a person's id, "" for an import.
func (tx *Tx) SetCeiling(rt program.RT, year int, c Ceiling, by string) (changed bool, err error) {
	if err := c.check(); err != nil {
		return false, err
	}
	if err := tx.alone("rt", rt.String()); err != nil {
		return false, err
	}
	old, err := tx.Budget(rt, year)
	if err != nil || old.HasCeiling && old.says(c) {
		return false, err
	}
	return true, tx.whole(func() error { return tx.setCeiling(old, c, by) })
}

func (c Ceiling) check() error {
	wrong := c.Amount < 0 || c.SpentBefore < 0 || c.Received < 0 || c.SocialPlan < 0
	for _, l := range c.Lines {
		wrong = wrong || l.Spent < 0 || l.Spent > l.Amount
	}
	if wrong {
		return errors.New("a ceiling or one of its lines is negative, or spends more than it has")
	}
	return nil
}

// says is whether the record already holds all that c says.
func (b Budget) says(c Ceiling) bool {
	same := b.Ceiling == c.Amount && b.SpentBefore == c.SpentBefore && b.Received == c.Received && b.Group == c.Group &&
		b.Source == c.Source && b.AsOf == c.AsOf && b.DisbursedOn == c.DisbursedOn && b.SocialPlan == c.SocialPlan &&
		b.HasSocialPlan == c.HasSocialPlan && len(b.Lines) == len(c.Lines)
	for i := 0; same && i < len(c.Lines); i++ {
		same = b.Lines[i] == c.Lines[i]
	}
	return same
}

func (tx *Tx) setCeiling(old Budget, c Ceiling, by string) error {
	if err := tx.exec("put a budget", `INSERT INTO budgets(rt, year, ceiling, spent_before, received, source, as_of, disbursed_on,
		turn_group, social_plan, has_social_plan) VALUES($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT(rt, year) DO UPDATE SET spent_before=excluded.spent_before, received=excluded.received, source=excluded.source,
		as_of=excluded.as_of, disbursed_on=excluded.disbursed_on, turn_group=excluded.turn_group,
		social_plan=excluded.social_plan, has_social_plan=excluded.has_social_plan`,
		old.RT.String(), old.Year, int64(c.SpentBefore), int64(c.Received), c.Source, c.AsOf.String(), c.DisbursedOn.String(),
		c.Group, int64(c.SocialPlan), flag(c.HasSocialPlan)); err != nil {
		return err
	}
	fixedSpent, fixedCommitted, err := tx.putLines(old, c.Lines)
	if err != nil {
		return err
	}
	for _, e := range []entry{
		{kind: EntryCeiling, ceiling: c.Amount - old.Ceiling},
		{kind: EntrySpentBefore, spent: c.SpentBefore - old.SpentBefore},
		{kind: EntryFixed, spent: fixedSpent - old.FixedSpent, committed: fixedCommitted - old.FixedCommitted},
	} {
		e.by, e.reason = by, c.Source
		if err := tx.move(old.RT, old.Year, e); err != nil {
			return err
		}
	}
	return tx.audit(by, "budget.ceiling", fmt.Sprintf("%s/%d", old.RT, old.Year), "")
}

func (tx *Tx) putLines(b Budget, lines []BudgetLine) (spent, committed program.Rupiah, err error) {
	if err := tx.exec("clear the lines of a budget", `DELETE FROM budget_lines WHERE rt=$1 AND year=$2`, b.RT.String(), b.Year); err != nil {
		return 0, 0, err
	}
	for i, l := range lines {
		if err := tx.exec("put a line of a budget", `INSERT INTO budget_lines(rt, year, place, name, amount, spent) VALUES($1, $2, $3, $4, $5, $6)`,
			b.RT.String(), b.Year, i, l.Name, int64(l.Amount), int64(l.Spent)); err != nil {
			return 0, 0, err
		}
		spent += l.Spent
		committed += l.Amount - l.Spent
	}
	return spent, committed, nil
}

// commit promises an amount, or refuses with *ErrNotEnough. The guard stands in the statement itself, so that two that
// arrive together cannot both pass; call it last, because it holds the budget's row (rule 12).
func (tx *Tx) commit(rt program.RT, year int, amount program.Rupiah, e entry) error {
	var remaining program.Rupiah
	err := tx.QueryRow(`UPDATE budgets SET committed=committed+CAST($1 AS BIGINT)
		WHERE rt=$2 AND year=$3 AND spent+committed+CAST($1 AS BIGINT)<=ceiling RETURNING ceiling-spent-committed`,
		int64(amount), rt.String(), year).Scan(&remaining)
	if errors.Is(err, sql.ErrNoRows) {
		b, err := tx.Budget(rt, year)
		if err != nil {
			return err
		}
		return &ErrNotEnough{Missing: amount - b.Remaining(), Remaining: b.Remaining()}
	}
	if err != nil {
		return fmt.Errorf("commit for %s: %w", rt, err)
	}
	e.kind, e.ceiling, e.spent, e.committed = EntryCommit, 0, 0, amount
	return tx.writeEntry(rt, year, e, 0)
}

// balance is a budget's row: totals, and how much of them the ceiling cannot carry.
type balance struct {
	ceiling, spent, committed      program.Rupiah // inside
	spentOutside, committedOutside program.Rupiah
}

// with adds an entry to the totals and settles anew what is inside: what is spent comes first.
func (b balance) with(e entry) balance {
	ceiling := b.ceiling + e.ceiling
	spent := b.spent + b.spentOutside + e.spent
	committed := b.committed + b.committedOutside + e.committed
	n := balance{ceiling: ceiling, spent: min(spent, ceiling)}
	n.committed = min(committed, ceiling-n.spent)
	n.spentOutside, n.committedOutside = spent-n.spent, committed-n.committed
	return n
}

// move records a fact of any size: e says by how much the totals change, the ledger gets what that does to each column.
func (tx *Tx) move(rt program.RT, year int, e entry) error {
	if e.ceiling == 0 && e.spent == 0 && e.committed == 0 {
		return nil
	}
	var b balance
	// The change of version takes the row: what is read stays true until the end.
	if err := tx.QueryRow(`UPDATE budgets SET version=version+1 WHERE rt=$1 AND year=$2
		RETURNING ceiling, spent, committed, spent_outside, committed_outside`, rt.String(), year).
		Scan(&b.ceiling, &b.spent, &b.committed, &b.spentOutside, &b.committedOutside); err != nil {
		return fmt.Errorf("take the budget of %s for %d: %w", rt, year, err)
	}
	n := b.with(e)
	if err := tx.exec("change a budget", `UPDATE budgets SET ceiling=$1, spent=$2, committed=$3, spent_outside=$4, committed_outside=$5
		WHERE rt=$6 AND year=$7`, int64(n.ceiling), int64(n.spent), int64(n.committed), int64(n.spentOutside), int64(n.committedOutside),
		rt.String(), year); err != nil {
		return err
	}
	outside := n.spentOutside + n.committedOutside - b.spentOutside - b.committedOutside
	e.ceiling, e.spent, e.committed = n.ceiling-b.ceiling, n.spent-b.spent, n.committed-b.committed
	if err := tx.writeEntry(rt, year, e, outside); err != nil {
		return err
	}
	if outside <= 0 {
		return nil
	}
	return tx.Alert(Alert{Kind: AlertOutside, Kelurahan: rt.Kelurahan, RT: rt, Reason: string(e.kind)})
}
