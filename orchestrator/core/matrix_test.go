package core

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestControlsMatrix asks, in every phase of a conversation, everybody in it and somebody who is not for every control, and compares the answers with
// testdata/controls-matrix.md: yes, or the refusal's code. (C3, C6 to C9, C11 to C15; -rewrite as for the stories.)
func TestControlsMatrix(t *testing.T) {
	t.Parallel()
	setup := []string{
		"tenant acme trunk=carrier home=+49 and agent ann bob cem dora and queue sales ann ring=20s wrap=30s record discard and queue help bob and number 100 queue=sales vars=note:edit",
		"up nothing", "ann available", "bob available", "cem available", "c1 calls 100 from +4930",
	}
	talking := append(setup[:len(setup):len(setup)], "ringing ann", "answers c1", "answers ann", "recording started")
	after := func(base []string, more ...string) []string { return append(base[:len(base):len(base)], more...) }
	ringing := after(talking, "consult ann agent=bob", "ringing bob")
	consulting := after(ringing, "answers bob")
	conference := after(consulting, "merge ann")
	var out strings.Builder
	out.WriteString("# Who can do what, and when\n\nWritten by `go test -run ControlsMatrix -rewrite ./orchestrator/core`. ann is the primary, bob is consulted or in the conference, cem is not in the call.\n")
	for _, situation := range []struct {
		name string
		how  []string
	}{
		{"the phone rings for the customer's call", after(setup, "ringing ann")},
		{"talking", talking},
		{"talking, the customer on hold", after(talking, "hold ann")},
		{"talking, the recording paused", after(talking, "pause ann", "recording paused")},
		{"a consult with an agent rings", ringing},
		{"a consult rings, the primary with the customer", after(ringing, "toggle ann")},
		{"a consult with a queue waits", after(talking, "bob idle", "consult ann queue=help")},
		{"a number that is consulted rings", after(talking, "consult ann number=089123456", "ringing 4989123456")},
		{"consulting", consulting},
		{"consulting, the primary with the customer", after(consulting, "toggle ann")},
		{"conference", conference},
		{"conference, the customer on hold", after(conference, "holds ann c1")},
		{"conference, bob on hold", after(conference, "holds ann bob#1")},
		{"consulting from a conference", after(conference, "consult ann agent=cem", "answers cem")},
		{"post-call in a consult", after(consulting, "hangs c1")},
		{"post-call in a conference", after(after(conference, "consult ann agent=cem", "answers cem", "merge ann"), "hangs c1")},
		{"transferred to an agent whose phone rings", after(talking, "transfer ann agent=bob")},
		{"with a number outside", after(talking, "transfer ann number=089123456", "answers 4989123456")},
		{"wrap-up", after(talking, "end ann", "goes ann")},
	} {
		writeSituation(t, &out, situation.name, situation.how)
	}
	const file = "testdata/controls-matrix.md"
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != string(want) {
		t.Errorf("%s\n(go test -run ControlsMatrix -rewrite takes it over)", firstDifferentLine(string(want), got))
	}
}

func writeSituation(t *testing.T, out *strings.Builder, name string, how []string) {
	t.Helper()
	p := newPlay(t)
	for _, command := range how {
		p.command = command
		p.do(command)
	}
	call := CallID(p.id("call1"))
	fmt.Fprintf(out, "\n## %s\n\n| | ann | bob | cem |\n|---|---|---|---|\n", name)
	for _, ask := range []struct {
		what string
		in   func(a AgentID) Intent
	}{
		{"hold", func(a AgentID) Intent { return HoldCall{Call: call, Agent: a} }},
		{"resume", func(a AgentID) Intent { return ResumeCall{Call: call, Agent: a} }},
		{"mute", func(a AgentID) Intent { return MuteAgent{Call: call, Agent: a, On: true} }},
		{"digits", func(a AgentID) Intent { return PressDigits{Call: call, Agent: a, Digits: "1"} }},
		{"consult an available agent", func(a AgentID) Intent { return StartConsult{Call: call, Agent: a, To: Target{Agent: "cem"}} }},
		{"consult a number", func(a AgentID) Intent { return StartConsult{Call: call, Agent: a, To: Target{Number: "089123"}} }},
		{"end the consult", func(a AgentID) Intent { return EndConsult{Call: call, Agent: a} }},
		{"toggle", func(a AgentID) Intent { return ToggleConsult{Call: call, Agent: a} }},
		{"transfer to a queue", func(a AgentID) Intent { return TransferCall{Call: call, Agent: a, To: Target{Queue: "help"}} }},
		{"complete the transfer", func(a AgentID) Intent { return CompleteTransfer{Call: call, Agent: a} }},
		{"merge", func(a AgentID) Intent { return MergeConsult{Call: call, Agent: a} }},
		{"leave", func(a AgentID) Intent { return LeaveCall{Call: call, Agent: a} }},
		{"hold the customer alone", func(a AgentID) Intent { return HoldParticipant{Call: call, Agent: a, Leg: "c1", On: true} }},
		{"disconnect the customer", func(a AgentID) Intent { return DropParticipant{Call: call, Agent: a, Leg: "c1"} }},
		{"disconnect bob", func(a AgentID) Intent { return DropParticipant{Call: call, Agent: a, Leg: p.leg("bob")} }},
		{"pause the recording", func(a AgentID) Intent { return PauseRecordingOf{Call: call, Agent: a} }},
		{"resume the recording", func(a AgentID) Intent { return ResumeRecordingOf{Call: call, Agent: a} }},
		{"discard the recording", func(a AgentID) Intent { return DiscardRecordingOf{Call: call, Agent: a} }},
		{"write a variable", func(a AgentID) Intent {
			return SetVariables{Call: call, Agent: a, Values: []VariableChange{{Name: "note", Value: "x"}}}
		}},
		{"end", func(a AgentID) Intent { return EndCall{Call: call, Agent: a} }},
		{"finish the wrap-up", func(a AgentID) Intent { return FinishWrapUp{Agent: a, Reason: "sold"} }},
		{"sign out", func(a AgentID) Intent { return SetAgentState{Agent: a, State: Offline} }},
	} {
		fmt.Fprintf(out, "| %s ", ask.what)
		for _, a := range []AgentID{"ann", "bob", "cem"} {
			answer := "yes"
			if r := p.shard.Accepts(p.now, ask.in(a)); r != nil {
				answer = string(r.Code)
			}
			fmt.Fprintf(out, "| %s ", answer)
		}
		out.WriteString("|\n")
	}
}
