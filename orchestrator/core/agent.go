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
	s.touchAgent(a)
	s.indexAgent(a)
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
	a.IdleSince, a.PausedTill, a.Misses = s.now, 0, 0
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
	if a.State == Idle { // asked by a colleague (C4): and then Idle again, unless they talk
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
	a.Misses = 0
	a.Answered++
	s.setState(a, Engaged, "", string(OfferAnswered), "")
}

// becomeWrapUp makes the agent owe the work after a conversation (C19); where the queue asks for none, the agent is free at once.
func (s *Shard) becomeWrapUp(a *agent, c *call, why string) {
	a.assert(Engaged)
	q := c.queue
	setup := q.WrapUp
	if setup.Time <= 0 && !setup.Required {
		a.Call, a.Leg = "", ""
		s.release(a, why, "")
		return
	}
	a.Wrap = &wrapUp{Call: c.ID, Queue: c.Queue, Since: s.now}
	if !setup.Required {
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

func (s *Shard) finishWrapUp(a *agent, reason, notes, actor string) {
	w := a.Wrap
	a.Wrap = nil
	s.tell(Entry{Kind: EntryWrapUpDone, Tenant: a.Tenant, Agent: a.ID, Call: w.Call, Queue: w.Queue, Reason: reason, Text: notes, Actor: actor, Duration: s.now.Sub(w.Since)})
	if a.State == WrapUp {
		cause := "wrap_up_done"
		if reason == "" && actor == "" {
			cause = "wrap_up_timer"
		}
		s.release(a, cause, actor)
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

func (in FinishWrapUp) refuse(s *Shard) *Refusal {
	a := s.st.Agents[in.Agent]
	if a == nil {
		return refusal(RefusedUnknown, "agent", "there is no agent "+strconv.Quote(string(in.Agent)))
	}
	if a.Wrap == nil {
		return refusal(RefusedState, "agent", "the agent has no wrap-up to finish")
	}
	if r := a.Wrap.meant(in.Call); r != nil {
		return r
	}
	if utf8.RuneCountInString(in.Notes) > 4000 {
		return refusal(RefusedInvalid, "notes", "notes have at most 4000 characters")
	}
	q := s.st.Queues[a.Wrap.Queue]
	if in.Reason == "" && (q.WrapUp.Required || len(q.WrapUp.Reasons) > 0) {
		return refusal(RefusedInvalid, "reason", "a wrap-up reason is required")
	}
	if utf8.RuneCountInString(in.Reason) > 128 {
		return refusal(RefusedInvalid, "reason", "a wrap-up reason has at most 128 characters")
	}
	for _, r := range q.WrapUp.Reasons {
		if r == in.Reason {
			return nil
		}
	}
	if len(q.WrapUp.Reasons) > 0 {
		return refusal(RefusedInvalid, "reason", "the reason is not one of the queue's wrap-up reasons")
	}
	return nil
}

// meant refuses what is about the wrap-up of another call; "" = whichever it is.
func (w *wrapUp) meant(call CallID) *Refusal {
	if call != "" && call != w.Call {
		return refusal(RefusedOver, "call", "the wrap-up of this call is over; the agent is in that of another")
	}
	return nil
}

func (in FinishWrapUp) apply(s *Shard) {
	actor := in.Actor
	if actor == "" {
		actor = "agent:" + string(in.Agent)
	}
	s.finishWrapUp(s.st.Agents[in.Agent], in.Reason, in.Notes, actor)
}

func (in ExtendWrapUp) refuse(s *Shard) *Refusal {
	a := s.st.Agents[in.Agent]
	if a == nil {
		return refusal(RefusedUnknown, "agent", "there is no agent "+strconv.Quote(string(in.Agent)))
	}
	if a.Wrap == nil || a.Wrap.Until.IsZero() {
		return refusal(RefusedState, "agent", "the agent has no wrap-up that runs out")
	}
	if r := a.Wrap.meant(in.Call); r != nil {
		return r
	}
	if q := s.st.Queues[a.Wrap.Queue]; q.WrapUp.Extension <= 0 || a.Wrap.Extended >= max(q.WrapUp.Extensions, 1) {
		return refusal(RefusedSpent, "agent", "the wrap-up cannot be extended any further")
	}
	return nil
}

func (in ExtendWrapUp) apply(s *Shard) {
	a := s.st.Agents[in.Agent]
	by := s.st.Queues[a.Wrap.Queue].WrapUp.Extension
	a.Wrap.Until = a.Wrap.Until.Add(by)
	a.Wrap.Extended++
	s.touchAgent(a)
	s.tell(Entry{Kind: EntryWrapUpExtended, Tenant: a.Tenant, Agent: a.ID, Call: a.Wrap.Call, Queue: a.Wrap.Queue, Actor: in.Actor, Duration: by})
}

func (in DeclineOffer) refuse(s *Shard) *Refusal {
	a := s.st.Agents[in.Agent]
	if a == nil {
		return refusal(RefusedUnknown, "agent", "there is no agent "+strconv.Quote(string(in.Agent)))
	}
	if a.State != Reserved {
		return refusal(RefusedState, "agent", "no request is ringing for the agent")
	}
	if in.Call != "" && in.Call != s.publicCall(a.Call) {
		return refusal(RefusedOver, "call", "the request of this call does not ring any more; another one does")
	}
	return nil
}

func (in DeclineOffer) apply(s *Shard) {
	a := s.st.Agents[in.Agent]
	c := s.st.Calls[a.Call]
	s.endOffer(c, c.offerOf(a.Leg), OfferDeclined, Cause{Code: CauseDeclined, By: ByThem})
}
