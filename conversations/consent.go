package conversations

import (
	"context"
	"slices"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// The versions of the texts by which somebody agrees (rule 21). Who agreed to one agreed to its words: other words are
// another version, which a test holds.
const (
	rtConsent    = "rt-2026-11-23"    // the last sentence of "register.summary.ask": the RT states that the worker agrees
	ownConsent   = "self-2026-11-23b" // "mydata.consent_text": the worker himself agrees
	paperConsent = "paper-2026-11-23" // "workers.paper.confirm": the RT states what he signed
)

// consents is how a worker agreed, oldest first.
func (c *Conversations) consents(ctx context.Context, w store.Worker) (consents []store.Consent, err error) {
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		consents, err = tx.Consents(w.ID)
		return err
	})
	return consents, wrap(err, "read the consents of a worker")
}

func agreedHimself(consents []store.Consent) bool {
	return slices.ContainsFunc(consents, func(c store.Consent) bool { return c.GivenBy == store.BySelf })
}

// consentLine tells an official how a worker agreed: by himself counts most, then the newest paper, then through his RT. Who
// wants his data used no longer agrees to nothing until that is answered.
func consentLine(w store.Worker, consents []store.Consent) locales.Text {
	if w.Paused {
		return locales.T("worker.paused")
	}
	for _, by := range []store.GivenBy{store.BySelf, store.ByPaper, store.ByRT} {
		for _, given := range slices.Backward(consents) {
			if given.GivenBy == by {
				return locales.T("worker.consent."+string(by), "Date", program.DateOf(given.At), "Signed", given.Signed)
			}
		}
	}
	return locales.T("worker.consent.none")
}

func askPaper(_ context.Context, _ *bot.Turn, _ *looking, w store.Worker) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("workers.paper.ask", "Worker", called(w.Name, w.Sex)), Free: true,
		Choices: []bot.Choice{choice("card", "workers.field.back")}}, nil
}

func answerPaper(_ context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "card":
		return bot.To("card"), nil
	case "menu":
		return bot.End(), nil
	}
	today := program.DateOf(t.Now)
	signed, err := program.ParseDateText(t.Text, today)
	if err != nil || !store.SignedOK(signed, today) {
		return bot.Again(locales.T("workers.paper.again", "Today", today)), nil
	}
	d.Signed = signed
	return bot.To("paper_confirm"), nil
}

func askPaperConfirm(_ context.Context, _ *bot.Turn, d *looking, w store.Worker) (bot.Prompt, error) {
	return confirmation(locales.T("workers.paper.confirm", "Worker", called(w.Name, w.Sex), "Signed", d.Signed), "workers.confirm.yes"), nil
}

func (c *Conversations) answerPaperConfirm(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("card"), nil
	case "menu":
		return bot.End(), nil
	case "yes":
		return act(ctx, c, t, d, "workers.no_right", "keep that a worker signed a paper", func(tx *store.Tx, p store.Person) (bot.Next, error) {
			if err := tx.AgreePaper(d.Worker, p, store.Consent{Version: paperConsent, Channel: t.Update.From.Channel, Signed: d.Signed}); err != nil {
				return bot.Next{}, err
			}
			w, err := tx.Worker(d.Worker)
			if err != nil {
				return bot.Next{}, err
			}
			t.Say(locales.T("workers.paper.kept", "Worker", called(w.Name, w.Sex)))
			return bot.To("card"), nil
		})
	}
	return bot.Again(locales.Text{}), nil
}
