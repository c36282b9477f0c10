// Package journaltest is the contract of [journal.Store], as tests that every implementation runs.
package journaltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Store is what the tests need beyond [journal.Store]: a way to see the timeline.
type Store interface {
	journal.Store
	TimelineAfter(ctx context.Context, shard string, seq uint64, limit int) ([]journal.Timeline, error)
}

// long is a lease that no test outlives.
const long = time.Hour

// Run runs the contract. open gives an empty store for each test.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s Store)
	}{
		{"an empty shard loads empty", emptyShard},
		{"rows come back as they went in", rowsComeBack},
		{"odd text does not stop the log", oddText},
		{"a big batch loads in order without gaps", bigBatch},
		{"shards do not mix", shardsDoNotMix},
		{"a lease excludes another owner", leaseExcludes},
		{"a released lease is free at once", leaseReleased},
		{"an expired lease is free, and its owner fenced", leaseExpired},
		{"an owner takes over from its earlier self", leaseOwnRestart},
		{"a stale owner can do nothing", staleOwner},
		{"a taken sequence number fences", takenSequence},
		{"the same batch again is accepted", sameBatchAgain},
		{"a batch is all or nothing", allOrNothing},
		{"recovery is snapshot and tail", snapshotAndTail},
		{"the newest snapshot counts", newestSnapshot},
		{"quarantine takes an event out of the log", quarantine},
		{"prune stays behind the snapshot and the time", prune},
		{"the timeline is read by whole events", timelineByEvents},
		{"one of two owners writes, whatever the timing", twoOwners},
		{"shards work side by side", sideBySide},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)

func row(seq uint64) journal.Row {
	return journal.Row{
		Seq: seq, At: epoch.Add(time.Duration(seq) * time.Second), Kind: "tick", Tenant: "acme", Call: core.CallID(fmt.Sprintf("call-%d", seq)),
		Body: fmt.Appendf(nil, `{"n": %d,  "b":1, "a":2}`, seq),
	}
}

func rows(from, to uint64) []journal.Row {
	var out []journal.Row
	for seq := from; seq <= to; seq++ {
		out = append(out, row(seq))
	}
	return out
}

func entry(seq uint64, index int) journal.Timeline {
	return journal.Timeline{Seq: seq, Index: index, Entry: core.Entry{
		At: epoch.Add(time.Duration(seq) * time.Second), Kind: core.EntryCallQueued, Tenant: "acme", Call: core.CallID(fmt.Sprintf("call-%d", seq)),
		Queue: "sales", Duration: 1500 * time.Millisecond, Cause: &core.Cause{Code: core.CauseBusy, By: core.ByThem, SIP: 486},
	}}
}

func acquire(t *testing.T, s journal.Store, shard, owner string) journal.Lease {
	t.Helper()
	l, err := s.Acquire(t.Context(), shard, owner, long)
	require.NoError(t, err)
	return l
}

func load(t *testing.T, s journal.Store, shard string) (snapshot []byte, seq uint64, tail []journal.Row) {
	t.Helper()
	snapshot, seq, it, err := s.Load(t.Context(), shard)
	require.NoError(t, err)
	for r, err := range it {
		require.NoError(t, err)
		tail = append(tail, r)
	}
	return snapshot, seq, tail
}

func emptyShard(t *testing.T, s Store) {
	snapshot, seq, tail := load(t, s, "main")
	require.Nil(t, snapshot)
	require.Zero(t, seq)
	require.Empty(t, tail)
}

func rowsComeBack(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	require.Equal(t, "main", l.Shard)
	require.Equal(t, "a", l.Owner)
	require.Positive(t, l.Epoch)
	require.False(t, l.Until.IsZero())
	entries := []journal.Timeline{entry(1, 0), entry(1, 1), entry(2, 0)}
	require.NoError(t, s.Append(t.Context(), l, rows(1, 2), entries))
	_, _, tail := load(t, s, "main")
	require.Equal(t, rows(1, 2), tail, "body byte for byte, time to the microsecond in UTC")
	got, err := s.TimelineAfter(t.Context(), "main", 0, 100)
	require.NoError(t, err)
	require.Equal(t, entries, got)
}

func oddText(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	r := row(1)
	r.Call, r.Tenant = "nul\x00 bad\xff ${x} ' \" é", "t\x00"
	r.Body = []byte(`{"name":"\u0000 ${system(reboot)} ' \" \\ \ud83d\ude00"}`)
	e := entry(1, 0)
	e.Entry.Text = "nul\x00 \"quoted\" '; DROP TABLE journal; --"
	require.NoError(t, s.Append(t.Context(), l, []journal.Row{r}, []journal.Timeline{e}))
	_, _, tail := load(t, s, "main")
	require.Len(t, tail, 1)
	require.Equal(t, string(r.Body), string(tail[0].Body))
	got, err := s.TimelineAfter(t.Context(), "main", 0, 100)
	require.NoError(t, err)
	require.Equal(t, []journal.Timeline{e}, got)
}

func bigBatch(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	const n = 5000 // more than any page
	var entries []journal.Timeline
	for seq := uint64(1); seq <= n; seq++ {
		entries = append(entries, entry(seq, 0))
	}
	require.NoError(t, s.Append(t.Context(), l, rows(1, n), entries))
	require.NoError(t, s.Append(t.Context(), l, rows(n+1, n+1), nil))
	_, _, tail := load(t, s, "main")
	require.Len(t, tail, n+1)
	for i, r := range tail {
		require.Equal(t, uint64(i+1), r.Seq)
	}
	_, _, it, err := s.Load(t.Context(), "main")
	require.NoError(t, err)
	for _, err := range it {
		require.NoError(t, err)
		break // stopping early is allowed
	}
}

func shardsDoNotMix(t *testing.T, s Store) {
	a, b := acquire(t, s, "a", "x"), acquire(t, s, "b", "y")
	require.NoError(t, s.Append(t.Context(), a, rows(1, 3), nil))
	require.NoError(t, s.Append(t.Context(), b, rows(1, 2), []journal.Timeline{entry(1, 0)}))
	require.NoError(t, s.SaveSnapshot(t.Context(), a, 3, []byte("A")))
	snapshot, _, tail := load(t, s, "b")
	require.Nil(t, snapshot)
	require.Equal(t, rows(1, 2), tail)
	got, err := s.TimelineAfter(t.Context(), "a", 0, 100)
	require.NoError(t, err)
	require.Empty(t, got)
}

func leaseExcludes(t *testing.T, s Store) {
	a := acquire(t, s, "main", "a")
	_, err := s.Acquire(t.Context(), "main", "b", long)
	require.ErrorIs(t, err, journal.ErrHeld)
	renewed, err := s.Renew(t.Context(), a, 2*long)
	require.NoError(t, err)
	require.Equal(t, a.Epoch, renewed.Epoch)
	require.True(t, renewed.Until.After(a.Until))
	require.NoError(t, s.Append(t.Context(), a, rows(1, 1), nil), "renewing does not fence the owner itself")
}

func leaseReleased(t *testing.T, s Store) {
	a := acquire(t, s, "main", "a")
	require.NoError(t, s.Release(t.Context(), a))
	b := acquire(t, s, "main", "b")
	require.Greater(t, b.Epoch, a.Epoch)
	require.NoError(t, s.Release(t.Context(), a), "not being the owner is no error")
	_, err := s.Acquire(t.Context(), "main", "c", long)
	require.ErrorIs(t, err, journal.ErrHeld, "a stale release must not free another's lease")
}

func leaseExpired(t *testing.T, s Store) {
	a, err := s.Acquire(t.Context(), "main", "a", 20*time.Millisecond)
	require.NoError(t, err)
	var b journal.Lease
	require.Eventually(t, func() bool {
		b, err = s.Acquire(t.Context(), "main", "b", long)
		return err == nil
	}, time.Minute, 5*time.Millisecond)
	require.Greater(t, b.Epoch, a.Epoch)
	_, err = s.Renew(t.Context(), a, long)
	require.ErrorIs(t, err, journal.ErrFenced)
}

func leaseOwnRestart(t *testing.T, s Store) {
	before := acquire(t, s, "main", "a")
	require.NoError(t, s.Append(t.Context(), before, rows(1, 1), nil))
	after := acquire(t, s, "main", "a")
	require.Greater(t, after.Epoch, before.Epoch)
	require.ErrorIs(t, s.Append(t.Context(), before, rows(2, 2), nil), journal.ErrFenced)
	require.NoError(t, s.Append(t.Context(), after, rows(2, 2), nil))
}

func staleOwner(t *testing.T, s Store) {
	ctx := t.Context()
	a := acquire(t, s, "main", "a")
	require.NoError(t, s.Append(ctx, a, rows(1, 2), nil))
	require.NoError(t, s.Release(ctx, a))
	b := acquire(t, s, "main", "b")
	require.ErrorIs(t, s.Append(ctx, a, rows(3, 3), []journal.Timeline{entry(3, 0)}), journal.ErrFenced)
	require.ErrorIs(t, s.Append(ctx, a, rows(1, 2), nil), journal.ErrFenced, "not even what is there already")
	require.ErrorIs(t, s.SaveSnapshot(ctx, a, 2, []byte("x")), journal.ErrFenced)
	require.ErrorIs(t, s.Quarantine(ctx, a, row(2), "x"), journal.ErrFenced)
	_, err := s.Renew(ctx, a, long)
	require.ErrorIs(t, err, journal.ErrFenced)
	snapshot, _, tail := load(t, s, "main")
	require.Nil(t, snapshot)
	require.Equal(t, rows(1, 2), tail)
	require.NoError(t, s.Append(ctx, b, rows(3, 3), nil))
	never := journal.Lease{Shard: "nobody's", Owner: "a", Epoch: 1}
	require.ErrorIs(t, s.Append(ctx, never, rows(1, 1), nil), journal.ErrFenced)
}

func takenSequence(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	require.NoError(t, s.Append(t.Context(), l, rows(1, 2), nil))
	other := row(2)
	other.Body = []byte(`{"other":true}`)
	require.ErrorIs(t, s.Append(t.Context(), l, []journal.Row{other}, nil), journal.ErrFenced)
	_, _, tail := load(t, s, "main")
	require.Equal(t, rows(1, 2), tail)
}

func sameBatchAgain(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	entries := []journal.Timeline{entry(1, 0), entry(2, 0)}
	require.NoError(t, s.Append(t.Context(), l, rows(1, 2), entries))
	require.NoError(t, s.Append(t.Context(), l, rows(1, 2), entries), "the answer was lost, the owner repeats")
	_, _, tail := load(t, s, "main")
	require.Equal(t, rows(1, 2), tail)
	got, err := s.TimelineAfter(t.Context(), "main", 0, 10)
	require.NoError(t, err)
	require.Equal(t, entries, got)
}

func allOrNothing(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	require.NoError(t, s.Append(t.Context(), l, rows(3, 3), nil))
	batch := rows(1, 3) // the third is taken by other content
	batch[2].Body = []byte(`{}`)
	require.ErrorIs(t, s.Append(t.Context(), l, batch, []journal.Timeline{entry(1, 0)}), journal.ErrFenced)
	require.ErrorIs(t, s.Append(t.Context(), l, rows(2, 3), nil), journal.ErrFenced, "half of a batch is there: not the same batch")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, s.Append(cancelled, l, rows(1, 2), nil))
	_, _, tail := load(t, s, "main")
	require.Equal(t, rows(3, 3), tail)
	got, err := s.TimelineAfter(t.Context(), "main", 0, 10)
	require.NoError(t, err)
	require.Empty(t, got)
}

func snapshotAndTail(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	require.NoError(t, s.Append(t.Context(), l, rows(1, 10), nil))
	body := []byte("snapshot \x00\xff of 6")
	require.NoError(t, s.SaveSnapshot(t.Context(), l, 6, body))
	snapshot, seq, tail := load(t, s, "main")
	require.Equal(t, body, snapshot)
	require.Equal(t, uint64(6), seq)
	require.Equal(t, rows(7, 10), tail)
}

func newestSnapshot(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	require.NoError(t, s.Append(t.Context(), l, rows(1, 10), nil))
	for seq := uint64(1); seq <= 9; seq++ {
		require.NoError(t, s.SaveSnapshot(t.Context(), l, seq, fmt.Appendf(nil, "at %d", seq)))
	}
	require.NoError(t, s.SaveSnapshot(t.Context(), l, 9, []byte("at 9 again")))
	snapshot, seq, tail := load(t, s, "main")
	require.Equal(t, "at 9 again", string(snapshot))
	require.Equal(t, uint64(9), seq)
	require.Equal(t, rows(10, 10), tail)
}

func quarantine(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	require.NoError(t, s.Append(t.Context(), l, rows(1, 3), nil))
	require.NoError(t, s.Quarantine(t.Context(), l, row(2), "index out of range [7]\x00"))
	_, _, tail := load(t, s, "main")
	require.Equal(t, []journal.Row{row(1), row(3)}, tail)
	require.NoError(t, s.Quarantine(t.Context(), l, row(4), "panicked before it was in the log"))
	require.NoError(t, s.Append(t.Context(), l, rows(4, 4), nil), "its number is free for the next event")
}

func prune(t *testing.T, s Store) {
	ctx := t.Context()
	l := acquire(t, s, "main", "a")
	require.NoError(t, s.Append(ctx, l, rows(1, 10), nil))
	removed, err := s.Prune(ctx, "main", epoch.Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, removed, "nothing is behind a snapshot")
	require.NoError(t, s.SaveSnapshot(ctx, l, 6, []byte("x")))
	removed, err = s.Prune(ctx, "main", row(4).At)
	require.NoError(t, err)
	require.Equal(t, int64(3), removed, "older than the fourth")
	removed, err = s.Prune(ctx, "main", epoch.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, int64(3), removed, "up to the snapshot")
	_, seq, tail := load(t, s, "main")
	require.Equal(t, uint64(6), seq)
	require.Equal(t, rows(7, 10), tail)
}

func timelineByEvents(t *testing.T, s Store) {
	l := acquire(t, s, "main", "a")
	var entries []journal.Timeline
	for seq := uint64(1); seq <= 3; seq++ {
		for index := range 4 {
			entries = append(entries, entry(seq, index))
		}
	}
	require.NoError(t, s.Append(t.Context(), l, rows(1, 3), entries))
	for _, limit := range []int{1, 3, 4, 5, 7, 8, 100} {
		var got []journal.Timeline
		for after := uint64(0); ; {
			page, err := s.TimelineAfter(t.Context(), "main", after, limit)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			after = page[len(page)-1].Seq
			require.Zero(t, len(page)%4, "limit %d: whole events", limit)
			got = append(got, page...)
		}
		require.Equal(t, entries, got, "limit %d", limit)
	}
}

// twoOwners lets two processes fight for a shard: each acquires, loads, appends behind what it has loaded until it is fenced, and starts again. The
// log must be without gaps, and nobody may ever have written behind a row that it did not know.
func twoOwners(t *testing.T, s Store) {
	const rounds, perRound = 15, 8
	acked := &ackedRows{bodies: map[uint64]string{}}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, owner := range []string{"a", "b"} {
		wg.Go(func() {
			for round := range rounds {
				if err := oneReign(t.Context(), s, fmt.Sprintf("%s-%d", owner, round), perRound, acked); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	_, _, tail := load(t, s, "main")
	for i, r := range tail {
		require.Equal(t, uint64(i+1), r.Seq, "no gap")
	}
	require.Len(t, acked.bodies, len(tail))
	for _, r := range tail {
		require.Equal(t, acked.bodies[r.Seq], string(r.Body), "what was acknowledged is there")
	}
}

// ackedRows are the rows that owners were told are durable, by sequence number.
type ackedRows struct {
	mu     sync.Mutex
	bodies map[uint64]string
}

func (a *ackedRows) add(r journal.Row) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, twice := a.bodies[r.Seq]; twice {
		return fmt.Errorf("sequence number %d was acknowledged twice", r.Seq)
	}
	a.bodies[r.Seq] = string(r.Body)
	return nil
}

func oneReign(ctx context.Context, s journal.Store, owner string, n int, acked *ackedRows) error {
	var l journal.Lease
	for {
		var err error
		if l, err = s.Acquire(ctx, "main", owner, time.Millisecond); err == nil {
			break
		} else if !errors.Is(err, journal.ErrHeld) {
			return err
		}
	}
	_, last, tail, err := s.Load(ctx, "main")
	if err != nil {
		return err
	}
	for r, err := range tail {
		if err != nil {
			return err
		}
		last = r.Seq
	}
	for i := range n {
		last++
		r := row(last)
		r.Body = fmt.Appendf(nil, `{"by":%q,"i":%d}`, owner, i)
		switch err := s.Append(ctx, l, []journal.Row{r}, []journal.Timeline{entry(last, 0)}); {
		case errors.Is(err, journal.ErrFenced):
			return nil
		case err != nil:
			return err
		}
		if err := acked.add(r); err != nil {
			return err
		}
	}
	return nil
}

func sideBySide(t *testing.T, s Store) {
	const shards, n = 4, 30
	var wg sync.WaitGroup
	errs := make([]error, shards)
	for i := range shards {
		wg.Go(func() {
			name := fmt.Sprintf("shard-%d", i)
			l, err := s.Acquire(t.Context(), name, "a", long)
			for seq := uint64(1); err == nil && seq <= n; seq++ {
				if err = s.Append(t.Context(), l, rows(seq, seq), []journal.Timeline{entry(seq, 0)}); err == nil && seq%10 == 0 {
					if err = s.SaveSnapshot(t.Context(), l, seq, []byte(name)); err == nil {
						_, err = s.Prune(t.Context(), name, epoch)
					}
				}
			}
			errs[i] = err
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	for i := range shards {
		_, seq, tail := load(t, s, fmt.Sprintf("shard-%d", i))
		require.Equal(t, uint64(n), seq)
		require.Empty(t, tail)
	}
}
