package core

import (
	"strconv"
	"unicode/utf8"
)

// An agent's state changes only through the become… functions, which assert where it comes from.

// setState changes the state, writes the timeline, and keeps the ready sets.
func (s *Shard) setState(a *agent, to AgentState, reason, cause, actor string) {
	word := string(to)
	if reason != "" {
		word += ":" + reason
	}
	s.tell(Entry{Kind: EntryAgentState, Tenant: a.Tenant, Agent: a.ID, Call: s.publicCall(a.Call), Reason: word, Text: cause, Actor: actor, Duration: s.now.Sub(a.Since)})
	a.State, a.Reason, a.StateCause, a.Since = to, reason, cause, s.now
	a.OldPhone = a.OldPhone && to == Engaged
	if to == Offline {
		s.awaitNoMore(a)
	}
	s.touchAgent(a)
	s.indexAgent(a)
}

// awaitNoMore lets callers who wait for this agent (Q7) have anybody, where the agent is not at work, will not be, or lacks a skill by now that their queue requires.
func (s *Shard) awaitNoMore(a *agent) {
	line := s.ix.sticky[a.ID]
	if line == nil {
		return
	}
	for k := range line.all {
		if m := k.call.queue.index.of[a.ID]; a.State == Offline || a.Removed || m == nil || !m.able {
			k.call.PreferTill = 0
			s.touch(k.call)
		}
	}
}

func (a *agent) assert(from ...AgentState) {
	for _, f := range from {
		if a.State == f {
			return
		}
	}
	panic("core: agent " + string(a.ID) + " cannot leave the state " + string(a.State) + " this way")
}

// becomeAvailable restarts the longest-idle clock: time on a break does not count as waiting for a call.
func (s *Shard) becomeAvailable(a *agent, cause, actor string) {
	a.assert(Offline, Idle, RONA, WrapUp, Engaged, Available)
	if a.State == Available {
		return
	}
	if a.State == Offline {
		s.signIn(a)
	}
	a.IdleSince, a.PausedTill, a.Misses, a.Failures = s.now, 0, 0, 0
	a.Draws++
	s.setState(a, Available, "", cause, actor)
}

// becomeIdle takes the agent out of reach of offers.
func (s *Shard) becomeIdle(a *agent, reason, cause string) { s.becomeIdleBy(a, reason, cause, "") }

func (s *Shard) becomeIdleBy(a *agent, reason, cause, actor string) {
	a.assert(Offline, Available, Idle, Reserved, RONA, WrapUp, Engaged)
	if a.State == Offline {
		s.signIn(a)
	}
	a.PausedTill = 0
	s.setState(a, Idle, reason, cause, actor)
	s.leaveIfRemoved(a)
}

func (s *Shard) becomeReserved(a *agent) {
	a.assert(Available, Idle)
	if a.State == Idle { // asked by a colleague (C4): and then Idle again
		a.Next = &nextState{State: Idle, Reason: a.Reason}
	}
	s.setState(a, Reserved, "", "offer", "")
}

// becomeUnreserved gives the agent back as if nothing had been: the longest-idle clock goes on unless the outcome has moved it.
func (s *Shard) becomeUnreserved(a *agent, cause string) {
	a.assert(Reserved)
	a.Draws++
	s.setState(a, Available, "", cause, "")
	s.takeNext(a)
	s.leaveIfRemoved(a)
}

func (s *Shard) becomeRONA(a *agent) {
	a.assert(Reserved)
	s.setState(a, RONA, "", string(OfferNoAnswer), "")
	s.takeNext(a)
	s.leaveIfRemoved(a)
}

func (s *Shard) becomeEngaged(a *agent) {
	a.assert(Reserved)
	if a.Next != nil && a.Next.Reason == ReasonUnreachable {
		a.Next = nil // who answers has a phone again, whether or not a switch says so
	}
	a.Misses, a.Failures = 0, 0
	a.Answered++
	s.setState(a, Engaged, "", string(OfferAnswered), "")
}

// becomeWrapUp makes the agent owe the work after a conversation (C19); where the queue asks for none, the agent is free at once.
func (s *Shard) becomeWrapUp(a *agent, c *call, why string) {
	a.assert(Engaged)
	q := c.queue
	setup := q.WrapUp
	owed := setup.Required && !a.Removed // who is removed has no desk any more at which to give a reason
	if setup.Time <= 0 && !owed {
		a.Call, a.Leg = "", ""
		s.release(a, why, "")
		return
	}
	a.Wrap = &wrapUp{Call: c.ID, Queue: c.Queue, Since: s.now}
	if !owed {
		a.Wrap.Until = s.now.Add(setup.Time)
	}
	s.setState(a, WrapUp, "", why, "")
	a.Call, a.Leg = "", ""
	s.tell(Entry{Kind: EntryWrapUpStarted, Tenant: a.Tenant, Agent: a.ID, Call: c.ID, Queue: c.Queue, Duration: setup.Time})
}

func (s *Shard) becomeOffline(a *agent, cause, actor string) {
	a.assert(Available, Idle, RONA, Offline)
	a.Next, a.PausedTill = nil, 0
	s.setState(a, Offline, "", cause, actor)
	s.leaveIfRemoved(a)
}

// release takes an agent from finished work to what was asked for meanwhile, or to Available.
func (s *Shard) release(a *agent, cause, actor string) {
	if a.Next != nil && a.Next.State == Idle {
		reason := a.Next.Reason
		a.Next = nil
		s.becomeIdleBy(a, reason, cause, actor)
		return
	}
	a.Next = nil
	s.becomeAvailable(a, cause, actor)
	s.leaveIfRemoved(a)
}

// takeNext honours a break that was asked for while the phone rang. Available, asked for then, is no answer to RONA: that question is
// put afterwards, or a phone that nobody takes would be rung again and again.
func (s *Shard) takeNext(a *agent) {
	if n := a.Next; n != nil {
		a.Next = nil
		if n.State == Idle {
			s.becomeIdle(a, n.Reason, "agent")
		}
	}
}

// onBreak tells of an agent who was Idle when their phone rang, or has asked for a break since: it goes on, whatever becomes of the request.
func (a *agent) onBreak() bool {
	return a.Next != nil && a.Next.State == Idle && a.Next.Reason != ReasonUnreachable
}

// signIn starts the counters of a session.
func (s *Shard) signIn(a *agent) {
	a.SignedInAt, a.Answered, a.Talked, a.Misses = s.now, 0, 0, 0
}

// leaveIfRemoved lets go of an agent who is set up no longer, once nothing holds them.
func (s *Shard) leaveIfRemoved(a *agent) {
	if !a.Removed || a.Call != "" || a.Wrap != nil {
		return
	}
	if a.State != Offline {
		a.Next = nil
		s.setState(a, Offline, "", "removed", "")
	}
	s.dropAgent(a)
}

// expireAgent fires the agent's deadlines.
func (s *Shard) expireAgent(a *agent) {
	if s.due(a.PausedTill) {
		a.PausedTill = 0
		s.touchAgent(a)
		s.indexAgent(a)
	}
	if a.Wrap != nil && s.due(a.Wrap.Until) {
		s.finishWrapUp(a, "", "", "")
	}
}

func (in SetAgentState) refuse(s *Shard) *Refusal {
	a := s.st.Agents[in.Agent]
	if a == nil || a.Removed {
		return refusal(RefusedUnknown, "agent", "there is no agent "+strconv.Quote(string(in.Agent)))
	}
	switch in.State {
	case Available:
		if in.Reason != "" {
			return refusal(RefusedInvalid, "reason", "only idle has a reason")
		}
	case Idle:
		if r := s.refuseIdleReason(a, in.Reason); r != nil {
			return r
		}
	case Offline:
		switch a.State {
		case Reserved:
			return refusal(RefusedRinging, "state", "a request is ringing: answer or decline it before signing out")
		case Engaged, WrapUp:
			return refusal(RefusedBusy, "state", "finish the conversation and its wrap-up before signing out")
		case Offline, Available, Idle, RONA:
		}
	case Reserved, Engaged, WrapUp, RONA:
		return refusal(RefusedInvalid, "state", "state must be available, idle or offline")
	default:
		return refusal(RefusedInvalid, "state", "state must be available, idle or offline")
	}
	if a.State == Offline && in.State != Offline && a.Phone == "" {
		return refusal(RefusedState, "agent", "the agent has no desk phone set up")
	}
	return nil
}

func (s *Shard) refuseIdleReason(a *agent, reason string) *Refusal {
	if utf8.RuneCountInString(reason) > 64 {
		return refusal(RefusedInvalid, "reason", "an idle reason has at most 64 characters")
	}
	t := s.st.Tenants[a.Tenant]
	if t == nil || len(t.IdleReasons) == 0 {
		return nil
	}
	for _, r := range t.IdleReasons {
		if r == reason {
			return nil
		}
	}
	return refusal(RefusedInvalid, "reason", "the reason is not one of the tenant's idle reasons")
}

func (in SetAgentState) apply(s *Shard) {
	a := s.st.Agents[in.Agent]
	switch a.State {
	case Reserved, Engaged, WrapUp:
		a.Next = &nextState{State: in.State, Reason: in.Reason}
		s.touchAgent(a)
		return
	case Offline, Available, Idle, RONA:
	}
	switch in.State {
	case Available:
		s.becomeAvailable(a, "asked", in.Actor)
	case Idle:
		s.becomeIdleBy(a, in.Reason, "asked", in.Actor)
	case Offline:
		if a.State != Offline {
			s.becomeOffline(a, "asked", in.Actor)
		}
	case Reserved, Engaged, WrapUp, RONA:
	}
}
