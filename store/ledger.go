package store

import (
	"fmt"
	"time"

	"sahabatrt/program"
)

// EntryKind says what an entry of the ledger is; the values are stored.
type EntryKind string

// The kinds of entries.
const (
	EntryCeiling     EntryKind = "ceiling"      // an official list set or changed the ceiling
	EntrySpentBefore EntryKind = "spent_before" // spent before this store, by an official list
	EntryFixed       EntryKind = "fixed"        // fixed lines, by an official list
	EntryCommit      EntryKind = "commit"       // promised for a worker
	EntryPaid        EntryKind = "paid"         // months of a worker that an official list calls paid
	EntryReversal    EntryKind = "reversal"     // takes back another entry, or what is left of it
)

// Entry is one line of the append-only ledger of an RT and year (rule 13). The amounts are what it added to each column of
// the budget, in rupiah, below zero for less. A correction is another entry that names the one it Reverses.
type Entry struct {
	ID        string
	Kind      EntryKind
	Ceiling   program.Rupiah
	Spent     program.Rupiah
	Committed program.Rupiah
	Outside   program.Rupiah
	Worker    string // id
	Op        string
	By        string // id of a person, "" for an import
	At        time.Time
	Reason    string
	Reverses  string // id of an entry
}

// entry is what a change of a budget gives to the ledger.
type entry struct {
	kind                      EntryKind
	ceiling, spent, committed program.Rupiah
	worker, op, by            string
	reason, reverses          string
}

func (tx *Tx) writeEntry(rt program.RT, year int, e entry, outside program.Rupiah) error {
	return tx.exec("write the ledger", `INSERT INTO ledger(id, rt, year, kind, ceiling, spent, committed, outside, worker, op, by_person, at,
		reason, reverses) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		newID(), rt.String(), year, string(e.kind), int64(e.ceiling), int64(e.spent), int64(e.committed), int64(outside),
		e.worker, e.op, e.by, tx.Now.UnixMicro(), e.reason, e.reverses)
}

// Ledger returns the entries of an RT and year, oldest first.
func (tx *Tx) Ledger(rt program.RT, year int) (entries []Entry, err error) {
	err = tx.each("read the ledger", func(rows Row) error {
		var e Entry
		var at int64
		err := rows.Scan(&e.ID, &e.Kind, &e.Ceiling, &e.Spent, &e.Committed, &e.Outside, &e.Worker, &e.Op, &e.By, &at, &e.Reason, &e.Reverses)
		e.At = time.UnixMicro(at).UTC()
		entries = append(entries, e)
		return err
	}, `SELECT id, kind, ceiling, spent, committed, outside, worker, op, by_person, at, reason, reverses
		FROM ledger WHERE rt=$1 AND year=$2 ORDER BY id`, rt.String(), year)
	return entries, err
}

// lastCommit returns the id of the newest promise for a worker in a year, "" for none.
func (tx *Tx) lastCommit(worker string, year int) (id string, err error) {
	if err := tx.QueryRow(`SELECT COALESCE(MAX(id), '') FROM ledger WHERE worker=$1 AND year=$2 AND kind=$3`,
		worker, year, string(EntryCommit)).Scan(&id); err != nil {
		return "", fmt.Errorf("look for a promise: %w", err)
	}
	return id, nil
}
