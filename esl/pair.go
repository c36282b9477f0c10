package esl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// pairConfig says how to keep connected to one switch. Zero values mean the default.
type pairConfig struct {
	link          linkConfig
	events        []string      // names to subscribe to, as of "event plain"; HEARTBEAT comes by itself
	queueLimit    int           // events waiting; more is a gap, which ends the pair; default 50000
	heartbeat     time.Duration // the switch's event-heartbeat-interval, or more; default 20 s
	reconnectMax  time.Duration // longest pause between two attempts; default 2 s
	log           *slog.Logger  // default slog.Default()
	nudgeInterval time.Duration // how often to wake the switch's listener; 0 is never

	lost func(engine.Loss) // is told why a pair ended, or none came about; default nobody
}

func (c pairConfig) withDefaults() pairConfig {
	c.queueLimit = cmp.Or(c.queueLimit, 50_000)
	c.heartbeat = cmp.Or(c.heartbeat, 20*time.Second)
	c.reconnectMax = cmp.Or(c.reconnectMax, 2*time.Second)
	c.log = cmp.Or(c.log, slog.Default())
	c.link.log = cmp.Or(c.link.log, c.log)
	if c.lost == nil {
		c.lost = func(engine.Loss) {}
	}
	return c
}

// errSilent: the connection is fine, but the switch's events have stopped.
var errSilent = errors.New("esl: the switch sends no heartbeats")

// pair is one life of the connections to a switch. One brings events, one takes orders, and one what may take its time, because the switch does one thing after the other on each: a command
// that it needs time for holds back the events on its own connection, and a dial, whose thread it waits for, would hold back the orders of everybody. When any of them ends, the
// pair has ended, and the next one begins with a look at everything: the switch repeats nothing that nobody listened to.
type pair struct {
	generation uint64 // 1 for the first pair of a process, and one more for each
	events     *link
	commands   *link
	aside      *link // dials, looks at everything, phones and trunks

	queue *adapter.Queue[item]
	crew  sync.WaitGroup
	over  chan struct{} // closed by close

	begun time.Time
	beat  atomic.Int64 // when the last HEARTBEAT came, after begun
}

// connect makes the links and subscribes. From then on events queue up: what is looked at afterwards is never older than the queue's first.
// Whoever gets a pair closes it.
func connect(ctx context.Context, c pairConfig) (*pair, error) {
	c = c.withDefaults()
	p := &pair{queue: newQueue(c.queueLimit), over: make(chan struct{}), begun: time.Now()}
	var err error
	if p.events, err = dialLink(ctx, c.link, p.arrived); err != nil {
		return nil, err
	}
	if p.commands, err = dialLink(ctx, c.link, func(event) {}); err != nil {
		p.events.close()
		return nil, err
	}
	if p.aside, err = dialLink(ctx, c.link, func(event) {}); err != nil {
		p.events.close()
		p.commands.close()
		return nil, err
	}
	p.crew.Go(func() { p.watch(2 * c.heartbeat) })
	if c.nudgeInterval > 0 {
		p.crew.Go(func() { p.nudge(c.nudgeInterval) })
	}
	if err := p.events.subscribe(ctx, append([]string{"HEARTBEAT"}, c.events...)...); err != nil {
		p.close()
		return nil, fmt.Errorf("subscribe to events: %w", err)
	}
	return p, nil
}

// arrived takes an event from the reader.
func (p *pair) arrived(e event) {
	if e.name() == "HEARTBEAT" {
		p.beat.Store(int64(time.Since(p.begun)))
	}
	p.queue.Put(item{event: e})
}

// watch ends the pair when one of its links does, or when no heartbeat has come for silence. The links look after themselves with pings; a
// heartbeat shows that events still find their way.
func (p *pair) watch(silence time.Duration) {
	ticker := time.NewTicker(silence / 16)
	defer ticker.Stop()
	for {
		select {
		case <-p.over:
			return
		case <-p.events.done():
			p.queue.Close(fmt.Errorf("connection for events: %w", p.events.err()))
			return
		case <-p.commands.done():
			p.queue.Close(fmt.Errorf("connection for commands: %w", p.commands.err()))
			return
		case <-p.aside.done():
			p.queue.Close(fmt.Errorf("connection for what takes its time: %w", p.aside.err()))
			return
		case <-ticker.C:
			if time.Since(p.begun)-time.Duration(p.beat.Load()) > silence {
				p.queue.Close(errSilent)
				return
			}
		}
	}
}

func (p *pair) nudge(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-p.over:
			return
		case <-p.events.done():
			return
		case <-ticker.C:
			p.events.nudge()
		}
	}
}

// take returns all that waits, in order, waiting for the first; into is a slice of an earlier take that is done with. The error says why
// the pair has ended, or is ctx's.
func (p *pair) take(ctx context.Context, into []item) ([]item, error) {
	return p.queue.Take(ctx, into)
}

// put places something behind the events that came before it. It never waits. After the end it does nothing.
func (p *pair) put(aside any) { p.queue.Put(item{aside: aside}) }

// close ends the links and waits for every goroutine of the pair.
func (p *pair) close() {
	p.queue.Close(errClosed)
	close(p.over)
	p.crew.Wait()
	p.events.close()
	p.commands.close()
	p.aside.close()
}

// Pauses between two attempts to connect.
const (
	firstPause = 100 * time.Millisecond
	// A pair that lasted so long was a good one: the next pause is the shortest again.
	goodLife = 10 * time.Second
)

// keepConnected runs one life after the other until ctx ends. It connects, gives the fresh pair to life, which returns why it ended, closes
// the pair, pauses, and begins again. Pauses double up to reconnectMax, each with jitter. A wrong password is no reason to end: it
// can be put right at the switch.
func keepConnected(ctx context.Context, c pairConfig, life func(context.Context, *pair) error) {
	c = c.withDefaults()
	pause := firstPause
	for generation := uint64(1); ctx.Err() == nil; {
		begun := time.Now()
		connected, err := live(ctx, c, generation, life)
		if ctx.Err() != nil {
			return
		}
		c.lost(lossOf(connected, err))
		if connected {
			generation++
			if time.Since(begun) > goodLife {
				pause = firstPause
			}
		}
		if errors.Is(err, errNotAllowed) || errors.Is(err, errPassword) {
			pause = c.reconnectMax // only a person can mend that; each attempt costs the switch a thread
		}
		wait := pause/2 + rand.N(pause/2+1)
		said := "connection to FreeSWITCH lost"
		if !connected {
			said = "cannot connect to FreeSWITCH"
		}
		c.log.Warn(said, "error", err, "retry_in", wait.Round(time.Millisecond)) //nolint:sloglint // one of two constants
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		pause = min(2*pause, c.reconnectMax)
	}
}

// lossOf says in a word why a pair ended, or none came about.
func lossOf(connected bool, err error) engine.Loss {
	switch {
	case errors.Is(err, adapter.ErrGap):
		return engine.LossGap
	case errors.Is(err, errSilent), errors.Is(err, errNoReply):
		return engine.LossSilent
	case errors.Is(err, errNotAllowed), errors.Is(err, errPassword):
		return engine.LossRefused
	case connected:
		return engine.LossClosed
	default:
		return engine.LossUnreachable
	}
}

// live is one turn of keepConnected.
func live(ctx context.Context, c pairConfig, generation uint64, life func(context.Context, *pair) error) (connected bool, err error) {
	p, err := connect(ctx, c)
	if err != nil {
		return false, err
	}
	defer p.close()
	p.generation = generation
	return true, life(ctx, p)
}
