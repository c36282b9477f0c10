package ari

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/orchestrator/core"
)

var rewrite = flag.Bool("rewrite", false, "write the golden facts anew instead of comparing")

// asked says with which cause the recorded session hung up on legs, where it did.
var asked = map[string]core.CauseCode{
	"answered": core.CauseNormal, "conversation": core.CauseNormal, "digits": core.CauseNormal, "elsewhere": core.CauseAnsweredElsewhere,
	"hold": core.CauseNormal, "hold-key": core.CauseNormal, "prompts": core.CauseNormal, "missing-prompt": core.CauseNormal,
	"recording": core.CauseNormal, "odd-caller": core.CauseNormal, "phone-answers": core.CauseNormal, "we-give-up": core.CauseNormal,
}

// TestGoldenStreams feeds event streams that were recorded from Asterisk 22.10.1 and compares the facts. A stream may be fed twice over: what was told once is
// not told again.
func TestGoldenStreams(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		t.Run(name, func(t *testing.T) {
			stream, err := os.ReadFile(file)
			require.NoError(t, err)
			got := factsOf(t, name, stream)
			golden := strings.TrimSuffix(file, ".jsonl") + ".facts"
			if *rewrite {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

func frames(stream []byte) [][]byte {
	var all [][]byte
	for lines := bufio.NewScanner(bytes.NewReader(stream)); lines.Scan(); {
		all = append(all, bytes.Clone(lines.Bytes()))
	}
	return all
}

func factsOf(t *testing.T, name string, stream []byte) string {
	t.Helper()
	e := testEngine(t)
	dialled := map[core.LegID]bool{}
	var out strings.Builder
	for _, frame := range frames(stream) {
		ev, ok, err := decodeEvent(frame)
		require.NoError(t, err, "%s", frame)
		if !ok {
			continue
		}
		prepare(e, ev, asked[name], dialled)
		for _, f := range e.translate(ev) {
			text, err := json.Marshal(f)
			require.NoError(t, err)
			fmt.Fprintf(&out, "%s %s\n", f.Kind(), text)
		}
	}
	return out.String()
}

// prepare does what orders would have done before the event: dial, hang up, start recording.
func prepare(e *Engine, ev event, asked core.CauseCode, dialled map[core.LegID]bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := core.LegID(ev.channel.ID)
	if ev.channel.dialledBy("tandem") && !dialled[id] {
		dialled[id] = true
		e.table.legs[id] = &leg{id: id, ours: true, phone: true, media: media{known: true}}
	}
	if l := e.table.legs[id]; l != nil && ev.kind == "ChannelHangupRequest" && ev.cause == q850Restart {
		l.asked = asked
	}
	if id := core.RecordingID(ev.recording.Name); ev.kind == "RecordingStarted" && e.table.recordings[id] == nil {
		e.table.recordings[id] = &recording{}
	}
}

// TestLibraryAndOwnDecodingAgree holds the two decoders together on all recorded events.
func TestLibraryAndOwnDecodingAgree(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(t, err)
	for _, file := range files {
		stream, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, frame := range frames(stream) {
			_, wanted, err := decodeEvent(frame)
			require.NoError(t, err)
			if !wanted {
				continue
			}
			byLibrary, known := decodeByLibrary(frame)
			require.True(t, known, "the library cannot decode %s", frame)
			once, err := decodeOnce(frame)
			require.NoError(t, err)
			byLibrary.kind, byLibrary.techCause = once.kind, once.techCause // which the library does not tell
			assert.Equal(t, byLibrary, once, "%s", frame)
		}
	}
}

func TestDecodeEventSurvivesOddFields(t *testing.T) {
	for name, c := range map[string]struct {
		frame string
		want  event
	}{
		"null timestamp": {
			`{"type":"ChannelDestroyed","timestamp":null,"cause":17,"tech_cause":486,"channel":{"id":"x","state":"Ringing"}}`,
			event{kind: "ChannelDestroyed", cause: 17, techCause: 486, channel: channel{ID: "x", State: "Ringing"}},
		},
		"fractional duration": {
			`{"type":"RecordingFinished","recording":{"name":"r","state":"done","duration":1.5}}`,
			event{kind: "RecordingFinished", recording: liveRecording{Name: "r", State: "done", Duration: 1.5}},
		},
		"a number for a text": {
			`{"type":"ChannelDtmfReceived","digit":5,"channel":{"id":"x","name":7}}`,
			event{kind: "ChannelDtmfReceived", channel: channel{ID: "x"}},
		},
		"a text for tech_cause": {
			`{"type":"ChannelDestroyed","cause":16,"tech_cause":"odd","channel":{"id":"x"}}`,
			event{kind: "ChannelDestroyed", cause: 16, channel: channel{ID: "x"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok, err := decodeEvent([]byte(c.frame))
			require.NoError(t, err)
			require.True(t, ok)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestDecodeEventIgnoresWhatItDoesNotKnow(t *testing.T) {
	_, ok, err := decodeEvent([]byte(`{"type":"ChannelTransfer","channel":{}}`))
	require.NoError(t, err)
	assert.False(t, ok)
	for _, frame := range []string{``, `[]`, `{}`, `null`, `{"type":""}`, `{"type":`, "\x00\xff"} {
		_, ok, err := decodeEvent([]byte(frame))
		require.ErrorIs(t, err, errNoEvent, "%q", frame)
		assert.False(t, ok)
	}
}

// FuzzDecodeAndTranslate looks for a frame that crashes the adapter, or that breaks a rule: nothing of an unknown leg, nothing behind a leg's end.
func FuzzDecodeAndTranslate(f *testing.F) {
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(f, err)
	for _, file := range files {
		stream, err := os.ReadFile(file)
		require.NoError(f, err)
		if len(stream) < 4096 { // long seeds make the fuzzer spend its time on shortening them
			f.Add(stream)
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		e := testEngine(t)
		alive := map[core.LegID]bool{} // as the facts tell, and those of ours that the adapter knows from StasisStart
		of := func(id core.LegID, f core.Fact) {
			if !alive[id] {
				t.Fatalf("%s of leg %q, which is not there", f.Kind(), id)
			}
		}
		for _, frame := range frames(stream) {
			ev, ok, err := decodeEvent(frame)
			if err != nil || !ok {
				continue
			}
			told := e.translate(ev)
			if ev.kind == "StasisStart" && ev.channel.dialledBy("tandem") && e.table.legs[core.LegID(ev.channel.ID)] != nil {
				alive[core.LegID(ev.channel.ID)] = true
			}
			for _, f := range told {
				switch f := f.(type) {
				case core.LegAppeared:
					if alive[f.Leg] {
						t.Fatalf("%q appeared twice", f.Leg)
					}
					alive[f.Leg] = true
				case core.LegHungUp:
					of(f.Leg, f)
					delete(alive, f.Leg)
				case core.MixJoined:
					of(f.Leg, f)
				case core.Digit:
					of(f.Leg, f)
				case core.Held:
					of(f.Leg, f)
				case core.Played:
					of(f.Leg, f)
				}
			}
		}
	})
}
