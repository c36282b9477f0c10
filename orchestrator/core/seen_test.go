package core

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// seen is what a reader has seen who is told of changes (TakeChanges): what did not change for them must not have changed.
type seen struct {
	calls   map[CallID]CallView
	agents  map[AgentID]AgentView
	queues  map[QueueID]QueueView
	engines map[EngineID]EngineView
}

func newSeen() seen {
	return seen{calls: map[CallID]CallView{}, agents: map[AgentID]AgentView{}, queues: map[QueueID]QueueView{}, engines: map[EngineID]EngineView{}}
}

// look takes in what has changed, and says what else has.
func (n seen) look(s *Shard) (bad []string) {
	changed, all := s.TakeChanges(), s.Everything()
	bad = append(bad, stale(n.calls, changed.Calls, all.Calls, s.Call)...)
	bad = append(bad, stale(n.agents, changed.Agents, all.Agents, s.Agent)...)
	bad = append(bad, stale(n.queues, changed.Queues, all.Queues, s.Queue)...)
	return append(bad, stale(n.engines, changed.Engines, all.Engines, s.Engine)...)
}

func stale[ID comparable, V any](seen map[ID]V, changed, all []ID, look func(ID) (V, bool)) (bad []string) {
	for _, id := range changed {
		delete(seen, id)
		if v, ok := look(id); ok {
			seen[id] = v
		}
	}
	there := 0
	for _, id := range all {
		v, ok := look(id)
		if !ok {
			continue
		}
		there++
		if old, known := seen[id]; !known || !reflect.DeepEqual(old, v) {
			a, _ := json.Marshal(old)
			b, _ := json.Marshal(v)
			bad = append(bad, fmt.Sprintf("readers go on seeing what is no more: %s", firstDifference(a, b)))
		}
	}
	if there != len(seen) {
		bad = append(bad, fmt.Sprintf("readers go on seeing %d that are no more", len(seen)-there))
	}
	return bad
}
