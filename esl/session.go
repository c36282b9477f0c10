package esl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
)

// session is one life of the connections. It returns when that ends, with all its goroutines gone. EngineUp is told once everything has
// been looked at, EngineDown when the session ends after that.
func (e *Engine) session(ctx context.Context, p *pair, sink engine.Sink) error {
	ctx, cancel := context.WithCancel(ctx)
	var crew sync.WaitGroup
	defer crew.Wait()
	defer cancel()

	view, restarted, err := e.prepare(ctx, p)
	if err != nil {
		return err
	}
	e.begin(p, view, func(f func(context.Context)) { crew.Go(func() { f(ctx) }) })
	defer e.end(ctx, sink)
	e.log.Info("connected to FreeSWITCH", "restarted", restarted, "version", e.Capabilities().Version,
		"legs", len(view.snapshot.Legs), "mixes", len(view.snapshot.Mixes), "recordings", len(view.snapshot.Recordings))
	sink.Fact(core.EngineUp{Engine: e.cfg.ID, Restarted: restarted, Snapshot: view.snapshot})
	crew.Go(func() { e.beat(ctx, p) })
	crew.Go(func() { e.watchPhones(ctx, p) })
	return e.pump(ctx, p, sink)
}

// prepare asks the switch what it is, and looks at everything. What happens after the look is among the events that are queueing up.
func (e *Engine) prepare(ctx context.Context, p *pair) (view *wholeView, restarted bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 4*e.cfg.EffectTimeout)
	defer cancel()
	if err := e.acquaint(ctx, p); err != nil {
		return nil, false, err
	}
	if restarted, err = detectRestart(ctx, p); err != nil {
		return nil, false, err
	}
	if view, err = e.look(ctx, p, true); err != nil {
		return nil, false, err
	}
	for _, l := range view.snapshot.Legs {
		restarted = restarted && !l.Ours // somebody cleared the variable: what we see says more
	}
	return view, restarted, nil
}

// acquaint reads the version, directories and limits of the switch.
func (e *Engine) acquaint(ctx context.Context, p *pair) error {
	var at places
	for _, q := range []struct {
		into *string
		verb string
		arg  string
	}{
		{&at.version, "version", "short"}, {&at.sounds, "global_getvar", "sound_prefix"}, {&at.recordings, "global_getvar", "recordings_dir"},
	} {
		said, err := p.commands.api(ctx, q.verb, wordArg(q.arg))
		if err != nil {
			return fmt.Errorf("ask the switch about itself: %w", err)
		}
		*q.into = strings.TrimSpace(said)
	}
	status, err := p.commands.api(ctx, "status")
	if err != nil {
		return fmt.Errorf("ask for the switch's limits: %w", err)
	}
	rate := float64(e.cfg.DialRate)
	if rate == 0 {
		rate = paceOf(sessionsPerSecond(status))
	}
	e.pace.set(rate)
	for _, v := range everyLeg {
		if err := order(ctx, p.commands, "global_setvar", literal(v)); err != nil {
			return fmt.Errorf("set what holds for every leg: %w", err)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.place = at
	return nil
}

// everyLeg is what holds for every leg on the switch. It stands there once, as variables of the switch, instead of in every order to dial and in every event
// of every leg: FreeSWITCH reads orders byte by byte, and both are most of what it costs it to be driven.
var everyLeg = []constant{
	// A phone that answers 302 to itself would be called for ever.
	"outbound_redirect_fatal=true",
	// Otherwise "*" ends what is played.
	"playback_terminators=none",
	// Every order is a transfer to the switch, which hangs up after 70 of them.
	"max_session_transfers=1000000",
	// Who is being bridged with somebody who ends meanwhile is not hung up on.
	"uuid_bridge_park_on_cancel=true",
	// Or, should that end a moment later, is sent to its own dialplan, which parks it again: switch_ivr_bridge.c, "rdnis".
	"rdnis=park",
	// Who is just leaving a conference in the moment in which its thread ends, for want of members, is not hung up on: mod_conference.c, conference_thread_run.
	"hangup_after_conference=false",
	// Who talks to a phone that holds is not hung up on when it hangs up,
	"hold_hangup_xfer_exten=park:",
	// and hears nothing meanwhile, as in a conference: music is for those whom Tandem holds.
	"hold_music=silence",
	// What a phone shows was said when it was called.
	"ignore_display_updates=true",
}

// sessionsPerSecond reads the limit out of "status": "0 session(s) per Sec out of max 200, peak 0". 0 = it does not say.
func sessionsPerSecond(status string) float64 {
	_, rest, _ := strings.Cut(status, "per Sec out of max ")
	var n float64
	if _, err := fmt.Sscanf(rest, "%f", &n); err != nil {
		return 0
	}
	return n
}

// bootVariable is a global variable of the switch in which we note that we have met it. It lives as long as the switch's process does, so that
// even a Tandem that was itself away meanwhile can tell a restarted switch from one that it has met before.
const bootVariable = "tandem_met"

func detectRestart(ctx context.Context, p *pair) (bool, error) {
	noted, err := p.commands.api(ctx, "global_getvar", literal(bootVariable))
	if err != nil {
		return false, fmt.Errorf("read %s: %w", bootVariable, err)
	}
	if strings.TrimSpace(noted) == "true" {
		return false, nil
	}
	if err := order(ctx, p.commands, "global_setvar", literal(bootVariable+"=true")); err != nil {
		return false, fmt.Errorf("note %s: %w", bootVariable, err)
	}
	return true, nil
}

// begin makes the session the current one.
func (e *Engine) begin(p *pair, view *wholeView, spawn func(func(context.Context))) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.table.adopt(view, time.Now())
	e.pair, e.spawn, e.since = p, spawn, time.Now()
}

// end closes the session. Events that were read before the connection failed have been told by then, unless there was a gap.
func (e *Engine) end(ctx context.Context, sink engine.Sink) {
	e.mu.Lock()
	e.pair, e.spawn = nil, nil // from now on the crew does not grow, and can be waited for
	e.mu.Unlock()
	if ctx.Err() == nil {
		sink.Fact(core.EngineDown{Engine: e.cfg.ID})
	}
}

// phonesSeen is a look at the phones that are registered.
type phonesSeen map[string]bool

// lookAtPhones asks who is registered. The table of registrations is written late and keeps phones that the SIP profile has given up; so it only says
// whom to ask the profile about, as do the phones that we know of. Failing to is no reason to end a session.
func (e *Engine) lookAtPhones(ctx context.Context, p *pair) phonesSeen {
	limit, cancel := context.WithTimeout(ctx, 4*e.cfg.EffectTimeout)
	defer cancel()
	said, err := e.ask(limit, p, "show", literal("registrations as json"))
	var list struct {
		Rows []struct {
			User  string `json:"reg_user"`
			Realm string `json:"realm"`
		} `json:"rows"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(said), &list)
	}
	if err != nil {
		if ctx.Err() == nil {
			e.log.Warn("the phones' registrations are unknown", "error", err)
		}
		return nil
	}
	seen := phonesSeen{}
	reached := func(phone string, address argument) {
		said, err := p.aside.api(ctx, "sofia_contact", address)
		// An error is an odd name, or the end of the session: nothing is known then.
		seen[phone] = err != nil || !strings.HasPrefix(strings.TrimSpace(said), "error/")
	}
	for _, r := range list.Rows {
		reached(r.User, joined(wordArg(r.User), literal("@"), wordArg(r.Realm)))
	}
	e.mu.Lock()
	known := sortedKeys(e.table.phones)
	e.mu.Unlock()
	template, isUser := strings.CutPrefix(e.cfg.PhoneTemplate, "user/")
	for _, phone := range known {
		if _, listed := seen[phone]; !listed && isUser {
			reached(phone, dialArg(template, "<phone>", phone))
		}
	}
	return seen
}

// phonesChanged tells what a look at the phones has found that is news. The caller holds mu.
func (e *Engine) phonesChanged(seen phonesSeen) []core.Fact {
	var facts []core.Fact
	for _, phone := range sortedKeys(seen) {
		if _, known := e.table.phones[phone]; known || seen[phone] {
			facts = append(facts, e.phoneFacts(phone, seen[phone])...)
		}
	}
	return facts
}

// pump tells what is in the queue, in order, until the pair ends, or a gap.
func (e *Engine) pump(ctx context.Context, p *pair, sink engine.Sink) error {
	var batch []item
	for {
		var err error
		if batch, err = p.take(ctx, batch); err != nil {
			return err
		}
		for i := range batch {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			for _, f := range e.facts(batch[i]) {
				sink.Fact(f)
			}
			batch[i] = item{}
		}
	}
}

// facts is what an item tells.
func (e *Engine) facts(it item) []core.Fact {
	switch aside := it.aside.(type) {
	case nil:
		return e.translate(it.event)
	case taken:
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.appeared(aside.leg)
	case core.Played:
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.table.legs[aside.Leg] == nil {
			return nil // nothing comes behind the end of a leg
		}
		return []core.Fact{aside}
	case core.LegHungUp: // of a dial that could not be tried again
		e.mu.Lock()
		defer e.mu.Unlock()
		l := e.table.legs[aside.Leg]
		if l == nil {
			return nil
		}
		e.table.drop(l)
		if l.asked != "" {
			aside.Cause = release{dialled: true, asked: l.asked}.cause()
		}
		return []core.Fact{aside}
	case core.Fact:
		return []core.Fact{aside}
	case *wholeView:
		return e.seen(aside)
	case phonesSeen:
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.phonesChanged(aside)
	}
	return nil
}

// seen is what a look on the slow beat tells.
func (e *Engine) seen(v *wholeView) []core.Fact {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.table.others = v.others
	if gone := e.table.forgetAbsent(v); len(gone) > 0 {
		e.log.Warn("legs ended without an event", "legs", gone)
	}
	return []core.Fact{core.EngineSeen{Engine: e.cfg.ID, Snapshot: v.snapshot}}
}

// beat looks at everything at intervals, and puts what it saw behind the events that came before. It waits for nothing else: it is what mends.
func (e *Engine) beat(ctx context.Context, p *pair) {
	ticker := time.NewTicker(e.cfg.Beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		view, err := e.look(ctx, p, false)
		switch {
		case err == nil:
			p.put(view)
		case ctx.Err() == nil && !errors.Is(err, errClosed):
			e.log.Warn("look at the switch failed", "error", err)
		}
	}
}

// watchPhones looks at the phones at intervals. It begins at once: their registrations may have changed while nobody listened.
func (e *Engine) watchPhones(ctx context.Context, p *pair) {
	ticker := time.NewTicker(e.cfg.Beat)
	defer ticker.Stop()
	for {
		p.put(e.lookAtPhones(ctx, p))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
