package store

import (
	"context"
	"errors"
	"fmt"
)

// Operate runs change once for an operation id, however often it arrives: the first keeps its answer, sealed, and each
// later one changes nothing and gets that answer with repeated set. An error of change leaves no trace of the operation.
// by is the id of the person who acts, "" when nobody is known yet.
func (db *DB) Operate(ctx context.Context, op, by string, change func(*Tx) (answer []byte, err error)) (answer []byte, repeated bool, err error) {
	for range attempts {
		err = db.Update(ctx, func(tx *Tx) (err error) {
			answer, repeated, err = tx.operate(op, by, change)
			return err
		})
		// The row of the operation settles what became of the commit: if it is not there, nothing of it is.
		if !errors.Is(err, ErrUnknown) {
			break
		}
	}
	if err != nil {
		return nil, false, err
	}
	db.opt.At(AtCommitted)
	return answer, repeated, nil
}

func (tx *Tx) operate(op, by string, change func(*Tx) ([]byte, error)) (answer []byte, repeated bool, err error) {
	n, err := tx.Exec(`INSERT INTO operations(op, by_person, at, answer) VALUES($1, $2, $3, '') ON CONFLICT(op) DO NOTHING`,
		op, by, tx.Now.UnixMicro())
	if err != nil {
		return nil, false, fmt.Errorf("begin an operation: %w", err)
	}
	if n == 0 {
		answer, err = tx.answer(op)
		return answer, true, err
	}
	tx.op = op
	tx.db.opt.At(AtBegun)
	if answer, err = change(tx); err != nil {
		return nil, false, err
	}
	sealed, err := tx.seal("operations", "answer", op, string(answer))
	if err != nil {
		return nil, false, err
	}
	if err = tx.exec("keep the answer of an operation", `UPDATE operations SET answer=$1 WHERE op=$2`, sealed, op); err == nil {
		tx.db.opt.At(AtWritten)
	}
	return answer, false, err
}

func (tx *Tx) answer(op string) ([]byte, error) {
	var answer string
	if err := tx.QueryRow(`SELECT answer FROM operations WHERE op=$1`, op).Scan(&answer); err != nil {
		return nil, fmt.Errorf("read the answer of an operation: %w", err)
	}
	err := tx.open("operations", "answer", op, &answer)
	return []byte(answer), err
}
