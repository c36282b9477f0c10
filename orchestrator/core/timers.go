package core

import (
	"cmp"
	"container/heap"
	"time"
)

// timer is the place of a call, an agent or a leg in the heap of deadlines. The deadlines themselves are fields of the state; the heap only finds
// the earliest one, and is built again when a shard is restored.
type timer struct {
	at   time.Time
	kind byte   // which of c(all), a(gent), l(eg): also the order of equal times
	id   string // the last tie-break
	pos  int    // in the heap, from 1; 0 = not in it
}

type timerHeap []*timer

func (h *timerHeap) Len() int { return len(*h) }
func (h *timerHeap) Less(i, j int) bool {
	a, b := (*h)[i], (*h)[j]
	if c := a.at.Compare(b.at); c != 0 { // nearly always: ids are not compared for nothing
		return c < 0
	}
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id)) < 0
}
func (h *timerHeap) Swap(i, j int) {
	t := *h
	t[i], t[j] = t[j], t[i]
	t[i].pos, t[j].pos = i+1, j+1
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer) //nolint:errcheck // only set pushes
	*h = append(*h, t)
	t.pos = len(*h)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.pos = 0
	return t
}

// set moves a timer to a new time; the zero time takes it out.
func (h *timerHeap) set(t *timer, kind byte, id string, at time.Time) {
	switch {
	case at.IsZero() && t.pos == 0:
	case at.IsZero():
		heap.Remove(h, t.pos-1)
	case t.pos == 0:
		t.at, t.kind, t.id = at, kind, id
		heap.Push(h, t)
	case !t.at.Equal(at):
		t.at = at
		heap.Fix(h, t.pos-1)
	}
}

// earliest is the earliest of times that are not zero.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// due reports whether a deadline is set and has passed.
func (s *Shard) due(t time.Time) bool { return !t.IsZero() && !t.After(s.now) }

// Due is the time of the earliest deadline, if there is one. The host steps a [Tick] then, and before any other event that comes later than it.
func (s *Shard) Due() (time.Time, bool) {
	if len(s.ix.timers) == 0 {
		return time.Time{}, false
	}
	return s.ix.timers[0].at, true
}

// armCall arms the earliest deadline of a call. While its switch is out of reach there is none: nothing could be ordered, and what happened to
// the call meanwhile is told by the snapshot of EngineUp, which must come first.
func (s *Shard) armCall(c *call) {
	if !s.engineIsUp(c.Engine) {
		s.ix.timers.set(&c.timer, 'c', string(c.ID), time.Time{})
		return
	}
	at := earliest(c.PlayTill, c.NextRing, c.PreferTill, c.WaitTill, c.AnswerRetry, c.MixRetry)
	for i := range c.Offers {
		at = earliest(at, c.Offers[i].Until)
	}
	if r := c.Recording; r != nil {
		at = earliest(at, r.Confirm, r.ResumeAt)
	}
	s.ix.timers.set(&c.timer, 'c', string(c.ID), at)
}

func (s *Shard) armAgent(a *agent) {
	var wrap time.Time
	if a.Wrap != nil {
		wrap = a.Wrap.Until
	}
	s.ix.timers.set(&a.timer, 'a', string(a.ID), earliest(a.PausedTill, wrap))
}

func (s *Shard) armLeg(l *leg) {
	s.ix.timers.set(&l.timer, 'l', string(l.ID), l.HangAt)
}

// tick fires every deadline that has passed. Each expire function moves or clears what it has fired, so the loop ends.
func (s *Shard) tick() {
	for len(s.ix.timers) > 0 && !s.ix.timers[0].at.After(s.now) {
		t := s.ix.timers[0]
		switch t.kind {
		case 'c':
			c := s.st.Calls[CallID(t.id)]
			s.expireCall(c)
			s.armCall(c)
		case 'a':
			a := s.st.Agents[AgentID(t.id)]
			s.expireAgent(a)
			s.armAgent(a)
		case 'l':
			l := s.st.Legs[LegID(t.id)]
			s.expireLeg(l)
			if s.st.Legs[l.ID] == l {
				s.armLeg(l)
			}
		}
	}
}
