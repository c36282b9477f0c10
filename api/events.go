package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// The event stream: a snapshot at a position, then every change after it, as Server-Sent Events.
//
//	event: snapshot   id: 41   everything that the token may see
//	event: change     id: 42   what is new, what is gone, and the timeline entries that tell why
//	: beat                     after a while without a change
//	event: end                 why the server ends the stream: too_slow, not_owner, database_down, unauthorized
//
// Where changes come one upon the other they are written in pieces, each of some of them, not more often than every [StreamPause]; readers who see the same are written the same
// (passages.go). Whoever reads, and what they may see, is looked at again with every beat, and at once when something about it is changed here (rechecks.go).
//
// A client that comes back with Last-Event-ID (or ?after=) gets the changes after it, or a new snapshot where they are no longer
// held. It must take a snapshot as replacing everything it knew.
//
// What goes is told by its id only, and ids are names: those of other tenants' and teams' agents and queues are none of a reader's business. So a reader who sees a part
// only and was away gets a snapshot in any case, and then the timeline of what it has missed: the server does not know any more which of the ids that have gone meanwhile
// it may hear of. The same happens when what a reader may see changes (a team, a queue's members) while the stream goes on.

type snapshotEvent struct {
	Position uint64            `json:"position"`
	Calls    []core.CallView   `json:"calls"`
	Agents   []core.AgentView  `json:"agents"`
	Queues   []core.QueueView  `json:"queues"`
	Engines  []core.EngineView `json:"engines"`
	// Directory lists the agents of whom the reader sees no more than everybody does: whom a call can be sent to.
	Directory []directoryItem `json:"directory,omitempty"`
}

type changeEvent struct {
	Position    uint64            `json:"position"`
	Calls       []core.CallView   `json:"calls,omitempty"`
	GoneCalls   []core.CallID     `json:"gone_calls,omitempty"`
	Agents      []core.AgentView  `json:"agents,omitempty"`
	GoneAgents  []core.AgentID    `json:"gone_agents,omitempty"`
	Queues      []core.QueueView  `json:"queues,omitempty"`
	GoneQueues  []core.QueueID    `json:"gone_queues,omitempty"`
	Engines     []core.EngineView `json:"engines,omitempty"`
	GoneEngines []core.EngineID   `json:"gone_engines,omitempty"`
	Directory   []directoryItem   `json:"directory,omitempty"`
	Entries     []entryWire       `json:"entries,omitempty"`
}

func (c changeEvent) empty() bool {
	return len(c.Calls)+len(c.GoneCalls)+len(c.Agents)+len(c.GoneAgents)+len(c.Queues)+len(c.GoneQueues)+len(c.Engines)+len(c.GoneEngines)+len(c.Directory)+len(c.Entries) == 0
}

type endEvent struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// window is what one reader may see of the stream. It remembers what the reader knows of: a call can leave the sight of an agent (an offer that went to somebody else)
// without being over, and the reader is then told that it is gone.
type window struct {
	see    sight
	hide   masks
	calls  map[core.CallID]bool
	agents map[core.AgentID]bool // those in the directory included
	queues map[core.QueueID]bool
	// all says that the reader may see everything, so that every id that goes may be told.
	all bool
	// upTo is the position of the last snapshot: of changes up to there the reader needs only the timeline.
	upTo uint64
}

func newWindow(see sight, hide masks) *window {
	w := &window{see: see, hide: hide, all: !see.part()}
	w.forget()
	return w
}

func (w *window) forget() {
	w.calls, w.agents, w.queues = map[core.CallID]bool{}, map[core.AgentID]bool{}, map[core.QueueID]bool{}
}

// knows notes what a reader knows who has seen everything up to a view.
func (w *window) knows(v View) {
	w.snapshot(v)
	w.upTo = 0
}

func (w *window) snapshot(v View) snapshotEvent {
	w.forget()
	w.upTo = v.Position()
	out := snapshotEvent{Position: v.Position(), Calls: []core.CallView{}, Agents: []core.AgentView{}, Queues: []core.QueueView{}, Engines: []core.EngineView{}}
	for c := range v.Calls() {
		if w.see.call(c) {
			w.calls[c.ID] = true
			out.Calls = append(out.Calls, w.hide.call(w.see.showing(c)))
		}
	}
	for a := range v.Agents() {
		w.agent(a, &out.Agents, &out.Directory)
	}
	for q := range v.Queues() {
		if w.see.queue(q.Tenant, q.ID) {
			w.queues[q.ID] = true
			out.Queues = append(out.Queues, w.see.shown(q))
		}
	}
	if !w.see.part() {
		for e := range v.Engines() {
			out.Engines = append(out.Engines, e)
		}
	}
	return out
}

// agent shows an agent: as a whole, or as everybody in the tenant sees it.
func (w *window) agent(a core.AgentView, whole *[]core.AgentView, directory *[]directoryItem) {
	switch {
	case w.see.agent(a.Tenant, a.ID):
		*whole = append(*whole, a)
	case w.see.tenantAllowed(a.Tenant):
		*directory = append(*directory, directoryAgent(a))
	default:
		return
	}
	w.agents[a.ID] = true
}

func (w *window) change(c Change) changeEvent {
	out := changeEvent{Position: c.Position}
	for _, e := range c.Entries {
		if w.see.entry(e, w.calls[e.Call]) {
			out.Entries = append(out.Entries, entryToWire(w.hide.entry(e)))
		}
	}
	if c.Position <= w.upTo {
		return out
	}
	for _, call := range c.Calls {
		switch {
		case w.see.call(call):
			w.calls[call.ID] = true
			out.Calls = append(out.Calls, w.hide.call(w.see.showing(call)))
		case w.calls[call.ID]:
			delete(w.calls, call.ID)
			out.GoneCalls = append(out.GoneCalls, call.ID)
		}
	}
	for _, id := range c.GoneCalls {
		if w.calls[id] || w.all {
			delete(w.calls, id)
			out.GoneCalls = append(out.GoneCalls, id)
		}
	}
	for _, a := range c.Agents {
		w.agent(a, &out.Agents, &out.Directory)
	}
	for _, id := range c.GoneAgents {
		if w.agents[id] || w.all {
			delete(w.agents, id)
			out.GoneAgents = append(out.GoneAgents, id)
		}
	}
	for _, q := range c.Queues {
		if w.see.queue(q.Tenant, q.ID) {
			w.queues[q.ID] = true
			out.Queues = append(out.Queues, w.see.shown(q))
		}
	}
	for _, id := range c.GoneQueues {
		if w.queues[id] || w.all {
			delete(w.queues, id)
			out.GoneQueues = append(out.GoneQueues, id)
		}
	}
	if !w.see.part() {
		out.Engines, out.GoneEngines = c.Engines, c.GoneEngines
	}
	return out
}

// cursor reads where the client wants to go on: the header that browsers send when they come back wins over the query.
func cursor(r *request) (*uint64, error) {
	name, v := "Last-Event-ID", r.GetHeader("Last-Event-ID")
	if v == "" {
		var err error
		name = "after"
		if v, err = r.text("after", 20); err != nil || v == "" {
			return nil, err
		}
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		return nil, invalid(name, "must be the id of an earlier event")
	}
	return &n, nil
}

// received is what the goroutine that waits for changes hands over.
type received struct {
	batch Batch
	err   error
}

func (s *Server) events(r *request) (reply, error) {
	after, err := cursor(r)
	if err != nil {
		return reply{}, err
	}
	select {
	case <-s.closing:
		return reply{}, ErrNotOwner
	default:
	}
	hide, err := s.masksFor(r.ctx(), r.who)
	if err != nil {
		return reply{}, err
	}
	stream, err := s.Live.Subscribe(after)
	if err != nil {
		return reply{}, err
	}
	defer stream.Close()
	s.metrics.streams.Inc()
	defer s.metrics.streams.Dec()

	again, unwatch := s.rechecks.watch(r.who)
	defer unwatch()
	w := newWindow(r.sees, hide)
	h := r.Writer.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // a proxy in front must not collect events
	r.Status(http.StatusOK)

	// Changes are awaited in a goroutine of their own, so that heartbeats, shutdown and the client's going away are noticed meanwhile.
	// It ends with ctx, and this function waits for it.
	ctx, cancel := context.WithCancel(r.ctx())
	changes := make(chan received)
	done := make(chan struct{})
	defer func() { cancel(); <-done }()

	if !s.begin(r, w, stream.Snapshot(), after) {
		close(done)
		return reply{sent: true}, nil
	}
	go func() {
		defer close(done)
		for {
			b, err := stream.Next(ctx)
			select {
			case changes <- received{b, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	s.pump(ctx, r, w, changes, again)
	return reply{sent: true}, nil
}

// begin writes what the stream begins with; v is nil where it resumes after a position. It reports whether the client took it.
func (s *Server) begin(r *request, w *window, v View, after *uint64) bool {
	if v == nil && w.see.part() {
		now := s.Live.View()
		if after == nil || now.Position() != *after {
			v = now // see "What goes" at the top of this file
		} else {
			w.knows(now)
		}
	}
	if v == nil {
		return s.comment(r, "resumed")
	}
	return s.emit(r, "snapshot", v.Position(), w.snapshot(v))
}

// beat looks again at who reads and what they may see, and shows that the stream is alive. It reports whether the stream goes on.
func (s *Server) beat(ctx context.Context, r *request, w *window, position uint64) bool {
	who, err := s.authenticate(ctx, r)
	see, hide := w.see, w.hide
	if err == nil {
		if see, err = s.sightOf(ctx, who); err == nil {
			hide, err = s.masksFor(ctx, who)
		}
	}
	if err != nil || who.key() != w.see.key() || who.Role != w.see.Role || who.Tenant != w.see.Tenant || who.Agent != w.see.Agent {
		end := endEvent{CodeUnauthorized, "it could not be confirmed who you are; sign in again"}
		if e, _ := asError(err); err != nil && e.Code != CodeUnauthorized {
			s.Log.Warn("could not check who reads an event stream", "request", r.requestID, "error", err)
			end = endEvent{e.Code, e.Message} // no reason to ask anybody for a password: resume by cursor
		}
		s.emit(r, "end", 0, end)
		return false
	}
	w.hide = hide
	switch {
	case !see.same(w.see):
		w.see = see
		now := s.Live.View()
		return s.emit(r, "snapshot", now.Position(), w.snapshot(now))
	case position != 0:
		return s.emit(r, "change", position, changeEvent{Position: position})
	default:
		return s.comment(r, "beat")
	}
}

// pump writes the stream until the client, the server or the shard ends it.
func (s *Server) pump(ctx context.Context, r *request, w *window, changes <-chan received, again <-chan struct{}) {
	beat := time.NewTicker(s.Heartbeat)
	defer beat.Stop()
	position := uint64(0) // of changes that the reader may not see any of: told with the next beat, so that the cursor moves on
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.closing:
			s.emit(r, "end", 0, endEvent{CodeNotOwner, "the server is stopping; reconnect with the last event id"})
			return
		case <-again:
			if !s.beat(ctx, r, w, position) {
				return
			}
			position = 0
		case <-beat.C:
			if !s.beat(ctx, r, w, position) {
				return
			}
			position = 0
		case got := <-changes:
			if got.err != nil {
				if ctx.Err() != nil {
					return
				}
				s.metrics.cutOff.Inc()
				e, unforeseen := asError(got.err)
				if unforeseen {
					s.Log.Error("event stream failed", "request", r.requestID, "error", got.err)
				} else if !errors.Is(got.err, ErrTooSlow) {
					s.Log.Info("event stream ended", "request", r.requestID, "error", got.err)
				}
				s.emit(r, "end", 0, endEvent{e.Code, e.Message})
				return
			}
			p := s.passages.of(w, got.batch)
			if p.err != nil {
				s.Log.Error("could not encode changes", "request", r.requestID, "error", p.err)
				return
			}
			if position = p.untold; len(p.text) > 0 && !s.flush(r, p.text) {
				return
			}
		}
	}
}

// emit writes one event and reports whether the client took it.
func (s *Server) emit(r *request, kind string, position uint64, data any) bool {
	var b bytes.Buffer
	if err := frame(&b, kind, position, data); err != nil {
		s.Log.Error("could not encode an event", "kind", kind, "request", r.requestID, "error", err)
		return false
	}
	return s.flush(r, b.Bytes())
}

// frame puts an event down as the client gets it. Data is one line, because JSON has no line breaks.
func frame(b *bytes.Buffer, kind string, position uint64, data any) error {
	b.WriteString("event: " + kind + "\n")
	if position != 0 {
		b.WriteString("id: " + strconv.FormatUint(position, 10) + "\n")
	}
	b.WriteString("data: ")
	if err := json.NewEncoder(b).Encode(data); err != nil { // Encode ends the line
		return err
	}
	b.WriteByte('\n')
	return nil
}

func (s *Server) comment(r *request, text string) bool { return s.flush(r, []byte(": "+text+"\n\n")) }

// flush writes through to the client, which has WriteTimeout to take it: a slow client is cut off and comes back with its cursor.
func (s *Server) flush(r *request, b []byte) bool {
	s.touch(r.Writer)
	if _, err := r.Writer.Write(b); err != nil {
		return false
	}
	return http.NewResponseController(r.Writer).Flush() == nil
}
