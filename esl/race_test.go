package esl

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// moves lists the orders that tell legs where to go.
func moves(f *fakeSwitch) (list []string) {
	for _, c := range f.seen() {
		for _, verb := range []string{"api uuid_transfer", "api uuid_park", "api uuid_bridge"} {
			if strings.HasPrefix(c, verb) {
				list = append(list, c)
			}
		}
	}
	return list
}

// bridges answers the order to bridge, and tells at once that it has begun.
func bridges(f *fakeSwitch, tell func(string, core.LegID, ...string)) {
	f.on("api uuid_bridge", func(c *fakeConn, _ string) bool {
		tell("CHANNEL_BRIDGE", legA, "Bridge-A-Unique-ID: "+string(legA), "Bridge-B-Unique-ID: "+string(legB))
		return c.write(aFrame(kindAnswer, "+OK\n"))
	})
}

// TestPromptEndsWhileTheAgentComes: what was to follow a caller's prompt is overtaken when an agent has come meanwhile: it must not take the caller away from them again (C9).
func TestPromptEndsWhileTheAgentComes(t *testing.T) {
	for what, prepare := range map[string]func(*leg){
		"another prompt waits": func(l *leg) { l.prompts = append(l.prompts, prompt{play: "p2", files: []string{"/s/b.wav"}}) },
		"music was asked for":  func(l *leg) { l.stay, l.moved = stay{music: true}, true },
	} {
		t.Run(what, func(t *testing.T) {
			f := newFake(t)
			e, tell := bridgedAt(t, f)
			bridges(f, tell)
			// The prompt's end is told, and what follows it has not had its turn yet.
			var follows func(context.Context)
			spawn := e.spawn
			e.mu.Lock()
			e.spawn = func(f func(context.Context)) { follows = f }
			l := e.table.legs[legA]
			l.prompts = []prompt{{play: "p1", files: []string{"/s/a.wav"}}}
			prepare(l)
			assert.Equal(t, []core.Fact{core.Played{Leg: legA, Play: "p1"}}, e.promptOver(l, "p1"))
			e.spawn = spawn
			e.mu.Unlock()
			require.NotNil(t, follows)

			require.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: core.SetMix{Mix: "m2", Members: member(core.Talk, legA, legB)}}))
			before := moves(f)
			require.Len(t, before, 1)
			follows(t.Context())
			assert.Equal(t, before, moves(f), "the caller is taken away from the agent")
		})
	}
}

// TestPlayWaitsForABridge: a prompt that was ordered before two were bridged, and has its turn after that, finds a bridge all the same: the other one is not left in silence.
func TestPlayWaitsForABridge(t *testing.T) {
	f := newFake(t)
	e, tell := bridgedAt(t, f)
	e.place.sounds = "/s"
	bridges(f, tell)
	f.on("api uuid_park", func(c *fakeConn, _ string) bool {
		tell("CHANNEL_PARK", legA, bridgeOver)
		tell("CHANNEL_PARK", legB, bridgeOver)
		return c.write(aFrame(kindAnswer, "+OK\n"))
	})
	for _, id := range []core.LegID{legA, legB} {
		f.on("api uuid_transfer "+string(id), func(c *fakeConn, command string) bool {
			if strings.Contains(command, "conference:") && !strings.Contains(command, "playback:") {
				tell("CUSTOM", id, "Event-Subclass: "+conferenceEvent, "Conference-Name: tandem-m2", "Action: add-member", "Member-ID: 1")
			}
			return c.write(aFrame(kindAnswer, "+OK\n"))
		})
	}
	unlock, err := e.locks.Lock(t.Context(), "leg:"+string(legA))
	require.NoError(t, err)
	played := make(chan error, 1)
	go func() {
		played <- e.Do(soon(t), core.Effect{ID: 2, Do: core.Play{Leg: legA, Play: "p1", Media: []string{"a"}}})
	}()
	awaitLock(t)
	require.NoError(t, e.bridge(t.Context(), e.connected(), "m2", legA, legB))
	require.NoError(t, e.settled(t.Context(), legA))
	unlock()
	require.NoError(t, <-played)
	e.mu.Lock()
	defer e.mu.Unlock()
	assert.Equal(t, stay{mix: "m2"}, e.table.legs[legB].stay, "the agent is in silence, and nobody knows: %q", moves(f))
	assert.Equal(t, stay{mix: "m2"}, e.table.legs[legA].stay)
}

// TestMusicInAMoment: a call that has just arrived waits for its music for a moment, in which an agent may answer. Then there is none; and without one it begins.
func TestMusicInAMoment(t *testing.T) {
	for what, answered := range map[string]bool{"an agent answers at once": true, "nobody answers": false} {
		t.Run(what, func(t *testing.T) {
			f := newFake(t)
			e, tell := bridgedAt(t, f)
			bridges(f, tell)
			e.mu.Lock()
			e.table.legs[legA].fresh = true
			var follows func(context.Context)
			spawn := e.spawn
			e.spawn = func(f func(context.Context)) { follows = f }
			e.mu.Unlock()
			require.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: core.SetMix{Mix: "m2", Members: member(core.Hold, legA)}}))
			e.mu.Lock()
			e.spawn = spawn
			e.mu.Unlock()
			require.NotNil(t, follows)
			assert.Empty(t, moves(f))

			want := "api uuid_transfer " + string(legA) + " m:^:playback:local_stream://default^park: inline"
			if answered {
				want = "api uuid_bridge " + string(legA) + " " + string(legB)
				require.NoError(t, e.Do(soon(t), core.Effect{ID: 2, Do: core.SetMix{Mix: "m2", Members: member(core.Talk, legA, legB)}}))
			}
			follows(soon(t))
			assert.Equal(t, []string{want}, moves(f))
		})
	}
}

// awaitLock waits until an order to play waits for a lock.
func awaitLock(t *testing.T) {
	t.Helper()
	for buf := make([]byte, 1<<20); ; runtime.Gosched() {
		for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(g, "[select") && strings.Contains(g, "adapter.(*Locks).Lock(") && strings.Contains(g, "esl.(*Engine).play(") {
				return
			}
		}
		require.NoError(t, t.Context().Err())
	}
}

// TestBridgeOfTheSessionBefore: a bridge that was ordered before the connection was lost, and begins after everything was looked at, is known: it is not made once more.
func TestBridgeOfTheSessionBefore(t *testing.T) {
	e := talkers(t)
	e.table.legs[legA].stay = stay{music: true}
	ev := legEvent("CHANNEL_BRIDGE", legA, "Bridge-A-Unique-ID: "+string(legA), "Bridge-B-Unique-ID: "+string(legB))
	assert.Equal(t, []core.Fact{core.MixJoined{Mix: "c1", Leg: legA}, core.MixJoined{Mix: "c1", Leg: legB}}, e.translate(ev))
	a := core.SetMix{Mix: "c1", Members: member(core.Talk, legA, legB)}
	_, err := e.claim(a)
	require.NoError(t, err)
	p := e.planMix(a)
	assert.True(t, p.empty(), "%+v", p)

	// One that nobody of us can have made is no mix: somebody transferred with a phone's own keys.
	e = talkers(t)
	e.table.legs[legA].stay, e.table.legs[legA].inside = stay{mix: "c0"}, "c0"
	assert.Empty(t, e.translate(ev))
	e = talkers(t)
	e.table.legs[legB].call = ""
	assert.Empty(t, e.translate(ev))
}
