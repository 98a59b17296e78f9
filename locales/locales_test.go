package locales_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"sahabatrt/locales"
	"sahabatrt/program"
)

// catalogue is one language's file as it is written.
func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	if _, err := toml.DecodeFile(lang+".toml", &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

func isWords(id string) bool { return strings.HasPrefix(id, "words.") }

func TestCataloguesSayTheSameThings(t *testing.T) {
	first := catalogue(t, locales.Default)
	for _, lang := range locales.Languages[1:] {
		other := catalogue(t, lang)
		for id := range first {
			if _, ok := other[id]; !ok && !isWords(id) {
				t.Errorf("%s: %q is missing", lang, id)
			}
		}
		for id := range other {
			if _, ok := first[id]; !ok {
				t.Errorf("%s: %q is not in %s", lang, id, locales.Default)
			}
		}
	}
}

var (
	action = regexp.MustCompile(`\{\{.*?\}\}`)
	field  = regexp.MustCompile(`\.[A-Z]\w*`)
)

// blanks are the names that a text wants filled, each once.
func blanks(text string) []string {
	var names []string
	for _, a := range action.FindAllString(text, -1) {
		names = append(names, field.FindAllString(a, -1)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestCataloguesHaveTheSameBlanks(t *testing.T) {
	first := catalogue(t, locales.Default)
	for _, lang := range locales.Languages[1:] {
		for id, text := range catalogue(t, lang) {
			if want, got := blanks(first[id]), blanks(text); !slices.Equal(got, want) {
				t.Errorf("%s: %q has blanks %v, want %v", lang, id, got, want)
			}
		}
	}
}

// filled gives every blank of a text the same value.
func filled(text string, value any) locales.Data {
	data := locales.Data{}
	for _, name := range blanks(text) {
		data[strings.TrimPrefix(name, ".")] = value
	}
	return data
}

func TestEveryTextRenders(t *testing.T) {
	c, logged := open(t)
	for _, lang := range locales.Languages {
		for id, text := range catalogue(t, lang) {
			if isWords(id) {
				continue
			}
			if said := c.Render(lang, locales.Text{ID: id, Data: filled(text, 2)}); said == "" || said == id || strings.Contains(said, "{{") {
				t.Errorf("%s: %q is said as %q", lang, id, said)
			}
		}
	}
	if logged.Len() > 0 {
		t.Errorf("logged:\n%s", logged)
	}
}

func TestWordsCanBeTyped(t *testing.T) {
	for _, lang := range locales.Languages {
		for id, words := range catalogue(t, lang) {
			if !isWords(id) {
				continue
			}
			for _, word := range strings.Split(words, "|") {
				if word == "" || word != strings.ToLower(strings.TrimSpace(word)) {
					t.Errorf("%s: %q holds %q, which nothing typed is equal to", lang, id, word)
				}
			}
		}
	}
}

func open(t *testing.T) (*locales.Catalogue, *bytes.Buffer) {
	t.Helper()
	logged := &bytes.Buffer{}
	c, err := locales.New(slog.New(slog.NewTextHandler(logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return c, logged
}

func TestValues(t *testing.T) {
	c, logged := open(t)
	date := program.Date{Year: 2026, Month: 11, Day: 23}
	for _, row := range []struct {
		name   string
		value  any
		id, en string
	}{
		{"rupiah", program.Rupiah(4_032_000), "Rp4.032.000", "Rp4,032,000"},
		{"no rupiah", program.Rupiah(0), "Rp0", "Rp0"},
		{"a shortage", program.Rupiah(-16_800), "-Rp16.800", "-Rp16,800"},
		{"month", program.NewMonth(2026, 12), "Desember 2026", "December 2026"},
		{"first month", program.NewMonth(2027, 1), "Januari 2027", "January 2027"},
		{"date", date, "23 November 2026", "23 November 2026"},
		{"date of August", program.Date{Year: 1980, Month: 8, Day: 9}, "9 Agustus 1980", "9 August 1980"},
		{"date with its weekday", locales.Long(date), "Senin, 23 November 2026", "Monday, 23 November 2026"},
		{"RT", program.RT{Kelurahan: "1571071012", Number: 14}, "RT 14 Kenali Asam", "RT 14 Kenali Asam"},
		{"number", 20, "20", "20"},
		{"number over a thousand", 2189, "2.189", "2,189"},
		{"string", "Sulaiman Contoh", "Sulaiman Contoh", "Sulaiman Contoh"},
		{"text", locales.T("sex.male"), "laki-laki", "male"},
		{"text with a blank", locales.T("address.named_pak", "Name", "Contoh"), "Pak Contoh", "Pak Contoh"},
		{"texts, one a line", []locales.Text{locales.T("sex.male"), locales.T("sex.female")}, "laki-laki\nperempuan", "male\nfemale"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := locales.T("complete.value", "Value", row.value)
			if said := c.Render("id", text); said != row.id {
				t.Errorf("id: %q, want %q", said, row.id)
			}
			if said := c.Render("en", text); said != row.en {
				t.Errorf("en: %q, want %q", said, row.en)
			}
		})
	}
	if logged.Len() > 0 {
		t.Errorf("logged:\n%s", logged)
	}
}

func TestOneIsNotMany(t *testing.T) {
	c, _ := open(t)
	for n, want := range map[int]string{1: "1 month", 2: "2 months", 12: "12 months"} {
		if said := c.Render("en", locales.T("register.months.choice", "N", n)); said != want {
			t.Errorf("%q, want %q", said, want)
		}
	}
}

// A sentence with a hole would tell people something that is not so; its id tells nobody anything wrong.
func TestMissingBlank(t *testing.T) {
	for _, lang := range locales.Languages {
		c, logged := open(t)
		if said := c.Render(lang, locales.T("budget.spent")); said != "budget.spent" {
			t.Errorf("%s: a missing blank is said as %q", lang, said)
		}
		if !strings.Contains(logged.String(), "budget.spent") {
			t.Errorf("%s: a missing blank is not logged", lang)
		}
	}
}

func TestMissingText(t *testing.T) {
	c, logged := open(t)
	if said := c.Render("en", locales.T("no.such.text")); said != "no.such.text" {
		t.Errorf("a missing text is said as %q", said)
	}
	if !strings.Contains(logged.String(), "no.such.text") {
		t.Error("a missing text is not logged")
	}
	if said := c.Render("en", locales.Text{}); said != "" {
		t.Errorf("the text that says nothing says %q", said)
	}
}

func TestUnknownLanguageIsTheFirst(t *testing.T) {
	c, _ := open(t)
	if said := c.Render("fr", locales.T("sex.male")); said != "laki-laki" {
		t.Errorf("said %q", said)
	}
}

func TestWordsAreHeardInEveryLanguage(t *testing.T) {
	c, _ := open(t)
	for _, word := range []string{"batal", "cancel"} {
		if !slices.Contains(c.Words("words.cancel"), word) {
			t.Errorf("%q does not cancel", word)
		}
	}
}

// named is a text id in Go code. One that is completed there ("state." + string(s)) is the beginning of several.
type named struct {
	id     string
	prefix bool
	file   string
}

// sources are the packages that name texts.
var sources = []string{"../bot", "../conversations"}

// find lists the ids that the pattern's first group matches; the second group is a + when the id is completed.
func find(t *testing.T, pattern *regexp.Regexp) []named {
	t.Helper()
	var found []named
	for _, dir := range sources {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			code, err := os.ReadFile(path)
			for _, m := range pattern.FindAllSubmatch(code, -1) {
				found = append(found, named{string(m[1]), len(m[2]) > 0, path})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no text is named as %s", pattern)
	}
	return found
}

// of are the ids that are meant.
func (n named) of(texts map[string]string) (ids []string) {
	for id := range texts {
		if id == n.id || n.prefix && strings.HasPrefix(id, n.id) {
			ids = append(ids, id)
		}
	}
	return ids
}

var (
	inText   = regexp.MustCompile(`locales\.T\(\s*"([^"]+)"\s*(\+?)`)
	inChoice = regexp.MustCompile(`\bchoice\([^"\n]*(?:"[^"]*")?[^"\n]*,\s*"([^"]+)"\s*(\+?)`)
	inLabel  = regexp.MustCompile(`Label:\s*locales\.T\(\s*"([^"]+)"\s*(\+?)`)
	inHelp   = regexp.MustCompile(`Help:\s*"([^"]+)"()`)
	literal  = regexp.MustCompile(`"([a-z]\w*\.[a-z_.0-9]*)"\s*(\+?)`)
)

func TestCodeNamesTextsThatExist(t *testing.T) {
	texts := catalogue(t, locales.Default)
	for _, pattern := range []*regexp.Regexp{inText, inChoice} {
		for _, n := range find(t, pattern) {
			if len(n.of(texts)) == 0 {
				t.Errorf("%s: %q is not in %s.toml", n.file, n.id, locales.Default)
			}
		}
	}
}

// Ids travel as strings too: a step's help, the sentence for a refusal. What begins as an id must be one.
func TestLiteralsThatLookLikeIDsExist(t *testing.T) {
	texts := catalogue(t, locales.Default)
	flows := map[string]bool{}
	for id := range texts {
		flow, _, _ := strings.Cut(id, ".")
		flows[flow] = true
	}
	for _, n := range find(t, literal) {
		flow, _, _ := strings.Cut(n.id, ".")
		if flows[flow] && len(n.of(texts)) == 0 {
			t.Errorf("%s: %q is not in %s.toml", n.file, n.id, locales.Default)
		}
	}
}

// mostLabel is what Telegram shows of a button on a small phone, and what WhatsApp allows at all.
const mostLabel = 20

// asides are the helps of steps, which share their beginning with the buttons below the question.
func asides(t *testing.T) (ids []string) {
	for _, n := range find(t, inHelp) {
		ids = append(ids, n.id)
	}
	return ids
}

func TestButtonsAreShort(t *testing.T) {
	c, _ := open(t)
	helps := asides(t)
	for _, lang := range locales.Languages {
		texts := catalogue(t, lang)
		for _, pattern := range []*regexp.Regexp{inChoice, inLabel} {
			for _, n := range find(t, pattern) {
				for _, id := range n.of(texts) {
					if strings.HasSuffix(id, ".ask") || slices.Contains(helps, id) {
						continue
					}
					said := c.Render(lang, locales.Text{ID: id, Data: filled(texts[id], 12)})
					if utf8.RuneCountInString(said) > mostLabel {
						t.Errorf("%s: the button %q of %q has more than %d characters", lang, said, id, mostLabel)
					}
				}
			}
		}
	}
}

// TestTextInOneLanguage: what somebody else is to read keeps its language inside of a sentence in another one.
func TestTextInOneLanguage(t *testing.T) {
	c, err := locales.New(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	text := locales.T("issued.undone", "Name", locales.T("month.m08").In(locales.Default))
	if got := c.Render("en", text); !strings.Contains(got, "Agustus") {
		t.Errorf("it says %q", got)
	}
}
