package conversations

import (
	"context"
	"errors"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// factsAsOf is the day on which the facts about law and money were last read.
var factsAsOf = program.Date{Year: 2026, Month: 11, Day: 23}

// contribution answers what the contribution is, for an RT and for who pays himself.
func (c *Conversations) contribution() bot.Flow[struct{}] {
	return say("contribution", func(_ context.Context, t *bot.Turn) error {
		month := c.first(t)
		apbd, err := program.Contribution(month, program.APBD, program.Other, false)
		if err != nil {
			return wrap(err, "compute a contribution")
		}
		lines := []locales.Text{locales.T("contribution.apbd", "Total", apbd.Total(), "JKK", apbd.JKK, "JKM", apbd.JKM)}
		for _, sector := range []program.Sector{program.Transport, program.Other} {
			own, err := program.Contribution(month, program.Mandiri, sector, false)
			if err != nil {
				return wrap(err, "compute a contribution")
			}
			lines = append(lines, locales.T("contribution.own_"+string(sector), "Total", own.Total(), "Month", month))
		}
		t.Say(locales.T("contribution.answer", "Lines", lines, "AsOf", factsAsOf))
		return nil
	})
}

// benefits answers what one gets, and never promises the full death benefit of the first three months.
func (c *Conversations) benefits() bot.Flow[struct{}] {
	return say("benefits", func(_ context.Context, t *bot.Turn) error {
		t.Say(locales.T("benefits.answer",
			"Death", amount(program.JKKDeath), "Disability", amount(program.JKKDisability),
			"Leave", amount(program.JKKLeaveFirst), "LeaveLater", amount(program.JKKLeaveLater),
			"Full", amount(program.JKMFull), "Short", amount(program.JKMShort), "School", amount(program.Scholarship), "AsOf", factsAsOf))
		return nil
	})
}

func amount(kind program.BenefitKind) program.Rupiah {
	b, _ := program.BenefitOf(kind)
	return b.Amount
}

// tell is a flow that says one text, with the day of its facts.
func tell(name, text string) bot.Flow[struct{}] {
	return say(name, func(_ context.Context, t *bot.Turn) error {
		t.Say(locales.T(text, "AsOf", factsAsOf))
		return nil
	})
}

// join tells who may be registered and how.
func (c *Conversations) join() bot.Flow[struct{}] { return tell("join", "join.answer") }

// help tells what can be typed here, to each what he may do.
func (c *Conversations) help() bot.Flow[struct{}] {
	return say("help", func(ctx context.Context, t *bot.Turn) error {
		p, movable, err := c.movable(ctx, t)
		if err != nil {
			return err
		}
		_, rt := officeRT(p)
		area, official := areaOf(p)
		_, works := workerOf(p)
		var lines []locales.Text
		for _, line := range []struct {
			text string
			may  bool
		}{
			{"help.register", canRegister(p)},
			{"help.budget", rt},
			{"help.workers", rt},
			{"help.area", official},
			{"help.tickets", official && program.May(p.Offices, program.AnswerRight, area)},
			{"help.moves", movable != ""},
			{"help.talk", talksWithPeople(p)},
			{"help.invite", len(program.Invitable(p.Offices)) > 0},
			{"help.cover", works || !rt && !official},
			{"help.join", !works && !rt && !official},
			{"help.facts", true},
			{"help.mydata", true},
		} {
			if line.may {
				lines = append(lines, locales.T(line.text))
			}
		}
		t.Say(locales.T("help.answer", "Lines", lines))
		return nil
	})
}

// accident says what helps first; a report is taken by people, not yet here.
func (c *Conversations) accident() bot.Flow[struct{}] { return urgent("accident", "accident.answer") }

// death says what a family needs first; a report is taken by people, not yet here.
func (c *Conversations) death() bot.Flow[struct{}] { return urgent("death", "death.answer") }

func urgent(name, text string) bot.Flow[struct{}] {
	f := tell(name, text)
	f.Urgent = true
	return f
}

// language switches to the catalogue that was asked for, in all chats of whoever is known.
func (c *Conversations) language() bot.Flow[struct{}] {
	return say("language", func(ctx context.Context, t *bot.Turn) error {
		t.Lang = locales.Default
		if mentionsAny(t.Args["text"], t.Words("words.english")) {
			t.Lang = "en"
		}
		p, err := c.speaker(ctx, t)
		if err == nil {
			err = c.keepLang(ctx, p, t.Lang)
		}
		if err != nil && !errors.Is(err, errStranger) {
			return wrap(err, "keep a language")
		}
		t.Say(locales.T("language.changed"))
		return nil
	})
}

// keepLang keeps a language in which somebody is spoken to, in all of his chats and in notices.
func (c *Conversations) keepLang(ctx context.Context, p store.Person, lang string) error {
	return c.Store.Update(ctx, func(tx *store.Tx) error { return tx.SetLang(p.ID, lang) })
}
