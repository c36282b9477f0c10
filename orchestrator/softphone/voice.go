package softphone

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/emiago/diago/audio"
)

const (
	sampleRate   = 8000 // Hz, G.711
	frameSamples = 160  // 20 ms, one RTP packet
)

// voiceAmplitude is the amplitude of a spoken tone. Eight of them still fit into a mix without clipping, whose distortion would look like other tones.
const voiceAmplitude = 0.12

// Voice is what a phone says: mono samples at 8 kHz, repeated for ever. The zero value is silence. A Voice is immutable and may be shared.
type Voice struct {
	samples []int16
	name    string
}

// ToneVoice says one continuous tone. hz is rounded to whole Hz and must lie between 50 and 3900; 0 is silence.
func ToneVoice(hz float64) Voice {
	hz = math.Round(hz)
	if hz == 0 {
		return Voice{}
	}
	n := sampleRate // one second holds whole periods of every whole frequency
	if math.Mod(hz, 50) == 0 {
		n = frameSamples
	}
	v := Voice{samples: make([]int16, n), name: fmt.Sprintf("%g Hz", hz)}
	for i := range v.samples {
		v.samples[i] = int16(math.Round(voiceAmplitude * 32767 * math.Sin(2*math.Pi*hz*float64(i)/sampleRate)))
	}
	return v
}

// WAVVoice says a recording, over and over. r is a RIFF file, 8 kHz mono, as 16-bit linear, mu-law or A-law.
func WAVVoice(r io.Reader) (Voice, error) {
	samples, err := ReadWAV(r)
	if err != nil {
		return Voice{}, err
	}
	if len(samples) == 0 {
		return Voice{}, errors.New("reading WAV: no samples")
	}
	return Voice{samples: samples, name: "recording"}, nil
}

// String names the voice for people.
func (v Voice) String() string {
	if v.name == "" {
		return "silence"
	}
	return v.name
}

// The formats of a WAV file that a telephone needs.
const (
	wavLinear = 1
	wavALaw   = 6
	wavULaw   = 7
)

// ReadWAV reads a RIFF file, 8 kHz mono, as 16-bit linear, mu-law or A-law. A file whose header promises more data than there are (a recording that is
// still being written) gives what is there.
func ReadWAV(r io.Reader) ([]int16, error) {
	wav := audio.NewWavReader(r)
	if err := wav.ReadHeaders(); err != nil {
		return nil, fmt.Errorf("reading WAV header: %w", err)
	}
	if wav.NumChannels != 1 || wav.SampleRate != sampleRate {
		return nil, fmt.Errorf("reading WAV: %d channels at %d Hz, want 1 at %d Hz", wav.NumChannels, wav.SampleRate, sampleRate)
	}
	data, err := io.ReadAll(wav)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("reading WAV data: %w", err)
	}
	switch {
	case wav.WavAudioFormat == wavLinear && wav.BitsPerSample == 16:
		samples := make([]int16, len(data)/2)
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
		return samples, nil
	case wav.WavAudioFormat == wavULaw:
		return PCMU.decode(nil, data), nil
	case wav.WavAudioFormat == wavALaw:
		return PCMA.decode(nil, data), nil
	}
	return nil, fmt.Errorf("reading WAV: format %d with %d bits is not supported", wav.WavAudioFormat, wav.BitsPerSample)
}
