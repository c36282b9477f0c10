package api

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// C18: secure values are masked until revealed, which is audited; also in the calls that go on when the administrator makes a variable secure.
func TestAVariableMadeSecureIsMaskedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.conversational()
	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)
	w.good(200, "anna", put, call+"/variables", `{"values":[{"name":"note","value":"DE02120300000000202051","version":0}]}`)
	w.awaitCall(id, "the recording", func(c core.CallView) bool { return c.Recording != nil && c.Recording.State == core.RecordingOn })
	w.good(200, "admin", put, "/api/v1/entry-points/main", `{"tenant":"acme","name":"Main","numbers":["+4930123456"],"queue":"sales","variables":[
		{"name":"note","type":"string","editable":true,"secure":true}]}`)
	w.awaitCall(id, "the secure variable", func(c core.CallView) bool {
		return slices.ContainsFunc(c.Variables, func(v core.VariableView) bool { return v.Name == "note" && v.Secure })
	})
	a := w.good(200, "supervisor", get, call, "")
	require.NotContains(t, string(a.body), "DE02120300000000202051")
}
