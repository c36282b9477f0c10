package loop

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// lookAgain is the longest sleep before a deadline. Timers run on the monotonic clock and deadlines are times of day: a clock that jumps
// forward is noticed after so long.
const lookAgain = time.Second

// item is an event that waits for its step, with who waits for it.
type item struct {
	ev  core.Event
	at  time.Time // when it arrived
	req *request  // nil for facts and ticks
}

// batch is what one turn decides.
type batch struct {
	rows     []journal.Row
	timeline []journal.Timeline
	effects  []core.Effect
	answers  []answer
	debug    bool
	durable  time.Time // when it was
	broken   *breakage // the event that ended the batch by a panic; its row is the last one
}

// answer is kept until the batch is durable. That goes for refusals too: they were given by a state that must not be known before it is certain.
type answer struct {
	req *request
	err error
}

// turns takes turns until the loop is asked to stop (nil) or the term is lost.
func (t *term) turns() error {
	for {
		items, ok := t.collect()
		if !ok {
			if t.ctx.Err() != nil {
				return context.Cause(t.ctx)
			}
			return nil
		}
		if err := t.turn(items); err != nil {
			return err
		}
		t.answerQueries()
	}
}

// collect waits for something to do and takes a batch of it: facts, the set-up, intents. Each has its share, none starves another. Nothing in the
// batch means that a tick may be due. False: the term is to end.
func (t *term) collect() ([]item, bool) {
	if t.stop.Err() != nil || t.ctx.Err() != nil {
		return nil, false
	}
	items := t.held
	t.held = nil
	if in := t.tickIn(); len(items) == 0 && in > 0 {
		if in < noTick {
			t.timer.Reset(in)
		} else {
			t.timer.Stop()
		}
		select {
		case <-t.stop.Done():
			return nil, false
		case <-t.ctx.Done():
			return nil, false
		case f := <-t.in.facts:
			items = append(items, f)
		case r := <-t.in.intents:
			items = append(items, item{ev: r.ev, at: r.at, req: r})
		case r := <-t.in.configs:
			items = append(items, item{ev: r.ev, at: r.at, req: r})
		case q := <-t.in.queries:
			t.queries = append(t.queries, q)
		case <-t.timer.C():
		}
	}
	depth := t.cfg.Metrics.inboxDepth
	depth.WithLabelValues("facts").Set(float64(len(t.in.facts)))
	depth.WithLabelValues("intents").Set(float64(len(t.in.intents)))

	for range t.cfg.MaxBatch {
		f, ok := poll(t.in.facts)
		if !ok {
			break
		}
		items = append(items, f)
	}
	for range cap(t.in.configs) {
		r, ok := poll(t.in.configs)
		if !ok {
			break
		}
		items = append(items, item{ev: r.ev, at: r.at, req: r})
	}
	for range max(t.cfg.MaxBatch/4, 1) {
		r, ok := poll(t.in.intents)
		if !ok {
			break
		}
		items = append(items, item{ev: r.ev, at: r.at, req: r})
	}
	return items, true
}

func poll[T any](from <-chan T) (v T, ok bool) {
	select {
	case v = <-from:
		return v, true
	default:
		return v, false
	}
}

// noTick is a time so long that no timer is needed for it.
const noTick = time.Duration(1<<63 - 1)

// tickIn is how long to wait before looking whether a tick is due; zero or less is now.
func (t *term) tickIn() time.Duration {
	due, ok := t.rules.Due()
	if !ok {
		return noTick
	}
	in := due.Sub(t.time.now())
	if in <= 0 {
		in = 0
	}
	return min(max(in, t.tickHold-t.cfg.Clock.Elapsed()), lookAgain)
}

// turn decides, makes durable, and only then acts.
func (t *term) turn(items []item) error {
	start := time.Now()
	b := t.step(items)
	if len(b.rows) == 0 && len(b.answers) == 0 {
		return nil
	}
	if len(b.rows) > 0 {
		if err := t.append(b.rows, b.timeline); err != nil {
			return err
		}
		t.seq, b.durable = b.rows[len(b.rows)-1].Seq, t.time.now()
	}
	t.dispatch(b.effects) // first: somebody is waiting for a phone to ring
	if b.broken != nil {
		if err := t.mend(b); err != nil {
			return err
		}
	}
	if len(b.rows) > 0 {
		t.publish(b)
	}
	for _, a := range b.answers {
		a.req.answer(a.err) // behind the view: who has an answer and then looks must find what they asked for
	}
	if len(b.rows) > 0 {
		t.unsaved += len(b.rows)
		t.saveIfDue()
	}
	t.flushReleases()
	t.cfg.Metrics.batchEvents.Observe(float64(len(b.rows)))
	t.cfg.Metrics.turnSeconds.Observe(time.Since(start).Seconds())
	return nil
}

// step gives the items to the rules, one after another, up to the first panic. A deadline that had passed when an event arrived is dealt with
// before the event.
func (t *term) step(items []item) *batch {
	b := &batch{rows: make([]journal.Row, 0, len(items)+1), debug: t.log.Enabled(t.ctx, slog.LevelDebug)}
	for i, it := range items {
		if t.tickBefore(b, it.at); b.broken == nil && t.admit(b, it) {
			t.stepOne(b, it)
		}
		if b.broken != nil {
			t.held = append(t.held, b.broken.again(it)...)
			t.held = append(t.held, items[i+1:]...)
			break
		}
	}
	// Facts that are left in the inbox arrived before now, and perhaps before the deadline.
	if b.broken == nil && len(t.in.facts) == 0 {
		t.tickBefore(b, t.time.now())
	}
	return b
}

// tickBefore steps a tick if a deadline is due at the time.
func (t *term) tickBefore(b *batch, at time.Time) {
	at = laterOf(t.now, at)
	due, ok := t.rules.Due()
	if !ok || due.After(at) || t.cfg.Clock.Elapsed() < t.tickHold {
		return
	}
	t.stepOne(b, item{ev: core.Tick{Spare: t.spare}, at: at})
	if b.broken != nil {
		return
	}
	t.spare = nil
	// Rules that leave a deadline in the past would have the loop do nothing but tick.
	if due, ok := t.rules.Due(); ok && !due.After(at) {
		t.cfg.Metrics.stuckTicks.Inc()
		t.tickHold = t.cfg.Clock.Elapsed() + stuckPause
	}
}

// stuckPause is how often the loop ticks for a deadline that ticking does not move.
const stuckPause = 10 * time.Millisecond

// stepOne gives one item to the rules and adds what comes of it to the batch.
func (t *term) stepOne(b *batch, it item) {
	ev, body, err := t.written(it.ev)
	if err != nil {
		t.log.Error("an event cannot be written and is ignored", "kind", it.ev.Kind(), "call", t.rules.CallOf(it.ev), "leg", about(it.ev).leg, "error", err)
		b.reply(it, err)
		return
	}
	t.now = laterOf(t.now, it.at)
	s, call := about(ev), t.rules.CallOf(ev)
	start := time.Now()
	out, p := stepSafely(t.rules, t.now, ev)
	took := time.Since(start)
	t.counter(ev.Kind()).observe(took)
	var at core.Deadline
	if p != nil {
		at = t.rules.Firing()
		s, call = s.or(at), cmp.Or(call, at.Call)
	}
	row := journal.Row{Seq: t.seq + uint64(len(b.rows)) + 1, At: t.now, Kind: ev.Kind(), Body: body}
	row.Tenant, row.Call = t.address(s, call, out.Entries)
	b.rows = append(b.rows, row)
	if p != nil {
		b.broken = &breakage{row: row, of: s, at: at, panic: p}
		entry := alert("quarantined", s, row.Tenant, row.Call)
		entry.At, entry.Text = t.now, ev.Kind()
		b.timeline = append(b.timeline, journal.Timeline{Seq: row.Seq, Entry: entry})
		b.reply(it, ErrQuarantined)
		return
	}
	for n, entry := range out.Entries {
		b.timeline = append(b.timeline, journal.Timeline{Seq: row.Seq, Index: n, Entry: entry})
	}
	b.effects = append(b.effects, out.Effects...)
	t.legs.follow(ev, out)
	b.reply(it, nil)
	if b.debug {
		t.log.Debug("event", "seq", row.Seq, "kind", row.Kind, "call", row.Call, "leg", s.leg, "agent", s.agent, "mix", s.mix,
			"recording", s.recording, "engine", s.engine, "effects", len(out.Effects), "entries", len(out.Entries), "took", took)
	}
}

// admit says whether an item is to be stepped; if not, its answer is in the batch.
func (t *term) admit(b *batch, it item) bool {
	_, setup := it.ev.(core.ConfigChanged) // is in the database already, and in force there
	if it.req != nil && !setup && it.req.ctx.Err() != nil {
		b.reply(it, it.req.ctx.Err()) // nobody waits: not carrying it out is the lesser surprise
		return false
	}
	if t.panics.isolated(t.panicKey(it.ev)) {
		t.cfg.Metrics.setAside.WithLabelValues(it.ev.Kind()).Inc()
		t.log.Warn("an event was set aside: its like keeps panicking", "kind", it.ev.Kind(), "call", t.rules.CallOf(it.ev), "leg", about(it.ev).leg)
		b.reply(it, ErrQuarantined)
		return false
	}
	in, ok := it.ev.(core.Intent)
	if !ok {
		return true
	}
	if t.rules.Done(in.Head().ID) {
		b.reply(it, nil)
		return false
	}
	refusal, p := askSafely(t.rules, laterOf(t.now, it.at), in)
	switch {
	case p != nil:
		t.cfg.Metrics.quarantined.WithLabelValues(in.Kind()).Inc()
		t.log.Error("the rules panicked about accepting an intent", "kind", in.Kind(), "call", t.rules.CallOf(in), "leg", about(in).leg, "panic", masked(p.text), "stack", string(p.stack))
		b.reply(it, ErrQuarantined)
		return false
	case refusal != nil:
		b.reply(it, refusal)
		return false
	}
	return true
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (b *batch) reply(it item, err error) {
	if it.req != nil {
		b.answers = append(b.answers, answer{it.req, err})
	}
}

// written is an event's body for the log, and the event as the log will give it back. The two differ where a text from a switch is not valid
// UTF-8: JSON puts a replacement character there. Stepping what was heard instead of what was written would make the replayed shard differ.
func (t *term) written(ev core.Event) (core.Event, []byte, error) {
	body, err := t.cfg.rules.encode(ev)
	if err != nil {
		return nil, nil, fmt.Errorf("write event %s: %w", ev.Kind(), err)
	}
	if !bytes.Contains(body, []byte(`\ufffd`)) {
		return ev, body, nil
	}
	ev, err = t.cfg.rules.decode(ev.Kind(), body)
	if err != nil {
		return nil, nil, fmt.Errorf("read event back: %w", err)
	}
	return ev, body, nil
}

// dispatch hands effects to their lanes.
func (t *term) dispatch(effects []core.Effect) {
	for _, e := range dialsFirst(effects) {
		if ls, ok := t.lanes[e.Engine]; ok {
			ls.add(e)
			continue
		}
		t.cfg.Metrics.effects.WithLabelValues(string(e.Engine), e.Do.Name(), string(core.WhyDown)).Inc()
		// Not by way of the inbox: it may be full, and the loop is the one to empty it.
		t.held = append(t.held, item{ev: refusedOf(e, core.WhyDown, "no such switch is set up here"), at: t.now})
	}
}

// dialsFirst puts the dials in front, in place. When an agent hangs up, the same turn clears away after the old call and rings for the next one; the lanes
// run side by side, but they share the processors, ours and the switch's, and a phone that is to ring is what somebody waits for. A dial overtakes no
// effect of its own lane.
func dialsFirst(effects []core.Effect) []core.Effect {
	for i, e := range effects {
		if !isDial(e) {
			continue
		}
		to := i
		for to > 0 && !isDial(effects[to-1]) && effects[to-1].Lane != e.Lane {
			to--
		}
		copy(effects[to+1:i+1], effects[to:i])
		effects[to] = e
	}
	return effects
}

func isDial(e core.Effect) bool {
	_, ok := e.Do.(core.Dial)
	return ok
}

// publish shows readers what the batch changed.
func (t *term) publish(b *batch) {
	next, touched := t.view.next(t.seq, t.now, t.rules, t.rules.TakeChanges())
	var u *Update
	if len(b.timeline) > 0 || !touched.empty() {
		u = &Update{Seq: t.seq, From: t.view.Seq, Timeline: b.timeline, Touched: touched}
	}
	t.view = next
	t.loop.feed.publish(next, u)
	t.cfg.Metrics.position.Set(float64(t.seq))
	t.cfg.Metrics.seen(t.rules)
	t.cfg.Metrics.told.count(b.timeline)
	t.cfg.Witness.Decided(b.rows, b.timeline, b.durable)
}

func (t *term) answerQueries() {
	for _, q := range t.queries {
		q.run(t.cfg.rules.shard(t.rules), t.time.now())
	}
	t.queries = t.queries[:0]
	for {
		q, ok := poll(t.in.queries)
		if !ok {
			return
		}
		q.run(t.cfg.rules.shard(t.rules), t.time.now())
	}
}

// eventCounter keeps one kind's metrics at hand: looking them up by label for each event would cost more than the step.
type eventCounter struct {
	events prometheus.Counter
	steps  prometheus.Observer
}

func (c eventCounter) observe(took time.Duration) {
	c.events.Inc()
	c.steps.Observe(took.Seconds())
}

func (t *term) counter(kind string) eventCounter {
	c, ok := t.kinds[kind]
	if !ok {
		c = eventCounter{events: t.cfg.Metrics.events.WithLabelValues(kind), steps: t.cfg.Metrics.stepSeconds}
		t.kinds[kind] = c
	}
	return c
}
