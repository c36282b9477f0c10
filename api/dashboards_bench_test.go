package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/loop"
	"github.com/tandem-voice/tandem/orchestrator/sim"
	"github.com/tandem-voice/tandem/web"
)

const (
	benchAgents     = 200
	benchRate       = 50 // calls a second
	benchTalk       = 2 * time.Second
	benchDashboards = 500
	benchTime       = 10 * time.Second
)

// BenchmarkDashboards measures what a wall of dashboards costs, and how long it takes from a call that appears on the switch to the change at a dashboard: a simulated switch, the rules, a
// journal and a projector on SQLite, the API over TCP, and the dashboards in a process of their own.
//
//	go test ./api -run '^$' -bench Dashboards -benchtime 1x
//
// Each dashboard reads the event stream, and asks for the figures of the queues every five seconds. cores is the processor time of everything but the dashboards, less what it is without them; p50-ms and p95-ms are from the fact to the dashboard; slow-p95-ms is the same while ten
// others take nothing of what they are sent.
func BenchmarkDashboards(b *testing.B) {
	for range b.N {
		c := newBenchCentre(b)
		alone := c.used(b, benchTime)
		busy, wallSaw := c.watched(b, benchDashboards, 0)
		_, disturbed := c.watched(b, benchDashboards-10, 10)
		b.ReportMetric((busy-alone).Seconds()/benchTime.Seconds(), "cores")
		b.ReportMetric(alone.Seconds()/benchTime.Seconds(), "cores-alone")
		b.ReportMetric(wallSaw.P50, "p50-ms")
		b.ReportMetric(wallSaw.P95, "p95-ms")
		b.ReportMetric(disturbed.P95, "slow-p95-ms")
		b.ReportMetric(wallSaw.MegabytesPerSecond, "MB/s")
		b.ReportMetric(float64(wallSaw.N), "calls-seen")
		c.stop()
	}
}

// benchCentre is a busy call centre.
type benchCentre struct {
	url    string
	secret string
	placed func() []int64 // the calls so far, by the microsecond at which each appeared on the switch
	stop   func()
}

func newBenchCentre(b *testing.B) *benchCentre {
	b.Helper()
	quiet := slog.New(slog.DiscardHandler)
	db := dbtest.Open(b, dbtest.SQLiteURL(b))
	quirks := sim.AsteriskLike()
	quirks.EventDelay = sim.Span{}
	exchange := sim.NewEngine("sim", quirks, sim.EngineOptions{Seed: 1})
	shard, err := loop.New(loop.Config{Shard: "main", Seed: 7, Owner: b.Name(), Store: db.Journal(), Engines: []engine.Engine{exchange}, Logger: quiet})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	require.NoError(b, shard.Start(ctx))
	srv, err := New(Config{Live: Shard{shard}, Audio: Bucket{}, Log: quiet, RatePerSecond: -1, App: web.Handler(web.Files())}.Database(db))
	require.NoError(b, err)
	server := httptest.NewServer(srv.Handler())

	set := db.Config()
	_, _, err = set.CreateTenant(ctx, models.Tenant{Tenant: core.Tenant{ID: "acme", Name: "Acme"}})
	require.NoError(b, err)
	q := core.Queue{ID: "sales", Tenant: "acme", Name: "Sales"}
	for i := range benchAgents {
		a := core.AgentSetup{ID: core.AgentID(fmt.Sprintf("agent-%03d", i)), Tenant: "acme", Name: fmt.Sprintf("Agent %d", i), Phone: strconv.Itoa(1000 + i)}
		_, _, err := set.CreateAgent(ctx, a)
		require.NoError(b, err)
		q.Members = append(q.Members, core.Membership{Agent: a.ID})
	}
	_, _, err = set.CreateQueue(ctx, q)
	require.NoError(b, err)
	_, _, err = set.CreateEntryPoint(ctx, core.EntryPoint{ID: "main", Tenant: "acme", Name: "Main", Numbers: []string{"100"}, Queue: "sales"})
	require.NoError(b, err)
	_, err = db.Users().Create(ctx, models.User{ID: "sam", Tenant: "acme", Name: "sam", Role: models.RoleSupervisor, AllTeams: true})
	require.NoError(b, err)
	_, secret, err := db.Sessions().Begin(ctx, "sam", "192.0.2.1", "bench", time.Hour)
	require.NoError(b, err)

	all, err := set.Snapshot(ctx)
	require.NoError(b, err)
	for shard.Phase() != loop.PhaseServing {
		time.Sleep(time.Millisecond)
	}
	require.NoError(b, shard.Config(ctx, all))
	exchange.World(func(now time.Time, s *sim.Switch) {
		for i := range benchAgents {
			s.PhoneRegistered(now, strconv.Itoa(1000+i))
			s.PhoneReacts(strconv.Itoa(1000+i), sim.Response{Do: sim.TakeCall, After: 200 * time.Millisecond})
		}
	})
	for _, m := range q.Members {
		require.NoError(b, shard.Do(ctx, core.SetAgentState{Command: core.Command{ID: core.CommandID(m.Agent), Actor: "bench"}, Agent: m.Agent, State: core.Available}))
	}

	projector := db.NewProjector(quiet, nil)
	var running sync.WaitGroup
	running.Go(func() { projector.Run(ctx) })
	var mu sync.Mutex
	var placed []int64
	running.Go(func() {
		traffic(ctx, exchange, func(at int64) {
			mu.Lock()
			defer mu.Unlock()
			placed = append(placed, at)
		})
	})
	calls := func() []int64 {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(placed)
	}
	return &benchCentre{url: server.URL, secret: secret, placed: calls, stop: func() {
		cancel()
		running.Wait()
		srv.Close()
		server.Close()
		if err := shard.Stop(); err != nil {
			b.Error(err)
		}
	}}
}

// traffic lets callers come and go. A caller's number is the microsecond at which the call appears, which placed is told as well.
func traffic(ctx context.Context, exchange *sim.Engine, placed func(int64)) {
	type talk struct {
		leg  core.LegID
		ends time.Time
	}
	var going []talk
	ticker := time.NewTicker(time.Second / benchRate)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		exchange.World(func(now time.Time, s *sim.Switch) {
			at := time.Now().UnixMicro()
			placed(at)
			going = append(going, talk{s.CallerDials(now, "+"+strconv.FormatInt(at, 10), "", "100"), now.Add(benchTalk)})
			for len(going) > 0 && !going[0].ends.After(now) {
				s.PartyHangsUp(now, going[0].leg)
				going = going[1:]
			}
		})
	}
}

// used is the processor time of this process in a while.
func (c *benchCentre) used(b *testing.B, d time.Duration) time.Duration {
	b.Helper()
	before := ownTime()
	time.Sleep(d)
	return ownTime() - before
}

func ownTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// wall is a process with dashboards in it: how many that read, and how many that do not.
type wall struct {
	URL, Secret   string
	Reading, Slow int
}

// wallSaw is what the dashboards have seen.
type wallSaw struct {
	P50, P95, P99, Max float64 // ms from the fact to the change, of those that were looked at
	N                  int
	MegabytesPerSecond float64 // of all
}

const wallEnv = "TANDEM_BENCH_WALL"

// watched measures with a wall of dashboards.
func (c *benchCentre) watched(b *testing.B, reading, slow int) (time.Duration, wallSaw) {
	b.Helper()
	what, err := json.Marshal(wall{c.url, c.secret, reading, slow})
	require.NoError(b, err)
	self, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.Command(self, "-test.run", "^$")
	cmd.Env = append(os.Environ(), wallEnv+"="+string(what))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	lines := bufio.NewReader(stdout)
	_, err = lines.ReadString('\n') // all are there
	require.NoError(b, err)
	time.Sleep(time.Second)
	used := c.used(b, benchTime)
	require.NoError(b, stdin.Close())
	var seen wallSaw
	require.NoError(b, json.NewDecoder(lines).Decode(&seen))
	require.NoError(b, cmd.Wait())
	return used, seen
}

// dashboards is the process with the dashboards. It ends with its input.
func dashboards(text string) error {
	var w wall
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: -1}}
	open := func(path string) (io.ReadCloser, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL+path, nil)
		if err != nil {
			return nil, err
		}
		req.AddCookie(&http.Cookie{Name: cookieName, Value: w.Secret})
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("status %d", res.StatusCode)
		}
		return res.Body, nil
	}
	var mu sync.Mutex
	var late []time.Duration
	var total int64
	var begun time.Time
	var readers sync.WaitGroup
	for range w.Slow {
		if _, err := open("/api/v1/events"); err != nil { // and nobody reads it
			return err
		}
	}
	for i := range w.Reading {
		body, err := open("/api/v1/events")
		if err != nil {
			return err
		}
		readers.Go(func() { // not all at once
			if pause(ctx, time.Duration(i)*figuresEvery/time.Duration(w.Reading)) == nil {
				for pause(ctx, figuresEvery) == nil {
					if body, err := open("/api/v1/figures/queues"); err == nil {
						_, _ = io.Copy(io.Discard, body)
						_ = body.Close()
					}
				}
			}
		})
		readers.Go(func() {
			looks := i%50 == 0
			buffer := make([]byte, 64<<10)
			var line []byte
			var newest int64
			for {
				n, err := body.Read(buffer)
				if err != nil {
					return
				}
				at := time.Now()
				mu.Lock()
				if !begun.IsZero() {
					total += int64(n)
				}
				mu.Unlock()
				if !looks {
					continue
				}
				line = append(line, buffer[:n]...)
				for {
					end := bytes.IndexByte(line, '\n')
					if end < 0 {
						break
					}
					if stamp := newestCaller(line[:end]); stamp > newest {
						if newest != 0 && bytes.HasPrefix(line, []byte(`data: {"position"`)) {
							mu.Lock()
							if !begun.IsZero() {
								late = append(late, at.Sub(time.UnixMicro(stamp)))
							}
							mu.Unlock()
						}
						newest = stamp
					}
					line = line[end+1:]
				}
			}
		})
	}
	_, _ = fmt.Println("ready")
	mu.Lock()
	begun = time.Now()
	mu.Unlock()
	_, _ = io.Copy(io.Discard, os.Stdin)
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(late)
	out := wallSaw{N: len(late), MegabytesPerSecond: float64(total) / 1e6 / time.Since(begun).Seconds()}
	at := func(share float64) float64 {
		if len(late) == 0 {
			return 0
		}
		return float64(late[int(float64(len(late)-1)*share)].Microseconds()) / 1000
	}
	out.P50, out.P95, out.P99, out.Max = at(0.5), at(0.95), at(0.99), at(1)
	return json.NewEncoder(os.Stdout).Encode(out)
}

const figuresEvery = 5 * time.Second

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newestCaller finds the newest of the callers' numbers in a line; 0 = there is none.
func newestCaller(line []byte) (newest int64) {
	mark := []byte(`"from":"+`)
	for {
		i := bytes.Index(line, mark)
		if i < 0 {
			return newest
		}
		line = line[i+len(mark):]
		end := bytes.IndexByte(line, '"')
		if end < 0 {
			return newest
		}
		if n, err := strconv.ParseInt(string(line[:end]), 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
}
