package esl

import "github.com/tandem-voice/tandem/orchestrator/engine/adapter"

// An item waits for its turn: an event, or something that the engine has put among them (a fact that only a command could confirm, a look at
// everything).
type item struct {
	event event
	aside any // nil for an event
}

func newQueue(limit int) *adapter.Queue[item] {
	return adapter.NewQueue(limit, func(it item) int { return it.event.size() })
}
