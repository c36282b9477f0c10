package softphone

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAddressParts(t *testing.T) {
	for in, want := range map[string][2]string{
		`"Bob \"x\" \\" <sip:1@h;p=1>;tag=2`: {`Bob "x" \`, "sip:1@h;p=1"},
		`Bob <sip:1@h>`:                      {"Bob", "sip:1@h"},
		`sip:1@h;tag=3`:                      {"", "sip:1@h"},
		`"<sip:evil@x>;tag=9" <sip:1@h>`:     {"<sip:evil@x>;tag=9", "sip:1@h"},
		`<>`:                                 {"", ""},
		`>`:                                  {"", ">"},
		``:                                   {"", ""},
	} {
		display, uri := addressParts(in)
		assert.Equal(t, want, [2]string{display, uri}, in)
	}
	assert.Equal(t, "a b", userOf("sip:a%20b@h"))
	assert.Equal(t, "100%", userOf("sip:100%@h"), "a broken escape is taken as it is")
	assert.Empty(t, userOf("sip:h"))
}

func TestReasonAnsweredElsewhere(t *testing.T) {
	for reason, want := range map[string]bool{
		`SIP;cause=200;text="Call completed elsewhere"`: true,
		`Q.850;cause=26`:                true,
		`Q.850;cause=16, SIP;cause=200`: true,
		`Q.850;cause=16`:                false,
		``:                              false,
		`SIP;cause=487`:                 false,
	} {
		assert.Equal(t, want, Event{Kind: Cancelled, Reason: reason}.AnsweredElsewhere(), reason)
	}
	assert.False(t, Event{Kind: HungUp, Reason: "SIP;cause=200"}.AnsweredElsewhere())
}

func TestContentLengthIsNotBelieved(t *testing.T) {
	for length, want := range map[string]string{"2": "v=", "99999999999": "v=0", "-1": "v=0", "x": "v=0"} {
		m, err := parseMessage(newParser(), []byte("SIP/2.0 200 OK\r\nVia: a\r\nFrom: a\r\nTo: b\r\nCall-ID: c\r\nCSeq: 1 BYE\r\nContent-Length: "+length+"\r\n\r\nv=0"))
		require.NoError(t, err)
		assert.Equal(t, want, string(m.body), length)
	}
}

func FuzzParseMessage(f *testing.F) {
	f.Add([]byte(rawRequest("INVITE", `"a" <sip:b@c>;tag=1`, "Reason: SIP;cause=200\r\n", "v=0\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 1.2.3.4\r\n")))
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=1\r\nFrom: a\r\nTo: b\r\nCall-ID: c\r\nCSeq: 1 BYE\r\n\r\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		m, err := parseMessage(newParser(), data)
		if err != nil {
			return
		}
		_ = readInvite(m).AutoAnswer()
		_ = m.branch()
		_, _, _ = m.cseq()
		_ = m.answer(200, "tag").bytes()
		_, _ = readSDP(m.body, []Codec{PCMU, PCMA})
		_, _ = authorization(m, "INVITE", "sip:x", "u", "p")
	})
}

func FuzzReadSDP(f *testing.F) {
	f.Add([]byte("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n"))
	f.Add([]byte("c=IN IP6 ::1\nm=audio 0 RTP/AVP 8\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = readSDP(data, []Codec{PCMU}) })
}

// wavFile writes a RIFF file.
func wavFile(format, channels, bits uint16, rate uint32, data []byte) []byte {
	var b bytes.Buffer
	write := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	write(uint32(36 + len(data)))
	b.WriteString("WAVEfmt ")
	write(uint32(16))
	write(format)
	write(channels)
	write(rate)
	write(rate * uint32(channels) * uint32(bits) / 8)
	write(channels * bits / 8)
	write(bits)
	b.WriteString("data")
	write(uint32(len(data)))
	b.Write(data)
	return b.Bytes()
}

func TestWAVIsReadInEveryTelephoneFormat(t *testing.T) {
	samples := mix(sampleRate, Tone(0))
	var linear bytes.Buffer
	require.NoError(t, binary.Write(&linear, binary.LittleEndian, samples))
	for name, file := range map[string][]byte{
		"linear": wavFile(wavLinear, 1, 16, 8000, linear.Bytes()),
		"mu-law": wavFile(wavULaw, 1, 8, 8000, PCMU.encode(samples)),
		"A-law":  wavFile(wavALaw, 1, 8, 8000, PCMA.encode(samples)),
	} {
		got, err := ReadWAV(bytes.NewReader(file))
		require.NoError(t, err, name)
		require.Len(t, got, len(samples), name)
		spans := Analyse(got)
		assert.Equal(t, []float64{Tone(0)}, spans[len(spans)-1].Heard.Tones, name)
	}
	_, err := ReadWAV(bytes.NewReader(wavFile(wavLinear, 2, 16, 44100, linear.Bytes())))
	require.ErrorContains(t, err, "2 channels at 44100 Hz")
	_, err = ReadWAV(bytes.NewReader(wavFile(wavLinear, 1, 24, 8000, nil)))
	require.Error(t, err)
	_, err = WAVVoice(bytes.NewReader(wavFile(wavLinear, 1, 16, 8000, nil)))
	require.Error(t, err)
	_, err = ReadWAV(bytes.NewReader([]byte("no RIFF")))
	require.Error(t, err)
	v, err := WAVVoice(bytes.NewReader(wavFile(wavLinear, 1, 16, 8000, linear.Bytes())))
	require.NoError(t, err)
	assert.Equal(t, samples, v.samples)
}
