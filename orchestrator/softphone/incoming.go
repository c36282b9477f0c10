package softphone

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// onRequest handles one request. It runs in the reader's goroutine and does not block.
func (p *Phone) onRequest(m *message, from netip.AddrPort) {
	c := p.call(m.callID())
	if m.method == "ACK" { // has no answer, so repetitions need none either
		if c != nil {
			c.onAck(m)
		}
		return
	}
	if p.wire.seenBefore(m, from) {
		return
	}
	_, toParams := splitAddress(m.header.Get("To"))
	inDialog := param(toParams, "tag") != ""
	switch {
	case m.method == "INVITE" && !inDialog:
		p.onInvite(m, from)
	case m.method == "OPTIONS":
		res := m.answer(200, token())
		res.header = append(res.header, Header{"Allow", allowHeader}, Header{"Accept", "application/sdp"})
		p.wire.respond(m, res, from)
	case m.method == "NOTIFY":
		p.wire.respond(m, m.answer(200, token()), from)
	case c == nil:
		p.wire.respond(m, m.answer(481, token()), from)
	case m.method == "CANCEL":
		c.onCancel(m, from)
	case m.method == "BYE":
		c.onBye(m, from)
	case m.method == "INVITE", m.method == "UPDATE":
		c.onReinvite(m, from)
	case m.method == "INFO":
		c.onInfo(m, from)
	default:
		res := m.answer(405, token())
		res.header = append(res.header, Header{"Allow", allowHeader})
		p.wire.respond(m, res, from)
	}
}

func readInvite(m *message) Invite {
	display, from := addressParts(m.header.Get("From"))
	_, to := addressParts(m.header.Get("To"))
	return Invite{From: userOf(from), DisplayName: display, To: userOf(to), Target: userOf(m.uri), Header: m.header}
}

// onInvite begins an incoming call.
func (p *Phone) onInvite(m *message, from netip.AddrPort) {
	cseq, _, err := m.cseq()
	if err != nil {
		p.wire.respond(m, m.answer(400, token()), from)
		return
	}
	c := p.newCall(m.callID(), true, readInvite(m))
	remote, remoteParams := splitAddress(m.header.Get("From"))
	local, _ := splitAddress(m.header.Get("To"))
	c.remote, c.local, c.remoteTag = strings.TrimSpace(remote), strings.TrimSpace(local), param(remoteParams, "tag")
	_, c.target = addressParts(m.header.Get("Contact"))
	c.route = m.header.Values("Record-Route")
	c.peer, c.invite, c.cseq = from, m, cseq
	if err := p.keep(c); err != nil {
		return // the phone is closing; silence is what a phone that is gone gives
	}
	p.mu.Lock()
	react := p.reaction
	p.mu.Unlock()
	c.mu.Lock()
	c.happened(Event{Kind: Invited})
	c.mu.Unlock()
	p.spawn(func() { react(c.ctx, c) })
}

func (c *Call) onAck(m *message) {
	cseq, _, err := m.cseq()
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ack := c.unacknowledged[cseq]; ack != nil {
		close(ack)
		delete(c.unacknowledged, cseq)
		if c.state == Up {
			c.happened(Event{Kind: Acknowledged})
		}
	}
	if c.state == Up && len(m.body) > 0 { // the answer to an offer that we made in a 200
		c.follow(m.body)
	}
}

func (c *Call) onCancel(m *message, from netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.playDead {
		c.phone.wire.respond(m, m.answer(200, c.localTag), from)
	}
	if c.state != Early || !c.Incoming {
		return // our 200 was on its way already: the call stands, and the caller will send a BYE if it is unwanted
	}
	c.becomeEnded(Event{Kind: Cancelled, By: Remote, Reason: strings.Join(m.header.Values("Reason"), ", ")})
	c.final(c.invite, c.invite.answer(487, c.localTag))
}

func (c *Call) onBye(m *message, from netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.hungUp {
		c.hungUp = true
		close(c.theirBye)
	}
	c.becomeEnded(Event{Kind: HungUp, By: Remote, Reason: strings.Join(m.header.Values("Reason"), ", ")})
	c.phone.wire.respond(m, m.answer(200, c.localTag), from)
}

// final answers an INVITE for good and repeats the answer until its ACK comes. The caller holds c.mu.
func (c *Call) final(request, response *message) {
	if c.playDead {
		return
	}
	cseq, _, _ := request.cseq() // checked when it came
	acknowledged := make(chan struct{})
	c.unacknowledged[cseq] = acknowledged
	data := c.phone.wire.respond(request, response, c.peer)
	peer, p := c.peer, c.phone
	p.spawn(func() {
		err := p.wire.repeat(p.ctx, data, peer, t2, acknowledged)
		if errors.Is(err, errNoAnswer) {
			c.end(Event{Kind: HungUp, By: Local, Reason: "our answer was never acknowledged"})
		}
	})
}

// Ring sends 180. It may be repeated.
func (c *Call) Ring() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayAnswer(); err != nil {
		return fmt.Errorf("ringing: %w", err)
	}
	res := c.invite.answer(180, c.localTag)
	res.header = append(res.header, c.phone.contact())
	c.happened(Event{Kind: Ringing, By: Local})
	c.phone.wire.respond(c.invite, res, c.peer)
	return nil
}

// mayAnswer tells whether an incoming call still waits for an answer. The caller holds c.mu.
func (c *Call) mayAnswer() error {
	if !c.Incoming || c.state != Early {
		return fmt.Errorf("%s is %s: %w", c, c.state, ErrEnded)
	}
	return nil
}

// Answer picks up. The error is ErrEnded when the caller was faster, or a description of an offer that cannot be met (which is refused with 488).
func (c *Call) Answer() error {
	p := c.phone
	p.mu.Lock()
	voice := p.voice
	p.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayAnswer(); err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	if err := c.openSound(voice); err != nil {
		return fmt.Errorf("answering %s: %w", c, err)
	}
	answer := sendRecv
	if len(c.invite.body) > 0 {
		offer, err := c.phone.readSDP(c.invite.body)
		if err != nil {
			c.refuse(488)
			return fmt.Errorf("answering %s: %w", c, err)
		}
		answer = offer.direction.answered(false)
		c.adopt(offer)
	}
	res := c.invite.answer(200, c.localTag)
	res.header = append(res.header, p.contact(), Header{"Allow", allowHeader}, Header{"Content-Type", "application/sdp"})
	res.body = c.writeSDP(answer)
	c.state = Up
	c.happened(Event{Kind: Answered, By: Local})
	c.final(c.invite, res)
	return nil
}

// Reject refuses an incoming call with a SIP status from 300 to 699 and any further headers.
func (c *Call) Reject(code int, extra ...Header) error {
	if code < 300 || code > 699 {
		return fmt.Errorf("rejecting: code %d is outside 300-699", code)
	}
	for _, h := range extra {
		if err := checkHeaderText(h.Name, h.Name+h.Value); err != nil {
			return fmt.Errorf("rejecting: %w", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayAnswer(); err != nil {
		return fmt.Errorf("rejecting: %w", err)
	}
	c.refuse(code, extra...)
	return nil
}

// refuse ends an incoming call with a final answer. The caller holds c.mu.
func (c *Call) refuse(code int, extra ...Header) {
	res := c.invite.answer(code, c.localTag)
	res.header = append(res.header, extra...)
	c.becomeEnded(Event{Kind: Refused, By: Local, Code: code, Reason: phrase(code)})
	c.final(c.invite, res)
}

// PlayDead makes the phone ignore this call on the wire from now on: it answers neither the INVITE nor a CANCEL of it. What it receives is still logged.
func (c *Call) PlayDead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.playDead = true
}

// onInfo takes a digit in the form some switches use instead of RTP.
func (c *Call) onInfo(m *message, from netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { c.phone.wire.respond(m, m.answer(200, c.localTag), from) }()
	if !strings.HasPrefix(m.header.Get("Content-Type"), "application/dtmf") {
		return
	}
	for _, line := range strings.Split(string(m.body), "\n") {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.EqualFold(strings.TrimSpace(key), "Signal") && len(strings.TrimSpace(value)) == 1 {
			c.happened(Event{Kind: Digit, By: Remote, Digit: rune(strings.TrimSpace(value)[0])})
		}
	}
}

// wantsAutoAnswer reads the headers by which switches ask a phone to pick up.
func wantsAutoAnswer(h Headers) bool {
	for _, info := range h.Values("Call-Info") {
		if strings.Contains(strings.ToLower(info), "answer-after=") {
			return true
		}
	}
	for _, info := range h.Values("Alert-Info") {
		if info = strings.ToLower(info); strings.Contains(info, "alert-autoanswer") || strings.Contains(info, "auto-answer") || strings.Contains(info, "auto answer") {
			return true
		}
	}
	return false
}

// during ends when either the caller's ctx or the call does.
func (c *Call) during(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.ctx, func() { cancel(ErrEnded) })
	return ctx, func() { stop(); cancel(context.Canceled) }
}
