// Package loop is the shell around the rules: it decides, makes durable, and only then acts. One goroutine is the one
// writer of one shard; everything else here exists to keep that goroutine fed, honest and never waiting for a switch.
//
//	engines ──facts──┐                                              ┌──► lanes ──effects──► engines
//	API, jobs ─intents┼─► inbox ─► turn: step each event, in memory ─┤
//	clock ────ticks──┘            then journal.Append, durable      ├──► view and feed, for readers
//	                               and only then ───────────────────┴──► answers to intents
//
// # A turn
//
// A turn takes a bounded batch from the inbox, gives each event to the rules, and appends all of the batch in one
// transaction. While the append is under way nothing else is stepped: what arrives meanwhile becomes the next batch, so a slow
// database makes batches larger instead of turns more frequent. Nothing of the batch is visible to anyone before the append has
// returned: no answer, no effect, no view. An append that fails because the database is away is repeated, the same rows, until it
// succeeds or another owner is found; calls go on at the switch meanwhile and facts wait in the inbox.
//
// # Ownership
//
// The right to write is a lease with an epoch, and the log itself is the fence: a sequence number can be taken once. The right
// to act is narrower. A switch has no fence, so effects are only carried out within a window that the owner can vouch for by
// its own monotonic clock: from the moment it sent the last successful renewal, the lease's time less a margin
// ([Config.LeaseMargin]). Outside of it effects wait; a late renewal of the same epoch lets them go on, the loss of the lease drops
// them (see window.go and lease.go).
//
// A period of ownership is a term (term.go). It begins with recovery: newest snapshot, the rows behind it stepped again with their
// effects thrown away, the view published; then the engines are run, and what each says of itself ([core.EngineUp]) lets the rules put
// right whatever was missed, effects that had been committed and not carried out included. It ends by stopping, or by
// losing the lease, with every goroutine gone.
//
// # When the rules panic
//
// The event that did it is journalled, so that it cannot be lost, and at once taken out into quarantine. The half-changed shard is
// thrown away and made again from snapshot and tail, which gives the state from just before. The legs of the event's call are hung
// up at the switch directly, so that the ordinary LegHungUp facts, or the next look at the switch, let the rules release the call and its
// agent in the ordinary way. A kind of event that keeps panicking for the same call is set aside unstepped, and a
// panicking tick is put off for longer each time (quarantine.go).
package loop
