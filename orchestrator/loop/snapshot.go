package loop

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/journal"
)

const (
	// saveShare bounds what writing the shard down costs the loop: it rests so many times as long as the last one took.
	saveShare = 50
	// pruneEvery is the pause between two prunings of the log.
	pruneEvery = 10 * time.Minute
)

// saveSoon makes the next turn write the shard down.
func (t *term) saveSoon() { t.unsaved = max(t.unsaved, t.cfg.SnapshotEvery) }

// saveIfDue writes the shard down in this goroutine, which is the only one that may read it, and saves it in another. One at a time: while
// one is being saved, or while the loop rests from the last, the log just grows.
func (t *term) saveIfDue() {
	if t.unsaved < t.cfg.SnapshotEvery || t.cfg.Clock.Elapsed() < t.nextSave {
		return
	}
	if t.saving != nil {
		if !isClosed(t.saving) {
			return
		}
	}
	body, ok := t.marshal()
	t.unsaved = 0
	if !ok {
		return
	}
	seq, saving := t.seq, make(chan struct{})
	t.saving = saving
	t.bg.Go(func() {
		defer close(saving)
		t.save(t.ctx, seq, body)
		t.prune()
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// marshal writes the shard down.
func (t *term) marshal() ([]byte, bool) {
	start := t.cfg.Clock.Elapsed()
	body, err := t.rules.Marshal()
	took := t.cfg.Clock.Elapsed() - start
	t.nextSave = t.cfg.Clock.Elapsed() + saveShare*took
	if err != nil {
		t.cfg.Metrics.snapshots.WithLabelValues("unwritable").Inc()
		t.log.Error("the shard cannot be written down", "seq", t.seq, "error", err)
		return nil, false
	}
	t.cfg.Metrics.snapshotTime.WithLabelValues("marshal").Observe(took.Seconds())
	return body, true
}

// save keeps a snapshot. A failure costs nothing but a longer recovery; the next snapshot comes anyway.
func (t *term) save(ctx context.Context, seq uint64, body []byte) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.StoreTimeout)
	defer cancel()
	start := t.cfg.Clock.Elapsed()
	err := t.cfg.Store.SaveSnapshot(ctx, *t.lease.Load(), seq, body)
	if err != nil {
		t.cfg.Metrics.snapshots.WithLabelValues("failed").Inc()
		if errors.Is(err, journal.ErrFenced) {
			t.lose(err)
			return
		}
		t.log.Warn("a snapshot could not be saved; recovery will take longer", "seq", seq, "error", err)
		return
	}
	t.cfg.Metrics.snapshots.WithLabelValues("saved").Inc()
	t.cfg.Metrics.snapshotBytes.Set(float64(len(body)))
	t.cfg.Metrics.snapshotTime.WithLabelValues("save").Observe((t.cfg.Clock.Elapsed() - start).Seconds())
	t.log.Debug("snapshot saved", "seq", seq, "bytes", len(body))
}

// saveLast writes the shard down at the end of an orderly term, if the log has grown since the last time.
func (t *term) saveLast() {
	if t.saving != nil {
		<-t.saving
	}
	if t.unsaved == 0 {
		return
	}
	if body, ok := t.marshal(); ok {
		t.save(t.ctx, t.seq, body)
	}
}

// prune removes what recovery needs no more and has been kept long enough.
func (t *term) prune() {
	now := t.cfg.Clock.Elapsed()
	if t.cfg.Retention < 0 || now < t.nextPrune {
		return
	}
	t.nextPrune = now + pruneEvery
	ctx, cancel := context.WithTimeout(t.ctx, t.cfg.StoreTimeout)
	defer cancel()
	n, err := t.cfg.Store.Prune(ctx, t.cfg.Shard, t.cfg.Clock.Now().Add(-t.cfg.Retention))
	if err != nil {
		t.log.Warn("the log could not be pruned", "error", err)
		return
	}
	if n > 0 {
		t.log.Info("log pruned", "rows", n)
	}
}
