package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sahabatrt/store"
)

type jobsCmd struct {
	List  jobsListCmd  `cmd:"" default:"1" help:"List the jobs that failed: number, kind, subject, state, attempt, last error."`
	Retry jobsRetryCmd `cmd:"" help:"Have a job done again, now."`

	Settle jobsSettleCmd `cmd:"" help:"Tick off a notice that check calls unclear: nobody knows whether it arrived, and it is not sent again."`
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
	Notice string `arg:"" help:"Its id, as check names it."`
}

func (j jobsSettleCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		err := db.Update(ctx, func(tx *store.Tx) error { return tx.SettleNotice(j.Notice) })
		if errors.Is(err, store.ErrNotFound) {
			return errors.New("no unclear notice has this id: sahabatrt check names them")
		}
		return err
	})
}
