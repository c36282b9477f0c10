package core

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"
)

// FuzzStep reads bytes as a shift in a contact centre with bad luck: facts that are late, doubled, out of order or about things that never were,
// intents of everybody at any moment, switches that go and come back with less or more than they had, and set-ups that change meanwhile. The rig
// holds every step to what the package promises. In the end the switches come back empty: then nothing may be left.
func FuzzStep(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 400 {
			t.Skip("longer stories find nothing that shorter ones do not")
		}
		playStory(t, data)
	})
}

var (
	stories    = flag.Uint64("stories", 80, "how many stories TestStories plays")
	firstStory = flag.Uint64("first-story", 0, "the seed of the first")
)

// TestStories plays stories of pseudo-random bytes: what FuzzStep does, in every ordinary test run and, with -stories, for as long as one likes.
func TestStories(t *testing.T) {
	t.Parallel()
	n := *stories
	if testing.Short() {
		n = min(n, 30)
	}
	for seed := *firstStory; seed < *firstStory+n; seed++ {
		if !t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { playStory(t, storyBytes(seed, 240)) }) {
			return
		}
	}
}

// TestStoriesOfChanges plays stories in which the set-up is changed every few moments, in all the ways in which it can be.
func TestStoriesOfChanges(t *testing.T) {
	t.Parallel()
	for seed := *firstStory; seed < *firstStory+*stories/2; seed++ {
		if !t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { tellStory(newStory(t, storyBytes(seed, 240)), (*story).changingScene) }) {
			return
		}
	}
}

// storyBytes makes n bytes from a seed.
func storyBytes(seed uint64, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(mix64(seed<<32 + uint64(i)))
	}
	return out
}

func fuzzSeeds() [][]byte {
	var seeds [][]byte
	for i := range uint64(24) {
		seeds = append(seeds, storyBytes(1000+i, 30+int(i)*12))
	}
	return seeds
}

// story turns bytes into what happens.
type story struct {
	*rig
	data    []byte
	arrived int
	legs    []LegID // every leg that has ever been, the latest last
	recs    []RecordingID
	plays   []PlayID
}

// newStory sets a contact centre up and signs its agents in.
func newStory(t *testing.T, data []byte) *story {
	t.Helper()
	st := &story{rig: newRig(t, 7), data: data}
	st.every = 5
	st.told = func(_ Event, out Outcome) {
		for _, e := range out.Effects {
			switch do := e.Do.(type) {
			case Dial:
				st.legs = append(st.legs, do.Leg)
			case StartRecording:
				st.recs = append(st.recs, do.Recording)
			case Play:
				st.plays = append(st.plays, do.Play)
			case Ring, Answer, Hang, SetMix, Stop, PauseRecording, ResumeRecording, StopRecording, SendDigits:
			}
		}
	}
	st.where = func() string {
		text := ""
		for _, e := range st.events[max(0, len(st.events)-30):] {
			what := describe(e.ev)
			text += fmt.Sprintf("%s %.300s\n", e.at.Format("15:04:05.000000"), what)
		}
		return text
	}
	st.send(storySetup())
	st.send(EngineUp{Engine: "east"})
	st.send(EngineUp{Engine: "west"})
	for _, a := range storyAgents() {
		_ = st.ask(SetAgentState{Agent: a, State: Available})
	}
	return st
}

func playStory(t *testing.T, data []byte) {
	t.Helper()
	tellStory(newStory(t, data), (*story).scene)
}

func tellStory(st *story, scene func(*story)) {
	st.tb.Helper()
	for len(st.data) > 0 {
		scene(st)
	}
	st.curtain()
	st.replay()
}

// next takes a byte as a number below n.
func (st *story) next(n int) int {
	if len(st.data) == 0 {
		return 0
	}
	b := int(st.data[0])
	st.data = st.data[1:]
	return b % n
}

func pick[T any](st *story, from ...T) T { return from[st.next(len(from))] }

func storyAgents() []AgentID { return []AgentID{"anna", "bob", "cem", "dora", "eli"} }

func storyQueue(id QueueID, strategy Strategy) Queue {
	q := Queue{
		ID: id, Tenant: "acme", Strategy: strategy, RingTime: 15 * time.Second, MaxWait: 4 * time.Minute, MaxSize: 4, Unanswered: []string{"sorry"},
		Members: []Membership{{Agent: "anna"}, {Agent: "bob"}, {Agent: "cem", Level: 1}, {Agent: "dora", Rank: 1}, {Agent: "nobody"}},
	}
	switch id {
	case "sales":
		q.Record, q.DiscardRecordings, q.PauseLimit, q.Sticky = true, true, 30*time.Second, 20*time.Second
		q.WrapUp = WrapUpSetup{Time: 20 * time.Second, Extension: 10 * time.Second}
	case "support":
		q.Ringback, q.Skills = true, []SkillNeed{{Skill: "german", Level: 5, Required: true}, {Skill: "vip", Level: 3}}
		q.RONAAfter, q.WrapUp = 2, WrapUpSetup{Required: true, Reasons: []string{"done"}}
	case "back":
		q.Members, q.MaxWait, q.MaxSize = q.Members[:2], 0, 0
	}
	return q
}

func storyVariables() []VariableSetup {
	return []VariableSetup{{Name: "reason", Type: StringVariable, Global: true, Editable: true, PopUp: true}, {Name: "order", Type: IntegerVariable, Secure: true, Editable: true}}
}

func storySetup() ConfigChanged {
	c := ConfigChanged{
		Site:    &Site{MaxCalls: 12},
		Tenants: []Tenant{{ID: "acme", MaxCalls: 9, Disconnected: []string{"gone"}, Dialling: Dialling{Trunk: "carrier", Home: "+49"}}, {ID: "zeta", MaskNumbers: true}},
		EntryPoints: []EntryPoint{
			{ID: "main", Tenant: "acme", Numbers: []string{"100", "+101"}, Queue: "sales", Greeting: []string{"hello"}, Variables: storyVariables()},
			{ID: "help", Tenant: "acme", Numbers: []string{"200"}, Queue: "support", Priority: 5, Variables: storyVariables()[:1]},
			{ID: "group", Tenant: "acme", Numbers: []string{"300"}, Users: storyAgents()},
			{ID: "closed", Tenant: "zeta", Numbers: []string{"400"}, Off: true, Closed: []string{"closed"}},
			{ID: "far", Tenant: "zeta", Numbers: []string{"500"}, Queue: "back"},
		},
		Queues: []Queue{storyQueue("sales", LongestIdle), storyQueue("support", BestFit), storyQueue("back", RoundRobin)},
	}
	for i, id := range storyAgents() {
		a := AgentSetup{ID: id, Tenant: "acme", Phone: "20" + string(rune('1'+i)), Skills: map[string]int{"german": 4 + i, "vip": 5 - i}}
		if id == "eli" {
			a.Engine = "west"
		}
		c.Agents = append(c.Agents, a)
	}
	return c
}

// leg picks one of the latest legs, or one that never was.
func (st *story) leg() LegID {
	n := st.next(12)
	if n == 11 || len(st.legs) == 0 {
		return "ghost"
	}
	return st.legs[max(0, len(st.legs)-1-n)]
}

func (st *story) recording() RecordingID {
	if len(st.recs) == 0 {
		return "ghost"
	}
	return st.recs[max(0, len(st.recs)-1-st.next(3))]
}

func (st *story) call() CallID {
	ids := keys(st.shard.st.Calls)
	n := st.next(9)
	if n >= len(ids) {
		return "ghost"
	}
	return ids[n]
}

func (st *story) engine() EngineID {
	return pick(st, EngineID("east"), "east", "east", "west", "ghost")
}

func (st *story) cause() Cause {
	return Cause{
		Code: pick(st, CauseNormal, CauseBusy, CauseNoAnswer, CauseDeclined, CauseUnreachable, CauseCancelled, CauseAnsweredElsewhere, CauseCongestion,
			CauseUnallocated, CauseRejected, CauseRedirected, CauseNetwork, CauseEngine, CauseUnknown),
		By: pick(st, ByThem, ByUs, ByNetwork, ByIndeterminate),
	}
}

// scene makes one thing happen.
func (st *story) scene() {
	st.tb.Helper()
	switch st.next(20) {
	case 0, 1, 2:
		st.advance(pick(st, time.Microsecond, time.Millisecond, time.Second, 3*time.Second, 10*time.Second, 16*time.Second, 31*time.Second, 3*time.Minute))
	case 3, 4, 5:
		st.arrived++
		id := LegID(fmt.Sprintf("c%d", st.arrived))
		if st.next(16) == 0 {
			id = st.leg() // an id that is known, or was
		}
		st.legs = append(st.legs, id)
		st.send(LegAppeared{
			Engine: st.engine(), Leg: id, To: pick(st, "100", "+100", "101", "200", "300", "400", "500", "999", ""),
			From: pick(st, "+491", "+492", "", "\xff\xfe${EXTEN}\"\n", "anonymous"), Name: pick(st, "", "Zoë", "\xc3(\x00"),
		})
	case 6:
		st.send(LegRinging{Leg: st.leg()})
	case 7, 8, 9:
		st.send(LegAnswered{Leg: st.leg()})
	case 10, 11:
		st.send(LegHungUp{Leg: st.leg(), Cause: st.cause()})
	case 12:
		st.send(st.smallFact())
	case 13:
		st.send(st.refusal())
	case 14:
		st.send(EngineDown{Engine: st.engine()})
	case 15:
		e := st.engine()
		st.send(EngineUp{Engine: e, Restarted: st.next(4) == 0, Snapshot: st.snapshot(e)})
	case 16:
		e := st.engine()
		st.send(EngineSeen{Engine: e, Snapshot: st.snapshot(e)})
	case 17:
		st.send(st.configChange())
	default:
		st.intent()
	}
}

// changingScene makes one thing happen, and now and then changes the set-up first.
func (st *story) changingScene() {
	st.tb.Helper()
	if st.next(6) == 0 {
		st.send(st.otherChange())
	}
	st.scene()
}

func (st *story) smallFact() Fact {
	switch st.next(9) {
	case 0:
		play := PlayID("ghost")
		if n := len(st.plays); n > 0 {
			play = st.plays[max(0, n-1-st.next(3))]
		}
		return Played{Leg: st.leg(), Play: play, OK: st.next(3) > 0}
	case 1:
		return RecordingStarted{Recording: st.recording()}
	case 2:
		return RecordingPaused{Recording: st.recording()}
	case 3:
		return RecordingResumed{Recording: st.recording()}
	case 4:
		return RecordingStopped{Recording: st.recording(), OK: st.next(2) == 0, Length: time.Minute}
	case 5:
		return PhoneChanged{Engine: st.engine(), Phone: pick(st, "201", "202", "203", "205", "999"), Reachable: st.next(2) == 0}
	case 6:
		return Held{Leg: st.leg(), On: st.next(2) == 0}
	case 7:
		return Digit{Leg: st.leg(), Digit: "5"}
	default:
		return pick[Fact](st, MixJoined{Mix: MixID(st.call()), Leg: st.leg()}, MixLeft{Mix: MixID(st.call()), Leg: st.leg()})
	}
}

func (st *story) refusal() Fact {
	f := Refused{Why: pick(st, WhyUnknown, WhyUnreachable, WhyTimeout, WhyDown, WhyState, WhyLimit, WhyInvalid, WhyFailed)}
	f.Action = pick(st, "dial", "dial", "hang", "answer", "ring", "play", "set_mix", "start_recording", "pause_recording", "resume_recording", "stop_recording",
		"send_digits", "stop", "dance")
	switch f.Action {
	case "set_mix":
		f.Mix = MixID(st.call())
	case "start_recording", "pause_recording", "resume_recording", "stop_recording":
		f.Recording = st.recording()
	default:
		f.Leg = st.leg()
	}
	return f
}

// snapshot shows most of what the shard believes of a switch, some of it in another state, some of it not, and perhaps something more.
func (st *story) snapshot(e EngineID) Snapshot {
	var snap Snapshot
	for _, id := range slices.Backward(keys(st.shard.st.Legs)) { // not sorted: the core must not rely on it
		l := st.shard.st.Legs[id]
		if l.Engine != e {
			continue
		}
		seen := SeenLeg{Leg: id, Ours: l.Role != customerLeg, Call: l.Call, Up: l.Up, Ringing: l.Ringing}
		switch st.next(8) {
		case 0:
			continue
		case 1:
			seen.Up = !seen.Up
		case 2:
			seen.Ringing = !seen.Ringing
		default:
		}
		snap.Legs = append(snap.Legs, seen)
	}
	if st.next(4) == 0 {
		snap.Legs = append(snap.Legs, SeenLeg{Leg: pick(st, LegID("stray1"), "stray2"), Ours: st.next(2) == 0, Up: st.next(2) == 0, From: "+493", To: pick(st, "100", "999")})
	}
	for _, id := range keys(st.shard.st.Calls) {
		for id, declared := range st.shard.st.Calls[id].mixes {
			if st.next(4) == 0 {
				continue
			}
			m := SeenMix{Mix: id}
			for _, w := range declared.Wanted {
				if st.next(6) > 0 {
					m.Legs = append(m.Legs, w.Leg)
				}
			}
			snap.Mixes = append(snap.Mixes, m)
		}
	}
	if st.next(8) == 0 {
		snap.Mixes = append(snap.Mixes, SeenMix{Mix: "ghost"})
	}
	return snap
}

func (st *story) configChange() ConfigChanged {
	setup := storySetup()
	id := pick(st, QueueID("sales"), "support", "back")
	switch st.next(9) {
	case 0:
		return setup
	case 1:
		return ConfigChanged{Remove: Removal{Queues: []QueueID{id}}}
	case 2:
		return ConfigChanged{Remove: Removal{Agents: []AgentID{pick(st, storyAgents()...)}}}
	case 3:
		return ConfigChanged{Agents: setup.Agents[st.next(4):]}
	case 4:
		return ConfigChanged{Remove: Removal{EntryPoints: []EntryPointID{pick(st, EntryPointID("main"), "group")}}}
	case 5:
		return ConfigChanged{Remove: Removal{Tenants: []TenantID{"acme"}}}
	case 6: // the same number at another entry point
		return ConfigChanged{EntryPoints: []EntryPoint{{ID: "help", Tenant: "acme", Numbers: []string{"100", "300"}, Queue: id}}}
	case 7:
		q := storyQueue(id, pick(st, Strategies()...))
		q.Members = q.Members[st.next(len(q.Members)):]
		return ConfigChanged{Queues: []Queue{q}}
	default:
		return ConfigChanged{Queues: []Queue{storyQueue(id, pick(st, Strategies()...))}}
	}
}

// otherChange changes where entry points lead, whose a queue is, and what is set up of agents.
func (st *story) otherChange() ConfigChanged {
	setup := storySetup()
	id := pick(st, QueueID("sales"), "support", "back")
	switch st.next(8) {
	case 0: // users make room for a queue, other users, or the same again
		e := setup.EntryPoints[2]
		switch n := st.next(4); n {
		case 0:
			e.Users, e.Queue = nil, id
		case 1:
		default:
			e.Users = e.Users[n-1:]
		}
		return ConfigChanged{EntryPoints: []EntryPoint{e}}
	case 1: // another queue in place of one that is deleted
		e := setup.EntryPoints[st.next(2)]
		old := e.Queue
		e.Queue, e.Off = id, st.next(4) == 0
		c := ConfigChanged{EntryPoints: []EntryPoint{e}}
		if old != id {
			c.Remove.Queues = []QueueID{old}
		}
		return c
	case 2: // another tenant takes the id, deleted before or not
		q := storyQueue(id, pick(st, Strategies()...))
		q.Tenant, q.Members = "zeta", []Membership{{Agent: "zoe"}}
		return ConfigChanged{Agents: []AgentSetup{{ID: "zoe", Tenant: "zeta", Phone: "299"}}, Queues: []Queue{q}}
	case 3: // and the entry point's id
		e := setup.EntryPoints[st.next(3)]
		e.Tenant, e.Users, e.Queue = "zeta", nil, id
		return ConfigChanged{EntryPoints: []EntryPoint{e}}
	case 4: // other phones, other switches, other skills
		a := setup.Agents[st.next(5)]
		a.Phone, a.Engine = pick(st, a.Phone, "301", "302"), pick(st, a.Engine, "", "west", "east")
		a.Skills, a.Tenant = map[string]int{"german": st.next(10)}, pick(st, TenantID("acme"), "acme", "zeta")
		return ConfigChanged{Agents: []AgentSetup{a}}
	case 5: // other times, and what is owed after a call
		q := storyQueue(id, pick(st, Strategies()...))
		q.RingTime, q.MaxWait = pick(st, time.Second, 40*time.Second), pick(st, 0, 5*time.Second, time.Minute)
		q.Record, q.RecordConsults, q.WrapUp = st.next(2) == 0, st.next(2) == 0, WrapUpSetup{Required: st.next(2) == 0, Time: pick(st, 0, time.Second)}
		return ConfigChanged{Queues: []Queue{q}}
	case 6: // what of callers' numbers is shown, where one may dial, and when it is open
		t := setup.Tenants[0]
		t.MaskNumbers, t.Dialling.Trunk = st.next(2) == 0, pick(st, "", "carrier")
		e := setup.EntryPoints[st.next(3)]
		e.Hours = "night"
		return ConfigChanged{Tenants: []Tenant{t}, EntryPoints: []EntryPoint{e}, Hours: []Hours{{ID: "night", Tenant: "acme", Week: pick(st, nil, []WeekSpan{{"monday", "09:00", "10:00"}})}}}
	default:
		return setup
	}
}

func (st *story) intent() {
	st.tb.Helper()
	agent := pick(st, append(storyAgents(), "ghost")...)
	call := st.call()
	if a := st.shard.st.Agents[agent]; a != nil && a.Call != "" && st.next(4) > 0 {
		call = a.Call
	}
	c := Command{Actor: "agent:" + string(agent)}
	var in Intent
	switch st.next(26) {
	case 0, 1, 2, 3:
		in = SetAgentState{Command: c, Agent: agent, State: Available}
	case 4:
		in = SetAgentState{Command: c, Agent: agent, State: pick(st, Idle, Offline, Reserved, RONA, "asleep"), Reason: pick(st, "", "lunch")}
	case 5:
		in = DeclineOffer{Command: c, Agent: agent, Call: pick(st, "", call)}
	case 6:
		in = HoldCall{Command: c, Call: call, Agent: agent}
	case 7:
		in = ResumeCall{Command: c, Call: call, Agent: agent}
	case 8:
		in = MuteAgent{Command: c, Call: call, Agent: agent, On: st.next(2) == 0}
	case 9:
		in = PressDigits{Command: c, Call: call, Agent: agent, Digits: pick(st, "1", "12#", "", "x")}
	case 10:
		in = EndCall{Command: c, Call: call, Agent: agent}
	case 11:
		in = TransferCall{Command: c, Call: call, Agent: agent, To: st.target()}
	case 16, 17:
		in = StartConsult{Command: c, Call: call, Agent: agent, To: st.target(), GoOn: st.next(2) == 0}
	case 18:
		in = EndConsult{Command: c, Call: call, Agent: agent}
	case 19:
		in = ToggleConsult{Command: c, Call: call, Agent: agent}
	case 20:
		in = CompleteTransfer{Command: c, Call: call, Agent: agent}
	case 21, 22:
		in = MergeConsult{Command: c, Call: call, Agent: agent}
	case 23:
		in = LeaveCall{Command: c, Call: call, Agent: agent}
	case 24:
		in = HoldParticipant{Command: c, Call: call, Agent: agent, Leg: st.leg(), On: st.next(3) > 0}
	case 25:
		in = pick[Intent](st, DropParticipant{Command: c, Call: call, Agent: agent, Leg: st.leg()}, SetVariables{Command: c, Call: call, Agent: agent, Values: []VariableChange{
			{Name: pick(st, "reason", "order", "ghost"), Value: pick(st, "7", "seven", ""), Version: st.next(3)}}})
	case 12:
		in = pick[Intent](st, PauseRecordingOf{Command: c, Call: call, Agent: agent}, PauseRecordingOf{Command: c, Call: call, Agent: agent}, DiscardRecordingOf{Command: c, Call: call, Agent: agent})
	case 13:
		in = ResumeRecordingOf{Command: c, Call: call, Agent: agent}
	case 14:
		in = FinishWrapUp{Command: c, Agent: agent, Call: pick(st, "", call), Reason: pick(st, "done", "")}
	default:
		in = ExtendWrapUp{Command: c, Agent: agent}
	}
	_ = st.ask(in)                               // refused is a good answer, too
	for _, id := range keys(st.shard.st.Calls) { // a question about anything changes nothing and never fails
		st.shard.Explain(st.now, id)
	}
}

func (st *story) target() Target {
	return pick(st, Target{Agent: "bob"}, Target{Agent: "cem"}, Target{Agent: "dora"}, Target{Agent: "ghost"}, Target{Queue: "sales"}, Target{Queue: "support"}, Target{Queue: "back"},
		Target{Queue: "ring:group"}, Target{Queue: "ghost"}, Target{EntryPoint: "help"}, Target{EntryPoint: "group"}, Target{EntryPoint: "closed"}, Target{Number: "+49 89 123"}, Target{Number: "0900"},
		Target{Number: "+49 89 456"}, Target{Agent: "eli"}, Target{}, Target{Agent: "anna", Queue: "sales"})
}

// curtain brings every switch back with nothing on it. Within two minutes no call, leg, recording or busy agent may be left.
func (st *story) curtain() {
	st.tb.Helper()
	for _, e := range []EngineID{"east", "ghost", "west"} {
		st.send(EngineUp{Engine: e, Restarted: true})
	}
	st.advance(2 * time.Minute)
	if n := len(st.shard.st.Calls) + len(st.shard.st.Legs); n > 0 {
		st.fail("%d calls and %d legs are left: %v", len(st.shard.st.Calls), len(st.shard.st.Legs), st.shard.Everything())
	}
	for _, id := range keys(st.shard.st.Agents) {
		if a := st.shard.st.Agents[id]; a.State == Reserved || a.State == Engaged {
			st.fail("agent %s is stuck in %s", id, a.State)
		}
	}
	for id := range st.ledger.arrived {
		if !st.ledger.closed[id] {
			st.fail("call %s has no record", id)
		}
	}
	ix := &st.shard.ix
	if n := len(ix.asides); n > 0 {
		st.fail("the index keeps %d mixes aside", n)
	}
	if len(ix.plays) > 0 || len(ix.recordings) > 0 || len(ix.asking) > 0 || len(ix.freed) > 0 {
		st.fail("the index keeps %d plays, %d recordings, %d asking, %d freed", len(ix.plays), len(ix.recordings), len(ix.asking), len(ix.freed))
	}
	for _, q := range keys(ix.queues) {
		if x := ix.queues[q]; x.line.n+x.wanting.n > 0 {
			st.fail("queue %s keeps a line of %d, %d of them wanting", q, x.line.n, x.wanting.n)
		}
	}
	for _, t := range keys(st.shard.st.Tenants) {
		if n := st.shard.st.Tenants[t].Calls; n != 0 {
			st.fail("tenant %s still counts %d calls", t, n)
		}
	}
}
