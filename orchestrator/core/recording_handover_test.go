package core

import (
	"slices"
	"strings"
	"testing"
)

// consultsInAPause plays up to where ann, who has asked for a pause of which then comes what next says, talks with bob about her caller.
func consultsInAPause(t *testing.T, next string) *play {
	t.Helper()
	p := newPlay(t)
	for line := range strings.Lines(`tenant acme and agent ann bob and queue sales ann ring=20s record and number 100 queue=sales
up nothing
ann available
bob available
c1 calls 100 from +4930
answers c1
ringing ann
answers ann
recording started
pause ann
` + next + `
consult ann agent=bob
ringing bob
answers bob
`) {
		p.do(strings.TrimSpace(line))
	}
	return p
}

// A pause belongs to the agent who asked for it: whoever takes the conversation over after a consult, or in a conference, is recorded, as after a blind transfer. Where the queue
// resumes nothing by itself, nothing would be recorded any more.
func TestThePauseOfWhoHasLeftIsOverC15(t *testing.T) {
	t.Parallel()
	for name, last := range map[string][]string{"transfer after a consult": {"complete ann"}, "conference": {"merge ann", "leave ann"}, "hangs up": {"hangs ann"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := consultsInAPause(t, "recording paused")
			var said []string
			for _, line := range last {
				said = append(said, p.do(line)...)
			}
			if !slices.Contains(said, "-> resume rec1") {
				t.Errorf("bob's conversation is not recorded:\n%s\n%s", strings.Join(said, "\n"), strings.Join(p.do("+1h calls"), "\n"))
			}
		})
	}
}

// So it is with a pause that was not confirmed, which has stopped the recording: whoever has asked for it is not recorded any more, and who comes after them is.
func TestAPauseThatFailedIsOverWithWhoHasLeftC15(t *testing.T) {
	t.Parallel()
	for name, after := range map[string][]string{
		"while the recording stops":      {"complete ann", "recording stopped"},
		"when the recording has stopped": {"recording stopped", "complete ann"},
		"in a conference":                {"recording stopped", "merge ann", "leave ann"},
		"hangs up":                       {"recording stopped", "hangs ann"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := consultsInAPause(t, "+2s agents")
			var said []string
			for _, line := range after {
				said = append(said, p.do(line)...)
			}
			if !slices.Contains(said, "-> record rec2 of call1") {
				t.Errorf("bob's conversation is not recorded:\n%s\n%s", strings.Join(said, "\n"), strings.Join(p.do("+1h calls"), "\n"))
			}
		})
	}
}
