package store

import (
	"slices"
	"testing"
	"time"

	"sahabatrt/program"
)

// TestAffected: everybody of the area, and nobody else; who was erased is not told any more, who only held an office before is.
func TestAffected(t *testing.T) {
	db, _, known := provable(t)
	ketua := addOfficer(t, db, 30, program.Ketua, rt14.String()) // the successor
	addOfficer(t, db, 31, program.Ketua, rt15.String())          // of another kelurahan
	addOfficer(t, db, 32, program.Camat, rt14.Kelurahan[:6])     // of the kecamatan
	lurah := addOfficer(t, db, 33, program.Lurah, rt14.Kelurahan)
	of := func(area string, since time.Time) (all []Affected) {
		t.Helper()
		update(t, db, func(tx *Tx) (err error) { all, err = tx.Affected(area, since); return err })
		return all
	}
	for area, want := range map[string]int{rt14.String(): 4, rt14.Kelurahan: 5, rt15.String(): 1, program.CityCode: 7, "1571071099": 0} {
		if got := of(area, time.Time{}); len(got) != want {
			t.Errorf("%s: %v, want %d", area, got, want)
		}
	}
	first := of(rt14.String(), time.Time{})[0]
	if first.Name != known.Name || first.Phone != known.Phone || !slices.Contains(first.Data, "mother") || slices.Contains(first.Data, "address") {
		t.Errorf("%v with %v", first, first.Data)
	}
	db.at(2)
	if got := of(program.CityCode, today.AddDate(0, 0, 1)); len(got) != 0 {
		t.Errorf("nothing happened since: %v", got)
	}
	update(t, db, func(tx *Tx) error { return tx.CorrectWorker(known.ID, FieldAddress, "Jalan Contoh 5", ketua) })
	if got := of(program.CityCode, today.AddDate(0, 0, 1)); len(got) != 1 || !slices.Contains(got[0].Data, "address") {
		t.Errorf("one was changed since: %v", got)
	}
	update(t, db, func(tx *Tx) error { return tx.NoteReading(lurah, rt14.String()) })
	if got := of(program.CityCode, today.AddDate(0, 0, 1)); len(got) != 2 {
		t.Errorf("an official read the list since: %v", got)
	}
	update(t, db, func(tx *Tx) error { return tx.EraseWorker(known.ID, lurah, newID()) })
	if got := of(rt14.String(), time.Time{}); len(got) != 3 {
		t.Errorf("after an erasure: %v", got)
	}
	if n := count(t, db, `audit WHERE what='export.affected' AND subject=$1`, rt14.String()); n != 3 {
		t.Errorf("noted %d times", n)
	}
}
