package enginetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// heardFile is what is heard in a recording.
type heardFile struct {
	length time.Duration
	spoken time.Duration // in which anybody was heard
	pieces []heardPiece
}

// heardPiece is a stretch of a recording in which the same parties are heard.
type heardPiece struct {
	who    string // names in the order of asking, "+" between; "" = none of them
	length time.Duration
}

const (
	// earWindow is the stretch that is analysed at once. Tones are at least 100 Hz apart, ten times its resolution.
	earWindow = 100 * time.Millisecond
	// earThreshold is the amplitude, of 1, from which a tone counts as heard: 34 dB below full scale.
	earThreshold = 0.02
	// shortestPiece is how long a situation must last to count. A window over a change, or a word cut off, is none.
	shortestPiece = 3 * earWindow
)

// listen tells which of the parties are heard when in a WAV file of 16 bit linear PCM.
func listen(wav []byte, parties []Party) (heardFile, error) {
	samples, rate, err := decodeWAV(wav)
	if err != nil {
		return heardFile{}, err
	}
	h := heardFile{length: time.Duration(len(samples)) * time.Second / time.Duration(rate)}
	window := rate * int(earWindow/time.Millisecond) / 1000
	for ; len(samples) >= window; samples = samples[window:] {
		var who []string
		for _, p := range parties {
			if amplitude(samples[:window], p.Tone(), rate) > earThreshold {
				who = append(who, p.Name())
			}
		}
		if len(who) > 0 {
			h.spoken += earWindow
		}
		name := strings.Join(who, "+")
		if n := len(h.pieces); n > 0 && h.pieces[n-1].who == name {
			h.pieces[n-1].length += earWindow
		} else {
			h.pieces = append(h.pieces, heardPiece{name, earWindow})
		}
	}
	return h, nil
}

// has reports whether these situations are in the recording, in this order. Names are joined by "+" in the order in which listen was asked for them.
func (h heardFile) has(want ...string) bool {
	for _, p := range h.pieces {
		if len(want) > 0 && p.who == want[0] && p.length >= shortestPiece {
			want = want[1:]
		}
	}
	return len(want) == 0
}

// anywhere reports whether a party is heard at all, in a single window even.
func (h heardFile) anywhere(p Party) bool {
	return slices.ContainsFunc(h.pieces, func(piece heardPiece) bool {
		return slices.Contains(strings.Split(piece.who, "+"), p.Name())
	})
}

// String lists the situations.
func (h heardFile) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v:", h.length)
	for _, p := range h.pieces {
		fmt.Fprintf(&b, " [%s %v]", p.who, p.length)
	}
	return b.String()
}

// amplitude is how loud a tone is (Goertzel, under a Hann window), 1 = full scale.
func amplitude(samples []float64, hz float64, rate int) float64 {
	w := 2 * math.Pi * hz / float64(rate)
	var s1, s2 float64
	for i, x := range samples {
		hann := 1 - math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(samples)))
		s1, s2 = x*hann+2*math.Cos(w)*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - 2*math.Cos(w)*s1*s2
	return 2 * math.Sqrt(max(power, 0)) / float64(len(samples))
}

// decodeWAV reads mono 16 bit linear PCM. A file whose writer was killed says 0 or too much for the length of its data: what is there counts.
func decodeWAV(b []byte) (samples []float64, rate int, err error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, 0, errors.New("no RIFF WAVE file")
	}
	for b = b[12:]; len(b) >= 8; {
		id, size := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:8]))
		b = b[8:]
		body := b[:min(size, len(b))]
		switch id {
		case "fmt ":
			if len(body) < 16 {
				return nil, 0, errors.New("the format chunk is cut short")
			}
			format, channels, bits := binary.LittleEndian.Uint16(body), binary.LittleEndian.Uint16(body[2:]), binary.LittleEndian.Uint16(body[14:])
			if rate = int(binary.LittleEndian.Uint32(body[4:])); format != 1 || channels != 1 || bits != 16 || rate < 8000 {
				return nil, 0, fmt.Errorf("format %d, %d channels, %d bits, %d Hz is not mono 16 bit PCM", format, channels, bits, rate)
			}
		case "data":
			if rate == 0 {
				return nil, 0, errors.New("data before the format")
			}
			if size == 0 {
				body = b
			}
			for i := 0; i+1 < len(body); i += 2 {
				samples = append(samples, float64(int16(binary.LittleEndian.Uint16(body[i:])))/math.MaxInt16)
			}
			return samples, rate, nil
		}
		b = b[min(size+size%2, len(b)):]
	}
	return nil, 0, errors.New("no data chunk")
}
