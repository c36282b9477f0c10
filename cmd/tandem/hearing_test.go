package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
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

// longestGap is how long a break in what somebody hears may be: about a syllable. What these tests look for, a conversation or music that ends with what failed, lasts for seconds; on a
// machine that is busy with a browser and two switches a few packets come late all the same. The phones speak and listen in this very process, and the switch passes on what they say:
// where either was kept from running for longer itself, nothing can have been heard.
const longestGap = 250 * time.Millisecond

// stalls notes when somebody was kept from running.
type stalls struct {
	mu    sync.Mutex
	noted []stall
}

type stall struct {
	at     time.Time
	length time.Duration
}

func (s *stalls) note(at time.Time, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted = append(s.noted, stall{at, length})
}

// worst is the longest since a moment; 0 where nobody has looked.
func (s *stalls) worst(since time.Time) (worst time.Duration) {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.noted {
		if n.at.After(since) {
			worst = max(worst, n.length)
		}
	}
	return worst
}

// heartbeat is of this process.
var heartbeat stalls

// beat notices when this process is kept from running, until stop is called.
func (s *stalls) beat() (stop func()) {
	const beat = 10 * time.Millisecond
	last := time.Now()
	return every(beat, func(now time.Time) {
		if late := now.Sub(last) - beat; late > 2*beat {
			s.note(now, late)
		}
		last = now
	})
}

// watch notices when the threads of a process are kept waiting for a core, until stop is called. pid may be another one each time, and 0.
func (s *stalls) watch(pid func() int) (stop func()) {
	const step = 200 * time.Millisecond
	var before, last map[string]time.Duration
	return every(step, func(now time.Time) {
		these := waited(pid())
		worst := time.Duration(0)
		for thread, w := range these { // over two steps, because a wait does not begin with one
			worst = max(worst, w-before[thread])
		}
		if before != nil && worst > 20*time.Millisecond {
			s.note(now, worst)
		}
		before, last = last, these
	})
}

// waited is for how long each thread of a process has waited for a core so far: what proc_pid_schedstat(5) calls the run delay. It is empty where the kernel does not tell.
func waited(pid int) map[string]time.Duration {
	out := map[string]time.Duration{}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // an error is of the pattern
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has ended
		}
		if fields := strings.Fields(string(text)); len(fields) > 1 {
			ns, _ := strconv.ParseInt(fields[1], 10, 64) // the kernel writes a number
			out[f] = time.Duration(ns)
		}
	}
	return out
}

// every does something at each step until stop is called, which waits.
func every(step time.Duration, do func(now time.Time)) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(step)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
				do(time.Now())
			}
		}
	}()
	return func() { close(quit); <-done }
}

// heard holds that a tone was heard since a moment without a break.
func (s *stack) heard(who string, c *softphone.Call, hz float64, since time.Time) {
	t := s.t
	t.Helper()
	gap, err := c.Ear().LongestWithout(hz, since, time.Now().Add(-longestGap))
	require.NoError(t, err)
	if gap <= longestGap {
		return
	}
	here, there := heartbeat.worst(since), time.Duration(0)
	for _, x := range s.switches {
		there = max(there, x.starved.worst(since))
	}
	kept := fmt.Sprintf("this process was kept from running for %s, and the switch for %s", here, there)
	if gap <= longestGap+here+there {
		t.Logf("%s did not hear %g Hz for %s, while %s", who, hz, gap, kept)
		return
	}
	var history strings.Builder
	for _, h := range c.Ear().History() {
		fmt.Fprintf(&history, "%6.2f s: %s; ", h.At.Sub(since).Seconds(), h)
	}
	require.Fail(t, "a break", "%s did not hear %g Hz for %s; %s; until now, at %.2f s: %s", who, hz, gap, kept, time.Since(since).Seconds(), history.String())
}
