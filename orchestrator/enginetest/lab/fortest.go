package lab

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// RequireEnv is an environment variable that, if not empty, makes a missing Asterisk a failure instead of a skip. `make test` sets it.
const RequireEnv = "TANDEM_REQUIRE_ASTERISK"

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
	if errors.Is(err, ErrNoAsterisk) && os.Getenv(RequireEnv) == "" {
		tb.Skipf("SKIPPED, NOT PASSED: this test needs a real Asterisk; `make setup` installs one. %v", err)
	}
	if err != nil {
		tb.Fatalf("start Asterisk: %v", err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("Asterisk's last words:\n%s", a.Tail(60))
		}
		if err := a.Stop(); err != nil {
			tb.Errorf("stop Asterisk: %v", err)
		}
	})
	return a
}

// NoLeftovers fails the test unless the switch is empty, now or within five seconds: hang-ups on the way are given time to arrive.
func (a *Asterisk) NoLeftovers(tb testing.TB) {
	tb.Helper()
	noLeftovers(tb, a.AwaitEmpty)
}

func noLeftovers(tb testing.TB, awaitEmpty func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := awaitEmpty(ctx); err != nil {
		tb.Error(err)
	}
}

// RequireFreeSWITCHEnv is an environment variable that, if not empty, makes a missing FreeSWITCH a failure instead of a skip.
const RequireFreeSWITCHEnv = "TANDEM_REQUIRE_FREESWITCH"

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
	if errors.Is(err, ErrNoFreeSWITCH) && os.Getenv(RequireFreeSWITCHEnv) == "" {
		tb.Skipf("SKIPPED, NOT PASSED: this test needs a real FreeSWITCH, 1.10 or later. Debian has no package: install its makers' packages or a build of "+
			"your own, so that freeswitch is on PATH or at %s. %v", DefaultFreeSWITCH, err)
	}
	if err != nil {
		tb.Fatalf("start FreeSWITCH: %v", err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("FreeSWITCH's last words:\n%s", f.Tail(60))
		}
		if err := f.Stop(); err != nil {
			tb.Errorf("stop FreeSWITCH: %v", err)
		}
	})
	return f
}

// NoLeftovers fails the test unless the switch is empty, now or within five seconds: hang-ups on the way are given time to arrive.
func (f *FreeSWITCH) NoLeftovers(tb testing.TB) {
	tb.Helper()
	noLeftovers(tb, f.AwaitEmpty)
}
