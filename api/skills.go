package api

import (
	"cmp"
	"slices"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// skillItem is a skill that an agent has or a queue asks for. A skill is its name: it has no set-up of its own that could be out of step with those who have it.
type skillItem struct {
	Tenant core.TenantID `json:"tenant"`
	Skill  string        `json:"skill"`
	Agents []skilled     `json:"agents"`
	Queues []skillNeed   `json:"queues"`
}

// skilled is somebody who has a skill.
type skilled struct {
	Agent core.AgentID `json:"agent"`
	Level int          `json:"level"`
}

// skillNeed is a queue that asks for a skill.
type skillNeed struct {
	Queue    core.QueueID `json:"queue"`
	Level    int          `json:"level"`
	Required bool         `json:"required"`
}

// listSkills lists the skills that there are, so that who sets up agents and queues chooses the same words.
func (s *Server) listSkills(r *request) (reply, error) {
	tenant, err := r.tenant()
	if err != nil {
		return reply{}, err
	}
	type key struct {
		tenant core.TenantID
		skill  string
	}
	found := map[key]*skillItem{}
	item := func(t core.TenantID, skill string) *skillItem {
		k := key{t, skill}
		if found[k] == nil {
			found[k] = &skillItem{Tenant: t, Skill: skill, Agents: []skilled{}, Queues: []skillNeed{}}
		}
		return found[k]
	}
	agents, err := s.Agents.List(r.ctx(), tenant)
	if err != nil {
		return reply{}, err
	}
	for _, a := range agents {
		if !r.sees.agent(a.Value.Tenant, a.Value.ID) {
			continue
		}
		for skill, level := range a.Value.Skills {
			x := item(a.Value.Tenant, skill)
			x.Agents = append(x.Agents, skilled{a.Value.ID, level})
		}
	}
	queues, err := s.Queues.List(r.ctx(), tenant)
	if err != nil {
		return reply{}, err
	}
	for _, q := range queues {
		if !r.sees.queue(q.Value.Tenant, q.Value.ID) {
			continue
		}
		for _, n := range q.Value.Skills {
			x := item(q.Value.Tenant, n.Skill)
			x.Queues = append(x.Queues, skillNeed{q.Value.ID, n.Level, n.Required})
		}
	}
	out := list[skillItem]{Items: []skillItem{}}
	for _, x := range found {
		out.Items = append(out.Items, *x)
	}
	slices.SortFunc(out.Items, func(a, b skillItem) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Skill, b.Skill))
	})
	return ok(out)
}
