package main

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

func TestAMessageIsRead(t *testing.T) {
	m, err := parseMessage("INVITE sip:1003@127.0.0.1:5062 SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:5060;branch=z9\r\nFrom: \"x\" <sip:4930@127.0.0.1>;tag=a\r\n" +
		"To: <sip:1003@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\nContact: <sip:asterisk@127.0.0.1:5060>;x=y\r\n\r\nv=0")
	require.NoError(t, err)
	assert.Equal(t, "INVITE", m.method)
	assert.Equal(t, "1003", userOf(m.uri))
	assert.Equal(t, "4930", userOf(m.from))
	assert.Equal(t, "sip:asterisk@127.0.0.1:5060", m.contact)
	answer, err := parseMessage(string(m.reply(200, "OK", "b", "sip:1003@127.0.0.1:5062", session(4000))))
	require.NoError(t, err)
	assert.Equal(t, 200, answer.status)
	assert.Equal(t, "<sip:1003@127.0.0.1>;tag=b", answer.to)
	assert.Equal(t, m.via, answer.via)
	assert.Equal(t, "INVITE", answer.cseqMethod())
	for _, odd := range []string{"", "\r\n\r\n", "SIP/2.0 banana\r\n\r\n", "BYE sip:x SIP/2.0\r\n\r\n"} {
		_, err := parseMessage(odd)
		require.ErrorIs(t, err, errNotSIP, "%q", odd)
	}
}

func TestASpread(t *testing.T) {
	var all []time.Duration
	for i := 100; i > 0; i-- {
		all = append(all, time.Duration(i)*time.Millisecond)
	}
	assert.Equal(t, spread{n: 100, p50: 50 * time.Millisecond, p95: 95 * time.Millisecond, p99: 99 * time.Millisecond, max: 100 * time.Millisecond}, spreadOf(all))
	assert.Equal(t, spread{}, spreadOf(nil))
}

func TestTheRulesBenchmarksAreRead(t *testing.T) {
	f, err := readRules([]byte(`    bench_test.go:301: 1733 bytes per waiting call
BenchmarkStep/agents=100/waiting=100-2         	   24032	      4700 ns/op	       900.5 cpu-ns/step	       800.1 ns/step
BenchmarkStep/agents=100/waiting=100-2         	   24032	      4700 ns/op	       700.0 cpu-ns/step	       800.1 ns/step
BenchmarkStep/agents=10000/waiting=100000-2    	   24032	      4700 ns/op	      1400 cpu-ns/step	       800.1 ns/step
`))
	require.NoError(t, err)
	assert.Equal(t, ruleFigures{small: 700, large: 1400, worst: 1400, bytesPerCall: 1733}, f)
	_, err = readRules([]byte("PASS"))
	require.Error(t, err)
}

func TestAMissedGoalShows(t *testing.T) {
	var r report
	p := r.of("here", "")
	p.tell("told", "", "1")
	p.judge("met", "", "1", "≤ 2", true)
	p.within("as quick as promised", 0, 2*time.Millisecond, 2*time.Millisecond, 1)
	p.within("nothing was promised", 0, time.Hour, 0, 1)
	assert.Equal(t, 0, r.missed())
	r.of("here", "").storm(99_999, nil)
	assert.Equal(t, 1, r.missed())
	r.of("there", "its own queue").within("quick, where nothing was measured", 0, 0, time.Millisecond, 0)
	assert.Equal(t, 2, r.missed())
	assert.Contains(t, r.text(), "MISSED")
	assert.Contains(t, r.markdown(machine{}), "| simulator on one core (events/s) | 99999 | ≥ 100,000 | MISSED |")
	assert.Contains(t, r.markdown(machine{}), "| quick, where nothing was measured |  | 0.0 | ≤ 1 | MISSED |")
}

func TestAMissingSwitchIsNoMissedGoal(t *testing.T) {
	var r report
	r.of("FreeSWITCH", "mod_callcenter").empty = "NOT MEASURED: there is none"
	r.of("Asterisk", "app_queue")
	assert.Equal(t, 0, r.missed())
	assert.Contains(t, r.text(), "== FreeSWITCH\nNOT MEASURED: there is none\n")
	assert.Contains(t, r.markdown(machine{}), "## FreeSWITCH\n\n**NOT MEASURED: there is none**\n")
	assert.NotContains(t, r.text(), "Asterisk", "nothing was asked of it")
}

func TestAPartOfThePlan(t *testing.T) {
	p, err := wholePlan.narrowed("calls,restart", "freeswitch")
	require.NoError(t, err)
	assert.Equal(t, []scenario{idle, backlog, rush, restarting}, p.scenarios)
	require.Len(t, p.brands, 1)
	assert.Equal(t, "freeswitch", p.brands[0].name)
	assert.Len(t, wholePlan.brands, 2, "the whole plan stays whole")
	_, err = wholePlan.narrowed("idle,typo", "")
	require.ErrorContains(t, err, "typo")
	_, err = wholePlan.narrowed("", "typo")
	require.ErrorContains(t, err, "typo")
}

func TestASwitchIsCounted(t *testing.T) {
	e := exchange{left: func(context.Context) ([]string, error) {
		return []string{"channel a", "channel b", "bridge x mixing [a b]", `conferences [{"conference_name":"y"},{"conference_name":"z"}]`}, nil
	}}
	c, err := e.census(t.Context())
	require.NoError(t, err)
	assert.Equal(t, census{legs: 2, mixes: 3}, c)
}

// TestTheBenchRuns plays the quick run. Its figures say nothing: other tests run at the same time.
func TestTheBenchRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOT TESTED: starts switches, PostgreSQL and Tandem; run it without -short")
	}
	t.Chdir("../..")
	program, err := build(t.Context(), t.TempDir())
	require.NoError(t, err)
	p := quickPlan
	p.backlogTime, p.shorter, p.events, p.appends, p.merges = 2*time.Second, 2*time.Second, 300, 5, 2
	p.patience = 60 // a busy machine could miss two seconds, and the rush's calls would not all be served
	table, _, err := run(t.Context(), p, program, t.Logf)
	if errors.Is(err, errNoPostgres) && os.Getenv("TANDEM_REQUIRE_STORES") == "" || errors.Is(err, lab.ErrNoAsterisk) && os.Getenv(lab.RequireEnv) == "" {
		t.Skipf("SKIPPED, NOT TESTED: %v; `make setup` installs it", err)
	}
	require.NoError(t, err)
	text := table.text()
	t.Log("\n" + text)
	for _, line := range []string{"calls served", "until ready", "made durable on SQLite"} {
		assert.Contains(t, text, line)
	}
	for _, part := range table.told() {
		if part.title == noSwitch || part.empty != "" {
			continue
		}
		for _, x := range part.rows {
			if x.goal == "all" || x.goal == "none" {
				assert.True(t, x.met, "%s: %s: every call of the rush is served, nothing is left of the conferences", part.title, x.what)
			}
		}
	}
}

func TestTheWallsFiguresAreRead(t *testing.T) {
	f, err := readWall([]byte("BenchmarkDashboards-2   \t 1\t41238194682 ns/op\t 169.13 MB/s\t 4971 calls-seen\t 0.5329 cores\t 0.1296 cores-alone\t 27.00 p50-ms\t 85.38 p95-ms\t 152.4 slow-p95-ms\nPASS\n"))
	require.NoError(t, err)
	require.Equal(t, wallFigures{"MB/s": 169.13, "calls-seen": 4971, "cores": 0.5329, "cores-alone": 0.1296, "p50-ms": 27, "p95-ms": 85.38, "slow-p95-ms": 152.4}, f)
	var r report
	r.of(noSwitch, "").dashboards(f)
	require.Equal(t, 1, r.missed())
	_, err = readWall([]byte("PASS"))
	require.Error(t, err)
}

func TestThePagesFiguresAreRead(t *testing.T) {
	const line = "BenchmarkPixel\n    pixel_bench_test.go:65: at the end 27 of 102 rows were drawn\n" +
		"BenchmarkPixel-2   \t 1\t41238194682 ns/op\t 1000 calls-made\t 999.0 calls-seen\t 54.50 p50-ms\t +Inf p95-ms\t 31.20 page-p50-ms\t 62.00 page-p95-ms\nPASS\n"
	f, err := readPixels([]byte(line))
	require.NoError(t, err)
	require.Equal(t, pixelFigures{p50: 54.5, p95: math.Inf(1), pageP50: 31.2, pageP95: 62, callsSeen: 999, callsMade: 1000}, f)
	var r report
	p := r.of(noSwitch, "")
	p.pixels(f)
	require.Equal(t, 1, r.missed(), "what is never seen is late")
	f.p95 = 149
	p.pixels(f)
	require.Equal(t, 1, r.missed())
	p.pixels(pixelFigures{})
	require.Equal(t, 2, r.missed(), "no call is no measurement")
	_, err = readPixels([]byte("PASS"))
	require.Error(t, err)

	f, err = readPixels([]byte("BenchmarkPixel\n    pixel_bench_test.go:40: NOT MEASURED: no scene can be played in a browser: the app is not built\n--- SKIP: BenchmarkPixel\nPASS\n"))
	require.NoError(t, err)
	p.pixels(f)
	require.Equal(t, 2, r.missed(), "what is not measured is told, and not judged")
	require.Contains(t, r.text(), "not measured: no scene can be played in a browser: the app is not built")
}

// A part that is measured by itself takes its place among what the last whole run has measured.
func TestAPartIsUpdatedInTheDocument(t *testing.T) {
	whole := &report{}
	whole.of("Asterisk", "app_queue").judge("idle", "1", "2", "≤ 3", true)
	p := whole.of(noSwitch, "")
	p.tell("rules", "", "1")
	p.tell("… more", "", "2")
	p.tell("simulator", "", "3")
	document := whole.markdown(machine{date: "yesterday", commit: "old"})

	again := &report{}
	q := again.of(noSwitch, "")
	q.tell("rules", "", "10")
	q.tell("… more", "", "20")
	q.judge("… and more", "", "30", "≤ 3", false)
	q.tell("dashboards", "", "40")
	text := again.updated(document, "rules,dashboards", machine{date: "today", commit: "new", loadBefore: "0.1"})
	require.Contains(t, text, "| rules | 10 |  |  |\n| … more | 20 |  |  |\n| … and more | 30 | ≤ 3 | MISSED |\n| simulator | 3 |  |  |\n| dashboards | 40 |  |  |\n\n## How it is measured")
	require.Contains(t, text, "| idle | 1 | 2 | ≤ 3 | met |")
	require.Contains(t, text, "- Date: yesterday\n")
	require.Contains(t, text, "- Measured by itself since: rules,dashboards, today, commit new, load before 0.1\n\n## Asterisk")
	require.True(t, strings.HasSuffix(text, method))
	require.Equal(t, text, again.updated(text, "rules,dashboards", machine{date: "today", commit: "new", loadBefore: "0.1"}), "again is no more")
	require.Contains(t, again.updated("something else", "rules", machine{}), "# Benchmarks")

	// What has been measured once more is no longer of the run before.
	text = again.updated(text, "pixel,rules", machine{date: "later", commit: "newer", loadBefore: "0.2"})
	require.Contains(t, text, "- Measured by itself since: dashboards, today, commit new, load before 0.1\n- Measured by itself since: pixel,rules, later, commit newer, load before 0.2\n\n")
	text = again.updated(text, "dashboards", machine{date: "last", commit: "newest", loadBefore: "0.3"})
	require.Contains(t, text, "- Measured by itself since: pixel,rules, later, commit newer, load before 0.2\n- Measured by itself since: dashboards, last, commit newest, load before 0.3\n\n")
	require.NotContains(t, text, "today")
}
