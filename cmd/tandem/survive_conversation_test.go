package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// TestKillNineInConversations kills Tandem during a consult, a conference of four and a transfer whose target is ringing, and starts it again: nobody was dropped, whoever
// talked talked on, and every control does what it would have done (Q11, C7, C9, C11, C12).
func TestKillNineInConversations(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, embedded, len(cast), on)
		for i, number := range []string{"+4930300", "+4930301", "+4930302"} { // one queue for each conversation, with one agent
			first := []string{"anna", "cem", "finn"}[i]
			d := (&conversation{stack: s}).desk(first)
			s.addQueue(first+"-queue", number, 0, map[string]any{"ring_time": 120, "members": []map[string]any{{"agent": d.agent}}})
		}
		begin := func(first, number string) *conversation {
			v := &conversation{stack: s, at: map[string]*softphone.Call{}}
			v.beginsWith(first, number)
			return v
		}
		consult, conference, transfer := begin("anna", "+4930300"), begin("cem", "+4930301"), begin("finn", "+4930302")
		consult.available("bob")
		consult.consults("anna", "bob")
		conference.available("dora", "eva")
		conference.merges("cem", "dora")
		conference.merges("cem", "eva")
		transfer.available("gina")
		transfer.does("finn", "transfer", "to", transfer.agent("gina"))
		transfer.gone("finn")
		ringing := transfer.rings(transfer.desk("gina"))
		require.NoError(t, ringing.Ring())
		all := func() {
			t.Helper()
			consult.hear("customer: music", "anna: bob", "bob: anna")
			conference.hear("customer: cem dora eva", "cem: customer dora eva", "dora: customer cem eva", "eva: customer cem dora")
			transfer.hear("customer: music")
		}
		all()
		since := time.Now()
		s.proc.kill9()
		all() // the switch goes on by itself
		s.proc.start()
		s.linked(since)
		require.Len(t, s.board.State().Calls, 3)
		all()
		for _, pair := range [][2]string{{"anna", "bob"}, {"bob", "anna"}} {
			s.heard(pair[0], consult.at[pair[0]], consult.tones([]string{pair[1]})[0], since)
		}
		for _, who := range []string{"customer", "cem", "dora", "eva"} {
			for _, other := range []string{"customer", "cem", "dora", "eva"} {
				if who != other {
					s.heard(who, conference.at[who], conference.tones([]string{other})[0], since)
				}
			}
		}
		// Everything can be finished as if nothing had been.
		consult.does("anna", "consult/transfer")
		consult.gone("anna")
		consult.hear("customer: bob", "bob: customer")
		require.Equal(t, consult.desk("bob").agent, consult.owner("bob").Primary)
		conference.does("cem", "leave")
		conference.gone("cem")
		conference.hear("customer: dora eva", "dora: customer eva", "eva: customer dora")
		conference.owner("dora")
		transfer.at["gina"] = ringing
		transfer.answers(ringing)
		transfer.hear("customer: gina", "gina: customer")
		transfer.owner("gina")
		for _, v := range []*conversation{consult, conference, transfer} {
			for name, c := range v.at {
				if strings.HasPrefix(name, "customer") {
					require.NoError(t, c.HangUp(s.soon()))
					delete(v.at, name)
				}
			}
		}
		conference.hear("dora: eva", "eva: dora") // they talk on when the customer has gone
		conference.hangsUp("eva")
		consult.gone("bob")
		conference.gone("dora")
		transfer.gone("gina")
		_, err := s.board.Await(s.soon(), "all calls to be over", func(st client.State) bool { return len(st.Calls) == 0 })
		require.NoError(t, err)
		s.emptied()
	})
}
