package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
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

	// Understand finds the flow that free text asks for.
	Understand func(*Turn) Intent

	// Names of the flows that answer a first contact, "menu", "bantuan" and "petugas". Menu keeps no draft.
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

// The engine's own choices, which belong to no flow.
const (
	chooseResume = "_go"
	chooseNew    = "_new"
	chooseLater  = "_later"
	chooseDrop   = "_drop"
	choosePerson = "_person"
)

// session is what is kept of a chat between two messages.
type session struct {
	Lang    string   `json:",omitempty"`
	Serial  int64    // of the newest prompt
	Buttons []button `json:",omitempty"` // of the newest prompt
	Free    bool     `json:",omitempty"` // as in Prompt, so are Exact and Names
	Exact   bool     `json:",omitempty"`
	Names   bool     `json:",omitempty"`
	Frames  []frame  `json:",omitempty"` // the last one is played, those below wait
	Resume  bool     `json:",omitempty"` // the newest prompt asks whether to go on with the last frame
	Stash   string   `json:",omitempty"` // what was said before that question
	Want    *wish    `json:",omitempty"` // what was asked for when an unfinished one of its kind was found
	Misses  int      `json:",omitempty"`
	Album   string   `json:",omitempty"`
	Seen    int64    // unix milliseconds of the last message
}

type button struct {
	ID, Label, Key string
	Words          []string `json:",omitempty"`
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
}

// play is one turn under way.
type play struct {
	*Engine
	s *session
	t *Turn
}

// Play plays one update. An error means that nothing happened and the turn may be played again.
func (e *Engine) Play(ctx context.Context, raw []byte, u Update, now time.Time) (Outcome, error) {
	s := &session{Lang: locales.Default}
	if len(raw) > 0 && json.Unmarshal(raw, s) != nil {
		s = &session{Lang: locales.Default} // it can be read by nobody any more: begin anew, on serials of this moment
	}
	p := &play{e, s, &Turn{Update: u, Now: now, Lang: s.Lang, Text: strings.TrimSpace(u.Text), cat: e.Texts}}
	p.settle()
	asleep := now.Sub(time.UnixMilli(s.Seen)) > staleAge
	s.Seen = now.UnixMilli()
	if err := p.run(ctx, asleep); err != nil {
		return Outcome{}, err
	}
	s.Lang = p.t.Lang
	out, err := json.Marshal(s)
	if err != nil {
		return Outcome{}, fmt.Errorf("keep session: %w", err)
	}
	if len(out) > MaxSession {
		return Outcome{}, fmt.Errorf("session of %d bytes is larger than %d", len(out), MaxSession)
	}
	return Outcome{Session: out, Replies: p.replies(), Draft: p.keeps()}, nil
}

// Fault is the outcome of a message that could not be played: it is set aside, the person is told that it was not
// recorded, and the conversation stands where it stood.
func (e *Engine) Fault(raw []byte, to Address) Outcome {
	s := session{Lang: locales.Default}
	if json.Unmarshal(raw, &s) != nil {
		s = session{Lang: locales.Default}
	}
	told := Message{To: to, Text: e.Texts.Render(s.Lang, locales.T("global.fault"))}
	return Outcome{Session: raw, Replies: []Message{told}, Aside: true, Draft: len(s.Frames) > 0}
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

func (p *play) replies() []Message {
	if len(p.t.said) == 0 {
		return nil
	}
	m := Message{To: p.t.Update.From, Text: strings.Join(p.t.said, "\n\n"), Prompt: p.s.Serial}
	for _, b := range p.s.Buttons {
		if b.ID == chooseContact {
			m.ShareContact = true
			continue
		}
		m.Choices = append(m.Choices, Button{b.ID, b.Label, b.Key})
	}
	return []Message{m}
}

// chooseContact marks, among the buttons of a prompt, the channel's own button that shares a phone number.
const chooseContact = "_contact"

func (p *play) run(ctx context.Context, asleep bool) error {
	if p.oldAlbum() {
		return nil
	}
	if problem := p.strange(); problem != "" {
		p.t.Say(locales.T(problem))
		return p.repeat(ctx)
	}
	if code, ok := p.startCode(); ok {
		return p.start(ctx, p.Greet, map[string]string{"code": code}, false)
	}
	if p.t.Update.Press != nil {
		p.t.Choice = p.t.Update.Press.Choice
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

// awake meets whoever comes back after a day: help and questions first, then whether to go on. What he said is kept as
// the answer, unless it is a wish or a greeting.
func (p *play) awake(ctx context.Context) error {
	in := p.Understand(p.t)
	if flow, ok := p.flow(in.Flow); ok && in.Sure && flow.readOnly {
		p.s.Resume = true
		return p.start(ctx, in.Flow, in.Args, true)
	}
	if in.Flow == "" && p.t.Update.Press == nil {
		p.s.Stash = p.t.Text
	}
	return p.askResume(ctx)
}

// heard handles what is neither strange nor global: an answer, or a wish.
func (p *play) heard(ctx context.Context) error {
	if p.t.Choice == "" && p.t.Text != "" {
		if in := p.Understand(p.t); p.follows(in) {
			return p.start(ctx, in.Flow, in.Args, p.aside(in))
		}
		p.t.Choice = p.looseChoice()
	}
	if len(p.s.Frames) == 0 {
		return p.start(ctx, p.Greet, nil, false)
	}
	return p.answer(ctx)
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
	return seen
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

func (p *play) hasButton(id string) bool {
	return slices.ContainsFunc(p.s.Buttons, func(b button) bool { return b.ID == id })
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

// exactChoice is the one choice whose number, label or word was typed.
func (p *play) exactChoice() string {
	said := Plain(p.t.Text)
	if said == "" {
		return ""
	}
	if i := slices.IndexFunc(p.s.Buttons, func(b button) bool { return said == b.Key }); i >= 0 {
		return p.s.Buttons[i].ID
	}
	return p.only(func(b button) int {
		if said == Plain(b.Label) || slices.Contains(b.Words, said) {
			return 1
		}
		return 0
	})
}

// looseChoice is the one choice that is mentioned in a sentence, by the longest of its words; none where free text or an
// exact answer is awaited, or when the sentence says no ("jangan") and the choice does not.
func (p *play) looseChoice() string {
	if p.s.Free || p.s.Exact {
		return ""
	}
	said := " " + Plain(p.t.Text) + " "
	denied := func(s string) bool {
		return slices.ContainsFunc(p.Texts.Words("words.not"), func(w string) bool { return strings.Contains(s, " "+w+" ") })
	}
	return p.only(func(b button) (longest int) {
		for _, w := range append(slices.Clone(b.Words), Plain(b.Label)) {
			w = " " + w + " "
			if strings.Contains(said, w) && (denied(w) || !denied(said)) {
				longest = max(longest, len(w))
			}
		}
		return longest
	})
}

// only is the choice with the highest score above zero, none when two share it.
func (p *play) only(score func(button) int) string {
	found, best := "", 0
	for _, b := range p.s.Buttons {
		switch n := score(b); {
		case n > best:
			found, best = b.ID, n
		case n == best && n > 0:
			found = ""
		}
	}
	return found
}

// global answers the words that mean the same everywhere.
func (p *play) global(ctx context.Context) (bool, error) {
	said := strings.TrimPrefix(Plain(p.t.Text), "/")
	is := func(id string) bool { return said != "" && slices.Contains(p.Texts.Words(id), said) }
	switch {
	case p.t.Choice == choosePerson || is("words.person"):
		return true, p.start(ctx, p.Person, nil, p.inForm())
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

func (p *play) inForm() bool { return len(p.s.Frames) > 0 && p.top().Flow != p.Menu }

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
		f.Step, f.Draft, f.From, f.Before = f.From, f.Before, "", nil
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

func (p *play) help(ctx context.Context) error {
	if !p.inForm() {
		return p.start(ctx, p.Help, nil, false)
	}
	p.t.Say(p.helpText())
	return p.repeat(ctx)
}

func (p *play) helpText() locales.Text {
	if i, ok := p.current().info(p.top().Step); ok && i.help != "" {
		return locales.T("global.help_step", "Example", locales.T(i.help))
	}
	return locales.T("global.help_form")
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

// repeat asks the newest question again, or opens the menu where there is none.
func (p *play) repeat(ctx context.Context) error {
	if p.s.Resume {
		return p.askResume(ctx)
	}
	if len(p.s.Frames) == 0 {
		return p.start(ctx, p.Menu, nil, false)
	}
	return p.ask(ctx)
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
	return p.askResume(ctx)
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
	return p.askResume(ctx)
}

// again is a misunderstood answer: first what would be good, then examples and numbers, then a person.
func (p *play) again(ctx context.Context, text locales.Text) error {
	p.s.Misses++
	if text.IsZero() {
		text = locales.T("global.not_understood")
	}
	p.t.Say(text)
	if p.s.Misses == 2 && p.inForm() {
		p.t.Say(p.helpText())
	}
	return p.ask(ctx)
}

func (p *play) ask(ctx context.Context) error {
	p.s.Resume = false
	f := p.top()
	flow := p.current()
	var err error
	if p.t.Kept, err = p.unfinished(); err != nil {
		return err
	}
	prompt, err := flow.ask(ctx, p.t, f)
	if err != nil {
		return fmt.Errorf("ask %s.%s: %w", f.Flow, f.Step, err)
	}
	question, err := p.counted(prompt.Text)
	if err != nil {
		return err
	}
	if p.s.Misses >= 3 {
		p.t.Say(locales.T("global.person_offer"))
		prompt.Choices = append(prompt.Choices, Choice{ID: choosePerson, Label: locales.T("global.button.person")})
	}
	if prompt.ShareContact {
		prompt.Choices = append(prompt.Choices, Choice{ID: chooseContact, Label: locales.T("global.button.contact")})
	}
	p.prompt(question, prompt)
	if p.s.Misses == 2 && len(prompt.Choices) > 1 {
		p.t.Say(p.numbered())
	}
	return nil
}

// counted puts "3 dari 7" before a counted question.
func (p *play) counted(question locales.Text) (locales.Text, error) {
	f, flow := p.top(), p.current()
	if i, _ := flow.info(f.Step); !i.counted || f.From != "" {
		return question, nil
	}
	open, err := flow.open(f)
	if err != nil {
		return question, err
	}
	n, of := 0, 0
	for _, name := range open {
		if i, _ := flow.info(name); i.counted {
			of++
		}
		if name == f.Step {
			n = of
		}
	}
	return locales.T("global.counted", "N", n, "Of", of, "Question", question), nil
}

func (p *play) numbered() locales.Text {
	var lines []locales.Text
	for _, b := range p.s.Buttons {
		lines = append(lines, locales.T("global.numbered_line", "Key", b.Key, "Label", b.Label))
	}
	return locales.T("global.numbered", "Lines", lines)
}

// prompt says a question under a serial number that was never used in this chat and never will be again.
func (p *play) prompt(text locales.Text, prompt Prompt) {
	p.s.Serial = max(p.s.Serial+1, p.t.Now.UnixMilli())
	p.s.Free, p.s.Exact, p.s.Names, p.s.Buttons = prompt.Free, prompt.Exact, prompt.Names, nil
	for i, c := range prompt.Choices {
		key := c.Key
		if key == "" {
			key = strconv.Itoa(i + 1)
		}
		p.s.Buttons = append(p.s.Buttons, button{c.ID, p.Texts.Render(p.t.Lang, c.Label), key, p.Texts.Words(c.Words)})
	}
	p.t.Say(text)
}

// askResume asks whether to go on with the last frame; when another of its kind was asked for, that is a choice too.
func (p *play) askResume(ctx context.Context) error {
	f := p.top()
	title, err := p.current().title(f)
	if err != nil {
		return err
	}
	p.s.Resume = true
	choices := []Choice{{ID: chooseResume, Label: locales.T("global.button.resume"), Words: "words.yes"}}
	if p.s.Want != nil && len(p.s.Frames) < maxKept {
		choices = append(choices, Choice{ID: chooseNew, Label: locales.T("global.button.new")})
	}
	choices = append(choices, Choice{ID: chooseDrop, Label: locales.T("global.button.drop")},
		Choice{ID: chooseLater, Label: locales.T("global.button.later"), Words: "words.no"})
	if p.s.Misses >= 3 {
		p.t.Say(locales.T("global.person_offer"))
		choices = append(choices, Choice{ID: choosePerson, Label: locales.T("global.button.person")})
	}
	p.prompt(locales.T("global.resume", "Title", title), Prompt{Choices: choices, Exact: true})
	return nil
}

func (p *play) resumeAnswer(ctx context.Context) error {
	want := p.s.Want
	switch p.t.Choice {
	case chooseResume:
		return p.resume(ctx)
	case chooseNew:
		p.s.Resume, p.s.Want = false, nil
		return p.begin(ctx, want.Flow, want.Args, false)
	case chooseDrop:
		p.t.Say(locales.T("global.dropped"))
		p.pop()
		if want != nil {
			return p.start(ctx, want.Flow, want.Args, false)
		}
		return p.start(ctx, p.Menu, nil, false)
	case chooseLater:
		p.t.Say(locales.T("global.kept"))
		return p.start(ctx, p.Menu, nil, false)
	}
	if in := p.Understand(p.t); p.t.Text != "" && p.follows(in) {
		return p.start(ctx, in.Flow, in.Args, p.aside(in))
	}
	p.s.Misses++
	p.t.Say(locales.T("global.not_understood"))
	if p.s.Misses == 2 {
		err := p.askResume(ctx)
		p.t.Say(p.numbered())
		return err
	}
	return p.askResume(ctx)
}

// resume goes on with the last frame. What was said before the question is taken as the answer where free text is
// awaited; a yes or a button of days ago may have moved money, so its question is asked again.
func (p *play) resume(ctx context.Context) error {
	stash := p.s.Stash
	p.s.Resume, p.s.Stash, p.s.Want, p.s.Misses = false, "", nil, 0
	if len(p.s.Frames) == 0 {
		return p.start(ctx, p.Menu, nil, false)
	}
	prompt, err := p.current().ask(ctx, p.t, p.top())
	if err != nil {
		return fmt.Errorf("ask again: %w", err)
	}
	if stash == "" || !prompt.Free {
		return p.ask(ctx)
	}
	p.t.Text, p.t.Choice = stash, ""
	return p.answer(ctx)
}
