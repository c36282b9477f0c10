package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// play is the stage on which a transcript's commands are carried out.
//
// Set-up, many to a line with "and":
//
//	site max=2 / tenant acme max=2 idle=lunch,break sorry=gone mask
//	agent ann phone=201 skills=german:5,french:2 engine=west auto
//	queue sales strategy=in_order ann bob:1:2 ring=20s …      a member is agent:level:rank
//	hours office monday=09:00-12:00,13:00-17:00 12-25=closed east=1h   by date: special days; east: the clocks, as of UTC
//	number 100,101 id=main queue=sales | users=ann,bob greeting=hello priority=3 off closed=shut hours=office
//	remove queue sales | agent ann | number main | tenant acme
//
// Callers and phones (facts): c1 is a customer's leg, ann#2 the second that was dialled to ann, ann alone the latest.
//
//	c1 calls 100 from +4930 / ringing ann / answers ann / hangs c1 [cause] [by] / goes ann (as we ordered)
//	busy ann, declines ann, silent ann (480), moved ann (302), unreachable ann, network ann
//	played c1 [badly] / digit c1 5 / key ann on|off / phone 201 gone|back [engine]
//	recording started|paused|resumed|stopped [badly] / refused <action> <what> <why>
//
// Switches:
//
//	up [engine] [restarted] <snapshot> / down [engine] / seen [engine] <snapshot>
//	a snapshot: nothing | as-believed, then changes: -ann ann=up ann=ringing +stray=100 +ours mix=call1:c1,ann
//
// People (intents): ann available | idle lunch | offline, then decline, hold, resume, mute, unmute, press 12#, end, transfer support, pause, unpause,
// discard, extend, wrapup sold [notes]: each "<verb> ann …", on ann's call unless another is named as call=call1 behind. A decline can name the leg that rings (leg=ann#2),
// extend and wrapup which of ann's wrap-ups is meant (nth=2).
//
// Consults and conferences: consult ann agent=bob | queue=support | entry=help | number=+49… [going-on], endconsult, toggle, complete, merge, leave, holds and takes (a
// participant: holds ann c1), drops, and write ann name:value:version.
//
// Questions: people call1 (who is in it, and what they can do) / variables call1 / explain call1 / agents / queue sales / calls / counters. And: wait, which only lets time pass.
type play struct {
	*rig
	line    int
	command string
	names   map[string]string // of ids that the core has made
	ids     map[string]string // and back
	dialled map[AgentID]int
	wraps   map[AgentID][]time.Time // when their wrap-ups have begun
	said    []string
}

func newPlay(t *testing.T) *play {
	t.Helper()
	p := &play{rig: newRig(t, 1), names: map[string]string{}, ids: map[string]string{}, dialled: map[AgentID]int{}, wraps: map[AgentID][]time.Time{}}
	p.told = p.tell
	p.where = func() string { return fmt.Sprintf("line %d, %s\n", p.line, p.command) }
	return p
}

func (p *play) name(id, name string) {
	p.names[id], p.ids[name] = name, id
}

// id is what a name stands for: itself unless the core has made it.
func (p *play) id(name string) string {
	if n := p.dialled[AgentID(name)]; n > 0 {
		name += "#" + strconv.Itoa(n)
	}
	if id, ok := p.ids[name]; ok {
		return id
	}
	return name
}

func (p *play) leg(name string) LegID { return LegID(p.id(name)) }

func (p *play) say(format string, args ...any) { p.said = append(p.said, fmt.Sprintf(format, args...)) }

// do carries out one command and gives back what came of it.
func (p *play) do(command string) []string {
	p.said = nil
	words := strings.Fields(command)
	if d, ok := strings.CutPrefix(words[0], "+"); ok {
		p.advance(p.duration(d))
		words = words[1:]
	}
	if len(words) == 0 {
		words = []string{"wait"}
	}
	switch words[0] {
	case "site", "tenant", "agent", "queue", "hours", "number", "remove":
		if words[0] == "queue" && len(words) == 2 {
			p.ask0(words)
			return p.said
		}
		p.setUp(words)
	case "agents", "calls", "counters", "explain", "wait", "people", "variables":
		p.ask0(words)
	case "up", "down", "seen":
		p.engineFact(words)
	case "ringing", "answers", "hangs", "goes", "busy", "declines", "silent", "moved", "unreachable", "network", "faulty", "played", "digit", "key", "phone", "recording",
		"refused":
		p.send(p.fact(words))
	case "decline", "hold", "resume", "mute", "unmute", "press", "end", "transfer", "pause", "unpause", "discard", "extend", "wrapup",
		"consult", "endconsult", "toggle", "complete", "merge", "leave", "holds", "takes", "drops", "write":
		p.intend(p.intent(words))
	default:
		if len(words) < 2 {
			p.fail("cannot read the command")
		}
		switch words[1] {
		case "calls":
			p.send(p.arrival(words))
		case "available", "idle", "offline":
			p.intend(SetAgentState{
				Command: Command{Actor: "agent:" + words[0]}, Agent: AgentID(words[0]), State: AgentState(words[1]), Reason: strings.Join(words[2:], " "),
			})
		default:
			p.fail("cannot read the command")
		}
	}
	return p.said
}

func (p *play) intend(in Intent) {
	if r := p.ask(in); r != nil {
		field := ""
		if r.Field != "" {
			field = " [" + r.Field + "]"
		}
		p.say("refused: %s%s: %s", r.Code, field, p.readable(r.Text))
	}
}

func (p *play) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		p.fail("%v", err)
	}
	return d
}

func (p *play) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		p.fail("%v", err)
	}
	return n
}

// options splits words into plain ones and key=value ones.
func options(words []string) (plain []string, with map[string]string) {
	with = map[string]string{}
	for _, w := range words {
		if k, v, ok := strings.Cut(w, "="); ok {
			with[k] = v
		} else {
			plain = append(plain, w)
		}
	}
	return plain, with
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func (p *play) arrival(words []string) Fact {
	f := LegAppeared{Engine: "pbx", Leg: LegID(words[0]), To: words[2]}
	for i := 3; i+1 < len(words); i += 2 {
		switch words[i] {
		case "from":
			f.From = words[i+1]
		case "named":
			f.Name = words[i+1]
		case "at":
			f.Engine = EngineID(words[i+1])
		default:
			p.fail("cannot read %q", words[i])
		}
	}
	return f
}

// ends are the short words for the ways in which a leg ends.
var ends = map[string]Cause{
	"busy":        {Code: CauseBusy, By: ByThem, Q850: 17, SIP: 486},
	"declines":    {Code: CauseDeclined, By: ByThem, Q850: 21, SIP: 603},
	"silent":      {Code: CauseNoAnswer, By: ByThem, Q850: 19, SIP: 480},
	"moved":       {Code: CauseRedirected, By: ByThem, SIP: 302},
	"unreachable": {Code: CauseUnreachable, By: ByNetwork, Q850: 20},
	"network":     {Code: CauseNetwork, By: ByNetwork, Q850: 38},
	"faulty":      {Code: CauseCongestion, By: ByNetwork, SIP: 500},
}

func (p *play) fact(words []string) Fact {
	verb, rest := words[0], words[1:]
	if cause, ok := ends[verb]; ok {
		return LegHungUp{Leg: p.leg(rest[0]), Cause: cause}
	}
	word := func(i int, or string) string {
		if i < len(rest) {
			return rest[i]
		}
		return or
	}
	switch verb {
	case "ringing":
		return LegRinging{Leg: p.leg(rest[0])}
	case "answers":
		return LegAnswered{Leg: p.leg(rest[0])}
	case "hangs":
		return LegHungUp{Leg: p.leg(rest[0]), Cause: Cause{Code: CauseCode(word(1, "normal")), By: Party(word(2, "theirs"))}}
	case "goes":
		l := p.dying(rest[0])
		return LegHungUp{Leg: l.ID, Cause: Cause{Code: l.HangWith, By: ByUs}}
	case "played":
		l := p.shard.st.Legs[p.leg(rest[0])]
		if l == nil {
			p.fail("there is no leg %s", rest[0])
		}
		var play PlayID
		if l.of.Prompt != nil {
			play = l.of.Prompt.Play
		}
		return Played{Leg: l.ID, Play: play, OK: word(1, "") != "badly"}
	case "digit":
		return Digit{Leg: p.leg(rest[0]), Digit: rest[1]}
	case "key":
		return Held{Leg: p.leg(rest[0]), On: rest[1] == "on"}
	case "phone":
		return PhoneChanged{Engine: EngineID(word(2, "pbx")), Phone: rest[0], Reachable: rest[1] == "back"}
	case "recording":
		return p.recordingFact(rest)
	case "refused":
		return p.refusal(rest)
	}
	p.fail("cannot read the fact")
	return nil
}

// dying is the leg of a name, or the oldest of an agent, that we have ordered to end.
func (p *play) dying(name string) *leg {
	for n := 1; n <= p.dialled[AgentID(name)]; n++ {
		if l := p.shard.st.Legs[LegID(p.ids[name+"#"+strconv.Itoa(n)])]; l != nil && l.dying() {
			return l
		}
	}
	l := p.shard.st.Legs[p.leg(name)]
	if l == nil || !l.dying() {
		p.fail("no leg %s is to go", name)
	}
	return l
}

func (p *play) recordingFact(rest []string) Fact {
	plain, with := options(rest[1:])
	id := RecordingID(p.id(with["id"]))
	if with["id"] == "" {
		n := 1
		for p.ids["rec"+strconv.Itoa(n+1)] != "" {
			n++
		}
		id = RecordingID(p.id("rec" + strconv.Itoa(n)))
	}
	switch rest[0] {
	case "started":
		return RecordingStarted{Recording: id}
	case "paused":
		return RecordingPaused{Recording: id}
	case "resumed":
		return RecordingResumed{Recording: id}
	case "stopped":
		f := RecordingStopped{Recording: id, OK: !slices.Contains(plain, "badly")}
		if with["length"] != "" {
			f.Length = p.duration(with["length"])
		}
		return f
	}
	p.fail("cannot read the fact")
	return nil
}

func (p *play) refusal(rest []string) Fact {
	f := Refused{Action: rest[0], Why: Why(rest[2])}
	switch id := p.id(rest[1]); rest[0] {
	case "set_mix":
		f.Mix = MixID(id)
	case "start_recording", "pause_recording", "resume_recording", "stop_recording":
		f.Recording = RecordingID(id)
	case "play":
		f.Leg = LegID(id)
		if pr := p.shard.st.Legs[f.Leg].of.Prompt; pr != nil {
			f.Effect = pr.Order
		}
		if len(rest) > 3 && rest[3] == "late" {
			f.Effect-- // that of an earlier prompt
		}
	default:
		f.Leg = LegID(id)
	}
	return f
}

func (p *play) intent(words []string) Intent {
	plain, with := options(words)
	agent := AgentID(plain[1])
	var call CallID
	if a := p.shard.st.Agents[agent]; a != nil {
		call = p.shard.publicCall(a.Call)
	}
	var meant CallID
	if with["call"] != "" {
		meant = CallID(p.id(with["call"]))
		call = meant
	}
	c := Command{Actor: "agent:" + string(agent)}
	if agent == "nobody" { // somebody who is no agent, in nobody's name
		agent, c.Actor = "", "supervisor:eve"
	}
	rest := strings.Join(plain[2:], " ")
	switch plain[0] {
	case "decline":
		return DeclineOffer{Command: c, Agent: agent, Call: meant, Leg: p.meantLeg(with["leg"])}
	case "hold":
		return HoldCall{Command: c, Call: call, Agent: agent}
	case "resume":
		return ResumeCall{Command: c, Call: call, Agent: agent}
	case "mute", "unmute":
		return MuteAgent{Command: c, Call: call, Agent: agent, On: plain[0] == "mute"}
	case "press":
		return PressDigits{Command: c, Call: call, Agent: agent, Digits: rest}
	case "end":
		return EndCall{Command: c, Call: call, Agent: agent}
	case "transfer":
		return TransferCall{Command: c, Call: call, Agent: agent, To: target(plain[2:], with)}
	case "consult":
		return StartConsult{Command: c, Call: call, Agent: agent, To: target(plain[2:], with), GoOn: slices.Contains(plain, "going-on")}
	case "endconsult":
		return EndConsult{Command: c, Call: call, Agent: agent}
	case "toggle":
		return ToggleConsult{Command: c, Call: call, Agent: agent}
	case "complete":
		return CompleteTransfer{Command: c, Call: call, Agent: agent}
	case "merge":
		return MergeConsult{Command: c, Call: call, Agent: agent}
	case "leave":
		return LeaveCall{Command: c, Call: call, Agent: agent}
	case "holds", "takes":
		return HoldParticipant{Command: c, Call: call, Agent: agent, Leg: p.leg(rest), On: plain[0] == "holds"}
	case "drops":
		return DropParticipant{Command: c, Call: call, Agent: agent, Leg: p.leg(rest)}
	case "write":
		return p.written(c, call, agent, plain[2:])
	case "pause":
		return PauseRecordingOf{Command: c, Call: call, Agent: agent}
	case "unpause":
		return ResumeRecordingOf{Command: c, Call: call, Agent: agent}
	case "discard":
		return DiscardRecordingOf{Command: c, Call: call, Agent: agent}
	case "extend":
		return ExtendWrapUp{Command: c, Agent: agent, Call: meant, Since: p.meantWrap(agent, with["nth"])}
	case "wrapup":
		reason, notes, _ := strings.Cut(rest, " ")
		return FinishWrapUp{Command: c, Agent: agent, Call: meant, Since: p.meantWrap(agent, with["nth"]), Reason: reason, Notes: notes}
	}
	p.fail("cannot read the intent")
	return nil
}

// meantLeg reads whose ringing is meant, "" if it is not said.
func (p *play) meantLeg(name string) LegID {
	if name == "" {
		return ""
	}
	return p.leg(name)
}

// meantWrap is when the n-th wrap-up of an agent has begun; no time if it is not said which is meant.
func (p *play) meantWrap(agent AgentID, nth string) time.Time {
	if nth == "" {
		return time.Time{}
	}
	return p.wraps[agent][p.number(nth)-1]
}

// target reads where to: a queue, or agent=bob, entry=main, number=+49….
func target(plain []string, with map[string]string) Target {
	t := Target{Agent: AgentID(with["agent"]), EntryPoint: EntryPointID(with["entry"]), Number: with["number"], Queue: QueueID(with["queue"])}
	if len(plain) > 0 && plain[0] != "going-on" {
		t.Queue = QueueID(plain[0])
	}
	return t
}

// written reads variables as name:value:version; an agent "-" is the system.
func (p *play) written(c Command, call CallID, agent AgentID, words []string) Intent {
	in := SetVariables{Command: c, Call: call, Agent: agent}
	if agent == "-" {
		in.Agent, in.Actor = "", "job:test"
	}
	for _, w := range words {
		name, rest, _ := strings.Cut(w, ":")
		at := strings.LastIndex(rest, ":")
		in.Values = append(in.Values, VariableChange{Name: name, Value: strings.ReplaceAll(rest[:at], "_", " "), Version: p.number(rest[at+1:])})
	}
	return in
}

func (p *play) engineFact(words []string) {
	rest := words[1:]
	id := EngineID("pbx")
	if len(rest) > 0 && strings.HasPrefix(rest[0], "pbx") {
		id, rest = EngineID(rest[0]), rest[1:]
	}
	switch words[0] {
	case "down":
		p.send(EngineDown{Engine: id})
	case "up":
		restarted := len(rest) > 0 && rest[0] == "restarted"
		if restarted {
			rest = rest[1:]
		}
		p.send(EngineUp{Engine: id, Restarted: restarted, Snapshot: p.snapshot(id, rest)})
	case "seen":
		p.send(EngineSeen{Engine: id, Snapshot: p.snapshot(id, rest)})
	}
}

// snapshot reads what a switch shows.
func (p *play) snapshot(id EngineID, words []string) Snapshot {
	legs := map[LegID]SeenLeg{}
	mixes := map[MixID]SeenMix{}
	for _, w := range words {
		name, how, set := strings.Cut(w, "=")
		switch {
		case w == "nothing":
		case w == "as-believed":
			p.believed(id, legs, mixes)
		case strings.HasPrefix(w, "-mix:"):
			delete(mixes, MixID(p.id(w[5:])))
		case name == "mix":
			of, who, _ := strings.Cut(how, ":")
			m := SeenMix{Mix: MixID(p.id(of))}
			for _, l := range list(who) {
				m.Legs = append(m.Legs, p.leg(l))
			}
			mixes[m.Mix] = m
		case strings.HasPrefix(w, "-"):
			delete(legs, p.leg(w[1:]))
		case strings.HasPrefix(w, "+") && set:
			to, up, _ := strings.Cut(how, ":")
			legs[LegID(name[1:])] = SeenLeg{Leg: LegID(name[1:]), To: to, From: "+4977", Up: up == "up"}
		case strings.HasPrefix(w, "+"):
			legs[LegID(w[1:])] = SeenLeg{Leg: LegID(w[1:]), Ours: true, Up: true}
		case set:
			l := legs[p.leg(name)]
			l.Leg, l.Up, l.Ringing = p.leg(name), how == "up", how == "ringing"
			legs[l.Leg] = l
		default:
			p.fail("cannot read %q", w)
		}
	}
	var snap Snapshot
	for _, l := range keys(legs) {
		snap.Legs = append(snap.Legs, legs[l])
	}
	for _, m := range keys(mixes) {
		snap.Mixes = append(snap.Mixes, mixes[m])
	}
	return snap
}

// believed is what a switch would show if the shard were right about everything, and every order had been carried out.
func (p *play) believed(id EngineID, legs map[LegID]SeenLeg, mixes map[MixID]SeenMix) {
	st := &p.shard.st
	for _, l := range keys(st.Legs) {
		if x := st.Legs[l]; x.Engine == id {
			c := st.Calls[x.Call]
			legs[l] = SeenLeg{Leg: l, Ours: x.Role != customerLeg, Call: x.Call, Up: x.Up || x.Role == customerLeg && c.Answered, Ringing: x.Ringing}
		}
	}
	for _, c := range keys(st.Calls) {
		x := st.Calls[c]
		if x.Engine != id {
			continue
		}
		for id, declared := range x.mixes {
			m := SeenMix{Mix: id}
			for _, w := range declared.Wanted {
				if w.Mode != Hold {
					m.Legs = append(m.Legs, w.Leg)
				}
			}
			slices.Sort(m.Legs)
			mixes[m.Mix] = m
		}
	}
}
