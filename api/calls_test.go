package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

func TestAConversationFromTheDesktopC3C15C17C19(t *testing.T) {
	w := newWorld(t)
	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)

	var c core.CallView
	w.good(200, "anna", get, call, "").into(t, &c)
	require.Equal(t, core.Talking, c.Phase)
	require.Equal(t, core.AgentID("anna"), c.Primary)
	require.Equal(t, "5678", c.From, "data protection is on: four digits show (C2)")

	var done accepted
	w.good(200, "anna", post, call+"/hold", "").into(t, &done)
	require.NotEmpty(t, done.Command)
	w.awaitCall(id, "hold", func(c core.CallView) bool { return c.Held })
	w.bad(409, Code(core.RefusedHeld), "call", "anna", post, call+"/end", "{}")
	w.good(200, "supervisor", post, call+"/resume", "") // for the primary, whom it need not name
	w.awaitCall(id, "resume", func(c core.CallView) bool { return !c.Held })

	w.good(200, "anna", post, call+"/mute", `{"agent":"anna"}`)
	w.awaitCall(id, "mute", func(c core.CallView) bool { return c.Muted })
	w.good(200, "anna", post, call+"/unmute", "")
	w.good(200, "anna", post, call+"/digits", `{"digits":"42#"}`)
	w.bad(422, CodeInvalid, "digits", "anna", post, call+"/digits", `{"digits":"4x"}`)
	w.bad(403, CodeForbidden, "agent", "anna", post, call+"/mute", `{"agent":"bert"}`)
	w.bad(403, Code(core.RefusedOwner), "agent", "bert", post, call+"/hold", "")

	w.awaitCall(id, "the recording", func(c core.CallView) bool { return c.Recording != nil && c.Recording.State == core.RecordingOn })
	w.good(200, "anna", post, call+"/recording/pause", "")
	w.awaitCall(id, "the pause", func(c core.CallView) bool { return c.Recording.State == core.RecordingOff })
	w.good(200, "anna", post, call+"/recording/resume", "")
	rows := w.store.audited()
	require.Len(t, rows, 2, "every pause is audited (C15)")
	require.Equal(t, "agent:anna", rows[0].Actor)
	require.Equal(t, "pauseRecording", rows[0].Action)
	require.Equal(t, "call/"+string(id), rows[0].Object)
	require.Equal(t, core.TenantID("acme"), rows[0].Tenant)
	require.Equal(t, "resumeRecording", rows[1].Action)

	w.bad(409, Code(core.RefusedBusy), "state", "anna", post, "/api/v1/agents/anna/state", `{"state":"offline"}`)
	w.good(200, "anna", post, call+"/end", "")
	w.await("wrap-up", func() bool { a, _ := w.loop.View().Agent("anna"); return a.State == core.WrapUp })
	w.bad(409, Code(core.RefusedOver), "call", "anna", post, "/api/v1/agents/anna/wrap-up/extend", `{"call":"the-one-before"}`)
	owed, _ := w.loop.View().Agent("anna")
	begun := func(at time.Time) string {
		return fmt.Sprintf(`{"call":%q,"since":%q,"reason":"sold","notes":"Delivery on Monday."}`, id, at.Format(time.RFC3339Nano))
	}
	w.bad(409, Code(core.RefusedOver), "since", "anna", post, "/api/v1/agents/anna/wrap-up", begun(owed.WrapUp.Since.Add(-time.Microsecond))) // an earlier one of the same call
	w.bad(422, CodeInvalid, "since", "anna", post, "/api/v1/agents/anna/wrap-up/extend", `{"since":"just now"}`)
	w.good(200, "anna", post, "/api/v1/agents/anna/wrap-up/extend", fmt.Sprintf(`{"since":%q}`, owed.WrapUp.Since.Format(time.RFC3339Nano)))
	w.bad(409, Code(core.RefusedSpent), "agent", "anna", post, "/api/v1/agents/anna/wrap-up/extend", "{}")
	w.bad(422, CodeInvalid, "reason", "anna", post, "/api/v1/agents/anna/wrap-up", `{"reason":"nonsense"}`)
	w.bad(409, Code(core.RefusedOver), "call", "anna", post, "/api/v1/agents/anna/wrap-up", `{"call":"the-one-before","reason":"sold"}`)
	w.bad(422, CodeInvalid, "call", "anna", post, "/api/v1/agents/anna/wrap-up", `{"call":"a b","reason":"sold"}`)
	w.good(200, "anna", post, "/api/v1/agents/anna/wrap-up", begun(owed.WrapUp.Since))
}

func TestATransferNeverComesBackQ7(t *testing.T) {
	w := newWorld(t)
	id := w.connects("anna", "1001", "+4915112345678")
	w.bad(422, CodeInvalid, "to", "anna", post, "/api/v1/calls/"+string(id)+"/transfer", `{}`)
	w.bad(404, CodeNotFound, "to.queue", "anna", post, "/api/v1/calls/"+string(id)+"/transfer", `{"to":{"queue":"nowhere"}}`)
	w.good(200, "anna", post, "/api/v1/calls/"+string(id)+"/transfer", `{"to":{"queue":"sales"}}`)
	w.awaitCall(id, "the queue", func(c core.CallView) bool { return c.Phase == core.Waiting })
	w.good(404, "anna", get, "/api/v1/calls/"+string(id), "")

	var e core.Explanation
	w.good(200, "supervisor", get, "/api/v1/calls/"+string(id)+"/explain", "").into(t, &e)
	require.Equal(t, 1, e.Position)
	require.Len(t, e.Agents, 2, "every member of the queue has its reason (Q9)")
}

func TestDecliningAnOfferQ4(t *testing.T) {
	w := newWorld(t)
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`)
	id := w.dials("+4915100000001")
	w.awaitCall(id, "the offer to ring", func(c core.CallView) bool { return len(c.Offers) == 1 && c.Offers[0].Ringing })
	w.good(200, "anna", get, "/api/v1/calls/"+string(id), "")
	w.good(404, "bert", get, "/api/v1/calls/"+string(id), "")
	w.bad(403, CodeForbidden, "", "bert", post, "/api/v1/agents/anna/offer/decline", "")
	w.bad(409, Code(core.RefusedOver), "call", "anna", post, "/api/v1/agents/anna/offer/decline", `{"call":"the-one-before"}`)
	w.bad(422, CodeInvalid, "call", "anna", post, "/api/v1/agents/anna/offer/decline", `{"call":"../x"}`)
	w.bad(409, Code(core.RefusedOver), "leg", "anna", post, "/api/v1/agents/anna/offer/decline", `{"call":"`+string(id)+`","leg":"the-one-before"}`)
	w.bad(422, CodeInvalid, "leg", "anna", post, "/api/v1/agents/anna/offer/decline", `{"leg":"../x"}`)
	var request offered
	w.good(200, "anna", get, "/api/v1/agents/anna/offer", "").into(t, &request)
	w.good(200, "anna", post, "/api/v1/agents/anna/offer/decline", fmt.Sprintf(`{"call":%q,"leg":%q}`, id, request.Leg))
	w.await("Idle (Declined)", func() bool {
		a, _ := w.loop.View().Agent("anna")
		return a.State == core.Idle && a.Reason == core.ReasonDeclined
	})
}

func TestAgentStateIsChecked(t *testing.T) {
	w := newWorld(t)
	const path = "/api/v1/agents/anna/state"
	w.bad(422, CodeInvalid, "state", "anna", post, path, `{"state":"engaged"}`)
	w.bad(422, CodeInvalid, "state", "anna", post, path, ``)
	w.bad(422, CodeInvalid, "reason", "anna", post, path, `{"state":"idle","reason":"nonsense"}`)
	w.bad(403, CodeForbidden, "", "bert", post, path, `{"state":"idle"}`)
	w.bad(404, CodeNotFound, "", "globex", post, path, `{"state":"idle"}`)
	w.good(200, "supervisor", post, path, `{"state":"idle","reason":"lunch"}`)
	var a agentItem
	w.await("idle", func() bool {
		w.good(200, "anna", get, "/api/v1/agents/anna", "").into(t, &a)
		return a.Live != nil && a.Live.State == core.Idle
	})
	require.Equal(t, "lunch", a.Live.Reason)
}

func TestListsShowWhatTheTokenMaySee(t *testing.T) {
	w := newWorld(t)
	mine := w.connects("anna", "1001", "+4915100000001")
	other := w.dials("+4915100000002")
	calls := func(as, query string) []core.CallID {
		var l live[core.CallView]
		w.good(200, as, get, "/api/v1/calls"+query, "").into(t, &l)
		require.NotZero(t, l.Position)
		out := []core.CallID{}
		for _, c := range l.Items {
			out = append(out, c.ID)
		}
		return out
	}
	require.ElementsMatch(t, []core.CallID{mine, other}, calls("supervisor", ""))
	require.ElementsMatch(t, []core.CallID{mine}, calls("anna", ""))
	require.Empty(t, calls("bert", ""))
	require.Empty(t, calls("globex", ""))
	require.ElementsMatch(t, []core.CallID{other}, calls("auditor", "?phase=waiting&queue=sales"))
	w.bad(403, CodeForbidden, "tenant", "globex", get, "/api/v1/calls?tenant=acme", "")
	w.bad(422, CodeInvalid, "phase", "admin", get, "/api/v1/calls?phase=bogus", "")
	w.bad(422, CodeInvalid, "fase", "admin", get, "/api/v1/calls?fase=waiting", "")
	w.bad(422, CodeInvalid, "phase", "admin", get, "/api/v1/calls?phase=waiting&phase=talking", "")
	w.bad(404, CodeNotFound, "", "globex", post, "/api/v1/calls/"+string(other)+"/end", "")

	var l live[agentItem]
	w.good(200, "anna", get, "/api/v1/agents", "").into(t, &l)
	require.Len(t, l.Items, 1)
	w.good(200, "globex", get, "/api/v1/agents", "").into(t, &l)
	require.Len(t, l.Items, 1)
	require.Equal(t, core.AgentID("gary"), l.Items[0].ID)
	w.good(200, "supervisor", get, "/api/v1/agents", "").into(t, &l)
	require.Len(t, l.Items, 3)
	require.Equal(t, core.Engaged, l.Items[0].Live.State)

	var q live[queueItem]
	w.good(200, "anna", get, "/api/v1/queues", "").into(t, &q)
	require.Equal(t, 1, q.Items[0].Live.Waiting)
}

// Every switch is listed that is driven: one that has not been connected yet as well.
func TestEngines(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Switches = []Switch{{"sim", "sim", func() string { return "1.2" }}, {"absent", "asterisk", func() string { return "" }}}
	})
	var e live[engineItem]
	w.good(200, "auditor", get, "/api/v1/engines", "").into(t, &e)
	require.Len(t, e.Items, 2)
	require.Equal(t, engineItem{ID: "absent", Kind: "asterisk"}, e.Items[0])
	require.False(t, e.Items[1].Since.IsZero())
	e.Items[1].Since = time.Time{}
	require.Equal(t, engineItem{ID: "sim", Up: true, Kind: "sim", Version: "1.2"}, e.Items[1])

	// What goes on there, and which trunks go out.
	w.good(200, "admin", put, "/api/v1/tenants/globex", `{"name":"Globex","dialling":{"trunk":"carrier","home":"+49"}}`)
	w.good(200, "admin", put, "/api/v1/tenants/acme", `{"name":"Acme","dialling":{"trunk":"carrier","home":"+49"}}`)
	w.dials("+4915112345678")
	var all engineList
	w.good(200, "auditor", get, "/api/v1/engines", "").into(t, &all)
	require.Equal(t, 0, all.Items[0].Calls)
	require.Equal(t, 1, all.Items[1].Calls)
	require.Equal(t, []trunkItem{{"carrier", []core.TenantID{"acme", "globex"}}}, all.Trunks)
}

func TestOddCallerIDsAreDataOnly(t *testing.T) {
	w := newWorld(t)
	for _, from := range []string{`"><script>alert(1)</script>`, "${CHANNEL(name)}\r\nX: y", "+49\x00\u202e151", "Ünïcödé ☎"} {
		w.engine.World(func(now time.Time, s *sim.Switch) { s.CallerDials(now, from, from, "+4930123456") })
	}
	w.await("all calls", func() bool { n, _, _, _ := w.loop.View().Sizes(); return n == 4 })
	w.good(200, "supervisor", get, "/api/v1/calls", "")
	require.NotContains(t, w.logs.String(), "script")
}
