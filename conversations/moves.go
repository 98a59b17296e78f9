package conversations

import (
	"context"
	"slices"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// deciding is which move somebody decides.
type deciding struct {
	IDs  []string // that are shown, in the order of their buttons
	Move string
	Yes  bool
}

// moves shows the head of an RT, or his lurah, whom other RTs ask for, and takes the decision: cover and history go with
// the worker, the money does not.
func (c *Conversations) moves() bot.Flow[deciding] {
	return bot.Flow[deciding]{
		Name: "moves",
		Steps: []bot.Step[deciding]{
			{Name: "list", Ask: c.askMoves, Answer: c.pickMove, Help: "moves.list.help"},
			{Name: "decide", Ask: c.askDecide, Answer: answerDecide, Help: "moves.decide.help"},
			{Name: "confirm", Ask: c.askMoveConfirm, Answer: c.answerMove, Help: "mydata.confirm.help"},
		},
	}
}

// movable is where the speaker may let workers go: his RT, or his kelurahan.
func (c *Conversations) movable(ctx context.Context, t *bot.Turn) (p store.Person, area string, err error) {
	if p, err = c.anybody(ctx, t); err != nil {
		return p, "", err
	}
	if rt, ok := officeRT(p); ok {
		area = rt.String()
	} else if area, ok = areaOf(p); !ok {
		return p, "", nil
	}
	if !program.May(p.Offices, program.Move, area) {
		return p, "", nil
	}
	return p, area, nil
}

func (c *Conversations) askMoves(ctx context.Context, t *bot.Turn, d *deciding) (bot.Prompt, error) {
	p, area, err := c.movable(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	if area == "" {
		return bot.Prompt{Text: locales.T("moves.no_right"), Choices: []bot.Choice{choice("menu", "button.menu")}}, nil
	}
	prompt := bot.Prompt{Text: locales.T("moves.none")}
	if _, ok := officeRT(p); ok {
		prompt.Text = locales.T("moves.none_rt")
	}
	d.IDs = nil
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		open, err := tx.Moves(area)
		if err != nil {
			return err
		}
		for i, m := range open[:min(len(open), pageSize)] {
			w, err := tx.Worker(m.Worker)
			if err != nil {
				return err
			}
			prompt.Text = locales.T("moves.list.ask")
			prompt.Choices = append(prompt.Choices, nameButton(i, w.Name))
			d.IDs = append(d.IDs, m.ID)
		}
		return nil
	})
	prompt.Choices = append(prompt.Choices, choice("menu", "button.menu"))
	return prompt, wrap(err, "list the moves that are asked for")
}

// pickMove opens one; that an official read who it is about is noted.
func (c *Conversations) pickMove(ctx context.Context, t *bot.Turn, d *deciding) (bot.Next, error) {
	if t.Choice == "menu" {
		return bot.End(), nil
	}
	line, ok := picked(t, d.IDs)
	if !ok {
		return bot.Again(locales.Text{}), nil
	}
	d.Move = line
	p, area, err := c.movable(ctx, t)
	if _, own := program.ParseRTCode(area); err != nil || own == nil {
		return bot.To("decide"), err
	}
	w, ok, err := c.askedMove(ctx, t, d.Move)
	if err != nil || !ok { // the card says that it is gone
		return bot.To("decide"), unlessNotFound(err)
	}
	return bot.To("decide"), wrap(c.Store.Update(ctx, func(tx *store.Tx) error { return tx.NoteReading(p, w.ID) }), "note who reads")
}

// askedMove is the chosen move with its worker, if the speaker may decide it at this moment and nobody has.
func (c *Conversations) askedMove(ctx context.Context, t *bot.Turn, id string) (w store.Worker, ok bool, err error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return w, false, err
	}
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		m, err := tx.Move(id)
		if err != nil {
			return err
		}
		ok = m.State == store.MoveAsked && program.May(p.Offices, program.Move, m.From.String())
		w, err = tx.Worker(m.Worker)
		return err
	})
	return w, ok, wrap(err, "read a move")
}

func (c *Conversations) askDecide(ctx context.Context, t *bot.Turn, d *deciding) (bot.Prompt, error) {
	w, ok, err := c.askedMove(ctx, t, d.Move)
	if err != nil || !ok {
		return bot.Prompt{Text: locales.T("moves.gone"), Choices: []bot.Choice{choice("list", "area.back"), choice("menu", "button.menu")}}, err
	}
	return bot.Prompt{Text: locales.T("moves.decide.ask", "Card", c.card(w, t)), Choices: []bot.Choice{
		choice("agree", "moves.agree"), choice("refuse", "moves.refuse"), choice("list", "area.back"), choice("menu", "button.menu")}}, nil
}

func answerDecide(_ context.Context, t *bot.Turn, d *deciding) (bot.Next, error) {
	switch t.Choice {
	case "menu":
		return bot.End(), nil
	case "list":
		return bot.To("list"), nil
	case "agree", "refuse":
		d.Yes = t.Choice == "agree"
		return bot.To("confirm"), nil
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) askMoveConfirm(ctx context.Context, t *bot.Turn, d *deciding) (bot.Prompt, error) {
	w, ok, err := c.askedMove(ctx, t, d.Move)
	if err != nil || !ok {
		return bot.Prompt{Text: locales.T("moves.gone"), Choices: []bot.Choice{choice("no", "area.back")}}, err
	}
	text := "moves.confirm.refuse"
	if d.Yes {
		text = "moves.confirm.agree"
	}
	return confirmation(locales.T(text, "Worker", called(w.Name, w.Sex)), "tickets.confirm.yes"), nil
}

func (c *Conversations) answerMove(ctx context.Context, t *bot.Turn, d *deciding) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("list"), nil
	case "yes":
	default:
		return bot.Again(locales.Text{}), nil
	}
	return act(ctx, c, t, d, "moves.gone", "decide a move", func(tx *store.Tx, p store.Person) (bot.Next, error) {
		m, err := tx.DecideMove(d.Move, d.Yes, p, t.Op())
		if err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("moves." + string(m.State)))
		return bot.End(), nil
	})
}

// moveWords tell the head of the old RT that a worker is asked for, and who asked what was decided: neither learns of the
// other RT.
func moveWords(tx *store.Tx, notice store.Notice, person store.Person) (locales.Text, bool, error) {
	m, err := tx.Move(notice.Subject)
	if err != nil {
		return locales.Text{}, false, err
	}
	switch notice.Kind {
	case store.NoticeMoved:
		return movedWords(tx, m, person)
	case store.NoticeMovedSelf:
		w, err := tx.Worker(m.Worker)
		return locales.T("notice.moved_self", "Worker", called(w.Name, w.Sex), "RT", m.To),
			w.RT == m.To && program.May(person.Offices, program.SeeSelf, w.ID), err
	}
	holds, err := tx.May(person.ID, program.Move, m.From.String())
	if err != nil || !holds || m.State != store.MoveAsked {
		return locales.Text{}, false, err
	}
	w, err := tx.Worker(m.Worker)
	return locales.T("notice.move", "Head", head(person), "Worker", called(w.Name, w.Sex)), true, err
}

// movedWords tell the RT that asked for a worker what was decided, and which of his months it has to pay.
func movedWords(tx *store.Tx, m store.Move, person store.Person) (locales.Text, bool, error) {
	holds := program.May(person.Offices, program.Register, m.To.String())
	if m.State != store.MoveDone || !holds {
		return locales.T("notice.moved_"+string(m.State), "Head", head(person)), holds, nil
	}
	w, err := tx.Worker(m.Worker)
	if err != nil {
		return locales.Text{}, false, err
	}
	months, err := tx.CoverMonths(w.ID)
	text := "notice.moved_done_paid"
	if w.PaidUntil.IsZero() || slices.ContainsFunc(months, func(c store.CoverMonth) bool { return c.State == store.MonthWaiting }) {
		text = "notice.moved_done"
	}
	return locales.T(text, "Head", head(person), "Worker", called(w.Name, w.Sex), "Until", w.PaidUntil.Last()), w.RT == m.To, err
}
