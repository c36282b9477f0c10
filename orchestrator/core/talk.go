package core

import (
	"slices"
	"strconv"
	"strings"
)

// becomeTalking makes the agent of an answered offer the call's primary: the one winner (N6, C12). All other phones stop.
func (s *Shard) becomeTalking(c *call, won offer) {
	c.assert(Waiting)
	waited, how := s.now.Sub(c.PhaseSince), ""
	if c.Direct {
		how = "direct"
	}
	s.passPhase(c)
	s.leaveLine(c)
	s.stopWaiting(c)
	a := s.st.Agents[won.Agent]
	c.Offers = slices.DeleteFunc(c.Offers, func(o offer) bool { return o.Leg == won.Leg })
	s.tellCall(c, Entry{Kind: EntryOfferEnded, Agent: a.ID, Queue: c.Queue, Leg: won.Leg, Reason: string(OfferAnswered), Duration: s.now.Sub(won.Since)})
	c.Phase, c.Direct = Talking, false
	if c.More != nil {
		c.More.Back = ""
	}
	s.becomeEngaged(a)
	s.own(c, a, won.Leg, OwnedByAnswer)
	s.answer(c)
	s.setMix(c)
	s.tellCall(c, Entry{Kind: EntryCallConnected, Agent: a.ID, Queue: c.Queue, Leg: won.Leg, Reason: how, Duration: waited})
	s.withdrawOffers(c, OfferLostRace)
	s.remember(c, a)
	s.recordTalk(c)
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

// becomeEnded stops everything that goes on around the customer, who is gone or about to be.
func (s *Shard) becomeEnded(c *call) {
	if c.Phase == Ended {
		return
	}
	if c.Phase == Waiting {
		why := "abandoned"
		if c.Record.Cause.Code == CauseEngine {
			why = "lost"
		}
		s.leaveQueue(c, why)
	}
	s.passPhase(c)
	s.touch(c)
	s.stopWaiting(c)
	c.Phase, c.Direct = Ended, false
	if c.More != nil {
		c.More.ForwardTill = 0
	}
	s.noPlay(c)
	s.stopRecording(c, "complete")
}

// becomeRequeued sends a caller whose agent is gone back to the queue instead of dropping them. Their first arrival time counts.
func (s *Shard) becomeRequeued(c *call, to QueueID, why string) {
	if q := s.st.Queues[to]; q.Removed {
		// There is no line to stand in any more: as for those who waited in it when it was removed.
		s.mixWaiting(c, q.Music)
		c.Record.Outcome = CallAnswered
		s.closeWith(c, q.Unanswered, CauseNoAnswer)
		return
	}
	s.becomeWaiting(c, to, why)
	s.restRecording(c)
}

// customerGone: the customer's leg is no more. That ends the call, unless others are in the conversation: they may talk on.
func (s *Shard) customerGone(c *call, cause Cause) {
	talking := c.Phase == Talking || c.Phase == Outside
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
	if talking {
		s.customerLeft(c, cause)
		return
	}
	if c.Phase == Waiting {
		s.withdrawOffers(c, OfferAbandoned)
	}
	s.becomeEnded(c)
	s.dissolve(c)
	s.closeRecord(c)
}

// customerLeft deals with those whom the customer talked with.
func (s *Shard) customerLeft(c *call, cause Cause) {
	if c.Phase == Talking && (len(c.party()) > 0 || c.consult() != nil && c.consult().Answered) {
		s.becomePostCall(c)
		return
	}
	why := "caller"
	if cause.Fault() {
		why = "caller_lost"
	}
	s.endForAll(c, why, c.Record.Cause)
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
	s.tellCall(c, Entry{Kind: EntryCallClosed, Agent: c.lastOwner(), Queue: c.Queue, Reason: string(r.Outcome), Cause: &r.Cause, Duration: r.Total, Record: r})
}

// record sums up a call that is closed.
func (c *call) record() *CallRecord {
	t := c.Record
	return &CallRecord{
		Call: c.ID, Tenant: c.Tenant, EntryPoint: c.EntryPoint, Queue: c.Queue, Engine: c.Engine, From: c.From, Name: c.Name, To: c.To,
		ArrivedAt: c.ArrivedAt.Time(), EndedAt: t.EndedAt.Time(), Outcome: t.Outcome, Cause: t.Cause, Agents: t.Agents, Consulted: t.Consulted, Offers: t.Offers, Misses: t.Misses,
		Route: t.Route, Wait: t.Wait, Talk: t.Talk, Hold: t.Hold, Close: t.Close, Outside: t.Outside, PostCall: t.PostCall, Owners: c.owners(), Total: t.EndedAt.Sub(c.ArrivedAt), Recordings: t.Recordings,
	}
}

// primaryGone deals with a primary whose leg is no more. Nobody else in the conversation is dropped for it.
func (s *Shard) primaryGone(c *call, cause Cause) {
	why := "agent"
	if cause.Fault() {
		why = "agent_lost" // the phone or its line died in mid-call: the customer must not pay for it
		s.phoneLost(c, c.Primary, cause)
	}
	k := c.consult()
	switch {
	case k != nil && k.Answered:
		// Hanging up completes the transfer: so it is on every desk phone.
		s.becomeTransferred(c, why)
	case k != nil && k.Joins && len(c.party()) == 0:
		// The number was to join as soon as it answers: the customer waits for it.
		s.passPhase(c)
		s.forgetConsult(c, "transferred")
		s.disown(c, why)
		s.forward(c, k.Leg, k.To.Number)
	case len(c.party()) > 0:
		if k != nil {
			s.endConsult(c, "agent_left")
		}
		s.passPhase(c)
		s.disown(c, why)
		s.succeed(c, OwnedByHandover)
	case k != nil && !k.WithCustomer || cause.Fault():
		// A customer who waits on hold for a consult that nobody has answered yet was not said goodbye to.
		if k != nil {
			s.endConsult(c, "agent_left")
		}
		s.passPhase(c)
		s.disown(c, why)
		s.becomeRequeued(c, c.Queue, why)
	default:
		s.endForAll(c, why, Cause{Code: CauseNormal, By: ByThem})
	}
}

// refuseControl is what every control of a conversation with a customer asks first: the call is there, is in conversation, and the agent is its primary.
func (s *Shard) refuseControl(id CallID, agent AgentID) (*call, *Refusal) {
	return s.refuseControlIn(id, agent, Talking)
}

// refuseControlIn is the same for controls of other phases, too.
func (s *Shard) refuseControlIn(id CallID, agent AgentID, phases ...CallPhase) (*call, *Refusal) {
	c, r := s.refusePart(id, agent)
	switch {
	case r != nil && r.Code != RefusedOwner:
		return nil, r
	case !slices.Contains(phases, c.Phase) && c.Phase == PostCall:
		return nil, refusal(RefusedState, "call", "the customer has left")
	case c.Primary != agent:
		return nil, refusal(RefusedOwner, "agent", "only the call's primary agent may do this")
	}
	return c, nil
}

// refusePart is what the controls ask that everybody in a conversation has: the call is there, is in conversation, and the agent is in it.
func (s *Shard) refusePart(id CallID, agent AgentID) (*call, *Refusal) {
	c := s.st.Calls[id]
	if c == nil || c.Parent != "" {
		return nil, refusal(RefusedUnknown, "call", "there is no call "+strconv.Quote(string(id)))
	}
	if s.st.Agents[agent] == nil {
		return nil, refusal(RefusedUnknown, "agent", "there is no agent "+strconv.Quote(string(agent)))
	}
	if c.Phase != Talking && c.Phase != PostCall {
		return nil, refusal(RefusedState, "call", "the call is not in conversation")
	}
	if !s.engineIsUp(c.Engine) {
		return nil, refusal(RefusedEngine, "call", "the call's switch is not connected at the moment; the conversation goes on")
	}
	if !c.talksWith(agent) {
		return c, refusal(RefusedOwner, "agent", "the agent is not in the call")
	}
	return c, nil
}

func (in HoldCall) refuse(s *Shard) *Refusal {
	c, r := s.refuseControl(in.Call, in.Agent)
	switch {
	case r != nil:
		return r
	case c.customerHeld():
		return refusal(RefusedState, "call", "the customer is on hold already")
	case c.consult() != nil && !c.consult().Answered:
		return refusal(RefusedState, "call", "a consult is ringing")
	case c.primaryAside(): // the conference goes on: exchanging the two would let the customer hear the agent instead
		return refusal(RefusedState, "call", "the conference goes on without the agent: toggle first")
	}
	return nil
}

func (in HoldCall) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	if c.consult() != nil { // the consultant is on hold: never both at once (C3)
		s.toggle(c, in.Actor)
		return
	}
	s.passPhase(c)
	c.Held = true
	s.touch(c)
	s.setMix(c)
	s.tellCall(c, Entry{Kind: EntryCallHeld, Agent: in.Agent, Actor: in.Actor})
}

func (in ResumeCall) refuse(s *Shard) *Refusal {
	c, r := s.refuseControl(in.Call, in.Agent)
	if r == nil && !c.customerHeld() {
		return refusal(RefusedState, "call", "the customer is not on hold")
	}
	return r
}

func (in ResumeCall) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	if c.consult() != nil {
		s.toggle(c, in.Actor)
		return
	}
	held := s.now.Sub(c.PhaseSince)
	s.passPhase(c)
	c.Held = false
	s.touch(c)
	s.setMix(c)
	s.tellCall(c, Entry{Kind: EntryCallResumed, Agent: in.Agent, Actor: in.Actor, Duration: held})
}

func (in MuteAgent) refuse(s *Shard) *Refusal {
	c, r := s.refusePart(in.Call, in.Agent)
	if r != nil {
		return r
	}
	muted := c.mute(in.Agent)
	switch {
	case muted == nil:
		return refusal(RefusedState, "call", "a consultant is not muted: leave, or speak")
	case *muted == in.On:
		return refusal(RefusedState, "on", "the agent is so already")
	}
	return nil
}

// mute is where the call keeps whether an agent is muted; nil = nowhere.
func (c *call) mute(a AgentID) *bool {
	if c.Primary == a {
		return &c.Muted
	}
	if i := c.partyNamed(a); i >= 0 {
		return &c.party()[i].Muted
	}
	return nil
}

func (in MuteAgent) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	*c.mute(in.Agent) = in.On
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
	case c.primaryAside() && !c.consult().Answered:
		return refusal(RefusedState, "call", "the consult is not answered yet")
	case !c.primaryAside() && c.customerHeld():
		return refusal(RefusedHeld, "call", "the customer is on hold")
	}
	return nil
}

func (in PressDigits) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	to := c.Customer
	if c.primaryAside() {
		to = c.consult().Leg // the menu of a number that is consulted, say
	}
	s.do(c, nil, SendDigits{Leg: to, Digits: in.Digits})
}

// refuse lets the primary end the conversation. One that no agent is in any more (Outside) is ended in nobody's name: who may do that is for the API to say.
func (in EndCall) refuse(s *Shard) *Refusal {
	if c := s.st.Calls[in.Call]; in.Agent == "" && c != nil && c.Phase == Outside {
		if !s.engineIsUp(c.Engine) {
			return refusal(RefusedEngine, "call", "the call's switch is not connected at the moment; the conversation goes on")
		}
		return nil
	}
	c, r := s.refuseControlIn(in.Call, in.Agent, Talking, PostCall)
	if r == nil && c.Phase == Talking && c.customerHeld() {
		return refusal(RefusedHeld, "call", "End is disabled while the customer is on hold")
	}
	return r
}

func (in EndCall) apply(s *Shard) {
	if c := s.st.Calls[in.Call]; c.Phase == Outside {
		s.endForAll(c, "ended", Cause{Code: CauseNormal, By: ByUs})
		return
	}
	s.endForAll(s.st.Calls[in.Call], "agent", Cause{Code: CauseNormal, By: ByThem})
}
