package loop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// inbox is where events wait for their turn. Each is stamped when it arrives, and that is the time at which the rules see it: after the database
// was away, an answer that came in time has not turned into a missed call by waiting here. Facts are never dropped while the term lasts: a full queue makes the engine's sink block,
// and the adapter has a queue of its own in front. Intents are refused when full. The queues are apart so that neither starves the
// other: a turn takes of each.
type inbox struct {
	time    *shardTime
	facts   chan item
	intents chan *request
	configs chan *request
	queries chan *query
	closed  chan struct{} // the last turn is over
}

func newInbox(cfg Config, time *shardTime) *inbox {
	return &inbox{
		time:    time,
		facts:   make(chan item, cfg.FactQueue),
		intents: make(chan *request, cfg.IntentQueue),
		configs: make(chan *request, 16),
		queries: make(chan *query, 16),
		closed:  make(chan struct{}),
	}
}

// request is an event that somebody waits for: an intent, or a change of the set-up.
type request struct {
	ctx   context.Context // of who asks: nobody waits any longer once it is done
	ev    core.Event
	at    time.Time  // when it arrived
	reply chan error // has room for the one answer
}

func (in *inbox) request(ctx context.Context, ev core.Event) *request {
	return &request{ctx: ctx, ev: ev, at: in.time.now(), reply: make(chan error, 1)}
}

func (r *request) answer(err error) { r.reply <- err }

// query is a question to the shard between two turns.
type query struct {
	ctx   context.Context
	ask   func(*core.Shard, time.Time)
	reply chan error
}

// fact puts a fact into the inbox, waiting while it is full. After the last turn it does nothing: what the switch says then
// is found again by the next owner.
func (in *inbox) fact(f core.Fact) {
	if !heeded(f) {
		return
	}
	select {
	case in.facts <- item{ev: f, at: in.time.now()}:
	case <-in.closed:
	}
}

// heeded reports whether a fact can change the rules' state. What a switch has done about SetMix never does: the rules compare the whole mix on the slow
// beat instead. These facts are two in five of all that a call brings, and the log is for what changes state; a turn and a write to the
// database for each would make the facts behind them wait. Nor does a key that somebody presses, and it must not be kept: it may be of a card's number, said while the
// recording is paused for it (C15). A test holds this to the rules.
func heeded(f core.Fact) bool {
	switch f.(type) {
	case core.MixJoined, core.MixLeft, core.Digit:
		return false
	}
	return true
}

// answered waits for the answer to what has been put into the inbox.
func (in *inbox) answered(ctx context.Context, reply <-chan error) error {
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-in.closed:
		select {
		case err := <-reply: // the last turn may have answered just before
			return err
		default:
			return ErrStopped
		}
	}
}

// Do carries out an intent. nil means that the intent was accepted and is durable; what comes of it is told by the view and the feed. The
// same command id again is nil again, and changes nothing. A *core.Refusal says what speaks against it. Otherwise the error is
// [ErrBusy], [ErrStandby], [ErrStopped], [ErrQuarantined] or the context's; after ErrStopped and the context's error it may
// have been carried out: ask again with the same command id.
func (l *Loop) Do(ctx context.Context, in core.Intent) error {
	if in.Head().ID == "" {
		return &core.Refusal{Code: core.RefusedInvalid, Field: "id", Text: "a command needs an id"}
	}
	t, err := l.serving()
	if err != nil {
		return err
	}
	r := t.in.request(ctx, in)
	select {
	case t.in.intents <- r:
	default:
		l.cfg.Metrics.intents.WithLabelValues(in.Kind(), "busy").Inc()
		return ErrBusy
	}
	err = t.in.answered(ctx, r.reply)
	l.cfg.Metrics.intents.WithLabelValues(in.Kind(), intentResult(err)).Inc()
	return err
}

// intentResult is the metric's word for the answer to an intent.
func intentResult(err error) string {
	var refusal *core.Refusal
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &refusal):
		return string(refusal.Code)
	case errors.Is(err, ErrQuarantined):
		return "quarantined"
	case errors.Is(err, ErrStopped):
		return "stopped"
	default:
		return "abandoned"
	}
}

// Config changes the set-up. nil means that the change is in force and durable. It waits when the loop is busy; the error is [ErrStandby],
// [ErrStopped], [ErrQuarantined] or the context's. Unlike an intent a change is carried out although nobody waits for it any more.
func (l *Loop) Config(ctx context.Context, change core.ConfigChanged) error {
	t, err := l.serving()
	if err != nil {
		return err
	}
	r := t.in.request(ctx, change)
	select {
	case t.in.configs <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-t.in.closed:
		return ErrStopped
	}
	return t.in.answered(ctx, r.reply)
}

// Query lets ask look at the shard between two turns. It holds the loop up, so ask must be quick, must change nothing and must keep
// nothing of the shard. Everything that the view answers is better asked there. It waits when the loop is busy.
func (l *Loop) Query(ctx context.Context, ask func(*core.Shard)) error {
	return l.query(ctx, func(s *core.Shard, _ time.Time) { ask(s) })
}

func (l *Loop) query(ctx context.Context, ask func(*core.Shard, time.Time)) error {
	t, err := l.serving()
	if err != nil {
		return err
	}
	q := &query{ctx: ctx, ask: ask, reply: make(chan error, 1)}
	select {
	case t.in.queries <- q:
	case <-ctx.Done():
		return ctx.Err()
	case <-t.in.closed:
		return ErrStopped
	}
	return t.in.answered(ctx, q.reply)
}

// Explain says why nobody is ringing for a waiting call (Q9). False means that there is no such call.
func (l *Loop) Explain(ctx context.Context, call core.CallID) (core.Explanation, bool, error) {
	var (
		found bool
		what  core.Explanation
	)
	// The variables are read only if the answer came, so an abandoned query that runs later races with nobody.
	err := l.query(ctx, func(s *core.Shard, now time.Time) { what, found = s.Explain(now, call) })
	if err != nil {
		return core.Explanation{}, false, fmt.Errorf("explain call %s: %w", call, err)
	}
	return what, found, nil
}

// run answers a query, if anybody still waits.
func (q *query) run(s *core.Shard, now time.Time) {
	if err := q.ctx.Err(); err != nil {
		q.reply <- err
		return
	}
	defer func() {
		if v := recover(); v != nil {
			q.reply <- fmt.Errorf("loop: the query panicked: %v", v)
		}
	}()
	q.ask(s, now)
	q.reply <- nil
}
