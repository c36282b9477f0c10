package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/docker/asterisk"
	"github.com/tandem-voice/tandem/models/dbtest"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/phones"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

func TestMain(m *testing.M) {
	stop := heartbeat.start()
	code := dbtest.Main(m)
	stop()
	if program.dir != "" {
		if err := os.RemoveAll(program.dir); err != nil {
			fmt.Fprintln(os.Stderr, "remove the built binary:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// program is the real program, built once per run of the tests, with the race detector in it.
var program struct {
	once sync.Once
	dir  string
	err  error
}

func builtProgram(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "tandem-e2e-"); program.err != nil { //nolint:usetesting // outlives the test that happens to be first
			return
		}
		out, err := exec.Command("go", "build", "-race", "-o", filepath.Join(program.dir, "tandem"), ".").CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("build tandem: %w: %s", err, out)
		}
	})
	require.NoError(t, program.err)
	return filepath.Join(program.dir, "tandem")
}

// musicTone stands for hold music: one of the two tones of which it consists.
var musicTone = asterisk.MusicTones(asterisk.MusicDefault)[0]

// stack is a whole installation: a real Asterisk, the real binary as a process of its own, phones and callers.
type stack struct {
	t        *testing.T
	dir      string
	env      map[string]string
	asterisk *lab.Asterisk
	link     *phones.Link // between Tandem and Asterisk's HTTP server: events and orders
	proc     *tandemProcess
	others   []*tandemProcess // standbys
	api      *client.Client
	board    *client.Board
	desks    []*seat
	trunk    *softphone.Phone // the world outside: all callers come from here
	callers  int
	expected []string // log lines at level ERROR that the scenario brings about
}

// seat is an agent with a phone.
type seat struct {
	agent core.AgentID
	phone *softphone.Phone
	next  *softphone.Cursor // walks over the calls that come in
	tone  float64
}

// variant is where an installation keeps its data.
type variant struct {
	name string
	env  func(t *testing.T) map[string]string
}

var (
	embedded   = variant{"embedded", func(*testing.T) map[string]string { return nil }}
	production = variant{"postgres and redis", func(t *testing.T) map[string]string {
		return map[string]string{"TANDEM_DB": dbtest.PostgresURL(t), "TANDEM_REDIS": dbtest.StartRedis(t).URL()}
	}}
)

// newStack starts an installation with n agents, each with a registered phone. The agents are signed in, and idle.
func newStack(t *testing.T, v variant, n int, change ...func(*lab.Options)) *stack {
	t.Helper()
	bin := builtProgram(t)
	s := &stack{t: t, dir: t.TempDir()}
	s.asterisk = lab.ForTest(t, append([]func(*lab.Options){func(o *lab.Options) { o.Phones = max(n, 1) }}, change...)...)
	s.link = phones.NewLink(t, strings.TrimSuffix(strings.TrimPrefix(s.asterisk.ARIURL, "http://"), "/ari"))
	s.env = map[string]string{
		"TANDEM_DB": "sqlite:" + filepath.Join(s.dir, "tandem.db"), "TANDEM_LISTEN": freeAddress(t),
		"TANDEM_BUCKET":  "file://" + filepath.Join(s.dir, "recordings") + "?create_dir=true&no_tmp_dir=true",
		"TANDEM_ARI_URL": "http://" + s.link.Addr(), "TANDEM_ARI_USER": s.asterisk.ARIUser, "TANDEM_ARI_PASSWORD": s.asterisk.ARIPassword,
		"TANDEM_ADMIN_TOKEN": filepath.Join(s.dir, "admin-token"), "TANDEM_LOG": "debug", "TANDEM_OWNER": "first",
	}
	for name, value := range v.env(t) {
		s.env[name] = value
	}
	s.proc = s.newProcess(bin, "first")
	t.Cleanup(s.end)
	s.proc.start()
	s.awaitReady()
	token, err := os.ReadFile(s.env["TANDEM_ADMIN_TOKEN"])
	require.NoError(t, err)
	s.api = client.New("http://"+s.env["TANDEM_LISTEN"], strings.TrimSpace(string(token)))
	s.board = client.Open(s.api, nil)
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
	if s.trunk != nil {
		leaving.Go(func() { s.trunk.Shutdown(bye) })
	}
	leaving.Wait()
	if s.board != nil {
		if !s.t.Failed() {
			s.asterisk.NoLeftovers(s.t)
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

// freeAddress finds a port of the loopback interface that is the same at every start of the process. It is held by nobody between the starts, so it must be outside
// of the range from which the kernel gives ports to those who ask for any.
func freeAddress(t *testing.T) string {
	t.Helper()
	for port := 18100 + os.Getpid()%4000; port < 32000; port++ {
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		ports.Lock()
		taken := ports.given[addr]
		ports.Unlock()
		if taken {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
		if err != nil {
			continue
		}
		require.NoError(t, l.Close())
		ports.Lock()
		taken = ports.given[addr]
		ports.given[addr] = true
		ports.Unlock()
		if !taken {
			return addr
		}
	}
	require.Fail(t, "no free port")
	return ""
}

var ports = struct {
	sync.Mutex
	given map[string]bool
}{given: map[string]bool{}}

// soon bounds every wait. It is long, because it is only used up by what never comes.
func (s *stack) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 45*time.Second)
	s.t.Cleanup(cancel)
	return ctx
}

// awaitReady waits until Tandem owns the shard and is connected to Asterisk.
func (s *stack) awaitReady() {
	s.t.Helper()
	s.proc.awaitReady(s.soon(), "http://"+s.env["TANDEM_LISTEN"])
}

func (s *stack) plugIn(n int) {
	s.t.Helper()
	credentials := s.asterisk.Phones(n)
	require.NoError(s.t, s.api.Post(s.soon(), "/api/v1/tenants", map[string]any{"id": "acme", "name": "Acme"}, nil))
	for i := range n {
		d := &seat{agent: core.AgentID(fmt.Sprintf("agent-%d", i)), tone: softphone.Tone(i)}
		var err error
		d.phone, err = softphone.New(softphone.Config{
			User: credentials[i].User, Password: credentials[i].Password, Server: s.asterisk.SIPAddr, Voice: softphone.ToneVoice(d.tone),
			ListenFor: asterisk.MusicTones(asterisk.MusicDefault),
		})
		require.NoError(s.t, err)
		d.next = d.phone.Events().Cursor()
		s.desks = append(s.desks, d)
		require.NoError(s.t, d.phone.Register(s.soon()))
		s.add("agents", map[string]any{"id": d.agent, "tenant": "acme", "name": "Agent " + d.phone.User(), "phone": d.phone.User()})
		s.set(d, core.Idle)
	}
	var err error
	s.trunk, err = softphone.New(softphone.Config{User: "carrier", Server: s.asterisk.SIPAddr, ListenFor: asterisk.MusicTones(asterisk.MusicDefault)})
	require.NoError(s.t, err)
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

// set asks for an agent's state.
func (s *stack) set(d *seat, state core.AgentState) {
	s.t.Helper()
	in := map[string]string{"state": string(state)}
	if state == core.Idle {
		in["reason"] = "desk work"
	}
	s.post("/api/v1/agents/"+string(d.agent)+"/state", in)
}

// is waits until an agent is in a state.
func (s *stack) is(d *seat, state core.AgentState) core.AgentView {
	s.t.Helper()
	st, err := s.board.Await(s.soon(), fmt.Sprintf("%s to be %s", d.agent, state), func(st client.State) bool { return st.Agents[d.agent].State == state })
	require.NoError(s.t, err)
	return st.Agents[d.agent]
}

// caller is a customer who called.
type caller struct {
	*softphone.Call
	s      *stack
	number string
	tone   float64
}

// dial makes the next customer call a number. Each has a number and a tone of their own.
func (s *stack) dial(to string) *caller {
	s.t.Helper()
	c := &caller{s: s, number: fmt.Sprintf("+4917000%03d", s.callers), tone: softphone.Tone(len(s.desks) + s.callers)}
	s.callers++
	voice := softphone.ToneVoice(c.tone)
	var err error
	c.Call, err = s.trunk.Dial(s.soon(), to, softphone.CallOptions{From: c.number, Voice: &voice})
	require.NoError(s.t, err)
	return c
}

// is waits until the customer's call is in a phase.
func (c *caller) is(phase core.CallPhase) core.CallView {
	c.s.t.Helper()
	return c.awaits(string(phase), func(v core.CallView) bool { return v.Phase == phase })
}

func (c *caller) awaits(what string, wanted func(core.CallView) bool) core.CallView {
	c.s.t.Helper()
	var found core.CallView
	_, err := c.s.board.Await(c.s.soon(), fmt.Sprintf("the call from %s: %s", c.number, what), func(st client.State) bool {
		for _, v := range st.Calls {
			if v.From == c.number && wanted(v) {
				found = v
				return true
			}
		}
		return false
	})
	require.NoError(c.s.t, err)
	return found
}

// order asks for something to be done with the customer's call.
func (c *caller) order(call core.CallID, what string) {
	c.s.t.Helper()
	require.NoError(c.s.t, c.s.api.Post(c.s.soon(), "/api/v1/calls/"+string(call)+"/"+what, nil, nil))
}

func (c *caller) hangUp() {
	c.s.t.Helper()
	require.NoError(c.s.t, c.HangUp(c.s.soon()))
}

// rings waits for the next call that comes in at a desk.
func (s *stack) rings(d *seat) *softphone.Call {
	s.t.Helper()
	e, err := d.next.Await(s.soon(), softphone.Is(softphone.Invited))
	require.NoError(s.t, err, "%s's phone", d.agent)
	return e.Call
}

// takes waits for the next call that comes in at a desk, and answers it.
func (s *stack) takes(d *seat) *softphone.Call {
	s.t.Helper()
	c := s.rings(d)
	s.answers(c)
	return c
}

func (s *stack) answers(c *softphone.Call) {
	s.t.Helper()
	require.NoError(s.t, c.Answer())
	_, err := c.Await(s.soon(), softphone.Is(softphone.Acknowledged))
	require.NoError(s.t, err)
}

// talk is a conversation, with when it began.
type talk struct {
	caller *caller
	desk   *seat
	call   *softphone.Call // at the desk
	id     core.CallID
	since  time.Time
}

// connects makes a customer call to and an agent take the call. Nobody else may be waiting, or the agent would get them first.
func (s *stack) connects(to string, d *seat) *talk {
	s.t.Helper()
	c := s.dial(to)
	c.is(core.Waiting)
	s.set(d, core.Available)
	return s.talks(c, d, s.takes(d))
}

// talks waits until a customer and an agent hear each other, and nobody else.
func (s *stack) talks(c *caller, d *seat, at *softphone.Call) *talk {
	s.t.Helper()
	require.NoError(s.t, c.Hears(s.soon(), d.tone), "the customer")
	require.NoError(s.t, at.Hears(s.soon(), c.tone), "the agent")
	since := time.Now()
	return &talk{caller: c, desk: d, call: at, id: c.is(core.Talking).ID, since: since}
}

// unbroken holds that the two have heard each other all the time since the conversation began.
func (k *talk) unbroken() {
	t := k.caller.s.t
	t.Helper()
	heard(t, "the customer", k.caller.Call, k.desk.tone, k.since)
	heard(t, "the agent", k.call, k.caller.tone, k.since)
}

// longestGap is how long a break in what somebody hears may be: five packets. The phones speak and listen in this very process; where it was kept from
// running for longer itself, they cannot have spoken.
const longestGap = 100 * time.Millisecond

// pulse notices when this process is kept from running.
type pulse struct {
	mu     sync.Mutex
	stalls []stall
}

type stall struct {
	at     time.Time
	length time.Duration
}

var heartbeat pulse

// start lets the pulse beat until stop is called.
func (p *pulse) start() (stop func()) {
	const beat = 10 * time.Millisecond
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(beat)
		defer ticker.Stop()
		for last := time.Now(); ; {
			select {
			case <-quit:
				return
			case <-ticker.C:
			}
			now := time.Now()
			if late := now.Sub(last) - beat; late > 2*beat {
				p.mu.Lock()
				p.stalls = append(p.stalls, stall{now, late})
				p.mu.Unlock()
			}
			last = now
		}
	}()
	return func() { close(quit); <-done }
}

// worst is the longest time since a moment for which this process did not run.
func (p *pulse) worst(since time.Time) (worst time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.stalls {
		if s.at.After(since) {
			worst = max(worst, s.length)
		}
	}
	return worst
}

// heard holds that a tone was heard since a moment without a break.
func heard(t *testing.T, who string, c *softphone.Call, hz float64, since time.Time) {
	t.Helper()
	gap, err := c.Ear().LongestWithout(hz, since, time.Now().Add(-longestGap))
	require.NoError(t, err)
	stalled := heartbeat.worst(since)
	if gap > longestGap && gap <= longestGap+stalled {
		t.Logf("%s did not hear %g Hz for %s, while this process was kept from running for %s", who, hz, gap, stalled)
		return
	}
	if gap > longestGap {
		var history strings.Builder
		for _, h := range c.Ear().History() {
			fmt.Fprintf(&history, "%6.2f s: %s; ", h.At.Sub(since).Seconds(), h)
		}
		require.Fail(t, "a break", "%s did not hear %g Hz for %s; this process was kept from running for %s; until now, at %.2f s: %s", who, hz, gap, stalled,
			time.Since(since).Seconds(), history.String())
	}
}

// tandemProcess is "tandem serve" as a process of its own.
type tandemProcess struct {
	t    *testing.T
	bin  string
	name string
	env  []string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how; valid after done
}

func (s *stack) newProcess(bin, name string) *tandemProcess {
	p := &tandemProcess{t: s.t, bin: bin, name: name, log: filepath.Join(s.dir, name+".log")}
	for k, v := range s.env {
		p.env = append(p.env, k+"="+v)
	}
	p.env = append(p.env, "PATH=/usr/bin:/bin", "HOME="+s.dir, "GORACE=halt_on_error=0")
	return p
}

// start runs the process. A thread of its own stays with it: the kernel kills the child when the thread that started it ends, which is how nothing is left behind
// when the tests are killed.
func (p *tandemProcess) start() {
	p.t.Helper()
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	cmd := exec.Command(p.bin, "serve")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = filepath.Dir(p.log), p.env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	err = <-started
	_ = out.Close() // the child has its own
	require.NoError(p.t, err)
	p.cmd, p.done = cmd, done
}

func (p *tandemProcess) running() bool {
	if p.done == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill9 ends the process as the kernel does when memory is short: it gets to say nothing.
func (p *tandemProcess) kill9() {
	_ = p.cmd.Process.Kill() // an error means that it has ended, which its exit status will show
	<-p.done
}

// terminate asks it to end, as an operator does, and waits.
func (p *tandemProcess) terminate() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		if p.err != nil {
			p.t.Errorf("tandem %s did not end well: %v", p.name, p.err)
		}
	case <-time.After(30 * time.Second):
		p.t.Errorf("tandem %s does not end", p.name)
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // for the stacks in its log
		<-p.done
	}
}

// awaitReady polls /readyz: a process that starts announces nothing.
func (p *tandemProcess) awaitReady(ctx context.Context, url string) {
	p.t.Helper()
	var last string
	for {
		status, body, err := get(ctx, url+"/readyz")
		if err == nil && status == http.StatusOK {
			return
		}
		if err == nil {
			last = body
		}
		select {
		case <-p.done:
			require.NoError(p.t, errors.Join(p.err, errors.New("it has ended")), "tandem %s while it started; log:\n%s", p.name, p.tail(20))
		case <-ctx.Done():
			require.NoError(p.t, ctx.Err(), "tandem %s is not ready: %s", p.name, last)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	return res.StatusCode, b.String(), err
}

var complaint = regexp.MustCompile(`WARNING: DATA RACE|^panic:|^fatal error:|level=ERROR`)

// look searches the log for what must never be in it. expected are parts of those error lines that the scenario brings about.
func (p *tandemProcess) look(expected []string) {
	p.t.Helper()
	text, err := os.ReadFile(p.log)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	require.NoError(p.t, err)
next:
	for line := range strings.Lines(string(text)) {
		if !complaint.MatchString(line) {
			continue
		}
		for _, e := range append(expected, "status=503") { // whoever asks before it is ready is told so
			if strings.Contains(line, e) {
				continue next
			}
		}
		p.t.Errorf("tandem %s logged: %s", p.name, line)
	}
	if p.t.Failed() {
		p.t.Logf("the end of the log of tandem %s:\n%s", p.name, p.tail(40))
		if keep := os.Getenv("TANDEM_E2E_LOGS"); keep != "" {
			_ = os.WriteFile(filepath.Join(keep, strings.NewReplacer("/", "_", " ", "_").Replace(p.t.Name())+"-"+p.name+".log"), text, 0o600)
		}
	}
}

// tail gives the last lines of the log.
func (p *tandemProcess) tail(lines int) string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
