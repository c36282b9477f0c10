// Package esl drives FreeSWITCH (1.10 and later) over its event socket, as an [engine.Engine].
//
// # How it is put together
//
// An [Engine] keeps three connections to one FreeSWITCH: one brings events, read by one goroutine into a bounded queue, one takes orders, and one what may take its time.
// Commands are built with the types of github.com/percipia/eslgo/command, of arguments that only this package can make (argument.go);
// the library's connection is not used, because it delivers events out of order and replies to the wrong caller.
//
//	events ─► queue ─► translate ─► Sink             one goroutine, so facts keep their order
//	Do ─► command ─► (what only its reply confirms) ─► queue
//
// A session is one life of the connections (pair.go): connect, subscribe, look at everything (channels, conferences, recordings), report
// EngineUp with it, then translate what has queued up meanwhile and what follows. FreeSWITCH replays nothing that happened while nobody
// listened, so every session starts with a look. A session ends when a connection fails, the heartbeat stops, or the queue overflows;
// EngineDown is reported and the next session begins after a pause with jitter.
//
// # Words
//
// A leg is a channel: the leg's id is the channel's uuid. A leg is always in "park", or in one application with "park" behind it: so it never
// comes to the end of what it is told, which would end the call. A member on hold is out of the mix's bridge or conference and hears music on its
// channel (stay.go). A recording is a recording of the conference, in a file named by the recording's id.
//
// # What a mix is
//
// Two who talk are bridged, which costs FreeSWITCH least; every other mix is a conference (bridge.go, mix.go). A conference is what can be recorded: its recording is of the
// mix, and goes on when one is held, when the agent changes, when a third joins, and has neither hold music nor what somebody says while on hold. A
// recording of a channel has what that channel hears, and ends with it. docs/adr has the figures.
//
// # What an order costs
//
// The event socket reads byte by byte, with two system calls for each, and every event names all of a leg's variables. So orders are short, few, and say nothing that holds
// for every leg: that is set once, as variables of the switch (session.go, everyLeg). Nor is music begun that an agent would end at once (stay.go, inAMoment).
//
// # Traps of FreeSWITCH that shaped the code
//
//   - The listener looks for events every 20 ms, but wakes up for anything that is sent to it: an empty line every 2 ms, which is no command,
//     brings events within a millisecond or two (link.go, nudge).
//   - Whatever an application is given is expanded, and "${system(…)}" runs programs: text from people is made harmless, and goes into variables only
//     (argument.go, harmless.go).
//   - A second "originate" of a living uuid makes another channel with another uuid: legs that a Tandem before us may have dialled are asked for first, all carry
//     their id as a variable, and a channel whose two do not agree is hung up (dial.go).
//   - "originate" parks the leg a moment after the answer, and would undo what the leg was told before: a leg counts as answered once it is parked, too
//     (facts.go).
//   - An order to hang up may overtake the background job that makes the channel: then the channel is hung up as soon as it shows (do.go).
//   - A phone's 302 is followed by default, to itself for ever (session.go, everyLeg).
//   - A transfer is the seventieth at most: then the leg is hung up on (session.go, everyLeg).
//   - A conference's thread that ends hangs up on whoever has not quite left it, wherever they go (session.go, everyLeg).
//   - While a bridge is made, either leg's end and every other order would end both; and an order to a leg whose bridge is ending may be undone (bridge.go).
//   - More new sessions in one second than sessions-per-second fail as DESTINATION_OUT_OF_ORDER: dials are paced (pace.go).
//   - Of two transfers in quick succession the second may get lost: one waits for the other's beginning (stay.go).
//   - A file that is missing gives no event: behind every prompt the leg fires one of our own (play.go).
//   - "*" ends a playback unless playback_terminators says otherwise (session.go, everyLeg).
//   - The listing of channels comes from a table that is filled from events, late, and has none of our variables: it only says which channels to
//     ask (snapshot.go).
//   - A call that arrives goes its own way after two seconds unless it is taken (facts.go, take).
//   - Some refusals say "-ERROR", and some begin with "+OK" (refuse.go).
package esl
