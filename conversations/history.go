package conversations

import (
	"context"
	"math"
	"slices"
	"strings"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// historyLength is how many events a history tells.
const historyLength = 15

// sayHistory tells what happened to a worker's record, the newest first. himself: also which officials have read it; asked:
// also what he asked for and what was answered, which is for him and for who acts on it. Whoever calls it has looked whether
// the speaker may see the worker.
func (c *Conversations) sayHistory(ctx context.Context, t *bot.Turn, w store.Worker, himself, asked bool) error {
	var events []store.Event
	err := c.Store.View(ctx, func(tx *store.Tx) (err error) {
		events, err = tx.History(w.ID, math.MaxInt, himself)
		return err
	})
	if err != nil {
		return wrap(err, "read the history of a worker")
	}
	if !asked {
		events = slices.DeleteFunc(events, func(e store.Event) bool {
			return strings.HasPrefix(e.What, "ticket.") || strings.HasPrefix(e.What, "answer.")
		})
	}
	var lines []locales.Text
	for _, e := range events[:min(len(events), historyLength)] {
		lines = append(lines, historyLine(e))
	}
	if more := len(events) - historyLength; more > 0 {
		lines = append(lines, locales.T("history.more", "N", more))
	}
	if len(lines) == 0 {
		lines = append(lines, locales.T("history.none"))
	}
	if himself {
		lines = append(lines, locales.T("history.unnoted"))
	}
	t.Say(locales.T("history.told", "Worker", called(w.Name, w.Sex), "Lines", lines))
	return nil
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
