package program

import "errors"

// The ways in which a budget can be wrong; each is our mistake.
var (
	ErrBudgetNegative = errors.New("budget: a part is negative")
	ErrBudgetOverrun  = errors.New("budget: spent and committed exceed the ceiling")
)

// Budget is the money of one RT for one year, in rupiah (rules 10, 12).
// Ceiling = Spent + Committed + Remaining always; facts that the ceiling
// cannot carry stand in Outside and in none of the others.
type Budget struct{ Ceiling, Spent, Committed, Outside Rupiah }

// Remaining is what can still be promised.
func (b Budget) Remaining() Rupiah { return b.Ceiling - b.Spent - b.Committed }

// Valid says what rule 12 the budget breaks, if any.
func (b Budget) Valid() error {
	if b.Ceiling < 0 || b.Spent < 0 || b.Committed < 0 || b.Outside < 0 {
		return ErrBudgetNegative
	}
	if b.Spent > b.Ceiling || b.Committed > b.Ceiling-b.Spent {
		return ErrBudgetOverrun
	}
	return nil
}

// Affordable is the number of workers for whom rest pays all the months, at
// perMonth rupiah for each (rule 11). Without a price, months or money: none.
func Affordable(rest, perMonth Rupiah, months int) int {
	if rest <= 0 || perMonth <= 0 || months <= 0 {
		return 0
	}
	return int(rest / perMonth / Rupiah(months))
}

// SplitYears divides the n months from first into those that the budget of
// year pays and those that wait for the next year's ceiling (rule 14a).
func SplitYears(first Month, n int, year int) (within, later []Month) {
	for m := first; m < first.Add(n); m++ {
		if m.Year() > year {
			later = append(later, m)
			continue
		}
		within = append(within, m)
	}
	return within, later
}

// MonthsToDecember is the number of months from first to December, with both.
func MonthsToDecember(first Month) int { return 13 - int(first.Month()) }

// CanCommit says whether a promise can still be made from the budget of year:
// from 1 January of the next year nothing new can (rule 14a).
func CanCommit(year int, on Date) bool { return on.Year <= year }

// ClosingDate is the last day on which open commitments of year stand; a
// setting (rule 14a).
func ClosingDate(year int, s Settings) Date {
	return Date{year + 1, s.ClosingMonth, s.ClosingDay}
}

// Lapse says whether the unpaid commitments of year have lapsed (rule 14a).
func Lapse(year int, on Date, s Settings) bool { return on.After(ClosingDate(year, s)) }
