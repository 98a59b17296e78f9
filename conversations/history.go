package conversations

import (
	"context"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// historyLength is how many events a history tells.
const historyLength = 15

// history tells what happened to a worker's record, the newest first; reads: also which officials have read it. Whoever
// calls it has looked whether the speaker may see the worker.
func (c *Conversations) history(ctx context.Context, w store.Worker, reads bool) (bot.Prompt, error) {
	var events []store.Event
	err := c.Store.View(ctx, func(tx *store.Tx) (err error) {
		events, err = tx.History(w.ID, historyLength, reads)
		return err
	})
	if err != nil {
		return bot.Prompt{}, wrap(err, "read the history of a worker")
	}
	lines := []locales.Text{locales.T("history.none")}
	for i, e := range events {
		if i == 0 {
			lines = nil
		}
		lines = append(lines, historyLine(e))
	}
	return bot.Prompt{Text: locales.T("history.ask", "Worker", called(w.Name, w.Sex), "Lines", lines),
		Choices: []bot.Choice{choice("back", "history.back"), choice("menu", "button.menu")}}, nil
}

func historyLine(e store.Event) locales.Text {
	day, what := program.DateOf(e.At), whatHappened(e)
	if e.Own() { // whatever else he is
		e.By = program.Office{Role: program.Worker}
	}
	switch e.By.Role {
	case "": // an import, or the bot
		return locales.T("history.line", "Date", day, "What", what)
	case program.Worker:
		return locales.T("history.line_by", "Date", day, "What", what, "By", locales.T("history.by.worker"))
	}
	return locales.T("history.line_by", "Date", day, "What", what, "By", officeText(e.By.Role, e.By.Place))
}

func whatHappened(e store.Event) locales.Text {
	if e.Field != "" {
		return locales.T("history.worker.correct", "Field", locales.T("history.field."+string(e.Field)))
	}
	return locales.T("history." + e.What)
}

// askHistory tells who sees a worker what happened to his record; who has read it is the worker's own affair.
func (c *Conversations) askHistory(ctx context.Context, _ *bot.Turn, _ *looking, w store.Worker) (bot.Prompt, error) {
	return c.history(ctx, w, false)
}

func answerHistory(_ context.Context, t *bot.Turn, _ *looking) (bot.Next, error) {
	switch t.Choice {
	case "menu":
		return bot.End(), nil
	case "back":
		return bot.To("card"), nil
	}
	return bot.Again(locales.Text{}), nil
}

// askOwnHistory tells a worker what happened to his record, and who has read it.
func (c *Conversations) askOwnHistory(ctx context.Context, t *bot.Turn, _ *asking) (bot.Prompt, error) {
	_, w, ok, err := c.subject(ctx, t)
	if err != nil || !ok || w.ID == "" {
		return closed(), err
	}
	return c.history(ctx, w, true)
}

func answerOwnHistory(_ context.Context, t *bot.Turn, _ *asking) (bot.Next, error) {
	switch t.Choice {
	case "menu":
		return bot.End(), nil
	case "back":
		return bot.To("see"), nil
	}
	return bot.Again(locales.Text{}), nil
}
