package bottest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sahabatrt/bot"
)

// Buffer is a channel that keeps what is said to each address until it is read.
type Buffer struct {
	mu   sync.Mutex
	said map[bot.Address][]bot.Message
}

// Send keeps the message.
func (b *Buffer) Send(_ context.Context, m bot.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.said == nil {
		b.said = map[bot.Address][]bot.Message{}
	}
	b.said[m.To] = append(b.said[m.To], m)
	return nil
}

// Read takes what was said to the address.
func (b *Buffer) Read(a bot.Address) []bot.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.said[a]
	delete(b.said, a)
	return said
}

// Quiet is a logger for tests that look at what is said, not at what is logged.
func Quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// Stage is where a transcript plays: a way to talk to the bot, people by name, and a clock.
type Stage struct {
	Tell     func([]bot.Update) error        // a person does this, at once; it returns when all of it was answered
	Read     func(bot.Address) []bot.Message // takes what was said to him since
	SetClock func(time.Time)
	Person   func(name string) (bot.Address, string) // address, and the number that the channel vouches for
	Do       func(words []string) (string, error)    // "% words": something that happens outside the chat
	Secret   *regexp.Regexp                          // what the bot says by chance: its first group is $CODE from there on
	Due      func(context.Context, time.Time) error  // does what the bot does unprompted at that time; may be nil

	from     bot.Address
	phone    string
	buttons  map[bot.Address][]bot.Message // what was said in each chat, the newest last
	vars     map[string]string
	serial   int
	now      time.Time
	last     []bot.Update
	rendered strings.Builder
}

// Play plays a transcript and compares what is said; with update it rewrites the file instead. The lines are:
//
//	@ 2026-11-23T09:00:00+07:00   the clock: what is due by then is done
//	= name                        another person takes over, and reads what was said to him meanwhile
//	> text                        a person writes
//	> [label]                     presses a button of the newest prompt; ^[label] one of the prompt before
//	> {photo} caption             sends something else: photo, voice, sticker, video, document, location, album, edited,
//	                              empty, long, own contact, contact NUMBER, start CODE
//	!                             the same update arrives again
//	% words                       something happens outside the chat; its result replaces $CODE from there on
//	< text                        what the bot says; further lines are indented, [label] are its buttons
//	# text                        a comment
func (s *Stage) Play(t *testing.T, file string, update bool) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.buttons, s.vars = map[bot.Address][]bot.Message{}, map[string]string{}
	for i, line := range strings.Split(strings.TrimRight(string(raw), "\n"), "\n") {
		if strings.HasPrefix(line, "<") || strings.HasPrefix(line, "  ") {
			continue // what was said is compared as a whole
		}
		fmt.Fprintln(&s.rendered, line)
		if err := s.line(line); err != nil {
			t.Fatalf("%s:%d: %v", file, i+1, err)
		}
	}
	got := s.rendered.String()
	if update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := string(raw); got != want {
		t.Errorf("%s: the bot says something else:\n%s", file, firstDifference(want, got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\n want %s\n  got %s\n%s", i+1, w[i], g[i], strings.Join(g[i:min(i+6, len(g))], "\n"))
		}
	}
	return "one is longer than the other"
}

func (s *Stage) line(line string) error {
	kind, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	for name, value := range s.vars {
		rest = strings.ReplaceAll(rest, name, value)
	}
	switch kind {
	case "", "#":
		return nil
	case "@":
		at, err := time.Parse(time.RFC3339, rest)
		if err != nil {
			return err
		}
		s.now = at
		s.SetClock(at)
		if s.Due != nil {
			err = s.Due(context.Background(), at)
		}
		s.read()
		return err
	case "=":
		s.from, s.phone = s.Person(rest)
		s.read()
		return nil
	case "%":
		result, err := s.Do(strings.Fields(rest))
		s.vars["$CODE"] = result
		return err
	case ">":
		in, err := s.updates(rest)
		if err != nil {
			return err
		}
		return s.send(in)
	case "!":
		return s.send(s.last)
	}
	return fmt.Errorf("no such line: %q", kind)
}

func (s *Stage) send(in []bot.Update) error {
	s.last = in
	err := s.Tell(in)
	s.read()
	return err
}

// read shows what was said to the person who is there.
func (s *Stage) read() {
	for _, m := range s.Read(s.from) {
		s.render(m)
		s.buttons[s.from] = append(s.buttons[s.from], m)
	}
}

func (s *Stage) render(m bot.Message) {
	text := strings.ReplaceAll(s.hide(m.Text), "\n", "\n  ")
	if m.File != nil {
		text = fmt.Sprintf("{%s %s} %s", m.File.Kind, m.File.Name, text)
	}
	fmt.Fprintf(&s.rendered, "< %s\n", text)
	if m.ShareContact != "" {
		m.Choices = append(m.Choices, bot.Button{Label: "☎"})
	}
	var labels []string
	for _, c := range m.Choices {
		labels = append(labels, "["+c.Label+"]")
	}
	if len(labels) > 0 {
		fmt.Fprintf(&s.rendered, "  %s\n", strings.Join(labels, " "))
	}
}

func (s *Stage) hide(text string) string {
	if s.Secret == nil {
		return text
	}
	found := s.Secret.FindStringSubmatch(text)
	if found == nil {
		return text
	}
	s.vars["$CODE"] = found[1]
	return strings.ReplaceAll(text, found[1], "$CODE")
}

func (s *Stage) updates(said string) ([]bot.Update, error) {
	s.serial++
	u := bot.Update{ID: fmt.Sprint("u", s.serial), From: s.from, At: s.now, Phone: s.phone}
	if back := strings.TrimPrefix(said, "^"); strings.HasPrefix(back, "[") && strings.HasSuffix(back, "]") {
		press, err := s.press(strings.Trim(back, "[]"), len(said)-len(back))
		u.Press = press
		return []bot.Update{u}, err
	}
	if !strings.HasPrefix(said, "{") {
		u.Text = said
		return []bot.Update{u}, nil
	}
	what, caption, _ := strings.Cut(said[1:], "}")
	u.Text = strings.TrimSpace(caption)
	word, arg, _ := strings.Cut(what, " ")
	switch word {
	case "own":
		u.Contact = &bot.Contact{Phone: u.Phone}
	case "contact":
		u.Contact, u.Phone = &bot.Contact{Phone: arg}, ""
	case "start":
		u.Start = arg
	case "edited":
		u.Edited = true
	case "long":
		u.Text = strings.Repeat("a", 5000)
	case "empty":
	case "album":
		u.Media = &bot.Media{Kind: bot.Photo, Album: arg}
		second := u
		second.ID += "b"
		return []bot.Update{u, second}, nil
	default:
		u.Media = &bot.Media{Kind: bot.MediaKind(word)}
	}
	return []bot.Update{u}, nil
}

func (s *Stage) press(label string, back int) (*bot.Press, error) {
	var prompts []bot.Message
	for _, m := range s.buttons[s.from] {
		if len(m.Choices) > 0 {
			prompts = append(prompts, m)
		}
	}
	if len(prompts) <= back {
		return nil, fmt.Errorf("no button to press")
	}
	m := prompts[len(prompts)-1-back]
	for _, c := range m.Choices {
		if c.Label == label {
			return &bot.Press{Prompt: m.Prompt, Choice: c.ID}, nil
		}
	}
	return nil, fmt.Errorf("no button [%s]", label)
}
