package loop

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Gauges shows how the shard is at the moment of a scrape. It is a [prometheus.Collector] that reads the published view: a scrape costs the loop nothing.
// While another process owns the shard it shows nothing, so that what several processes show may be added up.
type Gauges struct {
	loop *Loop

	calls, offers, agents, phonesDown       *prometheus.Desc
	queueWaiting, queueFree, queueOldestFor *prometheus.Desc
}

// mostQueues bounds the queues that have metrics of their own: those first in the order of their ids. The others are shown together as the queue "(other)".
const mostQueues = 200

const otherQueues = "(other)" // no id has brackets

var (
	callPhases  = []core.CallPhase{core.Routing, core.Waiting, core.Talking, core.PostCall, core.Outside, core.Closing, core.Ended}
	agentStates = []core.AgentState{core.Offline, core.Available, core.Idle, core.Reserved, core.Engaged, core.WrapUp, core.RONA}
)

// NewGauges makes the gauges of a loop's shard.
func NewGauges(l *Loop) *Gauges {
	labels := prometheus.Labels{"shard": l.cfg.Shard}
	desc := func(name, help string, by ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, by, labels)
	}
	return &Gauges{
		loop:           l,
		calls:          desc("tandem_calls", "Calls there are, by phase.", "phase"),
		offers:         desc("tandem_offers_ringing", "Offers that are open: a call rings at one agent."),
		agents:         desc("tandem_agents", "Agents, by state.", "state"),
		phonesDown:     desc("tandem_agents_unreachable", "Agents who are signed in, and whose phone the switch cannot reach."),
		queueWaiting:   desc("tandem_queue_waiting", "Calls in a queue, those that ring included.", "tenant", "queue"),
		queueFree:      desc("tandem_queue_free_agents", "Agents of a queue who could be offered a call now.", "tenant", "queue"),
		queueOldestFor: desc("tandem_queue_oldest_wait_seconds", "How long the first in line has been in the queue; 0 = nobody is.", "tenant", "queue"),
	}
}

// Describe implements [prometheus.Collector].
func (g *Gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.calls, g.offers, g.agents, g.phonesDown, g.queueWaiting, g.queueFree, g.queueOldestFor} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (g *Gauges) Collect(out chan<- prometheus.Metric) {
	if p := g.loop.Phase(); p != PhaseServing && p != PhaseDegraded {
		return
	}
	v := g.loop.View()
	show := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	g.showCalls(v, show)
	g.showAgents(v, show)
	g.showQueues(v, g.loop.cfg.Clock.Now(), show)
}

type show func(d *prometheus.Desc, value float64, labels ...string)

func (g *Gauges) showCalls(v *View, show show) {
	calls, offers := map[core.CallPhase]int{}, 0
	for c := range v.Calls() {
		calls[c.Phase]++
		offers += len(c.Offers)
	}
	for _, p := range callPhases {
		show(g.calls, float64(calls[p]), string(p))
	}
	show(g.offers, float64(offers))
}

func (g *Gauges) showAgents(v *View, show show) {
	agents, down := map[core.AgentState]int{}, 0
	for a := range v.Agents() {
		agents[a.State]++
		if a.PhoneDown && a.State != core.Offline {
			down++
		}
	}
	for _, s := range agentStates {
		show(g.agents, float64(agents[s]), string(s))
	}
	show(g.phonesDown, float64(down))
}

func (g *Gauges) showQueues(v *View, now time.Time, show show) {
	shown, others := 0, false
	var waiting, free int
	var oldest float64
	for q := range v.Queues() {
		wait := 0.0
		if c, ok := v.Call(q.Oldest); ok && !c.QueuedAt.IsZero() {
			wait = max(0, now.Sub(c.QueuedAt).Seconds())
		}
		if shown++; shown > mostQueues {
			others, waiting, free, oldest = true, waiting+q.Waiting, free+q.Free, max(oldest, wait)
			continue
		}
		show(g.queueWaiting, float64(q.Waiting), string(q.Tenant), string(q.ID))
		show(g.queueFree, float64(q.Free), string(q.Tenant), string(q.ID))
		show(g.queueOldestFor, wait, string(q.Tenant), string(q.ID))
	}
	if others {
		show(g.queueWaiting, float64(waiting), otherQueues, otherQueues)
		show(g.queueFree, float64(free), otherQueues, otherQueues)
		show(g.queueOldestFor, oldest, otherQueues, otherQueues)
	}
}
