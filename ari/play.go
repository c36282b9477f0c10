package ari

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// play plays prompts to a leg, once per effect id.
func (e *Engine) play(ctx context.Context, effect core.EffectID, a core.Play) error {
	if a.Leg == "" || a.Play == "" {
		return adapter.Refuse(core.WhyInvalid, "leg and play: must not be empty")
	}
	if err := adapter.CheckMedia(a.Media); err != nil {
		return err
	}
	uris := make([]string, 0, len(a.Media))
	for _, name := range a.Media {
		uris = append(uris, "sound:"+name)
	}
	return e.once.Do(a.Leg, effect, refusalOf, func() error {
		e.mu.Lock()
		l := e.table.legs[a.Leg]
		if l == nil {
			e.mu.Unlock()
			return adapter.Refuse(core.WhyUnknown, "no such leg: %s", a.Leg)
		}
		next := prompt{play: a.Play, uris: uris}
		l.prompts = append(l.prompts, next)
		waits := len(l.prompts) > 1
		e.mu.Unlock()
		if waits {
			return nil
		}
		err := e.playNow(ctx, a.Leg, next)
		if e.unplayed(ctx, next, err) {
			e.promptOver(a.Leg, a.Play)
		}
		return err
	})
}

// unplayed reports, by the error of the order to play a prompt, whether it is not being played: no event of its end would come, and those behind it would wait for ever. Where the answer was lost Asterisk is
// asked, unless we are ending.
func (e *Engine) unplayed(ctx context.Context, p prompt, err error) bool {
	if err == nil || status(err) != 0 || errors.Is(ctx.Err(), context.Canceled) {
		return status(err) != 0
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return notFound(e.rest.do(ctx, http.MethodGet, path("playbacks", string(p.play)), nil, nil, nil))
}

// A prompt is to be played, or is being played. Asterisk queues playbacks by itself, but one that waits while its channel is in a bridge is lost,
// without a word, when the channel leaves the bridge. So a leg's prompts wait here, and Asterisk has one at a time.
type prompt struct {
	play core.PlayID
	uris []string
}

func (e *Engine) playNow(ctx context.Context, leg core.LegID, p prompt) error {
	err := e.rest.do(ctx, http.MethodPost, path("channels", string(leg), "play", string(p.play)), nil, map[string]any{"media": p.uris}, nil)
	if err != nil {
		return fmt.Errorf("play: %w", err)
	}
	return nil
}

// promptOver takes a prompt out of its leg's line, and starts the next one if it was the first, or the music again if it was the last.
func (e *Engine) promptOver(leg core.LegID, play core.PlayID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.promptOverLocked(leg, play)
}

func (e *Engine) promptOverLocked(leg core.LegID, play core.PlayID) {
	l := e.table.legs[leg]
	if l == nil {
		return
	}
	i := slices.IndexFunc(l.prompts, func(p prompt) bool { return p.play == play })
	if i < 0 {
		return
	}
	l.prompts = slices.Delete(l.prompts, i, i+1)
	switch {
	case i > 0:
		return // the first is being played still
	case len(l.prompts) == 0:
		if l.wantsMusic() {
			e.inSession(func(ctx context.Context) { e.resumeMusic(ctx, leg) })
		}
		return
	}
	next := l.prompts[0]
	e.inSession(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
		defer cancel()
		err := e.playNow(ctx, leg, next)
		if !e.unplayed(ctx, next, err) {
			return // being played, or nobody knows
		}
		e.logOf(leg).Debug("a prompt that waited could not be played", "play", next.play, "error", err)
		if !notFound(err) { // a leg that is gone has nothing more to tell
			e.tell(core.Played{Leg: leg, Play: next.play})
		}
		e.promptOver(leg, next.play)
	})
}

// wantsMusic reports whether the leg is to hear music now: SetMix has started some and not stopped it, and no prompt is in its place.
func (l *leg) wantsMusic() bool {
	return len(l.prompts) == 0 && l.media.music && l.bridge == "" && l.asked == "" && !l.requested
}

// resumeMusic starts a leg's music anew, which ended when Asterisk opened a prompt's file, whether the file was there or not; Asterisk goes on in
// silence. The leg's lock keeps it from overtaking a SetMix that is stopping the music, or changing it. A prompt that is ordered meanwhile takes the music's place, or
// is heard before it; either way its end leads here again.
func (e *Engine) resumeMusic(ctx context.Context, id core.LegID) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
	defer cancel()
	unlock, err := e.locks.Lock(ctx, legLocks([]core.LegID{id})...)
	if err != nil {
		return // the session is ending; or an order holds the leg for so long that it failed, and its repetition sets the music
	}
	defer unlock()
	e.mu.Lock()
	l := e.table.legs[id]
	wanted, class := l != nil && l.wantsMusic(), ""
	if wanted {
		class = l.media.class
	}
	e.mu.Unlock()
	if !wanted {
		return
	}
	if err := e.startMusic(ctx, id, class); err != nil {
		e.note([]core.LegID{id}, func(l *leg) { l.media.known = false }) // the next SetMix sets it
		if ctx.Err() == nil {
			e.logOf(id).Warn("there is no music after a prompt", "error", err)
		}
	}
}

// unqueue takes a prompt that still waits out of the line.
func (e *Engine) unqueue(leg core.LegID, play core.PlayID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.table.legs[leg]
	if l == nil {
		return false
	}
	i := slices.IndexFunc(l.prompts, func(p prompt) bool { return p.play == play })
	if i <= 0 {
		return false
	}
	l.prompts = slices.Delete(l.prompts, i, i+1)
	return true
}

// stop ends a playing. One that has ended by itself is no error: Played has told.
func (e *Engine) stop(ctx context.Context, a core.Stop) error {
	if a.Leg == "" || a.Play == "" {
		return adapter.Refuse(core.WhyInvalid, "leg and play: must not be empty")
	}
	if e.unqueue(a.Leg, a.Play) {
		e.tell(core.Played{Leg: a.Leg, Play: a.Play})
		return nil
	}
	err := e.rest.do(ctx, http.MethodDelete, path("playbacks", string(a.Play)), nil, nil, nil)
	if !notFound(err) {
		if err != nil {
			return fmt.Errorf("stop: %w", err)
		}
		return nil
	}
	e.promptOver(a.Leg, a.Play)
	e.mu.Lock()
	known := e.table.legs[a.Leg] != nil
	e.mu.Unlock()
	if !known {
		return adapter.Refuse(core.WhyUnknown, "no such leg: %s", a.Leg)
	}
	return nil
}

// sendDigits sends DTMF to the leg's far end, once per effect id.
func (e *Engine) sendDigits(ctx context.Context, effect core.EffectID, a core.SendDigits) error {
	if a.Leg == "" {
		return adapter.Refuse(core.WhyInvalid, "leg: must not be empty")
	}
	if !adapter.Digits.MatchString(a.Digits) {
		return adapter.Refuse(core.WhyInvalid, "digits: must be 1 to 64 of 0-9, '*', '#', A-D")
	}
	return e.once.Do(a.Leg, effect, refusalOf, func() error {
		err := e.rest.do(ctx, http.MethodPost, path("channels", string(a.Leg), "dtmf"), url.Values{"dtmf": {a.Digits}}, nil, nil)
		if err != nil {
			return fmt.Errorf("send digits: %w", err)
		}
		return nil
	})
}
