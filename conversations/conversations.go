// Package conversations is what the bot says and asks: one file a flow, its words in locales.
//
// A flow reads who speaks and what he may do in SQL each time something personal is shown or changed, and changes
// records only through an operation of the store. No rule of the programme is decided here.
package conversations

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// Conversations are the flows over one store.
type Conversations struct {
	Store    *store.DB
	Settings program.Settings
	Link     func(code string) string // an address that opens the bot with a code, or with none; "" while none is known; nil: there is none
}

// All are the flows, in menu order.
func (c *Conversations) All() []bot.Playable {
	return []bot.Playable{
		c.greet().Playable(),
		c.menu().Playable(),
		c.register().Playable(),
		c.registered().Playable(),
		c.budget().Playable(),
		c.workers().Playable(),
		c.area().Playable(),
		c.tickets().Playable(),
		c.talk().Playable(),
		c.moves().Playable(),
		c.complete().Playable(),
		c.cover().Playable(),
		c.mydata().Playable(),
		c.invite().Playable(),
		c.issued().Playable(),
		c.lost().Playable(),
		c.contribution().Playable(),
		c.benefits().Playable(),
		c.join().Playable(),
		c.help().Playable(),
		c.person().Playable(),
		c.language().Playable(),
		c.hush().Playable(),
		c.accident().Playable(),
		c.death().Playable(),
	}
}

// Engine is the bot that plays these conversations.
func (c *Conversations) Engine(texts *locales.Catalogue, newID func() string) *bot.Engine {
	return &bot.Engine{
		Flows: c.All(), Texts: texts, NewID: newID, Understand: understand, Heard: c.heard,
		Greet: "greet", Menu: "menu", Help: "help", Person: "person",
	}
}

// errStranger: nobody is linked to this chat.
var errStranger = errors.New("stranger")

// linked is whom this chat was linked to before, store.ErrNotFound for nobody.
func (c *Conversations) linked(ctx context.Context, t *bot.Turn) (p store.Person, err error) {
	err = c.Store.Look(ctx, func(tx *store.Tx) (err error) {
		p, err = tx.PersonByChat(t.Update.From.Channel, t.Update.From.ID)
		return err
	})
	return p, err
}

// heard notes that somebody writes in this chat, and in which language he is spoken to in all of his chats. One that was silent for so long that its link is over is told so.
func (c *Conversations) heard(ctx context.Context, t *bot.Turn) error {
	from, lang, note, slept := t.Update.From, "", false, false
	err := c.Store.Look(ctx, func(tx *store.Tx) (err error) {
		lang, note, err = tx.Listen(from.Channel, from.ID)
		return err
	})
	if err == nil && lang == "" && t.Lang != locales.Default {
		err = c.adoptLang(ctx, t)
	}
	t.Lang = cmp.Or(lang, t.Lang)
	if err != nil || !note {
		return err
	}
	err = c.Store.Update(ctx, func(tx *store.Tx) (err error) {
		slept, err = tx.Heard(from.Channel, from.ID)
		return err
	})
	if err == nil && slept {
		t.Say(locales.T("greet.slept"))
	}
	return err
}

// adoptLang keeps the language that was chosen in a chat before anybody was linked to it.
func (c *Conversations) adoptLang(ctx context.Context, t *bot.Turn) error {
	p, err := c.linked(ctx, t)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = c.keepLang(ctx, p, t.Lang)
	}
	return wrap(err, "keep the language of a chat")
}

// speaker is who writes in this chat. A number that the channel vouches for and that stands on the imported list links
// the chat; the result is errStranger for whoever is unknown.
func (c *Conversations) speaker(ctx context.Context, t *bot.Turn) (p store.Person, err error) {
	from := t.Update.From
	p, err = c.linked(ctx, t)
	if !errors.Is(err, store.ErrNotFound) {
		return p, wrap(err, "read who speaks")
	}
	phone, err := program.ParsePhone(t.Update.Phone)
	if err != nil {
		return p, errStranger
	}
	err = c.Store.Update(ctx, func(tx *store.Tx) (err error) {
		p, err = tx.LinkByPhone(from.Channel, from.ID, phone)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrNotProved) {
		return store.Person{}, errStranger
	}
	return p, wrap(err, "link a chat by its phone number")
}

func wrap(err error, attempt string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", attempt, err)
}

// officer is the speaker with the RT that he works for; who is none is told so.
func (c *Conversations) officer(ctx context.Context, t *bot.Turn) (p store.Person, rt program.RT, ok bool, err error) {
	p, rt, ok, err = c.office(ctx, t)
	if err != nil || ok {
		return p, rt, ok, err
	}
	if p.ID == "" {
		t.Say(locales.T("greet.stranger_refused"))
	} else {
		t.Say(locales.T("greet.not_rt"))
	}
	return p, rt, false, nil
}

// office is the speaker with the RT that he works for at this moment.
func (c *Conversations) office(ctx context.Context, t *bot.Turn) (p store.Person, rt program.RT, ok bool, err error) {
	p, err = c.speaker(ctx, t)
	if errors.Is(err, errStranger) {
		return p, rt, false, nil
	}
	rt, ok = officeRT(p)
	return p, rt, ok, err
}

// closed is the prompt for whoever lost his office while he was talking.
func closed() bot.Prompt {
	return bot.Prompt{Text: locales.T("greet.not_rt"), Choices: []bot.Choice{choice("menu", "button.menu")}}
}

// officeRT is the RT of whoever may see its records: the one where he may register comes first.
func officeRT(p store.Person) (rt program.RT, ok bool) {
	for _, role := range []program.Role{program.Ketua, program.Wakil, program.Sekretaris, program.Bendahara} {
		for _, o := range p.Offices {
			if o.Role != role {
				continue
			}
			if rt, err := program.ParseRTCode(o.Place); err == nil {
				return rt, true
			}
		}
	}
	return program.RT{}, false
}

// canRegister says whether somebody registers workers in his RT, corrects them and sets money aside.
func canRegister(p store.Person) bool {
	rt, ok := officeRT(p)
	return ok && program.May(p.Offices, program.Register, rt.String())
}

// head is how an officer is spoken to.
func head(p store.Person) locales.Text {
	for _, o := range p.Offices {
		if o.Role == program.Ketua && p.Honorific != "" {
			return locales.T("address.rt_" + string(p.Honorific))
		}
	}
	if p.Honorific != "" {
		return locales.T("address." + string(p.Honorific))
	}
	return locales.T("address.both")
}

// called is how a worker is spoken of: Pak or Bu by what the KTP says, both until it is known.
func called(name string, sex program.Sex) locales.Text {
	switch sex {
	case program.Male:
		return locales.T("address.named_pak", "Name", name)
	case program.Female:
		return locales.T("address.named_bu", "Name", name)
	}
	return locales.T("address.named_both", "Name", name)
}

// once changes records as the operation of this turn: a second arrival of the same answer changes nothing and gets the
// same reply. An error of change leaves no trace.
func once[D any](ctx context.Context, c *Conversations, t *bot.Turn, by string, d *D, change func(*store.Tx) (bot.Next, error)) (bot.Next, error) {
	back := t.Mark()
	answer, _, err := c.Store.Operate(ctx, t.Op(), by, func(tx *store.Tx) ([]byte, error) {
		back()
		next, err := change(tx)
		if err != nil {
			return nil, err
		}
		return bot.Keep(t, next, d)
	})
	if err != nil {
		return bot.Next{}, err
	}
	return bot.Recall(t, answer, d)
}

func choice(id, label string) bot.Choice {
	return bot.Choice{ID: id, Label: locales.T(label), Words: "words." + label}
}

// say makes a flow that only tells something: it may interrupt any other.
func say(name string, tell func(context.Context, *bot.Turn) error) bot.Flow[struct{}] {
	return bot.Flow[struct{}]{Name: name, ReadOnly: true,
		Begin: func(ctx context.Context, t *bot.Turn, _ *struct{}) (bot.Next, error) { return bot.End(), tell(ctx, t) }}
}
