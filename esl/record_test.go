package esl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

// TestOrdersAboutAYoungRecording: FreeSWITCH answers "record" before the conference knows the recording by its name. Who pauses in that moment, because a card's number is being said, must not be refused (C15),
// and who stops must not leave a recording running.
func TestOrdersAboutAYoungRecording(t *testing.T) {
	const unknownThere = "non-existant recording" //nolint:misspell // that is how FreeSWITCH says it
	const rec core.RecordingID = "0aaaaaaa-0000-4000-8000-000000000001"
	for verb, do := range map[string]core.Action{
		"pause":    core.PauseRecording{Recording: rec},
		"resume":   core.ResumeRecording{Recording: rec},
		"norecord": core.StopRecording{Recording: rec},
	} {
		// young takes orders about a recording of that age, of which the conference knows only after so many of them.
		young := func(t *testing.T, age time.Duration, unknown int, meanwhile func(*Engine)) (asked int, err error) {
			f := newFake(t)
			e, _ := bridgedAt(t, f)
			e.mu.Lock()
			e.table.recordings[rec] = &recording{mix: "m", begun: time.Now().Add(-age)}
			e.mu.Unlock()
			f.on("api conference tandem-m "+verb, func(c *fakeConn, command string) bool {
				asked++
				if asked > unknown {
					return c.write(aFrame(kindAnswer, "+OK\n"))
				}
				meanwhile(e)
				return c.write(aFrame(kindAnswer, "+OK "+verb+" recording file\n-ERR "+unknownThere+" '"+command[strings.LastIndex(command, " ")+1:]+"'\n"))
			})
			err = e.Do(soon(t), core.Effect{ID: 1, Do: do})
			return asked, err
		}
		nothing := func(*Engine) {}
		t.Run(verb+" until it is there", func(t *testing.T) {
			asked, err := young(t, 0, 3, nothing)
			require.NoError(t, err)
			assert.Equal(t, 4, asked)
		})
		t.Run(verb+" until its end is told", func(t *testing.T) {
			asked, err := young(t, 0, 100, func(e *Engine) {
				e.mu.Lock()
				defer e.mu.Unlock()
				delete(e.table.recordings, rec)
			})
			require.ErrorContains(t, err, "no such recording")
			assert.Equal(t, 1, asked)
		})
		t.Run(verb+" once when it is old", func(t *testing.T) {
			asked, err := young(t, youngRecording, 1, nothing)
			require.ErrorContains(t, err, unknownThere)
			assert.Equal(t, 1, asked)
		})
	}
}

// TestARecordingWithoutItsKeeperGetsOneC15: the answer to the order to record was lost, or Tandem ended before it had made the keeper. Asked for again, the recording is there, and would end with the next
// consult.
func TestARecordingWithoutItsKeeperGetsOneC15(t *testing.T) {
	const rec core.RecordingID = "0aaaaaaa-0000-4000-8000-000000000001"
	for _, there := range []bool{false, true} {
		t.Run(fmt.Sprintf("its keeper is there: %v", there), func(t *testing.T) {
			f := newFake(t)
			e, _ := bridgedAt(t, f)
			e.mu.Lock()
			e.table.recordings[rec] = &recording{mix: "m", started: true}
			e.table.legs[callerLeg].stay, e.table.legs[callerLeg].inside = stay{mix: "m"}, "m"
			e.table.legs[agentLeg].stay, e.table.legs[agentLeg].inside = stay{mix: "m"}, "m"
			e.mu.Unlock()
			f.on("api conference tandem-m record ", answers("-ERR the file is already being used\n"))
			f.on("api uuid_exists "+string(rec), answers(strconv.FormatBool(there)))
			require.NoError(t, e.Do(soon(t), core.Effect{ID: 1, Do: core.StartRecording{Recording: rec, Mix: "m"}}))
			made := slices.ContainsFunc(f.seen(), func(command string) bool {
				return strings.HasPrefix(command, "bgapi originate ") && strings.Contains(command, string(rec))
			})
			assert.Equal(t, !there, made)
		})
	}
}

// TestAKeeperThatNobodyNeedsIsHungUp: FreeSWITCH gives a channel whose id is taken another one, without a word. And a busy one makes the channel when the recording is over: then the keeper would make a
// conference of its own, for good.
func TestAKeeperThatNobodyNeedsIsHungUp(t *testing.T) {
	const rec, other = "0aaaaaaa-0000-4000-8000-000000000001", "0ccccccc-0000-4000-8000-000000000003"
	for name, c := range map[string]struct {
		made   []string // one after another
		runs   bool
		hungUp string
	}{
		"its id was taken":      {[]string{rec, other}, true, other},
		"its recording is over": {[]string{rec}, false, rec},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			killed := make(chan string, 2)
			f.on("api uuid_kill ", func(c *fakeConn, command string) bool {
				killed <- command
				return c.write(aFrame(kindAnswer, "+OK\n"))
			})
			e, _ := bridgedAt(t, f)
			if c.runs {
				e.mu.Lock()
				e.table.recordings[rec] = &recording{mix: "m", started: true}
				e.mu.Unlock()
			}
			for _, made := range c.made {
				e.translate(parseEvent(fmt.Sprintf("Event-Name: BACKGROUND_JOB\nJob-UUID: %s%s\nContent-Length: %d\n\n+OK %s\n", keepJob, rec, len(made)+5, made)))
			}
			select {
			case command := <-killed:
				assert.Contains(t, command, c.hungUp)
			case <-soon(t).Done():
				t.Fatal("nobody was hung up on")
			}
		})
	}
}

// TestAKeeperThatIsRefusedIsMadeAgainC15: FreeSWITCH lets only so many sessions begin in a second, keepers among them. Without one the recording would end with the next consult.
func TestAKeeperThatIsRefusedIsMadeAgainC15(t *testing.T) {
	const rec core.RecordingID = "0aaaaaaa-0000-4000-8000-000000000001"
	for _, runs := range []bool{true, false} {
		t.Run(fmt.Sprintf("its recording goes on: %v", runs), func(t *testing.T) {
			f := newFake(t)
			made, looked := make(chan string, 2), make(chan string, 2)
			f.on("api uuid_exists "+string(rec), func(c *fakeConn, command string) bool {
				looked <- command
				return c.write(aFrame(kindAnswer, "false"))
			})
			f.on("bgapi originate ", func(c *fakeConn, command string) bool {
				made <- command
				return c.write(aFrame(kindAnswer, "+OK\n"))
			})
			e, _ := bridgedAt(t, f)
			e.mu.Lock()
			e.table.recordings[rec] = &recording{mix: "m", started: true}
			e.mu.Unlock()
			unlock, err := e.locks.Lock(soon(t), "mix:m") // whatever comes later waits until its end is told
			require.NoError(t, err)
			e.translate(parseEvent(fmt.Sprintf("Event-Name: BACKGROUND_JOB\nJob-UUID: %s%s\nContent-Length: 29\n\n-ERR DESTINATION_OUT_OF_ORDER\n", keepJob, rec)))
			if !runs {
				e.mu.Lock()
				delete(e.table.recordings, rec)
				e.mu.Unlock()
			}
			unlock()
			if !runs {
				require.NoError(t, e.keepOn(soon(t), e.connected(), rec))
				assert.Empty(t, looked)
				return
			}
			select {
			case command := <-made:
				assert.Contains(t, command, string(rec))
			case <-soon(t).Done():
				t.Fatal("the recording has no keeper")
			}
		})
	}
}
