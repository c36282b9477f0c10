package softphone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/emiago/diago/media"
	"github.com/pion/rtp"
)

const (
	frameTime = 20 * time.Millisecond
	// listenPatience is how long the ear waits for the next packet before it takes the line for dead air.
	listenPatience = 60 * time.Millisecond
)

// sound is the audio of one call: a socket, a goroutine that hears and, once it is known whereto, one that speaks.
type sound struct {
	phone *Phone
	conn  *net.UDPConn
	local netip.AddrPort
	ear   *Ear
	digit func(rune) // called for every digit that comes in
	ctx   context.Context
	stop  context.CancelFunc

	mu        sync.Mutex
	voice     Voice
	muted     bool
	remote    netip.AddrPort // invalid: nobody to speak to
	codec     Codec
	eventType uint8
	speaking  bool // the speaker runs
	sends     bool // the far side wants to hear us
	keys      secrecy

	digits chan digitOrder
}

// digitOrder asks the speaker to send one digit.
type digitOrder struct {
	digit rune
	done  chan struct{} // closed when the last packet is out
}

// openSound binds the audio socket and begins to listen. The caller holds c.mu.
func (c *Call) openSound(voice Voice) error {
	p := c.phone
	if p.cfg.SignallingOnly || c.sound != nil {
		return nil
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.wire.local.Addr(), 0)))
	if err != nil {
		return fmt.Errorf("binding audio: %w", err)
	}
	local, err := boundTo(conn)
	if err != nil {
		return err
	}
	s := &sound{
		phone: p, conn: conn, local: local, ear: newEar(p.cfg.ListenFor),
		voice: voice, eventType: noEventType, digits: make(chan digitOrder),
	}
	s.digit = func(r rune) { // from the listener's goroutine, which holds no lock
		c.mu.Lock()
		defer c.mu.Unlock()
		c.happened(Event{Kind: Digit, By: Remote, Digit: r})
	}
	s.ctx, s.stop = context.WithCancel(p.ctx)
	c.sound = s
	p.spawn(s.listen)
	return nil
}

// close ends both goroutines; Phone.Close awaits them.
func (s *sound) close() {
	s.stop()
	_ = s.conn.Close()
}

// follow speaks to where the far side says from now on.
func (s *sound) follow(to session, ours masterKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.keys.agreed(ours, to.theirKey); err != nil { // keys are checked when they are read
		s.phone.cfg.Log.Warn("no keys for the audio", "user", s.phone.cfg.User, "error", err)
		return
	}
	s.remote, s.codec, s.eventType = to.addr, to.codec, to.eventType
	s.sends = to.addr.IsValid() && to.direction.receives()
	if !s.speaking {
		s.speaking = true
		s.phone.spawn(s.speak)
	}
}

func (s *sound) mute(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.muted = on
}

func (s *sound) say(v Voice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.voice = v
}

// listen feeds the ear until the socket closes.
func (s *sound) listen() {
	var (
		buf     = make([]byte, media.RTPBufSize)
		samples = make([]int16, 0, frameSamples)
		events  digitReader
		header  rtp.Header
		plain   []byte
		second  bool // the first read timed out, this is the look whether packets wait behind a starved process
	)
	for {
		patience := listenPatience
		if second {
			patience = 5 * time.Millisecond
		}
		_ = s.conn.SetReadDeadline(time.Now().Add(patience)) // fails only on a closed socket, which the read reports
		n, from, err := s.conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			if second {
				s.ear.deadAir(time.Now())
			}
			second = !second
			continue
		case err != nil:
			continue // ICMP of an earlier packet
		}
		second = false
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		s.mu.Lock()
		remote, eventType, decrypt := s.remote, s.eventType, s.keys.in
		s.mu.Unlock()
		// Ports are used again quickly on a busy machine: what belongs to a call that has ended must not be heard in this one. RTCP shares no port with us,
		// but the far side's idea of our RTCP port may be another call's audio port.
		if !s.phone.wire.plugged.Load() || from != remote || n < 12 || buf[1] >= 192 && buf[1] <= 223 {
			s.ear.deadAir(time.Now())
			continue
		}
		packet := buf[:n]
		if decrypt != nil {
			if plain, err = decrypt.DecryptRTP(plain[:0], packet, nil); err != nil {
				continue // of somebody who has not the key, or once more
			}
			packet = plain
		}
		at, err := header.Unmarshal(packet)
		if err != nil || at > len(packet) {
			continue
		}
		payload := packet[at:]
		if header.PayloadType == eventType && eventType != noEventType {
			if r, ok := events.read(header.Timestamp, payload); ok {
				s.digit(r)
			}
			s.ear.stillThere(time.Now(), header.SSRC, header.SequenceNumber)
			continue
		}
		codec := Codec(header.PayloadType)
		if !codec.valid() {
			continue
		}
		samples = codec.decode(samples[:0], payload)
		s.ear.hear(time.Now(), header.SSRC, header.SequenceNumber, header.Timestamp, samples)
	}
}

// speak sends a packet every 20 ms by a schedule of its own, so that lateness does not add up.
func (s *sound) speak() {
	header := rtp.Header{Version: 2, SSRC: rand.Uint32(), SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32(), Marker: true}
	out := make([]byte, media.RTPBufSize)
	var mouth mouth
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case order := <-s.digits:
			s.sendDigit(&header, out, order.digit, &next)
			close(order.done)
			timer.Reset(time.Until(next))
		case <-timer.C:
			s.mu.Lock()
			payload := mouth.frame(s.voice, s.muted, s.codec)
			to, sends := s.remote, s.sends
			header.PayloadType = uint8(s.codec)
			s.mu.Unlock()
			if sends {
				s.send(&header, out, payload, to)
			}
			header.Timestamp += frameSamples
			if next = next.Add(frameTime); time.Since(next) > 10*frameTime { // starved: do not flood the far side with what is too late
				late := time.Since(next).Truncate(frameTime)
				next = next.Add(late)
				header.Timestamp += uint32(late/frameTime) * frameSamples // wraps by design
			}
			timer.Reset(time.Until(next))
		}
	}
}

// send writes one packet. Errors are as good as loss.
func (s *sound) send(header *rtp.Header, out, payload []byte, to netip.AddrPort) {
	n, err := header.MarshalTo(out)
	if err != nil || n+len(payload) > len(out) {
		return
	}
	n += copy(out[n:], payload)
	packet := out[:n]
	s.mu.Lock()
	if s.keys.out != nil {
		packet, err = s.keys.out.EncryptRTP(nil, packet, nil)
	}
	s.mu.Unlock()
	if s.phone.wire.plugged.Load() && err == nil {
		_, _ = s.conn.WriteToUDPAddrPort(packet, to)
	}
	header.SequenceNumber++
	header.Marker = false
}

// mouth cuts a voice into encoded packets. It encodes a voice once, not once per packet.
type mouth struct {
	samples []int16 // of what encoded is made
	codec   Codec
	encoded []byte
	at      int
	packet  [frameSamples]byte
}

var silentFrame = make([]int16, frameSamples)

func (m *mouth) frame(v Voice, muted bool, codec Codec) []byte {
	samples := v.samples
	if muted || len(samples) == 0 {
		samples = silentFrame
	}
	if m.encoded == nil || &m.samples[0] != &samples[0] || m.codec != codec {
		m.samples, m.codec, m.at = samples, codec, 0
		m.encoded = codec.encode(samples)
	}
	for i := range m.packet {
		m.packet[i] = m.encoded[m.at]
		if m.at++; m.at == len(m.encoded) {
			m.at = 0
		}
	}
	return m.packet[:]
}

// Say changes what the phone says in this call. It does nothing in a signalling-only call.
func (c *Call) Say(v Voice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sound != nil {
		c.sound.say(v)
	}
}
