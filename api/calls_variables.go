package api

import (
	"slices"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Variables of a call (C18). The call's view and the event stream show them with secure values masked; [Server.revealVariable] is the only way by which a secure value
// leaves in clear.

// setVariables writes variables, all or none. Who overwrites what they have not read is refused with "stale".
func (s *Server) setVariables(r *request) (reply, error) {
	var body struct {
		onCall
		Values []core.VariableChange `json:"values"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	call, agent, err := s.control(r, body.Agent)
	if err != nil {
		return reply{}, err
	}
	if agent, err = writes(r.who, body.Agent, agent); err != nil {
		return reply{}, err
	}
	return s.do(r, core.SetVariables{Command: r.head(), Call: call, Agent: agent, Values: body.Values})
}

// writes gives the agent in whose name variables are written; "" = the system, which may write what agents may not. That is for machines: people write in the name of an
// agent who is in the call.
func writes(who Principal, asked, acting core.AgentID) (core.AgentID, error) {
	switch {
	case who.Role != Agent && who.Session == "" && asked == "":
		return "", nil
	case acting == "":
		return "", &Error{Code: Code(core.RefusedState), Message: "no agent is in the call, so there is none in whose name to write it", Field: "agent"}
	default:
		return acting, nil
	}
}

type revealed struct {
	Value string `json:"value"`
}

// revealVariable gives the value of a variable, secure or not, to who is in the call or oversees it. It is audited first: who cannot be written down does not get
// to see it.
func (s *Server) revealVariable(r *request) (reply, error) {
	id, err := r.id()
	if err != nil {
		return reply{}, err
	}
	if err := r.decode(&struct{}{}); err != nil {
		return reply{}, err
	}
	name := r.Param("name")
	value, c, found, err := s.Live.Reveal(r.ctx(), core.CallID(id), name)
	if err != nil {
		return reply{}, err
	}
	if !found || !r.sees.call(c) {
		return reply{}, ErrNotFound
	}
	if r.who.Role == Agent && !talksIn(c, r.who.Agent) { // the phone only rings
		return reply{}, &Error{Code: CodeForbidden, Message: "only somebody in the call may see it", Field: "call"}
	}
	if err := s.mustAudit(r, "call/"+id, c.Tenant, map[string]string{"variable": name}); err != nil {
		return reply{}, err
	}
	return ok(revealed{Value: value})
}

// talksIn reports whether an agent is in a conversation, in whatever part.
func talksIn(c core.CallView, agent core.AgentID) bool {
	return slices.ContainsFunc(c.People, func(p core.ParticipantView) bool { return p.Agent == agent && !p.Ringing })
}
