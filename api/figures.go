package api

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// The figures of queues and agents (Q10, S2), as package figures defines them. All that is shown of the present day comes from one standing a second, whoever asks and however
// often; what is asked of earlier days is computed from what was measured then.

// spanWire is what was measured in a span of time. Shares and times of which there is nothing to compute them from are absent.
type spanWire struct {
	From            time.Time          `json:"from"`
	Entered         int                `json:"entered"`
	Refused         int                `json:"refused"`
	Presented       int                `json:"presented"`
	Answered        int                `json:"answered"`
	AnsweredInTime  int                `json:"answered_in_time"`
	Abandoned       int                `json:"abandoned"`
	AbandonedInTime int                `json:"abandoned_in_time"`
	AbandonedShort  int                `json:"abandoned_short"`
	Unanswered      int                `json:"unanswered"`
	Lost            int                `json:"lost"`
	LongestWait     Seconds            `json:"longest_wait"`
	ServiceLevel    *float64           `json:"service_level,omitempty"`
	ServiceLevels   map[string]float64 `json:"service_levels"`
	Abandonment     *float64           `json:"abandonment,omitempty"`
	ASA             *float64           `json:"asa,omitempty"`
	Handled         int                `json:"handled"`
	AHT             *float64           `json:"aht,omitempty"`
	Occupancy       *float64           `json:"occupancy,omitempty"`
}

// rounded keeps four decimals: a ten-thousandth of a share, a tenth of a millisecond.
func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }

func numberOf(f figures.Formula, c figures.Counts) *float64 {
	v, ok := f.Of(c)
	if !ok {
		return nil
	}
	v = rounded(v)
	return &v
}

func spanToWire(from time.Time, m measured, level figures.Formula) spanWire {
	c := m.Counts
	w := spanWire{
		From: from.UTC(), Entered: c.Entered, Refused: c.Refused, Presented: c.Presented(), Answered: c.Answered, AnsweredInTime: c.AnsweredInTime,
		Abandoned: c.Abandoned, AbandonedInTime: c.AbandonedInTime, AbandonedShort: c.AbandonedShort, Unanswered: c.Unanswered, Lost: c.Lost,
		LongestWait: Seconds(c.LongestWait), ServiceLevel: numberOf(level, c), ServiceLevels: map[string]float64{},
		Abandonment: numberOf(figures.Abandonment, c), ASA: numberOf(figures.SpeedOfAnswer, c), Handled: c.Handled, AHT: numberOf(figures.HandlingTime, c),
		Occupancy: occupancyOf(m.times),
	}
	for _, f := range figures.ServiceLevels() {
		if v := numberOf(f, c); v != nil {
			w.ServiceLevels[f.Name] = *v
		}
	}
	return w
}

func occupancyOf(t figures.StateTimes) *float64 {
	v, ok := t.Occupancy()
	if !ok {
		return nil
	}
	v = rounded(v)
	return &v
}

// yardstickWire tells by what a tenant's figures are measured.
type yardstickWire struct {
	Tenant       core.TenantID `json:"tenant"`
	Zone         string        `json:"zone"`
	DayFrom      time.Time     `json:"day_from"`
	DayTo        time.Time     `json:"day_to"`
	ServiceLevel string        `json:"service_level"` // id of the formula
	ShortAbandon Seconds       `json:"short_abandon"`
}

type formulaWire struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// formulasWire lists every formula that there is.
func formulasWire() []formulaWire {
	out := []formulaWire{}
	for _, f := range append(figures.ServiceLevels(), figures.Abandonment, figures.SpeedOfAnswer, figures.HandlingTime) {
		out = append(out, formulaWire{f.ID(), f.Text})
	}
	return append(out, formulaWire{figures.OccupancyID, figures.OccupancyText})
}

type queueFiguresWire struct {
	Queue        core.QueueID  `json:"queue"`
	Tenant       core.TenantID `json:"tenant"`
	Name         string        `json:"name"`
	ServiceLevel Seconds       `json:"service_level"` // threshold
	Waiting      int           `json:"waiting"`
	WaitingSince *time.Time    `json:"waiting_since,omitempty"` // of the caller who has waited longest
	Free         int           `json:"free"`
	Today        spanWire      `json:"today"`
	LastHour     spanWire      `json:"last_60_minutes"`
	LastQuarter  spanWire      `json:"last_15_minutes"`
}

type queueFigures struct {
	At       time.Time          `json:"at"`
	Tenants  []yardstickWire    `json:"tenants"`
	Formulas []formulaWire      `json:"formulas"`
	Queues   []queueFiguresWire `json:"queues"`
}

// queueFigures gives the live figures of the queues that somebody may see.
func (s *Server) queueFigures(r *request) (reply, error) {
	tenant, x, err := s.asked(r)
	if err != nil {
		return reply{}, err
	}
	out := queueFigures{At: x.at.UTC(), Tenants: x.yardsticks(r.sees, tenant), Formulas: formulasWire(), Queues: []queueFiguresWire{}}
	for i := range x.queues {
		q := &x.queues[i]
		if tenant != "" && q.view.Tenant != tenant || !r.sees.queue(q.view.Tenant, q.view.ID) {
			continue
		}
		w := queueFiguresWire{
			Queue: q.view.ID, Tenant: q.view.Tenant, Name: q.view.Name, ServiceLevel: Seconds(q.limits.ServiceLevel), Waiting: q.view.Waiting, Free: q.view.Free,
		}
		if !q.longest.IsZero() {
			w.WaitingSince = &q.longest
		}
		begins, level := x.begins(q.view.Tenant), x.level(q.view.Tenant)
		w.Today = spanToWire(begins[today], q.spans[today], level)
		w.LastHour = spanToWire(begins[lastHour], q.spans[lastHour], level)
		w.LastQuarter = spanToWire(begins[lastQuarter], q.spans[lastQuarter], level)
		out.Queues = append(out.Queues, w)
	}
	return ok(out)
}

// asked reads the tenant and takes the standing.
func (s *Server) asked(r *request) (core.TenantID, *standing, error) {
	tenant, err := r.tenant()
	if err != nil {
		return "", nil, err
	}
	x, err := s.standing(r.ctx())
	return tenant, x, err
}

func (x *standing) level(t core.TenantID) figures.Formula {
	if y, ok := x.tenants[t]; ok {
		return y.level
	}
	return figures.AbandonIgnored
}

func (x *standing) yardsticks(see sight, only core.TenantID) []yardstickWire {
	out := []yardstickWire{}
	for id, y := range x.tenants {
		if (only == "" || id == only) && see.tenantAllowed(id) {
			out = append(out, yardstickWire{id, y.place.String(), y.day.UTC(), y.dayEnds.UTC(), y.level.ID(), Seconds(y.short)})
		}
	}
	slices.SortFunc(out, func(a, b yardstickWire) int { return strings.Compare(string(a.Tenant), string(b.Tenant)) })
	return out
}

// agentSpanWire is what an agent did in a span of time.
type agentSpanWire struct {
	From      time.Time `json:"from"`
	Answered  int       `json:"answered"` // offers of queues
	Handled   int       `json:"handled"`
	Talked    Seconds   `json:"talked"`
	Wrapped   Seconds   `json:"wrapped"`
	AHT       *float64  `json:"aht,omitempty"`
	Available Seconds   `json:"available"`
	Idle      Seconds   `json:"idle"`
	Reserved  Seconds   `json:"reserved"`
	Engaged   Seconds   `json:"engaged"`
	WrapUp    Seconds   `json:"wrap_up"`
	RONA      Seconds   `json:"rona"`
	Occupancy *float64  `json:"occupancy,omitempty"`
}

type agentFiguresWire struct {
	Agent    core.AgentID    `json:"agent"`
	Tenant   core.TenantID   `json:"tenant"`
	Name     string          `json:"name"`
	State    core.AgentState `json:"state"`
	Since    time.Time       `json:"since"`
	Today    agentSpanWire   `json:"today"`
	LastHour agentSpanWire   `json:"last_60_minutes"`
}

type agentFigures struct {
	At       time.Time          `json:"at"`
	Tenants  []yardstickWire    `json:"tenants"`
	Formulas []formulaWire      `json:"formulas"`
	Agents   []agentFiguresWire `json:"agents"`
}

func agentSpanToWire(from time.Time, m measured) agentSpanWire {
	t := m.times
	return agentSpanWire{
		From: from.UTC(), Answered: m.Answered, Handled: m.Handled, Talked: Seconds(m.Talked), Wrapped: Seconds(m.Wrapped), AHT: numberOf(figures.HandlingTime, m.Counts),
		Available: Seconds(t.Available), Idle: Seconds(t.Idle), Reserved: Seconds(t.Reserved), Engaged: Seconds(t.Engaged), WrapUp: Seconds(t.WrapUp), RONA: Seconds(t.RONA),
		Occupancy: occupancyOf(t),
	}
}

// agentFigures gives the live figures of the agents that somebody may see.
func (s *Server) agentFigures(r *request) (reply, error) {
	tenant, x, err := s.asked(r)
	if err != nil {
		return reply{}, err
	}
	out := agentFigures{At: x.at.UTC(), Tenants: x.yardsticks(r.sees, tenant), Formulas: formulasWire(), Agents: []agentFiguresWire{}}
	for i := range x.agents {
		a := &x.agents[i]
		if tenant != "" && a.view.Tenant != tenant || !r.sees.agent(a.view.Tenant, a.view.ID) {
			continue
		}
		begins := x.begins(a.view.Tenant)
		out.Agents = append(out.Agents, agentFiguresWire{
			Agent: a.view.ID, Tenant: a.view.Tenant, Name: a.view.Name, State: a.view.State, Since: a.view.Since,
			Today: agentSpanToWire(begins[today], a.spans[today]), LastHour: agentSpanToWire(begins[lastHour], a.spans[lastHour]),
		})
	}
	return ok(out)
}

// series are the figures of intervals that follow each other.
type series struct {
	At       time.Time     `json:"at"`
	Tenant   yardstickWire `json:"tenant"`
	Queue    core.QueueID  `json:"queue,omitempty"` // absent = all that one may see
	From     time.Time     `json:"from"`
	To       time.Time     `json:"to"`
	Interval Seconds       `json:"interval"`
	Formulas []formulaWire `json:"formulas"`
	Items    []spanWire    `json:"items"`
}

const (
	mostIntervals = 400
	longestSeries = 31 * 24 * time.Hour
	wholeDays     = 24 * time.Hour // an interval of so long is a day by the tenant's clocks, whatever its length
)

var intervals = []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, wholeDays}

// figureSeries gives the history of a day, or of several.
func (s *Server) figureSeries(r *request) (reply, error) {
	tenant, x, err := s.asked(r)
	if err != nil {
		return reply{}, err
	}
	if tenant == "" {
		all := slices.Collect(maps.Keys(x.tenants))
		if len(all) != 1 {
			return reply{}, invalid("tenant", "must be named: each tenant has its own clocks")
		}
		tenant = all[0]
	}
	y, found := x.tenants[tenant]
	if !found {
		return reply{}, invalid("tenant", "must be the id of a tenant")
	}
	queue, err := r.text("queue", 128)
	if err != nil {
		return reply{}, err
	}
	var of []core.QueueID
	for i := range x.queues {
		q := x.queues[i].view
		if q.Tenant == tenant && r.sees.queue(q.Tenant, q.ID) && (queue == "" || string(q.ID) == queue) {
			of = append(of, q.ID)
		}
	}
	if queue != "" && len(of) == 0 {
		return reply{}, invalid("queue", "must be the id of a queue")
	}
	from, to, step, err := seriesSpan(r, y, x.at)
	if err != nil {
		return reply{}, err
	}
	out := series{
		At: x.at.UTC(), Tenant: x.yardsticks(r.sees, tenant)[0], Queue: core.QueueID(queue), From: from.UTC(), To: to.UTC(), Interval: Seconds(step), Formulas: formulasWire(), Items: []spanWire{},
	}
	err = s.overBook(r, tenant, from, to, func(b *figures.Book) {
		for at := from; at.Before(to); {
			next := at.Add(step)
			if step == wholeDays {
				_, next = figures.Day(at, y.place)
			}
			var m measured
			if queue == "" && !r.sees.ByTeam {
				m.Counts = b.Tenant(tenant, at, earlier(next, to)) // a queue that was deleted since had its callers all the same
			} else {
				for _, q := range of {
					m.Add(b.Queue(tenant, q, at, earlier(next, to)))
				}
			}
			out.Items = append(out.Items, spanToWire(at, m, y.level))
			at = next
		}
	})
	if err != nil {
		return reply{}, err
	}
	return ok(out)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// seriesSpan reads which time is asked for, and in which steps: the day so far in quarters of an hour, unless the request says otherwise.
func seriesSpan(r *request, y yardstick, now time.Time) (from, to time.Time, step time.Duration, err error) {
	if from, to, err = r.span(); err != nil {
		return from, to, step, err
	}
	if to.IsZero() || to.After(now) {
		to = now
	}
	if from.IsZero() {
		from, _ = figures.Day(to.Add(-1), y.place)
	}
	from = from.Truncate(time.Minute)
	step = 15 * time.Minute
	text, err := r.text("interval", 8)
	if err != nil {
		return from, to, step, err
	}
	if text != "" {
		n, err := strconv.Atoi(text)
		step = time.Duration(n) * time.Second
		if err != nil || n > 1e6 || !slices.Contains(intervals, step) {
			return from, to, step, invalid("interval", "must be 300, 900, 1800, 3600 or 86400 seconds")
		}
	}
	if step == wholeDays {
		from, _ = figures.Day(from, y.place)
	}
	switch length := to.Sub(from); {
	case length > longestSeries+wholeDays || length/step > mostIntervals:
		err = invalid("from", "must not be more than 31 days or 400 intervals before to")
	case length < 0:
		to = from
	}
	return from, to, step, err
}

// overBook hands over a book that has a span of time: the one of the present day where that reaches back far enough, or one that is written for the occasion.
func (s *Server) overBook(r *request, tenant core.TenantID, from, to time.Time, read func(*figures.Book)) error {
	l := &s.ledger
	l.mu.Lock()
	if l.book != nil && !from.Before(l.from) {
		defer l.mu.Unlock()
		read(l.book)
		return nil
	}
	l.mu.Unlock()
	// One at a time: each goes through all that was measured in its span.
	select {
	case s.digging <- struct{}{}:
		defer func() { <-s.digging }()
	case <-r.ctx().Done():
		return ErrBusy
	}
	book, err := s.history(r.ctx(), tenant, from, to)
	if err != nil {
		return err
	}
	read(book)
	return nil
}
