package ari

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// Do implements [engine.Engine]. One effect has EffectTimeout for all its requests.
func (e *Engine) Do(ctx context.Context, effect core.Effect) error {
	return adapter.Do(ctx, effect, e.cfg.EffectTimeout, e.log, refusalOf, e.do)
}

func (e *Engine) do(ctx context.Context, effect core.Effect) error {
	if !e.connected() {
		return adapter.Refuse(core.WhyDown, "not connected to Asterisk")
	}
	if leg := adapter.LegOf(effect.Do); e.left(leg) {
		return adapter.Refuse(core.WhyUnknown, "no such leg: %s", leg)
	}
	switch a := effect.Do.(type) {
	case core.Ring:
		return e.channelOrder(ctx, http.MethodPost, a.Leg, "ring")
	case core.Answer:
		return e.channelOrder(ctx, http.MethodPost, a.Leg, "answer")
	case core.Dial:
		return e.dial(ctx, effect.Call, a)
	case core.Hang:
		return e.hang(ctx, a)
	case core.SetMix:
		return e.setMix(ctx, effect.Call, a)
	case core.Play:
		return e.play(ctx, effect.ID, a)
	case core.Stop:
		return e.stop(ctx, a)
	case core.StartRecording:
		return e.startRecording(ctx, a)
	case core.PauseRecording:
		return e.pauseRecording(ctx, a.Recording, true)
	case core.ResumeRecording:
		return e.pauseRecording(ctx, a.Recording, false)
	case core.StopRecording:
		return e.stopRecording(ctx, a.Recording)
	case core.SendDigits:
		return e.sendDigits(ctx, effect.ID, a)
	}
	return adapter.Refuse(core.WhyInvalid, "unknown action %q", effect.Do.Name())
}

// left reports whether a leg's end has been told while its channel is still there, which might still take orders.
func (e *Engine) left(id core.LegID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, is := e.table.leaving[id]
	return is
}

// channelOrder sends an order without arguments to a channel.
func (e *Engine) channelOrder(ctx context.Context, method string, leg core.LegID, order string) error {
	if leg == "" {
		return adapter.Refuse(core.WhyInvalid, "leg: must not be empty")
	}
	if err := e.rest.do(ctx, method, path("channels", string(leg), order), nil, nil, nil); err != nil {
		return fmt.Errorf("%s: %w", order, err)
	}
	return nil
}

// hang ends a leg. That we asked is noted before Asterisk hears of it, because the events may overtake the answer.
func (e *Engine) hang(ctx context.Context, a core.Hang) error {
	if a.Leg == "" {
		return adapter.Refuse(core.WhyInvalid, "leg: must not be empty")
	}
	code := defaultTo(a.Cause, core.CauseNormal)
	e.mu.Lock()
	l := e.table.legs[a.Leg]
	first := l != nil && l.asked == "" && !l.shutdown // Asterisk was first
	if first {
		l.asked = code
	}
	e.mu.Unlock()
	query := url.Values{"reason_code": {strconv.Itoa(reasonCode(code))}}
	err := e.rest.do(ctx, http.MethodDelete, path("channels", string(a.Leg)), query, nil, nil)
	if err == nil {
		return nil
	}
	if first && status(err) != 0 {
		// Asterisk refused, so whatever ends the leg now is not our doing. Without an answer it may have been.
		e.note([]core.LegID{a.Leg}, func(l *leg) { l.asked = "" })
	}
	return fmt.Errorf("hang up: %w", err)
}
