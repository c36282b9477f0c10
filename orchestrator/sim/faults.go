package sim

import (
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Fault is a kind of thing that goes wrong.
type Fault string

// The faults.
const (
	Drop        Fault = "drop"         // facts are lost one by one
	Double      Fault = "double"       // facts come twice
	Delay       Fault = "delay"        // the facts of one leg come late, across those of others
	Cut         Fault = "cut"          // the connection to a switch is lost for a time
	Restart     Fault = "restart"      // a switch loses everything
	Refuse      Fault = "refuse"       // effects are refused: some have happened all the same
	Crash       Fault = "crash"        // the control plane dies, with what is in its lanes
	CrashBefore Fault = "crash_before" // … between a decision and its commit
	CrashAfter  Fault = "crash_after"  // … between the commit and the effects
	Owners      Fault = "owners"       // another owner takes over from one that goes on for a while
	Clock       Fault = "clock"        // the owner's clock jumps
	PauseLost   Fault = "pause_lost"   // a switch accepts an order to pause a recording and does nothing
	Ignore      Fault = "ignore"       // the same with other orders
)

// Faults lists all faults.
func Faults() []Fault {
	return []Fault{Drop, Double, Delay, Cut, Restart, Refuse, Crash, CrashBefore, CrashAfter, Owners, Clock, PauseLost, Ignore}
}

// trouble is how much of each fault there is in a shift.
type trouble struct {
	drop, double, delay, refuse, ignore float64 // of one fact or effect
	crash                               float64 // of one event, for CrashBefore and CrashAfter each
}

// startTrouble arranges what will go wrong.
func (w *world) startTrouble() {
	level := func(f Fault, most float64) float64 {
		if !w.plan.Has(f) {
			return 0
		}
		return w.fate.faults[f].Float64() * most
	}
	w.trouble = trouble{drop: level(Drop, 0.05), double: level(Double, 0.2), delay: level(Delay, 0.05), refuse: level(Refuse, 0.15), ignore: level(Ignore, 0.1), crash: 0.004}
	w.nowAndThen(Cut, w.cut)
	w.nowAndThen(Restart, w.restart)
	w.nowAndThen(Crash, w.killOwner)
	w.nowAndThen(Owners, w.usurp)
	w.nowAndThen(Clock, w.jump)
}

// nowAndThen lets something go wrong a few times in the shift.
func (w *world) nowAndThen(f Fault, do func()) {
	if !w.plan.Has(f) {
		return
	}
	d, mean := w.fate.faults[f], NewPlan(w.plan.Seed, w.plan.Size).Length/4
	var again func()
	again = func() {
		if w.closing {
			return
		}
		do()
		w.in(10*time.Second+d.around(mean), again)
	}
	w.in(5*time.Second+d.around(mean/2), again)
}

// fact is a fact on its way from the adapter to the owner: it may get lost, come twice, or come late. What tells of the connection itself does not: that is the
// adapter's own knowledge.
func (w *world) fact(s *station, f core.Fact) {
	t, by := &w.trouble, w.fate.faults
	switch f.(type) {
	case core.EngineUp, core.EngineDown:
		s.gen++
		w.deliver(s, f)
		return
	case core.EngineSeen:
		w.deliver(s, f)
		return
	}
	if w.closing {
		t = &trouble{} // but what is on its way already is not overtaken
	}
	// That a phone comes or goes is told again with every connection, and by nothing else: an adapter that lost it while connected would be broken.
	_, phone := f.(core.PhoneChanged)
	if t.drop > 0 && !phone && by[Drop].chance(t.drop) {
		w.reached("a fact is lost")
		w.trace("LOST", "%s", describe(f))
		return
	}
	key := streamOf(f)
	wait := time.Duration(0)
	if t.delay > 0 && by[Delay].chance(t.delay) {
		w.reached("a fact is late")
		wait = by[Delay].between(50*time.Millisecond, 4*time.Second)
	}
	at := w.now.Add(wait)
	if behind := s.behind[key]; behind.After(at) {
		at = behind // the facts of one leg keep their order
	}
	times := 1
	if t.double > 0 && by[Double].chance(t.double) {
		w.reached("a fact comes twice")
		times = 2
	}
	if !at.After(w.now) {
		for range times {
			w.deliver(s, f)
		}
		return
	}
	s.behind[key] = at
	gen := s.gen
	w.agenda.push(at.UnixNano(), func() {
		if s.gen != gen {
			return // the connection was lost meanwhile, and what was on its way
		}
		for range times {
			w.deliver(s, f)
		}
	})
}

// streamOf names what a fact is about, within which order is kept.
func streamOf(f core.Fact) string {
	switch f := f.(type) {
	case core.LegAppeared:
		return string(f.Leg)
	case core.LegRinging:
		return string(f.Leg)
	case core.LegAnswered:
		return string(f.Leg)
	case core.LegHungUp:
		return string(f.Leg)
	case core.MixJoined:
		return string(f.Leg)
	case core.MixLeft:
		return string(f.Leg)
	case core.Played:
		return string(f.Leg)
	case core.Digit:
		return string(f.Leg)
	case core.Held:
		return string(f.Leg)
	case core.RecordingStarted:
		return string(f.Recording)
	case core.RecordingPaused:
		return string(f.Recording)
	case core.RecordingResumed:
		return string(f.Recording)
	case core.RecordingStopped:
		return string(f.Recording)
	case core.PhoneChanged:
		return f.Phone
	case core.Refused, core.EngineUp, core.EngineSeen, core.EngineDown:
	}
	return ""
}

// obeys lets a switch carry out an effect. What comes back is why not, "" if it has accepted.
func (w *world) obeys(s *station, e core.Effect) core.Why {
	t, d := &w.trouble, w.fate.faults[Refuse]
	do := func() core.Why {
		w.trace("DO", "%s %s", e.Engine, describeAction(e.Do))
		r := s.Do(w.now, e)
		w.noteDone(e, r == nil)
		if r != nil {
			return r.Why
		}
		return ""
	}
	if !w.closing && t.ignore > 0 && s.ignorable(e.Do) && w.fate.faults[Ignore].chance(t.ignore) {
		w.reached("an order is accepted and nothing comes of it")
		w.trace("IGNORED", "%s %s", e.Engine, describeAction(e.Do))
		return ""
	}
	if w.closing || t.refuse == 0 || !d.chance(t.refuse) {
		return do()
	}
	switch d.IntN(5) {
	case 0:
		w.reached("a timeout of what has happened")
		if why := do(); why != "" {
			return why
		}
		return core.WhyTimeout
	case 1:
		w.reached("a timeout of what has not happened")
		return core.WhyTimeout
	case 2:
		return core.WhyLimit
	case 3:
		return core.WhyState
	default:
		return core.WhyFailed
	}
}

// ignorable are the orders that are repeated when nothing comes of them. Of the others nobody could tell: a dialled phone that does not ring is a phone that
// does not ring.
func (s *station) ignorable(a core.Action) bool {
	switch a := a.(type) {
	case core.SetMix:
		return s.showsMix(a)
	case core.Answer, core.Hang, core.Play, core.StartRecording, core.ResumeRecording, core.StopRecording:
		return true
	case core.Ring, core.Dial, core.Stop, core.PauseRecording, core.SendDigits:
	}
	return false
}

// showsMix reports whether a snapshot would show that nothing has come of the declaration: it lists members, not their modes.
func (s *station) showsMix(a core.SetMix) bool {
	missing := len(a.Members) == 0
	for _, m := range a.Members {
		l := s.legs[m.Leg]
		if m.Mode != core.Talk || l == nil {
			return false
		}
		missing = missing || !l.joined
	}
	return missing
}

// cut loses the connection to a switch for a time.
func (w *world) cut() {
	d := w.fate.faults[Cut]
	s, long := pick(d, w.switches), d.between(500*time.Millisecond, 40*time.Second)
	w.reached("a connection is lost")
	w.trace("CUT", "%s for %s", s.ID(), long)
	s.Disconnect(w.now)
	w.in(long, func() {
		if w.host != nil {
			s.Connect(w.now)
		}
	})
}

// restart loses everything on a switch.
func (w *world) restart() {
	d := w.fate.faults[Restart]
	s, long := pick(d, w.switches), d.between(time.Second, 20*time.Second)
	w.reached("a switch restarts")
	w.trace("RESTART", "%s for %s", s.ID(), long)
	s.Restart(w.now)
	w.in(long, func() {
		if w.host != nil {
			s.Connect(w.now)
		}
		for _, a := range w.crew {
			if a.station == s && !a.unplugged {
				w.in(d.between(0, 10*time.Second), func() { s.PhoneRegistered(w.now, a.phone) })
			}
		}
	})
}

// crashes decides whether the owner dies here.
func (w *world) crashes(f Fault) bool {
	return !w.closing && w.plan.Has(f) && len(w.rows) > 1 && w.fate.faults[f].chance(w.trouble.crash)
}

// killOwner lets the owner die between two events.
func (w *world) killOwner() {
	if w.host != nil {
		w.reached("a crash with effects in the lanes")
		w.crash(w.host)
	}
}

// crash is the sudden end of an owner. Another starts after a while.
func (w *world) crash(h *host) {
	w.trace("CRASH", "%s", h.name)
	h.spill()
	was := w.host == h
	h.retire()
	if !was {
		return
	}
	for _, s := range w.switches {
		s.Abandon()
		s.gen++
		s.upSince = time.Time{}
	}
	w.in(w.fate.faults[Crash].between(100*time.Millisecond, 20*time.Second), func() {
		if w.host == nil {
			w.startOwner()
		}
	})
}

// usurp lets another owner take over while the old one does not know.
func (w *world) usurp() {
	if w.host == nil || w.stale != nil {
		return
	}
	old := w.host
	w.reached("another owner takes over")
	old.spill()
	old.lanes = map[string][]core.Effect{}
	w.host = nil
	w.stale = old
	w.startOwner()
}

// jump sets the owner's clock wrong.
func (w *world) jump() {
	d := w.fate.faults[Clock]
	if d.chance(0.5) {
		w.reached("the clock goes back")
		w.skew -= d.between(10*time.Millisecond, 8*time.Second)
	} else {
		w.reached("the clock jumps ahead")
		w.skew += d.between(10*time.Millisecond, 90*time.Second)
	}
	w.trace("CLOCK", "now %s off", w.skew)
}

// endTrouble mends everything: from now on nothing goes wrong.
func (w *world) endTrouble() {
	w.closing = true
	if w.stale != nil {
		w.stale.retire()
	}
	if w.host == nil {
		w.startOwner()
	}
	for _, s := range w.switches {
		s.Connect(w.now)
	}
	for _, a := range w.crew {
		a.plugIn()
	}
}
