package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

func TestTheSameKeyWithTheSameBodyIsAnsweredTheSame(t *testing.T) {
	w := newWorld(t)
	key := headers{keyHeader: "k1"}
	body := `{"tenant":"acme","name":"Support"}`
	first := w.good(201, "admin", post, "/api/v1/queues", body, key)
	again := w.good(201, "admin", post, "/api/v1/queues", body, key)
	require.JSONEq(t, string(first.body), string(again.body))
	require.Empty(t, first.header.Get("Idempotency-Replayed"))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	var l live[queueItem]
	w.good(200, "admin", get, "/api/v1/queues", "").into(t, &l)
	require.Len(t, l.Items, 2)

	w.bad(422, CodeKeyReused, keyHeader, "admin", post, "/api/v1/queues", `{"tenant":"acme","name":"Other"}`, key)
	w.bad(422, CodeKeyReused, keyHeader, "admin", post, "/api/v1/agents", body, key)
	w.good(200, "supervisor", post, "/api/v1/agents/anna/state", `{"state":"available"}`, key) // another token's key
	w.bad(422, CodeInvalid, keyHeader, "admin", post, "/api/v1/queues", body, headers{keyHeader: "with space"})
}

func TestARefusalIsReplayedToo(t *testing.T) {
	w := newWorld(t)
	key := headers{keyHeader: "k1"}
	first := w.good(404, "supervisor", post, "/api/v1/calls/gone/end", "{}", key)
	again := w.good(404, "supervisor", post, "/api/v1/calls/gone/end", "{}", key)
	require.JSONEq(t, string(first.body), string(again.body))
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
}

// TestARetryAfterACrashIsOneCommand loses the stored answer between the journal and the client, as a crash would.
func TestARetryAfterACrashIsOneCommand(t *testing.T) {
	w := newWorld(t)
	id := w.connects("anna", "1001", "+4915112345678")
	call := "/api/v1/calls/" + string(id)
	key := headers{keyHeader: "k1"}
	w.store.failKeep = errors.New("the process died")
	var first, again accepted
	w.good(200, "anna", post, call+"/hold", "", key).into(t, &first)
	w.store.failKeep = nil
	w.good(200, "anna", post, call+"/resume", "")
	w.awaitCall(id, "resume", func(c core.CallView) bool { return !c.Held })

	w.bad(409, CodeInProgress, keyHeader, "anna", post, call+"/hold", "", key)
	w.store.answers = map[string]*kept{} // the claim lapses
	w.good(200, "anna", post, call+"/hold", "", key).into(t, &again)
	require.Equal(t, first.Command, again.Command)
	c, _ := w.loop.View().Call(id)
	require.False(t, c.Held, "the customer is not held a second time")
}

func TestCreatingAgainAfterACrashFindsWhatWasMade(t *testing.T) {
	w := newWorld(t)
	key := headers{keyHeader: "k1"}
	var first, again queueItem
	w.good(201, "admin", post, "/api/v1/queues", `{"tenant":"acme","name":"Support"}`, key).into(t, &first)
	w.store.answers = map[string]*kept{}
	w.good(201, "admin", post, "/api/v1/queues", `{"tenant":"acme","name":"Support"}`, key).into(t, &again)
	require.Equal(t, first.ID, again.ID)
}

// flaky is a shard that is busy for a while.
type flaky struct {
	Live
	err error
}

func (f *flaky) Do(ctx context.Context, in core.Intent) error {
	if f.err != nil {
		return f.err
	}
	return f.Live.Do(ctx, in)
}

func TestWhatPassesIsNotKept(t *testing.T) {
	busy := &flaky{err: ErrBusy}
	w := newWorld(t, func(c *Config) { busy.Live, c.Live = c.Live, busy })
	key := headers{keyHeader: "k1"}
	const path, body = "/api/v1/agents/anna/state", `{"state":"available"}`
	a := w.good(503, "anna", post, path, body, key)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	busy.err = errors.New("dial tcp 10.0.0.1: secret password")
	e := w.bad(500, CodeInternal, "", "anna", post, path, body, key)
	require.NotContains(t, e.Message, "password", "texts of unforeseen errors stay in the log")
	require.Contains(t, w.logs.String(), "password")
	busy.err = context.DeadlineExceeded
	w.bad(504, CodeTimeout, "", "anna", post, path, body, key)
	busy.err = nil
	w.good(200, "anna", post, path, body, key)
}

// leaving is a shard whose client does not wait for its answer.
type leaving struct {
	Live
	leave context.CancelFunc
	err   error // nil = the context's
}

func (l *leaving) Do(ctx context.Context, _ core.Intent) error {
	l.leave()
	<-ctx.Done()
	return cmp.Or(l.err, ctx.Err())
}

// A browser breaks off what is under way when its user goes on to another page: that is no failure of ours, whatever the database says of it.
func TestAClientThatLeavesIsNoError(t *testing.T) {
	for _, err := range []error{nil, errors.New("canceling statement due to user request")} {
		gone := &leaving{err: err}
		w := newWorld(t, func(c *Config) { gone.Live, c.Live = c.Live, gone })
		ctx, cancel := context.WithCancel(t.Context())
		gone.leave = cancel
		req := httptest.NewRequestWithContext(ctx, post, "/api/v1/agents/anna/state", strings.NewReader(`{"state":"available"}`))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer anna")
		rec := httptest.NewRecorder()
		w.srv.Handler().ServeHTTP(rec, req)
		require.Equal(t, statusGone, rec.Code)
		require.Empty(t, rec.Body.String())
		require.NotContains(t, w.logs.String(), "level=ERROR")
		require.Contains(t, w.logs.String(), "status=499")
	}
}

// panicking is a shard whose view panics once.
type panicking struct{ Live }

func (panicking) Do(context.Context, core.Intent) error { panic("a bug with a number 4915112345678") }

func TestAPanicIsAnsweredAndReleasesTheKey(t *testing.T) {
	broken := &panicking{}
	w := newWorld(t, func(c *Config) { broken.Live, c.Live = c.Live, broken })
	key := headers{keyHeader: "k1"}
	for range 2 { // the second is not "in progress"
		e := w.bad(http.StatusInternalServerError, CodeInternal, "", "anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`, key)
		require.NotContains(t, e.Message, "4915112345678")
	}
}

// leisurely is a shard that takes its time: a database that restarts holds every answer up.
type leisurely struct {
	Live
	took time.Duration
	err  error
}

func (l leisurely) Do(context.Context, core.Intent) error {
	time.Sleep(l.took)
	return l.err
}

// punctual are answers in a database, which does nothing once the time is over.
type punctual struct{ Answers }

func (p punctual) Keep(ctx context.Context, k RequestKey, a Answer) error {
	return errors.Join(ctx.Err(), p.Answers.Keep(ctx, k, a))
}

func (p punctual) Release(ctx context.Context, k RequestKey) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.Answers.Release(ctx, k)
}

// The time for keeping an answer begins when there is one. Otherwise a deed that took long would leave its key "in progress".
func TestWhatTookLongIsKeptOrReleasedAsWell(t *testing.T) {
	for _, err := range []error{nil, ErrBusy} {
		w := newWorld(t, func(c *Config) {
			c.Live, c.Answers = leisurely{c.Live, 10 * time.Second, err}, punctual{c.Answers}
		})
		synctest.Test(t, func(t *testing.T) {
			key := headers{keyHeader: "k1"}
			first := w.ask("anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`, key)
			again := w.ask("anna", post, "/api/v1/agents/anna/state", `{"state":"available"}`, key)
			require.Equal(t, first.status, again.status, "%s", again.body)
			require.NotContains(t, w.logs.String(), "could not")
		})
	}
}

// A claim is there for a process that has died. While the request runs, nobody else carries it out: not this process, which knows, and not another one on the same database, which
// is told from time to time.
func TestAClaimLastsAsLongAsItsRequest(t *testing.T) {
	for _, down := range []error{nil, errors.New("the database restarts")} {
		w := newWorld(t, func(c *Config) { c.Live = leisurely{c.Live, 5 * models.ClaimLife, nil} })
		w.store.failRenew = down
		synctest.Test(t, func(t *testing.T) {
			const path, body = "/api/v1/agents/anna/state", `{"state":"available"}`
			key := headers{keyHeader: "k1"}
			var first answer
			done := make(chan struct{})
			go func() {
				defer close(done)
				first = w.ask("anna", post, path, body, key)
			}()
			time.Sleep(3 * models.ClaimLife)
			w.bad(409, CodeInProgress, keyHeader, "anna", post, path, body, key)
			w.bad(422, CodeKeyReused, keyHeader, "anna", post, path, `{"state":"idle"}`, key)
			if down == nil {
				_, fresh, err := w.store.Claim(t.Context(), w.store.onlyKey())
				require.ErrorIs(t, err, ErrInProgress, "as another process asks")
				require.False(t, fresh)
			}
			<-done
			require.Equal(t, 200, first.status, "%s", first.body)
			again := w.good(200, "anna", post, path, body, key)
			require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		})
	}
}

// A token is made once, though the process died between making it and keeping the answer, and the stored answer's day may be over.
func TestATokenIsMadeOnceThoughItsAnswerIsLost(t *testing.T) {
	w := newWorld(t)
	key := headers{keyHeader: "k1"}
	const body = `{"name":"wallboard","role":"auditor"}`
	var first, again newToken
	w.good(201, "admin", post, "/api/v1/tokens", body, key).into(t, &first)
	w.store.answers = map[string]*kept{}
	w.good(201, "admin", post, "/api/v1/tokens", body, key).into(t, &again)
	require.Equal(t, newToken{Token: first.Token}, again, "the same token, whose secret nobody has any more")
	var l list[Token]
	w.good(200, "admin", get, "/api/v1/tokens", "").into(t, &l)
	require.Len(t, l.Items, 1)

	w.good(204, "admin", del, "/api/v1/tokens/"+first.ID, "")
	w.store.answers = map[string]*kept{}
	w.bad(409, CodeConflict, keyHeader, "admin", post, "/api/v1/tokens", body, key)
	w.good(201, "admin", post, "/api/v1/tokens", body).into(t, &again)
	require.NotEmpty(t, again.Secret, "without a key, or with another, one more is made")
}

// absent is a kind of set-up whose database is away for a while.
type absent[T any] struct {
	Repository[T]
	err error
}

func (a *absent[T]) Get(ctx context.Context, id string) (Versioned[T], error) {
	if a.err != nil {
		return Versioned[T]{}, a.err
	}
	return a.Repository.Get(ctx, id)
}

// That the agent or the tenant could not be looked up says nothing of the request: it is answered as any failure that passes, and the key is free for another try.
func TestATokenIsNotRefusedBecauseTheDatabaseIsAway(t *testing.T) {
	agents, tenants := &absent[core.AgentSetup]{}, &absent[models.Tenant]{}
	w := newWorld(t, func(c *Config) {
		agents.Repository, c.Agents = c.Agents, agents
		tenants.Repository, c.Tenants = c.Tenants, tenants
	})
	const body = `{"name":"desk","role":"agent","agent":"anna"}`
	key := headers{keyHeader: "k1"}
	for _, err := range []*error{&agents.err, &tenants.err} {
		*err = ErrDatabase
		w.bad(503, CodeDatabase, "", "admin", post, "/api/v1/tokens", body, key)
		*err = nil
	}
	w.good(201, "admin", post, "/api/v1/tokens", body, key)
}

func TestATokenSecretIsNotKept(t *testing.T) {
	w := newWorld(t)
	key := headers{keyHeader: "k1"}
	body := `{"name":"wallboard","role":"auditor"}`
	var first, again newToken
	w.good(201, "admin", post, "/api/v1/tokens", body, key).into(t, &first)
	require.NotEmpty(t, first.Secret)
	w.good(201, "admin", post, "/api/v1/tokens", body, key).into(t, &again)
	require.Equal(t, first.Token, again.Token)
	require.Empty(t, again.Secret)
	for _, k := range w.store.answers {
		require.NotContains(t, string(k.answer.Body), first.Secret)
	}
	var who me
	w.good(200, first.Secret, get, "/api/v1/me", "").into(t, &who)
	require.Equal(t, Auditor, who.Role)
	w.good(204, "admin", del, "/api/v1/tokens/"+first.ID, "")
	w.bad(401, CodeUnauthorized, "Authorization", first.Secret, get, "/api/v1/me", "")
	w.bad(409, CodeConflict, "", "admin", del, "/api/v1/tokens/t-admin", "")
	var l list[Token]
	w.good(200, "admin", get, "/api/v1/tokens", "").into(t, &l)
	require.Empty(t, l.Items)
}

func TestTokensAreChecked(t *testing.T) {
	w := newWorld(t)
	for field, body := range map[string]string{
		"name":   `{"name":"","role":"admin"}`,
		"role":   `{"name":"x","role":"root"}`,
		"agent":  `{"name":"x","role":"agent"}`,
		"tenant": `{"name":"x","role":"auditor","tenant":"nobody"}`,
	} {
		w.bad(422, CodeInvalid, field, "admin", post, "/api/v1/tokens", body)
	}
	w.bad(422, CodeInvalid, "agent", "admin", post, "/api/v1/tokens", `{"name":"x","role":"admin","agent":"anna"}`)
	w.bad(403, CodeForbidden, "", "globex-adm", post, "/api/v1/tokens", `{"name":"x","role":"admin"}`)
	var made newToken
	w.good(201, "admin", post, "/api/v1/tokens", `{"name":"x","role":"agent","agent":"anna"}`).into(t, &made)
	require.Equal(t, core.TenantID("acme"), made.Tenant)
}
