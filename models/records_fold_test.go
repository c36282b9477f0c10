package models_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// babble is a long timeline of a few calls, agents and recordings in an order that no call centre has: rings before offers, ends before beginnings,
// things told twice. What folding could get wrong happens in it all the time.
func babble(rng *rand.Rand, events int) []journal.Timeline {
	pick := func(prefix string, n int) string { return fmt.Sprintf("%s%d", prefix, rng.IntN(n)) }
	kinds := []core.EntryKind{
		core.EntryCallArrived, core.EntryOfferMade, core.EntryOfferRinging, core.EntryOfferEnded, core.EntryOfferEnded, core.EntryTalkEnded, core.EntryCallClosed,
		core.EntryAgentState, core.EntryAgentState, core.EntryRecordingStarted, core.EntryRecordingStopped, core.EntryRecordingPaused, core.EntryRecordingDiscarded, core.EntryAlert,
		core.EntryCallQueued, core.EntryEngineUp,
		core.EntryDialled, core.EntryOutsideRinging, core.EntryConsultStarted, core.EntryConsultAnswered, core.EntryConsultEnded, core.EntryConsultEnded, core.EntryJoined, core.EntryLeft,
		core.EntryTransferFailed, core.EntryPostCall, core.EntryOwnerChanged, core.EntryCallConnected, core.EntryCallLeftQueue, core.EntryWrapUpDone,
	}
	entry := func(at time.Time) core.Entry {
		call := core.CallID(pick("c", 6))
		e := core.Entry{
			At: at, Kind: kinds[rng.IntN(len(kinds))], Tenant: "acme", Call: call, Agent: core.AgentID(pick("a", 3)), Leg: core.LegID(pick("l", 4)), Engine: "pbx1",
			Recording: core.RecordingID(pick("r", 8)), Duration: time.Duration(rng.IntN(100)) * time.Second, Text: "O'Brien \x00 ${x} ü", Actor: "agent:\x00änna",
		}
		if rng.IntN(8) == 0 {
			e.Tenant, e.Call = "", ""
		}
		if rng.IntN(3) > 0 {
			e.Queue = core.QueueID(pick("q\x00", 3))
		}
		switch e.Kind {
		case core.EntryCallLeftQueue:
			e.Reason = []string{"abandoned", "unanswered", "lost"}[rng.IntN(3)]
		case core.EntryAgentState:
			e.Reason = []string{"available", "idle:Lunch", "engaged", "reserved"}[rng.IntN(4)]
		case core.EntryOfferEnded:
			e.Reason = string([]core.OfferOutcome{core.OfferAnswered, core.OfferNoAnswer, core.OfferDeclined}[rng.IntN(3)])
			if rng.IntN(2) == 0 {
				e.Cause = &core.Cause{Code: core.CauseBusy}
			}
		case core.EntryConsultEnded:
			e.Reason = []string{"merged", "transferred", "ended", "no_answer"}[rng.IntN(4)]
		case core.EntryLeft:
			e.Reason = []string{"left", "lost", "disconnected"}[rng.IntN(3)]
		case core.EntryRecordingStopped:
			e.Reason = []string{"complete", "failed", "pause_unconfirmed"}[rng.IntN(3)]
		case core.EntryCallClosed:
			if rng.IntN(10) > 0 {
				e.Record = &core.CallRecord{
					Call: call, Tenant: e.Tenant, Queue: core.QueueID(pick("q", 3)), From: "030 123456", Name: "\x00<b>", ArrivedAt: at.Add(-time.Minute), EndedAt: at,
					Outcome: core.CallAnswered, Cause: core.Cause{Code: core.CauseNormal}, Agents: []core.AgentID{core.AgentID(pick("a", 3)), core.AgentID(pick("a", 3))},
				}
			}
		default: // has no more to it
		}
		return e
	}
	var out []journal.Timeline
	for seq := range events {
		for idx := range rng.IntN(4) {
			out = append(out, journal.Timeline{Seq: uint64(seq + 1), Index: idx, Entry: entry(noon.Add(time.Duration(seq) * time.Second))})
		}
	}
	return out
}

// forget empties all that a projection makes. A cursor that is gone begins at the beginning.
var forget = []string{
	"DELETE FROM cursors", "DELETE FROM call_agents", "DELETE FROM call_records", "DELETE FROM call_entries", "DELETE FROM call_legs", "DELETE FROM agent_states",
	"DELETE FROM measures", "DELETE FROM recordings", "DELETE FROM alerts", "DELETE FROM audit_log", "DELETE FROM jobs",
}

// projected gives all that a projection has made, but the times at which it made jobs.
func projected(t *testing.T, db *models.DB) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	for table, query := range map[string]string{
		"entries": "SELECT * FROM call_entries ORDER BY shard, seq, idx", "legs": "SELECT * FROM call_legs ORDER BY call, leg",
		"records": "SELECT * FROM call_records ORDER BY call", "agents": "SELECT * FROM call_agents ORDER BY call, agent",
		"states": "SELECT * FROM agent_states ORDER BY shard, seq, idx", "recordings": "SELECT * FROM recordings ORDER BY id",
		"measures": "SELECT * FROM measures ORDER BY shard, seq, idx",
		"alerts":   "SELECT * FROM alerts ORDER BY id", "audit": "SELECT * FROM audit_log ORDER BY id",
		"jobs": "SELECT id, kind, tenant, payload, state, attempts, strikes, sends, sent_at, worker, error, finished_at FROM jobs ORDER BY id",
	} {
		rows, err := models.Rows(t.Context(), db, query)
		require.NoError(t, err)
		out[table] = rows
	}
	return out
}

// folds is a database with a timeline, and what comes of it plainly.
type folds struct {
	t     *testing.T
	db    *models.DB
	p     *models.Projector
	lines []journal.Timeline // as stored
}

func newFolds(t *testing.T, db *models.DB, lines []journal.Timeline) *folds {
	t.Helper()
	l, err := db.Journal().Acquire(t.Context(), "main", "test", time.Hour)
	require.NoError(t, err)
	last := lines[len(lines)-1].Seq
	require.NoError(t, db.Journal().Append(t.Context(), l, batch(1, last), lines))
	stored, err := db.Journal().TimelineAfter(t.Context(), "main", 0, 1<<20)
	require.NoError(t, err)
	require.Len(t, stored, len(lines))
	return &folds{t: t, db: db, p: db.NewProjector(slog.New(slog.DiscardHandler), nil), lines: stored}
}

// plainly makes the records anew, entry by entry.
func (f *folds) plainly(times int) map[string][]string {
	f.t.Helper()
	require.NoError(f.t, models.Exec(f.t.Context(), f.db, forget...))
	for range times {
		require.NoError(f.t, models.Plainly(f.t.Context(), f.db, "main", f.lines))
	}
	return projected(f.t, f.db)
}

// project makes the records anew, in pieces of the sizes that next gives.
func (f *folds) project(next func() int) map[string][]string {
	f.t.Helper()
	require.NoError(f.t, models.Exec(f.t.Context(), f.db, forget...))
	f.again(next)
	return projected(f.t, f.db)
}

// again projects from the beginning over what is there.
func (f *folds) again(next func() int) {
	f.t.Helper()
	require.NoError(f.t, models.Exec(f.t.Context(), f.db, "DELETE FROM cursors"))
	for more := true; more; {
		var err error
		more, err = f.p.Project(f.t.Context(), "main", next())
		require.NoError(f.t, err)
	}
}

func same(n int) func() int { return func() int { return n } }

// Folding a long timeline gives the same rows as taking its entries one by one, wherever the pieces end.
func TestFoldingIsPlainApplication(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		const seed = 7
		rng := rand.New(rand.NewPCG(seed, 0))
		f := newFolds(t, db, babble(rng, 200))
		want := f.plainly(1)
		for table, rows := range want {
			require.NotEmpty(t, rows, table)
		}
		for _, size := range []int{1, 2, 3, 7, 50, 500, 1 << 20} {
			require.Equal(t, want, f.project(same(size)), "pieces of %d", size)
		}
		for range 5 {
			require.Equal(t, want, f.project(func() int { return 1 + rng.IntN(60) }), "pieces of random sizes")
		}
		// Made again over what is there, as after the cursor was deleted.
		twice := f.plainly(2)
		f.project(same(50))
		f.again(same(1 << 20))
		require.Equal(t, twice, projected(t, db))
	})
}

// Each place at which a timeline can be cut in two.
func TestFoldingAtEveryBoundary(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		const seed = 11
		f := newFolds(t, db, babble(rand.New(rand.NewPCG(seed, 0)), 30))
		want := f.plainly(1)
		for cut := 1; cut <= len(f.lines); cut++ {
			size := cut
			require.Equal(t, want, f.project(func() int {
				first := size
				size = 1 << 20
				return first
			}), "cut before entry %d", cut)
		}
	})
}
