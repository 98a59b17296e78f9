package conversations

import (
	"context"
	"errors"
	"slices"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// surveying is where an official looks in his area.
type surveying struct {
	Place  string // "": his whole area
	Page   int
	Places []string // that are shown, in the order of their buttons
}

// area shows an official the sums of his area, place by place, and to who may invite which RTs cannot be reached. Money is
// shown to whom it concerns.
func (c *Conversations) area() bot.Flow[surveying] {
	return bot.Flow[surveying]{
		Name: "area",
		Begin: func(ctx context.Context, t *bot.Turn, d *surveying) (bot.Next, error) {
			d.Place = t.Args["place"]
			_, _, ok, err := c.official(ctx, t)
			if err == nil && !ok {
				t.Say(locales.T("area.no_right"))
				return bot.End(), nil
			}
			return bot.Next{}, err
		},
		Steps: []bot.Step[surveying]{
			{Name: "list", Ask: c.askArea, Answer: c.answerArea, Help: "area.list.help"},
			{Name: "unlinked", Ask: c.askUnlinked, Answer: answerUnlinked, Help: "area.unlinked.help"},
		},
	}
}

// official is the speaker with the area that he answers for, the widest one.
func (c *Conversations) official(ctx context.Context, t *bot.Turn) (p store.Person, area string, ok bool, err error) {
	p, err = c.speaker(ctx, t)
	if errors.Is(err, errStranger) {
		return p, "", false, nil
	}
	area, ok = areaOf(p)
	return p, area, ok, err
}

// areaOf is the widest area that somebody sees as an official, one in which he does something before one that he reads only.
func areaOf(p store.Person) (area string, ok bool) {
	for _, role := range []program.Role{program.City, program.Camat, program.Lurah, program.BPJS} {
		if i := slices.IndexFunc(p.Offices, func(o program.Office) bool { return o.Role == role }); i >= 0 {
			return p.Offices[i].Place, true
		}
	}
	return "", false
}

func (c *Conversations) askArea(ctx context.Context, t *bot.Turn, d *surveying) (bot.Prompt, error) {
	p, area, ok, err := c.official(ctx, t)
	if err != nil || !ok {
		return closed(), err
	}
	money := program.May(p.Offices, program.SeeBudget, d.Place)
	if d.Place == "" || !money && !program.May(p.Offices, program.SeeWorkers, d.Place) {
		d.Place, money = area, program.May(p.Offices, program.SeeBudget, area)
	}
	var list []store.Overview
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Overviews(d.Place, yearOf(t))
		return err
	})
	if err != nil {
		return bot.Prompt{}, wrap(err, "sum up an area")
	}
	from := min(d.Page*listPage, len(list))
	page := list[from:min(from+listPage, len(list))]
	prompt, lines := bot.Prompt{}, []locales.Text(nil)
	d.Places = nil
	for i, o := range page {
		lines = append(lines, overviewText(o, money))
		prompt.Choices = append(prompt.Choices, pick(i, locales.T("area.pick", "Place", placeText(o.Place))))
		d.Places = append(d.Places, o.Place)
	}
	prompt.Choices = append(prompt.Choices, turning(from, len(page), len(list))...)
	if d.Place != area {
		prompt.Choices = append(prompt.Choices, choice("up", "area.up"))
	}
	if d.Page == 0 && len(program.Invitable(p.Offices)) > 0 {
		prompt.Choices = append(prompt.Choices, choice("unlinked", "area.unlinked"))
	}
	prompt.Choices = withMenu(prompt.Choices)
	prompt.Text = locales.T("area.list.ask", "Place", placeText(d.Place), "Date", program.DateOf(t.Now), "Lines", lines)
	return prompt, nil
}

// overviewText is one place with its sums; without money also without who is linked, which is for who may invite.
func overviewText(o store.Overview, money bool) locales.Text {
	_, err := program.ParseRTCode(o.Place)
	name, isRT := placeText(o.Place), err == nil
	switch {
	case isRT && money:
		return locales.T("area.rt", "Place", name, "Linked", locales.T(linkedText(o)), "Workers", o.Workers, "Left", o.Remaining)
	case isRT:
		return locales.T("area.rt_workers", "Place", name, "Workers", o.Workers)
	case money:
		return locales.T("area.line", "Place", name, "RTs", o.RTs, "Linked", o.Linked, "Workers", o.Workers, "Left", o.Remaining)
	}
	return locales.T("area.line_workers", "Place", name, "RTs", o.RTs, "Workers", o.Workers)
}

// turning are the buttons of a list that is longer than its page.
func turning(from, shown, total int) (choices []bot.Choice) {
	if from+shown < total {
		choices = append(choices, choice("next", "workers.list.next"))
	}
	if from > 0 {
		choices = append(choices, choice("previous", "workers.list.previous"))
	}
	return choices
}

func linkedText(o store.Overview) string {
	if o.Linked > 0 {
		return "area.linked"
	}
	return "area.not_linked"
}

// placeText is a place in words.
func placeText(code string) locales.Text {
	if rt, err := program.ParseRTCode(code); err == nil {
		return locales.T("office.place", "Place", rt)
	}
	if k, ok := program.KelurahanByCode(code); ok {
		return locales.T("office.place", "Place", k.Name)
	}
	if k, ok := program.KecamatanByCode(code); ok {
		return locales.T("office.place", "Place", k.Name)
	}
	return locales.T("area.city")
}

func (c *Conversations) answerArea(ctx context.Context, t *bot.Turn, d *surveying) (bot.Next, error) {
	switch t.Choice {
	case "menu":
		return bot.End(), nil
	case "next":
		d.Page++
		return bot.To("list"), nil
	case "previous":
		d.Page--
		return bot.To("list"), nil
	case "up": // from a kelurahan to its kecamatan, from there to the whole area
		if k, ok := program.KelurahanByCode(d.Place); ok {
			*d = surveying{Place: k.Kecamatan}
			return bot.To("list"), nil
		}
		*d = surveying{}
		return bot.To("list"), nil
	case "unlinked":
		d.Page = 0
		return bot.To("unlinked"), nil
	}
	line, ok := picked(t, d.Places)
	if !ok {
		return bot.Again(locales.Text{}), nil
	}
	place := line
	if _, err := program.ParseRTCode(place); err != nil {
		*d = surveying{Place: place}
		return bot.To("list"), nil
	}
	p, err := c.anybody(ctx, t)
	if err != nil {
		return bot.Next{}, err
	}
	if !program.May(p.Offices, program.SeeWorkers, place) {
		return bot.Again(locales.T("area.sums_only")), nil
	}
	return bot.Go("workers", map[string]string{"rt": place}), nil
}

func (c *Conversations) askUnlinked(ctx context.Context, t *bot.Turn, d *surveying) (bot.Prompt, error) {
	p, area, ok, err := c.official(ctx, t)
	if err != nil || !ok || len(program.Invitable(p.Offices)) == 0 {
		return closed(), err
	}
	const many = 20
	var rts []program.RT
	var total int
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		rts, total, err = tx.Unlinked(area, d.Page*many, many)
		return err
	})
	if err != nil {
		return bot.Prompt{}, wrap(err, "list the RTs that are not linked")
	}
	prompt, lines := bot.Prompt{}, []locales.Text(nil)
	for _, rt := range rts {
		lines = append(lines, locales.T("area.unlinked_line", "RT", rt))
	}
	prompt.Choices = append(turning(d.Page*many, len(rts), total), choice("invite", "menu.invite"), choice("back", "area.back"), choice("menu", "button.menu"))
	prompt.Text = locales.T("area.unlinked.ask", "Place", placeText(area), "Total", total, "Lines", lines)
	if total == 0 {
		prompt.Text = locales.T("area.unlinked.none", "Place", placeText(area))
	}
	return prompt, nil
}

func answerUnlinked(_ context.Context, t *bot.Turn, d *surveying) (bot.Next, error) {
	switch t.Choice {
	case "menu":
		return bot.End(), nil
	case "invite":
		return bot.Go("invite", nil), nil
	case "next":
		d.Page++
		return bot.To("unlinked"), nil
	case "previous":
		d.Page--
		return bot.To("unlinked"), nil
	case "back":
		d.Page = 0
		return bot.To("list"), nil
	}
	return bot.Again(locales.Text{}), nil
}
