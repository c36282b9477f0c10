package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// TestBothSwitches puts an Asterisk and a FreeSWITCH under one Tandem, with callers and desk phones at both. Whoever calls at one is served at the other as if there
// were one switch: tones prove who hears whom, and what the far phone does is held against the agent as always (C3, C15, N6, Q4, Q11).
func TestBothSwitches(t *testing.T) {
	t.Parallel()
	s := newStack(t, production, 4, onBoth)
	s.addQueue("sales", salesNumber, 0, map[string]any{"busy_delay": 1})
	s.addQueue("brief", briefNumber, 0, map[string]any{"ring_time": 8})
	s.addQueue("taped", tapedNumber, 0, map[string]any{"record": true})
	everybody := []core.AgentID{}
	for _, d := range s.desks {
		everybody = append(everybody, d.agent)
	}
	s.add("entry-points", map[string]any{"id": "everybody", "tenant": "acme", "name": "everybody", "numbers": []string{groupNumber}, "users": everybody, "ring_time": 60})

	for i, x := range s.switches {
		b := &bridgehead{stack: s, at: x, far: s.desks[1-i]} // the phones are in turn at either
		require.NotSame(t, b.at, b.far.at)
		for _, p := range []struct {
			name string
			play func()
		}{
			{"the caller hangs up", b.callerHangsUp},
			{"the agent hangs up", b.agentHangsUp},
			{"the desktop ends the call", b.desktopEnds},
			{"hold and resume", b.holdAndResume},
			{"the recording has both", b.recording},
			{"the caller gives up", b.callerGivesUp},
			{"busy", b.busy},
			{"declined", b.declined},
			{"forwarded by the phone", b.redirects},
			{"no answer", b.noAnswer},
			{"not registered", b.notRegistered},
			{"ring-all", b.ringAll},
			{"the far switch is out of sight", b.farSwitchUnseen},
			{"Tandem is killed", b.killed},
		} {
			s.part(fmt.Sprintf("from %s to %s: %s", b.at.id, b.far.at.id, p.name), func() {
				p.play()
				s.emptied()
			})
		}
	}
}

// bridgehead is a switch at which callers arrive, and an agent whose phone is at the other.
type bridgehead struct {
	*stack
	at  *exchange
	far *seat
}

// part plays a part of a scenario as a subtest.
func (s *stack) part(name string, play func()) {
	s.t.Helper()
	whole := s.t
	whole.Run(name, func(t *testing.T) {
		s.t = t
		defer func() { s.t = whole }()
		play()
	})
}

// rung makes a customer call and the far phone ring for them.
func (b *bridgehead) rung(number string) (*caller, *softphone.Call) {
	b.t.Helper()
	c := b.dialIn(b.at, number)
	c.is(core.Waiting)
	b.set(b.far, core.Available)
	at := b.rings(b.far)
	require.Equal(b.t, c.number, at.Invite.From, "the number that the agent sees")
	return c, at
}

// connected makes a customer and the far agent talk to each other.
func (b *bridgehead) connected(number string) *talk {
	b.t.Helper()
	c, at := b.rung(number)
	b.answers(at)
	return b.talks(c, b.far, at)
}

// over holds that both ends of a conversation have ended, and that the agent owes nothing.
func (b *bridgehead) over(k *talk) {
	b.t.Helper()
	for who, c := range map[string]*softphone.Call{"the customer": k.caller.Call, "the agent": k.call} {
		_, err := c.AwaitEnd(b.soon())
		require.NoError(b.t, err, who)
	}
	a := b.is(b.far, core.Available)
	require.Empty(b.t, a.Call)
	require.Zero(b.t, a.Misses)
	b.rest()
}

// rest sends the agent out of the way of the next part.
func (b *bridgehead) rest() {
	b.t.Helper()
	b.far.phone.SetReaction(softphone.Ring)
	b.set(b.far, core.Idle)
	b.is(b.far, core.Idle)
	b.far.next.SkipToEnd()
}

func (b *bridgehead) callerHangsUp() {
	k := b.connected(salesNumber)
	k.unbroken()
	k.caller.hangUp()
	b.over(k)
}

func (b *bridgehead) agentHangsUp() {
	k := b.connected(salesNumber)
	k.unbroken()
	require.NoError(b.t, k.call.HangUp(b.soon()))
	b.over(k)
}

func (b *bridgehead) desktopEnds() {
	k := b.connected(salesNumber)
	k.caller.order(k.id, "end")
	b.over(k)
}

func (b *bridgehead) holdAndResume() {
	k := b.connected(salesNumber)
	for range 2 {
		k.caller.order(k.id, "hold")
		require.NoError(b.t, k.caller.Hears(b.soon(), music...), "the held customer")
		require.NoError(b.t, k.call.HearsSilence(b.soon()), "the agent")
		k.caller.order(k.id, "resume")
		require.NoError(b.t, k.caller.Hears(b.soon(), b.far.tone), "the customer")
		require.NoError(b.t, k.call.Hears(b.soon(), k.caller.tone), "the agent")
	}
	k.caller.hangUp()
	b.over(k)
}

func (b *bridgehead) recording() {
	k := b.connected(tapedNumber)
	k.caller.awaits("to be recorded", func(v core.CallView) bool { return v.Recording != nil && v.Recording.State == core.RecordingOn })
	for _, tone := range []float64{toneDuring, toneAfter} {
		k.caller.Say(softphone.ToneVoice(tone))
		require.NoError(b.t, k.call.Hears(b.soon(), tone))
	}
	k.caller.hangUp()
	b.over(k)
	b.isWhole(k)
}

func (b *bridgehead) callerGivesUp() {
	mark := len(b.board.State().Entries)
	c, at := b.rung(salesNumber)
	c.hangUp()
	e, err := at.AwaitEnd(b.soon())
	require.NoError(b.t, err)
	require.Equal(b.t, softphone.Cancelled, e.Kind)
	b.offerEnded(mark, core.OfferAbandoned)
	require.Zero(b.t, b.is(b.far, core.Available).Misses)
	b.rest()
}

// offerEnded waits for how the next offer since a mark ends.
func (b *bridgehead) offerEnded(mark int, want core.OfferOutcome) {
	b.t.Helper()
	e, err := b.board.AwaitEntry(b.soon(), mark, "the offer to end", func(e client.Entry) bool { return e.Kind == core.EntryOfferEnded })
	require.NoError(b.t, err)
	require.Equal(b.t, string(want), e.Reason)
	require.Equal(b.t, b.far.agent, e.Agent)
}

// refuses lets the far phone react to one call in its own way, and holds what became of the offer.
func (b *bridgehead) refuses(number string, reaction softphone.Reaction, want core.OfferOutcome) *caller {
	b.t.Helper()
	mark := len(b.board.State().Entries)
	b.far.phone.SetReaction(func(ctx context.Context, c *softphone.Call) {
		b.far.phone.SetReaction(softphone.Ring) // before it refuses: one that is busy is tried again by itself, in a second
		reaction(ctx, c)
	})
	c := b.dialIn(b.at, number)
	c.is(core.Waiting)
	b.set(b.far, core.Available)
	b.rings(b.far)
	b.offerEnded(mark, want)
	return c
}

// takenAtLast lets the customer, whose place was kept, be served by the agent after all.
func (b *bridgehead) takenAtLast(c *caller) {
	b.t.Helper()
	b.set(b.far, core.Available)
	k := b.talks(c, b.far, b.takes(b.far))
	c.hangUp()
	b.over(k)
}

func (b *bridgehead) busy() {
	c := b.refuses(salesNumber, softphone.Busy, core.OfferBusy)
	a := b.board.State().Agents[b.far.agent]
	require.Contains(b.t, []core.AgentState{core.Available, core.Reserved}, a.State, "tried again by itself, perhaps already")
	require.Zero(b.t, a.Misses, "not counted")
	b.takenAtLast(c)
}

func (b *bridgehead) declined() {
	c := b.refuses(salesNumber, softphone.Decline, core.OfferDeclined)
	require.Equal(b.t, core.ReasonDeclined, b.is(b.far, core.Idle).Reason)
	b.takenAtLast(c)
}

func (b *bridgehead) redirects() {
	c := b.refuses(salesNumber, softphone.RedirectTo("sip:1004@"+b.at.sip), core.OfferDeclined)
	require.Equal(b.t, core.ReasonDeclined, b.is(b.far, core.Idle).Reason)
	b.takenAtLast(c)
}

func (b *bridgehead) noAnswer() {
	c := b.refuses(briefNumber, softphone.Ring, core.OfferNoAnswer)
	b.is(b.far, core.RONA)
	b.takenAtLast(c)
}

// notRegistered: nothing is offered to a phone that its switch does not know.
func (b *bridgehead) notRegistered() {
	require.NoError(b.t, b.far.phone.Unregister(b.soon()))
	// The caller comes by another switch, whose news may be faster.
	_, err := b.board.Await(b.soon(), "the phone to be known to be away", func(st client.State) bool { return st.Agents[b.far.agent].PhoneDown })
	require.NoError(b.t, err)
	c := b.dialIn(b.at, salesNumber)
	v := c.is(core.Waiting)
	b.set(b.far, core.Available)
	b.keptBy(v.ID, core.GatePhone)
	require.NoError(b.t, b.far.phone.Register(b.soon()))
	k := b.talks(c, b.far, b.takes(b.far))
	c.hangUp()
	b.over(k)
}

// farSwitchUnseen: nothing is offered at a switch to which Tandem has no connection.
func (b *bridgehead) farSwitchUnseen() {
	b.far.at.link.Cut()
	_, err := b.board.Await(b.soon(), "the far switch to be away", func(st client.State) bool { return !st.Engines[b.far.at.id].Up })
	require.NoError(b.t, err)
	c := b.dialIn(b.at, salesNumber)
	v := c.is(core.Waiting)
	b.set(b.far, core.Available)
	b.keptBy(v.ID, core.GateEngine)
	b.far.at.link.Mend()
	k := b.talks(c, b.far, b.takes(b.far))
	c.hangUp()
	b.over(k)
}

// keptBy waits until a gate keeps the far agent from a call.
func (b *bridgehead) keptBy(call core.CallID, gate string) {
	b.t.Helper()
	b.eventually("the agent to be kept by "+gate, func() bool {
		var x core.Explanation
		require.NoError(b.t, b.api.Get(b.soon(), "/api/v1/calls/"+string(call)+"/explain", &x))
		for _, a := range x.Agents {
			if a.Agent == b.far.agent {
				return a.Gate == gate
			}
		}
		return false
	})
}

// ringAll rings phones at both switches; one at the far switch wins, and all others are told that they are too late.
func (b *bridgehead) ringAll() {
	for _, d := range b.desks {
		b.set(d, core.Available)
	}
	c := b.dialIn(b.at, groupNumber)
	calls := map[*seat]*softphone.Call{}
	for _, d := range b.desks {
		calls[d] = b.rings(d)
	}
	b.answers(calls[b.far])
	k := b.talks(c, b.far, calls[b.far])
	for d, at := range calls {
		if d == b.far {
			continue
		}
		e, err := at.AwaitEnd(b.soon())
		require.NoError(b.t, err, "%s", d.agent)
		require.True(b.t, e.AnsweredElsewhere(), "%s at %s was told %s", d.agent, d.at.id, e)
		require.Zero(b.t, b.is(d, core.Available).Misses)
		b.set(d, core.Idle)
		d.next.SkipToEnd()
	}
	k.unbroken()
	c.hangUp()
	b.over(k)
}

// killed ends Tandem without a word in mid-call: the two go on talking, and Tandem finds them again, at both switches.
func (b *bridgehead) killed() {
	k := b.connected(salesNumber)
	since := time.Now()
	b.proc.kill9()
	b.proc.start()
	b.linked(since)
	k.unbroken()
	k.caller.order(k.id, "hold")
	require.NoError(b.t, k.caller.Hears(b.soon(), music...), "the held customer")
	k.caller.order(k.id, "resume")
	b.talks(k.caller, b.far, k.call)
	k.caller.hangUp()
	b.over(k)
	b.mended(map[string]float64{})
}
