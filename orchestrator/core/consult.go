package core

import (
	"slices"
	"strconv"
	"time"
)

// A consult (C4 to C8): the primary asks somebody else while the customer waits on hold. It has a mix of its own; the primary is in that or in the customer's, never in
// both, and customer and consultant are never both on hold for the same agent while the consult is answered (C3): toggling exchanges them.
//
// To an agent, a queue or an entry point, a place in line is made: an internal call that is offered as any other is, with the same rules for misses and declines (Q4), and
// that nobody but the rules sees. Whoever takes its offer is the consultant. A number is dialled directly.

// consult is one that is going on. A call has one at most.
type consult struct {
	To           Target  `json:"to"`              // the number as it is dialled
	Place        CallID  `json:"place,omitempty"` // its place in line, until it is answered
	Leg          LegID   `json:"leg,omitempty"`   // of the consultant, or of the number that is being dialled
	Agent        AgentID `json:"agent,omitempty"` // the consultant, if it is an agent
	Since        instant `json:"since"`
	Until        instant `json:"until,omitzero"`      // the number must have answered by then
	RingingAt    instant `json:"ringing_at,omitzero"` // the first phone, or the number, has been ringing
	AnsweredAt   instant `json:"answered_at,omitzero"`
	Answered     bool    `json:"answered,omitempty"`
	Reached      bool    `json:"reached,omitempty"`       // the number is ringing
	WithCustomer bool    `json:"with_customer,omitempty"` // the primary has toggled to the customer
	GoOn         bool    `json:"go_on,omitempty"`         // the conference goes on with the customer meanwhile (C11)
	Joins        bool    `json:"joins,omitempty"`         // the number joins the conference as soon as it answers
}

// dialTime is how long a number outside is rung.
const dialTime = 60 * time.Second

// primaryAside reports whether the primary is with the consultant and not in the main mix.
func (c *call) primaryAside() bool { return c.consult() != nil && !c.consult().WithCustomer }

// customerHeld reports whether the customer hears music instead of the conversation.
func (c *call) customerHeld() bool {
	return c.Phase == Talking && (c.Held || c.primaryAside() && !c.consult().GoOn)
}

// becomeConsulting begins a consult.
func (s *Shard) becomeConsulting(c *call, in StartConsult) {
	c.assert(Talking)
	s.passPhase(c)
	k := &consult{To: in.To, Since: s.now, GoOn: in.GoOn && len(c.party()) > 0}
	c.extra().Consult, c.Held = k, false
	if x := c.extra(); x.SideID == "" {
		x.SideID = MixID(s.newID())
		s.ix.asides[x.SideID] = c.ID
	}
	s.touch(c)
	if in.To.Number != "" {
		k.To.Number, _ = s.dialling(c).DialNumber(in.To.Number)
	}
	s.tellCall(c, Entry{Kind: EntryConsultStarted, Agent: c.Primary, Queue: in.To.Queue, Reason: k.To.kind(), Text: k.To.text(), Actor: in.Actor})
	s.setMix(c)
	switch k.To.kind() {
	case "agent":
		s.standFor(c, c.Queue, c.Priority, s.st.Agents[in.To.Agent])
	case "queue":
		s.standFor(c, in.To.Queue, c.Priority, nil)
	case "entry_point":
		e := s.st.EntryPoints[in.To.EntryPoint]
		s.standFor(c, e.target(), e.Priority, nil)
	default:
		k.Until = s.now.Add(dialTime)
		k.Leg = s.dialOutside(c, k.To.Number)
	}
}

// standFor makes the place in line of a call's consult: in a queue, or (direct) in front of one agent only.
func (s *Shard) standFor(c *call, q QueueID, priority int, direct *agent) {
	s.st.Arrivals++
	place := &call{
		ID: CallID(s.newID()), Order: s.st.Arrivals, Parent: c.ID, Tenant: c.Tenant, EntryPoint: c.EntryPoint, Engine: c.Engine, Priority: priority, Queue: q, queue: s.queueOf(c.Tenant, q),
		QueuedAt: s.now, ArrivedAt: s.now, PhaseSince: s.now, Phase: Waiting, Direct: direct != nil, Record: &tally{}, Excluded: []AgentID{c.Primary},
	}
	s.st.Calls[place.ID] = place
	c.consult().Place = place.ID
	s.touch(place)
	if direct != nil {
		s.offer(place, direct)
		return
	}
	s.enterLine(place)
	place.WaitTill = s.waitTill(place.queue)
}

// leavePlace takes a consult's place out of the line; its phones stop ringing.
func (s *Shard) leavePlace(id CallID, outcome OfferOutcome) {
	place := s.st.Calls[id]
	if place == nil || place.Closed {
		return
	}
	s.leaveLine(place)
	s.stopWaiting(place)
	place.Direct, place.Phase, place.Closed = false, Ended, true
	s.withdrawOffers(place, outcome)
	s.touch(place)
}

// consultAnswered: an agent took the offer of a consult's place.
func (s *Shard) consultAnswered(place *call, won offer) {
	c, a, l := s.parent(place), s.st.Agents[won.Agent], s.st.Legs[won.Leg]
	k := c.consult()
	place.Offers = slices.DeleteFunc(place.Offers, func(o offer) bool { return o.Leg == won.Leg })
	s.tellCall(place, Entry{Kind: EntryOfferEnded, Agent: a.ID, Queue: place.Queue, Leg: won.Leg, Reason: string(OfferAnswered), Duration: s.now.Sub(won.Since)})
	place.legs--
	l.Call, l.of = c.ID, c
	c.legs++
	a.Call = c.ID
	s.becomeEngaged(a)
	s.leavePlace(place.ID, OfferLostRace)
	k.Place, k.Leg, k.Agent = "", l.ID, a.ID
	s.becomeConsulted(c)
}

// becomeConsulted: the consultant is there.
func (s *Shard) becomeConsulted(c *call) {
	k := c.consult()
	k.Answered, k.AnsweredAt, k.Until = true, s.now, 0
	if k.Agent != "" {
		c.Record.Consulted = appendOnce(c.Record.Consulted, k.Agent)
	}
	s.touch(c)
	s.tellCall(c, Entry{Kind: EntryConsultAnswered, Agent: k.Agent, Leg: k.Leg, Reason: k.To.kind(), Duration: s.now.Sub(k.Since)})
	if k.Joins {
		s.becomeMerged(c)
		return
	}
	s.setMix(c)
	s.recordConsult(c)
}

// endConsult ends a consult, answered or not. The primary is back with the customer; a consultant who is still there is let go (C7).
func (s *Shard) endConsult(c *call, why string) {
	s.passPhase(c)
	k := c.consult()
	s.leavePlace(k.Place, OfferWithdrawn)
	s.forgetConsult(c, why)
	if k.Answered || k.Leg != "" {
		s.letGo(party{Leg: k.Leg, Agent: k.Agent, Since: k.AnsweredAt}, why)
	}
}

// forgetConsult takes the consult out of the call: whoever was consulted is somebody else's to deal with.
func (s *Shard) forgetConsult(c *call, why string) {
	k := c.consult()
	since := k.Since
	if k.Answered {
		since = k.AnsweredAt
	}
	s.tellCall(c, Entry{Kind: EntryConsultEnded, Agent: k.Agent, Leg: k.Leg, Reason: why, Duration: s.now.Sub(since)})
	c.More.Consult = nil
	s.stopRecordingConsult(c)
	s.touch(c)
}

// letGo ends the part of somebody beside the primary. An agent who only helped owes no wrap-up (C7, C12).
func (s *Shard) letGo(p party, why string) {
	if l := s.st.Legs[p.Leg]; l != nil {
		s.hang(l, CauseNormal)
	}
	a := s.st.Agents[p.Agent]
	if a == nil {
		return
	}
	a.Talked += s.now.Sub(p.Since)
	a.Call, a.Leg = "", ""
	s.release(a, why, "")
}

// placeFailed: nobody took a consult's offer.
func (s *Shard) placeFailed(place *call, why string) {
	c := s.parent(place)
	if c == nil || c.consult() == nil || c.consult().Place != place.ID {
		return
	}
	s.endConsult(c, why)
	s.regroup(c)
}

// expireConsult gives a number up that does not answer.
func (s *Shard) expireConsult(c *call) {
	if k := c.consult(); k != nil && s.due(k.Until) {
		k.Until = 0
		s.endConsult(c, string(OfferNoAnswer))
		s.setMix(c)
	}
}

// consultantGone: the leg of the consultant, or of the number that was being dialled, is no more.
func (s *Shard) consultantGone(c *call, cause Cause) {
	k := c.consult()
	why := "consultant_left"
	switch {
	case !k.Answered:
		why = string(outcomeOfDial(k.Reached, cause))
	case cause.Fault():
		why = "consultant_lost"
		s.phoneLost(c, k.Agent, cause)
	}
	s.endConsult(c, why)
	s.regroup(c)
}

// refuseConsultOf is what the controls of a consult ask first.
func (s *Shard) refuseConsultOf(id CallID, agent AgentID) (*call, *Refusal) {
	c, r := s.refuseControlIn(id, agent, Talking, PostCall)
	if r == nil && c.consult() == nil {
		return nil, refusal(RefusedState, "call", "there is no consult going on")
	}
	return c, r
}

// refuseStart says why no consult can begin now, whoever should be asked.
func (s *Shard) refuseStart(id CallID, agent AgentID) (*call, *Refusal) {
	c, r := s.refuseControl(id, agent)
	switch {
	case r != nil:
		return nil, r
	case c.consult() != nil:
		return nil, refusal(RefusedState, "call", "a consult is going on already")
	case c.people() >= MaxParticipants:
		return nil, refusal(RefusedFull, "call", "a conference has at most "+strconv.Itoa(MaxParticipants)+" participants")
	}
	return c, nil
}

func (in StartConsult) refuse(s *Shard) *Refusal {
	c, r := s.refuseStart(in.Call, in.Agent)
	if r != nil {
		return r
	}
	return s.refuseTarget(c, in.To, true)
}

func (in StartConsult) apply(s *Shard) { s.becomeConsulting(s.st.Calls[in.Call], in) }

func (in EndConsult) refuse(s *Shard) *Refusal {
	_, r := s.refuseConsultOf(in.Call, in.Agent)
	return r
}

func (in EndConsult) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	s.endConsult(c, "ended")
	s.regroup(c)
}

func (in ToggleConsult) refuse(s *Shard) *Refusal {
	c, r := s.refuseConsultOf(in.Call, in.Agent)
	if r == nil && c.customer == nil {
		return refusal(RefusedState, "call", "the customer has left")
	}
	return r
}

func (in ToggleConsult) apply(s *Shard) { s.toggle(s.st.Calls[in.Call], in.Actor) }

// toggle takes the primary from the consultant to the customer, or back.
func (s *Shard) toggle(c *call, actor string) {
	s.passPhase(c)
	k := c.consult()
	k.WithCustomer = !k.WithCustomer
	to := "consultant"
	if k.WithCustomer {
		to = "customer"
	}
	s.touch(c)
	s.tellCall(c, Entry{Kind: EntryConsultToggled, Agent: c.Primary, Reason: to, Actor: actor})
	s.setMix(c)
}
