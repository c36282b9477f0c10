package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Stalls notes when somebody was kept from running, on a machine that has too much to do. Phones speak and listen in the test's process, and the switch passes on what they say: where
// either was kept from running, nothing can have been heard.
type Stalls struct {
	mu    sync.Mutex
	noted []stall
}

type stall struct {
	at     time.Time
	length time.Duration
}

// StallsForTest looks, until the test ends, after how this process fares and the threads of a switch. longest is for how long either was kept from running since a moment, at worst.
func StallsForTest(tb testing.TB, s interface{ PID() int }) (longest func(since time.Time) time.Duration) {
	tb.Helper()
	var here, there Stalls
	tb.Cleanup(here.Beat())
	tb.Cleanup(there.Watch(s.PID))
	return func(since time.Time) time.Duration { return here.Worst(since) + there.Worst(since) }
}

func (s *Stalls) note(at time.Time, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted = append(s.noted, stall{at, length})
}

// Worst is the longest since a moment; 0 where nobody has looked.
func (s *Stalls) Worst(since time.Time) (worst time.Duration) {
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

// Beat notices when this process is kept from running, until stop is called.
func (s *Stalls) Beat() (stop func()) {
	const beat = 10 * time.Millisecond
	last := time.Now()
	return every(beat, func(now time.Time) {
		if late := now.Sub(last) - beat; late > 2*beat {
			s.note(now, late)
		}
		last = now
	})
}

// Watch notices when the threads of a process are kept waiting for a core, until stop is called. pid may be another one each time, and 0.
func (s *Stalls) Watch(pid func() int) (stop func()) {
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
