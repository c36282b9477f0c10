package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come. It is never waited for in a test that passes.
const patience = 20 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-within(t).Done():
		require.FailNow(t, "waited in vain for "+what)
		panic("unreachable")
	}
}

const (
	desk  core.EngineID = "desk"
	line  string        = "+493011100"
	sales core.QueueID  = "sales"
)

// site is a tenant with one number, one queue, and as many agents as asked for.
func site(agents int) core.ConfigChanged {
	cfg := core.ConfigChanged{
		Tenants:     []core.Tenant{{ID: "acme", Name: "Acme"}},
		EntryPoints: []core.EntryPoint{{ID: "main", Tenant: "acme", Name: "Main", Numbers: []string{line}, Queue: sales}},
	}
	q := core.Queue{ID: sales, Tenant: "acme", Name: "Sales", RingTime: 20 * time.Second}
	for n := range agents {
		id := core.AgentID(fmt.Sprintf("agent%02d", n))
		cfg.Agents = append(cfg.Agents, core.AgentSetup{ID: id, Tenant: "acme", Name: string(id), Phone: fmt.Sprintf("1%02d", n), Engine: desk})
		q.Members = append(q.Members, core.Membership{Agent: id})
	}
	cfg.Queues = []core.Queue{q}
	return cfg
}

func signIn(agent core.AgentID) core.SetAgentState {
	return core.SetAgentState{
		Command: core.Command{ID: core.CommandID("in-" + agent), Actor: "agent:" + string(agent)}, Agent: agent, State: core.Available,
	}
}

func caller(n int) core.LegAppeared {
	return core.LegAppeared{Engine: desk, Leg: core.LegID(fmt.Sprintf("caller-%04d", n)), From: fmt.Sprintf("+4917000%04d", n), Name: "Caller", To: line}
}

// board is an engine without a switch: the test says what happens, and sees what was asked for.
type board struct {
	id       core.EngineID
	snapshot core.Snapshot                            // of the first EngineUp
	do       func(context.Context, core.Effect) error // nil = accept
	gotten   chan core.Effect                         // accepted ones, in order
	ready    chan struct{}                            // closed once EngineUp is with the sink
	once     sync.Once

	mu   sync.Mutex
	sink engine.Sink
}

func newBoard() *board {
	return &board{id: desk, gotten: make(chan core.Effect, 100_000), ready: make(chan struct{})}
}

func (b *board) ID() core.EngineID                 { return b.id }
func (b *board) Capabilities() engine.Capabilities { return engine.Capabilities{Kind: "board"} }

func (b *board) Run(ctx context.Context, sink engine.Sink) error {
	b.mu.Lock()
	b.sink = sink
	b.mu.Unlock()
	sink.Fact(core.EngineUp{Engine: b.id, Snapshot: b.snapshot})
	b.once.Do(func() { close(b.ready) })
	<-ctx.Done()
	return nil
}

func (b *board) Do(ctx context.Context, e core.Effect) error {
	if b.do != nil {
		if err := b.do(ctx, e); err != nil {
			return err
		}
	}
	b.gotten <- e
	return nil
}

// says lets facts happen.
func (b *board) says(facts ...core.Fact) {
	<-b.ready
	b.mu.Lock()
	sink := b.sink
	b.mu.Unlock()
	for _, f := range facts {
		sink.Fact(f)
	}
}

// await waits for an effect that is as wanted, letting others pass.
func (b *board) await(t *testing.T, what string, wanted func(core.Effect) bool) core.Effect {
	t.Helper()
	for {
		if e := receive(t, b.gotten, what); wanted(e) {
			return e
		}
	}
}

// as is v, which the test knows to be a T.
func as[T any](v any) T {
	got, ok := v.(T)
	if !ok {
		panic(fmt.Sprintf("%T is no %T", v, got))
	}
	return got
}

func doing[A core.Action](e core.Effect) bool { _, ok := e.Do.(A); return ok }

// watchedStore is a store that a test can hold, break and look into.
type watchedStore struct {
	journal.Memory
	mu           sync.Mutex
	beforeAppend func(ctx context.Context, rows []journal.Row) error // before anything is stored
	afterAppend  func(rows []journal.Row, err error) error           // what it returns is the result
	noSnapshots  bool
	saved        chan uint64 // not nil: told of snapshots
	renew        func() error
}

var errAway = errors.New("the database is away")

func (s *watchedStore) hooks() (func(context.Context, []journal.Row) error, func([]journal.Row, error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.beforeAppend, s.afterAppend
}

func (s *watchedStore) Append(ctx context.Context, l journal.Lease, rows []journal.Row, lines []journal.Timeline) error {
	before, after := s.hooks()
	if before != nil {
		if err := before(ctx, rows); err != nil {
			return err
		}
	}
	err := s.Memory.Append(ctx, l, rows, lines)
	if after != nil {
		return after(rows, err)
	}
	return err
}

func (s *watchedStore) SaveSnapshot(ctx context.Context, l journal.Lease, seq uint64, body []byte) error {
	s.mu.Lock()
	away, saved := s.noSnapshots, s.saved
	s.mu.Unlock()
	if away {
		return errAway
	}
	err := s.Memory.SaveSnapshot(ctx, l, seq, body)
	if err == nil && saved != nil {
		saved <- seq
	}
	return err
}

func (s *watchedStore) Renew(ctx context.Context, l journal.Lease, ttl time.Duration) (journal.Lease, error) {
	s.mu.Lock()
	renew := s.renew
	s.mu.Unlock()
	if renew != nil {
		if err := renew(); err != nil {
			return journal.Lease{}, err
		}
	}
	return s.Memory.Renew(ctx, l, ttl)
}

// set changes the hooks.
func (s *watchedStore) set(change func(*watchedStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// rows is the log behind the newest snapshot.
func (s *watchedStore) rows(t *testing.T) []journal.Row {
	t.Helper()
	_, _, tail, err := s.Load(t.Context(), "s1")
	require.NoError(t, err)
	var rows []journal.Row
	for row, err := range tail {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	return rows
}

// planted is the real rules with something planted into them.
type planted struct {
	*core.Shard
	before func(ev core.Event)                                  // may panic
	after  func(s *core.Shard, ev core.Event, out core.Outcome) // sees what was decided; may panic too

	accepts func(in core.Intent) // may panic
	firing  func() core.Deadline // at which it has panicked; nil = the rules know
}

func (p *planted) Firing() core.Deadline {
	if p.firing != nil {
		return p.firing()
	}
	return p.Shard.Firing()
}

func (p *planted) Accepts(now time.Time, in core.Intent) *core.Refusal {
	if p.accepts != nil {
		p.accepts(in)
	}
	return p.Shard.Accepts(now, in)
}

func (p *planted) Step(now time.Time, ev core.Event) core.Outcome {
	if p.before != nil {
		p.before(ev)
	}
	out := p.Shard.Step(now, ev)
	if p.after != nil {
		p.after(p.Shard, ev, out)
	}
	return out
}

// plant makes a rulebook whose shards all carry the same plants.
func plant(before func(core.Event), after func(*core.Shard, core.Event, core.Outcome)) *rulebook {
	book := theRules()
	fresh, restore := book.fresh, book.restore
	wrap := func(r rules) rules { return &planted{Shard: as[*core.Shard](r), before: before, after: after} }
	book.fresh = func(name string, seed uint64) rules { return wrap(fresh(name, seed)) }
	book.restore = func(body []byte) (rules, error) {
		r, err := restore(body)
		if err != nil {
			return nil, err
		}
		return wrap(r), nil
	}
	book.shard = func(r rules) *core.Shard { return as[*planted](r).Shard }
	return &book
}

// config is a loop's configuration for tests: one board, one store.
func config(store journal.Store, engines ...engine.Engine) Config {
	return Config{
		Shard: "s1", Seed: 1, Owner: "a", Store: store, Engines: engines,
		LeaseTTL: time.Hour, Backoff: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	}
}

// started runs a loop until the end of the test.
func started(t *testing.T, cfg Config) *Loop {
	t.Helper()
	l, err := New(cfg)
	require.NoError(t, err)
	require.NoError(t, l.Start(context.Background()))
	t.Cleanup(func() { _ = l.Stop() })
	return l
}

// serving waits until a loop serves.
func serving(t *testing.T, l *Loop) {
	t.Helper()
	require.NoError(t, l.Serving(within(t)), "the shard was not served")
}

// awaitView waits for a view that is as wanted.
func awaitView(t *testing.T, l *Loop, what string, wanted func(*View) bool) *View {
	t.Helper()
	ctx := within(t)
	require.NoError(t, l.Serving(ctx), what)
	v, sub, err := l.Follow()
	for {
		require.NoError(t, err, what)
		if wanted(v) {
			return v
		}
		if _, err = sub.Next(ctx); errors.Is(err, ErrTooSlow) {
			v, sub, err = l.Follow()
			continue
		}
		v = l.View()
	}
}

// open is a loop on a board with a site set up and its agents signed in.
func open(t *testing.T, cfg Config, agents int) *Loop {
	t.Helper()
	l := started(t, cfg)
	serving(t, l)
	awaitView(t, l, "the switch", engineUp) // from here on the test alone makes events
	require.NoError(t, l.Config(within(t), site(agents)))
	for n := range agents {
		require.NoError(t, l.Do(within(t), signIn(core.AgentID(fmt.Sprintf("agent%02d", n)))))
	}
	return l
}

func engineUp(v *View) bool { e, ok := v.Engine(desk); return ok && e.Up }

// marshal is the shard as it stands.
func marshal(t *testing.T, l *Loop) []byte {
	t.Helper()
	var body []byte
	var err error
	require.NoError(t, l.Query(within(t), func(s *core.Shard) { body, err = s.Marshal() }))
	require.NoError(t, err)
	return body
}

// fakeClock is a clock that the test moves.
type fakeClock struct {
	mu      sync.Mutex
	wall    time.Time
	elapsed time.Duration
	timers  []*fakeTimer
}

type fakeTimer struct {
	clock *fakeClock
	c     chan time.Time
	at    time.Duration // 0 = stopped
}

func newFakeClock() *fakeClock {
	return &fakeClock{wall: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), elapsed: time.Hour}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

func (c *fakeClock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.elapsed
}

func (c *fakeClock) NewTimer(d time.Duration) Timer {
	t := &fakeTimer{clock: c, c: make(chan time.Time, 1)}
	t.Reset(d)
	return t
}

// advance moves both clocks on and fires what is due.
func (c *fakeClock) advance(d time.Duration) { c.move(d, d) }

// setBack moves the time of day only.
func (c *fakeClock) setBack(d time.Duration) { c.move(-d, 0) }

func (c *fakeClock) move(wall, elapsed time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall = c.wall.Add(wall)
	c.elapsed += elapsed
	for _, t := range c.timers {
		if t.at != 0 && t.at <= c.elapsed {
			t.at = 0
			t.c <- c.wall
		}
	}
	c.timers = slices.DeleteFunc(c.timers, func(t *fakeTimer) bool { return t.at == 0 })
}

// armed waits until nobody has anything to do before some timer fires, and holds that one does at most d from now. It takes a test of [synctest]: whoever has read the clock and
// has not armed their timer yet would arm it for too late when the clock is moved in between.
func (c *fakeClock) armed(t *testing.T, d time.Duration) {
	t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.True(t, slices.ContainsFunc(c.timers, func(x *fakeTimer) bool { return x.at <= c.elapsed+d }), "nobody waits for a time within %s", d)
}

func (t *fakeTimer) C() <-chan time.Time { return t.c }

func (t *fakeTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.stop()
}

func (t *fakeTimer) stop() bool {
	was := t.at != 0
	t.at = 0
	t.clock.timers = slices.DeleteFunc(t.clock.timers, func(x *fakeTimer) bool { return x == t })
	select {
	case <-t.c:
	default:
	}
	return was
}

func (t *fakeTimer) Reset(d time.Duration) bool {
	c := t.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	was := t.stop()
	if d <= 0 {
		t.c <- c.wall
		return was
	}
	t.at = c.elapsed + d
	c.timers = append(c.timers, t)
	return was
}
