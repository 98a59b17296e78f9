package store

import (
	"time"

	"sahabatrt/program"
)

// Consent is how a worker agreed that his data is kept (rule 21): which text, who gave it ("self", or who for him), where.
type Consent struct {
	Version string
	GivenBy string
	Channel string
	At      time.Time // given by the store
}

func (tx *Tx) putConsent(worker string, c Consent) error {
	id := newID()
	givenBy, err := tx.seal("consents", "given_by", id, c.GivenBy)
	if err != nil {
		return err
	}
	return tx.exec("keep a consent", `INSERT INTO consents(id, worker, version, given_by, channel, at) VALUES($1, $2, $3, $4, $5, $6)`,
		id, worker, c.Version, givenBy, c.Channel, tx.Now.UnixMicro())
}

// Consents returns how a worker agreed, oldest first.
func (tx *Tx) Consents(worker string) (consents []Consent, err error) {
	err = tx.each("read the consents of a worker", func(rows Row) error {
		var c Consent
		var id string
		var at int64
		if err := rows.Scan(&id, &c.Version, &c.GivenBy, &c.Channel, &at); err != nil {
			return err
		}
		c.At = time.UnixMicro(at).UTC()
		err := tx.open("consents", "given_by", id, &c.GivenBy)
		consents = append(consents, c)
		return err
	}, `SELECT id, version, given_by, channel, at FROM consents WHERE worker=$1 ORDER BY id`, worker)
	return consents, err
}

// AgreeSelf keeps that a worker himself agrees. by must be that worker (ErrNoRight).
func (tx *Tx) AgreeSelf(worker string, by Person, c Consent) error {
	if err := tx.must(by.ID, program.SeeSelf, worker); err != nil {
		return err
	}
	c.GivenBy = "self"
	if err := tx.putConsent(worker, c); err != nil {
		return err
	}
	return tx.audit(by.ID, "consent.self", worker, "")
}
