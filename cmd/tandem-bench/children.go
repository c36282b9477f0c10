package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-voice/tandem/models/dbtest"
)

// child is a process of ours. A thread stays with it for its whole life: the kernel kills the child should that thread, and so the bench, end.
type child struct {
	name string
	pid  int
	log  string
	done chan struct{}
	err  error // how it ended; valid after done
}

// spawn starts a process that writes to dir/name.log.
func spawn(dir, name string, cred *syscall.Credential, env []string, program string, args ...string) (*child, error) {
	c := &child{name: name, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, out, out
	if cred != nil {
		cmd.Dir = "/"
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true, Credential: cred}
	started := make(chan error, 1)
	go func() { // ends with the process, which stop waits for
		defer close(c.done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("start %s: %w", name, err)
			return
		}
		c.pid = cmd.Process.Pid
		started <- nil
		c.err = cmd.Wait()
	}()
	err = <-started
	return c, errors.Join(err, out.Close())
}

// end sends a signal and waits; after a while it kills.
func (c *child) end(sig syscall.Signal) {
	if c == nil {
		return
	}
	_ = syscall.Kill(c.pid, sig) // an error means that it has ended
	select {
	case <-c.done:
	case <-time.After(20 * time.Second):
		_ = syscall.Kill(c.pid, syscall.SIGKILL)
		<-c.done
	}
}

// await asks until ready says nil.
func (c *child) await(ctx context.Context, every time.Duration, ready func(context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.done:
			return fmt.Errorf("%s has ended while it started: %w\n%s", c.name, errors.Join(c.err, err), c.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", c.name, err, c.tail())
		case <-time.After(every):
		}
	}
}

// tail is the end of its log.
func (c *child) tail() string {
	const lines = 20
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// complaints are the last warnings and errors in its log.
func (c *child) complaints() string {
	const lines = 20
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	all := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return !strings.Contains(line, "level=WARN") && !strings.Contains(line, "level=ERROR")
	})
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// errNoPostgres says that this machine has none.
var errNoPostgres = errors.New("PostgreSQL is not installed (Debian package postgresql)")

// postgres is a private PostgreSQL that flushes to the disk as in production.
type postgres struct {
	*child
	port int
}

func startPostgres(ctx context.Context, dir string) (*postgres, error) {
	bin := dbtest.PostgresBin()
	if bin == "" {
		return nil, errNoPostgres
	}
	data := filepath.Join(dir, "postgres")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, fmt.Errorf("make PostgreSQL's directory: %w", err)
	}
	cred, err := postgresUser(dir, data)
	if err != nil {
		return nil, err
	}
	init := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
		"--no-sync", "--no-instructions")
	init.Dir, init.SysProcAttr = "/", &syscall.SysProcAttr{Credential: cred}
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	p := &postgres{}
	if p.port, err = dbtest.FreePort(ctx); err != nil {
		return nil, err
	}
	p.child, err = spawn(dir, "postgresql", //nolint:contextcheck // it lives until the rig is closed
		cred, os.Environ(), filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(p.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "shared_buffers=128MB", "-c", "max_wal_size=1GB")
	if err != nil {
		return nil, err
	}
	err = p.await(ctx, 20*time.Millisecond, func(ctx context.Context) error { return p.query(ctx, "SELECT 1") })
	if err != nil {
		p.end(syscall.SIGQUIT)
		return nil, err
	}
	return p, nil
}

// postgresUser is as whom PostgreSQL runs where we are root, which it refuses to be.
func postgresUser(dir, data string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // as ourselves
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find the user to run PostgreSQL as: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("read the ids of user postgres: %w", err)
	}
	if err := errors.Join(os.Chown(data, int(uid), int(gid)), os.Chmod(dir, 0o711)); err != nil { //nolint:gosec // the server runs as another user
		return nil, fmt.Errorf("give the directory to user postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (p *postgres) url(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", p.port, database)
}

// query runs one statement in the maintenance database.
func (p *postgres) query(ctx context.Context, statement string) error {
	c, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

// startRedis starts a private Redis with the durability that the documentation asks for; nil where there is none: Tandem then has its own.
func startRedis(ctx context.Context, dir string) (c *child, url string, err error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, "", nil //nolint:nilerr // not installed
	}
	port, err := dbtest.FreePort(ctx)
	if err != nil {
		return nil, "", err
	}
	c, err = spawn(dir, "redis", nil, //nolint:contextcheck // it lives until the rig is closed
		os.Environ(), program, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--save", "",
		"--appendonly", "yes", "--maxmemory-policy", "noeviction", "--daemonize", "no")
	if err != nil {
		return nil, "", err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	err = c.await(ctx, 20*time.Millisecond, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	return c, "redis://" + address + "/0", err
}

// answers says nil if a GET of the address gives 200.
func answers(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: status %d", address, res.StatusCode)
	}
	return nil
}
