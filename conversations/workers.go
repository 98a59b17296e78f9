package conversations

import (
	"context"
	"errors"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// looking is where in the list somebody is, and what he corrects.
type looking struct {
	kept
	RT     program.RT // zero: the speaker's own
	Page   int
	IDs    []string // of the page that is shown, in the order of its buttons
	Field  store.WorkerField
	Value  string       // a correction that waits for a yes
	Owner  string       // whose the new number is
	Signed program.Date // the day on a signed paper that waits for a yes
}

// workers lists the RT's workers, shows one, and corrects or takes back his record.
func (c *Conversations) workers() bot.Flow[looking] {
	return bot.Flow[looking]{
		Name:  "workers",
		Begin: c.beginWorkers,
		Steps: []bot.Step[looking]{
			{Name: "list", Ask: c.askList, Answer: c.answerList, Help: "workers.list.help"},
			{Name: "card", Ask: c.askCard, Answer: c.answerCard, Help: "workers.card.help"},
			{Name: "others", Ask: c.ofOwn(c.askMoreActs), Answer: c.answerMoreActs, Help: "workers.card.help"},
			{Name: "field", Ask: c.ofOwn(c.askField), Answer: answerField, Help: "workers.field.help"},
			{Name: "value", Ask: c.ofOwn(askValue), Answer: answerValue, Help: "workers.value.help"},
			{Name: "owner", When: func(d *looking) bool { return d.Field == store.FieldPhone && d.Value != "" },
				Ask: c.ofOwn(askNewOwner), Answer: answerNewOwner, Help: "register.phone_owner.help"},
			{Name: "confirm", Ask: c.ofOwn(askCorrection), Answer: c.answerCorrection, Help: "workers.confirm.help"},
			{Name: "paper", Ask: c.ofOwn(askPaper), Answer: answerPaper, Help: "workers.paper.help"},
			{Name: "paper_confirm", Ask: c.ofOwn(askPaperConfirm), Answer: c.answerPaperConfirm, Help: "workers.confirm.help"},
			{Name: "release", Ask: c.ofOwn(c.askRelease), Answer: c.answerRelease, Help: "workers.release.help"},
			{Name: "undo", Ask: c.ofOwn(func(_ context.Context, _ *bot.Turn, d *looking, _ store.Worker) (bot.Prompt, error) {
				return undoPrompt(d.kept), nil
			}),
				Answer: c.answerListUndo, Help: "registered.undo.help"},
		},
	}
}

// beginWorkers opens the list of the speaker's own RT, or for an official the one that he chose in his area: that he read
// it is noted.
func (c *Conversations) beginWorkers(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	rt, err := program.ParseRTCode(t.Args["rt"])
	if err != nil {
		_, _, official, err := c.official(ctx, t)
		if err == nil && official {
			return bot.Go("area", nil), nil
		}
		p, err := c.anybody(ctx, t)
		if err == nil && onlyWorker(p) && mentionsAny(t.Args["text"], t.Words("words.button.slip")) { // his own
			return bot.Go("cover", nil), nil
		}
		_, _, ok, err := c.officer(ctx, t)
		if err != nil || !ok {
			return bot.End(), err
		}
		return bot.Next{}, nil
	}
	p, ok, err := c.sees(ctx, t, rt)
	if err != nil || !ok {
		return bot.End(), err
	}
	d.RT, d.Worker = rt, t.Args["worker"]
	if d.Worker != "" {
		return bot.To("card"), wrap(c.Store.Update(ctx, func(tx *store.Tx) error { return tx.NoteReading(p, d.Worker) }), "note who reads")
	}
	return bot.Next{}, wrap(c.Store.Update(ctx, func(tx *store.Tx) error { return tx.NoteReading(p, rt.String()) }), "note who reads")
}

// sees is the speaker, and whether he sees the workers of an RT at this moment.
func (c *Conversations) sees(ctx context.Context, t *bot.Turn, rt program.RT) (p store.Person, ok bool, err error) {
	p, err = c.speaker(ctx, t)
	if errors.Is(err, errStranger) {
		return p, false, nil
	}
	return p, program.May(p.Offices, program.SeeWorkers, rt.String()), err
}

// listed is the speaker with the RT whose list he looks at.
func (c *Conversations) listed(ctx context.Context, t *bot.Turn, d *looking) (p store.Person, rt program.RT, ok bool, err error) {
	if d.RT.IsZero() {
		return c.office(ctx, t)
	}
	p, ok, err = c.sees(ctx, t, d.RT)
	return p, d.RT, ok, err
}

func (c *Conversations) askList(ctx context.Context, t *bot.Turn, d *looking) (bot.Prompt, error) {
	p, rt, ok, err := c.listed(ctx, t, d)
	if err != nil || !ok {
		return closed(), err
	}
	var page []store.Worker
	var total int
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		page, total, err = tx.Workers(rt, d.Page*listPage, listPage)
		return err
	})
	if err != nil {
		return bot.Prompt{}, wrap(err, "list workers")
	}
	if total == 0 {
		prompt := bot.Prompt{Text: locales.T("workers.list.none", "RT", rt)}
		if program.May(p.Offices, program.Register, rt.String()) {
			prompt.Choices = append(prompt.Choices, choice("register", "menu.register"))
		}
		if program.May(p.Offices, program.Unlink, rt.String()) {
			prompt.Choices = append(prompt.Choices, choice("lost", "workers.list.lost"))
		}
		prompt.Choices = leaving(prompt.Choices, d)
		return prompt, nil
	}
	prompt, lines := bot.Prompt{}, []locales.Text(nil)
	d.IDs = nil
	for i, w := range page {
		lines = append(lines, locales.T("workers.list.line", "Name", w.Name, "NIK", w.NIK.String(), "State", c.state(w, t)))
		prompt.Choices = append(prompt.Choices, nameButton(i, w.Name))
		d.IDs = append(d.IDs, w.ID)
	}
	prompt.Choices = append(prompt.Choices, turning(d.Page*listPage, len(page), total)...)
	if d.Page == 0 && program.May(p.Offices, program.Unlink, rt.String()) {
		prompt.Choices = append(prompt.Choices, choice("lost", "workers.list.lost"))
	}
	prompt.Choices = leaving(prompt.Choices, d)
	prompt.Text = locales.T("workers.list.ask", "RT", rt, "Date", program.DateOf(t.Now), "Total", total,
		"From", d.Page*listPage+1, "To", d.Page*listPage+len(page), "Lines", lines)
	return prompt, nil
}

// leaving adds the ways out of a list: who came from his area gets back to it.
func leaving(choices []bot.Choice, d *looking) []bot.Choice {
	if !d.RT.IsZero() {
		choices = append(choices, choice("area", "workers.list.area"))
	}
	return withMenu(choices)
}

// shorten keeps a name on a button: at most twenty letters.
func shorten(name string) string {
	if r := []rune(name); len(r) > 20 {
		return string(r[:19]) + "…"
	}
	return name
}

func (c *Conversations) answerList(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "register":
		return bot.Go("register", nil), nil
	case "lost":
		return bot.Go("lost", map[string]string{"rt": d.RT.String()}), nil
	case "area":
		return bot.Go("area", map[string]string{"place": d.RT.Kelurahan}), nil
	case "menu":
		return bot.End(), nil
	case "next":
		d.Page++
		return bot.To("list"), nil
	case "previous":
		d.Page--
		return bot.To("list"), nil
	}
	line, ok := picked(t, d.IDs)
	if !ok {
		return bot.Again(locales.Text{}), nil
	}
	d.Worker = line
	if d.RT.IsZero() {
		return bot.To("card"), nil
	}
	_, p, err := c.own(ctx, t, d.Worker)
	if err != nil { // the card says that he is not his
		return bot.To("card"), unlessNotFound(err)
	}
	return bot.To("card"), wrap(c.Store.Update(ctx, func(tx *store.Tx) error { return tx.NoteReading(p, d.Worker) }), "note who reads")
}

// own reads a worker whom the speaker may see at this moment; any other is not found.
func (c *Conversations) own(ctx context.Context, t *bot.Turn, id string) (w store.Worker, p store.Person, err error) {
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		w, err = tx.Worker(id)
		return err
	})
	if err != nil {
		return store.Worker{}, p, wrap(err, "read a worker")
	}
	p, ok, err := c.sees(ctx, t, w.RT)
	if err == nil && (!ok || w.Erased) {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Worker{}, p, err
	}
	return w, p, nil
}

// ofOwn asks about a worker whom the speaker may see at this moment, and only then.
func (c *Conversations) ofOwn(ask func(context.Context, *bot.Turn, *looking, store.Worker) (bot.Prompt, error)) func(context.Context, *bot.Turn, *looking) (bot.Prompt, error) {
	return func(ctx context.Context, t *bot.Turn, d *looking) (bot.Prompt, error) {
		w, _, err := c.own(ctx, t, d.Worker)
		if errors.Is(err, store.ErrNotFound) {
			return notOwn(), nil
		}
		if err != nil {
			return bot.Prompt{}, err
		}
		d.Name = w.Name
		return ask(ctx, t, d, w)
	}
}

func notOwn() bot.Prompt {
	return bot.Prompt{Text: locales.T("workers.none_such"), Choices: []bot.Choice{choice("menu", "button.menu")}}
}

func (c *Conversations) askCard(ctx context.Context, t *bot.Turn, d *looking) (bot.Prompt, error) {
	w, p, err := c.own(ctx, t, d.Worker)
	if errors.Is(err, store.ErrNotFound) {
		return notOwn(), nil
	}
	if err != nil {
		return bot.Prompt{}, err
	}
	d.Name = w.Name
	consents, err := c.consents(ctx, w)
	if err != nil {
		return bot.Prompt{}, err
	}
	prompt := bot.Prompt{Text: locales.T("workers.card.ask", "Card", append(c.card(w, t), consentLine(w, consents)))}
	may := func(verb program.Verb) bool { return !w.Paused && program.May(p.Offices, verb, w.RT.String()) }
	if w.State == program.Held && may(program.Verify) {
		prompt.Choices = append(prompt.Choices, choice("release", "workers.card.verify"), choice("undo", "workers.card.reject"))
	}
	if may(program.Register) {
		now, _, err := c.payable(ctx, t, w)
		if err != nil {
			return prompt, err
		}
		if now > 0 {
			prompt.Choices = append(prompt.Choices, choice("release", "workers.card.release"))
		}
	}
	if may(program.Register) && len(missingData(w)) > 0 {
		prompt.Choices = append(prompt.Choices, choice("complete", "workers.card.complete"))
	}
	if may(program.Correct) {
		prompt.Choices = append(prompt.Choices, choice("correct", "workers.card.correct"))
		tell, err := c.tellable(ctx, w)
		if err != nil {
			return prompt, err
		}
		if tell {
			prompt.Choices = append(prompt.Choices, choice("tell", "registered.then.tell"))
		}
	}
	if w.State != program.Cancelled { // nobody shows that he is registered when he is not
		prompt.Choices = append(prompt.Choices, choice("slip", "button.slip"))
	}
	prompt.Choices = append(prompt.Choices, choice("others", "workers.card.others"), choice("list", "workers.card.list"), choice("menu", "button.menu"))
	return prompt, nil
}

// askMoreActs are what is done seldom with a worker's record.
func (c *Conversations) askMoreActs(ctx context.Context, t *bot.Turn, d *looking, w store.Worker) (bot.Prompt, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	consents, err := c.consents(ctx, w)
	may := func(verb program.Verb) bool { return program.May(p.Offices, verb, w.RT.String()) }
	prompt := bot.Prompt{Text: locales.T("workers.others.ask", "Worker", called(w.Name, w.Sex))}
	if may(program.Correct) && !w.Paused && !agreedHimself(consents) {
		prompt.Choices = append(prompt.Choices, choice("paper", "workers.card.paper"))
	}
	if may(program.Unlink) {
		prompt.Choices = append(prompt.Choices, choice("lost", "workers.card.lost"))
	}
	if may(program.Register) {
		prompt.Choices = append(prompt.Choices, choice("undo", "workers.card.undo"))
	}
	prompt.Choices = append(prompt.Choices, choice("history", "mydata.history"), choice("card", "history.back"))
	return prompt, err
}

func (c *Conversations) answerMoreActs(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "paper", "undo", "card":
		return bot.To(t.Choice), nil
	case "history":
		w, p, err := c.own(ctx, t, d.Worker)
		if err == nil {
			rt := w.RT.String()
			err = c.sayHistory(ctx, t, w, false, program.May(p.Offices, program.Correct, rt) || program.May(p.Offices, program.AnswerRight, rt))
		}
		return bot.To("card"), unlessNotFound(err) // the card says that he is not his
	case "lost":
		return bot.Go("lost", map[string]string{"worker": d.Worker}), nil
	case "menu":
		return bot.End(), nil
	}
	return bot.Again(locales.Text{}), nil
}

// payable is what can be set aside today for a worker who waited for a ceiling, and what goes on waiting for that of a
// later year. Nothing is payable without a ceiling, or while the kelurahan looks at the registration.
func (c *Conversations) payable(ctx context.Context, t *bot.Turn, w store.Worker) (now, later program.Rupiah, err error) {
	if w.State == program.Held {
		return 0, 0, nil
	}
	today, ceiling := program.DateOf(t.Now), program.Rupiah(0)
	var months []store.CoverMonth
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		b, err := tx.Budget(w.RT, today.Year)
		if err != nil {
			return err
		}
		ceiling = b.Ceiling
		months, err = tx.CoverMonths(w.ID)
		return err
	})
	for _, m := range months {
		switch {
		case m.State != store.MonthWaiting || ceiling == 0:
		case w.State == program.WaitingCeiling && today.After(program.DueDate(m.Month, c.Settings)): // never begun: it is dropped
		case m.Month.Year() == today.Year:
			now += m.Amount
		default:
			later += m.Amount
		}
	}
	return now, later, wrap(err, "read what waits for a ceiling")
}

// card is one worker as his RT sees him: the NIK masked, the state with its date.
func (c *Conversations) card(w store.Worker, t *bot.Turn) []locales.Text {
	lines := []locales.Text{
		locales.T("worker.name", "Name", w.Name, "Category", work(w.Category, w.Work)),
		locales.T("worker.nik", "NIK", w.NIK.String(), "Birth", w.Birth),
		locales.T("worker.contact", "Phone", phoneText(w.Phone, w.PhoneOwner), "Address", addressText(w.Address)),
		locales.T("worker.state", "State", c.state(w, t), "Date", program.DateOf(t.Now)),
	}
	if w.PaidUntil > 0 {
		lines = append(lines, locales.T("worker.paid_until", "Month", w.PaidUntil))
	}
	if missing := missingData(w); len(missing) > 0 {
		return append(lines, locales.T("worker.missing", "Fields", missing))
	}
	return append(lines, locales.T("worker.complete"))
}

func (c *Conversations) state(w store.Worker, t *bot.Turn) locales.Text {
	return locales.T("state." + string(w.StateOn(program.DateOf(t.Now), c.Settings)))
}

func (c *Conversations) answerCard(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "slip":
		w, _, err := c.own(ctx, t, d.Worker)
		if errors.Is(err, store.ErrNotFound) {
			return bot.To("card"), nil
		}
		if err == nil {
			attachSlip(t, w)
		}
		return bot.To("card"), err
	case "tell":
		return passOn(ctx, c, t, d, d.Worker, "card")
	case "correct":
		return bot.To("field"), nil
	case "complete":
		return bot.Go("complete", map[string]string{"worker": d.Worker}), nil
	case "release", "undo", "others":
		return bot.To(t.Choice), nil
	case "list":
		return bot.To("list"), nil
	case "menu":
		return bot.End(), nil
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) askRelease(ctx context.Context, t *bot.Turn, _ *looking, w store.Worker) (bot.Prompt, error) {
	if w.State == program.Held {
		return confirmation(locales.T("workers.verify.ask", "Name", w.Name, "Reason", locales.T("held."+w.Reason)), "workers.verify.yes"), nil
	}
	now, later, err := c.payable(ctx, t, w)
	lines := []locales.Text{locales.T("workers.release.now", "Name", w.Name, "Now", now)}
	if later > 0 {
		lines = append(lines, locales.T("workers.release.later", "Later", later))
	}
	return confirmation(locales.T("workers.release.ask", "Lines", lines), "workers.release.yes"), err
}

func (c *Conversations) answerRelease(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("card"), nil
	case "yes":
		return c.release(ctx, t, d)
	case "menu":
		return bot.End(), nil
	}
	return bot.Again(locales.Text{}), nil
}

// anybody is who speaks, or nobody: what he may do the store decides.
func (c *Conversations) anybody(ctx context.Context, t *bot.Turn) (store.Person, error) {
	p, err := c.speaker(ctx, t)
	if errors.Is(err, errStranger) {
		return store.Person{}, nil
	}
	return p, err
}

// release sets the money aside for a worker who waited for the ceiling (rule 9), or whom the kelurahan has looked at.
func (c *Conversations) release(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	next, err := once(ctx, c, t, p.ID, d, func(tx *store.Tx) (bot.Next, error) {
		r, err := tx.Confirm(d.Worker, t.Op(), p)
		if err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("workers.released", "Name", d.Name, "Amount", r.Amount, "Left", r.Remaining))
		return bot.To("card"), nil
	})
	var short *store.ErrNotEnough
	switch {
	case errors.As(err, &short):
		t.Say(locales.T("workers.release.short", "Left", short.Remaining, "Missing", short.Missing))
		return bot.To("card"), nil
	case errors.Is(err, store.ErrPaused):
		t.Say(locales.T("workers.paused"))
		return bot.To("card"), nil
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrNoRight), errors.Is(err, store.ErrState):
		t.Say(locales.T("workers.no_right"))
		return bot.End(), nil
	}
	return next, wrap(err, "set money aside for a worker who waited")
}

func (c *Conversations) answerListUndo(ctx context.Context, t *bot.Turn, d *looking) (bot.Next, error) {
	switch t.Choice {
	case "no":
		return bot.To("card"), nil
	case "yes":
		return c.cancelWorker(ctx, t, &d.kept, d.Worker, d.Name)
	case "menu":
		return bot.End(), nil
	}
	return bot.Again(locales.Text{}), nil
}
