package conversations

import (
	"slices"

	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// alertWords tells an official where to look and why, without NIK, name or diagnosis (rule 44). It no longer holds for
// who left the office, and about a registration that has ended.
func alertWords(tx *store.Tx, notice store.Notice, person store.Person) (text locales.Text, holds bool, err error) {
	a, err := tx.AlertOf(notice.Subject)
	if err != nil {
		return locales.Text{}, false, err
	}
	if holds, err = tx.May(person.ID, program.BeAlerted, a.RT.String()); err != nil || !holds {
		return locales.Text{}, false, err
	}
	if holds, err = tx.Concerns(a.ID); err != nil || !holds {
		return locales.Text{}, false, err
	}
	lines := []locales.Text{why(a)}
	if !slices.Contains(person.Offices, program.Office{Role: program.Lurah, Place: a.Kelurahan}) {
		has, err := tx.HasLurah(a.Kelurahan)
		if err != nil {
			return locales.Text{}, false, err
		}
		if !has {
			lines = append(lines, locales.T("alert.no_lurah", "Place", placeText(a.Kelurahan)))
		}
	}
	if how, ok := ownAnswer(a, person); ok {
		text := "alert.notice_own"
		if a.Kind == store.AlertTicket { // its own number stands where it is answered
			text = "alert.notice_ticket"
		}
		return locales.T(text, "Head", head(person), "RT", a.RT, "Number", a.Number, "Why", append(lines, locales.T(how))), true, nil
	}
	return locales.T("alert.notice", "Head", head(person), "RT", a.RT, "Number", a.Number, "Why", lines), true, nil
}

// ownAnswer is how somebody decides here what an alert is about, if he can: it need not go by telephone.
func ownAnswer(a store.Alert, person store.Person) (text string, ok bool) {
	flows := map[store.AlertKind]struct {
		text string
		verb program.Verb
	}{
		store.AlertTicket: {"alert.how.ticket", program.AnswerRight},
		store.AlertMove:   {"alert.how.move", program.Move},
		store.AlertHeld:   {"alert.how.held", program.Verify},
		store.AlertAge:    {"alert.how.held", program.Correct},
	}
	how, ok := flows[a.Kind]
	return how.text, ok && program.May(person.Offices, how.verb, a.RT.String())
}

func why(a store.Alert) locales.Text {
	switch a.Kind {
	case store.AlertHeld, store.AlertAge, store.AlertTicket:
		return locales.T("alert." + string(a.Kind) + "_" + a.Reason)
	}
	return locales.T("alert." + string(a.Kind))
}
