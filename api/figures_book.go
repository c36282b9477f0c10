package api

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// standing is how all queues and agents stand at one moment: computed once for everybody who asks within a second, and cut to what each may see.
type standing struct {
	at      time.Time
	tenants map[core.TenantID]yardstick
	queues  []queueStanding // in order of id
	agents  []agentStanding // in order of id
}

// yardstick is by what a tenant's figures are measured.
type yardstick struct {
	place   *time.Location
	level   figures.Formula
	short   time.Duration
	day     time.Time // when the tenant's day has begun
	dayEnds time.Time
}

type queueStanding struct {
	view    core.QueueView
	limits  figures.Thresholds
	longest time.Time // since when the caller waits who has waited longest; zero = nobody waits
	spans   [spans]measured
}

type agentStanding struct {
	view  core.AgentView
	spans [spans]measured
}

// measured is what was measured in a span: of a queue, with the times of its members, or of an agent.
type measured struct {
	figures.Counts
	times figures.StateTimes
}

// The spans that a standing has.
const (
	today = iota
	lastHour
	lastQuarter
	spans
)

// ledger keeps the book of the present day in memory. It reads what the projector has written since it was last asked, so that nobody's question goes through a day's
// calls; while nobody asks it does nothing.
type ledger struct {
	latest atomic.Pointer[standing]

	mu     sync.Mutex // over all below, and over making a standing
	book   *figures.Book
	from   time.Time // the book has nothing older
	cursor models.MeasureCursor
	limits map[core.QueueID]figures.Thresholds // by which the book was written
}

const (
	standingKept = time.Second
	// standingOld is how old a standing may be that is given to somebody who comes while a new one is made.
	standingOld = 5 * time.Second
	// bookKept is how much older than needed a book may get before it is begun anew.
	bookKept = 12 * time.Hour
	// bookTime is for reading a whole day.
	bookTime = time.Minute
)

// standing gives how everything stands.
func (s *Server) standing(ctx context.Context) (*standing, error) {
	now := s.Now()
	fresh := func(x *standing, kept time.Duration) bool { return x != nil && now.Sub(x.at) < kept }
	l := &s.ledger
	if x := l.latest.Load(); fresh(x, standingKept) {
		return x, nil
	}
	if !l.mu.TryLock() {
		if x := l.latest.Load(); fresh(x, standingOld) {
			return x, nil
		}
		l.mu.Lock()
	}
	defer l.mu.Unlock()
	if x := l.latest.Load(); fresh(x, standingKept) { // made while we waited
		return x, nil
	}
	// Reading goes on if the one who asks goes away: the others wait for the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookTime)
	defer cancel()
	x, err := s.takeStock(ctx, now)
	if err != nil {
		return nil, err
	}
	l.latest.Store(x)
	return x, nil
}

// takeStock makes a standing; ledger.mu is held.
func (s *Server) takeStock(ctx context.Context, now time.Time) (*standing, error) {
	x := &standing{at: now, tenants: map[core.TenantID]yardstick{}}
	tenants, err := s.Tenants.List(ctx, "")
	if err != nil {
		return nil, err
	}
	from := now.Add(-time.Hour)
	for _, t := range tenants {
		y := yardstickOf(t.Value, now)
		x.tenants[t.Value.ID] = y
		if y.day.Before(from) {
			from = y.day
		}
	}
	all, err := s.roster(ctx, "")
	if err != nil {
		return nil, err
	}
	limits := map[core.QueueID]figures.Thresholds{}
	members := map[core.QueueID][]core.AgentID{}
	for _, q := range all.queues {
		limits[q.Value.ID] = thresholdsOf(q.Value, x.tenants)
		for _, m := range q.Value.Members {
			members[q.Value.ID] = append(members[q.Value.ID], m.Agent)
		}
	}
	for _, e := range all.points {
		if len(e.Value.Users) > 0 {
			id := core.QueueID(ringGroup + string(e.Value.ID))
			limits[id] = thresholdsOf(core.Queue{ID: id, Tenant: e.Value.Tenant}, x.tenants)
			members[id] = e.Value.Users
		}
	}
	if err := s.ledger.read(ctx, s.Measures, from, limits); err != nil {
		return nil, err
	}
	// Only now: what the view shows of agents goes on from where the measures end.
	view := s.Live.View()
	times := map[core.AgentID][spans]figures.StateTimes{}
	for a := range view.Agents() {
		standing := agentStanding{view: a}
		var of [spans]figures.StateTimes
		for i, begin := range x.begins(a.Tenant) {
			of[i] = s.ledger.book.Times(a.ID, begin, now, a.State, a.Since)
			standing.spans[i] = measured{s.ledger.book.Agent(a.ID, begin, now), of[i]}
		}
		times[a.ID] = of
		x.agents = append(x.agents, standing)
	}
	longest := map[core.QueueID]time.Time{}
	for c := range view.Calls() {
		if c.Phase == core.Waiting && (longest[c.Queue].IsZero() || c.QueuedAt.Before(longest[c.Queue])) {
			longest[c.Queue] = c.QueuedAt
		}
	}
	for q := range view.Queues() {
		standing := queueStanding{view: q, limits: limits[q.ID], longest: longest[q.ID]}
		for i, begin := range x.begins(q.Tenant) {
			standing.spans[i].Counts = s.ledger.book.Queue(q.Tenant, q.ID, begin, now)
			for _, a := range members[q.ID] {
				standing.spans[i].times.Add(times[a][i])
			}
		}
		x.queues = append(x.queues, standing)
	}
	return x, nil
}

// begins says when the spans of a tenant begin.
func (x *standing) begins(t core.TenantID) [spans]time.Time {
	day := x.tenants[t].day
	if day.IsZero() { // the rules know of a tenant that the set-up has no more
		day = x.at.Add(-time.Hour)
	}
	return [spans]time.Time{today: day, lastHour: x.at.Add(-time.Hour), lastQuarter: x.at.Add(-15 * time.Minute)}
}

func yardstickOf(t models.Tenant, now time.Time) yardstick {
	level, _ := figures.ServiceLevel(t.ServiceLevel)
	y := yardstick{place: t.Place(), level: level, short: time.Duration(t.ShortAbandon) * time.Second}
	y.day, y.dayEnds = figures.Day(now, y.place)
	return y
}

func thresholdsOf(q core.Queue, tenants map[core.TenantID]yardstick) figures.Thresholds {
	t := figures.Thresholds{ServiceLevel: q.ServiceLevel, ShortAbandon: tenants[q.Tenant].short}
	if t.ServiceLevel == 0 {
		t.ServiceLevel = core.DefaultServiceLevel
	}
	return t
}

// read brings the book up to date. It is begun anew where it was written by other thresholds, or does not reach back as far as is needed, or reaches back much farther.
func (l *ledger) read(ctx context.Context, from Measures, since time.Time, limits map[core.QueueID]figures.Thresholds) error {
	if l.book == nil || !maps.Equal(l.limits, limits) || since.Before(l.from) || since.Sub(l.from) > bookKept {
		written := maps.Clone(limits)
		l.book = figures.NewBook(limitsOf(written))
		l.from, l.limits, l.cursor = since, limits, nil
	}
	cursor, err := from.Behind(ctx, l.cursor, l.from, l.book.Take)
	if err != nil {
		l.book = nil // it may have part of what the cursor is not behind yet
		return err
	}
	l.cursor = cursor
	return nil
}

// history writes a book of a span that may be long over.
func (s *Server) history(ctx context.Context, tenant core.TenantID, from, to time.Time) (*figures.Book, error) {
	x, err := s.standing(ctx) // for the thresholds of today: the past is measured by them too
	if err != nil {
		return nil, err
	}
	limits := map[core.QueueID]figures.Thresholds{}
	for _, q := range x.queues {
		limits[q.view.ID] = q.limits
	}
	book := figures.NewBook(limitsOf(limits))
	return book, s.Measures.Between(ctx, tenant, from, to, book.Take)
}

// limitsOf gives the thresholds of queues. Of one that is set up no longer there is nothing but the default to go by.
func limitsOf(known map[core.QueueID]figures.Thresholds) func(core.QueueID) figures.Thresholds {
	return func(q core.QueueID) figures.Thresholds {
		if t, ok := known[q]; ok {
			return t
		}
		return figures.Thresholds{ServiceLevel: core.DefaultServiceLevel}
	}
}
