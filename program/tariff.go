package program

import (
	"errors"
	"slices"
	"strings"
)

// ErrNoTariff: the table has no row for the month, funding and sector.
var ErrNoTariff = errors.New("no tariff for this month, funding and sector")

// Funding says whose money pays the contribution.
type Funding string

// The two sources of money.
const (
	APBD    Funding = "apbd"    // the RT's budget: the discount of PP 50/2025 does not apply (rule 3)
	Mandiri Funding = "mandiri" // the worker himself
)

// Sector is what the discount of PP 50/2025 tells apart.
type Sector string

// The two sectors.
const (
	Transport Sector = "transport"
	Other     Sector = "other"
)

// Programme is one of the insurances of a contribution.
type Programme string

// The programmes: work accident, death, old age.
const (
	JKK Programme = "jkk"
	JKM Programme = "jkm"
	JHT Programme = "jht"
)

// Row is one line of the tariff: what a programme costs for one worker and
// one contribution month, at the base income of Rp1.000.000 of BPU.
type Row struct {
	From, To  Month // both included; a zero To is open
	Programme Programme
	Funding   Funding // empty: any
	Sector    Sector  // empty: any
	Amount    Rupiah
	Rule      string
	Source    string
}

var (
	tariffStart = NewMonth(2015, 7) // PP 44/2015 in force
	tariff      = []Row{
		{tariffStart, 0, JKK, APBD, "", 10_000, "rule 3", "[S1][S2][S3][S20]"},
		{tariffStart, 0, JKM, APBD, "", 6_800, "rule 3", "[S1][S2][S3][S20]"},
		{tariffStart, 0, JKK, Mandiri, "", 10_000, "rule 1", "[S20][S33]"},
		{tariffStart, 0, JKM, Mandiri, "", 6_800, "rule 1", "[S20][S33]"},
		{tariffStart, 0, JHT, "", "", 20_000, "rule 2", "[S20][S33b]"},
		{NewMonth(2026, 1), NewMonth(2027, 3), JKK, Mandiri, Transport, 5_000, "rule 4", "[S5][S6]"},
		{NewMonth(2026, 1), NewMonth(2027, 3), JKM, Mandiri, Transport, 3_400, "rule 4", "[S5][S6]"},
		{NewMonth(2026, 4), NewMonth(2026, 12), JKK, Mandiri, Other, 5_000, "rule 5", "[S5][S6]"},
		{NewMonth(2026, 4), NewMonth(2026, 12), JKM, Mandiri, Other, 3_400, "rule 5", "[S5][S6]"},
	}
)

// Bill is the contribution of one worker for one month, with the rules and
// sources of its parts.
type Bill struct {
	JKK, JKM, JHT Rupiah
	Rule, Source  string
}

// Total is the sum of the parts.
func (b Bill) Total() Rupiah { return b.JKK + b.JKM + b.JHT }

// Contribution is what one worker costs for contribution month m (rules 1-6):
// the month of the contribution decides, never the day of payment. Where no
// row applies the error is ErrNoTariff.
func Contribution(m Month, f Funding, s Sector, jht bool) (Bill, error) {
	var b Bill
	parts := []struct {
		programme Programme
		amount    *Rupiah
		wanted    bool
	}{{JKK, &b.JKK, true}, {JKM, &b.JKM, true}, {JHT, &b.JHT, jht}}
	for _, part := range parts {
		if !part.wanted {
			continue
		}
		row, ok := rowFor(tariff, m, part.programme, f, s)
		if !ok {
			return Bill{}, ErrNoTariff
		}
		*part.amount = row.Amount
		b.Rule, b.Source = cite(b.Rule, row.Rule), cite(b.Source, row.Source)
	}
	return b, nil
}

// rowFor picks the most specific row in force; among equals the newest.
func rowFor(rows []Row, m Month, p Programme, f Funding, s Sector) (best Row, found bool) {
	for _, r := range rows {
		if r.Programme != p || !r.covers(m) || !r.applies(f, s) {
			continue
		}
		if found && (r.weight() < best.weight() || r.weight() == best.weight() && r.From < best.From) {
			continue
		}
		best, found = r, true
	}
	return best, found
}

func (r Row) covers(m Month) bool { return m >= r.From && (r.To.IsZero() || m <= r.To) }

// applies refuses a funding or sector that does not exist, also where the row
// is for any.
func (r Row) applies(f Funding, s Sector) bool {
	return (f == APBD || f == Mandiri) && (s == Transport || s == Other) &&
		(r.Funding == "" || r.Funding == f) && (r.Sector == "" || r.Sector == s)
}

func (r Row) weight() int {
	weight := 0
	if r.Funding != "" {
		weight++
	}
	if r.Sector != "" {
		weight++
	}
	return weight
}

// cite adds a citation once.
func cite(list, more string) string {
	if list == "" {
		return more
	}
	if slices.Contains(strings.Split(list, "; "), more) {
		return list
	}
	return list + "; " + more
}

// TariffEnding are the rows whose last day falls on one of the next days
// counted from on: maintainers are warned 45 days before (rule 6).
func TariffEnding(on Date, within int) []Row {
	var ending []Row
	for _, r := range tariff {
		if r.To.IsZero() || r.To.Last().Before(on) || r.To.Last().After(on.AddDays(within)) {
			continue
		}
		ending = append(ending, r)
	}
	return ending
}
