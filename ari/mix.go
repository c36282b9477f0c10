package ari

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// A SetMix becomes the difference between what is wanted and what is remembered. On the path that people hear (a customer on hold
// music, an agent who has just answered) that is two requests: stop the music, and add both to the bridge, which was made when the
// customer was put on hold.
//
// If the difference is empty, the order is a repetition, and repetitions are how reconciliation repairs: then, and
// whenever something spoke against the memory or a request failed, the bridge itself is looked at.

// A plan is the difference, in terms of requests.
type plan struct {
	create    bool
	dissolve  bool
	add       []core.LegID
	remove    map[core.MixID][]core.LegID // by the bridge that they are in
	muteFirst []core.LegID                // before they are added: not one word must get through
	unmute    []core.LegID
	music     []core.Member // start, after removal
	silence   []core.LegID  // stop the music
}

func (p *plan) empty() bool {
	return !p.create && !p.dissolve &&
		len(p.add)+len(p.remove)+len(p.muteFirst)+len(p.unmute)+len(p.music)+len(p.silence) == 0
}

// A SetMix that failed is tried again, with pauses that double: five times, within 75 ms.
const (
	mixTries = 5
	mixPause = 5 * time.Millisecond / 2
)

func (e *Engine) setMix(ctx context.Context, call core.CallID, a core.SetMix) error {
	if err := checkMix(a); err != nil {
		return err
	}
	// Two orders for one mix wait for each other, and so do two orders for one leg, whichever mixes they are for: the
	// newer one then sees what the older one did.
	unlockMix, err := e.locks.Lock(ctx, "mix:"+string(a.Mix))
	if err != nil {
		return err
	}
	defer unlockMix()
	e.mu.Lock()
	names := legLocks(e.table.touched(a.Mix))
	e.mu.Unlock()
	for _, m := range a.Members {
		names = append(names, "leg:"+string(m.Leg))
	}
	unlockLegs, err := e.locks.Lock(ctx, names...)
	if err != nil {
		return err
	}
	defer unlockLegs()

	unknown := e.claim(a)
	if len(unknown) > 0 && len(unknown) == len(a.Members) {
		return adapter.Refuse(core.WhyUnknown, "no such leg: %s", strings.Join(unknown, ", "))
	}
	if err := e.bringAbout(ctx, call, a); err != nil {
		return err
	}
	e.settle(a)
	if len(unknown) > 0 {
		return adapter.Refuse(core.WhyUnknown, "no such leg: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// bringAbout makes the bridge what the mix says: by what is known of it, or after a look where that may be wrong. What fails is tried again a few times.
func (e *Engine) bringAbout(ctx context.Context, call core.CallID, a core.SetMix) error {
	var failed error
	for try := range mixTries {
		if failed != nil {
			// A bridge that was dissolved a moment ago is still there for some requests and gone for others.
			select {
			case <-time.After(mixPause << try):
			case <-ctx.Done():
				return failed
			}
		}
		p, suspect := e.planMix(a)
		// The first time, an empty plan means that this is a repetition. Later it means that all is done.
		// Dissolving needs no look: it puts everybody out, whoever that is.
		if !p.dissolve && (suspect || p.empty() && try == 0) {
			if err := e.lookAtMix(ctx, a.Mix, p.empty()); err != nil {
				return err
			}
			p, _ = e.planMix(a)
		}
		if p.empty() {
			return nil
		}
		if failed = e.perform(ctx, call, a.Mix, p); failed == nil {
			return nil
		}
		e.distrust(a.Mix, failed)
	}
	return failed
}

// distrust makes the next try look at the bridge, and set the music and muting of its members anew, in whichever mix they are by then. If the bridge is said not to be there although it exists, it
// is a dissolved one that cannot die yet, and the mix gets another.
func (e *Engine) distrust(id core.MixID, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.table.mix(id)
	m.suspect = true
	for leg := range m.owned {
		if l := e.table.legs[leg]; l != nil {
			l.media.known = false
		}
	}
	var se *StatusError
	if m.exists && errors.As(err, &se) && se.FromARI && se.Status == http.StatusNotFound && strings.HasSuffix(se.Path, "/addChannel") {
		m.generation++
	}
}

// bridgeID is the id of a mix's bridge: the mix's id. But a dissolved bridge lives on, of no use to anybody, until a prompt that is being played to
// one of its channels is over; a mix that is wanted again meanwhile needs a bridge of another id, of the next generation.
func bridgeID(id core.MixID, generation int) string {
	if generation == 0 {
		return string(id)
	}
	return string(id) + generationMark + strconv.Itoa(generation)
}

const generationMark = "~"

// mixOf is the opposite of bridgeID.
func mixOf(bridge string) (core.MixID, int) {
	id, text, marked := strings.Cut(bridge, generationMark)
	generation, err := strconv.Atoi(text)
	if !marked || err != nil {
		return core.MixID(bridge), 0
	}
	return core.MixID(id), generation
}

// bridgeOf is the id of a mix's present bridge.
func (e *Engine) bridgeOf(id core.MixID) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m := e.table.mixes[id]; m != nil {
		return bridgeID(id, m.generation)
	}
	return string(id)
}

func checkMix(a core.SetMix) error {
	if a.Mix == "" || len(a.Mix) > 128 || strings.Contains(string(a.Mix), generationMark) {
		return adapter.Refuse(core.WhyInvalid, "mix: must be 1 to 128 characters, none of them %q", generationMark)
	}
	return adapter.CheckMembers(a.Members)
}

func legLocks(ids []core.LegID) []string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, "leg:"+string(id))
	}
	return names
}

// claim makes the mix the owner of its members, and of nobody else. It returns the members that are not on the switch.
func (e *Engine) claim(a core.SetMix) (unknown []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.table.mix(a.Mix)
	for _, m := range a.Members {
		if l := e.table.legs[m.Leg]; l != nil {
			e.table.own(l, a.Mix)
		} else {
			unknown = append(unknown, string(m.Leg))
		}
	}
	return unknown
}

// planMix compares what is wanted with what is remembered. suspect says that the memory is not to be relied on.
func (e *Engine) planMix(a core.SetMix) (p plan, suspect bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.table.mix(a.Mix)
	p.remove = map[core.MixID][]core.LegID{}
	wanted := map[core.LegID]bool{}
	for _, member := range a.Members {
		l := e.table.legs[member.Leg]
		if l == nil {
			continue
		}
		wanted[l.id] = true
		p.member(l, a.Mix, member)
	}
	for _, id := range e.table.touched(a.Mix) {
		if l := e.table.legs[id]; l != nil && !wanted[id] && l.owner == a.Mix {
			p.leaver(l, a.Mix)
			wanted[id] = true // once
		}
	}
	switch {
	case len(a.Members) == 0:
		p.dissolve = m.exists || m.suspect
		// Dissolving puts everybody out.
		p.remove = map[core.MixID][]core.LegID{}
	case !m.exists:
		p.create = true
	}
	slices.Sort(p.silence)
	slices.Sort(p.unmute)
	return p, m.suspect
}

// member plans for a leg that is wanted.
func (p *plan) member(l *leg, id core.MixID, want core.Member) {
	inside := want.Mode != core.Hold
	switch {
	case inside && l.bridge != id:
		p.add = append(p.add, l.id) // Asterisk takes it out of any other bridge by itself
	case !inside && l.bridge != "":
		p.remove[l.bridge] = append(p.remove[l.bridge], l.id)
	}
	mute := want.Mode == core.Mute
	switch {
	case mute && (!l.media.muted || !l.media.known):
		p.muteFirst = append(p.muteFirst, l.id)
	case !mute && (l.media.muted || !l.media.known):
		p.unmute = append(p.unmute, l.id)
	}
	switch {
	case inside && (l.media.music || !l.media.known):
		p.silence = append(p.silence, l.id)
	case !inside && (!l.media.music || !l.media.known || l.media.class != want.Music):
		p.music = append(p.music, want)
	}
}

// leaver plans for a leg that belongs to the mix and is wanted no longer.
func (p *plan) leaver(l *leg, id core.MixID) {
	if l.bridge == id {
		p.remove[id] = append(p.remove[id], l.id)
	}
	if l.asked != "" {
		return // dying: what it hears does not matter
	}
	if l.media.muted {
		p.unmute = append(p.unmute, l.id)
	}
	if l.media.music || !l.media.known && l.bridge == "" {
		p.silence = append(p.silence, l.id)
	}
}

// noBridge reports whether an error says that a bridge is gone. 409 is the answer while it is going.
func noBridge(err error) bool { return notFound(err) || status(err) == http.StatusConflict }

// lookAtMix asks Asterisk who is in the bridge. thorough also makes music and muting of the members unknown, so that they are set anew.
func (e *Engine) lookAtMix(ctx context.Context, id core.MixID, thorough bool) error {
	var b bridge
	err := e.rest.do(ctx, http.MethodGet, path("bridges", e.bridgeOf(id)), nil, nil, &b)
	if err != nil && !noBridge(err) {
		return fmt.Errorf("look at the bridge: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.table.mix(id)
	m.exists, m.suspect = err == nil, false
	actual := map[core.LegID]bool{}
	for _, c := range b.Channels {
		actual[core.LegID(c)] = true
	}
	for _, leg := range e.table.touched(id) {
		l := e.table.legs[leg]
		if l == nil {
			continue
		}
		if l.bridge == id && !actual[leg] {
			e.table.place(l, "")
		}
		if thorough && l.owner == id {
			l.media.known = false
		}
	}
	for leg := range actual {
		if l := e.table.legs[leg]; l != nil && l.bridge != id {
			e.table.place(l, id)
		}
	}
	return nil
}

// perform carries a plan out. It stops at the first error that matters; what succeeded is remembered.
func (e *Engine) perform(ctx context.Context, call core.CallID, id core.MixID, p plan) error {
	if p.create {
		if err := e.createBridge(ctx, call, id); err != nil {
			return err
		}
	}
	if err := e.each(ctx, p.muteFirst, func(ctx context.Context, leg core.LegID) error { return e.mute(ctx, leg, true) }); err != nil {
		return err
	}
	// A recording ends when the last channel leaves its bridge. So who comes is added before the others go, unless
	// somebody stays anyway: then who is to go must not hear who comes.
	if p.emptiesBeforeAdding(e.membersOf(id)) {
		if err := e.silenceAndAdd(ctx, id, p); err != nil {
			return err
		}
		if err := e.removeAll(ctx, p.remove); err != nil {
			return err
		}
	} else {
		if err := e.removeAll(ctx, p.remove); err != nil {
			return err
		}
		if err := e.silenceAndAdd(ctx, id, p); err != nil {
			return err
		}
	}
	if p.dissolve {
		err := e.rest.do(ctx, http.MethodDelete, path("bridges", e.bridgeOf(id)), nil, nil, nil)
		if err != nil && !noBridge(err) {
			return fmt.Errorf("dissolve the bridge: %w", err)
		}
		if err := e.dismissFrom(ctx, id); err != nil {
			return err
		}
		e.noteDissolved(id)
	}
	if err := e.each(ctx, p.unmute, func(ctx context.Context, leg core.LegID) error { return e.mute(ctx, leg, false) }); err != nil {
		return err
	}
	for _, m := range p.music {
		if err := e.startMusic(ctx, m.Leg, m.Music); err != nil {
			return err
		}
	}
	return nil
}

// emptiesBeforeAdding reports whether removing first would leave nobody in the bridge for a moment.
func (p *plan) emptiesBeforeAdding(now int) bool {
	leaving := 0
	for _, legs := range p.remove {
		leaving += len(legs)
	}
	return len(p.add) > 0 && leaving > 0 && leaving >= now
}

func (e *Engine) membersOf(id core.MixID) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.table.mix(id).in)
}

func (e *Engine) createBridge(ctx context.Context, call core.CallID, id core.MixID) error {
	// dtmf_events keeps Asterisk from handing the media of two legs straight through below its core, where it would see no digits.
	body := map[string]any{"type": "mixing,dtmf_events", "name": e.bridgeName(), "variables": map[string]string{callVariable: string(call)}}
	err := e.rest.do(ctx, http.MethodPost, path("bridges", e.bridgeOf(id)), nil, body, nil)
	if err != nil && status(err) != http.StatusConflict { // 409: it is there already, which is what is wanted
		return fmt.Errorf("make the bridge: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.table.mix(id)
	m.exists = true
	m.suspect = err != nil
	return nil
}

// silenceAndAdd stops the music of those who come, and then adds them. Asterisk must have the orders in this sequence. A channel outside bridges carries its orders
// out in the thread that makes its music. In a bridge those are two threads; the order to stop is lost, with the best of answers, if it falls
// into the moment in which the other one is at the next packet. Then the music never ends, and drowns who speaks in the bridge.
func (e *Engine) silenceAndAdd(ctx context.Context, id core.MixID, p plan) error {
	if err := e.each(ctx, p.silence, e.stopMusic); err != nil {
		return err
	}
	if len(p.add) == 0 {
		return nil
	}
	return e.addToBridge(ctx, id, p.add)
}

func (e *Engine) addToBridge(ctx context.Context, id core.MixID, legs []core.LegID) error {
	err := e.rest.do(ctx, http.MethodPost, path("bridges", e.bridgeOf(id), "addChannel"), nil, map[string]any{"channel": legs}, nil)
	if err != nil && len(legs) > 1 && status(err)/100 == 4 && ctx.Err() == nil {
		// Asterisk adds all or nobody, and does not say who is in the way. One of them is probably gone; the others are to
		// hear each other all the same.
		var errs []error
		for _, leg := range legs {
			errs = append(errs, e.addToBridge(ctx, id, []core.LegID{leg}))
		}
		return errors.Join(errs...)
	}
	if err != nil {
		return fmt.Errorf("add to the bridge: %w", err)
	}
	e.note(legs, func(l *leg) { e.table.place(l, id) })
	return nil
}

func (e *Engine) removeAll(ctx context.Context, remove map[core.MixID][]core.LegID) error {
	for from, legs := range remove {
		for _, id := range legs {
			// One by one: Asterisk removes all or nobody, and one that is out already is no reason to leave the other in.
			err := e.rest.do(ctx, http.MethodPost, path("bridges", e.bridgeOf(from), "removeChannel"), nil, map[string]any{"channel": []core.LegID{id}}, nil)
			// 422: it is not in this bridge. 404 and 400: bridge or channel is gone. 409: it has left the application.
			if s := status(err); err != nil && s != http.StatusUnprocessableEntity && s != http.StatusConflict && !notFound(err) {
				return fmt.Errorf("remove from the bridge: %w", err)
			}
			e.note([]core.LegID{id}, func(l *leg) {
				if l.bridge == from {
					e.table.place(l, "")
				}
			})
		}
	}
	return nil
}

func (e *Engine) mute(ctx context.Context, id core.LegID, on bool) error {
	method := http.MethodDelete
	if on {
		method = http.MethodPost
	}
	err := e.rest.do(ctx, method, path("channels", string(id), "mute"), url.Values{"direction": {"in"}}, nil, nil)
	if err := e.gone(id, err); err != nil {
		return fmt.Errorf("mute: %w", err)
	}
	e.note([]core.LegID{id}, func(l *leg) { l.media.muted, l.media.known = on, true })
	return nil
}

func (e *Engine) startMusic(ctx context.Context, id core.LegID, class string) error {
	var query url.Values
	if class != "" {
		query = url.Values{"mohClass": {class}}
	}
	err := e.rest.do(ctx, http.MethodPost, path("channels", string(id), "moh"), query, nil, nil)
	if err := e.gone(id, err); err != nil {
		return fmt.Errorf("start music: %w", err)
	}
	e.note([]core.LegID{id}, func(l *leg) { l.media.music, l.media.class, l.media.known = true, class, true })
	return nil
}

func (e *Engine) stopMusic(ctx context.Context, id core.LegID) error {
	err := e.rest.do(ctx, http.MethodDelete, path("channels", string(id), "moh"), nil, nil, nil)
	if err := e.gone(id, err); err != nil {
		return fmt.Errorf("stop music: %w", err)
	}
	e.note([]core.LegID{id}, func(l *leg) { l.media.music, l.media.class = false, "" })
	return nil
}

// gone turns the error about a leg that no SetMix names any longer into none: a leg that leaves a mix is mostly a leg that has hung up.
func (e *Engine) gone(id core.LegID, err error) error {
	if err == nil || !notFound(err) && status(err) != http.StatusConflict {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if l := e.table.legs[id]; l == nil || l.asked != "" || l.requested {
		return nil
	}
	return err
}

// each does something to several legs at the same time.
func (e *Engine) each(ctx context.Context, legs []core.LegID, do func(context.Context, core.LegID) error) error {
	if len(legs) == 1 {
		return do(ctx, legs[0])
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, leg := range legs {
		group.Go(func() error { return do(ctx, leg) })
	}
	return group.Wait()
}

// note changes the memory of legs that are still known.
func (e *Engine) note(legs []core.LegID, change func(*leg)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range legs {
		if l := e.table.legs[id]; l != nil {
			change(l)
		}
	}
}

func (e *Engine) noteDissolved(id core.MixID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.table.mix(id)
	m.exists, m.suspect = false, false
	for leg := range m.in {
		if l := e.table.legs[leg]; l != nil {
			e.table.place(l, "")
		}
	}
}

// settle ends the memory of legs that have left, and of a mix that is no more.
func (e *Engine) settle(a core.SetMix) {
	e.mu.Lock()
	defer e.mu.Unlock()
	wanted := map[core.LegID]bool{}
	for _, m := range a.Members {
		wanted[m.Leg] = true
	}
	for _, id := range e.table.touched(a.Mix) {
		if l := e.table.legs[id]; l != nil && l.owner == a.Mix && !wanted[id] {
			e.table.own(l, "")
		}
	}
	if m := e.table.mix(a.Mix); len(a.Members) == 0 && !m.exists && len(m.in) == 0 {
		delete(e.table.mixes, a.Mix)
	}
}
