package sim

import (
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// isConsulted plans what an agent does who has answered a colleague's consult.
func (a *worker) isConsulted(c *caller, leg core.LegID, d dice) {
	w := a.w
	if d.chance(0.3) {
		a.competes(leg)
	}
	w.mayChange(c, leg, d)
	stays := time.Second + d.around(20*time.Second)
	switch {
	case d.chance(0.03):
		w.reached("a consultant hangs up at once")
		stays = d.between(0, 20*time.Millisecond)
	case d.chance(0.3):
		stays += time.Minute
	}
	how := d.Float64()
	w.in(min(stays, 3*time.Minute), func() {
		switch {
		case how < 0.5:
			a.station.PartyHangsUp(w.now, leg)
		case how < 0.93:
			w.ask(core.LeaveCall{Command: w.head("agent"), Call: w.facts.callOf[leg], Agent: a.id})
		default:
			if _, up := a.station.Alive(leg); up {
				w.reached("a consultant's phone drops off the network")
				a.unplug()
			}
		}
	})
}

// competes lets another phone that rings for the same consult be answered in the very same moment.
func (a *worker) competes(leg core.LegID) {
	w := a.w
	for _, o := range w.crew {
		other, rings := o.station.PhoneRinging(o.phone)
		if o == a || o.examined || !rings || w.facts.callOf[other] != w.facts.callOf[leg] {
			continue
		}
		if o.station.PhoneAnswers(w.now, o.phone) {
			return
		}
	}
}

// mayChange lets the others act in the very moment in which somebody who was asked answers: the races of a consult.
func (w *world) mayChange(c *caller, leg core.LegID, d dice) {
	by := w.primaryOf(w.facts.callOf[leg])
	switch p := d.Float64(); {
	case p < 0.05:
		w.reached("a customer hangs up in the moment in which a consult is answered")
		c.station.PartyHangsUp(w.now, c.leg)
	case p < 0.08 && by != nil:
		w.reached("the primary's phone dies in the moment in which a consult is answered")
		by.unplug()
	case p < 0.11 && by != nil:
		w.reached("a consult is ended in the moment in which it is answered")
		w.ask(core.EndConsult{Command: w.head("agent"), Call: w.facts.callOf[leg], Agent: by.id})
	case p < 0.14 && by != nil:
		w.reached("a transfer is completed in the moment in which its consult is answered")
		w.ask(core.CompleteTransfer{Command: w.head("agent"), Call: w.facts.callOf[leg], Agent: by.id})
	}
}

// primaryOf is a call's primary by the timeline; nil if it has none.
func (w *world) primaryOf(id core.CallID) *worker {
	if t := w.facts.talks[id]; t != nil {
		return w.byAgent[t.agent]
	}
	return nil
}

// target is whom an agent consults, or transfers to: mostly somebody who can be asked.
func (a *worker) target(d dice) core.Target {
	w := a.w
	switch p := d.Float64(); {
	case p < 0.35:
		var free, all []core.AgentID
		for _, o := range w.crew {
			if o == a || o.station != a.station {
				continue
			}
			all = append(all, o.id)
			if v, ok := w.rules().Agent(o.id); ok && (v.State == core.Available || v.State == core.Idle) {
				free = append(free, o.id)
			}
		}
		switch {
		case len(free) > 0 && d.chance(0.95):
			return core.Target{Agent: pick(d, free)}
		case len(all) > 0:
			return core.Target{Agent: pick(d, all)}
		}
	case p < 0.5:
		return core.Target{Queue: pick(d, w.queuesOf(a.station))}
	case p < 0.65:
		return core.Target{EntryPoint: pick(d, w.entryPointsOf(a.station))}
	}
	return core.Target{Number: pick(d, outsideNumbers)}
}

// temper is what an agent tends to do in a conversation.
type temper uint8

const (
	asksAround temper = iota // consults now and then, and does what comes to mind
	convenes                 // brings as many together as there is room for
)

// collaborates lets an agent use what the desktop offers beyond plain talk, as long as their leg is there.
func (a *worker) collaborates(leg core.LegID, t temper, d dice) {
	w := a.w
	pause := 500*time.Millisecond + d.around(4*time.Second)
	if t == convenes {
		pause = 300*time.Millisecond + d.around(700*time.Millisecond)
	}
	w.in(pause, func() {
		if _, up := a.station.Alive(leg); !up || w.closing || a.examined {
			return
		}
		if w.host != nil {
			a.clicks(leg, t, d)
		}
		a.collaborates(leg, t, d)
	})
}

// clicks presses one of the buttons that the desktop shows as enabled, and now and then one that it does not.
func (a *worker) clicks(leg core.LegID, t temper, d dice) {
	w := a.w
	id := w.facts.callOf[leg]
	c, ok := w.rules().Call(id)
	i := slices.IndexFunc(c.People, func(p core.ParticipantView) bool { return p.Leg == leg })
	if !ok || i < 0 {
		return
	}
	if c.Consult != nil && d.chance(0.02) {
		w.reached("a phone dies in a consult")
		a.unplug()
		return
	}
	do := pickControl(d, t, c)
	if !slices.Contains(c.People[i].Controls, do) && !d.chance(0.05) {
		return
	}
	if in := a.intent(do, c, leg, d); in != nil {
		w.ask(in)
	}
}

// pickControl draws a button.
func pickControl(d dice, t temper, c core.CallView) core.Control {
	consulting := []core.Control{
		core.ControlEndConsult, core.ControlToggle, core.ControlToggle, core.ControlToggle, core.ControlComplete, core.ControlComplete, core.ControlMerge, core.ControlMerge,
		core.ControlMerge, core.ControlHold, core.ControlResume, core.ControlEnd,
	}
	talking := []core.Control{
		core.ControlConsult, core.ControlConsult, core.ControlConsult, core.ControlConsult, core.ControlConsult, core.ControlParticipant, core.ControlParticipant,
		core.ControlParticipant, core.ControlLeave, core.ControlTransfer, core.ControlHold, core.ControlResume, core.ControlMute, core.ControlUnmute, core.ControlPause,
	}
	switch {
	case t == convenes && c.Consult == nil && c.Held:
		return core.ControlResume
	case t == convenes && c.Consult == nil && len(c.People) < core.MaxParticipants:
		return core.ControlConsult
	case t == convenes && c.Consult != nil:
		return core.ControlMerge
	case c.Consult != nil:
		return pick(d, consulting)
	}
	return pick(d, talking)
}

// intent is what a button asks for.
func (a *worker) intent(do core.Control, c core.CallView, own core.LegID, d dice) core.Intent {
	head, id := a.w.head("agent:"+string(a.id)), c.ID
	switch do {
	case core.ControlConsult:
		return core.StartConsult{Command: head, Call: id, Agent: a.id, To: a.target(d), GoOn: d.chance(0.5)}
	case core.ControlEndConsult:
		return core.EndConsult{Command: head, Call: id, Agent: a.id}
	case core.ControlToggle:
		return core.ToggleConsult{Command: head, Call: id, Agent: a.id}
	case core.ControlComplete:
		return core.CompleteTransfer{Command: head, Call: id, Agent: a.id}
	case core.ControlMerge:
		return core.MergeConsult{Command: head, Call: id, Agent: a.id}
	case core.ControlLeave:
		return core.LeaveCall{Command: head, Call: id, Agent: a.id}
	case core.ControlTransfer:
		return core.TransferCall{Command: head, Call: id, Agent: a.id, To: a.target(d)}
	case core.ControlParticipant:
		p := pick(d, c.People)
		if p.Leg == own || d.chance(0.25) {
			return core.DropParticipant{Command: head, Call: id, Agent: a.id, Leg: p.Leg}
		}
		return core.HoldParticipant{Command: head, Call: id, Agent: a.id, Leg: p.Leg, On: !p.Held}
	case core.ControlHold:
		return core.HoldCall{Command: head, Call: id, Agent: a.id}
	case core.ControlResume:
		return core.ResumeCall{Command: head, Call: id, Agent: a.id}
	case core.ControlMute:
		return core.MuteAgent{Command: head, Call: id, Agent: a.id, On: true}
	case core.ControlUnmute:
		return core.MuteAgent{Command: head, Call: id, Agent: a.id}
	case core.ControlPause:
		return core.PauseRecordingOf{Command: head, Call: id, Agent: a.id}
	case core.ControlEnd:
		return core.EndCall{Command: head, Call: id, Agent: a.id}
	case core.ControlDigits, core.ControlUnpause, core.ControlDiscard, core.ControlExtend:
	}
	return nil
}
