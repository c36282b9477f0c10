// Package engine is the port between Tandem and a switch: what an adapter (ari, esl, the simulated engine) provides. The contract behind the
// signatures is written down, as tests, in orchestrator/enginetest:
//
//  1. Facts of one leg come in causal order; LegHungUp comes exactly once and last.
//  2. Nothing is invented.
//  3. After EngineDown nothing comes until EngineUp, whose snapshot lists every leg, mix and recording on the
//     switch with the variables by which we know our own.
//  4. Effects are idempotent: repeating one does no harm; Play and SendDigits happen once per effect id.
//  5. An effect on an unknown leg yields a *Refusal with core.WhyUnknown, never another error.
//  6. Do is safe from any goroutine, and bounded in time by the adapter's own deadline and by ctx.
//  7. Two dials of one leg id make one channel.
//  8. The variables that we put on a leg survive into the snapshot.
//  9. Who hears whom is what SetMix said.
//
// What a switch cannot do is a value of [Capabilities], never a question of which switch it is.
package engine

import (
	"context"
	"fmt"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Engine drives one switch.
type Engine interface {
	// ID is the switch's name in the set-up; facts and effects carry it.
	ID() core.EngineID
	// Run connects, reports facts to sink, reconnects for ever, and returns when ctx ends, with every goroutine of its own gone. The first
	// fact is EngineUp. It returns an error only for what no reconnecting can mend.
	Run(ctx context.Context, sink Sink) error
	// Do carries out one effect. nil means that the switch accepted the order, not that anything has happened yet. A refusal is a *Refusal;
	// no other error is returned.
	Do(ctx context.Context, e core.Effect) error
	// Capabilities tells what differs from other switches.
	Capabilities() Capabilities
}

// Sink takes facts in the order in which they happened. Fact may block for a moment when the shard is behind; the adapter keeps
// its own bounded queue in front and never lets the switch wait.
type Sink interface {
	Fact(f core.Fact)
}

// SinkFunc makes a function a [Sink].
type SinkFunc func(core.Fact)

// Fact implements [Sink].
func (f SinkFunc) Fact(fact core.Fact) { f(fact) }

// Capabilities say what a switch is, for people and labels: no rule is decided by them.
type Capabilities struct {
	Kind    string // "asterisk", "freeswitch", "sim"
	Version string // as the switch says; "" before the first EngineUp
}

// Refusal says that the switch did not accept an effect, in the words of [core.Refused].
type Refusal struct {
	Why  core.Why
	Text string // for people
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("refused (%s): %s", r.Why, r.Text) }

// Loss says in a word why a connection to a switch ended, or did not come about: something to count by.
type Loss string

// The losses.
const (
	LossGap         Loss = "gap"         // events came faster than they could be told, and some are lost: the next session looks at everything
	LossSilent      Loss = "silent"      // the switch, or the network, has said nothing for too long
	LossReplaced    Loss = "replaced"    // another program has taken the events over
	LossClosed      Loss = "closed"      // the connection broke, or the switch closed it
	LossRefused     Loss = "refused"     // the switch refuses our password or address
	LossUnreachable Loss = "unreachable" // no connection, or no first look, came about
)
