package loop

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// deaf is an engine that accepts everything.
type deaf struct {
	sink  chan engine.Sink
	hangs chan struct{}
	told  atomic.Bool
}

func (d *deaf) ID() core.EngineID                 { return desk }
func (d *deaf) Capabilities() engine.Capabilities { return engine.Capabilities{} }

func (d *deaf) Run(ctx context.Context, sink engine.Sink) error {
	sink.Fact(core.EngineUp{Engine: desk})
	d.sink <- sink
	<-ctx.Done()
	return nil
}

func (d *deaf) Do(_ context.Context, e core.Effect) error {
	if _, ok := e.Do.(core.Answer); ok && d.told.Load() {
		d.hangs <- struct{}{}
	}
	return nil
}

func benchLoop(b *testing.B) (*Loop, *deaf, engine.Sink) {
	b.Helper()
	d := &deaf{sink: make(chan engine.Sink, 1), hangs: make(chan struct{}, 1)}
	l, err := New(Config{Shard: "s1", Owner: "bench", Store: &journal.Memory{}, Engines: []engine.Engine{d}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	if err := l.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Stop() })
	sink := <-d.sink
	if err := l.Config(context.Background(), site(10)); err != nil {
		b.Fatal(err)
	}
	return l, d, sink
}

// From a caller's arrival at the sink to the order to answer at the engine, one at a time: a whole turn and a lane.
func BenchmarkFactToEffect(b *testing.B) {
	_, d, sink := benchLoop(b)
	d.told.Store(true)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		leg := core.LegID("leg-" + strconv.Itoa(n))
		sink.Fact(core.LegAppeared{Engine: desk, Leg: leg, From: "+491701", To: line})
		<-d.hangs
		sink.Fact(core.LegHungUp{Leg: leg, Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}})
	}
}

// Whole calls (arrive, answer, hang up) as fast as they come: events per second through step, append, view and feed.
func BenchmarkEvents(b *testing.B) {
	l, _, sink := benchLoop(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		leg := core.LegID("leg-" + strconv.Itoa(n))
		sink.Fact(core.LegAppeared{Engine: desk, Leg: leg, From: "+491701", To: line})
		sink.Fact(core.LegAnswered{Leg: leg})
		sink.Fact(core.LegHungUp{Leg: leg, Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}})
	}
	_ = l.Query(context.Background(), func(*core.Shard) {}) // the last batch
	b.ReportMetric(3*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// An intent from the call of Do to its durable answer.
func BenchmarkIntent(b *testing.B) {
	l, _, _ := benchLoop(b)
	ctx := context.Background()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		in := core.SetAgentState{Command: core.Command{ID: core.CommandID(strconv.Itoa(n))}, Agent: "agent00", State: core.Available}
		if n%2 == 1 {
			in.State, in.Reason = core.Idle, "lunch"
		}
		if err := l.Do(ctx, in); err != nil {
			b.Fatal(err)
		}
	}
}

// What a reader pays.
func BenchmarkView(b *testing.B) {
	l, _, _ := benchLoop(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, ok := l.View().Agent("agent05"); !ok {
				b.Error("no agent")
			}
		}
	})
}
