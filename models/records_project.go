package models

import (
	"encoding/json"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// The kinds of jobs that follow from the timeline, and their payloads.
const (
	JobArchive = "archive" // of a recording, when it has stopped
	JobLead    = "lead"    // of a call, when it is closed
)

// ArchivePayload is the payload of JobArchive.
type ArchivePayload struct {
	Recording core.RecordingID `json:"recording"`
}

// LeadPayload is the payload of JobLead.
type LeadPayload struct {
	Call core.CallID `json:"call"`
}

// recordsBatch makes records of a piece of a shard's timeline. Every write may be repeated: a projection can be made again from the
// beginning by deleting its cursor.
type recordsBatch struct {
	tx    *gorm.DB
	shard string
	lines []callLine
	jobs  []Job
	err   error // the first; the rest of the batch is skipped
}

// callLine is a timeline entry in the record of its call.
type callLine struct {
	Shard string
	Seq   uint64
	Idx   int
	Call  string
	At    int64
	Kind  string
	Body  string
}

// TableName implements gorm's Tabler.
func (callLine) TableName() string { return "call_entries" }

func (b *recordsBatch) apply(entries []journal.Timeline) error {
	for i := range entries {
		t := &entries[i]
		b.line(t)
		b.entry(t)
		if b.err != nil {
			return fmt.Errorf("record %s of event %d: %w", t.Entry.Kind, t.Seq, b.err)
		}
	}
	if len(b.lines) > 0 {
		if err := b.tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(b.lines, insertChunk).Error; err != nil {
			return fmt.Errorf("record timelines of calls: %w", err)
		}
	}
	if err := addJobs(b.tx, b.jobs); err != nil {
		return fmt.Errorf("add jobs: %w", err)
	}
	return nil
}

func (b *recordsBatch) line(t *journal.Timeline) {
	if t.Entry.Call == "" {
		return
	}
	body, err := json.Marshal(&t.Entry)
	if err != nil {
		b.err = err
		return
	}
	b.lines = append(b.lines, callLine{
		Shard: b.shard, Seq: t.Seq, Idx: t.Index, Call: clean(string(t.Entry.Call)), At: micros(t.Entry.At), Kind: clean(string(t.Entry.Kind)), Body: string(body),
	})
}

func (b *recordsBatch) entry(t *journal.Timeline) {
	e := &t.Entry
	switch e.Kind {
	case core.EntryCallArrived:
		b.leg(e, "customer")
	case core.EntryOfferMade:
		b.leg(e, "agent")
	case core.EntryOfferRinging:
		b.exec(`UPDATE call_legs SET ringing_at = ? WHERE call = ? AND leg = ?`, micros(e.At), clean(string(e.Call)), clean(string(e.Leg)))
	case core.EntryOfferEnded:
		b.offerEnded(e)
	case core.EntryTalkEnded:
		b.exec(`UPDATE call_legs SET ended_at = ?, outcome = ? WHERE call = ? AND leg = ? AND ended_at = 0`,
			micros(e.At), clean(e.Reason), clean(string(e.Call)), clean(string(e.Leg)))
	case core.EntryCallClosed:
		if e.Record != nil {
			b.callClosed(e.Record)
		}
	case core.EntryAgentState:
		b.agentState(t)
	case core.EntryRecordingStarted:
		b.recordingStarted(e)
	case core.EntryRecordingPaused, core.EntryRecordingResumed:
		b.audit(t)
	case core.EntryRecordingStopped:
		b.recordingStopped(e)
	case core.EntryAlert:
		b.alert(t)
	default: // the call's own timeline says enough
	}
}

func (b *recordsBatch) exec(sql string, args ...any) {
	if b.err == nil {
		b.err = b.tx.Exec(sql, args...).Error
	}
}

func (b *recordsBatch) leg(e *core.Entry, role string) {
	b.exec(`INSERT INTO call_legs (call, leg, role, agent, started_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		clean(string(e.Call)), clean(string(e.Leg)), role, clean(string(e.Agent)), micros(e.At))
}

func (b *recordsBatch) offerEnded(e *core.Entry) {
	if core.OfferOutcome(e.Reason) == core.OfferAnswered {
		b.exec(`UPDATE call_legs SET answered_at = ? WHERE call = ? AND leg = ?`, micros(e.At), clean(string(e.Call)), clean(string(e.Leg)))
		return
	}
	cause := ""
	if e.Cause != nil {
		cause = string(e.Cause.Code)
	}
	b.exec(`UPDATE call_legs SET ended_at = ?, outcome = ?, cause = ? WHERE call = ? AND leg = ?`,
		micros(e.At), clean(e.Reason), clean(cause), clean(string(e.Call)), clean(string(e.Leg)))
}

func (b *recordsBatch) callClosed(r *core.CallRecord) {
	body, err := json.Marshal(r)
	if err != nil {
		b.err = err
		return
	}
	call := clean(string(r.Call))
	// What the lead job has written stays, should the projection be made again.
	b.exec(`INSERT INTO call_records (call, tenant, entry_point, queue, outcome, number, arrived_at, ended_at, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (call) DO UPDATE SET tenant = excluded.tenant, entry_point = excluded.entry_point, queue = excluded.queue, outcome = excluded.outcome,
		arrived_at = excluded.arrived_at, ended_at = excluded.ended_at, record = excluded.record WHERE call_records.erased_at = 0`,
		call, clean(string(r.Tenant)), clean(string(r.EntryPoint)), clean(string(r.Queue)), clean(string(r.Outcome)), "",
		micros(r.ArrivedAt), micros(r.EndedAt), string(body))
	for _, a := range r.Agents {
		b.exec(`INSERT INTO call_agents (call, agent) VALUES (?, ?) ON CONFLICT DO NOTHING`, call, clean(string(a)))
	}
	b.exec(`UPDATE call_legs SET ended_at = ?, outcome = ?, cause = ? WHERE call = ? AND role = 'customer'`,
		micros(r.EndedAt), clean(string(r.Outcome)), clean(string(r.Cause.Code)), call)
	if r.Tenant != "" { // a call to nobody's number makes nobody's lead
		b.job(JobLead, string(r.Call), r.Tenant, LeadPayload{Call: r.Call})
	}
}

func (b *recordsBatch) job(kind, subject string, tenant core.TenantID, payload any) {
	if b.err != nil {
		return
	}
	job, err := NewJob(kind, subject, tenant, payload)
	b.jobs, b.err = append(b.jobs, job), err
}

func (b *recordsBatch) agentState(t *journal.Timeline) {
	e := &t.Entry
	state, reason, _ := strings.Cut(e.Reason, ":")
	agent, at := clean(string(e.Agent)), micros(e.At)
	b.exec(`UPDATE agent_states SET ended_at = ? WHERE agent = ? AND ended_at = 0 AND (shard <> ? OR seq < ? OR (seq = ? AND idx < ?))`,
		at, agent, b.shard, t.Seq, t.Seq, t.Index)
	b.exec(`INSERT INTO agent_states (shard, seq, idx, tenant, agent, state, reason, cause, actor, call, since_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		b.shard, t.Seq, t.Index, clean(string(e.Tenant)), agent, clean(state), clean(reason), clean(e.Text), clean(e.Actor), clean(string(e.Call)), at)
}

func (b *recordsBatch) recordingStarted(e *core.Entry) {
	b.exec(`INSERT INTO recordings (id, tenant, call, agent, engine, state, why, started_at, stopped_at, length)
		VALUES (?, ?, ?, ?, ?, 'recording', '', ?, 0, 0) ON CONFLICT DO NOTHING`,
		clean(string(e.Recording)), clean(string(e.Tenant)), clean(string(e.Call)), clean(string(e.Agent)), clean(string(e.Engine)), micros(e.At))
}

// recordingStopped asks for the file, also when the recording failed: what was said until then may be on the switch.
func (b *recordsBatch) recordingStopped(e *core.Entry) {
	id := clean(string(e.Recording))
	started, err := exists(b.tx, `SELECT 1 FROM recordings WHERE id = ?`, id)
	if err != nil {
		b.err = err
		return
	}
	if !started && e.Reason == "failed" { // it never began; the rules have alerted
		b.exec(`INSERT INTO recordings (id, tenant, call, agent, engine, state, why, started_at, stopped_at, length, error)
			VALUES (?, ?, ?, ?, ?, 'failed', ?, ?, ?, 0, 'the switch did not begin it') ON CONFLICT DO NOTHING`,
			id, clean(string(e.Tenant)), clean(string(e.Call)), clean(string(e.Agent)), clean(string(e.Engine)), e.Reason, micros(e.At), micros(e.At))
		return
	}
	if !started { // reconciliation found it running: its beginning was missed
		begun := *e
		begun.At = e.At.Add(-e.Duration)
		b.recordingStarted(&begun)
	}
	b.exec(`UPDATE recordings SET state = 'pending', why = ?, stopped_at = ?, length = ? WHERE id = ? AND state = 'recording'`,
		clean(e.Reason), micros(e.At), e.Duration.Microseconds(), id)
	b.job(JobArchive, id, e.Tenant, ArchivePayload{Recording: e.Recording})
}

// audit keeps who paused or resumed a recording (C15), however it was asked for.
func (b *recordsBatch) audit(t *journal.Timeline) {
	e := &t.Entry
	if b.err != nil {
		return
	}
	b.err = audit(b.tx, AuditRow{
		ID: fmt.Sprintf("timeline:%s:%d:%d", b.shard, t.Seq, t.Index), At: e.At, Tenant: e.Tenant, Actor: e.Actor, Action: string(e.Kind),
		Object: "recording/" + string(e.Recording), Detail: map[string]any{"call": e.Call, "agent": e.Agent},
	})
}

func (b *recordsBatch) alert(t *journal.Timeline) {
	e := &t.Entry
	if b.err != nil {
		return
	}
	b.err = raise(b.tx, Alert{
		ID: fmt.Sprintf("timeline:%s:%d:%d", b.shard, t.Seq, t.Index), At: e.At, Tenant: core.TenantID(clean(string(e.Tenant))), Reason: clean(e.Reason),
		Call: core.CallID(clean(string(e.Call))), Agent: core.AgentID(clean(string(e.Agent))), Recording: core.RecordingID(clean(string(e.Recording))), Text: e.Text,
	})
}
