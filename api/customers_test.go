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
	w.store.contacts = []Contact{{ID: "2", Tenant: "globex", Name: "Bo", CreatedAt: day}}
	var l paged[Lead]
	w.good(200, "supervisor", get, "/api/v1/leads?number=%2B4915112345678", "").into(t, &l)
	require.Len(t, l.Items, 1)
	w.good(200, "globex", get, "/api/v1/leads", "").into(t, &l)
	require.Empty(t, l.Items)
	var c paged[Contact]
	w.good(200, "globex", get, "/api/v1/contacts", "").into(t, &c)
	require.Len(t, c.Items, 1)
	w.bad(422, CodeInvalid, "number", "supervisor", get, "/api/v1/leads?number=%00", "")
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
