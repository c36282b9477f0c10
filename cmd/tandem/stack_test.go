package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// stack is a whole installation: real switches, the real binary as a process of its own, phones and callers.
type stack struct {
	t        *testing.T
	dir      string
	env      map[string]string
	switches []*exchange
	proc     *tandemProcess
	others   []*tandemProcess // standbys
	api      *client.Client
	board    *client.Board
	desks    []*seat
	callers  int
	expected []string // log lines at level ERROR that the scenario brings about
}

// variant is where an installation keeps its data.
type variant struct {
	name string
	env  func(t *testing.T) map[string]string
	// lines: the phones and trunks of the database are written to the switches.
	lines bool
}

var (
	embedded   = variant{name: "embedded", env: func(*testing.T) map[string]string { return nil }}
	production = variant{name: "postgres and redis", env: func(t *testing.T) map[string]string {
		return map[string]string{"TANDEM_DB": dbtest.PostgresURL(t), "TANDEM_REDIS": dbtest.StartRedis(t).URL()}
	}}
)

// newStack starts an installation with n agents, each with a registered phone. The agents are signed in, and idle. With several switches the phones are
// registered in turn at each.
func newStack(t *testing.T, v variant, n int, on brand) *stack {
	t.Helper()
	s := &stack{t: t, dir: t.TempDir(), switches: on.start(t, max(n, 1))} // where the test may be skipped
	bin := builtProgram(t)
	s.env = map[string]string{
		"TANDEM_DB": "sqlite:" + filepath.Join(s.dir, "tandem.db"), "TANDEM_LISTEN": freeAddress(t),
		"TANDEM_BUCKET":      "file://" + filepath.Join(s.dir, "recordings") + "?create_dir=true&no_tmp_dir=true",
		"TANDEM_ADMIN_TOKEN": filepath.Join(s.dir, "admin-token"), "TANDEM_LOG": "debug", "TANDEM_OWNER": "first",
	}
	maps.Copy(s.env, v.env(t))
	for _, x := range s.switches {
		maps.Copy(s.env, x.env)
		if v.lines {
			maps.Copy(s.env, x.lines)
		}
	}
	s.proc = s.newProcess(bin, "first")
	t.Cleanup(s.end)
	s.proc.start()
	s.awaitReady()
	token, err := os.ReadFile(s.env["TANDEM_ADMIN_TOKEN"])
	require.NoError(t, err)
	s.api = client.New("http://"+s.env["TANDEM_LISTEN"], strings.TrimSpace(string(token)))
	s.board = client.Open(s.api, nil)
	_, err = s.board.Await(s.soon(), "all switches to be connected", func(st client.State) bool {
		up := 0
		for _, e := range st.Engines {
			if e.Up {
				up++
			}
		}
		return up == len(s.switches)
	})
	require.NoError(t, err)
	s.plugIn(n)
	return s
}

// end stops everything, and looks for what should not be there: leftovers on the switch, data races, panics, errors in the log.
func (s *stack) end() {
	bye, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var leaving sync.WaitGroup
	for _, d := range s.desks {
		leaving.Go(func() { d.phone.Shutdown(bye) })
	}
	for _, x := range s.switches {
		if x.trunk != nil {
			leaving.Go(func() { x.trunk.Shutdown(bye) })
		}
	}
	leaving.Wait()
	if s.board != nil {
		if !s.t.Failed() {
			for _, x := range s.switches {
				x.NoLeftovers(s.t)
			}
		} else {
			s.t.Logf("the end: %s", s.board.State())
		}
		s.board.Close()
		s.api.HTTP.CloseIdleConnections()
	}
	for _, p := range append([]*tandemProcess{s.proc}, s.others...) {
		if p.running() {
			p.terminate()
		}
		p.look(s.expected)
	}
}

// standby starts one more process on the same database, and gives its address. It does not wait for it to be ready, which it is only when the first is gone.
func (s *stack) standby() string {
	s.t.Helper()
	first := maps.Clone(s.env)
	s.env["TANDEM_LISTEN"], s.env["TANDEM_OWNER"] = freeAddress(s.t), fmt.Sprintf("standby-%d", len(s.others)+1)
	addr := s.env["TANDEM_LISTEN"]
	p := s.newProcess(s.proc.bin, s.env["TANDEM_OWNER"])
	s.env = first
	s.others = append(s.others, p)
	p.start()
	s.eventually("the standby to answer", func() bool {
		status, _, err := get(s.soon(), "http://"+addr+"/healthz")
		return err == nil && status == http.StatusOK
	})
	return addr
}

// freeAddress is one of the loopback interface that is the same at every start of the process, though nobody holds it between the starts.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := dbtest.FreePort(t.Context())
	require.NoError(t, err)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// soon bounds every wait. It is long, because it is only used up by what never comes.
func (s *stack) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 45*time.Second)
	s.t.Cleanup(cancel)
	return ctx
}

// awaitReady waits until Tandem owns the shard and is connected to a switch.
func (s *stack) awaitReady() {
	s.t.Helper()
	s.proc.awaitReady(s.soon(), "http://"+s.env["TANDEM_LISTEN"])
}

func (s *stack) plugIn(n int) {
	s.t.Helper()
	require.NoError(s.t, s.api.Post(s.soon(), "/api/v1/tenants", map[string]any{"id": "acme", "name": "Acme"}, nil))
	for i := range n {
		x := s.switches[i%len(s.switches)]
		credentials := x.Phones(n)[i] // a phone's name is that of no other phone at any switch
		d := &seat{agent: core.AgentID(fmt.Sprintf("agent-%d", i)), at: x, tone: softphone.Tone(i)}
		var err error
		d.phone, err = softphone.New(softphone.Config{
			User: credentials.User, Password: credentials.Password, Server: x.sip, Voice: softphone.ToneVoice(d.tone), ListenFor: music,
		})
		require.NoError(s.t, err)
		d.next = d.phone.Events().Cursor()
		s.desks = append(s.desks, d)
		require.NoError(s.t, d.phone.Register(s.soon()))
		agent := map[string]any{"id": d.agent, "tenant": "acme", "name": "Agent " + d.phone.User(), "phone": d.phone.User()}
		if len(s.switches) > 1 {
			agent["engine"] = x.id
		}
		s.add("agents", agent)
		s.set(d, core.Idle)
	}
	for _, x := range s.switches {
		var err error
		x.trunk, err = softphone.New(softphone.Config{User: lab.Carrier, Server: x.sip, ListenFor: music})
		require.NoError(s.t, err)
	}
}

// emptied waits until nothing is left on any switch.
func (s *stack) emptied() {
	s.t.Helper()
	for _, x := range s.switches {
		require.NoError(s.t, x.AwaitEmpty(s.soon()), "%s", x.id)
	}
}

// add makes a row of the set-up.
func (s *stack) add(kind string, body map[string]any) {
	s.t.Helper()
	s.post("/api/v1/"+kind, body)
}

// post asks for something, not faster than one token may.
func (s *stack) post(path string, in any) {
	s.t.Helper()
	for {
		err := s.api.Post(s.soon(), path, in, nil)
		if !isStatus(err, http.StatusTooManyRequests) {
			require.NoError(s.t, err)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// addQueue makes a queue that all agents serve, and a number that leads to it with a priority.
func (s *stack) addQueue(id, number string, priority int, more map[string]any) {
	s.t.Helper()
	members := []map[string]any{}
	for _, d := range s.desks {
		members = append(members, map[string]any{"agent": d.agent})
	}
	queue := map[string]any{"id": id, "tenant": "acme", "name": id, "strategy": core.LongestIdle, "ring_time": 120, "members": members}
	for k, v := range more {
		queue[k] = v
	}
	s.add("queues", queue)
	s.add("entry-points", map[string]any{"id": id + "-line", "tenant": "acme", "name": id, "numbers": []string{number}, "queue": id, "priority": priority})
}
