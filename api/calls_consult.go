package api

import (
	"unicode/utf8"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Consult, transfer and conference (C4 to C14). Whether something is possible at the moment is for the rules to say, and a desktop need not guess: each participant of
// the call's view lists its controls, which are the answers that these routes would give.

// toTarget is the body of what goes to somebody else.
type toTarget struct {
	onCall
	To core.Target `json:"to"`
}

// longestText is the longest id, or number as it was pasted.
const longestText = 128

// checkTarget refuses targets that cannot exist. Which one is set and whether it is there and free is for the rules.
func checkTarget(t core.Target) error {
	for field, id := range map[string]string{"to.agent": string(t.Agent), "to.queue": string(t.Queue), "to.entry_point": string(t.EntryPoint)} {
		if id != "" && !identifier.MatchString(id) {
			return invalid(field, "is not an id")
		}
	}
	if utf8.RuneCountInString(t.Number) > longestText {
		return invalid("to.number", "a number has 3 to 18 digits")
	}
	return nil
}

func (s *Server) transferCall(r *request) (reply, error) {
	var body toTarget
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if err := checkTarget(body.To); err != nil {
		return reply{}, err
	}
	call, agent, err := s.control(r, body.Agent)
	if err != nil {
		return reply{}, err
	}
	return s.do(r, core.TransferCall{Command: r.head(), Call: call, Agent: agent, To: body.To})
}

func (s *Server) startConsult(r *request) (reply, error) {
	var body struct {
		toTarget
		GoOn bool `json:"go_on"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if err := checkTarget(body.To); err != nil {
		return reply{}, err
	}
	call, agent, err := s.control(r, body.Agent)
	if err != nil {
		return reply{}, err
	}
	return s.do(r, core.StartConsult{Command: r.head(), Call: call, Agent: agent, To: body.To, GoOn: body.GoOn})
}

func (s *Server) endConsult(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.EndConsult{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) toggleConsult(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.ToggleConsult{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) completeTransfer(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.CompleteTransfer{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) mergeConsult(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.MergeConsult{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) leaveCall(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.LeaveCall{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) holdParticipant(r *request) (reply, error) {
	return s.onParticipant(r, func(c core.CallID, a core.AgentID, l core.LegID) core.Intent {
		return core.HoldParticipant{Command: r.head(), Call: c, Agent: a, Leg: l, On: true}
	})
}

func (s *Server) resumeParticipant(r *request) (reply, error) {
	return s.onParticipant(r, func(c core.CallID, a core.AgentID, l core.LegID) core.Intent {
		return core.HoldParticipant{Command: r.head(), Call: c, Agent: a, Leg: l, On: false}
	})
}

func (s *Server) disconnectParticipant(r *request) (reply, error) {
	return s.onParticipant(r, func(c core.CallID, a core.AgentID, l core.LegID) core.Intent {
		return core.DropParticipant{Command: r.head(), Call: c, Agent: a, Leg: l}
	})
}

// onParticipant asks for an intent about the participant that the path names (C14).
func (s *Server) onParticipant(r *request, intent func(core.CallID, core.AgentID, core.LegID) core.Intent) (reply, error) {
	leg := r.Param("leg")
	if !identifier.MatchString(leg) {
		return reply{}, ErrNotFound
	}
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent { return intent(c, a, core.LegID(leg)) })
}
