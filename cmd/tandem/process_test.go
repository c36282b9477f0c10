package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/models/dbtest"
)

// together is how many installations there may be at once, on however many cores: the lab has ports for twenty switches, and an installation may have two and a carrier's.
const together = 6

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); runtime.GOMAXPROCS(0) > together && f.Value.String() == f.DefValue {
		_ = f.Value.Set(strconv.Itoa(together)) // it takes numbers
	}
	stop := heartbeat.Beat()
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
