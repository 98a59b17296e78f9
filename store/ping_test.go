package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"sahabatrt/store/storetest"
)

func TestPing(t *testing.T) {
	ctx := t.Context()
	db, err := Open(ctx, Options{URL: storetest.URL(t), Key: testKey, Now: time.Now, Log: slog.New(slog.DiscardHandler), NoMigrate: true})
	must(t, err)
	defer db.Close()
	if err := db.Ping(ctx); !errors.Is(err, ErrNotMigrated) {
		t.Errorf("without a schema: %v", err)
	}
	_, err = db.Migrate(ctx)
	must(t, err)
	must(t, db.Ping(ctx))
	update(t, db, func(tx *Tx) error {
		_, err := tx.Exec(`DELETE FROM goose_db_version WHERE version_id=$1`, newestSchema)
		return err
	})
	if err := db.Ping(ctx); !errors.Is(err, ErrNotMigrated) {
		t.Errorf("with an old schema: %v", err)
	}
	must(t, db.Close())
	if err := db.Ping(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// Whether the database answers is seen also while every connection is busy.
func TestPingDoesNotWait(t *testing.T) {
	onPostgres(t)
	db, err := openAt(t, storetest.URL(t)+"&pool_max_conns=4", testKey)
	must(t, err)
	defer db.Close()
	var busy sync.WaitGroup
	taken, free := make(chan struct{}), make(chan struct{})
	for range 4 {
		busy.Go(func() {
			update(t, db, func(*Tx) error {
				taken <- struct{}{}
				<-free
				return nil
			})
		})
		<-taken
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if p := db.Pool(); p.InUse != 4 || p.Max != 4 {
		t.Errorf("the pool is not busy: %+v", p)
	}
	if err := db.Ping(ctx); err != nil {
		t.Error(err)
	}
	close(free)
	busy.Wait()
}
