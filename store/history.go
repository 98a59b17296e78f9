package store

import (
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
// have read it, or the list of its RT, once for a day.
func (tx *Tx) History(worker string, most int, reads bool) (events []Event, err error) {
	err = tx.each("read the history of a worker", func(row Row) error {
		var e Event
		var at int64
		if err := row.Scan(&at, &e.What, &e.Field, &e.By.Role, &e.By.Place); err != nil {
			return err
		}
		e.At = time.UnixMicro(at).UTC()
		if n := len(events); n > 0 && e.sameDay(events[n-1]) {
			return nil
		}
		if len(events) < most {
			events = append(events, e)
		}
		return nil
	}, `SELECT e.at, e.what, e.field, COALESCE(o.role, ''), COALESCE(o.place, '') FROM (
		SELECT at, what, '' AS field, by_person, id FROM audit WHERE subject=$1 AND what IN
			('worker.register', 'worker.import', 'worker.confirm', 'worker.paid', 'worker.move', 'worker.stop', 'worker.cancel', 'consent.self', 'consent.paper')
		UNION ALL SELECT at, what, '', by_person, id FROM audit WHERE what='record.read' AND CAST($2 AS BIGINT)=1 AND subject IN
			(SELECT id FROM tickets WHERE worker=$1 UNION ALL SELECT id FROM workers WHERE id=$1 UNION ALL SELECT rt FROM workers WHERE id=$1)
		UNION ALL SELECT at, 'worker.correct', field, by_person, id FROM worker_changes WHERE worker=$1
		UNION ALL SELECT at, 'ticket.' || kind, '', person, id FROM tickets WHERE worker=$1
		UNION ALL SELECT closed_at, 'answer.' || act, '', closed_by, id FROM tickets WHERE worker=$1 AND closed_at>0
		) e LEFT JOIN offices o ON o.id=(SELECT x.id FROM offices x WHERE x.person=e.by_person AND x.since<=e.at AND (x.until=0 OR x.until>=e.at)
			ORDER BY CASE WHEN x.role='worker' THEN 1 ELSE 0 END, x.id LIMIT 1)
		ORDER BY e.at DESC, e.id DESC`, worker, flag(reads))
	return events, err
}

// Own says whether only the worker himself does this. That somebody was taken for him is no deed of his.
func (e Event) Own() bool {
	return e.What == "consent.self" || strings.HasPrefix(e.What, "ticket.") && e.What != "ticket."+string(TicketNotMe)
}

// sameDay says whether an event tells nothing beside one that was later on its day.
func (e Event) sameDay(later Event) bool {
	return e.What == later.What && e.Field == later.Field && e.By == later.By && program.DateOf(e.At) == program.DateOf(later.At)
}
