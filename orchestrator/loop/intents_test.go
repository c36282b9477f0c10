package loop

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

func TestIntentsAreAnswered(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	l := open(t, config(store, b), 1)
	in := core.SetAgentState{Command: core.Command{ID: "lunch", Actor: "agent:agent00"}, Agent: "agent00", State: core.Idle, Reason: "lunch"}
	require.NoError(t, l.Do(within(t), in))
	seq := l.View().Seq
	a, _ := l.View().Agent("agent00")
	assert.Equal(t, core.Idle, a.State)

	require.NoError(t, l.Do(within(t), in), "the same command again is done")
	assert.Equal(t, seq, l.View().Seq, "and changes nothing")

	in.ID, in.Agent = "other", "nobody"
	var refusal *core.Refusal
	require.ErrorAs(t, l.Do(within(t), in), &refusal)
	assert.Equal(t, core.RefusedUnknown, refusal.Code)
	assert.Equal(t, seq, l.View().Seq, "a refused intent is not journalled")

	in.ID = ""
	require.ErrorAs(t, l.Do(within(t), in), &refusal)
	assert.Equal(t, "id", refusal.Field)

	_, found, err := l.Explain(within(t), "no call")
	require.NoError(t, err)
	assert.False(t, found)

	err = l.Query(within(t), func(*core.Shard) { panic("a reader's fault") })
	require.ErrorContains(t, err, "a reader's fault")
	require.NoError(t, l.Query(within(t), func(*core.Shard) {}))
}

// The same command twice within one batch: both are answered once it is durable, and it is carried out once.
func TestDoubledCommandInOneBatch(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	l := open(t, config(store, b), 1)
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(context.Context, []journal.Row) error {
			once.Do(func() { close(entered); <-release })
			return nil
		}
	})
	b.says(caller(1))
	receive(t, entered, "the append")
	in := core.SetAgentState{Command: core.Command{ID: "twice"}, Agent: "agent00", State: core.Idle, Reason: "lunch"}
	answers := make(chan error, 2)
	for range 2 {
		r := l.term.Load().in.request(t.Context(), in)
		l.term.Load().in.intents <- r
		go func() { answers <- <-r.reply }()
	}
	close(release)
	// By then the agent may have been reserved for the caller: a refusal is a fair answer too, but both must be the same.
	first, second := receive(t, answers, "the first answer"), receive(t, answers, "the second")
	assert.Equal(t, first, second)
}

func TestAFullInboxSaysBusy(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	cfg := config(store, b)
	cfg.IntentQueue = 1
	l := open(t, cfg, 1)
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(context.Context, []journal.Row) error {
			once.Do(func() { close(entered); <-release })
			return nil
		}
	})
	b.says(caller(1))
	receive(t, entered, "the append")
	// One waits; nobody waits for its answer any longer when its turn comes, so it is not carried out.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := core.SetAgentState{Command: core.Command{ID: "abandoned"}, Agent: "agent00", State: core.Idle, Reason: "lunch"}
	require.ErrorIs(t, l.Do(ctx, in), context.Canceled)
	in.ID = "busy"
	require.ErrorIs(t, l.Do(within(t), in), ErrBusy)
	close(release)
	require.NoError(t, l.Config(within(t), core.ConfigChanged{}))
	var done bool
	require.NoError(t, l.Query(within(t), func(s *core.Shard) { done = s.Done("abandoned") }))
	assert.False(t, done)
	assert.InDelta(t, 1, testutil.ToFloat64(l.cfg.Metrics.intents.WithLabelValues("agent.set_state", "busy")), 0)
}

// gaveUp is the context of somebody who no longer waits when their turn comes.
type gaveUp struct{ context.Context }

func (gaveUp) Err() error { return context.Canceled }

// A change of the set-up is in the database before the loop hears of it: not carried out, the rules would go by another set-up than everybody sees, until the next start.
func TestASetUpThatNobodyWaitsForIsInForceAllTheSame(t *testing.T) {
	l := open(t, config(&watchedStore{}, newBoard()), 1)
	_, found := l.View().Agent("agent01")
	require.False(t, found)
	require.NoError(t, l.Config(gaveUp{t.Context()}, site(2)))
	_, found = l.View().Agent("agent01")
	assert.True(t, found)
	require.ErrorIs(t, l.Do(gaveUp{t.Context()}, signIn("agent01")), context.Canceled)
}

// A flood of intents does not keep facts waiting for more than a turn, and the other way round.
func TestFactsAndIntentsDoNotStarveEachOther(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	cfg := config(store, b)
	cfg.MaxBatch = 4
	l := open(t, cfg, 1)
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var turns [][]string
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(_ context.Context, rows []journal.Row) error {
			first := false
			once.Do(func() { first = true; close(entered); <-release })
			if !first {
				var kinds []string
				for _, r := range rows {
					kinds = append(kinds, r.Kind)
				}
				turns = append(turns, kinds)
			}
			return nil
		}
	})
	b.says(core.PhoneChanged{Engine: desk, Phone: "1", Reachable: true})
	receive(t, entered, "the append")
	in := l.term.Load().in
	var replies []chan error
	for n := range 20 {
		b.says(core.LegRinging{Leg: "none"})
		reason := []string{"lunch", "tea"}[n%2]
		r := in.request(t.Context(), core.SetAgentState{Command: core.Command{ID: core.CommandID(rune('a' + n))}, Agent: "agent00", State: core.Idle, Reason: reason})
		replies = append(replies, r.reply)
		in.intents <- r
	}
	close(release)
	for _, reply := range replies {
		require.NoError(t, receive(t, reply, "an answer"))
	}
	require.NoError(t, l.Stop())
	for _, kinds := range turns[:4] { // 20 facts last for four turns at least
		assert.Contains(t, kinds, "leg.ringing")
		assert.Contains(t, kinds, "agent.set_state")
		assert.LessOrEqual(t, len(kinds), 4+1+2, "facts, intents, one of them by waking up, a tick")
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := config(&journal.Memory{}, newBoard())
	for want, change := range map[string]func(*Config){
		"Shard: must not be empty":     func(c *Config) { c.Shard = "" },
		"Owner: must not be empty":     func(c *Config) { c.Owner = "" },
		"Store: must not be nil":       func(c *Config) { c.Store = nil },
		`Engines: "desk" is there twi`: func(c *Config) { c.Engines = []engine.Engine{newBoard(), newBoard()} },
		"LeaseTTL: must be at least":   func(c *Config) { c.LeaseTTL, c.LeaseMargin = time.Nanosecond, 0 },
		"LeaseMargin: must be less":    func(c *Config) { c.LeaseMargin = c.LeaseTTL },
	} {
		c := good
		change(&c)
		_, err := New(c)
		require.ErrorContains(t, err, want)
	}
	l, err := New(Config{Shard: "s", Owner: "o", Store: &journal.Memory{}, Logger: good.Logger})
	require.NoError(t, err)
	assert.Equal(t, 15*time.Second, l.cfg.LeaseTTL)
	assert.ErrorIs(t, l.Do(t.Context(), signIn("a")), ErrStopped)
	assert.ErrorIs(t, l.Config(t.Context(), core.ConfigChanged{}), ErrStopped)
	assert.ErrorIs(t, l.Query(t.Context(), nil), ErrStopped)
	require.NoError(t, l.Stop(), "nothing to stop")
	require.NoError(t, l.Start(t.Context()))
	require.Error(t, l.Start(t.Context()), "started already")
	require.NoError(t, l.Stop())
	require.NoError(t, l.Start(t.Context()), "it may be started again")
	require.NoError(t, l.Serving(within(t)))
	require.Error(t, l.Run(t.Context()), "running already")
	require.NoError(t, l.Stop())
}

// givesUp is an engine that returns, and another time panics.
type givesUp struct {
	*board
	runs chan struct{}
	fail func()
}

func (g *givesUp) Run(ctx context.Context, sink engine.Sink) error {
	sink.Fact(core.EngineUp{Engine: desk})
	select {
	case g.runs <- struct{}{}:
	default:
	}
	g.fail()
	return errors.New("no such host")
}

// An engine that gives up is down for the rules, and is run again: the shard and the other switches go on.
func TestAnEngineThatGivesUpIsRunAgain(t *testing.T) {
	for name, fail := range map[string]func(){"it returns": func() {}, "it panics": func() { panic("adapter") }} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, clock := &watchedStore{}, newFakeClock()
				store.Now = time.Now
				g := &givesUp{board: newBoard(), runs: make(chan struct{}, 10), fail: fail}
				cfg := config(store, g)
				cfg.Clock = clock
				l := started(t, cfg)
				serving(t, l)
				receive(t, g.runs, "the engine")
				awaitView(t, l, "the engine to be down", func(v *View) bool { e, ok := v.Engine(desk); return ok && !e.Up })
				clock.armed(t, restartEngine)
				clock.advance(restartEngine)
				receive(t, g.runs, "the engine once more")
			})
		})
	}
}

func TestMetricsAreWellFormed(t *testing.T) {
	store, e := &watchedStore{}, world(1)
	cfg := config(store, e)
	cfg.Metrics = NewMetrics("s1")
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(cfg.Metrics))
	require.NoError(t, registry.Register(NewMetrics("s2")), "two shards in one process")
	l := open(t, cfg, 1)
	e.World(func(now time.Time, s *sim.Switch) { s.CallerDials(now, "+491701", "Caller", line) })
	awaitView(t, l, "a conversation", func(v *View) bool { return talking(v, 1) })
	require.NoError(t, l.Stop())
	families, err := registry.Gather()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
		assert.Regexp(t, "^tandem_", f.GetName())
	}
	for _, want := range []string{"tandem_events_total", "tandem_step_seconds", "tandem_append_seconds", "tandem_effects_total", "tandem_shard_owned"} {
		assert.True(t, names[want], want)
	}
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	assert.Empty(t, problems)
	assert.InDelta(t, 1, testutil.ToFloat64(cfg.Metrics.effects.WithLabelValues(string(e.ID()), "dial", "ok")), 0)
	assert.Zero(t, testutil.ToFloat64(cfg.Metrics.owned))
}
