package esl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

func (f *fakeSwitch) pairConfig() pairConfig {
	return pairConfig{link: f.config(), events: []string{"CUSTOM", "a::b"}, reconnectMax: 20 * time.Millisecond, log: quiet()}
}

// paired gives a pair, and the fake's ends of its links.
func (f *fakeSwitch) paired(t testing.TB, c pairConfig) (p *pair, events, commands *fakeConn) {
	t.Helper()
	p, err := connect(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(p.close)
	events, commands = f.conn(t), f.conn(t)
	f.conn(t) // what may take its time
	return p, events, commands
}

// numbers takes events until there are n, or the pair ends.
func numbers(ctx context.Context, p *pair, n int) (got []string, err error) {
	var batch []item
	for len(got) < n {
		if batch, err = p.take(ctx, batch); err != nil {
			return got, err
		}
		for _, it := range batch {
			if it.aside != nil {
				got = append(got, fmt.Sprint(it.aside))
			} else {
				got = append(got, it.event.get("Number"))
			}
		}
	}
	return got, nil
}

func TestPairDeliversInOrder(t *testing.T) {
	f := newFake(t)
	p, events, _ := f.paired(t, f.pairConfig())
	assert.Equal(t, []string{"event plain HEARTBEAT CUSTOM a::b"}, f.seen())
	for n := range 3 {
		events.write(numbered(n))
	}
	got, err := numbers(t.Context(), p, 3)
	require.NoError(t, err)
	p.put("aside")
	events.write(numbered(3))
	more, err := numbers(t.Context(), p, 2)
	require.NoError(t, err)
	assert.Equal(t, []string{"0", "1", "2", "aside", "3"}, append(got, more...))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.take(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
}

// TestPairGivesWhatCameBeforeTheEnd: events that were read are told, though the connection is gone by now.
func TestPairGivesWhatCameBeforeTheEnd(t *testing.T) {
	f := newFake(t)
	p, events, _ := f.paired(t, f.pairConfig())
	for n := range 100 {
		events.write(numbered(n))
	}
	events.write(aFrame(kindDisconnect, "bye"))
	<-p.events.done()
	got, err := numbers(t.Context(), p, 1000)
	require.ErrorIs(t, err, errDisconnected)
	require.ErrorContains(t, err, "connection for events")
	assert.Len(t, got, 100)
	p.put("late")
	_, err = p.take(t.Context(), nil)
	require.ErrorIs(t, err, errDisconnected)
}

func TestPairEndsWithEitherLink(t *testing.T) {
	f := newFake(t)
	p, _, commands := f.paired(t, f.pairConfig())
	commands.reset()
	_, err := p.take(t.Context(), nil)
	require.ErrorContains(t, err, "connection for commands")

	p, _, _ = f.paired(t, f.pairConfig())
	enough := errors.New("enough")
	p.queue.Close(enough)
	p.queue.Close(adapter.ErrGap)
	_, err = p.take(t.Context(), nil)
	require.ErrorIs(t, err, enough)
}

// TestPairWithoutHeartbeats: the connections are fine, and yet no events come any more. The clock is the test's.
func TestPairWithoutHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pair{
			queue: newQueue(100), over: make(chan struct{}), begun: time.Now(),
			events: &link{dead: make(chan struct{})}, commands: &link{dead: make(chan struct{})}, aside: &link{dead: make(chan struct{})},
		}
		const silence = 40 * time.Second
		p.crew.Go(func() { p.watch(silence) })
		heartbeat := parseEvent("Event-Name: HEARTBEAT\n\n")
		for range 20 {
			time.Sleep(silence - time.Second)
			p.arrived(heartbeat)
			p.arrived(parseEvent("Event-Name: CHANNEL_CREATE\n\n"))
			batch, err := p.take(t.Context(), nil)
			require.NoError(t, err)
			require.Len(t, batch, 2)
		}
		last := time.Now()
		_, err := p.take(t.Context(), nil)
		require.ErrorIs(t, err, errSilent)
		require.Less(t, time.Since(last), silence+silence/8)
		p.crew.Wait()
	})
}

// TestFlood: more events than the queue holds are a gap. The reader never waits for who takes them.
func TestFlood(t *testing.T) {
	f := newFake(t)
	c := f.pairConfig()
	c.queueLimit = 100
	p, events, _ := f.paired(t, c)
	for n := range 2000 {
		require.True(t, events.write(numbered(n)), "the reader has stopped reading")
	}
	events.write(wireEvent("LAST"))
	for p.queue.Err() == nil {
		time.Sleep(time.Millisecond) // whoever takes while they are read would keep up
	}
	_, err := numbers(t.Context(), p, 2000)
	require.ErrorIs(t, err, adapter.ErrGap)
	_, err = p.commands.api(t.Context(), "status")
	require.NoError(t, err, "commands go on, for what there is to clear up")

	large := newQueue(1 << 30)
	for range adapter.MaxQueuedBytes>>20 + 1 {
		large.Put(item{event: event{body: strings.Repeat("x", 1<<20)}})
	}
	_, err = large.Take(t.Context(), nil)
	require.ErrorIs(t, err, adapter.ErrGap, "few events can be too many bytes")
}

func TestConnectFailsWhole(t *testing.T) {
	for what, spoil := range map[string]func(*fakeSwitch, *pairConfig){
		"no switch":               func(f *fakeSwitch, _ *pairConfig) { f.stop() },
		"a wrong password":        func(_ *fakeSwitch, c *pairConfig) { c.link.password = "x" },
		"an unknown event":        func(f *fakeSwitch, _ *pairConfig) { f.on("event ", says("-ERR no keywords supplied")) },
		"an event of two lines":   func(_ *fakeSwitch, c *pairConfig) { c.events = []string{"A\n\nB"} },
		"the second link refused": func(f *fakeSwitch, _ *pairConfig) { f.onGreeting(onlyOnce()) },
	} {
		f := newFake(t)
		c := f.pairConfig()
		spoil(f, &c)
		_, err := connect(t.Context(), c)
		require.Error(t, err, what)
	}
}

func onlyOnce() func(*fakeConn) bool {
	var once sync.Once
	return func(c *fakeConn) bool {
		first := false
		once.Do(func() { first = true })
		return first && c.write("Content-Type: auth/request\n\n")
	}
}

// TestKeepConnected: generations count up, every life begins with fresh links, and the end is clean.
func TestKeepConnected(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var generations []uint64
	keepConnected(ctx, f.pairConfig(), func(ctx context.Context, p *pair) error {
		generations = append(generations, p.generation)
		_, err := p.commands.api(ctx, "status")
		assert.NoError(t, err, "what is to be looked at is looked at before events are taken")
		switch p.generation {
		case 1:
			f.conn(t).reset()
			f.conn(t)
			f.conn(t)
		case 2:
			f.conn(t)
			f.conn(t).reset()
			f.conn(t)
		case 3:
			f.conn(t)
			f.conn(t)
			f.conn(t).reset()
		case 4:
			f.onGreeting(greeting("Content-Type: text/rude-rejection\nContent-Length: 0\n\n"))
			time.AfterFunc(50*time.Millisecond, func() { f.onGreeting(nil) })
			return errors.New("out of step again")
		default:
			cancel()
		}
		_, err = p.take(ctx, nil)
		assert.Error(t, err)
		return err
	})
	assert.Equal(t, []uint64{1, 2, 3, 4, 5}, generations)
	keepConnected(ctx, f.pairConfig(), func(context.Context, *pair) error { panic("the context had ended") })
}

// TestTenThousandFaults lets one link after the other go through every kind of fault there is. Each command gets its own reply or an error,
// events that come do so in order, and in the end no memory and no goroutine is left.
func TestTenThousandFaults(t *testing.T) {
	total := 10_000
	if testing.Short() {
		total = 500
	}
	f := newFake(t)
	f.on("api echo ", echoes)
	f.on("api echo late", func(c *fakeConn, command string) bool {
		time.Sleep(2 * time.Millisecond)
		return echoes(c, command)
	})
	r := rand.New(rand.NewPCG(1, 2))
	harmlessFaults := []func(*fakeConn) bool{
		func(c *fakeConn) bool { return c.dribble("Content-Type: text/disconnect\nContent-Length: 2\n\nab") },
		func(c *fakeConn) bool { return c.write(aFrame("log/data", "line") + "\n\n\r\n") },
		func(c *fakeConn) bool { return c.write(aFrame("text/event-json", "{}")) },
		func(c *fakeConn) bool { return c.write(aFrame(kindEvent, "garbage\x00\xff\n\n")) },
		func(c *fakeConn) bool { return c.write(aFrame(kindEvent, strings.Repeat("Some: header\n", 5000))) },
	}
	fatalFaults := []func(*fakeConn) bool{
		func(c *fakeConn) bool { c.reset(); return false },
		func(c *fakeConn) bool { return c.write("Content-Length: -1\n\n") },
		func(c *fakeConn) bool { return c.write("Content-Length: 99999999999\n\n") },
		func(c *fakeConn) bool { c.cutOff("Content-Length: 10\n\nabc"); return false },
		func(c *fakeConn) bool { return c.write(aFrame(kindDisconnect, "bye")) },
	}
	strays := []func(*fakeConn) bool{ // fatal if nobody waits; otherwise nothing tells them from what is waited for
		func(c *fakeConn) bool { return c.write("Content-Type: command/reply\nReply-Text: +OK\n\n") },
		func(c *fakeConn) bool { return c.write(aFrame(kindAnswer, "to nobody")) },
	}
	round := func(faults int) {
		numberIn := 0
		l, err := dialLink(t.Context(), f.config(), func(e event) {
			if n := e.get("Number"); n != "" {
				if n != fmt.Sprint(numberIn) {
					t.Errorf("event %s where %d was due", n, numberIn)
				}
				numberIn++
			}
		})
		require.NoError(t, err)
		conn := f.conn(t)
		var crew sync.WaitGroup
		for k := range 3 {
			crew.Go(func() {
				for n := 0; l.err() == nil && n < faults; n++ {
					want := fmt.Sprintf("%d-%d", k, n)
					if k == 2 {
						want = "late"
					}
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+n%3)*time.Millisecond)
					if got, err := l.api(ctx, "echo", wordArg(want)); err == nil && got != want {
						t.Errorf("asked for %q, got %q", want, got)
					}
					cancel()
				}
			})
		}
		for n := range faults - 1 {
			harmlessFaults[r.IntN(len(harmlessFaults))](conn)
			conn.write(numbered(n))
		}
		if r.IntN(4) > 0 {
			fatalFaults[r.IntN(len(fatalFaults))](conn)
			crew.Wait()
		} else {
			crew.Wait()
			_, err := l.api(t.Context(), "echo", wordArg("last"))
			require.NoError(t, err, "by now every late reply has come")
			strays[r.IntN(len(strays))](conn)
		}
		if r.IntN(2) == 0 {
			assert.Error(t, awaitEnd(t, l))
		}
		l.close()
	}
	round(10)
	memory, goroutines := heap(), runtime.NumGoroutine()
	for done := 0; done < total; {
		n := 1 + r.IntN(20)
		round(n)
		done += n
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // the fake's ends notice a little later
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	f.mu.Lock()
	f.commands = nil
	f.mu.Unlock()
	assert.Less(t, heap(), memory+4<<20)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
