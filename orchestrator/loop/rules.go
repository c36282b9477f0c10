package loop

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// rules is what the loop asks of a shard. [*core.Shard] is the only implementation outside of tests, which
// wrap it to plant a panic or to count.
type rules interface {
	Step(now time.Time, ev core.Event) core.Outcome
	Accepts(now time.Time, in core.Intent) *core.Refusal
	Done(id core.CommandID) bool
	Due() (time.Time, bool)
	Firing() core.Deadline
	Now() time.Time
	Steps() uint64
	TakeChanges() core.Changes
	Everything() core.Changes
	CallOf(ev core.Event) core.CallID
	Call(id core.CallID) (core.CallView, bool)
	Agent(id core.AgentID) (core.AgentView, bool)
	Queue(id core.QueueID) (core.QueueView, bool)
	Engine(id core.EngineID) (core.EngineView, bool)
	Repairs() map[string]uint64
	Odd() map[string]uint64
	Marshal() ([]byte, error)
}

// rulebook makes shards, and reads and writes their events.
type rulebook struct {
	fresh   func(name string, seed uint64) rules
	restore func(snapshot []byte) (rules, error)
	shard   func(rules) *core.Shard // what Query shows
	encode  func(core.Event) ([]byte, error)
	decode  func(kind string, body []byte) (core.Event, error)
}

// theRules is the rulebook of package core.
func theRules() rulebook {
	return rulebook{
		fresh: func(name string, seed uint64) rules { return core.New(name, seed) },
		restore: func(snapshot []byte) (rules, error) {
			s, err := core.Restore(snapshot)
			if err != nil {
				return nil, err // not s: a nil *core.Shard would make a rules value that is not nil
			}
			return s, nil
		},
		shard: func(r rules) *core.Shard {
			s, _ := r.(*core.Shard)
			return s
		},
		encode: core.EncodeEvent,
		decode: core.DecodeEvent,
	}
}

// panicked is what is left of a panic in the rules.
type panicked struct {
	text  string // the panic's value
	stack []byte
}

// stepSafely steps one event. After a panic the rules must not be used again: they may be half-changed.
func stepSafely(r rules, now time.Time, ev core.Event) (out core.Outcome, p *panicked) {
	defer func() {
		if v := recover(); v != nil {
			out, p = core.Outcome{}, &panicked{text: fmt.Sprint(v), stack: debug.Stack()}
		}
	}()
	return r.Step(now, ev), nil
}

// askSafely asks whether an intent would be accepted. That changes nothing, so a panic costs no more than the answer.
func askSafely(r rules, now time.Time, in core.Intent) (refusal *core.Refusal, p *panicked) {
	defer func() {
		if v := recover(); v != nil {
			refusal, p = nil, &panicked{text: fmt.Sprint(v), stack: debug.Stack()}
		}
	}()
	return r.Accepts(now, in), nil
}
