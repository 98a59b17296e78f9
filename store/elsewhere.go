package store

import (
	"database/sql"
	"errors"
	"fmt"

	"sahabatrt/program"
)

// PutElsewhere notes that another payer covers this NIK up to a month (zero: no end known). Only a keyed hash of the NIK
// is kept (rule 19). source names the list. It returns whether that was new.
func (tx *Tx) PutElsewhere(nik program.NIK, payer string, until program.Month, source string) (changed bool, err error) {
	n, err := tx.Exec(`INSERT INTO elsewhere(nik_key, payer, until, source) VALUES($1, $2, $3, $4)
		ON CONFLICT(nik_key, payer) DO UPDATE SET until=excluded.until, source=excluded.source
		WHERE elsewhere.until<>excluded.until OR elsewhere.source<>excluded.source`, tx.index("nik", nik.Digits()), payer, int64(until), source)
	if err != nil {
		return false, fmt.Errorf("note who is covered elsewhere: %w", err)
	}
	return n > 0, nil
}

// Elsewhere says whether an imported list has this NIK as covered in the month of a day, and by whom.
func (tx *Tx) Elsewhere(nik program.NIK, on program.Date) (payer string, found bool, err error) {
	err = tx.QueryRow(`SELECT payer FROM elsewhere WHERE nik_key=$1 AND (until=0 OR until>=$2) ORDER BY payer LIMIT 1`,
		tx.index("nik", nik.Digits()), int64(on.MonthOf())).Scan(&payer)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look who is covered elsewhere: %w", err)
	}
	return payer, true, nil
}
