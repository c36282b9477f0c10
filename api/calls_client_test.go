package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// TestTheClientsControls has two desktops and a machine act through the client.
func TestTheClientsControls(t *testing.T) {
	w := newWorld(t)
	w.conversational()
	ctx := t.Context()
	refused := func(err error, code core.RefusalCode) {
		t.Helper()
		var e *client.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, string(code), e.Code)
	}
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)
	id := w.connects("anna", "1001", "+4915112345678")
	anna, bert := client.New(w.http.URL, "anna"), client.New(w.http.URL, "bert")
	hers, his, machine := anna.Call(id, ""), bert.Call(id, "bert"), client.New(w.http.URL, "admin").Call(id, "")

	require.NoError(t, machine.SetVariables(ctx, core.VariableChange{Name: "iban", Value: "DE02"}, core.VariableChange{Name: "level", Value: "3"}))
	refused(hers.SetVariables(ctx, core.VariableChange{Name: "iban", Value: "DE03"}), core.RefusedStale)
	value, err := hers.Reveal(ctx, "iban")
	require.NoError(t, err)
	require.Equal(t, "DE02", value)

	require.NoError(t, hers.Hold(ctx))
	refused(hers.End(ctx), core.RefusedHeld)
	require.NoError(t, hers.Resume(ctx))
	_, err = bert.Offer(ctx, "bert")
	refused(err, core.RefusedUnknown)
	require.NoError(t, hers.Consult(ctx, core.Target{Agent: "bert"}, false))
	w.await("the request", func() bool { _, err = bert.Offer(ctx, "bert"); return err == nil })
	offer, err := bert.Offer(ctx, "bert")
	require.NoError(t, err)
	require.Equal(t, core.AgentID("anna"), offer.By.Agent)
	require.Equal(t, client.PopUp{Name: "level", Label: "level", Type: core.IntegerVariable, Value: "3"}, offer.Variables[1])
	rung := func(want bool) {
		t.Helper()
		w.await("bert's phone to ring, or no longer", func() (ringing bool) {
			w.engine.World(func(_ time.Time, s *sim.Switch) { _, ringing = s.PhoneRinging("1002") })
			return ringing == want
		})
	}
	rung(true)
	require.NoError(t, hers.EndConsult(ctx))
	rung(false)
	require.NoError(t, hers.Consult(ctx, core.Target{Agent: "bert"}, true))
	refused(hers.MergeConsult(ctx), core.RefusedState)
	refused(hers.CompleteTransfer(ctx), core.RefusedState)
	w.answers("1002")
	w.awaitCall(id, "the consult", func(c core.CallView) bool { return c.Consult != nil && c.Consult.Answered })
	require.NoError(t, hers.ToggleConsult(ctx))
	refused(his.ToggleConsult(ctx), core.RefusedOwner)
	require.NoError(t, hers.MergeConsult(ctx))

	view, err := his.Get(ctx)
	require.NoError(t, err)
	require.Len(t, view.People, 3)
	refused(his.HoldParticipant(ctx, view.People[0].Leg), core.RefusedOwner)
	require.NoError(t, hers.HoldParticipant(ctx, view.People[2].Leg))
	require.NoError(t, hers.ResumeParticipant(ctx, view.People[2].Leg))
	refused(hers.Transfer(ctx, core.Target{Queue: "sales"}), core.RefusedState)
	require.NoError(t, hers.Leave(ctx))
	require.NoError(t, his.Transfer(ctx, core.Target{Queue: "sales"}))
	refused(his.DisconnectParticipant(ctx, view.People[0].Leg), core.RefusedState)
}
