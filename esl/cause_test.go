package esl

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// TestCauseQ4 is the table of Q4: what a leg's end means, and whose doing it is.
func TestCauseQ4(t *testing.T) {
	phone := func(rang bool, name string, sip int) release {
		return release{dialled: true, phone: true, rang: rang, name: name, sip: sip, how: "recv_refuse"}
	}
	for name, c := range map[string]struct {
		in   release
		code core.CauseCode
		by   core.Party
	}{
		"486":                         {phone(true, "USER_BUSY", 486), core.CauseBusy, core.ByThem},
		"600":                         {phone(false, "BUSY_EVERYWHERE", 600), core.CauseBusy, core.ByThem},
		"603":                         {phone(true, "CALL_REJECTED", 603), core.CauseDeclined, core.ByThem},
		"403":                         {phone(false, "CALL_REJECTED", 403), core.CauseDeclined, core.ByThem},
		"480 after ringing":           {phone(true, "NO_USER_RESPONSE", 480), core.CauseNoAnswer, core.ByThem},
		"480 at once":                 {phone(false, "NO_USER_RESPONSE", 480), core.CauseUnreachable, core.ByThem},
		"408 after ringing":           {phone(true, "RECOVERY_ON_TIMER_EXPIRE", 408), core.CauseNoAnswer, core.ByThem},
		"408 without a sign":          {phone(false, "RECOVERY_ON_TIMER_EXPIRE", 408), core.CauseUnreachable, core.ByNetwork},
		"404 of a phone":              {phone(false, "UNALLOCATED_NUMBER", 404), core.CauseUnreachable, core.ByThem},
		"404 of a carrier":            {release{dialled: true, name: "UNALLOCATED_NUMBER", sip: 404}, core.CauseUnallocated, core.ByThem},
		"302":                         {phone(false, "REQUESTED_CHAN_UNAVAIL", 302), core.CauseRedirected, core.ByThem},
		"503":                         {phone(false, "NORMAL_TEMPORARY_FAILURE", 503), core.CauseCongestion, core.ByNetwork},
		"488":                         {phone(false, "INCOMPATIBLE_DESTINATION", 488), core.CauseRejected, core.ByThem},
		"limit after ringing":         {release{dialled: true, phone: true, rang: true, name: "NO_ANSWER", how: "send_cancel"}, core.CauseNoAnswer, core.ByUs},
		"limit without a sign":        {release{dialled: true, phone: true, name: "NO_ANSWER", how: "send_cancel"}, core.CauseUnreachable, core.ByNetwork},
		"not registered":              {release{dialled: true, phone: true, name: "USER_NOT_REGISTERED"}, core.CauseUnreachable, core.ByNetwork},
		"no such phone":               {release{dialled: true, phone: true, name: "SUBSCRIBER_ABSENT"}, core.CauseUnreachable, core.ByNetwork},
		"the switch's own limit":      {release{dialled: true, phone: true, name: "DESTINATION_OUT_OF_ORDER"}, core.CauseCongestion, core.ByNetwork},
		"the carrier is down":         {release{dialled: true, name: "GATEWAY_DOWN"}, core.CauseUnreachable, core.ByNetwork},
		"the switch is stopped":       {release{dialled: true, phone: true, rang: true, name: "SYSTEM_SHUTDOWN"}, core.CauseEngine, core.ByNetwork},
		"stopped in a talk":           {release{answered: true, name: "SYSTEM_SHUTDOWN", how: "send_bye"}, core.CauseEngine, core.ByNetwork},
		"we stop it":                  {release{dialled: true, rang: true, asked: core.CauseNormal, name: "NORMAL_CLEARING", how: "send_cancel"}, core.CauseCancelled, core.ByUs},
		"we stop it, as not answered": {release{dialled: true, rang: true, asked: core.CauseNoAnswer, name: "NO_ANSWER"}, core.CauseNoAnswer, core.ByUs},
		"another phone took it":       {release{dialled: true, rang: true, asked: core.CauseAnsweredElsewhere, name: "LOSE_RACE"}, core.CauseAnsweredElsewhere, core.ByUs},
		"busy crosses our cancel":     {release{dialled: true, rang: true, asked: core.CauseAnsweredElsewhere, name: "LOSE_RACE", sip: 486}, core.CauseBusy, core.ByThem},
		"487 of our cancel":           {release{dialled: true, rang: true, asked: core.CauseNormal, sip: 487}, core.CauseCancelled, core.ByUs},
		"we hang up":                  {release{dialled: true, rang: true, answered: true, asked: core.CauseNormal, name: "NORMAL_CLEARING", how: "send_bye"}, core.CauseNormal, core.ByUs},
		"the phone hangs up":          {release{dialled: true, answered: true, name: "NORMAL_CLEARING", how: "recv_bye"}, core.CauseNormal, core.ByThem},
		"the caller hangs up":         {release{answered: true, name: "NORMAL_CLEARING", how: "recv_bye"}, core.CauseNormal, core.ByThem},
		"the caller gives up":         {release{name: "ORIGINATOR_CANCEL", how: "recv_cancel"}, core.CauseNormal, core.ByThem},
		"an odd cause in their BYE":   {release{answered: true, name: "DESTINATION_OUT_OF_ORDER", how: "recv_bye"}, core.CauseNormal, core.ByThem},
		"no more RTP":                 {release{answered: true, name: "MEDIA_TIMEOUT", how: "send_bye"}, core.CauseNetwork, core.ByNetwork},
		"it just ends":                {release{answered: true, name: "NORMAL_CLEARING", how: "send_bye"}, core.CauseNormal, core.ByIndeterminate},
		"a cause that nobody knows":   {release{answered: true, name: "CRASH"}, core.CauseUnknown, core.ByIndeterminate},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.in.cause()
			assert.Equal(t, c.code, got.Code)
			assert.Equal(t, c.by, got.By)
		})
	}
}

// TestCauseNames: every cause of the core can be told to the switch.
func TestCauseNames(t *testing.T) {
	for _, code := range []core.CauseCode{
		core.CauseNormal, core.CauseBusy, core.CauseNoAnswer, core.CauseDeclined, core.CauseUnreachable, core.CauseCancelled, core.CauseAnsweredElsewhere,
		core.CauseCongestion, core.CauseUnallocated, core.CauseRejected, core.CauseRedirected, core.CauseNetwork, core.CauseEngine, core.CauseUnknown, "",
	} {
		assert.NoError(t, causeArg(causeName(code)).err, code)
	}
	assert.Equal(t, "LOSE_RACE", causeName(core.CauseAnsweredElsewhere), "by which sofia says: completed elsewhere")
}

// TestAnsweredElsewhere: phones read SIP's way of saying it, switches and carriers Q.850's.
func TestAnsweredElsewhere(t *testing.T) {
	assert.Equal(t, "LOSE_RACE", killArg(core.CauseAnsweredElsewhere, true).text)
	assert.Equal(t, "26", killArg(core.CauseAnsweredElsewhere, false).text)
	assert.Equal(t, "USER_BUSY", killArg(core.CauseBusy, false).text)
}
