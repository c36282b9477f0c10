package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// screen is what the user sees, with a way to wait for it.
type screen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
}

func newScreen() *screen { return &screen{grown: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.grown)
	s.grown = make(chan struct{})
	return s.text.Write(p)
}

func (s *screen) await(ctx context.Context, t *testing.T, want string) {
	t.Helper()
	for {
		s.mu.Lock()
		text, grown := s.text.String(), s.grown
		s.mu.Unlock()
		if bytes.Contains([]byte(text), []byte(want)) {
			return
		}
		select {
		case <-grown:
		case <-ctx.Done():
			require.FailNow(t, "not on the screen", "%q in:\n%s", want, text)
		}
	}
}

func TestPhoneCommandIsWorkedByLines(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	bob, err := softphone.New(softphone.Config{User: "bob", Voice: softphone.ToneVoice(softphone.Tone(1)), Reaction: softphone.Answer})
	require.NoError(t, err)
	defer bob.Close()

	keys, typing := io.Pipe()
	out, errs := newScreen(), newScreen()
	result := make(chan error, 1)
	go func() {
		result <- runPhone(ctx, []string{"-user", "alice", "-server", bob.Addr(), "-register=false", "-tone", "550"}, keys, out, errs)
	}()
	press := func(line string) {
		_, err := fmt.Fprintln(typing, line)
		require.NoError(t, err)
	}
	press("b")
	out.await(ctx, t, "there is no call")
	press("c bob")
	call, err := bob.AwaitCall(ctx, 1)
	require.NoError(t, err)
	out.await(ctx, t, "hears 850 Hz")
	require.NoError(t, call.Hears(ctx, 550))
	press("4#")
	_, err = call.Await(ctx, func(e softphone.Event) bool { return e.Digit == '#' })
	require.NoError(t, err)
	press("h")
	_, err = call.Await(ctx, softphone.Is(softphone.Held))
	require.NoError(t, err)
	press("h")
	_, err = call.Await(ctx, softphone.Is(softphone.Resumed))
	require.NoError(t, err)
	press("what?")
	press("q")
	require.NoError(t, <-result)
	end, err := call.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, softphone.Remote, end.By, "quitting hangs up")
	require.NoError(t, typing.Close())
}

func TestPhoneCommandNamesWhatIsWrong(t *testing.T) {
	for want, args := range map[string][]string{
		"-user must not be empty":       {"phone"},
		"tone: 5 Hz is outside":         {"phone", "-user", "x", "-tone", "5"},
		"tone, wav: only one":           {"phone", "-user", "x", "-tone", "500", "-wav", "x.wav"},
		"wav: open /does/not/exist":     {"phone", "-user", "x", "-wav", "/does/not/exist"},
		`unexpected argument "1001"`:    {"phone", "1001"},
		"flag provided but not defined": {"phone", "-colour"},
		"unknown command \"fax\"":       {"fax"},
	} {
		stdout, stderr := newScreen(), newScreen()
		assert.NotZero(t, run(t.Context(), args, stdout, stderr))
		assert.Contains(t, stderr.text.String(), want)
	}
}

func TestEveryCommandHelps(t *testing.T) {
	for _, c := range commands {
		stdout, stderr := newScreen(), newScreen()
		assert.Zero(t, run(t.Context(), []string{c.name, "-help"}, stdout, stderr), c.name)
		usage, _, _ := strings.Cut(stderr.text.String(), "\n")
		assert.Contains(t, usage+" ", "usage: tandem "+c.name+" ", c.name)
	}
}
