package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
)

// TestWhatWaitsInTheDatabaseIsCountedS5 asks for the figures behind tandem_jobs_open and tandem_projection_backlog_entries.
func TestWhatWaitsInTheDatabaseIsCountedS5(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		site(t, db)
		s := newTeller(t, db)
		n, err := db.Unprojected(ctx, "main")
		require.NoError(t, err)
		require.Zero(t, n)
		s.call("c1", "030 123456", noon)
		n, err = db.Unprojected(ctx, "main")
		require.NoError(t, err)
		require.Positive(t, n)
		require.NoError(t, projector(db).CatchUp(ctx))
		n, err = db.Unprojected(ctx, "main")
		require.NoError(t, err)
		require.Zero(t, n)

		before := time.Now()
		old, err := models.NewJob("test", "old", "acme", nil)
		require.NoError(t, err)
		old.CreatedAt = before.Add(-7 * time.Hour)
		require.NoError(t, db.Jobs().Add(ctx, old))
		claimed, err := db.Jobs().Claim(ctx, []string{old.ID}, "w", time.Hour)
		require.NoError(t, err)
		require.NoError(t, db.Jobs().Fail(ctx, claimed[0], errors.New("away"), false, before.Add(30*time.Second)))
		addJob(t, db, "a")
		claim(t, db, addJob(t, db, "b"), "w", time.Hour)
		open, err := db.Jobs().Open(ctx)
		require.NoError(t, err)
		counts := map[string]int{}
		for _, o := range open {
			counts[o.Kind+" "+string(o.State)] = o.Count
			if o.Kind == "test" && o.State == models.JobPending {
				require.WithinDuration(t, before, o.Due, time.Minute)
				require.WithinDuration(t, old.CreatedAt, o.Since, time.Millisecond, "one that fails is due later, and is owed since it was made all the same")
			}
			require.Equal(t, o.Count == 0, o.Since.IsZero())
		}
		require.Equal(t, map[string]int{
			"archive pending": 1, "archive running": 0, "discard pending": 0, "discard running": 0, "lead pending": 1, "lead running": 0, "test pending": 2, "test running": 1,
		}, counts)
	})
}
