package sim

import "time"

// Span is a range from which a delay is drawn, ends included. Max below Min is Min.
type Span struct {
	Min, Max time.Duration
}

// Quirks are the ways in which switches differ, as seen through their adapters. The zero value is a switch with no delays that reports faithfully; use a profile.
type Quirks struct {
	// EventDelay lies between a happening on the switch and the fact.
	EventDelay Span
	// InviteDelay lies between Dial and the moment at which the phone hears of it.
	InviteDelay Span
	// ConnectDelay lies between Connect and EngineUp.
	ConnectDelay Span
	// RefusesUnreachable refuses a Dial to a phone that is not registered. Without it the dial is accepted and the leg ends at once.
	RefusesUnreachable bool
	// PrefixIDs refuses a Dial whose leg id is a prefix of a living leg's id, or the other way round, whatever the case of the letters.
	PrefixIDs bool
	// DoubledMixFacts is the probability with which MixJoined and MixLeft are told twice.
	DoubledMixFacts float64
	// RingingMixKills ends all talking members when a dialled leg that has not been answered is put into a mix.
	RingingMixKills bool
	// HoldLeavesMix takes a held member out of the mix, so that MixLeft is told on hold and MixJoined on resume.
	HoldLeavesMix bool
	// EmptyMixStays keeps a mix without members, and its recording, until it is dissolved. Without it the mix ends with its last member.
	EmptyMixStays bool
	// HoldKeyMusic plays music to the other one in a mix of two when a phone's hold key is pressed.
	HoldKeyMusic bool
	// PauseWritesSilence writes silence into a paused recording. Without it the pause is cut out.
	PauseWritesSilence bool
	// PauseLost is the probability with which an order to pause is accepted and then nothing comes of it.
	PauseLost float64
	// PlayedOnHangup tells Played for what was playing when the leg ended.
	PlayedOnHangup bool
	// PromptLength is how long prompts last that AddPrompt has not made known; 0 = they are missing.
	PromptLength time.Duration
	// NoResponse is how long an invitation stays without any response before the leg ends as unreachable.
	NoResponse time.Duration
	// MediaTimeout is how long an answered leg whose far end has gone silent lives on.
	MediaTimeout time.Duration
	// PhoneTimeout is how long a phone that is off the network still counts as reachable.
	PhoneTimeout time.Duration
	// ForgetPhones loses the registrations when the switch restarts.
	ForgetPhones bool
	// MaxLegs refuses new legs beyond it; 0 = no limit. Callers beyond it are turned away by the switch itself.
	MaxLegs int
}

// AsteriskLike is what the Asterisk adapter looks like from the rules.
func AsteriskLike() Quirks {
	return Quirks{
		EventDelay:         Span{500 * time.Microsecond, 4 * time.Millisecond},
		InviteDelay:        Span{2 * time.Millisecond, 30 * time.Millisecond},
		ConnectDelay:       Span{5 * time.Millisecond, 40 * time.Millisecond},
		RefusesUnreachable: true,
		PrefixIDs:          true,
		DoubledMixFacts:    0.2,
		HoldLeavesMix:      true,
		EmptyMixStays:      true,
		HoldKeyMusic:       true,
		PlayedOnHangup:     true,
		NoResponse:         32 * time.Second,
		MediaTimeout:       30 * time.Second,
		PhoneTimeout:       60 * time.Second,
	}
}

// FreeSWITCHLike is what the FreeSWITCH adapter looks like from the rules.
func FreeSWITCHLike() Quirks {
	return Quirks{
		EventDelay:         Span{time.Millisecond, 21 * time.Millisecond}, // the event socket polls every 20 ms
		InviteDelay:        Span{2 * time.Millisecond, 30 * time.Millisecond},
		ConnectDelay:       Span{5 * time.Millisecond, 60 * time.Millisecond},
		EmptyMixStays:      true, // as long as it is recorded
		RingingMixKills:    true,
		PauseWritesSilence: true,
		NoResponse:         32 * time.Second,
		MediaTimeout:       30 * time.Second,
		PhoneTimeout:       60 * time.Second,
		ForgetPhones:       true,
	}
}
