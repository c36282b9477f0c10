package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// onSQLite puts a real database under the world, with the same set-up in it. Only the tokens stay as they are.
func onSQLite(tb testing.TB) func(*Config) {
	tb.Helper()
	return onDatabase(tb, dbtest.Open(tb, dbtest.SQLiteURL(tb)))
}

func onDatabase(tb testing.TB, db *models.DB) func(*Config) {
	tb.Helper()
	return func(c *Config) {
		fake := *c
		*c = c.Database(db)
		c.Tokens = fake.Tokens
		copyRows(tb, fake.Tenants, c.Tenants)
		copyRows(tb, fake.Agents, c.Agents)
		copyRows(tb, fake.Queues, c.Queues)
		copyRows(tb, fake.Hours, c.Hours)
		copyRows(tb, fake.EntryPoints, c.EntryPoints)
	}
}

func copyRows[T any](tb testing.TB, from, to Repository[T]) {
	tb.Helper()
	rows, err := from.List(tb.Context(), "")
	require.NoError(tb, err)
	for _, row := range rows {
		_, _, err := to.Create(tb.Context(), row.Value)
		require.NoError(tb, err)
	}
}

func TestOnARealDatabase(t *testing.T) {
	w := newWorld(t, onSQLite(t))
	key := headers{keyHeader: "k1"}
	first := w.good(201, "admin", post, "/api/v1/queues", `{"id":"support","tenant":"acme","name":"Support"}`, key)
	again := w.good(201, "admin", post, "/api/v1/queues", `{"id":"support","tenant":"acme","name":"Support"}`, key)
	require.JSONEq(t, string(first.body), string(again.body))
	w.bad(422, CodeKeyReused, keyHeader, "admin", post, "/api/v1/queues", `{"id":"other","tenant":"acme","name":"Other"}`, key)
	e := w.bad(422, CodeInvalid, "ring_time", "admin", post, "/api/v1/queues", `{"tenant":"acme","name":"x","ring_time":301}`)
	require.Contains(t, e.Message, "5m")
	w.bad(422, CodeInvalid, "members[0].agent", "admin", put, "/api/v1/queues/support", `{"tenant":"acme","name":"x","members":[{"agent":"nobody"}]}`)
	w.bad(412, CodeVersion, "If-Match", "admin", put, "/api/v1/queues/support", `{"tenant":"acme","name":"x"}`, headers{"If-Match": `"9"`})
	w.bad(409, CodeConflict, "id", "admin", post, "/api/v1/queues", `{"id":"support","tenant":"acme","name":"Support"}`)
	w.good(204, "admin", del, "/api/v1/queues/support", "")
	w.bad(404, CodeNotFound, "", "admin", get, "/api/v1/queues/support", "")
	a := w.good(200, "admin", put, "/api/v1/site", `{"max_calls":7}`)
	w.good(412, "admin", put, "/api/v1/site", `{"max_calls":8}`, headers{"If-Match": `"5"`})
	w.good(200, "admin", put, "/api/v1/site", `{"max_calls":8}`, headers{"If-Match": a.header.Get("ETag")})

	for _, path := range []string{
		"tenants", "tenants/acme", "entry-points", "entry-points/main", "hours", "hours/office", "queues?tenant=acme", "agents", "agents/anna", "reasons?tenant=acme", "site",
		"call-records?agent=anna&from=2026-01-01T00:00:00Z", "recordings", "leads?tenant=acme&number=030123456", "contacts?number=%2B4930123456",
	} {
		w.good(200, "admin", get, "/api/v1/"+path, "")
	}
	for _, path := range []string{"call-records", "recordings", "leads", "contacts"} {
		w.bad(422, CodeInvalid, "cursor", "admin", get, "/api/v1/"+path+"?cursor=bogus", "")
	}
	w.bad(422, CodeInvalid, "number", "admin", get, "/api/v1/leads?number=nobody", "")
	w.bad(404, CodeNotFound, "", "admin", get, "/api/v1/recordings/nothing", "")
	w.bad(404, CodeNotFound, "", "admin", get, "/api/v1/call-records/nothing", "")
}

func TestTokensOnARealDatabase(t *testing.T) {
	w := newWorld(t)
	db := dbtest.Open(t, dbtest.SQLiteURL(t))
	tokens := Config{}.Database(db).Tokens
	_, admin, err := tokens.CreateToken(t.Context(), Token{Name: "root", Role: Admin})
	require.NoError(t, err)
	w.srv.Tokens = tokens

	var made newToken
	w.good(201, admin, post, "/api/v1/tokens", `{"name":"wallboard","role":"supervisor","tenant":"acme"}`).into(t, &made)
	require.Equal(t, core.TenantID("acme"), made.Tenant)
	require.WithinDuration(t, time.Now(), made.CreatedAt, time.Minute)
	var who me
	w.good(200, made.Secret, get, "/api/v1/me", "").into(t, &who)
	require.Contains(t, who.May, "listCalls")
	require.NotContains(t, who.May, "metrics")
	who.May = nil
	require.Equal(t, me{Token: made.ID, Name: "wallboard", Role: Supervisor, Tenant: "acme", AllTeams: true, Version: "test"}, who)
	w.good(200, admin, get, "/api/v1/tokens", "")
	w.good(204, admin, del, "/api/v1/tokens/"+made.ID, "")
	w.good(401, made.Secret, get, "/api/v1/me", "")
	w.good(401, "tandem_guess", get, "/api/v1/me", "")
	w.bad(404, CodeNotFound, "", admin, del, "/api/v1/tokens/"+made.ID, "")
}
