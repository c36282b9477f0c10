package esl

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A desk phone of another switch is dialled over the gateway that has that switch's name.
func TestDialStringOfPhones(t *testing.T) {
	e, err := New(Config{ID: "here", Addr: "127.0.0.1:8021", Password: "p"})
	require.NoError(t, err)
	for to, want := range map[core.Address]string{
		{Phone: "1001"}:                  "user/1001@tandem",
		{Phone: "1001", Switch: "here"}:  "user/1001@tandem",
		{Phone: "1001", Switch: "there"}: "sofia/gateway/there/1001",
	} {
		got, err := e.dialString(to)
		require.NoError(t, err)
		require.Equal(t, want, got.text)
	}
	_, err = e.dialString(core.Address{Phone: "1001", Switch: "there|user/1002"})
	require.ErrorContains(t, err, "to.switch")
}
