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
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := a.AwaitEmpty(ctx); err != nil {
		tb.Error(err)
	}
}
