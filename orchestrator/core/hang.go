package core

import (
	"slices"
	"time"
)

// No order to hang up is forgotten. It is repeated until the switch says that the leg is gone; after hangFor the call goes on without the leg, which is hung up on
// whenever the switch shows it from then on (doom).

// hang orders the end of a leg and sees to it: it is ordered again until the switch says that the leg is gone, or for hangFor.
func (s *Shard) hang(l *leg, with CauseCode) {
	if l.dying() {
		return
	}
	l.HangWith, l.HangAt, l.HangTill = with, s.now.Add(hangAgain), s.now.Add(hangFor)
	s.armLeg(l)
	s.do(l.of, l, Hang{Leg: l.ID, Cause: with})
}

// hangAnew orders a dying leg's end again and gives it the whole time: nothing could be heard of it, or said to it, before.
func (s *Shard) hangAnew(l *leg) {
	with := l.HangWith
	l.HangWith = ""
	s.hang(l, with)
}

func (l *leg) dying() bool { return l.HangWith != "" }

const (
	hangAgain = 10 * time.Second // a hang-up is repeated so often
	hangFor   = 50 * time.Second // and after this the call goes on without the leg, which is hung up on whenever the switch shows it (doom)
)

// expireLeg repeats the hang-up of a leg that does not go.
func (s *Shard) expireLeg(l *leg) {
	if !s.engineIsUp(l.Engine) {
		l.HangAt = s.now.Add(hangAgain) // nobody could hear it; EngineUp's snapshot will tell
		return
	}
	c := l.of
	if !l.HangTill.After(s.now) {
		s.repair("leg_would_not_go", Entry{Tenant: c.Tenant, Call: c.ID, Leg: l.ID, Agent: l.Agent})
		if e := s.st.Engines[l.Engine]; e != nil {
			e.doom(l.ID)
		}
		s.legGone(l, Cause{Code: CauseUnknown, By: ByIndeterminate})
		return
	}
	s.do(c, l, Hang{Leg: l.ID, Cause: l.HangWith})
	l.HangAt = s.now.Add(hangAgain)
}

// doom remembers a leg whose end was ordered for as long as orders are repeated, and that may still be there. Without that a customer who was hung up on would be
// taken for one who has just called.
func (e *engine) doom(id LegID) {
	if at, known := slices.BinarySearch(e.Doomed, id); !known {
		e.Doomed = slices.Insert(e.Doomed, at, id)
	}
}

func (e *engine) doomed(id LegID) bool {
	_, is := slices.BinarySearch(e.Doomed, id)
	return is
}

// hangOrphan ends a leg that belongs to no call.
func (s *Shard) hangOrphan(e *engine, seen SeenLeg) {
	s.repair("orphan", Entry{Leg: seen.Leg, Engine: e.ID, Call: seen.Call})
	s.hangSeen(e, seen)
}

// hangSeen orders the end of a leg that we know only from the switch.
func (s *Shard) hangSeen(e *engine, seen SeenLeg) {
	s.order(Effect{Engine: e.ID, Call: seen.Call, Lane: string(seen.Leg), Do: Hang{Leg: seen.Leg, Cause: CauseNormal}})
}
