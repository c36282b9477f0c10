package esl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/percipia/eslgo/command/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// linked gives a link to the fake, and the fake's end of it.
func (f *fakeSwitch) linked(t testing.TB, c linkConfig, onEvent func(event)) (*link, *fakeConn) {
	t.Helper()
	if onEvent == nil {
		onEvent = func(event) {}
	}
	l, err := dialLink(t.Context(), c, onEvent)
	require.NoError(t, err)
	t.Cleanup(l.close)
	return l, f.conn(t)
}

// awaitEnd waits for the end of a link and says why it ended.
func awaitEnd(t testing.TB, l *link) error {
	t.Helper()
	select {
	case <-l.done():
		return l.err()
	case <-time.After(20 * time.Second):
		t.Fatal("the link lives on")
		return nil
	}
}

func TestLogIn(t *testing.T) {
	for what, c := range map[string]struct {
		greet func(*fakeConn) bool
		set   func(*linkConfig)
		want  error
	}{
		"a wrong password":           {set: func(c *linkConfig) { c.password = "wrong" }, want: errPassword},
		"an address not on the list": {greet: greeting("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n"), want: errNotAllowed},
		"a switch that is stopping":  {greet: greeting("Content-Type: text/disconnect-notice\nContent-Length: 0\n\n"), want: errDisconnected},
		"no event socket":            {greet: greeting("SSH-2.0-OpenSSH_9.2\r\n\r\n"), want: context.DeadlineExceeded},
		"a web server":               {greet: greeting("HTTP/1.1 400 Bad Request\r\nContent-Length: -5\r\n\r\n"), want: errFrame},
		"silence":                    {greet: func(*fakeConn) bool { return true }, want: context.DeadlineExceeded},
		"a connection cut off":       {greet: func(c *fakeConn) bool { c.write("Content-Ty"); c.reset(); return false }},
		"a password of two lines":    {set: func(c *linkConfig) { c.password = "a\n\nb" }},
	} {
		t.Run(what, func(t *testing.T) {
			f := newFake(t)
			f.onGreeting(c.greet)
			cfg := f.config()
			cfg.dialTimeout = 30 * time.Second
			if c.want == context.DeadlineExceeded { //nolint:errorlint // the very one
				cfg.dialTimeout = 300 * time.Millisecond
			}
			if c.set != nil {
				c.set(&cfg)
			}
			_, err := dialLink(t.Context(), cfg, func(event) {})
			require.Error(t, err)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			assert.NotContains(t, err.Error(), cfg.password)
		})
	}
	f := newFake(t)
	f.stop()
	_, err := dialLink(t.Context(), f.config(), func(event) {})
	require.ErrorContains(t, err, "connect")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = dialLink(ctx, f.config(), func(event) {})
	require.ErrorIs(t, err, context.Canceled)
}

func greeting(s string) func(*fakeConn) bool {
	return func(c *fakeConn) bool { return c.write(s) }
}

// TestLogInInPieces: the greeting comes twice, byte by byte, after something unknown.
func TestLogInInPieces(t *testing.T) {
	f := newFake(t)
	f.onGreeting(func(c *fakeConn) bool {
		return c.dribble("Content-Type: something/new\nContent-Length: 3\n\nabcContent-Type: auth/request\n\nContent-Type: auth/request\n\n")
	})
	l, _ := f.linked(t, f.config(), nil)
	text, err := l.api(t.Context(), "status")
	require.NoError(t, err)
	assert.Equal(t, "+OK\n", text)
}

func TestRepliesFindTheirCommands(t *testing.T) {
	f := newFake(t)
	f.on("api echo ", echoes)
	var events int
	l, c := f.linked(t, f.config(), func(event) { events++ })
	stop := make(chan struct{})
	var noise, crew sync.WaitGroup
	noise.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				c.write(numbered(n) + aFrame("log/data", "noise"))
			}
		}
	})
	for i := range 40 {
		crew.Go(func() {
			for k := range 100 {
				want := fmt.Sprintf("%d-%d", i, k)
				got, err := l.api(t.Context(), "echo", wordArg(want))
				if !assert.NoError(t, err) || !assert.Equal(t, want, got) {
					return
				}
			}
		})
	}
	crew.Wait()
	close(stop)
	noise.Wait()
	l.close()
	assert.Positive(t, events)
}

func TestWhatTheSwitchSays(t *testing.T) {
	f := newFake(t)
	l, c := f.linked(t, f.config(), nil)
	f.on("api uuid_kill ", answers("-ERR No such channel!\n"))
	f.on("api uuid_break ", answers("-USAGE: <uuid>\n"))
	f.on("api silence", answers("-ERR no reply\n"))
	f.on("api show ", answers("{\"row_count\":0}"))
	f.on("api forbidden", says("-ERR permission denied"))
	f.on("api odd", answers("-ERR \x1b[31m\nred\u202e"+strings.Repeat("x", 999)))

	var refused *switchError
	_, err := l.api(t.Context(), "uuid_kill", literal("x"))
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, switchError{Verb: "uuid_kill", Text: "No such channel!"}, *refused)
	_, err = l.api(t.Context(), "uuid_break", literal("x"))
	require.ErrorAs(t, err, &refused)
	_, err = l.api(t.Context(), "forbidden")
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "permission denied", refused.Text)
	_, err = l.api(t.Context(), "odd")
	require.ErrorAs(t, err, &refused)
	assert.NotContains(t, refused.Text, "\x1b")
	assert.LessOrEqual(t, len(refused.Text), maxSaid)

	text, err := l.api(t.Context(), "silence")
	require.NoError(t, err, `"no reply" is the event socket's word for an empty answer`)
	assert.Empty(t, text)
	text, err = l.api(t.Context(), "show", literal("channels"), literal("as"), literal("json"))
	require.NoError(t, err)
	assert.Equal(t, `{"row_count":0}`, text)
	require.NoError(t, l.background(t.Context(), "tandem-7", "originate", literal("x")))
	require.NoError(t, l.subscribe(t.Context(), "CHANNEL_ANSWER"))
	_, err = l.send(t.Context(), executeCommand(literal("L"), "park", literal("")))
	require.NoError(t, err)
	f.on("bgapi ", says("-ERR permission denied"))
	require.ErrorAs(t, l.background(t.Context(), "tandem-8", "originate", literal("x")), &refused)

	f.on("api large", func(c *fakeConn, _ string) bool { return c.write(aFrame(kindAnswer, strings.Repeat("y", 3<<20))) })
	text, err = l.api(t.Context(), "large")
	require.NoError(t, err)
	assert.Len(t, text, 3<<20)

	f.on("api piecemeal", func(c *fakeConn, _ string) bool { return c.dribble(aFrame(kindAnswer, "in pieces")) })
	text, err = l.api(t.Context(), "piecemeal")
	require.NoError(t, err)
	assert.Equal(t, "in pieces", text)
	assert.NoError(t, l.err())
	_ = c
}

// TestLateReply: who gives up keeps its place in the line, so that the reply that comes at last is not taken for the next one's.
func TestLateReply(t *testing.T) {
	f := newFake(t)
	release := make(chan struct{})
	f.on("api echo ", echoes)
	f.on("api echo late", func(c *fakeConn, command string) bool {
		<-release
		return echoes(c, command)
	})
	l, _ := f.linked(t, f.config(), nil)
	var crew sync.WaitGroup
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := l.api(ctx, "echo", wordArg("late"))
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	for i := range 20 {
		crew.Go(func() {
			want := fmt.Sprint(i)
			got, err := l.api(t.Context(), "echo", wordArg(want))
			assert.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
	close(release)
	crew.Wait()
	require.NoError(t, l.err())
}

// TestRepliesOutOfStep: a reply that cannot be the head's ends the link, before somebody believes a lie.
func TestRepliesOutOfStep(t *testing.T) {
	ok := "Content-Type: command/reply\nReply-Text: +OK\n\n"
	for what, c := range map[string]struct {
		script func(*fakeConn)
		ask    func(*link) error
	}{
		"a reply that nobody waits for":   {script: func(c *fakeConn) { c.write(ok) }},
		"an answer that nobody waits for": {script: func(c *fakeConn) { c.write(aFrame(kindAnswer, "+OK")) }},
		"an answer for a command": {script: func(c *fakeConn) { c.write(aFrame(kindAnswer, "+OK")) }, ask: func(l *link) error {
			_, err := l.send(context.Background(), executeCommand(literal("L"), "park", literal("")))
			return err
		}},
		"a reply for an api": {script: func(c *fakeConn) { c.write(ok) }, ask: func(l *link) error {
			_, err := l.api(context.Background(), "status")
			return err
		}},
		"another job's reply": {script: func(c *fakeConn) {
			c.write("Content-Type: command/reply\nReply-Text: +OK Job-UUID: tandem-1\nJob-UUID: tandem-1\n\n")
		}, ask: func(l *link) error {
			return l.background(context.Background(), "tandem-2", "originate", literal("x"))
		}},
	} {
		t.Run(what, func(t *testing.T) {
			f := newFake(t)
			got := make(chan struct{})
			f.on("", func(*fakeConn, string) bool { close(got); return true })
			l, conn := f.linked(t, f.config(), nil)
			if c.ask == nil {
				c.script(conn)
			} else {
				var crew sync.WaitGroup
				defer crew.Wait()
				crew.Go(func() { assert.ErrorIs(t, c.ask(l), errStray) })
				<-got
				c.script(conn)
			}
			require.ErrorIs(t, awaitEnd(t, l), errStray)
		})
	}
}

// TestEndsOfALink: however a connection ends, everybody who waits hears of it at once, and it is said why.
func TestEndsOfALink(t *testing.T) {
	for what, c := range map[string]struct {
		script func(*fakeConn)
		want   error
	}{
		"a reset":                     {script: (*fakeConn).reset},
		"a close":                     {script: func(c *fakeConn) { _ = c.Close() }},
		"half a frame":                {script: func(c *fakeConn) { c.cutOff("Content-Length: 100\nContent-Type: api/response\n\nhalf") }},
		"half a header":               {script: func(c *fakeConn) { c.cutOff("Content-Len") }},
		"a notice":                    {script: func(c *fakeConn) { c.write(aFrame(kindDisconnect, "Disconnected, goodbye.\n")) }, want: errDisconnected},
		"a rejection":                 {script: func(c *fakeConn) { c.write(aFrame(kindRejection, "Access Denied, go away.\n")) }, want: errNotAllowed},
		"a negative length":           {script: func(c *fakeConn) { c.write("Content-Length: -1\n\n") }, want: errFrame},
		"a length of no number":       {script: func(c *fakeConn) { c.write("Content-Length: many\n\n") }, want: errFrame},
		"a body beyond the limit":     {script: func(c *fakeConn) { c.write("Content-Length: 99999999\n\n") }, want: errFrame},
		"headers beyond the limit":    {script: func(c *fakeConn) { c.write(strings.Repeat("A: b\n", maxHead/4)) }, want: errFrame},
		"a line beyond the limit":     {script: func(c *fakeConn) { c.write(strings.Repeat("A", maxHead+128<<10)) }, want: errFrame},
		"nothing, to those who waits": {script: func(*fakeConn) {}, want: errNoReply},
	} {
		t.Run(what, func(t *testing.T) {
			f := newFake(t)
			f.on("api ", keepsSilent)
			cfg := f.config()
			if c.want == errNoReply { //nolint:errorlint // the very one
				cfg.replyLimit = 200 * time.Millisecond
			}
			l, conn := f.linked(t, cfg, nil)
			var crew sync.WaitGroup
			for range 10 {
				crew.Go(func() {
					_, err := l.api(t.Context(), "status")
					assert.Error(t, err)
					assert.NotErrorIs(t, err, context.DeadlineExceeded)
					if c.want != nil {
						assert.ErrorIs(t, err, c.want)
					}
				})
			}
			for len(f.seen()) < 10 && l.err() == nil {
				time.Sleep(time.Millisecond)
			}
			c.script(conn)
			crew.Wait()
			err := awaitEnd(t, l)
			require.Error(t, err)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			_, again := l.api(t.Context(), "status")
			require.ErrorIs(t, again, err, "and those who come later")
			l.nudge()
			l.close()
			l.close()
			require.ErrorIs(t, l.err(), err, "the first reason stays")
		})
	}
}

// TestHalfOpen: the peer is gone without a word, and nobody asks for anything.
func TestHalfOpen(t *testing.T) {
	f := newFake(t)
	f.on("ping", keepsSilent)
	cfg := f.config()
	cfg.pingEvery, cfg.replyLimit = 50*time.Millisecond, 50*time.Millisecond
	l, _ := f.linked(t, cfg, nil)
	require.ErrorIs(t, awaitEnd(t, l), errNoReply)
}

// TestIdle: a switch that has nothing to say answers pings, and the link lives. A busy one is not pinged.
func TestIdle(t *testing.T) {
	f := newFake(t)
	cfg := f.config()
	cfg.pingEvery = 20 * time.Millisecond
	l, _ := f.linked(t, cfg, nil)
	for len(f.seen()) < 3 {
		require.NoError(t, l.err())
		time.Sleep(time.Millisecond)
	}
	assert.Equal(t, []string{"ping", "ping", "ping"}, f.seen()[:3])
}

// TestStuckSwitch: the switch reads nothing any more. Whoever writes is stuck for the write limit only, nobody waits longer than its
// context, and close does not wait at all.
func TestStuckSwitch(t *testing.T) {
	f := newFake(t)
	stuck := make(chan struct{})
	t.Cleanup(func() { close(stuck) })
	f.on("api ", func(*fakeConn, string) bool { <-stuck; return false })
	large := literalOf(strings.Repeat("x", 32<<20))

	cfg := f.config()
	cfg.writeTimeout, cfg.replyLimit = 300*time.Millisecond, time.Minute
	l, _ := f.linked(t, cfg, nil)
	var crew sync.WaitGroup
	for range 4 {
		crew.Go(func() {
			_, err := l.api(t.Context(), "echo", large)
			assert.Error(t, err)
		})
	}
	require.ErrorContains(t, awaitEnd(t, l), "write")
	crew.Wait()

	cfg.writeTimeout = time.Minute
	l, _ = f.linked(t, cfg, nil)
	crew.Go(func() {
		_, err := l.api(t.Context(), "echo", large)
		assert.Error(t, err)
	})
	for len(l.room) == 0 {
		time.Sleep(time.Millisecond) // until it writes, or has written
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := l.api(ctx, "echo", literal("small")) // it waits for the writer before, or for a reply
	require.ErrorIs(t, err, context.DeadlineExceeded)
	l.nudge()
	l.close()
	crew.Wait()
	require.ErrorIs(t, l.err(), errClosed)
}

// late is a connection on which the time for writing is over when it comes to that, as on a machine that stood still in between.
type late struct{ net.Conn }

func (c late) SetWriteDeadline(time.Time) error {
	return c.Conn.SetWriteDeadline(time.Now().Add(-time.Second))
}

// TestANudgeThatComesTooLate: that we stood still is no fault of the switch's. There are five hundred nudges a second, so that it is likely to happen in one.
func TestANudgeThatComesTooLate(t *testing.T) {
	f := newFake(t)
	cfg := f.config()
	cfg.pingEvery = time.Hour // who writes is the test
	l, _ := f.linked(t, cfg, nil)
	conn := l.conn
	l.conn = late{conn}
	l.nudge()
	l.conn = conn
	_, err := l.api(t.Context(), "status")
	require.NoError(t, err)
}

func literalOf(s string) argument { return argument{text: s} }

// TestTooManyWait: a switch that answers nothing is given a few commands. The others are not carried out later, when nobody expects it.
func TestTooManyWait(t *testing.T) {
	f := newFake(t)
	f.on("api ", keepsSilent)
	cfg := f.config()
	cfg.replyLimit = time.Minute
	l, _ := f.linked(t, cfg, nil)
	for range window {
		_, err := l.write(t.Context(), apiCommand("status"))
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := l.api(ctx, "version")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, l.err())
	for len(f.seen()) < window {
		time.Sleep(time.Millisecond)
	}
	l.close()
	assert.NotContains(t, f.seen(), "api version")
}

// TestSlowIsNotDead: the last of many commands waits for longer than a dead switch is waited for, and replies come all the time.
func TestSlowIsNotDead(t *testing.T) {
	f := newFake(t)
	const limit = 3 * time.Second
	f.on("api echo ", func(c *fakeConn, command string) bool {
		time.Sleep(2 * limit / window) // as long as it takes the switch
		return echoes(c, command)
	})
	cfg := f.config()
	cfg.replyLimit = limit
	l, _ := f.linked(t, cfg, nil)
	var crew sync.WaitGroup
	for range window {
		crew.Go(func() {
			_, err := l.api(t.Context(), "echo", literal("x"))
			assert.NoError(t, err)
		})
	}
	crew.Wait()
	require.NoError(t, l.err())
}

// TestEventsKeepTheirOrder through half frames, unknown kinds, log lines and doubles. A double stays a double: whether it
// matters is not for the link to say.
func TestEventsKeepTheirOrder(t *testing.T) {
	f := newFake(t)
	got := make(chan string, 4096)
	_, c := f.linked(t, f.config(), func(e event) { got <- e.get("Number") })
	var want []string
	for n := range 1000 {
		want = append(want, fmt.Sprint(n))
		text := numbered(n)
		switch n % 7 {
		case 1:
			text += text
			want = append(want, fmt.Sprint(n))
		case 2:
			text = aFrame("text/event-json", `{"Event-Name":"X"}`) + text + aFrame("log/data", "a line\n")
		case 3:
			text = "Unheard-Of: header\n\n" + text
		}
		if n%50 == 0 {
			c.dribble(text)
			continue
		}
		c.write(text)
	}
	for i, w := range want {
		require.Equal(t, w, <-got, "event %d", i)
	}
}

func TestNudge(t *testing.T) {
	f := newFake(t)
	l, _ := f.linked(t, f.config(), nil)
	for range 100 {
		l.nudge()
	}
	_, err := l.api(t.Context(), "status")
	require.NoError(t, err)
	assert.Equal(t, []string{"api status"}, f.seen(), "an empty line is no command")
}

// executeCommand runs an application on a leg, after what runs there now. FreeSWITCH expands variables in its argument.
func executeCommand(leg argument, app string, arg argument) command {
	name := wordArg(app)
	return command{
		verb:   app,
		lib:    &call.Execute{UUID: leg.text, AppName: name.text, AppArgs: arg.text},
		answer: kindReply,
		err:    errors.Join(leg.err, name.err, arg.err),
	}
}
