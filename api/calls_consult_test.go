package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// conversational sets up what consults, transfers and variables need: numbers may be dialled, and the entry point has variables.
func (w *world) conversational() {
	w.t.Helper()
	w.good(200, "admin", put, "/api/v1/tenants/acme", `{"name":"Acme","mask_numbers":true,"dialling":{"trunk":"carrier","home":"+49"}}`)
	w.good(200, "admin", put, "/api/v1/entry-points/main", `{"tenant":"acme","name":"Main","numbers":["+4930123456"],"queue":"sales","variables":[
		{"name":"order","label":"Order number","type":"string","editable":true,"pop_up":true},
		{"name":"iban","type":"string","editable":true,"secure":true},
		{"name":"level","type":"integer","pop_up":true},
		{"name":"note","type":"string","editable":true}]}`)
	w.good(201, "admin", post, "/api/v1/entry-points", `{"id":"second","tenant":"acme","name":"Second","numbers":["+4930999"],"queue":"sales"}`)
}

// answers has a phone, or somebody outside, take what rings there.
func (w *world) answers(phone string) {
	w.t.Helper()
	w.await(phone+" to answer", func() (ok bool) {
		w.engine.World(func(now time.Time, s *sim.Switch) { ok = s.PhoneAnswers(now, phone) })
		return ok
	})
}

// leg finds a participant of a call.
func leg(t *testing.T, c core.CallView, who func(core.ParticipantView) bool) string {
	t.Helper()
	for _, p := range c.People {
		if who(p) {
			return string(p.Leg)
		}
	}
	t.Fatalf("there is no such participant in %+v", c.People)
	return ""
}

func TestAConferenceFromTheDesktopC4C7C11C12C14(t *testing.T) {
	w := newWorld(t)
	w.conversational()
	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)

	for _, c := range []struct {
		body, field string
		code        Code
		status      int
	}{
		{`{}`, "to", CodeInvalid, 422},
		{`{"to":{"agent":"bert","queue":"sales"}}`, "to", CodeInvalid, 422},
		{`{"to":{"agent":"nobody"}}`, "to.agent", CodeNotFound, 404},
		{`{"to":{"agent":"gary"}}`, "to.agent", CodeNotFound, 404}, // another tenant's
		{`{"to":{"agent":"../bert"}}`, "to.agent", CodeInvalid, 422},
		{`{"to":{"agent":"bert"}}`, "to.agent", Code(core.RefusedTarget), 409},
		{`{"to":{"queue":"nowhere"}}`, "to.queue", CodeNotFound, 404},
		{`{"to":{"entry_point":"nowhere"}}`, "to.entry_point", CodeNotFound, 404},
		{`{"to":{"number":"12"}}`, "to.number", CodeInvalid, 422},
		{`{"to":{"number":"` + strings.Repeat("0", 200) + `"}}`, "to.number", CodeInvalid, 422},
		{`{"to":{"number":"+441514960000"}}`, "to.number", Code(core.RefusedForbidden), 403},
		{`{"to":{"number":"+49900123456"}}`, "to.number", Code(core.RefusedForbidden), 403}, // premium rate
		{`{"to":{"phone":"1002"}}`, "phone", CodeMalformed, 400},
	} {
		w.bad(c.status, c.code, c.field, "anna", post, call+"/consult", c.body)
	}
	w.bad(409, Code(core.RefusedState), "call", "anna", post, call+"/consult/toggle", "")
	w.bad(409, Code(core.RefusedState), "call", "anna", post, call+"/leave", "")

	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)
	w.good(404, "bert", get, call, "")
	w.good(404, "bert", get, "/api/v1/agents/bert/offer", "")
	key := headers{keyHeader: "once"}
	first := w.good(200, "anna", post, call+"/consult", `{"to":{"agent":"bert"}}`, key)
	require.Equal(t, first.body, w.good(200, "anna", post, call+"/consult", `{"to":{"agent":"bert"}}`, key).body)

	var rings offered
	w.awaitCall(id, "bert's phone", func(c core.CallView) bool { return c.Consult != nil && len(c.Consult.Ringing) == 1 })
	w.awaitCall(id, "it to be told that it rings", func(c core.CallView) bool {
		k := c.Consult
		return len(k.Offers) == 1 && k.Offers[0].Agent == "bert" && k.Offers[0].Ringing && k.Offers[0].Until.After(k.Offers[0].Since) && !k.RingingAt.Before(k.Since)
	})
	w.good(200, "bert", get, "/api/v1/agents/bert/offer", "").into(t, &rings)
	require.Equal(t, id, rings.Call)
	require.Equal(t, "consult", rings.Kind)
	require.Equal(t, &consultInitiator{Agent: "anna", Name: "Anna", Phone: "1001", Teams: []string{"north"}}, rings.By)
	require.Empty(t, rings.From)
	require.Len(t, rings.Variables, 2)
	w.bad(403, CodeForbidden, "", "anna", get, "/api/v1/agents/bert/offer", "")
	w.good(200, "bert", get, call, "")

	w.answers("1002")
	w.awaitCall(id, "the consult", func(c core.CallView) bool { return c.Consult != nil && c.Consult.Answered })
	w.good(404, "bert", get, "/api/v1/agents/bert/offer", "")
	w.bad(403, Code(core.RefusedOwner), "agent", "bert", post, call+"/consult/merge", "")
	w.bad(403, CodeForbidden, "agent", "bert", post, call+"/consult/merge", `{"agent":"anna"}`)
	w.good(200, "anna", post, call+"/consult/toggle", "")
	w.awaitCall(id, "the customer", func(c core.CallView) bool { return c.Consult.WithCustomer && !c.Held })
	w.good(200, "supervisor", post, call+"/consult/toggle", "")
	w.good(200, "supervisor", post, call+"/consult/merge", `{"agent":"anna"}`)
	w.awaitCall(id, "the conference", func(c core.CallView) bool { return c.Consult == nil && len(c.People) == 3 })

	var c core.CallView
	w.good(200, "bert", get, call, "").into(t, &c)
	require.Equal(t, "5678", c.People[0].Number)
	part := call + "/participants/" + leg(t, c, func(p core.ParticipantView) bool { return p.Agent == "bert" })
	w.bad(403, Code(core.RefusedOwner), "agent", "bert", post, part+"/hold", "")
	w.good(200, "anna", post, part+"/hold", "")
	w.awaitCall(id, "bert on hold", func(c core.CallView) bool { return c.People[2].Held })
	w.bad(409, Code(core.RefusedState), "leg", "anna", post, part+"/hold", "")
	w.good(200, "anna", post, part+"/resume", "")
	w.bad(404, CodeNotFound, "leg", "anna", post, call+"/participants/nobody/disconnect", "")
	w.bad(404, CodeNotFound, "", "anna", post, call+"/participants/%00/disconnect", "")

	w.good(200, "anna", post, call+"/leave", "")
	w.awaitCall(id, "bert to own it", func(c core.CallView) bool { return c.Primary == "bert" })
	w.good(404, "anna", get, call, "")
	w.good(200, "bert", get, call, "").into(t, &c)
	require.Len(t, c.Owners, 2)
	require.Equal(t, core.OwnedByHandover, c.Owners[1].How)

	// Somebody outside joins as soon as they answer, and is disconnected.
	w.good(200, "bert", post, call+"/consult", `{"to":{"number":"089 / 123 456"}}`)
	w.awaitCall(id, "it to ring outside", func(c core.CallView) bool { return len(c.People) == 3 && c.People[2].Ringing })
	w.awaitCall(id, "the ringing outside to be told", func(c core.CallView) bool {
		return !c.Consult.RingingAt.IsZero() && c.Consult.Until.After(c.Consult.RingingAt)
	})
	w.good(200, "bert", get, call, "").into(t, &c)
	require.Equal(t, "3456", c.Consult.To.Number, "data protection is on (C2)")
	require.Equal(t, "3456", c.People[2].Number)
	w.good(200, "supervisor", get, call, "").into(t, &c)
	require.Equal(t, "+4989123456", c.Consult.To.Number)
	w.answers("+4989123456")
	w.awaitCall(id, "the consult outside", func(c core.CallView) bool { return c.Consult != nil && c.Consult.Answered })
	w.good(200, "bert", post, call+"/consult/merge", "")
	w.awaitCall(id, "the conference", func(c core.CallView) bool { return c.Consult == nil && len(c.People) == 3 })
	w.good(200, "supervisor", get, call, "").into(t, &c)
	outside := leg(t, c, func(p core.ParticipantView) bool { return p.Role == core.RoleOutside })
	w.good(200, "bert", post, call+"/participants/"+outside+"/disconnect", "")
	w.awaitCall(id, "them to be gone", func(c core.CallView) bool { return len(c.People) == 2 })
	w.good(200, "bert", post, call+"/end", "")
}

func TestTransfersToEveryTargetC9(t *testing.T) {
	w := newWorld(t)
	w.conversational()
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)

	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)
	w.bad(409, Code(core.RefusedTarget), "to.agent", "anna", post, call+"/transfer", `{"to":{"agent":"bert"}}`) // Idle agents may be consulted only
	w.good(200, "anna", post, call+"/consult", `{"to":{"agent":"bert"}}`)
	w.answers("1002")
	w.awaitCall(id, "the consult", func(c core.CallView) bool { return c.Consult != nil && c.Consult.Answered })
	w.good(200, "anna", post, call+"/consult/transfer", "")
	w.awaitCall(id, "bert to own it", func(c core.CallView) bool { return c.Primary == "bert" && c.Owners[1].How == core.OwnedByTransfer })
	w.good(200, "bert", post, call+"/transfer", `{"to":{"number":"+4989123456"}}`)
	w.awaitCall(id, "the customer to be outside", func(c core.CallView) bool { return c.Phase == core.Outside })
	w.good(404, "bert", get, call, "")
	w.good(200, "supervisor", get, "/api/v1/calls?phase=outside", "")
	// Nobody's any more: only who oversees calls can end it, and that is kept.
	w.bad(403, CodeForbidden, "agent", "anna", post, call+"/end", `{"agent":"bert"}`)
	w.bad(409, Code(core.RefusedState), "call", "bert", post, call+"/end", "")
	w.bad(404, CodeNotFound, "", "user:gina", post, call+"/end", "")
	w.bad(403, CodeForbidden, "", "user:otto", post, call+"/end", "")
	w.good(200, "user:sam", post, call+"/end", "")
	w.await("it to be over", func() bool { _, found := w.loop.View().Call(id); return !found })
	last := w.store.audited()[len(w.store.audited())-1]
	require.Equal(t, "endCall call/"+string(id)+" supervisor:sam", last.Action+" "+last.Object+" "+last.Actor)

	w.good(200, "anna", post, "/api/v1/agents/anna/wrap-up", `{"reason":"sold"}`)
	id = w.connects("anna", "1001", "+4915100000002")
	call = "/api/v1/calls/" + string(id)
	w.good(200, "anna", post, call+"/consult", `{"to":{"queue":"sales"}}`)
	w.good(200, "anna", post, call+"/consult/end", "")
	w.awaitCall(id, "the end of the consult", func(c core.CallView) bool { return c.Consult == nil })
	w.good(200, "anna", post, call+"/transfer", `{"to":{"entry_point":"second"}}`)
	w.awaitCall(id, "the other entry point", func(c core.CallView) bool { return c.EntryPoint == "second" && c.Phase == core.Waiting })
}

// TestATeamsSupervisorActsForTheTeamOnly: an agent of theirs is consulted in a call that is another's, which they see and leave alone.
func TestATeamsSupervisorActsForTheTeamOnly(t *testing.T) {
	w := newWorld(t)
	id := w.connects("bert", "1002", "+4915112345678")
	call := "/api/v1/calls/" + string(id)
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"idle","reason":"lunch"}`)
	w.good(404, "user:eve", get, call, "")
	w.good(200, "bert", post, call+"/consult", `{"to":{"agent":"anna"}}`)
	w.answers("1001")
	w.awaitCall(id, "the consult", func(c core.CallView) bool { return c.Consult != nil && c.Consult.Answered })
	w.good(200, "user:eve", get, call, "")
	w.bad(403, CodeForbidden, "agent", "user:eve", post, call+"/consult/end", "")
	w.bad(403, CodeForbidden, "agent", "user:eve", post, call+"/consult/end", `{"agent":"bert"}`)
	w.good(200, "user:eve", post, call+"/leave", `{"agent":"anna"}`)
	w.awaitCall(id, "the consultant to be gone", func(c core.CallView) bool { return c.Consult == nil })
	w.good(404, "user:eve", get, call, "")
}

// TestAStreamTellsAConsultsEndC6: who asked hears why nobody came, and of a number outside only what data protection leaves.
func TestAStreamTellsAConsultsEndC6(t *testing.T) {
	w := newWorld(t)
	w.conversational()
	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)
	r := w.watch(t, "anna", "")
	r.snapshot()
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)
	w.good(200, "anna", post, call+"/consult", `{"to":{"agent":"bert"}}`)
	w.await("bert to decline", func() (ok bool) {
		w.engine.World(func(now time.Time, s *sim.Switch) { ok = s.PhoneDeclines(now, "1002") })
		return ok
	})
	w.awaitCall(id, "the end of the consult", func(c core.CallView) bool { return c.Consult == nil })
	w.good(200, "anna", post, call+"/consult", `{"to":{"number":"089123456"}}`)

	told := map[core.EntryKind]entryWire{}
	for told[core.EntryDialled].Kind == "" {
		e, more := r.next()
		require.True(t, more)
		require.NotContains(t, string(e.data), "89123456")
		var c changeEvent
		require.NoError(t, json.Unmarshal(e.data, &c))
		for _, entry := range c.Entries {
			told[entry.Kind] = entry
		}
	}
	require.Equal(t, string(core.OfferDeclined), told[core.EntryConsultEnded].Reason)
	require.Equal(t, "3456", told[core.EntryDialled].Text)
	require.Equal(t, "3456", told[core.EntryConsultStarted].Text)
}
