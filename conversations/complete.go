package conversations

import (
	"context"
	"errors"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// completing is what BPJS also wants to know of a worker, and what was answered so far.
type completing struct {
	Worker, Name                    string
	Sex                             program.Sex
	Mother, Workplace, Heir, Income string
}

// complete asks what BPJS also wants: now, or any day before the record goes there.
func (c *Conversations) complete() bot.Flow[completing] {
	return bot.Flow[completing]{
		Name:  "complete",
		Title: func(d *completing) locales.Text { return locales.T("complete.title", "Worker", called(d.Name, d.Sex)) },
		Begin: c.beginComplete,
		Steps: []bot.Step[completing]{
			{Name: "mother", Counted: true, Ask: c.askMore("complete.mother.ask", func(w store.Worker) string { return masked(w.Mother) }), Answer: answerMore(func(d *completing) *string { return &d.Mother }), Help: "complete.mother.help"},
			{Name: "workplace", Counted: true, Ask: c.askMore("complete.workplace.ask", func(w store.Worker) string { return w.Workplace }), Answer: answerMore(func(d *completing) *string { return &d.Workplace }), Help: "complete.workplace.help"},
			{Name: "income", Counted: true, Ask: c.askIncome, Answer: answerIncome, Help: "complete.income.help"},
			{Name: "heir", Counted: true, Ask: c.askMore("complete.heir.ask", func(w store.Worker) string { return w.Heir }), Answer: answerMore(func(d *completing) *string { return &d.Heir }), Help: "complete.heir.help"},
			{Name: "save", Ask: c.askMoreSave, Answer: c.answerMoreSave, Help: "complete.save.help"},
		},
	}
}

func (c *Conversations) beginComplete(ctx context.Context, t *bot.Turn, d *completing) (bot.Next, error) {
	w, p, err := c.own(ctx, t, t.Args["worker"])
	if errors.Is(err, store.ErrNotFound) {
		t.Say(locales.T("workers.none_such"))
		return bot.End(), nil
	}
	if err == nil && !canRegister(p) {
		t.Say(locales.T("workers.no_right"))
		return bot.End(), nil
	}
	d.Worker, d.Name, d.Sex = w.ID, w.Name, w.Sex
	text := "complete.begin"
	if len(missingData(w)) == 0 {
		text = "complete.begin_known"
	}
	t.Say(locales.T(text, "Worker", called(w.Name, w.Sex)))
	return bot.Next{}, err
}

// known is what the record has now of what is asked, with the question and the way to leave it as it is.
func (c *Conversations) known(ctx context.Context, t *bot.Turn, d *completing, question string, value func(store.Worker) locales.Text) (bot.Prompt, error) {
	w, _, err := c.own(ctx, t, d.Worker)
	prompt := bot.Prompt{Text: locales.T(question, "Worker", called(d.Name, d.Sex)), Choices: []bot.Choice{choice("skip", "complete.skip")}}
	if now := value(w); err == nil && !now.IsZero() {
		prompt.Text = locales.T("complete.known", "Value", now, "Question", prompt.Text)
		prompt.Choices[0] = choice("skip", "complete.keep")
	}
	return prompt, unlessNotFound(err) // whoever lost the right is told so when he saves
}

func (c *Conversations) askMore(text string, field func(store.Worker) string) func(context.Context, *bot.Turn, *completing) (bot.Prompt, error) {
	return func(ctx context.Context, t *bot.Turn, d *completing) (bot.Prompt, error) {
		prompt, err := c.known(ctx, t, d, text, func(w store.Worker) locales.Text { return written(field(w)) })
		prompt.Free, prompt.Names = true, true
		return prompt, err
	}
}

// written is a value as it stands, nothing for none.
func written(value string) locales.Text {
	if value == "" {
		return locales.Text{}
	}
	return locales.T("complete.value", "Value", value)
}

// incomeText is the answer about a worker's income, nothing for none.
func incomeText(enough *bool) locales.Text {
	switch {
	case enough == nil:
		return locales.Text{}
	case *enough:
		return locales.T("complete.income.yes")
	}
	return locales.T("complete.income.no")
}

func answerMore(field func(*completing) *string) func(context.Context, *bot.Turn, *completing) (bot.Next, error) {
	return func(_ context.Context, t *bot.Turn, d *completing) (bot.Next, error) {
		if t.Choice == "skip" {
			*field(d) = ""
			return bot.Next{}, nil
		}
		value, ok := phrase(t.Text, 2, 120)
		if !ok {
			return bot.Again(locales.T("complete.again")), nil
		}
		*field(d) = value
		return bot.Next{}, nil
	}
}

func (c *Conversations) askIncome(ctx context.Context, t *bot.Turn, d *completing) (bot.Prompt, error) {
	prompt, err := c.known(ctx, t, d, "complete.income.ask", func(w store.Worker) locales.Text { return incomeText(w.IncomeEnough) })
	prompt.Choices = append([]bot.Choice{
		{ID: "yes", Label: locales.T("complete.income.yes"), Words: "words.yes"},
		{ID: "no", Label: locales.T("complete.income.no"), Words: "words.no"},
	}, prompt.Choices...)
	return prompt, err
}

func answerIncome(_ context.Context, t *bot.Turn, d *completing) (bot.Next, error) {
	switch t.Choice {
	case "":
		return bot.Again(locales.Text{}), nil
	case "no":
		t.Say(locales.T("complete.income.low"))
	}
	d.Income = t.Choice
	if t.Choice == "skip" {
		d.Income = ""
	}
	return bot.Next{}, nil
}

func (c *Conversations) askMoreSave(ctx context.Context, t *bot.Turn, d *completing) (bot.Prompt, error) {
	w, _, err := c.own(ctx, t, d.Worker)
	if err = unlessNotFound(err); err != nil {
		return bot.Prompt{}, err
	}
	first := func(answers ...locales.Text) locales.Text { // what was answered now, else what is recorded
		for _, a := range answers {
			if !a.IsZero() {
				return a
			}
		}
		return locales.T("complete.not_yet")
	}
	var income locales.Text
	if d.Income != "" {
		income = locales.T("complete.income." + d.Income)
	}
	return bot.Prompt{Text: locales.T("complete.save.ask", "Worker", called(d.Name, d.Sex),
		"Mother", first(written(d.Mother), written(masked(w.Mother))), "Workplace", first(written(d.Workplace), written(w.Workplace)),
		"Income", first(income, incomeText(w.IncomeEnough)), "Heir", first(written(d.Heir), written(w.Heir))),
		Exact: true,
		Choices: []bot.Choice{
			{ID: "save", Label: locales.T("register.summary.save"), Words: "words.yes"},
			choice("mother", "complete.change"), choice("cancel", "button.cancel"),
		}}, nil
}

func (c *Conversations) answerMoreSave(ctx context.Context, t *bot.Turn, d *completing) (bot.Next, error) {
	switch t.Choice {
	case "cancel":
		t.Say(locales.T("global.cancelled"))
		return bot.End(), nil
	case "mother":
		return bot.Go("complete", map[string]string{"worker": d.Worker}), nil
	case "save":
		return c.saveMore(ctx, t, d)
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) saveMore(ctx context.Context, t *bot.Turn, d *completing) (bot.Next, error) {
	p, _, ok, err := c.officer(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	if d.Mother == "" && d.Workplace == "" && d.Income == "" && d.Heir == "" {
		t.Say(locales.T("complete.nothing"))
		return bot.End(), nil
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		for _, v := range []struct {
			field store.WorkerField
			value string
		}{{store.FieldMother, d.Mother}, {store.FieldWorkplace, d.Workplace}, {store.FieldIncome, incomes[d.Income]}, {store.FieldHeir, d.Heir}} {
			if v.value == "" {
				continue
			}
			if err := tx.CorrectWorker(d.Worker, v.field, v.value, p); err != nil {
				return bot.Next{}, err
			}
		}
		t.Say(locales.T("complete.saved", "Worker", called(d.Name, d.Sex)))
		return bot.End(), nil
	})
	if errors.Is(err, store.ErrPaused) {
		t.Say(locales.T("workers.paused"))
		return bot.End(), nil
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrNoRight) {
		t.Say(locales.T("workers.no_right"))
		return bot.End(), nil
	}
	return next, wrap(err, "keep what BPJS also wants")
}

// incomes are the answers as the store keeps them.
var incomes = map[string]string{"yes": "true", "no": "false"}

// missingData names what the record lacks before it can go to BPJS.
func missingData(w store.Worker) (missing []locales.Text) {
	for _, f := range []struct {
		field store.WorkerField
		known bool
	}{{store.FieldMother, w.Mother != ""}, {store.FieldWorkplace, w.Workplace != ""}, {store.FieldIncome, w.IncomeEnough != nil}, {store.FieldHeir, w.Heir != ""}} {
		if !f.known {
			missing = append(missing, locales.T("missing."+string(f.field)))
		}
	}
	return missing
}
