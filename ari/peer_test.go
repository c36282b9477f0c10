package ari

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A desk phone of another switch is dialled over the trunk that has that switch's name.
func TestDialStringOfPhones(t *testing.T) {
	e, err := New(Config{ID: "here", URL: "http://127.0.0.1:8088", User: "u", Password: "p"})
	require.NoError(t, err)
	for to, want := range map[core.Address]string{
		{Phone: "1001"}:                  "PJSIP/1001",
		{Phone: "1001", Switch: "here"}:  "PJSIP/1001",
		{Phone: "1001", Switch: "there"}: "PJSIP/1001@there",
	} {
		got, err := e.dialString(to)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err = e.dialString(core.Address{Phone: "1001", Switch: "there&PJSIP/1002"})
	require.ErrorContains(t, err, "to.switch")
}
