package api

import (
	"bytes"
	"sync"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A wall of dashboards reads the same changes. What readers who see the same are written is therefore put down once, for whoever comes first to a piece of the stream, and kept for
// the moment in which the others come: JSON is most of what a stream costs.

// passage is a piece of the stream as it is written to a reader.
type passage struct {
	text   []byte
	untold uint64        // position of what came last, if the reader sees nothing of it; otherwise 0
	outs   []changeEvent // what text says
	err    error
}

// outlook is what readers have in common who see the same: everything of a tenant, of all, or of the same agents and queues.
type outlook struct {
	tenant   core.TenantID
	teams    string // of who leads some: which agents and queues that comes to
	from, to uint64
}

// outlook gives what a reader has in common with others; false if what it sees is its own (an agent), or if it has just been shown more than this piece begins with. Which calls a
// reader knows of at a position follows from what it sees: they are those that it sees there.
func (w *window) outlook(b Batch) (outlook, bool) {
	return outlook{w.see.Tenant, w.see.teamsAs, b.From, b.To}, w.see.Role != Agent && b.From >= w.upTo
}

// passages keeps the newest passages.
type passages struct {
	mu    sync.Mutex
	kept  map[outlook]*draft
	order []outlook // oldest first
}

// draft is a passage that is put down once.
type draft struct {
	once sync.Once
	*passage
}

// mostPassages is how many are kept: readers come to the same piece within moments of each other.
const mostPassages = 64

// of puts down for a reader what a batch brings.
func (p *passages) of(w *window, b Batch) *passage {
	look, common := w.outlook(b)
	if !common {
		return w.passage(b)
	}
	x := p.get(look)
	first := false
	x.once.Do(func() {
		first = true
		x.passage = w.passage(b)
	})
	switch {
	case x.passage == nil: // whoever began to put it down has come to grief over it
		return w.passage(b)
	case !first:
		w.learn(x.outs)
	}
	return x.passage
}

func (p *passages) get(look outlook) *draft {
	p.mu.Lock()
	defer p.mu.Unlock()
	if x := p.kept[look]; x != nil {
		return x
	}
	if p.kept == nil {
		p.kept = map[outlook]*draft{}
	}
	if len(p.order) == mostPassages {
		delete(p.kept, p.order[0])
		p.order = append(p.order[:0], p.order[1:]...)
	}
	x := &draft{}
	p.kept[look], p.order = x, append(p.order, look)
	return x
}

// passage puts down what a batch brings to this reader.
func (w *window) passage(b Batch) *passage {
	var p passage
	var text bytes.Buffer
	for _, c := range b.Changes() {
		out := w.change(c)
		if out.empty() {
			p.untold = out.Position
			continue
		}
		p.untold, p.outs = 0, append(p.outs, out)
		if p.err = frame(&text, "change", out.Position, out); p.err != nil {
			break
		}
	}
	p.text = text.Bytes()
	return &p
}

// learn notes what the reader knows of after changes that were put down for another.
func (w *window) learn(outs []changeEvent) {
	for _, out := range outs {
		for i := range out.Calls {
			w.calls[out.Calls[i].ID] = true
		}
		for _, id := range out.GoneCalls {
			delete(w.calls, id)
		}
		for i := range out.Agents {
			w.agents[out.Agents[i].ID] = true
		}
		for _, id := range out.GoneAgents {
			delete(w.agents, id)
		}
		for i := range out.Queues {
			w.queues[out.Queues[i].ID] = true
		}
		for _, id := range out.GoneQueues {
			delete(w.queues, id)
		}
	}
}
