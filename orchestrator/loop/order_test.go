package loop

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Every effect is looked at when it reaches the switch: the event that made it must have been durable by then. So must everything that a
// reader sees, and every command that was answered.
func TestNothingIsSeenBeforeItIsDurable(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	var (
		durable atomic.Uint64
		madeBy  sync.Map // core.EffectID → seq
	)
	store.afterAppend = func(rows []journal.Row, err error) error {
		if err == nil {
			durable.Store(rows[len(rows)-1].Seq)
		}
		return err
	}
	cfg := config(store, b)
	cfg.rules = plant(nil, func(s *core.Shard, _ core.Event, out core.Outcome) {
		for _, e := range out.Effects {
			madeBy.Store(e.ID, s.Steps())
		}
	})
	var early atomic.Int64
	b.do = func(_ context.Context, e core.Effect) error {
		made, ok := madeBy.Load(e.ID)
		if !ok || as[uint64](made) > durable.Load() {
			early.Add(1)
		}
		return nil
	}
	l := open(t, cfg, 3)

	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if seen := l.View().Seq; seen > durable.Load() {
				early.Add(1)
			}
		}
	})
	const calls = 300
	for n := range calls {
		b.says(caller(n))
	}
	for n := range 3 {
		in := signIn(core.AgentID(fmt.Sprintf("agent%02d", n)))
		in.ID, in.State, in.Reason = core.CommandID(fmt.Sprint("idle", n)), core.Idle, "lunch"
		_ = l.Do(within(t), in) // refused while ringing: it is the timing that matters
	}
	awaitView(t, l, "all calls", func(v *View) bool { n, _, _, _ := v.Sizes(); return n == calls })
	close(stop)
	readers.Wait()
	require.NoError(t, l.Stop())
	assert.Zero(t, early.Load())
	assert.Greater(t, len(b.gotten), calls)
}

// While the append of a batch is held up, an intent has no answer, a switch no order and a reader no view. All come with the append's return.
func TestAnAppendUnderWayHoldsAnswersEffectsAndViews(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	l := open(t, config(store, b), 1)
	b.says(caller(1))
	b.await(t, "the agent's phone to be dialled", doing[core.Dial])
	before := awaitView(t, l, "an offer", func(v *View) bool { a, _ := v.Agent("agent00"); return a.State == core.Reserved })

	entered, release := make(chan struct{}), make(chan struct{})
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(context.Context, []journal.Row) error {
			entered <- struct{}{}
			<-release
			return nil
		}
	})
	answer := make(chan error, 1)
	go func() {
		answer <- l.Do(context.Background(), core.DeclineOffer{Command: core.Command{ID: "no", Actor: "agent:agent00"}, Agent: "agent00"})
	}()
	receive(t, entered, "the append")
	// The loop's goroutine stands in the append: what is not there now cannot come.
	assert.Equal(t, before.Seq, l.View().Seq)
	assert.Empty(t, answer)
	for len(b.gotten) > 0 {
		assert.False(t, doing[core.Hang](<-b.gotten), "the order to hang up overtook its event")
	}
	store.set(func(s *watchedStore) { s.beforeAppend = nil })
	close(release)
	require.NoError(t, receive(t, answer, "the answer"))
	b.await(t, "the offered leg to be hung up", doing[core.Hang])
	assert.Greater(t, l.View().Seq, before.Seq)
}

// The process dies after a batch was committed and before its effects were carried out. The next one replays, finds the caller on the
// switch as it was, and gives the orders again (C12).
func TestCrashBetweenCommitAndEffectIsReconciled(t *testing.T) {
	store, b := &watchedStore{noSnapshots: true}, newBoard()
	b.do = func(context.Context, core.Effect) error {
		return &engine.Refusal{Why: core.WhyDown, Text: "never got there"}
	}
	cfg := config(store, b)
	gone := make(chan struct{})
	var once sync.Once
	b.do = func(ctx context.Context, _ core.Effect) error {
		once.Do(func() { close(gone) })
		<-ctx.Done() // on its way when the process dies
		return ctx.Err()
	}
	cfg.StopGrace = -1
	cfg.EffectTimeout = time.Hour // a switch that does not answer in time would be one more row
	l := open(t, cfg, 0)
	b.says(caller(1))
	receive(t, gone, "an effect on its way")
	v := awaitView(t, l, "the call", func(v *View) bool { n, _, _, _ := v.Sizes(); return n == 1 })
	was := marshal(t, l)
	require.NoError(t, l.Stop())
	require.Empty(t, b.gotten)

	var call core.CallView
	for call = range v.Calls() {
		break
	}
	b2 := newBoard()
	b2.snapshot = core.Snapshot{Legs: []core.SeenLeg{{Leg: caller(1).Leg, Call: call.ID, From: caller(1).From, To: line}}}
	hold := make(chan struct{})
	b2.do = func(context.Context, core.Effect) error { <-hold; return nil }
	store.set(func(s *watchedStore) {
		s.beforeAppend = func(context.Context, []journal.Row) error { <-hold; return nil }
	})
	cfg.Engines = []engine.Engine{b2}
	cfg.StopGrace = 0
	l2 := started(t, cfg)
	serving(t, l2)
	recovered, ok := l2.View().Call(call.ID)
	require.True(t, ok)
	assert.Equal(t, call, recovered)
	assert.Equal(t, v.Seq, l2.View().Seq)
	close(hold)
	e := b2.await(t, "the caller to be answered", doing[core.Answer])
	assert.Equal(t, caller(1).Leg, as[core.Answer](e.Do).Leg)
	assert.NotEmpty(t, was)
}
