package ari

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// agree checks that the scanner reads a frame as encoding/json does, or not at all.
func agree(t *testing.T, frame []byte) (scanned bool) {
	t.Helper()
	got, scanned := scanEvent(frame)
	if !scanned {
		return false
	}
	want, err := decodeOnce(frame)
	require.NoError(t, err, "%s", frame)
	want.digit, want.playback, want.recording, want.endpoint = "", playback{}, liveRecording{}, endpoint{} // of events that are not scanned
	assert.Equal(t, want, got, "%s", frame)
	return true
}

// Everything that Asterisk was ever recorded to say is scanned.
func TestScannerReadsRecordedStreams(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		stream, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, frame := range frames(stream) {
			assert.True(t, agree(t, frame), "%s", frame)
		}
	}
}

func TestScannerLeavesOddFramesToOthers(t *testing.T) {
	for frame, scanned := range map[string]bool{
		`{"type":"A","channel":{"id":"1","caller":{"name":"Zo\u00eb \"Z\"","number":""},"channelvars":{"A":"b","C":""}}}`:  true,
		` { "type" : "A" , "cause" : 16 , "x" : [ 1.5e3 , null , { } , [ ] , "\"" , { "Y" : "\u0000" } ] , "soft":true } `: true,
		` { "type" : "A" , "cause" : 16 , "x" : [ 1.5e3 , null , [ ] , "\"" , true ] , "soft" : true } `:                   true,
		`{"type":"A","channel":{"id":"1","channelvars":{}}}`:                                                               true,
		`{}`:                            true,
		`{"type":"A"`:                   false,
		`{"type":"A"}}`:                 false,
		`{"type":"A",}`:                 false,
		`{"type":null}`:                 false,
		`{"type":7}`:                    false,
		`{"Type":"A"}`:                  false,
		`{"cause":007}`:                 false,
		`{"cause":1.5}`:                 false,
		`{"cause":"16"}`:                false,
		`{"soft":1}`:                    false,
		`{"x":tru}`:                     false,
		`{"x":[1 2]}`:                   false,
		`{"x":"\q"}`:                    false,
		"{\"type\":\"A\nB\"}":           false,
		"{\"type\":\"A\xff\"}":          false,
		`{"type":"A","channel":"none"}`: false,
		`[]`:                            false,
		``:                              false,
	} {
		t.Run(frame, func(t *testing.T) { assert.Equal(t, scanned, agree(t, []byte(frame))) })
	}
}

func FuzzScannerAgreesWithJSON(f *testing.F) {
	files, err := filepath.Glob("testdata/*.jsonl")
	require.NoError(f, err)
	for _, file := range files {
		stream, err := os.ReadFile(file)
		require.NoError(f, err)
		for _, frame := range frames(stream) {
			f.Add(frame)
		}
	}
	f.Add([]byte(`{"type":"A","type":"B","channel":{"id":"1"},"channel":{"channelvars":{"a":"b"}},"x":[{"y":[1,-0.5e+7,"\ud83d\ude00"]}]}`))
	f.Fuzz(func(t *testing.T, frame []byte) { agree(t, frame) })
}

func BenchmarkReadEvent(b *testing.B) {
	stream, err := os.ReadFile("testdata/conversation.jsonl")
	require.NoError(b, err)
	all := frames(stream)
	for name, read := range map[string]func([]byte) error{
		"scanned": func(frame []byte) error { scanEvent(frame); return nil },
		"json":    func(frame []byte) error { _, err := decodeOnce(frame); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for n := range b.N {
				if err := read(all[n%len(all)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
