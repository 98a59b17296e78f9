package conversations

import (
	"context"
	"errors"
	"time"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// reaching is whom somebody wants to talk with, and then the talk.
type reaching struct {
	Official string // whose name stood in the question
	Talk     string
	Told     bool // that what he writes goes on
}

// person connects somebody with the official of his area, or tells whom to call when there is nobody. From his yes on what
// he writes goes on to the official and the bot is silent. It lies over what he was doing, which goes on afterwards.
func (c *Conversations) person() bot.Flow[reaching] {
	return bot.Flow[reaching]{
		Name:     "person",
		ReadOnly: true,
		Begin:    c.beginPerson,
		Steps: []bot.Step[reaching]{
			{Name: "agree", When: func(d *reaching) bool { return d.Talk == "" }, Ask: c.askConnect, Answer: c.answerConnect, Help: "person.agree.help"},
			{Name: "write", Ask: c.askWrite, Answer: c.answerWrite, Help: "person.write.help"},
		},
	}
}

// eventTalkEnded is the argument of the event that a talk is over: its id.
const eventTalkEnded = "ended"

func (c *Conversations) beginPerson(ctx context.Context, t *bot.Turn, d *reaching) (bot.Next, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if ended := t.Args[eventTalkEnded]; ended != "" {
		return bot.End(), c.sayEnd(ctx, t, p, ended)
	}
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		open, err := tx.TalkIn(p, chatOf(t))
		if errors.Is(err, store.ErrNotFound) {
			_, err = tx.Counterpart(p)
		}
		d.Talk = open.ID
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		t.Say(locales.T("person.answer"))
		return bot.End(), nil
	}
	return bot.Next{}, wrap(err, "look for an official to talk with")
}

func chatOf(t *bot.Turn) store.Chat {
	return store.Chat{Channel: t.Update.From.Channel, ID: t.Update.From.ID}
}

func (c *Conversations) askConnect(ctx context.Context, t *bot.Turn, d *reaching) (bot.Prompt, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	var with store.Talk
	var who locales.Text
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		if with, err = tx.Counterpart(p); err != nil {
			return err
		}
		who, err = writer(tx, with)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return bot.Prompt{Text: locales.T("person.answer"), Choices: []bot.Choice{choice("menu", "button.menu")}}, nil
	}
	if err != nil {
		return bot.Prompt{}, wrap(err, "look for an official to talk with")
	}
	d.Official = with.Official
	return bot.Prompt{Text: locales.T("person.agree.ask", "Head", head(p), "Official", officeText(with.Office.Role, with.Office.Place), "Who", who, "When", c.answeredWhen(t.Now)), Exact: true,
		Choices: []bot.Choice{
			{ID: "yes", Label: locales.T("person.agree.yes"), Words: "words.yes"},
			{ID: "no", Label: locales.T("person.agree.no"), Words: "words.no"},
		}}, nil
}

// answeredWhen says when an answer can be expected (rule 42). The hours are a setting that nobody has confirmed.
func (c *Conversations) answeredWhen(now time.Time) locales.Text {
	open := program.OfficeOpen(now, c.Settings)
	if open.After(now) {
		return locales.T("person.when_closed", "Day", locales.Long(program.DateOf(open)), "Hour", clockTime(open))
	}
	closes := program.DateOf(now).Time().Add(time.Duration(c.Settings.OfficeUntil) * time.Hour)
	return locales.T("person.when_open", "Hour", clockTime(closes))
}

func (c *Conversations) answerConnect(ctx context.Context, t *bot.Turn, d *reaching) (bot.Next, error) {
	switch t.Choice {
	case "menu":
		return bot.Pause(), nil
	case "no":
		t.Say(locales.T("person.not_connected"))
		return bot.End(), nil
	case "yes":
	default:
		return bot.Again(locales.Text{}), nil
	}
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		talk, err := tx.OpenTalk(p, d.Official, chatOf(t))
		d.Talk = talk.ID
		return bot.Next{}, err
	})
	if errors.Is(err, store.ErrState) {
		d.Talk = ""
		return bot.Again(locales.T("person.changed")), nil
	}
	return next, wrap(err, "open a talk")
}

func (c *Conversations) askWrite(ctx context.Context, t *bot.Turn, d *reaching) (bot.Prompt, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	talk, err := c.talkOf(ctx, d.Talk)
	if err != nil || talk.Person != p.ID || !talk.Open(t.Now) {
		return bot.Prompt{Text: locales.T("person.over"), Choices: []bot.Choice{choice("menu", "button.menu")}}, err
	}
	choices := []bot.Choice{done()}
	if talksWithPeople(p) {
		choices = append(choices, answerOthers("menu.talk"))
	}
	return bot.Prompt{Text: locales.T("person.write.ask", "Official", officeText(talk.Office.Role, talk.Office.Place),
		"Day", locales.Long(program.DateOf(talk.Until)), "Hour", clockTime(talk.Until)), Free: true, Relay: true, Choices: choices}, nil
}

// done ends a talk. Its key is nothing that one writes to another: a number may be an answer to him.
func done() bot.Choice {
	return bot.Choice{ID: "done", Label: locales.T("talk.done"), Words: "words.talk.done", Key: "#"}
}

// answerOthers leaves a talk as it is for those who wait for an official.
func answerOthers(label string) bot.Choice {
	return bot.Choice{ID: "talk", Label: locales.T(label), Words: "words.wish.talk", Key: "*"}
}

// talkOf reads a talk; one that is not there any more is over.
func (c *Conversations) talkOf(ctx context.Context, id string) (talk store.Talk, err error) {
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		talk, err = tx.Talk(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return talk, wrap(err, "read a talk")
}

func (c *Conversations) answerWrite(ctx context.Context, t *bot.Turn, d *reaching) (bot.Next, error) {
	ended := t.Args[eventTalkEnded]
	switch {
	case t.Choice == "menu":
		return bot.Pause(), nil
	case t.Choice == "talk":
		return bot.Go("talk", nil), nil
	case ended != "" && ended != d.Talk: // he has begun another one since
		return bot.Quiet(), nil
	}
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if ended != "" {
		return bot.End(), c.sayEnd(ctx, t, p, d.Talk)
	}
	next, err := c.tell(ctx, t, p, d)
	if isOver(err) {
		if err = c.sayEnd(ctx, t, p, d.Talk); t.Text != "" {
			t.Say(locales.T("talk.not_passed"))
		}
		return bot.End(), err
	}
	return next, wrap(err, "pass on what somebody writes")
}

// isOver says whether nothing can be said in a talk any more, for whatever reason.
func isOver(err error) bool {
	return errors.Is(err, store.ErrState) || errors.Is(err, store.ErrNoRight) || errors.Is(err, store.ErrNotFound)
}

// tell passes on a message of the person, or ends his talk.
func (c *Conversations) tell(ctx context.Context, t *bot.Turn, p store.Person, d *reaching) (bot.Next, error) {
	said, ok := passable(t)
	if !ok {
		return bot.To("write"), nil
	}
	told := d.Told
	return once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		talk, err := tx.Talk(d.Talk)
		if err != nil {
			return bot.Next{}, err
		}
		official := officeText(talk.Office.Role, talk.Office.Place)
		if t.Choice == "done" {
			if err := tx.EndTalk(talk.ID, p); err != nil {
				return bot.Next{}, err
			}
			t.Say(locales.T("person.ended.person", "Official", official))
			return bot.End(), nil
		}
		if err := tx.PassOn(talk.ID, said, p); err != nil {
			return bot.Next{}, err
		}
		if d.Told = true; !told {
			t.Say(locales.T("person.passed", "Official", official))
		}
		return bot.Quiet(), nil
	})
}

// sayEnd tells the person of a talk that it is over, and why, and keeps that he was told.
func (c *Conversations) sayEnd(ctx context.Context, t *bot.Turn, p store.Person, id string) error {
	var talk store.Talk
	err := c.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if talk, err = tx.Talk(id); err != nil || talk.Person != p.ID {
			return err
		}
		if err = tx.EndTold(talk); err != nil {
			return err
		}
		talk, err = tx.Talk(id)
		return err
	})
	if talk.Person != p.ID || errors.Is(err, store.ErrNotFound) {
		t.Say(locales.T("person.over"))
		return nil
	}
	if err != nil {
		return wrap(err, "end a talk")
	}
	t.Say(locales.T("person.ended."+string(talk.End), "Official", officeText(talk.Office.Role, talk.Office.Place)))
	return nil
}

// writer is the person of a talk, as an official is told of him: by his office, or as a worker of his RT.
func writer(tx *store.Tx, talk store.Talk) (locales.Text, error) {
	p, err := tx.Person(talk.Person)
	if err != nil {
		return locales.Text{}, err
	}
	for _, o := range p.Offices {
		if o.Role != program.Worker {
			return officeText(o.Role, o.Place), nil
		}
	}
	if id, works := workerOf(p); works {
		w, err := tx.Worker(id)
		return locales.T("talk.worker", "Worker", called(w.Name, w.Sex), "RT", w.RT), err
	}
	return locales.T("talk.somebody", "Place", placeText(talk.Place)), nil
}
