package api

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// counted counts how often agents are read.
type counted struct {
	Repository[core.AgentSetup]
	reads atomic.Int32
}

func (c *counted) List(ctx context.Context, tenant core.TenantID) ([]Versioned[core.AgentSetup], error) {
	c.reads.Add(1)
	return c.Repository.List(ctx, tenant)
}

func TestARosterIsReadOnceForAMomentAndAgainAfterAChangeS3(t *testing.T) {
	at := &clock{now: day}
	var agents *counted
	w := newWorld(t, func(c *Config) {
		agents = &counted{Repository: c.Agents}
		c.Agents, c.Now = agents, at.Now
	})
	for range 5 {
		w.good(200, "user:eve", get, "/api/v1/calls", "")
	}
	require.Equal(t, int32(1), agents.reads.Load())
	w.good(200, "admin", put, "/api/v1/agents/bert", `{"tenant":"acme","name":"Bert","phone":"1002","teams":["north"]}`)
	w.good(200, "user:eve", get, "/api/v1/agents/bert", "")
	require.Equal(t, int32(2), agents.reads.Load(), "a change counts at once")
	at.wait(rosterKept)
	w.good(200, "user:eve", get, "/api/v1/calls", "")
	require.Equal(t, int32(3), agents.reads.Load(), "another process may have changed something")
	at.wait(time.Nanosecond)
	w.good(200, "user:sam", get, "/api/v1/calls", "")
	require.Equal(t, int32(3), agents.reads.Load(), "who sees all of the tenant needs none")

	// What was read while it changed is not kept.
	var r rosters
	_, _, before := r.get("acme", day)
	r.forget()
	r.keep("acme", roster{until: day.Add(time.Hour)}, before)
	_, ok, _ := r.get("acme", day)
	require.False(t, ok)
}
