package api

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// C2: what pops up are the variables that the set-up shows, and nothing more before the answer. What a colleague has noted about the customer in a variable is for who takes the call.
func TestWhosePhoneOnlyRingsReadsNoMoreThanTheRequest(t *testing.T) {
	w := newWorld(t)
	w.conversational()
	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)
	w.good(200, "anna", put, call+"/variables", `{"values":[{"name":"note","value":"is in debt, and divorced","version":0}]}`)
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)
	stream := w.watch(t, "bert", "")
	stream.snapshot()
	w.good(200, "anna", post, call+"/consult", `{"to":{"agent":"bert"}}`)
	w.awaitCall(id, "the consult", func(c core.CallView) bool { return c.Consult != nil && len(c.Consult.Ringing) == 1 })
	a := w.good(200, "bert", get, call, "")
	assert.NotContains(t, string(a.body), "divorced", "GET /calls/{id}: bert's phone only rings")
	// The stream brings the same call.
	stream.until(func(c changeEvent) bool {
		assert.NotContains(t, fmt.Sprint(c), "divorced", "GET /events: bert's phone only rings")
		return slices.ContainsFunc(c.Calls, func(seen core.CallView) bool { return seen.ID == id })
	})
}
