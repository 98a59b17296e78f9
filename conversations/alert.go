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
	if holds, err = tx.Concerns(a); err != nil || !holds {
		return locales.Text{}, false, err
	}
	lines := []locales.Text{why(a, person)}
	if !slices.Contains(person.Offices, program.Office{Role: program.Lurah, Place: a.Kelurahan}) {
		has, err := tx.HasLurah(a.Kelurahan)
		if err != nil {
			return locales.Text{}, false, err
		}
		if !has {
			lines = append(lines, locales.T("alert.no_lurah", "Place", placeText(a.Kelurahan)))
		}
	}
	return locales.T("alert.notice", "Head", head(person), "RT", a.RT, "Number", a.Number, "Why", lines), true, nil
}

// why is the reason of an alert, with how to look at it for who can.
func why(a store.Alert, person store.Person) locales.Text {
	if a.Kind == store.AlertMove && !program.May(person.Offices, program.Move, a.RT.String()) {
		return locales.T("alert.move_only")
	}
	if a.Kind == store.AlertHeld || a.Kind == store.AlertTicket {
		return locales.T("alert." + string(a.Kind) + "_" + a.Reason)
	}
	return locales.T("alert." + string(a.Kind))
}
