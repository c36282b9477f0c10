package softphone

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Log is an ordered record of events that can be awaited. It is safe for concurrent use. Phones that share one (see [Config.Events]) share one order.
type Log struct {
	mu     sync.Mutex
	events []Event
	grown  chan struct{} // closed and replaced with every event
}

// NewLog returns an empty log.
func NewLog() *Log { return &Log{grown: make(chan struct{})} }

func (l *Log) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Seq, e.At = len(l.events), time.Now()
	l.events = append(l.events, e)
	close(l.grown)
	l.grown = make(chan struct{})
}

// Len is the number of events so far: the position from which [Log.Await] sees only what is still to come.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

// Since returns a copy of the events from position seq on.
func (l *Log) Since(seq int) []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq >= len(l.events) {
		return nil
	}
	return append([]Event(nil), l.events[max(seq, 0):]...)
}

// Count tells how many events so far match.
func (l *Log) Count(m Match) int {
	n := 0
	for _, e := range l.Since(0) {
		if m(e) {
			n++
		}
	}
	return n
}

// Await returns the first event at or after position seq that matches, waiting for it if need be. When ctx ends first, the
// error lists what was seen instead.
func (l *Log) Await(ctx context.Context, seq int, m Match) (Event, error) {
	first := seq
	for {
		l.mu.Lock()
		for ; seq < len(l.events); seq++ {
			if e := l.events[seq]; m(e) {
				l.mu.Unlock()
				return e, nil
			}
		}
		grown := l.grown
		l.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return Event{}, fmt.Errorf("awaiting an event: %w; seen: %s", context.Cause(ctx), listEvents(l.Since(first)))
		}
	}
}

// listEvents gives the newest events in one line.
func listEvents(events []Event) string {
	const most = 20
	var lines []string
	if n := len(events) - most; n > 0 {
		lines, events = append(lines, fmt.Sprintf("... %d earlier", n)), events[n:]
	}
	for _, e := range events {
		lines = append(lines, e.String())
	}
	if len(lines) == 0 {
		return "nothing"
	}
	return strings.Join(lines, "; ")
}

// Cursor reads a log forwards: each Await continues behind the event that the one before returned. It belongs to one goroutine.
type Cursor struct {
	log  *Log
	next int
}

// Cursor returns a cursor at the beginning of the log.
func (l *Log) Cursor() *Cursor { return &Cursor{log: l} }

// Await returns the next event that matches and moves behind it. Events that were skipped on the way are not seen again.
func (c *Cursor) Await(ctx context.Context, m Match) (Event, error) {
	e, err := c.log.Await(ctx, c.next, m)
	if err == nil {
		c.next = e.Seq + 1
	}
	return e, err
}

// SkipToEnd moves the cursor behind everything that has happened so far.
func (c *Cursor) SkipToEnd() { c.next = c.log.Len() }
