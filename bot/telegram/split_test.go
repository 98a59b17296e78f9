package telegram

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

func TestSplit(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"short":               {"Baik, Pak RT.", []string{"Baik, Pak RT."}},
		"nothing":             {" \n ", nil},
		"paragraphs":          {"Satu dua tiga\n\nempat lima", []string{"Satu dua tiga", "empat lima"}},
		"lines":               {"Satu dua tiga\nempat lima", []string{"Satu dua tiga", "empat lima"}},
		"sentences":           {"Satu dua? Tiga. Empat lima", []string{"Satu dua? Tiga.", "Empat lima"}},
		"words":               {"Satu dua tiga empat lima", []string{"Satu dua tiga empat", "lima"}},
		"no money is cut":     {"Sisa dana Rp36.784.000", []string{"Sisa dana", "Rp36.784.000"}},
		"one endless word":    {"abcdefghijklmnopqrstuvwxyz", []string{"abcdefghijklmnopqrst", "uvwxyz"}},
		"signs of two units":  {strings.Repeat("🙏", 12), []string{strings.Repeat("🙏", 10), "🙏🙏"}},
		"not after few words": {"Satu.\n\nDua tiga empat lima", []string{"Satu.\n\nDua tiga", "empat lima"}},
	} {
		if got := split(c.text, 20); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// FuzzSplit: nothing is lost, nothing is too long, no part is empty.
func FuzzSplit(f *testing.F) {
	f.Add("Satu. Dua\n\ntiga 🙏 empat", 7)
	f.Add(strings.Repeat("a", 5000), maxText)
	solid := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, s)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 2 || limit > maxText || !utf8.ValidString(text) {
			return
		}
		parts := split(text, limit)
		if got := solid(strings.Join(parts, "")); got != solid(text) {
			t.Errorf("%q becomes %q", text, parts)
		}
		for _, p := range parts {
			if n := len(utf16.Encode([]rune(p))); n == 0 || n > limit {
				t.Errorf("a part of %d units, limit %d", n, limit)
			}
		}
	})
}
