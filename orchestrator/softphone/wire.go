package softphone

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

var (
	errClosed   = errors.New("the phone is closed")
	errNoAnswer = errors.New("no answer from the far side")
)

// wire is the phone's SIP socket, or its connections, with the memory that UDP needs: which request an answer belongs to, and which answer a repeated request
// gets. Its reader calls onRequest and the response handlers one message at a time.
type wire struct {
	carrier
	local   netip.AddrPort
	secure  bool          // TLS: nothing is lost on the way, so nothing is said twice
	t1      time.Duration // RFC 3261 17.1.1.1
	plugged atomic.Bool
	onInput func(m *message, from netip.AddrPort)
	garbled func(error)

	mu      sync.Mutex
	clients map[string]func(*message, netip.AddrPort) // by branch and method: who awaits the responses
	served  map[string]*served                        // by branch and method: what was answered
}

// served is one request that we have seen.
type served struct {
	response []byte // the last one sent; nil while there is none
	until    time.Time
}

const (
	t2               = 4 * time.Second // the longest pause between retransmissions
	noCap            = time.Hour       // ... and where there is no longest
	transactionLives = 64              // times T1
	maxDatagram      = 65535
)

func newWire(addr string, t1 time.Duration, secure *tls.Config) (*wire, error) {
	w := &wire{t1: t1, secure: secure != nil, clients: map[string]func(*message, netip.AddrPort){}, served: map[string]*served{}}
	w.plugged.Store(true)
	if secure != nil {
		s, local, err := newConnections(addr, secure)
		w.carrier, w.local = s, local
		return w, err
	}
	bind, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("resolving address: %w", err)
	}
	conn, err := net.ListenUDP("udp", bind)
	if err != nil {
		return nil, fmt.Errorf("binding: %w", err)
	}
	local, err := boundTo(conn)
	if err != nil {
		return nil, err
	}
	w.carrier, w.local = datagrams{conn}, local
	return w, nil
}

// boundTo returns the address of a socket; it closes one that has none.
func boundTo(conn *net.UDPConn) (netip.AddrPort, error) {
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		_ = conn.Close()
		return netip.AddrPort{}, fmt.Errorf("reading the address bound to: %w", err)
	}
	return netip.AddrPortFrom(local.Addr().Unmap(), local.Port()), nil
}

// read handles messages until the socket closes.
func (w *wire) read(parser *sip.Parser) {
	w.receive(func(data []byte, from netip.AddrPort) {
		if !w.plugged.Load() || len(data) <= 4 { // 4: keep-alives
			return
		}
		m, err := parseMessage(parser, data)
		if err != nil {
			w.garbled(err)
			return
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if m.isResponse() {
			w.mu.Lock()
			handle := w.clients[m.branch()+m.method]
			w.mu.Unlock()
			if handle != nil {
				handle(m, from)
			}
			return
		}
		w.onInput(m, from)
	})
}

// send puts a message on the wire, unless the cable is out. An error of the local socket is as good as a lost packet.
func (w *wire) send(data []byte, to netip.AddrPort) {
	if w.plugged.Load() {
		w.carrier.send(data, to)
	}
}

// expect has the responses to one request given to handle, in the reader's goroutine, until forget is called.
func (w *wire) expect(branch, method string, handle func(*message, netip.AddrPort)) (forget func()) {
	key := branch + method
	w.mu.Lock()
	w.clients[key] = handle
	w.mu.Unlock()
	return func() {
		w.mu.Lock()
		delete(w.clients, key)
		w.mu.Unlock()
	}
}

// seenBefore tells whether a request is a repetition, and repeats the answer if there was one.
func (w *wire) seenBefore(m *message, from netip.AddrPort) bool {
	key := m.branch() + m.method
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.served[key]; s != nil {
		if s.response != nil {
			w.send(s.response, from)
		}
		return true
	}
	now := time.Now()
	if len(w.served)%128 == 127 {
		for k, s := range w.served {
			if now.After(s.until) {
				delete(w.served, k)
			}
		}
	}
	w.served[key] = &served{until: now.Add(transactionLives * w.t1)}
	return false
}

// respond sends an answer and keeps it for repetitions of the request.
func (w *wire) respond(request *message, response *message, to netip.AddrPort) []byte {
	data := response.bytes()
	w.mu.Lock()
	if s := w.served[request.branch()+request.method]; s != nil {
		s.response = data
	}
	w.mu.Unlock()
	w.send(data, to)
	return data
}

// repeat sends data until stop is closed (nil), ctx ends or nobody can be expected to answer any more.
func (w *wire) repeat(ctx context.Context, data []byte, to netip.AddrPort, pauseMost time.Duration, stop <-chan struct{}) error {
	pause := w.t1
	giveUp := time.NewTimer(transactionLives * w.t1)
	defer giveUp.Stop()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-giveUp.C:
			return errNoAnswer
		case <-timer.C:
			if !w.secure {
				w.send(data, to)
			}
			pause = min(2*pause, pauseMost)
			timer.Reset(pause)
		}
	}
}

// roundTrip sends a request and returns the final response. The caller's goroutine does the repeating. m must have its Via.
func (w *wire) roundTrip(ctx context.Context, m *message, to netip.AddrPort) (*message, error) {
	final := make(chan *message, 1)
	stop := make(chan struct{})
	answered := false // the reader's alone
	forget := w.expect(m.branch(), m.method, func(res *message, _ netip.AddrPort) {
		if res.code < 200 || answered {
			return
		}
		answered = true
		final <- res
		close(stop)
	})
	defer forget()
	data := m.bytes()
	w.send(data, to)
	if err := w.repeat(ctx, data, to, t2, stop); err != nil {
		return nil, fmt.Errorf("sending %s: %w", m.method, err)
	}
	return <-final, nil
}

// via is the Via header of a new transaction.
func (w *wire) via(branch string) Header {
	protocol := "UDP"
	if w.secure {
		protocol = "TLS"
	}
	return Header{Name: "Via", Value: fmt.Sprintf("SIP/2.0/%s %s;rport;branch=%s", protocol, w.local, branch)}
}

// transport is what URIs say about how to reach the phone or, from it, the far side.
func (w *wire) transport() string {
	if w.secure {
		return ";transport=tls"
	}
	return ""
}

// newBranch returns a transaction id; the prefix is RFC 3261's magic cookie.
func newBranch() string { return "z9hG4bK" + token() }

// token returns 16 random hexadecimal digits, for tags and ids.
func token() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return hex.EncodeToString(b[:])
}
