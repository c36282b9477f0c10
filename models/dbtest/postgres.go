package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresServer is a private PostgreSQL.
type PostgresServer struct {
	bin, data, log string
	port           int
	cred           *syscall.Credential
	proc           *process
}

// PostgresBin is the directory of PostgreSQL's programs as Debian installs them, "" if there is none.
func PostgresBin() string {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// Postgres gives the test binary's shared PostgreSQL. Its writes are not flushed to the disk: tests that measure use [StartPostgres].
func Postgres(tb testing.TB) *PostgresServer {
	tb.Helper()
	mustHaveMain(tb)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.postgres == nil {
		shared.postgres = startPostgres(tb, filepath.Join(shared.dir, "postgres"), false)
	}
	return shared.postgres
}

// StartPostgres starts a PostgreSQL for one test. durable leaves fsync on, as in production.
func StartPostgres(tb testing.TB, durable bool) *PostgresServer {
	tb.Helper()
	mustHaveMain(tb)
	dir, err := os.MkdirTemp(shared.dir, "postgres-") //nolint:usetesting // a test's own directory is closed to the user that runs the server
	if err != nil {
		tb.Fatalf("make directory for postgres: %v", err)
	}
	s := startPostgres(tb, filepath.Join(dir, "data"), durable)
	tb.Cleanup(s.Stop)
	return s
}

func startPostgres(tb testing.TB, data string, durable bool) *PostgresServer {
	tb.Helper()
	bin := PostgresBin()
	if bin == "" {
		missing(tb, "PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/postgres; Debian package postgresql)")
	}
	s := &PostgresServer{bin: bin, data: data, log: data + ".log"}
	if err := s.init(durable); err != nil {
		tb.Fatalf("start postgres: %v", err)
	}
	if err := s.Start(); err != nil {
		tb.Fatalf("start postgres: %v", err)
	}
	return s
}

// init makes the data directory. PostgreSQL refuses to run as root, so root runs it as the package's own user.
func (s *PostgresServer) init(durable bool) error {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return fmt.Errorf("find the user to run it as: %w", err)
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("read ids of user postgres: %w", err)
		}
		s.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(s.data, int(uid), int(gid)); err != nil {
			return fmt.Errorf("give the data directory to user postgres: %w", err)
		}
		if err := os.Chmod(filepath.Dir(s.data), 0o755); err != nil { //nolint:gosec // the server runs as another user
			return fmt.Errorf("open the way to the data directory: %w", err)
		}
	}
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.bin, "initdb"), "-D", s.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := FreePort(context.Background())
	if err != nil {
		return err
	}
	s.port = port
	fsync := "off" // a commit is still written before it is acknowledged: Kill loses nothing, only a power cut would
	if durable {
		fsync = "on"
	}
	conf := fmt.Sprintf("listen_addresses = '127.0.0.1'\nport = %d\nunix_socket_directories = ''\nfsync = %s\nfull_page_writes = %s\n"+
		"max_connections = 200\nshared_buffers = 128MB\nmax_wal_size = 1GB\nlog_min_messages = warning\n", port, fsync, fsync)
	f, err := os.OpenFile(filepath.Join(s.data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	_, err = f.WriteString(conf)
	return errors.Join(err, f.Close())
}

// URL gives the URL of one of the server's databases. It stays the same over a restart.
func (s *PostgresServer) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Start starts the server and waits until it answers. It is for use after [PostgresServer.Stop] or [PostgresServer.Kill].
func (s *PostgresServer) Start() error {
	p, err := startProcess(s.log, s.cred, syscall.SIGQUIT, filepath.Join(s.bin, "postgres"), "-D", s.data)
	if err != nil {
		return err
	}
	s.proc = p
	return p.await(func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, s.URL("postgres"))
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
}

// Stop stops the server in good order, breaking its connections, and waits.
func (s *PostgresServer) Stop() { s.proc.stop(syscall.SIGINT) }

// Kill ends the server at once, as a crash would, and waits.
func (s *PostgresServer) Kill() { s.proc.stop(syscall.SIGQUIT) }

func (s *PostgresServer) create(tb testing.TB, name, template string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err == nil {
		_, err = c.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template))
		err = errors.Join(err, c.Close(ctx))
	}
	if err != nil {
		tb.Fatalf("create database %s: %v", name, err)
	}
}

// NewDatabase makes an empty, not migrated database and gives its URL.
func (s *PostgresServer) NewDatabase(tb testing.TB, name string) string {
	tb.Helper()
	s.create(tb, name, "template0")
	return s.URL(name)
}
