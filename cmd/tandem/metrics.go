package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
	"github.com/tandem-voice/tandem/orchestrator/lines"
	"github.com/tandem-voice/tandem/orchestrator/loop"
)

// metrics is all that a process shows to Prometheus; docs/metrics.md lists it.
type metrics struct {
	registry *prometheus.Registry
	shard    string
	loop     *loop.Metrics
	lost     *prometheus.CounterVec // connections to switches, by engine and reason
}

var losses = []engine.Loss{engine.LossGap, engine.LossSilent, engine.LossReplaced, engine.LossClosed, engine.LossRefused, engine.LossUnreachable}

// newMetrics makes those metrics that parts of the process count with.
func newMetrics(shard string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(), shard: shard, loop: loop.NewMetrics(shard),
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_switch_connections_lost_total",
			Help: "Connections to a switch that ended, or did not come about, by reason: gap (events came too fast, some are lost), silent, replaced, closed, refused, unreachable.",
		}, []string{"engine", "reason"}),
	}
	built := prometheus.NewGauge(prometheus.GaugeOpts{Name: "tandem_build_info", Help: "1, with the program's version.", ConstLabels: prometheus.Labels{"version": version()}})
	built.Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), built, m.loop, m.lost)
	return m
}

// follow adds the metrics that look at a running process when they are asked for.
func (m *metrics) follow(shard *loop.Loop, drivers []driver, phoneLines lineWriters, work *jobs.Runner, db *models.DB, log *slog.Logger) {
	m.registry.MustRegister(loop.NewGauges(shard), work, newBacklog(m.shard, db, log))
	for _, writer := range phoneLines.writers {
		m.registry.MustRegister(linesMetric(writer))
	}
	for _, d := range drivers {
		m.registry.MustRegister(upMetric(d, shard))
	}
}

// backlog shows what waits in the database, when it is asked for. Both questions look at what is open only, which an index finds.
type backlog struct {
	shard string
	db    *models.DB
	log   *slog.Logger

	jobs, overdue, oldest, timeline *prometheus.Desc
}

func newBacklog(shard string, db *models.DB, log *slog.Logger) *backlog {
	return &backlog{
		shard: shard, db: db, log: log,
		jobs:    prometheus.NewDesc("tandem_jobs_open", "Jobs that are not done yet, by kind and state: pending, running.", []string{"kind", "state"}, nil),
		overdue: prometheus.NewDesc("tandem_jobs_overdue_seconds", "For how long the job that has been due longest has been waiting for a worker; 0 = none is due.", nil, nil),
		oldest:  prometheus.NewDesc("tandem_jobs_oldest_seconds", "For how long the oldest job that is not done has been owed, by kind; 0 = there is none.", []string{"kind"}, nil),
		timeline: prometheus.NewDesc("tandem_projection_backlog_entries", "Entries of the timeline that have not been turned into call records and jobs yet; counted up to 10000.",
			nil, prometheus.Labels{"shard": shard}),
	}
}

// Describe implements [prometheus.Collector].
func (b *backlog) Describe(out chan<- *prometheus.Desc) {
	out <- b.jobs
	out <- b.overdue
	out <- b.oldest
	out <- b.timeline
}

// Collect implements [prometheus.Collector]. While the database is away it shows nothing.
func (b *backlog) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	now := time.Now()
	open, err := b.db.Jobs().Open(ctx)
	entries, behindErr := b.db.Unprojected(ctx, b.shard)
	if err = errors.Join(err, behindErr); err != nil {
		b.log.Warn("what waits in the database cannot be measured", "error", err)
		return
	}
	overdue, oldest := 0.0, map[string]float64{}
	for _, o := range open {
		oldest[o.Kind] = max(oldest[o.Kind], 0)
		if !o.Since.IsZero() {
			oldest[o.Kind] = max(oldest[o.Kind], now.Sub(o.Since).Seconds())
		}
		out <- prometheus.MustNewConstMetric(b.jobs, prometheus.GaugeValue, float64(o.Count), o.Kind, string(o.State))
		if o.State == models.JobPending {
			overdue = max(overdue, now.Sub(o.Due).Seconds())
		}
	}
	for kind, age := range oldest {
		out <- prometheus.MustNewConstMetric(b.oldest, prometheus.GaugeValue, age, kind)
	}
	out <- prometheus.MustNewConstMetric(b.overdue, prometheus.GaugeValue, overdue)
	out <- prometheus.MustNewConstMetric(b.timeline, prometheus.GaugeValue, float64(entries))
}

// upMetric tells whether a switch is connected, as the rules see it.
func upMetric(d driver, shard *loop.Loop) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tandem_switch_up", Help: "1 while the switch is connected.",
		ConstLabels: prometheus.Labels{"engine": string(d.ID()), "kind": d.Capabilities().Kind},
	}, func() float64 {
		if e, found := shard.View().Engine(d.ID()); found && e.Up {
			return 1
		}
		return 0
	})
}

// linesMetric tells whether a switch has the phones and trunks that it should have. Where they are somebody else's affair there is none.
func linesMetric(writer *lines.Writer) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tandem_lines_failed", Help: "1 while phones and trunks cannot be brought to the switch as they are set up; it keeps what it had.",
		ConstLabels: prometheus.Labels{"engine": string(writer.Engine())},
	}, func() float64 {
		if writer.Standing().State == lines.Failed {
			return 1
		}
		return 0
	})
}

// serveMetrics answers GET /metrics, and nothing else, on an address of its own, without a token: a Prometheus needs no way into the API, and who reaches the API
// reads no metrics. There are only counts in them. It returns when ctx ends.
func serveMetrics(ctx context.Context, listener net.Listener, registry *prometheus.Registry, log *slog.Logger) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		log.Error("metrics are shown no longer", "error", err)
	}
}

// listenForMetrics opens TANDEM_METRICS_LISTEN; nil where it is not set.
func (s settings) listenForMetrics(ctx context.Context) (net.Listener, error) {
	if s.MetricsListen == "" {
		return nil, nil //nolint:nilnil // no listener is what was asked for
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("listen on TANDEM_METRICS_LISTEN: %w", err)
	}
	return l, nil
}
