package sim

import (
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// legPhase is where a leg is in its life.
type legPhase uint8

const (
	legWaiting  legPhase = iota // arrived, not answered; or dialled and the phone has not rung yet
	legRinging                  // the far end rings; of an arrived leg: its caller hears ringing
	legUp                       // media flows
	legFinished                 // gone
)

// leg is one channel on the switch together with the party at its far end.
type leg struct {
	id         core.LegID
	call       core.CallID
	ours       bool // dialled
	phase      legPhase
	rang       bool
	deaf       bool // the far end has dropped off the network: nothing comes from it, nothing reaches it
	heldByKey  bool
	joined     bool // in the bridge of its mix: MixJoined has been told
	mode       core.Mode
	music      string
	mix        *mix
	phone      *phone // of dialled legs
	dial       core.Dial
	from       string // of arrived legs
	name       string
	to         string
	reportedAt int64 // when its latest fact is reported
	plays      []playing
	playMark   uint32 // counts ends of playings, so that a stale one is noticed
	once       []core.EffectID
	digits     string // what the party has heard
}

// playing is one Play order; the first of a leg's list is being heard.
type playing struct {
	id     core.PlayID
	length time.Duration
	ok     bool
}

// carried reports whether an effect that happens once has been carried out already, and remembers it.
func (l *leg) carried(id core.EffectID) bool {
	for _, done := range l.once {
		if done == id {
			return true
		}
	}
	l.once = append(l.once, id)
	return false
}

// audible reports whether what the leg's party says reaches its mix.
func (l *leg) audible() bool {
	return l.phase == legUp && l.joined && l.mode == core.Talk && !l.deaf && !l.heldByKey
}

// take answers the leg.
func (s *Switch) take(now time.Time, l *leg) {
	l.phase = legUp
	s.report(now, l, core.LegAnswered{Leg: l.id})
	s.heardChanged(now, l.mix)
	if s.out != nil {
		s.out.Connected(now, l.id)
	}
}

// end finishes a leg, whoever wants it. MixLeft and Played come before LegHungUp, which is its last fact.
func (s *Switch) end(now time.Time, l *leg, cause core.Cause) {
	if l.phase == legFinished {
		return
	}
	if len(l.plays) > 0 && s.quirks.PlayedOnHangup {
		for _, p := range l.plays {
			s.report(now, l, core.Played{Leg: l.id, Play: p.id})
		}
	}
	l.plays = nil
	l.phase = legFinished
	if m := l.mix; m != nil {
		s.leave(now, m, l)
		s.tidy(now, m)
	}
	delete(s.legs, l.id)
	if l.ours {
		s.spent[l.id] = struct{}{}
	}
	if l.phone != nil {
		l.phone.drop(l)
	}
	s.report(now, l, core.LegHungUp{Leg: l.id, Cause: cause})
	if s.out != nil {
		s.out.Ended(now, l.id, cause)
	}
}

// startPlaying starts what is first in the leg's list.
func (s *Switch) startPlaying(now time.Time, l *leg) {
	l.playMark++
	if len(l.plays) == 0 {
		return
	}
	s.queue.push(happening{at: now.UnixNano() + int64(l.plays[0].length), kind: happenPlayEnd, leg: l, mark: l.playMark})
}

// endPlaying takes the i-th playing off the leg's list.
func (s *Switch) endPlaying(now time.Time, l *leg, i int) {
	p := l.plays[i]
	l.plays = append(l.plays[:i], l.plays[i+1:]...)
	s.report(now, l, core.Played{Leg: l.id, Play: p.id, OK: p.ok})
	if i == 0 {
		s.startPlaying(now, l)
	}
}

// happen carries out what was scheduled inside the switch or at a phone.
func (s *Switch) happen(it happening) {
	now := time.Unix(0, it.at).UTC()
	if it.kind == happenLost {
		s.phoneLost(now, it.phone, it.mark)
		return
	}
	l := it.leg
	if l.phase == legFinished {
		return
	}
	switch it.kind {
	case happenFact, happenLost: // handled before
	case happenInvite:
		s.invite(now, l)
	case happenReact:
		if l.phase != legUp && !l.deaf {
			s.react(now, l, Answering(it.mark))
		}
	case happenGiveUp:
		if l.phase != legUp {
			s.end(now, l, unanswered(l))
		}
	case happenSilence:
		if l.phase == legWaiting {
			s.end(now, l, core.Cause{Code: core.CauseUnreachable, By: core.ByNetwork, Q850: 18, SIP: 408})
		}
	case happenPlayEnd:
		if it.mark == l.playMark && len(l.plays) > 0 {
			s.endPlaying(now, l, 0)
		}
	case happenMediaOut:
		if l.deaf {
			s.end(now, l, core.Cause{Code: core.CauseNetwork, By: core.ByNetwork, Q850: 44})
		}
	}
}

// unanswered is the cause of a leg that nobody took in time: the phone's user did not, or nothing ever rang.
func unanswered(l *leg) core.Cause {
	if l.rang {
		return core.Cause{Code: core.CauseNoAnswer, By: core.ByThem, Q850: 19}
	}
	return core.Cause{Code: core.CauseUnreachable, By: core.ByNetwork, Q850: 18}
}
