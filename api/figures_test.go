package api

import (
	"net/url"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

// watch is a clock that is set by hand.
type watch struct{ at atomic.Int64 }

func (w *watch) set(t time.Time)         { w.at.Store(t.UnixNano()) }
func (w *watch) now() time.Time          { return time.Unix(0, w.at.Load()).UTC() }
func (w *watch) forward(d time.Duration) { w.set(w.now().Add(d)) }

// noon in Berlin, in winter.
var noonThere = time.Date(2026, 1, 31, 11, 0, 0, 0, time.UTC)

// measuring is a world with a clock in Berlin, where acme goes by abandon_negative and takes five seconds for a wrong number.
func measuring(t *testing.T) (*world, *watch) {
	t.Helper()
	clock := &watch{}
	clock.set(noonThere)
	w := newWorld(t, func(c *Config) { c.Now = clock.now })
	w.good(200, "admin", put, "/api/v1/tenants/acme",
		`{"name":"Acme","zone":"Europe/Berlin","service_level":"abandon_negative","short_abandon":5,"mask_numbers":true,"idle_reasons":["lunch"]}`)
	return w, clock
}

// ends are measures of queue sales, each so long before a time.
func ends(at time.Time, kind figures.Kind, agent core.AgentID, lasted time.Duration, before ...time.Duration) (out []figures.Measure) {
	for _, b := range before {
		out = append(out, figures.Measure{Kind: kind, At: at.Add(-b), Tenant: "acme", Queue: "sales", Agent: agent, Lasted: lasted})
	}
	return out
}

func TestHowTheQueuesStandQ10(t *testing.T) {
	w, clock := measuring(t)
	m, s := time.Minute, time.Second
	w.store.measure(ends(noonThere, figures.Entered, "", 0, 13*time.Hour, 11*time.Hour, 30*m, 5*m)...)
	w.store.measure(ends(noonThere, figures.Answered, "anna", 10*s, 13*time.Hour, 11*time.Hour, 30*m)...) // the first was yesterday
	w.store.measure(ends(noonThere, figures.Answered, "bert", 50*s, 5*m)...)
	w.store.measure(ends(noonThere, figures.Abandoned, "", 3*s, 5*m)...)
	w.store.measure(ends(noonThere, figures.Abandoned, "", 15*s, 5*m)...)
	w.store.measure(ends(noonThere, figures.Talked, "anna", 90*s, 25*m)...)
	w.store.measure(ends(noonThere, figures.Wrapped, "anna", 30*s, 24*m)...)

	var f queueFigures
	w.good(200, "user:sam", get, "/api/v1/figures/queues", "").into(t, &f)
	require.Len(t, f.Queues, 1)
	q := f.Queues[0]
	require.Equal(t, core.QueueID("sales"), q.Queue)
	require.Equal(t, Seconds(20*s), q.ServiceLevel)
	require.Equal(t, []yardstickWire{{"acme", "Europe/Berlin", noonThere.Add(-12 * time.Hour), noonThere.Add(12 * time.Hour), "abandon_negative/1", Seconds(5 * s)}}, f.Tenants)
	require.Len(t, f.Formulas, 8)
	require.Equal(t, noonThere.Add(-12*time.Hour), q.Today.From)
	require.Equal(t, 3, q.Today.Entered)
	require.Equal(t, 3, q.Today.Answered)
	require.Equal(t, 2, q.Today.AnsweredInTime)
	require.Equal(t, 1, q.Today.AbandonedShort)
	require.Equal(t, 4, q.Today.Presented)
	require.InDelta(t, 2.0/4, *q.Today.ServiceLevel, 1e-4)
	require.Equal(t, map[string]float64{"abandon_negative": 0.5, "answered_only": 0.6667, "abandon_ignored": 0.6667, "abandon_positive": 0.75}, q.Today.ServiceLevels)
	require.InDelta(t, 70.0/3, *q.Today.ASA, 1e-4)
	require.InDelta(t, 120.0, *q.Today.AHT, 1e-4)
	require.Equal(t, 2, q.LastHour.Answered)
	require.Equal(t, 1, q.LastQuarter.Answered)
	require.Nil(t, q.LastQuarter.AHT, "nobody has finished a conversation in the last quarter of an hour")
	require.Nil(t, q.WaitingSince)

	// What comes is counted without anything being read twice, and what is asked within a second is answered from one standing.
	w.store.measure(ends(noonThere, figures.Answered, "bert", 50*s, 0)...)
	asked := w.store.asked
	w.good(200, "user:sam", get, "/api/v1/figures/queues", "").into(t, &f)
	require.Equal(t, 3, f.Queues[0].Today.Answered)
	require.Equal(t, asked, w.store.asked)
	clock.forward(s)
	w.good(200, "user:sam", get, "/api/v1/figures/queues", "").into(t, &f)
	require.Equal(t, 4, f.Queues[0].Today.Answered)
	require.Equal(t, asked+1, w.store.asked)

	// Another threshold counts for the day that has been: its measures are facts.
	w.good(200, "admin", put, "/api/v1/queues/sales", `{"tenant":"acme","name":"Sales","members":[{"agent":"anna"},{"agent":"bert"}],"service_level":60}`)
	clock.forward(2 * s)
	w.good(200, "user:sam", get, "/api/v1/figures/queues", "").into(t, &f)
	require.Equal(t, 4, f.Queues[0].Today.AnsweredInTime)

	// Midnight.
	clock.set(noonThere.Add(12*time.Hour + s))
	w.store.measure(ends(clock.now(), figures.Answered, "bert", 50*s, 0)...)
	w.good(200, "user:sam", get, "/api/v1/figures/queues", "").into(t, &f)
	require.Equal(t, 1, f.Queues[0].Today.Answered)
	require.Equal(t, 1, f.Queues[0].LastHour.Answered)
}

func TestWaitingCallersStandInTheFigures(t *testing.T) {
	w := newWorld(t)
	id := w.dials("+4915112345678")
	var f queueFigures
	w.good(200, "supervisor", get, "/api/v1/figures/queues?tenant=acme", "").into(t, &f)
	require.Equal(t, 1, f.Queues[0].Waiting)
	c, found := w.loop.View().Call(id)
	require.True(t, found)
	require.WithinDuration(t, c.QueuedAt, *f.Queues[0].WaitingSince, 0)
}

func TestWhatTheAgentsHaveDoneQ10(t *testing.T) {
	w, _ := measuring(t)
	m := time.Minute
	w.store.measure(ends(noonThere, figures.Talked, "anna", 5*m, 90*m, 30*m)...)
	w.store.measure(figures.OfState("acme", "anna", core.Available, noonThere.Add(-2*time.Hour), noonThere.Add(-50*m)),
		figures.OfState("acme", "anna", core.Engaged, noonThere.Add(-50*m), noonThere.Add(-40*m)))
	var f agentFigures
	w.good(200, "user:sam", get, "/api/v1/figures/agents", "").into(t, &f)
	require.Len(t, f.Agents, 2)
	a := f.Agents[0]
	require.Equal(t, core.AgentID("anna"), a.Agent)
	require.Equal(t, 2, a.Today.Handled)
	require.Equal(t, 1, a.LastHour.Handled)
	require.Equal(t, Seconds(70*m), a.Today.Available)
	require.Equal(t, Seconds(10*m), a.LastHour.Available)
	require.Equal(t, Seconds(10*m), a.LastHour.Engaged)
	require.InDelta(t, 0.125, *a.Today.Occupancy, 1e-4)
	require.InDelta(t, 0.5, *a.LastHour.Occupancy, 1e-4)
	require.Nil(t, f.Agents[1].Today.Occupancy)
	// A queue's occupancy is that of its members.
	var q queueFigures
	w.good(200, "user:sam", get, "/api/v1/figures/queues", "").into(t, &q)
	require.InDelta(t, 0.5, *q.Queues[0].LastHour.Occupancy, 1e-4)
}

func TestFiguresOfOthersAreNotShownS3(t *testing.T) {
	w, clock := measuring(t)
	w.good(201, "admin", post, "/api/v1/queues", `{"id":"back","tenant":"acme","name":"Back","members":[{"agent":"bert"}]}`)
	clock.forward(time.Minute)
	for as, sees := range map[string][2]int{"admin": {2, 3}, "user:sam": {2, 2}, "user:eve": {1, 1}, "user:gina": {0, 1}, "globex": {0, 1}} {
		var q queueFigures
		w.good(200, as, get, "/api/v1/figures/queues", "").into(t, &q)
		require.Len(t, q.Queues, sees[0], as)
		var a agentFigures
		w.good(200, as, get, "/api/v1/figures/agents", "").into(t, &a)
		require.Len(t, a.Agents, sees[1], as)
		if as != "admin" {
			require.Len(t, q.Tenants, 1, as)
		}
	}
	w.bad(403, CodeForbidden, "tenant", "user:gina", get, "/api/v1/figures/queues?tenant=acme", "")
	w.bad(422, CodeInvalid, "queue", "user:eve", get, "/api/v1/figures/series?queue=back", "")
	w.good(200, "user:eve", get, "/api/v1/figures/series?queue=sales", "")
	// And the sum of all is of those that one may see.
	w.store.measure(figures.Measure{Kind: figures.Answered, At: clock.now().Add(-time.Hour), Tenant: "acme", Queue: "back", Agent: "bert"})
	clock.forward(time.Minute)
	for as, answered := range map[string]int{"user:sam": 1, "user:eve": 0} {
		var s series
		w.good(200, as, get, "/api/v1/figures/series?interval=86400", "").into(t, &s)
		require.Len(t, s.Items, 1)
		require.Equal(t, answered, s.Items[0].Answered, as)
	}
}

func TestTheHistoryOfADayQ10(t *testing.T) {
	w, _ := measuring(t)
	w.store.measure(ends(noonThere, figures.Answered, "anna", 10*time.Second, 36*time.Hour, 12*time.Hour, 11*time.Hour, 20*time.Minute, time.Minute)...)
	var s series
	w.good(200, "user:sam", get, "/api/v1/figures/series?queue=sales", "").into(t, &s)
	require.Len(t, s.Items, 48)
	require.Equal(t, noonThere.Add(-12*time.Hour), s.Items[0].From)
	answered := func() (at []int) {
		for i, x := range s.Items {
			for range x.Answered {
				at = append(at, i)
			}
		}
		return at
	}
	require.Equal(t, []int{0, 4, 46, 47}, answered())
	require.Equal(t, "Europe/Berlin", s.Tenant.Zone)

	// Of yesterday and the day before, by days of Berlin, which the book of today does not have.
	s = series{}
	w.good(200, "user:sam", get, "/api/v1/figures/series?interval=86400&from="+url.QueryEscape("2026-01-29T12:00:00+01:00"), "").into(t, &s)
	require.Len(t, s.Items, 3)
	require.Equal(t, []int{1, 2, 2, 2, 2}, answered())
	require.InDelta(t, 1.0, *s.Items[1].ServiceLevel, 1e-9)
	require.Nil(t, s.Items[0].ServiceLevel)

	for query, field := range map[string]string{
		"interval=60": "interval", "interval=x": "interval", "interval=9999999": "interval", "interval=-900": "interval", "queue=none": "queue", "tenant=none": "tenant",
		"interval=300&from=2026-01-20T00:00:00Z": "from", "interval=86400&from=2025-01-20T00:00:00Z": "from", "from=2026-01-30T00:00:00Z&to=2026-01-29T00:00:00Z": "to",
	} {
		as := "admin"
		if field != "tenant" {
			query += "&tenant=acme"
		}
		w.bad(422, CodeInvalid, field, as, get, "/api/v1/figures/series?"+query, "")
	}
	w.bad(422, CodeInvalid, "tenant", "admin", get, "/api/v1/figures/series", "")
	w.good(200, "user:sam", get, "/api/v1/figures/series?from=2027-01-01T00:00:00Z", "").into(t, &s)
	require.Empty(t, s.Items, "the future")
}

// Where the clocks go forward at midnight a series of days goes on behind the day that has no midnight.
func TestASeriesGoesOnBehindADayWithoutMidnightQ10(t *testing.T) {
	w, clock := measuring(t)
	clock.set(time.Date(2026, 4, 10, 12, 0, 0, 0, time.UTC))
	w.good(200, "admin", put, "/api/v1/tenants/acme", `{"name":"Acme","zone":"Atlantic/Azores"}`)
	var s series
	w.good(200, "admin", get, "/api/v1/figures/series?tenant=acme&interval=86400&from=2026-03-28T12:00:00Z&to=2026-03-31T12:00:00Z", "").into(t, &s)
	var days []string
	for _, x := range s.Items {
		days = append(days, x.From.Format(time.RFC3339))
	}
	require.Equal(t, []string{"2026-03-28T01:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z"}, days)
}

// What a tenant's callers met yesterday is not changed by deleting a queue today.
func TestADeletedQueueHasItsHistoryQ10(t *testing.T) {
	w, clock := measuring(t)
	w.good(201, "admin", post, "/api/v1/queues", `{"id":"gone","tenant":"acme","name":"Gone","members":[{"agent":"bert"}]}`)
	yesterday := noonThere.Add(-24 * time.Hour)
	w.store.measure(ends(yesterday, figures.Answered, "anna", time.Second, 0)...)
	w.store.measure(figures.Measure{Kind: figures.Abandoned, At: yesterday, Tenant: "acme", Queue: "gone", Lasted: time.Minute})
	w.store.measure(figures.Measure{Kind: figures.Abandoned, At: yesterday, Tenant: "globex", Queue: "theirs", Lasted: time.Minute})
	history := func(as string) spanWire {
		clock.forward(2 * time.Second)
		var s series
		w.good(200, as, get, "/api/v1/figures/series?tenant=acme&interval=86400&from=2026-01-30T00:00:00Z&to=2026-01-30T22:00:00Z", "").into(t, &s)
		require.Len(t, s.Items, 1)
		return s.Items[0]
	}
	before := history("admin")
	require.Equal(t, 2, before.Presented)
	w.good(204, "admin", del, "/api/v1/queues/gone", "")
	require.Equal(t, before, history("admin"))
	require.Equal(t, 1, history("user:eve").Presented, "of the queues of her team")
}

// TestTheNextQueueOfAnIDHasNoOtherTenantsFigures: ids are the whole site's, and that of a deleted queue may be given again (S3).
func TestTheNextQueueOfAnIDHasNoOtherTenantsFigures(t *testing.T) {
	w, clock := measuring(t)
	w.good(201, "admin", post, "/api/v1/queues", `{"id":"gone","tenant":"acme","name":"Gone","members":[{"agent":"bert"}]}`)
	w.store.measure(figures.Measure{Kind: figures.Abandoned, At: noonThere.Add(-time.Hour), Tenant: "acme", Queue: "gone", Lasted: time.Minute})
	today := func(as string) spanWire {
		clock.forward(2 * time.Second)
		var f queueFigures
		w.good(200, as, get, "/api/v1/figures/queues", "").into(t, &f)
		i := slices.IndexFunc(f.Queues, func(q queueFiguresWire) bool { return q.Queue == "gone" })
		require.GreaterOrEqual(t, i, 0)
		return f.Queues[i].Today
	}
	require.Equal(t, 1, today("user:sam").Abandoned)
	w.good(204, "admin", del, "/api/v1/queues/gone", "")
	w.good(201, "admin", post, "/api/v1/queues", `{"id":"gone","tenant":"globex","name":"Ours now"}`)
	require.Zero(t, today("user:gina").Abandoned)
}

// What the projector makes of calls is what the figures show.
func TestFiguresOfACallQ10(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, onDatabase(t, db))
		_, sub, err := w.loop.Follow()
		require.NoError(t, err)
		id := w.connects("anna", "1001", "+4915112345678")
		w.good(200, "anna", post, "/api/v1/calls/"+string(id)+"/end", "")
		record := w.project(t, db, sub, id)

		var f queueFigures
		w.good(200, "user:sam", get, "/api/v1/figures/queues", "").into(t, &f)
		for _, span := range []spanWire{f.Queues[0].LastHour, f.Queues[0].LastQuarter} {
			require.Equal(t, []int{1, 1, 1, 1}, []int{span.Entered, span.Answered, span.AnsweredInTime, span.Handled})
			require.InDelta(t, record.Wait.Seconds(), *span.ASA, 0.001)
			require.InDelta(t, 1.0, *span.ServiceLevel, 1e-9)
		}
		var a agentFigures
		w.good(200, "user:sam", get, "/api/v1/figures/agents", "").into(t, &a)
		require.Equal(t, 1, a.Agents[0].LastHour.Handled)
		require.InDelta(t, record.Talk.Seconds(), time.Duration(a.Agents[0].LastHour.Talked).Seconds(), 0.001)
		require.Positive(t, a.Agents[0].LastHour.WrapUp, "it is doing its wrap-up")
		var s series
		w.good(200, "user:sam", get, "/api/v1/figures/series?from="+url.QueryEscape(record.ArrivedAt.Add(-time.Hour).Format(time.RFC3339)), "").into(t, &s)
		answered := 0
		for _, x := range s.Items {
			answered += x.Answered
		}
		require.Equal(t, 1, answered)
		w.good(200, "user:sam", get, "/api/v1/figures/series?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "").into(t, &s)
		require.Len(t, s.Items, 96)
	})
}
