package models

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Hours are when entry points are open (N4), as people set them up.
type Hours struct {
	ID     core.HoursID  `json:"id"`
	Tenant core.TenantID `json:"tenant"`
	Name   string        `json:"name"`
	// Zone is the IANA time zone of the place by whose clocks they are.
	Zone string            `json:"zone"`
	Week []core.WeekSpan   `json:"week"`
	Days []core.SpecialDay `json:"days,omitempty"`
}

// clockYears is how many years ahead the rules are told how clocks go. They are told anew at each start, and with each change of the hours.
const clockYears = 10

// Rules is what the rules are told: the zone as its clocks go, from the beginning of last year on.
func (h Hours) Rules(at time.Time) core.Hours {
	place := Tenant{Zone: h.Zone}.Place()
	from := time.Date(at.UTC().Year()-1, 1, 1, 0, 0, 0, 0, time.UTC) // the same for a whole year, so that the same set-up is told alike
	return core.Hours{
		ID: h.ID, Tenant: h.Tenant, Name: h.Name, Week: h.Week, Days: h.Days, Clock: core.ClockOf(place, from, from.AddDate(clockYears+1, 0, 0)),
	}
}

var (
	clockForm  = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	dateForm   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	yearlyForm = regexp.MustCompile(`^[0-9]{2}-[0-9]{2}$`)
)

const (
	clockRule = "must be a time of day from 00:00 to 23:59, like 09:00"
	endRule   = "must be a time of day from 00:00 to 24:00, like 17:00; earlier than from means on the next day"
	dateRule  = "must be a date, like 2026-12-24, or 12-24 for every year"

	maxSpans = 20 // of a day
	maxDays  = 1000
)

// ValidHours checks opening hours by themselves (N4). The error is an [Invalid].
func ValidHours(h Hours) error {
	var v violations
	v.id("id", string(h.ID))
	v.id("tenant", string(h.Tenant))
	v.name(h.Name)
	v.check(h.Zone != "" && knownZone(h.Zone), "zone", "must be an IANA time zone, like Europe/Berlin")
	v.check(len(h.Week) <= 7*maxSpans, "week", "must have at most %d spans a day", maxSpans)
	v.check(len(h.Days) <= maxDays, "days", "must have at most %d", maxDays)
	if len(h.Week) > 7*maxSpans || len(h.Days) > maxDays {
		return v.err() // nobody wants to read what is wrong with each
	}
	ofDay := map[string][]core.DaySpan{}
	for i, s := range h.Week {
		at := fmt.Sprintf("week[%d]", i)
		v.check(slices.Contains(core.Weekdays(), s.Day), at+".day", "must be one of %v", core.Weekdays())
		span := core.DaySpan{From: s.From, To: s.To}
		v.daySpan(at, span, ofDay[s.Day])
		ofDay[s.Day] = append(ofDay[s.Day], span)
	}
	opens := len(h.Week) > 0
	seen := map[string]bool{}
	for i, d := range h.Days {
		at := fmt.Sprintf("days[%d]", i)
		v.check(knownDate(d.Date), at+".date", dateRule)
		v.check(!seen[d.Date], at+".date", "is listed twice")
		seen[d.Date] = true
		v.text(at+".name", d.Name, 128)
		for j, s := range d.Open[:min(len(d.Open), maxSpans+1)] { // the one too many is told of, and stands for the rest
			v.daySpan(at+".open["+strconv.Itoa(j)+"]", s, d.Open[:j])
			opens = true
		}
	}
	v.check(opens, "week", "must have at least one span: without any it would never be open")
	return v.err()
}

// knownDate reports whether there is such a day, in some year at least.
func knownDate(date string) bool {
	if yearlyForm.MatchString(date) {
		date = "2024-" + date // a leap year
	}
	_, err := time.Parse(time.DateOnly, date)
	return err == nil && dateForm.MatchString(date)
}

// daySpan checks a span beside those of the same day that are before it in the list.
func (v *violations) daySpan(at string, s core.DaySpan, before []core.DaySpan) {
	v.check(len(before) < maxSpans, at, "must have at most %d spans a day", maxSpans)
	v.check(clockForm.MatchString(s.From), at+".from", clockRule)
	v.check(s.To == "24:00" || clockForm.MatchString(s.To), at+".to", endRule)
	v.check(s.From != s.To, at+".to", "must not be the same as from: a whole day is 00:00 to 24:00")
	for _, b := range before {
		if s.From < within(b) && b.From < within(s) {
			v.add(at, "overlaps %s to %s", b.From, b.To)
			return
		}
	}
}

// within is where a span ends on the day on which it begins.
func within(s core.DaySpan) string {
	if s.To <= s.From {
		return "24:00"
	}
	return s.To
}

// Hours lists a tenant's opening hours by id; "" = of all tenants.
func (c *Config) Hours(ctx context.Context, tenant core.TenantID) ([]Versioned[Hours], error) {
	all, err := readHours(c.db.read.WithContext(ctx), tenant, "")
	if err != nil {
		return nil, fmt.Errorf("list opening hours: %w", err)
	}
	return all, nil
}

// OneHours gives the opening hours with an id.
func (c *Config) OneHours(ctx context.Context, id core.HoursID) (Versioned[Hours], error) {
	h, err := one(readHours(c.db.read.WithContext(ctx), "", id))
	if err != nil {
		return h, fmt.Errorf("read opening hours %s: %w", id, err)
	}
	return h, nil
}

func readHours(tx *gorm.DB, tenant core.TenantID, id core.HoursID) ([]Versioned[Hours], error) {
	rows, err := readRows(tx, kindHours, tenant, string(id))
	if err != nil {
		return nil, err
	}
	out := make([]Versioned[Hours], 0, len(rows))
	for _, r := range rows {
		v, err := versioned[Hours](r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// CreateHours sets opening hours up.
func (c *Config) CreateHours(ctx context.Context, h Hours) (Versioned[Hours], core.ConfigChanged, error) {
	return c.putHours(ctx, h, func(tx *gorm.DB) error {
		return insert(tx, kindHours, string(h.ID), h, columns{"tenant": string(h.Tenant)})
	})
}

// UpdateHours changes opening hours. They stay with their tenant.
func (c *Config) UpdateHours(ctx context.Context, h Hours, version int64) (Versioned[Hours], core.ConfigChanged, error) {
	return c.putHours(ctx, h, func(tx *gorm.DB) error {
		if err := keepTenant(tx, kindHours, string(h.ID), h.Tenant); err != nil {
			return err
		}
		return update(tx, kindHours, string(h.ID), version, h, nil)
	})
}

func (c *Config) putHours(ctx context.Context, h Hours, write func(tx *gorm.DB) error) (out Versioned[Hours], delta core.ConfigChanged, err error) {
	if err := ValidHours(h); err != nil {
		return out, delta, err
	}
	err = c.change(ctx, fmt.Sprintf("set up opening hours %s", h.ID), func(tx *gorm.DB) error {
		if err := haveTenant(tx, h.Tenant); err != nil {
			return err
		}
		if err := write(tx); err != nil {
			return err
		}
		out, err = one(readHours(tx, "", h.ID))
		return err
	})
	return out, core.ConfigChanged{Hours: []core.Hours{h.Rules(now())}}, err
}

// DeleteHours removes opening hours that no entry point has.
func (c *Config) DeleteHours(ctx context.Context, id core.HoursID, version int64) (core.ConfigChanged, error) {
	err := c.change(ctx, fmt.Sprintf("delete opening hours %s", id), func(tx *gorm.DB) error {
		var used []string
		if err := tx.Raw(`SELECT id FROM entry_points WHERE hours = ? ORDER BY id LIMIT 1`, string(id)).Scan(&used).Error; err != nil {
			return err
		}
		if len(used) > 0 {
			return Invalid{{Field: "id", Rule: "the entry point " + used[0] + " uses them: change that first"}}
		}
		return remove(tx, kindHours, string(id), version)
	})
	return core.ConfigChanged{Remove: core.Removal{Hours: []core.HoursID{id}}}, err
}
