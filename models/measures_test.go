package models_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// What is measured of a call is read once, wherever the reader stands, and the same by cursor as by time (Q10).
func TestMeasuresAreReadByCursorAndByTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		site(t, db)
		tell := newTeller(t, db)
		p := projector(db)
		var got []figures.Measure
		take := func(m figures.Measure) { got = append(got, m) }
		behind := func(c models.MeasureCursor, from time.Time) models.MeasureCursor {
			t.Helper()
			got = nil
			next, err := db.Measures().Behind(ctx, c, from, take)
			require.NoError(t, err)
			return next
		}
		cursor := behind(nil, noon.Add(-time.Hour))
		require.Empty(t, got)

		call := func(at time.Time) {
			e := core.Entry{Tenant: "acme", Call: "c", Queue: "sales"}
			entry := func(after time.Duration, kind core.EntryKind, agent core.AgentID, reason string, lasted time.Duration) core.Entry {
				x := e
				x.At, x.Kind, x.Agent, x.Reason, x.Duration = at.Add(after), kind, agent, reason, lasted
				return x
			}
			tell.tell(entry(0, core.EntryCallQueued, "", "arrival", 0), entry(0, core.EntryAgentState, "anna", "reserved", 0))
			tell.tell(entry(3*time.Second, core.EntryAgentState, "anna", "engaged", 0), entry(3*time.Second, core.EntryCallConnected, "anna", "", 3*time.Second))
			tell.tell(entry(63*time.Second, core.EntryTalkEnded, "anna", "caller", time.Minute), entry(63*time.Second, core.EntryAgentState, "anna", "wrap_up", 0))
			tell.tell(entry(73*time.Second, core.EntryWrapUpDone, "anna", "", 10*time.Second), entry(73*time.Second, core.EntryAgentState, "anna", "available", 0))
			require.NoError(t, p.CatchUp(ctx))
		}
		call(noon)
		s := time.Second
		at := func(kind figures.Kind, agent core.AgentID, after, lasted time.Duration) figures.Measure {
			return figures.Measure{Kind: kind, At: noon.Add(after), Tenant: "acme", Queue: "sales", Agent: agent, Lasted: lasted}
		}
		state := func(state core.AgentState, since, until time.Duration) figures.Measure {
			return figures.OfState("acme", "anna", state, noon.Add(since), noon.Add(until))
		}
		want := []figures.Measure{
			at(figures.Entered, "", 0, 0), state(core.Reserved, 0, 3*s), at(figures.Answered, "anna", 3*s, 3*s), at(figures.Talked, "anna", 63*s, 60*s),
			state(core.Engaged, 3*s, 63*s), at(figures.Wrapped, "anna", 73*s, 10*s), state(core.WrapUp, 63*s, 73*s),
		}
		cursor = behind(cursor, noon.Add(-time.Hour))
		require.ElementsMatch(t, want, got)
		again := behind(cursor, noon.Add(-time.Hour))
		require.Empty(t, got, "nothing twice")
		require.Equal(t, cursor, again)

		call(noon.Add(time.Hour))
		behind(cursor, noon.Add(-time.Hour))
		require.Len(t, got, 8, "the availability in between as well")
		behind(nil, noon.Add(-time.Hour))
		require.Len(t, got, 15)
		behind(nil, noon.Add(time.Minute))
		require.Len(t, got, 12, "not older than asked")

		got = nil
		require.NoError(t, db.Measures().Between(ctx, "acme", noon, noon.Add(time.Minute), take))
		require.ElementsMatch(t, want[:3], got)
		got = nil
		require.NoError(t, db.Measures().Between(ctx, "globex", noon, noon.Add(time.Minute), take))
		require.Empty(t, got)
	})
}

func TestATenantsDaysHaveAZone(t *testing.T) {
	for zone, ok := range map[string]bool{"": true, "Europe/Berlin": true, "UTC": true, "Asia/Kathmandu": true, "Local": false, "Berlin": false, "../etc/passwd": false, "\x00": false} {
		err := models.ValidTenant(models.Tenant{Tenant: core.Tenant{ID: "a", Name: "A"}, Zone: zone})
		require.Equal(t, ok, err == nil, zone)
	}
	berlin := models.Tenant{Zone: "Europe/Berlin"}
	require.Equal(t, "Europe/Berlin", berlin.Place().String())
	require.Equal(t, time.UTC, models.Tenant{}.Place())
	require.Error(t, models.ValidTenant(models.Tenant{Tenant: core.Tenant{ID: "a", Name: "A"}, ServiceLevel: "made_up"}))
	require.Error(t, models.ValidTenant(models.Tenant{Tenant: core.Tenant{ID: "a", Name: "A"}, ShortAbandon: 61}))
}
