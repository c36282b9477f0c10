package core

import (
	"slices"
	"time"
)

// A Deadline is that of a call, of an agent or of a leg: the one that is set.
type Deadline struct {
	Call  CallID  `json:"call,omitempty"`
	Agent AgentID `json:"agent,omitempty"`
	Leg   LegID   `json:"leg,omitempty"`
}

// spared is a deadline at which the rules have panicked, and until when it is left alone.
type spared struct {
	Deadline
	Till instant `json:"till"`
}

// spareTime is for how long a deadline at which the rules have panicked is left alone. Its call is being released by then.
const spareTime = time.Minute

// Firing is the deadline at which [Shard.Step] has panicked, or the call whose switch had come back; none is the zero value. It is all that may be asked of a shard after a panic.
func (s *Shard) Firing() Deadline { return s.firing }

// spare leaves deadlines alone for a while, and forgets those that have been left alone for long enough.
func (s *Shard) spare(all []Deadline) {
	s.st.Spared = slices.DeleteFunc(s.st.Spared, func(x spared) bool { return s.due(x.Till) || slices.Contains(all, x.Deadline) })
	for _, d := range all {
		s.st.Spared = append(s.st.Spared, spared{d, s.now.Add(spareTime)})
		if c := s.st.Calls[d.Call]; c != nil {
			s.armCall(c)
		}
		if a := s.st.Agents[d.Agent]; a != nil {
			s.armAgent(a)
		}
		if l := s.st.Legs[d.Leg]; l != nil {
			s.armLeg(l)
		}
	}
}

// spares says that a call is left alone now.
func (s *Shard) spares(c *call) bool {
	return s.notBefore(Deadline{Call: c.ID}, s.now) > s.now
}

// notBefore is the time of a deadline, later if it is left alone until then.
func (s *Shard) notBefore(d Deadline, at instant) instant {
	if i := slices.IndexFunc(s.st.Spared, func(x spared) bool { return x.Deadline == d }); i >= 0 && at != 0 {
		return max(at, s.st.Spared[i].Till)
	}
	return at
}
