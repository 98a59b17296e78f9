package conversations

import (
	"context"
	"errors"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/store"
)

// hush stops what the bot says by itself out of kindness, in all chats of a person, and begins it again.
func (c *Conversations) hush() bot.Flow[struct{}] {
	return bot.Flow[struct{}]{
		Name:  "hush",
		Begin: c.beginHush,
		Steps: []bot.Step[struct{}]{{Name: "confirm", Ask: askHush, Answer: c.answerHush, Help: "hush.help"}},
	}
}

func (c *Conversations) beginHush(ctx context.Context, t *bot.Turn, d *struct{}) (bot.Next, error) {
	p, err := c.speaker(ctx, t)
	if errors.Is(err, errStranger) {
		t.Say(locales.T("hush.nobody"))
		return bot.End(), nil
	}
	if err != nil || !mentionsAny(t.Args["text"], t.Words("words.hush.again")) {
		return bot.Next{}, err
	}
	return c.keepHush(ctx, t, p, d, false)
}

func askHush(context.Context, *bot.Turn, *struct{}) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("hush.ask"), Exact: true, Choices: []bot.Choice{
		{ID: "yes", Label: locales.T("hush.yes"), Words: "words.yes"},
		{ID: "no", Label: locales.T("workers.confirm.no"), Words: "words.no"},
	}}, nil
}

func (c *Conversations) answerHush(ctx context.Context, t *bot.Turn, d *struct{}) (bot.Next, error) {
	switch t.Choice {
	case "no":
		t.Say(locales.T("global.left"))
		return bot.End(), nil
	case "yes":
		p, err := c.speaker(ctx, t)
		if errors.Is(err, errStranger) {
			t.Say(locales.T("hush.nobody"))
			return bot.End(), nil
		}
		if err != nil {
			return bot.Next{}, err
		}
		return c.keepHush(ctx, t, p, d, true)
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) keepHush(ctx context.Context, t *bot.Turn, p store.Person, d *struct{}, quiet bool) (bot.Next, error) {
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		text := "hush.again"
		if quiet {
			text = "hush.done"
		}
		t.Say(locales.T(text))
		return bot.End(), tx.Hush(p.ID, quiet)
	})
	return next, wrap(err, "keep whether somebody wants to be told things")
}
