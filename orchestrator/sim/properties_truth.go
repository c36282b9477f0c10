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
		if t := w.facts.talks[e.Call]; t != nil {
			t.changed = w.now
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
		if l.phone != nil && !l.deaf && settled && old {
			talking[l.phone.name]++
		}
		for _, other := range s.Hears(id).Legs {
			bad = w.auditHearing(s, l, s.legs[other], bad)
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
func (w *world) auditHearing(_ *station, l, other *leg, bad []string) []string {
	if !l.ours && !other.ours {
		return append(bad, fmt.Sprintf("customers %s and %s hear each other", l.id, other.id))
	}
	if l.ours && other.ours && l.call != other.call {
		return append(bad, fmt.Sprintf("agents %s and %s of different calls hear each other", l.id, other.id))
	}
	agent, customer := l, other
	if !l.ours {
		agent, customer = other, l
	}
	if agent.dial.For != customer.id && !customer.ours {
		return append(bad, fmt.Sprintf("agent's leg %s, dialled for %s, and customer %s hear each other", agent.id, agent.dial.For, customer.id))
	}
	return bad
}

// auditTalks looks at every conversation in which nothing has changed for a while: customer and agent hear what they should.
func (w *world) auditTalks(bad []string) []string {
	for id, t := range w.facts.talks {
		if w.now.Sub(t.changed) < w.talkSettles() {
			continue
		}
		c, ok := w.rules().Call(id)
		if !ok || c.Phase != core.Talking {
			bad = append(bad, fmt.Sprintf("call %s is in conversation by the timeline, and %q by the rules", id, c.Phase))
			continue
		}
		i := slices.Index(w.set.engines, c.Engine)
		s := w.switches[i]
		if s.upSince.IsZero() || w.now.Sub(s.upSince) < w.talkSettles() {
			continue
		}
		agent, customer := s.legs[t.leg], s.legs[w.facts.dials[t.leg].customer]
		if w.justEnded(t.leg) || w.justEnded(w.facts.dials[t.leg].customer) {
			continue // the news is on its way
		}
		if agent == nil {
			bad = append(bad, fmt.Sprintf("call %s talks with leg %s, which is not on the switch", id, t.leg))
			continue
		}
		if customer == nil {
			bad = append(bad, fmt.Sprintf("the customer of call %s is not on the switch", id))
			continue
		}
		if agent.deaf || customer.deaf || agent.heldByKey || customer.heldByKey {
			continue
		}
		bad = auditPair(id, c, s, agent, customer, bad)
	}
	return bad
}

func (w *world) justEnded(id core.LegID) bool {
	at, ended := w.facts.died[id]
	return ended && w.now.Sub(at) < w.talkSettles()
}

func auditPair(id core.CallID, c core.CallView, s *station, agent, customer *leg, bad []string) []string {
	var hearsAgent, hearsCustomer []core.LegID
	if !c.Held && !c.Muted {
		hearsAgent = []core.LegID{agent.id}
	}
	if !c.Held {
		hearsCustomer = []core.LegID{customer.id}
	}
	h := s.Hears(customer.id)
	if !slices.Equal(h.Legs, hearsAgent) {
		bad = append(bad, fmt.Sprintf("call %s, held %v, muted %v: the customer hears %v and should hear %v", id, c.Held, c.Muted, h.Legs, hearsAgent))
	}
	if c.Held && h.Music == "" {
		bad = append(bad, fmt.Sprintf("call %s is held and the customer hears no music", id))
	}
	if got := s.Hears(agent.id).Legs; !slices.Equal(got, hearsCustomer) {
		bad = append(bad, fmt.Sprintf("call %s, held %v: the agent hears %v and should hear %v", id, c.Held, got, hearsCustomer))
	}
	return bad
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
		if x.Position < 1 {
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
