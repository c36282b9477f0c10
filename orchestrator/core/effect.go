package core

import "time"

// Effect is one order to a switch. It changes nothing by itself: what comes of it is told by facts, or by [Refused].
type Effect struct {
	ID     EffectID `json:"id"`
	Engine EngineID `json:"engine"`
	Call   CallID   `json:"call"`
	// Lane keeps order: effects of one lane are carried out one after another, lanes run side by side. The customer's leg, the
	// call's mix and its recording share the call's lane; every agent leg has its own.
	Lane string `json:"lane"`
	Do   Action `json:"do"`
}

// Action is what an effect asks for. Every action may be repeated without harm; [Play] and [SendDigits] are carried out once per
// effect id.
type Action interface {
	// Name is the action's stable name.
	Name() string
}

// Actions.
type (
	// Ring lets an arrived leg hear ringing without answering it.
	Ring struct {
		Leg LegID `json:"leg"`
	}
	// Answer answers an arrived leg. LegAnswered follows.
	Answer struct {
		Leg LegID `json:"leg"`
	}
	// Dial makes a leg with the given id and calls To. LegRinging, LegAnswered or LegHungUp follow.
	Dial struct {
		Leg        LegID         `json:"leg"`
		To         Address       `json:"to"`
		For        LegID         `json:"for,omitempty"` // the leg that it is meant to talk with, for codecs
		FromNumber string        `json:"from_number"`   // shown on the phone: untrusted text
		FromName   string        `json:"from_name"`     // shown on the phone: untrusted text
		AutoAnswer bool          `json:"auto_answer,omitempty"`
		Limit      time.Duration `json:"limit"` // the switch gives up by itself after this; a safety net behind the core's own deadline
	}
	// Hang ends a leg, answered or not. LegHungUp follows.
	Hang struct {
		Leg   LegID     `json:"leg"`
		Cause CauseCode `json:"cause"` // told to the phone: busy, congestion, answered elsewhere …
	}
	// SetMix declares who hears whom. The adapter brings about exactly this set: absent legs leave, listed ones join with their mode.
	// No members dissolves the mix. A leg is in one mix at most: the last SetMix that names it wins.
	SetMix struct {
		Mix     MixID    `json:"mix"`
		Members []Member `json:"members"`
		// Recorded: it is, or will be when they talk. An engine that has several ways of mixing takes one that can be recorded at once.
		Recorded bool `json:"recorded,omitempty"`
	}
	// Play plays media to a leg once, in place of hold music if there is any. Played follows.
	Play struct {
		Leg   LegID    `json:"leg"`
		Play  PlayID   `json:"play"`
		Media []string `json:"media"` // names of prompts, one after another
	}
	// Stop ends a playing. Played follows.
	Stop struct {
		Leg  LegID  `json:"leg"`
		Play PlayID `json:"play"`
	}
	// StartRecording writes what is heard in a mix to a file named by the recording's id. RecordingStarted follows. Asked again while the
	// recording runs, it is accepted and RecordingStarted follows again: so we ask, after a gap, whether it still runs. Where the file is
	// complete already it is refused with WhyState.
	StartRecording struct {
		Recording RecordingID `json:"recording"`
		Mix       MixID       `json:"mix"`
	}
	// PauseRecording writes nothing until resumed. RecordingPaused follows, or Refused; WhyUnknown if no such recording runs. Asked again
	// while paused, RecordingPaused follows again. The same holds for the two below.
	PauseRecording struct {
		Recording RecordingID `json:"recording"`
	}
	// ResumeRecording writes again. RecordingResumed follows, or Refused.
	ResumeRecording struct {
		Recording RecordingID `json:"recording"`
	}
	// StopRecording completes the file. RecordingStopped follows.
	StopRecording struct {
		Recording RecordingID `json:"recording"`
	}
	// SendDigits plays DTMF to the leg's far end.
	SendDigits struct {
		Leg    LegID  `json:"leg"`
		Digits string `json:"digits"` // 0-9 * # A-D
	}
)

// Refused is the fact that the effect was not accepted: about the leg, mix or recording that the effect is about. text is for people.
func (e Effect) Refused(why Why, text string) Refused {
	f := Refused{Effect: e.ID, Action: e.Do.Name(), Why: why, Text: text}
	switch do := e.Do.(type) {
	case Ring:
		f.Leg = do.Leg
	case Answer:
		f.Leg = do.Leg
	case Dial:
		f.Leg = do.Leg
	case Hang:
		f.Leg = do.Leg
	case SetMix:
		f.Mix = do.Mix
	case Play:
		f.Leg = do.Leg
	case Stop:
		f.Leg = do.Leg
	case StartRecording:
		f.Recording, f.Mix = do.Recording, do.Mix
	case PauseRecording:
		f.Recording = do.Recording
	case ResumeRecording:
		f.Recording = do.Recording
	case StopRecording:
		f.Recording = do.Recording
	case SendDigits:
		f.Leg = do.Leg
	}
	return f
}

// Address is where a dialled leg goes: a desk phone, or a number over a trunk.
type Address struct {
	Phone  string   `json:"phone,omitempty"`  // user part of a desk phone's registration
	Switch EngineID `json:"switch,omitempty"` // where the phone registers, if that is not the leg's own: it is reached over the trunk between the two
	Trunk  string   `json:"trunk,omitempty"`  // name of a trunk, with Number
	Number string   `json:"number,omitempty"` // E.164 with +
}

// Member is one leg of a mix with its mode.
type Member struct {
	Leg   LegID  `json:"leg"`
	Mode  Mode   `json:"mode"`
	Music string `json:"music,omitempty"` // music class heard while Hold; "" = the default class
}

// Mode says what a member hears and who hears it.
type Mode string

// The modes of a member.
const (
	Talk Mode = "talk" // hears every member that Talks, and is heard
	Mute Mode = "mute" // hears, is not heard
	Hold Mode = "hold" // hears music, is not heard
)

// Name implements [Action].
func (Ring) Name() string { return "ring" }

// Name implements [Action].
func (Answer) Name() string { return "answer" }

// Name implements [Action].
func (Dial) Name() string { return "dial" }

// Name implements [Action].
func (Hang) Name() string { return "hang" }

// Name implements [Action].
func (SetMix) Name() string { return "set_mix" }

// Name implements [Action].
func (Play) Name() string { return "play" }

// Name implements [Action].
func (Stop) Name() string { return "stop" }

// Name implements [Action].
func (StartRecording) Name() string { return "start_recording" }

// Name implements [Action].
func (PauseRecording) Name() string { return "pause_recording" }

// Name implements [Action].
func (ResumeRecording) Name() string { return "resume_recording" }

// Name implements [Action].
func (StopRecording) Name() string { return "stop_recording" }

// Name implements [Action].
func (SendDigits) Name() string { return "send_digits" }
