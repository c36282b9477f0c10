package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Who has passed a call on was in it, though others still talk in it: a follow-up that outlives the wrap-up can be noted at once, and not when the others have finished.
func TestAFollowUpOfACallThatWasPassedOnC19(t *testing.T) {
	w := newWorld(t)
	id := w.connects("anna", "1001", "+4915112345678")
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"available"}`)
	w.good(200, "anna", post, "/api/v1/calls/"+string(id)+"/transfer", `{"to":{"agent":"bert"}}`)
	w.await("wrap-up", func() bool { a, _ := w.loop.View().Agent("anna"); return a.State == core.WrapUp })
	w.good(200, "anna", post, "/api/v1/agents/anna/wrap-up", `{"reason":"sold"}`)
	w.await("the end of the wrap-up", func() bool { a, _ := w.loop.View().Agent("anna"); return a.WrapUp == nil })
	c, there := w.loop.View().Call(id)
	require.True(t, there, "the call goes on without anna")
	require.Equal(t, core.AgentID("anna"), c.Owners[0].Agent)
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02")
	body := `{"call":"` + string(id) + `","title":"Send the offer","due":"` + tomorrow + `"}`
	w.bad(422, CodeInvalid, "call", "bert", post, "/api/v1/tasks", body) // whose phone only rings
	w.good(201, "anna", post, "/api/v1/tasks", body)
}
