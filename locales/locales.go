// Package locales holds every word that the bot says or listens for, one file a language, and turns a Text into a
// sentence of that language.
//
// Sentences live in id.toml (the first language) and en.toml; Go code names them by id, "flow.step.purpose", and gives
// typed values, which are formatted here. The package knows nothing of conversations and must not decide anything.
package locales

import (
	"cmp"
	"embed"
	"fmt"
	"log/slog"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"

	"sahabatrt/program"
)

// Default is the language of whoever never chose one.
const Default = "id"

// Languages are the catalogues there are, the first is complete by definition.
var Languages = []string{Default, "en"}

//go:embed *.toml
var files embed.FS

// Text is a sentence not yet said: its id and the values in its blanks. Lang is its language whatever surrounds it, "" for
// that of whoever it is said to.
type Text struct {
	ID   string
	Data Data
	Lang string
}

// Data are the values of a Text: strings, integers, program types, a Text, or []Text (one a line).
type Data map[string]any

// T makes a Text; pairs are name, value, name, value.
func T(id string, pairs ...any) Text {
	t := Text{ID: id}
	if len(pairs) > 0 {
		t.Data = make(Data, len(pairs)/2)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		t.Data[pairs[i].(string)] = pairs[i+1]
	}
	return t
}

// In is the text in one language: for what somebody else is to read.
func (t Text) In(lang string) Text {
	t.Lang = lang
	return t
}

// IsZero is true for the Text that says nothing.
func (t Text) IsZero() bool { return t.ID == "" }

// Long is a date with its weekday: "Senin, 23 November 2026".
type Long program.Date

// Catalogue renders texts. It is safe for use by many goroutines.
type Catalogue struct {
	byLang map[string]*i18n.Localizer
	words  map[string][]string
	log    *slog.Logger
}

// New reads the catalogues that are built in.
func New(log *slog.Logger) (*Catalogue, error) {
	bundle := i18n.NewBundle(language.Indonesian)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	c := &Catalogue{byLang: map[string]*i18n.Localizer{}, words: map[string][]string{}, log: log}
	for _, lang := range Languages {
		file, err := bundle.LoadMessageFileFS(files, lang+".toml")
		if err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", lang, err)
		}
		for _, m := range file.Messages {
			if strings.HasPrefix(m.ID, "words.") {
				c.words[m.ID] = append(c.words[m.ID], strings.Split(m.Other, "|")...)
			}
		}
		c.byLang[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return c, nil
}

// Words are what people type for a thing, in all languages: nobody should have to know which one is set.
func (c *Catalogue) Words(id string) []string { return c.words[id] }

// Render says the text in the language. What is missing there is said in the first language; what is missing
// everywhere is our fault and comes back as its id, and is logged.
func (c *Catalogue) Render(lang string, t Text) string {
	if t.IsZero() {
		return ""
	}
	lang = cmp.Or(t.Lang, lang)
	s, err := c.render(lang, t)
	if err != nil && lang != Default {
		c.log.Error("text missing", "id", t.ID, "lang", lang)
		s, err = c.render(Default, t)
	}
	if err != nil {
		c.log.Error("text missing", "id", t.ID, "lang", lang)
		return t.ID
	}
	return s
}

var parser = &template.TextParser{Option: "missingkey=error"}

func (c *Catalogue) render(lang string, t Text) (string, error) {
	l := c.byLang[lang]
	if l == nil {
		l = c.byLang[Default]
	}
	data := make(map[string]any, len(t.Data))
	for k, v := range t.Data {
		data[k] = c.value(lang, v)
	}
	s, err := l.Localize(&i18n.LocalizeConfig{MessageID: t.ID, TemplateData: data, TemplateParser: parser})
	if err != nil {
		return "", fmt.Errorf("render %s: %w", t.ID, err)
	}
	return s, nil
}

func (c *Catalogue) value(lang string, v any) any {
	switch v := v.(type) {
	case Text:
		return c.Render(lang, v)
	case []Text:
		lines := make([]string, 0, len(v))
		for _, t := range v {
			lines = append(lines, c.Render(lang, t))
		}
		return strings.Join(lines, "\n")
	case program.Rupiah:
		return rupiah(lang, v)
	case program.Month:
		return c.month(lang, int(v.Month())) + fmt.Sprintf(" %d", v.Year())
	case program.Date:
		if v.IsZero() {
			return c.Render(lang, T("date.unknown"))
		}
		return fmt.Sprintf("%d %s %d", v.Day, c.month(lang, int(v.Month)), v.Year)
	case Long:
		d := program.Date(v)
		return c.Render(lang, T("weekday."+d.Time().Weekday().String())) + ", " + c.value(lang, d).(string)
	case program.RT:
		k, _ := program.KelurahanByCode(v.Kelurahan)
		return fmt.Sprintf("RT %d %s", v.Number, k.Name)
	case int:
		return number(lang, int64(v))
	case string:
		return v
	}
	c.log.Error("value without a format", "type", fmt.Sprintf("%T", v))
	return ""
}

func (c *Catalogue) month(lang string, m int) string {
	return c.Render(lang, T(fmt.Sprintf("month.m%02d", m)))
}

func number(lang string, n int64) string {
	return strings.TrimPrefix(rupiah(lang, program.Rupiah(n)), "Rp")
}

func rupiah(lang string, r program.Rupiah) string {
	if lang == Default {
		return r.String()
	}
	return strings.ReplaceAll(r.String(), ".", ",")
}
