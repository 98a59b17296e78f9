package program

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var today = Date{2026, time.November, 23}

func date(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatalf("ParseDate(%q): %v", s, err)
	}
	return d
}

func month(t testing.TB, s string) Month {
	t.Helper()
	m, err := ParseMonth(s)
	if err != nil {
		t.Fatalf("ParseMonth(%q): %v", s, err)
	}
	return m
}

func TestTheDayBeginsInJambi(t *testing.T) {
	evening := time.Date(2026, time.November, 30, 17, 0, 0, 0, time.UTC) // midnight in WIB
	if got := DateOf(evening).String(); got != "2026-12-01" {
		t.Errorf("DateOf = %s", got)
	}
	if got := MonthOf(evening).String(); got != "2026-12" {
		t.Errorf("MonthOf = %s", got)
	}
	if got := MonthOf(evening.Add(-time.Second)).String(); got != "2026-11" {
		t.Errorf("MonthOf a second before = %s", got)
	}
}

// TestAwake: rule 25, not from 20.00 to 07.00 in Jambi.
func TestAwake(t *testing.T) {
	for said, want := range map[string]string{
		"2026-11-23T07:00:00+07:00": "2026-11-23T07:00:00+07:00",
		"2026-11-23T19:59:59+07:00": "2026-11-23T19:59:59+07:00",
		"2026-11-23T20:00:00+07:00": "2026-11-24T07:00:00+07:00",
		"2026-12-31T23:30:00+07:00": "2027-01-01T07:00:00+07:00",
		"2026-11-23T00:00:00+07:00": "2026-11-23T07:00:00+07:00",
		"2026-11-23T06:59:59+07:00": "2026-11-23T07:00:00+07:00",
		"2026-11-23T22:00:00Z":      "2026-11-24T07:00:00+07:00", // five in the morning in Jambi
		"2026-11-23T02:00:00Z":      "2026-11-23T02:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, said)
		if err != nil {
			t.Fatal(err)
		}
		if got := Awake(at); !got.Equal(func() time.Time { w, _ := time.Parse(time.RFC3339, want); return w }()) {
			t.Errorf("%s: %s, want %s", said, got.In(WIB).Format(time.RFC3339), want)
		}
	}
}

// TestOfficeHours: when an answer can be expected (rule 42), and how long it is waited for. 23 November 2026 is a Monday;
// Wednesday is a holiday here.
func TestOfficeHours(t *testing.T) {
	s := DefaultSettings()
	s.Holidays = []Date{{2026, time.November, 25}}
	for said, want := range map[string]struct{ open, later string }{
		"2026-11-23T08:00:00+07:00": {"2026-11-23T08:00:00+07:00", "2026-11-24T08:00:00+07:00"},
		"2026-11-23T15:59:59+07:00": {"2026-11-23T15:59:59+07:00", "2026-11-24T15:59:59+07:00"},
		"2026-11-23T16:00:00+07:00": {"2026-11-24T08:00:00+07:00", "2026-11-24T16:00:00+07:00"},
		"2026-11-23T07:59:59+07:00": {"2026-11-23T08:00:00+07:00", "2026-11-24T07:59:59+07:00"},
		"2026-11-23T03:00:00Z":      {"2026-11-23T03:00:00Z", "2026-11-24T03:00:00Z"},
		"2026-11-23T18:00:00Z":      {"2026-11-24T08:00:00+07:00", "2026-11-26T01:00:00+07:00"}, // one in the night to Tuesday
		"2026-11-24T17:00:00+07:00": {"2026-11-26T08:00:00+07:00", "2026-11-26T17:00:00+07:00"}, // the evening before the holiday
		"2026-11-25T10:00:00+07:00": {"2026-11-26T08:00:00+07:00", "2026-11-27T00:00:00+07:00"},
		"2026-11-27T15:30:00+07:00": {"2026-11-27T15:30:00+07:00", "2026-11-30T15:30:00+07:00"}, // a Friday
		"2026-11-29T07:00:00+07:00": {"2026-11-30T08:00:00+07:00", "2026-12-01T00:00:00+07:00"}, // a Sunday
	} {
		at, open, later := moment(t, said), moment(t, want.open), moment(t, want.later)
		if got := OfficeOpen(at, s); !got.Equal(open) {
			t.Errorf("%s: open at %s, want %s", said, got.In(WIB), want.open)
		}
		if got := WorkingDayLater(at, s); !got.Equal(later) {
			t.Errorf("%s: a working day later is %s, want %s", said, got.In(WIB), want.later)
		}
	}
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestMonth(t *testing.T) {
	november := NewMonth(2026, time.November)
	for _, c := range []struct{ got, want string }{
		{november.String(), "2026-11"},
		{november.Add(2).String(), "2027-01"},
		{november.Add(-11).String(), "2025-12"},
		{november.First().String(), "2026-11-01"},
		{november.Last().String(), "2026-11-30"},
		{NewMonth(2028, time.February).Last().String(), "2028-02-29"},
		{Month(0).String(), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	for _, bad := range []string{"", "2026-13", "2026-00", "2026-1", "11-2026", "2026-11-01", "0000-01"} {
		if _, err := ParseMonth(bad); !errors.Is(err, ErrMonth) {
			t.Errorf("ParseMonth(%q) = %v, want ErrMonth", bad, err)
		}
	}
}

func TestAge(t *testing.T) {
	for _, c := range []struct {
		birth, on string
		want      int
	}{
		{"1980-08-12", "2026-08-11", 45},
		{"1980-08-12", "2026-08-12", 46},
		{"2000-02-29", "2026-02-28", 25},
		{"2000-02-29", "2026-03-01", 26},
		{"2027-01-01", "2026-11-23", -1},
	} {
		if got := date(t, c.birth).Age(date(t, c.on)); got != c.want {
			t.Errorf("born %s is %d on %s, want %d", c.birth, got, c.on, c.want)
		}
	}
}

// Rule 41 and hard case 92 of section 9.
func TestParseDateText(t *testing.T) {
	for text, want := range map[string]string{
		"12-8-80": "1980-08-12", "12/08/1980": "1980-08-12", "12 agustus 1980": "1980-08-12", "12 ags 80": "1980-08-12",
		"12/08/80": "1980-08-12", "12.08.1980": "1980-08-12", "tgl 12 Agustus 1980": "1980-08-12", "12agustus1980": "1980-08-12",
		"12081980": "1980-08-12", "120880": "1980-08-12", "1980-08-12": "1980-08-12", "1 pebruari 75": "1975-02-01",
		"9 nop 05": "2005-11-09", "22/11/26": "2026-11-22", "23-11-26": "2026-11-23", "24-11-26": "1926-11-24",
		"29-02-00": "2000-02-29", "1 desember 2026": "2026-12-01",
	} {
		if got, err := ParseDateText(text, today); err != nil || got.String() != want {
			t.Errorf("ParseDateText(%q) = %s, %v; want %s", text, got, err, want)
		}
	}
	for _, bad := range []string{
		"", "kemarin", "31-02-1980", "29-02-1981", "32-1-80", "0-1-80", "12-13-80", "12-8", "12 8 1980 1", "12-8-180", "12-8-1880", "12 foo 1980", "tgl",
	} {
		if got, err := ParseDateText(bad, today); !errors.Is(err, ErrDate) {
			t.Errorf("ParseDateText(%q) = %s, %v; want ErrDate", bad, got, err)
		}
	}
}

func TestMonthsLaterNeverShortens(t *testing.T) {
	for start, want := range map[string]string{"2026-11-10": "2027-02-10", "2026-11-30": "2027-03-01", "2027-11-30": "2028-03-01"} {
		if got := date(t, start).monthsLater(3).String(); got != want {
			t.Errorf("three months after %s is %s, want %s", start, got, want)
		}
	}
}

func TestDateAndMonthTextReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := today.AddDays(rapid.IntRange(-40_000, 40_000).Draw(t, "days"))
		text, _ := d.MarshalText()
		var again Date
		if err := again.UnmarshalText(text); err != nil || again != d {
			t.Fatalf("%s reads back as %s, %v", d, again, err)
		}
		m := d.MonthOf()
		text, _ = m.MarshalText()
		var sameMonth Month
		if err := sameMonth.UnmarshalText(text); err != nil || sameMonth != m {
			t.Fatalf("%s reads back as %s, %v", m, sameMonth, err)
		}
		if d.Before(m.First()) || d.After(m.Last()) {
			t.Fatalf("%s lies outside %s", d, m)
		}
	})
}

func FuzzParseDateText(f *testing.F) {
	for _, seed := range []string{"12-8-80", "12/08/1980", "12 agustus 1980", "29 feb 00", "1980-08-12", "31-02-80", "tgl 1 jan 01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDateText(s, today)
		if err != nil {
			return
		}
		if again, err := ParseDate(d.String()); err != nil || again != d {
			t.Errorf("%q is %s, which reads back as %s, %v", s, d, again, err)
		}
	})
}
