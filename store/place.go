package store

import (
	"fmt"

	"sahabatrt/program"
)

// RTRow is an RT that takes part in the programme. Sample marks invented ones.
type RTRow struct {
	RT     program.RT
	Sample bool
}

// PutRT adds an RT or changes its mark.
func (tx *Tx) PutRT(rt program.RT, sample bool) error {
	return tx.exec("put an RT", `INSERT INTO rts(rt, kelurahan, number, sample) VALUES($1, $2, $3, $4)
		ON CONFLICT(rt) DO UPDATE SET sample=excluded.sample`, rt.String(), rt.Kelurahan, rt.Number, flag(sample))
}

// RTs returns the RTs of a kelurahan by number, those of the whole city for "".
func (tx *Tx) RTs(kelurahan string) ([]RTRow, error) {
	var rts []RTRow
	err := tx.each("list the RTs", func(rows Row) error {
		var r RTRow
		var code string
		var sample int64
		if err := rows.Scan(&code, &sample); err != nil {
			return err
		}
		var err error
		r.RT, err = program.ParseRTCode(code)
		r.Sample = sample == 1
		rts = append(rts, r)
		return err
	}, `SELECT rt, sample FROM rts WHERE kelurahan=$1 OR $1='' ORDER BY kelurahan, number`, kelurahan)
	return rts, err
}

// HasRT says whether the RT takes part.
func (tx *Tx) HasRT(rt program.RT) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM rts WHERE rt=$1`, rt.String()).Scan(&n); err != nil {
		return false, fmt.Errorf("look up an RT: %w", err)
	}
	return n == 1, nil
}

// flag stores a truth as 0 or 1, which both engines understand.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
