package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
)

func TestLeadsAndContactsR1R2(t *testing.T) {
	w := newWorld(t)
	w.store.leads = []Lead{{ID: "1", Tenant: "acme", Number: "+4915112345678", Status: "new", CreatedAt: day}}
	w.store.contacts = []Contact{{ID: "2", Tenant: "globex", Name: "Bo", Version: 1, CreatedAt: day}}
	var l paged[Lead]
	w.good(200, "supervisor", get, "/api/v1/leads?number=%2B4915112345678", "").into(t, &l)
	require.Len(t, l.Items, 1)
	w.good(200, "globex", get, "/api/v1/leads", "").into(t, &l)
	require.Empty(t, l.Items)
	var c paged[Contact]
	w.good(200, "globex", get, "/api/v1/contacts", "").into(t, &c)
	require.Len(t, c.Items, 1)
	w.bad(422, CodeInvalid, "number", "supervisor", get, "/api/v1/leads?number=%00", "")
	w.bad(422, CodeInvalid, "search", "supervisor", get, "/api/v1/leads?search=%00", "")
}

// customersWorld is a world whose customers are in a database.
func customersWorld(t *testing.T, db *models.DB) *world {
	return newWorld(t, func(c *Config) {
		kept := Config{}.Database(db)
		copyRows(t, c.Tenants, kept.Tenants)
		copyRows(t, c.Agents, kept.Agents)
		c.CRM = kept.CRM
	})
}

// A contact is noted by hand, once however often it is asked for, and is its tenant's (R1).
func TestAContactIsNotedR1(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		w := customersWorld(t, db)
		key := headers{"Idempotency-Key": "the-same"}
		body := `{"name":"Bo Berg","company":"Berg GmbH","numbers":["030 555000"],"owner":"anna"}`
		var made Contact
		w.good(201, "user:sam", post, "/api/v1/contacts", body, key).into(t, &made)
		require.Equal(t, []string{"+4930555000"}, made.Numbers)
		clear(w.store.answers) // the answer was lost
		w.good(201, "user:sam", post, "/api/v1/contacts", body, key)
		var p paged[Contact]
		w.good(200, "auditor", get, "/api/v1/contacts", "").into(t, &p)
		require.Equal(t, []Contact{made}, p.Items)
		rows := w.store.audited()
		require.Equal(t, "createContact", rows[0].Action)
		require.Equal(t, "contact/"+made.ID, rows[0].Object)

		w.bad(422, CodeInvalid, "numbers[0]", "user:sam", post, "/api/v1/contacts", `{"name":"Eve","numbers":["+4930555000"]}`)
		w.bad(422, CodeInvalid, "owner", "user:sam", post, "/api/v1/contacts", `{"name":"Eve","owner":"gary"}`)
		w.bad(422, CodeInvalid, "name", "user:sam", post, "/api/v1/contacts", `{}`)
		w.bad(422, CodeInvalid, "tenant", "admin", post, "/api/v1/contacts", `{"name":"Eve"}`)
		w.bad(422, CodeInvalid, "tenant", "admin", post, "/api/v1/contacts", `{"name":"Eve","tenant":"nobody"}`)
		w.bad(403, CodeForbidden, "tenant", "user:gina", post, "/api/v1/contacts", `{"name":"Eve","tenant":"acme"}`)
		w.bad(403, CodeForbidden, "", "user:eve", post, "/api/v1/contacts", `{"name":"Eve"}`)
		w.good(201, "admin", post, "/api/v1/contacts", `{"name":"Eve","tenant":"globex","numbers":["+4930555000"]}`)
	})
}

// A contact is changed and forgotten by who looks after customers, of the tenant's only (R1).
func TestAContactIsChangedR1(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		w := customersWorld(t, db)
		var made, now Contact
		w.good(201, "user:sam", post, "/api/v1/contacts", `{"name":"Bo Berg","numbers":["030 555000"]}`).into(t, &made)
		path := "/api/v1/contacts/" + made.ID
		a := w.good(200, "user:sam", put, path, `{"name":"Bo Berg","company":"Berg GmbH","numbers":["030 555001"],"owner":"anna"}`, headers{"If-Match": `"1"`})
		require.Equal(t, `"2"`, a.header.Get("ETag"))
		a.into(t, &now)
		require.Equal(t, Contact{ID: made.ID, Tenant: "acme", Name: "Bo Berg", Company: "Berg GmbH", Numbers: []string{"+4930555001"}, Owner: "anna", Version: 2, CreatedAt: made.CreatedAt}, now)
		w.good(200, "auditor", get, path, "").into(t, &made)
		require.Equal(t, now, made)
		var p paged[Contact]
		w.good(200, "user:sam", get, "/api/v1/contacts?search=gmbh%20bo", "").into(t, &p)
		require.Equal(t, []Contact{now}, p.Items)
		w.good(200, "user:sam", get, "/api/v1/contacts?search=555000", "").into(t, &p)
		require.Empty(t, p.Items)

		w.bad(412, CodeVersion, "If-Match", "user:sam", put, path, `{"name":"Bo"}`, headers{"If-Match": `"1"`})
		w.bad(422, CodeInvalid, "tenant", "admin", put, path, `{"name":"Bo","tenant":"globex"}`)
		w.bad(422, CodeInvalid, "name", "admin", put, path, `{"name":""}`)
		w.bad(422, CodeInvalid, "If-Match", "admin", put, path, `{"name":"Bo"}`, headers{"If-Match": "x"})
		w.bad(422, CodeInvalid, "search", "admin", get, "/api/v1/contacts?search=%00", "")
		for _, other := range []string{"user:gina"} {
			w.bad(404, CodeNotFound, "", other, get, path, "")
			w.bad(404, CodeNotFound, "", other, put, path, `{"name":"Bo"}`)
			w.bad(404, CodeNotFound, "", other, del, path, "")
		}
		w.bad(403, CodeForbidden, "", "auditor", put, path, `{"name":"Bo"}`)
		w.bad(403, CodeForbidden, "", "user:eve", del, path, "")
		w.bad(412, CodeVersion, "If-Match", "user:sam", del, path, "", headers{"If-Match": `"1"`})
		w.good(204, "user:sam", del, path, "", headers{"If-Match": `"2"`})
		w.bad(404, CodeNotFound, "", "user:sam", get, path, "")
		rows := w.store.audited()
		require.Equal(t, "deleteContact", rows[len(rows)-1].Action)
		require.Equal(t, "contact/"+made.ID, rows[len(rows)-1].Object)
		for _, row := range rows {
			require.Nil(t, row.Detail, "the audit log has nothing personal")
		}
	})
}

// Numbers are put on the list of those that never make a lead, and taken off it (R2).
func TestNumbersAreExcludedR2(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		w := customersWorld(t, db)
		var made Exclusion
		w.good(200, "user:sam", post, "/api/v1/lead-exclusions", `{"number":"030/777000","reason":"wholesaler"}`).into(t, &made)
		require.Equal(t, "+4930777000", made.Number)
		w.good(200, "admin", post, "/api/v1/lead-exclusions", `{"tenant":"acme","number":"+4930777000","reason":"supplier"}`).into(t, &made)
		require.Equal(t, "supplier", made.Reason)
		list := func(as string) []Exclusion {
			var p paged[Exclusion]
			w.good(200, as, get, "/api/v1/lead-exclusions", "").into(t, &p)
			return p.Items
		}
		require.Equal(t, []Exclusion{made}, list("user:sam"))
		require.Equal(t, []Exclusion{made}, list("auditor"))
		require.Empty(t, list("user:gina"))
		var found paged[Exclusion]
		w.good(200, "admin", get, "/api/v1/lead-exclusions?tenant=acme&search=030777000", "").into(t, &found)
		require.Equal(t, []Exclusion{made}, found.Items)
		w.good(200, "admin", get, "/api/v1/lead-exclusions?search=wholesaler", "").into(t, &found)
		require.Empty(t, found.Items)
		w.bad(422, CodeInvalid, "number", "user:sam", post, "/api/v1/lead-exclusions", `{"number":"x"}`)
		w.bad(422, CodeInvalid, "tenant", "admin", post, "/api/v1/lead-exclusions", `{"number":"+4930777000"}`)
		w.bad(404, CodeNotFound, "", "admin", post, "/api/v1/lead-exclusions", `{"number":"+4930777000","tenant":"nobody"}`)
		w.bad(403, CodeForbidden, "", "anna", get, "/api/v1/lead-exclusions", "")

		w.bad(404, CodeNotFound, "", "user:gina", del, "/api/v1/lead-exclusions/+4930777000", "")
		w.bad(422, CodeInvalid, "tenant", "admin", del, "/api/v1/lead-exclusions/+4930777000", "")
		w.bad(404, CodeNotFound, "", "user:sam", del, "/api/v1/lead-exclusions/030777000", "")
		w.good(204, "user:sam", del, "/api/v1/lead-exclusions/+4930777000", "")
		w.bad(404, CodeNotFound, "", "admin", del, "/api/v1/lead-exclusions/+4930777000?tenant=acme", "")
		require.Empty(t, list("user:sam"))
		for _, row := range w.store.audited() {
			require.NotContains(t, row.Object, "777000", "the audit log has no numbers")
		}
	})
}
