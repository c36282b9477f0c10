package loop

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// TestWhatTheTimelineTellsIsCounted counts one entry of each kind that has a metric, and some that have none.
func TestWhatTheTimelineTellsIsCounted(t *testing.T) {
	t.Parallel()
	told := NewMetrics("s").told
	var lines []journal.Timeline
	for _, e := range []core.Entry{
		{Kind: core.EntryCallArrived, Text: "+4915112345678"},
		{Kind: core.EntryCallArrived},
		{Kind: core.EntryOfferMade},
		{Kind: core.EntryOfferEnded, Reason: "no_answer", Duration: 20 * time.Second},
		{Kind: core.EntryAgentState, Reason: "rona", Text: "no_answer"},
		{Kind: core.EntryAgentState, Reason: "idle:Phone unreachable", Text: "unreachable"},
		{Kind: core.EntryAgentState, Reason: "available", Text: "declined"}, // back from it
		{Kind: core.EntryAgentState, Reason: "idle:Lunch", Text: "agent"},   // by their own wish
		{Kind: core.EntryCallConnected, Queue: "sales", Duration: 7 * time.Second},
		{Kind: core.EntryCallConnected, Queue: "sales", Reason: "direct", Duration: time.Hour}, // stood in no line
		{Kind: core.EntryCallLeftQueue, Queue: "sales", Reason: "abandoned", Duration: 40 * time.Second},
		{Kind: core.EntryTalkEnded, Duration: time.Minute},
		{Kind: core.EntryWrapUpDone, Duration: time.Second},
		{Kind: core.EntryRecordingStopped, Reason: "complete"},
		{Kind: core.EntryAlert, Reason: "mix_failed"},
		{Kind: core.EntryCallHeld},
		{Kind: core.EntryCallClosed, Record: &core.CallRecord{Outcome: core.CallAnswered}},
		{Kind: core.EntryCallClosed},
	} {
		lines = append(lines, journal.Timeline{Entry: e})
	}
	told.count(lines)

	is := func(want float64, c prometheus.Collector) {
		t.Helper()
		assert.InDelta(t, want, testutil.ToFloat64(c), 0)
	}
	is(2, told.arrived)
	is(1, told.ended.WithLabelValues("answered"))
	is(0, told.ended.WithLabelValues("lost"))
	is(1, told.offers)
	is(1, told.offersOver.WithLabelValues("no_answer"))
	is(1, told.aside.WithLabelValues("no_answer"))
	is(1, told.aside.WithLabelValues("unreachable"))
	is(0, told.aside.WithLabelValues("declined"))
	is(1, told.recordings.WithLabelValues("complete"))
	is(1, told.alerts.WithLabelValues("mix_failed"))
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(told.waits))
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Len(t, families, 1)
	sums := map[string]float64{}
	for _, m := range families[0].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "result" {
				sums[l.GetValue()] = m.GetHistogram().GetSampleSum()
			}
		}
	}
	assert.Equal(t, map[string]float64{"answered": 7, "abandoned": 40, "unanswered": 0, "lost": 0}, sums)
}

// TestGaugesHaveABoundOnQueues sets up more queues than have metrics of their own.
func TestGaugesHaveABoundOnQueues(t *testing.T) {
	t.Parallel()
	cfg := config(&watchedStore{}, world(1))
	l := open(t, cfg, 1)
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(NewGauges(l)))
	change := core.ConfigChanged{}
	for i := range mostQueues + 40 {
		change.Queues = append(change.Queues, core.Queue{ID: core.QueueID(fmt.Sprintf("q%04d", i)), Tenant: "acme", Name: "q", Strategy: core.LongestIdle})
	}
	require.NoError(t, l.Config(t.Context(), change))
	n, err := testutil.GatherAndCount(registry, "tandem_queue_waiting")
	require.NoError(t, err)
	assert.Equal(t, mostQueues+1, n)
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	assert.Empty(t, problems)
	n, err = testutil.GatherAndCount(registry, "tandem_agents")
	require.NoError(t, err)
	assert.Equal(t, len(agentStates), n)

	require.NoError(t, l.Stop()) // another process may own the shard now, and shows it
	n, err = testutil.GatherAndCount(registry)
	require.NoError(t, err)
	assert.Zero(t, n)
}

// recordingEnd finds in a story of the rules how a recording ended.
var recordingEnd = regexp.MustCompile(`(?m)^ +recording\.stopped .+ in \w+: (\w+)`)

// Every way in which a recording ends is counted from 0: the rate over its first time would miss it.
func TestEveryEndOfARecordingIsCountedFromZero(t *testing.T) {
	t.Parallel()
	stories, err := filepath.Glob("../core/testdata/*.txt")
	require.NoError(t, err)
	ends := map[string]bool{}
	for _, path := range stories {
		story, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range recordingEnd.FindAllStringSubmatch(string(story), -1) {
			ends[m[1]] = true
		}
	}
	require.Greater(t, len(ends), 3)
	for end := range ends {
		assert.Contains(t, recordingResults, end)
	}
}
