package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/loop"
)

// restart kills Tandem as a power cut would, has the journal grow to a size, and measures how long a start takes until the process is ready: schema checked,
// shard taken over, log replayed, connected to the switch and its view of the calls compared.
func (r *rig) restart(ctx context.Context, events uint64) (took time.Duration, n uint64, err error) {
	r.tandem.end(syscall.SIGKILL)
	if n, err = r.journalled(ctx); err != nil {
		return 0, 0, err
	}
	for n < events { // more than once: the last facts may still be in the loop's inbox when it stops
		if err := r.grow(ctx, events-n+3); err != nil {
			return 0, n, err
		}
		if n, err = r.journalled(ctx); err != nil {
			return 0, 0, err
		}
	}
	if _, err := r.startTandem(ctx); err != nil { // reconciles what grow invented
		return 0, n, err
	}
	r.tandem.end(syscall.SIGKILL)
	if n, err = r.journalled(ctx); err != nil {
		return 0, 0, err
	}
	took, err = r.startTandem(ctx)
	return took, n, err
}

// inventor is a switch that tells what it is asked to and does nothing.
type inventor struct {
	id   core.EngineID
	sink chan engine.Sink
}

func (i *inventor) ID() core.EngineID                   { return i.id }
func (*inventor) Capabilities() engine.Capabilities     { return engine.Capabilities{Kind: "bench"} }
func (*inventor) Do(context.Context, core.Effect) error { return nil }
func (i *inventor) Run(ctx context.Context, s engine.Sink) error {
	s.Fact(core.EngineUp{Engine: i.id})
	i.sink <- s
	<-ctx.Done()
	return nil
}

// grow writes so many events to the journal, through the loop and the rules, as one long morning would.
func (r *rig) grow(ctx context.Context, events uint64) (err error) {
	db, err := models.Open(ctx, r.db.url("tandem"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	i := &inventor{id: core.EngineID(r.brand.name), sink: make(chan engine.Sink, 1)}
	l, err := loop.New(loop.Config{
		Shard: shardName, Owner: "bench", Store: db.Journal(), Engines: []engine.Engine{i}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	if err := l.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Stop()) }()
	var sink engine.Sink
	select {
	case sink = <-i.sink:
	case <-l.Done():
		return errors.New("grow the journal: the loop has ended")
	}
	for n := range events / 3 {
		leg := core.LegID("invented-" + strconv.FormatUint(n, 10))
		sink.Fact(core.LegAppeared{Engine: i.id, Leg: leg, From: "4930", To: tandemNumber})
		sink.Fact(core.LegAnswered{Leg: leg})
		sink.Fact(core.LegHungUp{Leg: leg, Cause: core.Cause{Code: core.CauseNormal, By: core.ByThem}})
	}
	return l.Query(ctx, func(*core.Shard) {}) // the last batch is durable
}

// appends measures what one turn of the loop waits for: one batch of three rows and two timeline entries, durable.
func appends(ctx context.Context, url string, n int) (_ spread, err error) {
	db, err := models.Open(ctx, url)
	if err != nil {
		return spread{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Migrate(ctx); err != nil {
		return spread{}, err
	}
	log := db.Journal()
	lease, err := log.Acquire(ctx, "appends", "bench", time.Hour)
	if err != nil {
		return spread{}, err
	}
	body := []byte(`{"engine":"asterisk","leg":"01234567-89ab-cdef-0123-456789abcdef","from":"+493012345678","to":"5001"}`)
	var took []time.Duration
	var seq uint64
	for i := range n + 20 { // the first ones prepare statements and partitions
		at := time.Now().UTC().Truncate(time.Microsecond)
		var rows []journal.Row
		var lines []journal.Timeline
		for k := range 3 {
			seq++
			rows = append(rows, journal.Row{Seq: seq, At: at, Kind: "leg_appeared", Tenant: tenantName, Call: core.CallID(fmt.Sprintf("call-%d", i)), Body: body})
			if k < 2 {
				lines = append(lines, journal.Timeline{Seq: seq, Entry: core.Entry{At: at, Kind: core.EntryCallArrived, Tenant: tenantName}})
			}
		}
		begun := time.Now()
		if err := log.Append(ctx, lease, rows, lines); err != nil {
			return spread{}, fmt.Errorf("append to the journal: %w", err)
		}
		if i >= 20 {
			took = append(took, time.Since(begun))
		}
	}
	return spreadOf(took), nil
}

func (r *rig) journals(ctx context.Context, n int) (onPostgres, onSQLite spread, err error) {
	if err := r.db.query(ctx, "CREATE DATABASE appends"); err != nil {
		return spread{}, spread{}, err
	}
	if onPostgres, err = appends(ctx, r.db.url("appends"), n); err != nil {
		return spread{}, spread{}, err
	}
	onSQLite, err = appends(ctx, "sqlite:"+filepath.Join(r.dir, "appends.db"), n)
	return onPostgres, onSQLite, err
}
