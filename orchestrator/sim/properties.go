package sim

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// What must hold in every shift. Three kinds of looks are taken:
//
//   - after every event: the timeline and the effects against the books that the world keeps itself (properties_books.go), and the rules' own Check;
//   - every five seconds: what the rules believe against the truth at the switches (properties_truth.go);
//   - after closing time: nothing is left, nobody is stuck, and the log gives the same shift again (here).

// observe looks at an event that has become durable.
func (w *world) observe(h *host, ev core.Event, out core.Outcome) {
	if w.opt.Trace != nil {
		w.traceEvent(h, ev, out)
	}
	w.facts.take(w, h, ev, out)
	w.noteRare(ev, out)
	if every := max(w.opt.CheckEvery, 1); w.steps%every == 0 {
		if bad := h.rules.Check(); len(bad) > 0 {
			w.failf("the rules' own invariants", "after %s: %s", describe(ev), strings.Join(bad, "; "))
		}
	}
	// The counters are those of one life of the rules' state; a crash before a commit takes the last step's back.
	if len(w.plan.Faults) == 0 && w.steps%16 == 0 {
		w.checkCalm(h)
	}
}

// naturalOdd are the impossible facts that are in the nature of two clocks, even on a calm day.
var naturalOdd = map[string]bool{
	// We hang up a leg whose party hangs up in the same instant: the switch refuses our order, it knows no such leg, and its own LegHungUp comes behind the refusal.
	"hungup_unknown_leg": true,
	// The same refusal overtakes an answer.
	"answered_unknown_leg": true,
	// A recording is started in a conversation that ends at once: the order to stop it is refused, because the file is complete already, and overtakes RecordingStarted.
	"recording_unknown":   true,
	"ringing_unknown_leg": true,
	"held_unknown_leg":    true,
}

// checkCalm holds the rules to it that without faults there is nothing to repair and nothing odd.
func (w *world) checkCalm(h *host) {
	for _, why := range slices.Sorted(maps.Keys(h.rules.Repairs())) {
		w.failf("a calm shift needs no repair", "%s", why)
	}
	for _, why := range slices.Sorted(maps.Keys(h.rules.Odd())) {
		if !naturalOdd[why] {
			w.failf("nothing odd in a calm shift", "%s", why)
		}
	}
}

// checkRecovered compares a recovered shard with the world's books: what was durable is there.
func (w *world) checkRecovered(h *host) {
	if n := len(w.rows); n > 0 && h.seq != w.rows[n-1].Seq {
		w.failf("what is durable is recovered", "the owner starts at row %d, the log ends at %d", h.seq, w.rows[n-1].Seq)
	}
	for id, since := range w.facts.open {
		if _, ok := h.rules.Call(id); !ok {
			w.failf("what is durable is recovered", "call %s of %s is not there after the recovery", id, since)
			return
		}
	}
}

// allQuiet reports whether nothing is going on any more.
func (w *world) allQuiet() bool {
	if w.host == nil {
		return false
	}
	for _, s := range w.switches {
		if len(s.legs) > 0 || len(s.mixes) > 0 || s.upSince.IsZero() {
			return false
		}
	}
	if len(w.host.lanes) > 0 || w.steps == w.facts.quietAt {
		return len(w.host.lanes) == 0
	}
	all := w.rules().Everything()
	if len(all.Calls) > 0 {
		return false
	}
	for _, id := range all.Agents {
		if v, ok := w.rules().Agent(id); ok && v.State == core.WrapUp {
			return false
		}
	}
	w.facts.quietAt = w.steps
	return true
}

// leftovers says what is still going on.
func (w *world) leftovers() string {
	if w.host == nil {
		return "there is no owner"
	}
	var left []string
	for _, s := range w.switches {
		if s.upSince.IsZero() {
			left = append(left, fmt.Sprintf("%s is not connected", s.ID()))
		}
		for _, l := range s.sortedLegs() {
			left = append(left, fmt.Sprintf("leg %s (call %s, dialled by us %v) on %s", l.id, l.call, l.ours, s.ID()))
		}
		for _, m := range s.sortedMixes() {
			left = append(left, fmt.Sprintf("mix %s on %s", m.id, s.ID()))
		}
	}
	for _, id := range w.rules().Everything().Calls {
		c, _ := w.rules().Call(id)
		left = append(left, fmt.Sprintf("call %s is %s, recording %v", id, c.Phase, c.Recording))
	}
	for _, id := range w.rules().Everything().Agents {
		if v, _ := w.rules().Agent(id); v.State == core.WrapUp {
			left = append(left, fmt.Sprintf("agent %s is in wrap-up", id))
		}
	}
	return strings.Join(left, "; ")
}

// exam holds every agent to it that a call can still reach them: nobody is stuck.
func (w *world) exam() {
	if w.fail != nil {
		return
	}
	w.trace("EXAM", "every agent takes one more call")
	for _, a := range w.crew {
		a.examined = true
		a.plugIn()
		w.advance(w.now.Add(10*time.Second), nil)
		w.ask(core.SetAgentState{Command: w.head("exam"), Agent: a.id, State: core.Idle, Reason: "exam"})
	}
	for _, a := range w.crew {
		if w.fail == nil {
			w.examine(a)
		}
	}
}

// examine makes one agent available, alone, and sends a caller.
func (w *world) examine(a *worker) {
	s := a.station
	s.PhoneRegistered(w.now, a.phone)
	setup := core.AgentSetup{ID: a.id, Tenant: tenant, Name: string(a.id), Phone: a.phone}
	if len(w.switches) > 1 {
		setup.Engine = s.ID()
	}
	q := core.Queue{ID: "exam", Tenant: tenant, Name: "exam", Strategy: core.InOrder, Members: []core.Membership{{Agent: a.id}}}
	w.host.take(core.ConfigChanged{
		Agents: []core.AgentSetup{setup}, Queues: []core.Queue{q},
		EntryPoints: []core.EntryPoint{{ID: "exam", Tenant: tenant, Name: "exam", Queue: q.ID, Numbers: []string{"+49301"}}},
	})
	if v, ok := w.rules().Agent(a.id); ok && v.State == core.WrapUp {
		w.ask(core.FinishWrapUp{Command: w.head("exam"), Agent: a.id, Reason: wrapReasons[0]})
	}
	if r, _ := w.askOnce(core.SetAgentState{Command: w.head("exam"), Agent: a.id, State: core.Available}); r != nil {
		v, _ := w.rules().Agent(a.id)
		w.failf("no agent is stuck", "%s is %s and cannot be made available: %v", a.id, v.State, r)
		return
	}
	c := w.call(line{number: "+49301", station: slices.Index(w.switches, s)})
	c.taken = true // this one has all the patience of the world
	engaged := func() bool {
		v, _ := w.rules().Agent(a.id)
		return v.State == core.Engaged
	}
	w.advance(w.now.Add(time.Minute), engaged)
	if w.fail != nil {
		return
	}
	if v, _ := w.rules().Agent(a.id); !engaged() {
		w.failf("no agent is stuck", "%s gets no call any more: %s, %s, paused till %s", a.id, v.State, v.StateCause, v.PausedTill)
		return
	}
	w.advance(w.now.Add(3*time.Second), nil)
	if w.fail != nil {
		return
	}
	legs := s.PhoneLegs(a.phone)
	if len(legs) != 1 || !slices.Equal(s.Hears(c.leg).Legs, legs) || !slices.Equal(s.Hears(legs[0]).Legs, []core.LegID{c.leg}) {
		w.failf("no agent is stuck", "%s and a caller do not hear each other", a.id)
		return
	}
	s.PartyHangsUp(w.now, c.leg)
	w.advance(w.now.Add(5*time.Second), nil)
	w.ask(core.SetAgentState{Command: w.head("exam"), Agent: a.id, State: core.Idle, Reason: "exam"})
}

// lastLook is taken when all is over.
func (w *world) lastLook() {
	if w.fail != nil {
		return
	}
	if !w.allQuiet() {
		w.failf("nothing is left behind", "%s", w.leftovers())
		return
	}
	for _, s := range w.switches {
		for id, r := range s.recordings {
			if r.mix != nil {
				w.failf("every recording ends", "%s is still being written", id)
				return
			}
		}
		w.checkRecordings(s)
	}
	w.facts.closeBooks(w)
	if !w.faulty() {
		w.checkCalm(w.host)
		if n := len(w.facts.closed); n != w.dialled-w.skipped {
			w.failf("one record for each call", "%d callers, %d records", w.dialled-w.skipped, n)
		}
	}
	maps.Copy(w.mends, w.rules().Repairs())
	maps.Copy(w.odd, w.rules().Odd())
	w.export()
	if w.fail == nil && !w.opt.SkipReplay {
		w.replay()
	}
}

// replay steps the whole log again: it must give the same shard, byte for byte, and the same outcomes on the way.
func (w *world) replay() {
	again := w.plantedIn(core.New(shardName, w.plan.Seed))
	for i, row := range w.rows {
		ev, err := core.DecodeEvent(row.Kind, row.Body)
		if err != nil {
			w.must(err)
			return
		}
		out := again.Step(row.At, ev)
		if was := w.told[i]; !reflect.DeepEqual(out, was) {
			w.failf("the log gives the same shift again", "row %d (%s): %s, then %s", row.Seq, describe(ev), describeOutcome(was), describeOutcome(out))
			return
		}
		again.TakeChanges()
	}
	a, err := w.rules().Marshal()
	w.must(err)
	b, err := again.Marshal()
	w.must(err)
	if !bytes.Equal(a, b) {
		w.failf("the log gives the same shift again", "the shard differs after %d rows", len(w.rows))
	}
}
