package esl

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

const (
	// playVariable carries a playing's id through the switch and back in its events.
	playVariable = "tandem_play"
	// playedEvent is fired by the leg itself behind every prompt, whether it was played, interrupted or not found: FreeSWITCH's own events
	// leave out the last.
	playedEvent = "tandem::played"
)

// A prompt is to be played, or is being played. A leg's prompts wait here, and the switch has one at a time.
type prompt struct {
	play  core.PlayID
	files []string
}

// sound names the files as FreeSWITCH plays them one after another.
func (p prompt) sound() []argument {
	list := []argument{literal("file_string://")}
	for i, f := range p.files {
		if i > 0 {
			list = append(list, literal("!"))
		}
		list = append(list, fileArg(f))
	}
	return list
}

// play plays prompts to a leg, once per effect id. In a mix it takes the leg out for as long.
func (e *Engine) play(ctx context.Context, effect core.EffectID, a core.Play) error {
	if a.Leg == "" || !idRule.MatchString(string(a.Play)) {
		return adapter.Refuse(core.WhyInvalid, "leg must not be empty, play must be 1 to 128 letters, digits, '_' or '-'")
	}
	if err := adapter.CheckMedia(a.Media); err != nil {
		return err
	}
	e.mu.Lock()
	sounds := e.place.sounds
	e.mu.Unlock()
	next := prompt{play: a.Play}
	for _, name := range a.Media {
		next.files = append(next.files, sounds+"/"+name+".wav")
	}
	unlock, err := e.lockUnbridged(ctx, a.Leg)
	if err != nil {
		return err
	}
	defer unlock()
	return e.once.Do(a.Leg, effect, refusalOf, func() error {
		e.mu.Lock()
		l := e.table.legs[a.Leg]
		if l == nil || !l.told {
			e.mu.Unlock()
			return adapter.Refuse(core.WhyUnknown, "no such leg: %s", a.Leg)
		}
		if !l.parked {
			e.mu.Unlock()
			return adapter.Refuse(core.WhyState, "leg %s is still being called", a.Leg)
		}
		l.prompts = append(l.prompts, next)
		first, s := len(l.prompts) == 1, l.stay
		e.mu.Unlock()
		if !first {
			return nil
		}
		err := e.direct(ctx, a.Leg, s.certain(), &next)
		if err != nil && answered(err) {
			e.note(a.Leg, func(l *leg) { l.unqueue(a.Play) })
		}
		return err
	})
}

// certain makes silence of a stay that is not known.
func (s stay) certain() stay {
	if s.unknown {
		return stay{}
	}
	return s
}

// unqueue takes a prompt out of the line. first says that it was being played.
func (l *leg) unqueue(play core.PlayID) (found, first bool) {
	i := slices.IndexFunc(l.prompts, func(p prompt) bool { return p.play == play })
	if i < 0 {
		return false, false
	}
	l.prompts = slices.Delete(l.prompts, i, i+1)
	if i == 0 {
		l.heard = false
	}
	return true, i == 0
}

// promptOver is the event that a leg fires behind a prompt. The caller holds mu.
func (e *Engine) promptOver(l *leg, play core.PlayID) []core.Fact {
	ok := l.heard
	found, first := l.unqueue(play)
	if !found {
		return nil // stopped, and told by who stopped it
	}
	if first {
		e.goOn(l.id)
	}
	return []core.Fact{core.Played{Leg: l.id, Play: play, OK: ok && first}}
}

// goOn makes a leg whose prompt is over play the next, or stay as the newest SetMix wants, which may have come while it was
// playing. The caller holds mu.
func (e *Engine) goOn(id core.LegID) {
	l := e.table.legs[id]
	if len(l.prompts) == 0 && !l.moved {
		return // the program goes on with where the leg is to stay
	}
	l.due = true
	e.inSession(func(ctx context.Context) { e.carryOn(ctx, id) })
}

// carryOn orders what is due on a leg, unless something else was ordered meanwhile.
func (e *Engine) carryOn(ctx context.Context, id core.LegID) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
	defer cancel()
	unlock, err := e.locks.Lock(ctx, "leg:"+string(id))
	if err != nil {
		return // the session is ending
	}
	defer unlock()
	due := false
	e.note(id, func(l *leg) { due = l.due })
	if due {
		e.playNext(ctx, id)
	}
}

// playNext is what goOn does. The caller holds the leg's lock.
func (e *Engine) playNext(ctx context.Context, id core.LegID) {
	for {
		e.mu.Lock()
		l := e.table.legs[id]
		if l == nil {
			e.mu.Unlock()
			return
		}
		s := l.stay.certain()
		var next *prompt
		if len(l.prompts) > 0 {
			next = &l.prompts[0]
		}
		l.moved = false
		e.mu.Unlock()
		err := e.direct(ctx, id, s, next)
		if err == nil || next == nil || !answered(err) {
			return // done, or nobody knows: then the session is ending
		}
		e.logOf(id).Debug("a prompt that waited could not be played", "play", next.play, "error", err)
		e.note(id, func(l *leg) { l.unqueue(next.play) })
		if notFound(err) {
			return // a leg that is gone has nothing more to tell
		}
		e.tell(core.Played{Leg: id, Play: next.play})
	}
}

// stop ends a playing: the leg goes on as it would have. One that has ended by itself is no error: Played has told.
func (e *Engine) stop(ctx context.Context, a core.Stop) error {
	if a.Leg == "" || a.Play == "" {
		return adapter.Refuse(core.WhyInvalid, "leg and play: must not be empty")
	}
	unlock, err := e.locks.Lock(ctx, "leg:"+string(a.Leg))
	if err != nil {
		return err
	}
	defer unlock()
	e.mu.Lock()
	l := e.table.legs[a.Leg]
	if l == nil || !l.told {
		e.mu.Unlock()
		return adapter.Refuse(core.WhyUnknown, "no such leg: %s", a.Leg)
	}
	// Out of the line first: the event of its end, which may be on its way, then tells nothing.
	found, first := l.unqueue(a.Play)
	e.mu.Unlock()
	if first {
		e.playNext(ctx, a.Leg)
	}
	if found {
		e.tell(core.Played{Leg: a.Leg, Play: a.Play})
	}
	return nil
}

// silencePrompts takes all prompts of a leg out of the line, because it is made to be in a mix, and gives their ends.
func (e *Engine) silencePrompts(id core.LegID) (over []core.Fact) {
	e.note(id, func(l *leg) {
		for _, p := range l.prompts {
			over = append(over, core.Played{Leg: id, Play: p.play})
		}
		l.prompts, l.heard, l.moved = nil, false, false
	})
	return over
}

// lostDial is after how long a dial of which nothing was seen or heard is given up: "originate" makes the channel at once or fails at once.
const lostDial = 10 * time.Second
