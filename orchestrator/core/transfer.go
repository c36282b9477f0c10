package core

// Transfers (C9, C10). A blind one lets the agent go at once: the target's phone rings while the customer hears music, and whoever does not take the call loses it to the
// queue that it came from, not the customer. One after a consult gives the call to the consultant.

// becomeOffered sends a call to one agent directly. It keeps its place in its queue: there it is offered to everybody as soon as this agent has not taken it, and only then does it wait there.
func (s *Shard) becomeOffered(c *call, a *agent) {
	s.becomeWaiting(c, c.Queue, "direct") // also where the queue is no more: this agent can take the call all the same
	s.restRecording(c)
	c.PreferTill, c.WaitTill, c.Direct = 0, 0, true
	s.offer(c, a)
}

// directFailed: the one agent whom a call was offered to directly has not taken it.
func (s *Shard) directFailed(c *call, outcome OfferOutcome) {
	c.Direct = false
	s.touch(c)
	if c.Parent != "" {
		s.placeFailed(c, string(outcome))
		return
	}
	s.tellCall(c, Entry{Kind: EntryTransferFailed, Queue: c.Queue, Reason: string(outcome)})
	if !c.queue.takes(c) {
		s.expireWait(c)
		return
	}
	c.WaitTill = s.waitTill(c.queue)
}

// comesBack takes a caller whom nobody took where they were transferred to back to their place in the queue that they came from, once: they had somebody to talk with a moment ago
// (C9). The agent who transferred them does not get them (Q7).
func (s *Shard) comesBack(c *call) bool {
	if c.More == nil || c.More.Back == "" {
		return false
	}
	back := s.st.Queues[c.More.Back]
	c.More.Back = ""
	if back == nil || !back.takes(c) {
		return false
	}
	s.leaveQueue(c, "unanswered")
	c.Queue, c.QueuedAt = back.ID, c.More.BackSince
	s.becomeWaiting(c, back.ID, "transfer_failed")
	return true
}

// becomeOutside leaves the customer with parties outside, or with one that is still being rung. No agent is in the call any more.
func (s *Shard) becomeOutside(c *call) {
	c.assert(Talking, PostCall)
	if c.Phase == PostCall {
		s.endForAll(c, "alone", Cause{Code: CauseNormal, By: ByUs}) // there may be several outside, but nobody whose conversation it is
		return
	}
	c.Phase, c.Held = Outside, false
	c.takeAll()
	if c.connectedOutside() {
		s.stopRecording(c, "complete") // what is said without us is not ours to keep
	} else {
		s.restRecording(c) // should the number not take the call, an agent will go on with it
	}
	s.tellCall(c, Entry{Kind: EntryOutside, Queue: c.Queue})
	s.touch(c)
	s.regroup(c)
}

// dialOutside dials a number over the tenant's trunk for a call.
func (s *Shard) dialOutside(c *call, number string) LegID {
	d := s.dialling(c)
	l := &leg{ID: LegID(s.newID()), Call: c.ID, Role: outsideLeg, Engine: c.Engine, Since: s.now}
	s.addLeg(c, l)
	s.tellCall(c, Entry{Kind: EntryDialled, Leg: l.ID, Text: number, Queue: c.Queue})
	s.do(c, l, Dial{
		Leg: l.ID, To: Address{Trunk: d.Trunk, Number: number}, For: c.Customer, FromNumber: d.Shown, Limit: dialTime + ringMargin,
	})
	return l.ID
}

// outsideAnswered: a number that we dialled has answered.
func (s *Shard) outsideAnswered(c *call, l *leg) {
	if k := c.consult(); k != nil && k.Leg == l.ID {
		s.becomeConsulted(c)
		return
	}
	i := c.partyOf(l.ID)
	if i < 0 || !c.party()[i].Ringing {
		s.hang(l, CauseNormal) // given up in the same instant
		return
	}
	s.passPhase(c)
	c.More.Party[i].Ringing, c.More.Party[i].Since, c.More.ForwardTill = false, s.now, 0
	s.stopRecording(c, "complete")
	s.touch(c)
	s.tellCall(c, Entry{Kind: EntryJoined, Leg: l.ID, Queue: c.Queue})
	s.setMix(c)
}

// forwardFailed: the number that the customer was transferred to has not taken the call. It goes back to the queue (C9).
func (s *Shard) forwardFailed(c *call, i int, cause Cause) {
	p := c.party()[i]
	c.extra().Party = append(c.party()[:i:i], c.party()[i+1:]...)
	c.More.ForwardTill = 0
	s.touch(c)
	l := s.st.Legs[p.Leg]
	if l != nil {
		s.hang(l, CauseCancelled)
	}
	s.tellCall(c, Entry{Kind: EntryTransferFailed, Leg: p.Leg, Queue: c.Queue, Reason: string(outcomeOfDial(true, cause))})
	if c.connectedOutside() {
		s.setMix(c)
		return
	}
	s.becomeRequeued(c, c.Queue, "transfer_failed")
}

// expireForward gives up the number that a customer was transferred to.
func (s *Shard) expireForward(c *call) {
	if c.More == nil || !s.due(c.More.ForwardTill) {
		return
	}
	c.More.ForwardTill = 0
	for i, p := range c.party() {
		if p.Ringing {
			s.forwardFailed(c, i, Cause{Code: CauseNoAnswer, By: ByThem})
			return
		}
	}
}

// outcomeOfDial reads from the end of a leg that was dialled outside why nobody took the call.
func outcomeOfDial(rang bool, cause Cause) OfferOutcome {
	return outcomeOf(&leg{Ringing: rang}, cause)
}

func (in TransferCall) refuse(s *Shard) *Refusal {
	c, r := s.refuseBlind(in.Call, in.Agent)
	if r != nil {
		return r
	}
	return s.refuseTarget(c, in.To, false)
}

// refuseBlind says why no blind transfer can be made now, wherever to.
func (s *Shard) refuseBlind(id CallID, agent AgentID) (*call, *Refusal) {
	c, r := s.refuseControl(id, agent)
	switch {
	case r != nil:
		return nil, r
	case c.consult() != nil:
		return nil, refusal(RefusedState, "call", "a consult is going on: complete the transfer or end the consult")
	case len(c.party()) > 0:
		return nil, refusal(RefusedState, "call", "the call is a conference: leave it, or consult and transfer")
	}
	return c, nil
}

func (in TransferCall) apply(s *Shard) {
	s.transfer(s.st.Calls[in.Call], in.To, in.Actor)
}

// transfer sends the customer to a target without asking it first.
func (s *Shard) transfer(c *call, to Target, actor string) {
	by := c.Primary
	if to.Number != "" {
		to.Number, _ = s.dialling(c).DialNumber(to.Number)
	}
	s.tellCall(c, Entry{Kind: EntryCallTransferred, Agent: by, Queue: to.Queue, Reason: to.kind(), Text: to.text(), Actor: actor})
	if to.Agent == "" && to.Number == "" && !c.excludes(by) { // (Q7)
		c.Excluded = append(c.Excluded, by)
	}
	s.passPhase(c)
	s.disown(c, "transfer")
	switch to.kind() {
	case "agent":
		s.becomeOffered(c, s.st.Agents[to.Agent])
	case "queue":
		s.transferToLine(c, to.Queue)
	case "entry_point":
		e := s.st.EntryPoints[to.EntryPoint]
		s.carryVariables(c, s.entryPointOf(c, c.EntryPoint), e)
		c.EntryPoint, c.Priority = e.ID, e.Priority
		s.transferToLine(c, e.target())
	default:
		s.forward(c, s.dialOutside(c, to.Number), to.Number)
	}
}

// transferToLine sends the customer to another queue, or to those whom an entry point rings.
func (s *Shard) transferToLine(c *call, to QueueID) {
	if c.Queue != to {
		c.extra().Back, c.extra().BackSince = c.Queue, c.QueuedAt
	}
	s.becomeRequeued(c, to, "transfer")
}

// forward leaves the customer with a number that is being rung.
func (s *Shard) forward(c *call, l LegID, number string) {
	c.extra().Party = append(c.party(), party{Leg: l, Number: number, Since: s.now, Ringing: true})
	c.extra().ForwardTill = s.now.Add(dialTime)
	s.becomeOutside(c)
}

func (in CompleteTransfer) refuse(s *Shard) *Refusal {
	c, r := s.refuseConsultOf(in.Call, in.Agent)
	switch {
	case r != nil:
		return r
	case c.Phase == PostCall:
		return refusal(RefusedState, "call", "the customer has left: there is nobody to transfer")
	case !c.consult().Answered && !c.consult().Reached && c.consult().To.EntryPoint == "":
		return refusal(RefusedState, "call", "the consult is not answered yet")
	case !c.consult().Answered && len(c.party()) > 0:
		return refusal(RefusedState, "call", "the consult is not answered yet")
	case !c.consult().Answered && c.consult().To.EntryPoint != "":
		return s.refuseEntryPointNow(c)
	}
	return nil
}

// refuseEntryPointNow asks again about an entry point that is consulted: the set-up may have changed meanwhile. Whether its queue is full is no question any more, for
// the consult stands in it.
func (s *Shard) refuseEntryPointNow(c *call) *Refusal {
	e := s.entryPointOf(c, c.consult().To.EntryPoint)
	if e == nil {
		return refusal(RefusedTarget, "call", "the entry point no longer exists: end the consult")
	}
	switch q := s.st.Queues[e.target()]; {
	case s.closed(e):
		return refusal(RefusedTarget, "call", e.whyClosed()+": end the consult")
	case q == nil || !q.takes(c):
		return refusal(RefusedTarget, "call", "the entry point's queue no longer exists: end the consult")
	}
	return nil
}

func (in CompleteTransfer) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	k := c.consult()
	if k.Answered || k.Leg != "" { // otherwise transfer tells it
		s.tellCall(c, Entry{Kind: EntryCallTransferred, Agent: c.Primary, Queue: k.To.Queue, Reason: k.To.kind(), Text: k.To.text(), Actor: in.Actor})
	}
	if k.Answered {
		s.becomeTransferred(c, "transfer")
		return
	}
	// An entry point or a number that is reached and not answered yet: from here on it is the customer who waits for it.
	s.passPhase(c)
	s.forgetConsult(c, "transferred")
	if k.Leg != "" {
		s.disown(c, "transfer")
		s.forward(c, k.Leg, k.To.Number)
		return
	}
	s.leavePlace(k.Place, OfferWithdrawn)
	s.transfer(c, k.To, in.Actor)
}

// becomeTransferred gives the call to the consultant: the primary leaves, on request or because the phone went away (C9).
func (s *Shard) becomeTransferred(c *call, why string) {
	s.consultantJoins(c, "transferred")
	s.disown(c, why)
	s.succeed(c, OwnedByTransfer)
}
