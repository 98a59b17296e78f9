package conversations

import (
	"context"
	"errors"
	"slices"
	"strings"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// What a person can ask for from the menu, by what he is. The ids are names of flows.
var (
	menuKetua    = []string{"register", "budget", "workers", "contribution", "benefits", "invite", "help"}
	menuRT       = []string{"register", "budget", "workers", "contribution", "benefits", "help"}
	menuTreasury = []string{"budget", "workers", "contribution", "benefits", "help"}
	menuWorker   = []string{"cover", "mydata", "benefits", "contribution", "person"}
	menuLurah    = []string{"area", "tickets", "invite", "contribution", "benefits", "help"}
	menuOfficial = []string{"area", "invite", "contribution", "benefits", "help"}
	menuReader   = []string{"area", "contribution", "benefits", "help"} // an official who invites nobody: BPJS
	menuPublic   = []string{"cover", "benefits", "contribution", "join", "person"}
)

// menu is where every conversation begins and ends.
func (c *Conversations) menu() bot.Flow[struct{}] {
	return bot.Flow[struct{}]{Name: "menu", Steps: []bot.Step[struct{}]{{Name: "pick", Ask: c.askMenu, Answer: c.answerMenu}}}
}

func (c *Conversations) askMenu(ctx context.Context, t *bot.Turn, _ *struct{}) (bot.Prompt, error) {
	p, err := c.speaker(ctx, t)
	if err != nil && !errors.Is(err, errStranger) {
		return bot.Prompt{}, err
	}
	t.Wish = ""
	prompt := bot.Prompt{Text: locales.T("menu.ask", "Head", head(p)), ShareContact: err != nil}
	own, waiting, err := c.openTalks(ctx, t, p)
	if err != nil {
		return bot.Prompt{}, err
	}
	if own.ID != "" {
		prompt.Text = locales.T("person.still_open", "Official", officeText(own.Office.Role, own.Office.Place), "Menu", prompt.Text)
	}
	if len(t.Kept) > 0 {
		prompt.Choices = append(prompt.Choices, choice("resume", "menu.resume"))
	}
	if waiting > 0 {
		prompt.Choices = append(prompt.Choices, choice("talk", "menu.talk"))
	}
	for _, flow := range menuOf(p) {
		prompt.Choices = append(prompt.Choices, choice(flow, "menu."+flow))
	}
	if len(prompt.Choices) > mostButtons { // it can be typed everywhere
		prompt.Choices = slices.DeleteFunc(prompt.Choices, func(c bot.Choice) bool { return c.ID == "help" })
	}
	return prompt, nil
}

// openTalks are the talk of the speaker that is open in this chat, and how many people wait for his answers.
func (c *Conversations) openTalks(ctx context.Context, t *bot.Turn, p store.Person) (own store.Talk, waiting int, err error) {
	if p.ID == "" {
		return own, 0, nil
	}
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		if own, err = tx.TalkIn(p, chatOf(t)); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if !talksWithPeople(p) {
			return nil
		}
		with, err := tx.TalksWith(p)
		waiting = len(with)
		return err
	})
	return own, waiting, wrap(err, "look for open talks")
}

// menuOf is what somebody can ask for; an officer who is a worker, too, has his own state beside it.
func menuOf(p store.Person) []string {
	menu := menuOfOffice(p)
	if _, works := workerOf(p); works && !slices.Contains(menu, "cover") {
		return append([]string{"cover"}, menu...)
	}
	return menu
}

func menuOfOffice(p store.Person) []string {
	if canRegister(p) && len(program.Invitable(p.Offices)) > 0 {
		return menuKetua
	}
	if canRegister(p) {
		return menuRT
	}
	if _, ok := officeRT(p); ok {
		return menuTreasury
	}
	if area, ok := areaOf(p); ok && program.May(p.Offices, program.AnswerRight, area) {
		return menuLurah
	}
	if len(program.Invitable(p.Offices)) > 0 {
		return menuOfficial
	}
	if _, ok := areaOf(p); ok {
		return menuReader
	}
	if _, works := workerOf(p); works {
		return menuWorker
	}
	return menuPublic
}

func (c *Conversations) answerMenu(ctx context.Context, t *bot.Turn, _ *struct{}) (bot.Next, error) {
	switch {
	case t.Choice == "resume":
		return bot.Resume(), nil
	case t.Choice != "" && !strings.HasPrefix(t.Choice, "_"):
		return bot.Go(t.Choice, nil), nil
	case t.Update.Contact == nil:
		return bot.Again(locales.Text{}), nil
	case t.Update.Phone == "":
		if p, err := c.anybody(ctx, t); err != nil || p.ID != "" { // he has no button that shares his own
			return bot.Again(locales.Text{}), err
		}
		return bot.Again(locales.T("greet.phone.own")), nil
	}
	if _, err := c.speaker(ctx, t); errors.Is(err, errStranger) {
		return bot.Again(locales.T("greet.phone.unlisted")), nil
	}
	return bot.Go("greet", nil), nil
}
