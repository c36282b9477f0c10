package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestASetUpIsKeptToldAndAudited(t *testing.T) {
	w := newWorld(t)
	a := w.good(201, "admin", post, "/api/v1/queues", `{"id":"support","tenant":"acme","name":"Support","ring_time":12.5,"members":[{"agent":"bert"}]}`)
	require.Equal(t, `"1"`, a.header.Get("ETag"))
	w.await("the shard to know", func() bool { _, found := w.loop.View().Queue("support"); return found })
	var q queueItem
	w.good(200, "supervisor", get, "/api/v1/queues/support", "").into(t, &q)
	require.Equal(t, Seconds(12.5*1e9), q.RingTime)
	require.Equal(t, core.AgentID("bert"), q.Members[0].Agent)

	w.bad(409, CodeConflict, "id", "admin", post, "/api/v1/queues", `{"id":"support","tenant":"acme","name":"Support"}`)
	w.bad(412, CodeVersion, "If-Match", "admin", put, "/api/v1/queues/support", `{"tenant":"acme","name":"Help"}`, headers{"If-Match": `"7"`})
	w.bad(422, CodeInvalid, "If-Match", "admin", put, "/api/v1/queues/support", `{"tenant":"acme","name":"Help"}`, headers{"If-Match": `yesterday`})
	w.bad(422, CodeInvalid, "id", "admin", put, "/api/v1/queues/support", `{"id":"sales","tenant":"acme","name":"Help"}`)
	a = w.good(200, "admin", put, "/api/v1/queues/support", `{"tenant":"acme","name":"Help"}`, headers{"If-Match": `"1"`})
	require.Equal(t, `"2"`, a.header.Get("ETag"))
	w.await("the new name", func() bool { q, _ := w.loop.View().Queue("support"); return q.Name == "Help" })
	w.good(204, "admin", del, "/api/v1/queues/support", "")
	w.good(404, "admin", get, "/api/v1/queues/support", "")
	w.await("it to be gone", func() bool { _, found := w.loop.View().Queue("support"); return !found })

	var did []string
	for _, row := range w.store.audited() {
		require.Equal(t, "admin:root", row.Actor)
		require.Equal(t, "queue/support", row.Object)
		require.NotEmpty(t, row.RequestID)
		did = append(did, row.Action)
	}
	require.Equal(t, []string{"createQueue", "replaceQueue", "deleteQueue"}, did)
}

func TestDeletingAnEntryPointAsksForItsNumberN3(t *testing.T) {
	w := newWorld(t)
	w.bad(422, CodeInvalid, "confirm", "admin", del, "/api/v1/entry-points/main", "")
	w.bad(422, CodeInvalid, "confirm", "admin", del, "/api/v1/entry-points/main?confirm=4930123456", "")
	w.good(200, "admin", get, "/api/v1/entry-points/main", "")
	w.good(204, "admin", del, "/api/v1/entry-points/main?confirm=%2B4930123456", "")
	w.good(404, "admin", get, "/api/v1/entry-points/main", "")
}

func TestATokenOfOneTenantStaysThere(t *testing.T) {
	w := newWorld(t)
	w.bad(404, CodeNotFound, "", "globex", get, "/api/v1/queues/sales", "")
	w.bad(404, CodeNotFound, "", "globex-adm", del, "/api/v1/agents/anna", "")
	w.bad(404, CodeNotFound, "", "globex-adm", put, "/api/v1/agents/anna", `{"tenant":"globex","name":"Mine","phone":"1001"}`)
	w.bad(403, CodeForbidden, "tenant", "globex-adm", post, "/api/v1/agents", `{"tenant":"acme","name":"x","phone":"1"}`)
	w.bad(403, CodeForbidden, "tenant", "globex-adm", put, "/api/v1/agents/gary", `{"tenant":"acme","name":"x","phone":"1"}`)
	w.bad(403, CodeForbidden, "tenant", "globex-adm", put, "/api/v1/tenants/globex", `{"name":"x"}`)
	w.bad(403, CodeForbidden, "", "globex-adm", del, "/api/v1/tenants/globex", "")
	w.bad(403, CodeForbidden, "", "globex-adm", put, "/api/v1/site", `{}`)
	w.good(201, "globex-adm", post, "/api/v1/agents", `{"tenant":"globex","name":"x","phone":"1"}`)
}

func TestSiteLimitsAndReasonsC22C19(t *testing.T) {
	w := newWorld(t)
	a := w.good(200, "auditor", get, "/api/v1/site", "")
	w.bad(422, CodeInvalid, "max_calls", "admin", put, "/api/v1/site", `{"max_calls":-1}`)
	w.good(200, "admin", put, "/api/v1/site", `{"max_calls":100}`, headers{"If-Match": a.header.Get("ETag")})
	w.bad(412, CodeVersion, "If-Match", "admin", put, "/api/v1/site", `{"max_calls":200}`, headers{"If-Match": a.header.Get("ETag")})

	var r reasons
	w.good(200, "anna", get, "/api/v1/reasons", "").into(t, &r)
	require.Equal(t, []tenantReasons{{"acme", []string{"lunch"}}}, r.Tenants)
	require.Equal(t, []queueReasons{{"sales", []string{"sold", "lost"}, false}}, r.Queues)
}

// standby is a shard that another process owns.
type standby struct{ Live }

func (standby) Status() LiveStatus { return LiveStatus{Detail: "standby"} }

func TestTheSetUpIsChangedWhereTheShardIs(t *testing.T) {
	s := &standby{}
	w := newWorld(t, func(c *Config) { s.Live, c.Live = c.Live, s })
	w.bad(503, CodeNotOwner, "", "admin", post, "/api/v1/queues", `{"id":"support","tenant":"acme","name":"Support"}`)
	w.good(404, "admin", get, "/api/v1/queues/support", "")
	var r readyBody
	w.good(503, "", get, "/readyz", "").into(t, &r)
	require.False(t, r.Ready)
	require.Equal(t, readyCheck{"owner", false, "this process does not own the shard"}, r.Checks[0])
}

// An agent with no switch has its phone at whichever the call is at. So it may be the phone that another has at a switch by name.
func TestAPhoneIsOneAgents(t *testing.T) {
	eachDatabase(t, func(t *testing.T, w *world) {
		const zoe = `{"id":"zoe","tenant":"acme","name":"Zoe","phone":"%s","engine":"%s"}`
		for _, engine := range []string{"", "sim"} {
			w.bad(422, CodeInvalid, "phone", "admin", post, "/api/v1/agents", fmt.Sprintf(zoe, "1001", engine))
		}
		w.good(201, "admin", post, "/api/v1/agents", fmt.Sprintf(zoe, "1007", "sim"))
		w.bad(422, CodeInvalid, "phone", "admin", put, "/api/v1/agents/bert", `{"tenant":"acme","name":"Bert","phone":"1007"}`)
		w.good(200, "admin", put, "/api/v1/agents/bert", `{"tenant":"acme","name":"Bert","phone":"1007","engine":"other"}`)
	})
}
