package enginetest

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// bounds are the scenarios of many at once, of slow sinks and of ends.
func bounds() []scenario {
	return []scenario{
		{"fifty short calls", "(1) in order for each leg; nothing lost, nothing left", "", fiftyCalls},
		{"a slow sink", "(6) effects and calls go on; the facts come afterwards, in order", "", slowSink},
		{"orders from 32 goroutines", "(6)", "", manyOrders},
		{"a context that has ended", "(6) Do is bounded by its context", "", endedContext},
		{"unknown legs", "(5) every action", "", unknownLegs},
		{"run and stop", "Run returns when its context ends, and leaves nothing", "", runAndStop},
	}
}

func fiftyCalls(s *stage) {
	const calls = 50
	callers, numbers := make([]Caller, calls), make([]string, calls)
	for i := range callers {
		numbers[i] = s.nextNumber()
		callers[i] = s.w.NewCaller(s.t, numbers[i], "Caller")
	}
	for _, c := range callers {
		c.Dial(s.t, s.w.Number())
	}
	legs := make([]core.LegID, calls)
	for i, number := range numbers {
		legs[i] = await(s, "LegAppeared of "+number, func(f core.LegAppeared) bool { return sameNumber(f.From, number) }).Leg
	}
	s.together(calls, func(i int) core.Action { return core.Answer{Leg: legs[i]} })
	for i, c := range callers {
		s.answered(legs[i])
		c.Answered(s.t)
	}
	mixes := make([]core.MixID, calls/2)
	for i := range mixes {
		mixes[i] = newMix()
	}
	s.together(len(mixes), func(i int) core.Action {
		return core.SetMix{Mix: mixes[i], Members: members(core.Talk, legs[2*i], legs[2*i+1])}
	})
	// A switch may hang up on the second of two whose first one goes while they are still being brought together.
	for i := 1; i < calls; i += 2 {
		callers[i-1].Hears(s.t, Voices(callers[i]))
	}
	// One of each pair hangs up, the other one is hung up on.
	for i := 0; i < calls; i += 2 {
		callers[i].HangUp(s.t)
	}
	s.together(calls/2, func(i int) core.Action { return core.Hang{Leg: legs[2*i+1], Cause: core.CauseNormal} })
	for i, leg := range legs {
		by := core.ByThem
		if i%2 == 1 {
			by = core.ByUs
		}
		s.overFor(leg, by, core.CauseNormal)
		callers[i].Ended(s.t)
	}
	s.together(len(mixes), func(i int) core.Action { return core.SetMix{Mix: mixes[i]} })
}

// together gives n orders from as many goroutines; all must be accepted.
func (s *stage) together(n int, action func(i int) core.Action) {
	s.t.Helper()
	var orders errgroup.Group
	for i := range n {
		a := action(i)
		orders.Go(func() error {
			if err := s.order(s.effect(a)); err != nil {
				return fmt.Errorf("%s %+v: %w", a.Name(), a, err)
			}
			return nil
		})
	}
	if err := orders.Wait(); err != nil {
		s.fail("%v", err)
	}
}

func slowSink(s *stage) {
	c, cl, a, al, m := s.conversation()
	release := s.rec.block()
	defer release()
	for range 5 {
		s.mix(m, core.Member{Leg: cl, Mode: core.Hold}, core.Member{Leg: al, Mode: core.Talk})
		c.Hears(s.t, Music())
		s.talk(m, cl, al)
		c.Hears(s.t, Voices(a))
	}
	c.Press(s.t, "123")
	// A party who comes and goes meanwhile.
	b := s.w.NewPhone(s.t, "1002")
	bl := s.ring(b)
	b.Answer(s.t)
	b.HangUp(s.t)
	c.HangUp(s.t)
	a.Hears(s.t, Silence())
	release()
	s.digits(cl, "123")
	s.answered(bl)
	s.overFor(bl, core.ByThem, core.CauseNormal)
	s.overFor(cl, core.ByThem, core.CauseNormal)
}

func manyOrders(s *stage) {
	c, cl, a, al, m := s.conversation()
	s.together(32, func(i int) core.Action {
		switch i % 3 {
		case 0:
			return core.SetMix{Mix: m, Members: members(core.Talk, cl, al)}
		case 1:
			return core.SetMix{Mix: newMix()}
		default:
			return core.SendDigits{Leg: al, Digits: "1"}
		}
	})
	s.mix(m)
	s.talk(m, cl, al)
	a.Hears(s.t, Voices(c))
	c.Hears(s.t, Voices(a))
}

func endedContext(s *stage) {
	c, leg := s.arrive()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	e := s.effect(core.Ring{Leg: leg})
	s.rec.ordered(e)
	if msg := refusedFor(s.eng.Do(ctx, e), core.WhyTimeout); msg != "" {
		s.fail("ring: %s", msg)
	}
	s.do(core.Ring{Leg: leg})
	c.HearsRinging(s.t)
}

func unknownLegs(s *stage) {
	ghost := newLeg()
	for _, a := range []core.Action{
		core.Ring{Leg: ghost},
		core.Answer{Leg: ghost},
		core.Hang{Leg: ghost, Cause: core.CauseNormal},
		core.Play{Leg: ghost, Play: newPlay(), Media: []string{s.w.Prompt()}},
		core.Stop{Leg: ghost, Play: newPlay()},
		core.SendDigits{Leg: ghost, Digits: "1"},
		core.SetMix{Mix: newMix(), Members: members(core.Talk, ghost)},
		core.SetMix{Mix: newMix(), Members: members(core.Hold, ghost)},
		core.StopRecording{Recording: newRecording()},
	} {
		s.refused(a, core.WhyUnknown)
	}
	// Neither is anything told of them, nor has it harmed the connection.
	c, _ := s.caller()
	c.Hears(s.t, Silence())
}

func runAndStop(s *stage) {
	for range 3 {
		if err := s.stop(); err != nil {
			s.fail("Run: %v", err)
		}
		var r *engine.Refusal
		if err := s.order(s.effect(core.Hang{Leg: newLeg()})); !errors.As(err, &r) {
			s.fail("an order to an engine that does not run: %v", err)
		}
		for _, b := range breaches(s.eng.ID(), s.rec.entries()) {
			s.t.Errorf("%s", b)
		}
		s.rec = newRecorder()
		s.run()
	}
	c, _ := s.caller()
	c.Hears(s.t, Silence())
}
