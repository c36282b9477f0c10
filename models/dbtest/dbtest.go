// Package dbtest gives tests real databases: a private PostgreSQL and a private Redis of the test binary's own, on loopback ports chosen at
// run time, with their data in a temporary directory, and SQLite files. A package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
//
// The servers start at first use, are shared by the binary's tests, and are gone when Main returns; if the binary is killed, the kernel kills
// them. Each test gets a database of its own.
package dbtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/tandem-voice/tandem/models"
)

// binary is what one test binary shares.
type binary struct {
	dir string

	mu       sync.Mutex
	postgres *PostgresServer
	redis    *RedisServer
	made     int    // databases made so far
	lite     string // a migrated SQLite file to copy

	start chan func() // runs on the thread that the servers' lives are tied to
}

var shared *binary

// Main runs the tests, stops what they have started and returns the exit code.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tandem-dbtest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "dbtest: make temporary directory:", err)
		return 1
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // the postgres user must be able to pass; the databases in it are not readable
		fmt.Fprintln(os.Stderr, "dbtest:", err)
		return 1
	}
	shared = &binary{dir: dir, start: make(chan func())}
	// The kernel signals a child when the *thread* that started it ends (PR_SET_PDEATHSIG). So all servers are started by one goroutine that
	// keeps its thread until the end.
	var starter sync.WaitGroup
	starter.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for f := range shared.start {
			f()
		}
	})
	code := m.Run()
	if shared.postgres != nil {
		shared.postgres.Stop()
	}
	if shared.redis != nil {
		shared.redis.Stop()
	}
	close(shared.start)
	starter.Wait()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "dbtest: remove temporary directory:", err)
		return 1
	}
	return code
}

// onStarter runs f on the thread that servers are started on.
func onStarter(f func() error) error {
	done := make(chan error, 1)
	shared.start <- func() { done <- f() }
	return <-done
}

func mustHaveMain(tb testing.TB) {
	tb.Helper()
	if shared == nil {
		tb.Fatal("dbtest: the package's TestMain must call dbtest.Main")
	}
}

// Each runs a test on SQLite and on PostgreSQL, each time with an empty, migrated database.
func Each(t *testing.T, run func(t *testing.T, db *models.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { run(t, Open(t, SQLiteURL(t))) })
	t.Run("postgres", func(t *testing.T) { run(t, Open(t, PostgresURL(t))) })
}

// Open opens a database and closes it when the test ends.
func Open(tb testing.TB, url string) *models.DB {
	tb.Helper()
	db, err := models.Open(context.Background(), url)
	if err != nil {
		tb.Fatalf("open database: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close database: %v", err)
		}
	})
	return db
}

// SQLiteURL makes an empty, migrated SQLite database and gives its URL.
func SQLiteURL(tb testing.TB) string {
	tb.Helper()
	mustHaveMain(tb)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.lite == "" { // migrating takes longer than copying
		file := filepath.Join(shared.dir, "template.db")
		migrate(tb, "sqlite:"+file)
		shared.lite = file
	}
	body, err := os.ReadFile(shared.lite)
	if err != nil {
		tb.Fatalf("read template database: %v", err)
	}
	file := filepath.Join(tb.TempDir(), "tandem.db")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		tb.Fatalf("copy template database: %v", err)
	}
	return "sqlite:" + file
}

// PostgresURL makes an empty, migrated PostgreSQL database and gives its URL. It skips the test, loudly, where PostgreSQL is not installed.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	s := Postgres(tb)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.made == 0 {
		s.create(tb, "tandem_template", "template0")
		migrate(tb, s.URL("tandem_template"))
	}
	shared.made++
	name := fmt.Sprintf("tandem_%d", shared.made)
	s.create(tb, name, "tandem_template")
	return s.URL(name)
}

// migrate brings a database to the newest schema and lets go of it.
func migrate(tb testing.TB, url string) {
	tb.Helper()
	db, err := models.Open(context.Background(), url)
	if err != nil {
		tb.Fatalf("open template database: %v", err)
	}
	if err := db.Migrate(context.Background()); err != nil {
		tb.Fatalf("migrate template database: %v", err)
	}
	if err := db.Close(); err != nil {
		tb.Fatalf("close template database: %v", err)
	}
}
