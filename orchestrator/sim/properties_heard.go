package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// listenEvery is how often the world listens for silence. silenceLimit is how long somebody may be alone in it.
const (
	listenEvery  = 500 * time.Millisecond
	silenceLimit = 2 * time.Second
)

// listen looks for legs that are answered and hear nothing and nobody: at the switch, whatever the rules believe.
func (w *world) listen() {
	w.happenings-- // a look is none
	silent := w.facts.silent
	if w.host == nil || w.fail != nil {
		clear(silent)
		return
	}
	limit := silenceLimit
	if w.faulty() {
		limit += w.talkSettles()
	}
	var worst core.LegID
	for _, s := range w.switches {
		settled := !s.upSince.IsZero() && w.now.Sub(s.upSince) > w.talkSettles()
		for id, l := range s.legs {
			if !settled || !w.forsaken(l) {
				delete(silent, id)
				continue
			}
			since, before := silent[id]
			if !before {
				silent[id] = w.now
			} else if w.now.Sub(since) > limit && (worst == "" || id < worst) {
				worst = id
			}
		}
	}
	if worst != "" {
		w.failf("nobody is alone in silence", "%s of call %s, since %s", worst, w.facts.callOf[worst], w.now.Sub(silent[worst]))
	}
}

// forsaken reports whether a leg is alone in silence now. A primary who has put the others on hold knows why it is quiet.
func (w *world) forsaken(l *leg) bool {
	switch {
	case l.phase != legUp || l.deaf || l.heldByKey || len(l.plays) > 0:
		return false
	case (w.plan.Has(Ignore) || w.plan.Has(Drop)) && w.facts.going[w.facts.callOf[l.id]] == nil:
		return false // a prompt may not have been played, or its end not been told: that is found out after two minutes
	case w.faulty() && w.facts.hung[l.id]:
		return false // the order to hang up is repeated for a minute: "everything comes to rest" sees to it
	case l.mix == nil:
		return true
	case l.mode == core.Hold:
		return false
	}
	for _, o := range l.mix.members {
		if o != l && o.joined && o.mode != core.Hold {
			return false // somebody is there, though they may be muted
		}
	}
	id := w.facts.callOf[l.id]
	t, v := w.facts.talks[id], w.facts.going[id]
	return t == nil || t.leg != l.id || v.consult != nil && v.consult.aside
}

// auditTalks looks at every conversation in which nothing has changed for a while: whoever is in it hears whom they should.
func (w *world) auditTalks(bad []string) []string {
	for id, v := range w.facts.going {
		if w.now.Sub(v.changed) < w.talkSettles() {
			continue
		}
		c, ok := w.rules().Call(id)
		if !ok || c.Phase != v.phase {
			bad = append(bad, fmt.Sprintf("call %s is %s by the timeline, and %q by the rules", id, v.phase, c.Phase))
			continue
		}
		if t := w.facts.talks[id]; (t == nil) != (c.Primary == "") || t != nil && t.agent != c.Primary {
			bad = append(bad, fmt.Sprintf("call %s has the primary %+v by the timeline, and %q by the rules", id, t, c.Primary))
		}
		if held := v.holdsCustomer(c); held != c.Held {
			bad = append(bad, fmt.Sprintf("call %s: that the customer is on hold is %v by the timeline, and %v by the rules", id, held, c.Held))
		}
		s := w.switches[slices.Index(w.set.engines, c.Engine)]
		if s.upSince.IsZero() || w.now.Sub(s.upSince) < w.talkSettles() || slices.ContainsFunc(c.People, func(p core.ParticipantView) bool { return w.justEnded(p.Leg) }) {
			continue // the news is on its way
		}
		bad = w.auditPeople(c, s, bad)
	}
	return bad
}

// holdsCustomer reports whether the customer hears music, by the timeline. Only the rules know whether a consult lets the conference go on.
func (v *conversation) holdsCustomer(c core.CallView) bool {
	if v.phase != core.Talking {
		return false
	}
	return v.held || v.consult != nil && v.consult.aside && (c.Consult == nil || !c.Consult.GoOn)
}

// listener is somebody in a conversation, with where they should be.
type listener struct {
	core.ParticipantView
	aside bool // in the consult's mix
	music bool // hears music, or ringing, and nobody
}

// listeners says for everybody in a conversation where they should be. It is written from what the product promises (C3 to C14), not from how the rules bring it about.
func listeners(c core.CallView) []listener {
	var all []listener
	k := c.Consult
	primaryAside := k != nil && !k.WithCustomer
	nobodyThere := c.Phase == core.Outside // but the customer, and somebody who is being rung
	for _, p := range c.People {
		if p.Role == core.RoleOutside && !p.Ringing {
			nobodyThere = false
		}
	}
	for _, p := range c.People {
		if p.Ringing {
			continue
		}
		x := listener{ParticipantView: p, music: p.Held}
		switch {
		case p.Primary:
			x.aside = primaryAside
			x.music = primaryAside && !k.Answered
		case p.Role == core.RoleConsultant:
			x.aside, x.music = true, !primaryAside
		case p.Role == core.RoleCustomer:
			x.music = p.Held || nobodyThere
		}
		all = append(all, x)
	}
	alone := -1
	for i, x := range all {
		switch {
		case x.aside || x.music:
		case alone >= 0:
			return all
		default:
			alone = i
		}
	}
	if alone >= 0 && !all[alone].Primary {
		all[alone].music = true // nobody is left alone in silence
	}
	return all
}

// auditPeople compares what everybody in a conversation hears with what they should.
func (w *world) auditPeople(c core.CallView, s *station, bad []string) []string {
	all := listeners(c)
	for _, x := range all {
		l := s.legs[x.Leg]
		if l == nil {
			bad = append(bad, fmt.Sprintf("call %s has %s %s on leg %s, which is not on the switch", c.ID, x.Role, x.Agent, x.Leg))
			continue
		}
		if l.phase != legUp || l.deaf || l.heldByKey {
			continue
		}
		var want []core.LegID
		for _, o := range all {
			ol := s.legs[o.Leg]
			if o.Leg != x.Leg && !x.music && !o.music && !o.Muted && o.aside == x.aside && ol != nil && ol.phase == legUp && !ol.deaf && !ol.heldByKey {
				want = append(want, o.Leg)
			}
		}
		slices.Sort(want)
		h := s.Hears(x.Leg)
		if !h.Prompt && !slices.Equal(h.Legs, want) {
			bad = append(bad, fmt.Sprintf("call %s (%s, held %v, consult %+v): %s %s hears %v and should hear %v", c.ID, c.Phase, c.Held, c.Consult, x.Role, x.Leg, h.Legs, want))
		}
		if x.music && h.Music == "" && !h.Prompt {
			bad = append(bad, fmt.Sprintf("call %s (%s): %s %s hears no music", c.ID, c.Phase, x.Role, x.Leg))
		}
	}
	return bad
}
