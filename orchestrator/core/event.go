package core

import "time"

// Event is the only thing that changes a shard, and the only thing that is journalled: a [Fact], an accepted [Intent], a
// [ConfigChanged], a [Tick] or [Founded].
type Event interface {
	// Kind is the event's stable name in the journal.
	Kind() string
}

// Fact is what a switch says has happened. Facts may be late, doubled or missing; no fact, however odd, is fatal.
type Fact interface {
	Event
	fact()
}

// Intent is what a person or a job asks for. It is journalled only once [Shard.Accepts] has found nothing against it.
type Intent interface {
	Event
	// Head is the part that every intent has.
	Head() Command
	refuse(s *Shard) *Refusal
	apply(s *Shard)
}

// Tick tells the shard that time has passed. The host sends it when [Shard.Due] is reached.
type Tick struct {
	// Spare are the deadlines at which the rules have panicked: they are not fired now, nor for a minute, so that all others can be.
	Spare []Deadline `json:"spare,omitempty"`
}

// Kind implements [Event].
func (Tick) Kind() string { return "tick" }

// Founded begins a log, and each time that somebody comes to own it: it brings the seed from which the shard's identifiers are derived from there on. It is drawn at
// random, so that no two installations, and no two lives of one whose database was lost, or has lost its end (a backup that was restored, a power cut), make the same identifiers: legs and
// recordings at the switch, and those in the archive, are named by them.
type Founded struct {
	Seed uint64 `json:"seed"`
}

// Kind implements [Event].
func (Founded) Kind() string { return "founded" }

// Facts.
type (
	// LegAppeared: a new leg is on the switch that we did not dial. It waits, unanswered, for what the rules decide.
	LegAppeared struct {
		Engine EngineID `json:"engine"`
		Leg    LegID    `json:"leg"`
		From   string   `json:"from"` // caller's number as the switch gave it: untrusted text, "" = withheld
		Name   string   `json:"name"` // caller's name: untrusted text
		To     string   `json:"to"`   // called number: untrusted text
	}
	// LegRinging: the far end of a leg that we dialled is ringing.
	LegRinging struct {
		Leg LegID `json:"leg"`
	}
	// LegAnswered: media can flow on the leg.
	LegAnswered struct {
		Leg LegID `json:"leg"`
	}
	// LegHungUp: the leg is gone. Exactly once, and the last fact of its leg.
	LegHungUp struct {
		Leg   LegID `json:"leg"`
		Cause Cause `json:"cause"`
	}
	// MixJoined: the leg now hears the mix's members and is heard by them, as far as its mode allows.
	MixJoined struct {
		Mix MixID `json:"mix"`
		Leg LegID `json:"leg"`
	}
	// MixLeft: the leg is in the mix no longer.
	MixLeft struct {
		Mix MixID `json:"mix"`
		Leg LegID `json:"leg"`
	}
	// Played: a playing came to its end, or could not be played.
	Played struct {
		Leg  LegID  `json:"leg"`
		Play PlayID `json:"play"`
		OK   bool   `json:"ok"`
	}
	// Digit: the leg's party pressed a key.
	Digit struct {
		Leg   LegID  `json:"leg"`
		Digit string `json:"digit"` // one of 0-9 * # A-D
	}
	// Held: the phone's own hold key was pressed (true) or released.
	Held struct {
		Leg LegID `json:"leg"`
		On  bool  `json:"on"`
	}
	// RecordingStarted: audio is being written.
	RecordingStarted struct {
		Recording RecordingID `json:"recording"`
	}
	// RecordingPaused: the switch confirmed that nothing is being written.
	RecordingPaused struct {
		Recording RecordingID `json:"recording"`
	}
	// RecordingResumed: the switch confirmed that audio is being written again.
	RecordingResumed struct {
		Recording RecordingID `json:"recording"`
	}
	// RecordingStopped: the file is complete, or (OK false) there is none or it is cut short.
	RecordingStopped struct {
		Recording RecordingID   `json:"recording"`
		OK        bool          `json:"ok"`
		Length    time.Duration `json:"length,omitempty"` // of the audio; 0 = the switch does not say
		Why       string        `json:"why,omitempty"`
	}
	// PhoneChanged: a desk phone can be reached now, or no longer.
	PhoneChanged struct {
		Engine    EngineID `json:"engine"`
		Phone     string   `json:"phone"` // the user part under which it registers
		Reachable bool     `json:"reachable"`
	}
	// Refused: an effect was not accepted by the switch, or its deadline passed. Unknown says that the
	// switch has no such leg, mix or recording, so that it can be taken for gone.
	Refused struct {
		Effect    EffectID    `json:"effect"`
		Action    string      `json:"action"` // the refused action's Name
		Leg       LegID       `json:"leg,omitempty"`
		Mix       MixID       `json:"mix,omitempty"`
		Recording RecordingID `json:"recording,omitempty"`
		Why       Why         `json:"why"`
		Text      string      `json:"text,omitempty"` // for people; never decided upon
	}
	// EngineUp: the switch is connected, and this is all that is on it. Restarted says that it has lost everything
	// from before. Facts that follow are newer than the snapshot, though some may repeat what it says.
	EngineUp struct {
		Engine    EngineID `json:"engine"`
		Restarted bool     `json:"restarted,omitempty"`
		Snapshot  Snapshot `json:"snapshot"`
		// Spare are the calls at which the rules have panicked when this was told to them before: they are left out, as by [Tick].
		Spare []Deadline `json:"spare,omitempty"`
	}
	// EngineSeen: a look at the switch on the slow beat, while connected. It may be a little older than the facts around it.
	EngineSeen struct {
		Engine   EngineID `json:"engine"`
		Snapshot Snapshot `json:"snapshot"`
	}
	// EngineDown: the connection is lost. Legs live on, unseen and unheard, until EngineUp.
	EngineDown struct {
		Engine EngineID `json:"engine"`
	}
)

// Why says for what reason an effect was refused.
type Why string

// The reasons.
const (
	WhyUnknown     Why = "unknown"     // no such leg, mix or recording at the switch
	WhyUnreachable Why = "unreachable" // the dialled phone cannot be reached
	WhyTimeout     Why = "timeout"     // the switch did not say in time: it may or may not have happened
	WhyDown        Why = "down"        // not connected
	WhyState       Why = "state"       // the leg or mix is in no state for it
	WhyLimit       Why = "limit"       // the switch is at a limit; later it may do
	WhyInvalid     Why = "invalid"     // the switch will never accept it
	WhyFailed      Why = "failed"      // anything else
)

// Snapshot lists what is on a switch, with the variables by which we know our own.
type Snapshot struct {
	Legs       []SeenLeg       `json:"legs,omitempty"`       // sorted by id
	Mixes      []SeenMix       `json:"mixes,omitempty"`      // sorted by id
	Recordings []SeenRecording `json:"recordings,omitempty"` // those being written; sorted by id
}

// SeenLeg is a leg as found on the switch.
type SeenLeg struct {
	Leg     LegID  `json:"leg"`
	Ours    bool   `json:"ours"` // dialled by a Tandem, not arrived
	Call    CallID `json:"call,omitempty"`
	Up      bool   `json:"up"` // answered
	Ringing bool   `json:"ringing,omitempty"`
	From    string `json:"from,omitempty"` // of arrived legs
	Name    string `json:"name,omitempty"`
	To      string `json:"to,omitempty"`
}

// SeenMix is a mix as found on the switch.
type SeenMix struct {
	Mix  MixID   `json:"mix"`
	Legs []LegID `json:"legs,omitempty"` // sorted
}

// SeenRecording is a recording as found on the switch.
type SeenRecording struct {
	Recording RecordingID `json:"recording"`
	Paused    bool        `json:"paused,omitempty"`
}

// Kind implements [Event].
func (LegAppeared) Kind() string { return "leg.appeared" }

// Kind implements [Event].
func (LegRinging) Kind() string { return "leg.ringing" }

// Kind implements [Event].
func (LegAnswered) Kind() string { return "leg.answered" }

// Kind implements [Event].
func (LegHungUp) Kind() string { return "leg.hungup" }

// Kind implements [Event].
func (MixJoined) Kind() string { return "mix.joined" }

// Kind implements [Event].
func (MixLeft) Kind() string { return "mix.left" }

// Kind implements [Event].
func (Played) Kind() string { return "played" }

// Kind implements [Event].
func (Digit) Kind() string { return "digit" }

// Kind implements [Event].
func (Held) Kind() string { return "held" }

// Kind implements [Event].
func (RecordingStarted) Kind() string { return "recording.started" }

// Kind implements [Event].
func (RecordingPaused) Kind() string { return "recording.paused" }

// Kind implements [Event].
func (RecordingResumed) Kind() string { return "recording.resumed" }

// Kind implements [Event].
func (RecordingStopped) Kind() string { return "recording.stopped" }

// Kind implements [Event].
func (PhoneChanged) Kind() string { return "phone.changed" }

// Kind implements [Event].
func (Refused) Kind() string { return "refused" }

// Kind implements [Event].
func (EngineUp) Kind() string { return "engine.up" }

// Kind implements [Event].
func (EngineSeen) Kind() string { return "engine.seen" }

// Kind implements [Event].
func (EngineDown) Kind() string { return "engine.down" }

func (LegAppeared) fact()      {}
func (LegRinging) fact()       {}
func (LegAnswered) fact()      {}
func (LegHungUp) fact()        {}
func (MixJoined) fact()        {}
func (MixLeft) fact()          {}
func (Played) fact()           {}
func (Digit) fact()            {}
func (Held) fact()             {}
func (RecordingStarted) fact() {}
func (RecordingPaused) fact()  {}
func (RecordingResumed) fact() {}
func (RecordingStopped) fact() {}
func (PhoneChanged) fact()     {}
func (Refused) fact()          {}
func (EngineUp) fact()         {}
func (EngineSeen) fact()       {}
func (EngineDown) fact()       {}
