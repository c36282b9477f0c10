package loop

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// world is a simulated switch with desk phones that answer.
func world(phones int) *sim.Engine {
	e := sim.NewEngine(desk, sim.AsteriskLike(), sim.EngineOptions{Seed: 7})
	e.World(func(now time.Time, s *sim.Switch) {
		for n := range phones {
			name := fmt.Sprintf("1%02d", n)
			s.PhoneRegistered(now, name)
			s.PhoneReacts(name, sim.Response{Do: sim.TakeCall, After: time.Millisecond})
		}
	})
	return e
}

func talking(v *View, want int) bool {
	n := 0
	for c := range v.Calls() {
		if c.Phase == core.Talking {
			n++
		}
	}
	return n == want
}

// Shifts on a simulated switch; whatever happened, replaying the log gives the shard byte for byte, and the next owner begins with the same view. Texts from
// callers that are not valid UTF-8 are part of it.
func TestRecoveryIsTheSameShard(t *testing.T) {
	for name, every := range map[string]int{"from the log": 1 << 30, "from a snapshot and the log": 7} {
		t.Run(name, func(t *testing.T) {
			store, e := &watchedStore{}, world(3)
			cfg := config(store, e)
			cfg.SnapshotEvery = every
			l := open(t, cfg, 3)
			var legs []core.LegID
			e.World(func(now time.Time, s *sim.Switch) {
				for n := range 8 {
					legs = append(legs, s.CallerDials(now, fmt.Sprintf("+49170%04d", n), "J\xfcrgen \x00\xff\xfe ${EXTEN}", line))
				}
			})
			awaitView(t, l, "three conversations", func(v *View) bool { return talking(v, 3) })
			e.World(func(now time.Time, s *sim.Switch) {
				for _, leg := range legs[:4] {
					s.PartyHangsUp(now, leg)
				}
			})
			awaitView(t, l, "some to leave", func(v *View) bool { n, _, _, _ := v.Sizes(); return n <= 5 && talking(v, 3) })
			var body []byte
			var seen *View
			// In one query, so that nothing comes in between.
			require.NoError(t, l.Query(within(t), func(s *core.Shard) {
				body, _ = s.Marshal()
				seen = l.View()
				store.set(func(w *watchedStore) {
					w.beforeAppend = func(context.Context, []journal.Row) error { return errAway } // the end: as kill -9
				})
			}))
			require.Equal(t, string(body), string(replayed(t, store)))
			store.set(func(w *watchedStore) { w.noSnapshots = true })
			require.NoError(t, l.Stop())
			store.set(func(w *watchedStore) { w.beforeAppend = nil })

			held := newBoard() // says nothing but that it is there, and that only once it is asked to
			hold := make(chan struct{})
			store.set(func(w *watchedStore) {
				w.beforeAppend = func(ctx context.Context, _ []journal.Row) error {
					select {
					case <-hold:
					case <-ctx.Done():
					}
					return ctx.Err()
				}
			})
			cfg.Engines = []engine.Engine{held}
			l2 := started(t, cfg)
			serving(t, l2)
			v := l2.View()
			assert.Equal(t, seen.Seq, v.Seq)
			assert.Equal(t, collect(seen), collect(v))
			close(hold)
		})
	}
}

// collect is a view's content.
func collect(v *View) map[string]any {
	all := map[string]any{}
	for c := range v.Calls() {
		all["call "+string(c.ID)] = c
	}
	for a := range v.Agents() {
		all["agent "+string(a.ID)] = a
	}
	for q := range v.Queues() {
		all["queue "+string(q.ID)] = q
	}
	for e := range v.Engines() {
		all["engine "+string(e.ID)] = e
	}
	return all
}

// The control plane goes away in the middle of everything and comes back: the conversations go on at the switch meanwhile, and what happened there is
// found out. Nothing is left behind (C12).
func TestCallsSurviveARestart(t *testing.T) {
	store, e := &watchedStore{}, world(2)
	cfg := config(store, e)
	l := open(t, cfg, 2)
	var legs []core.LegID
	e.World(func(now time.Time, s *sim.Switch) {
		for n := range 4 {
			legs = append(legs, s.CallerDials(now, fmt.Sprintf("+49170%04d", n), "Caller", line))
		}
	})
	before := awaitView(t, l, "two conversations, two waiting", func(v *View) bool {
		q, _ := v.Queue(sales)
		return talking(v, 2) && q.Waiting == 2
	})
	require.NoError(t, l.Stop())
	var customer core.LegID
	e.World(func(now time.Time, s *sim.Switch) {
		require.Equal(t, 6, s.Legs(), "calls go on without us")
		for _, leg := range legs {
			if heard := s.Hears(leg); len(heard.Legs) > 0 {
				customer = leg
			}
		}
		require.NotEmpty(t, customer)
		s.PartyHangsUp(now, customer) // nobody is told
	})
	l2 := started(t, cfg)
	serving(t, l2)
	// The one who left frees an agent, who is offered the next caller.
	v := awaitView(t, l2, "the next conversation", func(v *View) bool {
		q, _ := v.Queue(sales)
		n, _, _, _ := v.Sizes()
		return talking(v, 2) && q.Waiting == 1 && n == 3
	})
	for c := range v.Calls() {
		if old, ok := before.Call(c.ID); ok && c.Phase == core.Waiting {
			assert.Equal(t, old.QueuedAt, c.QueuedAt, "a waiting caller lost their place")
		}
	}
	e.World(func(now time.Time, s *sim.Switch) {
		for _, leg := range legs {
			s.PartyHangsUp(now, leg)
		}
	})
	awaitView(t, l2, "all calls to end", func(v *View) bool { n, _, _, _ := v.Sizes(); return n == 0 })
	require.NoError(t, e.Await(within(t), func(_ time.Time, s *sim.Switch) bool { return s.Legs() == 0 }))
	var broken []string
	require.NoError(t, l2.Query(within(t), func(s *core.Shard) { broken = s.Check() }))
	assert.Empty(t, broken)
}

// The switch loses everything: calls are closed, agents are usable.
func TestSwitchRestartClosesItsCalls(t *testing.T) {
	store, e := &watchedStore{}, world(1)
	l := open(t, config(store, e), 1)
	e.World(func(now time.Time, s *sim.Switch) { s.CallerDials(now, "+491701", "Caller", line) })
	awaitView(t, l, "a conversation", func(v *View) bool { return talking(v, 1) })
	e.Restart()
	awaitView(t, l, "the call to be closed and the agent free", func(v *View) bool {
		n, _, _, _ := v.Sizes()
		a, _ := v.Agent("agent00")
		return n == 0 && a.State == core.Available
	})
}

func TestSnapshotsShortenTheTail(t *testing.T) {
	store, b, clock := &watchedStore{saved: make(chan uint64, 1000)}, newBoard(), newFakeClock()
	store.Now = time.Now
	cfg := config(store, b)
	cfg.SnapshotEvery = 10
	cfg.Clock = clock // stands still: no snapshot takes any time, so the loop need not rest from it
	l := open(t, cfg, 0)
	var seq uint64
	calls := 0
	for saves := 0; saves < 3; calls++ {
		b.says(caller(calls))
		awaitView(t, l, "the call", func(v *View) bool { n, _, _, _ := v.Sizes(); return n == calls+1 })
		select {
		case at := <-store.saved:
			assert.GreaterOrEqual(t, at, seq+10)
			seq = at
			saves++
		default:
		}
	}
	assert.Less(t, len(store.rows(t)), int(l.View().Seq))
	body := marshal(t, l)
	require.NoError(t, l.Stop())
	assert.Empty(t, store.rows(t), "the last snapshot covers everything")
	assert.Equal(t, string(body), string(replayed(t, store)))
}

// A snapshot that cannot be saved costs nothing but time at the next start.
func TestSnapshotFailureIsHarmless(t *testing.T) {
	store, b := &watchedStore{noSnapshots: true}, newBoard()
	cfg := config(store, b)
	cfg.SnapshotEvery = 1
	l := open(t, cfg, 2)
	sound(t, l, store)
}

// fencedSnapshots finds out about the new owner when saving.
type fencedSnapshots struct{ watchedStore }

func (s *fencedSnapshots) SaveSnapshot(context.Context, journal.Lease, uint64, []byte) error {
	return journal.ErrFenced
}

func TestFencedSnapshotEndsTheTerm(t *testing.T) {
	b := newBoard()
	cfg := config(&fencedSnapshots{}, b)
	cfg.SnapshotEvery = 1
	l := started(t, cfg)
	receive(t, l.Done(), "the end of the term")
	require.ErrorIs(t, l.Stop(), journal.ErrFenced)
}

// A switch that is forgotten comes back never: what stood on it is over, as after its restart, and its agents are free. But who has left its settings out by mistake, and be it twice,
// loses nothing by it.
func TestCallsEndOnASwitchThatIsForgotten(t *testing.T) {
	store, e, other := &watchedStore{}, world(2), newBoard()
	other.id = "other"
	cfg := config(store, e, other)
	l := open(t, cfg, 1)
	e.World(func(now time.Time, s *sim.Switch) {
		for n := range 2 {
			s.CallerDials(now, fmt.Sprintf("+49170%d", n), "Caller", line)
		}
	})
	busy := func(v *View) bool {
		q, _ := v.Queue(sales)
		return talking(v, 1) && q.Waiting == 1
	}
	away := func(v *View) bool {
		was, _ := v.Engine(desk)
		there, _ := v.Engine(other.id)
		return !was.Up && there.Up
	}
	awaitView(t, l, "one conversation, one waiting", busy)
	require.NoError(t, l.Stop())

	without := cfg
	without.Engines = cfg.Engines[1:]
	for range 2 {
		l = started(t, without)
		serving(t, l)
		awaitView(t, l, "the calls to be out of sight", func(v *View) bool { return busy(v) && away(v) })
		require.NoError(t, l.Stop())
	}
	l = started(t, cfg)
	serving(t, l)
	awaitView(t, l, "the calls to be there again", func(v *View) bool { return busy(v) && engineUp(v) })
	require.NoError(t, l.Stop())

	without.Forgotten = []core.EngineID{desk}
	l = started(t, without)
	serving(t, l)
	awaitView(t, l, "no call, a free agent, and a switch that is away", func(v *View) bool {
		n, _, _, _ := v.Sizes()
		a, _ := v.Agent("agent00")
		return n == 0 && a.State == core.Available && away(v)
	})
	var broken []string
	require.NoError(t, l.Query(within(t), func(s *core.Shard) { broken = s.Check() }))
	assert.Empty(t, broken)
	require.NoError(t, l.Stop())

	both := cfg
	both.Forgotten = without.Forgotten
	_, err := New(both)
	require.ErrorContains(t, err, "Forgotten")
}

// TestTwoLivesOfALogMakeNoIdentifierTwice: a log that has lost its end (restored from a backup, or after a power cut) goes on from where another life of it went on, too. What that has named
// stands on switches and in archives: no call, leg or recording may get such a name again.
func TestTwoLivesOfALogMakeNoIdentifierTwice(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	cfg := config(store, b)
	cfg.Seed = 0
	l := open(t, cfg, 0)
	b.says(caller(0))
	awaitView(t, l, "a caller", func(v *View) bool { n, _, _, _ := v.Sizes(); return n == 1 })
	store.set(func(w *watchedStore) { w.noSnapshots = true })
	require.NoError(t, l.Stop())
	backup := store.rows(t)
	named := map[core.CallID]bool{}
	for range 2 {
		restored, b := &watchedStore{}, newBoard()
		lease, err := restored.Acquire(t.Context(), "s1", "a", time.Hour)
		require.NoError(t, err)
		require.NoError(t, restored.Append(t.Context(), lease, backup, nil))
		cfg.Store, cfg.Engines = restored, []engine.Engine{b}
		l := started(t, cfg)
		b.says(caller(1))
		awaitView(t, l, "the caller of this life", func(v *View) bool {
			for c := range v.Calls() {
				if c.From == caller(1).From {
					named[c.ID] = true
					return true
				}
			}
			return false
		})
		require.NoError(t, l.Stop())
	}
	require.Len(t, named, 2)
}

// TestWhatRanOutMeanwhileIsNobodysFault: whose phone rang when Tandem went away, and who has taken the call before it is back, has missed nothing, however long that was (Q4).
func TestWhatRanOutMeanwhileIsNobodysFault(t *testing.T) {
	store, b, clock := &watchedStore{}, newBoard(), newFakeClock()
	cfg := config(store, b)
	cfg.Seed, cfg.Clock = 0, clock // as outside of tests: each term begins with a seed of its own
	l := open(t, cfg, 1)
	b.says(caller(0))
	ring := as[core.Dial](b.await(t, "the phone to be called", doing[core.Dial]).Do)
	b.says(core.LegRinging{Leg: ring.Leg})
	awaitView(t, l, "the phone to ring", func(v *View) bool {
		for c := range v.Calls() {
			return len(c.Offers) == 1 && c.Offers[0].Ringing
		}
		return false
	})
	require.NoError(t, l.Stop())
	clock.advance(time.Minute)
	back := newBoard()
	back.snapshot = core.Snapshot{Legs: []core.SeenLeg{{Leg: ring.Leg, Ours: true, Up: true}, {Leg: caller(0).Leg, Up: true, From: caller(0).From, To: line}}}
	slices.SortFunc(back.snapshot.Legs, func(a, b core.SeenLeg) int { return cmp.Compare(a.Leg, b.Leg) })
	cfg.Engines = []engine.Engine{back}
	awaitView(t, started(t, cfg), "the conversation", func(v *View) bool { return talking(v, 1) })
}
