package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Job is one piece of work on the outside: a row first, so that nothing that was owed can be lost with a queue in memory.
//
//	pending ──claim──▶ running ──finish──▶ done
//	   ▲                  │
//	   ├──fail, or the ───┤
//	   │  worker is gone  └──fail for good──▶ dead
//	   └──────────────────revive───────────────┘
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

var jobColumns = rowOf("id text", "kind text", "tenant text", "payload json", "state text", "attempts bigint", "strikes bigint", "next_at bigint", "sends bigint",
	"sent_at bigint", "worker text", "error text", "created_at bigint", "finished_at bigint")

// jobRows adds jobs that are not there yet, whatever their state is by now.
func jobRows(jobs []Job) insertion {
	rows := newRowset(jobColumns)
	for _, j := range jobs {
		rows.add(j.ID, j.Kind, clean(string(j.Tenant)), string(j.Payload), string(j.State), int64(j.Attempts), int64(j.Strikes), micros(j.NextAt), int64(j.Sends),
			micros(j.SentAt), j.Worker, j.Error, micros(j.CreatedAt), micros(j.FinishedAt))
	}
	return insertion{"jobs", rows, "DO NOTHING"}
}

// Add puts a job that is not there yet.
func (j *Jobs) Add(ctx context.Context, job Job) error {
	if err := j.db.direct().insert(ctx, jobRows([]Job{job})); err != nil {
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
	ID       string
	Kind     string
	Attempts int // begun so far
	Nth      int
}

// TakeDue marks the jobs that somebody should look at now as reminded of, and returns the reminders to send: those that are due and have not
// been reminded of within resend, because a reminder may be lost.
func (j *Jobs) TakeDue(ctx context.Context, resend time.Duration, limit int) ([]Reminder, error) {
	at := now()
	skip := " FOR UPDATE SKIP LOCKED" // two processes send each reminder once
	if j.db.dialect == SQLite {
		skip = ""
	}
	var out []Reminder
	err := j.db.write.WithContext(ctx).Raw(`UPDATE jobs SET sends = sends + 1, sent_at = ? WHERE id IN (
			SELECT id FROM jobs WHERE state IN ('pending', 'running') AND next_at <= ? AND sent_at <= ? ORDER BY next_at LIMIT ?`+skip+`
		) RETURNING id, kind, attempts, sends AS nth`, micros(at), micros(at), micros(at.Add(-resend)), limit).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("take due jobs: %w", err)
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

// Claim gives those of some jobs that are due to a worker for so long. The others are done, not due, or another worker's: there is nothing to do
// about them. This and not the queue decides who works, so that a doubled or late reminder does no harm.
func (j *Jobs) Claim(ctx context.Context, ids []string, worker string, lasts time.Duration) ([]Job, error) {
	at := now()
	var jobs []Job
	err := j.db.direct().query(ctx, column1("id", ids), `UPDATE jobs SET state = 'running', attempts = attempts + 1, worker = $1, next_at = $2
		FROM {rows} WHERE jobs.id = r.id AND state IN ('pending', 'running') AND next_at <= $3
		RETURNING jobs.id, kind, tenant, payload, attempts, strikes, sends`, []any{worker, micros(at.Add(lasts)), micros(at)}, func(rows *sql.Rows) error {
		job := Job{State: JobRunning, Worker: worker}
		var payload string
		if err := rows.Scan(&job.ID, &job.Kind, &job.Tenant, &payload, &job.Attempts, &job.Strikes, &job.Sends); err != nil {
			return err
		}
		job.Payload = json.RawMessage(payload)
		jobs = append(jobs, job)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	return jobs, nil
}

// Finish ends a job well. [ErrClaimLost] if it is not the worker's any more.
func (j *Jobs) Finish(ctx context.Context, job Job) error {
	return finishJobs(ctx, j.db.direct(), []Job{job})
}

var finishColumns = rowOf("id text", "worker text", "attempts bigint")

// finishJobs ends jobs well. [ErrClaimLost] if one of them is not the worker's any more: then what was done must be taken back.
func finishJobs(ctx context.Context, tx session, jobs []Job) error {
	rows := newRowset(finishColumns)
	for _, job := range jobs {
		rows.add(job.ID, job.Worker, int64(job.Attempts))
	}
	n, err := tx.exec(ctx, rows, `UPDATE jobs SET state = 'done', error = '', finished_at = $1 FROM {rows}
		WHERE jobs.id = r.id AND jobs.state = 'running' AND jobs.worker = r.worker AND jobs.attempts = r.attempts`, micros(now()))
	if err == nil && n != int64(len(jobs)) {
		err = ErrClaimLost
	}
	if err != nil {
		return fmt.Errorf("finish jobs: %w", err)
	}
	return nil
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

// GiveUp ends a job for good. It leaves an [Alert]; people hear of it by the log and the metric tandem_jobs_total as well.
func (j *Jobs) GiveUp(ctx context.Context, job Job, cause error) error {
	return j.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		err := settleJob(tx, job, `UPDATE jobs SET state = 'dead', error = ?, finished_at = ? WHERE id = ? AND state = 'running' AND worker = ? AND attempts = ?`,
			clean(cause.Error()), micros(now()))
		if err != nil {
			return err
		}
		return raise(tx, Alert{ID: fmt.Sprintf("job:%s#%d", job.ID, job.Attempts), At: now(), Tenant: job.Tenant, Reason: AlertJobDead, Text: job.ID + ": " + cause.Error()})
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
