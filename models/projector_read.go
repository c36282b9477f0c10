package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// timelineLine is an entry of a shard's timeline with its place and with the text that it is stored as, which the call's own timeline keeps as it is.
type timelineLine struct {
	Seq   uint64
	Idx   int
	Entry core.Entry
	Body  string
}

// timelinePiece is the next piece of a shard's timeline for the projector: the entries of whole events.
type timelinePiece struct {
	behind uint64 // where the cursor was when it was read
	lines  []timelineLine
	more   bool // there may be more behind it
}

// timelineBehindCursor reads the entries of whole events behind the projector's cursor: at least those of one event, else not more than limit entries.
func (db *DB) timelineBehindCursor(ctx context.Context, shard string, limit int) (timelinePiece, error) {
	const cursor = `coalesce((SELECT seq FROM cursors WHERE projection = $1 AND shard = $2), 0)`
	piece, err := db.readPiece(ctx, `SELECT `+cursor+`, seq, idx, body FROM timeline WHERE shard = $2 AND seq > `+cursor+` ORDER BY seq, idx LIMIT $3`,
		recordsProjection, shard, limit)
	if n := len(piece.lines); err == nil && n == limit { // the last event may be cut
		last, whole, behind := piece.lines[n-1].Seq, n, piece.behind
		for whole > 0 && piece.lines[whole-1].Seq == last {
			whole--
		}
		if piece.lines = piece.lines[:whole]; whole == 0 { // one event has more entries than limit: take it whole
			piece, err = db.readPiece(ctx, `SELECT CAST($3 AS bigint), seq, idx, body FROM timeline WHERE shard = $1 AND seq = $2 ORDER BY idx`, shard, last, behind)
		}
		piece.more = true
	}
	if err != nil {
		return timelinePiece{}, fmt.Errorf("read timeline of shard %s: %w", shard, err)
	}
	for i := range piece.lines {
		l := &piece.lines[i]
		if err := json.Unmarshal([]byte(l.Body), &l.Entry); err != nil {
			return timelinePiece{}, fmt.Errorf("decode timeline entry %d.%d of shard %s: %w", l.Seq, l.Idx, shard, err)
		}
	}
	return piece, nil
}

func (db *DB) readPiece(ctx context.Context, query string, args ...any) (piece timelinePiece, err error) {
	rows, err := db.rawR.QueryContext(ctx, query, args...)
	if err != nil {
		return piece, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var l timelineLine
		if err := rows.Scan(&piece.behind, &l.Seq, &l.Idx, &l.Body); err != nil {
			return piece, err
		}
		piece.lines = append(piece.lines, l)
	}
	return piece, rows.Err()
}

// mostUnprojected bounds what [DB.Unprojected] counts: beyond it the figure only says "far behind".
const mostUnprojected = 10_000

// Unprojected counts the entries of a shard's timeline that no projector has reached yet, up to 10000.
func (db *DB) Unprojected(ctx context.Context, shard string) (n int, err error) {
	err = db.rawR.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM timeline WHERE shard = $2
		AND seq > coalesce((SELECT seq FROM cursors WHERE projection = $1 AND shard = $2), 0) LIMIT $3) AS behind`, recordsProjection, shard, mostUnprojected).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count unprojected entries of shard %s: %w", shard, err)
	}
	return n, nil
}
