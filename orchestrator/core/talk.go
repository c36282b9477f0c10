package core

import "slices"

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
	if q := s.queueOf(c.Tenant, to); !q.takes(c) {
		// There is no line to stand in any more: as for those who waited in it when it was removed.
		if s.goesOver(c) {
			s.restRecording(c)
			return
		}
		s.mixWaiting(c, q.Music)
		c.Record.Outcome = CallAnswered
		s.closeWith(c, q.Unanswered, CauseNoAnswer)
		return
	}
	s.becomeWaiting(c, to, why)
	s.restRecording(c)
}

// takes reports whether a call can stand in the queue's line: it is set up, and not anew as another tenant's, to whom the id of a deleted queue may be given.
func (q *queue) takes(c *call) bool { return !q.Removed && q.Tenant == c.Tenant }

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
	case c.Phase == PostCall && len(c.party()) == 0:
		// Whoever is consulted was never in the conversation, and there is none any more that they could join (C8).
		s.endForAll(c, why, Cause{Code: CauseNormal, By: ByThem})
	case k != nil && k.Answered && c.Phase == Talking:
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
