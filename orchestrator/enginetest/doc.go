// Package enginetest is the contract between Tandem and a switch, as tests. What the package doc of orchestrator/engine says in nine clauses, [Run] proves of
// one engine with the people around it: callers and desk phones who each say a tone of their own and listen to what they hear.
// The same scenarios run on the simulated engine (orchestrator/sim), which keeps the simulator honest, and on real switches, which keeps the adapters so.
//
// A [World] is what a switch must bring to be tested: the engine, people, and the means to cut the connection and to restart. Scenarios never ask which
// switch they are on; a difference that is allowed is either a value of [engine.Capabilities] or written down in the scenario as an alternative.
//
// Each scenario gets a world of its own from the start function, runs the engine with a [recorder] as its sink, and ends with the same questions: did all
// facts keep the rules that always hold (rules.go), is nothing left on the switch, does Run return, is every goroutine gone.
// Nothing sleeps: everything is awaited, up to [Patience].
package enginetest
