package phones_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tandem-voice/tandem/orchestrator/enginetest/phones"
)

// echo is a server that says what it hears, until the test ends.
func echo(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c) // ends with the connection
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

// says connects to a link and reports whether what is said comes back.
func says(t *testing.T, addr string) (net.Conn, bool) {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(context.Background(), "tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	if _, err := c.Write([]byte("hello")); err != nil {
		return c, false
	}
	got := make([]byte, 5)
	_, err = io.ReadFull(c, got)
	return c, err == nil && string(got) == "hello"
}

// TestLink: a link carries, ends what it carries when it is cut, refuses until it is mended, and leaves nothing.
func TestLink(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { require.NoError(t, goleak.Find(before)) })
	link := phones.NewLink(t, echo(t))
	c, ok := says(t, link.Addr())
	require.True(t, ok)
	link.Cut()
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	_, ok = says(t, link.Addr())
	require.False(t, ok)
	link.Mend()
	_, ok = says(t, link.Addr())
	require.True(t, ok)
}
