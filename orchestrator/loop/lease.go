package loop

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// acquire waits for the shard's lease. It returns the window that goes with it.
func (l *Loop) acquire(ctx context.Context) (journal.Lease, *window, error) {
	pause := min(l.cfg.LeaseTTL/3, time.Second)
	for waiting := false; ; {
		sent := l.cfg.Clock.Elapsed()
		lease, err := acquireOnce(ctx, l.cfg)
		switch {
		case err == nil:
			l.log.Info("the shard is ours", "owner", lease.Owner, "epoch", lease.Epoch)
			return lease, newWindow(l.cfg.Clock, sent+l.cfg.LeaseTTL-l.cfg.LeaseMargin), nil
		case ctx.Err() != nil:
			return journal.Lease{}, nil, ctx.Err()
		case errors.Is(err, journal.ErrHeld):
			if !waiting {
				l.log.Info("another process owns the shard; standing by")
				waiting = true
			}
		default:
			l.log.Warn("cannot ask for the lease; will ask again", "error", err)
		}
		if err := wait(ctx, l.cfg.Clock, pause); err != nil {
			return journal.Lease{}, nil, err
		}
	}
}

func acquireOnce(ctx context.Context, cfg Config) (journal.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.StoreTimeout)
	defer cancel()
	return cfg.Store.Acquire(ctx, cfg.Shard, cfg.Owner, cfg.LeaseTTL)
}

// keepLease renews the lease until the term ends, and ends the term when it is lost.
func (t *term) keepLease(ctx context.Context) {
	ttl := t.cfg.LeaseTTL
	timer := t.cfg.Clock.NewTimer(ttl / 3)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
		}
		sent := t.cfg.Clock.Elapsed()
		err := t.renew(ctx)
		switch {
		case err == nil:
			t.window.extend(sent + ttl - t.cfg.LeaseMargin)
			timer.Reset(ttl / 3)
		case errors.Is(err, journal.ErrFenced):
			t.lose(err)
			return
		case ctx.Err() != nil:
			return
		default:
			t.cfg.Metrics.renewFailures.Inc()
			t.log.Warn("cannot renew the lease; will try again", "error", err, "window_left", t.window.left())
			timer.Reset(ttl / 15)
		}
	}
}

// renew prolongs the lease once.
func (t *term) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(t.cfg.StoreTimeout, t.cfg.LeaseTTL/2))
	defer cancel()
	lease, err := t.cfg.Store.Renew(ctx, *t.lease.Load(), t.cfg.LeaseTTL)
	if err != nil {
		return err
	}
	t.lease.Store(&lease)
	return nil
}
