package store

import (
	"context"
	"sync/atomic"
	"testing"
)

// BenchmarkRegister registers in parallel: operation, worker, month, ledger, audit, consent and guard in each, fsync on.
func BenchmarkRegister(b *testing.B) {
	db := open(b)
	ketua := addOfficer(b, db, 1, Ketua, rt14.String())
	setCeiling(b, db, rt14, 2026, 1_000_000_000_000)
	var n atomic.Int64
	b.SetParallelism(64)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(n.Add(1))
			w := testWorker(b, i%9999+1)
			w.RT.Number = rt14.Number
			_, _, err := db.Operate(context.Background(), newID(), ketua.ID, func(tx *Tx) ([]byte, error) {
				if i > 9999 {
					if err := tx.exec("free the NIK", `UPDATE workers SET active=0 WHERE nik_key=$1`, tx.index("nik", w.NIK.Digits())); err != nil {
						return nil, err
					}
				}
				_, err := tx.Register(w, "op", ketua, consent)
				return []byte("ok"), err
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "registrations/s")
}
