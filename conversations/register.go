package conversations

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// registration is what is known of a worker before it is kept.
type registration struct {
	Category   program.Category
	Work       string // what "lainnya" is
	Name       string
	Asked      program.NIK // typed, not yet read back
	NIK        program.NIK
	Birth      program.Date
	Sex        program.Sex
	Other      string // what of the NIK's reading the KTP says otherwise: "birth"
	Phone      program.Phone
	PhoneOwner string
	Address    string // "" is in this RT
	Elsewhere  string
	Months     int
	OtherCount bool
	Age        program.AgeVerdict
	First      program.Month // the first month of the summary that was shown
	Most       int           // how many months the budget carried when it was too little, 0: not known
}

func (d *registration) called() locales.Text { return called(d.Name, d.Sex) }

func (d *registration) worker(rt program.RT, first program.Month) store.Worker {
	return store.Worker{
		RT: rt, Category: d.Category, Work: d.Work, Name: d.Name, NIK: d.NIK, Birth: d.Birth, Sex: d.Sex,
		Phone: d.Phone, PhoneOwner: d.PhoneOwner, Address: d.Address, Elsewhere: d.Elsewhere, FirstMonth: first, Months: d.Months,
	}
}

// register is the guided registration of one worker.
func (c *Conversations) register() bot.Flow[registration] {
	return bot.Flow[registration]{
		Name: "register",
		Title: func(d *registration) locales.Text {
			if d.Name == "" {
				return locales.T("register.title_unnamed")
			}
			return locales.T("register.title", "Worker", d.called())
		},
		Begin: c.beginRegister,
		Steps: []bot.Step[registration]{
			{Name: "category", Counted: true, Ask: askCategory, Answer: answerCategory, Help: "register.category.help"},
			{Name: "work", When: func(d *registration) bool { return d.Category == program.OtherWork },
				Ask: free("register.work.ask"), Answer: answerWork, Help: "register.work.help"},
			{Name: "name", Counted: true, Ask: free("register.name.ask"), Answer: answerName, Help: "register.name.help"},
			{Name: "nik", Counted: true, Ask: askNIK, Answer: c.answerNIK, Help: "register.nik.help"},
			{Name: "nik_check", Ask: askNIKCheck, Answer: c.answerNIKCheck, Help: "register.nik_check.help"},
			{Name: "move", When: func(*registration) bool { return false }, Ask: askMoveHere, Answer: c.answerMoveHere, Help: "register.move.help"},
			{Name: "birth", When: func(d *registration) bool { return d.Other != "" },
				Ask: askBirth, Answer: c.answerBirth, Help: "register.birth.help"},
			{Name: "age", When: func(d *registration) bool { return d.Age == program.AgeTooOld }, Ask: askAge, Answer: answerAge, Help: "register.age.help"},
			{Name: "phone", Counted: true, Ask: askPhone, Answer: answerPhone, Help: "register.phone.help"},
			{Name: "phone_owner", When: func(d *registration) bool { return !d.Phone.IsZero() },
				Ask: askOwner, Answer: answerOwner, Help: "register.phone_owner.help"},
			{Name: "address", Counted: true, Ask: askAddress, Answer: c.answerAddress, Help: "register.address.help"},
			{Name: "elsewhere", Counted: true, Ask: askElsewhere, Answer: answerElsewhere, Help: "register.elsewhere.help"},
			{Name: "months", Counted: true, Ask: c.askMonths, Answer: c.answerMonths, Help: "register.months.help"},
			{Name: "count", When: func(d *registration) bool { return d.OtherCount },
				Ask: free("register.count.ask"), Answer: answerCount, Help: "register.count.help"},
			{Name: "change", When: func(*registration) bool { return false }, Ask: askChange, Answer: answerChange, Help: "register.change.help"},
			{Name: "summary", Ask: c.askSummary, Answer: c.answerSummary, Help: "register.summary.help"},
		},
	}
}

func (c *Conversations) beginRegister(ctx context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	p, rt, ok, err := c.officer(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	if !canRegister(p) {
		t.Say(locales.T("register.no_right"))
		return bot.End(), nil
	}
	t.Say(locales.T("register.begin", "Head", head(p)))
	var b store.Budget
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		b, err = tx.Budget(rt, program.MonthOf(t.Now).Year())
		return err
	})
	if err == nil && b.Ceiling == 0 {
		t.Say(locales.T(ceilingProblem(b), "Year", year(b.Year)))
	}
	return bot.Next{}, wrap(err, "read the budget before a registration")
}

func ceilingProblem(b store.Budget) string {
	if b.HasCeiling {
		return "register.ceiling_zero"
	}
	return "register.ceiling_none"
}

// year is printed as it is, not as a number of things.
func year(y int) string { return strconv.Itoa(y) }

// free asks for text about the worker.
func free(text string) func(context.Context, *bot.Turn, *registration) (bot.Prompt, error) {
	return func(_ context.Context, _ *bot.Turn, d *registration) (bot.Prompt, error) {
		return bot.Prompt{Text: locales.T(text, "Worker", d.called()), Free: true}, nil
	}
}

func askCategory(context.Context, *bot.Turn, *registration) (bot.Prompt, error) {
	prompt := bot.Prompt{Text: locales.T("register.category.ask")}
	for _, category := range program.Categories {
		prompt.Choices = append(prompt.Choices, choice(string(category), "category."+string(category)))
	}
	return prompt, nil
}

func answerCategory(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	category, err := program.ParseCategory(t.Choice)
	if err != nil {
		return bot.Again(locales.Text{}), nil
	}
	d.Category = category
	if category == program.OtherWork {
		return bot.To("work"), nil
	}
	d.Work = ""
	return bot.Next{}, nil
}

func answerWork(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	work, ok := phrase(t.Text, 3, 60)
	if !ok {
		return bot.Again(locales.T("register.work.again")), nil
	}
	d.Work = work
	return bot.Next{}, nil
}

// oneLine is a text on one line, without characters that turn or hide text: nobody can make it look as if another one spoke.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// phrase is a short text with at least so many letters, on one line.
func phrase(s string, least, most int) (string, bool) {
	s = oneLine(s)
	letters := strings.IndexFunc(s, unicode.IsLetter) >= 0
	n := utf8.RuneCountInString(s)
	return s, letters && n >= least && n <= most
}

func answerName(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	name, ok := phrase(t.Text, 2, 80)
	if !ok || strings.ContainsFunc(name, unicode.IsDigit) || slices.Contains(t.Words("words.no_name"), bot.Plain(name)) {
		return bot.Again(locales.T("register.name.again")), nil
	}
	d.Name = name
	return bot.Next{}, nil
}

func askNIK(_ context.Context, _ *bot.Turn, d *registration) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("register.nik.ask", "Worker", d.called()), Free: true,
		Choices: []bot.Choice{choice("later", "register.nik.later")}}, nil
}

func (c *Conversations) answerNIK(ctx context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	if t.Choice == "later" {
		t.Say(locales.T("global.kept"))
		return bot.Pause(), nil
	}
	nik, err := program.ParseNIK(t.Text)
	var problem *program.NIKError
	if errors.As(err, &problem) {
		return bot.Again(locales.T("register.nik."+string(problem.Problem), "Digits", problem.Digits)), nil
	}
	if err != nil {
		return bot.Next{}, wrap(err, "read a NIK")
	}
	p, rt, ok, err := c.officer(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	d.Asked = nik
	known, next, err := c.knownNIK(ctx, t, p, rt, nik)
	if known || err != nil {
		return next, err
	}
	d.Other = ""
	return bot.To("nik_check"), nil
}

// knownNIK tells what is registered already: the record when it is this RT's, nothing but the fact when it is another's.
func (c *Conversations) knownNIK(ctx context.Context, t *bot.Turn, p store.Person, rt program.RT, nik program.NIK) (bool, bot.Next, error) {
	var w store.Worker
	var known bool
	err := c.Store.Look(ctx, func(tx *store.Tx) (err error) {
		w, known, err = tx.FindNIK(nik)
		return err
	})
	if err != nil || !known {
		return false, bot.Next{}, wrap(err, "look for a NIK")
	}
	if w.RT == rt {
		return true, bot.Again(locales.T("register.nik.same_rt", "Card", c.card(w, t))), nil
	}
	err = c.Store.Update(ctx, func(tx *store.Tx) error {
		tx.Refuse(rt, p.ID, store.RefusedDuplicate, t.Op(), w.RT)
		return nil
	})
	return true, bot.To("move"), wrap(err, "note a refusal")
}

// askMoveHere: who is registered in another RT may live in this one now. Nobody learns where and who he is.
func askMoveHere(context.Context, *bot.Turn, *registration) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("register.move.ask"), Exact: true, Choices: []bot.Choice{
		choice("move", "register.move.yes"), choice("nik", "register.nik_check.retype"), choice("cancel", "button.cancel")}}, nil
}

func (c *Conversations) answerMoveHere(ctx context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	switch t.Choice {
	case "nik":
		return bot.To("nik"), nil
	case "cancel":
		t.Say(locales.T("global.cancelled"))
		return bot.End(), nil
	case "move":
		return c.askMove(ctx, t, d)
	}
	return c.answerNIK(ctx, t, d) // perhaps the right one
}

func (c *Conversations) askMove(ctx context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	_, rt, ok, err := c.officer(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	return act(ctx, c, t, d, "register.move.already", "ask for a worker of another RT", func(tx *store.Tx, p store.Person) (bot.Next, error) {
		if err := tx.AskMove(d.Asked, rt, p); err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("register.move.asked"))
		return bot.End(), nil
	})
}

func askNIKCheck(_ context.Context, t *bot.Turn, d *registration) (bot.Prompt, error) {
	today := program.DateOf(t.Now)
	birth, ok := d.Asked.Birth(today)
	read := locales.T("register.nik_check.read", "NIK", d.Asked.Grouped(), "Sex", locales.T("sex."+string(d.Asked.Sex())), "Birth", birth)
	if !ok {
		read = locales.T("register.nik_check.read_no_birth", "NIK", d.Asked.Grouped(), "Sex", locales.T("sex."+string(d.Asked.Sex())))
	}
	lines := []locales.Text{read}
	for _, w := range d.Asked.Warnings(today, program.Date{}, "") {
		lines = append(lines, locales.T("register.nik_warning."+string(w)))
	}
	return bot.Prompt{Text: locales.T("register.nik_check.ask", "Lines", lines), Exact: true, Choices: []bot.Choice{
		{ID: "yes", Label: locales.T("register.nik_check.yes"), Words: "words.yes"},
		choice("birth", "register.nik_check.birth"),
		choice("sex", "register.nik_check.sex"),
		{ID: "retype", Label: locales.T("register.nik_check.retype"), Words: "words.no"},
	}}, nil
}

func (c *Conversations) answerNIKCheck(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	birth, possible := d.Asked.Birth(program.DateOf(t.Now))
	switch t.Choice {
	case "retype":
		return bot.To("nik"), nil
	case "":
		return bot.Again(locales.Text{}), nil
	}
	d.NIK, d.Birth, d.Sex, d.Other = d.Asked, birth, d.Asked.Sex(), ""
	if t.Choice == "sex" {
		d.Sex = otherSex(d.Sex)
	}
	if t.Choice == "birth" || !possible {
		d.Other = "birth"
		return bot.To("birth"), nil
	}
	return c.judgeAge(t, d), nil
}

func otherSex(s program.Sex) program.Sex {
	if s == program.Male {
		return program.Female
	}
	return program.Male
}

func askBirth(_ context.Context, _ *bot.Turn, d *registration) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("register.birth.ask", "Worker", d.called()), Free: true}, nil
}

func (c *Conversations) answerBirth(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	birth, err := program.ParseDateText(t.Text, program.DateOf(t.Now))
	if err != nil {
		return bot.Again(locales.T("register.birth.again")), nil
	}
	d.Birth = birth
	return c.judgeAge(t, d), nil
}

// judgeAge looks at the age as soon as it is known, so that nobody answers seven questions in vain; the transaction decides.
func (c *Conversations) judgeAge(t *bot.Turn, d *registration) bot.Next {
	d.Age = program.CheckAge(d.Birth, program.DateOf(t.Now), c.Settings)
	if d.Age == program.AgeTooYoung {
		t.Say(locales.T("register.age.young", "Worker", d.called(), "Birth", d.Birth, "Age", c.Settings.MinAge))
	}
	if d.Age == program.AgeTooOld {
		return bot.To("age")
	}
	return bot.Next{}
}

func askAge(_ context.Context, _ *bot.Turn, d *registration) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("register.age.old", "Worker", d.called(), "Birth", d.Birth), Choices: []bot.Choice{
		choice("birth", "register.age.retype"), choice("menu", "button.menu"),
	}}, nil
}

func answerAge(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	switch t.Choice {
	case "birth":
		d.Other = "birth"
		return bot.To("birth"), nil
	case "menu":
		return bot.Pause(), nil
	}
	return bot.Again(locales.Text{}), nil
}

func askPhone(_ context.Context, _ *bot.Turn, d *registration) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("register.phone.ask", "Worker", d.called()), Free: true,
		Choices: []bot.Choice{choice("none", "register.phone.none")}}, nil
}

func answerPhone(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	if t.Choice == "none" || slices.Contains(t.Words("words.register.phone.none"), polite.ReplaceAllString(bot.Plain(t.Text), "")) {
		d.Phone, d.PhoneOwner = program.Phone{}, ""
		return bot.Next{}, nil
	}
	said := t.Text
	if t.Update.Contact != nil {
		said = t.Update.Contact.Phone
	}
	phone, err := program.ParsePhone(said)
	if err != nil {
		return bot.Again(locales.T("register.phone.again")), nil
	}
	d.Phone = phone
	return bot.To("phone_owner"), nil
}

func askOwner(_ context.Context, _ *bot.Turn, d *registration) (bot.Prompt, error) {
	return ownerPrompt(d.Phone), nil
}

func ownerPrompt(phone program.Phone) bot.Prompt {
	return bot.Prompt{Text: locales.T("register.phone_owner.ask", "Phone", local(phone)), Choices: []bot.Choice{
		choice("own", "register.phone_owner.own"), choice("family", "register.phone_owner.family"), choice("neighbour", "register.phone_owner.neighbour"),
	}}
}

// local is a number as people here say it, to be read back once to who typed it: 0812 0000 7777.
func local(phone program.Phone) string {
	digits := "0" + strings.TrimPrefix(phone.E164(), "+62")
	var parts []string
	for len(digits) > 4 {
		parts, digits = append(parts, digits[:4]), digits[4:]
	}
	return strings.Join(append(parts, digits), " ")
}

func answerOwner(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	if t.Choice == "" {
		return bot.Again(locales.Text{}), nil
	}
	d.PhoneOwner = t.Choice
	return bot.Next{}, nil
}

func askAddress(_ context.Context, _ *bot.Turn, d *registration) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("register.address.ask", "Worker", d.called()), Free: true,
		Choices: []bot.Choice{choice("here", "register.address.here")}}, nil
}

func (c *Conversations) answerAddress(ctx context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	_, rt, _, err := c.office(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	said := polite.ReplaceAllString(bot.Plain(t.Text), "")
	if t.Choice == "here" || slices.Contains(t.Words("words.register.address.here"), said) || said == fmt.Sprint("rt ", rt.Number) {
		d.Address = ""
		return bot.Next{}, nil
	}
	address, ok := phrase(t.Text, 5, 160)
	if !ok {
		return bot.Again(locales.T("register.address.again")), nil
	}
	d.Address = address
	return bot.Next{}, nil
}

// polite is what people add to any answer.
var polite = regexp.MustCompile(`( (pak|bu|buk|kak|bang|ya|yo|saja|aja|bae|be|kok|hp|hpnya))+$`)

func askElsewhere(_ context.Context, _ *bot.Turn, d *registration) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("register.elsewhere.ask", "Worker", d.called()), Choices: []bot.Choice{
		{ID: "no", Label: locales.T("register.elsewhere.no"), Words: "words.no"},
		choice("city", "register.elsewhere.city"), choice("province", "register.elsewhere.province"),
		choice("employer", "register.elsewhere.employer"), choice("self", "register.elsewhere.self"),
		choice("unsure", "register.elsewhere.unsure"),
	}}, nil
}

func answerElsewhere(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	if t.Choice == "" && mentionsAny(t.Text, t.Words("words.paid")) {
		return bot.Again(locales.T("register.elsewhere.who")), nil
	}
	if t.Choice == "" {
		return bot.Again(locales.Text{}), nil
	}
	d.Elsewhere = t.Choice
	if t.Choice == "no" {
		d.Elsewhere = ""
	}
	return bot.Next{}, nil
}

func answerCount(_ context.Context, t *bot.Turn, d *registration) (bot.Next, error) {
	months, ok := monthCount(t.Text)
	if !ok {
		return bot.Again(locales.T("register.count.again")), nil
	}
	d.Months = months
	return bot.Next{}, nil
}

// mostMonths is the most that is set aside at once: a year, which is what an RT's budget can be planned for.
const mostMonths = 12

// monthCount reads "3" or "3 bulan".
func monthCount(s string) (int, bool) {
	first, _, _ := strings.Cut(bot.Plain(s), " ")
	n, err := strconv.Atoi(first)
	return n, err == nil && n >= 1 && n <= mostMonths
}
