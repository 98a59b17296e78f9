package telegramtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Entity is a part of a text that means something: offset and length are in UTF-16 units.
type Entity struct {
	Type          string          `json:"type"`
	Offset        int             `json:"offset"`
	Length        int             `json:"length"`
	URL           string          `json:"url,omitempty"`
	User          json.RawMessage `json:"user,omitempty"`
	Language      string          `json:"language,omitempty"`
	CustomEmojiID string          `json:"custom_emoji_id,omitempty"`
}

var entityTypes = []string{
	"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline",
	"strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention", "custom_emoji",
}

func checkEntities(entities []Entity, length int) error {
	for _, e := range entities {
		if !slices.Contains(entityTypes, e.Type) {
			return fmt.Errorf("unsupported type %q", e.Type)
		}
		if e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > length {
			return fmt.Errorf("entity from %d over %d is outside of the text", e.Offset, e.Length)
		}
	}
	return nil
}

func same(a, b []Entity) bool {
	x, _ := json.Marshal(a) // decoded from JSON or made here: they can be encoded
	y, _ := json.Marshal(b)
	return len(a) == len(b) && (len(a) == 0 || string(x) == string(y))
}

// writer collects the text that people see and what is marked in it.
type writer struct {
	text     strings.Builder
	at       int // in UTF-16 units
	open     []opened
	entities []Entity
}

// opened is a mark that waits for its end.
type opened struct {
	name   string // as the sender wrote it: a tag or a sign
	entity Entity
	byte   int
}

func (w *writer) put(text string) {
	w.text.WriteString(text)
	w.at += units(text)
}

func (w *writer) begin(name string, at int, e Entity) {
	e.Offset = w.at
	w.open = append(w.open, opened{name, e, at})
}

// end closes the innermost mark. One around nothing is no mark.
func (w *writer) end() {
	o := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	if o.entity.Length = w.at - o.entity.Offset; o.entity.Length > 0 && o.entity.Type != "" {
		w.entities = append(w.entities, o.entity)
	}
}

func (w *writer) innermost() string {
	if len(w.open) == 0 {
		return ""
	}
	return w.open[len(w.open)-1].name
}

func (w *writer) result() (string, []Entity, error) {
	slices.Reverse(w.entities) // what closed last is outside
	slices.SortStableFunc(w.entities, func(a, b Entity) int {
		if a.Offset != b.Offset {
			return a.Offset - b.Offset
		}
		return b.Length - a.Length
	})
	return w.text.String(), w.entities, nil
}

var (
	tagName   = regexp.MustCompile(`^<([a-zA-Z0-9-]*)`)
	wholeTag  = regexp.MustCompile(`^<[a-zA-Z0-9-]+((?:\s+[a-zA-Z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?)*)\s*>`)
	attribute = regexp.MustCompile(`([a-zA-Z-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+))?`)
	reference = regexp.MustCompile(`^&(?:lt|gt|amp|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});`)
)

// tags are those of HTML mode and what they mark.
var tags = map[string]string{
	"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline", "s": "strikethrough",
	"strike": "strikethrough", "del": "strikethrough", "span": "spoiler", "tg-spoiler": "spoiler", "a": "text_link",
	"code": "code", "pre": "pre", "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}

func parseHTML(in string) (string, []Entity, error) {
	var w writer
	for i := 0; i < len(in); {
		switch {
		case in[i] == '&' && reference.MatchString(in[i:]):
			ref := reference.FindString(in[i:])
			w.put(html.UnescapeString(ref))
			i += len(ref)
		case strings.HasPrefix(in[i:], "</"):
			n := strings.IndexByte(in[i:], '>')
			if n < 0 {
				return "", nil, fmt.Errorf("unclosed end tag at byte offset %d", i)
			}
			name := strings.ToLower(strings.TrimSpace(in[i+2 : i+n]))
			switch open := w.innermost(); {
			case open == "":
				return "", nil, fmt.Errorf("unexpected end tag at byte offset %d", i)
			case name != open && name != "":
				return "", nil, fmt.Errorf("unmatched end tag at byte offset %d, expected \"</%s>\", found \"</%s>\"", i, open, name)
			}
			w.end()
			i += n + 1
		case in[i] == '<':
			n, err := w.tag(in, i)
			if err != nil {
				return "", nil, err
			}
			i += n
		default:
			i += w.rune(in[i:])
		}
	}
	if name := w.innermost(); name != "" {
		return "", nil, fmt.Errorf("can't find end tag corresponding to start tag %q", name)
	}
	return w.result()
}

// rune puts the first character of a text, and returns its bytes.
func (w *writer) rune(in string) int {
	_, n := utf8.DecodeRuneInString(in)
	w.put(in[:n])
	return n
}

// tag begins what a start tag marks, and returns its bytes.
func (w *writer) tag(in string, i int) (int, error) {
	name := strings.ToLower(tagName.FindStringSubmatch(in[i:])[1])
	kind, known := tags[name]
	if !known {
		return 0, fmt.Errorf("unsupported start tag \"%s\" at byte offset %d", name, i)
	}
	whole := wholeTag.FindStringSubmatch(in[i:])
	if whole == nil {
		return 0, fmt.Errorf("unclosed start tag at byte offset %d", i)
	}
	e := Entity{Type: kind}
	class := ""
	for _, a := range attribute.FindAllStringSubmatch(whole[1], -1) {
		value := html.UnescapeString(strings.Trim(a[2], `"'`))
		switch strings.ToLower(a[1]) {
		case "href":
			e.URL = value
		case "class":
			class = value
		case "emoji-id":
			e.CustomEmojiID = value
		case "expandable":
			e.Type = "expandable_blockquote"
		}
	}
	switch {
	case name == "span" && class != "tg-spoiler":
		return 0, fmt.Errorf("tag \"span\" must have class \"tg-spoiler\" at byte offset %d", i)
	case name == "a" && e.URL == "":
		e.Type = "" // a link to nowhere is text
	case name == "code":
		e.Language = strings.TrimPrefix(class, "language-")
	}
	w.begin(name, i, e)
	return len(whole[0]), nil
}

// parseMarkdown reads the old mode: marks do not nest.
func parseMarkdown(in string) (string, []Entity, error) {
	var w writer
	for i := 0; i < len(in); {
		if in[i] == '\\' && i+1 < len(in) && strings.IndexByte("_*`[", in[i+1]) >= 0 {
			w.put(in[i+1 : i+2])
			i += 2
			continue
		}
		closing, kind := "", ""
		switch {
		case strings.HasPrefix(in[i:], "```"):
			closing, kind = "```", "pre"
		case in[i] == '`':
			closing, kind = "`", "code"
		case in[i] == '*':
			closing, kind = "*", "bold"
		case in[i] == '_':
			closing, kind = "_", "italic"
		case in[i] == '[':
			closing, kind = "]", "text_link"
		default:
			i += w.rune(in[i:])
			continue
		}
		start := i + len(closing)
		n := strings.Index(in[start:], closing)
		if n < 0 {
			return "", nil, fmt.Errorf("can't find end of the entity starting at byte offset %d", i)
		}
		e, next := Entity{Type: kind}, start+n+len(closing)
		if kind == "text_link" {
			url, bytes := link(in[next:])
			if next += bytes; url == "" {
				e.Type = ""
			}
			e.URL = url
		}
		w.begin(closing, i, e)
		w.put(in[start : start+n])
		w.end()
		i = next
	}
	return w.result()
}

// link reads "(address)".
func link(in string) (url string, bytes int) {
	if !strings.HasPrefix(in, "(") {
		return "", 0
	}
	end := strings.IndexByte(in, ')')
	if end < 0 {
		return "", 0
	}
	return in[1:end], end + 1
}

// signs are the marks of MarkdownV2, longer ones first.
var signs = []struct{ sign, kind, name string }{
	{"```", "pre", "Pre"}, {"`", "code", "Code"}, {"||", "spoiler", "Spoiler"}, {"__", "underline", "Underline"},
	{"_", "italic", "Italic"}, {"*", "bold", "Bold"}, {"~", "strikethrough", "Strikethrough"}, {"![", "custom_emoji", "CustomEmoji"},
	{"[", "text_link", "TextUrl"},
}

const reservedV2 = "_*[]()~`>#+-=|{}.!"

func parseMarkdownV2(in string) (string, []Entity, error) {
	var w writer
	for i := 0; i < len(in); {
		if in[i] == '\\' && i+1 < len(in) && in[i+1] > 0 && in[i+1] < 127 {
			w.put(in[i+1 : i+2])
			i += 2
			continue
		}
		n, err := w.signV2(in, i)
		if err != nil {
			return "", nil, err
		}
		if n == 0 {
			n = w.rune(in[i:])
		}
		i += n
	}
	if w.innermost() == ">" {
		w.end()
	}
	if len(w.open) > 0 {
		return "", nil, w.unended()
	}
	return w.result()
}

func (w *writer) unended() error {
	o := w.open[len(w.open)-1]
	for _, s := range signs {
		if s.sign == o.name {
			return fmt.Errorf("can't find end of %s entity at byte offset %d", s.name, o.byte)
		}
	}
	return errors.New("can't find end of an entity")
}

// signV2 does what stands at a place: begins or ends a mark. It returns 0 when a plain character stands there.
func (w *writer) signV2(in string, i int) (int, error) {
	open := w.innermost()
	if open == "`" || open == "```" { // inside of code nothing else counts
		if !strings.HasPrefix(in[i:], open) {
			return 0, nil
		}
		w.end()
		return len(open), nil
	}
	lineStart := i == 0 || in[i-1] == '\n'
	switch {
	case in[i] == '\n' && open == ">" && !strings.HasPrefix(in[i+1:], ">"):
		w.end()
		return 0, nil
	case in[i] == '>' && lineStart:
		if open != ">" {
			w.begin(">", i, Entity{Type: "blockquote"})
		}
		return 1, nil
	case in[i] == ']' && (open == "[" || open == "!["):
		url, n := link(in[i+1:])
		last := &w.open[len(w.open)-1]
		if last.entity.URL = url; url == "" {
			last.entity.Type = ""
		}
		w.end()
		return 1 + n, nil
	}
	for _, s := range signs {
		if !strings.HasPrefix(in[i:], s.sign) {
			continue
		}
		if open == s.sign {
			w.end()
			return len(s.sign), nil
		}
		w.begin(s.sign, i, Entity{Type: s.kind})
		return len(s.sign), nil
	}
	if strings.IndexByte(reservedV2, in[i]) >= 0 {
		return 0, fmt.Errorf("character '%c' is reserved and must be escaped with the preceding '\\'", in[i])
	}
	return 0, nil
}
