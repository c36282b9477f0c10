package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	sqlite "github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// postgresAppender appends with one statement: one round trip, one transaction, one fsync, however many rows.
type postgresAppender struct{ db *sql.DB }

// The share lock on the lease row is the fence. An append and a change of owner exclude each other: either the append commits first and the
// new owner's Load sees it, or the epoch has changed and nothing is inserted. The unique key alone would not do: an old owner could still put
// a row behind the last one that the new owner has loaded.
const postgresAppend = `
WITH own AS MATERIALIZED (
	SELECT shard FROM leases WHERE shard = $1 AND epoch = $2 FOR SHARE
), put_journal AS (
	INSERT INTO journal (shard, seq, at, kind, tenant, call, body)
	SELECT own.shard, r.seq, r.at, r.kind, r.tenant, r.call, r.body::json
	FROM own, unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[]) AS r (seq, at, kind, tenant, call, body)
), put_timeline AS (
	INSERT INTO timeline (shard, seq, idx, at, kind, body)
	SELECT own.shard, r.seq, r.idx, r.at, r.kind, r.body::json
	FROM own, unnest($9::bigint[], $10::int[], $11::bigint[], $12::text[], $13::text[]) AS r (seq, idx, at, kind, body)
)
SELECT 1 FROM own`

func (a *postgresAppender) appendRows(ctx context.Context, l journal.Lease, rows []journal.Row, timeline []journal.Timeline) error {
	args, err := appendArgs(l, rows, timeline)
	if err != nil {
		return err
	}
	owned, err := a.once(ctx, args)
	if pgCode(err) == pgCheckViolation { // no partition for this sequence number: the one place that makes it on the spot
		if err := ensureBatchPartitions(ctx, a.db, rows, timeline); err != nil {
			return err
		}
		owned, err = a.once(ctx, args)
	}
	switch {
	case pgCode(err) == pgUniqueViolation:
		return errTaken
	case err != nil:
		return err
	case owned == 0:
		return journal.ErrFenced
	}
	return nil
}

// once tries once. owned is the number of lease rows found: 1, or 0 if the shard is another's. That comes with the statement's end; to read rows would cost a
// goroutine of database/sql for each append.
func (a *postgresAppender) once(ctx context.Context, args []any) (owned int64, err error) {
	done, err := a.db.ExecContext(ctx, postgresAppend, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

func appendArgs(l journal.Lease, rows []journal.Row, timeline []journal.Timeline) ([]any, error) {
	n, m := len(rows), len(timeline)
	seq, at := make([]int64, n), make([]int64, n)
	kind, tenant, call, body := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, r := range rows {
		seq[i], at[i] = int64(r.Seq), micros(r.At)
		kind[i], tenant[i], call[i], body[i] = clean(r.Kind), clean(string(r.Tenant)), clean(string(r.Call)), string(r.Body)
	}
	tseq, tidx, tat := make([]int64, m), make([]int32, m), make([]int64, m)
	tkind, tbody := make([]string, m), make([]string, m)
	for i := range timeline {
		t := &timeline[i]
		b, err := json.Marshal(&t.Entry)
		if err != nil {
			return nil, fmt.Errorf("encode timeline entry %d.%d: %w", t.Seq, t.Index, err)
		}
		tseq[i], tidx[i], tat[i] = int64(t.Seq), int32(t.Index), micros(t.Entry.At)
		tkind[i], tbody[i] = clean(string(t.Entry.Kind)), string(b)
	}
	return []any{l.Shard, l.Epoch, seq, at, kind, tenant, call, body, tseq, tidx, tat, tkind, tbody}, nil
}

// Error codes of PostgreSQL that mean something here.
const (
	pgUniqueViolation = "23505"
	pgCheckViolation  = "23514" // also: no partition of relation found for row
)

func pgCode(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// sqliteAppender appends in one immediate transaction.
type sqliteAppender struct{ db *sql.DB }

func (a *sqliteAppender) appendRows(ctx context.Context, l journal.Lease, rows []journal.Row, timeline []journal.Timeline) (err error) {
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			if rb := tx.Rollback(); rb != nil && !errors.Is(rb, sql.ErrTxDone) {
				err = errors.Join(err, rb)
			}
		}
	}()
	var epoch int64
	switch err := tx.QueryRowContext(ctx, `SELECT epoch FROM leases WHERE shard = ?`, l.Shard).Scan(&epoch); {
	case errors.Is(err, sql.ErrNoRows):
		return journal.ErrFenced
	case err != nil:
		return fmt.Errorf("read the lease: %w", err)
	case epoch != l.Epoch:
		return journal.ErrFenced
	}
	err = each(ctx, tx, `INSERT INTO journal (shard, seq, at, kind, tenant, call, body) VALUES (?, ?, ?, ?, ?, ?, ?)`, rows,
		func(r journal.Row) ([]any, error) {
			return []any{l.Shard, int64(r.Seq), micros(r.At), r.Kind, string(r.Tenant), string(r.Call), string(r.Body)}, nil
		})
	if err == nil {
		err = each(ctx, tx, `INSERT INTO timeline (shard, seq, idx, at, kind, body) VALUES (?, ?, ?, ?, ?, ?)`, timeline,
			func(t journal.Timeline) ([]any, error) {
				body, err := json.Marshal(&t.Entry)
				return []any{l.Shard, int64(t.Seq), t.Index, micros(t.Entry.At), string(t.Entry.Kind), string(body)}, err
			})
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) && (lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE) {
		return errTaken
	}
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// each runs one prepared statement for each item.
func each[T any](ctx context.Context, tx *sql.Tx, query string, items []T, args func(T) ([]any, error)) (err error) {
	if len(items) == 0 {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return fmt.Errorf("prepare insert: %w", err)
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	for _, item := range items {
		a, err := args(item)
		if err != nil {
			return fmt.Errorf("encode row: %w", err)
		}
		if _, err := stmt.ExecContext(ctx, a...); err != nil {
			return err
		}
	}
	return nil
}

// timelineAfter reads the entries of whole events behind seq: at least those of one event, else not more than limit entries.
func timelineAfter(tx *gorm.DB, shard string, seq uint64, limit int) ([]journal.Timeline, error) {
	type row struct {
		Seq  uint64
		Idx  int
		Body string
	}
	read := func(condition string, args ...any) ([]row, error) {
		var rows []row
		err := tx.Raw(`SELECT seq, idx, body FROM timeline WHERE shard = ? AND `+condition+` ORDER BY seq, idx LIMIT ?`,
			append([]any{shard}, args...)...).Scan(&rows).Error
		return rows, err
	}
	rows, err := read(`seq > ?`, seq, limit)
	if err == nil && len(rows) == limit { // the last event may be cut
		last := rows[len(rows)-1].Seq
		whole := len(rows)
		for whole > 0 && rows[whole-1].Seq == last {
			whole--
		}
		if rows = rows[:whole]; whole == 0 { // one event has more entries than limit: take it whole
			rows, err = read(`seq = ?`, last, 1<<30)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read timeline of shard %s behind %d: %w", shard, seq, err)
	}
	out := make([]journal.Timeline, len(rows))
	for i, r := range rows {
		var e core.Entry
		if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
			return nil, fmt.Errorf("decode timeline entry %d.%d of shard %s: %w", r.Seq, r.Idx, shard, err)
		}
		out[i] = journal.Timeline{Seq: r.Seq, Index: r.Idx, Entry: e}
	}
	return out, nil
}
