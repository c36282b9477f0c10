package esl

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// Engine is one FreeSWITCH. Make it with [New]; Run may be called once at a time.
type Engine struct {
	cfg   Config
	log   *slog.Logger
	locks adapter.Locks // "mix:" and "leg:" names; taken in this order: one mix, then its legs
	once  adapter.Once  // effects that must not be repeated
	pace  pacer         // of dials

	mu    sync.Mutex
	pair  *pair     // of the current session; nil between sessions
	since time.Time // when the session began
	spawn func(func(context.Context))
	place places
	table table
	// answers are of questions that are asked in the background.
	answers map[jobID]chan string
}

// places is what the switch says of itself when a session begins.
type places struct {
	version    string
	sounds     string // directory of prompts and music
	recordings string // directory of recordings, as the switch sees it
}

var _ engine.Engine = (*Engine)(nil)

// New checks the configuration and makes an engine. Nothing is connected until Run. The error names each bad field with its rule.
func New(c Config) (*Engine, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Engine{cfg: c, log: c.Logger, table: newTable(), answers: map[jobID]chan string{}}, nil
}

// ID implements [engine.Engine].
func (e *Engine) ID() core.EngineID { return e.cfg.ID }

// Capabilities implements [engine.Engine].
func (e *Engine) Capabilities() engine.Capabilities {
	e.mu.Lock()
	defer e.mu.Unlock()
	return engine.Capabilities{Kind: "freeswitch", Version: e.place.version}
}

// Run implements [engine.Engine]. It reconnects for ever, with pauses that double up to ReconnectMax, each with jitter.
func (e *Engine) Run(ctx context.Context, sink engine.Sink) error {
	keepConnected(ctx, e.cfg.pair(), func(ctx context.Context, p *pair) error { return e.session(ctx, p, sink) })
	return nil
}

// connected gives the session's connections, or nil between sessions.
func (e *Engine) connected() *pair {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pair
}

// inSession runs f in a goroutine that the session waits for; not at all between sessions. The caller holds mu.
func (e *Engine) inSession(f func(context.Context)) {
	if e.pair != nil {
		e.spawn(f)
	}
}

// tell puts a fact that a command's reply confirmed behind the events that came before it.
func (e *Engine) tell(f core.Fact) {
	if p := e.connected(); p != nil {
		p.put(f)
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
