package sim

import (
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// setup is a contact centre as it is set up when the shift begins.
type setup struct {
	config  core.ConfigChanged
	engines []core.EngineID
	quirks  []Quirks
	prompts []string
	lines   []line
}

// line is a number that callers dial, and where it leads.
type line struct {
	number  string
	station int // the switch on which it arrives
	entry   core.EntryPointID
}

const tenant core.TenantID = "t1"

var wrapReasons = []string{"sold", "helped", "wrong number"}

// drawSetup draws a set-up. With two switches each has its own agents, queues and numbers: a call and the phones that it may ring are on one switch.
func drawSetup(d, outside dice, p Plan) setup {
	s := setup{prompts: []string{"hello", "sorry", "closed"}}
	profiles := []func() Quirks{AsteriskLike, FreeSWITCHLike}
	first := d.IntN(2)
	for i := range 1 + d.IntN(2) {
		q := profiles[(first+i)%2]()
		q.NoResponse, q.MediaTimeout, q.PhoneTimeout = 8*time.Second, 12*time.Second, 30*time.Second
		if p.Has(PauseLost) {
			q.PauseLost = 0.3
		}
		s.quirks = append(s.quirks, q)
		s.engines = append(s.engines, core.EngineID(fmt.Sprintf("pbx%d", i+1)))
	}
	c := &s.config
	c.Tenants = []core.Tenant{{ID: tenant, Name: "Tenant", Disconnected: []string{"sorry"}, MaskNumbers: d.chance(0.3), Dialling: drawDialling(outside)}}
	c.Site = &core.Site{}
	if d.chance(0.2) {
		c.Site.MaxCalls = 3 + d.IntN(6)
	}
	if d.chance(0.2) {
		c.Tenants[0].MaxCalls = 3 + d.IntN(6)
	}
	for i := range s.engines {
		s.drawStation(d, p, i)
	}
	return s
}

// drawStation adds the agents, queues and numbers of one switch.
func (s *setup) drawStation(d dice, p Plan, i int) {
	c := &s.config
	agents, queues := 2+d.IntN(4), 1+d.IntN(2)
	if p.Size == Full {
		agents, queues = 3+d.IntN(6), 1+d.IntN(3)
	}
	var ids []core.AgentID
	for n := range agents {
		id := core.AgentID(fmt.Sprintf("a%d%d", i+1, n+1))
		a := core.AgentSetup{ID: id, Tenant: tenant, Name: string(id), Phone: "p" + string(id), AutoAnswer: d.chance(0.1), Skills: map[string]int{"german": d.IntN(6)}}
		if len(s.engines) > 1 || d.chance(0.5) {
			a.Engine = s.engines[i]
		}
		ids = append(ids, id)
		c.Agents = append(c.Agents, a)
	}
	for n := range queues {
		q := drawQueue(d, core.QueueID(fmt.Sprintf("q%d%d", i+1, n+1)), ids)
		c.Queues = append(c.Queues, q)
		e := core.EntryPoint{ID: core.EntryPointID("e" + string(q.ID)), Tenant: tenant, Name: string(q.ID), Queue: q.ID, Numbers: []string{fmt.Sprintf("+49309%d%d", i+1, n+1)}}
		if d.chance(0.4) {
			e.Priority = d.IntN(10)
		}
		if d.chance(0.2) {
			e.Greeting = []string{"hello"}
		}
		s.enter(e, i)
		if d.chance(0.4) { // a second number of the same queue, whose callers go first or last
			e.ID, e.Numbers, e.Priority = e.ID+"v", []string{e.Numbers[0] + "9"}, d.IntN(10)
			s.enter(e, i)
		}
	}
	if d.chance(0.4) {
		e := core.EntryPoint{ID: core.EntryPointID(fmt.Sprintf("ring%d", i+1)), Tenant: tenant, Name: "ring group", Numbers: []string{fmt.Sprintf("+49308%d", i+1)}, RingTime: drawRingTime(d)}
		e.Users = append(e.Users, ids[:1+d.IntN(len(ids))]...)
		s.enter(e, i)
	}
	if d.chance(0.2) {
		s.enter(s.closedLine(p, i), i)
	}
	if d.chance(0.2) {
		s.lines = append(s.lines, line{number: fmt.Sprintf("+49306%d", i+1), station: i}) // leads nowhere
	}
}

func (s *setup) enter(e core.EntryPoint, i int) {
	s.config.EntryPoints = append(s.config.EntryPoints, e)
	s.lines = append(s.lines, line{number: e.Numbers[0], station: i, entry: e.ID})
}

func drawRingTime(d dice) time.Duration { return d.between(4*time.Second, 15*time.Second) }

// drawQueue draws a queue over some of the agents.
func drawQueue(d dice, id core.QueueID, agents []core.AgentID) core.Queue {
	q := core.Queue{
		ID: id, Tenant: tenant, Name: string(id), Strategy: pick(d, core.Strategies()), RingTime: drawRingTime(d), BusyDelay: d.between(5*time.Second, 15*time.Second),
		ProgressiveStep: d.between(2*time.Second, 5*time.Second), Ringback: d.chance(0.3), Record: d.chance(0.5), RecordConsults: d.chance(0.3), Unanswered: []string{"sorry"},
	}
	levels, ranks := d.chance(0.3), d.chance(0.3)
	for _, a := range agents {
		if len(agents) > 1 && d.chance(0.2) {
			continue
		}
		m := core.Membership{Agent: a}
		if levels {
			m.Level = d.IntN(2)
		}
		if ranks {
			m.Rank = d.IntN(3)
		}
		q.Members = append(q.Members, m)
	}
	if len(q.Members) == 0 {
		q.Members = []core.Membership{{Agent: agents[0]}}
	}
	if d.chance(0.3) {
		q.Skills = []core.SkillNeed{{Skill: "german", Level: 1 + d.IntN(5), Required: d.chance(0.3)}}
	}
	if d.chance(0.3) {
		q.RONAAfter, q.MissDelay = d.IntN(4)-1, d.between(0, 6*time.Second)
	}
	if d.chance(0.3) {
		q.MaxWait = d.between(15*time.Second, 60*time.Second)
	}
	if d.chance(0.2) {
		q.MaxSize = 1 + d.IntN(4)
	}
	if d.chance(0.3) {
		q.Sticky = d.between(3*time.Second, 20*time.Second)
	}
	if q.Record && d.chance(0.5) {
		q.PauseLimit = d.between(3*time.Second, 15*time.Second)
	}
	q.DiscardRecordings = q.PauseLimit == 0 // by no draw of its own: the others stay what they are
	if d.chance(0.6) {
		q.WrapUp = core.WrapUpSetup{Time: d.between(2*time.Second, 15*time.Second), Required: d.chance(0.2)}
		if d.chance(0.5) {
			q.WrapUp.Extension, q.WrapUp.Extensions = 5*time.Second, d.IntN(3)
		}
		if d.chance(0.5) {
			q.WrapUp.Reasons = wrapReasons
		}
	}
	return q
}
