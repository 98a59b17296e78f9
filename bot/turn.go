package bot

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sahabatrt/locales"
)

// Turn is one update being played: what came in, and what is said. It writes nothing.
type Turn struct {
	Update Update
	Now    time.Time
	Lang   string
	Text   string            // what was typed, trimmed; "" for a press
	Choice string            // the choice that was pressed, typed, or meant by its number
	Args   map[string]string // what the wish that started this conversation said already
	Wish   string            // what has to wait until it is known who asks: flows set it, and it is kept from turn to turn
	Kept   []locales.Text    // titles of the unfinished conversations, the newest last

	cat     *locales.Catalogue
	op      string
	said    []string
	file    *File
	caption string
}

// Say adds a reply; it sends nothing.
func (t *Turn) Say(text locales.Text) {
	if s := t.cat.Render(t.Lang, text); s != "" {
		t.said = append(t.said, s)
	}
}

// Attach has a file delivered before the reply, with caption below it.
func (t *Turn) Attach(f File, caption locales.Text) {
	t.file, t.caption = &f, t.cat.Render(t.Lang, caption)
}

// Mark returns what takes back all that is said after this moment: for a change that may run more than once.
func (t *Turn) Mark() (back func()) {
	n, file, caption := len(t.said), t.file, t.caption
	return func() { t.said, t.file, t.caption = t.said[:n], file, caption }
}

// Op is the operation id of this step at this prompt: the same however often the answer arrives.
func (t *Turn) Op() string { return t.op }

// Words are what people type for a thing, in every language.
func (t *Turn) Words(id string) []string { return t.cat.Words(id) }

// answer is what an operation keeps, so that a second arrival says the same.
type answer struct {
	Kind    nextKind
	Name    string            `json:",omitempty"`
	Args    map[string]string `json:",omitempty"`
	Said    []string          `json:",omitempty"`
	File    *File             `json:",omitempty"`
	Caption string            `json:",omitempty"`
	Draft   json.RawMessage
}

// Keep packs what a changing step decided: its replies, where it goes and its draft.
func Keep[D any](t *Turn, next Next, d *D) ([]byte, error) {
	draft, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("keep the answer of %s: %w", t.op, err)
	}
	return json.Marshal(answer{next.kind, next.name, next.args, t.said, t.file, t.caption, draft})
}

// Recall is the inverse of Keep: the turn says and decides what it did the first time. When nothing is kept of it any more
// the conversation is over.
func Recall[D any](t *Turn, kept []byte, d *D) (Next, error) {
	if len(kept) == 0 {
		return End(), nil
	}
	var a answer
	if err := json.Unmarshal(kept, &a); err != nil {
		return Next{}, fmt.Errorf("recall the answer of %s: %w", t.op, err)
	}
	if err := json.Unmarshal(a.Draft, d); err != nil {
		return Next{}, fmt.Errorf("recall the draft of %s: %w", t.op, err)
	}
	t.said, t.file, t.caption = a.Said, a.File, a.Caption
	return Next{kind: a.Kind, name: a.Name, args: a.Args}, nil
}

// Plain is how typed words are compared: lower case, single spaces, no punctuation at the ends.
func Plain(s string) string {
	return strings.Trim(strings.Join(strings.Fields(strings.ToLower(s)), " "), " .,!?:;\"'()[]")
}
