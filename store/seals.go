package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	hashes "hash"
	"time"
)

const (
	sealEvery = 10 * time.Minute
	sealAfter = time.Hour // ids are made before they are committed, by clocks that may differ: what commits later may stand before what is there
	sealRows  = 10_000    // in one seal
)

// auditRows reads audit rows in the order of their ids, each column as text.
const auditRows = `SELECT id, CAST(at AS TEXT), by_person, what, subject, op FROM audit WHERE id>$1`

// sealedRows are what a seal was written for.
type sealedRows struct {
	rows       int
	last, hash string
}

// ErrSealsCut means that seals of the audit are gone, or that nobody knows where they end: none is added, because that
// would hide it. Check tells the same.
var ErrSealsCut = errors.New("the seals of the audit do not reach to where they ended")

// SealAudit seals the audit rows that are older than an hour and not sealed yet. A seal is the hash of the one before and
// of all columns of its rows, kept with our key, and where the chain ends is kept so too, in a row of its own: whoever
// changes, removes or inserts an old row, or takes seals away, and has not the key, is found by Check. Only somebody who
// puts an older state of all of it back is not; the log tells each seal, and a copy of it elsewhere is the witness.
// ErrSealsCut.
func (db *DB) SealAudit(ctx context.Context) error {
	for {
		var done sealedRows
		err := db.Update(ctx, func(tx *Tx) (err error) {
			done, err = tx.sealAudit()
			return err
		})
		if err != nil {
			return fmt.Errorf("seal the audit: %w", err)
		}
		if done.rows > 0 {
			db.opt.Log.Info("audit sealed", "rows", done.rows, "last", done.last, "hash", hex.EncodeToString([]byte(done.hash)))
		}
		if done.rows < sealRows {
			return nil
		}
	}
}

// sealAudit writes the next seal, none for no rows.
func (tx *Tx) sealAudit() (done sealedRows, err error) {
	if err := tx.alone("seals", "audit"); err != nil {
		return done, err
	}
	from, before, err := tx.lastSeal()
	if err != nil {
		return done, err
	}
	if end, err := tx.endOfSeals(); err != nil || end != before {
		return done, errors.Join(err, ErrSealsCut)
	}
	until, err := tx.firstTooYoung(from)
	if err != nil {
		return done, err
	}
	h := newSeal(before)
	err = tx.each("read the audit", func(row Row) error {
		done.rows++
		done.last, err = h.add(row)
		return err
	}, auditRows+` AND ($2='' OR id<$2) ORDER BY id LIMIT $3`, from, until, sealRows)
	if err != nil || done.rows == 0 {
		return done, err
	}
	done.hash = h.sum()
	sealed, err := tx.seal("audit_seals", "hash", done.last, done.hash)
	if err != nil {
		return done, err
	}
	if err := tx.exec("keep a seal", `INSERT INTO audit_seals(last, at, hash) VALUES($1, $2, $3)`, done.last, tx.Now.UnixMicro(), sealed); err != nil {
		return done, err
	}
	return done, tx.endSeals(done.hash)
}

// sealsOf names the one chain of seals.
const sealsOf = "audit"

// beginSeals keeps that nothing is sealed yet: once, in a database whose audit is empty.
func (tx *Tx) beginSeals() error {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT id FROM audit UNION ALL SELECT name FROM audit_head LIMIT 1) AS held`).Scan(&n); err != nil || n > 0 {
		return err
	}
	sealed, err := tx.seal("audit_head", "end_of", sealsOf, noSeal)
	if err != nil {
		return err
	}
	return tx.exec("begin the seals of the audit", `INSERT INTO audit_head(name, end_of) VALUES($1, $2)`, sealsOf, sealed)
}

// noSeal stands for the hash of no seal: an empty value would not be sealed.
const noSeal = "none"

func (tx *Tx) endSeals(hash string) error {
	sealed, err := tx.seal("audit_head", "end_of", sealsOf, hash)
	if err != nil {
		return err
	}
	return tx.exec("keep where the seals end", `UPDATE audit_head SET end_of=$1 WHERE name=$2`, sealed, sealsOf)
}

// endOfSeals is the hash of the last seal, "" before the first. ErrSealsCut: it is not there.
func (tx *Tx) endOfSeals() (hash string, err error) {
	err = tx.QueryRow(`SELECT end_of FROM audit_head WHERE name=$1`, sealsOf).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) || err == nil && hash == "" {
		return "", ErrSealsCut
	}
	if err != nil {
		return "", fmt.Errorf("read where the seals end: %w", err)
	}
	if err := tx.open("audit_head", "end_of", sealsOf, &hash); err != nil {
		return "", err
	}
	if hash == noSeal {
		hash = ""
	}
	return hash, nil
}

// lastSeal returns up to which id the audit is sealed, and that seal's hash; both are empty for the first.
func (tx *Tx) lastSeal() (last, hash string, err error) {
	err = tx.QueryRow(`SELECT last, hash FROM audit_seals ORDER BY last DESC LIMIT 1`).Scan(&last, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("read the last seal: %w", err)
	}
	return last, hash, tx.open("audit_seals", "hash", last, &hash)
}

// firstTooYoung is the first id after from whose row is too young to be sealed, "" for none. An id begins with its time.
func (tx *Tx) firstTooYoung(from string) (id string, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MIN(id), '') FROM audit WHERE id>$1 AND at>$2`, from, tx.Now.Add(-sealAfter).UnixMicro()).Scan(&id)
	if err != nil {
		return "", fmt.Errorf("look for what is too young to be sealed: %w", err)
	}
	return id, nil
}

// checkAudit holds the audit against its seals. One that does not open is found with the other sealed values.
func (tx *Tx) checkAudit() (found []Finding, err error) {
	type kept struct{ last, hash string }
	var seals []kept
	err = tx.each("read the seals", func(row Row) error {
		var s kept
		err := row.Scan(&s.last, &s.hash)
		seals = append(seals, s)
		return err
	}, `SELECT last, hash FROM audit_seals ORDER BY last`)
	if err != nil {
		return nil, err
	}
	from, before := "", ""
	for _, s := range seals {
		h := newSeal(before)
		if err := tx.each("read the audit", func(row Row) error {
			_, err := h.add(row)
			return err
		}, auditRows+` AND id<=$2 ORDER BY id`, from, s.last); err != nil {
			return nil, err
		}
		from, before = s.last, h.sum()
		if tx.open("audit_seals", "hash", s.last, &s.hash) != nil {
			continue
		}
		if s.hash != before {
			found = append(found, Finding{"audit_seals", s.last, "audit_differs_from_seal"})
			before = s.hash // the next one is judged by itself
		}
	}
	end, err := tx.endOfSeals()
	switch {
	case errors.Is(err, ErrSeal): // found with the other sealed values
	case err == nil && end != before, errors.Is(err, ErrSealsCut):
		found = append(found, Finding{"audit_head", sealsOf, "seals_cut"})
	case err != nil:
		return nil, err
	}
	return found, nil
}

// seal is the hash of rows in the making.
type seal struct{ hash hashes.Hash }

// newSeal begins with the hash of the seal before.
func newSeal(before string) *seal {
	s := &seal{sha256.New()}
	s.text(before)
	return s
}

// text adds one text with its length, so that no two rows look alike.
func (s *seal) text(t string) {
	s.hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(t))))
	s.hash.Write([]byte(t))
}

// add adds a row of auditRows and returns its id.
func (s *seal) add(row Row) (id string, err error) {
	var columns [6]string
	if err := row.Scan(&columns[0], &columns[1], &columns[2], &columns[3], &columns[4], &columns[5]); err != nil {
		return "", err
	}
	for _, c := range columns {
		s.text(c)
	}
	return columns[0], nil
}

func (s *seal) sum() string { return string(s.hash.Sum(nil)) }
