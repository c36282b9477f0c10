package api

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// asker is somebody in the matrix: what its role, its tenant and its teams should let it do.
type asker struct {
	role   Role
	tenant bool // belongs to one
	byTeam bool
}

var askers = map[string]asker{
	"admin": {role: Admin}, "supervisor": {role: Supervisor}, "auditor": {role: Auditor}, "anna": {role: Agent, tenant: true},
	"globex": {role: Supervisor, tenant: true}, "globex-adm": {role: Admin, tenant: true},
	"user:root": {role: Admin}, "user:adam": {role: Admin, tenant: true}, "user:eve": {role: Supervisor, tenant: true, byTeam: true},
	"user:sam": {role: Supervisor, tenant: true}, "user:otto": {role: Auditor, tenant: true}, "user:u-anna": {role: Agent, tenant: true},
	"user:gina": {role: Supervisor, tenant: true},
}

// pathOf puts an id where an operation wants one, and keeps what is asked from having an effect where that would end the test.
func pathOf(id, path, object string) string {
	path = strings.ReplaceAll(path, "{id}", object)
	switch {
	case id == "events":
		path += "?after=not-a-position" // refused after everything that these tests are about
	case routeOf(id).csv:
		path += "?dry_run=true"
	}
	return path
}

// TestTheMatrixS3 asks every operation as everybody. What must come out is made from the contract, so that a new operation is in the test before anybody thinks of it.
func TestTheMatrixS3(t *testing.T) {
	w := newWorld(t)
	closed := []string{errRole.Message, errSite.Message, errTenant.Message}
	for id, o := range operations() {
		roles, reach := rolesOf(t, o.op), reachOf(t, o.op)
		path := pathOf(id, o.path, "nothing-with-this-id")
		t.Run(id, func(t *testing.T) {
			w.t = t
			for _, as := range slices.Sorted(maps.Keys(askers)) {
				who := askers[as]
				clear(w.signed) // signing out is one of the operations
				a := w.ask(as, o.method, path, "{}")
				require.Less(t, a.status, 500, "%s: %s", as, a.body)
				open := slices.Contains(roles, who.role) && (reach != "site" || !who.tenant) && (reach != "tenant" || !who.byTeam)
				if open || slices.Contains(roles, Public) {
					require.True(t, a.status != http.StatusUnauthorized || id == "signIn", "%s may", as)
					if a.status == http.StatusForbidden { // the route is open, this object is not theirs
						require.NotContains(t, closed, a.problem(t).Message, "%s may", as)
					}
					continue
				}
				require.Equal(t, http.StatusForbidden, a.status, "%s must not", as)
				require.Contains(t, closed, a.problem(t).Message, "%s must not", as)
			}
			if slices.Contains(roles, Public) {
				return
			}
			// A cookie alone changes nothing, and nothing is told about why it would have.
			if o.method != get {
				for _, forged := range []string{"", "guessed", csrfToken("another session's secret")} {
					a := w.ask("user:root", o.method, path, "{}", headers{csrfHeader: forged})
					require.Equal(t, http.StatusForbidden, a.status)
					require.Equal(t, csrfHeader, a.problem(t).Field)
				}
				a := w.ask("user:root", o.method, path, "{}", headers{"Sec-Fetch-Site": "cross-site"})
				require.Equal(t, "Origin", a.problem(t).Field)
				a = w.ask("user:root", o.method, path, "{}", headers{"Origin": "https://elsewhere.example"})
				require.Equal(t, "Origin", a.problem(t).Field)
			}
			for _, nobody := range []headers{
				{}, {"Cookie": cookieName + "=tandem_s_guessed"}, {"Cookie": cookieName + "=admin"}, {"Cookie": secureCookieName + "=" + w.session("root")},
				{"Authorization": "Bearer guessed", "Cookie": cookieName + "=" + w.session("root")}, {"Authorization": "Basic YWRtaW46YWRtaW4="},
			} {
				w.bad(http.StatusUnauthorized, CodeUnauthorized, "Authorization", "", o.method, path, "{}", nobody)
			}
		})
	}
}

// objects gives for each kind of path an object of acme, or of its agent bert.
func (w *world) objects() map[string]string {
	w.store.records = nil
	w.record("rec-bert", "bert", "acme", day)
	w.store.timeline["rec-bert"] = []TimelineEntry{{Entry: core.Entry{At: day, Kind: core.EntryCallArrived, Tenant: "acme", Call: "rec-bert", Text: "+4915112345678"}}}
	w.store.recordings = []Recording{{ID: "r-bert", Call: "rec-bert", Agent: "bert", Tenant: "acme", State: "archived", Key: "acme/r-bert.wav"}}
	_, _, err := w.srv.Queues.Create(w.t.Context(), core.Queue{ID: "back", Tenant: "acme", Name: "Secret back office", Members: []core.Membership{{Agent: "bert"}}})
	require.NoError(w.t, err)
	_, _, err = w.srv.EntryPoints.Create(w.t.Context(), core.EntryPoint{ID: "hidden", Tenant: "acme", Name: "Secret line", Numbers: []string{"+49309999"}, Queue: "back"})
	require.NoError(w.t, err)
	_, _, err = w.srv.Phones.Create(w.t.Context(), models.Phone{ID: "desk-bert", Tenant: "acme", User: "1002", Name: "Secret desk"})
	require.NoError(w.t, err)
	_, _, err = w.srv.Trunks.Create(w.t.Context(), models.Trunk{ID: "hidden-carrier", Name: "Secret carrier", Host: "192.0.2.1"})
	require.NoError(w.t, err)
	w.store.tasks = []Task{{ID: "task-bert", Tenant: "acme", Agent: "bert", Call: "rec-bert", Title: "Secret promise", Due: "2026-02-01", Number: "+4915112345678", CreatedAt: day}}
	w.store.contacts = []Contact{{ID: "contact-of-acme", Tenant: "acme", Name: "Secret customer", Numbers: []string{"+4915112345678"}, Version: 1, CreatedAt: day}}
	w.store.exclusions = []Exclusion{{Tenant: "acme", Number: "+4915112345678", CreatedAt: day}}
	all, err := w.srv.Sessions.List(w.t.Context(), "u-bert", time.Hour)
	require.NoError(w.t, err)
	require.NotEmpty(w.t, all)
	return map[string]string{
		"tenants": "acme", "entry-points": "hidden", "hours": "office", "queues": "back", "agents": "bert", "calls": string(w.connects("bert", "1002", "+4915199999999")),
		"call-records": "rec-bert", "recordings": "r-bert", "users": "u-bert", "teams": "south", "sessions": all[0].ID, "tokens": "t-bert", "phones": "desk-bert", "trunks": "hidden-carrier",
		"tasks": "task-bert", "contacts": "contact-of-acme", "lead-exclusions": "+4915112345678",
	}
}

// TestNobodyReachesOthersObjectsS3 asks every operation that names an object for one that belongs to somebody else.
func TestNobodyReachesOthersObjectsS3(t *testing.T) {
	w := newWorld(t)
	w.session("u-bert")
	objects := w.objects()
	secrets := []string{"Secret", "4915199999999", "4915112345678", "Bert", "1002", "South"}
	// A supervisor may see the tenant that she is of, and an agent its queues; the rest is refused below.
	ownTenant := []string{"getTenant", "getHours"}
	for id, o := range operations() {
		kind := strings.Split(strings.TrimPrefix(o.path, "/api/v1/"), "/")[0]
		if !strings.Contains(o.path, "{id}") {
			continue
		}
		require.NotEmpty(t, objects[kind], "say which object of %s is somebody else's", kind)
		body := "{}"
		if o.op.RequestBody != nil && !routeOf(id).csv {
			example, err := json.Marshal(o.op.RequestBody.Value.Content.Get("application/json").Schema.Value.Example)
			require.NoError(t, err)
			body = string(example)
		}
		for _, as := range []string{"globex", "globex-adm", "user:gina", "user:eve", "user:u-anna"} {
			if slices.Contains(ownTenant, id) && as == "user:eve" || as == "user:u-anna" && id == "getQueue" {
				continue
			}
			t.Run(id+" as "+as, func(t *testing.T) {
				w.t = t
				a := w.ask(as, o.method, pathOf(id, o.path, objects[kind]), body)
				require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity}, a.status, "%s", a.body)
				if a.status == http.StatusUnprocessableEntity { // the body was looked at before the object: it must be the body's fault
					require.NotEqual(t, "id", a.problem(t).Field)
				}
				for _, s := range secrets {
					require.NotContains(t, string(a.body), s)
				}
			})
		}
	}
	w.t = t
	// And it is all still there.
	for _, path := range []string{"entry-points/hidden", "queues/back", "agents/bert", "users/u-bert", "teams/south"} {
		w.good(200, "admin", get, "/api/v1/"+path, "")
	}
	require.Len(t, w.store.exclusions, 1)
	c, found := w.loop.View().Call(core.CallID(objects["calls"]))
	require.True(t, found)
	require.Equal(t, core.Talking, c.Phase)
	require.False(t, c.Held || c.Muted)
	w.good(200, "user:u-bert", get, "/api/v1/me", "")
}

// TestListsHoldNothingOfOthersS3 asks for everything that lists, as everybody who sees a part.
func TestListsHoldNothingOfOthersS3(t *testing.T) {
	w := newWorld(t)
	w.session("u-bert")
	w.objects()
	for id, o := range operations() {
		if o.method != get || strings.Contains(o.path, "{id}") || !strings.HasPrefix(o.path, "/api/v1/") || id == "events" {
			continue
		}
		t.Run(id, func(t *testing.T) {
			w.t = t
			for as, secrets := range map[string][]string{
				"globex": {"acme", "bert"}, "globex-adm": {"acme", "bert"}, "user:gina": {"acme", "bert"},
				"user:eve":    {"4915199999999", "4915112345678", "Secret", "r-bert", "South", `"1002"`},
				"user:u-anna": {"4915199999999", "4915112345678", "r-bert", `"1002"`},
			} {
				if a := w.ask(as, get, o.path, ""); a.status == 200 {
					if id == "directory" { // is for everybody in the tenant, and names what it names
						secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return s == "Secret" })
					}
					for _, s := range secrets {
						require.NotContains(t, string(a.body), s, "%s", as)
					}
				}
			}
		})
	}
}

// TestAnAuditorChangesNothingS3 asks an auditor for everything that changes something, with a body that would.
func TestAnAuditorChangesNothingS3(t *testing.T) {
	w := newWorld(t)
	own := []string{"signIn", "signOut", "changePassword", "revokeSession"}
	for id, o := range operations() {
		if o.method == get || slices.Contains(own, id) {
			continue
		}
		for _, as := range []string{"auditor", "user:otto"} {
			a := w.ask(as, o.method, pathOf(id, o.path, "sales"), "{}")
			require.Equal(t, http.StatusForbidden, a.status, "%s as %s", id, as)
		}
	}
	// Of sessions only their own.
	w.session("u-anna")
	all, err := w.srv.Sessions.List(t.Context(), "u-anna", time.Hour)
	require.NoError(t, err)
	w.bad(404, CodeNotFound, "", "user:otto", del, "/api/v1/sessions/"+all[0].ID, "")
	w.bad(404, CodeNotFound, "", "auditor", del, "/api/v1/sessions/"+all[0].ID, "")
}

// TestEveryKindOfEntryHasItsReadersS3 reads the rules' source: who adds a kind of entry says who may see it.
func TestEveryKindOfEntryHasItsReadersS3(t *testing.T) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "../orchestrator/core/outcome.go", nil, 0)
	require.NoError(t, err)
	found := 0
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is {
			return true
		}
		if id, is := spec.Type.(*ast.Ident); !is || id.Name != "EntryKind" {
			return true
		}
		for _, v := range spec.Values {
			literal, is := v.(*ast.BasicLit)
			require.True(t, is)
			kind, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			require.Contains(t, entrySight, core.EntryKind(kind), "say in scope.go who may see it")
			found++
		}
		return true
	})
	require.Greater(t, found, 20)
	for _, see := range []sight{{Principal: Principal{Role: Admin}}, {Principal: Principal{Role: Agent, Agent: "anna"}}} {
		require.False(t, see.entry(core.Entry{Kind: "made.up", Tenant: "acme", Agent: "anna"}, true), "what is not listed is shown to nobody")
	}
}

// TestWhoseRecordingsAreSeenS3: the table of routes keeps agents away from recordings; should a route ever let them through, they still see none.
func TestWhoseRecordingsAreSeenS3(t *testing.T) {
	annas := Recording{ID: "r1", Tenant: "acme", Agent: "anna"}
	for _, c := range []struct {
		who  Principal
		sees bool
	}{
		{Principal{Role: Agent, Tenant: "acme", Agent: "anna"}, false},
		{Principal{Role: Agent, Agent: "anna"}, false},
		{Principal{Role: Supervisor, Tenant: "acme"}, true},
		{Principal{Role: Supervisor, Tenant: "acme", ByTeam: true, Teams: []string{"anna"}}, true}, // see looking: a team of her own
		{Principal{Role: Supervisor, Tenant: "acme", ByTeam: true, Teams: []string{"bert"}}, false},
		{Principal{Role: Supervisor, Tenant: "globex"}, false},
		{Principal{Role: Auditor, Tenant: "acme"}, true},
		{Principal{Role: Admin}, true},
	} {
		require.Equal(t, c.sees, looking(c.who).see.recording(annas), "%+v", c.who)
	}
}

// TestNobodyMakesThemselvesMoreS3 tries the ways up.
func TestNobodyMakesThemselvesMoreS3(t *testing.T) {
	w := newWorld(t)
	// Out of the tenant.
	w.bad(403, CodeForbidden, "tenant", "user:adam", post, "/api/v1/users", `{"name":"x","role":"admin"}`)
	w.bad(403, CodeForbidden, "tenant", "user:adam", post, "/api/v1/users", `{"name":"x","role":"admin","tenant":"globex"}`)
	w.bad(403, CodeForbidden, "tenant", "user:adam", put, "/api/v1/users/otto", `{"name":"otto","role":"admin"}`)
	w.bad(404, CodeNotFound, "", "user:adam", put, "/api/v1/users/root", `{"name":"root","role":"auditor","tenant":"acme"}`)
	w.bad(404, CodeNotFound, "", "user:adam", post, "/api/v1/users/root/password", `{"password":"a long new password"}`)
	w.bad(404, CodeNotFound, "", "user:adam", del, "/api/v1/users/gina", "")
	w.bad(403, CodeForbidden, "", "user:adam", post, "/api/v1/tokens", `{"name":"x","role":"admin"}`)
	w.bad(403, CodeForbidden, "tenant", "user:adam", put, "/api/v1/tenants/acme", `{"name":"Acme","max_calls":0}`)
	w.bad(404, CodeNotFound, "", "user:adam", put, "/api/v1/tenants/globex/idle-reasons", `{"reasons":["mine"]}`)
	w.bad(422, CodeInvalid, "agent", "user:adam", post, "/api/v1/users", `{"name":"x","role":"agent","tenant":"acme","agent":"gary"}`)
	w.bad(422, CodeInvalid, "name", "user:adam", post, "/api/v1/users", `{"name":"ROOT","role":"auditor","tenant":"acme"}`)
	// Nobody shuts themselves out.
	w.bad(409, CodeConflict, "", "user:root", del, "/api/v1/users/root", "")
	w.bad(409, CodeConflict, "", "user:root", put, "/api/v1/users/root", `{"name":"root","role":"auditor"}`)
	w.bad(409, CodeConflict, "", "user:root", put, "/api/v1/users/root", `{"name":"root","role":"admin","disabled":true}`)
	w.good(200, "user:root", put, "/api/v1/users/root", `{"name":"root","role":"admin","display_name":"Boss"}`)
	w.bad(409, CodeConflict, "", "user:root", post, "/api/v1/users/root/password", `{"password":"a long new password"}`)
	// A smaller role, fewer teams and a disabled user count at once, in sessions that go on.
	w.good(200, "user:sam", get, "/api/v1/agents/bert", "")
	w.good(200, "user:adam", put, "/api/v1/users/sam", `{"tenant":"acme","name":"sam","role":"supervisor","teams":["north"]}`)
	w.good(404, "user:sam", get, "/api/v1/agents/bert", "")
	w.good(200, "user:adam", put, "/api/v1/users/sam", `{"tenant":"acme","name":"sam","role":"supervisor"}`)
	w.good(404, "user:sam", get, "/api/v1/agents/anna", "")
	w.good(200, "user:adam", put, "/api/v1/users/sam", `{"tenant":"acme","name":"sam","role":"auditor"}`)
	w.bad(403, CodeForbidden, "", "user:sam", post, "/api/v1/agents/anna/state", `{"state":"available"}`)
	w.good(200, "user:adam", put, "/api/v1/users/sam", `{"tenant":"acme","name":"sam","role":"auditor","disabled":true}`)
	w.bad(401, CodeUnauthorized, "Authorization", "user:sam", get, "/api/v1/me", "")
	// A supervisor whose only team goes sees nobody, and not everybody.
	w.bad(422, CodeInvalid, "id", "user:adam", del, "/api/v1/teams/north", "") // anna is of it
	w.good(200, "user:adam", put, "/api/v1/users/eve", `{"tenant":"acme","name":"eve","role":"supervisor"}`)
	var l live[agentItem]
	w.good(200, "user:eve", get, "/api/v1/agents", "").into(t, &l)
	require.Empty(t, l.Items)
}

// TestASupervisorActsForTheirTeamsS3 is the other half: what is theirs they can do.
func TestASupervisorActsForTheirTeamsS3(t *testing.T) {
	w := newWorld(t)
	w.good(200, "user:eve", post, "/api/v1/agents/anna/state", `{"state":"idle","reason":"lunch"}`)
	w.bad(404, CodeNotFound, "", "user:eve", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)
	w.bad(404, CodeNotFound, "", "user:eve", post, "/api/v1/agents/gary/state", `{"state":"idle"}`)
	row := w.store.audited()[0]
	require.Equal(t, "supervisor:eve", row.Actor, "putting an agent into a state is kept")
	require.Equal(t, "setAgentState", row.Action)
	require.Equal(t, "agent/anna", row.Object)
	require.Equal(t, map[string]string{"state": "idle", "reason": "lunch", "result": "accepted"}, row.Detail)
	require.True(t, strings.HasPrefix(row.Token, "session:"))

	for action, path := range map[string]string{"declineOffer": "/offer/decline", "finishWrapUp": "/wrap-up"} {
		refused := w.good(409, "user:eve", post, "/api/v1/agents/anna"+path, `{"call":"gone"}`).problem(t)
		all := w.store.audited()
		row := all[len(all)-1]
		require.Equal(t, action, row.Action, "so is whatever else would do that, taken or not")
		require.Equal(t, "agent/anna", row.Object)
		require.Equal(t, map[string]string{"call": "gone", "result": string(refused.Code)}, row.Detail)
	}

	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)
	var c core.CallView
	w.good(200, "user:eve", get, call, "").into(t, &c)
	require.Equal(t, core.AgentID("anna"), c.Primary)
	w.bad(403, CodeForbidden, "agent", "user:eve", post, call+"/hold", `{"agent":"bert"}`)
	w.good(200, "user:eve", post, call+"/hold", "")
	w.awaitCall(id, "hold", func(c core.CallView) bool { return c.Held })
	w.good(200, "user:u-anna", post, call+"/resume", "")
	w.bad(404, CodeNotFound, "", "user:u-bert", get, call, "")
	w.bad(403, Code(core.RefusedOwner), "agent", "user:u-bert", post, call+"/hold", "")
	var q live[queueItem]
	w.good(200, "user:eve", get, "/api/v1/queues", "").into(t, &q)
	require.Len(t, q.Items, 1, "anna is a member of it")
	for i := range 60 {
		w.record("c"+strconv.Itoa(i), []core.AgentID{"bert", "anna"}[i/50], "acme", day.Add(time.Duration(60-i)*time.Minute))
	}
	var page paged[callRecordWire]
	w.good(200, "user:eve", get, "/api/v1/call-records?limit=10", "").into(t, &page)
	require.Len(t, page.Items, 10, "looked for behind those of others")
	var us live[userItem]
	w.good(200, "user:adam", get, "/api/v1/users", "").into(t, &us)
	require.Len(t, us.Items, 6, "of the tenant, and not the site's")
	require.False(t, us.Items[0].HasPassword)
	require.Equal(t, models.Role("admin"), us.Items[0].Role)
}
