// Package softphone is a SIP phone that a program plays: it registers, calls, is called, reacts as it is told, talks, and
// above all listens. Tests and the demo use it as the real desk phones and the real callers around a real switch.
//
// # Who hears whom
//
// Every phone says a [Voice], usually a tone of its own from [Tone]; every call has an [Ear] that tells at any moment which of the known tones arrive, how
// loud, whether anything else is to be heard (hold music, a prompt), or nothing at all. "The customer hears the agent and nobody
// else" is then one line, proved by audio and not by what a switch claims about its bridges:
//
//	err := customer.Hears(ctx, softphone.Tone(agent))
//
// The tones are multiples of 50 Hz, so that a packet of 20 ms holds whole periods: a mixer that drops or repeats a packet
// leaves no jump in the phase, and a phone's voice is one constant packet.
//
// # Nothing sleeps
//
// Whatever happens to a phone is an [Event] in a [Log], in the order in which it happened. [Log.Await] and [Cursor.Await] see past and future
// events alike, so a test neither sleeps nor misses what came too early. An event is in the log before the message that it tells of leaves the phone: whoever
// has seen the far side's reaction finds the cause in the log. What was heard is recorded as well: [Ear.LongestWithout] tells after the
// fact whether a conversation ever broke off between two moments.
//
// # Determinism
//
// One goroutine per phone reads its socket and handles messages strictly in the order in which they arrived; everything that
// depends on that order (a CANCEL and the Reason it carries, a BYE close behind an ACK) is therefore as the wire had it. This
// is why the transactions and dialogs are written here, on the message parser of github.com/emiago/sipgo: its transaction layer gives
// each message to a goroutine of its own, answers 100 on its own account after 200 ms (a phone that never responds could not be played), and keeps its timers in
// globals. On the media side the codecs of github.com/emiago/diago do the work: RFC 4733 digits, G.711 and WAV.
//
// Retransmissions run in the goroutine that wants the answer; [Phone.Close] ends and awaits all of them. A silent phone costs one blocked goroutine and
// one socket, so a hundred fit into a test; [Config.SignallingOnly] also saves the packets of the calls.
//
// The phone is a test instrument. It has no NAT traversal, and it should be bound to the loopback interface. TLS ([Config.TLS]) and SRTP ([Config.Encryption]) are for tests of a switch that
// wants them; a key that a far side shows in its certificate is checked as crypto/tls does.
package softphone
