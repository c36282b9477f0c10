package api

import (
	"context"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// roster is who is of which team and serves what, of one tenant.
type roster struct {
	agents []Versioned[core.AgentSetup]
	queues []Versioned[core.Queue]
	points []Versioned[core.EntryPoint]
	until  time.Time
}

// rosterKept is how long a roster is believed. What is changed here counts at once; what another process has changed, after it.
const rosterKept = time.Second

// rosters remembers rosters for a moment: a wall of dashboards asks for the same one with every beat.
type rosters struct {
	mu      sync.Mutex
	known   map[core.TenantID]roster
	changes uint64 // counts what was forgotten: a roster that was read meanwhile is not kept
}

func (r *rosters) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	r.known = map[core.TenantID]roster{}
}

func (r *rosters) get(tenant core.TenantID, now time.Time) (known roster, ok bool, changes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok = r.known[tenant]
	return known, ok && now.Before(known.until), r.changes
}

func (r *rosters) keep(tenant core.TenantID, fresh roster, changes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[core.TenantID]roster{}
	}
	if changes == r.changes {
		r.known[tenant] = fresh
	}
}

// roster reads who is of which team and serves what.
func (s *Server) roster(ctx context.Context, tenant core.TenantID) (roster, error) {
	known, ok, changes := s.rosters.get(tenant, s.Now())
	if ok {
		return known, nil
	}
	fresh := roster{until: s.Now().Add(rosterKept)}
	var err error
	if fresh.agents, err = s.Agents.List(ctx, tenant); err != nil {
		return fresh, err
	}
	if fresh.queues, err = s.Queues.List(ctx, tenant); err != nil {
		return fresh, err
	}
	if fresh.points, err = s.EntryPoints.List(ctx, tenant); err != nil {
		return fresh, err
	}
	s.rosters.keep(tenant, fresh, changes)
	return fresh, nil
}
