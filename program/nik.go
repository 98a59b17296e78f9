package program

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unique"
)

// NIK is a resident's identity number of 16 digits: the region where it was
// first issued (6), the birth date DDMMYY with 40 added to a woman's day, and
// a serial number (4). It has no check digit and never changes, not even after
// a move or a corrected birth date [S60][S61].
//
// A NIK is comparable. Its digits hide behind a handle, so that fmt shows them
// in no verb, not even of a struct that holds the NIK in an unexported field.
// Only Digits, Grouped and JSON give them in clear.
type NIK struct{ digits unique.Handle[string] }

// NIKProblem names a hard check that a typed NIK failed (rule 17).
type NIKProblem string

// The hard checks, in the order in which they are made.
const (
	NIKLetters   NIKProblem = "letters"    // something that is no digit, such as O for 0
	NIKLength    NIKProblem = "length"     // not 16 digits
	NIKSameDigit NIKProblem = "same_digit" // one digit throughout
	NIKDay       NIKProblem = "day"        // not 01-31 or 41-71
	NIKMonth     NIKProblem = "month"      // not 01-12
	NIKSerial    NIKProblem = "serial"     // 0000
)

// NIKError is the person's mistake. It carries no digit of what was typed.
type NIKError struct {
	Problem NIKProblem
	Digits  int // how many digits were typed
}

func (e *NIKError) Error() string {
	return fmt.Sprintf("nik: %s (%d digits)", e.Problem, e.Digits)
}

// NIKWarning names a doubt about a NIK that is asked about and then accepted.
type NIKWarning string

// The soft checks (rule 17).
const (
	NIKRegion        NIKWarning = "region"         // no such province, or no such kecamatan of Kota Jambi
	NIKBirth         NIKWarning = "birth"          // another birth date than the KTP's
	NIKSex           NIKWarning = "sex"            // another sex than stated
	NIKImpossibleDay NIKWarning = "impossible_day" // such as 31-02
	NIKYoung         NIKWarning = "young"          // under 17 by its date
	NIKOld           NIKWarning = "old"            // 65 or over by its date
)

// Sex is a person's sex; empty when not known.
type Sex string

// The two values that a NIK tells apart.
const (
	Male   Sex = "male"
	Female Sex = "female"
)

const nikLength = 16

// womanDay is added to the day of birth in a woman's NIK [S60].
const womanDay = 40

// ParseNIK reads a typed NIK; spaces, dots and dashes are dropped. What fails
// a hard check is a *NIKError.
func ParseNIK(s string) (NIK, error) {
	digits, problem := nikDigits(s)
	if problem == "" {
		problem = hardProblem(digits)
	}
	if problem != "" {
		return NIK{}, &NIKError{Problem: problem, Digits: len(digits)}
	}
	return NIK{unique.Make(digits)}, nil
}

// nikDigits keeps the digits and says whether anything else was there.
func nikDigits(s string) (string, NIKProblem) {
	var digits strings.Builder
	var problem NIKProblem
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case unicode.IsSpace(r), unicode.Is(unicode.Dash, r), r == '.':
		default:
			problem = NIKLetters
		}
	}
	return digits.String(), problem
}

func hardProblem(digits string) NIKProblem {
	if len(digits) != nikLength {
		return NIKLength
	}
	if strings.Trim(digits, digits[:1]) == "" {
		return NIKSameDigit
	}
	if day := twoDigits(digits[6:]) % womanDay; day < 1 || day > 31 || twoDigits(digits[6:]) > womanDay+31 {
		return NIKDay
	}
	if month := twoDigits(digits[8:]); month < 1 || month > 12 {
		return NIKMonth
	}
	if digits[12:] == "0000" {
		return NIKSerial
	}
	return ""
}

func twoDigits(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// IsZero says whether no NIK is set.
func (n NIK) IsZero() bool { return n == NIK{} }

// Digits is the NIK in clear, 16 digits without marks, or "" for none. For
// sealing, indexing and the export to BPJS only.
func (n NIK) Digits() string {
	if n.IsZero() {
		return ""
	}
	return n.digits.Value()
}

// String is the masked form, "1571********0003".
func (n NIK) String() string {
	d := n.Digits()
	if d == "" {
		return ""
	}
	return d[:4] + strings.Repeat("*", 8) + d[12:]
}

// Format writes the masked form for every verb.
func (n NIK) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.String()) }

// LogValue is the masked form. A log handler that writes a whole struct as
// JSON does not ask for it: never log a struct that holds a NIK.
func (n NIK) LogValue() slog.Value { return slog.StringValue(n.String()) }

// Grouped is the NIK in clear for reading back to the person who typed it:
// "1571 0712 0980 0003".
func (n NIK) Grouped() string {
	d := n.Digits()
	if d == "" {
		return ""
	}
	return d[:4] + " " + d[4:8] + " " + d[8:12] + " " + d[12:]
}

// Region is the code of the kecamatan that issued the NIK, 6 digits; it does
// not follow a move.
func (n NIK) Region() string {
	if n.IsZero() {
		return ""
	}
	return n.Digits()[:6]
}

// Sex is what the day of birth says.
func (n NIK) Sex() Sex {
	if n.IsZero() {
		return ""
	}
	if twoDigits(n.Digits()[6:]) > womanDay {
		return Female
	}
	return Male
}

// Birth is the date in the NIK. The century is the one that gives an age of 0
// to 99 on today, so at most one fits an adult's 17 to 99. It is not ok for a
// day that no calendar has. It only proposes: the KTP's date decides (rule 15).
func (n NIK) Birth(today Date) (d Date, ok bool) {
	if n.IsZero() {
		return Date{}, false
	}
	digits := n.Digits()
	day := twoDigits(digits[6:])
	if day > womanDay {
		day -= womanDay
	}
	return latestPast(twoDigits(digits[10:]), time.Month(twoDigits(digits[8:])), day, today)
}

// Warnings are the soft checks (rule 17, section 6). They never refuse. A
// known province outside Jambi, such as 32, is no warning: a NIK stays as it
// is when its owner moves. A zero ktpBirth and an empty sex are not compared.
func (n NIK) Warnings(today Date, ktpBirth Date, sex Sex) []NIKWarning {
	var found []NIKWarning
	warn := func(doubtful bool, w NIKWarning) {
		if doubtful {
			found = append(found, w)
		}
	}
	warn(!knownRegion(n.Region()), NIKRegion)
	warn(sex != "" && sex != n.Sex(), NIKSex)
	birth, ok := n.Birth(today)
	if !ok {
		return append(found, NIKImpossibleDay)
	}
	warn(!ktpBirth.IsZero() && ktpBirth != birth, NIKBirth)
	warn(birth.Age(today) < youngAge, NIKYoung)
	warn(birth.Age(today) >= oldAge, NIKOld)
	return found
}

// youngAge is where the date in a NIK begins to raise a doubt (section 6).
const youngAge = 17

// provinces are the first two digits in use, with the provinces made in 2022.
const provinces = " 11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 61 62 63 64 65 71 72 73 74 75 76 81 82 91 92 93 94 95 96 "

func knownRegion(region string) bool {
	if len(region) != 6 || !strings.Contains(provinces, " "+region[:2]+" ") {
		return false
	}
	if !strings.HasPrefix(region, cityCode) {
		return true
	}
	_, ok := kecamatanByCode[region]
	return ok
}

// MarshalJSON writes the digits in clear: what holds them is sealed as a whole.
func (n NIK) MarshalJSON() ([]byte, error) { return json.Marshal(n.Digits()) }

// UnmarshalJSON reads the digits; "" is no NIK.
func (n *NIK) UnmarshalJSON(data []byte) error {
	if string(data) == `""` { // as most are: a draft that has none yet
		*n = NIK{}
		return nil
	}
	var digits string
	if json.Unmarshal(data, &digits) != nil {
		return errors.New("nik: not a JSON string") // the cause would quote the digits
	}
	if digits == "" {
		*n = NIK{}
		return nil
	}
	parsed, err := ParseNIK(digits)
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
