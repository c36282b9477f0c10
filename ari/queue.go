package ari

import (
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// An item waits for its turn to be told: a frame of the websocket, or something that only REST could say.
type item struct {
	frame []byte
	tell  core.Fact  // a fact confirmed by REST
	look  *wholeView // a look at everything, on the slow beat
}

func newQueue(limit int) *adapter.Queue[item] {
	return adapter.NewQueue(limit, func(it item) int { return len(it.frame) })
}
