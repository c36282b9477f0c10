package sim

import (
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Opening hours in the storm (N4): in every third shift the number of a station that would be switched off keeps hours instead. They open and close while the shift lasts, and the clocks of the place
// are put back in the middle of it. Nothing of it is drawn, so that other shifts are what they were.

const shiftHours core.HoursID = "shift"

// hoursOfShift are by clocks that are two hours ahead of UTC when the shift begins, and one from two and a half minutes later on: a time between 10:02:30 and 11:02:30 of the place is shown twice.
func hoursOfShift() core.Hours {
	h := core.Hours{ID: shiftHours, Tenant: tenant, Name: "hours", Clock: []core.ClockChange{
		{At: shiftBegins.Unix(), Offset: 2 * 60 * 60}, {At: shiftBegins.Add(150 * time.Second).Unix(), Offset: 60 * 60},
	}}
	for _, s := range []core.DaySpan{{From: "11:01", To: "11:02"}, {From: "10:03", To: "10:05"}, {From: "10:10", To: "10:20"}} {
		h.Week = append(h.Week, core.WeekSpan{Day: "monday", From: s.From, To: s.To})
	}
	return h
}

// openInShift says when these hours are open by the time since the shift began, worked out by hand: the property is not to rest on the rules' own arithmetic.
func openInShift(since time.Duration) bool {
	for _, minutes := range [][2]float64{{1, 2}, {3, 5}, {10, 20}, {61, 62}} { // the last: 11:01 by the clocks, for the second time
		if m := since.Minutes(); m >= minutes[0] && m < minutes[1] {
			return true
		}
	}
	return false
}

// closedLine is a number where nobody is let in: never, or outside its hours.
func (s *setup) closedLine(p Plan, i int) core.EntryPoint {
	e := core.EntryPoint{ID: core.EntryPointID(fmt.Sprintf("off%d", i+1)), Tenant: tenant, Name: "off", Off: true, Closed: []string{"closed"}, Numbers: []string{fmt.Sprintf("+49307%d", i+1)}}
	if p.Seed%3 == 2 {
		e.Off, e.Hours, e.Queue = false, shiftHours, core.QueueID(fmt.Sprintf("q%d1", i+1))
		s.config.Hours = []core.Hours{hoursOfShift()}
	}
	return e
}

// letIn holds what became of calls that have come to it that they were let in when it was open, and only then.
func (b *books) letIn(w *world, entries []core.Entry) {
	for i := range entries {
		arrived := &entries[i]
		if arrived.Kind != core.EntryCallArrived {
			continue
		}
		c, ok := w.rulesOf(arrived.Call)
		if !ok || b.points[c.EntryPoint].Hours == "" {
			continue
		}
		queued, refused := false, ""
		for _, e := range entries[i:] {
			if e.Call != arrived.Call {
				continue
			}
			switch e.Kind { //nolint:exhaustive // of interest is whether it was let in
			case core.EntryCallQueued:
				queued = true
			case core.EntryCallRefused:
				refused = e.Reason
			}
		}
		switch open := openInShift(arrived.At.Sub(shiftBegins)); {
		case open && (refused == "closed" || !queued && refused == ""), !open && (queued || refused == ""):
			w.failf("opening hours let in who calls when it is open, and nobody else", "%s comes at %s, open %v: queued %v, refused %q", arrived.Call, arrived.At, open, queued, refused)
		case open && queued:
			w.reached("let in by opening hours")
		case refused == "closed":
			w.reached("turned away by opening hours")
		}
	}
}
