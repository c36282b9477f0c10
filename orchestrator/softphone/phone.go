package softphone

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
)

// Phone is one telephone. Its methods are safe for concurrent use.
type Phone struct {
	cfg    Config
	server netip.AddrPort // zero without Config.Server
	wire   *wire
	events *Log

	ctx    context.Context // ends with Close; every goroutine of the phone obeys it
	cancel context.CancelCauseFunc

	lifeMu  sync.Mutex // guards closing against spawn; taken last, so that spawn may be called under any other lock
	closing bool
	work    sync.WaitGroup

	registration registration

	mu       sync.Mutex
	closed   bool
	reaction Reaction
	voice    Voice
	calls    map[string]*Call // by Call-ID; until the last message about them is settled
}

// New binds the phone's socket and makes it ready to call and to be called. It does not register. Close it.
func New(cfg Config) (*Phone, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("phone %q: %w", cfg.User, err)
	}
	var server netip.AddrPort
	if cfg.Server != "" {
		if server, err = resolve(cfg.Server); err != nil {
			return nil, fmt.Errorf("phone %q: Server: %w", cfg.User, err)
		}
	}
	w, err := newWire(cfg.Addr, cfg.RetransmitAfter, cfg.TLS)
	if err != nil {
		return nil, fmt.Errorf("phone %q: Addr: %w", cfg.User, err)
	}
	p := &Phone{
		cfg: cfg, server: server, wire: w, events: cfg.Events,
		reaction: cfg.Reaction, voice: cfg.Voice, calls: map[string]*Call{},
	}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	w.onInput = p.onRequest
	w.garbled = func(err error) { p.events.add(Event{Phone: cfg.User, Kind: Garbled, Reason: err.Error()}) }
	p.work.Go(func() { w.read(newParser()) })
	return p, nil
}

// Close ends everything at once, without a word to the far side (no BYE, no unregistration: do these before if they matter), and returns when every
// goroutine of the phone has ended. It may be called twice.
func (p *Phone) Close() {
	p.mu.Lock()
	p.closed = true
	calls := p.callsLocked()
	p.mu.Unlock()
	p.lifeMu.Lock()
	p.closing = true
	p.lifeMu.Unlock()
	p.cancel(errClosed)
	_ = p.wire.close() // ends the reader
	for _, c := range calls {
		c.end(Event{Kind: HungUp, By: Local, Reason: "phone closed"})
	}
	p.work.Wait()
}

// spawn runs f in a goroutine that Close awaits. It does nothing when the phone is closed: the wait group must not grow from zero during the wait.
func (p *Phone) spawn(f func()) {
	p.lifeMu.Lock()
	defer p.lifeMu.Unlock()
	if !p.closing {
		p.work.Go(f)
	}
}

func (p *Phone) callsLocked() []*Call {
	calls := make([]*Call, 0, len(p.calls))
	for _, c := range p.calls {
		calls = append(calls, c)
	}
	return calls
}

// User is the phone's SIP user.
func (p *Phone) User() string { return p.cfg.User }

// Addr is the phone's SIP address, "ip:port".
func (p *Phone) Addr() string { return p.wire.local.String() }

// Events is the phone's log, perhaps shared with other phones.
func (p *Phone) Events() *Log { return p.events }

// Await returns the first event of this phone, past or future, that matches.
func (p *Phone) Await(ctx context.Context, m Match) (Event, error) {
	e, err := p.events.Await(ctx, 0, m.From(p.cfg.User))
	if err != nil {
		return e, fmt.Errorf("phone %s: %w", p.cfg.User, err)
	}
	return e, nil
}

// AwaitCall returns the nth incoming call of this phone, counted from 1, waiting for it if need be.
func (p *Phone) AwaitCall(ctx context.Context, nth int) (*Call, error) {
	seen := 0
	e, err := p.Await(ctx, func(e Event) bool {
		if e.Phone == p.cfg.User && e.Kind == Invited {
			seen++
			return seen == nth
		}
		return false
	})
	if err != nil {
		return nil, fmt.Errorf("awaiting incoming call %d: %w", nth, err)
	}
	return e.Call, nil
}

// SetReaction changes what the phone does about the calls that come in from now on.
func (p *Phone) SetReaction(r Reaction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaction = r
}

// SetVoice changes what the phone says in calls that begin from now on; [Call.Say] is for those that stand.
func (p *Phone) SetVoice(v Voice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.voice = v
}

// Calls returns the calls that have not ended.
func (p *Phone) Calls() []*Call {
	p.mu.Lock()
	calls := p.callsLocked()
	p.mu.Unlock()
	live := calls[:0]
	for _, c := range calls {
		if c.State() != Ended {
			live = append(live, c)
		}
	}
	return live
}

// Unplug pulls the cable: nothing is sent and nothing is heard any more, neither signalling nor audio, and nobody is told. Calls stay as they are in the
// phone's own mind.
func (p *Phone) Unplug() {
	if p.wire.plugged.Swap(false) {
		p.events.add(Event{Phone: p.cfg.User, Kind: Unplugged})
	}
}

// PlugIn puts the cable back, at the same address. It does not register anew.
func (p *Phone) PlugIn() {
	if !p.wire.plugged.Swap(true) {
		p.events.add(Event{Phone: p.cfg.User, Kind: PluggedIn})
	}
}

func (p *Phone) call(id string) *Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[id]
}

// contact is the Contact header of the phone.
func (p *Phone) contact() Header {
	if p.cfg.RawContact != "" {
		return Header{Name: "Contact", Value: p.cfg.RawContact}
	}
	return Header{Name: "Contact", Value: fmt.Sprintf("<sip:%s@%s%s>", escapeUser(p.cfg.User), p.wire.local, p.wire.transport())}
}

// during bounds work by the caller's ctx and by the phone's life.
func (p *Phone) during(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.ctx, func() { cancel(errClosed) })
	return ctx, func() { stop(); cancel(context.Canceled) }
}

// Shutdown says goodbye (BYE or CANCEL for every call, and unregistration) as long as ctx lasts, then closes.
func (p *Phone) Shutdown(ctx context.Context) {
	var leaving sync.WaitGroup
	for _, c := range p.Calls() {
		leaving.Go(func() { _ = c.HangUp(ctx) }) // best effort: Close follows in any case
	}
	leaving.Wait()
	if p.IsRegistered() {
		_ = p.Unregister(ctx)
	}
	p.Close()
}

const (
	allowHeader = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY"
	userAgent   = "Tandem softphone"
)
