package core

import (
	"slices"
	"strings"
	"time"
)

// Hours are when entry points are open (N4): spans of each day of the week, by the clocks of a place, and days that are otherwise.
//
// The rules read no files, so they cannot know a time zone by its name. They are told how the place's clocks go, as a list of changes (Clock); with the set-up it is in the
// journal, so that a replay on another machine, with other time zones, finds what was found then. Whoever hands the set-up over makes it: see models.Hours.
//
// Times of day are what the place's clocks show. On a day on which they are changed, a span begins when they show its beginning or go past it: 02:30 to 04:00 is from
// 03:00 where there is no 02:30; and what the clocks show twice is within the span twice.
type Hours struct {
	ID     HoursID  `json:"id"`
	Tenant TenantID `json:"tenant"`
	Name   string   `json:"name"`
	// Week has what is open on usual days, several spans a day; a day without any is a day off.
	Week []WeekSpan `json:"week,omitempty"`
	// Days are otherwise: holidays, short days, extra ones.
	Days []SpecialDay `json:"days,omitempty"`
	// Clock has the place's offsets from UTC, the earliest first. What is before the first has its offset, without any it is UTC.
	Clock []ClockChange `json:"clock,omitempty"`
}

// DaySpan is part of a day: from a time of day, as "09:00", up to and without another, up to "24:00". One that ends no later than it begins goes on until that
// time of the next day.
type DaySpan struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// WeekSpan is a span of a day of the week.
type WeekSpan struct {
	Day  string `json:"day"`  // monday to sunday: see [Weekdays]
	From string `json:"from"` // as of a [DaySpan]
	To   string `json:"to"`
}

// Weekdays lists the days of the week by the names that spans have, Monday first.
func Weekdays() []string {
	return []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
}

// SpecialDay is a day that is not as its weekday. All that holds on it is here: what began the day before ends at midnight.
type SpecialDay struct {
	Date string    `json:"date"` // "2026-12-24", or of every year "12-24"; the former has precedence
	Name string    `json:"name,omitempty"`
	Open []DaySpan `json:"open,omitempty"` // empty = closed
}

// ClockChange is when the clocks of a place get another offset from UTC.
type ClockChange struct {
	At     int64 `json:"at"`     // seconds since 1970, UTC
	Offset int   `json:"offset"` // seconds east of UTC, from then on
}

// ClockOf lists how the clocks of a place go from one time to another.
func ClockOf(place *time.Location, from, to time.Time) []ClockChange {
	var clock []ClockChange
	for at := from; at.Before(to); {
		_, offset := at.In(place).Zone()
		if n := len(clock); n == 0 || clock[n-1].Offset != offset { // a change of the zone's name is none of its clocks
			clock = append(clock, ClockChange{At: at.Unix(), Offset: offset})
		}
		_, next := at.In(place).ZoneBounds()
		if next.IsZero() {
			break
		}
		at = next
	}
	return clock
}

// Open reports whether an entry point with these hours takes calls at a time.
func (h Hours) Open(at time.Time) bool {
	local := h.local(at)
	return h.dayOf(local).open(local)
}

// openDay is what is open on one day.
type openDay struct {
	own  []DaySpan
	rest []DaySpan // what goes on from the day before: only its end counts
}

// dayOf gives what is open on the day of a local time.
func (h Hours) dayOf(local time.Time) openDay {
	own, special := h.spansOf(local)
	if special {
		return openDay{own: own}
	}
	before, _ := h.spansOf(local.AddDate(0, 0, -1))
	return openDay{own: own, rest: slices.DeleteFunc(slices.Clone(before), func(s DaySpan) bool { return !s.overnight() })}
}

// open reports whether it is open at a local time of the day.
func (d openDay) open(local time.Time) bool {
	now := local.Format("15:04")
	return slices.ContainsFunc(d.own, func(s DaySpan) bool { return s.From <= now && (now < s.To || s.overnight()) }) ||
		slices.ContainsFunc(d.rest, func(s DaySpan) bool { return now < s.To })
}

// horizon is how many days ahead [Hours.Until] looks.
const horizon = 400

// Until is when it is no more as it is at a time: when open hours close, or closed ones open. Zero = not within the next 400 days.
func (h Hours) Until(at time.Time) time.Time {
	open, today := h.Open(at), h.local(at)
	today = today.Truncate(24 * time.Hour) // midnight: local times are written as of UTC
	for ahead := range horizon + 1 {       // today is the first
		day := today.AddDate(0, 0, ahead)
		d := h.dayOf(day)
		for _, t := range h.edges(day, d) {
			if t.After(at) && d.open(h.local(t)) != open {
				return t
			}
		}
	}
	return time.Time{}
}

// edges are the times of a day at which it may become otherwise, in their order.
func (h Hours) edges(day time.Time, d openDay) []time.Time {
	clocks := []string{"00:00"}
	for _, s := range d.own {
		clocks = append(clocks, s.From, s.To)
	}
	for _, s := range d.rest {
		clocks = append(clocks, s.To)
	}
	from, to := day.Add(-24*time.Hour), day.Add(48*time.Hour) // in UTC the day is between them, wherever the place is
	offsets := []int{h.offset(from.Unix())}
	var edges []time.Time
	for _, c := range h.Clock {
		if c.At > from.Unix() && c.At < to.Unix() {
			offsets = append(offsets, c.Offset)
			if at := time.Unix(c.At, 0).UTC(); h.local(at).Truncate(24 * time.Hour).Equal(day) {
				edges = append(edges, at)
			}
		}
	}
	for _, clock := range clocks {
		if clock == "24:00" {
			continue // is the next day's 00:00
		}
		for _, offset := range offsets {
			at := day.Add(sinceMidnight(clock) - time.Duration(offset)*time.Second)
			if h.offset(at.Unix()) == offset { // the clocks do show it then
				edges = append(edges, at)
			}
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	return edges
}

// sinceMidnight reads a time of day.
func sinceMidnight(clock string) time.Duration {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return 0 // no set-up has such a one
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func (s DaySpan) overnight() bool { return s.To <= s.From }

// spansOf gives what is open on the day of a local time, and whether it is a special day.
func (h Hours) spansOf(local time.Time) ([]DaySpan, bool) {
	for _, layout := range []string{time.DateOnly, "01-02"} {
		date := local.Format(layout)
		for _, d := range h.Days {
			if d.Date == date {
				return d.Open, true
			}
		}
	}
	weekday := strings.ToLower(local.Weekday().String())
	var spans []DaySpan
	for _, s := range h.Week {
		if s.Day == weekday {
			spans = append(spans, DaySpan{From: s.From, To: s.To})
		}
	}
	return spans, false
}

// local is what the clocks of the place show, written as a time of UTC.
func (h Hours) local(at time.Time) time.Time {
	return at.UTC().Add(time.Duration(h.offset(at.Unix())) * time.Second)
}

func (h Hours) offset(at int64) int {
	offset := 0
	for i, c := range h.Clock {
		if i > 0 && c.At > at {
			break
		}
		offset = c.Offset
	}
	return offset
}

// closed reports whether an entry point takes no calls now: it is switched off (N3), or outside its hours (N4). Hours that nobody has told of close nothing: a call that
// rings in vain is better than one that is turned away by mistake.
func (s *Shard) closed(e *EntryPoint) bool {
	if e.Off {
		return true
	}
	h := s.st.Hours[e.Hours]
	return h != nil && !h.Open(s.now.Time())
}

// whyClosed says it of an entry point that is closed.
func (e *EntryPoint) whyClosed() string {
	if e.Off {
		return "the entry point is switched off"
	}
	return "the entry point is outside its opening hours"
}
