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
