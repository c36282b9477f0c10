package softphone

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// registration is the phone's standing with its server.
type registration struct {
	mu      sync.Mutex // one REGISTER at a time
	callID  string
	cseq    uint32
	active  bool
	refresh context.CancelFunc // ends the refreshing goroutine; nil when there is none
}

// RefusedError is a final answer other than 2xx.
type RefusedError struct {
	Method string // of the request that was refused
	Code   int    // SIP status
	Reason string // reason phrase
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s refused: %d %s", e.Method, e.Code, e.Reason)
}

// Register tells the server where the phone is, answers its challenge, and keeps the registration fresh until Unregister or Close. A refusal is a
// *RefusedError; ctx bounds only this first exchange.
func (p *Phone) Register(ctx context.Context) error { //nolint:contextcheck // the refreshing outlives this exchange, and ends with the phone
	p.registration.mu.Lock()
	defer p.registration.mu.Unlock()
	granted, err := p.register(ctx, p.cfg.Expires)
	if err != nil {
		return err
	}
	p.registration.active = true
	if p.registration.refresh == nil {
		refresh, cancel := context.WithCancel(p.ctx)
		p.registration.refresh = cancel
		p.spawn(func() { p.keepRegistered(refresh, granted) })
	}
	return nil
}

// Unregister removes the phone's contact from the server.
func (p *Phone) Unregister(ctx context.Context) error {
	p.registration.mu.Lock()
	defer p.registration.mu.Unlock()
	p.stopRefreshLocked()
	_, err := p.register(ctx, 0)
	if err == nil {
		p.registration.active = false
	}
	return err
}

// IsRegistered tells whether the last word of the server was a registration. The phone does not notice by itself that a server has forgotten it.
func (p *Phone) IsRegistered() bool {
	p.registration.mu.Lock()
	defer p.registration.mu.Unlock()
	return p.registration.active
}

func (p *Phone) stopRefreshLocked() {
	if p.registration.refresh != nil {
		p.registration.refresh()
		p.registration.refresh = nil
	}
}

// keepRegistered refreshes at four fifths of the granted time, and more often while it fails.
func (p *Phone) keepRegistered(ctx context.Context, granted time.Duration) {
	for {
		timer := time.NewTimer(granted * 4 / 5)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		p.registration.mu.Lock()
		if ctx.Err() != nil { // unregistered while we waited for the lock
			p.registration.mu.Unlock()
			return
		}
		again, err := p.register(ctx, p.cfg.Expires)
		p.registration.active = err == nil
		p.registration.mu.Unlock()
		if granted = again; err != nil {
			p.cfg.Log.Debug("registration not refreshed", "user", p.cfg.User, "error", err)
			granted = 5 * time.Second
		}
	}
}

// register sends REGISTER and writes the event. It returns the time granted.
func (p *Phone) register(ctx context.Context, expires time.Duration) (time.Duration, error) {
	granted, err := p.exchangeRegister(ctx, expires)
	event := Event{Phone: p.cfg.User, Kind: Registered}
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		event.Kind, event.Code, event.Reason = RegisterFailed, refused.Code, refused.Reason
	case err != nil:
		event.Kind, event.Reason = RegisterFailed, err.Error()
	case expires == 0:
		event.Kind = Unregistered
	}
	p.events.add(event)
	if err != nil {
		return 0, fmt.Errorf("registering %s: %w", p.cfg.User, err)
	}
	return granted, nil
}

func (p *Phone) exchangeRegister(ctx context.Context, expires time.Duration) (time.Duration, error) {
	if !p.server.IsValid() {
		return 0, errors.New("the phone has no Server")
	}
	ctx, cancel := p.during(ctx)
	defer cancel()
	r := &p.registration
	if r.callID == "" {
		r.callID = token()
	}
	uri := "sip:" + p.server.String() + p.wire.transport()
	aor := "sip:" + escapeUser(p.cfg.User) + "@" + p.server.String()
	from := nameAddr(p.cfg.DisplayName, aor) + ";tag=" + token()
	var auth []Header
	for attempt := 1; ; attempt++ {
		r.cseq++
		m := &message{method: "REGISTER", uri: uri, header: Headers{
			p.wire.via(newBranch()),
			{"Max-Forwards", "70"}, {"From", from}, {"To", "<" + aor + ">"}, {"Call-ID", r.callID},
			{"CSeq", fmt.Sprintf("%d REGISTER", r.cseq)}, p.contact(),
			{"Expires", strconv.Itoa(int(expires / time.Second))}, {"User-Agent", userAgent},
		}}
		m.header = append(m.header, auth...)
		res, err := p.wire.roundTrip(ctx, m, p.server)
		if err != nil {
			return 0, err
		}
		switch {
		case res.code < 300:
			return p.granted(res, expires), nil
		case isChallenge(res) && p.cfg.Password != "" && attempt <= 2: // 2: a nonce may have gone stale
			h, err := authorization(res, "REGISTER", uri, p.cfg.User, p.cfg.Password)
			if err != nil {
				return 0, err
			}
			auth = []Header{h}
		case res.code == 423 && attempt <= 3:
			least, err := strconv.Atoi(res.header.Get("Min-Expires"))
			if err != nil {
				return 0, fmt.Errorf("parsing Min-Expires: %w", err)
			}
			expires = time.Duration(least) * time.Second
		default:
			return 0, &RefusedError{Method: "REGISTER", Code: res.code, Reason: res.phrase}
		}
	}
}

// granted reads how long the server keeps our contact: the contact's own parameter, else the Expires header, else what we asked for.
func (p *Phone) granted(res *message, asked time.Duration) time.Duration {
	seconds := res.header.Get("Expires")
	for _, contact := range res.header.Values("Contact") {
		address, params := splitAddress(contact)
		if own := param(params, "expires"); own != "" && strings.Contains(address, p.wire.local.String()) {
			seconds = own
		}
	}
	if n, err := strconv.Atoi(seconds); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return max(asked, time.Second)
}
