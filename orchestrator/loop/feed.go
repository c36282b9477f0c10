package loop

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Update is what one turn brought to readers: first the views that it changed, and the timeline that tells why. Its cursor is Seq.
type Update struct {
	Seq      uint64 // position after the turn
	From     uint64 // position before it
	Timeline []journal.Timeline
	Touched
}

// feed remembers the updates of the last turns. Readers pull: each holds the number of the update that it wants next, so a slow one costs the
// loop nothing, and is cut off when what it wants has been overwritten.
type feed struct {
	view atomic.Pointer[View] // the newest; readers of it alone take no lock

	mu    sync.Mutex
	ring  []Update
	next  uint64        // number of the update to come
	first uint64        // number of the oldest update remembered
	base  uint64        // position before the oldest update remembered
	seq   uint64        // position after the newest
	more  chan struct{} // closed at the next change; nil while nobody waits
	open  bool          // a term is going on
	term  uint64        // grows with every term: subscriptions do not outlive theirs
}

func newFeed(length int) *feed {
	f := &feed{ring: make([]Update, length)}
	f.view.Store(newView())
	return f
}

// begin starts a term with its first view. What an earlier term remembered is forgotten: another owner may have written since.
func (f *feed) begin(v *View) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.view.Store(v)
	clear(f.ring)
	f.first, f.base, f.seq = f.next, v.Seq, v.Seq
	f.open = true
	f.term++
	f.wake()
}

// end ends the term: subscriptions are told.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = false
	f.wake()
}

// publish shows a view, and remembers the update that led to it unless it is nil. The view comes first: who hears of a change and then looks must find it.
func (f *feed) publish(v *View, u *Update) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.view.Store(v)
	f.seq = v.Seq
	if u == nil {
		return
	}
	size := uint64(len(f.ring))
	if f.next-f.first == size {
		f.base = f.ring[f.first%size].Seq
		f.first++
	}
	f.ring[f.next%size] = *u
	f.next++
	f.wake()
}

func (f *feed) wake() {
	if f.more != nil {
		close(f.more)
		f.more = nil
	}
}

// Subscription reads the feed from a cursor on. It belongs to one goroutine at a time, and needs no closing.
type Subscription struct {
	feed *feed
	term uint64
	next uint64 // number of the update wanted next
	seq  uint64 // cursor: everything up to it was delivered
}

// subscribe starts behind a cursor.
func (f *feed) subscribe(after uint64) (*Subscription, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.from(after)
}

// follow starts behind the newest view.
func (f *feed) follow() (*View, *Subscription, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.view.Load()
	s, err := f.from(v.Seq)
	return v, s, err
}

// from makes a subscription; f.mu is held.
func (f *feed) from(after uint64) (*Subscription, error) {
	switch {
	case !f.open:
		return nil, ErrStandby
	case after < f.base || after > f.seq:
		return nil, ErrTooOld
	}
	// The first update that reaches beyond the cursor, by bisection: positions grow.
	low, high := f.first, f.next
	for low < high {
		mid := low + (high-low)/2
		if f.ring[mid%uint64(len(f.ring))].Seq > after {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return &Subscription{feed: f, term: f.term, next: low, seq: after}, nil
}

// Seq is the cursor: behind it a new subscription would go on where this one is.
func (s *Subscription) Seq() uint64 { return s.seq }

// Next waits for the next update. [ErrTooSlow] says that it has been overwritten; [ErrStandby] that the shard is no longer ours; both end the
// subscription. The context's error does not.
func (s *Subscription) Next(ctx context.Context) (Update, error) {
	for {
		u, more, err := s.poll()
		if err != nil || more == nil {
			return u, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Update{}, ctx.Err()
		}
	}
}

// poll takes the next update, or a channel that is closed when there may be one.
func (s *Subscription) poll() (Update, <-chan struct{}, error) {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !f.open || s.term != f.term:
		return Update{}, nil, ErrStandby
	case s.next < f.first:
		return Update{}, nil, ErrTooSlow
	case s.next == f.next:
		if f.more == nil {
			f.more = make(chan struct{})
		}
		return Update{}, f.more, nil
	}
	u := f.ring[s.next%uint64(len(f.ring))]
	s.next++
	if s.seq > u.From { // the cursor was within the turn: its older lines have been delivered
		kept := make([]journal.Timeline, 0, len(u.Timeline))
		for _, line := range u.Timeline {
			if line.Seq > s.seq {
				kept = append(kept, line)
			}
		}
		u.Timeline = kept
	}
	s.seq = u.Seq
	return u, nil, nil
}

// View is the newest view. Before the first term it is empty; after the last it is what was known then.
func (l *Loop) View() *View { return l.feed.view.Load() }

// Subscribe follows the changes after a cursor: the Seq of a view, of an update or of a timeline line. [ErrTooOld] says that they are not all
// remembered, or that the cursor is of no position reached yet; take a new snapshot with [Loop.Follow]. [ErrStandby] says
// that the shard is not ours.
func (l *Loop) Subscribe(after uint64) (*Subscription, error) { return l.feed.subscribe(after) }

// Follow gives the newest view and the changes after it. The error is [ErrStandby].
func (l *Loop) Follow() (*View, *Subscription, error) { return l.feed.follow() }

// alert is the timeline entry for what supervisors should know of the shell.
func alert(reason string, of subject, tenant core.TenantID, call core.CallID) core.Entry {
	return core.Entry{
		Kind: core.EntryAlert, Reason: reason, Tenant: tenant, Call: call,
		Leg: of.leg, Agent: of.agent, Engine: of.engine, Recording: of.recording,
	}
}
