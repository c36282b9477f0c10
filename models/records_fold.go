package models

import (
	"fmt"
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// The kinds of jobs that follow from the timeline, and their payloads.
const (
	JobArchive = "archive" // of a recording, when it has stopped
	JobDiscard = "discard" // of a recording that must not be kept (C17)
	JobLead    = "lead"    // of a call, when it is closed
)

// ArchivePayload is the payload of JobArchive and JobDiscard.
type ArchivePayload struct {
	Recording core.RecordingID `json:"recording"`
}

// LeadPayload is the payload of JobLead.
type LeadPayload struct {
	Call core.CallID `json:"call"`
}

// recordsFold makes records of a piece of a shard's timeline. It loads the rows that the piece may change (records_load.go), applies the entries one
// after the other to what it holds, and writes each table with one statement (records_write.go). The tables are then as if each entry
// had been written by itself.
//
// Every write may be repeated: a projection can be made again from the beginning by deleting its cursor. What others write into the same rows,
// the archive job into recordings, the lead job into records of calls, is neither held here nor overwritten.
type recordsFold struct {
	shard      string
	lines      *rowset // call_entries
	legs       map[legKey]*legRow
	legsOf     map[string][]*legRow // by call
	states     map[entryPlace]*stateRow
	statesOf   map[string][]*stateRow // by agent
	recordings map[string]*recordingRow
	records    map[string]*core.CallRecord // by call
	agents     *rowset                     // call_agents
	measures   *rowset
	discards   *rowset // recordings that must not be kept …
	discarded  ids     // … which they are
	audits     []AuditRow
	alerts     []Alert
	jobs       []Job
}

type legKey struct{ call, leg string }

// legRow is a row of call_legs.
type legRow struct {
	legKey
	role, agent, number               string
	started, ringing, answered, ended int64
	outcome, cause                    string
	changed                           bool
}

// entryPlace is where an entry stands in the timelines of all shards.
type entryPlace struct {
	shard string
	seq   uint64
	idx   int
}

// stateRow is a row of agent_states.
type stateRow struct {
	entryPlace
	tenant, agent, state, reason, cause, actor, call string
	since, ended                                     int64
	changed                                          bool
}

// recordingRow is a row of recordings, as far as the projection writes it.
type recordingRow struct {
	id, tenant, call, agent, engine string
	state                           RecordingState // "" = is in the table; its state there is the archive job's
	why, flaw, about                string
	started, stopped, length        int64
}

func newRecordsFold(shard string) *recordsFold {
	return &recordsFold{
		shard: shard,
		lines: newRowset(lineColumns), agents: newRowset(callAgentColumns), measures: newRowset(measureColumns), discards: newRowset(discardColumns),
		legs: make(map[legKey]*legRow), legsOf: make(map[string][]*legRow),
		states: make(map[entryPlace]*stateRow), statesOf: make(map[string][]*stateRow),
		recordings: make(map[string]*recordingRow), records: make(map[string]*core.CallRecord),
	}
}

func (f *recordsFold) apply(lines []timelineLine) error {
	for i := range lines {
		l := &lines[i]
		if l.Entry.Call != "" {
			f.lines.add(f.shard, int64(l.Seq), int64(l.Idx), clean(string(l.Entry.Call)), micros(l.Entry.At), clean(string(l.Entry.Kind)), l.Body)
		}
		if m, ok := figures.Of(&l.Entry); ok {
			f.measure(entryPlace{f.shard, l.Seq, l.Idx}, m)
		}
		if err := f.entry(l); err != nil {
			return fmt.Errorf("record %s of event %d: %w", l.Entry.Kind, l.Seq, err)
		}
	}
	return nil
}

func (f *recordsFold) entry(l *timelineLine) error {
	e := &l.Entry
	switch e.Kind {
	case core.EntryCallArrived:
		f.leg(e, "customer")
	case core.EntryOfferMade:
		f.leg(e, "agent")
	case core.EntryOfferRinging, core.EntryOutsideRinging:
		if leg := f.legOf(e); leg != nil {
			leg.ringing, leg.changed = micros(e.At), true
		}
	case core.EntryOfferEnded:
		f.offerEnded(e)
	case core.EntryDialled:
		f.leg(e, "outside")
	case core.EntryConsultAnswered, core.EntryJoined:
		if leg := f.legOf(e); leg != nil && leg.answered == 0 { // an agent's has been since the offer
			leg.answered, leg.changed = micros(e.At), true
		}
	case core.EntryConsultEnded:
		if goesOn(e) {
			break
		}
		f.partEnded(e)
	case core.EntryLeft, core.EntryTransferFailed, core.EntryTalkEnded:
		f.partEnded(e)
	case core.EntryPostCall:
		f.customerLeft(e)
	case core.EntryCallClosed:
		if e.Record != nil {
			return f.callClosed(e.Record)
		}
	case core.EntryAgentState:
		f.agentState(l)
	case core.EntryRecordingStarted:
		f.recordingStarted(e)
	case core.EntryRecordingPaused, core.EntryRecordingResumed:
		f.audit(l)
	case core.EntryRecordingStopped:
		return f.recordingStopped(e)
	case core.EntryRecordingDiscarded:
		f.audit(l)
		return f.recordingDiscarded(e)
	case core.EntryAlert:
		f.alert(l)
	default: // the call's own timeline says enough
	}
	return nil
}

func keyOf(e *core.Entry) legKey {
	return legKey{call: clean(string(e.Call)), leg: clean(string(e.Leg))}
}

// legOf is nil for a leg that nobody has told of.
func (f *recordsFold) legOf(e *core.Entry) *legRow { return f.legs[keyOf(e)] }

func (f *recordsFold) leg(e *core.Entry, role string) {
	if f.legOf(e) != nil {
		return
	}
	leg := &legRow{legKey: keyOf(e), role: role, agent: clean(string(e.Agent)), started: micros(e.At), changed: true}
	if role == "outside" {
		leg.number = clean(e.Text)
	}
	f.hold(leg)
}

// partEnded ends the leg of somebody who is in the call no longer, or never came. Whoever became the primary meanwhile (owner.changed) keeps their leg until their talk ends.
func (f *recordsFold) partEnded(e *core.Entry) {
	if leg := f.legOf(e); leg != nil && leg.ended == 0 {
		leg.end(micros(e.At), clean(e.Reason), leg.cause)
	}
}

// goesOn reports whether the consultant stays in the call though the consult has ended: as a participant of the conference, or with the customer.
func goesOn(e *core.Entry) bool { return e.Reason == "merged" || e.Reason == "transferred" }

// customerLeft ends the customer's leg before the call is closed: the others talk on (C8, C13).
func (f *recordsFold) customerLeft(e *core.Entry) {
	for _, leg := range f.legsOf[clean(string(e.Call))] {
		if leg.role == "customer" && leg.ended == 0 {
			leg.end(micros(e.At), "caller", leg.cause)
		}
	}
}

func (f *recordsFold) hold(leg *legRow) {
	f.legs[leg.legKey] = leg
	f.legsOf[leg.call] = append(f.legsOf[leg.call], leg)
}

func (l *legRow) end(at int64, outcome, cause string) {
	l.ended, l.outcome, l.cause, l.changed = at, outcome, cause, true
}

func (f *recordsFold) offerEnded(e *core.Entry) {
	leg := f.legOf(e)
	if leg == nil {
		return
	}
	if core.OfferOutcome(e.Reason) == core.OfferAnswered {
		leg.answered, leg.changed = micros(e.At), true
		return
	}
	cause := ""
	if e.Cause != nil {
		cause = clean(string(e.Cause.Code))
	}
	leg.end(micros(e.At), clean(e.Reason), cause)
}

func (f *recordsFold) callClosed(r *core.CallRecord) error {
	call := clean(string(r.Call))
	f.records[call] = r
	for _, a := range r.Agents {
		f.agents.add(call, clean(string(a)))
	}
	for _, leg := range f.legsOf[call] {
		switch {
		case leg.role == "customer":
			at := micros(r.EndedAt)
			if leg.ended != 0 { // left before the others
				at = leg.ended
			}
			leg.end(at, clean(string(r.Outcome)), clean(string(r.Cause.Code)))
		case leg.role == "agent" && leg.answered != 0: // those who were only consulted had a part in it too
			f.agents.add(call, leg.agent)
		}
	}
	if r.Tenant == "" { // a call to nobody's number makes nobody's lead
		return nil
	}
	return f.job(JobLead, string(r.Call), r.Tenant, LeadPayload{Call: r.Call})
}

func (f *recordsFold) job(kind, subject string, tenant core.TenantID, payload any) error {
	job, err := NewJob(kind, subject, tenant, payload)
	f.jobs = append(f.jobs, job)
	return err
}

// agentState ends the states before and begins the new one.
func (f *recordsFold) agentState(l *timelineLine) {
	e := &l.Entry
	state, reason, _ := strings.Cut(e.Reason, ":")
	row := &stateRow{
		entryPlace: entryPlace{f.shard, l.Seq, l.Idx}, tenant: clean(string(e.Tenant)), agent: clean(string(e.Agent)), state: clean(state), reason: clean(reason),
		cause: clean(e.Text), actor: clean(e.Actor), call: clean(string(e.Call)), since: micros(e.At), changed: true,
	}
	var left *stateRow
	for _, before := range f.statesOf[row.agent] {
		if before.ended == 0 && before.before(row.entryPlace) {
			before.ended, before.changed = row.since, true
			if left == nil || left.since < before.since {
				left = before
			}
		}
	}
	if left != nil {
		f.measure(row.entryPlace, figures.OfState(core.TenantID(left.tenant), core.AgentID(left.agent), core.AgentState(left.state), fromMicros(left.since), fromMicros(left.ended)))
	}
	if f.states[row.entryPlace] == nil { // else the projection is being made again
		f.holdState(row)
	}
}

func (f *recordsFold) holdState(row *stateRow) {
	f.states[row.entryPlace] = row
	f.statesOf[row.agent] = append(f.statesOf[row.agent], row)
}

// before is false only for what the same shard tells at q or later. An agent who has moved to another shard left the earlier one before.
func (p entryPlace) before(q entryPlace) bool {
	return p.shard != q.shard || p.seq < q.seq || p.seq == q.seq && p.idx < q.idx
}

func (f *recordsFold) recordingStarted(e *core.Entry) {
	id := clean(string(e.Recording))
	if f.recordings[id] == nil {
		f.recordings[id] = &recordingRow{
			id: id, tenant: clean(string(e.Tenant)), call: clean(string(e.Call)), agent: clean(string(e.Agent)), engine: clean(string(e.Engine)),
			state: RecordingRunning, started: micros(e.At), about: clean(e.Text),
		}
	}
}

// recordingStopped asks for the file, also when the recording failed: what was said until then may be on the switch.
func (f *recordsFold) recordingStopped(e *core.Entry) error {
	id := clean(string(e.Recording))
	if f.recordings[id] == nil {
		begun := *e
		if e.Reason == "failed" { // it never began; the rules have alerted
			f.recordingStarted(&begun)
			r := f.recordings[id]
			r.state, r.why, r.stopped, r.flaw = RecordingFailed, e.Reason, micros(e.At), "the switch did not begin it"
			return nil
		}
		begun.At = e.At.Add(-e.Duration) // reconciliation found it running: its beginning was missed
		f.recordingStarted(&begun)
	}
	if r := f.recordings[id]; r.state == RecordingRunning || r.state == "" {
		r.state, r.why, r.stopped, r.length = RecordingPending, clean(e.Reason), micros(e.At), e.Duration.Microseconds()
	}
	if e.Reason == "late" { // the job may have been done before there was a file, and erased or missed nothing
		return f.job(JobArchive, id+":late", e.Tenant, ArchivePayload{Recording: e.Recording})
	}
	return f.job(JobArchive, id, e.Tenant, ArchivePayload{Recording: e.Recording})
}

// recordingDiscarded marks a recording, whatever has become of it by now, and asks for it to be erased (C17).
func (f *recordsFold) recordingDiscarded(e *core.Entry) error {
	id := clean(string(e.Recording))
	f.recordingStarted(e) // one that the switch has not begun yet
	if !f.discarded.seen[id] {
		f.discarded.add(id)
		f.discards.add(id, micros(e.At), clean(e.Actor))
	}
	return f.job(JobDiscard, id, e.Tenant, ArchivePayload{Recording: e.Recording})
}

// audit keeps who paused or resumed a recording (C15) or discarded it (C17), however it was asked for.
func (f *recordsFold) audit(l *timelineLine) {
	e := &l.Entry
	f.audits = append(f.audits, AuditRow{
		ID: f.source(l), At: e.At, Tenant: e.Tenant, Actor: e.Actor, Action: string(e.Kind),
		Object: "recording/" + string(e.Recording), Detail: map[string]any{"call": e.Call, "agent": e.Agent},
	})
}

func (f *recordsFold) alert(l *timelineLine) {
	e := &l.Entry
	f.alerts = append(f.alerts, Alert{
		ID: f.source(l), At: e.At, Tenant: e.Tenant, Reason: e.Reason, Call: e.Call, Agent: e.Agent, Recording: e.Recording, Text: e.Text,
	})
}

// source is an id that says which entry something is made of.
func (f *recordsFold) source(l *timelineLine) string {
	return fmt.Sprintf("timeline:%s:%d:%d", f.shard, l.Seq, l.Idx)
}
