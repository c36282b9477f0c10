// Package lines keeps the desk phones and trunks of switches as they are set up (docs/adr/0011).
//
// A switch reads phones and trunks from files in a directory of its own, which Tandem writes. So they are there when Tandem is not, and after a restart of the switch. A
// [Writer] looks after one switch: whenever something has changed, when the switch has come (back), and on a slow beat it compares the files with what they should be,
// writes those that differ, and has the switch read them. What somebody has damaged or removed is mended with the next beat.
//
// The files are complete at any moment (written beside, then renamed), so that a switch that starts just then reads the old or the new.
//
// A [Guard] counts wrong passwords by the address they come from, and says from which addresses a switch should accept nothing for a while. [FollowLog] reads them for it from the
// log of a switch that reports them nowhere else.
package lines
