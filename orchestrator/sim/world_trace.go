package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// trace writes one line of the timeline for people.
func (w *world) trace(what, format string, args ...any) {
	if w.opt.Trace == nil {
		return
	}
	_, err := fmt.Fprintf(w.opt.Trace, "%11.3f  %-8s %s\n", w.now.Sub(shiftBegins).Seconds(), what, fmt.Sprintf(format, args...))
	w.must(err)
}

// traceEvent writes an event with all that it has led to.
func (w *world) traceEvent(h *host, ev core.Event, out core.Outcome) {
	w.trace("EVENT", "#%d %s", h.seq, describe(ev))
	for _, line := range OutcomeLines(out) {
		w.trace("", "  %s", line)
	}
}

// OutcomeLines puts into words what a step has led to, one line for each entry and effect.
func OutcomeLines(out core.Outcome) []string {
	var lines []string
	for _, e := range out.Entries {
		lines = append(lines, "| "+describeEntry(e))
	}
	for _, e := range out.Effects {
		lines = append(lines, fmt.Sprintf("> %d %s %s", e.ID, e.Engine, describeAction(e.Do)))
	}
	return lines
}

func describeOutcome(out core.Outcome) string { return strings.Join(OutcomeLines(out), ", ") }

func describeEntry(e core.Entry) string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	add := func(name, v string) {
		if v != "" {
			b.WriteString(" " + name + "=" + v)
		}
	}
	add("call", short(string(e.Call)))
	add("agent", string(e.Agent))
	add("queue", string(e.Queue))
	add("leg", short(string(e.Leg)))
	add("recording", short(string(e.Recording)))
	add("reason", e.Reason)
	if e.Cause != nil {
		add("cause", string(e.Cause.Code)+"/"+string(e.Cause.By))
	}
	if e.Duration > 0 {
		add("after", e.Duration.Round(time.Millisecond).String())
	}
	return b.String()
}

// describe puts an event into words.
func describe(ev core.Event) string {
	switch ev := ev.(type) {
	case core.LegAppeared:
		return fmt.Sprintf("%s %s from %q to %q", ev.Kind(), short(string(ev.Leg)), ev.From, ev.To)
	case core.LegRinging:
		return ev.Kind() + " " + short(string(ev.Leg))
	case core.LegAnswered:
		return ev.Kind() + " " + short(string(ev.Leg))
	case core.LegHungUp:
		return fmt.Sprintf("%s %s %s/%s", ev.Kind(), short(string(ev.Leg)), ev.Cause.Code, ev.Cause.By)
	case core.MixJoined:
		return fmt.Sprintf("%s %s in %s", ev.Kind(), short(string(ev.Leg)), short(string(ev.Mix)))
	case core.MixLeft:
		return fmt.Sprintf("%s %s in %s", ev.Kind(), short(string(ev.Leg)), short(string(ev.Mix)))
	case core.Refused:
		return fmt.Sprintf("%s %s (effect %d, leg %s): %s", ev.Kind(), ev.Action, ev.Effect, short(string(ev.Leg)), ev.Why)
	case core.EngineUp:
		return fmt.Sprintf("%s %s restarted=%v %s", ev.Kind(), ev.Engine, ev.Restarted, describeSnapshot(ev.Snapshot))
	case core.EngineSeen:
		return fmt.Sprintf("%s %s %s", ev.Kind(), ev.Engine, describeSnapshot(ev.Snapshot))
	case core.ConfigChanged:
		return fmt.Sprintf("%s: %d agents, %d queues, %d entry points; removed %v %v", ev.Kind(), len(ev.Agents), len(ev.Queues), len(ev.EntryPoints), ev.Remove.Queues, ev.Remove.Agents)
	case core.Tick:
		return ev.Kind()
	default:
		return fmt.Sprintf("%s %+v", ev.Kind(), ev)
	}
}

func describeSnapshot(n core.Snapshot) string {
	var b strings.Builder
	for _, l := range n.Legs {
		fmt.Fprintf(&b, " %s", short(string(l.Leg)))
		if l.Up {
			b.WriteString("(up)")
		}
	}
	for _, m := range n.Mixes {
		fmt.Fprintf(&b, " mix %s=%d", short(string(m.Mix)), len(m.Legs))
	}
	fmt.Fprintf(&b, " recordings=%d", len(n.Recordings))
	return b.String()
}

func describeAction(a core.Action) string {
	switch a := a.(type) {
	case core.Dial:
		return fmt.Sprintf("dial %s to %s%s", short(string(a.Leg)), a.To.Phone, a.To.Number)
	case core.Hang:
		return fmt.Sprintf("hang %s %s", short(string(a.Leg)), a.Cause)
	case core.SetMix:
		var b strings.Builder
		fmt.Fprintf(&b, "set_mix %s", short(string(a.Mix)))
		for _, m := range a.Members {
			fmt.Fprintf(&b, " %s=%s", short(string(m.Leg)), m.Mode)
		}
		return b.String()
	default:
		return fmt.Sprintf("%s %+v", a.Name(), a)
	}
}

// short is the part of an id that tells it from the others of a shift.
func short(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}
