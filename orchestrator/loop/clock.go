package loop

import (
	"sync"
	"time"
)

// Clock is the time as the loop sees it. Tests bring their own.
type Clock interface {
	// Now is the time of day. It may jump either way.
	Now() time.Time
	// Elapsed is the time since some fixed moment. It never jumps and never stands still.
	Elapsed() time.Duration
	// NewTimer fires once after d of Elapsed time.
	NewTimer(d time.Duration) Timer
}

// Timer is a [time.Timer] with its channel behind a method. Stop and Reset leave no stale firing behind.
type Timer interface {
	C() <-chan time.Time
	Stop() bool
	Reset(d time.Duration) bool
}

// SystemClock is the clock of the machine.
func SystemClock() Clock { return systemClock{start: time.Now()} }

type systemClock struct{ start time.Time }

func (systemClock) Now() time.Time                 { return time.Now() }
func (c systemClock) Elapsed() time.Duration       { return time.Since(c.start) }
func (systemClock) NewTimer(d time.Duration) Timer { return systemTimer{time.NewTimer(d)} }

type systemTimer struct{ t *time.Timer }

func (t systemTimer) C() <-chan time.Time        { return t.t.C }
func (t systemTimer) Stop() bool                 { return t.t.Stop() }
func (t systemTimer) Reset(d time.Duration) bool { return t.t.Reset(d) }

// shardTime makes the times of events: UTC, whole microseconds, never going back. When the clock is set back, time neither
// jumps nor stands still until the clock has caught up, for a ringing phone must still time out: it goes on an eighth slower than real
// time. When the clock jumps forward, time jumps along: deadlines have really passed (a suspended machine).
//
// It is safe for concurrent use: facts get their time when they arrive.
type shardTime struct {
	clock Clock

	mu      sync.Mutex
	last    time.Time     // given out last
	elapsed time.Duration // of the clock, when last was moved on
}

func newShardTime(clock Clock) *shardTime {
	return &shardTime{clock: clock, elapsed: clock.Elapsed()}
}

// atLeast makes sure that no time before at is given out: of a recovered log, whose writer's clock may have been ahead of ours.
func (t *shardTime) atLeast(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.After(t.last) {
		t.last, t.elapsed = at, t.clock.Elapsed()
	}
}

func (t *shardTime) now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	wall := t.clock.Now().UTC().Truncate(time.Microsecond)
	elapsed := t.clock.Elapsed()
	if wall.After(t.last) {
		t.last, t.elapsed = wall, elapsed
		return t.last
	}
	// What is less than a microsecond stays in elapsed for the next time; a busy loop would otherwise stand still.
	if step := (elapsed - t.elapsed) * 7 / 8; step >= time.Microsecond {
		t.last, t.elapsed = t.last.Add(step.Truncate(time.Microsecond)), elapsed
	}
	return t.last
}
