package store

import (
	"cmp"
	"errors"
	"fmt"

	"sahabatrt/program"
)

// ImportWorker adds a worker from an official list, with the months paid up to PaidUntil; the others wait, nothing is
// promised. What the new months cost is part of SpentBefore of the RT's ceiling and is not booked again. For a worker who
// is there already only a later PaidUntil counts: months that were promised here move from committed to spent. The same
// row twice changes nothing. *DuplicateNIK: the NIK is registered in another RT. ErrWithdrew. by is a person's id, "" for none.
func (tx *Tx) ImportWorker(w Worker, by string) (changed bool, err error) {
	if w.RT == (program.RT{}) || w.NIK.IsZero() || w.Name == "" || w.Category == "" || w.FirstMonth.IsZero() {
		return false, ErrIncomplete
	}
	if err := tx.aloneWith(w); err != nil {
		return false, err
	}
	old, err := tx.known(w)
	if errors.Is(err, ErrNotFound) {
		if withdrew, err := tx.withdrew(w.NIK); err != nil || withdrew {
			return false, cmp.Or(err, ErrWithdrew)
		}
		return true, tx.whole(func() error { return tx.importWorker(w, by) })
	}
	if err != nil {
		return false, err
	}
	if old.RT != w.RT {
		return false, &DuplicateNIK{}
	}
	if w.PaidUntil <= old.PaidUntil || !holdsNIK(old.State) {
		return false, nil
	}
	return true, tx.whole(func() error { return tx.payUntil(old, w.PaidUntil, by) })
}

// ErrWithdrew refuses a list that registers anew who withdrew his consent: a conversation may, where it is stated again.
var ErrWithdrew = errors.New("the worker withdrew his consent")

// withdrew says whether the newest registration of a NIK was stopped because its worker asked so.
func (tx *Tx) withdrew(nik program.NIK) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM tickets WHERE act=$1 AND worker=(SELECT MAX(id) FROM workers WHERE nik_key=$2)`,
		string(ActStop), tx.index("nik", nik.Digits())).Scan(&n); err != nil {
		return false, fmt.Errorf("look whether a worker withdrew: %w", err)
	}
	return n > 0, nil
}

// known finds the registration that a row of a list is about: the one that holds the NIK, or for one that is over the same again.
func (tx *Tx) known(w Worker) (Worker, error) {
	old, err := tx.holder(w.NIK)
	if !errors.Is(err, ErrNotFound) {
		return old, err
	}
	return tx.worker(`SELECT `+workerColumns+` FROM workers WHERE nik_key=$1 AND rt=$2 AND state=$3 AND first_month=$4`,
		tx.index("nik", w.NIK.Digits()), w.RT.String(), string(w.State), int64(w.FirstMonth))
}

func (tx *Tx) importWorker(w Worker, by string) error {
	w.ID, w.RegisteredBy = newID(), by
	if w.RegisteredAt.IsZero() {
		w.RegisteredAt = tx.Now
	}
	paid := 0
	if !w.PaidUntil.IsZero() {
		paid = max(0, int(w.PaidUntil-w.FirstMonth)+1)
	}
	w.Months = max(w.Months, paid)
	if w.State == "" {
		w.State = program.WaitingCeiling
	}
	if w.State == program.WaitingCeiling && paid > 0 {
		w.State = program.Active
	}
	if err := tx.addWorker(w); err != nil {
		return err
	}
	if err := tx.addMonths(w, w.FirstMonth, paid, MonthPaid); err != nil {
		return err
	}
	if err := tx.addMonths(w, w.FirstMonth.Add(paid), w.Months-paid, MonthWaiting); err != nil {
		return err
	}
	return errors.Join(tx.audit(by, "worker.import", w.ID, ""), tx.follow(w))
}

// payUntil records that an official list calls a worker's months paid up to one.
func (tx *Tx) payUntil(w Worker, until program.Month, by string) error {
	if err := tx.payPromised(w, until, by); err != nil {
		return err
	}
	if err := tx.exec("pay months that waited", `UPDATE cover_months SET state=$1 WHERE worker=$2 AND month<=$3 AND state=$4`,
		string(MonthPaid), w.ID, int64(until), string(MonthWaiting)); err != nil {
		return err
	}
	end := w.FirstMonth.Add(w.Months)
	if err := tx.addMonths(w, end, int(until-end)+1, MonthPaid); err != nil {
		return err
	}
	if err := tx.exec("note until when a worker is paid", `UPDATE workers SET paid_until=$1, months=$2, state=$3, reason='', version=version+1, paid_at=$4 WHERE id=$5`,
		int64(until), max(w.Months, int(until-w.FirstMonth)+1), string(program.Active), tx.Now.UnixMicro(), w.ID); err != nil {
		return err
	}
	if !w.Paused { // who cannot be told himself is told by the head of his RT: see paymentsToTell
		if err := tx.tellWorker(NoticeCovered, w.ID, until); err != nil {
			return err
		}
	}
	return tx.audit(by, "worker.paid", w.ID, "")
}

func (tx *Tx) payPromised(w Worker, until program.Month, by string) error {
	years, err := tx.years(w.ID, MonthCommitted)
	if err != nil {
		return err
	}
	for _, year := range years {
		sum, err := tx.turnMonths(w.ID, year, until, MonthCommitted, MonthPaid)
		if err != nil {
			return err
		}
		if err := tx.move(w.RT, year, entry{kind: EntryPaid, spent: sum, committed: -sum, worker: w.ID, by: by}); err != nil {
			return err
		}
	}
	return nil
}
