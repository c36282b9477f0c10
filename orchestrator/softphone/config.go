package softphone

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// Config describes a phone. User is the only field without a usable zero value.
type Config struct {
	// User is the SIP user: the name in the contact, in From and, with a password, for digest authentication.
	User string
	// Password answers digest challenges. Empty: a challenge is a refusal.
	Password string
	// DisplayName goes with outgoing calls.
	DisplayName string
	// Server is the "host:port" of the registrar and of the switch that calls go to. A phone without one can call "user@host:port" and be called.
	Server string
	// Addr is the local "ip:port"; default "127.0.0.1:0", a free port of the loopback interface.
	Addr string
	// Voice is what the phone says in its calls, at first; default silence.
	Voice Voice
	// Reaction is what it does about an incoming call; default [Ring].
	Reaction Reaction
	// ListenFor are the frequencies, in Hz, that the ear knows beside every [Tone]; at most 40.
	ListenFor []float64
	// Events is where the phone writes; default a log of its own.
	Events *Log
	// Expires is the registration time asked for; default 1 h, at least 1 s. The phone refreshes at four fifths of what it is granted.
	Expires time.Duration
	// RawContact is the Contact header of requests as it shall stand on the wire, unchecked: for who lies about where it is. Default the phone's address.
	RawContact string
	// Codecs are offered in this order; default PCMU, PCMA.
	Codecs []Codec
	// SignallingOnly leaves out all audio: calls offer a port at which nobody listens, and have no ear. The switch may miss the packets if it
	// has an RTP timeout.
	SignallingOnly bool
	// TLS has SIP go over TLS instead of UDP: over one connection to Server, by which the phone is called as well. With a certificate of its own it also takes connections
	// that come to Addr. ServerName is by default Server's address.
	TLS *tls.Config
	// Encryption is what the phone does about SRTP; default plain RTP only.
	Encryption Encryption
	// RetransmitAfter is T1 of RFC 3261: the first pause before a message is repeated; default 500 ms. A request without any answer fails after 64 of them.
	RetransmitAfter time.Duration
	// Log takes debug lines; default none.
	Log *slog.Logger
}

// withDefaults checks the configuration and fills it up.
func (c Config) withDefaults() (Config, error) {
	if c.User == "" {
		return c, wrong("User", "must not be empty")
	}
	for field, text := range map[string]string{"User": c.User, "DisplayName": c.DisplayName} {
		if err := checkHeaderText(field, text); err != nil {
			return c, err
		}
	}
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if len(c.ListenFor) > 40 {
		return c, wrong("ListenFor", "at most 40 frequencies")
	}
	for _, hz := range c.ListenFor {
		if hz < 50 || hz > 3900 {
			return c, wrong("ListenFor", "%g Hz is outside 50-3900", hz)
		}
	}
	if c.Reaction == nil {
		c.Reaction = Ring
	}
	if c.Events == nil {
		c.Events = NewLog()
	}
	if c.Expires == 0 {
		c.Expires = time.Hour
	}
	if c.Expires < time.Second {
		return c, wrong("Expires", "%s is less than a second", c.Expires)
	}
	if len(c.Codecs) == 0 {
		c.Codecs = []Codec{PCMU, PCMA}
	}
	for _, codec := range c.Codecs {
		if !codec.valid() {
			return c, wrong("Codecs", "payload type %d is neither PCMU nor PCMA", uint8(codec))
		}
	}
	if c.RetransmitAfter == 0 {
		c.RetransmitAfter = 500 * time.Millisecond
	}
	if c.RetransmitAfter < 0 {
		return c, wrong("RetransmitAfter", "must be positive")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// wrong names a field and the rule that it breaks.
func wrong(field, rule string, args ...any) error {
	return fmt.Errorf("%s: %s", field, fmt.Sprintf(rule, args...))
}

// resolve turns "host:port" into an address; the port may be missing.
func resolve(hostPort string) (netip.AddrPort, error) {
	if _, _, err := net.SplitHostPort(hostPort); err != nil {
		hostPort = net.JoinHostPort(hostPort, "5060")
	}
	addr, err := net.ResolveUDPAddr("udp", hostPort)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("resolving %q: %w", hostPort, err)
	}
	ap := addr.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
}
