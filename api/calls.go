package api

import (
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// accepted answers an intent: it is durable. Position is that of the newest view, which shows it.
type accepted struct {
	Command  core.CommandID `json:"command"`
	Position uint64         `json:"position"`
}

// do asks the shard for an intent.
func (s *Server) do(r *request, in core.Intent) (reply, error) {
	if err := s.Live.Do(r.ctx(), in); err != nil {
		return reply{}, err
	}
	return ok(accepted{Command: r.command, Position: s.Live.View().Position()})
}

func (r *request) head() core.Command { return core.Command{ID: r.command, Actor: r.who.actor()} }

func (s *Server) listCalls(r *request) (reply, error) {
	tenant, err := r.tenant()
	if err != nil {
		return reply{}, err
	}
	queue, err := r.text("queue", 128)
	if err != nil {
		return reply{}, err
	}
	phase, err := r.text("phase", 16)
	if err != nil {
		return reply{}, err
	}
	known := []core.CallPhase{core.Routing, core.Waiting, core.Talking, core.PostCall, core.Outside, core.Closing, core.Ended}
	if phase != "" && !slices.Contains(known, core.CallPhase(phase)) {
		return reply{}, invalid("phase", "must be routing, waiting, talking, post_call, outside, closing or ended")
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	view := s.Live.View()
	out := live[core.CallView]{Position: view.Position(), Items: []core.CallView{}}
	for c := range view.Calls() {
		if !r.sees.call(c) || tenant != "" && c.Tenant != tenant || queue != "" && c.Queue != core.QueueID(queue) || phase != "" && c.Phase != core.CallPhase(phase) {
			continue
		}
		out.Items = append(out.Items, hide.call(r.sees.showing(c)))
	}
	return ok(out)
}

// call finds the call in progress that the path names. What the principal may not see does not exist.
func (s *Server) call(r *request) (core.CallView, error) {
	id, err := r.id()
	if err != nil {
		return core.CallView{}, err
	}
	c, found := s.Live.View().Call(core.CallID(id))
	if !found || !r.sees.call(c) {
		return core.CallView{}, ErrNotFound
	}
	return c, nil
}

func (s *Server) getCall(r *request) (reply, error) {
	c, err := s.call(r)
	if err != nil {
		return reply{}, err
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	return ok(hide.call(r.sees.showing(c)))
}

// onCall is what every control of a call may carry.
type onCall struct {
	// Agent is the agent in whose name it happens. An agent may name itself only; left out, it is the agent who asks, and for others the call's primary agent.
	Agent core.AgentID `json:"agent"`
}

// control finds the call of the path and the agent in whose name the principal acts on it.
func (s *Server) control(r *request, asked core.AgentID) (core.CallID, core.AgentID, error) {
	id, err := r.id()
	if err != nil {
		return "", "", err
	}
	if r.who.Role == Agent {
		if asked != "" && asked != r.who.Agent {
			return "", "", &Error{Code: CodeForbidden, Message: "an agent can act only for itself", Field: "agent"}
		}
		// Whether the agent has anything to do with the call is for the rules to say: the view may be older than their answer.
		return core.CallID(id), r.who.Agent, nil
	}
	view := s.Live.View()
	c, found := view.Call(core.CallID(id))
	if found && !r.sees.call(c) || !found && r.sees.part() {
		return "", "", ErrNotFound
	}
	if asked == "" && found {
		asked = c.Primary
	}
	switch {
	case asked != "" && r.who.ByTeam && !r.sees.agents[asked]:
		// The call may be another team's, and an agent of the supervisor's only consulted in it.
		return "", "", &Error{Code: CodeForbidden, Message: "is not in your teams", Field: "agent"}
	case asked != "" && !identifier.MatchString(string(asked)):
		return "", "", invalid("agent", "is not the id of an agent")
	}
	return core.CallID(id), asked, nil
}

// command decodes the body of a control that has nothing but [onCall], and asks for the intent.
func (s *Server) command(r *request, intent func(core.CallID, core.AgentID) core.Intent) (reply, error) {
	var body onCall
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	call, agent, err := s.control(r, body.Agent)
	if err != nil {
		return reply{}, err
	}
	return s.do(r, intent(call, agent))
}

func (s *Server) holdCall(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.HoldCall{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) resumeCall(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.ResumeCall{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) muteAgent(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.MuteAgent{Command: r.head(), Call: c, Agent: a, On: true}
	})
}

func (s *Server) unmuteAgent(r *request) (reply, error) {
	return s.command(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.MuteAgent{Command: r.head(), Call: c, Agent: a, On: false}
	})
}

// endCall ends a call for all. That somebody ends an agent's, or one that has no agent any more, is audited, whether or not it is accepted.
func (s *Server) endCall(r *request) (reply, error) {
	end := func(c core.CallID, a core.AgentID) core.Intent {
		return core.EndCall{Command: r.head(), Call: c, Agent: a}
	}
	if r.who.Role != Agent {
		return s.audited(r, end)
	}
	return s.command(r, end)
}

// pauseRecording and resumeRecording are audited whether or not they are accepted (C15).
func (s *Server) pauseRecording(r *request) (reply, error) {
	return s.audited(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.PauseRecordingOf{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) resumeRecording(r *request) (reply, error) {
	return s.audited(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.ResumeRecordingOf{Command: r.head(), Call: c, Agent: a}
	})
}

// discardRecording is the agent's own act: nobody does it in an agent's name (C17). It is audited like the others, and again for each recording by who carries it out.
func (s *Server) discardRecording(r *request) (reply, error) {
	return s.audited(r, func(c core.CallID, a core.AgentID) core.Intent {
		return core.DiscardRecordingOf{Command: r.head(), Call: c, Agent: a}
	})
}

func (s *Server) audited(r *request, intent func(core.CallID, core.AgentID) core.Intent) (reply, error) {
	out, err := s.command(r, intent)
	id := r.Param("id")
	if !identifier.MatchString(id) {
		return out, err
	}
	c, _ := s.Live.View().Call(core.CallID(id))
	s.audit(r, "call/"+id, c.Tenant, map[string]string{"result": result(err)})
	return out, err
}

// result is how the audit log says what became of an intent.
func result(err error) string {
	if err == nil {
		return "accepted"
	}
	e, _ := asError(err)
	return string(e.Code)
}

var dtmf = regexp.MustCompile(`^[0-9*#A-D]{1,32}$`)

func (s *Server) pressDigits(r *request) (reply, error) {
	var body struct {
		onCall
		Digits string `json:"digits"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if !dtmf.MatchString(body.Digits) {
		return reply{}, invalid("digits", "must be 1 to 32 of 0-9 * # A-D")
	}
	call, agent, err := s.control(r, body.Agent)
	if err != nil {
		return reply{}, err
	}
	return s.do(r, core.PressDigits{Command: r.head(), Call: call, Agent: agent, Digits: body.Digits})
}

func (s *Server) explainCall(r *request) (reply, error) {
	c, err := s.call(r)
	if err != nil {
		return reply{}, err
	}
	e, found, err := s.Live.Explain(r.ctx(), c.ID)
	if err != nil {
		return reply{}, err
	}
	if !found {
		return reply{}, ErrNotFound
	}
	e.Agents = orEmpty(e.Agents)
	return ok(r.sees.explanation(c.Tenant, e))
}

// ownAgent gives the agent of the path, if the principal may act for it.
func (s *Server) ownAgent(r *request) (core.AgentID, error) {
	id, err := r.id()
	if err != nil {
		return "", err
	}
	agent := core.AgentID(id)
	if r.who.Role == Agent && agent != r.who.Agent {
		return "", &Error{Code: CodeForbidden, Message: "an agent can act only for itself"}
	}
	if r.sees.part() {
		if a, found := s.Live.View().Agent(agent); !found || !r.sees.agent(a.Tenant, agent) {
			return "", ErrNotFound
		}
	}
	return agent, nil
}

func (s *Server) setAgentState(r *request) (reply, error) {
	agent, err := s.ownAgent(r)
	if err != nil {
		return reply{}, err
	}
	var body struct {
		State  core.AgentState `json:"state"`
		Reason string          `json:"reason"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if !slices.Contains([]core.AgentState{core.Offline, core.Available, core.Idle}, body.State) {
		return reply{}, invalid("state", "must be offline, available or idle")
	}
	if utf8.RuneCountInString(body.Reason) > 64 {
		return reply{}, invalid("reason", "must have at most 64 characters")
	}
	return s.forcing(r, agent, map[string]string{"state": string(body.State), "reason": body.Reason},
		core.SetAgentState{Command: r.head(), Agent: agent, State: body.State, Reason: body.Reason})
}

// forcing asks for an intent that puts an agent into another state. That somebody else does so is kept, whether or not it is accepted.
func (s *Server) forcing(r *request, agent core.AgentID, detail map[string]string, in core.Intent) (reply, error) {
	out, err := s.do(r, in)
	if r.who.Role != Agent {
		detail["result"] = result(err)
		a, _ := s.Live.View().Agent(agent)
		s.audit(r, "agent/"+string(agent), a.Tenant, detail)
	}
	return out, err
}

// ofCall says whose request or wrap-up is meant, so that what comes late does nothing to the next one.
type ofCall struct {
	Call core.CallID `json:"call"` // "" = whichever there is
}

func (o ofCall) valid() error {
	if o.Call != "" && !identifier.MatchString(string(o.Call)) {
		return invalid("call", "must be the id of a call")
	}
	return nil
}

func (s *Server) declineOffer(r *request) (reply, error) {
	agent, err := s.ownAgent(r)
	if err != nil {
		return reply{}, err
	}
	var body struct {
		ofCall
		Leg core.LegID `json:"leg"` // which of the call's requests; "" = whichever rings
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	if err := body.valid(); err != nil {
		return reply{}, err
	}
	if body.Leg != "" && !identifier.MatchString(string(body.Leg)) {
		return reply{}, invalid("leg", "must be the id of a leg")
	}
	return s.forcing(r, agent, map[string]string{"call": string(body.Call)}, core.DeclineOffer{Command: r.head(), Agent: agent, Call: body.Call, Leg: body.Leg})
}

// ofWrapUp says which wrap-up is meant: a call has several where it comes back to its agent.
type ofWrapUp struct {
	ofCall
	Since string `json:"since"` // when it has begun, as the agent's view says; "" = whichever the agent is in
}

func (o ofWrapUp) read() (since time.Time, err error) {
	if err := o.valid(); err != nil || o.Since == "" {
		return time.Time{}, err
	}
	return momentOf("since", o.Since)
}

func (s *Server) extendWrapUp(r *request) (reply, error) {
	agent, err := s.ownAgent(r)
	if err != nil {
		return reply{}, err
	}
	var body ofWrapUp
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	since, err := body.read()
	if err != nil {
		return reply{}, err
	}
	return s.do(r, core.ExtendWrapUp{Command: r.head(), Agent: agent, Call: body.Call, Since: since})
}

func (s *Server) finishWrapUp(r *request) (reply, error) {
	agent, err := s.ownAgent(r)
	if err != nil {
		return reply{}, err
	}
	var body struct {
		ofWrapUp
		Reason string `json:"reason"`
		Notes  string `json:"notes"`
	}
	if err := r.decode(&body); err != nil {
		return reply{}, err
	}
	since, err := body.read()
	if err != nil {
		return reply{}, err
	}
	if utf8.RuneCountInString(body.Reason) > 128 {
		return reply{}, invalid("reason", "must have at most 128 characters")
	}
	if utf8.RuneCountInString(body.Notes) > 4000 {
		return reply{}, invalid("notes", "must have at most 4000 characters")
	}
	return s.forcing(r, agent, map[string]string{"call": string(body.Call)},
		core.FinishWrapUp{Command: r.head(), Agent: agent, Call: body.Call, Since: since, Reason: body.Reason, Notes: body.Notes})
}
