package loop

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

func fedTo(seqs ...uint64) *feed {
	f := newFeed(3)
	f.begin(&View{Seq: 10})
	from := uint64(10)
	for _, seq := range seqs {
		u := &Update{Seq: seq, From: from}
		for n := from + 1; n <= seq; n++ {
			u.Timeline = append(u.Timeline, journal.Timeline{Seq: n})
		}
		f.publish(&View{Seq: seq}, u)
		from = seq
	}
	return f
}

func TestFeedGoesOnBehindACursor(t *testing.T) {
	f := fedTo(12, 15, 20)
	for after, want := range map[uint64][]uint64{
		10: {11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
		11: {12, 13, 14, 15, 16, 17, 18, 19, 20}, // within a turn: its older lines are not told again
		12: {13, 14, 15, 16, 17, 18, 19, 20},
		17: {18, 19, 20},
		20: nil,
	} {
		s, err := f.subscribe(after)
		require.NoError(t, err)
		assert.Equal(t, after, s.Seq())
		var got []uint64
		for len(got) < len(want) {
			u, err := s.Next(within(t))
			require.NoError(t, err)
			for _, line := range u.Timeline {
				got = append(got, line.Seq)
			}
		}
		assert.Equal(t, want, got, "after %d", after)
		assert.Equal(t, max(after, 20), s.Seq())
		done, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = s.Next(done)
		assert.ErrorIs(t, err, context.Canceled, "there is no more")
	}
}

func TestFeedRefusesWhatItDoesNotRemember(t *testing.T) {
	f := fedTo(12, 15, 20, 21) // three are remembered: the first is forgotten
	_, err := f.subscribe(11)
	require.ErrorIs(t, err, ErrTooOld)
	_, err = f.subscribe(22)
	require.ErrorIs(t, err, ErrTooOld, "a cursor of a position that is not reached yet is of another log")
	_, err = f.subscribe(12)
	require.NoError(t, err)
	v, s, err := f.follow()
	require.NoError(t, err)
	assert.EqualValues(t, 21, v.Seq)
	assert.EqualValues(t, 21, s.Seq())
}

func TestSlowSubscriberIsCutOff(t *testing.T) {
	f := fedTo(11)
	s, err := f.subscribe(10)
	require.NoError(t, err)
	for n := range uint64(3) {
		f.publish(&View{Seq: 12 + n}, &Update{Seq: 12 + n, From: 11 + n})
	}
	_, err = s.Next(t.Context())
	require.ErrorIs(t, err, ErrTooSlow)
	_, err = f.subscribe(s.Seq())
	require.ErrorIs(t, err, ErrTooOld)
}

func TestFeedMovesOnWithoutNews(t *testing.T) {
	f := fedTo(12)
	f.publish(&View{Seq: 30}, nil)
	s, err := f.subscribe(30)
	require.NoError(t, err, "the cursor of a view is always good")
	f.publish(&View{Seq: 31}, &Update{Seq: 31, From: 30})
	u, err := s.Next(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 31, u.Seq)
}

func TestSubscriptionsEndWithTheTerm(t *testing.T) {
	f := fedTo(12)
	s, err := f.subscribe(12)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := s.Next(context.Background())
		ended <- err
	}()
	f.end()
	require.ErrorIs(t, receive(t, ended, "the end"), ErrStandby)
	_, err = f.subscribe(12)
	require.ErrorIs(t, err, ErrStandby)
	f.begin(&View{Seq: 12})
	_, err = s.Next(t.Context())
	require.ErrorIs(t, err, ErrStandby, "another owner may have written since")
	_, err = f.subscribe(12)
	require.NoError(t, err)
}

// Readers and followers while many calls come and go. Each view is consistent in itself; what a follower puts together from a snapshot and the changes
// after it is the view at the same position.
func TestViewsAreConsistentUnderLoad(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	cfg := config(store, b)
	cfg.MaxBatch = 16
	cfg.FeedLength = 1 << 16
	l := open(t, cfg, 5)
	views := map[uint64]*View{}
	var follower sync.WaitGroup
	const calls = 400
	v, sub, err := l.Follow()
	require.NoError(t, err)
	last := make(chan uint64, 1)
	follower.Go(func() {
		have := map[core.CallID]core.CallView{}
		for c := range v.Calls() {
			have[c.ID] = c
		}
		arrived := 0
		for arrived < calls || len(have) > 0 {
			u, err := sub.Next(t.Context())
			if !assert.NoError(t, err) {
				return
			}
			for _, c := range u.Calls {
				have[c.ID] = c
			}
			for _, id := range u.GoneCalls {
				_, known := have[id]
				assert.True(t, known, "the end of a call that never was")
				delete(have, id)
			}
			for _, line := range u.Timeline {
				if line.Entry.Kind == core.EntryCallArrived {
					arrived++
				}
			}
			now := l.View()
			assert.GreaterOrEqual(t, now.Seq, u.Seq, "a change was told before it could be seen")
			if now.Seq == u.Seq {
				n, _, _, _ := now.Sizes()
				assert.Len(t, have, n)
				for c := range now.Calls() {
					assert.Equal(t, c, have[c.ID])
				}
				views[now.Seq] = now
			}
		}
		last <- sub.Seq()
	})
	stop := make(chan struct{})
	for range 2 {
		follower.Go(func() {
			var seq uint64
			for {
				select {
				case <-stop:
					return
				default:
				}
				v := l.View()
				assert.GreaterOrEqual(t, v.Seq, seq)
				seq = v.Seq
				waiting := 0
				for c := range v.Calls() {
					if c.Phase == core.Waiting {
						waiting++
					}
					for _, o := range c.Offers {
						a, _ := v.Agent(o.Agent)
						assert.Equal(t, c.ID, a.Call, "the agent and the call disagree")
					}
				}
				q, _ := v.Queue(sales)
				assert.Equal(t, q.Waiting, waiting)
			}
		})
	}
	for n := range calls {
		b.says(caller(n), core.LegAnswered{Leg: caller(n).Leg})
		if n%3 == 0 {
			b.says(core.LegHungUp{Leg: caller(n).Leg, Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}})
		}
	}
	var world sync.WaitGroup
	world.Go(func() { // the phones ring and are hung up by whoever is told to
		for e := range b.gotten {
			if h, ok := e.Do.(core.Hang); ok {
				b.says(core.LegHungUp{Leg: h.Leg, Cause: core.Cause{Code: core.CauseCancelled, By: core.ByUs}})
			}
		}
	})
	for n := range calls {
		if n%3 != 0 {
			b.says(core.LegHungUp{Leg: caller(n).Leg, Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}})
		}
	}
	receive(t, last, "the follower to see the last call end")
	close(stop)
	follower.Wait()
	assert.NotEmpty(t, views)
	require.NoError(t, l.Stop())
	close(b.gotten)
	world.Wait()
}

func TestAViewIsFreeToKeep(t *testing.T) {
	store, b := &watchedStore{}, newBoard()
	l := open(t, config(store, b), 2)
	before := l.View()
	b.says(caller(1))
	after := awaitView(t, l, "the call", func(v *View) bool { n, _, _, _ := v.Sizes(); return n == 1 })
	n, agents, queues, _ := before.Sizes()
	assert.Equal(t, []int{0, 2, 1}, []int{n, agents, queues})
	var ids []core.AgentID
	for a := range after.Agents() {
		ids = append(ids, a.ID)
	}
	assert.Equal(t, []core.AgentID{"agent00", "agent01"}, ids)
	for q := range after.Queues() {
		assert.Equal(t, sales, q.ID)
	}
	for range after.Agents() {
		break // stopping early is allowed
	}
	assert.True(t, after.At.After(before.At) || after.At.Equal(before.At))
	assert.Equal(t, time.UTC, after.At.Location())
	_, ok := after.Call("nobody")
	assert.False(t, ok)
	require.NoError(t, l.Config(within(t), core.ConfigChanged{Remove: core.Removal{Agents: []core.AgentID{"agent01"}}}))
	gone := awaitView(t, l, "the agent to go", func(v *View) bool { _, ok := v.Agent("agent01"); return !ok })
	_, ok = after.Agent("agent01")
	assert.True(t, ok, fmt.Sprint("a view changed: ", gone.Seq))
}
