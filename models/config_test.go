package models_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// site sets up a tenant with two agents, a queue with both, and an entry point that leads to it.
func site(t *testing.T, db *models.DB) *models.Config {
	t.Helper()
	c := db.Config()
	_, _, err := c.CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme"}, Region: "DE"})
	require.NoError(t, err)
	for _, id := range []core.AgentID{"anna", "ben"} {
		_, _, err := c.CreateAgent(t.Context(), core.AgentSetup{ID: id, Tenant: "acme", Name: string(id), Phone: "desk-" + string(id), Skills: map[string]int{"english": 7}})
		require.NoError(t, err)
	}
	_, _, err = c.CreateQueue(t.Context(), salesQueue())
	require.NoError(t, err)
	_, _, err = c.CreateEntryPoint(t.Context(), mainLine())
	require.NoError(t, err)
	return c
}

func salesQueue() core.Queue {
	return core.Queue{
		ID: "sales", Tenant: "acme", Name: "Sales", Strategy: core.LongestIdle, RingTime: 15 * time.Second, Record: true,
		Members: []core.Membership{{Agent: "ben", Level: 2, Rank: 1}, {Agent: "anna"}},
		Skills:  []core.SkillNeed{{Skill: "english", Level: 5, Required: true}},
		WrapUp:  core.WrapUpSetup{Time: 30 * time.Second, Reasons: []string{"sold", "not sold"}},
	}
}

func mainLine() core.EntryPoint {
	return core.EntryPoint{ID: "main", Tenant: "acme", Name: "Main line", Numbers: []string{"+4930123456", "100"}, Queue: "sales", Greeting: []string{"acme/welcome"}}
}

func TestConfigReadsBackWhatWasWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		all, err := c.Snapshot(t.Context())
		require.NoError(t, err)
		require.Equal(t, []core.Tenant{{ID: "acme", Name: "Acme"}}, all.Tenants)
		require.Equal(t, []core.Queue{salesQueue()}, all.Queues, "members in their order")
		require.Equal(t, []core.EntryPoint{mainLine()}, all.EntryPoints)
		require.Len(t, all.Agents, 2)
		require.Empty(t, all.Remove)
		_, delta, err := c.SetSite(t.Context(), core.Site{MaxCalls: 50})
		require.NoError(t, err)
		require.Equal(t, &core.Site{MaxCalls: 50}, delta.Site)
		tenant, err := c.Tenant(t.Context(), "acme")
		require.NoError(t, err)
		require.Equal(t, "DE", tenant.Setup.Region)
		require.Equal(t, int64(1), tenant.Version)
		require.WithinDuration(t, time.Now(), tenant.CreatedAt, time.Hour)
		_, err = c.Queue(t.Context(), "nowhere")
		require.ErrorIs(t, err, models.ErrNotFound)
	})
}

func TestConfigVersionsKeepTwoEditorsApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		q := salesQueue()
		q.Name, q.Members = "Sales and more", []core.Membership{{Agent: "anna", Rank: 3}}
		v, delta, err := c.UpdateQueue(t.Context(), q, 1)
		require.NoError(t, err)
		require.Equal(t, int64(2), v.Version)
		require.Equal(t, q, v.Setup)
		require.Equal(t, []core.Queue{q}, delta.Queues)
		_, _, err = c.UpdateQueue(t.Context(), salesQueue(), 1)
		require.ErrorIs(t, err, models.ErrVersion)
		_, _, err = c.UpdateQueue(t.Context(), salesQueue(), 0)
		require.NoError(t, err, "0 means whatever there is")
		_, _, err = c.CreateQueue(t.Context(), salesQueue())
		require.ErrorIs(t, err, models.ErrExists)
		_, err = c.DeleteEntryPoint(t.Context(), "main", 7)
		require.ErrorIs(t, err, models.ErrVersion)
		unknown := salesQueue()
		unknown.ID = "unknown"
		_, _, err = c.UpdateQueue(t.Context(), unknown, 0)
		require.ErrorIs(t, err, models.ErrNotFound)
	})
}

func TestConfigRemovalIsRemembered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		_, err := c.DeleteQueue(t.Context(), "sales", 0)
		requireField(t, err, "id", "entry point main")
		_, err = c.DeleteTenant(t.Context(), "acme", 0)
		requireField(t, err, "id", "delete them first")
		delta, err := c.DeleteAgent(t.Context(), "ben", 0)
		require.NoError(t, err)
		require.Equal(t, []core.AgentID{"ben"}, delta.Remove.Agents)
		require.Len(t, delta.Queues, 1, "the queue has lost a member, and the rules are told")
		require.Equal(t, []core.Membership{{Agent: "anna"}}, delta.Queues[0].Members)
		delta, err = c.DeleteEntryPoint(t.Context(), "main", 0)
		require.NoError(t, err)
		require.Equal(t, []core.EntryPointID{"main"}, delta.Remove.EntryPoints)
		_, err = c.DeleteQueue(t.Context(), "sales", 0)
		require.NoError(t, err)
		_, err = c.DeleteQueue(t.Context(), "sales", 0)
		require.ErrorIs(t, err, models.ErrNotFound)
		all, err := c.Snapshot(t.Context())
		require.NoError(t, err)
		require.Equal(t, core.Removal{EntryPoints: []core.EntryPointID{"main"}, Queues: []core.QueueID{"sales"}, Agents: []core.AgentID{"ben"}}, all.Remove)
		_, _, err = c.CreateQueue(t.Context(), core.Queue{ID: "sales", Tenant: "acme", Name: "Sales again"})
		require.NoError(t, err)
		all, err = c.Snapshot(t.Context())
		require.NoError(t, err)
		require.Empty(t, all.Remove.Queues, "what is there again is not removed")
	})
}

// Who looks something up does so by ids: the next agent, or tenant, of an id would find the calls of the one before (S3).
func TestAnIDOfWhichThereAreRecordsIsNotGivenAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		for _, id := range []string{"anna", "ben"} { // while they are set up, it is the id that is taken
			_, _, err := c.CreateAgent(t.Context(), core.AgentSetup{ID: core.AgentID(id), Tenant: "acme", Name: "Next", Phone: "desk-next"})
			require.ErrorIs(t, err, models.ErrExists)
		}
		_, err := c.DeleteEntryPoint(t.Context(), "main", 0)
		require.NoError(t, err)
		_, err = c.DeleteQueue(t.Context(), "sales", 0)
		require.NoError(t, err)
		again := func(id core.AgentID) error {
			_, err := c.DeleteAgent(t.Context(), id, 0)
			require.NoError(t, err)
			_, _, err = c.CreateAgent(t.Context(), core.AgentSetup{ID: id, Tenant: "acme", Name: "Next", Phone: "desk-next"})
			return err
		}
		require.NoError(t, again("anna"), "nothing was done by the one who was deleted")
		require.NoError(t, models.Exec(t.Context(), db,
			`INSERT INTO call_records (call, tenant, entry_point, queue, outcome, number, arrived_at, ended_at, record) VALUES ('c1', 'acme', 'main', 'sales', 'answered', '', 1, 2, '{}')`,
			`INSERT INTO call_agents (call, agent) VALUES ('c1', 'anna')`,
			// The call that ben is in has no record yet.
			`INSERT INTO agent_states (shard, seq, idx, tenant, agent, state, reason, cause, actor, call, since_at) VALUES ('s', 1, 0, 'acme', 'ben', 'engaged', '', '', '', 'c2', 1)`))
		requireField(t, again("anna"), "id", "deleted agent")
		requireField(t, again("ben"), "id", "deleted agent")
		_, err = c.DeleteTenant(t.Context(), "acme", 0)
		require.NoError(t, err)
		_, _, err = c.CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Another Acme"}})
		requireField(t, err, "id", "deleted tenant")
	})
}

func TestConfigChecksReferences(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		_, _, err := c.CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "other", Name: "Other"}})
		require.NoError(t, err)

		e := core.EntryPoint{ID: "second", Tenant: "acme", Name: "Second", Numbers: []string{"200", "100"}, Queue: "sales"}
		_, _, err = c.CreateEntryPoint(t.Context(), e)
		requireField(t, err, "numbers[1]", "entry point main")
		e.Numbers, e.Queue = []string{"200"}, "support"
		_, _, err = c.CreateEntryPoint(t.Context(), e)
		requireField(t, err, "queue", "no queue")
		e.Queue, e.Users = "", []core.AgentID{"anna", "zoe"}
		_, _, err = c.CreateEntryPoint(t.Context(), e)
		requireField(t, err, "users[1]", "no agent")
		e.Users, e.Tenant = []core.AgentID{"anna"}, "other"
		_, _, err = c.CreateEntryPoint(t.Context(), e)
		requireField(t, err, "users[0]", "no agent")
		e.Tenant = "acme"
		_, _, err = c.CreateEntryPoint(t.Context(), e)
		require.NoError(t, err)
		_, err = c.DeleteAgent(t.Context(), "anna", 0)
		requireField(t, err, "id", "ring group second")

		q := salesQueue()
		q.Tenant = "other"
		_, _, err = c.UpdateQueue(t.Context(), q, 0)
		requireField(t, err, "members[0].agent", "no agent")
		q.Members = nil
		_, _, err = c.UpdateQueue(t.Context(), q, 0)
		requireField(t, err, "tenant", "cannot be changed")
		_, _, err = c.CreateAgent(t.Context(), core.AgentSetup{ID: "carl", Tenant: "acme", Name: "Carl", Phone: "desk-anna"})
		requireField(t, err, "phone", "another agent's")
		_, _, err = c.CreateAgent(t.Context(), core.AgentSetup{ID: "carl", Tenant: "nobody", Name: "Carl", Phone: "desk-carl"})
		requireField(t, err, "tenant", "no such tenant")
	})
}

func TestConfigConcurrentClaimsOfOneNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				_, _, errs[i] = c.CreateEntryPoint(t.Context(), core.EntryPoint{
					ID: core.EntryPointID(fmt.Sprintf("e%d", i)), Tenant: "acme", Name: "E", Numbers: []string{"300"}, Queue: "sales",
				})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			requireField(t, err, "numbers[0]", "serves the entry point")
		}
		require.Equal(t, 1, won)
	})
}

func TestConfigRules(t *testing.T) {
	queue := func(change func(*core.Queue)) error {
		q := salesQueue()
		change(&q)
		return models.ValidQueue(q)
	}
	entry := func(change func(*core.EntryPoint)) error {
		e := mainLine()
		change(&e)
		return models.ValidEntryPoint(e)
	}
	agent := func(change func(*core.AgentSetup)) error {
		a := core.AgentSetup{ID: "anna", Tenant: "acme", Name: "Anna", Phone: "desk1"}
		change(&a)
		return models.ValidAgent(a)
	}
	tenant := func(change func(*models.Tenant)) error {
		x := models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme"}}
		change(&x)
		return models.ValidTenant(x)
	}
	users := func(n int) []core.AgentID {
		var out []core.AgentID
		for i := range n {
			out = append(out, core.AgentID(fmt.Sprintf("u%d", i)))
		}
		return out
	}
	for _, c := range []struct {
		name  string
		err   error
		field string // "" = valid
	}{
		{"queue as it is", queue(func(*core.Queue) {}), ""},
		{"Q3 ring time 1 s", queue(func(q *core.Queue) { q.RingTime = time.Second }), ""},
		{"Q3 ring time 5 min", queue(func(q *core.Queue) { q.RingTime = 5 * time.Minute }), ""},
		{"Q3 ring time below 1 s", queue(func(q *core.Queue) { q.RingTime = time.Second - 1 }), "ring_time"},
		{"Q3 ring time over 5 min", queue(func(q *core.Queue) { q.RingTime = 5*time.Minute + 1 }), "ring_time"},
		{"Q5 unknown strategy", queue(func(q *core.Queue) { q.Strategy = "best" }), "strategy"},
		{"Q6 skill level 0", queue(func(q *core.Queue) { q.Skills[0].Level = 0 }), "skills[0].level"},
		{"Q6 skill level 11", queue(func(q *core.Queue) { q.Skills[0].Level = 11 }), "skills[0].level"},
		{"member twice", queue(func(q *core.Queue) { q.Members = append(q.Members, q.Members[0]) }), "members[2].agent"},
		{"id with a capital", queue(func(q *core.Queue) { q.ID = "Sales" }), "id"},
		{"id of a private queue", queue(func(q *core.Queue) { q.ID = "ring:main" }), "id"},
		{"empty id", queue(func(q *core.Queue) { q.ID = "" }), "id"},
		{"empty name", queue(func(q *core.Queue) { q.Name = " " }), "name"},
		{"long name", queue(func(q *core.Queue) { q.Name = strings.Repeat("ä", 129) }), "name"},
		{"name of 128 letters", queue(func(q *core.Queue) { q.Name = strings.Repeat("ä", 128) }), ""},
		{"music with an expression", queue(func(q *core.Queue) { q.Music = "${SHELL(id)}" }), "music"},
		{"C19 reason twice", queue(func(q *core.Queue) { q.WrapUp.Reasons = []string{"a", "a"} }), "wrap_up.reasons[1]"},
		{"entry point as it is", entry(func(*core.EntryPoint) {}), ""},
		{"N3 off without a route", entry(func(e *core.EntryPoint) { e.Off, e.Queue = true, "" }), ""},
		{"no route", entry(func(e *core.EntryPoint) { e.Queue = "" }), "queue"},
		{"two routes", entry(func(e *core.EntryPoint) { e.Users = users(1) }), "users"},
		{"N6 ring group of 100", entry(func(e *core.EntryPoint) { e.Queue, e.Users = "", users(100) }), ""},
		{"N6 ring group of 101", entry(func(e *core.EntryPoint) { e.Queue, e.Users = "", users(101) }), "users"},
		{"number with letters", entry(func(e *core.EntryPoint) { e.Numbers = []string{"1-800-FLOWERS"} }), "numbers[0]"},
		{"number with a line break", entry(func(e *core.EntryPoint) { e.Numbers = []string{"100\nHangup"} }), "numbers[0]"},
		{"number twice", entry(func(e *core.EntryPoint) { e.Numbers = []string{"1", "2", "1"} }), "numbers[2]"},
		{"prompt outside the folder", entry(func(e *core.EntryPoint) { e.Greeting = []string{"../../etc/passwd"} }), "greeting[0]"},
		{"prompt with an expression", entry(func(e *core.EntryPoint) { e.Closed = []string{"ok", "${x}"} }), "closed[1]"},
		{"priority 10", entry(func(e *core.EntryPoint) { e.Priority = 10 }), "priority"},
		{"agent as it is", agent(func(*core.AgentSetup) {}), ""},
		{"phone with a slash", agent(func(a *core.AgentSetup) { a.Phone = "desk1/SIP" }), "phone"},
		{"skill over 10", agent(func(a *core.AgentSetup) { a.Skills = map[string]int{"x": 11} }), "skills.x"},
		{"name with a line break", agent(func(a *core.AgentSetup) { a.Name = "Anna\r\nX-Evil: 1" }), "name"},
		{"tenant as it is", tenant(func(*models.Tenant) {}), ""},
		{"unknown region", tenant(func(x *models.Tenant) { x.Region = "XX" }), "region"},
		{"idle reason of 65", tenant(func(x *models.Tenant) { x.IdleReasons = []string{strings.Repeat("a", 65)} }), "idle_reasons[0]"},
		{"negative limit", models.ValidSite(core.Site{MaxCalls: -1}), "max_calls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.field == "" {
				require.NoError(t, c.err)
				return
			}
			requireField(t, c.err, c.field, "")
		})
	}
}

// requireField asserts that an error names a field, and its rule.
func requireField(t *testing.T, err error, field, rule string) {
	t.Helper()
	var invalid models.Invalid
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, field, invalid[0].Field)
	require.Contains(t, invalid[0].Rule, rule)
}

func TestNormalNumber(t *testing.T) {
	for _, c := range []struct {
		number, region, want string
		problem              models.NumberProblem
	}{
		{"030 123456", "DE", "+4930123456", ""},
		{"+49 (0)30 123456", "", "+4930123456", ""},
		{"0049 30 123456", "DE", "+4930123456", ""},
		{"+4930123456", "US", "+4930123456", ""},
		{"(202) 456-1111", "US", "+12024561111", ""},
		{"030 123456", "", "", models.NumberInvalid},
		{"100", "DE", "", models.NumberInvalid},
		{"", "DE", "", models.NumberWithheld},
		{" Anonymous ", "DE", "", models.NumberWithheld},
		{"${CHANNEL}", "DE", "", models.NumberInvalid},
		{"'; DROP TABLE leads; --", "DE", "", models.NumberInvalid},
		{strings.Repeat("4", 500), "DE", "", models.NumberInvalid},
		{"+49\x0030123456", "DE", "", models.NumberInvalid},
	} {
		got, problem := models.NormalNumber(c.number, c.region)
		require.Equal(t, c.want, got, "%q in %q", c.number, c.region)
		require.Equal(t, c.problem, problem, "%q in %q", c.number, c.region)
	}
}

func TestMigrationsGoUpAndDown(t *testing.T) {
	for name, url := range map[string]string{
		"sqlite":   "sqlite:" + t.TempDir() + "/new/dir/t.db",
		"postgres": dbtest.Postgres(t).NewDatabase(t, "updown"),
	} {
		t.Run(name, func(t *testing.T) {
			db := dbtest.Open(t, url)
			have, want, err := db.Version(t.Context())
			require.NoError(t, err)
			require.Zero(t, have)
			for range 2 {
				require.NoError(t, db.Migrate(t.Context()))
				require.NoError(t, db.Migrate(t.Context()), "again is no harm")
				have, _, err = db.Version(t.Context())
				require.NoError(t, err)
				require.Equal(t, want, have)
				for range want {
					require.NoError(t, db.MigrateDown(t.Context()))
				}
			}
			have, _, err = db.Version(t.Context())
			require.NoError(t, err)
			require.Zero(t, have)
		})
	}
}

func TestOpenRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, url := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite:x.db?synchronous=off", "sqlite:x.db?cache=shared", "postgres://%zz"} {
		_, err := models.Open(t.Context(), url)
		require.Error(t, err, url)
	}
	_, err := models.Open(t.Context(), "sqlite:"+t.TempDir())
	require.ErrorContains(t, err, "is a directory")
	_, err = models.Open(t.Context(), "postgres://user:geheim@127.0.0.1:1/x?connect_timeout=1")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "geheim")
}

// The rules ignore the "+" of a number, because carriers send it or not. Two entry points, of two tenants perhaps, that differ in it only would
// take each other's calls.
func TestConfigNumbersDifferInMoreThanThePlusN2(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		_, _, err := c.CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "other", Name: "Other"}})
		require.NoError(t, err)
		e := core.EntryPoint{ID: "thief", Tenant: "other", Name: "Thief", Numbers: []string{"200", "4930123456", "+100"}, Off: true}
		_, _, err = c.CreateEntryPoint(t.Context(), e)
		requireField(t, err, "numbers[1]", "+4930123456 is taken already")
		require.NotContains(t, err.Error(), "main", "what it is called there is another tenant's business")
		e.Numbers = []string{"+100"}
		_, _, err = c.CreateEntryPoint(t.Context(), e)
		requireField(t, err, "numbers[0]", "100 is taken already")
		e.Numbers = []string{"+300", "300"}
		_, _, err = c.CreateEntryPoint(t.Context(), e)
		requireField(t, err, "numbers[1]", "twice")
	})
}

func TestConfigConcurrentClaimsOfOneNumberWithAndWithoutPlus(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				_, _, errs[i] = c.CreateEntryPoint(t.Context(), core.EntryPoint{
					ID: core.EntryPointID(fmt.Sprintf("e%d", i)), Tenant: "acme", Name: "E", Numbers: []string{[]string{"300", "+300"}[i%2]}, Queue: "sales",
				})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			requireField(t, err, "numbers[0]", "serves the entry point")
		}
		require.Equal(t, 1, won)
	})
}
