package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// On PostgreSQL journal and timeline are partitioned by sequence number, so that what is behind the snapshots goes by dropping
// tables and not by vacuuming millions of dead rows. A partition holds partitionRows sequence numbers, of all shards. Acquire and
// SaveSnapshot make the partitions that come next; Prune drops those that are empty and behind every shard.

// partitionRows is the number of sequence numbers in one partition: about an hour of a very large site, weeks of a small one.
const partitionRows = 1 << 22

func partitionOf(seq uint64) uint64 { return seq / partitionRows }

// partitionsOf lists the partitions that a batch needs, from first to last.
func partitionsOf(rows []journal.Row, timeline []journal.Timeline) (first, last uint64) {
	lo, hi := ^uint64(0), uint64(0)
	for _, r := range rows {
		lo, hi = min(lo, r.Seq), max(hi, r.Seq)
	}
	for _, t := range timeline {
		lo, hi = min(lo, t.Seq), max(hi, t.Seq)
	}
	return partitionOf(min(lo, hi)), partitionOf(hi)
}

// partitionLock serialises makers and droppers of partitions, in this and other processes.
const partitionLock = 7246531

// ensurePartitions makes the partitions first to last where they are missing.
func ensurePartitions(ctx context.Context, db *sql.DB, first, last uint64) error {
	return inPartitionLock(ctx, db, func(tx *sql.Tx) error {
		for n := first; n <= last; n++ {
			if err := makePartition(ctx, tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// makePartition makes one partition of both tables where it is missing.
func makePartition(ctx context.Context, tx *sql.Tx, n uint64) error {
	for _, table := range []string{"journal", "timeline"} {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`CREATE TABLE IF NOT EXISTS %s_p%d PARTITION OF %s FOR VALUES FROM (%d) TO (%d)`,
			table, n, table, n*partitionRows, (n+1)*partitionRows))
		if err != nil {
			return fmt.Errorf("make partition %d of %s: %w", n, table, err)
		}
	}
	return nil
}

// ensureBatchPartitions makes the partitions that a batch needs.
func ensureBatchPartitions(ctx context.Context, db *sql.DB, rows []journal.Row, timeline []journal.Timeline) error {
	first, last := partitionsOf(rows, timeline)
	return ensurePartitions(ctx, db, first, last)
}

// preparePartitions makes the partition that a shard writes to, and the next one.
func (j *Journal) preparePartitions(ctx context.Context, shard string) error {
	var newest int64
	err := j.db.rawW.QueryRowContext(ctx, `SELECT greatest(
		(SELECT coalesce(max(seq), 0) FROM journal WHERE shard = $1), (SELECT coalesce(max(seq), 0) FROM snapshots WHERE shard = $1))`, shard).Scan(&newest)
	if err != nil {
		return fmt.Errorf("find the end of shard %s: %w", shard, err)
	}
	n := partitionOf(uint64(newest))
	have, err := listPartitions(ctx, j.db.rawW)
	if err != nil {
		return err
	}
	if have["journal"][n] && have["journal"][n+1] {
		return nil // the usual case: no lock on the parent tables
	}
	return ensurePartitions(ctx, j.db.rawW, n, n+1)
}

// dropPartitions drops the empty partitions behind every shard. It gives up at once when an append holds the table: the next prune will do.
func (j *Journal) dropPartitions(ctx context.Context) error {
	return inPartitionLock(ctx, j.db.rawW, func(tx *sql.Tx) error {
		var oldest sql.NullInt64 // newest snapshot of the shard that is least far
		if err := tx.QueryRowContext(ctx, `SELECT min(newest) FROM
			(SELECT l.shard, coalesce(max(s.seq), 0) AS newest FROM leases l LEFT JOIN snapshots s USING (shard) GROUP BY l.shard) x`).Scan(&oldest); err != nil {
			return fmt.Errorf("find the oldest snapshot: %w", err)
		}
		have, err := listPartitions(ctx, tx)
		if err != nil {
			return err
		}
		for table, numbers := range have {
			for n := range numbers {
				if (n+1)*partitionRows > uint64(oldest.Int64) {
					continue
				}
				if err := dropIfEmpty(ctx, tx, table, n); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func dropIfEmpty(ctx context.Context, tx *sql.Tx, table string, n uint64) error {
	part := fmt.Sprintf("%s_p%d", table, n)
	var used bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+part+`)`).Scan(&used); err != nil {
		return fmt.Errorf("look into partition %s: %w", part, err)
	}
	if used {
		return nil
	}
	// In a savepoint: a lock that cannot be had must not undo the rest.
	if _, err := tx.ExecContext(ctx, `SAVEPOINT drop_one; SET LOCAL lock_timeout = '50ms'`); err != nil {
		return fmt.Errorf("begin to drop partition %s: %w", part, err)
	}
	_, err := tx.ExecContext(ctx, `DROP TABLE `+part)
	if pgCode(err) == pgLockNotAvailable {
		_, err = tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT drop_one`)
	}
	if err != nil {
		return fmt.Errorf("drop partition %s: %w", part, err)
	}
	return nil
}

const pgLockNotAvailable = "55P03"

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// listPartitions gives the numbers of the partitions of each table.
func listPartitions(ctx context.Context, q querier) (_ map[string]map[uint64]bool, err error) {
	rows, err := q.QueryContext(ctx, `SELECT parent.relname, part.relname FROM pg_inherits
		JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class part ON part.oid = inhrelid
		WHERE inhparent IN ('journal'::regclass, 'timeline'::regclass)`)
	if err != nil {
		return nil, fmt.Errorf("list partitions: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	have := map[string]map[uint64]bool{"journal": {}, "timeline": {}}
	for rows.Next() {
		var table, part string
		if err := rows.Scan(&table, &part); err != nil {
			return nil, fmt.Errorf("list partitions: %w", err)
		}
		if n, err := strconv.ParseUint(strings.TrimPrefix(part, table+"_p"), 10, 64); err == nil {
			have[table][n] = true
		}
	}
	return have, rows.Err()
}

// inPartitionLock runs f in a transaction that excludes all other makers and droppers of partitions.
func inPartitionLock(ctx context.Context, db *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if _, err = tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, partitionLock); err == nil {
		err = f(tx)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
