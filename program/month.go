package program

import (
	"errors"
	"fmt"
	"time"
)

// WIB is the time zone of Jambi, UTC+7 all year. It needs no zone database.
var WIB = time.FixedZone("WIB", 7*3600)

// ErrMonth: the text is no month of the form 2026-11.
var ErrMonth = errors.New("not a month (year-month)")

// Month is a contribution month: year*12 + month - 1. The zero value means
// "no month" and is written as the empty text.
type Month int

// NewMonth makes the month m of year y.
func NewMonth(y int, m time.Month) Month { return Month(y*12 + int(m) - 1) }

// MonthOf is the month in which t falls in Jambi.
func MonthOf(t time.Time) Month { return DateOf(t).MonthOf() }

// ParseMonth reads "2026-11"; anything else is ErrMonth.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil || t.Year() == 0 {
		return 0, ErrMonth
	}
	return NewMonth(t.Year(), t.Month()), nil
}

// Year is the calendar year, which is also the budget year (rule 14a).
func (m Month) Year() int { return int(m) / 12 }

// Month is the month within the year.
func (m Month) Month() time.Month { return time.Month(int(m)%12 + 1) }

// Add moves by n months, backwards when n is negative.
func (m Month) Add(n int) Month { return m + Month(n) }

// IsZero says whether no month is set.
func (m Month) IsZero() bool { return m == 0 }

// First is the first day of the month.
func (m Month) First() Date { return Date{m.Year(), m.Month(), 1} }

// Last is the last day of the month.
func (m Month) Last() Date { return m.Add(1).First().AddDays(-1) }

// String writes "2026-11", and "" for no month.
func (m Month) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m.Year(), int(m.Month()))
}

// MarshalText writes the form of String.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the form of String.
func (m *Month) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = 0
		return nil
	}
	parsed, err := ParseMonth(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}
