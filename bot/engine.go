package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sahabatrt/locales"
)

// Engine turns a session and an update into the next session and replies. Its fields are set once, before the first turn.
type Engine struct {
	Flows []Playable
	Texts *locales.Catalogue
	NewID func() string // random, one for each conversation that starts

	// Heard is called before each turn: it may say something first, and set the language; it changes nothing else of the
	// turn. An error means that we failed. nil: nothing to do.
	Heard func(context.Context, *Turn) error

	// Understand finds the flow that free text asks for.
	Understand func(*Turn) Intent

	// Names of the flows that answer a first contact, "menu", "bantuan" and "petugas". Menu keeps no draft; Greet finds what
	// was said in Args["unasked"] when nothing is kept of the chat and it asks for nothing.
	Greet, Menu, Help, Person string
}

// Intent is the conversation that a text asks for. Sure: more than a word that may stand in any sentence. Asked: the
// whole message is the wish, or it is put as a question, so that it cannot be a name or an address.
type Intent struct {
	Flow        string
	Sure, Asked bool
	Args        map[string]string
}

const (
	maxText  = 1000           // letters of one message that are read as an answer
	staleAge = 24 * time.Hour // after it an unfinished conversation is resumed by asking
)

// play is one turn under way.
type play struct {
	*Engine
	s       *session
	t       *Turn
	offered bool // the last prompt had the channel's button that shares a number
}

// Play plays one update. An error means that nothing happened and the turn may be played again.
func (e *Engine) Play(ctx context.Context, raw []byte, u Update, now time.Time) (Outcome, error) {
	s := &session{Lang: locales.Default}
	if len(raw) > 0 && json.Unmarshal(raw, s) != nil {
		s = &session{Lang: locales.Default} // it can be read by nobody any more: begin anew, on serials of this moment
	}
	p := &play{Engine: e, s: s, t: &Turn{Update: u, Now: now, Lang: s.Lang, Wish: s.Wish, Text: strings.TrimSpace(u.Text), cat: e.Texts}}
	p.offered = p.hasButton(chooseContact)
	p.settle()
	asleep := now.Sub(time.UnixMilli(s.Seen)) > staleAge
	if u.Event == nil { // else nobody was here
		s.Seen = now.UnixMilli()
		if e.Heard != nil {
			if err := e.Heard(ctx, p.t); err != nil {
				return Outcome{}, fmt.Errorf("hear somebody: %w", err)
			}
		}
	}
	if err := p.run(ctx, asleep); err != nil {
		return Outcome{}, err
	}
	s.Lang, s.Wish = p.t.Lang, p.t.Wish
	out, err := json.Marshal(s)
	if err != nil {
		return Outcome{}, fmt.Errorf("keep session: %w", err)
	}
	if len(out) > MaxSession {
		return Outcome{}, fmt.Errorf("session of %d bytes is larger than %d", len(out), MaxSession)
	}
	return Outcome{Session: out, Replies: p.replies(), Draft: p.keeps() || p.s.Relay}, nil
}

// Fault is the outcome of a message that could not be played: it is set aside, the person is told that it was not
// recorded, and the conversation stands where it stood.
func (e *Engine) Fault(raw []byte, to Address) Outcome {
	s := session{Lang: locales.Default}
	if json.Unmarshal(raw, &s) != nil {
		s = session{Lang: locales.Default}
	}
	told := s.message(to, e.Texts.Render(s.Lang, locales.T("global.fault")))
	return Outcome{Session: raw, Replies: []Message{told}, Aside: true, Draft: len(s.Frames) > 0}
}

func (p *play) run(ctx context.Context, asleep bool) error {
	if p.t.Update.Event != nil {
		return p.happened(ctx, *p.t.Update.Event)
	}
	if p.oldAlbum() {
		return nil
	}
	press := p.t.Update.Press
	if press != nil && press.Prompt > 0 && press.Prompt == p.s.Pressed {
		return nil // a second tap: the first is answered
	}
	if problem := p.strange(); problem != "" {
		p.t.Say(locales.T(problem))
		return p.repeat(ctx)
	}
	if code, ok := p.startCode(); ok {
		return p.start(ctx, p.Greet, map[string]string{"code": code}, false)
	}
	if press != nil {
		p.t.Choice, p.s.Pressed = press.Choice, press.Prompt
	} else {
		p.t.Choice = p.exactChoice()
	}
	if done, err := p.global(ctx); done || err != nil {
		return err
	}
	if p.s.Resume {
		return p.resumeAnswer(ctx)
	}
	if asleep && p.current().kept {
		return p.awake(ctx)
	}
	return p.heard(ctx)
}

// happened has a flow tell what happened elsewhere, and lets go on what was under way.
func (p *play) happened(ctx context.Context, e Event) error {
	if _, known := p.flow(e.Flow); !known {
		return nil // told by another version
	}
	p.t.Args = e.Args
	if p.s.Relay && p.current().name == e.Flow {
		return p.answer(ctx)
	}
	return p.start(ctx, e.Flow, e.Args, len(p.s.Frames) > 0)
}

// heard handles what is neither strange nor global: an answer, or a wish.
func (p *play) heard(ctx context.Context) error {
	if p.t.Choice == "" && p.t.Text != "" {
		if in := p.Understand(p.t); p.follows(in) {
			if p.s.Relay {
				return p.alarm(ctx, in)
			}
			return p.start(ctx, in.Flow, in.Args, p.aside(in))
		} else if p.t.Choice = p.looseChoice(); p.t.Choice == "" && p.command(in) {
			if p.renews(in) {
				return p.start(ctx, in.Flow, in.Args, false)
			}
			return p.ask(ctx)
		}
	}
	if len(p.s.Frames) == 0 {
		return p.start(ctx, p.Greet, p.unasked(), false)
	}
	return p.answer(ctx)
}

// alarm answers an emergency in what goes on to somebody else, who reads it as well.
func (p *play) alarm(ctx context.Context, in Intent) error {
	f := p.top()
	f.Alarms = append(f.Alarms, in.Flow)
	back := p.t.Mark()
	if err := p.answer(ctx); err != nil {
		return err
	}
	if p.s.Relay { // it went on, and help comes before anything else
		back()
	}
	return p.start(ctx, in.Flow, in.Args, true)
}

// unasked tells the greeting what was said in a chat of which nothing is kept: perhaps an answer to what is kept no longer.
func (p *play) unasked() map[string]string {
	if p.s.Serial > 0 {
		return nil
	}
	return map[string]string{"unasked": p.t.Text}
}

// command says whether a text is meant for the bot, and no answer: a command of the channel's menu, or the wish for what is
// under way, which where free text is awaited must be all of it.
func (p *play) command(in Intent) bool {
	if len(p.s.Frames) == 0 || p.s.Relay {
		return false
	}
	return strings.HasPrefix(p.t.Text, "/") || in.Flow == p.top().Flow && in.Sure && (in.Asked || !p.s.Free)
}

// renews says whether a wish for what is under way begins it anew: it may say more than the first one did. Where something
// was answered the question is asked again instead.
func (p *play) renews(in Intent) bool {
	flow := p.current()
	return in.Flow == p.top().Flow && !p.s.Free && !flow.kept && !flow.readOnly && len(p.top().Done) == 0
}

// follows says whether a wish may be followed here: always in the menu, while an answer is awaited only when it is
// sure and changes nothing, or when no free text is awaited.
func (p *play) follows(in Intent) bool {
	flow, ok := p.flow(in.Flow)
	if !ok {
		return false
	}
	if len(p.s.Frames) == 0 || p.top().Flow == p.Menu {
		return true
	}
	if !in.Sure || p.top().Flow == in.Flow {
		return false
	}
	if p.s.Relay {
		return flow.urgent && !slices.Contains(p.top().Alarms, in.Flow)
	}
	if flow.urgent {
		return in.Asked || !p.s.Names
	}
	return !p.s.Free || flow.readOnly && in.Asked
}

func (p *play) aside(in Intent) bool {
	flow, _ := p.flow(in.Flow)
	return flow.readOnly && len(p.s.Frames) > 0 && p.top().Flow != p.Menu
}

func (p *play) oldAlbum() bool {
	m := p.t.Update.Media
	if m == nil || m.Album == "" {
		return false
	}
	seen := p.s.Album == m.Album
	p.s.Album = m.Album
	return seen && p.t.Text == "" // the caption may come with any part
}

// strange is the text for an update that cannot be an answer, "" for one that can.
func (p *play) strange() string {
	u := p.t.Update
	switch {
	case u.Flood:
		return "global.flood"
	case u.Edited:
		return "global.edited"
	case u.Press != nil && (u.Press.Prompt != p.s.Serial || !p.hasButton(u.Press.Choice)):
		return "global.old_button"
	case u.Press != nil || u.Contact != nil || u.Start != "":
		return ""
	case p.t.Text == "" && u.Media != nil:
		return "global.media." + string(u.Media.Kind)
	case p.t.Text == "":
		return "global.empty"
	case utf8.RuneCountInString(p.t.Text) > maxText:
		return "global.too_long"
	}
	return ""
}

func (p *play) startCode() (string, bool) {
	if p.t.Update.Start != "" {
		return p.t.Update.Start, true
	}
	fields := strings.Fields(p.t.Text)
	if len(fields) == 0 || fields[0] != "/start" {
		return "", false
	}
	return strings.Join(fields[1:], ""), true
}

// global answers the words that mean the same everywhere.
func (p *play) global(ctx context.Context) (bool, error) {
	said := strings.TrimPrefix(Plain(p.t.Text), "/")
	is := func(id string) bool { return said != "" && slices.Contains(p.Texts.Words(id), said) }
	switch {
	case p.t.Choice == choosePerson || is("words.person"):
		return true, p.askPerson(ctx)
	case p.t.Choice != "":
		return false, nil
	case is("words.cancel"):
		return true, p.cancel(ctx)
	case is("words.menu"):
		return true, p.start(ctx, p.Menu, nil, false)
	case is("words.back"):
		return true, p.back(ctx)
	case is("words.help"):
		return true, p.help(ctx)
	}
	return false, nil
}

// askPerson begins what leads to a person, or asks its question again.
func (p *play) askPerson(ctx context.Context) error {
	if p.current().name == p.Person {
		return p.repeat(ctx)
	}
	return p.start(ctx, p.Person, nil, p.inForm())
}

func (p *play) inForm() bool { return len(p.s.Frames) > 0 && p.top().Flow != p.Menu }
