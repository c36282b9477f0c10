package api

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/loop"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

func TestLegsOfACallR6(t *testing.T) {
	w := newWorld(t)
	w.record("c1", "anna", "acme", day)
	w.store.legs = map[core.CallID][]Leg{"c1": {
		{Leg: "cust", Role: "customer", StartedAt: day, EndedAt: day, Outcome: "answered", Cause: "normal"}, {Leg: "a1", Role: "agent", Agent: "anna", StartedAt: day},
		{Leg: "o1", Role: "outside", Number: "+4989123456", StartedAt: day},
	}}
	read := func(as string) []Leg {
		var l list[Leg]
		w.good(200, as, get, "/api/v1/calls/c1/legs", "").into(t, &l)
		return l.Items
	}
	require.Equal(t, w.store.legs["c1"], read("supervisor"))
	require.Equal(t, "3456", read("anna")[2].Number, "data protection is on (C2)")
	w.bad(404, CodeNotFound, "", "bert", get, "/api/v1/calls/c1/legs", "")
	w.bad(404, CodeNotFound, "", "globex", get, "/api/v1/calls/c1/legs", "")
	w.bad(404, CodeNotFound, "", "user:gina", get, "/api/v1/calls/c1/legs", "")

	// While it goes on, whoever sees the call sees its legs.
	id := w.connects("anna", "1001", "+4915112345678")
	w.good(200, "anna", get, "/api/v1/calls/"+string(id)+"/legs", "")
	w.good(404, "bert", get, "/api/v1/calls/"+string(id)+"/legs", "")
}

// TestTheCallLogOfAConferenceR6 has the rules tell of a call with everything in it, and reads the log that is made of what they told.
func TestTheCallLogOfAConferenceR6(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, onDatabase(t, db))
		w.conversational()
		_, sub, err := w.loop.Follow()
		require.NoError(t, err)

		id := w.connects("anna", "1001", "+4915112345678")
		call := "/api/v1/calls/" + string(id)
		w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)
		w.good(200, "anna", post, call+"/consult", `{"to":{"agent":"bert"}}`)
		w.answers("1002")
		w.awaitCall(id, "the consult", func(c core.CallView) bool { return c.Consult != nil && c.Consult.Answered })
		w.good(200, "anna", post, call+"/consult/merge", "")
		w.good(200, "anna", post, call+"/consult", `{"to":{"number":"089123456"}}`)
		w.answers("+4989123456")
		w.awaitCall(id, "the consult outside", func(c core.CallView) bool { return c.Consult != nil && c.Consult.Answered })
		w.good(200, "anna", post, call+"/consult/merge", "")
		w.good(200, "anna", post, call+"/leave", "")
		var customer core.LegID
		w.awaitCall(id, "the customer", func(c core.CallView) bool { customer = c.People[0].Leg; return c.Primary == "bert" })
		w.engine.World(func(now time.Time, s *sim.Switch) { require.True(t, s.PartyHangsUp(now, customer)) })
		w.awaitCall(id, "the talk without the customer", func(c core.CallView) bool { return c.Phase == core.PostCall })
		w.good(200, "bert", post, call+"/end", "")
		record := w.project(t, db, sub, id)

		w.good(200, "supervisor", get, "/api/v1/call-records?agent=bert", "")
		var r callRecordWire
		w.good(200, "bert", get, "/api/v1/call-records/"+string(id), "").into(t, &r)
		told := callRecordToWire(record)
		told.From = "5678" // data protection is on (C2)
		require.Equal(t, told, r)
		require.Equal(t, []core.AgentID{"anna", "bert"}, r.Agents)
		require.Equal(t, []core.AgentID{"bert"}, r.Consulted)
		require.Len(t, r.Owners, 2)
		require.Equal(t, r.Owners[0].Until, r.Owners[1].Since)
		require.Positive(t, r.PostCall)

		var legs list[Leg]
		w.good(200, "supervisor", get, call+"/legs", "").into(t, &legs)
		require.Len(t, legs.Items, 4)
		for i, want := range []Leg{
			{Role: "customer", Outcome: "answered", Cause: string(core.CauseNormal)}, {Role: "agent", Agent: "anna", Outcome: "left"}, {Role: "agent", Agent: "bert", Outcome: "agent"},
			{Role: "outside", Number: "+4989123456", Outcome: "agent"},
		} {
			got := legs.Items[i]
			require.Equal(t, want, Leg{Role: got.Role, Agent: got.Agent, Number: got.Number, Outcome: got.Outcome, Cause: got.Cause})
			require.Equal(t, i == 0, got.AnsweredAt.IsZero(), "%s", got.Role)
			require.Equal(t, i == 0, got.RingingAt.IsZero(), "%s", got.Role)
			require.False(t, got.EndedAt.Before(got.StartedAt))
			require.False(t, got.EndedAt.After(record.EndedAt))
		}
		require.True(t, legs.Items[0].EndedAt.Before(record.EndedAt), "the customer left before the others")
	})
}

// Who was only asked for advice finds the call again afterwards, and nobody else does (C4, R6).
func TestAConsultantSeesTheRecordAfterwards(t *testing.T) {
	w := newWorld(t)
	w.record("c1", "anna", "acme", day)
	w.bad(404, CodeNotFound, "", "bert", get, "/api/v1/call-records/c1", "")
	w.store.records[0].Consulted = []core.AgentID{"bert"}
	w.good(200, "bert", get, "/api/v1/call-records/c1", "")
	w.good(200, "bert", get, "/api/v1/calls/c1/timeline", "")
	w.good(200, "user:eve", get, "/api/v1/call-records/c1", "")
	w.store.records[0].Agents = []core.AgentID{"carl"}
	w.bad(404, CodeNotFound, "", "user:eve", get, "/api/v1/call-records/c1", "")
	w.store.records[0].Consulted = []core.AgentID{"anna"}
	w.good(200, "user:eve", get, "/api/v1/call-records/c1", "")
}

// project keeps what the rules have told of a call up to its end, and makes the records of it. It gives the call's.
func (w *world) project(t *testing.T, db *models.DB, sub *loop.Subscription, id core.CallID) core.CallRecord {
	t.Helper()
	var lines []journal.Timeline
	var record *core.CallRecord
	for record == nil {
		u, err := sub.Next(t.Context())
		require.NoError(t, err)
		for _, l := range u.Timeline {
			lines = append(lines, l)
			if l.Entry.Call == id && l.Entry.Record != nil {
				record = l.Entry.Record
			}
		}
	}
	keepLines(t, db, lines)
	return *record
}

// keepLines puts lines of the timeline into a journal that has none, and makes the records of them.
func keepLines(t *testing.T, db *models.DB, lines []journal.Timeline) {
	t.Helper()
	var rows []journal.Row
	for seq := uint64(1); seq <= lines[len(lines)-1].Seq; seq++ {
		rows = append(rows, journal.Row{Seq: seq, At: day, Kind: "tick", Body: []byte(`{}`)})
	}
	lease, err := db.Journal().Acquire(t.Context(), "test", "api", time.Hour)
	require.NoError(t, err)
	require.NoError(t, db.Journal().Append(t.Context(), lease, rows, lines))
	require.NoError(t, db.NewProjector(slog.New(slog.DiscardHandler), nil).CatchUp(t.Context()))
}
