package enginetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// TestBreaches plants one breach of the contract in each log: the suite is worth what it notices.
func TestBreaches(t *testing.T) {
	var (
		up       = core.EngineUp{Engine: "e"}
		down     = core.EngineDown{Engine: "e"}
		appeared = core.LegAppeared{Engine: "e", Leg: "a"}
		answered = core.LegAnswered{Leg: "a"}
		hungUp   = core.LegHungUp{Leg: "a", Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}}
		upWithA  = core.EngineUp{Engine: "e", Snapshot: core.Snapshot{Legs: []core.SeenLeg{{Leg: "a"}}}}
		ringing  = core.LegRinging{Leg: "b"}
		dialB    = core.Dial{Leg: "b"}
		play     = core.Play{Leg: "a", Play: "p"}
		played   = core.Played{Leg: "a", Play: "p", OK: true}
		record   = core.StartRecording{Recording: "r", Mix: "m"}
		started  = core.RecordingStarted{Recording: "r"}
		ended    = core.RecordingStopped{Recording: "r", OK: true}
		joined   = core.MixJoined{Mix: "m", Leg: "a"}
	)
	for _, c := range []struct {
		name   string
		clause int // 0 = nothing is wrong
		log    []any
	}{
		{"a whole call", 0, []any{up, appeared, answered, hungUp}},
		{"a dialled leg", 0, []any{up, dialB, ringing, core.LegAnswered{Leg: "b"}}},
		{"a gap", 0, []any{up, appeared, down, upWithA, answered, hungUp}},
		{"a leg that was there before", 0, []any{upWithA, answered, hungUp}},
		{"a repeated MixJoined", 0, []any{up, appeared, core.SetMix{Mix: "m"}, joined, joined}},
		{"a recording asked for again", 0, []any{up, record, started, record, started, ended}},
		{"the end of a leg is told twice", 1, []any{up, appeared, hungUp, hungUp}},
		{"a fact behind the end of a leg", 1, []any{up, appeared, hungUp, answered}},
		{"a leg appears twice", 1, []any{up, appeared, appeared}},
		{"a leg is answered twice", 1, []any{up, appeared, answered, answered}},
		{"ringing behind the answer", 1, []any{up, dialB, core.LegAnswered{Leg: "b"}, ringing}},
		{"an end without a cause", 1, []any{up, appeared, core.LegHungUp{Leg: "a"}}},
		{"a recording that starts behind its end", 1, []any{up, record, started, ended, started}},
		{"a recording that ends twice", 1, []any{up, record, started, ended, ended}},
		{"a fact of an unknown leg", 2, []any{up, answered}},
		{"a fact before its order", 2, []any{up, ringing, dialB}},
		{"a fact of an unknown mix", 2, []any{up, appeared, joined}},
		{"a recording that nobody ordered", 2, []any{up, started}},
		{"a playing that nobody ordered", 2, []any{up, appeared, played}},
		{"no digit", 2, []any{up, appeared, core.Digit{Leg: "a", Digit: "x"}}},
		{"another engine's fact", 2, []any{up, core.LegAppeared{Engine: "f", Leg: "a"}}},
		{"Refused as a fact", 2, []any{up, core.Refused{Action: "dial"}}},
		{"nothing before EngineUp", 3, []any{appeared, up}},
		{"a fact between EngineDown and EngineUp", 3, []any{up, appeared, down, hungUp}},
		{"EngineUp twice", 3, []any{up, up}},
		{"EngineDown twice", 3, []any{up, down, down}},
		{"a snapshot out of order", 3, []any{core.EngineUp{Engine: "e", Snapshot: core.Snapshot{Legs: []core.SeenLeg{{Leg: "b"}, {Leg: "a"}}}}}},
		{"a fact of a leg that the snapshot left out", 1, []any{up, appeared, down, up, hungUp}},
		{"a leg in the snapshot behind its end", 1, []any{up, appeared, hungUp, down, upWithA}},
		{"a playing told twice", 4, []any{up, appeared, play, played, played}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log []entry
			for _, x := range c.log {
				switch x := x.(type) {
				case core.Fact:
					log = append(log, entry{fact: x})
				case core.Action:
					log = append(log, entry{do: core.Effect{Do: x}})
				default:
					t.Fatalf("%T is neither fact nor action", x)
				}
			}
			found := breaches("e", log)
			if c.clause == 0 {
				require.Empty(t, found)
				return
			}
			require.NotEmpty(t, found)
			require.Contains(t, found[0], fmt.Sprintf("clause (%d)", c.clause))
		})
	}
}

// TestRemainder: what may be missing from a text on its way, and what may not be added.
func TestRemainder(t *testing.T) {
	require.True(t, isRemainder("Bob", `"Bob"`))
	require.True(t, isRemainder(`\"Bob\"`, `"Bob"`))
	require.True(t, isRemainder("first X-Injected: second", "first\r\nX-Injected: second"))
	require.True(t, isRemainder("", "anything"))
	require.False(t, isRemainder("uid=0(root)", "${SHELL(id)}"))
	require.False(t, isRemainder("Bobby", "Bob"))
}
