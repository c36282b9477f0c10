package api

import (
	"net/http"
	"slices"
	"strings"
)

// route is one operation. Its op is the operationId in openapi.yaml, its path is written as there.
type route struct {
	op     string
	method string
	path   string
	roles  []Role
	query  []string // parameters it knows
	stream bool     // the answer may take as long as it takes: no deadline for the whole request
	handle func(*Server, *request) (reply, error)
}

var (
	everyone    = []Role{Public}
	signedIn    = []Role{Admin, Supervisor, Agent, Auditor}
	watchers    = []Role{Admin, Supervisor, Auditor}
	workers     = []Role{Admin, Supervisor, Agent}
	adminsOnly  = []Role{Admin}
	pagingQuery = []string{"cursor", "limit"}
)

// routes is the one table of what can be reached, and by whom. openapi_test.go holds it to openapi.yaml in both directions.
var routes = []route{
	{op: "health", method: http.MethodGet, path: "/healthz", roles: everyone, handle: (*Server).health},
	{op: "ready", method: http.MethodGet, path: "/readyz", roles: everyone, handle: (*Server).ready},
	{op: "contract", method: http.MethodGet, path: "/openapi.yaml", roles: everyone, handle: (*Server).contract},
	{op: "metrics", method: http.MethodGet, path: "/metrics", roles: watchers, handle: (*Server).showMetrics},

	{op: "whoAmI", method: http.MethodGet, path: "/api/v1/me", roles: signedIn, handle: (*Server).whoAmI},
	{op: "events", method: http.MethodGet, path: "/api/v1/events", roles: signedIn, query: []string{"after"}, stream: true, handle: (*Server).events},

	{op: "listTenants", method: http.MethodGet, path: "/api/v1/tenants", roles: watchers, handle: tenants.list},
	{op: "createTenant", method: http.MethodPost, path: "/api/v1/tenants", roles: adminsOnly, handle: tenants.create},
	{op: "getTenant", method: http.MethodGet, path: "/api/v1/tenants/{id}", roles: watchers, handle: tenants.get},
	{op: "replaceTenant", method: http.MethodPut, path: "/api/v1/tenants/{id}", roles: adminsOnly, handle: tenants.replace},
	{op: "deleteTenant", method: http.MethodDelete, path: "/api/v1/tenants/{id}", roles: adminsOnly, handle: tenants.remove},

	{op: "listEntryPoints", method: http.MethodGet, path: "/api/v1/entry-points", roles: watchers, query: []string{"tenant"}, handle: entryPoints.list},
	{op: "createEntryPoint", method: http.MethodPost, path: "/api/v1/entry-points", roles: adminsOnly, handle: entryPoints.create},
	{op: "getEntryPoint", method: http.MethodGet, path: "/api/v1/entry-points/{id}", roles: watchers, handle: entryPoints.get},
	{op: "replaceEntryPoint", method: http.MethodPut, path: "/api/v1/entry-points/{id}", roles: adminsOnly, handle: entryPoints.replace},
	{op: "deleteEntryPoint", method: http.MethodDelete, path: "/api/v1/entry-points/{id}", roles: adminsOnly, query: []string{"confirm"}, handle: entryPoints.remove},

	{op: "listQueues", method: http.MethodGet, path: "/api/v1/queues", roles: signedIn, query: []string{"tenant"}, handle: queues.list},
	{op: "createQueue", method: http.MethodPost, path: "/api/v1/queues", roles: adminsOnly, handle: queues.create},
	{op: "getQueue", method: http.MethodGet, path: "/api/v1/queues/{id}", roles: signedIn, handle: queues.get},
	{op: "replaceQueue", method: http.MethodPut, path: "/api/v1/queues/{id}", roles: adminsOnly, handle: queues.replace},
	{op: "deleteQueue", method: http.MethodDelete, path: "/api/v1/queues/{id}", roles: adminsOnly, handle: queues.remove},

	{op: "listAgents", method: http.MethodGet, path: "/api/v1/agents", roles: signedIn, query: []string{"tenant"}, handle: agents.list},
	{op: "createAgent", method: http.MethodPost, path: "/api/v1/agents", roles: adminsOnly, handle: agents.create},
	{op: "getAgent", method: http.MethodGet, path: "/api/v1/agents/{id}", roles: signedIn, handle: agents.get},
	{op: "replaceAgent", method: http.MethodPut, path: "/api/v1/agents/{id}", roles: adminsOnly, handle: agents.replace},
	{op: "deleteAgent", method: http.MethodDelete, path: "/api/v1/agents/{id}", roles: adminsOnly, handle: agents.remove},
	{op: "setAgentState", method: http.MethodPost, path: "/api/v1/agents/{id}/state", roles: workers, handle: (*Server).setAgentState},
	{op: "declineOffer", method: http.MethodPost, path: "/api/v1/agents/{id}/offer/decline", roles: workers, handle: (*Server).declineOffer},
	{op: "finishWrapUp", method: http.MethodPost, path: "/api/v1/agents/{id}/wrap-up", roles: workers, handle: (*Server).finishWrapUp},
	{op: "extendWrapUp", method: http.MethodPost, path: "/api/v1/agents/{id}/wrap-up/extend", roles: workers, handle: (*Server).extendWrapUp},

	{op: "listCalls", method: http.MethodGet, path: "/api/v1/calls", roles: signedIn, query: []string{"tenant", "queue", "phase"}, handle: (*Server).listCalls},
	{op: "getCall", method: http.MethodGet, path: "/api/v1/calls/{id}", roles: signedIn, handle: (*Server).getCall},
	{op: "holdCall", method: http.MethodPost, path: "/api/v1/calls/{id}/hold", roles: workers, handle: (*Server).holdCall},
	{op: "resumeCall", method: http.MethodPost, path: "/api/v1/calls/{id}/resume", roles: workers, handle: (*Server).resumeCall},
	{op: "muteAgent", method: http.MethodPost, path: "/api/v1/calls/{id}/mute", roles: workers, handle: (*Server).muteAgent},
	{op: "unmuteAgent", method: http.MethodPost, path: "/api/v1/calls/{id}/unmute", roles: workers, handle: (*Server).unmuteAgent},
	{op: "pressDigits", method: http.MethodPost, path: "/api/v1/calls/{id}/digits", roles: workers, handle: (*Server).pressDigits},
	{op: "endCall", method: http.MethodPost, path: "/api/v1/calls/{id}/end", roles: workers, handle: (*Server).endCall},
	{op: "transferCall", method: http.MethodPost, path: "/api/v1/calls/{id}/transfer", roles: workers, handle: (*Server).transferCall},
	{op: "pauseRecording", method: http.MethodPost, path: "/api/v1/calls/{id}/recording/pause", roles: workers, handle: (*Server).pauseRecording},
	{op: "resumeRecording", method: http.MethodPost, path: "/api/v1/calls/{id}/recording/resume", roles: workers, handle: (*Server).resumeRecording},
	{op: "explainCall", method: http.MethodGet, path: "/api/v1/calls/{id}/explain", roles: watchers, handle: (*Server).explainCall},
	{op: "callTimeline", method: http.MethodGet, path: "/api/v1/calls/{id}/timeline", roles: signedIn, handle: (*Server).callTimeline},

	{op: "listCallRecords", method: http.MethodGet, path: "/api/v1/call-records", roles: signedIn,
		query: append([]string{"tenant", "from", "to", "agent", "queue", "outcome"}, pagingQuery...), handle: (*Server).listCallRecords},
	{op: "getCallRecord", method: http.MethodGet, path: "/api/v1/call-records/{id}", roles: signedIn, handle: (*Server).getCallRecord},
	{op: "listRecordings", method: http.MethodGet, path: "/api/v1/recordings", roles: watchers,
		query: append([]string{"tenant", "call"}, pagingQuery...), handle: (*Server).listRecordings},
	{op: "getRecording", method: http.MethodGet, path: "/api/v1/recordings/{id}", roles: watchers, handle: (*Server).getRecording},
	{op: "getRecordingAudio", method: http.MethodGet, path: "/api/v1/recordings/{id}/audio", roles: watchers, stream: true, handle: (*Server).getRecordingAudio},
	{op: "listLeads", method: http.MethodGet, path: "/api/v1/leads", roles: watchers,
		query: append([]string{"tenant", "number"}, pagingQuery...), handle: (*Server).listLeads},
	{op: "listContacts", method: http.MethodGet, path: "/api/v1/contacts", roles: watchers,
		query: append([]string{"tenant", "number"}, pagingQuery...), handle: (*Server).listContacts},

	{op: "listEngines", method: http.MethodGet, path: "/api/v1/engines", roles: watchers, handle: (*Server).listEngines},
	{op: "listReasons", method: http.MethodGet, path: "/api/v1/reasons", roles: signedIn, query: []string{"tenant"}, handle: (*Server).listReasons},
	{op: "getSite", method: http.MethodGet, path: "/api/v1/site", roles: watchers, handle: (*Server).getSite},
	{op: "replaceSite", method: http.MethodPut, path: "/api/v1/site", roles: adminsOnly, handle: (*Server).replaceSite},

	{op: "listTokens", method: http.MethodGet, path: "/api/v1/tokens", roles: adminsOnly, handle: (*Server).listTokens},
	{op: "createToken", method: http.MethodPost, path: "/api/v1/tokens", roles: adminsOnly, handle: (*Server).createToken},
	{op: "revokeToken", method: http.MethodDelete, path: "/api/v1/tokens/{id}", roles: adminsOnly, handle: (*Server).revokeToken},
}

func (rt *route) public() bool { return slices.Contains(rt.roles, Public) }

func (rt *route) allows(r Role) bool { return slices.Contains(rt.roles, r) }

// ginPath writes the path's parameters the way gin wants them.
func (rt *route) ginPath() string {
	return strings.NewReplacer("{", ":", "}", "").Replace(rt.path)
}
