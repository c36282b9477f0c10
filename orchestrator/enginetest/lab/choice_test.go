package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// setup is where the set-up scripts are, seen from this package.
const setup = "../../../docker/setup"

// What `make setup` provides and what the lab then takes is one choice, made in two languages: each row is put to both.
func TestChoiceOfAsterisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		env   string // HostEnv
		there string // the sources that this machine can have
		want  string // "" = none, and an error
	}{
		{name: "a Debian host", there: "chroot", want: "chroot"},
		{name: "a Debian host with Docker", there: "chroot docker", want: "chroot"},
		{name: "a Debian host with an asterisk of its own", there: "chroot native", want: "chroot"},
		{name: "another host with Docker", there: "docker", want: "docker"},
		{name: "another host with Docker and an asterisk of its own", there: "docker native", want: "docker"},
		{name: "nothing but an asterisk of its own", there: "native", want: "native"},
		{name: "nothing at all"},
		{name: "the container is asked for", env: "docker", there: "chroot docker native", want: "docker"},
		{name: "the machine's own is asked for", env: "native", there: "chroot docker native", want: "native"},
		{name: "something unknown is asked for", env: "podman", there: "chroot docker native"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := choose(c.env, sourcesOf(c.there))
			if c.want == "" {
				require.Error(t, err)
				assert.Equal(t, c.env == "", errors.Is(err, ErrNoAsterisk), "only a missing Asterisk skips tests, no mistaken setting: %v", err)
			} else {
				require.NoError(t, err)
				assert.Equal(t, named(c.want), got)
			}

			out, err := setupChoice(t, c.env, c.there)
			assert.Equal(t, c.env == "podman", err != nil, "the set-up fails at once for a setting it does not know: %v", err)
			assert.Equal(t, c.want, out)
		})
	}
}

// What was asked for and is not there is told, and no other is taken in its place.
func TestChoiceTakesNoSubstitute(t *testing.T) {
	t.Parallel()
	_, err := choose("docker", sourcesOf("chroot native"))
	require.ErrorContains(t, err, "docker: not here")
	assert.ErrorContains(t, err, HostEnv)
	assert.NotErrorIs(t, err, ErrNoAsterisk)
}

// named is a host that has a name and nothing else.
func named(kind string) host { return &stubHost{kind: kind} }

type stubHost struct {
	host

	kind string
}

func sourcesOf(there string) []source {
	var out []source
	for _, kind := range []string{"chroot", "docker", "native"} {
		out = append(out, source{kind, func() (host, error) {
			if strings.Contains(there, kind) {
				return named(kind), nil
			}
			return nil, errors.New("not here")
		}})
	}
	return out
}

// setupChoice asks the set-up's own function, with what this machine can have replaced by what the test says.
func setupChoice(t *testing.T, env, there string) (string, error) {
	t.Helper()
	var script strings.Builder
	script.WriteString(". " + setup + "/lib.sh\n")
	for _, kind := range []string{"chroot", "docker", "native"} {
		fmt.Fprintf(&script, "can_%s() { %t; }\n", kind, strings.Contains(there, kind))
	}
	script.WriteString("asterisk_host\n")
	cmd := exec.CommandContext(testContext(t), "bash", "-c", script.String())
	cmd.Env = append(localEnv(), HostEnv+"="+env)
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("ask the set-up: %w", err)
	}
	return strings.TrimSpace(string(out)), err
}

func TestUserOfAnImage(t *testing.T) {
	t.Parallel()
	uid, gid, err := imageUser("61060:61061")
	require.NoError(t, err)
	assert.EqualValues(t, 61060, uid)
	assert.EqualValues(t, 61061, gid)
	for _, bad := range []string{"", "asterisk", "61060", "0:0", "61060:asterisk", "4294967296:1", "-1:1"} {
		_, _, err := imageUser(bad)
		assert.ErrorContains(t, err, "USER", "%q", bad)
	}
}

func TestDockerThatIsMissingIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := findDocker(context.Background(), DefaultImage)
	assert.ErrorContains(t, err, "docker on PATH")
}

// Two slots never share ports, not even those of hosts that know nothing of each other's lock files.
func TestPortsBelongToTheMachine(t *testing.T) {
	t.Parallel()
	one, err := takeSlot(elsewhere{dir: t.TempDir()}, "")
	require.NoError(t, err)
	two, err := takeSlot(elsewhere{dir: t.TempDir()}, "")
	require.NoError(t, err)
	assert.NotEqual(t, one.firstPort, two.firstPort)
	require.NoError(t, one.release())
	require.NoError(t, two.release())
	assert.NoError(t, two.release(), "releasing twice does nothing")
}

// elsewhere is a host with a base of its own.
type elsewhere struct {
	host

	dir string
}

func (e elsewhere) base() string              { return e.dir }
func (e elsewhere) inside(path string) string { return path }
func (e elsewhere) clear(string) error        { return nil }

func (e elsewhere) running(dir string) ([]int, error) { return running(dir) }

// In a place open to everybody, somebody else can be first to make our directory, or a link in its stead.
func TestInstancesLiveInADirectoryOfOurs(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(t.TempDir(), link))
	_, err := takeSlot(elsewhere{dir: link}, "")
	require.ErrorContains(t, err, "no directory of our own")
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED, NOT PASSED: only root can make a directory that is somebody else's; run the tests as root")
	}
	strange := t.TempDir()
	require.NoError(t, os.Chown(strange, 61060, 61060))
	_, err = takeSlot(elsewhere{dir: strange}, "")
	require.ErrorContains(t, err, "no directory of our own")
}
