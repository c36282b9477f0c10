package lines

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhoGuessesIsBlocked(t *testing.T) {
	told := 0
	g := NewGuard(PrivateNetworks(), func() { told++ })
	at := time.Now()
	g.now = func() time.Time { return at }
	const guesser, office = "198.51.100.7", "203.0.113.5"
	for range mostWrong - 1 {
		g.Wrong(guesser)
	}
	require.Empty(t, g.Blocked())
	g.Wrong("::ffff:" + guesser) // the same, in another coat
	require.Equal(t, []string{guesser}, g.Blocked())
	require.Equal(t, 1, told)
	// Who goes on stays out; who stops is let in again.
	at = at.Add(blockedFor - time.Second)
	for range mostWrong {
		g.Wrong(guesser)
	}
	at = at.Add(blockedFor - time.Second)
	require.Equal(t, []string{guesser}, g.Blocked())
	require.Equal(t, 1, told)
	at = at.Add(2 * time.Second)
	require.Empty(t, g.Blocked())

	// Two phones with a wrong password are no attack.
	for range 200 {
		g.Wrong(office)
		g.Wrong(office)
		at = at.Add(30 * time.Second)
	}
	require.Empty(t, g.Blocked())
	for range 10 * mostWrong {
		g.Wrong("10.1.2.3")
		g.Wrong("not an address")
	}
	require.Empty(t, g.Blocked(), "what is trusted is never blocked")

	// One customer has a whole /64 of IPv6.
	addr := netip.MustParseAddr("2001:db8:1:2::1")
	for range mostWrong {
		g.Wrong(addr.String())
		addr = addr.Next()
	}
	require.Equal(t, []string{"2001:db8:1:2::/64"}, g.Blocked())
}

func TestAGuardsMemoryIsBounded(t *testing.T) {
	g := NewGuard(nil, func() {})
	at := time.Now()
	g.now = func() time.Time { return at }
	first := netip.MustParseAddr("11.0.0.0")
	for range mostWrong {
		g.Wrong(first.String())
	}
	addr := first
	for range mostWatched + 100 {
		at = at.Add(time.Microsecond)
		addr = addr.Next()
		g.Wrong(addr.String())
		if len(g.watch) > mostWatched {
			require.Fail(t, "it grows")
		}
	}
	for i := range mostBlocked + 5 {
		for range mostWrong {
			g.Wrong(fmt.Sprintf("198.51.%d.%d", i/256, i%256))
		}
	}
	require.Len(t, g.Blocked(), mostBlocked)
}

func TestALogIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "messages")
	require.NoError(t, os.WriteFile(path, []byte("old\n"), 0o600))
	var got []string
	l := logFollower{path: path, f: func(line string) { got = append(got, line) }, atEnd: true}
	defer l.close()
	write := func(text string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = f.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	look := func(want ...string) {
		t.Helper()
		got = nil
		l.look()
		require.Equal(t, want, got)
	}
	look()
	write("one\ntw")
	look("one")
	write("o\n")
	look("two")
	write("three\n")
	require.NoError(t, os.Rename(path, path+".1"))
	look("three")
	write("four\n")
	look("four")
	require.NoError(t, os.WriteFile(path, []byte("5\n"), 0o600)) // cut short
	look("5")

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	lines := make(chan string, 10)
	go func() {
		defer close(done)
		FollowLog(ctx, path, func(line string) {
			select {
			case lines <- line:
			case <-ctx.Done():
			}
		})
	}()
	for { // it follows from when it has begun
		write("six\n")
		select {
		case line := <-lines:
			require.Equal(t, "six", line)
			cancel()
			<-done
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}
