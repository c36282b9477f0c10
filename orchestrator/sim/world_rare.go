package sim

import "github.com/tandem-voice/tandem/orchestrator/core"

// noteRare counts the rare branches that an event has taken. A storm that never reaches them proves nothing about them: see Sometimes.
func (w *world) noteRare(ev core.Event, out core.Outcome) {
	if f, ok := ev.(core.LegAnswered); ok && w.facts.lost[f.Leg] {
		w.reached("an answer crosses the withdrawal of its offer")
		if t := w.facts.talks[w.facts.dials[f.Leg].call]; t != nil && t.leg != f.Leg {
			w.reached("two phones answer one call")
		}
	}
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
			core.EntryRecordingPaused, core.EntryEngineUp, core.EntryEngineDown, core.EntryOdd:
		}
	}
	if _, ok := ev.(core.EngineUp); ok && len(w.rows) > 50 {
		w.reached("a switch comes back in mid-shift")
	}
}
