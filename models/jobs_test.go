package models_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
)

func addJob(t *testing.T, db *models.DB, subject string) string {
	t.Helper()
	job, err := models.NewJob("test", subject, "acme", map[string]string{"subject": subject})
	require.NoError(t, err)
	require.NoError(t, db.Jobs().Add(t.Context(), job))
	return job.ID
}

// claim claims one job that is due.
func claim(t *testing.T, db *models.DB, id, worker string, lasts time.Duration) models.Job {
	t.Helper()
	claimed, err := db.Jobs().Claim(t.Context(), []string{id}, worker, lasts)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	return claimed[0]
}

func TestJobsAreClaimedOnceAndSettledByTheirWorker(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, jobs := t.Context(), db.Jobs()
		id := addJob(t, db, "a")
		addJob(t, db, "a") // the same job
		var claimed atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if got, err := jobs.Claim(ctx, []string{id}, "w", time.Hour); err == nil && len(got) == 1 {
					claimed.Add(1)
				}
			})
		}
		wg.Wait()
		require.Equal(t, int32(1), claimed.Load())
		job, err := jobs.Job(ctx, id)
		require.NoError(t, err)
		require.JSONEq(t, `{"subject":"a"}`, string(job.Payload))
		require.Equal(t, 1, job.Attempts)

		require.NoError(t, jobs.Fail(ctx, job, errors.New("not yet\x00"), true, time.Now().Add(time.Hour)))
		require.ErrorIs(t, jobs.Finish(ctx, job), models.ErrClaimLost)
		got, err := jobs.Claim(ctx, []string{id, addJob(t, db, "b"), "test:none"}, "w", time.Hour)
		require.NoError(t, err)
		require.Len(t, got, 1, "one is not due, one does not exist")
		require.Equal(t, "test:b", got[0].ID)
	})
}

// A worker that died is replaced, and cannot settle the job any more should it only have been slow.
func TestJobsOfAWorkerThatIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, jobs := t.Context(), db.Jobs()
		id := addJob(t, db, "a")
		slow := claim(t, db, id, "slow", -time.Second) // has run out already
		due, err := jobs.TakeDue(ctx, time.Hour, 10)
		require.NoError(t, err)
		require.Len(t, due, 1)
		other := claim(t, db, id, "other", time.Hour)
		require.Equal(t, 2, other.Attempts)
		require.ErrorIs(t, jobs.Finish(ctx, slow), models.ErrClaimLost)
		require.ErrorIs(t, jobs.Fail(ctx, slow, errors.New("x"), false, time.Now()), models.ErrClaimLost)
		require.NoError(t, jobs.Finish(ctx, other))
	})
}

func TestJobsRemindersAreSentAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, jobs := t.Context(), db.Jobs()
		id := addJob(t, db, "a")
		due := func(resend time.Duration) []models.Reminder {
			t.Helper()
			r, err := jobs.TakeDue(ctx, resend, 10)
			require.NoError(t, err)
			return r
		}
		require.Equal(t, []models.Reminder{{ID: id, Kind: "test", Nth: 1}}, due(time.Hour))
		require.Empty(t, due(time.Hour), "one reminder is out")
		require.Equal(t, []models.Reminder{{ID: id, Kind: "test", Nth: 2}}, due(0), "it was lost")
		require.NoError(t, jobs.Unsent(ctx, models.Reminder{ID: id, Nth: 1}))
		require.Empty(t, due(time.Hour), "an old reminder's failure does not take back the newer one")
		require.NoError(t, jobs.Unsent(ctx, models.Reminder{ID: id, Nth: 2}))
		require.Equal(t, []models.Reminder{{ID: id, Kind: "test", Nth: 3}}, due(time.Hour))
		require.NoError(t, jobs.Forget(ctx))
		require.Equal(t, []models.Reminder{{ID: id, Kind: "test", Nth: 4}}, due(time.Hour), "a new process knows nothing of what was sent")

		job := claim(t, db, id, "w", time.Hour)
		require.Empty(t, due(0), "somebody is on it")
		require.NoError(t, jobs.GiveUp(ctx, job, errors.New("for good")))
		require.Empty(t, due(0))
		alerts, err := db.History().Alerts(ctx, "", models.Paging{})
		require.NoError(t, err)
		require.Len(t, alerts.Items, 1, "a dead job is never silent")
		require.Equal(t, models.AlertJobDead, alerts.Items[0].Reason)
	})
}

func TestJobsAreCleared(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, jobs := t.Context(), db.Jobs()
		job := claim(t, db, addJob(t, db, "done"), "w", time.Hour)
		require.NoError(t, jobs.Finish(ctx, job))
		addJob(t, db, "open")
		n, err := jobs.Clear(ctx, time.Now().Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, int64(1), n)
		counts, err := jobs.Count(ctx)
		require.NoError(t, err)
		require.Equal(t, map[models.JobState]int64{models.JobPending: 1}, counts)
	})
}

// A job that was given up is tried again when somebody asks for it, and is given up, and told of, anew.
func TestJobsThatWereGivenUpAreRevived(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, jobs := t.Context(), db.Jobs()
		id, other := addJob(t, db, "a"), addJob(t, db, "b")
		for n := 1; n <= 2; n++ {
			job := claim(t, db, id, "w", time.Hour)
			require.Zero(t, job.Strikes, "as many tries as a new one")
			require.NoError(t, jobs.GiveUp(ctx, job, errors.New("no such file")))
			dead, err := jobs.Dead(ctx)
			require.NoError(t, err)
			require.Len(t, dead, 1)
			require.Equal(t, id, dead[0].ID)
			require.Equal(t, "no such file", dead[0].Error)
			alerts, err := db.History().Alerts(ctx, "acme", models.Paging{})
			require.NoError(t, err)
			require.Len(t, alerts.Items, n)
			require.NoError(t, jobs.Revive(ctx, id))
			due, err := jobs.TakeDue(ctx, time.Hour, 10)
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(due, func(r models.Reminder) bool { return r.ID == id }), "a reminder is sent at once")
		}
		for _, not := range []string{id, other, "test:none"} {
			require.ErrorIs(t, jobs.Revive(ctx, not), models.ErrNotFound, "%s was not given up", not)
		}
		require.Equal(t, 3, claim(t, db, id, "w", time.Hour).Attempts)
	})
}
