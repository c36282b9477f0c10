package sim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// The bug garden: a storm that finds nothing may be a good product or a blind storm. Each bug here is a mistake that somebody could make, planted
// around the rules or in the host, and a test demands that seeds find it. The rules themselves know nothing of it.

// Bug is a planted bug.
type Bug struct {
	Name  string
	Story string // what went wrong in somebody's head
	// wrap plants it around the rules; nil = it is in the host, which asks for it by name.
	wrap func(Rules) Rules
}

// The bugs that are in the host.
const (
	actsFirst       = "acts before the commit"
	ignoresFence    = "ignores that it is fenced"
	replaysEffects  = "carries out the effects of replayed events"
	replaysTimeline = "writes the timeline of replayed events again"
	losesTail       = "recovers from the snapshot alone"
	dropsEngineDown = "trusts its picture of the switch after a restart"
	ticksLate       = "takes events before the deadlines that have passed"
	staleAccepts    = "accepts intents by an old view"
	ignoresLanes    = "carries out the effects of one leg in any order"
)

// Garden lists the planted bugs.
func Garden() []Bug {
	return append([]Bug{
		{Name: actsFirst, Story: "The switch is faster than the database, so why wait for it."},
		{Name: ignoresFence, Story: "An append that fails is logged, and the owner goes on."},
		{Name: replaysEffects, Story: "Recovery uses the same code path as the turn."},
		{Name: replaysTimeline, Story: "Projections are fed on recovery, too."},
		{Name: losesTail, Story: "The snapshot is recent enough."},
		{Name: dropsEngineDown, Story: "The connections come up in a moment anyway.", wrap: forgetsDown},
		{Name: ticksLate, Story: "Deadlines are for the timer, events for the inbox."},
		{Name: staleAccepts, Story: "The API has asked the published view already."},
		{Name: ignoresLanes, Story: "A pool of workers is faster than lanes."},
		drops("leaves the losers of a ring-all ringing", "The switch cancels them by itself, does it not.", func(a core.Action) bool {
			h, ok := a.(core.Hang)
			return ok && h.Cause == core.CauseAnsweredElsewhere
		}),
		drops("leaves a missed phone ringing", "Dial has a limit.", func(a core.Action) bool {
			h, ok := a.(core.Hang)
			return ok && h.Cause == core.CauseNoAnswer
		}),
		drops("does not hold", "The desktop shows the hold.", func(a core.Action) bool { return mixes(a, core.Hold) && len(a.(core.SetMix).Members) > 1 }), //nolint:forcetypeassert,errcheck // mixes says so
		drops("does not mute", "The headset has a button for it.", func(a core.Action) bool { return mixes(a, core.Mute) }),
		drops("leaves recordings running", "The file is complete when the bridge ends.", func(a core.Action) bool { return a.Name() == "stop_recording" }),
		drops("leaves mixes behind", "An empty bridge does no harm.", func(a core.Action) bool {
			m, ok := a.(core.SetMix)
			return ok && len(m.Members) == 0
		}),
		swallows("never looks again", "The event stream tells everything.", func(ev core.Event) bool { return ev.Kind() == "engine.seen" }),
		swallows("gives a mix one try", "The switch will have had its reasons.", func(ev core.Event) bool {
			r, ok := ev.(core.Refused)
			return ok && r.Action == "set_mix"
		}),
		swallows("overlooks refused dials", "An error in the log is enough.", func(ev core.Event) bool {
			r, ok := ev.(core.Refused)
			return ok && r.Action == "dial"
		}),
		{Name: "forgets who hung up while the switch was away", Story: "What is not in the snapshot needs no handling.", wrap: func(r Rules) Rules { return blind{r} }},
		{Name: "says nothing again after a gap", Story: "It was said once.", wrap: func(r Rules) Rules { return silent{r} }},
		{Name: "forgets priorities", Story: "First come, first served.", wrap: func(r Rules) Rules { return levelling{r} }},
		{Name: "forgets that clocks are changed", Story: "An hour more or less, twice a year.", wrap: func(r Rules) Rules { return stopped{r} }},
		{Name: "dials in pairs", Story: "The retry came a little early.", wrap: func(r Rules) Rules { return pairing{r} }},
		{Name: "remembers what is not in the snapshot", Story: "It is only a cache.", wrap: func(r Rules) Rules { return &moody{Rules: r} }},
		{Name: "bills by the clock on the wall", Story: "Time is what time.Now says.", wrap: func(r Rules) Rules { return &wallClock{Rules: r} }},
	}, conversationGarden()...)
}

// planted reports whether the bug of that name is planted in this world.
func (w *world) planted(name string) bool { return w.opt.Bug != nil && w.opt.Bug.Name == name }

// plantedIn puts the planted bug around the rules.
func (w *world) plantedIn(r Rules) Rules {
	if w.opt.Bug != nil && w.opt.Bug.wrap != nil {
		return w.opt.Bug.wrap(r)
	}
	return r
}

func mixes(a core.Action, mode core.Mode) bool {
	m, ok := a.(core.SetMix)
	return ok && slices.ContainsFunc(m.Members, func(x core.Member) bool { return x.Mode == mode })
}

// dropping loses some effects.
type dropping struct {
	Rules
	which func(core.Action) bool
}

func drops(name, story string, which func(core.Action) bool) Bug {
	return Bug{Name: name, Story: story, wrap: func(r Rules) Rules { return dropping{r, which} }}
}

func (b dropping) Step(now time.Time, ev core.Event) core.Outcome {
	out := b.Rules.Step(now, ev)
	out.Effects = slices.DeleteFunc(out.Effects, func(e core.Effect) bool { return b.which(e.Do) })
	return out
}

// swallowing does not look at some events.
type swallowing struct {
	Rules
	which func(core.Event) bool
}

func swallows(name, story string, which func(core.Event) bool) Bug {
	return Bug{Name: name, Story: story, wrap: func(r Rules) Rules { return swallowing{r, which} }}
}

func (b swallowing) Step(now time.Time, ev core.Event) core.Outcome {
	if b.which(ev) {
		return core.Outcome{}
	}
	return b.Rules.Step(now, ev)
}

func forgetsDown(r Rules) Rules {
	return swallowing{r, func(ev core.Event) bool { return ev.Kind() == "engine.down" }}
}

// blind takes every leg that the rules know for present in the snapshot of EngineUp.
type blind struct{ Rules }

func (b blind) Step(now time.Time, ev core.Event) core.Outcome {
	up, ok := ev.(core.EngineUp)
	if !ok {
		return b.Rules.Step(now, ev)
	}
	var known struct {
		Legs map[core.LegID]struct {
			Engine core.EngineID `json:"engine"`
			Up     bool          `json:"up"`
		} `json:"legs"`
	}
	body, err := b.Marshal()
	if err != nil || json.Unmarshal(body, &known) != nil {
		return b.Rules.Step(now, ev)
	}
	legs := slices.Clone(up.Snapshot.Legs)
	for _, id := range slices.Sorted(maps.Keys(known.Legs)) {
		if l := known.Legs[id]; l.Engine == up.Engine && !slices.ContainsFunc(legs, func(s core.SeenLeg) bool { return s.Leg == id }) {
			legs = append(legs, core.SeenLeg{Leg: id, Up: l.Up})
		}
	}
	up.Snapshot.Legs = legs
	return b.Rules.Step(now, up)
}

// silent loses what EngineUp orders about calls that were there before.
type silent struct{ Rules }

func (b silent) Step(now time.Time, ev core.Event) core.Outcome {
	out := b.Rules.Step(now, ev)
	if ev.Kind() == "engine.up" {
		out.Effects = slices.DeleteFunc(out.Effects, func(e core.Effect) bool {
			switch e.Do.(type) {
			case core.Answer, core.SetMix:
				return true
			default:
				return false
			}
		})
	}
	return out
}

// levelling loses the priorities of entry points.
type levelling struct{ Rules }

func (b levelling) Step(now time.Time, ev core.Event) core.Outcome {
	if c, ok := ev.(core.ConfigChanged); ok {
		c.EntryPoints = slices.Clone(c.EntryPoints)
		for i := range c.EntryPoints {
			c.EntryPoints[i].Priority = 0
		}
		ev = c
	}
	return b.Rules.Step(now, ev)
}

// stopped takes the clocks of places as they were at first.
type stopped struct{ Rules }

func (b stopped) Step(now time.Time, ev core.Event) core.Outcome {
	if c, ok := ev.(core.ConfigChanged); ok {
		c.Hours = slices.Clone(c.Hours)
		for i := range c.Hours {
			c.Hours[i].Clock = c.Hours[i].Clock[:1]
		}
		ev = c
	}
	return b.Rules.Step(now, ev)
}

// pairing makes two legs of every seventh dial.
type pairing struct{ Rules }

func (b pairing) Step(now time.Time, ev core.Event) core.Outcome {
	out := b.Rules.Step(now, ev)
	for i := range out.Effects {
		if d, ok := out.Effects[i].Do.(core.Dial); ok && out.Effects[i].ID%7 == 0 {
			twin := out.Effects[i]
			d.Leg = core.LegID(strings.ToUpper(string(d.Leg)))
			twin.Do = d
			twin.Lane += "'"
			out.Effects = append(out.Effects, twin)
		}
	}
	return out
}

// moody decides by how many events it has seen since it was made, which no snapshot tells.
type moody struct {
	Rules
	seen int
}

func (b *moody) Step(now time.Time, ev core.Event) core.Outcome {
	out := b.Rules.Step(now, ev)
	if b.seen++; b.seen%50 == 0 && len(out.Effects) > 1 {
		slices.Reverse(out.Effects)
	}
	return out
}

// wallClock stamps records with a clock of its own.
type wallClock struct {
	Rules
	ticks time.Duration
}

func (b *wallClock) Step(now time.Time, ev core.Event) core.Outcome {
	out := b.Rules.Step(now, ev)
	for i := range out.Entries {
		if r := out.Entries[i].Record; r != nil {
			b.ticks += time.Microsecond
			r.EndedAt = r.EndedAt.Add(b.ticks)
		}
	}
	return out
}
