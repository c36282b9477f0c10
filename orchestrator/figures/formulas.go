package figures

import (
	"strconv"
	"time"
)

// Formula makes one number of counts.
type Formula struct {
	Name    string
	Version int
	Text    string // what it is, for people
	of      func(Counts) (over, under float64)
}

// ID names the formula with its version, as it is shown with a number.
func (f Formula) ID() string { return f.Name + "/" + strconv.Itoa(f.Version) }

// Of computes the number; false where there is nothing to compute it from.
func (f Formula) Of(c Counts) (float64, bool) {
	over, under := f.of(c)
	if under <= 0 {
		return 0, false
	}
	return over / under, true
}

// The service levels: how many of the callers were answered in time. Which callers is what the variants differ in. Each is a share from 0 to 1.
var (
	// AnsweredOnly looks at nobody who was not answered.
	AnsweredOnly = Formula{"answered_only", 1, "answered in time / answered", func(c Counts) (float64, float64) {
		return float64(c.AnsweredInTime), float64(c.Answered)
	}}
	// AbandonIgnored leaves out who gave up in time: it was not known yet whether they would have been answered in time.
	AbandonIgnored = Formula{"abandon_ignored", 1, "answered in time / (presented - abandoned in time)", func(c Counts) (float64, float64) {
		return float64(c.AnsweredInTime), float64(c.Presented() - c.AbandonedInTime)
	}}
	// AbandonPositive counts who gave up in time as served.
	AbandonPositive = Formula{"abandon_positive", 1, "(answered in time + abandoned in time) / presented", func(c Counts) (float64, float64) {
		return float64(c.AnsweredInTime + c.AbandonedInTime), float64(c.Presented())
	}}
	// AbandonNegative counts who gave up in time as not served.
	AbandonNegative = Formula{"abandon_negative", 1, "answered in time / presented", func(c Counts) (float64, float64) {
		return float64(c.AnsweredInTime), float64(c.Presented())
	}}
)

// The other formulas.
var (
	// Abandonment is a share from 0 to 1.
	Abandonment = Formula{"abandonment", 1, "abandoned / presented", func(c Counts) (float64, float64) {
		return float64(c.Abandoned), float64(c.Presented())
	}}
	// SpeedOfAnswer is in seconds: ASA.
	SpeedOfAnswer = Formula{"asa", 1, "time waited by who was answered / answered", func(c Counts) (float64, float64) {
		return c.Waited.Seconds(), float64(c.Answered)
	}}
	// HandlingTime is in seconds: AHT.
	HandlingTime = Formula{"aht", 1, "(talk with hold + wrap-up) / conversations handled", func(c Counts) (float64, float64) {
		return (c.Talked + c.Wrapped).Seconds(), float64(c.Handled)
	}}
)

// ServiceLevels lists the variants of the service level. The first one is the default.
func ServiceLevels() []Formula {
	return []Formula{AbandonIgnored, AnsweredOnly, AbandonPositive, AbandonNegative}
}

// ServiceLevel finds a variant by its name; "" = the default.
func ServiceLevel(name string) (Formula, bool) {
	for _, f := range ServiceLevels() {
		if f.Name == name || name == "" {
			return f, true
		}
	}
	return Formula{}, false
}

// OccupancyID names the formula of [StateTimes.Occupancy] with its version, and OccupancyText says what it is.
const (
	OccupancyID   = "occupancy/1"
	OccupancyText = "(engaged + wrap-up) / (available + reserved + engaged + wrap-up)"
)

// Occupancy is the share of the time at work in which agents were busy with calls, from 0 to 1; false where nobody was at work. Idle, RONA and offline are not time at work; while
// a phone rings its agent does not work yet.
func (t *StateTimes) Occupancy() (float64, bool) {
	busy := t.Engaged + t.WrapUp
	atWork := busy + t.Available + t.Reserved
	if atWork <= 0 {
		return 0, false
	}
	return float64(busy) / float64(atWork), true
}

// StateTimes says how long an agent, or several together, were in each state.
type StateTimes struct {
	Available, Idle, Reserved, Engaged, WrapUp, RONA time.Duration
}

// Add adds the times of another agent or span.
func (t *StateTimes) Add(u StateTimes) {
	t.Available += u.Available
	t.Idle += u.Idle
	t.Reserved += u.Reserved
	t.Engaged += u.Engaged
	t.WrapUp += u.WrapUp
	t.RONA += u.RONA
}
