package models

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Plainly makes records of entries one after the other, each with statements of its own: what the projector's folding has to come to.
func Plainly(ctx context.Context, db *DB, shard string, entries []journal.Timeline) error {
	return db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		p := plainly{tx: tx, shard: shard}
		for i := range entries {
			p.line(&entries[i])
			p.entry(&entries[i])
			if p.err != nil {
				return fmt.Errorf("entry %d.%d: %w", entries[i].Seq, entries[i].Index, p.err)
			}
		}
		return nil
	})
}

// Project projects about limit entries of a shard, and says whether there are more.
func (p *Projector) Project(ctx context.Context, shard string, limit int) (more bool, err error) {
	return p.step(ctx, shard, limit)
}

// Exec runs statements on a database, for tests.
func Exec(ctx context.Context, db *DB, statements ...string) error {
	for _, s := range statements {
		if err := db.write.WithContext(ctx).Exec(s).Error; err != nil {
			return err
		}
	}
	return nil
}

// Rows gives the result of a query, each row as a text.
func Rows(ctx context.Context, db *DB, query string) ([]string, error) {
	var rows []map[string]any
	err := db.read.WithContext(ctx).Raw(query).Scan(&rows).Error
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprint(r) // fmt sorts the columns
	}
	return out, err
}

type plainly struct {
	tx    *gorm.DB
	shard string
	err   error
}

func (p *plainly) exec(sql string, args ...any) {
	if p.err == nil {
		p.err = p.tx.Exec(sql, args...).Error
	}
}

func (p *plainly) line(t *journal.Timeline) {
	body, err := json.Marshal(&t.Entry)
	if err != nil {
		p.err = err
	}
	if t.Entry.Call != "" {
		p.exec(`INSERT INTO call_entries (shard, seq, idx, call, at, kind, body) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			p.shard, t.Seq, t.Index, clean(string(t.Entry.Call)), micros(t.Entry.At), clean(string(t.Entry.Kind)), string(body))
	}
}

func (p *plainly) entry(t *journal.Timeline) {
	e := &t.Entry
	if m, ok := figures.Of(e); ok {
		p.measure(t, m)
	}
	call, leg, agent, recording, at := clean(string(e.Call)), clean(string(e.Leg)), clean(string(e.Agent)), clean(string(e.Recording)), micros(e.At)
	newLeg := `INSERT INTO call_legs (call, leg, role, agent, started_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	switch e.Kind {
	case core.EntryCallArrived:
		p.exec(newLeg, call, leg, "customer", agent, at)
	case core.EntryOfferMade:
		p.exec(newLeg, call, leg, "agent", agent, at)
	case core.EntryOfferRinging, core.EntryOutsideRinging:
		p.exec(`UPDATE call_legs SET ringing_at = ? WHERE call = ? AND leg = ?`, at, call, leg)
	case core.EntryOfferEnded:
		cause := ""
		if e.Cause != nil {
			cause = string(e.Cause.Code)
		}
		if core.OfferOutcome(e.Reason) == core.OfferAnswered {
			p.exec(`UPDATE call_legs SET answered_at = ? WHERE call = ? AND leg = ?`, at, call, leg)
		} else {
			p.exec(`UPDATE call_legs SET ended_at = ?, outcome = ?, cause = ? WHERE call = ? AND leg = ?`, at, clean(e.Reason), clean(cause), call, leg)
		}
	case core.EntryDialled:
		p.exec(`INSERT INTO call_legs (call, leg, role, agent, number, started_at) VALUES (?, ?, 'outside', ?, ?, ?) ON CONFLICT DO NOTHING`, call, leg, agent, clean(e.Text), at)
	case core.EntryConsultAnswered, core.EntryJoined:
		p.exec(`UPDATE call_legs SET answered_at = ? WHERE call = ? AND leg = ? AND answered_at = 0`, at, call, leg)
	case core.EntryTalkEnded, core.EntryLeft, core.EntryTransferFailed, core.EntryConsultEnded:
		if e.Kind == core.EntryConsultEnded && (e.Reason == "merged" || e.Reason == "transferred") {
			break
		}
		p.exec(`UPDATE call_legs SET ended_at = ?, outcome = ? WHERE call = ? AND leg = ? AND ended_at = 0`, at, clean(e.Reason), call, leg)
	case core.EntryPostCall:
		p.exec(`UPDATE call_legs SET ended_at = ?, outcome = 'caller' WHERE call = ? AND role = 'customer' AND ended_at = 0`, at, call)
	case core.EntryCallClosed:
		if e.Record != nil {
			p.callClosed(e.Record)
		}
	case core.EntryAgentState:
		state, reason, _ := strings.Cut(e.Reason, ":")
		p.exec(`INSERT INTO measures (shard, seq, idx, at, kind, tenant, queue, agent, state, lasted)
			SELECT ?, ?, ?, CAST(? AS bigint), 'state', tenant, '', agent, state, CAST(? AS bigint) - since_at FROM agent_states
			WHERE agent = ? AND ended_at = 0 AND (shard <> ? OR seq < ? OR (seq = ? AND idx < ?)) ORDER BY since_at DESC LIMIT 1 ON CONFLICT DO NOTHING`,
			p.shard, t.Seq, t.Index, at, at, agent, p.shard, t.Seq, t.Seq, t.Index)
		p.exec(`UPDATE agent_states SET ended_at = ? WHERE agent = ? AND ended_at = 0 AND (shard <> ? OR seq < ? OR (seq = ? AND idx < ?))`,
			at, agent, p.shard, t.Seq, t.Seq, t.Index)
		p.exec(`INSERT INTO agent_states (shard, seq, idx, tenant, agent, state, reason, cause, actor, call, since_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			p.shard, t.Seq, t.Index, clean(string(e.Tenant)), agent, clean(state), clean(reason), clean(e.Text), clean(e.Actor), call, at)
	case core.EntryRecordingStarted:
		p.recording(e, "recording", micros(e.At))
	case core.EntryRecordingPaused, core.EntryRecordingResumed, core.EntryRecordingDiscarded:
		detail, err := json.Marshal(map[string]any{"call": e.Call, "agent": e.Agent})
		if err != nil {
			p.err = err
		}
		p.exec(`INSERT INTO audit_log (id, at, tenant, actor, token, action, object, request, detail) VALUES (?, ?, ?, ?, '', ?, ?, '', ?) ON CONFLICT DO NOTHING`,
			p.source(t), at, clean(string(e.Tenant)), clean(e.Actor), string(e.Kind), "recording/"+recording, string(detail))
		if e.Kind == core.EntryRecordingDiscarded {
			p.recording(e, "recording", at)
			p.exec(`UPDATE recordings SET discarded_at = ?, discarded_by = ? WHERE id = ? AND discarded_at = 0`, at, clean(e.Actor), recording)
			p.job(JobDiscard, recording, e.Tenant, ArchivePayload{Recording: e.Recording})
		}
	case core.EntryRecordingStopped:
		p.recordingStopped(e)
	case core.EntryAlert:
		p.exec(`INSERT INTO alerts (id, at, tenant, reason, call, agent, recording, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			p.source(t), at, clean(string(e.Tenant)), clean(e.Reason), call, agent, recording, clean(e.Text))
	default: // the call's own timeline says enough
	}
}

func (p *plainly) measure(t *journal.Timeline, m figures.Measure) {
	p.exec(`INSERT INTO measures (shard, seq, idx, at, kind, tenant, queue, agent, state, lasted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?) ON CONFLICT DO NOTHING`,
		p.shard, t.Seq, t.Index, micros(m.At), string(m.Kind), clean(string(m.Tenant)), clean(string(m.Queue)), clean(string(m.Agent)), m.Lasted.Microseconds())
}

func (p *plainly) source(t *journal.Timeline) string {
	return fmt.Sprintf("timeline:%s:%d:%d", p.shard, t.Seq, t.Index)
}

func (p *plainly) callClosed(r *core.CallRecord) {
	body, err := json.Marshal(r)
	if err != nil {
		p.err = err
	}
	call := clean(string(r.Call))
	p.exec(`INSERT INTO call_records (call, tenant, entry_point, queue, outcome, number, arrived_at, ended_at, record) VALUES (?, ?, ?, ?, ?, '', ?, ?, ?)
		ON CONFLICT (call) DO UPDATE SET tenant = excluded.tenant, entry_point = excluded.entry_point, queue = excluded.queue, outcome = excluded.outcome,
		arrived_at = excluded.arrived_at, ended_at = excluded.ended_at, record = excluded.record WHERE call_records.erased_at = 0`,
		call, clean(string(r.Tenant)), clean(string(r.EntryPoint)), clean(string(r.Queue)), clean(string(r.Outcome)), micros(r.ArrivedAt), micros(r.EndedAt), string(body))
	for _, a := range r.Agents {
		p.exec(`INSERT INTO call_agents (call, agent) VALUES (?, ?) ON CONFLICT DO NOTHING`, call, clean(string(a)))
	}
	p.exec(`INSERT INTO call_agents (call, agent) SELECT DISTINCT call, agent FROM call_legs WHERE call = ? AND role = 'agent' AND answered_at <> 0 ON CONFLICT DO NOTHING`, call)
	p.exec(`UPDATE call_legs SET ended_at = CASE WHEN ended_at = 0 THEN ? ELSE ended_at END, outcome = ?, cause = ? WHERE call = ? AND role = 'customer'`,
		micros(r.EndedAt), clean(string(r.Outcome)), clean(string(r.Cause.Code)), call)
	if r.Tenant != "" {
		p.job(JobLead, string(r.Call), r.Tenant, LeadPayload{Call: r.Call})
	}
}

func (p *plainly) recording(e *core.Entry, state string, started int64) {
	p.exec(`INSERT INTO recordings (id, tenant, call, agent, engine, state, why, started_at, stopped_at, length, about) VALUES (?, ?, ?, ?, ?, ?, '', ?, 0, 0, ?) ON CONFLICT DO NOTHING`,
		clean(string(e.Recording)), clean(string(e.Tenant)), clean(string(e.Call)), clean(string(e.Agent)), clean(string(e.Engine)), state, started, clean(e.Text))
}

func (p *plainly) recordingStopped(e *core.Entry) {
	id := clean(string(e.Recording))
	started, err := exists(p.tx, `SELECT 1 FROM recordings WHERE id = ?`, id)
	if err != nil {
		p.err = err
	}
	if !started && e.Reason == "failed" {
		p.recording(e, "failed", micros(e.At))
		p.exec(`UPDATE recordings SET why = 'failed', stopped_at = ?, error = 'the switch did not begin it' WHERE id = ?`, micros(e.At), id)
		return
	}
	if !started {
		p.recording(e, "recording", micros(e.At.Add(-e.Duration)))
	}
	p.exec(`UPDATE recordings SET state = 'pending', why = ?, stopped_at = ?, length = ? WHERE id = ? AND state = 'recording'`,
		clean(e.Reason), micros(e.At), e.Duration.Microseconds(), id)
	p.job(JobArchive, id, e.Tenant, ArchivePayload{Recording: e.Recording})
}

func (p *plainly) job(kind, subject string, tenant core.TenantID, payload any) {
	job, err := NewJob(kind, subject, tenant, payload)
	if err == nil && p.err == nil {
		err = p.tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&job).Error
	}
	if p.err == nil {
		p.err = err
	}
}

// AgentState is one stretch of an agent's day.
type AgentState struct {
	Tenant  core.TenantID
	Agent   core.AgentID
	State   core.AgentState
	Reason  string      // of Idle
	Cause   string      // why
	Actor   string      // who asked for it; "" = the rules
	Call    core.CallID // while reserved, engaged
	SinceAt time.Time   `gorm:"serializer:micro"`
	EndedAt time.Time   `gorm:"serializer:micro"` // zero = still so
}

// AgentStates gives an agent's states that touch the time from ≤ t < to, oldest first.
func AgentStates(ctx context.Context, db *DB, agent core.AgentID, from, to time.Time) ([]AgentState, error) {
	var states []AgentState
	err := db.read.WithContext(ctx).Where("agent = ? AND since_at < ? AND (ended_at = 0 OR ended_at > ?)", string(agent), micros(to), micros(from)).
		Order("since_at, seq, idx").Find(&states).Error
	if err != nil {
		return nil, fmt.Errorf("read states of agent %s: %w", agent, err)
	}
	return states, nil
}
