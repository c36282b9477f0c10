package ari

import (
	"context"
	"errors"
	"sync"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// maxQueuedBytes bounds the memory of waiting frames, whatever their number.
const maxQueuedBytes = 64 << 20

var (
	errGap = errors.New("ari: more events waiting than the queue holds: some are lost")
)

// An item waits for its turn to be told: a frame of the websocket, or something that only REST could say.
type item struct {
	frame []byte
	tell  core.Fact  // a fact confirmed by REST
	look  *wholeView // a look at everything, on the slow beat
}

// A queue holds items between the reader, which must never wait, and the sink, which may. It is closed for good with an error; what
// was put in before can still be taken out, unless the error is a gap, after which the rest would be misleading.
type queue struct {
	mu    sync.Mutex
	items []item
	bytes int
	limit int
	err   error
	ready chan struct{} // holds a token while there is something to take or to notice
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, ready: make(chan struct{}, 1)}
}

// put adds an item. It never blocks. A full queue closes itself with errGap.
func (q *queue) put(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return
	}
	if len(q.items) >= q.limit || q.bytes+len(it.frame) > maxQueuedBytes {
		q.err, q.items, q.bytes = errGap, nil, 0
	} else {
		q.items = append(q.items, it)
		q.bytes += len(it.frame)
	}
	q.signal()
}

// close ends the queue; the first error stays.
func (q *queue) close(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take returns all items, waiting for the first. The error is the queue's once it is closed and empty, or ctx's.
func (q *queue) take(ctx context.Context, into []item) ([]item, error) {
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			taken := q.items
			q.items, q.bytes = into[:0], 0
			q.mu.Unlock()
			return taken, nil
		}
		err := q.err
		q.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-q.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
