package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// Environment variables that, if not empty, make a missing switch a failure instead of a skip. `make test` sets the first.
const (
	RequireEnv           = "TANDEM_REQUIRE_ASTERISK"
	RequireFreeSWITCHEnv = "TANDEM_REQUIRE_FREESWITCH"
)

// ForTest starts an Asterisk for a test and stops it at the test's end. A failed test gets the end of Asterisk's log. Where there is no Asterisk
// the test is skipped, loudly.
func ForTest(tb testing.TB, change ...func(*Options)) *Asterisk {
	tb.Helper()
	var o Options
	for _, c := range change {
		c(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, err := Start(ctx, o)
	skipIfMissing(tb, err)
	if err != nil {
		tb.Fatalf("start Asterisk: %v", err)
	}
	stopAtEnd(tb, "Asterisk", a)
	return a
}

// FreeSWITCHForTest starts a FreeSWITCH for a test and stops it at the test's end. A failed test gets the end of FreeSWITCH's log. Where there is
// no FreeSWITCH the test is skipped, loudly.
func FreeSWITCHForTest(tb testing.TB, change ...func(*FreeSWITCHOptions)) *FreeSWITCH {
	tb.Helper()
	var o FreeSWITCHOptions
	for _, c := range change {
		c(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	f, err := StartFreeSWITCH(ctx, o)
	skipIfMissing(tb, err)
	if err != nil {
		tb.Fatalf("start FreeSWITCH: %v", err)
	}
	stopAtEnd(tb, "FreeSWITCH", f)
	return f
}

// skipIfMissing skips a test for want of a switch, unless the environment says that this machine has one.
func skipIfMissing(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case errors.Is(err, ErrNoAsterisk) && os.Getenv(RequireEnv) == "":
		tb.Skipf("SKIPPED, NOT PASSED: this test needs a real Asterisk; `make setup` installs one. %v", err)
	case errors.Is(err, ErrNoFreeSWITCH) && os.Getenv(RequireFreeSWITCHEnv) == "":
		tb.Skipf("SKIPPED, NOT PASSED: this test needs a real FreeSWITCH, 1.10 or later. Debian has no package: install its makers' packages or a build of "+
			"your own, so that freeswitch is on PATH or at %s, or name it in %s. %v", DefaultFreeSWITCH, FreeSWITCHEnv, err)
	}
}

// stopAtEnd stops a switch at the test's end; a failed test gets the end of its log.
func stopAtEnd(tb testing.TB, name string, s interface {
	Stop() error
	Tail(lines int) string
}) {
	tb.Helper()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("%s's last words:\n%s", name, s.Tail(60))
		}
		if err := s.Stop(); err != nil {
			tb.Errorf("stop %s: %v", name, err)
		}
	})
}

// NoLeftovers fails the test unless the switch is empty, now or within 15 seconds: hang-ups on the way are given time to arrive.
func (a *Asterisk) NoLeftovers(tb testing.TB) {
	tb.Helper()
	noLeftovers(tb, a.AwaitEmpty)
}

// NoLeftovers fails the test unless the switch is empty, now or within 15 seconds: hang-ups on the way are given time to arrive.
func (f *FreeSWITCH) NoLeftovers(tb testing.TB) {
	tb.Helper()
	noLeftovers(tb, f.AwaitEmpty)
}

func noLeftovers(tb testing.TB, awaitEmpty func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := awaitEmpty(ctx); err != nil {
		tb.Error(err)
	}
}

// dialplanPatience is for how many seconds the dialplan waits for Tandem to take a call, in the places that patienceIs finds.
const dialplanPatience = 2

var patienceIs = regexp.MustCompile(`("|sched_transfer\()\+\d+ (apology|\$\{uuid\})`)

// Patience gives calls that arrive so many seconds to be taken, until the test ends; see [FreeSWITCHOptions].
func (f *FreeSWITCH) Patience(tb testing.TB, seconds int) {
	tb.Helper()
	f.setPatience(tb, seconds)
	tb.Cleanup(func() { f.setPatience(tb, f.patience) })
}

func (f *FreeSWITCH) setPatience(tb testing.TB, seconds int) {
	tb.Helper()
	if err := writePatience(f.Dir, seconds); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := f.API(ctx, "reloadxml"); err != nil {
		tb.Fatalf("let FreeSWITCH read its dialplan: %v", err)
	}
}

// writePatience puts the patience into the dialplan of an instance.
func writePatience(dir string, seconds int) error {
	found := false
	etc, err := os.OpenRoot(filepath.Join(dir, "etc"))
	if err != nil {
		return fmt.Errorf("set FreeSWITCH's patience: %w", err)
	}
	defer func() { _ = etc.Close() }()
	err = fs.WalkDir(etc.FS(), ".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".xml" {
			return err
		}
		text, err := etc.ReadFile(file)
		if err != nil || !patienceIs.Match(text) {
			return err
		}
		found = true
		text = patienceIs.ReplaceAll(text, fmt.Appendf(nil, "${1}+%d ${2}", seconds))
		return etc.WriteFile(file, text, 0o600) // it keeps its owner
	})
	if err == nil && !found {
		err = errors.New("there is none")
	}
	if err != nil {
		return fmt.Errorf("set FreeSWITCH's patience in its dialplan: %w", err)
	}
	return nil
}
