package core

import "time"

// Control is something that an agent can do in a call right now, by the name that the API and the desktop know it.
type Control string

// The controls.
const (
	ControlHold        Control = "hold"              // HoldCall
	ControlResume      Control = "resume"            // ResumeCall
	ControlMute        Control = "mute"              // MuteAgent on
	ControlUnmute      Control = "unmute"            // MuteAgent off
	ControlDigits      Control = "digits"            // PressDigits
	ControlConsult     Control = "consult"           // StartConsult
	ControlEndConsult  Control = "end_consult"       // EndConsult
	ControlToggle      Control = "toggle"            // ToggleConsult
	ControlTransfer    Control = "transfer"          // TransferCall: blind
	ControlComplete    Control = "complete_transfer" // CompleteTransfer
	ControlMerge       Control = "merge"             // MergeConsult
	ControlLeave       Control = "leave"             // LeaveCall
	ControlParticipant Control = "participants"      // HoldParticipant, DropParticipant
	ControlPause       Control = "pause_recording"   // PauseRecordingOf
	ControlUnpause     Control = "resume_recording"  // ResumeRecordingOf
	ControlDiscard     Control = "discard_recording" // DiscardRecordingOf
	ControlEnd         Control = "end"               // EndCall
	ControlExtend      Control = "extend"            // ExtendWrapUp: of a wrap-up, not of a call
)

// Controls lists what an agent can do in a call now. It asks the very rules that an intent is asked, so that no client has to guess, and none guesses wrong.
func (s *Shard) Controls(id CallID, agent AgentID) []Control {
	var out []Control
	add := func(c Control, r *Refusal) {
		if r == nil {
			out = append(out, c)
		}
	}
	of := func(_ *call, r *Refusal) *Refusal { return r }
	add(ControlHold, HoldCall{Call: id, Agent: agent}.refuse(s))
	add(ControlResume, ResumeCall{Call: id, Agent: agent}.refuse(s))
	add(ControlMute, MuteAgent{Call: id, Agent: agent, On: true}.refuse(s))
	add(ControlUnmute, MuteAgent{Call: id, Agent: agent}.refuse(s))
	add(ControlDigits, PressDigits{Call: id, Agent: agent, Digits: "1"}.refuse(s))
	add(ControlConsult, of(s.refuseStart(id, agent)))
	add(ControlEndConsult, EndConsult{Call: id, Agent: agent}.refuse(s))
	add(ControlToggle, ToggleConsult{Call: id, Agent: agent}.refuse(s))
	add(ControlTransfer, of(s.refuseBlind(id, agent)))
	add(ControlComplete, CompleteTransfer{Call: id, Agent: agent}.refuse(s))
	add(ControlMerge, MergeConsult{Call: id, Agent: agent}.refuse(s))
	add(ControlLeave, LeaveCall{Call: id, Agent: agent}.refuse(s))
	if c := s.st.Calls[id]; c != nil && len(c.party()) > 0 {
		_, _, r := s.participant(id, agent, c.party()[0].Leg)
		add(ControlParticipant, r)
	}
	add(ControlPause, PauseRecordingOf{Call: id, Agent: agent}.refuse(s))
	add(ControlUnpause, ResumeRecordingOf{Call: id, Agent: agent}.refuse(s))
	add(ControlDiscard, DiscardRecordingOf{Call: id, Agent: agent}.refuse(s))
	add(ControlEnd, EndCall{Call: id, Agent: agent}.refuse(s))
	return out
}

// Withheld is a control that an agent does not have now, with the reason.
type Withheld struct {
	Control Control     `json:"control"`
	Code    RefusalCode `json:"code"`
	Text    string      `json:"message"`
}

// withheld lists those controls whose absence an agent would wonder about. Whether a recording may be discarded is a setting: nobody sees it by looking at the call.
func (s *Shard) withheld(id CallID, agent AgentID) []Withheld {
	if r := (DiscardRecordingOf{Call: id, Agent: agent}).refuse(s); r != nil {
		return []Withheld{{Control: ControlDiscard, Code: r.Code, Text: r.Text}}
	}
	return nil
}

// ParticipantView is somebody in a conversation, or being asked to join it, as readers see it.
type ParticipantView struct {
	Leg      LegID           `json:"leg"`
	Role     ParticipantRole `json:"role"`
	Agent    AgentID         `json:"agent,omitempty"`
	Number   string          `json:"number,omitempty"` // of customers and of parties outside, masked as agents may see it
	Primary  bool            `json:"primary"`
	Ringing  bool            `json:"ringing"`
	Held     bool            `json:"held"`
	Muted    bool            `json:"muted"`
	Controls []Control       `json:"controls,omitempty"` // of an agent, now
	Withheld []Withheld      `json:"withheld,omitempty"` // of an agent: controls that are not among them, and why
}

// ParticipantRole says who a participant is to the call.
type ParticipantRole string

// The roles of participants.
const (
	RoleCustomer   ParticipantRole = "customer"
	RoleAgent      ParticipantRole = "agent"
	RoleConsultant ParticipantRole = "consultant" // aside, with the primary only
	RoleOutside    ParticipantRole = "outside"
)

// ConsultView is a consult that is going on.
type ConsultView struct {
	To           Target      `json:"to"`
	Ringing      []AgentID   `json:"ringing,omitempty"` // whose phones ring for it
	Offers       []OfferView `json:"offers,omitempty"`  // the same, with their times
	Agent        AgentID     `json:"agent,omitempty"`   // who has answered
	Since        time.Time   `json:"since"`
	Until        time.Time   `json:"until,omitzero"`      // a number is rung no longer than that
	RingingAt    time.Time   `json:"ringing_at,omitzero"` // since when the first phone, or the number, has been ringing
	Answered     bool        `json:"answered"`
	AnsweredAt   time.Time   `json:"answered_at,omitzero"`
	WithCustomer bool        `json:"with_customer"` // the primary has toggled to the customer
	GoOn         bool        `json:"go_on"`         // the conference goes on with the customer meanwhile
	Joins        bool        `json:"joins"`         // the number joins the conference as soon as it answers
}

// participants lists who is in a conversation: customer, primary, the others as they joined, and who is consulted.
func (s *Shard) participants(c *call) []ParticipantView {
	switch c.Phase {
	case Talking, PostCall, Outside:
	case Routing, Waiting, Closing, Ended:
		return nil
	}
	var out []ParticipantView
	if c.customer != nil {
		out = append(out, ParticipantView{Leg: c.Customer, Role: RoleCustomer, Number: s.shownNumber(c), Held: c.customerHeld()})
	}
	if c.Primary != "" {
		out = append(out, ParticipantView{Leg: c.AgentLeg, Role: RoleAgent, Agent: c.Primary, Primary: true, Muted: c.Muted})
	}
	for _, p := range c.party() {
		v := ParticipantView{Leg: p.Leg, Role: RoleAgent, Agent: p.Agent, Number: p.Number, Ringing: p.Ringing, Held: p.Held, Muted: p.Muted}
		if p.Agent == "" {
			v.Role = RoleOutside
		}
		out = append(out, v)
	}
	if k := c.consult(); k != nil && k.Leg != "" {
		v := ParticipantView{Leg: k.Leg, Role: RoleConsultant, Agent: k.Agent, Ringing: !k.Answered, Held: k.Answered && k.WithCustomer}
		if k.Agent == "" {
			v.Number = k.To.Number
		}
		out = append(out, v)
	}
	for i := range out {
		if out[i].Agent != "" {
			out[i].Controls = s.Controls(c.ID, out[i].Agent)
			out[i].Withheld = s.withheld(c.ID, out[i].Agent)
		}
	}
	return out
}

// consultView is the consult of a call as readers see it; nil if there is none.
func (s *Shard) consultView(c *call) *ConsultView {
	k := c.consult()
	if k == nil {
		return nil
	}
	v := &ConsultView{
		To: k.To, Agent: k.Agent, Since: k.Since.Time(), Until: k.Until.Time(), RingingAt: k.RingingAt.Time(), Answered: k.Answered, AnsweredAt: k.AnsweredAt.Time(), WithCustomer: k.WithCustomer, GoOn: k.GoOn, Joins: k.Joins,
	}
	if place := s.st.Calls[k.Place]; place != nil {
		for _, o := range place.Offers {
			v.Ringing = append(v.Ringing, o.Agent)
			v.Offers = append(v.Offers, o.view())
		}
	}
	return v
}
