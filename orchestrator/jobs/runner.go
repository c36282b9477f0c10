package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Config says what jobs work with.
type Config struct {
	DB *models.DB
	// Redis is a URL, redis://[user:password@]host:port/db; "" = one in this process.
	Redis  string
	Bucket *Bucket
	// Switches have the recordings' files, by the switch's name.
	Switches map[core.EngineID]Switch
	Log      *slog.Logger
	Workers  int    // jobs at a time; 0 = 4
	TempDir  string // where recordings are checked before they go into the bucket; "" = the system's
	// Strikes is how many verdicts (the switch has no such file, the file is no audio) end a job; 0 = 12, which take 37 minutes. A switch or database that is
	// away is no verdict, and waited for without end.
	Strikes int
	// Worked is told of each attempt at a job, when it is over. It must not wait. Default nobody.
	Worked func(job models.Job, begun, ended time.Time, err error)
	// Resend is how long a reminder may lead to nothing before it is sent again; 0 = a minute.
	Resend time.Duration
	// Backoff gives the time to wait after the nth failure; nil = 2 s, doubled each time, up to 10 min.
	Backoff func(n int) time.Duration
}

// Runner reminds of jobs and does them. Make one with [New], let it work with Run, and Close it.
type Runner struct {
	cfg    Config
	queue  queue
	worker string // names this process in claims
	wake   chan struct{}
	kinds  map[string]kind
	rest   time.Duration // relayRest, but in tests
	counts *counts
	// crash is a test's chance to end the process between two steps of a job.
	crash func(step string)
}

// kind is how one kind of job is done.
type kind struct {
	// do does jobs and settles them as done: all of them or, if it fails, none. If it fails, the runner settles them.
	do    func(ctx context.Context, jobs []models.Job) error
	limit time.Duration // for one attempt
	// together is how many jobs are done at once, those that have failed before excepted: they go alone, and hold up nobody else.
	together int
	// giveUp is called when a job ends without success. It settles the job.
	giveUp func(ctx context.Context, job models.Job, cause error) error
}

const (
	relayEvery = time.Second
	// relayRest is the pause after each time that something was sent. Calls end all the time: what comes in the meantime is sent, and done, together.
	relayRest  = 500 * time.Millisecond
	relayBatch = 200
	// claimMargin is how much longer than an attempt's limit its claim lasts: time to settle it.
	claimMargin = time.Minute
)

// verdict is an error about the work itself, which no waiting for a switch or a database mends: enough of them end a job.
type verdict struct{ error }

// Unwrap gives the cause.
func (v verdict) Unwrap() error { return v.error }

// New makes a runner and connects it to Redis, or starts the embedded one. Redis need not answer yet.
func New(cfg Config) (*Runner, error) {
	if cfg.Workers <= 0 {
		cfg.Workers = 4
	}
	if cfg.Strikes <= 0 {
		cfg.Strikes = 12
	}
	if cfg.Resend <= 0 {
		cfg.Resend = time.Minute
	}
	if cfg.Backoff == nil {
		cfg.Backoff = backoff
	}
	if cfg.TempDir == "" {
		cfg.TempDir = os.TempDir()
	}
	q, err := newQueue(cfg.Redis, cfg.Workers, cfg.Log)
	if err != nil {
		return nil, err
	}
	r := &Runner{cfg: cfg, queue: q, worker: uuid.NewString(), wake: make(chan struct{}, 1), rest: relayRest, counts: newCounts(), crash: func(string) {}}
	r.kinds = map[string]kind{
		models.JobArchive: {do: r.archive, limit: 20 * time.Minute, together: 1, giveUp: r.loseRecording},
		models.JobDiscard: {do: r.discard, limit: 5 * time.Minute, together: 1, giveUp: r.cfg.DB.Jobs().GiveUp},
		models.JobLead:    {do: r.leads, limit: time.Minute, together: 100, giveUp: r.cfg.DB.Jobs().GiveUp},
	}
	return r, nil
}

// backoff doubles from two seconds to ten minutes: twelve verdicts take 37 minutes.
func backoff(n int) time.Duration {
	return min(10*time.Minute, time.Second<<min(max(n, 1), 16))
}

// Wake says that a job has been added. It never blocks; without it the job is found within a second.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Ping reports whether Redis answers. Jobs wait while it does not.
func (r *Runner) Ping(ctx context.Context) error { return r.queue.ping(ctx) }

// Close gives all resources back. It comes after Run has returned.
func (r *Runner) Close() error { return r.queue.close() }

// Run does jobs until ctx ends and every attempt has been settled.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.cfg.DB.Jobs().Forget(ctx); err != nil { // what was sent before this start may be lost
		r.cfg.Log.Warn("asking for unfinished jobs again", "error", err) // then they wait for Resend
	}
	if err := r.sweep(); err != nil {
		r.cfg.Log.Warn("removing temporary files of before", "error", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.queue.run(ctx, r.look) })
	g.Go(func() error {
		r.relay(ctx)
		return nil
	})
	return g.Wait()
}

// relay sends reminders of what is due.
func (r *Runner) relay(ctx context.Context) {
	ticker := time.NewTicker(relayEvery)
	defer ticker.Stop()
	away := false // Redis or the database; said once, not every second
	for {
		sent, err := r.remind(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !away:
			away = true
			r.cfg.Log.Warn("reminding of jobs: they wait", "error", err)
		case err == nil && away:
			away = false
			r.cfg.Log.Info("reminding of jobs again")
		}
		if sent {
			select {
			case <-ctx.Done():
			case <-time.After(r.rest):
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-ticker.C:
		}
	}
}

// remind sends reminders of all jobs that are due. sent says that there were any.
func (r *Runner) remind(ctx context.Context) (sent bool, err error) {
	jobs := r.cfg.DB.Jobs()
	for {
		due, err := jobs.TakeDue(ctx, r.cfg.Resend, relayBatch)
		if err != nil {
			return sent, err
		}
		tasks := r.bundle(due)
		for i, together := range tasks {
			if err := r.queue.send(ctx, together); err != nil {
				for _, unsent := range slices.Concat(tasks[i:]...) {
					err = errors.Join(err, jobs.Unsent(context.WithoutCancel(ctx), unsent))
				}
				return sent, err
			}
			sent = true
		}
		if len(due) < relayBatch {
			return sent, nil
		}
	}
}

// bundle puts reminders of jobs that may be done together into one task each. A kind that this program does not know, and another one may, goes alone.
func (r *Runner) bundle(due []models.Reminder) [][]models.Reminder {
	var tasks [][]models.Reminder
	filling := make(map[string]int) // by kind: the task that is being filled
	for _, d := range due {
		if at, ok := filling[d.Kind]; ok && d.Attempts == 0 && len(tasks[at]) < r.kinds[d.Kind].together {
			tasks[at] = append(tasks[at], d)
			continue
		}
		if d.Attempts == 0 {
			filling[d.Kind] = len(tasks)
		}
		tasks = append(tasks, []models.Reminder{d})
	}
	return tasks
}

// look claims jobs and does them, if there is anything to do.
func (r *Runner) look(ctx context.Context, t task) {
	k, known := r.kinds[t.Kind]
	if !known {
		r.cfg.Log.Error("this program does not know the kind of job; it is left for one that does", "kind", t.Kind, "jobs", t.Jobs)
		return
	}
	jobs, err := r.cfg.DB.Jobs().Claim(ctx, t.Jobs, r.worker, k.limit+claimMargin)
	if err != nil {
		r.cfg.Log.Warn("claiming jobs", "jobs", t.Jobs, "error", err)
		return
	}
	if len(jobs) == 0 {
		return // done, not due, or another worker's: a doubled or late reminder
	}
	started := time.Now()
	cause := attempt(ctx, k, jobs)
	ended := time.Now()
	r.counts.attempt(t.Kind, ended.Sub(started))
	if r.cfg.Worked != nil {
		for _, job := range jobs {
			job.Kind = t.Kind
			r.cfg.Worked(job, started, ended, cause)
		}
	}
	if cause == nil {
		r.counts.ended(t.Kind, resultDone, len(jobs))
		r.logOf(jobs[0]).Info("jobs done", "jobs", len(jobs), "took", time.Since(started))
		return
	}
	// The end of the process must not keep the rows from being settled.
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimMargin/2)
	defer cancel()
	for _, job := range jobs {
		r.settle(settling, failure{job: job, cause: cause, alone: len(jobs) == 1, stopping: ctx.Err() != nil})
	}
}

// attempt does jobs once, within their limit. A panic is an error like any other, and a verdict.
func attempt(ctx context.Context, k kind, jobs []models.Job) (err error) {
	ctx, cancel := context.WithTimeout(ctx, k.limit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = verdict{fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	return k.do(ctx, jobs)
}

// failure is an attempt at a job that failed.
type failure struct {
	job      models.Job
	cause    error
	alone    bool // the job was done by itself: the cause is about no other
	stopping bool // the process is ending
}

// settleEvery is how often settling a failed job is tried.
const settleEvery = 250 * time.Millisecond

// settle writes into the row what is to follow from a failed attempt, and tries to until ctx ends.
func (r *Runner) settle(ctx context.Context, f failure) {
	for {
		err := r.settleOnce(ctx, f)
		if err == nil || errors.Is(err, models.ErrClaimLost) {
			return
		}
		select { // what failed the job may be the database's restart, which fails this too
		case <-ctx.Done():
			r.logOf(f.job).Error("settling a failed job; it is taken up again when the claim has run out", "error", err)
			return
		case <-time.After(settleEvery):
		}
	}
}

func (r *Runner) settleOnce(ctx context.Context, f failure) error {
	jobs, log := r.cfg.DB.Jobs(), r.logOf(f.job)
	if f.alone && errors.Is(f.cause, models.ErrClaimLost) {
		log.Warn("the job took so long that another worker has it now")
		return nil
	}
	if f.stopping {
		return jobs.GiveBack(ctx, f.job)
	}
	strike := f.alone && errors.As(f.cause, new(verdict))
	if strike && f.job.Strikes+1 >= r.cfg.Strikes {
		log.Error("job given up", "error", f.cause)
		err := r.kinds[f.job.Kind].giveUp(ctx, f.job, f.cause)
		if err == nil {
			r.counts.ended(f.job.Kind, resultGivenUp, 1)
		}
		return err
	}
	wait := r.cfg.Backoff(f.job.Attempts)
	log.Warn("job failed, will be tried again", "error", f.cause, "after", wait)
	if err := jobs.Fail(ctx, f.job, f.cause, strike, time.Now().Add(wait)); err != nil {
		return err
	}
	r.counts.ended(f.job.Kind, resultFailed, 1)
	if wait < relayEvery {
		r.Wake()
	}
	return nil
}

// logOf is the log about a job: each line has its id, and those of the call or the recording that it is about.
func (r *Runner) logOf(job models.Job) *slog.Logger {
	var about struct {
		models.LeadPayload
		models.ArchivePayload
	}
	log := r.cfg.Log.With("job", job.ID, "attempt", job.Attempts)
	switch err := json.Unmarshal(job.Payload, &about); {
	case err != nil: // of a kind that has another payload
	case about.Call != "":
		log = log.With("call", about.Call)
	case about.Recording != "":
		log = log.With("recording", about.Recording)
	}
	return log
}
