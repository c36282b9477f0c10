//go:build !unix

package ari

import "net"

// stillOpen cannot look here, and lets a connection that was idle for a moment be replaced.
func stillOpen(net.Conn) bool { return false }
