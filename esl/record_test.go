package esl

import (
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
