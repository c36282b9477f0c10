package esl

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// TestPrograms: whatever a leg is told, "park" is behind it, so that the leg outlives it.
func TestPrograms(t *testing.T) {
	e := deafEngine(t)
	p := &prompt{play: "p1", files: []string{"/s/tandem/a.wav", "/s/tandem/b.wav"}}
	for want, got := range map[string]argument{
		"m:^:park:silence":                                  e.program(stay{}, nil),
		"m:^:playback:local_stream://default^park:":         e.program(stay{music: true}, nil),
		"m:^:playback:local_stream://calm^park:":            e.program(stay{music: true, class: "calm"}, nil),
		"m:^:conference:tandem-m1@tandem^park:":             e.program(stay{mix: "m1"}, nil),
		"m:^:conference:tandem-m1@tandem+flags{mute}^park:": e.program(stay{mix: "m1", mute: true}, nil),
		"m:^:playback:{tandem_play=p1}file_string:///s/tandem/a.wav!/s/tandem/b.wav^event:Event-Name=CUSTOM,Event-Subclass=tandem::played,tandem_play=p1^park:":                                 e.program(stay{}, p),
		"m:^:playback:{tandem_play=p1}file_string:///s/tandem/a.wav!/s/tandem/b.wav^event:Event-Name=CUSTOM,Event-Subclass=tandem::played,tandem_play=p1^playback:local_stream://default^park:": e.program(stay{music: true}, p),
	} {
		require.NoError(t, got.err)
		assert.Equal(t, want, got.text)
	}
	for _, bad := range []argument{
		e.program(stay{mix: "m^system:x"}, nil), e.program(stay{mix: "${system(id)}"}, nil), e.program(stay{music: true, class: "a b"}, nil),
		e.program(stay{}, &prompt{play: "p}x", files: p.files}), e.program(stay{}, &prompt{play: "p1", files: []string{"/s/a!b.wav"}}),
		e.program(stay{}, &prompt{play: "p1", files: []string{"/s/../etc/passwd"}}), e.program(stay{}, &prompt{play: "p1", files: []string{"relative"}}),
	} {
		require.Error(t, bad.err)
	}
}

// TestPlanOfAMix: the difference between what is wanted and what is remembered, and nothing else.
func TestPlanOfAMix(t *testing.T) {
	e := deafEngine(t)
	in := stay{mix: "m"}
	for id, s := range map[core.LegID]stay{legA: in, legB: {music: true}, legC: in} {
		e.table.legs[id] = &leg{id: id, told: true, parked: true, up: true, owner: "m", stay: s, inside: s.mix, member: "3"}
	}
	talk := func(ids ...core.LegID) core.SetMix {
		a := core.SetMix{Mix: "m"}
		for _, id := range ids {
			a.Members = append(a.Members, core.Member{Leg: id, Mode: core.Talk})
		}
		return a
	}
	plan := func(a core.SetMix) plan {
		t.Helper()
		_, err := e.claim(a)
		require.NoError(t, err)
		return e.planMix(a)
	}
	same := talk(legA, legC)
	same.Members = append(same.Members, core.Member{Leg: legB, Mode: core.Hold})
	p := plan(same)
	assert.True(t, p.empty())
	p = plan(talk(legA, legB))
	assert.Equal(t, map[core.LegID]stay{legB: in}, p.join)
	assert.Equal(t, map[core.LegID]stay{legC: {}}, p.leave)
	muted := talk(legA)
	muted.Members[0].Mode = core.Mute
	p = plan(muted)
	assert.Equal(t, []core.LegID{legA}, p.mute)
	assert.Len(t, p.leave, 2)
	p = plan(core.SetMix{Mix: "other", Members: []core.Member{{Leg: legC, Mode: core.Hold}}})
	assert.Equal(t, map[core.LegID]stay{legC: {music: true}}, p.leave)
	p = plan(talk(legA))
	assert.NotContains(t, p.leave, legC, "another mix has named it since")
}

// TestPacer: so many at once, and then only as many as come in.
func TestPacer(t *testing.T) {
	var p pacer
	require.NoError(t, p.wait(t.Context()), "without a rate nobody waits")
	assert.Zero(t, paceOf(0))
	p.set(paceOf(60))
	for range 8 {
		begun := time.Now()
		require.NoError(t, p.wait(t.Context()))
		require.Less(t, time.Since(begun), 5*time.Second)
	}
	p.set(0.001)
	require.NoError(t, p.wait(t.Context()), "one is always to be had")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	require.Error(t, p.wait(ctx), "it would take a quarter of an hour")
	p.arrived()
	require.InDelta(t, -0.001, p.have, 0.001, "arrivals make no debt that cannot be paid off within a second")
}

func TestLimitsOfTheSwitch(t *testing.T) {
	const status = "UP 0 years\nFreeSWITCH (Version 1.11.3-dev  64bit) is ready\n12 session(s) since startup\n7 session(s) - peak 12, last 5min 9 \n" +
		"3 session(s) per Sec out of max 200, peak 8, last 5min 8 \n1000 session(s) max\n"
	assert.InDelta(t, 200, sessionsPerSecond(status), 0)
	assert.Zero(t, sessionsPerSecond(""))
}
