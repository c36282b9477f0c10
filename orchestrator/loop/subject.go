package loop

import (
	"cmp"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// subject is what an event or an action is about, as far as it says so itself.
type subject struct {
	call      core.CallID
	leg       core.LegID
	mix       core.MixID
	recording core.RecordingID
	agent     core.AgentID
	engine    core.EngineID
}

// or adds the deadline that was fired to what an event says of itself.
func (s subject) or(d core.Deadline) subject {
	s.call, s.agent, s.leg = cmp.Or(s.call, d.Call), cmp.Or(s.agent, d.Agent), cmp.Or(s.leg, d.Leg)
	return s
}

// about reads an event's subject.
func about(ev core.Event) subject {
	switch e := ev.(type) {
	case core.LegAppeared:
		return subject{engine: e.Engine, leg: e.Leg}
	case core.LegRinging:
		return subject{leg: e.Leg}
	case core.LegAnswered:
		return subject{leg: e.Leg}
	case core.LegHungUp:
		return subject{leg: e.Leg}
	case core.MixJoined:
		return subject{mix: e.Mix, leg: e.Leg}
	case core.MixLeft:
		return subject{mix: e.Mix, leg: e.Leg}
	case core.Played:
		return subject{leg: e.Leg}
	case core.Digit:
		return subject{leg: e.Leg}
	case core.Held:
		return subject{leg: e.Leg}
	case core.RecordingStarted:
		return subject{recording: e.Recording}
	case core.RecordingPaused:
		return subject{recording: e.Recording}
	case core.RecordingResumed:
		return subject{recording: e.Recording}
	case core.RecordingStopped:
		return subject{recording: e.Recording}
	case core.PhoneChanged:
		return subject{engine: e.Engine}
	case core.Refused:
		return subject{leg: e.Leg, mix: e.Mix, recording: e.Recording}
	case core.EngineUp:
		return subject{engine: e.Engine}
	case core.EngineSeen:
		return subject{engine: e.Engine}
	case core.EngineDown:
		return subject{engine: e.Engine}
	case core.SetAgentState:
		return subject{agent: e.Agent}
	case core.DeclineOffer:
		return subject{call: e.Call, agent: e.Agent, leg: e.Leg}
	case core.HoldCall:
		return subject{call: e.Call, agent: e.Agent}
	case core.ResumeCall:
		return subject{call: e.Call, agent: e.Agent}
	case core.MuteAgent:
		return subject{call: e.Call, agent: e.Agent}
	case core.PressDigits:
		return subject{call: e.Call, agent: e.Agent}
	case core.EndCall:
		return subject{call: e.Call, agent: e.Agent}
	case core.TransferCall:
		return subject{call: e.Call, agent: e.Agent}
	case core.StartConsult:
		return subject{call: e.Call, agent: e.Agent}
	case core.EndConsult:
		return subject{call: e.Call, agent: e.Agent}
	case core.ToggleConsult:
		return subject{call: e.Call, agent: e.Agent}
	case core.CompleteTransfer:
		return subject{call: e.Call, agent: e.Agent}
	case core.MergeConsult:
		return subject{call: e.Call, agent: e.Agent}
	case core.LeaveCall:
		return subject{call: e.Call, agent: e.Agent}
	case core.HoldParticipant:
		return subject{call: e.Call, agent: e.Agent, leg: e.Leg}
	case core.DropParticipant:
		return subject{call: e.Call, agent: e.Agent, leg: e.Leg}
	case core.SetVariables:
		return subject{call: e.Call, agent: e.Agent}
	case core.DiscardRecordingOf:
		return subject{call: e.Call, agent: e.Agent}
	case core.PauseRecordingOf:
		return subject{call: e.Call, agent: e.Agent}
	case core.ResumeRecordingOf:
		return subject{call: e.Call, agent: e.Agent}
	case core.FinishWrapUp:
		return subject{call: e.Call, agent: e.Agent}
	case core.ExtendWrapUp:
		return subject{call: e.Call, agent: e.Agent}
	}
	return subject{} // Tick and ConfigChanged are about everything
}

// aboutAction reads an action's subject: what a refusal of it would be about.
func aboutAction(do core.Action) subject {
	f := core.Effect{Do: do}.Refused("", "")
	return subject{leg: f.Leg, mix: f.Mix, recording: f.Recording}
}

// address finds the tenant and the call of an event for its row, so that a call's part of the log can be read by itself. call is what the
// rules knew of it before the step; a leg that has just appeared has its call only in the entries. The tenant is theirs, or in the view.
func (t *term) address(s subject, call core.CallID, entries []core.Entry) (core.TenantID, core.CallID) {
	var tenant core.TenantID
	for i := range entries {
		if tenant == "" {
			tenant = entries[i].Tenant
		}
		if call == "" {
			call = entries[i].Call
		}
	}
	if tenant == "" && call != "" {
		if c, ok := t.view.Call(call); ok {
			tenant = c.Tenant
		}
	}
	if tenant == "" && s.agent != "" {
		if a, ok := t.view.Agent(s.agent); ok {
			tenant = a.Tenant
		}
	}
	return tenant, call
}

// legBook remembers which legs a call has and where: what the rules have ordered and what the switches have listed. It
// decides nothing; it addresses rows, and it knows what to hang up when a call has to be released without the rules.
type legBook struct {
	legs  map[core.LegID]legPlace
	calls map[core.CallID][]core.LegID
}

type legPlace struct {
	call   core.CallID
	engine core.EngineID
}

func newLegBook() *legBook {
	return &legBook{legs: map[core.LegID]legPlace{}, calls: map[core.CallID][]core.LegID{}}
}

func (b *legBook) call(leg core.LegID) core.CallID { return b.legs[leg].call }

// of lists the legs of a call in the order in which they were learned.
func (b *legBook) of(call core.CallID) []core.LegID { return b.calls[call] }

func (b *legBook) place(leg core.LegID) (legPlace, bool) {
	p, ok := b.legs[leg]
	return p, ok
}

func (b *legBook) learn(leg core.LegID, p legPlace) {
	if leg == "" || p.call == "" {
		return
	}
	old, known := b.legs[leg]
	if known && old == p {
		return
	}
	if p.engine == "" {
		p.engine = old.engine
	}
	if known {
		b.forget(leg)
	}
	b.legs[leg] = p
	b.calls[p.call] = append(b.calls[p.call], leg)
}

func (b *legBook) forget(leg core.LegID) {
	p, ok := b.legs[leg]
	if !ok {
		return
	}
	delete(b.legs, leg)
	left := b.calls[p.call]
	for i, other := range left {
		if other == leg {
			left = append(left[:i], left[i+1:]...)
			break
		}
	}
	if len(left) == 0 {
		delete(b.calls, p.call)
		return
	}
	b.calls[p.call] = left
}

// follow keeps the book up to date with one step.
func (b *legBook) follow(ev core.Event, out core.Outcome) {
	from := about(ev).engine
	for i := range out.Entries {
		if e := &out.Entries[i]; e.Kind == core.EntryCallArrived {
			b.learn(e.Leg, legPlace{call: e.Call, engine: from})
		}
	}
	for i := range out.Effects {
		e := &out.Effects[i]
		if leg := aboutAction(e.Do).leg; leg != "" {
			b.learn(leg, legPlace{call: e.Call, engine: e.Engine})
		}
	}
	switch e := ev.(type) {
	case core.LegHungUp:
		b.forget(e.Leg)
	case core.Refused:
		if e.Why == core.WhyUnknown && e.Leg != "" {
			b.forget(e.Leg)
		}
	case core.EngineUp:
		b.look(e.Engine, e.Snapshot)
	}
}

// look takes over what is on a switch. A leg of it that is not listed is gone.
func (b *legBook) look(en core.EngineID, seen core.Snapshot) {
	listed := make(map[core.LegID]bool, len(seen.Legs))
	for _, l := range seen.Legs {
		listed[l.Leg] = true
		b.learn(l.Leg, legPlace{call: l.Call, engine: en})
	}
	for leg, p := range b.legs {
		if p.engine == en && !listed[leg] {
			b.forget(leg)
		}
	}
}
