package esl

import (
	"context"
	"fmt"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// A recording ends with its conference, and a conference with its last member. But one call has one recording, also over a consult, in which the customer is on hold and
// the agent elsewhere, and nobody is left. So a recorded conference has a keeper: a channel without a far end, which says nothing and hears nobody. Its id is the
// recording's.

// keepJob begins the id of the job that makes a keeper.
const keepJob = "tandem-keep-"

// keep puts a keeper into the conference of a recording that has just begun.
func (e *Engine) keep(ctx context.Context, p *pair, mix core.MixID, rec core.RecordingID) error {
	who := settings(set("origination_uuid", idArg(rec)), set("hangup_after_bridge", literal("false")))
	app := joined(literal("&conference("), conferenceArg(mix), literal("@"), wordArg(e.cfg.MixProfile), literal("+flags{mute|deaf})"))
	if err := p.aside.background(ctx, keepJob+jobID(rec), "originate", joined(who, literal("null/keeper")), app); err != nil {
		return fmt.Errorf("keep the recording going: %w", err)
	}
	return nil
}

// keepStill puts a keeper into the conference of a recording that goes on, if there is none: the order to record may have ended between the two.
func (e *Engine) keepStill(ctx context.Context, p *pair, mix core.MixID, rec core.RecordingID) error {
	there, err := exists(ctx, p, core.LegID(rec))
	if err != nil {
		return fmt.Errorf("look for the recording's keeper: %w", err)
	}
	if there {
		return nil
	}
	return e.keep(ctx, p, mix, rec)
}

// keepLater makes a keeper that the switch has refused, as it does when more sessions begin in one second than it lets, a second later, as long as its recording goes on. The caller holds mu.
func (e *Engine) keepLater(rec core.RecordingID) {
	p := e.pair
	e.inSession(func(ctx context.Context) {
		select {
		case <-time.After(redialPause):
		case <-ctx.Done():
			return
		}
		ctx, cancel := context.WithTimeout(ctx, e.cfg.EffectTimeout)
		defer cancel()
		if err := e.keepOn(ctx, p, rec); err != nil && ctx.Err() == nil {
			e.log.Warn("a recording may end with the next consult: what keeps it going could not be made", "recording", rec, "error", err)
		}
	})
}

// keepOn puts a keeper into the conference of a recording, if it is still written and has none.
func (e *Engine) keepOn(ctx context.Context, p *pair, rec core.RecordingID) error {
	e.mu.Lock()
	r := e.table.recordings[rec]
	e.mu.Unlock()
	if r == nil {
		return nil
	}
	unlock, err := e.locks.Lock(ctx, "mix:"+string(r.mix)) // not while its last members leave: the keeper would begin a conference of its own
	if err != nil {
		return err
	}
	defer unlock()
	e.mu.Lock()
	_, runs := e.table.recordings[rec]
	e.mu.Unlock()
	if !runs {
		return nil
	}
	return e.keepStill(ctx, p, r.mix, rec)
}

// dismiss ends a recording's keeper, if there is one.
func (e *Engine) dismiss(ctx context.Context, p *pair, rec core.RecordingID) error {
	err := order(ctx, p.commands, "uuid_kill", idArg(rec))
	if err != nil && !answered(err) {
		return fmt.Errorf("dismiss the recording's keeper: %w", err)
	}
	return nil // it is gone, or there was none
}

// dismissFrom ends the keepers of a mix that is dissolved, and with them its recordings. A keeper that nobody remembers was seen there: the end of the job that made it was lost with a connection, and what it
// should have kept is over.
func (e *Engine) dismissFrom(ctx context.Context, p *pair, mix core.MixID) error {
	var recorded []core.RecordingID
	e.mu.Lock()
	for id, r := range e.table.recordings {
		if r.mix == mix {
			recorded = append(recorded, id)
		}
	}
	for _, id := range e.table.others[mix] {
		if e.table.legs[id] == nil && e.table.recordings[core.RecordingID(id)] == nil {
			recorded = append(recorded, core.RecordingID(id))
		}
	}
	delete(e.table.others, mix)
	e.mu.Unlock()
	for _, id := range recorded {
		if err := e.dismiss(ctx, p, id); err != nil {
			return err
		}
	}
	return nil
}
