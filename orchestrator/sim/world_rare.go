package sim

import (
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// noteRare counts the rare branches that an event has taken. A storm that never reaches them proves nothing about them: see Sometimes.
func (w *world) noteRare(ev core.Event, out core.Outcome) {
	if f, ok := ev.(core.LegAnswered); ok && w.facts.lost[f.Leg] {
		w.reached("an answer crosses the withdrawal of its offer")
		if t := w.facts.talks[w.facts.dials[f.Leg].call]; t != nil && t.leg != f.Leg {
			w.reached("two phones answer one call")
		}
	}
	w.noteConversations(ev, out)
	for _, e := range out.Entries {
		switch e.Kind {
		case core.EntryOfferEnded:
			w.reached("offer " + e.Reason)
		case core.EntryRepair:
			w.reached("repair " + e.Reason)
			if w.opt.Trace == nil {
				continue
			}
		case core.EntryCallRefused:
			w.reached("call refused: " + e.Reason)
		case core.EntryCallQueued:
			w.reached("queued by " + e.Reason)
		case core.EntryRecordingStopped:
			w.reached("recording stopped: " + e.Reason)
		case core.EntryRecordingDiscarded:
			if !w.facts.written[e.Recording] {
				w.reached("a recording is discarded that is not being written")
			}
		case core.EntryRecordingResumed:
			if e.Actor == "" {
				w.reached("a recording resumes by itself")
			}
		case core.EntryTalkEnded:
			w.reached("talk ended by " + e.Reason)
		case core.EntryCallClosed:
			w.reached("call " + string(e.Record.Outcome))
		case core.EntryAlert:
			w.reached("alert " + e.Reason)
		case core.EntryAgentState:
			w.reached("agent state by " + e.Text)
		case core.EntryWrapUpExtended:
			w.reached("a wrap-up is extended")
		case core.EntryCallHeld:
			if e.Reason == "phone" {
				w.reached("the phone's own hold key")
			}
		case core.EntryCallArrived, core.EntryOfferMade, core.EntryOfferRinging, core.EntryCallConnected, core.EntryCallResumed, core.EntryCallMuted,
			core.EntryCallUnmuted, core.EntryCallTransferred, core.EntryWrapUpStarted, core.EntryWrapUpDone, core.EntryRecordingStarted,
			core.EntryRecordingPaused, core.EntryEngineUp, core.EntryEngineDown:
		case core.EntryTransferFailed, core.EntryConsultStarted, core.EntryConsultAnswered, core.EntryConsultToggled, core.EntryConsultEnded, core.EntryJoined,
			core.EntryLeft, core.EntryParticipantHeld, core.EntryParticipantResumed, core.EntryOwnerChanged, core.EntryPostCall, core.EntryOutside, core.EntryOutsideRinging, core.EntryCallLeftQueue,
			core.EntryDialled, core.EntryVariables: // noteConversations does
		}
	}
	if _, ok := ev.(core.EngineUp); ok && len(w.rows) > 50 {
		w.reached("a switch comes back in mid-shift")
	}
}

// noteConversations counts the branches of consults, transfers and conferences.
func (w *world) noteConversations(ev core.Event, out core.Outcome) {
	if f, ok := ev.(core.LegAnswered); ok {
		v := w.facts.going[w.facts.callOf[f.Leg]]
		if t := w.facts.talks[w.facts.callOf[f.Leg]]; v != nil && w.facts.lost[f.Leg] && t != nil && t.leg != f.Leg {
			if v.consult != nil && v.consult.leg != "" && v.consult.leg != f.Leg {
				w.reached("two consultants answer one consult")
			}
			w.reached("an answer crosses the end of its consult")
		}
	}
	for _, e := range out.Entries {
		switch e.Kind {
		case core.EntryTransferFailed:
			w.reached("transfer failed: " + e.Reason)
		case core.EntryCallTransferred:
			w.reached("transferred to " + e.Reason)
		case core.EntryConsultStarted:
			w.reached("consult of " + e.Reason)
		case core.EntryConsultAnswered:
			w.reached("consult answered by " + e.Reason)
		case core.EntryConsultToggled:
			w.reached("toggled to " + e.Reason)
		case core.EntryConsultEnded:
			w.reached("consult ended: " + e.Reason)
		case core.EntryJoined:
			if c, ok := w.rulesOf(e.Call); ok && len(c.People) == core.MaxParticipants {
				w.reached("a conference of eight")
			}
		case core.EntryLeft:
			w.reached("left: " + e.Reason)
			if e.Duration < time.Second && e.Reason != "alone" {
				w.reached("somebody drops while joining")
			}
		case core.EntryParticipantHeld:
			w.reached("a participant is held")
		case core.EntryParticipantResumed:
			w.reached("a participant is taken back")
		case core.EntryOwnerChanged:
			w.reached("owner by " + e.Reason + " after " + w.lastWhy(e.Call))
		case core.EntryPostCall:
			w.reached("post-call")
			if v := w.facts.going[e.Call]; v != nil && v.consult != nil {
				w.reached("post-call with a consultant")
			}
		case core.EntryOutside:
			w.reached("customer and outside")
		default:
		}
	}
}

// lastWhy is why the primary before the present one left.
func (w *world) lastWhy(id core.CallID) string {
	if lines := w.facts.ledger[id]; len(lines) > 1 {
		return lines[len(lines)-2].Why
	}
	return ""
}
