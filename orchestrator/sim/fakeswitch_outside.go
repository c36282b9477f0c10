package sim

import (
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Answering is what a phone does with an invitation.
type Answering uint8

// The ways of dealing with an invitation.
const (
	RingOn        Answering = iota // ring until somebody does something
	TakeCall                       // answer
	Decline                        // 603
	SayBusy                        // 486
	Redirect                       // 302, which the switch does not follow
	Unavailable                    // 480
	StaySilent                     // respond with nothing at all, as if the network had swallowed the invitation
	NotAcceptable                  // 488
)

// Response says what a phone does with an invitation, and how long after it began to ring. Without delay the phone does not ring first.
type Response struct {
	Do    Answering
	After time.Duration
}

// Outside is the world around a switch, told of what its callers and phones notice. Its methods may call the switch's methods for callers and phones.
type Outside interface {
	// Invited asks what a phone does with an invitation. was is what PhoneReacts has set.
	Invited(now time.Time, phone string, leg core.LegID, was Response) Response
	// Connected tells that a leg was answered, by the phone or by us.
	Connected(now time.Time, leg core.LegID)
	// Ended tells a leg's party that the call is over, for the reason that the switch gives.
	Ended(now time.Time, leg core.LegID, cause core.Cause)
}

// phone is a desk phone, or a number behind a trunk.
type phone struct {
	name       string
	outside    bool // behind a trunk: no registration needed
	registered bool
	unplugged  bool // off the network; registered shows whether the switch has noticed
	plugMark   uint32
	told       reach // what the adapter has reported last
	response   Response
	legs       []*leg // oldest first
	invited    int
	reportedAt int64 // when its latest PhoneChanged is reported
}

// reach is what has been told about a phone.
type reach uint8

const (
	neverTold reach = iota
	unreachable
	reachable
)

func reachability(ok bool) reach {
	if ok {
		return reachable
	}
	return unreachable
}

func (p *phone) drop(l *leg) {
	for i, have := range p.legs {
		if have == l {
			p.legs = append(p.legs[:i], p.legs[i+1:]...)
			return
		}
	}
}

// ringing is the oldest leg that rings.
func (p *phone) ringing() *leg {
	for _, l := range p.legs {
		if l.phase == legRinging && !l.deaf {
			return l
		}
	}
	return nil
}

// talking is the oldest leg that is answered.
func (p *phone) talking() *leg {
	for _, l := range p.legs {
		if l.phase == legUp && !l.deaf {
			return l
		}
	}
	return nil
}

func (s *Switch) phone(name string) *phone {
	p := s.phones[name]
	if p == nil {
		p = &phone{name: name}
		s.phones[name] = p
	}
	return p
}

// address finds the far end of a Dial. A phone nobody has ever registered is none.
func (s *Switch) address(to core.Address) *phone {
	if to.Phone != "" {
		if p := s.phones[to.Phone]; p != nil && p.registered {
			return p
		}
		return nil
	}
	p := s.phone(to.Number)
	p.outside = true
	return p
}

// CallerDials makes a leg appear: somebody outside calls the number to. The id is "" if the switch is full.
func (s *Switch) CallerDials(now time.Time, from, name, to string) core.LegID {
	if s.full() {
		return ""
	}
	l := &leg{id: s.newLegID(), from: from, name: name, to: to}
	s.legs[l.id] = l
	s.report(now, l, core.LegAppeared{Engine: s.id, Leg: l.id, From: from, Name: name, To: to})
	return l.id
}

// PartyHangsUp ends a leg from its far end: a caller, or a phone, answered or (by a caller) not.
func (s *Switch) PartyHangsUp(now time.Time, leg core.LegID) bool {
	l := s.legs[leg]
	if l == nil || l.deaf {
		return false
	}
	s.end(now, l, core.Cause{Code: core.CauseNormal, By: core.ByThem, Q850: 16})
	return true
}

// PartyPresses sends digits from a leg's far end. Digits follow, in order.
func (s *Switch) PartyPresses(now time.Time, leg core.LegID, digits string) bool {
	l := s.legs[leg]
	if l == nil || l.deaf || l.phase != legUp {
		return false
	}
	for i := range digits {
		s.report(now, l, core.Digit{Leg: l.id, Digit: digits[i : i+1]})
	}
	return true
}

// PartyVanishes drops a leg's far end off the network: nothing comes from it any more. The switch notices after Quirks.MediaTimeout.
func (s *Switch) PartyVanishes(now time.Time, leg core.LegID) bool {
	l := s.legs[leg]
	if l == nil || l.deaf {
		return false
	}
	l.deaf = true
	s.heardChanged(now, l.mix)
	if l.phase == legUp && s.quirks.MediaTimeout > 0 {
		s.queue.push(happening{at: now.UnixNano() + int64(s.quirks.MediaTimeout), kind: happenMediaOut, leg: l})
	}
	return true
}

// PhoneRegistered registers a phone, or plugs it in again. PhoneChanged follows if it could not be reached before.
func (s *Switch) PhoneRegistered(now time.Time, name string) {
	p := s.phone(name)
	p.unplugged = false
	p.plugMark++
	if !p.registered {
		p.registered = true
		s.report(now, nil, core.PhoneChanged{Engine: s.id, Phone: name, Reachable: true})
	}
}

// PhoneUnregistered takes a phone's registration back. What it is doing goes on. PhoneChanged follows.
func (s *Switch) PhoneUnregistered(now time.Time, name string) {
	if p := s.phones[name]; p != nil && p.registered {
		p.registered = false
		p.plugMark++
		s.report(now, nil, core.PhoneChanged{Engine: s.id, Phone: name})
	}
}

// PhoneUnplugged drops a phone off the network without a word, with all that it is doing. The switch finds out after Quirks.PhoneTimeout.
func (s *Switch) PhoneUnplugged(now time.Time, name string) {
	p := s.phone(name)
	if p.unplugged {
		return
	}
	p.unplugged = true
	p.plugMark++
	for _, l := range p.legs {
		s.PartyVanishes(now, l.id)
	}
	if s.quirks.PhoneTimeout > 0 {
		s.queue.push(happening{at: now.UnixNano() + int64(s.quirks.PhoneTimeout), kind: happenLost, phone: p, mark: p.plugMark})
	}
}

// phoneLost is the switch finding out that a phone is off the network.
func (s *Switch) phoneLost(now time.Time, p *phone, mark uint32) {
	if p.plugMark == mark && p.unplugged && p.registered {
		p.registered = false
		s.report(now, nil, core.PhoneChanged{Engine: s.id, Phone: p.name})
	}
}

// PhoneReacts sets what a phone, or an outside number, does with invitations from now on. Without it a phone rings on.
func (s *Switch) PhoneReacts(name string, r Response) { s.phone(name).response = r }

// PhoneAnswers takes the oldest ringing call of a phone, if there is one.
func (s *Switch) PhoneAnswers(now time.Time, name string) bool {
	return s.PhoneDoes(now, name, TakeCall)
}

// PhoneDeclines turns the oldest ringing call of a phone down, if there is one.
func (s *Switch) PhoneDeclines(now time.Time, name string) bool {
	return s.PhoneDoes(now, name, Decline)
}

// PhoneDoes does something with the oldest ringing call of a phone, if there is one.
func (s *Switch) PhoneDoes(now time.Time, name string, do Answering) bool {
	p := s.phones[name]
	if p == nil || p.unplugged {
		return false
	}
	l := p.ringing()
	if l == nil {
		return false
	}
	s.react(now, l, do)
	return true
}

// PhoneHangsUp ends the oldest answered call of a phone, if there is one.
func (s *Switch) PhoneHangsUp(now time.Time, name string) bool {
	p := s.phones[name]
	if p == nil || p.unplugged {
		return false
	}
	l := p.talking()
	return l != nil && s.PartyHangsUp(now, l.id)
}

// PhoneHolds presses a phone's hold key (on) or releases it, for its oldest answered call. Held follows.
func (s *Switch) PhoneHolds(now time.Time, name string, on bool) bool {
	p := s.phones[name]
	if p == nil || p.unplugged {
		return false
	}
	l := p.talking()
	if l == nil || l.heldByKey == on {
		return false
	}
	l.heldByKey = on
	s.report(now, l, core.Held{Leg: l.id, On: on})
	s.heardChanged(now, l.mix)
	return true
}

// PhoneLegs lists the legs at a phone, oldest first.
func (s *Switch) PhoneLegs(name string) []core.LegID {
	p := s.phones[name]
	if p == nil {
		return nil
	}
	ids := make([]core.LegID, len(p.legs))
	for i, l := range p.legs {
		ids[i] = l.id
	}
	return ids
}

// PhoneRinging is the oldest leg that rings at a phone, if there is one.
func (s *Switch) PhoneRinging(name string) (core.LegID, bool) {
	if p := s.phones[name]; p != nil {
		if l := p.ringing(); l != nil {
			return l.id, true
		}
	}
	return "", false
}

// PhoneInvited is how many invitations have reached a phone so far.
func (s *Switch) PhoneInvited(name string) int {
	if p := s.phones[name]; p != nil {
		return p.invited
	}
	return 0
}

// invite is a dialled phone hearing of the call.
func (s *Switch) invite(now time.Time, l *leg) {
	p := l.phone
	if p.unplugged {
		l.deaf = true
		s.awaitSilence(now, l)
		return
	}
	p.invited++
	r := p.response
	if l.dial.AutoAnswer && r.Do == RingOn {
		r.Do = TakeCall
	}
	if s.out != nil {
		r = s.out.Invited(now, p.name, l.id, r)
	}
	switch {
	case r.Do == StaySilent:
		l.deaf = true
		s.awaitSilence(now, l)
		return
	case r.Do != RingOn && r.After <= 0:
		s.react(now, l, r.Do)
		return
	}
	l.phase, l.rang = legRinging, true
	s.report(now, l, core.LegRinging{Leg: l.id})
	if r.Do != RingOn {
		s.queue.push(happening{at: now.UnixNano() + int64(r.After), kind: happenReact, leg: l, mark: uint32(r.Do)})
	}
}

func (s *Switch) awaitSilence(now time.Time, l *leg) {
	if s.quirks.NoResponse > 0 {
		s.queue.push(happening{at: now.UnixNano() + int64(s.quirks.NoResponse), kind: happenSilence, leg: l})
	}
}

// react is a phone's final response to an invitation.
func (s *Switch) react(now time.Time, l *leg, do Answering) {
	switch do {
	case RingOn:
	case TakeCall:
		s.take(now, l)
	case Decline:
		s.end(now, l, core.Cause{Code: core.CauseDeclined, By: core.ByThem, Q850: 21, SIP: 603})
	case SayBusy:
		s.end(now, l, core.Cause{Code: core.CauseBusy, By: core.ByThem, Q850: 17, SIP: 486})
	case Redirect:
		s.end(now, l, core.Cause{Code: core.CauseRedirected, By: core.ByThem, SIP: 302})
	case Unavailable:
		c := unanswered(l)
		c.By, c.Q850, c.SIP = core.ByThem, 19, 480
		s.end(now, l, c)
	case NotAcceptable:
		s.end(now, l, core.Cause{Code: core.CauseRejected, By: core.ByThem, Q850: 58, SIP: 488})
	case StaySilent:
		s.PartyVanishes(now, l.id)
	}
}
