package core

import "time"

type index struct{}

// New makes an empty shard. The name and the seed make its identifiers unique; two shards must not share a seed.
func New(name string, seed uint64) *Shard { return &Shard{} }

// Step applies one event at the time now and returns what is to be done. The outcome is the caller's to keep.
func (s *Shard) Step(now time.Time, ev Event) Outcome { return Outcome{} }

// Accepts says whether an intent would be accepted now; nil is yes. Only accepted intents are journalled and stepped.
func (s *Shard) Accepts(now time.Time, in Intent) *Refusal { return nil }

// Done reports whether a command has been carried out already.
func (s *Shard) Done(id CommandID) bool { return false }

// Due is the time of the earliest deadline, if there is one.
func (s *Shard) Due() (time.Time, bool) { return time.Time{}, false }

// TakeChanges returns what has been touched since it was last called.
func (s *Shard) TakeChanges() Changes { return Changes{} }

// Call gives a reader's view of a call.
func (s *Shard) Call(id CallID) (CallView, bool) { return CallView{}, false }

// Agent gives a reader's view of an agent.
func (s *Shard) Agent(id AgentID) (AgentView, bool) { return AgentView{}, false }

// Queue gives a reader's view of a queue.
func (s *Shard) Queue(id QueueID) (QueueView, bool) { return QueueView{}, false }

// Engine gives a reader's view of a switch.
func (s *Shard) Engine(id EngineID) (EngineView, bool) { return EngineView{}, false }

// Repairs counts what reconciliation had to mend, by reason, since the shard was made.
func (s *Shard) Repairs() map[string]uint64 { return nil }

// Odd counts impossible facts, by reason, since the shard was made.
func (s *Shard) Odd() map[string]uint64 { return nil }

// Steps is the number of events applied so far.
func (s *Shard) Steps() uint64 { return 0 }

// Explain says why nobody is ringing for a waiting call (Q9).
func (s *Shard) Explain(now time.Time, id CallID) (Explanation, bool) { return Explanation{}, false }

// Check returns every invariant that does not hold, in words. It changes nothing.
func (s *Shard) Check() []string { return nil }

// Marshal writes the shard for a snapshot.
func (s *Shard) Marshal() ([]byte, error) { return nil, nil }

// Restore makes a shard from what Marshal wrote.
func Restore(body []byte) (*Shard, error) { return nil, nil }

// EncodeEvent writes an event's body for the journal; its kind is ev.Kind().
func EncodeEvent(ev Event) ([]byte, error) { return nil, nil }

// DecodeEvent reads what EncodeEvent wrote.
func DecodeEvent(kind string, body []byte) (Event, error) { return nil, nil }

func (SetAgentState) refuse(*Shard, time.Time) *Refusal     { return nil }
func (DeclineOffer) refuse(*Shard, time.Time) *Refusal      { return nil }
func (HoldCall) refuse(*Shard, time.Time) *Refusal          { return nil }
func (ResumeCall) refuse(*Shard, time.Time) *Refusal        { return nil }
func (MuteAgent) refuse(*Shard, time.Time) *Refusal         { return nil }
func (PressDigits) refuse(*Shard, time.Time) *Refusal       { return nil }
func (EndCall) refuse(*Shard, time.Time) *Refusal           { return nil }
func (TransferToQueue) refuse(*Shard, time.Time) *Refusal   { return nil }
func (PauseRecordingOf) refuse(*Shard, time.Time) *Refusal  { return nil }
func (ResumeRecordingOf) refuse(*Shard, time.Time) *Refusal { return nil }
func (FinishWrapUp) refuse(*Shard, time.Time) *Refusal      { return nil }
func (ExtendWrapUp) refuse(*Shard, time.Time) *Refusal      { return nil }

func (SetAgentState) apply(*Shard, time.Time)     {}
func (DeclineOffer) apply(*Shard, time.Time)      {}
func (HoldCall) apply(*Shard, time.Time)          {}
func (ResumeCall) apply(*Shard, time.Time)        {}
func (MuteAgent) apply(*Shard, time.Time)         {}
func (PressDigits) apply(*Shard, time.Time)       {}
func (EndCall) apply(*Shard, time.Time)           {}
func (TransferToQueue) apply(*Shard, time.Time)   {}
func (PauseRecordingOf) apply(*Shard, time.Time)  {}
func (ResumeRecordingOf) apply(*Shard, time.Time) {}
func (FinishWrapUp) apply(*Shard, time.Time)      {}
func (ExtendWrapUp) apply(*Shard, time.Time)      {}
