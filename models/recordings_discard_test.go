package models_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// What is discarded can neither be archived nor lost any more, whoever was at it; who discarded it first stays.
func TestADiscardedRecordingIsNeitherArchivedNorLostC17(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		s := newTeller(t, db)
		said := core.Entry{At: noon, Kind: core.EntryRecordingStarted, Tenant: "acme", Call: "c1", Engine: "pbx1", Agent: "anna", Recording: "r1"}
		s.tell(said)
		said.Kind, said.Reason = core.EntryRecordingStopped, "complete"
		s.tell(said)
		said.Kind, said.Reason, said.Actor = core.EntryRecordingDiscarded, "", "agent:anna"
		s.tell(said)
		said.Actor = "agent:bert"
		s.tell(said)
		require.NoError(t, projector(db).CatchUp(ctx))
		r := db.Recordings()
		require.ErrorIs(t, r.Archived(ctx, "r1", models.Archive{Object: "acme/r1.wav"}), models.ErrDiscarded)
		require.ErrorIs(t, r.Archived(ctx, "never-was", models.Archive{}), models.ErrNotFound)
		require.ErrorIs(t, r.Lost(ctx, "r1", "the switch has none"), models.ErrNotFound)
		rec, err := r.Recording(ctx, "r1")
		require.NoError(t, err)
		require.Equal(t, models.RecordingPending, rec.State)
		require.Empty(t, rec.Object)
		require.Equal(t, noon, rec.DiscardedAt)
		require.Equal(t, "agent:anna", rec.DiscardedBy)
		alerts, err := db.History().Alerts(ctx, "acme", models.Paging{})
		require.NoError(t, err)
		require.Empty(t, alerts.Items, "nobody is alerted of what was meant")
		require.NoError(t, r.Erased(ctx, "r1"))
		rec, err = r.Recording(ctx, "r1")
		require.NoError(t, err)
		require.Equal(t, models.RecordingErased, rec.State)
		require.ErrorIs(t, r.Erased(ctx, "never-was"), models.ErrNotFound)
		for _, id := range []string{"archive:r1", "discard:r1"} {
			_, err := db.Jobs().Job(ctx, id)
			require.NoError(t, err)
		}
	})
}
