package core

import (
	"cmp"
	"slices"
)

// Reconciliation compares what we believe with what a switch shows. All repairs go through the ordinary transitions: what we missed is stepped as if
// its fact had come. A look on the slow beat may be a little older than the facts around it, so there a difference
// counts only when two beats in a row show it; the snapshot of EngineUp is certain, because nothing was dialled while the switch was away.

const beatsToBelieve = 2

func (s *Shard) engineIsUp(id EngineID) bool {
	e := s.st.Engines[id]
	return e != nil && e.Up
}

func (s *Shard) engineDown(f EngineDown) {
	e := s.st.Engines[f.Engine]
	if e == nil || !e.Up {
		return
	}
	e.Up, e.Since = false, s.now
	s.tell(Entry{Kind: EntryEngineDown, Engine: e.ID})
	s.engineChanged(e)
}

// engineChanged brings calls and agents of a switch in or out of reach of matching.
func (s *Shard) engineChanged(e *engine) {
	s.reportEngine(e)
	for _, id := range keys(s.st.Agents) {
		if a := s.st.Agents[id]; a.Engine == e.ID {
			s.indexAgent(a)
		}
	}
	for _, id := range keys(s.st.Calls) {
		if c := s.st.Calls[id]; c.Engine == e.ID {
			s.touch(c) // settle places it and arms its deadlines
		}
	}
}

func (s *Shard) engineUp(f EngineUp) {
	e := s.st.Engines[f.Engine]
	if e == nil {
		e = &engine{ID: f.Engine}
		s.st.Engines[f.Engine] = e
	}
	e.Up, e.Since, e.Strays, e.StrayMixes = true, s.now, nil, nil
	s.spare(f.Spare)
	snap := f.Snapshot.sorted()
	reason := "connected"
	if f.Restarted {
		reason = "restarted"
		e.Doomed = nil // whoever has the name of one of these now is somebody else
	}
	s.tell(Entry{Kind: EntryEngineUp, Engine: e.ID, Reason: reason})
	for _, id := range keys(s.st.Agents) {
		// The switch will say again which phones it cannot reach.
		if a := s.st.Agents[id]; a.PhoneDown && (a.Engine == "" || a.Engine == e.ID) {
			a.PhoneDown = false
			s.touchAgent(a)
			s.indexAgent(a)
		}
	}
	s.reconcile(e, snap, true)
	for _, id := range keys(s.st.Calls) {
		c := s.st.Calls[id]
		if c.Engine != e.ID || s.spares(c) {
			continue
		}
		s.firing = Deadline{Call: id}
		if (c.customer != nil || c.Phase == PostCall) && c.ArrivedAt.Before(s.now) {
			s.sayAgain(c, snap)
		}
		if a := s.st.Agents[c.Prefer]; a == nil || a.State == Offline || a.Removed {
			c.PreferTill = 0 // they have signed out meanwhile, or were deleted: see awaitNoMore
		}
		s.expireCall(c) // what fell due while the switch was away, now that we know how things stand
	}
	s.firing = Deadline{}
	for _, m := range f.Snapshot.Mixes {
		if _, known := s.declared(m.Mix); known == nil {
			c := s.callOfMix(m.Mix)
			if c == nil {
				s.repair("orphan_mix", Entry{Call: CallID(m.Mix), Engine: e.ID})
			}
			s.orderStray(e, m.Mix)
		}
	}
	s.engineChanged(e)
}

// sayAgain orders for a call what may have been lost with the connection, or with the process that was to order it.
func (s *Shard) sayAgain(c *call, snap Snapshot) {
	seen, _ := snap.leg(c.Customer)
	switch {
	case c.Answered && !seen.Up:
		s.do(c, nil, Answer{Leg: c.Customer})
	case c.Ringing && !seen.Up:
		s.do(c, nil, Ring{Leg: c.Customer})
	}
	if p := c.Prompt; p != nil {
		// Perhaps it is being played: it begins anew, or it would be heard a second time behind the first, whoever the caller talks with by then.
		s.do(c, nil, Stop{Leg: c.Customer, Play: p.Play})
		s.noPlay(c)
		s.play(c, p.Media)
	}
	s.mixAgain(c)
	s.recordAgain(c)
}

func (s *Shard) engineSeen(f EngineSeen) {
	e := s.st.Engines[f.Engine]
	if e == nil || !e.Up {
		return
	}
	s.reconcile(e, f.Snapshot.sorted(), false)
	s.dissolveStrays(e, f.Snapshot)
	for _, id := range keys(s.st.Calls) {
		if c := s.st.Calls[id]; c.Engine == e.ID {
			for id, m := range c.mixes {
				s.compareMix(c, id, m, f.Snapshot)
			}
		}
	}
}

// dissolveStrays ends mixes that two beats have shown and that no call has: the order to dissolve them was refused.
func (s *Shard) dissolveStrays(e *engine, snap Snapshot) {
	var strays []MixID
	for _, m := range snap.Mixes {
		if _, known := s.declared(m.Mix); known != nil {
			continue
		}
		if slices.Contains(e.StrayMixes, m.Mix) {
			s.repair("orphan_mix", Entry{Call: CallID(m.Mix), Engine: e.ID})
			s.orderStray(e, m.Mix)
			continue
		}
		strays = append(strays, m.Mix)
	}
	slices.Sort(strays)
	e.StrayMixes = strays
}

// orderStray dissolves a mix that no call declares, behind whatever its call has ordered.
func (s *Shard) orderStray(e *engine, id MixID) {
	of := CallID(id)
	if c := s.callOfMix(id); c != nil {
		of = c.ID
	}
	s.order(Effect{Engine: e.ID, Call: of, Lane: string(of), Do: SetMix{Mix: id}})
}

func (n Snapshot) leg(id LegID) (SeenLeg, bool) {
	i, ok := slices.BinarySearchFunc(n.Legs, id, func(l SeenLeg, id LegID) int { return cmp.Compare(l.Leg, id) })
	if !ok {
		return SeenLeg{}, false
	}
	return n.Legs[i], true
}

// sorted is the snapshot with its legs in order, should the switch have listed them otherwise. The event itself is not ours to change.
func (n Snapshot) sorted() Snapshot {
	n.Legs = slices.SortedFunc(slices.Values(n.Legs), func(a, b SeenLeg) int { return cmp.Compare(a.Leg, b.Leg) })
	return n
}

// reconcile brings the legs of a switch in line with what it shows.
func (s *Shard) reconcile(e *engine, snap Snapshot, certain bool) {
	// Customers first: where both ends of a conversation are gone it has ended, and no agent was lost.
	ids := keys(s.st.Legs)
	for _, role := range []legRole{customerLeg, agentLeg, outsideLeg} {
		for _, id := range ids {
			l := s.st.Legs[id]
			if l == nil || l.Engine != e.ID || l.Role != role {
				continue // nil: went with another leg of its call
			}
			if certain {
				if s.spares(l.of) {
					continue
				}
				s.firing = Deadline{Call: l.of.ID}
			}
			if seen, ok := snap.leg(id); ok {
				s.believePresent(l, seen, certain)
			} else {
				s.believeAbsent(l, certain)
			}
		}
	}
	s.firing = Deadline{}
	e.Doomed = slices.DeleteFunc(e.Doomed, func(id LegID) bool {
		_, shown := snap.leg(id)
		return !shown
	})
	var strays []LegID
	for _, seen := range snap.Legs {
		if s.st.Legs[seen.Leg] != nil {
			continue
		}
		if e.doomed(seen.Leg) {
			s.hangSeen(e, seen) // its repair has been told
			continue
		}
		if _, again := slices.BinarySearch(e.Strays, seen.Leg); !certain && !again {
			strays = append(strays, seen.Leg)
			continue
		}
		s.adopt(e, seen)
	}
	e.Strays = strays
}

// believePresent steps the facts about a leg that we seem to have missed.
func (s *Shard) believePresent(l *leg, seen SeenLeg, certain bool) {
	c := l.of
	l.Missing = 0
	if certain && l.dying() {
		l.Unheard, l.Up = 0, seen.Up
		s.hangAnew(l)
		return
	}
	missed := seen.Up && !l.Up
	unanswered := l.Role == customerLeg && c.Answered && !seen.Up && !l.Up && !l.dying()
	if !missed && !unanswered {
		l.Unheard = 0
		if seen.Ringing { // it decides whose fault it is when nobody answers (Q4)
			s.legRinging(LegRinging{Leg: l.ID})
		}
		return
	}
	if l.Unheard++; !certain && l.Unheard < beatsToBelieve {
		return
	}
	l.Unheard = 0
	if unanswered {
		s.repair("not_answered", Entry{Tenant: c.Tenant, Call: c.ID, Leg: l.ID, Engine: l.Engine})
		s.answerAgain(c)
		return
	}
	s.repair("answer_missed", Entry{Tenant: c.Tenant, Call: c.ID, Leg: l.ID, Agent: l.Agent, Engine: l.Engine})
	s.legAnswered(l.ID)
}

// believeAbsent deals with a leg that the switch does not show.
func (s *Shard) believeAbsent(l *leg, certain bool) {
	l.Unheard = 0
	if l.Missing++; !certain && l.Missing < beatsToBelieve {
		return
	}
	c := l.of
	s.repair("leg_gone", Entry{Tenant: c.Tenant, Call: c.ID, Leg: l.ID, Agent: l.Agent, Engine: l.Engine})
	cause := Cause{Code: CauseEngine, By: ByNetwork}
	if l.Role == customerLeg || l.Up || l.dying() {
		s.legGone(l, cause)
		return
	}
	// Its dial may still be on its way to the switch: the hang-up follows it in the same lane.
	l.Missing = 0
	offered, party := c.offerOf(l.ID), c.partyOf(l.ID)
	switch {
	case offered >= 0:
		s.endOffer(c, offered, OfferFailed, cause)
	case party >= 0:
		s.partyGone(c, party, cause)
	case c.consult() != nil && c.consult().Leg == l.ID:
		s.consultantGone(c, cause)
	default:
		s.legGone(l, cause)
	}
}

// adopt takes in a leg that we do not know: a customer is let in, an orphan of ours is hung up.
func (s *Shard) adopt(e *engine, seen SeenLeg) {
	if seen.Ours {
		s.hangOrphan(e, seen)
		return
	}
	s.repair("adopted", Entry{Leg: seen.Leg, Engine: e.ID})
	s.legAppeared(LegAppeared{Engine: e.ID, Leg: seen.Leg, From: seen.From, Name: seen.Name, To: seen.To})
	if seen.Up {
		s.legAnswered(seen.Leg)
	}
}
