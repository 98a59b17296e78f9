package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// What keeps Reindex from its work.
var (
	ErrRunning = errors.New("a bot works on these records")
	ErrLoses   = errors.New("some records can be found by a keyed hash alone, and not be carried over")
	ErrDamaged = errors.New("sealed values that are needed do not open")
)

// hasher returns the keyed hash of a value, "" for none.
type hasher func(kind, value string) string

// keyedTable is a table with keyed hashes of what its rows seal.
type keyedTable struct {
	sealedColumn
	beside  string   // a further column that the hashes need
	columns []string // the hashes
	hashes  func(h hasher, beside string, plain []byte) ([]string, error)
}

// keyed are all of them, with their hashes in the order of the columns: Check compares them, Reindex computes them anew.
var keyed = []keyedTable{
	{sealedColumn{"people", "personal", "id"}, "id", []string{"phone_key"}, personHashes},
	{sealedColumn{"workers", "personal", "id"}, "id", []string{"nik_key", "phone_key"}, workerHashes},
	{sealedColumn{"chats", "address", "chat_key"}, "channel", []string{"chat_key"}, chatHashes},
	{sealedColumn{"invites", "personal", "code_key"}, "role", []string{"phone_key"}, inviteHashes},
}

// hashedOnly are the tables with keyed hashes of what is kept nowhere, and the rows that Reindex deletes for it: lists are
// imported again, tries are counted from none. An invitation that was used stays: nobody has to find it by its code.
var hashedOnly = []struct{ table, column, rows string }{
	{"elsewhere", "nik_key", "nik_key<>''"},
	{"invites", "code_key", "used_by=''"},
	{"invite_tries", "chat_key", "chat_key<>''"},
	{"proof_tries", "chat_key", "chat_key<>''"},
	{"proof_tries", "nik_key", "nik_key<>''"},
}

func personHashes(h hasher, _ string, plain []byte) ([]string, error) {
	var p personPersonal
	err := json.Unmarshal(plain, &p)
	return []string{h("phone", p.Phone.E164())}, err
}

func workerHashes(h hasher, _ string, plain []byte) ([]string, error) {
	var p workerPersonal
	err := json.Unmarshal(plain, &p)
	return []string{h("nik", p.NIK.Digits()), h("phone", p.Phone.E164())}, err
}

func chatHashes(h hasher, channel string, id []byte) ([]string, error) {
	return []string{h("chat", chatName(channel, string(id)))}, nil
}

func inviteHashes(h hasher, _ string, plain []byte) ([]string, error) {
	var p invitePersonal
	err := json.Unmarshal(plain, &p)
	return []string{h("phone", p.Phone.E164())}, err
}

// keyedRow is a row of a keyed table: what names it, what it seals, the hashes it has and those it should have.
type keyedRow struct {
	id           string
	plain        []byte
	hashes, want []string
}

// rows reads all rows of a table that open, and computes their hashes. Those that do not, which Check names, it counts; those
// that seal nothing any more have no hashes.
func (k keyedTable) rows(tx *Tx, h hasher) (out []keyedRow, damaged int, err error) {
	err = tx.each("read the hashes of "+k.table, func(rows Row) error {
		var beside, value string
		r := keyedRow{hashes: make([]string, len(k.columns))}
		dest := []any{&r.id, &value, &beside}
		for i := range r.hashes {
			dest = append(dest, &r.hashes[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		var err error
		if r.plain, err = tx.db.sealer.Open(place(k.table, k.column, r.id), value); err != nil {
			damaged++
			return unlessDamaged(err)
		}
		if r.want, err = k.hashes(h, beside, r.plain); err != nil {
			return fmt.Errorf("%s of %s: not what was written", k.column, r.id) // the cause could quote it
		}
		out = append(out, r)
		return nil
	}, fmt.Sprintf(`SELECT %s, %s, %s, %s FROM %s WHERE %s<>'' ORDER BY %s`, k.id, k.column, k.beside, strings.Join(k.columns, ", "), k.table, k.column, k.id))
	return out, damaged, err
}

func unlessDamaged(err error) error {
	if errors.Is(err, ErrSeal) {
		return nil
	}
	return err
}

// checkIndexes compares the keyed hashes with what the rows seal.
func (tx *Tx) checkIndexes() (found []Finding, err error) {
	for _, k := range keyed {
		rows, _, err := k.rows(tx, tx.index)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			for i, column := range k.columns {
				if r.hashes[i] != r.want[i] {
					found = append(found, Finding{k.table, r.id, column + "_differs"})
				}
			}
		}
	}
	return found, nil
}

// Lost is what cannot be found any more after Reindex.
type Lost struct {
	Elsewhere []LostList
	Invites   int64 // not used yet, and still valid
}

// LostList is a list of people covered elsewhere, by its source, which has to be imported again.
type LostList struct {
	Source string
	Rows   int64
}

// Reindex makes a new key for the indexes of the records and computes them anew, all or none. No other process may be at
// work: ErrRunning when the heartbeat of one says so; processes that have none, such as an import, are not noticed. What
// would be lost it returns with ErrLoses, and deletes it with anyway. Conversations under way have a key of their own and
// go on.
func (db *DB) Reindex(ctx context.Context, anyway bool) (lost Lost, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		if _, err := tx.takeKeys(); err != nil {
			return err
		}
		if err := tx.nobodyPlays(); err != nil {
			return err
		}
		if lost, err = tx.wouldLose(); err != nil {
			return err
		}
		if (len(lost.Elsewhere) > 0 || lost.Invites > 0) && !anyway {
			return ErrLoses
		}
		return tx.reindex(newIndexKey())
	})
	if err == nil {
		db.ring.again()
	}
	return lost, err
}

func (tx *Tx) nobodyPlays() error {
	for _, at := range []string{
		`SELECT COUNT(*) FROM session_processes WHERE until_us>$1`,
		`SELECT COUNT(*) FROM leases WHERE until>$1`, // one of them polls
	} {
		var n int
		if err := tx.QueryRow(at, tx.Now.UnixMicro()).Scan(&n); err != nil {
			return fmt.Errorf("look for processes at work: %w", err)
		}
		if n > 0 {
			return ErrRunning
		}
	}
	return nil
}

func (tx *Tx) wouldLose() (lost Lost, err error) {
	if err := tx.each("count who is covered elsewhere", func(rows Row) error {
		var l LostList
		err := rows.Scan(&l.Source, &l.Rows)
		lost.Elsewhere = append(lost.Elsewhere, l)
		return err
	}, `SELECT source, COUNT(*) FROM elsewhere GROUP BY source ORDER BY source`); err != nil {
		return Lost{}, err
	}
	if err := tx.QueryRow(`SELECT COUNT(*) FROM invites WHERE used_by='' AND until>$1`, tx.Now.UnixMicro()).Scan(&lost.Invites); err != nil {
		return Lost{}, fmt.Errorf("count invitations: %w", err)
	}
	return lost, nil
}

func (tx *Tx) reindex(key []byte) error {
	h := func(kind, value string) string {
		if value == "" {
			return ""
		}
		return keyedHash(key, kind, value)
	}
	for _, only := range hashedOnly {
		if err := tx.exec("delete what cannot be carried over", fmt.Sprintf(`DELETE FROM %s WHERE %s`, only.table, only.rows)); err != nil {
			return err
		}
	}
	for _, k := range keyed {
		rows, damaged, err := k.rows(tx, h)
		if err != nil {
			return err
		}
		if damaged > 0 {
			return fmt.Errorf("%w: %d rows of %s", ErrDamaged, damaged, k.table)
		}
		for _, r := range rows {
			if err := k.rehash(tx, r); err != nil {
				return err
			}
		}
	}
	wrapped, err := wrapIndex(indexKey, key, tx.db.ring.wrapping())
	if err != nil {
		return err
	}
	if err := tx.changeKey(indexKey, wrapped); err != nil {
		return err
	}
	return tx.audit("", "keys.reindex", "", "")
}

// rehash writes the hashes that a row should have. Where one of them names the row, its sealed value is bound to it, and
// is sealed anew.
func (k keyedTable) rehash(tx *Tx, r keyedRow) error {
	var set []string
	var args []any
	add := func(column, value string) {
		args = append(args, value)
		set = append(set, fmt.Sprintf("%s=$%d", column, len(args)))
	}
	for i, column := range k.columns {
		add(column, r.want[i])
		if column != k.id {
			continue
		}
		sealed, err := tx.db.sealer.Seal(place(k.table, k.column, r.want[i]), r.plain)
		if err != nil {
			return err
		}
		add(k.column, sealed)
	}
	args = append(args, r.id)
	return tx.exec("change the hashes of "+k.table, fmt.Sprintf(`UPDATE %s SET %s WHERE %s=$%d`, k.table, strings.Join(set, ", "), k.id, len(args)), args...)
}
