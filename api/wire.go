package api

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Seconds is a duration as the API writes it: a JSON number of seconds with at most six decimals.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, time.Duration(s).Round(time.Microsecond).Seconds(), 'f', -1, 64), nil
}

// maxSeconds is about 31 years: enough for everything, and far from where nanoseconds overflow.
const maxSeconds = 1e9

// UnmarshalJSON implements json.Unmarshaler. It refuses what is not a number and numbers beyond ±1e9.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var f float64
	if err := json.Unmarshal(b, &f); err != nil || math.Abs(f) > maxSeconds {
		// This error type, because the decoder fills in the field's name on the way out.
		return &json.UnmarshalTypeError{Value: "duration", Type: reflect.TypeFor[Seconds]()}
	}
	*s = Seconds(time.Duration(math.Round(f*1e6)) * time.Microsecond)
	return nil
}

// The types below are core's set-up as it looks on the wire: the same names, durations in seconds. wire_test.go holds them to
// core's types field by field, so that a field added there cannot be lost here.

type entryPointWire struct {
	ID       core.EntryPointID `json:"id"`
	Tenant   core.TenantID     `json:"tenant"`
	Name     string            `json:"name"`
	Numbers  []string          `json:"numbers"`
	Off      bool              `json:"off"`
	Hours    core.HoursID      `json:"hours,omitempty"`
	Queue    core.QueueID      `json:"queue,omitempty"`
	Users    []core.AgentID    `json:"users,omitempty"`
	RingTime Seconds           `json:"ring_time,omitempty"`
	Priority int               `json:"priority"`
	Greeting []string          `json:"greeting,omitempty"`
	Closed   []string          `json:"closed,omitempty"`

	Variables []core.VariableSetup `json:"variables,omitempty"`
}

func (w entryPointWire) core() core.EntryPoint {
	return core.EntryPoint{
		ID: w.ID, Tenant: w.Tenant, Name: w.Name, Numbers: w.Numbers, Off: w.Off, Hours: w.Hours, Queue: w.Queue, Users: w.Users,
		RingTime: time.Duration(w.RingTime), Priority: w.Priority, Greeting: w.Greeting, Closed: w.Closed, Variables: w.Variables,
	}
}

func entryPointToWire(e core.EntryPoint) entryPointWire {
	return entryPointWire{
		ID: e.ID, Tenant: e.Tenant, Name: e.Name, Numbers: orEmpty(e.Numbers), Off: e.Off, Hours: e.Hours, Queue: e.Queue, Users: e.Users,
		RingTime: Seconds(e.RingTime), Priority: e.Priority, Greeting: e.Greeting, Closed: e.Closed, Variables: e.Variables,
	}
}

type queueWire struct {
	ID                core.QueueID      `json:"id"`
	Tenant            core.TenantID     `json:"tenant"`
	Name              string            `json:"name"`
	Strategy          core.Strategy     `json:"strategy,omitempty"`
	RingTime          Seconds           `json:"ring_time,omitempty"`
	BusyDelay         Seconds           `json:"busy_delay,omitempty"`
	MissDelay         Seconds           `json:"miss_delay,omitempty"`
	RONAAfter         int               `json:"rona_after,omitempty"`
	ProgressiveStep   Seconds           `json:"progressive_step,omitempty"`
	Members           []core.Membership `json:"members"`
	Skills            []core.SkillNeed  `json:"skills,omitempty"`
	Music             string            `json:"music,omitempty"`
	Ringback          bool              `json:"ringback"`
	MaxWait           Seconds           `json:"max_wait,omitempty"`
	MaxSize           int               `json:"max_size,omitempty"`
	Unanswered        []string          `json:"unanswered,omitempty"`
	ServiceLevel      Seconds           `json:"service_level,omitempty"`
	Sticky            Seconds           `json:"sticky,omitempty"`
	Record            bool              `json:"record"`
	RecordConsults    bool              `json:"record_consults,omitempty"`
	DiscardRecordings bool              `json:"discard_recordings,omitempty"`
	PauseLimit        Seconds           `json:"pause_limit,omitempty"`
	WrapUp            wrapUpWire        `json:"wrap_up,omitzero"`
}

type wrapUpWire struct {
	Time       Seconds  `json:"time,omitempty"`
	Extension  Seconds  `json:"extension,omitempty"`
	Extensions int      `json:"extensions,omitempty"`
	Reasons    []string `json:"reasons,omitempty"`
	Required   bool     `json:"required,omitempty"`
}

func (w queueWire) core() core.Queue {
	return core.Queue{
		ID: w.ID, Tenant: w.Tenant, Name: w.Name, Strategy: w.Strategy, RingTime: time.Duration(w.RingTime),
		BusyDelay: time.Duration(w.BusyDelay), MissDelay: time.Duration(w.MissDelay), RONAAfter: w.RONAAfter,
		ProgressiveStep: time.Duration(w.ProgressiveStep), Members: w.Members, Skills: w.Skills, Music: w.Music,
		Ringback: w.Ringback, MaxWait: time.Duration(w.MaxWait), MaxSize: w.MaxSize, Unanswered: w.Unanswered,
		ServiceLevel: time.Duration(w.ServiceLevel), Sticky: time.Duration(w.Sticky), Record: w.Record,
		RecordConsults: w.RecordConsults, DiscardRecordings: w.DiscardRecordings, PauseLimit: time.Duration(w.PauseLimit),
		WrapUp: core.WrapUpSetup{
			Time: time.Duration(w.WrapUp.Time), Extension: time.Duration(w.WrapUp.Extension),
			Extensions: w.WrapUp.Extensions, Reasons: w.WrapUp.Reasons, Required: w.WrapUp.Required,
		},
	}
}

func queueToWire(q core.Queue) queueWire {
	return queueWire{
		ID: q.ID, Tenant: q.Tenant, Name: q.Name, Strategy: q.Strategy, RingTime: Seconds(q.RingTime),
		BusyDelay: Seconds(q.BusyDelay), MissDelay: Seconds(q.MissDelay), RONAAfter: q.RONAAfter,
		ProgressiveStep: Seconds(q.ProgressiveStep), Members: orEmpty(q.Members), Skills: q.Skills, Music: q.Music,
		Ringback: q.Ringback, MaxWait: Seconds(q.MaxWait), MaxSize: q.MaxSize, Unanswered: q.Unanswered,
		ServiceLevel: Seconds(q.ServiceLevel), Sticky: Seconds(q.Sticky), Record: q.Record,
		RecordConsults: q.RecordConsults, DiscardRecordings: q.DiscardRecordings, PauseLimit: Seconds(q.PauseLimit),
		WrapUp: wrapUpWire{
			Time: Seconds(q.WrapUp.Time), Extension: Seconds(q.WrapUp.Extension),
			Extensions: q.WrapUp.Extensions, Reasons: q.WrapUp.Reasons, Required: q.WrapUp.Required,
		},
	}
}

type callRecordWire struct {
	Call       core.CallID        `json:"call"`
	Tenant     core.TenantID      `json:"tenant"`
	EntryPoint core.EntryPointID  `json:"entry_point,omitempty"`
	Queue      core.QueueID       `json:"queue,omitempty"`
	Engine     core.EngineID      `json:"engine"`
	From       string             `json:"from"`
	Name       string             `json:"name,omitempty"`
	To         string             `json:"to"`
	ArrivedAt  time.Time          `json:"arrived_at"`
	EndedAt    time.Time          `json:"ended_at"`
	Outcome    core.CallOutcome   `json:"outcome"`
	Cause      core.Cause         `json:"cause"`
	Agents     []core.AgentID     `json:"agents,omitempty"`
	Consulted  []core.AgentID     `json:"consulted,omitempty"`
	Owners     []core.Ownership   `json:"owners,omitempty"`
	Offers     int                `json:"offers"`
	Misses     int                `json:"misses"`
	Route      Seconds            `json:"route"`
	Wait       Seconds            `json:"wait"`
	Talk       Seconds            `json:"talk"`
	Hold       Seconds            `json:"hold"`
	Outside    Seconds            `json:"outside"`
	PostCall   Seconds            `json:"post_call"`
	Close      Seconds            `json:"close"`
	Total      Seconds            `json:"total"`
	Recordings []core.RecordingID `json:"recordings,omitempty"`
}

func callRecordToWire(r core.CallRecord) callRecordWire {
	return callRecordWire{
		Call: r.Call, Tenant: r.Tenant, EntryPoint: r.EntryPoint, Queue: r.Queue, Engine: r.Engine, From: r.From,
		Name: r.Name, To: r.To, ArrivedAt: r.ArrivedAt, EndedAt: r.EndedAt, Outcome: r.Outcome, Cause: r.Cause,
		Agents: r.Agents, Consulted: r.Consulted, Owners: r.Owners, Offers: r.Offers, Misses: r.Misses, Route: Seconds(r.Route), Wait: Seconds(r.Wait),
		Talk: Seconds(r.Talk), Hold: Seconds(r.Hold), Outside: Seconds(r.Outside), PostCall: Seconds(r.PostCall), Close: Seconds(r.Close), Total: Seconds(r.Total),
		Recordings: r.Recordings,
	}
}

type entryWire struct {
	At        time.Time        `json:"at"`
	Kind      core.EntryKind   `json:"kind"`
	Tenant    core.TenantID    `json:"tenant,omitempty"`
	Call      core.CallID      `json:"call,omitempty"`
	Agent     core.AgentID     `json:"agent,omitempty"`
	Queue     core.QueueID     `json:"queue,omitempty"`
	Leg       core.LegID       `json:"leg,omitempty"`
	Recording core.RecordingID `json:"recording,omitempty"`
	Engine    core.EngineID    `json:"engine,omitempty"`
	Reason    string           `json:"reason,omitempty"`
	Text      string           `json:"text,omitempty"`
	Actor     string           `json:"actor,omitempty"`
	Cause     *core.Cause      `json:"cause,omitempty"`
	Duration  Seconds          `json:"duration,omitempty"`
	Record    *callRecordWire  `json:"record,omitempty"`
}

func entryToWire(e core.Entry) entryWire {
	w := entryWire{
		At: e.At, Kind: e.Kind, Tenant: e.Tenant, Call: e.Call, Agent: e.Agent, Queue: e.Queue, Leg: e.Leg,
		Recording: e.Recording, Engine: e.Engine, Reason: e.Reason, Text: e.Text, Actor: e.Actor, Cause: e.Cause,
		Duration: Seconds(e.Duration),
	}
	if e.Record != nil {
		r := callRecordToWire(*e.Record)
		w.Record = &r
	}
	return w
}

// orEmpty makes a list that is written as [] and not as null.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
