package softphone

import (
	"context"
	"errors"
	"time"
)

// Reaction is what a phone does about an incoming call. It runs in a goroutine of its own that [Phone.Close] awaits; ctx ends with the call, and it must return
// then. A Reaction that returns without an answer leaves the call ringing, for the test to answer later.
type Reaction func(ctx context.Context, c *Call)

// Ring rings and waits for somebody to call [Call.Answer] or [Call.Reject].
func Ring(_ context.Context, c *Call) { c.logged(c.Ring()) }

// Answer picks up at once.
func Answer(_ context.Context, c *Call) { c.logged(c.Answer()) }

// AnswerAfter rings for d and then picks up.
func AnswerAfter(d time.Duration) Reaction {
	return func(ctx context.Context, c *Call) {
		c.logged(c.Ring())
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
			c.logged(c.Answer())
		}
	}
}

// RejectWith refuses at once with a SIP status.
func RejectWith(code int) Reaction {
	return func(_ context.Context, c *Call) { c.logged(c.Reject(code)) }
}

// The ways in which phones commonly refuse.
var (
	Decline       = RejectWith(603) // the "reject" key
	Busy          = RejectWith(486) // the line is taken
	Unavailable   = RejectWith(480) // do not disturb, on many phones
	NotAcceptable = RejectWith(488) // no common codec, or no encryption where it is required
)

// RedirectTo answers 302 with a contact, as a phone with call forwarding does. uri is a SIP URI.
func RedirectTo(uri string) Reaction {
	return func(_ context.Context, c *Call) {
		c.logged(c.Reject(302, Header{Name: "Contact", Value: "<" + uri + ">"}))
	}
}

// NeverRespond leaves the INVITE without any answer, as a phone does that has crashed while it was registered.
func NeverRespond(_ context.Context, c *Call) { c.PlayDead() }

// AutoAnswer picks up at once if the caller asks for that (see [Invite.AutoAnswer]) and does otherwise what else says.
func AutoAnswer(otherwise Reaction) Reaction {
	return func(ctx context.Context, c *Call) {
		if c.Invite.AutoAnswer() {
			Answer(ctx, c)
			return
		}
		otherwise(ctx, c)
	}
}

// logged notes an order that came to nothing. That the caller was faster is no news: the event log has the Cancelled.
func (c *Call) logged(err error) {
	if err != nil && !errors.Is(err, ErrEnded) {
		c.phone.cfg.Log.Warn("reaction failed", "user", c.phone.cfg.User, "call", c.ID, "error", err)
	}
}
