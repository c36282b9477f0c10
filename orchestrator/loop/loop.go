package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Loop runs one shard whenever this process owns it. Make one with [New]; then either Run it, or Start and Stop it. Its other methods
// are safe from any goroutine at any time.
type Loop struct {
	cfg  Config
	log  *slog.Logger
	feed *feed
	term atomic.Pointer[term] // while serving
	runs atomic.Bool

	mu      sync.Mutex
	phase   Phase
	changed chan struct{} // closed at the next change of phase

	stop context.CancelFunc // of what Start started
	done chan struct{}      // closed when it has ended
	err  error              // with which it ended
}

// Phase is what a loop is doing.
type Phase string

// The phases of a loop.
const (
	PhaseIdle       Phase = "idle"       // not started, or stopped
	PhaseStandby    Phase = "standby"    // waiting for the lease
	PhaseRecovering Phase = "recovering" // replaying the log
	PhaseServing    Phase = "serving"
	PhaseDegraded   Phase = "degraded" // serving, but the journal cannot be written: effects and answers wait
	PhaseStopping   Phase = "stopping"
)

// New checks the configuration. Nothing runs yet.
func New(cfg Config) (*Loop, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	return &Loop{
		cfg: cfg, log: cfg.Logger, feed: newFeed(cfg.FeedLength), phase: PhaseIdle, changed: make(chan struct{}),
	}, nil
}

// Phase is what the loop is doing now.
func (l *Loop) Phase() Phase {
	p, _ := l.PhaseChange()
	return p
}

// PhaseChange is what the loop is doing now, with a channel that is closed when it begins to do something else.
func (l *Loop) PhaseChange() (Phase, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phase, l.changed
}

// Serving waits until the loop takes requests, or returns the context's error.
func (l *Loop) Serving(ctx context.Context) error {
	for {
		p, changed := l.PhaseChange()
		if p == PhaseServing || p == PhaseDegraded {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Loop) enter(p Phase) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == p {
		return
	}
	l.phase = p
	close(l.changed)
	l.changed = make(chan struct{})
}

// Run waits for the shard, serves it, and returns when ctx ends (nil), when the shard is lost ([journal.ErrFenced], unless
// Config.Standby has it wait for its next turn), or when the log cannot be used (an error that names the row). Everything it started has
// ended when it returns. It may be called again, not twice at once.
func (l *Loop) Run(ctx context.Context) error {
	if !l.runs.CompareAndSwap(false, true) {
		return errors.New("loop: running already")
	}
	defer l.runs.Store(false)
	defer l.enter(PhaseIdle)
	for {
		l.enter(PhaseStandby)
		lease, window, err := l.acquire(ctx)
		if err != nil {
			return nil // acquire gives up only because ctx ended
		}
		err = l.serve(ctx, lease, window)
		switch {
		case errors.Is(err, journal.ErrFenced):
			l.cfg.Metrics.fenced.Inc()
			l.log.Error("another process has taken the shard over; all effects are dropped", "epoch", lease.Epoch)
			if l.cfg.Standby {
				continue
			}
			return err
		case errors.Is(err, ErrStopped):
			return nil
		default:
			return err
		}
	}
}

// Start runs the loop in the background until Stop, or until ctx ends.
func (l *Loop) Start(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done != nil {
		return errors.New("loop: started already")
	}
	ctx, l.stop = context.WithCancel(ctx)
	done := make(chan struct{})
	l.done = done
	go func() {
		err := l.Run(ctx)
		l.mu.Lock()
		l.err = err
		l.mu.Unlock()
		close(done)
	}()
	return nil
}

// Done is closed when what Start started has ended, by itself or by Stop. It is nil before Start.
func (l *Loop) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done
}

// Stop ends what Start started and waits for it. The shard stays as it is: calls go on at the switches, and the next owner finds
// them. It returns what Run returned.
func (l *Loop) Stop() error {
	l.mu.Lock()
	stop, done := l.stop, l.done
	l.mu.Unlock()
	if done == nil {
		return nil
	}
	stop()
	<-done
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop, l.done = nil, nil
	return l.err
}

// serving is the term that takes requests.
func (l *Loop) serving() (*term, error) {
	if t := l.term.Load(); t != nil {
		return t, nil
	}
	if l.Phase() == PhaseIdle {
		return nil, ErrStopped
	}
	return nil, ErrStandby
}

// serve is one term, from recovery to the end.
func (l *Loop) serve(ctx context.Context, lease journal.Lease, w *window) error {
	l.enter(PhaseRecovering)
	t := newTerm(ctx, l, lease, w)
	err := t.begin() //nolint:contextcheck // a term has two contexts of its own: the wish to stop, and the right to act
	if err == nil {
		l.term.Store(t)
		l.enter(PhaseServing)
		err = t.turns() //nolint:contextcheck // a term has two contexts of its own: the wish to stop, and the right to act
		l.term.Store(nil)
	}
	l.enter(PhaseStopping)
	t.end(err) //nolint:contextcheck // a term has two contexts of its own: the wish to stop, and the right to act
	if err != nil {
		return fmt.Errorf("serve shard %s: %w", l.cfg.Shard, err)
	}
	return nil
}
