package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestLegsOfACallR6(t *testing.T) {
	w := newWorld(t)
	w.record("c1", "anna", "acme", day)
	w.store.legs = map[core.CallID][]Leg{"c1": {
		{Leg: "cust", Role: "customer", StartedAt: day, EndedAt: day, Outcome: "answered", Cause: "normal"}, {Leg: "a1", Role: "agent", Agent: "anna", StartedAt: day},
		{Leg: "o1", Role: "outside", Number: "+4989123456", StartedAt: day},
	}}
	read := func(as string) []Leg {
		var l list[Leg]
		w.good(200, as, get, "/api/v1/calls/c1/legs", "").into(t, &l)
		return l.Items
	}
	require.Equal(t, w.store.legs["c1"], read("supervisor"))
	require.Equal(t, "3456", read("anna")[2].Number, "data protection is on (C2)")
	w.bad(404, CodeNotFound, "", "bert", get, "/api/v1/calls/c1/legs", "")
	w.bad(404, CodeNotFound, "", "globex", get, "/api/v1/calls/c1/legs", "")
	w.bad(404, CodeNotFound, "", "user:gina", get, "/api/v1/calls/c1/legs", "")

	// While it goes on, whoever sees the call sees its legs.
	id := w.connects("anna", "1001", "+4915112345678")
	w.good(200, "anna", get, "/api/v1/calls/"+string(id)+"/legs", "")
	w.good(404, "bert", get, "/api/v1/calls/"+string(id)+"/legs", "")
}
