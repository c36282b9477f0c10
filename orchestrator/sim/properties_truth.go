package sim

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// How long things may take to settle. On a calm day that is what messages need. After faults, the slow beat of 20 s has to show a difference twice, an order that
// was refused is repeated after up to 16 s, and a dying leg is given up after a minute.
const (
	settlesCalm   = 3 * time.Second
	settlesFaulty = 80 * time.Second
)

// talkSettles is settles for a conversation: as long as no fact is lost or late and the clock is right, a refused order is all that may be in its way, and
// that is repeated at once, not on the slow beat.
func (w *world) talkSettles() time.Duration {
	if w.faulty() && !w.plan.Has(Drop) && !w.plan.Has(Delay) && !w.plan.Has(Clock) && !w.plan.Has(Ignore) {
		return 12 * time.Second
	}
	return w.settles()
}

func (w *world) settles() time.Duration {
	if w.faulty() {
		return settlesFaulty
	}
	return settlesCalm
}

// checkEffect holds an owner to it that it acts only upon what is durable, and that an effect's number is used once.
func (w *world) checkEffect(h *host, e core.Effect) {
	order, ok := w.facts.orders[e.ID]
	if w.facts.carried[e.ID] {
		w.failf("an effect is carried out once", "%s has effect %d (%s) carried out again", h.name, e.ID, describeAction(e.Do))
	}
	w.facts.carried[e.ID] = true
	switch {
	case !ok:
		w.failf("nothing acts before it is durable", "%s has effect %d (%s) carried out, which is not in the log", h.name, e.ID, describeAction(e.Do))
	case !reflect.DeepEqual(order, e):
		w.failf("nothing acts before it is durable", "%s has effect %d carried out as %s; the log says %s", h.name, e.ID, describeAction(e.Do), describeAction(order.Do))
	}
}

// noteDone remembers what an effect has brought about at the switch.
func (w *world) noteDone(e core.Effect, accepted bool) {
	switch do := e.Do.(type) {
	case core.Dial:
		if _, again := w.facts.born[do.Leg]; !again && accepted {
			w.facts.born[do.Leg] = w.now
		}
	case core.SetMix:
		if v := w.facts.going[e.Call]; v != nil {
			v.changed = w.now
		}
	case core.Ring, core.Answer, core.Hang, core.Play, core.Stop, core.StartRecording, core.PauseRecording, core.ResumeRecording, core.StopRecording, core.SendDigits:
	}
}

// audit compares what is going on at the switches with what the rules believe.
func (w *world) audit() {
	if w.host == nil || w.fail != nil {
		return
	}
	var bad []string
	for _, s := range w.switches {
		bad = w.auditSwitch(s, bad)
	}
	bad = w.auditTalks(bad)
	bad = w.auditLine(bad)
	if len(bad) > 0 {
		slices.Sort(bad) // they were found in no particular order
		w.failf("the switches agree with the rules", "%s", bad[0])
	}
}

// auditSwitch looks at every leg: it is known, it hears nobody whom it should not, and a phone has one call.
func (w *world) auditSwitch(s *station, bad []string) []string {
	settled := !s.upSince.IsZero() && w.now.Sub(s.upSince) > w.settles()
	talking := map[string]int{}
	for id, l := range s.legs {
		old := w.now.Sub(w.facts.born[id]) > w.settles()
		if settled && old && w.unknownTooLong(id) {
			if l.ours {
				bad = append(bad, fmt.Sprintf("leg %s of call %s rings or talks at %s, and nobody knows of it", id, l.call, l.dial.To.Phone))
			} else {
				bad = append(bad, fmt.Sprintf("the customer on leg %s is forgotten", id))
			}
		}
		if l.phase != legUp {
			continue
		}
		if l.phone != nil && !l.phone.outside && !l.deaf && settled && old {
			talking[l.phone.name]++
		}
		for _, other := range s.Hears(id).Legs {
			bad = w.auditHearing(l, s.legs[other], bad)
		}
	}
	for phone, n := range talking {
		if n > 1 {
			bad = append(bad, fmt.Sprintf("phone %s is in %d calls", phone, n))
		}
	}
	return bad
}

// unknownTooLong reports whether nobody has known of a leg for longer than reconciliation needs. Where orders to hang up are lost, too, a dying leg may be given up
// after a minute and then be found again.
func (w *world) unknownTooLong(id core.LegID) bool {
	if w.rules().CallOf(core.LegAnswered{Leg: id}) != "" {
		delete(w.facts.unknown, id)
		return false
	}
	since, before := w.facts.unknown[id]
	if !before {
		since = w.now
		w.facts.unknown[id] = since
	}
	allowed := time.Duration(0)
	switch {
	case w.plan.Has(Refuse) || w.plan.Has(Ignore):
		allowed = 2 * settlesFaulty
	case w.faulty():
		allowed = settlesFaulty / 2
	}
	return w.now.Sub(since) >= allowed
}

// auditHearing holds at every moment, settled or not.
func (w *world) auditHearing(l, other *leg, bad []string) []string {
	b := &w.facts
	switch {
	case !l.ours && !other.ours:
		return append(bad, fmt.Sprintf("customers %s and %s hear each other", l.id, other.id))
	case b.callOf[l.id] != b.callOf[other.id]:
		return append(bad, fmt.Sprintf("%s of call %s and %s of call %s hear each other", l.id, b.callOf[l.id], other.id, b.callOf[other.id]))
	}
	if v := b.going[b.callOf[l.id]]; v != nil && v.consult != nil && v.consult.leg == other.id && b.talks[b.callOf[l.id]].leg != l.id {
		return append(bad, fmt.Sprintf("call %s: %s hears %s, who is consulted, before a merge", b.callOf[l.id], l.id, other.id))
	}
	return bad
}

func (w *world) justEnded(id core.LegID) bool {
	at, ended := w.facts.died[id]
	return ended && w.now.Sub(at) < w.talkSettles()
}

// auditLine asks the rules to explain every waiting call: where they say that somebody could be offered it next, somebody should be.
func (w *world) auditLine(bad []string) []string {
	if at, ok := w.rules().Due(); ok && !at.After(w.host.clock()) {
		return bad // a deadline has passed in this moment, and its tick is about to come
	}
	for id, p := range w.facts.waiting {
		if p.queue == "" {
			continue
		}
		c, ok := w.rules().Call(id)
		if !ok || c.Phase != core.Waiting {
			continue
		}
		if s := w.switches[slices.Index(w.set.engines, c.Engine)]; !s.upSince.IsZero() && w.now.Sub(s.upSince) > w.talkSettles() {
			customer := w.facts.customers[id]
			if at, ended := w.facts.died[customer]; ended && w.now.Sub(at) > w.talkSettles() {
				bad = append(bad, fmt.Sprintf("call %s waits, and its customer left %s ago", id, w.now.Sub(at)))
			}
		}
		x, _ := w.rules().Explain(w.host.clock(), id)
		if _, set := w.rules().Queue(c.Queue); x.Position < 1 && !w.facts.direct[id] && (set || len(c.Offers) == 0) { // where the queue was removed, phones ring on
			bad = append(bad, fmt.Sprintf("call %s waits and has no place in line", id))
		}
		if x.Reason != "" || len(c.Offers) > 0 {
			continue
		}
		for _, a := range x.Agents {
			if a.Gate == core.GateNone {
				bad = append(bad, fmt.Sprintf("call %s waits while %s is free", id, a.Agent))
			}
		}
	}
	return bad
}
