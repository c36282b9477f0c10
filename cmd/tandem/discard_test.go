package main

import (
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/api/client"
	"github.com/tandem-voice/tandem/orchestrator/core"
)

// TestADiscardedRecordingLeavesNothingC17 has agents discard recordings on real switches: of the conversation that goes on, of a part of the call that is in the archive already, and
// with Tandem killed between the agent's word and the order to the switch. In the end there is no file at the switch and none in the bucket, and the two have talked all the time.
func TestADiscardedRecordingLeavesNothingC17(t *testing.T) {
	onEach(t, func(t *testing.T, on brand) {
		s := newStack(t, embedded, 2, on)
		s.addQueue("taped", "+4930300", 0, map[string]any{"record": true, "discard_recordings": true})
		s.addQueue("plain", "+4930301", 0, map[string]any{"discard_recordings": true})
		anna, bob := s.desks[0], s.desks[1]
		agents := map[*seat]*client.Client{anna: s.signedIn(anna), bob: s.signedIn(bob)}

		for _, scene := range []struct {
			name string
			play func(k *talk)
		}{
			{"while it is written", func(k *talk) {
				k.discards(agents[anna])
			}},
			{"what is archived already", func(k *talk) {
				s.post("/api/v1/calls/"+string(k.id)+"/transfer", map[string]any{"to": map[string]any{"queue": "plain"}})
				s.set(bob, core.Available)
				taken := s.takes(bob)
				s.eventually("the first part in the archive", func() bool { return s.tape(k.id).State == "archived" })
				require.NotEmpty(s.t, s.inBucket())
				*k = *s.talks(k.caller, bob, taken)
				k.discards(agents[bob])
				k.leavesNothing()
				_, err := s.api.Raw(s.soon(), "/api/v1/recordings/"+s.tape(k.id).ID+"/audio")
				require.True(s.t, isStatus(err, http.StatusNotFound), "%v", err)
			}},
			{"killed between the word and the order", func(k *talk) {
				s.switches[0].link.Stall()
				require.NoError(s.t, agents[anna].Post(s.soon(), "/api/v1/calls/"+string(k.id)+"/recording/discard", nil, nil))
				s.proc.kill9()
				s.switches[0].link.Cut() // what was on its way never arrives
				require.NotEmpty(s.t, s.spooled(), "the switch records on")
				s.switches[0].link.Mend()
				s.proc.start()
				s.awaitReady()
			}},
		} {
			ok := t.Run(scene.name, func(t *testing.T) {
				was := s.t
				s.t = t
				defer func() { s.t = was }()
				k := s.connects("+4930300", anna)
				k.caller.awaits("to be recorded", func(v core.CallView) bool { return v.Recording != nil && v.Recording.State == core.RecordingOn })
				s.eventually("the file that the switch writes", func() bool { return len(s.spooled()) > 0 }) // Asterisk says that it records, and then makes it
				scene.play(k)
				k.leavesNothing()
				k.unbroken()
				k.caller.hangUp()
				_, err := k.call.AwaitEnd(s.soon())
				require.NoError(t, err)
				s.emptied()
				k.leavesNothing()
				for _, d := range s.desks {
					s.set(d, core.Idle)
					s.is(d, core.Idle)
				}
			})
			if !ok {
				return // what a failed one leaves behind would fail the others
			}
		}
	})
}

// signedIn is the API as an agent has it.
func (s *stack) signedIn(d *seat) *client.Client {
	s.t.Helper()
	var made struct{ Secret string }
	require.NoError(s.t, s.api.Post(s.soon(), "/api/v1/tokens", map[string]any{"name": string(d.agent), "role": "agent", "agent": d.agent}, &made))
	c := client.New("http://"+s.env["TANDEM_LISTEN"], made.Secret)
	s.t.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

func (k *talk) discards(as *client.Client) {
	s := k.caller.s
	s.t.Helper()
	require.NoError(s.t, as.Post(s.soon(), "/api/v1/calls/"+string(k.id)+"/recording/discard", nil, nil))
}

// leavesNothing waits until the call's recording is erased, and holds that no file is left, and that it is known who did it.
func (k *talk) leavesNothing() {
	s := k.caller.s
	s.t.Helper()
	s.eventually("the recording to be erased", func() bool { return s.tape(k.id).State == "erased" })
	require.Equal(s.t, "agent:"+string(k.desk.agent), s.tape(k.id).By)
	require.Empty(s.t, s.spooled(), "the switch")
	require.Empty(s.t, s.inBucket(), "the bucket")
	var audit struct {
		Items []struct{ Actor, Object string }
	}
	require.NoError(s.t, s.api.Get(s.soon(), "/api/v1/audit?action=recording.discarded&object="+url.QueryEscape("recording/"+s.tape(k.id).ID), &audit))
	require.Len(s.t, audit.Items, 1)
	require.Equal(s.t, "agent:"+string(k.desk.agent), audit.Items[0].Actor)
}

// tape is the one recording of a call; zero before there is one.
func (s *stack) tape(call core.CallID) (tape struct {
	ID, State string
	By        string `json:"discarded_by"`
}) {
	s.t.Helper()
	var page struct {
		Items []struct {
			ID, State string
			By        string `json:"discarded_by"`
		}
	}
	require.NoError(s.t, s.api.Get(s.soon(), "/api/v1/recordings?call="+url.QueryEscape(string(call)), &page))
	require.LessOrEqual(s.t, len(page.Items), 1, "it is recorded once")
	if len(page.Items) == 1 {
		tape = page.Items[0]
	}
	return tape
}

// inBucket lists the files of the archive.
func (s *stack) inBucket() (files []string) {
	s.t.Helper()
	_ = filepath.WalkDir(filepath.Join(s.dir, "recordings"), func(path string, d fs.DirEntry, err error) error { // a file that goes away while we look is none
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	return files
}
