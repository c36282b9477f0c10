package esl_test

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-voice/tandem/esl"
	"github.com/tandem-voice/tandem/orchestrator/core"
	"github.com/tandem-voice/tandem/orchestrator/engine"
	"github.com/tandem-voice/tandem/orchestrator/enginetest"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/lab"
	"github.com/tandem-voice/tandem/orchestrator/enginetest/phones"
	"github.com/tandem-voice/tandem/orchestrator/softphone"
)

// silenceLimit is after how many seconds without a packet the test's FreeSWITCH takes an answered phone for lost.
const silenceLimit = 8

// prompt is a second of two tones that no phone says.
const prompt = "tandem/test-prompt"

// TestContract proves the engine contract on a real FreeSWITCH, with phones whose tones tell who hears whom.
func TestContract(t *testing.T) {
	b := &switchboard{outsider: newOutsider(t)}
	b.shared = lab.FreeSWITCHForTest(t, b.options)
	enginetest.Run(t, b.world)
}

// switchboard is the FreeSWITCH that all scenarios share, until one of them restarts it.
type switchboard struct {
	shared   *lab.FreeSWITCH
	outsider *softphone.Phone // beyond the trunk
	restarts bool             // the shared one was restarted: its goroutines are now a scenario's
	change   func(*esl.Config)
}

func newOutsider(t *testing.T) *softphone.Phone {
	t.Helper()
	p, err := softphone.New(softphone.Config{User: "outsider", Voice: softphone.ToneVoice(softphone.Tone(0))})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func (b *switchboard) options(o *lab.FreeSWITCHOptions) {
	o.RTPTimeout, o.Patience = silenceLimit, 60
	o.CarrierContact = "sip:" + b.outsider.Addr()
}

// world makes a world for one scenario.
func (b *switchboard) world(t *testing.T) enginetest.World {
	f := b.shared
	if b.restarts {
		f = lab.FreeSWITCHForTest(t, b.options)
	}
	writePrompt(t, f)
	passwords := map[string]string{}
	for _, p := range f.Phones(20) {
		passwords[p.User] = p.Password
	}
	link := phones.NewLink(t, f.ESLAddr)
	var newest *esl.Engine
	t.Cleanup(func() {
		if t.Failed() {
			clearSwitch(t, f)
		}
	})
	return phones.NewWorld(phones.Config{
		SIPAddr: f.SIPAddr, Password: func(user string) string { return passwords[user] }, Number: "4930200300", Prompt: prompt,
		Media: silenceLimit * time.Second, Stalled: lab.StallsForTest(t, f), Link: link, Outsider: b.outsider, Trunk: lab.Carrier, Leftovers: f.Leftovers,
		NewEngine: func() (engine.Engine, error) {
			var err error
			c := config(f, link.Addr())
			if b.change != nil {
				b.change(&c)
			}
			newest, err = esl.New(c)
			return newest, err
		},
		Restart: func(ctx context.Context) error {
			if f == b.shared && !b.restarts {
				// What the new process needs in this one would be taken for the scenario's leak, so it ends with the scenario.
				b.restarts = true
				t.Cleanup(func() { require.NoError(t, f.Stop()) })
			}
			return f.Restart(ctx)
		},
		Recording: func(ctx context.Context, id core.RecordingID) ([]byte, error) {
			body, err := newest.FetchRecording(ctx, id)
			if err != nil {
				return nil, err
			}
			defer func() { _ = body.Close() }()
			return io.ReadAll(body)
		},
	})
}

func config(f *lab.FreeSWITCH, addr string) esl.Config {
	level := slog.LevelWarn
	if os.Getenv("TANDEM_TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	return esl.Config{
		ID: "freeswitch", Addr: addr, Password: f.ESLPassword, ReconnectMax: 200 * time.Millisecond, EffectTimeout: enginetest.Patience,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
}

// clearSwitch removes what a failed scenario left, so that the next one starts on an empty switch.
func clearSwitch(t *testing.T, f *lab.FreeSWITCH) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	t.Logf("FreeSWITCH's last words:\n%s", f.Tail(30))
	if left, err := f.Leftovers(ctx); err == nil {
		t.Logf("left on the switch: %q", left)
	}
	if _, err := f.API(ctx, "hupall"); err != nil {
		t.Logf("clear: %v", err)
	}
	if err := f.AwaitEmpty(ctx); err != nil {
		t.Logf("clear: %v", err)
	}
}

// writePrompt writes a WAV file of 8 kHz and 16 bit.
func writePrompt(t *testing.T, f *lab.FreeSWITCH) {
	t.Helper()
	const samples = 8000
	wav := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, 36+2*samples)...)
	wav = append(wav, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data"...)
	wav = binary.LittleEndian.AppendUint32(wav, 2*samples)
	for i := range samples {
		at := 2 * math.Pi * float64(i) / 8000
		wav = binary.LittleEndian.AppendUint16(wav, uint16(int16(6000*(math.Sin(420*at)+math.Sin(660*at)))))
	}
	file := filepath.Join(f.Dir, "sounds", prompt+".wav")
	require.NoError(t, os.WriteFile(file, wav, 0o644)) // FreeSWITCH reads it as another user
}
