package main

import (
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// conversations are the scenarios of TestConversations.
var conversations = []struct {
	name string
	play func(v *conversation)
}{
	{"C3 C4 C7 consult, toggle, end", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.hear("customer: anna", "anna: customer")
		v.can("anna", "hold", "mute", "digits", "consult", "transfer", "end")
		v.does("anna", "consult", "to", v.agent("bob"))
		v.hear("customer: music", "anna: ringing")
		v.can("anna", "resume", "mute", "end_consult", "toggle")
		v.cannot("anna", "consult/transfer", "wrong_state")
		v.at["bob"] = v.takes(v.desk("bob"))
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.can("anna", "resume", "mute", "digits", "end_consult", "toggle", "complete_transfer", "merge")
		v.can("bob", "leave")
		v.cannot("anna", "end", "customer_held")
		v.does("anna", "consult/toggle")
		v.hear("customer: anna", "anna: customer", "bob: music")
		v.does("anna", "consult/toggle")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.does("anna", "consult/end")
		v.gone("bob")
		v.hear("customer: anna", "anna: customer")
		v.is(v.desk("bob"), core.Available)
		v.does("anna", "end")
		v.gone("customer", "anna")
	}},
	{"C6 the consultant does not answer", func(v *conversation) {
		v.begins("+4930203") // rings for twelve seconds
		v.available("bob")
		v.does("anna", "consult", "to", v.agent("bob"))
		ringing := v.rings(v.desk("bob"))
		require.NoError(v.t, ringing.Ring())
		v.hear("anna: ringing", "customer: music") // what rings has pauses of some seconds
		v.is(v.desk("bob"), core.RONA)
		v.hear("customer: anna", "anna: customer")
		_, err := ringing.AwaitEnd(v.soon())
		require.NoError(v.t, err)
		// Who is Idle may be asked, too, and is Idle again.
		v.does("anna", "consult", "to", v.agent("cem"))
		ringing = v.rings(v.desk("cem"))
		require.NoError(v.t, ringing.Reject(486))
		v.hear("customer: anna", "anna: customer")
		v.is(v.desk("cem"), core.Idle)
	}},
	{"C7 resume while it rings, answered meanwhile", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.does("anna", "consult", "to", v.agent("bob"))
		ringing := v.rings(v.desk("bob"))
		require.NoError(v.t, ringing.Ring())
		v.does("anna", "resume")
		v.hear("customer: anna", "anna: customer")
		v.at["bob"] = ringing
		v.answers(ringing)
		v.hear("customer: anna", "anna: customer", "bob: music")
		v.does("anna", "consult/toggle")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.hangsUp("bob")
		v.hear("customer: anna", "anna: customer")
	}},
	{"C7 the consultant leaves from the desktop", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.consults("anna", "bob")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.cannot("bob", "resume", "not_primary")
		v.does("bob", "leave")
		v.gone("bob")
		v.hear("customer: anna", "anna: customer")
	}},
	{"C4 N6 consult a queue, one of two is the consultant", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob", "cem")
		v.does("anna", "consult", "to", map[string]any{"queue": "help"})
		first, second := v.rings(v.desk("bob")), v.rings(v.desk("cem"))
		v.at["bob"] = first
		v.answers(first)
		v.hear("customer: music", "anna: bob", "bob: anna")
		_, err := second.AwaitEnd(v.soon())
		require.NoError(v.t, err)
		v.is(v.desk("cem"), core.Available)
		v.does("anna", "consult/transfer")
		v.gone("anna")
		v.hear("customer: bob", "bob: customer")
		v.owner("bob")
	}},
	{"C8 C13 the customer leaves in a consult", func(v *conversation) {
		v.begins("+4930202")
		v.available("bob")
		v.consults("anna", "bob")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.hangsUp("customer")
		v.customer.is(core.PostCall)
		v.hear("anna: bob", "bob: anna")
		v.can("anna", "mute", "end_consult", "end")
		v.cannot("anna", "consult/merge", "wrong_state")
		v.does("anna", "consult/end")
		v.gone("bob", "anna")
		v.is(v.desk("anna"), core.WrapUp)
		v.is(v.desk("bob"), core.Available)
		r := v.record()
		require.Positive(v.t, r.PostCall)
		require.Len(v.t, r.Owners, 1)
	}},
	{"C8 the customer leaves while a consult rings", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.does("anna", "consult", "to", v.agent("bob"))
		ringing := v.rings(v.desk("bob"))
		require.NoError(v.t, ringing.Ring())
		v.hangsUp("customer")
		_, err := ringing.AwaitEnd(v.soon())
		require.NoError(v.t, err)
		v.gone("anna")
		v.is(v.desk("bob"), core.Available)
	}},
	{"C8 C12 the customer hangs up in the instant of the answer", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.does("anna", "consult", "to", v.agent("bob"))
		v.at["bob"] = v.rings(v.desk("bob"))
		require.NoError(v.t, v.at["bob"].Answer())
		require.NoError(v.t, v.at["customer"].HangUp(v.soon()))
		delete(v.at, "customer")
		// Either the answer was first, and they talk on, or the hang-up, and all is over: never one of them alone.
		for v.at["anna"].State() != softphone.Ended {
			if v.at["anna"].Hears(v.soon(), v.desk("bob").tone) == nil {
				v.hear("anna: bob", "bob: anna")
				v.customer.is(core.PostCall) // a customer on hold keeps anna from ending the call
				v.does("anna", "end")
				break
			}
		}
		v.gone("anna", "bob")
	}},
	{"C9 C12 C15 transfer after a consult, one recording, a wrap-up each", func(v *conversation) {
		v.begins("+4930202")
		v.available("bob")
		v.consults("anna", "bob")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.cannot("anna", "recording/pause", "wrong_state")
		v.does("anna", "consult/transfer")
		v.gone("anna")
		v.hear("customer: bob", "bob: customer")
		v.is(v.desk("anna"), core.WrapUp)
		v.owner("bob")
		v.does("bob", "end")
		v.gone("bob", "customer")
		v.is(v.desk("bob"), core.WrapUp)
		r := v.record()
		require.Len(v.t, r.Recordings, 1)
		require.Equal(v.t, []core.AgentID{v.desk("anna").agent, v.desk("bob").agent}, r.Agents)
		require.Len(v.t, r.Owners, 2)
		require.Equal(v.t, r.Owners[0].Until, r.Owners[1].Since, "one owner at every instant")
	}},
	{"C15 a consult is a recording of its own", func(v *conversation) {
		v.begins("+4930204")
		v.hear("customer: anna", "anna: customer")
		v.available("bob")
		v.consults("anna", "bob")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.does("anna", "consult/toggle")
		v.hear("customer: anna", "anna: customer", "bob: music")
		v.does("anna", "consult/toggle")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.does("anna", "consult/end")
		v.gone("bob")
		v.hear("customer: anna", "anna: customer")
		v.does("anna", "end")
		v.gone("anna", "customer")
		v.record()
		conversation, consult := v.archived()
		customer, anna, bob := v.customer.tone, v.desk("anna").tone, v.desk("bob").tone
		require.Subset(v.t, conversation, []float64{customer, anna})
		require.NotContains(v.t, conversation, bob, "what is said aside is not the customer's")
		require.Subset(v.t, consult, []float64{anna, bob})
		require.NotContains(v.t, consult, customer)
	}},
	{"C9 the primary puts the phone down in a consult", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.consults("anna", "bob")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.hangsUp("anna")
		v.hear("customer: bob", "bob: customer")
		v.owner("bob")
	}},
	{"C9 the primary puts the phone down while a consult rings", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.does("anna", "consult", "to", v.agent("bob"))
		ringing := v.rings(v.desk("bob"))
		require.NoError(v.t, ringing.Ring())
		v.hangsUp("anna")
		_, err := ringing.AwaitEnd(v.soon())
		require.NoError(v.t, err)
		v.customer.is(core.Waiting)
		v.hear("customer: music")
	}},
	{"C9 blind transfer to an agent who answers", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.cannot("anna", "transfer", "target_unavailable", "to", v.agent("cem"))
		v.does("anna", "transfer", "to", v.agent("bob"))
		v.gone("anna")
		ringing := v.rings(v.desk("bob"))
		v.hear("customer: music")
		v.at["bob"] = ringing
		v.answers(ringing)
		v.hear("customer: bob", "bob: customer")
		v.owner("bob")
	}},
	{"C9 blind transfer to an agent who declines: back in the queue", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.does("anna", "transfer", "to", v.agent("bob"))
		v.gone("anna")
		require.NoError(v.t, v.rings(v.desk("bob")).Reject(603))
		again := v.rings(v.desk("anna")) // the only one in the queue, and free
		v.customer.is(core.Waiting)
		v.hear("customer: music")
		v.at["anna"] = again
		v.answers(again)
		v.hear("customer: anna", "anna: customer")
	}},
	{"C9 Q7 blind transfer to a queue", func(v *conversation) {
		v.begins("+4930200")
		v.available("cem")
		v.does("anna", "transfer", "to", map[string]any{"queue": "help"})
		v.gone("anna")
		v.at["cem"] = v.takes(v.desk("cem"))
		v.hear("customer: cem", "cem: customer")
		v.owner("cem")
	}},
	{"C10 blind transfer to an entry point", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.does("anna", "transfer", "to", map[string]any{"entry_point": "help-line"})
		v.gone("anna")
		v.at["bob"] = v.takes(v.desk("bob"))
		v.hear("customer: bob", "bob: customer")
		require.Equal(v.t, core.EntryPointID("help-line"), v.owner("bob").EntryPoint)
	}},
	{"C11 a conference of three, of four, of five", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob", "cem", "dora")
		v.merges("anna", "bob")
		v.hear("customer: anna bob", "anna: customer bob", "bob: customer anna")
		v.merges("anna", "cem")
		v.hear("customer: anna bob cem", "anna: customer bob cem", "bob: customer anna cem", "cem: customer anna bob")
		v.merges("anna", "dora")
		v.hear("customer: anna bob cem dora", "anna: customer bob cem dora", "bob: customer anna cem dora", "cem: customer anna bob dora", "dora: customer anna bob cem")
		v.does("anna", "end")
		v.gone("customer", "anna", "bob", "cem", "dora")
	}},
	{"C11 a conference of eight, and no ninth", func(v *conversation) {
		v.begins("+4930200")
		others := []string{"bob", "cem", "dora", "eva", "finn", "gina"}
		v.available(others...)
		for _, name := range others {
			v.merges("anna", name)
		}
		v.hear("customer: anna bob cem dora eva finn gina", "anna: customer bob cem dora eva finn gina", "bob: customer anna cem dora eva finn gina",
			"cem: customer anna bob dora eva finn gina", "dora: customer anna bob cem eva finn gina", "eva: customer anna bob cem dora finn gina",
			"finn: customer anna bob cem dora eva gina", "gina: customer anna bob cem dora eva finn")
		v.does("anna", "end")
		v.gone(append(others, "customer", "anna")...)
	}},
	{"C11 consult from a conference, which goes on", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob", "cem")
		v.merges("anna", "bob")
		v.consults("anna", "cem", "go_on", true)
		v.hear("customer: bob", "bob: customer", "anna: cem", "cem: anna")
		v.does("anna", "consult/toggle")
		v.hear("customer: anna bob", "bob: customer anna", "anna: customer bob", "cem: music")
		v.does("anna", "consult/end")
		v.gone("cem")
		v.hear("customer: anna bob", "bob: customer anna", "anna: customer bob")
	}},
	{"C11 consult from a conference, the customer held: nobody is alone in silence", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob", "cem")
		v.merges("anna", "bob")
		v.consults("anna", "cem")
		v.hear("customer: music", "bob: music", "anna: cem", "cem: anna")
		v.does("anna", "consult/merge")
		v.hear("customer: anna bob cem", "bob: customer anna cem", "anna: customer bob cem", "cem: customer anna bob")
	}},
	{"C9 C12 consult from a conference, then transfer: the longest there owns", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob", "cem")
		v.merges("anna", "bob")
		v.consults("anna", "cem")
		v.does("anna", "consult/transfer")
		v.gone("anna")
		v.hear("customer: bob cem", "bob: customer cem", "cem: customer bob")
		v.owner("bob")
		v.hangsUp("bob")
		v.hear("customer: cem", "cem: customer")
		v.owner("cem")
	}},
	{"C12 leave hands over, twice, and each primary owes one wrap-up", func(v *conversation) {
		v.begins("+4930202")
		v.available("bob", "cem")
		v.merges("anna", "bob")
		v.merges("anna", "cem")
		v.hear("customer: anna bob cem", "anna: customer bob cem", "bob: customer anna cem", "cem: customer anna bob")
		v.does("anna", "leave")
		v.gone("anna")
		v.hear("customer: bob cem", "bob: customer cem", "cem: customer bob")
		v.owner("bob")
		v.is(v.desk("anna"), core.WrapUp)
		v.does("bob", "leave")
		v.gone("bob")
		v.hear("customer: cem", "cem: customer")
		v.owner("cem")
		v.is(v.desk("bob"), core.WrapUp)
		v.does("cem", "end")
		v.gone("cem", "customer")
		v.is(v.desk("cem"), core.WrapUp)
		require.Len(v.t, v.record().Owners, 3)
	}},
	{"C12 helpers leave without a wrap-up", func(v *conversation) {
		v.begins("+4930202")
		v.available("bob", "cem")
		v.merges("anna", "bob")
		v.merges("anna", "cem")
		v.does("bob", "leave")
		v.gone("bob")
		v.hear("customer: anna cem", "anna: customer cem", "cem: customer anna")
		v.is(v.desk("bob"), core.Available)
		v.hangsUp("cem")
		v.hear("customer: anna", "anna: customer")
		v.is(v.desk("cem"), core.Available)
		v.can("anna", "hold", "mute", "digits", "consult", "transfer", "pause_recording", "end")
	}},
	{"C13 the customer leaves a conference of four", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob", "cem")
		v.merges("anna", "bob")
		v.merges("anna", "cem")
		v.hangsUp("customer")
		v.customer.is(core.PostCall)
		v.hear("anna: bob cem", "bob: anna cem", "cem: anna bob")
		v.cannot("anna", "consult", "wrong_state", "to", v.agent("dora"))
		v.hangsUp("cem")
		v.hear("anna: bob", "bob: anna")
		v.hangsUp("bob")
		v.gone("anna")
	}},
	{"C13 the primary leaves after the customer", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob", "cem")
		v.merges("anna", "bob")
		v.merges("anna", "cem")
		v.hangsUp("customer")
		v.hear("anna: bob cem", "bob: anna cem", "cem: anna bob")
		v.does("anna", "leave")
		v.gone("anna")
		v.hear("bob: cem", "cem: bob")
		v.does("bob", "end")
		v.gone("bob", "cem")
	}},
	{"C14 hold the customer, then an agent, in a conference", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.merges("anna", "bob")
		v.participant("anna", "customer", "hold")
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.cannot("anna", "end", "customer_held")
		v.participant("anna", "customer", "resume")
		v.hear("customer: anna bob", "anna: customer bob", "bob: customer anna")
		v.participant("anna", "bob", "hold")
		v.hear("customer: anna", "anna: customer", "bob: music")
		v.participant("anna", "bob", "resume")
		v.hear("customer: anna bob", "anna: customer bob", "bob: customer anna")
	}},
	{"C14 disconnect an agent, then the customer", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob", "cem")
		v.merges("anna", "bob")
		v.merges("anna", "cem")
		v.participant("anna", "bob", "disconnect")
		v.gone("bob")
		v.hear("customer: anna cem", "anna: customer cem", "cem: customer anna")
		v.participant("anna", "customer", "disconnect")
		v.gone("customer")
		v.hear("anna: cem", "cem: anna")
	}},
	{"C17 mute in a conference, each for themselves", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.merges("anna", "bob")
		v.does("anna", "mute")
		v.hear("customer: bob", "anna: customer bob", "bob: customer")
		v.does("bob", "mute")
		v.hear("customer: silence", "anna: customer", "bob: customer")
		v.does("anna", "unmute")
		v.does("bob", "unmute")
		v.hear("customer: anna bob", "anna: customer bob", "bob: customer anna")
	}},
	{"C12 Q4 the primary's phone dies in a conference", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.merges("anna", "bob")
		v.hear("customer: anna bob", "anna: customer bob", "bob: customer anna")
		v.hangsUp("anna")
		v.hear("customer: bob", "bob: customer")
		v.owner("bob")
	}},
	{"C9 the target drops while joining", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.consults("anna", "bob")
		v.hear("customer: music", "anna: bob", "bob: anna")
		bob, soon, over := v.at["bob"], v.soon(), make(chan error, 1)
		go func() { over <- bob.HangUp(soon) }()
		refused := v.try("anna", "consult/transfer")
		require.NoError(v.t, <-over)
		if refused == nil {
			// The transfer came first: bob had the customer, and put the phone down.
			v.gone("anna", "bob", "customer")
			return
		}
		delete(v.at, "bob")
		v.hear("customer: anna", "anna: customer")
	}},
	{"C11 quick changes of mind end where the last one says", func(v *conversation) {
		v.begins("+4930200")
		v.available("bob")
		v.consults("anna", "bob")
		for range 6 {
			v.does("anna", "consult/toggle")
		}
		v.hear("customer: music", "anna: bob", "bob: anna")
		v.does("anna", "consult/toggle")
		v.does("anna", "consult/merge")
		v.hear("customer: anna bob", "anna: customer bob", "bob: customer anna")
	}},
}
