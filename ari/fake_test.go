package ari

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeARI is an Asterisk as a script wants it: every request is noted, and answered by the newest handler that fits.
type fakeARI struct {
	t      testing.TB
	server *httptest.Server

	mu        sync.Mutex
	requests  []string // "METHOD path", as it stood on the wire
	handlers  []fakeHandler
	startup   string
	variables map[string]string    // the global ones; EPOCH is the clock
	sockets   chan *websocket.Conn // one for each event stream that was opened
	done      chan struct{}
	deaf      int // so many event streams, the next ones, are opened but never read: pings stay unanswered
}

type fakeHandler struct {
	match string // prefix of "METHOD path"
	serve http.HandlerFunc
}

func newFake(t testing.TB) *fakeARI {
	f := &fakeARI{t: t, startup: "2026-11-21T00:00:00.000+0000", sockets: make(chan *websocket.Conn, 16), done: make(chan struct{}), variables: map[string]string{"EPOCH": "1000"}}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	t.Cleanup(func() { close(f.done) })
	f.on("GET /ari/channels", text(200, `[]`))
	f.on("GET /ari/bridges", text(200, `[]`))
	f.on("GET /ari/endpoints/PJSIP", text(200, `[]`))
	f.on("PUT /ari/applications/", text(200, `{}`))
	f.on("GET /ari/applications/", text(404, `{"message":"Application not found"}`)) // asked for when the session is over
	f.on("GET /ari/asterisk/info", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		startup := f.startup
		f.mu.Unlock()
		text(200, `{"system":{"version":"22.0-fake"},"status":{"startup_time":"`+startup+`"}}`)(w, r)
	})
	f.on("GET /ari/asterisk/variable", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]string{"value": f.variables[r.URL.Query().Get("variable")]})
	})
	f.on("POST /ari/asterisk/variable", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.variables[r.URL.Query().Get("variable")] = r.URL.Query().Get("value")
		w.WriteHeader(http.StatusNoContent)
	})
	return f
}

// text answers with a status and a body.
func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// on makes requests that begin so be answered so; the newest wins.
func (f *fakeARI) on(match string, serve http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handlers = append(f.handlers, fakeHandler{match, serve})
}

// count is how many requests began so.
func (f *fakeARI) count(prefix string) int { return len(f.seen(prefix)) }

func (f *fakeARI) seen(prefix string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, r := range f.requests {
		if strings.HasPrefix(r, prefix) {
			out = append(out, r)
		}
	}
	return out
}

func (f *fakeARI) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = nil
}

func (f *fakeARI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	line := r.Method + " " + r.RequestURI
	if user, password, _ := r.BasicAuth(); user != "tandem" || password != "secret" {
		text(401, `{"message":"Authentication required"}`)(w, r)
		return
	}
	if strings.HasPrefix(line, "GET /ari/events?") {
		f.stream(w, r)
		return
	}
	f.mu.Lock()
	f.requests = append(f.requests, line)
	var serve http.HandlerFunc
	for _, h := range f.handlers {
		if strings.HasPrefix(line, h.match) {
			serve = h.serve
		}
	}
	f.mu.Unlock()
	if serve == nil {
		serve = text(204, "")
	}
	serve(w, r)
}

func (f *fakeARI) stream(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	select {
	case f.sockets <- conn:
	case <-f.done: // the test asks for none of them
		_ = conn.CloseNow()
		return
	}
	f.mu.Lock()
	deaf := f.deaf > 0
	f.deaf--
	f.mu.Unlock()
	if deaf {
		<-f.done // the connection was hijacked: the server does not end it
		_ = conn.CloseNow()
		return
	}
	for {
		if _, _, err := conn.Read(context.Background()); err != nil {
			_ = conn.CloseNow()
			return
		}
	}
}

// socket is the next event stream that is opened.
func (f *fakeARI) socket(t testing.TB) *websocket.Conn {
	t.Helper()
	select {
	case c := <-f.sockets:
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("no event stream was opened")
		return nil
	}
}

func send(t testing.TB, c *websocket.Conn, frames ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, frame := range frames {
		require.NoError(t, c.Write(ctx, websocket.MessageText, []byte(frame)))
	}
}

// config says once that we are there, before everything is looked at: on a busy machine the next word would come in the middle of a test.
func (f *fakeARI) config(change ...func(*Config)) Config {
	c := Config{
		ID: "a1", URL: f.server.URL, User: "tandem", Password: "secret", ReconnectMax: 20 * time.Millisecond,
		EffectTimeout: 30 * time.Second, Presence: time.Hour, Logger: slog.New(slog.DiscardHandler),
	}
	for _, ch := range change {
		ch(&c)
	}
	return c
}

// testEngine is an engine that is not run.
func testEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(Config{ID: "a1", URL: "http://127.0.0.1:1", User: "u", Password: "p", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return e
}

// running runs an engine against the fake until the test ends; facts come out of the channel.
func (f *fakeARI) running(t testing.TB, change ...func(*Config)) (*Engine, *facts) {
	t.Helper()
	e, err := New(f.config(change...))
	require.NoError(t, err)
	got := &facts{all: make(chan core.Fact, 100_000)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx, got) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(10 * time.Second):
			t.Error("Run did not return")
		}
	})
	return e, got
}

type facts struct{ all chan core.Fact }

func (f *facts) Fact(fact core.Fact) { f.all <- fact }

// next is the next fact.
func (f *facts) next(t testing.TB) core.Fact {
	t.Helper()
	select {
	case fact := <-f.all:
		return fact
	case <-time.After(10 * time.Second):
		t.Fatal("no fact came")
		return nil
	}
}

// nextOf is the next fact, which must be of that kind.
func nextOf[F core.Fact](t testing.TB, f *facts) F {
	t.Helper()
	fact := f.next(t)
	got, ok := fact.(F)
	require.True(t, ok, "got %s %+v", fact.Kind(), fact)
	return got
}
