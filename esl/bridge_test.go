package esl

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

const (
	legB = core.LegID("0aaaaaaa-0000-4000-8000-000000000002")
	legC = core.LegID("0aaaaaaa-0000-4000-8000-000000000003")
)

// talkers makes legs that stand in silence: A has called, B was called at a desk, C outside.
func talkers(t *testing.T) *Engine {
	e := deafEngine(t)
	for _, l := range []*leg{{id: legA}, {id: legB, ours: true, phone: true, call: "c1"}, {id: legC, ours: true, call: "c1"}} {
		l.told, l.parked, l.up = true, true, true
		e.table.legs[l.id] = l
	}
	return e
}

func member(mode core.Mode, ids ...core.LegID) (list []core.Member) {
	for _, id := range ids {
		list = append(list, core.Member{Leg: id, Mode: mode})
	}
	return list
}

func planned(t *testing.T, e *Engine, members ...core.Member) plan {
	t.Helper()
	a := core.SetMix{Mix: "m", Members: members}
	_, err := e.claim(a)
	require.NoError(t, err)
	return e.planMix(a)
}

// bridgeNow notes a bridge as an order would, and feeds the event of its beginning.
func bridgeNow(t *testing.T, e *Engine, first, second core.LegID) {
	t.Helper()
	for id, other := range map[core.LegID]core.LegID{first: second, second: first} {
		l := e.table.legs[id]
		l.owner, l.stay = "m", stay{mix: "m", with: other}
		l.moving = newMove(l.stay)
	}
	ev := legEvent("CHANNEL_BRIDGE", first, "Bridge-A-Unique-ID: "+string(first), "Bridge-B-Unique-ID: "+string(second))
	assert.Equal(t, []core.Fact{core.MixJoined{Mix: "m", Leg: first}, core.MixJoined{Mix: "m", Leg: second}}, e.translate(ev))
	assert.Nil(t, e.table.legs[first].moving)
	assert.Nil(t, e.table.legs[second].moving)
}

// TestFormOfAMix: two who talk and come from nowhere are bridged, whoever else is on hold. Everything else is a conference, and stays one.
func TestFormOfAMix(t *testing.T) {
	e := talkers(t)
	assert.Equal(t, []core.LegID{legA, legB}, planned(t, e, member(core.Talk, legB, legA)...).bridge, "who has called comes first")
	assert.Equal(t, []core.LegID{legC, legB}, planned(t, e, member(core.Talk, legB, legC)...).bridge, "and otherwise who was called outside")
	p := planned(t, e, append(member(core.Talk, legA, legB), member(core.Hold, legC)...)...)
	assert.Equal(t, []core.LegID{legA, legB}, p.bridge)
	assert.Equal(t, map[core.LegID]stay{legC: {music: true}}, p.leave)
	for what, p := range map[string]plan{
		"alone": planned(t, e, member(core.Talk, legA)...), "three": planned(t, e, member(core.Talk, legA, legB, legC)...),
		"muted": planned(t, e, append(member(core.Talk, legA), member(core.Mute, legB)...)...),
	} {
		assert.Empty(t, p.bridge, what)
		assert.NotEmpty(t, p.join, what)
	}
	assert.Empty(t, e.planMix(core.SetMix{Mix: "m", Members: member(core.Talk, legA, legB), Recorded: true}).bridge, "it is to be recorded")
	e.table.recordings["r"] = &recording{mix: "m"}
	assert.Empty(t, planned(t, e, member(core.Talk, legA, legB)...).bridge, "a recording is a conference's")
	delete(e.table.recordings, "r")
	e.table.legs[legA].stay, e.table.legs[legA].inside = stay{mix: "m"}, "m"
	assert.Empty(t, planned(t, e, member(core.Talk, legA, legB)...).bridge, "it is one already")
	e.table.legs[legA].stay, e.table.legs[legA].inside = stay{unknown: true}, ""
	assert.Empty(t, planned(t, e, member(core.Talk, legA, legB)...).bridge, "nobody knows what it does")
}

// TestPlanOfABridge: one that stands is left alone; when it no longer will do, both are moved.
func TestPlanOfABridge(t *testing.T) {
	e := talkers(t)
	bridgeNow(t, e, legA, legB)
	p := planned(t, e, member(core.Talk, legB, legA)...)
	assert.True(t, p.empty())
	p = planned(t, e, member(core.Talk, legA, legB, legC)...)
	assert.Equal(t, map[core.LegID]stay{legA: {mix: "m"}, legB: {mix: "m"}, legC: {mix: "m"}}, p.join)
	p = planned(t, e, append(member(core.Hold, legA), member(core.Talk, legB)...)...)
	assert.Equal(t, map[core.LegID]stay{legA: {music: true}}, p.leave)
	assert.Equal(t, map[core.LegID]stay{legB: {mix: "m"}}, p.join)
	assert.Equal(t, []core.LegID{legA, legB}, e.bridged("m"))

	for _, id := range []core.LegID{legA, legB} {
		e.table.legs[id].stay, e.table.legs[id].bridged, e.table.legs[id].inside = stay{}, "", ""
	}
	for who, two := range map[string][]core.LegID{"each other": {legA, legB}, "somebody else": {legB, legC}} {
		assert.Empty(t, planned(t, e, member(core.Talk, two...)...).bridge, "they have been bridged before: now they meet %s in a conference", who)
	}
}

// bridgeOver is what a leg says when it parks because its bridge is over.
const bridgeOver = "Channel-State: " + parkedState

// inProgram is what it says when it parks at a program's end, or in the middle of one.
func inProgram(mark string) []string {
	return []string{"Channel-State: " + programState, "variable_current_application: park", "variable_current_application_data: " + mark}
}

// TestParkingInPassing: FreeSWITCH takes a moment between making a leg leave its music and saying what it does next. The leg parks meanwhile, and says so: it is neither the end of the
// bridge that is being made, nor the beginning of what it was told. With 50 ms put in between every caller from the hold music does.
func TestParkingInPassing(t *testing.T) {
	e := talkers(t)
	require.True(t, e.meet("m", legA, legB))
	assert.Empty(t, feed(e, legEvent("CHANNEL_PARK", legA, inProgram("")...)))
	a := e.table.legs[legA]
	require.NotNil(t, a.moving, "the bridge is still being made: to be hung up on now would end both")
	bridge := legEvent("CHANNEL_BRIDGE", legA, "Bridge-A-Unique-ID: "+string(legA), "Bridge-B-Unique-ID: "+string(legB))
	assert.Equal(t, []string{"mix.joined", "mix.joined"}, feed(e, bridge))
	assert.Equal(t, stay{mix: "m", with: legB}, a.stay)
	assert.Nil(t, a.moving)

	// Of two orders in quick succession the second may get lost.
	for what, to := range map[string]stay{"music": {music: true, class: "calm"}, "a conference": {mix: "m"}, "silence": {}} {
		a := talkers(t).table.legs[legA]
		a.moving = newMove(to)
		a.stands(legEvent("CHANNEL_PARK", legA, inProgram("")...))
		assert.NotNil(t, a.moving, "told %s", what)
	}
	a = talkers(t).table.legs[legA]
	a.moving = newMove(stay{})
	a.stands(legEvent("CHANNEL_PARK", legA, inProgram(silenceMark)...))
	assert.Nil(t, a.moving)

	// A bridge that is not made, because the other one has ended.
	e = talkers(t)
	require.True(t, e.meet("m", legA, legB))
	feed(e, legEvent("CHANNEL_PARK", legA, bridgeOver))
	assert.Equal(t, stay{}, e.table.legs[legA].stay)
	assert.Nil(t, e.table.legs[legA].moving)
}

// TestEndOfABridge: the one who outlives it parks, and is in no mix then.
func TestEndOfABridge(t *testing.T) {
	e := talkers(t)
	bridgeNow(t, e, legA, legB)
	assert.Equal(t, []string{"mix.left", "leg.hungup"}, feed(e, legEvent("CHANNEL_HANGUP_COMPLETE", legB, "Hangup-Cause: NORMAL_CLEARING")))
	a := e.table.legs[legA]
	assert.Equal(t, stay{}, a.stay)
	require.NotNil(t, a.moving, "it has not parked yet, and nothing may be ordered until it has")
	assert.Equal(t, []string{"mix.left"}, feed(e, legEvent("CHANNEL_PARK", legA, bridgeOver)))
	assert.Nil(t, a.moving)

	e = talkers(t)
	bridgeNow(t, e, legA, legB)
	assert.Equal(t, []string{"mix.left", "mix.left", "leg.hungup"}, feed(e, legEvent("CHANNEL_PARK", legA, bridgeOver),
		legEvent("CHANNEL_HANGUP_COMPLETE", legB, "Hangup-Cause: NORMAL_CLEARING")), "it may park before the other's end is told")
	assert.Nil(t, e.table.legs[legA].moving)
}

// TestBridgesThatAreFound: each leg names the other, and one of them the mix, or their call does.
func TestBridgesThatAreFound(t *testing.T) {
	found := func(a, b foundLeg) *wholeView {
		v := &wholeView{legs: map[core.LegID]foundLeg{legA: a, legB: b}}
		v.bridges()
		return v
	}
	v := found(foundLeg{with: legB}, foundLeg{with: legA, call: "c1"})
	assert.Equal(t, []core.SeenMix{{Mix: "c1", Legs: []core.LegID{legA, legB}}}, v.snapshot.Mixes)
	assert.Equal(t, stay{mix: "c1", with: legB}, v.legs[legA].stay)
	v = found(foundLeg{with: legB, call: "c1", mix: "side"}, foundLeg{with: legA, call: "c1"})
	assert.Equal(t, core.MixID("side"), v.snapshot.Mixes[0].Mix)
	assert.Empty(t, found(foundLeg{with: legB, call: "c1"}, foundLeg{call: "c1"}).snapshot.Mixes, "it is over for one of them")
	v = found(foundLeg{with: legB}, foundLeg{with: legA})
	assert.Empty(t, v.snapshot.Mixes)
	assert.True(t, v.legs[legA].stay.unknown, "somebody else's")
}
