package softphone

import (
	"github.com/emiago/diago/media"
	"github.com/zaf/g711"
)

// Codec is an audio codec.
type Codec uint8

// The codecs; the values are the static RTP payload types.
const (
	PCMU Codec = 0 // mu-law
	PCMA Codec = 8 // A-law
)

// String is the codec's name in SDP.
func (c Codec) String() string {
	if c == PCMA {
		return media.CodecAudioAlaw.Name
	}
	return media.CodecAudioUlaw.Name
}

func (c Codec) valid() bool { return c == PCMU || c == PCMA }

// encode returns the samples in the codec's one byte each.
func (c Codec) encode(samples []int16) []byte {
	out := make([]byte, len(samples))
	for i, s := range samples {
		if c == PCMA {
			out[i] = g711.EncodeAlawFrame(s)
		} else {
			out[i] = g711.EncodeUlawFrame(s)
		}
	}
	return out
}

// decode appends the samples of a payload to dst.
func (c Codec) decode(dst []int16, payload []byte) []int16 {
	for _, b := range payload {
		if c == PCMA {
			dst = append(dst, g711.DecodeAlawFrame(b))
		} else {
			dst = append(dst, g711.DecodeUlawFrame(b))
		}
	}
	return dst
}
