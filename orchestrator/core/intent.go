package core

import "time"

// Command is the head of every intent.
type Command struct {
	ID    CommandID `json:"id"`    // the same id again is answered as done, and changes nothing
	Actor string    `json:"actor"` // who asks, for the audit: "agent:anna", "supervisor:eve", "api:key-name"
}

// Head implements part of [Intent].
func (c Command) Head() Command { return c }

// Intents. Where an agent acts on a call, Agent is the agent in whose name it happens.
type (
	// SetAgentState asks for Offline, Available or Idle. While a request rings, and while the agent is engaged or in wrap-up, Available and Idle are
	// remembered and taken afterwards. Signing out is refused while a request rings or work is unfinished (Q1).
	SetAgentState struct {
		Command
		Agent  AgentID    `json:"agent"`
		State  AgentState `json:"state"`
		Reason string     `json:"reason,omitempty"` // of Idle
	}
	// DeclineOffer turns the ringing request down from the desktop: as declining on the phone. Call says whose request is meant, and Leg which of them where the same caller's
	// rings again, so that a click that comes late does not turn down the next one; "" = whichever rings.
	DeclineOffer struct {
		Command
		Agent AgentID `json:"agent"`
		Call  CallID  `json:"call,omitempty"`
		Leg   LegID   `json:"leg,omitempty"` // the agent's leg that rings: [OfferView]
	}
	// HoldCall puts the customer on hold (C3).
	HoldCall struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// ResumeCall takes the customer back from hold (C3).
	ResumeCall struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// MuteAgent mutes the agent towards the customer, or unmutes (C17).
	MuteAgent struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
		On    bool    `json:"on"`
	}
	// PressDigits sends DTMF to whom the agent talks with (C17): in an answered consult that is who was consulted.
	PressDigits struct {
		Command
		Call   CallID  `json:"call"`
		Agent  AgentID `json:"agent"`
		Digits string  `json:"digits"` // 1 to 32 of 0-9 * # A-D
	}
	// EndCall ends the conversation for everybody in it (C14). Refused while the customer is held (C3).
	EndCall struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// TransferCall sends the customer to a target at once (C9). An agent must be Available; whoever does not take the call leaves it to its queue. Sent to a queue or an
	// entry point, it is never offered again to the agent who does so (Q7).
	TransferCall struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
		To    Target  `json:"to"`
	}
	// StartConsult asks somebody else while the customer is on hold (C4).
	StartConsult struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
		To    Target  `json:"to"`
		GoOn  bool    `json:"go_on,omitempty"` // in a conference: the others go on with the customer meanwhile, instead of holding them (C11)
	}
	// EndConsult ends the consult, or gives it up while it rings. The agent is back with the customer (C7).
	EndConsult struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// ToggleConsult takes the agent from the consultant to the customer, or back (C7).
	ToggleConsult struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// CompleteTransfer lets the consultant join and the primary leave (C9). The primary then is whoever has been in the conversation longest: without a conference, the consultant. An entry point, and a number that rings, need not have answered (C6).
	CompleteTransfer struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// MergeConsult makes a conference of customer, agent and consultant (C11). A number that rings joins as soon as it answers (C6).
	MergeConsult struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// LeaveCall takes an agent out of a call that goes on: a consultant (C7), or anybody in a conference. The primary hands over to the agent who has been in it
	// longest (C12).
	LeaveCall struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// HoldParticipant puts one participant of a conference on hold, or takes them back (C14).
	HoldParticipant struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
		Leg   LegID   `json:"leg"`
		On    bool    `json:"on"`
	}
	// DropParticipant disconnects one participant of a conference (C14).
	DropParticipant struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
		Leg   LegID   `json:"leg"`
	}
	// DiscardRecordingOf stops recording a call and discards what was recorded of it so far (C17).
	DiscardRecordingOf struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// PauseRecordingOf stops writing audio for sensitive data (C15).
	PauseRecordingOf struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// ResumeRecordingOf writes audio again (C15).
	ResumeRecordingOf struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// FinishWrapUp submits the wrap-up (C19). Call and Since say which one is meant, so that what was written about one conversation does not become the next one's; the zero
	// values = whichever the agent is in.
	FinishWrapUp struct {
		Command
		Agent  AgentID   `json:"agent"`
		Call   CallID    `json:"call,omitempty"`
		Since  time.Time `json:"since,omitzero"` // when it has begun, to the microsecond: [WrapUpView]. An agent can be in a call twice
		Reason string    `json:"reason"`
		Notes  string    `json:"notes,omitempty"` // up to 4000 characters
	}
	// ExtendWrapUp asks for more time (C19). Call and Since are as in [FinishWrapUp].
	ExtendWrapUp struct {
		Command
		Agent AgentID   `json:"agent"`
		Call  CallID    `json:"call,omitempty"`
		Since time.Time `json:"since,omitzero"`
	}
)

// Kind implements [Event].
func (SetAgentState) Kind() string { return "agent.set_state" }

// Kind implements [Event].
func (DeclineOffer) Kind() string { return "offer.decline" }

// Kind implements [Event].
func (HoldCall) Kind() string { return "call.hold" }

// Kind implements [Event].
func (ResumeCall) Kind() string { return "call.resume" }

// Kind implements [Event].
func (MuteAgent) Kind() string { return "call.mute" }

// Kind implements [Event].
func (PressDigits) Kind() string { return "call.digits" }

// Kind implements [Event].
func (EndCall) Kind() string { return "call.end" }

// Kind implements [Event].
func (TransferCall) Kind() string { return "call.transfer" }

// Kind implements [Event].
func (StartConsult) Kind() string { return "consult.start" }

// Kind implements [Event].
func (EndConsult) Kind() string { return "consult.end" }

// Kind implements [Event].
func (ToggleConsult) Kind() string { return "consult.toggle" }

// Kind implements [Event].
func (CompleteTransfer) Kind() string { return "consult.transfer" }

// Kind implements [Event].
func (MergeConsult) Kind() string { return "consult.merge" }

// Kind implements [Event].
func (LeaveCall) Kind() string { return "call.leave" }

// Kind implements [Event].
func (HoldParticipant) Kind() string { return "participant.hold" }

// Kind implements [Event].
func (DropParticipant) Kind() string { return "participant.drop" }

// Kind implements [Event].
func (DiscardRecordingOf) Kind() string { return "call.discard_recording" }

// Kind implements [Event].
func (PauseRecordingOf) Kind() string { return "call.pause_recording" }

// Kind implements [Event].
func (ResumeRecordingOf) Kind() string { return "call.resume_recording" }

// Kind implements [Event].
func (FinishWrapUp) Kind() string { return "wrapup.finish" }

// Kind implements [Event].
func (ExtendWrapUp) Kind() string { return "wrapup.extend" }

// Refusal says why an intent was not accepted.
type Refusal struct {
	Code  RefusalCode `json:"code"`
	Field string      `json:"field,omitempty"` // of the intent, in its JSON name
	Text  string      `json:"text"`            // for people
}

// Error implements error.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Text }

// RefusalCode is the stable word for a refusal.
type RefusalCode string

// The refusal codes.
const (
	RefusedUnknown   RefusalCode = "not_found"          // no such call, agent or queue
	RefusedInvalid   RefusalCode = "invalid"            // a field breaks its rule
	RefusedState     RefusalCode = "wrong_state"        // not now
	RefusedRinging   RefusalCode = "offer_ringing"      // no sign-out while a request rings
	RefusedBusy      RefusalCode = "work_unfinished"    // no sign-out while in a conversation or wrap-up
	RefusedHeld      RefusalCode = "customer_held"      // End is disabled while held
	RefusedOwner     RefusalCode = "not_primary"        // only the call's primary agent may
	RefusedOff       RefusalCode = "not_recording"      // nothing is recorded that could be paused, resumed or discarded
	RefusedEngine    RefusalCode = "switch_down"        // the call's switch is not connected
	RefusedSpent     RefusalCode = "extension_spent"    // no further extension of the wrap-up
	RefusedTarget    RefusalCode = "target_unavailable" // whom or what it should go to cannot take it now
	RefusedFull      RefusalCode = "conference_full"    // no more participants
	RefusedForbidden RefusalCode = "not_allowed"        // the number may not be dialled
	RefusedKept      RefusalCode = "recording_kept"     // the recording may not be discarded
	RefusedStale     RefusalCode = "stale"              // it was changed meanwhile: read it again
	RefusedOver      RefusalCode = "another_call"       // the request or wrap-up that is meant is over, and another there instead
)

// refusal makes a Refusal.
func refusal(code RefusalCode, field, text string) *Refusal {
	return &Refusal{Code: code, Field: field, Text: text}
}
