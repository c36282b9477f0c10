package core

import (
	"slices"
	"time"
)

// Outcome is what one step asks for and what it leaves behind. Its two slices are the shard's own and hold until the next step, which writes over them:
// copy the effects and entries that are to be kept, or [Outcome.Clone] the whole. What an effect or an entry points to is never changed again.
type Outcome struct {
	// Effects to carry out once the event is durable.
	Effects []Effect
	// Entries to keep with the event, in the same transaction. All outside of the switches (call records,
	// reports, jobs, the event stream) is made from them.
	Entries []Entry
}

// Clone is the outcome for keeping.
func (o Outcome) Clone() Outcome {
	return Outcome{Effects: slices.Clone(o.Effects), Entries: slices.Clone(o.Entries)}
}

// lent is the outcome for the caller of the step: nil where there is nothing, and without the room behind, so that what the caller appends is the caller's.
func (o Outcome) lent() Outcome {
	return Outcome{Effects: slices.Clip(nonEmpty(o.Effects)), Entries: slices.Clip(nonEmpty(o.Entries))}
}

func nonEmpty[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// Entry is one line of the timeline: what happened, in the words of the contact centre. Kind says which other fields are set.
type Entry struct {
	At        time.Time     `json:"at"`
	Kind      EntryKind     `json:"kind"`
	Tenant    TenantID      `json:"tenant,omitempty"`
	Call      CallID        `json:"call,omitempty"`
	Agent     AgentID       `json:"agent,omitempty"`
	Queue     QueueID       `json:"queue,omitempty"`
	Leg       LegID         `json:"leg,omitempty"`
	Recording RecordingID   `json:"recording,omitempty"`
	Engine    EngineID      `json:"engine,omitempty"`
	Reason    string        `json:"reason,omitempty"`   // outcome, state, refusal code, repair reason: a stable word
	Text      string        `json:"text,omitempty"`     // notes and other text of people: untrusted
	Actor     string        `json:"actor,omitempty"`    // who asked for it; "" = the rules
	Cause     *Cause        `json:"cause,omitempty"`    // of ended legs and offers
	Duration  time.Duration `json:"duration,omitempty"` // how long what has ended here had lasted
	Record    *CallRecord   `json:"record,omitempty"`   // of EntryCallClosed
}

// EntryKind names what an entry tells.
type EntryKind string

// The kinds of entries.
const (
	EntryCallArrived        EntryKind = "call.arrived"        // Text = caller's number
	EntryCallRefused        EntryKind = "call.refused"        // Reason: site_limit, tenant_limit, queue_full (Queue), no_route, closed
	EntryCallQueued         EntryKind = "call.queued"         // Queue; Reason: arrival, transfer, transfer_failed, agent_lost …, moved = its queue was removed, direct = for one agent only
	EntryCallLeftQueue      EntryKind = "call.left_queue"     // Queue; nobody took the call there; Reason: abandoned, unanswered, lost; Duration = wait there
	EntryOfferMade          EntryKind = "offer.made"          // Agent, Queue, Leg
	EntryOfferRinging       EntryKind = "offer.ringing"       // the phone said so
	EntryOfferEnded         EntryKind = "offer.ended"         // Reason = an OfferOutcome; Duration = how long it rang
	EntryCallConnected      EntryKind = "call.connected"      // Agent, Queue; Reason: direct = was for this agent only; Duration = wait there
	EntryCallHeld           EntryKind = "call.held"           // Agent
	EntryCallResumed        EntryKind = "call.resumed"        // Agent; Duration = hold
	EntryCallMuted          EntryKind = "call.muted"          // Agent
	EntryCallUnmuted        EntryKind = "call.unmuted"        // Agent
	EntryCallTransferred    EntryKind = "call.transferred"    // Agent = who transferred; Reason = agent, queue, entry_point or number, Text = which; Queue
	EntryTransferFailed     EntryKind = "transfer.failed"     // the target did not take the call, which is in its queue again; Reason = an OfferOutcome
	EntryConsultStarted     EntryKind = "consult.started"     // Agent = who consults; Reason = agent, queue, entry_point or number, Text = which
	EntryConsultAnswered    EntryKind = "consult.answered"    // Agent ("" = a number), Leg; Duration = how long it took
	EntryConsultToggled     EntryKind = "consult.toggled"     // Agent is with … Reason: customer, consultant
	EntryConsultEnded       EntryKind = "consult.ended"       // Agent, Leg of the consultant; Reason: ended, transferred, merged, consultant_left, an OfferOutcome …; Duration
	EntryJoined             EntryKind = "conference.joined"   // Agent ("" = a number), Leg
	EntryLeft               EntryKind = "conference.left"     // Agent, Leg; Reason; Duration = in the conversation
	EntryParticipantHeld    EntryKind = "participant.held"    // Agent, Leg
	EntryParticipantResumed EntryKind = "participant.resumed" // Agent, Leg
	EntryOwnerChanged       EntryKind = "owner.changed"       // Agent is the primary now; Reason = an OwnedBy…
	EntryPostCall           EntryKind = "call.post_call"      // the customer has left; Agent = the primary
	EntryOutside            EntryKind = "call.outside"        // no agent is in the call any more: the customer and somebody outside are left
	EntryDialled            EntryKind = "outside.dialled"     // Leg; Text = number
	EntryOutsideRinging     EntryKind = "outside.ringing"     // Leg: the number's network says so
	EntryVariables          EntryKind = "call.variables"      // Reason = names, with commas; never values
	EntryTalkEnded          EntryKind = "talk.ended"          // Agent, Queue; Reason: caller, agent, transfer, agent_lost …; Duration = as the primary, hold included
	EntryCallClosed         EntryKind = "call.closed"         // Record
	EntryAgentState         EntryKind = "agent.state"         // Agent; Reason = state[:reason]; Text = cause; Duration = in the state before
	EntryWrapUpStarted      EntryKind = "wrapup.started"      // Agent, Call, Queue
	EntryWrapUpExtended     EntryKind = "wrapup.extended"     // Agent, Call
	EntryWrapUpDone         EntryKind = "wrapup.done"         // Agent, Call, Reason = wrap-up reason ("" = timer), Text = notes, Duration
	EntryRecordingStarted   EntryKind = "recording.started"   // Recording, Call, Agent; Text = RecordingOfConsult or "", as when it stops
	EntryRecordingPaused    EntryKind = "recording.paused"    // Agent; Actor asked for it (audited)
	EntryRecordingResumed   EntryKind = "recording.resumed"   // Actor "" = the automatic resume
	EntryRecordingStopped   EntryKind = "recording.stopped"   // Reason: complete, failed, pause_unconfirmed, discarded, late (begun when it had been given up: told again) …; Duration = length of the audio
	EntryRecordingDiscarded EntryKind = "recording.discarded" // it must not be kept, wherever it is by now: Agent, Actor asked for it (audited)
	EntryEngineUp           EntryKind = "engine.up"           // Engine; Reason: connected, restarted
	EntryEngineDown         EntryKind = "engine.down"         // Engine
	EntryRepair             EntryKind = "repair"              // reconciliation had to mend something; Reason
	EntryAlert              EntryKind = "alert"               // supervisors should know; Reason
)

// RecordingOfConsult marks the entries of a recording of a consult, which is not part of the recording of the conversation (C15).
const RecordingOfConsult = "consult"

// OfferOutcome says how an offer ended.
type OfferOutcome string

// The outcomes of an offer, with their effect on the agent (Q4).
const (
	OfferAnswered    OfferOutcome = "answered"    // the agent is engaged
	OfferNoAnswer    OfferOutcome = "no_answer"   // RONA, or a miss delay where the queue says so
	OfferDeclined    OfferOutcome = "declined"    // Idle (Declined)
	OfferBusy        OfferOutcome = "busy"        // Available again, no offers for the busy delay; not counted
	OfferUnreachable OfferOutcome = "unreachable" // Idle (Phone unreachable), supervisors alerted
	OfferAbandoned   OfferOutcome = "abandoned"   // the caller gave up while it rang: no effect
	OfferLostRace    OfferOutcome = "lost_race"   // another agent of the ring-all was faster: no effect
	OfferWithdrawn   OfferOutcome = "withdrawn"   // the rules took it back (max wait, the end of a consult): no effect
	OfferFailed      OfferOutcome = "failed"      // the switch or network failed, not the phone: no effect but a short pause
)

// CallRecord sums up a call. The times add up: Total = Route + Wait + Talk + Hold + Outside + PostCall + Close, to the microsecond.
type CallRecord struct {
	Call       CallID        `json:"call"`
	Tenant     TenantID      `json:"tenant"`
	EntryPoint EntryPointID  `json:"entry_point,omitempty"`
	Queue      QueueID       `json:"queue,omitempty"` // the last one
	Engine     EngineID      `json:"engine"`
	From       string        `json:"from"`
	Name       string        `json:"name,omitempty"`
	To         string        `json:"to"`
	ArrivedAt  time.Time     `json:"arrived_at"`
	EndedAt    time.Time     `json:"ended_at"`
	Outcome    CallOutcome   `json:"outcome"`
	Cause      Cause         `json:"cause"`
	Agents     []AgentID     `json:"agents,omitempty"`    // who talked with the customer, in order
	Consulted  []AgentID     `json:"consulted,omitempty"` // who was asked for advice, in order; those among Agents included
	Owners     []Ownership   `json:"owners,omitempty"`    // its primaries, one after another (C12)
	Offers     int           `json:"offers"`
	Misses     int           `json:"misses"` // offers that ended with no_answer
	Route      time.Duration `json:"route"`  // greeting and routing, before the queue
	Wait       time.Duration `json:"wait"`   // in queues, ringing included
	Talk       time.Duration `json:"talk"`   // with an agent, hold excluded
	Hold       time.Duration `json:"hold"`
	Outside    time.Duration `json:"outside"`   // with somebody outside and no agent, ringing included
	PostCall   time.Duration `json:"post_call"` // of those who talked on when the customer had left (C13)
	Close      time.Duration `json:"close"`     // closing prompts
	Total      time.Duration `json:"total"`
	Recordings []RecordingID `json:"recordings,omitempty"`
}

// CallOutcome says in one word what became of a call.
type CallOutcome string

// The outcomes of a call.
const (
	CallAnswered   CallOutcome = "answered"   // an agent talked with the caller
	CallAbandoned  CallOutcome = "abandoned"  // the caller hung up while waiting
	CallUnanswered CallOutcome = "unanswered" // ended by max wait, or no agents; nobody has talked with the caller
	CallRefused    CallOutcome = "refused"    // over a limit, no route, closed
	CallLost       CallOutcome = "lost"       // the switch lost it
)
