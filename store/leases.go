package store

import (
	"context"
	"fmt"
	"time"
)

// Lease gives the named right to one holder at a time. The same holder renews it; another gets it when its time has
// passed on his own clock, or after Release. One that would last longer than length was given by a clock that is wrong,
// and holds nobody up. An error means that nobody knows: do not act on it.
func (db *DB) Lease(ctx context.Context, name, holder string, length time.Duration) (held bool, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`INSERT INTO leases(name, holder, until) VALUES($1, $2, $3)
			ON CONFLICT(name) DO UPDATE SET holder=excluded.holder, until=excluded.until WHERE leases.holder=excluded.holder OR leases.until<=$4 OR leases.until>$3`,
			name, holder, tx.Now.Add(length).UnixMicro(), tx.Now.UnixMicro())
		held = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take the lease %s: %w", name, err)
	}
	return held, nil
}

// Release gives a lease back before its time. One that another holds stays his.
func (db *DB) Release(ctx context.Context, name, holder string) error {
	return db.Update(ctx, func(tx *Tx) error {
		return tx.exec("release the lease "+name, `DELETE FROM leases WHERE name=$1 AND holder=$2`, name, holder)
	})
}
