package ari

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// Limits of the REST transport.
const (
	maxBody       = 64 << 20         // of an answer; GET /channels of 10,000 channels is about 5 MiB
	maxErrorText  = 200              // of Asterisk's message, in our errors
	idleConnLimit = 10 * time.Second // below Asterisk's session_keep_alive of 15 s, or requests meet a closed connection
)

// A StatusError is an answer of Asterisk other than 2xx.
type StatusError struct {
	Method  string
	Path    string // without the query, which may hold numbers and texts
	Status  int
	Message string // Asterisk's own words, shortened; "" if the body was not ARI's
	// FromARI says that the body was JSON, so that it was ARI that answered. While its modules are still loading, Asterisk's
	// HTTP server answers every path with 404 and an HTML page, which says nothing about the thing asked for.
	FromARI bool
}

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("ari: %s %s: status %d: %s", e.Method, e.Path, e.Status, e.Message)
}

// NotFound reports whether ARI itself said that there is no such thing.
func (e *StatusError) NotFound() bool {
	return e.FromARI && (e.Status == http.StatusNotFound ||
		// addChannel, and an originator that is gone
		e.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(e.Message), "not found"))
}

// notFound reports whether err is ARI's word that there is no such thing.
func notFound(err error) bool {
	var se *StatusError
	return errors.As(err, &se) && se.NotFound()
}

// status gives the HTTP status in err, or 0.
func status(err error) int {
	var se *StatusError
	if errors.As(err, &se) {
		return se.Status
	}
	return 0
}

// rest sends requests to Asterisk. Every call takes a context with a deadline; connections are limited and reused.
type rest struct {
	base   string // ends with "/ari"
	prefix string // the path of base
	header string // of every order, with the user and the password
	user   string
	secret string
	wires  *wires
	client *http.Client // for what is not short: the event stream, and files of recordings
}

func newREST(c Config) *rest {
	transport := &http.Transport{
		Proxy:                 nil, // a switch is never reached through a proxy of the environment
		DialContext:           (&net.Dialer{Timeout: wireTimeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   wireTimeout,
		MaxConnsPerHost:       c.MaxConns, // above sessionlimit Asterisk just closes connections
		IdleConnTimeout:       idleConnLimit,
		ResponseHeaderTimeout: 30 * time.Second,
		DisableCompression:    true,
	}
	r := &rest{
		base: c.URL + "/ari", user: c.User, secret: c.Password,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	r.header = "Authorization: " + r.authorization() + "\r\n"
	base, err := url.Parse(r.base)
	if err != nil {
		base = &url.URL{} // Config.withDefaults has parsed it before
	}
	r.prefix, r.wires = base.EscapedPath(), newWires(base, c.MaxConns)
	return r
}

func (r *rest) authorization() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(r.user+":"+r.secret))
}

func (r *rest) close() {
	r.wires.close()
	r.client.CloseIdleConnections()
}

// path joins segments to a path, each escaped: an id is data, whatever characters are in it.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// do sends one request. body, unless nil, goes as JSON; the answer, if out is not nil, is decoded into it. An answer whose status is not 2xx is
// a *StatusError.
func (r *rest) do(ctx context.Context, method, path string, query url.Values, body, out any) error {
	target := r.prefix + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fmt.Errorf("ari: encode %s %s: %w", method, path, err)
		}
	}
	a, err := r.wires.ask(ctx, method, target, r.header, text)
	switch {
	case err != nil:
		return fmt.Errorf("ari: %s %s: %w", method, path, err)
	case a.status/100 != 2:
		return statusError(method, path, a.status, a.body)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("ari: decode the answer to %s %s: %w", method, path, err)
	}
	return nil
}

// variable reads a global variable of Asterisk; "" and an error that is notFound if there is none.
func (r *rest) variable(ctx context.Context, name string) (string, error) {
	var out struct {
		Value string `json:"value"`
	}
	if err := r.do(ctx, http.MethodGet, "/asterisk/variable", url.Values{"variable": {name}}, nil, &out); err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return out.Value, nil
}

// setVariable writes a global variable of Asterisk.
func (r *rest) setVariable(ctx context.Context, name, value string) error {
	if err := r.do(ctx, http.MethodPost, "/asterisk/variable", url.Values{"variable": {name}, "value": {value}}, nil, nil); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// open sends a GET whose answer may be long, and returns it if its status is 2xx; the caller closes its body.
func (r *rest) open(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ari: make request GET %s: %w", path, err)
	}
	req.Header.Set("Authorization", r.authorization())
	resp, err := r.client.Do(req)
	if err != nil {
		// *url.Error quotes the whole URL; only the cause is of interest.
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, fmt.Errorf("ari: GET %s: %w", path, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	return nil, statusErrorOf(resp, path)
}

// statusErrorOf is the error for an answer to a GET whose body has not been read. It closes the body.
func statusErrorOf(resp *http.Response, path string) *StatusError {
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		text = nil
	}
	_ = resp.Body.Close()
	return statusError(http.MethodGet, path, resp.StatusCode, text)
}

func statusError(method, path string, status int, body []byte) *StatusError {
	e := &StatusError{Method: method, Path: path, Status: status}
	var said struct {
		Message string `json:"message"`
		Error   string `json:"error"`
	}
	if json.Unmarshal(body, &said) == nil {
		e.FromARI = true
		e.Message = adapter.Clean(defaultTo(said.Message, said.Error), maxErrorText)
	}
	return e
}

// refusalOf puts an error into the words of the port. nil stays nil.
func refusalOf(err error) *engine.Refusal {
	if err == nil {
		return nil
	}
	var refusal *engine.Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	text := err.Error()
	var se *StatusError
	if errors.As(err, &se) {
		return &engine.Refusal{Why: whyOf(se), Text: text}
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return &engine.Refusal{Why: core.WhyDown, Text: text}
	default:
		// The deadline, or a connection that broke after the request went out: it may or may not have happened.
		return &engine.Refusal{Why: core.WhyTimeout, Text: text}
	}
}

func whyOf(e *StatusError) core.Why {
	if e.NotFound() {
		return core.WhyUnknown
	}
	switch e.Status {
	case http.StatusBadRequest:
		return core.WhyInvalid
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		return core.WhyState
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return core.WhyLimit
	default:
		return core.WhyFailed
	}
}
