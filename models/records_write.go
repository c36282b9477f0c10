package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

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

var (
	lineColumns      = rowOf("shard text", "seq bigint", "idx bigint", "call text", "at bigint", "kind text", "body json")
	callAgentColumns = rowOf("call text", "agent text")
	legColumns       = rowOf("call text", "leg text", "role text", "agent text", "number text", "started_at bigint", "ringing_at bigint", "answered_at bigint", "ended_at bigint",
		"outcome text", "cause text")
	stateColumns = rowOf("shard text", "seq bigint", "idx bigint", "tenant text", "agent text", "state text", "reason text", "cause text", "actor text",
		"call text", "since_at bigint", "ended_at bigint")
	recordColumns = rowOf("call text", "tenant text", "entry_point text", "queue text", "outcome text", "number text", "arrived_at bigint", "ended_at bigint",
		"record json")
	recordingColumns = rowOf("id text", "tenant text", "call text", "agent text", "engine text", "state text", "why text", "started_at bigint",
		"stopped_at bigint", "length bigint", "error text", "about text")
	discardColumns = rowOf("id text", "at bigint", "actor text")
)

// write writes what has changed, each table with one statement. Rows go in the order of their keys, so that two transactions that wait for each
// other's rows do so in one order.
func (f *recordsFold) write(ctx context.Context, tx session) error {
	records, err := f.recordRows()
	if err != nil {
		return err
	}
	audits, err := auditRows(f.audits)
	if err != nil {
		return err
	}
	err = tx.insert(ctx,
		insertion{"call_entries", f.lines, "DO NOTHING"},
		insertion{"measures", f.measures, "DO NOTHING"},
		insertion{"call_legs", f.legRows(), `(call, leg) DO UPDATE SET ringing_at = excluded.ringing_at, answered_at = excluded.answered_at,
			ended_at = excluded.ended_at, outcome = excluded.outcome, cause = excluded.cause`},
		// What the lead job has written stays, should the projection be made again.
		insertion{"call_records", records, `(call) DO UPDATE SET tenant = excluded.tenant, entry_point = excluded.entry_point, queue = excluded.queue,
			outcome = excluded.outcome, arrived_at = excluded.arrived_at, ended_at = excluded.ended_at, record = excluded.record WHERE call_records.erased_at = 0`},
		insertion{"call_agents", f.agents, "DO NOTHING"},
		insertion{"agent_states", f.stateRows(), "(shard, seq, idx) DO UPDATE SET ended_at = excluded.ended_at WHERE agent_states.ended_at = 0"},
		// A recording that is in the table already is the archive job's, unless it is still marked as running.
		insertion{"recordings", f.recordingRows(), `(id) DO UPDATE SET state = excluded.state, why = excluded.why, stopped_at = excluded.stopped_at,
			length = excluded.length WHERE recordings.state = 'recording' AND excluded.state = 'pending'`},
		audits, alertRows(f.alerts), jobRows(f.jobs),
	)
	if err != nil || f.discards.n == 0 {
		return err
	}
	_, err = tx.exec(ctx, f.discards, `UPDATE recordings SET discarded_at = r.at, discarded_by = r.actor FROM {rows} WHERE recordings.id = r.id AND recordings.discarded_at = 0`)
	if err != nil {
		return fmt.Errorf("mark discarded recordings: %w", err)
	}
	return nil
}

func (f *recordsFold) legRows() *rowset {
	changed := slices.Collect(maps.Values(f.legs))
	changed = slices.DeleteFunc(changed, func(l *legRow) bool { return !l.changed })
	slices.SortFunc(changed, func(a, b *legRow) int { return cmp.Or(cmp.Compare(a.call, b.call), cmp.Compare(a.leg, b.leg)) })
	rows := newRowset(legColumns)
	for _, l := range changed {
		rows.add(l.call, l.leg, l.role, l.agent, l.number, l.started, l.ringing, l.answered, l.ended, l.outcome, l.cause)
	}
	return rows
}

func (f *recordsFold) recordRows() (*rowset, error) {
	rows := newRowset(recordColumns)
	for _, call := range slices.Sorted(maps.Keys(f.records)) {
		r := f.records[call]
		body, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("encode record of call %s: %w", call, err)
		}
		rows.add(call, clean(string(r.Tenant)), clean(string(r.EntryPoint)), clean(string(r.Queue)), clean(string(r.Outcome)), "",
			micros(r.ArrivedAt), micros(r.EndedAt), string(body))
	}
	return rows, nil
}

func (f *recordsFold) stateRows() *rowset {
	changed := slices.Collect(maps.Values(f.states))
	changed = slices.DeleteFunc(changed, func(s *stateRow) bool { return !s.changed })
	slices.SortFunc(changed, func(a, b *stateRow) int {
		return cmp.Or(cmp.Compare(a.shard, b.shard), cmp.Compare(a.seq, b.seq), cmp.Compare(a.idx, b.idx))
	})
	rows := newRowset(stateColumns)
	for _, s := range changed {
		rows.add(s.shard, int64(s.seq), int64(s.idx), s.tenant, s.agent, s.state, s.reason, s.cause, s.actor, s.call, s.since, s.ended)
	}
	return rows
}

func (f *recordsFold) recordingRows() *rowset {
	rows := newRowset(recordingColumns)
	for _, id := range slices.Sorted(maps.Keys(f.recordings)) {
		if r := f.recordings[id]; r.state != "" {
			rows.add(r.id, r.tenant, r.call, r.agent, r.engine, string(r.state), r.why, r.started, r.stopped, r.length, r.flaw, r.about)
		}
	}
	return rows
}
