package core

import "slices"

// Changes lists what the steps since the last TakeChanges have touched, each id once, in order of first touch.
type Changes struct {
	Calls   []CallID
	Agents  []AgentID
	Queues  []QueueID
	Engines []EngineID
}

// changes gathers them. What is in it is marked as reported, so that it enters once.
type changes struct {
	calls   []*call
	agents  []*agent
	queues  []*queue
	engines []*engine
	dropped bool // an agent or a queue was let go of, and may be here a second time, set up anew
}

func (s *Shard) reportCall(c *call) {
	if !c.reported {
		c.reported = true
		s.chg.calls = append(s.chg.calls, c)
	}
}

func (s *Shard) reportAgent(a *agent) {
	if !a.reported {
		a.reported = true
		s.chg.agents = append(s.chg.agents, a)
	}
}

func (s *Shard) reportQueue(q *queue) {
	if !q.reported {
		q.reported = true
		s.chg.queues = append(s.chg.queues, q)
	}
}

func (s *Shard) reportEngine(e *engine) {
	if !e.reported {
		e.reported = true
		s.chg.engines = append(s.chg.engines, e)
	}
}

// TakeChanges returns what has been touched since it was last called, each id once.
func (s *Shard) TakeChanges() Changes {
	c := Changes{
		Calls:   take(&s.chg.calls, func(c *call) CallID { c.reported = false; return c.ID }),
		Agents:  take(&s.chg.agents, func(a *agent) AgentID { a.reported = false; return a.ID }),
		Queues:  take(&s.chg.queues, func(q *queue) QueueID { q.reported = false; return q.ID }),
		Engines: take(&s.chg.engines, func(e *engine) EngineID { e.reported = false; return e.ID }),
	}
	if s.chg.dropped || len(s.st.Outlived) > 0 {
		c.Agents, c.Queues, s.chg.dropped = unique(c.Agents), unique(c.Queues), false
	}
	return c
}

// take empties a list of what was touched, keeping its room, and names what was in it.
func take[T, ID any](list *[]*T, name func(*T) ID) []ID {
	if len(*list) == 0 {
		return nil
	}
	ids := make([]ID, len(*list))
	for i, x := range *list {
		ids[i] = name(x)
	}
	clear(*list)
	*list = (*list)[:0]
	return ids
}

func unique[ID comparable](ids []ID) []ID {
	seen := make(map[ID]bool, len(ids))
	return slices.DeleteFunc(ids, func(id ID) bool {
		old := seen[id]
		seen[id] = true
		return old
	})
}
