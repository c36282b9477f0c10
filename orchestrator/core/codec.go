package core

import (
	"encoding/json"
	"fmt"
)

// EncodeEvent writes an event's body for the journal. Its kind stands beside it: see [Event].
func EncodeEvent(ev Event) ([]byte, error) {
	body, err := json.Marshal(ev)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", ev.Kind(), err)
	}
	return body, nil
}

// DecodeEvent reads what [EncodeEvent] wrote.
func DecodeEvent(kind string, body []byte) (Event, error) {
	read, ok := decoders[kind]
	if !ok {
		return nil, fmt.Errorf("decode event: unknown kind %q", kind)
	}
	ev, err := read(body)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind, err)
	}
	return ev, nil
}

func decoder[E Event]() (string, func([]byte) (Event, error)) {
	var zero E
	return zero.Kind(), func(body []byte) (Event, error) {
		var ev E
		err := json.Unmarshal(body, &ev)
		return ev, err
	}
}

var decoders = func() map[string]func([]byte) (Event, error) {
	all := map[string]func([]byte) (Event, error){}
	add := func(kind string, read func([]byte) (Event, error)) { all[kind] = read }
	add(decoder[Tick]())
	add(decoder[Founded]())
	add(decoder[ConfigChanged]())
	add(decoder[LegAppeared]())
	add(decoder[LegRinging]())
	add(decoder[LegAnswered]())
	add(decoder[LegHungUp]())
	add(decoder[MixJoined]())
	add(decoder[MixLeft]())
	add(decoder[Played]())
	add(decoder[Digit]())
	add(decoder[Held]())
	add(decoder[RecordingStarted]())
	add(decoder[RecordingPaused]())
	add(decoder[RecordingResumed]())
	add(decoder[RecordingStopped]())
	add(decoder[PhoneChanged]())
	add(decoder[Refused]())
	add(decoder[EngineUp]())
	add(decoder[EngineSeen]())
	add(decoder[EngineDown]())
	add(decoder[SetAgentState]())
	add(decoder[DeclineOffer]())
	add(decoder[HoldCall]())
	add(decoder[ResumeCall]())
	add(decoder[MuteAgent]())
	add(decoder[PressDigits]())
	add(decoder[EndCall]())
	add(decoder[TransferCall]())
	add(decoder[StartConsult]())
	add(decoder[EndConsult]())
	add(decoder[ToggleConsult]())
	add(decoder[CompleteTransfer]())
	add(decoder[MergeConsult]())
	add(decoder[LeaveCall]())
	add(decoder[HoldParticipant]())
	add(decoder[DropParticipant]())
	add(decoder[SetVariables]())
	add(decoder[DiscardRecordingOf]())
	add(decoder[PauseRecordingOf]())
	add(decoder[ResumeRecordingOf]())
	add(decoder[FinishWrapUp]())
	add(decoder[ExtendWrapUp]())
	return all
}()

// Marshal writes the shard for a snapshot. The same shard gives the same bytes.
func (s *Shard) Marshal() ([]byte, error) {
	body, err := json.Marshal(&s.st)
	if err != nil {
		return nil, fmt.Errorf("write snapshot of shard %s: %w", s.st.Name, err)
	}
	return body, nil
}

// Restore makes a shard from what [Shard.Marshal] wrote.
func Restore(body []byte) (*Shard, error) {
	s := New("", 0)
	if err := json.Unmarshal(body, &s.st); err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	s.now = s.st.Now
	s.reindex()
	return s, nil
}

// CallOf is the call that an event is about, "" where it names none: for the journal's index.
func (s *Shard) CallOf(ev Event) CallID {
	var l LegID
	switch ev := ev.(type) {
	case LegAppeared:
		l = ev.Leg
	case LegRinging:
		l = ev.Leg
	case LegAnswered:
		l = ev.Leg
	case LegHungUp:
		l = ev.Leg
	case Digit:
		l = ev.Leg
	case Held:
		l = ev.Leg
	case Played:
		l = ev.Leg
	case Refused:
		l = ev.Leg
		switch {
		case ev.Mix != "":
			return s.nameOfMix(ev.Mix)
		case ev.Recording != "":
			return s.ix.recordings[ev.Recording]
		}
	case MixJoined:
		return s.nameOfMix(ev.Mix)
	case MixLeft:
		return s.nameOfMix(ev.Mix)
	case RecordingStarted:
		return s.ix.recordings[ev.Recording]
	case RecordingPaused:
		return s.ix.recordings[ev.Recording]
	case RecordingResumed:
		return s.ix.recordings[ev.Recording]
	case RecordingStopped:
		return s.ix.recordings[ev.Recording]
	case HoldCall:
		return ev.Call
	case ResumeCall:
		return ev.Call
	case MuteAgent:
		return ev.Call
	case PressDigits:
		return ev.Call
	case EndCall:
		return ev.Call
	case TransferCall:
		return ev.Call
	case StartConsult:
		return ev.Call
	case EndConsult:
		return ev.Call
	case ToggleConsult:
		return ev.Call
	case CompleteTransfer:
		return ev.Call
	case MergeConsult:
		return ev.Call
	case LeaveCall:
		return ev.Call
	case HoldParticipant:
		return ev.Call
	case DropParticipant:
		return ev.Call
	case SetVariables:
		return ev.Call
	case DiscardRecordingOf:
		return ev.Call
	case PauseRecordingOf:
		return ev.Call
	case ResumeRecordingOf:
		return ev.Call
	case DeclineOffer:
		return ev.Call
	case FinishWrapUp:
		return ev.Call
	case ExtendWrapUp:
		return ev.Call
	}
	if x := s.st.Legs[l]; x != nil {
		return s.st.Calls[x.Call].public()
	}
	return ""
}

// nameOfMix is the call of a mix, or what the mix is called if there is none.
func (s *Shard) nameOfMix(id MixID) CallID {
	if c := s.callOfMix(id); c != nil {
		return c.ID
	}
	return CallID(id)
}
