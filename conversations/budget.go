package conversations

import (
	"context"
	"regexp"
	"strconv"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// budget answers "sisa anggaran berapa?", every figure with its date, and for how many workers it is enough.
// To an official, who sees the sums of many RTs, it shows his area.
func (c *Conversations) budget() bot.Flow[struct{}] {
	f := say("budget", c.tellBudget)
	own := f.Begin
	f.Begin = func(ctx context.Context, t *bot.Turn, d *struct{}) (bot.Next, error) {
		p, area, official, err := c.official(ctx, t)
		if err != nil {
			return bot.Next{}, err
		}
		if _, rt := officeRT(p); official && !rt && program.May(p.Offices, program.SeeBudget, area) {
			return bot.Go("area", nil), nil
		}
		return own(ctx, t, d)
	}
	return f
}

func yearOf(t *bot.Turn) int { return program.MonthOf(t.Now).Year() }

var otherRT = regexp.MustCompile(`(?i)\brt[ .]*0*([0-9]{1,3})\b`)

// askedRT is the number of the RT that a question names, 0 when it names none.
func askedRT(text string) int {
	m := otherRT.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

func (c *Conversations) tellBudget(ctx context.Context, t *bot.Turn) error {
	_, rt, ok, err := c.officer(ctx, t)
	if err != nil || !ok {
		return err
	}
	if n := askedRT(t.Args["text"]); n != 0 && n != rt.Number {
		t.Say(locales.T("budget.other_rt", "RT", rt))
		return nil
	}
	var b store.Budget
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		b, err = tx.Budget(rt, yearOf(t))
		return err
	})
	if err != nil {
		return wrap(err, "read the budget")
	}
	if !b.HasCeiling || b.Ceiling == 0 {
		t.Say(locales.T(ceilingProblem(b), "Year", year(yearOf(t))))
		return nil
	}
	lines, err := c.budgetLines(t, b)
	if err == nil {
		t.Say(locales.T("budget.answer", "Date", program.DateOf(t.Now), "RT", rt, "Lines", lines))
	}
	return err
}

func (c *Conversations) budgetLines(t *bot.Turn, b store.Budget) ([]locales.Text, error) {
	lines := []locales.Text{
		locales.T("budget.ceiling", "Amount", b.Ceiling, "Source", b.Source, "AsOf", b.AsOf),
		locales.T("budget.spent", "Amount", b.Spent),
		locales.T("budget.committed", "Amount", b.Committed),
	}
	if b.FixedCommitted > 0 && b.Outside == 0 { // what is outside the ceiling belongs to no line
		lines = append(lines, locales.T("budget.fixed", "Fixed", b.FixedCommitted, "Workers", b.Committed-b.FixedCommitted))
	}
	lines = append(lines, locales.T("budget.remaining", "Amount", b.Remaining()))
	if b.Outside > 0 {
		lines = append(lines, locales.T("budget.outside", "Amount", b.Outside))
	}
	switch {
	case b.Received == 0:
		lines = append(lines, locales.T("budget.not_received", "AsOf", b.AsOf))
	case b.DisbursedOn.IsZero():
		lines = append(lines, locales.T("budget.received", "Amount", b.Received, "AsOf", b.AsOf))
	default:
		lines = append(lines, locales.T("budget.received_on", "Amount", b.Received, "On", b.DisbursedOn))
	}
	enough, err := c.enough(t, b)
	return append(lines, enough...), err
}

// enough says for how many workers the rest reaches: one month, and to December; from the smaller of the whole rest
// and the rest of the social-protection line where there is one.
func (c *Conversations) enough(t *bot.Turn, b store.Budget) ([]locales.Text, error) {
	first := c.first(t)
	bill, err := program.Contribution(first, program.APBD, program.Other, false)
	if err != nil {
		return nil, wrap(err, "compute a contribution")
	}
	rest, which := b.Remaining(), "budget.enough"
	if plan := b.SocialPlan - b.Contributions(); b.HasSocialPlan && plan < rest {
		rest, which = max(plan, 0), "budget.enough_plan"
	}
	if program.Affordable(rest, bill.Total(), 1) == 0 {
		return []locales.Text{locales.T("budget.short", "Rest", rest, "Per", bill.Total())}, nil
	}
	months := program.MonthsToDecember(first)
	lines := []locales.Text{locales.T(which, "Rest", rest, "Per", bill.Total(), "N", program.Affordable(rest, bill.Total(), 1), "Months", 1)}
	if months > 1 {
		lines = append(lines, locales.T("budget.enough_more", "N", program.Affordable(rest, bill.Total(), months), "Months", months, "Last", first.Add(months-1)))
	}
	return lines, nil
}
