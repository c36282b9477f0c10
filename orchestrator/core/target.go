package core

import "strconv"

// Target is where a consult or a transfer goes: exactly one of its fields is set.
type Target struct {
	Agent      AgentID      `json:"agent,omitempty"`
	Queue      QueueID      `json:"queue,omitempty"`
	EntryPoint EntryPointID `json:"entry_point,omitempty"`
	Number     string       `json:"number,omitempty"` // as typed or pasted: see [Dialling]
}

// kind names the field that is set.
func (t Target) kind() string {
	switch {
	case t.Agent != "":
		return "agent"
	case t.Queue != "":
		return "queue"
	case t.EntryPoint != "":
		return "entry_point"
	}
	return "number"
}

// text is what the field that is set says.
func (t Target) text() string {
	return string(t.Agent) + string(t.Queue) + string(t.EntryPoint) + t.Number
}

func (t Target) fields() int {
	n := 0
	for _, set := range []bool{t.Agent != "", t.Queue != "", t.EntryPoint != "", t.Number != ""} {
		if set {
			n++
		}
	}
	return n
}

// refuseTarget says what is wrong with a target for a call. idleToo: agents who are Idle may be asked as well (a consult, C4), not only those who are Available (a
// transfer, C9).
func (s *Shard) refuseTarget(c *call, t Target, idleToo bool) *Refusal {
	if t.fields() != 1 {
		return refusal(RefusedInvalid, "to", "exactly one of agent, queue, entry_point and number must be set")
	}
	switch t.kind() {
	case "agent":
		return s.refuseTargetAgent(c, t.Agent, idleToo)
	case "queue":
		return s.refuseTargetQueue(c, t.Queue, "to.queue")
	case "entry_point":
		e := s.entryPointOf(c, t.EntryPoint)
		switch {
		case e == nil:
			return refusal(RefusedUnknown, "to.entry_point", "there is no entry point "+strconv.Quote(string(t.EntryPoint)))
		case s.closed(e):
			return refusal(RefusedTarget, "to.entry_point", e.whyClosed())
		}
		return s.refuseTargetQueue(c, e.target(), "to.entry_point")
	}
	_, r := s.dialling(c).DialNumber(t.Number)
	if r != nil {
		r.Field = "to.number"
	}
	return r
}

func (s *Shard) refuseTargetAgent(c *call, id AgentID, idleToo bool) *Refusal {
	a := s.st.Agents[id]
	switch {
	case a == nil || a.Removed || a.Tenant != c.Tenant:
		return refusal(RefusedUnknown, "to.agent", "there is no agent "+strconv.Quote(string(id)))
	case a.PhoneDown:
		return refusal(RefusedTarget, "to.agent", "the agent's phone cannot be reached")
	case a.Engine != "" && !s.engineIsUp(a.Engine):
		return refusal(RefusedTarget, "to.agent", "the switch of the agent's phone is not connected")
	case a.State == Available, idleToo && a.State == Idle:
		return nil
	}
	return refusal(RefusedTarget, "to.agent", "the agent is "+string(a.State))
}

func (s *Shard) refuseTargetQueue(c *call, id QueueID, field string) *Refusal {
	q := s.st.Queues[id]
	switch {
	case q == nil || q.Removed || q.Tenant != c.Tenant:
		return refusal(RefusedUnknown, field, "there is no queue "+strconv.Quote(string(id)))
	case q.MaxSize > 0 && s.ix.queues[id].line.n >= q.MaxSize:
		return refusal(RefusedTarget, field, "the queue is full")
	}
	return nil
}

// dialling is how the call's tenant may call out.
func (s *Shard) dialling(c *call) Dialling {
	if t := s.st.Tenants[c.Tenant]; t != nil {
		return t.Dialling
	}
	return Dialling{}
}
