package lab

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// holdEnv turns the test binary into a process that starts an Asterisk, or a FreeSWITCH if that is its value, prints its directory and waits to be killed.
const holdEnv = "TANDEM_LAB_TEST_HOLD"

func TestMain(m *testing.M) {
	if os.Getenv(holdEnv) != "" {
		hold()
		return
	}
	wait(4)
	goleak.VerifyTestMain(m)
}

// wait has more tests run beside each other than there are cores, unless "go test" was told how many: most of them wait, for half a minute until SIP gives a phone up.
func wait(tests int) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		_ = flag.Set("test.parallel", strconv.Itoa(max(tests, runtime.GOMAXPROCS(0)))) // it is there, and takes numbers
	}
}

func hold() {
	dir, err := holdOne(os.Getenv(holdEnv))
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(dir)
	select {}
}

func holdOne(kind string) (dir string, err error) {
	if kind == freeswitchKind {
		f, err := StartFreeSWITCH(context.Background(), FreeSWITCHOptions{Phones: 1})
		if err != nil {
			return "", err
		}
		return f.Dir, nil
	}
	a, err := Start(context.Background(), Options{Phones: 1})
	if err != nil {
		return "", err
	}
	return a.Dir, nil
}

const freeswitchKind = "freeswitch"

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// complaints are the lines of Asterisk's log above notice.
func complaints(t *testing.T, a *Asterisk) []string {
	t.Helper()
	b, err := os.ReadFile(a.Log())
	require.NoError(t, err)
	var out []string
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "WARNING[") || strings.Contains(line, "ERROR[") {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

func TestStartsWithoutComplaint(t *testing.T) {
	a := ForTest(t)
	t.Logf("ready after %v", a.Started)
	out, err := a.CLI(testContext(t), "core show version")
	require.NoError(t, err)
	assert.Contains(t, out, "Asterisk 2")
	assert.Empty(t, complaints(t, a))
	a.NoLeftovers(t)
}

func TestRunsUnprivileged(t *testing.T) {
	a := ForTest(t)
	pids, err := running(a.inside)
	require.NoError(t, err)
	require.Len(t, pids, 1)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pids[0]))
	require.NoError(t, err)
	assert.NotRegexp(t, `(?m)^Uid:\s+0\s`, string(b))
	assert.Regexp(t, `(?m)^CapEff:\s+0+$`, string(b))
}

func TestTwoSideBySide(t *testing.T) {
	a, b := ForTest(t), ForTest(t)
	assert.NotEqual(t, a.Dir, b.Dir)
	assert.NotEqual(t, a.SIPAddr, b.SIPAddr)
	assert.NotEqual(t, a.ARIURL, b.ARIURL)
	for _, x := range []*Asterisk{a, b} {
		assert.NoError(t, x.get(testContext(t), "/asterisk/ping", nil))
	}
	// One's password is of no use at the other.
	err := (&Asterisk{ARIURL: b.ARIURL, ARIUser: a.ARIUser, ARIPassword: a.ARIPassword, client: a.client}).get(testContext(t), "/channels", nil)
	assert.ErrorContains(t, err, "401")
}

func TestStopRemovesEverything(t *testing.T) {
	a := ForTest(t)
	ours, pid := mark(t, a.Dir), a.proc.pid
	require.NoError(t, a.Stop())
	assert.NoFileExists(t, ours)
	assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
	assert.NoError(t, a.Stop(), "stopping twice does nothing")
}

// mark leaves a file in an instance's directory, by which it is known from the one that somebody else, in another process, may make there as soon as the slot is free.
func mark(t *testing.T, dir string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "mark")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	return file
}

func TestRestartKeepsPortsAndDatabase(t *testing.T) {
	a := ForTest(t)
	ctx := testContext(t)
	_, err := a.CLI(ctx, "database put lab key value")
	require.NoError(t, err)
	sip, pid := a.SIPAddr, a.proc.pid
	require.NoError(t, a.Restart(ctx))
	assert.Equal(t, sip, a.SIPAddr)
	assert.NotEqual(t, pid, a.proc.pid)
	out, err := a.CLI(ctx, "database get lab key")
	require.NoError(t, err)
	assert.Contains(t, out, "value")
}

func TestNamedInstanceIsFoundAgain(t *testing.T) {
	name := fmt.Sprintf("test-%d", os.Getpid())
	a := ForTest(t, func(o *Options) { o.Name = name })
	t.Cleanup(func() {
		assert.NoError(t, os.RemoveAll(a.Dir))
		assert.NoError(t, os.Remove(filepath.Join(filepath.Dir(a.Dir), "name-"+name+".lock")))
	})
	ctx := testContext(t)
	_, err := a.CLI(ctx, "database put lab key value")
	require.NoError(t, err)

	_, err = Start(ctx, Options{Name: name})
	require.ErrorContains(t, err, "is running", "one name, one instance")

	require.NoError(t, a.Stop())
	b := ForTest(t, func(o *Options) { o.Name = name })
	assert.Equal(t, a.Dir, b.Dir)
	out, err := b.CLI(ctx, "database get lab key")
	require.NoError(t, err)
	assert.Contains(t, out, "value")
}

// holdAsterisk starts a process that starts an Asterisk, and returns that one's directory and how to kill the process.
func holdAsterisk(t *testing.T) (dir string, kill func()) {
	t.Helper()
	return holdSwitch(t, "asterisk")
}

func holdSwitch(t *testing.T, kind string) (dir string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"="+kind)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	kill = sync.OnceFunc(func() {
		assert.NoError(t, cmd.Process.Kill())
		var exit *exec.ExitError
		assert.ErrorAs(t, cmd.Wait(), &exit)
	})
	t.Cleanup(kill)
	dir, err = bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(dir, "/") {
		t.Fatalf("the other process did not start its switch: %q %v", dir, err)
	}
	return strings.TrimSpace(dir), kill
}

// A killed test process cannot clean up. The kernel ends its Asterisk, the next owner of the slot clears its directory.
func TestSurvivesKillOfItsOwner(t *testing.T) {
	ForTest(t) // skips where there is no Asterisk
	for {
		dir, kill := holdAsterisk(t)
		left := mark(t, dir)
		kill()
		if _, err := os.Stat(left); err != nil {
			continue // somebody else, in another process, was given the slot at once
		}
		a := ForTest(t, func(o *Options) { o.Phones = 1 })
		if a.Dir != dir {
			require.NoError(t, a.Stop()) // a lower slot has become free meanwhile
			continue
		}
		assert.NoFileExists(t, left)
		assert.Empty(t, complaints(t, a))
		return
	}
}

func TestStartRefusesBadOptions(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Name: "../up"}, "Name"},
		{Options{Phones: -1}, "Phones"},
		{Options{Phones: 5001}, "Phones"},
	} {
		_, err := Start(testContext(t), c.o)
		assert.ErrorContains(t, err, c.want)
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ForTest(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Start(ctx, Options{})
	require.Error(t, err)
	assert.ErrorIs(t, err, context.Canceled)
}
