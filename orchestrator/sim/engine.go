package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// Engine is a [Switch] behind the real clock: an [engine.Engine] with a world of callers and phones that a test moves by [Engine.World]. The switch lives on
// while nobody runs the engine, as a real one does while the control plane is away.
type Engine struct {
	id      core.EngineID
	latency time.Duration
	beat    time.Duration
	observe func(now time.Time, s *Switch)

	mu      sync.Mutex
	sw      *Switch
	running bool
	cut     bool          // the connection is held down by Disconnect
	backAt  time.Time     // the switch is restarting until then
	lookAt  time.Time     // next slow beat
	facts   []core.Fact   // popped, not yet with the sink
	full    bool          // too many of them: the connection must be made anew
	ready   chan struct{} // capacity 1: facts wait
	kick    chan struct{} // capacity 1: what is due next may have changed
	changed chan struct{} // closed and replaced when anything has changed
}

// EngineOptions are the settings of a simulated engine. The zero value is good for tests.
type EngineOptions struct {
	// Seed of the delays and of the ids of arriving legs.
	Seed uint64
	// Latency of Do, for tests that want to see slow orders.
	Latency time.Duration
	// Beat is the time between two EngineSeen; default 20 s, negative = none.
	Beat time.Duration
	// Observe is called, alone with the switch, whenever anything may have changed there. It must change nothing. nil = nobody looks.
	Observe func(now time.Time, s *Switch)
}

const (
	defaultBeat = 20 * time.Second
	// restartTime is how long a restarting switch stays away.
	restartTime = 50 * time.Millisecond
	// queueLimit is how many facts wait for a slow sink before the engine gives up on them and connects anew, with a snapshot in their place.
	queueLimit = 1 << 16
)

// NewEngine makes an engine around a new switch.
func NewEngine(id core.EngineID, quirks Quirks, o EngineOptions) *Engine {
	if o.Beat == 0 {
		o.Beat = defaultBeat
	}
	return &Engine{
		id: id, latency: o.Latency, beat: o.Beat, observe: o.Observe,
		sw:      NewSwitch(id, quirks, rand.New(rand.NewPCG(o.Seed, 0x7a6d))),
		ready:   make(chan struct{}, 1),
		kick:    make(chan struct{}, 1),
		changed: make(chan struct{}),
	}
}

// ID implements [engine.Engine].
func (e *Engine) ID() core.EngineID { return e.id }

// Capabilities implements [engine.Engine].
func (e *Engine) Capabilities() engine.Capabilities {
	e.mu.Lock()
	defer e.mu.Unlock()
	return engine.Capabilities{Kind: "sim", Version: "1"}
}

// Do implements [engine.Engine].
func (e *Engine) Do(ctx context.Context, eff core.Effect) error {
	if e.latency > 0 {
		t := time.NewTimer(e.latency)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
	if ctx.Err() != nil {
		return &engine.Refusal{Why: core.WhyTimeout, Text: ctx.Err().Error()}
	}
	var refused *engine.Refusal
	e.World(func(now time.Time, s *Switch) { refused = s.Do(now, eff) })
	if refused != nil {
		return refused
	}
	return nil
}

// Run implements [engine.Engine]. One engine is run by one at a time.
func (e *Engine) Run(ctx context.Context, sink engine.Sink) error {
	e.mu.Lock()
	if e.running {
		e.mu.Unlock()
		return errors.New("run the simulated engine: it is running already")
	}
	now := time.Now()
	e.advance(now) // with running still false: what happened before is told to nobody
	e.running = true
	e.lookAt = now.Add(e.beat)
	e.mu.Unlock()

	var delivery sync.WaitGroup
	delivery.Go(func() { e.deliver(ctx, sink) })
	e.pump(ctx)
	delivery.Wait()

	e.mu.Lock()
	defer e.mu.Unlock()
	e.running, e.facts, e.full = false, nil, false
	e.sw.Abandon()
	e.notify()
	return nil
}

// pump lets the switch live until ctx ends.
func (e *Engine) pump(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.kick:
		}
		e.mu.Lock()
		now := time.Now()
		if e.full {
			e.full, e.facts = false, nil
			e.sw.Disconnect(now)
		}
		if !e.cut && !now.Before(e.backAt) {
			e.sw.Connect(now)
		}
		if e.beat > 0 && !now.Before(e.lookAt) {
			e.sw.Look(now)
			e.lookAt = now.Add(e.beat)
		}
		e.advance(now)
		timer.Reset(time.Until(e.due()))
		e.mu.Unlock()
	}
}

// due is when pump has something to do next.
func (e *Engine) due() time.Time {
	due := time.Now().Add(time.Hour)
	if e.beat > 0 {
		due = e.lookAt
	}
	if at, ok := e.sw.Next(); ok && at.Before(due) {
		due = at
	}
	if !e.cut && !e.sw.link.up && e.backAt.Before(due) {
		due = e.backAt
	}
	return due
}

// advance lets everything happen that is due.
func (e *Engine) advance(now time.Time) {
	some := false
	for {
		at, ok := e.sw.Next()
		if !ok || at.After(now) {
			break
		}
		some = true
		fact := e.sw.Pop()
		if e.observe != nil {
			e.observe(at, e.sw)
		}
		if fact == nil || !e.running || e.full {
			continue
		}
		if e.facts = append(e.facts, fact); len(e.facts) >= queueLimit {
			e.full = true
		}
	}
	if !some {
		return
	}
	e.notify()
	select {
	case e.ready <- struct{}{}:
	default:
	}
}

// notify wakes those that wait in Await.
func (e *Engine) notify() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// deliver hands facts to the sink, without the lock: a slow sink holds nobody up.
func (e *Engine) deliver(ctx context.Context, sink engine.Sink) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.ready:
		}
		for {
			e.mu.Lock()
			batch := e.facts
			e.facts = nil
			e.mu.Unlock()
			if len(batch) == 0 {
				break
			}
			for _, f := range batch {
				if ctx.Err() != nil {
					return
				}
				sink.Fact(f)
			}
		}
	}
}

// World calls f with the switch and the time, alone with it. f must not keep the switch.
func (e *Engine) World(f func(now time.Time, s *Switch)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	e.advance(now)
	f(now, e.sw)
	if e.observe != nil {
		e.observe(now, e.sw)
	}
	e.notify()
	e.wake()
}

// wake makes pump look again.
func (e *Engine) wake() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// Await blocks until cond holds of the switch, asking whenever something has happened there, or until ctx ends, whose error it returns.
func (e *Engine) Await(ctx context.Context, cond func(now time.Time, s *Switch) bool) error {
	for {
		e.mu.Lock()
		now := time.Now()
		e.advance(now)
		ok, changed := cond(now, e.sw), e.changed
		wait := time.Hour
		if at, some := e.sw.Next(); some {
			wait = time.Until(at)
		}
		e.mu.Unlock()
		if ok {
			return nil
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-changed:
		case <-t.C:
		}
		t.Stop()
	}
}

// Disconnect cuts the connection to the switch and holds it down until Reconnect.
func (e *Engine) Disconnect() {
	e.World(func(now time.Time, s *Switch) {
		e.cut = true
		s.Disconnect(now)
	})
}

// Reconnect lets the connection come back.
func (e *Engine) Reconnect() {
	e.World(func(time.Time, *Switch) { e.cut = false })
}

// Restart makes the switch lose all calls and be away for a moment.
func (e *Engine) Restart() {
	e.World(func(now time.Time, s *Switch) {
		s.Restart(now)
		e.backAt = now.Add(restartTime)
	})
}
