package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// container is a container image with Asterisk. It shares the machine's network, so that ports mean the same on both sides, and the
// instance's directory under the same path.
//
// Between us and Asterisk stand two processes: the engine's client, which is our child, and the engine, which is not and outlives
// us. The client hands signals on to the container and ends when the container is gone, so it stands for Asterisk wherever a
// process is awaited; what must not fail, Kill and the clearing up after a dead owner, is asked of the engine.
type container struct {
	docker   string // path of the client
	image    string
	uid, gid uint32 // as whom Asterisk runs
}

// imageModules is where an image has Asterisk's modules: the path of an Asterisk built from source, which docker/asterisk/Dockerfile
// gives to Debian's too.
const imageModules = "/usr/lib/asterisk/modules"

// engineTimeout bounds one request to the container engine.
const engineTimeout = 30 * time.Second

func findDocker(ctx context.Context, image string) (host, error) {
	p, err := exec.LookPath("docker")
	if err != nil {
		return nil, fmt.Errorf("look for docker on PATH: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, p, "image", "inspect", "--format", "{{.Config.User}}", image).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return nil, fmt.Errorf("look for image %s: %w: %s", image, err, text)
	}
	c := &container{docker: p, image: image}
	// Whoever is not root can give files to nobody else, so Asterisk runs as they do.
	if euid := os.Geteuid(); euid != 0 {
		c.uid, c.gid = uint32(euid), uint32(os.Getegid())
		return c, nil
	}
	if c.uid, c.gid, err = imageUser(text); err != nil {
		return nil, fmt.Errorf("image %s: %w", image, err)
	}
	return c, nil
}

// imageUser reads the user of an image. A name would mean somebody in a file within the image, of whom this machine knows nothing.
func imageUser(text string) (uid, gid uint32, err error) {
	u, g, _ := strings.Cut(text, ":")
	u64, err1 := strconv.ParseUint(u, 10, 32)
	g64, err2 := strconv.ParseUint(g, 10, 32)
	if err1 != nil || err2 != nil || u64 == 0 {
		return 0, 0, fmt.Errorf("USER: two numbers as in 61060:61060, not root's, got %q", text)
	}
	return uint32(u64), uint32(g64), nil
}

func (c *container) base() string { return sharedBase() }

func (c *container) running(dir string) ([]int, error) { return running(dir) }

func (c *container) inside(path string) string { return path }

func (c *container) modules() (string, error) { return imageModules, nil }

func (c *container) own(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return chown(dir, c.uid, c.gid)
}

// name is the container's: one per directory, so that the next owner of a slot finds it. Users of one machine share the engine.
func (c *container) name(dir string) string {
	return fmt.Sprintf("tandem-asterisk-%d-%s", os.Geteuid(), filepath.Base(dir))
}

func (c *container) run(a *Asterisk) (*process, error) {
	cmd := exec.Command(c.docker, "run", "--rm", "--pull", "never", "--name", c.name(a.Dir), //nolint:noctx // lives until Kill
		"--network", "host", "--volume", a.Dir+":"+a.inside,
		"--user", fmt.Sprintf("%d:%d", c.uid, c.gid), "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
		"--security-opt", "label=disable", // where SELinux is at work, the directory carries no label for containers
		"--log-driver", "none", // the client writes the console to a file; the engine need not keep a second one
		"--entrypoint", "/usr/sbin/asterisk", c.image, "-f", "-C", a.inside+"/etc/asterisk.conf")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		// A dead owner's client gets a signal that it can hand on; SIGKILL would leave the container running.
		Pdeathsig: syscall.SIGTERM,
		Setpgid:   true, // Ctrl-C in a terminal is for the demo, which then ends Asterisk in its own time
	}
	p, err := runLocal(a, cmd)
	if err != nil {
		return nil, err
	}
	p.end = func() {
		if err := c.kill(a.Dir, p.done); err != nil {
			a.log.Error("asterisk container does not end", "error", err)
			_ = cmd.Process.Kill()
		}
	}
	return p, nil
}

// kill asks the engine to kill the container until its client has ended. Once is not enough: while the client is on its way to
// make the container there is none to be killed, and then there is.
func (c *container) kill(dir string, gone <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), engineTimeout)
	defer cancel()
	var last error
	for {
		out, err := exec.CommandContext(ctx, c.docker, "kill", c.name(dir)).CombinedOutput()
		if err != nil {
			last = fmt.Errorf("kill container %s: %w: %s", c.name(dir), err, strings.TrimSpace(string(out)))
		}
		select {
		case <-gone:
			return nil
		case <-ctx.Done():
			return errors.Join(ctx.Err(), last)
		case <-time.After(10 * poll):
		}
	}
}

func (c *container) command(ctx context.Context, a *Asterisk, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, c.docker, append([]string{"exec", c.name(a.Dir), "/usr/sbin/asterisk"}, args...)...)
}

// clear removes the container of a dead owner, running, made but never started, or on its way out; none is as good.
func (c *container) clear(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), engineTimeout)
	defer cancel()
	for {
		out, err := exec.CommandContext(ctx, c.docker, "rm", "--force", "--volumes", c.name(name)).CombinedOutput()
		text := strings.TrimSpace(string(out))
		switch {
		case strings.Contains(text, "No such container"), err == nil:
			return nil
		case !strings.Contains(text, "already in progress"):
			return fmt.Errorf("remove container %s: %w: %s", c.name(name), err, text)
		}
		// It was ended a moment ago, and the engine is at it.
		select {
		case <-ctx.Done():
			return fmt.Errorf("remove container %s: %w: %s", c.name(name), ctx.Err(), text)
		case <-time.After(10 * poll):
		}
	}
}
