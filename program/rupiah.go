package program

import (
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Rupiah is an amount of money in whole rupiah; sen do not exist here.
type Rupiah int64

// The mistakes in a typed amount.
var (
	// ErrRupiah: the text is no amount, or one that can be read in two ways.
	ErrRupiah = errors.New("not an amount of rupiah")
	// ErrRupiahRange: the amount is larger than a Rupiah can hold.
	ErrRupiahRange = errors.New("amount of rupiah out of range")
)

// maxAmountText bounds the work that one message can cause.
const maxAmountText = 80

// String writes the amount as Indonesians do: "Rp16.800", "-Rp5.000".
func (r Rupiah) String() string {
	sign, digits := "", strconv.FormatInt(int64(r), 10)
	if r < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign + "Rp")
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte('.')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// ParseRupiah reads an amount as people type it (rule 41): "16.800", "Rp
// 16.800,-", "16,8rb", "16rb8", "336rb", "500k", "1,2jt", "2 jutaan",
// "sejuta lima ratus" (1.500.000), "goceng", "Rp1.500.000,00". The whole text
// must be the amount. What has two readings ("16rb50", "16.80") and what is
// no whole rupiah is ErrRupiah: money is asked again, never guessed. Only the
// printed form "-Rp5.000" gives a negative amount.
func ParseRupiah(s string) (Rupiah, error) {
	if len(s) > maxAmountText {
		return 0, ErrRupiah
	}
	text := strings.ToLower(strings.TrimSpace(s))
	text, negative := strings.CutPrefix(text, "-rp")
	value, err := readAmount(amountTokens(bareAmount(text)))
	if err != nil {
		return 0, err
	}
	if negative {
		value.Neg(value)
	}
	if !value.IsInt() {
		return 0, ErrRupiah
	}
	if !value.Num().IsInt64() {
		return 0, ErrRupiahRange
	}
	return Rupiah(value.Num().Int64()), nil
}

// bareAmount takes the currency and the closing dash off.
func bareAmount(text string) string {
	for _, currency := range []string{"rp.", "rp", "idr"} {
		if rest, found := strings.CutPrefix(text, currency); found {
			text = rest
			break
		}
	}
	for _, tail := range []string{"rupiah", "perak"} {
		text = strings.TrimSuffix(text, tail)
	}
	text = strings.TrimSpace(text)
	for _, tail := range []string{",--", ",-", ".-"} {
		text = strings.TrimSuffix(text, tail)
	}
	return strings.TrimSpace(text)
}

// amountTokens splits "1jt200rb" into 1, jt, 200, rb. Numbers keep their dots
// and commas; spaces, and a dash between two words, separate. A text with
// anything else has no tokens.
func amountTokens(text string) []string {
	var tokens []string
	kind := separator
	for _, r := range text {
		previous := kind
		kind = amountRune(r)
		switch {
		case kind == stranger, r == '-' && len(tokens) == 0:
			return nil
		case kind == separator:
		case kind == previous:
			tokens[len(tokens)-1] += string(r)
		default:
			tokens = append(tokens, string(r))
		}
	}
	return tokens
}

// runeKind tells apart the runes of an amount.
type runeKind int

const (
	stranger runeKind = iota
	separator
	figure
	letter
)

func amountRune(r rune) runeKind {
	switch {
	case r >= '0' && r <= '9', r == '.', r == ',':
		return figure
	case r >= 'a' && r <= 'z':
		return letter
	case unicode.IsSpace(r), r == '-':
		return separator
	}
	return stranger
}

const (
	ribu   = 1_000
	juta   = 1_000_000
	miliar = 1_000_000_000
)

// Words of money are input, not output: they belong to the parser.
var (
	amountUnits = map[string]int64{
		"rb": ribu, "ribu": ribu, "rebu": ribu, "rbu": ribu, "k": ribu,
		"jt": juta, "juta": juta, "jeti": juta,
		"m": miliar, "miliar": miliar, "milyar": miliar, "mlr": miliar,
	}
	amountDigits = map[string]int64{
		"nol": 0, "satu": 1, "dua": 2, "duo": 2, "tiga": 3, "tigo": 3, "empat": 4, "lima": 5, "limo": 5,
		"enam": 6, "tujuh": 7, "delapan": 8, "lapan": 8, "sembilan": 9,
	}
	amountTens = map[string]int64{"belas": 1, "puluh": 10, "ratus": 100}
	// amountOnes are the words that begin with se- ("one"), written out.
	amountOnes = map[string][]string{
		"sepuluh": {"satu", "puluh"}, "sebelas": {"satu", "belas"}, "seratus": {"satu", "ratus"},
		"seribu": {"satu", "ribu"}, "serebu": {"satu", "ribu"}, "sejuta": {"satu", "juta"},
		"semiliar": {"satu", "miliar"}, "semilyar": {"satu", "miliar"},
	}
	amountSlang = map[string]int64{
		"seceng": 1_000, "noceng": 2_000, "goceng": 5_000, "ceban": 10_000, "noban": 20_000,
		"goban": 50_000, "gocap": 50_000,
	}
)

// amount adds up what has been read so far, from large units to small.
type amount struct {
	total *big.Rat // closed groups
	unit  int64    // the unit that closed the last group, 0 before the first
	group *big.Rat // the open group, below one unit
	last  *big.Rat // a digit that waits for belas, puluh or ratus
	floor int64    // the next part of the group must be smaller than this
	raw   string   // the open group when it was written in digits
}

func readAmount(tokens []string) (*big.Rat, error) {
	if len(tokens) == 0 {
		return nil, ErrRupiah
	}
	if len(tokens) == 1 && amountSlang[tokens[0]] > 0 {
		return big.NewRat(amountSlang[tokens[0]], 1), nil
	}
	a := amount{total: new(big.Rat)}
	a.open()
	for i, token := range tokens {
		words := []string{token}
		if split, ok := amountOnes[strings.TrimSuffix(token, "an")]; ok {
			words = split
		}
		if token == "an" && i > 0 && a.unit > 0 && a.empty() {
			continue // "500rb-an"
		}
		for _, word := range words {
			if !a.add(word) {
				return nil, ErrRupiah
			}
		}
	}
	return a.finish()
}

func (a *amount) open() { a.group, a.last, a.floor, a.raw = nil, nil, ribu, "" }

func (a *amount) empty() bool { return a.group == nil && a.last == nil }

func (a *amount) add(word string) bool {
	if word[0] >= '0' && word[0] <= '9' {
		return a.number(word)
	}
	if word == "setengah" {
		return a.half()
	}
	if d, ok := amountDigits[word]; ok {
		return a.digit(d)
	}
	if tens, ok := amountTens[word]; ok {
		return a.tens(tens)
	}
	unit, ok := amountUnits[word]
	if !ok && len(word) > 3 {
		unit, ok = amountUnits[strings.TrimSuffix(word, "an")] // "2 jutaan"
	}
	return ok && a.closeGroup(unit)
}

func (a *amount) number(word string) bool {
	if !a.empty() {
		return false
	}
	value, ok := readNumber(word)
	a.last, a.floor, a.raw = value, 1, word
	return ok
}

func (a *amount) digit(d int64) bool {
	if a.last != nil || a.floor <= 1 {
		return false
	}
	a.last = big.NewRat(d, 1)
	return true
}

// half reads "setengah juta" and "satu setengah juta".
func (a *amount) half() bool {
	if a.raw != "" {
		return false
	}
	a.join(big.NewRat(1, 2))
	a.floor = 0
	return true
}

func (a *amount) tens(tens int64) bool {
	floor := a.floor
	if a.raw != "" {
		floor = ribu // "5 ratus"
	}
	if a.last == nil || max(tens, 10) >= floor || a.last.Cmp(big.NewRat(10, 1)) >= 0 {
		return false
	}
	value := new(big.Rat).Mul(a.last, big.NewRat(tens, 1))
	if tens == 1 {
		value.Add(a.last, big.NewRat(10, 1))
	}
	a.last, a.raw = nil, ""
	a.join(value)
	a.floor = tens
	return true
}

// join adds v and the digit that waits to the open group.
func (a *amount) join(v *big.Rat) {
	if a.group == nil {
		a.group = new(big.Rat)
	}
	if a.last != nil {
		a.group.Add(a.group, a.last)
		a.last = nil
	}
	a.group.Add(a.group, v)
}

// closeGroup ends a group with its unit; units must fall: "sejuta dua ratus ribu".
func (a *amount) closeGroup(unit int64) bool {
	if a.empty() || a.unit > 0 && unit >= a.unit || singleMarkThousands.MatchString(a.raw) {
		return false
	}
	a.join(new(big.Rat))
	a.total.Add(a.total, a.group.Mul(a.group, big.NewRat(unit, 1)))
	a.unit = unit
	a.open()
	return true
}

// finish adds what stands after the last unit: "16rb8" is 16.800, "sejuta lima
// ratus" is 1.500.000, "seribu lima ratus" is 1.500.
func (a *amount) finish() (*big.Rat, error) {
	if a.empty() {
		return a.total, nil
	}
	raw := a.raw
	a.join(new(big.Rat))
	if a.unit == 0 && barePoint.MatchString(raw) {
		return nil, ErrRupiah
	}
	if a.unit == 0 {
		return a.group, nil
	}
	scale, ok := a.tail(raw)
	if !ok {
		return nil, ErrRupiah
	}
	return a.total.Add(a.total, a.group.Mul(a.group, scale)), nil
}

// tail says what the rest after the last unit counts: digits are a decimal
// fraction when they are one or three ("16rb8", "1jt200"), an amount of their
// own when grouped ("1jt 200.000"); two digits have two readings.
func (a *amount) tail(raw string) (*big.Rat, bool) {
	one := big.NewRat(1, 1)
	if strings.ContainsAny(raw, ".,") {
		return one, a.group.Cmp(big.NewRat(a.unit, 1)) < 0
	}
	if raw != "" {
		places := map[int]int64{1: 10, 3: 1_000}[len(raw)]
		return big.NewRat(a.unit, max(places, 1)), places > 0
	}
	if a.group.Cmp(big.NewRat(1, 2)) == 0 {
		return big.NewRat(a.unit, 1), true // "sejuta setengah"
	}
	if a.unit == ribu {
		return one, true
	}
	return big.NewRat(a.unit, ribu), a.group.Cmp(big.NewRat(100, 1)) >= 0
}

// Numbers with two readings.
var (
	// singleMarkThousands before a unit: "1.500 jt" may be 1,5 juta or 1,5 miliar.
	singleMarkThousands = regexp.MustCompile(`^[1-9][0-9]{0,2}[.,][0-9]{3}$`)
	// barePoint without a unit: "16.00" may lack a zero.
	barePoint = regexp.MustCompile(`^[0-9]+\.([0-9]{1,2}|[0-9]{4,})$`)
)

// readNumber reads digits with their dots and commas. Groups of three are
// thousands ("16.800", "1,500,000"); otherwise one mark is a decimal sign,
// which only a unit can make whole again.
func readNumber(s string) (*big.Rat, bool) {
	for _, mark := range []struct{ thousands, decimal string }{{".", ","}, {",", "."}} {
		whole, fraction, decimal := strings.Cut(s, mark.decimal)
		digits, ok := joinThousands(whole, mark.thousands)
		if !ok || decimal && !allDigits(fraction) {
			continue
		}
		if len(fraction) == 3 && whole != "0" {
			continue // "16,800": thousands, read in the other round
		}
		return new(big.Rat).SetString(digits + "." + fraction + "0")
	}
	return nil, false
}

func joinThousands(s, mark string) (string, bool) {
	groups := strings.Split(s, mark)
	for i, g := range groups {
		if !allDigits(g) {
			return "", false
		}
		if len(groups) > 1 && (len(g) > 3 || i > 0 && len(g) < 3 || groups[0][0] == '0') {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
