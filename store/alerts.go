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
	AlertAge       AlertKind = "age"       // a corrected birth date says that a worker should not have been registered so
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

// alertTime is how long an alert of which nobody could be told waits for somebody who can.
const alertTime = 30 * 24 * time.Hour

// Alert keeps an alert, and a notice of it, by day, for each lurah of the kelurahan who can be reached; for the officials of
// the city when none can. If there is nobody at all it waits: see tellWaiting. ID, Number and At are given here.
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
	return tx.tellAlert(a.ID, a.Kelurahan)
}

// tellAlert tells the lurahs of a kelurahan of an alert, or the city: the first of both of whom one can be told. Who could
// not be told of it before is passed over.
func (tx *Tx) tellAlert(id, kelurahan string) error {
	for _, office := range []program.Office{{Role: program.Lurah, Place: kelurahan}, {Role: program.City, Place: program.CityCode}} {
		officials, err := tx.holders(office.Role, office.Place)
		if err != nil {
			return err
		}
		told := false
		for _, person := range officials {
			added, err := tx.told(NoticeAlert, id, person)
			if err != nil {
				return err
			}
			told = told || added
		}
		if told {
			return nil
		}
	}
	return nil
}

// HasLurah says whether there is a lurah of a kelurahan who can be reached.
func (tx *Tx) HasLurah(kelurahan string) (bool, error) {
	officials, err := tx.holders(program.Lurah, kelurahan)
	for _, person := range officials {
		if can, err := tx.reachable(person, NoticeAlert); err != nil || can {
			return can, err
		}
	}
	return false, err
}

// untoldAlerts are the alerts of an area of the last 30 days of which nobody was told, and no lurah will be, and that still
// say something: see Concerns.
func (tx *Tx) untoldAlerts(area string) (untold []Alert, err error) {
	err = tx.each("list the alerts of which nobody was told", func(row Row) error {
		a, err := scanAlert(row)
		untold = append(untold, a)
		return err
	}, fmt.Sprintf(alertColumns+` a WHERE a.at>$1 AND `+concerns+` AND substr(a.kelurahan, 1, %d)=$2 AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.subject=a.id AND n.kind=$3
		AND (n.state IN ('sending', 'sent', 'unclear') OR n.state='due' AND EXISTS (SELECT 1 FROM offices o WHERE o.person=n.person AND o.role=$4
		AND o.place=a.kelurahan AND (o.until=0 OR o.until>$5)))) ORDER BY a.id`, len(area)),
		tx.Now.Add(-alertTime).UnixMicro(), area, string(NoticeAlert), string(program.Lurah), tx.Now.UnixMicro())
	return untold, err
}

// concerns is the condition that there is still something to look at: the worker that an alert a is about is still one, and
// held if that is why, and what somebody asked waits for its answer. Who has left may ask about his data all the more.
const concerns = `(CASE WHEN a.kind='ticket' THEN (SELECT COUNT(*) FROM tickets t WHERE t.worker=a.worker AND t.kind=a.reason AND t.place=a.rt AND t.closed_at=0)
	WHEN a.kind='move' THEN (SELECT COUNT(*) FROM moves m WHERE m.worker=a.worker AND m.state='asked')
	WHEN a.worker='' THEN 1
	ELSE (SELECT COUNT(*) FROM workers w WHERE w.id=a.worker AND w.active=1 AND (a.kind<>'held' OR w.state='` + string(program.Held) + `')) END)>0`

// Concerns says whether there is still something to look at: see concerns.
func (tx *Tx) Concerns(alert string) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM alerts a WHERE a.id=$1 AND `+concerns, alert).Scan(&n); err != nil {
		return false, fmt.Errorf("look whether an alert still concerns somebody: %w", err)
	}
	return n > 0, nil
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
