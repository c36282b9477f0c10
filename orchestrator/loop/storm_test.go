package loop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// shared is one switch for several owners: its adapter of one owner connects when the other's has let go.
type shared struct {
	*sim.Engine
	free chan struct{} // capacity 1
}

func (s shared) Run(ctx context.Context, sink engine.Sink) error {
	select {
	case s.free <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	defer func() { <-s.free }()
	return s.Engine.Run(ctx, sink)
}

// Owners come and go over one switch and one log, stopped, killed and fenced at random moments, with a database that fails now and then before and after its
// commits and rules that panic now and then. Whatever happens: the invariants hold, the log gives the shard, and in the end nothing is left on the switch (C12).
func TestOwnersComeAndGo(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { t.Parallel(); ownersComeAndGo(t, seed) })
	}
}

func ownersComeAndGo(t *testing.T, seed uint64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	const agents, rounds = 3, 8
	sw := shared{Engine: world(agents), free: make(chan struct{}, 1)}
	store := &watchedStore{}
	var later atomic.Int64 // the database's clock ahead of ours
	store.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	var dead atomic.Pointer[string] // the owner that was killed: it reaches the store no more
	var trouble atomic.Int64
	chance := func(n uint64) bool { return uint64(trouble.Add(1))*0x9e3779b97f4a7c15>>32%n == seed%n }
	store.beforeAppend = func(context.Context, []journal.Row) error {
		if chance(20) {
			return errAway
		}
		return nil
	}
	store.afterAppend = func(_ []journal.Row, err error) error {
		if err == nil && chance(20) {
			return errAway
		}
		return err
	}
	g := &bug{bites: func(ev core.Event) bool { _, ok := ev.(core.LegAnswered); return ok && chance(60) }}
	g.left.Store(3)

	owner := func(name string) *Loop {
		cfg := config(mortal{store, name, &dead}, sw)
		cfg.Owner, cfg.Standby, cfg.SnapshotEvery, cfg.StopGrace = name, true, 20, -1
		cfg.rules = plant(g.before, nil)
		return started(t, cfg)
	}
	l := owner("owner0")
	serving(t, l)
	require.NoError(t, l.Config(within(t), site(agents)))
	for n := range agents {
		require.NoError(t, l.Do(within(t), signIn(core.AgentID(fmt.Sprintf("agent%02d", n)))))
	}
	var legs []core.LegID
	for round := range rounds {
		sw.World(func(now time.Time, s *sim.Switch) {
			for range 1 + rnd.IntN(4) {
				legs = append(legs, s.CallerDials(now, fmt.Sprintf("+4917%04d", len(legs)), "Caller", line))
			}
			for range rnd.IntN(4) {
				s.PartyHangsUp(now, legs[rnd.IntN(len(legs))])
			}
		})
		if seen := rnd.IntN(20); seen > 0 { // let it get somewhere
			from := l.View().Seq
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			for _, sub, err := l.Follow(); err == nil && l.View().Seq < from+uint64(seen); _, err = sub.Next(ctx) {
				continue
			}
			cancel()
		}
		name := fmt.Sprint("owner", round+1)
		switch rnd.IntN(3) {
		case 0: // an orderly change
			require.NoError(t, l.Stop())
			l = owner(name)
		case 1: // kill -9: nothing is said to anybody, the lease runs out by itself
			dead.Store(&l.cfg.Owner)
			_ = l.Stop()
			later.Add(int64(2 * time.Hour))
			l = owner(name)
		case 2: // the old one stands still for too long, and wakes up fenced
			next := owner(name)
			later.Add(int64(2 * time.Hour))
			serving(t, next)
			old := l
			sw.World(func(now time.Time, s *sim.Switch) {
				legs = append(legs, s.CallerDials(now, "+49170", "Caller", line))
			})
			for p, changed := old.PhaseChange(); p == PhaseServing || p == PhaseDegraded; p, changed = old.PhaseChange() {
				_ = old.Config(within(t), core.ConfigChanged{}) // meets the fence
				receive(t, changed, "the old owner to step down")
			}
			require.NoError(t, old.Stop())
			l = next
		}
		serving(t, l)
	}
	g.left.Store(0)
	awaitView(t, l, "the switch", engineUp)
	sw.World(func(now time.Time, s *sim.Switch) {
		for _, leg := range legs {
			s.PartyHangsUp(now, leg)
		}
	})
	awaitView(t, l, "all calls to end", func(v *View) bool {
		n, _, _, _ := v.Sizes()
		if n > 0 {
			return false
		}
		for a := range v.Agents() {
			if a.Call != "" {
				return false
			}
		}
		return true
	})
	require.NoError(t, sw.Await(within(t), func(_ time.Time, s *sim.Switch) bool { return s.Legs() == 0 }))
	var broken []string
	require.NoError(t, l.Query(within(t), func(s *core.Shard) { broken = s.Check() }))
	assert.Empty(t, broken)
	sound(t, l, store)
	require.NoError(t, l.Stop())
}

// mortal is the store as one owner reaches it, until that owner is killed.
type mortal struct {
	*watchedStore
	name string
	dead *atomic.Pointer[string]
}

func (m mortal) gone() bool { d := m.dead.Load(); return d != nil && *d == m.name }

func (m mortal) Append(ctx context.Context, l journal.Lease, rows []journal.Row, lines []journal.Timeline) error {
	if m.gone() {
		return errAway
	}
	return m.watchedStore.Append(ctx, l, rows, lines)
}

func (m mortal) SaveSnapshot(ctx context.Context, l journal.Lease, seq uint64, body []byte) error {
	if m.gone() {
		return errAway
	}
	return m.watchedStore.SaveSnapshot(ctx, l, seq, body)
}

func (m mortal) Release(ctx context.Context, l journal.Lease) error {
	if m.gone() {
		return errAway
	}
	return m.watchedStore.Release(ctx, l)
}
