package ari

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// TestCauseQ4 is the table of Q4: what a leg's end means, and whose doing it is.
func TestCauseQ4(t *testing.T) {
	phone := func(rang bool, q850, sip int) release {
		return release{dialled: true, phone: true, rang: rang, requested: true, request: q850, destroyed: q850, farSIP: sip, sip: sip}
	}
	for name, c := range map[string]struct {
		in   release
		code core.CauseCode
		by   core.Party
	}{
		"486":                         {phone(true, 17, 486), core.CauseBusy, core.ByThem},
		"600":                         {phone(false, 17, 600), core.CauseBusy, core.ByThem},
		"603":                         {phone(true, 21, 603), core.CauseDeclined, core.ByThem},
		"403":                         {phone(false, 21, 403), core.CauseDeclined, core.ByThem},
		"480 after ringing":           {phone(true, 19, 480), core.CauseNoAnswer, core.ByThem},
		"480 at once":                 {phone(false, 19, 480), core.CauseUnreachable, core.ByThem},
		"408 after ringing":           {phone(true, 18, 408), core.CauseNoAnswer, core.ByThem},
		"408 without a sign":          {phone(false, 18, 408), core.CauseUnreachable, core.ByNetwork},
		"404 of a phone":              {phone(false, 1, 404), core.CauseUnreachable, core.ByThem},
		"404 of a carrier":            {release{dialled: true, destroyed: 1, sip: 404}, core.CauseUnallocated, core.ByThem},
		"302":                         {phone(false, 0, 302), core.CauseRedirected, core.ByThem},
		"503":                         {phone(false, 34, 503), core.CauseCongestion, core.ByNetwork},
		"488":                         {phone(false, 58, 488), core.CauseRejected, core.ByThem},
		"limit after ringing":         {release{dialled: true, phone: true, rang: true, requested: true, request: 32, destroyed: 19, sip: 480}, core.CauseNoAnswer, core.ByUs},
		"limit without a sign":        {release{dialled: true, phone: true, requested: true, request: 32, destroyed: 19, sip: 480}, core.CauseUnreachable, core.ByNetwork},
		"limit of one order":          {release{dialled: true, phone: true, rang: true, destroyed: 19, sip: 480}, core.CauseNoAnswer, core.ByUs},
		"limit, without a sign":       {release{dialled: true, phone: true, destroyed: 19, sip: 480}, core.CauseUnreachable, core.ByNetwork},
		"302 that is followed":        {release{dialled: true, phone: true}, core.CauseRedirected, core.ByThem},
		"Asterisk is stopped":         {release{dialled: true, phone: true, rang: true, requested: true, shutdown: true, request: 16}, core.CauseEngine, core.ByNetwork},
		"Asterisk stopped in a talk":  {release{answered: true, requested: true, shutdown: true, request: 16}, core.CauseEngine, core.ByNetwork},
		"we stop it":                  {release{dialled: true, rang: true, asked: core.CauseNormal, requested: true, request: 32, destroyed: 16}, core.CauseCancelled, core.ByUs},
		"we stop it, as not answered": {release{dialled: true, rang: true, asked: core.CauseNoAnswer, requested: true, request: 32, destroyed: 19, sip: 480}, core.CauseNoAnswer, core.ByUs},
		"another phone took it":       {release{dialled: true, rang: true, asked: core.CauseAnsweredElsewhere, requested: true, request: 32, destroyed: 26}, core.CauseAnsweredElsewhere, core.ByUs},
		"busy crosses our cancel":     {release{dialled: true, rang: true, asked: core.CauseAnsweredElsewhere, requested: true, request: 17, destroyed: 17, farSIP: 486, sip: 486}, core.CauseBusy, core.ByThem},
		"487 of our cancel":           {release{dialled: true, rang: true, asked: core.CauseNormal, requested: true, request: 32, farSIP: 487, sip: 487}, core.CauseCancelled, core.ByUs},
		"we hang up":                  {release{dialled: true, rang: true, answered: true, asked: core.CauseNormal, requested: true, request: 32, destroyed: 16}, core.CauseNormal, core.ByUs},
		"the phone hangs up":          {release{dialled: true, answered: true, requested: true, request: 16}, core.CauseNormal, core.ByThem},
		"the caller hangs up":         {release{answered: true, requested: true, request: 16}, core.CauseNormal, core.ByThem},
		"the caller gives up":         {release{requested: true, request: 127}, core.CauseNormal, core.ByThem},
		"no more RTP":                 {release{answered: true, requested: true, request: 44, destroyed: 44}, core.CauseNetwork, core.ByNetwork},
		"network out of order":        {release{answered: true, destroyed: 38}, core.CauseNetwork, core.ByNetwork},
		"temporary failure":           {release{answered: true, destroyed: 41}, core.CauseNetwork, core.ByNetwork},
		"it just ends":                {release{answered: true}, core.CauseNormal, core.ByIndeterminate},
		"busy without SIP":            {release{dialled: true, destroyed: 17}, core.CauseBusy, core.ByThem},
		"absent":                      {release{dialled: true, destroyed: 20}, core.CauseUnreachable, core.ByNetwork},
		"no circuit":                  {release{dialled: true, destroyed: 34}, core.CauseCongestion, core.ByNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.in.cause()
			assert.Equal(t, c.code, got.Code)
			assert.Equal(t, c.by, got.By)
			assert.NotEqual(t, q850Restart, got.Q850, "32 is Asterisk's mark, not a cause")
		})
	}
}

// TestReasonCode: every cause of the core is told to the far end as some Q.850 value.
func TestReasonCode(t *testing.T) {
	for code, want := range map[core.CauseCode]int{
		core.CauseBusy: 17, core.CauseDeclined: 21, core.CauseRejected: 21, core.CauseCongestion: 34, core.CauseAnsweredElsewhere: 26,
		core.CauseUnallocated: 1, core.CauseNoAnswer: 19, core.CauseNormal: 16, core.CauseCancelled: 16, "": 16, "new": 16,
	} {
		assert.Equal(t, want, reasonCode(code), "%q", code)
	}
}
