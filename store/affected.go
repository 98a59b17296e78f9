package store

import (
	"fmt"
	"time"

	"sahabatrt/program"
)

// Affected is somebody whose data lie in an area: whom a breach there has to be told (UU 27/2022, within 3 times 24
// hours). It never prints who it is.
type Affected struct {
	Name  string
	Phone program.Phone
	Role  program.Role
	Place string   // code of his RT or area
	Data  []string // the kinds of data that are kept: codes
}

// Format hides everything but the place.
func (a Affected) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s of %s", string(a.Role), a.Place) }

// Affected returns whoever's data are kept of an area, the code of an RT, a kelurahan, a kecamatan or the city: workers,
// and who holds or held an office there. After a moment since, only whose data were entered, changed, or read by an
// official since then. That it was asked is noted in the audit.
func (tx *Tx) Affected(area string, since time.Time) (all []Affected, err error) {
	at := int64(0)
	if !since.IsZero() {
		at = since.UnixMicro()
	}
	workers, err := tx.affectedWorkers(area, at)
	if err != nil {
		return nil, err
	}
	officers, err := tx.affectedOfficers(area, at)
	if err != nil {
		return nil, err
	}
	return append(workers, officers...), tx.audit("", "export.affected", area, "")
}

func (tx *Tx) affectedWorkers(area string, since int64) (all []Affected, err error) {
	workers, err := tx.list(fmt.Sprintf(`SELECT `+workerColumns+` FROM workers w WHERE substr(rt, 1, %d)=$1 AND erased_at=0 AND (CAST($2 AS BIGINT)=0 OR EXISTS
		(SELECT 1 FROM audit a WHERE a.at>=$2 AND (a.subject=w.id OR a.subject=w.rt AND a.what='record.read'
		OR a.subject IN (SELECT t.id FROM tickets t WHERE t.worker=w.id)))) ORDER BY rt, registered_at, id`, len(area)), area, since)
	if err != nil {
		return nil, err
	}
	asked, err := tx.having(`SELECT DISTINCT worker FROM tickets WHERE note<>'' OR answer<>''`)
	if err != nil {
		return nil, err
	}
	chats, err := tx.having(`SELECT DISTINCT o.place FROM offices o JOIN chats c ON c.person=o.person WHERE o.role='worker'`)
	for _, w := range workers {
		a := Affected{Name: w.Name, Phone: w.Phone, Role: program.Worker, Place: w.RT.String(), Data: []string{"name", "nik", "birth", "work"}}
		for _, kind := range []struct {
			code string
			kept bool
		}{
			{"phone", !w.Phone.IsZero()}, {"address", w.Address != ""}, {"mother", w.Mother != ""}, {"workplace", w.Workplace != ""}, {"heir", w.Heir != ""},
			{"income", w.IncomeEnough != nil}, {"paid", !w.PaidUntil.IsZero()}, {"chat", chats[w.ID]}, {"ticket", asked[w.ID]},
		} {
			if kind.kept {
				a.Data = append(a.Data, kind.code)
			}
		}
		all = append(all, a)
	}
	return all, err
}

func (tx *Tx) affectedOfficers(area string, since int64) (all []Affected, err error) {
	type held struct{ person, role, place string }
	var offices []held
	if err := tx.each("list the officers of an area", func(row Row) error {
		var h held
		err := row.Scan(&h.person, &h.role, &h.place)
		offices = append(offices, h)
		return err
	}, fmt.Sprintf(`SELECT o.person, o.role, o.place FROM offices o JOIN people p ON p.id=o.person
		WHERE substr(o.place, 1, %d)=$1 AND o.role<>'worker' AND p.erased_at=0
		AND (CAST($2 AS BIGINT)=0 OR EXISTS (SELECT 1 FROM audit a WHERE a.at>=$2 AND a.subject=p.id)) ORDER BY o.place, o.id DESC`, len(area)), area, since); err != nil {
		return nil, err
	}
	chats, err := tx.having(`SELECT DISTINCT person FROM chats`)
	if err != nil {
		return nil, err
	}
	told := map[string]bool{}
	for _, h := range offices {
		if told[h.person] {
			continue
		}
		told[h.person] = true
		p, err := tx.Person(h.person)
		if err != nil {
			return nil, err
		}
		a := Affected{Name: p.Name, Phone: p.Phone, Role: program.Role(h.role), Place: h.place, Data: []string{"name", "phone"}}
		if chats[h.person] {
			a.Data = append(a.Data, "chat")
		}
		all = append(all, a)
	}
	return all, nil
}

// having is the set of ids that a query returns.
func (tx *Tx) having(query string) (ids map[string]bool, err error) {
	ids = map[string]bool{}
	err = tx.each("list whose data are kept", func(row Row) error {
		var id string
		err := row.Scan(&id)
		ids[id] = true
		return err
	}, query)
	return ids, err
}
