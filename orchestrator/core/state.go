package core

import "time"

// Shard is a set of tenants with everything that is going on in them. Make one with [New] or [Restore]; it is not safe for concurrent use.
type Shard struct {
	st  state
	ix  index
	out Outcome // what the step in progress has gathered; its room is used again by the next
	now instant
	chg changes

	firing Deadline // by the step in progress
}

// state is all that is remembered: what a snapshot holds and what replay must reproduce. Everything else is an index over it.
type state struct {
	Name        string                       `json:"name"`
	Seed        uint64                       `json:"seed"`
	IDs         uint64                       `json:"ids"`     // identifiers made so far
	Effects     EffectID                     `json:"effects"` // effects made so far
	Steps       uint64                       `json:"steps"`   // events applied so far
	Now         instant                      `json:"now"`     // latest time seen; never goes back
	Site        Site                         `json:"site"`
	Tenants     map[TenantID]*tenant         `json:"tenants"`
	Hours       map[HoursID]*Hours           `json:"hours,omitempty"`
	EntryPoints map[EntryPointID]*EntryPoint `json:"entry_points"`
	Queues      map[QueueID]*queue           `json:"queues"`
	Outlived    []*queue                     `json:"outlived,omitempty"` // removed queues whose ids are other tenants' by now, kept as those are: see queueOf
	Agents      map[AgentID]*agent           `json:"agents"`
	Engines     map[EngineID]*engine         `json:"engines"`
	Calls       map[CallID]*call             `json:"calls"`
	Arrivals    uint64                       `json:"arrivals"` // calls so far
	Legs        map[LegID]*leg               `json:"legs"`
	Affinity    []affinity                   `json:"affinity"` // who served whom last, oldest first (Q7)
	Commands    []CommandID                  `json:"commands"` // carried out already, oldest first
	Repairs     map[string]uint64            `json:"repairs"`  // by reason
	Odd         map[string]uint64            `json:"odd"`      // impossible facts, by reason
	Spared      []spared                     `json:"spared,omitempty"`
}

type tenant struct {
	Tenant
	Calls int `json:"calls"` // going on
}

type queue struct {
	Queue
	Turns    uint64             `json:"turns"`               // offers made so far: the round-robin clock
	LastTurn map[AgentID]uint64 `json:"last_turn,omitempty"` // of each member
	Removed  bool               `json:"removed,omitempty"`   // kept until its last wrap-up is done

	index    *queueIndex
	reported bool // among the changes already
}

// AgentState is what an agent is doing (Q1).
type AgentState string

// The agent states.
const (
	Offline   AgentState = "offline"   // not signed in
	Available AgentState = "available" // may be offered a call
	Idle      AgentState = "idle"      // signed in, not to be disturbed; has a reason
	Reserved  AgentState = "reserved"  // the phone is being rung for an offer
	Engaged   AgentState = "engaged"   // in a conversation
	WrapUp    AgentState = "wrap_up"   // finishing the work of the last conversation
	RONA      AgentState = "rona"      // did not answer; must say Available or Idle
)

// Idle reasons that the rules set themselves.
const (
	ReasonDeclined    = "declined"
	ReasonUnreachable = "phone_unreachable"
)

// agent is an agent as the rules know them. StateCause says why the state is as it is:
//
//   - "new", "asked" (by the agent or for them), "agent" (a break that was asked for while the phone rang), "removed";
//   - "offer" while Reserved, and then the [OfferOutcome] of what rang;
//   - how their part in a conversation ended, as [EntryTalkEnded], [EntryLeft] and [EntryConsultEnded] tell it: "caller", "agent", "agent_lost", "transfer", "left", "ended" …;
//   - "wrap_up_done", "wrap_up_timer";
//   - "phone_back": the phone can be reached again, or another one is set up.
type agent struct {
	AgentSetup
	State      AgentState    `json:"state"`
	Reason     string        `json:"reason,omitempty"` // of Idle
	StateCause string        `json:"state_cause"`      // why this state: see the comment above
	Since      instant       `json:"since"`
	SignedInAt instant       `json:"signed_in_at,omitzero"`
	IdleSince  instant       `json:"idle_since"`           // the longest-idle clock: last became available, or missed a call
	PausedTill instant       `json:"paused_till,omitzero"` // Available, but no offers before it (busy or miss delay)
	Call       CallID        `json:"call,omitempty"`       // while Reserved or Engaged
	Leg        LegID         `json:"leg,omitempty"`        // while Reserved or Engaged
	Next       *nextState    `json:"next,omitempty"`       // asked for while busy; taken when free
	Misses     int           `json:"misses"`               // in a row
	Failures   int           `json:"failures,omitempty"`   // offers that failed, in a row
	Answered   int           `json:"answered"`             // calls since sign-in
	Talked     time.Duration `json:"talked"`               // since sign-in
	Draws      uint64        `json:"draws"`                // of the seeded random strategy, so far
	Wrap       *wrapUp       `json:"wrap,omitempty"`
	Removed    bool          `json:"removed,omitempty"`
	PhoneDown  bool          `json:"phone_down,omitempty"` // the switch says that the phone cannot be reached
	OldPhone   bool          `json:"old_phone,omitempty"`  // Leg is of the phone that was set up before: what becomes of it says nothing of the one that is set up now

	timer    timer
	places   []*member // in its queues, by rank, then queue
	ready    bool      // is in the ready sets of its queues
	touched  bool      // in this step
	reported bool      // among the changes already
}

type nextState struct {
	State  AgentState `json:"state"`
	Reason string     `json:"reason,omitempty"`
}

type wrapUp struct {
	Call     CallID  `json:"call"`
	Queue    QueueID `json:"queue"`
	Since    instant `json:"since"`
	Until    instant `json:"until,omitzero"` // zero = only by hand
	Extended int     `json:"extended,omitempty"`
}

// CallPhase is where a call is in its life.
type CallPhase string

// The phases of a call.
const (
	Routing  CallPhase = "routing"   // greeting, looking for the way
	Waiting  CallPhase = "waiting"   // in a queue; phones may be ringing for it
	Talking  CallPhase = "talking"   // with its primary agent; may be held
	PostCall CallPhase = "post_call" // the customer has left; agents and others talk on (C8, C13)
	Outside  CallPhase = "outside"   // the customer talks with somebody outside, or that number is being rung; no agent is in the call
	Closing  CallPhase = "closing"   // hears a last prompt, then is ended
	Ended    CallPhase = "ended"     // the customer's leg is gone or going
)

// call is laid out to be small: there may be a hundred thousand, and up to 512 bytes the collector goes through many at a time. So what is told only in the end
// stands apart in the tally, what is rare behind a pointer, and small fields together.
type call struct {
	ID         CallID       `json:"id"`
	Order      uint64       `json:"order"` // of arrival in the shard: the last tie-break of every line
	Tenant     TenantID     `json:"tenant"`
	EntryPoint EntryPointID `json:"entry_point,omitempty"`
	Engine     EngineID     `json:"engine"`
	From       string       `json:"from"`
	Name       string       `json:"name"`
	To         string       `json:"to"`
	Priority   int          `json:"priority"`
	Phase      CallPhase    `json:"phase"`
	PhaseSince instant      `json:"phase_since"` // of the phase, or of the last hold or resume: what is not yet in the record
	ArrivedAt  instant      `json:"arrived_at"`
	Customer   LegID        `json:"customer"`

	AnswerRetry instant `json:"answer_retry,omitzero"` // the order to answer, or to ring, was refused: say it again then
	Prompt      *prompt `json:"prompt,omitempty"`      // being played to the customer

	Queue      QueueID   `json:"queue,omitempty"`
	QueuedAt   instant   `json:"queued_at,omitzero"`   // original arrival in the queue: kept over every missed offer
	WaitTill   instant   `json:"wait_till,omitzero"`   // max wait
	Offers     []offer   `json:"offers,omitempty"`     // ringing now, oldest first
	NextRing   instant   `json:"next_ring,omitzero"`   // ProgressiveRing adds a phone then
	Prefer     AgentID   `json:"prefer,omitempty"`     // sticky agent (Q7) …
	PreferTill instant   `json:"prefer_till,omitzero"` // … waited for until then; zero = no longer
	Excluded   []AgentID `json:"excluded,omitempty"`   // not offered this call: they transferred it (Q7), or consult about it

	Primary   AgentID `json:"primary,omitempty"`   // while Talking: exactly one (C12)
	AgentLeg  LegID   `json:"agent_leg,omitempty"` // the primary's
	TalkSince instant `json:"talk_since,omitzero"` // of the primary

	Parent CallID `json:"parent,omitempty"` // this is no customer's call but the place in line of that call's consult
	More   *more  `json:"more,omitempty"`   // what most calls never have

	Main mix `json:"main,omitzero"` // who hears the customer, and whom the customer hears

	Recording *recording `json:"recording,omitempty"` // being written

	Record *tally `json:"record"` // never nil

	AnswerTries int32 `json:"answer_tries,omitempty"`
	Failures    int32 `json:"failures,omitempty"` // recordings that broke off
	Ringing     bool  `json:"ringing,omitempty"`  // we let the customer hear ringing instead of answering
	Answered    bool  `json:"answered,omitempty"` // we answered the customer's leg
	Held        bool  `json:"held,omitempty"`     // the customer is on hold
	Muted       bool  `json:"muted,omitempty"`    // the agent is muted
	Direct      bool  `json:"direct,omitempty"`   // offered to one agent only, as long as that offer lasts
	Closed      bool  `json:"closed,omitempty"`   // the record is written

	legs     int32       // that it has
	touched  bool        // in this step
	reported bool        // among the changes already
	wants    bool        // an offer …
	wantsOf  *queueIndex // … of this queue; nil = of its sticky agent
	queue    *queue      // the queue named by Queue
	customer *leg        // the leg named by Customer; nil once it is gone
	primary  *agent      // the agent named by Primary
	agentLeg *leg        // the leg named by AgentLeg; nil once it is gone
	timer    timer
}

// more is what few calls have: a consult, more than two people, variables.
type more struct {
	Consult     *consult     `json:"consult,omitempty"`     // by the primary
	Party       []party      `json:"party,omitempty"`       // the others in a conference, those who joined first in front
	Side        mix          `json:"side,omitzero"`         // of the consult
	SideID      MixID        `json:"side_id,omitempty"`     //
	Asides      []*recording `json:"asides,omitempty"`      // recordings of consults that are being written: of the one that is going on, and what is not complete yet; and what the switch began late
	Missed      []*recording `json:"missed,omitempty"`      // recordings that were given up and that the switch had not begun: it may still do so
	Back        QueueID      `json:"back,omitempty"`        // where the call was transferred from, and comes back to if nobody takes it
	BackSince   instant      `json:"back_since,omitzero"`   // the call's first arrival there: its place in the line
	ForwardTill instant      `json:"forward_till,omitzero"` // the number that the customer was transferred to must have answered by then
	Variables   []variable   `json:"variables,omitempty"`   // those that have been written (C18)
}

// extra is the call's more, made where there is none.
func (c *call) extra() *more {
	if c.More == nil {
		c.More = &more{}
	}
	return c.More
}

func (c *call) consult() *consult {
	if c.More == nil {
		return nil
	}
	return c.More.Consult
}

func (c *call) party() []party {
	if c.More == nil {
		return nil
	}
	return c.More.Party
}

// tally is what a call's record will say of it and the call itself does not.
type tally struct {
	EndedAt    instant       `json:"ended_at,omitzero"`
	Outcome    CallOutcome   `json:"outcome,omitempty"`
	Cause      Cause         `json:"cause,omitzero"`
	Agents     []AgentID     `json:"agents,omitempty"`    // who talked, in order
	Consulted  []AgentID     `json:"consulted,omitempty"` // who answered a consult, in order
	Owners     []tenure      `json:"owners,omitempty"`    // the primaries, one after another (C12)
	Offers     int           `json:"offers,omitempty"`
	Misses     int           `json:"misses,omitempty"`
	Route      time.Duration `json:"route,omitempty"`
	Wait       time.Duration `json:"wait,omitempty"`
	Talk       time.Duration `json:"talk,omitempty"`
	Hold       time.Duration `json:"hold,omitempty"`
	Close      time.Duration `json:"close,omitempty"`
	Outside    time.Duration `json:"outside,omitempty"`
	PostCall   time.Duration `json:"post_call,omitempty"`
	Recordings []RecordingID `json:"recordings,omitempty"`
	Discarded  bool          `json:"discarded,omitempty"` // what was recorded, and no more is, unless for a queue that keeps it (C17)
	Free       bool          `json:"free,omitempty"`      // all of it was recorded for queues that let it be discarded; what nobody has noted, as in older snapshots, is kept
}

type prompt struct {
	Play  PlayID   `json:"play"`
	Order EffectID `json:"order"` // by which it was asked for
	Media []string `json:"media"`
	Till  instant  `json:"till"` // taken for played then
}

type offer struct {
	Agent   AgentID `json:"agent"`
	Leg     LegID   `json:"leg"`
	Since   instant `json:"since"`
	Until   instant `json:"until"`
	Ringing bool    `json:"ringing,omitempty"`
}

// RecordingState is what the switch is doing about a recording, and what was asked of it.
type RecordingState string

// The recording states.
const (
	RecordingStarting RecordingState = "starting"
	RecordingOn       RecordingState = "on"
	RecordingPausing  RecordingState = "pausing" // asked, not confirmed: shown to the agent as not yet paused
	RecordingOff      RecordingState = "paused"
	RecordingResuming RecordingState = "resuming"
	RecordingStopping RecordingState = "stopping"
)

type recording struct {
	ID        RecordingID    `json:"id"`
	Mix       MixID          `json:"mix"`               // that is recorded
	Consult   bool           `json:"consult,omitempty"` // of a consult, instead of the conversation with the customer
	State     RecordingState `json:"state"`
	Confirm   instant        `json:"confirm,omitzero"`   // the switch must have confirmed by then
	Tries     int            `json:"tries,omitempty"`    // of what is being confirmed
	ResumeAt  instant        `json:"resume_at,omitzero"` // automatic resume
	StartedAt instant        `json:"started_at,omitzero"`
	Agent     AgentID        `json:"agent"`
	Why       string         `json:"why,omitempty"`    // it is being stopped; who asked for the pause or its end, "" = the rules
	Rest      bool           `json:"rest,omitempty"`   // nothing is to be written: the customer is in a queue again
	Again     bool           `json:"again,omitempty"`  // the next agent is to be recorded as soon as it has stopped
	Rested    bool           `json:"rested,omitempty"` // it is being resumed from that, of which the timeline says nothing
	Told      bool           `json:"told,omitempty"`   // the timeline says that it is paused
	Late      bool           `json:"late,omitempty"`   // the switch began it when it had been given up
}

// of is what the timeline says of a recording that is not of the conversation.
func (r *recording) of() string {
	if r.Consult {
		return RecordingOfConsult
	}
	return ""
}

type legRole uint8

const (
	customerLeg legRole = 1
	agentLeg    legRole = 2
	outsideLeg  legRole = 3 // a number that we dialled
)

type leg struct {
	ID       LegID     `json:"id"`
	Call     CallID    `json:"call"`
	Engine   EngineID  `json:"engine"`
	Agent    AgentID   `json:"agent,omitempty"`
	Since    instant   `json:"since"`
	HangAt   instant   `json:"hang_at,omitzero"`    // dying: hang again at this time
	HangWith CauseCode `json:"hang_with,omitempty"` // dying: with this cause
	HangTill instant   `json:"hang_till,omitzero"`  // dying: taken for gone then
	Missing  int32     `json:"missing,omitempty"`   // beats on which the switch did not list it
	Unheard  int32     `json:"unheard,omitempty"`   // beats on which the switch showed of it what we have not heard, or not what we ordered
	Role     legRole   `json:"role"`
	Ringing  bool      `json:"ringing,omitempty"`
	Up       bool      `json:"up,omitempty"`
	Held     bool      `json:"held,omitempty"` // by the phone's own key

	timer timer
	of    *call // the call named by Call
}

type engine struct {
	ID         EngineID `json:"id"`
	Up         bool     `json:"up"`
	Since      instant  `json:"since"`
	Strays     []LegID  `json:"strays,omitempty"`      // legs on the last beat that we do not know, sorted
	StrayMixes []MixID  `json:"stray_mixes,omitempty"` // mixes on the last beat that should not be, sorted
	Doomed     []LegID  `json:"doomed,omitempty"`      // legs that we ended and gave up because they would not go, sorted: nobody's calls

	reported bool // among the changes already
}

// affinity remembers who served a caller last (Q7).
type affinity struct {
	Tenant TenantID `json:"tenant"`
	Number string   `json:"number"`
	Agent  AgentID  `json:"agent"`
	At     instant  `json:"at"`
}
