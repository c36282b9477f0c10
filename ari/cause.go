package ari

import (
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// Q.850 values that Asterisk uses and that have a meaning of their own here.
const (
	q850Unallocated      = 1
	q850Normal           = 16
	q850Busy             = 17
	q850NoResponse       = 18
	q850NoAnswer         = 19
	q850Absent           = 20
	q850Rejected         = 21
	q850Elsewhere        = 26
	q850OutOfOrder       = 27
	q850InvalidNumber    = 28
	q850NormalUnspec     = 31
	q850NoCircuit        = 34
	q850NetworkOut       = 38
	q850TemporaryFailure = 41
	q850SwitchCongestion = 42
	q850NoChannel        = 44
	q850Restart          = 32 // not Q.850's meaning: Asterisk's mark for "asked to hang up by ourselves"
)

// softShutdown is the "cause" of a ChannelHangupRequest with which Asterisk ends every channel when it is stopped in good order. Where "soft" is set, this
// field is no Q.850 value but a flag of Asterisk's own, of which 4 is AST_SOFTHANGUP_SHUTDOWN.
const softShutdown = 4

// release is all that is known about the end of a leg when it is gone.
type release struct {
	dialled   bool
	phone     bool // dialled, and to a desk phone rather than over a trunk
	rang      bool
	answered  bool
	asked     core.CauseCode // with which we asked for the end; "" = we did not
	shutdown  bool           // Asterisk is being stopped
	requested bool           // ChannelHangupRequest was seen
	request   int            // its cause
	destroyed int            // cause of ChannelDestroyed
	farSIP    int            // tech_cause of ChannelHangupRequest: the far end's response
	sip       int            // tech_cause of ChannelDestroyed: the far end's, or what Asterisk made of our own reason_code
}

// cause derives the normalised cause.
//
// Who brought it about is nowhere in ARI: a ChannelHangupRequest comes for our own DELETE (cause 32) as well as for the
// far end's BYE (cause 16, and ChannelDestroyed then says 0). We know whether we asked; so a request that we did not make is the far end's.
// The cause is the first value of ChannelDestroyed and ChannelHangupRequest that is neither 0 nor 32.
func (r release) cause() core.Cause {
	q850 := r.destroyed
	if q850 == 0 || q850 == q850Restart {
		q850 = r.request
	}
	if q850 == q850Restart {
		q850 = 0
	}
	if r.asked == "" && r.request != q850Restart && (r.requested || r.answered || !r.dialled) { // a far end's refusal is announced; what comes unannounced is Asterisk giving up at the dial's limit
		r.farSIP = defaultTo(r.farSIP, r.sip)
	}
	c := core.Cause{Q850: q850, SIP: r.farSIP}
	switch {
	case r.dialled && !r.answered && r.farSIP >= 300 && r.farSIP != 487:
		// The far end's final response, even if our CANCEL crossed it on the way: the phone was busy or declined, and
		// that is what happened.
		c.Code, c.By = adapter.CauseOfSIP(r.farSIP, r.rang, r.phone)
	case r.asked != "":
		c.Code, c.By = adapter.OwnCause(r.asked, r.dialled, r.answered), core.ByUs
	case r.shutdown:
		c.Code, c.By = core.CauseEngine, core.ByNetwork
	case r.dialled && !r.answered:
		c.Code, c.By = unansweredByQ850(q850, r)
	default:
		c.Code, c.By = endedByQ850(q850, r)
	}
	return c
}

// unansweredByQ850 reads the end of a leg that we dialled, that was not answered, and of which there is no SIP status.
func unansweredByQ850(q850 int, r release) (core.CauseCode, core.Party) {
	switch q850 {
	case 0:
		// A redirection that Asterisk began to follow, and that the dialplan has turned away. It leaves no other trace.
		return core.CauseRedirected, core.ByThem
	case q850Busy:
		return core.CauseBusy, core.ByThem
	case q850NoAnswer:
		// Asterisk gave up at the dial's limit. A phone that has not even said that it rings is not there.
		if !r.rang {
			return core.CauseUnreachable, core.ByNetwork
		}
		return core.CauseNoAnswer, core.ByUs
	case q850Rejected:
		return core.CauseDeclined, core.ByThem
	case q850NoResponse:
		if r.rang {
			return core.CauseNoAnswer, core.ByThem
		}
		return core.CauseUnreachable, core.ByNetwork
	case q850Absent, q850OutOfOrder:
		return core.CauseUnreachable, core.ByNetwork
	case q850Unallocated, q850InvalidNumber:
		if r.phone {
			return core.CauseUnreachable, core.ByThem
		}
		return core.CauseUnallocated, core.ByThem
	case q850Elsewhere:
		return core.CauseAnsweredElsewhere, core.ByIndeterminate
	case q850NoCircuit, q850SwitchCongestion:
		return core.CauseCongestion, core.ByNetwork
	case q850NetworkOut, q850TemporaryFailure, q850NoChannel:
		return core.CauseUnreachable, core.ByNetwork
	}
	return core.CauseUnknown, core.ByIndeterminate
}

// endedByQ850 reads the end of a leg that arrived, or that had been answered.
func endedByQ850(q850 int, r release) (core.CauseCode, core.Party) {
	switch q850 {
	case q850NetworkOut, q850TemporaryFailure, q850NoChannel, q850OutOfOrder, q850NoResponse:
		// 44 is what the RTP timeout sets.
		return core.CauseNetwork, core.ByNetwork
	case q850NoCircuit, q850SwitchCongestion:
		return core.CauseCongestion, core.ByNetwork
	case q850Elsewhere:
		return core.CauseAnsweredElsewhere, core.ByThem
	case 0, q850Normal, q850NormalUnspec:
		if r.requested || !r.answered {
			return core.CauseNormal, core.ByThem
		}
		return core.CauseNormal, core.ByIndeterminate
	}
	if r.requested || !r.answered {
		return core.CauseNormal, core.ByThem
	}
	return core.CauseUnknown, core.ByIndeterminate
}

// reasonCode is the Q.850 value for DELETE /channels, by which the phone or carrier is told why. Asterisk turns it into
// the SIP status of an unanswered leg that arrived (17 → 486, 21 → 403, 34 → 503, 1 → 404, 19 → 480) and into a Reason header
// on CANCEL and BYE; for 26 that also says "Call completed elsewhere", so that the phone lists no missed call.
func reasonCode(code core.CauseCode) int {
	switch code {
	case core.CauseBusy:
		return q850Busy
	case core.CauseNoAnswer:
		return q850NoAnswer
	case core.CauseDeclined, core.CauseRejected:
		return q850Rejected
	case core.CauseUnreachable:
		return q850Absent
	case core.CauseAnsweredElsewhere:
		return q850Elsewhere
	case core.CauseCongestion, core.CauseEngine:
		return q850NoCircuit
	case core.CauseUnallocated:
		return q850Unallocated
	case core.CauseNetwork:
		return q850TemporaryFailure
	case core.CauseNormal, core.CauseCancelled, core.CauseRedirected, core.CauseUnknown:
		return q850Normal
	}
	return q850Normal
}
