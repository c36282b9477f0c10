package core

import (
	"testing"
	"time"
)

// Opening hours (N4): the expectations are in times of UTC, so that they do not rest on the arithmetic under test.

func placed(t testing.TB, zone string, h Hours) Hours {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatalf("load the zone: %v", err)
	}
	h.Clock = ClockOf(place, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	return h
}

func utc(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		t.Fatalf("read a time: %v", err)
	}
	return at
}

// office is open on weekdays with a break, on Friday night, and on special days otherwise.
func office() Hours {
	h := Hours{ID: "office", Days: []SpecialDay{
		{Date: "12-25", Name: "Christmas"},
		{Date: "2026-12-24", Name: "Christmas Eve", Open: []DaySpan{{"09:00", "12:00"}}},
		{Date: "12-24", Name: "Christmas Eve"},
		{Date: "2026-12-26", Name: "Sale", Open: []DaySpan{{"20:00", "02:00"}}},
		{Date: "2026-06-06", Name: "A Saturday after a night shift"},
	}}
	for _, day := range []string{"monday", "tuesday", "wednesday", "thursday", "friday"} {
		h.Week = append(h.Week, WeekSpan{day, "09:00", "12:00"}, WeekSpan{day, "13:00", "17:00"})
	}
	h.Week = append(h.Week, WeekSpan{"friday", "22:00", "06:00"})
	return h
}

func TestHours(t *testing.T) {
	t.Parallel()
	every := func(from, to string) Hours {
		var h Hours
		for _, day := range Weekdays() {
			h.Week = append(h.Week, WeekSpan{day, from, to})
		}
		return h
	}
	for _, c := range []struct {
		what, zone string
		hours      Hours
		at         string // UTC
		open       bool
		until      string // "" = for ever
	}{
		{"before they open", "Europe/Berlin", office(), "2026-11-23 07:59:59", false, "2026-11-23 08:00:00"},
		{"as they open", "Europe/Berlin", office(), "2026-11-23 08:00:00", true, "2026-11-23 11:00:00"},
		{"as the break begins", "Europe/Berlin", office(), "2026-11-23 11:00:00", false, "2026-11-23 12:00:00"},
		{"after the break", "Europe/Berlin", office(), "2026-11-23 12:00:00", true, "2026-11-23 16:00:00"},
		{"as they close", "Europe/Berlin", office(), "2026-11-23 16:00:00", false, "2026-11-24 08:00:00"},
		{"the same hours elsewhere", "America/New_York", office(), "2026-11-23 15:00:00", true, "2026-11-23 17:00:00"},
		{"a night", "Europe/Berlin", office(), "2026-11-27 22:00:00", true, "2026-11-28 05:00:00"},
		{"the morning after", "Europe/Berlin", office(), "2026-11-28 04:59:59", true, "2026-11-28 05:00:00"},
		{"the end of the night", "Europe/Berlin", office(), "2026-11-28 05:00:00", false, "2026-11-30 08:00:00"},
		{"days off", "Europe/Berlin", office(), "2026-11-29 11:00:00", false, "2026-11-30 08:00:00"},
		{"a short day", "Europe/Berlin", office(), "2026-12-24 10:59:59", true, "2026-12-24 11:00:00"},
		{"a dated day goes before a yearly one, and the yearly one holds elsewhere", "Europe/Berlin", office(), "2027-12-24 09:00:00", false, "2027-12-27 08:00:00"},
		{"a yearly day", "Europe/Berlin", office(), "2026-12-25 10:00:00", false, "2026-12-26 19:00:00"},
		{"a special night goes on", "Europe/Berlin", office(), "2026-12-27 00:30:00", true, "2026-12-27 01:00:00"},
		{"what began before a special day ends at midnight", "Europe/Berlin", office(), "2026-06-05 21:59:59", true, "2026-06-05 22:00:00"},
		{"a special day has nothing of the night before", "Europe/Berlin", office(), "2026-06-05 22:00:00", false, "2026-06-08 07:00:00"},

		// 29 March 2026: at 01:00 UTC the clocks go from 02:00 to 03:00.
		{"spring: the day is an hour shorter", "Europe/Berlin", every("00:00", "09:00"), "2026-03-28 23:00:00", true, "2026-03-29 07:00:00"},
		{"spring: a beginning that there is not", "Europe/Berlin", every("02:30", "04:00"), "2026-03-29 00:59:59", false, "2026-03-29 01:00:00"},
		{"spring: the rest of it", "Europe/Berlin", every("02:30", "04:00"), "2026-03-29 01:00:00", true, "2026-03-29 02:00:00"},
		{"spring: a span that there is not", "Europe/Berlin", every("02:10", "02:50"), "2026-03-29 00:59:59", false, "2026-03-30 00:10:00"},
		{"spring: the day after", "Europe/Berlin", every("09:00", "17:00"), "2026-03-30 07:00:00", true, "2026-03-30 15:00:00"},
		{"spring: the day before", "Europe/Berlin", every("09:00", "17:00"), "2026-03-28 07:00:00", false, "2026-03-28 08:00:00"},
		// 25 October 2026: at 01:00 UTC they go from 03:00 back to 02:00.
		{"autumn: the day is an hour longer", "Europe/Berlin", every("00:00", "09:00"), "2026-10-24 22:00:00", true, "2026-10-25 08:00:00"},
		{"autumn: what is shown twice, first", "Europe/Berlin", every("02:15", "02:45"), "2026-10-25 00:15:00", true, "2026-10-25 00:45:00"},
		{"autumn: between the two", "Europe/Berlin", every("02:15", "02:45"), "2026-10-25 00:45:00", false, "2026-10-25 01:15:00"},
		{"autumn: what is shown twice, again", "Europe/Berlin", every("02:15", "02:45"), "2026-10-25 01:15:00", true, "2026-10-25 01:45:00"},
		{"autumn: closed only when the clocks go back", "Europe/Berlin", every("02:30", "04:00"), "2026-10-25 00:30:00", true, "2026-10-25 01:00:00"},
		{"autumn: a night is nine hours", "Europe/Berlin", every("22:00", "06:00"), "2026-10-24 20:00:00", true, "2026-10-25 05:00:00"},
		// The other half of the world: 5 April 2026 at 16:00 UTC of the day before, by half an hour.
		{"Lord Howe: half an hour", "Australia/Lord_Howe", every("00:00", "09:00"), "2026-04-04 13:00:00", true, "2026-04-04 22:30:00"},
		// Samoa is on the other side of the date line.
		{"the weekday is the place's", "Pacific/Apia", office(), "2026-11-22 20:30:00", true, "2026-11-22 23:00:00"},

		{"the whole day, day after day", "Europe/Berlin", every("00:00", "24:00"), "2026-03-29 00:59:59", true, ""},
		{"never", "Europe/Berlin", Hours{}, "2026-03-29 00:59:59", false, ""},
		{"in 400 days, less an hour", "Europe/Berlin", Hours{Days: []SpecialDay{{Date: "2027-04-05", Open: []DaySpan{{"08:00", "09:00"}}}}}, "2026-03-01 07:00:00", false, "2027-04-05 06:00:00"},
		{"up to midnight", "Europe/Berlin", every("20:00", "24:00"), "2026-11-23 22:59:59", true, "2026-11-23 23:00:00"},
		{"up to midnight, as a night", "Europe/Berlin", every("20:00", "00:00"), "2026-11-23 22:59:59", true, "2026-11-23 23:00:00"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			h := placed(t, c.zone, c.hours)
			at := utc(t, c.at)
			if open := h.Open(at); open != c.open {
				t.Errorf("open at %s UTC: %v, not %v", c.at, open, c.open)
			}
			until := h.Until(at)
			if c.until == "" {
				if !until.IsZero() {
					t.Errorf("until %s, not for ever", until)
				}
				return
			}
			if want := utc(t, c.until); !until.Equal(want) {
				t.Errorf("at %s UTC until %s, not %s", c.at, until, want)
			}
		})
	}
}

// TestUntilIsTheFirstChange goes minute by minute through the days on which clocks are changed.
func TestUntilIsTheFirstChange(t *testing.T) {
	t.Parallel()
	for zone, day := range map[string]string{
		"Europe/Berlin": "2026-03-28 12:00:00", "America/New_York": "2026-10-31 12:00:00", "Australia/Lord_Howe": "2026-04-03 12:00:00", "America/Santiago": "2026-09-05 00:00:00",
		"Africa/Cairo": "2026-04-23 12:00:00", "Pacific/Chatham": "2026-09-26 00:00:00",
	} {
		for _, span := range [][2]string{{"00:30", "02:30"}, {"23:30", "00:30"}, {"02:30", "24:00"}, {"00:00", "01:00"}, {"03:00", "02:00"}} {
			var h Hours
			for i, weekday := range Weekdays() {
				if i%3 != 0 {
					h.Week = append(h.Week, WeekSpan{weekday, span[0], span[1]})
				}
			}
			h = placed(t, zone, h)
			from := utc(t, day)
			until := h.Until(from)
			for at := from; at.Before(from.Add(60 * time.Hour)); at = at.Add(time.Minute) {
				if !at.Before(until) {
					t.Fatalf("%s, %v: at %s it should have changed", zone, span, until)
				}
				if next := at.Add(time.Minute); h.Open(next) != h.Open(at) {
					if !until.Equal(next) {
						t.Fatalf("%s, %v: changes at %s, not at %s", zone, span, next, until)
					}
					until = h.Until(next)
				}
			}
		}
	}
}

// TestClockOf holds what the rules are told of a place's clocks to what the library says of it.
func TestClockOf(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca", "Australia/Lord_Howe"} {
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatalf("load %s: %v", zone, err)
		}
		h := placed(t, zone, Hours{})
		for at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2030; at = at.Add(15 * time.Minute) {
			if got, want := h.local(at).Format(time.DateTime), at.In(place).Format(time.DateTime); got != want {
				t.Fatalf("%s: at %s the clocks show %s, not %s", zone, at, want, got)
			}
		}
	}
}
