package esl

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const fakePassword = "secret"

// fakeSwitch is an event socket as a script wants it. Every command is noted, and answered by the newest handler that fits.
type fakeSwitch struct {
	t        testing.TB
	listener net.Listener
	crew     sync.WaitGroup
	conns    chan *fakeConn // one for each connection that has logged in

	mu       sync.Mutex
	open     map[*fakeConn]bool
	commands []string // first lines
	handlers []fakeHandler
	greet    func(*fakeConn) bool // what a new connection meets before the log-in; false ends it
}

// fakeHandler answers a command that begins with match. It returns false to end the connection.
type fakeHandler struct {
	match  string
	answer func(c *fakeConn, command string) bool
}

func newFake(t testing.TB) *fakeSwitch {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &fakeSwitch{t: t, listener: listener, conns: make(chan *fakeConn, 64), open: map[*fakeConn]bool{}}
	f.on("", says("-ERR command not found"))
	f.on("event ", says("+OK event listener enabled plain"))
	f.on("sendmsg ", says("+OK"))
	f.on("api ", answers("+OK\n"))
	f.on("bgapi ", func(c *fakeConn, command string) bool {
		id := header(command, "Job-UUID")
		return c.write("Content-Type: command/reply\nReply-Text: +OK Job-UUID: " + id + "\nJob-UUID: " + id + "\n\n")
	})
	f.on("exit", func(c *fakeConn, _ string) bool {
		c.write("Content-Type: command/reply\nReply-Text: +OK bye\n\n")
		c.write("Content-Type: text/disconnect-notice\nContent-Length: 20\n\nDisconnected, bye.\n\n")
		return false
	})
	f.crew.Go(f.accept)
	t.Cleanup(f.stop)
	return f
}

// on answers commands that begin with match, from now on.
func (f *fakeSwitch) on(match string, answer func(c *fakeConn, command string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handlers = append(f.handlers, fakeHandler{match, answer})
}

// onGreeting says what a new connection meets instead of the request to log in.
func (f *fakeSwitch) onGreeting(greet func(*fakeConn) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.greet = greet
}

// config has no limit of time that a busy machine could miss where the test is not about one.
func (f *fakeSwitch) config() linkConfig {
	return linkConfig{addr: f.listener.Addr().String(), password: fakePassword, writeTimeout: time.Minute, apiTimeout: time.Minute, log: quiet()}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// conn waits for the next connection that has logged in.
func (f *fakeSwitch) conn(t testing.TB) *fakeConn {
	t.Helper()
	select {
	case c := <-f.conns:
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("nobody has connected")
		return nil
	}
}

func (f *fakeSwitch) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.commands...)
}

func (f *fakeSwitch) stop() {
	_ = f.listener.Close()
	f.mu.Lock()
	for c := range f.open {
		_ = c.Conn.Close()
	}
	f.mu.Unlock()
	f.crew.Wait()
}

func (f *fakeSwitch) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		c := &fakeConn{Conn: conn}
		f.mu.Lock()
		f.open[c] = true
		f.mu.Unlock()
		f.crew.Go(func() {
			f.serve(c)
			_ = conn.Close()
			f.mu.Lock()
			delete(f.open, c)
			f.mu.Unlock()
		})
	}
}

func (f *fakeSwitch) serve(c *fakeConn) {
	f.mu.Lock()
	greet := f.greet
	f.mu.Unlock()
	if greet != nil && !greet(c) {
		return
	}
	if greet == nil {
		c.write("Content-Type: auth/request\n\n")
	}
	in := bufio.NewReader(c.Conn)
	in2, err := readCommand(in)
	if err != nil {
		return
	}
	if in2 != "auth "+fakePassword {
		c.write("Content-Type: command/reply\nReply-Text: -ERR invalid\n\n")
		return
	}
	select { // before the reply, so that connections are in the order in which they were made
	case f.conns <- c:
	default: // the test does not ask for its connections
	}
	c.write("Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
	for {
		command, err := readCommand(in)
		if err != nil || !f.answer(c, command) {
			return
		}
	}
}

func (f *fakeSwitch) answer(c *fakeConn, command string) bool {
	first, _, _ := strings.Cut(command, "\n")
	f.mu.Lock()
	f.commands = append(f.commands, first)
	var handler func(*fakeConn, string) bool
	for i := len(f.handlers) - 1; i >= 0 && handler == nil; i-- {
		if strings.HasPrefix(command, f.handlers[i].match) {
			handler = f.handlers[i].answer
		}
	}
	f.mu.Unlock()
	return handler(c, command)
}

// readCommand reads up to the next empty line, and skips those in front. Like the real one it has no regard to a carriage return.
func readCommand(in *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line != "":
			b.WriteString(line + "\n")
		case b.Len() > 0:
			return strings.TrimSuffix(b.String(), "\n"), nil
		}
	}
}

// fakeConn is the switch's end of a connection.
type fakeConn struct {
	net.Conn
	mu sync.Mutex
}

// write sends bytes as they are, and reports whether that was possible.
func (c *fakeConn) write(s string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := io.WriteString(c.Conn, s)
	return err == nil
}

// dribble sends bytes one by one, with nothing of somebody else's between them.
func (c *fakeConn) dribble(s string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range len(s) {
		if _, err := io.WriteString(c.Conn, s[i:i+1]); err != nil {
			return false
		}
	}
	return true
}

// cutOff ends the connection in the middle of something: nothing follows it.
func (c *fakeConn) cutOff(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.Conn, s)
	_ = c.Conn.Close()
}

// reset ends the connection in the rudest way.
func (c *fakeConn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Conn.Close()
}

// wireEvent is an event as it stands on the wire.
func wireEvent(name string, headers ...string) string {
	var b strings.Builder
	b.WriteString("Event-Name: " + name + "\n")
	for _, h := range headers {
		b.WriteString(h + "\n")
	}
	return aFrame(kindEvent, b.String()+"\n")
}

func numbered(n int) string { return wireEvent("CUSTOM", fmt.Sprintf("Number: %d", n)) }

func aFrame(kind, body string) string {
	return fmt.Sprintf("Content-Length: %d\nContent-Type: %s\n\n%s", len(body), kind, body)
}

func says(text string) func(*fakeConn, string) bool {
	return func(c *fakeConn, _ string) bool {
		return c.write("Content-Type: command/reply\nReply-Text: " + text + "\n\n")
	}
}

func answers(text string) func(*fakeConn, string) bool {
	return func(c *fakeConn, _ string) bool { return c.write(aFrame(kindAnswer, text)) }
}

// echoes answers "api echo X" with X.
func echoes(c *fakeConn, command string) bool {
	return c.write(aFrame(kindAnswer, strings.TrimPrefix(command, "api echo ")))
}

// keepsSilent takes a command and never answers it.
func keepsSilent(*fakeConn, string) bool { return true }

func header(command, name string) string {
	for line := range strings.SplitSeq(command, "\n") {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}
