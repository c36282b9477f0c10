package esl

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// The younger bridge's second leg sorts before its first.
const (
	callerLeg = core.LegID("0bbbbbbb-0000-4000-8000-00000000000c")
	agentLeg  = core.LegID("0aaaaaaa-0000-4000-8000-00000000000a")
)

// bridgedAt is an engine whose memory has a caller and an agent who have just been bridged, in a session with a fake switch. tell sends one of the switch's events.
func bridgedAt(t *testing.T, f *fakeSwitch) (e *Engine, tell func(event string, id core.LegID, headers ...string)) {
	t.Helper()
	e = talkers(t)
	e.cfg.EffectTimeout = 30 * time.Second // nothing here is about what a busy machine takes too long for
	p, err := connect(soon(t), pairConfig{link: f.config(), events: wantedEvents, log: quiet()})
	require.NoError(t, err)
	events := f.conn(t)
	f.conn(t)
	f.conn(t)
	ctx, cancel := context.WithCancel(t.Context())
	var crew sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		crew.Wait()
		p.close()
	})
	e.pair, e.spawn = p, func(f func(context.Context)) { crew.Go(func() { f(ctx) }) }
	crew.Go(func() { _ = e.pump(ctx, p, engine.SinkFunc(func(core.Fact) {})) })
	for _, l := range []*leg{{id: callerLeg}, {id: agentLeg, ours: true, phone: true, call: "c1"}} {
		l.told, l.parked, l.up = true, true, true
		e.table.legs[l.id] = l
	}
	bridgeNow(t, e, callerLeg, agentLeg)
	f.on("api uuid_dump", answers(`{"Channel-State":"CS_RESET","Channel-State-Number":"4"}`)) // on its way: what becomes of a leg its events tell, however late
	return e, func(name string, id core.LegID, headers ...string) {
		events.write(wireEvent(name, append([]string{"Unique-ID: " + string(id)}, headers...)...))
	}
}

func music(id core.LegID) core.SetMix {
	return core.SetMix{Mix: "m", Members: []core.Member{{Leg: id, Mode: core.Hold}}}
}

// TestTwoPart: a leg of a bridge is told where to go when it has parked, and nothing can undo the order any more; whichever moment the end of the other one chooses.
func TestTwoPart(t *testing.T) {
	const look, park, never = "api json", "api uuid_park", "never"
	for _, moment := range []string{look, park, never} {
		t.Run("the agent ends at "+moment, func(t *testing.T) {
			f := newFake(t)
			e, tell := bridgedAt(t, f)
			parked, gone := map[core.LegID]bool{}, false
			parks := func(id core.LegID) {
				if !parked[id] {
					parked[id] = true
					tell("CHANNEL_PARK", id, bridgeOver)
				}
			}
			on := func(match string, answer func() string) {
				f.on(match, func(c *fakeConn, command string) bool {
					if strings.HasPrefix(command, moment) {
						gone = true
						parks(callerLeg)
						tell("CHANNEL_HANGUP_COMPLETE", agentLeg, "Hangup-Cause: NORMAL_CLEARING")
					}
					if gone && strings.Contains(command, string(agentLeg)) {
						return c.write(aFrame(kindAnswer, "-ERR No such channel!\n"))
					}
					return c.write(aFrame(kindAnswer, answer()))
				})
			}
			on("api json", func() string { return `{"channel_data":{"flags":"0=1;1=1;9=1;43=1"}}` })
			on("api uuid_park "+string(callerLeg), func() string {
				parks(agentLeg)
				parks(callerLeg)
				return "+OK\n"
			})
			for _, id := range []core.LegID{callerLeg, agentLeg} {
				on("api uuid_transfer "+string(id), func() string {
					assert.True(t, parked[id], "%s is told something in a bridge, whose end undoes that", id)
					tell("PLAYBACK_START", id)
					return "+OK\n"
				})
			}
			require.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: music(callerLeg)}))
			seen := f.seen()
			assert.True(t, slices.ContainsFunc(seen, func(c string) bool {
				return strings.HasPrefix(c, "api uuid_transfer "+string(callerLeg)) && strings.Contains(c, musicStream)
			}), "the caller is in silence: %q", seen)
		})
	}
}

// TestHangWaitsForTheBridge: an order to hang up that comes while a bridge is made ends one leg, and not both.
func TestHangWaitsForTheBridge(t *testing.T) {
	f := newFake(t)
	e, tell := bridgedAt(t, f)
	bridged := make(chan struct{})
	f.on("api uuid_bridge", func(c *fakeConn, _ string) bool {
		go func() {
			defer close(bridged)
			assert.NoError(t, e.Do(soon(t), core.Effect{ID: 2, Do: core.Hang{Leg: legA}}))
		}()
		return c.write(aFrame(kindAnswer, "+OK\n"))
	})
	looks := 0
	f.on("api json", func(c *fakeConn, command string) bool {
		assert.Contains(t, command, legB)
		if looks++; looks == 1 {
			return c.write(aFrame(kindAnswer, `{"channel_data":{"flags":"0=1;1=1;19=1"}}`))
		}
		return c.write(aFrame(kindAnswer, `{"channel_data":{"flags":"0=1;1=1;9=1;19=1"}}`))
	})
	f.on("api uuid_kill", func(c *fakeConn, _ string) bool {
		assert.Equal(t, 2, looks, "killed while the bridge was made")
		return c.write(aFrame(kindAnswer, "+OK\n"))
	})
	require.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: core.SetMix{Mix: "m2", Members: member(core.Talk, legA, legB)}}))
	tell("CHANNEL_BRIDGE", legA, "Bridge-A-Unique-ID: "+string(legA), "Bridge-B-Unique-ID: "+string(legB))
	<-bridged
}
