package conversations

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
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

// mydata shows somebody what is kept about him, as the worker or the officer that he is, and takes what he asks: that it is
// wrong, not he, to be erased, or no longer used (rule 38). Officials answer within 72 hours.
func (c *Conversations) mydata() bot.Flow[asking] {
	is := func(kind store.TicketKind) func(*asking) bool { return func(d *asking) bool { return d.Kind == kind } }
	return bot.Flow[asking]{
		Name:  "mydata",
		Begin: c.beginMyData,
		Steps: []bot.Step[asking]{
			{Name: "see", Ask: c.askMyData, Answer: c.answerMyData, Help: "mydata.see.help"},
			{Name: "note", When: is(store.TicketWrong), Ask: askWrong, Answer: answerWrong, Help: "mydata.note.help"},
			{Name: "confirm", Ask: c.askTicket, Answer: c.answerTicket, Help: "mydata.confirm.help"},
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
	p, _, ok, err := c.subject(ctx, t)
	if err == nil && !ok {
		if err = c.provePhone(ctx, t); err == nil {
			p, _, ok, err = c.subject(ctx, t)
		}
	}
	if err != nil {
		return bot.Next{}, err
	}
	if !ok {
		t.Say(locales.T("mydata.who"))
		if !mentionsAny(t.Args["text"], t.Words("words.mydata.not_me")) { // who is nobody here has nothing to disown
			t.Wish = t.Args["text"]
		}
		return bot.Go("cover", nil), nil
	}
	if _, works := workerOf(p); !works && !ownData(t) {
		return bot.Go(ofOthers(p), nil), nil
	}
	if mentionsAny(t.Args["text"], t.Words("words.mydata.history")) {
		return bot.Next{}, c.sayOwnHistory(ctx, t)
	}
	for _, r := range requests {
		if mentionsAny(t.Args["text"], t.Words(r.words)) {
			d.Kind = r.kind
			return bot.To(stepFor(r.kind)), nil
		}
	}
	return bot.Next{}, nil
}

// ownData says whether an officer speaks of his own data: what he says of others must not lead to the end of his office.
func ownData(t *bot.Turn) bool {
	said := strings.Join(words(t.Args["text"]), " ")
	return said == "" || mentionsAny(said, t.Words("words.mydata.own")) || slices.Contains(t.Words("words.mydata.not_me"), said)
}

// ofOthers is where an officer finds the data of others: "hapus data" alone is about them.
func ofOthers(p store.Person) string {
	if _, ok := areaOf(p); ok {
		return "area"
	}
	return "workers"
}

// subject is whoever writes in this chat, with the record of the worker that he is, none for an officer; ok is false for
// who is nobody.
func (c *Conversations) subject(ctx context.Context, t *bot.Turn) (p store.Person, w store.Worker, ok bool, err error) {
	w, _, works, err := c.self(ctx, t)
	if err != nil {
		return p, w, false, err
	}
	p, err = c.anybody(ctx, t)
	return p, w, works || p.Name != "" || !p.Phone.IsZero(), err // who left his office is kept for a while
}

// sayOwnHistory tells a worker what happened to his record, and who has read it; there is none of an officer.
func (c *Conversations) sayOwnHistory(ctx context.Context, t *bot.Turn) error {
	_, w, _, err := c.subject(ctx, t)
	if err != nil || w.ID == "" {
		return err
	}
	return c.sayHistory(ctx, t, w, true, true)
}

func stepFor(kind store.TicketKind) string {
	if kind == store.TicketWrong {
		return "note"
	}
	return "confirm"
}

func (c *Conversations) askMyData(ctx context.Context, t *bot.Turn, _ *asking) (bot.Prompt, error) {
	p, w, ok, err := c.subject(ctx, t)
	if err != nil || !ok {
		return closed(), err
	}
	if w.ID == "" {
		return bot.Prompt{Text: locales.T("mydata.see.ask", "Card", personCard(p)), Choices: []bot.Choice{
			choice("wrong", "mydata.wrong"), choice("not_me", "mydata.not_me"), choice("erase", "mydata.erase"), choice("menu", "button.menu")}}, nil
	}
	consents, err := c.consents(ctx, w)
	if err != nil {
		return bot.Prompt{}, err
	}
	asked, err := c.asked(ctx, w)
	if err != nil {
		return bot.Prompt{}, err
	}
	lines := slices.Concat(asked, c.card(w, t), moreOf(w))
	if len(officesOf(p)) > 0 {
		lines = append(lines, personCard(p)...)
	}
	for _, given := range consents {
		lines = append(lines, locales.T("mydata.consent."+string(given.GivenBy), "RT", w.RT, "Date", program.DateOf(given.At), "Signed", given.Signed))
	}
	prompt := bot.Prompt{}
	running := !w.Paused && !over(w.StateOn(program.DateOf(t.Now), c.Settings))
	if running && !agreedHimself(consents) {
		lines = append(lines, locales.T("mydata.consent_text"))
		prompt.Choices = append(prompt.Choices, choice("agree", "mydata.agree"))
	}
	prompt.Text = locales.T("mydata.see.ask", "Card", lines)
	prompt.Choices = append(prompt.Choices, choice("wrong", "mydata.wrong"), choice("not_me", "mydata.not_me"),
		choice("erase", "mydata.erase"))
	if running {
		prompt.Choices = append(prompt.Choices, choice("withdraw", "mydata.withdraw"))
	}
	prompt.Choices = append(prompt.Choices, choice("history", "mydata.history"), choice("menu", "button.menu"))
	return prompt, nil
}

// asked tells a worker what he asked about his data, and until when he is answered.
func (c *Conversations) asked(ctx context.Context, w store.Worker) (lines []locales.Text, err error) {
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		open, err := tx.TicketsOf(w.ID)
		for _, ticket := range open {
			lines = append(lines, locales.T("mydata.waiting", "Number", ticket.Number, "Kind", locales.T("tickets.kind."+string(ticket.Kind)),
				"Due", program.DateOf(ticket.Due), "Hour", clockTime(ticket.Due)))
		}
		return err
	})
	return lines, wrap(err, "read what a worker asked about his data")
}

// moreOf is what is kept of a worker beside what his RT needs to see each time.
func moreOf(w store.Worker) (lines []locales.Text) {
	for _, kept := range []struct{ field, value string }{
		{"mother", masked(w.Mother)}, {"workplace", w.Workplace}, {"heir", w.Heir},
	} {
		if kept.value != "" {
			lines = append(lines, locales.T("mydata.kept."+kept.field, "Value", kept.value))
		}
	}
	if w.IncomeEnough != nil {
		lines = append(lines, locales.T("mydata.kept.income_"+strconv.FormatBool(*w.IncomeEnough)))
	}
	if w.Elsewhere != "" {
		lines = append(lines, locales.T("mydata.kept.elsewhere", "Payer", elsewhereText(w.Elsewhere)))
	}
	return lines
}

// masked shows a mother's name to who knows it: it proves who one is, and a phone may be in other hands.
func masked(name string) string {
	letters := []rune(name)
	if len(letters) < 3 {
		return strings.Repeat("*", len(letters))
	}
	return string(letters[:2]) + strings.Repeat("*", len(letters)-2)
}

// personCard is somebody as he stands in the records, but for the worker that he may be.
func personCard(p store.Person) []locales.Text {
	var lines []locales.Text
	if p.Name != "" {
		lines = append(lines, locales.T("mydata.name", "Name", p.Name))
	}
	if !p.Phone.IsZero() {
		lines = append(lines, locales.T("mydata.phone", "Phone", p.Phone.String()))
	}
	if offices := officesOf(p); len(offices) > 0 {
		lines = append(lines, locales.T("mydata.offices", "Offices", offices))
	}
	return lines
}

// officesOf names what somebody is beside a worker.
func officesOf(p store.Person) (offices []locales.Text) {
	for _, o := range p.Offices {
		if o.Role != program.Worker {
			offices = append(offices, locales.T("mydata.office", "Office", officeText(o.Role, o.Place)))
		}
	}
	return offices
}

func (c *Conversations) answerMyData(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	switch kind := store.TicketKind(t.Choice); kind {
	case "agree":
		return c.agree(ctx, t, d)
	case "menu":
		return bot.End(), nil
	case "history":
		return bot.To("see"), c.sayOwnHistory(ctx, t)
	case store.TicketWrong, store.TicketNotMe, store.TicketErase, store.TicketWithdraw:
		d.Kind = kind
		return bot.To(stepFor(kind)), nil
	}
	return bot.Again(locales.Text{}), nil
}

// agree keeps that the worker himself agrees to what his RT stated for him (rule 21).
func (c *Conversations) agree(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	p, w, ok, err := c.subject(ctx, t)
	if err != nil || !ok || w.ID == "" {
		return bot.End(), err
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		if err := tx.AgreeSelf(w.ID, p, store.Consent{Version: ownConsent, Channel: t.Update.From.Channel}); err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("mydata.agreed"))
		return bot.End(), nil
	})
	if errors.Is(err, store.ErrPaused) { // he has asked for the opposite meanwhile, in another chat
		return bot.To("see"), nil
	}
	return next, wrap(err, "keep a worker's own consent")
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

func (c *Conversations) askTicket(ctx context.Context, t *bot.Turn, d *asking) (bot.Prompt, error) {
	p, w, ok, err := c.subject(ctx, t)
	if err != nil || !ok {
		return closed(), err
	}
	if w.ID == "" && d.Kind == store.TicketWithdraw { // his office does not rest on his consent
		d.Kind = store.TicketErase
	}
	return confirmation(locales.T("mydata.confirm."+string(d.Kind)+ofOfficer(p, w, d.Kind), "Note", d.Note), "mydata.confirm.yes"), nil
}

// ofOfficer is the end of the names of what is said otherwise to an officer, "" for what is said to all alike.
func ofOfficer(p store.Person, w store.Worker, kind store.TicketKind) string {
	if kind == store.TicketNotMe && w.ID != "" && len(officesOf(p)) > 0 {
		return "_worker"
	}
	if w.ID == "" {
		return "_officer"
	}
	return ""
}

func (c *Conversations) answerTicket(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	switch t.Choice {
	case "no":
		*d = asking{}
		t.Say(locales.T("global.cancelled"))
		return bot.To("see"), nil
	case "menu":
		return bot.End(), nil
	case "yes":
		return c.openTicket(ctx, t, d)
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) openTicket(ctx context.Context, t *bot.Turn, d *asking) (bot.Next, error) {
	p, w, ok, err := c.subject(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		var ticket store.Ticket
		if d.Kind == store.TicketNotMe { // whoever this is, he sees nothing more of it
			ticket, err = tx.Disown(chatOf(t), w.ID, p)
		} else {
			ticket, err = tx.OpenTicket(d.Kind, w.ID, p, d.Note)
		}
		if err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("mydata.opened."+string(d.Kind)+ofOfficer(p, w, d.Kind), "Number", ticket.Number, "Due", program.DateOf(ticket.Due), "Hour", clockTime(ticket.Due)))
		return bot.End(), nil
	})
	if errors.Is(err, store.ErrManyNotes) {
		t.Say(locales.T("mydata.many"))
		return bot.End(), nil
	}
	return next, wrap(err, "keep what somebody asks about his data")
}

// clockTime is the time of day in Jambi, as it is written there.
func clockTime(at time.Time) string { return at.In(program.WIB).Format("15.04") }
