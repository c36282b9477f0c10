package traces

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

const theCall core.CallID = "6f1c2d3e-4b5a-8c7d-9e0f-112233445566"

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time { return noon.Add(time.Duration(seconds * 1e9)) }

// told is the story of one call, with everything that must not be in a span.
func told() (rows []journal.Row, lines []journal.Timeline) {
	rows = []journal.Row{{Seq: 1, At: noon, Kind: "leg.appeared", Call: theCall}, {Seq: 2, At: noon, Kind: "tick"}}
	for _, e := range []core.Entry{
		{At: noon, Kind: core.EntryCallArrived, Text: "+4915112345678"},
		{At: noon, Kind: core.EntryCallQueued, Queue: "sales", Reason: "arrival"},
		{At: noon, Kind: core.EntryAgentState, Agent: "anna", Reason: "idle:Frau Schmidt"},
		{At: after(10), Kind: core.EntryOfferEnded, Agent: "anna", Leg: "leg-1", Reason: "no_answer", Duration: 10 * time.Second, Cause: &core.Cause{Code: core.CauseNoAnswer, By: core.ByThem}},
		{At: after(14), Kind: core.EntryOfferEnded, Agent: "bert", Leg: "leg-2", Reason: "answered", Duration: 4 * time.Second},
		{At: after(14), Kind: core.EntryCallConnected, Agent: "bert", Queue: "sales", Duration: 14 * time.Second},
		{At: after(20), Kind: core.EntryCallTransferred, Agent: "bert", Reason: "number", Text: "+4930999999"},
		{At: after(44), Kind: core.EntryTalkEnded, Agent: "bert", Reason: "caller", Duration: 30 * time.Second},
		{At: after(44), Kind: core.EntryRecordingStopped, Recording: "rec-1", Reason: "complete", Duration: 30 * time.Second},
		{At: after(44), Kind: core.EntryCallClosed, Record: &core.CallRecord{
			Call: theCall, Tenant: "acme", Queue: "sales", Engine: "pbx", From: "+4915112345678", Name: "Frau Schmidt", To: "+4930100", ArrivedAt: noon, EndedAt: after(44),
			Outcome: core.CallAnswered, Agents: []core.AgentID{"bert"}, Offers: 2, Misses: 1,
		}},
		{At: after(60), Kind: core.EntryWrapUpDone, Agent: "bert", Reason: "Frau Schmidt again", Text: "call back at 0151 12345678", Duration: 16 * time.Second},
	} {
		e.Call = theCall
		lines = append(lines, journal.Timeline{Entry: e})
	}
	return rows, lines
}

// TestACallIsOneTraceS5 tells the story of a call, and looks at the trace that comes of it.
func TestACallIsOneTraceS5(t *testing.T) {
	t.Parallel()
	kept := tracetest.NewInMemoryExporter()
	traces := New(sdk.WithSyncer(kept))
	rows, lines := told()
	traces.Decided(rows, lines, after(0.002))
	traces.Ordered(core.Effect{ID: 7, Engine: "pbx", Lane: "leg-1", Call: theCall, Do: core.Dial{}}, after(0.002), after(0.005), "")
	traces.Ordered(core.Effect{ID: 8, Engine: "pbx", Lane: "leg-1", Call: theCall, Do: core.Hang{}}, after(10), after(10.001), core.WhyUnknown)
	traces.Ordered(core.Effect{ID: 9, Engine: "pbx", Do: core.Hang{}}, after(10), after(10.001), "") // of no call
	// Another process does the jobs: it knows the call, and nothing else.
	jobs := New(sdk.WithSyncer(kept))
	jobs.Worked(theCall, "archive", after(45), after(46), 1, false)
	jobs.Worked(theCall, "lead", after(45), after(45.1), 2, true)

	spans := map[string][]tracetest.SpanStub{}
	var root trace.SpanID
	for _, s := range kept.GetSpans() {
		spans[s.Name] = append(spans[s.Name], s)
		assert.Equal(t, Context(theCall).TraceID(), s.SpanContext.TraceID(), s.Name)
		if s.Name == "call" {
			root = s.SpanContext.SpanID()
			assert.False(t, s.Parent.IsValid())
		}
	}
	require.True(t, root.IsValid())
	lasted := func(name string, want ...time.Duration) {
		t.Helper()
		var got []time.Duration
		for _, s := range spans[name] {
			got = append(got, s.EndTime.Sub(s.StartTime))
			if name != "call" {
				assert.Equal(t, root, s.Parent.SpanID(), name)
			}
		}
		assert.Equal(t, want, got, name)
		delete(spans, name)
	}
	lasted("call", 44*time.Second)
	lasted("decide leg.appeared", 2*time.Millisecond)
	lasted("call.arrived", 0)
	lasted("call.queued", 0)
	lasted("call.transferred", 0)
	lasted("offer", 10*time.Second, 4*time.Second)
	lasted("wait", 14*time.Second)
	lasted("talk", 30*time.Second)
	lasted("recording", 30*time.Second)
	lasted("wrap-up", 16*time.Second)
	lasted("order dial", 3*time.Millisecond)
	lasted("order hang", time.Millisecond)
	lasted("job archive", time.Second)
	lasted("job lead", 100*time.Millisecond)
	assert.Empty(t, spans)

	all, err := json.Marshal(kept.GetSpans())
	require.NoError(t, err)
	for _, personal := range []string{"12345678", "999999", "4930100", "Schmidt", "anna", "bert", "call back"} {
		assert.NotContains(t, string(all), personal)
	}
	require.NoError(t, traces.Close(t.Context()))
	require.NoError(t, jobs.Close(t.Context()))
}

// TestASampledCallIsSampledWhole takes a quarter of many calls: all parts of each or none, in any process.
func TestASampledCallIsSampledWhole(t *testing.T) {
	t.Parallel()
	kept := tracetest.NewInMemoryExporter()
	traces, jobs := New(sdk.WithSyncer(kept), sdk.WithSampler(sdk.TraceIDRatioBased(0.25))), New(sdk.WithSyncer(kept), sdk.WithSampler(sdk.TraceIDRatioBased(0.25)))
	const calls = 2000
	for range calls {
		call := core.CallID(uuid.NewString())
		traces.Decided(nil, []journal.Timeline{{Entry: core.Entry{Call: call, Kind: core.EntryCallClosed, Record: &core.CallRecord{Call: call}}}}, noon)
		jobs.Worked(call, "lead", noon, noon, 1, false)
	}
	parts := map[trace.TraceID]int{}
	for _, s := range kept.GetSpans() {
		parts[s.SpanContext.TraceID()]++
	}
	assert.InDelta(t, calls/4, len(parts), calls/16)
	for id, n := range parts {
		assert.Equal(t, 2, n, id)
	}
}

func TestTheEnvironmentSaysWhetherAndWhere(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	off, err := FromEnvironment(t.Context(), "1", quiet)
	require.NoError(t, err)
	require.Nil(t, off, "by default")

	got := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.URL.Path + " " + r.Header.Get("X-Key") }))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "X-Key=abc")
	on, err := FromEnvironment(t.Context(), "1", quiet)
	require.NoError(t, err)
	rows, lines := told()
	on.Decided(rows, lines, noon)
	require.NoError(t, on.Close(context.WithoutCancel(t.Context())))
	require.Equal(t, "/v1/traces abc", <-got)

	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	_, err = FromEnvironment(t.Context(), "1", quiet)
	require.ErrorContains(t, err, "OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf")
	t.Setenv("OTEL_SDK_DISABLED", "true")
	off, err = FromEnvironment(t.Context(), "1", quiet)
	require.NoError(t, err)
	require.Nil(t, off)
	require.True(t, strings.HasPrefix(collector.URL, "http://127.0.0.1"))
}

func BenchmarkATurn(b *testing.B) {
	traces := New(sdk.WithBatcher(tracetest.NewNoopExporter()))
	rows, lines := told()
	b.ReportAllocs()
	for b.Loop() {
		traces.Decided(rows, lines[:2], noon)
	}
}
