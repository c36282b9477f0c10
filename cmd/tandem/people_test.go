package main

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// seat is an agent with a phone.
type seat struct {
	agent core.AgentID
	at    *exchange // where the phone is registered
	phone *softphone.Phone
	next  *softphone.Cursor // walks over the calls that come in
	tone  float64
}

// set asks for an agent's state.
func (s *stack) set(d *seat, state core.AgentState) {
	s.t.Helper()
	in := map[string]string{"state": string(state)}
	if state == core.Idle {
		in["reason"] = "desk work"
	}
	s.post("/api/v1/agents/"+string(d.agent)+"/state", in)
}

// is waits until an agent is in a state.
func (s *stack) is(d *seat, state core.AgentState) core.AgentView {
	s.t.Helper()
	st, err := s.board.Await(s.soon(), fmt.Sprintf("%s to be %s", d.agent, state), func(st client.State) bool { return st.Agents[d.agent].State == state })
	require.NoError(s.t, err)
	return st.Agents[d.agent]
}

// takesCalls waits until an agent is available, and the pause is over for which they get no calls after one that failed on its way to them (Q4).
func (s *stack) takesCalls(d *seat) {
	s.t.Helper()
	_, err := s.board.Await(s.soon(), fmt.Sprintf("%s to take calls", d.agent), func(st client.State) bool {
		a := st.Agents[d.agent]
		return a.State == core.Available && a.PausedTill.IsZero()
	})
	require.NoError(s.t, err)
}

// caller is a customer who called.
type caller struct {
	*softphone.Call
	s      *stack
	number string
	tone   float64
}

// dial makes the next customer call a number. Each has a number and a tone of their own.
func (s *stack) dial(to string) *caller {
	s.t.Helper()
	return s.dialIn(s.switches[0], to)
}

// dialIn makes the next customer call a number at one of several switches.
func (s *stack) dialIn(at *exchange, to string) *caller {
	s.t.Helper()
	c := &caller{s: s, number: fmt.Sprintf("+4917000%03d", s.callers), tone: softphone.Tone(len(s.desks) + s.callers)}
	s.callers++
	voice := softphone.ToneVoice(c.tone)
	var err error
	c.Call, err = at.trunk.Dial(s.soon(), to, softphone.CallOptions{From: c.number, Voice: &voice})
	require.NoError(s.t, err)
	return c
}

// is waits until the customer's call is in a phase.
func (c *caller) is(phase core.CallPhase) core.CallView {
	c.s.t.Helper()
	return c.awaits(string(phase), func(v core.CallView) bool { return v.Phase == phase })
}

func (c *caller) awaits(what string, wanted func(core.CallView) bool) core.CallView {
	c.s.t.Helper()
	var found core.CallView
	_, err := c.s.board.Await(c.s.soon(), fmt.Sprintf("the call from %s: %s", c.number, what), func(st client.State) bool {
		for _, v := range st.Calls {
			if v.From == c.number && wanted(v) {
				found = v
				return true
			}
		}
		return false
	})
	require.NoError(c.s.t, err)
	return found
}

// order asks for something to be done with the customer's call.
func (c *caller) order(call core.CallID, what string) {
	c.s.t.Helper()
	require.NoError(c.s.t, c.s.api.Post(c.s.soon(), "/api/v1/calls/"+string(call)+"/"+what, nil, nil))
}

func (c *caller) hangUp() {
	c.s.t.Helper()
	require.NoError(c.s.t, c.HangUp(c.s.soon()))
}

// rings waits for the next call that comes in at a desk.
func (s *stack) rings(d *seat) *softphone.Call {
	s.t.Helper()
	e, err := d.next.Await(s.soon(), softphone.Is(softphone.Invited))
	require.NoError(s.t, err, "%s's phone", d.agent)
	return e.Call
}

// takes waits for the next call that comes in at a desk, and answers it.
func (s *stack) takes(d *seat) *softphone.Call {
	s.t.Helper()
	c := s.rings(d)
	s.answers(c)
	return c
}

func (s *stack) answers(c *softphone.Call) {
	s.t.Helper()
	require.NoError(s.t, c.Answer())
	_, err := c.Await(s.soon(), softphone.Is(softphone.Acknowledged))
	require.NoError(s.t, err)
}

// talk is a conversation, with when it began.
type talk struct {
	caller *caller
	desk   *seat
	call   *softphone.Call // at the desk
	id     core.CallID
	since  time.Time
}

// connects makes a customer call to and an agent take the call. Nobody else may be waiting, or the agent would get them first.
func (s *stack) connects(to string, d *seat) *talk {
	s.t.Helper()
	c := s.dial(to)
	c.is(core.Waiting)
	s.set(d, core.Available)
	return s.talks(c, d, s.takes(d))
}

// talks waits until a customer and an agent hear each other, and nobody else.
func (s *stack) talks(c *caller, d *seat, at *softphone.Call) *talk {
	s.t.Helper()
	require.NoError(s.t, c.Hears(s.soon(), d.tone), "the customer")
	require.NoError(s.t, at.Hears(s.soon(), c.tone), "the agent")
	since := time.Now()
	return &talk{caller: c, desk: d, call: at, id: c.is(core.Talking).ID, since: since}
}

// unbroken holds that the two have heard each other all the time since the conversation began.
func (k *talk) unbroken() {
	k.caller.s.t.Helper()
	k.caller.s.heard("the customer", k.caller.Call, k.desk.tone, k.since)
	k.caller.s.heard("the agent", k.call, k.caller.tone, k.since)
}
