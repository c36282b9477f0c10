package esl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// Two members who both talk are bridged: each leg's own thread passes on what it reads, and there is neither a third thread that mixes nor one more for each
// of them. Whatever else is wanted of a mix needs a conference, and once it is one, it stays one until all have left: so people in the middle of a
// talk are moved once, at most.
//
// A leg is bridged once, with whom it talks first: that is all of most calls. Who is held, consults, or is passed on meets the others in conferences from then on. To be bridged again in the
// moment in which the last bridge is coming apart is what a busy FreeSWITCH takes badly: it hangs up on one of them.
//
// A bridge has no name on the switch. A Tandem that comes later finds the mix's by its legs: they carry it where it is not the name of their call.
//
// A leg's thread on the switch does what it is told, and something of its own accord when its bridge ends; whichever is written down last, it does. So no leg of a
// bridge is told where to go: the bridge is ended first (part), both park, and then each is told. Of its own accord a leg parks, too, so that it is all the same how
// the bridge ends, by us, by the end of the other one, or by both in one moment.
//
// And while a bridge is made:
//
//   - The second leg ends. FreeSWITCH would hang up on the first, were there not uuid_bridge_park_on_cancel. So the first is whoever must not be lost, the
//     caller.
//   - The first leg ends. FreeSWITCH hangs up on the second: a member who is nobody's caller is lost with the caller's call.
//   - Either is told something else. FreeSWITCH waits for it, for up to 20 s, and then hangs up on both; or, a moment later, on one.
//
// So whatever comes next, and be it the order to hang up, waits until the bridge has begun, and until both legs' threads are in it (firm): the event is told
// before that.

// mixVariable names the mix of a leg's bridge, unless the mix is named like the call.
const mixVariable = "tandem_mix"

// bridgedVariable is the switch's own: the other leg, as long as there is a bridge.
const bridgedVariable = "bridge_to"

// survives is the variable by which a leg parks when a bridge ends. Parking leaves it in place as long as there is no park_timeout.
func survives() setting { return set("park_after_bridge", literal("true")) }

// couple gives the two members who can be bridged, the one who must not be lost first; ok says that the mix is to be a bridge. The caller holds mu.
func (e *Engine) couple(a core.SetMix) (first, second core.LegID, ok bool) {
	if a.Recorded || e.table.records(a.Mix) {
		return "", "", false
	}
	var two []*leg
	for _, m := range a.Members {
		if m.Mode == core.Hold {
			continue
		}
		l := e.table.legs[m.Leg]
		if m.Mode != core.Talk || l == nil || l.asked != "" || len(two) == 2 {
			return "", "", false
		}
		two = append(two, l)
	}
	if len(two) != 2 {
		return "", "", false
	}
	// Who was called at a desk comes second.
	slices.SortStableFunc(two, func(x, y *leg) int { return x.rank() - y.rank() })
	x, y := two[0], two[1]
	bridged := x.stay == stay{mix: a.Mix, with: y.id} && y.stay == stay{mix: a.Mix, with: x.id}
	return x.id, y.id, bridged || x.free() && y.free() && !x.coupled && !y.coupled
}

func (l *leg) rank() int {
	switch {
	case !l.ours:
		return 0
	case !l.phone:
		return 1
	}
	return 2
}

// free reports whether a leg is certainly in no mix.
func (l *leg) free() bool { return l.stay.mix == "" && l.inside == "" && !l.stay.unknown }

// bridge makes two legs hear each other. The caller holds their locks, and the mix's.
func (e *Engine) bridge(ctx context.Context, p *pair, mix core.MixID, first, second core.LegID) error {
	for _, id := range []core.LegID{first, second} {
		if err := e.settled(ctx, id); err != nil {
			return err
		}
	}
	over := append(e.silencePrompts(first), e.silencePrompts(second)...)
	defer func() {
		for _, f := range over {
			e.tell(f)
		}
	}()
	if !e.meet(mix, first, second) {
		return errors.New("bridge: one of the two is ending")
	}
	err := e.name(ctx, p, mix, first, second)
	if err == nil {
		err = order(ctx, p.commands, "uuid_bridge", idArg(first), idArg(second))
	}
	if err != nil {
		for _, id := range []core.LegID{first, second} {
			e.note(id, func(l *leg) {
				if l.stay = (stay{unknown: true}); l.moving != nil {
					l.moving.over()
					l.moving = nil
				}
			})
		}
		return fmt.Errorf("bridge: %w", err)
	}
	return nil
}

// meet notes that two legs are being bridged, before the switch hears of it: the events may overtake the reply. Not if one of them is hung up on; if it is from now
// on, that waits (hang).
func (e *Engine) meet(mix core.MixID, first, second core.LegID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, y := e.table.legs[first], e.table.legs[second]
	if x == nil || y == nil || x.asked != "" || y.asked != "" {
		return false
	}
	x.stay, y.stay = stay{mix: mix, with: second}, stay{mix: mix, with: first}
	x.moving, y.moving = newMove(x.stay), newMove(y.stay)
	x.due, y.due = false, false
	x.fresh, y.fresh = false, false
	x.second, y.second = "", ""
	x.coupled, y.coupled = true, true
	return true
}

// name sees to it that the legs of a bridge name the mix. Most need not be told: it is their call's.
func (e *Engine) name(ctx context.Context, p *pair, mix core.MixID, two ...core.LegID) error {
	found := false
	var wrong []core.LegID
	for _, id := range two {
		e.note(id, func(l *leg) {
			switch {
			case l.named == mix || l.named == "" && core.MixID(l.call) == mix:
				found = true
			case l.named != "":
				wrong = append(wrong, id)
			}
		})
	}
	if !found && len(wrong) == 0 {
		wrong = two[len(two)-1:]
	}
	for _, id := range wrong {
		if _, err := p.commands.send(ctx, setVariable(idArg(id), set(mixVariable, idArg(mix)))); err != nil {
			return err
		}
		e.note(id, func(l *leg) { l.named = mix })
	}
	return nil
}

// lookAtBridge asks the switch whether two legs are still bridged with each other. If not, what they do is unknown.
func (e *Engine) lookAtBridge(ctx context.Context, p *pair, two []core.LegID) error {
	said, err := p.commands.api(ctx, "uuid_getvar", idArg(two[0]), literal(bridgedVariable))
	if err != nil && !answered(err) {
		return fmt.Errorf("look at the bridge: %w", err)
	}
	if err == nil && strings.TrimSpace(said) == string(two[1]) {
		return nil
	}
	for _, id := range two {
		e.note(id, func(l *leg) { l.stay = stay{unknown: true} })
	}
	return nil
}

// bridged gives the two legs of a mix's bridge, if it is one.
func (e *Engine) bridged(id core.MixID) []core.LegID {
	e.mu.Lock()
	defer e.mu.Unlock()
	var two []core.LegID
	for _, leg := range e.table.touched(id) {
		if l := e.table.legs[leg]; l.stay.mix == id && l.stay.with != "" {
			two = append(two, leg)
		}
	}
	return two
}

// confer makes a conference of a mix that is a bridge, for what only a conference can. The caller holds the mix's lock.
func (e *Engine) confer(ctx context.Context, id core.MixID) error {
	two := e.bridged(id)
	if len(two) == 0 {
		return nil
	}
	unlock, err := e.locks.Lock(ctx, legLocks(two)...)
	if err != nil {
		return err
	}
	defer unlock()
	goals := map[core.LegID]stay{}
	for _, leg := range e.bridged(id) {
		goals[leg] = stay{mix: id}
	}
	if err := e.directAll(ctx, goals); err != nil {
		return err
	}
	for leg := range goals {
		if err := e.settled(ctx, leg); err != nil {
			return err
		}
	}
	return nil
}

// lockUnbridged takes a leg's lock, and makes a conference of the bridge that the leg is in, if it is in one. Whether it is is asked under the lock: whoever had it before may have made
// the bridge.
func (e *Engine) lockUnbridged(ctx context.Context, id core.LegID) (unlock func(), err error) {
	for {
		if unlock, err = e.locks.Lock(ctx, "leg:"+string(id)); err != nil {
			return nil, err
		}
		var mix core.MixID
		e.note(id, func(l *leg) {
			if l.stay.with != "" {
				mix = l.stay.mix
			}
		})
		if mix == "" {
			return unlock, nil
		}
		unlock() // a mix's lock comes before its legs'
		if err := e.conferAlone(ctx, mix); err != nil {
			return nil, err
		}
	}
}

// conferAlone is confer for those who do not hold the mix's lock.
func (e *Engine) conferAlone(ctx context.Context, mix core.MixID) error {
	unlock, err := e.locks.Lock(ctx, "mix:"+string(mix))
	if err != nil {
		return err
	}
	defer unlock()
	return e.confer(ctx, mix)
}

// part ends the bridge that a leg is in, if it is in one: both legs park. The first is made to, and the second follows; were it the second, FreeSWITCH might give
// it three seconds to live (switch_ivr_bridge.c: park_timeout).
func (e *Engine) part(ctx context.Context, p *pair, id core.LegID) error {
	if err := e.firm(ctx, p, id); err != nil {
		return err
	}
	first, ordered := e.parting(id)
	if first == "" {
		return nil
	}
	defer close(ordered)
	// If it is gone, the second parks by itself.
	if err := order(ctx, p.commands, "uuid_park", idArg(first)); err != nil && !notFound(err) {
		return fmt.Errorf("part: %w", err)
	}
	return nil
}

// parting notes that the bridge of a leg is being ended, and gives its first leg; "" if there is nothing to end. Whoever wants to tell one of the legs something waits
// until it has parked, and until the order is answered: the leg may have parked for another reason, and the order is still on its way.
func (e *Engine) parting(id core.LegID) (first core.LegID, ordered chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.table.legs[id]
	if l == nil || l.stay.with == "" || l.moving != nil {
		return "", nil
	}
	first, ordered = id, make(chan struct{})
	for _, x := range []*leg{l, e.table.legs[l.stay.with]} {
		if x == nil || x.id != id && x.stay.with != id {
			continue // it has ended, or is elsewhere
		}
		if x.id != l.second {
			first = x.id
		}
		x.parks()
		x.moving.ordered = ordered
	}
	return first, ordered
}

// A bridge that is so old is firm without a look: FreeSWITCH waits ten seconds for the second leg, and then hangs up on it.
const firmAge = 12 * time.Second

// firm waits until the bridge that a leg is coming to has begun, and both legs of a young bridge are in it. The second one is the last to come.
func (e *Engine) firm(ctx context.Context, p *pair, id core.LegID) error {
	coming := false
	e.note(id, func(l *leg) { coming = l.moving != nil && l.moving.to.with != "" })
	if coming {
		if err := e.settled(ctx, id); err != nil {
			return err
		}
	}
	var second core.LegID
	e.note(id, func(l *leg) {
		if l.stay.with != "" && time.Since(l.met) < firmAge {
			second = l.second
		}
	})
	begun, pause := time.Now(), 2*time.Millisecond
	for second != "" {
		if in, err := inBridge(ctx, p, second); err != nil || in {
			return err
		}
		if time.Since(begun) > lookAfter {
			if on, err := onItsWay(ctx, p, second); err != nil || !on {
				return err
			}
			begun = time.Now()
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("look at a bridge: %w", ctx.Err())
		}
		pause = min(2*pause, 50*time.Millisecond) // a switch that is so slow is not helped by questions
	}
	return nil
}

// onItsWay asks whether the second leg of a bridge, which is not in it, is still to come: it may be over already.
func onItsWay(ctx context.Context, p *pair, second core.LegID) (bool, error) {
	s, there, err := p.commands.standing(ctx, second)
	if err != nil {
		return false, fmt.Errorf("look at a bridge: %w", err)
	}
	state := s.state()
	return there && (state == "" || slices.Contains(bridgeStates, state)), nil
}

// inBridge asks whether the second leg of a bridge is in it, or has ended. Its state says so a moment too early: FreeSWITCH hangs up on a second leg that the first
// leaves before it has raised its flag.
func inBridge(ctx context.Context, p *pair, second core.LegID) (bool, error) {
	said, err := p.commands.api(ctx, "json", joined(literal(`{"command":"channelData","data":{"uuid":"`), idArg(second), literal(`"}}`)))
	if err != nil && !answered(err) {
		return false, fmt.Errorf("look at a bridge: %w", err)
	}
	flags := flagsPattern.FindStringSubmatch(said)
	return flags == nil || strings.Contains(";"+flags[1]+";", bridgedFlag), nil
}

// flagsPattern finds a channel's flags, those of switch_types.h that are raised: "flags":"0=1;1=1;9=1".
var flagsPattern = regexp.MustCompile(`"flags":"([0-9=;]*)"`)

// bridgedFlag is CF_BRIDGED.
const bridgedFlag = ";9=1;"

// widow notes that a leg's partner in a bridge has ended: the leg parks. The caller holds mu.
func (t *table) widow(l *leg) {
	if other := t.legs[l.stay.with]; other != nil && other.stay.with == l.id {
		other.parks()
	}
}

// parks notes that a leg's bridge is coming to its end, or to nothing.
func (l *leg) parks() {
	if l.moving != nil {
		l.moving.over()
	}
	l.stay, l.moving = stay{}, newMove(stay{})
	l.moving.ends = true
}

// bridgeFacts are what the beginning of a bridge tells. Its end is seen by each of the legs: it parks, goes on elsewhere, or ends. The caller holds mu.
func (e *Engine) bridgeFacts(ev event) (facts []core.Fact) {
	two := [2]core.LegID{core.LegID(ev.get("Bridge-A-Unique-ID")), core.LegID(ev.get("Bridge-B-Unique-ID"))}
	e.table.recognize(two[0], two[1])
	for i, id := range two {
		l, other := e.table.legs[id], two[1-i]
		if l == nil || l.goal().with != other {
			continue
		}
		facts = append(facts, l.unbridged()...)
		l.bridged, l.second, l.inside = other, two[1], l.goal().mix
		l.seen, l.absent, l.met, l.coupled = time.Now(), 0, time.Now(), true
		l.begun(func(m *move) bool { return m.to.with == other })
		facts = append(facts, core.MixJoined{Mix: l.inside, Leg: id})
	}
	return facts
}

// recognize notes a bridge that is ours, and that nobody remembers: it was ordered before the connection was lost, and had not begun when everything was looked at. Ordered once more, it would be
// an order to legs of a bridge. Of legs that are in a mix already it is somebody else's.
func (t *table) recognize(first, second core.LegID) {
	x, y := t.legs[first], t.legs[second]
	for _, l := range []*leg{x, y} {
		if l == nil || !l.told || l.moving != nil || l.stay.mix != "" || l.inside != "" {
			return
		}
	}
	if mix := cmp.Or(x.named, y.named, core.MixID(x.call), core.MixID(y.call)); mix != "" {
		x.stay, y.stay = stay{mix: mix, with: second}, stay{mix: mix, with: first}
	}
}

// goal is where a leg is, or is on its way to.
func (l *leg) goal() stay {
	if l.moving != nil {
		return l.moving.to
	}
	return l.stay
}

// unbridged notes that a leg's bridge is over.
func (l *leg) unbridged() []core.Fact {
	if l.bridged == "" {
		return nil
	}
	left := core.MixLeft{Mix: l.inside, Leg: l.id}
	l.bridged, l.inside = "", ""
	return []core.Fact{left}
}

// bridges adds the mixes that are bridges. Each leg of one names the other, and one of the two names the mix.
func (v *wholeView) bridges() {
	for _, id := range slices.Sorted(maps.Keys(v.legs)) {
		l, other := v.legs[id], v.legs[v.legs[id].with]
		if l.with == "" || other.with != id || id > l.with {
			continue
		}
		mix := core.MixID(cmp.Or(l.mix, other.mix, l.call, other.call))
		if mix == "" { // of nobody's making that we know of
			l.stay, other.stay = stay{unknown: true}, stay{unknown: true}
			v.legs[id], v.legs[l.with] = l, other
			continue
		}
		v.snapshot.Mixes = append(v.snapshot.Mixes, core.SeenMix{Mix: mix, Legs: []core.LegID{id, l.with}})
		l.stay, other.stay = stay{mix: mix, with: l.with}, stay{mix: mix, with: id}
		v.legs[id], v.legs[l.with] = l, other
	}
}
