package sim

import (
	"math/rand/v2"
	"time"
)

// agenda is what people and faults will do, ordered by time and then by order of planning.
type agenda struct {
	items []moment
	seq   uint64
}

type moment struct {
	at  int64 // Unix time in nanoseconds
	seq uint64
	do  func()
}

func (a *agenda) before(i, j int) bool {
	x, y := &a.items[i], &a.items[j]
	return x.at < y.at || x.at == y.at && x.seq < y.seq
}

func (a *agenda) push(at int64, do func()) {
	a.seq++
	a.items = append(a.items, moment{at: at, seq: a.seq, do: do})
	for i := len(a.items) - 1; i > 0; {
		up := (i - 1) / 2
		if !a.before(i, up) {
			break
		}
		a.items[i], a.items[up] = a.items[up], a.items[i]
		i = up
	}
}

func (a *agenda) next() (time.Time, bool) {
	if len(a.items) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, a.items[0].at).UTC(), true
}

func (a *agenda) pop() func() {
	do, last := a.items[0].do, len(a.items)-1
	a.items[0] = a.items[last]
	a.items[last] = moment{}
	a.items = a.items[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			return do
		}
		if right := down + 1; right < last && a.before(right, down) {
			down = right
		}
		if !a.before(down, i) {
			return do
		}
		a.items[i], a.items[down] = a.items[down], a.items[i]
		i = down
	}
}

// dice are one stream of chance.
type dice struct{ *rand.Rand }

// fate is all chance of a world. The streams are apart so that a plan without one fault, or with fewer callers, is still much the same shift:
// shrinking depends on it.
type fate struct {
	seed                          uint64
	setup, people, arrivals, host dice
	outside, discards             dice
	faults                        map[Fault]dice
}

// Streams of which there are many begin here.
const (
	switchStreams = 100
	faultStreams  = 1000
	workerStreams = 1 << 20
	callerStreams = 1 << 21
	deskStreams   = 1 << 22
)

func newFate(seed uint64) fate {
	f := fate{seed: seed, faults: map[Fault]dice{}}
	f.setup, f.people, f.arrivals, f.host = dice{f.stream(1)}, dice{f.stream(2)}, dice{f.stream(3)}, dice{f.stream(4)}
	f.outside, f.discards = dice{f.stream(5)}, dice{f.stream(6)}
	for i, x := range Faults() {
		f.faults[x] = dice{f.stream(faultStreams + uint64(i))}
	}
	return f
}

func (f fate) stream(n uint64) *rand.Rand { return rand.New(rand.NewPCG(f.seed, n)) }

// chance is true with probability p.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// between draws a duration from a to b.
func (d dice) between(a, b time.Duration) time.Duration {
	if b <= a {
		return a
	}
	return a + time.Duration(d.Int64N(int64(b-a)+1))
}

// around draws from the exponential distribution with the mean, at most ten times the mean.
func (d dice) around(mean time.Duration) time.Duration {
	return time.Duration(min(d.ExpFloat64(), 10) * float64(mean))
}

// pick draws one of the choices.
func pick[T any](d dice, of []T) T { return of[d.IntN(len(of))] }
