package figures

import (
	"cmp"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Book keeps the measures of a day or so, summed up by the minute, so that any span of it can be looked up without going through the measures again. It is not safe for
// concurrent use. What it has cost to keep a busy day of a hundred queues is some ten megabytes.
type Book struct {
	thresholds func(core.QueueID) Thresholds
	tenants    map[core.TenantID]*minutes
	queues     map[tenantQueue]*minutes
	agents     map[core.AgentID]*minutes
	states     map[core.AgentID][]stretch
	seen       map[core.AgentID][]stretch // states that no measure tells of yet; each lasts until the next one, the last until now
}

// NewBook makes an empty book. thresholds must answer the same for a queue as long as the book is kept.
func NewBook(thresholds func(core.QueueID) Thresholds) *Book {
	return &Book{
		thresholds: thresholds,
		tenants:    map[core.TenantID]*minutes{}, queues: map[tenantQueue]*minutes{}, agents: map[core.AgentID]*minutes{}, states: map[core.AgentID][]stretch{},
		seen: map[core.AgentID][]stretch{},
	}
}

// tenantQueue names a queue. The id of one that was deleted may be another tenant's queue since.
type tenantQueue struct {
	tenant core.TenantID
	queue  core.QueueID
}

// minutes are counts by the minute, in order of time.
type minutes []minute

type minute struct {
	at int64 // minutes since 1970
	Counts
}

// stretch is a time that an agent was in a state.
type stretch struct {
	state       core.AgentState
	since, till time.Time
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// of gives the counts of a minute. Measures come nearly in order, so that it is mostly the last one.
func (m *minutes) of(at int64) *Counts {
	n := len(*m)
	if n > 0 && (*m)[n-1].at == at {
		return &(*m)[n-1].Counts
	}
	i, found := slices.BinarySearchFunc(*m, at, func(have minute, want int64) int { return cmp.Compare(have.at, want) })
	if !found {
		*m = slices.Insert(*m, i, minute{at: at})
	}
	return &(*m)[i].Counts
}

// sum adds up the minutes that begin in a span.
func (m *minutes) sum(from, to time.Time) Counts {
	var total Counts
	if m == nil {
		return total
	}
	first, end := minuteOf(from), minuteOf(to.Add(time.Minute-1))
	i, _ := slices.BinarySearchFunc(*m, first, func(have minute, want int64) int { return cmp.Compare(have.at, want) })
	for ; i < len(*m) && (*m)[i].at < end; i++ {
		total.Add((*m)[i].Counts)
	}
	return total
}

// Take writes a measure into the book.
func (b *Book) Take(m Measure) {
	if m.Kind == State {
		b.states[m.Agent] = append(b.states[m.Agent], stretch{m.State, m.At.Add(-m.Lasted), m.At})
		return
	}
	t := b.thresholds(m.Queue)
	write(b.tenants, m.Tenant).of(minuteOf(m.At)).Take(m, t)
	write(b.queues, tenantQueue{m.Tenant, m.Queue}).of(minuteOf(m.At)).Take(m, t)
	if m.Agent != "" {
		write(b.agents, m.Agent).of(minuteOf(m.At)).Take(m, t)
	}
}

func write[ID comparable](in map[ID]*minutes, id ID) *minutes {
	m := in[id]
	if m == nil {
		m = &minutes{}
		in[id] = m
	}
	return m
}

// Queue sums up what was measured of a tenant's queue from one time to before another, both to the minute: a span that begins within a minute begins with it, and one that ends
// within a minute ends with it.
func (b *Book) Queue(of core.TenantID, id core.QueueID, from, to time.Time) Counts {
	return b.queues[tenantQueue{of, id}].sum(from, to)
}

// Tenant sums up in the same way what was measured of all queues of a tenant, those included that are there no more.
func (b *Book) Tenant(id core.TenantID, from, to time.Time) Counts {
	return b.tenants[id].sum(from, to)
}

// Agent sums up what was measured of an agent in the same way.
func (b *Book) Agent(id core.AgentID, from, to time.Time) Counts { return b.agents[id].sum(from, to) }

// Times says how long an agent was in each state between two times, exactly. The state that the agent is in, which no measure tells of yet, is given with the time of
// its beginning; "" = not known. Measures come some time after a state was left: until then it is known from having been given here before.
func (b *Book) Times(id core.AgentID, from, to time.Time, now core.AgentState, since time.Time) StateTimes {
	var t StateTimes
	var measured time.Time // up to when
	for _, s := range b.states[id] {
		t.pass(s, from, to)
		measured = s.till
	}
	if now != "" {
		b.saw(id, stretch{state: now, since: since}, measured)
	}
	seen := b.seen[id]
	for i, s := range seen {
		s.till = to
		if i+1 < len(seen) {
			s.till = seen[i+1].since
			if s.since.Before(measured) {
				s.since = measured
			}
		}
		t.pass(s, from, to)
	}
	return t
}

// saw keeps the state that an agent is in, and forgets those of which the measures tell by now.
func (b *Book) saw(id core.AgentID, now stretch, measured time.Time) {
	seen := b.seen[id]
	if n := len(seen); n == 0 || seen[n-1].since.Before(now.since) {
		seen = append(seen, now)
	} else {
		seen[n-1] = now
	}
	known := 0 // as far as the beginning of the next one is measured
	for known+1 < len(seen) && !seen[known+1].since.After(measured) {
		known++
	}
	b.seen[id] = slices.Delete(seen, 0, known)
}

// pass adds the part of a stretch that lies between two times.
func (t *StateTimes) pass(s stretch, from, to time.Time) {
	if s.since.Before(from) {
		s.since = from
	}
	if s.till.After(to) {
		s.till = to
	}
	d := s.till.Sub(s.since)
	if d <= 0 {
		return
	}
	switch s.state {
	case core.Available:
		t.Available += d
	case core.Idle:
		t.Idle += d
	case core.Reserved:
		t.Reserved += d
	case core.Engaged:
		t.Engaged += d
	case core.WrapUp:
		t.WrapUp += d
	case core.RONA:
		t.RONA += d
	case core.Offline:
	}
}

// Day is the day that a time is in, by the clocks of a place: from its first moment to before that of the next one. Where the clocks are changed it has 23 or 25 hours.
func Day(at time.Time, place *time.Location) (from, to time.Time) {
	y, m, d := at.In(place).Date()
	return begins(y, m, d, place), begins(y, m, d+1, place)
}

// begins is the first moment of a day. It is not always midnight: where the clocks go forward at midnight there is none, and where they go back to it, or over it, there are two.
func begins(y int, m time.Month, d int, place *time.Location) time.Time {
	noon := time.Date(y, m, d, 12, 0, 0, 0, place)
	t := time.Date(y, m, d, 0, 0, 0, 0, place)
	if t.Day() != noon.Day() { // [time.Date] gives 23:00 of the day before: the day begins when the clocks change
		_, change := t.ZoneBounds()
		return change
	}
	if change, _ := t.ZoneBounds(); !change.IsZero() && t.Sub(change) < time.Hour {
		before := change.Add(-1).In(place)
		if _, offset := before.Zone(); before.Day() == t.Day() { // the first of two midnights
			return time.Date(y, m, d, 0, 0, 0, 0, time.FixedZone("", offset)).In(place)
		}
	}
	return t
}
