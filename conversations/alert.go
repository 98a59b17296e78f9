package conversations

import (
	"errors"

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
	if holds, err = concernsSomebody(tx, a); err != nil || !holds {
		return locales.Text{}, false, err
	}
	return locales.T("alert.notice", "Head", head(person), "RT", a.RT, "Number", a.Number, "Why", why(a)), true, nil
}

// concernsSomebody says whether the worker that an alert is about is still one; true for an alert about none.
func concernsSomebody(tx *store.Tx, a store.Alert) (bool, error) {
	if a.Worker == "" || a.Kind == store.AlertTicket { // who has left may ask about his data all the more
		return true, nil
	}
	w, err := tx.Worker(a.Worker)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	switch w.State {
	case program.Ended, program.Stopped, program.Dead, program.Cancelled:
		return false, err
	}
	return true, err
}

func why(a store.Alert) locales.Text {
	if a.Kind == store.AlertHeld || a.Kind == store.AlertTicket {
		return locales.T("alert." + string(a.Kind) + "_" + a.Reason)
	}
	return locales.T("alert." + string(a.Kind))
}
