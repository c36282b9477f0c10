package models

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	sqlite "github.com/glebarez/go-sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Projector makes the records that people look up, and the jobs that follow from calls, out of the timelines of all shards.
//
// It reads by cursor. What it makes of a piece of the timeline and the cursor behind that piece are one transaction, so that a crash at
// any point loses nothing and doubles nothing. Several processes may run one: each piece counts for the one that moves the cursor past it.
//
// What a piece says about one leg, state or recording is folded in memory, and each table is written with one statement (recordsFold): the
// database's answers, not its work, are what takes our processor's time.
//
// A piece that cannot be written because of what is in it (not because the database is away) would hold up everything behind it for ever. It is
// tried again event by event; the one event that fails is skipped, with an alert.
type Projector struct {
	db     *DB
	log    *slog.Logger
	wake   chan struct{}
	onJobs func()
}

// recordsProjection names the cursor of the one projection that there is.
const recordsProjection = "records"

const (
	projectBatch = 500 // entries in one transaction: on SQLite the log waits for it
	projectEvery = time.Second
	// projectRest is the pause after each time that something was projected. A busy shard wakes the projector with every event: one transaction for each would cost
	// the database, and us, more than the calls themselves. So what comes in the meantime is projected together.
	projectRest = 400 * time.Millisecond
)

// NewProjector makes a projector. onJobs is called after jobs have been added; it must not block.
func (db *DB) NewProjector(log *slog.Logger, onJobs func()) *Projector {
	if onJobs == nil {
		onJobs = func() {}
	}
	return &Projector{db: db, log: log, wake: make(chan struct{}, 1), onJobs: onJobs}
}

// Wake says that there is something new in a timeline. It never blocks, and may be called too often or not at all: the projector looks by
// itself every second.
func (p *Projector) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run projects until ctx ends.
func (p *Projector) Run(ctx context.Context) {
	ticker := time.NewTicker(projectEvery)
	defer ticker.Stop()
	for {
		if err := p.CatchUp(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("projecting the timeline", "error", err)
		}
		rested := time.NewTimer(projectRest)
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-ticker.C:
		}
		select { // over long ago, unless the shard is busy
		case <-ctx.Done():
		case <-rested.C:
		}
		rested.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// CatchUp projects all that is in the timelines when it is called.
func (p *Projector) CatchUp(ctx context.Context) error {
	var shards []string
	if err := p.db.read.WithContext(ctx).Raw(`SELECT shard FROM leases ORDER BY shard`).Scan(&shards).Error; err != nil {
		return fmt.Errorf("list shards: %w", err)
	}
	var failed error
	for _, shard := range shards {
		for {
			more, err := p.step(ctx, shard, projectBatch)
			if poisoned(err) {
				more, err = p.oneByOne(ctx, shard)
			}
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("shard %s: %w", shard, err))
			}
			if err != nil || !more {
				break
			}
		}
	}
	return failed
}

// oneByOne gets past a piece of the timeline that holds an event which cannot be written.
func (p *Projector) oneByOne(ctx context.Context, shard string) (more bool, err error) {
	for range projectBatch {
		more, err = p.step(ctx, shard, 1)
		if poisoned(err) {
			p.log.Error("a timeline entry cannot be recorded and is skipped", "shard", shard, "error", err)
			more, err = p.skip(ctx, shard, err)
		}
		if err != nil || !more {
			break
		}
	}
	return more, err
}

// step projects about limit entries. more says that there may be some left.
func (p *Projector) step(ctx context.Context, shard string, limit int) (more bool, err error) {
	var jobs int
	more, err = p.advance(ctx, shard, limit, func(tx session, piece timelinePiece) error {
		fold := newRecordsFold(shard)
		if err := fold.load(ctx, tx, piece.lines); err != nil {
			return err
		}
		if err := fold.apply(piece.lines); err != nil {
			return err
		}
		jobs = len(fold.jobs)
		return fold.write(ctx, tx)
	})
	if err == nil && jobs > 0 {
		p.onJobs()
	}
	return more, err
}

// skip moves the cursor past one event and alerts.
func (p *Projector) skip(ctx context.Context, shard string, cause error) (more bool, err error) {
	return p.advance(ctx, shard, 1, func(tx session, piece timelinePiece) error {
		e := &piece.lines[0]
		return tx.insert(ctx, alertRows([]Alert{{
			ID: fmt.Sprintf("projection:%s:%d", shard, e.Seq), At: now(), Tenant: e.Entry.Tenant, Reason: AlertEntrySkipped, Call: e.Entry.Call, Text: cause.Error(),
		}}))
	})
}

// errOvertaken says that another projector has moved the cursor in the meantime.
var errOvertaken = errors.New("another projector was faster")

// advance runs f over the next lines and moves the cursor behind them, in one transaction. f is not called when there are none.
//
// The lines are read and decoded before the transaction, which on SQLite holds up the log. That is safe because moving the cursor, which comes first and
// locks it, succeeds only from where they were read.
func (p *Projector) advance(ctx context.Context, shard string, limit int, f func(tx session, piece timelinePiece) error) (more bool, err error) {
	piece, err := p.db.timelineBehindCursor(ctx, shard, limit)
	if err != nil || len(piece.lines) == 0 {
		return false, err
	}
	err = p.db.transaction(ctx, func(tx session) error {
		last := piece.lines[len(piece.lines)-1].Seq
		res, err := tx.ExecContext(ctx, `INSERT INTO cursors (projection, shard, seq) VALUES ($1, $2, $3)
			ON CONFLICT (projection, shard) DO UPDATE SET seq = excluded.seq WHERE cursors.seq = $4`, recordsProjection, shard, last, piece.behind)
		if err != nil {
			return fmt.Errorf("move cursor: %w", err)
		}
		switch moved, err := res.RowsAffected(); {
		case err != nil:
			return fmt.Errorf("move cursor: %w", err)
		case moved == 0:
			return errOvertaken
		}
		return f(tx, piece)
	})
	if errors.Is(err, errOvertaken) {
		return true, nil
	}
	return piece.more, err
}

// poisoned reports whether an error is about the data: trying again would give it again.
func poisoned(err error) bool {
	if code := pgCode(err); len(code) == 5 {
		class := code[:2]
		return class == "22" || class == "23" // data exception, integrity constraint
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}
