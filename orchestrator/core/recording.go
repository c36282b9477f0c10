package core

import (
	"cmp"
	"slices"
	"time"
)

// Recording (C15). What the agent sees is what the switch has confirmed. A pause that somebody asked for and that is not confirmed in time fails closed: the
// recording is stopped, because audio that must not be kept may be on its way into it.
//
// A call has one recording of the conversation with its customer. What is said in a consult is never in it; where the queue says so, each consult has
// a recording of its own, from its answer to its end, which nobody can pause. What was recorded of a call can be discarded as a whole: see discard.go.

const (
	startConfirm  = 5 * time.Second
	startTries    = 3
	pauseConfirm  = 2 * time.Second
	stopConfirm   = 5 * time.Second
	stopTries     = 10 // then the file is taken for complete: archiving verifies it
	maxRecordings = 3  // that may break off in one call before we give up recording it
)

// startRecording begins a recording of the conversation, unless there is one.
func (s *Shard) startRecording(c *call) {
	if c.Recording == nil && c.Failures < maxRecordings && !c.Record.Discarded {
		c.Recording = s.beginRecording(c, MixID(c.ID), false)
	}
}

// recordConsult begins a recording of a consult that was answered, if its queue wants one.
func (s *Shard) recordConsult(c *call) {
	if c.queue == nil || !c.queue.RecordConsults || c.Failures >= maxRecordings {
		return
	}
	if c.keepFor(c.queue); c.Record.Discarded {
		return
	}
	x := c.extra()
	x.Asides = append(x.Asides, s.beginRecording(c, x.SideID, true))
}

// beginRecording begins a recording of one of the call's mixes.
func (s *Shard) beginRecording(c *call, mix MixID, consult bool) *recording {
	r := &recording{
		ID: RecordingID(s.newID()), Mix: mix, Consult: consult, State: RecordingStarting, Agent: c.Primary, Confirm: s.now.Add(startConfirm), Tries: 1,
	}
	c.Record.Recordings = append(c.Record.Recordings, r.ID)
	s.ix.recordings[r.ID] = c.ID
	s.touch(c)
	s.do(c, nil, StartRecording{Recording: r.ID, Mix: r.Mix})
	return r
}

// recordings goes over the recordings that are being written, the customer's first.
func (c *call) recordings(yield func(*recording) bool) {
	if c.Recording != nil && !yield(c.Recording) || c.More == nil {
		return
	}
	for _, r := range slices.Clone(c.More.Asides) { // ending one takes it out
		if !yield(r) {
			return
		}
	}
}

// isRecorded reports whether anything of the call is being written.
func (c *call) isRecorded() bool {
	return c.Recording != nil || c.More != nil && len(c.More.Asides) > 0
}

// recordTalk sees to the recording when an agent has taken the call: one file for the whole call, over every transfer.
func (s *Shard) recordTalk(c *call) {
	r := c.Recording
	if c.queue.Record {
		c.keepFor(c.queue)
	}
	switch {
	case !c.queue.Record:
		s.stopRecording(c, "complete")
	case r == nil:
		s.startRecording(c)
	case r.State == RecordingStopping:
		r.Again = true
		s.touch(c)
	case r.Rest:
		r.Rest = false
		s.touch(c)
		if r.State == RecordingPausing || r.State == RecordingOff {
			s.resumeRecording(c, "")
			r.Rested = !r.Told
		}
	}
}

// recordSuccessor sees to the recording when an agent who was in the conversation leads it from here on. A pause was theirs who has left, and so is what has come of one that
// was not confirmed.
func (s *Shard) recordSuccessor(c *call) {
	r := c.Recording
	switch {
	case c.Phase != Talking || !c.queue.Record:
	case r == nil:
		s.startRecording(c)
	case r.State == RecordingStopping:
		r.Again = true
		s.touch(c)
	case r.State == RecordingPausing || r.State == RecordingOff:
		s.resumeRecording(c, "")
	}
}

// restRecording writes nothing while the customer is back in a queue: nobody talks with them. A pause of the agent who has left becomes such a rest, for it
// was theirs; the next agent's conversation is recorded.
func (s *Shard) restRecording(c *call) {
	r := c.Recording
	if r == nil || r.State == RecordingStopping || r.Rest {
		return
	}
	r.Rest, r.ResumeAt = true, 0
	s.touch(c)
	if r.State == RecordingOn {
		s.pauseToRest(c, r)
	}
}

// pauseToRest pauses a recording that nobody has asked to pause.
func (s *Shard) pauseToRest(c *call, r *recording) {
	r.State, r.Why, r.Confirm, r.Tries = RecordingPausing, "", s.now.Add(pauseConfirm), 1
	s.touch(c)
	s.do(c, nil, PauseRecording{Recording: r.ID})
}

// stopRecording completes the recording of a call's conversation, if there is one.
func (s *Shard) stopRecording(c *call, why string) {
	if c.Recording != nil {
		s.stopWriting(c, c.Recording, why)
	}
}

// stopRecordingConsult completes the recording of a call's consult, if there is one.
func (s *Shard) stopRecordingConsult(c *call) {
	for _, r := range c.More.Asides {
		s.stopWriting(c, r, "complete")
	}
}

func (s *Shard) stopWriting(c *call, r *recording, why string) {
	if r.State == RecordingStopping {
		return
	}
	r.State, r.Why, r.Confirm, r.ResumeAt, r.Tries = RecordingStopping, why, s.now.Add(stopConfirm), 0, 1
	s.touch(c)
	s.do(c, nil, StopRecording{Recording: r.ID})
}

func (s *Shard) recordingOf(id RecordingID) (*call, *recording) {
	c := s.st.Calls[s.ix.recordings[id]]
	if c == nil {
		return nil, nil
	}
	for r := range c.recordings {
		if r.ID == id {
			return c, r
		}
	}
	return nil, nil
}

func (s *Shard) recordingStarted(id RecordingID) {
	c, r := s.recordingOf(id)
	if r == nil {
		s.odd("recording_unknown")
		s.beganLate(id)
		return
	}
	if r.State != RecordingStarting {
		return
	}
	r.State, r.StartedAt, r.Confirm = RecordingOn, s.now, 0
	s.touch(c)
	s.tellCall(c, Entry{Kind: EntryRecordingStarted, Agent: r.Agent, Queue: c.Queue, Recording: id, Text: r.of()})
	if r.Rest { // the customer was sent back to a queue meanwhile
		s.pauseToRest(c, r)
	}
}

// beganLate stops a recording that had been given up when the switch began it. A switch that is too slow to answer in time may say that there is nothing to stop, and begin after
// that. Its end is told again: what was archived, or erased, before its file was there has to be looked for once more.
func (s *Shard) beganLate(id RecordingID) {
	c := s.st.Calls[s.ix.recordings[id]]
	if c == nil {
		return // its mix is gone, and what is written ends with that
	}
	x := c.extra()
	i := slices.IndexFunc(x.Missed, func(r *recording) bool { return r.ID == id })
	if i < 0 {
		return
	}
	r := x.Missed[i]
	x.Missed = slices.Delete(x.Missed, i, i+1)
	x.Asides = append(x.Asides, r)
	r.State, r.StartedAt, r.Late = RecordingOn, s.now, true
	s.stopWriting(c, r, cmp.Or(r.Why, "complete"))
}

func (s *Shard) recordingPaused(id RecordingID) {
	c, r := s.recordingOf(id)
	if r == nil || r.State != RecordingPausing {
		return
	}
	r.State, r.Confirm = RecordingOff, 0
	s.touch(c)
	if r.Why == "" {
		return // nobody has paused anything
	}
	if q := c.queue; q.PauseLimit > 0 && !r.Rest {
		r.ResumeAt = s.now.Add(q.PauseLimit)
	}
	r.Told = true
	s.tellCall(c, Entry{Kind: EntryRecordingPaused, Agent: c.Primary, Recording: id, Actor: r.Why})
}

func (s *Shard) recordingResumed(id RecordingID) {
	c, r := s.recordingOf(id)
	if r == nil || r.State != RecordingResuming {
		return
	}
	r.State, r.Confirm = RecordingOn, 0
	s.touch(c)
	if !r.Rested { // somebody had paused it
		s.tellCall(c, Entry{Kind: EntryRecordingResumed, Agent: c.Primary, Recording: id, Actor: r.Why})
	}
	r.Rested, r.Told = false, false
	if r.Rest {
		s.pauseToRest(c, r)
	}
}

func (s *Shard) recordingStopped(f RecordingStopped) {
	c, r := s.recordingOf(f.Recording)
	if r == nil {
		return
	}
	s.endRecording(c, r, f.OK, f.Length)
}

// endRecording lets go of a recording that is being written no longer, and begins another where the conversation, or the consult, should still be recorded.
func (s *Shard) endRecording(c *call, r *recording, ok bool, length time.Duration) {
	asked := r.State == RecordingStopping
	paused := r.State == RecordingPausing || r.State == RecordingOff
	reason := r.Why
	switch {
	case r.Late:
		reason = "late"
	case !asked:
		reason = "broke_off"
		s.alert("recording_broke_off", Entry{Tenant: c.Tenant, Call: c.ID, Agent: c.Primary, Recording: r.ID})
	case !ok && reason == "complete":
		reason = "failed"
	}
	if r.Consult || r.Late {
		c.More.Asides = slices.DeleteFunc(c.More.Asides, func(x *recording) bool { return x == r })
	} else {
		c.Recording = nil
	}
	if r.StartedAt.IsZero() {
		x := c.extra()
		x.Missed = append(x.Missed, r) // the switch may begin it yet
	} else {
		delete(s.ix.recordings, r.ID)
	}
	s.touch(c)
	s.tellCall(c, Entry{Kind: EntryRecordingStopped, Agent: r.Agent, Queue: c.Queue, Recording: r.ID, Reason: reason, Text: r.of(), Duration: length})
	if r.Late {
		return // what should be recorded is, without it
	}
	if !asked {
		c.Failures++
	}
	if r.Consult {
		if k := c.consult(); !asked && k != nil && k.Answered {
			s.recordConsult(c)
		}
		return
	}
	// What broke off while it was paused does not begin again: the agent counts on nothing being written.
	if q := c.queue; c.Phase == Talking && q.Record && !paused && (r.Again || reason != "pause_unconfirmed") {
		s.startRecording(c)
	}
}

// failClosed stops a recording whose pause the switch did not confirm, and says so.
func (s *Shard) failClosed(c *call) {
	if r := c.Recording; r.Why == "" { // nobody speaks of secrets; whatever the switch does, it is asked to resume before anybody talks again
		r.State, r.Confirm = RecordingOff, 0
		s.touch(c)
		return
	}
	s.alert("pause_unconfirmed", Entry{Tenant: c.Tenant, Call: c.ID, Agent: c.Primary, Recording: c.Recording.ID})
	s.stopRecording(c, "pause_unconfirmed")
}

// expireRecordings fires the deadlines of the call's recordings.
func (s *Shard) expireRecordings(c *call) {
	for r := range c.recordings {
		s.expireRecording(c, r)
	}
}

func (s *Shard) expireRecording(c *call, r *recording) {
	if s.due(r.ResumeAt) {
		r.ResumeAt = 0
		s.resumeRecording(c, "")
		return
	}
	if !s.due(r.Confirm) {
		return
	}
	r.Tries++
	switch r.State {
	case RecordingStarting:
		if r.Tries > startTries {
			s.endRecording(c, r, false, 0)
			return
		}
		r.Confirm = s.now.Add(startConfirm)
		s.do(c, nil, StartRecording{Recording: r.ID, Mix: r.Mix})
	case RecordingPausing:
		s.failClosed(c)
	case RecordingResuming:
		if r.Tries == startTries {
			s.alert("resume_unconfirmed", Entry{Tenant: c.Tenant, Call: c.ID, Agent: c.Primary, Recording: r.ID})
		}
		r.Confirm = s.now.Add(startConfirm)
		s.do(c, nil, ResumeRecording{Recording: r.ID})
	case RecordingStopping:
		if r.Tries > stopTries {
			s.repair("recording_end_missed", Entry{Tenant: c.Tenant, Call: c.ID, Recording: r.ID})
			s.endRecording(c, r, true, 0)
			return
		}
		r.Confirm = s.now.Add(stopConfirm)
		s.do(c, nil, StopRecording{Recording: r.ID})
	case RecordingOn, RecordingOff:
		r.Confirm = 0
	}
}

// recordingRefused deals with a recording order that was not accepted.
func (s *Shard) recordingRefused(f Refused) {
	c, r := s.recordingOf(f.Recording)
	if r == nil {
		return
	}
	gone := f.Why == WhyUnknown || f.Why == WhyState
	switch {
	case r.State == RecordingStarting && (f.Why == WhyInvalid || f.Why == WhyState):
		s.endRecording(c, r, false, 0)
	case r.State == RecordingPausing && f.Action == "pause_recording":
		s.failClosed(c)
	case (r.State == RecordingStopping || r.State == RecordingResuming || r.State == RecordingOff) && gone:
		s.endRecording(c, r, true, 0)
	case r.State == RecordingOn && f.Action == "start_recording" && gone:
		s.endRecording(c, r, true, 0) // asked whether it still runs, after a gap: it ended meanwhile
	}
	// Anything else is asked again when its confirmation is overdue.
}

// recordAgain asks for the recordings as they should be, after a gap in which the switch was out of sight.
func (s *Shard) recordAgain(c *call) {
	for r := range c.recordings {
		s.writeAgain(c, r)
	}
}

func (s *Shard) writeAgain(c *call, r *recording) {
	if r.State == RecordingPausing && r.Why != "" && s.due(r.Confirm) {
		s.failClosed(c) // paused now, it would still have what was said meanwhile
		return
	}
	if !r.Confirm.IsZero() {
		r.Confirm = s.now.Add(startConfirm)
	}
	switch r.State {
	case RecordingStarting, RecordingOn:
		s.do(c, nil, StartRecording{Recording: r.ID, Mix: r.Mix})
	case RecordingPausing, RecordingOff:
		s.do(c, nil, PauseRecording{Recording: r.ID})
	case RecordingResuming:
		s.do(c, nil, ResumeRecording{Recording: r.ID})
	case RecordingStopping:
		s.do(c, nil, StopRecording{Recording: r.ID})
	}
}

func (s *Shard) resumeRecording(c *call, actor string) {
	r := c.Recording
	r.State, r.Why, r.Confirm, r.ResumeAt, r.Tries = RecordingResuming, actor, s.now.Add(startConfirm), 0, 1
	s.touch(c)
	s.do(c, nil, ResumeRecording{Recording: r.ID})
}

// refuseRecordingIn is what pause and resume ask first: the agent leads the conversation, nobody else is in it, and its recording is in a state, which is called so.
func (s *Shard) refuseRecordingIn(id CallID, agent AgentID, state RecordingState, called string) *Refusal {
	c, r := s.refuseControl(id, agent)
	switch {
	case r != nil:
		return r
	case c.Recording == nil:
		return refusal(RefusedOff, "call", "the call is not being recorded")
	case c.consult() != nil || len(c.party()) > 0:
		return refusal(RefusedState, "call", "a recording cannot be paused or resumed in a consult or a conference")
	case c.Recording.State != state:
		return refusal(RefusedState, "call", "the recording is "+string(c.Recording.State)+", not "+called)
	}
	return nil
}

func (in PauseRecordingOf) refuse(s *Shard) *Refusal {
	return s.refuseRecordingIn(in.Call, in.Agent, RecordingOn, "on")
}

func (in PauseRecordingOf) apply(s *Shard) {
	c := s.st.Calls[in.Call]
	r := c.Recording
	r.State, r.Why, r.Confirm, r.Tries = RecordingPausing, cmp.Or(in.Actor, string(in.Agent)), s.now.Add(pauseConfirm), 1
	s.touch(c)
	s.do(c, nil, PauseRecording{Recording: r.ID})
}

func (in ResumeRecordingOf) refuse(s *Shard) *Refusal {
	return s.refuseRecordingIn(in.Call, in.Agent, RecordingOff, "paused")
}

func (in ResumeRecordingOf) apply(s *Shard) {
	s.resumeRecording(s.st.Calls[in.Call], in.Actor)
}
