package api

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestVariablesOfACallC18C2(t *testing.T) {
	w := newWorld(t)
	w.conversational()
	const secret = "DE02120300000000202051"
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`)
	id := w.dials("+4915112345678")
	call := "/api/v1/calls/" + string(id)
	vars := call + "/variables"
	values := func(name, value, version string) string {
		return `{"values":[{"name":"` + name + `","value":"` + value + `","version":` + version + `}]}`
	}

	// A machine fills in what it knows while the call waits; people write in the name of who is in the call.
	w.good(200, "admin", put, vars, `{"values":[{"name":"level","value":"7","version":0},{"name":"iban","value":"`+secret+`","version":0}]}`)
	w.bad(409, Code(core.RefusedState), "agent", "user:sam", put, vars, values("order", "A-1", "0"))
	w.bad(403, Code(core.RefusedOwner), "agent", "anna", put, vars, values("order", "A-1", "0"))

	// The request shows what pops up, and of the secure one not even that it is there.
	w.awaitCall(id, "the offer", func(c core.CallView) bool { return len(c.Offers) == 1 })
	var rings offered
	a := w.good(200, "anna", get, "/api/v1/agents/anna/offer", "")
	a.into(t, &rings)
	require.Equal(t, "inbound", rings.Kind)
	require.Equal(t, "5678", rings.From)
	require.Equal(t, "Sales", rings.QueueName)
	require.False(t, rings.Until.IsZero())
	require.Equal(t, []offeredVariable{
		{Name: "order", Label: "Order number", Type: core.StringVariable}, {Name: "level", Label: "level", Type: core.IntegerVariable, Value: "7"},
	}, rings.Variables)
	require.NotContains(t, string(a.body), "iban")
	w.bad(403, CodeForbidden, "call", "anna", post, vars+"/iban/reveal", "") // it only rings

	w.answers("1001")
	w.awaitCall(id, "the conversation", func(c core.CallView) bool { return c.Phase == core.Talking })
	w.good(200, "anna", put, vars, values("order", "A-4711", "0"))
	w.bad(409, Code(core.RefusedStale), "values[0].version", "user:eve", put, vars, values("order", "A-4712", "0"))
	w.good(200, "user:eve", put, vars, values("order", "A-4712", "1"))
	w.bad(422, CodeInvalid, "values[0].name", "anna", put, vars, values("level", "8", "1"))
	w.bad(422, CodeInvalid, "values[0].name", "user:sam", put, vars, values("level", "8", "1"))
	w.bad(422, CodeInvalid, "values[0].value", "admin", put, vars, values("level", "high", "1"))
	w.bad(404, CodeNotFound, "values[0].name", "anna", put, vars, values("nothing", "x", "0"))
	w.bad(422, CodeInvalid, "values", "anna", put, vars, `{}`)
	w.bad(403, CodeForbidden, "agent", "anna", put, vars, `{"agent":"bert","values":[]}`)
	w.bad(403, Code(core.RefusedOwner), "agent", "bert", put, vars, values("order", "mine", "2"))
	w.bad(404, CodeNotFound, "", "globex", put, vars, values("order", "mine", "2"))
	w.good(403, "auditor", put, vars, values("order", "mine", "2"))

	// In clear it leaves by revealing only.
	for _, as := range []string{"anna", "admin", "auditor", "user:sam"} {
		for _, path := range []string{call, "/api/v1/calls"} {
			a := w.good(200, as, get, path, "")
			require.Contains(t, string(a.body), "********")
			require.NotContains(t, string(a.body), secret)
		}
	}
	e, more := w.watch(t, "anna", "").next()
	require.True(t, more)
	require.NotContains(t, string(e.data), secret)

	w.bad(404, CodeNotFound, "", "bert", post, vars+"/iban/reveal", "")
	w.bad(404, CodeNotFound, "", "globex", post, vars+"/iban/reveal", "")
	w.bad(404, CodeNotFound, "", "anna", post, vars+"/nothing/reveal", "")
	w.good(403, "auditor", post, vars+"/iban/reveal", "")
	before := len(w.store.audited())
	for _, as := range []string{"anna", "supervisor", "user:eve"} {
		var out revealed
		w.good(200, as, post, vars+"/iban/reveal", "{}", headers{keyHeader: "k-" + as}).into(t, &out)
		require.Equal(t, secret, out.Value)
	}
	rows := w.store.audited()[before:]
	require.Len(t, rows, 3)
	require.Equal(t, "agent:anna", rows[0].Actor)
	require.Equal(t, "revealVariable", rows[0].Action)
	require.Equal(t, "call/"+string(id), rows[0].Object)
	require.Equal(t, core.TenantID("acme"), rows[0].Tenant)
	require.Equal(t, map[string]string{"variable": "iban"}, rows[0].Detail)
	require.Empty(t, w.store.answers["t-anna\x00k-anna"], "no answer is kept for a key")
	w.store.mu.Lock()
	w.store.failAudit = errors.New("disk full")
	w.store.mu.Unlock()
	a = w.good(500, "anna", post, vars+"/iban/reveal", "")
	require.NotContains(t, string(a.body), secret, "who cannot be written down does not get to see it")
	require.NotContains(t, w.logs.String(), secret)
}

func TestTheSetUpOfVariablesAndDiallingIsChecked(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	const point = `{"tenant":"acme","name":"Main","numbers":["+4930123456"],"queue":"sales","variables":[`
	many := func(n int, v string) string {
		out := ""
		for i := range n {
			out += `{"name":"v` + string(rune('a'+i%26)) + string(rune('a'+i/26)) + `","type":"string"` + v + `},`
		}
		return out[:len(out)-1]
	}
	for _, c := range []struct{ field, variables string }{
		{"variables[0].name", `{"name":"","type":"string"}`},
		{"variables[0].name", `{"name":"a b","type":"string"}`},
		{"variables[1].name", `{"name":"Order","type":"string"},{"name":"order","type":"string"}`},
		{"variables[0].type", `{"name":"order","type":"text"}`},
		{"variables[0].label", `{"name":"order","type":"string","label":"a\nb"}`},
		{"variables[0].pop_up", `{"name":"pin","type":"string","secure":true,"pop_up":true}`},
		{"variables[6].pop_up", many(7, `,"pop_up":true`)},
		{"variables", many(101, "")},
	} {
		w.bad(422, CodeInvalid, c.field, "admin", put, "/api/v1/entry-points/main", point+c.variables+`]}`)
	}
	var e entryPointItem
	w.good(200, "admin", put, "/api/v1/entry-points/main", point+many(100, `,"editable":true,"global":true`)+`]}`)
	w.good(200, "admin", get, "/api/v1/entry-points/main", "").into(t, &e)
	require.Len(t, e.Variables, core.MaxVariables)
	require.Equal(t, core.VariableSetup{Name: "vaa", Type: core.StringVariable, Editable: true, Global: true}, e.Variables[0])

	for field, dialling := range map[string]string{
		"dialling.trunk": `{"trunk":"a/b"}`, "dialling.home": `{"home":"49"}`, "dialling.shown": `{"shown":"Acme"}`, "dialling.allow[1]": `{"allow":["112","+0"]}`,
		"dialling.allow[0]":  `{"home":"+49","allow":["08001234567"]}`,
		"dialling.refuse[0]": `{"refuse":["0900"]}`, "dialling.refuse[1]": `{"refuse":["+49900","+49900"]}`,
	} {
		w.bad(422, CodeInvalid, field, "admin", put, "/api/v1/tenants/acme", `{"name":"Acme","dialling":`+dialling+`}`)
	}
	var tenant tenantItem
	w.good(200, "admin", put, "/api/v1/tenants/acme", `{"name":"Acme","dialling":{"trunk":"carrier","home":"+49","shown":"+4930123456","allow":["+49","112"],"refuse":["+491805"]}}`)
	w.good(200, "admin", get, "/api/v1/tenants/acme", "").into(t, &tenant)
	require.Equal(t, core.Dialling{Trunk: "carrier", Home: "+49", Shown: "+4930123456", Allow: []string{"+49", "112"}, Refuse: []string{"+491805"}}, tenant.Dialling)
}
