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
	reach  reach    // beyond the role: who belongs to one tenant, or leads some teams of it, may not
	stream bool     // the answer may take as long as it takes: no deadline for the whole request
	secret bool     // the body may hold a password: nothing of request or answer is kept for an idempotency key
	csv    bool     // the body is text/csv
	once   bool     // although it is no POST it is carried out once for an idempotency key
	unripe bool     // also for who has to change the password first
	probe  bool     // asked by machines that restart us if we do not answer: not limited by address
	handle func(*Server, *request) (reply, error)
}

// reach says to whom a route is closed although their role allows it. The zero value closes it to nobody: its handler looks at each row.
type reach string

const (
	// Tenant: it belongs to the tenant as a whole; closed to supervisors who lead some of its teams.
	reachTenant reach = "tenant"
	// Site: it belongs to the whole site; closed to everybody who belongs to one tenant.
	reachSite reach = "site"
)

var (
	everyone    = []Role{Public}
	signedIn    = []Role{Admin, Supervisor, Agent, Auditor}
	watchers    = []Role{Admin, Supervisor, Auditor}
	leaders     = []Role{Admin, Supervisor}
	workers     = []Role{Admin, Supervisor, Agent}
	agentsOnly  = []Role{Agent}
	adminsOnly  = []Role{Admin}
	overseers   = []Role{Admin, Auditor}
	pagingQuery = []string{"cursor", "limit"}
)

// routes is the one table of what can be reached, and by whom. openapi_test.go holds it to openapi.yaml in both directions.
var routes = []route{
	{op: "health", method: http.MethodGet, path: "/healthz", roles: everyone, probe: true, handle: (*Server).health},
	{op: "ready", method: http.MethodGet, path: "/readyz", roles: everyone, probe: true, handle: (*Server).ready},
	{op: "contract", method: http.MethodGet, path: "/openapi.yaml", roles: everyone, handle: (*Server).contract},
	{op: "metrics", method: http.MethodGet, path: "/metrics", roles: watchers, reach: reachSite, handle: (*Server).showMetrics},

	{op: "documentation", method: http.MethodGet, path: "/api/docs", roles: everyone, handle: (*Server).documentation},

	{op: "signIn", method: http.MethodPost, path: "/api/v1/session", roles: everyone, secret: true, handle: (*Server).signIn},
	{op: "signOut", method: http.MethodDelete, path: "/api/v1/session", roles: signedIn, unripe: true, handle: (*Server).signOut},
	{op: "listSessions", method: http.MethodGet, path: "/api/v1/sessions", roles: signedIn, query: []string{"user"}, handle: (*Server).listSessions},
	{op: "revokeSession", method: http.MethodDelete, path: "/api/v1/sessions/{id}", roles: signedIn, handle: (*Server).revokeSession},
	{op: "changePassword", method: http.MethodPost, path: "/api/v1/me/password", roles: signedIn, secret: true, unripe: true, handle: (*Server).changePassword},
	{op: "whoAmI", method: http.MethodGet, path: "/api/v1/me", roles: signedIn, unripe: true, handle: (*Server).whoAmI},
	{op: "events", method: http.MethodGet, path: "/api/v1/events", roles: signedIn, query: []string{"after"}, stream: true, handle: (*Server).events},

	{op: "listTenants", method: http.MethodGet, path: "/api/v1/tenants", roles: watchers, handle: tenants.list},
	{op: "createTenant", method: http.MethodPost, path: "/api/v1/tenants", roles: adminsOnly, handle: tenants.create},
	{op: "getTenant", method: http.MethodGet, path: "/api/v1/tenants/{id}", roles: watchers, handle: tenants.get},
	{op: "replaceTenant", method: http.MethodPut, path: "/api/v1/tenants/{id}", roles: adminsOnly, handle: tenants.replace},
	{op: "deleteTenant", method: http.MethodDelete, path: "/api/v1/tenants/{id}", roles: adminsOnly, handle: tenants.remove},

	{op: "setIdleReasons", method: http.MethodPut, path: "/api/v1/tenants/{id}/idle-reasons", roles: adminsOnly, handle: (*Server).setIdleReasons},

	{op: "setTenantSettings", method: http.MethodPut, path: "/api/v1/tenants/{id}/settings", roles: adminsOnly, handle: (*Server).setTenantSettings},

	{op: "listEntryPoints", method: http.MethodGet, path: "/api/v1/entry-points", roles: watchers, query: []string{"tenant"}, handle: entryPoints.list},
	{op: "createEntryPoint", method: http.MethodPost, path: "/api/v1/entry-points", roles: adminsOnly, query: []string{"take_numbers"}, handle: (*Server).createEntryPoint},
	{op: "getEntryPoint", method: http.MethodGet, path: "/api/v1/entry-points/{id}", roles: watchers, handle: entryPoints.get},
	{op: "replaceEntryPoint", method: http.MethodPut, path: "/api/v1/entry-points/{id}", roles: adminsOnly, query: []string{"take_numbers"}, handle: (*Server).replaceEntryPoint},
	{op: "deleteEntryPoint", method: http.MethodDelete, path: "/api/v1/entry-points/{id}", roles: adminsOnly, query: []string{"confirm"}, handle: entryPoints.remove},

	{op: "addNumbers", method: http.MethodPost, path: "/api/v1/entry-points/{id}/numbers", roles: adminsOnly, query: []string{"take_numbers"}, handle: (*Server).addNumbers},

	{op: "listHours", method: http.MethodGet, path: "/api/v1/hours", roles: watchers, query: []string{"tenant"}, handle: hours.list},
	{op: "createHours", method: http.MethodPost, path: "/api/v1/hours", roles: adminsOnly, handle: hours.create},
	{op: "getHours", method: http.MethodGet, path: "/api/v1/hours/{id}", roles: watchers, handle: hours.get},
	{op: "replaceHours", method: http.MethodPut, path: "/api/v1/hours/{id}", roles: adminsOnly, handle: hours.replace},
	{op: "deleteHours", method: http.MethodDelete, path: "/api/v1/hours/{id}", roles: adminsOnly, handle: hours.remove},

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
	{op: "getOffer", method: http.MethodGet, path: "/api/v1/agents/{id}/offer", roles: workers, handle: (*Server).getOffer},
	{op: "declineOffer", method: http.MethodPost, path: "/api/v1/agents/{id}/offer/decline", roles: workers, handle: (*Server).declineOffer},
	{op: "finishWrapUp", method: http.MethodPost, path: "/api/v1/agents/{id}/wrap-up", roles: workers, handle: (*Server).finishWrapUp},
	{op: "extendWrapUp", method: http.MethodPost, path: "/api/v1/agents/{id}/wrap-up/extend", roles: workers, handle: (*Server).extendWrapUp},

	{op: "directory", method: http.MethodGet, path: "/api/v1/directory", roles: signedIn, query: []string{"tenant", "search", "kind", "limit"}, handle: (*Server).directory},

	{op: "listCalls", method: http.MethodGet, path: "/api/v1/calls", roles: signedIn, query: []string{"tenant", "queue", "phase"}, handle: (*Server).listCalls},
	{op: "getCall", method: http.MethodGet, path: "/api/v1/calls/{id}", roles: signedIn, handle: (*Server).getCall},
	{op: "holdCall", method: http.MethodPost, path: "/api/v1/calls/{id}/hold", roles: workers, handle: (*Server).holdCall},
	{op: "resumeCall", method: http.MethodPost, path: "/api/v1/calls/{id}/resume", roles: workers, handle: (*Server).resumeCall},
	{op: "muteAgent", method: http.MethodPost, path: "/api/v1/calls/{id}/mute", roles: workers, handle: (*Server).muteAgent},
	{op: "unmuteAgent", method: http.MethodPost, path: "/api/v1/calls/{id}/unmute", roles: workers, handle: (*Server).unmuteAgent},
	{op: "pressDigits", method: http.MethodPost, path: "/api/v1/calls/{id}/digits", roles: workers, handle: (*Server).pressDigits},
	{op: "endCall", method: http.MethodPost, path: "/api/v1/calls/{id}/end", roles: workers, handle: (*Server).endCall},
	{op: "transferCall", method: http.MethodPost, path: "/api/v1/calls/{id}/transfer", roles: workers, handle: (*Server).transferCall},
	{op: "startConsult", method: http.MethodPost, path: "/api/v1/calls/{id}/consult", roles: workers, handle: (*Server).startConsult},
	{op: "endConsult", method: http.MethodPost, path: "/api/v1/calls/{id}/consult/end", roles: workers, handle: (*Server).endConsult},
	{op: "toggleConsult", method: http.MethodPost, path: "/api/v1/calls/{id}/consult/toggle", roles: workers, handle: (*Server).toggleConsult},
	{op: "completeTransfer", method: http.MethodPost, path: "/api/v1/calls/{id}/consult/transfer", roles: workers, handle: (*Server).completeTransfer},
	{op: "mergeConsult", method: http.MethodPost, path: "/api/v1/calls/{id}/consult/merge", roles: workers, handle: (*Server).mergeConsult},
	{op: "leaveCall", method: http.MethodPost, path: "/api/v1/calls/{id}/leave", roles: workers, handle: (*Server).leaveCall},
	{op: "holdParticipant", method: http.MethodPost, path: "/api/v1/calls/{id}/participants/{leg}/hold", roles: workers, handle: (*Server).holdParticipant},
	{op: "resumeParticipant", method: http.MethodPost, path: "/api/v1/calls/{id}/participants/{leg}/resume", roles: workers, handle: (*Server).resumeParticipant},
	{op: "disconnectParticipant", method: http.MethodPost, path: "/api/v1/calls/{id}/participants/{leg}/disconnect", roles: workers,
		handle: (*Server).disconnectParticipant},
	{op: "setVariables", method: http.MethodPut, path: "/api/v1/calls/{id}/variables", roles: workers, once: true, handle: (*Server).setVariables},
	{op: "revealVariable", method: http.MethodPost, path: "/api/v1/calls/{id}/variables/{name}/reveal", roles: workers, secret: true,
		handle: (*Server).revealVariable},
	{op: "pauseRecording", method: http.MethodPost, path: "/api/v1/calls/{id}/recording/pause", roles: workers, handle: (*Server).pauseRecording},
	{op: "resumeRecording", method: http.MethodPost, path: "/api/v1/calls/{id}/recording/resume", roles: workers, handle: (*Server).resumeRecording},
	{op: "discardRecording", method: http.MethodPost, path: "/api/v1/calls/{id}/recording/discard", roles: agentsOnly, handle: (*Server).discardRecording},
	{op: "explainCall", method: http.MethodGet, path: "/api/v1/calls/{id}/explain", roles: watchers, handle: (*Server).explainCall},
	{op: "callTimeline", method: http.MethodGet, path: "/api/v1/calls/{id}/timeline", roles: signedIn, handle: (*Server).callTimeline},
	{op: "callLegs", method: http.MethodGet, path: "/api/v1/calls/{id}/legs", roles: signedIn, handle: (*Server).callLegs},

	{op: "queueFigures", method: http.MethodGet, path: "/api/v1/figures/queues", roles: watchers, query: []string{"tenant"}, handle: (*Server).queueFigures},
	{op: "agentFigures", method: http.MethodGet, path: "/api/v1/figures/agents", roles: watchers, query: []string{"tenant"}, handle: (*Server).agentFigures},
	{op: "figureSeries", method: http.MethodGet, path: "/api/v1/figures/series", roles: watchers,
		query: []string{"tenant", "queue", "from", "to", "interval"}, handle: (*Server).figureSeries},

	{op: "listCallRecords", method: http.MethodGet, path: "/api/v1/call-records", roles: signedIn,
		query: append([]string{"tenant", "from", "to", "agent", "queue", "outcome"}, pagingQuery...), handle: (*Server).listCallRecords},
	{op: "getCallRecord", method: http.MethodGet, path: "/api/v1/call-records/{id}", roles: signedIn, handle: (*Server).getCallRecord},
	{op: "listRecordings", method: http.MethodGet, path: "/api/v1/recordings", roles: watchers,
		query: append([]string{"tenant", "call"}, pagingQuery...), handle: (*Server).listRecordings},
	{op: "getRecording", method: http.MethodGet, path: "/api/v1/recordings/{id}", roles: watchers, handle: (*Server).getRecording},
	{op: "getRecordingAudio", method: http.MethodGet, path: "/api/v1/recordings/{id}/audio", roles: watchers, stream: true, handle: (*Server).getRecordingAudio},
	{op: "listAlerts", method: http.MethodGet, path: "/api/v1/alerts", roles: watchers, query: append([]string{"tenant"}, pagingQuery...), handle: (*Server).listAlerts},
	{op: "listLeads", method: http.MethodGet, path: "/api/v1/leads", roles: watchers, reach: reachTenant,
		query: append([]string{"tenant", "number", "search"}, pagingQuery...), handle: (*Server).listLeads},
	{op: "listContacts", method: http.MethodGet, path: "/api/v1/contacts", roles: watchers, reach: reachTenant,
		query: append([]string{"tenant", "number", "search"}, pagingQuery...), handle: (*Server).listContacts},
	{op: "createContact", method: http.MethodPost, path: "/api/v1/contacts", roles: leaders, reach: reachTenant, handle: (*Server).createContact},
	{op: "getContact", method: http.MethodGet, path: "/api/v1/contacts/{id}", roles: watchers, reach: reachTenant, handle: (*Server).getContact},
	{op: "replaceContact", method: http.MethodPut, path: "/api/v1/contacts/{id}", roles: leaders, reach: reachTenant, handle: (*Server).replaceContact},
	{op: "deleteContact", method: http.MethodDelete, path: "/api/v1/contacts/{id}", roles: leaders, reach: reachTenant, handle: (*Server).deleteContact},

	{op: "listExclusions", method: http.MethodGet, path: "/api/v1/lead-exclusions", roles: watchers, reach: reachTenant,
		query: append([]string{"tenant", "search"}, pagingQuery...), handle: (*Server).listExclusions},
	{op: "excludeNumber", method: http.MethodPost, path: "/api/v1/lead-exclusions", roles: leaders, reach: reachTenant, handle: (*Server).excludeNumber},
	{op: "endExclusion", method: http.MethodDelete, path: "/api/v1/lead-exclusions/{id}", roles: leaders, reach: reachTenant, query: []string{"tenant"}, handle: (*Server).endExclusion},

	{op: "listTasks", method: http.MethodGet, path: "/api/v1/tasks", roles: signedIn, query: append([]string{"tenant", "agent", "call", "state"}, pagingQuery...), handle: (*Server).listTasks},
	{op: "createTask", method: http.MethodPost, path: "/api/v1/tasks", roles: agentsOnly, handle: (*Server).createTask},
	{op: "finishTask", method: http.MethodPost, path: "/api/v1/tasks/{id}/done", roles: agentsOnly, handle: (*Server).finishTask},
	{op: "reopenTask", method: http.MethodPost, path: "/api/v1/tasks/{id}/reopen", roles: agentsOnly, handle: (*Server).reopenTask},

	{op: "listEngines", method: http.MethodGet, path: "/api/v1/engines", roles: watchers, reach: reachSite, handle: (*Server).listEngines},
	{op: "listSkills", method: http.MethodGet, path: "/api/v1/skills", roles: watchers, query: []string{"tenant"}, handle: (*Server).listSkills},
	{op: "listReasons", method: http.MethodGet, path: "/api/v1/reasons", roles: signedIn, query: []string{"tenant"}, handle: (*Server).listReasons},
	{op: "getSite", method: http.MethodGet, path: "/api/v1/site", roles: watchers, reach: reachSite, handle: (*Server).getSite},
	{op: "replaceSite", method: http.MethodPut, path: "/api/v1/site", roles: adminsOnly, reach: reachSite, handle: (*Server).replaceSite},

	{op: "listUsers", method: http.MethodGet, path: "/api/v1/users", roles: overseers, query: []string{"tenant"}, handle: users.list},
	{op: "createUser", method: http.MethodPost, path: "/api/v1/users", roles: adminsOnly, handle: users.create},
	{op: "getUser", method: http.MethodGet, path: "/api/v1/users/{id}", roles: overseers, handle: users.get},
	{op: "replaceUser", method: http.MethodPut, path: "/api/v1/users/{id}", roles: adminsOnly, handle: users.replace},
	{op: "deleteUser", method: http.MethodDelete, path: "/api/v1/users/{id}", roles: adminsOnly, handle: users.remove},
	{op: "setPassword", method: http.MethodPost, path: "/api/v1/users/{id}/password", roles: adminsOnly, secret: true, handle: (*Server).setPassword},

	{op: "listTeams", method: http.MethodGet, path: "/api/v1/teams", roles: watchers, query: []string{"tenant"}, handle: teams.list},
	{op: "createTeam", method: http.MethodPost, path: "/api/v1/teams", roles: adminsOnly, handle: teams.create},
	{op: "getTeam", method: http.MethodGet, path: "/api/v1/teams/{id}", roles: watchers, handle: teams.get},
	{op: "replaceTeam", method: http.MethodPut, path: "/api/v1/teams/{id}", roles: adminsOnly, handle: teams.replace},
	{op: "deleteTeam", method: http.MethodDelete, path: "/api/v1/teams/{id}", roles: adminsOnly, handle: teams.remove},

	{op: "listPhones", method: http.MethodGet, path: "/api/v1/phones", roles: overseers, query: []string{"tenant"}, handle: phones.list},
	{op: "createPhone", method: http.MethodPost, path: "/api/v1/phones", roles: adminsOnly, handle: phones.create},
	{op: "getPhone", method: http.MethodGet, path: "/api/v1/phones/{id}", roles: overseers, handle: phones.get},
	{op: "replacePhone", method: http.MethodPut, path: "/api/v1/phones/{id}", roles: adminsOnly, handle: phones.replace},
	{op: "deletePhone", method: http.MethodDelete, path: "/api/v1/phones/{id}", roles: adminsOnly, handle: phones.remove},
	{op: "setPhonePassword", method: http.MethodPost, path: "/api/v1/phones/{id}/password", roles: adminsOnly, secret: true, handle: (*Server).setPhonePassword},

	{op: "listTrunks", method: http.MethodGet, path: "/api/v1/trunks", roles: overseers, reach: reachSite, handle: trunks.list},
	{op: "createTrunk", method: http.MethodPost, path: "/api/v1/trunks", roles: adminsOnly, reach: reachSite, handle: trunks.create},
	{op: "getTrunk", method: http.MethodGet, path: "/api/v1/trunks/{id}", roles: overseers, reach: reachSite, handle: trunks.get},
	{op: "replaceTrunk", method: http.MethodPut, path: "/api/v1/trunks/{id}", roles: adminsOnly, reach: reachSite, handle: trunks.replace},
	{op: "deleteTrunk", method: http.MethodDelete, path: "/api/v1/trunks/{id}", roles: adminsOnly, reach: reachSite, handle: trunks.remove},
	{op: "setTrunkPassword", method: http.MethodPost, path: "/api/v1/trunks/{id}/password", roles: adminsOnly, reach: reachSite, secret: true, handle: (*Server).setTrunkPassword},

	{op: "listAudit", method: http.MethodGet, path: "/api/v1/audit", roles: overseers,
		query: append([]string{"tenant", "actor", "action", "object", "from", "to"}, pagingQuery...), handle: (*Server).listAudit},

	{op: "exportAgents", method: http.MethodGet, path: "/api/v1/csv/agents", roles: overseers, query: []string{"tenant"}, handle: agentFile.export},
	{op: "importAgents", method: http.MethodPost, path: "/api/v1/csv/agents", roles: adminsOnly, query: []string{"dry_run"}, csv: true, handle: agentFile.take},
	{op: "exportUsers", method: http.MethodGet, path: "/api/v1/csv/users", roles: overseers, query: []string{"tenant"}, handle: userFile.export},
	{op: "importUsers", method: http.MethodPost, path: "/api/v1/csv/users", roles: adminsOnly, query: []string{"dry_run"}, csv: true, handle: userFile.take},
	{op: "exportTeams", method: http.MethodGet, path: "/api/v1/csv/teams", roles: overseers, query: []string{"tenant"}, handle: teamFile.export},
	{op: "importTeams", method: http.MethodPost, path: "/api/v1/csv/teams", roles: adminsOnly, query: []string{"dry_run"}, csv: true, handle: teamFile.take},
	{op: "exportPhones", method: http.MethodGet, path: "/api/v1/csv/phones", roles: overseers, query: []string{"tenant"}, handle: phoneFile.export},
	{op: "importPhones", method: http.MethodPost, path: "/api/v1/csv/phones", roles: adminsOnly, query: []string{"dry_run"}, csv: true, handle: phoneFile.take},
	{op: "exportQueues", method: http.MethodGet, path: "/api/v1/csv/queues", roles: overseers, query: []string{"tenant"}, handle: queueFile.export},
	{op: "importQueues", method: http.MethodPost, path: "/api/v1/csv/queues", roles: adminsOnly, query: []string{"dry_run"}, csv: true, handle: queueFile.take},
	{op: "exportEntryPoints", method: http.MethodGet, path: "/api/v1/csv/entry-points", roles: overseers, query: []string{"tenant"}, handle: entryPointFile.export},
	{op: "importEntryPoints", method: http.MethodPost, path: "/api/v1/csv/entry-points", roles: adminsOnly, query: []string{"dry_run"}, csv: true, handle: entryPointFile.take},

	{op: "listTokens", method: http.MethodGet, path: "/api/v1/tokens", roles: overseers, reach: reachSite, handle: (*Server).listTokens},
	{op: "createToken", method: http.MethodPost, path: "/api/v1/tokens", roles: adminsOnly, reach: reachSite, handle: (*Server).createToken},
	{op: "revokeToken", method: http.MethodDelete, path: "/api/v1/tokens/{id}", roles: adminsOnly, reach: reachSite, handle: (*Server).revokeToken},
}

func (rt *route) public() bool { return slices.Contains(rt.roles, Public) }

// keyed reports whether the route takes an idempotency key.
func (rt *route) keyed() bool { return rt.method == http.MethodPost && !rt.secret || rt.once }

// refuses says why a principal may not use the route; nil = they may. Which rows they see is up to the handler.
func (rt *route) refuses(p Principal) error {
	switch {
	case !slices.Contains(rt.roles, p.Role):
		return errRole
	case rt.reach == reachSite && p.Tenant != "":
		return errSite
	case rt.reach == reachTenant && p.ByTeam:
		return errTenant
	default:
		return nil
	}
}

// media is the media type of the bodies that the route takes.
func (rt *route) media() string {
	if rt.csv {
		return "text/csv"
	}
	return "application/json"
}

// ginPath writes the path's parameters the way gin wants them.
func (rt *route) ginPath() string {
	return strings.NewReplacer("{", ":", "}", "").Replace(rt.path)
}
