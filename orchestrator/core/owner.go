package core

import (
	"slices"
	"time"
)

// Ownership (C12). A conversation with an agent in it has exactly one primary at any instant: who controls it, and who owes the wrap-up. Each time that
// somebody is the primary is one line in the ledger of the call's record; each line that ends makes one wrap-up due. Only own and disown write it.

// Ownership is one agent's time as the primary of a call.
type Ownership struct {
	Agent AgentID   `json:"agent"`
	How   string    `json:"how"` // answered, transfer, handover: see OwnedBy…
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"` // zero while it lasts
	Why   string    `json:"why,omitempty"`  // it ended: as in EntryTalkEnded
}

// The ways to become a call's primary.
const (
	OwnedByAnswer   = "answered" // took the call's offer
	OwnedByTransfer = "transfer" // the primary completed a transfer after a consult, or went away during one
	OwnedByHandover = "handover" // the primary left the conference; nobody has been in it longer (C12)
)

// tenure is an Ownership as the state remembers it.
type tenure struct {
	Agent AgentID `json:"agent"`
	How   string  `json:"how"`
	Since instant `json:"since"`
	Until instant `json:"until,omitzero"`
	Why   string  `json:"why,omitempty"`
}

// own makes an agent, who is engaged in the call, its primary.
func (s *Shard) own(c *call, a *agent, leg LegID, how string) {
	if c.Primary != "" {
		panic("core: call " + string(c.ID) + " has a primary already")
	}
	c.Primary, c.AgentLeg, c.TalkSince, c.Muted = a.ID, leg, s.now, false
	c.primary, c.agentLeg = a, s.st.Legs[leg]
	c.Record.Owners = append(c.Record.Owners, tenure{Agent: a.ID, How: how, Since: s.now})
	s.spokeWith(c, a.ID)
	s.touch(c)
	if how != OwnedByAnswer { // that is told with the connection
		s.tellCall(c, Entry{Kind: EntryOwnerChanged, Agent: a.ID, Leg: leg, Queue: c.Queue, Reason: how})
	}
}

// spokeWith notes an agent among those who talked with the customer, in the order in which they came.
func (s *Shard) spokeWith(c *call, a AgentID) {
	c.Record.Agents = appendOnce(c.Record.Agents, a)
}

func appendOnce(all []AgentID, a AgentID) []AgentID {
	if slices.Contains(all, a) {
		return all
	}
	return append(all, a)
}

// disown ends the primary's part in the call: their leg goes, and the wrap-up is owed from here on, once.
func (s *Shard) disown(c *call, why string) {
	a := c.primary
	talked := s.now.Sub(c.TalkSince)
	a.Talked += talked
	s.tellCall(c, Entry{Kind: EntryTalkEnded, Agent: a.ID, Queue: c.Queue, Leg: c.AgentLeg, Reason: why, Duration: talked})
	if l := c.agentLeg; l != nil {
		s.hang(l, CauseNormal)
	}
	last := &c.Record.Owners[len(c.Record.Owners)-1]
	last.Until, last.Why = s.now, why
	c.Primary, c.AgentLeg, c.primary, c.agentLeg, c.Muted = "", "", nil, nil, false
	s.becomeWrapUp(a, c, why)
	s.touch(c)
}

// owners is the ledger as the world outside of the state has it.
func (c *call) owners() []Ownership {
	var out []Ownership
	for _, o := range c.Record.Owners {
		out = append(out, Ownership{Agent: o.Agent, How: o.How, Since: o.Since.Time(), Until: o.Until.Time(), Why: o.Why})
	}
	return out
}

// lastOwner is who is, or was last, the primary.
func (c *call) lastOwner() AgentID {
	if n := len(c.Record.Owners); n > 0 {
		return c.Record.Owners[n-1].Agent
	}
	return ""
}

// succeed gives a conversation whose primary has left to the agent who has been in it longest. Without an agent, the customer and the parties outside go on among
// themselves.
func (s *Shard) succeed(c *call, how string) {
	for i, p := range c.party() {
		if p.Agent == "" {
			continue
		}
		c.extra().Party = append(c.party()[:i:i], c.party()[i+1:]...)
		s.own(c, s.st.Agents[p.Agent], p.Leg, how)
		c.Muted, c.Held = p.Muted, false
		s.regroup(c)
		s.recordSuccessor(c)
		return
	}
	s.becomeOutside(c)
}
