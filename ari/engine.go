package ari

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// Engine is one Asterisk. Make it with [New]; Run may be called once at a time.
type Engine struct {
	cfg   Config
	log   *slog.Logger
	rest  *rest
	locks adapter.Locks // "mix:" and "leg:" names; taken in this order: one mix, then its legs
	once  adapter.Once  // effects that must not be repeated
	said  bool          // that we are there, at some time; Run's own
	blind bool          // the last session has ended before it had looked at everything; Run's own
	leave time.Duration // how long Asterisk may take to notice that we leave; Run's own

	mu      sync.Mutex
	up      bool
	version string
	q       *adapter.Queue[item] // of the current session; nil between sessions
	spawn   func(func(context.Context))
	table   table
}

var _ engine.Engine = (*Engine)(nil)

// New checks the configuration and makes an engine. Nothing is connected until Run. The error names each bad field with its rule.
func New(c Config) (*Engine, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Engine{cfg: c, log: c.Logger, rest: newREST(c), leave: leavingTime, table: newTable()}, nil
}

// ID implements [engine.Engine].
func (e *Engine) ID() core.EngineID { return e.cfg.ID }

// Capabilities implements [engine.Engine].
func (e *Engine) Capabilities() engine.Capabilities {
	e.mu.Lock()
	defer e.mu.Unlock()
	return engine.Capabilities{Kind: "asterisk", Version: e.version}
}

// Pauses between two attempts to connect.
const (
	firstPause = 100 * time.Millisecond
	// A session that lasted so long was a good one: the next pause is the shortest again.
	goodSession = 10 * time.Second
)

// Run implements [engine.Engine]. It reconnects for ever, with pauses that double up to ReconnectMax, each with jitter. A wrong
// password is no reason to end: it can be put right at the switch.
func (e *Engine) Run(ctx context.Context, sink engine.Sink) error {
	pause := firstPause
	for ctx.Err() == nil {
		begun := time.Now()
		connected, err := e.session(ctx, sink)
		if ctx.Err() != nil {
			break
		}
		e.cfg.Lost(lossOf(connected, err))
		if time.Since(begun) > goodSession {
			pause = firstPause
		}
		if errors.Is(err, errReplaced) {
			// Somebody else has the application now. Taking it back at once would be a fight in which both go deaf in turn.
			pause = e.cfg.ReconnectMax
			e.log.Error("another program has taken over the Stasis application", "app", e.cfg.App)
		}
		wait := pause/2 + rand.N(pause/2+1)
		retry := wait.Round(time.Millisecond)
		if connected {
			e.log.Warn("connection to Asterisk lost", "error", err, "retry_in", retry)
		} else {
			e.log.Warn("cannot connect to Asterisk", "error", err, "retry_in", retry)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		pause = min(2*pause, e.cfg.ReconnectMax)
	}
	if e.said {
		e.takeBack(ctx)
	}
	return nil // it was told to end
}

// lossOf says in a word why a session ended, or none came about.
func lossOf(connected bool, err error) engine.Loss {
	switch {
	case errors.Is(err, adapter.ErrGap):
		return engine.LossGap
	case errors.Is(err, errReplaced):
		return engine.LossReplaced
	case errors.Is(err, errSilent):
		return engine.LossSilent
	case status(err) == http.StatusUnauthorized, status(err) == http.StatusForbidden:
		return engine.LossRefused
	case connected:
		return engine.LossClosed
	default:
		return engine.LossUnreachable
	}
}

// connected reports whether facts are flowing.
func (e *Engine) connected() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.up
}

// inSession runs f in a goroutine that the session waits for; not at all between sessions. The caller holds mu.
func (e *Engine) inSession(f func(context.Context)) {
	if e.up {
		e.spawn(f)
	}
}

// tell puts a fact that REST confirmed behind the events that came before it.
func (e *Engine) tell(f core.Fact) {
	e.mu.Lock()
	q := e.q
	e.mu.Unlock()
	if q != nil {
		q.Put(item{tell: f})
	}
}

// logOf is the log about a leg: each line has the ids of its call and of itself. mu must not be held.
func (e *Engine) logOf(id core.LegID) *slog.Logger {
	e.mu.Lock()
	var call core.CallID // "" = not known any more, or not yet
	if l := e.table.legs[id]; l != nil {
		call = l.call
	}
	e.mu.Unlock()
	return e.log.With("call", call, "leg", id)
}
