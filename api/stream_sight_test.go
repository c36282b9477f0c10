package api

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

func ids(items []directoryItem) (out []string) {
	for _, d := range items {
		out = append(out, d.ID)
	}
	return out
}

// Who was away and sees a part only must not learn from what has gone meanwhile which ids others had.
func TestAResumedStreamDoesNotNameWhatOthersTookDownS3(t *testing.T) {
	w := newWorld(t)
	for _, as := range []string{"globex", "user:gina", "user:eve", "user:u-anna"} {
		w.watch(t, as, "").snapshot()
	}
	position := "?after=" + strconv.FormatUint(w.loop.View().Seq, 10)
	w.good(201, "admin", post, "/api/v1/queues", `{"id":"takeover","tenant":"acme","name":"Takeover","members":[{"agent":"bert"}]}`)
	w.good(201, "admin", post, "/api/v1/agents", `{"id":"spy","tenant":"acme","name":"Spy","phone":"1009"}`)
	w.good(204, "admin", del, "/api/v1/queues/takeover", "")
	w.good(204, "admin", del, "/api/v1/agents/spy", "")
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`)
	w.await("it to be gone", func() bool { _, found := w.loop.View().Agent("spy"); return !found })
	w.good(200, "admin", post, "/api/v1/agents/gary/state", `{"state":"available"}`)

	for as, sees := range map[string]bool{"globex": false, "user:gina": false, "user:eve": true, "user:u-anna": true} {
		r := w.watch(t, as, position)
		s := r.snapshot()
		require.False(t, slices.ContainsFunc(s.Agents, func(a core.AgentView) bool { return a.ID == "spy" }))
		w.good(200, "admin", post, "/api/v1/agents/gary/state", `{"state":"idle"}`)
		w.good(200, "admin", post, "/api/v1/agents/anna/state", `{"state":"idle","reason":"lunch"}`)
		told := false
		r.until(func(c changeEvent) bool {
			require.Empty(t, c.GoneQueues, as)
			require.Empty(t, c.GoneAgents, as)
			require.NotContains(t, ids(c.Directory), "spy")
			told = told || slices.ContainsFunc(c.Entries, func(e entryWire) bool { return e.Agent == "anna" && e.Reason == "available" })
			return slices.ContainsFunc(c.Agents, func(a core.AgentView) bool { return a.State == core.Idle })
		})
		require.Equal(t, sees, told, "%s: the timeline of the absence is told, of what one may see", as)
		w.good(200, "admin", post, "/api/v1/agents/gary/state", `{"state":"available"}`)
		w.good(200, "admin", post, "/api/v1/agents/anna/state", `{"state":"available"}`)
		r.cancel()
	}

	// Nothing has happened: nothing needs to be said again.
	at := w.loop.View().Seq
	r := w.watch(t, "user:u-anna", "?after="+strconv.FormatUint(at, 10))
	require.Equal(t, "resumed", <-r.beats)
	// What the reader knew is known to be known.
	w.good(204, "admin", del, "/api/v1/queues/sales", "")
	r.until(func(c changeEvent) bool { return slices.Contains(c.GoneQueues, "sales") })
}

func TestASupervisorsStreamShowsTheirTeamsS3(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Heartbeat = 5 * time.Millisecond })
	r := w.watch(t, "user:eve", "")
	first := r.snapshot()
	require.Len(t, first.Agents, 1)
	require.Equal(t, core.AgentID("anna"), first.Agents[0].ID)
	require.Equal(t, []string{"bert"}, ids(first.Directory), "of others what the directory says")
	require.Len(t, first.Queues, 1)
	require.Empty(t, first.Engines)

	// A call that waits in a queue of theirs, and then talks to somebody who is none of theirs.
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"available"}`)
	r.until(func(c changeEvent) bool { return slices.Contains(ids(c.Directory), "bert") })
	id := w.connects("bert", "1002", "+4915112345678")
	r.until(func(c changeEvent) bool {
		require.False(t, slices.ContainsFunc(c.Entries, func(e entryWire) bool { return e.Agent == "bert" }))
		for _, call := range c.Calls {
			require.NotEqual(t, core.Talking, call.Phase)
		}
		return slices.Contains(c.GoneCalls, id)
	})
	// The team grows: all that has come into sight is shown.
	w.good(200, "admin", put, "/api/v1/agents/bert", `{"tenant":"acme","name":"Bert","phone":"1002","teams":["north"]}`)
	for {
		e, more := r.next()
		require.True(t, more)
		if e.kind == "snapshot" {
			require.Contains(t, string(e.data), `"primary":"bert"`)
			require.Contains(t, string(e.data), string(id))
			break
		}
	}
	// The user may see less: so does the stream that is open.
	w.good(200, "user:adam", put, "/api/v1/users/eve", `{"tenant":"acme","name":"eve","role":"supervisor","teams":["south"]}`)
	for {
		e, more := r.next()
		require.True(t, more)
		if e.kind == "snapshot" {
			require.NotContains(t, string(e.data), string(id))
			require.Contains(t, string(e.data), `"agents":[]`)
			break
		}
	}
	// Another role is another desk, and a disabled user has none.
	w.good(200, "user:adam", put, "/api/v1/users/eve", `{"tenant":"acme","name":"eve","role":"auditor"}`)
	for {
		e, more := r.next()
		require.True(t, more)
		if e.kind == "end" {
			require.Contains(t, string(e.data), CodeUnauthorized)
			break
		}
	}
}

// Whom an agent of another team calls in a conversation is not told, though the call has come out of a queue that both teams serve.
func TestASupervisorIsNotToldWhomOtherTeamsCallS3(t *testing.T) {
	w := newWorld(t)
	w.conversational()
	id := w.connects("bert", "1002", "+4915112345678")
	w.good(404, "user:eve", get, "/api/v1/calls/"+string(id), "")
	r := w.watch(t, "user:eve", "")
	r.snapshot()
	w.good(200, "bert", post, "/api/v1/calls/"+string(id)+"/consult", `{"to":{"number":"+4930987654"}}`)
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`) // told behind it
	r.until(func(c changeEvent) bool {
		for _, e := range c.Entries {
			require.NotEqual(t, id, e.Call, "%s %q", e.Kind, e.Text)
		}
		return slices.ContainsFunc(c.Agents, func(a core.AgentView) bool { return a.ID == "anna" && a.State == core.Available })
	})
}

// Of a call that waits, the lines of its queue are told.
func TestASupervisorIsToldOfTheLineS3(t *testing.T) {
	w := newWorld(t)
	r := w.watch(t, "user:eve", "")
	r.snapshot()
	id := w.dials("+4915112345678")
	r.until(func(c changeEvent) bool {
		return slices.ContainsFunc(c.Entries, func(e entryWire) bool { return e.Call == id && e.Kind == core.EntryCallQueued })
	})
}

// explain names every member of the queue, and of those of other teams not why they are on a break (Q9).
func TestExplainHidesTheBreaksOfOtherTeamsS3(t *testing.T) {
	w := newWorld(t)
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)
	w.good(200, "anna", post, "/api/v1/agents/anna/state", `{"state":"idle","reason":"lunch"}`)
	id := w.dials("+4915112345678")
	why := func(as string) map[core.AgentID]string {
		var e core.Explanation
		w.good(200, as, get, "/api/v1/calls/"+string(id)+"/explain", "").into(t, &e)
		texts := map[core.AgentID]string{}
		for _, a := range e.Agents {
			require.Equal(t, core.GateIdle, a.Gate)
			texts[a.Agent] = a.Text
		}
		return texts
	}
	require.Equal(t, map[core.AgentID]string{"anna": "is idle: lunch", "bert": "is idle"}, why("user:eve"))
	require.Equal(t, map[core.AgentID]string{"anna": "is idle: lunch", "bert": "is idle: lunch"}, why("supervisor"))
}

func TestAnAgentsStreamHasTheDirectory(t *testing.T) {
	w := newWorld(t)
	r := w.watch(t, "user:u-anna", "")
	first := r.snapshot()
	require.Len(t, first.Agents, 1)
	require.Equal(t, []string{"bert"}, ids(first.Directory))
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"idle","reason":"lunch"}`)
	c := r.until(func(c changeEvent) bool { return len(c.Directory) > 0 })
	require.Equal(t, core.Idle, c.Directory[0].State)
	w.good(204, "admin", del, "/api/v1/agents/bert", "")
	r.until(func(c changeEvent) bool { return slices.Contains(c.GoneAgents, "bert") })
}

// away are sessions in a database that is away for a while.
type away struct {
	Sessions
	now atomic.Bool
}

func (a *away) Authenticate(ctx context.Context, secret string, idle time.Duration) (models.Session, models.User, error) {
	if a.now.Load() {
		return models.Session{}, models.User{}, ErrDatabase
	}
	return a.Sessions.Authenticate(ctx, secret, idle)
}

// A database that restarts must not put everybody in front of a sign-in form.
func TestAnOutageEndsAStreamWithoutAskingForAPassword(t *testing.T) {
	var sessions *away
	w := newWorld(t, func(c *Config) {
		sessions = &away{Sessions: c.Sessions}
		c.Sessions, c.Heartbeat = sessions, 5*time.Millisecond
	})
	r := w.watch(t, "user:sam", "")
	r.snapshot()
	sessions.now.Store(true)
	e, more := r.next()
	require.True(t, more)
	require.Equal(t, "end", e.kind)
	require.Contains(t, string(e.data), CodeDatabase)
	w.bad(503, CodeDatabase, "", "user:sam", get, "/api/v1/me", "")
	sessions.now.Store(false)
	w.watch(t, "user:sam", "").snapshot()
}
