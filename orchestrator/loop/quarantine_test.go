package loop

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// bug panics as often as it is armed, before the step or, worse, after it: what the rules had changed by then must not stay.
type bug struct {
	left  atomic.Int64 // how often; negative = always
	bites func(core.Event) bool
}

func (g *bug) after(_ *core.Shard, ev core.Event, _ core.Outcome) { g.before(ev) }

func (g *bug) before(ev core.Event) {
	if !g.bites(ev) || g.left.Load() == 0 {
		return
	}
	g.left.Add(-1)
	panic("index out of range while serving +491700000001")
}

// plantedAt is rules that say of each panic at which deadline it was.
func (g *bug) plantedAt(at *core.Deadline) *rulebook {
	book := plant(g.before, nil)
	fresh := book.fresh
	book.fresh = func(name string, seed uint64) rules {
		p := as[*planted](fresh(name, seed))
		p.firing = func() core.Deadline { return *at }
		return p
	}
	return book
}

// One call's event makes the rules panic. The others do not notice; the log has the event in quarantine; the broken call is hung up at the switch
// and closed by the ordinary facts; and a replay of the log gives the shard that is in memory.
func TestPanicQuarantinesTheEventAndReleasesTheCall(t *testing.T) {
	store, b := &watchedStore{noSnapshots: true}, newBoard()
	g := &bug{bites: func(ev core.Event) bool {
		e, ok := ev.(core.LegAnswered)
		return ok && e.Leg == caller(2).Leg
	}}
	g.left.Store(1)
	cfg := config(store, b)
	cfg.rules = plant(nil, g.after)
	l := open(t, cfg, 0)
	sub, err := l.Subscribe(l.View().Seq)
	require.NoError(t, err)
	b.says(caller(1), caller(2), caller(3))
	b.says(core.LegAnswered{Leg: caller(1).Leg}, core.LegAnswered{Leg: caller(2).Leg}, core.LegAnswered{Leg: caller(3).Leg})

	e := b.await(t, "the broken call to be hung up", doing[core.Hang])
	assert.Equal(t, core.Hang{Leg: caller(2).Leg, Cause: core.CauseCongestion}, e.Do)
	n, _, _, _ := l.View().Sizes()
	assert.Equal(t, 3, n)
	sound(t, l, store) // nothing has stayed of what the broken step had changed
	b.says(core.LegHungUp{Leg: caller(2).Leg, Cause: core.Cause{Code: core.CauseCongestion, By: core.ByUs}})
	awaitView(t, l, "the broken call to be closed", func(v *View) bool { n, _, _, _ := v.Sizes(); return n == 2 })

	alerted := false
	for !alerted {
		u, err := sub.Next(within(t))
		require.NoError(t, err)
		for _, line := range u.Timeline {
			alerted = alerted || line.Entry.Kind == core.EntryAlert && line.Entry.Reason == "quarantined"
		}
	}
	kept := store.QuarantinedEvents("s1")
	require.Len(t, kept, 1)
	assert.Equal(t, "leg.answered", kept[0].Row.Kind)
	assert.Contains(t, kept[0].Reason, "index out of range")
	assert.NotEmpty(t, kept[0].Row.Call)
	assert.InDelta(t, 1, testutil.ToFloat64(l.cfg.Metrics.quarantined.WithLabelValues("leg.answered")), 0)

	sound(t, l, store)
}

// An intent that panics is answered, and its command may be sent again once the fault is mended.
func TestPanickingIntentIsAnswered(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	g := &bug{bites: func(ev core.Event) bool { _, ok := ev.(core.SetAgentState); return ok }}
	cfg := config(store, b)
	cfg.rules = plant(nil, g.after)
	l := started(t, cfg)
	serving(t, l)
	require.NoError(t, l.Config(within(t), site(2)))
	g.left.Store(1)
	require.ErrorIs(t, l.Do(within(t), signIn("agent00")), ErrQuarantined)
	require.NoError(t, l.Do(within(t), signIn("agent01")))
	require.NoError(t, l.Do(within(t), signIn("agent00")))
	for _, id := range []core.AgentID{"agent00", "agent01"} {
		a, ok := l.View().Agent(id)
		require.True(t, ok)
		assert.Equal(t, core.Available, a.State)
	}
	assert.Len(t, store.QuarantinedEvents("s1"), 1)
}

// A panic about whether an intent is acceptable changes nothing, so it costs no more than the answer.
func TestPanicWhileAskingIsHarmless(t *testing.T) {
	store, b := &watchedStore{noSnapshots: true}, newBoard()
	cfg := config(store, b)
	book := plant(nil, nil)
	fresh := book.fresh
	book.fresh = func(name string, seed uint64) rules {
		p := as[*planted](fresh(name, seed))
		p.accepts = func(in core.Intent) {
			if in.Head().ID == "bad" {
				panic("nil agent")
			}
		}
		return p
	}
	cfg.rules = book
	l := open(t, cfg, 1)
	seq := l.View().Seq
	require.ErrorIs(t, l.Do(within(t), core.DeclineOffer{Command: core.Command{ID: "bad"}, Agent: "agent00"}), ErrQuarantined)
	require.NoError(t, l.Config(within(t), core.ConfigChanged{}))
	assert.Equal(t, seq+1, l.View().Seq)
	assert.Empty(t, store.QuarantinedEvents("s1"))
}

// The same kind of event panics for the same agent every time: after three rebuilds its like is set aside for a while, for that agent only.
func TestRepeatedPanicsAreIsolated(t *testing.T) {
	store, b, clock := &watchedStore{}, newBoard(), newFakeClock()
	store.Now = clock.Now
	g := &bug{bites: func(ev core.Event) bool {
		e, ok := ev.(core.SetAgentState)
		return ok && e.Agent == "agent00"
	}}
	g.left.Store(-1)
	cfg := config(store, b)
	cfg.Clock, cfg.rules = clock, plant(g.before, nil)
	l := started(t, cfg)
	serving(t, l)
	require.NoError(t, l.Config(within(t), site(2)))
	for range 10 {
		require.ErrorIs(t, l.Do(within(t), signIn("agent00")), ErrQuarantined)
	}
	assert.Len(t, store.QuarantinedEvents("s1"), panicLimit)
	assert.InDelta(t, 10-panicLimit, testutil.ToFloat64(l.cfg.Metrics.setAside.WithLabelValues("agent.set_state")), 0)
	require.NoError(t, l.Do(within(t), signIn("agent01")))

	g.left.Store(0) // mended
	clock.advance(panicMemory)
	require.NoError(t, l.Do(within(t), signIn("agent00")))
}

// A tick that panics is due again at once. It is put off for longer each time, and everything else goes on.
func TestPanickingTickIsPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b, clock := &watchedStore{}, newBoard(), newFakeClock()
		store.Now = clock.Now
		ticks := make(chan struct{}, 1000)
		g := &bug{bites: func(ev core.Event) bool {
			_, ok := ev.(core.Tick)
			if ok {
				ticks <- struct{}{}
			}
			return ok
		}}
		cfg := config(store, b)
		cfg.Clock, cfg.rules = clock, plant(g.before, nil)
		l := open(t, cfg, 1)
		b.says(caller(1), core.LegAnswered{Leg: caller(1).Leg})
		b.await(t, "the agent to be dialled", doing[core.Dial])
		ringing := func(v *View) bool { a, _ := v.Agent("agent00"); return a.State == core.Reserved }
		awaitView(t, l, "the offer", ringing)
		for len(ticks) > 0 {
			<-ticks
		}
		g.left.Store(2)
		clock.armed(t, lookAgain)
		clock.advance(20 * time.Second)
		receive(t, ticks, "the first tick")
		require.NoError(t, l.Do(within(t), signIn("agent00")), "the loop must go on")
		assert.Empty(t, ticks)
		clock.armed(t, time.Second)
		clock.advance(time.Second)
		receive(t, ticks, "the second tick")
		require.NoError(t, l.Do(within(t), signIn("agent00")))
		clock.armed(t, time.Second)
		clock.advance(time.Second)
		require.NoError(t, l.Config(within(t), core.ConfigChanged{}))
		assert.Empty(t, ticks, "the second pause is longer")
		clock.armed(t, time.Second)
		clock.advance(time.Second)
		receive(t, ticks, "the third tick, which works")
		awaitView(t, l, "the offer to end", func(v *View) bool { return !ringing(v) })
		assert.Len(t, store.QuarantinedEvents("s1"), 2)
	})
}

// One call's deadline makes the rules panic. All others are fired at once, the broken call is hung up at the switch, and its deadline is tried again after a minute.
func TestPanickingDeadlineIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b, clock := &watchedStore{}, newBoard(), newFakeClock()
		store.Now = clock.Now
		var at core.Deadline
		g := &bug{bites: func(ev core.Event) bool {
			e, ok := ev.(core.Tick)
			return ok && !slices.Contains(e.Spare, at)
		}}
		cfg := config(store, b)
		cfg.Clock, cfg.rules = clock, g.plantedAt(&at)
		l := open(t, cfg, 2)
		for _, n := range []int{1, 2} {
			b.says(caller(n), core.LegAnswered{Leg: caller(n).Leg})
			b.await(t, "an agent to be dialled", doing[core.Dial])
		}
		ringing := func(v *View, id core.AgentID) bool { a, _ := v.Agent(id); return a.State == core.Reserved }
		v := awaitView(t, l, "both offers", func(v *View) bool { return ringing(v, "agent00") && ringing(v, "agent01") })
		a, _ := v.Agent("agent00")
		at.Call = a.Call
		g.left.Store(1)
		clock.armed(t, lookAgain)
		clock.advance(20 * time.Second)
		awaitView(t, l, "the other offer to end", func(v *View) bool { return !ringing(v, "agent01") })
		assert.True(t, ringing(l.View(), "agent00"))
		for range 2 {
			e := b.await(t, "the broken call to be hung up", func(e core.Effect) bool { return doing[core.Hang](e) && e.ID == 0 })
			assert.Equal(t, at.Call, e.Call)
		}
		kept := store.QuarantinedEvents("s1")
		require.Len(t, kept, 1)
		assert.Equal(t, "tick", kept[0].Row.Kind)
		sound(t, l, store)

		clock.armed(t, lookAgain)
		clock.advance(time.Minute)
		awaitView(t, l, "its own offer to end", func(v *View) bool { return !ringing(v, "agent00") })
		assert.Len(t, store.QuarantinedEvents("s1"), 1)
	})
}

// The rules panic at one call when its switch comes back. The switch is back for all others all the same, and the broken call is hung up there.
func TestSwitchIsBackThoughOneCallPanics(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	var at core.Deadline
	g := &bug{bites: func(ev core.Event) bool {
		e, ok := ev.(core.EngineUp)
		return ok && len(e.Snapshot.Legs) > 0 && !slices.Contains(e.Spare, at)
	}}
	g.left.Store(-1)
	cfg := config(store, b)
	cfg.rules = g.plantedAt(&at)
	l := open(t, cfg, 0)
	b.says(caller(1), caller(2), core.LegAnswered{Leg: caller(1).Leg}, core.LegAnswered{Leg: caller(2).Leg})
	v := awaitView(t, l, "both callers", func(v *View) bool { q, _ := v.Queue(sales); return q.Waiting == 2 })
	up := core.EngineUp{Engine: desk}
	for c := range v.Calls() {
		leg := caller(1).Leg
		if c.From == caller(2).From {
			leg, at.Call = caller(2).Leg, c.ID
		}
		up.Snapshot.Legs = append(up.Snapshot.Legs, core.SeenLeg{Leg: leg, Call: c.ID, Up: true, From: c.From, To: line})
	}
	b.says(core.EngineDown{Engine: desk})
	awaitView(t, l, "the switch to be away", func(v *View) bool { return !engineUp(v) })
	b.says(up)
	awaitView(t, l, "the switch to be back", engineUp)
	e := b.await(t, "the broken call to be hung up", func(e core.Effect) bool { return doing[core.Hang](e) && e.ID == 0 })
	assert.Equal(t, core.Hang{Leg: caller(2).Leg, Cause: core.CauseCongestion}, e.Do)
	kept := store.QuarantinedEvents("s1")
	require.Len(t, kept, 1)
	assert.Equal(t, "engine.up", kept[0].Row.Kind)
	sound(t, l, store)
}

// A new version panics at an event that the old one took: recovery leaves it out, and releases its call once the switch is there.
func TestPanicDuringReplay(t *testing.T) {
	store, b := &watchedStore{noSnapshots: true}, newBoard()
	l := open(t, config(store, b), 0)
	b.says(caller(1), caller(2), core.LegAnswered{Leg: caller(1).Leg}, core.LegAnswered{Leg: caller(2).Leg})
	v := awaitView(t, l, "both callers", func(v *View) bool {
		q, _ := v.Queue(sales)
		return q.Waiting == 2
	})
	require.NoError(t, l.Config(within(t), core.ConfigChanged{}), "no view shows that a caller's leg is up: what comes behind it does")
	require.NoError(t, l.Stop())

	b2 := newBoard()
	for c := range v.Calls() {
		leg := caller(1).Leg
		if c.From == caller(2).From {
			leg = caller(2).Leg
		}
		b2.snapshot.Legs = append(b2.snapshot.Legs, core.SeenLeg{Leg: leg, Call: c.ID, Up: true, From: c.From, To: line})
	}
	g := &bug{bites: func(ev core.Event) bool {
		e, ok := ev.(core.LegAnswered)
		return ok && e.Leg == caller(1).Leg
	}}
	g.left.Store(-1)
	cfg := config(store, b2)
	cfg.rules = plant(g.before, nil)
	l2 := started(t, cfg)
	serving(t, l2)
	e := b2.await(t, "the broken call to be hung up", func(e core.Effect) bool { return doing[core.Hang](e) && e.ID == 0 })
	assert.Equal(t, caller(1).Leg, as[core.Hang](e.Do).Leg)
	assert.Len(t, store.QuarantinedEvents("s1"), 1)
	n, _, _, _ := l2.View().Sizes()
	assert.Equal(t, 2, n)
}

// The number of a quarantined row is its own for ever: timeline and cursors of readers refer to it. The process dies right after the quarantine.
func TestQuarantinedNumberIsNotUsedAgain(t *testing.T) {
	for name, panicsInReplay := range map[string]bool{"live": false, "in replay": true} {
		t.Run(name, func(t *testing.T) {
			store, b := &watchedStore{noSnapshots: true}, newBoard()
			g := &bug{bites: func(ev core.Event) bool {
				e, ok := ev.(core.SetAgentState)
				return ok && e.Agent == "agent00"
			}}
			cfg := config(store, b)
			cfg.rules = plant(g.before, nil)
			l := started(t, cfg)
			serving(t, l)
			awaitView(t, l, "the switch", engineUp) // so that the intent is the last event
			require.NoError(t, l.Config(within(t), site(2)))
			if panicsInReplay {
				require.NoError(t, l.Do(within(t), signIn("agent00")))
				g.left.Store(-1)
			} else {
				g.left.Store(-1)
				require.ErrorIs(t, l.Do(within(t), signIn("agent00")), ErrQuarantined)
			}
			require.NoError(t, l.Stop())
			for range 2 { // the first of them only finds the row
				cfg.Engines = nil
				l = started(t, cfg)
				serving(t, l)
				require.NoError(t, l.Stop())
			}
			kept := store.QuarantinedEvents("s1")
			require.Len(t, kept, 1)
			l = started(t, cfg)
			serving(t, l)
			require.NoError(t, l.Do(within(t), signIn("agent01")))
			for _, row := range store.rows(t) {
				assert.NotEqual(t, kept[0].Row.Seq, row.Seq)
			}
		})
	}
}

// The log of what panicked must survive a store that fails just then.
func TestQuarantineSurvivesAnOutage(t *testing.T) {
	store, b := &failingQuarantine{failures: 3}, newBoard()
	g := &bug{bites: func(ev core.Event) bool { _, ok := ev.(core.SetAgentState); return ok }}
	g.left.Store(1)
	cfg := config(store, b)
	cfg.rules = plant(g.before, nil)
	l := started(t, cfg)
	serving(t, l)
	require.NoError(t, l.Config(within(t), site(1)))
	require.ErrorIs(t, l.Do(within(t), signIn("agent00")), ErrQuarantined)
	require.NoError(t, l.Do(within(t), signIn("agent00")))
	assert.Len(t, store.QuarantinedEvents("s1"), 1)
	assert.Zero(t, store.failures)
}

func TestNumbersAreMasked(t *testing.T) {
	assert.Equal(t, "leg 7 of …67: no answer in 3000 ms", masked("leg 7 of +4917012345567: no answer in 3000 ms"))
	assert.Empty(t, masked(""))
}

func TestThePanicLogForgets(t *testing.T) {
	clock := newFakeClock()
	l := panicLog{clock: clock, seen: map[panicKey]*panicCount{}}
	key := panicKey{kind: "leg.answered", about: "call"}
	for range panicLimit {
		assert.False(t, l.isolated(key))
		l.note(key)
	}
	assert.True(t, l.isolated(key))
	assert.False(t, l.isolated(panicKey{kind: "leg.answered", about: "another"}))
	clock.advance(2 * panicMemory)
	assert.False(t, l.isolated(key))
	l.note(panicKey{kind: "tick"})
	assert.Len(t, l.seen, 1, "old panics are let go")
	assert.Equal(t, time.Second, l.pause(panicKey{kind: "tick"}))
	for range 20 {
		l.note(panicKey{kind: "tick"})
	}
	assert.Equal(t, panicMemory/2, l.pause(panicKey{kind: "tick"}))
	assert.False(t, l.isolated(panicKey{kind: "tick"}), "without ticks no deadline of any call would pass")
}

// failingQuarantine refuses the first few quarantines.
type failingQuarantine struct {
	watchedStore
	failures int
}

func (s *failingQuarantine) Quarantine(ctx context.Context, l journal.Lease, row journal.Row, reason string) error {
	if s.failures > 0 {
		s.failures--
		return errAway
	}
	return s.watchedStore.Quarantine(ctx, l, row, reason)
}

// sound compares the shard in memory with what the log gives.
func sound(t *testing.T, l *Loop, store journal.Store) {
	t.Helper()
	// In one query: between turns both stand still.
	require.NoError(t, l.Query(within(t), func(s *core.Shard) {
		body, err := s.Marshal()
		assert.NoError(t, err)
		assert.Equal(t, replayed(t, store), body)
	}))
}

// replayed is the shard that the log gives, by itself.
func replayed(t *testing.T, store journal.Store) []byte {
	t.Helper()
	snapshot, _, tail, err := store.Load(t.Context(), "s1")
	require.NoError(t, err)
	s := core.New("s1", 1)
	if snapshot != nil {
		s, err = core.Restore(snapshot)
		require.NoError(t, err)
	}
	for row, err := range tail {
		require.NoError(t, err)
		ev, err := core.DecodeEvent(row.Kind, row.Body)
		require.NoError(t, err)
		s.Step(row.At, ev)
	}
	body, err := s.Marshal()
	require.NoError(t, err)
	return body
}
