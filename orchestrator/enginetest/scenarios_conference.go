package enginetest

import (
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// conferring are the scenarios of mixes with many members, and of members that go to and fro between mixes: what consults and conferences are made of.
func conferring() []scenario {
	return []scenario{
		{"a mix of four", "(9) everybody hears everybody", "C11", mixOfFour},
		{"a mix of eight", "(9) everybody hears everybody", "C11", mixOfEight},
		{"one of three is held and taken back", "(9) music for the one, the others hear each other", "C14", holdParticipant},
		{"a leg goes to another mix and back at once", "(9) no order waits for the one before it; the last one wins", "C7", toAndFro},
		{"two legs swap mixes", "(9)", "C7", swap},
		{"ringing for a member on hold", "(9) the music class that sounds like ringing", "C4", ringback},
		{"a mix of four is dissolved", "(9) nobody is left in it; the legs live on", "C14", dissolveFour},
		{"a recording goes on over members who come and go", "(9) one file", "C15 C11", recordConference},
		{"a recording outlives a moment without members", "(9) one file", "C4 C9 C15", recordConsult},
	}
}

// conference makes a mix of a caller and agents, in which everybody hears everybody.
func (s *stage) conference(people int) (all []Party, legs []core.LegID, m core.MixID) {
	s.t.Helper()
	c, cl := s.caller()
	all, legs, m = []Party{c}, []core.LegID{cl}, newMix()
	for i := 1; i < people; i++ {
		p, leg := s.agent(fmt.Sprintf("10%02d", i))
		all, legs = append(all, p), append(legs, leg)
	}
	s.talk(m, legs...)
	s.joined(0, m, legs...)
	s.company(all...)
	return all, legs, m
}

// company waits until everybody hears all the others and nobody else.
func (s *stage) company(all ...Party) {
	s.t.Helper()
	for i, p := range all {
		others := make([]Party, 0, len(all)-1)
		others = append(others, all[:i]...)
		p.Hears(s.t, Voices(append(others, all[i+1:]...)...))
	}
}

func mixOfFour(s *stage) { s.conference(4) }

func mixOfEight(s *stage) { s.conference(core.MaxParticipants) }

func holdParticipant(s *stage) {
	all, legs, m := s.conference(3)
	since := time.Now()
	for range 2 {
		s.mix(m, core.Member{Leg: legs[0], Mode: core.Talk}, core.Member{Leg: legs[1], Mode: core.Talk}, core.Member{Leg: legs[2], Mode: core.Hold})
		all[2].Hears(s.t, Music())
		s.company(all[0], all[1])
		s.talk(m, legs...)
		s.company(all...)
	}
	all[0].KeptHearing(s.t, all[1], since)
	all[1].KeptHearing(s.t, all[0], since)
}

// toAndFro is an agent who toggles faster than anybody can follow: all orders are given before the first has had its effect.
func toAndFro(s *stage) {
	c, cl, a, al, m := s.conversation()
	b, bl := s.agent("1002")
	aside := newMix()
	for range 5 {
		s.mix(m, members(core.Hold, cl)...)
		s.talk(aside, al, bl)
		s.talk(m, cl, al)
		s.mix(aside, members(core.Hold, bl)...)
	}
	s.company(c, a)
	b.Hears(s.t, Music())
	for range 5 {
		s.talk(m, cl, al)
		s.mix(aside, members(core.Hold, bl)...)
		s.mix(m, members(core.Hold, cl)...)
		s.talk(aside, al, bl)
	}
	s.company(a, b)
	c.Hears(s.t, Music())
	for _, leg := range []core.LegID{cl, al, bl} {
		if n := count(s, func(f core.LegHungUp) bool { return f.Leg == leg }); n != 0 {
			s.fail("leg %s was lost on its way between the mixes", leg)
		}
	}
}

func swap(s *stage) {
	c, cl, a, al, m := s.conversation()
	d, dl := s.caller()
	b, bl := s.agent("1002")
	other := newMix()
	s.talk(other, dl, bl)
	s.company(d, b)
	s.talk(m, cl)
	s.talk(other, dl, al)
	s.talk(m, cl, bl)
	s.company(c, b)
	s.company(d, a)
	// And back, each leg named by its new mix before the old one has let go of it.
	s.talk(m, cl, al)
	s.talk(other, dl, bl)
	s.company(c, a)
	s.company(d, b)
}

func ringback(s *stage) {
	a, al := s.agent("1001")
	m := newMix()
	s.mix(m, core.Member{Leg: al, Mode: core.Hold, Music: core.RingbackMusic})
	a.Hears(s.t, Music())
	b, bl := s.agent("1002")
	s.talk(m, al, bl)
	s.company(a, b)
	s.mix(m, core.Member{Leg: al, Mode: core.Hold, Music: core.RingbackMusic}, core.Member{Leg: bl, Mode: core.Talk})
	a.Hears(s.t, Music())
	b.Hears(s.t, Silence())
}

func dissolveFour(s *stage) {
	all, legs, m := s.conference(4)
	from := s.rec.mark()
	s.mix(m)
	s.left(from, m, legs...)
	for _, p := range all {
		p.Hears(s.t, Silence())
	}
	for _, leg := range legs {
		if n := count(s, func(f core.LegHungUp) bool { return f.Leg == leg }); n != 0 {
			s.fail("dissolving the mix ended leg %s", leg)
		}
	}
	s.talk(newMix(), legs...)
	s.company(all...)
}

func recordConference(s *stage) {
	c, cl, a, al, m := s.conversation()
	id := s.startRecording(m)
	linger()
	b, bl := s.agent("1002")
	s.talk(m, cl, al, bl)
	s.company(c, a, b)
	linger()
	s.talk(m, cl, bl)
	a.Hears(s.t, Silence())
	s.company(c, b)
	linger()
	s.talk(m, cl, bl, al)
	s.company(c, a, b)
	linger()
	s.do(core.StopRecording{Recording: id})
	s.heard(s.file(id, c, a, b), "Caller+1001", "Caller+1001+1002", "Caller+1002", "Caller+1001+1002")
	if n := count(s, func(f core.RecordingStopped) bool { return f.Recording == id }); n != 1 {
		s.fail("the recording was stopped %d times", n)
	}
}

// recordConsult: the customer is on hold and the agent elsewhere, with somebody who must not be in the file.
func recordConsult(s *stage) {
	c, cl, a, al, m := s.conversation()
	id := s.startRecording(m)
	linger()
	b, bl := s.agent("1002")
	aside := newMix()
	s.mix(m, core.Member{Leg: cl, Mode: core.Hold})
	s.talk(aside, al, bl)
	c.Hears(s.t, Music())
	s.company(a, b)
	linger()
	s.talk(m, cl, bl)
	s.company(c, b)
	linger()
	s.do(core.StopRecording{Recording: id})
	s.heard(s.file(id, c, a, b), "Caller+1001", "Caller+1002")
	if n := count(s, func(f core.RecordingStopped) bool { return f.Recording == id }); n != 1 {
		s.fail("the recording was stopped %d times", n)
	}
}
