package esl

import (
	"strconv"
	"strings"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// release is all that is known about the end of a leg when it is gone.
type release struct {
	dialled  bool
	phone    bool // dialled, and to a desk phone rather than over a trunk
	rang     bool
	answered bool
	asked    core.CauseCode // with which we asked for the end; "" = we did not
	name     string         // FreeSWITCH's cause: "NORMAL_CLEARING"
	q850     int
	sip      int    // final response of a far end that we dialled
	how      string // sip_hangup_disposition: who said it, and with which request
}

// releaseOf reads CHANNEL_HANGUP_COMPLETE.
func releaseOf(l *leg, ev event) release {
	r := release{
		dialled: l.ours, phone: l.phone, rang: l.rang, answered: l.picked, asked: l.asked,
		name: ev.get("Hangup-Cause"), how: ev.variable("sip_hangup_disposition"),
	}
	if n, err := strconv.Atoi(ev.variable("hangup_cause_q850")); err == nil && n > 0 && n < 128 {
		r.q850 = n
	}
	// A redirect that is not followed has the second only.
	status := defaultTo(ev.variable("sip_term_status"), strings.TrimPrefix(ev.variable("proto_specific_hangup_cause"), "sip:"))
	if n, err := strconv.Atoi(status); err == nil && n >= 300 && n < 700 {
		r.sip = n
	}
	return r
}

// cause derives the normalised cause. FreeSWITCH knows who brought it about: the far end received or sent the request that ended the leg.
func (r release) cause() core.Cause {
	c := core.Cause{Q850: r.q850}
	if r.dialled {
		c.SIP = r.sip
	}
	switch {
	case r.dialled && !r.answered && r.sip >= 300 && r.sip != 487:
		// The far end's final response, even if our CANCEL crossed it on the way: the phone was busy or declined, and that is what happened.
		c.Code, c.By = adapter.CauseOfSIP(r.sip, r.rang, r.phone)
	case r.asked != "":
		c.Code, c.By = adapter.OwnCause(r.asked, r.dialled, r.answered), core.ByUs
	case r.name == "SYSTEM_SHUTDOWN" || r.name == "MANAGER_REQUEST":
		c.Code, c.By = core.CauseEngine, core.ByNetwork
	case r.dialled && !r.answered:
		c.Code, c.By = r.unanswered()
	default:
		c.Code, c.By = r.ended()
	}
	return c
}

// unanswered reads the end of a leg that we dialled, that was not answered, and of which there is no SIP status: it never got as far, or the
// switch gave up.
func (r release) unanswered() (core.CauseCode, core.Party) {
	switch r.name {
	case "USER_BUSY":
		return core.CauseBusy, core.ByThem
	case "NO_ANSWER", "ALLOTTED_TIMEOUT", "PROGRESS_TIMEOUT", "ORIGINATOR_CANCEL", "LOSE_RACE":
		// The switch gave up at the dial's limit. A phone that has not even said that it rings is not there.
		if !r.rang {
			return core.CauseUnreachable, core.ByNetwork
		}
		return core.CauseNoAnswer, core.ByUs
	case "CALL_REJECTED":
		return core.CauseDeclined, core.ByThem
	case "NO_USER_RESPONSE":
		if r.rang {
			return core.CauseNoAnswer, core.ByThem
		}
		return core.CauseUnreachable, core.ByNetwork
	case "USER_NOT_REGISTERED", "SUBSCRIBER_ABSENT", "NO_ROUTE_DESTINATION", "RECOVERY_ON_TIMER_EXPIRE", "GATEWAY_DOWN",
		"INVALID_GATEWAY", "INVALID_PROFILE", "INVALID_URL", "NETWORK_OUT_OF_ORDER", "NORMAL_TEMPORARY_FAILURE", "CHAN_NOT_IMPLEMENTED":
		return core.CauseUnreachable, core.ByNetwork
	case "UNALLOCATED_NUMBER", "INVALID_NUMBER_FORMAT":
		if r.phone {
			return core.CauseUnreachable, core.ByThem
		}
		return core.CauseUnallocated, core.ByThem
	case "NORMAL_CIRCUIT_CONGESTION", "SWITCH_CONGESTION", "DESTINATION_OUT_OF_ORDER":
		// The last is what the switch says when a limit of its own is reached, of sessions or of sessions in one second: not the phone's fault.
		return core.CauseCongestion, core.ByNetwork
	}
	return core.CauseUnknown, core.ByIndeterminate
}

// ended reads the end of a leg that arrived, or that had been answered.
func (r release) ended() (core.CauseCode, core.Party) {
	theirs := strings.HasPrefix(r.how, "recv_")
	switch r.name {
	case "MEDIA_TIMEOUT", "NETWORK_OUT_OF_ORDER", "NORMAL_TEMPORARY_FAILURE", "RECOVERY_ON_TIMER_EXPIRE", "DESTINATION_OUT_OF_ORDER":
		if !theirs {
			return core.CauseNetwork, core.ByNetwork
		}
	case "NORMAL_CIRCUIT_CONGESTION", "SWITCH_CONGESTION":
		if !theirs {
			return core.CauseCongestion, core.ByNetwork
		}
	case "LOSE_RACE", "PICKED_OFF":
		if theirs {
			return core.CauseAnsweredElsewhere, core.ByThem
		}
	case "NORMAL_CLEARING", "NORMAL_UNSPECIFIED", "ORIGINATOR_CANCEL":
		if !theirs {
			return core.CauseNormal, core.ByIndeterminate
		}
	}
	if theirs {
		return core.CauseNormal, core.ByThem
	}
	return core.CauseUnknown, core.ByIndeterminate
}

// elsewhere is Q.850's "answered elsewhere". FreeSWITCH has no name for it.
const elsewhere = 26

// killArgs are the leg and the cause for uuid_kill, which is left out where it is what FreeSWITCH does without.
func killArgs(leg core.LegID, code core.CauseCode, phone bool) []argument {
	args := []argument{idArg(leg), killArg(code, phone)}
	if args[1].text == normalClearing {
		return args[:1]
	}
	return args
}

const normalClearing = "NORMAL_CLEARING"

// killArg is the cause for uuid_kill. To another switch or a carrier "answered elsewhere" is said in Q.850's way, which Asterisk reads, and to a
// phone in SIP's.
func killArg(code core.CauseCode, phone bool) argument {
	if code == core.CauseAnsweredElsewhere && !phone {
		return countArg(elsewhere)
	}
	return causeArg(causeName(code))
}

// causeName is the cause for uuid_kill, by which the phone or carrier is told why. FreeSWITCH turns it into the SIP status of an unanswered
// leg that arrived, and into a Reason header on CANCEL and BYE; LOSE_RACE says "Call completed elsewhere", so that the phone lists no
// missed call.
func causeName(code core.CauseCode) string {
	switch code {
	case core.CauseBusy:
		return "USER_BUSY"
	case core.CauseNoAnswer:
		return "NO_ANSWER"
	case core.CauseDeclined, core.CauseRejected:
		return "CALL_REJECTED"
	case core.CauseUnreachable:
		return "SUBSCRIBER_ABSENT"
	case core.CauseAnsweredElsewhere:
		return "LOSE_RACE"
	case core.CauseCongestion, core.CauseEngine:
		return "NORMAL_CIRCUIT_CONGESTION"
	case core.CauseUnallocated:
		return "UNALLOCATED_NUMBER"
	case core.CauseNetwork:
		return "NORMAL_TEMPORARY_FAILURE"
	case core.CauseNormal, core.CauseCancelled, core.CauseRedirected, core.CauseUnknown:
		return normalClearing
	}
	return normalClearing
}
