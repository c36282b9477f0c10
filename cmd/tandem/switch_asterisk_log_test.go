package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/ari"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// The log is put away when it is full, Asterisk goes on in a new one, and no more are kept than should be.
func TestAsterisksLogIsPutAway(t *testing.T) {
	a := lab.ForTest(t)
	e, err := ari.New(ari.Config{ID: "asterisk", URL: strings.TrimSuffix(a.ARIURL, "/ari"), User: a.ARIUser, Password: a.ARIPassword})
	require.NoError(t, err)
	d := asteriskDriver{Engine: e, log: a.Log()}
	// Who registers and must not is in the log with the address.
	said := func() {
		p, err := softphone.New(softphone.Config{User: "nobody", Password: "wrong", Server: a.SIPAddr})
		require.NoError(t, err)
		defer p.Close()
		require.Error(t, p.Register(t.Context()))
		require.Eventually(t, func() bool {
			text, err := os.ReadFile(a.Log())
			return err == nil && strings.Contains(string(text), p.Addr())
		}, 10*time.Second, 20*time.Millisecond, "Asterisk says so in its log")
	}
	said()
	before, err := os.ReadFile(a.Log())
	require.NoError(t, err)
	require.NoError(t, d.putLogAway(t.Context(), int64(len(before))+1<<20), "it is not full")
	require.NoFileExists(t, a.Log()+".1")
	for range logsKept + 2 {
		require.NoError(t, d.putLogAway(t.Context(), 1))
		said()
	}
	require.FileExists(t, a.Log()+".4")
	require.NoFileExists(t, a.Log()+".5")
	require.NoError(t, os.Remove(a.Log()))
	require.NoError(t, d.putLogAway(t.Context(), 1<<20), "who was killed between the two steps goes on with the second")
	said()
}
