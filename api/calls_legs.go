package api

import (
	"errors"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Leg is one leg of a call in the call log (R6): the customer's, those of agents who were offered the call or consulted, and those of parties outside.
type Leg struct {
	Leg        core.LegID   `json:"leg"`
	Role       string       `json:"role"` // customer, agent, outside
	Agent      core.AgentID `json:"agent,omitempty"`
	Number     string       `json:"number,omitempty"` // of a party outside, as it was dialled
	StartedAt  time.Time    `json:"started_at"`
	RingingAt  time.Time    `json:"ringing_at,omitzero"`
	AnsweredAt time.Time    `json:"answered_at,omitzero"`
	EndedAt    time.Time    `json:"ended_at,omitzero"`
	Outcome    string       `json:"outcome,omitempty"`
	Cause      string       `json:"cause,omitempty"`
}

// callLegs lists the legs of a call, going on or over.
func (s *Server) callLegs(r *request) (reply, error) {
	id, err := r.id()
	if err != nil {
		return reply{}, err
	}
	c, err := s.call(r)
	tenant, story := c.Tenant, err != nil || r.sees.story(c)
	if errors.Is(err, ErrNotFound) { // over, or about to be: see callTimeline
		var rec core.CallRecord
		rec, err = s.record(r)
		tenant = rec.Tenant
	}
	if err != nil {
		return reply{}, err
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	legs, err := s.History.Legs(r.ctx(), core.CallID(id))
	if err != nil {
		return reply{}, err
	}
	out := list[Leg]{Items: []Leg{}}
	for _, l := range legs {
		if !story && l.Agent != r.sees.Agent && l.Role != string(core.RoleCustomer) {
			continue // who was asked before is for who takes the call
		}
		if hide[tenant] {
			l.Number = core.MaskNumber(l.Number)
		}
		out.Items = append(out.Items, l)
	}
	return ok(out)
}
