package core

import (
	"slices"
	"strconv"
	"strings"
)

// becomeTalking makes the agent of an answered offer the call's primary: the one winner (N6, C12). All other phones stop.
func (s *Shard) becomeTalking(c *call, won offer) {
	c.assert(Waiting)
	s.passPhase(c)
	s.leaveLine(c)
	s.stopWaiting(c)
	a := s.st.Agents[won.Agent]
	c.Offers = slices.DeleteFunc(c.Offers, func(o offer) bool { return o.Leg == won.Leg })
	s.tellCall(c, Entry{Kind: EntryOfferEnded, Agent: a.ID, Queue: c.Queue, Leg: won.Leg, Reason: string(OfferAnswered), Duration: s.now.Sub(won.Since)})
	c.Phase, c.Primary, c.AgentLeg, c.TalkSince = Talking, a.ID, won.Leg, s.now
	c.primary, c.agentLeg = a, s.st.Legs[won.Leg]
	if n := len(c.Record.Agents); n == 0 || c.Record.Agents[n-1] != a.ID {
		c.Record.Agents = append(c.Record.Agents, a.ID)
	}
	s.becomeEngaged(a)
	s.touch(c)
	s.answer(c)
	s.setMix(c)
	s.tellCall(c, Entry{Kind: EntryCallConnected, Agent: a.ID, Queue: c.Queue, Leg: won.Leg, Duration: c.Record.Wait})
	s.withdrawOffers(c, OfferLostRace)
	s.remember(c, a)
	if c.queue.Record {
		s.startRecording(c)
	}
}

// leavePrimary lets the call be with nobody.
func (c *call) leavePrimary() {
	c.Held, c.Muted, c.Primary, c.AgentLeg, c.primary, c.agentLeg = false, false, "", "", nil, nil
}

const rememberedCallers = 10_000

// remember keeps who served a caller last (Q7).
func (s *Shard) remember(c *call, a *agent) {
	if c.From == "" || c.queue.Sticky <= 0 {
		return
	}
	k := affinityKey{c.Tenant, c.From}
	s.ix.affinity[k] = a.ID
	s.st.Affinity = append(s.st.Affinity, affinity{Tenant: c.Tenant, Number: c.From, Agent: a.ID, At: s.now})
	if n := len(s.st.Affinity) - rememberedCallers; n > rememberedCallers/10 {
		keep := slices.Clone(s.st.Affinity[n:])
		clear(s.ix.affinity)
		for _, x := range keep {
			s.ix.affinity[affinityKey{x.Tenant, x.Number}] = x.Agent
		}
		s.st.Affinity = keep
	}
}

// setMix declares who hears whom in the call, from its state.
func (s *Shard) setMix(c *call) {
	customer := Member{Leg: c.Customer, Mode: Talk}
	if c.Held {
		customer.Mode = Hold
		if q := c.queue; q != nil {
			customer.Music = q.Music
		}
	}
	speaker := Member{Leg: c.AgentLeg, Mode: Talk}
	if c.Muted {
		speaker.Mode = Mute
	}
	s.mix(c, customer, speaker)
}

// mix declares the call's mix.
func (s *Shard) mix(c *call, members ...Member) {
	c.Wanted, c.Mixed, c.MixOdd, c.MixTries, c.MixRetry = members, true, 0, 0, 0
	s.do(c, nil, SetMix{Mix: MixID(c.ID), Members: members})
}

// mixAgain repeats the declaration: harmless where it holds already.
func (s *Shard) mixAgain(c *call) {
	if c.Mixed {
		s.do(c, nil, SetMix{Mix: MixID(c.ID), Members: c.Wanted})
	}
}

// dissolve ends the mix.
func (s *Shard) dissolve(c *call) {
	if c.Mixed {
		c.Wanted, c.Mixed, c.MixRetry = nil, false, 0
		s.do(c, nil, SetMix{Mix: MixID(c.ID)})
	}
}

// endTalk ends the primary's part in the conversation. The agent owes wrap-up from here on, exactly once.
func (s *Shard) endTalk(c *call, why string) {
	a := c.primary
	talked := s.now.Sub(c.TalkSince)
	a.Talked += talked
	s.tellCall(c, Entry{Kind: EntryTalkEnded, Agent: a.ID, Queue: c.Queue, Leg: c.AgentLeg, Reason: why, Duration: talked})
	if l := c.agentLeg; l != nil {
		s.hang(l, CauseNormal)
	}
	s.becomeWrapUp(a, c, why)
	s.touch(c)
}

// becomeEnded stops everything that goes on around the customer, who is gone or about to be.
func (s *Shard) becomeEnded(c *call) {
	if c.Phase == Ended {
		return
	}
	s.passPhase(c)
	s.touch(c)
	if c.Phase == Waiting {
		s.leaveLine(c)
	}
	s.stopWaiting(c)
	c.Phase = Ended
	s.noPlay(c)
	s.stopRecording(c, "complete")
}

// becomeRequeued sends a caller whose agent is gone back to the queue instead of dropping them. Their first arrival time counts.
func (s *Shard) becomeRequeued(c *call, to QueueID, why string) {
	s.stopRecording(c, "complete")
	if q := s.st.Queues[to]; q.Removed {
		// There is no line to stand in any more: as for those who waited in it when it was removed.
		s.mix(c, Member{Leg: c.Customer, Mode: Hold, Music: q.Music})
		c.Record.Outcome = CallAnswered
		s.closeWith(c, q.Unanswered, CauseNoAnswer)
		return
	}
	s.becomeWaiting(c, to, why)
}

// customerGone ends the call: the customer's leg is no more.
func (s *Shard) customerGone(c *call, cause Cause) {
	talking := c.Phase == Talking
	if c.Phase != Ended && c.Phase != Closing {
		c.Record.Cause = cause
	}
	switch {
	case c.Record.Outcome != "":
	case talking, len(c.Record.Agents) > 0 && c.Phase == Ended:
		c.Record.Outcome = CallAnswered
	case cause.Code == CauseEngine:
		c.Record.Outcome = CallLost
	case len(c.Record.Agents) > 0:
		c.Record.Outcome = CallAnswered
	default:
		c.Record.Outcome = CallAbandoned
	}
	if c.Phase == Waiting {
		s.withdrawOffers(c, OfferAbandoned)
	}
	s.becomeEnded(c)
	if talking {
		why := "caller"
		if cause.Fault() {
			why = "caller_lost"
		}
		s.endTalk(c, why)
	}
	s.dissolve(c)
	s.closeRecord(c)
}

// closeRecord writes the call's record, once.
func (s *Shard) closeRecord(c *call) {
	s.passPhase(c)
	c.Record.EndedAt, c.Closed = s.now, true
	s.ix.open--
	if t := s.st.Tenants[c.Tenant]; t != nil {
		t.Calls--
	}
	r := c.record()
	s.tellCall(c, Entry{Kind: EntryCallClosed, Agent: c.Primary, Queue: c.Queue, Reason: string(r.Outcome), Cause: &r.Cause, Duration: r.Total, Record: r})
}

// record sums up a call that is closed.
func (c *call) record() *CallRecord {
	t := c.Record
	return &CallRecord{
		Call: c.ID, Tenant: c.Tenant, EntryPoint: c.EntryPoint, Queue: c.Queue, Engine: c.Engine, From: c.From, Name: c.Name, To: c.To,
		ArrivedAt: c.ArrivedAt.Time(), EndedAt: t.EndedAt.Time(), Outcome: t.Outcome, Cause: t.Cause, Agents: t.Agents, Offers: t.Offers, Misses: t.Misses,
		Route: t.Route, Wait: t.Wait, Talk: t.Talk, Hold: t.Hold, Close: t.Close, Total: t.EndedAt.Sub(c.ArrivedAt), Recordings: t.Recordings,
	}
}

// agentGone deals with a primary whose leg is no more while the customer is still there.
func (s *Shard) agentGone(c *call, cause Cause) {
	a := c.primary
	if !cause.Fault() {
		s.endConversation(c, "agent", CauseNormal)
		return
	}
	// The phone or its line died in mid-call. The customer is still there and must not pay for it.
	if cause.Code != CauseEngine {
		a.Next = &nextState{State: Idle, Reason: ReasonUnreachable}
		s.alert(ReasonUnreachable, Entry{Tenant: a.Tenant, Agent: a.ID, Call: c.ID})
	}
	s.endTalk(c, "agent_lost")
	s.becomeRequeued(c, c.Queue, "agent_lost")
}

// endConversation ends a conversation for both sides.
func (s *Shard) endConversation(c *call, why string, cause CauseCode) {
	c.assert(Talking)
	s.becomeEnded(c)
	c.Record.Cause = Cause{Code: cause, By: ByUs}
	if why == "agent" {
		c.Record.Cause.By = ByThem
	}
	c.Record.Outcome = CallAnswered
	s.endTalk(c, why)
	if l := s.st.Legs[c.Customer]; l != nil {
		s.hang(l, cause)
	}
}

// refuseControl is what every control of a conversation asks first: the call is there, is in conversation, and the agent is its primary.
func (s *Shard) refuseControl(id CallID, agent AgentID) (*call, *Refusal) {
	c := s.st.Calls[id]
	if c == nil {
		return nil, refusal(RefusedUnknown, "call", "there is no call "+strconv.Quote(string(id)))
	}
	if s.st.Agents[agent] == nil {
		return nil, refusal(RefusedUnknown, "agent", "there is no agent "+strconv.Quote(string(agent)))
	}
	if c.Phase != Talking {
		return nil, refusal(RefusedState, "call", "the call is not in conversation")
	}
	if !s.engineIsUp(c.Engine) {
		return nil, refusal(RefusedEngine, "call", "the call's switch is not connected at the moment; the conversation goes on")
	}
	if c.Primary != agent {
		return nil, refusal(RefusedOwner, "agent", "only the call's primary agent may do this")
	}
	return c, nil
}

func (in HoldCall) refuse(s *Shard) *Refusal {
	c, r := s.refuseControl(in.Call, in.Agent)
	if r == nil && c.Held {
		return refusal(RefusedState, "call", "the customer is on hold already")
	}
	return r
}

func (in HoldCall) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	s.passPhase(c)
	c.Held = true
	s.touch(c)
	s.setMix(c)
	s.tellCall(c, Entry{Kind: EntryCallHeld, Agent: in.Agent, Actor: in.Actor})
}

func (in ResumeCall) refuse(s *Shard) *Refusal {
	c, r := s.refuseControl(in.Call, in.Agent)
	if r == nil && !c.Held {
		return refusal(RefusedState, "call", "the customer is not on hold")
	}
	return r
}

func (in ResumeCall) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	held := s.now.Sub(c.PhaseSince)
	s.passPhase(c)
	c.Held = false
	s.touch(c)
	s.setMix(c)
	s.tellCall(c, Entry{Kind: EntryCallResumed, Agent: in.Agent, Actor: in.Actor, Duration: held})
}

func (in MuteAgent) refuse(s *Shard) *Refusal {
	c, r := s.refuseControl(in.Call, in.Agent)
	if r == nil && c.Muted == in.On {
		return refusal(RefusedState, "on", "the agent is so already")
	}
	return r
}

func (in MuteAgent) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	c.Muted = in.On
	s.touch(c)
	s.setMix(c)
	kind := EntryCallUnmuted
	if in.On {
		kind = EntryCallMuted
	}
	s.tellCall(c, Entry{Kind: kind, Agent: in.Agent, Actor: in.Actor})
}

func (in PressDigits) refuse(s *Shard) *Refusal {
	c, r := s.refuseControl(in.Call, in.Agent)
	switch {
	case r != nil:
		return r
	case len(in.Digits) < 1 || len(in.Digits) > 32 || strings.Trim(in.Digits, "0123456789*#ABCD") != "":
		return refusal(RefusedInvalid, "digits", "digits must be 1 to 32 of 0-9, *, #, A-D")
	case c.Held:
		return refusal(RefusedHeld, "call", "the customer is on hold")
	}
	return nil
}

func (in PressDigits) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	s.do(c, nil, SendDigits{Leg: c.Customer, Digits: in.Digits})
}

func (in EndCall) refuse(s *Shard) *Refusal {
	c, r := s.refuseControl(in.Call, in.Agent)
	if r == nil && c.Held {
		return refusal(RefusedHeld, "call", "End is disabled while the customer is on hold")
	}
	return r
}

func (in EndCall) apply(s *Shard) {
	s.endConversation(s.st.Calls[in.Call], "agent", CauseNormal)
}

func (in TransferToQueue) refuse(s *Shard) *Refusal {
	c, r := s.refuseControl(in.Call, in.Agent)
	if r != nil {
		return r
	}
	q := s.st.Queues[in.Queue]
	if q == nil || q.Removed || q.Tenant != c.Tenant {
		return refusal(RefusedUnknown, "queue", "there is no queue "+strconv.Quote(string(in.Queue)))
	}
	return nil
}

func (in TransferToQueue) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	if !c.excludes(in.Agent) {
		c.Excluded = append(c.Excluded, in.Agent)
	}
	s.tellCall(c, Entry{Kind: EntryCallTransferred, Agent: in.Agent, Queue: in.Queue, Actor: in.Actor})
	s.endTalk(c, "transfer")
	s.becomeRequeued(c, in.Queue, "transfer")
}
