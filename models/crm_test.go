package models_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// resolve claims the lead job of a call and carries it out.
func resolve(t *testing.T, db *models.DB, call core.CallID) (models.Party, error) {
	t.Helper()
	job, ok, err := db.Jobs().Claim(t.Context(), "lead:"+string(call), "test", time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	return db.CRM().ResolveCaller(t.Context(), call, job)
}

func TestLeadsR2(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		c := site(t, db)
		_, err := db.CRM().CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Bob", Company: "Bob & Co", Numbers: []string{"030 555000", "+1 202 456 1111"}})
		require.NoError(t, err)
		require.NoError(t, db.CRM().Exclude(ctx, "acme", "030/777000", "wholesaler"))
		s := newTeller(t, db)
		for id, number := range map[core.CallID]string{
			"new": "030 123456", "again": "+49 30 123456", "bob": "+4930555000", "ex": "+4930777000", "anon": "anonymous", "ext": "4711", "odd": "${x}\n\x00'",
		} {
			s.call(id, number, noon)
		}
		require.NoError(t, projector(db).CatchUp(ctx))
		for _, want := range []struct {
			call  core.CallID
			party models.Party
		}{
			{"new", models.PartyLeadCreated}, {"again", models.PartyLead}, {"bob", models.PartyContact}, {"ex", models.PartyExcluded},
			{"anon", models.PartyWithheld}, {"ext", models.PartyInvalid}, {"odd", models.PartyInvalid},
		} {
			party, err := resolve(t, db, want.call)
			require.NoError(t, err)
			require.Equal(t, want.party, party, want.call)
			r, err := db.History().CallRecord(ctx, want.call)
			require.NoError(t, err)
			require.Equal(t, want.party, r.Party, "the reason is on record")
		}
		leads, err := db.CRM().Leads(ctx, models.PeopleFilter{Tenant: "acme"})
		require.NoError(t, err)
		require.Len(t, leads.Items, 1)
		require.Equal(t, "+4930123456", leads.Items[0].Number)
		require.Equal(t, "main", leads.Items[0].Source, "R3")
		again, err := db.History().CallRecord(ctx, "again")
		require.NoError(t, err)
		require.Equal(t, leads.Items[0].ID, again.Lead)

		// The same job again, as after a crash before it was marked as done.
		require.NoError(t, db.CRM().Exclude(ctx, "acme", "+4930123456", ""))
		party, err := db.CRM().ResolveCaller(ctx, "new", models.Job{ID: "lead:new"})
		require.ErrorIs(t, err, models.ErrClaimLost)
		require.Equal(t, models.PartyLeadCreated, party)

		_, _, err = c.UpdateTenant(ctx, models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme"}, Region: "DE", Leads: models.LeadsOff}, 0)
		require.NoError(t, err)
		s.call("off", "030 999999", noon)
		require.NoError(t, projector(db).CatchUp(ctx))
		party, err = resolve(t, db, "off")
		require.NoError(t, err)
		require.Equal(t, models.PartyOff, party)
	})
}

// R2: calls of one number at once make one lead.
func TestLeadsR2AtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		s := newTeller(t, db)
		const n = 12
		for i := range n {
			s.call(core.CallID(fmt.Sprintf("c%d", i)), "030 123456", noon)
		}
		require.NoError(t, projector(db).CatchUp(t.Context()))
		parties := make([]models.Party, n)
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				call := core.CallID(fmt.Sprintf("c%d", i))
				job, _, err := db.Jobs().Claim(t.Context(), "lead:"+string(call), "test", time.Minute)
				if err == nil {
					parties[i], err = db.CRM().ResolveCaller(t.Context(), call, job)
				}
				errs[i] = err
			})
		}
		wg.Wait()
		created := 0
		for i := range n {
			require.NoError(t, errs[i])
			if parties[i] == models.PartyLeadCreated {
				created++
			}
		}
		require.Equal(t, 1, created)
		leads, err := db.CRM().Leads(t.Context(), models.PeopleFilter{})
		require.NoError(t, err)
		require.Len(t, leads.Items, 1)
	})
}

func TestContactsR1(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		site(t, db)
		crm := db.CRM()
		bob, err := crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Bob", Company: "Bob & Co", Owner: "anna", Numbers: []string{"+1 202 456 1111", "030 555000"}})
		require.NoError(t, err)
		require.Equal(t, []string{"+12024561111", "+4930555000"}, bob.Numbers)
		page, err := crm.Contacts(ctx, models.PeopleFilter{Number: "+4930555000"})
		require.NoError(t, err)
		require.Equal(t, []models.Contact{bob}, page.Items)
		_, err = crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Eve", Numbers: []string{"030555000"}})
		requireField(t, err, "numbers[0]", "another contact")
		_, err = crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Eve", Numbers: []string{"0"}})
		requireField(t, err, "numbers[0]", "telephone number")
		_, err = crm.CreateContact(ctx, models.Contact{Tenant: "nobody", Name: "Eve"})
		requireField(t, err, "tenant", "no such tenant")
		_, err = crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: ""})
		requireField(t, err, "name", "empty")
		page, err = crm.Contacts(ctx, models.PeopleFilter{Tenant: "acme"})
		require.NoError(t, err)
		require.Len(t, page.Items, 1, "a refused contact leaves nothing")
	})
}
