package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// panel is what a test looks at in a panel of a dashboard.
type panel struct {
	ID          int    `json:"id"`
	Title       string `json:"title"`
	Type        string `json:"type"`
	Description string `json:"description"`
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		Expr       string `json:"expr"`
		Datasource struct{ UID string }
	} `json:"targets"`
}

type dashboard struct {
	UID        string
	Title      string
	Panels     []panel
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob("../../docker/grafana/dashboards/*.json")
	require.NoError(t, err)
	require.Len(t, files, 2)
	out := map[string]dashboard{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		var d dashboard
		require.NoError(t, json.Unmarshal(text, &d), f)
		out[filepath.Base(f)] = d
	}
	return out
}

type alertRule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alertRules(t *testing.T) []alertRule {
	t.Helper()
	text, err := os.ReadFile("../../docker/prometheus/rules/tandem.yml")
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Rules []alertRule `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	var out []alertRule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	require.NotEmpty(t, out)
	return out
}

// queries gives every PromQL expression of the rules and dashboards, by where it stands.
func queries(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, r := range alertRules(t) {
		out["alert "+r.Alert] = r.Expr
	}
	for file, d := range dashboards(t) {
		for _, v := range d.Templating.List {
			m := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`).FindStringSubmatch(v.Definition)
			require.NotNil(t, m, v.Definition)
			out[file+" variable "+v.Name] = "sum by (" + m[2] + ") (" + m[1] + ")"
		}
		for _, p := range d.Panels {
			for i, q := range p.Targets {
				out[fmt.Sprintf("%s %s %d", file, p.Title, i)] = q.Expr
			}
		}
	}
	return out
}

var (
	quoted     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	metricName = regexp.MustCompile(`\b((?:tandem|go|process)_\w+|up)\b(?:\{([^}]*)\})?`)
	grouping   = regexp.MustCompile(`\b(?:by|without|on|ignoring) \(([^)]*)\)`)
	matcher    = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
)

// TestRulesAndDashboardsNameMetricsThatExist looks for each metric and each label that a query names.
func TestRulesAndDashboardsNameMetricsThatExist(t *testing.T) {
	shown := shownMetrics(t)
	used := map[string]bool{}
	for where, query := range queries(t) {
		query = quoted.ReplaceAllString(query, `""`)
		known := []string{"job", "instance", "le"} // of the scrape, and of histograms
		for _, m := range metricName.FindAllStringSubmatch(query, -1) {
			name := m[1]
			if name == "up" {
				continue
			}
			labels, ok := shown[name]
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				if base, cut := strings.CutSuffix(name, part); cut && !ok {
					name = base
					labels, ok = shown[base]
				}
			}
			if !assert.True(t, ok, "%s: there is no metric %s", where, m[1]) {
				continue
			}
			used[name] = true
			own := append([]string{"job", "instance", "le"}, strings.Split(labels, ", ")...)
			for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
				assert.Contains(t, own, l[1], "%s: %s has no such label", where, m[1])
			}
			known = append(known, own...)
		}
		for _, g := range grouping.FindAllStringSubmatch(query, -1) {
			for label := range strings.SplitSeq(g[1], ",") {
				if label = strings.TrimSpace(label); label != "" {
					assert.Contains(t, known, label, "%s: grouped by a label that none of its metrics has", where)
				}
			}
		}
	}
	// What is worth a metric is worth a look: all but a few details of the loop are on a dashboard or in a rule.
	for name := range shown {
		if !strings.HasPrefix(name, "tandem_") || used[name] || slices.Contains([]string{
			"tandem_position", "tandem_shard_fenced_total", "tandem_set_aside_total", "tandem_stuck_ticks_total", "tandem_snapshots_total", "tandem_snapshot_seconds",
			"tandem_snapshot_bytes", "tandem_recovery_seconds", "tandem_recovery_events", "tandem_offers_total", "tandem_build_info",
		}, name) {
			continue
		}
		t.Errorf("%s is on no dashboard and in no rule", name)
	}
}

func TestDashboardsAreWhole(t *testing.T) {
	for file, d := range dashboards(t) {
		assert.NotEmpty(t, d.UID, file)
		assert.NotEmpty(t, d.Title, file)
		ids, taken := map[int]bool{}, map[[2]int]string{}
		for _, p := range d.Panels {
			assert.False(t, ids[p.ID], "%s: the id %d is there twice", file, p.ID)
			ids[p.ID] = true
			assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, "%s: %s", file, p.Title)
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					assert.Empty(t, taken[[2]int{x, y}], "%s: %s lies over it", file, p.Title)
					taken[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				continue
			}
			assert.NotEmpty(t, p.Targets, "%s: %s", file, p.Title)
			for _, q := range p.Targets {
				assert.Equal(t, "prometheus", q.Datasource.UID, "%s: %s: as provisioning/datasources has it", file, p.Title)
			}
		}
	}
}

func TestAlertsSayWhatIsWrongAndWhatToDo(t *testing.T) {
	names := map[string]bool{}
	for _, r := range alertRules(t) {
		assert.False(t, names[r.Alert], "%s is there twice", r.Alert)
		names[r.Alert] = true
		assert.Regexp(t, "^Tandem[A-Z]", r.Alert)
		assert.Contains(t, []string{"page", "ticket"}, r.Labels["severity"], r.Alert)
		assert.NotEmpty(t, r.Annotations["summary"], r.Alert)
		assert.NotEmpty(t, r.Annotations["description"], r.Alert)
	}
}

// onDashboard is a query as Grafana asks it, with all of everything chosen.
func onDashboard(query string) string {
	return regexp.MustCompile(`\$\w+`).ReplaceAllString(strings.ReplaceAll(query, "$__rate_interval", "5m"), ".*")
}

// TestPromtoolAcceptsRulesAndDashboards has Prometheus' own tool check configuration and rules, run the rules' tests, and parse every query of the dashboards.
func TestPromtoolAcceptsRulesAndDashboards(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("SKIPPED, NOT TESTED: no promtool on PATH, so that rules and queries are checked by name only; on Debian: apt-get install prometheus")
	}
	check := func(args ...string) {
		t.Helper()
		said, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput()
		require.NoError(t, err, "promtool %s: %s", strings.Join(args, " "), said)
	}
	check("check", "config", "../../docker/prometheus/prometheus.yml")
	check("check", "rules", "../../docker/prometheus/rules/tandem.yml")
	check("test", "rules", "../../docker/prometheus/tests/tandem.yml")

	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	for _, query := range queries(t) {
		rules = append(rules, rule{fmt.Sprintf("query%d", len(rules)), onDashboard(query)})
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "queries", "rules": rules}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "queries.yml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	check("check", "rules", file)
}
