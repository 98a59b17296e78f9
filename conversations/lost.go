package conversations

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// losing is whose phone was lost.
type losing struct {
	RT     program.RT
	Worker string         // id, "" for an officer of the RT
	Roles  []program.Role // that are shown, in the order of their buttons
	Role   program.Role
	Name   string
	Phone  program.Phone
	Same   bool // it is the number that was recorded before: it is not shown in full
}

func (d *losing) office() program.Office {
	if d.Worker != "" {
		return program.Office{Role: program.Worker, Place: d.Worker}
	}
	return program.Office{Role: d.Role, Place: d.RT.String()}
}

// lost ends the links of an officer of an RT, or of a worker, whose phone was lost or changed, and makes the code that
// links him anew. An official does it; everybody else is told to ask one.
func (c *Conversations) lost() bot.Flow[losing] {
	officer := func(d *losing) bool { return d.Worker == "" }
	return bot.Flow[losing]{
		Name:  "lost",
		Begin: c.beginLost,
		Steps: []bot.Step[losing]{
			{Name: "who", When: officer, Ask: c.askLost, Answer: c.answerLost, Help: "lost.who.help"},
			{Name: "phone", When: officer, Ask: askNewPhone, Answer: c.answerNewPhone, Help: "invite.phone.help"},
			{Name: "confirm", Ask: askRebind, Answer: c.answerRebind, Help: "invite.confirm.help"},
		},
	}
}

func (c *Conversations) beginLost(ctx context.Context, t *bot.Turn, d *losing) (bot.Next, error) {
	p, area, official, err := c.official(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if !official || !program.May(p.Offices, program.Unlink, area) {
		t.Say(locales.T("lost.ask_official"))
		return bot.End(), nil
	}
	if d.Worker = t.Args["worker"]; d.Worker != "" {
		w, _, err := c.own(ctx, t, d.Worker)
		if errors.Is(err, store.ErrNotFound) {
			t.Say(locales.T("lost.no_right"))
			return bot.End(), nil
		}
		d.RT, d.Name = w.RT, w.Name
		return bot.Next{}, err
	}
	if d.RT, err = program.ParseRTCode(t.Args["rt"]); err != nil {
		t.Say(locales.T("lost.where"))
		return bot.Go("area", nil), nil
	}
	return bot.Next{}, nil
}

// losers are the offices of an RT that may be linked anew, and who holds each.
var losers = []program.Role{program.Ketua, program.Sekretaris, program.Bendahara, program.Wakil}

// holder is who holds an office of an RT where the speaker may unlink at this moment; ok is false for nobody.
func (c *Conversations) holder(ctx context.Context, t *bot.Turn, rt program.RT, role program.Role) (p store.Person, ok bool, err error) {
	by, err := c.anybody(ctx, t)
	if err != nil || !program.May(by.Offices, program.Unlink, rt.String()) {
		return p, false, err
	}
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Officers(role, rt.String())
		if len(all) > 0 {
			p, ok = all[0], true
		}
		return err
	})
	return p, ok, wrap(err, "read who holds an office")
}

func (c *Conversations) askLost(ctx context.Context, t *bot.Turn, d *losing) (bot.Prompt, error) {
	prompt, lines := bot.Prompt{}, []locales.Text(nil)
	d.Roles = nil
	for _, role := range losers {
		p, ok, err := c.holder(ctx, t, d.RT, role)
		if err != nil {
			return prompt, err
		}
		if !ok {
			continue
		}
		lines = append(lines, locales.T("lost.who.line", "Office", officeText(role, d.RT.String()), "Name", p.Name))
		prompt.Choices = append(prompt.Choices, choice("o"+strconv.Itoa(len(d.Roles)), "invite.role."+string(role)))
		d.Roles = append(d.Roles, role)
	}
	prompt.Text = locales.T("lost.who.ask", "Lines", lines)
	if len(lines) == 0 {
		prompt.Text = locales.T("lost.who.none", "RT", d.RT)
	}
	prompt.Choices = append(prompt.Choices, choice("menu", "button.menu"))
	return prompt, nil
}

func (c *Conversations) answerLost(ctx context.Context, t *bot.Turn, d *losing) (bot.Next, error) {
	if t.Choice == "menu" {
		return bot.End(), nil
	}
	i, err := strconv.Atoi(strings.TrimPrefix(t.Choice, "o"))
	if err != nil || i < 0 || i >= len(d.Roles) {
		return bot.Again(locales.Text{}), nil
	}
	p, ok, err := c.holder(ctx, t, d.RT, d.Roles[i])
	if err != nil {
		return bot.Next{}, err
	}
	if !ok {
		return bot.To("who"), nil
	}
	d.Role, d.Name = d.Roles[i], p.Name
	return bot.To("phone"), nil
}

func askNewPhone(_ context.Context, _ *bot.Turn, d *losing) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("lost.phone.ask", "Name", d.Name), Free: true, Choices: []bot.Choice{choice("same", "lost.phone.same")}}, nil
}

func (c *Conversations) answerNewPhone(ctx context.Context, t *bot.Turn, d *losing) (bot.Next, error) {
	if t.Choice == "same" {
		p, ok, err := c.holder(ctx, t, d.RT, d.Role)
		if err != nil {
			return bot.Next{}, err
		}
		if !ok || p.Phone.IsZero() {
			return bot.Again(locales.T("invite.phone.again")), nil
		}
		d.Phone, d.Same = p.Phone, true
		return bot.To("confirm"), nil
	}
	said := t.Text
	if t.Update.Contact != nil {
		said = t.Update.Contact.Phone
	}
	phone, err := program.ParsePhone(said)
	if err != nil {
		return bot.Again(locales.T("invite.phone.again")), nil
	}
	d.Phone, d.Same = phone, false
	return bot.To("confirm"), nil
}

func askRebind(_ context.Context, _ *bot.Turn, d *losing) (bot.Prompt, error) {
	number := d.Phone.E164()
	if d.Same {
		number = d.Phone.String()
	}
	text := locales.T("lost.confirm.officer", "Name", d.Name, "Phone", number)
	if d.Worker != "" {
		text = locales.T("lost.confirm.worker", "Name", d.Name)
	}
	return bot.Prompt{Text: text, Exact: true, Choices: []bot.Choice{
		{ID: "yes", Label: locales.T("lost.confirm.yes"), Words: "words.yes"},
		{ID: "no", Label: locales.T("workers.confirm.no"), Words: "words.no"},
	}}, nil
}

func (c *Conversations) answerRebind(ctx context.Context, t *bot.Turn, d *losing) (bot.Next, error) {
	switch t.Choice {
	case "no":
		t.Say(locales.T("global.cancelled"))
		return bot.End(), nil
	case "yes":
		return c.rebind(ctx, t, d)
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) rebind(ctx context.Context, t *bot.Turn, d *losing) (bot.Next, error) {
	by, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	next, err := once(ctx, c, t, by.ID, d, func(tx *store.Tx) (bot.Next, error) {
		code, err := tx.Rebind(d.office(), d.Phone, by.ID)
		if err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("lost.made", "Name", d.Name, "Code", code, "Until", program.DateOf(tx.Now.AddDate(0, 0, 7)), "Enter", c.enter(code)))
		return bot.End(), nil
	})
	switch {
	case errors.Is(err, store.ErrPhoneTaken):
		t.Say(locales.T("lost.phone.taken"))
		return bot.To("phone"), nil
	case slices.ContainsFunc([]error{store.ErrNoRight, store.ErrNotFound, store.ErrNeedsPhone}, func(e error) bool { return errors.Is(err, e) }):
		t.Say(locales.T("lost.no_right"))
		return bot.End(), nil
	}
	return next, wrap(err, "link somebody anew")
}
