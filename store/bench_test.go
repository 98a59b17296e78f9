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
			w := testWorker(b, int(n.Add(1)))
			_, _, err := db.Operate(context.Background(), newID(), ketua.ID, func(tx *Tx) ([]byte, error) {
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
