package loop

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

func TestTimeNeverGoesBackAndNeverStandsStill(t *testing.T) {
	clock := newFakeClock()
	st := newShardTime(clock)
	first := st.now()
	assert.Equal(t, clock.Now(), first)
	assert.Equal(t, time.UTC, first.Location())

	clock.setBack(time.Hour)
	assert.Equal(t, first, st.now())
	clock.advance(8 * time.Second)
	assert.Equal(t, first.Add(7*time.Second), st.now(), "an eighth slower than real time")
	for range 1000 { // a busy loop: each step is less than can be told apart
		clock.advance(100 * time.Nanosecond)
		st.now()
	}
	assert.Greater(t, st.now().Sub(first), 7*time.Second+50*time.Microsecond)
	for range 10 {
		clock.advance(time.Hour)
		st.now()
	}
	assert.Equal(t, clock.Now().Truncate(time.Microsecond), st.now(), "the clock has caught up")

	before := st.now()
	clock.move(24*time.Hour, 0) // a suspended machine wakes up
	assert.Equal(t, before.Add(24*time.Hour), st.now())

	st.atLeast(before) // the past changes nothing
	assert.Equal(t, before.Add(24*time.Hour), st.now())
	st.atLeast(before.Add(48 * time.Hour))
	assert.Equal(t, before.Add(48*time.Hour), st.now(), "a predecessor whose clock was ahead")
}

func TestTimesAreWholeMicroseconds(t *testing.T) {
	clock := newFakeClock()
	st := newShardTime(clock)
	clock.advance(1234567 * time.Nanosecond)
	assert.Zero(t, st.now().Nanosecond()%1000)
	clock.setBack(time.Minute)
	clock.advance(1234567 * time.Nanosecond)
	assert.Zero(t, st.now().Nanosecond()%1000)
}

// ringing has one agent's phone ring.
func ringing(t *testing.T, l *Loop, b *board) core.LegID {
	t.Helper()
	b.says(caller(1), core.LegAnswered{Leg: caller(1).Leg})
	leg := as[core.Dial](b.await(t, "the agent to be dialled", doing[core.Dial]).Do).Leg
	b.says(core.LegRinging{Leg: leg})
	awaitView(t, l, "the phone to ring", func(v *View) bool {
		for c := range v.Calls() {
			return len(c.Offers) == 1 && c.Offers[0].Ringing
		}
		return false
	})
	return leg
}

// The ring time ends without anything being said: the deadline is in the shard, and the loop sees to it (Q4).
func TestDeadlinesFireWithoutEvents(t *testing.T) {
	for name, change := range map[string]func(*fakeClock){
		"time passes":                 func(c *fakeClock) { c.advance(20 * time.Second) },
		"the clock leaps ahead":       func(c *fakeClock) { c.move(time.Hour, lookAgain) },
		"the clock is set back first": func(c *fakeClock) { c.setBack(time.Hour); c.advance(23 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, b, clock := &watchedStore{noSnapshots: true}, newBoard(), newFakeClock()
				cfg := config(store, b)
				cfg.Clock = clock
				store.Now = time.Now
				l := open(t, cfg, 1)
				leg := ringing(t, l, b)
				clock.armed(t, lookAgain)
				change(clock)
				e := b.await(t, "the phone to stop ringing", doing[core.Hang])
				assert.Equal(t, leg, as[core.Hang](e.Do).Leg)
				require.NoError(t, l.Stop())
				rows := store.rows(t)
				for n, row := range rows {
					assert.EqualValues(t, n+1, row.Seq)
					assert.False(t, n > 0 && row.At.Before(rows[n-1].At), "the log's time went back")
				}
			})
		})
	}
}

// Nothing is due, nothing ticks: an idle shard does nothing.
func TestAnIdleShardDoesNotTick(t *testing.T) {
	store, b, clock := &watchedStore{noSnapshots: true}, newBoard(), newFakeClock()
	store.Now = time.Now
	cfg := config(store, b)
	cfg.Clock = clock
	l := open(t, cfg, 1)
	awaitView(t, l, "the switch", engineUp)
	for range 100 {
		clock.advance(time.Minute)
	}
	require.NoError(t, l.Stop())
	for _, row := range store.rows(t) {
		assert.NotEqual(t, "tick", row.Kind)
	}
}

// stuck has a deadline in the past that no tick moves.
type stuck struct{ *planted }

func (s stuck) Due() (time.Time, bool) { return time.Unix(0, 0), true }

// Rules that leave a deadline in the past must not have the loop do nothing but tick.
func TestStuckDeadlineIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, b, clock := &watchedStore{noSnapshots: true}, newBoard(), newFakeClock()
		store.Now = time.Now
		cfg := config(store, b)
		cfg.Clock = clock
		book := plant(nil, nil)
		fresh := book.fresh
		book.fresh = func(name string, seed uint64) rules { return stuck{as[*planted](fresh(name, seed))} }
		book.shard = func(r rules) *core.Shard { return as[stuck](r).Shard }
		cfg.rules = book
		l := started(t, cfg)
		serving(t, l)
		require.NoError(t, l.Config(within(t), site(1)))
		clock.armed(t, stuckPause)
		clock.advance(stuckPause)
		require.NoError(t, l.Do(within(t), signIn("agent00")))
		clock.armed(t, stuckPause)
		require.NoError(t, l.Stop())
		ticks := 0
		for _, row := range store.rows(t) {
			if row.Kind == "tick" {
				ticks++
			}
		}
		assert.LessOrEqual(t, ticks, 2, "the clock moved once")
		assert.Positive(t, ticks)
	})
}

// The new owner's clock is an hour behind that of the one before. Time goes on from where the log is, and what rings stops ringing.
func TestSuccessorWithASlowClock(t *testing.T) {
	for name, noSnapshots := range map[string]bool{"from the log": true, "from a snapshot": false} {
		t.Run(name, func(t *testing.T) { succeedWithASlowClock(t, noSnapshots) })
	}
}

func succeedWithASlowClock(t *testing.T, noSnapshots bool) {
	t.Helper()
	store, clock := &watchedStore{noSnapshots: noSnapshots}, newFakeClock()
	store.Now = time.Now
	b := newBoard()
	cfg := config(store, b)
	cfg.Clock = clock
	l := open(t, cfg, 1)
	leg := ringing(t, l, b)
	v := l.View()
	require.NoError(t, l.Stop())

	b2 := newBoard()
	for c := range v.Calls() {
		b2.snapshot.Legs = []core.SeenLeg{{Leg: leg, Ours: true, Call: c.ID, Ringing: true}, {Leg: caller(1).Leg, Call: c.ID, Up: true, From: c.From, To: line}}
	}
	clock.setBack(time.Hour)
	cfg.Engines = []engine.Engine{b2}
	l2 := started(t, cfg)
	awaitView(t, l2, "the switch", engineUp)
	for range 60 { // 20 s of ringing at an eighth slower, noticed within a second
		clock.advance(500 * time.Millisecond)
		require.NoError(t, l2.Query(within(t), func(*core.Shard) {}))
	}
	e := b2.await(t, "the phone to stop ringing", doing[core.Hang])
	assert.Equal(t, leg, as[core.Hang](e.Do).Leg)
}

// JSON cannot carry what is not UTF-8. The rules must be given what the log will give.
func TestRulesSeeWhatTheLogKeeps(t *testing.T) {
	seen := make(chan core.LegAppeared, 2)
	store, b := &watchedStore{noSnapshots: true}, newBoard()
	cfg := config(store, b)
	cfg.rules = plant(func(ev core.Event) {
		if e, ok := ev.(core.LegAppeared); ok {
			seen <- e
		}
	}, nil)
	l := open(t, cfg, 0)
	c := caller(1)
	c.Name = "J\xfcrgen"
	b.says(c)
	live := receive(t, seen, "the caller")
	assert.Equal(t, "J\ufffdrgen", live.Name)
	require.NoError(t, l.Stop())
	l = started(t, cfg)
	serving(t, l)
	assert.Equal(t, live, receive(t, seen, "the caller once more"))
}
