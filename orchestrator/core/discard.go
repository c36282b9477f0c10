package core

import "cmp"

// Discarding what was recorded (C17). The agent who leads a conversation may throw away what was recorded of the call so far: the recording that runs, what
// broke off before it, and those of its consults. The call is not recorded again, whoever takes it next,
// unless it goes to a queue that does not allow this: what is said there is recorded, and kept.
//
// What is said here is that the recordings must not be kept; [EntryRecordingDiscarded] says it of each, before anything is ordered, and is the audit. The files follow: one that
// is being written is stopped, and whoever archives recordings deletes it instead, at the switch and in the archive. So nothing depends on how far a file has come, and a crash
// at any point leads to the same end.
//
// It takes a queue that allows it. A queue that does not is not got round by passing the call on: what was recorded for it is kept, and with it the file, which is one for the
// whole call.

// keepFor notes that a call is recorded for a queue, from now on. It comes before the recording begins, which it does anew where the queue keeps what is recorded for it.
func (c *call) keepFor(q *queue) {
	t := c.Record
	t.Discarded = t.Discarded && q.DiscardRecordings
	t.Free = q.DiscardRecordings && (t.Free || len(t.Recordings) == 0)
}

func (in DiscardRecordingOf) refuse(s *Shard) *Refusal {
	c, r := s.refuseControlIn(in.Call, in.Agent, Talking, PostCall)
	switch {
	case r != nil:
		return r
	case c.Record.Discarded:
		return refusal(RefusedState, "call", "what was recorded of the call is discarded already")
	case len(c.Record.Recordings) == 0:
		return refusal(RefusedOff, "call", "nothing of the call has been recorded")
	case !c.queue.DiscardRecordings:
		return refusal(RefusedKept, "call", "the queue does not let its agents discard recordings")
	case !c.Record.Free:
		return refusal(RefusedKept, "call", "some of it was recorded for a queue that does not let recordings be discarded")
	}
	return nil
}

func (in DiscardRecordingOf) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	c.Record.Discarded = true
	s.touch(c)
	for _, id := range c.Record.Recordings {
		s.tellCall(c, Entry{Kind: EntryRecordingDiscarded, Agent: in.Agent, Queue: c.Queue, Recording: id, Actor: cmp.Or(in.Actor, "agent:"+string(in.Agent))})
	}
	for r := range c.recordings {
		s.stopWriting(c, r, "discarded")
		r.Why = "discarded" // also of one that is stopping already
	}
}
