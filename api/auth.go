package api

import (
	"context"
	"errors"
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Role says what a token may do (S3).
type Role string

// The roles. What each may do is the routes' table.
const (
	Admin      Role = "admin"      // everything
	Supervisor Role = "supervisor" // calls and agents of others; reads the set-up
	Agent      Role = "agent"      // acts as one agent
	Auditor    Role = "auditor"    // reads everything, changes nothing
	Public     Role = "public"     // no token at all: only in the routes' table
)

// Principal is who asks.
type Principal struct {
	Token  string // id of the token
	Name   string // of the token
	Role   Role
	Agent  core.AgentID  // of an agent's token: the only agent it acts as
	Tenant core.TenantID // "" = all tenants
}

// actor is how the principal appears in the journal and in the audit log.
func (p Principal) actor() string {
	if p.Role == Agent {
		return string(Agent) + ":" + string(p.Agent)
	}
	return string(p.Role) + ":" + p.Name
}

var (
	errNoToken  = &Error{Code: CodeUnauthorized, Message: "send a token: Authorization: Bearer <token>", Field: "Authorization"}
	errBadToken = &Error{Code: CodeUnauthorized, Message: "this token is not valid", Field: "Authorization"}
	errRole     = &Error{Code: CodeForbidden, Message: "the token's role may not do this"}
)

// authenticate finds out who asks. There are no tokens in the query: those end up in logs and histories.
func (s *Server) authenticate(ctx context.Context, r *request) (Principal, error) {
	scheme, secret, ok := strings.Cut(r.GetHeader("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return Principal{}, errNoToken
	}
	if len(secret) > 256 {
		return Principal{}, errBadToken
	}
	who, err := s.Tokens.Authenticate(ctx, secret)
	if errors.Is(err, ErrNotFound) {
		return Principal{}, errBadToken
	}
	if err != nil {
		return Principal{}, err
	}
	// A token that says less than it should would be a token that may do more than it should.
	if who.Role == Agent && who.Agent == "" {
		return Principal{}, errBadToken
	}
	return who, nil
}
