package main

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// sippCalls has SIPp, a caller that shares no line of code with us, call a number from an address, and an agent at a switch take the call. SIPp sends back what it hears: so the
// agent's own tone at the agent's ear has gone both ways. It hangs up by itself.
func (s *stack) sippCalls(from string, x *exchange, number string, d *seat) {
	t := s.t
	t.Helper()
	path, err := exec.LookPath("sipp")
	if err != nil {
		t.Log("SIPp is NOT there (package sip-tester): nobody calls who is not our own")
		return
	}
	s.set(d, core.Available)
	ctx, cancel := context.WithCancel(s.soon())
	defer cancel()
	// -d: how long it stays in the conversation, in milliseconds; far longer than it takes to hear.
	cmd := exec.CommandContext(ctx, path, "-sn", "uac", "-m", "1", "-d", "8000", "-s", number, "-i", from, "-mi", from, "-rtp_echo", "-nostdin", "-trace_err", "-error_file", filepath.Join(t.TempDir(), "errors"), "-timeout", "40", "-timeout_error", x.sip)
	cmd.Dir = t.TempDir()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	at := s.takes(d)
	require.NoError(t, at.Hears(s.soon(), d.tone), "what the agent says comes back from the caller")
	_, err = at.AwaitEnd(s.soon())
	require.NoError(t, err)
	require.NoError(t, <-ended, "%s", &said)
	s.is(d, core.Available)
	s.set(d, core.Idle)
}

// TestSIPpCalls has somebody else's caller come in, with audio both ways.
func TestSIPpCalls(t *testing.T) {
	onEachAlone(t, func(t *testing.T, on brand) {
		s := newStack(t, embedded, 1, on)
		x := s.switches[0]
		s.addQueue("sales", salesNumber, 0, nil)
		host, _, err := net.SplitHostPort(x.sip)
		require.NoError(t, err)
		s.sippCalls(host, x, salesNumber, s.desks[0])
		s.emptied()
	})
}
