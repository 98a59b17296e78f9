package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"sahabatrt/program"
	"sahabatrt/store/storetest"
)

// BenchmarkRegister registers in parallel: operation, worker, month, ledger, audit, consent and guard in each, fsync on.
// In one RT all wait for its money; in many PostgreSQL works on them side by side.
func BenchmarkRegister(b *testing.B) {
	for _, rts := range []int{1, 32} {
		b.Run(fmt.Sprintf("RTs=%d/%s", rts, storetest.Engine()), func(b *testing.B) {
			db := open(b)
			heads := make([]Person, rts)
			for i := range heads {
				rt := program.RT{Kelurahan: rt14.Kelurahan, Number: i + 1}
				heads[i] = addOfficer(b, db, i+1, program.Ketua, rt.String())
				setCeiling(b, db, rt, 2026, 1_000_000_000_000)
			}
			var n atomic.Int64
			b.SetParallelism(64)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := int(n.Add(1))
					w, ketua := testWorker(b, i), heads[i%rts]
					w.RT.Number = i%rts + 1
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
		})
	}
}
