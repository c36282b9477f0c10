package ari

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

const (
	ourLeg   = "11111111-1111-4111-8111-111111111111"
	otherLeg = "22222222-2222-4222-8222-222222222222"
	aMix     = "33333333-3333-4333-8333-333333333333"
	aRec     = "44444444-4444-4444-8444-444444444444"
)

func arrival(id string) string {
	return `{"type":"StasisStart","application":"tandem","args":["trunk"],"channel":{"id":"` + id +
		`","name":"PJSIP/carrier-01","state":"Ring","caller":{"name":"Ann","number":"4930"},"dialplan":{"exten":"4940","app_name":"Stasis","app_data":"tandem,trunk"}}}`
}

func ended(id string) string {
	return `{"type":"ChannelDestroyed","cause":16,"channel":{"id":"` + id + `"}}`
}

func listed(id, vars string) string {
	return `{"id":"` + id + `","name":"PJSIP/x-1","state":"Up","dialplan":{"exten":"4940","app_name":"Stasis","app_data":"tandem"},"channelvars":{` + vars + `}}`
}

func TestSessionBeginsWithASnapshot(t *testing.T) {
	f := newFake(t)
	f.on("GET /ari/channels", text(200, `[`+listed(ourLeg, `"TANDEM_CALL":"c1","TANDEM_APP":"tandem"`)+`,`+listed("1.2", ``)+
		`,{"id":"9.9","name":"PJSIP/y-2","state":"Up","dialplan":{"app_name":"Dial","app_data":"PJSIP/1"}},{"id":"8.8","name":"Recorder/ARI-1;1","state":"Up"}]`))
	f.on("GET /ari/bridges", text(200, `[{"id":"`+aMix+`","name":"tandem","channels":["`+ourLeg+`","1.2"]},{"id":"foreign","name":"","channels":[]}]`))
	f.on("GET /ari/bridges/"+aMix+"/variable", text(200, `{"value":"`+aRec+`"}`))
	f.on("GET /ari/recordings/live/"+aRec, text(200, `{"name":"`+aRec+`","state":"paused"}`))
	f.on("GET /ari/endpoints/PJSIP", text(200, `[{"technology":"PJSIP","resource":"1001","state":"online"},{"technology":"PJSIP","resource":"1002","state":"offline"}]`))
	e, got := f.running(t)
	up := nextOf[core.EngineUp](t, got)
	assert.Equal(t, core.Snapshot{
		Legs: []core.SeenLeg{
			{Leg: "1.2", Up: true, To: "4940"},
			{Leg: ourLeg, Ours: true, Call: "c1", Up: true},
		},
		Mixes:      []core.SeenMix{{Mix: aMix, Legs: []core.LegID{"1.2", ourLeg}}},
		Recordings: []core.SeenRecording{{Recording: aRec, Paused: true}},
	}, up.Snapshot, "neither the dialplan's calls nor Asterisk's helpers are legs")
	assert.False(t, up.Restarted, "our legs are there, whatever became of the variable")
	assert.Equal(t, core.PhoneChanged{Engine: "a1", Phone: "1001", Reachable: true}, got.next(t))
	assert.Equal(t, core.PhoneChanged{Engine: "a1", Phone: "1002"}, got.next(t))
	assert.Equal(t, engine.Capabilities{Kind: "asterisk", Version: "22.0-fake"}, e.Capabilities())
}

// Two installations can share a switch, each with an application of its own. What the other has dialled carries our variables too; listed as ours it
// would be an orphan, and hung up in mid-conversation.
func TestLegsOfAnotherInstallationAreNotOurs(t *testing.T) {
	f := newFake(t)
	theirs := strings.Replace(listed("22222222-2222-4222-8222-222222222222", `"TANDEM_CALL":"c9","TANDEM_APP":"tandem-west"`),
		`"app_data":"tandem"`, `"app_data":"tandem-west"`, 1)
	ringing := strings.Replace(listed(ourLeg, `"TANDEM_CALL":"c1","TANDEM_APP":"tandem"`), `"state":"Up","dialplan":{"exten":"4940","app_name":"Stasis","app_data":"tandem"`, `"state":"Ringing","dialplan":{"exten":"","app_name":"","app_data":""`, 1)
	f.on("GET /ari/channels", text(200, `[`+theirs+`,`+ringing+`]`))
	_, got := f.running(t)
	up := nextOf[core.EngineUp](t, got)
	assert.Equal(t, []core.SeenLeg{{Leg: ourLeg, Ours: true, Call: "c1", Ringing: true}}, up.Snapshot.Legs)
}

func TestFactsKeepOrderAndNothingComesTwice(t *testing.T) {
	f := newFake(t)
	_, got := f.running(t)
	nextOf[core.EngineUp](t, got)
	send(t, f.socket(t), ended("1.1"), arrival("1.1"), arrival("1.1"), `{"type":"SomethingNew","channel":{"id":"1.1"}}`, `not JSON`,
		`{"type":"ChannelStateChange","timestamp":null,"channel":{"id":"1.1","state":"Up"}}`,
		`{"type":"ChannelStateChange","channel":{"id":"1.1","state":"Up"}}`, ended("1.1"), ended("1.1"), arrival("1.2"))
	assert.Equal(t, core.LegAppeared{Engine: "a1", Leg: "1.1", From: "4930", Name: "Ann", To: "4940"}, got.next(t))
	assert.Equal(t, core.LegAnswered{Leg: "1.1"}, got.next(t))
	assert.Equal(t, core.LegID("1.1"), nextOf[core.LegHungUp](t, got).Leg)
	assert.Equal(t, core.LegID("1.2"), nextOf[core.LegAppeared](t, got).Leg)
}

// TestReconnectsAfter: what ends a session, and that the next one begins by itself.
func TestReconnectsAfter(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, c *websocket.Conn){
		"a closed connection": func(_ *testing.T, c *websocket.Conn) { _ = c.CloseNow() },
		"another client that takes the application over": func(t *testing.T, c *websocket.Conn) {
			send(t, c, `{"type":"ApplicationReplaced","application":"tandem"}`)
		},
		"a frame that is too large": func(t *testing.T, c *websocket.Conn) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			// The client may hang up before all of it is written.
			_ = c.Write(ctx, websocket.MessageText, []byte(`{"type":"`+strings.Repeat("x", maxFrame)+`"}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			_, got := f.running(t)
			assert.True(t, nextOf[core.EngineUp](t, got).Restarted, "never met before")
			c := f.socket(t)
			send(t, c, arrival("1.1"))
			nextOf[core.LegAppeared](t, got)
			lose(t, c)
			assert.Equal(t, core.EngineDown{Engine: "a1"}, got.next(t))
			up := nextOf[core.EngineUp](t, got)
			assert.False(t, up.Restarted, "the same Asterisk")
			// The leg is not in the snapshot: it is gone, and nothing more is told of it.
			send(t, f.socket(t), ended("1.1"), arrival("1.2"))
			assert.Equal(t, core.LegID("1.2"), nextOf[core.LegAppeared](t, got).Leg)
		})
	}
}

func TestHalfOpenConnectionIsNoticedByPing(t *testing.T) {
	f := newFake(t)
	f.deaf = 1
	_, got := f.running(t, func(c *Config) { c.PingEvery = 30 * time.Millisecond })
	nextOf[core.EngineUp](t, got)
	nextOf[core.EngineDown](t, got)
	nextOf[core.EngineUp](t, got)
}

// TestFloodIsAGap: more events than the queue holds, because the sink is slow, end the session; the next one's snapshot is the truth again.
func TestFloodIsAGap(t *testing.T) {
	f := newFake(t)
	e, err := New(f.config(func(c *Config) { c.QueueLimit = 10 }))
	require.NoError(t, err)
	gate, seen := make(chan struct{}), make(chan core.Fact, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	blocked := make(chan struct{}, 1)
	go func() {
		done <- e.Run(ctx, engine.SinkFunc(func(fact core.Fact) {
			if _, ok := fact.(core.LegAppeared); ok {
				select {
				case blocked <- struct{}{}:
				default:
				}
				<-gate
			}
			seen <- fact
		}))
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	got := &facts{all: seen}
	nextOf[core.EngineUp](t, got)
	c := f.socket(t)
	send(t, c, arrival("1.0"))
	<-blocked
	for i := range 100 {
		send(t, c, arrival(fmt.Sprintf("1.%d", i+1)))
	}
	require.Eventually(t, func() bool {
		e.mu.Lock()
		q := e.q
		e.mu.Unlock()
		return q.Err() != nil
	}, 10*time.Second, time.Millisecond)
	close(gate)
	nextOf[core.LegAppeared](t, got)
	nextOf[core.EngineDown](t, got)
	nextOf[core.EngineUp](t, got)
}

func TestRestartIsNoticedByStartTime(t *testing.T) {
	f := newFake(t)
	_, got := f.running(t)
	nextOf[core.EngineUp](t, got)
	f.mu.Lock()
	f.startup = "2026-11-22T00:00:00.000+0000"
	delete(f.variables, "TANDEM_BOOT_tandem")
	f.mu.Unlock()
	_ = f.socket(t).CloseNow()
	nextOf[core.EngineDown](t, got)
	assert.True(t, nextOf[core.EngineUp](t, got).Restarted)
}

func TestWrongPasswordIsTriedAgain(t *testing.T) {
	f := newFake(t)
	e, err := New(f.config(func(c *Config) { c.Password = "wrong" }))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	require.NoError(t, e.Run(ctx, engine.SinkFunc(func(fact core.Fact) { t.Errorf("told %+v", fact) })))
	err = e.Do(t.Context(), core.Effect{Do: core.Answer{Leg: "1.1"}})
	assert.Equal(t, core.WhyDown, whyIn(t, err))
}

func TestBeatTellsWhatIsSeenAndForgetsTheDead(t *testing.T) {
	f := newFake(t)
	e, got := f.running(t, func(c *Config) { c.Beat = 20 * time.Millisecond })
	nextOf[core.EngineUp](t, got)
	send(t, f.socket(t), arrival("1.1"))
	for appeared := false; !appeared; {
		_, appeared = got.next(t).(core.LegAppeared)
	}
	known := func() int {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.table.legs)
	}
	for by := time.Now().Add(10 * time.Second); known() > 0; { // two looks that began behind it: others may have been under way
		nextOf[core.EngineSeen](t, got)
		require.True(t, time.Now().Before(by), "listed by no look: it is gone")
	}
}

func TestAnHTMLPageInPlaceOfARIIsNoAnswer(t *testing.T) {
	f := newFake(t)
	var tries int
	f.on("GET /ari/channels", func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries < 3 {
			text(404, "<html>Not Found</html>")(w, r)
			return
		}
		text(200, `[]`)(w, r)
	})
	_, got := f.running(t)
	nextOf[core.EngineUp](t, got)
	assert.Equal(t, 3, tries)
}
