package esl_test

import (
	"context"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

func arrivedWhileAway(s *scene, f *lab.FreeSWITCH) {
	s.stop()
	c := s.NewCaller(s, "4930111", "Early")
	c.Dial(s, s.Number())
	ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
	defer cancel()
	for !slices.ContainsFunc(s.Leftovers(s), func(left string) bool { return strings.HasSuffix(left, " park") }) { // until the switch has handed it over
		require.NoError(s, ctx.Err())
	}
	up := s.run()
	require.Len(s, up.Snapshot.Legs, 1)
	leg := up.Snapshot.Legs[0]
	assert.Equal(s, core.SeenLeg{Leg: leg.Leg, From: "4930111", Name: "Early", To: s.Number()}, leg)
	s.do(core.Answer{Leg: leg.Leg})
	c.Answered(s)
	said, err := f.API(ctx, "sched_del "+string(leg.Leg))
	require.NoError(s, err)
	assert.Contains(s, said, "Deleted: 0", "its patience has no end any more: it is ours")
	c.Hears(s, enginetest.Silence())
	s.over(leg.Leg)
}

func nobodyTook(s *scene, f *lab.FreeSWITCH) {
	f.Patience(s, 2)
	s.stop()
	c := s.NewCaller(s, "4930112", "Late")
	c.Dial(s, s.Number())
	c.HearsRinging(s)
	e := c.Ended(s) // the apology takes its time
	assert.Equal(s, 503, e.Status)
	up := s.run()
	assert.Empty(s, up.Snapshot.Legs)
}
