package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/api"
	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/jobs"
	"github.com/tandem-voice/tandem/orchestrator/loop"
	"github.com/tandem-voice/tandem/orchestrator/traces"
	"github.com/tandem-voice/tandem/web"
)

// serveCommand runs the control plane until it is told to stop.
func serveCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("serve", "[flags]", settingsHelp, stderr)
	fresh := flags.Bool("new-admin-token", false, "make another administrator's token and write it to TANDEM_ADMIN_TOKEN")
	if err := parse(flags, args); err != nil {
		return err
	}
	s, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	log := s.logger(stderr)
	if os.Getenv("GOGC") == "" {
		// Little lives long here and much is short-lived. With Go's own 100 the collector runs several times a second under load, for a heap of a
		// few megabytes; with this it runs a quarter as often, for some tens of megabytes more.
		debug.SetGCPercent(400)
	}
	for _, name := range misspelt(os.Environ()) {
		log.Warn("there is no such setting", "variable", name)
	}
	return serve(ctx, s, log, *fresh, func(addr net.Addr) {
		_, _ = fmt.Fprintf(stdout, "Tandem answers on http://%s; the administrator's token is in %s, the password of the user admin was written to %s at the first start\n", addr, s.AdminToken, s.adminPasswordFile())
	})
}

// serve runs the control plane. ready is called once, with the address, when requests are answered. It stops in the reverse order of starting: first nobody can
// ask for anything new, then the loop stops and gives the lease up, then what follows from its timeline. Calls stay on the switch.
func serve(ctx context.Context, s settings, log *slog.Logger, freshToken bool, ready func(net.Addr)) (err error) {
	db, err := openDatabase(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := adminToken(ctx, db, s.AdminToken, freshToken); err != nil {
		return err
	}
	if err := adminUser(ctx, db, s.adminPasswordFile()); err != nil {
		return err
	}
	key, err := models.OpenKey(s.SecretKey)
	if err != nil {
		return fmt.Errorf("TANDEM_SECRET_KEY_FILE: %w", err)
	}
	bucket, err := jobs.OpenBucket(ctx, s.Bucket)
	if err != nil {
		return fmt.Errorf("open TANDEM_BUCKET: %w", err)
	}
	defer func() { err = errors.Join(err, bucket.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen on TANDEM_LISTEN: %w", err)
	}
	owned := false // by the API, which closes it
	defer func() {
		if !owned {
			err = errors.Join(err, listener.Close())
		}
	}()

	measured, err := s.listenForMetrics(ctx)
	if err != nil {
		return err
	}
	if measured != nil {
		defer func() { _ = measured.Close() }() // where nothing is served in the end; closed already otherwise
	}
	counted := newMetrics(s.Shard)
	drivers, err := s.drivers(log, counted.lost)
	if err != nil {
		return err
	}
	if len(drivers) == 0 {
		return errNoSwitch
	}
	var engines []engine.Engine
	archives := map[core.EngineID]jobs.Switch{} // a recording is fetched from the switch that made it
	for _, d := range drivers {
		engines, archives[d.ID()] = append(engines, d), d
	}
	traced, err := traces.FromEnvironment(ctx, version(), log)
	if err != nil {
		return err
	}
	jobsConfig := jobs.Config{DB: db, Redis: s.Redis, Bucket: bucket, Switches: archives, Log: log}
	loopConfig := loop.Config{Shard: s.Shard, Owner: s.owner(listener.Addr()), Store: db.Journal(), Engines: engines, Forgotten: s.Forgotten, Standby: true, Logger: log, Metrics: counted.loop}
	if traced != nil {
		defer sendTraces(ctx, traced, log)
		jobsConfig.Worked, loopConfig.Witness = tracedJobs(traced, db), traced //nolint:contextcheck // an attempt is over when it is told of: its context is, too
	}
	work, err := jobs.New(jobsConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	shard, err := loop.New(loopConfig)
	if err != nil {
		return err
	}
	phoneLines := newLineWriters(drivers, db.Lines(key), s.SIPTrusted, shard, log)
	counted.follow(shard, drivers, phoneLines, work, db, log)
	server, err := api.New(api.Config{ //nolint:contextcheck // requests bring their own context
		Live: api.Shard{Loop: shard}, Audio: api.Bucket{Bucket: bucket.Bucket}, Log: log, Registry: counted.registry, Version: version(), Switches: listed(drivers), TrustedProxies: s.TrustedProxies,
		App: web.Handler(web.Files()), Key: key, Lines: phoneLines,
		Checks: []api.Check{{Name: "database", Ask: db.Ping}, {Name: "jobs", Ask: work.Ping}},
	}.Database(db))
	if err != nil {
		return err
	}

	// What runs beside the loop and the API ends last: it follows the timeline, which grows until the loop has stopped.
	aside, endAside := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	defer func() { endAside(); running.Wait() }()
	projector := db.NewProjector(log, work.Wake)
	running.Go(func() { projector.Run(aside) })
	running.Go(func() {
		if err := work.Run(aside); err != nil {
			log.Error("the jobs have stopped; they wait in the database", "error", err)
		}
	})
	running.Go(func() { sweep(aside, db, log) })
	if measured != nil {
		running.Go(func() { serveMetrics(aside, measured, counted.registry, log) })
	}
	running.Go(func() { follow(aside, shard, server, db, projector, log) })

	// The loop has a context of its own as well, so that it is still there for the requests that are being finished.
	if err := shard.Start(aside); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shard.Stop()) }()

	// Phones and trunks are written over the loop's connections to the switches, so that ends before these do.
	writing, endWriting := context.WithCancel(aside)
	var writers sync.WaitGroup
	defer func() { endWriting(); writers.Wait() }()
	writers.Go(func() { phoneLines.run(writing) })

	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	running.Go(func() { // a loop that ends by itself takes the process along: somebody must look at it
		select {
		case <-shard.Done():
			stopServing()
		case <-serving.Done():
		}
	})
	log.Info("serving", "address", listener.Addr().String(), "shard", s.Shard, "switches", slices.Sorted(maps.Keys(archives)))
	ready(listener.Addr())
	owned = true
	err = server.Serve(serving, listener, s.Drain)
	log.Info("stopping; calls stay on the switch")
	return err
}

// follow tells the shard the whole set-up whenever this process begins to own it (something may have been written to the database that the shard never heard of),
// and wakes the projector when the timeline has grown.
func follow(ctx context.Context, shard *loop.Loop, server *api.Server, db *models.DB, projector *models.Projector, log *slog.Logger) {
	told := false // the shard knows the set-up, for as long as it is ours
	for {
		if _, changes, err := shard.Follow(); err != nil {
			told = false
		} else {
			if !told {
				err := server.Announce(ctx, db.Config().Snapshot)
				if told = err == nil; !told && ctx.Err() == nil {
					log.Error("could not tell the shard its set-up; trying again", "error", err)
				}
			}
			for told {
				u, err := changes.Next(ctx)
				if err == nil && len(u.Timeline) > 0 || errors.Is(err, loop.ErrTooSlow) {
					projector.Wake()
				}
				if err != nil {
					told = errors.Is(err, loop.ErrTooSlow)
					break
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond): // not ours at the moment
		}
	}
}

// How often what is no longer needed is cleared away, and how long jobs that are done are kept to be looked at.
const (
	sweepEvery = time.Hour
	jobsKept   = 30 * 24 * time.Hour
)

// sweep clears away done jobs and old answers to idempotency keys.
func sweep(ctx context.Context, db *models.DB, log *slog.Logger) {
	for {
		if _, err := db.Jobs().Clear(ctx, time.Now().Add(-jobsKept)); err != nil && ctx.Err() == nil {
			log.Error("could not clear done jobs; trying again", "error", err, "after", sweepEvery)
		}
		if _, err := db.Answers().Clear(ctx); err != nil && ctx.Err() == nil {
			log.Error("could not clear old answers; trying again", "error", err, "after", sweepEvery)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepEvery):
		}
	}
}

func openDatabase(ctx context.Context, s settings) (*models.DB, error) {
	db, err := models.Open(ctx, s.DB)
	if err != nil {
		return nil, fmt.Errorf("open TANDEM_DB: %w", err)
	}
	if err := checkSchema(ctx, db, s.Migrate); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func checkSchema(ctx context.Context, db *models.DB, migrate bool) error {
	if migrate {
		return db.Migrate(ctx)
	}
	have, want, err := db.Version(ctx)
	switch {
	case err != nil:
		return err
	case have > want:
		return models.ErrNewerSchema
	case have < want:
		return fmt.Errorf("the schema is at version %d, not %d: run \"tandem migrate up\" or set TANDEM_MIGRATE=on", have, want)
	}
	return nil
}

// owner names this process in the lease.
func (s settings) owner(addr net.Addr) string {
	if s.Owner != "" {
		return s.Owner
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown-host"
	}
	return host + " " + addr.String()
}

// adminToken makes the first administrator's token, so that somebody can sign in, and writes it to a file that only we can read. The secret is shown nowhere
// else.
func adminToken(ctx context.Context, db *models.DB, path string, fresh bool) error {
	tokens, err := db.Tokens().List(ctx)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.Role == models.RoleAdmin && t.Tenant == "" && !fresh {
			return nil
		}
	}
	// A file comes first: a token that exists and is written nowhere would lock everybody out. The old token's stays until there is a new one.
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("TANDEM_ADMIN_TOKEN: make the directory: %w", err)
	}
	beside := path + ".new"
	if err := os.Remove(beside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("TANDEM_ADMIN_TOKEN: replace the file: %w", err)
	}
	f, err := os.OpenFile(beside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("TANDEM_ADMIN_TOKEN: make the file: %w", err)
	}
	made, secret, err := db.Tokens().Create(ctx, models.Token{Name: "administrator", Role: models.RoleAdmin})
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(beside))
	}
	_, err = io.WriteString(f, secret+"\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("TANDEM_ADMIN_TOKEN: write the file: %w", err), db.Tokens().Revoke(context.WithoutCancel(ctx), made.ID), os.Remove(beside))
	}
	return nil
}
