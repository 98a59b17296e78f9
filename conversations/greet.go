package conversations

import (
	"context"
	"errors"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// greeting waits for the number that a code was issued for.
type greeting struct{ Code string }

// greet answers a first contact, and links a chat to a person by an invite code.
func (c *Conversations) greet() bot.Flow[greeting] {
	return bot.Flow[greeting]{
		Name:  "greet",
		Begin: c.beginGreeting,
		Steps: []bot.Step[greeting]{{
			Name: "phone",
			Ask: func(context.Context, *bot.Turn, *greeting) (bot.Prompt, error) {
				return bot.Prompt{Text: locales.T("greet.phone.ask"), ShareContact: true, Free: true}, nil
			},
			Answer: c.greetPhone,
			Help:   "greet.phone.help",
		}},
	}
}

func (c *Conversations) beginGreeting(ctx context.Context, t *bot.Turn, d *greeting) (bot.Next, error) {
	if d.Code = t.Args["code"]; d.Code != "" {
		return c.useCode(ctx, t, d)
	}
	if t.Args["short"] != "" {
		t.Say(locales.T("greet.code.short"))
		return bot.Go("menu", nil), nil
	}
	if t.Args["unasked"] != "" {
		if _, err := c.linked(ctx, t); err == nil { // no first contact: a session expired or was lost
			t.Say(locales.T("greet.forgotten"))
			return bot.Go("menu", nil), nil
		}
	}
	p, err := c.speaker(ctx, t)
	if errors.Is(err, errStranger) {
		t.Say(locales.T("greet.stranger"))
		return bot.Go("menu", nil), nil
	}
	if err != nil {
		return bot.Next{}, err
	}
	sayWelcome(t, p)
	return bot.Go("menu", nil), nil
}

func sayWelcome(t *bot.Turn, p store.Person) {
	if rt, ok := officeRT(p); ok {
		t.Say(locales.T("greet.officer", "Head", head(p), "RT", rt))
		return
	}
	t.Say(locales.T("greet.known", "Head", head(p)))
}

func (c *Conversations) greetPhone(ctx context.Context, t *bot.Turn, d *greeting) (bot.Next, error) {
	if code, ok := inviteCode(t.Text); ok {
		d.Code = code
		return c.useCode(ctx, t, d)
	}
	if t.Update.Contact == nil {
		return bot.Again(locales.Text{}), nil
	}
	if t.Update.Phone == "" {
		return bot.Again(locales.T("greet.phone.own")), nil
	}
	return c.useCode(ctx, t, d)
}

func (c *Conversations) useCode(ctx context.Context, t *bot.Turn, d *greeting) (bot.Next, error) {
	var p store.Person
	phone, _ := program.ParsePhone(t.Update.Phone)
	err := c.Store.Update(ctx, func(tx *store.Tx) (err error) {
		p, err = tx.UseInvite(d.Code, t.Update.From.Channel, t.Update.From.ID, phone)
		return err
	})
	if errors.Is(err, store.ErrInvitePhone) && t.Update.Phone == "" {
		return bot.Next{}, nil
	}
	if problem := inviteProblem(err); problem != "" {
		t.Say(locales.T(problem))
		return bot.Go("menu", nil), nil
	}
	if err != nil {
		return bot.Next{}, wrap(err, "use an invite")
	}
	t.Say(locales.T("greet.linked"))
	if next, asked := wished(t); asked {
		return next, nil
	}
	if onlyWorker(p) { // he learns in one screen whether he is covered
		return bot.Go("cover", nil), nil
	}
	sayWelcome(t, p)
	return bot.Go("menu", nil), nil
}

// inviteProblem is the sentence for a refused code, "" for what is no refusal.
func inviteProblem(err error) string {
	switch {
	case errors.Is(err, store.ErrInviteUnknown):
		return "greet.code.unknown"
	case errors.Is(err, store.ErrInviteUsed):
		return "greet.code.used"
	case errors.Is(err, store.ErrInviteExpired):
		return "greet.code.expired"
	case errors.Is(err, store.ErrInvitePhone):
		return "greet.code.phone"
	case errors.Is(err, store.ErrOtherWorker):
		return "greet.code.other_worker"
	case errors.Is(err, store.ErrOwnCode):
		return "greet.code.own"
	case errors.Is(err, store.ErrTooManyTries):
		return "greet.code.many"
	}
	return ""
}
