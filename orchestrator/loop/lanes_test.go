package loop

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

func testLanes(t *testing.T, do func(context.Context, core.Effect) error, change func(*Config)) (*lanes, *board, chan core.Refused) {
	t.Helper()
	b := newBoard()
	b.do = do
	clock := SystemClock()
	cfg := Config{EffectTimeout: time.Minute, EffectsPerEngine: 256, Metrics: NewMetrics("s1"), Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	refused := make(chan core.Refused, 10_000)
	cfg.Witness = nobody{}
	ls := newLanes(t.Context(), b, newWindow(clock, clock.Elapsed()+time.Hour), cfg, func(r core.Refused) { refused <- r })
	t.Cleanup(ls.drop)
	return ls, b, refused
}

func hang(id int, lane string) core.Effect {
	return core.Effect{ID: core.EffectID(id), Engine: desk, Lane: lane, Do: core.Hang{Leg: core.LegID(lane), Cause: core.CauseNormal}}
}

func TestOneSlowLaneDelaysOnlyItself(t *testing.T) {
	hold := make(chan struct{})
	ls, b, _ := testLanes(t, func(_ context.Context, e core.Effect) error {
		if e.Lane == "slow" {
			<-hold
		}
		return nil
	}, nil)
	ls.add(hang(1, "slow"))
	ls.add(hang(2, "slow"))
	for n := range 100 {
		ls.add(hang(3+n, fmt.Sprint("quick", n)))
	}
	for range 100 {
		e := receive(t, b.gotten, "the quick lanes")
		assert.NotEqual(t, "slow", e.Lane)
	}
	close(hold)
	assert.EqualValues(t, 1, receive(t, b.gotten, "the slow lane").ID)
	assert.EqualValues(t, 2, receive(t, b.gotten, "the slow lane").ID)
	require.NoError(t, ls.drained(within(t)))
}

func dial(id int, lane string) core.Effect {
	return core.Effect{ID: core.EffectID(id), Engine: desk, Lane: lane, Do: core.Dial{Leg: core.LegID(lane)}}
}

// The pause counts from the dial that was the newest when the hang-up's turn came: those that follow do not hold it.
func TestAHangUpMakesWayForADialOnce(t *testing.T) {
	ls, b, _ := testLanes(t, nil, nil)
	begun := time.Now()
	ls.add(dial(1, "next"))
	ls.add(hang(2, "last"))
	for id := 3; ; id++ {
		ls.add(dial(id, fmt.Sprint("more", id)))
		if e := receive(t, b.gotten, "an effect"); e.ID == 2 {
			break
		}
	}
	assert.GreaterOrEqual(t, time.Since(begun), wayOfDial)
	require.NoError(t, ls.drained(within(t)))
}

// Hang-ups that make way must not stand in the way of the next dial: as many of them as there are workers leave one that is free at once. The clock of this test moves only when nobody has
// anything to do, so that any waiting shows.
func TestHangUpsThatMakeWayLeaveASlotToTheNextDial(t *testing.T) {
	const limit = 4
	for name, together := range map[string]bool{"at once": true, "one after another": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ls, b, _ := testLanes(t, nil, func(c *Config) { c.EffectsPerEngine = limit })
				ls.add(dial(1, "first"))
				receive(t, b.gotten, "the first dial")
				synctest.Wait()
				begun := time.Now()
				for n := range limit {
					ls.add(hang(2+n, fmt.Sprint("old", n)))
					if !together {
						synctest.Wait()
					}
				}
				ls.add(dial(100, "next"))
				for id := core.EffectID(0); id != 100; {
					id = receive(t, b.gotten, "the next dial").ID
				}
				assert.Zero(t, time.Since(begun), "the dial has waited for the hang-ups that were to make way")
				require.NoError(t, ls.drained(within(t)))
				assert.LessOrEqual(t, time.Since(begun), wayOfDial, "and they are carried out when it has passed")
			})
		})
	}
}

func TestALaneKeepsItsOrderAndTheLimitHolds(t *testing.T) {
	const limit, lanesN, each = 4, 40, 50
	var (
		mu         sync.Mutex
		under, top int
		overlap    bool
		lanesBusy  = map[string]bool{}
	)
	ls, b, _ := testLanes(t, func(_ context.Context, e core.Effect) error {
		mu.Lock()
		under++
		top = max(top, under)
		overlap = overlap || lanesBusy[e.Lane]
		lanesBusy[e.Lane] = true
		mu.Unlock()
		defer func() {
			mu.Lock()
			under--
			lanesBusy[e.Lane] = false
			mu.Unlock()
		}()
		return nil
	}, func(c *Config) { c.EffectsPerEngine = limit })
	for n := range lanesN * each {
		ls.add(hang(n+1, fmt.Sprint(n%lanesN)))
	}
	last := map[string]core.EffectID{}
	for range lanesN * each {
		e := receive(t, b.gotten, "all effects")
		assert.Greater(t, e.ID, last[e.Lane], "lane %s", e.Lane)
		last[e.Lane] = e.ID
	}
	require.NoError(t, ls.drained(within(t)))
	assert.LessOrEqual(t, top, limit)
	assert.False(t, overlap, "two effects of one lane were under way together")
	ls.mu.Lock()
	defer ls.mu.Unlock()
	assert.Zero(t, ls.pending)
	assert.Empty(t, ls.byKey)
	assert.Empty(t, ls.waiting)
}

// A lane with much to do must not keep the others from the only worker.
func TestALongLaneStepsBack(t *testing.T) {
	first := make(chan struct{})
	hold := make(chan struct{})
	var once sync.Once
	ls, b, _ := testLanes(t, func(context.Context, core.Effect) error {
		once.Do(func() { close(first); <-hold })
		return nil
	}, func(c *Config) { c.EffectsPerEngine = 1 })
	for n := range 100 {
		ls.add(hang(n+1, "long"))
	}
	receive(t, first, "the long lane")
	ls.add(hang(1000, "short"))
	close(hold)
	assert.EqualValues(t, 1, receive(t, b.gotten, "the first").ID)
	assert.EqualValues(t, 1000, receive(t, b.gotten, "the short lane").ID)
	require.NoError(t, ls.drained(within(t)))
}

func TestRefusalsComeBackAsFacts(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(context.Context, core.Effect) error
		why  core.Why
		text string
	}{
		"refused": {func(context.Context, core.Effect) error {
			return &engine.Refusal{Why: core.WhyUnknown, Text: "no such leg"}
		}, core.WhyUnknown, "no such leg"},
		"wrapped": {func(context.Context, core.Effect) error {
			return fmt.Errorf("dial: %w", &engine.Refusal{Why: core.WhyLimit, Text: "full"})
		}, core.WhyLimit, "full"},
		"timed out":  {func(ctx context.Context, _ core.Effect) error { <-ctx.Done(); return ctx.Err() }, core.WhyTimeout, "in time"},
		"odd error":  {func(context.Context, core.Effect) error { return errAway }, core.WhyFailed, errAway.Error()},
		"it crashed": {func(context.Context, core.Effect) error { panic("oh") }, core.WhyFailed, "panicked: oh"},
	} {
		t.Run(name, func(t *testing.T) {
			ls, _, refused := testLanes(t, c.do, func(cfg *Config) {
				if name == "timed out" {
					cfg.EffectTimeout = time.Millisecond
				}
			})
			ls.add(core.Effect{ID: 7, Engine: desk, Lane: "l", Do: core.StartRecording{Recording: "rec", Mix: "mix"}})
			r := receive(t, refused, "the refusal")
			assert.Contains(t, r.Text, c.text)
			r.Text = ""
			assert.Equal(t, core.Refused{Effect: 7, Action: "start_recording", Recording: "rec", Mix: "mix", Why: c.why}, r)
		})
	}
}

// What was handed over and not begun is gone when the lanes are dropped; what was begun is interrupted and tells nobody.
func TestDroppedLanesAreSilent(t *testing.T) {
	began := make(chan struct{}, 1)
	ls, b, refused := testLanes(t, func(ctx context.Context, _ core.Effect) error { began <- struct{}{}; <-ctx.Done(); return ctx.Err() },
		func(c *Config) { c.EffectsPerEngine = 1 })
	for n := range 10 {
		ls.add(hang(n+1, fmt.Sprint(n%3)))
	}
	receive(t, began, "the first")
	ls.drop()
	ls.add(hang(99, "late"))
	assert.Empty(t, began)
	assert.Empty(t, b.gotten)
	assert.Empty(t, refused)
}

// An effect for a switch that is not set up is refused like any other, without stopping the loop.
func TestUnknownEngineIsDown(t *testing.T) {
	seen := make(chan core.Refused, 100)
	store, b := &watchedStore{}, newBoard()
	cfg := config(store, b)
	cfg.rules = plant(func(ev core.Event) {
		if r, ok := ev.(core.Refused); ok {
			select {
			case seen <- r:
			default:
			}
		}
	}, nil)
	l := open(t, cfg, 0)
	c := caller(1)
	c.Engine = "elsewhere"
	b.says(core.EngineUp{Engine: "elsewhere"}, c)
	r := receive(t, seen, "the refusal")
	assert.Equal(t, core.WhyDown, r.Why)
	assert.Equal(t, c.Leg, r.Leg)
	require.NoError(t, l.Config(within(t), site(1)))
}
