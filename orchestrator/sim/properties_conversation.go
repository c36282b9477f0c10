package sim

import (
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// conversations are the part of the books that is about who talks with whom: the primaries and those beside them, consults, what wrap-up is due, and who may be
// heard in a recording since when.
type conversations struct {
	callOf  map[core.LegID]core.CallID // of every leg that the timeline has named
	going   map[core.CallID]*conversation
	direct  map[core.CallID]bool             // transferred to one agent, whose phone rings for it
	ledger  map[core.CallID][]core.Ownership // the primaries, one after another
	due     map[core.AgentID]core.CallID     // a talk has ended in this event, and its wrap-up is not told yet
	dropped map[core.LegID]bool              // somebody wanted them gone
	hung    map[core.LegID]bool              // we have ordered their end
	silent  map[core.LegID]time.Time         // alone in silence since
	main    map[core.LegID]time.Time         // heard by the customer from then on, at the earliest
	away    map[core.LegID][]interval        // a primary is with a consultant
	files   map[core.CallID]int              // recordings that the call may have
	asides  map[core.RecordingID]bool        // those of consults
}

// interval is a stretch of time; to is zero while it lasts.
type interval struct{ from, to time.Time }

// conversation is one that is going on, as the timeline has it.
type conversation struct {
	phase   core.CallPhase
	party   map[core.LegID]core.AgentID // beside customer and primary; "" = somebody outside
	consult *consulting
	held    bool      // the customer, not counting consults
	changed time.Time // by the world's clock: anything about the call
}

// consulting is a consult as the timeline has it.
type consulting struct {
	leg   core.LegID // "" = not answered yet
	agent core.AgentID
	aside bool // the primary is with the consultant, not with the customer
}

func newConversations() conversations {
	return conversations{
		callOf: map[core.LegID]core.CallID{}, going: map[core.CallID]*conversation{}, direct: map[core.CallID]bool{}, ledger: map[core.CallID][]core.Ownership{},
		due: map[core.AgentID]core.CallID{}, dropped: map[core.LegID]bool{}, hung: map[core.LegID]bool{}, silent: map[core.LegID]time.Time{}, main: map[core.LegID]time.Time{},
		away: map[core.LegID][]interval{}, files: map[core.CallID]int{}, asides: map[core.RecordingID]bool{},
	}
}

// converses enters what an entry says about a conversation. It comes behind enter, which has seen to the primary's own part.
func (b *books) converses(w *world, e *core.Entry) {
	v := b.going[e.Call]
	if v != nil {
		v.changed = w.now
	}
	if e.Leg != "" && e.Call != "" {
		b.callOf[e.Leg] = e.Call
	}
	switch e.Kind {
	case core.EntryCallConnected:
		b.going[e.Call] = &conversation{phase: core.Talking, party: map[core.LegID]core.AgentID{}, changed: w.now}
		b.direct[e.Call] = false
		b.main[e.Leg] = w.now
		b.owns(e, core.OwnedByAnswer)
		if !b.queues[e.Queue].Record {
			b.files[e.Call]++ // whatever was recorded before is complete
		}
	case core.EntryCallTransferred:
		b.direct[e.Call] = e.Reason == "agent" && v != nil && v.consult == nil
	case core.EntryTransferFailed:
		b.direct[e.Call] = false
		if v != nil && v.phase == core.Outside {
			b.leavesAll(w, e.Call, v) // they wait again, or are told that nobody is there
		}
	case core.EntryCallQueued:
		b.leavesAll(w, e.Call, v)
	case core.EntryTalkEnded:
		b.disowns(e)
	case core.EntryWrapUpStarted:
		if b.due[e.Agent] != e.Call {
			w.failf("wrap-up is owed exactly once", "%s begins a wrap-up of %s and has not just ended a talk on it as its primary", e.Agent, e.Call)
		}
		delete(b.due, e.Agent)
	case core.EntryRecordingStopped:
		if b.asides[e.Recording] != (e.Text == core.RecordingOfConsult) {
			w.failf("one recording for each call", "%s of %s is called %q", e.Recording, e.Call, e.Text)
		}
		if e.Reason != "complete" && e.Reason != "discarded" && !b.asides[e.Recording] {
			b.files[e.Call]++
		}
		// Where a mix ends with its last member, its recording ends before anybody is told that the customer has gone.
		if _, left := b.died[b.customers[e.Call]]; e.Reason == "broke_off" && !left && !w.faulty() {
			w.failf("one recording for each call", "%s of %s breaks off in a calm shift", e.Recording, e.Call)
		}
	default:
		if v != nil {
			b.beside(w, e, v)
		}
	}
}

// beside enters what an entry says about a conversation that is going on.
func (b *books) beside(w *world, e *core.Entry, v *conversation) {
	switch e.Kind {
	case core.EntryConsultStarted:
		if v.consult != nil {
			w.failf("one consult at a time", "call %s begins a second one", e.Call)
		}
		v.consult, v.held = &consulting{}, false
		b.stepsAside(w, e.Call, v, true)
	case core.EntryConsultAnswered:
		v.consult.leg, v.consult.agent = e.Leg, e.Agent
		b.engages(w, e)
		b.consults(e)
	case core.EntryConsultToggled:
		b.stepsAside(w, e.Call, v, e.Reason == "consultant")
	case core.EntryConsultEnded:
		b.stepsAside(w, e.Call, v, false)
		if e.Reason != "merged" && e.Reason != "transferred" {
			delete(b.talker, v.consult.agent)
		}
		v.consult = nil
	case core.EntryJoined:
		v.party[e.Leg] = e.Agent
		b.main[e.Leg] = w.now
	case core.EntryLeft:
		if v.party[e.Leg] != e.Agent {
			w.failf("who leaves a conference was in it", "%s leaves call %s on leg %s", e.Agent, e.Call, e.Leg)
		}
		delete(v.party, e.Leg)
		delete(b.talker, e.Agent)
	case core.EntryOwnerChanged:
		b.succeeds(w, e, v)
	case core.EntryPostCall:
		v.phase, v.held = core.PostCall, false
		if v.consult != nil {
			b.stepsAside(w, e.Call, v, true)
		}
	case core.EntryOutside:
		v.phase, v.held = core.Outside, false
		b.files[e.Call]++
	case core.EntryCallHeld:
		v.held = v.held || e.Reason != "phone"
	case core.EntryCallResumed:
		v.held = v.held && e.Reason == "phone"
	case core.EntryParticipantHeld, core.EntryParticipantResumed:
		if e.Leg == b.customers[e.Call] {
			v.held = e.Kind == core.EntryParticipantHeld
		}
	default:
	}
}

// engages notes that an agent is in a conversation beside its primary.
func (b *books) engages(w *world, e *core.Entry) {
	if e.Agent == "" {
		return
	}
	if was, busy := b.talker[e.Agent]; busy {
		w.failf("an agent is on at most one offer or call", "%s is consulted on %s and talks on %s", e.Agent, e.Call, was)
	}
	b.talker[e.Agent] = e.Call
}

// stepsAside notes that a primary goes to a consultant, or comes back.
func (b *books) stepsAside(w *world, id core.CallID, v *conversation, aside bool) {
	if v.consult.aside == aside {
		return
	}
	v.consult.aside = aside
	t := b.talks[id]
	if t == nil {
		return
	}
	if aside {
		b.away[t.leg] = append(b.away[t.leg], interval{from: w.now})
	} else if n := len(b.away[t.leg]); n > 0 {
		b.away[t.leg][n-1].to = w.now
	}
}

// succeeds notes a new primary, who was in the conversation before.
func (b *books) succeeds(w *world, e *core.Entry, v *conversation) {
	if was := b.talks[e.Call]; was != nil {
		w.failf("exactly one primary", "call %s is handed to %s while %s is its primary", e.Call, e.Agent, was.agent)
	}
	if agent, there := v.party[e.Leg]; !there || agent != e.Agent {
		w.failf("exactly one primary", "call %s is handed to %s, who is not in it", e.Call, e.Agent)
	}
	delete(v.party, e.Leg)
	v.held = false
	b.talks[e.Call] = &talk{agent: e.Agent, leg: e.Leg}
	b.talker[e.Agent] = e.Call
	b.owns(e, e.Reason)
}

// owns opens a line of the ledger.
func (b *books) owns(e *core.Entry, how string) {
	b.ledger[e.Call] = append(b.ledger[e.Call], core.Ownership{Agent: e.Agent, How: how, Since: e.At})
}

// disowns closes it, and makes a wrap-up due where the queue wants one.
func (b *books) disowns(e *core.Entry) {
	if lines := b.ledger[e.Call]; len(lines) > 0 {
		last := &lines[len(lines)-1]
		last.Until, last.Why = e.At, e.Reason
	}
	if setup := b.queues[e.Queue].WrapUp; setup.Time > 0 || setup.Required {
		b.due[e.Agent] = e.Call
	}
}

// settleWrapUps is done behind every event: what was due has begun.
func (b *books) settleWrapUps(w *world) {
	for id, of := range b.due {
		w.failf("wrap-up is owed exactly once", "%s has ended a talk on %s and begins no wrap-up", id, of)
		delete(b.due, id)
	}
}

// keepsTalking holds the rules to it that nobody who is in a conversation is hung up, unless somebody wanted that.
func (b *books) keepsTalking(w *world, ev core.Event, out core.Outcome) {
	switch in := ev.(type) {
	case core.DropParticipant:
		b.dropped[in.Leg] = true
	case core.MergeConsult:
		if v := b.going[in.Call]; v != nil && v.consult != nil { // a number that is still ringing: the primary waits for it with the customer
			b.stepsAside(w, in.Call, v, false)
			v.changed = w.now
		}
	default:
	}
	for _, e := range out.Entries {
		if v := b.going[e.Call]; v != nil && v.phase != core.Outside && b.talks[e.Call] == nil {
			b.leavesAll(w, e.Call, v) // the last primary has ended it for all
		}
	}
	for _, e := range out.Effects {
		if r, ok := e.Do.(core.StartRecording); ok && r.Mix != core.MixID(e.Call) {
			b.asides[r.Recording] = true
		}
		do, ok := e.Do.(core.Hang)
		v := b.going[e.Call]
		if ok {
			b.hung[do.Leg] = true
		}
		if !ok || v == nil || b.dropped[do.Leg] {
			continue
		}
		_, beside := v.party[do.Leg]
		t := b.talks[e.Call]
		if beside || do.Leg == b.customers[e.Call] && (v.phase == core.Talking || len(v.party) > 0) || t != nil && t.leg == do.Leg || v.consult != nil && v.consult.leg == do.Leg {
			w.failf("a conversation goes on without whoever leaves", "call %s is %s: %s is hung up by %s", e.Call, v.phase, do.Leg, describe(ev))
		}
	}
}

// leavesAll ends a conversation: its customer waits again, or it is over.
func (b *books) leavesAll(w *world, id core.CallID, v *conversation) {
	if v == nil {
		return
	}
	if v.consult != nil || len(v.party) > 0 {
		w.failf("a call is in exactly one place", "call %s is no conversation any more, and has consult %+v and party %v", id, v.consult, v.party)
	}
	delete(b.going, id)
}

// closeConversation compares a call's record with the ledger, and counts its recordings: one file for a call, however often it is transferred (C12, C15).
func (b *books) closeConversation(w *world, e *core.Entry) {
	b.leavesAll(w, e.Call, b.going[e.Call])
	r := e.Record
	if !slices.Equal(r.Owners, b.ledger[e.Call]) {
		w.failf("the ledger is what happened", "the record of %s says %+v, the timeline %+v", e.Call, r.Owners, b.ledger[e.Call])
	}
	ofCustomer := slices.DeleteFunc(slices.Clone(r.Recordings), func(id core.RecordingID) bool { return b.asides[id] })
	if n, may := len(ofCustomer), 1+b.files[e.Call]; n > may {
		w.failf("one recording for each call", "%s has %d, and %d would do", e.Call, n, may)
	}
	delete(b.ledger, e.Call)
	delete(b.files, e.Call)
	delete(b.direct, e.Call)
}

// checkRecordings is taken when all is over: consults are in no recording of a conversation, and nobody who had not joined; customers are in none of a consult.
func (w *world) checkRecordings(s *station) {
	for id, r := range s.recordings {
		for _, span := range r.spans {
			for _, leg := range span.Legs {
				w.checkSpan(id, span, leg)
			}
		}
	}
}

func (w *world) checkSpan(id core.RecordingID, span RecordedSpan, leg core.LegID) {
	b := &w.facts
	isCustomer := b.customers[b.callOf[leg]] == leg
	switch {
	case b.asides[id] && isCustomer && !span.Silenced:
		w.failf("a customer is in no recording of a consult", "%s is in %s at %s", leg, id, span.From)
		return
	case b.asides[id] || isCustomer || span.Silenced:
		return
	}
	if since, in := b.main[leg]; !in || span.From.Before(since) {
		w.failf("a consult is not recorded", "%s is in recording %s at %s and joins at %s", leg, id, span.From, since)
	}
	if w.faulty() {
		return // orders may be late, and facts of how far they have come
	}
	for _, x := range b.away[leg] {
		if x.to.IsZero() || x.to.After(span.To) {
			x.to = span.To
		}
		if span.From.After(x.from) {
			x.from = span.From
		}
		if x.to.Sub(x.from) > settlesCalm {
			w.failf("a consult is not recorded", "%s is in recording %s for %s while consulting", leg, id, x.to.Sub(x.from))
		}
	}
}
