package program

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestContribution(t *testing.T) {
	for _, c := range []struct {
		source  string
		month   string
		funding Funding
		sector  Sector
		jht     bool
		want    Rupiah
		rule    string
	}{
		{"rule 1 [S20][S33]", "2025-12", Mandiri, Other, false, 16_800, "rule 1"},
		{"rule 2 [S20]", "2025-12", Mandiri, Other, true, 36_800, "rule 1; rule 2"},
		{"rule 3 [S1][S2]", "2026-11", APBD, Transport, false, 16_800, "rule 3"},
		{"rule 3 [S1][S2]", "2026-11", APBD, Other, false, 16_800, "rule 3"},
		{"rule 4 [S5][S6]", "2025-12", Mandiri, Transport, false, 16_800, "rule 1"},
		{"rule 4 [S5][S6]", "2026-01", Mandiri, Transport, false, 8_400, "rule 4"},
		{"rule 4 [S5][S6]", "2027-03", Mandiri, Transport, false, 8_400, "rule 4"},
		{"rule 4 [S5][S6]", "2027-04", Mandiri, Transport, false, 16_800, "rule 1"},
		{"rule 5 [S5][S6]", "2026-03", Mandiri, Other, false, 16_800, "rule 1"},
		{"rule 5 [S5][S6]", "2026-04", Mandiri, Other, false, 8_400, "rule 5"},
		{"rule 5 [S5][S6]", "2026-12", Mandiri, Other, false, 8_400, "rule 5"},
		{"rule 5 [S5][S6]", "2027-01", Mandiri, Other, false, 16_800, "rule 1"},
		{"rule 5: JHT is never discounted", "2026-11", Mandiri, Transport, true, 28_400, "rule 4; rule 2"},
	} {
		bill, err := Contribution(month(t, c.month), c.funding, c.sector, c.jht)
		if err != nil || bill.Total() != c.want || bill.Rule != c.rule || bill.Source == "" {
			t.Errorf("%s, %s %s %s: %+v, %v; want %s by %s", c.source, c.month, c.funding, c.sector, bill, err, c.want, c.rule)
		}
	}
}

// Rule 3: no month and no kind of work makes the RT's money cheaper; rule 7
// follows from it.
func TestMoneyOfTheRTIsNeverDiscounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := tariffStart.Add(rapid.IntRange(0, 600).Draw(t, "month"))
		s := DefaultSettings()
		s.BecakIsTransport = rapid.Bool().Draw(t, "becak")
		work := rapid.SampledFrom(Categories).Draw(t, "work")
		if bill, err := Contribution(m, APBD, work.Sector(s), false); err != nil || bill.Total() != 16_800 {
			t.Fatalf("%s in %s costs %s, %v", work, m, bill.Total(), err)
		}
	})
}

func TestTwentyWorkersForAYear(t *testing.T) { // rule 1, the seed's sum
	var sum Rupiah
	for m := NewMonth(2026, 1); m <= NewMonth(2026, 12); m++ {
		bill, err := Contribution(m, APBD, Other, false)
		if err != nil {
			t.Fatal(err)
		}
		sum += 20 * bill.Total()
	}
	if sum != 4_032_000 {
		t.Errorf("20 workers for a year cost %s, want Rp4.032.000", sum)
	}
}

func TestNoTariff(t *testing.T) {
	for _, c := range []struct {
		m Month
		f Funding
		s Sector
	}{{0, APBD, Other}, {tariffStart.Add(-1), APBD, Other}, {tariffStart, "csr", Other}, {tariffStart, APBD, "sea"}} {
		if _, err := Contribution(c.m, c.f, c.s, true); !errors.Is(err, ErrNoTariff) {
			t.Errorf("%+v: %v, want ErrNoTariff", c, err)
		}
	}
}

// Rule 6: 45 days before the last day of December and of March.
func TestTariffEnding(t *testing.T) {
	for on, want := range map[string]int{
		"2026-11-15": 0, "2026-11-16": 2, "2026-11-23": 2, "2026-12-31": 2, "2027-01-01": 0, "2027-02-14": 2, "2027-04-01": 0,
	} {
		if got := len(TariffEnding(date(t, on), 45)); got != want {
			t.Errorf("on %s %d rows end, want %d", on, got, want)
		}
	}
}

func TestSector(t *testing.T) {
	s := DefaultSettings()
	if BecakDriver.Sector(s) != Other || OjekDriver.Sector(s) != Transport || SmallTrader.Sector(s) != Other {
		t.Error("only ojek is transport as long as becak is unconfirmed (rule 7)")
	}
	s.BecakIsTransport = true
	if BecakDriver.Sector(s) != Transport {
		t.Error("becak follows its setting (rule 7)")
	}
	for _, c := range Categories {
		if got, err := ParseCategory(string(c)); err != nil || got != c {
			t.Errorf("%s reads back as %s, %v", c, got, err)
		}
	}
	if _, err := ParseCategory("astronaut"); !errors.Is(err, ErrCategory) {
		t.Errorf("an unknown category: %v", err)
	}
}

// Rule 15 [S20][S30].
func TestCheckAge(t *testing.T) {
	for birth, want := range map[string]AgeVerdict{
		"1980-08-12": AgeOK,
		"1961-11-24": AgeOK,     // 65 tomorrow
		"1961-11-23": AgeTooOld, // 65 today
		"1950-01-01": AgeTooOld,
		"2009-11-23": AgeOK, // 17 today
		"2009-11-24": AgeTooYoung,
		"2030-01-01": AgeTooYoung,
	} {
		if got := CheckAge(date(t, birth), today, DefaultSettings()); got != want {
			t.Errorf("born %s: %s, want %s", birth, got, want)
		}
	}
}

func TestIncomeEnough(t *testing.T) { // rule 16 [S20]
	if IncomeEnough(999_999) || !IncomeEnough(1_000_000) {
		t.Error("the least income is Rp1.000.000")
	}
}

// Rule 25: the 15th of the following month, or the next working day [S34].
func TestDueDate(t *testing.T) {
	s := DefaultSettings()
	s.Holidays = []Date{{2027, time.March, 15}, {2027, time.March, 16}, {2027, time.October, 15}}
	for m, want := range map[string]string{
		"2026-10": "2026-11-16", // the 15th is a Sunday
		"2026-11": "2026-12-15",
		"2026-12": "2027-01-15",
		"2027-02": "2027-03-17", // two holidays
		"2027-04": "2027-05-17", // a Saturday
		"2027-09": "2027-10-18", // a holiday, then a weekend
	} {
		if got := DueDate(month(t, m), s).String(); got != want {
			t.Errorf("%s is due on %s, want %s", m, got, want)
		}
	}
	want := []Date{{2026, time.December, 5}, {2026, time.December, 12}, {2026, time.December, 15}}
	if got := ReminderDates(month(t, "2026-11"), s); !slices.Equal(got, want) {
		t.Errorf("reminders on %v, want %v", got, want)
	}
}

func TestCoverState(t *testing.T) {
	const never = ""
	for _, c := range []struct {
		source, paidUntil, today string
		want                     State
	}{
		{"rule 22: registered, not paid", never, "2026-11-10", Submitted},
		{"rule 22: overdue and never paid is no protection", never, "2027-06-01", Submitted},
		{"rule 22", "2026-11", "2026-11-23", Active},
		{"rule 14b: on the due date still active", "2026-11", "2027-01-15", Active},
		{"rule 14b: unpaid from the day after", "2026-11", "2027-01-16", Arrears1},
		{"rule 23", "2026-11", "2027-02-15", Arrears1},
		{"rule 23", "2026-11", "2027-02-16", Arrears2},
		{"rule 23", "2026-11", "2027-03-16", Arrears3},
		{"rule 23: three months are not more than three", "2026-11", "2027-04-15", Arrears3},
		{"rule 23 [S30]", "2026-11", "2027-04-16", Ended},
		{"rule 14c: prepaid", "2027-10", "2027-06-01", Active},
	} {
		var paid Month
		if c.paidUntil != never {
			paid = month(t, c.paidUntil)
		}
		if got := CoverState(month(t, "2026-11"), paid, date(t, c.today), DefaultSettings()); got != c.want {
			t.Errorf("%s: paid until %q, on %s: %s, want %s", c.source, c.paidUntil, c.today, got, c.want)
		}
	}
	if got := Unpaid(month(t, "2026-11"), 0, date(t, "2027-01-16"), DefaultSettings()); got != 2 {
		t.Errorf("never paid: %d months overdue, want 2", got)
	}
}

func TestFirstMonth(t *testing.T) { // rule 14b
	s := DefaultSettings()
	if got := FirstMonth(today, s); got != NewMonth(2026, 11) {
		t.Errorf("first month %s", got)
	}
	s.FirstMonthOffset = 1
	if got := FirstMonth(Date{2026, time.December, 31}, s); got != NewMonth(2027, 1) {
		t.Errorf("first month with an offset %s", got)
	}
}

// Rule 24 [S20][S21][S22].
func TestFullJKM(t *testing.T) {
	months := func(first string, n int) []Month {
		paid, _ := SplitYears(month(t, first), n, 9999)
		return paid
	}
	for _, c := range []struct {
		what  string
		paid  []Month
		death string
		want  bool
	}{
		{"a day short", months("2026-11", 3), "2027-02-09", false},
		{"to the day", months("2026-11", 3), "2027-02-10", true},
		{"prepaid 12, dies in month 2", months("2026-11", 12), "2026-12-20", false},
		{"prepaid 12, dies in month 5", months("2026-11", 12), "2027-03-20", true},
		{"two months paid", months("2026-11", 2), "2027-02-10", false},
		{"a gap", []Month{month(t, "2026-11"), month(t, "2026-12"), month(t, "2027-02")}, "2027-02-10", false},
		{"any order", []Month{month(t, "2027-01"), month(t, "2026-11"), month(t, "2026-12")}, "2027-02-10", true},
		{"months before the start do not count", months("2026-08", 5), "2027-02-10", false},
		{"nothing paid", nil, "2027-05-01", false},
	} {
		if got := FullJKM(date(t, "2026-11-10"), c.paid, date(t, c.death)); got != c.want {
			t.Errorf("%s: full is %v, want %v", c.what, got, c.want)
		}
	}
}

func TestBudget(t *testing.T) { // rule 12
	for _, c := range []struct {
		budget Budget
		want   error
	}{
		{Budget{Ceiling: 100, Spent: 60, Committed: 40, Outside: 7}, nil},
		{Budget{}, nil},
		{Budget{Ceiling: 100, Spent: 60, Committed: 41}, ErrBudgetOverrun},
		{Budget{Ceiling: 100, Spent: 101}, ErrBudgetOverrun},
		{Budget{Ceiling: 1<<63 - 1, Spent: 1<<63 - 1, Committed: 1<<63 - 1}, ErrBudgetOverrun},
		{Budget{Ceiling: 100, Committed: -1}, ErrBudgetNegative},
		{Budget{Outside: -1}, ErrBudgetNegative},
	} {
		if got := c.budget.Valid(); !errors.Is(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.budget, got, c.want)
		}
		if b := c.budget; c.want == nil && b.Remaining()+b.Spent+b.Committed != b.Ceiling {
			t.Errorf("%+v: parts and %s remaining are not the ceiling", b, b.Remaining())
		}
	}
}

func TestWhatIsAffordableFitsAndOneMoreDoesNot(t *testing.T) { // rule 11
	rapid.Check(t, func(t *rapid.T) {
		rest := Rupiah(rapid.Int64Range(0, 200_000_000).Draw(t, "rest"))
		months := rapid.IntRange(1, 24).Draw(t, "months")
		cost := 16_800 * Rupiah(months)
		n := Rupiah(Affordable(rest, 16_800, months))
		if n*cost > rest || (n+1)*cost <= rest {
			t.Fatalf("%s for %d months: %d workers", rest, months, n)
		}
	})
	if Affordable(-1, 16_800, 1)+Affordable(1, 0, 1)+Affordable(1, 1, 0) != 0 {
		t.Error("nobody without money, price or months")
	}
}

func TestSplitYears(t *testing.T) { // rule 14a
	within, later := SplitYears(NewMonth(2026, 11), 5, 2026)
	if !slices.Equal(within, []Month{NewMonth(2026, 11), NewMonth(2026, 12)}) || len(later) != 3 || later[0] != NewMonth(2027, 1) {
		t.Errorf("within %v, later %v", within, later)
	}
	rapid.Check(t, func(t *rapid.T) {
		first := NewMonth(2026, 1).Add(rapid.IntRange(0, 30).Draw(t, "first"))
		n := rapid.IntRange(0, 36).Draw(t, "n")
		within, later := SplitYears(first, n, 2026)
		for i, m := range append(within, later...) {
			if m != first.Add(i) {
				t.Fatalf("month %d is %s", i, m)
			}
		}
		if len(within)+len(later) != n {
			t.Fatalf("%d + %d months of %d", len(within), len(later), n)
		}
	})
}

func TestTheYearCloses(t *testing.T) { // rule 14a
	s := DefaultSettings()
	if MonthsToDecember(NewMonth(2026, 11)) != 2 || MonthsToDecember(NewMonth(2026, 12)) != 1 || MonthsToDecember(NewMonth(2026, 1)) != 12 {
		t.Error("months to December count both ends")
	}
	if !CanCommit(2026, Date{2026, time.December, 31}) || CanCommit(2026, Date{2027, time.January, 1}) {
		t.Error("nothing new is promised from 1 January")
	}
	if Lapse(2026, Date{2027, time.January, 31}, s) || !Lapse(2026, Date{2027, time.February, 1}, s) {
		t.Error("commitments lapse after 31 January")
	}
}

func TestJakonByValue(t *testing.T) {
	for value, want := range map[Rupiah]Rupiah{ // rule 34 [S50][S50b][S24], and the table of section 4
		60_000_000: 144_000, 100_000_000: 240_000, 150_000_000: 335_000, 500_000_000: 1_000_000,
		1_000_000_000: 1_750_000, 5_000_000_000: 6_550_000, 6_000_000_000: 7_550_000,
		1: 0, 2_500: 6, // 5,25 and 0,75
		5_000: 13, // 10,5 and 1,5: half upwards
	} {
		bill, err := JakonByValue(value)
		if err != nil || bill.Total() != want {
			t.Errorf("%s costs %s, %v; want %s", value, bill.Total(), err, want)
		}
	}
	for _, value := range []Rupiah{0, -1, jakonMax + 1, 1<<63 - 1} {
		if _, err := JakonByValue(value); !errors.Is(err, ErrJakon) {
			t.Errorf("%s: %v, want ErrJakon", value, err)
		}
		if _, err := JakonByWages(value); !errors.Is(err, ErrJakon) {
			t.Errorf("wages %s: %v, want ErrJakon", value, err)
		}
	}
}

func TestJakonByWages(t *testing.T) { // rule 34: 2,04%
	bill, err := JakonByWages(10_000_000)
	if err != nil || bill.JKK != 174_000 || bill.JKM != 30_000 {
		t.Errorf("%+v, %v", bill, err)
	}
}

func TestJakonNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Range(1, int64(jakonMax)-1).Draw(t, "value")
		less, err := JakonByValue(Rupiah(value))
		more, err2 := JakonByValue(Rupiah(value + 1))
		if err != nil || err2 != nil || more.Total() < less.Total() || more.Total()-less.Total() > 2 {
			t.Fatalf("%d costs %s, a rupiah more %s", value, less.Total(), more.Total())
		}
	})
}

func TestBenefits(t *testing.T) { // rule 31 and section 3
	for kind, want := range map[BenefitKind]Benefit{
		JKKTreatment:    {Unlimited: true},
		JKKLeaveFirst:   {Amount: 1_000_000, Time: 12, Unit: Months},
		JKKDisability:   {Amount: 56_000_000},
		JKKDeath:        {Amount: 70_000_000},
		JKMFull:         {Amount: 42_000_000},
		JKMShort:        {Amount: 10_000_000},
		Scholarship:     {Amount: 174_000_000},
		ScholarshipWait: {Time: 3, Unit: Years},
		JKKClaim:        {Time: 5, Unit: Years},
		JKKPayout:       {Time: 7, Unit: WorkingDays},
		JKMPayout:       {Time: 3, Unit: WorkingDays},
	} {
		got, ok := BenefitOf(kind)
		if !ok || got.Amount != want.Amount || got.Unlimited != want.Unlimited || got.Time != want.Time || got.Unit != want.Unit {
			t.Errorf("%s is %+v, want %+v", kind, got, want)
		}
	}
	for _, b := range Benefits() {
		if b.Source == "" || b.Confidence == "" || b.AsOf != today {
			t.Errorf("%s lacks source, confidence or date", b.Kind)
		}
	}
	if _, ok := BenefitOf("gold"); ok {
		t.Error("an unknown benefit is found")
	}
}

func TestNeverBegan(t *testing.T) { // rule 22: before the first payment it is submitted; for retention it ends some day
	first := NewMonth(2026, time.November)
	for _, c := range []struct {
		what   string
		months int
		paid   Month
		on     Date
		want   bool
	}{
		{"three months overdue", 2, 0, Date{2027, 4, 15}, false}, // December, January, February; March is due today
		{"four", 2, 0, Date{2027, 4, 16}, true},
		{"wanted for a month more", 3, 0, Date{2027, 5, 17}, false}, // 15 May is a Saturday
		{"and that, too", 3, 0, Date{2027, 5, 18}, true},
		{"on the day of registration", 12, 0, Date{2026, 11, 23}, false},
		{"paid for a month", 2, first, Date{2030, 1, 1}, false},
		{"no month is wanted any more", 0, 0, Date{2027, 2, 16}, true}, // all were cancelled: October is the last
	} {
		if got := NeverBegan(first, c.months, c.paid, c.on, DefaultSettings()); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
