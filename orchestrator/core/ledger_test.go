package core

import "fmt"

// ledger reads the timeline and the effects as those outside of the core do, and finds what cannot be: reports, jobs and records are made from the
// timeline alone, so its halves must meet.
type ledger struct {
	arrived    map[CallID]bool
	closed     map[CallID]bool
	ringing    map[AgentID]LegID    // offers that are made and not ended
	talking    map[CallID]AgentID   // conversations that are connected and not ended
	wrapping   map[AgentID]CallID   // wrap-ups that are started and not done
	dialled    map[LegID]bool       // every leg is dialled once
	consulting map[CallID]bool      // consults that are started and not ended
	held       map[RecordingID]bool // recordings that have started and not stopped
	standing   map[CallID]bool      // callers in line
	effects    EffectID
}

func newLedger() ledger {
	return ledger{
		arrived: map[CallID]bool{}, closed: map[CallID]bool{}, ringing: map[AgentID]LegID{}, talking: map[CallID]AgentID{},
		wrapping: map[AgentID]CallID{}, dialled: map[LegID]bool{}, held: map[RecordingID]bool{}, consulting: map[CallID]bool{}, standing: map[CallID]bool{},
	}
}

// add takes an outcome in and says what is wrong with it.
func (l *ledger) add(out Outcome) (bad []string) {
	fail := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	for _, e := range out.Entries {
		l.entry(e, fail)
	}
	for _, e := range out.Effects {
		if e.ID <= l.effects {
			fail("effect %d comes after effect %d", e.ID, l.effects)
		}
		l.effects = e.ID
		if e.Lane == "" || e.Engine == "" {
			fail("effect %d (%s) has lane %q and engine %q", e.ID, e.Do.Name(), e.Lane, e.Engine)
		}
		switch do := e.Do.(type) {
		case Dial:
			if l.dialled[do.Leg] {
				fail("leg %s is dialled twice", do.Leg)
			}
			l.dialled[do.Leg] = true
		case Hang:
			if do.Cause == "" {
				fail("leg %s is hung up without a cause", do.Leg)
			}
		case SetMix:
			seen := map[LegID]bool{}
			for _, m := range do.Members {
				if m.Leg == "" || seen[m.Leg] {
					fail("mix %s names leg %q twice or not at all", do.Mix, m.Leg)
				}
				seen[m.Leg] = true
			}
		case Ring, Answer, Play, Stop, StartRecording, PauseRecording, ResumeRecording, StopRecording, SendDigits:
		}
	}
	return bad
}

func (l *ledger) entry(e Entry, fail func(string, ...any)) {
	switch e.Kind {
	case EntryCallArrived:
		if l.arrived[e.Call] {
			fail("call %s arrives twice", e.Call)
		}
		l.arrived[e.Call] = true
	case EntryCallClosed:
		if !l.arrived[e.Call] || l.closed[e.Call] || e.Record == nil {
			fail("call %s is closed: arrived %v, closed before %v, record %v", e.Call, l.arrived[e.Call], l.closed[e.Call], e.Record != nil)
			return
		}
		l.closed[e.Call] = true
		if l.standing[e.Call] {
			fail("call %s is closed and has not left its queue", e.Call)
		}
		l.record(*e.Record, fail)
		if a, ok := l.talking[e.Call]; ok || l.consulting[e.Call] {
			fail("call %s is closed while %q talks; consulting: %v", e.Call, a, l.consulting[e.Call])
		}
	case EntryOfferMade:
		if was, ok := l.ringing[e.Agent]; ok {
			fail("agent %s is offered %s while %s rings", e.Agent, e.Leg, was)
		}
		if was, ok := l.wrapping[e.Agent]; ok {
			fail("agent %s is offered a call while the wrap-up of %s is owed", e.Agent, was)
		}
		if l.closed[e.Call] {
			fail("call %s is closed and offered", e.Call)
		}
		l.ringing[e.Agent] = e.Leg
	case EntryOfferEnded:
		if l.ringing[e.Agent] != e.Leg {
			fail("agent %s: offer %s ends, but %q rings", e.Agent, e.Leg, l.ringing[e.Agent])
		}
		delete(l.ringing, e.Agent)
	case EntryCallConnected:
		if was, ok := l.talking[e.Call]; ok {
			fail("call %s is connected with %s while %s talks: two winners", e.Call, e.Agent, was)
		}
		l.talking[e.Call] = e.Agent
		if l.standing[e.Call] != (e.Reason != "direct") {
			fail("call %s is connected (%s): in line %v", e.Call, e.Reason, l.standing[e.Call])
		}
		delete(l.standing, e.Call)
	case EntryCallQueued:
		if l.standing[e.Call] {
			fail("call %s is queued twice", e.Call)
		}
		l.standing[e.Call] = e.Reason != "direct"
	case EntryTransferFailed:
		if e.Leg == "" {
			l.standing[e.Call] = true
		}
	case EntryCallLeftQueue:
		if !l.standing[e.Call] {
			fail("call %s leaves a queue where it does not stand", e.Call)
		}
		delete(l.standing, e.Call)
	case EntryOwnerChanged:
		if was, ok := l.talking[e.Call]; ok {
			fail("call %s: %s becomes the primary while %s is", e.Call, e.Agent, was)
		}
		l.talking[e.Call] = e.Agent
	case EntryConsultStarted:
		if l.consulting[e.Call] || l.talking[e.Call] != e.Agent {
			fail("call %s: %s begins a consult; one is going on: %v; the primary is %q", e.Call, e.Agent, l.consulting[e.Call], l.talking[e.Call])
		}
		l.consulting[e.Call] = true
	case EntryConsultEnded:
		if !l.consulting[e.Call] {
			fail("call %s ends a consult that there is not", e.Call)
		}
		delete(l.consulting, e.Call)
	case EntryTalkEnded:
		if l.talking[e.Call] != e.Agent {
			fail("call %s: %s ends a talk that %q has", e.Call, e.Agent, l.talking[e.Call])
		}
		delete(l.talking, e.Call)
	case EntryWrapUpStarted:
		if was, ok := l.wrapping[e.Agent]; ok {
			fail("agent %s owes two wrap-ups: %s and %s", e.Agent, was, e.Call)
		}
		l.wrapping[e.Agent] = e.Call
	case EntryWrapUpDone:
		if l.wrapping[e.Agent] != e.Call {
			fail("agent %s finishes the wrap-up of %s and owes that of %q", e.Agent, e.Call, l.wrapping[e.Agent])
		}
		delete(l.wrapping, e.Agent)
	case EntryRecordingStarted:
		if l.held[e.Recording] {
			fail("recording %s starts twice", e.Recording)
		}
		l.held[e.Recording] = true
	case EntryRecordingStopped:
		delete(l.held, e.Recording)
	case EntryCallRefused, EntryOfferRinging, EntryCallHeld, EntryCallResumed, EntryCallMuted, EntryCallUnmuted, EntryCallTransferred,
		EntryAgentState, EntryWrapUpExtended, EntryRecordingPaused, EntryRecordingResumed, EntryRecordingDiscarded, EntryConsultAnswered,
		EntryConsultToggled, EntryJoined, EntryLeft, EntryParticipantHeld, EntryParticipantResumed, EntryPostCall, EntryOutside, EntryDialled, EntryOutsideRinging, EntryVariables, EntryEngineUp, EntryEngineDown,
		EntryRepair, EntryAlert:
	}
}

func (l *ledger) record(r CallRecord, fail func(string, ...any)) {
	if r.Total != r.Route+r.Wait+r.Talk+r.Hold+r.Outside+r.PostCall+r.Close || r.Total != r.EndedAt.Sub(r.ArrivedAt) {
		fail("call %s: the times of its record do not add up: %+v", r.Call, r)
	}
	for _, d := range []int64{int64(r.Route), int64(r.Wait), int64(r.Talk), int64(r.Hold), int64(r.Outside), int64(r.PostCall), int64(r.Close)} {
		if d < 0 {
			fail("call %s: a time of its record is negative: %+v", r.Call, r)
		}
	}
	if r.Outcome == "" || r.Cause.Code == "" || r.Cause.By == "" {
		fail("call %s: its record lacks an outcome or a cause: %+v", r.Call, r)
	}
	if r.Misses > r.Offers {
		fail("call %s missed %d of %d offers", r.Call, r.Misses, r.Offers)
	}
	if (len(r.Agents) > 0) != (r.Outcome == CallAnswered) && r.Outcome != CallLost && r.Outcome != CallUnanswered {
		fail("call %s: outcome %s with agents %v", r.Call, r.Outcome, r.Agents)
	}
}
