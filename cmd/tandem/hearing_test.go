package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// music is the tones of which hold music consists, the same on every switch; musicTone stands for it.
var (
	music     = asterisk.MusicTones(asterisk.MusicDefault)
	musicTone = music[0]
)

// longestGap is how long a break in what somebody hears may be: five packets. The phones speak and listen in this very process; where it was kept from
// running for longer itself, they cannot have spoken.
const longestGap = 100 * time.Millisecond

// pulse notices when this process is kept from running.
type pulse struct {
	mu     sync.Mutex
	stalls []stall
}

type stall struct {
	at     time.Time
	length time.Duration
}

var heartbeat pulse

// start lets the pulse beat until stop is called.
func (p *pulse) start() (stop func()) {
	const beat = 10 * time.Millisecond
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(beat)
		defer ticker.Stop()
		for last := time.Now(); ; {
			select {
			case <-quit:
				return
			case <-ticker.C:
			}
			now := time.Now()
			if late := now.Sub(last) - beat; late > 2*beat {
				p.mu.Lock()
				p.stalls = append(p.stalls, stall{now, late})
				p.mu.Unlock()
			}
			last = now
		}
	}()
	return func() { close(quit); <-done }
}

// worst is the longest time since a moment for which this process did not run.
func (p *pulse) worst(since time.Time) (worst time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stalls {
		if s.at.After(since) {
			worst = max(worst, s.length)
		}
	}
	return worst
}

// heard holds that a tone was heard since a moment without a break.
func heard(t *testing.T, who string, c *softphone.Call, hz float64, since time.Time) {
	t.Helper()
	gap, err := c.Ear().LongestWithout(hz, since, time.Now().Add(-longestGap))
	require.NoError(t, err)
	stalled := heartbeat.worst(since)
	if gap > longestGap && gap <= longestGap+stalled {
		t.Logf("%s did not hear %g Hz for %s, while this process was kept from running for %s", who, hz, gap, stalled)
		return
	}
	if gap > longestGap {
		var history strings.Builder
		for _, h := range c.Ear().History() {
			fmt.Fprintf(&history, "%6.2f s: %s; ", h.At.Sub(since).Seconds(), h)
		}
		require.Fail(t, "a break", "%s did not hear %g Hz for %s; this process was kept from running for %s; until now, at %.2f s: %s", who, hz, gap, stalled,
			time.Since(since).Seconds(), history.String())
	}
}
