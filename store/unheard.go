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

// headNotices are the kinds of notices that are meant for whoever heads an RT, as the index of them names them.
const headNotices = `'covered_head', 'move', 'moved', 'proof', 'ticket'`

// officeNotices are the kinds of notices that are meant for an office, whoever holds it.
const officeNotices = `'alert', ` + headNotices

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
	waiting, err := tx.unheard(rt)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if err := errors.Join(tx.tryAgain(w.kind, w.subject, person), tx.tell(w.kind, w.subject, person)); err != nil {
			return err
		}
	}
	return nil
}

// TellUnheard tells whoever can be told by now what nobody has heard: what came up in the very moment in which somebody was
// given the office or the chat, what ran out with whom it was meant for first, and what payments the heads of RTs are to tell.
// It is asked every minute.
func (tx *Tx) TellUnheard() error {
	if err := tx.tellUnheardAlerts(); err != nil {
		return err
	}
	waiting, err := tx.unheard("")
	if err != nil {
		return err
	}
	told := 0
	for _, w := range waiting {
		rt, err := program.ParseRTCode(w.rt)
		if err != nil {
			return err
		}
		n, err := tx.toldHead(w.kind, w.subject, rt)
		if err != nil {
			return err
		}
		if told += n; told >= toldAtOnce {
			break
		}
	}
	return nil
}

// tellUnheardAlerts begins with the alerts of which there is somebody to tell who was never told.
func (tx *Tx) tellUnheardAlerts() error {
	var alerts []Alert
	if err := tx.each("list the alerts of which nobody heard", func(row Row) error {
		a, err := scanAlert(row)
		alerts = append(alerts, a)
		return err
	}, alertColumns+` a WHERE a.at>$1 AND `+concerns+`
		AND (SELECT COUNT(*) FROM notices n WHERE n.subject=a.id AND n.kind=$2 AND n.state IN (`+heard+`))=0
		AND (SELECT COUNT(*) FROM offices o JOIN chats c ON c.person=o.person WHERE (o.role=$3 AND o.place=a.kelurahan OR o.role=$4 AND o.place=$5)
			AND (o.until=0 OR o.until>$6) AND c.ended_at=0 AND c.gone_at=0
			AND (SELECT COUNT(*) FROM notices n WHERE n.name=$2 || ':' || a.id || ':' || o.person)=0)>0
		ORDER BY a.id LIMIT $7`, tx.Now.Add(-alertTime).UnixMicro(), string(NoticeAlert), string(program.Lurah), string(program.City), program.CityCode,
		tx.Now.UnixMicro(), toldAtOnce); err != nil {
		return err
	}
	for _, a := range alerts {
		if err := tx.tellAlert(a.ID, a.Kelurahan); err != nil {
			return err
		}
	}
	return nil
}

// waits is something that whoever heads an RT is to be told.
type waits struct {
	kind        NoticeKind
	subject, rt string
}

// unheard are what an RT, or each for "", was to be told in the last 7 days, nobody has heard, and there is somebody to tell.
// It asks for all at once and compares here: each by itself would be asked for every minute.
func (tx *Tx) unheard(rt string) (list []waits, err error) {
	since := tx.Now.Add(-noticeTime).UnixMicro()
	var all []waits
	for _, of := range []func(rt string, since int64) ([]waits, error){tx.ticketsToTell, tx.movesToTell, tx.proofsToTell, tx.paymentsToTell} {
		some, err := of(rt, since)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	headed, told := map[string]bool{}, map[waits]bool{}
	if err := tx.each("list the RTs with somebody to tell", func(row Row) error {
		var place string
		err := row.Scan(&place)
		headed[place] = true
		return err
	}, `SELECT DISTINCT o.place FROM offices o JOIN chats c ON c.person=o.person WHERE o.role IN ($1, $2) AND (o.until=0 OR o.until>$3)
		AND c.ended_at=0 AND c.gone_at=0 AND (o.place=$4 OR $4='')`, string(program.Ketua), string(program.Wakil), tx.Now.UnixMicro(), rt); err != nil {
		return nil, err
	}
	if err := tx.each("list what the heads of RTs have heard", func(row Row) error {
		var w waits
		err := row.Scan(&w.kind, &w.subject)
		told[w] = true
		return err
	}, `SELECT kind, subject FROM notices WHERE kind IN (`+headNotices+`) AND made_at>$1 AND state IN (`+heard+`)`, since); err != nil {
		return nil, err
	}
	for _, w := range all {
		if !headed[w.rt] || told[waits{kind: w.kind, subject: w.subject}] {
			continue
		}
		if w.kind == NoticeCoveredHead { // there need not be anybody left whom the head must tell
			left, err := tx.anyUnreached(w.subject)
			if err != nil {
				return nil, err
			}
			if !left {
				continue
			}
		}
		list = append(list, w)
	}
	return list, nil
}

// ticketsToTell are what is asked about the workers of an RT, and what was added to it line by line: see addNote.
func (tx *Tx) ticketsToTell(rt string, since int64) (list []waits, err error) {
	open, err := tx.tickets(`closed_at=0 AND worker<>'' AND at>$1 AND (place=$2 OR $2='') ORDER BY id`, since, rt)
	for _, t := range open {
		list = append(list, waits{NoticeTicket, t.ID, t.Place})
		for n := range strings.Count(t.Note, "\n") {
			list = append(list, waits{NoticeTicket, fmt.Sprintf("%s/%d", t.ID, n+2), t.Place})
		}
	}
	return list, err
}

// movesToTell are what an RT is asked for, and what was decided about what it asked for.
func (tx *Tx) movesToTell(rt string, since int64) (list []waits, err error) {
	err = tx.each("list the moves that RTs were to be told", func(row Row) error {
		var w waits
		err := row.Scan(&w.kind, &w.subject, &w.rt)
		list = append(list, w)
		return err
	}, `SELECT 'move', id, from_rt FROM moves WHERE state='asked' AND at>$1 AND (from_rt=$2 OR $2='')
		UNION ALL SELECT 'moved', id, to_rt FROM moves WHERE decided_at>0 AND decided_at>$1 AND (to_rt=$2 OR $2='') ORDER BY 2, 1`, since, rt)
	return list, err
}

// proofsToTell are the days on which somebody tried to pass for a worker of an RT.
func (tx *Tx) proofsToTell(rt string, since int64) (list []waits, err error) {
	err = tx.each("list the tries that RTs were to be told", func(row Row) error {
		w := waits{kind: NoticeProof}
		var at int64
		err := row.Scan(&w.subject, &at, &w.rt)
		w.subject += "/" + program.DateOf(time.UnixMicro(at)).String()
		list = append(list, w)
		return err
	}, `SELECT worker, at, rt FROM alerts WHERE kind='proof' AND at>$1 AND (rt=$2 OR $2='') ORDER BY id`, since, rt)
	return list, err
}

// tryAgain drops a notice that never went out to somebody, so that it can be written anew.
func (tx *Tx) tryAgain(kind NoticeKind, subject, person string) error {
	return tx.exec("drop a notice that never went out", `DELETE FROM notices WHERE name=$1 AND state IN ($2, $3)`,
		noticeName(kind, subject, person), string(NoticeDead), string(NoticeExpired))
}
