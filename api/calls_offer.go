package api

import (
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// offered is the request that rings at an agent's phone, as the desktop pops it up (C1, C2): who calls, or who asks for a consult, and the variables that the entry point's
// set-up shows. It is made of the agent's and the call's view at one position and holds no more than is to be seen before answering.
type offered struct {
	Call       core.CallID       `json:"call"`
	Leg        core.LegID        `json:"leg"`  // that rings
	Kind       string            `json:"kind"` // inbound, consult
	Since      time.Time         `json:"since"`
	Until      time.Time         `json:"until,omitzero"`
	EntryPoint core.EntryPointID `json:"entry_point,omitempty"`
	Queue      core.QueueID      `json:"queue,omitempty"`
	QueueName  string            `json:"queue_name,omitempty"`

	// Of an inbound call.
	From string `json:"from,omitempty"`
	Name string `json:"name,omitempty"`
	To   string `json:"to,omitempty"`

	By *consultInitiator `json:"by,omitempty"` // of a consult

	Variables []offeredVariable `json:"variables"` // at most core.MaxPopUp, none of them secure
}

// consultInitiator is the agent who asks for a consult.
type consultInitiator struct {
	Agent core.AgentID `json:"agent"`
	Name  string       `json:"name"`
	Phone string       `json:"phone"` // the number at which the agent can be dialled
	Teams []string     `json:"teams,omitempty"`
}

type offeredVariable struct {
	Name  string            `json:"name"`
	Label string            `json:"label"`
	Type  core.VariableType `json:"type"`
	Value string            `json:"value"`
}

// getOffer answers with the request that rings at an agent's phone; 404 if none does.
func (s *Server) getOffer(r *request) (reply, error) {
	agent, err := s.ownAgent(r)
	if err != nil {
		return reply{}, err
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	out, found := offerOf(s.Live.View(), agent, hide)
	if !found {
		return reply{}, ErrNotFound
	}
	return ok(out)
}

// offerOf finds the request that rings at an agent's phone.
func offerOf(view View, agent core.AgentID, hide masks) (offered, bool) {
	a, found := view.Agent(agent)
	if !found || a.State != core.Reserved {
		return offered{}, false
	}
	c, found := view.Call(a.Call)
	if !found {
		return offered{}, false
	}
	c = hide.call(c)
	out := offered{Call: c.ID, EntryPoint: c.EntryPoint, Variables: offeredVariables(c.Variables)}
	if o, rings := ringing(c.Offers, agent); rings {
		out.Kind, out.Leg, out.Since, out.Until, out.From, out.Name, out.To = "inbound", o.Leg, o.Since, o.Until, c.From, c.Name, c.To
		out.Queue = c.Queue
	} else if o, rings := consulted(c, agent); rings {
		out.Kind, out.Leg, out.Since, out.Queue, out.By = "consult", o.Leg, o.Since, c.Consult.To.Queue, initiator(view, c.Primary)
	} else {
		return offered{}, false
	}
	if q, found := view.Queue(out.Queue); found {
		out.QueueName = q.Name
	}
	return out, true
}

// ringing finds the offer of an agent.
func ringing(offers []core.OfferView, agent core.AgentID) (core.OfferView, bool) {
	i := slices.IndexFunc(offers, func(o core.OfferView) bool { return o.Agent == agent })
	if i < 0 {
		return core.OfferView{}, false
	}
	return offers[i], true
}

// consulted finds the offer by which an agent is asked for a consult.
func consulted(c core.CallView, agent core.AgentID) (core.OfferView, bool) {
	if c.Consult == nil {
		return core.OfferView{}, false
	}
	return ringing(c.Consult.Offers, agent)
}

func initiator(view View, agent core.AgentID) *consultInitiator {
	a, found := view.Agent(agent)
	if !found {
		return &consultInitiator{Agent: agent}
	}
	return &consultInitiator{Agent: agent, Name: a.Name, Phone: a.Phone, Teams: a.Teams}
}

// popUps are the variables that a request shows. That a secure one is not among them is for the rules to see to, and seen to again.
func popUps(all []core.VariableView) []core.VariableView {
	var out []core.VariableView
	for _, v := range all {
		if v.PopUp && !v.Secure && len(out) < core.MaxPopUp {
			out = append(out, v)
		}
	}
	return out
}

func offeredVariables(all []core.VariableView) []offeredVariable {
	out := []offeredVariable{}
	for _, v := range popUps(all) {
		out = append(out, offeredVariable{Name: v.Name, Label: v.Label, Type: v.Type, Value: v.Value})
	}
	return out
}
