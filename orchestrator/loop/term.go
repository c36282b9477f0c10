package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// term is one period of ownership. All fields without a word are the loop goroutine's own.
type term struct {
	loop *Loop
	cfg  Config
	log  *slog.Logger

	stop   context.Context // ended: finish the turn and go
	ctx    context.Context // ended: act no more
	cancel context.CancelCauseFunc
	bg     sync.WaitGroup // renewal and the saving of snapshots

	lease  atomic.Pointer[journal.Lease] // shared with the renewal
	window *window                       // shared with renewal and lanes
	in     *inbox                        // shared with everybody
	lanes  map[core.EngineID]*lanes      // the map never changes

	stopEngines context.CancelFunc
	engines     sync.WaitGroup

	rules rules
	seq   uint64     // of the newest row
	time  *shardTime // shared with the inbox
	now   time.Time  // of the newest row: the next is no earlier
	view  *View
	legs  *legBook

	timer    Timer
	held     []item          // the first to be taken: put off behind a panic, or not for the inbox, which may be full (refusals, the opening)
	queries  []*query        // to be answered after this turn
	tickHold time.Duration   // no tick before this Elapsed time
	spare    []core.Deadline // those at which the rules have panicked since the last tick that went well
	panics   panicLog
	releases []release // legs to hang up as soon as their switch is there

	unsaved    int           // rows since the last snapshot
	saving     chan struct{} // closed when the snapshot under way is saved; nil if there is none
	nextSave   time.Duration // no snapshot before this Elapsed time
	nextPrune  time.Duration // of the saving goroutine: one at a time
	isDegraded bool
	kinds      map[string]eventCounter
}

func newTerm(stop context.Context, l *Loop, lease journal.Lease, w *window) *term {
	// What is under way outlives the wish to stop; only the loss of the shard interrupts it.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(stop))
	t := &term{
		loop: l, cfg: l.cfg, log: l.log,
		stop: stop, ctx: ctx, cancel: cancel,
		window: w,
		lanes:  map[core.EngineID]*lanes{},
		time:   newShardTime(l.cfg.Clock),
		view:   newView(),
		legs:   newLegBook(),
		panics: panicLog{clock: l.cfg.Clock, seen: map[panicKey]*panicCount{}},
		kinds:  map[string]eventCounter{},
		timer:  l.cfg.Clock.NewTimer(time.Hour),
	}
	t.lease.Store(&lease)
	t.in = newInbox(l.cfg, t.time)
	for _, e := range l.cfg.Engines {
		t.lanes[e.ID()] = newLanes(ctx, e, w, l.cfg, func(r core.Refused) { t.in.fact(r) })
	}
	t.stopEngines = func() {}
	return t
}

// lose ends the term because the shard is another's: from here on nothing more reaches a switch.
func (t *term) lose(err error) { t.cancel(err) }

// begin recovers the shard, publishes it, and lets the engines run.
func (t *term) begin() error {
	t.bg.Go(func() { t.keepLease(t.ctx) })
	start := t.cfg.Clock.Elapsed()
	replayed, err := t.rebuild()
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	t.now = laterOf(t.now, t.rules.Now()) // of the snapshot, where no row is behind it
	t.time.atLeast(t.now)
	t.held = t.opening()
	took := t.cfg.Clock.Elapsed() - start
	t.unsaved = replayed
	t.rules.TakeChanges() // all of it is in Everything
	t.view, _ = newView().next(t.seq, t.now, t.rules, t.rules.Everything())
	t.loop.feed.begin(t.view)
	m := t.cfg.Metrics
	m.recovery.Set(took.Seconds())
	m.replayed.Set(float64(replayed))
	m.position.Set(float64(t.seq))
	m.owned.Set(1)
	m.seen(t.rules)
	calls, agents, _, _ := t.view.Sizes()
	t.log.Info("recovered", "seq", t.seq, "replayed", replayed, "took", took, "calls", calls, "agents", agents)

	ctx, stop := context.WithCancel(t.ctx)
	t.stopEngines = stop
	for _, e := range t.cfg.Engines {
		t.engines.Go(func() { t.runEngine(ctx, e) })
	}
	return nil
}

// opening is what a term begins with, before any deadline: the log is founded, anew if it is not new, and a switch that the log believes to be connected
// counts as out of sight until its EngineUp tells what has happened there meanwhile. Otherwise the ring times that ran out while nobody was
// here would be charged to agents who have answered.
func (t *term) opening() []item {
	var items []item
	if t.cfg.Seed == 0 {
		at := t.now
		if t.rules.Steps() == 0 {
			at = t.time.now()
		}
		items = append(items, item{ev: core.Founded{Seed: rand.Uint64()}, at: at})
	}
	for _, id := range t.rules.Everything().Engines {
		if e, ok := t.rules.Engine(id); ok && e.Up {
			items = append(items, item{ev: core.EngineDown{Engine: id}, at: t.now})
		}
	}
	return append(items, t.farewell()...)
}

// farewell closes, behind the rest of the opening, what stands on switches that are forgotten: otherwise their calls would never end, nor their agents be free. A switch that is not set up, and of
// which nobody has said so, keeps its calls: its settings may have been left out by mistake, and people go on talking there.
func (t *term) farewell() []item {
	all := t.rules.Everything()
	calls := map[core.EngineID]int{}
	for _, id := range all.Calls {
		if c, ok := t.rules.Call(id); ok {
			calls[c.Engine]++
		}
	}
	var items []item
	for _, id := range all.Engines {
		switch {
		case calls[id] == 0 || t.lanes[id] != nil:
		case slices.Contains(t.cfg.Forgotten, id):
			t.log.Warn("a switch is forgotten: the calls that stood on it are closed", "engine", id, "calls", calls[id])
			items = append(items, item{ev: core.EngineUp{Engine: id, Restarted: true}, at: t.now}, item{ev: core.EngineDown{Engine: id}, at: t.now})
		default:
			t.log.Warn("calls stand on a switch that is not set up: set it up again, or say that it is forgotten", "engine", id, "calls", calls[id])
		}
	}
	return items
}

// restartEngine is the pause before an engine that gave up is run again.
const restartEngine = 10 * time.Second

// runEngine keeps one engine running. By its contract it returns only when told to, or when only a person can mend it; it is run again
// even then, because that person need not restart the others' calls.
func (t *term) runEngine(ctx context.Context, e engine.Engine) {
	for {
		err := runSafely(ctx, e, engine.SinkFunc(t.in.fact))
		if ctx.Err() != nil {
			return
		}
		t.log.Error("an engine gave up; it will be run again", "engine", e.ID(), "error", err, "after", restartEngine)
		t.in.fact(core.EngineDown{Engine: e.ID()})
		if wait(ctx, t.cfg.Clock, restartEngine) != nil {
			return
		}
	}
}

func runSafely(ctx context.Context, e engine.Engine, sink engine.Sink) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the adapter panicked: %v\n%s", v, debug.Stack())
		}
	}()
	return e.Run(ctx, sink)
}

// end closes the term; why is what ended the turns. After an orderly stop committed effects get a moment to be carried out, the shard is
// written down, and the lease is given back. After anything else nothing more is done: it is not ours to do.
func (t *term) end(why error) {
	orderly := why == nil && t.ctx.Err() == nil
	close(t.in.closed)
	if orderly {
		t.drainLanes()
	}
	t.stopEngines()
	for _, e := range t.cfg.Engines {
		t.lanes[e.ID()].drop()
	}
	t.engines.Wait()
	t.timer.Stop()
	if orderly {
		t.saveLast()
	}
	t.cancel(ErrStopped)
	t.bg.Wait()
	t.loop.feed.end()
	t.cfg.Metrics.owned.Set(0)
	t.cfg.Metrics.degraded.Set(0)
	if !errors.Is(why, journal.ErrFenced) {
		t.giveBack()
	}
	t.log.Info("the term is over", "seq", t.seq, "orderly", orderly)
}

func (t *term) drainLanes() {
	ctx, cancel := context.WithTimeout(t.ctx, max(t.cfg.StopGrace, 0))
	defer cancel()
	for _, e := range t.cfg.Engines {
		if err := t.lanes[e.ID()].drained(ctx); err != nil {
			t.log.Warn("stopping before all effects were carried out; the next owner reconciles", "engine", e.ID())
		}
	}
}

// giveBack releases the lease, so that the next owner need not wait for it to run out.
func (t *term) giveBack() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), t.cfg.StoreTimeout)
	defer cancel()
	if err := t.cfg.Store.Release(ctx, *t.lease.Load()); err != nil {
		t.log.Warn("cannot give the lease back; it runs out by itself", "error", err)
	}
}
