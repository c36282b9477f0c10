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
	inboxDepth    *prometheus.GaugeVec   // by queue
	intents       *prometheus.CounterVec // by kind and result
	laneEffects   *prometheus.GaugeVec   // by engine
	effects       *prometheus.CounterVec // by action and result
	effectSeconds prometheus.Histogram
	storeFailures *prometheus.CounterVec // by operation
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

	collectors []prometheus.Collector
}

// NewMetrics makes the metrics of a shard; each carries its name as the label "shard".
func NewMetrics(shard string) *Metrics {
	labels := prometheus.Labels{"shard": shard}
	m := &Metrics{
		repairs: prometheus.NewDesc("tandem_repairs_total", "What reconciliation had to mend since the shard was made, by reason.", []string{"reason"}, labels),
		odd:     prometheus.NewDesc("tandem_odd_facts_total", "Impossible facts since the shard was made, by reason.", []string{"reason"}, labels),
	}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels})
		m.collectors = append(m.collectors, c)
		return c
	}
	counters := func(name, help string, by ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, by)
		m.collectors = append(m.collectors, c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels})
		m.collectors = append(m.collectors, g)
		return g
	}
	gauges := func(name, help string, by ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, by)
		m.collectors = append(m.collectors, g)
		return g
	}
	seconds := func(name, help string, from float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name, Help: help, ConstLabels: labels, Buckets: prometheus.ExponentialBuckets(from, 2.5, 12),
		})
		m.collectors = append(m.collectors, h)
		return h
	}
	m.events = counters("tandem_events_total", "Events stepped and made durable, by kind.", "kind")
	m.stepSeconds = seconds("tandem_step_seconds", "Time of the rules for one event.", 250e-9)
	m.appendSeconds = seconds("tandem_append_seconds", "Time until a batch was durable, repetitions included.", 10e-6)
	m.turnSeconds = seconds("tandem_turn_seconds", "Time of one turn, from its first event taken to its effects handed over.", 10e-6)
	m.batchEvents = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tandem_batch_events", Help: "Events of one turn.", ConstLabels: labels, Buckets: prometheus.ExponentialBuckets(1, 2, 10),
	})
	m.inboxDepth = gauges("tandem_inbox_depth", "What waits in the inbox at the beginning of a turn, by queue.", "queue")
	m.intents = counters("tandem_intents_total", "Intents answered, by kind and result: accepted, a refusal code, busy, quarantined, stopped, abandoned.", "kind", "result")
	m.laneEffects = gauges("tandem_lane_effects", "Effects handed over and not yet carried out, by engine.", "engine")
	m.effects = counters("tandem_effects_total", "Effects carried out, by action and result: ok, or why it was refused.", "action", "result")
	m.effectSeconds = seconds("tandem_effect_seconds", "Time until a switch accepted or refused an effect.", 100e-6)
	m.storeFailures = counters("tandem_store_failures_total", "Failed calls of the journal that were repeated, by operation.", "operation")
	m.renewFailures = counter("tandem_lease_renew_failures_total", "Renewals of the lease that failed and were repeated.")
	m.owned = gauge("tandem_shard_owned", "1 while this process owns the shard.")
	m.degraded = gauge("tandem_shard_degraded", "1 while the journal cannot be written and effects are held back.")
	m.fenced = counter("tandem_shard_fenced_total", "How often another owner took over.")
	m.quarantined = counters("tandem_quarantined_total", "Events that made the rules panic, by kind. Each wants a developer.", "kind")
	m.setAside = counters("tandem_set_aside_total", "Events not given to the rules because their like kept panicking, by kind.", "kind")
	m.stuckTicks = counter("tandem_stuck_ticks_total", "Ticks that left a deadline in the past: a fault of the rules.")
	m.snapshots = counters("tandem_snapshots_total", "Snapshots, by result.", "result")
	m.snapshotTime = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "tandem_snapshot_seconds", Help: "Time of a snapshot, by part: marshal holds the loop up, save does not.",
		ConstLabels: labels, Buckets: prometheus.ExponentialBuckets(100e-6, 2.5, 12),
	}, []string{"part"})
	m.snapshotBytes = gauge("tandem_snapshot_bytes", "Size of the newest snapshot.")
	m.recovery = gauge("tandem_recovery_seconds", "Time of the last recovery.")
	m.replayed = gauge("tandem_recovery_events", "Events replayed by the last recovery.")
	m.position = gauge("tandem_position", "Position in the log.")
	m.collectors = append(m.collectors, m.batchEvents, m.snapshotTime)
	return m
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
