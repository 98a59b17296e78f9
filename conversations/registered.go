package conversations

import (
	"context"
	"errors"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/store"
)

// kept is the worker that was just registered.
type kept struct{ Worker, Name string }

// registered is what can be done right after a registration: the next one, telling the worker, the rest of the data, or taking it back.
func (c *Conversations) registered() bot.Flow[kept] {
	return bot.Flow[kept]{
		Name: "registered",
		Begin: func(_ context.Context, t *bot.Turn, d *kept) (bot.Next, error) {
			d.Worker, d.Name = t.Args["worker"], t.Args["name"]
			return bot.Next{}, nil
		},
		Steps: []bot.Step[kept]{
			{Name: "then", Ask: c.askThen, Answer: c.answerThen, Help: "registered.then.help"},
			{Name: "undo", Ask: askUndo, Answer: c.answerUndo, Help: "registered.undo.help"},
		},
	}
}

func (c *Conversations) askThen(ctx context.Context, t *bot.Turn, d *kept) (bot.Prompt, error) {
	prompt := bot.Prompt{Text: locales.T("registered.then.ask"), Choices: []bot.Choice{choice("register", "registered.then.next")}}
	w, _, err := c.own(ctx, t, d.Worker)
	if err == nil {
		tell, err := c.tellable(ctx, w)
		if err != nil {
			return prompt, err
		}
		if tell {
			prompt.Choices = append(prompt.Choices, choice("tell", "registered.then.tell"))
		}
	}
	prompt.Choices = append(prompt.Choices, choice("complete", "registered.then.complete"), choice("undo", "registered.then.undo"), choice("menu", "button.menu"))
	return prompt, unlessNotFound(err)
}

func (c *Conversations) answerThen(ctx context.Context, t *bot.Turn, d *kept) (bot.Next, error) {
	switch t.Choice {
	case "register", "menu":
		return bot.Go(t.Choice, nil), nil
	case "complete":
		return bot.Go("complete", map[string]string{"worker": d.Worker}), nil
	case "tell":
		return passOn(ctx, c, t, d, d.Worker, "then")
	case "undo":
		return bot.To("undo"), nil
	}
	return bot.Again(locales.Text{}), nil
}

func askUndo(_ context.Context, _ *bot.Turn, d *kept) (bot.Prompt, error) { return undoPrompt(*d), nil }

func undoPrompt(d kept) bot.Prompt {
	return bot.Prompt{Text: locales.T("registered.undo.ask", "Name", d.Name), Exact: true, Choices: []bot.Choice{
		choice("yes", "registered.undo.yes"),
		{ID: "no", Label: locales.T("registered.undo.no"), Words: "words.no"},
	}}
}

func (c *Conversations) answerUndo(ctx context.Context, t *bot.Turn, d *kept) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("then"), nil
	case "yes":
		return c.cancelWorker(ctx, t, d, d.Worker, d.Name)
	}
	return bot.Again(locales.Text{}), nil
}

// cancelWorker takes a wrong registration back, with a counter-entry for its money.
func (c *Conversations) cancelWorker(ctx context.Context, t *bot.Turn, d *kept, id, name string) (bot.Next, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		w, err := tx.Worker(id)
		if err != nil {
			return bot.Next{}, err
		}
		before, err := tx.Budget(w.RT, yearOf(t))
		if err != nil {
			return bot.Next{}, err
		}
		if err := tx.CancelWorker(id, p, "wrong_entry", t.Op()); err != nil {
			return bot.Next{}, err
		}
		after, err := tx.Budget(w.RT, yearOf(t))
		if err != nil {
			return bot.Next{}, err
		}
		text := "registered.undone"
		if after.Remaining() == before.Remaining() {
			text = "registered.undone_free"
		}
		t.Say(locales.T(text, "Name", name, "Amount", after.Remaining()-before.Remaining(), "Left", after.Remaining()))
		return bot.End(), nil
	})
	if refusal := undoRefusal(err); refusal != "" {
		t.Say(locales.T(refusal))
		return bot.End(), nil
	}
	return next, wrap(err, "cancel a registration")
}

// undoRefusal is the sentence for a registration that cannot be taken back, "" for what is no refusal.
func undoRefusal(err error) string {
	switch {
	case errors.Is(err, store.ErrNoRight):
		return "workers.no_right"
	case errors.Is(err, store.ErrNotFound):
		return "workers.none_such"
	case errors.Is(err, store.ErrState):
		return "registered.over"
	case errors.Is(err, store.ErrPaid):
		return "registered.paid"
	}
	return ""
}
