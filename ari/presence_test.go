package ari

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// saysPresent is how every word of our being there begins.
const saysPresent = "POST /ari/asterisk/variable?value="

// inAnHour is until when we are there, of an Asterisk whose clock stands at 1000.
const inAnHour = "4600"

// The dialplan hands calls over until a moment of Asterisk's own clock, which is moved on while the session lasts (N17). It is said before everything is looked at: who is not handed over would
// not be seen.
func TestPresenceIsSaidByAsterisksClock(t *testing.T) {
	f := newFake(t)
	_, got := f.running(t, func(c *Config) { c.App, c.Presence = "tandem-west", time.Second })
	nextOf[core.EngineUp](t, got)
	all := f.seen("")
	said := strings.Index(strings.Join(all, "\n"), "value=1001&variable=TANDEM_HERE_UNTIL_tandem_west")
	looked := strings.Index(strings.Join(all, "\n"), "GET /ari/channels")
	require.Positive(t, said, "%v", all)
	assert.Less(t, said, looked)

	f.mu.Lock()
	f.variables["EPOCH"] = "2000"
	f.mu.Unlock()
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.variables["TANDEM_HERE_UNTIL_tandem_west"] == "2001"
	}, 10*time.Second, time.Millisecond)
}

// A word that does not come through is said again, and the session goes on.
func TestPresenceThatCannotBeSaidEndsNoSession(t *testing.T) {
	f := newFake(t)
	_, got := f.running(t, func(c *Config) { c.Presence = time.Second })
	nextOf[core.EngineUp](t, got)
	f.forget()
	f.on("POST /ari/asterisk/variable", text(http.StatusServiceUnavailable, `{"message":"busy"}`))
	require.Eventually(t, func() bool { return f.count(saysPresent) >= 3 }, 10*time.Second, time.Millisecond)
	send(t, f.socket(t), arrival("1.1"))
	for {
		fact := got.next(t)
		require.NotEqual(t, core.EngineDown{Engine: "a1"}, fact)
		if _, ok := fact.(core.LegAppeared); ok {
			return
		}
	}
}

// An Asterisk without a clock is not connected to, and nothing is written there that its dialplan cannot read.
func TestPresenceNeedsAClock(t *testing.T) {
	f := newFake(t)
	f.variables["EPOCH"] = "soon"
	refused := 0
	f.on("GET /ari/asterisk/variable?variable=EPOCH", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if refused++; refused == 3 {
			f.variables["EPOCH"] = "1000"
		}
		text(200, `{"value":"`+f.variables["EPOCH"]+`"}`)(w, r)
	})
	_, got := f.running(t)
	nextOf[core.EngineUp](t, got)
	f.mu.Lock()
	defer f.mu.Unlock()
	assert.Equal(t, 3, refused)
	assert.Equal(t, inAnHour, f.variables["TANDEM_HERE_UNTIL_tandem"])
}

// It is said for as long as the session lasts: before everything has been looked at, too, and before the phones are known.
func TestPresenceIsSaidWhileEverythingIsLookedAt(t *testing.T) {
	for what, slow := range map[string]string{"the look": "GET /ari/bridges", "the phones": "GET /ari/endpoints/PJSIP"} {
		t.Run(what, func(t *testing.T) {
			f := newFake(t)
			release := make(chan struct{})
			f.on(slow, func(w http.ResponseWriter, r *http.Request) {
				<-release
				text(200, `[]`)(w, r)
			})
			f.running(t, func(c *Config) { c.Presence = time.Second })
			t.Cleanup(func() { close(release) })
			require.Eventually(t, func() bool { return f.count(slow) > 0 }, 10*time.Second, time.Millisecond)
			f.forget()
			require.Eventually(t, func() bool { return f.count(saysPresent) > 0 }, 5*time.Second, time.Millisecond)
		})
	}
}

// Where a look has failed, the next one comes first: as long as looks fail, who calls gets the fallback and no silence.
func TestPresenceIsNotSaidForLooksThatFail(t *testing.T) {
	f := newFake(t)
	f.on("GET /ari/bridges", text(http.StatusServiceUnavailable, `{"message":"busy"}`))
	_, got := f.running(t)
	require.Eventually(t, func() bool { return f.count("GET /ari/bridges") >= 3 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, 1, f.count(saysPresent+inAnHour+"&variable=TANDEM_HERE"))
	f.forget()
	f.on("GET /ari/bridges", text(200, `[]`))
	nextOf[core.EngineUp](t, got)
	all := strings.Join(f.seen(""), "\n")
	assert.Greater(t, strings.LastIndex(all, saysPresent+inAnHour+"&variable=TANDEM_HERE"), strings.LastIndex(all, "GET /ari/bridges"))
}

// One answer that never comes does not make the dialplan believe that we are gone.
func TestPresenceIsSaidAgainBeforeItIsOver(t *testing.T) {
	f := newFake(t)
	_, got := f.running(t, func(c *Config) { c.Presence = time.Second })
	nextOf[core.EngineUp](t, got)
	var asked atomic.Int32
	hangs := make(chan struct{})
	f.on("GET /ari/asterisk/variable?variable=EPOCH", func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			f.forget() // what was said before
			close(hangs)
			<-r.Context().Done()
			return
		}
		text(200, `{"value":"1000"}`)(w, r)
	})
	<-hangs
	require.Eventually(t, func() bool { return f.count(saysPresent) > 0 }, 10*time.Second, time.Millisecond, "until the effects' time limit nothing was said")
}

// Who leaves in good order takes the word back: it would hold against a Tandem of before it was invented, to which somebody goes back. But not where Asterisk goes on handing calls over: because another
// Tandem has connected, or because it has not noticed our end.
func TestPresenceIsTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		application http.HandlerFunc
		leave       time.Duration
		said        string
	}{
		"noticed":     {text(404, `{"message":"Application not found"}`), time.Minute, ""},
		"not noticed": {text(200, `{"name":"tandem"}`), leavingTime, inAnHour},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.on("GET /ari/applications/tandem", c.application)
			e, err := New(f.config())
			require.NoError(t, err)
			e.leave = c.leave
			got := &facts{all: make(chan core.Fact, 100)}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- e.Run(ctx, got) }()
			nextOf[core.EngineUp](t, got)
			assert.Equal(t, inAnHour, f.variables["TANDEM_HERE_UNTIL_tandem"])
			cancel()
			require.NoError(t, <-done)
			assert.Equal(t, c.said, f.variables["TANDEM_HERE_UNTIL_tandem"])
		})
	}
}

// Who is stopped before everything has been looked at, or between two connections, takes it back as well.
func TestPresenceIsTakenBackWhereverItEnds(t *testing.T) {
	for name, at := range map[string]http.HandlerFunc{
		"during the look": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"between two":     text(http.StatusServiceUnavailable, `{"message":"busy"}`),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.on("GET /ari/applications/tandem", text(404, `{"message":"Application not found"}`))
			f.on("GET /ari/bridges", at)
			e, err := New(f.config())
			require.NoError(t, err)
			e.leave = time.Minute
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- e.Run(ctx, &facts{all: make(chan core.Fact, 100)}) }()
			require.Eventually(t, func() bool { return f.count("GET /ari/bridges") > 0 }, 10*time.Second, time.Millisecond)
			cancel()
			require.NoError(t, <-done)
			assert.Empty(t, f.variables["TANDEM_HERE_UNTIL_tandem"])
		})
	}
}
