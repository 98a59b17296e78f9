package conversations

import (
	"context"
	"errors"
	"slices"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// undoing is which of his invitations somebody takes back.
type undoing struct {
	IDs []string // of the list that is shown, in the order of its buttons
	ID  string
}

// issued lists the invitations of the last 30 days, who used them, and takes one back.
func (c *Conversations) issued() bot.Flow[undoing] {
	return bot.Flow[undoing]{
		Name: "issued",
		Steps: []bot.Step[undoing]{
			{Name: "list", Ask: c.askIssued, Answer: answerIssued, Help: "issued.list.help"},
			{Name: "undo", Ask: c.askUndoInvite, Answer: c.answerUndoInvite, Help: "issued.undo.help"},
		},
	}
}

// ownInvites are what the speaker issued.
func (c *Conversations) ownInvites(ctx context.Context, t *bot.Turn) (all []store.Issued, err error) {
	by, err := c.anybody(ctx, t)
	if err != nil {
		return nil, err
	}
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Invites(by.ID)
		return err
	})
	return all, wrap(err, "list somebody's invitations")
}

func (c *Conversations) askIssued(ctx context.Context, t *bot.Turn, d *undoing) (bot.Prompt, error) {
	all, err := c.ownInvites(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	prompt, lines := bot.Prompt{}, []locales.Text(nil)
	d.IDs = nil
	for _, i := range all[:min(len(all), pageSize)] {
		lines = append(lines, locales.T("issued."+fate(i, t), "Name", i.Name, "Office", officeText(i.Role, i.Place),
			"Made", program.DateOf(i.Made), "Used", program.DateOf(i.Used), "Ends", program.DateOf(i.Ends)))
		if i.Undo.IsZero() && (!i.Used.IsZero() || t.Now.Before(i.Ends)) {
			prompt.Choices = append(prompt.Choices, nameButton(len(d.IDs), i.Name))
			d.IDs = append(d.IDs, i.ID)
		}
	}
	prompt.Choices = append(prompt.Choices, choice("menu", "button.menu"))
	prompt.Text = locales.T("issued.list.ask", "Lines", lines)
	switch {
	case len(lines) == 0:
		prompt.Text = locales.T("issued.none")
	case len(d.IDs) == 0:
		prompt.Text = locales.T("issued.list.done", "Lines", lines)
	}
	return prompt, nil
}

func fate(i store.Issued, t *bot.Turn) string {
	switch {
	case !i.Undo.IsZero():
		return "undone"
	case !i.Used.IsZero():
		return "used"
	case !t.Now.Before(i.Ends):
		return "expired"
	}
	return "open"
}

func answerIssued(_ context.Context, t *bot.Turn, d *undoing) (bot.Next, error) {
	if t.Choice == "menu" {
		return bot.End(), nil
	}
	line, ok := picked(t, d.IDs)
	if !ok {
		return bot.Again(locales.Text{}), nil
	}
	d.ID = line
	return bot.To("undo"), nil
}

func (c *Conversations) askUndoInvite(ctx context.Context, t *bot.Turn, d *undoing) (bot.Prompt, error) {
	all, err := c.ownInvites(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	at := slices.IndexFunc(all, func(i store.Issued) bool { return i.ID == d.ID })
	if at < 0 {
		return closed(), nil
	}
	i, text := all[at], "issued.undo.open"
	switch {
	case i.Used.IsZero():
	case i.Role == program.Worker: // he stays registered
		text = "issued.undo.worker"
	case i.Anew():
		text = "issued.undo.anew"
	default:
		text = "issued.undo.used"
	}
	return bot.Prompt{Text: locales.T(text, "Name", i.Name, "Office", officeText(i.Role, i.Place)), Exact: true, Choices: []bot.Choice{
		{ID: "yes", Label: locales.T("issued.undo.yes"), Words: "words.registered.undo.yes"},
		{ID: "no", Label: locales.T("workers.confirm.no"), Words: "words.no"},
	}}, nil
}

func (c *Conversations) answerUndoInvite(ctx context.Context, t *bot.Turn, d *undoing) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("list"), nil
	case "menu":
		return bot.End(), nil
	case "yes":
	default:
		return bot.Again(locales.Text{}), nil
	}
	return act(ctx, c, t, d, "issued.not_undone", "undo an invitation", func(tx *store.Tx, by store.Person) (bot.Next, error) {
		i, err := tx.UndoInvite(d.ID, by.ID)
		if err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("issued.undone", "Name", i.Name))
		return bot.To("list"), nil
	})
}

// invitedWords tell who issued an invitation that it was used, and what he can do if that is wrong: a former head of an RT
// invites nobody any more.
func invitedWords(tx *store.Tx, notice store.Notice, person store.Person) (locales.Text, bool, error) {
	i, err := tx.Issued(notice.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return locales.Text{}, false, nil
	}
	if err != nil || !i.Undo.IsZero() {
		return locales.Text{}, false, err
	}
	wrong := locales.T("notice.invited_undo")
	if len(program.Invitable(person.Offices)) == 0 {
		wrong = locales.T("notice.invited_call")
	}
	if i.Role != program.Worker {
		return locales.T("notice.invited", "Name", i.Name, "Office", officeText(i.Role, i.Place), "Wrong", wrong), true, nil
	}
	w, err := tx.Worker(i.Place)
	return locales.T("notice.invited_worker", "Worker", called(w.Name, w.Sex), "Wrong", wrong), w.Name != "", err
}
