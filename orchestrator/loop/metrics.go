package loop

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what one loop does. It is a [prometheus.Collector]: register it where metrics are shown.
type Metrics struct {
	events        *prometheus.CounterVec // by kind
	stepSeconds   prometheus.Histogram
	appendSeconds prometheus.Histogram
	turnSeconds   prometheus.Histogram
	batchEvents   prometheus.Histogram
	inboxDepth    *prometheus.GaugeVec     // by queue
	intents       *prometheus.CounterVec   // by kind and result
	laneEffects   *prometheus.GaugeVec     // by engine
	effects       *prometheus.CounterVec   // by engine, action and result
	effectSeconds *prometheus.HistogramVec // by engine
	storeFailures *prometheus.CounterVec   // by operation
	renewFailures prometheus.Counter
	owned         prometheus.Gauge
	degraded      prometheus.Gauge
	fenced        prometheus.Counter
	quarantined   *prometheus.CounterVec // by kind
	setAside      *prometheus.CounterVec // by kind
	stuckTicks    prometheus.Counter
	snapshots     *prometheus.CounterVec // by result
	snapshotTime  *prometheus.HistogramVec
	snapshotBytes prometheus.Gauge
	recovery      prometheus.Gauge
	replayed      prometheus.Gauge
	position      prometheus.Gauge

	repairs     *prometheus.Desc
	odd         *prometheus.Desc
	repairsSeen atomic.Pointer[map[string]uint64]
	oddSeen     atomic.Pointer[map[string]uint64]

	told *told

	collectors []prometheus.Collector
}

// NewMetrics makes the metrics of a shard; each carries its name as the label "shard".
func NewMetrics(shard string) *Metrics {
	labels := prometheus.Labels{"shard": shard}
	m := &Metrics{
		repairs: prometheus.NewDesc("tandem_repairs_total", "What reconciliation had to mend since the shard was made, by reason.", []string{"reason"}, labels),
		odd:     prometheus.NewDesc("tandem_odd_facts_total", "Impossible facts since the shard was made, by reason.", []string{"reason"}, labels),
	}
	maker := &metricMaker{labels: labels, all: &m.collectors}
	m.events = maker.counters("tandem_events_total", "Events stepped and made durable, by kind.", "kind")
	m.stepSeconds = maker.seconds("tandem_step_seconds", "Time of the rules for one event.", 250e-9)
	m.appendSeconds = maker.seconds("tandem_append_seconds", "Time until a batch was durable, repetitions included.", 10e-6)
	m.turnSeconds = maker.seconds("tandem_turn_seconds", "Time of one turn, from its first event taken to its end: decided, durable, handed over, shown and answered.", 10e-6)
	m.batchEvents = maker.histogram("tandem_batch_events", "Events of one turn.", prometheus.ExponentialBuckets(1, 2, 10))
	m.inboxDepth = maker.gauges("tandem_inbox_depth", "What waits in the inbox at the beginning of a turn, by queue.", "queue")
	m.intents = maker.counters("tandem_intents_total", "Intents answered, by kind and result: accepted, a refusal code, busy, quarantined, stopped, abandoned.", "kind", "result")
	m.laneEffects = maker.gauges("tandem_lane_effects", "Effects handed over and not yet carried out, by engine.", "engine")
	m.effects = maker.counters("tandem_effects_total", "Effects carried out, by engine, action and result: ok, or why it was refused.", "engine", "action", "result")
	m.effectSeconds = maker.histograms("tandem_effect_seconds", "Time until a switch accepted or refused an effect, by engine.", prometheus.ExponentialBuckets(100e-6, 2.5, 12), "engine")
	m.storeFailures = maker.counters("tandem_store_failures_total", "Failed calls of the journal that were repeated, by operation.", "operation")
	m.renewFailures = maker.counter("tandem_lease_renew_failures_total", "Renewals of the lease that failed and were repeated.")
	m.owned = maker.gauge("tandem_shard_owned", "1 while this process owns the shard.")
	m.degraded = maker.gauge("tandem_shard_degraded", "1 while the journal cannot be written and effects are held back.")
	m.fenced = maker.counter("tandem_shard_fenced_total", "How often another owner took over.")
	m.quarantined = maker.counters("tandem_quarantined_total", "Events that made the rules panic, by kind. Each wants a developer.", "kind")
	m.setAside = maker.counters("tandem_set_aside_total", "Events not given to the rules because their like kept panicking, by kind.", "kind")
	m.stuckTicks = maker.counter("tandem_stuck_ticks_total", "Ticks that left a deadline in the past: a fault of the rules.")
	m.snapshots = maker.counters("tandem_snapshots_total", "Snapshots, by result.", "result")
	m.snapshotTime = maker.histograms("tandem_snapshot_seconds", "Time of a snapshot, by part: marshal holds the loop up, save does not.",
		prometheus.ExponentialBuckets(100e-6, 2.5, 12), "part")
	m.snapshotBytes = maker.gauge("tandem_snapshot_bytes", "Size of the newest snapshot.")
	m.recovery = maker.gauge("tandem_recovery_seconds", "Time of the last recovery.")
	m.replayed = maker.gauge("tandem_recovery_events", "Events replayed by the last recovery.")
	m.position = maker.gauge("tandem_position", "Position in the log.")
	m.told = newTold(maker)
	return m
}

// metricMaker makes metrics with the labels of one shard and keeps them together.
type metricMaker struct {
	labels prometheus.Labels
	all    *[]prometheus.Collector
}

func (m *metricMaker) counter(name, help string) prometheus.Counter {
	return kept(m, prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: m.labels}))
}

func (m *metricMaker) counters(name, help string, by ...string) *prometheus.CounterVec {
	return kept(m, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: m.labels}, by))
}

func (m *metricMaker) gauge(name, help string) prometheus.Gauge {
	return kept(m, prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: m.labels}))
}

func (m *metricMaker) gauges(name, help string, by ...string) *prometheus.GaugeVec {
	return kept(m, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: m.labels}, by))
}

func (m *metricMaker) histogram(name, help string, edges []float64) prometheus.Histogram {
	return kept(m, prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, ConstLabels: m.labels, Buckets: edges}))
}

func (m *metricMaker) histograms(name, help string, edges []float64, by ...string) *prometheus.HistogramVec {
	return kept(m, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, ConstLabels: m.labels, Buckets: edges}, by))
}

// seconds makes a histogram of times of our own, which spread over some powers of ten.
func (m *metricMaker) seconds(name, help string, from float64) prometheus.Histogram {
	return m.histogram(name, help, prometheus.ExponentialBuckets(from, 2.5, 12))
}

func kept[C prometheus.Collector](m *metricMaker, c C) C {
	*m.all = append(*m.all, c)
	return c
}

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, c := range m.collectors {
		c.Describe(out)
	}
	out <- m.repairs
	out <- m.odd
}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	for _, c := range m.collectors {
		c.Collect(out)
	}
	collectReasons(out, m.repairs, m.repairsSeen.Load())
	collectReasons(out, m.odd, m.oddSeen.Load())
}

func collectReasons(out chan<- prometheus.Metric, desc *prometheus.Desc, counts *map[string]uint64) {
	if counts == nil {
		return
	}
	for reason, n := range *counts {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), reason)
	}
}

// seen takes the rules' own counts over. The rules go on with their maps, so these are copies, made only when something has been
// counted since.
func (m *Metrics) seen(r rules) {
	keepCounts(&m.repairsSeen, r.Repairs())
	keepCounts(&m.oddSeen, r.Odd())
}

func keepCounts(kept *atomic.Pointer[map[string]uint64], now map[string]uint64) {
	if old := kept.Load(); old != nil && total(*old) == total(now) || old == nil && len(now) == 0 {
		return
	}
	own := make(map[string]uint64, len(now))
	for reason, n := range now {
		own[reason] = n
	}
	kept.Store(&own)
}

func total(counts map[string]uint64) (sum uint64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
