package lists

import (
	"sahabatrt/program"
	"sahabatrt/store"
)

// rts are the RTs that take part, each with its head; the head may be left open.
var rts = list{
	kind:     RTs,
	marks:    []string{"kelurahan", "rt"},
	required: []string{"kelurahan", "rt"},
	optional: []string{"nama", "sapaan", "hp"},
	read:     readRT,
}

func readRT(r *row) record {
	rt := r.rt()
	if !rt.IsZero() {
		r.in.named[rt] = true
		r.once("rt", "this RT", rt.String())
	}
	if r.empty("nama") && r.empty("hp") {
		return func(tx *store.Tx) (bool, error) { return r.putRT(tx, rt) }
	}
	head := r.person()
	head.Offices = []program.Office{{Role: program.Ketua, Place: rt.String()}}
	r.once("", "a head of this RT", rt.String())
	return func(tx *store.Tx) (bool, error) {
		added, err := r.putRT(tx, rt)
		if err != nil {
			return false, err
		}
		_, changed, err := tx.PutPerson(head)
		return added || changed, err
	}
}

// putRT adds the RT, or changes whether it is a sample.
func (r *row) putRT(tx *store.Tx, rt program.RT) (changed bool, err error) {
	there, err := tx.RTs(rt.Kelurahan)
	if err != nil {
		return false, err
	}
	for _, old := range there {
		if old.RT == rt && old.Sample == r.in.Sample {
			return false, nil
		}
	}
	return true, tx.PutRT(rt, r.in.Sample)
}
