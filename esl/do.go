package esl

import (
	"context"
	"fmt"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// Do implements [engine.Engine]. One effect has EffectTimeout for all its commands.
func (e *Engine) Do(ctx context.Context, effect core.Effect) error {
	return adapter.Do(ctx, effect, e.cfg.EffectTimeout, e.log, refusalOf, e.do)
}

func (e *Engine) do(ctx context.Context, effect core.Effect) error {
	p := e.connected()
	if p == nil {
		return adapter.Refuse(core.WhyDown, "not connected to FreeSWITCH")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if id := adapter.LegOf(effect.Do); id != "" && !idRule.MatchString(string(id)) {
		return adapter.Refuse(core.WhyUnknown, "no such leg: ids are letters, digits, '_' and '-'")
	}
	switch a := effect.Do.(type) {
	case core.Ring:
		return e.legOrder(ctx, p, a.Leg, "uuid_ring_ready")
	case core.Answer:
		return e.answer(ctx, p, a.Leg)
	case core.Dial:
		return e.dial(ctx, p, effect.Call, a)
	case core.Hang:
		return e.hang(ctx, p, a)
	case core.SetMix:
		return e.setMix(ctx, p, a)
	case core.Play:
		return e.play(ctx, effect.ID, a)
	case core.Stop:
		return e.stop(ctx, a)
	case core.StartRecording:
		return e.startRecording(ctx, p, a)
	case core.PauseRecording:
		return e.pauseRecording(ctx, p, a.Recording, true)
	case core.ResumeRecording:
		return e.pauseRecording(ctx, p, a.Recording, false)
	case core.StopRecording:
		return e.stopRecording(ctx, p, a.Recording)
	case core.SendDigits:
		return e.sendDigits(ctx, p, effect.ID, a)
	}
	return adapter.Refuse(core.WhyInvalid, "unknown action %q", effect.Do.Name())
}

// legOrder gives a leg an order without arguments.
func (e *Engine) legOrder(ctx context.Context, p *pair, leg core.LegID, verb string) error {
	if leg == "" {
		return adapter.Refuse(core.WhyInvalid, "leg: must not be empty")
	}
	if err := order(ctx, p.commands, verb, idArg(leg)); err != nil {
		return fmt.Errorf("leg %s: %w", leg, err)
	}
	return nil
}

// answer answers a call. The reply comes when that is done, and the event a moment later, behind the order to mix that is next: so the reply counts, too.
func (e *Engine) answer(ctx context.Context, p *pair, id core.LegID) error {
	if err := e.legOrder(ctx, p, id, "uuid_answer"); err != nil {
		return err
	}
	e.note(id, func(l *leg) { l.picked = true })
	return nil
}

// hang ends a leg. That we asked is noted before the switch hears of it, because the events may overtake the reply.
func (e *Engine) hang(ctx context.Context, p *pair, a core.Hang) error {
	if a.Leg == "" {
		return adapter.Refuse(core.WhyInvalid, "leg: must not be empty")
	}
	code := defaultTo(a.Cause, core.CauseNormal)
	e.mu.Lock()
	l := e.table.legs[a.Leg]
	first := l != nil && l.asked == ""
	if first {
		l.asked = code
	}
	unborn := l != nil && l.pending && !l.created
	phone := l == nil || l.phone && !l.peer
	e.mu.Unlock()
	// While a bridge is made, it would end the other leg, too. But whatever the switch says of a bridge, or does not say: who is to end ends.
	patience, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout*2/3)
	err := e.firm(patience, p, a.Leg)
	cancel()
	if err != nil {
		e.logOf(a.Leg).Warn("hung up on in a bridge of which nothing is known", "error", err)
	}
	err = order(ctx, p.commands, "uuid_kill", killArgs(a.Leg, code, phone)...)
	switch {
	case err == nil:
		return nil
	case notFound(err) && unborn:
		// "originate" has not come to making the channel. It is hung up as soon as it shows.
		return nil
	case first && answered(err):
		// The switch refused, so whatever ends the leg now is not our doing. Without an answer it may have been.
		e.note(a.Leg, func(l *leg) { l.asked = "" })
	}
	return fmt.Errorf("hang up: %w", err)
}

// sendDigits plays DTMF to the leg's far end, once per effect id.
func (e *Engine) sendDigits(ctx context.Context, p *pair, effect core.EffectID, a core.SendDigits) error {
	if a.Leg == "" || !adapter.Digits.MatchString(a.Digits) {
		return adapter.Refuse(core.WhyInvalid, "leg must not be empty, digits must be 1 to 64 of 0-9, *, #, A-D")
	}
	return e.once.Do(a.Leg, effect, refusalOf, func() error {
		if err := order(ctx, p.commands, "uuid_send_dtmf", idArg(a.Leg), digitsArg(a.Digits)); err != nil {
			return fmt.Errorf("send digits: %w", err)
		}
		return nil
	})
}
