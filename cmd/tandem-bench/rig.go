package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
)

// The two numbers that callers call.
const (
	rivalNumber  = "5000"
	tandemNumber = "5001"
)

// The names under which Tandem runs here.
const (
	shardName  = "bench"
	tenantName = "bench"
	queueName  = "bench"
)

// rig is one machine's worth of everything: a switch, PostgreSQL, Redis, Tandem, phones and callers.
type rig struct {
	dir      string
	binary   string // of Tandem
	brand    brand
	floor    *floor
	exchange *exchange
	db       *postgres
	redis    *child
	tandem   *child
	env      map[string]string
	url      string // of Tandem's API
}

// rigOptions say how large a rig is.
type rigOptions struct {
	desks    int      // phones on the floor
	extra    []string // SIP URIs of phones that are elsewhere; they come behind the desks
	members  int      // of the desks, in the rival's queue
	legs     int      // at once, as many as there may be
	patience int      // the plan's
}

// build compiles Tandem as it is delivered: without the race detector.
func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "tandem")
	out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "./cmd/tandem").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build Tandem (the bench runs in the repository's root): %w\n%s", err, out)
	}
	return program, nil
}

// newRig starts all but Tandem: while the rival is measured, the switch is to have nobody to tell its events to.
func newRig(ctx context.Context, dir, binary string, on brand, o rigOptions) (_ *rig, err error) {
	r := &rig{binary: binary, brand: on}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.dir, err = os.MkdirTemp(dir, on.name+"-"); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	if r.floor, err = newFloor(o.desks); err != nil {
		return nil, err
	}
	x := exchangeOptions{members: o.members, legs: o.legs, patience: o.patience}
	for i := range o.desks {
		x.contacts = append(x.contacts, r.floor.contact(i))
	}
	x.contacts = append(x.contacts, o.extra...)
	if r.exchange, err = on.start(ctx, x); err != nil {
		return nil, fmt.Errorf("start %s: %w", on.title, err)
	}
	if err := r.floor.plugIn(r.exchange.sip); err != nil {
		return nil, err
	}
	if r.db, err = startPostgres(ctx, r.dir); err != nil {
		return nil, err
	}
	if err := r.db.query(ctx, "CREATE DATABASE tandem"); err != nil {
		return nil, err
	}
	var redis string
	if r.redis, redis, err = startRedis(ctx, r.dir); err != nil {
		return nil, err
	}
	port, err := dbtest.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	listen := "127.0.0.1:" + strconv.Itoa(port)
	r.url = "http://" + listen
	r.env = map[string]string{
		"TANDEM_DB": r.db.url("tandem"), "TANDEM_LISTEN": listen, "TANDEM_SHARD": shardName, "TANDEM_OWNER": "bench", "TANDEM_LOG": "info",
		"TANDEM_BUCKET":      "file://" + filepath.Join(r.dir, "recordings") + "?create_dir=true&no_tmp_dir=true",
		"TANDEM_ADMIN_TOKEN": filepath.Join(r.dir, "admin-token"),
	}
	maps.Copy(r.env, r.exchange.env)
	if redis != "" {
		r.env["TANDEM_REDIS"] = redis
	}
	return r, nil
}

// startTandem returns how long it took until the process said that it is ready: it owns the shard and is connected to the switch.
func (r *rig) startTandem(ctx context.Context) (time.Duration, error) {
	env := []string{"PATH=/usr/bin:/bin", "HOME=" + r.dir}
	for k, v := range r.env {
		env = append(env, k+"="+v)
	}
	for _, v := range os.Environ() { // to try the garbage collector's settings, and the like
		if strings.HasPrefix(v, "GO") || strings.HasPrefix(v, "TANDEM_BENCH_") {
			env = append(env, v)
		}
	}
	begun := time.Now()
	var err error
	r.tandem, err = spawn(r.dir, "tandem", nil, env, r.binary, "serve") //nolint:contextcheck // it lives until it is killed
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err = r.tandem.await(ctx, 5*time.Millisecond, func(ctx context.Context) error { return answers(ctx, r.url+"/readyz") })
	return time.Since(begun), err
}

// journalled is the number of events in Tandem's log.
func (r *rig) journalled(ctx context.Context) (n uint64, err error) {
	db, err := models.Open(ctx, r.db.url("tandem"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, n, tail, err := db.Journal().Load(ctx, shardName)
	if err != nil {
		return 0, err
	}
	for row, err := range tail {
		if err != nil {
			return 0, err
		}
		n = row.Seq
	}
	return n, nil
}

// times reads the processor time of those that are measured.
func (r *rig) times() (t times, err error) {
	var errs [4]error
	t.exchange, errs[0] = processor(r.exchange.pid)
	if r.tandem != nil {
		t.tandem, errs[1] = processor(r.tandem.pid)
	}
	t.postgres, errs[2] = family(r.db.pid)
	if r.redis != nil {
		t.redis, errs[3] = processor(r.redis.pid)
	}
	return t, errors.Join(errs[:]...)
}

// times is processor time by process.
type times struct{ exchange, tandem, postgres, redis time.Duration }

func (t times) since(u times) times {
	return times{t.exchange - u.exchange, t.tandem - u.tandem, t.postgres - u.postgres, t.redis - u.redis}
}

// close stops everything, in the order in which nobody complains.
func (r *rig) close() {
	if r.floor != nil {
		r.floor.close()
	}
	r.tandem.end(syscall.SIGTERM)
	if r.exchange != nil {
		_ = r.exchange.stop() // what it leaves, the next owner of its slot clears
	}
	r.redis.end(syscall.SIGTERM)
	if r.db != nil {
		r.db.end(syscall.SIGINT)
	}
}
