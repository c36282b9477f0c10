package ari

import (
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// translate turns one event into facts, in order. Nothing is invented: an event about a leg that was never
// reported, or whose end was, gives none.
func (e *Engine) translate(ev event) []core.Fact {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch ev.kind {
	case "PeerStatusChange", "ContactStatusChange":
		return e.phoneFacts(ev.endpoint)
	case "StasisStart":
		return e.started(ev.channel)
	case "PlaybackFinished":
		id, isChannel := strings.CutPrefix(ev.playback.Target, "channel:")
		if l := e.table.legs[core.LegID(id)]; l == nil || !isChannel {
			return nil
		}
		e.promptOverLocked(core.LegID(id), core.PlayID(ev.playback.ID))
		return []core.Fact{core.Played{Leg: core.LegID(id), Play: core.PlayID(ev.playback.ID), OK: ev.playback.State == "done"}}
	case "RecordingStarted", "RecordingFinished", "RecordingFailed":
		return e.recordingFacts(ev.kind, ev.recording)
	}
	l := e.table.legs[core.LegID(ev.channel.ID)]
	if l == nil {
		if ev.kind == "ChannelDestroyed" {
			delete(e.table.leaving, core.LegID(ev.channel.ID))
		}
		return nil
	}
	l.seen, l.absent = time.Now(), 0
	return e.legFacts(l, ev)
}

// started handles a channel that enters the application: a call that arrives, or a leg of ours that was answered.
func (e *Engine) started(c channel) []core.Fact {
	id := core.LegID(c.ID)
	_, leaving := e.table.leaving[id] // whoever picked up and put down at once was gone before the dialplan had come so far
	if id == "" || leaving || c.helper() || !c.inApp(e.cfg.App) {
		return nil
	}
	if l := e.table.legs[id]; l != nil {
		l.seen, l.absent = time.Now(), 0
		if l.ours && c.State == "Up" {
			return l.answered()
		}
		return nil // told by the snapshot
	}
	ours := c.dialledBy(e.cfg.App)
	l := &leg{id: id, ours: ours, up: c.State == "Up", call: core.CallID(c.Vars[callVariable]), seen: time.Now(), media: media{known: !ours}}
	e.table.legs[id] = l
	if l.ours {
		return nil
	}
	from, name := calledBy(c)
	facts := []core.Fact{core.LegAppeared{Engine: e.cfg.ID, Leg: id, From: from, Name: name, To: c.Dialplan.Exten}}
	if l.up {
		facts = append(facts, core.LegAnswered{Leg: id})
	}
	return facts
}

// legFacts handles the events of a known leg.
func (e *Engine) legFacts(l *leg, ev event) []core.Fact {
	switch ev.kind {
	case "ChannelStateChange":
		switch {
		case l.ours && ev.channel.State == "Ringing" && !l.rang && !l.picked && !l.up:
			l.rang = true
			return []core.Fact{core.LegRinging{Leg: l.id}}
		case ev.channel.State == "Up" && l.ours && !ev.channel.inApp(e.cfg.App):
			l.picked = !l.up // told when it enters the application, in a moment
		case ev.channel.State == "Up":
			return l.answered()
		}
	case "ChannelHangupRequest":
		if ev.soft && ev.cause == softShutdown {
			e.table.stop(l)
			return nil
		}
		l.requested = true
		if l.request == 0 || l.request == q850Restart {
			l.request = ev.cause
		}
		l.sip = defaultTo(l.sip, ev.techCause)
		if (l.picked || l.up) && !ev.soft && !l.shutdown { // an Asterisk that is being stopped says its goodbyes in an order of its own
			return e.saidGoodbye(l)
		}
	case "ChannelDestroyed":
		e.table.drop(l)
		r := l.release(ev.cause, ev.techCause)
		silent := l.ours && !l.rang && !l.picked && !l.up && l.asked != "" // it did not even ring until we gave it up
		if code := r.cause().Code; silent || code == core.CauseUnreachable || code == core.CauseRejected {
			delete(e.table.phones, l.name) // it may have lost its power and not its registration, or be set up wrongly: when it says again that it is there, that is news
		}
		return l.gone(r)
	case "ChannelDtmfReceived":
		if adapter.Digits.MatchString(ev.digit) && len(ev.digit) == 1 {
			return []core.Fact{core.Digit{Leg: l.id, Digit: ev.digit}}
		}
	case "ChannelHold":
		return []core.Fact{core.Held{Leg: l.id, On: true}}
	case "ChannelUnhold":
		return []core.Fact{core.Held{Leg: l.id, On: false}}
	case "ChannelEnteredBridge":
		id, _ := mixOf(ev.bridge)
		e.doubt(l, id, true)
		return []core.Fact{core.MixJoined{Mix: id, Leg: l.id}}
	case "ChannelLeftBridge":
		id, _ := mixOf(ev.bridge)
		e.doubt(l, id, false)
		return []core.Fact{core.MixLeft{Mix: id, Leg: l.id}}
	}
	return nil
}

// saidGoodbye tells the end of an answered leg whose far end has hung up. A ChannelHangupRequest that is not soft comes from the channel's driver, when
// it has had the far end's BYE and confirmed it: nothing can keep the leg. Asterisk goes on to take the channel out of its bridge and apart, which takes it about
// as long as a decision takes us; an agent's next call need not wait for that. What it says of the channel meanwhile is not told any more.
func (e *Engine) saidGoodbye(l *leg) []core.Fact {
	e.table.drop(l)
	e.table.leaving[l.id] = time.Now()
	// A BYE without a reason is a normal end; it is what ChannelDestroyed would say.
	return l.gone(l.release(defaultTo(l.request, q850Normal), 0))
}

// answered tells that a leg is answered, once.
func (l *leg) answered() []core.Fact {
	if l.up {
		return nil
	}
	l.picked, l.up = false, true
	return []core.Fact{core.LegAnswered{Leg: l.id}}
}

// gone tells the end of a leg, and before it an answer that nobody was told of because the leg did not get as far as into the application: whoever
// picked up and put down again has not left the phone ringing.
func (l *leg) gone(r release) (facts []core.Fact) {
	if l.picked {
		facts = l.answered()
	}
	return append(facts, core.LegHungUp{Leg: l.id, Cause: r.cause()})
}

// doubt marks a mix whose memory an event contradicts. The event may merely be older than what REST has confirmed since, so it does not
// change the memory: the next SetMix looks.
func (e *Engine) doubt(l *leg, id core.MixID, entered bool) {
	if (l.bridge == id) != entered {
		e.table.mix(id).suspect = true
	}
}

func (e *Engine) recordingFacts(kind string, r liveRecording) []core.Fact {
	id := core.RecordingID(r.Name)
	rec := e.table.recordings[id]
	if rec == nil {
		return nil
	}
	if kind == "RecordingStarted" {
		if rec.started {
			return nil
		}
		rec.started = true
		return []core.Fact{core.RecordingStarted{Recording: id}}
	}
	delete(e.table.recordings, id)
	stopped := core.RecordingStopped{
		Recording: id, OK: kind == "RecordingFinished",
		Length: time.Duration(r.Duration * float64(time.Second)),
	}
	if !stopped.OK {
		stopped.Why = adapter.Clean(defaultTo(r.Cause, "failed"), maxErrorText)
	}
	return []core.Fact{stopped}
}

// phoneFacts reports a desk phone whose registration came or went, if that is news.
func (e *Engine) phoneFacts(p endpoint) []core.Fact {
	if !strings.EqualFold(p.Technology, "PJSIP") || !adapter.Phone.MatchString(p.Resource) {
		return nil
	}
	var reachable bool
	switch p.State {
	case "online":
		reachable = true
	case "offline":
	default:
		return nil
	}
	if before, told := e.table.phones[p.Resource]; told && before == reachable {
		return nil
	}
	e.table.phones[p.Resource] = reachable
	return []core.Fact{core.PhoneChanged{Engine: e.cfg.ID, Phone: p.Resource, Reachable: reachable}}
}
