package loop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// hopeless marks an error that repeating does not mend.
type hopeless struct{ error }

func (h hopeless) Unwrap() error { return h.error }

// persist repeats a call of the store until it succeeds, because the state in memory is ahead of the log until then: calls go on at
// the switches, facts wait in the inbox, effects and answers are held back. It gives up when another owner has
// taken over, when the error is hopeless, and, after a last try, when the loop is asked to stop. timeout limits one try; with zero only the wish to stop does.
func (t *term) persist(operation string, timeout time.Duration, op func(context.Context) error) error {
	pause, last := t.cfg.Backoff, false
	for {
		err := t.try(timeout, op)
		switch {
		case err == nil:
			t.degraded(false)
			return nil
		case errors.Is(err, journal.ErrFenced):
			t.lose(err)
			return err
		case t.ctx.Err() != nil:
			return context.Cause(t.ctx)
		case errors.As(err, new(hopeless)):
			return err
		case last:
			return fmt.Errorf("%w: cannot %s: %w", ErrStopped, operation, err)
		}
		t.cfg.Metrics.storeFailures.WithLabelValues(operation).Inc()
		t.log.Error("the journal does not work; trying again", "operation", operation, "error", err, "pause", pause)
		t.degraded(true)
		if wait(t.stop, t.cfg.Clock, pause) != nil {
			last = true
		}
		pause = min(2*pause, 40*t.cfg.Backoff)
	}
}

func (t *term) try(timeout time.Duration, op func(context.Context) error) error {
	if timeout > 0 {
		ctx, cancel := context.WithTimeout(t.ctx, timeout)
		defer cancel()
		return op(ctx)
	}
	// Without a limit of its own (a long log takes its time to read) the wish to stop interrupts it.
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	defer context.AfterFunc(t.stop, cancel)()
	return op(ctx)
}

// degraded shows whether the journal works.
func (t *term) degraded(is bool) {
	if t.isDegraded == is {
		return
	}
	t.isDegraded = is
	if is {
		t.cfg.Metrics.degraded.Set(1)
		if t.loop.Phase() == PhaseServing {
			t.loop.enter(PhaseDegraded)
		}
		return
	}
	t.cfg.Metrics.degraded.Set(0)
	t.log.Info("the journal works again")
	if t.loop.Phase() == PhaseDegraded {
		t.loop.enter(PhaseServing)
	}
}

// append makes a batch durable.
//
// A try that failed may have been committed all the same: the connection broke between the commit and its confirmation. The repetition then
// finds its sequence numbers taken, by itself. So a fence met after a failed try is looked at more closely before it is believed.
func (t *term) append(rows []journal.Row, timeline []journal.Timeline) error {
	start, uncertain := time.Now(), false
	err := t.persist("append", t.cfg.StoreTimeout, func(ctx context.Context) error {
		err := t.cfg.Store.Append(ctx, *t.lease.Load(), rows, timeline)
		if errors.Is(err, journal.ErrFenced) && uncertain {
			return t.confirm(ctx, rows[len(rows)-1], err)
		}
		uncertain = err != nil
		return err
	})
	if err != nil {
		return err
	}
	t.cfg.Metrics.appendSeconds.Observe(time.Since(start).Seconds())
	return nil
}

// confirm finds out whether the row in the log is the one that we tried to write: nil if so. Only an owner whose epoch is the newest can have
// written it; if that is still us, it was our own try.
func (t *term) confirm(ctx context.Context, ours journal.Row, fence error) error {
	if err := t.renew(ctx); err != nil {
		return err
	}
	_, _, tail, err := t.cfg.Store.Load(ctx, t.cfg.Shard)
	if err != nil {
		return fmt.Errorf("load to confirm a batch: %w", err)
	}
	for row, err := range tail {
		if err != nil {
			return fmt.Errorf("read to confirm a batch: %w", err)
		}
		if row.Seq != ours.Seq {
			continue
		}
		if row.Kind == ours.Kind && row.Call == ours.Call && row.At.Equal(ours.At) {
			t.log.Info("a batch whose confirmation was lost is in the log", "seq", ours.Seq)
			return nil
		}
		break
	}
	return fence
}
