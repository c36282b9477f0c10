package softphone

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"
)

// carrier is what takes messages to the far side and brings its own: datagrams, or connections with TLS.
type carrier interface {
	// send delivers one message. What cannot be delivered is lost, as on any network.
	send(data []byte, to netip.AddrPort)
	// receive gives every message to handle, one at a time, until close.
	receive(handle func(data []byte, from netip.AddrPort))
	close() error
}

// datagrams are SIP over UDP.
type datagrams struct{ conn *net.UDPConn }

func (d datagrams) send(data []byte, to netip.AddrPort) { _, _ = d.conn.WriteToUDPAddrPort(data, to) }

func (d datagrams) close() error { return d.conn.Close() }

func (d datagrams) receive(handle func([]byte, netip.AddrPort)) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := d.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil { // errors: ICMP of an earlier packet
			handle(buf[:n], from)
		}
	}
}

const (
	dialTime   = 5 * time.Second // for a connection, its handshake included
	maxMessage = 64 << 10        // of a message that comes over a connection
)

// connections are SIP over TLS: those that the phone has opened to its server, through which it is called as well, and those that come to it.
type connections struct {
	config   *tls.Config
	listener net.Listener
	ctx      context.Context // ends with close
	cancel   context.CancelFunc

	mu     sync.Mutex // guards what follows
	open   map[netip.AddrPort]net.Conn
	reads  sync.WaitGroup // the readers of open; from zero only under mu
	handle func([]byte, netip.AddrPort)

	turn sync.Mutex // messages are handled one at a time, whichever connection they came over
}

func newConnections(addr string, config *tls.Config) (*connections, netip.AddrPort, error) {
	listener, err := net.Listen("tcp", addr) //nolint:noctx // binds at once
	if err != nil {
		return nil, netip.AddrPort{}, fmt.Errorf("binding: %w", err)
	}
	local, err := addressOf(listener.Addr())
	if err != nil {
		return nil, local, errors.Join(err, listener.Close())
	}
	s := &connections{config: config, listener: listener, open: map[netip.AddrPort]net.Conn{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, local, nil
}

func addressOf(a net.Addr) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return ap, fmt.Errorf("reading an address: %w", err)
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
}

func (s *connections) close() error {
	s.cancel()
	err := s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open {
		_ = c.Close()
	}
	return err
}

// receive takes connections that come, as far as the phone has a certificate to show.
func (s *connections) receive(handle func([]byte, netip.AddrPort)) {
	s.mu.Lock()
	s.handle = handle
	s.mu.Unlock()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			break // closed
		}
		if len(s.config.Certificates) == 0 {
			_ = conn.Close()
			continue
		}
		from, err := addressOf(conn.RemoteAddr())
		if err != nil || !s.adopt(from, tls.Server(conn, s.config)) {
			_ = conn.Close()
		}
	}
	s.reads.Wait()
}

// adopt keeps a connection and reads from it.
func (s *connections) adopt(peer netip.AddrPort, conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || s.handle == nil {
		return false
	}
	s.open[peer] = conn
	s.reads.Go(func() {
		s.read(peer, conn)
		_ = conn.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[peer] == conn {
			delete(s.open, peer)
		}
	})
	return true
}

// read cuts a connection's bytes into messages.
func (s *connections) read(peer netip.AddrPort, conn net.Conn) {
	in := bufio.NewReaderSize(conn, maxMessage)
	for {
		data, err := readMessage(in)
		if err != nil {
			return
		}
		s.turn.Lock()
		s.handle(data, peer)
		s.turn.Unlock()
	}
}

var errTooLong = errors.New("the message is too long")

// readMessage reads one message by its Content-Length; empty lines in front of it keep a connection alive (RFC 5626).
func readMessage(in *bufio.Reader) ([]byte, error) {
	var head []byte
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		blank := len(strings.TrimSpace(string(line))) == 0
		if blank && len(head) == 0 {
			continue
		}
		if head = append(head, line...); len(head) > maxMessage {
			return nil, errTooLong
		}
		if blank {
			break
		}
		name, value, _ := strings.Cut(string(line), ":")
		if key := textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)); key == "Content-Length" || key == "L" {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 || length > maxMessage {
				return nil, errTooLong
			}
		}
	}
	message := append(head, make([]byte, length)...)
	_, err := io.ReadFull(in, message[len(head):])
	return message, err
}

// send uses the connection that there is to the address, or opens one.
func (s *connections) send(data []byte, to netip.AddrPort) {
	s.mu.Lock()
	conn := s.open[to]
	s.mu.Unlock()
	if conn == nil {
		opened, err := s.dial(to)
		if err != nil {
			return // the transaction hears nothing, and times out
		}
		if conn = opened; !s.adopt(to, conn) {
			_ = conn.Close()
			return
		}
	}
	_ = conn.SetWriteDeadline(time.Now().Add(dialTime)) // fails only on a closed connection, which the write reports
	_, _ = conn.Write(data)
}

func (s *connections) dial(to netip.AddrPort) (net.Conn, error) {
	local, err := addressOf(s.listener.Addr())
	if err != nil {
		return nil, err
	}
	config := s.config.Clone()
	if config.ServerName == "" {
		config.ServerName = to.Addr().String()
	}
	from := net.TCPAddrFromAddrPort(netip.AddrPortFrom(local.Addr(), 0))
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTime, LocalAddr: from}, Config: config}
	ctx, cancel := context.WithTimeout(s.ctx, dialTime)
	defer cancel()
	return d.DialContext(ctx, "tcp", to.String())
}
