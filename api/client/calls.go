package client

import (
	"context"
	"net/url"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Call names a call in progress and in whose name it is acted on.
type Call struct {
	c     *Client
	path  string
	agent core.AgentID
}

// Call gives the controls of a call in the name of an agent; "" = the client's own, or the call's primary.
//
// An error of a control that was not accepted is an [*Error] with the rules' code: wrong_state, not_primary, target_unavailable, conference_full, not_allowed, stale ...
func (c *Client) Call(id core.CallID, agent core.AgentID) Call {
	return Call{c: c, path: "/api/v1/calls/" + url.PathEscape(string(id)), agent: agent}
}

// onCall is the body of the controls.
type onCall struct {
	Agent core.AgentID `json:"agent,omitempty"`
}

func (k Call) do(ctx context.Context, what string) error {
	return k.c.Post(ctx, k.path+what, onCall{k.agent}, nil)
}

// Get reads the call.
func (k Call) Get(ctx context.Context) (core.CallView, error) {
	var v core.CallView
	err := k.c.Get(ctx, k.path, &v)
	return v, err
}

// Hold puts the customer on hold (C3).
func (k Call) Hold(ctx context.Context) error { return k.do(ctx, "/hold") }

// Resume takes the customer back from hold (C3).
func (k Call) Resume(ctx context.Context) error { return k.do(ctx, "/resume") }

// End ends the conversation for everybody in it (C14).
func (k Call) End(ctx context.Context) error { return k.do(ctx, "/end") }

// Leave takes the agent out of a call that goes on (C7, C12).
func (k Call) Leave(ctx context.Context) error { return k.do(ctx, "/leave") }

// Transfer sends the customer to a target without asking it first (C9).
func (k Call) Transfer(ctx context.Context, to core.Target) error {
	return k.c.Post(ctx, k.path+"/transfer", struct {
		onCall
		To core.Target `json:"to"`
	}{onCall{k.agent}, to}, nil)
}

// Consult asks somebody else while the customer is on hold (C4). goOn lets a conference go on with the customer meanwhile (C11).
func (k Call) Consult(ctx context.Context, to core.Target, goOn bool) error {
	return k.c.Post(ctx, k.path+"/consult", struct {
		onCall
		To   core.Target `json:"to"`
		GoOn bool        `json:"go_on,omitempty"`
	}{onCall{k.agent}, to, goOn}, nil)
}

// EndConsult ends the consult, or gives it up while it rings (C7).
func (k Call) EndConsult(ctx context.Context) error { return k.do(ctx, "/consult/end") }

// ToggleConsult goes from the consultant to the customer, or back (C7).
func (k Call) ToggleConsult(ctx context.Context) error { return k.do(ctx, "/consult/toggle") }

// CompleteTransfer gives the customer to the consultant (C9).
func (k Call) CompleteTransfer(ctx context.Context) error { return k.do(ctx, "/consult/transfer") }

// MergeConsult makes a conference of customer, agent and consultant (C11).
func (k Call) MergeConsult(ctx context.Context) error { return k.do(ctx, "/consult/merge") }

// HoldParticipant puts one participant of a conference on hold (C14).
func (k Call) HoldParticipant(ctx context.Context, leg core.LegID) error {
	return k.do(ctx, "/participants/"+url.PathEscape(string(leg))+"/hold")
}

// ResumeParticipant takes one participant of a conference back from hold (C14).
func (k Call) ResumeParticipant(ctx context.Context, leg core.LegID) error {
	return k.do(ctx, "/participants/"+url.PathEscape(string(leg))+"/resume")
}

// DisconnectParticipant disconnects one participant of a conference (C14).
func (k Call) DisconnectParticipant(ctx context.Context, leg core.LegID) error {
	return k.do(ctx, "/participants/"+url.PathEscape(string(leg))+"/disconnect")
}

// SetVariables writes variables of the call, all or none (C18). A token's client that names no agent writes as the system.
func (k Call) SetVariables(ctx context.Context, values ...core.VariableChange) error {
	return k.c.Put(ctx, k.path+"/variables", struct {
		onCall
		Values []core.VariableChange `json:"values"`
	}{onCall{k.agent}, values}, nil)
}

// Reveal reads the value of a variable, secure or not (C18). It is audited.
func (k Call) Reveal(ctx context.Context, variable string) (string, error) {
	var out struct {
		Value string `json:"value"`
	}
	err := k.c.Post(ctx, k.path+"/variables/"+url.PathEscape(variable)+"/reveal", nil, &out)
	return out.Value, err
}

// Offer is the request that rings at an agent's phone (C2).
type Offer struct {
	Call       core.CallID       `json:"call"`
	Kind       string            `json:"kind"` // inbound, consult
	Since      time.Time         `json:"since"`
	Until      time.Time         `json:"until"` // of an inbound call
	EntryPoint core.EntryPointID `json:"entry_point"`
	Queue      core.QueueID      `json:"queue"`
	QueueName  string            `json:"queue_name"`
	From       string            `json:"from"`
	Name       string            `json:"name"`
	To         string            `json:"to"`
	By         *Initiator        `json:"by"` // of a consult
	Variables  []PopUp           `json:"variables"`
}

// Initiator is the agent who asks for a consult.
type Initiator struct {
	Agent core.AgentID `json:"agent"`
	Name  string       `json:"name"`
	Phone string       `json:"phone"`
	Teams []string     `json:"teams"`
}

// PopUp is a variable that a request shows.
type PopUp struct {
	Name  string            `json:"name"`
	Label string            `json:"label"`
	Type  core.VariableType `json:"type"`
	Value string            `json:"value"`
}

// Offer reads the request that rings at an agent's phone; an [*Error] with status 404 if none does.
func (c *Client) Offer(ctx context.Context, agent core.AgentID) (Offer, error) {
	var out Offer
	err := c.Get(ctx, "/api/v1/agents/"+url.PathEscape(string(agent))+"/offer", &out)
	return out, err
}
