package esl

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A pacer keeps our dials below the number of sessions that the switch lets begin in one second, because what comes above it fails as
// if the phone were out of order. Arriving calls count, too. It is a bucket that fills at the rate and holds a fifth of a second's
// worth, so that no second has more than six fifths of the rate.
type pacer struct {
	mu   sync.Mutex
	rate float64 // per second; 0 = no limit
	have float64
	at   time.Time
}

// paceOf is the rate that fits a switch's limit of sessions in one second; 0 = none. The session that reaches the limit fails, and a switch that is busy
// counts long seconds.
func paceOf(limit float64) float64 { return max(0, 0.7*(limit-1)) }

// set changes the rate.
func (p *pacer) set(perSecond float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate, p.have, p.at = perSecond, p.room(perSecond), time.Now()
}

func (p *pacer) room(rate float64) float64 { return max(1, rate/5) }

// fill adds what has come in since. The caller holds mu.
func (p *pacer) fill() {
	now := time.Now()
	p.have = min(p.room(p.rate), p.have+p.rate*now.Sub(p.at).Seconds())
	p.at = now
}

// arrived counts a session that began without us.
func (p *pacer) arrived() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rate > 0 {
		p.fill()
		p.have = max(p.have-1, -p.rate)
	}
}

// wait takes a place, waiting for it if need be. The error is ctx's.
func (p *pacer) wait(ctx context.Context) error {
	p.mu.Lock()
	if p.rate <= 0 {
		p.mu.Unlock()
		return nil
	}
	p.fill()
	p.have--
	pause := time.Duration(-p.have / p.rate * float64(time.Second))
	p.mu.Unlock()
	if pause <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		p.giveBack()
		return fmt.Errorf("wait %v: %w", pause.Round(time.Millisecond), context.DeadlineExceeded)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		p.giveBack()
		return ctx.Err()
	}
}

func (p *pacer) giveBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.have++
}
