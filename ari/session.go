package ari

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// maxFrame bounds one websocket message.
const maxFrame = 16 << 20

// errReplaced says that another client has taken over our application. Asterisk leaves our websocket open and silent.
var errReplaced = errors.New("ari: another client has taken over the application")

// errSilent says that a ping was not answered.
var errSilent = errors.New("ari: ping")

// session is one life of the websocket. It returns when that ends, with all its goroutines gone. EngineUp is told
// once everything has been looked at, EngineDown when the session ends after that; connected says whether it came to that.
func (e *Engine) session(ctx context.Context, sink engine.Sink) (connected bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var crew sync.WaitGroup
	defer e.rest.close() // the next session may be with another Asterisk
	defer crew.Wait()
	defer cancel()

	conn, err := e.open(ctx)
	if err != nil {
		return false, err
	}
	defer goodbye(ctx, conn)

	q := newQueue(e.cfg.QueueLimit)
	crew.Go(func() { q.Close(read(conn, q)) }) //nolint:contextcheck // goodbye ends it
	crew.Go(func() { e.keepAlive(ctx, conn, q) })

	if err := e.timed(ctx, e.filter); err != nil {
		return false, err
	}
	// As soon as we can: who calls during the look is found by it, or among the events. But not, time after time, for looks that fail.
	before := !e.blind
	if before {
		if err := e.letIn(ctx, &crew); err != nil {
			return false, err
		}
	}
	e.blind = true
	view, restarted, err := e.prepare(ctx)
	if err != nil {
		return false, err
	}
	e.blind = false
	if !before {
		if err := e.letIn(ctx, &crew); err != nil {
			return false, err
		}
	}
	e.begin(q, view, func(f func(context.Context)) { crew.Go(func() { f(ctx) }) })
	defer e.end(ctx, sink)
	e.log.Info("connected to Asterisk", "restarted", restarted, "version", e.Capabilities().Version,
		"legs", len(view.snapshot.Legs), "mixes", len(view.snapshot.Mixes), "recordings", len(view.snapshot.Recordings))
	sink.Fact(core.EngineUp{Engine: e.cfg.ID, Restarted: restarted, Snapshot: view.snapshot})
	phones, err := e.phonesNow(ctx)
	if err != nil {
		e.log.Warn("the phones' registrations are not known yet", "error", err)
		crew.Go(func() { e.phonesLater(ctx, q) })
	}
	for _, f := range phones {
		sink.Fact(f)
	}
	crew.Go(func() { e.beat(ctx, q) })
	return true, e.pump(ctx, q, sink)
}

// open connects the websocket, subscribed to everything on the switch.
//
// The application's own subscription would not do: it ends for an arrived channel at StasisEnd, so that its ChannelDestroyed with the cause
// never comes; and for a bridge when the last channel leaves, so that the end of its recording never comes. Adding subscriptions one by one
// costs a request per call, and those to endpoints double the events of channels. Subscribed to everything, nothing is doubled, and
// nothing has to be subscribed again after a reconnect; the event filter keeps the traffic down.
func (e *Engine) open(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
	defer cancel()
	target := "ws" + strings.TrimPrefix(e.rest.base, "http") + "/events?" + url.Values{
		"app": {e.cfg.App}, "subscribeAll": {"true"},
	}.Encode()
	conn, resp, err := websocket.Dial(ctx, target, &websocket.DialOptions{
		HTTPClient:      e.rest.client,
		HTTPHeader:      http.Header{"Authorization": {e.rest.authorization()}},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("ari: open the event stream: %w", statusErrorOf(resp, "/events"))
		}
		return nil, fmt.Errorf("ari: open the event stream: %w", err)
	}
	conn.SetReadLimit(maxFrame)
	return conn, nil
}

// goodbye ends the websocket: in good order if it is us who want that, and otherwise at once, for there is nobody left to answer.
func goodbye(ctx context.Context, conn *websocket.Conn) {
	if ctx.Err() != nil {
		// Asterisk answers within a millisecond; what may hang is bounded.
		stop := time.AfterFunc(time.Second, func() { _ = conn.CloseNow() })
		defer stop.Stop()
		_ = conn.Close(websocket.StatusNormalClosure, "")
		return
	}
	_ = conn.CloseNow() // it is broken already
}

// read moves frames into the queue until the websocket fails. It waits for nothing else: Asterisk disconnects a client that
// does not read.
func read(conn *websocket.Conn, q *adapter.Queue[item]) error {
	for {
		// No context: when it ended, the library would drop the connection without a word. goodbye ends the reading.
		kind, frame, err := conn.Read(context.Background())
		if err != nil {
			return fmt.Errorf("ari: read events: %w", err)
		}
		if kind == websocket.MessageText {
			q.Put(item{frame: frame})
		}
	}
}

// keepAlive pings. A peer that vanished without a word does not answer, and ends the session.
func (e *Engine) keepAlive(ctx context.Context, conn *websocket.Conn, q *adapter.Queue[item]) {
	ticker := time.NewTicker(e.cfg.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		pingCtx, cancel := context.WithTimeout(ctx, e.cfg.PingEvery)
		err := conn.Ping(pingCtx)
		cancel()
		if err != nil {
			q.Close(fmt.Errorf("%w: %w", errSilent, err))
			return
		}
	}
}

// letIn lets calls come for as long as the session lasts.
func (e *Engine) letIn(ctx context.Context, crew *sync.WaitGroup) error {
	e.said = true // it may be heard though its answer is lost
	if err := e.timed(ctx, e.present); err != nil {
		return err
	}
	crew.Go(func() { e.stayPresent(ctx) })
	return nil
}

// prepare looks at everything. What happens after the look is among the events that are queueing up.
func (e *Engine) prepare(ctx context.Context) (view *wholeView, restarted bool, err error) {
	if restarted, err = e.detectRestart(ctx); err != nil {
		return nil, false, err
	}
	if view, err = e.lookSettled(ctx); err != nil {
		return nil, false, err
	}
	for _, rec := range view.strays { // whoever was to dismiss them, or to take them into a bridge, is gone
		if err := e.timed(ctx, func(ctx context.Context) error { return e.dismiss(ctx, rec) }); err != nil {
			return nil, false, err
		}
	}
	if len(view.snapshot.Legs) > 0 && restarted {
		// Somebody cleared the variable: what we see says more.
		for _, l := range view.snapshot.Legs {
			restarted = restarted && !l.Ours
		}
	}
	return view, restarted, nil
}

// lookSettled looks at everything. Legs that were answered while we were away wait in the dialplan, and enter the application within entryPause of our
// connecting: who has picked up is to be seen as somebody who has.
func (e *Engine) lookSettled(ctx context.Context) (*wholeView, error) {
	for begun := time.Now(); ; {
		view, err := e.look(ctx, true)
		if err != nil || view.entering == 0 || time.Since(begun) > 5*entryPause {
			return view, err
		}
		select {
		case <-time.After(entryPause / 4):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// entryPause is after how long [tandem-leg] in docker/asterisk/etc/extensions.conf tries again.
const entryPause = 200 * time.Millisecond

func (e *Engine) timed(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
	defer cancel()
	return do(ctx)
}

func (e *Engine) filter(ctx context.Context) error {
	type one struct {
		Type string `json:"type"`
	}
	allowed := make([]one, 0, len(allowedEvents))
	for _, kind := range allowedEvents {
		allowed = append(allowed, one{kind})
	}
	body := map[string]any{"allowed": allowed, "disallowed": []one{}}
	if err := e.rest.do(ctx, http.MethodPut, path("applications", e.cfg.App, "eventFilter"), nil, body, nil); err != nil {
		return fmt.Errorf("set the event filter: %w", err)
	}
	return nil
}

// bootVariable is a global variable of Asterisk in which we note its start time. It lives as long as Asterisk's process does, so that
// even a Tandem that was itself away meanwhile can tell a restarted Asterisk from one that it has met before.
const bootVariable = "TANDEM_BOOT"

func (e *Engine) detectRestart(ctx context.Context) (bool, error) {
	var info struct {
		System struct {
			Version string `json:"version"`
		} `json:"system"`
		Status struct {
			StartupTime string `json:"startup_time"`
		} `json:"status"`
	}
	err := e.timed(ctx, func(ctx context.Context) error {
		return e.rest.do(ctx, http.MethodGet, "/asterisk/info", nil, nil, &info)
	})
	if err != nil {
		return false, fmt.Errorf("ask for Asterisk's start time: %w", err)
	}
	variable := e.ownVariable(bootVariable)
	var noted string
	err = e.timed(ctx, func(ctx context.Context) (err error) {
		noted, err = e.rest.variable(ctx, variable)
		return err
	})
	if err != nil && !notFound(err) {
		return false, err
	}
	e.mu.Lock()
	e.version = info.System.Version
	e.mu.Unlock()
	if noted == info.Status.StartupTime {
		return false, nil
	}
	err = e.timed(ctx, func(ctx context.Context) error { return e.rest.setVariable(ctx, variable, info.Status.StartupTime) })
	return err == nil, err
}

// begin makes the session the current one.
func (e *Engine) begin(q *adapter.Queue[item], view *wholeView, spawn func(func(context.Context))) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.table.adopt(view, time.Now())
	e.q, e.up, e.spawn = q, true, spawn
}

// end closes the session. Events that were read before the websocket failed have been told by then, unless there was a gap.
func (e *Engine) end(ctx context.Context, sink engine.Sink) {
	e.mu.Lock()
	e.q, e.up, e.spawn = nil, false, nil // from now on the crew does not grow, and can be waited for
	e.mu.Unlock()
	if ctx.Err() == nil {
		sink.Fact(core.EngineDown{Engine: e.cfg.ID})
	}
}

// phonesNow reports all registrations. Failing to is no reason to end a session.
func (e *Engine) phonesNow(ctx context.Context) ([]core.Fact, error) {
	var endpoints []endpoint
	err := e.timed(ctx, func(ctx context.Context) (err error) {
		endpoints, err = e.endpoints(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var facts []core.Fact
	for _, p := range endpoints {
		facts = append(facts, e.phoneFacts(p)...)
	}
	return facts, nil
}

// phonesLater asks for the registrations until it gets them: phones that are away would be rung in vain. What is told of them comes behind the events that came before.
func (e *Engine) phonesLater(ctx context.Context, q *adapter.Queue[item]) {
	for pause := phonesPause; ; pause = min(2*pause, e.cfg.Beat) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if phones, err := e.phonesNow(ctx); err == nil {
			for _, f := range phones {
				q.Put(item{tell: f})
			}
			return
		}
	}
}

// phonesPause is how long the first pause is until the phones' registrations are asked for again; every other is twice as long, up to the beat's.
const phonesPause = time.Second

// pump tells what is in the queue, in order, until the queue is closed and empty, or a gap.
func (e *Engine) pump(ctx context.Context, q *adapter.Queue[item], sink engine.Sink) error {
	var batch []item
	for {
		var err error
		if batch, err = q.Take(ctx, batch); err != nil {
			return err
		}
		for i := range batch {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := e.tellItem(batch[i], sink); err != nil {
				return err
			}
			batch[i] = item{}
		}
	}
}

func (e *Engine) tellItem(it item, sink engine.Sink) error {
	switch {
	case it.tell != nil:
		sink.Fact(it.tell)
	case it.look != nil:
		e.mu.Lock()
		gone := e.table.forgetAbsent(it.look)
		for _, s := range it.look.snapshot.Mixes {
			if m := e.table.mix(s.Mix); !m.exists {
				m.exists, m.suspect = true, true
			}
		}
		e.mu.Unlock()
		if len(gone) > 0 {
			e.log.Warn("legs ended without an event", "legs", gone)
		}
		sink.Fact(core.EngineSeen{Engine: e.cfg.ID, Snapshot: it.look.snapshot})
	default:
		ev, ok, err := decodeEvent(it.frame)
		if err != nil {
			e.log.Warn("undecodable event", "error", err)
			return nil
		}
		if !ok {
			return nil
		}
		if ev.kind == replacedEvent {
			return errReplaced
		}
		for _, f := range e.translate(ev) {
			sink.Fact(f)
		}
	}
	return nil
}

// beat looks at everything at intervals, and puts what it saw behind the events that came before.
func (e *Engine) beat(ctx context.Context, q *adapter.Queue[item]) {
	ticker := time.NewTicker(e.cfg.Beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		view, err := e.look(ctx, false)
		if err != nil {
			if ctx.Err() == nil {
				e.log.Warn("look at the switch failed", "error", err)
			}
			continue
		}
		q.Put(item{look: view})
	}
}
