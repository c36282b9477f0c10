package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// caller is somebody who calls.
type caller struct {
	leg     core.LegID
	station *station
	line    line
	since   time.Time
	d       dice
	taken   bool // a phone has answered for this caller
	gone    bool
}

// worker is an agent with a desk phone and a desktop.
type worker struct {
	w         *world
	d         dice
	id        core.AgentID
	phone     string
	station   *station
	care      float64 // 0: careless … 1: takes every call at once
	unplugged bool
	examined  bool // does nothing by itself any more
}

// surroundings tell the world what callers and phones of a switch notice.
type surroundings struct {
	w *world
	s *station
}

func (o *surroundings) Invited(now time.Time, phone string, leg core.LegID, _ Response) Response {
	a := o.w.byPhone[phone]
	if a == nil {
		return o.w.outsideReacts()
	}
	d := a.d
	if dial, ok := o.s.Dialled(leg); ok && d.chance(0.03) && !a.examined {
		o.w.reached("a caller gives up while a phone rings")
		o.w.in(d.between(0, 6*time.Second), func() { o.s.PartyHangsUp(o.w.now, dial.For) })
	}
	_ = now
	return a.reacts()
}

func (o *surroundings) Connected(now time.Time, leg core.LegID) {
	w := o.w
	w.facts.took[leg] = now
	dial, ok := o.s.Dialled(leg)
	if !ok {
		return
	}
	a, c := w.byPhone[dial.To.Phone], w.callers[w.facts.customers[w.facts.callOf[leg]]]
	switch {
	case c == nil || a != nil && a.examined:
		return
	case a == nil:
		w.outsideTalks(o.s, c, leg)
		return
	}
	w.desks++
	d := dice{w.fate.stream(deskStreams + w.desks)}
	w.in(4*time.Minute, func() { o.s.PartyHangsUp(w.now, leg) }) // nobody talks for ever
	if dial.For != c.leg {
		if d.chance(0.3) {
			a.collaborates(leg, asksAround, d)
		}
		a.isConsulted(c, leg, d)
		return
	}
	c.taken = true
	if c.d.chance(0.04) {
		w.reached("a caller hangs up in the moment of answering")
		o.s.PartyHangsUp(now, c.leg)
		return
	}
	longer := time.Duration(0)
	switch p := d.Float64(); {
	case p < 0.08:
		longer = 3 * time.Minute
		a.collaborates(leg, convenes, d)
	case p < 0.6:
		longer = d.around(20 * time.Second)
		a.collaborates(leg, asksAround, d)
	}
	a.converse(c, leg, longer)
}

func (o *surroundings) Ended(_ time.Time, leg core.LegID, _ core.Cause) {
	o.w.facts.died[leg] = o.w.now
	if c := o.w.callers[leg]; c != nil {
		c.gone = true
	}
}

// hirePeople makes the agents of the set-up.
func (w *world) hirePeople() {
	for i, set := range w.set.config.Agents {
		d := dice{w.fate.stream(workerStreams + uint64(i))}
		a := &worker{w: w, d: d, id: set.ID, phone: set.Phone, station: w.switches[0], care: d.Float64()}
		for _, s := range w.switches {
			if s.ID() == set.Engine {
				a.station = s
			}
		}
		w.crew = append(w.crew, a)
		w.byPhone[a.phone], w.byAgent[a.id] = a, a
		a.station.PhoneRegistered(w.now, a.phone)
	}
}

// startPeople sends agents to work, supervisors around, and lets callers call.
func (w *world) startPeople() {
	d := w.fate.arrivals
	for _, a := range w.crew {
		w.in(a.d.between(0, 10*time.Second), a.signIn)
	}
	whole := NewPlan(w.plan.Seed, w.plan.Size) // a plan that was shrunk goes on in the same pace
	mean := whole.Length / time.Duration(whole.Calls+1)
	var ring func()
	ring = func() {
		if w.closing || w.dialled >= w.plan.Calls {
			return
		}
		if l := pick(d, w.set.lines); w.dialled < w.plan.Skip {
			w.dialled++
			w.skipped++
		} else {
			w.call(l)
		}
		w.in(d.around(mean), ring)
	}
	w.in(d.around(mean), ring)
	w.startSupervisors()
}

// names are what callers call themselves: text that nobody may trust.
var names = []string{"", "Anna", `"; DROP`, "${EXTEN}", "\xff\xfe", "Zoë 🎈", "a\nb"}

// call lets somebody call a number.
func (w *world) call(l line) *caller {
	d, s := dice{w.fate.stream(callerStreams + uint64(w.dialled))}, w.switches[l.station]
	from := fmt.Sprintf("+4917%d", d.IntN(12)) // few, so that callers come back
	if d.chance(0.1) {
		from = ""
	}
	leg := s.CallerDials(w.now, from, pick(d, names), l.number)
	c := &caller{leg: leg, station: s, line: l, since: w.now, d: d}
	w.callers[leg] = c
	w.dialled++
	w.facts.born[leg] = w.now
	w.trace("CALLER", "%s calls %s: %s", from, l.number, leg)
	patience := 200*time.Millisecond + d.around(25*time.Second)
	if d.chance(0.04) {
		patience += 3 * time.Minute
	}
	w.in(patience, func() {
		if !c.taken {
			s.PartyHangsUp(w.now, leg)
		}
	})
	w.in(5*time.Minute, func() { s.PartyHangsUp(w.now, leg) }) // nobody waits for ever
	return c
}

// reacts is what the agent does when the phone rings.
func (a *worker) reacts() Response {
	d := a.d
	if a.examined {
		return Response{Do: TakeCall, After: time.Second}
	}
	if d.chance(0.3 + 0.6*a.care) {
		return Response{Do: TakeCall, After: d.around(3 * time.Second)}
	}
	switch d.IntN(12) {
	case 0:
		return Response{Do: Decline, After: d.between(0, 4*time.Second)}
	case 1:
		return Response{Do: SayBusy}
	case 2:
		return Response{Do: Redirect}
	case 3:
		return Response{Do: Unavailable, After: d.between(0, 3*time.Second)}
	case 4:
		return Response{Do: StaySilent}
	case 5, 6:
		// In the very moment in which the ring time is over, give or take what a message needs.
		if q := a.ringTime(); q > 0 {
			a.w.reached("a phone is answered at the ring deadline")
			return Response{Do: TakeCall, After: q - d.between(0, 40*time.Millisecond)}
		}
	case 7:
		if d.chance(0.5) {
			return Response{Do: TakeCall}
		}
	}
	return Response{} // lets it ring
}

// ringTime is how much longer the phone will ring, by what the desktop shows.
func (a *worker) ringTime() time.Duration {
	if a.w.host == nil {
		return 0
	}
	v, _ := a.w.rules().Agent(a.id)
	c, ok := a.w.rules().Call(v.Call)
	if !ok {
		return 0
	}
	for _, o := range c.Offers {
		if o.Agent == a.id {
			return o.Until.Sub(a.w.host.clock())
		}
	}
	return 0
}

// converse plans a conversation, from the phone's answer on. longer is how much longer than usual it lasts.
func (a *worker) converse(c *caller, leg core.LegID, longer time.Duration) {
	w, d := a.w, c.d
	talk := 500*time.Millisecond + d.around(20*time.Second) + longer
	if d.chance(0.1) {
		talk += 2 * time.Minute
	}
	call := func() core.CallID {
		if w.host == nil {
			return ""
		}
		return w.rules().CallOf(core.LegAnswered{Leg: c.leg})
	}
	during := func(p float64, do func()) {
		if d.chance(p) {
			w.in(time.Duration(d.Float64()*float64(talk)), do)
		}
	}
	during(0.3, func() {
		w.ask(core.HoldCall{Command: w.head("agent"), Call: call(), Agent: a.id})
		during(0.3, func() { w.ask(core.EndCall{Command: w.head("agent"), Call: call(), Agent: a.id}) })
		if d.chance(0.8) {
			w.in(d.around(4*time.Second), func() { w.ask(core.ResumeCall{Command: w.head("agent"), Call: call(), Agent: a.id}) })
		}
	})
	during(0.15, func() {
		if a.examined {
			return
		}
		a.station.PhoneHolds(w.now, a.phone, true)
		w.in(d.around(4*time.Second), func() { a.station.PhoneHolds(w.now, a.phone, false) })
	})
	during(0.15, func() {
		w.ask(core.MuteAgent{Command: w.head("agent"), Call: call(), Agent: a.id, On: true})
		w.in(d.around(4*time.Second), func() { w.ask(core.MuteAgent{Command: w.head("agent"), Call: call(), Agent: a.id}) })
	})
	during(0.1, func() { w.ask(core.PressDigits{Command: w.head("agent"), Call: call(), Agent: a.id, Digits: "12#"}) })
	during(0.3, func() {
		w.ask(core.PauseRecordingOf{Command: w.head("agent"), Call: call(), Agent: a.id})
		if d.chance(0.6) {
			w.in(d.around(4*time.Second), func() { w.ask(core.ResumeRecordingOf{Command: w.head("agent"), Call: call(), Agent: a.id}) })
		}
	})
	during(0.05, func() { c.station.PartyPresses(w.now, c.leg, "5#") })
	during(0.02, func() {
		w.ask(core.HoldCall{Command: w.head("somebody else"), Call: call(), Agent: pick(d, w.crew).id})
	})
	if x := w.fate.discards; x.chance(0.15) {
		w.in(time.Duration(x.Float64()*float64(talk)), func() {
			w.ask(core.DiscardRecordingOf{Command: w.head("agent"), Call: call(), Agent: a.id})
		})
	}
	w.in(talk, func() { a.ends(c, leg, call()) })
	w.in(talk+30*time.Second, func() { c.station.PartyHangsUp(w.now, c.leg) })
}

// ends is how a conversation comes to its end.
func (a *worker) ends(c *caller, leg core.LegID, call core.CallID) {
	w, d := a.w, c.d
	switch p := d.Float64(); {
	case p < 0.35, a.examined:
		c.station.PartyHangsUp(w.now, c.leg)
	case p < 0.6:
		a.station.PartyHangsUp(w.now, leg)
	case p < 0.75:
		w.ask(core.EndCall{Command: w.head("agent"), Call: call, Agent: a.id})
	case p < 0.85:
		to := core.Target{Queue: pick(d, w.queuesOf(c.station))}
		if d.chance(0.6) && w.host != nil {
			to = a.target(d)
		}
		w.ask(core.TransferCall{Command: w.head("agent"), Call: call, Agent: a.id, To: to})
		c.taken = false
		w.in(d.around(20*time.Second), func() { c.station.PartyHangsUp(w.now, c.leg) })
	case p < 0.9:
		w.reached("a phone drops off the network in mid-call")
		a.unplug()
	case p < 0.94:
		w.reached("a caller drops off the network")
		if _, up := c.station.Alive(c.leg); up {
			c.station.PartyVanishes(w.now, c.leg)
		}
	default:
		w.reached("both hang up at once")
		c.station.PartyHangsUp(w.now, c.leg)
		a.station.PartyHangsUp(w.now, leg)
	}
}

// queuesOf are the queues of one switch: no call is transferred to phones of another, because no mix spans switches.
func (w *world) queuesOf(s *station) []core.QueueID {
	var ids []core.QueueID
	for i, e := range w.set.engines {
		for _, q := range w.set.config.Queues {
			if e == s.ID() && string(q.ID)[1] == byte('1'+i) {
				ids = append(ids, q.ID)
			}
		}
	}
	return ids
}

func (a *worker) unplug() {
	w := a.w
	a.unplugged = true
	a.station.PhoneUnplugged(w.now, a.phone)
	w.in(a.d.between(5*time.Second, 70*time.Second), a.plugIn)
}

func (a *worker) plugIn() {
	if !a.unplugged {
		return
	}
	a.unplugged = false
	a.station.PhoneRegistered(a.w.now, a.phone)
}

func (a *worker) signIn() {
	a.set(core.Available, "")
	a.w.in(a.d.around(8*time.Second), a.think)
}

func (a *worker) set(to core.AgentState, reason string) {
	a.w.ask(core.SetAgentState{Command: a.w.head("agent:" + string(a.id)), Agent: a.id, State: to, Reason: reason})
}

// think is the agent at the desktop, looking at it now and then.
func (a *worker) think() {
	if a.examined {
		return
	}
	w, d := a.w, a.d
	defer w.in(time.Second+d.around(8*time.Second), a.think)
	if w.host == nil {
		return
	}
	v, ok := w.rules().Agent(a.id)
	if !ok {
		return
	}
	switch v.State {
	case core.RONA, core.Idle, core.Offline:
		if w.closing || d.chance(0.6) {
			a.set(core.Available, "")
		} else if d.chance(0.2) {
			a.set(core.Offline, "")
		}
	case core.Available:
		switch p := d.Float64(); {
		case w.closing:
		case p < 0.05:
			a.set(core.Idle, "coffee")
		case p < 0.08:
			a.set(core.Offline, "")
		case p < 0.1:
			a.unplug()
		case p < 0.12 && !a.unplugged:
			a.station.PhoneUnregistered(w.now, a.phone)
			w.in(d.between(time.Second, 20*time.Second), func() { a.station.PhoneRegistered(w.now, a.phone) })
		}
	case core.Reserved:
		switch p := d.Float64(); {
		case p < 0.15:
			w.ask(core.DeclineOffer{Command: w.head("agent"), Agent: a.id})
		case p < 0.25:
			a.set(core.Offline, "")
		case p < 0.3:
			a.set(core.Idle, "later")
		case p < 0.35:
			a.set(core.Available, "")
		}
	case core.Engaged:
		switch p := d.Float64(); {
		case p < 0.1:
			a.set(core.Idle, "after this")
		case p < 0.2:
			a.set(core.Available, "")
		case p < 0.25:
			a.set(core.Offline, "")
		}
	case core.WrapUp:
		if d.chance(0.3) {
			w.ask(core.ExtendWrapUp{Command: w.head("agent"), Agent: a.id})
		}
		if d.chance(0.1) {
			a.set(core.Offline, "")
		}
		if d.chance(0.5) {
			w.ask(core.FinishWrapUp{Command: w.head("agent"), Agent: a.id, Reason: pick(d, wrapReasons), Notes: "was nice"})
		}
	}
}

// startSupervisors lets supervisors force states and change the set-up in the middle of the shift.
func (w *world) startSupervisors() {
	d := w.fate.people
	var walk func()
	walk = func() {
		if w.closing {
			return
		}
		switch d.IntN(8) {
		case 0, 1:
			a := pick(d, w.crew)
			to, reason := core.Available, ""
			if d.chance(0.4) {
				to, reason = core.Idle, "training"
			}
			w.ask(core.SetAgentState{Command: w.head("supervisor"), Agent: a.id, State: to, Reason: reason})
		case 2, 3, 4:
			w.changeQueue()
		case 5:
			w.removeQueue()
		case 6:
			w.removeAgent()
		case 7:
			w.leadElsewhere()
		}
		w.in(5*time.Second+d.around(40*time.Second), walk)
	}
	w.in(d.around(30*time.Second), walk)
}

// changeQueue draws a queue anew: strategy, members, times.
func (w *world) changeQueue() {
	d := w.fate.people
	i := d.IntN(len(w.set.config.Queues))
	q := &w.set.config.Queues[i]
	var same []core.AgentID
	for _, a := range w.crew {
		if string(a.id)[1] == string(q.ID)[1] { // of the same switch
			same = append(same, a.id)
		}
	}
	*q = drawQueue(d, q.ID, same)
	w.command(core.ConfigChanged{Queues: []core.Queue{*q}})
}

// removeQueue removes a queue and puts it back after a while, with the numbers that led to it.
func (w *world) removeQueue() {
	d := w.fate.people
	q := pick(d, w.set.config.Queues).ID
	w.command(core.ConfigChanged{Remove: core.Removal{Queues: []core.QueueID{q}}})
	w.in(d.between(time.Second, 30*time.Second), func() {
		for _, now := range w.set.config.Queues {
			if now.ID == q {
				w.command(core.ConfigChanged{Queues: []core.Queue{now}})
			}
		}
	})
}

// leadElsewhere lets a number lead to another queue for a while, perhaps instead of its users, and perhaps removes the queue to which it led.
func (w *world) leadElsewhere() {
	d := w.fate.people
	i := d.IntN(len(w.set.config.EntryPoints))
	e := w.set.config.EntryPoints[i]
	station := w.set.lines[slices.IndexFunc(w.set.lines, func(l line) bool { return l.entry == e.ID })].station
	var queues []core.Queue
	for _, q := range w.set.config.Queues {
		if q.ID[1] == '1'+byte(station) {
			queues = append(queues, q)
		}
	}
	other := e
	other.Users, other.Queue = nil, pick(d, queues).ID
	change := core.ConfigChanged{EntryPoints: []core.EntryPoint{other}}
	if d.chance(0.7) && e.Queue != "" && e.Queue != other.Queue {
		change.Remove.Queues = []core.QueueID{e.Queue}
	}
	w.command(change)
	w.in(d.between(time.Second, 30*time.Second), func() {
		again := core.ConfigChanged{EntryPoints: []core.EntryPoint{e}}
		for _, q := range w.set.config.Queues {
			if slices.Contains(change.Remove.Queues, q.ID) {
				again.Queues = append(again.Queues, q)
			}
		}
		w.command(again)
	})
}

// removeAgent removes an agent, whatever they are doing, and hires them again after a while.
func (w *world) removeAgent() {
	d := w.fate.people
	set := pick(d, w.set.config.Agents)
	w.command(core.ConfigChanged{Remove: core.Removal{Agents: []core.AgentID{set.ID}}})
	w.in(d.between(time.Second, 30*time.Second), func() {
		w.command(core.ConfigChanged{Agents: []core.AgentSetup{set}})
	})
}

// closeDown ends the shift: nobody calls any more, nothing goes wrong any more, and all who are there leave in their own time. It waits until nothing is left.
func (w *world) closeDown() {
	if w.fail != nil {
		return
	}
	w.trace("CLOSING", "time")
	w.endTrouble()
	for _, s := range w.switches {
		for _, l := range s.sortedLegs() {
			leaves := w.fate.people.between(0, 30*time.Second)
			if l.ours {
				if l.phase != legUp {
					continue
				}
				leaves += 30 * time.Second
			}
			w.in(leaves, func() { s.PartyHangsUp(w.now, l.id) })
		}
	}
	start := w.now
	w.advance(start.Add(10*time.Minute), w.allQuiet)
	if w.fail == nil && !w.allQuiet() {
		w.failf("everything comes to rest", "ten minutes after closing time: %s", w.leftovers())
	}
}
