package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

const shardName = "storm"

// host is an owner of the shard: what orchestrator/loop is in production, without goroutines and without a real clock.
type host struct {
	w       *world
	name    string
	lease   journal.Lease
	rules   Rules
	seq     uint64
	now     time.Time // never goes back
	lanes   map[string][]core.Effect
	unsaved int
	again   []core.Effect // of replayed events: only a planted bug keeps them
	opening bool          // switches are being taken for out of sight
	gone    bool          // crashed, or fenced: it does nothing any more
}

// snapshotEvery is how many events lie between two snapshots: few, so that recoveries come both with a long tail and with a short one.
const snapshotEvery = 90

// startOwner makes the next owner: the shard as the log tells it, every switch taken for lost until it shows itself, then the connections.
func (w *world) startOwner() {
	w.owners++
	h := &host{w: w, name: fmt.Sprintf("owner%d", w.owners), lanes: map[string][]core.Effect{}}
	var err error
	if h.lease, err = w.store.Acquire(nobodyWaits, shardName, h.name, 0); err != nil {
		w.must(err)
		return
	}
	if err := h.recover(); err != nil {
		w.must(err)
		return
	}
	w.host = h
	h.opening = true
	w.trace("OWNER", "%s at row %d", h.name, h.seq)
	for _, s := range w.switches {
		s.upSince = time.Time{}
		s.gen++
		if !w.planted(dropsEngineDown) {
			h.step(core.EngineDown{Engine: s.ID()})
		}
		if h.gone {
			return // died at once: the next one connects
		}
	}
	h.opening = false
	for _, s := range w.switches {
		s.Abandon()
		s.Connect(w.now)
	}
}

// recover rebuilds the shard from the newest snapshot and the rows behind it. Their effects are not carried out again.
func (h *host) recover() error {
	w := h.w
	snapshot, seq, tail, err := w.store.Load(nobodyWaits, shardName)
	if err != nil {
		return fmt.Errorf("load the log: %w", err)
	}
	shard := core.New(shardName, w.plan.Seed)
	if snapshot != nil {
		if shard, err = core.Restore(snapshot); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		w.reached("recovery from a snapshot")
	}
	h.rules, h.seq = w.plantedIn(shard), seq
	replayed := 0
	for row, err := range tail {
		if err != nil {
			return fmt.Errorf("read the tail: %w", err)
		}
		h.seq = row.Seq
		if w.planted(losesTail) {
			continue
		}
		ev, err := core.DecodeEvent(row.Kind, row.Body)
		if err != nil {
			return fmt.Errorf("read row %d: %w", row.Seq, err)
		}
		h.now = row.At
		out := h.rules.Step(row.At, ev)
		if w.planted(replaysEffects) {
			h.again = append(h.again, out.Effects...)
		}
		if w.planted(replaysTimeline) {
			w.facts.take(w, h, ev, core.Outcome{Entries: out.Entries})
		}
		replayed++
	}
	h.rules.TakeChanges()
	if replayed > 0 {
		w.reached("recovery with a tail")
	}
	w.checkRecovered(h)
	return nil
}

// clock is the owner's time: the world's with its own error, and it never goes back.
func (h *host) clock() time.Time {
	if h.opening && !h.now.IsZero() {
		return h.now // switches count as out of sight since the last row: no ring time that ran out meanwhile is charged to anybody
	}
	now := h.w.now.Add(h.w.skew).Truncate(time.Microsecond)
	if now.Before(h.now) {
		return h.now
	}
	return now
}

// due is when, by the world's clock, the owner has to tick.
func (h *host) due() (time.Time, bool) {
	at, ok := h.rules.Due()
	if !ok {
		return at, false
	}
	// Ticks are a little late, as timers are. A deadline that has passed when an event comes is dealt with before it all the same.
	return at.Add(-h.w.skew).Add(tickLate), true
}

const tickLate = 2 * time.Millisecond

func (h *host) tick() {
	if !h.tickBefore() || h.gone {
		return
	}
	if at, ok := h.rules.Due(); ok && !at.After(h.now) {
		h.w.failf("a tick moves what is due", "a deadline at %s is still there after the tick at %s", at, h.now)
	}
}

// tickBefore steps a tick if a deadline has passed.
func (h *host) tickBefore() bool {
	at, ok := h.rules.Due()
	if !ok || at.After(h.clock()) {
		return false
	}
	h.step(core.Tick{})
	return true
}

// take takes a fact or a change of the set-up in. False: the owner was gone before it was durable.
func (h *host) take(ev core.Event) bool {
	if h.gone {
		return false
	}
	if !h.w.planted(ticksLate) {
		h.tickBefore()
	}
	return !h.gone && h.step(ev)
}

// ask takes an intent in. Not answered: it may or may not have happened.
func (h *host) ask(in core.Intent) (refused *core.Refusal, answered bool) {
	if h.gone {
		return nil, false
	}
	h.tickBefore()
	switch {
	case h.gone:
		return nil, false
	case h.rules.Done(in.Head().ID):
		h.w.reached("a command that was carried out already")
		return nil, true
	}
	if r := h.rules.Accepts(h.clock(), in); r != nil && !h.w.planted(staleAccepts) {
		return r, true
	}
	return nil, h.step(in)
}

// step decides, makes durable, and only then acts.
func (h *host) step(ev core.Event) bool {
	w := h.w
	body, err := core.EncodeEvent(ev)
	if err != nil {
		w.must(err)
		return false
	}
	if bytes.Contains(body, []byte(`\ufffd`)) { // a caller's text that is no UTF-8: step what the log will give back
		if ev, err = core.DecodeEvent(ev.Kind(), body); err != nil {
			w.must(err)
			return false
		}
	}
	h.now = h.clock()
	row := journal.Row{Seq: h.seq + 1, At: h.now, Kind: ev.Kind(), Body: body, Call: h.rules.CallOf(ev)}
	out := h.rules.Step(h.now, ev)
	if w.crashes(CrashBefore) {
		if w.planted(actsFirst) {
			h.dispatchAtOnce(out.Effects)
		}
		w.reached("a crash before the commit")
		w.crash(h)
		return false
	}
	if err := w.store.Append(nobodyWaits, h.lease, []journal.Row{row}, nil); err != nil {
		if !fenced(err) {
			w.must(err)
			return false
		}
		if w.planted(ignoresFence) {
			h.seq++
			h.dispatch(out.Effects)
			return true
		}
		w.reached("an owner is fenced")
		w.trace("FENCED", "%s", h.name)
		h.retire()
		return false
	}
	h.seq = row.Seq
	w.steps++
	w.rows = append(w.rows, row)
	if !w.opt.SkipReplay {
		w.told = append(w.told, out.Clone())
	}
	w.observe(h, ev, out)
	if w.crashes(CrashAfter) {
		w.reached("a crash between commit and effect")
		w.crash(h)
		return false // whoever asked gets no answer
	}
	h.dispatch(out.Effects)
	h.rules.TakeChanges()
	if h.unsaved++; h.unsaved >= snapshotEvery {
		h.save()
	}
	return true
}

func (h *host) save() {
	h.unsaved = 0
	body, err := h.rules.Marshal()
	h.w.must(err)
	h.w.must(h.w.store.SaveSnapshot(nobodyWaits, h.lease, h.seq, body))
}

// retire ends an owner: what is in its lanes is dropped.
func (h *host) retire() {
	h.gone = true
	h.lanes = nil
	if h.w.stale == h {
		h.w.stale = nil
	}
	if h.w.host == h {
		h.w.host = nil
	}
}

// dispatch hands effects to their lanes: each lane in order, one effect after the other, lanes side by side.
func (h *host) dispatch(effects []core.Effect) {
	for _, e := range effects {
		lane := e.Lane
		if h.w.planted(ignoresLanes) {
			lane = fmt.Sprint(e.ID)
		}
		waiting := h.lanes[lane]
		h.lanes[lane] = append(waiting, e)
		if len(waiting) == 0 {
			h.carryOutNext(lane)
		}
	}
}

// carryOutNext plans the effect at the head of a lane.
func (h *host) carryOutNext(lane string) {
	d := h.w.fate.host
	takes := d.between(200*time.Microsecond, 3*time.Millisecond)
	if d.chance(0.02) {
		takes = d.between(20*time.Millisecond, 300*time.Millisecond) // a slow leg delays its own lane only
	}
	h.w.in(takes, func() {
		if h.gone || len(h.lanes[lane]) == 0 {
			return // what was in the lanes has been dropped
		}
		e := h.lanes[lane][0]
		if rest := h.lanes[lane][1:]; len(rest) > 0 {
			h.lanes[lane] = rest
		} else {
			delete(h.lanes, lane)
		}
		h.carryOut(e)
		if !h.gone && len(h.lanes[lane]) > 0 {
			h.carryOutNext(lane)
		}
	})
}

// carryOut does one effect at its switch and reports a refusal.
func (h *host) carryOut(e core.Effect) {
	w := h.w
	i := slices.Index(w.set.engines, e.Engine)
	if i < 0 {
		w.failf("effects name a switch", "effect %d (%s) is for %q", e.ID, e.Do.Name(), e.Engine)
		return
	}
	s := w.switches[i]
	w.checkEffect(h, e)
	refused := w.obeys(s, e)
	if refused != "" {
		w.trace("REFUSED", "%s: %s", e.Do.Name(), refused)
		f := e.Refused(refused, "")
		w.in(w.fate.host.between(100*time.Microsecond, 2*time.Millisecond), func() { h.take(f) })
	}
}

// dispatchAtOnce hands effects to the switch without waiting for anything: what no owner should do.
func (h *host) dispatchAtOnce(effects []core.Effect) {
	for _, e := range effects {
		h.carryOut(e)
	}
}

// spill lets a part of what is in the lanes still reach the switches: what a dying process had sent already.
func (h *host) spill() {
	for _, lane := range slices.Sorted(maps.Keys(h.lanes)) {
		effects := h.lanes[lane]
		for _, e := range effects[:h.w.fate.faults[Crash].IntN(len(effects)+1)] {
			h.w.reached("an effect outlives its owner")
			h.carryOut(e)
		}
	}
}

// export writes the log as JSON lines.
func (w *world) export() {
	if w.opt.Export == nil {
		return
	}
	enc := json.NewEncoder(w.opt.Export)
	for _, row := range w.rows {
		w.must(enc.Encode(ExportedRow{Seq: row.Seq, At: row.At, Kind: row.Kind, Body: row.Body}))
	}
}

// ExportedRow is one row of an exported log, as JSON: what tandem replay reads.
type ExportedRow struct {
	Seq  uint64          `json:"seq"`
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"`
	Body json.RawMessage `json:"body"`
}
