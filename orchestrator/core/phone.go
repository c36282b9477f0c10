package core

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
