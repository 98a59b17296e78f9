package store

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"sahabatrt/program"
)

// audit notes who did what to which record, by ids only. what is "noun.verb"; op is the operation that runs when it is "".
func (tx *Tx) audit(by, what, subject, op string) error {
	return tx.exec("write the audit", `INSERT INTO audit(id, at, by_person, what, subject, op) VALUES($1, $2, $3, $4, $5, $6)`,
		newID(), tx.Now.UnixMicro(), by, what, subject, cmp.Or(op, tx.op))
}

// NoteReading notes that an official read what tells who people are: of an RT, or of one worker by his id. Officers of
// the RT read their own records, which is not noted.
func (tx *Tx) NoteReading(by Person, subject string) error {
	return tx.audit(by.ID, "record.read", subject, "")
}

// Trace is a row of the audit: who did what to which record, by ids only.
type Trace struct {
	ID      string
	At      time.Time
	By      string // id of a person, "" for an operator, an import or the bot itself
	What    string // "noun.verb"
	Subject string // id of the record, or the code of a place
	Op      string // the operation it was part of, "" for none
}

// TraceQuery says which rows of the audit are wanted: those that all of its fields let through. Zero fields let all through.
type TraceQuery struct {
	Person  string        // id: what he did, what was done to him, and to the worker that he is
	Phone   program.Phone // the same for whoever has this number, person or worker
	RT      program.RT    // what concerns the RT: itself, its officers, its workers, their tickets, talks and moves
	Subject string
	Since   time.Time
	Until   time.Time // not included
}

// Traces reads the audit in the order of time. ErrNotFound: nobody has this number.
func (tx *Tx) Traces(q TraceQuery, found func(Trace) error) error {
	where, args, err := tx.traced(q)
	if err != nil {
		return err
	}
	return tx.each("read the audit", func(row Row) error {
		var t Trace
		var at int64
		if err := row.Scan(&t.ID, &at, &t.By, &t.What, &t.Subject, &t.Op); err != nil {
			return err
		}
		t.At = time.UnixMicro(at).UTC()
		return found(t)
	}, `SELECT id, at, by_person, what, subject, op FROM audit WHERE `+where+` ORDER BY at, id`, args...)
}

// The conditions of a query, each with one parameter.
const (
	tracePerson = `(by_person=%[1]s OR subject=%[1]s OR subject IN (SELECT place FROM offices WHERE person=%[1]s AND role='worker'))`
	tracePhone  = `subject IN (SELECT id FROM workers WHERE phone_key=%s)`
	traceRT     = `(subject=%[1]s OR subject LIKE %[1]s || '/%%' OR subject IN (SELECT person FROM offices WHERE place=%[1]s)
		OR subject IN (SELECT id FROM workers WHERE rt=%[1]s) OR subject IN (SELECT id FROM tickets WHERE place=%[1]s)
		OR subject IN (SELECT id FROM talks WHERE place=%[1]s) OR subject IN (SELECT worker FROM moves WHERE from_rt=%[1]s OR to_rt=%[1]s))`
)

func (tx *Tx) traced(q TraceQuery) (where string, args []any, err error) {
	var all []string
	add := func(condition string, arg any) {
		args = append(args, arg)
		all = append(all, fmt.Sprintf(condition, fmt.Sprintf("$%d", len(args))))
	}
	if !q.Phone.IsZero() {
		p, workers, err := tx.bearers(q.Phone)
		if err != nil {
			return "", nil, err
		}
		add("("+tracePhone, workers)
		add(tracePerson+")", p.ID)
		all = []string{strings.Join(all, " OR ")}
	}
	if q.Person != "" {
		add(tracePerson, q.Person)
	}
	if !q.RT.IsZero() {
		add(traceRT, q.RT.String())
	}
	if q.Subject != "" {
		add("subject=%s", q.Subject)
	}
	if !q.Since.IsZero() {
		add("at>=%s", q.Since.UnixMicro())
	}
	if !q.Until.IsZero() {
		add("at<%s", q.Until.UnixMicro())
	}
	if len(all) == 0 {
		return "1=1", nil, nil
	}
	return strings.Join(all, " AND "), args, nil
}

// bearers are who has a number: the person, whose ID is not empty in any case, and the index of the workers. ErrNotFound: nobody.
func (tx *Tx) bearers(phone program.Phone) (p Person, workers string, err error) {
	workers = tx.index("phone", phone.E164())
	p, err = tx.PersonByPhone(phone)
	if !errors.Is(err, ErrNotFound) {
		return p, workers, err
	}
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM workers WHERE phone_key=$1`, workers).Scan(&n); err != nil {
		return p, "", fmt.Errorf("look who has a number: %w", err)
	}
	if n == 0 {
		return p, "", ErrNotFound
	}
	return Person{ID: "nobody"}, workers, nil // "" would be the operator
}
