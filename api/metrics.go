package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what goes through the API (S5).
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	streams  prometheus.Gauge
	cutOff   prometheus.Counter
	signIns  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_http_requests_total", Help: "Requests by operation and status.",
		}, []string{"operation", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tandem_http_request_seconds", Help: "Time to answer, by operation. Event streams are not in it.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"operation"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tandem_http_event_streams", Help: "Event streams that are open.",
		}),
		cutOff: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tandem_http_event_streams_cut_off_total", Help: "Event streams that were ended because the reader fell behind.",
		}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_http_sign_ins_total", Help: "Tries to sign in: ok, failed (wrong name or password), slowed (refused, because of failures before).",
		}, []string{"result"}),
	}
	for _, result := range []string{"ok", "failed", "slowed"} {
		m.signIns.WithLabelValues(result) // 0 until it happens
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.streams, m.cutOff, m.signIns} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) observe(op string, status int, took time.Duration) {
	m.requests.WithLabelValues(op, strconv.Itoa(status)).Inc()
	if op != "events" {
		m.seconds.WithLabelValues(op).Observe(took.Seconds())
	}
}
