package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sahabatrt/store"
	"sahabatrt/store/session"
)

type jobsCmd struct {
	List  jobsListCmd  `cmd:"" default:"1" help:"List the jobs that failed: number, kind, subject, state, attempt, last error."`
	Retry jobsRetryCmd `cmd:"" help:"Have a job done again, now."`

	Settle jobsSettleCmd `cmd:"" help:"Tick off what check names and nobody does again: a notice that may not have arrived, or updates that were set aside."`
}

type jobsListCmd struct{}

func (jobsListCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		failed, waiting, err := db.Jobs(ctx)
		for _, j := range failed {
			fmt.Fprintf(m.Stdout, "%d\t%s\t%s\t%s\t%d\t%s\n", j.ID, j.Kind, j.Subject, j.State, j.Attempt, oneLine(j.Error))
		}
		if err == nil {
			fmt.Fprintf(m.Stdout, "%d failed, %d wait\n", len(failed), waiting)
		}
		return err
	})
}

// oneLine keeps an error on its line, and to itself what no log may show.
func oneLine(s string) string { return scrub(strings.Join(strings.Fields(s), " ")) }

type jobsRetryCmd struct {
	ID int64 `arg:"" help:"Its number in the list."`
}

func (j jobsRetryCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		err := db.RetryJob(ctx, j.ID)
		if err == nil {
			fmt.Fprintf(m.Stdout, "job %d will be done again\n", j.ID)
		}
		return err
	})
}

type jobsSettleCmd struct {
	Row string `arg:"" help:"Its id, as check names it: that of a notice, or the chat of updates that were set aside."`
}

// Run ticks off what check names, once somebody has looked after it.
func (j jobsSettleCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		err := db.Update(ctx, func(tx *store.Tx) error { return tx.SettleNotice(j.Row) })
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		var beside int64
		if err := db.Update(ctx, func(tx *store.Tx) (err error) {
			beside, err = tx.ForgetAside(j.Row)
			return err
		}); err != nil {
			return err
		}
		inRedis := 0
		err = c.withRedis(ctx, m, db, func(r *session.Redis) (err error) {
			inRedis, err = r.ForgetAside(ctx, j.Row)
			return err
		})
		if err == nil && beside == 0 && inRedis == 0 {
			err = errors.New("nothing like this waits for anybody: sahabatrt check names what does")
		}
		return err
	})
}
