package models_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestTokensS3(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, tokens := t.Context(), db.Tokens()
		made, secret, err := tokens.Create(ctx, models.Token{Name: "Anna's desktop", Role: models.RoleAgent, Agent: "anna", Tenant: "acme"})
		require.NoError(t, err)
		require.NotContains(t, made.Hash, secret)
		found, err := tokens.Authenticate(ctx, secret)
		require.NoError(t, err)
		require.Equal(t, made, found)
		for _, wrong := range []string{"", "x", secret + "x", secret[:len(secret)-1], made.Hash} {
			_, err := tokens.Authenticate(ctx, wrong)
			require.ErrorIs(t, err, models.ErrNotFound)
		}
		require.NoError(t, tokens.Revoke(ctx, made.ID))
		require.ErrorIs(t, tokens.Revoke(ctx, made.ID), models.ErrNotFound)
		_, err = tokens.Authenticate(ctx, secret)
		require.ErrorIs(t, err, models.ErrNotFound)
		_, secret, err = tokens.Create(ctx, models.Token{Name: "old", Role: models.RoleAdmin, ExpiresAt: time.Now().Add(-time.Second)})
		require.NoError(t, err)
		_, err = tokens.Authenticate(ctx, secret)
		require.ErrorIs(t, err, models.ErrNotFound)
		for field, bad := range map[string]models.Token{
			"role": {Name: "x", Role: "root"}, "agent": {Name: "x", Role: models.RoleAgent}, "name": {Role: models.RoleAdmin},
		} {
			_, _, err := tokens.Create(ctx, bad)
			requireField(t, err, field, "")
		}
		list, err := tokens.List(ctx)
		require.NoError(t, err)
		require.Len(t, list, 1)
	})
}

// A token must not outlive whom it acts for: the next agent, or tenant, of that id would be somebody else.
func TestTokensEndWithTheirAgentAndTenantS3(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		c := db.Config()
		for _, id := range []core.TenantID{"acme", "other"} {
			_, _, err := c.CreateTenant(t.Context(), models.Tenant{Tenant: core.Tenant{ID: id, Name: string(id)}})
			require.NoError(t, err)
		}
		zoe := core.AgentSetup{ID: "zoe", Tenant: "acme", Name: "Zoe", Phone: "desk-zoe"}
		_, _, err := c.CreateAgent(t.Context(), zoe)
		require.NoError(t, err)
		secretOf := func(token models.Token) string {
			token.Name = "x"
			_, secret, err := db.Tokens().Create(t.Context(), token)
			require.NoError(t, err)
			return secret
		}
		agents := secretOf(models.Token{Role: models.RoleAgent, Agent: "zoe", Tenant: "acme"})
		tenants := secretOf(models.Token{Role: models.RoleAdmin, Tenant: "acme"})
		others := secretOf(models.Token{Role: models.RoleAdmin, Tenant: "other"})
		sites := secretOf(models.Token{Role: models.RoleAdmin})

		_, err = c.DeleteAgent(t.Context(), "zoe", 0)
		require.NoError(t, err)
		_, _, err = c.CreateAgent(t.Context(), zoe)
		require.NoError(t, err)
		_, err = db.Tokens().Authenticate(t.Context(), agents)
		require.ErrorIs(t, err, models.ErrNotFound)
		_, err = db.Tokens().Authenticate(t.Context(), tenants)
		require.NoError(t, err)

		_, err = c.DeleteAgent(t.Context(), "zoe", 0)
		require.NoError(t, err)
		_, err = c.DeleteTenant(t.Context(), "acme", 0)
		require.NoError(t, err)
		_, err = db.Tokens().Authenticate(t.Context(), tenants)
		require.ErrorIs(t, err, models.ErrNotFound)
		for _, secret := range []string{others, sites} {
			_, err = db.Tokens().Authenticate(t.Context(), secret)
			require.NoError(t, err)
		}
	})
}

func TestAnswersAreGivenAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, answers := t.Context(), db.Answers()
		key := models.RequestKey{Token: "t", Key: "k", Route: "createQueue", Hash: "abc"}
		var fresh atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, ok, err := answers.Claim(ctx, key); err == nil && ok {
					fresh.Add(1)
				}
			})
		}
		wg.Wait()
		require.Equal(t, int32(1), fresh.Load(), "one of many carries it out")
		_, _, err := answers.Claim(ctx, key)
		require.ErrorIs(t, err, models.ErrInProgress)
		require.NoError(t, answers.Keep(ctx, key, models.Answer{Status: 201, Body: []byte(`{"id":"x"}`)}))
		got, ok, err := answers.Claim(ctx, key)
		require.NoError(t, err)
		require.False(t, ok)
		require.Equal(t, models.Answer{Status: 201, Body: []byte(`{"id":"x"}`)}, got)
		other := key
		other.Hash = "def"
		_, _, err = answers.Claim(ctx, other)
		require.ErrorIs(t, err, models.ErrKeyReused)
		other.Token = "t2"
		_, ok, err = answers.Claim(ctx, other)
		require.NoError(t, err)
		require.True(t, ok, "keys of different callers never meet")
		require.NoError(t, answers.Release(ctx, other))
		_, ok, err = answers.Claim(ctx, other)
		require.NoError(t, err)
		require.True(t, ok, "released")
		require.NoError(t, answers.Release(ctx, key), "an answer that is kept stays")
		_, ok, err = answers.Claim(ctx, key)
		require.NoError(t, err)
		require.False(t, ok)
		n, err := answers.Clear(ctx)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// A request that takes long keeps its claim by saying so; one of which nothing is heard has died.
func TestAClaimLastsAsLongAsItIsRenewed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, answers := t.Context(), db.Answers()
		key := models.RequestKey{Token: "t", Key: "k", Route: "createToken", Hash: "abc"}
		passes := func(d time.Duration) {
			require.NoError(t, models.Exec(ctx, db, fmt.Sprintf(`UPDATE idempotency_keys SET created_at = created_at - %d`, d.Microseconds())))
		}
		_, fresh, err := answers.Claim(ctx, key)
		require.NoError(t, err)
		require.True(t, fresh)
		for range 3 {
			passes(models.ClaimLife - time.Second)
			require.NoError(t, answers.Renew(ctx, key))
			_, _, err = answers.Claim(ctx, key)
			require.ErrorIs(t, err, models.ErrInProgress)
		}
		passes(models.ClaimLife + time.Second)
		_, fresh, err = answers.Claim(ctx, key)
		require.NoError(t, err)
		require.True(t, fresh, "its process has died")
		require.NoError(t, answers.Keep(ctx, key, models.Answer{Status: 201}))
		passes(2 * models.ClaimLife)
		require.NoError(t, answers.Renew(ctx, key), "late: what is answered stays so, and is no longer kept for it")
		got, fresh, err := answers.Claim(ctx, key)
		require.NoError(t, err)
		require.False(t, fresh)
		require.Equal(t, 201, got.Status)
	})
}

func TestATokensIDIsTakenForGood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		tokens := db.Tokens()
		made, secret, err := tokens.Create(t.Context(), models.Token{ID: "from-the-command", Name: "wallboard", Role: models.RoleAuditor})
		require.NoError(t, err)
		require.Equal(t, "from-the-command", made.ID)
		for range 2 {
			_, _, err = tokens.Create(t.Context(), models.Token{ID: "from-the-command", Name: "wallboard", Role: models.RoleAuditor})
			require.ErrorIs(t, err, models.ErrExists, "also when it is revoked")
			_ = tokens.Revoke(t.Context(), made.ID)
		}
		_, err = tokens.Authenticate(t.Context(), secret)
		require.ErrorIs(t, err, models.ErrNotFound)
	})
}

func TestAuditS3(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, log := t.Context(), db.Audit()
		require.NoError(t, log.Record(ctx, models.AuditRow{Tenant: "acme", Actor: "supervisor:eve", Action: "updateQueue", Object: "queue/sales", Detail: map[string]int{"version": 2}}))
		require.NoError(t, log.Record(ctx, models.AuditRow{Tenant: "other", Actor: "x\x00", Action: "y"}))
		page, err := log.List(ctx, "acme", models.Paging{})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		detail, err := json.Marshal(page.Items[0].Detail)
		require.NoError(t, err)
		require.JSONEq(t, `{"version":2}`, string(detail))
		page, err = log.List(ctx, "", models.Paging{Limit: 1})
		require.NoError(t, err)
		require.NotEmpty(t, page.Next)
	})
}
