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
var roles = map[string]program.Role{
	"ketua": program.Ketua, "ketua rt": program.Ketua, "sekretaris": program.Sekretaris, "bendahara": program.Bendahara,
	"lurah": program.Lurah, "kelurahan": program.Lurah, "camat": program.Camat, "kecamatan": program.Camat,
	"kota": program.City, "dpmppa": program.City, "bpjs": program.BPJS, "admin": program.Admin,
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
	case program.Lurah:
		place = r.kelurahan()
	case program.Camat:
		place = r.kecamatan()
	case program.City, program.BPJS, program.Admin:
		place = program.CityCode
	default:
		rt = r.rt()
		place = rt.String()
	}
	p := r.person()
	p.Offices = []program.Office{{Role: role, Place: place}}
	switch {
	case role == program.Ketua:
		r.once("", "a head of this RT", place)
	case slices.Contains([]program.Role{program.Sekretaris, program.Bendahara}, role):
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
