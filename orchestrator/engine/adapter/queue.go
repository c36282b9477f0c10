package adapter

import (
	"context"
	"errors"
	"sync"
)

// MaxQueuedBytes bounds the memory of what waits in a [Queue], whatever its number.
const MaxQueuedBytes = 64 << 20

// ErrGap: a queue was full, and events are lost.
var ErrGap = errors.New("more events waiting than the queue holds: some are lost")

// A Queue holds items between a reader of a switch's events, which must never wait, and the sink, which may. It is closed for good with an error; what
// was put in before can still be taken out, unless the error is [ErrGap], after which the rest would be misleading.
type Queue[T any] struct {
	size func(T) int

	mu    sync.Mutex
	items []T
	bytes int
	limit int
	err   error
	ready chan struct{} // holds a token while there is something to take or to notice
}

// NewQueue makes a queue of at most limit items. size is how many bytes one takes.
func NewQueue[T any](limit int, size func(T) int) *Queue[T] {
	return &Queue[T]{limit: limit, size: size, ready: make(chan struct{}, 1)}
}

// Put adds an item. It never blocks. A full queue closes itself with [ErrGap].
func (q *Queue[T]) Put(it T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return
	}
	size := q.size(it)
	if len(q.items) >= q.limit || q.bytes+size > MaxQueuedBytes {
		q.err, q.items, q.bytes = ErrGap, nil, 0
	} else {
		q.items = append(q.items, it)
		q.bytes += size
	}
	q.signal()
}

// Close ends the queue; the first error stays.
func (q *Queue[T]) Close(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	q.signal()
}

// Err is the error with which the queue was closed; nil while it is open.
func (q *Queue[T]) Err() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

func (q *Queue[T]) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// Take returns all items, waiting for the first, and keeps into for the next ones. The error is the queue's once it is closed and
// empty, or ctx's.
func (q *Queue[T]) Take(ctx context.Context, into []T) ([]T, error) {
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
