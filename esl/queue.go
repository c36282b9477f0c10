package esl

import (
	"context"
	"errors"
	"sync"
)

// maxQueuedBytes bounds the memory of waiting events, whatever their number.
const maxQueuedBytes = 64 << 20

// errGap: the queue was full, and events are lost.
var errGap = errors.New("esl: more events waiting than the queue holds: some are lost")

// An item waits for its turn: an event, or something that the engine has put among them (a fact that only a command could confirm, a look at
// everything).
type item struct {
	event event
	aside any // nil for an event
}

// A queue holds items between the reader, which must never wait, and the engine, which may. It is closed for good with an error; what
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
	size := it.event.size()
	if len(q.items) >= q.limit || q.bytes+size > maxQueuedBytes {
		q.err, q.items, q.bytes = errGap, nil, 0
	} else {
		q.items = append(q.items, it)
		q.bytes += size
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

// take returns all items, waiting for the first, and keeps into for the next ones. The error is the queue's once it is closed and
// empty, or ctx's.
func (q *queue) take(ctx context.Context, into []item) ([]item, error) {
	clear(into)
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
