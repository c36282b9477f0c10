package loop

import "errors"

var (
	// ErrBusy says that the inbox is full: nothing was changed, ask again later.
	ErrBusy = errors.New("loop: too many requests are waiting")
	// ErrStandby says that this process does not own the shard now: ask the owner.
	ErrStandby = errors.New("loop: the shard is not owned by this process")
	// ErrStopped says that the loop stopped before it had answered. A request that was waiting may or may not have been carried out: send it
	// again with the same command id.
	ErrStopped = errors.New("loop: stopped")
	// ErrQuarantined says that the request made the rules panic: it was not carried out and is kept for the developers.
	ErrQuarantined = errors.New("loop: the request could not be handled and was set aside")
	// ErrTooSlow says that a subscription fell further behind than the feed remembers: take a new snapshot.
	ErrTooSlow = errors.New("loop: the reader fell too far behind")
	// ErrTooOld says that the feed does not reach back to a cursor, or has not got there yet: take a new snapshot.
	ErrTooOld = errors.New("loop: the cursor is not within the feed")
)
