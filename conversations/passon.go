package conversations

import (
	"context"
	"errors"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// tellable says whether there is something to pass on to a worker: he is to be told, and has no chat of his own here.
func (c *Conversations) tellable(ctx context.Context, w store.Worker) (tell bool, err error) {
	if !toTell(w) {
		return false, nil
	}
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		told, err := tx.Reached(w.ID)
		tell = !told
		return err
	})
	return tell, wrap(err, "look whether a worker has a chat")
}

// toTell says whether a worker is to be told anything: his registration is not closed, and he did not ask to be left in peace.
func toTell(w store.Worker) bool { return !w.Paused && (!over(w.State) || w.State == program.Ended) }

// passOn gives an official a message that he forwards to a worker as it is: the slip, and below it where the worker
// stands, how he sees it himself, and whom to ask. Whoever may invite him gives him his code with it.
func passOn[D any](ctx context.Context, c *Conversations, t *bot.Turn, d *D, id, back string) (bot.Next, error) {
	w, p, err := c.own(ctx, t, id)
	if errors.Is(err, store.ErrNotFound) {
		t.Say(locales.T("workers.none_such"))
		return bot.End(), nil
	}
	if err != nil {
		return bot.Next{}, err
	}
	worker := called(w.Name, w.Sex)
	if tell, err := c.tellable(ctx, w); err != nil || !tell {
		text := "pass_on.needless"
		if w.Paused {
			text = "pass_on.paused"
		}
		t.Say(locales.T(text, "Worker", worker))
		return bot.To(back), err
	}
	if !program.May(p.Offices, program.Correct, w.RT.String()) {
		t.Say(locales.T("workers.no_right"))
		return bot.End(), nil
	}
	if !program.MayInvite(p.Offices, program.Office{Role: program.Worker, Place: w.ID}, w.RT) {
		c.attachWord(t, w, c.ownView())
		t.Say(locales.T("pass_on.done", "Worker", worker))
		return bot.To(back), nil
	}
	return act(ctx, c, t, d, "invite.no_right", "make an invitation to pass on", func(tx *store.Tx, p store.Person) (bot.Next, error) {
		code, err := tx.Invite(store.Invite{Role: program.Worker, Place: w.ID, Name: w.Name}, p.ID)
		if err != nil {
			return bot.Next{}, err
		}
		c.attachWord(t, w, locales.T("pass_on.code", "Enter", c.enter(code), "Until", program.DateOf(tx.Now.AddDate(0, 0, 7))))
		t.Say(locales.T("pass_on.done_code", "Worker", worker))
		return bot.To(back), nil
	})
}

// ownView tells a worker how he sees his data himself.
func (c *Conversations) ownView() locales.Text {
	if c.Link != nil {
		if link := c.Link(""); link != "" {
			return locales.T("pass_on.ask_link", "Link", link)
		}
	}
	return locales.T("pass_on.ask")
}

// attachWord adds the slip with the text to pass on below it: a file is a message of its own, without our question. It
// is in the first language, as the slip is: whoever gets it chose none.
func (c *Conversations) attachWord(t *bot.Turn, w store.Worker, how locales.Text) {
	today := program.DateOf(t.Now)
	t.Attach(slipFile(t, w), locales.T("pass_on.text", "Worker", called(w.Name, w.Sex), "RT", w.RT, "Date", today,
		"State", stateWords(w, today, c.Settings), "How", how).In(locales.Default))
}

// mostNames is how many workers a notice names; of the others it says how many they are.
const mostNames = 10

// unreachedWords tell the head of an RT whose workers are paid for until a month, with a sentence that he can pass on. They are
// those of this moment, of the day that the notice is about: who was linked or paid for longer meanwhile is not named, and when nobody is left nothing is said.
func unreachedWords(tx *store.Tx, notice store.Notice, person store.Person) (text locales.Text, holds bool, err error) {
	rt, month, noted, err := store.ParsePaid(notice.Subject)
	if err != nil {
		return text, false, err
	}
	if holds, err = tx.May(person.ID, program.SeeWorkers, rt.String()); err != nil || !holds {
		return text, false, err
	}
	workers, err := tx.Unreached(rt, month, noted)
	if err != nil || len(workers) == 0 {
		return text, false, err
	}
	var lines []locales.Text
	for _, w := range workers[:min(len(workers), mostNames)] {
		lines = append(lines, locales.T("notice.head_line", "Worker", called(w.Name, w.Sex)))
	}
	if more := len(workers) - mostNames; more > 0 {
		lines = append(lines, locales.T("notice.head_more", "N", more))
	}
	return locales.T("notice."+string(notice.Kind), "Head", head(person), "RT", rt, "Until", month.Last(), "Lines", lines,
		"Quote", locales.T("notice."+string(notice.Kind)+"_quote", "RT", rt, "Until", month.Last()).In(locales.Default)), true, nil
}
