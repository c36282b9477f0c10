package ari

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// floor is a shard with one agent at phone 1002, who is Available, and the adapter's facts stepped into it.
func floor(t *testing.T) (shard *core.Shard, step func(core.Event) core.Outcome) {
	shard = core.New("s", 1)
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	step = func(ev core.Event) core.Outcome {
		at = at.Add(time.Second)
		return shard.Step(at, ev)
	}
	step(core.ConfigChanged{
		Tenants: []core.Tenant{{ID: "acme"}}, Agents: []core.AgentSetup{{ID: "ann", Tenant: "acme", Phone: "1002"}},
		Queues:      []core.Queue{{ID: "sales", Tenant: "acme", RingTime: 20 * time.Second, Members: []core.Membership{{Agent: "ann"}}}},
		EntryPoints: []core.EntryPoint{{ID: "main", Tenant: "acme", Numbers: []string{"4940"}, Queue: "sales"}},
	})
	step(core.SetAgentState{Agent: "ann", State: core.Available})
	return shard, step
}

func dials(out core.Outcome) (n int) {
	for _, e := range out.Effects {
		if _, is := e.Do.(core.Dial); is {
			n++
		}
	}
	return n
}

// EngineUp makes the rules forget which phones are away, so the adapter tells all again: otherwise a phone that is not registered would be rung for the next
// caller, and its agent made Idle for it (Q4).
func TestPhoneThatIsAwayIsNotRungAfterAReconnectQ4(t *testing.T) {
	f := newFake(t)
	f.on("GET /ari/endpoints/PJSIP", text(200, `[{"technology":"PJSIP","resource":"1002","state":"offline"}]`))
	_, got := f.running(t)
	_, step := floor(t)
	step(nextOf[core.EngineUp](t, got))
	step(nextOf[core.PhoneChanged](t, got)) // away
	c := f.socket(t)
	send(t, c, arrival("1.1"))
	require.Zero(t, dials(step(nextOf[core.LegAppeared](t, got))), "before: the caller waits, the phone is not rung")
	send(t, c, ended("1.1"))
	step(nextOf[core.LegHungUp](t, got))

	_ = c.CloseNow()
	step(nextOf[core.EngineDown](t, got))
	step(nextOf[core.EngineUp](t, got))
	send(t, f.socket(t), arrival("1.2"))
	for {
		fact := got.next(t)
		out := step(fact)
		if _, is := fact.(core.LegAppeared); is {
			require.Zero(t, dials(out), "after the reconnect the phone that is not registered is rung")
			return
		}
	}
}

// A busy Asterisk that does not say at once which phones are there is asked again, and calls are taken meanwhile.
func TestPhonesAreAskedForAgainQ4(t *testing.T) {
	f := newFake(t)
	asked, taken := 0, make(chan struct{})
	f.on("GET /ari/endpoints/PJSIP", func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 3 {
			text(503, `{"message":"busy"}`)(w, r)
			return
		}
		select { // meanwhile
		case <-taken:
		case <-r.Context().Done():
		}
		text(200, `[{"technology":"PJSIP","resource":"1002","state":"offline"}]`)(w, r)
	})
	_, got := f.running(t)
	nextOf[core.EngineUp](t, got)
	send(t, f.socket(t), arrival("1.1"))
	require.IsType(t, core.LegAppeared{}, got.next(t))
	close(taken)
	require.Equal(t, core.PhoneChanged{Engine: "a1", Phone: "1002"}, got.next(t))
	require.Equal(t, 3, asked)
}

// An Asterisk for which nothing has been set up yet answers as if it had no SIP at all: it knows no phone, and nothing is wrong.
func TestAnAsteriskWithoutPhonesIsWell(t *testing.T) {
	f := newFake(t)
	f.on("GET /ari/endpoints/PJSIP", text(404, `{"message":"No Endpoints found - invalid tech PJSIP"}`))
	e, err := New(f.config())
	require.NoError(t, err)
	known, err := e.Reachable(t.Context())
	require.NoError(t, err)
	require.Empty(t, known)

	f.on("GET /ari/endpoints/PJSIP", text(404, `<html>Not Found</html>`))
	_, err = e.Reachable(t.Context())
	require.Error(t, err, "that was not ARI")
}

// A phone whose power was off for a minute has not lost its registration. The call that could not reach it makes its agent Idle, who comes back with the phone: that it
// registers anew must be told although it was never told to be away (Q4).
func TestPhoneThatComesBackBringsItsAgentBackQ4(t *testing.T) {
	const limit = `"cause":19`
	for name, ends := range map[string]func(leg core.LegID, e *Engine, step func(core.Event) core.Outcome) (cause string){
		"nobody answers the INVITE, and Asterisk gives up at the dial's limit": func(core.LegID, *Engine, func(core.Event) core.Outcome) string { return limit },
		"it has not rung when its time is over, and we give it up": func(leg core.LegID, e *Engine, step func(core.Event) core.Outcome) string {
			for range 21 {
				step(core.Tick{})
			}
			e.table.legs[leg].asked = core.CauseCancelled // as hang notes it
			return limit
		},
		"it takes no such call": func(leg core.LegID, e *Engine, _ func(core.Event) core.Outcome) string {
			e.table.legs[leg].requested = true
			return `"cause":58,"tech_cause":488`
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := testEngine(t)
			shard, step := floor(t)
			tell := func(frame string) (out core.Outcome) {
				ev, ok, err := decodeEvent([]byte(frame))
				require.NoError(t, err)
				require.True(t, ok)
				for _, f := range e.translate(ev) {
					out = step(f)
				}
				return out
			}
			registered := `{"type":"ContactStatusChange","endpoint":{"technology":"PJSIP","resource":"1002","state":"online","channel_ids":[]},` +
				`"contact_info":{"uri":"sip:1002@10.0.0.2","contact_status":"NonQualified","aor":"1002"}}`
			step(core.EngineUp{Engine: "a1"})
			tell(registered)
			out := tell(arrival("1.1"))
			require.Equal(t, 1, dials(out))
			var leg core.LegID
			for _, x := range out.Effects {
				if d, is := x.Do.(core.Dial); is {
					leg = d.Leg
					e.expect(x.Call, d)
					e.expected(leg, true)
				}
			}
			cause := ends(leg, e, step)
			tell(`{"type":"ChannelDestroyed",` + cause + `,"channel":{"id":"` + string(leg) + `"}}`)
			a, _ := shard.Agent("ann")
			require.Equal(t, core.Idle, a.State)
			require.Equal(t, core.ReasonUnreachable, a.Reason)
			tell(registered) // it has booted
			a, _ = shard.Agent("ann")
			require.Equal(t, core.Reserved, a.State, "the phone is back, its agent still Idle (%s), the caller still waits", a.Reason)
		})
	}
}
