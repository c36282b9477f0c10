package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

const goodPassword = "correct horse battery"

// people sets a site with a team and three users up.
func people(t *testing.T, db *models.DB) *models.Users {
	t.Helper()
	site(t, db)
	u := db.Users()
	_, err := u.CreateTeam(t.Context(), models.Team{ID: "north", Tenant: "acme", Name: "North"})
	require.NoError(t, err)
	for _, user := range []models.User{
		{ID: "root", Name: "Root", Display: "The Root", Role: models.RoleAdmin},
		{ID: "eve", Tenant: "acme", Name: "eve@acme.example", Role: models.RoleSupervisor, Teams: []string{"north"}},
		{ID: "u-anna", Tenant: "acme", Name: "anna", Role: models.RoleAgent, Agent: "anna"},
	} {
		_, err := u.Create(t.Context(), user)
		require.NoError(t, err)
	}
	return u
}

func TestUsersSignInWithTheirPasswordS3(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		u := people(t, db)
		_, err := u.CheckPassword(t.Context(), "root", "")
		require.ErrorIs(t, err, models.ErrNotFound, "without a password nobody signs in")
		has, err := u.HasAdmin(t.Context())
		require.NoError(t, err)
		require.False(t, has)
		require.NoError(t, u.SetPassword(t.Context(), "root", goodPassword, ""))
		has, err = u.HasAdmin(t.Context())
		require.NoError(t, err)
		require.True(t, has)
		for _, name := range []string{"root", " ROOT "} {
			who, err := u.CheckPassword(t.Context(), name, goodPassword)
			require.NoError(t, err)
			require.Equal(t, models.User{ID: "root", Name: "root", Display: "The Root", Role: models.RoleAdmin, HasPassword: true}, who.Setup)
		}
		for name, password := range map[string]string{"root": goodPassword + "x", "nobody": goodPassword, "eve@acme.example": goodPassword, "root\x00": goodPassword, "": ""} {
			_, err := u.CheckPassword(t.Context(), name, password)
			require.ErrorIs(t, err, models.ErrNotFound, "%q", name)
		}
		_, err = u.Update(t.Context(), models.User{ID: "root", Name: "root", Role: models.RoleAdmin, Disabled: true}, 0)
		require.NoError(t, err)
		_, err = u.CheckPassword(t.Context(), "root", goodPassword)
		require.ErrorIs(t, err, models.ErrNotFound)
	})
}

func TestThePasswordRules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		u := people(t, db)
		for password, rule := range map[string]string{
			"eleven char":                  "12 to 128",
			strings.Repeat("ab", 65):       "12 to 128",
			"bad utf \xff\xff\xff\xff\xff": "12 to 128",
			"Eve@ACME.example":             "the name",
			"Password123!":                 "guessed",
			"P@ssw0rd1234":                 "guessed",
			"passwordpassword":             "guessed",
			"123456789012":                 "guessed",
			"2026-01-31 2026":              "guessed",
			"aaaaaaaaaaaa":                 "guessed",
			"monkeymonkey1":                "guessed",
			"qwertyuiop12":                 "guessed",
			"Berlin2026!!!":                "guessed",
			"Tandem2026!!":                 "guessed",
			"callcentre123":                "guessed",
			"eve.acme.1985":                "guessed",
			"xK9xK9xK9xK9xK9":              "guessed",
		} {
			err := u.SetPassword(t.Context(), "eve", password, "")
			requireField(t, err, "password", rule)
		}
		for _, password := range []string{"twelve chars", "correct horse battery", "Vb7#kd92mXq1", strings.Repeat("Vb7#kd92mXq1 ", 9), "パスワードは長いほうがいい"} {
			require.NoError(t, u.SetPassword(t.Context(), "eve", password, ""), password)
			_, err := u.CheckPassword(t.Context(), "eve@acme.example", password)
			require.NoError(t, err, password)
		}
		// The same letters, composed by one keyboard and put together by another.
		require.NoError(t, u.SetPassword(t.Context(), "eve", "b\u00fcrok\u00e4se hundert", ""))
		_, err := u.CheckPassword(t.Context(), "eve@acme.example", "bu\u0308roka\u0308se hundert")
		require.NoError(t, err)
	})
}

func TestUsersAreChecked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		u := people(t, db)
		_, _, err := db.Config().CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: "other", Name: "Other"}})
		require.NoError(t, err)
		for i, c := range []struct {
			field, rule string
			user        models.User
		}{
			{"name", "another user's", models.User{ID: "x", Name: "ANNA", Role: models.RoleAdmin}},
			{"name", "1 to 64", models.User{ID: "x", Name: "a b", Role: models.RoleAdmin}},
			{"role", "admin, ", models.User{ID: "x", Name: "x", Role: "root"}},
			{"agent", "one of the agents", models.User{ID: "x", Name: "x", Tenant: "acme", Role: models.RoleAgent}},
			{"agent", "left out", models.User{ID: "x", Name: "x", Tenant: "acme", Role: models.RoleAdmin, Agent: "ben"}},
			{"agent", "has another user", models.User{ID: "x", Name: "x", Tenant: "acme", Role: models.RoleAgent, Agent: "anna"}},
			{"agent", "no agent", models.User{ID: "x", Name: "x", Tenant: "other", Role: models.RoleAgent, Agent: "ben"}},
			{"agent", "no agent", models.User{ID: "x", Name: "x", Role: models.RoleAgent, Agent: "ben"}},
			{"teams[1]", "no team", models.User{ID: "x", Name: "x", Tenant: "acme", Role: models.RoleSupervisor, Teams: []string{"north", "south"}}},
			{"teams[0]", "no team", models.User{ID: "x", Name: "x", Tenant: "other", Role: models.RoleSupervisor, Teams: []string{"north"}}},
			{"teams", "left out", models.User{ID: "x", Name: "x", Tenant: "acme", Role: models.RoleAuditor, Teams: []string{"north"}}},
			{"teams", "all_teams", models.User{ID: "x", Name: "x", Tenant: "acme", Role: models.RoleSupervisor, Teams: []string{"north"}, AllTeams: true}},
			{"all_teams", "left out", models.User{ID: "x", Name: "x", Tenant: "acme", Role: models.RoleAdmin, AllTeams: true}},
			{"tenant", "no such tenant", models.User{ID: "x", Name: "x", Tenant: "nowhere", Role: models.RoleAdmin}},
		} {
			_, err := u.Create(t.Context(), c.user)
			requireField(t, err, c.field, c.rule)
			require.NotContains(t, err.Error(), "SQL", i)
		}
		_, err = u.Create(t.Context(), models.User{ID: "eve", Name: "x", Role: models.RoleAdmin})
		require.ErrorIs(t, err, models.ErrExists)
		eve, err := u.User(t.Context(), "eve")
		require.NoError(t, err)
		require.Equal(t, []string{"north"}, eve.Setup.Teams)
		moved := eve.Setup
		moved.Tenant = ""
		moved.Teams, moved.AllTeams = nil, true
		_, err = u.Update(t.Context(), moved, 0)
		requireField(t, err, "tenant", "cannot be changed")
		_, err = u.Update(t.Context(), eve.Setup, 9)
		require.ErrorIs(t, err, models.ErrVersion)
		all, err := u.List(t.Context(), "acme")
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.NoError(t, u.Delete(t.Context(), "eve", 0))
		require.ErrorIs(t, u.Delete(t.Context(), "eve", 0), models.ErrNotFound)
	})
}

// A team that goes must not make its supervisor see more.
func TestADeletedTeamTakesSightAwayS3(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		u := people(t, db)
		anna, err := db.Config().Agent(t.Context(), "anna")
		require.NoError(t, err)
		anna.Setup.Teams = []string{"north"}
		_, _, err = db.Config().UpdateAgent(t.Context(), anna.Setup, 0)
		require.NoError(t, err)
		requireField(t, u.DeleteTeam(t.Context(), "north", 0), "id", "agent anna")
		anna.Setup.Teams = nil
		_, _, err = db.Config().UpdateAgent(t.Context(), anna.Setup, 0)
		require.NoError(t, err)
		require.ErrorIs(t, u.DeleteTeam(t.Context(), "north", 7), models.ErrVersion)
		require.NoError(t, u.DeleteTeam(t.Context(), "north", 1))
		eve, err := u.User(t.Context(), "eve")
		require.NoError(t, err)
		require.Empty(t, eve.Setup.Teams)
		require.False(t, eve.Setup.AllTeams)
		require.Equal(t, int64(2), eve.Version, "who edits the user must see it")
		teams, err := u.Teams(t.Context(), "")
		require.NoError(t, err)
		require.Empty(t, teams)
	})
}

func TestSessionsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		u, s := people(t, db), db.Sessions()
		const idle = time.Hour
		made, secret, err := s.Begin(t.Context(), "eve", "192.0.2.1", strings.Repeat("ü\x00", 300), idle)
		require.NoError(t, err)
		got, who, err := s.Authenticate(t.Context(), secret, idle)
		require.NoError(t, err)
		require.Equal(t, made, got)
		require.Equal(t, core.TenantID("acme"), who.Tenant)
		for _, wrong := range []string{"", "tandem_s_", secret + "x", made.Hash, "tandem_s_" + made.Hash} {
			_, _, err := s.Authenticate(t.Context(), wrong, idle)
			require.ErrorIs(t, err, models.ErrNotFound)
		}
		_, _, err = s.Authenticate(t.Context(), secret, 0)
		require.ErrorIs(t, err, models.ErrNotFound, "not used for the idle time")
		_, old, err := s.Begin(t.Context(), "eve", "192.0.2.1", "", -time.Second)
		require.NoError(t, err)
		_, _, err = s.Authenticate(t.Context(), old, idle)
		require.ErrorIs(t, err, models.ErrNotFound, "its life is over")

		familiar, err := s.Familiar(t.Context(), "EVE@acme.example", "192.0.2.1")
		require.NoError(t, err)
		require.True(t, familiar)
		familiar, err = s.Familiar(t.Context(), "anna", "192.0.2.1")
		require.NoError(t, err)
		require.False(t, familiar)

		begin := func(user string) string {
			_, secret, err := s.Begin(t.Context(), user, "", "", idle)
			require.NoError(t, err)
			return secret
		}
		alive := func(secret string) bool {
			_, _, err := s.Authenticate(t.Context(), secret, idle)
			if err != nil {
				require.ErrorIs(t, err, models.ErrNotFound)
			}
			return err == nil
		}
		// A new password ends all sessions but the one that it was changed in.
		other := begin("eve")
		require.NoError(t, u.SetPassword(t.Context(), "eve", goodPassword, made.ID))
		require.True(t, alive(secret))
		require.False(t, alive(other))
		require.NoError(t, s.End(t.Context(), made.ID))
		require.ErrorIs(t, s.End(t.Context(), made.ID), models.ErrNotFound)
		require.False(t, alive(secret))
		// So does disabling, for good: enabling again does not bring them back.
		secret = begin("eve")
		eve, err := u.User(t.Context(), "eve")
		require.NoError(t, err)
		eve.Setup.Disabled = true
		_, err = u.Update(t.Context(), eve.Setup, 0)
		require.NoError(t, err)
		require.False(t, alive(secret))
		eve.Setup.Disabled = false
		_, err = u.Update(t.Context(), eve.Setup, 0)
		require.NoError(t, err)
		require.False(t, alive(secret))
		// Nobody has endless sessions.
		first := begin("eve")
		for range 20 {
			begin("eve")
		}
		require.False(t, alive(first))
		list, err := s.List(t.Context(), "eve", idle)
		require.NoError(t, err)
		require.Len(t, list, 20)
		_, tenant, err := s.Session(t.Context(), list[0].ID)
		require.NoError(t, err)
		require.Equal(t, core.TenantID("acme"), tenant)
		secret = begin("eve")
		require.NoError(t, u.Delete(t.Context(), "eve", 0))
		require.False(t, alive(secret))

		// With the agent goes who acted for it, and the tenant takes all along.
		secret = begin("u-anna")
		_, err = db.Config().DeleteAgent(t.Context(), "anna", 0)
		require.NoError(t, err)
		require.False(t, alive(secret))
		anna, err := u.User(t.Context(), "u-anna")
		require.NoError(t, err)
		require.True(t, anna.Setup.Disabled)
		require.Empty(t, anna.Setup.Agent)
		c := db.Config()
		_, err = c.DeleteEntryPoint(t.Context(), "main", 0)
		require.NoError(t, err)
		_, err = c.DeleteQueue(t.Context(), "sales", 0)
		require.NoError(t, err)
		_, err = c.DeleteAgent(t.Context(), "ben", 0)
		require.NoError(t, err)
		_, err = c.DeleteTenant(t.Context(), "acme", 0)
		require.NoError(t, err)
		users, err := u.List(t.Context(), "")
		require.NoError(t, err)
		require.Len(t, users, 1)
	})
}

func TestTheAuditLogIsSearchedS3(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		log := db.Audit()
		at := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
		for i, row := range []models.AuditRow{
			{Tenant: "acme", Actor: "admin:root", Action: "replaceQueue", Object: "queue/sales"},
			{Tenant: "acme", Actor: "admin:root", Action: "replaceQueue", Object: "queue/support"},
			{Tenant: "acme", Actor: "admin:eve", Action: "replaceAgent", Object: "agent/anna"},
			{Tenant: "other", Actor: "admin:root", Action: "replaceQueue", Object: "queue%"},
		} {
			row.At = at.Add(time.Duration(i) * time.Hour)
			require.NoError(t, log.Record(t.Context(), row))
		}
		for want, f := range map[string]models.AuditFilter{
			"queue%,agent/anna,queue/support,queue/sales": {},
			"agent/anna,queue/support,queue/sales":        {Tenant: "acme"},
			"agent/anna":                                  {Actor: "admin:eve"},
			"queue/support,queue/sales":                   {Object: "queue/"},
			"queue/sales":                                 {Object: "queue/sales"},
			"queue%,queue/support,queue/sales":            {Action: "replaceQueue"},
			"queue/support":                               {From: at.Add(time.Hour), To: at.Add(2 * time.Hour)},
			"":                                            {Object: "queue"},
		} {
			page, err := log.Find(t.Context(), f)
			require.NoError(t, err)
			var got []string
			for _, row := range page.Items {
				got = append(got, row.Object)
			}
			require.Equal(t, want, strings.Join(got, ","))
		}
	})
}

func TestSeveralChangesAreAllMadeOrNone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := site(t, db)
		agent := func(id, phone string) models.Change {
			return func(ctx context.Context, db *models.DB) (core.ConfigChanged, error) {
				_, change, err := db.Config().CreateAgent(ctx, core.AgentSetup{ID: core.AgentID(id), Tenant: "acme", Name: id, Phone: phone})
				return change, err
			}
		}
		count := func() int {
			all, err := c.Agents(t.Context(), "")
			require.NoError(t, err)
			return len(all)
		}
		before := count()
		_, err := c.All(t.Context(), []models.Change{agent("x1", "p1"), agent("X2", "p2"), agent("x3", "p1"), agent("x4", "p4"), agent("x1", "p5")}, false)
		var failed models.Failures
		require.ErrorAs(t, err, &failed)
		require.Equal(t, []int{1, 2, 4}, []int{failed[0].Index, failed[1].Index, failed[2].Index}, "what is wrong is named, and each sees the ones before it")
		requireField(t, failed[0].Err, "id", "a-z")
		requireField(t, failed[1].Err, "phone", "another agent's")
		require.ErrorIs(t, failed[2].Err, models.ErrExists)
		require.Equal(t, before, count(), "none was made")

		_, err = c.All(t.Context(), []models.Change{agent("x1", "p1")}, true)
		require.NoError(t, err)
		require.Equal(t, before, count(), "only tried")
		told, err := c.All(t.Context(), []models.Change{agent("x1", "p1"), agent("x2", "p2")}, false)
		require.NoError(t, err)
		require.Len(t, told.Agents, 2)
		require.Equal(t, before+2, count())

		bad := make([]models.Change, 300)
		for i := range bad {
			bad[i] = func(context.Context, *models.DB) (core.ConfigChanged, error) {
				return core.ConfigChanged{}, fmt.Errorf("no")
			}
		}
		_, err = c.All(t.Context(), bad, false)
		require.ErrorAs(t, err, &failed)
		require.Len(t, failed, 100)
	})
}

func TestADatabaseThatIsAwayIsAnOutage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		_, err := db.Users().User(t.Context(), "nobody")
		require.ErrorIs(t, err, models.ErrNotFound)
		require.False(t, models.Outage(err))
		_, _, err = db.Config().CreateAgent(t.Context(), core.AgentSetup{})
		require.False(t, models.Outage(err))
	})
	_, err := models.Open(t.Context(), "postgres://user@127.0.0.1:1/x?connect_timeout=1")
	require.True(t, models.Outage(err), "%v", err)
	require.False(t, models.Outage(nil))
	require.False(t, models.Outage(errors.New("some mistake of ours")))
	require.False(t, models.Outage(context.Canceled))

	db, err := models.Open(t.Context(), dbtest.SQLiteURL(t))
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = db.Users().User(t.Context(), "x")
	require.True(t, models.Outage(err), "%v", err)
}

// TestATemporaryPasswordS3: it lets its user in for a while only, and is forgotten with the first one of their own.
func TestATemporaryPasswordS3(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		u := people(t, db)
		require.NoError(t, u.SetTemporaryPassword(t.Context(), "eve", goodPassword))
		who, err := u.CheckPassword(t.Context(), "eve@acme.example", goodPassword)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(7*24*time.Hour), who.Setup.PasswordUntil, time.Minute)
		require.NoError(t, models.Exec(t.Context(), db, `UPDATE users SET password_until = 1 WHERE id = 'eve'`))
		_, err = u.CheckPassword(t.Context(), "eve@acme.example", goodPassword)
		require.ErrorIs(t, err, models.ErrNotFound, "its time is over")
		require.NoError(t, u.SetPassword(t.Context(), "eve", goodPassword, ""))
		who, err = u.CheckPassword(t.Context(), "eve@acme.example", goodPassword)
		require.NoError(t, err)
		require.Zero(t, who.Setup.PasswordUntil)
		requireField(t, u.SetTemporaryPassword(t.Context(), "eve", "short"), "password", "12 to 128")
	})
}
