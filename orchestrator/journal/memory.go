package journal

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"
)

// Memory is a [Store] that lives as long as the process: for the simulator and for tests. The zero value is ready for use. What two owners share,
// and what survives a simulated crash, is the value itself.
type Memory struct {
	// Now is the store's clock, which leases are measured by; nil = time.Now. Set it before use.
	Now func() time.Time

	mu     sync.Mutex
	shards map[string]*memoryShard
}

type memoryShard struct {
	lease       Lease
	rows        []Row // ascending Seq
	timeline    []Timeline
	snapshots   []memorySnapshot // ascending seq
	quarantined []Quarantined
}

type memorySnapshot struct {
	seq  uint64
	body []byte
}

// Quarantined is an event that [Store.Quarantine] took out of the log.
type Quarantined struct {
	Row    Row
	Reason string
}

var _ Store = (*Memory)(nil)

// keepSnapshots is how many snapshots of a shard are kept.
const keepSnapshots = 3

func (m *Memory) now() time.Time {
	if m.Now != nil {
		return m.Now()
	}
	return time.Now()
}

// shard gives the shard's log, made at first use. The caller holds mu.
func (m *Memory) shard(name string) *memoryShard {
	if m.shards == nil {
		m.shards = make(map[string]*memoryShard)
	}
	s := m.shards[name]
	if s == nil {
		s = &memoryShard{}
		m.shards[name] = s
	}
	return s
}

// Acquire implements [Store].
func (m *Memory) Acquire(ctx context.Context, shard, owner string, ttl time.Duration) (Lease, error) {
	if err := ctx.Err(); err != nil {
		return Lease{}, fmt.Errorf("acquire lease of shard %s: %w", shard, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s, now := m.shard(shard), m.now()
	if s.lease.Owner != owner && s.lease.Until.After(now) {
		return Lease{}, fmt.Errorf("acquire lease of shard %s: %w", shard, ErrHeld)
	}
	s.lease = Lease{Shard: shard, Owner: owner, Epoch: s.lease.Epoch + 1, Until: now.Add(ttl)}
	return s.lease, nil
}

// Renew implements [Store].
func (m *Memory) Renew(ctx context.Context, l Lease, ttl time.Duration) (Lease, error) {
	if err := ctx.Err(); err != nil {
		return Lease{}, fmt.Errorf("renew lease of shard %s: %w", l.Shard, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shard(l.Shard)
	if !s.owns(l) {
		return Lease{}, fmt.Errorf("renew lease of shard %s: %w", l.Shard, ErrFenced)
	}
	s.lease.Until = m.now().Add(ttl)
	return s.lease, nil
}

// Release implements [Store].
func (m *Memory) Release(_ context.Context, l Lease) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.shard(l.Shard); s.owns(l) {
		s.lease.Until = time.Time{}
	}
	return nil
}

func (s *memoryShard) owns(l Lease) bool { return s.lease.Epoch == l.Epoch && s.lease.Owner == l.Owner }

// Append implements [Store].
func (m *Memory) Append(ctx context.Context, l Lease, rows []Row, timeline []Timeline) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("append to shard %s: %w", l.Shard, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shard(l.Shard)
	if !s.owns(l) {
		return fmt.Errorf("append to shard %s: %w", l.Shard, ErrFenced)
	}
	there := 0
	for _, r := range rows {
		if i, taken := s.find(r.Seq); taken {
			if old := s.rows[i]; !old.At.Equal(r.At) || old.Kind != r.Kind || !bytes.Equal(old.Body, r.Body) {
				return fmt.Errorf("append to shard %s: sequence number %d is taken: %w", l.Shard, r.Seq, ErrFenced)
			}
			there++
		}
	}
	switch {
	case there > 0 && there == len(rows):
		return nil // the same batch again
	case there > 0:
		return fmt.Errorf("append to shard %s: a sequence number from %d is taken: %w", l.Shard, rows[0].Seq, ErrFenced)
	}
	for _, r := range rows {
		r.Body = bytes.Clone(r.Body)
		i, _ := s.find(r.Seq)
		s.rows = slices.Insert(s.rows, i, r)
	}
	s.timeline = append(s.timeline, timeline...)
	return nil
}

func (s *memoryShard) find(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(s.rows, seq, func(r Row, seq uint64) int {
		switch {
		case r.Seq < seq:
			return -1
		case r.Seq > seq:
			return 1
		}
		return 0
	})
}

// Load implements [Store]. The tail is as it was when Load was called.
func (m *Memory) Load(ctx context.Context, shard string) ([]byte, uint64, iter.Seq2[Row, error], error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, nil, fmt.Errorf("load shard %s: %w", shard, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shard(shard)
	var body []byte
	var seq uint64
	if n := len(s.snapshots); n > 0 {
		body, seq = bytes.Clone(s.snapshots[n-1].body), s.snapshots[n-1].seq
	}
	from, _ := s.find(seq + 1)
	rows := slices.Clone(s.rows[from:])
	return body, seq, func(yield func(Row, error) bool) {
		for _, r := range rows {
			r.Body = bytes.Clone(r.Body)
			if !yield(r, nil) {
				return
			}
		}
	}, nil
}

// SaveSnapshot implements [Store].
func (m *Memory) SaveSnapshot(ctx context.Context, l Lease, seq uint64, body []byte) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("save snapshot of shard %s: %w", l.Shard, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shard(l.Shard)
	if !s.owns(l) {
		return fmt.Errorf("save snapshot of shard %s: %w", l.Shard, ErrFenced)
	}
	s.snapshots = slices.DeleteFunc(s.snapshots, func(x memorySnapshot) bool { return x.seq == seq })
	s.snapshots = append(s.snapshots, memorySnapshot{seq: seq, body: bytes.Clone(body)})
	slices.SortFunc(s.snapshots, func(a, b memorySnapshot) int { return int(int64(a.seq) - int64(b.seq)) })
	if extra := len(s.snapshots) - keepSnapshots; extra > 0 {
		s.snapshots = slices.Delete(s.snapshots, 0, extra)
	}
	return nil
}

// Quarantine implements [Store].
func (m *Memory) Quarantine(ctx context.Context, l Lease, row Row, reason string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("quarantine event %d of shard %s: %w", row.Seq, l.Shard, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shard(l.Shard)
	if !s.owns(l) {
		return fmt.Errorf("quarantine event %d of shard %s: %w", row.Seq, l.Shard, ErrFenced)
	}
	row.Body = bytes.Clone(row.Body)
	s.quarantined = append(s.quarantined, Quarantined{Row: row, Reason: reason})
	if i, ok := s.find(row.Seq); ok {
		s.rows = slices.Delete(s.rows, i, i+1)
	}
	return nil
}

// Prune implements [Store]. It leaves the timeline alone.
func (m *Memory) Prune(ctx context.Context, shard string, before time.Time) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("prune shard %s: %w", shard, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shard(shard)
	if len(s.snapshots) == 0 {
		return 0, nil
	}
	newest := s.snapshots[len(s.snapshots)-1].seq
	had := len(s.rows)
	s.rows = slices.DeleteFunc(s.rows, func(r Row) bool { return r.Seq <= newest && r.At.Before(before) })
	return int64(had - len(s.rows)), nil
}

// TimelineAfter gives a shard's timeline entries behind the event seq, in order: those of whole events, about limit of them.
func (m *Memory) TimelineAfter(_ context.Context, shard string, seq uint64, limit int) ([]Timeline, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.shard(shard).timeline
	var out []Timeline
	for _, t := range all {
		if t.Seq <= seq {
			continue
		}
		if len(out) >= limit && out[len(out)-1].Seq != t.Seq {
			break
		}
		out = append(out, t)
	}
	return out, nil
}

// QuarantinedEvents lists what has been quarantined in a shard, oldest first.
func (m *Memory) QuarantinedEvents(shard string) []Quarantined {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.shard(shard).quarantined)
}
