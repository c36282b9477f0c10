package core

// Matching brings free agents and waiting calls together after every event.
//
// A call's place in its line is total: priority (high first), arrival in the queue, arrival in the shard. An agent's place among the free agents of a
// queue is total too: the member's level (low first), then what the strategy says, then the position in the queue's set-up:
//
//	longest_idle      longest time since the agent became available (sign-in, end of work or break) or missed a call
//	round_robin       longest ago offered a call of this queue (counted in offers, never = first)
//	in_order          position
//	fewest_calls      fewest calls answered since sign-in; then longest idle
//	least_talk        least talk time since sign-in; then longest idle
//	ring_all          all at once, up to MaxRingAll; position decides who rings when there are more
//	progressive_ring  position; one more phone after each step, those before keep ringing; at once where none rings
//	best_fit          most of the asked skill levels; then least surplus beyond them; then longest idle
//	random            a number drawn from the shard's seed each time the agent becomes free
//
// A freed agent serves the queue of its lowest rank that has a call for it; equal ranks: the call that stands first by the
// order of lines. Before that come calls that wait for this very agent (Q7).

// isReady reports whether an agent can take an offer now, leaving aside which. It asks fields and not the clock: a deadline gates until its
// Tick has cleared it, so that the index and the state always agree.
func (s *Shard) isReady(a *agent) bool {
	return a.State == Available && a.PausedTill.IsZero() && !a.Removed && !a.PhoneDown && (a.Engine == "" || s.engineIsUp(a.Engine))
}

func (s *Shard) readyKey(q *queue, m *member, a *agent) readyKey {
	k := readyKey{level: m.level, position: m.position, agent: a}
	idle := int64(a.IdleSince)
	switch q.Strategy {
	case LongestIdle:
		k.a = idle
	case RoundRobin:
		k.a = int64(q.LastTurn[a.ID])
	case InOrder, RingAll, ProgressiveRing:
	case FewestCalls:
		k.a, k.b = int64(a.Answered), idle
	case LeastTalk:
		k.a, k.b = a.Talked.Microseconds(), idle
	case BestFit:
		k.a, k.b, k.c = -m.fit, m.surplus, idle
	case Random:
		k.a = int64(mix64(s.st.Seed^mix64(a.Draws^hash(a.ID))) >> 1)
	}
	return k
}

// hash is FNV-1a.
func hash(id AgentID) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// wantsOffer reports whether a waiting call of the queue wants one more phone to ring.
func (s *Shard) wantsOffer(c *call, q *queue) bool {
	switch q.Strategy {
	case RingAll:
		return len(c.Offers) < MaxRingAll
	case ProgressiveRing:
		return len(c.Offers) == 0 || len(c.Offers) < MaxRingAll && c.NextRing.IsZero()
	default:
		return len(c.Offers) == 0
	}
}

// match makes every offer that can be made. Freed agents choose first: each finds the call that should be served next, and that call chooses
// among all who are free, which may be somebody else; so both orders hold at once.
func (s *Shard) match() {
	for _, c := range s.ix.touchedCalls {
		s.indexCall(c)
	}
	for i := 0; i < len(s.ix.freed); i++ {
		for a := s.ix.freed[i]; a.ready; {
			c, b := s.pair(a)
			if c == nil {
				break
			}
			s.offer(c, b)
		}
	}
	clear(s.ix.freed)
	s.ix.freed = s.ix.freed[:0]
	for i := 0; i < len(s.ix.asking); i++ {
		c := s.ix.asking[i]
		for c.wants {
			a := s.bestAgent(c)
			if a == nil {
				break
			}
			// Several calls may have begun to ask in this step, in any order: the agent serves the one that stands first.
			s.offer(s.pair(a))
		}
	}
	clear(s.ix.asking)
	s.ix.asking = s.ix.asking[:0]
}

// pairHops bounds the search of pair where ranks of different queues contradict each other in a circle.
const pairHops = 16

// pair finds the offer to make because an agent is free: the call that this agent should serve next, and the agent whom that call should ring. That may be
// somebody else for whom yet another call stands first, one that the agent we began with must not serve, say; so it goes on until both agree.
func (s *Shard) pair(a *agent) (*call, *agent) {
	c := s.bestCall(a)
	if c == nil {
		return nil, nil
	}
	first, b := c, s.bestAgent(c)
	for range pairHops {
		next := s.bestCall(b)
		if next == c {
			return c, b
		}
		c, b = next, s.bestAgent(next)
	}
	return first, a // a circle: then at least this agent serves whom they should
}

// bestCall is the call that a free agent should serve next; nil if there is none.
func (s *Shard) bestCall(a *agent) *call {
	if l := s.ix.sticky[a.ID]; l != nil {
		if k, ok := l.first(); ok {
			return k.call
		}
	}
	var best *call
	var rank int
	for _, m := range a.places { // by rank
		if !m.in || best != nil && m.rank > rank {
			continue
		}
		for k := range m.of.wanting.all {
			c := k.call
			if c.excludes(a.ID) {
				continue
			}
			if best == nil || compareLine(k, best.lineKey()) < 0 {
				best, rank = c, m.rank
			}
			break
		}
	}
	return best
}

// bestAgent is the free agent who should be offered a call next; nil if there is none.
func (s *Shard) bestAgent(c *call) *agent {
	if c.wantsOf == nil { // it waits for one agent only
		if a := s.st.Agents[c.Prefer]; a != nil && a.ready {
			return a
		}
		return nil
	}
	for k := range c.wantsOf.ready.all {
		if !c.excludes(k.agent.ID) {
			return k.agent
		}
	}
	return nil
}
