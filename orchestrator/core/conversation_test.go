package core

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// FuzzConversation is FuzzStep for what happens inside of conversations: callers are put through, and then agents consult, transfer, merge, hold, leave and hang up in
// every order, while phones answer late, drop off and race each other, and switches come and go now and then.
func FuzzConversation(f *testing.F) {
	for i := range uint64(24) {
		f.Add(storyBytes(5000+i, 60+int(i)*12))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 500 {
			t.Skip("longer stories find nothing that shorter ones do not")
		}
		playConversations(t, data)
	})
}

// TestConversations plays conversations of pseudo-random bytes; -stories and -first-story as for TestStories.
func TestConversations(t *testing.T) {
	t.Parallel()
	reached := map[EntryKind]int{}
	n := *stories
	if testing.Short() {
		n = min(n, 40)
	}
	for seed := *firstStory; seed < *firstStory+n; seed++ {
		if !t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			for kind, times := range playConversations(t, storyBytes(seed+1<<40, 320)) {
				reached[kind] += times
			}
		}) {
			return
		}
	}
	for _, kind := range []EntryKind{
		EntryConsultStarted, EntryConsultAnswered, EntryConsultToggled, EntryConsultEnded, EntryJoined, EntryLeft, EntryParticipantHeld, EntryOwnerChanged, EntryPostCall,
		EntryOutside, EntryDialled, EntryTransferFailed, EntryVariables,
	} {
		if reached[kind] == 0 {
			t.Errorf("no conversation came to %s: the stories do not test what they are to test", kind)
		}
	}
}

// playConversations plays one story and counts what the timeline told.
func playConversations(t *testing.T, data []byte) map[EntryKind]int {
	t.Helper()
	st := newStory(t, data)
	reached := map[EntryKind]int{}
	told := st.told
	st.told = func(ev Event, out Outcome) {
		told(ev, out)
		for _, e := range out.Entries {
			reached[e.Kind]++
		}
	}
	for len(st.data) > 0 {
		st.turn()
	}
	st.curtain()
	st.replay()
	return reached
}

// turn makes one thing happen around a conversation.
func (st *story) turn() {
	st.tb.Helper()
	for _, a := range storyAgents() { // nobody stays away for long
		if x := st.shard.st.Agents[a]; x != nil && (x.State == RONA || x.State == Offline || x.State == WrapUp && st.next(3) == 0) {
			if x.State == WrapUp {
				_ = st.ask(FinishWrapUp{Agent: a, Reason: "done"})
			}
			_ = st.ask(SetAgentState{Agent: a, State: pick(st, Available, Available, Available, Idle)})
		}
	}
	switch st.next(16) {
	case 0, 1:
		st.arrived++
		leg := LegID("c" + strconv.Itoa(st.arrived))
		st.legs = append(st.legs, leg)
		st.send(LegAppeared{Engine: "east", Leg: leg, To: pick(st, "100", "200", "300"), From: "+491"})
		st.playThrough()
	case 2, 3, 4:
		if l := st.ringingLeg(); l != "" {
			st.send(LegRinging{Leg: l})
			st.send(LegAnswered{Leg: l})
		}
	case 5:
		if l := st.ringingLeg(); l != "" {
			st.send(pick[Fact](st, LegRinging{Leg: l}, LegHungUp{Leg: l, Cause: st.cause()}))
		}
	case 6:
		if l := st.liveLeg(); l != "" {
			st.send(LegHungUp{Leg: l, Cause: pick(st, Cause{Code: CauseNormal, By: ByThem}, Cause{Code: CauseNetwork, By: ByNetwork}, Cause{Code: CauseNormal, By: ByThem})})
		}
	case 7:
		st.advance(pick(st, time.Millisecond, time.Second, 5*time.Second, 16*time.Second, 61*time.Second))
	case 8:
		st.scene() // anything at all
	default:
		st.control()
	}
}

// playThrough lets the greeting of the latest caller end.
func (st *story) playThrough() {
	for _, id := range keys(st.shard.st.Calls) {
		if c := st.shard.st.Calls[id]; c.Phase == Routing && c.Prompt != nil {
			st.send(Played{Leg: c.Customer, Play: c.Prompt.Play, OK: true})
		}
	}
}

// ringingLeg is one of the legs that we dialled and that nobody has answered, dying ones included: an answer may cross the hang-up.
func (st *story) ringingLeg() LegID {
	return st.anyLeg(func(l *leg) bool { return l.Role != customerLeg && !l.Up })
}

// liveLeg is one of the legs that are answered, or a customer's.
func (st *story) liveLeg() LegID {
	return st.anyLeg(func(l *leg) bool { return l.Role == customerLeg || l.Up })
}

func (st *story) anyLeg(which func(*leg) bool) LegID {
	var found []LegID
	for _, id := range keys(st.shard.st.Legs) {
		if which(st.shard.st.Legs[id]) {
			found = append(found, id)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return found[st.next(len(found))]
}

// control lets somebody who is in a conversation do something to it.
func (st *story) control() {
	st.tb.Helper()
	var talking []AgentID
	for _, a := range storyAgents() {
		if x := st.shard.st.Agents[a]; x != nil && x.State == Engaged {
			talking = append(talking, a)
		}
	}
	if len(talking) == 0 {
		return
	}
	agent := talking[st.next(len(talking))]
	call := st.shard.st.Agents[agent].Call
	x := st.shard.st.Calls[call]
	c := Command{Actor: "agent:" + string(agent)}
	legs := []LegID{x.Customer, "ghost"}
	for _, p := range x.party() {
		legs = append(legs, p.Leg)
	}
	v, _ := st.shard.Call(call)
	can := st.shard.Controls(call, agent)
	var in Intent
	var control Control
	switch st.next(16) {
	case 0, 1, 2:
		in, control = StartConsult{Command: c, Call: call, Agent: agent, To: st.target(), GoOn: st.next(2) == 0}, ""
	case 3:
		in, control = EndConsult{Command: c, Call: call, Agent: agent}, ControlEndConsult
	case 4, 5:
		in, control = ToggleConsult{Command: c, Call: call, Agent: agent}, ControlToggle
	case 6, 7, 8:
		in, control = MergeConsult{Command: c, Call: call, Agent: agent}, ControlMerge
	case 9:
		in, control = CompleteTransfer{Command: c, Call: call, Agent: agent}, ControlComplete
	case 10:
		in, control = LeaveCall{Command: c, Call: call, Agent: agent}, ControlLeave
	case 11:
		in = HoldParticipant{Command: c, Call: call, Agent: agent, Leg: legs[st.next(len(legs))], On: st.next(3) > 0}
	case 12:
		in = pick[Intent](st, DropParticipant{Command: c, Call: call, Agent: agent, Leg: legs[st.next(len(legs))]},
			SetVariables{Command: c, Call: call, Agent: agent, Values: []VariableChange{{Name: "reason", Value: "7", Version: x.variable("reason").Version}}})
	case 13:
		in, control = pick[Intent](st, HoldCall{Command: c, Call: call, Agent: agent}, ResumeCall{Command: c, Call: call, Agent: agent}, MuteAgent{Command: c, Call: call, Agent: agent, On: true}), ""
	case 14:
		in, control = TransferCall{Command: c, Call: call, Agent: agent, To: st.target()}, ""
	default:
		in, control = EndCall{Command: c, Call: call, Agent: agent}, ControlEnd
	}
	refused := st.ask(in)
	if control != "" && (refused == nil) != slices.Contains(can, control) {
		st.fail("%s of %s was answered with %v, its controls were %v, the call was %+v", in.Kind(), agent, refused, can, v)
	}
}
