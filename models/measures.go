package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// Measures reads what was measured of queues and agents. The projector writes it.
type Measures struct{ db *DB }

// Measures gives access to what was measured.
func (db *DB) Measures() *Measures { return &Measures{db: db} }

// MeasureCursor says up to where the measures of each shard have been read.
type MeasureCursor map[string]uint64

var measureColumns = rowOf("shard text", "seq bigint", "idx bigint", "at bigint", "kind text", "tenant text", "queue text", "agent text", "state text", "lasted bigint")

// ofShard begins every question to the table.
const ofShard = `SELECT seq, at, kind, tenant, queue, agent, state, lasted FROM measures WHERE shard = $1 AND `

// Between gives the measures of a tenant ("" = of all) from one time to before another.
func (m *Measures) Between(ctx context.Context, tenant core.TenantID, from, to time.Time, take func(figures.Measure)) error {
	shards, err := m.newest(ctx)
	if err != nil {
		return err
	}
	for shard := range shards {
		err := m.read(ctx, func(x figures.Measure, _ uint64) {
			if tenant == "" || x.Tenant == tenant {
				take(x)
			}
		}, ofShard+`at >= $2 AND at < $3`, shard, micros(from), micros(to))
		if err != nil {
			return err
		}
	}
	return nil
}

// Behind gives the measures behind a cursor that are not older than from, and the cursor behind them. A nil cursor is the beginning.
func (m *Measures) Behind(ctx context.Context, cursor MeasureCursor, from time.Time, take func(figures.Measure)) (MeasureCursor, error) {
	// What the projector has moved its cursor past is there as a whole: it writes a shard's timeline piece by piece, each with its cursor. So the newest sequence number is read first.
	next, err := m.newest(ctx)
	if err != nil {
		return nil, err
	}
	for shard, newest := range next {
		behind := cursor[shard]
		if newest <= behind {
			next[shard] = behind
			continue
		}
		// Two questions, each for an index of its own: from the beginning of a shard there may be years in front of from.
		query, bound := ofShard+`seq > $2`, int64(behind)
		if behind == 0 {
			query, bound = ofShard+`at >= $2`, micros(from)
		}
		err := m.read(ctx, func(x figures.Measure, seq uint64) {
			if seq <= newest && !x.At.Before(from) {
				take(x)
			}
		}, query, shard, bound)
		if err != nil {
			return nil, err
		}
	}
	return next, nil
}

// newest gives the newest sequence number of each shard.
func (m *Measures) newest(ctx context.Context) (out MeasureCursor, err error) {
	rows, err := m.db.rawR.QueryContext(ctx, `SELECT shard, seq FROM cursors WHERE projection = $1`, recordsProjection)
	if err != nil {
		return nil, fmt.Errorf("read how far the timeline is measured: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = MeasureCursor{}
	for rows.Next() {
		var shard string
		var seq uint64
		if err := rows.Scan(&shard, &seq); err != nil {
			return nil, fmt.Errorf("read how far the timeline is measured: %w", err)
		}
		out[shard] = seq
	}
	return out, rows.Err()
}

func (m *Measures) read(ctx context.Context, take func(x figures.Measure, seq uint64), query string, args ...any) (err error) {
	var rows *sql.Rows
	if rows, err = m.db.rawR.QueryContext(ctx, query, args...); err != nil {
		return fmt.Errorf("read measures: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var x figures.Measure
		var seq uint64
		var at, lasted int64
		if err := rows.Scan(&seq, &at, &x.Kind, &x.Tenant, &x.Queue, &x.Agent, &x.State, &lasted); err != nil {
			return fmt.Errorf("read measures: %w", err)
		}
		x.At, x.Lasted = fromMicros(at), time.Duration(lasted)*time.Microsecond
		take(x, seq)
	}
	return rows.Err()
}

// measure keeps what an entry measures.
func (f *recordsFold) measure(at entryPlace, m figures.Measure) {
	f.measures.add(at.shard, int64(at.seq), int64(at.idx), micros(m.At), string(m.Kind), clean(string(m.Tenant)), clean(string(m.Queue)), clean(string(m.Agent)),
		string(m.State), m.Lasted.Microseconds())
}
