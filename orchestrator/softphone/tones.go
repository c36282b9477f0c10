package softphone

// tones are the voices of the phones, in Hz. How they were chosen:
//
//   - odd multiples of 50 Hz: 20 ms hold whole periods (see the package comment), and neither the second harmonic nor the sum or difference of two
//     tones is itself in the list;
//   - none is three times another;
//   - at least 100 Hz apart, which is 20 times the resolution of the ear's window;
//   - away from ringback and dial tones (350-480 Hz) and within what a telephone line carries.
//
// The order spreads the first ones widely.
var tones = []float64{
	550, 850, 1150, 1450, 1750, 2050, 2350, 2650,
	750, 1050, 1350, 1850, 2150, 2450, 2750, 650, 1250, 1550, 950,
}

// Tone returns the frequency, in Hz, for phone number i (from 0). There are [ToneCount] different ones, after which they repeat.
func Tone(i int) float64 { return tones[((i%len(tones))+len(tones))%len(tones)] }

// ToneCount is the number of different frequencies that [Tone] gives.
const ToneCount = 19
