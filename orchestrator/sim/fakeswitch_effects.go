package sim

import (
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// Do carries out an effect at once. nil means that the switch has accepted it; facts tell what comes of it.
func (s *Switch) Do(now time.Time, e core.Effect) *engine.Refusal {
	if !s.link.ready {
		return refuse(core.WhyDown, "not connected")
	}
	switch a := e.Do.(type) {
	case core.Dial:
		return s.dial(now, e.Call, a)
	case core.SetMix:
		return s.setMix(now, a)
	case core.Ring:
		return s.ring(a)
	case core.Answer:
		return s.answer(now, a)
	case core.Hang:
		return s.hang(now, a)
	case core.Play:
		return s.play(now, e.ID, a)
	case core.Stop:
		return s.stop(now, a)
	case core.SendDigits:
		return s.sendDigits(e.ID, a)
	case core.StartRecording:
		return s.startRecording(now, a)
	case core.PauseRecording:
		return s.pauseRecording(now, a.Recording, true)
	case core.ResumeRecording:
		return s.pauseRecording(now, a.Recording, false)
	case core.StopRecording:
		return s.stopRecording(now, a.Recording)
	}
	return refuse(core.WhyInvalid, "no such action")
}

func refuse(why core.Why, text string) *engine.Refusal { return &engine.Refusal{Why: why, Text: text} }

func unknownLeg() *engine.Refusal { return refuse(core.WhyUnknown, "no such leg") }

func (s *Switch) full() bool { return s.quirks.MaxLegs > 0 && len(s.legs) >= s.quirks.MaxLegs }

// uuidLength is the length of all ids that we choose, which makes none of them a prefix of another.
const uuidLength = 36

// prefixed reports whether the switch takes an id for one that is in use.
func (s *Switch) prefixed(id core.LegID) bool {
	if !s.quirks.PrefixIDs || len(id) == uuidLength {
		return false
	}
	low := strings.ToLower(string(id))
	for have := range s.legs {
		other := strings.ToLower(string(have))
		if strings.HasPrefix(other, low) || strings.HasPrefix(low, other) {
			return true
		}
	}
	return false
}

func (s *Switch) dial(now time.Time, call core.CallID, a core.Dial) *engine.Refusal {
	if a.Leg == "" || a.To == (core.Address{}) {
		return refuse(core.WhyInvalid, "no leg id or no address")
	}
	if s.legs[a.Leg] != nil {
		return nil // the same order again
	}
	if _, been := s.spent[a.Leg]; been {
		return refuse(core.WhyState, "the leg has been and gone")
	}
	if s.prefixed(a.Leg) {
		return refuse(core.WhyInvalid, "the id is a prefix of another, or has one as its prefix")
	}
	if s.full() {
		return refuse(core.WhyLimit, "no more legs")
	}
	p := s.address(a.To)
	if p == nil && s.quirks.RefusesUnreachable {
		return refuse(core.WhyUnreachable, "the phone is not registered")
	}
	l := &leg{id: a.Leg, call: call, ours: true, phone: p, dial: a}
	s.legs[l.id] = l
	if p == nil {
		s.end(now, l, core.Cause{Code: core.CauseUnreachable, By: core.ByNetwork, Q850: 20})
		return nil
	}
	p.legs = append(p.legs, l)
	s.queue.push(happening{at: now.UnixNano() + s.draw(s.quirks.InviteDelay), kind: happenInvite, leg: l})
	if a.Limit > 0 {
		s.queue.push(happening{at: now.UnixNano() + int64(a.Limit), kind: happenGiveUp, leg: l})
	}
	return nil
}

func (s *Switch) ring(a core.Ring) *engine.Refusal {
	l := s.legs[a.Leg]
	switch {
	case l == nil:
		return unknownLeg()
	case l.ours:
		return refuse(core.WhyState, "we dialled that leg")
	case l.phase == legWaiting:
		l.phase = legRinging
	}
	return nil
}

func (s *Switch) answer(now time.Time, a core.Answer) *engine.Refusal {
	l := s.legs[a.Leg]
	switch {
	case l == nil:
		return unknownLeg()
	case l.ours:
		return refuse(core.WhyState, "we dialled that leg")
	case l.phase != legUp:
		s.take(now, l)
	}
	return nil
}

func (s *Switch) hang(now time.Time, a core.Hang) *engine.Refusal {
	l := s.legs[a.Leg]
	if l == nil {
		return unknownLeg()
	}
	s.end(now, l, ourHangUp(l, a.Cause))
	return nil
}

// ourHangUp is the cause that the switch gives for a leg that we ended.
func ourHangUp(l *leg, why core.CauseCode) core.Cause {
	c := core.Cause{Code: why, By: core.ByUs}
	switch {
	case l.phase == legUp:
		c.Code, c.Q850 = core.CauseNormal, 16
	case !l.ours:
		c.Q850, c.SIP = rejection(why)
	case why == core.CauseAnsweredElsewhere:
		c.Q850 = 26
	default:
		c.Code, c.SIP = core.CauseCancelled, 487
	}
	if c.Code == "" {
		c.Code = core.CauseNormal
	}
	return c
}

// rejection is how an unanswered caller is turned away.
func rejection(why core.CauseCode) (q850, sip int) {
	switch why {
	case core.CauseBusy:
		return 17, 486
	case core.CauseCongestion:
		return 34, 503
	case core.CauseUnallocated:
		return 1, 404
	case core.CauseDeclined, core.CauseRejected:
		return 21, 403
	case core.CauseNoAnswer:
		return 19, 480
	case core.CauseUnreachable, core.CauseNormal, core.CauseCancelled, core.CauseAnsweredElsewhere, core.CauseRedirected,
		core.CauseNetwork, core.CauseEngine, core.CauseUnknown:
	}
	return 16, 603
}

func (s *Switch) play(now time.Time, id core.EffectID, a core.Play) *engine.Refusal {
	l := s.legs[a.Leg]
	if l == nil {
		return unknownLeg()
	}
	if l.carried(id) {
		return nil
	}
	p := playing{id: a.Play, ok: true}
	for _, name := range a.Media {
		length, known := s.prompts[name]
		if !known {
			length = s.quirks.PromptLength
		}
		if length <= 0 {
			p.ok = false
			break
		}
		p.length += length
	}
	l.plays = append(l.plays, p)
	if len(l.plays) == 1 {
		s.startPlaying(now, l)
	}
	return nil
}

func (s *Switch) stop(now time.Time, a core.Stop) *engine.Refusal {
	l := s.legs[a.Leg]
	if l == nil {
		return unknownLeg()
	}
	for i := range l.plays {
		if l.plays[i].id == a.Play {
			s.endPlaying(now, l, i)
			return nil
		}
	}
	return nil // it has ended by itself, and Played has told so
}

func (s *Switch) sendDigits(id core.EffectID, a core.SendDigits) *engine.Refusal {
	l := s.legs[a.Leg]
	switch {
	case l == nil:
		return unknownLeg()
	case a.Digits == "" || strings.Trim(a.Digits, "0123456789*#ABCD") != "":
		return refuse(core.WhyInvalid, "digits are 0-9 * # A-D")
	case l.phase != legUp:
		return refuse(core.WhyState, "the leg is not answered")
	case !l.carried(id) && !l.deaf:
		l.digits += a.Digits
	}
	return nil
}
