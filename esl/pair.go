package esl

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// pairConfig says how to keep connected to one switch.
type pairConfig struct {
	link         linkConfig
	events       []string      // names to subscribe to; HEARTBEAT is added
	queueLimit   int           // events waiting; more is a gap, which ends the pair
	reconnectMax time.Duration // longest pause between two attempts
	log          *slog.Logger
}

// errGap: the queue was full, events are lost.
var errGap = errors.New("esl: more events waiting than the queue holds: some are lost")

// item waits for its turn: an event, or something of the engine's own that was put among them (a confirmed fact, a look at everything).
type item struct {
	event event
	aside any
}

// pair is one life of the two connections to a switch: one brings events, the other takes commands, because a command that the switch
// takes time for holds back the events on its own connection.
type pair struct {
	generation uint64 // 1 for the first of the process
	events     *link
	commands   *link
}

// connect makes both links, subscribes, and lets events queue up from then on: what is looked at afterwards is older than what the queue brings.
func connect(ctx context.Context, c pairConfig) (*pair, error) { return nil, errors.ErrUnsupported }

// take returns all that waits, in order, waiting for the first. The error says why the pair has ended, or that ctx did.
func (p *pair) take(ctx context.Context, into []item) ([]item, error) {
	return nil, errors.ErrUnsupported
}

// put places something behind the events that came before it. It never waits.
func (p *pair) put(aside any) {}

// end makes the pair fail with err: take returns it once what was put before is taken.
func (p *pair) end(err error) {}

// close ends both links and waits for their goroutines.
func (p *pair) close() {}

// keepConnected runs one life after the other until ctx ends: it connects, calls life, which returns why it ended, closes
// the pair, pauses, and begins again.
func keepConnected(ctx context.Context, c pairConfig, life func(context.Context, *pair) error) {}
