package conversations

import (
	"context"
	"strings"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// correctable are the fields that an RT head may correct.
var correctable = []store.WorkerField{store.FieldPhone, store.FieldName, store.FieldAddress, store.FieldBirth}

func (c *Conversations) askField(ctx context.Context, t *bot.Turn, d *looking, w store.Worker) (bot.Prompt, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	prompt := bot.Prompt{Text: locales.T("workers.field.ask", "Name", d.Name)}
	for _, f := range correctable {
		prompt.Choices = append(prompt.Choices, choice(string(f), "field."+string(f)))
	}
	if program.May(p.Offices, program.Register, w.RT.String()) {
		prompt.Choices = append(prompt.Choices, choice("complete", "workers.field.complete"))
	}
	prompt.Choices = append(prompt.Choices, choice("card", "workers.field.back"))
	return prompt, nil
}

func answerField(_ context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	if t.Choice == "" {
		return bot.Again(locales.Text{}), nil
	}
	switch t.Choice {
	case "card":
		return bot.To("card"), nil
	case "complete":
		return bot.Go("complete", map[string]string{"worker": d.Worker}), nil
	case "menu":
		return bot.End(), nil
	}
	d.Field = store.WorkerField(t.Choice)
	return bot.To("value"), nil
}

func askValue(_ context.Context, _ *bot.Turn, d *looking, _ store.Worker) (bot.Prompt, error) {
	prompt := bot.Prompt{Text: locales.T("workers.value."+string(d.Field), "Name", d.Name), Free: true}
	if d.Field == store.FieldPhone {
		prompt.Choices = []bot.Choice{choice("none", "register.phone.none")}
	}
	return prompt, nil
}

func answerValue(_ context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	if t.Choice == "menu" {
		return bot.End(), nil
	}
	value, problem := corrected(t, d.Field)
	if problem != "" {
		return bot.Again(locales.T(problem)), nil
	}
	d.Value, d.Owner = value, ""
	if d.Field == store.FieldPhone && value != "" {
		return bot.To("owner"), nil
	}
	return bot.To("confirm"), nil
}

func askNewOwner(_ context.Context, _ *bot.Turn, d *looking, _ store.Worker) (bot.Prompt, error) {
	phone, err := program.ParsePhone(d.Value)
	return ownerPrompt(phone), err
}

func answerNewOwner(_ context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "":
		return bot.Again(locales.Text{}), nil
	case "menu":
		return bot.End(), nil
	}
	d.Owner = t.Choice
	return bot.To("confirm"), nil
}

// corrected reads a new value as the store keeps it; the problem is the text that says what to send instead.
func corrected(t *bot.Turn, field store.WorkerField) (value, problem string) {
	switch field {
	case store.FieldPhone:
		if t.Choice == "none" {
			return "", ""
		}
		said := t.Text
		if t.Update.Contact != nil {
			said = t.Update.Contact.Phone
		}
		phone, err := program.ParsePhone(said)
		if err != nil {
			return "", "register.phone.again"
		}
		return phone.E164(), ""
	case store.FieldBirth:
		birth, err := program.ParseDateText(t.Text, program.DateOf(t.Now))
		if err != nil {
			return "", "register.birth.again"
		}
		return birth.String(), ""
	case store.FieldName:
		name, ok := phrase(t.Text, 2, 80)
		if !ok || strings.ContainsAny(name, "0123456789") {
			return "", "register.name.again"
		}
		return name, ""
	}
	address, ok := phrase(t.Text, 5, 160)
	if !ok {
		return "", "register.address.again"
	}
	return address, ""
}

func askCorrection(_ context.Context, _ *bot.Turn, d *looking, w store.Worker) (bot.Prompt, error) {
	old, now := values(w, d)
	return confirmation(locales.T("workers.confirm.ask", "Name", d.Name, "Field", locales.T("field."+string(d.Field)), "Old", old, "New", now), "workers.confirm.yes"), nil
}

func values(w store.Worker, d *looking) (old, now any) {
	switch d.Field {
	case store.FieldPhone:
		phone, _ := program.ParsePhone(d.Value)
		return phoneText(w.Phone, w.PhoneOwner), phoneText(phone, d.Owner)
	case store.FieldBirth:
		birth, _ := program.ParseDate(d.Value)
		return w.Birth, birth
	case store.FieldName:
		return w.Name, d.Value
	}
	return addressText(w.Address), d.Value
}

func (c *Conversations) answerCorrection(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("card"), nil
	case "yes":
		return c.correct(ctx, t, d)
	case "menu":
		return bot.End(), nil
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) correct(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	return act(ctx, c, t, d, "workers.no_right", "correct a worker", func(tx *store.Tx, p store.Person) (bot.Next, error) {
		before, err := tx.Worker(d.Worker)
		if err != nil {
			return bot.Next{}, err
		}
		if d.Field == store.FieldPhone {
			err = tx.CorrectPhone(d.Worker, d.Value, d.Owner, p)
		} else {
			err = tx.CorrectWorker(d.Worker, d.Field, d.Value, p)
		}
		if err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("workers.corrected", "Name", d.Name, "Field", locales.T("field."+string(d.Field))))
		if d.Field == store.FieldPhone && !before.Phone.IsZero() {
			if err := sayCutOff(t, tx, d); err != nil {
				return bot.Next{}, err
			}
		}
		return bot.To("card"), c.doubtAge(t, tx, d)
	})
}

// sayCutOff tells that the old number opens nothing more, and how a worker gets to his data with the new one.
func sayCutOff(t *bot.Turn, tx *store.Tx, d *looking) error {
	w, err := tx.Worker(d.Worker)
	if err != nil {
		return err
	}
	reached, err := tx.Reached(w.ID)
	switch {
	case err != nil || reached: // he has another chat, which stays
		return err
	case d.Value == "" || !toTell(w):
		t.Say(locales.T("workers.corrected_phone"))
	default:
		t.Say(locales.T("workers.corrected_phone_new"))
	}
	return nil
}

// doubtAge tells the kelurahan when a corrected birth date says that the worker should not have been registered as he
// was (rule 15): the fact is recorded, the decision is theirs.
func (c *Conversations) doubtAge(t *bot.Turn, tx *store.Tx, d *looking) error {
	if d.Field != store.FieldBirth {
		return nil
	}
	w, err := tx.Worker(d.Worker)
	if err != nil {
		return err
	}
	verdict := program.CheckAge(w.Birth, program.DateOf(w.RegisteredAt), c.Settings)
	if verdict == program.AgeOK {
		return nil
	}
	t.Say(locales.T("workers.age_doubt"))
	return tx.Alert(store.Alert{Kind: store.AlertAge, Kelurahan: w.RT.Kelurahan, RT: w.RT, Worker: w.ID, Reason: string(verdict)})
}
