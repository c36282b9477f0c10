package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// host is where Asterisk comes from: a chroot, a container image, or the machine itself.
type host interface {
	tenant
	// inside is a path under base as Asterisk sees it.
	inside(path string) string
	// modules is Asterisk's module directory, as Asterisk sees it.
	modules() (string, error)
	// own gives a tree to the user as whom Asterisk runs.
	own(dir string) error
	// run starts the instance in the foreground.
	run(a *Asterisk) (*process, error)
	// command is a call of the asterisk binary beside the running instance, for its console.
	command(ctx context.Context, a *Asterisk, args ...string) *exec.Cmd
}

// Environment variables that choose where Asterisk comes from.
const (
	// RootEnv is the directory of the Asterisk root; default DefaultRoot.
	RootEnv = "TANDEM_ASTERISK_ROOT"
	// ImageEnv is the container image with Asterisk; default DefaultImage.
	ImageEnv = "TANDEM_ASTERISK_IMAGE"
	// HostEnv is "chroot", "docker" or "native" where the choice must not be left to what is found; `make setup` heeds it too.
	HostEnv = "TANDEM_ASTERISK_HOST"
)

// Where `make setup` puts Asterisk.
const (
	DefaultRoot  = "/var/lib/tandem/asterisk-22"
	DefaultImage = "tandem-asterisk:22"
)

// source is one way to have an Asterisk, and the look for it.
type source struct {
	kind string
	find func() (host, error)
}

// findHost chooses among what `make setup` has provided.
func findHost(ctx context.Context) (host, error) {
	root, image := os.Getenv(RootEnv), os.Getenv(ImageEnv)
	if root == "" {
		root = DefaultRoot
	}
	if image == "" {
		image = DefaultImage
	}
	return choose(os.Getenv(HostEnv), []source{
		{"chroot", func() (host, error) { return findChroot(root) }},
		{"docker", func() (host, error) { return findDocker(ctx, image) }},
		{"native", findNative},
	})
}

// choose takes the wanted source, or the first that there is: the chroot, which Debian hosts have; a container, which others have;
// and last whatever the machine calls asterisk, since nobody chose its version. docker/setup provides in the same order. A wanted
// source that is missing is an error of its own, not [ErrNoAsterisk]: whoever asked for it does not want a skipped test.
func choose(want string, sources []source) (host, error) {
	var errs []error
	for _, s := range sources {
		if want != "" && s.kind != want {
			continue
		}
		h, err := s.find()
		if err == nil {
			return h, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", s.kind, err))
	}
	switch {
	case want == "":
		return nil, fmt.Errorf("%w: %w", ErrNoAsterisk, errors.Join(errs...))
	case len(errs) == 0:
		return nil, fmt.Errorf("%s: chroot, docker or native, got %q", HostEnv, want)
	default:
		return nil, fmt.Errorf("%s: %w", HostEnv, errors.Join(errs...))
	}
}

// chroot is a Debian root with Asterisk, and runs it there as its unprivileged user.
type chroot struct {
	root     string
	uid, gid uint32
}

func findChroot(root string) (host, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("needs root")
	}
	if _, err := os.Stat(filepath.Join(root, "usr/sbin/asterisk")); err != nil {
		return nil, fmt.Errorf("look for Asterisk: %w", err)
	}
	uid, gid, err := passwd(filepath.Join(root, "etc/passwd"), "asterisk")
	if err != nil {
		return nil, err
	}
	return &chroot{root: root, uid: uid, gid: gid}, nil
}

// passwd looks a user up in a root's own file.
func passwd(file, name string) (uid, gid uint32, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, fmt.Errorf("read users of the root: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(line, ":")
		if len(f) < 4 || f[0] != name {
			continue
		}
		u, err1 := strconv.ParseUint(f[2], 10, 32)
		g, err2 := strconv.ParseUint(f[3], 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return 0, 0, fmt.Errorf("read user %s of the root: %w", name, err)
		}
		return uint32(u), uint32(g), nil
	}
	return 0, 0, fmt.Errorf("%s has no user %s", file, name)
}

func (c *chroot) base() string { return filepath.Join(c.root, "run/tandem") }

func (c *chroot) inside(path string) string { return strings.TrimPrefix(path, c.root) }

func (c *chroot) modules() (string, error) {
	dir, err := modulesUnder(c.root)
	return c.inside(dir), err
}

func (c *chroot) own(dir string) error { return chown(dir, c.uid, c.gid) }

func (c *chroot) run(a *Asterisk) (*process, error) {
	return runLocal(a, c.command(context.Background(), a, "-f", "-C", a.inside+"/etc/asterisk.conf"))
}

func (c *chroot) command(ctx context.Context, _ *Asterisk, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/usr/sbin/asterisk", args...)
	cmd.Dir = "/"
	cmd.Env = localEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     c.root,
		Credential: &syscall.Credential{Uid: c.uid, Gid: c.gid},
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // Ctrl-C in a terminal is for the demo, which then ends Asterisk in its own time
	}
	return cmd
}

func (c *chroot) running(dir string) ([]int, error) { return running(c.inside(dir)) }

func (c *chroot) clear(string) error { return nil }

// native is an Asterisk on PATH.
type native struct {
	path string
	cred *syscall.Credential // nil = as ourselves
}

func findNative() (host, error) {
	p, err := exec.LookPath("asterisk")
	if err != nil {
		return nil, fmt.Errorf("look for asterisk on PATH: %w", err)
	}
	n := &native{path: p}
	if os.Geteuid() == 0 {
		uid, gid, err := passwd("/etc/passwd", "asterisk")
		if err != nil {
			return nil, err
		}
		n.cred = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return n, nil
}

func (n *native) base() string { return sharedBase() }

// sharedBase is where instances live that are not in a root of their own; each user of the machine has one. Root's is where nobody
// else can be first to make it.
func sharedBase() string {
	if os.Geteuid() == 0 {
		return rootBase
	}
	return filepath.Join(os.TempDir(), "tandem-asterisk-"+strconv.Itoa(os.Geteuid()))
}

const rootBase = "/var/lib/tandem/instances"

func (n *native) inside(path string) string { return path }

func (n *native) modules() (string, error) { return modulesUnder("/") }

func (n *native) own(dir string) error {
	if n.cred == nil {
		return nil
	}
	return chown(dir, n.cred.Uid, n.cred.Gid)
}

func (n *native) run(a *Asterisk) (*process, error) {
	return runLocal(a, n.command(context.Background(), a, "-f", "-C", a.inside+"/etc/asterisk.conf"))
}

func (n *native) command(ctx context.Context, _ *Asterisk, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, n.path, args...)
	cmd.Env = localEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: n.cred, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return cmd
}

func (n *native) running(dir string) ([]int, error) { return running(dir) }

func (n *native) clear(string) error { return nil }

// runLocal starts Asterisk as a child of this process, with its console in a file.
func runLocal(a *Asterisk, cmd *exec.Cmd) (*process, error) { return launchLogged(a.Dir, cmd) }

// launchLogged starts a switch as a child of this process, with its console in a file of the instance.
func launchLogged(dir string, cmd *exec.Cmd) (*process, error) {
	f, err := os.Create(filepath.Join(dir, "log", "console"))
	if err != nil {
		return nil, fmt.Errorf("make console file: %w", err)
	}
	defer func() { _ = f.Close() }() // the child has its own
	cmd.Stdout, cmd.Stderr = f, f
	return launch(cmd)
}

// localEnv keeps this process' environment, which may hold secrets, out of the switch.
func localEnv() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent"}
}

// modulesUnder finds Debian's module directory, which has the architecture in its path.
func modulesUnder(root string) (string, error) {
	for _, pattern := range []string{"usr/lib/*/asterisk/modules/chan_pjsip.so", "usr/lib/asterisk/modules/chan_pjsip.so"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return "", fmt.Errorf("look for modules: %w", err)
		}
		if len(found) > 0 {
			return filepath.Dir(found[0]), nil
		}
	}
	return "", fmt.Errorf("no Asterisk modules with PJSIP under %s", root)
}

// chown gives a tree to a user.
func chown(dir string, uid, gid uint32) error {
	err := filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(p, int(uid), int(gid)) //nolint:gosec // a link within is not followed; nobody else writes to a fresh tree
	})
	if err != nil {
		return fmt.Errorf("give %s to Asterisk's user: %w", dir, err)
	}
	return nil
}
