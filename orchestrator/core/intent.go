package core

// Command is the head of every intent.
type Command struct {
	ID    CommandID `json:"id"`    // the same id again is answered as done, and changes nothing
	Actor string    `json:"actor"` // who asks, for the audit: "agent:anna", "supervisor:eve", "job:callback", "api:key-name"
}

// Head implements part of [Intent].
func (c Command) Head() Command { return c }

// Intents. Where an agent acts on a call, Agent is the agent in whose name it happens.
type (
	// SetAgentState asks for Offline, Available or Idle. While the agent is engaged or in wrap-up, Available and Idle are
	// remembered and taken afterwards. Signing out is refused while a request rings or work is unfinished (Q1).
	SetAgentState struct {
		Command
		Agent  AgentID    `json:"agent"`
		State  AgentState `json:"state"`
		Reason string     `json:"reason,omitempty"` // of Idle
	}
	// DeclineOffer turns the ringing request down from the desktop: as declining on the phone.
	DeclineOffer struct {
		Command
		Agent AgentID `json:"agent"`
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
	// PressDigits sends DTMF to the customer's side (C17).
	PressDigits struct {
		Command
		Call   CallID  `json:"call"`
		Agent  AgentID `json:"agent"`
		Digits string  `json:"digits"` // 1 to 32 of 0-9 * # A-D
	}
	// EndCall ends the conversation. Refused while the customer is held (C3).
	EndCall struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
	}
	// TransferToQueue sends the customer to a queue; the agent who does so is never offered this call again (Q7).
	TransferToQueue struct {
		Command
		Call  CallID  `json:"call"`
		Agent AgentID `json:"agent"`
		Queue QueueID `json:"queue"`
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
	// FinishWrapUp submits the wrap-up (C19).
	FinishWrapUp struct {
		Command
		Agent  AgentID `json:"agent"`
		Reason string  `json:"reason"`
		Notes  string  `json:"notes,omitempty"` // up to 4000 characters
	}
	// ExtendWrapUp asks for more time (C19).
	ExtendWrapUp struct {
		Command
		Agent AgentID `json:"agent"`
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
func (TransferToQueue) Kind() string { return "call.transfer_queue" }

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
	RefusedUnknown RefusalCode = "not_found"       // no such call, agent or queue
	RefusedInvalid RefusalCode = "invalid"         // a field breaks its rule
	RefusedState   RefusalCode = "wrong_state"     // not now
	RefusedRinging RefusalCode = "offer_ringing"   // no sign-out while a request rings
	RefusedBusy    RefusalCode = "work_unfinished" // no sign-out while in a conversation or wrap-up
	RefusedHeld    RefusalCode = "customer_held"   // End is disabled while held
	RefusedOwner   RefusalCode = "not_primary"     // only the call's primary agent may
	RefusedOff     RefusalCode = "not_recording"   // there is no recording to pause or resume
	RefusedEngine  RefusalCode = "switch_down"     // the call's switch is not connected
	RefusedSpent   RefusalCode = "extension_spent" // no further extension of the wrap-up
)

// refusal makes a Refusal.
func refusal(code RefusalCode, field, text string) *Refusal {
	return &Refusal{Code: code, Field: field, Text: text}
}
