package core

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAQueueOfAnothersIsNoWayBack: a queue is deleted while a caller from it talks, and another tenant sets one up with its id. Whoever has to go back to their queue finds none, and is not offered
// to the other tenant's agents (N5, C9).
func TestAQueueOfAnothersIsNoWayBack(t *testing.T) {
	for name, commands := range map[string][]string{
		"the agent's phone dies":               {"THEIRS", "network ann"},
		"the queue goes during a transfer":     {"transfer ann agent=bob", "ringing bob", "THEIRS", "+21s calls"},
		"it goes and the colleague takes it":   {"transfer ann agent=bob", "ringing bob", "THEIRS", "answers bob"},
		"a colleague does not take it":         {"THEIRS", "transfer ann agent=bob", "ringing bob", "+21s calls"},
		"a colleague takes it":                 {"THEIRS", "transfer ann agent=bob", "ringing bob", "answers bob"},
		"nobody is in the line it was sent to": {"transfer ann queue=help", "THEIRS", "+61s calls"},
	} {
		phase := Ended
		if strings.HasSuffix(name, "takes it") {
			phase = Talking
		}
		t.Run(name, func(t *testing.T) {
			p := newPlay(t)
			for _, command := range append([]string{
				"tenant acme and agent ann bob and queue sales ann ring=20s and queue help max=60s and number 100 queue=sales", "up nothing", "ann available", "bob available",
				"c1 calls 100 from +4930", "answers c1", "ringing ann", "answers ann", "remove number 100-line",
			}, commands...) {
				if command != "THEIRS" {
					p.do(command)
					continue
				}
				p.send(ConfigChanged{Remove: Removal{Queues: []QueueID{"sales"}}})
				p.send(ConfigChanged{
					Tenants: []Tenant{{ID: "bolt"}}, Agents: []AgentSetup{{ID: "zed", Tenant: "bolt", Phone: "phone-zed"}},
					Queues: []Queue{{ID: "sales", Tenant: "bolt", Members: []Membership{{Agent: "zed"}}}},
				})
				p.do("zed available")
			}
			zed, _ := p.shard.Agent("zed")
			require.Equal(t, Available, zed.State)
			c, _ := p.shard.Call(CallID(p.id("call1")))
			require.Equal(t, phase, c.Phase)
		})
	}
}

// TestAnEntryPointOfAnothersIsNotGoneThrough: while a caller hears the greeting their entry point is deleted, with its queue, and another tenant sets both up with the same ids. The caller is refused,
// and not offered to the other tenant's agents (N5).
func TestAnEntryPointOfAnothersIsNotGoneThrough(t *testing.T) {
	p := newPlay(t)
	for _, command := range []string{
		"tenant acme and agent ann and queue sales ann and number 100 id=main queue=sales greeting=hello", "up nothing", "c1 calls 100 from +4930",
	} {
		p.do(command)
	}
	p.send(ConfigChanged{Remove: Removal{Queues: []QueueID{"sales"}, EntryPoints: []EntryPointID{"main"}}})
	p.send(ConfigChanged{
		Tenants: []Tenant{{ID: "bolt"}}, Agents: []AgentSetup{{ID: "zed", Tenant: "bolt", Phone: "phone-zed"}},
		Queues:      []Queue{{ID: "sales", Tenant: "bolt", Members: []Membership{{Agent: "zed"}}}},
		EntryPoints: []EntryPoint{{ID: "main", Tenant: "bolt", Numbers: []string{"200"}, Queue: "sales"}},
	})
	p.do("zed available")
	p.do("played c1")
	zed, _ := p.shard.Agent("zed")
	require.Equal(t, Available, zed.State)
	c, _ := p.shard.Call(CallID(p.id("call1")))
	require.Equal(t, Ended, c.Phase)
}

// TestAQueueOfAnothersDecidesNothing: while a caller from it talks a queue is deleted, and another tenant sets one up with its id. What that queue is set up to do is done for its own tenant's calls: the conversation is not recorded
// for it, its wrap-up has the reasons of its own queue, its caller hears no prompt of the other's, and nobody waits in the other's line (S3, C15, C19).
func TestAQueueOfAnothersDecidesNothing(t *testing.T) {
	begin := func(t *testing.T) *play {
		t.Helper()
		p := newPlay(t)
		for _, command := range []string{
			"tenant acme and agent ann bob and queue sales ann ring=20s wrap=20s reasons=sold sorry=sorry and number 100 queue=sales", "up nothing", "ann available", "bob available",
			"c1 calls 100 from +4930", "answers c1", "ringing ann", "answers ann", "remove number 100-line and remove queue sales",
		} {
			p.do(command)
		}
		p.send(ConfigChanged{
			Tenants: []Tenant{{ID: "bolt"}}, Agents: []AgentSetup{{ID: "zed", Tenant: "bolt", Phone: "phone-zed"}},
			Queues: []Queue{{ID: "sales", Tenant: "bolt", Members: []Membership{{Agent: "zed"}}, Record: true, Unanswered: []string{"theirs"}, WrapUp: WrapUpSetup{Required: true, Reasons: []string{"secret"}}}},
		})
		return p
	}
	t.Run("a transfer to an agent", func(t *testing.T) {
		p := begin(t)
		p.do("transfer ann agent=bob")
		p.do("ringing bob")
		theirs, _ := p.shard.Queue("sales")
		require.Zero(t, theirs.Waiting)
		p.do("answers bob")
		c, _ := p.shard.Call(CallID(p.id("call1")))
		require.Equal(t, Talking, c.Phase)
		require.Nil(t, c.Recording)
	})
	t.Run("a transfer that nobody takes", func(t *testing.T) {
		p := begin(t)
		p.do("transfer ann agent=bob")
		p.do("ringing bob")
		p.do("+20s calls")
		require.Equal(t, []string{"sorry"}, p.shard.st.Calls[CallID(p.id("call1"))].Prompt.Media)
	})
	t.Run("a wrap-up", func(t *testing.T) {
		p := begin(t)
		p.do("end ann")
		p.do("goes ann")
		require.Nil(t, p.ask(FinishWrapUp{Agent: "ann", Reason: "sold"}))
	})
	t.Run("a wrap-up that nobody ends", func(t *testing.T) {
		p := begin(t)
		p.do("end ann")
		p.do("+21s goes ann")
		ann, _ := p.shard.Agent("ann")
		require.Equal(t, Available, ann.State)
	})
	t.Run("the id is given back", func(t *testing.T) {
		p := begin(t)
		p.do("transfer ann agent=bob")
		p.do("ringing bob")
		p.send(ConfigChanged{Remove: Removal{Queues: []QueueID{"sales"}}})
		p.do("queue sales ann")
		mine, _ := p.shard.Queue("sales")
		require.Equal(t, TenantID("acme"), mine.Tenant)
		require.Equal(t, 1, mine.Waiting)
		p.do("+20s calls")
		c, _ := p.shard.Call(CallID(p.id("call1")))
		require.Equal(t, Waiting, c.Phase, "there is a queue to go back to again")
	})
	t.Run("it was never deleted", func(t *testing.T) {
		p := begin(t)
		p.do("queue help bob sorry=help")
		p.do("transfer ann queue=help")
		p.do("ringing bob")
		p.send(ConfigChanged{Queues: []Queue{{ID: "help", Tenant: "bolt", Members: []Membership{{Agent: "zed"}}}}})
		p.do("zed available")
		p.do("answers bob")
		c, _ := p.shard.Call(CallID(p.id("call1")))
		require.Equal(t, AgentID("bob"), c.Primary)
	})
}

// TestAnEntryPointOfAnothersDefinesNothing: the entry point of a call is deleted, and another tenant sets one up with its id. It says nothing of the call's variables, least of all which of them may be shown, and a consult that stands
// for the deleted one cannot become a transfer to the other's (S3, C9, C18).
func TestAnEntryPointOfAnothersDefinesNothing(t *testing.T) {
	p := newPlay(t)
	for _, command := range []string{
		"tenant acme and agent ann bob and queue sales ann ring=20s and queue help bob and number 100 id=main queue=sales vars=iban:secure:edit and number 200 id=second queue=help", "up nothing", "ann available",
		"c1 calls 100 from +4930", "answers c1", "ringing ann", "answers ann",
	} {
		p.do(command)
	}
	id := CallID(p.id("call1"))
	require.Nil(t, p.ask(SetVariables{Call: id, Agent: "ann", Values: []VariableChange{{Name: "iban", Value: "DE02120300000000202051"}}}))
	p.do("consult ann entry=second")
	p.send(ConfigChanged{Remove: Removal{EntryPoints: []EntryPointID{"main", "second"}}})
	p.send(ConfigChanged{
		Tenants: []Tenant{{ID: "bolt"}}, Queues: []Queue{{ID: "theirs", Tenant: "bolt"}},
		EntryPoints: []EntryPoint{
			{ID: "main", Tenant: "bolt", Numbers: []string{"300"}, Queue: "theirs", Variables: []VariableSetup{{Name: "iban", Type: StringVariable, Editable: true}}},
			{ID: "second", Tenant: "bolt", Numbers: []string{"400"}, Queue: "theirs"},
		},
	})
	c, _ := p.shard.Call(id)
	require.Empty(t, c.Variables)
	_, there := p.shard.Reveal(id, "iban")
	require.False(t, there)
	require.NotNil(t, p.ask(SetVariables{Call: id, Agent: "ann", Values: []VariableChange{{Name: "iban", Value: "", Version: 1}}}))
	require.NotNil(t, p.ask(CompleteTransfer{Call: id, Agent: "ann"}))
}
