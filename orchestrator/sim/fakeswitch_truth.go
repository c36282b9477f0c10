package sim

import (
	"maps"
	"slices"
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// DefaultMusic is the class of music that a held member hears when none is named.
const DefaultMusic = "default"

// Heard is what the party of a leg hears. The zero value is silence.
type Heard struct {
	Legs    []core.LegID // whose parties are heard, sorted
	Music   string       // class of the music; "" = none
	Prompt  bool         // a prompt is being played, in place of all else
	Ringing bool         // the caller hears ringing
}

// Hears tells what the party of a leg hears, in truth. Nothing, if the leg is not on the switch.
func (s *Switch) Hears(id core.LegID) Heard {
	l := s.legs[id]
	switch {
	case l == nil || l.deaf || l.heldByKey:
		return Heard{}
	case len(l.plays) > 0 && l.plays[0].ok:
		return Heard{Prompt: true}
	case !l.ours && l.phase == legRinging:
		return Heard{Ringing: true}
	case l.phase != legUp || l.mix == nil:
		return Heard{}
	case l.mode == core.Hold:
		if l.music == "" {
			return Heard{Music: DefaultMusic}
		}
		return Heard{Music: l.music}
	}
	return s.hearsInMix(l)
}

func (s *Switch) hearsInMix(l *leg) Heard {
	var h Heard
	others := 0
	var keyHeld bool
	for _, o := range l.mix.members {
		if o == l || !o.joined {
			continue
		}
		others++
		keyHeld = keyHeld || o.heldByKey && o.mode == core.Talk
		if o.audible() {
			h.Legs = append(h.Legs, o.id)
		}
	}
	if s.quirks.HoldKeyMusic && keyHeld && others == 1 {
		h.Music = DefaultMusic
	}
	slices.Sort(h.Legs)
	return h
}

// Digits are all that a leg's party has been sent by SendDigits.
func (s *Switch) Digits(id core.LegID) string {
	if l := s.legs[id]; l != nil {
		return l.digits
	}
	return ""
}

// Dialled is the order by which a leg was made; false if it was not, or is gone.
func (s *Switch) Dialled(id core.LegID) (core.Dial, bool) {
	if l := s.legs[id]; l != nil && l.ours {
		return l.dial, true
	}
	return core.Dial{}, false
}

// Alive tells whether a leg is on the switch, and whether it is answered.
func (s *Switch) Alive(id core.LegID) (on, up bool) {
	l := s.legs[id]
	return l != nil, l != nil && l.phase == legUp
}

// Legs is the number of legs on the switch.
func (s *Switch) Legs() int { return len(s.legs) }

// Snapshot lists what is on the switch.
func (s *Switch) Snapshot() core.Snapshot {
	var snap core.Snapshot
	for _, l := range s.sortedLegs() {
		snap.Legs = append(snap.Legs, core.SeenLeg{
			Leg: l.id, Ours: l.ours, Call: l.call, Up: l.phase == legUp, Ringing: l.ours && l.phase == legRinging,
			From: l.from, Name: l.name, To: l.to,
		})
	}
	for _, m := range s.sortedMixes() {
		seen := core.SeenMix{Mix: m.id}
		for _, l := range m.members {
			if l.joined {
				seen.Legs = append(seen.Legs, l.id)
			}
		}
		slices.Sort(seen.Legs)
		snap.Mixes = append(snap.Mixes, seen)
		for _, r := range m.recordings {
			snap.Recordings = append(snap.Recordings, core.SeenRecording{Recording: r.id, Paused: r.paused})
		}
	}
	slices.SortFunc(snap.Recordings, func(a, b core.SeenRecording) int {
		return strings.Compare(string(a.Recording), string(b.Recording))
	})
	return snap
}

func (s *Switch) sortedLegs() []*leg {
	legs := slices.Collect(maps.Values(s.legs))
	slices.SortFunc(legs, func(a, b *leg) int { return strings.Compare(string(a.id), string(b.id)) })
	return legs
}

func (s *Switch) sortedMixes() []*mix {
	mixes := slices.Collect(maps.Values(s.mixes))
	slices.SortFunc(mixes, func(a, b *mix) int { return strings.Compare(string(a.id), string(b.id)) })
	return mixes
}

func (s *Switch) sortedPhones() []string { return slices.Sorted(maps.Keys(s.phones)) }
