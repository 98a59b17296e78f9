package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sahabatrt/program"
)

// AlertKind says what officials should look at; the values are stored.
type AlertKind string

// The kinds of alerts.
const (
	AlertHeld      AlertKind = "held"      // a registration waits for the kelurahan
	AlertDuplicate AlertKind = "duplicate" // a NIK was entered in a second RT
	AlertRefusals  AlertKind = "refusals"  // a person was refused often in a day
	AlertOutside   AlertKind = "outside"   // money went outside the ceiling
	AlertMove      AlertKind = "move"      // another RT asks for a worker
	AlertTicket    AlertKind = "ticket"    // somebody asks about his own data
	AlertProof     AlertKind = "proof"     // somebody tried often to pass for a worker
)

// Alert tells the officials of a kelurahan to look: ids and codes, never personal data (rule 44).
type Alert struct {
	ID        string
	Number    int // what people call it by: they count in each kelurahan
	Kind      AlertKind
	Kelurahan string
	RT        program.RT
	Worker    string // id, "" for none
	Reason    string // a code
	At        time.Time
}

// Alert keeps an alert, and a notice of it for everybody of the kelurahan who can be reached, by day. ID, Number and At are
// given here.
func (tx *Tx) Alert(a Alert) error {
	if err := tx.alone("alerts", a.Kelurahan); err != nil {
		return err
	}
	a.ID = newID()
	if err := tx.exec("alert", `INSERT INTO alerts(id, kind, kelurahan, rt, worker, reason, at, number)
		SELECT $1, $2, $3, $4, $5, $6, $7, COALESCE(MAX(number), 0)+1 FROM alerts WHERE kelurahan=$3`,
		a.ID, string(a.Kind), a.Kelurahan, a.RT.String(), a.Worker, a.Reason, tx.Now.UnixMicro()); err != nil {
		return err
	}
	officials, err := tx.holders(program.Lurah, a.Kelurahan)
	if err != nil {
		return err
	}
	for _, person := range officials {
		if err := tx.tell(NoticeAlert, a.ID, person); err != nil {
			return err
		}
	}
	return nil
}

const alertColumns = `SELECT id, kind, kelurahan, rt, worker, reason, at, number FROM alerts`

func scanAlert(row Row) (a Alert, err error) {
	var rt string
	var at int64
	if err := row.Scan(&a.ID, &a.Kind, &a.Kelurahan, &rt, &a.Worker, &a.Reason, &at, &a.Number); err != nil {
		return Alert{}, err
	}
	a.At = time.UnixMicro(at).UTC()
	a.RT, err = program.ParseRTCode(rt)
	return a, err
}

// AlertOf returns the alert with this id, or ErrNotFound.
func (tx *Tx) AlertOf(id string) (Alert, error) {
	a, err := scanAlert(tx.QueryRow(alertColumns+` WHERE id=$1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Alert{}, ErrNotFound
	}
	if err != nil {
		return Alert{}, fmt.Errorf("read an alert: %w", err)
	}
	return a, nil
}

// Alerts returns the alerts of a kelurahan, newest first; those of the whole city for "".
func (tx *Tx) Alerts(kelurahan string) (alerts []Alert, err error) {
	err = tx.each("list the alerts", func(row Row) error {
		a, err := scanAlert(row)
		alerts = append(alerts, a)
		return err
	}, alertColumns+` WHERE kelurahan=$1 OR $1='' ORDER BY id DESC`, kelurahan)
	return alerts, err
}
