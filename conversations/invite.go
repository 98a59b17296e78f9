package conversations

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// inviting is what is known of an invitation.
type inviting struct {
	Role  program.Role
	Place string
	Found []string // ids of workers with the name that was typed
	Name  string
	Phone program.Phone
	Until program.Date
}

// invite makes a code for an office below the speaker's own, for one of his workers, for who stands in for him, or for
// his successor. What he may invite to is the rights table's business.
func (c *Conversations) invite() bot.Flow[inviting] {
	worker := func(d *inviting) bool { return d.Role == program.Worker }
	other := func(d *inviting) bool { return d.Role != program.Worker }
	return bot.Flow[inviting]{
		Name:  "invite",
		Begin: c.beginInvite,
		Steps: []bot.Step[inviting]{
			{Name: "role", Ask: c.askRole, Answer: c.answerRole, Help: "invite.role.help"},
			{Name: "place", When: func(d *inviting) bool { return d.Place == "" && d.Role != program.Worker }, Ask: askPlace, Answer: c.answerPlace, Help: "invite.place.help"},
			{Name: "worker", When: worker, Ask: c.askWorker, Answer: c.answerWorker, Help: "invite.worker.help"},
			{Name: "name", When: other, Ask: askInvitee, Answer: answerInvitee, Help: "register.name.help"},
			{Name: "phone", When: other, Ask: askInviteePhone, Answer: answerInviteePhone, Help: "invite.phone.help"},
			{Name: "until", When: func(d *inviting) bool { return d.Role == program.Wakil }, Ask: askUntil, Answer: answerUntil, Help: "invite.until.help"},
			{Name: "confirm", Ask: askInvite, Answer: c.answerInvite, Help: "invite.confirm.help"},
		},
	}
}

func (c *Conversations) beginInvite(ctx context.Context, t *bot.Turn, _ *inviting) (bot.Next, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if len(program.Invitable(p.Offices)) == 0 {
		t.Say(locales.T("invite.no_right"))
		return bot.End(), nil
	}
	return bot.Next{}, nil
}

func (c *Conversations) askRole(ctx context.Context, t *bot.Turn, _ *inviting) (bot.Prompt, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Prompt{}, err
	}
	prompt := bot.Prompt{Text: locales.T("invite.role.ask")}
	own, _ := officeRT(p)
	for _, role := range program.Invitable(p.Offices) {
		if role == program.Worker && own.IsZero() {
			continue // an official gives a worker his code from the worker's card
		}
		label := "invite.role." + string(role)
		if role == program.Ketua && !own.IsZero() {
			label = "invite.role.successor"
		}
		prompt.Choices = append(prompt.Choices, choice(string(role), label))
	}
	prompt.Choices = append(prompt.Choices, choice("issued", "invite.issued"), choice("menu", "button.menu"))
	return prompt, nil
}

func (c *Conversations) answerRole(ctx context.Context, t *bot.Turn, d *inviting) (bot.Next, error) {
	switch t.Choice {
	case "":
		return bot.Again(locales.Text{}), nil
	case "menu":
		return bot.End(), nil
	case "issued":
		return bot.Go("issued", nil), nil
	}
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if !slices.Contains(program.Invitable(p.Offices), program.Role(t.Choice)) {
		t.Say(locales.T("invite.no_right"))
		return bot.End(), nil
	}
	*d = inviting{Role: program.Role(t.Choice)}
	switch rt, ok := officeRT(p); {
	case ok && d.Role != program.Worker:
		d.Place = rt.String()
	case d.Role == program.City || d.Role == program.BPJS || d.Role == program.Admin:
		d.Place = program.CityCode
	}
	return bot.Next{}, nil
}

func askPlace(_ context.Context, _ *bot.Turn, d *inviting) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("invite.place." + string(d.Role)), Free: true}, nil
}

// answerPlace reads where the office is: an RT that the lists know, a kelurahan, a kecamatan; below the speaker's own.
func (c *Conversations) answerPlace(ctx context.Context, t *bot.Turn, d *inviting) (bot.Next, error) {
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	place, ok := placeOf(t.Text, d.Role, p)
	if rt, err := program.ParseRTCode(place); ok && err == nil {
		if err := c.Store.View(ctx, func(tx *store.Tx) (err error) {
			ok, err = tx.HasRT(rt)
			return err
		}); err != nil {
			return bot.Next{}, wrap(err, "look for an RT")
		}
	}
	if !ok || !program.MayInvite(p.Offices, program.Office{Role: d.Role, Place: place}, program.RT{}) {
		return bot.Again(locales.T("invite.place.again")), nil
	}
	d.Place = place
	return bot.To("name"), nil
}

var rtNumber = regexp.MustCompile(`(?i)^(?:rt\s*)?0*([0-9]{1,3})\b[\s,./-]*(.*)$`)

// placeOf reads a place as people type it: "14", "RT 14 Kenali Asam", "Kenali Asam".
func placeOf(text string, role program.Role, p store.Person) (place string, ok bool) {
	text = strings.TrimSpace(text)
	switch role {
	case program.Camat:
		found := program.FindKecamatan(text)
		if len(found) == 1 {
			return found[0].Code, true
		}
		return "", false
	case program.Lurah:
		return kelurahanOf(text)
	}
	m := rtNumber.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	kelurahan, ok := kelurahanOf(m[2])
	for _, o := range p.Offices {
		if o.Role == program.Lurah && m[2] == "" {
			kelurahan, ok = o.Place, true
		}
	}
	number, err := strconv.Atoi(m[1])
	if !ok || err != nil {
		return "", false
	}
	return program.RT{Kelurahan: kelurahan, Number: number}.String(), true
}

func kelurahanOf(text string) (code string, ok bool) {
	found := program.FindKelurahan(text)
	if len(found) != 1 {
		return "", false
	}
	return found[0].Code, true
}

// askWorker shows those of his workers whose name was typed.
func (c *Conversations) askWorker(ctx context.Context, t *bot.Turn, d *inviting) (bot.Prompt, error) {
	if len(d.Found) == 0 {
		return bot.Prompt{Text: locales.T("invite.worker.ask"), Free: true}, nil
	}
	prompt := bot.Prompt{Text: locales.T("invite.worker.which"), Free: true}
	for i, id := range d.Found {
		w, _, err := c.own(ctx, t, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return prompt, err
		}
		prompt.Choices = append(prompt.Choices, nameButton(i, w.Name))
	}
	return prompt, nil
}

func (c *Conversations) answerWorker(ctx context.Context, t *bot.Turn, d *inviting) (bot.Next, error) {
	if id, ok := picked(t, d.Found); ok {
		d.Place = id
		return bot.To("confirm"), nil
	}
	_, rt, ok, err := c.officer(ctx, t)
	if err != nil || !ok {
		return bot.End(), err
	}
	found, err := c.named(ctx, rt, t.Text)
	if err != nil {
		return bot.Next{}, err
	}
	if len(found) == 0 {
		return bot.Again(locales.T("invite.worker.none")), nil
	}
	d.Found = found
	if len(found) == 1 {
		d.Place = found[0]
		return bot.To("confirm"), nil
	}
	return bot.To("worker"), nil
}

// named finds the workers of an RT in whose name a text stands: at most eight.
func (c *Conversations) named(ctx context.Context, rt program.RT, text string) (ids []string, err error) {
	want := strings.ToLower(strings.Join(strings.Fields(text), " "))
	err = c.Store.View(ctx, func(tx *store.Tx) error {
		_, total, err := tx.Workers(rt, 0, 0)
		if err != nil {
			return err
		}
		all, _, err := tx.Workers(rt, 0, total)
		for _, w := range all {
			if strings.Contains(strings.ToLower(w.Name), want) && len(ids) < pageSize {
				ids = append(ids, w.ID)
			}
		}
		return err
	})
	return ids, wrap(err, "look for a worker by name")
}

func askInvitee(_ context.Context, _ *bot.Turn, d *inviting) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("invite.name.ask"), Free: true, Names: true}, nil
}

func answerInvitee(_ context.Context, t *bot.Turn, d *inviting) (bot.Next, error) {
	name, ok := phrase(t.Text, 2, 80)
	if !ok || strings.ContainsAny(name, "0123456789") {
		return bot.Again(locales.T("register.name.again")), nil
	}
	d.Name = name
	return bot.Next{}, nil
}

func askInviteePhone(_ context.Context, _ *bot.Turn, d *inviting) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("invite.phone.ask", "Name", d.Name), Free: true}, nil
}

func answerInviteePhone(_ context.Context, t *bot.Turn, d *inviting) (bot.Next, error) {
	said := t.Text
	if t.Update.Contact != nil {
		said = t.Update.Contact.Phone
	}
	phone, err := program.ParsePhone(said)
	if err != nil {
		return bot.Again(locales.T("invite.phone.again")), nil
	}
	d.Phone = phone
	return bot.Next{}, nil
}

func askUntil(_ context.Context, _ *bot.Turn, d *inviting) (bot.Prompt, error) {
	return bot.Prompt{Text: locales.T("invite.until.ask", "Name", d.Name), Free: true}, nil
}

// longestLeave is how many days somebody may stand in for a ketua: longer is a new ketua.
const longestLeave = 92

func answerUntil(_ context.Context, t *bot.Turn, d *inviting) (bot.Next, error) {
	today := program.DateOf(t.Now)
	until, err := program.ParseDateText(t.Text, today.AddDays(longestLeave))
	if err != nil || until.Before(today) || until.After(today.AddDays(longestLeave)) {
		return bot.Again(locales.T("invite.until.again", "Last", today.AddDays(longestLeave))), nil
	}
	d.Until = until
	return bot.Next{}, nil
}

func askInvite(_ context.Context, _ *bot.Turn, d *inviting) (bot.Prompt, error) {
	kind := "office"
	switch d.Role {
	case program.Worker, program.Wakil, program.Ketua:
		kind = string(d.Role)
	}
	text := locales.T("invite.confirm."+kind, "Name", d.Name, "Phone", d.Phone.E164(), "Until", d.Until, "Office", officeText(d.Role, d.Place))
	return confirmation(text, "invite.confirm.yes"), nil
}

// enter says how one gets in with a code: by a link where there is one, which is one tap.
func (c *Conversations) enter(code string) locales.Text {
	if c.Link != nil {
		if link := c.Link(code); link != "" {
			return locales.T("invite.enter_link", "Link", link, "Code", code)
		}
	}
	return locales.T("invite.enter", "Code", code)
}

// officeText is an office in words, "Sekretaris RT 14 Kenali Asam".
func officeText(role program.Role, place string) locales.Text {
	switch {
	case role == program.Worker:
		return locales.T("office.worker")
	case place == program.CityCode:
		return locales.T("office." + string(role))
	}
	if rt, err := program.ParseRTCode(place); err == nil {
		return locales.T("office."+string(role), "Place", locales.T("office.place", "Place", rt))
	}
	if k, ok := program.KelurahanByCode(place); ok {
		return locales.T("office."+string(role), "Place", locales.T("office.place", "Place", k.Name))
	}
	k, _ := program.KecamatanByCode(place)
	return locales.T("office."+string(role), "Place", locales.T("office.place", "Place", k.Name))
}

func (c *Conversations) answerInvite(ctx context.Context, t *bot.Turn, d *inviting) (bot.Next, error) {
	switch t.Choice {
	case "no":
		t.Say(locales.T("global.cancelled"))
		return bot.End(), nil
	case "yes":
		return c.makeInvite(ctx, t, d)
	}
	return bot.Again(locales.Text{}), nil
}

func (c *Conversations) makeInvite(ctx context.Context, t *bot.Turn, d *inviting) (bot.Next, error) {
	return act(ctx, c, t, d, "invite.no_right", "make an invitation", func(tx *store.Tx, p store.Person) (bot.Next, error) {
		name := d.Name
		if d.Role == program.Worker {
			w, err := tx.Worker(d.Place)
			if err != nil {
				return bot.Next{}, err
			}
			name = w.Name
		}
		code, err := tx.Invite(store.Invite{Role: d.Role, Place: d.Place, Phone: d.Phone, Name: name, Until: d.Until}, p.ID)
		if err != nil {
			return bot.Next{}, err
		}
		t.Say(locales.T("invite.made", "Name", name, "Code", code, "Office", officeText(d.Role, d.Place), "Until", program.DateOf(tx.Now.AddDate(0, 0, 7)), "Enter", c.enter(code)))
		return bot.End(), nil
	})
}
