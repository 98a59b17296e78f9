package store

import (
	"fmt"

	"sahabatrt/program"
)

// MonthState says where the contribution of a worker's month stands; the values are stored.
type MonthState string

// The states of a month.
const (
	MonthWaiting   MonthState = "waiting"   // no ceiling carries it yet
	MonthCommitted MonthState = "committed" // promised from the budget of its year
	MonthPaid      MonthState = "paid"
	MonthCancelled MonthState = "cancelled"
)

// CoverMonth is the contribution of a worker for a month: rupiah, and the rule that made it so.
type CoverMonth struct {
	Month  program.Month
	RT     program.RT // that pays it
	Amount program.Rupiah
	Rule   string
	State  MonthState
}

// bill is what a month of this worker costs the RT: always the full tariff of APBD money (rule 3).
func (tx *Tx) bill(w Worker, m program.Month, state MonthState) (CoverMonth, error) {
	s := tx.Settings()
	b, err := program.Contribution(m, program.APBD, w.Category.Sector(s), false)
	if err != nil {
		return CoverMonth{}, fmt.Errorf("the contribution of %s: %w", m, err)
	}
	return CoverMonth{m, w.RT, b.Total(), b.Rule, state}, nil
}

// addMonths bills n months from first in a state.
func (tx *Tx) addMonths(w Worker, first program.Month, n int, state MonthState) error {
	for i := range max(n, 0) {
		c, err := tx.bill(w, first.Add(i), state)
		if err != nil {
			return err
		}
		if err := tx.exec("bill a month", `INSERT INTO cover_months(worker, month, rt, year, amount, rule, state) VALUES($1, $2, $3, $4, $5, $6, $7)`,
			w.ID, int64(c.Month), w.RT.String(), c.Month.Year(), int64(c.Amount), c.Rule, string(c.State)); err != nil {
			return err
		}
	}
	return nil
}

// CoverMonths returns the months of a worker, earliest first.
func (tx *Tx) CoverMonths(worker string) (months []CoverMonth, err error) {
	err = tx.each("read the months of a worker", func(rows Row) error {
		var c CoverMonth
		var rt string
		err := rows.Scan(&c.Month, &rt, &c.Amount, &c.Rule, &c.State)
		if err == nil {
			c.RT, err = program.ParseRTCode(rt)
		}
		months = append(months, c)
		return err
	}, `SELECT month, rt, amount, rule, state FROM cover_months WHERE worker=$1 ORDER BY month`, worker)
	return months, err
}

// turnMonths moves a worker's months of a year, up to one, from a state to another, and returns what they cost.
func (tx *Tx) turnMonths(worker string, year int, upTo program.Month, from, to MonthState) (sum program.Rupiah, err error) {
	err = tx.each("change the months of a worker", func(rows Row) error {
		var amount program.Rupiah
		err := rows.Scan(&amount)
		sum += amount
		return err
	}, `UPDATE cover_months SET state=$1 WHERE worker=$2 AND year=$3 AND month<=$4 AND state=$5 RETURNING amount`,
		string(to), worker, year, int64(upTo), string(from))
	return sum, err
}

// years returns the years in which a worker has months in a state.
func (tx *Tx) years(worker string, state MonthState) (years []int, err error) {
	err = tx.each("read the years of a worker", func(rows Row) error {
		var y int
		err := rows.Scan(&y)
		years = append(years, y)
		return err
	}, `SELECT DISTINCT year FROM cover_months WHERE worker=$1 AND state=$2 ORDER BY year`, worker, string(state))
	return years, err
}
