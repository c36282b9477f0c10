package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Who watches reads what has gone wrong, of whom they may see, and not what is for who runs the site (S2, S3).
func TestAlertsS2(t *testing.T) {
	w := newWorld(t)
	w.store.alerts = []Alert{
		{ID: "5", At: day, Reason: models.AlertEntrySkipped, Text: "INSERT INTO secrets"},
		{ID: "4", At: day, Tenant: "acme", Reason: models.AlertJobDead, Text: "open /var/secret"},
		{ID: "3", At: day, Tenant: "acme", Reason: models.AlertRecordingLost, Agent: "bert", Recording: "r1", Call: "c1", Text: "the switch has none"},
		{ID: "2", At: day, Tenant: "acme", Reason: "phone_unreachable", Agent: "anna"},
		{ID: "1", At: day, Tenant: "globex", Reason: "phone_unreachable", Agent: "gary"},
	}
	ids := func(as, query string) (ids string) {
		var p paged[Alert]
		w.good(200, as, get, "/api/v1/alerts"+query, "").into(t, &p)
		for _, a := range p.Items {
			ids += a.ID
		}
		return ids
	}
	require.Equal(t, "54321", ids("admin", ""))
	require.Equal(t, "432", ids("auditor", "?tenant=acme"))
	require.Equal(t, "432", ids("user:sam", ""))
	require.Equal(t, "2", ids("user:eve", ""), "of her team")
	require.Equal(t, "1", ids("user:gina", ""))
	require.Equal(t, "54", ids("admin", "?limit=2"))
	call := w.dials("+4915112345678")
	w.store.alerts = append(w.store.alerts, Alert{ID: "0", At: day, Tenant: "acme", Reason: "prompt_failed", Call: call})
	require.Contains(t, string(w.good(200, "user:sam", get, "/api/v1/alerts", "").body), `"queue":"sales"`, "of a call that goes on")
	require.Equal(t, "2", ids("user:eve", "?limit=1"), "looked for behind those of others")
	w.bad(403, CodeForbidden, "", "anna", get, "/api/v1/alerts", "")
	w.bad(403, CodeForbidden, "tenant", "user:gina", get, "/api/v1/alerts?tenant=acme", "")
	w.bad(422, CodeInvalid, "limit", "admin", get, "/api/v1/alerts?limit=501", "")

	require.Contains(t, string(w.good(200, "admin", get, "/api/v1/alerts", "").body), "/var/secret")
	theirs := string(w.good(200, "user:sam", get, "/api/v1/alerts", "").body)
	require.NotContains(t, theirs, "/var/secret")
	require.Contains(t, theirs, "the switch has none")
}

// What the rules tell becomes an alert that is read where it is kept.
func TestAlertsAreReadFromTheDatabaseS2(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, func(c *Config) { c.History = Config{}.Database(db).History })
		keepLines(t, db, []journal.Timeline{
			{Seq: 1, Entry: core.Entry{At: day, Kind: core.EntryAlert, Tenant: "acme", Agent: "anna", Reason: "phone_unreachable"}},
			{Seq: 2, Entry: core.Entry{At: day, Kind: core.EntryAlert, Tenant: "acme", Call: "c1", Reason: "mix_failed"}},
			{Seq: 3, Entry: core.Entry{At: day, Kind: core.EntryCallClosed, Tenant: "acme", Call: "c1", Record: &core.CallRecord{Call: "c1", Tenant: "acme", Queue: "sales", ArrivedAt: day, EndedAt: day}}},
		})
		var p, rest paged[Alert]
		w.good(200, "user:sam", get, "/api/v1/alerts?limit=1", "").into(t, &p)
		require.Len(t, p.Items, 1)
		require.Equal(t, "mix_failed", p.Items[0].Reason)
		require.Equal(t, core.CallID("c1"), p.Items[0].Call)
		require.Equal(t, core.QueueID("sales"), p.Items[0].Queue, "as the call's record says")
		w.good(200, "user:sam", get, "/api/v1/alerts?limit=1&cursor="+p.Next, "").into(t, &rest)
		require.Equal(t, "phone_unreachable", rest.Items[0].Reason)
		require.Empty(t, rest.Next)
		w.bad(422, CodeInvalid, "cursor", "user:sam", get, "/api/v1/alerts?cursor=x", "")
	})
}
