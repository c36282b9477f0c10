package loop

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// breakage is an event that made the rules panic.
type breakage struct {
	row   journal.Row
	of    subject
	at    core.Deadline // at which it did, if that is known
	panic *panicked
}

// again is what is left to be done of an item at which a batch was broken.
func (b *breakage) again(it item) []item {
	switch up, ok := it.ev.(core.EngineUp); {
	case b.row.Kind == (core.Tick{}).Kind():
		return []item{it} // the tick before it broke: it has not been looked at
	case ok && b.at != core.Deadline{}:
		// Without it the whole switch would stay away, for one of its calls.
		up.Spare = append(slices.Clone(up.Spare), b.at)
		it.ev = up
		return []item{it}
	default:
		return nil
	}
}

// mend brings a sound shard back after a panic in the middle of a batch. The batch is durable by now, the event that panicked with it: whatever
// happens from here on, the next recovery meets the event in the log and ends at the same point.
func (t *term) mend(b *batch) error {
	if err := t.quarantine(b.broken); err != nil {
		return err
	}
	n, err := t.rebuild()
	if err != nil {
		return err
	}
	// The next panic should not cost the same replay again.
	t.unsaved = n
	t.saveSoon()
	return nil
}

// quarantine takes an event that panicked out of the log and notes it.
func (t *term) quarantine(b *breakage) error {
	t.cfg.Metrics.quarantined.WithLabelValues(b.row.Kind).Inc()
	t.log.Error("the rules panicked; the event goes into quarantine", "seq", b.row.Seq, "kind", b.row.Kind, "call", b.row.Call,
		"leg", b.of.leg, "agent", b.of.agent, "engine", b.of.engine, "panic", masked(b.panic.text), "stack", string(b.panic.stack))
	if err := t.keepNumber(b.row); err != nil {
		return err
	}
	err := t.persist("quarantine", t.cfg.StoreTimeout, func(ctx context.Context) error {
		return t.cfg.Store.Quarantine(ctx, *t.lease.Load(), b.row, b.panic.text)
	})
	if err != nil {
		return err
	}
	t.panics.note(panicKey{kind: b.row.Kind, about: b.subject(t.legs)})
	switch {
	case b.at != core.Deadline{}: // the next tick goes on without it
		if !slices.Contains(t.spare, b.at) {
			t.spare = append(t.spare, b.at)
		}
	case b.row.Kind == (core.Tick{}).Kind():
		t.tickHold = t.cfg.Clock.Elapsed() + t.panics.pause(panicKey{kind: b.row.Kind})
	}
	t.releaseLater(b)
	return nil
}

// keepNumber makes sure that the number of a row that is about to be taken out is never given to another: its timeline stays, and so do the cursors of those
// who have read it. If it is the newest, an event that changes nothing is put behind it.
func (t *term) keepNumber(row journal.Row) error {
	if row.Seq < t.seq {
		return nil
	}
	nothing := core.ConfigChanged{}
	body, err := t.cfg.rules.encode(nothing)
	if err != nil {
		return fmt.Errorf("write event %s: %w", nothing.Kind(), err)
	}
	next := journal.Row{Seq: row.Seq + 1, At: row.At, Kind: nothing.Kind(), Body: body}
	if err := t.append([]journal.Row{next}, nil); err != nil {
		return err
	}
	t.seq = next.Seq
	return nil
}

// Calls are released without the rules, which have just failed at them: their legs are hung up at the switch. The LegHungUp facts, or
// the next look at the switch, then let the rules close the call and free its agent by their ordinary transitions.

// release is a leg to be hung up by the shell itself.
type release struct {
	leg    core.LegID
	call   core.CallID
	engine core.EngineID // "" = not known: every switch is asked, and those without the leg refuse
}

// releaseLater notes the legs of a broken event's call, or of a broken deadline's. What is about no leg and no call (a switch, an agent's
// state) releases nothing.
func (t *term) releaseLater(b *breakage) {
	call := b.row.Call
	if call == "" && b.of.leg != "" {
		call = t.legs.call(b.of.leg)
	}
	var ids []core.LegID
	if call != "" {
		ids = append(ids, t.legs.of(call)...)
	}
	if b.of.leg != "" && !slices.Contains(ids, b.of.leg) {
		ids = append(ids, b.of.leg)
	}
	for _, leg := range ids {
		r := release{leg: leg, call: call, engine: b.of.engine}
		if p, ok := t.legs.place(leg); ok {
			r.engine = p.engine
		}
		if !slices.Contains(t.releases, r) {
			t.releases = append(t.releases, r)
		}
	}
}

// flushReleases hangs up what is to be released on the switches that are there.
func (t *term) flushReleases() {
	if len(t.releases) == 0 {
		return
	}
	t.releases = slices.DeleteFunc(t.releases, func(r release) bool {
		done := false
		for _, e := range t.cfg.Engines {
			if r.engine != "" && r.engine != e.ID() {
				continue
			}
			if v, ok := t.view.Engine(e.ID()); !ok || !v.Up {
				continue
			}
			t.log.Warn("hanging up a leg of a call that the rules failed at", "leg", r.leg, "call", r.call, "engine", e.ID())
			t.lanes[e.ID()].add(core.Effect{
				Engine: e.ID(), Call: r.call, Lane: "release:" + string(r.leg), Do: core.Hang{Leg: r.leg, Cause: core.CauseCongestion},
			})
			done = true
		}
		return done
	})
}

// panicKey is what makes two panics alike: the same kind of event about the same thing.
type panicKey struct {
	kind  string
	about string
}

func (t *term) panicKey(ev core.Event) panicKey {
	if len(t.panics.seen) == 0 {
		return panicKey{} // by far the most frequent case needs no names
	}
	s := about(ev)
	return panicKey{kind: ev.Kind(), about: s.name(s.call, t.legs)}
}

func (b *breakage) subject(legs *legBook) string { return b.of.name(b.row.Call, legs) }

// name is the call if it is known, or the first other thing that is.
func (s subject) name(call core.CallID, legs *legBook) string {
	if call == "" {
		call = legs.call(s.leg)
	}
	for _, id := range []string{string(call), string(s.leg), string(s.recording), string(s.mix), string(s.agent), string(s.engine)} {
		if id != "" {
			return id
		}
	}
	return ""
}

// An event of a kind that panicked so often for the same thing is not stepped again until it has been quiet for so long.
const (
	panicLimit  = 3
	panicMemory = time.Minute
)

// panicLog remembers recent panics, so that one broken call cannot make the shard be rebuilt over and over.
type panicLog struct {
	clock Clock
	seen  map[panicKey]*panicCount
}

type panicCount struct {
	n    int
	last time.Duration // of clock.Elapsed
}

// note counts a panic, and forgets old ones.
func (l *panicLog) note(key panicKey) {
	now := l.clock.Elapsed()
	for k, c := range l.seen {
		if now-c.last > panicMemory {
			delete(l.seen, k)
		}
	}
	c := l.seen[key]
	if c == nil {
		c = &panicCount{}
		l.seen[key] = c
	}
	c.n, c.last = c.n+1, now
}

// isolated says whether events like this one are not to be stepped now. Ticks never are: without them no deadline of any call would
// pass. They leave the deadline out at which they have panicked, or are put off if it was at none; see pause.
func (l *panicLog) isolated(key panicKey) bool {
	c := l.seen[key]
	return c != nil && key.kind != (core.Tick{}).Kind() && c.n >= panicLimit && l.clock.Elapsed()-c.last < panicMemory
}

// pause is how long the next try is put off: a second, doubling to half a minute.
func (l *panicLog) pause(key panicKey) time.Duration {
	c := l.seen[key]
	if c == nil {
		return 0
	}
	return min(time.Second<<min(c.n-1, 5), panicMemory/2)
}

var manyDigits = regexp.MustCompile(`\+?\d{5,}`)

// masked hides what may be a phone number, all but the last two digits.
func masked(text string) string {
	return manyDigits.ReplaceAllStringFunc(text, func(number string) string { return "…" + number[len(number)-2:] })
}
