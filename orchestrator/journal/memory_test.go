package journal_test

import (
	"testing"

	"github.com/tandem-voice/tandem/orchestrator/journal"
	"github.com/tandem-voice/tandem/orchestrator/journal/journaltest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	journaltest.Run(t, func(*testing.T) journaltest.Store { return &journal.Memory{} })
}
