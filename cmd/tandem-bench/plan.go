package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// scenario is a part of the bench that can be asked for by itself.
type scenario string

const (
	idle        scenario = "idle"
	backlog     scenario = "backlog"
	rush        scenario = "rush"
	conferences scenario = "conferences"
	journalling scenario = "journal"
	restarting  scenario = "restart"
	ruling      scenario = "rules"
	storming    scenario = "simulator"
	watching    scenario = "dashboards"
	seeing      scenario = "pixel"
)

var scenarios = []scenario{idle, backlog, rush, conferences, journalling, restarting, ruling, storming, watching, seeing}

// contest are the scenarios that Tandem and the switch's own queue both play.
var contest = []scenario{idle, backlog, rush}

// plan says how much is measured.
type plan struct {
	scenarios   []scenario
	brands      []brand
	agents      int
	idleCalls   int
	idleRate    float64 // calls per second
	waiting     int     // callers who wait in the backlog while all agents talk
	backlogTime time.Duration
	slower      float64       // the rush's rate is a brand's, divided by this
	shorter     time.Duration // 0: the rush is as long as a brand's
	conferences int           // at once
	merges      int           // heard
	events      uint64        // in the journal, when restarting is measured
	appends     int
	patience    int // in seconds: for how long a call waits for Tandem before the switch serves it by itself; 0: as everywhere
}

var (
	wholePlan = plan{
		scenarios: scenarios, brands: brands,
		agents: 100, idleCalls: 120, idleRate: 10, waiting: 50, backlogTime: 20 * time.Second, slower: 1, conferences: 200, merges: 40, events: 100_000, appends: 500,
	}
	quickPlan = plan{
		scenarios: []scenario{idle, backlog, rush, conferences, journalling, restarting}, brands: brands,
		agents: 10, idleCalls: 20, idleRate: 10, waiting: 5, backlogTime: 5 * time.Second, slower: 5, shorter: 4 * time.Second, conferences: 5, merges: 4,
		events: 2_000, appends: 50,
	}
)

// does says whether any of some scenarios is to be played.
func (p plan) does(some ...scenario) bool {
	return slices.ContainsFunc(some, func(s scenario) bool { return slices.Contains(p.scenarios, s) })
}

func (p plan) rushRate(b brand) float64 { return b.rushRate / p.slower }

func (p plan) rushTime(b brand) time.Duration {
	if p.shorter > 0 {
		return p.shorter
	}
	return b.rushTime
}

// narrowed leaves only the scenarios named, separated by commas ("calls" is all of the contest), on only the switch named; "" = all.
func (p plan) narrowed(only, exchange string) (plan, error) {
	if only != "" {
		var names []string
		p.scenarios = nil
		for _, s := range scenarios {
			names = append(names, string(s))
		}
		for name := range strings.SplitSeq(only, ",") {
			switch s := scenario(name); {
			case name == "calls":
				p.scenarios = append(p.scenarios, contest...)
			case slices.Contains(scenarios, s):
				p.scenarios = append(p.scenarios, s)
			default:
				return p, fmt.Errorf("-only: %q is none of calls, %s", name, strings.Join(names, ", "))
			}
		}
	}
	if exchange != "" {
		p.brands = slices.DeleteFunc(slices.Clone(p.brands), func(b brand) bool { return b.name != exchange })
		if len(p.brands) == 0 {
			return p, fmt.Errorf("-switch: %q is neither asterisk nor freeswitch", exchange)
		}
	}
	return p, nil
}
