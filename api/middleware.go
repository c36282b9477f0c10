package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

const (
	requestIDHeader = "X-Request-Id"
	requestKeyName  = "tandem.request" // where the *request lives in gin's context
)

// router builds the gin engine from the table of routes.
func (s *Server) router() (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	// gin believes X-Forwarded-For of anybody by default; we believe only whom the operator names, so that no client can choose its address.
	var believed []string
	for _, p := range s.TrustedProxies {
		believed = append(believed, p.String())
	}
	if err := g.SetTrustedProxies(believed); err != nil {
		return nil, fmt.Errorf("api: trust the proxies: %w", err)
	}
	g.RemoteIPHeaders = []string{"X-Forwarded-For"}
	g.HandleMethodNotAllowed = true
	g.RedirectTrailingSlash = false
	g.RedirectFixedPath = false
	g.Use(s.arrive)
	g.NoRoute(func(c *gin.Context) {
		if s.App != nil && forApp(c.Request) {
			s.app(current(c))
			return
		}
		s.fail(current(c), &Error{Code: CodeNotFound, Message: "there is no such path"})
	})
	g.NoMethod(func(c *gin.Context) {
		s.fail(current(c), &Error{Code: CodeMethod, Message: "this path does not support this method"})
	})
	for i := range s.table {
		rt := &s.table[i]
		g.Handle(rt.method, rt.ginPath(), func(c *gin.Context) { s.dispatch(current(c), rt) })
	}
	return g, nil
}

func current(c *gin.Context) *request {
	r, ok := c.MustGet(requestKeyName).(*request)
	if !ok {
		panic("api: a request did not come through arrive")
	}
	return r
}

// clientRequestID is what we take over from a client as a request id: it ends up in logs.
var clientRequestID = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// arrive gives the request its id and the headers that every answer has, keeps a panic from tearing the connection down without an answer, and logs.
func (s *Server) arrive(c *gin.Context) {
	began := s.Now()
	r := &request{Context: c, requestID: c.GetHeader(requestIDHeader), left: c.Request.Context().Done()}
	if !clientRequestID.MatchString(r.requestID) {
		var b [12]byte
		_, _ = rand.Read(b[:]) // never fails, by its documentation
		r.requestID = hex.EncodeToString(b[:])
	}
	c.Set(requestKeyName, r)
	h := c.Writer.Header()
	h.Set(requestIDHeader, r.requestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if s.encrypted(r) {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	h.Set("Cache-Control", "no-store")

	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it the same way
				panic(p)
			}
			s.Log.Error("panic in a request", "route", r.op(), "request", r.requestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			s.fail(r, &panicked{p})
		}
		s.log(r, s.Now().Sub(began))
	}()
	c.Next()
}

// log writes the access log. Neither path nor query is in it: they can carry numbers and names. The operation, and the id
// with its digits masked, are enough to find a request.
func (s *Server) log(r *request, took time.Duration) {
	status := r.Writer.Status()
	s.metrics.observe(r.op(), status, took)
	level := slog.LevelDebug
	switch {
	case status == http.StatusServiceUnavailable: // says so itself and why: a probe of readiness, or a start that is under way
		level = slog.LevelWarn
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case r.Request.Method != http.MethodGet, status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusTooManyRequests:
		level = slog.LevelInfo // whatever changes something, and whatever somebody was not let
	}
	s.Log.LogAttrs(context.WithoutCancel(r.ctx()), level, "request",
		slog.String("method", r.Request.Method),
		slog.String("route", r.op()),
		slog.String("id", maskDigits(r.Param("id"))),
		slog.Int("status", status),
		slog.Duration("took", took),
		slog.Int("bytes", r.Writer.Size()),
		slog.String("who", r.who.actorOrNone()),
		slog.String("from", r.ClientIP()),
		slog.String("request", r.requestID))
}

func (p Principal) actorOrNone() string {
	if p.Role == "" {
		return "-"
	}
	return p.actor()
}

// digitRun is what may be a telephone number: seven digits or more in a row. The groups of a UUID that consist of digits
// only are masked too, which is seldom and does no harm.
var digitRun = regexp.MustCompile(`[0-9]{7,}`)

func maskDigits(s string) string {
	if len(s) > 128 {
		s = s[:128]
	}
	return digitRun.ReplaceAllStringFunc(s, func(n string) string { return "…" + core.MaskNumber(n) })
}

// dispatch takes a request through the stations to its handler.
func (s *Server) dispatch(r *request, rt *route) {
	r.route = rt
	if err := s.admit(r); err != nil {
		s.fail(r, err)
		return
	}
	if rt.stream {
		out, err := rt.handle(s, r)
		s.send(r, out, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx(), s.AskTimeout)
	defer cancel()
	r.Request = r.Request.WithContext(ctx)
	var err error
	if r.body, err = readBody(r.Writer, r.Request, rt.media()); err != nil {
		s.fail(r, err)
		return
	}
	var out reply
	if rt.keyed() {
		out, err = s.once(r)
	} else {
		out, err = rt.handle(s, r)
	}
	s.send(r, out, err)
}

// admit finds out who asks, and refuses what they may not.
func (s *Server) admit(r *request) error {
	if wait := s.addresses.wait(network(r.ClientIP())); wait > 0 && !r.route.probe {
		return &Error{Code: CodeRate, Message: "too many requests from this address", after: wait}
	}
	if r.route.public() {
		return r.allowed()
	}
	who, err := s.authenticate(r.ctx(), r)
	if err != nil {
		if e, _ := asError(err); e.Code == CodeUnauthorized {
			if wait := s.limits.wait("address " + network(r.ClientIP())); wait > 0 {
				err = &Error{Code: CodeRate, Message: "too many attempts with a token that is not valid", after: wait}
			}
		}
		return err
	}
	r.who = who
	if wait := s.limits.wait("principal " + who.key()); wait > 0 {
		return &Error{Code: CodeRate, Message: "too many requests", after: wait}
	}
	if err := r.meant(); err != nil {
		return err
	}
	if who.mustChange && !r.route.unripe {
		return errChange
	}
	if err := r.route.refuses(who); err != nil {
		return err
	}
	if err := r.allowed(); err != nil {
		return err
	}
	r.sees, err = s.sightOf(r.ctx(), who)
	return err
}

// trusted reports whether an address is that of a proxy whose word counts.
func (s *Server) trusted(address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, p := range s.TrustedProxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
