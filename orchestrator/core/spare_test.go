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

// A deadline that is left alone is so, too, when the call's switch comes back, at which moment no tick fires what was due meanwhile: a panic there would cost the shard the switch.
func TestADeadlineIsSparedWhenItsSwitchComesBack(t *testing.T) {
	p := newPlay(t)
	for _, command := range []string{
		"tenant acme and agent ann and queue sales ann ring=20s and number 100 queue=sales", "up nothing", "ann available", "c1 calls 100 from +4930", "ringing ann",
	} {
		p.do(command)
	}
	call, ring := CallID(p.id("call1")), p.shard.st.Agents["ann"].Leg
	p.now = p.now.Add(20 * time.Second)
	p.shard.Step(p.now, Tick{Spare: []Deadline{{Call: call}}})
	p.shard.Step(p.now, EngineDown{Engine: "pbx"})
	p.shard.Step(p.now, EngineUp{Engine: "pbx", Snapshot: Snapshot{Legs: []SeenLeg{{Leg: "c1", Call: call, Up: true}, {Leg: ring, Call: call, Ours: true, Ringing: true}}}})
	assert.Equal(t, Reserved, p.shard.st.Agents["ann"].State)
	p.now = p.now.Add(spareTime)
	p.shard.Step(p.now, Tick{})
	assert.NotEqual(t, Reserved, p.shard.st.Agents["ann"].State)
}

// A call at which the rules panic when its switch has come back is known afterwards, and left out when they are told again: the switch is back for all others. That goes for what its phones do
// (a leg that is gone) and for what fell due meanwhile.
func TestACallIsLeftOutWhenItsSwitchComesBack(t *testing.T) {
	for name, after := range map[string]time.Duration{"a leg is gone": 0, "the ring time is over": 20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t)
			for _, command := range []string{
				"tenant acme and agent ann bob and queue sales ann bob ring=20s and number 100 queue=sales", "up nothing", "ann available", "bob available",
				"c1 calls 100 from +4930", "c2 calls 100 from +4931", "ringing ann", "ringing bob",
			} {
				p.do(command)
			}
			call, other := CallID(p.id("call1")), CallID(p.id("call2"))
			up := EngineUp{Engine: "pbx", Snapshot: Snapshot{Legs: []SeenLeg{{Leg: "c1", Call: call, Up: true}, {Leg: "c2", Call: other, Up: true}}}}
			for _, id := range []AgentID{"ann", "bob"} {
				if a := p.shard.st.Agents[id]; after > 0 {
					up.Snapshot.Legs = append(up.Snapshot.Legs, SeenLeg{Leg: a.Leg, Call: a.Call, Ours: true, Ringing: true})
				}
			}
			p.shard.Step(p.now, EngineDown{Engine: "pbx"})
			body, err := p.shard.Marshal()
			require.NoError(t, err)
			broken, err := Restore(body)
			require.NoError(t, err)
			delete(broken.st.Agents, "ann")
			p.now = p.now.Add(after)
			assert.Panics(t, func() { broken.Step(p.now, up) })
			assert.Equal(t, Deadline{Call: call}, broken.Firing())

			up.Spare = []Deadline{broken.Firing()}
			p.shard.Step(p.now, up)
			assert.Equal(t, Deadline{}, p.shard.Firing())
			assert.Equal(t, Reserved, p.shard.st.Agents["ann"].State)
			assert.NotEqual(t, Reserved, p.shard.st.Agents["bob"].State)
			e, ok := p.shard.Engine("pbx")
			require.True(t, ok)
			assert.True(t, e.Up)
		})
	}
}
