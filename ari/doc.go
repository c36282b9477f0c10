// Package ari drives Asterisk (22 and later) through its REST interface, as an [engine.Engine].
//
// # How it is put together
//
// A [Engine] keeps two kinds of connection to one Asterisk: a websocket for events, read by one goroutine into a bounded queue, and a
// pool of HTTP connections for orders. The types and the event decoding are those of github.com/CyCoreSystems/ari/v6; its transport is
// not used, because it drops events silently when a reader is slow, hides status codes and has no timeouts.
//
//	websocket ─► queue ─► translate ─► Sink          one goroutine, so facts keep their order
//	Do ─► REST ─► (what only REST confirms) ─► queue
//
// A session is one life of the websocket: connect, narrow the event filter, let calls come by saying that we are there, look at everything
// (channels, bridges, recordings), report EngineUp with it, then translate what has queued up meanwhile and what follows. Asterisk
// replays nothing that happened while nobody listened, so every session starts with a look. A session ends when the websocket fails, a
// ping is not answered, the queue overflows, or another program takes over the application; EngineDown is reported and the next
// session begins after a pause with jitter.
//
// # Words
//
// A leg is a channel: the leg's id is the channel's id. A mix is a mixing bridge with the mix's id. A recording is a recording of the
// bridge, named by the recording's id. A member on hold is out of the bridge and hears music on its channel.
//
// # Traps of Asterisk that shaped the code
//
//   - A channel id must not be a prefix of another's: ids of dialled legs are UUIDs, and Dial refuses anything shorter (dial.go).
//   - 409 from POST /channels may be a lie, because errno sticks to Asterisk's HTTP thread: only a look at the channel tells (dial.go).
//   - A channel of POST /channels enters the application only when it is answered, and is hung up on if Tandem is away just then: legs are
//     dialled into the dialplan, which waits for Tandem, and their answer is told when they are in the application (dial.go, facts.go).
//   - A playback that waits behind another one is lost without an event when its channel leaves the bridge: prompts wait here (play.go).
//   - A dissolved bridge lives on, half dead, while a prompt plays to one of its channels (mix.go, bridgeID).
//   - While res_ari is not loaded yet, every path answers 404 with an HTML body. Only a 404 with ARI's JSON body means "no such" (rest.go).
//   - addChannel with a channel that is in the bridge already takes it out and puts it in again, audibly: only what is missing is added (mix.go).
//   - Our own hang-up shows cause 32 in ChannelHangupRequest, a remote one cause 0 in ChannelDestroyed; the SIP status is in tech_cause,
//     which the library does not know (cause.go, event.go).
//   - A far end's BYE is told by ChannelHangupRequest without "soft", and by ChannelDestroyed only when the channel has been taken apart: the former ends an
//     answered leg here, and what comes between the two is not told (facts.go, table.leaving).
//   - The application's own subscription to a channel ends before the channel does, and to a bridge when the last channel leaves it: the
//     events that matter most would be missed, so the websocket is subscribed to everything (session.go).
//   - A recording ends by itself when the last channel leaves the bridge, so members are added before others are removed (mix.go).
//   - Asterisk may go on believing in a client that is gone: the dialplan hands calls over only for seconds after we last said that we are there (presence.go).
//   - A second client of the same application takes it over, and the first hears one event about it and then nothing for ever (session.go).
package ari
