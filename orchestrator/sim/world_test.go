package sim

import (
	"os"
	"strconv"
	"testing"
)

func TestQuick(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("STORM_N"))
	from, _ := strconv.Atoi(os.Getenv("STORM_FROM"))
	size := Size(os.Getenv("STORM_SIZE"))
	if size == "" {
		size = Short
	}
	kinds := map[string]int{}
	steps, hap := 0, 0
	for s := range n {
		opt := Options{}
		if os.Getenv("STORM_TRACE") != "" {
			opt.Trace = os.Stdout
		}
		r := Play(NewPlan(uint64(from+s), size), opt)
		steps += r.Steps
		hap += r.Happenings
		if r.Failure != nil {
			kinds[r.Failure.Property]++
			if kinds[r.Failure.Property] <= 3 {
				t.Errorf("%s\n    %v", r.Plan.Command(), r.Failure)
			}
		}
	}
	t.Logf("%d steps %d happenings %v", steps, hap, kinds)
}
