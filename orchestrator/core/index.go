package core

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// index finds things without scanning. It holds nothing of its own: reindex builds it from the state.
type index struct {
	numbers       map[string]EntryPointID
	queues        map[QueueID]*queueIndex
	memberOf      map[AgentID][]*member // by rank, then queue; of agents who are not set up yet, too
	sticky        map[AgentID]*sorted[lineKey]
	phones        map[string][]AgentID // by phone, sorted
	recordings    map[RecordingID]CallID
	plays         map[PlayID]CallID
	affinity      map[affinityKey]AgentID
	asides        map[MixID]CallID // the mix of a call's consult
	commands      map[CommandID]bool
	timers        timerHeap
	open          int      // calls without a record yet: what the site's limit counts
	touchedCalls  []*call  // in this step
	touchedAgents []*agent // in this step
	freed         []*agent // became ready in this step
	asking        []*call  // began to want offers in this step
}

type affinityKey struct {
	tenant TenantID
	number string
}

// queueIndex is what is needed to match one queue.
type queueIndex struct {
	queue   *queue
	members []*member // in the order of the set-up
	of      map[AgentID]*member
	line    sorted[lineKey]  // all calls waiting, those with ringing phones included
	wanting sorted[lineKey]  // those that want an offer now
	ready   sorted[readyKey] // agents that can take one now
}

// member is one agent's place in one queue.
type member struct {
	of       *queueIndex
	in       bool // is in the ready set, under key
	able     bool // has every required skill
	level    int
	rank     int
	position int   // in the set-up
	fit      int64 // best fit: higher is better
	surplus  int64 // levels beyond what is asked
	key      readyKey
	agent    AgentID
	queue    QueueID
}

// lineKey is a call's place in a line: priority first, then arrival in the queue, then arrival in the shard. Total, because order is unique.
type lineKey struct {
	priority int
	queued   instant
	order    uint64
	call     *call
}

func compareLine(a, b lineKey) int {
	return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.queued, b.queued), cmp.Compare(a.order, b.order))
}

// readyKey is an agent's place among the free agents of a queue: level first, then what the strategy says, then the position in the set-up. Total,
// because no two members share a position.
type readyKey struct {
	level    int
	a, b, c  int64
	position int
	agent    *agent
}

func compareReady(a, b readyKey) int {
	return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b), cmp.Compare(a.c, b.c), cmp.Compare(a.position, b.position))
}

func newLine() sorted[lineKey] { return sorted[lineKey]{cmp: compareLine} }

// keys gives a map's keys in order: the only way in which the core walks over a map.
func keys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// reindex builds the whole index from the state.
func (s *Shard) reindex() {
	s.ix = index{
		numbers: map[string]EntryPointID{}, queues: map[QueueID]*queueIndex{}, memberOf: map[AgentID][]*member{}, sticky: map[AgentID]*sorted[lineKey]{},
		phones: map[string][]AgentID{}, recordings: map[RecordingID]CallID{}, plays: map[PlayID]CallID{}, affinity: map[affinityKey]AgentID{}, commands: map[CommandID]bool{}, asides: map[MixID]CallID{},
	}
	for _, id := range keys(s.st.EntryPoints) {
		for _, n := range s.st.EntryPoints[id].Numbers {
			s.ix.numbers[numberKey(n)] = id
		}
	}
	for _, id := range keys(s.st.Agents) {
		a := s.st.Agents[id]
		a.ready, a.timer, a.touched, a.places = false, timer{}, false, nil
		s.ix.phones[a.Phone] = append(s.ix.phones[a.Phone], id)
	}
	for _, id := range keys(s.st.Queues) {
		s.indexQueue(s.st.Queues[id])
	}
	for _, q := range s.st.Outlived {
		q.index = &queueIndex{queue: q}
	}
	for _, x := range s.st.Affinity {
		s.ix.affinity[affinityKey{x.Tenant, x.Number}] = x.Agent
	}
	for _, id := range s.st.Commands {
		s.ix.commands[id] = true
	}
	for _, id := range keys(s.st.Calls) {
		c := s.st.Calls[id]
		c.timer, c.wants, c.wantsOf, c.touched, c.legs = timer{}, false, nil, false, 0
		if !c.Closed && c.Parent == "" {
			s.ix.open++
		}
		c.queue, c.customer, c.primary, c.agentLeg = s.queueOf(c.Tenant, c.Queue), s.legOfCustomer(c), s.st.Agents[c.Primary], s.st.Legs[c.AgentLeg]
		s.enterLine(c)
		s.indexCall(c)
		s.armCall(c)
		if c.More != nil && c.More.SideID != "" {
			s.ix.asides[c.More.SideID] = id
		}
		for r := range c.recordings {
			s.ix.recordings[r.ID] = id
		}
		if c.More != nil {
			for _, r := range c.More.Missed {
				s.ix.recordings[r.ID] = id
			}
		}
		if c.Prompt != nil {
			s.ix.plays[c.Prompt.Play] = id
		}
	}
	for _, id := range keys(s.st.Legs) {
		l := s.st.Legs[id]
		l.timer, l.of = timer{}, s.st.Calls[l.Call]
		l.of.legs++
		s.armLeg(l)
	}
	for _, id := range keys(s.st.Agents) {
		s.indexAgent(s.st.Agents[id])
		s.armAgent(s.st.Agents[id])
	}
	s.ix.freed, s.ix.asking = nil, nil
}

// indexQueue builds a queue's members anew, keeping its line.
func (s *Shard) indexQueue(q *queue) {
	old := s.ix.queues[q.ID]
	n := &queueIndex{queue: q, of: map[AgentID]*member{}, line: newLine(), wanting: newLine(), ready: sorted[readyKey]{cmp: compareReady}}
	if old != nil {
		n.line, n.wanting = old.line, old.wanting
		for k := range n.wanting.all {
			k.call.wantsOf = n
		}
		for _, m := range old.members {
			s.setPlaces(m.agent, slices.DeleteFunc(s.ix.memberOf[m.agent], func(x *member) bool { return x.queue == q.ID }))
		}
	}
	s.ix.queues[q.ID], q.index = n, n
	for i, ms := range q.Members {
		if n.of[ms.Agent] != nil {
			continue
		}
		m := &member{agent: ms.Agent, queue: q.ID, of: n, level: ms.Level, rank: ms.Rank, position: i}
		n.members = append(n.members, m)
		n.of[ms.Agent] = m
		of := append(s.ix.memberOf[ms.Agent], m)
		slices.SortFunc(of, func(a, b *member) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.queue, b.queue)) })
		s.setPlaces(ms.Agent, of)
		if a := s.st.Agents[ms.Agent]; a != nil {
			m.able, m.fit, m.surplus = fitness(q.Skills, a.Skills)
			a.ready = false // so that the new member enters its ready set too
		}
	}
}

// setPlaces notes in which queues an agent is, whether set up already or not.
func (s *Shard) setPlaces(id AgentID, places []*member) {
	s.ix.memberOf[id] = places
	if a := s.st.Agents[id]; a != nil {
		a.places = places
	}
}

// fitness compares an agent's skills with what a queue asks. able: every required skill is there. fit: the sum over all asked skills of
// the level had, up to the level asked. surplus: the sum of what is beyond.
func fitness(needs []SkillNeed, has map[string]int) (able bool, fit, surplus int64) {
	able = true
	for _, n := range needs {
		level := has[n.Skill]
		if n.Required && level < n.Level {
			able = false
		}
		fit += int64(min(level, n.Level))
		surplus += int64(max(level-n.Level, 0))
	}
	return able, fit, surplus
}

func numberKey(n string) string { return strings.TrimPrefix(n, "+") }

// lineKey is the call's place in its queue's line. It must not change while the call stands there: whoever moves a call takes it out before.
func (c *call) lineKey() lineKey {
	return lineKey{priority: c.Priority, queued: c.QueuedAt, order: c.Order, call: c}
}

// enterLine puts a waiting call into its queue's line, if it can stand there.
func (s *Shard) enterLine(c *call) {
	if c.inLine() {
		c.queue.index.line.insert(c.lineKey())
	}
}

// inLine reports whether a call stands in its queue's line. The place of a consult with one agent does not: nobody else is to serve it. Nor does a call whose queue is no more: only the phones that
// ring for it already can take it.
func (c *call) inLine() bool {
	return c.Phase == Waiting && (!c.Direct || c.Parent == "") && c.queue.takes(c)
}

// leaveLine takes it out; it wants no offer any more.
func (s *Shard) leaveLine(c *call) {
	s.wantNothing(c)
	if c.inLine() {
		c.queue.index.line.remove(c.lineKey())
	}
}

// indexCall puts a call among those that want an offer, or takes it out, by what its state says.
func (s *Shard) indexCall(c *call) {
	var of *sorted[lineKey]
	var q *queueIndex
	if !c.Direct && c.inLine() && s.engineIsUp(c.Engine) {
		switch {
		case !c.PreferTill.IsZero():
			if len(c.Offers) == 0 {
				of = s.stickyLine(c.Prefer)
			}
		case s.wantsOffer(c, c.queue):
			q = c.queue.index
			of = &q.wanting
		}
	}
	if c.wants && of == s.wantedIn(c) {
		return
	}
	s.wantNothing(c)
	if of != nil {
		of.insert(c.lineKey())
		c.wants, c.wantsOf = true, q
		s.ix.asking = append(s.ix.asking, c)
	}
}

// wantNothing takes a call from among those that want an offer.
func (s *Shard) wantNothing(c *call) {
	if c.wants {
		s.wantedIn(c).remove(c.lineKey())
		c.wants, c.wantsOf = false, nil
	}
}

// wantedIn is where a call that wants an offer stands.
func (s *Shard) wantedIn(c *call) *sorted[lineKey] {
	if c.wantsOf != nil {
		return &c.wantsOf.wanting
	}
	return s.stickyLine(c.Prefer)
}

func (s *Shard) stickyLine(a AgentID) *sorted[lineKey] {
	l := s.ix.sticky[a]
	if l == nil {
		l = &sorted[lineKey]{cmp: compareLine}
		s.ix.sticky[a] = l
	}
	return l
}

// indexAgent puts an agent into the ready sets of its queues, or takes it out, by what its state says.
func (s *Shard) indexAgent(a *agent) {
	ready := s.isReady(a)
	if ready == a.ready && !ready {
		return
	}
	for _, m := range a.places {
		q, was := m.of, m.in
		if m.in {
			q.ready.remove(m.key)
			m.in = false
		}
		if ready && m.able && !q.queue.Removed {
			m.key = s.readyKey(q.queue, m, a)
			q.ready.insert(m.key)
			m.in = true
		}
		if m.in != was {
			s.reportQueue(q.queue) // readers see how many are free
		}
	}
	if ready && !a.ready {
		s.ix.freed = append(s.ix.freed, a)
	}
	a.ready = ready
}
