package conversations

import (
	"context"
	"errors"
	"strconv"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// cost is what so many months cost: the sum of each month's contribution.
func (c *Conversations) cost(d *registration, first program.Month, months int) (per, total program.Rupiah, err error) {
	for i := range months {
		bill, err := program.Contribution(first.Add(i), program.APBD, d.Category.Sector(c.Settings), false)
		if err != nil {
			return 0, 0, wrap(err, "compute a contribution")
		}
		per = bill.Total()
		total += per
	}
	return per, total, nil
}

func (c *Conversations) first(t *bot.Turn) program.Month {
	return program.FirstMonth(program.DateOf(t.Now), c.Settings)
}

// spans are the numbers of months that are offered: to December first, then one, three, six, twelve.
func spans(first program.Month) []int {
	december := program.MonthsToDecember(first)
	offered := []int{december}
	for _, n := range []int{1, 3, 6, 12} {
		if n != december {
			offered = append(offered, n)
		}
	}
	return offered
}

// span names so many months: "2 bulan, November – Desember 2026".
func span(first program.Month, n int) locales.Text {
	if n == 1 {
		return locales.T("span.one", "First", first)
	}
	return locales.T("span.many", "N", n, "First", first, "Last", first.Add(n-1))
}

func (c *Conversations) askMonths(_ context.Context, t *bot.Turn, d *registration) (bot.Prompt, error) {
	first := c.first(t)
	prompt := bot.Prompt{}
	var lines []locales.Text
	for _, n := range spans(first) {
		if d.Most > 0 && n > d.Most {
			continue
		}
		_, total, err := c.cost(d, first, n)
		if err != nil {
			return prompt, err
		}
		lines = append(lines, locales.T("register.months.line", "Span", span(first, n), "Total", total))
		prompt.Choices = append(prompt.Choices, bot.Choice{ID: strconv.Itoa(n), Key: strconv.Itoa(n), Label: locales.T("register.months.choice", "N", n)})
	}
	prompt.Choices = append(prompt.Choices, bot.Choice{ID: "other", Key: "0", Label: locales.T("register.months.other")})
	prompt.Text = locales.T("register.months.ask", "Lines", lines)
	return prompt, nil
}

func (c *Conversations) answerMonths(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	d.OtherCount = t.Choice == "other"
	if d.OtherCount {
		return bot.To("count"), nil
	}
	said := t.Choice
	if said == "" {
		said = t.Text
	}
	if t.Choice == "" && mentionsAny(t.Text, t.Words("words.december")) {
		said = strconv.Itoa(program.MonthsToDecember(c.first(t)))
	}
	months, ok := monthCount(said)
	if !ok {
		return bot.Again(locales.T("register.count.again")), nil
	}
	d.Months = months
	return bot.Next{}, nil
}

// changes are the fields that can be corrected from the summary, by the step that asks them.
var changes = []string{"category", "name", "nik", "birth", "phone", "address", "elsewhere", "months"}

func askChange(context.Context, *bot.Turn, *registration) (bot.Prompt, error) {
	prompt := bot.Prompt{Text: locales.T("register.change.ask")}
	for _, step := range changes {
		prompt.Choices = append(prompt.Choices, choice(step, "register.change."+step))
	}
	prompt.Choices = append(prompt.Choices, choice("summary", "register.change.summary"))
	return prompt, nil
}

func answerChange(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	if t.Choice == "" {
		return bot.Again(locales.Text{}), nil
	}
	if t.Choice == "birth" {
		d.Other = "birth"
	}
	return bot.To(t.Choice), nil
}

func (c *Conversations) askSummary(ctx context.Context, t *bot.Turn, d *registration) (bot.Prompt, error) {
	first := c.first(t)
	d.First = first
	per, total, err := c.cost(d, first, d.Months)
	if err != nil {
		return bot.Prompt{}, err
	}
	p, rt, ok, err := c.office(ctx, t)
	if err != nil || !ok {
		return closed(), err
	}
	money, err := c.summaryMoney(ctx, rt, d, first, total)
	if err != nil {
		return bot.Prompt{}, err
	}
	return bot.Prompt{
		Text: locales.T("register.summary.ask",
			"Name", d.Name, "Category", work(d.Category, d.Work), "NIK", d.NIK.String(), "Sex", locales.T("sex."+string(d.Sex)), "Birth", d.Birth,
			"Phone", phoneText(d.Phone, d.PhoneOwner), "Address", addressText(d.Address), "Elsewhere", elsewhereText(d.Elsewhere),
			"Span", span(first, d.Months), "Per", per, "Total", total,
			"Money", money, "Head", head(p), "Worker", d.called()),
		Exact: true,
		Choices: []bot.Choice{
			{ID: "save", Label: locales.T("register.summary.save"), Words: "words.yes"},
			choice("change", "register.summary.change"),
			choice("cancel", "button.cancel"),
		},
	}, nil
}

// summaryMoney tells what the registration does to the budget, honestly where it does nothing.
func (c *Conversations) summaryMoney(ctx context.Context, rt program.RT, d *registration, first program.Month, total program.Rupiah) ([]locales.Text, error) {
	if d.Elsewhere != "" || d.Age == program.AgeTooYoung {
		return []locales.Text{locales.T("register.summary.held")}, nil
	}
	var b store.Budget
	err := c.Store.View(ctx, func(tx *store.Tx) (err error) {
		b, err = tx.Budget(rt, first.Year())
		return err
	})
	if err != nil {
		return nil, wrap(err, "read the budget for a summary")
	}
	if b.Ceiling == 0 {
		return []locales.Text{locales.T(ceilingProblem(b), "Year", year(b.Year))}, nil
	}
	var lines []locales.Text
	within, later := program.SplitYears(first, d.Months, first.Year())
	_, now, err := c.cost(d, first, len(within))
	if err != nil {
		return nil, err
	}
	if len(later) > 0 {
		lines = append(lines, locales.T("register.summary.later", "Now", now, "Later", total-now, "Year", year(first.Year()+1)))
	}
	if left := b.Remaining() - now; left >= 0 {
		return append(lines, locales.T("register.summary.left", "Left", left)), nil
	}
	return append(lines, locales.T("register.summary.short", "Left", b.Remaining(), "Missing", now-b.Remaining())), nil
}

func (c *Conversations) answerSummary(ctx context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	switch t.Choice {
	case "save":
		return c.save(ctx, t, d)
	case "change":
		return bot.To("change"), nil
	case "cancel":
		t.Say(locales.T("global.cancelled"))
		return bot.End(), nil
	case "menu":
		return bot.End(), nil
	}
	return bot.Again(locales.Text{}), nil
}

// save keeps worker, money, operation and audit in one transaction, or says why nothing was kept.
func (c *Conversations) save(ctx context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	p, rt, ok, err := c.officer(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	if c.first(t) != d.First { // the month turned since the summary: what it costs is another thing now
		t.Say(locales.T("register.month_turned"))
		return bot.To("summary"), nil
	}
	w := d.worker(rt, d.First)
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		r, err := tx.Register(w, t.Op(), p, store.Consent{Version: rtConsent, GivenBy: store.ByRT, Channel: t.Update.From.Channel})
		if err != nil {
			return bot.Next{}, err
		}
		sayRegistered(t, d, rt, r)
		return bot.Go("registered", map[string]string{"worker": r.Worker.ID, "name": d.Name}), nil
	})
	return c.refusedSave(t, d, next, err)
}

func sayRegistered(t *bot.Turn, d *registration, rt program.RT, r store.Registered) {
	switch r.Worker.State {
	case program.Held:
		t.Say(locales.T("register.saved_held", "Worker", d.called(), "Reason", locales.T("held."+r.Reason)))
	case program.WaitingCeiling:
		t.Say(locales.T("register.saved_waiting", "Worker", d.called()))
	default:
		t.Say(locales.T("register.saved", "Worker", d.called(), "RT", rt, "Amount", r.Amount, "Left", r.Remaining, "Waiting", waiting(r.Waiting)))
	}
}

// waiting names the months that wait for the ceiling of their year, as a line of its own; none is no line.
func waiting(months []program.Month) []locales.Text {
	if len(months) == 0 {
		return nil
	}
	return []locales.Text{locales.T("register.saved_later", "Span", span(months[0], len(months)))}
}

// refusedSave says what was refused and what can be done instead; what is no refusal is our failure.
func (c *Conversations) refusedSave(t *bot.Turn, d *registration, next bot.Next, err error) (bot.Next, error) {
	var short *store.ErrNotEnough
	var duplicate *store.DuplicateNIK
	switch {
	case err == nil:
		return next, nil
	case errors.As(err, &short):
		return c.tooLittle(t, d, short)
	case errors.As(err, &duplicate) && duplicate.SameRT:
		t.Say(locales.T("register.duplicate_same", "Worker", d.called()))
		return bot.End(), nil
	case errors.As(err, &duplicate):
		d.Asked = d.NIK
		return bot.To("move"), nil
	case errors.Is(err, store.ErrTooOld):
		d.Age = program.AgeTooOld
		return bot.To("age"), nil
	case errors.Is(err, store.ErrNoRight):
		t.Say(locales.T("register.no_right"))
		return bot.End(), nil
	}
	return bot.Next{}, wrap(err, "register a worker")
}

// tooLittle says by how much the money does not reach and for how many months it does.
func (c *Conversations) tooLittle(t *bot.Turn, d *registration, short *store.ErrNotEnough) (bot.Next, error) {
	per, _, err := c.cost(d, c.first(t), 1)
	if err != nil {
		return bot.Next{}, err
	}
	reach := int(short.Remaining / per)
	if reach == 0 {
		t.Say(locales.T("register.short_none", "Left", short.Remaining, "Missing", short.Missing))
		return bot.Pause(), nil
	}
	t.Say(locales.T("register.short", "Left", short.Remaining, "Missing", short.Missing, "N", reach))
	d.OtherCount, d.Most = false, reach
	return bot.To("months"), nil
}

func work(category program.Category, other string) locales.Text {
	if category == program.OtherWork {
		return locales.T("category.other_named", "Work", other)
	}
	return locales.T("category." + string(category))
}

func phoneText(phone program.Phone, owner string) locales.Text {
	if phone.IsZero() {
		return locales.T("worker.no_phone")
	}
	return locales.T("worker.phone", "Phone", phone.String(), "Owner", locales.T("owner."+owner))
}

func addressText(address string) locales.Text {
	if address == "" {
		return locales.T("worker.address_here")
	}
	return locales.T("worker.address", "Address", address)
}

func elsewhereText(payer string) locales.Text {
	if payer == "" {
		payer = "no"
	}
	return locales.T("elsewhere." + payer)
}
