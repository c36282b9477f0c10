package enginetest

import (
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// cutOff are the scenarios of a lost connection, a restarted switch and a restarted control plane.
func cutOff() []scenario {
	return []scenario{
		{"the connection is lost for a while", "(3), (8), (9) calls live on; the snapshot has all of them", "", lostConnection},
		{"legs end while the connection is lost", "(3) they are not in the snapshot, and nothing more is told of them", "", lostLegs},
		{"a recording while the connection is lost", "(3) the snapshot has it; the file is whole", "C15", lostRecording},
		{"a prompt while the connection is lost", "(9) it is stopped, and another is heard", "N12", lostPrompt},
		{"the connection is lost again and again", "(3) EngineDown and EngineUp by turns", "", lostRepeatedly},
		{"the switch restarts", "(3) EngineUp{Restarted} without the old legs; new calls work", "", restarted},
		{"the control plane restarts", "(3), (8), (9) a second Run finds what the first one left", "", runAgain},
	}
}

// cut cuts the connection and waits for EngineDown. It gives the place behind it.
func (s *stage) cut() int {
	s.t.Helper()
	from := s.rec.mark()
	s.w.Disconnect(s.t)
	_, next := awaitFrom(s, from, "EngineDown", func(f core.EngineDown) bool { return f.Engine == s.eng.ID() })
	s.refused(core.SetMix{Mix: newMix(), Members: members(core.Talk, newLeg())}, core.WhyDown, core.WhyTimeout)
	return next
}

// mend lets the connection come back and gives the snapshot.
func (s *stage) mend(from int) core.EngineUp {
	s.t.Helper()
	s.w.Reconnect(s.t)
	f, _ := awaitFrom(s, from, "EngineUp", func(core.EngineUp) bool { return true })
	return f
}

// seen finds a leg in a snapshot.
func seen(snap core.Snapshot, leg core.LegID) (core.SeenLeg, bool) {
	i := slices.IndexFunc(snap.Legs, func(l core.SeenLeg) bool { return l.Leg == leg })
	if i < 0 {
		return core.SeenLeg{}, false
	}
	return snap.Legs[i], true
}

// listed fails unless a snapshot has the conversation of a caller and an agent as it should.
func (s *stage) listed(snap core.Snapshot, cl, al core.LegID, m core.MixID) {
	s.t.Helper()
	if l, ok := seen(snap, cl); !ok || l.Ours || !l.Up || !sameNumber(l.To, s.w.Number()) || l.Name != "Caller" {
		s.fail("the caller's leg %s in the snapshot: %+v %v\n%+v", cl, l, ok, snap)
	}
	if l, ok := seen(snap, al); !ok || !l.Ours || !l.Up || l.Call != "enginetest" {
		s.fail("clause (8): the agent's leg %s in the snapshot: %+v %v\n%+v", al, l, ok, snap)
	}
	i := slices.IndexFunc(snap.Mixes, func(x core.SeenMix) bool { return x.Mix == m })
	want := []core.LegID{cl, al}
	slices.Sort(want)
	if i < 0 || !slices.Equal(snap.Mixes[i].Legs, want) {
		s.fail("the mix %s of %v is not in the snapshot: %+v", m, want, snap)
	}
}

func lostConnection(s *stage) {
	c, cl, a, al, m := s.conversation()
	held, hl := s.caller()
	s.mix(newMix(), members(core.Hold, hl)...)
	held.Hears(s.t, Music())
	waiting, wl := s.arrive()
	ringing := s.w.NewPhone(s.t, "1002")
	rl := s.ring(ringing)
	s.rings(rl)

	since := time.Now()
	down := s.cut()
	c.Hears(s.t, Voices(a))
	a.Hears(s.t, Voices(c))
	held.Hears(s.t, Music())
	up := s.mend(down)
	if up.Restarted {
		s.fail("the switch is told to have restarted")
	}
	s.listed(up.Snapshot, cl, al, m)
	if l, ok := seen(up.Snapshot, hl); !ok || !l.Up || l.Ours {
		s.fail("the held leg in the snapshot: %+v %v", l, ok)
	}
	if l, ok := seen(up.Snapshot, wl); !ok || l.Up || l.Ours {
		s.fail("the waiting leg in the snapshot: %+v %v", l, ok)
	}
	if l, ok := seen(up.Snapshot, rl); !ok || l.Up || !l.Ours || !l.Ringing {
		s.fail("the ringing leg in the snapshot: %+v %v", l, ok)
	}

	// All goes on, with facts in order.
	ringing.Answer(s.t)
	s.answered(rl)
	s.do(core.Answer{Leg: wl})
	s.answered(wl)
	waiting.Answered(s.t)
	s.talk(m, cl, al) // what reconciliation does
	c.Hears(s.t, Voices(a))
	c.KeptHearing(s.t, a, since)
	a.KeptHearing(s.t, c, since)
	c.Press(s.t, "5")
	s.digits(cl, "5")
	s.mix(m, core.Member{Leg: cl, Mode: core.Hold}, core.Member{Leg: al, Mode: core.Talk})
	c.Hears(s.t, Music())
	a.HangUp(s.t)
	s.over(al)
	held.HangUp(s.t)
	s.over(hl)
}

func lostLegs(s *stage) {
	c, cl, a, al, m := s.conversation()
	gone, gl := s.caller()
	ringing := s.w.NewPhone(s.t, "1002")
	rl := s.ring(ringing)
	s.rings(rl)

	down := s.cut()
	gone.HangUp(s.t)
	ringing.Answer(s.t) // in the gap: only the snapshot tells
	a.HangUp(s.t)
	c.Hears(s.t, Silence())
	up := s.mend(down)
	for _, leg := range []core.LegID{gl, al} {
		if l, ok := seen(up.Snapshot, leg); ok {
			s.fail("a leg that ended in the gap is in the snapshot: %+v", l)
		}
		s.refused(core.Hang{Leg: leg, Cause: core.CauseNormal}, core.WhyUnknown)
	}
	if l, ok := seen(up.Snapshot, rl); !ok || !l.Up {
		s.fail("the leg that was answered in the gap: %+v %v", l, ok)
	}
	s.talk(m, cl, rl)
	c.Hears(s.t, Voices(ringing))
	ringing.Hears(s.t, Voices(c))
}

func lostRecording(s *stage) {
	c, _, a, _, m := s.conversation()
	id := s.startRecording(m)
	linger()
	down := s.cut()
	linger()
	up := s.mend(down)
	if !slices.Contains(up.Snapshot.Recordings, core.SeenRecording{Recording: id}) {
		s.fail("the recording is not in the snapshot: %+v", up.Snapshot)
	}
	for range 2 { // as the rules ask whether it still runs: whatever is done about it, nothing of that is left in the end
		s.do(core.StartRecording{Recording: id, Mix: m})
	}
	linger()
	s.do(core.StopRecording{Recording: id})
	h := s.file(id, c, a)
	s.heard(h, "Caller+1001")
	if want := 3 * pieceOfTalk; h.spoken < want-pieceOfTalk/2 {
		s.fail("the recording has a gap: %v, want about %v", h, want)
	}
}

// lostPrompt stops a prompt that goes on over the gap, and plays another, as the rules do behind it.
func lostPrompt(s *stage) {
	c, leg := s.caller()
	p := s.prompts(leg, 64) // longer than anybody here waits
	s.do(p)
	c.Hears(s.t, Music())
	s.mend(s.cut())
	next := s.prompt(leg)
	s.do(core.Stop{Leg: leg, Play: p.Play}, next)
	if f := s.played(next.Play); !f.OK {
		s.fail("played as %+v", f)
	}
	c.Hears(s.t, Silence())
}

func lostRepeatedly(s *stage) {
	c, cl, a, al, m := s.conversation()
	since := time.Now()
	for range 3 {
		s.listed(s.mend(s.cut()).Snapshot, cl, al, m)
	}
	c.KeptHearing(s.t, a, since)
	a.KeptHearing(s.t, c, since)
}

func restarted(s *stage) {
	_, cl, _, al, _ := s.conversation()
	_, wl := s.arrive()
	from := s.rec.mark()
	s.w.Restart(s.t)
	_, from = awaitFrom(s, from, "EngineDown", func(core.EngineDown) bool { return true })
	up, _ := awaitFor(s, 6*Patience, from, "EngineUp", func(core.EngineUp) bool { return true })
	if !up.Restarted {
		s.fail("the switch is not told to have restarted")
	}
	for _, leg := range []core.LegID{cl, al, wl} {
		if _, ok := seen(up.Snapshot, leg); ok {
			s.fail("leg %s has survived the restart", leg)
		}
		s.refused(core.Hang{Leg: leg, Cause: core.CauseNormal}, core.WhyUnknown)
	}
	// A call like the first one, with other people.
	c, cl2 := s.caller()
	b, bl := s.agent("1002")
	s.talk(newMix(), cl2, bl)
	c.Hears(s.t, Voices(b))
	b.Hears(s.t, Voices(c))
}

func runAgain(s *stage) {
	c, cl, a, al, m := s.conversation()
	since := time.Now()
	if err := s.stop(); err != nil {
		s.fail("Run: %v", err)
	}
	s.refused(core.SetMix{Mix: m}, core.WhyDown, core.WhyTimeout)
	for _, b := range breaches(s.eng.ID(), s.rec.entries()) {
		s.t.Errorf("before: %s", b)
	}
	s.rec = newRecorder() // a new process knows nothing
	s.run()
	up := await(s, "EngineUp", func(core.EngineUp) bool { return true })
	if up.Restarted {
		s.fail("the switch is told to have restarted")
	}
	s.listed(up.Snapshot, cl, al, m)
	s.talk(m, cl, al)
	c.Hears(s.t, Voices(a))
	c.KeptHearing(s.t, a, since)
	a.KeptHearing(s.t, c, since)
	a.HangUp(s.t)
	s.overFor(al, core.ByThem, core.CauseNormal)
}
