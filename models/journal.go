package models

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Journal is the [journal.Store] on a database. What differs between databases is [appender]; the rest is here.
type Journal struct {
	db     *DB
	append appender
}

// appender is the hot path: it makes rows and timeline durable if, and only if, the lease's epoch is the newest.
type appender interface {
	appendRows(ctx context.Context, l journal.Lease, rows []journal.Row, timeline []journal.Timeline) error
}

// errTaken is an appender's word for a sequence number that exists already.
var errTaken = errors.New("sequence number taken")

var _ journal.Store = (*Journal)(nil)

// Journal gives the shards' logs.
func (db *DB) Journal() *Journal {
	j := &Journal{db: db}
	if db.dialect == Postgres {
		j.append = &postgresAppender{db: db.rawW}
	} else {
		j.append = &sqliteAppender{db: db.rawW}
	}
	return j
}

// clock is an SQL expression for the database's present in microseconds. Leases are measured by it alone, so that the clocks of two owners
// need not agree. clock_timestamp and not now(): a statement that waited for a lock must not decide by the time at which it began.
func (db *DB) clock() string {
	if db.dialect == Postgres {
		return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
	}
	return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
}

// Acquire implements [journal.Store].
func (j *Journal) Acquire(ctx context.Context, shard, owner string, ttl time.Duration) (journal.Lease, error) {
	var got []leaseRow
	err := j.db.write.WithContext(ctx).Raw(`
		INSERT INTO leases (shard, owner, epoch, until) VALUES (?, ?, 1, `+j.db.clock()+` + ?)
		ON CONFLICT (shard) DO UPDATE SET owner = excluded.owner, epoch = leases.epoch + 1, until = excluded.until
		WHERE leases.owner = excluded.owner OR leases.until <= `+j.db.clock()+`
		RETURNING shard, owner, epoch, until`, shard, owner, ttl.Microseconds()).Scan(&got).Error
	if err != nil {
		return journal.Lease{}, fmt.Errorf("acquire lease of shard %s: %w", shard, err)
	}
	if len(got) == 0 {
		return journal.Lease{}, fmt.Errorf("acquire lease of shard %s: %w", shard, journal.ErrHeld)
	}
	if j.db.dialect == Postgres {
		if err := j.preparePartitions(ctx, shard); err != nil {
			return journal.Lease{}, err
		}
	}
	return got[0].lease(), nil
}

// Renew implements [journal.Store].
func (j *Journal) Renew(ctx context.Context, l journal.Lease, ttl time.Duration) (journal.Lease, error) {
	var got []leaseRow
	err := j.db.write.WithContext(ctx).Raw(`
		UPDATE leases SET until = `+j.db.clock()+` + ? WHERE shard = ? AND owner = ? AND epoch = ?
		RETURNING shard, owner, epoch, until`, ttl.Microseconds(), l.Shard, l.Owner, l.Epoch).Scan(&got).Error
	if err != nil {
		return journal.Lease{}, fmt.Errorf("renew lease of shard %s: %w", l.Shard, err)
	}
	if len(got) == 0 {
		return journal.Lease{}, fmt.Errorf("renew lease of shard %s: %w", l.Shard, journal.ErrFenced)
	}
	return got[0].lease(), nil
}

// Release implements [journal.Store]. The row stays: it remembers the epoch.
func (j *Journal) Release(ctx context.Context, l journal.Lease) error {
	err := j.db.write.WithContext(ctx).Exec(`UPDATE leases SET until = 0 WHERE shard = ? AND owner = ? AND epoch = ?`,
		l.Shard, l.Owner, l.Epoch).Error
	if err != nil {
		return fmt.Errorf("release lease of shard %s: %w", l.Shard, err)
	}
	return nil
}

// Append implements [journal.Store].
//
// A batch that is already there, word for word, is a success: when the connection is lost while the answer to an append is on its way, the
// owner cannot know whether it was carried out, and repeats it.
func (j *Journal) Append(ctx context.Context, l journal.Lease, rows []journal.Row, timeline []journal.Timeline) error {
	err := j.append.appendRows(ctx, l, rows, timeline)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, errTaken):
		return fmt.Errorf("append to shard %s: %w", l.Shard, err)
	}
	same, err := j.holds(ctx, l, rows)
	if err != nil {
		return fmt.Errorf("append to shard %s: compare with what is there: %w", l.Shard, err)
	}
	if !same {
		return fmt.Errorf("append to shard %s: sequence number %d or after is taken: %w", l.Shard, rows[0].Seq, journal.ErrFenced)
	}
	return nil
}

// holds reports whether the lease is still the newest and every one of rows is in the log as given.
func (j *Journal) holds(ctx context.Context, l journal.Lease, rows []journal.Row) (bool, error) {
	if len(rows) == 0 {
		return false, nil
	}
	same := false
	err := j.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := fence(tx, l); err != nil {
			return err
		}
		var there []journalRow
		err := tx.Raw(`SELECT seq, at, kind, tenant, call, body FROM journal WHERE shard = ? AND seq BETWEEN ? AND ? ORDER BY seq`,
			l.Shard, rows[0].Seq, rows[len(rows)-1].Seq).Scan(&there).Error
		if err != nil {
			return err
		}
		same = len(there) == len(rows)
		for i := 0; same && i < len(rows); i++ {
			r := there[i]
			same = r.Seq == rows[i].Seq && r.At == micros(rows[i].At) && r.Kind == rows[i].Kind && r.Body == string(rows[i].Body)
		}
		return nil
	})
	return same, err
}

// fence fails with [journal.ErrFenced] unless the lease's epoch is the newest, and keeps it the newest until the transaction ends.
func fence(tx *gorm.DB, l journal.Lease) error {
	lock := " FOR SHARE"
	if tx.Name() != string(Postgres) {
		lock = "" // an immediate transaction has the whole database
	}
	var epoch []int64
	if err := tx.Raw(`SELECT epoch FROM leases WHERE shard = ?`+lock, l.Shard).Scan(&epoch).Error; err != nil {
		return fmt.Errorf("read the lease: %w", err)
	}
	if len(epoch) == 0 || epoch[0] != l.Epoch {
		return journal.ErrFenced
	}
	return nil
}

// loadPage is how many rows Load reads at a time. Paging, and not one long query, so that recovery keeps no connection and no
// snapshot of the database open while the rules replay.
const loadPage = 2000

// Load implements [journal.Store].
func (j *Journal) Load(ctx context.Context, shard string) ([]byte, uint64, iter.Seq2[journal.Row, error], error) {
	var snap []struct {
		Seq  uint64
		Body []byte
	}
	err := j.db.read.WithContext(ctx).Raw(`SELECT seq, body FROM snapshots WHERE shard = ? ORDER BY seq DESC LIMIT 1`, shard).Scan(&snap).Error
	if err != nil {
		return nil, 0, nil, fmt.Errorf("load snapshot of shard %s: %w", shard, err)
	}
	var body []byte
	var seq uint64
	if len(snap) > 0 {
		body, seq = snap[0].Body, snap[0].Seq
	}
	tail := func(yield func(journal.Row, error) bool) {
		after := seq
		for {
			var page []journalRow
			err := j.db.read.WithContext(ctx).Raw(`SELECT seq, at, kind, tenant, call, body FROM journal
				WHERE shard = ? AND seq > ? ORDER BY seq LIMIT ?`, shard, after, loadPage).Scan(&page).Error
			if err != nil {
				yield(journal.Row{}, fmt.Errorf("load log of shard %s behind %d: %w", shard, after, err))
				return
			}
			for _, r := range page {
				if !yield(r.row(), nil) {
					return
				}
				after = r.Seq
			}
			if len(page) < loadPage {
				return
			}
		}
	}
	return body, seq, tail, nil
}

// keepSnapshots is how many snapshots of a shard are kept: the newest, and two for people who want to know.
const keepSnapshots = 3

// SaveSnapshot implements [journal.Store].
func (j *Journal) SaveSnapshot(ctx context.Context, l journal.Lease, seq uint64, body []byte) error {
	err := j.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := fence(tx, l); err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO snapshots (shard, seq, at, body) VALUES (?, ?, `+j.db.clock()+`, ?)
			ON CONFLICT (shard, seq) DO UPDATE SET at = excluded.at, body = excluded.body`, l.Shard, seq, body).Error; err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM snapshots WHERE shard = ? AND seq NOT IN
			(SELECT seq FROM snapshots WHERE shard = ? ORDER BY seq DESC LIMIT ?)`, l.Shard, l.Shard, keepSnapshots).Error
	})
	if err == nil && j.db.dialect == Postgres {
		err = j.preparePartitions(ctx, l.Shard)
	}
	if err != nil {
		return fmt.Errorf("save snapshot %d of shard %s: %w", seq, l.Shard, err)
	}
	return nil
}

// Quarantine implements [journal.Store]. The event's timeline entries, if it has left any, stay: they were shown to people.
func (j *Journal) Quarantine(ctx context.Context, l journal.Lease, row journal.Row, reason string) error {
	err := j.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := fence(tx, l); err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO quarantine (shard, seq, at, kind, tenant, call, body, reason, put_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			l.Shard, row.Seq, micros(row.At), clean(row.Kind), clean(string(row.Tenant)), clean(string(row.Call)), string(row.Body),
			clean(reason), micros(now())).Error; err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM journal WHERE shard = ? AND seq = ?`, l.Shard, row.Seq).Error
	})
	if err != nil {
		return fmt.Errorf("quarantine event %d of shard %s: %w", row.Seq, l.Shard, err)
	}
	return nil
}

// QuarantinedEvent is an event that made the rules panic.
type QuarantinedEvent struct {
	journal.Row
	Shard  string
	Reason string // text of the panic
	PutAt  time.Time
}

// Quarantined lists the newest quarantined events of a shard, newest first.
func (j *Journal) Quarantined(ctx context.Context, shard string, limit int) ([]QuarantinedEvent, error) {
	var rows []struct {
		journalRow
		Reason string
		PutAt  int64
	}
	err := j.db.read.WithContext(ctx).Raw(`SELECT seq, at, kind, tenant, call, body, reason, put_at FROM quarantine
		WHERE shard = ? ORDER BY id DESC LIMIT ?`, shard, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list quarantine of shard %s: %w", shard, err)
	}
	out := make([]QuarantinedEvent, len(rows))
	for i, r := range rows {
		out[i] = QuarantinedEvent{Row: r.row(), Shard: shard, Reason: r.Reason, PutAt: fromMicros(r.PutAt)}
	}
	return out, nil
}

// Prune implements [journal.Store]. It prunes the timeline too, as far as all projections have read it.
func (j *Journal) Prune(ctx context.Context, shard string, before time.Time) (int64, error) {
	var removed int64
	err := j.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		res := tx.Exec(`DELETE FROM journal WHERE shard = ? AND at < ? AND seq <= (SELECT max(seq) FROM snapshots WHERE shard = ?)`,
			shard, micros(before), shard)
		removed = res.RowsAffected
		if res.Error != nil {
			return res.Error
		}
		return tx.Exec(`DELETE FROM timeline WHERE shard = ? AND at < ? AND seq <= (SELECT min(seq) FROM cursors WHERE shard = ?)`,
			shard, micros(before), shard).Error
	})
	if err == nil && j.db.dialect == Postgres {
		err = j.dropPartitions(ctx)
	}
	if err != nil {
		return removed, fmt.Errorf("prune shard %s: %w", shard, err)
	}
	return removed, nil
}

// TimelineAfter gives a shard's timeline entries behind the event seq, in order: those of whole events, about limit of them.
func (j *Journal) TimelineAfter(ctx context.Context, shard string, seq uint64, limit int) ([]journal.Timeline, error) {
	return timelineAfter(j.db.read.WithContext(ctx), shard, seq, limit)
}

type leaseRow struct {
	Shard, Owner string
	Epoch, Until int64
}

func (r leaseRow) lease() journal.Lease {
	return journal.Lease{Shard: r.Shard, Owner: r.Owner, Epoch: r.Epoch, Until: fromMicros(r.Until)}
}

type journalRow struct {
	Seq                uint64
	At                 int64
	Kind, Tenant, Call string
	Body               string
}

func (r journalRow) row() journal.Row {
	return journal.Row{
		Seq: r.Seq, At: fromMicros(r.At), Kind: r.Kind, Tenant: core.TenantID(r.Tenant), Call: core.CallID(r.Call), Body: []byte(r.Body),
	}
}
