package loop

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// What the inbox leaves out must change nothing in the rules, in the middle of a conversation or of nothing at all. Should the rules begin to listen to
// such a fact, this fails, and heeded has to let it through.
func TestFactsThatAreLeftOutChangeNothing(t *testing.T) {
	s, now := core.New("s1", 1), time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	step := func(ev core.Event) core.Outcome { return s.Step(now, ev) }
	step(site(1))
	step(core.EngineUp{Engine: desk})
	step(signIn("agent00"))
	dial := core.Dial{}
	for _, e := range step(caller(1)).Effects {
		if d, ok := e.Do.(core.Dial); ok {
			dial = d
		}
	}
	require.NotEmpty(t, dial.Leg)
	step(core.LegAnswered{Leg: dial.Leg})
	call := s.CallOf(core.LegAnswered{Leg: dial.Leg})
	require.NotEmpty(t, call)

	state := func() map[string]any {
		body, err := s.Marshal()
		require.NoError(t, err)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(body, &fields))
		delete(fields, "steps") // counts the steps themselves
		return fields
	}
	mix := core.MixID(call)
	for _, f := range []core.Fact{
		core.MixJoined{Mix: mix, Leg: dial.Leg}, core.MixJoined{Mix: mix, Leg: caller(1).Leg}, core.MixJoined{Mix: "no", Leg: "nobody"},
		core.MixLeft{Mix: mix, Leg: dial.Leg}, core.MixLeft{Mix: mix, Leg: caller(1).Leg}, core.MixLeft{Mix: "no", Leg: "nobody"},
		core.Digit{Leg: caller(1).Leg, Digit: "4"}, core.Digit{Leg: dial.Leg, Digit: "#"}, core.Digit{Leg: "nobody", Digit: "1"},
	} {
		require.False(t, heeded(f))
		before := state()
		s.TakeChanges()
		out := step(f)
		assert.Empty(t, out.Effects, "%+v", f)
		assert.Empty(t, out.Entries, "%+v", f)
		assert.Equal(t, core.Changes{}, s.TakeChanges(), "%+v", f)
		assert.Equal(t, before, state(), "%+v", f)
	}
}

// A fact that is left out costs no row in the log.
func TestFactsThatAreLeftOutAreNotWritten(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	l := open(t, config(store, b), 1)
	require.NoError(t, l.Do(within(t), signIn("agent00")))
	b.says(core.MixJoined{Mix: "m", Leg: "l"}, caller(1), core.Digit{Leg: caller(1).Leg, Digit: "4"}, core.MixLeft{Mix: "m", Leg: "l"}, caller(2))
	dialled, music := false, false // in any order: lanes run side by side
	b.await(t, "the dial and the second caller's music", func(e core.Effect) bool {
		switch do := e.Do.(type) {
		case core.Dial:
			dialled = true
		case core.SetMix:
			music = music || len(do.Members) > 0 && do.Members[0].Leg == caller(2).Leg
		}
		return dialled && music
	})
	for _, row := range store.rows(t) {
		assert.NotContains(t, []string{core.MixJoined{}.Kind(), core.MixLeft{}.Kind(), core.Digit{}.Kind()}, row.Kind)
	}
}

func TestDialsGoFirst(t *testing.T) {
	effect := func(lane string, do core.Action) core.Effect { return core.Effect{Lane: lane, Do: do} }
	hang, mix := core.Hang{}, core.SetMix{}
	one, two := core.Dial{Leg: "1"}, core.Dial{Leg: "2"}
	for name, c := range map[string]struct{ given, want []core.Effect }{
		"nothing":  {},
		"no dial":  {[]core.Effect{effect("a", hang), effect("b", mix)}, []core.Effect{effect("a", hang), effect("b", mix)}},
		"clear up": {[]core.Effect{effect("a", hang), effect("c", mix), effect("b", one)}, []core.Effect{effect("b", one), effect("a", hang), effect("c", mix)}},
		"two dials keep their order": {
			[]core.Effect{effect("a", hang), effect("b", one), effect("c", mix), effect("d", two)},
			[]core.Effect{effect("b", one), effect("d", two), effect("a", hang), effect("c", mix)},
		},
		"what is behind a dial in its lane stays there": {
			[]core.Effect{effect("a", mix), effect("b", one), effect("b", hang)},
			[]core.Effect{effect("b", one), effect("a", mix), effect("b", hang)},
		},
		"what is before a dial in its lane stays there, too": {
			[]core.Effect{effect("a", hang), effect("b", mix), effect("b", one)},
			[]core.Effect{effect("a", hang), effect("b", mix), effect("b", one)},
		},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, dialsFirst(c.given)) })
	}
}
