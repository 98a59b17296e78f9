package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sahabatrt/program"
)

// NoticeKind says what a notice tells; the values are stored.
type NoticeKind string

// The kinds of notices.
const (
	NoticeAlert       NoticeKind = "alert"        // an official of an alert; its id
	NoticeMove        NoticeKind = "move"         // the head of an RT that another RT asks for a worker; the move's id
	NoticeMoved       NoticeKind = "moved"        // who asked for a worker what was decided; the move's id
	NoticeMovedSelf   NoticeKind = "moved_self"   // a worker that he is of another RT now; the move's id
	NoticeTicket      NoticeKind = "ticket"       // the head of an RT what a worker asks about his data; the ticket's id, and which note
	NoticeTicketDue   NoticeKind = "ticket_due"   // an official that a ticket waits for him; its id and the hours that are left
	NoticeAnswer      NoticeKind = "answer"       // who asked about his data the answer; the ticket's id
	NoticeInvited     NoticeKind = "invited"      // who issued an invitation that it was used; its id
	NoticeProof       NoticeKind = "proof"        // the head of an RT that somebody tried to pass for a worker; the worker's id
	NoticeRegistered  NoticeKind = "registered"   // a worker that he is registered again; his id
	NoticeCovered     NoticeKind = "covered"      // a worker until when he is paid for; his id and the month
	NoticeEnding      NoticeKind = "ending"       // a worker that this ends soon; his id and the month
	NoticeCoveredHead NoticeKind = "covered_head" // the head of an RT of workers whom nobody else can tell so; the RT, the month and the day on which it was noted
	NoticeEndingHead  NoticeKind = "ending_head"  // the same, that this ends soon; the RT and the month
	NoticeUnlinked    NoticeKind = "unlinked"     // each chat that is a person's no longer; the person's id

	NoticeTalk      NoticeKind = "talk"       // an official that somebody wants to talk with him; the talk's id
	NoticePassedOn  NoticeKind = "passed_on"  // one of two who talk what the other one says; the line's id
	NoticeTalkEnded NoticeKind = "talk_ended" // one of two who talked that it is over; the talk's id
)

// Courtesy says whether a notice is meant kindly only, so that who wants to be left alone gets none; what he asked for, and
// what his office needs, comes nevertheless.
func (k NoticeKind) Courtesy() bool {
	return k == NoticeRegistered || k == NoticeCovered || k == NoticeEnding
}

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

// noticeTime is how long somebody is told what could not be sent.
const noticeTime = 7 * 24 * time.Hour

// tell adds a notice for a person by day, once for a subject, if there is a chat to tell him in.
func (tx *Tx) tell(kind NoticeKind, subject, person string) error {
	_, err := tx.told(kind, subject, person)
	return err
}

// tellHead tells whoever heads an RT, or stands in for him.
func (tx *Tx) tellHead(kind NoticeKind, subject string, rt program.RT) error {
	_, err := tx.toldHead(kind, subject, rt)
	return err
}

// toldHead is tellHead, and says how many new notices there are.
func (tx *Tx) toldHead(kind NoticeKind, subject string, rt program.RT) (told int, err error) {
	for _, role := range []program.Role{program.Ketua, program.Wakil} {
		heads, err := tx.holders(role, rt.String())
		if err != nil {
			return told, err
		}
		for _, person := range heads {
			added, err := tx.told(kind, subject, person)
			if err != nil {
				return told, err
			}
			told += int(flag(added))
		}
	}
	return told, nil
}

// tellWorker tells whoever is this worker.
func (tx *Tx) tellWorker(kind NoticeKind, worker string, month program.Month) error {
	is, err := tx.holders(program.Worker, worker)
	if err != nil {
		return err
	}
	for _, person := range is {
		if err := tx.tell(kind, worker+"/"+month.String(), person); err != nil {
			return err
		}
	}
	return nil
}

// reached is the condition that whoever is the worker w has a chat where he can be told something.
// It is a count, and so are others where one is asked for few of many rows: what EXISTS asks PostgreSQL joins for all rows at once.
const reached = `(SELECT COUNT(*) FROM offices wo JOIN chats wc ON wc.person=wo.person
	WHERE wo.role='worker' AND wo.place=w.id AND wo.until=0 AND wc.ended_at=0 AND wc.gone_at=0)>0`

// Reached says whether whoever is a worker has a chat where he can be told something.
func (tx *Tx) Reached(worker string) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM workers w WHERE w.id=$1 AND `+reached, worker).Scan(&n); err != nil {
		return false, fmt.Errorf("look whether a worker has a chat: %w", err)
	}
	return n > 0, nil
}

// endingSoon is how many days before it ends a worker is told that his cover does.
const endingSoon = 14

// toldAtOnce is how many are told in one go, so that no transaction is long; the next go tells others.
const toldAtOnce = 500

// TellEnding tells the workers whose paid months end within 14 days, once for a month. It is asked every minute: who was told
// is found by the name of his notice.
func (tx *Tx) TellEnding() error {
	month := tx.today().MonthOf()
	if tx.today().AddDays(endingSoon).Before(month.Last()) {
		return nil
	}
	var workers []string
	if err := tx.each("list the workers whose cover ends", func(row Row) error {
		var id string
		err := row.Scan(&id)
		workers = append(workers, id)
		return err
	}, `SELECT DISTINCT w.id FROM workers w JOIN offices o ON o.place=w.id AND o.role=$1 JOIN people p ON p.id=o.person
		WHERE p.quiet_at=0 AND w.paid_until=$2 AND w.active=1 AND w.paused_at=0 AND (o.until=0 OR o.until>$3)
		AND (SELECT COUNT(*) FROM notices n WHERE n.name=$4 || w.id || $5 || o.person)=0
		AND (SELECT COUNT(*) FROM chats c WHERE c.person=o.person AND c.ended_at=0 AND c.gone_at=0)>0 ORDER BY 1 LIMIT $6`,
		string(program.Worker), int64(month), tx.Now.UnixMicro(), string(NoticeEnding)+":", "/"+month.String()+":", toldAtOnce); err != nil {
		return err
	}
	for _, id := range workers {
		if err := tx.tellWorker(NoticeEnding, id, month); err != nil {
			return err
		}
	}
	return nil
}

// forgetChats drops the chats of who was erased, and those whose link was ended, once nothing waits to be said there.
func (tx *Tx) forgetChats() error {
	if err := tx.exec("forget the chats of who was erased", `DELETE FROM chats WHERE person IN (SELECT id FROM people WHERE erased_at>0)
		AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.person=chats.person AND n.state IN ($1, $2))`, string(NoticeDue), string(NoticeSending)); err != nil {
		return err
	}
	return tx.exec("forget chats whose link was ended", `DELETE FROM chats WHERE ended_at>0 AND how<>$4 AND NOT EXISTS (SELECT 1 FROM notices n
		WHERE n.person=chats.person AND n.kind=$1 AND n.state IN ($2, $3))`, string(NoticeUnlinked), string(NoticeDue), string(NoticeSending), bySleep)
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

// DueNotices returns the ids of the notices whose time has come, of one person, or of everybody for "": the first due first.
func (tx *Tx) DueNotices(person string) (ids []string, err error) {
	err = tx.each("list the notices that are due", func(row Row) error {
		var id string
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM notices WHERE state=$1 AND due<=$2 AND (person=$3 OR $3='') ORDER BY due, id`, string(NoticeDue), tx.Now.UnixMicro(), person)
	return ids, err
}

// SetNotice notes the state of a notice that was taken in this transaction. What it said and could not be told is passed on.
func (tx *Tx) SetNotice(id string, state NoticeState) error {
	if err := tx.exec("set a notice", `UPDATE notices SET state=$1, state_at=$2 WHERE id=$3`, string(state), tx.Now.UnixMicro(), id); err != nil {
		return err
	}
	if state == NoticeDead || state == NoticeExpired {
		n := Notice{ID: id}
		if err := tx.QueryRow(`SELECT kind, subject FROM notices WHERE id=$1`, id).Scan(&n.Kind, &n.Subject); err != nil {
			return fmt.Errorf("read a notice that was not told: %w", err)
		}
		if err := tx.passOn(n); err != nil {
			return err
		}
	}
	return tx.forgetChats()
}

// SettleNotice notes that an operator has looked after a notice of which nobody knows whether it arrived: Check names it no
// more. It counts as sent: nobody is told of it again. ErrNotFound: there is none that is unclear with this id.
func (tx *Tx) SettleNotice(id string) error {
	n, err := tx.Exec(`UPDATE notices SET state=$1, state_at=$2 WHERE id=$3 AND state=$4`,
		string(NoticeSent), tx.Now.UnixMicro(), id, string(NoticeUnclear))
	if err != nil {
		return fmt.Errorf("settle a notice: %w", err)
	}
	if n == 0 {
		return ErrNotFound
	}
	return tx.audit("", "notice.settle", id, "")
}

// PostponeNotice makes a notice that was taken in this transaction due at another time.
func (tx *Tx) PostponeNotice(id string, due time.Time) error {
	return tx.exec("postpone a notice", `UPDATE notices SET state=$1, due=$2, state_at=$3 WHERE id=$4`,
		string(NoticeDue), due.UnixMicro(), tx.Now.UnixMicro(), id)
}

// ExpireNotices ends those whose last moment has passed before a job came to them.
func (tx *Tx) ExpireNotices() error {
	if err := tx.exec("expire notices", `UPDATE notices SET state=$1, state_at=$2 WHERE state=$3 AND until<$2`,
		string(NoticeExpired), tx.Now.UnixMicro(), string(NoticeDue)); err != nil {
		return err
	}
	return tx.forgetChats()
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
