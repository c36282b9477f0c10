// Package journal says what the shell needs of durable storage: an ordered log of events for each shard, fenced so that two
// owners can never both write, with snapshots and leases. models implements it on SQLite and Postgres; [Memory] implements it for the simulator and for tests.
package journal

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Row is one event of a shard's log.
type Row struct {
	Seq    uint64    // from 1, without gaps
	At     time.Time // when it was decided upon, UTC, whole microseconds
	Kind   string    // core.Event.Kind
	Tenant core.TenantID
	Call   core.CallID // of the event, where it has one
	Body   []byte      // JSON
}

// Timeline is one timeline entry with its place: after the event Seq, the Index-th of it.
type Timeline struct {
	Seq   uint64
	Index int
	Entry core.Entry
}

// Lease is the right to write to a shard's log until Until, by the database's clock.
type Lease struct {
	Shard string
	Owner string // name of the process
	Epoch int64  // grows with every Acquire
	Until time.Time
}

var (
	// ErrFenced says that another owner has taken over: stop at once, act on nothing more.
	ErrFenced = errors.New("journal: another owner has taken over the shard")
	// ErrHeld says that another owner holds a lease that is still running.
	ErrHeld = errors.New("journal: the shard is held by another owner")
)

// Store keeps the logs. All methods are safe for concurrent use.
type Store interface {
	// Acquire takes the lease of a shard for owner, in a new epoch. ErrHeld if another owner's lease is still running. An owner that has the lease
	// already takes it over from its earlier self: a process that was killed and restarted under the same name need not wait, and what its
	// earlier self may still be writing is fenced.
	Acquire(ctx context.Context, shard, owner string, ttl time.Duration) (Lease, error)
	// Renew prolongs the lease. ErrFenced if it is lost.
	Renew(ctx context.Context, l Lease, ttl time.Duration) (Lease, error)
	// Release gives the lease up early, so that the next owner need not wait. Not being the owner is no error.
	Release(ctx context.Context, l Lease) error
	// Append makes rows and their timeline entries durable in one transaction, or nothing at all. ErrFenced if the lease's epoch is not the newest,
	// or a row's sequence number is taken. Appending the very same batch again is no error: an owner that lost the answer repeats it.
	Append(ctx context.Context, l Lease, rows []Row, timeline []Timeline) error
	// Load gives the newest snapshot (nil, 0 if none) and the rows behind it, in order.
	Load(ctx context.Context, shard string) (snapshot []byte, seq uint64, tail iter.Seq2[Row, error], err error)
	// SaveSnapshot keeps the shard as it was after the event seq. ErrFenced as in Append.
	SaveSnapshot(ctx context.Context, l Lease, seq uint64, body []byte) error
	// Quarantine keeps an event that made the rules panic, with the panic's text, and takes it out of the log.
	Quarantine(ctx context.Context, l Lease, row Row, reason string) error
	// Prune removes rows that are older than before and behind the newest snapshot.
	Prune(ctx context.Context, shard string, before time.Time) (int64, error)
}
