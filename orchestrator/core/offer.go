package core

import (
	"slices"
	"strconv"
	"time"
)

// ringMargin is how much longer than the offer the switch rings by itself, should we be gone.
const ringMargin = 5 * time.Second

// offer rings an agent's phone for a waiting call.
func (s *Shard) offer(c *call, a *agent) {
	q := c.queue
	l := &leg{ID: LegID(s.newID()), Call: c.ID, Role: agentLeg, Engine: c.Engine, Agent: a.ID, Since: s.now}
	s.addLeg(c, l)
	c.Offers = append(c.Offers, offer{Agent: a.ID, Leg: l.ID, Since: s.now, Until: s.now.Add(q.RingTime)})
	c.Record.Offers++
	if q.Strategy == ProgressiveRing {
		c.NextRing = s.now.Add(q.ProgressiveStep)
	}
	q.Turns++
	if q.LastTurn == nil {
		q.LastTurn = map[AgentID]uint64{}
	}
	q.LastTurn[a.ID] = q.Turns
	a.Call, a.Leg = c.ID, l.ID
	s.becomeReserved(a)
	s.touch(c)
	s.indexCall(c)
	s.tellCall(c, Entry{Kind: EntryOfferMade, Agent: a.ID, Queue: c.Queue, Leg: l.ID})
	d := Dial{Leg: l.ID, To: s.phoneOf(a, c.Engine), AutoAnswer: a.AutoAnswer, Limit: q.RingTime + ringMargin}
	d.For, d.FromNumber, d.FromName = c.Customer, s.shownNumber(c), s.shownName(c)
	if p := s.parent(c); p != nil { // it is the colleague who calls (C2)
		by := s.st.Agents[p.Primary]
		d.For, d.FromNumber, d.FromName = p.AgentLeg, by.Phone, by.Name
	}
	s.do(c, l, d)
}

func (c *call) offerOf(l LegID) int {
	return slices.IndexFunc(c.Offers, func(o offer) bool { return o.Leg == l })
}

// endOffer takes an offer back from an agent with an outcome, and applies what the outcome means for the agent (Q4). The leg is hung up
// if it is still there. What becomes of the call is up to the calling function, unless nobody else would be asked: after a direct offer (see directFailed), or where the queue is no more.
func (s *Shard) endOffer(c *call, i int, outcome OfferOutcome, cause Cause) {
	o := c.Offers[i]
	c.Offers = slices.Delete(c.Offers, i, i+1)
	s.touch(c)
	if l := s.st.Legs[o.Leg]; l != nil {
		with := CauseCancelled
		switch outcome {
		case OfferLostRace:
			with = CauseAnsweredElsewhere
		case OfferNoAnswer:
			with = CauseNoAnswer
		case OfferDeclined:
			with = CauseDeclined
		default:
		}
		s.hang(l, with)
	}
	s.tellCall(c, Entry{Kind: EntryOfferEnded, Agent: o.Agent, Queue: c.Queue, Leg: o.Leg, Reason: string(outcome), Cause: &cause, Duration: s.now.Sub(o.Since)})
	if outcome == OfferNoAnswer {
		c.Record.Misses++
	}
	if c.Prefer == o.Agent {
		c.PreferTill = 0 // had the chance: the caller waits for anybody now
	}
	a := s.st.Agents[o.Agent]
	a.Call, a.Leg = "", ""
	s.afterOffer(a, c.queue, outcome, c.ID)
	switch {
	case len(c.Offers) > 0, outcome == OfferAbandoned, outcome == OfferWithdrawn: // or it is known already where the call goes
	case c.Direct:
		s.directFailed(c, outcome)
	case c.Phase == Waiting && !c.queue.takes(c):
		s.expireWait(c)
	}
}

// afterOffer applies to an agent what the outcome of an offer means (Q4).
func (s *Shard) afterOffer(a *agent, q *queue, outcome OfferOutcome, of CallID) {
	if outcome == OfferUnreachable && a.OldPhone {
		s.becomeUnreserved(a, string(outcome))
		return
	}
	switch outcome {
	case OfferFailed, OfferAbandoned, OfferLostRace, OfferWithdrawn:
	default:
		a.Failures = 0 // the phone has said something, or is known to be silent
	}
	switch outcome {
	case OfferNoAnswer:
		// A miss restarts the longest-idle clock: otherwise the same agent would be picked again and again.
		a.IdleSince = s.now
		if q.RONAAfter > 0 { // elsewhere a miss is nobody's fault, and counts nowhere
			a.Misses++
			if a.Misses >= q.RONAAfter {
				s.becomeRONA(a)
				return
			}
		}
		if q.MissDelay > 0 {
			a.PausedTill = s.now.Add(q.MissDelay)
		}
	case OfferDeclined:
		if !a.onBreak() {
			a.Next = nil
			s.becomeIdle(a, ReasonDeclined, string(outcome))
			return
		}
	case OfferBusy:
		a.PausedTill = s.now.Add(q.BusyDelay)
	case OfferUnreachable:
		onBreak := a.onBreak()
		if !onBreak {
			a.Next = nil
			s.becomeIdle(a, ReasonUnreachable, string(outcome))
		}
		s.alert(ReasonUnreachable, Entry{Tenant: a.Tenant, Agent: a.ID, Call: s.publicCall(of)})
		if !onBreak {
			return
		}
	case OfferFailed:
		a.PausedTill = s.now.Add(failedPause)
		if a.Failures++; a.Failures == failuresToTell {
			s.alert(ReasonUnreachable, Entry{Tenant: a.Tenant, Agent: a.ID, Call: s.publicCall(of)})
		}
	case OfferAnswered, OfferAbandoned, OfferLostRace, OfferWithdrawn:
	}
	s.becomeUnreserved(a, string(outcome))
}

// failedPause keeps an agent out for a moment after a fault that was not the phone's, so that a broken switch does not make a storm of dials.
const failedPause = 2 * time.Second

// failuresToTell is how many offers to an agent fail in a row before supervisors are told. The agent is not made Idle for it: a switch that has too much to do fails for all of them.
const failuresToTell = 3

// outcomeOf reads from the end of a ringing leg what it says about the agent (Q4).
func outcomeOf(l *leg, cause Cause) OfferOutcome {
	switch cause.Code {
	case CauseBusy:
		return OfferBusy
	case CauseDeclined, CauseRedirected:
		return OfferDeclined
	case CauseNoAnswer, CauseNormal:
		if l.Ringing {
			return OfferNoAnswer // the switch or the phone gave up by itself
		}
		return OfferUnreachable // "temporarily unavailable" at once: the phone never rang
	case CauseUnreachable, CauseUnallocated, CauseNetwork, CauseRejected:
		return OfferUnreachable // a phone that refuses for a reason of its own, as a codec, needs somebody to look at it, as one that is away does
	default:
		return OfferFailed
	}
}

// withdrawOffers ends all offers of a call with one outcome.
func (s *Shard) withdrawOffers(c *call, outcome OfferOutcome) {
	for len(c.Offers) > 0 {
		s.endOffer(c, 0, outcome, Cause{Code: CauseCancelled, By: ByUs})
	}
}

// expireOffers ends the offers whose ring time is over.
func (s *Shard) expireOffers(c *call) {
	for i := 0; i < len(c.Offers); {
		if c.Offers[i].Until.After(s.now) {
			i++
			continue
		}
		switch a := s.st.Agents[c.Offers[i].Agent]; {
		case c.Offers[i].Ringing:
			s.endOffer(c, i, OfferNoAnswer, Cause{Code: CauseNoAnswer, By: ByThem})
		case a.Engine != "" && !s.engineIsUp(a.Engine):
			// The phone is at another switch than the call, and that one is out of sight: perhaps it did ring.
			s.endOffer(c, i, OfferFailed, Cause{Code: CauseEngine, By: ByNetwork})
		default:
			// Nobody can miss what never rang: the phone is dead, or the network to it.
			s.endOffer(c, i, OfferUnreachable, Cause{Code: CauseUnreachable, By: ByNetwork})
		}
	}
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
		return refusal(RefusedOver, "call", "the request of this call no longer rings; another one does")
	}
	if in.Leg != "" && in.Leg != a.Leg {
		return refusal(RefusedOver, "leg", "this request no longer rings; another one does")
	}
	return nil
}

func (in DeclineOffer) apply(s *Shard) {
	a := s.st.Agents[in.Agent]
	c := s.st.Calls[a.Call]
	s.endOffer(c, c.offerOf(a.Leg), OfferDeclined, Cause{Code: CauseDeclined, By: ByThem})
}
