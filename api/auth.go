package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Role says what a user or a token may do (S3).
type Role string

// The roles. What each may do is the routes' table.
const (
	Admin      Role = "admin"      // everything
	Supervisor Role = "supervisor" // calls and agents of others, of the whole tenant or of some teams; reads the set-up
	Agent      Role = "agent"      // acts as one agent
	Auditor    Role = "auditor"    // reads everything, changes nothing
	Public     Role = "public"     // no token at all: only in the routes' table
)

// Principal is who asks: the holder of a token, or a user who has signed in.
type Principal struct {
	Token  string // id of the token; "" = signed in
	Name   string // of the token, or the user's to sign in with
	Role   Role
	Agent  core.AgentID  // of an agent: the only agent it acts as
	Tenant core.TenantID // "" = all tenants

	User    string // id of the user; "" = a token
	Session string // id of the session
	Display string // the user's name for people
	// ByTeam limits a supervisor to the agents of Teams, and what is theirs. A token is not limited by team.
	ByTeam bool
	Teams  []string

	// mustChange says that the password is one that somebody else has chosen: nothing can be done before there is another.
	mustChange bool

	csrf string    // what a request that changes something has to bring along
	ends time.Time // of the session, at the latest
}

// actor is how the principal appears in the journal and in the audit log.
func (p Principal) actor() string {
	if p.Role == Agent {
		return string(Agent) + ":" + string(p.Agent)
	}
	return string(p.Role) + ":" + p.Name
}

// key identifies the principal where requests are counted and idempotency keys are kept: a user is the same one in every session.
func (p Principal) key() string {
	if p.User != "" {
		return "user:" + p.User
	}
	return p.Token
}

// credential is what the audit log says about how the principal was known.
func (p Principal) credential() string {
	if p.Session != "" {
		return "session:" + p.Session
	}
	return p.Token
}

// same reports whether two principals may see and do the same.
func (p Principal) same(q Principal) bool {
	return p.Token == q.Token && p.Session == q.Session && p.User == q.User && p.Name == q.Name && p.Role == q.Role && p.Agent == q.Agent && p.Tenant == q.Tenant &&
		p.ByTeam == q.ByTeam && slices.Equal(p.Teams, q.Teams)
}

var (
	errNoToken  = &Error{Code: CodeUnauthorized, Message: "sign in, or send a token: Authorization: Bearer <token>", Field: "Authorization"}
	errBadToken = &Error{Code: CodeUnauthorized, Message: "this token is not valid", Field: "Authorization"}
	errNoLonger = &Error{Code: CodeUnauthorized, Message: "you are not signed in any more; sign in again", Field: "Authorization"}
	errChange   = &Error{Code: CodeChangePassword, Message: "choose a password of your own first: POST /api/v1/me/password"}
	errRole     = &Error{Code: CodeForbidden, Message: "your role may not do this"}
	errSite     = &Error{Code: CodeForbidden, Message: "only users of the whole site may do this: you belong to one tenant"}
	errTenant   = &Error{Code: CodeForbidden, Message: "only users of the whole tenant may do this: you lead some of its teams"}
)

// authenticate finds out who asks: by a bearer token, or else by the session's cookie. There are no tokens in the query: those end up in logs and histories.
func (s *Server) authenticate(ctx context.Context, r *request) (Principal, error) {
	header := r.GetHeader("Authorization")
	if header == "" {
		if secret, ok := s.cookie(r); ok {
			return s.bySession(ctx, secret)
		}
		return Principal{}, errNoToken
	}
	scheme, secret, ok := strings.Cut(header, " ")
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

// bySession finds out who has signed in.
func (s *Server) bySession(ctx context.Context, secret string) (Principal, error) {
	session, user, err := s.Sessions.Authenticate(ctx, secret, s.SessionIdle)
	if errors.Is(err, ErrNotFound) {
		return Principal{}, errNoLonger
	}
	if err != nil {
		return Principal{}, err
	}
	who := principalOf(user)
	if who.Role == Agent && who.Agent == "" {
		return Principal{}, errNoLonger
	}
	who.Session, who.csrf, who.ends = session.ID, csrfToken(secret), session.EndsAt
	return who, nil
}

// principalOf is what a user may be and do.
func principalOf(u models.User) Principal {
	return Principal{
		Name: u.Name, Role: Role(u.Role), Agent: u.Agent, Tenant: u.Tenant, User: u.ID, Display: u.Display,
		ByTeam: u.Role == models.RoleSupervisor && !u.AllTeams, Teams: u.Teams, mustChange: !u.PasswordUntil.IsZero(),
	}
}
