package core

import "time"

// CallView is one call as readers see it.
type CallView struct {
	ID         CallID            `json:"id"`
	Tenant     TenantID          `json:"tenant"`
	EntryPoint EntryPointID      `json:"entry_point,omitempty"`
	Engine     EngineID          `json:"engine"`
	From       string            `json:"from"`
	Name       string            `json:"name,omitempty"`
	To         string            `json:"to"`
	Priority   int               `json:"priority"`
	Phase      CallPhase         `json:"phase"`
	PhaseSince time.Time         `json:"phase_since"`
	ArrivedAt  time.Time         `json:"arrived_at"`
	Queue      QueueID           `json:"queue,omitempty"`
	QueuedAt   time.Time         `json:"queued_at,omitzero"`
	Offers     []OfferView       `json:"offers,omitempty"`
	Primary    AgentID           `json:"primary,omitempty"`
	Held       bool              `json:"held"`
	HeldSince  time.Time         `json:"held_since,omitzero"`
	Muted      bool              `json:"muted"`
	Consult    *ConsultView      `json:"consult,omitempty"`
	People     []ParticipantView `json:"participants,omitempty"` // of a conversation
	Owners     []Ownership       `json:"owners,omitempty"`       // its primaries so far (C12)
	Variables  []VariableView    `json:"variables,omitempty"`    // as its entry point defines them (C18)
	Recording  *RecordingView    `json:"recording,omitempty"`
	Discarded  bool              `json:"recording_discarded,omitempty"` // what was recorded of it, and no more is now (C17)
}

// OfferView is one ringing phone.
type OfferView struct {
	Agent   AgentID   `json:"agent"`
	Leg     LegID     `json:"leg"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Ringing bool      `json:"ringing"`
}

// RecordingView is the recording of a call in progress.
type RecordingView struct {
	ID       RecordingID    `json:"id"`
	State    RecordingState `json:"state"`
	ResumeAt time.Time      `json:"resume_at,omitzero"`
}

// AgentView is one agent as readers see it.
type AgentView struct {
	ID         AgentID     `json:"id"`
	Tenant     TenantID    `json:"tenant"`
	Name       string      `json:"name"`
	Phone      string      `json:"phone"`
	Teams      []string    `json:"teams,omitempty"`
	State      AgentState  `json:"state"`
	Reason     string      `json:"reason,omitempty"`
	StateCause string      `json:"state_cause"`
	Since      time.Time   `json:"since"`
	IdleSince  time.Time   `json:"idle_since,omitzero"`
	PausedTill time.Time   `json:"paused_till,omitzero"`
	PhoneDown  bool        `json:"phone_down,omitempty"`  // the switch says that the phone cannot be reached
	PhoneFails bool        `json:"phone_fails,omitempty"` // so many offers in a row have failed that supervisors were told, and none has come through since
	Call       CallID      `json:"call,omitempty"`
	NextState  AgentState  `json:"next_state,omitempty"`
	NextReason string      `json:"next_reason,omitempty"`
	Misses     int         `json:"misses"`
	Answered   int         `json:"answered"`
	Talked     float64     `json:"talked_seconds"`
	WrapUp     *WrapUpView `json:"wrap_up,omitempty"`
}

// WrapUpView is a wrap-up in progress.
type WrapUpView struct {
	Call     CallID    `json:"call"`
	Queue    QueueID   `json:"queue"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until,omitzero"`
	Extended int       `json:"extended"`
	Controls []Control `json:"controls,omitempty"` // what the agent can do with it now, beside submitting it
}

// QueueView is one queue as readers see it.
type QueueView struct {
	ID       QueueID  `json:"id"`
	Tenant   TenantID `json:"tenant"`
	Name     string   `json:"name"`
	Strategy Strategy `json:"strategy"`
	Waiting  int      `json:"waiting"`          // calls in the queue, those with ringing offers included, and consults
	Free     int      `json:"free"`             // agents that could be offered a call now
	Oldest   CallID   `json:"oldest,omitempty"` // first in line of those who have called: a consult's place is nobody's to look up
}

// EngineView is one switch as readers see it.
type EngineView struct {
	ID    EngineID  `json:"id"`
	Up    bool      `json:"up"`
	Since time.Time `json:"since"`
}

// Explanation says for one waiting call why nobody is ringing, or who is (Q9).
type Explanation struct {
	Call     CallID        `json:"call"`
	Queue    QueueID       `json:"queue"`
	Position int           `json:"position"` // 1 = next
	Ringing  []AgentID     `json:"ringing,omitempty"`
	Reason   string        `json:"reason,omitempty"` // a gate that holds for all: engine_down, ring_limit, not_waiting …
	Agents   []AgentReason `json:"agents"`           // every member of the queue, in the order in which they would be offered
}

// AgentReason is the first gate that keeps an agent from a call.
type AgentReason struct {
	Agent AgentID   `json:"agent"`
	Gate  string    `json:"gate"`           // see explain.go; "ringing" and "next" are no obstacles
	Until time.Time `json:"until,omitzero"` // when the gate opens by itself
	Text  string    `json:"text"`           // for people
}

// Call gives a reader's view of a call.
func (s *Shard) Call(id CallID) (CallView, bool) {
	c := s.st.Calls[id]
	if c == nil || c.Parent != "" {
		return CallView{}, false
	}
	v := CallView{
		ID: c.ID, Tenant: c.Tenant, EntryPoint: c.EntryPoint, Engine: c.Engine, From: s.shownNumber(c), Name: c.Name, To: c.To, Priority: c.Priority,
		Phase: c.Phase, PhaseSince: c.PhaseSince.Time(), ArrivedAt: c.ArrivedAt.Time(), Queue: c.Queue, QueuedAt: c.QueuedAt.Time(), Primary: c.Primary, Held: c.customerHeld(), Muted: c.Muted,
		Consult: s.consultView(c), People: s.participants(c), Owners: c.owners(), Variables: s.variables(c), Discarded: c.Record.Discarded,
	}
	if v.Held {
		v.HeldSince = c.PhaseSince.Time()
	}
	for _, o := range c.Offers {
		v.Offers = append(v.Offers, o.view())
	}
	if r := c.Recording; r != nil {
		v.Recording = &RecordingView{ID: r.ID, State: r.State, ResumeAt: r.ResumeAt.Time()}
	}
	return v, true
}

func (o offer) view() OfferView {
	return OfferView{Agent: o.Agent, Leg: o.Leg, Since: o.Since.Time(), Until: o.Until.Time(), Ringing: o.Ringing}
}

// Agent gives a reader's view of an agent.
func (s *Shard) Agent(id AgentID) (AgentView, bool) {
	a := s.st.Agents[id]
	if a == nil {
		return AgentView{}, false
	}
	v := AgentView{
		ID: a.ID, Tenant: a.Tenant, Name: a.Name, Phone: a.Phone, Teams: a.Teams, State: a.State, Reason: a.Reason, StateCause: a.StateCause, Since: a.Since.Time(),
		IdleSince: a.IdleSince.Time(), PausedTill: a.PausedTill.Time(), PhoneDown: a.PhoneDown, PhoneFails: a.Failures >= failuresToTell, Call: s.publicCall(a.Call), Misses: a.Misses, Answered: a.Answered, Talked: a.Talked.Seconds(),
	}
	if a.Next != nil {
		v.NextState, v.NextReason = a.Next.State, a.Next.Reason
	}
	if w := a.Wrap; w != nil {
		v.WrapUp = &WrapUpView{Call: w.Call, Queue: w.Queue, Since: w.Since.Time(), Until: w.Until.Time(), Extended: w.Extended}
		if (ExtendWrapUp{Agent: id}).refuse(s) == nil {
			v.WrapUp.Controls = []Control{ControlExtend}
		}
	}
	return v, true
}

// Queue gives a reader's view of a queue.
func (s *Shard) Queue(id QueueID) (QueueView, bool) {
	q := s.st.Queues[id]
	if q == nil || q.Removed {
		return QueueView{}, false
	}
	ix := s.ix.queues[id]
	v := QueueView{ID: id, Tenant: q.Tenant, Name: q.Name, Strategy: q.Strategy, Waiting: ix.line.n, Free: ix.ready.n}
	for k := range ix.line.all {
		if k.call.Parent == "" {
			v.Oldest = k.call.ID
			break
		}
	}
	return v, true
}

// Engine gives a reader's view of a switch.
func (s *Shard) Engine(id EngineID) (EngineView, bool) {
	e := s.st.Engines[id]
	if e == nil {
		return EngineView{}, false
	}
	return EngineView{ID: e.ID, Up: e.Up, Since: e.Since.Time()}, true
}

// Everything lists all that there is, for the first view after a start.
func (s *Shard) Everything() Changes {
	return Changes{Calls: keys(s.st.Calls), Agents: keys(s.st.Agents), Queues: keys(s.st.Queues), Engines: keys(s.st.Engines)}
}
