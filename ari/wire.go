package ari

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"
)

// wires sends orders over a limited number of connections to one Asterisk, which are kept and used again.
//
// It is what is needed of an HTTP/1.1 client for short orders with short answers, and no more: who asks writes the request and reads the answer himself.
// net/http's transport has two goroutines for each connection, so that every order is handed over four times between goroutines. With
// ten orders per call that is a good part of what a call costs us, and a dial's way to the switch is through two of them. Parsing answers is left to net/http.
type wires struct {
	address string // host:port
	host    string // of the Host header
	tls     *tls.Config
	dialer  net.Dialer
	slots   chan struct{} // holds a token for every connection in use

	mu   sync.Mutex
	idle []*wire     // the newest last
	reap *time.Timer // closes what is idle for too long; nil while nothing is
}

// A wire is one connection. Whoever took it out of wires has it alone.
type wire struct {
	conn  net.Conn // with TLS, if any
	raw   net.Conn // without
	read  *bufio.Reader
	write []byte
	since time.Time // idle
}

// An answer is what Asterisk said, read to its end.
type answer struct {
	status int
	body   []byte
}

const (
	wireTimeout = 2 * time.Second // to connect, TLS included
	// A connection that was used so recently is taken to be open still. Others are looked at: a proxy may have closed them.
	wireTrust = 100 * time.Millisecond
)

func newWires(base *url.URL, limit int) *wires {
	w := &wires{host: base.Host, slots: make(chan struct{}, limit), dialer: net.Dialer{Timeout: wireTimeout, KeepAlive: 15 * time.Second}}
	port := base.Port()
	if base.Scheme == "https" {
		w.tls = &tls.Config{ServerName: base.Hostname(), MinVersion: tls.VersionTLS12}
		port = defaultTo(port, "443")
	}
	w.address = net.JoinHostPort(base.Hostname(), defaultTo(port, "80"))
	return w
}

// ask sends one request and reads the whole answer. header ends each of its lines with CR LF; body is JSON, or nil.
//
// If a connection that was idle turns out to be closed, a request that may be repeated is sent again over a new one. After any other failure of a connection it
// is unknown whether Asterisk has carried the order out.
func (w *wires) ask(ctx context.Context, method, target, header string, body []byte) (answer, error) {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	defer func() { <-w.slots }()
	for {
		c, used, err := w.take(ctx)
		if err != nil {
			return answer{}, orContext(ctx, err)
		}
		a, again, err := c.exchange(ctx, method, target, w.host, header, body)
		if err == nil {
			if again {
				w.put(c)
			} else {
				c.close()
			}
			return a, nil
		}
		c.close()
		if !used || method == http.MethodPost || ctx.Err() != nil || !closedByPeer(err) {
			return answer{}, orContext(ctx, err)
		}
	}
}

// orContext gives the context's error where a connection's deadline only stands for it.
func orContext(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return context.DeadlineExceeded // the context's timer is about to fire
	}
	return err
}

// closedByPeer reports whether the connection was at its end before a byte of the answer came.
func closedByPeer(err error) bool {
	var op *net.OpError
	return errors.Is(err, errNoAnswer) || errors.As(err, &op) && op.Op == "write"
}

var errNoAnswer = errors.New("the connection was closed without an answer")

// take gives an idle connection, or a new one. used says which.
func (w *wires) take(ctx context.Context) (c *wire, used bool, err error) {
	for {
		w.mu.Lock()
		n := len(w.idle)
		if n > 0 {
			c = w.idle[n-1]
			w.idle[n-1] = nil
			w.idle = w.idle[:n-1]
		}
		w.mu.Unlock()
		if n == 0 {
			c, err = w.connect(ctx)
			return c, false, err
		}
		if idle := time.Since(c.since); idle < wireTrust || idle < idleConnLimit && stillOpen(c.raw) {
			return c, true, nil
		}
		c.close()
	}
}

func (w *wires) connect(ctx context.Context) (*wire, error) {
	conn, err := w.dialer.DialContext(ctx, "tcp", w.address)
	if err != nil {
		return nil, err
	}
	c := &wire{conn: conn, raw: conn}
	if w.tls != nil {
		ctx, cancel := context.WithTimeout(ctx, wireTimeout)
		defer cancel()
		secure := tls.Client(conn, w.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		c.conn = secure
	}
	c.read = bufio.NewReader(c.conn)
	return c, nil
}

// put keeps a connection for the next request.
func (w *wires) put(c *wire) {
	c.since = time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, c)
	if w.reap == nil {
		w.reap = time.AfterFunc(idleConnLimit, w.reapIdle)
	}
}

// reapIdle closes the connections that have been idle for too long, and comes again while there are others.
func (w *wires) reapIdle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.idle) > 0 && time.Since(w.idle[0].since) >= idleConnLimit {
		w.idle[0].close()
		w.idle = append(w.idle[:0], w.idle[1:]...)
	}
	w.reap = nil
	if len(w.idle) > 0 {
		w.reap = time.AfterFunc(idleConnLimit-time.Since(w.idle[0].since), w.reapIdle)
	}
}

// close closes the idle connections. Those in use are kept when their answers have come, as ever.
func (w *wires) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.idle {
		c.close()
	}
	w.idle = nil
	if w.reap != nil {
		w.reap.Stop()
		w.reap = nil
	}
}

func (c *wire) close() { _ = c.conn.Close() }

// exchange writes a request and reads its answer. again says that the connection may be used for another.
func (c *wire) exchange(ctx context.Context, method, target, host, header string, body []byte) (a answer, again bool, err error) {
	deadline, _ := ctx.Deadline() // none is the zero time, which is none for a connection, too
	if err := c.conn.SetDeadline(deadline); err != nil {
		return answer{}, false, err
	}
	// A wait that is given up ends by a deadline in the past. The connection is of no use then.
	interrupted := context.AfterFunc(ctx, func() { _ = c.raw.SetDeadline(time.Unix(1, 0)) })
	defer func() { again = interrupted() && again }()

	b := append(c.write[:0], method...)
	b = append(append(b, ' '), target...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), host...)
	b = append(append(b, "\r\n"...), header...)
	if body != nil || method == http.MethodPost || method == http.MethodPut {
		b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	if body != nil {
		b = append(b, "Content-Type: application/json\r\n"...)
	}
	b = append(append(b, "\r\n"...), body...)
	c.write = b
	if _, err := c.conn.Write(b); err != nil {
		return answer{}, false, err
	}
	if _, err := c.read.Peek(1); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return answer{}, false, err
		}
		return answer{}, false, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	resp, err := http.ReadResponse(c.read, &http.Request{Method: method})
	if err != nil {
		return answer{}, false, fmt.Errorf("read the answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // all has been read, or the connection is closed
	a.status = resp.StatusCode
	if a.body, err = readBody(resp); err != nil {
		return answer{}, false, err
	}
	return a, !resp.Close && c.read.Buffered() == 0, nil
}

func readBody(resp *http.Response) ([]byte, error) {
	if resp.ContentLength == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	case len(body) > maxBody:
		return nil, fmt.Errorf("read the answer: it is longer than %d bytes", maxBody)
	}
	return body, nil
}
