package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// request is one request on its way through the stations.
type request struct {
	*gin.Context
	route     *route
	requestID string
	left      <-chan struct{} // closed when the client closes the connection
	who       Principal
	sees      sight
	body      []byte
	command   core.CommandID // of a POST: the id of the intent it leads to
}

// reply is what a handler answers.
type reply struct {
	status int
	body   any
	keep   any  // what an idempotency key keeps in place of body; nil = body
	sent   bool // the handler has written everything itself
}

// errorBody is the form of every error.
type errorBody struct {
	Error *Error `json:"error"`
}

func ok(body any) (reply, error) { return reply{status: http.StatusOK, body: body}, nil }

func (r *request) ctx() context.Context { return r.Request.Context() }

// decode reads the request's body strictly.
func (r *request) decode(into any) error { return decode(r.body, into) }

// identifier is what an id in a path may look like. Everything else cannot exist, and never gets near the database.
var identifier = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:_.@+-]{0,127}$`)

// id gives the {id} of the path.
func (r *request) id() (string, error) {
	id := r.Param("id")
	if !identifier.MatchString(id) {
		return "", ErrNotFound
	}
	return id, nil
}

// text reads a query parameter of at most so many characters.
func (r *request) text(name string, most int) (string, error) {
	values := r.Request.URL.Query()[name]
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", invalid(name, "must not be given twice")
	case len(values[0]) > most:
		return "", invalid(name, "must have at most "+strconv.Itoa(most)+" characters")
	case !plainText(values[0]):
		return "", invalid(name, "must not contain control characters")
	}
	return values[0], nil
}

// flag reads a query parameter that is true or false; left out, it is false.
func (r *request) flag(name string) (bool, error) {
	switch v, err := r.text(name, 8); {
	case err != nil:
		return false, err
	case v == "" || v == "false":
		return false, nil
	case v == "true":
		return true, nil
	default:
		return false, invalid(name, "must be true or false")
	}
}

// moment reads a query parameter that is a time.
func (r *request) moment(name string) (time.Time, error) {
	v, err := r.text(name, 64)
	if v == "" || err != nil {
		return time.Time{}, err
	}
	return momentOf(name, v)
}

// momentOf reads a time.
func momentOf(name, v string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil || t.Year() < 1970 || t.Year() > 9000 {
		return time.Time{}, invalid(name, "must be a time like 2026-01-31T08:00:00Z")
	}
	return t.UTC(), nil
}

// span reads the times from and to.
func (r *request) span() (from, to time.Time, err error) {
	if from, err = r.moment("from"); err != nil {
		return from, to, err
	}
	if to, err = r.moment("to"); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, invalid("to", "must be later than from")
	}
	return from, to, nil
}

// paging reads cursor and limit.
func (r *request) paging() (Paging, error) {
	p := Paging{Limit: 50}
	limit, err := r.text("limit", 8)
	if err != nil {
		return p, err
	}
	if limit != "" {
		if p.Limit, err = strconv.Atoi(limit); err != nil || p.Limit < 1 || p.Limit > 500 {
			return p, invalid("limit", "must be a number from 1 to 500")
		}
	}
	p.Cursor, err = r.text("cursor", 512)
	return p, err
}

// tenant reads the tenant to select by, within what the principal may see.
func (r *request) tenant() (core.TenantID, error) {
	v, err := r.text("tenant", 128)
	if err != nil {
		return "", err
	}
	return r.who.narrow(core.TenantID(v))
}

// allowed refuses query parameters that the route does not know: a filter with a typing error must not select everything.
func (r *request) allowed() error {
	for name := range r.Request.URL.Query() {
		known := false
		for _, q := range r.route.query {
			known = known || q == name
		}
		if !known {
			return &Error{Code: CodeInvalid, Field: name, Message: "there is no such parameter"}
		}
	}
	return nil
}

// send writes an answer.
func (s *Server) send(r *request, out reply, err error) {
	if err != nil {
		s.fail(r, err)
		return
	}
	if out.sent {
		return
	}
	s.touch(r.Writer)
	if out.body == nil {
		r.Status(out.status)
		r.Writer.WriteHeaderNow()
		return
	}
	b, err := json.Marshal(out.body)
	if err != nil {
		s.fail(r, err)
		return
	}
	r.Data(out.status, "application/json; charset=utf-8", b)
}

// statusGone is what nginx writes into its log for a client that did not wait for the answer.
const statusGone = 499

// fail writes an error, unless an answer is on its way already.
func (s *Server) fail(r *request, err error) {
	e, unforeseen := asError(err)
	var ours *panicked
	if r.gone() && (e.Code == CodeTimeout || unforeseen) && !errors.As(err, &ours) {
		// What was under way has most likely failed because the client broke it off, in whatever words the database says so. Nobody reads the answer.
		s.Log.Info("request broken off", "route", r.op(), "request", r.requestID, "error", err)
		r.AbortWithStatus(statusGone)
		return
	}
	if unforeseen {
		s.Log.Error("request failed", "route", r.op(), "request", r.requestID, "error", err)
	}
	if r.Writer.Written() {
		r.Abort()
		return
	}
	if after := e.retryAfter(); after > 0 {
		r.Header("Retry-After", strconv.Itoa(after))
	}
	if e.Code == CodeUnauthorized {
		r.Header("WWW-Authenticate", `Bearer realm="tandem"`)
	}
	s.touch(r.Writer)
	b, err := json.Marshal(errorBody{e})
	if err != nil { // three strings: it cannot
		s.Log.Error("could not encode an error", "request", r.requestID, "error", err)
	}
	r.Data(e.status(), "application/json; charset=utf-8", b)
	r.Abort()
}

// panicked is a panic of ours as an error: no client that leaves can be the reason for it.
type panicked struct{ with any }

// Error implements error.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.with) }

// gone reports whether the client has closed the connection, as a browser does whose user goes on to another page.
func (r *request) gone() bool {
	select {
	case <-r.left:
		return true
	default:
		return false
	}
}

// op names the operation for logs and metrics.
func (r *request) op() string {
	if r.route == nil {
		return "none"
	}
	return r.route.op
}
