package figures

import "time"

// Thresholds are what a stay's time is compared with.
type Thresholds struct {
	ServiceLevel time.Duration // answered within it is answered in time
	ShortAbandon time.Duration // abandoned within it is a short one; 0 = none is
}

// Counts sum up the measures of a queue, or of an agent, in a span of time.
type Counts struct {
	Entered         int
	Refused         int
	Answered        int
	AnsweredInTime  int           // of Answered
	Abandoned       int           // without the short ones
	AbandonedInTime int           // of Abandoned
	AbandonedShort  int           //
	Unanswered      int           //
	Lost            int           //
	Waited          time.Duration // by those who were answered
	LongestWait     time.Duration // of all stays that ended but the short ones
	Handled         int           // parts of agents as primaries that are over
	Talked          time.Duration // hold included
	Wrapped         time.Duration
}

// Presented is how many stays the figures are about.
func (c *Counts) Presented() int { return c.Answered + c.Abandoned + c.Unanswered }

// Take counts a measure in.
func (c *Counts) Take(m Measure, t Thresholds) {
	inTime := 0
	if m.Lasted <= t.ServiceLevel {
		inTime = 1
	}
	switch m.Kind {
	case Entered:
		c.Entered++
	case Refused:
		c.Refused++
	case Answered:
		c.Answered++
		c.AnsweredInTime += inTime
		c.Waited += m.Lasted
		c.LongestWait = max(c.LongestWait, m.Lasted)
	case Abandoned:
		if t.ShortAbandon > 0 && m.Lasted <= t.ShortAbandon {
			c.AbandonedShort++
			return
		}
		c.Abandoned++
		c.AbandonedInTime += inTime
		c.LongestWait = max(c.LongestWait, m.Lasted)
	case Unanswered:
		c.Unanswered++
		c.LongestWait = max(c.LongestWait, m.Lasted)
	case Lost:
		c.Lost++
	case Talked:
		c.Handled++
		c.Talked += m.Lasted
	case Wrapped:
		c.Wrapped += m.Lasted
	case State:
	}
}

// Add adds the counts of another span, or of another queue.
func (c *Counts) Add(d Counts) {
	c.Entered += d.Entered
	c.Refused += d.Refused
	c.Answered += d.Answered
	c.AnsweredInTime += d.AnsweredInTime
	c.Abandoned += d.Abandoned
	c.AbandonedInTime += d.AbandonedInTime
	c.AbandonedShort += d.AbandonedShort
	c.Unanswered += d.Unanswered
	c.Lost += d.Lost
	c.Waited += d.Waited
	c.LongestWait = max(c.LongestWait, d.LongestWait)
	c.Handled += d.Handled
	c.Talked += d.Talked
	c.Wrapped += d.Wrapped
}
