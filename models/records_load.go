package models

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// load reads what is in the tables of the rows that lines may change: most times nothing, or the rows of calls that go on.
func (f *recordsFold) load(ctx context.Context, tx session, lines []timelineLine) error {
	var calls, agents, recordings ids
	for i := range lines {
		e := &lines[i].Entry
		switch e.Kind {
		case core.EntryCallArrived, core.EntryOfferMade, core.EntryOfferRinging, core.EntryOfferEnded, core.EntryTalkEnded, core.EntryDialled, core.EntryOutsideRinging, core.EntryConsultAnswered,
			core.EntryConsultEnded, core.EntryJoined, core.EntryLeft, core.EntryTransferFailed, core.EntryPostCall:
			calls.add(string(e.Call))
		case core.EntryCallClosed:
			if e.Record != nil {
				calls.add(string(e.Record.Call))
			}
		case core.EntryAgentState:
			agents.add(string(e.Agent))
		case core.EntryRecordingStarted, core.EntryRecordingStopped, core.EntryRecordingDiscarded:
			recordings.add(string(e.Recording))
		default: // changes no row that is there already
		}
	}
	if err := f.loadLegs(ctx, tx, calls.all); err != nil {
		return fmt.Errorf("read legs of calls: %w", err)
	}
	if err := f.loadStates(ctx, tx, agents.all); err != nil {
		return fmt.Errorf("read states of agents: %w", err)
	}
	if err := f.loadRecordings(ctx, tx, recordings.all); err != nil {
		return fmt.Errorf("read recordings: %w", err)
	}
	return nil
}

// ids collects ids in the order in which they come, each once.
type ids struct {
	all  []string
	seen map[string]bool
}

func (s *ids) add(id string) {
	id = clean(id)
	if s.seen[id] {
		return
	}
	if s.seen == nil {
		s.seen = make(map[string]bool)
	}
	s.seen[id] = true
	s.all = append(s.all, id)
}

func (f *recordsFold) loadLegs(ctx context.Context, tx session, calls []string) error {
	if len(calls) == 0 {
		return nil
	}
	return tx.query(ctx, column1("call", calls), `SELECT l.call, l.leg, l.role, l.agent, l.number, l.started_at, l.ringing_at, l.answered_at, l.ended_at, l.outcome, l.cause
		FROM {rows} JOIN call_legs l ON l.call = r.call`, nil, func(rows *sql.Rows) error {
		var l legRow
		if err := rows.Scan(&l.call, &l.leg, &l.role, &l.agent, &l.number, &l.started, &l.ringing, &l.answered, &l.ended, &l.outcome, &l.cause); err != nil {
			return err
		}
		f.hold(&l)
		return nil
	})
}

// loadStates reads the states that have not ended. Those that have are not touched any more.
func (f *recordsFold) loadStates(ctx context.Context, tx session, agents []string) error {
	if len(agents) == 0 {
		return nil
	}
	return tx.query(ctx, column1("agent", agents), `SELECT s.shard, s.seq, s.idx, s.tenant, s.agent, s.state, s.reason, s.cause, s.actor, s.call, s.since_at
		FROM {rows} JOIN agent_states s ON s.agent = r.agent AND s.ended_at = 0`, nil, func(rows *sql.Rows) error {
		var s stateRow
		if err := rows.Scan(&s.shard, &s.seq, &s.idx, &s.tenant, &s.agent, &s.state, &s.reason, &s.cause, &s.actor, &s.call, &s.since); err != nil {
			return err
		}
		f.holdState(&s)
		return nil
	})
}

func (f *recordsFold) loadRecordings(ctx context.Context, tx session, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.query(ctx, column1("id", ids), `SELECT r.id FROM {rows} JOIN recordings ON recordings.id = r.id`, nil, func(rows *sql.Rows) error {
		var r recordingRow
		if err := rows.Scan(&r.id); err != nil {
			return err
		}
		f.recordings[r.id] = &r
		return nil
	})
}
