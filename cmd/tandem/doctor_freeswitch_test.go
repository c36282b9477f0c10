package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
)

// TestDoctorLooksAtFreeSWITCH holds the doctor's words against a real one.
func TestDoctorLooksAtFreeSWITCH(t *testing.T) {
	t.Parallel()
	f := lab.FreeSWITCHForTest(t)
	look := func(addr, password, recordings string) condition {
		ctx, cancel := context.WithTimeout(t.Context(), checkTime)
		defer cancel()
		return freeswitchSettings{ID: "freeswitch", Addr: addr, Password: password, Recordings: recordings, prefix: "TANDEM_ESL"}.look(ctx)
	}
	c := look(f.ESLAddr, f.ESLPassword, f.Recordings)
	require.Equal(t, fine, c.health, c.text)
	require.Contains(t, c.text, "FreeSWITCH 1.")
	require.WithinDuration(t, c.asked, c.clock, time.Minute)

	c = look(f.ESLAddr, f.ESLPassword, "")
	require.Equal(t, fine, c.health, "the directory is where the switch says: %s", c.text)

	c = look(f.ESLAddr, "hunter2", f.Recordings)
	require.Equal(t, broken, c.health)
	require.Contains(t, c.text, "refuses the password")
	require.Contains(t, c.mend, "TANDEM_ESL_PASSWORD")
	require.NotContains(t, c.text+c.mend, "hunter2")

	c = look(f.ESLAddr, f.ESLPassword, "/nowhere")
	require.Equal(t, broken, c.health)
	require.Contains(t, c.text, "TANDEM_ESL_RECORDINGS: recordings could be neither fetched nor removed")

	require.NoError(t, f.Stop())
	c = look(f.ESLAddr, f.ESLPassword, f.Recordings)
	require.Equal(t, broken, c.health)
	require.Contains(t, c.text, "does not answer")
}
