package enginetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// entry is one thing that the engine or the scenario has said, in the order of saying.
type entry struct {
	at   time.Time
	fact core.Fact   // nil if it is an order
	do   core.Effect // noted just before it is given
}

// recorder is the sink of a scenario: it keeps all facts, and the orders among them, and lets others wait for facts past and future.
type recorder struct {
	mu      sync.Mutex
	log     []entry
	changed chan struct{}
	gate    chan struct{} // not nil: Fact blocks until it is closed
}

func newRecorder() *recorder { return &recorder{changed: make(chan struct{})} }

// Fact implements engine.Sink.
func (r *recorder) Fact(f core.Fact) {
	r.mu.Lock()
	gate := r.gate
	r.mu.Unlock()
	if gate != nil {
		<-gate
	}
	r.add(entry{at: time.Now(), fact: f})
}

// ordered notes an order. It is called before the order is given, so that no fact of it can come earlier.
func (r *recorder) ordered(e core.Effect) { r.add(entry{at: time.Now(), do: e}) }

func (r *recorder) add(e entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, e)
	close(r.changed)
	r.changed = make(chan struct{})
}

// block makes the sink stop taking facts until the returned function is called.
func (r *recorder) block() (release func()) {
	gate := make(chan struct{})
	r.mu.Lock()
	r.gate = gate
	r.mu.Unlock()
	return sync.OnceFunc(func() {
		r.mu.Lock()
		r.gate = nil
		r.mu.Unlock()
		close(gate)
	})
}

// mark is the place behind everything said so far.
func (r *recorder) mark() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.log)
}

// entries is everything said so far.
func (r *recorder) entries() []entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log[:len(r.log):len(r.log)]
}

// await waits for a fact behind the place from for which match holds, and gives it with the place behind it.
func (r *recorder) await(ctx context.Context, from int, match func(core.Fact) bool) (core.Fact, int, error) {
	for {
		r.mu.Lock()
		log, changed := r.log, r.changed
		r.mu.Unlock()
		for ; from < len(log); from++ {
			if f := log[from].fact; f != nil && match(f) {
				return f, from + 1, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, from, ctx.Err()
		case <-changed:
		}
	}
}

// String is the log for a failed test, newest lines last.
func (r *recorder) String() string {
	log := r.entries()
	const most = 400
	var b strings.Builder
	if len(log) > most {
		fmt.Fprintf(&b, "… %d lines left out\n", len(log)-most)
		log = log[len(log)-most:]
	}
	for _, e := range log {
		if e.fact == nil {
			fmt.Fprintf(&b, "%s  do   %s %+v\n", e.at.Format("05.000"), e.do.Do.Name(), e.do.Do)
			continue
		}
		fmt.Fprintf(&b, "%s  fact %s %+v\n", e.at.Format("05.000"), e.fact.Kind(), e.fact)
	}
	return b.String()
}
