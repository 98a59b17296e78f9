package conversations

import (
	"context"
	"errors"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// answering is which ticket an official answers, and how.
type answering struct {
	IDs    []string // that are shown, in the order of their buttons
	Ticket string
	Act    string // what is done with the record: stop, erase, or nothing
	Answer string
}

// tickets shows the lurah what people of his kelurahan ask about their data, and takes his answer (rule 38).
func (c *Conversations) tickets() bot.Flow[answering] {
	return bot.Flow[answering]{
		Name:  "tickets",
		Begin: c.beginTickets,
		Steps: []bot.Step[answering]{
			{Name: "list", Ask: c.askTickets, Answer: c.pickTicket, Help: "tickets.list.help"},
			{Name: "card", Ask: c.askTicketCard, Answer: answerTicketCard, Help: "tickets.card.help"},
			{Name: "answer", Ask: askTicketAnswer, Answer: keepTicketAnswer, Help: "tickets.answer.help"},
			{Name: "confirm", Ask: askTicketConfirm, Answer: c.closeTicket, Help: "mydata.confirm.help"},
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
	if area == program.CityCode {
		area = "" // all of them
	}
	var open []store.Ticket
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		open, err = tx.OpenTickets(area)
		return err
	})
	if err != nil {
		return bot.Prompt{}, wrap(err, "list the open tickets")
	}
	prompt, lines := bot.Prompt{Text: locales.T("tickets.none")}, []locales.Text(nil)
	d.IDs = nil
	for i, ticket := range open[:min(len(open), pageSize)] {
		lines = append(lines, locales.T("tickets.line", "Number", ticket.Number, "Kind", locales.T("tickets.kind."+string(ticket.Kind)),
			"RT", ticket.RT, "Due", program.DateOf(ticket.Due), "Hour", clockTime(ticket.Due)))
		prompt.Choices = append(prompt.Choices, pick(i, locales.T("tickets.pick", "Number", ticket.Number)))
		d.IDs = append(d.IDs, ticket.ID)
	}
	if len(lines) > 0 {
		prompt.Text = locales.T("tickets.list.ask", "Total", len(open), "Lines", lines)
	}
	prompt.Choices = append(prompt.Choices, choice("menu", "button.menu"))
	return prompt, nil
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

// ownTicket is the chosen ticket with its worker, if the speaker may answer it at this moment.
func (c *Conversations) ownTicket(ctx context.Context, t *bot.Turn, id string) (ticket store.Ticket, w store.Worker, err error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return ticket, w, err
	}
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		if ticket, err = tx.Ticket(id); err != nil {
			return err
		}
		if !program.May(p.Offices, program.AnswerRight, ticket.RT.String()) {
			return store.ErrNotFound
		}
		w, err = tx.Worker(ticket.Worker)
		return err
	})
	return ticket, w, wrap(err, "read a ticket")
}

func unlessNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (c *Conversations) askTicketCard(ctx context.Context, t *bot.Turn, d *answering) (bot.Prompt, error) {
	ticket, w, err := c.ownTicket(ctx, t, d.Ticket)
	if errors.Is(err, store.ErrNotFound) || err == nil && !ticket.Closed.IsZero() {
		return bot.Prompt{Text: locales.T("tickets.gone"), Choices: []bot.Choice{choice("list", "area.back"), choice("menu", "button.menu")}}, nil
	}
	if err != nil {
		return bot.Prompt{}, err
	}
	lines := []locales.Text{locales.T("tickets.line", "Number", ticket.Number, "Kind", locales.T("tickets.kind."+string(ticket.Kind)),
		"RT", ticket.RT, "Due", program.DateOf(ticket.Due), "Hour", clockTime(ticket.Due))}
	if ticket.Note != "" {
		lines = append(lines, locales.T("tickets.note", "Note", ticket.Note))
	}
	prompt := bot.Prompt{Text: locales.T("tickets.card.ask", "Lines", append(lines, c.card(w, t)...))}
	switch ticket.Kind {
	case store.TicketErase:
		prompt.Choices = append(prompt.Choices, choice("erase", "tickets.erase"))
	case store.TicketWithdraw:
		prompt.Choices = append(prompt.Choices, choice("stop", "tickets.stop"))
	}
	prompt.Choices = append(prompt.Choices, choice("answer", "tickets.answered"), choice("list", "area.back"), choice("menu", "button.menu"))
	return prompt, nil
}

func answerTicketCard(_ context.Context, t *bot.Turn, d *answering) (bot.Next, error) {
	switch t.Choice {
	case "menu":
		return bot.End(), nil
	case "list":
		return bot.To("list"), nil
	case "erase", "stop", "answer":
		d.Act = t.Choice
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

func askTicketConfirm(_ context.Context, _ *bot.Turn, d *answering) (bot.Prompt, error) {
	return confirmation(locales.T("tickets.confirm."+d.Act, "Answer", d.Answer), "tickets.confirm.yes"), nil
}

func (c *Conversations) closeTicket(ctx context.Context, t *bot.Turn, d *answering) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("card"), nil
	case "yes":
	default:
		return bot.Again(locales.Text{}), nil
	}
	return act(ctx, c, t, d, "tickets.gone", "answer a ticket", func(tx *store.Tx, p store.Person) (bot.Next, error) {
		ticket, err := tx.CloseTicket(d.Ticket, d.Answer, p)
		if err != nil {
			return bot.Next{}, err
		}
		switch d.Act {
		case "erase":
			err = tx.EraseWorker(ticket.Worker, p, t.Op())
		case "stop":
			err = tx.StopWorker(ticket.Worker, p, "withdrawn", t.Op())
		}
		if err != nil && !errors.Is(err, store.ErrState) { // it was over already
			return bot.Next{}, err
		}
		t.Say(locales.T("tickets.closed."+d.Act, "Number", ticket.Number))
		return bot.End(), nil
	})
}

// ticketWords tell the head of the RT what a worker says of his data, and the worker what was answered.
func ticketWords(tx *store.Tx, notice store.Notice, person store.Person) (locales.Text, bool, error) {
	ticket, err := tx.Ticket(notice.Subject)
	if err != nil {
		return locales.Text{}, false, err
	}
	if notice.Kind == store.NoticeAnswer {
		return locales.T("notice.answer", "Number", ticket.Number, "Answer", ticket.Answer), true, nil
	}
	holds, err := tx.May(person.ID, program.Correct, ticket.RT.String())
	if err != nil || !holds || !ticket.Closed.IsZero() {
		return locales.Text{}, false, err
	}
	w, err := tx.Worker(ticket.Worker)
	return locales.T("notice.ticket_"+string(ticket.Kind), "Head", head(person), "Worker", called(w.Name, w.Sex), "Note", ticket.Note, "Number", ticket.Number), true, err
}
