package core

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// tell writes down what a step has brought.
func (p *play) tell(ev Event, out Outcome) {
	p.christen(out)
	if _, ok := ev.(Tick); ok && len(out.Entries)+len(out.Effects) > 0 {
		p.say("at %s:", p.clock(p.now))
	}
	for _, e := range out.Entries {
		p.say("%s", p.entry(e))
	}
	for _, e := range out.Effects {
		p.say("-> %s%s", p.engine(e.Engine), p.action(e.Do))
	}
}

// christen gives readable names to what the step has made.
func (p *play) christen(out Outcome) {
	for _, e := range out.Entries {
		if e.Call != "" && e.Kind == EntryCallArrived {
			p.nameNext(string(e.Call), "call")
		}
		if e.Kind == EntryWrapUpStarted {
			p.wraps[e.Agent] = append(p.wraps[e.Agent], p.now)
		}
	}
	for _, e := range out.Effects {
		switch do := e.Do.(type) {
		case Dial:
			agent := p.shard.st.Legs[do.Leg].Agent
			if agent == "" {
				agent = AgentID(strings.TrimPrefix(do.To.Number, "+"))
			}
			p.dialled[agent]++
			p.name(string(do.Leg), fmt.Sprintf("%s#%d", agent, p.dialled[agent]))
		case Play:
			p.nameNext(string(do.Play), "play")
		case StartRecording:
			p.nameNext(string(do.Recording), "rec")
		case SetMix:
			if _, aside := p.shard.ix.asides[do.Mix]; aside {
				p.nameNext(string(do.Mix), "aside")
			}
		case Ring, Answer, Hang, Stop, PauseRecording, ResumeRecording, StopRecording, SendDigits:
		}
	}
}

// nameNext names an id by its kind and the next number, unless it has a name.
func (p *play) nameNext(id, kind string) {
	if p.names[id] != "" {
		return
	}
	for n := 1; ; n++ {
		if name := fmt.Sprintf("%s%d", kind, n); p.ids[name] == "" {
			p.name(id, name)
			return
		}
	}
}

// readable puts names in place of ids in a text for people.
func (p *play) readable(text string) string {
	for _, id := range keys(p.names) {
		text = strings.ReplaceAll(text, id, p.names[id])
	}
	return text
}

func (p *play) called(id string) string {
	if name := p.names[id]; name != "" {
		return name
	}
	return id
}

func (p *play) engine(id EngineID) string {
	if id == "pbx" {
		return ""
	}
	return string(id) + " "
}

func (p *play) clock(at time.Time) string { return at.Sub(dayOne).String() }

// entry tells one line of the timeline.
func (p *play) entry(e Entry) string {
	words := []string{string(e.Kind)}
	add := func(s string) {
		if s != "" {
			words = append(words, s)
		}
	}
	add(p.called(string(e.Call)))
	leg := p.called(string(e.Leg))
	if !strings.HasPrefix(leg, string(e.Agent)+"#") {
		add(string(e.Agent))
	}
	add(leg)
	add(p.called(string(e.Recording)))
	if e.Queue != "" {
		add("in " + string(e.Queue))
	}
	if e.Call == "" && e.Agent == "" && e.Leg == "" {
		add(string(e.Engine))
	}
	line := strings.Join(words, " ")
	if e.Reason != "" {
		line += ": " + e.Reason
	}
	if e.Text != "" {
		line += fmt.Sprintf(" %q", e.Text)
	}
	if e.Cause != nil {
		line += fmt.Sprintf(" (%s, %s)", e.Cause.Code, e.Cause.By)
	}
	if e.Duration != 0 {
		line += " after " + e.Duration.String()
	}
	if e.Actor != "" {
		line += " by " + e.Actor
	}
	if r := e.Record; r != nil {
		line += fmt.Sprintf(" = route %s + wait %s + talk %s + hold %s + close %s; offers %d, misses %d, agents %v", r.Route, r.Wait, r.Talk, r.Hold, r.Close,
			r.Offers, r.Misses, r.Agents)
		if r.Outside+r.PostCall > 0 {
			line += fmt.Sprintf("; outside %s, post-call %s", r.Outside, r.PostCall)
		}
		if len(r.Owners) > 1 {
			for _, o := range r.Owners {
				line += fmt.Sprintf("; %s by %s for %s", o.Agent, o.How, o.Until.Sub(o.Since))
			}
		}
	}
	return line
}

// action tells one order to a switch.
func (p *play) action(do Action) string {
	switch do := do.(type) {
	case Ring:
		return "ring " + p.called(string(do.Leg))
	case Answer:
		return "answer " + p.called(string(do.Leg))
	case Dial:
		line := fmt.Sprintf("dial %s on %s showing %q", p.called(string(do.Leg)), cmp.Or(do.To.Phone, do.To.Number+" over "+do.To.Trunk), do.FromNumber)
		if do.FromName != "" {
			line += fmt.Sprintf(" %q", do.FromName)
		}
		if do.To.Switch != "" {
			line += " at " + string(do.To.Switch)
		}
		if do.AutoAnswer {
			line += " auto-answer"
		}
		return line
	case Hang:
		return fmt.Sprintf("hang %s as %s", p.called(string(do.Leg)), do.Cause)
	case SetMix:
		members := make([]string, len(do.Members))
		for i, m := range do.Members {
			members[i] = p.called(string(m.Leg)) + ":" + string(m.Mode)
			if m.Music != "" {
				members[i] += "/" + m.Music
			}
		}
		if len(members) == 0 {
			members = []string{"dissolved"}
		}
		return fmt.Sprintf("mix %s %s", p.called(string(do.Mix)), strings.Join(members, " "))
	case Play:
		return fmt.Sprintf("play %s to %s: %s", p.called(string(do.Play)), p.called(string(do.Leg)), strings.Join(do.Media, " "))
	case Stop:
		return "stop " + p.called(string(do.Play))
	case StartRecording:
		return fmt.Sprintf("record %s of %s", p.called(string(do.Recording)), p.called(string(do.Mix)))
	case PauseRecording:
		return "pause " + p.called(string(do.Recording))
	case ResumeRecording:
		return "resume " + p.called(string(do.Recording))
	case StopRecording:
		return "stop " + p.called(string(do.Recording))
	case SendDigits:
		return fmt.Sprintf("digits %s to %s", do.Digits, p.called(string(do.Leg)))
	}
	return "?"
}

// ask0 answers a question.
func (p *play) ask0(words []string) {
	p.advance(0)
	switch words[0] {
	case "wait":
	case "agents":
		for _, id := range keys(p.shard.st.Agents) {
			v, _ := p.shard.Agent(id)
			line := fmt.Sprintf("%s %s", id, v.State)
			if v.Reason != "" {
				line += ":" + v.Reason
			}
			line += " (" + v.StateCause + ") since " + p.clock(v.Since)
			if v.Call != "" {
				line += " with " + p.called(string(v.Call))
			}
			if v.NextState != "" {
				line += fmt.Sprintf(", then %s %s", v.NextState, v.NextReason)
			}
			if !v.PausedTill.IsZero() {
				line += ", no offers till " + p.clock(v.PausedTill)
			}
			if v.PhoneFails {
				line += ", the phone fails"
			}
			if v.WrapUp != nil && !v.WrapUp.Until.IsZero() {
				line += ", wrap-up till " + p.clock(v.WrapUp.Until)
			}
			if v.WrapUp != nil && len(v.WrapUp.Controls) > 0 {
				line += fmt.Sprintf(", can %v", v.WrapUp.Controls)
			}
			p.say("%s", line)
		}
	case "queue":
		v, ok := p.shard.Queue(QueueID(words[1]))
		if !ok {
			p.say("there is no such queue")
			return
		}
		p.say("%s: %s, %d waiting, %d free", v.ID, v.Strategy, v.Waiting, v.Free)
		for k := range p.shard.ix.queues[v.ID].line.all {
			p.say("%s, priority %d, since %s", p.called(string(k.call.ID)), k.priority, p.clock(k.call.QueuedAt.Time()))
		}
	case "calls":
		for _, id := range p.byArrival() {
			v, ok := p.shard.Call(id)
			if !ok {
				continue
			}
			line := fmt.Sprintf("%s from %q %s since %s", p.called(string(id)), v.From, v.Phase, p.clock(v.PhaseSince))
			if v.Primary != "" {
				line += ", with " + string(v.Primary)
			}
			if v.Held {
				line += ", held since " + p.clock(v.HeldSince)
			}
			if v.Recording != nil {
				line += ", recording " + string(v.Recording.State)
			}
			if v.Discarded {
				line += ", what was recorded is discarded"
			}
			p.say("%s", line)
		}
	case "counters":
		for _, k := range keys(p.shard.st.Repairs) {
			p.say("repair %s: %d", k, p.shard.st.Repairs[k])
		}
		for _, k := range keys(p.shard.st.Odd) {
			p.say("odd %s: %d", k, p.shard.st.Odd[k])
		}
	case "people":
		v, ok := p.shard.Call(CallID(p.id(words[1])))
		if !ok {
			p.say("there is no such call")
		}
		for _, w := range v.People {
			line := p.called(string(w.Leg)) + " " + string(w.Role)
			for _, is := range []struct {
				so   bool
				word string
			}{{w.Primary, "primary"}, {w.Ringing, "ringing"}, {w.Held, "held"}, {w.Muted, "muted"}} {
				if is.so {
					line += " " + is.word
				}
			}
			if w.Agent != "" {
				line += fmt.Sprintf(" can %v", w.Controls)
				for _, not := range w.Withheld {
					line += fmt.Sprintf(", not %s (%s)", not.Control, not.Code)
				}
			}
			p.say("%s", line)
		}
	case "variables":
		v, _ := p.shard.Call(CallID(p.id(words[1])))
		for _, x := range v.Variables {
			p.say("%s = %q, version %d%s", x.Name, x.Value, x.Version, map[bool]string{true: ", shown"}[x.PopUp])
		}
	case "explain":
		p.explain(words[1])
	}
}

func (p *play) byArrival() []CallID {
	order := map[uint64]CallID{}
	for _, id := range keys(p.shard.st.Calls) {
		order[p.shard.st.Calls[id].Order] = id
	}
	var out []CallID
	for _, n := range keys(order) {
		out = append(out, order[n])
	}
	return out
}

func (p *play) explain(call string) {
	x, ok := p.shard.Explain(p.now, CallID(p.id(call)))
	if !ok {
		p.say("there is no such call")
		return
	}
	line := fmt.Sprintf("%s stands at %d in %s", p.called(string(x.Call)), x.Position, x.Queue)
	if x.Reason != "" {
		line += ": " + x.Reason
	}
	p.say("%s", line)
	for _, a := range x.Agents {
		line := fmt.Sprintf("%s: %s: %s", a.Agent, a.Gate, a.Text)
		if !a.Until.IsZero() {
			line += ", till " + p.clock(a.Until)
		}
		p.say("%s", line)
	}
}
