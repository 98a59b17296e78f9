package store

import (
	"slices"
	"strings"
	"time"

	"sahabatrt/program"
)

// Event is what happened to a worker's record, never with what stood there. By is the office of whoever did it, as it was
// then: [program.Worker] for the worker himself, zero for an import and for the bot.
type Event struct {
	At    time.Time
	What  string      // "noun.verb" as in the audit; of a ticket "ticket." and its kind, of its answer "answer." and the act
	Field WorkerField // that was corrected
	By    program.Office
}

// History returns what happened to a worker's record, the newest first and at most so many; reads: also which officials
// have read it, or the list of the RT that he was of then, once for a day.
func (tx *Tx) History(worker string, most int, reads bool) (events []Event, err error) {
	all, err := tx.events(`SELECT at, what, '' AS field, by_person, id FROM audit WHERE subject=$1 AND what IN
			('worker.register', 'worker.import', 'worker.confirm', 'worker.paid', 'worker.move', 'worker.stop', 'worker.cancel', 'consent.self', 'consent.paper')
		UNION ALL SELECT at, 'worker.correct', field, by_person, id FROM worker_changes WHERE worker=$1
		UNION ALL SELECT at, 'ticket.' || kind, '', person, id FROM tickets WHERE worker=$1
		UNION ALL SELECT closed_at, 'answer.' || act, '', closed_by, id FROM tickets WHERE worker=$1 AND closed_at>0`, worker)
	if err == nil && reads {
		all, err = tx.readings(worker, all)
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b Event) int { return b.At.Compare(a.At) })
	read := map[Event]bool{}
	for _, e := range all {
		day := Event{At: program.DateOf(e.At).Time(), By: e.By}
		if e.What == "record.read" && read[day] {
			continue
		}
		if e.What == "record.read" {
			read[day] = true
		}
		events = append(events, e)
	}
	return events[:min(len(events), most)], nil
}

// readings adds which officials have read a worker's record, and the list of each RT while he was of it.
func (tx *Tx) readings(worker string, all []Event) ([]Event, error) {
	read, err := tx.events(`SELECT at, what, '' AS field, by_person, id FROM audit WHERE what='record.read'
		AND subject IN (SELECT CAST($1 AS TEXT) UNION ALL SELECT id FROM tickets WHERE worker=$1)`, worker)
	if err != nil {
		return nil, err
	}
	all = append(all, read...)
	w, err := tx.Worker(worker)
	if err != nil {
		return nil, err
	}
	type stay struct {
		rt    string
		until int64
	}
	var stays []stay
	if err := tx.each("list where a worker was", func(row Row) error {
		var s stay
		err := row.Scan(&s.rt, &s.until)
		stays = append(stays, s)
		return err
	}, `SELECT from_rt, decided_at FROM moves WHERE worker=$1 AND state=$2 ORDER BY decided_at`, worker, string(MoveDone)); err != nil {
		return nil, err
	}
	since := w.RegisteredAt.UnixMicro()
	for _, s := range append(stays, stay{w.RT.String(), tx.Now.UnixMicro() + 1}) {
		read, err := tx.events(`SELECT at, what, '' AS field, by_person, id FROM audit WHERE what='record.read' AND subject=$1 AND at>=$2 AND at<$3`, s.rt, since, s.until)
		if err != nil {
			return nil, err
		}
		all, since = append(all, read...), s.until
	}
	return all, nil
}

// events reads what a query of at, what, field, by_person and id finds, the newest first, with the office that each one held then.
func (tx *Tx) events(query string, args ...any) (events []Event, err error) {
	err = tx.each("read a history", func(row Row) error {
		var e Event
		var at int64
		err := row.Scan(&at, &e.What, &e.Field, &e.By.Role, &e.By.Place)
		e.At = time.UnixMicro(at).UTC()
		events = append(events, e)
		return err
	}, `SELECT e.at, e.what, e.field, COALESCE(o.role, ''), COALESCE(o.place, '') FROM (`+query+`) e
		LEFT JOIN offices o ON o.id=(SELECT x.id FROM offices x WHERE x.person=e.by_person AND x.since<=e.at AND (x.until=0 OR x.until>=e.at)
			ORDER BY CASE WHEN x.role='worker' THEN 1 ELSE 0 END, x.id LIMIT 1)
		ORDER BY e.at DESC, e.id DESC`, args...)
	return events, err
}

// Own says whether only the worker himself does this. That somebody was taken for him is no deed of his.
func (e Event) Own() bool {
	return e.What == "consent.self" || strings.HasPrefix(e.What, "ticket.") && e.What != "ticket."+string(TicketNotMe)
}
