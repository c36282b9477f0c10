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
		case l.Role != customerLeg && !l.dying() && c.AgentLeg != id && c.offerOf(id) < 0 && c.partyOf(id) < 0 && (c.consult() == nil || c.consult().Leg != id):
			fail("leg %s is neither referenced nor dying", id)
		case l.dying() && s.engineIsUp(l.Engine) && s.st.Now.Sub(l.HangTill) > hangAgain:
			fail("leg %s has been dying since %s", id, l.HangTill.Add(-hangFor).Time())
		}
	}
	tenants := map[TenantID]int{}
	for _, id := range keys(s.st.Calls) {
		s.checkCall(s.st.Calls[id], legs[id], fail)
		if c := s.st.Calls[id]; !c.Closed && c.Tenant != "" && c.Parent == "" {
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
	if !c.Closed && c.Parent == "" && c.Phase != PostCall && c.customer == nil {
		fail("call %s has no customer's leg and no record", c.ID)
	}
	if c.customer != s.legOfCustomer(c) {
		fail("call %s points at another leg than its customer's, %q", c.ID, c.Customer)
	}
	s.checkConversation(c, fail)
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
	if c.queue != s.queueOf(c.Tenant, c.Queue) {
		fail("call %s points at another queue than %q", c.ID, c.Queue)
	}
	in := c.queue != nil && slices.Contains(slices.Collect(c.queue.index.line.all), c.lineKey())
	if in != c.inLine() {
		fail("call %s is %s; standing in line is %v", c.ID, c.Phase, in)
	}
	if c.Phase == Waiting && !c.queue.takes(c) && len(c.Offers) == 0 {
		fail("call %s waits in queue %s, which is no more, and no phone rings for it", c.ID, c.Queue)
	}
	if c.Closed && c.Parent == "" {
		r := c.Record
		if r.EndedAt.Sub(c.ArrivedAt) != r.Route+r.Wait+r.Talk+r.Hold+r.Outside+r.PostCall+r.Close {
			fail("call %s: the times of its record do not add up", c.ID)
		}
	}
	if c.touched {
		fail("call %s was not settled", c.ID)
	}
}

// checkConversation holds a conversation to its promises: exactly one primary while an agent is in it, everybody in it agrees, nobody is in it twice or alone.
func (s *Shard) checkConversation(c *call, fail func(string, ...any)) {
	s.checkPrimary(c, fail)
	s.checkParty(c, fail)
	s.checkConsult(c, fail)
	if n := c.people(); n > MaxParticipants {
		fail("call %s has %d participants", c.ID, n)
	}
	s.checkSilence(c, fail)
}

// checkAgrees holds an agent of a conversation, and their leg, to what the call says of them.
func (s *Shard) checkAgrees(c *call, id AgentID, l LegID, fail func(string, ...any)) {
	a := s.st.Agents[id]
	if a == nil || a.State != Engaged || a.Call != c.ID || a.Leg != l {
		fail("call %s talks with %q, who does not agree", c.ID, id)
	}
	if s.st.Legs[l] == nil {
		fail("call %s talks with a leg of %s that is gone", c.ID, id)
	}
}

// checkPrimary: one while an agent is in the conversation, none otherwise, and the ledger of primaries says the same (C12).
func (s *Shard) checkPrimary(c *call, fail func(string, ...any)) {
	if owned := c.Phase == Talking || c.Phase == PostCall; owned != (c.Primary != "") || owned != (c.AgentLeg != "") {
		fail("call %s is %s with the primary %q on leg %q", c.ID, c.Phase, c.Primary, c.AgentLeg)
	} else if owned {
		s.checkAgrees(c, c.Primary, c.AgentLeg, fail)
		if c.primary != s.st.Agents[c.Primary] || c.agentLeg != s.st.Legs[c.AgentLeg] {
			fail("call %s points at another agent or leg than %q and %q", c.ID, c.Primary, c.AgentLeg)
		}
	}
	for i, o := range c.Record.Owners {
		if open := o.Until.IsZero(); open != (i == len(c.Record.Owners)-1 && c.Primary != "") || open && o.Agent != c.Primary {
			fail("call %s: line %d of the ledger of its primaries is %+v, the primary is %q", c.ID, i, o, c.Primary)
		}
		if i > 0 && o.Since.Before(c.Record.Owners[i-1].Until) {
			fail("call %s had two primaries at once: %+v", c.ID, c.Record.Owners)
		}
	}
}

// checkParty: who is in the conference beside customer and primary (C11), and who is rung after a transfer to a number.
func (s *Shard) checkParty(c *call, fail func(string, ...any)) {
	for _, p := range c.party() {
		if c.Phase != Talking && c.Phase != PostCall && c.Phase != Outside {
			fail("call %s is %s and has %+v in its conference", c.ID, c.Phase, p)
		}
		if p.Agent != "" {
			s.checkAgrees(c, p.Agent, p.Leg, fail)
		}
		if p.Ringing && c.Phase != Outside {
			fail("call %s is %s and rings a number to which it was transferred", c.ID, c.Phase)
		}
	}
}

// checkConsult: the call that consults and the one that stands in line for it know of each other, and customer and consultant are never both held (C3).
func (s *Shard) checkConsult(c *call, fail func(string, ...any)) {
	if k := c.consult(); k != nil {
		if c.Phase != Talking && c.Phase != PostCall {
			fail("call %s is %s and has a consult", c.ID, c.Phase)
		}
		if k.Answered && k.Agent != "" {
			s.checkAgrees(c, k.Agent, k.Leg, fail)
		}
		place := s.st.Calls[k.Place]
		if k.Place != "" && (place == nil || place.Parent != c.ID || place.Phase != Waiting) || (k.Place != "") == (k.Leg != "") {
			fail("call %s: its consult has leg %q and place %q", c.ID, k.Leg, k.Place)
		}
		if s.st.Legs[c.Customer] != nil && k.Answered && c.customerHeld() && k.WithCustomer {
			fail("call %s holds customer and consultant at once", c.ID)
		}
	}
	if c.Parent != "" && !c.Closed {
		if p := s.st.Calls[c.Parent]; p == nil || p.consult() == nil || p.consult().Place != c.ID {
			fail("call %s stands in line for a consult of call %s, which knows nothing of it", c.ID, c.Parent)
		}
	}
}

// checkSilence finds whoever is alone in silence: in a mix, hearing neither a voice nor music. A primary who has put the others on hold knows why.
func (s *Shard) checkSilence(c *call, fail func(string, ...any)) {
	if c.Phase != Talking && c.Phase != PostCall && c.Phase != Outside {
		return
	}
	for _, m := range c.mixes {
		var speaking []LegID
		for _, w := range m.Wanted {
			if w.Mode != Hold {
				speaking = append(speaking, w.Leg)
			}
		}
		if len(speaking) == 1 && speaking[0] != c.AgentLeg {
			fail("call %s leaves %s alone in silence", c.ID, speaking[0])
		}
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
		case a.State == Engaged && (c.Phase != Talking && c.Phase != PostCall || !c.talksWith(a.ID)):
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
		if !s.engineIsUp(c.Engine) || c.Direct || !c.PreferTill.IsZero() || !s.wantsOffer(c, q.queue) {
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
