package conversations

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// answering is which ticket an official answers, and how.
type answering struct {
	IDs    []string // that are shown, in the order of their buttons
	Ticket string
	Act    store.TicketAct
	Keeps  bool // the data of who wants them used no longer are used on
	Answer string
}

// tickets shows the lurah what people of his kelurahan ask about their data, and takes his answer (rule 38).
func (c *Conversations) tickets() bot.Flow[answering] {
	return bot.Flow[answering]{
		Name:  "tickets",
		Begin: c.beginTickets,
		Steps: []bot.Step[answering]{
			{Name: "list", Ask: c.askTickets, Answer: c.pickTicket, Help: "tickets.list.help"},
			{Name: "card", Ask: c.askTicketCard, Answer: c.answerTicketCard, Help: "tickets.card.help"},
			{Name: "answer", Ask: askTicketAnswer, Answer: keepTicketAnswer, Help: "tickets.answer.help"},
			{Name: "confirm", Ask: c.askTicketConfirm, Answer: c.closeTicket, Help: "mydata.confirm.help"},
		},
	}
}

func (c *Conversations) beginTickets(ctx context.Context, t *bot.Turn, _ *answering) (bot.Next, error) {
	p, area, ok, err := c.official(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if !ok || !program.May(p.Offices, program.AnswerRight, area) {
		t.Say(locales.T("tickets.no_right"))
		return bot.End(), nil
	}
	return bot.Next{}, nil
}

func (c *Conversations) askTickets(ctx context.Context, t *bot.Turn, d *answering) (bot.Prompt, error) {
	p, area, ok, err := c.official(ctx, t)
	if err != nil || !ok || !program.May(p.Offices, program.AnswerRight, area) {
		return closed(), err
	}
	var open []store.Ticket
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		open, err = tx.OpenTickets(area, p)
		return err
	})
	if err != nil {
		return bot.Prompt{}, wrap(err, "list the open tickets")
	}
	prompt, lines := bot.Prompt{Text: locales.T("tickets.none")}, []locales.Text(nil)
	d.IDs = nil
	for i, ticket := range open[:min(len(open), pageSize)] {
		lines = append(lines, ticketLine(ticket))
		prompt.Choices = append(prompt.Choices, pick(i, locales.T("tickets.pick", "Number", ticket.Number)))
		d.IDs = append(d.IDs, ticket.ID)
	}
	if len(lines) > 0 {
		prompt.Text = locales.T("tickets.list.ask", "Total", len(open), "Lines", lines)
	}
	prompt.Choices = append(prompt.Choices, choice("menu", "button.menu"))
	return prompt, nil
}

func ticketLine(ticket store.Ticket) locales.Text {
	return locales.T("tickets.line", "Number", ticket.Number, "Kind", locales.T("tickets.kind."+string(ticket.Kind)),
		"Place", placeText(ticket.Place), "Due", program.DateOf(ticket.Due), "Hour", clockTime(ticket.Due))
}

func (c *Conversations) pickTicket(ctx context.Context, t *bot.Turn, d *answering) (bot.Next, error) {
	if t.Choice == "menu" {
		return bot.End(), nil
	}
	line, ok := picked(t, d.IDs)
	if !ok {
		return bot.Again(locales.Text{}), nil
	}
	d.Ticket = line
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if _, _, err := c.ownTicket(ctx, t, d.Ticket); err != nil { // the card says that it is not his
		return bot.To("card"), unlessNotFound(err)
	}
	return bot.To("card"), wrap(c.Store.Update(ctx, func(tx *store.Tx) error { return tx.NoteReading(p, d.Ticket) }), "note who reads")
}

// ownTicket is the chosen ticket with what it is about, a worker or who asks, if the speaker may answer it at this moment.
func (c *Conversations) ownTicket(ctx context.Context, t *bot.Turn, id string) (ticket store.Ticket, about []locales.Text, err error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return ticket, nil, err
	}
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		if ticket, err = tx.Ticket(id); err != nil {
			return err
		}
		if ticket.Concerns(p) || !program.May(p.Offices, program.AnswerRight, ticket.Place) {
			return store.ErrNotFound
		}
		if ticket.Worker == "" {
			who, err := tx.Person(ticket.About)
			about = personCard(who)
			return err
		}
		w, err := tx.Worker(ticket.Worker)
		about = c.card(w, t)
		return err
	})
	return ticket, about, wrap(err, "read a ticket")
}

func unlessNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (c *Conversations) askTicketCard(ctx context.Context, t *bot.Turn, d *answering) (bot.Prompt, error) {
	ticket, about, err := c.ownTicket(ctx, t, d.Ticket)
	if errors.Is(err, store.ErrNotFound) || err == nil && !ticket.Closed.IsZero() {
		return bot.Prompt{Text: locales.T("tickets.gone"), Choices: []bot.Choice{choice("list", "area.back"), choice("menu", "button.menu")}}, nil
	}
	if err != nil {
		return bot.Prompt{}, err
	}
	lines := []locales.Text{ticketLine(ticket)}
	for _, note := range strings.Split(ticket.Note, "\n") {
		if note != "" {
			lines = append(lines, locales.T("tickets.note", "Note", note))
		}
	}
	prompt := bot.Prompt{Text: locales.T("tickets.card.ask", "Lines", append(lines, about...))}
	switch ticket.Kind {
	case store.TicketErase:
		prompt.Choices = append(prompt.Choices, choice("erase", "tickets.erase"))
	case store.TicketWithdraw:
		prompt.Choices = append(prompt.Choices, choice("stop", "tickets.stop"))
	}
	answer := "tickets.answered"
	if d.Keeps = ticket.Worker != "" && (ticket.Kind == store.TicketErase || ticket.Kind == store.TicketWithdraw); d.Keeps {
		answer = "tickets.keep"
	}
	if ticket.Kind == store.TicketWrong && ticket.Worker != "" {
		prompt.Choices = append(prompt.Choices, choice("worker", "workers.card.correct"))
	}
	prompt.Choices = append(prompt.Choices, choice("answer", answer), choice("list", "area.back"), choice("menu", "button.menu"))
	return prompt, nil
}

func (c *Conversations) answerTicketCard(ctx context.Context, t *bot.Turn, d *answering) (bot.Next, error) {
	switch t.Choice {
	case "worker":
		ticket, _, err := c.ownTicket(ctx, t, d.Ticket)
		if err != nil {
			return bot.To("card"), unlessNotFound(err)
		}
		return bot.Go("workers", map[string]string{"rt": ticket.Place, "worker": ticket.Worker}), nil
	case "menu":
		return bot.End(), nil
	case "list":
		return bot.To("list"), nil
	case string(store.ActErase), string(store.ActStop), string(store.ActAnswer):
		d.Act = store.TicketAct(t.Choice)
		d.Keeps = d.Keeps && d.Act == store.ActAnswer
		return bot.To("answer"), nil
	}
	return bot.Again(locales.Text{}), nil
}

func askTicketAnswer(context.Context, *bot.Turn, *answering) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("tickets.answer.ask"), Free: true, Names: true}, nil
}

func keepTicketAnswer(_ context.Context, t *bot.Turn, d *answering) (bot.Next, error) {
	said, ok := phrase(t.Text, 3, 300)
	if !ok {
		return bot.Again(locales.T("tickets.answer.again")), nil
	}
	d.Answer = said
	return bot.To("confirm"), nil
}

func (c *Conversations) askTicketConfirm(ctx context.Context, t *bot.Turn, d *answering) (bot.Prompt, error) {
	ticket, _, err := c.ownTicket(ctx, t, d.Ticket)
	if errors.Is(err, store.ErrNotFound) {
		return bot.Prompt{Text: locales.T("tickets.gone"), Choices: []bot.Choice{choice("list", "area.back"), choice("menu", "button.menu")}}, nil
	}
	text := "tickets.confirm." + string(d.Act)
	switch {
	case d.Keeps:
		text = "tickets.confirm.keep"
	case d.Act == store.ActErase && ticket.Worker == "":
		text = "tickets.confirm.erase_officer"
	}
	return confirmation(locales.T(text, "Answer", d.Answer), "tickets.confirm.yes"), err
}

func (c *Conversations) closeTicket(ctx context.Context, t *bot.Turn, d *answering) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("card"), nil
	case "list":
		return bot.To("list"), nil
	case "menu":
		return bot.End(), nil
	case "yes":
	default:
		return bot.Again(locales.Text{}), nil
	}
	return act(ctx, c, t, d, "tickets.gone", "answer a ticket", func(tx *store.Tx, p store.Person) (bot.Next, error) {
		ticket, err := tx.CloseTicket(d.Ticket, d.Act, d.Answer, p, t.Op())
		if err != nil {
			return bot.Next{}, err
		}
		d.Answer = "" // what is kept of this operation outlives an erasure
		t.Say(locales.T("tickets.closed."+string(d.Act), "Number", ticket.Number))
		return bot.End(), nil
	})
}

// ticketWords tell the head of the RT what a worker says of his data, who has to answer that it is due, and who asked what
// was answered.
func ticketWords(tx *store.Tx, notice store.Notice, person store.Person) (locales.Text, bool, error) {
	id, which, _ := strings.Cut(notice.Subject, "/")
	ticket, err := tx.Ticket(id)
	if err != nil {
		return locales.Text{}, false, err
	}
	switch notice.Kind {
	case store.NoticeAnswer:
		waits, err := tx.WaitsElsewhere(ticket)
		return answerWords(ticket, waits), ticket.Answer != "", err // what was answered before an erasure is gone
	case store.NoticeTicketDue:
		text := "notice.ticket_due"
		switch {
		case tx.Now.After(ticket.Due):
			text = "notice.ticket_over"
		case tx.Now.Before(ticket.At.Add(24 * time.Hour)):
			text = "notice.ticket_new"
		}
		holds := ticket.Closed.IsZero() && !ticket.Concerns(person) && program.May(person.Offices, program.AnswerRight, ticket.Place)
		return locales.T(text, "Head", head(person), "Ticket", ticketLine(ticket)), holds, nil
	}
	if ticket.Worker == "" || !ticket.Closed.IsZero() || !program.May(person.Offices, program.Correct, ticket.Place) {
		return locales.Text{}, false, nil
	}
	notes, n := strings.Split(ticket.Note, "\n"), 1
	if which != "" {
		if n, err = strconv.Atoi(which); err != nil || n > len(notes) {
			return locales.Text{}, false, err
		}
	}
	note := notes[n-1]
	w, err := tx.Worker(ticket.Worker)
	return locales.T("notice.ticket_"+string(ticket.Kind), "Head", head(person), "Worker", called(w.Name, w.Sex), "Note", note, "Number", ticket.Number), true, err
}

// answerWords tell who asked what was answered, and what became of the data that he wanted used no longer; also that more of
// them waits for another kelurahan.
func answerWords(ticket store.Ticket, waits bool) locales.Text {
	text := "notice.answer"
	switch {
	case ticket.Act == store.ActErase && waits:
		text += "_erase_here"
	case ticket.Act != store.ActAnswer:
		text += "_" + string(ticket.Act)
	case ticket.Kind == store.TicketErase && ticket.Worker == "":
		text += "_keep_officer"
	case ticket.Kind == store.TicketErase || ticket.Kind == store.TicketWithdraw:
		text += "_keep"
	}
	return locales.T(text, "Number", ticket.Number, "Answer", ticket.Answer)
}
