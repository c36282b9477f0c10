package models_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestFollowUpTasksC19(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		site(t, db)
		crm := db.CRM()
		tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02")
		_, err := crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Bob", Numbers: []string{"030 555000"}})
		require.NoError(t, err)
		first, err := crm.CreateTask(ctx, models.Task{Tenant: "acme", Agent: "anna", Call: "c1", Title: "  Send the \"offer\" <b>ü ", Due: tomorrow})
		require.NoError(t, err)
		require.Equal(t, `Send the "offer" <b>ü`, first.Title)
		second, err := crm.CreateTask(ctx, models.Task{Tenant: "acme", Agent: "ben", Call: "c2", Title: "Call back", Due: tomorrow})
		require.NoError(t, err)
		third, err := crm.CreateTask(ctx, models.Task{Tenant: "acme", Agent: "anna", Call: "c3", Title: "Ask", Due: tomorrow})
		require.NoError(t, err)

		// Who it is about is known when the call is over and somebody has looked.
		got, err := crm.Task(ctx, first.ID)
		require.NoError(t, err)
		require.Equal(t, first, got)
		s := newTeller(t, db)
		s.call("c1", "030 555000", noon)
		s.call("c2", "030 123456", noon)
		require.NoError(t, projector(db).CatchUp(ctx))
		got, err = crm.Task(ctx, second.ID)
		require.NoError(t, err)
		require.Equal(t, "030 123456", got.Number, "as the network gave it")
		_, err = resolve(t, db, "c1", "c2")
		require.NoError(t, err)
		got, err = crm.Task(ctx, first.ID)
		require.NoError(t, err)
		require.Equal(t, "Bob", got.Name)
		require.Equal(t, "+4930555000", got.Number)
		require.NotEmpty(t, got.Contact)
		require.Empty(t, got.Lead)
		got, err = crm.Task(ctx, second.ID)
		require.NoError(t, err)
		require.NotEmpty(t, got.Lead)
		require.Equal(t, "+4930123456", got.Number)

		ids := func(f models.TaskFilter) (ids []string) {
			page, err := crm.Tasks(ctx, f)
			require.NoError(t, err)
			for _, task := range page.Items {
				ids = append(ids, task.ID)
			}
			return ids
		}
		require.ElementsMatch(t, []string{third.ID, first.ID}, ids(models.TaskFilter{Agent: "anna"}))
		require.Equal(t, []string{second.ID}, ids(models.TaskFilter{Call: "c2"}))
		require.Empty(t, ids(models.TaskFilter{Tenant: "globex"}))
		require.NoError(t, crm.FinishTask(ctx, first.ID, true))
		require.Equal(t, []string{first.ID}, ids(models.TaskFilter{Agent: "anna", State: models.TaskDone}))
		require.Equal(t, []string{third.ID}, ids(models.TaskFilter{Agent: "anna", State: models.TaskOpen}))
		got, err = crm.Task(ctx, first.ID)
		require.NoError(t, err)
		require.NoError(t, crm.FinishTask(ctx, first.ID, true))
		again, err := crm.Task(ctx, first.ID)
		require.NoError(t, err)
		require.Equal(t, got.DoneAt, again.DoneAt, "when it was done first stays")
		require.NoError(t, crm.FinishTask(ctx, first.ID, false))
		require.Len(t, ids(models.TaskFilter{Agent: "anna", State: models.TaskOpen}), 2)
		require.ErrorIs(t, crm.FinishTask(ctx, "none", true), models.ErrNotFound)
		_, err = crm.Task(ctx, "none")
		require.ErrorIs(t, err, models.ErrNotFound)

		page, err := crm.Tasks(ctx, models.TaskFilter{Paging: models.Paging{Limit: 2}})
		require.NoError(t, err)
		rest, err := crm.Tasks(ctx, models.TaskFilter{Paging: models.Paging{Limit: 2, Cursor: page.Next}})
		require.NoError(t, err)
		require.Len(t, rest.Items, 1)
		require.NotContains(t, page.Items, rest.Items[0])
	})
}

// The desk asks for the first 200 of an agent's open follow-ups and shows what is overdue: that is what has been open for longest, and must be among them.
func TestOpenTasksComeAsTheyAreDueC19(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		crm := db.CRM()
		create := func(title string, days int) models.Task {
			t.Helper()
			made, err := crm.CreateTask(t.Context(), models.Task{
				Tenant: "acme", Agent: "anna", Call: "c", Title: title, Due: time.Now().UTC().AddDate(0, 0, days).Format("2006-01-02"),
			})
			require.NoError(t, err)
			return made
		}
		var want []string
		for i := range 3 {
			want = append(want, create("Tomorrow "+strconv.Itoa(i), 1).Title)
		}
		want = append([]string{create("Promised long ago", -1).Title}, want...)
		for i := range models.MaxOpenTasks - len(want) {
			want = append(want, create("Later "+strconv.Itoa(i), 300).Title)
		}
		list := func(f models.TaskFilter) (got []string) {
			t.Helper()
			for {
				page, err := crm.Tasks(t.Context(), f)
				require.NoError(t, err)
				for _, task := range page.Items {
					got = append(got, task.Title)
				}
				if f.Cursor = page.Next; f.Cursor == "" {
					return got
				}
			}
		}
		open := models.TaskFilter{Agent: "anna", State: models.TaskOpen, Paging: models.Paging{Limit: 200}}
		require.Equal(t, want, list(open))
		slowly := open
		slowly.Limit = 2
		require.Equal(t, want, list(slowly), "whatever the page")
		newest, err := crm.Tasks(t.Context(), models.TaskFilter{Agent: "anna", Paging: models.Paging{Limit: 2}})
		require.NoError(t, err)
		require.Equal(t, want[len(want)-1], newest.Items[0].Title, "all of them, newest first")
		open.Cursor = newest.Next
		_, err = crm.Tasks(t.Context(), open)
		require.ErrorIs(t, err, models.ErrCursor, "of another order")

		// There is an end to it, also by way of what was done.
		more := models.Task{Tenant: "acme", Agent: "anna", Call: "c", Title: "One more", Due: time.Now().UTC().Format("2006-01-02")}
		_, err = crm.CreateTask(t.Context(), more)
		require.ErrorIs(t, err, models.ErrTasksFull)
		done := newest.Items[0].ID
		require.NoError(t, crm.FinishTask(t.Context(), done, false), "it is open, and stays so")
		require.NoError(t, crm.FinishTask(t.Context(), done, true))
		_, err = crm.CreateTask(t.Context(), more)
		require.NoError(t, err)
		require.ErrorIs(t, crm.FinishTask(t.Context(), done, false), models.ErrTasksFull)
		more.Agent = "ben"
		_, err = crm.CreateTask(t.Context(), more)
		require.NoError(t, err, "somebody else has few")
	})
}

func TestTheRulesOfATaskC19(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct{ title, due, field, rule string }{
		"good":               {"x", "2026-03-01", "", ""},
		"longest":            {strings.Repeat("ü", 200), "2026-03-01", "", ""},
		"yesterday":          {"x", "2026-02-28", "", ""},
		"far":                {"x", "2031-02-28", "", ""},
		"no title":           {" \t", "2026-03-01", "title", "1 to 200 characters"},
		"long title":         {strings.Repeat("ü", 201), "2026-03-01", "title", "up to 200 characters"},
		"line break":         {"a\nb", "2026-03-01", "title", "line breaks"},
		"two days ago":       {"x", "2026-02-27", "due", "past"},
		"too far":            {"x", "2031-03-10", "due", "five years"},
		"no day":             {"x", "", "due", "like 2026-01-31"},
		"no such day":        {"x", "2026-02-30", "due", "like 2026-01-31"},
		"a time":             {"x", "2026-03-01T10:00:00Z", "due", "like 2026-01-31"},
		"an American's form": {"x", "03/01/2026", "due", "like 2026-01-31"},
	} {
		t.Run(name, func(t *testing.T) {
			err := models.ValidTask(x.title, x.due, at)
			if x.field == "" {
				require.NoError(t, err)
				return
			}
			var invalid models.Invalid
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, x.field, invalid[0].Field)
			require.Contains(t, invalid[0].Rule, x.rule)
		})
	}
}

// The next agent of an id is another person, as for tokens and users: what the one before had promised, and to whom, is none of theirs.
func TestFollowUpsAreNotTheNextAgentsC19(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		config := site(t, db)
		_, err := db.CRM().CreateTask(t.Context(), models.Task{
			Tenant: "acme", Agent: "anna", Call: "c", Title: "Send the offer", Due: time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02"),
		})
		require.NoError(t, err)
		_, err = config.DeleteAgent(t.Context(), "anna", 0)
		require.NoError(t, err)
		_, _, err = config.CreateAgent(t.Context(), core.AgentSetup{ID: "anna", Tenant: "acme", Name: "Another Anna", Phone: "desk-anna"})
		require.NoError(t, err)
		page, err := db.CRM().Tasks(t.Context(), models.TaskFilter{Agent: "anna", State: models.TaskOpen})
		require.NoError(t, err)
		require.Empty(t, page.Items)
		page, err = db.CRM().Tasks(t.Context(), models.TaskFilter{Tenant: "acme"})
		require.NoError(t, err)
		require.Len(t, page.Items, 1, "supervisors find what was promised")
		require.Empty(t, page.Items[0].Agent)
	})
}

// The desk shows what was done last, so that what was ticked off by mistake is found there.
func TestDoneTasksComeAsTheyWereDoneC19(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		crm := db.CRM()
		var ids []string
		for i := range 3 {
			made, err := crm.CreateTask(t.Context(), models.Task{
				Tenant: "acme", Agent: "anna", Call: "c", Title: strconv.Itoa(i), Due: time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02"),
			})
			require.NoError(t, err)
			ids = append(ids, made.ID)
		}
		for _, id := range []string{ids[1], ids[2], ids[0]} {
			require.NoError(t, crm.FinishTask(t.Context(), id, true))
		}
		page, err := crm.Tasks(t.Context(), models.TaskFilter{Agent: "anna", State: models.TaskDone, Paging: models.Paging{Limit: 1}})
		require.NoError(t, err)
		require.Equal(t, ids[0], page.Items[0].ID, "done a moment ago")
	})
}

// The limit holds too where several come at once: two tabs, or a machine with the agent's token.
func TestTheLimitOfOpenTasksHoldsForSeveralAtOnceC19(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		crm := db.CRM()
		task := models.Task{Tenant: "acme", Agent: "anna", Call: "c", Title: "Call back", Due: time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02")}
		var last models.Task
		for range models.MaxOpenTasks {
			var err error
			last, err = crm.CreateTask(t.Context(), task)
			require.NoError(t, err)
		}
		open := func() (n int) {
			f := models.TaskFilter{Agent: "anna", State: models.TaskOpen, Paging: models.Paging{Limit: 500}}
			for {
				page, err := crm.Tasks(t.Context(), f)
				require.NoError(t, err)
				n += len(page.Items)
				if f.Cursor = page.Next; f.Cursor == "" {
					return n
				}
			}
		}
		for range 20 { // room for one, and eight who want it
			require.NoError(t, crm.FinishTask(t.Context(), last.ID, true))
			var all sync.WaitGroup
			begin := make(chan struct{})
			made := make(chan models.Task, 8)
			for range 8 {
				all.Go(func() {
					<-begin
					if one, err := crm.CreateTask(t.Context(), task); err == nil {
						made <- one
					}
				})
			}
			close(begin)
			all.Wait()
			require.Equal(t, models.MaxOpenTasks, open())
			last = <-made
		}
	})
}
