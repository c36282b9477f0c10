// Package figures says how well a contact centre does: service level, speed of answer, handling time, occupancy, abandonment (Q10).
//
// Three things are kept apart, so that a figure of last year can be computed again with another threshold or another formula:
//
//   - A [Measure] is a bare fact with a duration: this caller waited so long in that queue and was answered. Measures are made from the timeline, one entry each, and are
//     stored. No threshold and no formula has touched them.
//   - [Counts] sum measures up over a span of time, by the [Thresholds] of the queue. Counts of two spans add up to those of both.
//   - A [Formula] makes one number of counts. It has a name and a version, which are shown with the number: people compare their figures with those of other systems,
//     which count otherwise. A formula is never changed; a better one is a new version.
//
// # What is counted
//
// Each stay of a caller in a queue counts by itself, with the time of that stay: who is transferred to a second queue is a caller of both. A stay ends answered, abandoned (the
// caller gave up), unanswered (the longest wait was over, or the queue was removed) or lost (with its switch). A stay counts when it ends, so that callers who still wait
// are in no figure yet. Transfers to one agent and consults are no stays: nobody stood in line. Should the agent not take the transfer, the caller stands in line from then on, and
// the time of the stay includes the attempt.
//
// An abandoned stay not longer than [Thresholds].ShortAbandon is a short one: somebody dialled the wrong number. Short ones are counted, and in no formula.
//
// Presented = answered + abandoned, but for the short ones, + unanswered. Callers lost with a switch are nobody's failure to answer, and are counted apart.
//
// Handling time is that of agents as the primaries of calls (hold included) and of their wrap-ups, each counted when it ends.
//
// The package is pure: no clock, no I/O, no locks.
package figures
