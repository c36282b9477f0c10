package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Size is how large shifts are.
type Size string

// The sizes.
const (
	Short Size = "short" // a few minutes and a handful of agents: many seeds in little time
	Full  Size = "full"  // half an hour and up to sixteen agents
)

// Plan is what is played: a seed and what it stands for. Shrinking makes plans smaller without touching the seed.
type Plan struct {
	Seed   uint64
	Size   Size
	Length time.Duration // of the shift; closing time and the exam come after
	Calls  int           // at most
	Skip   int           // so many callers, the first ones, stay at home
	Faults []Fault       // none = calm
}

// NewPlan is the plan of a seed. Even seeds are calm: nothing goes wrong that is not in the nature of phones and people.
func NewPlan(seed uint64, size Size) Plan {
	d := dice{newFate(seed).stream(0)}
	p := Plan{Seed: seed, Size: size}
	switch size {
	case Full:
		p.Length, p.Calls = d.between(15*time.Minute, 40*time.Minute), 60+d.IntN(200)
	default:
		p.Size = Short
		p.Length, p.Calls = d.between(2*time.Minute, 6*time.Minute), 5+d.IntN(25)
	}
	if seed%2 == 0 {
		return p
	}
	for _, f := range Faults() {
		if d.chance(0.35) {
			p.Faults = append(p.Faults, f)
		}
	}
	if len(p.Faults) == 0 {
		p.Faults = []Fault{pick(d, Faults())}
	}
	return p
}

// Has reports whether a fault is in the plan.
func (p Plan) Has(f Fault) bool { return slices.Contains(p.Faults, f) }

// Command is the command line that plays the plan again.
func (p Plan) Command() string {
	faults := make([]string, len(p.Faults))
	for i, f := range p.Faults {
		faults[i] = string(f)
	}
	list := strings.Join(faults, ",")
	if list == "" {
		list = "none"
	}
	return fmt.Sprintf("tandem sim -seed %d -size %s -length %s -calls %d -skip %d -faults %s", p.Seed, p.Size, p.Length, p.Calls, p.Skip, list)
}
