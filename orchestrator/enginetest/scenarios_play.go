package enginetest

import (
	"slices"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// pressing are the scenarios of DTMF.
func pressing() []scenario {
	return []scenario{
		{"a caller presses digits", "(1) Digit, in order", "", callerPresses},
		{"an agent presses digits in a mix", "(1) Digit of the leg that pressed", "", agentPresses},
		{"digits are sent to the far end", "(4) once per effect id", "C17", sendDigits},
	}
}

// digits waits for as many digits of a leg as there are, and compares.
func (s *stage) digits(leg core.LegID, want string) {
	s.t.Helper()
	got, from := "", 0
	for range want {
		var f core.Digit
		f, from = awaitFrom(s, from, "Digit behind "+got, func(f core.Digit) bool { return f.Leg == leg })
		got += f.Digit
	}
	if got != want {
		s.fail("digits %q, want %q", got, want)
	}
}

func callerPresses(s *stage) {
	c, leg := s.caller()
	c.Press(s.t, "159#*0")
	s.digits(leg, "159#*0")
}

func agentPresses(s *stage) {
	c, cl, a, al, _ := s.conversation()
	a.Press(s.t, "42")
	s.digits(al, "42")
	c.Press(s.t, "7")
	s.digits(cl, "7")
	if n := count(s, func(core.Digit) bool { return true }); n != 3 {
		s.fail("clause (2): %d digits are told of 3", n)
	}
}

func sendDigits(s *stage) {
	c, cl, _, al, _ := s.conversation()
	e := s.effect(core.SendDigits{Leg: cl, Digits: "12#"})
	for range 3 {
		if err := s.order(e); err != nil {
			s.fail("send digits: %v", err)
		}
	}
	c.GotDigits(s.t, "12#")
	s.do(core.SendDigits{Leg: cl, Digits: "9"})
	c.GotDigits(s.t, "12#9")
	s.refused(core.SendDigits{Leg: newLeg(), Digits: "1"}, core.WhyUnknown)
	s.refused(core.SendDigits{Leg: cl, Digits: "1${SHELL(id)}"}, core.WhyInvalid)
	if n := count(s, func(f core.Digit) bool { return f.Leg == al || f.Leg == cl }); n != 0 {
		s.fail("clause (2): digits that we sent come back as pressed")
	}
}

// playing are the scenarios of prompts.
func playing() []scenario {
	return []scenario{
		{"a prompt is played", "(1) Played{OK}; (9) the party hears it", "", playPrompt},
		{"a prompt in place of hold music", "(9) music afterwards", "", playOnHold},
		{"a prompt before the call is answered", "(1) Played", "", playEarly},
		{"a missing prompt", "(1) Played without OK", "", playMissing},
		{"odd prompt names", "(2) names are never expanded; refused as invalid, or not played", "", playOdd},
		{"a playing is stopped", "(1) Played, once", "", stopPlaying},
		{"a playing is ordered twice", "(4) once per effect id", "", playTwice},
		{"the party hangs up while a prompt plays", "(1) nothing behind LegHungUp", "", hangUpPlaying},
	}
}

// played waits for Played of a playing.
func (s *stage) played(p core.PlayID) core.Played {
	s.t.Helper()
	f, _ := awaitFor(s, 2*Patience, 0, "Played of "+string(p), func(f core.Played) bool { return f.Play == p })
	return f
}

func (s *stage) prompt(leg core.LegID) core.Play { return s.prompts(leg, 1) }

// prompts is the prompt so many times over, so that whoever listens for it may come late.
func (s *stage) prompts(leg core.LegID, times int) core.Play {
	return core.Play{Leg: leg, Play: newPlay(), Media: slices.Repeat([]string{s.w.Prompt()}, times)}
}

func playPrompt(s *stage) {
	c, leg := s.caller()
	p := s.prompts(leg, 3)
	s.do(p)
	c.Hears(s.t, Music())
	if f := s.played(p.Play); !f.OK || f.Leg != leg {
		s.fail("played as %+v", f)
	}
	c.Hears(s.t, Silence())
}

func playOnHold(s *stage) {
	c, leg := s.caller()
	s.mix(newMix(), members(core.Hold, leg)...)
	c.Hears(s.t, Music())
	p := s.prompt(leg)
	s.do(p)
	if f := s.played(p.Play); !f.OK {
		s.fail("played as %+v", f)
	}
	c.Hears(s.t, Music())
}

func playEarly(s *stage) {
	c, leg := s.arrive()
	p := s.prompt(leg)
	s.do(p)
	s.played(p.Play)
	s.do(core.Hang{Leg: leg, Cause: core.CauseBusy})
	s.over(leg)
	c.Ended(s.t)
}

func playMissing(s *stage) {
	c, leg := s.caller()
	p := core.Play{Leg: leg, Play: newPlay(), Media: []string{"enginetest/no-such-prompt"}}
	s.do(p)
	if s.played(p.Play).OK {
		s.fail("a prompt that is not there was played")
	}
	c.Hears(s.t, Silence())
}

func playOdd(s *stage) {
	_, leg := s.caller()
	for _, name := range []string{"../../etc/passwd", "${SHELL(id)}", "a b", "http://127.0.0.1/x", "line\nbreak", "", "number:${EXTEN}"} {
		p := core.Play{Leg: leg, Play: newPlay(), Media: []string{name}}
		if err := s.order(s.effect(p)); err != nil {
			if msg := refusedFor(err, core.WhyInvalid); msg != "" {
				s.fail("play %q: %s", name, msg)
			}
			continue
		}
		if s.played(p.Play).OK {
			s.fail("the prompt %q was played", name)
		}
	}
}

func stopPlaying(s *stage) {
	c, leg := s.caller()
	p := s.prompts(leg, 21) // long enough not to end by itself
	s.do(p)
	c.Hears(s.t, Music())
	s.do(core.Stop{Leg: leg, Play: p.Play})
	s.played(p.Play)
	c.Hears(s.t, Silence())
	s.do(core.Stop{Leg: leg, Play: p.Play}) // it has ended: no harm
	s.refused(core.Stop{Leg: newLeg(), Play: p.Play}, core.WhyUnknown)
}

func playTwice(s *stage) {
	_, leg := s.caller()
	p := s.prompt(leg)
	e := s.effect(p)
	for range 2 {
		if err := s.order(e); err != nil {
			s.fail("play: %v", err)
		}
	}
	s.played(p.Play)
	if err := s.order(e); err != nil {
		s.fail("play again when it is over: %v", err)
	}
	next := s.prompt(leg)
	s.do(next)
	s.played(next.Play)
	if n := count(s, func(f core.Played) bool { return f.Play == p.Play }); n != 1 {
		s.fail("clause (4): told %d times to have been played", n)
	}
	s.refused(s.prompt(newLeg()), core.WhyUnknown)
}

func hangUpPlaying(s *stage) {
	c, leg := s.caller()
	s.do(s.prompts(leg, 21))
	c.Hears(s.t, Music())
	c.HangUp(s.t)
	s.over(leg)
}
