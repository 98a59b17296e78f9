package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// JobKind says what is to be done; the values are stored.
type JobKind string

// The kinds of jobs.
const (
	JobNotice    JobKind = "notice"     // send a notice; its id
	JobPlan      JobKind = "plan"       // write the notices that are due
	JobForget    JobKind = "forget"     // let go of what was kept for long enough
	JobSealAudit JobKind = "seal_audit" // Work does it by itself
)

// Duty is what is done for the jobs of one kind. It may be done more than once for one job, and by any process.
type Duty struct {
	// Do gets the id that the job was added with. After an error, whose text is kept and must hold nothing personal, it is
	// tried again, later each time, for six days; after Again it has not failed.
	Do    func(ctx context.Context, id string) error
	Every time.Duration // unless 0 a job without an id is added so often, by one process of all
}

// Again is returned by a duty that has to wait: its job comes again after this time.
type Again struct{ After time.Duration }

func (a Again) Error() string { return fmt.Sprintf("again after %v", a.After) }

// Job is a job that failed. ID is its own, Subject the id that it was added with.
type Job struct {
	ID      int64
	Kind    JobKind
	Subject string
	State   string // retryable, or discarded: it is not tried any more
	Attempt int
	Error   string // of the last attempt
}

// ErrNoJob means that no job that failed has this number.
var ErrNoJob = errors.New("no job that failed has this number")

const (
	jobTries   = 20                  // the last is some six days after the first
	jobTimeout = time.Minute         // of one attempt
	jobRescue  = 2 * time.Minute     // a job that runs so long died with its process
	jobsAtOnce = 16                  // of one process
	jobsStop   = 10 * time.Second    // for those in hand at the end
	jobsKeep   = 30 * 24 * time.Hour // those that are given up
	jobsPoll   = time.Second
	jobsPage   = 500
)

// Enqueue adds a job to the transaction: it is done when this commits, soon after, and never if it does not. A duty whose
// time has not come says so with Again.
func (tx *Tx) Enqueue(kind JobKind, id string) error {
	if err := tx.q.Enqueue(tx.ctx, kind, id); err != nil {
		return fmt.Errorf("add a job: %w", err)
	}
	return nil
}

// Work does the jobs of these kinds, and seals the audit, until ctx ends, and waits for those in hand. Any number of processes may work on one
// PostgreSQL: each job is given to one of them, and to another when that one dies, after two minutes. End it before Close.
func (db *DB) Work(ctx context.Context, duties map[JobKind]Duty) error {
	if db.closed.Load() {
		return ErrClosed
	}
	all := map[JobKind]Duty{JobSealAudit: {Do: func(ctx context.Context, _ string) error { return db.SealAudit(ctx) }, Every: sealEvery}}
	maps.Copy(all, duties)
	if err := db.engine.work(ctx, all); err != nil {
		return fmt.Errorf("work on jobs: %w", err)
	}
	return nil
}

// Jobs returns the jobs that failed, oldest first, and how many wait without having failed.
func (db *DB) Jobs(ctx context.Context) (failed []Job, waiting int, err error) {
	if failed, err = db.engine.list(ctx); err != nil {
		return nil, 0, fmt.Errorf("list the jobs: %w", err)
	}
	err = db.View(ctx, func(tx *Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM river_job WHERE state IN ('available', 'scheduled')`).Scan(&waiting)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("count the jobs: %w", err)
	}
	return failed, waiting, nil
}

// RetryJob has a job that failed done once more, now. ErrNoJob: none that failed has this id.
func (db *DB) RetryJob(ctx context.Context, job int64) error {
	failed, _, err := db.Jobs(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(failed, func(j Job) bool { return j.ID == job }) {
		return ErrNoJob
	}
	err = db.engine.retry(ctx, job)
	if errors.Is(err, rivertype.ErrNotFound) {
		return ErrNoJob
	}
	if err != nil {
		return fmt.Errorf("retry a job: %w", err)
	}
	return nil
}

// checkJobs finds what will not be tried again.
func (tx *Tx) checkJobs() ([]Finding, error) {
	return tx.findings("river_job", "discarded", `SELECT kind || '/' || id FROM river_job WHERE state='discarded' ORDER BY id`)
}

// jobArgs is a job as River keeps it: its kind beside, and here the id of what it is about, never data.
type jobArgs struct {
	kind JobKind
	ID   string `json:"id"`
}

// Kind is how River tells jobs apart.
func (a jobArgs) Kind() string { return string(a.kind) }

// queue is River on one engine, whose transactions are T.
type queue[T any] struct {
	driver riverdriver.Driver[T]
	client *river.Client[T] // adds, lists and retries; one that works is made for each Work
	polls  bool             // asks for jobs instead of being told
	log    *slog.Logger
}

func newQueue[T any](driver riverdriver.Driver[T], log *slog.Logger) (*queue[T], error) {
	client, err := river.NewClient(driver, &river.Config{Logger: log, MaxAttempts: jobTries})
	if err != nil {
		return nil, fmt.Errorf("open the jobs: %w", err)
	}
	return &queue[T]{driver: driver, client: client, log: log}, nil
}

// migrateJobs brings River's own tables up to date. Two at once would be in each other's way.
func migrateJobs[T any](ctx context.Context, driver riverdriver.Driver[T], log *slog.Logger) (applied int, err error) {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: log})
	if err != nil {
		return 0, fmt.Errorf("read the migrations of jobs: %w", err)
	}
	done, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return 0, fmt.Errorf("migrate the jobs: %w", err)
	}
	return len(done.Versions), nil
}

func (q *queue[T]) add(ctx context.Context, tx T, kind JobKind, id string) error {
	_, err := q.client.InsertTx(ctx, tx, jobArgs{kind, id}, nil)
	return err
}

func (q *queue[T]) work(ctx context.Context, duties map[JobKind]Duty) error {
	client, err := river.NewClient(q.driver, q.config(duties))
	if err != nil {
		return err
	}
	if err := client.Start(ctx); err != nil {
		return err
	}
	<-client.Stopped()
	return nil
}

func (q *queue[T]) config(duties map[JobKind]Duty) *river.Config {
	workers := river.NewWorkers()
	var periodic []*river.PeriodicJob
	for kind, duty := range duties {
		river.AddWorkerArgs(workers, jobArgs{kind: kind}, &worker{do: duty.Do, log: q.log})
		if duty.Every > 0 {
			periodic = append(periodic, every(kind, duty.Every))
		}
	}
	return &river.Config{
		ID: newID(), Logger: q.log, Workers: workers, PeriodicJobs: periodic, PollOnly: q.polls,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobsAtOnce}},
		FetchPollInterval: jobsPoll, MaxAttempts: jobTries, JobTimeout: jobTimeout,
		RescueStuckJobsAfter: jobRescue, SoftStopTimeout: jobsStop, DiscardedJobRetentionPeriod: jobsKeep,
	}
}

// every adds a job of the kind at once and then so often, unless the one before is not done yet.
func every(kind JobKind, interval time.Duration) *river.PeriodicJob {
	once := &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
	return river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) { return jobArgs{kind: kind}, once },
		&river.PeriodicJobOpts{RunOnStart: true})
}

func (q *queue[T]) list(ctx context.Context) ([]Job, error) {
	var failed []Job
	params := river.NewJobListParams().States(rivertype.JobStateRetryable, rivertype.JobStateDiscarded).First(jobsPage)
	for {
		page, err := q.client.JobList(ctx, params)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Jobs {
			job, err := jobOf(row)
			if err != nil {
				return nil, err
			}
			failed = append(failed, job)
		}
		if len(page.Jobs) < jobsPage {
			return failed, nil
		}
		params = params.After(page.LastCursor)
	}
}

func jobOf(row *rivertype.JobRow) (Job, error) {
	var args jobArgs
	if err := json.Unmarshal(row.EncodedArgs, &args); err != nil {
		return Job{}, fmt.Errorf("read job %d: %w", row.ID, err)
	}
	job := Job{ID: row.ID, Kind: JobKind(row.Kind), Subject: args.ID, State: string(row.State), Attempt: row.Attempt}
	if n := len(row.Errors); n > 0 {
		job.Error = row.Errors[n-1].Error
	}
	return job, nil
}

func (q *queue[T]) retry(ctx context.Context, job int64) error {
	_, err := q.client.JobRetry(ctx, job)
	return err
}

// worker does the jobs of one kind.
type worker struct {
	river.WorkerDefaults[jobArgs]
	do  func(ctx context.Context, id string) error
	log *slog.Logger
}

// Work does one job; a panic's value does not get into River's rows.
func (w *worker) Work(ctx context.Context, job *river.Job[jobArgs]) error {
	err := sober(w.log, "a job", func() error { return w.do(ctx, job.Args.ID) })
	var again Again
	if errors.As(err, &again) {
		return river.JobSnooze(max(again.After, 0))
	}
	return err
}
