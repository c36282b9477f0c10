package loop

import (
	"cmp"
	"context"
	"fmt"
)

// rebuild makes the shard from the newest snapshot and the rows behind it, and returns how many rows those were. The effects
// of replayed events are thrown away: they were carried out, or reconciliation finds that they were not. A row that panics
// (a fault that came with a new version, or that was not yet taken out when the process ended) goes into quarantine, and the shard is made
// once more without it.
func (t *term) rebuild() (int, error) {
	for {
		var (
			n   int
			bad *breakage
		)
		err := t.persist("load", 0, func(ctx context.Context) (err error) {
			n, bad, err = t.replay(ctx)
			return err
		})
		if err != nil {
			return 0, err
		}
		if bad == nil {
			return n, nil
		}
		if err := t.quarantine(bad); err != nil {
			return 0, err
		}
	}
}

// replay is one try of rebuild. The rules are replaced only when all went well.
func (t *term) replay(ctx context.Context) (int, *breakage, error) {
	snapshot, seq, tail, err := t.cfg.Store.Load(ctx, t.cfg.Shard)
	if err != nil {
		return 0, nil, fmt.Errorf("load: %w", err)
	}
	r := t.cfg.rules.fresh(t.cfg.Shard, t.cfg.Seed)
	if snapshot != nil {
		if r, err = t.cfg.rules.restore(snapshot); err != nil {
			return 0, nil, hopeless{fmt.Errorf("restore the snapshot at %d: %w", seq, err)}
		}
	}
	var bad *breakage
	n := 0
	for row, err := range tail {
		if err != nil {
			return 0, nil, fmt.Errorf("read behind row %d: %w", seq, err)
		}
		if row.Seq <= seq {
			return 0, nil, hopeless{fmt.Errorf("row %d comes behind row %d", row.Seq, seq)}
		}
		if seq = row.Seq; bad != nil {
			continue // only to find the end of the log
		}
		ev, err := t.cfg.rules.decode(row.Kind, row.Body)
		if err != nil {
			// Written by a newer version, most likely. To leave it out would lose a call silently; to stop is what an operator can mend.
			return 0, nil, hopeless{fmt.Errorf("read row %d (%s): %w", row.Seq, row.Kind, err)}
		}
		t.now = laterOf(t.now, row.At)
		out, p := stepSafely(r, row.At, ev)
		if p != nil {
			at := r.Firing()
			row.Call = cmp.Or(row.Call, at.Call)
			bad = &breakage{row: row, of: about(ev).or(at), at: at, panic: p}
			continue
		}
		t.legs.follow(ev, out)
		n++
	}
	t.seq = max(t.seq, seq)
	if bad == nil {
		t.rules = r
	}
	return n, bad, nil
}
