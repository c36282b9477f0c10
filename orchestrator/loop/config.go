package loop

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
)

// Config sets up a [Loop]. Shard, Owner and Store are required; the rest has defaults that suit production.
type Config struct {
	// Shard names the set of tenants whose calls this loop decides.
	Shard string
	// Seed is for tests that want to know the shard's identifiers. 0 = drawn at random whenever this process begins to own the log.
	Seed uint64
	// Owner names this process in the lease. No two running processes may share a name: a lease is given again to the owner of the same name,
	// so that a restarted process need not wait for its own old lease to run out.
	Owner string
	// Store keeps the log.
	Store journal.Store
	// Engines are the switches. Their ids must differ.
	Engines []engine.Engine
	// Forgotten are switches that will not be back: what stood on them is closed when a term begins, as by their restart. What stands on a switch that is in neither list
	// is kept. None may be in both.
	Forgotten []core.EngineID

	// LeaseTTL is how long the lease lasts without renewal; it is renewed after a third. Default 15 s, at least 1 ms.
	LeaseTTL time.Duration
	// LeaseMargin is how long before the lease may run out effects are held back: it covers the difference of rates between our
	// clock and the database's, and an order already on its way to a switch. Default a fifth of LeaseTTL.
	LeaseMargin time.Duration
	// Standby makes Run wait for the lease again after losing it. Otherwise Run returns journal.ErrFenced.
	Standby bool

	// SnapshotEvery is the number of events after which the shard is written down whole. Default 5000.
	SnapshotEvery int
	// Retention is how long rows behind the newest snapshot are kept. Default 72 h; negative keeps them for ever.
	Retention time.Duration

	// MaxBatch is how many facts one turn takes; of intents it takes a quarter of that. Default 256.
	MaxBatch int
	// FactQueue is how many facts wait before Sink.Fact blocks. Default 4096.
	FactQueue int
	// IntentQueue is how many intents wait before Do answers ErrBusy. Default 1024.
	IntentQueue int
	// FeedLength is how many turns the feed remembers: how far behind a reader may fall. Default 4096.
	FeedLength int

	// EffectTimeout is the deadline of one effect. Default 5 s.
	EffectTimeout time.Duration
	// EffectsPerEngine is how many effects one switch is given at once. Default 256.
	EffectsPerEngine int
	// StoreTimeout is the deadline of one call of the store, of loading apart. Default 10 s.
	StoreTimeout time.Duration
	// Backoff is the pause after the first failure of the store; it doubles up to forty times that. Default 50 ms.
	Backoff time.Duration
	// StopGrace is how long Stop waits for effects that are committed and not yet carried out. Default 3 s; negative is no time at all.
	StopGrace time.Duration

	// Logger takes one line per event at debug. Default slog.Default().
	Logger *slog.Logger
	// Clock is the time. Default SystemClock().
	Clock Clock
	// Metrics counts. Default: counted and shown to nobody.
	Metrics *Metrics
	// Witness is told what was decided and ordered. Default nobody.
	Witness Witness

	rules *rulebook // of tests; nil = package core
}

// Witness watches what a loop does, to show it to people. Its methods must not wait: the loop does.
type Witness interface {
	// Decided is told what a turn has decided, once it is durable. What it is given is not to be changed, nor kept.
	Decided(rows []journal.Row, timeline []journal.Timeline, durable time.Time)
	// Ordered is told of an order to a switch that was accepted ("") or refused. It is called from many goroutines.
	Ordered(e core.Effect, begun, ended time.Time, refused core.Why)
}

// nobody watches.
type nobody struct{}

func (nobody) Decided([]journal.Row, []journal.Timeline, time.Time) {}
func (nobody) Ordered(core.Effect, time.Time, time.Time, core.Why)  {}

// checked returns the configuration with its defaults, or what is wrong with it.
func (c Config) checked() (Config, error) {
	switch {
	case c.Shard == "":
		return c, fmt.Errorf("loop: Shard: must not be empty")
	case c.Owner == "":
		return c, fmt.Errorf("loop: Owner: must not be empty")
	case c.Store == nil:
		return c, fmt.Errorf("loop: Store: must not be nil")
	}
	seen := map[core.EngineID]bool{}
	for _, e := range c.Engines {
		if seen[e.ID()] {
			return c, fmt.Errorf("loop: Engines: %q is there twice", e.ID())
		}
		seen[e.ID()] = true
	}
	for _, id := range c.Forgotten {
		if seen[id] {
			return c, fmt.Errorf("loop: Forgotten: %q is in Engines", id)
		}
	}
	orDuration(&c.LeaseTTL, 15*time.Second)
	orDuration(&c.LeaseMargin, c.LeaseTTL/5)
	if c.LeaseTTL < time.Millisecond {
		return c, fmt.Errorf("loop: LeaseTTL: must be at least 1ms, is %v", c.LeaseTTL)
	}
	if c.LeaseMargin < 0 || c.LeaseMargin >= c.LeaseTTL*2/3 {
		return c, fmt.Errorf("loop: LeaseMargin: must be less than two thirds of LeaseTTL (%v), is %v", c.LeaseTTL, c.LeaseMargin)
	}
	orInt(&c.SnapshotEvery, 5000)
	orDuration(&c.Retention, 72*time.Hour)
	orInt(&c.MaxBatch, 256)
	orInt(&c.FactQueue, 4096)
	orInt(&c.IntentQueue, 1024)
	orInt(&c.FeedLength, 4096)
	orDuration(&c.EffectTimeout, 5*time.Second)
	orInt(&c.EffectsPerEngine, 256)
	orDuration(&c.StoreTimeout, 10*time.Second)
	orDuration(&c.Backoff, 50*time.Millisecond)
	orDuration(&c.StopGrace, 3*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Logger = c.Logger.With("shard", c.Shard)
	if c.Clock == nil {
		c.Clock = SystemClock()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(c.Shard)
	}
	if c.Witness == nil {
		c.Witness = nobody{}
	}
	if c.rules == nil {
		book := theRules()
		c.rules = &book
	}
	return c, nil
}

func orDuration(d *time.Duration, def time.Duration) {
	if *d == 0 {
		*d = def
	}
}

func orInt(n *int, def int) {
	if *n <= 0 {
		*n = def
	}
}
