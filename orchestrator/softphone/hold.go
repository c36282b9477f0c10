package softphone

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Hold puts the far side on hold, as the hold key does: a re-INVITE with sendonly. From then on the phone says silence, whatever its voice.
func (c *Call) Hold(ctx context.Context) error { return c.reinvite(ctx, true) }

// Resume takes the far side back.
func (c *Call) Resume(ctx context.Context) error { return c.reinvite(ctx, false) }

// reinvite offers the wanted direction and awaits the answer. When both sides do that at once (491) it tries again.
func (c *Call) reinvite(ctx context.Context, hold bool) error {
	doing, kind := "resuming", Resumed
	if hold {
		doing, kind = "holding", Held
	}
	ctx, cancel := c.during(ctx)
	defer cancel()
	for {
		res, err := c.offer(ctx, hold)
		if err != nil {
			return fmt.Errorf("%s %s: %w", doing, c, err)
		}
		if res.code == 491 {
			pause := time.NewTimer(c.phone.wire.t1 / 5)
			select {
			case <-ctx.Done():
				pause.Stop()
				return fmt.Errorf("%s %s: %w", doing, c, context.Cause(ctx))
			case <-pause.C:
			}
			continue
		}
		if res.code >= 300 {
			return fmt.Errorf("%s %s: %w", doing, c, &RefusedError{Method: "INVITE", Code: res.code, Reason: res.phrase})
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.state != Up {
			return fmt.Errorf("%s %s: %w", doing, c, ErrEnded)
		}
		c.holding = hold
		if c.sound != nil {
			c.sound.mute(hold)
		}
		c.happened(Event{Kind: kind, By: Local})
		if len(res.body) > 0 {
			c.follow(res.body)
		}
		return nil
	}
}

// offer sends one re-INVITE and acknowledges its final response.
func (c *Call) offer(ctx context.Context, hold bool) (*message, error) {
	c.mu.Lock()
	if c.state != Up || c.reinviting {
		defer c.mu.Unlock()
		if c.reinviting {
			return nil, fmt.Errorf("%s: another change is under way", c)
		}
		return nil, fmt.Errorf("%s is %s: %w", c, c.state, ErrEnded)
	}
	c.reinviting = true
	wanted := sendRecv
	if hold {
		wanted = sendOnly
	}
	m := c.request("INVITE")
	m.header = append(m.header, Header{"Allow", allowHeader}, Header{"Content-Type", "application/sdp"})
	m.body = c.writeSDP(wanted)
	peer := c.peer
	c.mu.Unlock()

	res, err := c.phone.wire.roundTrip(ctx, m, peer)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.reinviting = false
	if err != nil {
		return nil, err
	}
	if res.code >= 300 {
		c.ackRefusal(m, res)
		return res, nil
	}
	cseq, _, _ := m.cseq() // we wrote it
	ack := c.request("ACK")
	c.cseq--
	for i, h := range ack.header {
		if h.Name == "CSeq" {
			ack.header[i].Value = fmt.Sprintf("%d ACK", cseq)
		}
	}
	c.phone.wire.send(ack.bytes(), peer)
	return res, nil
}

// onReinvite answers a change that the far side wants: hold, resume, or another address for its audio. UPDATE is the same without an ACK.
func (c *Call) onReinvite(m *message, from netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	respond := func(res *message) {
		if m.method == "INVITE" {
			c.final(m, res)
		} else {
			c.phone.wire.respond(m, res, from)
		}
	}
	switch {
	case c.state == Ended:
		respond(m.answer(481, c.localTag))
		return
	case c.reinviting:
		respond(m.answer(491, c.localTag))
		return
	}
	res := m.answer(200, c.localTag)
	res.header = append(res.header, c.phone.contact(), Header{"Allow", allowHeader})
	if _, contact := addressParts(m.header.Get("Contact")); contact != "" {
		c.target = contact
	}
	c.peer = from
	switch {
	case len(m.body) > 0:
		offer, err := c.phone.readSDP(m.body)
		if err != nil {
			respond(m.answer(488, c.localTag))
			return
		}
		c.adopt(offer)
		res.header = append(res.header, Header{"Content-Type", "application/sdp"})
		res.body = c.writeSDP(offer.direction.answered(c.holding))
	case m.method == "INVITE": // they ask for our offer
		res.header = append(res.header, Header{"Content-Type", "application/sdp"})
		res.body = c.writeSDP(sendRecv.answered(c.holding))
	}
	respond(res)
}
