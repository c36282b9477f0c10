package api

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// leavingRows is set-up whose client goes away in the moment in which the database has taken a change.
type leavingRows[T any] struct {
	Repository[T]
	leave context.CancelFunc
}

func (l *leavingRows[T]) Replace(ctx context.Context, v T, version int64) (Versioned[T], core.ConfigChanged, error) {
	defer l.leave()
	return l.Repository.Replace(ctx, v, version)
}

func (l *leavingRows[T]) Delete(ctx context.Context, id string, version int64) (core.ConfigChanged, error) {
	defer l.leave()
	return l.Repository.Delete(ctx, id, version)
}

// leavesMidway sends a request as the administrator, whose browser goes away as soon as the change is in the database.
func leavesMidway(t *testing.T, method, path, body string) *world {
	t.Helper()
	queues, users := &leavingRows[core.Queue]{}, &leavingRows[models.User]{}
	w := newWorld(t, func(c *Config) {
		queues.Repository, c.Queues = c.Queues, queues
		users.Repository, c.Users = c.Users, users
		c.Audit = Config{}.Database(dbtest.Open(t, dbtest.SQLiteURL(t))).Audit
	})
	ctx, leave := context.WithCancel(t.Context())
	queues.leave, users.leave = leave, leave
	req := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer admin")
	w.srv.Handler().ServeHTTP(httptest.NewRecorder(), req)
	return w
}

// What is in the database is told to the shard, though the client that changed it does not wait: nobody would tell it until the next start.
func TestWhatWasChangedIsToldThoughTheClientLeaves(t *testing.T) {
	w := leavesMidway(t, "PUT", "/api/v1/queues/sales", `{"tenant":"acme","name":"Renamed","strategy":"in_order","ring_time":20}`)
	var q queueItem
	w.good(200, "admin", get, "/api/v1/queues/sales", "").into(t, &q)
	require.Equal(t, "Renamed", q.Name, "it is in the database")
	require.Equal(t, "Renamed", q.Live.Name, "what the shard acts on")
}

// Who closes the connection in time is in the audit log all the same.
func TestWhatWasDoneIsAuditedThoughTheClientLeaves(t *testing.T) {
	w := leavesMidway(t, "DELETE", "/api/v1/users/u-bert", "")
	w.good(404, "admin", get, "/api/v1/users/u-bert", "")
	var p paged[AuditEntry]
	w.good(200, "admin", get, "/api/v1/audit?action=deleteUser", "").into(t, &p)
	require.Len(t, p.Items, 1, "log: %s", w.logs)
}

// crashing is a shard that panics for a client who has left.
type crashing struct {
	Live
	leave context.CancelFunc
}

func (c *crashing) Do(context.Context, core.Intent) error { c.leave(); panic("a bug") }

// A panic is our fault, whoever is there to be told: what counts and alerts must not take it for a client that has left.
func TestAPanicIsNoClientThatLeaves(t *testing.T) {
	gone := &crashing{}
	w := newWorld(t, func(c *Config) { gone.Live, c.Live = c.Live, gone })
	ctx, cancel := context.WithCancel(t.Context())
	gone.leave = cancel
	req := httptest.NewRequestWithContext(ctx, post, "/api/v1/agents/anna/state", strings.NewReader(`{"state":"available"}`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer anna")
	rec := httptest.NewRecorder()
	w.srv.Handler().ServeHTTP(rec, req)
	require.Equal(t, 500, rec.Code)
}
