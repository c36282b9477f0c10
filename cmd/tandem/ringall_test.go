package main

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// TestRingAllOfAHundred rings a hundred phones for one caller, and two of them answer in the same instant: one wins, the others are told so (N6).
func TestRingAllOfAHundred(t *testing.T) {
	onEachAlone(t, ringAllOfAHundred)
}

func ringAllOfAHundred(t *testing.T, on brand) {
	const number, all, rounds = "+4930200", core.MaxRingAll, 5
	s := newStack(t, production, all, on)
	users := []core.AgentID{}
	for _, d := range s.desks {
		users = append(users, d.agent)
		s.set(d, core.Available)
	}
	s.add("entry-points", map[string]any{"id": "everybody", "tenant": "acme", "name": "everybody", "numbers": []string{number}, "users": users, "ring_time": 60})
	for round := range rounds {
		c := s.dial(number)
		calls := make([]*softphone.Call, all)
		for i, d := range s.desks {
			calls[i] = s.rings(d)
		}
		one, other := round*7%all, (round*31+50)%all
		start := make(chan struct{})
		var both sync.WaitGroup
		for _, i := range []int{one, other} {
			both.Go(func() {
				<-start
				_ = calls[i].Answer() // the second may find that it is over
			})
		}
		answered := time.Now()
		close(start)
		both.Wait()
		v := c.is(core.Talking)
		stood, lost := one, other
		if v.Primary == s.desks[other].agent {
			stood, lost = other, one
		}
		require.Equal(t, s.desks[stood].agent, v.Primary)
		require.NoError(t, c.Hears(s.soon(), s.desks[stood].tone))
		var last time.Time
		for i, at := range calls {
			if i == stood {
				continue
			}
			e, err := at.AwaitEnd(s.soon())
			require.NoError(t, err, "%s", s.desks[i].agent)
			require.Equal(t, softphone.Remote, e.By)
			if i == lost {
				continue // by BYE or by CANCEL, as the moment would have it
			}
			require.Equal(t, softphone.Cancelled, e.Kind)
			require.True(t, e.AnsweredElsewhere(), e.Reason)
			if e.At.After(last) {
				last = e.At
			}
		}
		t.Logf("round %d: %s from the answer to the last CANCEL of %d", round+1, last.Sub(answered).Round(time.Millisecond), all-2)
		require.Equal(t, softphone.Up, calls[stood].State(), "the winner's call stands")
		c.hangUp()
		_, err := s.board.Await(s.soon(), "everybody to be available", func(st client.State) bool {
			for _, a := range st.Agents {
				if a.State != core.Available || a.Misses != 0 {
					return false
				}
			}
			return len(st.Calls) == 0
		})
		require.NoError(t, err)
		s.emptied()
	}
	s.eventually("the records", func() bool { return len(s.records()) == rounds })
	s.mended(map[string]float64{})
}
