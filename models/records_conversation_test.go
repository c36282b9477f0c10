package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// story tells of one call, each line one event with its entries written as "time kind agent leg reason text", "-" for what is empty. The kinds and their
// order are those of the rules' transcripts (orchestrator/core/testdata/consult-*.txt, conference-*.txt, transfer-*.txt).
func (s *teller) story(call core.CallID, lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		var event []core.Entry
		for part := range strings.SplitSeq(line, ";") {
			w := append(strings.Fields(part), "-", "-", "-", "-")
			for i := range w {
				if w[i] == "-" {
					w[i] = ""
				}
			}
			after, err := time.ParseDuration(w[0])
			require.NoError(s.t, err)
			event = append(event, core.Entry{
				At: noon.Add(after), Kind: core.EntryKind(w[1]), Tenant: "acme", Call: call, Engine: "pbx1", Queue: "sales", Agent: core.AgentID(w[2]), Leg: core.LegID(w[3]),
				Reason: w[4], Text: w[5],
			})
		}
		s.tell(event...)
	}
}

// closes tells that a call is closed.
func (s *teller) closes(call core.CallID, after time.Duration, agents ...core.AgentID) {
	s.t.Helper()
	s.tell(core.Entry{At: noon.Add(after), Kind: core.EntryCallClosed, Tenant: "acme", Call: call, Engine: "pbx1", Queue: "sales", Record: &core.CallRecord{
		Call: call, Tenant: "acme", Queue: "sales", Engine: "pbx1", From: "+4930123456", To: "100", ArrivedAt: noon, EndedAt: noon.Add(after), Outcome: core.CallAnswered,
		Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}, Agents: agents, PostCall: 10 * time.Second, Outside: time.Second,
		Owners: []core.Ownership{{Agent: "anna", How: core.OwnedByAnswer, Since: noon.Add(time.Second), Until: noon.Add(after), Why: "left"}},
	}})
}

// legsOf gives the legs of a call without the call's id, and who took part.
func legsOf(t *testing.T, db *models.DB, call core.CallID) (legs []models.Leg, took []string) {
	t.Helper()
	require.NoError(t, projector(db).CatchUp(t.Context()))
	legs, err := db.History().Legs(t.Context(), call)
	require.NoError(t, err)
	for i := range legs {
		require.Equal(t, call, legs[i].Call)
		legs[i].Call = ""
	}
	for _, a := range []core.AgentID{"anna", "bert", "cem", "dora"} {
		page, err := db.History().CallRecords(t.Context(), models.CallFilter{Agent: a})
		require.NoError(t, err)
		for _, r := range page.Items {
			if r.Call == call {
				took = append(took, string(a))
			}
		}
	}
	return legs, took
}

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// A conference with an agent and somebody outside, handed over, whose customer leaves first (R6, C11 to C13).
func TestLegsOfAConferenceR6(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		s := newTeller(t, db)
		s.story("c1",
			"0s call.arrived - cust - +4930123456; 0s call.queued - - arrival; 0s offer.made anna a1",
			"1s offer.ended anna a1 answered; 1s call.connected anna a1",
			"10s consult.started anna - agent bert; 10s offer.made bert b1",
			"11s offer.ringing bert b1",
			"12s offer.ended bert b1 answered; 12s consult.answered bert b1 agent",
			"20s consult.ended bert b1 merged; 20s conference.joined bert b1",
			"30s consult.started anna - number +4989123456; 30s outside.dialled - o1 - +4989123456",
			"35s consult.answered - o1 number",
			"40s consult.ended - o1 merged; 40s conference.joined - o1",
			"45s consult.started anna - agent cem; 45s offer.made cem k1",
			"46s offer.ended cem k1 answered; 46s consult.answered cem k1 agent",
			"48s consult.ended cem k1 ended",
			"49s consult.started anna - agent dora; 49s offer.made dora d1",
			"50s offer.ended dora d1 declined; 50s consult.ended - - declined",
			"51s talk.ended anna a1 left; 51s owner.changed bert b1 handover",
			"60s call.post_call bert",
			"70s conference.left - o1 left; 70s talk.ended bert b1 alone")
		s.closes("c1", 70*time.Second, "anna", "bert")
		legs, took := legsOf(t, db, "c1")
		require.Equal(t, []models.Leg{
			{Leg: "cust", Role: "customer", StartedAt: at(0), EndedAt: at(60), Outcome: "answered", Cause: "normal"},
			{Leg: "a1", Role: "agent", Agent: "anna", StartedAt: at(0), AnsweredAt: at(1), EndedAt: at(51), Outcome: "left"},
			{Leg: "b1", Role: "agent", Agent: "bert", StartedAt: at(10), RingingAt: at(11), AnsweredAt: at(12), EndedAt: at(70), Outcome: "alone"},
			{Leg: "o1", Role: "outside", Number: "+4989123456", StartedAt: at(30), AnsweredAt: at(35), EndedAt: at(70), Outcome: "left"},
			{Leg: "k1", Role: "agent", Agent: "cem", StartedAt: at(45), AnsweredAt: at(46), EndedAt: at(48), Outcome: "ended"},
			{Leg: "d1", Role: "agent", Agent: "dora", StartedAt: at(49), EndedAt: at(50), Outcome: "declined"},
		}, legs)
		require.Equal(t, []string{"anna", "bert", "cem"}, took, "who was only consulted took part, who declined did not")

		r, err := db.History().CallRecord(t.Context(), "c1")
		require.NoError(t, err)
		require.Equal(t, []core.AgentID{"anna", "bert"}, r.Agents, "who talked with the customer")
		require.Equal(t, 10*time.Second, r.PostCall)
		require.Equal(t, time.Second, r.Outside)
		require.Len(t, r.Owners, 1)
		require.Equal(t, at(70), r.Owners[0].Until)
	})
}

// Transfers to numbers outside: one that rings and is given the customer, one that nobody answers (R6, C6, C9).
func TestLegsOfTransfersOutsideR6(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		s := newTeller(t, db)
		s.story("c1",
			"0s call.arrived - cust; 0s offer.made anna a1",
			"1s offer.ended anna a1 answered",
			"10s consult.started anna - number +4989123456; 10s outside.dialled - o1 - +4989123456",
			"12s call.transferred anna - number +4989123456; 12s consult.ended - o1 transferred; 12s talk.ended anna a1 transfer; 12s call.outside",
			"15s conference.joined - o1",
			"30s conference.left - o1 caller")
		s.closes("c1", 30*time.Second, "anna")
		s.story("c2",
			"0s call.arrived - cust; 0s offer.made anna a2",
			"1s offer.ended anna a2 answered",
			"10s call.transferred anna - number +4989123456; 10s talk.ended anna a2 transfer; 10s outside.dialled - o2 - +4989123456; 10s call.outside",
			"70s transfer.failed - o2 no_answer; 70s call.queued - - transfer_failed; 70s offer.made bert b2",
			"71s offer.ended bert b2 answered",
			"80s talk.ended bert b2 caller")
		s.closes("c2", 80*time.Second, "anna", "bert")

		legs, took := legsOf(t, db, "c1")
		require.Equal(t, []models.Leg{
			{Leg: "cust", Role: "customer", StartedAt: at(0), EndedAt: at(30), Outcome: "answered", Cause: "normal"},
			{Leg: "a1", Role: "agent", Agent: "anna", StartedAt: at(0), AnsweredAt: at(1), EndedAt: at(12), Outcome: "transfer"},
			{Leg: "o1", Role: "outside", Number: "+4989123456", StartedAt: at(10), AnsweredAt: at(15), EndedAt: at(30), Outcome: "caller"},
		}, legs)
		require.Equal(t, []string{"anna"}, took)
		legs, took = legsOf(t, db, "c2")
		require.Equal(t, []models.Leg{
			{Leg: "cust", Role: "customer", StartedAt: at(0), EndedAt: at(80), Outcome: "answered", Cause: "normal"},
			{Leg: "a2", Role: "agent", Agent: "anna", StartedAt: at(0), AnsweredAt: at(1), EndedAt: at(10), Outcome: "transfer"},
			{Leg: "o2", Role: "outside", Number: "+4989123456", StartedAt: at(10), EndedAt: at(70), Outcome: "no_answer"},
			{Leg: "b2", Role: "agent", Agent: "bert", StartedAt: at(70), AnsweredAt: at(71), EndedAt: at(80), Outcome: "caller"},
		}, legs)
		require.Equal(t, []string{"anna", "bert"}, took)
	})
}
