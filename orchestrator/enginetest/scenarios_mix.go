package enginetest

import (
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// mixing are the scenarios of who hears whom.
func mixing() []scenario {
	return []scenario{
		{"two hear each other", "(9); MixJoined for both", "", mixOfTwo},
		{"setting a mix again harms nothing", "(4), (9)", "", mixRepeated},
		{"hold and resume", "(9) the held one hears music, the other one silence", "C3", holdAndResume},
		{"mute", "(9) a muted member hears and is not heard", "C17", mute},
		{"waiting with music", "(9) a member on hold alone hears music", "", waitingWithMusic},
		{"three hear each other", "(9)", "", mixOfThree},
		{"a member leaves", "(9); MixLeft for the one", "", memberLeaves},
		{"one is held while two go on", "(9)", "C3", holdOneOfThree},
		{"a leg moves to another mix", "(9) the last SetMix wins", "", moveJoinFirst},
		{"a leg leaves one mix and joins another", "(9)", "", moveLeaveFirst},
		{"an empty mix is dissolved", "(9), (4); the legs live on", "", dissolve},
		{"the customer hangs up in a mix", "(1), (9) the agent lives on in silence", "", customerHangsUp},
		{"the agent hangs up in a mix", "(1), (9) the customer lives on in silence", "", agentHangsUp},
		{"a mix with an unknown leg", "(5)", "", mixUnknownLeg},
		{"a phone's hold key", "(1) Held; (9) all is as before when it is released", "", holdKey},
		{"a new agent for a held customer", "(9)", "Q7", nextAgent},
	}
}

// joined waits for MixJoined behind a place in the log.
func (s *stage) joined(from int, m core.MixID, legs ...core.LegID) {
	s.t.Helper()
	for _, leg := range legs {
		awaitFrom(s, from, "MixJoined of "+string(leg), func(f core.MixJoined) bool { return f.Leg == leg && f.Mix == m })
	}
}

// left waits for MixLeft behind a place in the log.
func (s *stage) left(from int, m core.MixID, legs ...core.LegID) {
	s.t.Helper()
	for _, leg := range legs {
		awaitFrom(s, from, "MixLeft of "+string(leg), func(f core.MixLeft) bool { return f.Leg == leg && f.Mix == m })
	}
}

func mixOfTwo(s *stage) {
	_, cl, _, al, m := s.conversation()
	s.joined(0, m, cl, al)
}

func mixRepeated(s *stage) {
	c, cl, a, al, m := s.conversation()
	since := time.Now()
	for range 10 {
		s.talk(m, cl, al)
		s.talk(m, al, cl) // the order of the members says nothing
	}
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
	c.KeptHearing(s.t, a, since)
	a.KeptHearing(s.t, c, since)
}

func holdAndResume(s *stage) {
	c, cl, a, al, m := s.conversation()
	held := []core.Member{{Leg: cl, Mode: core.Hold}, {Leg: al, Mode: core.Talk}}
	for range 2 {
		s.mix(m, held...)
		c.Hears(s.t, Music())
		a.Hears(s.t, Silence())
		s.mix(m, held...)
		c.Hears(s.t, Music())
		s.talk(m, cl, al)
		c.Hears(s.t, Voices(a))
		a.Hears(s.t, Voices(c))
	}
}

func mute(s *stage) {
	c, cl, a, al, m := s.conversation()
	since := time.Now()
	s.mix(m, core.Member{Leg: cl, Mode: core.Talk}, core.Member{Leg: al, Mode: core.Mute})
	c.Hears(s.t, Silence())
	a.Hears(s.t, Voices(c))
	a.KeptHearing(s.t, c, since)
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	// From mute to hold and back: neither may stick.
	s.mix(m, core.Member{Leg: cl, Mode: core.Hold}, core.Member{Leg: al, Mode: core.Mute})
	c.Hears(s.t, Music())
	a.Hears(s.t, Silence())
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
}

func waitingWithMusic(s *stage) {
	c, cl := s.caller()
	m := newMix()
	s.mix(m, members(core.Hold, cl)...)
	c.Hears(s.t, Music())
	a, al := s.agent("1001")
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
}

// meeting makes a caller and two agents who all hear each other.
func (s *stage) meeting() (c Caller, cl core.LegID, a Phone, al core.LegID, b Phone, bl core.LegID, m core.MixID) {
	s.t.Helper()
	c, cl, a, al, m = s.conversation()
	b, bl = s.agent("1002")
	s.talk(m, cl, al, bl)
	c.Hears(s.t, Voices(a, b))
	a.Hears(s.t, Voices(c, b))
	b.Hears(s.t, Voices(c, a))
	return c, cl, a, al, b, bl, m
}

func mixOfThree(s *stage) { s.meeting() }

func memberLeaves(s *stage) {
	c, cl, a, al, b, bl, m := s.meeting()
	from, since := s.rec.mark(), time.Now()
	s.talk(m, cl, bl)
	s.left(from, m, al)
	c.Hears(s.t, Voices(b))
	b.Hears(s.t, Voices(c))
	a.Hears(s.t, Silence())
	c.KeptHearing(s.t, b, since)
	if n := count(s, func(f core.LegHungUp) bool { return f.Leg == al }); n != 0 {
		s.fail("leaving the mix ended the leg")
	}
}

func holdOneOfThree(s *stage) {
	c, cl, a, al, b, bl, m := s.meeting()
	since := time.Now()
	s.mix(m, core.Member{Leg: cl, Mode: core.Hold}, core.Member{Leg: al, Mode: core.Talk}, core.Member{Leg: bl, Mode: core.Talk})
	c.Hears(s.t, Music())
	a.Hears(s.t, Voices(b))
	b.Hears(s.t, Voices(a))
	s.talk(m, cl, al, bl)
	c.Hears(s.t, Voices(a, b))
	b.Hears(s.t, Voices(a, c))
	a.KeptHearing(s.t, b, since)
}

func moveJoinFirst(s *stage) {
	c, cl, a, al, m := s.conversation()
	d, dl := s.caller()
	other := newMix()
	s.talk(other, dl, al)
	a.Hears(s.t, Voices(d))
	d.Hears(s.t, Voices(a))
	c.Hears(s.t, Silence())
	s.talk(m, cl)
	a.Hears(s.t, Voices(d))
	// And back, with the old mix told before.
	s.talk(other, dl)
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
	d.Hears(s.t, Silence())
}

func moveLeaveFirst(s *stage) {
	c, cl, a, al, m := s.conversation()
	d, dl := s.caller()
	s.mix(m, core.Member{Leg: cl, Mode: core.Hold})
	other := newMix()
	s.talk(other, dl, al)
	a.Hears(s.t, Voices(d))
	d.Hears(s.t, Voices(a))
	c.Hears(s.t, Music())
}

func dissolve(s *stage) {
	c, cl, a, al, m := s.conversation()
	from := s.rec.mark()
	s.mix(m)
	s.left(from, m, cl, al)
	c.Hears(s.t, Silence())
	a.Hears(s.t, Silence())
	s.mix(m)
	s.mix(newMix()) // one that has never been
	again := newMix()
	s.talk(again, cl, al)
	c.Hears(s.t, Voices(a))
	// The same id may come again, too.
	s.mix(again)
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
}

func customerHangsUp(s *stage) {
	c, cl, a, al, _ := s.conversation()
	c.HangUp(s.t)
	s.overFor(cl, core.ByThem, core.CauseNormal)
	a.Hears(s.t, Silence())
	d, dl := s.caller()
	s.talk(newMix(), dl, al)
	a.Hears(s.t, Voices(d))
}

func agentHangsUp(s *stage) {
	c, cl, a, al, m := s.conversation()
	a.HangUp(s.t)
	s.overFor(al, core.ByThem, core.CauseNormal)
	c.Hears(s.t, Silence())
	s.mix(m, members(core.Hold, cl)...)
	c.Hears(s.t, Music())
}

func mixUnknownLeg(s *stage) {
	c, cl, a, al, m := s.conversation()
	ghost := newLeg()
	s.refused(core.SetMix{Mix: m, Members: members(core.Talk, cl, al, ghost)}, core.WhyUnknown)
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
	s.refused(core.SetMix{Mix: newMix(), Members: members(core.Talk, ghost)}, core.WhyUnknown)
}

func holdKey(s *stage) {
	c, _, a, al, _ := s.conversation()
	for _, on := range []bool{true, false} {
		a.Hold(s.t, on)
		await(s, "Held", func(f core.Held) bool { return f.Leg == al && f.On == on })
	}
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
	want := []bool{true, false}
	var got []bool
	for _, e := range s.rec.entries() {
		if f, ok := e.fact.(core.Held); ok {
			got = append(got, f.On)
		}
	}
	if !slices.Equal(got, want) {
		s.fail("Held was told as %v, want %v", got, want)
	}
}

func nextAgent(s *stage) {
	c, cl, a, al, m := s.conversation()
	s.mix(m, members(core.Hold, cl)...)
	c.Hears(s.t, Music())
	s.do(core.Hang{Leg: al, Cause: core.CauseNormal})
	s.over(al)
	a.Ended(s.t)
	b, bl := s.agent("1002")
	s.talk(m, cl, bl)
	c.Hears(s.t, Voices(b))
	b.Hears(s.t, Voices(c))
}
