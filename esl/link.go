package esl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
)

// linkConfig says how to reach the event socket. Zero durations mean the default.
type linkConfig struct {
	addr     string // host:port
	user     string // "name@domain" of the directory; "" for the event socket's own password
	password string

	dialTimeout  time.Duration // to connect and log in; default 5 s
	writeTimeout time.Duration // for one command to leave; default 2 s
	apiTimeout   time.Duration // for the reply to an instant command that was sent; default 2 s
	replyLimit   time.Duration // time without a reply, while one is owed, after which the link is dead; default 10 s
	pingEvery    time.Duration // time without a word from the switch after which it is asked for one; default 5 s
	log          *slog.Logger  // default slog.Default()
}

func (c linkConfig) withDefaults() linkConfig {
	c.dialTimeout = cmp.Or(c.dialTimeout, 5*time.Second)
	c.writeTimeout = cmp.Or(c.writeTimeout, 2*time.Second)
	c.apiTimeout = cmp.Or(c.apiTimeout, 2*time.Second)
	c.replyLimit = cmp.Or(c.replyLimit, 10*time.Second)
	c.pingEvery = cmp.Or(c.pingEvery, 5*time.Second)
	c.log = cmp.Or(c.log, slog.Default())
	return c
}

// window is how many commands the switch is given before it has answered. It carries out one after the other, however many it has, and carries out what it has even when
// nobody waits for it any more, and even when the connection is gone. So those that it would only keep wait here, where they can be taken back.
const window = 16

// Why a link ends, or did not come about.
var (
	errPassword     = errors.New("esl: the switch refuses the password")
	errNotAllowed   = errors.New("esl: the switch's access list refuses our address")
	errDisconnected = errors.New("esl: the switch has closed the connection")
	errNoReply      = errors.New("esl: the switch does not reply")
	errStray        = errors.New("esl: a reply that belongs to no command")
	errClosed       = errors.New("esl: the connection is closed")
)

// link is one connection to the event socket.
//
// The event socket has no request ids: replies come in the order of the commands. So a command takes its place in the line of those who
// wait (pending) under the same lock under which it is written, and the one goroutine that reads gives each reply to the head of the line.
// Who no longer wants to wait leaves its place in the line, or the reply would go to the next. A reply that cannot be meant for the head
// shows that the line is out of step; then nothing can be trusted any more and the link ends. So it does when no reply comes for too long; a switch that is slow, and has
// many to give, is no dead one.
//
// The writing lock is a channel, so that who waits for it can give up when its context ends, and so is the room in the line.
type link struct {
	cfg     linkConfig
	conn    net.Conn
	onEvent func(event)
	crew    sync.WaitGroup
	begun   time.Time
	heard   atomic.Int64 // when the switch last said something, after begun

	room    chan struct{} // holds a token for each command without a reply
	writing chan struct{} // holds a token while somebody writes

	mu      sync.Mutex
	pending []*waiter

	end   sync.Once
	dead  chan struct{}
	cause error // written once, before dead is closed
}

// waiter is a command without a reply yet.
type waiter struct {
	command command
	since   time.Time  // when it was written, or became the head of the line
	reply   chan reply // with room for one, so that the reader never waits
}

// reply is the switch's answer to a command.
type reply struct {
	kind string
	text string // of a command: "+OK accepted"; of api: everything that it said
}

// dialLink connects and logs in. onEvent is called for every event, in order, by the one goroutine that reads: it must not wait.
func dialLink(ctx context.Context, c linkConfig, onEvent func(event)) (*link, error) {
	c = c.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, c.dialTimeout)
	defer cancel()
	// The keep-alive finds a peer that is gone even if nobody writes; our pings find it sooner.
	conn, err := (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, fmt.Errorf("esl: connect: %w", err)
	}
	in := newFrameReader(conn)
	if err := logIn(ctx, conn, in, c); err != nil {
		_ = conn.Close()
		return nil, err
	}
	l := &link{cfg: c, conn: conn, onEvent: onEvent, begun: time.Now(), room: make(chan struct{}, window), writing: make(chan struct{}, 1), dead: make(chan struct{})}
	l.crew.Go(func() { l.fail(l.read(in)) })
	l.crew.Go(l.watch)
	return l, nil
}

// logIn does what comes before there are events and several commands at a time. It is over when ctx is.
func logIn(ctx context.Context, conn net.Conn, in *frameReader, c linkConfig) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	text, err := logInCommand(c.user, c.password).message()
	if err != nil {
		return err
	}
	asked := false
	for {
		f, err := in.next()
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err() // says more than that a deadline on the connection has passed
			}
			return fmt.Errorf("esl: log in: %w", err)
		}
		switch f.kind() {
		case kindRejection:
			return errNotAllowed
		case kindDisconnect:
			return fmt.Errorf("esl: log in: %w", errDisconnected)
		case kindAuthRequest:
			if asked {
				continue
			}
			asked = true
			if _, err := conn.Write([]byte(text)); err != nil {
				return fmt.Errorf("esl: log in: %w", err)
			}
		case kindReply:
			if !strings.HasPrefix(replyText(f), "+OK") {
				return errPassword
			}
			if !stop() {
				return fmt.Errorf("esl: log in: %w", ctx.Err())
			}
			return nil
		}
	}
}

// read deals out what comes until the stream ends. It waits for nobody: FreeSWITCH kills a listener that does not keep up.
func (l *link) read(in *frameReader) error {
	for {
		f, err := in.next()
		if err != nil {
			return fmt.Errorf("esl: read: %w", err)
		}
		l.heard.Store(int64(time.Since(l.begun)))
		switch kind := f.kind(); kind {
		case kindEvent:
			l.onEvent(parseEvent(f.body))
		case kindReply:
			err = l.deal(reply{kind: kind, text: replyText(f)})
		case kindAnswer:
			err = l.deal(reply{kind: kind, text: f.body})
		case kindDisconnect:
			err = errDisconnected
		case kindRejection:
			err = errNotAllowed
		default: // log lines, and whatever a newer switch may say
			l.cfg.log.Debug("skipped a frame of the event socket", "kind", oneLine(kind, 60))
		}
		if err != nil {
			return err
		}
	}
}

// deal gives a reply to the command that has waited longest.
func (l *link) deal(r reply) error {
	l.mu.Lock()
	if len(l.pending) == 0 {
		l.mu.Unlock()
		return errStray
	}
	w := l.pending[0]
	l.pending[0] = nil
	l.pending = l.pending[1:]
	if len(l.pending) > 0 {
		l.pending[0].since = time.Now()
	}
	l.mu.Unlock()
	<-l.room
	if !w.command.answeredBy(r) {
		return errStray
	}
	w.reply <- r
	return nil
}

// watch ends the link when the switch does not reply, and makes it say something when it has been silent for long.
func (l *link) watch() {
	ticker := time.NewTicker(min(l.cfg.replyLimit, l.cfg.pingEvery) / 4)
	defer ticker.Stop()
	for {
		select {
		case <-l.dead:
			return
		case <-ticker.C:
		}
		since, waiting := l.waits()
		switch silent := time.Since(l.begun) - time.Duration(l.heard.Load()); {
		case waiting && time.Since(since) > l.cfg.replyLimit:
			l.fail(errNoReply)
		case !waiting && silent > l.cfg.pingEvery:
			// Nobody waits for the reply; that there is one is seen by the reader, that there is none by the next turns of this loop.
			ctx, cancel := context.WithTimeout(context.Background(), l.cfg.writeTimeout)
			_, _ = l.write(ctx, pingCommand()) // an error has ended the link
			cancel()
		}
	}
}

// waits says since when the switch has given no reply, if it owes one.
func (l *link) waits() (since time.Time, waiting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 {
		return time.Time{}, false
	}
	return l.pending[0].since, true
}

// write puts a command on the wire and into the line of those who wait.
func (l *link) write(ctx context.Context, c command) (*waiter, error) {
	text, err := c.message()
	if err != nil {
		return nil, err
	}
	if err := l.acquire(ctx, l.room); err != nil {
		return nil, err
	}
	if err := l.acquire(ctx, l.writing); err != nil {
		<-l.room
		return nil, err
	}
	defer func() { <-l.writing }()
	w := &waiter{command: c, since: time.Now(), reply: make(chan reply, 1)}
	l.mu.Lock()
	l.pending = append(l.pending, w) // before the write: the reply may be faster than we are
	l.mu.Unlock()
	// ctx does not cut a write short: half a command would spoil the connection for everybody.
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.cfg.writeTimeout))
	if _, err := l.conn.Write([]byte(text)); err != nil {
		l.fail(fmt.Errorf("esl: write: %w", err))
		return nil, l.err() // which may be an older one
	}
	return w, nil
}

// acquire puts a token into room or writing. When the time is up, or the link dead, nothing has been sent.
func (l *link) acquire(ctx context.Context, tokens chan struct{}) error {
	if err := l.err(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("esl: wait for the connection: %w", err)
	}
	select {
	case tokens <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("esl: wait for the connection: %w", ctx.Err())
	case <-l.dead:
		return l.cause
	}
}

// send sends a command, when there is room, and waits for its reply, for at most apiTimeout, or replyLimit if it is a job. A refusal by the switch is a *switchError. When the time is up, the
// command may or may not have been carried out.
func (l *link) send(ctx context.Context, c command) (reply, error) {
	w, err := l.write(ctx, c)
	if err != nil {
		return reply{}, err
	}
	limit := l.cfg.apiTimeout
	if c.job != "" {
		limit = l.cfg.replyLimit // a busy switch takes its time to begin a thread, and many jobs begin one after the other
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case r := <-w.reply:
		return r, refusedBy(c, r)
	case <-ctx.Done():
		return reply{}, fmt.Errorf("esl: %s: wait for the reply: %w", c.verb, ctx.Err())
	case <-l.dead:
	}
	select {
	case r := <-w.reply: // it had come before the end
		return r, refusedBy(c, r)
	default:
		return reply{}, fmt.Errorf("esl: %s: %w", c.verb, l.cause)
	}
}

// api carries out an instant command and gives what it said.
func (l *link) api(ctx context.Context, verb string, args ...argument) (string, error) {
	r, err := l.send(ctx, apiCommand(verb, args...))
	if strings.TrimSpace(r.text) == noAnswer {
		r.text = ""
	}
	return r.text, err
}

// background begins a command whose outcome the event BACKGROUND_JOB with Job-UUID = job brings. nil means that it has begun.
func (l *link) background(ctx context.Context, job jobID, verb string, args ...argument) error {
	_, err := l.send(ctx, backgroundCommand(job, verb, args...))
	return err
}

// subscribe asks for events by name; subclasses of CUSTOM come after "CUSTOM". It adds to what was asked for before.
func (l *link) subscribe(ctx context.Context, names ...string) error {
	_, err := l.send(ctx, subscribeCommand(names...))
	return err
}

// nudge makes the switch look for events that wait to be sent: its listener sleeps for 20 ms at a time, but wakes up for what we write. An
// empty line is no command and has no reply. While somebody else writes there is no need for it. Time that is over before it has left proves nothing: this machine may have stood still just
// then. A switch that reads nothing any more is found out by the ping.
func (l *link) nudge() {
	select {
	case l.writing <- struct{}{}:
		defer func() { <-l.writing }()
	default:
		return
	}
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.cfg.writeTimeout))
	if _, err := l.conn.Write([]byte{'\n'}); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		l.fail(fmt.Errorf("esl: write: %w", err))
	}
}

// fail ends the link. The first error stays. It does not wait.
func (l *link) fail(err error) {
	l.end.Do(func() {
		l.cause = err
		close(l.dead)
		_ = l.conn.Close()
	})
}

// done is closed when the link is dead; err then says why.
func (l *link) done() <-chan struct{} { return l.dead }

// err says why the link is dead; nil while it lives.
func (l *link) err() error {
	select {
	case <-l.dead:
		return l.cause
	default:
		return nil
	}
}

// close ends the link in good order, if it still lives, and waits for its goroutines. It must not be called from onEvent.
func (l *link) close() {
	if l.err() == nil {
		// The switch frees a listener that says "exit" at once, and one that vanishes when it next tries to write to it.
		select {
		case l.writing <- struct{}{}:
			_ = l.conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			_, _ = l.conn.Write([]byte("exit\n\n"))
			<-l.writing
		default: // somebody writes, and may be stuck
		}
	}
	l.fail(errClosed)
	l.crew.Wait()
}

// switchError is a refusal by the switch: "-ERR No such channel!".
type switchError struct {
	Verb string // the command
	Text string // without "-ERR", cleaned
}

func (e *switchError) Error() string { return "esl: " + e.Verb + ": the switch says: " + e.Text }

// noAnswer is what the event socket says when a command has said nothing. It is no refusal.
const noAnswer = "-ERR no reply"

// refusedBy gives the *switchError that a reply amounts to, or nil.
func refusedBy(c command, r reply) error {
	text := strings.TrimSpace(r.text)
	if r.kind == kindAnswer && text == noAnswer {
		return nil
	}
	for _, mark := range []string{"-ERR", "-USAGE:"} {
		if said, refused := strings.CutPrefix(text, mark); refused {
			return &switchError{Verb: c.verb, Text: oneLine(said, maxSaid)}
		}
	}
	return nil
}

// maxSaid is how many characters of a switch's words are passed on.
const maxSaid = 200

func replyText(f frame) string {
	text, _ := f.head.raw("Reply-Text")
	return text
}

// oneLine makes one line of at most limit characters of what the switch says: for logs and errors.
func oneLine(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(s) {
		if n == limit {
			break
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
