package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
)

// TestProcessEnds ends the control plane in a busy moment, and starts it again: by kill -9, and in good order as an upgrade does (C12, C15, Q3, Q4, Q11).
func TestProcessEnds(t *testing.T) {
	onEach(t, processEnds)
}

func processEnds(t *testing.T, on brand) {
	for _, c := range []struct {
		name string
		variant
		how func(*tandemProcess)
	}{
		{"kill -9, embedded", embedded, (*tandemProcess).kill9},
		{"kill -9, postgres and redis", production, (*tandemProcess).kill9},
		{"in good order", production, (*tandemProcess).terminate},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newScene(newStack(t, c.variant, 6, on))
			c.how(k.proc)
			after := k.apart()
			k.proc.start()
			k.awaitReady()
			k.resumed()
			k.nothingIsLost(after)
		})
	}
}

// leaseTTL is how long the lease lasts that is not renewed: the loop's default.
const leaseTTL = 15 * time.Second

// TestStandbyTakesOver runs two processes on one database. The one that owns the shard is killed; the other goes on where it was (C12).
func TestStandbyTakesOver(t *testing.T) {
	onEachAlone(t, standbyTakesOver)
}

func standbyTakesOver(t *testing.T, on brand) {
	s := newStack(t, production, 6, on)
	second := s.standby()
	k := newScene(s)
	status, body, err := get(s.soon(), "http://"+second+"/readyz")
	require.NoError(t, err)
	require.Equal(t, 503, status, "the standby does not serve: %s", body)
	killed := time.Now()
	k.proc.kill9()
	after := k.apart()
	k.others[0].awaitReady(s.soon(), "http://"+second)
	took := time.Since(killed)
	t.Logf("the standby took over after %s", took.Round(time.Millisecond))
	require.Less(t, took, 2*leaseTTL, "the lease, and what a busy machine needs to begin")

	before := s.board.State()
	s.board.Close()
	s.api.Base = "http://" + second
	s.board = client.Open(s.api, nil)
	_, err = s.board.Await(s.soon(), "the standby's board", func(st client.State) bool { return st.Connected && len(st.Agents) == len(before.Agents) })
	require.NoError(t, err)
	k.nothingIsLost(after)
	for _, d := range s.desks {
		rang := map[string]int{}
		for _, e := range d.phone.Events().Since(0) {
			if e.Kind == "invited" {
				rang[e.Call.Invite.From]++
			}
		}
		for number, times := range rang {
			if number == k.brief.caller.number {
				times-- // rang in vain before
			}
			require.LessOrEqual(t, times, 1, "%s rang at %s more than once", number, d.agent)
		}
	}
}
