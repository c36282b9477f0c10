package asterisk

import (
	"math"
	"slices"
)

// Music classes, as musiconhold.conf knows them.
const (
	MusicDefault = "default"
	MusicCalm    = "calm"
	// MusicRingback sounds like ringing: what somebody hears while another phone is being rung for them. It is no music class for queues.
	MusicRingback = "ringback"
)

// MusicClasses lists all classes.
func MusicClasses() []string { return []string{MusicDefault, MusicCalm, MusicRingback} }

// music is what each class sounds like: two tones, steady but for ringing. Soft phones speak in odd multiples of 50 Hz; these are even ones, below the upper
// limit of a telephone line, so that a window of 20 ms separates them exactly. A test that listens to a leg can tell hold music
// from voices, and one class from the other.
var music = map[string][2]float64{
	MusicDefault: {2300, 2900},
	MusicCalm:    {2500, 3100},
	// The tones of ringing in North America (ITU-T E.180), which no soft phone speaks in.
	MusicRingback: {440, 480},
}

// MusicTones returns the frequencies in hertz of which a class' music consists, ascending; none for an unknown class.
func MusicTones(class string) []float64 {
	f, ok := music[class]
	if !ok {
		return nil
	}
	return slices.Clone(f[:])
}

// Melody returns the sound of a music class, ten seconds that repeat without a click: G.711 µ-law, 8000 samples a second; nil for an unknown class.
// The other switch plays the same.
func Melody(class string) []byte {
	f, ok := music[class]
	if !ok {
		return nil
	}
	return melody(class, f)
}

const (
	sampleRate = 8000
	// musicSeconds is a whole number of periods of every multiple of 1 Hz, so that the repeating file has no click.
	musicSeconds = 10
	// musicLevel of each tone, of full scale: about -20 dBm0 together, as hold music is on real systems.
	musicLevel = 0.08
)

// ringing tells whether the tones of ringing sound at t seconds: twice 0.4 s in two seconds, a quickened British cadence. The long pauses of most countries
// would leave somebody who begins to listen in it without a sign of life.
func ringing(t float64) bool {
	at := math.Mod(t, 2)
	return at < 0.4 || at >= 0.6 && at < 1
}

// melody renders the tones of a class as G.711 µ-law, 8000 samples a second.
func melody(class string, freqs [2]float64) []byte {
	out := make([]byte, musicSeconds*sampleRate)
	for i := range out {
		t := float64(i) / sampleRate
		if class == MusicRingback && !ringing(t) {
			out[i] = muLaw(0)
			continue
		}
		v := math.Sin(2*math.Pi*freqs[0]*t) + math.Sin(2*math.Pi*freqs[1]*t)
		out[i] = muLaw(int(v * musicLevel * 32767))
	}
	return out
}

// muLaw encodes one 16-bit sample as G.711 does: sign, exponent and mantissa of the biased magnitude, inverted.
func muLaw(sample int) byte {
	const (
		bias = 132
		clip = 32635
	)
	sign := byte(0)
	if sample < 0 {
		sign, sample = 0x80, -sample
	}
	sample = min(sample, clip) + bias
	exponent := byte(7)
	for mask := 0x4000; sample&mask == 0 && exponent > 0; mask >>= 1 {
		exponent--
	}
	mantissa := byte(sample>>(exponent+3)) & 0x0f
	return ^(sign | exponent<<4 | mantissa)
}
