package sim

import (
	"slices"
	"time"
)

// Shrink makes the smallest plan it can find that still breaks the same property: fewer faults, fewer callers, a shorter shift. It plays at most tries
// shifts. The report is that of the plan found.
func Shrink(r Report, opt Options, tries int) Report {
	if r.Failure == nil {
		return r
	}
	opt.Trace, opt.Export = nil, nil
	best := r
	try := func(p Plan) bool {
		if tries <= 0 {
			return false
		}
		tries--
		again := Play(p, opt)
		if again.Failure == nil || again.Failure.Property != r.Failure.Property {
			return false
		}
		best = again
		return true
	}
	for progress := true; progress && tries > 0; {
		progress = false
		for _, f := range slices.Clone(best.Plan.Faults) {
			p := best.Plan
			p.Faults = slices.DeleteFunc(slices.Clone(p.Faults), func(x Fault) bool { return x == f })
			progress = try(p) || progress
		}
		if at := best.Failure.At.Truncate(time.Second) + time.Second; at < best.Plan.Length {
			p := best.Plan
			p.Length = at
			progress = try(p) || progress
		}
		for part := 2; part <= 16; part *= 2 { // the last callers, then the first
			p := best.Plan
			step := max((p.Calls-p.Skip)/part, 1)
			if p.Calls -= step; p.Calls > p.Skip && try(p) {
				progress = true
				break
			}
			p = best.Plan
			if p.Skip += step; p.Calls > p.Skip && try(p) {
				progress = true
				break
			}
		}
	}
	return best
}
