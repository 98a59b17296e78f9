package lists

import (
	"strings"

	"sahabatrt/store"
)

// elsewhere are people whose contribution another payer pays; only a keyed hash of the NIK is kept (rule 19).
var elsewhere = list{
	kind:     Elsewhere,
	marks:    []string{"nik", "dibayar_oleh"},
	required: []string{"nik", "dibayar_oleh", "sumber"},
	optional: []string{"sampai"},
	read:     readElsewhere,
}

// payers are those who may pay, by the words that lists use; the values are those that registrations use.
var payers = map[string]string{
	"pemkot": "city", "kota": "city", "city": "city",
	"pemprov": "province", "provinsi": "province", "province": "province",
	"perusahaan": "employer", "pemberi kerja": "employer", "employer": "employer",
	"sendiri": "self", "mandiri": "self", "self": "self",
}

func readElsewhere(r *row) record {
	nik, until, source := r.nik(), r.month("sampai"), r.text("sumber")
	payer, ok := payers[strings.ToLower(r.text("dibayar_oleh"))]
	if !ok && !r.empty("dibayar_oleh") {
		r.fail("dibayar_oleh", "is no payer known here: write pemkot, provinsi, perusahaan or sendiri")
	}
	r.once("nik", "this NIK with this payer", payer+nik.Digits())
	return func(tx *store.Tx) (bool, error) { return tx.PutElsewhere(nik, payer, until, source) }
}
