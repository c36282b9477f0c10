package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// stage is one scenario at work: a world, its engine running, and what has been said so far.
type stage struct {
	t       *testing.T
	w       World
	eng     engine.Engine
	rec     *recorder
	effects atomic.Uint64
	callers int
	stop    func() error // ends Run and gives what it returned
}

// newStage runs the world's engine and waits until it is up.
func newStage(t *testing.T, w World) *stage {
	t.Helper()
	s := &stage{t: t, w: w, rec: newRecorder()}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what was said:\n%s", s.rec)
		}
	})
	s.run()
	return s
}

// run starts an engine; the recorder goes on where it was.
func (s *stage) run() {
	s.t.Helper()
	from := s.rec.mark()
	s.eng = s.w.Engine()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.eng.Run(ctx, s.rec) }()
	stopped := false
	s.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(Patience):
			return errors.New("Run did not return when its context ended")
		}
	}
	s.t.Cleanup(func() { // of a failed scenario; before the world ends
		if err := s.stop(); err != nil {
			s.t.Errorf("Run: %v", err)
		}
	})
	awaitFrom(s, from, "EngineUp", func(core.EngineUp) bool { return true })
}

// fail ends the scenario; Run shows what was said.
func (s *stage) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf(format, args...)
}

// await waits for a fact of a kind, past or future, and gives it.
func await[F core.Fact](s *stage, what string, match func(F) bool) F {
	s.t.Helper()
	f, _ := awaitFrom(s, 0, what, match)
	return f
}

// awaitFrom waits for a fact of a kind behind a place in the log, and gives it with the place behind it.
func awaitFrom[F core.Fact](s *stage, from int, what string, match func(F) bool) (F, int) {
	s.t.Helper()
	return awaitFor(s, Patience, from, what, match)
}

// awaitFor is awaitFrom with a patience of its own.
func awaitFor[F core.Fact](s *stage, patience time.Duration, from int, what string, match func(F) bool) (F, int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	f, next, err := s.rec.await(ctx, from, func(f core.Fact) bool {
		got, ok := f.(F)
		return ok && match(got)
	})
	if err != nil {
		s.fail("no %s came within %v", what, patience)
	}
	got, _ := f.(F)
	return got, next
}

// count is how many facts of a kind have come so far for which match holds.
func count[F core.Fact](s *stage, match func(F) bool) int {
	n := 0
	for _, e := range s.rec.entries() {
		if f, ok := e.fact.(F); ok && match(f) {
			n++
		}
	}
	return n
}

// effect makes an effect of an action, with an id of its own. It is safe from any goroutine.
func (s *stage) effect(do core.Action) core.Effect {
	return core.Effect{ID: core.EffectID(s.effects.Add(1)), Engine: s.eng.ID(), Call: "enginetest", Lane: "enginetest", Do: do}
}

// order gives an effect to the engine. It is safe from any goroutine.
func (s *stage) order(e core.Effect) error {
	s.rec.ordered(e)
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	return s.eng.Do(ctx, e)
}

// do gives orders that must be accepted.
func (s *stage) do(actions ...core.Action) {
	s.t.Helper()
	for _, a := range actions {
		if err := s.order(s.effect(a)); err != nil {
			s.fail("%s %+v: %v", a.Name(), a, err)
		}
	}
}

// refused gives an order that must be refused for one of the reasons.
func (s *stage) refused(a core.Action, whys ...core.Why) {
	s.t.Helper()
	if msg := refusedFor(s.order(s.effect(a)), whys...); msg != "" {
		s.fail("%s %+v: %s", a.Name(), a, msg)
	}
}

// refusedFor says what is wrong with the answer to an order that must be refused for one of the reasons; "" = nothing.
func refusedFor(err error, whys ...core.Why) string {
	var r *engine.Refusal
	switch {
	case err == nil:
		return fmt.Sprintf("accepted, want it refused: %v", whys)
	case !errors.As(err, &r):
		return fmt.Sprintf("clause (5): %T is no *engine.Refusal: %v", err, err)
	case !slices.Contains(whys, r.Why):
		return fmt.Sprintf("%v, want one of %v", r, whys)
	}
	return ""
}

// newLeg makes the id of a leg to be dialled.
func newLeg() core.LegID { return core.LegID(uuid.NewString()) }

// newMix makes the id of a mix.
func newMix() core.MixID { return core.MixID(uuid.NewString()) }

// newRecording makes the id of a recording.
func newRecording() core.RecordingID { return core.RecordingID(uuid.NewString()) }

// newPlay makes the id of a playing.
func newPlay() core.PlayID { return core.PlayID(uuid.NewString()) }

// nextNumber makes a caller's number that no other caller of the scenario has.
func (s *stage) nextNumber() string {
	s.callers++
	return fmt.Sprintf("493012345%03d", s.callers)
}

// sameNumber compares numbers whether the switch writes the plus or not.
func sameNumber(a, b string) bool { return strings.TrimPrefix(a, "+") == strings.TrimPrefix(b, "+") }

// arrive makes a caller call, and gives the caller and the leg that appeared.
func (s *stage) arrive() (Caller, core.LegID) {
	s.t.Helper()
	from, number := s.rec.mark(), s.nextNumber()
	c := s.w.NewCaller(s.t, number, "Caller")
	c.Dial(s.t, s.w.Number())
	f, _ := awaitFrom(s, from, "LegAppeared", func(f core.LegAppeared) bool { return sameNumber(f.From, number) })
	return c, f.Leg
}

// caller makes a caller call and be answered.
func (s *stage) caller() (Caller, core.LegID) {
	s.t.Helper()
	c, leg := s.arrive()
	s.do(core.Answer{Leg: leg})
	s.answered(leg)
	c.Answered(s.t)
	return c, leg
}

// dial is the order to call a phone.
func dial(leg core.LegID, p Phone) core.Dial {
	return core.Dial{Leg: leg, To: p.Address(), FromNumber: "4930555000", FromName: "Tandem", Limit: 30 * time.Second}
}

// ring makes a phone ring and gives the leg.
func (s *stage) ring(p Phone) core.LegID {
	s.t.Helper()
	leg := newLeg()
	s.do(dial(leg, p))
	p.Rings(s.t)
	return leg
}

// agent makes a phone that is called and answers.
func (s *stage) agent(user string) (Phone, core.LegID) {
	s.t.Helper()
	p := s.w.NewPhone(s.t, user)
	leg := s.ring(p)
	p.Answer(s.t)
	s.answered(leg)
	return p, leg
}

// answered waits for LegAnswered of a leg.
func (s *stage) answered(leg core.LegID) {
	s.t.Helper()
	await(s, "LegAnswered of "+string(leg), func(f core.LegAnswered) bool { return f.Leg == leg })
}

// rings waits for LegRinging of a leg.
func (s *stage) rings(leg core.LegID) {
	s.t.Helper()
	await(s, "LegRinging of "+string(leg), func(f core.LegRinging) bool { return f.Leg == leg })
}

// over waits for LegHungUp of a leg and gives the cause.
func (s *stage) over(leg core.LegID) core.Cause {
	s.t.Helper()
	return await(s, "LegHungUp of "+string(leg), func(f core.LegHungUp) bool { return f.Leg == leg }).Cause
}

// overFor waits for LegHungUp of a leg and checks the cause's code, and its party unless that is "".
func (s *stage) overFor(leg core.LegID, by core.Party, codes ...core.CauseCode) {
	s.t.Helper()
	c := s.over(leg)
	if !slices.Contains(codes, c.Code) || by != "" && c.By != by {
		s.fail("leg %s hung up for %+v, want one of %v by %q", leg, c, codes, by)
	}
}

// talk makes a mix of members who all talk.
func (s *stage) talk(m core.MixID, legs ...core.LegID) {
	s.t.Helper()
	s.mix(m, members(core.Talk, legs...)...)
}

// mix sets a mix.
func (s *stage) mix(m core.MixID, members ...core.Member) {
	s.t.Helper()
	s.do(core.SetMix{Mix: m, Members: members})
}

// members lists legs with one mode.
func members(mode core.Mode, legs ...core.LegID) []core.Member {
	out := make([]core.Member, len(legs))
	for i, leg := range legs {
		out[i] = core.Member{Leg: leg, Mode: mode}
	}
	return out
}

// conversation makes a caller and an agent who hear each other.
func (s *stage) conversation() (c Caller, cl core.LegID, a Phone, al core.LegID, m core.MixID) {
	s.t.Helper()
	c, cl = s.caller()
	a, al = s.agent("1001")
	m = newMix()
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
	return c, cl, a, al, m
}

// finish clears the switch, ends Run, and asks what is asked of every scenario.
func (s *stage) finish() {
	s.t.Helper()
	for _, m := range mixesOf(s.eng.ID(), s.rec.entries()) {
		s.do(core.SetMix{Mix: m})
	}
	legs, spoken := unfinished(s.eng.ID(), s.rec.entries())
	for _, leg := range legs {
		if err := s.order(s.effect(core.Hang{Leg: leg, Cause: core.CauseNormal})); err != nil {
			if msg := refusedFor(err, core.WhyUnknown); msg != "" {
				s.fail("hang %s: %s", leg, msg)
			}
			if !spoken[leg] {
				continue // dialled and refused, or its end is being told just now
			}
		}
		s.over(leg)
	}
	s.noLeftovers()
	if err := s.stop(); err != nil {
		s.fail("Run: %v", err)
	}
	for _, b := range breaches(s.eng.ID(), s.rec.entries()) {
		s.t.Errorf("%s", b)
	}
}

// noLeftovers waits until nothing is on the switch. A switch may tell of an end a moment before it is done with it.
func (s *stage) noLeftovers() {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(Patience); ; <-tick.C {
		left := s.w.Leftovers(s.t)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			s.fail("left on the switch: %s", strings.Join(left, "; "))
		}
	}
}
