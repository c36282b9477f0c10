package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// bench is a switch with a clock that jumps from happening to happening.
type bench struct {
	*Switch
	now     time.Time
	facts   []core.Fact
	effects core.EffectID
}

func newBench(quirks Quirks, seed uint64) *bench {
	b := &bench{Switch: NewSwitch("sim", quirks, rand.New(rand.NewPCG(seed, 1))), now: time.Unix(1_700_000_000, 0).UTC()}
	b.Connect(b.now)
	b.settle()
	return b
}

// until lets everything happen up to a time.
func (b *bench) until(end time.Time) {
	for {
		at, ok := b.Next()
		if !ok || at.After(end) {
			b.now = end
			return
		}
		if at.Before(b.now) {
			panic(fmt.Sprintf("time goes back from %v to %v", b.now, at))
		}
		b.now = at
		if f := b.Pop(); f != nil {
			b.facts = append(b.facts, f)
		}
	}
}

// settle lets a tenth of a second pass, more than any delay of a fact or of an invitation.
func (b *bench) settle() { b.until(b.now.Add(100 * time.Millisecond)) }

func (b *bench) do(a core.Action) core.Why {
	b.effects++
	if r := b.Do(b.now, core.Effect{ID: b.effects, Call: "call", Do: a}); r != nil {
		return r.Why
	}
	return ""
}

// kinds lists the kinds of the facts since it was last asked.
func (b *bench) kinds() []string {
	b.settle()
	var out []string
	for _, f := range b.facts {
		out = append(out, f.Kind())
	}
	b.facts = nil
	return out
}

// upCaller makes a caller whose call is answered.
func (b *bench) upCaller() core.LegID {
	leg := b.CallerDials(b.now, "491", "Carl", "100")
	b.settle()
	b.do(core.Answer{Leg: leg})
	b.settle()
	return leg
}

// upPhone makes a phone that has answered a call of ours.
func (b *bench) upPhone(name string) core.LegID {
	leg := core.LegID(fmt.Sprintf("00000000-0000-8000-8000-%012s", name))
	b.PhoneRegistered(b.now, name)
	b.do(core.Dial{Leg: leg, To: core.Address{Phone: name}})
	b.settle()
	b.PhoneAnswers(b.now, name)
	b.settle()
	return leg
}

func profiles() map[string]Quirks {
	return map[string]Quirks{"AsteriskLike": AsteriskLike(), "FreeSWITCHLike": FreeSWITCHLike()}
}

// shift plays many callers and phones against a switch, and gives all that it said: what was reported and when, and what was refused.
func shift(quirks Quirks, seed uint64, turns int) string {
	b := newBench(quirks, seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	var said strings.Builder
	var legs []core.LegID
	mix := func() core.MixID { return core.MixID(fmt.Sprint("mix", rnd.IntN(4))) }
	anyone := func() core.LegID {
		if len(legs) == 0 {
			return "nobody"
		}
		return legs[rnd.IntN(len(legs))]
	}
	phone := func() string { return fmt.Sprint(1001 + rnd.IntN(5)) }
	for i := range turns {
		b.until(b.now.Add(time.Duration(rnd.IntN(20)) * time.Millisecond))
		var do core.Action
		switch rnd.IntN(16) {
		case 0:
			legs = append(legs, b.CallerDials(b.now, "1", "n", "2"))
		case 1:
			b.PhoneRegistered(b.now, phone())
		case 2:
			legs = append(legs, core.LegID(fmt.Sprintf("00000000-0000-8000-8000-%012d", i)))
			do = core.Dial{Leg: legs[len(legs)-1], To: core.Address{Phone: phone()}, Limit: time.Second}
		case 3:
			b.PhoneAnswers(b.now, phone())
		case 4:
			b.PhoneDoes(b.now, phone(), Answering(rnd.IntN(7)))
		case 5:
			b.PartyHangsUp(b.now, anyone())
		case 6:
			b.PartyPresses(b.now, anyone(), "12")
		case 7, 8:
			do = core.Answer{Leg: anyone()}
		case 9, 10:
			do = core.SetMix{Mix: mix(), Members: []core.Member{{Leg: anyone(), Mode: core.Talk}, {Leg: anyone(), Mode: []core.Mode{core.Talk, core.Mute, core.Hold}[rnd.IntN(3)]}}}
		case 11:
			do = core.SetMix{Mix: mix()}
		case 12:
			do = core.StartRecording{Recording: core.RecordingID(fmt.Sprint("rec", i)), Mix: mix()}
		case 13:
			do = core.Hang{Leg: anyone(), Cause: core.CauseBusy}
		case 14:
			b.PhoneUnplugged(b.now, phone())
		case 15:
			switch rnd.IntN(12) {
			case 0:
				b.Restart(b.now)
			case 1:
				b.Disconnect(b.now)
			case 2:
				b.Look(b.now)
			}
			b.Connect(b.now)
		}
		if do != nil {
			if why := b.do(do); why != "" {
				fmt.Fprintf(&said, "%v refused %s %s\n", b.now, do.Name(), why)
			}
		}
		for _, f := range b.facts {
			fmt.Fprintf(&said, "%v %s %+v\n", b.now, f.Kind(), f)
		}
		b.facts = b.facts[:0]
	}
	b.settle()
	fmt.Fprintf(&said, "%+v\n", b.Snapshot())
	return said.String()
}

// TestSameSeedSameShift: the same seed gives the same facts at the same nanosecond, another seed gives others.
func TestSameSeedSameShift(t *testing.T) {
	for name, quirks := range profiles() {
		t.Run(name, func(t *testing.T) {
			first := shift(quirks, 7, 3000)
			require.Equal(t, first, shift(quirks, 7, 3000))
			require.NotEqual(t, first, shift(quirks, 8, 3000))
			for _, kind := range []string{"leg.appeared", "leg.ringing", "leg.hungup", "mix.joined", "mix.left", "recording.stopped", "engine.up", "digit", "refused"} {
				require.Contains(t, first, kind, "the shift is too calm to prove anything")
			}
		})
	}
}

// TestTruth compares what parties hear with what is written to a recording, and with what was asked.
func TestTruth(t *testing.T) {
	for name, quirks := range profiles() {
		t.Run(name, func(t *testing.T) {
			b := newBench(quirks, 1)
			c, a := b.upCaller(), b.upPhone("1001")
			require.Empty(t, b.do(core.SetMix{Mix: "m", Members: []core.Member{{Leg: c, Mode: core.Talk}, {Leg: a, Mode: core.Talk}}}))
			require.Equal(t, Heard{Legs: []core.LegID{a}}, b.Hears(c))
			require.Equal(t, Heard{Legs: []core.LegID{c}}, b.Hears(a))
			require.Empty(t, b.do(core.StartRecording{Recording: "r", Mix: "m"}))
			b.until(b.now.Add(time.Second))
			require.Empty(t, b.do(core.PauseRecording{Recording: "r"}))
			b.until(b.now.Add(time.Second))
			require.Empty(t, b.do(core.ResumeRecording{Recording: "r"}))
			require.Empty(t, b.do(core.SetMix{Mix: "m", Members: []core.Member{{Leg: c, Mode: core.Hold, Music: "jazz"}, {Leg: a, Mode: core.Talk}}}))
			require.Equal(t, Heard{Music: "jazz"}, b.Hears(c))
			require.Equal(t, Heard{}, b.Hears(a))
			b.until(b.now.Add(time.Second))
			require.Empty(t, b.do(core.SetMix{Mix: "m"}))
			r, ok := b.Recording(b.now, "r")
			require.True(t, ok)
			require.True(t, r.Complete)
			both := []core.LegID{a, c}
			slices.Sort(both)
			var spans []string
			for _, s := range r.Spans {
				spans = append(spans, fmt.Sprint(s.To.Sub(s.From), len(s.Legs), s.Silenced))
			}
			want := []string{"1s 2 false", "1s 1 false"}
			if quirks.PauseWritesSilence {
				want = []string{"1s 2 false", "1s 2 true", "1s 1 false"}
			}
			require.Equal(t, want, spans)
			require.Equal(t, both, r.Spans[0].Legs)
			require.Equal(t, []core.LegID{a}, r.Spans[len(r.Spans)-1].Legs)
			require.True(t, b.DeleteRecording("r"))
		})
	}
}

// TestUnreachablePhone: Asterisk refuses the order, FreeSWITCH makes a leg that ends.
func TestUnreachablePhone(t *testing.T) {
	d := core.Dial{Leg: "00000000-0000-8000-8000-000000000001", To: core.Address{Phone: "1001"}}
	b := newBench(AsteriskLike(), 1)
	b.kinds()
	require.Equal(t, core.WhyUnreachable, b.do(d))
	require.Empty(t, b.kinds())
	b = newBench(FreeSWITCHLike(), 1)
	b.kinds()
	require.Empty(t, b.do(d))
	require.Equal(t, []string{"leg.hungup"}, b.kinds())
	require.Equal(t, core.WhyState, b.do(d), "a late repetition makes no second leg")
}

// TestRingingLegIntoMix: FreeSWITCH kills both sides of a bridge with a leg that still rings.
func TestRingingLegIntoMix(t *testing.T) {
	for name, quirks := range profiles() {
		t.Run(name, func(t *testing.T) {
			b := newBench(quirks, 1)
			c := b.upCaller()
			b.PhoneRegistered(b.now, "1001")
			leg := core.LegID("00000000-0000-8000-8000-000000000001")
			require.Empty(t, b.do(core.Dial{Leg: leg, To: core.Address{Phone: "1001"}}))
			b.settle()
			require.Empty(t, b.do(core.SetMix{Mix: "m", Members: []core.Member{{Leg: c, Mode: core.Talk}, {Leg: leg, Mode: core.Talk}}}))
			if quirks.RingingMixKills {
				require.Zero(t, b.Legs())
				return
			}
			require.Equal(t, 2, b.Legs())
			require.True(t, b.PhoneAnswers(b.now, "1001"))
			require.Equal(t, Heard{Legs: []core.LegID{leg}}, b.Hears(c))
		})
	}
}

// TestLastMemberLeaves: on Asterisk a mix and its recording outlive their members, on FreeSWITCH they do not.
func TestLastMemberLeaves(t *testing.T) {
	for name, quirks := range profiles() {
		t.Run(name, func(t *testing.T) {
			b := newBench(quirks, 1)
			c := b.upCaller()
			b.do(core.SetMix{Mix: "m", Members: []core.Member{{Leg: c, Mode: core.Talk}}})
			b.do(core.StartRecording{Recording: "r", Mix: "m"})
			b.settle()
			require.True(t, b.PartyHangsUp(b.now, c))
			r, _ := b.Recording(b.now, "r")
			require.Equal(t, quirks.EmptyMixStays, r.Writing)
			require.Len(t, b.Snapshot().Mixes, map[bool]int{true: 1, false: 0}[quirks.EmptyMixStays])
		})
	}
}

// TestPrefixIDs: Asterisk takes an id for taken if it is a prefix of another, whatever its case.
func TestPrefixIDs(t *testing.T) {
	b := newBench(AsteriskLike(), 1)
	b.PhoneRegistered(b.now, "1001")
	to := core.Address{Phone: "1001"}
	require.Empty(t, b.do(core.Dial{Leg: "call-10", To: to}))
	require.Equal(t, core.WhyInvalid, b.do(core.Dial{Leg: "CALL-1", To: to}))
	require.Equal(t, core.WhyInvalid, b.do(core.Dial{Leg: "call-100", To: to}))
	require.Empty(t, b.do(core.Dial{Leg: "call-2", To: to}))
}

// TestLostPause: an order to pause that comes to nothing is not confirmed, and writing goes on (C15).
func TestLostPause(t *testing.T) {
	quirks := AsteriskLike()
	quirks.PauseLost = 1
	b := newBench(quirks, 1)
	c := b.upCaller()
	b.do(core.SetMix{Mix: "m", Members: []core.Member{{Leg: c, Mode: core.Talk}}})
	b.do(core.StartRecording{Recording: "r", Mix: "m"})
	b.kinds()
	require.Empty(t, b.do(core.PauseRecording{Recording: "r"}))
	require.Empty(t, b.kinds())
	r, _ := b.Recording(b.now, "r")
	require.False(t, r.Paused)
}

// TestGap: what happens while the connection is cut is told by the snapshot alone, and facts that were under way are lost.
func TestGap(t *testing.T) {
	b := newBench(AsteriskLike(), 1)
	gone, stays := b.upCaller(), b.upCaller()
	b.kinds()
	require.True(t, b.PartyPresses(b.now, stays, "1")) // under way
	b.Disconnect(b.now)
	require.Equal(t, core.WhyDown, b.do(core.Hang{Leg: stays}))
	require.True(t, b.PartyHangsUp(b.now, gone))
	require.Equal(t, []string{"engine.down"}, b.kinds())
	b.Connect(b.now)
	require.True(t, b.PartyPresses(b.now, stays, "2")) // newer than the snapshot
	b.settle()
	require.Len(t, b.facts, 2)
	up, ok := b.facts[0].(core.EngineUp)
	require.True(t, ok)
	require.False(t, up.Restarted)
	require.Equal(t, []core.SeenLeg{{Leg: stays, Up: true, From: "491", Name: "Carl", To: "100"}}, up.Snapshot.Legs)
	require.Equal(t, core.Digit{Leg: stays, Digit: "2"}, b.facts[1])
}

// TestRestart: all is lost, nothing is told but EngineUp{Restarted}; a file that was being written is cut short.
func TestRestart(t *testing.T) {
	for name, quirks := range profiles() {
		t.Run(name, func(t *testing.T) {
			b := newBench(quirks, 1)
			c := b.upCaller()
			b.PhoneRegistered(b.now, "1001")
			b.do(core.SetMix{Mix: "m", Members: []core.Member{{Leg: c, Mode: core.Talk}}})
			b.do(core.StartRecording{Recording: "r", Mix: "m"})
			b.kinds()
			b.Restart(b.now)
			require.Equal(t, []string{"engine.down"}, b.kinds())
			b.Connect(b.now)
			b.settle()
			require.Equal(t, core.EngineUp{Engine: "sim", Restarted: true}, b.facts[0])
			require.Equal(t, !quirks.ForgetPhones, len(b.facts) == 1)
			if quirks.ForgetPhones {
				require.Equal(t, core.PhoneChanged{Engine: "sim", Phone: "1001"}, b.facts[1])
			}
			r, ok := b.Recording(b.now, "r")
			require.True(t, ok)
			require.False(t, r.Complete || r.Writing)
		})
	}
}

// TestUnpluggedPhone: nothing more is heard from it; the switch finds out in its own time, by media and by registration.
func TestUnpluggedPhone(t *testing.T) {
	b := newBench(AsteriskLike(), 1)
	c, a := b.upCaller(), b.upPhone("1001")
	b.do(core.SetMix{Mix: "m", Members: []core.Member{{Leg: c, Mode: core.Talk}, {Leg: a, Mode: core.Talk}}})
	b.kinds()
	b.PhoneUnplugged(b.now, "1001")
	require.Equal(t, Heard{}, b.Hears(c))
	require.False(t, b.PhoneHangsUp(b.now, "1001"))
	require.Empty(t, b.kinds())
	b.until(b.now.Add(2 * time.Minute))
	require.Contains(t, b.facts, core.Fact(core.LegHungUp{Leg: a, Cause: core.Cause{Code: core.CauseNetwork, By: core.ByNetwork, Q850: 44}}))
	require.Contains(t, b.facts, core.Fact(core.PhoneChanged{Engine: "sim", Phone: "1001"}))
	// Plugged in again in time it never was away, but its old leg stays dead.
	b.PhoneRegistered(b.now, "1001")
	b.kinds()
	b.PhoneUnplugged(b.now, "1001")
	b.PhoneRegistered(b.now, "1001")
	b.until(b.now.Add(2 * time.Minute))
	require.Empty(t, b.kinds())
}

// TestAbandon: facts for a process that is no more reach nobody, neither now nor when the next one connects.
func TestAbandon(t *testing.T) {
	b := newBench(FreeSWITCHLike(), 1)
	c := b.upCaller()
	b.kinds()
	b.PartyPresses(b.now, c, "1")
	b.Disconnect(b.now)
	b.Abandon()
	b.Connect(b.now)
	require.Equal(t, []string{"engine.up"}, b.kinds())
}

// BenchmarkSwitch measures a call of seven facts (appeared, answered, ringing, answered, both joined, two ends), per fact.
func BenchmarkSwitch(b *testing.B) {
	quirks := AsteriskLike()
	quirks.DoubledMixFacts = 0
	s := newBench(quirks, 1)
	const phones = 100
	names, legs := make([]string, phones), make([]core.LegID, phones)
	for i := range names {
		names[i] = fmt.Sprint(1001 + i)
		s.PhoneRegistered(s.now, names[i])
		s.PhoneReacts(names[i], Response{Do: TakeCall, After: time.Second})
	}
	s.settle()
	b.ReportAllocs()
	b.ResetTimer()
	start := s.Reported()
	for n := 0; s.Reported()-start < uint64(b.N); n++ {
		round := make([]core.LegID, phones)
		for i := range names {
			round[i] = s.CallerDials(s.now, "491", "Carl", "100")
			legs[i] = core.LegID(fmt.Sprintf("00000000-0000-8000-%04d-%012d", i, n))
		}
		s.settle()
		for i := range names {
			s.do(core.Answer{Leg: round[i]})
			s.do(core.Dial{Leg: legs[i], To: core.Address{Phone: names[i]}, Limit: time.Minute})
		}
		s.until(s.now.Add(2 * time.Second))
		for i := range names {
			s.do(core.SetMix{Mix: core.MixID(legs[i]), Members: []core.Member{{Leg: round[i], Mode: core.Talk}, {Leg: legs[i], Mode: core.Talk}}})
		}
		s.settle()
		for i := range names {
			s.PartyHangsUp(s.now, round[i])
			s.do(core.Hang{Leg: legs[i]})
			s.do(core.SetMix{Mix: core.MixID(legs[i])})
		}
		s.until(s.now.Add(time.Minute))
		s.facts = s.facts[:0]
	}
	b.ReportMetric(float64(s.Reported()-start)/b.Elapsed().Seconds(), "facts/s")
}
