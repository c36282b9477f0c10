package api

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models/dbtest"
)

// TestAPostgresThatStopsIsAnswered503 stops the server under requests that are running, asks while it is away, and goes on when it is back.
func TestAPostgresThatStopsIsAnswered503(t *testing.T) {
	server := dbtest.StartPostgres(t, false)
	db := dbtest.Open(t, server.NewDatabase(t, "outage"))
	require.NoError(t, db.Migrate(t.Context()))
	w := newWorld(t, func(c *Config) {
		fake := *c
		*c = c.Database(db)
		c.Tokens = fake.Tokens
		copyRows(t, fake.Tenants, c.Tenants)
		copyRows(t, fake.Agents, c.Agents)
	})
	w.password("otto")
	b := w.browser("192.0.2.1")
	b.signsIn("otto", password)

	ask := func(path string) int {
		req, err := http.NewRequestWithContext(t.Context(), get, w.http.URL+path, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer admin")
		res, err := w.http.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	var mu sync.Mutex
	answers := map[int]int{}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for _, path := range []string{"/api/v1/agents", "/api/v1/users", "/api/v1/audit", "/api/v1/call-records", "/api/v1/teams", "/api/v1/csv/agents"} {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				status := ask(path)
				mu.Lock()
				answers[status]++
				mu.Unlock()
			}
		})
	}
	count := func(status int) int { mu.Lock(); defer mu.Unlock(); return answers[status] }
	w.await("requests to be answered", func() bool { return count(200) > 50 })
	for _, end := range []func(){server.Stop, server.Kill} {
		end()
		missed := count(503)
		w.await("the outage to be noticed", func() bool { return count(503) > missed+20 })
		b.good(503, get, "/api/v1/me", "")
		w.browser("192.0.2.2").good(503, post, "/api/v1/session", `{"name":"otto","password":"`+password+`"}`)
		w.good(503, "admin", put, "/api/v1/agents/anna", `{"tenant":"acme","name":"Anna","phone":"1001"}`)
		w.good(503, "admin", post, "/api/v1/csv/agents", "id,name\nanna,Anna\n", asCSV)
		require.NoError(t, server.Start())
		before := count(200)
		w.await("requests to be answered again", func() bool { return count(200) > before+50 })
	}
	close(stop)
	wg.Wait()
	for status := range answers {
		require.Contains(t, []int{200, 503}, status, "%v", answers)
	}
	b.good(200, get, "/api/v1/me", "")
}
