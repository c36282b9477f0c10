package dbtest

import (
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A port is nobody else's between its server's end and its next start: the kernel gives it to nobody who asks for any, and FreePort not twice.
func TestAFreePortStaysFree(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	require.NoError(t, err)
	var first, last int
	_, err = fmt.Sscan(string(text), &first, &last)
	require.NoError(t, err)
	seen := map[int]bool{}
	for range 50 {
		port, err := FreePort(t.Context())
		require.NoError(t, err)
		require.False(t, seen[port], port)
		require.False(t, first <= port && port <= last, "%d is one that anybody may get", port)
		seen[port] = true
		// Another test's process would find it held.
		_, err = new(net.ListenConfig).Listen(t.Context(), "unix", fmt.Sprintf("@tandem-test-port-%d", port))
		require.Error(t, err)
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
}
