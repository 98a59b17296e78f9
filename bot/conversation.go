package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"sahabatrt/locales"
)

// session is what is kept of a chat between two messages.
type session struct {
	Lang    string   `json:",omitempty"`
	Serial  int64    // of the newest prompt
	Pressed int64    `json:",omitempty"` // the prompt whose button was pressed last: a second tap on it says nothing new
	Buttons []button `json:",omitempty"` // of the newest prompt
	Free    bool     `json:",omitempty"` // as in Prompt, so are Exact, Names and Relay
	Exact   bool     `json:",omitempty"`
	Names   bool     `json:",omitempty"`
	Relay   bool     `json:",omitempty"`
	Frames  []frame  `json:",omitempty"` // the last one is played, those below wait
	Resume  bool     `json:",omitempty"` // the newest prompt asks whether to go on with the last frame
	Stash   string   `json:",omitempty"` // what was said before that question
	Want    *wish    `json:",omitempty"` // what was asked for when an unfinished one of its kind was found
	Misses  int      `json:",omitempty"`
	Album   string   `json:",omitempty"`
	Wish    string   `json:",omitempty"` // as in Turn
	Seen    int64    // unix milliseconds of the last message
}

// button is a choice that was offered. Words is the id of what people type for it: the words themselves would be most of a
// session.
type button struct {
	ID, Label, Key string
	Words          string `json:"WordsID,omitempty"`
}

// wish is a conversation that was asked for and not begun yet.
type wish struct {
	Flow string
	Args map[string]string `json:",omitempty"`
}

// frame is one conversation under way. Aside: it interrupted the one below, which goes on by itself afterwards.
type frame struct {
	ID, Flow, Step string
	Done           []string        `json:",omitempty"` // answered steps, in the order of answering
	From           string          `json:",omitempty"` // the step that sent the person back to correct an answer
	Before         json.RawMessage `json:",omitempty"` // the draft as it was then
	Draft          json.RawMessage `json:",omitempty"`
	Aside          bool            `json:",omitempty"`
	Alarms         []string        `json:",omitempty"` // the emergencies that have interrupted it while it relayed

	opened any // the draft itself during a turn; nil: only Draft is up to date
}

// unfinished are the titles of the conversations that wait below the present one.
func (p *play) unfinished() (titles []locales.Text, err error) {
	for _, f := range p.s.Frames[:len(p.s.Frames)-1] {
		flow, ok := p.flow(f.Flow)
		if !ok || !flow.kept {
			continue
		}
		title, err := flow.title(&f)
		if err != nil {
			return nil, err
		}
		titles = append(titles, title)
	}
	return titles, nil
}

// settle fits a stored session to the flows of this version: a conversation that is gone or whose draft does not open is
// dropped, and one that stood at a step that is gone goes on at the first step without an answer.
func (p *play) settle() {
	var frames []frame
	for _, f := range p.s.Frames {
		flow, known := p.flow(f.Flow)
		if !known {
			continue
		}
		open, err := flow.open(&f)
		if err != nil {
			continue
		}
		names := flow.StepNames()
		f.Done = slices.DeleteFunc(f.Done, func(s string) bool { return !slices.Contains(names, s) })
		if i := firstOpen(open, f.Done); !slices.Contains(names, f.Step) && i >= 0 {
			f.Step = open[i]
		}
		if slices.Contains(names, f.Step) {
			frames = append(frames, f)
		}
	}
	if len(frames) < len(p.s.Frames) {
		p.t.Say(locales.T("global.flow_gone"))
	}
	if p.s.Frames = frames; len(frames) == 0 {
		p.s.Resume = false
	}
}

// firstOpen is the place of the first step without an answer, -1 when all are answered.
func firstOpen(open, done []string) int {
	return slices.IndexFunc(open, func(s string) bool { return !slices.Contains(done, s) })
}

func (p *play) keeps() bool {
	return slices.ContainsFunc(p.s.Frames, func(f frame) bool { flow, ok := p.flow(f.Flow); return ok && flow.kept })
}

func (p *play) cancel(ctx context.Context) error {
	if !p.inForm() {
		return p.start(ctx, p.Menu, nil, false)
	}
	text := "global.left" // what was saved before stays saved
	if p.current().kept {
		text = "global.cancelled"
	}
	p.t.Say(locales.T(text))
	p.pop()
	return p.start(ctx, p.Menu, nil, false)
}

func (p *play) back(ctx context.Context) error {
	if !p.inForm() {
		return p.start(ctx, p.Menu, nil, false)
	}
	f := p.top()
	p.s.Misses = 0
	if p.s.Resume {
		return p.start(ctx, p.Menu, nil, false)
	}
	if f.From != "" { // the correction is given up: everything is as it was before
		f.Done = append(f.Done, f.Step)
		f.Step, f.Draft, f.From, f.Before, f.opened = f.From, f.Before, "", nil, nil
		p.sortDone(f)
		return p.ask(ctx)
	}
	open, err := p.current().open(f)
	if err != nil {
		return err
	}
	for len(f.Done) > 0 {
		last := f.Done[len(f.Done)-1]
		f.Done = f.Done[:len(f.Done)-1]
		if slices.Contains(open, last) {
			f.Step = last
			return p.ask(ctx)
		}
	}
	return p.start(ctx, p.Menu, nil, false)
}

func (p *play) flow(name string) (Playable, bool) {
	i := slices.IndexFunc(p.Flows, func(f Playable) bool { return f.name == name })
	if i < 0 {
		return Playable{}, false
	}
	return p.Flows[i], true
}

func (p *play) top() *frame { return &p.s.Frames[len(p.s.Frames)-1] }

func (p *play) current() Playable {
	if len(p.s.Frames) == 0 {
		return Playable{}
	}
	f, _ := p.flow(p.top().Flow)
	return f
}

func (p *play) pop() {
	p.s.Frames = p.s.Frames[:len(p.s.Frames)-1]
	p.s.Resume, p.s.Stash, p.s.Want, p.s.Misses = false, "", nil, 0
}

// maxKept is how many unfinished conversations wait in a chat at most.
const maxKept = 4

// start opens a conversation. What was under way waits below it when it keeps a draft worth keeping, else it is over.
// When one of the same kind waits, the person is asked which he means.
func (p *play) start(ctx context.Context, name string, args map[string]string, aside bool) error {
	p.s.Misses = 0
	if aside {
		return p.begin(ctx, name, args, true)
	}
	p.s.Resume, p.s.Stash, p.s.Want = false, "", nil
	p.s.Frames = slices.DeleteFunc(p.s.Frames, func(f frame) bool { return !p.worthKeeping(f) })
	i := slices.IndexFunc(p.s.Frames, func(f frame) bool { return f.Flow == name })
	if i < 0 {
		return p.begin(ctx, name, args, false)
	}
	f := p.s.Frames[i]
	p.s.Frames = append(slices.Delete(p.s.Frames, i, i+1), f)
	p.s.Want = &wish{name, args}
	return p.askResume()
}

func (p *play) begin(ctx context.Context, name string, args map[string]string, aside bool) error {
	p.s.Frames = append(p.s.Frames, frame{ID: p.NewID(), Flow: name, Aside: aside})
	p.t.Args = args
	p.t.op = p.top().ID + ":begin"
	next, err := p.current().begin(ctx, p.t, p.top())
	if err != nil {
		return fmt.Errorf("begin %s: %w", name, err)
	}
	return p.goOn(ctx, next)
}

func (p *play) worthKeeping(f frame) bool {
	flow, ok := p.flow(f.Flow)
	return ok && flow.kept && len(f.Done) > 0 && !f.Aside
}

func (p *play) answer(ctx context.Context) error {
	f := p.top()
	p.t.op = fmt.Sprintf("%s:%s:%d", f.ID, f.Step, p.s.Serial)
	if p.s.Relay { // asked once, answered often
		p.t.op = fmt.Sprintf("%s:%s:%s", f.ID, f.Step, p.t.Update.ID)
	}
	next, err := p.current().answer(ctx, p.t, f)
	if err != nil {
		return fmt.Errorf("answer %s.%s: %w", f.Flow, f.Step, err)
	}
	return p.goOn(ctx, next)
}

// goOn does what a step or a beginning decided and asks the next question.
func (p *play) goOn(ctx context.Context, next Next) error {
	if next.kind == nextAgain {
		return p.again(ctx, next.text)
	}
	p.s.Misses = 0
	switch next.kind {
	case nextEnd:
		return p.end(ctx)
	case nextGo:
		p.pop()
		return p.start(ctx, next.name, next.args, false)
	case nextResume:
		p.pop()
		return p.resume(ctx)
	case nextPause:
		return p.start(ctx, p.Menu, nil, false)
	case nextQuiet:
		return nil
	case nextTo:
		return p.to(ctx, next.name)
	}
	f := p.top()
	if f.Step != "" {
		f.Done = append(f.Done, f.Step)
	}
	open, err := p.current().open(f)
	if err != nil {
		return err
	}
	p.sortDone(f)
	i := firstOpen(open, f.Done)
	if i < 0 {
		return p.end(ctx)
	}
	f.Step = open[i]
	if f.Step == f.From || !slices.Contains(open, f.From) {
		f.From, f.Before = "", nil
	}
	return p.ask(ctx)
}

// sortDone puts the answered steps of a form in the order of its table, whatever order they were corrected in: "kembali"
// walks it backwards. What is no form is walked back the way it came.
func (p *play) sortDone(f *frame) {
	if !p.current().kept {
		return
	}
	names := p.current().StepNames()
	slices.SortFunc(f.Done, func(a, b string) int { return slices.Index(names, a) - slices.Index(names, b) })
	f.Done = slices.Compact(f.Done)
}

// to jumps to a step. A jump forward counts the present step as answered; a jump back corrects an answer in a form, and
// is a way back in what is none.
func (p *play) to(ctx context.Context, step string) error {
	f := p.top()
	names, done := p.current().StepNames(), slices.Index(f.Done, step)
	switch {
	case slices.Index(names, step) > slices.Index(names, f.Step):
		f.Done = append(f.Done, f.Step)
	case !p.current().kept && done >= 0:
		f.Done = f.Done[:done]
	case f.From == "":
		f.From, f.Before = f.Step, f.Draft
	}
	f.Done = slices.DeleteFunc(f.Done, func(s string) bool { return s == step })
	f.Step = step
	if f.Step == f.From {
		f.From, f.Before = "", nil
	}
	return p.ask(ctx)
}

func (p *play) end(ctx context.Context) error {
	if p.top().Aside {
		urgent := p.current().urgent
		p.s.Frames = p.s.Frames[:len(p.s.Frames)-1]
		if !urgent { // nobody is hurried on after an accident or a death
			p.t.Say(locales.T("global.go_on"))
		}
		return p.repeat(ctx)
	}
	p.pop()
	if len(p.s.Frames) == 0 {
		return p.start(ctx, p.Menu, nil, false)
	}
	return p.askResume()
}
