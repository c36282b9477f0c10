package core

import (
	"slices"
	"time"
)

// Gates: the first that fails is what keeps an agent from a call (Q9). They stand in the order in which they are asked.
const (
	GateRinging     = "ringing"           // no obstacle: the phone is ringing for this call
	GateUnknown     = "not_set_up"        // the queue names an agent who does not exist
	GateOffline     = "offline"           // not signed in
	GateIdle        = "idle"              // signed in, on a break
	GateRONA        = "rona"              // missed an offer and has not come back
	GateReserved    = "ringing_elsewhere" // rings for another call
	GateEngaged     = "engaged"           // in a conversation
	GateWrapUp      = "wrap_up"           // finishing the last one
	GateSkill       = "skill"             // lacks a required skill
	GateEngine      = "engine_down"       // the switch of the phone is not connected
	GatePhone       = "phone_unreachable" // the phone is not registered
	GatePaused      = "paused"            // busy or missed a moment ago
	GateTransferred = "transferred"       // transferred this call and is not offered it again
	GateSticky      = "sticky"            // the call waits for another agent
	GateNone        = "next"              // nothing: would be offered the call
)

// Explain says why nobody is ringing for a waiting call, or who is (Q9). It goes through all members of the queue, so it is for
// questions, not for every event. false if there is no such call.
func (s *Shard) Explain(now time.Time, id CallID) (Explanation, bool) {
	c := s.st.Calls[id]
	if c == nil {
		return Explanation{}, false
	}
	if c.consult() != nil && s.st.Calls[c.consult().Place] != nil { // nobody rings for its consult
		x, _ := s.Explain(now, c.consult().Place)
		x.Call = id
		return x, true
	}
	at := instantOf(now)
	x := Explanation{Call: id, Queue: c.Queue, Agents: []AgentReason{}}
	if c.Phase != Waiting {
		x.Reason = "not_waiting"
		return x, true
	}
	for _, o := range c.Offers {
		x.Ringing = append(x.Ringing, o.Agent)
	}
	if c.Direct {
		x.Reason = "one_agent" // a transfer to, or a consult with, this agent: nobody else is asked as long as the phone rings
		return x, true
	}
	if !c.inLine() {
		x.Reason = "queue_removed" // nobody is asked but those whose phones ring
		return x, true
	}
	q := c.queue.index
	x.Position = q.line.rank(c.lineKey()) + 1
	switch {
	case !s.engineIsUp(c.Engine):
		x.Reason = "engine_down"
	case len(q.members) == 0:
		x.Reason = "no_members"
	case len(c.Offers) >= MaxRingAll:
		x.Reason = "ring_limit"
	case c.NextRing.After(at) && len(c.Offers) > 0:
		x.Reason = "next_ring_later"
	}
	members := slices.Clone(q.members)
	slices.SortFunc(members, func(a, b *member) int {
		switch {
		case a.in && b.in:
			return compareReady(a.key, b.key)
		case a.in:
			return -1
		case b.in:
			return 1
		}
		return a.position - b.position
	})
	for _, m := range members {
		x.Agents = append(x.Agents, s.gate(at, c, m))
	}
	return x, true
}

// gate finds the first gate that keeps a member from a call.
func (s *Shard) gate(now instant, c *call, m *member) AgentReason {
	r := AgentReason{Agent: m.agent}
	shut := func(gate, text string) AgentReason { r.Gate, r.Text = gate, text; return r }
	a := s.st.Agents[m.agent]
	if a == nil || a.Removed {
		return shut(GateUnknown, "there is no such agent")
	}
	switch a.State {
	case Offline:
		return shut(GateOffline, "is not signed in")
	case Idle:
		return shut(GateIdle, "is idle: "+a.Reason)
	case RONA:
		return shut(GateRONA, "did not answer and has not come back yet")
	case Reserved:
		if a.Call == c.ID {
			return shut(GateRinging, "the phone is ringing for this call")
		}
		return shut(GateReserved, "the phone is ringing for another call")
	case Engaged:
		return shut(GateEngaged, "is in a conversation")
	case WrapUp:
		r.Until = a.Wrap.Until.Time()
		return shut(GateWrapUp, "is in wrap-up")
	case Available:
	}
	switch {
	case !m.able:
		return shut(GateSkill, "lacks a required skill")
	case !s.engineIsUp(c.Engine) || a.Engine != "" && !s.engineIsUp(a.Engine):
		return shut(GateEngine, "the switch is not connected")
	case a.PhoneDown:
		return shut(GatePhone, "the phone is not registered")
	case a.PausedTill.After(now):
		r.Until = a.PausedTill.Time()
		return shut(GatePaused, "was busy, missed an offer or could not be called a moment ago")
	case c.excludes(a.ID):
		return shut(GateTransferred, "transferred this call")
	case c.PreferTill.After(now) && c.Prefer != a.ID:
		r.Until = c.PreferTill.Time()
		return shut(GateSticky, "the call waits for the agent who served the caller last")
	}
	return shut(GateNone, "is free and would be offered the call next")
}
