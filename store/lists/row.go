package lists

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sahabatrt/program"
	"sahabatrt/store"
)

// row is one row of a list. Its methods read a cell, note what is wrong with it, and go on, so that a row tells all its
// mistakes at once.
type row struct {
	in      *importer
	file    string
	line    int
	report  int // which file
	cells   map[string]string
	heading []string
	wrong   bool
}

func (r *row) fail(column, problem string) {
	r.wrong = true
	r.in.fail(r.file, r.line, column, problem)
}

// has says whether the list has this column at all: what it does not speak of stays as it is.
func (r *row) has(column string) bool { return slices.Contains(r.heading, column) }

func (r *row) empty(column string) bool { return r.cells[column] == "" }

// text is a cell that must not be empty.
func (r *row) text(column string) string {
	if r.empty(column) {
		r.fail(column, "is empty and must be filled in")
	}
	return r.cells[column]
}

// once notes what may stand in one row only, across all files.
func (r *row) once(column, what, key string) {
	if r.wrong {
		return
	}
	here := fmt.Sprintf("row %d of %s", r.line, r.file)
	if there, found := r.in.seen[what+key]; found {
		r.fail(column, what+" stands already in "+there+": keep one of the two")
		return
	}
	r.in.seen[what+key] = here
}

// rt is the RT of the columns kelurahan and rt.
func (r *row) rt() program.RT {
	code := r.kelurahan()
	text := r.text("rt")
	if code == "" || text == "" {
		return program.RT{}
	}
	rt, err := program.ParseRT(code, text)
	if err != nil {
		r.fail("rt", "is not the number of an RT: write 14, 014 or RT 014")
	}
	return rt
}

// kelurahan is the code of the column kelurahan, "" when it is wrong.
func (r *row) kelurahan() string {
	text := r.text("kelurahan")
	if text == "" {
		return ""
	}
	found := program.FindKelurahan(text)
	if len(found) != 1 || !isNamed(text, found[0].Code, found[0].Name) {
		r.fail("kelurahan", "does not name one kelurahan of Kota Jambi: write its full name, or its code of ten digits")
		return ""
	}
	return found[0].Code
}

func (r *row) kecamatan() string {
	text := r.text("kecamatan")
	if text == "" {
		return ""
	}
	found := program.FindKecamatan(text)
	if len(found) != 1 || !isNamed(text, found[0].Code, found[0].Name) {
		r.fail("kecamatan", "does not name one kecamatan of Kota Jambi: write its full name, or its code of six digits")
		return ""
	}
	return found[0].Code
}

// isNamed says whether a text is the code or the whole name of a place. The search for places forgives slips of the finger,
// which is right for one who is asked back and wrong for a list of money.
func isNamed(text, code, name string) bool {
	return plainPlace(text) == plainPlace(name) || plainPlace(text) == code
}

// spelledPlace evens out the words that lists mix.
var spelledPlace = strings.NewReplacer("kelurahan ", "", "kel. ", "", "kecamatan ", "", "kec. ", "",
	"tiga", "iii", "empat", "iv", "lima", "v", "pall", "paal", "pal ", "paal ")

func plainPlace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, spelledPlace.Replace(strings.ToLower(s)))
}

// maxAmount is far above any budget of an RT: more is a slip of the finger.
const maxAmount program.Rupiah = 1_000_000_000_000

// amount is money; an empty cell is none.
func (r *row) amount(column string) program.Rupiah {
	if r.empty(column) {
		return 0
	}
	a, err := program.ParseRupiah(r.cells[column])
	if err != nil || a < 0 || a > maxAmount {
		r.fail(column, "is not an amount of rupiah: write it whole, such as 100000000 or Rp100.000.000")
	}
	return a
}

// date is a day; an empty cell is none.
func (r *row) date(column string) program.Date {
	if r.empty(column) {
		return program.Date{}
	}
	d, err := program.ParseDateText(r.cells[column], r.in.Today)
	if err != nil {
		r.fail(column, "is not a date: write 2026-11-23, 23-11-2026 or 23 November 2026")
	}
	if err == nil && column != "tanggal_lahir" {
		r.recent(column, d.Year)
	}
	return d
}

// recent refuses a day long before the programme: a year of two digits, which spreadsheets like to write, was read as
// that of a birth.
func (r *row) recent(column string, year int) {
	if year < 2020 {
		r.fail(column, "lies before the programme: write the year with four digits")
	}
}

// month is a month, or the month of a date; an empty cell is none.
func (r *row) month(column string) program.Month {
	text := r.cells[column]
	if text == "" {
		return 0
	}
	if m, err := program.ParseMonth(text); err == nil {
		return m
	}
	for _, day := range []string{text, "1 " + text, "1/" + text} {
		if d, err := program.ParseDateText(day, r.in.Today); err == nil {
			r.recent(column, d.Year)
			return d.MonthOf()
		}
	}
	r.fail(column, "is not a month: write 2026-05 or Mei 2026")
	return 0
}

// year is a year of the programme.
func (r *row) year(column string) int {
	text := r.text(column)
	y, err := strconv.Atoi(text)
	if text != "" && (err != nil || y < 2025 || y > 2100) {
		r.fail(column, "is not a year of the programme: write four digits, such as 2026")
	}
	return y
}

// phone is a number; an empty cell is none.
func (r *row) phone(column string) program.Phone {
	if r.empty(column) {
		return program.Phone{}
	}
	p, err := program.ParsePhone(r.cells[column])
	if err != nil {
		r.fail(column, "is not a telephone number: write 0812 3456 7890 or +62 812 3456 7890, as text")
	}
	return p
}

// spreadsheetNIK is what a spreadsheet makes of sixteen digits that are not marked as text: 1.57E+15.
var spreadsheetNIK = regexp.MustCompile(`(?i)^[0-9]([.,][0-9]+)?e\+?[0-9]+$`)

// nik is the column nik, which must not be empty. Soft doubts are not asked about: the list is official (rule 17).
func (r *row) nik() program.NIK {
	text := strings.TrimPrefix(r.text("nik"), "'")
	if text == "" {
		return program.NIK{}
	}
	if spreadsheetNIK.MatchString(text) {
		r.fail("nik", "was turned into a rounded number by a spreadsheet, its last digits are lost: mark the column as text and enter the NIK again")
		return program.NIK{}
	}
	nik, err := program.ParseNIK(text)
	var wrong *program.NIKError
	if errors.As(err, &wrong) {
		r.fail("nik", nikProblem(wrong))
	}
	return nik
}

func nikProblem(e *program.NIKError) string {
	switch e.Problem {
	case program.NIKLength:
		return fmt.Sprintf("has %d digits and a NIK has 16: enter it again from the KTP, as text", e.Digits)
	case program.NIKLetters:
		return "has something that is no digit: enter it again from the KTP, as text"
	case program.NIKSameDigit:
		return "is one digit throughout: enter it again from the KTP"
	}
	return "cannot be a NIK, its " + string(e.Problem) + " does not exist: enter it again from the KTP"
}

// person is who the columns nama, sapaan and hp tell. The same number with another name is a mistake.
func (r *row) person() store.Person {
	p := store.Person{Name: r.text("nama"), Phone: r.phone("hp"), Honorific: r.honorific()}
	if r.text("hp") == "" || r.wrong {
		return p
	}
	key := "the number of " + p.Phone.E164()
	if name, found := r.in.seen[key]; found && name != p.Name {
		r.fail("hp", "stands with another name in another row: two people cannot have one number here")
	}
	r.in.seen[key] = p.Name
	return p
}

func (r *row) honorific() store.Honorific {
	switch strings.ToLower(strings.Trim(r.cells["sapaan"], ". ")) {
	case "":
		return ""
	case "pak", "bapak", "bpk", "p":
		return store.Pak
	case "bu", "ibu", "b":
		return store.Bu
	}
	r.fail("sapaan", "is neither Pak nor Bu: write one of them or leave it empty")
	return ""
}

// listed is the mistake of a row whose RT takes no part in the programme.
func (r *row) listed(tx *store.Tx, rt program.RT) error {
	if r.in.named[rt] {
		return nil
	}
	there, err := tx.HasRT(rt)
	if err != nil || there {
		return err
	}
	return mistake{"rt", "is not in the list of RTs: import a list \"rt\" with it before or together with this one"}
}
