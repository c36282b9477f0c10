package main

import (
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api"
	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
	"github.com/tandem-voice/tandem/orchestrator/loop"
)

// shownMetrics gives every metric that a serving process has, with its labels in one word.
func shownMetrics(t *testing.T) map[string]string {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	vars := map[string]string{"TANDEM_ARI_SITE": t.TempDir()}
	maps.Copy(vars, absentSwitch)
	s, err := readSettings(environ(t, vars))
	require.NoError(t, err)
	db, err := openDatabase(t.Context(), s)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	m := newMetrics(s.Shard)
	drivers, err := s.drivers(quiet, m.lost)
	require.NoError(t, err)
	shard, err := loop.New(loop.Config{Shard: s.Shard, Owner: "test", Store: db.Journal(), Metrics: m.loop, Logger: quiet})
	require.NoError(t, err)
	work, err := jobs.New(jobs.Config{DB: db, Log: quiet})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, work.Close()) })
	m.follow(shard, drivers, newLineWriters(drivers, db.Lines(nil), nil, shard, quiet), work, db, quiet)
	_, err = api.New(api.Config{Live: api.Shard{Loop: shard}, Audio: api.Bucket{}, Log: quiet, Registry: m.registry}.Database(db))
	require.NoError(t, err)

	descs := make(chan *prometheus.Desc)
	go func() { m.registry.Describe(descs); close(descs) }()
	out := map[string]string{}
	form := regexp.MustCompile(`fqName: "([^"]+)".*constLabels: \{(.*?)\}, variableLabels: \{(.*?)\}`)
	for d := range descs {
		parts := form.FindStringSubmatch(d.String())
		require.NotNil(t, parts, d.String())
		var labels []string
		for _, pair := range strings.Split(parts[2], ",") {
			if name, _, ok := strings.Cut(pair, "="); ok {
				labels = append(labels, name)
			}
		}
		if parts[3] != "" {
			labels = append(labels, strings.Split(parts[3], ",")...)
		}
		out[parts[1]] = strings.Join(labels, ", ")
	}
	return out
}

// TestTheDocumentedMetricsAreThoseThatAreShown holds docs/metrics.md to the program, labels included.
func TestTheDocumentedMetricsAreThoseThatAreShown(t *testing.T) {
	shown := shownMetrics(t)
	page, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(tandem_\\w+)` \\| (\\w+) \\|(.*?)\\|").FindAllStringSubmatch(string(page), -1) {
		require.NotContains(t, documented, row[1], "documented twice")
		documented[row[1]] = strings.TrimSpace(row[3])
		assert.Equal(t, strings.HasSuffix(row[1], "_total"), row[2] == "counter", "%s: a counter, and nothing else, ends in _total", row[1])
	}
	for name, labels := range shown {
		if !strings.HasPrefix(name, "tandem_") {
			assert.Regexp(t, "^(go|process)_", name)
			continue
		}
		said, ok := documented[name]
		assert.True(t, ok, "%s is not in docs/metrics.md", name)
		assert.ElementsMatch(t, strings.Split(labels, ", "), strings.Split(said, ", "), "labels of %s", name)
		delete(documented, name)
	}
	assert.Empty(t, documented, "documented, but not shown")
}

// TestMetricsHaveAnAddressOfTheirOwn reads them as Prometheus does, and looks for what else the address might answer.
func TestMetricsHaveAnAddressOfTheirOwn(t *testing.T) {
	addr := freeAddress(t)
	vars := map[string]string{"TANDEM_METRICS_LISTEN": addr}
	for name, value := range absentSwitch {
		vars[name] = value
	}
	s, err := readSettings(environ(t, vars))
	require.NoError(t, err)
	url, stop := started(t, s, false)
	status, body := ask(t, http.MethodGet, "http://"+addr+"/metrics", "", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `tandem_jobs_open{kind="archive",state="pending"} 0`)
	require.Contains(t, body, `tandem_jobs_oldest_seconds{kind="archive"} 0`)
	require.Contains(t, body, `tandem_switch_connections_lost_total{engine="asterisk",reason="gap"} 0`)
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)

	for _, path := range []string{"/", "/api/v1/me", "/healthz", "/metrics/", "/debug/pprof/"} {
		status, _ = ask(t, http.MethodGet, "http://"+addr+path, "", "")
		require.Equal(t, http.StatusNotFound, status, path)
	}
	status, _ = ask(t, http.MethodPost, "http://"+addr+"/metrics", "", "")
	require.Equal(t, http.StatusMethodNotAllowed, status)
	status, _ = ask(t, http.MethodGet, url+"/metrics", "", "")
	require.Equal(t, http.StatusUnauthorized, status, "the API's own want a token")
	require.NoError(t, stop())

	// An address that is taken is said at start.
	taken, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	err = serve(t.Context(), s, slog.New(slog.DiscardHandler), false, func(net.Addr) {})
	require.ErrorContains(t, err, "TANDEM_METRICS_LISTEN")
	require.NoError(t, taken.Close())
}

// TestMetricsTellOfPhonesThatCannotBeWritten: the directory is not mounted, which nothing but the view of the switches told of, and then it is.
func TestMetricsTellOfPhonesThatCannotBeWritten(t *testing.T) {
	site := filepath.Join(t.TempDir(), "tandem")
	vars := map[string]string{"TANDEM_METRICS_LISTEN": freeAddress(t), "TANDEM_ARI_SITE": site}
	maps.Copy(vars, absentSwitch)
	s, err := readSettings(environ(t, vars))
	require.NoError(t, err)
	_, stop := started(t, s, false)
	shows := func(line string) func() bool {
		return func() bool {
			_, text := ask(t, http.MethodGet, "http://"+s.MetricsListen+"/metrics", "", "")
			return strings.Contains(text, line)
		}
	}
	require.Eventually(t, shows(`tandem_lines_failed{engine="asterisk"} 1`), 20*time.Second, 10*time.Millisecond)
	require.NoError(t, os.Mkdir(site, 0o750))
	require.Eventually(t, shows(`tandem_lines_failed{engine="asterisk"} 0`), 20*time.Second, 10*time.Millisecond)
	require.NoError(t, stop())
}

// TestMetricsTellSinceWhenAJobIsOwed: one that fails is due later and so never late, and another that is done kept everything quiet.
func TestMetricsTellSinceWhenAJobIsOwed(t *testing.T) {
	s := unserved(t, dbtest.SQLiteURL(t))
	db, err := openDatabase(t.Context(), s)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	job, err := models.NewJob(models.JobArchive, "r1", "acme", models.ArchivePayload{})
	require.NoError(t, err)
	job.CreatedAt = time.Now().Add(-7 * time.Hour)
	require.NoError(t, db.Jobs().Add(t.Context(), job))
	claimed, err := db.Jobs().Claim(t.Context(), []string{job.ID}, "w", time.Hour)
	require.NoError(t, err)
	require.NoError(t, db.Jobs().Fail(t.Context(), claimed[0], errors.New("the directory is not mounted"), false, time.Now().Add(10*time.Minute)))

	registry := prometheus.NewRegistry()
	registry.MustRegister(newBacklog("main", db, slog.New(slog.DiscardHandler)))
	shown := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(shown, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Contains(t, shown.Body.String(), "tandem_jobs_overdue_seconds 0\n")
	require.Regexp(t, `tandem_jobs_oldest_seconds\{kind="archive"\} 252\d\d`, shown.Body.String())
	require.Contains(t, shown.Body.String(), `tandem_jobs_oldest_seconds{kind="lead"} 0`+"\n")
}
