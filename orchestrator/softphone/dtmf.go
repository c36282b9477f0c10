package softphone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/diago/media"
	"github.com/pion/rtp"
)

const digitAlphabet = "0123456789*#ABCD"

// A digit lasts digitPackets of 20 ms; its end is sent digitEnds times against loss, and digitPause of nothing separates it from the next.
const (
	digitPackets = 5
	digitEnds    = 3
	digitPause   = 3
)

// SendDTMF sends digits (0-9, *, #, A-D) as RFC 4733 events and returns when the last is out, about 200 ms for each.
func (c *Call) SendDTMF(ctx context.Context, digits string) error {
	for _, r := range digits {
		if !strings.ContainsRune(digitAlphabet, r) {
			return fmt.Errorf("sending digits: %q is none of %s", r, digitAlphabet)
		}
	}
	c.mu.Lock()
	s, state, eventType := c.sound, c.state, c.eventType
	c.mu.Unlock()
	switch {
	case s == nil:
		return errors.New("sending digits: the phone is signalling only")
	case state != Up:
		return fmt.Errorf("sending digits: %s is %s: %w", c, state, ErrEnded)
	case eventType == noEventType:
		return errors.New("sending digits: the far side does not take telephone-event")
	}
	ctx, cancel := c.during(ctx)
	defer cancel()
	for _, r := range digits {
		order := digitOrder{digit: r, done: make(chan struct{})}
		select {
		case s.digits <- order:
		case <-ctx.Done():
			return fmt.Errorf("sending digit %c: %w", r, context.Cause(ctx))
		}
		select {
		case <-order.done:
		case <-ctx.Done():
			return fmt.Errorf("sending digit %c: %w", r, context.Cause(ctx))
		}
	}
	return nil
}

// sendDigit replaces the voice by the packets of one digit. All of them carry the time at which it began (RFC 4733 2.1).
func (s *sound) sendDigit(header *rtp.Header, out []byte, digit rune, next *time.Time) {
	s.mu.Lock()
	to, eventType := s.remote, s.eventType
	s.mu.Unlock()
	event := media.DTMFEvent{Event: uint8(strings.IndexRune(digitAlphabet, digit)), Volume: 10}
	header.PayloadType, header.Marker = eventType, true
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := range digitPackets + digitEnds + digitPause {
		*next = next.Add(frameTime)
		timer.Reset(time.Until(*next))
		select {
		case <-s.ctx.Done():
			return
		case <-timer.C:
		}
		if i < digitPackets {
			event.Duration += frameSamples
		} else {
			event.EndOfEvent = true
		}
		if i < digitPackets+digitEnds && to.IsValid() {
			s.send(header, out, media.DTMFEncode(event), to)
		}
	}
	header.Timestamp += (digitPackets + digitEnds + digitPause) * frameSamples
	header.Marker = true
}

// digitReader makes one digit of the many packets that carry it.
type digitReader struct {
	started bool
	begun   uint32 // the RTP timestamp is the identity of a digit
	done    bool
}

// read returns the digit when its end comes, or, if all ends were lost, never: a digit without an end was not finished.
func (d *digitReader) read(timestamp uint32, payload []byte) (rune, bool) {
	var event media.DTMFEvent
	if err := media.DTMFDecode(payload, &event); err != nil || int(event.Event) >= len(digitAlphabet) {
		return 0, false
	}
	if !d.started || timestamp != d.begun {
		*d = digitReader{started: true, begun: timestamp}
	}
	if !event.EndOfEvent || d.done {
		return 0, false
	}
	d.done = true
	return rune(digitAlphabet[event.Event]), true
}
