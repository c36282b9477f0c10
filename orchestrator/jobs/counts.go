package jobs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-voice/tandem/models"
)

// counts is what a runner counts for Prometheus. What waits is not among it: that is in the database, whoever works on it.
type counts struct {
	results *prometheus.CounterVec   // by kind and result
	seconds *prometheus.HistogramVec // by kind
}

// How an attempt at a job ended.
const (
	resultDone    = "done"
	resultFailed  = "failed"   // and will be tried again
	resultGivenUp = "given_up" // for good: there is an alert
)

func newCounts() *counts {
	c := &counts{
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_jobs_total", Help: "Attempts at jobs, by kind and result: done, failed (and tried again later), given_up (for good).",
		}, []string{"kind", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tandem_job_seconds", Help: "Time of an attempt, by kind; jobs that are done together are one attempt.",
			Buckets: prometheus.ExponentialBuckets(0.002, 2.5, 14),
		}, []string{"kind"}),
	}
	for _, kind := range []string{models.JobArchive, models.JobDiscard, models.JobLead} {
		c.seconds.WithLabelValues(kind)
		for _, result := range []string{resultDone, resultFailed, resultGivenUp} {
			c.results.WithLabelValues(kind, result) // 0 until it happens
		}
	}
	return c
}

func (c *counts) attempt(kind string, took time.Duration) {
	c.seconds.WithLabelValues(kind).Observe(took.Seconds())
}

func (c *counts) ended(kind, result string, jobs int) {
	c.results.WithLabelValues(kind, result).Add(float64(jobs))
}

// Describe implements [prometheus.Collector].
func (r *Runner) Describe(out chan<- *prometheus.Desc) {
	r.counts.results.Describe(out)
	r.counts.seconds.Describe(out)
}

// Collect implements [prometheus.Collector].
func (r *Runner) Collect(out chan<- prometheus.Metric) {
	r.counts.results.Collect(out)
	r.counts.seconds.Collect(out)
}
