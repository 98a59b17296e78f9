package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sahabatrt/program"
)

// forgetAtOnce is how many rows one transaction lets go of: nobody waits long for it.
const forgetAtOnce = 500

// forgotten is what goes after some days: a change of rows of which one parameter says the day.
type forgotten struct {
	what, change, table, id, rows string
	days                          int
}

func (f forgotten) query() string {
	return fmt.Sprintf(`%s WHERE %s IN (SELECT %s FROM %s WHERE %s ORDER BY 1 LIMIT %d)`, f.change, f.id, f.id, f.table, f.rows, forgetAtOnce)
}

func forgettable(keep program.Retention) []forgotten {
	return []forgotten{
		{"answers", `UPDATE operations SET answer=''`, "operations", "op", `at<$1 AND answer<>''`, keep.Answers},
		{"wrong codes", `DELETE FROM invite_tries`, "invite_tries", "id", `at<$1`, keep.Tries},
		{"wrong proofs", `DELETE FROM proof_tries`, "proof_tries", "op", `at<$1`, keep.Tries},
		{"invitations", `UPDATE invites SET personal='', phone_key=''`, "invites", "code_key", `personal<>'' AND (until<$1 OR used_at>0 AND used_at<$1)`, keep.Invites},
		{"tickets", `UPDATE tickets SET note='', answer=''`, "tickets", "id", `closed_at>0 AND closed_at<$1 AND (note<>'' OR answer<>'')`, keep.Tickets},
		{"lines of talks", `DELETE FROM talk_lines`, "talk_lines", "id", `at<$1`, keep.Talks},
		{"notices", `DELETE FROM notices`, "notices", "id", `state NOT IN ('due', 'sending') AND state_at<$1`, keep.Notices},
	}
}

// Forget lets go of what was kept for as long as the settings say (rule 39). Money, months and audit stay: they never held
// anybody's data. What it has begun is done even if it fails later; the next time does the rest.
func (db *DB) Forget(ctx context.Context) error {
	for _, f := range forgettable(db.settings.Keep) {
		if err := db.forget(ctx, f); err != nil {
			return fmt.Errorf("forget %s: %w", f.what, err)
		}
	}
	if err := db.Update(ctx, (*Tx).sleepers); err != nil {
		return fmt.Errorf("forget chats that are silent: %w", err)
	}
	if err := db.forgetOfficers(ctx); err != nil {
		return fmt.Errorf("forget who is in no office: %w", err)
	}
	return db.forgetWorkers(ctx)
}

// sleepers ends the links of chats that were silent for too long, and forgets them after as much time again.
func (tx *Tx) sleepers() error {
	if err := tx.sleep(`1=1`); err != nil {
		return err
	}
	return tx.exec("forget chats", `DELETE FROM chats WHERE how=$1 AND ended_at<=$2`, bySleep, tx.today().AddDays(-tx.Settings().SleepDays).Time().UnixMicro())
}

func (db *DB) forget(ctx context.Context, f forgotten) error {
	for {
		var n int64
		err := db.Update(ctx, func(tx *Tx) (err error) {
			n, err = tx.Exec(f.query(), tx.Now.AddDate(0, 0, -f.days).UnixMicro())
			return err
		})
		if err != nil || n < forgetAtOnce {
			return err
		}
	}
}

// forgetOfficers overwrites, one in a transaction, who holds no office since long ago, or never did; never who is a worker, or
// waits for an answer about his data.
func (db *DB) forgetOfficers(ctx context.Context) error {
	var ids []string
	if err := db.View(ctx, func(tx *Tx) (err error) {
		ids, err = tx.officeless("")
		return err
	}); err != nil {
		return err
	}
	for _, id := range ids {
		if err := db.Update(ctx, func(tx *Tx) error {
			if err := tx.alone("people", ""); err != nil {
				return err
			}
			still, err := tx.officeless(id) // he may have an office again
			if err != nil || len(still) == 0 {
				return err
			}
			return tx.erasePerson(id, "", "")
		}); err != nil {
			return err
		}
	}
	return nil
}

// officeless are the people who have held no office for as long as officers are kept: one of them, or all for "".
func (tx *Tx) officeless(person string) (ids []string, err error) {
	err = tx.each("list who is in no office", func(row Row) error {
		var id string
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM people p WHERE erased_at=0 AND made_at<$1 AND (id=$2 OR $2='')
		AND NOT EXISTS (SELECT 1 FROM offices o WHERE o.person=p.id AND (o.until=0 OR o.until>=$1))
		AND NOT EXISTS (SELECT 1 FROM tickets t WHERE t.person=p.id AND t.closed_at=0) ORDER BY id`,
		tx.Now.AddDate(0, 0, -tx.Settings().Keep.Officers).UnixMicro(), person)
	return ids, err
}

// forgetWorkers notes which registrations have ended, and erases those that ended long ago, one in a transaction.
func (db *DB) forgetWorkers(ctx context.Context) error {
	var ids []string
	err := db.Update(ctx, func(tx *Tx) (err error) {
		if err := tx.noteEnds(); err != nil {
			return err
		}
		ids, err = tx.endedBefore(tx.Now.AddDate(-db.settings.Keep.Workers, 0, 0))
		return err
	})
	if err != nil {
		return fmt.Errorf("look for registrations that ended: %w", err)
	}
	for _, id := range ids {
		if err := db.Update(ctx, func(tx *Tx) error { return tx.eraseEnded(id) }); err != nil {
			return fmt.Errorf("erase a worker whose registration ended: %w", err)
		}
	}
	return nil
}

// noteEnds notes on which day it was seen first that a registration is over: stopped, four months unpaid, or never paid
// until long after its last month. One that is paid again is not over. No money moves.
func (tx *Tx) noteEnds() error {
	if err := tx.exec("note what has ended", `UPDATE workers SET ended_at=$1 WHERE active=0 AND ended_at=0`, tx.Now.UnixMicro()); err != nil {
		return err
	}
	ends := map[string]int64{}
	if err := tx.each("look who is paid for no longer", func(row Row) error {
		var w Worker
		var ended int64
		if err := row.Scan(&w.ID, &w.State, &w.FirstMonth, &w.Months, &w.PaidUntil, &ended); err != nil {
			return err
		}
		switch over := tx.lapsed(w) || tx.neverBegan(w); {
		case over && ended == 0:
			ends[w.ID] = tx.Now.UnixMicro()
		case !over && ended > 0:
			ends[w.ID] = 0
		}
		return nil
	}, `SELECT id, state, first_month, months, paid_until, ended_at FROM workers WHERE active=1
		AND (ended_at>0 OR (paid_until>0 AND paid_until<$1) OR (paid_until=0 AND first_month+months<=$1))`,
		int64(tx.today().MonthOf())); err != nil {
		return err
	}
	for id, at := range ends {
		if err := tx.exec("note an end", `UPDATE workers SET ended_at=$1 WHERE id=$2`, at, id); err != nil {
			return err
		}
	}
	return nil
}

// lapsed says whether a registration ended in arrears.
func (tx *Tx) lapsed(w Worker) bool { return w.StateOn(tx.today(), tx.Settings()) == program.Ended }

func (tx *Tx) neverBegan(w Worker) bool {
	return program.NeverBegan(w.FirstMonth, w.Months, w.PaidUntil, tx.today(), tx.Settings())
}

func (tx *Tx) endedBefore(before time.Time) (ids []string, err error) {
	err = tx.each("list registrations that ended long ago", func(row Row) error {
		var id string
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM workers WHERE ended_at>0 AND ended_at<$1 AND erased_at=0 ORDER BY id`, before.UnixMicro())
	return ids, err
}

// eraseEnded overwrites who a worker was whose registration ended long ago, unless he was paid for in this moment or
// another process has done it. Of one that never began it takes back what is promised still: nobody could, afterwards.
func (tx *Tx) eraseEnded(id string) error {
	w, err := tx.takeWorker(id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := tx.alone("people", ""); err != nil {
		return err
	}
	if holdsNIK(w.State) {
		switch {
		case tx.lapsed(w):
			err = tx.setState(w, program.Ended)
		case tx.neverBegan(w):
			err = tx.end(w, program.Cancelled, "", "never_paid", "")
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
	if err := tx.erase(w); err != nil {
		return err
	}
	return tx.audit("", "worker.erase", w.ID, "")
}
