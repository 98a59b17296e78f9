package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// NoticeKind says what a notice tells; the values are stored.
type NoticeKind string

// The kinds of notices.
const (
	NoticeAlert NoticeKind = "alert" // an official of an alert; its id
)

// NoticeState says what became of a notice; the values are stored.
type NoticeState string

// The states of notices. Each is sent at most once: what is unclear is never sent again.
const (
	NoticeDue     NoticeState = "due"     // to be sent at its time
	NoticeSending NoticeState = "sending" // on its way
	NoticeSent    NoticeState = "sent"
	NoticeUnclear NoticeState = "unclear" // it may have arrived
	NoticeDead    NoticeState = "dead"    // nobody can be reached
	NoticeExpired NoticeState = "expired" // its last moment passed, or it says nothing that still holds
)

// sendingTime is how long a notice may be on its way before check finds it.
const sendingTime = 10 * time.Minute

// Notice is what the bot says to one person unprompted, from Due until Until. Name says what for, "alert:ID:PERSON".
type Notice struct {
	ID, Name   string
	Kind       NoticeKind
	Subject    string // the id of what it tells
	Person     string
	State      NoticeState
	Due, Until time.Time
}

// AddNotice writes a notice that is due, and its job, unless there is one with this name. ID and State are given here.
func (tx *Tx) AddNotice(n Notice) (added bool, err error) {
	id, now := newID(), tx.Now.UnixMicro()
	rows, err := tx.Exec(`INSERT INTO notices(id, name, kind, subject, person, state, due, until, made_at, state_at)
		VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT(name) DO NOTHING`,
		id, n.Name, string(n.Kind), n.Subject, n.Person, string(NoticeDue), n.Due.UnixMicro(), n.Until.UnixMicro(), now, now)
	if err != nil {
		return false, fmt.Errorf("add a notice: %w", err)
	}
	if rows == 0 {
		return false, nil
	}
	return true, tx.Enqueue(JobNotice, id)
}

// TakeNotice returns a notice, or ErrNotFound. Others who take it wait until this transaction ends.
func (tx *Tx) TakeNotice(id string) (Notice, error) {
	if err := tx.alone("notice", id); err != nil {
		return Notice{}, err
	}
	var n Notice
	var due, until int64
	err := tx.QueryRow(`SELECT id, name, kind, subject, person, state, due, until FROM notices WHERE id=$1`, id).
		Scan(&n.ID, &n.Name, &n.Kind, &n.Subject, &n.Person, &n.State, &due, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return Notice{}, ErrNotFound
	}
	if err != nil {
		return Notice{}, fmt.Errorf("read a notice: %w", err)
	}
	n.Due, n.Until = time.UnixMicro(due).UTC(), time.UnixMicro(until).UTC()
	return n, nil
}

// DueNotices returns the ids of the notices whose time has come, the first due first.
func (tx *Tx) DueNotices() (ids []string, err error) {
	err = tx.each("list the notices that are due", func(row Row) error {
		var id string
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM notices WHERE state=$1 AND due<=$2 ORDER BY due, id`, string(NoticeDue), tx.Now.UnixMicro())
	return ids, err
}

// SetNotice notes the state of a notice that was taken in this transaction.
func (tx *Tx) SetNotice(id string, state NoticeState) error {
	return tx.exec("set a notice", `UPDATE notices SET state=$1, state_at=$2 WHERE id=$3`, string(state), tx.Now.UnixMicro(), id)
}

// PostponeNotice makes a notice that was taken in this transaction due at another time.
func (tx *Tx) PostponeNotice(id string, due time.Time) error {
	return tx.exec("postpone a notice", `UPDATE notices SET state=$1, due=$2, state_at=$3 WHERE id=$4`,
		string(NoticeDue), due.UnixMicro(), tx.Now.UnixMicro(), id)
}

// ExpireNotices ends those whose last moment has passed before a job came to them.
func (tx *Tx) ExpireNotices() error {
	return tx.exec("expire notices", `UPDATE notices SET state=$1, state_at=$2 WHERE state=$3 AND until<$2`,
		string(NoticeExpired), tx.Now.UnixMicro(), string(NoticeDue))
}

// checkNotices finds those of which nobody knows whether they arrived.
func (tx *Tx) checkNotices() ([]Finding, error) {
	unclear, err := tx.findings("notices", "unclear", `SELECT id FROM notices WHERE state=$1 ORDER BY id`, string(NoticeUnclear))
	if err != nil {
		return nil, err
	}
	hang, err := tx.findings("notices", "sending_for_long", `SELECT id FROM notices WHERE state=$1 AND state_at<$2 ORDER BY id`,
		string(NoticeSending), tx.Now.Add(-sendingTime).UnixMicro())
	return append(unclear, hang...), err
}
