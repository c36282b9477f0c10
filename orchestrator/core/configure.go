package core

import (
	"cmp"
	"slices"
)

// configure takes a change of the set-up in.
func (s *Shard) configure(ev ConfigChanged) {
	if ev.Site != nil {
		s.st.Site = *ev.Site
	}
	for _, t := range ev.Tenants {
		had := s.protects(t.ID)
		if have := s.st.Tenants[t.ID]; have != nil {
			have.Tenant = t
		} else {
			s.st.Tenants[t.ID] = &tenant{Tenant: t, Calls: s.callsOf(t.ID)}
		}
		s.protectionChanged(t.ID, had, t.MaskNumbers)
	}
	for _, a := range ev.Agents {
		s.setAgent(a)
	}
	for _, q := range ev.Queues {
		s.setQueue(q)
	}
	for _, h := range ev.Hours {
		s.st.Hours[h.ID] = &h
	}
	for _, e := range ev.EntryPoints {
		s.setEntryPoint(e)
	}
	for _, id := range ev.Remove.EntryPoints {
		s.removeEntryPoint(id)
	}
	for _, id := range ev.Remove.Hours {
		delete(s.st.Hours, id)
	}
	for _, id := range ev.Remove.Queues {
		s.removeQueue(id)
	}
	for _, id := range ev.Remove.Agents {
		s.removeAgent(id)
	}
	for _, id := range ev.Remove.Tenants {
		s.protectionChanged(id, s.protects(id), false)
		delete(s.st.Tenants, id)
	}
	s.purgeQueues()
	if len(ev.EntryPoints)+len(ev.Hours)+len(ev.Remove.EntryPoints)+len(ev.Remove.Hours) > 0 { // it may be closed now to a call that a consult would send there, or open again
		s.touchCalls(func(c *call) bool { return c.consult() != nil && c.consult().To.EntryPoint != "" })
	}
}

// protectionChanged has readers look again at the calls of a tenant: how much is shown of a number is seen in them (C2).
func (s *Shard) protectionChanged(of TenantID, had, now bool) {
	if had != now {
		s.touchCalls(func(c *call) bool { return c.Tenant == of })
	}
}

// callsOf counts the open calls of a tenant that is set up while, or again after, they came.
func (s *Shard) callsOf(id TenantID) int {
	n := 0
	for _, c := range keys(s.st.Calls) {
		if x := s.st.Calls[c]; x.Tenant == id && !x.Closed && x.Parent == "" {
			n++
		}
	}
	return n
}

func (s *Shard) setAgent(set AgentSetup) {
	anew := false
	a := s.st.Agents[set.ID]
	if a == nil {
		a = &agent{AgentSetup: set, State: Offline, StateCause: "new", Since: s.now, IdleSince: s.now, places: s.ix.memberOf[set.ID]}
		s.st.Agents[set.ID] = a
		s.reportAgent(a)
	} else {
		s.ix.phones[a.Phone] = slices.DeleteFunc(s.ix.phones[a.Phone], func(id AgentID) bool { return id == a.ID })
		anew = a.Phone != set.Phone || a.Engine != set.Engine
		if anew {
			a.PhoneDown, a.OldPhone = false, a.Leg != "" // what was known is of another phone, or of the phone at another switch
		}
		a.AgentSetup, a.Removed = set, false
		s.touchAgent(a)
	}
	at, _ := slices.BinarySearch(s.ix.phones[a.Phone], a.ID)
	s.ix.phones[a.Phone] = slices.Insert(s.ix.phones[a.Phone], at, a.ID)
	for _, m := range a.places {
		m.able, m.fit, m.surplus = fitness(m.of.queue.Skills, a.Skills)
	}
	s.awaitNoMore(a)
	s.reready(a)
	if anew && a.Phone != "" {
		s.phoneBack(a) // it may be registered since long ago, so that no switch says anything of it
	}
}

// reready enters an agent into the ready sets anew, after a change of what places or gates them.
func (s *Shard) reready(a *agent) {
	a.ready = false
	for _, m := range a.places {
		if m.in {
			m.of.ready.remove(m.key)
			m.in = false
			s.reportQueue(m.of.queue)
		}
	}
	s.indexAgent(a)
}

// withDefaults fills in what a set-up leaves at zero.
func (q Queue) withDefaults() Queue {
	q.Strategy = cmp.Or(q.Strategy, LongestIdle)
	q.RingTime = cmp.Or(q.RingTime, DefaultRingTime)
	q.BusyDelay = cmp.Or(q.BusyDelay, DefaultBusyDelay)
	q.MissDelay = cmp.Or(q.MissDelay, DefaultMissDelay)
	q.RONAAfter = cmp.Or(q.RONAAfter, 1)
	q.ProgressiveStep = cmp.Or(q.ProgressiveStep, DefaultProgressiveStep)
	q.ServiceLevel = cmp.Or(q.ServiceLevel, DefaultServiceLevel)
	return q
}

func (s *Shard) setQueue(set Queue) {
	set = set.withDefaults()
	if q := s.st.Queues[set.ID]; q != nil && q.Tenant != set.Tenant {
		s.outlive(q)
	}
	q := s.queueOf(set.Tenant, set.ID)
	if q == nil {
		q = &queue{}
	}
	s.st.Queues[set.ID], s.st.Outlived = q, slices.DeleteFunc(s.st.Outlived, func(x *queue) bool { return x == q })
	if old, now := q.WrapUp, set.WrapUp; old.Extension != now.Extension || old.Extensions != now.Extensions {
		for _, id := range keys(s.st.Agents) { // whether there is more time to be had may be another matter now
			if a := s.st.Agents[id]; a.Wrap != nil && a.Wrap.Queue == set.ID {
				s.reportAgent(a)
			}
		}
	}
	if q.DiscardRecordings != set.DiscardRecordings { // it is a control of whoever talks
		s.touchCalls(func(c *call) bool { return c.queue == q })
	}
	var before []*member
	if old := s.ix.queues[set.ID]; old != nil {
		before = old.members
	}
	back := q.Removed
	q.Queue, q.Removed = set, false
	s.indexQueue(q)
	if back {
		s.standAgain(q)
	}
	s.reportQueue(q)
	for _, m := range before {
		m.in = false // the old ready set is gone
	}
	for _, m := range q.index.members {
		if a := s.st.Agents[m.agent]; a != nil {
			s.reready(a)
		}
	}
	for k := range q.index.line.all {
		c := k.call
		if m := q.index.of[c.Prefer]; m == nil || !m.able {
			c.PreferTill = 0 // the agent whom it waits for serves the queue no longer
		}
		s.touch(c)
	}
}

// standAgain puts those back into the line of a queue that is set up again for whom a phone has rung on meanwhile.
func (s *Shard) standAgain(q *queue) {
	for _, id := range keys(s.st.Calls) {
		if c := s.st.Calls[id]; c.queue == q {
			s.enterLine(c)
		}
	}
}

// touchCalls has readers look again at running calls, of which a change of the set-up shows something else.
func (s *Shard) touchCalls(of func(*call) bool) {
	for _, id := range keys(s.st.Calls) {
		if c := s.st.Calls[id]; of(c) {
			s.touch(c)
		}
	}
}

// ringGroupID is the id of the private queue of an entry point's ring group.
func ringGroupID(e EntryPointID) QueueID { return QueueID("ring:" + string(e)) }

func (s *Shard) setEntryPoint(set EntryPoint) {
	if old := s.st.EntryPoints[set.ID]; old != nil && old.Tenant != set.Tenant {
		s.removeEntryPoint(old.ID)
	}
	var had []VariableSetup
	if old := s.st.EntryPoints[set.ID]; old != nil {
		s.dropNumbers(old)
		had = old.Variables
	}
	s.variablesChanged(set.ID, had, set.Variables)
	e := set
	s.st.EntryPoints[e.ID] = &e
	for _, n := range e.Numbers {
		// A number that serves another entry point goes over to this one, in the state too, so that a restored index says the same (N2).
		if had := s.st.EntryPoints[s.ix.numbers[numberKey(n)]]; had != nil && had.ID != e.ID {
			had.Numbers = slices.DeleteFunc(slices.Clone(had.Numbers), func(x string) bool { return numberKey(x) == numberKey(n) })
		}
		s.ix.numbers[numberKey(n)] = e.ID
	}
	if len(e.Users) == 0 {
		s.removeQueue(ringGroupID(e.ID))
		return
	}
	// A ring group is a private queue whose members all ring at once; a call that nobody takes in the ring time is unanswered, and that is
	// nobody's fault.
	q := Queue{
		ID: ringGroupID(e.ID), Tenant: e.Tenant, Name: e.Name, Strategy: RingAll, RingTime: cmp.Or(e.RingTime, DefaultRingTime),
		MissDelay: -1, RONAAfter: -1, Ringback: true,
	}
	q.MaxWait = q.RingTime
	for _, u := range e.Users[:min(len(e.Users), MaxRingAll)] {
		q.Members = append(q.Members, Membership{Agent: u})
	}
	s.setQueue(q)
}

// variablesChanged has readers look again at the calls of an entry point: which variables there are, and which are secure, is seen in them (C18).
func (s *Shard) variablesChanged(of EntryPointID, had, now []VariableSetup) {
	if !slices.Equal(had, now) {
		s.touchCalls(func(c *call) bool { return c.EntryPoint == of })
	}
}

func (s *Shard) dropNumbers(e *EntryPoint) {
	for _, n := range e.Numbers {
		if s.ix.numbers[numberKey(n)] == e.ID {
			delete(s.ix.numbers, numberKey(n))
		}
	}
}

func (s *Shard) removeEntryPoint(id EntryPointID) {
	e := s.st.EntryPoints[id]
	if e == nil {
		return
	}
	s.dropNumbers(e)
	s.variablesChanged(id, e.Variables, nil)
	delete(s.st.EntryPoints, id)
	s.removeQueue(ringGroupID(id))
}

// removeQueue ends a queue. Phones that ring for it go on ringing, conversations and wrap-ups that came from it go on; callers who wait without a phone that rings go
// over to what their entry point leads to now, or hear its last prompt and are ended.
func (s *Shard) removeQueue(id QueueID) {
	q := s.st.Queues[id]
	if q == nil || q.Removed {
		return
	}
	ix := q.index
	var waiting []*call
	for k, ok := ix.line.first(); ok; k, ok = ix.line.first() {
		s.leaveLine(k.call)
		waiting = append(waiting, k.call)
	}
	q.Removed = true
	s.reportQueue(q)
	for _, m := range ix.members {
		if a := s.st.Agents[m.agent]; a != nil {
			s.reready(a)
		}
	}
	for _, c := range waiting {
		s.touch(c)
		if len(c.Offers) == 0 {
			s.expireWait(c)
		}
	}
}

// purgeQueues forgets removed queues that nothing refers to any more.
func (s *Shard) purgeQueues() {
	removed := slices.Clone(s.st.Outlived)
	for _, id := range keys(s.st.Queues) {
		if q := s.st.Queues[id]; q.Removed {
			removed = append(removed, q)
		}
	}
	if len(removed) == 0 {
		return
	}
	held := map[*queue]bool{}
	for _, id := range keys(s.st.Calls) {
		held[s.st.Calls[id].queue] = true
	}
	for _, id := range keys(s.st.Agents) {
		if a := s.st.Agents[id]; a.Wrap != nil {
			held[s.queueOf(a.Tenant, a.Wrap.Queue)] = true
		}
	}
	for _, q := range removed {
		if !held[q] {
			s.dropQueue(q)
		}
	}
}

// dropQueue forgets a removed queue.
func (s *Shard) dropQueue(q *queue) {
	s.st.Outlived = slices.DeleteFunc(s.st.Outlived, func(x *queue) bool { return x == q })
	if s.st.Queues[q.ID] != q {
		return
	}
	for _, m := range q.index.members {
		s.setPlaces(m.agent, slices.DeleteFunc(s.ix.memberOf[m.agent], func(x *member) bool { return x.queue == q.ID }))
	}
	delete(s.st.Queues, q.ID)
	delete(s.ix.queues, q.ID)
	s.chg.dropped = true
}

// outlive removes a queue whose id becomes another tenant's. What refers to it finds it still, and never the other's.
func (s *Shard) outlive(q *queue) {
	s.removeQueue(q.ID)
	s.dropQueue(q)
	q.index = &queueIndex{queue: q}
	s.st.Outlived = append(s.st.Outlived, q)
}

// queueOf is the queue that a tenant's calls and wrap-ups mean by an id: the tenant's own, also when it is removed and the id has become another tenant's.
func (s *Shard) queueOf(t TenantID, id QueueID) *queue {
	for _, q := range s.st.Outlived {
		if q.ID == id && q.Tenant == t {
			return q
		}
	}
	return s.st.Queues[id]
}

func (s *Shard) removeAgent(id AgentID) {
	a := s.st.Agents[id]
	if a == nil {
		return
	}
	a.Removed = true
	if a.Wrap != nil && a.Wrap.Until.IsZero() {
		a.Wrap.Until = s.now.Add(s.queueOf(a.Tenant, a.Wrap.Queue).WrapUp.Time) // only they could have ended it
	}
	s.awaitNoMore(a)
	s.touchAgent(a)
	s.indexAgent(a)
	s.leaveIfRemoved(a)
}

// dropAgent forgets an agent.
func (s *Shard) dropAgent(a *agent) {
	s.indexAgent(a)
	s.ix.touchedAgents = slices.DeleteFunc(s.ix.touchedAgents, func(x *agent) bool { return x == a })
	s.ix.timers.set(&a.timer, 'a', string(a.ID), 0)
	s.ix.phones[a.Phone] = slices.DeleteFunc(s.ix.phones[a.Phone], func(id AgentID) bool { return id == a.ID })
	delete(s.st.Agents, a.ID)
	s.chg.dropped = true
}
