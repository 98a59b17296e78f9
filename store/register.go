package store

import (
	"errors"
	"fmt"
	"time"

	"sahabatrt/program"
)

// ErrTooOld refuses somebody who is 65 or older on the day of registration (rule 15).
var ErrTooOld = errors.New("too old to be registered")

// ErrIncomplete means that a registration lacks what every registration has; the conversation asks for it, so it is our mistake.
var ErrIncomplete = errors.New("the registration lacks its RT, NIK, name, birth date, category or months")

// ErrPaid means that something was paid for this worker: the registration can be stopped, no longer cancelled.
var ErrPaid = errors.New("something was paid for this worker")

// ErrState means that the registration is in a state in which this cannot be done.
var ErrState = errors.New("not possible in the state of this registration")

// ErrPaused means that a worker asked to be erased or withdrew: nothing is done with his record until it is answered.
var ErrPaused = fmt.Errorf("its worker wants it used no longer: %w", ErrState)

// DuplicateNIK refuses a NIK that is registered already (rule 18). Another RT learns neither where nor who.
type DuplicateNIK struct {
	SameRT   bool
	WorkerID string // only in the same RT
}

func (e *DuplicateNIK) Error() string { return "the NIK is registered already" }

// Registered is what a registration came to.
type Registered struct {
	Worker    Worker
	Amount    program.Rupiah  // promised now, from this year's budget
	Remaining program.Rupiah  // of this year's budget, after it
	Waiting   []program.Month // months that wait for a ceiling
	Reason    string          // why it is held, a code
}

// Register decides on a registration and commits all of it or nothing. by must be ketua or sekretaris of the RT at this
// moment (ErrNoRight). Refused are a NIK that is registered (*DuplicateNIK, counted even when the caller rolls back),
// somebody too old (ErrTooOld), and what the budget does not carry (*ErrNotEnough). Held for the kelurahan, with an alert
// and without money, is who is too young or may be covered elsewhere. Without a ceiling it waits (rule 9). Otherwise
// this year's months are promised and those of later years wait (rule 14a). Who is this worker by an earlier registration is told.
func (tx *Tx) Register(w Worker, op string, by Person, consent Consent) (Registered, error) {
	if err := tx.must(by.ID, program.Register, w.RT.String()); err != nil {
		return Registered{}, err
	}
	if err := tx.completeWorker(&w); err != nil {
		return Registered{}, err
	}
	if err := tx.aloneWith(w); err != nil {
		return Registered{}, err
	}
	w.RegisteredBy = by.ID
	if err := tx.refuseDuplicate(w, op); err != nil {
		return Registered{}, err
	}
	if program.CheckAge(w.Birth, tx.today(), tx.Settings()) == program.AgeTooOld {
		tx.Refuse(w.RT, by.ID, RefusedTooOld, op)
		return Registered{}, ErrTooOld
	}
	var r Registered
	err := tx.whole(func() (err error) {
		r, err = tx.register(w, op, consent)
		return err
	})
	if err != nil {
		return Registered{}, err
	}
	return r, nil
}

// completeWorker gives what the store decides: id, time, first month.
func (tx *Tx) completeWorker(w *Worker) error {
	if w.FirstMonth.IsZero() {
		w.FirstMonth = program.FirstMonth(tx.today(), tx.Settings())
	}
	if w.RT == (program.RT{}) || w.NIK.IsZero() || w.Name == "" || w.Birth.IsZero() || w.Category == "" || w.Months <= 0 ||
		w.FirstMonth < tx.today().MonthOf() {
		return ErrIncomplete
	}
	w.ID, w.RegisteredAt, w.PaidUntil, w.Reason = newID(), tx.Now, 0, ""
	return nil
}

func (tx *Tx) refuseDuplicate(w Worker, op string) error {
	other, found, err := tx.FindNIK(w.NIK)
	if err != nil || !found {
		return err
	}
	if other.RT == w.RT {
		return &DuplicateNIK{SameRT: true, WorkerID: other.ID}
	}
	tx.Refuse(w.RT, w.RegisteredBy, RefusedDuplicate, op, other.RT)
	return &DuplicateNIK{}
}

// register writes a registration that refuseDuplicate let pass.
func (tx *Tx) register(w Worker, op string, consent Consent) (Registered, error) {
	reason, err := tx.reasonToHold(w)
	if err != nil {
		return Registered{}, err
	}
	w.State, w.Reason = program.WaitingCeiling, reason
	if reason != "" {
		w.State = program.Held
	}
	if err := tx.freeNIK(w.NIK); err != nil {
		return Registered{}, err
	}
	if err := tx.addWorker(w); err != nil {
		return Registered{}, err
	}
	if err := tx.addMonths(w, w.FirstMonth, w.Months, MonthWaiting); err != nil {
		return Registered{}, err
	}
	if err := tx.putConsent(w.ID, consent); err != nil {
		return Registered{}, err
	}
	if err := errors.Join(tx.audit(w.RegisteredBy, "worker.register", w.ID, op), tx.follow(w)); err != nil {
		return Registered{}, err
	}
	if reason != "" {
		if err := tx.Alert(Alert{Kind: AlertHeld, Kelurahan: w.RT.Kelurahan, RT: w.RT, Worker: w.ID, Reason: reason}); err != nil {
			return Registered{}, err
		}
		return tx.result(w.ID, 0)
	}
	return tx.promise(w, op, w.RegisteredBy)
}

// reasonToHold says why the kelurahan has to look first, "" if it need not (rules 15, 19).
func (tx *Tx) reasonToHold(w Worker) (string, error) {
	if program.CheckAge(w.Birth, tx.today(), tx.Settings()) == program.AgeTooYoung {
		return ReasonTooYoung, nil
	}
	if w.Elsewhere != "" {
		return ReasonElsewhere, nil
	}
	_, found, err := tx.Elsewhere(w.NIK, tx.today())
	if found {
		return ReasonElsewhere, err
	}
	return "", err
}

// promise commits the waiting months of this year from its budget, if that has a ceiling.
func (tx *Tx) promise(w Worker, op, by string) (Registered, error) {
	year := tx.today().Year
	b, err := tx.Budget(w.RT, year)
	if err != nil {
		return Registered{}, err
	}
	if b.Ceiling == 0 {
		return tx.result(w.ID, 0)
	}
	amount, err := tx.turnMonths(w.ID, year, program.NewMonth(year, time.December), MonthWaiting, MonthCommitted)
	if err != nil {
		return Registered{}, err
	}
	if amount == 0 {
		return tx.result(w.ID, 0)
	}
	if err := tx.setState(w, program.CoverState(w.FirstMonth, w.PaidUntil, tx.today(), tx.Settings())); err != nil {
		return Registered{}, err
	}
	if err := tx.commit(w.RT, year, amount, entry{worker: w.ID, op: op, by: by}); err != nil {
		return Registered{}, err
	}
	return tx.result(w.ID, amount)
}

// result reads what a registration came to.
func (tx *Tx) result(id string, amount program.Rupiah) (Registered, error) {
	w, err := tx.Worker(id)
	if err != nil {
		return Registered{}, err
	}
	b, err := tx.Budget(w.RT, tx.today().Year)
	if err != nil {
		return Registered{}, err
	}
	months, err := tx.CoverMonths(id)
	r := Registered{Worker: w, Amount: amount, Remaining: b.Remaining(), Reason: w.Reason}
	for _, m := range months {
		if m.State == MonthWaiting {
			r.Waiting = append(r.Waiting, m.Month)
		}
	}
	return r, err
}

// Confirm promises the months that wait, once the year has a ceiling (rule 9) or the kelurahan has looked at a
// registration that was held (rules 15, 19): by must hold the office for it (ErrNoRight). What a membership that has not
// begun could no longer pay in time is cancelled first. *ErrNotEnough changes nothing; ErrState: the registration is over. ErrPaused.
func (tx *Tx) Confirm(id, op string, by Person) (r Registered, err error) {
	w, err := tx.takeWorker(id)
	if err != nil {
		return Registered{}, err
	}
	verb := program.Register
	if w.State == program.Held {
		verb = program.Verify
	}
	if err := tx.must(by.ID, verb, w.RT.String()); err != nil {
		return Registered{}, err
	}
	if w.Paused {
		return Registered{}, ErrPaused
	}
	if !holdsNIK(w.State) {
		return Registered{}, ErrState
	}
	err = tx.whole(func() error {
		if w, err = tx.begin(w); err != nil {
			return err
		}
		if err := tx.audit(by.ID, "worker.confirm", w.ID, op); err != nil {
			return err
		}
		r, err = tx.promise(w, op, by.ID)
		return err
	})
	if err != nil {
		return Registered{}, err
	}
	return r, nil
}

// begin releases a registration that was held, and lets one that has not begun start with the first month that can
// still be paid in time.
func (tx *Tx) begin(w Worker) (Worker, error) {
	if w.State != program.Held && w.State != program.WaitingCeiling {
		return w, nil
	}
	end := w.FirstMonth.Add(w.Months)
	for w.FirstMonth < end && tx.today().After(program.DueDate(w.FirstMonth, tx.Settings())) {
		w.FirstMonth++
	}
	w.Months = int(end - w.FirstMonth)
	if err := tx.exec("cancel months that are over", `UPDATE cover_months SET state=$1 WHERE worker=$2 AND month<$3 AND state=$4`,
		string(MonthCancelled), w.ID, int64(w.FirstMonth), string(MonthWaiting)); err != nil {
		return w, err
	}
	w.State = program.WaitingCeiling
	return w, tx.exec("let a registration begin", `UPDATE workers SET state=$1, reason='', first_month=$2, months=$3, version=version+1 WHERE id=$4`,
		string(w.State), int64(w.FirstMonth), w.Months, w.ID)
}

// CancelWorker takes back a registration that was a mistake, as long as nothing was paid (ErrPaid): what was promised
// returns to the budget by a counter-entry, and the NIK is free again. by must be ketua or sekretaris of the RT
// (ErrNoRight); reason goes to the ledger and holds no personal data. ErrState: it is over already.
func (tx *Tx) CancelWorker(id string, by Person, reason, op string) error {
	w, err := tx.takeWorker(id)
	if err != nil {
		return err
	}
	verb := program.Register
	if w.State == program.Held { // the RT that entered it, or the kelurahan that looked at it
		if may, err := tx.May(by.ID, program.Verify, w.RT.String()); err != nil || may {
			verb = program.Verify
		}
	}
	if err := tx.must(by.ID, verb, w.RT.String()); err != nil {
		return err
	}
	if !holdsNIK(w.State) {
		return ErrState
	}
	paid, err := tx.years(id, MonthPaid)
	if err != nil {
		return err
	}
	if len(paid) > 0 || !w.PaidUntil.IsZero() {
		return ErrPaid
	}
	return tx.whole(func() error {
		return errors.Join(tx.end(w, program.Cancelled, by.ID, reason, op), tx.unfollow(w, by.ID))
	})
}

// end gives a registration its last state: what was promised returns to the budget, what waited is cancelled.
func (tx *Tx) end(w Worker, state program.State, by, reason, op string) error {
	if err := tx.setState(w, state); err != nil {
		return err
	}
	if err := tx.takeBack(w, MonthCancelled, entry{worker: w.ID, op: op, by: by, reason: reason}); err != nil {
		return err
	}
	if err := tx.exec("cancel the months that wait", `UPDATE cover_months SET state=$1 WHERE worker=$2 AND state=$3`,
		string(MonthCancelled), w.ID, string(MonthWaiting)); err != nil {
		return err
	}
	return errors.Join(tx.endMoves(`worker=$3`, w.ID), tx.audit(by, ended[state], w.ID, op))
}

// ended is what the audit calls the end of a registration.
var ended = map[program.State]string{program.Cancelled: "worker.cancel", program.Stopped: "worker.stop"}

// takeBack returns to the budget what was promised for a worker and not paid, by a counter-entry for each year.
func (tx *Tx) takeBack(w Worker, to MonthState, e entry) error {
	years, err := tx.years(w.ID, MonthCommitted)
	if err != nil {
		return err
	}
	last := w.FirstMonth.Add(w.Months)
	for _, year := range years {
		sum, err := tx.turnMonths(w.ID, year, last, MonthCommitted, to)
		if err != nil {
			return err
		}
		e.kind, e.committed = EntryReversal, -sum
		if e.reverses, err = tx.lastCommit(w.ID, year); err != nil {
			return err
		}
		if err := tx.move(w.RT, year, e); err != nil {
			return err
		}
	}
	return nil
}
