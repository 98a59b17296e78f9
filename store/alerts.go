package store

import (
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
	Kind      AlertKind
	Kelurahan string
	RT        program.RT
	Worker    string // id, "" for none
	Reason    string // a code
	At        time.Time
}

// Alert keeps an alert; ID and At are given here.
func (tx *Tx) Alert(a Alert) error {
	return tx.exec("alert", `INSERT INTO alerts(id, kind, kelurahan, rt, worker, reason, at) VALUES($1, $2, $3, $4, $5, $6, $7)`,
		newID(), string(a.Kind), a.Kelurahan, a.RT.String(), a.Worker, a.Reason, tx.Now.UnixMicro())
}

// Alerts returns the alerts of a kelurahan, newest first; those of the whole city for "".
func (tx *Tx) Alerts(kelurahan string) (alerts []Alert, err error) {
	err = tx.each("list the alerts", func(rows Row) error {
		var a Alert
		var rt string
		var at int64
		if err := rows.Scan(&a.ID, &a.Kind, &a.Kelurahan, &rt, &a.Worker, &a.Reason, &at); err != nil {
			return err
		}
		var err error
		a.RT, err = program.ParseRTCode(rt)
		a.At = time.UnixMicro(at).UTC()
		alerts = append(alerts, a)
		return err
	}, `SELECT id, kind, kelurahan, rt, worker, reason, at FROM alerts WHERE kelurahan=$1 OR $1='' ORDER BY id DESC`, kelurahan)
	return alerts, err
}
