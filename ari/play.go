package ari

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// play plays prompts to a leg, once per effect id.
func (e *Engine) play(ctx context.Context, effect core.EffectID, a core.Play) error {
	if a.Leg == "" || a.Play == "" {
		return refuse(core.WhyInvalid, "leg and play: must not be empty")
	}
	if len(a.Media) == 0 || len(a.Media) > 64 {
		return refuse(core.WhyInvalid, "media: must name 1 to 64 prompts")
	}
	uris := make([]string, 0, len(a.Media))
	for _, name := range a.Media {
		if len(name) > 128 || !mediaPattern.MatchString(name) {
			return refuse(core.WhyInvalid, "media: a prompt's name must be made of a-z, 0-9, '_', '-' and '/'")
		}
		uris = append(uris, "sound:"+name)
	}
	return e.onlyOnce(onceKey{a.Leg, effect}, func() error {
		err := e.rest.do(ctx, http.MethodPost, path("channels", string(a.Leg), "play", string(a.Play)), nil, map[string]any{"media": uris}, nil)
		if err != nil {
			return fmt.Errorf("play: %w", err)
		}
		return nil
	})
}

// stop ends a playing. One that has ended by itself is no error: Played has told.
func (e *Engine) stop(ctx context.Context, a core.Stop) error {
	if a.Leg == "" || a.Play == "" {
		return refuse(core.WhyInvalid, "leg and play: must not be empty")
	}
	err := e.rest.do(ctx, http.MethodDelete, path("playbacks", string(a.Play)), nil, nil, nil)
	if !notFound(err) {
		if err != nil {
			return fmt.Errorf("stop: %w", err)
		}
		return nil
	}
	e.mu.Lock()
	known := e.table.legs[a.Leg] != nil
	e.mu.Unlock()
	if !known {
		return refuse(core.WhyUnknown, "no such leg: %s", a.Leg)
	}
	return nil
}

// sendDigits sends DTMF to the leg's far end, once per effect id.
func (e *Engine) sendDigits(ctx context.Context, effect core.EffectID, a core.SendDigits) error {
	if a.Leg == "" {
		return refuse(core.WhyInvalid, "leg: must not be empty")
	}
	if !digitsPattern.MatchString(a.Digits) {
		return refuse(core.WhyInvalid, "digits: must be 1 to 64 of 0-9, '*', '#', A-D")
	}
	return e.onlyOnce(onceKey{a.Leg, effect}, func() error {
		err := e.rest.do(ctx, http.MethodPost, path("channels", string(a.Leg), "dtmf"), url.Values{"dtmf": {a.Digits}}, nil, nil)
		if err != nil {
			return fmt.Errorf("send digits: %w", err)
		}
		return nil
	})
}

// onlyOnce carries an effect out unless it was before. One that Asterisk refused may be tried again; one without an answer
// may not, since it may have been carried out.
func (e *Engine) onlyOnce(key onceKey, do func() error) error {
	if !e.once.first(key) {
		return nil
	}
	err := do()
	if status(err) != 0 {
		e.once.undo(key)
	}
	return err
}
