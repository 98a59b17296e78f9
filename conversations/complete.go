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
			{Name: "mother", Counted: true, Ask: askMore("complete.mother.ask"), Answer: answerMore(func(d *completing) *string { return &d.Mother }), Help: "complete.mother.help"},
			{Name: "workplace", Counted: true, Ask: askMore("complete.workplace.ask"), Answer: answerMore(func(d *completing) *string { return &d.Workplace }), Help: "complete.workplace.help"},
			{Name: "income", Counted: true, Ask: askIncome, Answer: answerIncome, Help: "complete.income.help"},
			{Name: "heir", Counted: true, Ask: askMore("complete.heir.ask"), Answer: answerMore(func(d *completing) *string { return &d.Heir }), Help: "complete.heir.help"},
			{Name: "save", Ask: askMoreSave, Answer: c.answerMoreSave, Help: "complete.save.help"},
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
	t.Say(locales.T("complete.begin", "Worker", called(w.Name, w.Sex)))
	return bot.Next{}, err
}

func askMore(text string) func(context.Context, *bot.Turn, *completing) (bot.Prompt, error) {
	return func(_ context.Context, _ *bot.Turn, d *completing) (bot.Prompt, error) {
		return bot.Prompt{Text: locales.T(text, "Worker", called(d.Name, d.Sex)), Free: true, Names: true,
			Choices: []bot.Choice{choice("skip", "complete.skip")}}, nil
	}
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

func askIncome(_ context.Context, _ *bot.Turn, d *completing) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("complete.income.ask", "Worker", called(d.Name, d.Sex)), Choices: []bot.Choice{
		{ID: "yes", Label: locales.T("complete.income.yes"), Words: "words.yes"},
		{ID: "no", Label: locales.T("complete.income.no"), Words: "words.no"},
		choice("skip", "complete.skip"),
	}}, nil
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

func askMoreSave(_ context.Context, _ *bot.Turn, d *completing) (bot.Prompt, error) {
	answered := func(s string) locales.Text {
		if s == "" {
			return locales.T("complete.not_yet")
		}
		return locales.T("complete.value", "Value", s)
	}
	income := locales.T("complete.not_yet")
	if d.Income != "" {
		income = locales.T("complete.income." + d.Income)
	}
	return bot.Prompt{Text: locales.T("complete.save.ask", "Worker", called(d.Name, d.Sex),
		"Mother", answered(d.Mother), "Workplace", answered(d.Workplace), "Income", income, "Heir", answered(d.Heir)),
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
