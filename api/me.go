package api

import (
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// me tells a client who it is and what it may do.
type me struct {
	Token    string        `json:"token,omitempty"`   // id, of a token
	Session  string        `json:"session,omitempty"` // id, of who has signed in
	User     string        `json:"user,omitempty"`    // id, of who has signed in
	Name     string        `json:"name"`
	Display  string        `json:"display_name,omitempty"`
	Role     Role          `json:"role"`
	Agent    core.AgentID  `json:"agent,omitempty"`
	Tenant   core.TenantID `json:"tenant,omitempty"`
	AllTeams bool          `json:"all_teams"`       // sees the tenant as a whole, as far as the role goes
	Teams    []string      `json:"teams,omitempty"` // of a supervisor who sees these teams only
	CSRF     string        `json:"csrf,omitempty"`  // to send as X-CSRF-Token with everything but GET
	EndsAt   time.Time     `json:"ends_at,omitzero"`
	Change   bool          `json:"must_change_password,omitempty"` // first of all
	Version  string        `json:"version,omitempty"`              // of the server
	May      []string      `json:"may"`                            // operations of the contract
}

func (s *Server) me(r *request) me {
	p := r.who
	out := me{
		Token: p.Token, Session: p.Session, User: p.User, Name: p.Name, Display: p.Display, Role: p.Role, Agent: p.Agent, Tenant: p.Tenant,
		AllTeams: !p.ByTeam, Teams: p.Teams, CSRF: p.csrf, EndsAt: p.ends, Change: p.mustChange, Version: s.Version, May: []string{},
	}
	for i := range s.table {
		if s.table[i].public() || s.table[i].refuses(p) == nil && (s.table[i].unripe || !p.mustChange) {
			out.May = append(out.May, s.table[i].op)
		}
	}
	return out
}

func (s *Server) whoAmI(r *request) (reply, error) { return ok(s.me(r)) }
