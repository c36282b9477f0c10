package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// RedisServer is a private Redis.
type RedisServer struct {
	dir, log string
	port     int
	proc     *process
}

// Redis gives the test binary's shared Redis, emptied.
func Redis(tb testing.TB) *RedisServer {
	tb.Helper()
	mustHaveMain(tb)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.redis == nil {
		shared.redis = startRedis(tb, filepath.Join(shared.dir, "redis"))
	}
	if err := shared.redis.Flush(); err != nil {
		tb.Fatalf("empty redis: %v", err)
	}
	return shared.redis
}

// StartRedis starts a Redis for one test, which may stop and lose it.
func StartRedis(tb testing.TB) *RedisServer {
	tb.Helper()
	mustHaveMain(tb)
	s := startRedis(tb, filepath.Join(tb.TempDir(), "redis"))
	tb.Cleanup(s.Stop)
	return s
}

// RequireEnv is an environment variable that, if not empty, makes a missing server a failure instead of a skip. `make test` sets it.
const RequireEnv = "TANDEM_REQUIRE_STORES"

// missing skips a test whose server is not here, loudly, or fails it where it must not be skipped.
func missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv(RequireEnv) != "" {
		tb.Fatalf("%s; `make setup` installs it", what)
	}
	tb.Skipf("SKIPPED, NOT TESTED: %s; `make setup` installs it", what)
}

func startRedis(tb testing.TB, dir string) *RedisServer {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		missing(tb, "redis-server is not installed (Debian package redis-server)")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tb.Fatalf("make directory for redis: %v", err)
	}
	port, err := FreePort(context.Background())
	if err != nil {
		tb.Fatalf("start redis: %v", err)
	}
	s := &RedisServer{dir: dir, log: dir + ".log", port: port}
	if err := s.Start(); err != nil {
		tb.Fatalf("start redis: %v", err)
	}
	return s
}

// URL gives the server's URL. It stays the same over a restart.
func (s *RedisServer) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port) }

// Start starts the server and waits until it answers. It is for use after [RedisServer.Stop] or [RedisServer.Kill].
func (s *RedisServer) Start() error {
	p, err := startProcess(s.log, nil, syscall.SIGTERM, "redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.dir,
		"--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--daemonize", "no")
	if err != nil {
		return err
	}
	s.proc = p
	return p.await(func(ctx context.Context) error {
		return s.do(func(c *redis.Client) error { return c.Ping(ctx).Err() })
	})
}

// Stop stops the server in good order and waits. Its data stays.
func (s *RedisServer) Stop() { s.proc.stop(syscall.SIGTERM) }

// Kill ends the server at once, as a crash would, and waits.
func (s *RedisServer) Kill() { s.proc.stop(syscall.SIGKILL) }

// Flush makes the server lose all its data.
func (s *RedisServer) Flush() error {
	return s.do(func(c *redis.Client) error { return c.FlushAll(context.Background()).Err() })
}

func (s *RedisServer) do(f func(c *redis.Client) error) error {
	c := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.port), MaxRetries: -1})
	return errors.Join(f(c), c.Close())
}
