package core

// phoneOf is how an agent's desk phone is dialled from a switch. A call's legs are all on its own switch, so that they can be mixed: a phone that registers at another
// one is reached over the trunk between the two.
func (s *Shard) phoneOf(a *agent, from EngineID) Address {
	to := Address{Phone: a.Phone}
	if a.Engine != from {
		to.Switch = a.Engine
	}
	return to
}

// phoneChanged notes whether a phone can be reached. An agent whom the rules sent Idle because the phone was gone comes back with it.
func (s *Shard) phoneChanged(f PhoneChanged) {
	for _, id := range s.ix.phones[f.Phone] {
		a := s.st.Agents[id]
		if a.Engine != "" && a.Engine != f.Engine {
			continue
		}
		if a.PhoneDown == f.Reachable {
			a.PhoneDown = !f.Reachable
			s.touchAgent(a)
			s.indexAgent(a)
		}
		if !f.Reachable {
			continue
		}
		// A refused dial or a lost leg may have been all that we heard of the phone's absence, so PhoneDown alone does not tell.
		s.phoneBack(a)
	}
}

// phoneBack ends what was only for want of a phone: the agent has one again, as far as anybody knows.
func (s *Shard) phoneBack(a *agent) {
	if a.Next != nil && a.Next.Reason == ReasonUnreachable {
		a.Next = nil // back before the wrap-up was over
		s.touchAgent(a)
	}
	if a.State == Idle && a.Reason == ReasonUnreachable {
		s.becomeAvailable(a, "phone_back", "")
	}
}

// phoneLost deals with an agent whose phone died in mid-call: they are not offered calls until it is back.
func (s *Shard) phoneLost(c *call, id AgentID, cause Cause) {
	a := s.st.Agents[id]
	if a == nil || cause.Code == CauseEngine || a.OldPhone {
		return
	}
	if !a.onBreak() {
		a.Next = &nextState{State: Idle, Reason: ReasonUnreachable}
	}
	s.alert(ReasonUnreachable, Entry{Tenant: a.Tenant, Agent: a.ID, Call: c.ID})
}

// phoneHeld notes that a phone's own hold key was pressed. The switch plays its music to the other side by itself; the desktop shows it.
func (s *Shard) phoneHeld(f Held) {
	l := s.st.Legs[f.Leg]
	if l == nil {
		s.odd("held_unknown_leg")
		return
	}
	if l.Held == f.On {
		return
	}
	l.Held = f.On
	c := s.st.Calls[l.Call]
	s.touch(c)
	if l.ID == c.AgentLeg && c.Phase == Talking {
		kind := EntryCallResumed
		if f.On {
			kind = EntryCallHeld
		}
		s.tellCall(c, Entry{Kind: kind, Agent: c.Primary, Leg: l.ID, Reason: "phone"})
	}
}
