package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

type jobsCmd struct {
	List  jobsListCmd  `cmd:"" default:"1" help:"List the jobs that failed: number, kind, subject, state, attempt, last error."`
	Retry jobsRetryCmd `cmd:"" help:"Have a job done again, now."`
}

type jobsListCmd struct{}

func (jobsListCmd) Run(ctx context.Context, m Main, c *Config) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	db, err := c.open(ctx, m, true)
	if err != nil {
		return err
	}
	failed, waiting, err := db.Jobs(ctx)
	for _, j := range failed {
		fmt.Fprintf(m.Stdout, "%d\t%s\t%s\t%s\t%d\t%s\n", j.ID, j.Kind, j.Subject, j.State, j.Attempt, oneLine(j.Error))
	}
	if err == nil {
		fmt.Fprintf(m.Stdout, "%d failed, %d wait\n", len(failed), waiting)
	}
	return errors.Join(err, db.Close())
}

// oneLine keeps an error on its line, and to itself what no log may show.
func oneLine(s string) string { return scrub(strings.Join(strings.Fields(s), " ")) }

type jobsRetryCmd struct {
	ID int64 `arg:"" help:"Its number in the list."`
}

func (j jobsRetryCmd) Run(ctx context.Context, m Main, c *Config) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	db, err := c.open(ctx, m, true)
	if err != nil {
		return err
	}
	if err = db.RetryJob(ctx, j.ID); err == nil {
		fmt.Fprintf(m.Stdout, "job %d will be done again\n", j.ID)
	}
	return errors.Join(err, db.Close())
}
