package models_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// resolve claims the lead jobs of calls and carries them out together.
func resolve(tb testing.TB, db *models.DB, calls ...core.CallID) ([]models.Party, error) {
	tb.Helper()
	ids := make([]string, len(calls))
	jobs := make([]models.CallerJob, len(calls))
	for i, c := range calls {
		ids[i], jobs[i].Call = "lead:"+string(c), c
	}
	claimed, err := db.Jobs().Claim(tb.Context(), ids, "test", time.Minute)
	require.NoError(tb, err)
	require.Len(tb, claimed, len(calls))
	for _, job := range claimed {
		jobs[slices.Index(ids, job.ID)].Job = job
	}
	return db.CRM().ResolveCallers(tb.Context(), jobs)
}

func TestLeadsR2(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		c := site(t, db)
		_, err := db.CRM().CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Bob", Company: "Bob & Co", Numbers: []string{"030 555000", "+1 202 456 1111"}})
		require.NoError(t, err)
		excluded(t, db, "030/777000", "wholesaler")
		s := newTeller(t, db)
		for id, number := range map[core.CallID]string{
			"new": "030 123456", "again": "+49 30 123456", "bob": "+4930555000", "ex": "+4930777000", "anon": "anonymous", "ext": "4711", "odd": "${x}\n\x00'",
		} {
			s.call(id, number, noon)
		}
		require.NoError(t, projector(db).CatchUp(ctx))
		calls := []core.CallID{"new", "again", "bob", "ex", "anon", "ext", "odd"}
		want := []models.Party{
			models.PartyLeadCreated, models.PartyLead, models.PartyContact, models.PartyExcluded, models.PartyWithheld, models.PartyInvalid, models.PartyInvalid,
		}
		parties, err := resolve(t, db, calls...)
		require.NoError(t, err)
		require.Equal(t, want, parties)
		for i, call := range calls {
			r, err := db.History().CallRecord(ctx, call)
			require.NoError(t, err)
			require.Equal(t, want[i], r.Party, "the reason is on record")
		}
		leads, err := db.CRM().Leads(ctx, models.PeopleFilter{Tenant: "acme"})
		require.NoError(t, err)
		require.Len(t, leads.Items, 1)
		require.Equal(t, "+4930123456", leads.Items[0].Number)
		require.Equal(t, "main", leads.Items[0].Source, "R3")
		again, err := db.History().CallRecord(ctx, "again")
		require.NoError(t, err)
		require.Equal(t, leads.Items[0].ID, again.Lead)

		s.call("later", "030 123456", noon)
		require.NoError(t, projector(db).CatchUp(ctx))
		parties, err = resolve(t, db, "later")
		require.NoError(t, err)
		require.Equal(t, []models.Party{models.PartyLead}, parties)

		// The same job again, as of a worker that was slow and has lost it.
		excluded(t, db, "+4930123456", "")
		parties, err = db.CRM().ResolveCallers(ctx, []models.CallerJob{{Call: "new", Job: models.Job{ID: "lead:new"}}})
		require.ErrorIs(t, err, models.ErrClaimLost)
		require.Equal(t, []models.Party{models.PartyLeadCreated}, parties, "what was found out stays")

		_, _, err = c.UpdateTenant(ctx, models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme"}, Region: "DE", Leads: models.LeadsOff}, 0)
		require.NoError(t, err)
		s.call("off", "030 999999", noon)
		require.NoError(t, projector(db).CatchUp(ctx))
		parties, err = resolve(t, db, "off")
		require.NoError(t, err)
		require.Equal(t, []models.Party{models.PartyOff}, parties)
	})
}

// One lost claim among several jobs takes back what was found out for all of them: nobody may count it who does not own it.
func TestLeadsR2OfALostClaim(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		s := newTeller(t, db)
		s.call("mine", "030 123456", noon)
		s.call("lost", "030 123457", noon)
		require.NoError(t, projector(db).CatchUp(t.Context()))
		claimed, err := db.Jobs().Claim(t.Context(), []string{"lead:mine"}, "test", time.Minute)
		require.NoError(t, err)
		_, err = db.CRM().ResolveCallers(t.Context(), []models.CallerJob{{Call: "mine", Job: claimed[0]}, {Call: "lost", Job: models.Job{ID: "lead:lost", Worker: "test"}}})
		require.ErrorIs(t, err, models.ErrClaimLost)
		leads, err := db.CRM().Leads(t.Context(), models.PeopleFilter{})
		require.NoError(t, err)
		require.Empty(t, leads.Items)
		r, err := db.History().CallRecord(t.Context(), "mine")
		require.NoError(t, err)
		require.Equal(t, models.PartyUnknown, r.Party)
	})
}

// A job whose call has no record any more ends.
func TestLeadsR2OfACallThatIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		job, err := models.NewJob(models.JobLead, "gone", "acme", models.LeadPayload{Call: "gone"})
		require.NoError(t, err)
		require.NoError(t, db.Jobs().Add(t.Context(), job))
		parties, err := resolve(t, db, "gone")
		require.NoError(t, err)
		require.Equal(t, []models.Party{models.PartyUnknown}, parties)
		done, err := db.Jobs().Job(t.Context(), "lead:gone")
		require.NoError(t, err)
		require.Equal(t, models.JobDone, done.State)
	})
}

// R2: calls of one number at once make one lead, also those that are looked at together, whatever the order of their numbers.
func TestLeadsR2AtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		site(t, db)
		s := newTeller(t, db)
		const n, together = 12, 8
		for i := range n {
			for k := range together {
				s.call(core.CallID(fmt.Sprintf("c%d-%d", i, k)), fmt.Sprintf("030 12345%d", (i+k)%4), noon)
			}
		}
		require.NoError(t, projector(db).CatchUp(t.Context()))
		parties := make([][]models.Party, n)
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				var jobs []models.CallerJob
				for k := range together {
					call := fmt.Sprintf("c%d-%d", i, k)
					claimed, err := db.Jobs().Claim(t.Context(), []string{"lead:" + call}, "test", time.Minute)
					if err != nil {
						errs[i] = err
						return
					}
					jobs = append(jobs, models.CallerJob{Call: core.CallID(call), Job: claimed[0]})
				}
				parties[i], errs[i] = db.CRM().ResolveCallers(t.Context(), jobs)
			})
		}
		wg.Wait()
		created := 0
		for i := range n {
			require.NoError(t, errs[i])
			for _, p := range parties[i] {
				if p == models.PartyLeadCreated {
					created++
				} else {
					require.Equal(t, models.PartyLead, p)
				}
			}
		}
		require.Equal(t, 4, created)
		leads, err := db.CRM().Leads(t.Context(), models.PeopleFilter{})
		require.NoError(t, err)
		require.Len(t, leads.Items, 4)
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
		_, err = crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Eve", Owner: "nobody"})
		requireField(t, err, "owner", "no agent")
		again, err := crm.CreateContact(ctx, models.Contact{ID: bob.ID, Tenant: "acme", Name: "Bob", Numbers: bob.Numbers})
		require.NoError(t, err)
		require.Equal(t, bob, again, "asked for again")
	})
}

// Contacts are changed and forgotten, and of two who do so at once the second is told (R1).
func TestContactsAreChangedR1(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		site(t, db)
		crm := db.CRM()
		bob, err := crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Bob", Company: "Bob & Co", Numbers: []string{"030 555000", "030 555001"}})
		require.NoError(t, err)
		eve, err := crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Eve", Company: "Bob & Co", Numbers: []string{"030 555002"}})
		require.NoError(t, err)

		bob.Name, bob.Company, bob.Owner, bob.Numbers = "Bob Berg", "Berg GmbH", "anna", []string{"030 555001", "030 555003"}
		changed, err := crm.ReplaceContact(ctx, bob, 1)
		require.NoError(t, err)
		bob.Numbers, bob.Version = []string{"+4930555001", "+4930555003"}, 2
		require.Equal(t, bob, changed)
		read, err := crm.Contact(ctx, bob.ID)
		require.NoError(t, err)
		require.Equal(t, bob, read)
		_, err = crm.ReplaceContact(ctx, bob, 1)
		require.ErrorIs(t, err, models.ErrVersion)
		require.ErrorIs(t, crm.DeleteContact(ctx, "acme", bob.ID, 1), models.ErrVersion)

		theirs := bob
		theirs.Numbers = []string{"030 555002"}
		_, err = crm.ReplaceContact(ctx, theirs, 0)
		requireField(t, err, "numbers[0]", "another contact")
		theirs.Numbers, theirs.Name = nil, ""
		_, err = crm.ReplaceContact(ctx, theirs, 0)
		requireField(t, err, "name", "empty")
		theirs.Name, theirs.ID = "Bob", "nobody"
		_, err = crm.ReplaceContact(ctx, theirs, 0)
		require.ErrorIs(t, err, models.ErrNotFound)
		read, err = crm.Contact(ctx, bob.ID)
		require.NoError(t, err)
		require.Equal(t, bob, read, "what is refused changes nothing")

		require.ErrorIs(t, crm.DeleteContact(ctx, "globex", eve.ID, 0), models.ErrNotFound)
		require.NoError(t, crm.DeleteContact(ctx, "acme", eve.ID, eve.Version))
		_, err = crm.Contact(ctx, eve.ID)
		require.ErrorIs(t, err, models.ErrNotFound)
		require.ErrorIs(t, crm.DeleteContact(ctx, "acme", eve.ID, 0), models.ErrNotFound)
		bob.Numbers = append(bob.Numbers, "030 555000", "030 555002")
		_, err = crm.ReplaceContact(ctx, bob, 0)
		require.NoError(t, err, "the numbers are free")
		stats, err := db.Dump(ctx, io.Discard)
		require.NoError(t, err)
		require.Equal(t, 1, stats.Rows["companies"], "a company goes with its last contact")
	})
}

// Contacts are found by parts of names, companies and numbers, in whatever case, and nothing in a search is a pattern.
func TestContactsAreSearchedR1(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		site(t, db)
		for _, c := range []models.Contact{
			{Name: "Özgür Berg", Company: "Berg GmbH", Numbers: []string{"030 555000"}},
			{Name: "Олена Бондар", Numbers: []string{"+380 44 5370000"}},
			{Name: `100%_ \ sure`},
		} {
			c.Tenant = "acme"
			_, err := db.CRM().CreateContact(ctx, c)
			require.NoError(t, err)
		}
		for search, want := range map[string]int{
			"": 3, "berg": 1, "GMBH özg": 1, "бондар олена": 1, "berg олена": 0, "030 / 555": 1, "+49 30": 1, "0044": 1, "0": 2, "%": 1, "_": 1, `\`: 1, "100%_": 1, "r%n": 0,
		} {
			page, err := db.CRM().Contacts(ctx, models.PeopleFilter{Tenant: "acme", Search: search})
			require.NoError(t, err)
			require.Len(t, page.Items, want, search)
		}
	})
}

// A lead is found by what is known of it, and says whose number it is by now (R2).
func TestLeadsAreSearchedR2(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, crm := t.Context(), db.CRM()
		site(t, db)
		s := newTeller(t, db)
		s.call("one", "030 123456", noon)
		s.call("two", "030 999999", noon)
		require.NoError(t, projector(db).CatchUp(ctx))
		_, err := resolve(t, db, "one", "two")
		require.NoError(t, err)
		for search, want := range map[string]int{"": 2, "ALICE": 2, "12345": 1, "+49 30 99": 1, "nobody": 0, "%": 0} {
			page, err := crm.Leads(ctx, models.PeopleFilter{Tenant: "acme", Search: search})
			require.NoError(t, err)
			require.Len(t, page.Items, want, search)
		}
		contact, err := crm.CreateContact(ctx, models.Contact{Tenant: "acme", Name: "Bob", Numbers: []string{"030 123456"}})
		require.NoError(t, err)
		page, err := crm.Leads(ctx, models.PeopleFilter{})
		require.NoError(t, err)
		of := map[string]string{}
		for _, l := range page.Items {
			of[l.Number] = l.Contact
		}
		require.Equal(t, map[string]string{"+4930123456": contact.ID, "+4930999999": ""}, of)
	})
}

func excluded(t *testing.T, db *models.DB, number, reason string) models.Exclusion {
	t.Helper()
	x, err := db.CRM().Exclude(t.Context(), models.Exclusion{Tenant: "acme", Number: number, Reason: reason})
	require.NoError(t, err)
	return x
}

func TestExcludedNumbersR2(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, crm := t.Context(), db.CRM()
		site(t, db)
		first := excluded(t, db, "030/777000", "wholesaler")
		require.Equal(t, "+4930777000", first.Number)
		require.False(t, first.CreatedAt.IsZero())
		second := excluded(t, db, "+49 30 777001", "")
		again := excluded(t, db, "+4930777000", "supplier")
		require.Equal(t, first.CreatedAt, again.CreatedAt)
		page, err := crm.Exclusions(ctx, models.ExclusionFilter{Tenant: "acme", Paging: models.Paging{Limit: 1}})
		require.NoError(t, err)
		require.Equal(t, []models.Exclusion{second}, page.Items)
		page, err = crm.Exclusions(ctx, models.ExclusionFilter{Paging: models.Paging{Limit: 1, Cursor: page.Next}})
		require.NoError(t, err)
		require.Equal(t, []models.Exclusion{again}, page.Items)
		require.Empty(t, page.Next)
		page, err = crm.Exclusions(ctx, models.ExclusionFilter{Tenant: "globex"})
		require.NoError(t, err)
		require.Empty(t, page.Items)
		for search, want := range map[string]int{"SUPP": 1, "77700": 2, "030 777001": 1, "wholesaler": 0} {
			page, err = crm.Exclusions(ctx, models.ExclusionFilter{Search: search})
			require.NoError(t, err)
			require.Len(t, page.Items, want, search)
		}

		require.NoError(t, crm.EndExclusion(ctx, "acme", "030 777000"))
		require.ErrorIs(t, crm.EndExclusion(ctx, "acme", "030 777000"), models.ErrNotFound)
		require.ErrorIs(t, crm.EndExclusion(ctx, "nobody", "030 777000"), models.ErrNotFound)
		var invalid models.Invalid
		require.ErrorAs(t, crm.EndExclusion(ctx, "acme", "x"), &invalid)
		require.Equal(t, "number", invalid[0].Field)
		_, err = crm.Exclude(ctx, models.Exclusion{Tenant: "acme", Number: "0", Reason: "x"})
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "number", invalid[0].Field)
		_, err = crm.Exclude(ctx, models.Exclusion{Tenant: "acme", Number: "030 777000", Reason: strings.Repeat("x", 201)})
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "reason", invalid[0].Field)
	})
}

func TestTheNextTenantOfAnIDFindsNoCustomersOfTheOneBeforeR2(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, c := t.Context(), db.Config()
		tenant := func(id core.TenantID) models.Tenant {
			return models.Tenant{Tenant: core.Tenant{ID: id, Name: "Initech"}, Region: "DE"}
		}
		keeps := map[core.TenantID]func(core.TenantID){
			"contacts": func(id core.TenantID) {
				_, err := db.CRM().CreateContact(ctx, models.Contact{Tenant: id, Name: "Bob", Numbers: []string{"030 555000"}})
				require.NoError(t, err)
			},
			"exclusions": func(id core.TenantID) {
				_, err := db.CRM().Exclude(ctx, models.Exclusion{Tenant: id, Number: "030 777000", Reason: "wholesaler"})
				require.NoError(t, err)
			},
			"nothing": func(core.TenantID) {},
		}
		for id, keep := range keeps {
			_, _, err := c.CreateTenant(ctx, tenant(id))
			require.NoError(t, err)
			keep(id)
			_, err = c.DeleteTenant(ctx, id, 0)
			require.NoError(t, err)
			_, _, err = c.CreateTenant(ctx, tenant(id))
			if id == "nothing" {
				require.NoError(t, err)
				continue
			}
			var broken models.Invalid
			require.ErrorAs(t, err, &broken, id)
			require.Equal(t, "id", broken[0].Field)
		}
	})
}
