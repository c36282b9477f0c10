package ari

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

func hangupRequest(id string, cause int, soft bool) event {
	return event{kind: "ChannelHangupRequest", channel: channel{ID: id, State: "Up"}, cause: cause, soft: soft}
}

// The far end's BYE ends an answered leg at once, with the cause that ChannelDestroyed would give; what is said of the leg later is not told.
func TestGoodbyeIsTheEndOfAnAnsweredLeg(t *testing.T) {
	const id = "1795231695.0"
	destroyed := func(cause int) event { return event{kind: "ChannelDestroyed", channel: channel{ID: id}, cause: cause} }
	for name, c := range map[string]struct {
		leg     leg
		request event
		late    event
	}{
		"a caller":                     {leg{up: true}, hangupRequest(id, 0, false), destroyed(16)},
		"a phone":                      {leg{up: true, ours: true, phone: true}, hangupRequest(id, 16, false), destroyed(16)},
		"a phone, with a reason":       {leg{up: true, ours: true, phone: true}, hangupRequest(id, 31, false), destroyed(31)},
		"a network":                    {leg{up: true}, hangupRequest(id, 38, false), destroyed(38)},
		"a phone that we hung up on":   {leg{up: true, ours: true, phone: true, asked: core.CauseNormal}, hangupRequest(id, 16, false), destroyed(16)},
		"a trunk where we were louder": {leg{up: true, ours: true, asked: core.CauseAnsweredElsewhere}, hangupRequest(id, 16, false), destroyed(26)},
	} {
		t.Run(name, func(t *testing.T) {
			e := testEngine(t)
			c.leg.id = id
			early, late := c.leg, c.leg
			e.table.legs[id] = &early
			told := e.translate(c.request)
			require.Len(t, told, 1)
			assert.Empty(t, e.translate(event{kind: "ChannelLeftBridge", channel: channel{ID: id}, bridge: "b"}))
			assert.Empty(t, e.translate(hangupRequest(id, 16, true)))
			assert.NotEmpty(t, e.table.leaving)
			assert.Empty(t, e.translate(c.late))
			assert.Empty(t, e.table.leaving, "the channel is gone")

			// The same, had the end been told by ChannelDestroyed.
			late.requested, late.request = true, c.request.cause
			want := late.release(c.late.cause, 0).cause()
			got, ok := told[0].(core.LegHungUp)
			require.True(t, ok)
			assert.Equal(t, want.Code, got.Cause.Code)
			assert.Equal(t, want.By, got.Cause.By)
		})
	}
}

// Before the answer, the causes of both events are needed; and what Asterisk itself asks for may still go on for a while.
func TestGoodbyeIsNoEndOtherwise(t *testing.T) {
	const id = "1795231695.0"
	for name, c := range map[string]struct {
		leg     leg
		request event
	}{
		"a phone that declines": {leg{ours: true, phone: true}, hangupRequest(id, 21, false)},
		"our own hang-up":       {leg{up: true, asked: core.CauseNormal}, hangupRequest(id, 32, true)},
		"no sound":              {leg{up: true}, hangupRequest(id, 1, true)},
		"Asterisk stops":        {leg{up: true}, hangupRequest(id, softShutdown, true)},
	} {
		t.Run(name, func(t *testing.T) {
			e := testEngine(t)
			c.leg.id = id
			e.table.legs[id] = &c.leg
			assert.Empty(t, e.translate(c.request))
			assert.Empty(t, e.table.leaving)
			assert.Len(t, e.translate(event{kind: "ChannelDestroyed", channel: channel{ID: id}, cause: 16}), 1)
		})
	}
}

// Asterisk that is being stopped tells its legs so one after the other. What becomes of the others meanwhile is the stop's doing as well.
func TestGoodbyesWhileAsteriskStops(t *testing.T) {
	const first, second, third = "1795231695.0", "1795231695.1", "1795231695.2"
	destroyed := func(id string) event { return event{kind: "ChannelDestroyed", channel: channel{ID: id}, cause: 16} }
	lost := core.Cause{Code: core.CauseEngine, By: core.ByNetwork, Q850: 16}
	newEngine := func(t *testing.T) *Engine {
		e := testEngine(t)
		for _, id := range []core.LegID{first, second, third} {
			e.table.legs[id] = &leg{id: id, up: true}
		}
		return e
	}
	t.Run("a far end notices something and hangs up", func(t *testing.T) {
		e := newEngine(t)
		require.Empty(t, e.translate(hangupRequest(first, softShutdown, true)))
		assert.Empty(t, e.translate(hangupRequest(second, 16, false)), "no goodbye of its own")
		assert.Empty(t, e.translate(hangupRequest(second, softShutdown, true)))
		assert.Equal(t, []core.Fact{core.LegHungUp{Leg: second, Cause: lost}}, e.translate(destroyed(second)))
		assert.Equal(t, []core.Fact{core.LegHungUp{Leg: third, Cause: lost}}, e.translate(destroyed(third)), "its own notice was not waited for")
	})
	t.Run("we give a leg up for those that ended before", func(t *testing.T) {
		f := newFake(t)
		e, got := f.running(t)
		nextOf[core.EngineUp](t, got)
		c := f.socket(t)
		send(t, c, arrival(first), arrival(second))
		nextOf[core.LegAppeared](t, got)
		nextOf[core.LegAppeared](t, got)
		send(t, c, `{"type":"ChannelHangupRequest","soft":true,"cause":4,"channel":{"id":"`+first+`"}}`,
			`{"type":"ChannelDestroyed","cause":16,"channel":{"id":"`+first+`"}}`)
		assert.Equal(t, core.LegHungUp{Leg: first, Cause: lost}, got.next(t))
		require.NoError(t, do(t, e, core.Hang{Leg: second, Cause: core.CauseNormal}))
		send(t, c, `{"type":"ChannelHangupRequest","soft":true,"cause":32,"channel":{"id":"`+second+`"}}`,
			`{"type":"ChannelDestroyed","cause":16,"channel":{"id":"`+second+`"}}`)
		assert.Equal(t, core.LegHungUp{Leg: second, Cause: lost}, got.next(t))
	})
	t.Run("an end that was under way", func(t *testing.T) {
		e := newEngine(t)
		e.table.legs[second].asked = core.CauseNormal
		e.table.legs[third].up = false
		require.Empty(t, e.translate(hangupRequest(third, 0, false)))
		require.Empty(t, e.translate(hangupRequest(first, softShutdown, true)))
		require.Empty(t, e.translate(hangupRequest(third, softShutdown, true)))
		ours, theirs := core.Cause{Code: core.CauseNormal, By: core.ByUs, Q850: 16}, core.Cause{Code: core.CauseNormal, By: core.ByThem, Q850: 16}
		assert.Equal(t, []core.Fact{core.LegHungUp{Leg: second, Cause: ours}}, e.translate(destroyed(second)))
		assert.Equal(t, []core.Fact{core.LegHungUp{Leg: third, Cause: theirs}}, e.translate(destroyed(third)))
	})
}

// Between its end and ChannelDestroyed a leg is in no look, and takes no orders.
func TestLeavingLegIsGone(t *testing.T) {
	const id, other = "1795231695.0", "1795231695.1"
	e := testEngine(t)
	e.table.legs[id] = &leg{id: id, up: true}
	require.Len(t, e.translate(hangupRequest(id, 0, false)), 1)
	look := func() *wholeView {
		return &wholeView{begun: time.Now(), snapshot: core.Snapshot{
			Legs:  []core.SeenLeg{{Leg: id, Up: true}, {Leg: other, Up: true}},
			Mixes: []core.SeenMix{{Mix: "m", Legs: []core.LegID{id, other}}},
		}}
	}
	v := look()
	e.table.withoutLeaving(v)
	assert.Equal(t, []core.SeenLeg{{Leg: other, Up: true}}, v.snapshot.Legs)
	assert.Equal(t, []core.LegID{other}, v.snapshot.Mixes[0].Legs)
	assert.Contains(t, e.table.leaving, core.LegID(id), "it is still there")

	e.up = true
	for _, a := range []core.Action{core.Hang{Leg: id}, core.Answer{Leg: id}, core.Play{Leg: id, Play: "p", Media: []string{"a"}}} {
		var refusal *engine.Refusal
		require.ErrorAs(t, e.Do(t.Context(), core.Effect{ID: 1, Do: a}), &refusal, a.Name())
		assert.Equal(t, core.WhyUnknown, refusal.Why, a.Name())
	}

	v = look()
	v.snapshot.Legs, v.snapshot.Mixes = v.snapshot.Legs[1:], nil
	e.table.withoutLeaving(v)
	assert.Empty(t, e.table.leaving, "a later look does not list it")
}

// Whoever picks up and puts down at once: the BYE (ChannelHangupRequest, from the channel's driver) is told before Asterisk's dialplan thread has come to Stasis(). The leg's
// end has been told by then, and is not told again.
func TestGoodbyeBeforeTheApplicationIsToldOnceC1(t *testing.T) {
	e := testEngine(t)
	e.expect("c1", core.Dial{Leg: ourLeg, To: core.Address{Phone: "1001"}})
	e.expected(ourLeg, true)
	in := place{Exten: "s", AppName: "Stasis", AppData: "tandem"}
	vars := map[string]string{callVariable: "c1", appVariable: "tandem"}
	var told []core.Fact
	for _, ev := range []event{
		{kind: "ChannelStateChange", channel: channel{ID: ourLeg, State: "Ringing"}},
		{kind: "ChannelStateChange", channel: channel{ID: ourLeg, State: "Up"}},
		{kind: "ChannelHangupRequest", channel: channel{ID: ourLeg, State: "Up"}, cause: 16},
		{kind: "StasisStart", channel: channel{ID: ourLeg, Name: "PJSIP/1001-1", State: "Up", Dialplan: in, Vars: vars}},
		{kind: "ChannelDestroyed", channel: channel{ID: ourLeg, State: "Up"}, cause: 16},
	} {
		told = append(told, e.translate(ev)...)
	}
	ends := 0
	for _, f := range told {
		if _, is := f.(core.LegHungUp); is {
			ends++
		}
	}
	assert.Equal(t, 1, ends, "%v", told)
	assert.Empty(t, e.table.leaving, "it is gone, and still noted as leaving")
}
