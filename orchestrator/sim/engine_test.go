package sim_test

import (
	"testing"

	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/sim"
)

// TestContract runs the conformance suite on both profiles of the simulated engine.
func TestContract(t *testing.T) {
	for name, quirks := range map[string]sim.Quirks{"AsteriskLike": sim.AsteriskLike(), "FreeSWITCHLike": sim.FreeSWITCHLike()} {
		t.Run(name, func(t *testing.T) {
			enginetest.Run(t, func(t *testing.T) enginetest.World {
				t.Helper()
				return newWorld(t, quirks)
			})
		})
	}
}
