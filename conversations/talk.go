package conversations

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// replying is whom an official answers.
type replying struct {
	IDs  []string // of the talks that are shown, in the order of their buttons
	Talk string
	Told bool // that what he writes goes on
}

// talk shows an official who waits for his answer, and passes on what he writes to the one that he picks.
func (c *Conversations) talk() bot.Flow[replying] {
	return bot.Flow[replying]{
		Name: "talk",
		Begin: func(ctx context.Context, t *bot.Turn, _ *replying) (bot.Next, error) {
			p, err := c.anybody(ctx, t)
			if err == nil && !talksWithPeople(p) {
				t.Say(locales.T("talk.no_right"))
				return bot.End(), nil
			}
			return bot.Next{}, err
		},
		Steps: []bot.Step[replying]{
			{Name: "list", Ask: c.askTalks, Answer: c.pickTalk, Help: "talk.list.help"},
			{Name: "write", Ask: c.askReply, Answer: c.answerReply, Help: "talk.write.help"},
		},
	}
}

// talksWithPeople says whether somebody may take over a conversation somewhere.
func talksWithPeople(p store.Person) bool {
	return slices.ContainsFunc(p.Offices, func(o program.Office) bool { return program.May(p.Offices, program.TakeOver, o.Place) })
}

func (c *Conversations) askTalks(ctx context.Context, t *bot.Turn, d *replying) (bot.Prompt, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	prompt, lines := bot.Prompt{Text: locales.T("talk.none")}, []locales.Text(nil)
	d.IDs = nil
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		open, err := tx.TalksWith(p)
		if err != nil {
			return err
		}
		for i, talk := range open[:min(len(open), pageSize)] {
			who, err := writer(tx, talk)
			if err != nil {
				return err
			}
			lines = append(lines, locales.T("talk.line", "N", i+1, "Who", who, "Since", program.DateOf(talk.Opened), "Hour", clockTime(talk.Opened)))
			prompt.Choices = append(prompt.Choices, bot.Choice{ID: "t" + strconv.Itoa(i), Label: locales.T("talk.pick", "N", i+1)})
			d.IDs = append(d.IDs, talk.ID)
		}
		return nil
	})
	if len(lines) > 0 {
		prompt.Text = locales.T("talk.list.ask", "Head", head(p), "Lines", lines)
	}
	prompt.Choices = append(prompt.Choices, choice("menu", "button.menu"))
	return prompt, wrap(err, "list the talks")
}

func (c *Conversations) pickTalk(ctx context.Context, t *bot.Turn, d *replying) (bot.Next, error) {
	if t.Choice == "menu" {
		return bot.End(), nil
	}
	i, err := strconv.Atoi(strings.TrimPrefix(t.Choice, "t"))
	if err != nil || i < 0 || i >= len(d.IDs) {
		return bot.Again(locales.Text{}), nil
	}
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	d.Talk, d.Told = d.IDs[i], false
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		_, err := tx.JoinTalk(d.Talk, p)
		return bot.To("write"), err
	})
	if isOver(err) {
		return bot.Again(locales.T("talk.gone")), nil
	}
	return next, wrap(err, "take a talk up")
}

func (c *Conversations) askReply(ctx context.Context, t *bot.Turn, d *replying) (bot.Prompt, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	var who locales.Text
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		talk, err := tx.Talk(d.Talk)
		switch {
		case err != nil:
			return err
		case !talk.Open(t.Now):
			return store.ErrState
		case talk.Official != p.ID || !program.May(p.Offices, program.TakeOver, talk.Place):
			return store.ErrNoRight
		}
		who, err = writer(tx, talk)
		return err
	})
	if isOver(err) {
		return bot.Prompt{Text: locales.T("talk.gone"), Choices: []bot.Choice{choice("list", "area.back"), choice("menu", "button.menu")}}, nil
	}
	return bot.Prompt{Text: locales.T("talk.write.ask", "Who", who), Free: true, Relay: true,
		Choices: []bot.Choice{done(), answerOthers("talk.others")}}, wrap(err, "read a talk")
}

func (c *Conversations) answerReply(ctx context.Context, t *bot.Turn, d *replying) (bot.Next, error) {
	switch t.Choice {
	case "menu":
		return bot.End(), nil
	case "talk", "list":
		return bot.To("list"), nil
	}
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	next, err := c.reply(ctx, t, p, d)
	if isOver(err) {
		t.Say(locales.T("talk.gone"))
		if t.Text != "" {
			t.Say(locales.T("talk.not_passed"))
		}
		return bot.End(), nil
	}
	return next, wrap(err, "pass on an answer")
}

// passable is what somebody wrote in a talk; what cannot be passed on is answered, and ok is false.
func passable(t *bot.Turn) (said string, ok bool) {
	said = oneLine(t.Text)
	switch {
	case t.Choice == "done":
		return said, true
	case said == "":
		t.Say(locales.T("talk.only_text"))
		return "", false
	case isCommand(t):
		t.Say(locales.T("talk.command", "Said", said))
		return "", false
	}
	return said, true
}

// reply passes on an answer of the official, or ends the talk.
func (c *Conversations) reply(ctx context.Context, t *bot.Turn, p store.Person, d *replying) (bot.Next, error) {
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
		who, err := writer(tx, talk)
		if err != nil {
			return bot.Next{}, err
		}
		if t.Choice == "done" {
			if err := tx.EndTalk(talk.ID, p); err != nil {
				return bot.Next{}, err
			}
			t.Say(locales.T("talk.closed", "Who", who))
			return bot.End(), nil
		}
		if err := tx.PassOn(talk.ID, said, p); err != nil {
			return bot.Next{}, err
		}
		if d.Told = true; !told {
			t.Say(locales.T("talk.passed", "Who", who))
		}
		return bot.Quiet(), nil
	})
}

// isCommand says whether a whole message is what notices and screens tell to type: it was meant for the bot, and may be
// about oneself.
func isCommand(t *bot.Turn) bool {
	return slices.Contains(t.Words("words.commands"), bot.Plain(t.Text))
}

// talkWords tell an official that somebody wants to talk with him, both what the other one says, and the official that a
// talk is over: the person is told of that by an event. They no longer hold for who lost the right; what was written in a
// talk that ended meanwhile still arrives when the official had joined it.
func talkWords(tx *store.Tx, notice store.Notice, person store.Person) (text locales.Text, holds bool, err error) {
	talk, said, err := talkOfNotice(tx, notice)
	if err != nil {
		return text, false, err
	}
	if person.ID == talk.Person {
		official := officeText(talk.Office.Role, talk.Office.Place)
		return locales.T("notice.passed_on", "Who", official, "Said", said), said != "" || notice.Kind == store.NoticeTalkEnded, nil
	}
	who, err := writer(tx, talk)
	if err != nil || !program.May(person.Offices, program.TakeOver, talk.Place) {
		return text, false, err
	}
	open := talk.Open(tx.Now)
	switch notice.Kind {
	case store.NoticeTalk:
		return locales.T("notice.talk", "Head", head(person), "Who", who), open, nil
	case store.NoticePassedOn:
		return locales.T("notice.passed_on", "Who", who, "Said", said), said != "" && (open || !talk.Joined.IsZero()), nil
	}
	with, err := tx.TalksWith(person) // who talks with him again would think that this is over
	again := slices.ContainsFunc(with, func(t store.Talk) bool { return t.Person == talk.Person })
	return locales.T("notice.talk_ended", "Who", who), !again, err
}

// talkOfNotice is the talk that a notice is about, and what it passes on.
func talkOfNotice(tx *store.Tx, notice store.Notice) (talk store.Talk, said string, err error) {
	id := notice.Subject
	if notice.Kind == store.NoticePassedOn {
		line, err := tx.TalkLine(id)
		if err != nil {
			return talk, "", err
		}
		id, said = line.Talk, line.Said
	}
	talk, err = tx.Talk(id)
	return talk, said, err
}

// inTalk is where somebody is told of a talk. Its person: in the chat in which he talks, while that is his; that it is over
// is an event there, so that what was asked before can be asked again. The official: in any of his chats.
func inTalk(tx *store.Tx, notice store.Notice, chats []store.Chat) ([]store.Chat, *bot.Event, error) {
	talk, _, err := talkOfNotice(tx, notice)
	if err != nil || talk.Person != notice.Person {
		return chats, nil, err
	}
	chats = slices.DeleteFunc(chats, func(chat store.Chat) bool { return chat != talk.Chat })
	if notice.Kind == store.NoticeTalkEnded {
		return chats, &bot.Event{Flow: "person", Args: map[string]string{eventTalkEnded: talk.ID}}, nil
	}
	return chats, nil, nil
}
