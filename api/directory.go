package api

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// directoryItem is what everybody in a tenant may know of an agent, a queue or an entry point: whether it makes sense to send a call there.
type directoryItem struct {
	Kind   string        `json:"kind"` // agent, queue, entry_point
	ID     string        `json:"id"`
	Tenant core.TenantID `json:"tenant"`
	Name   string        `json:"name"`

	// Of an agent.
	Teams []string        `json:"teams,omitempty"`
	State core.AgentState `json:"state,omitempty"`
	Since time.Time       `json:"since,omitzero"`

	// Of a queue.
	Waiting *int `json:"waiting,omitempty"`
	Free    *int `json:"free,omitempty"`

	// Of an entry point that is outside its opening hours, and when it opens: left out where it does not within 400 days (N4).
	Closed bool      `json:"closed,omitempty"`
	Opens  time.Time `json:"opens,omitzero"`
}

func directoryAgent(a core.AgentView) directoryItem {
	return directoryItem{Kind: "agent", ID: string(a.ID), Tenant: a.Tenant, Name: a.Name, Teams: a.Teams, State: a.State, Since: a.Since}
}

func directoryQueue(q core.QueueView) directoryItem {
	return directoryItem{Kind: "queue", ID: string(q.ID), Tenant: q.Tenant, Name: q.Name, Waiting: &q.Waiting, Free: &q.Free}
}

// matches reports whether every word that was searched for is in the id, the name or a team.
func (d directoryItem) matches(words []string) bool {
	text := strings.ToLower(d.ID + "\n" + d.Name + "\n" + strings.Join(d.Teams, "\n"))
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// directory lists whom a call can be sent to, with their states: for everybody the whole tenant, and of each no more than is needed for that.
func (s *Server) directory(r *request) (reply, error) {
	tenant, err := r.tenant()
	if err != nil {
		return reply{}, err
	}
	search, err := r.text("search", 128)
	if err != nil {
		return reply{}, err
	}
	kind, err := r.text("kind", 16)
	if err != nil {
		return reply{}, err
	}
	if !slices.Contains([]string{"", "agent", "queue", "entry_point"}, kind) {
		return reply{}, invalid("kind", "must be agent, queue or entry_point")
	}
	limit := 100
	if text, err := r.text("limit", 8); err != nil {
		return reply{}, err
	} else if text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 500 {
			return reply{}, invalid("limit", "must be a number from 1 to 500")
		}
	}
	view, words := s.Live.View(), strings.Fields(strings.ToLower(search))
	out := live[directoryItem]{Position: view.Position(), Items: []directoryItem{}}
	add := func(d directoryItem) bool {
		if r.who.tenantAllowed(d.Tenant) && (tenant == "" || d.Tenant == tenant) && d.matches(words) {
			out.Items = append(out.Items, d)
		}
		return len(out.Items) < limit
	}
	if kind == "" || kind == "agent" {
		for a := range view.Agents() {
			if !add(directoryAgent(a)) {
				return ok(out)
			}
		}
	}
	if kind == "" || kind == "queue" {
		for q := range view.Queues() {
			if strings.HasPrefix(string(q.ID), ringGroup) {
				continue // private: nobody sends a call there
			}
			if !add(directoryQueue(q)) {
				return ok(out)
			}
		}
	}
	if kind == "" || kind == "entry_point" {
		points, err := s.directoryEntryPoints(r.ctx(), tenant)
		if err != nil {
			return reply{}, err
		}
		for _, d := range points {
			if !add(d) {
				return ok(out)
			}
		}
	}
	return ok(out)
}

// directoryEntryPoints lists the entry points that are not switched off, for nobody answers at those. The others are closed by their hours for a while only, so they are told of.
func (s *Server) directoryEntryPoints(ctx context.Context, tenant core.TenantID) ([]directoryItem, error) {
	points, err := s.EntryPoints.List(ctx, tenant)
	if err != nil {
		return nil, err
	}
	rows, err := s.Hours.List(ctx, tenant)
	if err != nil {
		return nil, err
	}
	now, keeps := s.Now(), map[core.HoursID]core.Hours{}
	for _, h := range rows {
		keeps[h.Value.ID] = h.Value.Rules(now)
	}
	var items []directoryItem
	for _, e := range points {
		if e.Value.Off {
			continue
		}
		d := directoryItem{Kind: "entry_point", ID: string(e.Value.ID), Tenant: e.Value.Tenant, Name: e.Value.Name}
		if h, has := keeps[e.Value.Hours]; has && !h.Open(now) {
			d.Closed, d.Opens = true, h.Until(now)
		}
		items = append(items, d)
	}
	return items, nil
}
