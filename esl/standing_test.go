package esl

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// stands is a leg whose thread is in a state, and was told to be in another.
func stands(state, next, app, arg string) standing {
	return standing{
		"Channel-State": state, "Channel-State-Number": strconv.Itoa(slices.Index(states, next)),
		"variable_current_application": app, "variable_current_application_data": arg,
	}
}

func (s standing) with(name, value string) standing {
	s[name] = value
	return s
}

// TestFoundStays: what a look finds a leg doing is what the leg was told.
func TestFoundStays(t *testing.T) {
	unknown := stay{unknown: true}
	for _, c := range []struct {
		found standing
		want  stay
	}{
		{stands(programState, programState, "park", ""), stay{}},
		{stands(programState, programState, "playback", "local_stream://default"), stay{music: true}},
		{stands(programState, programState, "playback", "local_stream://calm"), stay{music: true, class: "calm"}},
		{stands(programState, programState, "playback", "{tandem_play=p1}file_string:///s/a.wav"), unknown},
		{stands(programState, programState, "", ""), unknown},
		{stands(programState, "CS_ROUTING", "park", ""), unknown},
		// Whoever came from the hold music to a bridge that is over hears nothing, and its last program was the music.
		{stands(parkedState, parkedState, "playback", "local_stream://default"), stay{}},
		{stands(secondState, secondState, "park", ""), unknown},
		{standing{"variable_current_application": "park"}, unknown},
	} {
		assert.Equal(t, c.want, c.found.stay(), "%v", c.found)
	}
}

// TestProgress: whose event does not come is asked, and nothing is guessed of it.
func TestProgress(t *testing.T) {
	const music, musicArg = "m:^:playback:local_stream://default^park:", "local_stream://default"
	told := &move{to: stay{music: true}, program: music}
	bridge := &move{to: stay{mix: "m", with: legB}}
	end := &move{ends: true}
	for _, c := range []struct {
		told  *move
		found standing
		want  progress
	}{
		{told, stands(programState, programState, "playback", musicArg), arrived},
		{told, stands(programState, programState, "park", ""), astray}, // in the net: of this program, or of the one before
		{told, stands(programState, "CS_ROUTING", "park", ""), underway},
		{told, stands(programState, programState, "playback", "local_stream://calm"), astray},
		{told, stands(programState, programState, "park", silenceMark), astray},
		{told, stands(parkedState, parkedState, "playback", musicArg), astray},
		{bridge, stands(programState, "CS_HIBERNATE", "playback", musicArg), underway},
		{bridge, stands("CS_SOFT_EXECUTE", "CS_SOFT_EXECUTE", "playback", musicArg), underway},
		{bridge, stands("CS_SOFT_EXECUTE", "CS_SOFT_EXECUTE", "playback", musicArg).with("variable_bridge_to", string(legC)), underway},
		{bridge, stands("CS_SOFT_EXECUTE", "CS_SOFT_EXECUTE", "playback", musicArg).with("variable_bridge_to", string(legB)), arrived},
		{bridge, stands(parkedState, parkedState, "playback", musicArg), arrived}, // it was not made
		{bridge, stands(programState, programState, "playback", musicArg), astray},
		{end, stands("CS_SOFT_EXECUTE", parkedState, "", ""), underway},
		{end, stands(secondState, secondState, "", ""), underway},
		{end, stands(parkedState, parkedState, "", ""), arrived},
		{end, stands(programState, programState, "park", ""), astray},
	} {
		assert.Equal(t, c.want, c.told.progress(c.found), "%+v of %v", c.told, c.found)
	}
}

// says answers the questions for a leg, one after the other, the last for ever.
func (f *fakeSwitch) says(t *testing.T, id core.LegID, all ...standing) {
	f.on("api uuid_dump "+string(id), func(c *fakeConn, command string) bool {
		text, err := json.Marshal(all[0])
		assert.NoError(t, err)
		if len(all) > 1 {
			all = all[1:]
		}
		return answers(string(text))(c, command)
	})
}

// TestEventsThatAreLate: a busy switch tells of a bridge's end, or of its beginning, seconds later. The legs are told nothing before they can obey.
func TestEventsThatAreLate(t *testing.T) {
	t.Run("of a bridge's end", func(t *testing.T) {
		f := newFake(t)
		e, _ := bridgedAt(t, f)
		f.says(t, callerLeg, stands("CS_SOFT_EXECUTE", parkedState, "", ""), stands("CS_SOFT_EXECUTE", parkedState, "", ""), stands(parkedState, parkedState, "", ""))
		f.says(t, agentLeg, stands(parkedState, parkedState, "", ""))
		require.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: music(callerLeg)}))
		assert.Len(t, moves(f), 3, "one to part, and one for each: %q", moves(f))
		assert.GreaterOrEqual(t, questions(f, callerLeg), 3, "the order was given before the leg had parked")
	})
	t.Run("of a bridge's beginning", func(t *testing.T) {
		f := newFake(t)
		e, _ := bridgedAt(t, f)
		made := stands("CS_SOFT_EXECUTE", "CS_SOFT_EXECUTE", "playback", "local_stream://default").with("variable_bridge_to", string(legB))
		f.says(t, legA, stands("CS_RESET", "CS_RESET", "", ""), stands("CS_RESET", "CS_RESET", "", ""), made)
		f.on("api json", answers(`{"flags":"0=1;9=1"}`))
		require.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: core.SetMix{Mix: "m2", Members: member(core.Talk, legA, legB)}}))
		require.NoError(t, e.Do(soon(t), core.Effect{ID: 2, Do: core.Hang{Leg: legA}}))
		assert.GreaterOrEqual(t, questions(f, legA), 3, "hung up on while the bridge is made, which ends both")
	})
}

// questions counts the questions for a leg.
func questions(f *fakeSwitch, id core.LegID) (n int) {
	for _, c := range f.seen() {
		if c == "api uuid_dump "+string(id)+" json" {
			n++
		}
	}
	return n
}

// A look at the moment in which a leg parks in passing (stay.go: "a net may be touched in passing") shows the net of what it did before, and not that it has come to where it was told.
func TestALegThatParksInPassingHasNotArrived(t *testing.T) {
	f := newFake(t)
	e, _ := bridgedAt(t, f)
	passing := stands(programState, programState, "park", "") // the net of an earlier program
	there := stands(programState, programState, "playback", "local_stream://default")
	f.says(t, callerLeg, stands(parkedState, parkedState, "", ""), passing, there)
	f.says(t, agentLeg, stands(parkedState, parkedState, "", ""))
	require.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: music(callerLeg)}))
	before := len(moves(f))
	require.NoError(t, e.Do(soon(t), core.Effect{ID: 2, Do: core.SetMix{Mix: "m", Members: []core.Member{{Leg: callerLeg, Mode: core.Hold, Music: "calm"}}}}))
	require.Greater(t, len(moves(f)), before, "the second order: %q", moves(f))
	assert.GreaterOrEqual(t, questions(f, callerLeg), 3, "the next order was given while the leg was still on its way: %q", f.seen())
}
