package conversations

import (
	"context"
	"errors"
	"slices"
	"strings"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// proving is what somebody says to prove that he is a worker. It names no record: what may be shown is read anew.
type proving struct {
	ByNIK  bool
	NIK    program.NIK
	Mother string
}

// cover answers "saya masih aktif?": a worker sees his own record, and nobody else's. Who is not linked proves himself by
// the number that his channel vouches for, by a code, or by NIK and his mother's maiden name together (rule 37).
func (c *Conversations) cover() bot.Flow[proving] {
	unproved := func(d *proving) bool { return d.ByNIK }
	return bot.Flow[proving]{
		Name:  "cover",
		Begin: c.beginCover,
		Steps: []bot.Step[proving]{
			{Name: "card", Ask: c.askCover, Answer: c.answerCover, Help: "cover.card.help"},
			{Name: "nik", When: unproved, Ask: askProofNIK, Answer: answerProofNIK, Help: "cover.nik.help"},
			{Name: "mother", When: unproved, Ask: askProofMother, Answer: answerProofMother, Help: "cover.mother.help"},
			{Name: "own", When: unproved, Ask: askOwnPhone, Answer: c.answerOwnPhone, Help: "cover.own.help"},
		},
	}
}

func (c *Conversations) beginCover(ctx context.Context, t *bot.Turn, _ *proving) (bot.Next, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if _, works := workerOf(p); works {
		return bot.Next{}, nil
	}
	if _, ok := officeRT(p); ok {
		return bot.Go("workers", nil), nil
	}
	return bot.Next{}, c.provePhone(ctx, t)
}

// provePhone links the chat when the number that the channel vouches for proves a worker.
func (c *Conversations) provePhone(ctx context.Context, t *bot.Turn) error {
	phone, err := program.ParsePhone(t.Update.Phone)
	if err != nil {
		return nil // nothing is vouched for
	}
	from := t.Update.From
	err = c.Store.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.ProvePhone(from.Channel, from.ID, phone)
		return err
	})
	if errors.Is(err, store.ErrNotProved) {
		return nil
	}
	return wrap(err, "prove a worker by his number")
}

// workerOf is the record of whoever is a worker, the newest that he was linked to: who is registered again has two.
func workerOf(p store.Person) (id string, ok bool) {
	for _, o := range slices.Backward(p.Offices) {
		if o.Role == program.Worker {
			return o.Place, true
		}
	}
	return "", false
}

// onlyWorker says whether somebody is a worker and holds no office.
func onlyWorker(p store.Person) bool {
	return len(p.Offices) > 0 && !slices.ContainsFunc(p.Offices, func(o program.Office) bool { return o.Role != program.Worker })
}

// self reads the record of whoever writes in this chat; ok is false for who is no worker.
func (c *Conversations) self(ctx context.Context, t *bot.Turn) (w store.Worker, months []store.CoverMonth, ok bool, err error) {
	p, err := c.speaker(ctx, t)
	if errors.Is(err, errStranger) {
		return w, nil, false, nil
	}
	id, works := workerOf(p)
	if err != nil || !works {
		return w, nil, false, err
	}
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		if w, err = tx.Worker(id); err != nil {
			return err
		}
		months, err = tx.CoverMonths(id)
		return err
	})
	return w, months, err == nil, wrap(err, "read a worker's own record")
}

func (c *Conversations) askCover(ctx context.Context, t *bot.Turn, _ *proving) (bot.Prompt, error) {
	w, months, ok, err := c.self(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	if !ok {
		return bot.Prompt{Text: locales.T("cover.how.ask"), ShareContact: true,
			Choices: []bot.Choice{choice("nik", "cover.how.nik"), choice("menu", "button.menu")}}, nil
	}
	prompt := bot.Prompt{Text: locales.T("cover.card.ask", "Card", c.coverCard(t, w, months))}
	if w.State != program.Cancelled {
		prompt.Choices = append(prompt.Choices, choice("slip", "button.slip"))
	}
	prompt.Choices = append(prompt.Choices, choice("benefits", "menu.benefits"), choice("menu", "button.menu"))
	return prompt, nil
}

func (c *Conversations) answerCover(ctx context.Context, t *bot.Turn, d *proving) (bot.Next, error) {
	if code, ok := inviteCode(t.Text); ok {
		return bot.Go("greet", map[string]string{"code": code}), nil
	}
	switch t.Choice {
	case "slip":
		w, _, ok, err := c.self(ctx, t)
		if err == nil && ok {
			attachSlip(t, w)
		}
		return bot.To("card"), err
	case "benefits":
		return bot.Go("benefits", nil), nil
	case "menu":
		return bot.End(), nil
	case "nik":
		d.ByNIK = true
		return bot.To("nik"), nil
	}
	if t.Update.Contact == nil {
		return bot.Again(locales.Text{}), nil
	}
	if t.Update.Phone == "" {
		if _, _, ok, err := c.self(ctx, t); err != nil || ok { // he has no button that shares his own
			return bot.Again(locales.Text{}), err
		}
		return bot.Again(locales.T("greet.phone.own")), nil
	}
	if err := c.provePhone(ctx, t); err != nil {
		return bot.Next{}, err
	}
	_, _, ok, err := c.self(ctx, t)
	if err == nil && ok {
		if next, asked := wished(t); asked {
			return next, nil
		}
	}
	if err != nil || ok {
		return bot.To("card"), err
	}
	if p, err := c.anybody(ctx, t); err != nil || p.ID != "" { // somebody else whom we know
		return bot.Go("greet", nil), err
	}
	return bot.Again(locales.T("cover.phone_not_enough")), nil
}

func askProofNIK(context.Context, *bot.Turn, *proving) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("cover.nik.ask"), Free: true}, nil
}

func answerProofNIK(_ context.Context, t *bot.Turn, d *proving) (bot.Next, error) {
	nik, err := program.ParseNIK(t.Text)
	if err != nil {
		return bot.Again(locales.T("cover.nik.again")), nil
	}
	d.NIK = nik
	return bot.Next{}, nil
}

func askProofMother(context.Context, *bot.Turn, *proving) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("cover.mother.ask"), Free: true, Names: true}, nil
}

func answerProofMother(_ context.Context, t *bot.Turn, d *proving) (bot.Next, error) {
	name, ok := phrase(t.Text, 2, 80)
	if !ok || strings.ContainsAny(name, "0123456789") {
		return bot.Again(locales.T("cover.mother.again")), nil
	}
	d.Mother = name
	return bot.Next{}, nil
}

func askOwnPhone(context.Context, *bot.Turn, *proving) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("cover.own.ask"), Exact: true,
		Choices: []bot.Choice{choice("own", "cover.own.yes"), choice("borrowed", "cover.own.no")}}, nil
}

// answerOwnPhone tells a worker who proved himself what stands in his record, or goes on with what he asked for about it.
// Whoever did not hears the same sentence whether the NIK is known or not.
func (c *Conversations) answerOwnPhone(ctx context.Context, t *bot.Turn, d *proving) (bot.Next, error) {
	if t.Choice != "own" && t.Choice != "borrowed" {
		return bot.Again(locales.Text{}), nil
	}
	from := t.Update.From
	var w store.Worker
	var months []store.CoverMonth
	err := c.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if w, err = tx.Prove(t.Op(), from.Channel, from.ID, d.NIK, d.Mother, t.Choice == "own"); err != nil {
			return err
		}
		months, err = tx.CoverMonths(w.ID)
		return err
	})
	*d = proving{}
	switch {
	case errors.Is(err, store.ErrNotProved):
		t.Say(locales.T("cover.not_proved"))
		return bot.End(), nil
	case errors.Is(err, store.ErrProofLocked):
		t.Say(locales.T("cover.locked"))
		return bot.End(), nil
	case err != nil:
		return bot.Next{}, wrap(err, "prove a worker by NIK and mother")
	}
	next, asked := wished(t)
	_, _, linked, err := c.self(ctx, t)
	if err != nil || asked && linked {
		return next, err
	}
	t.Say(locales.T("cover.told", "Lines", c.coverCard(t, w, months)))
	switch {
	case asked && t.Choice == "own": // only a code links him: his phone was lost, or somebody said that it is not he
		t.Say(locales.T("cover.needs_code"))
	case asked:
		t.Say(locales.T("cover.borrowed"))
	}
	return bot.End(), nil
}

// wished goes on with what somebody asked for about his data before he was known.
func wished(t *bot.Turn) (next bot.Next, asked bool) {
	wish := t.Wish
	t.Wish = ""
	return bot.Go("mydata", map[string]string{"text": wish}), wish != ""
}

// coverCard is what a worker learns about himself: where he stands, who pays, what he or his family would get, whom to ask.
func (c *Conversations) coverCard(t *bot.Turn, w store.Worker, months []store.CoverMonth) []locales.Text {
	today := program.DateOf(t.Now)
	state := w.StateOn(today, c.Settings)
	lines := []locales.Text{
		locales.T("cover.head", "Worker", called(w.Name, w.Sex), "Date", today),
		stateWords(w, today, c.Settings),
	}
	if state == program.Active {
		lines = append(lines, locales.T("cover.accident"), deathLine(w, months, today))
	}
	if !over(state) {
		lines = append(lines, locales.T("cover.payer", "RT", payer(w, months)))
	}
	return append(lines, locales.T("cover.ask_whom", "RT", w.RT))
}

// payer is the RT that paid a worker's last month, or will pay his first: who has moved was paid for by another.
func payer(w store.Worker, months []store.CoverMonth) program.RT {
	for _, m := range slices.Backward(months) {
		if m.State == store.MonthPaid {
			return m.RT
		}
	}
	return w.RT
}

// stateWords say where a worker stands on a day. After his last paid month, and before the next one falls due, he is
// active still (rule 14b), which "until" a day that has passed would not tell.
func stateWords(w store.Worker, today program.Date, s program.Settings) locales.Text {
	state := w.StateOn(today, s)
	if state == program.Active && today.After(w.PaidUntil.Last()) {
		next := w.PaidUntil.Add(1)
		return locales.T("cover.state.aktif_due", "Until", w.PaidUntil.Last(), "Month", next, "Due", program.DueDate(next, s))
	}
	return locales.T("cover.state."+string(state), "Until", w.PaidUntil.Last())
}

// deathLine is honest about the three months (rule 24): what the family would get today, and from when it would be more.
func deathLine(w store.Worker, months []store.CoverMonth, today program.Date) locales.Text {
	var paid []program.Month
	for _, m := range months {
		if m.State == store.MonthPaid {
			paid = append(paid, m.Month)
		}
	}
	start := w.Start()
	short, full := amount(program.JKMShort), amount(program.JKMFull)
	if program.FullJKM(start, paid, today) {
		return locales.T("cover.death_full", "Full", full)
	}
	return locales.T("cover.death_short", "Short", short, "Full", full, "From", program.JKMWaitEnds(start))
}

// workerWords tell a worker, or the head of his RT, about the worker that the subject begins with.
func workerWords(tx *store.Tx, notice store.Notice, person store.Person) (locales.Text, bool, error) {
	id, rest, _ := strings.Cut(notice.Subject, "/")
	w, err := tx.Worker(id)
	if err != nil {
		return locales.Text{}, false, err
	}
	if notice.Kind == store.NoticeProof {
		holds, err := tx.May(person.ID, program.SeeWorkers, w.RT.String())
		day, _ := program.ParseDate(rest)
		return locales.T("notice.proof", "Head", head(person), "Worker", called(w.Name, w.Sex), "Date", day), holds && w.Name != "", err
	}
	holds, err := tx.May(person.ID, program.SeeSelf, id)
	if err == nil && notice.Kind == store.NoticeRegistered {
		return registeredWords(tx, w, holds)
	}
	if err != nil || !holds || w.Paused || w.PaidUntil.String() != rest {
		return locales.Text{}, false, err // he is paid for longer meanwhile, or asked to be left alone
	}
	return locales.T("notice."+string(notice.Kind), "Worker", called(w.Name, w.Sex), "Until", w.PaidUntil.Last(), "RT", w.RT), true, nil
}

// registeredWords tell a worker that he is registered again, where he stands at this moment, and what comes next. Nothing of
// it holds when the registration is over meanwhile.
func registeredWords(tx *store.Tx, w store.Worker, holds bool) (locales.Text, bool, error) {
	today := program.DateOf(tx.Now)
	state := w.StateOn(today, tx.Settings())
	if !holds || w.Paused || over(state) {
		return locales.Text{}, false, nil
	}
	next := "notice.registered_next"
	if state == program.Active {
		next = "notice.registered_active"
	}
	return locales.T("notice.registered", "Worker", called(w.Name, w.Sex), "RT", w.RT,
		"State", stateWords(w, today, tx.Settings()), "Next", locales.T(next)), true, nil
}

// over says whether a registration in this state is none any more.
func over(state program.State) bool {
	return slices.Contains([]program.State{program.Stopped, program.Dead, program.Cancelled, program.Ended}, state)
}
