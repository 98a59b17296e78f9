package lists

import (
	"slices"
	"strings"

	"sahabatrt/program"
	"sahabatrt/store"
)

// officials are people with an office, at an RT or above it.
var officials = list{
	kind:     Officials,
	marks:    []string{"jabatan"},
	required: []string{"jabatan", "nama", "hp"},
	optional: []string{"kecamatan", "kelurahan", "rt", "sapaan"},
	read:     readOfficial,
}

// roles are the offices by the words that lists use.
var roles = map[string]store.Role{
	"ketua": store.Ketua, "ketua rt": store.Ketua, "sekretaris": store.Sekretaris, "bendahara": store.Bendahara,
	"lurah": store.Lurah, "kelurahan": store.Lurah, "camat": store.Camat, "kecamatan": store.Camat,
	"kota": store.City, "dpmppa": store.City, "bpjs": store.BPJS, "admin": store.Admin,
}

func readOfficial(r *row) record {
	role, ok := roles[strings.ToLower(r.text("jabatan"))]
	if !ok {
		if !r.empty("jabatan") {
			r.fail("jabatan", "is no office known here: write ketua, sekretaris, bendahara, lurah, camat, kota, bpjs or admin")
		}
		r.person()
		return nil
	}
	var rt program.RT
	var place string
	switch role {
	case store.Lurah:
		place = r.kelurahan()
	case store.Camat:
		place = r.kecamatan()
	case store.City, store.BPJS, store.Admin:
		place = store.CityCode
	default:
		rt = r.rt()
		place = rt.String()
	}
	p := r.person()
	p.Offices = []store.Office{{Role: role, Place: place}}
	switch {
	case role == store.Ketua:
		r.once("", "a head of this RT", place)
	case slices.Contains([]store.Role{store.Sekretaris, store.Bendahara}, role):
		r.once("", "a "+string(role)+" of this RT", place)
	}
	return func(tx *store.Tx) (bool, error) {
		if !rt.IsZero() {
			if err := r.listed(tx, rt); err != nil {
				return false, err
			}
		}
		_, changed, err := tx.PutPerson(p)
		return changed, err
	}
}
