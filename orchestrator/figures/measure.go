package figures

import (
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Kind says what was measured.
type Kind string

// The kinds of measures.
const (
	Entered    Kind = "entered"    // a caller came into the queue
	Refused    Kind = "refused"    // a caller was not let in: the queue was full
	Answered   Kind = "answered"   // a stay ended with an agent; Lasted = wait
	Abandoned  Kind = "abandoned"  // a stay ended because the caller gave up; Lasted = wait
	Unanswered Kind = "unanswered" // a stay ended because nobody came; Lasted = wait
	Lost       Kind = "lost"       // a stay ended with its switch; Lasted = wait
	Talked     Kind = "talked"     // an agent's part as a call's primary is over; Lasted = with hold
	Wrapped    Kind = "wrapped"    // a wrap-up is done; Lasted = how long it took
	State      Kind = "state"      // an agent has left the State; Lasted = time in it
)

// Measure is one thing that was measured.
type Measure struct {
	Kind   Kind
	At     time.Time // when what was measured ended
	Tenant core.TenantID
	Queue  core.QueueID    // of all kinds but State
	Agent  core.AgentID    // of Answered, Talked, Wrapped and State
	State  core.AgentState // of State
	Lasted time.Duration
}

// Of says what an entry of the timeline measures; false if nothing. An agent's states are measured with [OfState], because an entry does not say which state it ends.
func Of(e *core.Entry) (Measure, bool) {
	m := Measure{At: e.At, Tenant: e.Tenant, Queue: e.Queue, Lasted: e.Duration}
	switch {
	case e.Queue == "":
		return Measure{}, false
	case e.Kind == core.EntryCallQueued && e.Reason != "direct",
		e.Kind == core.EntryTransferFailed && e.Leg == "": // from the one agent who was asked into the line; a failed leg outside is told as queued again
		m.Kind, m.Lasted = Entered, 0
	case e.Kind == core.EntryCallRefused:
		m.Kind = Refused
	case e.Kind == core.EntryCallConnected && e.Reason != "direct":
		m.Kind, m.Agent = Answered, e.Agent
	case e.Kind == core.EntryCallLeftQueue:
		switch e.Reason {
		case "abandoned":
			m.Kind = Abandoned
		case "lost":
			m.Kind = Lost
		default:
			m.Kind = Unanswered
		}
	case e.Kind == core.EntryTalkEnded:
		m.Kind, m.Agent = Talked, e.Agent
	case e.Kind == core.EntryWrapUpDone:
		m.Kind, m.Agent = Wrapped, e.Agent
	default:
		return Measure{}, false
	}
	return m, true
}

// OfState measures a state that an agent has left.
func OfState(tenant core.TenantID, agent core.AgentID, state core.AgentState, since, until time.Time) Measure {
	return Measure{Kind: State, At: until, Tenant: tenant, Agent: agent, State: state, Lasted: until.Sub(since)}
}
