package softphone

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what an [Event] tells.
type Kind string

// The kinds of events. "We" is the phone that wrote the event.
const (
	Registered     Kind = "registered"      // the server accepted a REGISTER; every refresh says so again
	Unregistered   Kind = "unregistered"    // the server dropped our contact on our request
	RegisterFailed Kind = "register failed" // Code and Reason tell why; Code 0: no answer
	Invited        Kind = "invited"         // a call comes in; Call.Invite has the headers
	Dialled        Kind = "dialled"         // we sent an INVITE
	Ringing        Kind = "ringing"         // incoming: we said 180; outgoing: the far side did
	Progress       Kind = "progress"        // outgoing: 181-199, perhaps with early media; Code tells which
	Answered       Kind = "answered"        // 200 sent (incoming) or received (outgoing)
	Acknowledged   Kind = "acknowledged"    // the far side confirmed our 200: the call stands
	Refused        Kind = "refused"         // outgoing: a final answer other than 2xx, or none (Code 408, By Local); incoming: we refused with Code
	Cancelled      Kind = "cancelled"       // the call ended before an answer because the caller gave up; Reason is the Reason header
	HungUp         Kind = "hung up"         // an answered call ended; By tells who ended it, Reason is the Reason header
	Digit          Kind = "digit"           // a DTMF digit was received
	Held           Kind = "held"            // By Local: we hold the far side; By Remote: it holds us
	Resumed        Kind = "resumed"         // the opposite of Held
	Unplugged      Kind = "unplugged"       // the cable was pulled, see Phone.Unplug
	PluggedIn      Kind = "plugged in"      // and put back
	Garbled        Kind = "garbled"         // a message that could not be parsed or followed; Reason tells more
)

// Side tells who did something.
type Side string

// The two sides of a call, seen from the phone that wrote the event.
const (
	Local  Side = "local"
	Remote Side = "remote"
)

// Event is one observation of one phone. Fields that mean nothing for a kind are zero.
type Event struct {
	Seq    int       // position in the Log, from 0
	At     time.Time // when this process saw it
	Phone  string    // Config.User of the phone
	Call   *Call     // nil for what concerns the phone as a whole
	Kind   Kind
	Code   int    // SIP status
	Reason string // Reason header (Cancelled, HungUp) or reason phrase
	By     Side
	Digit  rune // 0-9, A-D, *, #
}

// AnsweredElsewhere tells whether a Cancelled event carries the note that another phone took the call (RFC 3326, "SIP;cause=200" or
// Q.850 cause 26).
func (e Event) AnsweredElsewhere() bool {
	return e.Kind == Cancelled && reasonIsElsewhere(e.Reason)
}

// String gives one line for logs and failure messages.
func (e Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d %s %s", e.Seq, e.Phone, e.Kind)
	if e.Call != nil {
		fmt.Fprintf(&b, " %s", e.Call)
	}
	if e.Digit != 0 {
		fmt.Fprintf(&b, " %c", e.Digit)
	}
	if e.By != "" {
		fmt.Fprintf(&b, " by %s", e.By)
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, " %d", e.Code)
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, " (%s)", e.Reason)
	}
	return b.String()
}

// Match picks events.
type Match func(Event) bool

// Is matches events of any of the kinds.
func Is(kinds ...Kind) Match {
	return func(e Event) bool {
		for _, k := range kinds {
			if e.Kind == k {
				return true
			}
		}
		return false
	}
}

// Of narrows a match to one call.
func (m Match) Of(c *Call) Match {
	return func(e Event) bool { return e.Call == c && m(e) }
}

// By narrows a match to what one side did.
func (m Match) By(s Side) Match {
	return func(e Event) bool { return e.By == s && m(e) }
}

// From narrows a match to one phone, for a Log that several phones share.
func (m Match) From(user string) Match {
	return func(e Event) bool { return e.Phone == user && m(e) }
}
