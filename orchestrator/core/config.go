package core

import "time"

// ConfigChanged brings a change of the set-up. What it names is put in place of what was there; what Remove names goes.
// Calls and agents in the middle of something keep going: what rings goes on ringing, a removed agent finishes the conversation first. Callers who wait in a removed
// queue, or whom nobody has taken by the time that the phones stop, go to where their entry point leads now, or get the queue's `unanswered` prompts and are ended.
type ConfigChanged struct {
	Site        *Site        `json:"site,omitempty"`
	Tenants     []Tenant     `json:"tenants,omitempty"`
	Hours       []Hours      `json:"hours,omitempty"`
	EntryPoints []EntryPoint `json:"entry_points,omitempty"`
	Queues      []Queue      `json:"queues,omitempty"`
	Agents      []AgentSetup `json:"agents,omitempty"`
	Remove      Removal      `json:"remove,omitzero"`
}

// Kind implements [Event].
func (ConfigChanged) Kind() string { return "config.changed" }

// Removal names what is set up no longer.
type Removal struct {
	Tenants     []TenantID     `json:"tenants,omitempty"`
	Hours       []HoursID      `json:"hours,omitempty"`
	EntryPoints []EntryPointID `json:"entry_points,omitempty"`
	Queues      []QueueID      `json:"queues,omitempty"`
	Agents      []AgentID      `json:"agents,omitempty"`
}

// Site is what holds for the whole shard.
type Site struct {
	MaxCalls int `json:"max_calls,omitempty"` // concurrent calls; a call over it is refused with "site_limit"; 0 = no limit (C22)
}

// Tenant is one customer organisation.
type Tenant struct {
	ID           TenantID `json:"id"`
	Name         string   `json:"name"`
	MaxCalls     int      `json:"max_calls,omitempty"`    // concurrent calls; over it "tenant_limit"; 0 = no limit (C22)
	IdleReasons  []string `json:"idle_reasons,omitempty"` // reasons an agent may choose for Idle; empty = any text up to 64 characters
	Disconnected []string `json:"disconnected,omitempty"` // prompts played before a call is ended for want of a route; may be empty
	MaskNumbers  bool     `json:"mask_numbers,omitempty"` // data protection on: agents see the last four digits only (C2)
	Dialling     Dialling `json:"dialling,omitzero"`      // where its agents may call out to (C5)
}

// EntryPoint is a set of phone numbers with the routing of their calls. It routes to a queue, or (Users not empty) is a ring
// group: all users ring at once, the first to answer wins (N5, N6).
type EntryPoint struct {
	ID        EntryPointID    `json:"id"`
	Tenant    TenantID        `json:"tenant"`
	Name      string          `json:"name"`
	Numbers   []string        `json:"numbers"`         // as the switch gives the called number; no two entry points share one
	Off       bool            `json:"off,omitempty"`   // switched off: callers hear the closed treatment, nothing rings (N3)
	Hours     HoursID         `json:"hours,omitempty"` // outside them it is closed as if it were off; "" = always open (N4)
	Queue     QueueID         `json:"queue,omitempty"`
	Users     []AgentID       `json:"users,omitempty"`     // ring group members, at most MaxRingAll
	RingTime  time.Duration   `json:"ring_time,omitempty"` // of a ring group; 0 = DefaultRingTime
	Priority  int             `json:"priority,omitempty"`  // of its calls, 0 (lowest, default) to 9
	Greeting  []string        `json:"greeting,omitempty"`  // prompts played before routing
	Closed    []string        `json:"closed,omitempty"`    // prompts played when it is off, or outside its hours
	Variables []VariableSetup `json:"variables,omitempty"` // of its calls, at most MaxVariables (C18)
}

// MaxRingAll is how many phones one call rings at once, at most (N6).
const MaxRingAll = 100

// Defaults for what a set-up leaves at zero.
const (
	DefaultRingTime        = 20 * time.Second
	DefaultBusyDelay       = 30 * time.Second
	DefaultMissDelay       = 5 * time.Second
	DefaultProgressiveStep = 10 * time.Second
	DefaultServiceLevel    = 20 * time.Second
)

// Strategy says in which order a queue's free agents are offered a call. Every order is total: match.go documents each with its tie-breaks.
type Strategy string

// The strategies (Q5).
const (
	LongestIdle     Strategy = "longest_idle"
	RoundRobin      Strategy = "round_robin"
	InOrder         Strategy = "in_order"
	FewestCalls     Strategy = "fewest_calls"
	LeastTalk       Strategy = "least_talk"
	RingAll         Strategy = "ring_all"
	ProgressiveRing Strategy = "progressive_ring"
	BestFit         Strategy = "best_fit"
	Random          Strategy = "random"
)

// Strategies lists all strategies in the order of the documentation.
func Strategies() []Strategy {
	return []Strategy{LongestIdle, RoundRobin, InOrder, FewestCalls, LeastTalk, RingAll, ProgressiveRing, BestFit, Random}
}

// Queue is a waiting line with the rules of how its calls are offered.
type Queue struct {
	ID                QueueID       `json:"id"`
	Tenant            TenantID      `json:"tenant"`
	Name              string        `json:"name"`
	Strategy          Strategy      `json:"strategy,omitempty"`         // default LongestIdle
	RingTime          time.Duration `json:"ring_time,omitempty"`        // how long one offer rings; 1 s to 5 min; default DefaultRingTime
	BusyDelay         time.Duration `json:"busy_delay,omitempty"`       // how long an agent whose phone was busy gets no offer
	MissDelay         time.Duration `json:"miss_delay,omitempty"`       // the same after a miss that does not lead to RONA
	RONAAfter         int           `json:"rona_after,omitempty"`       // misses in a row that lead to RONA; 0 = 1, negative = never
	ProgressiveStep   time.Duration `json:"progressive_step,omitempty"` // ProgressiveRing adds a phone after each, and at once where none rings
	Members           []Membership  `json:"members,omitempty"`
	Skills            []SkillNeed   `json:"skills,omitempty"`
	Music             string        `json:"music,omitempty"`              // music class while waiting and on hold
	Ringback          bool          `json:"ringback,omitempty"`           // callers hear ringing, unanswered, until an agent answers; default is answer and music
	MaxWait           time.Duration `json:"max_wait,omitempty"`           // after this wait a caller hears Unanswered and is ended; 0 = no limit. A call that comes back from a transfer begins anew
	MaxSize           int           `json:"max_size,omitempty"`           // callers waiting; one more is refused with "queue_full"; 0 = no limit
	Unanswered        []string      `json:"unanswered,omitempty"`         // prompts
	ServiceLevel      time.Duration `json:"service_level,omitempty"`      // a call answered within it is answered in time (Q10); default DefaultServiceLevel
	Sticky            time.Duration `json:"sticky,omitempty"`             // how long a returning caller waits for the agent who served them last; 0 = off (Q7)
	Record            bool          `json:"record,omitempty"`             // record every conversation (C15)
	RecordConsults    bool          `json:"record_consults,omitempty"`    // record what is said in consults, each by itself
	DiscardRecordings bool          `json:"discard_recordings,omitempty"` // its agents may discard what was recorded of a call while they are in it (C17)
	PauseLimit        time.Duration `json:"pause_limit,omitempty"`        // a paused recording resumes by itself after it; 0 = only by hand
	WrapUp            WrapUpSetup   `json:"wrap_up,omitzero"`
}

// Membership puts an agent into a queue.
type Membership struct {
	Agent AgentID `json:"agent"`
	// Level is the tier: agents of a lower level are offered calls first. Default 0.
	Level int `json:"level,omitempty"`
	// Rank is the queue's place among the agent's queues: a freed agent serves the lowest rank first. Default 0.
	Rank int `json:"rank,omitempty"`
}

// SkillNeed is a skill that a queue asks of its agents.
type SkillNeed struct {
	Skill    string `json:"skill"`
	Level    int    `json:"level"`              // wanted level, 1 to 10
	Required bool   `json:"required,omitempty"` // an agent below the level is never offered a call; otherwise it only ranks
}

// WrapUpSetup says what is owed after a conversation (C19).
type WrapUpSetup struct {
	Time       time.Duration `json:"time,omitempty"`       // 0 = no wrap-up; with Required there is one all the same, and it does not run out
	Extension  time.Duration `json:"extension,omitempty"`  // one request prolongs by so much; 0 = not allowed
	Extensions int           `json:"extensions,omitempty"` // how often; default 1 where Extension is set
	Reasons    []string      `json:"reasons,omitempty"`    // to choose from; empty = any text up to 128 characters
	Required   bool          `json:"required,omitempty"`   // the timer does not end it: a reason must be given
}

// AgentSetup is what is set up about an agent.
type AgentSetup struct {
	ID         AgentID        `json:"id"`
	Tenant     TenantID       `json:"tenant"`
	Name       string         `json:"name"`
	Phone      string         `json:"phone"`            // user part of the desk phone's registration
	Engine     EngineID       `json:"engine,omitempty"` // where the phone registers; "" = the call's switch
	Teams      []string       `json:"teams,omitempty"`
	Skills     map[string]int `json:"skills,omitempty"`      // skill → level 1 to 10
	AutoAnswer bool           `json:"auto_answer,omitempty"` // the phone is asked to answer by itself (C1)
}
