package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// host is where Asterisk comes from: a chroot, a container image, or the machine itself.
type host interface {
	// base is the directory in which instances' directories are made, as this process sees it.
	base() string
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
	// clear ends what a dead owner left running that is no process of this machine.
	clear(name string) error
}

// Environment variables that choose where Asterisk comes from.
const (
	// RootEnv is the directory of the Asterisk root; default DefaultRoot.
	RootEnv = "TANDEM_ASTERISK_ROOT"
	// ImageEnv is the container image with Asterisk; default DefaultImage.
	ImageEnv = "TANDEM_ASTERISK_IMAGE"
	// HostEnv is "chroot", "docker" or "native" where the choice must not be left to what is found.
	HostEnv = "TANDEM_ASTERISK_HOST"
)

// Where `make setup` puts Asterisk.
const (
	DefaultRoot  = "/var/lib/tandem/asterisk-22"
	DefaultImage = "tandem-asterisk:22"
)

// findHost takes the first that there is: chroot, native, docker.
func findHost(ctx context.Context) (host, error) {
	root, image := os.Getenv(RootEnv), os.Getenv(ImageEnv)
	if root == "" {
		root = DefaultRoot
	}
	if image == "" {
		image = DefaultImage
	}
	tries := map[string]func() (host, error){
		"chroot": func() (host, error) { return findChroot(root) },
		"native": findNative,
		"docker": func() (host, error) { return findDocker(ctx, image) },
	}
	if want := os.Getenv(HostEnv); want != "" {
		try, ok := tries[want]
		if !ok {
			return nil, fmt.Errorf("%s: chroot, native or docker, got %q", HostEnv, want)
		}
		return try()
	}
	var errs []error
	for _, kind := range []string{"chroot", "native", "docker"} {
		h, err := tries[kind]()
		if err == nil {
			return h, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", kind, err))
	}
	return nil, fmt.Errorf("%w: %w", ErrNoAsterisk, errors.Join(errs...))
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

// sharedBase is where instances live that are not in a root of their own; each user of the machine has one.
func sharedBase() string {
	name := strconv.Itoa(os.Geteuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return filepath.Join(os.TempDir(), "tandem-asterisk-"+filepath.Base(name))
}

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

func (n *native) clear(string) error { return nil }

// runLocal starts Asterisk as a child of this process, with its console in a file.
func runLocal(a *Asterisk, cmd *exec.Cmd) (*process, error) {
	f, err := os.Create(filepath.Join(a.Dir, "log", "console"))
	if err != nil {
		return nil, fmt.Errorf("make console file: %w", err)
	}
	defer func() { _ = f.Close() }() // the child has its own
	cmd.Stdout, cmd.Stderr = f, f
	return launch(cmd)
}

// localEnv keeps this process' environment, which may hold secrets, out of Asterisk.
func localEnv() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent"}
}

// container is a container image with Asterisk. It shares the machine's network, so that ports mean the same on both sides, and the
// instance's directory under the same path.
type container struct {
	docker string
	image  string
}

func findDocker(ctx context.Context, image string) (host, error) {
	p, err := exec.LookPath("docker")
	if err != nil {
		return nil, fmt.Errorf("look for docker on PATH: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, p, "image", "inspect", "--format", "{{.Id}}", image).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("look for image %s: %w: %s", image, err, strings.TrimSpace(string(out)))
	}
	return &container{docker: p, image: image}, nil
}

func (c *container) base() string { return sharedBase() }

func (c *container) inside(path string) string { return path }

// modules asks the image: the path has the machine's architecture in it.
func (c *container) modules() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, c.docker, "run", "--rm", "--network", "none", "--entrypoint", "sh", c.image,
		"-c", "dirname /usr/lib/*/asterisk/modules/chan_pjsip.so").Output()
	if err != nil {
		return "", fmt.Errorf("ask image %s for its modules: %w", c.image, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// own needs do nothing: the container runs as the user who made the tree.
func (c *container) own(string) error { return nil }

// name is the container's name.
func (c *container) name(dir string) string { return "tandem-asterisk-" + filepath.Base(dir) }

func (c *container) run(a *Asterisk) (*process, error) {
	id := strconv.Itoa(os.Geteuid()) + ":" + strconv.Itoa(os.Getegid())
	cmd := exec.Command(c.docker, "run", "--rm", "--network", "host", "--name", c.name(a.Dir), "--user", id, //nolint:noctx // lives until Kill
		"--volume", a.Dir+":"+a.inside, "--ulimit", "nofile=65536", "--cap-drop", "ALL", "--entrypoint", "/usr/sbin/asterisk",
		c.image, "-f", "-C", a.inside+"/etc/asterisk.conf")
	p, err := runLocal(a, cmd)
	if err != nil {
		return nil, err
	}
	// The client hands the signal of term on to the container. Killing the client, though, would leave the container running.
	p.end = func() {
		if err := c.clear(filepath.Base(a.Dir)); err != nil {
			a.log.Error("asterisk container does not end", "err", err)
			_ = cmd.Process.Kill()
		}
	}
	return p, nil
}

func (c *container) command(ctx context.Context, a *Asterisk, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, c.docker, append([]string{"exec", c.name(a.Dir), "/usr/sbin/asterisk"}, args...)...)
}

func (c *container) clear(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, c.docker, "rm", "--force", c.name(name)).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "No such container") {
		return fmt.Errorf("remove container %s: %w: %s", c.name(name), err, strings.TrimSpace(string(out)))
	}
	return nil
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
