package sim

import (
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// mix is a set of legs that hear each other as far as their modes allow.
type mix struct {
	id         core.MixID
	members    []*leg
	recordings []*recording // being written
}

func (s *Switch) setMix(now time.Time, a core.SetMix) *engine.Refusal {
	m := s.mixes[a.Mix]
	if len(a.Members) == 0 {
		if m != nil {
			s.dissolve(now, m, "")
		}
		return nil
	}
	if s.quirks.RingingMixKills && s.killsRinging(now, a.Members) {
		return nil // this is what the switch says, too
	}
	if m == nil {
		m = &mix{id: a.Mix}
		s.mixes[a.Mix] = m
	}
	for i := len(m.members) - 1; i >= 0; i-- {
		if l := m.members[i]; !named(a.Members, l.id) {
			s.leave(now, m, l)
		}
	}
	unknown := false
	for _, w := range a.Members {
		l := s.legs[w.Leg]
		if l == nil {
			unknown = true
			continue
		}
		s.place(now, m, l, w)
	}
	s.heardChanged(now, m)
	s.tidy(now, m)
	if unknown {
		return refuse(core.WhyUnknown, "a member of the mix is not on the switch")
	}
	return nil
}

func named(members []core.Member, id core.LegID) bool {
	return slices.ContainsFunc(members, func(w core.Member) bool { return w.Leg == id })
}

// place puts a leg into a mix with its mode, taking it out of another.
func (s *Switch) place(now time.Time, m *mix, l *leg, w core.Member) {
	if l.mix != m {
		if old := l.mix; old != nil {
			s.leave(now, old, l)
			s.tidy(now, old)
		}
		l.mix = m
		m.members = append(m.members, l)
	}
	l.mode, l.music = w.Mode, w.Music
	in := w.Mode != core.Hold || !s.quirks.HoldLeavesMix
	switch {
	case in && !l.joined:
		l.joined = true
		s.reportMix(now, l, core.MixJoined{Mix: m.id, Leg: l.id})
	case !in && l.joined:
		l.joined = false
		s.reportMix(now, l, core.MixLeft{Mix: m.id, Leg: l.id})
	}
}

// leave takes a leg out of its mix.
func (s *Switch) leave(now time.Time, m *mix, l *leg) {
	if i := slices.Index(m.members, l); i >= 0 {
		m.members = slices.Delete(m.members, i, i+1)
	}
	if l.joined {
		s.reportMix(now, l, core.MixLeft{Mix: m.id, Leg: l.id})
	}
	l.mix, l.mode, l.music, l.joined = nil, "", "", false
	s.heardChanged(now, m)
}

// tidy dissolves a mix without members where the switch does so.
func (s *Switch) tidy(now time.Time, m *mix) {
	if len(m.members) == 0 && !s.quirks.EmptyMixStays && s.mixes[m.id] == m {
		s.dissolve(now, m, "")
	}
}

// dissolve ends a mix; its members stay on the switch, its recordings are complete, or cut short for the reason given.
func (s *Switch) dissolve(now time.Time, m *mix, cut string) {
	delete(s.mixes, m.id)
	for len(m.members) > 0 {
		s.leave(now, m, m.members[len(m.members)-1])
	}
	for len(m.recordings) > 0 {
		s.complete(now, m.recordings[0], cut)
	}
}

// killsRinging is what putting an unanswered leg into a mix does on some switches: all that were to talk there end.
func (s *Switch) killsRinging(now time.Time, members []core.Member) bool {
	unanswered := func(w core.Member) bool {
		l := s.legs[w.Leg]
		return w.Mode != core.Hold && l != nil && l.ours && l.phase != legUp
	}
	if !slices.ContainsFunc(members, unanswered) {
		return false
	}
	for _, w := range members {
		if l := s.legs[w.Leg]; l != nil && w.Mode != core.Hold {
			s.end(now, l, core.Cause{Code: core.CauseUnknown, By: core.ByIndeterminate})
		}
	}
	return true
}
