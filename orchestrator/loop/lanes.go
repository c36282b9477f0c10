package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// lanes carries out the effects of one engine. Effects of one lane go one after another, lanes go side by side; a slow effect delays
// its own lane only. At most limit effects are under way; lanes beyond that wait their turn, first come first served, and a long
// lane steps back after each effect while others wait. Handing over never blocks.
//
// A worker exists only while there is work: an idle call costs nothing here.
type lanes struct {
	engine  engine.Engine
	window  *window
	refused func(core.Refused) // takes what went wrong; may block
	timeout time.Duration
	limit   int
	witness Witness
	metrics *Metrics
	depth   prometheus.Gauge    // of the metrics: effects queued or under way here
	took    prometheus.Observer // of the metrics: time of one effect here
	log     *slog.Logger

	ctx    context.Context // ended by drop, and with the term
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	byKey   map[string]*lane // those with effects queued or under way
	waiting []*lane          // without a worker, oldest first
	workers int
	pending int           // effects queued or under way
	dialled time.Time     // when the newest dial was handed over
	dropped bool          // nothing is accepted any longer
	idle    chan struct{} // not nil: somebody waits for pending to become zero
}

type lane struct {
	key   string
	queue []core.Effect
}

func newLanes(ctx context.Context, e engine.Engine, w *window, cfg Config, refused func(core.Refused)) *lanes {
	ctx, cancel := context.WithCancel(ctx)
	return &lanes{
		engine:  e,
		window:  w,
		refused: refused,
		timeout: cfg.EffectTimeout,
		limit:   cfg.EffectsPerEngine,
		witness: cfg.Witness,
		metrics: cfg.Metrics,
		depth:   cfg.Metrics.laneEffects.WithLabelValues(string(e.ID())),
		took:    cfg.Metrics.effectSeconds.WithLabelValues(string(e.ID())),
		log:     cfg.Logger.With("engine", e.ID()),
		ctx:     ctx,
		cancel:  cancel,
		byKey:   map[string]*lane{},
	}
}

// add hands an effect to its lane.
func (ls *lanes) add(e core.Effect) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.dropped {
		return
	}
	ls.pending++
	ls.depth.Set(float64(ls.pending))
	if isDial(e) {
		ls.dialled = time.Now()
	}
	if l, ok := ls.byKey[e.Lane]; ok {
		l.queue = append(l.queue, e)
		return
	}
	l := &lane{key: e.Lane, queue: []core.Effect{e}}
	ls.byKey[e.Lane] = l
	if ls.workers >= ls.limit {
		ls.waiting = append(ls.waiting, l)
		return
	}
	ls.workers++
	ls.work.Go(func() { ls.run(l) })
}

// run is one worker: it carries out effects of one lane after the other until there are none.
func (ls *lanes) run(l *lane) {
	for e, ok := ls.head(l); ok; e, ok = ls.head(l) {
		ls.carryOut(e)
		if l = ls.next(l); l == nil {
			return
		}
	}
}

// head is the effect at the head of a lane; false ends the worker, because everything was dropped.
func (ls *lanes) head(l *lane) (core.Effect, bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.dropped {
		ls.workers--
		return core.Effect{}, false
	}
	return l.queue[0], true
}

// next takes the carried-out effect off its lane and chooses where the worker goes on: nil is home.
func (ls *lanes) next(l *lane) *lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.dropped {
		ls.workers--
		return nil
	}
	l.queue[0] = core.Effect{} // lets go of its strings
	l.queue = l.queue[1:]
	ls.pending--
	ls.depth.Set(float64(ls.pending))
	if ls.pending == 0 && ls.idle != nil {
		close(ls.idle)
		ls.idle = nil
	}
	if len(l.queue) == 0 {
		delete(ls.byKey, l.key)
		l = nil
	}
	if len(ls.waiting) == 0 {
		if l == nil {
			ls.workers--
		}
		return l
	}
	if l != nil {
		ls.waiting = append(ls.waiting, l)
	}
	first := ls.waiting[0]
	ls.waiting[0] = nil
	ls.waiting = ls.waiting[1:]
	return first
}

// wayOfDial is how long a hang-up makes way for a dial. The event that ends a call often makes the agent free for the next one, and taking a leg, its
// mix and its media apart costs the switch more than the dial does, on the same processors: without the pause the next phone rings about 2 ms later
// (Asterisk, of 5 ms between a BYE and the next INVITE), and nobody hears of a leg that ends 8 ms later.
const wayOfDial = 8 * time.Millisecond

// makeWay lets a dial pass that was handed over just now; a stream of them holds a hang-up no longer than one does.
func (ls *lanes) makeWay(e core.Effect) {
	if _, ok := e.Do.(core.Hang); !ok {
		return
	}
	ls.mu.Lock()
	left := wayOfDial - time.Since(ls.dialled)
	ls.mu.Unlock()
	if left <= 0 {
		return
	}
	pause := time.NewTimer(left)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ls.ctx.Done():
	}
}

// carryOut does one effect within the window and its deadline, and reports a refusal.
func (ls *lanes) carryOut(e core.Effect) {
	ls.makeWay(e)
	left, err := ls.window.await(ls.ctx)
	if err != nil {
		return // dropped: the next owner decides anew
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(ls.ctx, min(ls.timeout, left))
	err = doSafely(ctx, ls.engine, e)
	cancel()
	ended := time.Now()
	ls.took.Observe(ended.Sub(start).Seconds())
	if ls.ctx.Err() != nil {
		return
	}
	if err == nil {
		ls.witness.Ordered(e, start, ended, "")
		ls.metrics.effects.WithLabelValues(string(ls.engine.ID()), e.Do.Name(), "ok").Inc()
		return
	}
	why, text := whyRefused(err)
	ls.witness.Ordered(e, start, ended, why)
	ls.metrics.effects.WithLabelValues(string(ls.engine.ID()), e.Do.Name(), string(why)).Inc()
	ls.log.Debug("effect refused", "effect", e.ID, "action", e.Do.Name(), "call", e.Call, "leg", aboutAction(e.Do).leg, "lane", e.Lane, "why", why, "text", text)
	if e.ID == 0 {
		return // the shell's own order (quarantine.go), of which the rules know nothing
	}
	ls.refused(refusedOf(e, why, text))
}

// drained waits until nothing is pending, or until the context ends.
func (ls *lanes) drained(ctx context.Context) error {
	ls.mu.Lock()
	if ls.pending == 0 || ls.dropped {
		ls.mu.Unlock()
		return nil
	}
	if ls.idle == nil {
		ls.idle = make(chan struct{})
	}
	idle := ls.idle
	ls.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drop forgets what is queued, interrupts what is under way, and waits until it has ended.
func (ls *lanes) drop() {
	ls.mu.Lock()
	ls.dropped = true
	ls.waiting = nil
	ls.byKey = map[string]*lane{}
	ls.pending = 0
	ls.mu.Unlock()
	ls.cancel()
	ls.work.Wait()
	ls.depth.Set(0)
}

// doSafely keeps a panic of the adapter within the lane.
func doSafely(ctx context.Context, en engine.Engine, e core.Effect) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the adapter panicked: %v", v)
		}
	}()
	return en.Do(ctx, e)
}

// whyRefused puts an engine's error into the rules' words. Only refusals are allowed by the contract; whatever else comes
// must still not stop the lane.
func whyRefused(err error) (core.Why, string) {
	var refusal *engine.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Why, refusal.Text
	case errors.Is(err, context.DeadlineExceeded):
		return core.WhyTimeout, "the switch did not say in time"
	default:
		return core.WhyFailed, err.Error()
	}
}

// refusedOf is the fact that an effect was not accepted.
func refusedOf(e core.Effect, why core.Why, text string) core.Refused {
	about := aboutAction(e.Do)
	return core.Refused{
		Effect:    e.ID,
		Action:    e.Do.Name(),
		Leg:       about.leg,
		Mix:       about.mix,
		Recording: about.recording,
		Why:       why,
		Text:      text,
	}
}
