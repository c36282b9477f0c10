package api

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// tenantAllowed reports whether the principal may see what belongs to a tenant.
func (p Principal) tenantAllowed(t core.TenantID) bool { return p.Tenant == "" || p.Tenant == t }

// narrow gives the tenant to select by: what was asked for, or the principal's own. Asking for another one is an error.
func (p Principal) narrow(asked core.TenantID) (core.TenantID, error) {
	if asked == "" {
		return p.Tenant, nil
	}
	if !p.tenantAllowed(asked) {
		return "", &Error{Code: CodeForbidden, Message: "you belong to another tenant", Field: "tenant"}
	}
	return asked, nil
}

// sight is what a principal may see of what is there, as it is at one moment: made for each request, and again with every beat of an event stream. It is the only place that
// decides whether somebody may see an agent, a queue, a call.
//
//   - An agent sees itself, the queues of its tenant, and the calls that it has a part in, is asked to join, or that ring at its phone; and no recordings.
//   - A supervisor who leads teams sees the agents of these teams, the queues that one of them is a member of, and the calls that wait in these queues or that one
//     of these agents has to do with.
//   - Everybody else sees all of the tenant; without a tenant, all.
type sight struct {
	Principal
	agents map[core.AgentID]bool // of a supervisor who leads teams
	queues map[core.QueueID]bool // the same, private queues of ring groups included
	// teamsAs says both as one text, by which readers are found who see the same; "" where nothing is limited by team.
	teamsAs string
}

// sightOf finds out what a principal may see.
func (s *Server) sightOf(ctx context.Context, p Principal) (sight, error) {
	see := sight{Principal: p}
	if !p.ByTeam {
		return see, nil
	}
	see.agents, see.queues = map[core.AgentID]bool{}, map[core.QueueID]bool{}
	theirs := func(id core.AgentID) bool { return see.agents[id] }
	all, err := s.roster(ctx, p.Tenant)
	if err != nil {
		return see, err
	}
	for _, a := range all.agents {
		if slices.ContainsFunc(a.Value.Teams, func(team string) bool { return slices.Contains(p.Teams, team) }) {
			see.agents[a.Value.ID] = true
		}
	}
	for _, q := range all.queues {
		if slices.ContainsFunc(q.Value.Members, func(m core.Membership) bool { return theirs(m.Agent) }) {
			see.queues[q.Value.ID] = true
		}
	}
	for _, e := range all.points {
		if slices.ContainsFunc(e.Value.Users, theirs) {
			see.queues[core.QueueID(ringGroup+string(e.Value.ID))] = true
		}
	}
	see.teamsAs = fmt.Sprint(see.agents, see.queues) // fmt sorts the keys
	return see, nil
}

// ringGroup begins the ids of the private queues that ring groups have.
const ringGroup = "ring:"

// part reports whether the principal sees less than everything that is going on.
func (see sight) part() bool { return see.Tenant != "" || see.Role == Agent || see.ByTeam }

// same reports whether two sights show the same.
func (see sight) same(other sight) bool {
	return see.Principal.same(other.Principal) && maps.Equal(see.agents, other.agents) && maps.Equal(see.queues, other.queues)
}

// agent reports whether the principal may see an agent of a tenant, beyond what the directory says.
func (see sight) agent(t core.TenantID, id core.AgentID) bool {
	switch {
	case !see.tenantAllowed(t):
		return false
	case see.Role == Agent:
		return id == see.Agent
	default:
		return !see.ByTeam || see.agents[id]
	}
}

func (see sight) queue(t core.TenantID, id core.QueueID) bool {
	return see.tenantAllowed(t) && (!see.ByTeam || see.queues[id])
}

// shown hides from agents which call is first in line: they see calls of their own only.
func (see sight) shown(q core.QueueView) core.QueueView {
	if see.Role == Agent {
		q.Oldest = ""
	}
	return q
}

func (see sight) team(id string) bool { return !see.ByTeam || slices.Contains(see.Teams, id) }

func (see sight) entryPoint(e core.EntryPoint) bool {
	return see.tenantAllowed(e.Tenant) && (!see.ByTeam || see.queues[e.Queue] || see.queues[core.QueueID(ringGroup+string(e.ID))])
}

// call reports whether the principal may see a call in progress.
func (see sight) call(c core.CallView) bool {
	has := func(is func(core.AgentID) bool) bool {
		return c.Primary != "" && is(c.Primary) || slices.ContainsFunc(c.Offers, func(o core.OfferView) bool { return is(o.Agent) }) ||
			slices.ContainsFunc(c.People, func(p core.ParticipantView) bool { return p.Agent != "" && is(p.Agent) }) ||
			c.Consult != nil && slices.ContainsFunc(c.Consult.Ringing, is)
	}
	switch {
	case !see.tenantAllowed(c.Tenant):
		return false
	case see.Role == Agent:
		return has(func(id core.AgentID) bool { return id == see.Agent })
	case see.ByTeam:
		// A call that one team's agent talks in is none of another team's, though both serve the queue that it waited in.
		theirs := func(id core.AgentID) bool { return see.agents[id] }
		if c.Phase == core.Outside { // no agent is in it any more: it is still a conversation of those who sent it there
			return slices.ContainsFunc(c.Owners, func(o core.Ownership) bool { return theirs(o.Agent) })
		}
		return has(theirs) || c.Primary == "" && see.queues[c.Queue]
	default:
		return true
	}
}

// story reports whether the principal may read all that has happened to a call that it sees. An agent whose phone only rings may not: what others have noted about the customer is for who takes
// the call.
func (see sight) story(c core.CallView) bool { return see.Role != Agent || talksIn(c, see.Agent) }

// record reports whether the principal may see the record of a call that is over.
func (see sight) record(r core.CallRecord) bool {
	switch {
	case !see.tenantAllowed(r.Tenant):
		return false
	case see.Role == Agent:
		return slices.Contains(r.Agents, see.Agent) || slices.Contains(r.Consulted, see.Agent)
	case see.ByTeam:
		theirs := func(id core.AgentID) bool { return see.agents[id] }
		return slices.ContainsFunc(r.Agents, theirs) || slices.ContainsFunc(r.Consulted, theirs) || len(r.Agents) == 0 && see.queues[r.Queue]
	default:
		return true
	}
}

// recording reports whether the principal may see a recording. Agents see none, not even of their own calls: one file has a whole call in it, over every transfer.
func (see sight) recording(r Recording) bool {
	switch {
	case !see.tenantAllowed(r.Tenant), see.Role == Agent:
		return false
	default:
		return !see.ByTeam || see.agents[r.Agent]
	}
}

// entrySight says for each kind of timeline entry whether agents see those that are about themselves. Entries of a kind that is not in it are shown to nobody: who adds a
// kind says here who may see it.
var entrySight = map[core.EntryKind]bool{
	core.EntryCallArrived: true, core.EntryCallRefused: true, core.EntryCallQueued: true, core.EntryCallLeftQueue: true, core.EntryOfferMade: true, core.EntryOfferRinging: true,
	core.EntryOfferEnded: true, core.EntryCallConnected: true, core.EntryCallHeld: true, core.EntryCallResumed: true, core.EntryCallMuted: true,
	core.EntryCallUnmuted: true, core.EntryCallTransferred: true, core.EntryTalkEnded: true, core.EntryCallClosed: true, core.EntryAgentState: true,
	core.EntryWrapUpStarted: true, core.EntryWrapUpExtended: true, core.EntryWrapUpDone: true, core.EntryRecordingStarted: true,
	core.EntryRecordingPaused: true, core.EntryRecordingResumed: true, core.EntryRecordingStopped: true, core.EntryRecordingDiscarded: true, core.EntryAlert: true,
	core.EntryTransferFailed: true, core.EntryConsultStarted: true, core.EntryConsultAnswered: true, core.EntryConsultToggled: true,
	core.EntryConsultEnded: true, core.EntryJoined: true, core.EntryLeft: true, core.EntryParticipantHeld: true, core.EntryParticipantResumed: true,
	core.EntryOwnerChanged: true, core.EntryPostCall: true, core.EntryOutside: true, core.EntryDialled: true, core.EntryOutsideRinging: true, core.EntryVariables: true,

	core.EntryEngineUp: false, core.EntryEngineDown: false, core.EntryRepair: false, core.EntryOdd: false,
}

// shared lists the kinds of entries that everybody in a conversation may see, whoever they are about: who consults is told why nobody came (C6), and all are told who has
// joined, who has left and whose call it is now.
var shared = map[core.EntryKind]bool{
	core.EntryTransferFailed: true, core.EntryConsultStarted: true, core.EntryConsultAnswered: true, core.EntryConsultToggled: true,
	core.EntryConsultEnded: true, core.EntryJoined: true, core.EntryLeft: true, core.EntryParticipantHeld: true, core.EntryParticipantResumed: true,
	core.EntryOwnerChanged: true, core.EntryPostCall: true, core.EntryOutside: true, core.EntryDialled: true, core.EntryOutsideRinging: true, core.EntryVariables: true,
}

// ofTheLine lists the kinds of entries that tell of a queue's line, and not of a conversation that came out of it.
var ofTheLine = map[core.EntryKind]bool{core.EntryCallQueued: true, core.EntryCallLeftQueue: true, core.EntryCallRefused: true}

// entry reports whether the principal may see a timeline entry on the event stream. known says that the reader has been shown the entry's call.
func (see sight) entry(e core.Entry, known bool) bool {
	forAgents, listed := entrySight[e.Kind]
	switch {
	case !listed:
		return false
	case e.Tenant == "": // of the site: switches, repairs
		return !see.part()
	case !see.tenantAllowed(e.Tenant):
		return false
	case see.Role == Agent:
		return forAgents && (e.Agent == see.Agent || known && shared[e.Kind])
	case !see.ByTeam:
		return true
	case e.Record != nil:
		return see.record(*e.Record)
	case e.Agent != "":
		return see.agents[e.Agent]
	default:
		return known || ofTheLine[e.Kind] && see.queues[e.Queue]
	}
}

// explanation says of members of the queue who are none of theirs what holds them off, but neither the reason of a break nor how long something lasts: the directory does not say it either.
func (see sight) explanation(t core.TenantID, e core.Explanation) core.Explanation {
	for i := range e.Agents {
		a := &e.Agents[i]
		if see.agent(t, a.Agent) {
			continue
		}
		a.Until = time.Time{}
		if a.Gate == core.GateIdle {
			a.Text = "is idle"
		}
	}
	return e
}

// masks tells which tenants hide callers' numbers from agents (C2).
type masks map[core.TenantID]bool

// masksFor reads the tenants' data protection, where it matters to the principal.
func (s *Server) masksFor(ctx context.Context, p Principal) (masks, error) {
	if p.Role != Agent {
		return nil, nil
	}
	tenants, err := s.Tenants.List(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	m := masks{}
	for _, t := range tenants {
		m[t.Value.ID] = t.Value.MaskNumbers
	}
	return m, nil
}

// call masks the caller's number, the name where it tells the number, and the numbers outside that were brought into the call: they may be the customer's others.
func (m masks) call(c core.CallView) core.CallView {
	if !m[c.Tenant] {
		return c
	}
	c.From, c.Name = core.MaskNumber(c.From), core.MaskName(c.Name)
	c.People = slices.Clone(c.People) // the view is everybody's
	for i := range c.People {
		c.People[i].Number = core.MaskNumber(c.People[i].Number)
	}
	if c.Consult != nil {
		k := *c.Consult
		k.To.Number = core.MaskNumber(k.To.Number)
		c.Consult = &k
	}
	return c
}

func (m masks) record(r core.CallRecord) core.CallRecord {
	if m[r.Tenant] {
		r.From, r.Name = core.MaskNumber(r.From), core.MaskName(r.Name)
	}
	return r
}

// entry masks the numbers that entries carry as their text, and the record.
func (m masks) entry(e core.Entry) core.Entry {
	if !m[e.Tenant] {
		return e
	}
	switch {
	case e.Kind == core.EntryCallArrived, e.Kind == core.EntryDialled,
		(e.Kind == core.EntryCallTransferred || e.Kind == core.EntryConsultStarted) && e.Reason == "number":
		e.Text = core.MaskNumber(e.Text)
	}
	if e.Record != nil {
		r := m.record(*e.Record)
		e.Record = &r
	}
	return e
}
