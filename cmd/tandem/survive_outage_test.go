package main

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// TestConnectionCut cuts events and orders off for ten seconds (Q11).
func TestConnectionCut(t *testing.T) {
	onEach(t, connectionCut)
}

func connectionCut(t *testing.T, on brand) {
	k := newScene(newStack(t, production, 6, on))
	mend := time.After(10 * time.Second)
	k.switches[0].link.Cut()
	after := k.apart()
	<-mend
	k.switches[0].link.Mend()
	k.resumed()
	k.nothingIsLost(after)
}

// TestConnectionStalls lets nothing through in either direction, without telling either side: the switch goes on as if Tandem were there, Tandem orders what
// never arrives, until it notices (Q11).
func TestConnectionStalls(t *testing.T) {
	onEach(t, connectionStalls)
}

func connectionStalls(t *testing.T, on brand) {
	k := newScene(newStack(t, production, 6, on))
	k.switches[0].link.Stall()
	after := unseen()
	if k.switches[0].believes != nil {
		after.fallback, after.repairs["adopted"] = false, 1 // who called before the switch had noticed
		k.unnoticed()
	} else {
		after = k.apart()
	}
	_, err := k.board.AwaitEntry(k.soon(), k.mark, "the loss to be noticed", func(e client.Entry) bool { return e.Kind == core.EntryEngineDown })
	require.NoError(t, err)
	k.switches[0].link.Mend()
	k.resumed()
	after.missed = true // as far as Tandem knew, the switch was there when the ring time ran out
	after.told = true
	k.nothingIsLost(after)
}

// TestTandemVanishes: Tandem is gone without a word, as with its machine. The switch notices it by Tandem's silence; who calls then, from outside or from a desk, is served by the dialplan, until
// Tandem is back (N17).
func TestTandemVanishes(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, production, 1, on)
		s.addQueue("sales", salesNumber, 0, nil)
		s.connects(salesNumber, s.desks[0]).caller.hangUp()
		x, stands, mark := s.switches[0], time.Now(), len(s.board.State().Entries)
		if x.patience != nil {
			x.patience(2) // as everywhere but in tests
		}
		x.link.Stall()
		if x.forgets != nil {
			require.NoError(t, x.forgets(s.soon()))
			t.Logf("the switch has noticed after %s", time.Since(stands).Round(time.Millisecond))
		}
		outside := s.dial(salesNumber)
		desk, err := s.desks[0].phone.Dial(s.soon(), salesNumber, softphone.CallOptions{})
		require.NoError(t, err)
		for who, c := range map[string]*softphone.Call{"from outside": outside.Call, "from a desk": desk} {
			end, err := c.AwaitEnd(s.soon())
			require.NoError(t, err)
			require.Equal(t, softphone.Refused, end.Kind, who)
			require.Equal(t, 503, end.Code, who)
		}
		_, err = s.board.AwaitEntry(s.soon(), mark, "the loss to be noticed", func(e client.Entry) bool { return e.Kind == core.EntryEngineDown })
		require.NoError(t, err)
		x.link.Mend()
		s.linked(stands)
		if x.patience != nil {
			x.patience(60)
		}
		served := s.connects(salesNumber, s.desks[0])
		served.unbroken()
		served.caller.hangUp()
		s.emptied()
	})
}

// TestPostgresAway takes the database away in a busy moment: nothing is decided meanwhile, and nothing is missed (Q11).
func TestPostgresAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		how  func(*dbtest.PostgresServer)
	}{
		{"stopped", (*dbtest.PostgresServer).Stop},
		{"killed", (*dbtest.PostgresServer).Kill},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			postgres := dbtest.StartPostgres(t, true)
			s := newStack(t, variant{name: "postgres", env: func(t *testing.T) map[string]string {
				return map[string]string{"TANDEM_DB": postgres.NewDatabase(t, "tandem"), "TANDEM_REDIS": dbtest.StartRedis(t).URL()}
			}}, 6, onAsterisk)
			s.expected = []string{"level=ERROR"} // and rightly so
			k := newScene(s)
			c.how(postgres)
			k.unnoticed()
			require.NoError(t, postgres.Start())
			k.awaitReady()
			k.nothingIsLost(aftermath{gone: core.CallAbandoned, missed: true, repairs: map[string]float64{}})
		})
	}
}

// TestRedisLost takes the jobs' queue away with all that is in it. Calls do not notice; what is to be done after them is done when it is back, because the
// database knows of it (C15, R2).
func TestRedisLost(t *testing.T) {
	t.Parallel()
	redis := dbtest.StartRedis(t)
	s := newStack(t, variant{name: "redis", env: func(t *testing.T) map[string]string {
		return map[string]string{"TANDEM_DB": dbtest.PostgresURL(t), "TANDEM_REDIS": redis.URL()}
	}}, 2, onAsterisk)
	s.expected = []string{"level=ERROR"}
	s.addQueue("sales", salesNumber, 0, nil)
	s.addQueue("taped", tapedNumber, 0, map[string]any{"record": true})
	taped := s.connects(tapedNumber, s.desks[0])
	taped.caller.awaits("to be recorded", func(v core.CallView) bool { return v.Recording != nil && v.Recording.State == core.RecordingOn })
	require.NoError(t, redis.Flush())
	redis.Kill()
	for _, tone := range []float64{toneDuring, toneAfter} {
		taped.caller.Say(softphone.ToneVoice(tone))
		require.NoError(t, taped.call.Hears(s.soon(), tone))
	}
	taped.caller.hangUp()
	s.is(taped.desk, core.Available)
	s.set(taped.desk, core.Idle)
	other := s.connects(salesNumber, s.desks[1])
	other.unbroken()
	other.caller.hangUp()
	s.emptied()
	require.NoError(t, redis.Start())
	s.isWhole(taped)
	s.eventually("the records", func() bool { return len(s.records()) == 2 })
	for _, c := range s.records() {
		require.Equal(t, core.CallAnswered, c.Outcome)
	}
	s.mended(map[string]float64{})
}

// TestSwitchRestarted ends the switch itself. Its calls are lost, and closed as what they are; every agent can be called again within five seconds, by the
// same registrations (Q11).
func TestSwitchRestarted(t *testing.T) {
	onEachAlone(t, switchRestarted)
}

func switchRestarted(t *testing.T, on brand) {
	for _, c := range []struct {
		name string
		kill bool
	}{{"in good order", false}, {"killed", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newScene(newStack(t, production, 6, on))
			if c.kill {
				k.switches[0].Kill()
			}
			require.NoError(t, k.switches[0].Restart(k.soon()))
			back := time.Now()
			k.resumed()
			k.patience(60)
			for _, d := range k.desks {
				k.set(d, core.Available)
				d.next.SkipToEnd()
			}
			if a := k.board.State().Agents[k.wrapping.agent]; a.State == core.WrapUp {
				require.Equal(t, k.wrapUp.Until, a.WrapUp.Until, "the wrap-up is owed as before")
				require.NoError(t, k.api.Post(k.soon(), "/api/v1/agents/"+string(k.wrapping.agent)+"/wrap-up", map[string]string{"reason": "sale"}, nil))
			}
			for _, d := range k.desks {
				k.takesCalls(d)
			}
			usable := time.Since(back)
			t.Logf("every agent is usable %s after the switch was back", usable.Round(time.Millisecond))
			assert.Less(t, usable, 5*time.Second)

			// The old calls are on record.
			lost := append(slices.Clone(k.waiting), k.long.caller, k.brief.caller)
			talked := []*caller{k.held.caller, k.taped.caller, k.plain.caller}
			k.eventually("the records", func() bool { return len(k.records()) == len(lost)+len(talked)+1 })
			records := k.records()
			for _, c := range lost {
				assert.Equal(t, core.CallLost, records[c.number].Outcome)
				assert.Equal(t, core.CauseEngine, records[c.number].Cause.Code)
			}
			for _, c := range talked {
				// A switch that is stopped ends one leg after the other. Where the agent's goes first, the customer waits again when theirs goes.
				assert.Contains(t, []core.CallOutcome{core.CallAnswered, core.CallLost}, records[c.number].Outcome)
				assert.Equal(t, core.CauseEngine, records[c.number].Cause.Code)
			}
			require.Equal(t, core.CauseNormal, records[k.done.number].Cause.Code)
			// A call is over when its recording is: a switch that is still starting may be asked about that for a second.
			_, err := k.board.Await(k.soon(), "all calls to be over", func(st client.State) bool { return len(st.Calls) == 0 })
			require.NoError(t, err)
			contacts, err := k.switches[0].Contacts(k.soon())
			require.NoError(t, err)
			require.Len(t, contacts, len(k.desks), "the phones are still registered")

			// The phones notice that their calls are gone when they hang up: nobody knows of them.
			for _, p := range append([]*softphone.Phone{k.switches[0].trunk}, phonesOf(k.desks)...) {
				for _, c := range p.Calls() {
					_ = c.HangUp(k.soon()) // refused with 481
				}
			}
			// Every agent gets a call.
			callers := map[string]*caller{}
			for range k.desks {
				c := k.dial(salesNumber)
				callers[c.number] = c
			}
			for _, d := range k.desks {
				at := k.takes(d)
				c := callers[at.Invite.From]
				require.NotNil(t, c, "%s got a call from %q", d.agent, at.Invite.From)
				k.talks(c, d, at)
				c.hangUp()
			}
			k.emptied()
			k.keeps(k.taped.id)
		})
	}
}

func phonesOf(desks []*seat) (out []*softphone.Phone) {
	for _, d := range desks {
		out = append(out, d.phone)
	}
	return out
}

// keeps waits until it is settled what becomes of a recording that was cut off. What there is of it is not thrown away: it is archived, or where the switch died
// before it had finished the file, still on the switch and to be archived.
func (s *stack) keeps(call core.CallID) {
	s.t.Helper()
	type item struct{ ID, State, Error string }
	var page struct{ Items []item }
	s.eventually("the recording to be settled", func() bool {
		require.NoError(s.t, s.api.Get(s.soon(), "/api/v1/recordings?call="+url.QueryEscape(string(call)), &page))
		// There may be a second one: a recording that ends in mid-call is begun anew, here on a switch that is going down.
		return slices.ContainsFunc(page.Items, func(r item) bool { return r.State == "archived" }) ||
			len(page.Items) == 1 && page.Items[0].State == "pending" && len(s.spooled()) == 1 // one that is being archived may have left the switch by now
	})
	s.t.Logf("the recording that was cut off: %v", page.Items)
}
