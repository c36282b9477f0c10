package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
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
	// Strikes is how many verdicts (the switch has no such file, the file is no audio) end a job; 0 = 12, about an hour. A switch or database that is
	// away is no verdict, and waited for without end.
	Strikes int
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
	// crash is a test's chance to end the process between two steps of a job.
	crash func(step string)
}

// kind is how one kind of job is done.
type kind struct {
	// do does a job and settles it as done. If it fails, the runner settles it.
	do    func(ctx context.Context, job models.Job) error
	limit time.Duration // for one attempt
	// giveUp is called when the job ends without success. It settles the job.
	giveUp func(ctx context.Context, job models.Job, cause error) error
}

const (
	relayEvery = time.Second
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
	r := &Runner{cfg: cfg, queue: q, worker: uuid.NewString(), wake: make(chan struct{}, 1), crash: func(string) {}}
	r.kinds = map[string]kind{
		models.JobArchive: {do: r.archive, limit: 20 * time.Minute, giveUp: r.loseRecording},
		models.JobLead:    {do: r.lead, limit: time.Minute, giveUp: r.cfg.DB.Jobs().GiveUp},
	}
	return r, nil
}

// backoff doubles from two seconds to ten minutes: twelve verdicts take about an hour.
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
		err := r.remind(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !away:
			away = true
			r.cfg.Log.Warn("reminding of jobs: they wait", "error", err)
		case err == nil && away:
			away = false
			r.cfg.Log.Info("reminding of jobs again")
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-ticker.C:
		}
	}
}

func (r *Runner) remind(ctx context.Context) error {
	jobs := r.cfg.DB.Jobs()
	for {
		due, err := jobs.TakeDue(ctx, r.cfg.Resend, relayBatch)
		if err != nil {
			return err
		}
		for i, reminder := range due {
			if err := r.queue.send(ctx, reminder); err != nil {
				for _, unsent := range due[i:] {
					err = errors.Join(err, jobs.Unsent(context.WithoutCancel(ctx), unsent))
				}
				return err
			}
		}
		if len(due) < relayBatch {
			return nil
		}
	}
}

// look claims a job and does it, if there is anything to do.
func (r *Runner) look(ctx context.Context, id string) {
	jobs := r.cfg.DB.Jobs()
	log := r.cfg.Log.With("job", id)
	kindOf, err := jobs.Job(ctx, id)
	if err != nil {
		if !errors.Is(err, models.ErrNotFound) {
			log.Warn("looking at a job", "error", err)
		}
		return
	}
	k, known := r.kinds[kindOf.Kind]
	if !known {
		log.Error("this program does not know the kind of job; it is left for one that does")
		return
	}
	job, ok, err := jobs.Claim(ctx, id, r.worker, k.limit+claimMargin)
	if err != nil {
		log.Warn("claiming a job", "error", err)
		return
	}
	if !ok {
		return // done, not due, or another worker's: a doubled or late reminder
	}
	started := time.Now()
	cause := attempt(ctx, k, job)
	if cause == nil {
		log.Info("job done", "attempt", job.Attempts, "took", time.Since(started))
		return
	}
	// The end of the process must not keep the row from being settled.
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimMargin/2)
	defer cancel()
	stopping := ctx.Err() != nil
	for {
		err := r.settle(settle, stopping, k, job, cause)
		if err == nil || errors.Is(err, models.ErrClaimLost) {
			return
		}
		select { // what failed the job may be the database's restart, which fails this too
		case <-settle.Done():
			log.Error("settling a failed job; it is taken up again when the claim has run out", "error", err)
			return
		case <-time.After(settleEvery):
		}
	}
}

// settleEvery is how often settling a failed job is tried.
const settleEvery = 250 * time.Millisecond

// attempt does a job once, within its limit. A panic is an error like any other, and a verdict.
func attempt(ctx context.Context, k kind, job models.Job) (err error) {
	ctx, cancel := context.WithTimeout(ctx, k.limit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = verdict{fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	return k.do(ctx, job)
}

// settle writes into the row what is to follow from a failed attempt.
func (r *Runner) settle(ctx context.Context, stopping bool, k kind, job models.Job, cause error) error {
	jobs, log := r.cfg.DB.Jobs(), r.cfg.Log.With("job", job.ID, "attempt", job.Attempts)
	if errors.Is(cause, models.ErrClaimLost) {
		log.Warn("the job took so long that another worker has it now")
		return nil
	}
	if stopping {
		return jobs.GiveBack(ctx, job)
	}
	strike := errors.As(cause, new(verdict))
	if strike && job.Strikes+1 >= r.cfg.Strikes {
		log.Error("job given up", "error", cause)
		return k.giveUp(ctx, job, cause)
	}
	wait := r.cfg.Backoff(job.Attempts)
	log.Warn("job failed, will be tried again", "error", cause, "after", wait)
	if err := jobs.Fail(ctx, job, cause, strike, time.Now().Add(wait)); err != nil {
		return err
	}
	if wait < relayEvery {
		r.Wake()
	}
	return nil
}
