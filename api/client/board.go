package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Board mirrors the live state from the event stream. It reconnects by itself, so that it sees through a restart of the server; while it is
// not connected it shows what it saw last.
type Board struct {
	c    *Client
	tell func(Entry)

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed and replaced at each change
	done    chan struct{}
	stop    context.CancelFunc
}

// State is what a board shows. A State that was handed out does not change any more.
type State struct {
	Connected bool
	Position  uint64
	Calls     map[core.CallID]core.CallView
	Agents    map[core.AgentID]core.AgentView
	Queues    map[core.QueueID]core.QueueView
	Engines   map[core.EngineID]core.EngineView
	Entries   []Entry // of the timeline, in order, since the board was opened
}

// Entry is a line of the timeline as the API writes it.
type Entry struct {
	At        time.Time        `json:"at"`
	Kind      core.EntryKind   `json:"kind"`
	Call      core.CallID      `json:"call"`
	Agent     core.AgentID     `json:"agent"`
	Queue     core.QueueID     `json:"queue"`
	Leg       core.LegID       `json:"leg"`
	Recording core.RecordingID `json:"recording"`
	Engine    core.EngineID    `json:"engine"`
	Reason    string           `json:"reason"`
	Text      string           `json:"text"`
	Actor     string           `json:"actor"`
	Cause     *core.Cause      `json:"cause"`
	Duration  float64          `json:"duration"` // seconds
}

type snapshot struct {
	Position uint64            `json:"position"`
	Calls    []core.CallView   `json:"calls"`
	Agents   []core.AgentView  `json:"agents"`
	Queues   []core.QueueView  `json:"queues"`
	Engines  []core.EngineView `json:"engines"`
}

type change struct {
	snapshot
	GoneCalls   []core.CallID   `json:"gone_calls"`
	GoneAgents  []core.AgentID  `json:"gone_agents"`
	GoneQueues  []core.QueueID  `json:"gone_queues"`
	GoneEngines []core.EngineID `json:"gone_engines"`
	Entries     []Entry         `json:"entries"`
}

// Open starts a board. tell (may be nil) gets each new line of the timeline, in order, on the board's goroutine. Close it.
func Open(c *Client, tell func(Entry)) *Board {
	ctx, stop := context.WithCancel(context.Background())
	if tell == nil {
		tell = func(Entry) {}
	}
	b := &Board{c: c, tell: tell, changed: make(chan struct{}), done: make(chan struct{}), stop: stop}
	b.state = State{
		Calls: map[core.CallID]core.CallView{}, Agents: map[core.AgentID]core.AgentView{},
		Queues: map[core.QueueID]core.QueueView{}, Engines: map[core.EngineID]core.EngineView{},
	}
	go func() {
		defer close(b.done)
		b.follow(ctx)
	}()
	return b
}

// Close ends the board and waits for it.
func (b *Board) Close() {
	b.stop()
	<-b.done
}

// State is what the board shows now.
func (b *Board) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.copy()
}

func (b *Board) copy() State {
	s := b.state
	s.Calls, s.Agents, s.Queues, s.Engines = maps.Clone(s.Calls), maps.Clone(s.Agents), maps.Clone(s.Queues), maps.Clone(s.Engines)
	s.Entries = slices.Clip(s.Entries)
	return s
}

// Await waits until the state is as wanted, and returns it. When ctx ends first the error says what was waited for, and how things stand.
func (b *Board) Await(ctx context.Context, what string, wanted func(State) bool) (State, error) {
	for {
		b.mu.Lock()
		s, changed := b.copy(), b.changed
		b.mu.Unlock()
		if wanted(s) {
			return s, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s, fmt.Errorf("waiting for %s: %w; now: %s", what, context.Cause(ctx), s)
		}
	}
}

// AwaitEntry waits for a line of the timeline at or behind the position from in Entries.
func (b *Board) AwaitEntry(ctx context.Context, from int, what string, wanted func(Entry) bool) (Entry, error) {
	var found Entry
	_, err := b.Await(ctx, what, func(s State) bool {
		for _, e := range s.Entries[min(from, len(s.Entries)):] {
			if wanted(e) {
				found = e
				return true
			}
		}
		return false
	})
	return found, err
}

// String sums a state up for failure messages.
func (s State) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "connected %v, position %d", s.Connected, s.Position)
	for _, id := range slices.Sorted(maps.Keys(s.Agents)) {
		a := s.Agents[id]
		fmt.Fprintf(&b, "; %s %s %s", id, a.State, a.Reason)
	}
	for _, id := range slices.Sorted(maps.Keys(s.Calls)) {
		c := s.Calls[id]
		fmt.Fprintf(&b, "; call %s %s from %s primary %s held %v", id, c.Phase, c.From, c.Primary, c.Held)
		if c.Recording != nil {
			fmt.Fprintf(&b, " recording %s", c.Recording.State)
		}
	}
	for _, e := range s.Entries[max(0, len(s.Entries)-8):] {
		fmt.Fprintf(&b, "; %s %s %s", e.Kind, e.Agent, e.Reason)
	}
	return b.String()
}

// follow keeps a connection to the event stream.
func (b *Board) follow(ctx context.Context) {
	for ctx.Err() == nil {
		_ = b.stream(ctx) // whatever ended it: the way on is to connect again
		b.update(func(s *State) { s.Connected = false })
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (b *Board) update(change func(*State)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.state)
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *Board) stream(ctx context.Context) error {
	path := "/api/v1/events"
	if at := b.State().Position; at > 0 {
		path += fmt.Sprintf("?after=%d", at)
	}
	body, err := b.c.Raw(ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return b.read(body)
}

// read takes Server-Sent Events until the stream ends.
func (b *Board) read(body io.Reader) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 64<<10), 64<<20)
	var kind string
	var data []byte
	for lines.Scan() {
		line := lines.Text()
		switch field, value, _ := strings.Cut(line, ":"); {
		case line == "" && len(data) > 0:
			if err := b.take(kind, data); err != nil {
				return err
			}
			kind, data = "", nil
		case field == "event":
			kind = strings.TrimSpace(value)
		case field == "data":
			data = append(data, strings.TrimPrefix(value, " ")...)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the event stream: %w", err)
	}
	return io.ErrUnexpectedEOF
}

var errEnd = errors.New("the server ended the event stream")

func (b *Board) take(kind string, data []byte) error {
	switch kind {
	case "snapshot":
		var s snapshot
		if err := json.Unmarshal(data, &s); err != nil {
			return fmt.Errorf("decode a snapshot: %w", err)
		}
		b.update(func(st *State) {
			st.Connected, st.Position = true, s.Position
			clear(st.Calls)
			clear(st.Agents)
			clear(st.Queues)
			clear(st.Engines)
			st.put(s)
		})
	case "change":
		var ch change
		if err := json.Unmarshal(data, &ch); err != nil {
			return fmt.Errorf("decode a change: %w", err)
		}
		b.update(func(st *State) {
			st.Connected, st.Position = true, ch.Position
			st.put(ch.snapshot)
			remove(st.Calls, ch.GoneCalls)
			remove(st.Agents, ch.GoneAgents)
			remove(st.Queues, ch.GoneQueues)
			remove(st.Engines, ch.GoneEngines)
			st.Entries = append(st.Entries, ch.Entries...)
		})
		for _, e := range ch.Entries {
			b.tell(e)
		}
	case "end":
		return errEnd
	}
	return nil
}

func (s State) put(n snapshot) {
	for _, c := range n.Calls {
		s.Calls[c.ID] = c
	}
	for _, a := range n.Agents {
		s.Agents[a.ID] = a
	}
	for _, q := range n.Queues {
		s.Queues[q.ID] = q
	}
	for _, e := range n.Engines {
		s.Engines[e.ID] = e
	}
}

func remove[K comparable, V any](from map[K]V, gone []K) {
	for _, k := range gone {
		delete(from, k)
	}
}
