package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sahabatrt/program"
)

// What an office has to know stays with the office: a notice of it that its person did not hear, because he left the office
// or cannot be reached, is told to who holds it with him, or after him.

// heard are the states of a notice that somebody has heard, or will.
const heard = `'due', 'sending', 'sent', 'unclear'`

// officeNotices are the kinds of notices that are meant for an office, whoever holds it.
const officeNotices = `'alert', 'move', 'moved', 'ticket', 'proof', 'covered_head'`

// told is tell, and says whether there is a new notice.
func (tx *Tx) told(kind NoticeKind, subject, person string) (added bool, err error) {
	can, err := tx.reachable(person, kind)
	if err != nil || !can {
		return false, err
	}
	return tx.AddNotice(Notice{Name: noticeName(kind, subject, person), Kind: kind, Subject: subject, Person: person,
		Due: program.Awake(tx.Now), Until: tx.Now.Add(noticeTime)})
}

// isHeard says whether somebody has heard of something, or will.
func (tx *Tx) isHeard(kind NoticeKind, subject string) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM notices WHERE kind=$1 AND subject=$2 AND state IN (`+heard+`)`, string(kind), subject).Scan(&n); err != nil {
		return false, fmt.Errorf("look who heard of it: %w", err)
	}
	return n > 0, nil
}

func noticeName(kind NoticeKind, subject, person string) string {
	return string(kind) + ":" + subject + ":" + person
}

// passOn tells others of what somebody was not told: of a notice that has just come to its end unheard.
func (tx *Tx) passOn(n Notice) error {
	if !strings.Contains(officeNotices, "'"+string(n.Kind)+"'") {
		return nil
	}
	if err := tx.alone("alerts", n.Subject); err != nil { // of two that end in the same moment, one finds the other's end
		return err
	}
	if is, err := tx.isHeard(n.Kind, n.Subject); err != nil || is {
		return err
	}
	if n.Kind != NoticeAlert {
		place, err := tx.placeOf(n)
		if err != nil {
			return err
		}
		rt, err := program.ParseRTCode(place)
		if err != nil {
			return err
		}
		return tx.tellHead(n.Kind, n.Subject, rt)
	}
	a, err := tx.AlertOf(n.Subject)
	if err != nil {
		return err
	}
	holds, err := tx.Concerns(a.ID)
	if err != nil || !holds {
		return err
	}
	return tx.tellAlert(a.ID, a.Kelurahan)
}

// placeOf is the place whose office a notice is meant for.
func (tx *Tx) placeOf(n Notice) (place string, err error) {
	id, _, _ := strings.Cut(n.Subject, "/")
	if n.Kind == NoticeCoveredHead {
		return id, nil
	}
	query := map[NoticeKind]string{
		NoticeAlert:  `SELECT kelurahan FROM alerts WHERE id=$1`,
		NoticeMove:   `SELECT from_rt FROM moves WHERE id=$1`,
		NoticeMoved:  `SELECT to_rt FROM moves WHERE id=$1`,
		NoticeTicket: `SELECT place FROM tickets WHERE id=$1`,
		NoticeProof:  `SELECT rt FROM workers WHERE id=$1`,
	}[n.Kind]
	if err := tx.QueryRow(query, id).Scan(&place); err != nil {
		return "", fmt.Errorf("look where a notice belongs: %w", err)
	}
	return place, nil
}

// leave ends what is due for somebody because of an office that he held at a place until now: others are told.
func (tx *Tx) leave(person, place string) error {
	var due []Notice
	if err := tx.each("list what somebody was to be told", func(row Row) error {
		n := Notice{Person: person}
		err := row.Scan(&n.ID, &n.Kind, &n.Subject)
		due = append(due, n)
		return err
	}, `SELECT id, kind, subject FROM notices WHERE person=$1 AND state=$2 AND kind IN (`+officeNotices+`) ORDER BY id`, person, string(NoticeDue)); err != nil || len(due) == 0 {
		return err
	}
	offices, err := tx.offices(person)
	if err != nil {
		return err
	}
	for _, n := range due {
		at, err := tx.placeOf(n)
		if err != nil {
			return err
		}
		if !program.Within(at, place) || slices.ContainsFunc(offices, func(o program.Office) bool { return program.Within(at, o.Place) }) {
			continue
		}
		ended, err := tx.Exec(`UPDATE notices SET state=$1, state_at=$2 WHERE id=$3 AND state=$4`,
			string(NoticeExpired), tx.Now.UnixMicro(), n.ID, string(NoticeDue))
		if err != nil {
			return fmt.Errorf("end what somebody was to be told: %w", err)
		}
		if ended > 0 {
			if err := tx.passOn(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellWaiting tells somebody who can be reached from this moment, or holds an office from this moment, what waits for his
// offices and nobody has heard: alerts of the last 30 days, and what an RT is to be told, of the last 7.
func (tx *Tx) tellWaiting(person string) error {
	can, err := tx.reachable(person, NoticeAlert)
	if err != nil || !can {
		return err
	}
	offices, err := tx.offices(person)
	if err != nil {
		return err
	}
	for _, o := range offices {
		switch o.Role {
		case program.Lurah, program.City:
			err = tx.tellAlerts(person, o)
		case program.Ketua, program.Wakil:
			err = tx.tellOffice(person, o.Place)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) tellAlerts(person string, o program.Office) error {
	if o.Role == program.Lurah { // an alert that is written in this moment finds him, or is found
		if err := tx.alone("alerts", o.Place); err != nil {
			return err
		}
	}
	untold, err := tx.untoldAlerts(o.Place)
	if err != nil {
		return err
	}
	for _, a := range untold {
		if err := errors.Join(tx.tryAgain(NoticeAlert, a.ID, person), tx.tellAlert(a.ID, a.Kelurahan)); err != nil {
			return err
		}
	}
	return nil
}

// tellOffice tells whoever heads an RT what the RT was to be told and nobody heard.
func (tx *Tx) tellOffice(person, rt string) error {
	var waiting []Notice
	found := func(row Row) error {
		var n Notice
		var at int64
		err := row.Scan(&n.Kind, &n.Subject, &at)
		if n.Kind == NoticeProof {
			n.Subject += "/" + program.DateOf(time.UnixMicro(at)).String()
		}
		waiting = append(waiting, n)
		return err
	}
	since := tx.Now.Add(-noticeTime).UnixMicro()
	for _, query := range []string{
		`SELECT 'ticket', id, at FROM tickets WHERE place=$1 AND worker<>'' AND at>$2 AND closed_at=0 ORDER BY id`,
		`SELECT 'move', id, at FROM moves WHERE from_rt=$1 AND at>$2 AND state='asked' ORDER BY id`,
		`SELECT 'moved', id, decided_at FROM moves WHERE to_rt=$1 AND decided_at>$2 ORDER BY id`,
		`SELECT 'proof', worker, at FROM alerts WHERE rt=$1 AND at>$2 AND kind='proof' ORDER BY id`,
	} {
		if err := tx.each("list what an RT was to be told", found, query, rt, since); err != nil {
			return err
		}
	}
	for _, n := range waiting {
		is, err := tx.isHeard(n.Kind, n.Subject)
		if err != nil {
			return err
		}
		if is {
			continue
		}
		if err := errors.Join(tx.tryAgain(n.Kind, n.Subject, person), tx.tell(n.Kind, n.Subject, person)); err != nil {
			return err
		}
	}
	return nil
}

// tryAgain drops a notice that never went out to somebody, so that it can be written anew.
func (tx *Tx) tryAgain(kind NoticeKind, subject, person string) error {
	return tx.exec("drop a notice that never went out", `DELETE FROM notices WHERE name=$1 AND state IN ($2, $3)`,
		noticeName(kind, subject, person), string(NoticeDead), string(NoticeExpired))
}
