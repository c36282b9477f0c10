package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter allows each key so many requests a second with a burst of twice as many. It forgets keys that have been quiet long enough
// to have their full burst again, so that its size is bounded by the traffic of a minute.
type limiter struct {
	perSecond float64
	now       func() time.Time

	mu    sync.Mutex
	keys  map[string]*allowance
	swept time.Time
}

type allowance struct {
	*rate.Limiter
	last time.Time
}

func newLimiter(perSecond float64, now func() time.Time) *limiter {
	return &limiter{perSecond: perSecond, now: now, keys: map[string]*allowance{}}
}

// wait reports how long the key has to wait for one more request; 0 = it has it now.
func (l *limiter) wait(key string) time.Duration {
	if l.perSecond <= 0 {
		return 0
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > time.Minute {
		l.swept = now
		for k, a := range l.keys {
			if now.Sub(a.last) > time.Minute {
				delete(l.keys, k)
			}
		}
	}
	a := l.keys[key]
	if a == nil {
		a = &allowance{Limiter: rate.NewLimiter(rate.Limit(l.perSecond), int(2*l.perSecond)+1)}
		l.keys[key] = a
	}
	a.last = now
	r := a.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now) // who is refused has not used anything up
	}
	return wait
}
