package conversations

import (
	"context"
	"time"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// asking is what a worker asks about his own data.
type asking struct {
	Kind store.TicketKind
	Note string
}

// mydata shows a worker what is kept about him, and takes what he asks: that it is wrong, not he, to be erased, or no
// longer used (rule 38). Officials answer within 72 hours.
func (c *Conversations) mydata() bot.Flow[asking] {
	is := func(kind store.TicketKind) func(*asking) bool { return func(d *asking) bool { return d.Kind == kind } }
	return bot.Flow[asking]{
		Name:  "mydata",
		Begin: c.beginMyData,
		Steps: []bot.Step[asking]{
			{Name: "see", Ask: c.askMyData, Answer: c.answerMyData, Help: "mydata.see.help"},
			{Name: "note", When: is(store.TicketWrong), Ask: askWrong, Answer: answerWrong, Help: "mydata.note.help"},
			{Name: "confirm", Ask: askTicket, Answer: c.answerTicket, Help: "mydata.confirm.help"},
		},
	}
}

// requests are the words of each request, the plainest last.
var requests = []struct {
	words string
	kind  store.TicketKind
}{
	{"words.mydata.erase", store.TicketErase}, {"words.mydata.withdraw", store.TicketWithdraw},
	{"words.mydata.not_me", store.TicketNotMe}, {"words.mydata.wrong", store.TicketWrong},
}

func (c *Conversations) beginMyData(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	_, _, ok, err := c.self(ctx, t)
	if err == nil && !ok {
		if err = c.provePhone(ctx, t); err == nil {
			_, _, ok, err = c.self(ctx, t)
		}
	}
	if err != nil {
		return bot.Next{}, err
	}
	if !ok {
		t.Say(locales.T("mydata.who"))
		return bot.Go("cover", nil), nil
	}
	for _, r := range requests {
		if mentionsAny(t.Args["text"], t.Words(r.words)) {
			d.Kind = r.kind
			return bot.To(stepFor(r.kind)), nil
		}
	}
	return bot.Next{}, nil
}

func stepFor(kind store.TicketKind) string {
	if kind == store.TicketWrong {
		return "note"
	}
	return "confirm"
}

func (c *Conversations) askMyData(ctx context.Context, t *bot.Turn, _ *asking) (bot.Prompt, error) {
	w, _, ok, err := c.self(ctx, t)
	if err != nil || !ok {
		return closed(), err
	}
	consents, err := c.consents(ctx, w)
	if err != nil {
		return bot.Prompt{}, err
	}
	lines := c.card(w, t)
	for _, given := range consents {
		lines = append(lines, locales.T("mydata.consent."+given.GivenBy, "RT", w.RT, "Date", program.DateOf(given.At), "Signed", given.Signed))
	}
	prompt := bot.Prompt{}
	if !agreedHimself(consents) {
		lines = append(lines, locales.T("mydata.consent_text"))
		prompt.Choices = append(prompt.Choices, choice("agree", "mydata.agree"))
	}
	prompt.Text = locales.T("mydata.see.ask", "Card", lines)
	prompt.Choices = append(prompt.Choices, choice("wrong", "mydata.wrong"), choice("not_me", "mydata.not_me"),
		choice("erase", "mydata.erase"), choice("withdraw", "mydata.withdraw"), choice("menu", "button.menu"))
	return prompt, nil
}

func (c *Conversations) answerMyData(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	switch kind := store.TicketKind(t.Choice); kind {
	case "agree":
		return c.agree(ctx, t, d)
	case "menu":
		return bot.End(), nil
	case store.TicketWrong, store.TicketNotMe, store.TicketErase, store.TicketWithdraw:
		d.Kind = kind
		return bot.To(stepFor(kind)), nil
	}
	return bot.Again(locales.Text{}), nil
}

// agree keeps that the worker himself agrees to what his RT stated for him (rule 21).
func (c *Conversations) agree(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	p, w, ok, err := c.selfPerson(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		if err := tx.AgreeSelf(w.ID, p, store.Consent{Version: ownConsent, Channel: t.Update.From.Channel}); err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("mydata.agreed"))
		return bot.End(), nil
	})
	return next, wrap(err, "keep a worker's own consent")
}

func (c *Conversations) selfPerson(ctx context.Context, t *bot.Turn) (p store.Person, w store.Worker, ok bool, err error) {
	if w, _, ok, err = c.self(ctx, t); err != nil || !ok {
		return p, w, ok, err
	}
	p, err = c.speaker(ctx, t)
	return p, w, err == nil, err
}

func askWrong(context.Context, *bot.Turn, *asking) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("mydata.note.ask"), Free: true, Names: true}, nil
}

func answerWrong(_ context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	note, ok := phrase(t.Text, 3, 300)
	if !ok {
		return bot.Again(locales.T("mydata.note.again")), nil
	}
	d.Note = note
	return bot.To("confirm"), nil
}

func askTicket(_ context.Context, _ *bot.Turn, d *asking) (bot.Prompt, error) {
	return confirmation(locales.T("mydata.confirm."+string(d.Kind), "Note", d.Note), "mydata.confirm.yes"), nil
}

func (c *Conversations) answerTicket(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	switch t.Choice {
	case "no":
		*d = asking{}
		t.Say(locales.T("global.cancelled"))
		return bot.To("see"), nil
	case "yes":
		return c.openTicket(ctx, t, d)
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) openTicket(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	p, w, ok, err := c.selfPerson(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		ticket, err := tx.OpenTicket(d.Kind, w, p.ID, d.Note)
		if err != nil {
			return bot.Next{}, err
		}
		if d.Kind == store.TicketNotMe { // whoever this is, he sees nothing more of it
			if err := tx.EndOffice(p.ID, program.Office{Role: program.Worker, Place: w.ID}, p.ID); err != nil {
				return bot.Next{}, err
			}
		}
		t.Say(locales.T("mydata.opened."+string(d.Kind), "Number", ticket.Number, "Due", program.DateOf(ticket.Due), "Hour", clockTime(ticket.Due), "RT", w.RT))
		return bot.End(), nil
	})
	return next, wrap(err, "keep what a worker asks about his data")
}

// clockTime is the time of day in Jambi, as it is written there.
func clockTime(at time.Time) string { return at.In(program.WIB).Format("15.04") }
