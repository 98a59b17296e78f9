package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func nik(t testing.TB, s string) NIK {
	t.Helper()
	n, err := ParseNIK(s)
	if err != nil {
		t.Fatalf("ParseNIK of an invented number: %v", err)
	}
	return n
}

// The hard checks of section 6; all numbers are invented.
func TestParseNIK(t *testing.T) {
	for _, c := range []struct {
		typed   string
		problem NIKProblem
	}{
		{"1571071209800003", ""},
		{"1571 0712 0980 0003", ""},
		{"15.71.07.120980.0003", ""},
		{"157107-120980-0003", ""},
		{"157107120980–0003", ""},
		{"1571075209800003", ""}, // rule 17: a woman's day 52
		{"1571077112800001", ""},
		{"3276011209800003", ""}, // rule 17: from outside Jambi
		{"1571073102800003", ""}, // 31-02 is a soft matter
		{"157107120980000", NIKLength},
		{"15710712098000033", NIKLength},
		{"", NIKLength},
		{"157107120980OOO3", NIKLetters},
		{"1571071209800l03", NIKLetters},
		{"１５71071209800003", NIKLetters},
		{"1111111111111111", NIKSameDigit},
		{"1571070009800003", NIKDay},
		{"1571073209800003", NIKDay},
		{"1571074009800003", NIKDay},
		{"1571077209800003", NIKDay},
		{"1571078109800003", NIKDay},
		{"1571071200800003", NIKMonth},
		{"1571071213800003", NIKMonth},
		{"1571071209800000", NIKSerial},
	} {
		_, err := ParseNIK(c.typed)
		var mistake *NIKError
		if errors.As(err, &mistake); mistake == nil && c.problem != "" || mistake != nil && mistake.Problem != c.problem {
			t.Errorf("ParseNIK(%q) = %v, want %q", c.typed, err, c.problem)
		}
	}
}

func TestNIKErrorCountsWhatWasTyped(t *testing.T) {
	_, err := ParseNIK("1571-0712-0980-000")
	var mistake *NIKError
	if !errors.As(err, &mistake) || mistake.Digits != 15 {
		t.Errorf("got %v, want 15 digits", err)
	}
}

func TestNIKTellsBirthAndSex(t *testing.T) {
	for _, c := range []struct {
		digits, birth string
		ok            bool
		sex           Sex
	}{
		{"1571071209800003", "1980-09-12", true, Male},
		{"1571075209800003", "1980-09-12", true, Female},
		{"1571071209050003", "2005-09-12", true, Male},
		{"1571071209280003", "1928-09-12", true, Male},   // 2028 lies ahead
		{"1571071209150003", "2015-09-12", true, Male},   // a child: 1915 would be 111
		{"1571076902000003", "2000-02-29", true, Female}, // leap day
		{"1571073102800003", "", false, Male},
		{"1571072902810003", "", false, Male},
	} {
		n := nik(t, c.digits)
		birth, ok := n.Birth(today)
		if birth.String() != c.birth || ok != c.ok || n.Sex() != c.sex {
			t.Errorf("%s: %s %v %s, want %s %v %s", c.digits, birth, ok, n.Sex(), c.birth, c.ok, c.sex)
		}
	}
}

// Section 6 and rule 17: soft checks warn, and moving is no reason to.
func TestNIKWarnings(t *testing.T) {
	for _, c := range []struct {
		digits, birth string
		sex           Sex
		want          []NIKWarning
	}{
		{"1571071209800003", "", "", nil},
		{"1571071209800003", "1980-09-12", Male, nil},
		{"3276011209800003", "", "", nil}, // rule 17
		{"1502011209800003", "", "", nil},
		{"9901011209800003", "", "", []NIKWarning{NIKRegion}},
		{"1571121209800003", "", "", []NIKWarning{NIKRegion}}, // Kota Jambi has 11 kecamatan
		{"1571071209800003", "1981-09-12", "", []NIKWarning{NIKBirth}},
		{"1571071209800003", "", Female, []NIKWarning{NIKSex}},
		{"1571073102800003", "1980-03-02", "", []NIKWarning{NIKImpossibleDay}},
		{"1571072411090003", "", "", []NIKWarning{NIKYoung}}, // 17 tomorrow
		{"1571072311090003", "", "", nil},                    // 17 today
		{"1571072311610003", "", "", []NIKWarning{NIKOld}},   // 65 today
		{"1571072411610003", "", "", nil},                    // 65 tomorrow
	} {
		var birth Date
		if c.birth != "" {
			birth = date(t, c.birth)
		}
		if got := nik(t, c.digits).Warnings(today, birth, c.sex); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.digits, got, c.want)
		}
	}
}

func TestParsePhone(t *testing.T) {
	for _, typed := range []string{
		"081234567890", "0812-3456-7890", "+62 812 3456 7890", "62 812 3456 7890", "81234567890", " (0812) 3456.7890 ",
	} {
		if p, err := ParsePhone(typed); err != nil || p.E164() != "+6281234567890" {
			t.Errorf("ParsePhone(%q) = %q, %v", typed, p.E164(), err)
		}
	}
	for _, typed := range []string{"", "0", "12345", "0812", "nomor 081234567890", "1571071209800003", "0812345678901234", "+", "++62812", "0812+34567890"} {
		if _, err := ParsePhone(typed); !errors.Is(err, ErrPhone) {
			t.Errorf("ParsePhone(%q) = %v, want ErrPhone", typed, err)
		}
	}
}

// Rule 36: no way of printing or logging shows a number, however it is held.
func TestPersonalNumbersHide(t *testing.T) {
	n := nik(t, "1571071209800003")
	p, err := ParsePhone("081234567890")
	if err != nil {
		t.Fatal(err)
	}
	type open struct {
		NIK   NIK
		Phone Phone
	}
	type closed struct {
		nik   NIK
		phone *Phone
	}
	_, mistake := ParseNIK("157107120980000")
	_, noPhone := ParsePhone("0812345678901234")
	var wrong NIK
	malformed := json.Unmarshal([]byte(`1571071209800003`), &wrong)
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	for _, v := range []any{
		n, &n, p, &p, open{n, p}, &open{n, p}, closed{n, &p}, &closed{n, &p}, []NIK{n}, map[NIK]Phone{n: p},
		mistake, noPhone, malformed, struct{ any }{n},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %[1]v"} {
			_, _ = fmt.Fprintf(&out, verb+"\n", v)
		}
		log.Info("what", "value", v)
	}
	for _, secret := range []string{
		"07120980", "157107120980", "1234567890", "81234567", fmt.Sprintf("%x", "07120980"), fmt.Sprintf("%X", "07120980"),
	} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q shows in what was printed", secret)
		}
	}
	if n.String() != "1571********0003" || n.Grouped() != "1571 0712 0980 0003" || p.String() != "+62********890" {
		t.Errorf("masked %s, grouped of %d characters, masked phone %s", n, len(n.Grouped()), p)
	}
}

func TestPersonalNumbersGoThroughJSON(t *testing.T) {
	type draft struct {
		NIK, NoNIK     NIK
		Phone, NoPhone Phone
	}
	p, err := ParsePhone("081234567890")
	if err != nil {
		t.Fatal(err)
	}
	want := draft{NIK: nik(t, "1571071209800003"), Phone: p}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got draft
	if err := json.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("another draft came back, %v", err)
	}
}

func TestNIKDigitsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := fmt.Sprintf("%06d%02d%02d%02d%04d", rapid.IntRange(110101, 969999).Draw(t, "region"),
			rapid.IntRange(1, 31).Draw(t, "day")+rapid.SampledFrom([]int{0, womanDay}).Draw(t, "woman"),
			rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(0, 99).Draw(t, "year"), rapid.IntRange(1, 9999).Draw(t, "serial"))
		n, err := ParseNIK(digits)
		if err != nil || n.Digits() != digits {
			t.Fatalf("%s reads back as %s, %v", digits, n.Digits(), err)
		}
		again, err := ParseNIK(n.Grouped())
		if err != nil || again != n {
			t.Fatalf("grouped %s is another number, %v", digits, err)
		}
		if birth, ok := n.Birth(today); ok && (birth.After(today) || birth.Age(today) > 99) {
			t.Fatalf("%s was born on %s", digits, birth)
		}
	})
}

func FuzzParseNIK(f *testing.F) {
	for _, seed := range []string{"1571071209800003", "15.71.07.520980.0003", "157107120980OOO3", "", "1111111111111111", "1571-0731-0280-0003"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseNIK(s)
		if err != nil {
			return
		}
		if len(n.Digits()) != nikLength || strings.Contains(n.String(), n.Digits()[4:12]) {
			t.Errorf("%q: wrong length or unmasked", s)
		}
		n.Warnings(today, Date{}, "")
	})
}

func FuzzParsePhone(f *testing.F) {
	for _, seed := range []string{"081234567890", "+62 812-3456-7890", "62", "(0741) 60000", "+60123456789"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePhone(s)
		if err != nil {
			return
		}
		if again, err := ParsePhone(p.E164()); err != nil || again != p {
			t.Errorf("%q reads back as another number, %v", s, err)
		}
		if strings.Contains(p.String(), p.E164()[3:]) {
			t.Errorf("%q shows unmasked", s)
		}
	})
}
