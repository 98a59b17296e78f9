package program

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrDate: the text is no date, or a day that does not exist.
var ErrDate = errors.New("not a date")

// Date is a calendar day in Jambi. The zero value means "no date" and is
// written as the empty text.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day on which t falls in Jambi (WIB).
func DateOf(t time.Time) Date {
	y, m, d := t.In(WIB).Date()
	return Date{y, m, d}
}

// ParseDate reads "2026-11-23"; anything else is ErrDate.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() == 0 {
		return Date{}, ErrDate
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// Time is the first moment of the day in Jambi.
func (d Date) Time() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, WIB) }

// MonthOf is the month of the day.
func (d Date) MonthOf() Month { return NewMonth(d.Year, d.Month) }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.Time().Weekday() }

// AddDays moves by n days.
func (d Date) AddDays(n int) Date { return DateOf(d.Time().AddDate(0, 0, n)) }

// Before says whether d is earlier than other.
func (d Date) Before(other Date) bool {
	if d.Year != other.Year {
		return d.Year < other.Year
	}
	if d.Month != other.Month {
		return d.Month < other.Month
	}
	return d.Day < other.Day
}

// After says whether d is later than other.
func (d Date) After(other Date) bool { return other.Before(d) }

// IsZero says whether no date is set.
func (d Date) IsZero() bool { return d == Date{} }

// Age is the number of full years on a day, for d as a birth date: one more
// on each birthday. Who was born on 29 February turns a year older on 1 March
// of a common year. It is negative before the birth.
func (d Date) Age(on Date) int {
	years := on.Year - d.Year
	if on.Month < d.Month || on.Month == d.Month && on.Day < d.Day {
		years--
	}
	return years
}

// String writes "2026-11-23", and "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText writes the form of String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of String.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// exists says whether the calendar has the day: 31 February does not.
func (d Date) exists() bool { return DateOf(d.Time()) == d }

// monthsLater is the day n months later with the same number; where that month
// is too short it is the first of the month after, so that a waiting time is
// never cut short.
func (d Date) monthsLater(n int) Date {
	m := d.MonthOf().Add(n)
	later := Date{m.Year(), m.Month(), d.Day}
	if !later.exists() {
		return m.Add(1).First()
	}
	return later
}

// monthWords are the month names that people type, whole and short.
var monthWords = map[string]time.Month{
	"januari": 1, "jan": 1, "january": 1,
	"februari": 2, "feb": 2, "peb": 2, "pebruari": 2, "february": 2,
	"maret": 3, "mar": 3, "mrt": 3, "march": 3,
	"april": 4, "apr": 4,
	"mei": 5, "may": 5,
	"juni": 6, "jun": 6, "june": 6,
	"juli": 7, "jul": 7, "july": 7,
	"agustus": 8, "agu": 8, "ags": 8, "agt": 8, "agust": 8, "agus": 8, "aug": 8, "august": 8,
	"september": 9, "sep": 9, "sept": 9,
	"oktober": 10, "okt": 10, "oct": 10, "october": 10,
	"november": 11, "nov": 11, "nop": 11, "nopember": 11,
	"desember": 12, "des": 12, "dec": 12, "december": 12,
}

// ParseDateText reads a day as people type it (rule 41), day first: 12-8-80,
// 12/08/1980, "12 agustus 1980", "12 ags 80", 12081980, and 1980-08-12. A year
// of two digits is the latest that is not after today, so it gives an age
// under 100. Anything else, and a day that does not exist, is ErrDate.
func ParseDateText(s string, today Date) (Date, error) {
	if len(s) > 40 {
		return Date{}, ErrDate
	}
	parts := dateParts(s)
	if len(parts) != 3 {
		return Date{}, ErrDate
	}
	if len(parts[0]) == 4 {
		parts[0], parts[2] = parts[2], parts[0]
	}
	day, ok := smallNumber(parts[0])
	if !ok {
		return Date{}, ErrDate
	}
	month, ok := monthNumber(parts[1])
	if !ok {
		return Date{}, ErrDate
	}
	return withYear(parts[2], month, day, today)
}

// dateParts splits "12-8-80", "12agustus1980" and "12081980" in three.
func dateParts(s string) []string {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, lead := range []string{"tanggal", "tgl"} {
		s = strings.TrimLeft(strings.TrimPrefix(s, lead), " .:")
	}
	if allDigits(s) && (len(s) == 8 || len(s) == 6) {
		return []string{s[:2], s[2:4], s[4:]}
	}
	var b strings.Builder
	letters := false
	for _, r := range s {
		isLetter := r >= 'a' && r <= 'z'
		if isLetter != letters {
			b.WriteByte(' ')
		}
		letters = isLetter
		if strings.ContainsRune("-/.,", r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.Fields(b.String())
}

func monthNumber(s string) (time.Month, bool) {
	if m, ok := monthWords[s]; ok {
		return m, true
	}
	n, ok := smallNumber(s)
	return time.Month(n), ok && n <= 12
}

// smallNumber reads one or two digits, from 1.
func smallNumber(s string) (int, bool) {
	if !allDigits(s) || len(s) > 2 {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 1
}

func withYear(year string, month time.Month, day int, today Date) (Date, error) {
	if !allDigits(year) {
		return Date{}, ErrDate
	}
	n, err := strconv.Atoi(year)
	if err != nil {
		return Date{}, ErrDate
	}
	if len(year) == 2 {
		d, ok := latestPast(n, month, day, today)
		if !ok {
			return Date{}, ErrDate
		}
		return d, nil
	}
	d := Date{n, month, day}
	if len(year) != 4 || n < 1900 || !d.exists() {
		return Date{}, ErrDate
	}
	return d, nil
}

// latestPast completes a two-digit year to the latest existing day that is not
// after today and less than 100 years ago.
func latestPast(yy int, month time.Month, day int, today Date) (Date, bool) {
	century := today.Year - today.Year%100
	for _, year := range []int{century + yy, century - 100 + yy} {
		d := Date{year, month, day}
		if d.exists() && !d.After(today) {
			return d, d.Age(today) < 100
		}
	}
	return Date{}, false
}
