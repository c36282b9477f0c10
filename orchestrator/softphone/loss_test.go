package softphone

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lossyRelay stands between two phones and loses every datagram the first time it is sent: only what is repeated arrives.
type lossyRelay struct {
	near, far *net.UDPConn // the socket that the caller sees, and the one that the callee sees

	mu     sync.Mutex
	caller netip.AddrPort
	seen   map[string]bool
}

func newLossyRelay(t *testing.T, callee string) string {
	t.Helper()
	open := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		return c
	}
	to, err := netip.ParseAddrPort(callee)
	require.NoError(t, err)
	r := &lossyRelay{near: open(), far: open(), seen: map[string]bool{}}
	var work sync.WaitGroup
	work.Go(func() { r.pass(r.near, r.far, func() netip.AddrPort { return to }) })
	work.Go(func() {
		r.pass(r.far, r.near, func() netip.AddrPort { r.mu.Lock(); defer r.mu.Unlock(); return r.caller })
	})
	t.Cleanup(func() {
		_ = r.near.Close()
		_ = r.far.Close()
		work.Wait()
	})
	return r.near.LocalAddr().String()
}

func (r *lossyRelay) pass(in, out *net.UDPConn, to func() netip.AddrPort) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := in.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		r.mu.Lock()
		if in == r.near {
			r.caller = from
		}
		before := r.seen[string(buf[:n])]
		r.seen[string(buf[:n])] = true
		r.mu.Unlock()
		if before {
			_, _ = out.WriteToUDPAddrPort(buf[:n], to())
		}
	}
}

func TestEveryMessageMayBeLostOnce(t *testing.T) {
	ctx := testContext(t)
	bob := newPhone(t, Config{User: "bob", Reaction: Answer})
	alice := newPhone(t, Config{User: "alice", Server: newLossyRelay(t, bob.Addr())})
	ac, bc := talk(ctx, t, alice, bob)
	require.NoError(t, ac.Hold(ctx))
	_, err := bc.Await(ctx, Is(Held).By(Remote))
	require.NoError(t, err)
	require.NoError(t, bc.Hold(ctx))
	require.NoError(t, bc.HangUp(ctx))
	_, err = ac.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, alice.Events().Count(Is(Answered)))
	assert.Equal(t, 1, bob.Events().Count(Is(Invited)))
	assert.Equal(t, 1, bob.Events().Count(Is(Held).By(Remote)))
	assert.Equal(t, 1, alice.Events().Count(Is(HungUp)))

	bob.SetReaction(Busy)
	ac, err = alice.Dial(ctx, "bob", CallOptions{})
	require.NoError(t, err)
	var refused *RefusedError
	require.ErrorAs(t, ac.AwaitAnswer(ctx), &refused)
	assert.Equal(t, 486, refused.Code)
}

// Without an ACK the one who answered must not stay in a call that the caller never had.
func TestAnswerThatIsNeverAcknowledgedEnds(t *testing.T) {
	ctx := testContext(t)
	bob := newPhone(t, Config{User: "bob", Reaction: Ring, RetransmitAfter: 5 * time.Millisecond})
	alice := newPhone(t, Config{User: "alice", Server: bob.Addr()})
	_, err := alice.Dial(ctx, "bob", CallOptions{})
	require.NoError(t, err)
	bc, err := bob.AwaitCall(ctx, 1)
	require.NoError(t, err)
	_, err = bc.Await(ctx, Is(Ringing))
	require.NoError(t, err)
	alice.Unplug()
	require.NoError(t, bc.Answer())
	e, err := bc.AwaitEnd(ctx)
	require.NoError(t, err)
	assert.Equal(t, Local, e.By)
	assert.Contains(t, e.Reason, "never acknowledged")
}
