package adapter

import (
	"context"
	"log/slog"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// Do carries out an effect within a limit of time, and writes a line about it, below info. refusal puts an error of do into the words of the port; nil stays nil.
func Do(ctx context.Context, effect core.Effect, limit time.Duration, log *slog.Logger, refusal func(error) *engine.Refusal, do func(context.Context, core.Effect) error) error {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var refused error // nil, or a *engine.Refusal: never a typed nil
	if r := refusal(do(ctx, effect)); r != nil {
		refused = r
	}
	if log.Enabled(ctx, slog.LevelDebug) {
		log.DebugContext(ctx, "effect", "effect", effect.ID, "call", effect.Call, "action", effect.Do.Name(), "leg", LegOf(effect.Do), "took", time.Since(begun), "refused", refused)
	}
	return refused
}

// LegOf is the leg that an action is about; "" if it is about none, or several.
func LegOf(a core.Action) core.LegID {
	switch a := a.(type) {
	case core.Ring:
		return a.Leg
	case core.Answer:
		return a.Leg
	case core.Dial:
		return a.Leg
	case core.Hang:
		return a.Leg
	case core.Play:
		return a.Leg
	case core.Stop:
		return a.Leg
	case core.SendDigits:
		return a.Leg
	}
	return ""
}
