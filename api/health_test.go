package api

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var errTest = errors.New("dial tcp 10.0.0.1:5432: connection refused")

func TestReadySaysWhatIsMissing(t *testing.T) {
	var down error
	w := newWorld(t, func(c *Config) {
		c.Checks = []Check{{"database", func(context.Context) error { return down }}}
	})
	var r readyBody
	w.good(200, "", get, "/readyz", "").into(t, &r)
	require.True(t, r.Ready)
	require.Equal(t, []readyCheck{{"owner", true, ""}, {"database", true, ""}, {"engine sim", true, "up"}, {"engines", true, ""}}, r.Checks)
	down = errTest
	a := w.good(503, "", get, "/readyz", "")
	require.NotContains(t, string(a.body), "10.0.0.1", "addresses stay in the log")
	down = nil
	w.engine.Disconnect()
	w.await("the switch to be away", func() bool { e, _ := w.loop.View().Engine("sim"); return !e.Up })
	w.good(503, "", get, "/readyz", "").into(t, &r)
	require.Equal(t, readyCheck{"engines", false, "no switch is connected"}, r.Checks[3])
	w.engine.Reconnect()
	w.good(200, "", get, "/healthz", "")
}

func TestMetricsCountRequestsS5(t *testing.T) {
	w := newWorld(t)
	w.good(200, "anna", get, "/api/v1/me", "")
	w.good(401, "", get, "/api/v1/me", "")
	a := w.good(200, "auditor", get, "/metrics", "")
	require.Contains(t, string(a.body), `tandem_http_requests_total{operation="whoAmI",status="200"} 1`)
	require.Contains(t, string(a.body), `tandem_http_requests_total{operation="whoAmI",status="401"} 1`)
}

func TestTheAccessLogHasNoNumbers(t *testing.T) {
	w := newWorld(t)
	w.ask("supervisor", get, "/api/v1/leads?number=%2B4915112345678", "", headers{requestIDHeader: "abc-1"})
	w.ask("supervisor", get, "/api/v1/calls/4915112345678", "")
	w.ask("supervisor", get, "/4915112345678", "")
	log := w.logs.String()
	require.NotContains(t, log, "4915112345678")
	require.Contains(t, log, "…5678")
	require.Contains(t, log, "request=abc-1")
	require.Contains(t, log, "who=supervisor:eve")
	a := w.ask("supervisor", get, "/api/v1/me", "", headers{requestIDHeader: "a b\n"})
	require.Regexp(t, "^[0-9a-f]{24}$", a.header.Get(requestIDHeader))
}

func TestTheRateIsLimitedPerToken(t *testing.T) {
	now := day
	w := newWorld(t, func(c *Config) { c.RatePerSecond = 2; c.Now = func() time.Time { return now } })
	for range 5 {
		w.good(200, "anna", get, "/api/v1/me", "")
	}
	a := w.good(429, "anna", get, "/api/v1/me", "")
	require.Equal(t, CodeRate, a.problem(t).Code)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	w.good(200, "bert", get, "/api/v1/me", "")
	for range 5 { // guessing is limited by address; a spoofed header does not change it
		w.good(401, "guess", get, "/api/v1/me", "", headers{"X-Forwarded-For": "10.9.8.7"})
	}
	w.good(429, "guess", get, "/api/v1/me", "", headers{"X-Forwarded-For": "10.9.8.8"})
	now = now.Add(10 * time.Second)
	w.good(200, "anna", get, "/api/v1/me", "")
	now = now.Add(2 * time.Minute)
	w.good(200, "bert", get, "/api/v1/me", "")
	require.Len(t, w.srv.limits.keys, 1, "quiet keys are forgotten")
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := New(Config{})
	require.ErrorContains(t, err, "is missing")
}
