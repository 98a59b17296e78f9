package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"sahabatrt/locales"
)

// Flow is one conversation over a draft D: a table of steps that are asked in order until none is left.
// Name and Step.Name are stored: they are never renamed. Over its life a flow sees its draft only through JSON.
type Flow[D any] struct {
	Name string
	// Title names an unfinished one when the bot offers to go on with it; nil: it is not kept when something else starts.
	Title func(*D) locales.Text
	// ReadOnly flows change nothing that another one works on, so they may interrupt it, and it goes on where it was.
	ReadOnly bool
	// Urgent flows interrupt everything, free text too.
	Urgent bool
	// Begin runs once when the flow starts: rights are checked, what was said with the wish is taken over. nil: nothing to do.
	Begin func(context.Context, *Turn, *D) (Next, error)
	Steps []Step[D]
}

// Step is one question.
type Step[D any] struct {
	Name    string
	Counted bool                                             // stands in "3 dari 7"
	When    func(*D) bool                                    // nil: always
	Ask     func(context.Context, *Turn, *D) (Prompt, error) // what to ask; writes nothing
	Answer  func(context.Context, *Turn, *D) (Next, error)   // an error means that we failed
	Help    string                                           // id of a text with examples
}

// Prompt is a question with its choices. Free: any text is an answer, so only whole messages and questions interrupt.
// Exact: a choice is made by its button, number or very words, never by being mentioned; for what moves money or gives
// consent. Names: the answer names relatives, so that a word of death in it is no emergency. Relay: what is written goes
// on to somebody else, message after message; the bot's own are the choices, the words that mean the same everywhere, and
// each kind of emergency once. Whatever is in an emergency goes on, too.
type Prompt struct {
	Text                      locales.Text
	Choices                   []Choice
	Free, Exact, Names, Relay bool
	ShareContact              bool
}

// Choice is one possible answer. Words is the id of what people type for it; "" when the label is all. Key is the number
// to type for it; "" is its place in the list. Choices that are numbers themselves have themselves for a key.
type Choice struct {
	ID    string
	Label locales.Text
	Words string
	Key   string
}

type nextKind string

const (
	nextOn     nextKind = ""       // to the first step that is not answered
	nextTo     nextKind = "to"     // to a step, as if it had not been answered
	nextAgain  nextKind = "again"  // the same question: it was the person's mistake
	nextEnd    nextKind = "end"    // this conversation is over
	nextGo     nextKind = "go"     // this conversation is over, another one starts
	nextResume nextKind = "resume" // this conversation is over, the unfinished one below goes on
	nextPause  nextKind = "pause"  // the menu opens, this conversation is kept as it is
	nextQuiet  nextKind = "quiet"  // nothing is asked, the question stands
)

// Next says where a conversation goes. The zero value goes on to the first step that is not answered.
type Next struct {
	kind nextKind
	name string
	args map[string]string
	text locales.Text
}

// To asks a step, again if it was answered; afterwards the conversation goes on where answers are missing.
func To(step string) Next { return Next{kind: nextTo, name: step} }

// Again asks the same question after saying what would be a good answer; a zero text says the usual.
func Again(text locales.Text) Next { return Next{kind: nextAgain, text: text} }

// End closes the conversation.
func End() Next { return Next{kind: nextEnd} }

// Go closes the conversation and starts another; args are what is known already.
func Go(flow string, args map[string]string) Next { return Next{kind: nextGo, name: flow, args: args} }

// Resume closes the conversation and goes on with the unfinished one.
func Resume() Next { return Next{kind: nextResume} }

// Pause keeps the conversation for later, the present question unanswered, and opens the menu.
func Pause() Next { return Next{kind: nextPause} }

// Quiet stays at the question without asking it again: what was said went to somebody else. Only for steps that relay.
func Quiet() Next { return Next{kind: nextQuiet} }

// Playable is a Flow without its type parameter, as the engine plays it.
type Playable struct {
	name     string
	readOnly bool
	urgent   bool
	kept     bool
	steps    []stepInfo
	title    func(*frame) (locales.Text, error)
	begin    func(context.Context, *Turn, *frame) (Next, error)
	ask      func(context.Context, *Turn, *frame) (Prompt, error)
	answer   func(context.Context, *Turn, *frame) (Next, error)
	open     func(*frame) ([]string, error) // names of the steps that apply
}

type stepInfo struct {
	name, help string
	counted    bool
}

// Name is the flow's stored name.
func (p Playable) Name() string { return p.name }

// StepNames are the flow's steps in order.
func (p Playable) StepNames() []string {
	var names []string
	for _, s := range p.steps {
		names = append(names, s.name)
	}
	return names
}

// Playable closes the flow over its draft's type.
func (f Flow[D]) Playable() Playable {
	p := Playable{name: f.Name, readOnly: f.ReadOnly, urgent: f.Urgent, kept: f.Title != nil}
	for _, s := range f.Steps {
		p.steps = append(p.steps, stepInfo{s.Name, s.Help, s.Counted})
	}
	p.title = func(fr *frame) (text locales.Text, err error) {
		d, err := draft[D](fr)
		if err != nil {
			return locales.Text{}, err
		}
		return f.Title(d), nil
	}
	p.begin = func(ctx context.Context, t *Turn, fr *frame) (next Next, err error) {
		if f.Begin == nil {
			return Next{}, nil
		}
		err = withDraft(fr, func(d *D) (err error) { next, err = f.Begin(ctx, t, d); return err })
		return next, err
	}
	p.ask = func(ctx context.Context, t *Turn, fr *frame) (prompt Prompt, err error) {
		err = withDraft(fr, func(d *D) (err error) { prompt, err = f.step(fr.Step).Ask(ctx, t, d); return err })
		return prompt, err
	}
	p.answer = func(ctx context.Context, t *Turn, fr *frame) (next Next, err error) {
		err = withDraft(fr, func(d *D) (err error) { next, err = f.step(fr.Step).Answer(ctx, t, d); return err })
		return next, err
	}
	p.open = func(fr *frame) (names []string, err error) {
		d, err := draft[D](fr)
		if err != nil {
			return nil, err
		}
		for _, s := range f.Steps {
			if s.When == nil || s.When(d) {
				names = append(names, s.Name)
			}
		}
		return names, nil
	}
	return p
}

func (f Flow[D]) step(name string) Step[D] {
	i := slices.IndexFunc(f.Steps, func(s Step[D]) bool { return s.Name == name })
	return f.Steps[i]
}

func (p Playable) info(step string) (stepInfo, bool) {
	i := slices.IndexFunc(p.steps, func(s stepInfo) bool { return s.name == step })
	if i < 0 {
		return stepInfo{}, false
	}
	return p.steps[i], true
}

// draft opens the frame's draft, once in a turn.
func draft[D any](fr *frame) (*D, error) {
	if d, ok := fr.opened.(*D); ok {
		return d, nil
	}
	d := new(D)
	if len(fr.Draft) > 0 {
		if err := json.Unmarshal(fr.Draft, d); err != nil {
			return nil, fmt.Errorf("open draft of %s: %w", fr.Flow, err)
		}
	}
	fr.opened = d
	return d, nil
}

// withDraft opens the frame's draft and keeps what do makes of it, unless do fails.
func withDraft[D any](fr *frame, do func(*D) error) error {
	d, err := draft[D](fr)
	if err != nil {
		return err
	}
	if err := do(d); err != nil {
		fr.opened = nil
		return err
	}
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("keep draft of %s: %w", fr.Flow, err)
	}
	fr.Draft = b
	return nil
}
