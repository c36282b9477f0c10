package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

// The two numbers that callers call.
const (
	appQueueNumber = "5000"
	tandemNumber   = "5001"
)

// The names under which Tandem runs here.
const (
	shardName  = "bench"
	engineName = "asterisk"
	tenantName = "bench"
	queueName  = "bench"
)

// rig is one machine's worth of everything: Asterisk, PostgreSQL, Redis, Tandem, phones and callers.
type rig struct {
	dir      string
	binary   string // of Tandem
	agents   int
	floor    *floor
	asterisk *lab.Asterisk
	pid      int // Asterisk's
	db       *postgres
	redis    *child
	tandem   *child
	env      map[string]string
	url      string // of Tandem's API
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

// newRig starts all but Tandem: while app_queue is measured, Asterisk is to have nobody to tell its events to.
func newRig(ctx context.Context, dir, binary string, agents int) (_ *rig, err error) {
	r := &rig{dir: dir, binary: binary, agents: agents}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.floor, err = newFloor(agents); err != nil {
		return nil, err
	}
	members := make([]string, agents)
	for i := range members {
		members[i] = strconv.Itoa(firstPhone + i)
	}
	r.asterisk, err = lab.Start(ctx, lab.Options{
		Phones: agents, PhoneContacts: r.floor.contact, RTPTimeout: -1, RTPTimeoutHold: -1, // nobody sends sound
		Bench: &asterisk.Bench{Number: appQueueNumber, Strategy: "leastrecent", Members: members},
	})
	if err != nil {
		return nil, fmt.Errorf("start Asterisk: %w", err)
	}
	if r.pid, err = asteriskOf(r.asterisk.Dir); err != nil {
		return nil, err
	}
	if err := r.floor.plugIn(r.asterisk.SIPAddr); err != nil {
		return nil, err
	}
	if r.db, err = startPostgres(ctx, dir); err != nil {
		return nil, err
	}
	if err := r.db.query(ctx, "CREATE DATABASE tandem"); err != nil {
		return nil, err
	}
	var redis string
	if r.redis, redis, err = startRedis(ctx, dir); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	listen := "127.0.0.1:" + strconv.Itoa(port)
	r.url = "http://" + listen
	r.env = map[string]string{
		"TANDEM_DB": r.db.url("tandem"), "TANDEM_LISTEN": listen, "TANDEM_SHARD": shardName, "TANDEM_OWNER": "bench", "TANDEM_LOG": "info",
		"TANDEM_BUCKET":  "file://" + filepath.Join(dir, "recordings") + "?create_dir=true&no_tmp_dir=true",
		"TANDEM_ARI_URL": strings.TrimSuffix(r.asterisk.ARIURL, "/ari"), "TANDEM_ARI_USER": r.asterisk.ARIUser, "TANDEM_ARI_PASSWORD": r.asterisk.ARIPassword,
		"TANDEM_ARI_ID": engineName, "TANDEM_ADMIN_TOKEN": filepath.Join(dir, "admin-token"),
	}
	if redis != "" {
		r.env["TANDEM_REDIS"] = redis
	}
	return r, nil
}

// startTandem returns how long it took until the process said that it is ready: it owns the shard and is connected to Asterisk.
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

// setUp makes the call centre: one queue, which all agents serve, no wrap-up, no recording; the agents are there and free.
func (r *rig) setUp(ctx context.Context) error {
	token, err := os.ReadFile(r.env["TANDEM_ADMIN_TOKEN"])
	if err != nil {
		return fmt.Errorf("read the administrator's token: %w", err)
	}
	api := client.New(r.url, strings.TrimSpace(string(token)))
	defer api.HTTP.CloseIdleConnections()
	post := func(path string, body map[string]any) {
		for err == nil {
			var refused *client.Error
			if err = api.Post(ctx, "/api/v1/"+path, body, nil); !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests {
				return
			}
			err = pause(ctx, 100*time.Millisecond) // we are quicker than anybody is allowed to be
		}
	}
	post("tenants", map[string]any{"id": tenantName, "name": "Bench"})
	members := make([]map[string]any, 0, r.agents)
	for i := range r.agents {
		id := fmt.Sprintf("agent-%d", i)
		post("agents", map[string]any{"id": id, "tenant": tenantName, "name": "Agent " + id, "phone": strconv.Itoa(firstPhone + i)})
		members = append(members, map[string]any{"agent": id})
	}
	post("queues", map[string]any{
		"id": queueName, "tenant": tenantName, "name": "Bench", "strategy": "longest_idle", "ring_time": 20, "members": members,
	})
	post("entry-points", map[string]any{"id": "bench", "tenant": tenantName, "name": "Bench", "numbers": []string{tandemNumber}, "queue": queueName})
	for i := range r.agents {
		post(fmt.Sprintf("agents/agent-%d/state", i), map[string]any{"state": "available"})
	}
	if err != nil {
		return fmt.Errorf("set up the call centre: %w", err)
	}
	return nil
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

// processes names those whose time is measured.
func (r *rig) times() (t times, err error) {
	var errs [4]error
	t.asterisk, errs[0] = processor(r.pid)
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
type times struct{ asterisk, tandem, postgres, redis time.Duration }

func (t times) since(u times) times {
	return times{t.asterisk - u.asterisk, t.tandem - u.tandem, t.postgres - u.postgres, t.redis - u.redis}
}

// close stops everything, in the order in which nobody complains.
func (r *rig) close() {
	if r.floor != nil {
		r.floor.close()
	}
	r.tandem.end(syscall.SIGTERM)
	if r.asterisk != nil {
		_ = r.asterisk.Stop() // what it leaves, the next owner of its slot clears
	}
	r.redis.end(syscall.SIGTERM)
	if r.db != nil {
		r.db.end(syscall.SIGINT)
	}
}
