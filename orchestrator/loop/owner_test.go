package loop

import (
	"context"
	"sync"
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

// Two loops on one log. The first stands still for longer than its lease; the second takes over. What the first had under way is interrupted,
// what it had queued never reaches the switch, and it says that it was fenced (C12).
func TestFencedOwnerDropsEverything(t *testing.T) {
	store := &watchedStore{noSnapshots: true}
	var later atomic.Int64
	store.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }

	first := newBoard()
	stuck, interrupted := make(chan struct{}), make(chan struct{})
	var orders atomic.Int64
	first.do = func(ctx context.Context, e core.Effect) error {
		orders.Add(1)
		close(stuck)
		<-ctx.Done()
		close(interrupted)
		return ctx.Err()
	}
	cfg := config(store, first)
	cfg.EffectsPerEngine = 1
	cfg.EffectTimeout = time.Hour // only the loss of the shard interrupts it
	a := open(t, cfg, 0)
	first.says(caller(1))
	receive(t, stuck, "an order under way")
	first.says(caller(2)) // its orders are queued behind
	awaitView(t, a, "both calls", func(v *View) bool { n, _, _, _ := v.Sizes(); return n == 2 })

	second := newBoard()
	cfg2 := config(store, second)
	cfg2.Owner, cfg2.Standby = "b", true
	b := started(t, cfg2)
	for phase, changed := b.PhaseChange(); phase != PhaseStandby; phase, changed = b.PhaseChange() {
		receive(t, changed, "the second to stand by")
	}
	assert.ErrorIs(t, b.Do(within(t), signIn("agent00")), ErrStandby)
	_, err := b.Subscribe(0)
	assert.ErrorIs(t, err, ErrStandby)

	later.Store(int64(2 * time.Hour))
	serving(t, b)
	first.says(caller(3)) // its append meets the fence
	receive(t, interrupted, "the order to be interrupted")
	receive(t, a.Done(), "the first to step down")
	require.ErrorIs(t, a.Stop(), journal.ErrFenced)
	assert.EqualValues(t, 1, orders.Load(), "an order left after the shard was lost")
	assert.ErrorIs(t, a.Do(t.Context(), signIn("agent00")), ErrStopped)
	assert.InDelta(t, 1, testutil.ToFloat64(a.cfg.Metrics.fenced), 0)

	require.NoError(t, b.Stop())
	var arrived []string
	for _, row := range store.rows(t) {
		if row.Kind == (core.LegAppeared{}).Kind() {
			arrived = append(arrived, string(row.Body))
		}
	}
	require.Len(t, arrived, 2, "what met the fence is not in the log")
	assert.Contains(t, arrived[1], caller(2).Leg)
}

// A fenced owner with Standby set waits for its next turn, and gets it.
func TestFencedOwnerStandsByAgain(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	cfg := config(store, b)
	cfg.Standby = true
	l := open(t, cfg, 1)
	sub, err := l.Subscribe(l.View().Seq)
	require.NoError(t, err)

	store.Now = func() time.Time { return time.Now().Add(2 * time.Hour) } // read under the store's lock only
	lease, err := store.Acquire(t.Context(), "s1", "thief", time.Hour)
	require.NoError(t, err)
	err = l.Do(within(t), core.SetAgentState{Command: core.Command{ID: "x"}, Agent: "agent00", State: core.Offline})
	require.ErrorIs(t, err, ErrStopped)
	for {
		if _, err = sub.Next(within(t)); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, ErrStandby)
	require.NoError(t, store.Release(t.Context(), lease))
	serving(t, l)
	v, ok := l.View().Agent("agent00")
	require.True(t, ok)
	assert.Equal(t, core.Available, v.State)
}

// The database restarts while calls arrive: the same batch is tried again until it goes through; answers and effects wait for it, once each.
func TestTransientAppendFailureHoldsAndRepeats(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	l := open(t, config(store, b), 0)
	const failures = 5
	var (
		tries   [][]journal.Row
		phases  []Phase
		effects []int
	)
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(_ context.Context, rows []journal.Row) error {
			tries = append(tries, rows)
			phases = append(phases, l.Phase())
			effects = append(effects, len(b.gotten))
			if len(tries) <= failures {
				return errAway
			}
			return nil
		}
	})
	require.NoError(t, l.Config(within(t), site(2)))
	require.NoError(t, l.Do(within(t), signIn("agent00")))
	require.Greater(t, len(tries), failures)
	for n := range failures {
		assert.Equal(t, tries[0], tries[n+1], "another batch overtook the failed one")
		assert.Equal(t, PhaseDegraded, phases[n+1])
		assert.Zero(t, effects[n+1])
	}
	assert.Equal(t, PhaseServing, l.Phase())
	assert.InDelta(t, failures, testutil.ToFloat64(l.cfg.Metrics.storeFailures.WithLabelValues("append")), 0)
}

// What arrives while the database is away is stepped with the time of its arrival: the agent who answered within the ring time has answered.
func TestOutageDoesNotTurnAnAnswerIntoAMiss(t *testing.T) {
	store, b, clock := &watchedStore{}, newBoard(), newFakeClock()
	store.Now = clock.Now
	cfg := config(store, b)
	cfg.Clock = clock
	l := open(t, cfg, 1)
	b.says(caller(1))
	b.says(core.LegAnswered{Leg: caller(1).Leg})
	dial := b.await(t, "the agent to be dialled", doing[core.Dial])
	leg := as[core.Dial](dial.Do).Leg
	b.says(core.LegRinging{Leg: leg})
	awaitView(t, l, "the phone rings", func(v *View) bool {
		for c := range v.Calls() {
			return len(c.Offers) == 1 && c.Offers[0].Ringing
		}
		return false
	})

	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(context.Context, []journal.Row) error {
			once.Do(func() { close(entered); <-release })
			return nil
		}
	})
	b.says(core.PhoneChanged{Engine: desk, Phone: "999", Reachable: true}) // any event
	receive(t, entered, "the append")
	clock.advance(10 * time.Second)
	b.says(core.LegAnswered{Leg: leg})
	clock.advance(30 * time.Second) // the ring time is over before the database is back
	close(release)
	v := awaitView(t, l, "the conversation", func(v *View) bool { a, _ := v.Agent("agent00"); return a.State != core.Reserved })
	a, _ := v.Agent("agent00")
	assert.Equal(t, core.Engaged, a.State)
}

// The connection breaks after the commit and before its confirmation. A store that takes every repetition for a fence must not make the
// owner step down; a fence that is one must.
func TestLostConfirmationIsNotAFence(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	l := open(t, config(store, b), 0)
	tries := 0
	store.set(func(s *watchedStore) {
		s.afterAppend = func(_ []journal.Row, err error) error {
			tries++
			switch tries {
			case 1:
				return errAway // but it is in
			case 2:
				return journal.ErrFenced // the number is taken: by ourselves
			}
			return err
		}
	})
	require.NoError(t, l.Config(within(t), site(1)))
	require.Equal(t, 2, tries)
	require.NoError(t, l.Do(within(t), signIn("agent00")))

	// Now it was another's row that took the number: nothing of ours is there.
	tries = 0
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(context.Context, []journal.Row) error {
			tries++
			if tries == 1 {
				return errAway
			}
			return journal.ErrFenced
		}
	})
	require.ErrorIs(t, l.Config(within(t), site(2)), ErrStopped)
	receive(t, l.Done(), "the owner to step down")
	require.ErrorIs(t, l.Stop(), journal.ErrFenced)
}

// Renewals fail for longer than the trust window: effects are held though the log still takes rows, and go on when the lease is confirmed.
func TestNothingActsOutsideTheTrustWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b, clock := &watchedStore{}, newBoard(), newFakeClock()
		var away atomic.Bool
		asked := make(chan struct{}, 1000)
		store.renew = func() error {
			gone := away.Load() // before the test hears of it, and goes on
			asked <- struct{}{}
			if gone {
				return errAway
			}
			return nil
		}
		cfg := config(store, b)
		cfg.Clock, cfg.LeaseTTL = clock, 15*time.Second
		cfg.LeaseMargin = 3 * time.Second
		l := open(t, cfg, 0)
		w := l.term.Load().window

		away.Store(true)
		clock.armed(t, 5*time.Second)
		clock.advance(12 * time.Second)
		receive(t, asked, "a renewal")
		require.LessOrEqual(t, w.left(), time.Duration(0))
		before := l.View().Seq
		b.says(caller(1))
		awaitView(t, l, "the call", func(v *View) bool { n, _, _, _ := v.Sizes(); return v.Seq > before && n == 1 })
		require.NoError(t, l.Config(within(t), site(1)), "the log is its own fence")
		assert.Empty(t, b.gotten, "an order left outside of the window")

		away.Store(false)
		clock.armed(t, time.Second)
		clock.advance(time.Second)
		b.await(t, "the held order", doing[core.Answer])
		assert.Greater(t, w.left(), time.Duration(0))
	})
}

// The renewal itself finds the lease taken: the term ends without any event.
func TestLostLeaseEndsAnIdleTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b, clock := &watchedStore{}, newBoard(), newFakeClock()
		cfg := config(store, b)
		cfg.Clock, cfg.LeaseTTL = clock, 15*time.Second
		l := open(t, cfg, 0)
		store.set(func(s *watchedStore) { s.renew = func() error { return journal.ErrFenced } })
		clock.armed(t, 5*time.Second)
		clock.advance(5 * time.Second)
		receive(t, l.Done(), "the end of the term")
		require.ErrorIs(t, l.Stop(), journal.ErrFenced)
	})
}

// An orderly stop gives the lease back, carries out what was committed, and leaves the shard written down.
func TestStopIsOrderly(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	hold := make(chan struct{})
	began := make(chan struct{}, 100)
	b.do = func(context.Context, core.Effect) error { began <- struct{}{}; <-hold; return nil }
	cfg := config(store, b)
	cfg.StopGrace = patience
	l := open(t, cfg, 0)
	b.says(caller(1))
	receive(t, began, "an order")
	stopped := make(chan error, 1)
	go func() { stopped <- l.Stop() }()
	for p, changed := l.PhaseChange(); p != PhaseStopping; p, changed = l.PhaseChange() {
		receive(t, changed, "stopping")
	}
	assert.ErrorIs(t, l.Do(t.Context(), signIn("agent00")), ErrStandby)
	close(hold)
	require.NoError(t, receive(t, stopped, "the stop"))
	assert.NotEmpty(t, b.gotten, "a committed order was forgotten")
	assert.Empty(t, store.rows(t), "the snapshot covers all rows")
	lease, err := store.Acquire(t.Context(), "s1", "other", time.Hour)
	require.NoError(t, err, "the lease was not given back")
	assert.Equal(t, "other", lease.Owner)
	require.NoError(t, l.Stop())
}

// A stop while the database is away gives up instead of waiting for it.
func TestStopDuringAnOutage(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	l := open(t, config(store, b), 0)
	failed := make(chan struct{}, 10_000)
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(context.Context, []journal.Row) error { failed <- struct{}{}; return errAway }
	})
	b.says(caller(1))
	receive(t, failed, "a failed append")
	require.NoError(t, l.Stop())
	assert.Empty(t, b.gotten)
}

// A log that cannot be read is an error that names the row, not a shard without it.
func TestUnreadableLogIsRefused(t *testing.T) {
	store := &watchedStore{}
	lease, err := store.Acquire(t.Context(), "s1", "a", time.Hour)
	require.NoError(t, err)
	require.NoError(t, store.Memory.Append(t.Context(), lease, []journal.Row{{Seq: 1, At: time.Now(), Kind: "from.the.future", Body: []byte("{}")}}, nil))
	l, err := New(config(store, newBoard()))
	require.NoError(t, err)
	err = l.Run(t.Context())
	require.ErrorContains(t, err, "row 1 (from.the.future)")
	assert.Equal(t, PhaseIdle, l.Phase())
	assert.NotErrorIs(t, err, journal.ErrFenced)
}

// The loop's goroutine is stuck in a store that does not even heed its context; the renewal learns that the shard is lost. Orders under way
// are interrupted at once, not when the store comes back.
func TestLossIsNotHeldUpByAStuckAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b, clock := &watchedStore{}, newBoard(), newFakeClock()
		under, interrupted := make(chan struct{}, 10), make(chan struct{}, 10)
		b.do = func(ctx context.Context, _ core.Effect) error {
			under <- struct{}{}
			<-ctx.Done()
			interrupted <- struct{}{}
			return ctx.Err()
		}
		cfg := config(store, b)
		cfg.Clock, cfg.LeaseTTL = clock, 15*time.Second
		l := open(t, cfg, 0)
		b.says(caller(1))
		receive(t, under, "an order under way")
		entered, release := make(chan struct{}), make(chan struct{})
		store.set(func(s *watchedStore) {
			s.beforeAppend = func(context.Context, []journal.Row) error { close(entered); <-release; return nil }
			s.renew = func() error { return journal.ErrFenced }
		})
		b.says(caller(2))
		receive(t, entered, "the stuck append")
		clock.armed(t, 5*time.Second)
		clock.advance(5 * time.Second)
		receive(t, interrupted, "the order to be interrupted")
		close(release)
		receive(t, l.Done(), "the end of the term")
		require.ErrorIs(t, l.Stop(), journal.ErrFenced)
		assert.Empty(t, under)
	})
}
