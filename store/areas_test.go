package store

import (
	"testing"

	"sahabatrt/program"
)

// TestOverviews: sums of an area by the places below it, down to the RT; and who cannot be reached.
func TestOverviews(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	addOfficer(t, db, 2, program.Ketua, rt15.String()) // has no chat
	rt16 := program.RT{Kelurahan: rt14.Kelurahan, Number: 16}
	update(t, db, func(tx *Tx) error {
		for _, rt := range []program.RT{rt14, rt15, rt16} {
			must(t, tx.PutRT(rt, false))
		}
		must(t, tx.LinkChat("telegram", "1", ketua.ID, "contact"))
		return tx.LinkChat("whatsapp", "1", ketua.ID, "contact") // two chats are one ketua
	})
	setCeiling(t, db, rt14, 2026, 1_000_000)
	setCeiling(t, db, rt15, 2026, 500_000)
	_, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	left := program.Rupiah(1_000_000 - 33_600)
	for area, want := range map[string][]Overview{
		"1571":         {{"157107", 3, 1, 1, left + 500_000}},
		"157107":       {{rt15.Kelurahan, 1, 0, 0, 500_000}, {rt14.Kelurahan, 2, 1, 1, left}},
		rt14.Kelurahan: {{rt14.String(), 1, 1, 1, left}, {rt16.String(), 1, 0, 0, 0}},
		"157101":       nil,
		rt14.String():  nil,
	} {
		view(t, db, func(tx *Tx) error {
			got, err := tx.Overviews(area, 2026)
			if len(got) != len(want) {
				t.Errorf("%s: %+v, want %+v", area, got, want)
				return err
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%s: %+v, want %+v", area, got[i], want[i])
				}
			}
			return err
		})
	}
	view(t, db, func(tx *Tx) error {
		got, total, err := tx.Unlinked("1571", 1, 5)
		if total != 2 || len(got) != 1 || got[0] != rt16 {
			t.Errorf("not linked: %v of %d", got, total)
		}
		return err
	})
}
