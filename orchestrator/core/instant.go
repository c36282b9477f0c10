package core

import "time"

// instant is a point in time as the state remembers it: whole microseconds since 1970, the precision of the journal; 0 is no time. A [time.Time] is
// three times as large and has a pointer in it. A call has a dozen, and a hundred thousand calls may be waiting: it is what the collector has to
// look through.
type instant int64

// instantOf cuts a time to the microsecond.
func instantOf(t time.Time) instant {
	if t.IsZero() {
		return 0
	}
	return instant(t.UnixMicro())
}

// Time is the instant as the world outside of the state has it, in UTC.
func (i instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(i)).UTC()
}

// IsZero reports whether it is no time at all.
func (i instant) IsZero() bool { return i == 0 }

// After reports whether i is later than j.
func (i instant) After(j instant) bool { return i > j }

// Before reports whether i is earlier than j.
func (i instant) Before(j instant) bool { return i < j }

// Add is the instant d later.
func (i instant) Add(d time.Duration) instant { return i + instant(d/time.Microsecond) }

// Sub is how much later i is than j.
func (i instant) Sub(j instant) time.Duration { return time.Duration(i-j) * time.Microsecond }
