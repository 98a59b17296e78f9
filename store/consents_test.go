package store

import (
	"errors"
	"testing"

	"sahabatrt/program"
)

// TestAgreePaper: rule 21. Who corrects a worker's data notes the day on his paper; it stands beside what was agreed before,
// is of the past, and not noted for somebody who asked to be left in peace.
func TestAgreePaper(t *testing.T) {
	db := open(t)
	ketua, sekretaris := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Sekretaris, rt14.String())
	lurah := addOfficer(t, db, 3, program.Lurah, rt14.Kelurahan)
	day := program.DateOf(today)
	r, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	agree := func(by Person, signed program.Date) error {
		return try(t, db, func(tx *Tx) error {
			return tx.AgreePaper(r.Worker.ID, by, Consent{Version: "paper", Channel: "telegram", Signed: signed})
		})
	}
	for what, c := range map[string]struct {
		by     Person
		signed program.Date
		want   error
	}{
		"the treasurer":        {addOfficer(t, db, 4, program.Bendahara, rt14.String()), day, ErrNoRight},
		"another RT":           {addOfficer(t, db, 5, program.Ketua, rt15.String()), day, ErrNoRight},
		"nobody":               {Person{}, day, ErrNoRight},
		"tomorrow":             {ketua, day.AddDays(1), ErrValue},
		"more than five years": {ketua, program.Date{Year: day.Year - 5, Month: day.Month, Day: day.Day}.AddDays(-1), ErrValue},
		"no day":               {ketua, program.Date{}, ErrValue},
	} {
		if err := agree(c.by, c.signed); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	five := program.Date{Year: day.Year - 5, Month: day.Month, Day: day.Day}
	for by, signed := range map[*Person]program.Date{&ketua: day, &sekretaris: five, &lurah: day.AddDays(-1)} {
		must(t, agree(*by, signed))
	}
	view(t, db, func(tx *Tx) error {
		consents, err := tx.Consents(r.Worker.ID)
		if len(consents) != 4 || !consents[0].Signed.IsZero() || consents[0].GivenBy == "paper" {
			t.Errorf("%d consents, the first on paper: %v", len(consents), consents[0].Signed)
		}
		for _, c := range consents[1:] {
			if c.GivenBy != "paper" || c.Signed.IsZero() || c.Version != "paper" || c.Channel != "telegram" {
				t.Errorf("kept as %+v", c)
			}
		}
		return err
	})
	if n := count(t, db, `audit WHERE what='consent.paper'`); n != 3 {
		t.Errorf("%d papers in the audit", n)
	}
	self := linkWorker(t, db, r.Worker, "5")
	update(t, db, func(tx *Tx) error {
		_, err := tx.OpenTicket(TicketWithdraw, r.Worker.ID, self, "")
		return err
	})
	if err := agree(ketua, day); !errors.Is(err, ErrState) {
		t.Errorf("of somebody who withdrew: %v", err)
	}
	clean(t, db)
}
