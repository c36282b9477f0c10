// Package freeswitch is the one copy of the FreeSWITCH configuration that Tandem drives: the demo, the tests and a container run from it.
//
// etc/ holds ordinary FreeSWITCH files, the same on every machine, to be read and changed by people who know FreeSWITCH. What differs
// from one instance to the next (addresses, ports, passwords, phones, trunks) is in small files under etc/site/ that the
// ordinary ones include; those are made from the templates in site/ by [Site.Write].
//
// Beside configuration, an instance needs sounds: the apology for callers who find Tandem away and the hold music are the same as
// Asterisk's, under the same names.
//
// # How a call gets to Tandem
//
// The dialplan parks it, unanswered, with the variables [VarFrom], [VarTrunk] and [VarPhone], and with an end of its patience: a
// scheduled transfer to the fallback, [ClaimSeconds] away. Over the event socket a switch cannot tell whether anybody listens,
// so a call that nobody takes is a call that finds Tandem away. Tandem takes it with two commands, as soon as it hears of it:
//
//	uuid_setvar <uuid> tandem_taken true
//	sched_del <uuid>
//
// "+OK Deleted: 1" says that the call is Tandem's; "Deleted: 0" says that the switch was faster. The variable closes the gap between
// the two, and tells a call that was taken from one that still waits after Tandem has come back. A call that went the way of the
// fallback has no [VarFrom] any more.
package freeswitch

import "embed"

//go:embed etc site lines
var files embed.FS
