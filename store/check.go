package store

import (
	"context"
	"fmt"

	"sahabatrt/program"
)

// Finding is something that does not agree with the rest: where, and what, never the data itself.
type Finding struct {
	Table   string
	Row     string // id, or RT and year
	Problem string // a code
}

// Check reads the whole store in one snapshot and returns what does not agree: balances with the ledger and the months,
// registrations with their NIK, sealed values that do not open, keyed hashes that are not those of what their rows seal, updates that were set aside unplayed, jobs that were given
// up, notices of which nobody knows whether they arrived, and audit rows that are not what was sealed.
func (db *DB) Check(ctx context.Context) (findings []Finding, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		for _, check := range []func(*Tx) ([]Finding, error){
			(*Tx).checkBudgets, (*Tx).checkMonths, (*Tx).checkWorkers, (*Tx).checkSeals, (*Tx).checkIndexes, (*Tx).checkAside, (*Tx).checkJobs, (*Tx).checkNotices, (*Tx).checkAudit,
		} {
			found, err := check(tx)
			if err != nil {
				return err
			}
			findings = append(findings, found...)
		}
		return nil
	})
	return findings, err
}

// findings runs a query that returns the id of every row that is wrong.
func (tx *Tx) findings(table, problem, query string, args ...any) (found []Finding, err error) {
	err = tx.each("check "+table, func(rows Row) error {
		f := Finding{Table: table, Problem: problem}
		err := rows.Scan(&f.Row)
		found = append(found, f)
		return err
	}, query, args...)
	return found, err
}

func (tx *Tx) checkBudgets() ([]Finding, error) {
	wrong, err := tx.findings("budgets", "negative_or_overspent", `SELECT rt || '/' || year FROM budgets
		WHERE ceiling<0 OR spent<0 OR committed<0 OR spent_outside<0 OR committed_outside<0 OR spent+committed>ceiling ORDER BY rt, year`)
	if err != nil {
		return nil, err
	}
	differs, err := tx.findings("budgets", "differs_from_ledger", `SELECT b.rt || '/' || b.year FROM budgets b LEFT JOIN
		(SELECT rt, year, SUM(ceiling) AS ceiling, SUM(spent) AS spent, SUM(committed) AS committed, SUM(outside) AS outside
		FROM ledger GROUP BY rt, year) l ON l.rt=b.rt AND l.year=b.year
		WHERE b.ceiling<>COALESCE(l.ceiling, 0) OR b.spent<>COALESCE(l.spent, 0) OR b.committed<>COALESCE(l.committed, 0)
		OR b.spent_outside+b.committed_outside<>COALESCE(l.outside, 0) ORDER BY b.rt, b.year`)
	return append(wrong, differs...), err
}

// checkMonths holds the promises against the months they are for.
func (tx *Tx) checkMonths() ([]Finding, error) {
	differs, err := tx.findings("budgets", "promises_differ_from_months", `SELECT b.rt || '/' || b.year FROM budgets b
		WHERE b.committed+b.committed_outside<>
		(SELECT COALESCE(SUM(amount-spent), 0) FROM budget_lines l WHERE l.rt=b.rt AND l.year=b.year)+
		(SELECT COALESCE(SUM(amount), 0) FROM cover_months m WHERE m.rt=b.rt AND m.year=b.year AND m.state=$1)
		ORDER BY b.rt, b.year`, string(MonthCommitted))
	if err != nil {
		return nil, err
	}
	without, err := tx.findings("cover_months", "promised_without_budget", `SELECT m.worker FROM cover_months m
		LEFT JOIN budgets b ON b.rt=m.rt AND b.year=m.year WHERE m.state=$1 AND b.rt IS NULL ORDER BY m.worker, m.month`, string(MonthCommitted))
	return append(differs, without...), err
}

func (tx *Tx) checkWorkers() ([]Finding, error) {
	twice, err := tx.findings("workers", "nik_registered_twice", `SELECT MAX(id) FROM workers WHERE active=1 GROUP BY nik_key HAVING COUNT(*)>1 ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	flagged, err := tx.findings("workers", "active_differs_from_state", `SELECT id FROM workers
		WHERE active<>CASE WHEN state IN ($1, $2, $3, $4) THEN 0 ELSE 1 END ORDER BY id`,
		string(program.Ended), string(program.Stopped), string(program.Dead), string(program.Cancelled))
	return append(twice, flagged...), err
}

// sealedColumn is a column that holds sealed values. id names the column of its row, or the columns, "a, b".
type sealedColumn struct{ table, column, id string }

// sealed are all of them: Check opens them, Reseal seals them anew, and a key goes when none of them needs it.
var sealed = []sealedColumn{
	{"people", "personal", "id"},
	{"chats", "address", "chat_key"},
	{"invites", "personal", "code_key"},
	{"workers", "personal", "id"},
	{"worker_changes", "old", "id"},
	{"consents", "given_by", "id"},
	{"operations", "answer", "op"},
	{"tickets", "note", "id"},
	{"tickets", "answer", "id"},
	{"talks", "address", "id"},
	{"talk_lines", "said", "id"},
	{"session_chats", "address", "chat"},
	{"session_chats", "session", "chat"},
	{"session_chats", "replies", "chat"},
	{"session_inbox", "body", "chat, id"},
	{"audit_seals", "hash", "last"},
	{"audit_head", "end_of", "name"},
}

func (tx *Tx) checkSeals() (found []Finding, err error) {
	for _, s := range sealed {
		err := tx.each("check "+s.table, func(rows Row) error {
			r, err := s.scan(rows)
			if err != nil {
				return err
			}
			if tx.open(s.table, s.column, r.name(), &r.value) != nil {
				found = append(found, Finding{s.table, r.name(), s.column + "_does_not_open"})
			}
			return nil
		}, fmt.Sprintf(`SELECT %s, %s FROM %s ORDER BY %s`, s.id, s.column, s.table, s.id))
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (tx *Tx) checkAside() ([]Finding, error) {
	return tx.findings("session_inbox", "set_aside", `SELECT chat FROM session_inbox WHERE state='aside' ORDER BY chat, seq`)
}

// ForgetAside drops the updates of a chat that were set aside beside the records: an operator has looked after them. It
// returns how many.
func (tx *Tx) ForgetAside(chat string) (n int64, err error) {
	if n, err = tx.Exec(`DELETE FROM session_inbox WHERE chat=$1 AND state='aside'`, chat); err != nil {
		return 0, fmt.Errorf("forget what was set aside: %w", err)
	}
	return n, nil
}
