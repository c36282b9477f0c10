package api

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

func TestFollowUpTasksC19(t *testing.T) {
	w := newWorld(t)
	id := w.connects("anna", "1001", "+4915112345678")
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02")
	body := func(call core.CallID, title, due string) string {
		return `{"call":"` + string(call) + `","title":"` + title + `","due":"` + due + `"}`
	}
	var made Task
	w.good(201, "anna", post, "/api/v1/tasks", body(id, "Send the offer", tomorrow)).into(t, &made)
	require.Equal(t, core.AgentID("anna"), made.Agent)
	require.Equal(t, core.TenantID("acme"), made.Tenant)
	require.Equal(t, id, made.Call)
	require.True(t, made.DoneAt.IsZero())

	// What is asked for twice is there once.
	key := headers{"Idempotency-Key": "the-same"}
	w.good(201, "anna", post, "/api/v1/tasks", body(id, "Once", tomorrow), key)
	w.good(201, "anna", post, "/api/v1/tasks", body(id, "Once", tomorrow), key)
	require.Len(t, w.store.tasks, 2)

	// Still in the wrap-up, and of a call that is long over; but of nobody else's.
	w.good(200, "anna", post, "/api/v1/calls/"+string(id)+"/end", "")
	w.await("wrap-up", func() bool { a, _ := w.loop.View().Agent("anna"); return a.State == core.WrapUp })
	w.await("the call to be gone", func() bool { _, there := w.loop.View().Call(id); return !there })
	w.good(201, "anna", post, "/api/v1/tasks", body(id, "In the wrap-up", tomorrow))
	w.record("long-over", "anna", "acme", day)
	w.good(201, "anna", post, "/api/v1/tasks", body("long-over", "Later", tomorrow))
	w.record("theirs", "bert", "acme", day)
	for _, call := range []core.CallID{"theirs", "never-was", id} {
		w.bad(422, CodeInvalid, "call", "bert", post, "/api/v1/tasks", body(call+"x", "x", tomorrow))
	}
	w.bad(422, CodeInvalid, "call", "bert", post, "/api/v1/tasks", body(id, "x", tomorrow))
	w.bad(422, CodeInvalid, "call", "anna", post, "/api/v1/tasks", body("theirs", "x", tomorrow))

	for _, x := range []struct{ title, due, field string }{
		{"", tomorrow, "title"}, {"  ", tomorrow, "title"}, {strings.Repeat("x", 201), tomorrow, "title"},
		{"x", "", "due"}, {"x", "tomorrow", "due"}, {"x", "2020-01-01", "due"}, {"x", "2099-01-01", "due"}, {"x", "2026-02-30", "due"},
	} {
		w.bad(422, CodeInvalid, x.field, "anna", post, "/api/v1/tasks", body(id, x.title, x.due))
	}
	w.bad(422, CodeInvalid, "call", "anna", post, "/api/v1/tasks", `{"title":"x","due":"`+tomorrow+`"}`)
	w.bad(400, CodeMalformed, "agent", "anna", post, "/api/v1/tasks", `{"call":"`+string(id)+`","title":"x","due":"`+tomorrow+`","agent":"bert"}`)
	w.bad(403, CodeForbidden, "", "supervisor", post, "/api/v1/tasks", body(id, "x", tomorrow))

	path := "/api/v1/tasks/" + made.ID
	w.good(200, "anna", post, path+"/done", "").into(t, &made)
	require.False(t, made.DoneAt.IsZero())
	count := func(as, query string) int {
		var p paged[Task]
		w.good(200, as, get, "/api/v1/tasks"+query, "").into(t, &p)
		return len(p.Items)
	}
	require.Equal(t, 1, count("anna", "?state=done"))
	require.Equal(t, 3, count("anna", "?state=open"))
	require.Equal(t, 4, count("supervisor", "?agent=anna"))
	require.Equal(t, 1, count("auditor", "?call=long-over"))
	require.Zero(t, count("bert", ""))
	require.Zero(t, count("globex", ""))
	w.bad(403, CodeForbidden, "agent", "bert", get, "/api/v1/tasks?agent=anna", "")
	w.bad(422, CodeInvalid, "state", "anna", get, "/api/v1/tasks?state=late", "")
	w.bad(404, CodeNotFound, "", "bert", post, path+"/reopen", "")
	w.bad(404, CodeNotFound, "", "anna", post, "/api/v1/tasks/none/done", "")
	var again Task
	w.good(200, "anna", post, path+"/reopen", "").into(t, &again)
	require.True(t, again.DoneAt.IsZero())
	require.Equal(t, 4, count("anna", "?state=open"))
}

// Whose phone only rang has nothing to follow up: its task would tell, once the call is over, who the customer of somebody else's call was.
func TestNoFollowUpOfACallThatOnlyRangC19(t *testing.T) {
	w := newWorld(t)
	w.good(200, "bert", post, "/api/v1/agents/bert/state", `{"state":"available"}`)
	id := w.dials("+4915112345678")
	w.await("bert's phone to ring", func() (ringing bool) {
		w.engine.World(func(_ time.Time, s *sim.Switch) { _, ringing = s.PhoneRinging("1002") })
		return ringing
	})
	w.awaitCall(id, "the offer", func(c core.CallView) bool { return len(c.Offers) > 0 && c.Offers[0].Agent == "bert" })
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02")
	w.bad(422, CodeInvalid, "call", "bert", post, "/api/v1/tasks", `{"call":"`+string(id)+`","title":"x","due":"`+tomorrow+`"}`)
}

// What is open comes as it is due, and there is an end to it.
func TestOpenFollowUpsC19(t *testing.T) {
	w := newWorld(t)
	w.record("long-over", "anna", "acme", day)
	dueIn := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format("2006-01-02") }
	body := func(title string, days int) string {
		return `{"call":"long-over","title":"` + title + `","due":"` + dueIn(days) + `"}`
	}
	w.good(201, "anna", post, "/api/v1/tasks", body("Later", 5))
	w.good(201, "anna", post, "/api/v1/tasks", body("Sooner", 1))
	var p paged[Task]
	w.good(200, "anna", get, "/api/v1/tasks?state=open", "").into(t, &p)
	require.Equal(t, "Sooner", p.Items[0].Title)
	for len(w.store.tasks) < models.MaxOpenTasks {
		w.store.tasks = append(w.store.tasks, Task{ID: strconv.Itoa(len(w.store.tasks)), Tenant: "acme", Agent: "anna", Call: "long-over", Due: dueIn(2)})
	}
	require.Contains(t, w.bad(409, CodeTasksFull, "", "anna", post, "/api/v1/tasks", body("One more", 1)).Message, "500 follow-ups")
	w.good(200, "anna", post, "/api/v1/tasks/100/done", "")
	w.good(201, "anna", post, "/api/v1/tasks", body("One more", 1))
	w.bad(409, CodeTasksFull, "", "anna", post, "/api/v1/tasks/100/reopen", "")
}

// Data protection is on: whom a task is about is told by four digits (C2).
func TestTasksAreMaskedC2(t *testing.T) {
	w := newWorld(t)
	w.store.tasks = []Task{{ID: "a", Tenant: "acme", Agent: "anna", Call: "c", Title: "x", Due: "2026-02-01", Number: "+4915112345678", Name: "+4915112345678", CreatedAt: day}}
	var p paged[Task]
	w.good(200, "anna", get, "/api/v1/tasks", "").into(t, &p)
	require.Equal(t, "5678", p.Items[0].Number)
	require.NotContains(t, p.Items[0].Name, "4915112")
	w.good(200, "supervisor", get, "/api/v1/tasks", "").into(t, &p)
	require.Equal(t, "+4915112345678", p.Items[0].Number)
	require.NotContains(t, string(w.good(200, "anna", post, "/api/v1/tasks/a/done", "").body), "4915112")
}

// lateTasks is a database that has taken a task when the time for it was over.
type lateTasks struct {
	CRM
	late bool
}

func (l *lateTasks) CreateTask(ctx context.Context, t Task) (Task, error) {
	made, err := l.CRM.CreateTask(ctx, t)
	if err == nil && l.late {
		return Task{}, context.DeadlineExceeded
	}
	return made, err
}

// "Whether it happened is not known: ask again with the same Idempotency-Key": who does so has noted it once.
func TestAFollowUpWhoseAnswerWasLostIsNotedOnceC19(t *testing.T) {
	crm := &lateTasks{late: true}
	w := newWorld(t, func(c *Config) {
		kept := Config{}.Database(dbtest.Open(t, dbtest.SQLiteURL(t)))
		copyRows(t, c.Tenants, kept.Tenants)
		copyRows(t, c.Agents, kept.Agents)
		crm.CRM, c.CRM = kept.CRM, crm
	})
	w.record("over", "anna", "acme", day)
	body := `{"call":"over","title":"Send the offer","due":"` + time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02") + `"}`
	key := headers{"Idempotency-Key": "the-same"}
	require.Contains(t, w.bad(504, CodeTimeout, "", "anna", post, "/api/v1/tasks", body, key).Message, "the same Idempotency-Key")
	crm.late = false
	var made Task
	w.good(201, "anna", post, "/api/v1/tasks", body, key).into(t, &made)
	var p paged[Task]
	w.good(200, "anna", get, "/api/v1/tasks", "").into(t, &p)
	require.Equal(t, []Task{made}, p.Items)
}
