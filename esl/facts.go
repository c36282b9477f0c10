package esl

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// The events that are asked for, and nothing else: a listener that does not keep up harms the switch.
var wantedEvents = []string{
	"CHANNEL_ORIGINATE", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER", "CHANNEL_PARK", "CHANNEL_BRIDGE", "CHANNEL_HOLD", "CHANNEL_UNHOLD",
	"CHANNEL_HANGUP_COMPLETE", "DTMF", "PLAYBACK_START", "PLAYBACK_STOP", "BACKGROUND_JOB",
	"CUSTOM", playedEvent, conferenceEvent, "sofia::register", "sofia::unregister", "sofia::expire", wrongPasswordEvent,
}

const (
	conferenceEvent    = "conference::maintenance"
	wrongPasswordEvent = "sofia::register_failure" // also of calls
)

// translate turns one event into facts, in order. Nothing is invented: an event about a leg that was never reported, or whose end was,
// gives none.
func (e *Engine) translate(ev event) []core.Fact {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := ev.name()
	switch name {
	case "BACKGROUND_JOB":
		if e.answered(ev) {
			return nil
		}
		return e.dialled(ev)
	case "CUSTOM":
		return e.custom(ev)
	case "CHANNEL_BRIDGE":
		return e.bridgeFacts(ev)
	}
	id := core.LegID(ev.get("Unique-ID"))
	l := e.table.legs[id]
	switch {
	case name == "CHANNEL_ORIGINATE":
		e.made(ev, id, l)
		return nil
	case l == nil && name == "CHANNEL_PARK":
		e.arrived(ev, id)
		return nil
	case l == nil:
		return nil
	}
	l.seen, l.absent = time.Now(), 0
	return e.legFacts(l, name, ev)
}

// made is a new channel that was dialled. Of one that arrives nothing is to be known before it is handed over.
func (e *Engine) made(ev event, id core.LegID, l *leg) {
	switch {
	case ev.variable(legVariable) != "" && ev.variable(wantedVariable) != string(id):
		e.intruder(id)
	case l != nil:
		l.created, l.seen, l.dial = true, time.Now(), nil
		if l.asked != "" {
			e.killSoon(id, l.asked)
		}
	}
}

// legFacts handles the events of a known leg.
func (e *Engine) legFacts(l *leg, name string, ev event) []core.Fact {
	switch name {
	case "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA":
		if l.ours && !l.rang && !l.picked {
			l.rang = true
			return []core.Fact{core.LegRinging{Leg: l.id}}
		}
	case "CHANNEL_ANSWER":
		l.picked = true
		return l.standsNow()
	case "CHANNEL_PARK":
		// "originate" parks a leg a moment after the answer. Whatever the leg is told before that, parking would undo.
		l.parked = true
		l.stands(ev)
		return append(l.unbridged(), l.standsNow()...)
	case "CHANNEL_HANGUP_COMPLETE":
		e.table.drop(l)
		if !l.told {
			return nil
		}
		left := l.unbridged()
		over := core.LegHungUp{Leg: l.id, Cause: releaseOf(l, ev).cause()}
		if l.picked && !l.up { // in the moment between the answer and the parking
			return []core.Fact{core.LegAnswered{Leg: l.id}, over}
		}
		return append(left, over)
	case "PLAYBACK_START":
		play := core.PlayID(ev.get(playVariable))
		l.begun(func(m *move) bool { return m.prompt == play && (play != "" || m.to.music) })
		return l.unbridged()
	case "PLAYBACK_STOP":
		if play := ev.get(playVariable); play != "" && len(l.prompts) > 0 && string(l.prompts[0].play) == play {
			l.heard = ev.get("Playback-Status") == "done"
		}
	}
	if !l.told {
		return nil
	}
	switch name {
	case "DTMF":
		if digit := ev.get("DTMF-Digit"); adapter.Digits.MatchString(digit) && len(digit) == 1 {
			return []core.Fact{core.Digit{Leg: l.id, Digit: digit}}
		}
	case "CHANNEL_HOLD":
		return []core.Fact{core.Held{Leg: l.id, On: true}}
	case "CHANNEL_UNHOLD":
		return []core.Fact{core.Held{Leg: l.id, On: false}}
	}
	return nil
}

// stands notes that a leg has parked, and why it must have: its bridge has ended, or is not made, or it was told to. Whatever else it was told, it has parked in passing, on its way
// out of what it did before.
func (l *leg) stands(ev event) {
	if ev.get("Channel-State") == parkedState {
		l.begun(func(m *move) bool { return m.ends || m.to.with != "" })
		if l.stay.with != "" {
			l.stay = stay{}
		}
		return
	}
	told := ev.variable("current_application_data") == silenceMark
	l.begun(func(m *move) bool { return told && m.to == stay{} && m.prompt == "" && !m.ends })
}

// standsNow tells that a leg is answered, once it also is where it can be told what to do.
func (l *leg) standsNow() []core.Fact {
	if l.up || !l.picked || !l.parked || !l.told {
		return nil
	}
	l.up = true
	return []core.Fact{core.LegAnswered{Leg: l.id}}
}

// custom handles the events of modules.
func (e *Engine) custom(ev event) []core.Fact {
	switch ev.get("Event-Subclass") {
	case conferenceEvent:
		return e.conferenceFacts(ev)
	case playedEvent:
		if l := e.table.legs[core.LegID(ev.get("Unique-ID"))]; l != nil && l.told {
			l.seen, l.absent = time.Now(), 0
			play := core.PlayID(ev.get(playVariable))
			l.begun(func(m *move) bool { return m.prompt == play })
			return e.promptOver(l, play)
		}
	case "sofia::register":
		return e.phoneFacts(ev.get("from-user"), true)
	case "sofia::unregister":
		return e.phoneFacts(ev.get("from-user"), false)
	case "sofia::expire":
		return e.phoneFacts(defaultTo(ev.get("user"), ev.get("from-user")), false)
	case wrongPasswordEvent:
		if e.cfg.WrongPassword != nil {
			e.cfg.WrongPassword(ev.get("network-ip"))
		}
	}
	return nil
}

func (e *Engine) conferenceFacts(ev event) []core.Fact {
	id, ours := mixOf(ev.get("Conference-Name"))
	if !ours {
		return nil
	}
	action := ev.get("Action")
	if strings.HasSuffix(action, "-recording") {
		return e.recordingFacts(ev)
	}
	if action != "add-member" && action != "del-member" {
		return nil
	}
	l := e.table.legs[core.LegID(ev.get("Unique-ID"))]
	if l == nil {
		return nil // a recording is a member, too
	}
	l.seen, l.absent = time.Now(), 0
	if action == "add-member" {
		facts := l.unbridged()
		l.inside, l.member = id, ev.get("Member-ID")
		l.begun(func(m *move) bool { return m.to.mix == id && m.to.with == "" })
		return append(facts, core.MixJoined{Mix: id, Leg: l.id})
	}
	if l.inside == id {
		l.inside = ""
	}
	return []core.Fact{core.MixLeft{Mix: id, Leg: l.id}}
}

// phoneFacts reports a desk phone whose registration came or went, if that is news.
func (e *Engine) phoneFacts(phone string, reachable bool) []core.Fact {
	if !adapter.Phone.MatchString(phone) {
		return nil
	}
	_, unsaid := e.table.unsaid[phone]
	if before, told := e.table.phones[phone]; told && before == reachable && !unsaid {
		return nil
	}
	delete(e.table.unsaid, phone)
	e.table.phones[phone] = reachable
	return []core.Fact{core.PhoneChanged{Engine: e.cfg.ID, Phone: phone, Reachable: reachable}}
}

// Variables by which the dialplan hands a call over. See docker/freeswitch.
const (
	fromVariable  = "tandem_from"  // where it comes from: set while it waits to be taken, and as long as it is ours
	takenVariable = "tandem_taken" // "true": it is ours
)

// arrived is a call that the dialplan hands over: it is parked, and does not wait for long. It is told of when it is ours. The caller
// holds mu.
func (e *Engine) arrived(ev event, id core.LegID) {
	if ev.get("Call-Direction") != "inbound" || ev.variable(fromVariable) == "" {
		return
	}
	e.pace.arrived()
	l := &leg{id: id, parked: true, fresh: true, seen: time.Now(), picked: ev.get("Answer-State") == "answered"}
	l.from, l.name = calledBy(ev.get("Caller-Caller-ID-Number"), ev.get("Caller-Caller-ID-Name"))
	l.to = adapter.Clean(defaultTo(ev.variable("sip_req_user"), ev.get("Caller-Destination-Number")), maxCallerText)
	e.table.legs[id] = l
	if ev.variable(takenVariable) == "true" {
		e.pair.put(taken{id})
		return
	}
	p := e.pair
	e.inSession(func(ctx context.Context) {
		mine, err := take(ctx, p, id)
		for err != nil && ctx.Err() == nil && p.commands.err() == nil {
			// It may be taken, so that nobody else looks after it.
			e.logOf(id).Warn("nothing was said of a call that is to be taken", "error", err)
			mine, err = take(ctx, p, id)
		}
		if err == nil && mine {
			p.put(taken{id})
			return
		}
		// It went the way of the fallback, or the caller gave up. If the switch parks it again after all, it is ours then.
		e.mu.Lock()
		defer e.mu.Unlock()
		if l := e.table.legs[id]; l != nil && !l.told {
			e.table.drop(l)
		}
	})
}

// taken says that a call that arrived is ours: it is put behind the events that came before.
type taken struct{ leg core.LegID }

// appeared tells of a call that is ours. The caller holds mu.
func (e *Engine) appeared(id core.LegID) []core.Fact {
	l := e.table.legs[id]
	if l == nil || l.told {
		return nil // it is over already
	}
	l.told = true
	facts := []core.Fact{core.LegAppeared{Engine: e.cfg.ID, Leg: id, From: l.from, Name: l.name, To: l.to}}
	return append(facts, l.standsNow()...)
}

// take takes a call that arrived from the dialplan, which otherwise finds that Tandem is away. mine says that it was still to be had. It may be done again when no answer came.
func take(ctx context.Context, p *pair, id core.LegID) (mine bool, err error) {
	// First the mark, so that even if patience ends in this moment the dialplan parks the call again.
	if _, err := p.commands.send(ctx, setVariable(idArg(id), set(takenVariable, literal("true")))); err != nil {
		return false, orGone(err)
	}
	said, err := p.commands.api(ctx, "sched_del", idArg(id))
	if err != nil {
		return false, orGone(err)
	}
	if !strings.Contains(said, "Deleted: 0") {
		return true, nil
	}
	// Its patience has ended, or was taken away by an order whose answer did not come: then it is parked as before.
	s, there, err := p.commands.standing(ctx, id)
	app, _ := s.runs()
	return there && s.state() == programState && app == "park" && s.variable(fromVariable) != "", err
}

// orGone makes nothing of the error about a call that has ended.
func orGone(err error) error {
	var se *switchError
	if errors.As(err, &se) {
		return nil
	}
	return err
}
