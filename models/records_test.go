package models_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

// teller appends timeline entries to a shard as the loop does, one event each.
type teller struct {
	t   testing.TB
	j   *models.Journal
	l   journal.Lease
	seq uint64
}

func newTeller(t testing.TB, db *models.DB) *teller {
	t.Helper()
	j := db.Journal()
	l, err := j.Acquire(t.Context(), "main", "test", time.Hour)
	require.NoError(t, err)
	return &teller{t: t, j: j, l: l}
}

func (s *teller) tell(entries ...core.Entry) {
	s.t.Helper()
	s.seq++
	lines := make([]journal.Timeline, len(entries))
	for i, e := range entries {
		lines[i] = journal.Timeline{Seq: s.seq, Index: i, Entry: e}
	}
	require.NoError(s.t, s.j.Append(s.t.Context(), s.l, batch(s.seq, s.seq), lines))
}

// call tells the story of one answered, recorded call from number.
func (s *teller) call(id core.CallID, number string, at time.Time) {
	s.t.Helper()
	e := core.Entry{Tenant: "acme", Call: id, Engine: "pbx1", Queue: "sales"}
	say := func(after time.Duration, kind core.EntryKind, change func(e *core.Entry)) core.Entry {
		x := e
		x.At, x.Kind = at.Add(after), kind
		change(&x)
		return x
	}
	leg, rec := core.LegID("leg-"+string(id)), core.RecordingID("rec-"+string(id))
	s.tell(say(0, core.EntryCallArrived, func(e *core.Entry) { e.Leg, e.Text = "in-"+core.LegID(id), number }),
		say(0, core.EntryCallQueued, func(e *core.Entry) { e.Reason = "arrival" }),
		say(0, core.EntryOfferMade, func(e *core.Entry) { e.Agent, e.Leg = "anna", leg }),
		say(0, core.EntryAgentState, func(e *core.Entry) { e.Agent, e.Reason, e.Text = "anna", "reserved", "offer" }))
	s.tell(say(time.Second, core.EntryOfferRinging, func(e *core.Entry) { e.Agent, e.Leg = "anna", leg }))
	s.tell(say(3*time.Second, core.EntryOfferEnded, func(e *core.Entry) { e.Agent, e.Leg, e.Reason = "anna", leg, string(core.OfferAnswered) }),
		say(3*time.Second, core.EntryAgentState, func(e *core.Entry) { e.Agent, e.Reason = "anna", "engaged" }))
	s.tell(say(4*time.Second, core.EntryRecordingStarted, func(e *core.Entry) { e.Recording, e.Agent = rec, "anna" }))
	s.tell(say(5*time.Second, core.EntryRecordingPaused, func(e *core.Entry) { e.Recording, e.Agent, e.Actor = rec, "anna", "agent:anna" }))
	s.tell(say(64*time.Second, core.EntryRecordingStopped, func(e *core.Entry) {
		e.Recording, e.Agent, e.Reason, e.Duration = rec, "anna", "complete", time.Minute
	}),
		say(64*time.Second, core.EntryTalkEnded, func(e *core.Entry) { e.Agent, e.Leg, e.Reason, e.Duration = "anna", leg, "caller", 61*time.Second }),
		say(64*time.Second, core.EntryAgentState, func(e *core.Entry) { e.Agent, e.Reason = "anna", "idle:Lunch" }),
		say(64*time.Second, core.EntryCallClosed, func(e *core.Entry) {
			e.Record = &core.CallRecord{
				Call: id, Tenant: "acme", EntryPoint: "main", Queue: "sales", Engine: "pbx1", From: number, Name: "Alice \x00 ${x}", To: "100", ArrivedAt: at,
				EndedAt: at.Add(64 * time.Second), Outcome: core.CallAnswered, Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}, Agents: []core.AgentID{"anna"},
				Offers: 1, Wait: 3 * time.Second, Talk: 61 * time.Second, Total: 64 * time.Second, Recordings: []core.RecordingID{rec},
			}
		}))
}

func projector(db *models.DB) *models.Projector {
	return db.NewProjector(slog.New(slog.DiscardHandler), nil)
}

func TestRecordsOfACall(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		site(t, db)
		newTeller(t, db).call("c1", "+4930123456", noon)
		require.NoError(t, projector(db).CatchUp(ctx))
		require.NoError(t, projector(db).CatchUp(ctx), "again is no harm")
		h := db.History()

		r, err := h.CallRecord(ctx, "c1")
		require.NoError(t, err)
		require.Equal(t, "Alice \x00 ${x}", r.Name, "odd text is kept as it came")
		require.Equal(t, noon, r.ArrivedAt)
		require.Equal(t, 61*time.Second, r.Talk)
		lines, err := h.Timeline(ctx, "c1")
		require.NoError(t, err)
		require.Len(t, lines, 13)
		require.Equal(t, core.EntryCallArrived, lines[0].Entry.Kind)

		legs, err := h.Legs(ctx, "c1")
		require.NoError(t, err)
		require.Equal(t, []models.Leg{
			{Call: "c1", Leg: "in-c1", Role: "customer", StartedAt: noon, EndedAt: noon.Add(64 * time.Second), Outcome: "answered", Cause: "normal"},
			{Call: "c1", Leg: "leg-c1", Role: "agent", Agent: "anna", StartedAt: noon, RingingAt: noon.Add(time.Second),
				AnsweredAt: noon.Add(3 * time.Second), EndedAt: noon.Add(64 * time.Second), Outcome: "caller"},
		}, legs)

		states, err := models.AgentStates(ctx, db, "anna", noon.Add(10*time.Second), noon.Add(time.Hour))
		require.NoError(t, err)
		require.Len(t, states, 2)
		require.Equal(t, core.Engaged, states[0].State)
		require.Equal(t, noon.Add(64*time.Second), states[0].EndedAt)
		require.Equal(t, core.Idle, states[1].State)
		require.Equal(t, "Lunch", states[1].Reason)
		require.Zero(t, states[1].EndedAt)

		rec, err := db.Recordings().Recording(ctx, "rec-c1")
		require.NoError(t, err)
		require.Equal(t, models.Recording{
			ID: "rec-c1", Tenant: "acme", Call: "c1", Agent: "anna", Engine: "pbx1", State: models.RecordingPending, Why: "complete",
			StartedAt: noon.Add(4 * time.Second), StoppedAt: noon.Add(64 * time.Second), Length: time.Minute,
		}, rec)

		for _, id := range []string{"archive:rec-c1", "lead:c1"} {
			job, err := db.Jobs().Job(ctx, id)
			require.NoError(t, err)
			require.Equal(t, models.JobPending, job.State)
		}
		rows, err := db.Audit().List(ctx, "acme", models.Paging{})
		require.NoError(t, err)
		require.Len(t, rows.Items, 1, "C15: every pause is audited")
		require.Equal(t, "agent:anna", rows.Items[0].Actor)
		require.Equal(t, "recording/rec-c1", rows.Items[0].Object)
	})
}

func TestRecordsAreSelectedAndPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		site(t, db)
		s := newTeller(t, db)
		for i := range 25 { // pairs with equal times: the id decides
			s.call(core.CallID(fmt.Sprintf("c%02d", i)), "+4930123456", noon.Add(time.Duration(i/2)*time.Second))
		}
		require.NoError(t, projector(db).CatchUp(ctx))
		var got []core.CallID
		f := models.CallFilter{Tenant: "acme", Agent: "anna", Queue: "sales", Outcome: core.CallAnswered, Paging: models.Paging{Limit: 4}}
		for {
			page, err := db.History().CallRecords(ctx, f)
			require.NoError(t, err)
			for _, r := range page.Items {
				got = append(got, r.Call)
			}
			if page.Next == "" {
				break
			}
			f.Cursor = page.Next
		}
		require.Len(t, got, 25)
		for i, id := range got {
			require.Equal(t, core.CallID(fmt.Sprintf("c%02d", 24-i)), id)
		}
		page, err := db.History().CallRecords(ctx, models.CallFilter{From: noon.Add(2 * time.Second), To: noon.Add(4 * time.Second)})
		require.NoError(t, err)
		require.Len(t, page.Items, 4)
		for _, none := range []models.CallFilter{{Tenant: "other"}, {Agent: "ben"}, {Queue: "x"}, {Outcome: core.CallLost}} {
			page, err := db.History().CallRecords(ctx, none)
			require.NoError(t, err)
			require.Empty(t, page.Items)
		}
		_, err = db.History().CallRecords(ctx, models.CallFilter{Paging: models.Paging{Cursor: "'; --"}})
		require.ErrorIs(t, err, models.ErrCursor)
		_, err = db.History().CallRecord(ctx, "nobody's")
		require.ErrorIs(t, err, models.ErrNotFound)
	})
}

// Projectors that run at once, in one process or several, make each record once.
func TestProjectorsSideBySide(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		s := newTeller(t, db)
		for i := range 40 {
			s.call(core.CallID(fmt.Sprintf("c%02d", i)), "+4930123456", noon)
		}
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { errs[i] = projector(db).CatchUp(t.Context()) })
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		page, err := db.History().CallRecords(t.Context(), models.CallFilter{})
		require.NoError(t, err)
		require.Len(t, page.Items, 40)
		counts, err := db.Jobs().Count(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[models.JobState]int64{models.JobPending: 80}, counts)
	})
}

// A recording that fails before it begins is known; one whose beginning was missed is archived all the same.
func TestRecordsOfRecordingsThatGoWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		s := newTeller(t, db)
		stop := core.Entry{At: noon, Kind: core.EntryRecordingStopped, Tenant: "acme", Call: "c1", Engine: "pbx1", Agent: "anna"}
		failed, missed := stop, stop
		failed.Recording, failed.Reason = "r-failed", "failed"
		missed.Recording, missed.Reason, missed.Duration = "r-missed", "complete", time.Minute
		s.tell(failed)
		s.tell(missed)
		require.NoError(t, projector(db).CatchUp(t.Context()))
		r, err := db.Recordings().Recording(t.Context(), "r-failed")
		require.NoError(t, err)
		require.Equal(t, models.RecordingFailed, r.State)
		r, err = db.Recordings().Recording(t.Context(), "r-missed")
		require.NoError(t, err)
		require.Equal(t, models.RecordingPending, r.State)
		require.Equal(t, noon.Add(-time.Minute), r.StartedAt)
		_, err = db.Jobs().Job(t.Context(), "archive:r-missed")
		require.NoError(t, err)
		_, err = db.Jobs().Job(t.Context(), "archive:r-failed")
		require.ErrorIs(t, err, models.ErrNotFound)
	})
}

func TestAlertsOfTheRules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		newTeller(t, db).tell(core.Entry{At: noon, Kind: core.EntryAlert, Tenant: "acme", Agent: "anna", Reason: "phone_unreachable", Text: "x\x00y"})
		require.NoError(t, projector(db).CatchUp(t.Context()))
		page, err := db.History().Alerts(t.Context(), "acme", models.Paging{})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		require.Equal(t, "phone_unreachable", page.Items[0].Reason)
		require.Equal(t, noon, page.Items[0].At)
	})
}
