package figures_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/figures"
)

var nine = time.Date(2026, 1, 30, 9, 0, 0, 0, time.UTC)

// trace is a morning of ten callers, as in docs of other systems: six answered (four of them within 20 s), three given up (one after 2 s, one after 15 s, one after
// 60 s), one for whom nobody came.
func trace() []figures.Measure {
	stay := func(kind figures.Kind, agent core.AgentID, wait time.Duration) figures.Measure {
		return figures.Measure{Kind: kind, At: nine, Queue: "sales", Agent: agent, Lasted: wait}
	}
	s := time.Second
	return []figures.Measure{
		stay(figures.Answered, "anna", 4*s), stay(figures.Answered, "anna", 10*s), stay(figures.Answered, "bert", 16*s), stay(figures.Answered, "bert", 20*s),
		stay(figures.Answered, "bert", 40*s), stay(figures.Answered, "anna", 90*s),
		stay(figures.Abandoned, "", 2*s), stay(figures.Abandoned, "", 15*s), stay(figures.Abandoned, "", 60*s), stay(figures.Unanswered, "", 120*s),
		stay(figures.Lost, "", 5*s), stay(figures.Refused, "", 0),
		stay(figures.Talked, "anna", 100*s), stay(figures.Talked, "anna", 140*s), stay(figures.Talked, "bert", 180*s),
		stay(figures.Wrapped, "anna", 30*s), stay(figures.Wrapped, "bert", 30*s),
	}
}

func counted(t figures.Thresholds) (c figures.Counts) {
	for _, m := range trace() {
		c.Take(m, t)
	}
	return c
}

// TestFormulasQ10 holds every formula to what comes out by hand.
func TestFormulasQ10(t *testing.T) {
	s := time.Second
	for _, x := range []struct {
		name       string
		thresholds figures.Thresholds
		presented  int
		want       map[string]float64
	}{
		{"no short ones", figures.Thresholds{ServiceLevel: 20 * s}, 10, map[string]float64{
			"answered_only/1":    4.0 / 6,          // app_queue's first, UCCX "only handled"
			"abandon_ignored/1":  4.0 / (10 - 2),   // UCCX "without abandon", UCCE ignore
			"abandon_positive/1": (4.0 + 2.0) / 10, // app_queue's second
			"abandon_negative/1": 4.0 / 10,
			"abandonment/1":      3.0 / 10,
			"asa/1":              180.0 / 6,
			"aht/1":              (420.0 + 60) / 3,
		}},
		{"five seconds are short", figures.Thresholds{ServiceLevel: 20 * s, ShortAbandon: 5 * s}, 9, map[string]float64{
			"answered_only/1":    4.0 / 6,
			"abandon_ignored/1":  4.0 / (9 - 1),
			"abandon_positive/1": (4.0 + 1.0) / 9,
			"abandon_negative/1": 4.0 / 9,
			"abandonment/1":      2.0 / 9,
			"asa/1":              30,
			"aht/1":              160,
		}},
		{"a minute is in time", figures.Thresholds{ServiceLevel: time.Minute}, 10, map[string]float64{
			"answered_only/1": 5.0 / 6, "abandon_ignored/1": 5.0 / (10 - 3), "abandon_positive/1": 8.0 / 10, "abandon_negative/1": 5.0 / 10,
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := counted(x.thresholds)
			require.Equal(t, x.presented, c.Presented())
			require.Equal(t, 120*s, c.LongestWait)
			require.Equal(t, 1, c.Lost)
			require.Equal(t, 1, c.Refused)
			for _, f := range append(figures.ServiceLevels(), figures.Abandonment, figures.SpeedOfAnswer, figures.HandlingTime) {
				want, asked := x.want[f.ID()]
				if !asked {
					continue
				}
				got, ok := f.Of(c)
				require.True(t, ok, f.ID())
				require.InDelta(t, want, got, 1e-9, f.ID())
				require.NotEmpty(t, f.Text)
			}
		})
	}
}

func TestNothingIsNoFigure(t *testing.T) {
	for _, f := range append(figures.ServiceLevels(), figures.Abandonment, figures.SpeedOfAnswer, figures.HandlingTime) {
		_, ok := f.Of(figures.Counts{Lost: 3, AbandonedShort: 1, Refused: 2})
		require.False(t, ok, "%s of nobody is neither 0 nor 1", f.ID())
	}
	away := figures.StateTimes{Idle: time.Hour, RONA: time.Hour}
	_, ok := away.Occupancy()
	require.False(t, ok)
	_, ok = figures.ServiceLevel("made_up")
	require.False(t, ok)
	f, ok := figures.ServiceLevel("")
	require.True(t, ok)
	require.Equal(t, figures.AbandonIgnored.ID(), f.ID())
}

func TestCountsAddUp(t *testing.T) {
	limits := figures.Thresholds{ServiceLevel: 20 * time.Second, ShortAbandon: 5 * time.Second}
	var parts figures.Counts
	for _, m := range trace() {
		var one figures.Counts
		one.Take(m, limits)
		parts.Add(one)
	}
	require.Equal(t, counted(limits), parts)
}

// TestOccupancyQ10: of an hour 20 minutes available, 2 ringing, 15 in calls, 3 in wrap-up, 15 at lunch, 5 away from a ringing phone.
func TestOccupancyQ10(t *testing.T) {
	b := figures.NewBook(nil)
	at := nine
	for _, x := range []struct {
		state core.AgentState
		lasts int
	}{
		{core.Available, 20}, {core.Reserved, 2}, {core.Engaged, 15}, {core.WrapUp, 3}, {core.Idle, 15}, {core.RONA, 4},
	} {
		until := at.Add(time.Duration(x.lasts) * time.Minute)
		b.Take(figures.OfState("acme", "anna", x.state, at, until))
		at = until
	}
	times := b.Times("anna", nine, nine.Add(time.Hour), core.RONA, at)
	m := time.Minute
	require.Equal(t, figures.StateTimes{Available: 20 * m, Reserved: 2 * m, Engaged: 15 * m, WrapUp: 3 * m, Idle: 15 * m, RONA: 5 * m}, times)
	got, ok := times.Occupancy()
	require.True(t, ok)
	require.InDelta(t, 18.0/40, got, 1e-9)
	// Part of it: from the middle of the availability to the middle of the conversation.
	times = b.Times("anna", nine.Add(10*m), nine.Add(30*m), core.RONA, at)
	require.Equal(t, figures.StateTimes{Available: 10 * m, Reserved: 2 * m, Engaged: 8 * m}, times)
	// What is not known is not counted.
	require.Equal(t, figures.StateTimes{}, b.Times("bert", nine, nine.Add(time.Hour), "", time.Time{}))
	// A state that goes on begins before the span.
	require.Equal(t, figures.StateTimes{Engaged: 60 * m}, b.Times("bert", nine, nine.Add(time.Hour), core.Engaged, nine.Add(-time.Hour)))
}

func TestABookIsReadByTheMinute(t *testing.T) {
	b := figures.NewBook(func(core.QueueID) figures.Thresholds { return figures.Thresholds{ServiceLevel: 20 * time.Second} })
	at := func(d time.Duration) time.Time { return nine.Add(d) }
	for _, d := range []time.Duration{0, 30 * time.Second, 61 * time.Second, 10 * time.Minute, 5 * time.Minute, 10*time.Minute + time.Second} { // one comes late
		b.Take(figures.Measure{Kind: figures.Answered, At: at(d), Tenant: "acme", Queue: "sales", Agent: "anna", Lasted: 10 * time.Second})
	}
	b.Take(figures.Measure{Kind: figures.Abandoned, At: at(0), Tenant: "acme", Queue: "sales", Lasted: 10 * time.Second})
	for _, x := range []struct {
		from, to time.Duration
		answered int
	}{
		{0, time.Hour, 6}, {0, time.Minute, 2}, {30 * time.Second, time.Minute, 2}, {time.Minute, 2 * time.Minute, 1}, {0, 61 * time.Second, 3},
		{5 * time.Minute, 10 * time.Minute, 1}, {10 * time.Minute, 10*time.Minute + 2*time.Second, 2}, {11 * time.Minute, time.Hour, 0}, {-time.Hour, 0, 0},
	} {
		require.Equal(t, x.answered, b.Queue("acme", "sales", at(x.from), at(x.to)).Answered, "%s to %s", x.from, x.to)
		require.Equal(t, x.answered, b.Agent("anna", at(x.from), at(x.to)).Answered, "%s to %s", x.from, x.to)
	}
	require.Equal(t, 1, b.Queue("acme", "sales", at(0), at(time.Hour)).AbandonedInTime)
	require.Zero(t, b.Agent("anna", at(0), at(time.Hour)).Abandoned)
	require.Zero(t, b.Queue("acme", "other", at(0), at(time.Hour)))
	require.Zero(t, b.Queue("globex", "sales", at(0), at(time.Hour)), "the id of a deleted queue may be another tenant's by now")
}

func TestMeasuresOfEntries(t *testing.T) {
	for _, x := range []struct {
		entry core.Entry
		want  figures.Kind // "" = measures nothing
	}{
		{core.Entry{Kind: core.EntryCallQueued, Reason: "arrival"}, figures.Entered},
		{core.Entry{Kind: core.EntryCallQueued, Reason: "direct"}, ""},
		{core.Entry{Kind: core.EntryTransferFailed}, figures.Entered},
		{core.Entry{Kind: core.EntryTransferFailed, Leg: "outside"}, ""},
		{core.Entry{Kind: core.EntryCallRefused, Reason: "queue_full"}, figures.Refused},
		{core.Entry{Kind: core.EntryCallConnected, Agent: "anna", Duration: time.Second}, figures.Answered},
		{core.Entry{Kind: core.EntryCallConnected, Agent: "anna", Reason: "direct"}, ""},
		{core.Entry{Kind: core.EntryCallLeftQueue, Reason: "abandoned"}, figures.Abandoned},
		{core.Entry{Kind: core.EntryCallLeftQueue, Reason: "unanswered"}, figures.Unanswered},
		{core.Entry{Kind: core.EntryCallLeftQueue, Reason: "lost"}, figures.Lost},
		{core.Entry{Kind: core.EntryTalkEnded, Agent: "anna", Reason: "caller"}, figures.Talked},
		{core.Entry{Kind: core.EntryWrapUpDone, Agent: "anna"}, figures.Wrapped},
		{core.Entry{Kind: core.EntryCallClosed}, ""},
		{core.Entry{Kind: core.EntryAgentState, Agent: "anna"}, ""},
	} {
		x.entry.Queue, x.entry.Tenant, x.entry.At = "sales", "acme", nine
		m, ok := figures.Of(&x.entry)
		require.Equal(t, x.want != "", ok, x.entry)
		require.Equal(t, x.want, m.Kind, x.entry)
		if ok {
			require.Equal(t, core.QueueID("sales"), m.Queue)
			require.Equal(t, x.entry.Agent, m.Agent)
			require.Equal(t, x.entry.Duration, m.Lasted)
		}
		x.entry.Queue = "" // refused before any queue
		_, ok = figures.Of(&x.entry)
		require.False(t, ok)
	}
}

func TestADayIsThePlaces(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	from, to := figures.Day(time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC), berlin) // the clocks go forward
	require.Equal(t, 23*time.Hour, to.Sub(from))
	require.Equal(t, "2026-03-28T23:00:00Z", from.UTC().Format(time.RFC3339))
	from, to = figures.Day(time.Date(2026, 10, 25, 23, 30, 0, 0, time.UTC), berlin) // already tomorrow there
	require.Equal(t, 24*time.Hour, to.Sub(from))
	require.Equal(t, 26, from.Day())
	from, to = figures.Day(time.Date(2026, 10, 24, 22, 30, 0, 0, time.UTC), berlin)
	require.Equal(t, 25*time.Hour, to.Sub(from))
	require.Equal(t, 25, from.Day())
}

// Clocks that go forward at midnight leave it out, those that go back to it have it twice: every moment is in its own day all the same, and a day begins where the one before it ends.
func TestEveryMomentIsInItsDayQ10(t *testing.T) {
	for zone, change := range map[string]time.Time{
		"America/Santiago": time.Date(2026, 9, 6, 4, 0, 0, 0, time.UTC),
		"America/Havana":   time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC),
		"Atlantic/Azores":  time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC),
		"Asia/Beirut":      time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC), // east of Greenwich
		"Cuba":             time.Date(2026, 11, 1, 5, 0, 0, 0, time.UTC),  // from one o'clock to midnight
		"Asia/Gaza":        time.Date(2020, 10, 23, 22, 0, 0, 0, time.UTC),
		"America/Asuncion": time.Date(2024, 3, 24, 3, 0, 0, 0, time.UTC), // from midnight to 23:00 of the day before
		"Europe/Berlin":    time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC),
	} {
		place, err := time.LoadLocation(zone)
		require.NoError(t, err)
		_, before := change.Add(-1).In(place).Zone()
		_, after := change.In(place).Zone()
		require.NotEqual(t, before, after, "%s: the clocks are changed at %s", zone, change)
		end := time.Time{}
		for at := change.Add(-48 * time.Hour); at.Before(change.Add(48 * time.Hour)); at = at.Add(10 * time.Minute) {
			from, to := figures.Day(at, place)
			require.False(t, at.Before(from) || !at.Before(to), "%s: %s is not in [%s, %s)", zone, at.In(place), from, to)
			require.Equal(t, at.In(place).Day(), from.Day(), zone)
			if !end.IsZero() && !end.Equal(to) {
				require.True(t, from.Equal(end), "%s: the day of %s begins at %s", zone, at.In(place), from)
			}
			end = to
		}
	}
}

// What an agent has spent in a state is not lost between leaving it and its being measured.
func TestAStateIsCountedBeforeItIsMeasuredQ10(t *testing.T) {
	b := figures.NewBook(func(core.QueueID) figures.Thresholds { return figures.Thresholds{} })
	from := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return from.Add(time.Duration(minutes) * time.Minute) }
	times := func(to int, state core.AgentState, since int) figures.StateTimes {
		return b.Times("anna", from, at(to), state, at(since))
	}
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	require.Equal(t, figures.StateTimes{Available: minutes(5)}, times(5, core.Available, 0))
	require.Equal(t, figures.StateTimes{Available: minutes(10), Idle: minutes(2)}, times(12, core.Idle, 10))
	want := figures.StateTimes{Available: minutes(11), Idle: minutes(5)}
	require.Equal(t, want, times(16, core.Available, 15))
	b.Take(figures.OfState("acme", "anna", core.Available, at(0), at(10)))
	require.Equal(t, want, times(16, core.Available, 15), "one is measured")
	b.Take(figures.OfState("acme", "anna", core.Idle, at(10), at(15)))
	require.Equal(t, want, times(16, core.Available, 15), "both are")
	require.Equal(t, want, times(16, "", 0), "what is known is known")
}
