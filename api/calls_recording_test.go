package api

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// part is an agent's part in a call, as the API shows it.
func part(t testing.TB, c core.CallView, agent core.AgentID) core.ParticipantView {
	t.Helper()
	i := slices.IndexFunc(c.People, func(p core.ParticipantView) bool { return p.Agent == agent })
	require.GreaterOrEqual(t, i, 0, "%s is not in %+v", agent, c.People)
	return c.People[i]
}

func TestAnAgentDiscardsTheRecordingC17(t *testing.T) {
	w := newWorld(t)
	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)
	discard := call + "/recording/discard"
	on := func(c core.CallView) bool { return c.Recording != nil && c.Recording.State == core.RecordingOn }
	anna := w.recordedPart(id)
	require.NotContains(t, anna.Controls, core.ControlDiscard)
	require.Equal(t, []core.Withheld{{Control: core.ControlDiscard, Code: core.RefusedKept, Text: "the queue does not let its agents discard recordings"}}, anna.Withheld)
	w.bad(403, Code(core.RefusedKept), "call", "anna", post, discard, "")

	// What was recorded while the queue did not allow it stays.
	w.good(200, "admin", put, "/api/v1/queues/sales", `{"tenant":"acme","name":"Sales","record":true,"discard_recordings":true,"members":[{"agent":"anna"}],"wrap_up":{"time":60}}`)
	var q queueWire
	w.good(200, "anna", get, "/api/v1/queues/sales", "").into(t, &q)
	require.True(t, q.DiscardRecordings)
	w.bad(403, Code(core.RefusedKept), "call", "anna", post, discard, "")
	w.good(200, "anna", post, call+"/end", "")
	w.await("wrap-up", func() bool { a, _ := w.loop.View().Agent("anna"); return a.State == core.WrapUp })
	w.good(200, "anna", post, "/api/v1/agents/anna/wrap-up", `{}`)

	id = w.connects("anna", "1001", "+4915112345678")
	discard = "/api/v1/calls/" + string(id) + "/recording/discard"
	require.Contains(t, w.recordedPart(id).Controls, core.ControlDiscard)
	w.awaitCall(id, "the recording", on)
	for _, as := range []string{"admin", "supervisor", "auditor"} {
		w.bad(403, CodeForbidden, "", as, post, discard, `{"agent":"anna"}`) // nobody does it in an agent's name
	}
	w.bad(403, Code(core.RefusedOwner), "agent", "bert", post, discard, "")
	w.bad(403, CodeForbidden, "agent", "bert", post, discard, `{"agent":"anna"}`)
	w.bad(400, CodeMalformed, "recording", "anna", post, discard, `{"recording":"r1"}`)
	before := len(w.store.audited())
	w.good(200, "anna", post, discard, "")
	w.awaitCall(id, "the end of the recording", func(c core.CallView) bool { return c.Discarded && c.Recording == nil })
	rows := w.store.audited()[before:]
	require.Len(t, rows, 1)
	require.Equal(t, "discardRecording", rows[0].Action)
	require.Equal(t, "agent:anna", rows[0].Actor)
	require.Equal(t, "call/"+string(id), rows[0].Object)
	require.Equal(t, map[string]string{"result": "accepted"}, rows[0].Detail)
	w.bad(409, Code(core.RefusedState), "call", "anna", post, discard, "")
}

// recordedPart is anna's part once her call is being recorded.
func (w *world) recordedPart(id core.CallID) core.ParticipantView {
	w.t.Helper()
	var c core.CallView
	w.awaitCall(id, "the recording", func(v core.CallView) bool {
		c = v
		return v.Recording != nil && v.Recording.State == core.RecordingOn
	})
	return part(w.t, c, "anna")
}

// The archive may still have the file for a moment: it is given to nobody.
func TestADiscardedRecordingIsNotServedC17(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.bucket.WriteAll(t.Context(), "acme/r1.wav", []byte("RIFF....WAVEfmt 0123456789"), nil))
	w.store.recordings = []Recording{{ID: "r1", Call: "c1", Tenant: "acme", State: "archived", Key: "acme/r1.wav", DiscardedAt: day, DiscardedBy: "agent:anna"}}
	w.bad(404, CodeNoAudio, "", "auditor", get, "/api/v1/recordings/r1/audio", "")
	var r Recording
	w.good(200, "auditor", get, "/api/v1/recordings/r1", "").into(t, &r)
	require.Equal(t, "agent:anna", r.DiscardedBy)
	require.Equal(t, day, r.DiscardedAt.UTC())
}
