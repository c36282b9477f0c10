package ari

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hall is a server that counts its connections and can close them under its clients.
type hall struct {
	*httptest.Server
	opened atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]http.ConnState
}

func newHall(t *testing.T, secure bool, h http.HandlerFunc) (*hall, *wires) {
	s := &hall{Server: httptest.NewUnstartedServer(h), conns: map[net.Conn]http.ConnState{}}
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.opened.Add(1)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.conns[c] = state; state == http.StateClosed {
			delete(s.conns, c)
		}
	}
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	w := newWires(u, 4)
	if secure {
		w.tls.RootCAs = x509.NewCertPool()
		w.tls.RootCAs.AddCert(s.Certificate())
	}
	t.Cleanup(s.Close)
	t.Cleanup(w.close)
	return s, w
}

// drop closes every connection from the server's side.
func (s *hall) drop(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		require.NoError(t, c.Close())
	}
	clear(s.conns)
}

// rested makes the idle connections look as if they had been so for a while longer.
func (w *wires) rested(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.idle {
		c.since = c.since.Add(-by)
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+r.Header.Get("X-Who")+" "+r.Header.Get("Content-Type")+" "+string(body))
}

func TestWireUsesOneConnectionAgain(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s, w := newHall(t, secure, echo)
		for range 20 {
			a, err := w.ask(t.Context(), http.MethodPost, "/a%2Fb?c=d", "X-Who: me\r\n", []byte(`{"e":1}`))
			require.NoError(t, err)
			assert.Equal(t, answer{status: http.StatusAccepted, body: []byte(`POST /a%2Fb?c=d me application/json {"e":1}`)}, a)
			a, err = w.ask(t.Context(), http.MethodDelete, "/a", "", nil)
			require.NoError(t, err)
			assert.Equal(t, "DELETE /a   ", string(a.body))
		}
		assert.EqualValues(t, 1, s.opened.Load())
	}
}

func TestWireReadsEveryShapeOfAnswer(t *testing.T) {
	long := strings.Repeat("0123456789", 100_000)
	s, w := newHall(t, false, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/chunked":
			for i := 0; i < len(long); i += 100_000 {
				_, _ = io.WriteString(w, long[i:i+100_000])
				_ = http.NewResponseController(w).Flush()
			}
		case "/last":
			w.Header().Set("Connection", "close")
			_, _ = io.WriteString(w, "bye")
		}
	})
	for range 3 {
		for path, want := range map[string]string{"/none": "", "/chunked": long, "/last": "bye"} {
			a, err := w.ask(t.Context(), http.MethodGet, path, "", nil)
			require.NoError(t, err, path)
			assert.Equal(t, want, string(a.body), path)
		}
	}
	assert.LessOrEqual(t, s.opened.Load(), int64(4), "only /last costs a connection")
}

func TestWireKeepsToTheLimit(t *testing.T) {
	var inside atomic.Int64
	gate := make(chan struct{})
	s, w := newHall(t, false, func(http.ResponseWriter, *http.Request) {
		inside.Add(1)
		<-gate
	})
	var crowd sync.WaitGroup
	for range 12 {
		crowd.Go(func() {
			_, err := w.ask(context.Background(), http.MethodPost, "/", "", nil)
			assert.NoError(t, err)
		})
	}
	require.Eventually(t, func() bool { return inside.Load() == 4 }, 10*time.Second, time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.ask(ctx, http.MethodPost, "/", "", nil)
	require.ErrorIs(t, err, context.Canceled, "waiting for a connection can be given up")
	assert.EqualValues(t, 4, inside.Load())
	close(gate)
	crowd.Wait()
	assert.EqualValues(t, 4, s.opened.Load())
}

// A proxy that closes what is idle must cost no order, least of all one that may not be repeated.
func TestWireNoticesClosedConnections(t *testing.T) {
	var asked atomic.Int64
	s, w := newHall(t, false, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		_, err := w.ask(t.Context(), method, "/", "", nil)
		require.NoError(t, err)
		s.drop(t)
		w.rested(2 * wireTrust)
		_, err = w.ask(t.Context(), method, "/", "", nil)
		require.NoError(t, err, method)
	}
	assert.EqualValues(t, 4, asked.Load())

	// Closed while it was trusted: what may be repeated is, what may not is an error.
	s.drop(t)
	w.rested(-time.Hour)
	_, err := w.ask(t.Context(), http.MethodDelete, "/", "", nil)
	require.NoError(t, err)
	s.drop(t)
	w.rested(-time.Hour)
	_, err = w.ask(t.Context(), http.MethodPost, "/", "", nil)
	require.Error(t, err)
	assert.EqualValues(t, 5, asked.Load())
}

func TestWireGivesUpWithItsContext(t *testing.T) {
	gate, slow, other := make(chan struct{}), make(chan string, 2), make(chan string, 1) // who has asked for what
	_, w := newHall(t, false, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow" {
			other <- r.RemoteAddr
			return
		}
		slow <- r.RemoteAddr
		<-gate
	})
	defer close(gate)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := w.ask(ctx, http.MethodGet, "/slow", "", nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var used []string
	select {
	case c := <-slow:
		used = append(used, c)
	default: // it did not get as far within its time
	}

	ctx, cancel = context.WithCancel(t.Context())
	var canceller sync.WaitGroup
	canceller.Go(func() {
		used = append(used, <-slow)
		cancel()
	})
	_, err = w.ask(ctx, http.MethodGet, "/slow", "", nil)
	require.ErrorIs(t, err, context.Canceled)
	canceller.Wait()

	_, err = w.ask(t.Context(), http.MethodGet, "/", "", nil)
	require.NoError(t, err)
	assert.NotContains(t, used, <-other, "a connection whose answer was not awaited is not used again")
}

func TestWireClosesIdleConnections(t *testing.T) {
	_, w := newHall(t, false, echo)
	_, err := w.ask(t.Context(), http.MethodGet, "/", "", nil)
	require.NoError(t, err)
	w.rested(idleConnLimit / 2)
	w.reapIdle()
	require.Len(t, w.idle, 1)
	w.rested(idleConnLimit / 2)
	w.reapIdle()
	assert.Empty(t, w.idle)
	assert.Nil(t, w.reap, "nothing is left to come for")
}
