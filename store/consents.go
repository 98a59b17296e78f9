package store

import (
	"errors"
	"time"

	"sahabatrt/program"
)

// GivenBy is who gave a consent: the worker himself, a paper that he signed, or his RT for him.
type GivenBy string

// The ways to agree; "" is one of before they were told apart.
const (
	BySelf  GivenBy = "self"
	ByPaper GivenBy = "paper"
	ByRT    GivenBy = "rt"
)

// Consent is how a worker agreed that his data is kept (rule 21): which text, who gave it, where.
type Consent struct {
	Version string
	GivenBy GivenBy
	Channel string
	Signed  program.Date // the day on the paper
	At      time.Time    // given by the store
}

func (tx *Tx) putConsent(worker string, c Consent) error {
	id := newID()
	givenBy, err := tx.seal("consents", "given_by", id, string(c.GivenBy))
	if err != nil {
		return err
	}
	return tx.exec("keep a consent", `INSERT INTO consents(id, worker, version, given_by, channel, signed_on, at) VALUES($1, $2, $3, $4, $5, $6, $7)`,
		id, worker, c.Version, givenBy, c.Channel, c.Signed.String(), tx.Now.UnixMicro())
}

// Consents returns how a worker agreed, oldest first.
func (tx *Tx) Consents(worker string) (consents []Consent, err error) {
	err = tx.each("read the consents of a worker", func(rows Row) error {
		var c Consent
		var id, signed string
		var at int64
		if err := rows.Scan(&id, &c.Version, &c.GivenBy, &c.Channel, &signed, &at); err != nil {
			return err
		}
		c.At = time.UnixMicro(at).UTC()
		err := errors.Join(c.Signed.UnmarshalText([]byte(signed)), tx.open("consents", "given_by", id, (*string)(&c.GivenBy)))
		consents = append(consents, c)
		return err
	}, `SELECT id, version, given_by, channel, signed_on, at FROM consents WHERE worker=$1 ORDER BY id`, worker)
	return consents, err
}

// AgreeSelf keeps that a worker himself agrees. by must be that worker (ErrNoRight). ErrPaused: what he asked is answered first.
func (tx *Tx) AgreeSelf(worker string, by Person, c Consent) error {
	w, err := tx.takeWorker(worker)
	if err != nil {
		return err
	}
	if err := tx.must(by.ID, program.SeeSelf, worker); err != nil {
		return err
	}
	if w.Paused {
		return ErrPaused
	}
	c.GivenBy = BySelf
	if err := tx.putConsent(worker, c); err != nil {
		return err
	}
	return tx.audit(by.ID, "consent.self", worker, "")
}

// paperYears is how old a signed paper may be at most, so that a mistyped year is asked again.
const paperYears = 5

// SignedOK says whether a paper may bear this day: no later one than today, and none of long ago.
func SignedOK(signed, today program.Date) bool {
	return !signed.IsZero() && !signed.After(today) && !signed.Before(program.Date{Year: today.Year - paperYears, Month: today.Month, Day: today.Day})
}

// AgreePaper keeps that a worker signed a paper, on the day c.Signed. by must be ketua or sekretaris of the RT, or of its
// kelurahan (ErrNoRight). ErrPaused. ErrValue: not SignedOK.
func (tx *Tx) AgreePaper(worker string, by Person, c Consent) error {
	w, err := tx.takeWorker(worker)
	if err != nil {
		return err
	}
	if err := tx.must(by.ID, program.Correct, w.RT.String()); err != nil {
		return err
	}
	if w.Paused {
		return ErrPaused
	}
	if !SignedOK(c.Signed, tx.today()) {
		return ErrValue
	}
	c.GivenBy = ByPaper
	return errors.Join(tx.putConsent(worker, c), tx.audit(by.ID, "consent.paper", worker, ""))
}
