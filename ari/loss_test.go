package ari

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// TestWhyAConnectionWasLostIsCountedByAWord holds the words of the metric tandem_switch_connections_lost_total.
func TestWhyAConnectionWasLostIsCountedByAWord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		connected bool
		err       error
		want      engine.Loss
	}{
		{true, adapter.ErrGap, engine.LossGap},
		{true, fmt.Errorf("events: %w", errSilent), engine.LossSilent},
		{true, io.EOF, engine.LossClosed},
		{false, io.EOF, engine.LossUnreachable},
		{true, errReplaced, engine.LossReplaced},
		{false, &StatusError{Status: 401}, engine.LossRefused},
		{true, &StatusError{Status: 500}, engine.LossClosed},
	} {
		assert.Equal(t, c.want, lossOf(c.connected, c.err), "%v", c.err)
	}
}
