package enginetest

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// dialling are the scenarios of calls that we make.
func dialling() []scenario {
	return []scenario{
		{"a dialled phone answers", "(1) ringing, answered, hung up in this order", "", dialAnswered},
		{"a dialled phone does not answer and we give up", "(1) LegHungUp is ours", "Q4", dialNoAnswer},
		{"the switch gives up by itself", "(1) Dial.Limit ends the leg", "Q4", dialLimit},
		{"a dialled phone is busy", "(1) the cause is busy, theirs", "Q4", refusedAtOnce(BusyAtOnce, core.ByThem, core.CauseBusy)},
		{"a ringing phone says busy", "(1) the cause is busy, theirs", "Q4", dialBusyLater},
		{"a dialled phone declines", "(1) the cause is declined, theirs", "Q4", refusedAtOnce(DeclineAtOnce, core.ByThem, core.CauseDeclined)},
		{"a ringing phone declines", "(1) the cause is declined, theirs", "Q4", dialDeclinedLater},
		{"a dialled phone is unavailable", "(1) 480 is no crime of the agent's", "Q4", refusedAtOnce(UnavailableAtOnce, "", core.CauseUnreachable, core.CauseNoAnswer)},
		{"a dialled phone cannot take such a call", "(1) 488 is declined by nobody", "Q4", refusedAtOnce(NotAcceptableAtOnce, core.ByThem, core.CauseRejected)},
		{"a phone that is not registered", "(1), (5) refused or hung up as unreachable", "Q4", dialUnregistered},
		{"a phone that does not exist", "(1), (5) refused or hung up as unreachable", "Q4", dialNobody},
		{"a phone that has vanished", "(1) no response at all is unreachable", "Q4", dialVanished},
		{"a redirect is not followed", "(1), (2) no leg but the one that we dialled", "", dialRedirected},
		{"a phone is asked to answer by itself", "(1)", "C1", dialAutoAnswer},
		{"a number beyond the trunk", "(1)", "", dialOutside},
		{"an odd name is shown as text", "(2) text is never expanded", "", dialOddName},
		{"ring all with one winner", "(1) the others stop and show answered elsewhere", "N6 Q4", ringAll},
		{"two dials of one leg", "(7)", "", dialTwice},
		{"many dials of one leg at once", "(6), (7)", "", dialTwiceAtOnce},
		{"a dialled phone hangs up", "(1) LegHungUp tells who ended it", "", phoneHangsUp},
		{"we hang up on a phone", "(1) LegHungUp tells who ended it", "", weHangUpPhone},
		{"a phone vanishes while talking", "(1) the leg is lost to the network", "Q4", vanishTalking},
	}
}

func dialAnswered(s *stage) {
	p, leg := s.agent("1001")
	s.rings(leg)
	p.Hears(s.t, Silence())
	p.HangUp(s.t)
	s.overFor(leg, core.ByThem, core.CauseNormal)
}

func dialNoAnswer(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	leg := s.ring(p)
	s.rings(leg)
	s.do(core.Hang{Leg: leg, Cause: core.CauseNoAnswer})
	s.overFor(leg, core.ByUs, core.CauseCancelled, core.CauseNoAnswer)
	if e := p.Ended(s.t); e.ByParty || e.Elsewhere {
		s.fail("the phone saw %+v", e)
	}
}

func dialLimit(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	leg := newLeg()
	d := dial(leg, p)
	d.Limit = 3 * time.Second // the switch must have heard it ring by then
	s.do(d)
	p.Rings(s.t)
	s.overFor(leg, "", core.CauseNoAnswer, core.CauseCancelled)
	p.Ended(s.t)
}

// refusedAtOnce dials a phone that refuses without ringing.
func refusedAtOnce(r Reaction, by core.Party, codes ...core.CauseCode) func(*stage) {
	return func(s *stage) {
		p := s.w.NewPhone(s.t, "1001")
		p.React(s.t, r)
		leg := newLeg()
		s.do(dial(leg, p))
		s.overFor(leg, by, codes...)
	}
}

func dialBusyLater(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	leg := s.ring(p)
	p.Busy(s.t)
	s.overFor(leg, core.ByThem, core.CauseBusy)
}

func dialDeclinedLater(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	leg := s.ring(p)
	p.Decline(s.t)
	s.overFor(leg, core.ByThem, core.CauseDeclined)
}

// unreachable dials an address where nobody can be reached.
func (s *stage) unreachable(d core.Dial) {
	s.t.Helper()
	if err := s.order(s.effect(d)); err != nil {
		if msg := refusedFor(err, core.WhyUnreachable); msg != "" {
			s.fail("%s", msg)
		}
		// A leg that was refused was never there.
		s.refused(core.Hang{Leg: d.Leg, Cause: core.CauseNormal}, core.WhyUnknown)
		return
	}
	s.overFor(d.Leg, "", core.CauseUnreachable)
}

func dialUnregistered(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	p.Unregister(s.t)
	s.unreachable(dial(newLeg(), p))
}

func dialNobody(s *stage) {
	s.unreachable(core.Dial{Leg: newLeg(), To: core.Address{Phone: "nobody"}, Limit: 5 * time.Second})
}

func dialVanished(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	p.React(s.t, StaySilent)
	leg := newLeg()
	d := dial(leg, p)
	d.Limit = time.Second
	s.do(d)
	s.overFor(leg, "", core.CauseUnreachable)
	if n := count(s, func(f core.LegRinging) bool { return f.Leg == leg }); n != 0 {
		s.fail("clause (2): a silent phone is told to ring")
	}
}

func dialRedirected(s *stage) {
	p, other := s.w.NewPhone(s.t, "1001"), s.w.NewPhone(s.t, "1002")
	p.RedirectTo(s.t, other)
	leg := newLeg()
	s.do(dial(leg, p))
	s.overFor(leg, "", core.CauseRedirected)
	// Behind the end of the leg nothing more can come of it; a call through the same way shows that all of it has arrived.
	p.React(s.t, RingOn)
	second := s.ring(p)
	if n := other.Invitations(s.t); n != 0 {
		s.fail("the redirect was followed: %d invitations", n)
	}
	s.do(core.Hang{Leg: second, Cause: core.CauseNormal})
	s.over(second)
}

func dialAutoAnswer(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	leg := newLeg()
	d := dial(leg, p)
	d.AutoAnswer = true
	s.do(d)
	p.Talking(s.t)
	s.answered(leg)
}

func dialOutside(s *stage) {
	p := s.w.NewOutsider(s.t)
	c, cl := s.caller()
	leg := s.ring(p)
	p.Answer(s.t)
	s.answered(leg)
	s.talk(newMix(), cl, leg)
	c.Hears(s.t, Voices(p))
	p.Hears(s.t, Voices(c))
}

func dialOddName(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	for _, name := range []string{
		`O'Neil "Bob" <sip:evil@example.org>`, "${SHELL(id)} ${EXTEN}", "Zoë 中文", "line\r\nX-Injected: yes", "a\\,b|c",
	} {
		leg := newLeg()
		d := dial(leg, p)
		d.FromName = name
		s.do(d)
		shown := p.Rings(s.t)
		if !isRemainder(shown.Name, name) {
			s.fail("the name %q is shown as %q", name, shown.Name)
		}
		if !sameNumber(shown.Number, d.FromNumber) {
			s.fail("the number %q is shown as %q", d.FromNumber, shown.Number)
		}
		s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
		s.over(leg)
		p.Ended(s.t)
	}
}

func ringAll(s *stage) {
	const n = 8
	c, cl := s.caller()
	phones, legs := make([]Phone, n), make([]core.LegID, n)
	for i := range phones {
		phones[i] = s.w.NewPhone(s.t, fmt.Sprintf("10%02d", i+1))
	}
	for i, p := range phones {
		legs[i] = newLeg()
		s.do(dial(legs[i], p))
	}
	for _, p := range phones {
		p.Rings(s.t)
	}
	const winner = 3
	phones[winner].Answer(s.t)
	s.answered(legs[winner])
	m := newMix()
	s.talk(m, cl, legs[winner])
	for i := range phones {
		if i != winner {
			s.do(core.Hang{Leg: legs[i], Cause: core.CauseAnsweredElsewhere})
		}
	}
	for i, p := range phones {
		if i == winner {
			continue
		}
		s.overFor(legs[i], core.ByUs, core.CauseAnsweredElsewhere, core.CauseCancelled)
		if e := p.Ended(s.t); !e.Elsewhere || e.ByParty {
			s.fail("%s saw %+v, want answered elsewhere", p.Name(), e)
		}
	}
	c.Hears(s.t, Voices(phones[winner]))
	phones[winner].Hears(s.t, Voices(c))
}

func dialTwice(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	leg := newLeg()
	s.do(dial(leg, p), dial(leg, p))
	p.Rings(s.t)
	s.do(dial(leg, p))
	p.Answer(s.t)
	s.answered(leg)
	s.do(dial(leg, p))
	p.HangUp(s.t)
	s.over(leg)
	if n := p.Invitations(s.t); n != 1 {
		s.fail("clause (7): %d calls were offered to the phone", n)
	}
}

func dialTwiceAtOnce(s *stage) {
	p := s.w.NewPhone(s.t, "1001")
	leg := newLeg()
	var orders errgroup.Group
	for range 16 {
		orders.Go(func() error { return s.order(s.effect(dial(leg, p))) })
	}
	if err := orders.Wait(); err != nil {
		s.fail("dial: %v", err)
	}
	p.Rings(s.t)
	s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
	s.over(leg)
	p.Ended(s.t)
	if n := p.Invitations(s.t); n != 1 {
		s.fail("clause (7): %d calls were offered to the phone", n)
	}
}

func phoneHangsUp(s *stage) {
	p, leg := s.agent("1001")
	p.HangUp(s.t)
	s.overFor(leg, core.ByThem, core.CauseNormal)
	var r *engine.Refusal
	if err := s.order(s.effect(core.Hang{Leg: leg, Cause: core.CauseNormal})); !errors.As(err, &r) || r.Why != core.WhyUnknown {
		s.fail("hang up again: %v", err)
	}
}

func weHangUpPhone(s *stage) {
	p, leg := s.agent("1001")
	s.do(core.Hang{Leg: leg, Cause: core.CauseNormal})
	s.overFor(leg, core.ByUs, core.CauseNormal)
	if e := p.Ended(s.t); e.ByParty || e.Status != 0 {
		s.fail("the phone saw %+v", e)
	}
}

func vanishTalking(s *stage) {
	limit := s.w.MediaTimeout()
	if limit == 0 {
		s.fail("the switch has no time limit for silent phones, so it cannot notice one that is gone: configure one for the contract")
	}
	c, cl := s.caller()
	p, leg := s.agent("1001")
	s.talk(newMix(), cl, leg)
	c.Hears(s.t, Voices(p))
	from := s.rec.mark()
	p.Vanish(s.t)
	c.Hears(s.t, Silence())
	f, _ := awaitFor(s, limit+Patience, from, "LegHungUp of the vanished phone", func(f core.LegHungUp) bool { return f.Leg == leg })
	if f.Cause.Code != core.CauseNetwork || f.Cause.By == core.ByThem || f.Cause.By == core.ByUs {
		s.fail("the vanished phone's leg ended for %+v, want network, neither ours nor theirs", f.Cause)
	}
}
