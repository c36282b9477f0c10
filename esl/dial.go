package esl

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

const (
	// Variables of the legs that we dial. The first says that a leg is ours.
	legVariable  = "tandem_leg"
	callVariable = "tandem_call"
	// wantedVariable is the id that a channel was to have: one whose id is taken gets another one without a word.
	wantedVariable = "origination_uuid"
	// dialJob begins the id of the job of every dial; the leg's id follows.
	dialJob = "dial-"

	// Phones look at Alert-Info or at Call-Info, by make, when they are asked to answer by themselves.
	alertInfo = "<http://localhost>;info=alert-autoanswer;delay=0"
	callInfo  = "<sip:localhost>;answer-after=0"
)

// dial makes a leg with "originate" in the background. Its outcome is told by the leg's own events and, where there never was a leg, by the
// end of the job.
func (e *Engine) dial(ctx context.Context, p *pair, call core.CallID, a core.Dial) error {
	if !adapter.UUID.MatchString(string(a.Leg)) {
		return adapter.Refuse(core.WhyInvalid, "leg: must be a lower-case UUID")
	}
	target, err := e.dialString(a.To)
	if err != nil {
		return err
	}
	if e.expect(call, a) {
		return nil // the second dial of one leg id
	}
	originate := func(ctx context.Context) error {
		return p.aside.background(ctx, dialJob+jobID(a.Leg), "originate", joined(dialSettings(call, a), target), literal("&park()"))
	}
	e.note(a.Leg, func(l *leg) { l.dial = originate })
	if err := e.pace.wait(ctx); err != nil {
		e.forget(a.Leg)
		return adapter.Refuse(core.WhyLimit, "the switch takes no more calls in this second: %v", err)
	}
	if exists, err := e.dialledBefore(ctx, p, a.Leg); err != nil || exists {
		if err != nil {
			e.forget(a.Leg)
		}
		return err
	}
	if err := originate(ctx); err != nil {
		if answered(err) {
			e.forget(a.Leg)
		}
		// Otherwise it may have begun: its events tell, or the next look.
		return fmt.Errorf("dial: %w", err)
	}
	return nil
}

// dialledBefore reports whether a leg is there already. A second "originate" of a living id makes another channel, with another id. We remember what we
// dialled, and what was there when the session began; but what a Tandem before us has ordered just then may have shown since.
func (e *Engine) dialledBefore(ctx context.Context, p *pair, id core.LegID) (bool, error) {
	e.mu.Lock()
	young := time.Since(e.since) < lostDial
	e.mu.Unlock()
	if !young {
		return false, nil
	}
	there, err := exists(ctx, p, id)
	if err != nil {
		return false, fmt.Errorf("dial: %w", err)
	}
	return there, nil
}

// dialSettings are the variables of a leg.
func dialSettings(call core.CallID, a core.Dial) argument {
	list := []setting{
		set(wantedVariable, idArg(a.Leg)),
		set(legVariable, countArg(1)),
		setText(callVariable, string(call)),
		set("originate_timeout", secondsArg(limit(a.Limit))), // also of the second dial that is behind "user/"
		set("ignore_early_media", literal("true")),
		survives(),
	}
	list = append(list, callerID(a.FromName, a.FromNumber)...)
	if a.AutoAnswer {
		list = append(list, set("sip_h_Alert-Info", literal(alertInfo)), set("sip_h_Call-Info", literal(callInfo)))
	}
	return settings(list...)
}

// limit is a dial's limit. Without one, a leg may ring for two minutes. FreeSWITCH counts whole seconds of the clock, so that one second may be a
// moment: one more makes it at least what was asked for.
func limit(d time.Duration) time.Duration {
	if d <= 0 {
		d = 2 * time.Minute
	}
	return min(d, time.Hour) + time.Second
}

// dialString makes FreeSWITCH's dial string. Its parts are checked, for ",", "|", "/" and "@" have a meaning there.
func (e *Engine) dialString(to core.Address) (argument, error) {
	if err := adapter.CheckAddress(to, strings.Contains(e.cfg.TrunkTemplate, "<trunk>")); err != nil {
		return argument{}, err
	}
	switch {
	case e.isPeer(to):
		return dialArg(e.cfg.PeerTemplate, "<switch>", string(to.Switch), "<phone>", to.Phone), nil
	case to.Phone != "":
		return dialArg(e.cfg.PhoneTemplate, "<phone>", to.Phone), nil
	}
	return dialArg(e.cfg.TrunkTemplate, "<trunk>", to.Trunk, "<number>", to.Number), nil
}

// isPeer tells whether a phone registers at another switch.
func (e *Engine) isPeer(to core.Address) bool {
	return to.Phone != "" && to.Switch != "" && to.Switch != e.cfg.ID
}

// expect notes a leg before the switch hears of it, because its events may overtake the reply. known says that it is there already.
func (e *Engine) expect(call core.CallID, a core.Dial) (known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.table.legs[a.Leg]; l != nil {
		return true
	}
	l := &leg{id: a.Leg, call: call, ours: true, phone: a.To.Phone != "", peer: e.isPeer(a.To), told: true, pending: true, seen: time.Now()}
	if !l.peer {
		l.desk = a.To.Phone
	}
	e.table.legs[a.Leg] = l
	return false
}

// forget forgets a leg that was not dialled after all, unless an event has shown that it lives.
func (e *Engine) forget(id core.LegID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.table.legs[id]; l != nil && !l.created {
		e.table.drop(l)
	}
}

// dialled is the end of the job of a dial, or of a keeper's. Where there was a channel, its own events tell its end, and come before or after. The caller holds mu.
func (e *Engine) dialled(ev event) []core.Fact {
	text, ours := strings.CutPrefix(ev.get("Job-UUID"), dialJob)
	keeper, keeps := strings.CutPrefix(ev.get("Job-UUID"), keepJob)
	id := core.LegID(text)
	l := e.table.legs[id]
	said := strings.TrimSpace(ev.body)
	made, is := strings.CutPrefix(said, "+OK ")
	switch {
	case is && (ours && made != text || keeps && made != keeper):
		e.intruder(core.LegID(made)) // our id was taken
	case is && keeps && e.table.recordings[core.RecordingID(keeper)] == nil:
		e.killSoon(core.LegID(keeper), core.CauseNormal) // the recording is over: it would keep a conference for nobody
	}
	if keeps && !is {
		e.keepLater(core.RecordingID(keeper))
	}
	if !ours || l == nil {
		return nil
	}
	reason, failed := strings.CutPrefix(said, "-ERR ")
	if failed && !l.created && reason == overLimit && l.asked == "" && l.dial != nil && l.tries < maxRedials {
		l.tries++
		e.redial(l)
		return nil
	}
	l.pending, l.dial = false, nil
	if !failed || l.created {
		return nil
	}
	e.table.drop(l)
	end := release{dialled: true, phone: l.phone, asked: l.asked, name: strings.TrimSpace(reason)}.cause()
	e.table.inVain(l, end.Code)
	return []core.Fact{core.LegHungUp{Leg: id, Cause: end}}
}

// overLimit is what a dial fails with when more sessions begin in one second than the switch lets, arriving calls among them.
const overLimit = "DESTINATION_OUT_OF_ORDER"

// A dial that fails so is tried again in the next second, twice.
const (
	maxRedials  = 2
	redialPause = time.Second
)

// redial dials a leg again, a second later. The caller holds mu.
func (e *Engine) redial(l *leg) {
	id, again := l.id, l.dial
	e.inSession(func(ctx context.Context) {
		timer := time.NewTimer(redialPause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
		defer cancel()
		var givenUp bool
		e.note(id, func(l *leg) { givenUp = l.asked != "" })
		err := e.pace.wait(ctx)
		if err == nil && !givenUp {
			err = again(ctx)
		}
		if err == nil && !givenUp || ctx.Err() != nil {
			return
		}
		e.tell(core.LegHungUp{Leg: id, Cause: core.Cause{Code: core.CauseCongestion, By: core.ByNetwork}})
	})
}

// intruder hangs up a channel that should not be. The caller holds mu.
func (e *Engine) intruder(id core.LegID) {
	e.log.Warn("a second channel of a leg is hung up", "channel", adapter.Clean(string(id), 64))
	e.killSoon(id, core.CauseNormal)
}

// killSoon hangs up a channel from within the translation of events. The caller holds mu.
func (e *Engine) killSoon(id core.LegID, code core.CauseCode) {
	p := e.pair
	e.inSession(func(ctx context.Context) {
		if err := order(ctx, p.commands, "uuid_kill", idArg(id), causeArg(causeName(code))); err != nil && !notFound(err) && ctx.Err() == nil {
			e.log.Warn("a channel could not be hung up", "channel", adapter.Clean(string(id), 64), "error", err)
		}
	})
}
