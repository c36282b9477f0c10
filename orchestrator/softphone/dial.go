package softphone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// CallOptions vary an outgoing call.
type CallOptions struct {
	// From is the caller's number; any text, escaped as SIP wants it. Default Config.User.
	From string
	// DisplayName is the caller's name; any text without line breaks. Default Config.DisplayName.
	DisplayName string
	// Anonymous hides the caller: "Anonymous" <sip:anonymous@anonymous.invalid>, and Privacy: id.
	Anonymous bool
	// RawFrom is the From header as it shall stand on the wire, without tag and unchecked: for malformed messages. It overrides the three above.
	RawFrom string
	// RawContact is the Contact header of the INVITE as it shall stand on the wire, unchecked: for who lies about where it is.
	RawContact string
	// To is the number in the To header where it differs from the one dialled, as a trunk from another switch may have it.
	To string
	// Headers are added as they are; names and values must not contain line breaks.
	Headers Headers
	// Voice overrides the phone's voice.
	Voice *Voice
}

// dialling is the part of an outgoing call that matters until it is answered.
type dialling struct {
	contact     string        // in place of the phone's own
	heard       chan struct{} // closed at the first response to the INVITE at hand: it need not be repeated any more
	hasResponse bool
	provisional bool
	authTried   bool
	givingUp    bool // HangUp was asked for
	cancelled   bool // CANCEL was sent
	ack         []byte
	forget      func()
}

// Dial sends an INVITE and returns without waiting for a response; see [Call.AwaitAnswer]. number is dialled at Config.Server, or is "user@host:port".
// ctx bounds nothing but the address lookup: HangUp ends the attempt.
func (p *Phone) Dial(_ context.Context, number string, opt CallOptions) (*Call, error) {
	user, host, direct := strings.Cut(number, "@")
	peer := p.server
	if direct {
		var err error
		if peer, err = resolve(host); err != nil {
			return nil, fmt.Errorf("dialling %q: %w", number, err)
		}
	}
	if !peer.IsValid() {
		return nil, fmt.Errorf("dialling %q: the phone has no Server", number)
	}
	local, privacy, err := p.callerIdentity(opt, peer)
	if err != nil {
		return nil, fmt.Errorf("dialling %q: %w", number, err)
	}
	for _, h := range opt.Headers {
		if err := checkHeaderText("Headers", h.Name+h.Value); err != nil {
			return nil, fmt.Errorf("dialling %q: %w", number, err)
		}
	}
	p.mu.Lock()
	voice := p.voice
	p.mu.Unlock()
	if opt.Voice != nil {
		voice = *opt.Voice
	}

	target := "sip:" + escapeUser(user) + "@" + peer.String() + p.wire.transport()
	remote := "<" + target + ">"
	if opt.To != "" {
		remote = "<sip:" + escapeUser(opt.To) + "@" + peer.String() + ">"
	}
	extra := append(Headers(nil), opt.Headers...)
	extra = append(extra, privacy...)
	display, fromURI := addressParts(local)
	c := p.newCall(token()+token(), false, Invite{From: userOf(fromURI), DisplayName: display, To: userOf(remote[1 : len(remote)-1]), Target: user, Header: extra})
	c.local, c.remote, c.target, c.peer = local, remote, target, peer
	c.dialling = &dialling{forget: func() {}, contact: opt.RawContact}

	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.openSound(voice); err != nil {
		return nil, fmt.Errorf("dialling %q: %w", number, err)
	}
	if err := p.keep(c); err != nil {
		c.becomeEnded(Event{Kind: Refused, By: Local, Reason: err.Error()})
		return nil, fmt.Errorf("dialling %q: %w", number, err)
	}
	c.happened(Event{Kind: Dialled, By: Local})
	c.sendInvite(nil)
	return c, nil
}

// callerIdentity returns the From value without its tag, and what goes with it.
func (p *Phone) callerIdentity(opt CallOptions, peer netip.AddrPort) (string, Headers, error) {
	if opt.RawFrom != "" {
		return opt.RawFrom, nil, nil
	}
	if opt.Anonymous {
		return `"Anonymous" <sip:anonymous@anonymous.invalid>`, Headers{{"Privacy", "id"}}, nil
	}
	from, display := opt.From, opt.DisplayName
	if from == "" {
		from = p.cfg.User
	}
	if display == "" {
		display = p.cfg.DisplayName
	}
	if err := checkHeaderText("DisplayName", display); err != nil {
		return "", nil, err
	}
	return nameAddr(display, "sip:"+escapeUser(from)+"@"+peer.Addr().String()), nil, nil
}

// sendInvite sends the INVITE, with the answer to a challenge where there is one. The caller holds c.mu.
func (c *Call) sendInvite(auth Headers) {
	p := c.phone
	c.cseq++
	contact := p.contact()
	if c.dialling.contact != "" {
		contact.Value = c.dialling.contact
	}
	m := &message{method: "INVITE", uri: c.target, header: Headers{
		p.wire.via(newBranch()),
		{"Max-Forwards", "70"},
		{"From", c.local + ";tag=" + c.localTag},
		{"To", c.remote},
		{"Call-ID", c.ID},
		{"CSeq", fmt.Sprintf("%d INVITE", c.cseq)},
		contact,
		{"Allow", allowHeader},
		{"User-Agent", userAgent},
		{"Content-Type", "application/sdp"},
	}}
	m.header = append(append(m.header, c.Invite.Header...), auth...)
	m.body = c.writeSDP(sendRecv)
	c.invite = m

	d := c.dialling
	d.forget()
	d.heard, d.hasResponse = make(chan struct{}), false
	d.forget = p.wire.expect(m.branch(), "INVITE", func(res *message, from netip.AddrPort) { c.onInviteResponse(m, res, from) })
	data, peer, heard := m.bytes(), c.peer, d.heard
	p.wire.send(data, peer)
	p.spawn(func() {
		// An INVITE is repeated at ever longer pauses, without the cap that other requests have (RFC 3261 17.1.1.2).
		err := p.wire.repeat(c.ctx, data, peer, noCap, heard)
		if errors.Is(err, errNoAnswer) {
			c.end(Event{Kind: Refused, By: Local, Code: 408, Reason: errNoAnswer.Error()})
		}
	})
}

// onInviteResponse handles one response to the INVITE. It runs in the reader's goroutine.
func (c *Call) onInviteResponse(invite, res *message, from netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.dialling
	if c.invite != invite { // a response to the attempt before the challenge: only its ACK is missing
		if res.code >= 300 {
			c.ackRefusal(invite, res)
		}
		return
	}
	if !d.hasResponse {
		d.hasResponse = true
		close(d.heard)
	}
	switch {
	case res.code < 200:
		c.onProvisional(res)
	case res.code < 300:
		c.onInviteSuccess(res, from)
	default:
		c.ackRefusal(invite, res)
		c.onInviteRefusal(res)
	}
}

func (c *Call) onProvisional(res *message) {
	d := c.dialling
	if c.state != Early {
		return
	}
	d.provisional = true
	if d.givingUp {
		c.sendCancel()
		return
	}
	if res.code == 100 {
		return
	}
	kind := Progress
	if res.code == 180 {
		kind = Ringing
	}
	if len(res.body) > 0 {
		c.follow(res.body)
	}
	c.happened(Event{Kind: kind, By: Remote, Code: res.code, Reason: res.phrase})
}

func (c *Call) onInviteSuccess(res *message, from netip.AddrPort) {
	d := c.dialling
	if d.ack != nil { // the far side repeats its 200: our ACK was lost
		c.phone.wire.send(d.ack, c.peer)
		return
	}
	_, params := splitAddress(res.header.Get("To"))
	c.remoteTag = param(params, "tag")
	if _, contact := addressParts(res.header.Get("Contact")); contact != "" {
		c.target = contact
	}
	c.route = nil
	recorded := res.header.Values("Record-Route")
	for i := len(recorded) - 1; i >= 0; i-- {
		c.route = append(c.route, recorded[i])
	}
	c.peer = from
	c.cseq-- // an ACK has the number of its INVITE
	ack := c.request("ACK")
	d.ack = ack.bytes()
	c.phone.wire.send(d.ack, c.peer)

	if c.state == Ended || d.givingUp { // our CANCEL crossed with the 200
		bye, peer, p := c.request("BYE"), c.peer, c.phone
		c.becomeEnded(Event{Kind: Cancelled, By: Local})
		p.spawn(func() { _, _ = p.wire.roundTrip(p.ctx, bye, peer) }) // best effort: there is nobody left to tell
		return
	}
	c.state = Up
	c.happened(Event{Kind: Answered, By: Remote, Code: res.code, Reason: res.phrase})
	if len(res.body) > 0 {
		c.follow(res.body)
	}
}

func (c *Call) onInviteRefusal(res *message) {
	d := c.dialling
	if c.state != Early {
		return
	}
	if isChallenge(res) && c.phone.cfg.Password != "" && !d.authTried && !d.givingUp {
		d.authTried = true
		auth, err := authorization(res, "INVITE", c.target, c.phone.cfg.User, c.phone.cfg.Password)
		if err == nil {
			c.sendInvite(Headers{auth})
			return
		}
		c.phone.cfg.Log.Warn("challenge not understood", "user", c.phone.cfg.User, "call", c.ID, "error", err)
	}
	if d.givingUp {
		c.becomeEnded(Event{Kind: Cancelled, By: Local, Code: res.code, Reason: res.phrase})
		return
	}
	c.becomeEnded(Event{Kind: Refused, By: Remote, Code: res.code, Reason: res.phrase})
}

// ackRefusal acknowledges a final answer other than 2xx: same transaction, the tag of the answer (RFC 3261 17.1.1.3). The caller holds c.mu.
func (c *Call) ackRefusal(invite, res *message) {
	cseq, _, _ := invite.cseq() // we wrote it
	ack := &message{method: "ACK", uri: invite.uri, header: Headers{
		invite.header[0], // Via
		{"Max-Forwards", "70"},
		{"From", invite.header.Get("From")},
		{"To", res.header.Get("To")},
		{"Call-ID", c.ID},
		{"CSeq", fmt.Sprintf("%d ACK", cseq)},
	}}
	c.phone.wire.send(ack.bytes(), c.peer)
}

// cancelInvite gives up a call that is not answered, and returns when it is over.
func (c *Call) cancelInvite(ctx context.Context) error {
	c.mu.Lock()
	c.dialling.givingUp = true
	if c.state == Early && c.dialling.provisional {
		c.sendCancel()
	}
	c.mu.Unlock()
	select {
	case <-c.ctx.Done():
		return nil
	case <-ctx.Done():
		c.end(Event{Kind: Cancelled, By: Local, Reason: "the far side did not confirm"})
		return fmt.Errorf("cancelling %s: %w", c, context.Cause(ctx))
	}
}

// sendCancel takes the INVITE back; the 487 that follows ends the call. The caller holds c.mu and knows that a provisional response has come: before that a
// CANCEL could overtake its INVITE (RFC 3261 9.1).
func (c *Call) sendCancel() {
	if c.dialling.cancelled {
		return
	}
	c.dialling.cancelled = true
	cseq, _, _ := c.invite.cseq() // we wrote it
	m := &message{method: "CANCEL", uri: c.invite.uri, header: Headers{
		c.invite.header[0], // Via
		{"Max-Forwards", "70"},
		{"From", c.invite.header.Get("From")},
		{"To", c.invite.header.Get("To")},
		{"Call-ID", c.ID},
		{"CSeq", fmt.Sprintf("%d CANCEL", cseq)},
	}}
	peer, p := c.peer, c.phone
	p.spawn(func() {
		if _, err := p.wire.roundTrip(p.ctx, m, peer); err != nil {
			c.end(Event{Kind: Cancelled, By: Local, Reason: err.Error()})
		}
	})
}
