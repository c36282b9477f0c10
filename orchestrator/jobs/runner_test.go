package jobs

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestLeadR2(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.start(k.runner())
		for i := range 6 { // at once, several workers
			k.call(core.CallID(fmt.Sprintf("c%d", i)), "030 123456")
		}
		k.call("withheld", "anonymous")
		for i := range 6 {
			k.await(fmt.Sprintf("lead:c%d", i), models.JobDone)
		}
		k.await("lead:withheld", models.JobDone)
		leads, err := k.db.CRM().Leads(t.Context(), models.PeopleFilter{Tenant: "acme"})
		require.NoError(t, err)
		require.Len(t, leads.Items, 1)
		require.Equal(t, "+4930123456", leads.Items[0].Number)
		record, err := k.db.History().CallRecord(t.Context(), "withheld")
		require.NoError(t, err)
		require.Equal(t, models.PartyWithheld, record.Party)
	})
}

// Several processes share the work: every job is done once.
func TestRunnersSideBySide(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		const n = 40
		for i := range n {
			k.call(core.CallID(fmt.Sprintf("c%d", i)), fmt.Sprintf("030 12345%02d", i))
		}
		for range 3 {
			k.start(k.runner())
		}
		for i := range n {
			job := k.await(fmt.Sprintf("lead:c%d", i), models.JobDone)
			require.Equal(t, 1, job.Attempts)
		}
	})
}

// Redis stops, and comes back with all its data gone: every job is done all the same.
func TestJobsSurviveTheLossOfRedis(t *testing.T) {
	redis := dbtest.StartRedis(t)
	url := dbtest.PostgresURL(t)
	noLeaks(t)
	k := newKit(t, url, redis.URL())
	body := wav(time.Second)
	k.sw.put("r1", body)
	k.start(k.runner(func(c *Config) { c.Resend = 500 * time.Millisecond }))
	k.record("r1", time.Second)
	k.await("archive:r1", models.JobDone)

	redis.Kill()
	k.call("while-away", "030 111111")
	require.NoError(t, redis.Start())
	require.NoError(t, redis.Flush())
	k.call("after", "030 222222")
	k.await("lead:while-away", models.JobDone)
	k.await("lead:after", models.JobDone)

	// A reminder that is in Redis when Redis forgets everything.
	blocked := make(chan struct{})
	var fetches atomic.Int32
	k.sw.fetchErr = func(int) error {
		if fetches.Add(1) == 1 {
			close(blocked)
			return context.DeadlineExceeded
		}
		return nil
	}
	k.sw.put("r2", body)
	k.record("r2", time.Second)
	<-blocked
	require.NoError(t, redis.Flush())
	k.await("archive:r2", models.JobDone)
}

// PostgreSQL is restarted while jobs run: they are done afterwards.
func TestJobsSurviveARestartOfPostgres(t *testing.T) {
	pg := dbtest.StartPostgres(t, false)
	url, redis := pg.NewDatabase(t, "restart"), dbtest.Redis(t).URL()
	noLeaks(t)
	db := dbtest.Open(t, url)
	require.NoError(t, db.Migrate(t.Context()))
	k := newKit(t, url, redis)
	body := wav(time.Second)
	k.sw.put("r1", body)
	reached, resume := make(chan struct{}), make(chan struct{})
	r := k.runner()
	var once atomic.Bool
	r.crash = func(at string) {
		if at == "uploaded" && once.CompareAndSwap(false, true) {
			close(reached)
			<-resume
		}
	}
	k.start(r)
	k.record("r1", time.Second)
	<-reached
	pg.Kill()
	close(resume)
	require.NoError(t, pg.Start())
	// The attempt could not be settled if the database was away for as long: then the claim runs out. Here it is short.
	require.Eventually(t, func() bool { return k.db.Ping(t.Context()) == nil }, time.Minute, 10*time.Millisecond)
	k.await("archive:r1", models.JobDone)
	k.requireArchived("r1", body)
}

// asynq archives a task whose worker died, and then refuses its id for ever. A reminder's id is never used twice, so the job is done.
func TestJobsPassTheArchivedTaskTrap(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.call("c1", "030 123456")
		r := k.runner(func(c *Config) { c.Resend = time.Millisecond })
		sent, err := r.remind(t.Context())
		require.NoError(t, err)
		require.True(t, sent)
		q, ok := r.queue.(*asynqQueue)
		require.True(t, ok)
		require.NoError(t, q.redis.FlushDB(t.Context()).Err()) // as good as archived: it will never be delivered
		k.start(r)
		k.await("lead:c1", models.JobDone)
	})
}

func TestAPanicIsAFailedAttempt(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		body := wav(time.Second)
		k.sw.put("r1", body)
		r := k.runner()
		var once atomic.Bool
		r.crash = func(string) {
			if once.CompareAndSwap(false, true) {
				panic("a bug")
			}
		}
		k.start(r)
		k.record("r1", time.Second)
		job := k.await("archive:r1", models.JobDone)
		require.Equal(t, 2, job.Attempts)
		require.Equal(t, 1, job.Strikes)
		k.requireArchived("r1", body)
	})
}

func TestRedisURL(t *testing.T) {
	k := newKit(t, dbtest.SQLiteURL(t), "")
	_, err := New(Config{DB: k.db, Bucket: k.bucket, Log: k.log, Redis: "redis://:geheim@%zz"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "geheim")
}

// What is due is sent together by kind, as far as the kind is done together; what has failed before goes alone.
func TestRemindersAreBundled(t *testing.T) {
	k := newKit(t, dbtest.SQLiteURL(t), "")
	r := k.runner()
	reminders := func(kind string, n, attempts int) []models.Reminder {
		out := make([]models.Reminder, n)
		for i := range out {
			out[i] = models.Reminder{ID: fmt.Sprintf("%s:%d", kind, i), Kind: kind, Attempts: attempts, Nth: 1}
		}
		return out
	}
	leads, archives, failed, foreign := reminders(models.JobLead, 150, 0), reminders(models.JobArchive, 2, 0), reminders(models.JobLead, 2, 1), reminders("mail", 2, 0)
	require.Equal(t, [][]models.Reminder{
		leads[:100], archives[:1], archives[1:], failed[:1], failed[1:], foreign[:1], foreign[1:], leads[100:],
	}, r.bundle(slices.Concat(leads[:50], archives, failed, leads[50:100], foreign, leads[100:])))
}

// A job that cannot be done does not keep those that were claimed with it from being done: they are tried again one by one.
func TestAJobThatFailsSparesItsCompany(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		for i := range 3 {
			k.call(core.CallID(fmt.Sprintf("c%d", i)), fmt.Sprintf("030 12345%d", i))
		}
		bad, err := models.NewJob(models.JobLead, "bad", "acme", "no payload of a lead")
		require.NoError(t, err)
		require.NoError(t, k.db.Jobs().Add(t.Context(), bad))
		k.start(k.runner())
		for i := range 3 {
			job := k.await(fmt.Sprintf("lead:c%d", i), models.JobDone)
			require.Zero(t, job.Strikes, "it was not its fault")
			require.LessOrEqual(t, job.Attempts, 2)
		}
		dead := k.await("lead:bad", models.JobDead)
		require.Equal(t, strikes+1, dead.Attempts, "once in company, which proves nothing")
	})
}
