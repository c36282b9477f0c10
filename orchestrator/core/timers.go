package core

import (
	"cmp"
	"time"
)

// timer is the place of a call, an agent or a leg in the heap of deadlines. The deadlines themselves are fields of the state; the heap only finds
// the earliest one, and is built again when a shard is restored.
type timer struct {
	id   string // the last tie-break
	pos  int32  // in the heap, from 1; 0 = not in it
	kind byte   // which of c(all), a(gent), l(eg): also the order of equal times
}

// timerHeap has the earliest timer first. Each has eight children and its time beside it: a hundred thousand timers lie all over the
// memory, and this way a move goes through a third of the levels and asks few timers themselves.
type timerHeap []timerSlot

type timerSlot struct {
	at instant
	*timer
}

const timerFan = 8

func (a timerSlot) before(b timerSlot) bool {
	if a.at != b.at { // nearly always: ids are not compared for nothing
		return a.at < b.at
	}
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id)) < 0
}

// set moves a timer to a new time; 0 takes it out.
func (h *timerHeap) set(t *timer, kind byte, id string, at instant) {
	switch {
	case at == 0 && t.pos == 0:
	case at == 0:
		h.remove(t)
	case t.pos == 0:
		t.kind, t.id = kind, id
		*h = append(*h, timerSlot{})
		h.place(len(*h)-1, timerSlot{at, t})
	case (*h)[t.pos-1].at != at:
		h.place(int(t.pos)-1, timerSlot{at, t})
	}
}

func (h *timerHeap) remove(t *timer) {
	hole := int(t.pos) - 1
	t.pos = 0
	end := len(*h) - 1
	last := (*h)[end]
	(*h)[end] = timerSlot{}
	*h = (*h)[:end]
	if hole < end {
		h.place(hole, last)
	}
}

// place puts a slot where there is a hole, or as far up or down from it as the order asks.
func (h *timerHeap) place(hole int, x timerSlot) {
	all := *h
	for hole > 0 {
		parent := (hole - 1) / timerFan
		if !x.before(all[parent]) {
			break
		}
		all[hole] = all[parent]
		all[hole].pos = int32(hole) + 1
		hole = parent
	}
	for {
		first := hole*timerFan + 1
		if first >= len(all) {
			break
		}
		least := first
		for child := first + 1; child < min(first+timerFan, len(all)); child++ {
			if all[child].before(all[least]) {
				least = child
			}
		}
		if !all[least].before(x) {
			break
		}
		all[hole] = all[least]
		all[hole].pos = int32(hole) + 1
		hole = least
	}
	all[hole] = x
	x.pos = int32(hole) + 1
}

// earliest is the earliest of times that are set.
func earliest(times ...instant) instant {
	var first instant
	for _, t := range times {
		if t != 0 && (first == 0 || t < first) {
			first = t
		}
	}
	return first
}

// due reports whether a deadline is set and has passed.
func (s *Shard) due(t instant) bool { return !t.IsZero() && !t.After(s.now) }

// Due is the time of the earliest deadline, if there is one. The host steps a [Tick] then, and before any other event that comes later than it.
func (s *Shard) Due() (time.Time, bool) {
	if len(s.ix.timers) == 0 {
		return time.Time{}, false
	}
	return s.ix.timers[0].at.Time(), true
}

// armCall arms the earliest deadline of a call. While its switch is out of reach there is none: nothing could be ordered, and what happened to
// the call meanwhile is told by the snapshot of EngineUp, which must come first.
func (s *Shard) armCall(c *call) {
	if !s.engineIsUp(c.Engine) {
		s.ix.timers.set(&c.timer, 'c', string(c.ID), 0)
		return
	}
	at := earliest(c.NextRing, c.PreferTill, c.WaitTill, c.AnswerRetry, c.Main.Retry)
	if c.Prompt != nil {
		at = earliest(at, c.Prompt.Till)
	}
	for i := range c.Offers {
		at = earliest(at, c.Offers[i].Until)
	}
	if x := c.More; x != nil {
		at = earliest(at, x.Side.Retry, x.ForwardTill)
		if x.Consult != nil {
			at = earliest(at, x.Consult.Until)
		}
		for _, r := range x.Asides {
			at = earliest(at, r.Confirm)
		}
	}
	if r := c.Recording; r != nil {
		at = earliest(at, r.Confirm, r.ResumeAt)
	}
	s.arm(&c.timer, 'c', string(c.ID), at)
}

// arm moves a timer to a new time, or to the end of the time for which it is left alone; 0 takes it out.
func (s *Shard) arm(t *timer, kind byte, id string, at instant) {
	if len(s.st.Spared) > 0 {
		at = s.notBefore(deadlineOf(kind, id), at)
	}
	s.ix.timers.set(t, kind, id, at)
}

func deadlineOf(kind byte, id string) Deadline {
	switch kind {
	case 'c':
		return Deadline{Call: CallID(id)}
	case 'a':
		return Deadline{Agent: AgentID(id)}
	default:
		return Deadline{Leg: LegID(id)}
	}
}

func (s *Shard) armAgent(a *agent) {
	var wrap instant
	if a.Wrap != nil {
		wrap = a.Wrap.Until
	}
	s.arm(&a.timer, 'a', string(a.ID), earliest(a.PausedTill, wrap))
}

func (s *Shard) armLeg(l *leg) {
	s.arm(&l.timer, 'l', string(l.ID), l.HangAt)
}

// tick fires every deadline that has passed and is not to be spared. Each expire function moves or clears what it has fired, so the loop ends.
func (s *Shard) tick(ev Tick) {
	s.spare(ev.Spare)
	for len(s.ix.timers) > 0 && !s.ix.timers[0].at.After(s.now) {
		t := s.ix.timers[0]
		s.firing = deadlineOf(t.kind, t.id)
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
	s.firing = Deadline{}
}
