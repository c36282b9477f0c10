package adapter

import (
	"sync"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// Once remembers the newest effects that must not be carried out twice, by leg and effect id.
type Once struct {
	mu    sync.Mutex
	done  map[onceKey]bool
	order []onceKey // ring of the newest
	next  int
}

type onceKey struct {
	leg    core.LegID
	effect core.EffectID
}

const onceMemory = 16384

// Do carries an effect out, unless it was before. One that the switch refused may be tried again; one without an answer ([core.WhyTimeout]) may not, since it may
// have been carried out. refusal puts an error into the words of the port.
func (o *Once) Do(leg core.LegID, effect core.EffectID, refusal func(error) *engine.Refusal, do func() error) error {
	key := onceKey{leg, effect}
	if !o.first(key) {
		return nil
	}
	err := do()
	if err != nil && refusal(err).Why != core.WhyTimeout {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.forget(key)
	}
	return err
}

// forget lets an effect be carried out again. It gives up its place, too: otherwise what is tried again would be forgotten when the first try's place comes round. The caller holds mu.
func (o *Once) forget(key onceKey) {
	delete(o.done, key)
	for back := range onceMemory { // it is among the newest
		if at := (o.next + onceMemory - 1 - back) % onceMemory; o.order[at] == key {
			o.order[at] = onceKey{}
			return
		}
	}
}

// first reports whether the effect was never seen before, and remembers it.
func (o *Once) first(key onceKey) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done[key] {
		return false
	}
	if o.done == nil {
		o.done, o.order = make(map[onceKey]bool), make([]onceKey, onceMemory)
	}
	delete(o.done, o.order[o.next])
	o.order[o.next] = key
	o.next = (o.next + 1) % onceMemory
	o.done[key] = true
	return true
}
