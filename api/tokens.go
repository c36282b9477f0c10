package api

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// newToken is the only answer that ever shows a token's secret.
type newToken struct {
	Token
	Secret string `json:"secret,omitempty"`
}

// longestToken bounds how far ahead a token's end is set: what is farther is a typing error.
const longestToken = 10 * 366 * 24 * time.Hour

func (s *Server) listTokens(r *request) (reply, error) {
	tokens, err := s.Tokens.ListTokens(r.ctx())
	if err != nil {
		return reply{}, err
	}
	return ok(list[Token]{Items: orEmpty(tokens)})
}

func (s *Server) createToken(r *request) (reply, error) {
	var body struct {
		Name      string `json:"name"`
		Role      Role   `json:"role"`
		Agent     string `json:"agent"`
		Tenant    string `json:"tenant"`
		ExpiresAt string `json:"expires_at"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	t := Token{Name: body.Name, Role: body.Role}
	if body.ExpiresAt != "" {
		var err error
		if t.ExpiresAt, err = momentOf("expires_at", body.ExpiresAt); err != nil {
			return reply{}, err
		}
		if now := s.Now(); !t.ExpiresAt.After(now) || t.ExpiresAt.After(now.Add(longestToken)) {
			return reply{}, invalid("expires_at", "must be in the future, within ten years")
		}
	}
	if n := utf8.RuneCountInString(body.Name); n < 1 || n > 64 {
		return reply{}, invalid("name", "must have 1 to 64 characters")
	}
	switch body.Role {
	case Admin, Supervisor, Auditor:
		if body.Agent != "" {
			return reply{}, invalid("agent", "must be left out unless the role is agent")
		}
	case Agent:
		a, err := s.Agents.Get(r.ctx(), body.Agent)
		if body.Agent == "" || errors.Is(err, ErrNotFound) {
			return reply{}, invalid("agent", "must be the id of an agent")
		}
		if err != nil {
			return reply{}, err
		}
		t.Agent = a.Value.ID
		if body.Tenant == "" {
			body.Tenant = string(a.Value.Tenant)
		}
		if body.Tenant != string(a.Value.Tenant) {
			return reply{}, invalid("tenant", "must be the agent's, or left out")
		}
	default:
		return reply{}, invalid("role", "must be admin, supervisor, agent or auditor")
	}
	if body.Tenant != "" {
		tenant, err := s.Tenants.Get(r.ctx(), body.Tenant)
		if errors.Is(err, ErrNotFound) {
			return reply{}, invalid("tenant", "must be the id of a tenant")
		}
		if err != nil {
			return reply{}, err
		}
		t.Tenant = tenant.Value.ID
	}
	// From the command, so that the same request again after a crash finds what the first one made.
	t.ID = strings.TrimPrefix(string(r.command), "api-")
	made, secret, err := s.Tokens.CreateToken(r.ctx(), t)
	if errors.Is(err, ErrConflict) {
		made, err = s.madeBefore(r, t.ID)
	}
	if err != nil {
		return reply{}, err
	}
	s.audit(r, "token/"+made.ID, made.Tenant, made)
	// The secret is shown once. The answer that is kept for the idempotency key is without it: the database holds no secrets.
	return reply{status: http.StatusCreated, body: newToken{made, secret}, keep: newToken{Token: made}}, nil
}

// madeBefore finds the token that a request has made whose answer was lost, and its secret with it.
func (s *Server) madeBefore(r *request, id string) (Token, error) {
	all, err := s.Tokens.ListTokens(r.ctx())
	if err != nil {
		return Token{}, err
	}
	for _, t := range all {
		if t.ID == id {
			r.Header("Idempotency-Replayed", "true")
			return t, nil
		}
	}
	return Token{}, &Error{Code: CodeConflict, Field: keyHeader, Message: "the token made with this key has been revoked: make another with a new key"}
}

func (s *Server) revokeToken(r *request) (reply, error) {
	id, err := r.id()
	if err != nil {
		return reply{}, err
	}
	if id == r.who.Token {
		return reply{}, &Error{Code: CodeConflict, Message: "a token cannot revoke itself: the last way in could be lost"}
	}
	if err := s.Tokens.RevokeToken(r.ctx(), id); err != nil {
		return reply{}, err
	}
	s.rechecks.token(id)
	s.audit(r, "token/"+id, "", nil)
	return reply{status: http.StatusNoContent}, nil
}
