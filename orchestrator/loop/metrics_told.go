package loop

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// told counts what the timeline tells, entry by entry as it becomes durable: the rules count nothing for it. Every label is a word out of a short list; no call, number
// or agent is ever one. The counts begin at 0 with each process, as Prometheus expects of counters.
type told struct {
	arrived    prometheus.Counter
	ended      *prometheus.CounterVec   // by outcome
	waits      *prometheus.HistogramVec // by result
	talks      prometheus.Histogram
	wrapUps    prometheus.Histogram
	offers     prometheus.Counter
	offersOver *prometheus.CounterVec // by outcome
	aside      *prometheus.CounterVec // by cause
	recordings *prometheus.CounterVec // by result
	alerts     *prometheus.CounterVec // by reason
}

// Edges in seconds. Of waits they include the thresholds that service levels are agreed with.
var (
	waitEdges = []float64{1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800}
	talkEdges = []float64{5, 15, 30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600}
)

var (
	callOutcomes  = []core.CallOutcome{core.CallAnswered, core.CallAbandoned, core.CallUnanswered, core.CallRefused, core.CallLost}
	offerOutcomes = []core.OfferOutcome{
		core.OfferAnswered, core.OfferNoAnswer, core.OfferDeclined, core.OfferBusy, core.OfferUnreachable, core.OfferAbandoned, core.OfferLostRace,
		core.OfferWithdrawn, core.OfferFailed,
	}
	// asideCauses are the ends of an offer that take the agent out of distribution, until they or a supervisor say otherwise (Q4).
	asideCauses = []core.OfferOutcome{core.OfferNoAnswer, core.OfferDeclined, core.OfferUnreachable}
	waitResults = []string{"answered", "abandoned", "unanswered", "lost"}
	// recordingResults are those that are known beforehand.
	recordingResults = []string{"complete", "failed", "broke_off", "pause_unconfirmed", "late", "discarded"}
)

func newTold(m *metricMaker) *told {
	t := &told{
		arrived: m.counter("tandem_calls_arrived_total", "Calls that have arrived."),
		ended:   m.counters("tandem_calls_ended_total", "Calls that are over, by outcome.", "outcome"),
		waits: m.histograms("tandem_wait_seconds", "Stays in a queue, by how they ended: answered, abandoned (the caller gave up), unanswered (nobody came), lost (with the switch).",
			waitEdges, "result"),
		talks:      m.histogram("tandem_talk_seconds", "Time of an agent with a customer as the call's primary, hold included.", talkEdges),
		wrapUps:    m.histogram("tandem_wrap_up_seconds", "Time of a wrap-up.", talkEdges),
		offers:     m.counter("tandem_offers_total", "Offers made: a call rings at one agent."),
		offersOver: m.counters("tandem_offers_ended_total", "Offers that are over, by outcome.", "outcome"),
		aside:      m.counters("tandem_rona_total", "Agents who get no more calls because of how an offer ended, by cause: no_answer (RONA), declined, unreachable.", "cause"),
		recordings: m.counters("tandem_recordings_total", "Recordings that are over, by result: complete, or why not.", "result"),
		alerts:     m.counters("tandem_alerts_total", "Alerts to supervisors, by reason.", "reason"),
	}
	// What has not happened yet is 0 and not absent: a rate over its first time would miss it.
	for _, o := range callOutcomes {
		t.ended.WithLabelValues(string(o))
	}
	for _, o := range offerOutcomes {
		t.offersOver.WithLabelValues(string(o))
	}
	for _, o := range asideCauses {
		t.aside.WithLabelValues(string(o))
	}
	for _, r := range waitResults {
		t.waits.WithLabelValues(r)
	}
	for _, r := range recordingResults {
		t.recordings.WithLabelValues(r)
	}
	return t
}

// count counts entries that have become durable.
func (t *told) count(lines []journal.Timeline) {
	for i := range lines {
		t.entry(&lines[i].Entry)
	}
}

func (t *told) entry(e *core.Entry) {
	switch e.Kind {
	case core.EntryCallArrived:
		t.arrived.Inc()
	case core.EntryCallClosed:
		if e.Record != nil {
			t.ended.WithLabelValues(string(e.Record.Outcome)).Inc()
		}
	case core.EntryCallConnected:
		if e.Queue != "" && e.Reason != "direct" {
			t.waits.WithLabelValues("answered").Observe(e.Duration.Seconds())
		}
	case core.EntryCallLeftQueue:
		t.waits.WithLabelValues(e.Reason).Observe(e.Duration.Seconds())
	case core.EntryTalkEnded:
		t.talks.Observe(e.Duration.Seconds())
	case core.EntryWrapUpDone:
		t.wrapUps.Observe(e.Duration.Seconds())
	case core.EntryOfferMade:
		t.offers.Inc()
	case core.EntryOfferEnded:
		t.offersOver.WithLabelValues(e.Reason).Inc()
	case core.EntryAgentState:
		t.agentState(e)
	case core.EntryRecordingStopped:
		t.recordings.WithLabelValues(e.Reason).Inc()
	case core.EntryAlert:
		t.alerts.WithLabelValues(e.Reason).Inc()
	default: // tells nothing that is counted
	}
}

// agentState counts an agent whom the end of an offer has taken out of distribution.
func (t *told) agentState(e *core.Entry) {
	state, _, _ := strings.Cut(e.Reason, ":")
	if s := core.AgentState(state); s != core.RONA && s != core.Idle {
		return
	}
	for _, cause := range asideCauses {
		if e.Text == string(cause) {
			t.aside.WithLabelValues(e.Text).Inc()
		}
	}
}
