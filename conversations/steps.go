package conversations

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/store"
)

// confirmation asks before something is done: a yes in its own words, and the way back.
func confirmation(text locales.Text, yes string) bot.Prompt {
	return bot.Prompt{Text: text, Exact: true, Choices: []bot.Choice{
		{ID: "yes", Label: locales.T(yes), Words: "words.yes"},
		{ID: "no", Label: locales.T("workers.confirm.no"), Words: "words.no"},
	}}
}

// pick is the button of one line of a list, and picked the line whose button was pressed.
func pick(i int, label locales.Text) bot.Choice {
	return bot.Choice{ID: "p" + strconv.Itoa(i), Label: label}
}

func picked(t *bot.Turn, lines []string) (line string, ok bool) {
	digits, found := strings.CutPrefix(t.Choice, "p")
	i, err := strconv.Atoi(digits)
	if !found || err != nil || i < 0 || i >= len(lines) {
		return "", false
	}
	return lines[i], true
}

// How many buttons there are at most, how many lines of a list have one beside the menu, and how many on a page of a list
// that is turned.
const (
	mostButtons = 8
	pageSize    = mostButtons - 1
	listPage    = 5
)

// withMenu adds the menu last where there is room: it can be typed anywhere.
func withMenu(choices []bot.Choice) []bot.Choice {
	if len(choices) < mostButtons {
		choices = append(choices, choice("menu", "button.menu"))
	}
	return choices
}

// nameButton is the button with somebody's name.
func nameButton(i int, name string) bot.Choice {
	return pick(i, locales.T("workers.list.pick", "Name", shorten(name)))
}

// act is once for whoever speaks, whose right the store judges; a refusal is said with the text refused and ends it.
func act[D any](ctx context.Context, c *Conversations, t *bot.Turn, d *D, refused, attempt string, change func(*store.Tx, store.Person) (bot.Next, error)) (bot.Next, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) { return change(tx, p) })
	if errors.Is(err, store.ErrPaused) {
		refused, err = "workers.paused", store.ErrState
	}
	if errors.Is(err, store.ErrNoRight) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrState) {
		t.Say(locales.T(refused))
		return bot.End(), nil
	}
	return next, wrap(err, attempt)
}
