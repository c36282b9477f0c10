package softphone

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// windowBlocks is how many blocks of 20 ms the ear looks back over: 200 ms, in which tones 5 Hz apart are told apart.
	windowBlocks = 10
	// A tone counts when its amplitude reaches leastTone of full scale (-34 dBFS; phones speak at -18) and leastShare of the loudest one.
	leastTone  = 0.02
	leastShare = 0.16
	// Whatever the tones do not explain counts as other sound when it is above -40 dBFS and at least 3 % of the power. The noise of
	// G.711 is at 0.02 %.
	leastOther      = 0.01
	leastOtherShare = 0.03
	// A tone that begins or ends within the window is not explained by one amplitude; such a step has left the window after windowBlocks.
	otherBlocks = windowBlocks + 1
	// leastGap is the shortest interruption that is recorded.
	leastGap = 2 * frameTime
)

// Heard is what an ear hears at a moment.
type Heard struct {
	At    time.Time // since when
	Tones []float64 // frequencies in Hz, ascending
	Other bool      // anything that is not one of the known tones: music, speech, ringback
}

// Silent tells whether there is nothing to be heard.
func (h Heard) Silent() bool { return len(h.Tones) == 0 && !h.Other }

// String is for failure messages.
func (h Heard) String() string {
	var parts []string
	for _, hz := range h.Tones {
		parts = append(parts, fmt.Sprintf("%g Hz", hz))
	}
	if h.Other {
		parts = append(parts, "other sound")
	}
	if len(parts) == 0 {
		return "silence"
	}
	return strings.Join(parts, " + ")
}

// Gap is an interruption.
type Gap struct{ From, To time.Time }

// Ear listens to the audio of one call, and remembers. It is safe for concurrent use; what it remembers outlives the call.
//
// Its clock is that of the audio: a packet that waited in a socket because this process was starved is heard at the time at which it was due. A busy machine
// therefore does not look like an interruption; lost, late (by more than half a second) or missing audio does.
type Ear struct {
	freqs []float64 // ascending

	mu      sync.Mutex
	turn    []complex128   // per tone: e^(-iw), one sample's turn
	phase   []complex128   // per tone: where the turning stands
	blocks  [][]complex128 // ring of windowBlocks: per tone the correlation over one block
	power   [windowBlocks]float64
	at      int // next block of the ring
	level   []float64
	since   []time.Time // per tone: end of its last block
	gaps    [][]Gap     // per tone
	strange int         // consecutive blocks with an unexplained rest

	clock   time.Time // end of the last block
	known   uint64    // bits of freqs now heard
	other   bool
	changes []change
	waiting int           // how many wait for news
	news    chan struct{} // closed and replaced with every block while somebody waits

	began      bool
	ssrc       uint32
	sequence   uint16
	timestamp  uint32
	lastPacket time.Time
	packetGaps []Gap
}

type change struct {
	at    time.Time
	known uint64
	other bool
}

func newEar(extra []float64) *Ear {
	freqs := append(slices.Clone(tones), extra...)
	slices.Sort(freqs)
	freqs = slices.Compact(freqs)
	e := &Ear{
		freqs: freqs, news: make(chan struct{}),
		turn: make([]complex128, len(freqs)), phase: make([]complex128, len(freqs)), level: make([]float64, len(freqs)),
		since: make([]time.Time, len(freqs)), gaps: make([][]Gap, len(freqs)), blocks: make([][]complex128, windowBlocks),
	}
	for i, hz := range freqs {
		w := 2 * math.Pi * hz / sampleRate
		e.turn[i], e.phase[i] = complex(math.Cos(w), -math.Sin(w)), 1
	}
	for i := range e.blocks {
		e.blocks[i] = make([]complex128, len(freqs))
	}
	e.changes = []change{{at: time.Now()}}
	return e
}

// hear takes one packet of audio.
func (e *Ear) hear(now time.Time, ssrc uint32, sequence uint16, timestamp uint32, samples []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	start := now.Add(-frameTime) // when the packet's audio began, as far as we know
	if e.began && ssrc == e.ssrc {
		if int16(sequence-e.sequence) <= 0 { // RFC 3550: a repetition, or too late
			return
		}
		ahead := time.Duration(int32(timestamp-e.timestamp)) * time.Second / sampleRate
		if due := e.clock.Add(ahead); !due.After(now) && now.Sub(due) < 500*time.Millisecond {
			start = due
		}
	}
	if start.Before(e.clock) {
		start = e.clock
	}
	e.silenceUntil(start)
	e.packet(start, ssrc, sequence)
	e.timestamp = timestamp + uint32(len(samples))
	for len(samples) > 0 {
		n := min(len(samples), frameSamples)
		e.block(samples[:n])
		samples = samples[n:]
	}
}

// stillThere notes a packet that carries no audio, so that digits do not look like a gap in the stream.
func (e *Ear) stillThere(now time.Time, ssrc uint32, sequence uint16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.began && ssrc == e.ssrc && int16(sequence-e.sequence) <= 0 {
		return
	}
	e.packet(now, ssrc, sequence)
}

// packet keeps the record of packets. The caller holds mu.
func (e *Ear) packet(at time.Time, ssrc uint32, sequence uint16) {
	if e.began && at.Sub(e.lastPacket) > leastGap {
		e.packetGaps = append(e.packetGaps, Gap{From: e.lastPacket, To: at})
	}
	e.began, e.ssrc, e.sequence = true, ssrc, sequence
	e.lastPacket = at
}

// deadAir tells the ear the time when no packet came for it. Nothing is missing yet as long as the next packet may only be late.
func (e *Ear) deadAir(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now.Sub(e.clock) >= listenPatience {
		e.silenceUntil(now.Add(-frameTime)) // the packet that is due now may still come
	}
}

var silentBlock = make([]int16, frameSamples)

// silenceUntil fills missing audio with silence. Less than a block is left to the next packet. The caller holds mu.
func (e *Ear) silenceUntil(t time.Time) {
	switch missing := t.Sub(e.clock); {
	case e.clock.IsZero(), missing > 10*time.Second: // the beginning, or so long that the window need not be played through
		e.clock = t.Add(-(windowBlocks + 1) * frameTime)
	case missing > 0 && missing < frameTime:
		e.clock = t
	}
	for t.Sub(e.clock) >= frameTime {
		e.block(silentBlock)
	}
}

// block takes the next 20 ms. The caller holds mu.
func (e *Ear) block(samples []int16) {
	e.clock = e.clock.Add(time.Duration(len(samples)) * time.Second / sampleRate)
	energy := 0.0
	sums := e.blocks[e.at]
	clear(sums)
	silent := true
	for _, s := range samples {
		if s > 8 || s < -8 { // the least steps of G.711
			silent = false
			break
		}
	}
	if !silent {
		for _, s := range samples {
			x := float64(s) / 32768
			energy += x * x
		}
		for i := range sums {
			phase, turn, sum := e.phase[i], e.turn[i], complex128(0)
			for _, s := range samples {
				sum += complex(float64(s)/32768, 0) * phase
				phase *= turn
			}
			sums[i] = sum
			phase /= complex(math.Hypot(real(phase), imag(phase)), 0) // rounding must not make it grow
			e.phase[i] = phase
		}
	}
	e.power[e.at] = energy
	e.at = (e.at + 1) % windowBlocks
	e.judge(sums, len(samples))
}

// judge decides what is heard now. The caller holds mu.
func (e *Ear) judge(last []complex128, lastSamples int) {
	loudest := 0.0
	for i := range e.freqs {
		var sum complex128
		for _, b := range e.blocks {
			sum += b[i]
		}
		e.level[i] = 2 * math.Hypot(real(sum), imag(sum)) / (windowBlocks * frameSamples)
		loudest = max(loudest, e.level[i])
	}
	total := 0.0
	for _, p := range e.power {
		total += p
	}
	total /= windowBlocks * frameSamples
	var known uint64
	rest := total
	for i, level := range e.level {
		if level >= leastTone && level >= leastShare*loudest {
			known |= 1 << i
			rest -= level * level / 2
		}
		now := 2 * math.Hypot(real(last[i]), imag(last[i])) / float64(lastSamples)
		if now >= max(leastTone, 0.4*level) {
			if !e.since[i].IsZero() && e.clock.Sub(e.since[i]) > leastGap {
				e.gaps[i] = append(e.gaps[i], Gap{From: e.since[i], To: e.clock.Add(-frameTime)})
			}
			e.since[i] = e.clock
		}
	}
	if rest > leastOther*leastOther/2 && rest > leastOtherShare*total {
		e.strange++
	} else {
		e.strange = 0
	}
	if other := e.strange >= otherBlocks; known != e.known || other != e.other {
		e.known, e.other = known, other
		e.changes = append(e.changes, change{at: e.clock, known: known, other: other})
	}
	if e.waiting > 0 {
		close(e.news)
		e.news = make(chan struct{})
	}
}

func (e *Ear) heard(c change) Heard {
	h := Heard{At: c.at, Other: c.other}
	for i, hz := range e.freqs {
		if c.known&(1<<i) != 0 {
			h.Tones = append(h.Tones, hz)
		}
	}
	return h
}
