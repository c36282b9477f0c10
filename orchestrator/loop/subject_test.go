package loop

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// identities are the fields by which events and actions say what they are about, with what a subject keeps of them.
func identities(s subject) map[string]string {
	return map[string]string{
		"Call": string(s.call), "Leg": string(s.leg), "Mix": string(s.mix), "Recording": string(s.recording),
		"Agent": string(s.agent), "Engine": string(s.engine),
	}
}

// names fills every identifying field that v has with its own name, and says which those are.
func names(v reflect.Value) (have []string) {
	for field := range identities(subject{}) {
		if f := v.FieldByName(field); f.IsValid() && f.Kind() == reflect.String {
			f.SetString("the " + field)
			have = append(have, field)
		}
	}
	return have
}

func TestEveryEventSaysWhatItIsAbout(t *testing.T) {
	for _, kind := range []string{
		"tick", "config.changed", "leg.appeared", "leg.ringing", "leg.answered", "leg.hungup", "mix.joined", "mix.left", "played", "digit", "held",
		"recording.started", "recording.paused", "recording.resumed", "recording.stopped", "phone.changed", "refused", "engine.up", "engine.seen",
		"engine.down", "agent.set_state", "offer.decline", "call.hold", "call.resume", "call.mute", "call.digits", "call.end", "call.transfer", "call.leave", "consult.start",
		"consult.end", "consult.toggle", "consult.transfer", "consult.merge", "participant.hold", "participant.drop", "call.set_variables",
		"call.pause_recording", "call.resume_recording", "call.discard_recording", "wrapup.finish", "wrapup.extend",
	} {
		ev, err := core.DecodeEvent(kind, []byte("{}"))
		require.NoError(t, err)
		v := reflect.New(reflect.TypeOf(ev)).Elem()
		have := names(v)
		got := identities(about(as[core.Event](v.Interface())))
		for _, field := range have {
			assert.Equal(t, "the "+field, got[field], "%s of %s", field, kind)
		}
	}
}

func TestEveryRefusalNamesWhatWasRefused(t *testing.T) {
	for _, do := range []core.Action{
		core.Ring{}, core.Answer{}, core.Dial{}, core.Hang{}, core.SetMix{}, core.Play{}, core.Stop{}, core.StartRecording{}, core.PauseRecording{},
		core.ResumeRecording{}, core.StopRecording{}, core.SendDigits{},
	} {
		v := reflect.New(reflect.TypeOf(do)).Elem()
		have := names(v)
		require.NotEmpty(t, have)
		e := core.Effect{ID: 3, Do: as[core.Action](v.Interface())}
		got := reflect.ValueOf(refusedOf(e, core.WhyDown, "x"))
		for _, field := range have {
			assert.Equal(t, "the "+field, got.FieldByName(field).String(), "%s of %s", field, do.Name())
		}
	}
}

// The leg book follows what is ordered, said and listed, and forgets what is gone.
func TestTheLegBookKeepsNothingOfTheDead(t *testing.T) {
	b := newLegBook()
	b.follow(core.LegAppeared{Engine: desk, Leg: "c"}, core.Outcome{
		Entries: []core.Entry{{Kind: core.EntryCallArrived, Call: "call", Leg: "c"}},
		Effects: []core.Effect{{Call: "call", Engine: "other", Do: core.Dial{Leg: "a"}}, {Call: "call", Engine: desk, Do: core.Answer{Leg: "c"}}},
	})
	assert.Equal(t, []core.LegID{"c", "a"}, b.of("call"))
	p, ok := b.place("a")
	assert.True(t, ok)
	assert.Equal(t, legPlace{call: "call", engine: "other"}, p)
	b.follow(core.EngineUp{Engine: desk, Snapshot: core.Snapshot{Legs: []core.SeenLeg{{Leg: "c", Call: "call"}, {Leg: "d", Call: "call2"}}}}, core.Outcome{})
	assert.Equal(t, core.CallID("call2"), b.call("d"))
	b.follow(core.LegHungUp{Leg: "c"}, core.Outcome{})
	b.follow(core.Refused{Leg: "a", Why: core.WhyUnknown}, core.Outcome{})
	b.follow(core.EngineUp{Engine: desk}, core.Outcome{})
	assert.Empty(t, b.legs)
	assert.Empty(t, b.calls)
}
