package dbtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// Servers get their ports from here: below those that the kernel gives to whoever asks for any (net.ipv4.ip_local_port_range, from 32768), or somebody's socket could
// sit on a server's port while the server is being restarted; and above those of the lab's switches.
const (
	portsFrom = 30000
	portsTo   = 32700
)

// ports are what this process holds until it ends.
var ports struct {
	sync.Mutex
	next int
	held []net.Listener
}

// FreePort gives a TCP port of the loopback interface on which nobody listens, and which no other test takes as long as this process lives, whoever listens on it in
// between. Processes agree by an abstract socket of the port's name, which the kernel gives back however its owner ends.
func FreePort(ctx context.Context) (int, error) {
	ports.Lock()
	defer ports.Unlock()
	var lc net.ListenConfig
	for ports.next < portsTo-portsFrom {
		port := portsFrom + ports.next
		ports.next++
		held, err := lc.Listen(ctx, "unix", fmt.Sprintf("@tandem-test-port-%d", port))
		if err != nil {
			continue // another test's
		}
		l, err := lc.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			_ = held.Close() // somebody's who knows nothing of this
			continue
		}
		ports.held = append(ports.held, held)
		return port, l.Close()
	}
	return 0, errors.New("find a free port: all are taken")
}
