package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// TestConversations plays consults, transfers and conferences with real phones on every kind of switch. Everybody says a tone of their own all the time, and after each
// step everybody's ears are asked: who hears exactly whom, and who hears music.
func TestConversations(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, embedded, len(cast), on)
		s.addQueue("sales", "+4930200", 0, map[string]any{"members": []map[string]any{{"agent": s.desks[0].agent}}})
		s.addQueue("help", "+4930201", 0, map[string]any{"strategy": core.RingAll, "members": []map[string]any{{"agent": s.desks[1].agent}, {"agent": s.desks[2].agent}}})
		s.addQueue("taped", "+4930202", 0, map[string]any{"record": true, "wrap_up": map[string]any{"time": 60}, "members": []map[string]any{{"agent": s.desks[0].agent}}})
		s.addQueue("brief", "+4930203", 0, map[string]any{"ring_time": 12, "members": []map[string]any{{"agent": s.desks[0].agent}}})
		s.addQueue("aside", "+4930204", 0, map[string]any{"record": true, "record_consults": true, "members": []map[string]any{{"agent": s.desks[0].agent}}})
		for _, sc := range conversations {
			if !t.Run(strings.ReplaceAll(sc.name, " ", "_"), func(t *testing.T) {
				v := &conversation{stack: s, at: map[string]*softphone.Call{}}
				was := s.t
				s.t = t
				defer func() { s.t = was }()
				t.Cleanup(func() {
					if t.Failed() {
						v.tellTimeline()
					}
				})
				sc.play(v)
				v.finish()
			}) {
				return // what a failed one leaves behind would fail the others
			}
		}
	})
}

// cast are the names of the agents, in the order of the desks. The customer is called "customer", a second one "other".
var cast = []string{"anna", "bob", "cem", "dora", "eva", "finn", "gina"}

// conversation is one scenario: who has a call with whom, by name.
type conversation struct {
	*stack
	call     core.CallID
	customer *caller
	at       map[string]*softphone.Call // everybody's call, at their own phone
}

func (v *conversation) desk(name string) *seat { return v.desks[slices.Index(cast, name)] }

// begins puts a customer through to anna, over a queue's number.
func (v *conversation) begins(number string) {
	v.t.Helper()
	v.beginsWith("anna", number)
}

// beginsWith puts a customer through to an agent who is alone in a number's queue.
func (v *conversation) beginsWith(name, number string) {
	v.t.Helper()
	k := v.connects(number, v.desk(name))
	v.call, v.customer = k.id, k.caller
	v.at["customer"], v.at[name] = k.caller.Call, k.call
}

// available signs agents in for calls.
func (v *conversation) available(names ...string) {
	v.t.Helper()
	for _, n := range names {
		v.set(v.desk(n), core.Available)
		v.is(v.desk(n), core.Available)
	}
}

// does lets an agent use a control of the call.
func (v *conversation) does(name, what string, with ...any) {
	v.t.Helper()
	require.NoError(v.t, v.try(name, what, with...), "%s: %s", name, what)
}

// cannot holds that a control is refused, with a code.
func (v *conversation) cannot(name, what, code string, with ...any) {
	v.t.Helper()
	err := v.try(name, what, with...)
	require.Error(v.t, err, "%s: %s", name, what)
	require.Contains(v.t, err.Error(), code)
}

func (v *conversation) try(name, what string, with ...any) error {
	body := map[string]any{"agent": v.desk(name).agent}
	for i := 0; i+1 < len(with); i += 2 {
		body[with[i].(string)] = with[i+1] //nolint:errcheck,forcetypeassert // names of fields
	}
	return v.api.Post(v.soon(), "/api/v1/calls/"+string(v.call)+"/"+what, body, nil)
}

func (v *conversation) agent(name string) map[string]any {
	return map[string]any{"agent": v.desk(name).agent}
}

// consults lets one agent consult another, who answers.
func (v *conversation) consults(name, other string, with ...any) {
	v.t.Helper()
	v.does(name, "consult", append([]any{"to", v.agent(other)}, with...)...)
	v.at[other] = v.takes(v.desk(other))
	v.answered(other)
}

// answered waits until Tandem knows that somebody has answered a consult: the phone knows it a little earlier.
func (v *conversation) answered(name string) {
	v.t.Helper()
	v.customer.awaits(name+" to be consulted", func(c core.CallView) bool {
		return c.Consult != nil && c.Consult.Answered && c.Consult.Agent == v.desk(name).agent
	})
}

// merges lets one agent consult another and merge, and waits until both are in the conference.
func (v *conversation) merges(name, other string) {
	v.t.Helper()
	v.consults(name, other)
	v.does(name, "consult/merge")
}

// participant holds or drops somebody in the conference.
func (v *conversation) participant(name, who, what string) {
	v.t.Helper()
	leg := ""
	found := v.customer.awaits(who+" to be in the conference", func(c core.CallView) bool {
		leg = ""
		for _, p := range c.People {
			if who == "customer" && p.Role == core.RoleCustomer || who != "customer" && p.Agent == v.desk(who).agent {
				leg = string(p.Leg)
			}
		}
		return leg != ""
	})
	require.Equal(v.t, v.call, found.ID)
	v.does(name, "participants/"+leg+"/"+what)
}

// hear waits until everybody named hears exactly what is said behind the colon: names, "music", "ringing" or "silence". Nobody else may be in a call.
func (v *conversation) hear(lines ...string) {
	v.t.Helper()
	for _, line := range lines {
		who, what, _ := strings.Cut(line, ": ")
		c := v.at[who]
		require.NotNil(v.t, c, "%s has a call", who)
		var err error
		switch what {
		case "music":
			err = c.Hears(v.soon(), music...)
		case "silence":
			err = c.HearsSilence(v.soon())
		case "ringing":
			err = c.HearsMatching(v.soon(), "ringing", func(h softphone.Heard) bool { return h.Other && len(h.Tones) == 0 })
		default:
			err = c.Hears(v.soon(), v.tones(strings.Fields(what))...)
		}
		require.NoError(v.t, err, "%s should hear %s", who, what)
	}
	for who, c := range v.at {
		if c.State() != softphone.Ended && !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, who+": ") }) {
			require.Fail(v.t, "nobody asks", "%s still has a call", who)
		}
	}
}

func (v *conversation) tones(names []string) []float64 {
	var out []float64
	for _, n := range names {
		if n == "customer" {
			out = append(out, v.customer.tone)
			continue
		}
		out = append(out, v.desk(n).tone)
	}
	slices.Sort(out)
	return out
}

// gone waits until somebody's call has been ended by the other side.
func (v *conversation) gone(names ...string) {
	v.t.Helper()
	for _, n := range names {
		_, err := v.at[n].AwaitEnd(v.soon())
		require.NoError(v.t, err, n)
		delete(v.at, n)
	}
}

// hangsUp lets somebody put the phone down.
func (v *conversation) hangsUp(name string) {
	v.t.Helper()
	require.NoError(v.t, v.at[name].HangUp(v.soon()), name)
	delete(v.at, name)
}

// owner waits until somebody is the call's primary, and the only one.
func (v *conversation) owner(name string) core.CallView {
	v.t.Helper()
	return v.customer.awaits(name+" to be the primary", func(c core.CallView) bool { return c.Primary == v.desk(name).agent })
}

// can holds which controls an agent has at the end of the last step.
func (v *conversation) can(name string, want ...core.Control) {
	v.t.Helper()
	v.customer.awaits(fmt.Sprintf("%s's controls to be %v", name, want), func(c core.CallView) bool {
		for _, p := range c.People {
			if p.Agent == v.desk(name).agent {
				return slices.Equal(p.Controls, want)
			}
		}
		return false
	})
}

// finish ends whatever still goes on, and holds that nobody and nothing is left: phones, agents, the switch.
func (v *conversation) finish() {
	v.t.Helper()
	for name, c := range v.at {
		if c.State() != softphone.Ended {
			require.NoError(v.t, c.HangUp(v.soon()), name)
		}
	}
	_, err := v.board.Await(v.soon(), "the call to be over", func(st client.State) bool { return len(st.Calls) == 0 })
	require.NoError(v.t, err)
	for _, name := range cast {
		d := v.desk(name)
		a, err := v.board.Await(v.soon(), name+" to be free", func(st client.State) bool {
			x := st.Agents[d.agent]
			return x.Call == "" && x.State != core.Reserved && x.State != core.Engaged
		})
		require.NoError(v.t, err)
		if a.Agents[d.agent].WrapUp != nil {
			v.post("/api/v1/agents/"+string(d.agent)+"/wrap-up", map[string]any{"reason": "done"})
		}
		if a.Agents[d.agent].State != core.Idle {
			v.set(d, core.Idle)
			v.is(d, core.Idle)
		}
	}
	v.emptied()
	for _, d := range v.desks {
		d.next.SkipToEnd() // a phone that rang and that the scenario did not look at
	}
}

// tellTimeline logs what happened to the call of a failed scenario.
func (v *conversation) tellTimeline() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var timeline struct {
		Items []map[string]any `json:"items"`
	}
	err := v.api.Get(ctx, "/api/v1/calls/"+string(v.call)+"/timeline", &timeline)
	for _, x := range timeline.Items {
		e, _ := x["entry"].(map[string]any)
		v.t.Logf("%v %v %v %v %v %v", e["at"], e["kind"], e["agent"], e["recording"], e["reason"], e["text"])
	}
	if err != nil {
		v.t.Logf("the timeline of %s: %v", v.call, err)
	}
}

// talkRecord is what the scenarios look at of a call's record.
type talkRecord struct {
	Agents     []core.AgentID     `json:"agents"`
	Recordings []core.RecordingID `json:"recordings"`
	PostCall   float64            `json:"post_call"`
	Owners     []core.Ownership   `json:"owners"`
}

// record waits for the call's record.
func (v *conversation) record() talkRecord {
	v.t.Helper()
	var r talkRecord
	v.eventually("the record", func() bool {
		err := v.api.Get(v.soon(), "/api/v1/call-records/"+string(v.call), &r)
		if !isStatus(err, http.StatusNotFound) {
			require.NoError(v.t, err)
		}
		return err == nil
	})
	return r
}

// archived waits for the two recordings of the call, of its conversation and of its consult, and tells the tones in each.
func (v *conversation) archived() (conversation, consult []float64) {
	v.t.Helper()
	var page struct {
		Items []struct {
			ID, State string
			Consult   bool
		}
	}
	v.eventually("two recordings in the archive", func() bool {
		require.NoError(v.t, v.api.Get(v.soon(), "/api/v1/recordings?call="+url.QueryEscape(string(v.call)), &page))
		return len(page.Items) == 2 && page.Items[0].State == "archived" && page.Items[1].State == "archived"
	})
	require.NotEqual(v.t, page.Items[0].Consult, page.Items[1].Consult, "one of each")
	for _, r := range page.Items {
		audio, err := v.api.Raw(v.soon(), "/api/v1/recordings/"+r.ID+"/audio")
		require.NoError(v.t, err)
		samples, err := softphone.ReadWAV(audio)
		require.NoError(v.t, errors.Join(err, audio.Close()))
		var tones []float64
		for _, span := range softphone.Analyse(samples) {
			tones = append(tones, span.Heard.Tones...)
		}
		if r.Consult {
			consult = tones
		} else {
			conversation = tones
		}
	}
	return conversation, consult
}
