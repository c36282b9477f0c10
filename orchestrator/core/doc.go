// Package core holds the rules of the contact centre as one pure function over one value.
//
// A [Shard] is a set of tenants with everything that is going on in them: entry points, queues, agents, calls, legs,
// mixes, and every deadline. [Shard.Step] takes one [Event] (a [Fact] from a switch, an accepted [Intent] from a person or a
// job, a [ConfigChanged], or a [Tick]), changes the shard and returns an [Outcome]: the effects to carry out on the
// switches and the timeline entries to keep. Nothing else changes a shard, so replaying the same events gives the same shard
// and the same outcome, byte for byte.
//
// The package imports the standard library only. It has no I/O, goroutine, channel, lock, clock, randomness, log or
// context, and it never ranges over a map; purity_test.go reads the source and enforces that. Time comes in with
// each event; identifiers are derived from the shard's seed and a counter; a timer is a deadline field that
// [Shard.Due] reports and a [Tick] fires.
//
// A step costs about two microseconds with a hundred thousand callers waiting (bench_test.go), and most of that is memory: fetching a call that nobody has looked
// at for minutes, and the collector going through all of them. Hence the few liberties of the code: the state has small types and few pointers, the index
// has calls and agents themselves and not their names, and an [Outcome] is lent until the next step.
//
// Reading order: event.go (what may happen), effect.go (what may be asked of a switch), outcome.go (what a step gives), config.go (what is set up),
// state.go and instant.go (what is remembered), ids.go, cause.go and intent.go (their words), then the rules: step.go (dispatch), arrive.go, hours.go, match.go, offer.go, legs.go, hang.go, talk.go, control.go,
// agent.go, wrapup.go, phone.go, recording.go, discard.go; what happens inside of a conversation: owner.go (one primary at every instant), mixes.go (who hears whom), consult.go, conference.go, transfer.go
// with target.go and dialnumber.go, variables.go; and reconcile.go, configure.go, timers.go. index.go finds things without a scan, in the order of sorted.go; changes.go
// tells what a step has touched, codec.go writes it all down. explain.go, controls.go, view.go, mask.go and
// check.go answer questions and change nothing.
package core
