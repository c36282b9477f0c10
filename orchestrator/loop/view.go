package loop

import (
	"iter"
	"time"

	iradix "github.com/hashicorp/go-immutable-radix/v2"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// View is everything that readers may know, as it was after the event Seq: immutable, consistent, free to keep. Turns publish a new one that
// shares all that has not changed. All in it is durable.
type View struct {
	// Seq is the position in the log, and the cursor behind which [Loop.Subscribe] goes on.
	Seq uint64
	// At is when the turn's last event was decided.
	At time.Time

	calls   *iradix.Tree[core.CallView]
	agents  *iradix.Tree[core.AgentView]
	queues  *iradix.Tree[core.QueueView]
	engines *iradix.Tree[core.EngineView]
}

func newView() *View {
	return &View{
		calls:   iradix.New[core.CallView](),
		agents:  iradix.New[core.AgentView](),
		queues:  iradix.New[core.QueueView](),
		engines: iradix.New[core.EngineView](),
	}
}

// Call gives one call.
func (v *View) Call(id core.CallID) (core.CallView, bool) { return v.calls.Get([]byte(id)) }

// Agent gives one agent.
func (v *View) Agent(id core.AgentID) (core.AgentView, bool) { return v.agents.Get([]byte(id)) }

// Queue gives one queue.
func (v *View) Queue(id core.QueueID) (core.QueueView, bool) { return v.queues.Get([]byte(id)) }

// Engine gives one switch.
func (v *View) Engine(id core.EngineID) (core.EngineView, bool) { return v.engines.Get([]byte(id)) }

// Calls goes through all calls in the order of their ids.
func (v *View) Calls() iter.Seq[core.CallView] { return values(v.calls) }

// Agents goes through all agents in the order of their ids.
func (v *View) Agents() iter.Seq[core.AgentView] { return values(v.agents) }

// Queues goes through all queues in the order of their ids.
func (v *View) Queues() iter.Seq[core.QueueView] { return values(v.queues) }

// Engines goes through all switches in the order of their ids.
func (v *View) Engines() iter.Seq[core.EngineView] { return values(v.engines) }

// Sizes are the numbers of calls, agents, queues and switches.
func (v *View) Sizes() (calls, agents, queues, engines int) {
	return v.calls.Len(), v.agents.Len(), v.queues.Len(), v.engines.Len()
}

func values[T any](tree *iradix.Tree[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		it := tree.Root().Iterator()
		for _, v, ok := it.Next(); ok; _, v, ok = it.Next() {
			if !yield(v) {
				return
			}
		}
	}
}

// Touched is what one turn changed: the new views, and the ids of what is no more.
type Touched struct {
	Calls       []core.CallView
	Agents      []core.AgentView
	Queues      []core.QueueView
	Engines     []core.EngineView
	GoneCalls   []core.CallID
	GoneAgents  []core.AgentID
	GoneQueues  []core.QueueID
	GoneEngines []core.EngineID
}

func (t *Touched) empty() bool {
	return len(t.Calls)+len(t.Agents)+len(t.Queues)+len(t.Engines)+
		len(t.GoneCalls)+len(t.GoneAgents)+len(t.GoneQueues)+len(t.GoneEngines) == 0
}

// next is the view after the changes, and what they touched.
func (v *View) next(seq uint64, at time.Time, r rules, chg core.Changes) (*View, Touched) {
	var touched Touched
	n := &View{Seq: seq, At: at}
	n.calls, touched.Calls, touched.GoneCalls = replaced(v.calls, chg.Calls, r.Call)
	n.agents, touched.Agents, touched.GoneAgents = replaced(v.agents, chg.Agents, r.Agent)
	n.queues, touched.Queues, touched.GoneQueues = replaced(v.queues, chg.Queues, r.Queue)
	n.engines, touched.Engines, touched.GoneEngines = replaced(v.engines, chg.Engines, r.Engine)
	return n, touched
}

// replaced puts what look finds for each id into the tree, and takes out what it does not find.
func replaced[ID ~string, T any](tree *iradix.Tree[T], ids []ID, look func(ID) (T, bool)) (next *iradix.Tree[T], there []T, gone []ID) {
	if len(ids) == 0 {
		return tree, nil, nil
	}
	txn := tree.Txn()
	for _, id := range ids {
		v, ok := look(id)
		if ok {
			txn.Insert([]byte(id), v)
			there = append(there, v)
			continue
		}
		// What came and went within one turn was never in the tree, and nobody needs to hear of its end.
		if _, was := txn.Delete([]byte(id)); was {
			gone = append(gone, id)
		}
	}
	return txn.Commit(), there, gone
}
