package softphone

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mix adds up voices as a conference does.
func mix(n int, hz ...float64) []int16 {
	out := make([]int16, n)
	for i := range out {
		for _, f := range hz {
			out[i] += int16(voiceAmplitude * 32767 * math.Sin(2*math.Pi*f*float64(i)/sampleRate))
		}
	}
	return out
}

// overLine is what is left after both codecs on the way.
func overLine(samples []int16) []int16 {
	return PCMA.decode(nil, PCMA.encode(PCMU.decode(nil, PCMU.encode(samples))))
}

func TestTonesAreNotConfusable(t *testing.T) {
	require.Len(t, tones, ToneCount)
	for i, a := range tones {
		assert.Zero(t, math.Mod(a, 50), "%g: whole periods in 20 ms", a)
		for j, b := range tones {
			if i != j {
				assert.GreaterOrEqual(t, math.Abs(a-b), 100.0)
				assert.NotEqual(t, 2*a, b)
				assert.NotEqual(t, 3*a, b)
				assert.NotContains(t, tones, a+b)
			}
		}
	}
	assert.InDelta(t, Tone(0), Tone(ToneCount), 0)
	assert.InDelta(t, Tone(ToneCount-1), Tone(-1), 0)
}

func TestEarTellsEveryToneApart(t *testing.T) {
	for _, hz := range tones {
		spans := Analyse(overLine(mix(sampleRate, hz)))
		last := spans[len(spans)-1].Heard
		assert.Equal(t, []float64{hz}, last.Tones)
		assert.False(t, last.Other)
	}
}

func TestEarHearsEightAtOnceThroughG711(t *testing.T) {
	want := slices.Clone(tones[:8])
	spans := Analyse(overLine(mix(sampleRate, want...)))
	slices.Sort(want)
	last := spans[len(spans)-1].Heard
	assert.Equal(t, want, last.Tones)
	assert.False(t, last.Other)
}

func TestEarHearsEveryPair(t *testing.T) {
	for i := range tones {
		for j := i + 1; j < len(tones); j++ {
			want := []float64{tones[i], tones[j]}
			slices.Sort(want)
			spans := Analyse(overLine(mix(sampleRate/2, want...)))
			last := spans[len(spans)-1].Heard
			require.Equal(t, want, last.Tones)
			require.False(t, last.Other)
		}
	}
}

func TestEarTellsMusicFromTonesAndSilence(t *testing.T) {
	music := mix(sampleRate, 349.2, 523.25, 698.46)
	assert.True(t, Analyse(overLine(music))[1].Heard.Other)
	spans := Analyse(overLine(mix(sampleRate, 440)))
	assert.Equal(t, Heard{At: spans[len(spans)-1].Heard.At, Other: true}, spans[len(spans)-1].Heard)
	assert.True(t, Analyse(make([]int16, sampleRate))[0].Heard.Silent())
	spans = Analyse(overLine(mix(sampleRate, Tone(3), 440)))
	assert.Equal(t, []float64{Tone(3)}, spans[len(spans)-1].Heard.Tones)
	assert.True(t, spans[len(spans)-1].Heard.Other, "a tone does not hide the music under it")
	spans = Analyse(overLine(mix(sampleRate, 440)), 440)
	assert.Equal(t, []float64{440}, spans[len(spans)-1].Heard.Tones, "an extra frequency is a tone like the others")
}

func TestEarDoesNotTakeAStepForMusic(t *testing.T) {
	samples := slices.Concat(mix(sampleRate, Tone(0)), mix(sampleRate, Tone(1)), make([]int16, sampleRate), mix(sampleRate, Tone(0), Tone(1)))
	for _, s := range Analyse(overLine(samples)) {
		assert.False(t, s.Heard.Other, "%s-%s: %s", s.From, s.To, s.Heard)
	}
}

func TestEarSurvivesDroppedAndDoubledPackets(t *testing.T) {
	var samples []int16
	frames := mix(3*sampleRate, Tone(2), Tone(5))
	for i := 0; i+frameSamples <= len(frames); i += frameSamples {
		switch i / frameSamples % 7 {
		case 3: // dropped by a mixer
		case 5: // doubled
			samples = append(samples, frames[i:i+frameSamples]...)
			fallthrough
		default:
			samples = append(samples, frames[i:i+frameSamples]...)
		}
	}
	spans := Analyse(overLine(samples))
	last := spans[len(spans)-1]
	assert.ElementsMatch(t, []float64{Tone(2), Tone(5)}, last.Heard.Tones)
	assert.Greater(t, last.To-last.From, 2*time.Second, "nothing changed in between")
}

func TestEarRecordsGaps(t *testing.T) {
	e := newEar(nil)
	begin := time.Now()
	frame := mix(frameSamples, Tone(0))
	now := begin
	packet := func(seq int) {
		e.hear(now, 1, uint16(seq), uint32(seq*frameSamples), frame)
	}
	for seq := range 150 {
		now = now.Add(frameTime)
		if seq >= 50 && seq < 65 { // 300 ms lost
			continue
		}
		packet(seq)
	}
	without, err := e.LongestWithout(Tone(0), begin.Add(time.Second/2), now)
	require.NoError(t, err)
	assert.InDelta(t, 300, without.Milliseconds(), 41)
	assert.InDelta(t, 320, e.LongestPacketGap(begin.Add(time.Second/2), now).Milliseconds(), 41)
	without, err = e.LongestWithout(Tone(0), begin.Add(1400*time.Millisecond), now)
	require.NoError(t, err)
	assert.Zero(t, without, "after the gap there was none")
	assert.Zero(t, e.LongestPacketGap(begin.Add(1400*time.Millisecond), now))
	never, err := e.LongestWithout(Tone(1), begin, now)
	require.NoError(t, err)
	assert.Equal(t, now.Sub(begin), never)
	_, err = e.LongestWithout(441, begin, now)
	assert.Error(t, err)
}

func TestEarTakesABurstForWhatItWas(t *testing.T) {
	e := newEar(nil)
	begin := time.Now()
	frame := mix(frameSamples, Tone(0))
	for seq := range 50 {
		e.hear(begin.Add(time.Duration(seq)*frameTime), 1, uint16(seq), uint32(seq*frameSamples), frame)
	}
	late := begin.Add(70 * frameTime) // starved for 400 ms, then everything at once
	for seq := 50; seq < 70; seq++ {
		e.hear(late, 1, uint16(seq), uint32(seq*frameSamples), frame)
	}
	without, err := e.LongestWithout(Tone(0), begin.Add(200*time.Millisecond), late)
	require.NoError(t, err)
	assert.Zero(t, without)
	assert.Zero(t, e.LongestPacketGap(begin.Add(200*time.Millisecond), late))
}

func BenchmarkEar(b *testing.B) {
	e := newEar(nil)
	frame := overLine(mix(frameSamples, Tone(0), Tone(1)))
	for b.Loop() {
		e.block(frame)
	}
}
