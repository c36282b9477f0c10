package core

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A deadline at which the rules panic is known afterwards, and left alone for a minute; all others are fired. A snapshot remembers it.
func TestADeadlineIsSpared(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	s := New("s", 1)
	for _, ev := range []Event{
		ConfigChanged{
			Tenants: []Tenant{{ID: "acme"}}, Agents: []AgentSetup{{ID: "ann", Tenant: "acme", Phone: "1"}, {ID: "bob", Tenant: "acme", Phone: "2"}},
			Queues:      []Queue{{ID: "sales", Tenant: "acme", RingTime: 20 * time.Second, Members: []Membership{{Agent: "ann"}, {Agent: "bob"}}}},
			EntryPoints: []EntryPoint{{ID: "main", Tenant: "acme", Numbers: []string{"100"}, Queue: "sales"}},
		},
		EngineUp{Engine: "pbx"}, SetAgentState{Agent: "ann", State: Available}, SetAgentState{Agent: "bob", State: Available},
		LegAppeared{Engine: "pbx", Leg: "c1", From: "1", To: "100"}, LegAppeared{Engine: "pbx", Leg: "c2", From: "2", To: "100"},
	} {
		s.Step(at, ev)
	}
	copied := func() *Shard {
		body, err := s.Marshal()
		require.NoError(t, err)
		c, err := Restore(body)
		require.NoError(t, err)
		return c
	}
	ann, bob := s.st.Agents["ann"], s.st.Agents["bob"]
	first := Deadline{Call: ann.Call}
	at = at.Add(20 * time.Second)

	broken := copied()
	delete(broken.st.Agents, "ann")
	assert.Panics(t, func() { broken.Step(at, Tick{}) })
	assert.Equal(t, first, broken.Firing())

	s.Step(at, Tick{Spare: []Deadline{broken.Firing()}})
	assert.Equal(t, Deadline{}, s.Firing())
	assert.Equal(t, Reserved, ann.State)
	assert.NotEqual(t, Reserved, bob.State)
	later := copied()
	at = at.Add(spareTime)
	for name, x := range map[string]*Shard{"itself": s, "from its snapshot": later} {
		x.Step(at.Add(-time.Second), Tick{})
		assert.Equal(t, Reserved, x.st.Agents["ann"].State, name)
	}
	later.Step(at, Tick{Spare: []Deadline{first}})
	assert.Equal(t, Reserved, later.st.Agents["ann"].State, "it has panicked again")
	require.Len(t, later.st.Spared, 1)

	s.Step(at, Tick{})
	assert.NotEqual(t, Reserved, ann.State)
	assert.Empty(t, s.st.Spared)
}
