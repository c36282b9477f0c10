package phones

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// Link is the connection between an engine and its switch, so that a test can cut it: a TCP relay on the loopback interface.
type Link struct {
	listener net.Listener
	target   string
	tasks    sync.WaitGroup

	mu      sync.Mutex
	cut     bool
	stalled bool
	moves   *sync.Cond // stalled has become false
	ended   bool
	conns   map[net.Conn]struct{}
}

// NewLink relays to target ("host:port") until the test ends.
func NewLink(tb testing.TB, target string) *Link {
	tb.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen for the link: %v", err)
	}
	l := &Link{listener: listener, target: target, conns: map[net.Conn]struct{}{}}
	l.moves = sync.NewCond(&l.mu)
	l.tasks.Go(l.accept)
	tb.Cleanup(l.close)
	return l
}

// Addr is where the engine connects, "host:port".
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Cut ends all connections and refuses new ones.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.stalled = true, false
	l.moves.Broadcast()
	for c := range l.conns {
		_ = c.Close() // its relay notices
	}
}

// Stall keeps all connections and lets nothing through, as a network does that fails without a word: neither side is told, not even of the other's giving
// up. What is sent meanwhile arrives late, with Mend.
func (l *Link) Stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = true
}

// Mend lets everything through again, after Cut or Stall.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.stalled = false, false
	l.moves.Broadcast()
}

func (l *Link) close() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.Cut()
	_ = l.listener.Close() // nothing is lost with it
	l.tasks.Wait()
}

func (l *Link) accept() {
	for {
		in, err := l.listener.Accept()
		if err != nil {
			return
		}
		if !l.hold(in) {
			_ = in.Close() // refused
			continue
		}
		l.tasks.Go(func() {
			defer l.release(in)
			if err := l.relay(in); err != nil {
				return // the engine sees its connection end
			}
		})
	}
}

// hold notes a connection, so that Cut ends it; false if the link is cut.
func (l *Link) hold(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut || l.ended {
		return false
	}
	l.conns[c] = struct{}{}
	return true
}

func (l *Link) release(c net.Conn) {
	_ = c.Close() // perhaps closed by Cut
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// relay copies in both directions until either side ends.
func (l *Link) relay(in net.Conn) error {
	var d net.Dialer
	out, err := d.DialContext(context.Background(), "tcp", l.target)
	if err != nil {
		return fmt.Errorf("dial the switch: %w", err)
	}
	if !l.hold(out) {
		return out.Close()
	}
	defer l.release(out)
	back := make(chan struct{})
	go func() {
		defer close(back)
		_ = l.carry(in, out) // ends when either side does
		_ = in.Close()       // so that the other direction ends, too
	}()
	err = l.carry(out, in)
	_ = out.Close()
	<-back
	return err
}

// carry copies from one side to the other until either ends. While the link is stalled, so is the end.
func (l *Link) carry(to io.Writer, from io.Reader) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		l.mu.Lock()
		for l.stalled {
			l.moves.Wait()
		}
		l.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return fmt.Errorf("relay: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("relay: %w", err)
		}
	}
}
