package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type smallSite struct {
	t  *testing.T
	s  *Shard
	at time.Time
}

func newSmallSite(t *testing.T, qs ...Queue) *smallSite {
	f := &smallSite{t: t, s: New("s", 1), at: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	cfg := ConfigChanged{
		Tenants: []Tenant{{ID: "acme"}},
		Agents:  []AgentSetup{{ID: "ann", Tenant: "acme", Name: "Ann", Phone: "1001"}, {ID: "bob", Tenant: "acme", Name: "Bob", Phone: "1002"}},
		Queues:  qs,
	}
	cfg.EntryPoints = []EntryPoint{{ID: "main", Tenant: "acme", Numbers: []string{"100"}, Queue: qs[0].ID}}
	f.do(cfg)
	f.do(EngineUp{Engine: "pbx"})
	return f
}

func (f *smallSite) do(ev Event) Outcome {
	f.t.Helper()
	f.at = f.at.Add(100 * time.Millisecond)
	if in, ok := ev.(Intent); ok {
		require.Nil(f.t, f.s.Accepts(f.at, in))
	}
	return f.s.Step(f.at, ev)
}

func firstDial(o Outcome) LegID {
	for _, e := range o.Effects {
		if d, ok := e.Do.(Dial); ok {
			return d.Leg
		}
	}
	return ""
}

// C18: a variable that is made secure is masked for whoever reads the call, also of calls that are there: readers are told of what has changed, and of nothing else.
func TestAVariableMadeSecureIsMaskedInRunningCalls(t *testing.T) {
	f := newSmallSite(t, Queue{ID: "sales", Tenant: "acme", RingTime: 20 * time.Second, Members: []Membership{{Agent: "ann"}}})
	e := EntryPoint{ID: "main", Tenant: "acme", Numbers: []string{"100"}, Queue: "sales", Variables: []VariableSetup{{Name: "iban", Type: StringVariable, Editable: true}}}
	f.do(ConfigChanged{EntryPoints: []EntryPoint{e}})
	f.do(SetAgentState{Agent: "ann", State: Available})
	ann := firstDial(f.do(LegAppeared{Engine: "pbx", Leg: "c1", From: "+4930", To: "100"}))
	f.do(LegRinging{Leg: ann})
	f.do(LegAnswered{Leg: ann})
	a, _ := f.s.Agent("ann")
	f.do(SetVariables{Call: a.Call, Agent: "ann", Values: []VariableChange{{Name: "iban", Value: "DE02120300000000202051"}}})
	f.s.TakeChanges()
	e.Variables = []VariableSetup{{Name: "iban", Type: StringVariable, Editable: true, Secure: true}}
	f.do(ConfigChanged{EntryPoints: []EntryPoint{e}})
	require.Contains(t, f.s.TakeChanges().Calls, a.Call, "views and streams go on showing the value in clear")
}

// C17: the controls that a desk shows are those that the rules would take. Whether a recording may be discarded is a setting of the queue.
func TestDiscardIsOfferedWhenTheQueueAllowsIt(t *testing.T) {
	q := Queue{ID: "sales", Tenant: "acme", RingTime: 20 * time.Second, Record: true, DiscardRecordings: true, Members: []Membership{{Agent: "ann"}}}
	f := newSmallSite(t, q)
	f.do(SetAgentState{Agent: "ann", State: Available})
	ann := firstDial(f.do(LegAppeared{Engine: "pbx", Leg: "c1", From: "+4930", To: "100"}))
	f.do(LegRinging{Leg: ann})
	f.do(LegAnswered{Leg: ann})
	a, _ := f.s.Agent("ann")
	f.s.TakeChanges()
	before := f.s.Controls(a.Call, "ann")
	require.Contains(t, before, ControlDiscard)
	q.DiscardRecordings = false
	f.do(ConfigChanged{Queues: []Queue{q}})
	require.NotContains(t, f.s.Controls(a.Call, "ann"), ControlDiscard)
	require.Contains(t, f.s.TakeChanges().Calls, a.Call, "the desk goes on showing the button that is refused")
}

// C6, N4: whether a consulted entry point can be transferred to is a matter of the set-up: readers are told when that is changed under a consult, and of nobody else's calls.
func TestTransferIsOfferedWhileTheConsultedEntryPointIsOpen(t *testing.T) {
	help := EntryPoint{ID: "help", Tenant: "acme", Numbers: []string{"200"}, Queue: "sales", Hours: "late"}
	off := help
	off.Off = true
	for what, change := range map[string]ConfigChanged{
		"switched off":    {EntryPoints: []EntryPoint{off}},
		"its hours":       {Hours: []Hours{{ID: "late", Tenant: "acme"}}},
		"deleted":         {Remove: Removal{EntryPoints: []EntryPointID{"help"}}},
		"open once again": {Remove: Removal{Hours: []HoursID{"late"}}},
	} {
		t.Run(what, func(t *testing.T) {
			f := newSmallSite(t, Queue{ID: "sales", Tenant: "acme", RingTime: 20 * time.Second, Members: []Membership{{Agent: "ann"}}})
			f.do(ConfigChanged{EntryPoints: []EntryPoint{help}})
			f.do(SetAgentState{Agent: "ann", State: Available})
			ann := firstDial(f.do(LegAppeared{Engine: "pbx", Leg: "c1", From: "+4930", To: "100"}))
			f.do(LegRinging{Leg: ann})
			f.do(LegAnswered{Leg: ann})
			a, _ := f.s.Agent("ann")
			f.do(StartConsult{Call: a.Call, Agent: "ann", To: Target{EntryPoint: "help"}})
			f.do(LegAppeared{Engine: "pbx", Leg: "c2", From: "+4931", To: "100"})
			require.Contains(t, f.s.Controls(a.Call, "ann"), ControlComplete)
			if what == "open once again" {
				f.do(ConfigChanged{Hours: []Hours{{ID: "late", Tenant: "acme"}}})
			}
			before := f.s.Controls(a.Call, "ann")
			f.s.TakeChanges()
			f.do(change)
			require.NotEqual(t, before, f.s.Controls(a.Call, "ann"))
			require.Equal(t, []CallID{a.Call}, f.s.TakeChanges().Calls, "the desk goes on showing what is refused, or without what is not")
		})
	}
}

// S2: how many agents are free in a queue is seen as they come and go, and not first with the queue's next call.
func TestWhoIsFreeIsSeenWithoutACall(t *testing.T) {
	sales := Queue{ID: "sales", Tenant: "acme", Members: []Membership{{Agent: "ann"}, {Agent: "bob"}}}
	f := newSmallSite(t, sales)
	seen := newSeen()
	free := func(ev Event) int {
		f.do(ev)
		require.Empty(t, seen.look(f.s))
		return seen.queues["sales"].Free
	}
	require.Equal(t, 1, free(SetAgentState{Agent: "ann", State: Available}))
	require.Equal(t, 2, free(SetAgentState{Agent: "bob", State: Available}))
	require.Equal(t, 1, free(PhoneChanged{Engine: "pbx", Phone: "1002"}))
	require.Equal(t, 0, free(SetAgentState{Agent: "ann", State: Idle}))
	require.Equal(t, 1, free(PhoneChanged{Engine: "pbx", Phone: "1002", Reachable: true}))
	require.Equal(t, 0, free(SetAgentState{Agent: "bob", State: Offline}))
}

// C2: numbers are masked in calls that are there, as soon as the tenant protects data.
func TestNumbersAreMaskedInRunningCalls(t *testing.T) {
	f := newSmallSite(t, Queue{ID: "sales", Tenant: "acme"})
	f.do(LegAppeared{Engine: "pbx", Leg: "c1", From: "+493012345", To: "100"})
	seen := newSeen()
	shown := func() (from string) {
		require.Empty(t, seen.look(f.s))
		for _, c := range seen.calls {
			from = c.From
		}
		return from
	}
	require.Equal(t, "+493012345", shown())
	f.do(ConfigChanged{Tenants: []Tenant{{ID: "acme", MaskNumbers: true}}})
	require.Equal(t, "2345", shown())
	f.do(ConfigChanged{Tenants: []Tenant{{ID: "acme"}}})
	require.Equal(t, "+493012345", shown())
}
