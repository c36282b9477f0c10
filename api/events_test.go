package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// event is one Server-Sent Event.
type event struct {
	kind, id string
	data     []byte
}

// reader reads an event stream.
type reader struct {
	t      *testing.T
	events chan event // closed at the end of the stream
	beats  chan string
	cancel context.CancelFunc
}

// watch opens an event stream over a real connection.
func (w *world) watch(t *testing.T, as, query string, hs ...headers) *reader {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, get, w.http.URL+"/api/v1/events"+query, nil)
	require.NoError(t, err)
	if id, is := strings.CutPrefix(as, "user:"); is {
		req.AddCookie(&http.Cookie{Name: cookieName, Value: w.session(id)})
	} else {
		req.Header.Set("Authorization", "Bearer "+as)
	}
	for _, h := range hs {
		for k, v := range h {
			req.Header.Set(k, v)
		}
	}
	res, err := w.http.Client().Do(req) //nolint:bodyclose // the goroutine below closes it
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "text/event-stream; charset=utf-8", res.Header.Get("Content-Type"))
	r := &reader{t: t, events: make(chan event, 1000), beats: make(chan string, 1000), cancel: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(r.events)
		defer func() { _ = res.Body.Close() }()
		var e event
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			name, value, _ := strings.Cut(s.Text(), ": ")
			switch {
			case s.Text() == "":
				if e.kind != "" {
					r.events <- e
				}
				e = event{}
			case name == "event":
				e.kind = value
			case name == "id":
				e.id = value
			case name == "data":
				e.data = []byte(value)
			case name == "":
				select {
				case r.beats <- value:
				default: // enough for whoever waits for one: there is no end to them
				}
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return r
}

// next gives the next event, validated against its schema in the contract.
func (r *reader) next() (event, bool) {
	r.t.Helper()
	select {
	case e, more := <-r.events:
		if !more {
			return e, false
		}
		doc, _ := document()
		schema := map[string]string{"snapshot": "EventSnapshot", "change": "EventChange", "end": "EventEnd"}[e.kind]
		require.NotEmpty(r.t, schema, e.kind)
		var v any
		require.NoError(r.t, json.Unmarshal(e.data, &v))
		require.NoError(r.t, doc.Components.Schemas[schema].Value.VisitJSON(v), "%s", e.data)
		return e, true
	case <-time.After(20 * time.Second):
		r.t.Fatal("waited in vain for an event")
		return event{}, false
	}
}

func (r *reader) snapshot() (out snapshotEvent) {
	r.t.Helper()
	e, more := r.next()
	require.True(r.t, more)
	require.Equal(r.t, "snapshot", e.kind)
	require.NoError(r.t, json.Unmarshal(e.data, &out))
	require.Equal(r.t, strconv.FormatUint(out.Position, 10), e.id)
	return out
}

// until reads changes until one is as wanted.
func (r *reader) until(so func(changeEvent) bool) changeEvent {
	r.t.Helper()
	last := uint64(0)
	for {
		e, more := r.next()
		require.True(r.t, more, "the stream ended")
		require.Equal(r.t, "change", e.kind, "%s", e.data)
		var c changeEvent
		require.NoError(r.t, json.Unmarshal(e.data, &c))
		require.GreaterOrEqual(r.t, c.Position, last, "positions grow")
		last = c.Position
		if so(c) {
			return c
		}
	}
}

func told(kind core.EntryKind) func(changeEvent) bool {
	return func(c changeEvent) bool {
		return slices.ContainsFunc(c.Entries, func(e entryWire) bool { return e.Kind == kind })
	}
}

func TestTheStreamIsASnapshotAndTheChangesAfterIt(t *testing.T) {
	w := newWorld(t)
	r := w.watch(t, "supervisor", "")
	first := r.snapshot()
	require.Len(t, first.Agents, 3)
	require.Len(t, first.Queues, 1)
	require.Len(t, first.Engines, 1)
	require.Empty(t, first.Calls)

	id := w.connects("anna", "1001", "+4915112345678")
	r.until(told(core.EntryCallQueued))
	c := r.until(told(core.EntryCallConnected))
	require.Equal(t, id, c.Calls[0].ID)
	require.Equal(t, core.Talking, c.Calls[0].Phase)
	r.cancel()

	// Come back where we were: the same changes again, without a snapshot.
	again := w.watch(t, "supervisor", "?after=0", headers{"Last-Event-ID": strconv.FormatUint(first.Position, 10)})
	again.until(told(core.EntryCallQueued))
	again.until(told(core.EntryCallConnected))

	// A position that was never reached: a new snapshot.
	lost := w.watch(t, "supervisor", "?after=99999999")
	require.Len(t, lost.snapshot().Calls, 1)
	w.bad(422, CodeInvalid, "after", "supervisor", get, "/api/v1/events?after=x", "")
}

func TestAnAgentSeesItsOwnPartOfTheStream(t *testing.T) {
	w := newWorld(t)
	anna, globex := w.watch(t, "anna", ""), w.watch(t, "globex", "")
	first := anna.snapshot()
	require.Len(t, first.Agents, 1)
	require.Empty(t, first.Engines)
	require.Empty(t, globex.snapshot().Queues)

	// The call rings at anna's phone, she declines, and it goes on to bert: it leaves her sight.
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`)
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"available"}`)
	id := w.dials("+4915112345678")
	offered := anna.until(func(c changeEvent) bool { return len(c.Calls) > 0 })
	require.Equal(t, id, offered.Calls[0].ID)
	w.awaitCall(id, "ringing", func(c core.CallView) bool { return len(c.Offers) > 0 && c.Offers[0].Ringing })
	w.good(200, "anna", post, "/api/v1/agents/anna/offer/decline", "")
	gone := anna.until(func(c changeEvent) bool { return len(c.GoneCalls) > 0 })
	require.Equal(t, []core.CallID{id}, gone.GoneCalls)

	// The other tenant hears of nothing but its own.
	w.good(200, "supervisor", post, "/api/v1/agents/gary/state", `{"state":"available"}`)
	c := globex.until(func(c changeEvent) bool { return len(c.Agents) > 0 })
	require.Equal(t, core.AgentID("gary"), c.Agents[0].ID)
	require.Empty(t, c.Calls)
}

// What goes is told by id alone, and ids are names.
func TestTheStreamDoesNotTellWhatOtherTenantsTakeDown(t *testing.T) {
	w := newWorld(t)
	globex, anna := w.watch(t, "globex", ""), w.watch(t, "anna", "")
	globex.snapshot()
	anna.snapshot()
	w.good(204, "admin", del, "/api/v1/queues/sales", "")
	w.good(204, "admin", del, "/api/v1/agents/bert", "")
	w.good(200, "supervisor", post, "/api/v1/agents/gary/state", `{"state":"available"}`)
	seen := globex.until(func(c changeEvent) bool {
		require.Empty(t, c.GoneQueues)
		require.Empty(t, c.GoneAgents)
		return len(c.Agents) > 0
	})
	require.Equal(t, core.AgentID("gary"), seen.Agents[0].ID)
	anna.until(func(c changeEvent) bool { return len(c.GoneQueues) == 1 })
	w.good(204, "admin", del, "/api/v1/agents/gary", "")
	globex.until(func(c changeEvent) bool { return len(c.GoneAgents) == 1 })
}

func TestAnIdleStreamBeatsAndEndsWithItsToken(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Heartbeat = 5 * time.Millisecond })
	r := w.watch(t, "globex", "")
	r.snapshot()
	select {
	case beat := <-r.beats:
		require.Equal(t, "beat", beat)
	case <-time.After(20 * time.Second):
		t.Fatal("no beat")
	}
	// Changes that the token may not see move its cursor on all the same.
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`)
	seq := w.loop.View().Seq
	r.until(func(c changeEvent) bool { return c.Position >= seq && c.empty() })

	require.NoError(t, w.store.RevokeToken(t.Context(), "t-globex"))
	for {
		e, more := r.next()
		require.True(t, more)
		if e.kind == "end" {
			require.Contains(t, string(e.data), CodeUnauthorized)
			break
		}
	}
	_, more := r.next()
	require.False(t, more)
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	w := newWorld(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- w.srv.Serve(ctx, l, 10*time.Second) }()
	w.http.URL = "http://" + l.Addr().String()
	r := w.watch(t, "supervisor", "")
	r.snapshot()
	stop()
	e, more := r.next()
	require.True(t, more)
	require.Equal(t, "end", e.kind)
	_, more = r.next()
	require.False(t, more)
	require.NoError(t, <-served)
	w.bad(503, CodeNotOwner, "", "supervisor", get, "/api/v1/events", "")
}

// slow is a stream whose reader has fallen behind.
type slow struct{ Live }

type slowStream struct{ Stream }

func (s slow) Subscribe(after *uint64) (Stream, error) {
	st, err := s.Live.Subscribe(after)
	return slowStream{st}, err
}

func (slowStream) Next(context.Context) (Batch, error) { return Batch{}, ErrTooSlow }

func TestASlowReaderIsCutOff(t *testing.T) {
	s := &slow{}
	w := newWorld(t, func(c *Config) { s.Live, c.Live = c.Live, s })
	r := w.watch(t, "supervisor", "")
	r.snapshot()
	e, _ := r.next()
	require.Equal(t, "end", e.kind)
	require.Contains(t, string(e.data), CodeTooSlow)
	_, more := r.next()
	require.False(t, more)
}

// TestAReaderThatTakesNothingIsCutOff floods a connection that nobody reads from until the server gives up on it.
func TestAReaderThatTakesNothingIsCutOff(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.WriteTimeout = 50 * time.Millisecond; c.Heartbeat = 20 * time.Microsecond })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.http.URL, "http://"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	tcp, is := conn.(*net.TCPConn)
	require.True(t, is)
	require.NoError(t, tcp.SetReadBuffer(4096))
	_, err = conn.Write([]byte("GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer supervisor\r\n\r\n"))
	require.NoError(t, err)
	w.await("the log of the request that ended", func() bool {
		w.engine.World(func(now time.Time, s *sim.Switch) { s.CallerDials(now, strings.Repeat("9", 4000), "", "nowhere") })
		return strings.Contains(w.logs.String(), "route=events")
	})
}
