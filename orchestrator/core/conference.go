package core

import (
	"slices"
	"strconv"
)

// A conference (C11 to C14) is a conversation with somebody beside the customer and the primary: agents who were consulted, and parties outside. All but the primary
// are in the call's Party, in the order in which they joined.

// MaxParticipants is how many are in a conference at most, customer and primary included (C11).
const MaxParticipants = 8

// party is somebody in the conversation who is neither the customer nor the primary.
type party struct {
	Leg     LegID   `json:"leg"`
	Agent   AgentID `json:"agent,omitempty"`   // "" = somebody outside
	Number  string  `json:"number,omitempty"`  // of somebody outside
	Since   instant `json:"since"`             // in the conversation
	Ringing bool    `json:"ringing,omitempty"` // a number that is still being dialled for the customer (a transfer)
	Held    bool    `json:"held,omitempty"`
	Muted   bool    `json:"muted,omitempty"`
}

func (c *call) partyOf(l LegID) int {
	return slices.IndexFunc(c.party(), func(p party) bool { return p.Leg == l })
}

func (c *call) partyNamed(a AgentID) int {
	return slices.IndexFunc(c.party(), func(p party) bool { return p.Agent == a })
}

// talksWith reports whether an agent is in the conversation, in whatever part.
func (c *call) talksWith(a AgentID) bool {
	return a != "" && (c.Primary == a || c.partyNamed(a) >= 0 || c.consult() != nil && c.consult().Agent == a)
}

// people counts who is in the conversation, or being asked to join it.
func (c *call) people() int {
	n := len(c.party())
	if c.Phase == Talking || c.Phase == Outside {
		n++
	}
	if c.Primary != "" {
		n++
	}
	if c.consult() != nil {
		n++
	}
	return n
}

// present counts who can talk with each other now.
func (c *call) present() int {
	n := c.people()
	for _, p := range c.party() {
		if p.Ringing {
			n--
		}
	}
	if c.consult() != nil && !c.consult().Answered {
		n--
	}
	return n
}

// connectedOutside reports whether somebody outside has answered.
func (c *call) connectedOutside() bool {
	return slices.ContainsFunc(c.party(), func(p party) bool { return !p.Ringing })
}

// becomeMerged lets the consultant join the conversation (C11).
func (s *Shard) becomeMerged(c *call) {
	s.consultantJoins(c, "merged")
	s.setMix(c)
}

// consultantJoins puts the consultant among those who talk with the customer, who is on hold no longer: to a conference, or to take the call over.
func (s *Shard) consultantJoins(c *call, how string) {
	s.passPhase(c)
	k := c.consult()
	p := party{Leg: k.Leg, Agent: k.Agent, Since: s.now}
	if k.Agent == "" {
		p.Number = k.To.Number
	}
	s.forgetConsult(c, how)
	c.Held = false
	c.extra().Party = append(c.party(), p)
	if a := s.st.Agents[p.Agent]; a != nil {
		a.Talked += s.now.Sub(k.AnsweredAt)
		s.touchAgent(a)
		s.spokeWith(c, a.ID)
	}
	s.tellCall(c, Entry{Kind: EntryJoined, Agent: p.Agent, Leg: p.Leg, Queue: c.Queue})
}

// takeAll takes everybody back from hold who was put there one by one: from here on nobody could do it any more.
func (c *call) takeAll() {
	for i := range c.party() {
		c.More.Party[i].Held = false
	}
}

// becomePostCall: the customer has left, and those who are left talk on (C8, C13). The primary's wrap-up is owed when that is over.
func (s *Shard) becomePostCall(c *call) {
	s.passPhase(c)
	c.Phase, c.Held = PostCall, false
	c.takeAll()
	s.noPlay(c)
	s.stopRecording(c, "complete")
	s.tellCall(c, Entry{Kind: EntryPostCall, Agent: c.Primary, Queue: c.Queue})
	if c.consult() != nil && !c.consult().Answered {
		s.endConsult(c, "customer_left")
	}
	if c.consult() != nil {
		c.consult().WithCustomer = false
	}
	s.touch(c)
	s.regroup(c)
}

// regroup declares who hears whom now that somebody has left a conversation, or ends it if only one is left (C13).
func (s *Shard) regroup(c *call) {
	switch c.Phase {
	case Talking, PostCall, Outside:
		if c.present() < 2 && (c.Phase != Outside || len(c.party()) == 0) {
			s.endForAll(c, "alone", Cause{Code: CauseNormal, By: ByUs})
			return
		}
		s.setMix(c)
	case Routing, Waiting, Closing, Ended:
	}
}

// endForAll ends a conversation for everybody in it.
func (s *Shard) endForAll(c *call, why string, cause Cause) {
	c.assert(Talking, PostCall, Outside)
	if c.consult() != nil {
		s.endConsult(c, why)
	}
	gone := c.Phase == PostCall
	if !gone {
		c.Record.Cause, c.Record.Outcome = cause, CallAnswered
	}
	s.becomeEnded(c)
	for _, p := range c.party() {
		s.partyLeft(c, p, why)
	}
	if c.More != nil {
		c.More.Party = nil
	}
	if c.Primary != "" {
		s.disown(c, why)
	}
	if l := c.customer; l != nil {
		s.hang(l, cause.Code)
		return
	}
	s.dissolve(c)
	s.closeRecord(c)
}

// partyLeft tells that somebody beside the primary is in the conversation no longer, and lets them go.
func (s *Shard) partyLeft(c *call, p party, why string) {
	s.tellCall(c, Entry{Kind: EntryLeft, Agent: p.Agent, Leg: p.Leg, Queue: c.Queue, Reason: why, Duration: s.now.Sub(p.Since)})
	s.letGo(p, why)
}

// dropParty takes somebody out of the conference.
func (s *Shard) dropParty(c *call, i int, why string) {
	p := c.party()[i]
	c.extra().Party = slices.Delete(c.party(), i, i+1)
	s.touch(c)
	s.partyLeft(c, p, why)
	s.regroup(c)
}

// partyGone: the leg of somebody in the conference is no more.
func (s *Shard) partyGone(c *call, i int, cause Cause) {
	p := c.party()[i]
	if p.Ringing {
		s.forwardFailed(c, i, cause)
		return
	}
	why := "left"
	if cause.Fault() {
		why = "lost"
		s.phoneLost(c, p.Agent, cause)
	}
	s.dropParty(c, i, why)
}

// refuse says why the consultant cannot join now.
func (in MergeConsult) refuse(s *Shard) *Refusal {
	c, r := s.refuseConsultOf(in.Call, in.Agent)
	switch {
	case r != nil:
		return r
	case c.Phase == PostCall:
		return refusal(RefusedState, "call", "the customer has left: nobody can join any more")
	case !c.consult().Answered && !c.consult().Reached:
		return refusal(RefusedState, "call", "the consult is not answered yet")
	case c.consult().Joins:
		return refusal(RefusedState, "call", "the number joins as soon as it answers")
	}
	return nil
}

func (in MergeConsult) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	if c.consult().Answered {
		s.becomeMerged(c)
		return
	}
	s.passPhase(c)
	c.consult().Joins, c.consult().WithCustomer = true, true
	s.touch(c)
	s.setMix(c)
}

// refuse says why an agent cannot leave the call to the others.
func (in LeaveCall) refuse(s *Shard) *Refusal {
	c, r := s.refusePart(in.Call, in.Agent)
	switch {
	case r != nil:
		return r
	case c.Primary != in.Agent:
		return nil
	case c.consult() != nil:
		return refusal(RefusedState, "call", "complete the transfer or end the consult first")
	case len(c.party()) == 0:
		return refusal(RefusedState, "call", "nobody else is in the call: end it")
	case c.Held:
		return refusal(RefusedHeld, "call", "take the customer back from hold first")
	}
	return nil
}

func (in LeaveCall) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	switch {
	case c.Primary == in.Agent:
		s.passPhase(c)
		s.disown(c, "left")
		s.succeed(c, OwnedByHandover)
	case c.partyNamed(in.Agent) >= 0:
		s.dropParty(c, c.partyNamed(in.Agent), "left")
	default:
		s.endConsult(c, "consultant_left")
		s.regroup(c)
	}
}

// participant finds a leg that the primary can hold or disconnect in a conference: the customer's, or a party's.
func (s *Shard) participant(id CallID, agent AgentID, l LegID) (*call, int, *Refusal) {
	c, r := s.refuseControlIn(id, agent, Talking, PostCall)
	if r != nil {
		return nil, 0, r
	}
	i := c.partyOf(l)
	switch {
	case len(c.party()) == 0:
		return nil, 0, refusal(RefusedState, "call", "the call is no conference")
	case i < 0 && (l != c.Customer || s.st.Legs[l] == nil):
		return nil, 0, refusal(RefusedUnknown, "leg", "there is no participant "+strconv.Quote(string(l)))
	}
	return c, i, nil
}

func (in HoldParticipant) refuse(s *Shard) *Refusal {
	c, i, r := s.participant(in.Call, in.Agent, in.Leg)
	switch {
	case r != nil:
		return r
	case c.Phase == PostCall:
		return refusal(RefusedState, "call", "the customer has left: nobody can be put on hold any more")
	case c.consult() != nil:
		return refusal(RefusedState, "call", "a consult is going on")
	case i < 0 && c.Held == in.On, i >= 0 && c.party()[i].Held == in.On:
		if in.On {
			return refusal(RefusedState, "leg", "the participant is on hold already")
		}
		return refusal(RefusedState, "leg", "the participant is not on hold")
	}
	return nil
}

func (in HoldParticipant) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	s.passPhase(c)
	var who AgentID
	if i := c.partyOf(in.Leg); i >= 0 {
		c.More.Party[i].Held = in.On
		who = c.party()[i].Agent
	} else {
		c.Held = in.On
	}
	s.touch(c)
	s.setMix(c)
	kind := EntryParticipantResumed
	if in.On {
		kind = EntryParticipantHeld
	}
	s.tellCall(c, Entry{Kind: kind, Agent: who, Leg: in.Leg, Actor: in.Actor})
}

func (in DropParticipant) refuse(s *Shard) *Refusal {
	c, i, r := s.participant(in.Call, in.Agent, in.Leg)
	if r == nil && i < 0 && c.customer.dying() {
		return refusal(RefusedState, "leg", "the participant is being disconnected already")
	}
	return r
}

func (in DropParticipant) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	if i := c.partyOf(in.Leg); i >= 0 {
		s.dropParty(c, i, "disconnected")
		return
	}
	s.hang(c.customer, CauseNormal)
	s.touch(c)
}
