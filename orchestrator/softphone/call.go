package softphone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// State is how far a call has come.
type State uint8

// The states of a call; they only ever go forwards.
const (
	Early State = iota // not answered yet
	Up                 // answered
	Ended
)

// String names the state.
func (s State) String() string {
	switch s {
	case Early:
		return "early"
	case Up:
		return "up"
	case Ended:
		return "ended"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// ErrEnded says that a call is over, or is not in a state in which the order makes sense.
var ErrEnded = errors.New("the call does not stand")

// Invite is what the INVITE of a call said.
type Invite struct {
	From        string // the caller's number, unescaped
	DisplayName string // the caller's name, unquoted
	To          string // the number in the To header, unescaped
	Target      string // the number in the request URI, unescaped
	Header      Headers
}

// AutoAnswer tells whether the caller asked for the phone to pick up by itself: Call-Info with answer-after, or Alert-Info with auto-answer or alert-autoanswer.
func (i Invite) AutoAnswer() bool { return wantsAutoAnswer(i.Header) }

// Call is one call of one phone. Its methods are safe for concurrent use.
type Call struct {
	phone *Phone

	ID       string // the SIP Call-ID
	Incoming bool
	Invite   Invite // received (Incoming) or sent

	sound *sound // nil with Config.SignallingOnly
	ctx   context.Context
	stop  context.CancelCauseFunc

	mu       sync.Mutex
	state    State
	ending   Event
	endedAt  time.Time
	playDead bool

	// The dialog (RFC 3261 12).
	localTag, remoteTag string
	local, remote       string // our and their address as From and To carry it, without tag
	target              string // their Contact
	route               []string
	peer                netip.AddrPort // where their last message came from; on a loopback interface the one address that always works
	cseq                uint32
	sdpVersion          int
	eventType           uint8 // RTP payload type of RFC 4733 digits, as negotiated
	codec               Codec
	ourKey              masterKey
	encrypted           bool   // SRTP was agreed
	profile, cryptoTag  string // of the agreement; "" before it

	holding, held bool // we hold them; they hold us
	reinviting    bool

	theirBye       chan struct{}            // closed when the far side has hung up
	hungUp         bool                     // it has
	unacknowledged map[uint32]chan struct{} // by CSeq: finals of ours that wait for an ACK
	invite         *message                 // the INVITE, received or sent last
	dialling       *dialling                // outgoing only
}

func (p *Phone) newCall(id string, incoming bool, invite Invite) *Call {
	c := &Call{
		phone: p, ID: id, Incoming: incoming, Invite: invite,
		localTag: token(), eventType: defaultEventType, codec: p.cfg.Codecs[0], ourKey: newMasterKey(),
		unacknowledged: map[uint32]chan struct{}{}, theirBye: make(chan struct{}),
	}
	c.ctx, c.stop = context.WithCancelCause(p.ctx)
	return c
}

// keep enters a call into the phone's memory, and drops calls so old that no message about them can come any more.
func (p *Phone) keep(c *Call) error {
	p.mu.Lock()
	calls := p.callsLocked()
	p.mu.Unlock()
	old := time.Now().Add(-transactionLives * p.wire.t1)
	stale := calls[:0]
	for _, c := range calls { // a call's lock is never taken inside the phone's
		if c.endedBefore(old) {
			if c.dialling != nil {
				c.dialling.forget()
			}
			stale = append(stale, c)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errClosed
	}
	for _, c := range stale {
		delete(p.calls, c.ID)
	}
	p.calls[c.ID] = c
	return nil
}

func (c *Call) endedBefore(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == Ended && c.endedAt.Before(t)
}

// String names the call for logs: direction and the other number.
func (c *Call) String() string {
	if c.Incoming {
		return "call from " + c.Invite.From
	}
	return "call to " + c.Invite.Target
}

// Phone returns the phone whose call it is.
func (c *Call) Phone() *Phone { return c.phone }

// State returns how far the call has come.
func (c *Call) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Done is closed when the call has ended.
func (c *Call) Done() <-chan struct{} { return c.ctx.Done() }

// Ending returns the event that ended the call (Refused, Cancelled or HungUp), and false while it stands.
func (c *Call) Ending() (Event, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending, c.state == Ended
}

// Await returns the first event of this call, past or future, that matches.
func (c *Call) Await(ctx context.Context, m Match) (Event, error) {
	e, err := c.phone.events.Await(ctx, 0, m.Of(c))
	if err != nil {
		return e, fmt.Errorf("%s, %s: %w", c.phone.cfg.User, c, err)
	}
	return e, nil
}

// AwaitAnswer returns when the call is answered. When it ends instead, the error is a *RefusedError if the far side refused.
func (c *Call) AwaitAnswer(ctx context.Context) error {
	e, err := c.Await(ctx, Is(Answered, Refused, Cancelled, HungUp))
	switch {
	case err != nil:
		return err
	case e.Kind == Answered:
		return nil
	case e.Kind == Refused:
		return fmt.Errorf("%s, %s: %w", c.phone.cfg.User, c, &RefusedError{Method: "INVITE", Code: e.Code, Reason: e.Reason})
	}
	return fmt.Errorf("%s, %s: %w: %s", c.phone.cfg.User, c, ErrEnded, e)
}

// AwaitEnd returns the event that ends the call.
func (c *Call) AwaitEnd(ctx context.Context) (Event, error) {
	return c.Await(ctx, Is(Refused, Cancelled, HungUp))
}

// happened writes an event about the call. The caller holds c.mu, so that events of one call are in the order of its states.
func (c *Call) happened(e Event) {
	e.Phone, e.Call = c.phone.cfg.User, c
	c.phone.events.add(e)
}

func (c *Call) end(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.becomeEnded(e)
}

// becomeEnded is idempotent: whatever ends a call first gives the reason.
func (c *Call) becomeEnded(e Event) {
	if c.state == Ended {
		return
	}
	c.state, c.endedAt = Ended, time.Now()
	e.Phone, e.Call = c.phone.cfg.User, c
	c.ending = e
	c.happened(e)
	if c.sound != nil {
		c.sound.close()
	}
	c.stop(ErrEnded)
}

// HangUp ends the call by whatever means fit its state: BYE, CANCEL, or 603 for a call that rings here. It returns when the far side
// has confirmed, or ctx ended; the call is over for this phone in any case. It does nothing on a call that has ended.
func (c *Call) HangUp(ctx context.Context) error {
	c.mu.Lock()
	switch {
	case c.state == Ended:
		c.mu.Unlock()
		return nil
	case c.state == Up:
		bye := c.request("BYE")
		peer := c.peer
		c.becomeEnded(Event{Kind: HungUp, By: Local})
		c.mu.Unlock()
		ctx, cancel := c.phone.during(ctx)
		defer cancel()
		c.phone.spawn(func() {
			select {
			case <-c.theirBye:
				cancel() // FreeSWITCH does not answer a BYE that crosses its own
			case <-ctx.Done():
			}
		})
		_, err := c.phone.wire.roundTrip(ctx, bye, peer)
		select {
		case <-c.theirBye:
			return nil
		default:
		}
		if err != nil {
			return fmt.Errorf("hanging up %s: %w", c, err)
		}
		return nil
	case c.Incoming:
		c.mu.Unlock()
		return c.Reject(603)
	}
	c.mu.Unlock()
	return c.cancelInvite(ctx)
}

// request builds a request within the dialog. The caller holds c.mu.
func (c *Call) request(method string) *message {
	c.cseq++
	m := &message{method: method, uri: c.target, header: Headers{
		c.phone.wire.via(newBranch()),
		{"Max-Forwards", "70"},
		{"From", c.local + ";tag=" + c.localTag},
		{"To", c.remote + ";tag=" + c.remoteTag},
		{"Call-ID", c.ID},
		{"CSeq", fmt.Sprintf("%d %s", c.cseq, method)},
	}}
	for _, r := range c.route {
		m.header = append(m.header, Header{"Route", r})
	}
	m.header = append(m.header, c.phone.contact(), Header{"User-Agent", userAgent})
	return m
}
