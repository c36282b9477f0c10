package loop

import (
	"context"
	"sync"
	"time"
)

// window is the time in which this process may act on the switches.
//
// The database gives the lease to another owner when, by the database's clock, it has run out. We cannot see that clock, but we know
// that the lease was granted after our request left, so by our own monotonic clock it holds at least until request + TTL. Less a margin,
// that is how long we act without asking. Appends need no window: the log is their fence. A switch has none.
type window struct {
	clock Clock

	mu     sync.Mutex
	until  time.Duration // of clock.Elapsed
	opened chan struct{} // closed when until moves on
}

func newWindow(clock Clock, until time.Duration) *window {
	return &window{clock: clock, until: until, opened: make(chan struct{})}
}

// extend moves the window's end on.
func (w *window) extend(until time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if until <= w.until {
		return
	}
	w.until = until
	close(w.opened)
	w.opened = make(chan struct{})
}

// left is how much of the window is left; zero or less means shut.
func (w *window) left() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.until - w.clock.Elapsed()
}

// await waits until the window is open and says for how long it will be, or returns the context's error.
func (w *window) await(ctx context.Context) (time.Duration, error) {
	for {
		w.mu.Lock()
		left, opened := w.until-w.clock.Elapsed(), w.opened
		w.mu.Unlock()
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if left > 0 {
			return left, nil
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// wait lets d go by, or returns the context's error.
func wait(ctx context.Context, clock Clock, d time.Duration) error {
	timer := clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
