package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"sahabatrt/locales"
)

func (p *play) replies() []Message {
	if len(p.t.said) == 0 {
		return nil
	}
	m := p.s.message(p.t.Update.From, strings.Join(p.t.said, "\n\n"))
	m.ContactOver = p.offered && m.ShareContact == ""
	if p.t.file == nil {
		return []Message{m}
	}
	return []Message{{To: m.To, Text: p.t.caption, File: p.t.file}, m}
}

// message is a text over the buttons of the newest prompt.
func (s *session) message(to Address, text string) Message {
	m := Message{To: to, Text: text, Prompt: s.Serial}
	for _, b := range s.Buttons {
		if b.ID == chooseContact {
			m.ShareContact = b.Label
			continue
		}
		m.Choices = append(m.Choices, Button{b.ID, b.Label, b.Key})
	}
	return m
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
	return p.askResume()
}

func (p *play) help(ctx context.Context) error {
	if !p.inForm() {
		return p.start(ctx, p.Help, nil, false)
	}
	p.t.Say(p.helpText())
	return p.repeat(ctx)
}

func (p *play) helpText() locales.Text {
	i, ok := p.current().info(p.top().Step)
	if ok && p.s.Relay {
		return locales.T(i.help) // there is no answer to give an example of
	}
	if ok && i.help != "" {
		return locales.T("global.help_step", "Example", locales.T(i.help))
	}
	return locales.T("global.help_form")
}

// repeat asks the newest question again, or opens the menu where there is none.
func (p *play) repeat(ctx context.Context) error {
	if p.s.Resume {
		return p.askResume()
	}
	if len(p.s.Frames) == 0 {
		return p.start(ctx, p.Menu, nil, false)
	}
	return p.ask(ctx)
}

// again is a misunderstood answer: first what would be good, then examples and numbers, then a person.
func (p *play) again(ctx context.Context, text locales.Text) error {
	p.s.Misses++
	if text.IsZero() && p.s.Misses < 3 { // then a person is offered, in words that say the same
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
		if b.ID == chooseContact {
			continue // a number cannot share a number
		}
		lines = append(lines, locales.T("global.numbered_line", "Key", b.Key, "Label", b.Label))
	}
	return locales.T("global.numbered", "Lines", lines)
}

// prompt says a question under a serial number that was never used in this chat and never will be again.
func (p *play) prompt(text locales.Text, prompt Prompt) {
	p.s.Serial = max(p.s.Serial+1, p.t.Now.UnixMilli())
	p.s.Free, p.s.Exact, p.s.Names, p.s.Relay, p.s.Buttons = prompt.Free, prompt.Exact, prompt.Names, prompt.Relay, nil
	for i, c := range prompt.Choices {
		key := c.Key
		if key == "" {
			key = strconv.Itoa(i + 1)
		}
		b := button{ID: c.ID, Label: p.Texts.Render(p.t.Lang, c.Label), Key: key}
		if len(p.Texts.Words(c.Words)) > 0 {
			b.Words = c.Words
		}
		p.s.Buttons = append(p.s.Buttons, b)
	}
	p.t.Say(text)
}

// askResume asks whether to go on with the last frame; when another of its kind was asked for, that is a choice too.
func (p *play) askResume() error {
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
		err := p.askResume()
		p.t.Say(p.numbered())
		return err
	}
	return p.askResume()
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
