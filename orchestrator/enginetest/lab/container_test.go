package lab

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inContainer makes the test's Asterisks containers, whatever else this machine has. Docker is not asked of anybody: not having it
// skips the test even where a missing Asterisk would fail it.
func inContainer(t *testing.T) *container {
	t.Helper()
	image := os.Getenv(ImageEnv)
	if image == "" {
		image = DefaultImage
	}
	h, err := findDocker(testContext(t), image)
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: this test needs Docker with the image that `TANDEM_ASTERISK_HOST=docker docker/setup/asterisk.sh` makes. %v", err)
	}
	t.Setenv(HostEnv, "docker")
	c, ok := h.(*container)
	require.True(t, ok)
	return c
}

// containers lists the engine's containers of an instance, in whatever state.
func (c *container) containers(t *testing.T, dir string) []string {
	t.Helper()
	out, err := exec.CommandContext(testContext(t), c.docker, "ps", "--all", "--format", "{{.Names}}", "--filter", "name="+c.name(dir)).Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}

// A container is the same Asterisk as any other: it starts without complaint and unprivileged, its owner can read and remove what it
// writes, a killed one starts again with its database, and nothing of it is left.
func TestContainer(t *testing.T) {
	c := inContainer(t)
	a := ForTest(t)
	ctx := testContext(t)
	require.Equal(t, []string{c.name(a.Dir)}, c.containers(t, a.Dir))
	assert.Empty(t, complaints(t, a))

	pids, err := running(a.inside)
	require.NoError(t, err)
	require.Len(t, pids, 1)
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pids[0]), "status"))
	require.NoError(t, err)
	assert.NotRegexp(t, `(?m)^Uid:\s+0\s`, string(status))
	assert.Regexp(t, `(?m)^Cap(Eff|Bnd):\s+0+$`, string(status))

	_, err = a.CLI(ctx, "database put lab key value")
	require.NoError(t, err)
	require.NoError(t, a.Restart(ctx), "as an operator would")
	out, err := a.CLI(ctx, "database get lab key")
	require.NoError(t, err)
	assert.Contains(t, out, "value")

	a.Kill()
	assert.Empty(t, c.containers(t, a.Dir), "killed is gone, so that its name is free")
	require.NoError(t, a.Restart(ctx), "after a power cut")

	info, err := os.Stat(a.Log())
	require.NoError(t, err)
	owner, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	assert.Equal(t, c.uid, owner.Uid)
	require.NoError(t, a.Stop())
	assert.Empty(t, c.containers(t, a.Dir))
	_, err = os.Stat(a.Dir)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// A start that is given up while the client is still on its way to make the container leaves none: there is a moment in which
// there is nothing to be killed yet.
func TestContainerGivenUp(t *testing.T) {
	c := inContainer(t)
	s, err := takeSlot(c, "")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.release()) })
	a, err := prepare(c, s, Options{Phones: 1}, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		require.ErrorIs(t, a.start(ctx), context.Canceled)
		assert.Empty(t, c.containers(t, a.Dir))
	}
	require.NoError(t, a.start(testContext(t)), "and the name is free")
	a.Kill()
	assert.Empty(t, c.containers(t, a.Dir))
}

// The engine outlives whoever asked it for a container. A dead owner's ends by itself, because the kernel tells the client and the
// client tells Asterisk; and one that was left behind all the same, with its client killed too, is cleared by the next owner.
func TestContainerOfADeadOwner(t *testing.T) {
	c := inContainer(t)
	a := ForTest(t)
	a.Kill() // its slot stays ours, its directory stays written

	// Nobody's: no client waits for it, as after the death of both.
	out, err := exec.CommandContext(testContext(t), c.docker, "run", "--detach", "--pull", "never", "--network", "none", "--name", c.name(a.Dir),
		"--entrypoint", "sleep", c.image, "600").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, clearProcess(c, a.Dir))
	assert.Empty(t, c.containers(t, a.Dir))
	require.NoError(t, clearProcess(c, a.Dir), "nothing to clear is as good")

	dir, kill := holdAsterisk(t)
	require.Equal(t, []string{c.name(dir)}, c.containers(t, dir))
	kill()
	require.Eventually(t, func() bool { return len(c.containers(t, dir)) == 0 }, 20*time.Second, 50*time.Millisecond, "the engine is not ours to wait for")
	pids, err := running(dir)
	require.NoError(t, err)
	assert.Empty(t, pids)
}
