package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// books are what the world writes down itself from the timeline, as reports and records do, without asking the rules.
type books struct {
	born      map[core.LegID]time.Time // on which switch or not: when a leg came to be
	took      map[core.LegID]time.Time // when its party answered, in truth
	died      map[core.LegID]time.Time // when it ended, in truth
	dials     map[core.LegID]dialled   // legs that were dialled
	orders    map[core.EffectID]core.Effect
	carried   map[core.EffectID]bool // effects that have reached a switch
	durable   core.EffectID          // the newest effect whose event is in the log
	open      map[core.CallID]time.Time
	closed    map[core.CallID]bool
	customers map[core.CallID]core.LegID
	unknown   map[core.LegID]time.Time // on the switch, and not known to the rules since
	offers    map[core.AgentID]core.LegID
	until     map[core.LegID]time.Time // the end of an offer's ring time, by leg
	lost      map[core.LegID]bool      // legs of offers that were taken back
	talks     map[core.CallID]*talk
	talker    map[core.AgentID]core.CallID
	conversations
	discards
	owed    map[core.AgentID]core.CallID // wrap-ups
	written map[core.RecordingID]bool
	queues  map[core.QueueID]core.Queue // as set up last
	points  map[core.EntryPointID]core.EntryPoint
	waiting map[core.CallID]*place
	quietAt int
}

type dialled struct {
	call     core.CallID
	customer core.LegID
}

// talk is a primary's part in a conversation as the timeline has it.
type talk struct {
	agent core.AgentID
	leg   core.LegID
}

// place is where a call stands, by what the timeline says.
type place struct {
	queue    core.QueueID
	since    time.Time
	priority int
	order    int
	offers   int
	sticky   bool                  // may be waiting for one agent only: the set-up said so when it came
	shunned  map[core.AgentID]bool // transferred it
	engine   core.EngineID
}

func newBooks() books {
	return books{
		conversations: newConversations(), discards: newDiscards(),
		born: map[core.LegID]time.Time{}, died: map[core.LegID]time.Time{}, took: map[core.LegID]time.Time{}, customers: map[core.CallID]core.LegID{}, unknown: map[core.LegID]time.Time{}, dials: map[core.LegID]dialled{}, orders: map[core.EffectID]core.Effect{}, open: map[core.CallID]time.Time{},
		closed: map[core.CallID]bool{}, offers: map[core.AgentID]core.LegID{}, until: map[core.LegID]time.Time{}, lost: map[core.LegID]bool{},
		talks: map[core.CallID]*talk{}, talker: map[core.AgentID]core.CallID{}, owed: map[core.AgentID]core.CallID{}, written: map[core.RecordingID]bool{},
		queues: map[core.QueueID]core.Queue{}, points: map[core.EntryPointID]core.EntryPoint{}, waiting: map[core.CallID]*place{}, carried: map[core.EffectID]bool{}, quietAt: -1,
	}
}

// take enters what an event has led to.
func (b *books) take(w *world, _ *host, ev core.Event, out core.Outcome) {
	if c, ok := ev.(core.ConfigChanged); ok {
		for _, q := range c.Queues {
			b.queues[q.ID] = q
		}
		for _, e := range c.EntryPoints {
			b.points[e.ID] = e
		}
	}
	for _, e := range out.Effects {
		if e.ID <= b.durable {
			w.failf("effects are numbered in order", "effect %d comes after %d", e.ID, b.durable)
		}
		b.durable = e.ID
		b.orders[e.ID] = e
		if do, ok := e.Do.(core.Dial); ok {
			if was, again := b.dials[do.Leg]; again {
				w.failf("a leg is dialled once", "%s for call %s and for %s", do.Leg, was.call, e.Call)
			}
			b.dials[do.Leg] = dialled{e.Call, do.For}
		}
	}
	for i := range out.Entries {
		b.enter(w, ev, &out.Entries[i])
		b.converses(w, &out.Entries[i])
	}
	b.letIn(w, out.Entries)
	b.settleWrapUps(w)
	b.keepsTalking(w, ev, out)
	b.records(w, out)
}

func (b *books) enter(w *world, ev core.Event, e *core.Entry) {
	switch e.Kind {
	case core.EntryCallArrived:
		if _, again := b.open[e.Call]; again || b.closed[e.Call] {
			w.failf("one record for each call", "%s arrives twice", e.Call)
		}
		b.open[e.Call] = e.At
		b.customers[e.Call] = e.Leg
	case core.EntryCallClosed:
		b.close(w, e)
	case core.EntryCallQueued:
		b.queue(w, ev, e)
	case core.EntryCallLeftQueue:
		b.place(e.Call).queue = "" // it is over, or comes back to where it was transferred from
	case core.EntryCallTransferred:
		p := b.place(e.Call)
		p.shunned[e.Agent] = true
	case core.EntryOfferMade:
		b.offer(w, e)
	case core.EntryOfferEnded:
		b.offerEnded(w, ev, e)
	case core.EntryCallConnected:
		if was := b.talks[e.Call]; was != nil {
			w.failf("exactly one primary", "call %s is connected with %s while %s talks", e.Call, e.Agent, was.agent)
		}
		if was, busy := b.talker[e.Agent]; busy {
			w.failf("an agent is on at most one offer or call", "%s is connected with %s and talks on %s", e.Agent, e.Call, was)
		}
		b.talks[e.Call] = &talk{agent: e.Agent, leg: e.Leg}
		b.taken(e)
		b.talker[e.Agent] = e.Call
		b.place(e.Call).queue = ""
	case core.EntryTalkEnded:
		b.talkEnded(w, e)
	case core.EntryWrapUpStarted:
		if was, ok := b.owed[e.Agent]; ok {
			w.failf("wrap-up is owed exactly once", "%s owes %s and %s", e.Agent, was, e.Call)
		}
		b.owed[e.Agent] = e.Call
	case core.EntryWrapUpDone:
		if b.owed[e.Agent] != e.Call {
			w.failf("wrap-up is owed exactly once", "%s finishes %s and owes %q", e.Agent, e.Call, b.owed[e.Agent])
		}
		delete(b.owed, e.Agent)
	case core.EntryRecordingStarted:
		if b.written[e.Recording] {
			w.failf("every recording ends", "%s starts twice", e.Recording)
		}
		b.written[e.Recording] = true
	case core.EntryRecordingStopped:
		delete(b.written, e.Recording)
		b.archive(e)
	case core.EntryRecordingDiscarded:
		b.discard(w, e)
	case core.EntryCallRefused, core.EntryOfferRinging, core.EntryCallHeld, core.EntryCallResumed, core.EntryCallMuted, core.EntryCallUnmuted,
		core.EntryAgentState, core.EntryWrapUpExtended, core.EntryTransferFailed, core.EntryConsultStarted, core.EntryConsultAnswered, core.EntryConsultToggled,
		core.EntryConsultEnded, core.EntryJoined, core.EntryLeft, core.EntryParticipantHeld, core.EntryParticipantResumed, core.EntryOwnerChanged,
		core.EntryPostCall, core.EntryOutside, core.EntryOutsideRinging, core.EntryDialled, core.EntryVariables, core.EntryRecordingPaused, core.EntryRecordingResumed, core.EntryEngineUp,
		core.EntryEngineDown, core.EntryRepair, core.EntryAlert:
	}
}

func (b *books) place(id core.CallID) *place {
	p := b.waiting[id]
	if p == nil {
		p = &place{shunned: map[core.AgentID]bool{}, order: len(b.open) + len(b.closed)}
		b.waiting[id] = p
	}
	return p
}

// queue notes a call's place in a line: the first arrival counts, whatever has been between.
func (b *books) queue(w *world, _ core.Event, e *core.Entry) {
	if was := b.talks[e.Call]; was != nil {
		w.failf("a call is in exactly one place", "%s waits in %s and talks with %s", e.Call, e.Queue, was.agent)
	}
	p := b.place(e.Call)
	if p.queue != "" {
		w.failf("a call is in exactly one place", "%s waits in %s and in %s", e.Call, p.queue, e.Queue)
	}
	c, ok := w.rulesOf(e.Call)
	if !ok {
		return
	}
	p.queue, p.engine, p.since, p.sticky = e.Queue, e.Engine, c.QueuedAt, b.queues[e.Queue].Sticky > 0
	p.priority = b.points[c.EntryPoint].Priority // where the call came in, or was transferred to
}

func (b *books) offer(w *world, e *core.Entry) {
	if leg, busy := b.offers[e.Agent]; busy {
		w.failf("an agent is on at most one offer or call", "%s is offered %s while %s rings", e.Agent, e.Leg, leg)
	}
	if call, busy := b.talker[e.Agent]; busy {
		w.failf("an agent is on at most one offer or call", "%s is offered %s while talking on %s", e.Agent, e.Call, call)
	}
	if call, owes := b.owed[e.Agent]; owes {
		w.failf("wrap-up is owed exactly once", "%s is offered %s before the wrap-up of %s is done", e.Agent, e.Call, call)
	}
	if b.closed[e.Call] {
		w.failf("a call is in exactly one place", "%s is closed and offered to %s", e.Call, e.Agent)
	}
	b.offers[e.Agent] = e.Leg
	if c, ok := w.rulesOf(e.Call); ok {
		for _, o := range c.Offers {
			if o.Leg == e.Leg {
				b.until[e.Leg] = o.Until
			}
		}
	}
	if b.going[e.Call] == nil && !b.direct[e.Call] { // a consult's place, or a transfer to one agent, is in no line
		b.lineOrder(w, e)
	}
	b.place(e.Call).offers++
}

// lineOrder holds the rules to the order of lines: priority, then arrival. It is looked at only where an offer is for one call at a time and nobody waits for a
// certain agent: there the call that is offered must be the first of its queue that this agent may serve.
func (b *books) lineOrder(w *world, e *core.Entry) {
	q := b.queues[e.Queue]
	mine := b.waiting[e.Call]
	if q.Sticky > 0 || mine == nil || mine.sticky || q.Strategy == core.RingAll || q.Strategy == core.ProgressiveRing || q.ID == "" {
		return
	}
	for id, p := range b.waiting {
		if id == e.Call || p.queue != e.Queue || p.offers > 0 || p.sticky || p.shunned[e.Agent] || p.engine != e.Engine && e.Engine != "" {
			continue
		}
		if c, ok := w.rulesOf(id); !ok || c.Phase != core.Waiting {
			continue // leaves the line in this very event
		}
		if p.priority > mine.priority || p.priority == mine.priority && p.since.Before(mine.since) {
			w.failf("queue order is priority, then arrival", "%s (priority %d, since %s) is offered to %s before %s (priority %d, since %s)",
				e.Call, mine.priority, mine.since.Format(time.TimeOnly), e.Agent, id, p.priority, p.since.Format(time.TimeOnly))
		}
	}
}

func (b *books) offerEnded(w *world, ev core.Event, e *core.Entry) {
	if b.offers[e.Agent] != e.Leg {
		w.failf("an offer ends once", "%s of %s ends, but %q rings", e.Leg, e.Agent, b.offers[e.Agent])
	}
	delete(b.offers, e.Agent)
	if p := b.waiting[e.Call]; p != nil {
		p.offers--
	}
	// What a snapshot tells may have happened at any time before.
	if _, now := ev.(core.LegAnswered); now && !b.until[e.Leg].IsZero() && e.At.After(b.until[e.Leg]) {
		w.failf("no offer outlives its ring time", "%s is taken %s after its end", e.Leg, e.At.Sub(b.until[e.Leg]))
	}
	if e.Reason != string(core.OfferAnswered) {
		b.lost[e.Leg] = true
	}
	switch core.OfferOutcome(e.Reason) {
	case core.OfferNoAnswer:
		b.missed(w, e)
	case core.OfferUnreachable:
		if !tellsOf(ev, e.Leg) {
			b.called(w, e)
		}
	default:
	}
}

// tellsOf reports whether an event says that a dialled leg has come to nothing.
func tellsOf(ev core.Event, id core.LegID) bool {
	switch ev := ev.(type) {
	case core.Refused:
		return ev.Leg == id
	case core.LegHungUp:
		return ev.Leg == id
	default:
		return false
	}
}

// called holds the rules to it that what is concluded from a phone's silence is concluded of a phone that was called (Q4).
func (b *books) called(w *world, e *core.Entry) {
	if _, called := b.born[e.Leg]; !called && !w.plan.Has(Clock) {
		w.failf("a miss is charged rightly", "%s is called %s for %s, which was never dialled", e.Agent, e.Reason, e.Leg)
	}
}

// missed holds the rules to it that a miss is charged only to somebody whose phone was called, and who has not taken the call (Q4).
func (b *books) missed(w *world, e *core.Entry) {
	b.called(w, e)
	if at, taken := b.took[e.Leg]; taken && w.now.Sub(at) > time.Second && !w.plan.Has(Drop) && !w.plan.Has(Delay) {
		w.failf("a miss is charged rightly", "%s is charged with a miss of %s, having answered %s before", e.Agent, e.Leg, w.now.Sub(at))
	}
}

func (b *books) talkEnded(w *world, e *core.Entry) {
	t := b.talks[e.Call]
	if t == nil || t.agent != e.Agent {
		w.failf("exactly one primary", "%s ends a talk on %s that they do not have", e.Agent, e.Call)
		return
	}
	delete(b.talks, e.Call)
	delete(b.talker, e.Agent)
}

func (b *books) close(w *world, e *core.Entry) {
	since, open := b.open[e.Call]
	if !open || e.Record == nil {
		w.failf("one record for each call", "%s is closed and was not open", e.Call)
		return
	}
	delete(b.open, e.Call)
	delete(b.waiting, e.Call)
	b.closed[e.Call] = true
	r := e.Record
	if sum := r.Route + r.Wait + r.Talk + r.Hold + r.Outside + r.PostCall + r.Close; sum != r.Total || r.Total != r.EndedAt.Sub(r.ArrivedAt) || !r.ArrivedAt.Equal(since) {
		w.failf("the times of a record add up", "%s: %s of %s, from %s to %s", e.Call, sum, r.Total, r.ArrivedAt, r.EndedAt)
	}
	if r.Outcome == "" || r.Cause.Code == "" {
		w.failf("one record for each call", "%s has outcome %q and cause %q", e.Call, r.Outcome, r.Cause.Code)
	}
	if t := b.talks[e.Call]; t != nil {
		w.failf("a call is in exactly one place", "%s is closed while %s talks", e.Call, t.agent)
	}
	b.closeConversation(w, e)
}

// closeBooks looks for what was begun and never ended.
func (b *books) closeBooks(w *world) {
	for _, id := range slices.Sorted(maps.Keys(b.open)) {
		w.failf("one record for each call", "%s has none", id)
	}
	for _, id := range slices.Sorted(maps.Keys(b.owed)) {
		w.failf("wrap-up is owed exactly once", "%s still owes %s", id, b.owed[id])
	}
	for _, id := range slices.Sorted(maps.Keys(b.offers)) {
		w.failf("an offer ends once", "%s of %s does not", b.offers[id], id)
	}
	for _, id := range slices.Sorted(maps.Keys(b.written)) {
		w.failf("every recording ends", "%s does not, by the timeline", id)
	}
	b.closeArchive(w)
}

// rulesOf is the call as the rules show it.
func (w *world) rulesOf(id core.CallID) (core.CallView, bool) {
	if w.host == nil {
		return core.CallView{}, false
	}
	return w.rules().Call(id)
}
