package esl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine/adapter"
)

// A mix is a conference, or a bridge of two (bridge.go). A SetMix becomes the difference between what is wanted and what is remembered of each leg. On the path that people
// hear (a customer on hold music, an agent who has just answered) that is one order to bridge, or two transfers at the same time.
//
// If the difference is empty, the order is a repetition, and repetitions are how reconciliation repairs: then, and whenever a command failed,
// the switch itself is looked at.

// A plan is the difference, in terms of commands.
type plan struct {
	mute   []core.LegID // that are in the conference, and stay
	unmute []core.LegID
	join   map[core.LegID]stay // into the conference
	leave  map[core.LegID]stay // out of it, or from one kind of waiting to another
	bridge []core.LegID        // two who are to be bridged
}

func (p *plan) empty() bool {
	return len(p.mute)+len(p.unmute)+len(p.join)+len(p.leave)+len(p.bridge) == 0
}

// mixTries is how often a SetMix is tried, each time with a fresh look at the switch.
const mixTries = 3

func (e *Engine) setMix(ctx context.Context, p *pair, a core.SetMix) error {
	if err := checkMix(a); err != nil {
		return err
	}
	// Two orders for one mix wait for each other, and so do two orders for one leg, whichever mixes they are for: the newer one then
	// sees what the older one did.
	unlockMix, err := e.locks.Lock(ctx, "mix:"+string(a.Mix))
	if err != nil {
		return err
	}
	defer unlockMix()
	if len(a.Members) == 0 {
		if err := e.dismissFrom(ctx, p, a.Mix); err != nil {
			return err
		}
	}
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

	unknown, err := e.claim(a)
	if err != nil {
		return err
	}
	var failed error
	for try := range mixTries {
		plan := e.planMix(a)
		// The first time, an empty plan means that this is a repetition. Later it means that all is done.
		if plan.empty() && try == 0 && !e.forgotten(a) || failed != nil {
			if err := e.lookAtMix(ctx, p, a); err != nil {
				return err
			}
			plan = e.planMix(a)
		}
		if failed = nil; plan.empty() {
			break
		}
		if failed = e.perform(ctx, p, a.Mix, plan); failed == nil || ctx.Err() != nil {
			break
		}
	}
	if failed != nil {
		return failed
	}
	e.settle(a)
	if len(unknown) > 0 {
		return adapter.Refuse(core.WhyUnknown, "no such leg: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// forgotten reports whether a mix is to have nobody, and nobody is known to have to do with it: there is nothing to look at.
func (e *Engine) forgotten(a core.SetMix) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(a.Members) == 0 && len(e.table.touched(a.Mix)) == 0 && !e.table.records(a.Mix)
}

func checkMix(a core.SetMix) error {
	if conferenceArg(a.Mix).err != nil || len(a.Mix) > 100 {
		return adapter.Refuse(core.WhyInvalid, "mix: must be 1 to 100 letters, digits, '_' or '-'")
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

// claim makes the mix the owner of its members. It returns the members that are not on the switch; if there are no
// others, or if one cannot be in a mix yet, it refuses.
func (e *Engine) claim(a core.SetMix) (unknown []string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range a.Members {
		l := e.table.legs[m.Leg]
		switch {
		case l == nil || !l.told:
			unknown = append(unknown, string(m.Leg))
		case l.asked != "":
			// It is dying: nothing that it is told matters any more.
		case !l.parked:
			return nil, adapter.Refuse(core.WhyState, "leg %s is still being called", m.Leg)
		case m.Mode != core.Hold && !l.picked && !l.up:
			// A conference would answer the call.
			return nil, adapter.Refuse(core.WhyState, "leg %s is not answered", m.Leg)
		}
	}
	if len(unknown) > 0 && len(unknown) == len(a.Members) {
		return nil, adapter.Refuse(core.WhyUnknown, "no such leg: %s", strings.Join(unknown, ", "))
	}
	for _, m := range a.Members {
		if l := e.table.legs[m.Leg]; l != nil {
			l.owner = a.Mix
		}
	}
	return unknown, nil
}

// settle ends the ownership of those who were put out.
func (e *Engine) settle(a core.SetMix) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range e.table.touched(a.Mix) {
		l := e.table.legs[id]
		if l.owner == a.Mix && !slices.ContainsFunc(a.Members, func(m core.Member) bool { return m.Leg == id }) {
			l.owner = ""
		}
	}
}

// stayOf is what a member is to do.
func stayOf(id core.MixID, m core.Member) stay {
	if m.Mode == core.Hold {
		return stay{music: true, class: m.Music}
	}
	return stay{mix: id, mute: m.Mode == core.Mute}
}

// planMix compares what is wanted with what is remembered.
func (e *Engine) planMix(a core.SetMix) plan {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := plan{join: map[core.LegID]stay{}, leave: map[core.LegID]stay{}}
	first, second, couple := e.couple(a)
	for _, member := range a.Members {
		l, want := e.table.legs[member.Leg], stayOf(a.Mix, member)
		if couple && want.mix != "" {
			if e.table.legs[first].stay.with != second {
				p.bridge = []core.LegID{first, second}
			}
			continue
		}
		switch {
		case l == nil || l.asked != "" || l.stay == want:
		case want.mix == "":
			p.leave[l.id] = want
		case l.stay.mix == want.mix && l.stay.with == "" && l.inside == want.mix && l.moving == nil && l.member != "":
			if want.mute {
				p.mute = append(p.mute, l.id)
			} else {
				p.unmute = append(p.unmute, l.id)
			}
		default:
			p.join[l.id] = want
		}
	}
	for _, id := range e.table.touched(a.Mix) {
		l := e.table.legs[id]
		named := slices.ContainsFunc(a.Members, func(m core.Member) bool { return m.Leg == id })
		// A leg that another mix has named since is that mix's business.
		if named || l.asked != "" || l.owner != "" && l.owner != a.Mix || l.stay == (stay{}) {
			continue
		}
		p.leave[id] = stay{}
	}
	return p
}

// perform carries a plan out. What succeeded is remembered, whatever else fails.
func (e *Engine) perform(ctx context.Context, p *pair, id core.MixID, plan plan) error {
	if err := e.each(ctx, plan.mute, func(ctx context.Context, leg core.LegID) error { return e.mute(ctx, p, id, leg, true) }); err != nil {
		return err
	}
	if err := e.each(ctx, plan.unmute, func(ctx context.Context, leg core.LegID) error { return e.mute(ctx, p, id, leg, false) }); err != nil {
		return err
	}
	e.mu.Lock()
	going, staying := 0, 0
	for _, leg := range e.table.insiders(id) {
		if _, leaves := plan.leave[leg]; leaves {
			going++
		} else {
			staying++
		}
	}
	recorded := e.table.records(id)
	e.mu.Unlock()
	switch {
	case len(plan.bridge) > 0:
		// Nobody who leaves can hear who is bridged.
		return errors.Join(e.directAll(ctx, plan.leave), e.bridge(ctx, p, id, plan.bridge[0], plan.bridge[1]))
	case len(plan.join) == 0 || going == 0:
		return e.directAll(ctx, plan.leave, plan.join)
	case staying == 0 && recorded:
		// A conference and its recording end when the last member leaves. So who comes is in before the others go.
		if err := e.directAll(ctx, plan.join); err != nil {
			return err
		}
		for leg := range plan.join {
			if err := e.settled(ctx, leg); err != nil {
				return err
			}
		}
		return e.directAll(ctx, plan.leave)
	default:
		// Who is to go must not hear who comes, nor be heard: the door closes at once, even if they take 20 ms to walk through it.
		for leg := range plan.leave {
			e.hush(ctx, p, id, leg)
		}
		return e.directAll(ctx, plan.leave, plan.join)
	}
}

// directAll makes legs do something, all at the same time. A leg that is gone is no failure: its end is told by its own event.
func (e *Engine) directAll(ctx context.Context, all ...map[core.LegID]stay) error {
	goals := map[core.LegID]stay{}
	for _, some := range all {
		maps.Copy(goals, some)
	}
	var group errgroup.Group // no common context: one leg's failure is no reason to leave the others where they are
	group.SetLimit(8)
	for id, s := range goals {
		group.Go(func() error {
			err := e.redirect(ctx, id, s)
			if notFound(err) {
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

// redirect makes a leg stay somewhere else. A prompt that is being played goes on if the leg stays outside of mixes, and is cut short otherwise.
func (e *Engine) redirect(ctx context.Context, id core.LegID, s stay) error {
	if s.mix == "" {
		waits := false
		e.note(id, func(l *leg) {
			if waits = len(l.prompts) > 0; waits {
				l.stay, l.moved = s, true
			}
		})
		if waits {
			return nil
		}
	}
	if e.inAMoment(id, s) {
		return nil
	}
	over := e.silencePrompts(id)
	err := e.direct(ctx, id, s, nil)
	for _, f := range over {
		e.tell(f)
	}
	return err
}

func (e *Engine) mute(ctx context.Context, p *pair, id core.MixID, who core.LegID, on bool) error {
	verb := literal("unmute")
	if on {
		verb = literal("mute")
	}
	member := ""
	e.note(who, func(l *leg) { member = l.member })
	err := order(ctx, p.commands, "conference", conferenceArg(id), verb, wordArg(member), literal("quiet"))
	if err != nil {
		e.note(who, func(l *leg) { l.stay.unknown = true })
		return fmt.Errorf("mute: %w", err)
	}
	e.note(who, func(l *leg) { l.stay = stay{mix: id, mute: on} })
	return nil
}

// hush makes a member neither hear nor be heard. It leaves anyway, so failing is no matter.
func (e *Engine) hush(ctx context.Context, p *pair, id core.MixID, who core.LegID) {
	member := ""
	e.note(who, func(l *leg) {
		if l.inside == id && l.bridged == "" {
			member = l.member
		}
	})
	if member == "" {
		return
	}
	for _, verb := range []string{"mute", "deaf"} {
		if err := order(ctx, p.commands, "conference", conferenceArg(id), wordArg(verb), wordArg(member), literal("quiet")); err != nil {
			e.logOf(who).Debug("a leaving member was not hushed", "mix", id, "error", err)
		}
	}
}

// lookAtMix asks the switch what the members do. Where it is not what we remember, the memory becomes unknown.
func (e *Engine) lookAtMix(ctx context.Context, p *pair, a core.SetMix) error {
	for _, m := range a.Members {
		if err := e.settled(ctx, m.Leg); err != nil {
			return err
		}
	}
	if two := e.bridged(a.Mix); len(two) == 2 {
		if err := e.lookAtBridge(ctx, p, two); err != nil {
			return err
		}
	}
	actual, err := conferences(ctx, p.commands, conferenceArg(a.Mix))
	if err != nil {
		return fmt.Errorf("look at the mix: %w", err)
	}
	inside := map[core.LegID]conferenceMember{}
	for _, c := range actual {
		for _, m := range c.Members {
			inside[core.LegID(m.UUID)] = m
		}
	}
	for _, m := range a.Members {
		waits, err := e.waitsAsRemembered(ctx, p, m.Leg)
		if err != nil {
			return err
		}
		in, isIn := inside[m.Leg]
		e.note(m.Leg, func(l *leg) {
			if isIn {
				l.inside, l.member = a.Mix, in.number()
			} else if l.inside == a.Mix && l.bridged == "" {
				l.inside = ""
			}
			switch {
			case len(l.prompts) > 0: // it is where the prompt is
			case l.stay.with != "" && !isIn: // as the bridge was found to be
			case l.stay.mix == a.Mix:
				l.stay.unknown = !isIn || in.muted() != l.stay.mute
			default:
				l.stay.unknown = isIn || !waits
			}
		})
	}
	// Somebody who is in and should not be.
	for id := range inside {
		e.note(id, func(l *leg) {
			if l.inside = a.Mix; l.stay.mix != a.Mix {
				l.stay.unknown = true
			}
		})
	}
	return nil
}

// waitsAsRemembered asks what runs on a leg that is not in the mix, as far as we know.
func (e *Engine) waitsAsRemembered(ctx context.Context, p *pair, id core.LegID) (bool, error) {
	want := stay{unknown: true}
	e.note(id, func(l *leg) { want = l.stay })
	if want.unknown || want.mix != "" {
		return false, nil
	}
	s, there, err := p.commands.standing(ctx, id)
	if err != nil {
		return false, fmt.Errorf("look at leg %s: %w", id, err)
	}
	return there && s.stay() == want, nil
}

// conference is one of "conference json_list".
type conference struct {
	Name    string             `json:"conference_name"`
	Members []conferenceMember `json:"members"`
}

type conferenceMember struct {
	Type  string `json:"type"`
	UUID  string `json:"uuid"`
	ID    int    `json:"id"`
	Flags struct {
		CanSpeak bool `json:"can_speak"`
	} `json:"flags"`
	RecordPath string `json:"record_path"` // of a recording, which is a member, too
	Status     string `json:"status"`      // "paused"
}

func (m conferenceMember) muted() bool    { return !m.Flags.CanSpeak }
func (m conferenceMember) number() string { return fmt.Sprint(m.ID) }

// mix is the mix of a conference of ours.
func (c conference) mix() (core.MixID, bool) { return mixOf(c.Name) }

func mixOf(conference string) (core.MixID, bool) {
	id, ours := strings.CutPrefix(conference, mixPrefix)
	return core.MixID(id), ours && id != ""
}

// conferences reads all conferences, or one; none if there is no such one.
func conferences(ctx context.Context, l *link, name ...argument) ([]conference, error) {
	said, err := l.api(ctx, "conference", append(name, literal("json_list"), literal("compact"))...)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []conference
	if text := strings.TrimSpace(said); strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("read the list of conferences: %w", err)
		}
	}
	return list, nil
}

// each does something for several legs, whatever fails.
func (e *Engine) each(ctx context.Context, legs []core.LegID, do func(context.Context, core.LegID) error) error {
	var errs []error
	for _, id := range legs {
		if err := do(ctx, id); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
