package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Job is one piece of work on the outside: a row first, so that nothing that was owed can be lost with a queue in memory.
//
//	pending ──claim──▶ running ──finish──▶ done
//	   ▲                  │
//	   └──fail, or the ───┤
//	      worker is gone  └──fail for good──▶ dead
type Job struct {
	ID         string `gorm:"primaryKey"` // kind:subject
	Kind       string
	Tenant     core.TenantID
	Payload    json.RawMessage `gorm:"serializer:json"`
	State      JobState
	Attempts   int       // begun so far, the present one included
	Strikes    int       // attempts that ended with a verdict on the work, not with something being away
	NextAt     time.Time `gorm:"serializer:micro"` // pending: not before; running: when the worker is given up
	Sends      int       // reminders sent so far
	SentAt     time.Time `gorm:"serializer:micro"`
	Worker     string    // who has claimed it
	Error      string    // of the last attempt
	CreatedAt  time.Time `gorm:"serializer:micro"`
	FinishedAt time.Time `gorm:"serializer:micro"`
}

// JobState is where a job is in its life.
type JobState string

// The states of a job.
const (
	JobPending JobState = "pending"
	JobRunning JobState = "running"
	JobDone    JobState = "done"
	JobDead    JobState = "dead" // given up; there is an alert
)

// ErrClaimLost says that the job has been given to another worker, because this one took too long. What it did must not count.
var ErrClaimLost = errors.New("the job was given to another worker")

// Jobs keeps job rows.
type Jobs struct{ db *DB }

// Jobs gives access to the job rows.
func (db *DB) Jobs() *Jobs { return &Jobs{db: db} }

// NewJob makes a pending job. The same kind and subject are the same job.
func NewJob(kind, subject string, tenant core.TenantID, payload any) (Job, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return Job{}, fmt.Errorf("encode payload of job %s:%s: %w", kind, subject, err)
	}
	at := now()
	return Job{ID: clean(kind + ":" + subject), Kind: kind, Tenant: tenant, Payload: body, State: JobPending, NextAt: at, CreatedAt: at}, nil
}

// addJobs puts jobs that are not there yet, whatever their state is by now.
func addJobs(tx *gorm.DB, jobs []Job) error {
	if len(jobs) == 0 {
		return nil
	}
	return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&jobs).Error
}

// Add puts a job that is not there yet.
func (j *Jobs) Add(ctx context.Context, job Job) error {
	if err := addJobs(j.db.write.WithContext(ctx), []Job{job}); err != nil {
		return fmt.Errorf("add job %s: %w", job.ID, err)
	}
	return nil
}

// Job gives one job.
func (j *Jobs) Job(ctx context.Context, id string) (Job, error) {
	var job Job
	err := j.db.read.WithContext(ctx).First(&job, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = ErrNotFound
	}
	if err != nil {
		return job, fmt.Errorf("read job %s: %w", id, err)
	}
	return job, nil
}

// Reminder asks a worker to look at a job. Nth tells reminders of one job apart.
type Reminder struct {
	ID  string
	Nth int
}

// TakeDue marks the jobs that somebody should look at now as reminded of, and returns the reminders to send: those that are due and have not
// been reminded of within resend, because a reminder may be lost.
func (j *Jobs) TakeDue(ctx context.Context, resend time.Duration, limit int) ([]Reminder, error) {
	at := now()
	skip := " FOR UPDATE SKIP LOCKED" // two processes send each reminder once
	if j.db.dialect == SQLite {
		skip = ""
	}
	var rows []struct {
		ID    string
		Sends int
	}
	err := j.db.write.WithContext(ctx).Raw(`UPDATE jobs SET sends = sends + 1, sent_at = ? WHERE id IN (
			SELECT id FROM jobs WHERE state IN ('pending', 'running') AND next_at <= ? AND sent_at <= ? ORDER BY next_at LIMIT ?`+skip+`
		) RETURNING id, sends`, micros(at), micros(at), micros(at.Add(-resend)), limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("take due jobs: %w", err)
	}
	out := make([]Reminder, len(rows))
	for i, r := range rows {
		out[i] = Reminder{ID: r.ID, Nth: r.Sends}
	}
	return out, nil
}

// Unsent takes back that a reminder was sent: it could not be.
func (j *Jobs) Unsent(ctx context.Context, r Reminder) error {
	err := j.db.write.WithContext(ctx).Exec(`UPDATE jobs SET sent_at = 0 WHERE id = ? AND sends = ?`, r.ID, r.Nth).Error
	if err != nil {
		return fmt.Errorf("take back reminder of job %s: %w", r.ID, err)
	}
	return nil
}

// Forget makes every unfinished job due for a reminder again, whatever has been sent. It is for the start of a process, when nothing is known of
// the queue.
func (j *Jobs) Forget(ctx context.Context) error {
	err := j.db.write.WithContext(ctx).Exec(`UPDATE jobs SET sent_at = 0 WHERE state IN ('pending', 'running') AND sent_at <> 0`).Error
	if err != nil {
		return fmt.Errorf("forget reminders: %w", err)
	}
	return nil
}

// Claim gives a due job to a worker for so long. false means that there is nothing to do: the job is done, is not due, or is another
// worker's. This and not the queue decides who works, so that a doubled or late reminder does no harm.
func (j *Jobs) Claim(ctx context.Context, id, worker string, lasts time.Duration) (Job, bool, error) {
	at := now()
	var jobs []Job
	err := j.db.write.WithContext(ctx).Model(&jobs).Clauses(clause.Returning{}).
		Where("id = ? AND state IN ('pending', 'running') AND next_at <= ?", id, micros(at)).
		Updates(map[string]any{
			"state": JobRunning, "attempts": gorm.Expr("attempts + 1"), "worker": worker, "next_at": gorm.Expr("?", micros(at.Add(lasts))),
		}).Error
	if err != nil {
		return Job{}, false, fmt.Errorf("claim job %s: %w", id, err)
	}
	if len(jobs) == 0 {
		return Job{}, false, nil
	}
	return jobs[0], true, nil
}

// Finish ends a job well. [ErrClaimLost] if it is not the worker's any more.
func (j *Jobs) Finish(ctx context.Context, job Job) error {
	return finishJob(j.db.write.WithContext(ctx), job)
}

func finishJob(tx *gorm.DB, job Job) error {
	return settleJob(tx, job, `UPDATE jobs SET state = 'done', error = '', finished_at = ? WHERE id = ? AND state = 'running' AND worker = ? AND attempts = ?`,
		micros(now()))
}

// Fail ends an attempt badly; the job is due again at next. strike says that the work itself failed, which counts towards giving up: a
// switch or a bucket that is away for a day is no reason to.
func (j *Jobs) Fail(ctx context.Context, job Job, cause error, strike bool, next time.Time) error {
	strikes := 0
	if strike {
		strikes = 1
	}
	return settleJob(j.db.write.WithContext(ctx), job, `UPDATE jobs SET state = 'pending', error = ?, strikes = strikes + ?, next_at = ?, sent_at = 0
		WHERE id = ? AND state = 'running' AND worker = ? AND attempts = ?`, clean(cause.Error()), strikes, micros(next))
}

// GiveBack returns a job that was interrupted by the end of the process, as if the attempt had not been made.
func (j *Jobs) GiveBack(ctx context.Context, job Job) error {
	return settleJob(j.db.write.WithContext(ctx), job, `UPDATE jobs SET state = 'pending', attempts = attempts - 1, next_at = ?, sent_at = 0
		WHERE id = ? AND state = 'running' AND worker = ? AND attempts = ?`, micros(now()))
}

// GiveUp ends a job for good. It alerts, so that nothing that was owed is dropped in silence.
func (j *Jobs) GiveUp(ctx context.Context, job Job, cause error) error {
	return j.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		err := settleJob(tx, job, `UPDATE jobs SET state = 'dead', error = ?, finished_at = ? WHERE id = ? AND state = 'running' AND worker = ? AND attempts = ?`,
			clean(cause.Error()), micros(now()))
		if err != nil {
			return err
		}
		return raise(tx, Alert{ID: "job:" + job.ID, At: now(), Tenant: job.Tenant, Reason: AlertJobDead, Text: job.ID + ": " + cause.Error()})
	})
}

func settleJob(tx *gorm.DB, job Job, update string, args ...any) error {
	res := tx.Exec(update, append(args, job.ID, job.Worker, job.Attempts)...)
	if res.Error != nil {
		return fmt.Errorf("settle job %s: %w", job.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return fmt.Errorf("settle job %s: %w", job.ID, ErrClaimLost)
	}
	return nil
}

// Revive makes a dead job pending again, with all its attempts before it. [ErrNotFound] if it is not dead.
func (j *Jobs) Revive(ctx context.Context, id string) error {
	res := j.db.write.WithContext(ctx).Exec(`UPDATE jobs SET state = 'pending', attempts = 0, strikes = 0, next_at = ?, sent_at = 0, finished_at = 0
		WHERE id = ? AND state = 'dead'`, micros(now()), id)
	if res.Error == nil && res.RowsAffected == 0 {
		res.Error = ErrNotFound
	}
	if res.Error != nil {
		return fmt.Errorf("revive job %s: %w", id, res.Error)
	}
	return nil
}

// Count counts jobs by state.
func (j *Jobs) Count(ctx context.Context) (map[JobState]int64, error) {
	var rows []struct {
		State JobState
		N     int64
	}
	if err := j.db.read.WithContext(ctx).Raw(`SELECT state, count(*) AS n FROM jobs GROUP BY state`).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	out := make(map[JobState]int64, len(rows))
	for _, r := range rows {
		out[r.State] = r.N
	}
	return out, nil
}

// Clear removes finished jobs that ended before a time, so that the table stays small. Dead ones stay.
func (j *Jobs) Clear(ctx context.Context, before time.Time) (int64, error) {
	res := j.db.write.WithContext(ctx).Exec(`DELETE FROM jobs WHERE state = 'done' AND finished_at < ?`, micros(before))
	if res.Error != nil {
		return 0, fmt.Errorf("clear finished jobs: %w", res.Error)
	}
	return res.RowsAffected, nil
}
