package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// batchOf is a batch that counts how often somebody has looked into it.
func batchOf(from, to uint64, changes ...Change) (Batch, *int) {
	looks := 0
	return Batch{From: from, To: to, Changes: func() []Change {
		looks++
		return changes
	}}, &looks
}

func looking(p Principal) *window {
	see := sight{Principal: p}
	if p.ByTeam {
		see.agents, see.queues = map[core.AgentID]bool{}, map[core.QueueID]bool{}
		for _, a := range p.Teams {
			see.agents[core.AgentID(a)] = true
		}
		see.teamsAs = fmt.Sprint(see.agents, see.queues)
	}
	return newWindow(see, nil)
}

// Readers who see the same are written the same, put down once; and each knows afterwards what it has been shown.
func TestReadersWhoSeeTheSameShareAPassage(t *testing.T) {
	var p passages
	sam, otto := looking(Principal{Role: Supervisor, Tenant: "acme"}), looking(Principal{Role: Auditor, Tenant: "acme"})
	came, looks := batchOf(5, 7, Change{Position: 6, Calls: []core.CallView{{ID: "c1", Tenant: "acme"}, {ID: "c2", Tenant: "globex"}}}, Change{Position: 7, Agents: []core.AgentView{{ID: "gary", Tenant: "globex"}}})
	first, second := p.of(sam, came), p.of(otto, came)
	require.Equal(t, 1, *looks)
	require.Same(t, first, second)
	require.Contains(t, string(first.text), "event: change\nid: 6\ndata: {")
	require.NotContains(t, string(first.text), "globex")
	require.Equal(t, uint64(7), first.untold, "the cursor moves on with the next beat")

	// What goes is told to both, and what neither has seen to none.
	went, _ := batchOf(7, 8, Change{Position: 8, GoneCalls: []core.CallID{"c1", "c2"}})
	p.of(sam, went)
	require.Contains(t, string(p.of(otto, went).text), `"gone_calls":["c1"]`)
	require.Empty(t, otto.calls)
	require.Empty(t, sam.calls)

	// Another tenant, another sight, another piece, another passage.
	again, looks := batchOf(8, 9, Change{Position: 9, Calls: []core.CallView{{ID: "c3", Tenant: "acme"}}})
	for _, who := range []Principal{
		{Role: Supervisor, Tenant: "acme"}, {Role: Supervisor, Tenant: "globex"}, {Role: Admin}, {Role: Supervisor, Tenant: "acme", ByTeam: true}, {Role: Agent, Tenant: "acme", Agent: "anna"},
	} {
		p.of(looking(who), again)
	}
	require.Equal(t, 5, *looks)
	require.Empty(t, p.of(looking(Principal{Role: Supervisor, Tenant: "globex"}), again).text)
	// Supervisors of the same agents see the same; those of others do not.
	mine, looks := batchOf(9, 10, Change{Position: 10, Agents: []core.AgentView{{ID: "anna", Tenant: "acme"}, {ID: "bert", Tenant: "acme"}}})
	byTeam := func(agent string) string {
		return string(p.of(looking(Principal{Role: Supervisor, Tenant: "acme", ByTeam: true, Teams: []string{agent}}), mine).text)
	}
	for range 2 {
		require.Contains(t, byTeam("anna"), `"agents":[{"id":"anna"`)
	}
	require.Equal(t, 1, *looks)
	require.Contains(t, byTeam("bert"), `"agents":[{"id":"bert"`)
	require.Equal(t, 2, *looks)

	ahead := looking(Principal{Role: Supervisor, Tenant: "acme"})
	ahead.upTo = 9
	require.Empty(t, p.of(ahead, again).text, "it has been shown what came up to there")
}

func TestOnlyTheNewestPassagesAreKept(t *testing.T) {
	var p passages
	sam := looking(Principal{Role: Supervisor, Tenant: "acme"})
	for i := range uint64(3 * mostPassages) {
		b, looks := batchOf(i, i+1, Change{Position: i + 1})
		p.of(sam, b)
		require.Equal(t, 1, *looks)
	}
	require.Len(t, p.kept, mostPassages)
	require.Len(t, p.order, mostPassages)
}
