package enginetest

import (
	"testing"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// Patience is how long anything that should happen is waited for before a test fails.
const Patience = 10 * time.Second

// World is a switch with the people around it. Its methods fail the test that they are given when they cannot do what they say.
type World interface {
	// Engine gives an engine for the switch that is not running: another one with every call, or the same one if it can be run again.
	Engine() engine.Engine
	// Number is a called number whose calls reach the engine.
	Number() string
	// Prompt names a prompt that the switch has, between 0.3 and 10 seconds long; the shorter, the sooner the tests are done.
	Prompt() string
	// MediaTimeout is how long an answered phone may be silent before the switch takes it for lost; 0 = the switch never does.
	MediaTimeout() time.Duration
	// NewCaller makes somebody who can call Number. They are gone when the test ends.
	NewCaller(tb testing.TB, from, name string) Caller
	// NewPhone makes a desk phone and registers it under user, which is one of "1001" to "1012". It is gone when the test ends.
	NewPhone(tb testing.TB, user string) Phone
	// NewOutsider makes a phone beyond the trunk.
	NewOutsider(tb testing.TB) Phone
	// Disconnect cuts the connection between engine and switch, and keeps it from coming back.
	Disconnect(tb testing.TB)
	// Reconnect lets the connection come back.
	Reconnect(tb testing.TB)
	// Restart makes the switch lose everything, and returns when it is back and can reach the phones that were registered.
	Restart(tb testing.TB)
	// Recording gives a finished recording as a WAV file.
	Recording(tb testing.TB, id core.RecordingID) []byte
	// Leftovers lists what is on the switch now (legs, mixes, recordings being written), in words.
	Leftovers(tb testing.TB) []string
}

// Party is somebody at the far end of a leg. Everybody says a tone of their own all the time while a call is answered.
type Party interface {
	// Name is for messages.
	Name() string
	// Tone is the frequency of what the party says, in Hz.
	Tone() float64
	// Hears waits until the party hears exactly that.
	Hears(tb testing.TB, want Sound)
	// KeptHearing fails if the party stopped hearing another one, since then, for longer than a listener would notice.
	KeptHearing(tb testing.TB, who Party, since time.Time)
	// Press sends DTMF digits.
	Press(tb testing.TB, digits string)
	// GotDigits waits until exactly these digits have been received in the present call.
	GotDigits(tb testing.TB, want string)
	// HangUp ends the call, or gives it up if it is not answered.
	HangUp(tb testing.TB)
	// Vanish drops the party off the network without a word.
	Vanish(tb testing.TB)
	// Ended waits for the end of the present call as the party sees it.
	Ended(tb testing.TB) Ending
}

// Caller is somebody outside who calls.
type Caller interface {
	Party
	// Dial calls a number; it does not wait for an answer.
	Dial(tb testing.TB, number string)
	// HearsRinging waits until the caller is told that it rings.
	HearsRinging(tb testing.TB)
	// Answered waits until the call is answered.
	Answered(tb testing.TB)
}

// Phone is a desk phone, or a phone beyond the trunk.
type Phone interface {
	Party
	// Address is how the phone is dialled.
	Address() core.Address
	// React sets what the phone does with calls by itself. Without it a phone rings until it is told to do something else.
	React(tb testing.TB, r Reaction)
	// RedirectTo makes the phone send calls on to another phone (302).
	RedirectTo(tb testing.TB, other Phone)
	// Rings waits until the phone rings for a call, and tells what it shows.
	Rings(tb testing.TB) Shown
	// Invitations is how many calls have been offered to the phone so far.
	Invitations(tb testing.TB) int
	// Answer takes the ringing call and waits until it stands.
	Answer(tb testing.TB)
	// Talking waits until a call stands that the phone took by itself.
	Talking(tb testing.TB)
	// Decline turns the ringing call down (603).
	Decline(tb testing.TB)
	// Busy turns the ringing call down as busy (486).
	Busy(tb testing.TB)
	// Hold presses the hold key (on), or takes the call back.
	Hold(tb testing.TB, on bool)
	// Unregister makes the phone unreachable in good order.
	Unregister(tb testing.TB)
}

// Reaction is what a phone does with calls by itself.
type Reaction int

// The reactions.
const (
	RingOn              Reaction = iota // ring
	AnswerAtOnce                        // answer
	DeclineAtOnce                       // 603 without ringing
	BusyAtOnce                          // 486 without ringing
	UnavailableAtOnce                   // 480 without ringing
	NotAcceptableAtOnce                 // 488 without ringing: no common codec, say
	StaySilent                          // no response at all
)

// Shown is what a ringing phone shows of the caller.
type Shown struct {
	Number, Name string
}

// Ending is how a party's call ended, as the party sees it.
type Ending struct {
	Status    int  // final SIP response of a call that was refused; 487 for one given up; 0 = it had been answered
	ByParty   bool // the party ended it
	Elsewhere bool // a phone stopped ringing because another one took the call
}

// Sound is what somebody hears. The zero value is silence.
type Sound struct {
	Of    []Party // whose tones
	Other bool    // anything else: music, a prompt
}

// Silence is hearing nothing.
func Silence() Sound { return Sound{} }

// Music is hearing hold music, or a prompt: something, and nobody's tone.
func Music() Sound { return Sound{Other: true} }

// Voices is hearing exactly these parties.
func Voices(of ...Party) Sound { return Sound{Of: of} }

// String tells the sound in words.
func (s Sound) String() string {
	text := ""
	for _, p := range s.Of {
		if text != "" {
			text += " and "
		}
		text += p.Name()
	}
	switch {
	case text == "" && s.Other:
		return "music"
	case text == "":
		return "silence"
	case s.Other:
		return text + " and music"
	}
	return text
}
