package core

import (
	"slices"
	"strconv"
	"strings"
)

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
		return refusal(RefusedState, "call", "the agent is with the consultant while the conference goes on: toggle back to it first")
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
		return refusal(RefusedState, "call", "a consultant cannot be muted: leave, or speak")
	case *muted && in.On:
		return refusal(RefusedState, "on", "the agent is muted already")
	case !*muted && !in.On:
		return refusal(RefusedState, "on", "the agent is not muted")
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
