//go:build unix

package core

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// The promise (docs/benchmarks.md): a step costs 2 µs or less, and from 100 agents to 10,000 and from 100 waiting calls to 100,000 it grows less than fourfold. A
// waiting call takes 4 kB or less.
//
//	go test -run '^$' -bench . -benchmem ./orchestrator/core

// site is a contact centre of a size: so many agents who are signed in and talking, so many callers who wait.
type site struct {
	s       *Shard
	now     time.Time
	arrived int
	waiting []LegID // in line, the oldest first
	talking []pair
	dialled []pair // by the last step
}

type pair struct{ customer, agent LegID }

// newSite fills a shard. The agents serve ten queues in equal parts; every agent is in two of them.
func newSite(agents, waiting int, strategy Strategy) *site {
	b := &site{s: New("bench", 1), now: dayOne}
	const queues = 10
	var c ConfigChanged
	c.Tenants = []Tenant{{ID: "acme"}}
	for q := range queues {
		id := strconv.Itoa(q)
		x := Queue{ID: QueueID("q" + id), Tenant: "acme", Strategy: strategy, MaxWait: time.Hour}
		for a := range agents {
			if a%queues == q || (a+1)%queues == q {
				x.Members = append(x.Members, Membership{Agent: AgentID("agent-" + strconv.Itoa(a)), Rank: (a + q) % 2})
			}
		}
		c.Queues = append(c.Queues, x)
		c.EntryPoints = append(c.EntryPoints, EntryPoint{ID: EntryPointID("e" + id), Tenant: "acme", Numbers: []string{"10" + id}, Queue: x.ID})
	}
	for a := range agents {
		id := strconv.Itoa(a)
		c.Agents = append(c.Agents, AgentSetup{ID: AgentID("agent-" + id), Tenant: "acme", Name: "Agent " + id, Phone: "phone-" + id})
	}
	b.step(c)
	b.step(EngineUp{Engine: "pbx"})
	for a := range agents {
		b.step(SetAgentState{Agent: AgentID("agent-" + strconv.Itoa(a)), State: Available})
	}
	for len(b.talking) < agents {
		b.arrive()
		if len(b.dialled) == 0 {
			break // the queues of those who are left have no caller yet
		}
		b.answer()
	}
	for len(b.waiting) < waiting {
		b.arrive()
		if len(b.dialled) > 0 {
			b.answer()
		}
	}
	return b
}

func (b *site) step(ev Event) {
	b.now = b.now.Add(time.Microsecond)
	out := b.s.Step(b.now, ev)
	b.dialled = b.dialled[:0]
	for i := range out.Effects {
		if d, ok := out.Effects[i].Do.(Dial); ok {
			b.dialled = append(b.dialled, pair{d.For, d.Leg})
		}
	}
	if b.s.Steps()%256 == 0 {
		b.s.TakeChanges() // as the loop does after each batch
	}
}

// lines are the numbers that callers dial, one for each queue.
var lines = [10]string{"100", "101", "102", "103", "104", "105", "106", "107", "108", "109"}

// appear lets a caller come in.
func (b *site) appear() LegID {
	b.arrived++
	n := strconv.Itoa(1_000_000 + b.arrived)
	leg := LegID("customer-" + n)
	b.step(LegAppeared{Engine: "pbx", Leg: leg, From: "+4930" + n, To: lines[b.arrived%len(lines)]})
	return leg
}

func (b *site) arrive() {
	b.waiting = append(b.waiting, b.appear())
}

// answer lets the phone that has just been dialled be answered: it is its call's caller who waits no longer.
func (b *site) answer() {
	p := b.dialled[0]
	b.step(LegAnswered{Leg: p.agent})
	b.talking = append(b.talking, p)
	for i := range b.waiting { // the oldest, or close to it
		if b.waiting[i] == p.customer {
			b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
			break
		}
	}
}

// cycle is the life of a conversation: a caller arrives at the end of the line; a conversation ends, which frees an agent, who is offered the next caller at once; that
// phone rings and is answered; the old phone's leg goes. Five events, one decision.
func (b *site) cycle(i int) {
	p := b.talking[i%len(b.talking)]
	b.appear()
	b.step(LegHungUp{Leg: p.customer, Cause: Cause{Code: CauseNormal, By: ByThem}})
	next := b.dialled[0]
	b.step(LegRinging{Leg: next.agent})
	b.step(LegAnswered{Leg: next.agent})
	b.step(LegHungUp{Leg: p.agent, Cause: Cause{Code: CauseNormal, By: ByUs}})
	b.talking[i%len(b.talking)] = next
}

const cycleSteps = 5

// BenchmarkStep measures one event of the cycle, at sizes of sites.
func BenchmarkStep(b *testing.B) {
	for _, agents := range []int{100, 1_000, 10_000} {
		for _, waiting := range []int{100, 10_000, 100_000} {
			b.Run(fmt.Sprintf("agents=%d/waiting=%d", agents, waiting), func(b *testing.B) {
				benchCycle(b, newSite(agents, waiting, LongestIdle))
			})
		}
	}
}

// BenchmarkStrategy measures the same with each strategy that rings one phone at a time.
func BenchmarkStrategy(b *testing.B) {
	for _, strategy := range Strategies() {
		if strategy == RingAll || strategy == ProgressiveRing {
			continue // a decision of these is many offers
		}
		b.Run(string(strategy), func(b *testing.B) { benchCycle(b, newSite(1_000, 10_000, strategy)) })
	}
}

// gcPercent is how "tandem serve" sets the collector.
const gcPercent = 400

func benchCycle(b *testing.B, x *site) {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	runtime.GC()
	b.ReportAllocs()
	i := 0
	start := processorTime(b)
	for b.Loop() {
		x.cycle(i)
		i++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cycleSteps, "ns/step")
	// What the machine's other work cannot distort: processor time, that of the garbage collector on the other cores included.
	b.ReportMetric(float64((processorTime(b)-start).Nanoseconds())/float64(b.N)/cycleSteps, "cpu-ns/step")
	if bad := sample(x.s); len(bad) > 0 {
		b.Fatal(bad)
	}
}

// processorTime is what the process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sample checks a shard that is small enough for it: Check compares every call with its line.
func sample(s *Shard) []string {
	if len(s.st.Calls) > 5_000 {
		return nil
	}
	return s.Check()
}

// BenchmarkFreedAgentWhoMayServeNobody is the worst case of a decision: every waiting call was transferred by this agent, who is free again.
func BenchmarkFreedAgentWhoMayServeNobody(b *testing.B) {
	x := newSite(10, 0, LongestIdle)
	for range 1000 {
		x.arrive()
	}
	ann := AgentID("agent-0")
	for _, id := range keys(x.s.st.Calls) {
		if c := x.s.st.Calls[id]; c.Phase == Waiting {
			c.Excluded = []AgentID{ann}
		}
	}
	a := x.s.st.Agents[ann]
	x.step(LegHungUp{Leg: x.s.st.Calls[a.Call].Customer, Cause: Cause{Code: CauseNormal, By: ByThem}})
	for b.Loop() {
		x.step(SetAgentState{Agent: ann, State: Idle})
		x.step(SetAgentState{Agent: ann, State: Available})
	}
}

// BenchmarkRingAll measures a call that rings a hundred phones, one of which answers.
func BenchmarkRingAll(b *testing.B) {
	s := New("bench", 1)
	setup := ConfigChanged{EntryPoints: []EntryPoint{{ID: "e", Numbers: []string{"100"}}}}
	for i := range MaxRingAll {
		id := AgentID("agent-" + strconv.Itoa(i))
		setup.Agents = append(setup.Agents, AgentSetup{ID: id, Phone: string(id)})
		setup.EntryPoints[0].Users = append(setup.EntryPoints[0].Users, id)
	}
	now := dayOne
	s.Step(now, setup)
	s.Step(now, EngineUp{Engine: "pbx"})
	for _, a := range setup.Agents {
		s.Step(now, SetAgentState{Agent: a.ID, State: Available})
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		now = now.Add(time.Microsecond)
		leg := LegID("customer-" + strconv.Itoa(n))
		out := s.Step(now, LegAppeared{Engine: "pbx", Leg: leg, From: "+4930", To: "100"})
		var legs []LegID
		for _, e := range out.Effects {
			if d, ok := e.Do.(Dial); ok {
				legs = append(legs, d.Leg)
			}
		}
		if len(legs) != MaxRingAll {
			b.Fatalf("%d phones ring", len(legs))
		}
		s.Step(now, LegAnswered{Leg: legs[n%MaxRingAll]})
		s.Step(now, LegHungUp{Leg: leg, Cause: Cause{Code: CauseNormal, By: ByThem}})
		for _, l := range legs {
			s.Step(now, LegHungUp{Leg: l, Cause: Cause{Code: CauseCancelled, By: ByUs}})
		}
		s.TakeChanges()
	}
}

// BenchmarkSnapshot measures what a snapshot costs the loop, which stands still for it.
func BenchmarkSnapshot(b *testing.B) {
	x := newSite(1_000, 10_000, LongestIdle)
	var size int
	b.Run("marshal", func(b *testing.B) {
		for b.Loop() {
			body, err := x.s.Marshal()
			if err != nil {
				b.Fatal(err)
			}
			size = len(body)
		}
		b.ReportMetric(float64(size), "bytes")
	})
	body, err := x.s.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			if _, err := Restore(body); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkExplain measures the answer to a question about one call, in a queue of 200.
func BenchmarkExplain(b *testing.B) {
	x := newSite(1_000, 10_000, LongestIdle)
	id := x.s.st.Legs[x.waiting[0]].Call
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := x.s.Explain(x.now, id); !ok {
			b.Fatal("there is no such call")
		}
	}
}

// TestBytesPerWaitingCall holds the promise of 4 kB, with all that a call has in state and index.
func TestBytesPerWaitingCall(t *testing.T) {
	const n = 20_000
	x := newSite(10, 0, LongestIdle)
	measure := func() uint64 {
		x.s.TakeChanges()
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := measure()
	for range n {
		x.arrive()
	}
	after := measure()
	if got := len(x.s.st.Calls); got < n {
		t.Fatalf("%d calls wait", got)
	}
	each := (after - before) / n
	t.Logf("%d bytes per waiting call", each)
	if each > 4096 {
		t.Errorf("a waiting call takes %d bytes, more than 4 kB", each)
	}
	runtime.KeepAlive(x)
}
