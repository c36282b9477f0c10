// Package traces shows each call as a trace of OpenTelemetry: from its arrival at the switch to the end of the wrap-up, with the rules' decisions, the orders to
// the switch and the jobs that follow.
//
// The rules know nothing of it. Spans are a projection of what has become durable: most entries of the timeline that end something say how long it has lasted, so that its span
// is written there and then, and nothing is kept in between. Ids are computed from the call's id. So the parts
// fit together whoever writes them and whenever, over restarts and processes: a job needs no context but the id of its call, which is in its row.
//
// No personal data is in a span: no number, name, agent or text, only ids of calls, legs, queues, tenants and switches, and words out of short lists.
package traces

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Traces writes spans. Its methods never wait: where spans come faster than they are sent, the newest are dropped.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// New writes to the processors and exporters that the options name. Close it.
func New(opts ...sdk.TracerProviderOption) *Traces {
	p := sdk.NewTracerProvider(append(opts, sdk.WithIDGenerator(ids{}))...)
	return &Traces{provider: p, tracer: p.Tracer("github.com/tandem-voice/tandem")}
}

// Close sends what has not been sent, until ctx ends.
func (t *Traces) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Decided shows what a turn of the loop has decided and made durable: one span for each event of a call, from its arrival to the moment durable, and what the timeline says of
// things that ended.
func (t *Traces) Decided(rows []journal.Row, timeline []journal.Timeline, durable time.Time) {
	for _, r := range rows {
		if r.Call != "" {
			t.span(r.Call, "decide "+r.Kind, r.At, durable, attribute.Int64("tandem.seq", int64(r.Seq)))
		}
	}
	for i := range timeline {
		t.entry(&timeline[i].Entry)
	}
}

// Ordered shows an order to a switch, from when it was sent until the switch accepted or refused it.
func (t *Traces) Ordered(e core.Effect, begun, ended time.Time, refused core.Why) {
	if e.Call == "" {
		return
	}
	t.write(part{call: e.Call, name: "order " + e.Do.Name(), from: begun, to: ended, kind: trace.SpanKindClient, failed: string(refused)},
		attribute.String("tandem.engine", string(e.Engine)), attribute.String("tandem.lane", e.Lane))
}

// Worked shows an attempt at a job of a call.
func (t *Traces) Worked(call core.CallID, kind string, begun, ended time.Time, attempt int, failed bool) {
	p := part{call: call, name: "job " + kind, from: begun, to: ended, kind: trace.SpanKindConsumer}
	if failed {
		p.failed = "failed" // the cause may quote a number; it is in the log
	}
	t.write(p, attribute.Int("tandem.attempt", attempt))
}

// ends names the spans of what has lasted until an entry.
var ends = map[core.EntryKind]string{
	core.EntryCallConnected:    "wait",
	core.EntryCallLeftQueue:    "wait",
	core.EntryOfferEnded:       "offer",
	core.EntryCallResumed:      "hold",
	core.EntryConsultEnded:     "consult",
	core.EntryTalkEnded:        "talk",
	core.EntryWrapUpDone:       "wrap-up",
	core.EntryRecordingStopped: "recording",
}

// moments are worth a span that has no length.
var moments = map[core.EntryKind]bool{
	core.EntryCallArrived: true, core.EntryCallQueued: true, core.EntryCallTransferred: true, core.EntryTransferFailed: true, core.EntryRecordingPaused: true,
	core.EntryRecordingDiscarded: true,
	core.EntryRepair:             true,
}

func (t *Traces) entry(e *core.Entry) {
	switch name, ended := ends[e.Kind]; {
	case e.Call == "":
	case e.Kind == core.EntryCallClosed && e.Record != nil:
		t.root(e.Record)
	case ended:
		t.span(e.Call, name, e.At.Add(-e.Duration), e.At, about(e)...)
	case moments[e.Kind]:
		t.span(e.Call, string(e.Kind), e.At, e.At, about(e)...)
	}
}

// worded are the kinds of entries whose reason is a word out of a short list. Of others it may be an agent's own, or a name.
func worded(k core.EntryKind) bool {
	switch k {
	case core.EntryCallQueued, core.EntryCallLeftQueue, core.EntryOfferEnded, core.EntryCallConnected, core.EntryTransferFailed, core.EntryCallTransferred, core.EntryConsultEnded,
		core.EntryTalkEnded, core.EntryRecordingStopped, core.EntryRepair:
		return true
	default:
		return false
	}
}

func about(e *core.Entry) []attribute.KeyValue {
	var out []attribute.KeyValue
	add := func(name, value string) {
		if value != "" {
			out = append(out, attribute.String("tandem."+name, value))
		}
	}
	add("queue", string(e.Queue))
	add("leg", string(e.Leg))
	add("recording", string(e.Recording))
	if worded(e.Kind) {
		add("reason", e.Reason)
	}
	if e.Cause != nil {
		out = append(out, attribute.String("tandem.cause", string(e.Cause.Code)), attribute.String("tandem.cause_by", string(e.Cause.By)))
	}
	return out
}

// root is the span of the whole call. It is written last; the others have named it as their parent all along.
func (t *Traces) root(r *core.CallRecord) {
	ctx := context.WithValue(context.Background(), wanted{}, wantedIDs{traceOf(r.Call), rootOf(r.Call)})
	_, s := t.tracer.Start(ctx, "call", trace.WithNewRoot(), trace.WithTimestamp(r.ArrivedAt), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("tandem.call", string(r.Call)), attribute.String("tandem.tenant", string(r.Tenant)), attribute.String("tandem.queue", string(r.Queue)),
		attribute.String("tandem.engine", string(r.Engine)), attribute.String("tandem.outcome", string(r.Outcome)), attribute.String("tandem.cause", string(r.Cause.Code)),
		attribute.Int("tandem.offers", r.Offers), attribute.Int("tandem.misses", r.Misses)))
	if r.Outcome == core.CallLost {
		s.SetStatus(codes.Error, "lost with its switch")
	}
	s.End(trace.WithTimestamp(r.EndedAt))
}

func (t *Traces) span(call core.CallID, name string, from, to time.Time, attributes ...attribute.KeyValue) {
	t.write(part{call: call, name: name, from: from, to: to, kind: trace.SpanKindInternal}, attributes...)
}

// part is a span beneath a call's root.
type part struct {
	call     core.CallID
	name     string
	from, to time.Time
	kind     trace.SpanKind
	failed   string // why; "" = it has not
}

func (t *Traces) write(p part, attributes ...attribute.KeyValue) {
	_, s := t.tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), Context(p.call)), p.name, trace.WithTimestamp(p.from), trace.WithSpanKind(p.kind),
		trace.WithAttributes(append(attributes, attribute.String("tandem.call", string(p.call)))...))
	if p.failed != "" {
		s.SetStatus(codes.Error, p.failed)
	}
	s.End(trace.WithTimestamp(p.to))
}

// Context is that of a call's root span: whoever knows the call can add to its trace.
func Context(call core.CallID) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceOf(call), SpanID: rootOf(call), TraceFlags: trace.FlagsSampled, Remote: true})
}

// traceOf is the id of a call's trace: a hash, because samplers take its bits for random, and in a call's own id some stand still.
func traceOf(call core.CallID) trace.TraceID {
	sum := sha256.Sum256([]byte("trace of " + string(call)))
	return trace.TraceID(sum[:16])
}

func rootOf(call core.CallID) trace.SpanID {
	sum := sha256.Sum256([]byte("root of " + string(call)))
	return trace.SpanID(sum[:8])
}

// ids gives those that the context wants, and random ones to all other spans.
type ids struct{}

type wanted struct{}

type wantedIDs struct {
	trace trace.TraceID
	span  trace.SpanID
}

// NewIDs implements [sdk.IDGenerator]: of a root.
func (g ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if w, ok := ctx.Value(wanted{}).(wantedIDs); ok {
		return w.trace, w.span
	}
	var id trace.TraceID
	_, _ = rand.Read(id[:]) // never fails
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements [sdk.IDGenerator].
func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	for binary.BigEndian.Uint64(id[:]) == 0 {
		_, _ = rand.Read(id[:]) // never fails
	}
	return id
}
