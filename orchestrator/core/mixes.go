package core

import (
	"slices"
	"time"
)

// mix is one declaration of who hears whom, as it was made last. A call has one for its customer and, during a consult, a second one aside.
type mix struct {
	Wanted   []Member `json:"wanted,omitempty"`
	Retry    instant  `json:"retry,omitzero"`     // it was refused: say it again then
	Tries    int32    `json:"tries,omitempty"`    // to have it accepted
	Odd      int32    `json:"odd,omitempty"`      // beats on which the switch had another one
	Declared bool     `json:"declared,omitempty"` // and not yet dissolved
}

// RingbackMusic is the music class that sounds like ringing: what somebody hears while another phone is being rung for them.
const RingbackMusic = "ringback"

// mixes goes over the call's mixes that are declared.
func (c *call) mixes(yield func(MixID, *mix) bool) {
	if c.Main.Declared && !yield(MixID(c.ID), &c.Main) {
		return
	}
	if c.More != nil && c.More.Side.Declared {
		yield(c.More.SideID, &c.More.Side)
	}
}

// setMix declares who hears whom in a conversation, from its state. What is declared already is not said again.
//
// The main mix comes first: a leg that moves to the one aside leaves before it joins there, one that comes back is taken over by joining.
func (s *Shard) setMix(c *call) {
	s.mix(c, s.company(c, s.inMain(c)))
	if c.More != nil {
		s.declare(c, c.More.SideID, &c.More.Side, s.aside(c))
	}
}

// inMain are the members of the main mix, as they would be if everybody had company.
func (s *Shard) inMain(c *call) []Member {
	in := make([]Member, 0, 2+len(c.party()))
	if c.customer != nil {
		m := Member{Leg: c.Customer, Mode: Talk}
		switch {
		case c.customerHeld():
			m.Mode, m.Music = Hold, s.music(c)
		case c.Phase == Outside && !c.connectedOutside():
			m.Mode, m.Music = Hold, RingbackMusic
		}
		in = append(in, m)
	}
	if c.AgentLeg != "" && !c.primaryAside() {
		in = append(in, Member{Leg: c.AgentLeg, Mode: speaks(c.Muted)})
	}
	for _, p := range c.party() {
		switch {
		case p.Ringing:
		case p.Held:
			in = append(in, Member{Leg: p.Leg, Mode: Hold, Music: s.music(c)})
		default:
			in = append(in, Member{Leg: p.Leg, Mode: speaks(p.Muted)})
		}
	}
	return in
}

// company gives music to whoever would be alone in silence while the primary is elsewhere. A primary who has put everybody on hold knows why it is quiet.
func (s *Shard) company(c *call, in []Member) []Member {
	alone := -1
	for i, m := range in {
		switch {
		case m.Mode == Hold:
		case alone >= 0:
			return in
		default:
			alone = i
		}
	}
	if alone >= 0 && in[alone].Leg != c.AgentLeg {
		in[alone].Mode, in[alone].Music = Hold, s.music(c)
	}
	return in
}

// aside are the members of a consult's mix.
func (s *Shard) aside(c *call) []Member {
	k := c.consult()
	switch {
	case k == nil:
		return nil
	case !k.Answered && k.WithCustomer:
		return nil
	case !k.Answered:
		return []Member{{Leg: c.AgentLeg, Mode: Hold, Music: RingbackMusic}}
	case k.WithCustomer:
		return []Member{{Leg: k.Leg, Mode: Hold, Music: s.music(c)}}
	}
	return []Member{{Leg: c.AgentLeg, Mode: speaks(c.Muted)}, {Leg: k.Leg, Mode: Talk}}
}

func speaks(muted bool) Mode {
	if muted {
		return Mute
	}
	return Talk
}

// music is what those on hold hear.
func (s *Shard) music(c *call) string {
	if q := c.queue; q != nil {
		return q.Music
	}
	return ""
}

// mix declares the call's main mix.
func (s *Shard) mix(c *call, members []Member) { s.declare(c, MixID(c.ID), &c.Main, members) }

// declare declares one of the call's mixes; without members it is dissolved.
func (s *Shard) declare(c *call, id MixID, m *mix, members []Member) {
	if !m.Declared && len(members) == 0 || m.Declared && m.Tries == 0 && slices.Equal(m.Wanted, members) {
		return
	}
	if len(members) == 0 {
		members = nil // as a restored shard has it
	}
	*m = mix{Wanted: members, Declared: members != nil}
	s.touch(c)
	s.orderMix(c, id, members)
}

// orderMix orders a mix.
func (s *Shard) orderMix(c *call, id MixID, members []Member) {
	recorded := false
	if q := c.queue; q != nil && len(members) > 0 {
		recorded = q.Record && id == MixID(c.ID) || q.RecordConsults && id != MixID(c.ID)
	}
	s.do(c, nil, SetMix{Mix: id, Members: members, Recorded: recorded})
}

// mixAgain repeats all declarations: harmless where they hold already.
func (s *Shard) mixAgain(c *call) {
	for id, m := range c.mixes {
		s.orderMix(c, id, m.Wanted)
	}
}

// dissolve ends all mixes.
func (s *Shard) dissolve(c *call) {
	s.mix(c, nil)
	if c.More != nil {
		s.declare(c, c.More.SideID, &c.More.Side, nil)
	}
}

// callOfMix is the call whose mix has that id.
func (s *Shard) callOfMix(id MixID) *call {
	if of, aside := s.ix.asides[id]; aside {
		return s.st.Calls[of]
	}
	return s.st.Calls[CallID(id)]
}

// declared finds a mix that is declared by its id.
func (s *Shard) declared(id MixID) (*call, *mix) {
	if c := s.callOfMix(id); c != nil {
		for have, m := range c.mixes {
			if have == id {
				return c, m
			}
		}
	}
	return nil, nil
}

// mixDelay is how long to wait before a refused declaration is repeated: half a second, doubled with each try, up to 16 s.
func mixDelay(tries int32) time.Duration { return 250 * time.Millisecond << min(tries, 6) }

// mixRefused says the declaration again after a while. A leg that the switch does not know will be reported gone, which
// declares the mix anew.
func (s *Shard) mixRefused(f Refused) {
	c, m := s.declared(f.Mix)
	if m == nil || !m.Retry.IsZero() {
		return
	}
	m.Tries++
	m.Retry = s.now.Add(mixDelay(m.Tries))
	s.touch(c)
	if m.Tries == 3 {
		s.alert("mix_failed", Entry{Tenant: c.Tenant, Call: c.ID, Agent: c.Primary, Text: string(f.Why)})
	}
}

// expireMixes repeats the refused declarations that are due.
func (s *Shard) expireMixes(c *call) {
	for id, m := range c.mixes {
		if s.due(m.Retry) {
			m.Retry = 0
			s.orderMix(c, id, m.Wanted)
		}
	}
}

// compareMix checks that the switch mixes who should be mixed. A held member counts as neither in nor out: some switches take it out of the mix, others
// keep it there and play to it.
func (s *Shard) compareMix(c *call, id MixID, m *mix, snap Snapshot) {
	var want, held []LegID
	for _, w := range m.Wanted {
		if w.Mode == Hold {
			held = append(held, w.Leg)
		} else {
			want = append(want, w.Leg)
		}
	}
	slices.Sort(want)
	var have []LegID
	if i := slices.IndexFunc(snap.Mixes, func(x SeenMix) bool { return x.Mix == id }); i >= 0 {
		for _, id := range snap.Mixes[i].Legs {
			if !slices.Contains(held, id) {
				have = append(have, id)
			}
		}
		slices.Sort(have)
	}
	if slices.Equal(want, have) || len(want) < 2 && len(have) < 2 {
		m.Odd = 0
		return
	}
	if m.Odd++; m.Odd < beatsToBelieve {
		return
	}
	m.Odd = 0
	s.repair("mix", Entry{Tenant: c.Tenant, Call: c.ID, Engine: c.Engine})
	s.orderMix(c, id, m.Wanted)
}
