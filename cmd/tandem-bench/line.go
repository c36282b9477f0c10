package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// line is a UDP socket on loopback with the goroutine that reads it. What it receives is stamped before it is parsed.
type line struct {
	conn *net.UDPConn
	addr string         // our own host:port
	peer netip.AddrPort // the switch's
	took func(at time.Time, m message)
	odd  atomic.Int64 // datagrams that were no SIP
	read sync.WaitGroup

	mu     sync.Mutex
	again  map[string]*repetition
	closed bool
}

// repetition sends a message again until it is confirmed: UDP loses datagrams where a buffer runs full.
type repetition struct {
	timer *time.Timer
	body  []byte
	pause time.Duration
}

const (
	firstRepeat = 500 * time.Millisecond // SIP's T1
	lastRepeat  = 4 * time.Second        // T2
	giveUpAfter = 16                     // repetitions of one message
)

func newLine(took func(time.Time, message)) (*line, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("open a SIP socket: %w", err)
	}
	if err := conn.SetReadBuffer(8 << 20); err != nil {
		return nil, errors.Join(fmt.Errorf("enlarge a SIP socket's buffer: %w", err), conn.Close())
	}
	return &line{conn: conn, addr: conn.LocalAddr().String(), took: took, again: map[string]*repetition{}}, nil
}

// start begins to read. peer is the switch's host:port.
func (l *line) start(peer string) error {
	var err error
	if l.peer, err = netip.ParseAddrPort(peer); err != nil {
		return fmt.Errorf("parse the switch's address: %w", err)
	}
	l.read.Go(func() {
		buffer := make([]byte, 65536)
		for {
			n, _, err := l.conn.ReadFromUDPAddrPort(buffer)
			at := time.Now()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue // a refused datagram of ours is told here
			}
			m, err := parseMessage(string(buffer[:n]))
			if err != nil {
				l.odd.Add(1)
				continue
			}
			l.took(at, m)
		}
	})
	return nil
}

// close ends the reading and all repetitions.
func (l *line) close() {
	l.mu.Lock()
	l.closed = true
	for _, r := range l.again {
		r.timer.Stop()
	}
	l.mu.Unlock()
	_ = l.conn.Close()
	l.read.Wait()
}

// send sends once. An error would show as a call that never gets its answer.
func (l *line) send(body []byte) { _, _ = l.conn.WriteToUDPAddrPort(body, l.peer) }

// sendUntil sends, and again until confirmed is called with the key.
func (l *line) sendUntil(key string, body []byte) {
	r := &repetition{body: body, pause: firstRepeat}
	tries := 0
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.send(body) // what confirms it waits for the lock
	r.timer = time.AfterFunc(r.pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.closed || l.again[key] != r {
			return
		}
		if tries++; tries > giveUpAfter {
			delete(l.again, key)
			return
		}
		l.send(r.body)
		r.pause = min(2*r.pause, lastRepeat)
		r.timer.Reset(r.pause)
	})
	l.again[key] = r
}

// confirmed ends the repetition.
func (l *line) confirmed(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.again[key]; r != nil {
		r.timer.Stop()
		delete(l.again, key)
	}
}

var serial atomic.Uint64

// unique is a text that no other call of it gives in this process; the process's start makes it unlike those of a run before.
func unique() string {
	return strconv.FormatUint(born, 36) + "x" + strconv.FormatUint(serial.Add(1), 36)
}

var born = uint64(time.Now().UnixNano())
