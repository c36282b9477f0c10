package core

import (
	"fmt"
	"slices"
)

// Check returns every invariant that does not hold, in words; none is the only good answer. It changes nothing. Tests run it after every event, production on a
// sample.
func (s *Shard) Check() []string {
	var bad []string
	fail := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	legs := map[CallID]int32{}
	for _, id := range keys(s.st.Legs) {
		l := s.st.Legs[id]
		legs[l.Call]++
		c := s.st.Calls[l.Call]
		switch {
		case c == nil:
			fail("leg %s belongs to no call", id)
		case l.Role == customerLeg && c.Customer != id:
			fail("leg %s is a customer's but not its call's", id)
		case l.Role == agentLeg && !l.dying() && c.AgentLeg != id && c.offerOf(id) < 0:
			fail("leg %s is neither referenced nor dying", id)
		case l.dying() && s.engineIsUp(l.Engine) && s.st.Now.Sub(l.HangTill) > hangAgain:
			fail("leg %s has been dying since %s", id, l.HangTill.Add(-hangFor).Time())
		}
	}
	tenants := map[TenantID]int{}
	for _, id := range keys(s.st.Calls) {
		s.checkCall(s.st.Calls[id], legs[id], fail)
		if c := s.st.Calls[id]; !c.Closed && c.Tenant != "" {
			tenants[c.Tenant]++
		}
	}
	for _, id := range keys(s.st.Tenants) {
		if have, want := s.st.Tenants[id].Calls, tenants[id]; have != want {
			fail("tenant %s counts %d calls, there are %d", id, have, want)
		}
	}
	for _, id := range keys(s.st.Agents) {
		s.checkAgent(s.st.Agents[id], fail)
	}
	for _, id := range keys(s.st.Queues) {
		s.checkQueue(s.ix.queues[id], fail)
	}
	return bad
}

func (s *Shard) checkCall(c *call, legs int32, fail func(string, ...any)) {
	if c.legs != legs {
		fail("call %s counts %d legs, there are %d", c.ID, c.legs, legs)
	}
	if !c.Closed && s.st.Legs[c.Customer] == nil {
		fail("call %s has no customer's leg and no record", c.ID)
	}
	if c.Phase == Talking {
		a := s.st.Agents[c.Primary]
		if a == nil || a.State != Engaged || a.Call != c.ID || a.Leg != c.AgentLeg {
			fail("call %s talks with %q, who does not agree", c.ID, c.Primary)
		}
		if a != c.primary || s.st.Legs[c.AgentLeg] != c.agentLeg {
			fail("call %s points at another agent or leg than %q and %q", c.ID, c.Primary, c.AgentLeg)
		}
		if c.agentLeg == nil {
			fail("call %s talks with a leg that is gone", c.ID)
		}
	}
	if len(c.Offers) > 0 && c.Phase != Waiting {
		fail("call %s is %s and has offers", c.ID, c.Phase)
	}
	for _, o := range c.Offers {
		a := s.st.Agents[o.Agent]
		if a == nil || a.State != Reserved || a.Call != c.ID || a.Leg != o.Leg {
			fail("call %s is offered to %q, who does not agree", c.ID, o.Agent)
		}
		if o.Until.Before(s.st.Now) && s.engineIsUp(c.Engine) {
			fail("call %s has an offer to %s that has outlived its ring time", c.ID, o.Agent)
		}
		if s.st.Legs[o.Leg] == nil {
			fail("call %s has an offer to %s without a leg", c.ID, o.Agent)
		}
	}
	if c.queue != s.st.Queues[c.Queue] {
		fail("call %s points at another queue than %q", c.ID, c.Queue)
	}
	in := c.queue != nil && slices.Contains(slices.Collect(c.queue.index.line.all), c.lineKey())
	if in != (c.Phase == Waiting) {
		fail("call %s is %s; standing in line is %v", c.ID, c.Phase, in)
	}
	if c.Closed {
		r := c.Record
		if r.EndedAt.Sub(c.ArrivedAt) != r.Route+r.Wait+r.Talk+r.Hold+r.Close {
			fail("call %s: the times of its record do not add up", c.ID)
		}
	}
	if c.touched {
		fail("call %s was not settled", c.ID)
	}
}

func (s *Shard) checkAgent(a *agent, fail func(string, ...any)) {
	busy := a.State == Reserved || a.State == Engaged
	if busy != (a.Call != "") || busy != (a.Leg != "") {
		fail("agent %s is %s with call %q and leg %q", a.ID, a.State, a.Call, a.Leg)
	}
	if busy {
		c := s.st.Calls[a.Call]
		switch {
		case c == nil:
			fail("agent %s is busy with a call that is gone", a.ID)
		case a.State == Reserved && c.offerOf(a.Leg) < 0:
			fail("agent %s is reserved, the call knows no offer", a.ID)
		case a.State == Engaged && (c.Phase != Talking || c.Primary != a.ID):
			fail("agent %s is engaged, the call is %s with %q", a.ID, c.Phase, c.Primary)
		}
	}
	if (a.State == WrapUp) != (a.Wrap != nil) {
		fail("agent %s is %s; owing wrap-up is %v", a.ID, a.State, a.Wrap != nil)
	}
	if a.ready != s.isReady(a) {
		fail("agent %s: the index says ready is %v", a.ID, a.ready)
	}
}

// checkQueue looks for callers who wait while a matching agent is free, and for lines out of order.
func (s *Shard) checkQueue(q *queueIndex, fail func(string, ...any)) {
	var last *lineKey
	for k := range q.line.all {
		if last != nil && compareLine(*last, k) >= 0 {
			fail("queue %s: call %s stands out of order", q.queue.ID, k.call.ID)
		}
		last = &k
		c := k.call
		if s.st.Calls[c.ID] != c || c.Phase != Waiting || c.Queue != q.queue.ID {
			fail("queue %s: call %s stands in line and does not wait", q.queue.ID, c.ID)
			continue
		}
		if !s.engineIsUp(c.Engine) || !c.PreferTill.IsZero() || !s.wantsOffer(c, q.queue) {
			continue
		}
		for _, m := range q.members {
			a := s.st.Agents[m.agent]
			if a != nil && m.able && s.isReady(a) && !q.queue.Removed && !c.excludes(a.ID) {
				fail("queue %s: call %s waits while agent %s is free", q.queue.ID, c.ID, a.ID)
				break
			}
		}
	}
}
