package core

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestSortedAgainstASlice does to a sorted set and to a plain slice the same things, many of them, and wants the same answers.
func TestSortedAgainstASlice(t *testing.T) {
	t.Parallel()
	for _, span := range []int{3, 40, 2000, 100_000} {
		rnd := rand.New(rand.NewPCG(1, uint64(span)))
		set := sorted[int]{cmp: cmp.Compare[int]}
		var plain []int
		for range 6000 {
			k := rnd.IntN(span)
			at, found := slices.BinarySearch(plain, k)
			if rnd.IntN(5) < 3 {
				set.insert(k)
				if !found {
					plain = slices.Insert(plain, at, k)
				}
			} else {
				set.remove(k)
				if found {
					plain = slices.Delete(plain, at, at+1)
				}
			}
			if set.n != len(plain) {
				t.Fatalf("span %d: the set counts %d, there are %d", span, set.n, len(plain))
			}
			probe := rnd.IntN(span)
			want, _ := slices.BinarySearch(plain, probe)
			if got := set.rank(probe); got != want {
				t.Fatalf("span %d: rank of %d is %d, want %d", span, probe, got, want)
			}
			first, ok := set.first()
			if ok != (len(plain) > 0) || ok && first != plain[0] {
				t.Fatalf("span %d: first is %d, %v", span, first, ok)
			}
		}
		if got := slices.Collect(set.all); !slices.Equal(got, plain) {
			t.Fatalf("span %d: the sets differ", span)
		}
		for _, b := range set.blocks {
			if len(b) == 0 || len(b) > sortedBlock {
				t.Fatalf("span %d: a block of %d", span, len(b))
			}
		}
		for range set.all {
			break // a reader may stop early
		}
	}
}

// TestSortedInOrderAndBack fills a set at its end, as a waiting line is, and empties it from its front.
func TestSortedInOrderAndBack(t *testing.T) {
	t.Parallel()
	const n = 5000
	set := sorted[int]{cmp: cmp.Compare[int]}
	for i := range n {
		set.insert(i)
		set.insert(i) // twice is once
		if r := set.rank(i); r != i {
			t.Fatalf("rank of %d is %d", i, r)
		}
	}
	for i := range n {
		if k, ok := set.first(); !ok || k != i {
			t.Fatalf("first is %d, want %d", k, i)
		}
		set.remove(i)
		set.remove(i)
	}
	if _, ok := set.first(); ok || set.n != 0 || len(set.blocks) != 0 {
		t.Fatalf("%d keys in %d blocks are left", set.n, len(set.blocks))
	}
}

// TestTimersAgainstASlice moves, sets and clears many timers, and wants the earliest of a naive search each time.
func TestTimersAgainstASlice(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(2, 2))
	all := make([]timer, 200)
	var heap timerHeap
	for step := range 20_000 {
		i := rnd.IntN(len(all))
		at := instant(1 + rnd.IntN(50)) // many are equal
		if rnd.IntN(4) == 0 {
			at = 0
		}
		kind := []byte("acl")[i%3]
		heap.set(&all[i], kind, strconv.Itoa(i), at)

		var want *timer
		n := 0
		for j := range all {
			x := &all[j]
			if x.pos == 0 {
				continue
			}
			n++
			if heap[x.pos-1].timer != x {
				t.Fatalf("step %d: timer %s is not where it says", step, x.id)
			}
			if want == nil || cmp.Or(cmp.Compare(heap[x.pos-1].at, heap[want.pos-1].at), cmp.Compare(x.kind, want.kind), cmp.Compare(x.id, want.id)) < 0 {
				want = x
			}
		}
		if len(heap) != n || n > 0 && heap[0].timer != want {
			t.Fatalf("step %d: %d timers, %d in the heap; the earliest is wrong", step, n, len(heap))
		}
	}
}

func TestEarliest(t *testing.T) {
	t.Parallel()
	const a, b = instant(1), instant(2)
	for _, c := range []struct {
		of   []instant
		want instant
	}{
		{nil, 0}, {[]instant{0}, 0}, {[]instant{0, b, 0, a}, a}, {[]instant{b, 0}, b},
	} {
		if got := earliest(c.of...); got != c.want {
			t.Errorf("earliest(%v) = %v", c.of, got)
		}
	}
}

// TestIDs: what the core makes is of one length, lower case, and never the same for two shards (Asterisk compares channel ids by case-insensitive prefix).
func TestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range []*Shard{New("a", 1), New("b", 2)} {
		for range 5000 {
			id := s.newID()
			if len(id) != 36 || id[14] != '8' || seen[id] {
				t.Fatalf("id %q", id)
			}
			seen[id] = true
		}
	}
}

// TestLatestCommandsAreRemembered: ten thousand command ids at least are known as done, before and after a restore.
func TestLatestCommandsAreRemembered(t *testing.T) {
	t.Parallel()
	s := New("test", 1)
	s.Step(dayOne, ConfigChanged{Agents: []AgentSetup{{ID: "ann", Phone: "201"}}})
	id := func(i int) CommandID { return CommandID("command-" + strconv.Itoa(i)) }
	const n = rememberedCommands * 5 / 2
	for i := range n {
		s.Step(dayOne, SetAgentState{Command: Command{ID: id(i)}, Agent: "ann", State: Idle})
	}
	s.TakeChanges()
	for _, x := range []*Shard{s, restored(t, marshalled(t, s))} {
		if x.Done("") || x.Done("never") || x.Done(id(0)) {
			t.Error("a command is done that is not, or was forgotten")
		}
		for i := n - rememberedCommands; i < n; i++ {
			if !x.Done(id(i)) {
				t.Fatalf("command %d of %d is not remembered", i, n)
			}
		}
		if len(x.st.Commands) > rememberedCommands*11/10 || len(x.ix.commands) != len(x.st.Commands) {
			t.Errorf("%d commands in the state, %d in the index", len(x.st.Commands), len(x.ix.commands))
		}
	}
}

// TestCallersAreRememberedInBounds: who served whom is kept for the latest ten thousand and a tenth, the same after a restore (Q7).
func TestCallersAreRememberedInBounds(t *testing.T) {
	t.Parallel()
	s := New("test", 1)
	q := &queue{Queue: Queue{ID: "q", Sticky: time.Second}}
	a := &agent{AgentSetup: AgentSetup{ID: "ann"}}
	const n = rememberedCallers * 5 / 2
	for i := range n {
		s.remember(&call{From: strconv.Itoa(i), Queue: "q", queue: q}, a)
	}
	if l := len(s.st.Affinity); l < rememberedCallers || l > rememberedCallers*11/10 || l != len(s.ix.affinity) {
		t.Errorf("%d callers in the state, %d in the index", l, len(s.ix.affinity))
	}
	if s.ix.affinity[affinityKey{"", strconv.Itoa(n - 1)}] != "ann" || s.ix.affinity[affinityKey{"", "0"}] != "" {
		t.Error("the latest are not those that are remembered")
	}
}

// TestTimeNeverGoesBack: an earlier now counts as the latest seen, and times are whole microseconds in UTC.
func TestTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	s := New("test", 1)
	late := dayOne.Add(time.Hour + 1500*time.Nanosecond)
	s.Step(late.In(time.FixedZone("east", 7200)), EngineUp{Engine: "pbx"})
	out := s.Step(dayOne, EngineDown{Engine: "pbx"})
	if want := dayOne.Add(time.Hour + time.Microsecond); !out.Entries[0].At.Equal(want) || out.Entries[0].At.Location() != time.UTC {
		t.Errorf("told at %v, want %v", out.Entries[0].At, want)
	}
	if _, ok := s.Due(); ok {
		t.Error("a shard with nothing going on has a deadline")
	}
}

// TestChangesNameEachOnce: what is published is named once, in order of first touch.
func TestChangesNameEachOnce(t *testing.T) {
	t.Parallel()
	s := New("test", 1)
	s.Step(dayOne, ConfigChanged{
		Agents: []AgentSetup{{ID: "ann", Phone: "201"}}, Queues: []Queue{{ID: "q", Members: []Membership{{Agent: "ann"}}}},
		EntryPoints: []EntryPoint{{ID: "e", Numbers: []string{"100"}, Queue: "q"}},
	})
	s.Step(dayOne, EngineUp{Engine: "pbx"})
	s.Step(dayOne, SetAgentState{Agent: "ann", State: Available})
	s.Step(dayOne, LegAppeared{Engine: "pbx", Leg: "c1", To: "100"})
	c := s.TakeChanges()
	if len(c.Calls) != 1 || !slices.Equal(c.Agents, []AgentID{"ann"}) || !slices.Equal(c.Queues, []QueueID{"q"}) || !slices.Equal(c.Engines, []EngineID{"pbx"}) {
		t.Errorf("changes: %+v", c)
	}
	if c := s.TakeChanges(); len(c.Calls)+len(c.Agents)+len(c.Queues)+len(c.Engines) > 0 {
		t.Errorf("changes are taken twice: %+v", c)
	}
	if c := s.Everything(); len(c.Calls) != 1 || len(c.Agents) != 1 || len(c.Queues) != 1 || len(c.Engines) != 1 {
		t.Errorf("everything: %+v", c)
	}
}

// TestFounded: the first event of a log brings the seed, and whoever owns the log next another.
func TestFounded(t *testing.T) {
	t.Parallel()
	calls := func(first, second uint64) (a, b CallID) {
		r := newRig(t, 1)
		r.send(Founded{Seed: first})
		r.send(LegAppeared{Engine: "pbx", Leg: "c1"})
		r.send(Founded{Seed: second})
		r.send(LegAppeared{Engine: "pbx", Leg: "c2"})
		r.replay()
		return r.shard.st.Legs["c1"].Call, r.shard.st.Legs["c2"].Call
	}
	a, b := calls(7, 99)
	if sameA, sameB := calls(7, 99); a != sameA || b != sameB {
		t.Errorf("ids %s and %s, %s and %s of the same seeds", a, b, sameA, sameB)
	}
	if other, _ := calls(8, 99); a == other {
		t.Errorf("id %s of two seeds", a)
	}
	if same, other := calls(7, 100); a != same || b == other {
		t.Errorf("ids %s and %s of one first seed, %s of two second ones", a, same, b)
	}
}
