package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"sahabatrt/program"
)

// Why a registration is held (Worker.Reason).
const (
	ReasonTooYoung  = "too_young" // under the minimum age (rule 15)
	ReasonElsewhere = "elsewhere" // said to be covered by another payer, or on a list of those (rule 19)
)

// Worker is somebody registered by an RT. It never prints who it is.
type Worker struct {
	ID           string
	RT           program.RT
	State        program.State // as stored: see StateOn
	Reason       string        // why it is held, a code
	Category     program.Category
	Work         string // free text for program.OtherWork
	Name         string // as on the KTP
	NIK          program.NIK
	Birth        program.Date // as on the KTP
	Sex          program.Sex
	Phone        program.Phone
	PhoneOwner   string        // whose phone it is, "" his own
	Address      string        // "": in this RT
	FirstMonth   program.Month // zero at registration: by the rule (14b)
	Months       int
	PaidUntil    program.Month // zero: never paid
	Elsewhere    string        // what was said of another payer: "", city, province, employer, self, unknown-list
	Mother       string        // mother's maiden name
	Workplace    string
	Heir         string
	IncomeEnough *bool // at least Rp1.000.000 a month (rule 16); nil: not asked yet
	RegisteredAt time.Time
	RegisteredBy string // id of a person, "" for an import
	Version      int64
	Paused       bool // he asked to be erased or withdrew his consent: nothing more is done with the record
	Erased       bool // nothing tells any more who it was
}

// Format hides everything but the id, whatever the verb.
func (w Worker) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "worker "+w.ID) }

// LogValue hides everything but the id.
func (w Worker) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(w)) }

// StateOn is the state to show on a day: for a registration that was not stopped it follows from what was paid (rules 14b, 22, 23).
func (w Worker) StateOn(today program.Date, s program.Settings) program.State {
	switch w.State {
	case program.Submitted, program.Active, program.Arrears1, program.Arrears2, program.Arrears3:
		return program.CoverState(w.FirstMonth, w.PaidUntil, today, s)
	}
	return w.State
}

// Start is the day from which the membership counts by our records: that of the registration, or the first of the first
// month that is paid for. Only BPJS knows it for certain.
func (w Worker) Start() program.Date {
	if day := program.DateOf(w.RegisteredAt); day.MonthOf() == w.FirstMonth {
		return day
	}
	return w.FirstMonth.First()
}

// workerPersonal is what workers.personal seals.
type workerPersonal struct {
	Name         string `json:",omitempty"`
	NIK          program.NIK
	Birth        program.Date
	Sex          program.Sex `json:",omitempty"`
	Phone        program.Phone
	PhoneOwner   string `json:",omitempty"`
	Address      string `json:",omitempty"`
	Work         string `json:",omitempty"`
	Mother       string `json:",omitempty"`
	Workplace    string `json:",omitempty"`
	Heir         string `json:",omitempty"`
	IncomeEnough *bool  `json:",omitempty"`
}

func (tx *Tx) sealWorker(w Worker) (string, error) {
	b, err := json.Marshal(workerPersonal{w.Name, w.NIK, w.Birth, w.Sex, w.Phone, w.PhoneOwner, w.Address, w.Work, w.Mother,
		w.Workplace, w.Heir, w.IncomeEnough})
	if err != nil {
		return "", fmt.Errorf("write worker %s: %w", w.ID, err)
	}
	return tx.seal("workers", "personal", w.ID, string(b))
}

func (tx *Tx) addWorker(w Worker) error {
	sealed, err := tx.sealWorker(w)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO workers(id, rt, nik_key, phone_key, active, state, reason, category, elsewhere, first_month, months,
		paid_until, registered_at, registered_by, version, personal) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15)`,
		w.ID, w.RT.String(), tx.index("nik", w.NIK.Digits()), tx.index("phone", w.Phone.E164()), flag(holdsNIK(w.State)),
		string(w.State), w.Reason, string(w.Category), w.Elsewhere, int64(w.FirstMonth), w.Months, int64(w.PaidUntil),
		w.RegisteredAt.UnixMicro(), w.RegisteredBy, sealed)
	if isUnique(err) {
		return &DuplicateNIK{}
	}
	if err != nil {
		return fmt.Errorf("add a worker: %w", err)
	}
	return nil
}

// holdsNIK says whether a registration in this state keeps its NIK from being registered again (rule 18).
func holdsNIK(s program.State) bool {
	switch s {
	case program.Ended, program.Stopped, program.Dead, program.Cancelled:
		return false
	}
	return true
}

// setState changes the state: it is held for no reason any more, and frees the NIK where the registration is over.
func (tx *Tx) setState(w Worker, state program.State) error {
	return tx.exec("change the state of a worker", `UPDATE workers SET state=$1, reason='', active=$2, version=version+1 WHERE id=$3`,
		string(state), flag(holdsNIK(state)), w.ID)
}

const workerColumns = `id, rt, state, reason, category, elsewhere, first_month, months, paid_until, registered_at, registered_by, version, paused_at, erased_at, personal`

// scanWorker reads a row of workerColumns.
func (tx *Tx) scanWorker(scan func(...any) error) (Worker, error) {
	var w Worker
	var rt, text string
	var at, paused, erased int64
	if err := scan(&w.ID, &rt, &w.State, &w.Reason, &w.Category, &w.Elsewhere, &w.FirstMonth, &w.Months, &w.PaidUntil, &at,
		&w.RegisteredBy, &w.Version, &paused, &erased, &text); err != nil {
		return Worker{}, err
	}
	var p workerPersonal
	if err := tx.openJSON("workers", w.ID, text, &p); err != nil {
		return Worker{}, err
	}
	w.Name, w.NIK, w.Birth, w.Sex, w.Phone, w.PhoneOwner = p.Name, p.NIK, p.Birth, p.Sex, p.Phone, p.PhoneOwner
	w.Address, w.Work, w.Mother, w.Workplace, w.Heir, w.IncomeEnough = p.Address, p.Work, p.Mother, p.Workplace, p.Heir, p.IncomeEnough
	w.RegisteredAt, w.Paused, w.Erased = time.UnixMicro(at).UTC(), paused > 0, erased > 0
	var err error
	w.RT, err = program.ParseRTCode(rt)
	return w, err
}

func (tx *Tx) worker(query string, args ...any) (Worker, error) {
	w, err := tx.scanWorker(tx.QueryRow(query, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Worker{}, ErrNotFound
	}
	if err != nil {
		return Worker{}, fmt.Errorf("read a worker: %w", err)
	}
	return w, nil
}

// Worker returns a worker, also one whose registration was cancelled, or ErrNotFound.
func (tx *Tx) Worker(id string) (Worker, error) {
	return tx.worker(`SELECT `+workerColumns+` FROM workers WHERE id=$1`, id)
}

// aloneWith keeps others away from the money of a worker's RT and from the worker's NIK.
func (tx *Tx) aloneWith(w Worker) error {
	if err := tx.alone("rt", w.RT.String()); err != nil {
		return err
	}
	return tx.alone("nik", tx.index("nik", w.NIK.Digits()))
}

// takeWorker is Worker for a change: what it returns stays true until the transaction ends. Of one who was erased nothing is
// changed: ErrNotFound.
func (tx *Tx) takeWorker(id string) (Worker, error) {
	w, err := tx.Worker(id)
	for err == nil {
		if err = tx.aloneWith(w); err != nil {
			break
		}
		now, err := tx.Worker(id)
		if err != nil || now.RT == w.RT {
			return living(now, err)
		}
		w = now // he moved to another RT meanwhile: wait for that one
	}
	return Worker{}, err
}

func living(w Worker, err error) (Worker, error) {
	if err == nil && w.Erased {
		err = ErrNotFound
	}
	return w, err
}

// FindNIK returns the one registration in the city that holds this NIK now. One that ended in arrears holds it no longer (rule 23).
func (tx *Tx) FindNIK(nik program.NIK) (w Worker, found bool, err error) {
	w, err = tx.holder(nik)
	if errors.Is(err, ErrNotFound) {
		return Worker{}, false, nil
	}
	if err != nil || w.StateOn(tx.today(), tx.Settings()) == program.Ended {
		return Worker{}, false, err
	}
	return w, true, nil
}

// holder returns the registration that the NIK is noted for, even if it ended in arrears since, or ErrNotFound.
func (tx *Tx) holder(nik program.NIK) (Worker, error) {
	return tx.worker(`SELECT `+workerColumns+` FROM workers WHERE nik_key=$1 AND active=1`, tx.index("nik", nik.Digits()))
}

// freeNIK notes as ended a registration that ended in arrears, so that a new one can take its NIK (rule 23).
func (tx *Tx) freeNIK(nik program.NIK) error {
	return tx.exec("end a registration in arrears", `UPDATE workers SET active=0, state=$1, version=version+1 WHERE nik_key=$2 AND active=1`,
		string(program.Ended), tx.index("nik", nik.Digits()))
}

// WorkersByPhone returns the registrations that hold now and have this number (rule 37).
func (tx *Tx) WorkersByPhone(phone program.Phone) ([]Worker, error) {
	return tx.list(`SELECT `+workerColumns+` FROM workers WHERE phone_key=$1 AND phone_key<>'' AND active=1 ORDER BY registered_at, id`,
		tx.index("phone", phone.E164()))
}

// Workers returns a page of an RT's workers in the order of registration, without those cancelled or erased, and how many there are.
func (tx *Tx) Workers(rt program.RT, offset, limit int) (workers []Worker, total int, err error) {
	if err := tx.QueryRow(`SELECT COUNT(*) FROM workers WHERE rt=$1 AND state<>$2 AND erased_at=0`, rt.String(), string(program.Cancelled)).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count the workers of %s: %w", rt, err)
	}
	workers, err = tx.list(`SELECT `+workerColumns+` FROM workers WHERE rt=$1 AND state<>$2 AND erased_at=0 ORDER BY registered_at, id LIMIT $3 OFFSET $4`,
		rt.String(), string(program.Cancelled), limit, offset)
	return workers, total, err
}

func (tx *Tx) list(query string, args ...any) (workers []Worker, err error) {
	err = tx.each("list workers", func(rows Row) error {
		w, err := tx.scanWorker(rows.Scan)
		workers = append(workers, w)
		return err
	}, query, args...)
	return workers, err
}
