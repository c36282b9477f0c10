package softphone

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// direction is the media direction of RFC 3264, as the side that writes it means it.
type direction string

const (
	sendRecv direction = "sendrecv"
	sendOnly direction = "sendonly"
	recvOnly direction = "recvonly"
	inactive direction = "inactive"
)

// answered returns our direction for their offer; holding takes the receiving away.
func (d direction) answered(holding bool) direction {
	theyReceive := d == sendRecv || d == recvOnly
	theySend := d == sendRecv || d == sendOnly
	switch {
	case theyReceive && theySend && !holding:
		return sendRecv
	case theyReceive:
		return sendOnly
	case theySend && !holding:
		return recvOnly
	}
	return inactive
}

// receives tells whether the side that wrote d listens.
func (d direction) receives() bool { return d == sendRecv || d == recvOnly }

const (
	defaultEventType = 101 // dynamic; what everybody uses for telephone-event
	noEventType      = 255 // the far side takes no digits
	telephoneEvent   = "telephone-event/8000"
	discardPort      = 9 // where signalling-only calls have their audio sent
)

// session is what the far side's SDP says.
type session struct {
	addr      netip.AddrPort // invalid when it takes no audio (port 0, or the hold of RFC 2543)
	codec     Codec
	eventType uint8
	direction direction
	profile   string // plainRTP or secureRTP
	cryptoTag string
	theirKey  masterKey // nil = it offers no encryption that we know
}

// readSDP reads an offer or answer; of its codecs the first that is among ours counts. (The parser of the media library ends the process on a body of one
// byte, so this one is our own.)
func readSDP(body []byte, ours []Codec) (session, error) {
	s := session{eventType: noEventType, direction: sendRecv}
	var (
		connection string   // the audio's own c= line, else the session's
		media      []string // the fields of the m=audio line
		other      bool     // within the description of another stream
		maps       []string
	)
	for _, line := range strings.Split(string(body), "\n") {
		kind, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !ok:
		case kind == "m":
			if fields := strings.Fields(value); media == nil && len(fields) >= 4 && fields[0] == "audio" {
				media, other = fields, false
			} else {
				other = true
			}
		case other:
		case kind == "c":
			connection = value
		case kind == "a":
			switch d := direction(value); d {
			case sendRecv, sendOnly, recvOnly, inactive:
				s.direction = d
			}
			if rest, ok := strings.CutPrefix(value, "rtpmap:"); ok {
				maps = append(maps, rest)
			}
			if rest, ok := strings.CutPrefix(value, "crypto:"); ok && s.theirKey == nil {
				if tag, key, ok := readCrypto(rest); ok {
					s.cryptoTag, s.theirKey = tag, key
				}
			}
		}
	}
	if media == nil {
		return session{}, errors.New("reading SDP: no audio")
	}
	if s.profile = media[2]; s.profile != plainRTP && s.profile != secureRTP {
		return session{}, fmt.Errorf("reading SDP: profile %q, want RTP/AVP or RTP/SAVP", media[2])
	}
	portText, _, _ := strings.Cut(media[1], "/")
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return session{}, fmt.Errorf("reading SDP: port: %w", err)
	}
	where := strings.Fields(connection)
	if len(where) != 3 {
		return session{}, fmt.Errorf("reading SDP: connection %q, want three fields", connection)
	}
	ip, err := netip.ParseAddr(where[2])
	if err != nil {
		return session{}, fmt.Errorf("reading SDP: connection: %w", err)
	}
	if ip = ip.Unmap(); port != 0 && !ip.IsUnspecified() {
		s.addr = netip.AddrPortFrom(ip, uint16(port))
	}
	found := false
	for _, f := range media[3:] {
		for _, c := range ours {
			if !found && f == strconv.Itoa(int(c)) {
				s.codec, found = c, true
			}
		}
	}
	if !found {
		return session{}, errors.New("reading SDP: no codec in common")
	}
	for _, m := range maps {
		number, name, _ := strings.Cut(m, " ")
		if pt, err := strconv.ParseUint(number, 10, 7); err == nil && strings.EqualFold(strings.TrimSpace(name), telephoneEvent) {
			s.eventType = uint8(pt)
		}
	}
	return s, nil
}

// readSDP reads an offer or answer that has to be one for this phone.
func (p *Phone) readSDP(body []byte) (session, error) {
	s, err := readSDP(body, p.cfg.Codecs)
	if err == nil {
		err = p.cfg.Encryption.agree(s)
	}
	return s, err
}

// writeSDP describes our side: before an agreement everything we can, after it what was agreed. The caller holds c.mu.
func (c *Call) writeSDP(d direction) []byte {
	c.sdpVersion++
	codecs := c.phone.cfg.Codecs
	if c.Incoming || c.state == Up {
		codecs = []Codec{c.codec}
		if c.Incoming && c.invite != nil && len(c.invite.body) == 0 && c.state == Early {
			codecs = c.phone.cfg.Codecs
		}
	}
	eventType := c.eventType
	ip, port := c.phone.wire.local.Addr(), uint16(discardPort)
	if c.sound != nil {
		port = c.sound.local.Port()
	}
	family := "IP4"
	if ip.Is6() {
		family = "IP6"
	}
	var formats, maps strings.Builder
	for _, codec := range codecs {
		fmt.Fprintf(&formats, " %d", codec)
		fmt.Fprintf(&maps, "a=rtpmap:%d %s/%d\r\n", codec, codec, sampleRate)
	}
	if eventType != noEventType {
		fmt.Fprintf(&formats, " %d", eventType)
		fmt.Fprintf(&maps, "a=rtpmap:%d %s\r\na=fmtp:%d 0-16\r\n", eventType, telephoneEvent, eventType)
	}
	profile, crypto := c.encryptionOffered()
	return fmt.Appendf(nil, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d %s%s\r\n%s%sa=ptime:20\r\na=%s\r\n",
		port, c.sdpVersion, family, ip, family, ip, port, profile, formats.String(), maps.String(), crypto, d)
}

// encryptionOffered is what our side says about SRTP: before an agreement what we want, after it what was agreed. The caller holds c.mu.
func (c *Call) encryptionOffered() (profile, crypto string) {
	e := c.phone.cfg.Encryption
	switch {
	case c.encrypted:
		return c.profile, c.ourKey.cryptoLine(c.cryptoTag)
	case c.profile != "" || e == PlainOnly:
		return plainRTP, ""
	case e == EncryptAlways:
		return secureRTP, c.ourKey.cryptoLine("1")
	}
	return plainRTP, c.ourKey.cryptoLine("1")
}

// adopt follows what the far side said about its audio, and tells when it begins or ends to hold us. The caller holds c.mu.
func (c *Call) adopt(s session) {
	c.codec, c.eventType = s.codec, s.eventType
	c.encrypted = s.theirKey != nil && c.phone.cfg.Encryption != PlainOnly
	c.profile, c.cryptoTag = s.profile, s.cryptoTag
	if !c.encrypted {
		s.theirKey = nil
	}
	if c.sound != nil {
		c.sound.follow(s, c.ourKey)
	}
	held := !s.direction.receives() || !s.addr.IsValid()
	if held == c.held || c.state != Up {
		c.held = held
		return
	}
	c.held = held
	if held {
		c.happened(Event{Kind: Held, By: Remote})
	} else {
		c.happened(Event{Kind: Resumed, By: Remote})
	}
}

// follow adopts an answer to our offer; one that cannot be read leaves the audio as it is. The caller holds c.mu.
func (c *Call) follow(body []byte) {
	s, err := c.phone.readSDP(body)
	if err != nil {
		c.happened(Event{Kind: Garbled, By: Remote, Reason: err.Error()})
		return
	}
	c.adopt(s)
}
