package store

import (
	"fmt"

	"sahabatrt/program"
)

// RefusalKind says why a registration was refused; the values are stored.
type RefusalKind string

// The kinds of refusals.
const (
	RefusedDuplicate RefusalKind = "duplicate_nik"
	RefusedTooOld    RefusalKind = "too_old"
)

// refusalsADay is from how many refusals of one person in a day officials are told (rule 18).
const refusalsADay = 10

// Refuse counts that a person of an RT was refused, once for an operation however often it arrives. A duplicate NIK
// alerts the kelurahan of that RT and those of the RTs where the NIK stands; the tenth refusal of the day in Jambi
// alerts too (rule 18). It is kept even when the change in which it is called rolls back.
func (tx *Tx) Refuse(rt program.RT, person string, kind RefusalKind, op string, stands ...program.RT) {
	tx.keep(func(tx *Tx) error { return tx.refuse(rt, person, kind, op, stands) })
}

func (tx *Tx) refuse(rt program.RT, person string, kind RefusalKind, op string, stands []program.RT) error {
	if err := tx.alone("refusals", person); err != nil {
		return err
	}
	n, err := tx.Exec(`INSERT INTO refusals(op, kind, rt, person, at) VALUES($1, $2, $3, $4, $5) ON CONFLICT(op) DO NOTHING`,
		op, string(kind), rt.String(), person, tx.Now.UnixMicro())
	if err != nil {
		return fmt.Errorf("count a refusal: %w", err)
	}
	if n == 0 {
		return nil
	}
	if kind == RefusedDuplicate {
		if err := tx.alertDuplicate(rt, stands); err != nil {
			return err
		}
	}
	var today int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM refusals WHERE person=$1 AND rt=$2 AND at>=$3`,
		person, rt.String(), tx.today().Time().UnixMicro()).Scan(&today); err != nil {
		return fmt.Errorf("count the refusals of a day: %w", err)
	}
	if today != refusalsADay {
		return nil
	}
	return tx.Alert(Alert{Kind: AlertRefusals, Kelurahan: rt.Kelurahan, RT: rt, Reason: string(kind)})
}

// alertDuplicate tells each RT's kelurahan of its own RT only: who asks does not learn where the NIK stands.
func (tx *Tx) alertDuplicate(rt program.RT, stands []program.RT) error {
	for _, r := range append([]program.RT{rt}, stands...) {
		if err := tx.Alert(Alert{Kind: AlertDuplicate, Kelurahan: r.Kelurahan, RT: r, Reason: string(RefusedDuplicate)}); err != nil {
			return err
		}
	}
	return nil
}
