package api

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tandem-voice/tandem/models"
)

// The session's cookie. Where the connection is encrypted its name begins with __Host-: browsers then take it from this host only, over TLS only, for all paths. Only the
// name that fits the connection is looked at, so that nobody who can meddle with an unencrypted one can plant a session.
const (
	cookieName       = "tandem"
	secureCookieName = "__Host-tandem"
)

// encrypted reports whether the client's connection is: ours is, or a proxy that we trust says so.
func (s *Server) encrypted(r *request) bool {
	return r.Request.TLS != nil || s.trusted(r.RemoteIP()) && strings.EqualFold(r.GetHeader("X-Forwarded-Proto"), "https")
}

func (s *Server) cookieFor(r *request) string {
	if s.encrypted(r) {
		return secureCookieName
	}
	return cookieName
}

// cookie reads the session's secret.
func (s *Server) cookie(r *request) (string, bool) {
	c, err := r.Request.Cookie(s.cookieFor(r))
	if err != nil || c.Value == "" || len(c.Value) > 256 {
		return "", false
	}
	return c.Value, true
}

// giveCookie lets the browser keep a secret; "" makes it forget.
func (s *Server) giveCookie(r *request, secret string) {
	c := &http.Cookie{ //nolint:gosec // Secure where the connection is: a browser would throw a secure cookie away that comes over plain HTTP
		Name: s.cookieFor(r), Value: secret, Path: "/", HttpOnly: true, Secure: s.encrypted(r), SameSite: http.SameSiteStrictMode,
		MaxAge: int(s.SessionLife / time.Second),
	}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(r.Writer, c)
}

var errSignIn = &Error{Code: CodeUnauthorized, Message: "the name or the password is wrong"}

// signIn begins a session. A session that the browser had before ends: a new sign-in never goes on with an old secret.
func (s *Server) signIn(r *request) (reply, error) {
	if err := r.fromHere(); err != nil {
		return reply{}, err
	}
	var body struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	name := strings.ToLower(strings.TrimSpace(body.Name))
	if name == "" || utf8.RuneCountInString(name) > 64 {
		return reply{}, invalid("name", "must have 1 to 64 characters")
	}
	if body.Password == "" {
		return reply{}, invalid("password", "must not be empty")
	}
	// Each password that is checked takes memory and time: more than a few wait elsewhere.
	select {
	case s.checking <- struct{}{}:
		defer func() { <-s.checking }()
	default:
		return reply{}, ErrBusy
	}
	address := r.ClientIP()
	familiar, err := s.Sessions.Familiar(r.ctx(), name, address)
	if err != nil {
		return reply{}, err
	}
	if wait := s.guesses.try(name, address, familiar); wait > 0 {
		s.metrics.signIns.WithLabelValues("slowed").Inc()
		return reply{}, &Error{Code: CodeRate, Message: "too many tries; wait before the next one", after: wait}
	}
	user, err := s.Accounts.CheckPassword(r.ctx(), name, body.Password)
	if errors.Is(err, ErrNotFound) {
		s.metrics.signIns.WithLabelValues("failed").Inc()
		s.auditFailedSignIn(r, name)
		return reply{}, errSignIn
	}
	if err != nil {
		return reply{}, err
	}
	s.guesses.succeeded(name, address, familiar)
	s.metrics.signIns.WithLabelValues("ok").Inc()
	r.who = principalOf(user)
	if r.who.Role == Agent && r.who.Agent == "" {
		return reply{}, errSignIn
	}
	if old, ok := s.cookie(r); ok {
		if had, err := s.bySession(r.ctx(), old); err == nil {
			if err := s.Sessions.End(r.ctx(), had.Session); err != nil && !errors.Is(err, ErrNotFound) {
				return reply{}, err
			}
		}
	}
	if err := s.beginSession(r, user); err != nil {
		return reply{}, err
	}
	s.rechecks.user(user.ID) // one of the sessions may have made way
	s.audit(r, "user/"+user.ID, user.Tenant, map[string]string{"address": address})
	return reply{status: http.StatusCreated, body: s.me(r)}, nil
}

// beginSession makes a session for the user and gives the browser its secret.
func (s *Server) beginSession(r *request, user models.User) error {
	session, secret, err := s.Sessions.Begin(r.ctx(), user.ID, r.ClientIP(), r.GetHeader("User-Agent"), s.SessionLife)
	if err != nil {
		return err
	}
	r.who = principalOf(user)
	r.who.Session, r.who.csrf, r.who.ends = session.ID, csrfToken(secret), session.EndsAt
	s.giveCookie(r, secret)
	return nil
}

// auditFailedSignIn keeps who was tried. A name that nobody has is not written down: people type passwords into the wrong field.
func (s *Server) auditFailedSignIn(r *request, name string) {
	tenant, known, err := s.Accounts.Known(r.ctx(), name)
	if err != nil {
		s.Log.Warn("could not look up who failed to sign in", "request", r.requestID, "error", err)
	}
	object := "user-name/?"
	if known {
		object = "user-name/" + name
	}
	row := AuditRow{Actor: "nobody", Action: "signInFailed", Object: object, Tenant: tenant, RequestID: r.requestID, Detail: map[string]string{"address": r.ClientIP()}}
	if err := s.Audit.Record(r.ctx(), row); err != nil {
		s.Log.Error("could not write the audit log", "route", r.op(), "object", object, "request", r.requestID, "error", err)
	}
}

// signOut ends the session. A token has none: it is revoked instead.
func (s *Server) signOut(r *request) (reply, error) {
	if r.who.Session == "" {
		return reply{}, errNoSession
	}
	if err := s.Sessions.End(r.ctx(), r.who.Session); err != nil && !errors.Is(err, ErrNotFound) {
		return reply{}, err
	}
	s.rechecks.session(r.who.Session)
	s.giveCookie(r, "")
	s.audit(r, "user/"+r.who.User, r.who.Tenant, nil)
	return reply{status: http.StatusNoContent}, nil
}

var errNoSession = &Error{Code: CodeForbidden, Message: "this is for people who have signed in: a token has no session and no password"}

// sessionItem is a session on the wire.
type sessionItem struct {
	ID        string    `json:"id"`
	User      string    `json:"user"`
	Address   string    `json:"address"`
	Browser   string    `json:"browser"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
	EndsAt    time.Time `json:"ends_at"`
	Current   bool      `json:"current"`
}

// listSessions lists where somebody is signed in: oneself, or for administrators any user of theirs.
func (s *Server) listSessions(r *request) (reply, error) {
	user, err := r.text("user", 64)
	if err != nil {
		return reply{}, err
	}
	switch {
	case user == "" && r.who.User == "":
		return reply{}, invalid("user", "must be the id of a user: a token has no sessions of its own")
	case user == "":
		user = r.who.User
	case user != r.who.User:
		if r.who.Role != Admin && r.who.Role != Auditor {
			return reply{}, &Error{Code: CodeForbidden, Message: "must be yourself: you see only your own sessions", Field: "user"}
		}
		row, err := s.Users.Get(r.ctx(), user)
		if err != nil || !users.sees(r.sees, row.Value) {
			return reply{}, errors.Join(ErrNotFound, err)
		}
	}
	all, err := s.Sessions.List(r.ctx(), user, s.SessionIdle)
	if err != nil {
		return reply{}, err
	}
	out := list[sessionItem]{Items: []sessionItem{}}
	for _, x := range all {
		out.Items = append(out.Items, sessionItem{
			ID: x.ID, User: x.UserID, Address: x.Address, Browser: x.Browser, CreatedAt: x.CreatedAt, UsedAt: x.UsedAt, EndsAt: x.EndsAt,
			Current: x.ID == r.who.Session,
		})
	}
	return ok(out)
}

// revokeSession ends a session of one's own, or for administrators of any user of theirs. Others' sessions do not exist.
func (s *Server) revokeSession(r *request) (reply, error) {
	id, err := r.id()
	if err != nil {
		return reply{}, err
	}
	session, tenant, err := s.Sessions.Session(r.ctx(), id)
	if err != nil {
		return reply{}, err
	}
	if own := r.who.User != "" && session.UserID == r.who.User; !own && (r.who.Role != Admin || !r.who.tenantAllowed(tenant)) {
		return reply{}, ErrNotFound
	}
	if err := s.Sessions.End(r.ctx(), id); err != nil {
		return reply{}, err
	}
	s.rechecks.session(id)
	s.audit(r, "session/"+id, tenant, map[string]string{"user": session.UserID})
	return reply{status: http.StatusNoContent}, nil
}

// changePassword gives oneself a new password. All other sessions end, and this one gets a new secret: whoever may have had the old one is out.
func (s *Server) changePassword(r *request) (reply, error) {
	if r.who.Session == "" {
		return reply{}, errNoSession
	}
	var body struct {
		Current string `json:"current"`
		New     string `json:"new"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	address := r.ClientIP()
	if wait := s.guesses.try(r.who.Name, address, true); wait > 0 {
		return reply{}, &Error{Code: CodeRate, Message: "too many tries; wait before the next one", after: wait}
	}
	user, err := s.Accounts.CheckPassword(r.ctx(), r.who.Name, body.Current)
	if errors.Is(err, ErrNotFound) {
		s.auditFailedSignIn(r, r.who.Name)
		return reply{}, invalid("current", "is not your current password")
	}
	if err != nil {
		return reply{}, err
	}
	s.guesses.succeeded(r.who.Name, address, true)
	if err := s.Accounts.SetPassword(r.ctx(), user.ID, body.New, ""); err != nil {
		return reply{}, passwordField(err, "new")
	}
	user.PasswordUntil = time.Time{} // it is the user's own now
	s.rechecks.user(user.ID)
	s.audit(r, "user/"+user.ID, user.Tenant, nil)
	if err := s.beginSession(r, user); err != nil {
		return reply{}, err
	}
	return ok(s.me(r))
}

// passwordField names the field as the request does.
func passwordField(err error, name string) error {
	if e, _ := asError(err); e.Code == CodeInvalid && e.Field == "password" {
		return invalid(name, e.Message)
	}
	return err
}
